//! Files that are cut off or altered: errors, never panics, and no memory beyond what the file can hold.

use std::path::{Path, PathBuf};

use dosaic::{
    grid::VoxelGrid,
    io::dicom::{self, StructureName},
};
use glam::DVec3;

use crate::python::{python, text};

/// All readers on one file; only that they return counts.
fn read_all(path: &Path) {
    let grid = VoxelGrid::axis_aligned([8, 8, 8], DVec3::ONE, DVec3::ZERO);
    drop(dicom::scan(path));
    drop(dicom::read_ct(path, None));
    drop(dicom::read_activity(path, None));
    drop(dicom::read_segments(path, None));
    for number in [1, 2] {
        drop(dicom::read_structures(path, None, &grid, &[StructureName::Number(number)]));
    }
}

/// Offspring of good files: the whole header and some of the pixels altered byte by byte.
fn alter(seed: &Path, scratch: &Path, random: &mut impl FnMut() -> u64) {
    let good = std::fs::read(seed).expect("seed");
    for round in 0..60 {
        let mut bytes = good.clone();
        for _ in 0..1 + random() % 4 {
            let reach = if round % 3 == 0 { bytes.len() } else { bytes.len().min(2500) };
            let at = 128 + random() as usize % (reach - 128);
            bytes[at] = match random() % 4 {
                0 => 0xff,
                1 => 0,
                2 => bytes[at] ^ (1 << (random() % 8)),
                _ => random() as u8,
            };
        }
        if round % 5 == 0 {
            bytes.truncate(132 + random() as usize % (bytes.len() - 132));
        }
        std::fs::write(scratch, bytes).expect("write");
        read_all(scratch);
    }
}

#[test]
fn damaged_objects_are_errors() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path();
    for kind in ["images", "activity", "regions"] {
        if python(&["make", text(path), kind]).is_none() {
            return;
        }
    }
    let seeds = [
        "axial/000",
        "rle/000",
        "jpeg/000",
        "jpeg2000/000",
        "deflated/000",
        "implicit/000",
        "bare/000",
        "enhanced/one.dcm",
        "start/0.dcm",
        "up.dcm",
        "rtstruct.dcm",
        "seg.dcm",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    // xorshift64.
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for seed in seeds.map(|name| path.join(name)) {
        alter(&seed, &path.join("altered.dcm"), &mut random);
    }
    cuts(&path.join("axial/000"), &path.join("cut.dcm"));
    floods(path);
}

/// Headers that promise a thousand million pixels over a few thousand bytes.
fn floods(path: &Path) {
    for (seed, expected) in
        [("axial/000", "but the pixel data has"), ("rle/000", "cannot hold"), ("jpeg/000", "cannot hold"), ("jpeg2000/000", "cannot hold")]
    {
        let mut bytes = std::fs::read(path.join(seed)).expect("seed");
        for element in [0x10, 0x11] {
            // Rows and Columns, explicit: tag, US, length 2.
            let header = [0x28, 0, element, 0, b'U', b'S', 2, 0];
            let at = bytes.windows(8).position(|window| window == header).expect("the element") + 8;
            bytes[at..at + 2].copy_from_slice(&32767_u16.to_le_bytes());
        }
        let flood = path.join("flood.dcm");
        std::fs::write(&flood, bytes).expect("write");
        let message = dicom::read_ct(&flood, None).expect_err("a flood").to_string();
        assert!(message.contains(expected), "{message}");
    }
}

/// A slice cut anywhere is an error: none becomes a smaller image.
fn cuts(seed: &Path, scratch: &PathBuf) {
    let good = std::fs::read(seed).expect("seed");
    for length in (132..good.len() - 1).step_by(good.len() / 97) {
        std::fs::write(scratch, &good[..length]).expect("write");
        let error = dicom::read_ct(scratch, None).expect_err("cut off");
        assert_eq!(error.exit_code(), 2, "{error}");
    }
}
