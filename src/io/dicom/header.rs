//! What a file says about itself and about where its pixels are.

use std::path::{Path, PathBuf};

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use glam::DVec3;

use super::dataset::{Contents, DataSet};
use crate::error::{Error, Result};

/// What kind of object a series holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// CT, one slice per file or several frames.
    Ct,
    /// PET.
    Pet,
    /// Nuclear medicine.
    Nm,
    /// Contours.
    Structures,
    /// Segmentation.
    Segmentation,
    /// Anything else; never chosen by itself.
    Other,
}

/// The header of one file.
#[derive(Debug, Clone)]
pub struct Header {
    /// The file.
    pub path: PathBuf,
    /// By SOP class; by modality where that is missing.
    pub kind: Kind,
    /// E.g. "CT"; empty if missing.
    pub modality: String,
    /// SeriesInstanceUID.
    pub series: Option<String>,
    /// StudyInstanceUID.
    pub study: Option<String>,
    /// FrameOfReferenceUID; of a structure set the one its contours refer to.
    pub frame_of_reference: Option<String>,
    /// SeriesDescription (of a structure set its label, where it has none).
    pub description: String,
    /// SeriesNumber.
    pub number: Option<i64>,
    /// PatientName.
    pub patient: Option<String>,
    /// Rows and columns; zero where there are no pixels.
    pub size: [u32; 2],
    /// NumberOfFrames.
    pub frames: u32,
    /// Where the pixels are, as far as the top level says.
    pub plane: Option<Plane>,
    /// Names of contoured regions or segments with their numbers.
    pub regions: Vec<(u32, String)>,
    /// The transfer syntax UID.
    pub syntax: String,
}

/// Position of a slice: image row, column and pixel spacing in the patient frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// Centre of the first pixel, mm, LPS.
    pub position: DVec3,
    /// Unit vector along a row (increasing column index).
    pub along_row: DVec3,
    /// Unit vector along a column (increasing row index).
    pub along_column: DVec3,
    /// Distance of columns, distance of rows, mm.
    pub spacing: [f64; 2],
}

impl Plane {
    /// The normal, so that row, column and normal are right-handed.
    pub fn normal(&self) -> DVec3 {
        self.along_row.cross(self.along_column).normalize()
    }

    /// From the attributes of a data set (or of the functional groups that hold them).
    pub(super) fn of(position: &DataSet<'_>, orientation: &DataSet<'_>, measures: &DataSet<'_>) -> Option<Self> {
        let at = position.decimal_array::<3>(tags::IMAGE_POSITION_PATIENT)?;
        let [a, b, c, d, e, f] = orientation.decimal_array::<6>(tags::IMAGE_ORIENTATION_PATIENT)?;
        // Row spacing comes first: the distance of rows.
        let [rows, columns] = measures.decimal_array::<2>(tags::PIXEL_SPACING)?;
        Some(Self {
            position: DVec3::from(at),
            along_row: DVec3::new(a, b, c),
            along_column: DVec3::new(d, e, f),
            spacing: [columns, rows],
        })
    }
}

impl Header {
    /// Reads the header of a file; `None` if it is no DICOM file, or an index of files (DICOMDIR).
    ///
    /// # Errors
    /// As [`Contents::read`] and [`Contents::parse`].
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let Some(contents) = Contents::read(path)? else { return Ok(None) };
        let data = contents.parse()?;
        if data.has(tags::DIRECTORY_RECORD_SEQUENCE) {
            return Ok(None);
        }
        Ok(Some(Self::of(path, &contents, &data)))
    }

    fn of(path: &Path, contents: &Contents, data: &DataSet<'_>) -> Self {
        let text = |tag: Tag| data.text(tag);
        let modality = text(tags::MODALITY).unwrap_or_default();
        // Localizers are of the class of the images they belong to, but are no slices.
        let localizer = data.texts(tags::IMAGE_TYPE).iter().any(|part| part == "LOCALIZER");
        let kind = if localizer { Kind::Other } else { kind(text(tags::SOP_CLASS_UID).as_deref(), &modality) };
        let referenced = data.first(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE).and_then(|item| item.text(tags::FRAME_OF_REFERENCE_UID));
        let count = |tag| data.u16(tag).map_or(0, u32::from);
        Self {
            path: path.to_path_buf(),
            kind,
            modality,
            series: text(tags::SERIES_INSTANCE_UID),
            study: text(tags::STUDY_INSTANCE_UID),
            frame_of_reference: text(tags::FRAME_OF_REFERENCE_UID).or(referenced),
            description: text(tags::SERIES_DESCRIPTION).or_else(|| text(tags::STRUCTURE_SET_LABEL)).unwrap_or_default(),
            number: data.decimal(tags::SERIES_NUMBER).map(|number| number as i64),
            patient: text(tags::PATIENT_NAME),
            size: [count(tags::COLUMNS), count(tags::ROWS)],
            frames: data.decimal(tags::NUMBER_OF_FRAMES).map_or(1, |frames| frames.clamp(1.0, f64::from(u32::MAX)) as u32),
            plane: Plane::of(data, data, data),
            regions: regions(data),
            syntax: contents.syntax.clone(),
        }
    }

    /// The file's name for messages.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Reads the file again, whole.
    ///
    /// # Errors
    /// As [`Contents::read`]; also if the file has changed its kind meanwhile.
    pub(super) fn contents(&self) -> Result<Contents> {
        Contents::read(&self.path)?.ok_or_else(|| Error::input(format!("{}: is no DICOM file any more", self.name())))
    }
}

/// By SOP class, or by modality where an anonymiser took the class away.
fn kind(class: Option<&str>, modality: &str) -> Kind {
    match class {
        Some(uids::CT_IMAGE_STORAGE | uids::ENHANCED_CT_IMAGE_STORAGE | uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE) => Kind::Ct,
        Some(uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE) => Kind::Pet,
        Some(uids::NUCLEAR_MEDICINE_IMAGE_STORAGE) => Kind::Nm,
        Some(uids::RT_STRUCTURE_SET_STORAGE) => Kind::Structures,
        Some(uids::SEGMENTATION_STORAGE) => Kind::Segmentation,
        Some(_) => Kind::Other,
        None => match modality {
            "CT" => Kind::Ct,
            "PT" => Kind::Pet,
            "NM" => Kind::Nm,
            "RTSTRUCT" => Kind::Structures,
            "SEG" => Kind::Segmentation,
            _ => Kind::Other,
        },
    }
}

/// Numbers and names of contoured regions (RTSTRUCT) or segments (SEG).
fn regions(data: &DataSet<'_>) -> Vec<(u32, String)> {
    let roi = |item: &DataSet<'_>| Some((item.decimal(tags::ROI_NUMBER)? as u32, item.text(tags::ROI_NAME).unwrap_or_default()));
    let segment = |item: &DataSet<'_>| Some((item.u16(tags::SEGMENT_NUMBER)?.into(), item.text(tags::SEGMENT_LABEL).unwrap_or_default()));
    let rois = data.items(tags::STRUCTURE_SET_ROI_SEQUENCE).iter().filter_map(roi);
    rois.chain(data.items(tags::SEGMENT_SEQUENCE).iter().filter_map(segment)).collect()
}
