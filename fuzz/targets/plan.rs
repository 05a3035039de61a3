#![no_main]

libfuzzer_sys::fuzz_target!(init: dosaic_fuzz::unwind(), |bytes: &[u8]| dosaic_fuzz::read(dosaic_fuzz::readers::plan_file, bytes));
