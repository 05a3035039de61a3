//! Reading RT Dose objects.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use glam::DVec3;

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{
        dicom::dataset::{Contents, DataSet, PixelBytes},
        image::{
            ImageRead,
            geometry::{checked_size, grid_from_steps},
        },
        memory,
    },
    volume::Volume,
};

/// Largest difference between two distances of planes, relative to them, that is taken as rounding.
const UNEVEN: f64 = 1.0e-3;
/// Largest distance of the first frame offset from 0, or from the z of the position, mm.
const SAME_PLACE: f64 = 1.0e-3;

/// What an RT Dose file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct RtDoseRead {
    /// Values in Gy with scaling applied, and what the reader wants to be known.
    pub image: ImageRead<f32>,
    /// PHYSICAL, EFFECTIVE or ERROR.
    pub dose_type: String,
    /// DoseSummationType.
    pub summation: String,
    /// DoseComment; empty if there is none.
    pub comment: String,
    /// Frame of reference; empty if there is none.
    pub frame_of_reference_uid: String,
    /// Study of the object; empty if there is none, as the next two.
    pub study_uid: String,
    /// Series of the object.
    pub series_uid: String,
    /// The object itself.
    pub instance_uid: String,
    /// RT Plan that is referred to; empty if there is none.
    pub plan_uid: String,
    /// DoseGridScaling, Gy.
    pub scaling: f64,
    /// Bits per voxel.
    pub bits: u16,
}

/// Reads an RT Dose of native (not compressed) little-endian pixels of 16 or 32 bits.
///
/// # Errors
/// [`Error::Io`] if the file cannot be opened; [`Error::Input`] with what was found and what was expected if it is no such object, is cut off
/// or damaged, has no dose in Gy, planes at uneven distances, or needs more memory than there is.
pub fn read_rt_dose(path: impl AsRef<Path>) -> Result<RtDoseRead> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let Some(contents) = Contents::read(path)? else {
        return Err(Error::input(format!("{name}: not a DICOM file; expected an RT Dose")));
    };
    let data = contents.parse()?;
    let set = Attributes { name: &name, data: &data };
    let syntax = &contents.syntax;
    let native = [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN];
    if !native.contains(&syntax.as_str()) {
        return Err(
            set.wrong(format!("the transfer syntax is {syntax}; expected implicit or explicit VR little endian: decompress the file"))
        );
    }
    let class = set.text(tags::SOP_CLASS_UID)?;
    if class != uids::RT_DOSE_STORAGE {
        return Err(set.wrong(format!("the SOP class is {class}; expected RT Dose ({})", uids::RT_DOSE_STORAGE)));
    }
    let units = set.text(tags::DOSE_UNITS)?;
    if units != "GY" {
        return Err(set.wrong(format!("DoseUnits is {units}; expected GY")));
    }
    let [scaling] = set.exactly(tags::DOSE_GRID_SCALING)?;
    if scaling <= 0.0 {
        return Err(set.wrong(format!("DoseGridScaling is {scaling}; expected a positive number")));
    }
    let mut notes = Vec::new();
    let grid = grid(&set, &mut notes)?;
    let bits = bits(&set)?;
    let values = values(&set, &grid, bits, scaling)?;
    let plan = data.first(tags::REFERENCED_RT_PLAN_SEQUENCE).and_then(|plan| plan.text(tags::REFERENCED_SOP_INSTANCE_UID));
    let optional = |tag| data.text(tag).unwrap_or_default();
    Ok(RtDoseRead {
        dose_type: set.text(tags::DOSE_TYPE)?,
        summation: set.text(tags::DOSE_SUMMATION_TYPE)?,
        comment: optional(tags::DOSE_COMMENT),
        frame_of_reference_uid: optional(tags::FRAME_OF_REFERENCE_UID),
        study_uid: optional(tags::STUDY_INSTANCE_UID),
        series_uid: optional(tags::SERIES_INSTANCE_UID),
        instance_uid: optional(tags::SOP_INSTANCE_UID),
        plan_uid: plan.unwrap_or_default(),
        scaling,
        bits,
        image: ImageRead { volume: Volume::new(grid, values), notes },
    })
}

/// The attributes of a file, with errors that name it.
struct Attributes<'a> {
    name: &'a str,
    data: &'a DataSet<'a>,
}

impl Attributes<'_> {
    fn wrong(&self, message: impl std::fmt::Display) -> Error {
        Error::input(format!("{}: {message}", self.name))
    }

    fn missing(&self, tag: Tag) -> Error {
        self.wrong(format!("the attribute {tag} is missing or not of its kind; an RT Dose needs it"))
    }

    fn text(&self, tag: Tag) -> Result<String> {
        self.data.text(tag).ok_or_else(|| self.missing(tag))
    }

    fn numbers(&self, tag: Tag) -> Result<Vec<f64>> {
        self.data.decimals(tag).ok_or_else(|| self.missing(tag))
    }

    fn exactly<const N: usize>(&self, tag: Tag) -> Result<[f64; N]> {
        let values = self.numbers(tag)?;
        <[f64; N]>::try_from(values).map_err(|found| self.wrong(format!("the attribute {tag} holds {} numbers; expected {N}", found.len())))
    }

    fn whole(&self, tag: Tag) -> Result<i64> {
        self.data.u16(tag).map(i64::from).ok_or_else(|| self.missing(tag))
    }
}

/// Bits per voxel, after checks that the pixels are whole unsigned grey values.
fn bits(set: &Attributes<'_>) -> Result<u16> {
    let bits = set.whole(tags::BITS_ALLOCATED)?;
    let stored = set.whole(tags::BITS_STORED)?;
    if ![16, 32].contains(&bits) || stored != bits {
        return Err(set.wrong(format!("BitsAllocated, BitsStored are {bits}, {stored}; expected 16 or 32 for both")));
    }
    let samples = set.whole(tags::SAMPLES_PER_PIXEL)?;
    if samples != 1 {
        return Err(set.wrong(format!("SamplesPerPixel is {samples}; expected 1")));
    }
    let sign = set.whole(tags::PIXEL_REPRESENTATION)?;
    if sign != 0 {
        return Err(set.wrong(format!("PixelRepresentation is {sign} (signed: a difference of doses); expected 0")));
    }
    Ok(bits as u16)
}

fn grid(set: &Attributes<'_>, notes: &mut Vec<String>) -> Result<VoxelGrid> {
    // A decimal without fraction; what is none makes a size that is refused.
    let frames = if set.data.has(tags::NUMBER_OF_FRAMES) { set.exactly::<1>(tags::NUMBER_OF_FRAMES)?[0] } else { 1.0 };
    let frames = if frames.fract() == 0.0 { frames as i64 } else { -1 };
    let size = checked_size(set.name, "Columns, Rows, NumberOfFrames", [set.whole(tags::COLUMNS)?, set.whole(tags::ROWS)?, frames])?;
    let origin = DVec3::from_array(set.exactly(tags::IMAGE_POSITION_PATIENT)?);
    let [rx, ry, rz, cx, cy, cz] = set.exactly(tags::IMAGE_ORIENTATION_PATIENT)?;
    let (row, column) = (DVec3::new(rx, ry, rz), DVec3::new(cx, cy, cz));
    let [between_rows, between_columns] = set.exactly(tags::PIXEL_SPACING)?;
    let normal = row.cross(column);
    let step = planes(set, size[2], origin, normal, notes)?;
    let columns = [row * between_columns, column * between_rows, normal * step];
    grid_from_steps(set.name, "PixelSpacing, ImageOrientationPatient, GridFrameOffsetVector", size, columns, origin)
}

/// How far the next plane is along the normal, mm; negative against it.
fn planes(set: &Attributes<'_>, count: u32, origin: DVec3, normal: DVec3, notes: &mut Vec<String>) -> Result<f64> {
    let thickness = || {
        let told = set.data.decimal(tags::SLICE_THICKNESS).filter(|thickness| *thickness > 0.0);
        told.ok_or_else(|| set.wrong("there is one plane and no SliceThickness; its extent is unknown"))
    };
    if count == 1 && !set.data.has(tags::GRID_FRAME_OFFSET_VECTOR) {
        return thickness();
    }
    let offsets = set.numbers(tags::GRID_FRAME_OFFSET_VECTOR)?;
    if offsets.len() != count as usize {
        return Err(set.wrong(format!("GridFrameOffsetVector has {} entries for {count} frames", offsets.len())));
    }
    // Type a counts from the first plane; type b, for axial planes alone, holds their z (PS3.3, C.8.8.3.2).
    let first = offsets[0];
    let axial = normal.abs_diff_eq(DVec3::Z, 1.0e-4) || normal.abs_diff_eq(-DVec3::Z, 1.0e-4);
    let absolute = first.abs() > SAME_PLACE;
    if absolute && !(axial && (first - origin.z).abs() <= SAME_PLACE) {
        return Err(set.wrong(format!(
            "GridFrameOffsetVector begins with {first} mm; expected 0, or for axial planes the z of ImagePositionPatient, {} mm",
            origin.z
        )));
    }
    if absolute {
        notes.push("GridFrameOffsetVector holds the z of planes (not their distance from the first)".to_owned());
    }
    // As z it counts along the patient's axis, whatever the normal.
    let sign = if absolute { normal.z.signum() } else { 1.0 };
    if count == 1 {
        return thickness();
    }
    let step = (offsets[offsets.len() - 1] - first) / f64::from(count - 1);
    let uneven = offsets.windows(2).position(|pair| (pair[1] - pair[0] - step).abs() > UNEVEN * step.abs());
    if let Some(at) = uneven {
        return Err(set.wrong(format!(
            "the planes are not evenly spaced: {} mm between planes {at} and {} (from 0), {step} mm on average; resample the dose",
            offsets[at + 1] - offsets[at],
            at + 1
        )));
    }
    Ok(sign * step)
}

/// The voxels, Gy; nothing is allocated before it is certain that they are there and that the memory is.
fn values(set: &Attributes<'_>, grid: &VoxelGrid, bits: u16, scaling: f64) -> Result<Vec<f32>> {
    let bytes = match set.data.pixel_bytes() {
        Some(PixelBytes::Native(bytes)) => bytes,
        Some(PixelBytes::Fragments(_)) => return Err(set.wrong("PixelData is compressed; decompress the file")),
        None => return Err(set.missing(tags::PIXEL_DATA)),
    };
    let size = usize::from(bits) / 8;
    let voxels = grid.size.iter().map(|&n| u64::from(n)).product::<u64>();
    if bytes.len() as u64 != voxels.saturating_mul(size as u64) {
        return Err(set.wrong(format!("PixelData has {} bytes for {voxels} voxels of {bits} bits", bytes.len())));
    }
    memory::check(set.name, voxels * 4)?;
    let value = |stored: u32| (f64::from(stored) * scaling) as f32;
    let data: Vec<f32> = match size {
        2 => bytes.as_chunks().0.iter().map(|raw| value(u16::from_le_bytes(*raw).into())).collect(),
        _ => bytes.as_chunks().0.iter().map(|raw| value(u32::from_le_bytes(*raw))).collect(),
    };
    if data.iter().any(|value| !value.is_finite()) {
        return Err(set.wrong(format!("DoseGridScaling {scaling} gives doses beyond single precision")));
    }
    Ok(data)
}
