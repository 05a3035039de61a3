//! PNG files, and how they stand in a page.

use std::io::Write;

use serde_json::{Value, json};

use crate::error::{Error, Result};

/// An RGB picture.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self { width, height, pixels: vec![colour; width * height] }
    }

    /// Colours a pixel; beyond the edges nothing happens.
    pub(super) fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    #[cfg(test)]
    pub(super) fn get(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[y * self.width + x]
    }

    /// As a PNG file.
    pub(super) fn png(&self) -> Result<Vec<u8>> {
        encode(self.width, self.height, png::ColorType::Rgb, self.pixels.as_flattened())
    }
}

fn encode(width: usize, height: usize, colour: png::ColorType, bytes: &[u8]) -> Result<Vec<u8>> {
    let fault = |e: png::EncodingError| Error::input(format!("a picture of {width} x {height} pixels cannot be written as PNG: {e}"));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(fault)?;
    writer.write_image_data(bytes).map_err(fault)?;
    writer.finish().map_err(fault)?;
    Ok(file)
}

/// Slices of a volume side by side in one grey picture, in rows from the top left, as a data address with the number of slices in a row.
pub(super) fn atlas(voxels: &[u8], [nx, ny, nz]: [usize; 3]) -> Result<Value> {
    let columns = ((nz * ny) as f64 / nx as f64).sqrt().round().clamp(1.0, nz as f64) as usize;
    let (width, rows) = (columns * nx, nz.div_ceil(columns));
    let mut picture = vec![0; width * rows * ny];
    for (line, row) in voxels.chunks_exact(nx).enumerate() {
        let (y, z) = (line % ny, line / ny);
        let start = (z / columns * ny + y) * width + z % columns * nx;
        picture[start..start + nx].copy_from_slice(row);
    }
    let png = encode(width, rows * ny, png::ColorType::Grayscale, &picture)?;
    Ok(json!({"columns": columns, "png": data_address(&png)}))
}

/// A PNG file as an address that needs no network.
pub(super) fn data_address(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(png))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for piece in bytes.chunks(3) {
        let word = piece.iter().fold(0u32, |word, &b| word << 8 | u32::from(b)) << (8 * (3 - piece.len()));
        for i in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * i) & 63) as usize];
            // Writing to a vector cannot fail.
            let _ = text.write_all(&[if i <= piece.len() { digit } else { b'=' }]);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (bytes, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")] {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn atlases_hold_every_voxel() {
        let size = [3, 2, 5];
        let voxels: Vec<u8> = (0..30).collect();
        let columns = atlas(&voxels, size).unwrap()["columns"].as_u64().unwrap() as usize;
        assert_eq!(columns, 2);
        // As the viewer reads it.
        let rows = 5usize.div_ceil(columns);
        let mut picture = vec![255; columns * 3 * rows * 2];
        for (v, &value) in voxels.iter().enumerate() {
            let [x, y, z] = [v % 3, v / 3 % 2, v / 6];
            picture[(z / columns * 2 + y) * columns * 3 + z % columns * 3 + x] = value;
        }
        let file =
            encode(6, 6, png::ColorType::Grayscale, &picture.iter().map(|&v| if v == 255 { 0 } else { v }).collect::<Vec<_>>()).unwrap();
        assert_eq!(atlas(&voxels, size).unwrap()["png"], data_address(&file));
    }
}
