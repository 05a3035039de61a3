//! NIfTI-1 and NIfTI-2 in one file (`.nii`, `.nii.gz`): the header.
//!
//! Field offsets and meanings follow `nifti1.h` and `nifti2.h` of the NIfTI working group.

use glam::{DMat3, DVec3, DVec4};

use super::{
    geometry::{checked_size, corner_distance, flip_xy, grid_from_steps, shortest},
    pixel::{Encoding, Scalar},
    stream::Source,
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
};

/// Length of the header, and the value of its first field.
const NIFTI1: usize = 348;
const NIFTI2: usize = 540;
/// A quaternion with 1 - (b2 + c2 + d2) below this is a half turn (as in niftilib: single precision cannot tell).
const HALF_TURN: f64 = 1.0e-7;
/// Largest relative difference between a voxel spacing in `pixdim` and in the `sform`.
const SPACING_TOLERANCE: f64 = 1.0e-3;

/// What a header says, checked.
pub(super) struct Header {
    pub(super) grid: VoxelGrid,
    pub(super) encoding: Encoding,
    pub(super) notes: Vec<String>,
}

/// The two layouts, by their offsets.
struct Layout {
    bytes: Vec<u8>,
    big_endian: bool,
    nifti2: bool,
}

impl Layout {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut raw = [0; N];
        raw.copy_from_slice(&self.bytes[at..at + N]);
        if self.big_endian {
            raw.reverse();
        }
        raw
    }

    fn i16(&self, at: usize) -> i64 {
        i16::from_le_bytes(self.array(at)).into()
    }

    /// A code: 16 bits in NIfTI-1 at `at1`, 32 bits in NIfTI-2 at `at2`.
    fn code(&self, at1: usize, at2: usize) -> i64 {
        if self.nifti2 { i32::from_le_bytes(self.array(at2)).into() } else { self.i16(at1) }
    }

    /// Entry `n` of a list of real numbers: single precision in NIfTI-1, double in NIfTI-2.
    fn real(&self, at1: usize, at2: usize, n: usize) -> f64 {
        if self.nifti2 { f64::from_le_bytes(self.array(at2 + 8 * n)) } else { shortest(f32::from_le_bytes(self.array(at1 + 4 * n))) }
    }

    fn dim(&self, n: usize) -> i64 {
        if self.nifti2 { i64::from_le_bytes(self.array(16 + 8 * n)) } else { self.i16(40 + 2 * n) }
    }

    fn pixdim(&self, n: usize) -> f64 {
        self.real(76, 104, n)
    }
}

/// Reads the header; `source` is then at the first voxel.
pub(super) fn read_header(source: &mut Source) -> Result<Header> {
    let name = source.name();
    let layout = read_layout(source)?;
    let size = read_size(&name, &layout)?;
    let encoding = read_encoding(&name, &layout)?;

    // Voxels begin after the header and the 4 bytes that announce extensions.
    let first = layout.bytes.len() + 4;
    let offset = if layout.nifti2 { i64::from_le_bytes(layout.array(168)) as f64 } else { layout.real(108, 0, 0) };
    let usable = offset >= first as f64 && offset.fract() == 0.0 && offset < 9.0e15;
    if !usable {
        return Err(Error::input(format!("{name}: vox_offset is {offset}; expected a whole number of bytes from {first} on")));
    }
    let mut notes = Vec::new();
    let grid = read_grid(&name, &layout, size, &mut notes)?;
    source.skip(offset as u64 - layout.bytes.len() as u64, "the header's extensions (up to vox_offset)")?;
    Ok(Header { grid, encoding, notes })
}

fn read_layout(source: &mut Source) -> Result<Layout> {
    let mut start = [0; 4];
    source.read_exact(&mut start, "the NIfTI header")?;
    let (little, big) = (i32::from_le_bytes(start), i32::from_be_bytes(start));
    let found = [(little, false), (big, true)].into_iter().find(|&(n, _)| n == NIFTI1 as i32 || n == NIFTI2 as i32);
    let Some((length, big_endian)) = found else {
        return Err(Error::input(format!(
            "{}: not a NIfTI file: bytes 0 to 3 (sizeof_hdr) are {start:?} = {little}; expected {NIFTI1} (NIfTI-1) or {NIFTI2} (NIfTI-2)",
            source.name()
        )));
    };
    let mut bytes = vec![0; length as usize];
    bytes[..4].copy_from_slice(&start);
    source.read_exact(&mut bytes[4..], "the NIfTI header")?;
    let nifti2 = bytes.len() == NIFTI2;
    let (at, magic): (usize, &[u8]) = if nifti2 { (4, b"n+2\0\r\n\x1a\n") } else { (344, b"n+1\0") };
    let found = &bytes[at..at + magic.len()];
    if found != magic {
        let (name, [found, magic]) = (source.name(), [found, magic].map(|text| text.escape_ascii().to_string()));
        return Err(Error::input(if found.starts_with("ni1") || found.starts_with("ni2") {
            format!("{name}: the header of a .hdr/.img pair (magic `{found}`); expected a single file, .nii or .nii.gz: convert it")
        } else {
            format!("{name}: the magic at byte {at} is `{found}`; expected `{magic}`")
        }));
    }
    Ok(Layout { bytes, big_endian, nifti2 })
}

fn read_size(name: &str, layout: &Layout) -> Result<[u32; 3]> {
    let rank = layout.dim(0);
    if !(3..=7).contains(&rank) {
        return Err(Error::input(format!("{name}: dim[0] is {rank}; expected 3 for a volume")));
    }
    for n in 4..=rank as usize {
        let extent = layout.dim(n);
        if extent != 1 {
            let what = if n == 4 { "frames" } else { "components" };
            return Err(Error::input(format!("{name}: dim[{n}] is {extent} {what}; expected one volume: extract the one to use")));
        }
    }
    checked_size(name, "dim[1..3]", [layout.dim(1), layout.dim(2), layout.dim(3)])
}

fn read_encoding(name: &str, layout: &Layout) -> Result<Encoding> {
    let (datatype, bitpix) = if layout.nifti2 { (layout.i16(12), layout.i16(14)) } else { (layout.i16(70), layout.i16(72)) };
    let scalar = match datatype {
        2 => Scalar::U8,
        4 => Scalar::I16,
        8 => Scalar::I32,
        16 => Scalar::F32,
        64 => Scalar::F64,
        256 => Scalar::I8,
        512 => Scalar::U16,
        768 => Scalar::U32,
        1024 => Scalar::I64,
        1280 => Scalar::U64,
        other => {
            let what = match other {
                1 => " (single bits)",
                32 | 1792 | 2048 => " (complex numbers)",
                128 | 2304 => " (colours)",
                1536 => " (128-bit reals)",
                _ => "",
            };
            return Err(Error::input(format!("{name}: datatype is {other}{what}; expected integers or reals of 8 to 64 bits")));
        }
    };
    let bits = 8 * scalar.size() as i64;
    if bitpix != bits {
        return Err(Error::input(format!("{name}: bitpix is {bitpix}; expected {bits} for datatype {datatype}")));
    }
    // A slope of 0 means "not scaled"; nibabel writes and reads NaN in the same sense.
    let (slope, intercept) = (layout.real(112, 176, 0), layout.real(116, 184, 0));
    let (slope, intercept) = if slope == 0.0 || slope.is_nan() { (1.0, 0.0) } else { (slope, intercept) };
    if !(slope.is_finite() && intercept.is_finite()) {
        return Err(Error::input(format!("{name}: scl_slope, scl_inter are {slope}, {intercept}; expected finite numbers")));
    }
    Ok(Encoding { scalar, big_endian: layout.big_endian, slope, intercept })
}

fn read_grid(name: &str, layout: &Layout, size: [u32; 3], notes: &mut Vec<String>) -> Result<VoxelGrid> {
    let units = if layout.nifti2 { i32::from_le_bytes(layout.array(500)) } else { layout.bytes[123].into() };
    // Dividing keeps decimals: 3 / 1000 is the number nearest to 0.003, 3 * 0.001 need not be.
    let (factor, divisor) = match units & 7 {
        0 => {
            notes.push("the unit of length is not given (xyzt_units); taken as mm".to_owned());
            (1.0, 1.0)
        }
        1 => (1000.0, 1.0),
        2 => (1.0, 1.0),
        3 => (1.0, 1000.0),
        other => return Err(Error::input(format!("{name}: xyzt_units has the unit of length {other}; expected 1 (m), 2 (mm) or 3 (um)"))),
    };
    let mm = |v: DVec3| v * factor / divisor;

    let spacing = DVec3::new(layout.pixdim(1), layout.pixdim(2), layout.pixdim(3));
    if !(spacing.is_finite() && spacing.cmpgt(DVec3::ZERO).all()) {
        return Err(Error::input(format!("{name}: pixdim[1..3] are {spacing}; expected three positive voxel spacings")));
    }
    let (qform_code, sform_code) = (layout.code(252, 344), layout.code(254, 348));
    for (field, code) in [("qform_code", qform_code), ("sform_code", sform_code)] {
        if !(0..=5).contains(&code) {
            return Err(Error::input(format!("{name}: {field} is {code}; expected 0 to 5")));
        }
    }
    let qform = || {
        let (axes, origin) = read_qform(name, layout)?;
        let columns = [0, 1, 2].map(|axis| mm(flip_xy(axes.col(axis) * spacing[axis])));
        grid_from_steps(name, "qform", size, columns, mm(flip_xy(origin)))
    };
    if sform_code == 0 {
        if qform_code == 0 {
            return Err(Error::input(format!(
                "{name}: qform_code and sform_code are 0, so left and right are not known; expected an image with orientation: \
                 set the sform (e.g. with nibabel) after checking the side"
            )));
        }
        return qform();
    }
    let rows = [0, 1, 2].map(|row| DVec4::from_array([0, 1, 2, 3].map(|n| layout.real(280 + 16 * row, 400 + 32 * row, n))));
    let column = |n: usize| DVec3::new(rows[0][n], rows[1][n], rows[2][n]);
    let mut grid = grid_from_steps(name, "sform", size, [0, 1, 2].map(|n| mm(flip_xy(column(n)))), mm(flip_xy(column(3))))?;
    for axis in 0..3 {
        let (pixdim, step) = (mm(spacing)[axis], grid.spacing[axis]);
        if (pixdim - step).abs() > SPACING_TOLERANCE * step {
            return Err(Error::input(format!(
                "{name}: pixdim[{n}] says {pixdim} mm, the sform {step} mm between voxels along axis {n}; expected the same, \
                 programs differ in which one they use",
                n = axis + 1
            )));
        }
        // Equal but for the rounding of an oblique step: the spacing as it was written is the better number.
        if (pixdim - step).abs() <= 1.0e-6 * step {
            grid.spacing[axis] = pixdim;
        }
    }
    if qform_code != 0 {
        // The sform counts; a qform that says otherwise is worth a remark, no more.
        match qform() {
            Ok(other) => {
                let apart = corner_distance(&grid, &other);
                if apart > 0.5 * grid.min_spacing() {
                    notes.push(format!("sform and qform place corners up to {apart:.3} mm apart; the sform was used"));
                }
            }
            Err(error) => notes.push(format!("the qform was not used: {error}")),
        }
    }
    Ok(grid)
}

/// Axes (columns, RAS) and position of the first voxel (header units, RAS) from the quaternion.
fn read_qform(name: &str, layout: &Layout) -> Result<(DMat3, DVec3)> {
    let real = |n| layout.real(256, 352, n);
    let (b, c, d) = (real(0), real(1), real(2));
    let square = b * b + c * c + d * d;
    let valid = square <= 1.0 + 1.0e-4;
    if !valid {
        return Err(Error::input(format!("{name}: quatern_b, c, d are {b}, {c}, {d}; expected the squares to sum to 1 at most")));
    }
    let rest = 1.0 - square;
    let turn = if rest < HALF_TURN {
        let length = square.sqrt();
        glam::DQuat::from_xyzw(b / length, c / length, d / length, 0.0)
    } else {
        glam::DQuat::from_xyzw(b, c, d, rest.sqrt())
    };
    let mut axes = DMat3::from_quat(turn);
    // pixdim[0] is "qfac": -1 turns the third axis round.
    if layout.pixdim(0) < 0.0 {
        axes.z_axis = -axes.z_axis;
    }
    Ok((axes, DVec3::new(real(3), real(4), real(5))))
}
