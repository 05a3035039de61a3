//! Image files: NIfTI, MetaImage, NRRD and NumPy arrays to and from [`Volume`]s. `docs/formats/images.md` says what is read and written.

pub(in crate::io) mod geometry;
mod metaimage;
mod nifti;
mod nifti_write;
mod npy;
mod nrrd;
mod pixel;
mod stream;

use std::{io::Write, path::Path};

pub use metaimage::write_metaimage;
pub use nifti_write::{write_nifti, write_nifti_series};
pub use npy::write_npy;
pub use nrrd::{NrrdEncoding, write_nrrd};

use self::{pixel::Voxel, stream::Source};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    volume::Volume,
};

/// An image and what its reader wants the user to know.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRead<T> {
    /// The image; its grid is in LPS, mm.
    pub volume: Volume<T>,
    /// What the header left open or said twice, and how it was taken; whole sentences without the file's name.
    pub notes: Vec<String>,
}

/// Reads an image of real values: `.nii`, `.mha`, `.mhd`, `.nrrd`, `.nhdr` or `.npy`, each of them also with gzip.
///
/// Values are the stored numbers with the header's slope and intercept, in single precision.
///
/// # Errors
/// [`Error::Io`] if the file cannot be opened or read; [`Error::Input`] with file, field, what was found and what was expected if its
/// contents are wrong, do not fit the memory, or hold values that are not finite (how many and where the first is).
pub fn read(path: impl AsRef<Path>) -> Result<Volume<f32>> {
    Ok(read_with_notes(path)?.volume)
}

/// As [`read`], with the reader's notes.
///
/// # Errors
/// As [`read`].
pub fn read_with_notes(path: impl AsRef<Path>) -> Result<ImageRead<f32>> {
    read_as(path.as_ref())
}

/// Reads a label image: all values must be whole numbers from 0 to 2^32 - 1, whatever the type they are stored in.
///
/// # Errors
/// As [`read`]; values that are no labels are counted, and the first is named with its voxel.
pub fn read_labels(path: impl AsRef<Path>) -> Result<Volume<u32>> {
    Ok(read_labels_with_notes(path)?.volume)
}

/// As [`read_labels`], with the reader's notes.
///
/// # Errors
/// As [`read_labels`].
pub fn read_labels_with_notes(path: impl AsRef<Path>) -> Result<ImageRead<u32>> {
    read_as(path.as_ref())
}

/// The grid of an image, from its header alone.
///
/// # Errors
/// As [`read`], as far as the header is concerned.
pub fn read_grid(path: impl AsRef<Path>) -> Result<VoxelGrid> {
    Ok(open(path.as_ref())?.grid)
}

/// An image whose header has been read.
struct Opened {
    grid: VoxelGrid,
    encoding: pixel::Encoding,
    notes: Vec<String>,
    source: Source,
}

fn open(path: &Path) -> Result<Opened> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    match stem.rsplit_once('.').map(|(_, extension)| extension) {
        Some("nii") => {
            let mut source = Source::open(path)?;
            let nifti::Header { grid, encoding, notes } = nifti::read_header(&mut source)?;
            Ok(Opened { grid, encoding, notes, source })
        }
        Some("mha" | "mhd") => {
            let metaimage::Header { grid, encoding, notes, source } = metaimage::read_header(Source::open(path)?)?;
            Ok(Opened { grid, encoding, notes, source })
        }
        Some("nrrd" | "nhdr") => {
            let nrrd::Header { grid, encoding, notes, source } = nrrd::read_header(Source::open(path)?)?;
            Ok(Opened { grid, encoding, notes, source })
        }
        Some("npy") => {
            let mut source = Source::open(path)?;
            let npy::Header { grid, encoding } = npy::read_header(&mut source)?;
            Ok(Opened { grid, encoding, notes: Vec::new(), source })
        }
        _ => Err(Error::input(format!(
            "{}: not a known kind of image; expected .nii, .nii.gz, .mha, .mhd, .nrrd, .nhdr or .npy",
            path.display()
        ))),
    }
}

fn read_as<T: Voxel>(path: &Path) -> Result<ImageRead<T>> {
    let Opened { grid, encoding, notes, mut source } = open(path)?;
    let data = pixel::read_voxels(&mut source, &encoding, grid.size)?;
    Ok(ImageRead { volume: Volume::new(grid, data), notes })
}

/// What an image that is written shows, for its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// E.g. "absorbed dose \[Gy\]".
    text: String,
    /// E.g. "dose".
    intent: String,
}

impl Description {
    /// Longest text in a NIfTI header's `descrip`, and longest name in its `intent_name`.
    const MAX_TEXT: usize = 79;
    const MAX_INTENT: usize = 15;

    /// Describes an image by its quantity ("absorbed dose, fraction 1"), its unit ("Gy"; empty if it has none) and a short name ("dose").
    ///
    /// # Errors
    /// [`Error::Input`] if the text `quantity [unit]` has more than 79 characters, the name more than 15, or one holds anything but
    /// printable ASCII: headers have room for no more.
    pub fn new(quantity: &str, unit: &str, name: &str) -> Result<Self> {
        let text = if unit.is_empty() { quantity.to_owned() } else { format!("{quantity} [{unit}]") };
        for (text, max) in [(text.as_str(), Self::MAX_TEXT), (name, Self::MAX_INTENT)] {
            let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            if text.len() > max || !printable {
                return Err(Error::input(format!("image description `{text}`: expected printable ASCII, {max} characters at most")));
            }
        }
        Ok(Self { text, intent: name.to_owned() })
    }
}

/// A voxel type that images can be written in.
pub trait Element: Copy + sealed::Sealed {
    /// NIfTI's `datatype`.
    const NIFTI_DATATYPE: i16;
    /// MetaImage's `ElementType`.
    const META_TYPE: &'static str;
    /// NRRD's `type`.
    const NRRD_TYPE: &'static str;
    /// NumPy's `descr`.
    const NPY_DESCR: &'static str;
    /// Appends the little-endian bytes.
    fn append(self, bytes: &mut Vec<u8>);
}

mod sealed {
    /// Only types whose codes are known below.
    pub trait Sealed {}
}

macro_rules! element {
    ($type:ty, $datatype:literal, $meta:literal, $nrrd:literal, $npy:literal) => {
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const NIFTI_DATATYPE: i16 = $datatype;
            const META_TYPE: &'static str = $meta;
            const NRRD_TYPE: &'static str = $nrrd;
            const NPY_DESCR: &'static str = $npy;
            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}
element!(u8, 2, "MET_UCHAR", "uchar", "|u1");
element!(i16, 4, "MET_SHORT", "short", "<i2");
element!(u16, 512, "MET_USHORT", "ushort", "<u2");
element!(u32, 768, "MET_UINT", "uint", "<u4");
element!(f32, 16, "MET_FLOAT", "float", "<f4");
element!(f64, 64, "MET_DOUBLE", "double", "<f8");

/// Writes voxels as little-endian bytes, a piece at a time.
fn write_voxels<T: Element>(writer: &mut (impl Write + ?Sized), voxels: &[T]) -> std::io::Result<()> {
    const PIECE: usize = 1 << 14;
    let mut bytes = Vec::with_capacity(PIECE * size_of::<T>());
    for piece in voxels.chunks(PIECE) {
        bytes.clear();
        piece.iter().for_each(|voxel| voxel.append(&mut bytes));
        writer.write_all(&bytes)?;
    }
    Ok(())
}
