//! Reading RT Dose objects.

use std::path::Path;

use dicom_core::{PrimitiveValue, Tag, value::Value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileDicomObject, InMemDicomObject, OpenFileOptions};
use glam::DVec3;

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::image::{ImageRead, checked_size, grid_from_steps},
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
    /// Study and series of the object.
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
    let length = std::fs::metadata(path).map_err(Error::io(path))?.len();
    let object = OpenFileOptions::new()
        .open_file(path)
        .map_err(|error| Error::input(format!("{name}: cannot be read as DICOM: {}", with_causes(&error))))?;
    let set = Attributes { name: &name, object: &object };
    let syntax = object.meta().transfer_syntax().trim_end_matches('\0').trim();
    if ![uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN].contains(&syntax) {
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
    let scaling = set.number(tags::DOSE_GRID_SCALING)?;
    if !(scaling.is_finite() && scaling > 0.0) {
        return Err(set.wrong(format!("DoseGridScaling is {scaling}; expected a positive number")));
    }
    let mut notes = Vec::new();
    let grid = grid(&set, &mut notes)?;
    let bits = bits(&set)?;
    let voxels = grid.len() as u64;
    if voxels.saturating_mul(u64::from(bits) / 8) > length {
        return Err(set.wrong(format!("{voxels} voxels of {bits} bits are more than the {length} bytes of the file can hold")));
    }
    crate::io::memory::check(&name, voxels.saturating_mul(8))?;
    let data = values(&set, grid.len(), bits, scaling)?;
    let plan = match set.object.get(tags::REFERENCED_RT_PLAN_SEQUENCE).and_then(|sequence| sequence.items()) {
        Some([first, ..]) => first.get(tags::REFERENCED_SOP_INSTANCE_UID).and_then(|uid| uid.to_str().ok()),
        _ => None,
    };
    let plan_uid = plan.map(|uid| trimmed(&uid)).unwrap_or_default();
    Ok(RtDoseRead {
        dose_type: set.text(tags::DOSE_TYPE)?,
        summation: set.text(tags::DOSE_SUMMATION_TYPE)?,
        comment: set.optional(tags::DOSE_COMMENT),
        frame_of_reference_uid: set.optional(tags::FRAME_OF_REFERENCE_UID),
        study_uid: set.optional(tags::STUDY_INSTANCE_UID),
        series_uid: set.optional(tags::SERIES_INSTANCE_UID),
        instance_uid: set.optional(tags::SOP_INSTANCE_UID),
        plan_uid,
        scaling,
        bits,
        image: ImageRead { volume: Volume::new(grid, data), notes },
    })
}

/// An error and what led to it: the library's own text says only the outermost step.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

fn trimmed(text: &str) -> String {
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
}

/// Typed access to the attributes of a file.
struct Attributes<'a> {
    name: &'a str,
    object: &'a FileDicomObject<InMemDicomObject>,
}

impl Attributes<'_> {
    fn wrong(&self, message: impl std::fmt::Display) -> Error {
        Error::input(format!("{}: {message}", self.name))
    }

    fn missing(&self, tag: Tag) -> Error {
        self.wrong(format!("the attribute {tag} is missing or not of its kind; an RT Dose needs it"))
    }

    fn optional(&self, tag: Tag) -> String {
        self.object.get(tag).and_then(|element| element.to_str().ok()).map(|text| trimmed(&text)).unwrap_or_default()
    }

    fn text(&self, tag: Tag) -> Result<String> {
        Some(self.optional(tag)).filter(|text| !text.is_empty()).ok_or_else(|| self.missing(tag))
    }

    fn number(&self, tag: Tag) -> Result<f64> {
        self.object.get(tag).and_then(|element| element.to_float64().ok()).ok_or_else(|| self.missing(tag))
    }

    fn numbers(&self, tag: Tag) -> Result<Vec<f64>> {
        let values = self.object.get(tag).and_then(|element| element.to_multi_float64().ok()).ok_or_else(|| self.missing(tag))?;
        if values.iter().all(|x| x.is_finite()) {
            Ok(values)
        } else {
            Err(self.wrong(format!("the attribute {tag} holds {values:?}; expected finite numbers")))
        }
    }

    fn exactly<const N: usize>(&self, tag: Tag) -> Result<[f64; N]> {
        let values = self.numbers(tag)?;
        <[f64; N]>::try_from(values).map_err(|found| self.wrong(format!("the attribute {tag} holds {} numbers; expected {N}", found.len())))
    }

    fn whole(&self, tag: Tag) -> Result<i64> {
        self.object.get(tag).and_then(|element| element.to_int().ok()).ok_or_else(|| self.missing(tag))
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
    let frames = if set.object.get(tags::NUMBER_OF_FRAMES).is_some() { set.whole(tags::NUMBER_OF_FRAMES)? } else { 1 };
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
        set.number(tags::SLICE_THICKNESS)
            .ok()
            .filter(|t| t.is_finite() && *t > 0.0)
            .ok_or_else(|| set.wrong("there is one plane and no SliceThickness; its extent is unknown"))
    };
    if count == 1 && set.object.get(tags::GRID_FRAME_OFFSET_VECTOR).is_none() {
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

fn values(set: &Attributes<'_>, voxels: usize, bits: u16, scaling: f64) -> Result<Vec<f32>> {
    let pixels = set.object.get(tags::PIXEL_DATA).ok_or_else(|| set.missing(tags::PIXEL_DATA))?;
    let words: Vec<u16> = match pixels.value() {
        Value::Primitive(PrimitiveValue::U16(words)) => words.to_vec(),
        Value::Primitive(PrimitiveValue::U8(bytes)) => bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
        _ => return Err(set.wrong("PixelData is compressed or of a type other than OW and OB")),
    };
    let per_voxel = usize::from(bits) / 16;
    if words.len() != voxels * per_voxel {
        return Err(set.wrong(format!("PixelData has {} bytes for {voxels} voxels of {bits} bits", 2 * words.len())));
    }
    let value = |stored: u32| (f64::from(stored) * scaling) as f32;
    let data: Vec<f32> = match per_voxel {
        1 => words.iter().map(|&word| value(word.into())).collect(),
        _ => words.as_chunks::<2>().0.iter().map(|[low, high]| value(u32::from(*low) | u32::from(*high) << 16)).collect(),
    };
    if data.iter().any(|value| !value.is_finite()) {
        return Err(set.wrong(format!("DoseGridScaling {scaling} gives doses beyond single precision")));
    }
    Ok(data)
}
