//! Small valid files with bytes changed at random (fixed seed): read or refused, but no panic and no large allocation.

use dosaic::io::image;

use crate::{
    allocation,
    files::{gzip, meta_header, save, small_meta, small_meta_lines, small_meta_voxels, small_nifti1, small_nifti2, zlib},
};

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Changes a few bytes, or cuts, or repeats a piece.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    const TELLING: [u8; 8] = [0x00, 0xff, 0x7f, 0x80, b'-', b'9', b'\n', b'='];
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(10) {
            0 if bytes.len() > 1 => bytes.truncate(at.max(1)),
            1 => {
                let end = (at + 1 + random.below(32)).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
            2 | 3 => bytes[at] = TELLING[random.below(TELLING.len())],
            4 => bytes[at] ^= 1 << random.below(8),
            5 => {
                // A whole 32-bit field at once.
                let value = [u32::MAX, 0x7fff_ffff, 0x8000_0000, 0x7fc0_0000, 0x0100_0000][random.below(5)].to_le_bytes();
                bytes.iter_mut().skip(at & !3).zip(value).for_each(|(byte, new)| *byte = new);
            }
            _ => bytes[at] = random.next() as u8,
        }
    }
}

#[test]
fn mutated_files_never_panic_or_ask_for_much_memory() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut packed_meta = small_meta_lines();
    packed_meta[4].1 = "True";
    let packed_meta = [meta_header(&packed_meta), zlib(&small_meta_voxels())].concat();
    let seeds = [
        ("a.nii", small_nifti1()),
        ("b.nii", small_nifti2()),
        ("c.nii.gz", gzip(&small_nifti1())),
        ("d.mha", small_meta()),
        ("e.mha", packed_meta),
    ];
    let mut random = Random(20_240_607);
    let (mut read, mut refused, mut largest) = (0, 0, 0);
    for (name, seed) in &seeds {
        for round in 0..2000 {
            let mut bytes = seed.clone();
            mutate(&mut bytes, &mut random);
            let path = save(folder.path(), name, &bytes);
            let (results, peak) = allocation::peak(|| (image::read(&path).map(drop), image::read_labels(&path).map(drop)));
            largest = largest.max(peak);
            assert!(peak < 64 << 20, "{name}, round {round}: {peak} bytes");
            for result in [results.0, results.1] {
                match result {
                    Ok(()) => read += 1,
                    Err(error) => {
                        refused += 1;
                        // A changed file name may not exist: that is the one error that is not the contents'.
                        let expected = if name.ends_with("mha") && error.exit_code() == 4 { 4 } else { 2 };
                        assert_eq!(error.exit_code(), expected, "{name}, round {round}: {error}");
                        assert!(error.to_string().len() < 100_000);
                    }
                }
            }
        }
    }
    println!("{read} read, {refused} refused, {largest} bytes at most");
    assert!(read > 1000 && refused > 1000, "the mutations reach both sides: {read} read, {refused} refused");
}

#[test]
fn compressed_headers_are_reached_too() {
    // Mutating before compressing gets past the checksum.
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut random = Random(7);
    for round in 0..1500 {
        let mut bytes = small_nifti1();
        mutate(&mut bytes, &mut random);
        let path = save(folder.path(), "a.nii.gz", &gzip(&bytes));
        let (result, peak) = allocation::peak(|| image::read(&path));
        assert!(peak < 64 << 20, "round {round}: {peak} bytes");
        if let Err(error) = result {
            assert_eq!(error.exit_code(), 2, "round {round}: {error}");
        }
    }
}
