//! MetaImage (`.mha`; `.mhd` with `.raw` or `.zraw`), as ITK reads and writes it.

use std::{io::Write, path::Path};

use glam::{DMat3, DVec3};

use super::{
    Description, Element,
    geometry::{checked_size, orthonormal},
    pixel::{Encoding, Scalar},
    stream::{Source, beside},
    write_voxels,
};
use crate::{
    error::{Error, Result},
    grid::{GridLimits, VoxelGrid},
    io::atomic::AtomicFile,
    volume::Volume,
};

/// Longest line, and longest header, in bytes; ITK copies whole DICOM headers into some.
const MAX_LINE: usize = 1 << 16;
const MAX_HEADER: usize = 1 << 20;

/// What a header says, checked, and where the voxels are.
pub(super) struct Header {
    pub(super) grid: VoxelGrid,
    pub(super) encoding: Encoding,
    pub(super) notes: Vec<String>,
    /// At the first voxel.
    pub(super) source: Source,
}

/// The `key = value` lines, in order.
struct Fields {
    name: String,
    lines: Vec<(String, String)>,
}

impl Fields {
    /// Reads up to and including `ElementDataFile`, which ends a header.
    fn read(source: &mut Source) -> Result<Self> {
        let mut fields = Self { name: source.name(), lines: Vec::new() };
        let mut length = 0;
        while let Some(line) = source.line(MAX_LINE)? {
            length += line.len() + 1;
            if length > MAX_HEADER {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            if text.trim().is_empty() {
                continue;
            }
            let Some((key, value)) = text.split_once('=') else {
                return Err(fields.wrong(format!("header line {} has no `=`", fields.lines.len() + 1)));
            };
            let key = key.trim().to_owned();
            let is_last = key == "ElementDataFile";
            fields.lines.push((key, value.trim().to_owned()));
            if is_last {
                return Ok(fields);
            }
        }
        Err(fields.wrong("there is no `ElementDataFile = ...` line at the end of the header"))
    }

    fn wrong(&self, message: impl std::fmt::Display) -> Error {
        Error::input(format!("{}: {message}", self.name))
    }

    /// The value of the only line with one of these keys (MetaIO has synonyms).
    fn get(&self, keys: &[&str]) -> Result<Option<&str>> {
        let mut found = self.lines.iter().filter(|(key, _)| keys.contains(&key.as_str()));
        let first = found.next();
        if let Some((key, _)) = found.next() {
            return Err(self.wrong(format!("{} is given twice (again as {key})", keys[0])));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    fn required(&self, keys: &[&str], example: &str) -> Result<&str> {
        self.get(keys)?.ok_or_else(|| self.wrong(format!("{} is missing; expected a line like `{} = {example}`", keys[0], keys[0])))
    }

    /// Exactly `N` numbers.
    fn numbers<T: std::str::FromStr, const N: usize>(&self, key: &str, text: &str) -> Result<[T; N]> {
        let numbers: Option<Vec<T>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
        let numbers = numbers.and_then(|numbers| <[T; N]>::try_from(numbers).ok());
        numbers.ok_or_else(|| self.wrong(format!("{key} is `{text}`; expected {N} numbers")))
    }

    fn reals<const N: usize>(&self, key: &str, text: &str) -> Result<[f64; N]> {
        let numbers = self.numbers::<f64, N>(key, text)?;
        if numbers.iter().all(|x| x.is_finite()) {
            Ok(numbers)
        } else {
            Err(self.wrong(format!("{key} is `{text}`; expected finite numbers")))
        }
    }

    fn flag(&self, keys: &[&str], default: bool) -> Result<bool> {
        match self.get(keys)? {
            None => Ok(default),
            Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => Ok(false),
            Some(text) => Err(self.wrong(format!("{} is `{text}`; expected True or False", keys[0]))),
        }
    }
}

/// Reads the header and opens the file with the voxels.
pub(super) fn read_header(mut source: Source) -> Result<Header> {
    let fields = Fields::read(&mut source)?;
    if let Some(kind) = fields.get(&["ObjectType"])?
        && kind != "Image"
    {
        return Err(fields.wrong(format!("ObjectType is {kind}; expected Image")));
    }
    let rank = fields.required(&["NDims"], "3")?;
    if rank != "3" {
        return Err(fields.wrong(format!("NDims is {rank}; expected 3")));
    }
    let encoding = read_encoding(&fields)?;
    let mut notes = Vec::new();
    let grid = read_grid(&fields, &mut notes)?;
    let source = open_voxels(source, &fields, &grid, &encoding)?;
    Ok(Header { grid, encoding, notes, source })
}

fn read_encoding(fields: &Fields) -> Result<Encoding> {
    if !fields.flag(&["BinaryData"], true)? {
        return Err(fields.wrong("BinaryData is False: voxels written as text; expected binary ones: save the image again"));
    }
    if let Some(channels) = fields.get(&["ElementNumberOfChannels"])?
        && channels != "1"
    {
        return Err(fields.wrong(format!("ElementNumberOfChannels is {channels}; expected 1 value per voxel")));
    }
    // MetaIO's LONG has 4 bytes on every machine.
    let scalar = match fields.required(&["ElementType"], "MET_FLOAT")? {
        "MET_CHAR" => Scalar::I8,
        "MET_UCHAR" => Scalar::U8,
        "MET_SHORT" => Scalar::I16,
        "MET_USHORT" => Scalar::U16,
        "MET_INT" | "MET_LONG" => Scalar::I32,
        "MET_UINT" | "MET_ULONG" => Scalar::U32,
        "MET_LONG_LONG" => Scalar::I64,
        "MET_ULONG_LONG" => Scalar::U64,
        "MET_FLOAT" => Scalar::F32,
        "MET_DOUBLE" => Scalar::F64,
        other => {
            return Err(fields.wrong(format!(
                "ElementType is {other}; expected MET_CHAR, MET_SHORT, MET_INT, MET_LONG, MET_LONG_LONG (each also with U), MET_FLOAT or MET_DOUBLE"
            )));
        }
    };
    let order = ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"];
    let big_endian = fields.flag(&order, false)?;
    Ok(Encoding { scalar, big_endian, slope: 1.0, intercept: 0.0 })
}

fn read_grid(fields: &Fields, notes: &mut Vec<String>) -> Result<VoxelGrid> {
    let name = &fields.name;
    let size = checked_size(name, "DimSize", fields.numbers("DimSize", fields.required(&["DimSize"], "128 128 60")?)?)?;
    let spacing = DVec3::from_array(fields.reals("ElementSpacing", fields.required(&["ElementSpacing", "ElementSize"], "3 3 3")?)?);
    if !spacing.cmpgt(DVec3::ZERO).all() {
        return Err(fields.wrong(format!("ElementSpacing is {spacing}; expected three positive voxel spacings in mm")));
    }
    if let Some(unit) = fields.get(&["DistanceUnits"])?
        && unit != "mm"
        && unit != "?"
    {
        return Err(fields.wrong(format!("DistanceUnits is {unit}; expected mm (other programs read the numbers as mm all the same)")));
    }
    let offset = match fields.get(&["Offset", "Origin", "Position"])? {
        Some(text) => DVec3::from_array(fields.reals("Offset", text)?),
        None => {
            notes.push("Offset is missing; the first voxel was put at 0 0 0".to_owned());
            DVec3::ZERO
        }
    };
    // Three numbers per axis: the file holds the direction matrix column by column.
    let axes = match fields.get(&["TransformMatrix", "Rotation", "Orientation"])? {
        Some(text) => DMat3::from_cols_array(&fields.reals("TransformMatrix", text)?),
        None => {
            notes.push("TransformMatrix is missing; the axes were taken as left, posterior, superior".to_owned());
            DMat3::IDENTITY
        }
    };
    if let Some(text) = fields.get(&["CenterOfRotation"])?
        && fields.reals::<3>("CenterOfRotation", text)? != [0.0; 3]
        && axes != DMat3::IDENTITY
    {
        notes.push(format!("CenterOfRotation {text} was not used (nor does ITK)"));
    }
    let grid = VoxelGrid { size, spacing, origin: offset, direction: orthonormal(name, "TransformMatrix", axes)? };
    grid.validate(name, &GridLimits::IMAGE)?;
    Ok(grid)
}

/// Puts a source at the first voxel, in this file or the one it names.
fn open_voxels(source: Source, fields: &Fields, grid: &VoxelGrid, encoding: &Encoding) -> Result<Source> {
    let place = fields.required(&["ElementDataFile"], "LOCAL")?;
    let mut source = if place.eq_ignore_ascii_case("local") {
        source
    } else {
        let path = beside(source.path(), place).ok_or_else(|| {
            fields.wrong(format!(
                "ElementDataFile is `{place}`; expected LOCAL or the name of one file beside or below this one (no lists, patterns or `..`)"
            ))
        })?;
        Source::open(&path)?
    };
    let compressed = fields.flag(&["CompressedData"], false)?;
    if let Some(text) = fields.get(&["HeaderSize"])? {
        let [bytes] = fields.numbers::<i64, 1>("HeaderSize", text)?;
        let voxels = grid.len() as u64 * encoding.scalar.size() as u64;
        match u64::try_from(bytes) {
            Ok(bytes) => source.skip(bytes, "the bytes to pass over (HeaderSize)")?,
            // -1: the voxels are the end of the file.
            Err(_) if bytes == -1 && !compressed && !source.is_compressed() => {
                source.check_room(voxels, "the voxels")?;
                source.skip(source.room() - voxels, "the bytes to pass over (HeaderSize)")?;
            }
            Err(_) => return Err(fields.wrong(format!("HeaderSize is {bytes}; expected a number of bytes, or -1 if not compressed"))),
        }
    }
    if !compressed {
        return Ok(source);
    }
    if let Some(text) = fields.get(&["CompressedDataSize"])? {
        let [bytes] = fields.numbers::<u64, 1>("CompressedDataSize", text)?;
        if bytes != source.room() && !source.is_compressed() {
            return Err(fields.wrong(format!("CompressedDataSize is {bytes}, but {} bytes are there", source.room())));
        }
    }
    // `.zraw` files are zlib streams, `.raw.gz` ones were recognised on opening.
    if source.is_compressed() && !place.eq_ignore_ascii_case("local") { Ok(source) } else { source.inflate() }
}

/// Writes a MetaImage with its voxels in the same file (`.mha`), not compressed; atomically.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] if the grid is not one that images can have.
pub fn write_metaimage<T: Element>(path: impl AsRef<Path>, volume: &Volume<T>, description: &Description) -> Result<()> {
    let path = path.as_ref();
    volume.grid.validate(&path.display().to_string(), &GridLimits::IMAGE)?;
    let header = header::<T>(&volume.grid, description);
    let mut file = AtomicFile::create(path)?;
    file.write_all(header.as_bytes()).and_then(|()| write_voxels(&mut file, &volume.data)).map_err(Error::io(path))?;
    file.commit()
}

fn header<T: Element>(grid: &VoxelGrid, description: &Description) -> String {
    // Adding zero keeps "-0" out.
    let row = |numbers: &[f64]| numbers.iter().map(|x| (x + 0.0).to_string()).collect::<Vec<_>>().join(" ");
    let [nx, ny, nz] = grid.size;
    format!(
        "ObjectType = Image\n\
         NDims = 3\n\
         Comment = {}\n\
         BinaryData = True\n\
         BinaryDataByteOrderMSB = False\n\
         CompressedData = False\n\
         TransformMatrix = {}\n\
         Offset = {}\n\
         CenterOfRotation = 0 0 0\n\
         AnatomicalOrientation = {}\n\
         ElementSpacing = {}\n\
         DimSize = {nx} {ny} {nz}\n\
         ElementType = {}\n\
         ElementDataFile = LOCAL\n",
        description.text,
        row(&grid.direction.to_cols_array()),
        row(&grid.origin.to_array()),
        anatomical_orientation(grid),
        row(&grid.spacing.to_array()),
        T::META_TYPE
    )
}

/// ITK's three letters: where each axis comes *from*; `???` where two axes are nearest to the same patient axis.
fn anatomical_orientation(grid: &VoxelGrid) -> String {
    let mut used = [false; 3];
    let mut letters = String::new();
    for axis in 0..3 {
        let along = grid.direction.col(axis);
        let nearest = along.abs().max_position();
        if std::mem::replace(&mut used[nearest], true) {
            return "???".to_owned();
        }
        letters.push([['R', 'A', 'I'], ['L', 'P', 'S']][usize::from(along[nearest] < 0.0)][nearest]);
    }
    letters
}
