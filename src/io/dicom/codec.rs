//! Frames of pixel data, as they are or decompressed, to stored numbers.

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
};

use dicom_dictionary_std::{tags, uids};
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::dataset::{BIG_ENDIAN, Contents, DataSet, PixelBytes};
use crate::{
    error::{Error, Result},
    io::memory,
};

/// How pixels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PixelFormat {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) frames: usize,
    allocated: u32,
    stored: u32,
    high: u32,
    signed: bool,
}

/// A way to pack pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Native,
    RunLengths,
    Jpeg,
    Jpeg2000,
}

impl Packing {
    /// Pixels of `allocated` bits that a byte can stand for, at most; nothing is allocated for more.
    fn most_pixels(self, allocated: u32) -> u64 {
        match self {
            Self::Native => 8 / u64::from(allocated.clamp(1, 8)),
            // Two bytes stand for 128 of each plane (part 5, annex G.3.1).
            Self::RunLengths => 64 / u64::from(allocated / 8).max(1),
            // A bit stands for a block of 64, if it has no more than its first coefficient (ITU T.81, F.1.2).
            Self::Jpeg => 8 * 64,
            // Empty packets have no such bound: this is an empty image of 1024 x 1024 pixels in the 128 bytes that its header takes.
            Self::Jpeg2000 => 8192,
        }
    }
}

impl PixelFormat {
    /// From the attributes of an image of one grey value per pixel.
    ///
    /// # Errors
    /// [`Error::Input`] for colours, inverted grey, and sizes that cannot be.
    pub(super) fn of(name: &str, data: &DataSet<'_>) -> Result<Self> {
        let number = |tag, what: &str| {
            data.u16(tag).map(u32::from).ok_or_else(|| Error::input(format!("{name}: lacks {what} {tag}, which every image must have")))
        };
        let (rows, columns) = (number(tags::ROWS, "Rows")?, number(tags::COLUMNS, "Columns")?);
        let samples = data.u16(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let grey = data.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_else(|| "MONOCHROME2".into());
        if samples != 1 || grey != "MONOCHROME2" {
            return Err(Error::input(format!(
                "{name}: pixels are {grey} with {samples} samples; expected MONOCHROME2, one value per pixel (a screen capture or an inverted image is no measurement)"
            )));
        }
        let allocated = number(tags::BITS_ALLOCATED, "BitsAllocated")?;
        let stored = data.u16(tags::BITS_STORED).map_or(allocated, u32::from);
        let high = data.u16(tags::HIGH_BIT).map_or(stored.saturating_sub(1), u32::from);
        let known = matches!(allocated, 1 | 8 | 16 | 32);
        if !known || stored == 0 || stored > allocated || high >= allocated || high + 1 < stored {
            return Err(Error::input(format!(
                "{name}: BitsAllocated {allocated}, BitsStored {stored}, HighBit {high}; expected 8, 16 or 32 allocated bits (1 in segmentations) that hold the stored ones"
            )));
        }
        let frames = match data.decimal(tags::NUMBER_OF_FRAMES) {
            None => 1,
            Some(count) if count >= 1.0 && count <= f64::from(u16::MAX) && count.fract() == 0.0 => count as usize,
            Some(count) => return Err(Error::input(format!("{name}: NumberOfFrames is {count}; expected 1 to {}", u16::MAX))),
        };
        if rows == 0 || columns == 0 {
            return Err(Error::input(format!("{name}: {rows} rows and {columns} columns; expected one or more of each")));
        }
        let signed = match data.u16(tags::PIXEL_REPRESENTATION).unwrap_or(0) {
            0 => false,
            1 => true,
            other => return Err(Error::input(format!("{name}: PixelRepresentation is {other}; expected 0 (unsigned) or 1 (signed)"))),
        };
        Ok(Self { rows: rows as usize, columns: columns as usize, frames, allocated, stored, high, signed })
    }

    /// True if pixels are single bits.
    pub(super) fn is_binary(&self) -> bool {
        self.allocated == 1
    }

    /// Pixels of one frame.
    pub(super) fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    fn frame_bytes(&self) -> usize {
        self.pixels() * (self.allocated / 8) as usize
    }

    /// The number in the stored bits of an allocated word.
    pub(super) fn number(&self, word: u32) -> i64 {
        let unused = 63 - self.high;
        let raised = (u64::from(word)) << unused;
        let shift = 64 - self.stored;
        if self.signed { (raised as i64) >> shift } else { (raised >> shift) as i64 }
    }

    /// A number as it comes from a codec of `precision` bits, brought to the signedness that the header names.
    fn decoded(&self, value: i64, precision: u32) -> i64 {
        let bits = precision.min(self.stored);
        let kept = (value as u64) << (64 - bits);
        if self.signed { (kept as i64) >> (64 - bits) } else { (kept >> (64 - bits)) as i64 }
    }
}

/// The pixels of an object.
pub(super) struct Frames<'a> {
    name: &'a str,
    format: PixelFormat,
    packing: Packing,
    bytes: PixelBytes<'a>,
    big_endian: bool,
}

impl<'a> Frames<'a> {
    /// Finds the pixels and makes sure that there are as many as the header promises.
    ///
    /// # Errors
    /// [`Error::Input`] if there are none, fewer, or in a packing that is not read.
    pub(super) fn of(contents: &'a Contents, data: &'a DataSet<'a>, format: PixelFormat) -> Result<Self> {
        let name = contents.name.as_str();
        let packing = match contents.syntax.as_str() {
            uids::IMPLICIT_VR_LITTLE_ENDIAN | uids::EXPLICIT_VR_LITTLE_ENDIAN | BIG_ENDIAN | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => {
                Packing::Native
            }
            uids::RLE_LOSSLESS => Packing::RunLengths,
            uids::JPEG_BASELINE8_BIT | uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 => Packing::Jpeg,
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => Packing::Jpeg2000,
            other => {
                return Err(Error::input(format!(
                    "{name}: pixels are packed in the transfer syntax {other}, which is not read; expected none, deflate, RLE, JPEG (baseline, lossless) or JPEG 2000 \
                     (convert it, e.g. with dcmdjpls or gdcmconv --raw)"
                )));
            }
        };
        let bytes = data.pixel_bytes().ok_or_else(|| {
            let reals = data.has(tags::FLOAT_PIXEL_DATA) || data.has(tags::DOUBLE_FLOAT_PIXEL_DATA);
            let what = if reals { "pixels are real numbers (a parametric map)" } else { "holds no pixel data" };
            Error::input(format!("{name}: {what}; expected whole numbers in PixelData (7FE0,0010)"))
        })?;
        match (&bytes, packing) {
            (PixelBytes::Native(bytes), Packing::Native) => {
                let bits = format.frames as u64 * format.pixels() as u64 * u64::from(format.allocated);
                if (bytes.len() as u64) * 8 < bits {
                    return Err(Error::input(format!(
                        "{name}: {} frames of {} x {} pixels take {} bytes, but the pixel data has {}",
                        format.frames,
                        format.columns,
                        format.rows,
                        bits.div_ceil(8),
                        bytes.len()
                    )));
                }
            }
            (PixelBytes::Fragments(fragments), packing) if packing != Packing::Native => {
                if fragments.len() < format.frames + 1 {
                    return Err(Error::input(format!(
                        "{name}: {} frames, but the pixel data has {} fragments after the table of offsets",
                        format.frames,
                        fragments.len().saturating_sub(1)
                    )));
                }
                let pixels = format.frames as u64 * format.pixels() as u64;
                let bytes = fragments[1..].iter().map(|fragment| fragment.len() as u64).sum::<u64>();
                if pixels > packing.most_pixels(format.allocated) * bytes {
                    return Err(Error::input(format!(
                        "{name}: {bytes} bytes of compressed pixel data cannot hold {} frames of {} x {} pixels",
                        format.frames, format.columns, format.rows
                    )));
                }
            }
            _ => {
                return Err(Error::input(format!(
                    "{name}: the pixel data does not have the form that the transfer syntax {} says",
                    contents.syntax
                )));
            }
        }
        Ok(Self { name, format, packing, bytes, big_endian: data.big_endian() })
    }

    /// The stored numbers of a frame, row by row.
    ///
    /// # Errors
    /// [`Error::Input`] if the data is damaged.
    pub(super) fn decode(&self, frame: usize) -> Result<Vec<i64>> {
        let damaged = |what: String| Error::input(format!("{}: pixel data of frame {}: {what}", self.name, frame + 1));
        // A few bytes can stand for many pixels: numbers of 8 bytes, and as much again in the decoder.
        memory::check(self.name, 16 * self.format.pixels() as u64)?;
        match (&self.bytes, self.packing) {
            (PixelBytes::Native(bytes), _) if self.format.is_binary() => {
                let first = frame * self.format.pixels();
                Ok((first..first + self.format.pixels()).map(|bit| i64::from(bytes[bit / 8] >> (bit % 8) & 1)).collect())
            }
            (PixelBytes::Native(bytes), _) => {
                let size = self.format.frame_bytes();
                Ok(self.words(&bytes[frame * size..(frame + 1) * size], self.big_endian))
            }
            (PixelBytes::Fragments(fragments), packing) => {
                let bytes = self.frame(fragments, frame).map_err(damaged)?;
                match packing {
                    Packing::RunLengths => Ok(self.words(&run_lengths(&bytes, &self.format).map_err(damaged)?, false)),
                    Packing::Jpeg => self.jpeg(&bytes).map_err(damaged),
                    _ => self.jpeg2000(&bytes).map_err(damaged),
                }
            }
        }
    }

    fn words(&self, bytes: &[u8], big_endian: bool) -> Vec<i64> {
        let word = |bytes: &[u8]| bytes.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
        let number = |bytes: &[u8]| {
            let mut four = [0; 4];
            let four = &mut four[..bytes.len()];
            four.copy_from_slice(bytes);
            if !big_endian {
                four.reverse();
            }
            self.format.number(word(four))
        };
        bytes.chunks_exact((self.format.allocated / 8) as usize).map(number).collect()
    }

    /// The bytes of a frame: one fragment, or several put together.
    fn frame(&self, fragments: &'a [&'a [u8]], frame: usize) -> std::result::Result<Cow<'a, [u8]>, String> {
        let (offsets, parts) = (fragments[0], &fragments[1..]);
        if parts.len() == self.format.frames {
            return Ok(parts[frame].into());
        }
        if self.format.frames == 1 {
            return Ok(parts.concat().into());
        }
        // Frames in several fragments: the table of offsets says where each begins, counted from the first fragment's item tag.
        let begins: Vec<u64> = offsets.as_chunks().0.iter().map(|four| u64::from(u32::from_le_bytes(*four))).collect();
        if begins.len() != self.format.frames {
            return Err(format!(
                "{} fragments for {} frames, and no table of offsets that tells which is whose",
                parts.len(),
                self.format.frames
            ));
        }
        let (begin, end) = (begins[frame], begins.get(frame + 1).copied().unwrap_or(u64::MAX));
        let mut at = 0;
        let mut joined = Vec::new();
        for part in parts {
            if at >= begin && at < end {
                joined.extend_from_slice(part);
            }
            at += 8 + part.len() as u64;
        }
        Ok(joined.into())
    }

    fn jpeg(&self, bytes: &[u8]) -> std::result::Result<Vec<i64>, String> {
        let mut decoder = jpeg_decoder::Decoder::new(bytes);
        // Header first: the decoder allocates what it says.
        guarded(AssertUnwindSafe(|| decoder.read_info().map_err(|error| error.to_string())))?;
        let info = decoder.info().ok_or("no header")?;
        self.same_size(info.width.into(), info.height.into())?;
        let wide = match info.pixel_format {
            jpeg_decoder::PixelFormat::L8 => false,
            jpeg_decoder::PixelFormat::L16 => true,
            other => return Err(format!("JPEG of the kind {other:?}; expected one grey value per pixel")),
        };
        let bytes = guarded(AssertUnwindSafe(|| decoder.decode().map_err(|error| error.to_string())))?;
        let value = |word: u16| self.format.decoded(word.into(), if wide { 16 } else { 8 });
        let values: Vec<i64> = match wide {
            true => bytes.as_chunks().0.iter().map(|pair| value(u16::from_ne_bytes(*pair))).collect(),
            false => bytes.iter().map(|&byte| value(byte.into())).collect(),
        };
        self.whole(values)
    }

    fn jpeg2000(&self, bytes: &[u8]) -> std::result::Result<Vec<i64>, String> {
        let size = CodestreamSize::read(bytes).ok_or("no JPEG 2000 codestream, or one whose first marker is not SIZ")?;
        if size.offsets != [0; 4] || size.components != 1 {
            return Err(format!(
                "a JPEG 2000 codestream with {} components and offsets {:?}; expected one and none",
                size.components, size.offsets
            ));
        }
        self.same_size(size.width, size.height)?;
        let tiles = size.tile.map(u64::from);
        let count = u64::from(size.width).div_ceil(tiles[0].max(1)) * u64::from(size.height).div_ceil(tiles[1].max(1));
        if tiles.contains(&0) || count > u64::from(u16::MAX) {
            return Err(format!("JPEG 2000 tiles of {} x {} pixels; the standard allows 65535 tiles", tiles[0], tiles[1]));
        }
        let settings = DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
        let values = guarded(AssertUnwindSafe(|| {
            let image = Image::new(bytes, &settings).map_err(|error| error.to_string())?;
            let mut context = DecoderContext::default();
            let decoded = image.decode(&mut context).map_err(|error| error.to_string())?;
            let component = decoded.components().first().ok_or("no component")?;
            // The decoder adds the level shift of unsigned samples to signed ones too.
            let shift = if size.signed { (f64::from(size.precision) - 1.0).exp2() } else { 0.0 };
            let value = |&sample: &f32| self.format.decoded((f64::from(sample) - shift).round() as i64, size.precision);
            Ok(component.samples().iter().map(value).collect::<Vec<_>>())
        }))?;
        self.whole(values)
    }

    fn same_size(&self, width: u32, height: u32) -> std::result::Result<(), String> {
        let PixelFormat { rows, columns, .. } = self.format;
        let same = (width as usize, height as usize) == (columns, rows);
        same.then_some(()).ok_or_else(|| format!("{width} x {height} pixels, but the header says {columns} x {rows}"))
    }

    fn whole(&self, values: Vec<i64>) -> std::result::Result<Vec<i64>, String> {
        let expected = self.format.pixels();
        if values.len() == expected { Ok(values) } else { Err(format!("{} pixels after decompression; expected {expected}", values.len())) }
    }
}

/// Runs a decoder of another crate; a panic in it is a damaged file, not the end of the program.
fn guarded<T>(decode: AssertUnwindSafe<impl FnOnce() -> std::result::Result<T, String>>) -> std::result::Result<T, String> {
    catch_unwind(decode).unwrap_or_else(|_| Err("the decoder gave up on damaged data".to_owned()))
}

/// What the SIZ marker of a JPEG 2000 codestream says (ISO/IEC 15444-1, A.5.1).
struct CodestreamSize {
    width: u32,
    height: u32,
    /// Of the image and of the tiles, each x and y.
    offsets: [u32; 4],
    tile: [u32; 2],
    components: u16,
    precision: u32,
    signed: bool,
}

impl CodestreamSize {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..43)?;
        let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        // SOC, SIZ; then its length and capabilities.
        (header[..4] == [0xff, 0x4f, 0xff, 0x51]).then(|| Self {
            width: word(8),
            height: word(12),
            offsets: [word(16), word(20), word(32), word(36)],
            tile: [word(24), word(28)],
            components: u16::from_be_bytes([header[40], header[41]]),
            precision: u32::from(header[42] & 0x7f) + 1,
            signed: header[42] & 0x80 != 0,
        })
    }
}

/// A frame in DICOM's run-length coding (part 5, annex G), to little-endian words.
fn run_lengths(bytes: &[u8], format: &PixelFormat) -> std::result::Result<Vec<u8>, String> {
    let planes = (format.allocated / 8) as usize;
    let header: Vec<usize> = bytes.as_chunks().0.iter().take(16).map(|four| u32::from_le_bytes(*four) as usize).collect();
    if header.len() < 16 || header[0] != planes {
        return Err(format!("run-length data of {} planes; expected {planes}", header.first().copied().unwrap_or(0)));
    }
    let pixels = format.pixels();
    // Two bytes stand for 128 at most.
    if pixels * planes > 64 * bytes.len() {
        return Err(format!("{} bytes of run-length data cannot hold {pixels} pixels of {planes} bytes", bytes.len()));
    }
    let mut words = vec![0; pixels * planes];
    for plane in 0..planes {
        // The most significant byte comes first.
        let place = planes - 1 - plane;
        let end = if plane + 1 < planes { header[plane + 2] } else { bytes.len() };
        let mut packed = bytes.get(header[plane + 1]..end).ok_or("run-length planes that lie outside of the data")?.iter();
        let mut count = 0;
        while count < pixels {
            let &code = packed.next().ok_or_else(|| format!("run-length data ends after {count} of {pixels} pixels"))?;
            let (repeat, length) = match code as i8 {
                -128 => continue,
                code if code < 0 => (true, 1 - i32::from(code)),
                code => (false, 1 + i32::from(code)),
            };
            let mut last = 0;
            for n in 0..length {
                if n == 0 || !repeat {
                    last = *packed.next().ok_or_else(|| format!("run-length data ends after {count} of {pixels} pixels"))?;
                }
                if count < pixels {
                    words[count * planes + place] = last;
                }
                count += 1;
            }
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(allocated: u32, stored: u32, high: u32, signed: bool) -> PixelFormat {
        PixelFormat { rows: 2, columns: 3, frames: 1, allocated, stored, high, signed }
    }

    #[test]
    fn stored_bits_are_found_in_their_word() {
        assert_eq!(format(16, 12, 11, false).number(0xf123), 0x123, "overlay bits above are not part of it");
        assert_eq!(format(16, 12, 11, true).number(0x0fff), -1);
        assert_eq!(format(16, 12, 15, true).number(0x8000), -2048);
        assert_eq!(format(16, 16, 15, true).number(0x8000), -32768);
        assert_eq!(format(16, 16, 15, false).number(0x8000), 32768);
        assert_eq!(format(8, 8, 7, true).number(0x80), -128);
        assert_eq!(format(32, 32, 31, false).number(u32::MAX), i64::from(u32::MAX));
        assert_eq!(format(32, 32, 31, true).number(u32::MAX), -1);
        assert_eq!(format(16, 16, 15, true).decoded(65535, 16), -1);
        assert_eq!(format(16, 16, 15, false).decoded(-1, 16), 65535);
    }

    #[test]
    fn run_lengths_by_hand() {
        // Two planes of six pixels: high bytes one run of 1; low bytes a literal of 2 and a run of 4.
        let mut bytes = vec![0; 64];
        bytes[0] = 2;
        bytes[4] = 64;
        bytes[8] = 66;
        bytes.extend_from_slice(&[(-5_i8) as u8, 1, 1, 10, 20, (-3_i8) as u8, 30]);
        let words = run_lengths(&bytes, &format(16, 16, 15, false)).expect("six words");
        assert_eq!(words, [10, 1, 20, 1, 30, 1, 30, 1, 30, 1, 30, 1]);
        for length in 0..bytes.len() {
            assert!(run_lengths(&bytes[..length], &format(16, 16, 15, false)).is_err(), "cut at {length}");
        }
    }
}
