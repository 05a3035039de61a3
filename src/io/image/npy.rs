//! NumPy arrays (`.npy`), whose position is in a JSON file beside them.
//!
//! The array format is that of `numpy.lib.format`, versions 1 to 3.

use std::{io::Write, path::Path};

use glam::{DVec3, DVec4};
use serde::{Deserialize, Serialize};

use super::{
    Description, Element,
    geometry::{checked_size, grid_from_steps},
    pixel::{Encoding, Scalar},
    stream::Source,
    write_voxels,
};
use crate::{
    error::{Error, Result},
    grid::{GridLimits, VoxelGrid},
    io::{atomic::AtomicFile, json},
    volume::Volume,
};

/// Longest header and longest JSON file, bytes.
const MAX_HEADER: usize = 1 << 16;
const MAX_SIDECAR: u64 = 1 << 20;
/// Schema of the JSON file.
const SCHEMA: &str = "dosaic-npy/1";

/// What a header says, checked.
pub(super) struct Header {
    pub(super) grid: VoxelGrid,
    pub(super) encoding: Encoding,
}

/// The JSON file beside an array.
#[derive(Debug, Serialize, Deserialize)]
struct Sidecar {
    schema: String,
    /// What the values are.
    #[serde(default)]
    description: String,
    /// How the array is indexed.
    index: String,
    /// From (i, j, k, 1), i along x of the grid (the array's last index), to LPS in mm; rows.
    affine_lps_mm: [[f64; 4]; 4],
}

const INDEX: &str = "array[k, j, i], C order";

/// The JSON file of an array: the same name with the ending `.json`.
fn sidecar(path: &Path) -> std::path::PathBuf {
    let plain = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) { path.with_extension("") } else { path.to_path_buf() };
    plain.with_extension("json")
}

/// Reads the header, and the position from the file beside it.
pub(super) fn read_header(source: &mut Source) -> Result<Header> {
    let name = source.name();
    let wrong = |message: String| Error::input(format!("{name}: {message}"));
    let mut start = [0; 8];
    source.read_exact(&mut start, "the header")?;
    if start[..6] != *b"\x93NUMPY" {
        return Err(wrong("not a NumPy array; expected it to begin with \\x93NUMPY".into()));
    }
    let length = match start[6] {
        1 => {
            let mut raw = [0; 2];
            source.read_exact(&mut raw, "the header")?;
            usize::from(u16::from_le_bytes(raw))
        }
        2 | 3 => {
            let mut raw = [0; 4];
            source.read_exact(&mut raw, "the header")?;
            u32::from_le_bytes(raw) as usize
        }
        other => return Err(wrong(format!("version {other} of the array format; expected 1, 2 or 3"))),
    };
    if length > MAX_HEADER {
        return Err(wrong(format!("a header of {length} bytes; expected {MAX_HEADER} at most")));
    }
    let mut header = vec![0; length];
    source.read_exact(&mut header, "the header")?;
    let text = String::from_utf8_lossy(&header).into_owned();
    let encoding = encoding(&text).ok_or_else(|| {
        let found = entry(&text, "descr").unwrap_or("missing");
        wrong(format!("`descr` is {found}; expected real or integer numbers like '<f4', '<i2' or '|u1'"))
    })?;
    if entry(&text, "fortran_order") != Some("False") {
        return Err(wrong("`fortran_order` is not False; save the array with numpy.ascontiguousarray".into()));
    }
    let shape = entry(&text, "shape").unwrap_or("missing");
    let inner = shape.strip_prefix('(').and_then(|s| s.strip_suffix(')')).unwrap_or_default();
    let numbers: Option<Vec<i64>> = inner.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect();
    let Some(&[nz, ny, nx]) = numbers.as_deref() else {
        return Err(wrong(format!("`shape` is {shape}; expected three sizes (z, y, x)")));
    };
    let size = checked_size(&name, "shape (x, y, z)", [nx, ny, nz])?;
    Ok(Header { grid: position(source.path(), size)?, encoding })
}

/// The value of a key of the header's dictionary, as written.
fn entry<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let at = [format!("'{key}':"), format!("\"{key}\":")].iter().find_map(|quoted| Some(text.find(quoted)? + quoted.len()))?;
    let value = text[at..].trim_start();
    let end = if value.starts_with('(') { value.find(')')? + 1 } else { value.find([',', '}'])? };
    Some(value[..end].trim())
}

fn encoding(text: &str) -> Option<Encoding> {
    let descr = entry(text, "descr")?.trim_matches(['\'', '"']);
    let (order, kind) = descr.split_at_checked(1)?;
    let scalar = match kind {
        "i1" => Scalar::I8,
        "u1" | "b1" => Scalar::U8,
        "i2" => Scalar::I16,
        "u2" => Scalar::U16,
        "i4" => Scalar::I32,
        "u4" => Scalar::U32,
        "i8" => Scalar::I64,
        "u8" => Scalar::U64,
        "f4" => Scalar::F32,
        "f8" => Scalar::F64,
        _ => return None,
    };
    let big_endian = match order {
        "<" => false,
        ">" => true,
        "|" if scalar.size() == 1 => false,
        _ => return None,
    };
    Some(Encoding { scalar, big_endian, slope: 1.0, intercept: 0.0 })
}

/// The grid, from the JSON file beside an array.
fn position(array: &Path, size: [u32; 3]) -> Result<VoxelGrid> {
    let path = sidecar(array);
    let name = path.display().to_string();
    let expected = format!(
        "expected a JSON file with {{\"schema\": \"{SCHEMA}\", \"index\": \"{INDEX}\", \"affine_lps_mm\": [[...], [...], [...], [0, 0, 0, 1]]}}"
    );
    let length = match std::fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) => {
            let array = array.display();
            return Err(Error::input(format!(
                "{array}: an array has no position of its own, and {name} cannot be read ({error}); {expected}"
            )));
        }
    };
    if length > MAX_SIDECAR {
        return Err(Error::input(format!("{name}: {length} bytes; {expected}")));
    }
    let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
    let read: Sidecar = serde_json::from_slice(&bytes).map_err(|error| Error::input(format!("{name}: {error}; {expected}")))?;
    if read.schema != SCHEMA || read.index != INDEX {
        return Err(Error::input(format!("{name}: schema, index are `{}`, `{}`; {expected}", read.schema, read.index)));
    }
    let rows = read.affine_lps_mm;
    if rows[3] != [0.0, 0.0, 0.0, 1.0] {
        return Err(Error::input(format!("{name}: the last row of affine_lps_mm is {:?}; expected [0, 0, 0, 1]", rows[3])));
    }
    let column = |axis: usize| DVec3::new(rows[0][axis], rows[1][axis], rows[2][axis]);
    grid_from_steps(&name, "affine_lps_mm", size, [column(0), column(1), column(2)], column(3))
}

/// Writes an array of version 1, indexed (z, y, x) in C order, and beside it its position as JSON; each atomically, the array last.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] if the grid is not one that images can have.
pub fn write_npy<T: Element>(path: impl AsRef<Path>, volume: &Volume<T>, description: &Description) -> Result<()> {
    let path = path.as_ref();
    let grid = &volume.grid;
    grid.validate(&path.display().to_string(), &GridLimits::IMAGE)?;
    let columns = [0, 1, 2].map(|axis| (grid.direction.col(axis) * grid.spacing[axis]).extend(0.0));
    let origin = grid.origin.extend(1.0);
    let row = |n: usize| [columns[0][n], columns[1][n], columns[2][n], origin[n]].map(|x| x + 0.0);
    let beside = Sidecar {
        schema: SCHEMA.to_owned(),
        description: description.text.clone(),
        index: INDEX.to_owned(),
        affine_lps_mm: [row(0), row(1), row(2), DVec4::W.to_array()],
    };
    json::write(sidecar(path), &beside)?;
    let [nx, ny, nz] = grid.size;
    let mut text = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({nz}, {ny}, {nx}), }}", T::NPY_DESCR);
    // Magic, version, length, text and a line end fill a multiple of 64 bytes.
    let padding = 64 - (10 + text.len() + 1) % 64;
    text.extend(std::iter::repeat_n(' ', padding % 64));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.into_bytes());
    let mut file = AtomicFile::create(path)?;
    file.write_all(&header).and_then(|()| write_voxels(&mut file, &volume.data)).map_err(Error::io(path))?;
    file.commit()
}
