#![no_main]

use dosaic_fuzz::{dicom, readers};

libfuzzer_sys::fuzz_target!(init: dosaic_fuzz::unwind(), |bytes: &[u8]| dosaic_fuzz::read(readers::dicom_series, bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = dicom::Random(seed.into());
    match dicom::mutated_series(&data[..size], &mut random).filter(|mutated| mutated.len() <= max_size) {
        Some(mutated) => {
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
});
