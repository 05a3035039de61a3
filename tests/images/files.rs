//! Grids, volumes and files that the tests share.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use dosaic::io::image::Description;
use flate2::{Compression, write::GzEncoder};

pub(crate) use crate::grids::*;

pub(crate) fn dose() -> Description {
    Description::new("absorbed dose", "Gy", "dose").expect("fits a header")
}

/// A little-endian NIfTI-1 header of 352 bytes for float32 voxels, LPS axes, with room for tests to break it.
pub(crate) fn nifti1_header(size: [i16; 3]) -> Vec<u8> {
    let mut header = vec![0; 352];
    put(&mut header, 0, &348_i32.to_le_bytes());
    for (n, extent) in [3, size[0], size[1], size[2], 1, 1, 1, 1].into_iter().enumerate() {
        put(&mut header, 40 + 2 * n, &extent.to_le_bytes());
    }
    put(&mut header, 70, &16_i16.to_le_bytes());
    put(&mut header, 72, &32_i16.to_le_bytes());
    put_f32(&mut header, 76, &[1.0, 2.0, 3.0, 4.0]);
    put_f32(&mut header, 108, &[352.0, 1.0, 0.0]);
    header[123] = 2;
    put(&mut header, 254, &1_i16.to_le_bytes());
    put_f32(&mut header, 280, &[-2.0, 0.0, 0.0, 10.0, 0.0, -3.0, 0.0, 20.0, 0.0, 0.0, 4.0, 30.0]);
    put(&mut header, 344, b"n+1\0");
    header
}

/// A small valid NIfTI-1 file: 3 x 4 x 2 voxels of float32.
pub(crate) fn small_nifti1() -> Vec<u8> {
    let mut file = nifti1_header([3, 4, 2]);
    file.extend((0..24_u8).flat_map(|n| f32::from(n).to_le_bytes()));
    file
}

/// A small valid big-endian NIfTI-2 file: 3 x 4 x 2 voxels of int16, scaled by 0.5 x - 1, position by the `qform` alone, in um.
pub(crate) fn small_nifti2() -> Vec<u8> {
    let mut file = vec![0; 544];
    put(&mut file, 0, &540_i32.to_be_bytes());
    put(&mut file, 4, b"n+2\0\r\n\x1a\n");
    put(&mut file, 12, &4_i16.to_be_bytes());
    put(&mut file, 14, &16_i16.to_be_bytes());
    for (n, extent) in [3_i64, 3, 4, 2, 1, 1, 1, 1].into_iter().enumerate() {
        put(&mut file, 16 + 8 * n, &extent.to_be_bytes());
    }
    let put_f64 = |file: &mut Vec<u8>, at: usize, values: &[f64]| {
        for (n, value) in values.iter().enumerate() {
            put(file, at + 8 * n, &value.to_be_bytes());
        }
    };
    put_f64(&mut file, 104, &[-1.0, 3.0, 5.0, 7.0]);
    put(&mut file, 168, &544_i64.to_be_bytes());
    put_f64(&mut file, 176, &[0.5, -1.0]);
    put(&mut file, 344, &1_i32.to_be_bytes());
    // A quarter turn about z: x to y, y to -x (RAS); qfac -1 flips the third axis.
    let half = std::f64::consts::FRAC_1_SQRT_2;
    put_f64(&mut file, 352, &[0.0, 0.0, half, 100.0, 200.0, 300.0]);
    put(&mut file, 500, &3_i32.to_be_bytes());
    file.extend((0..24_i16).flat_map(i16::to_be_bytes));
    file
}

/// A MetaImage header of the lines that follow; `ElementDataFile` must be the last.
pub(crate) fn meta_header(lines: &[(&str, &str)]) -> Vec<u8> {
    lines.iter().flat_map(|(key, value)| format!("{key} = {value}\n").into_bytes()).collect()
}

/// The header lines of a small valid MetaImage: 3 x 4 x 2 voxels of int16.
pub(crate) fn small_meta_lines() -> Vec<(&'static str, &'static str)> {
    vec![
        ("ObjectType", "Image"),
        ("NDims", "3"),
        ("BinaryData", "True"),
        ("BinaryDataByteOrderMSB", "True"),
        ("CompressedData", "False"),
        ("TransformMatrix", "0 1 0 -1 0 0 0 0 1"),
        ("Offset", "-10.5 20 30"),
        ("CenterOfRotation", "0 0 0"),
        ("AnatomicalOrientation", "RAI"),
        ("ElementSpacing", "2 3 4"),
        ("DimSize", "3 4 2"),
        ("ElementType", "MET_SHORT"),
        ("ElementDataFile", "LOCAL"),
    ]
}

/// Its voxels, 0 to 23, big-endian.
pub(crate) fn small_meta_voxels() -> Vec<u8> {
    (0..24_i16).flat_map(i16::to_be_bytes).collect()
}

pub(crate) fn small_meta() -> Vec<u8> {
    [meta_header(&small_meta_lines()), small_meta_voxels()].concat()
}

pub(crate) fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

pub(crate) fn put_f32(file: &mut [u8], at: usize, values: &[f32]) {
    for (n, value) in values.iter().enumerate() {
        put(file, at + 4 * n, &value.to_le_bytes());
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("compress in memory")
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("compress in memory")
}

/// Writes a file into a folder and gives its path.
pub(crate) fn save(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("write a test file");
    path
}
