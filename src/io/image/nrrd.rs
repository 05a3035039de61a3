//! NRRD (`.nrrd`; `.nhdr` with a file beside it), as 3D Slicer and teem read and write it.
//!
//! The format is that of teem's "Definition of NRRD File Format", versions 1 to 5.

use std::{
    io::{BufWriter, Write},
    path::Path,
};

use flate2::write::GzEncoder;
use glam::DVec3;

use super::{
    Description, Element,
    geometry::{checked_size, flip_xy, grid_from_steps},
    nifti_write::LEVEL,
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

/// Longest line, and longest header, bytes; Slicer puts whole DICOM headers into key/value pairs.
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

/// The `field: value` lines, in order, with names in their common spelling.
struct Fields {
    name: String,
    lines: Vec<(String, String)>,
}

impl Fields {
    /// Reads up to and including the empty line (or the end of a header of its own).
    fn read(source: &mut Source) -> Result<Self> {
        let mut fields = Self { name: source.name(), lines: Vec::new() };
        let magic = source.line(MAX_LINE)?.unwrap_or_default();
        let version = magic.strip_prefix(b"NRRD000");
        if !matches!(version, Some([b'1'..=b'5'])) {
            let found = String::from_utf8_lossy(&magic[..magic.len().min(16)]).into_owned();
            return Err(fields.wrong(format!("not an NRRD file: it begins with `{found}`; expected NRRD0001 to NRRD0005")));
        }
        let mut length = 0;
        while let Some(line) = source.line(MAX_LINE)? {
            length += line.len();
            if length > MAX_HEADER {
                return Err(fields.wrong(format!("the header is longer than {MAX_HEADER} bytes; expected an empty line at its end")));
            }
            let text = String::from_utf8_lossy(&line);
            if text.is_empty() {
                break;
            }
            // Comments, and key/value pairs that mean nothing for the voxels.
            if text.starts_with('#') || text.split_once(":=").is_some_and(|(key, _)| !key.contains(": ")) {
                continue;
            }
            let Some((field, value)) = text.split_once(": ") else {
                return Err(fields.wrong(format!("the header line `{}` has no `: `", text.chars().take(40).collect::<String>())));
            };
            let field = match field.trim() {
                "datafile" => "data file",
                "lineskip" => "line skip",
                "byteskip" => "byte skip",
                other => other,
            };
            fields.lines.push((field.to_owned(), value.trim().to_owned()));
        }
        Ok(fields)
    }

    fn wrong(&self, message: impl std::fmt::Display) -> Error {
        Error::input(format!("{}: {message}", self.name))
    }

    /// The value of the only line with this name.
    fn get(&self, field: &str) -> Result<Option<&str>> {
        let mut found = self.lines.iter().filter(|(name, _)| name == field);
        let first = found.next();
        if found.next().is_some() {
            return Err(self.wrong(format!("`{field}` is given twice")));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    fn required(&self, field: &str, example: &str) -> Result<&str> {
        self.get(field)?.ok_or_else(|| self.wrong(format!("`{field}` is missing; expected a line like `{field}: {example}`")))
    }

    /// A number in a line; `default` without the line.
    fn count(&self, field: &str, default: i64) -> Result<i64> {
        let Some(text) = self.get(field)? else { return Ok(default) };
        text.parse().map_err(|_| self.wrong(format!("`{field}` is `{text}`; expected a whole number")))
    }

    /// Vectors `(x,y,z)` separated by blanks.
    fn vectors<const N: usize>(&self, field: &str, text: &str) -> Result<[DVec3; N]> {
        let vector = |part: &str| -> Option<DVec3> {
            let inner = part.trim().strip_prefix('(')?;
            let numbers: Option<Vec<f64>> = inner.split(',').map(|word| word.trim().parse().ok()).collect();
            match numbers?[..] {
                [x, y, z] if x.is_finite() && y.is_finite() && z.is_finite() => Some(DVec3::new(x, y, z)),
                _ => None,
            }
        };
        let all: Option<Vec<DVec3>> = text.trim().strip_suffix(')').and_then(|text| text.split(')').map(vector).collect());
        let all = all.and_then(|vectors| <[DVec3; N]>::try_from(vectors).ok());
        all.ok_or_else(|| self.wrong(format!("`{field}` is `{text}`; expected {N} vector(s) of three finite numbers like (1,0,0)")))
    }
}

/// Reads the header and opens the file with the voxels.
pub(super) fn read_header(mut source: Source) -> Result<Header> {
    let fields = Fields::read(&mut source)?;
    let dimension = fields.required("dimension", "3")?;
    if dimension != "3" {
        return Err(fields.wrong(format!("`dimension` is {dimension}; expected 3")));
    }
    if let Some(kinds) = fields.get("kinds")?
        && kinds.split_whitespace().any(|kind| !["domain", "space", "???", "none"].contains(&kind))
    {
        return Err(fields.wrong(format!("`kinds` is `{kinds}`; expected three axes in space (domain domain domain)")));
    }
    let encoding = read_encoding(&fields)?;
    let mut notes = Vec::new();
    let grid = read_grid(&fields, &mut notes)?;
    let source = open_voxels(source, &fields, &grid, &encoding)?;
    Ok(Header { grid, encoding, notes, source })
}

fn read_encoding(fields: &Fields) -> Result<Encoding> {
    let kind = fields.required("type", "float")?;
    let scalar = match kind {
        "signed char" | "int8" | "int8_t" => Scalar::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Scalar::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => Scalar::I16,
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Scalar::U16,
        "int" | "signed int" | "int32" | "int32_t" => Scalar::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Scalar::U32,
        "longlong" | "long long" | "long long int" | "signed long long" | "signed long long int" | "int64" | "int64_t" => Scalar::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => Scalar::U64,
        "float" => Scalar::F32,
        "double" => Scalar::F64,
        other => return Err(fields.wrong(format!("`type` is `{other}`; expected an integer type, float or double"))),
    };
    let big_endian = match fields.get("endian")? {
        Some("little") => false,
        Some("big") => true,
        None if scalar.size() == 1 => false,
        None => return Err(fields.wrong("`endian` is missing; expected a line `endian: little` or `endian: big`")),
        Some(other) => return Err(fields.wrong(format!("`endian` is `{other}`; expected little or big"))),
    };
    Ok(Encoding { scalar, big_endian, slope: 1.0, intercept: 0.0 })
}

fn read_grid(fields: &Fields, notes: &mut Vec<String>) -> Result<VoxelGrid> {
    let name = &fields.name;
    let sizes = fields.required("sizes", "128 128 60")?;
    let numbers: Option<Vec<i64>> = sizes.split_whitespace().map(|word| word.parse().ok()).collect();
    let Some(&[nx, ny, nz]) = numbers.as_deref() else {
        return Err(fields.wrong(format!("`sizes` is `{sizes}`; expected three numbers")));
    };
    let size = checked_size(name, "sizes", [nx, ny, nz])?;
    // Which way the file's axes of space run in LPS.
    let to_lps: fn(DVec3) -> DVec3 = match fields.get("space")? {
        Some("left-posterior-superior" | "LPS") => |v| v + DVec3::ZERO,
        Some("right-anterior-superior" | "RAS") => flip_xy,
        Some("left-anterior-superior" | "LAS") => |v| DVec3::new(v.x, -v.y, v.z) + DVec3::ZERO,
        Some(other) => {
            return Err(fields.wrong(format!(
                "`space` is `{other}`; expected left-posterior-superior, right-anterior-superior or left-anterior-superior"
            )));
        }
        None => {
            return Err(
                fields.wrong("`space` is missing: left and right would be a guess; expected a line like `space: left-posterior-superior`")
            );
        }
    };
    if let Some(units) = fields.get("space units")?
        && units.split_whitespace().any(|unit| unit != "\"mm\"")
    {
        return Err(fields.wrong(format!("`space units` is `{units}`; expected \"mm\" \"mm\" \"mm\"")));
    }
    let directions = fields.required("space directions", "(2,0,0) (0,2,0) (0,0,3)")?;
    let columns = fields.vectors::<3>("space directions", directions)?.map(to_lps);
    let origin = match fields.get("space origin")? {
        Some(text) => to_lps(fields.vectors::<1>("space origin", text)?[0]),
        None => {
            notes.push("space origin is missing; the first voxel was put at 0 0 0".to_owned());
            DVec3::ZERO
        }
    };
    grid_from_steps(name, "space directions", size, columns, origin)
}

/// Puts a source at the first voxel, in this file or the one it names.
fn open_voxels(source: Source, fields: &Fields, grid: &VoxelGrid, encoding: &Encoding) -> Result<Source> {
    let gzip = match fields.required("encoding", "raw")? {
        "raw" => false,
        "gzip" | "gz" => true,
        other => return Err(fields.wrong(format!("`encoding` is `{other}`; expected raw or gzip: save the image again"))),
    };
    let lines = fields.count("line skip", 0)?;
    if lines != 0 {
        return Err(fields.wrong(format!("`line skip` is {lines}; expected 0 (or `byte skip`)")));
    }
    let place = fields.get("data file")?;
    let mut source = match place {
        None => source,
        Some(place) => {
            let path = beside(source.path(), place).ok_or_else(|| {
                fields.wrong(format!(
                    "`data file` is `{place}`; expected the name of one file beside or below this one (no lists, patterns or `..`)"
                ))
            })?;
            Source::open(&path)?
        }
    };
    // A data file that is gzipped was recognised on opening.
    if gzip && !(place.is_some() && source.is_compressed()) {
        source = source.inflate()?;
    }
    let bytes = fields.count("byte skip", 0)?;
    let voxels = grid.len() as u64 * encoding.scalar.size() as u64;
    match u64::try_from(bytes) {
        Ok(bytes) => source.skip(bytes, "the bytes to pass over (byte skip)")?,
        // -1: the voxels are the end of the file.
        Err(_) if bytes == -1 && !source.is_compressed() => {
            source.check_room(voxels, "the voxels")?;
            source.skip(source.room() - voxels, "the bytes to pass over (byte skip)")?;
        }
        Err(_) => return Err(fields.wrong(format!("`byte skip` is {bytes}; expected a number of bytes, or -1 if not compressed"))),
    }
    Ok(source)
}

/// How the voxels of an NRRD file are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NrrdEncoding {
    /// As they are.
    Raw,
    /// Compressed.
    Gzip,
}

/// Writes an NRRD file with its voxels in it (`.nrrd`), in LPS; atomically.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] if the grid is not one that images can have.
pub fn write_nrrd<T: Element>(path: impl AsRef<Path>, volume: &Volume<T>, description: &Description, encoding: NrrdEncoding) -> Result<()> {
    let path = path.as_ref();
    volume.grid.validate(&path.display().to_string(), &GridLimits::IMAGE)?;
    let header = header::<T>(&volume.grid, description, encoding);
    let mut file = AtomicFile::create(path)?;
    let io = Error::io(path);
    if let Err(error) = file.write_all(header.as_bytes()) {
        return Err(io(error));
    }
    if encoding == NrrdEncoding::Raw {
        write_voxels(&mut file, &volume.data).map_err(io)?;
        return file.commit();
    }
    let mut encoder = GzEncoder::new(BufWriter::with_capacity(1 << 16, file), LEVEL);
    let finished = write_voxels(&mut encoder, &volume.data)
        .and_then(|()| encoder.finish())
        .and_then(|buffer| buffer.into_inner().map_err(std::io::IntoInnerError::into_error));
    finished.map_err(io)?.commit()
}

fn header<T: Element>(grid: &VoxelGrid, description: &Description, encoding: NrrdEncoding) -> String {
    // Adding zero keeps "-0" out.
    let vector = |v: DVec3| format!("({},{},{})", v.x + 0.0, v.y + 0.0, v.z + 0.0);
    let directions: Vec<String> = (0..3).map(|axis| vector(grid.direction.col(axis) * grid.spacing[axis])).collect();
    let [nx, ny, nz] = grid.size;
    format!(
        "NRRD0004\n\
         # Format: http://teem.sourceforge.net/nrrd/format.html\n\
         content: {}\n\
         type: {}\n\
         dimension: 3\n\
         space: left-posterior-superior\n\
         sizes: {nx} {ny} {nz}\n\
         space directions: {}\n\
         kinds: domain domain domain\n\
         endian: little\n\
         encoding: {}\n\
         space units: \"mm\" \"mm\" \"mm\"\n\
         space origin: {}\n\n",
        description.text,
        T::NRRD_TYPE,
        directions.join(" "),
        match encoding {
            NrrdEncoding::Raw => "raw",
            NrrdEncoding::Gzip => "gzip",
        },
        vector(grid.origin)
    )
}
