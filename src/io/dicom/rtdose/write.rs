//! Writing RT Dose objects.

use std::path::Path;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR, value::DataSetSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{InMemDicomObject, meta::FileMetaTableBuilder};
use sha2::{Digest, Sha256};

use super::{
    order::in_display_order,
    patient::PatientContext,
    scaling::{Bits, DoseScaling, decimal_string},
    uid::derived_uid,
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::atomic::AtomicFile,
    volume::Volume,
};

/// Longest value of a DICOM attribute with 32-bit length, bytes.
const MAX_PIXEL_BYTES: u64 = u32::MAX as u64 - 1;
/// Names this program as the writer; made once from a UUID.
const IMPLEMENTATION: &str = "2.25.294533484088909104644046235560030917048";

/// What an RT Dose holds; each is a series of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DoseQuantity {
    /// Absorbed dose to medium; DICOM's PHYSICAL.
    Dose,
    /// Biologically effective dose; EFFECTIVE.
    Bed,
    /// Equieffective dose in 2-Gy fractions; EFFECTIVE.
    Eqd2,
}

impl DoseQuantity {
    /// Names in plans and of files.
    pub const NAMES: [(&'static str, Self); 3] = [("dose", Self::Dose), ("bed", Self::Bed), ("eqd2", Self::Eqd2)];

    /// In plans and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dose => "dose",
            Self::Bed => "bed",
            Self::Eqd2 => "eqd2",
        }
    }

    /// In words, for comments and series.
    pub fn words(self) -> &'static str {
        match self {
            Self::Dose => "absorbed dose to medium",
            Self::Bed => "BED",
            Self::Eqd2 => "EQD2",
        }
    }

    fn dose_type(self) -> &'static str {
        match self {
            Self::Dose => "PHYSICAL",
            Self::Bed | Self::Eqd2 => "EFFECTIVE",
        }
    }

    fn series_number(self) -> u32 {
        match self {
            Self::Dose => 1,
            Self::Bed => 2,
            Self::Eqd2 => 3,
        }
    }
}

/// What all RT Dose objects of a run share.
#[derive(Debug, Clone, PartialEq)]
pub struct RtDoseStudy {
    /// Patient, study and frame of reference of the input; what is empty is derived or left empty.
    pub patient: PatientContext,
    /// Fingerprint of the run; the UIDs of plan and series (and study, where the input has none) follow from it.
    pub run_digest: String,
    /// Fingerprint of the phantom; the UID of the frame of reference follows from it where the input has none.
    pub phantom_digest: String,
    /// One for all.
    pub scaling: DoseScaling,
}

/// An RT Dose to be written.
#[derive(Debug, Clone, Copy)]
pub struct RtDose<'a> {
    /// What it shares with the others.
    pub study: &'a RtDoseStudy,
    /// What it holds.
    pub quantity: DoseQuantity,
    /// For people: which fraction, which nuclides; [`RtDose::MAX_COMMENT`] characters at most, the rest is cut.
    pub comment: &'a str,
    /// Number within its series, from 1.
    pub instance: u32,
    /// The values, Gy; on any grid.
    pub volume: &'a Volume<f32>,
}

impl RtDose<'_> {
    /// Longest comment, characters: a Long String.
    pub const MAX_COMMENT: usize = 64;
}

impl RtDoseStudy {
    fn study_uid(&self) -> String {
        given_or(&self.patient.study_uid, || derived_uid("study", &self.run_digest))
    }

    fn frame_of_reference_uid(&self) -> String {
        given_or(&self.patient.frame_of_reference_uid, || derived_uid("frame of reference", &self.phantom_digest))
    }

    /// The RT Plan that all doses refer to. It is not written: radiopharmaceuticals have no RT Plan, but the reference is mandatory.
    pub fn plan_uid(&self) -> String {
        derived_uid("plan", &self.run_digest)
    }

    fn series_uid(&self, quantity: DoseQuantity) -> String {
        derived_uid(&format!("series {}", quantity.name()), &self.run_digest)
    }
}

fn given_or(given: &str, derive: impl FnOnce() -> String) -> String {
    if given.is_empty() { derive() } else { given.to_owned() }
}

/// Writes an RT Dose, explicit VR little endian, atomically. Values below zero are stored as 0.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] if the grid has more voxels than one object can hold.
pub fn write_rt_dose(path: impl AsRef<Path>, dose: &RtDose<'_>) -> Result<()> {
    let path = path.as_ref();
    let bits = dose.study.scaling.bits();
    let bytes = dose.volume.data.len() as u64 * u64::from(u16::from(bits)) / 8;
    if bytes > MAX_PIXEL_BYTES {
        return Err(Error::input(format!(
            "{}: {bytes} bytes of voxels are more than a DICOM object can hold ({MAX_PIXEL_BYTES}); write 16 bits or fewer voxels",
            path.display()
        )));
    }
    let shown = in_display_order(dose.volume);
    let pixels = pixels(&shown.data, &dose.study.scaling);
    let object = object(dose, &shown.grid, pixels);
    let name = || path.display();
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .implementation_class_uid(IMPLEMENTATION)
        .implementation_version_name(concat!("DOSAIC ", env!("CARGO_PKG_VERSION")));
    let file = object.with_meta(meta).map_err(|error| Error::input(format!("{}: {error}", name())))?;
    let mut out = AtomicFile::create(path)?;
    file.write_all(&mut out).map_err(|error| Error::io(path)(std::io::Error::other(error)))?;
    out.commit()
}

fn pixels(values: &[f32], scaling: &DoseScaling) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * usize::from(u16::from(scaling.bits())) / 8);
    for &value in values {
        let stored = scaling.quantise(value);
        match scaling.bits() {
            Bits::Sixteen => bytes.extend((stored as u16).to_le_bytes()),
            Bits::ThirtyTwo => bytes.extend(stored.to_le_bytes()),
        }
    }
    bytes
}

/// The data set; attributes in the order of their modules, which the writer sorts by tag.
fn object(dose: &RtDose<'_>, grid: &VoxelGrid, pixels: Vec<u8>) -> InMemDicomObject {
    let RtDoseStudy { patient, scaling, .. } = dose.study;
    let comment: String = dose.comment.chars().take(RtDose::MAX_COMMENT).collect();
    let numbers = |values: &[f64]| values.iter().map(|&x| decimal_string(x)).collect::<Vec<_>>().join("\\");
    let position = numbers(&grid.origin.to_array());
    let mut hasher = Sha256::new();
    for part in [dose.quantity.name(), &comment, &position, scaling.text()] {
        hasher.update(part);
        hasher.update([0]);
    }
    let content: String = hasher.chain_update(&pixels).finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let series = dose.study.series_uid(dose.quantity);

    let mut set = InMemDicomObject::new_empty();
    let mut text = |tag: Tag, vr: VR, value: &str| {
        set.put(DataElement::new(tag, vr, if value.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(value) }));
    };
    // SOP common.
    text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    text(tags::SOP_CLASS_UID, VR::UI, uids::RT_DOSE_STORAGE);
    text(tags::SOP_INSTANCE_UID, VR::UI, &derived_uid(&format!("object of {series}"), &content));
    // Patient and study.
    text(tags::PATIENT_NAME, VR::PN, &patient.patient_name);
    text(tags::PATIENT_ID, VR::LO, &patient.patient_id);
    text(tags::PATIENT_BIRTH_DATE, VR::DA, &patient.birth_date);
    text(tags::PATIENT_SEX, VR::CS, &patient.sex);
    text(tags::STUDY_INSTANCE_UID, VR::UI, &dose.study.study_uid());
    text(tags::STUDY_DATE, VR::DA, &patient.study_date);
    text(tags::STUDY_TIME, VR::TM, &patient.study_time);
    text(tags::STUDY_ID, VR::SH, &given_or(&patient.study_id, || "dosaic".into()));
    text(tags::ACCESSION_NUMBER, VR::SH, &patient.accession_number);
    text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, &patient.referring_physician);
    // RT series, frame of reference, equipment.
    text(tags::MODALITY, VR::CS, "RTDOSE");
    text(tags::SERIES_INSTANCE_UID, VR::UI, &series);
    text(tags::SERIES_NUMBER, VR::IS, &dose.quantity.series_number().to_string());
    text(tags::SERIES_DESCRIPTION, VR::LO, &format!("dosaic {}", dose.quantity.words()));
    text(tags::OPERATORS_NAME, VR::PN, "");
    text(tags::FRAME_OF_REFERENCE_UID, VR::UI, &dose.study.frame_of_reference_uid());
    text(tags::POSITION_REFERENCE_INDICATOR, VR::LO, &patient.position_reference);
    text(tags::MANUFACTURER, VR::LO, "dosaic");
    text(tags::MANUFACTURER_MODEL_NAME, VR::LO, "dosaic");
    text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"));
    // Image plane and multi-frame.
    let direction = grid.direction.to_cols_array();
    text(tags::INSTANCE_NUMBER, VR::IS, &dose.instance.to_string());
    text(tags::IMAGE_POSITION_PATIENT, VR::DS, &position);
    text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &numbers(&direction[..6]));
    // The distance of rows (along a column) comes first.
    text(tags::PIXEL_SPACING, VR::DS, &numbers(&[grid.spacing.y, grid.spacing.x]));
    text(tags::SLICE_THICKNESS, VR::DS, &decimal_string(grid.spacing.z));
    text(tags::NUMBER_OF_FRAMES, VR::IS, &grid.size[2].to_string());
    text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    // RT Dose.
    text(tags::DOSE_UNITS, VR::CS, "GY");
    text(tags::DOSE_TYPE, VR::CS, dose.quantity.dose_type());
    text(tags::DOSE_COMMENT, VR::LO, &comment);
    text(tags::DOSE_SUMMATION_TYPE, VR::CS, "PLAN");
    let offsets: Vec<f64> = (0..grid.size[2]).map(|k| f64::from(k) * grid.spacing.z).collect();
    text(tags::GRID_FRAME_OFFSET_VECTOR, VR::DS, &numbers(&offsets));
    text(tags::DOSE_GRID_SCALING, VR::DS, scaling.text());

    let bits = u16::from(scaling.bits());
    for (tag, value) in [
        (tags::ROWS, grid.size[1] as u16),
        (tags::COLUMNS, grid.size[0] as u16),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, bits),
        (tags::BITS_STORED, bits),
        (tags::HIGH_BIT, bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    set.put(DataElement::new(tags::FRAME_INCREMENT_POINTER, VR::AT, PrimitiveValue::from(tags::GRID_FRAME_OFFSET_VECTOR)));
    let mut plan = InMemDicomObject::new_empty();
    plan.put(DataElement::new(tags::REFERENCED_SOP_CLASS_UID, VR::UI, PrimitiveValue::from(uids::RT_PLAN_STORAGE)));
    plan.put(DataElement::new(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, PrimitiveValue::from(dose.study.plan_uid())));
    set.put(DataElement::new(tags::REFERENCED_RT_PLAN_SEQUENCE, VR::SQ, DataSetSequence::from(vec![plan])));
    set.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U8(pixels.into())));
    set
}
