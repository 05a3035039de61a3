//! The scalar types of image files, and voxel values decoded as a stream.

use super::stream::Source;
use crate::error::{Error, Result};

/// Bytes decoded at a time; a multiple of every scalar's size.
const CHUNK: usize = 1 << 16;

/// The type of a voxel in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Scalar {
    /// Bytes per voxel.
    pub(super) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Hands each value in `bytes` on; 64-bit integers beyond 2^53 are rounded to double precision.
    fn decode(self, big_endian: bool, bytes: &[u8], mut sink: impl FnMut(f64)) {
        macro_rules! each {
            ($type:ty) => {
                for raw in bytes.as_chunks::<{ size_of::<$type>() }>().0 {
                    let value = if big_endian { <$type>::from_be_bytes(*raw) } else { <$type>::from_le_bytes(*raw) };
                    sink(value as f64);
                }
            };
        }
        match self {
            Self::I8 => each!(i8),
            Self::U8 => each!(u8),
            Self::I16 => each!(i16),
            Self::U16 => each!(u16),
            Self::I32 => each!(i32),
            Self::U32 => each!(u32),
            Self::I64 => each!(i64),
            Self::U64 => each!(u64),
            Self::F32 => each!(f32),
            Self::F64 => each!(f64),
        }
    }
}

/// How stored numbers become values: `slope * stored + intercept`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Encoding {
    pub(super) scalar: Scalar,
    pub(super) big_endian: bool,
    pub(super) slope: f64,
    pub(super) intercept: f64,
}

/// What callers get per voxel.
pub(super) trait Voxel: Copy {
    /// What a value must be, in words.
    const EXPECTED: &'static str;
    /// The voxel for a value; `None` if there is no such voxel.
    fn from_value(value: f64) -> Option<Self>;
}

impl Voxel for f32 {
    const EXPECTED: &'static str = "finite numbers up to 3.4e38";

    fn from_value(value: f64) -> Option<Self> {
        Some(value as f32).filter(|voxel| voxel.is_finite())
    }
}

impl Voxel for u32 {
    const EXPECTED: &'static str = "whole numbers from 0 to 4294967295";

    fn from_value(value: f64) -> Option<Self> {
        (value.fract() == 0.0 && (0.0..=f64::from(Self::MAX)).contains(&value)).then_some(value as Self)
    }
}

/// Reads all voxels of an image of `size`, which must be all that is left of `source`.
///
/// Nothing is allocated before it is certain that the file can hold that many voxels and the memory too.
pub(super) fn read_voxels<V: Voxel>(source: &mut Source, encoding: &Encoding, size: [u32; 3]) -> Result<Vec<V>> {
    let count = size.iter().map(|&n| u64::from(n)).product::<u64>();
    let bytes = count.saturating_mul(encoding.scalar.size() as u64);
    source.check_room(bytes, "the voxels")?;
    let name = source.name();
    super::super::memory::check(&name, count.saturating_mul(size_of::<V>() as u64))?;
    let mut voxels: Vec<V> = Vec::new();
    voxels
        .try_reserve_exact(usize::try_from(count).unwrap_or(usize::MAX))
        .map_err(|_| Error::input(format!("{name}: no memory for {count} voxels")))?;

    let mut wrong: Option<(u64, u64, f64)> = None; // how many, where the first is, what it is
    let mut buffer = vec![0_u8; CHUNK.min(bytes as usize)];
    let mut left = bytes;
    while left > 0 {
        let chunk = &mut buffer[..CHUNK.min(left as usize)];
        source.read_exact(chunk, "the voxels")?;
        encoding.scalar.decode(encoding.big_endian, chunk, |stored| {
            let value = stored * encoding.slope + encoding.intercept;
            match V::from_value(value) {
                Some(voxel) if wrong.is_none() => voxels.push(voxel),
                Some(_) => {}
                None => {
                    let (many, first, found) = wrong.unwrap_or((0, voxels.len() as u64, value));
                    wrong = Some((many + 1, first, found));
                }
            }
        });
        left -= chunk.len() as u64;
    }
    source.expect_end()?;
    if let Some((many, first, found)) = wrong {
        let [nx, ny] = [u64::from(size[0]), u64::from(size[1])];
        let at = [first % nx, first / nx % ny, first / (nx * ny)];
        return Err(Error::input(format!(
            "{name}: {many} of {count} voxels cannot be used; the first is voxel {at:?} (from 0) with {found}; expected {}",
            V::EXPECTED
        )));
    }
    Ok(voxels)
}
