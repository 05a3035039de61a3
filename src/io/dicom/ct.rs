//! CT series in Hounsfield units.

use std::path::Path;

use dicom_dictionary_std::tags;

use super::{
    codec::PixelFormat,
    dataset::DataSet,
    folder::scan,
    header::Kind,
    rtdose::PatientContext,
    volume::{self, Meaning, Padding, Scale},
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::image::ImageRead,
};

/// What lies outside of the scanned field is air, HU.
const AIR: f32 = -1000.0;

/// A CT with the frame of reference that its objects name.
#[derive(Debug, Clone)]
pub struct CtRead {
    /// HU on a grid in LPS.
    pub image: ImageRead<f32>,
    /// FrameOfReferenceUID.
    pub frame_of_reference: Option<String>,
    /// What the first of its objects says of patient and study.
    pub patient: PatientContext,
}

/// Reads the CT series of a folder (or file); `series` is a UID or a description, needed where there are several.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] with file or slices, what was found and what was expected.
pub fn read_ct(path: &Path, series: Option<&str>) -> Result<CtRead> {
    let name = path.display().to_string();
    let (series, mut notes) = scan(path)?.choose(path, &[Kind::Ct], "CT", series)?;
    let mut image = volume::volume(&name, &series, |data, format| meaning(&name, data, format))?;
    notes.append(&mut image.notes);
    let frames = series.frames_of_reference();
    if frames.len() > 1 {
        return Err(Error::input(format!("{name}: slices of one series name different frames of reference: {}", frames.join(", "))));
    }
    let patient = PatientContext::of_file(&series.files[0].path)?;
    Ok(CtRead { image: ImageRead { notes, ..image }, frame_of_reference: frames.into_iter().next(), patient })
}

/// The grid of a CT series, from headers alone.
///
/// # Errors
/// As [`read_ct`], as far as headers are concerned.
pub fn read_ct_grid(path: &Path, series: Option<&str>) -> Result<VoxelGrid> {
    let (series, _) = scan(path)?.choose(path, &[Kind::Ct], "CT", series)?;
    volume::grid(&path.display().to_string(), &series)
}

fn meaning(name: &str, data: &DataSet<'_>, format: &PixelFormat) -> Result<Meaning> {
    let scales = (0..format.frames)
        .map(|frame| {
            let item = volume::group(data, frame, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE).unwrap_or(data);
            let kind = item.text(tags::RESCALE_TYPE);
            if let Some(kind) = kind.filter(|kind| kind != "HU") {
                return Err(Error::input(format!("{name}: RescaleType is \"{kind}\"; expected HU (Hounsfield units)")));
            }
            let [slope, intercept] = [item.decimal(tags::RESCALE_SLOPE), item.decimal(tags::RESCALE_INTERCEPT)];
            match slope.zip(intercept) {
                Some((slope, intercept)) if slope != 0.0 => Ok(Scale { slope, intercept }),
                _ => Err(Error::input(format!(
                    "{name}: RescaleSlope is {slope:?} and RescaleIntercept {intercept:?}; without both (and a slope that is not 0) numbers are no Hounsfield units"
                ))),
            }
        })
        .collect::<Result<_>>()?;
    // Written with the width of the stored words, signed if they are.
    let number = |tag| data.u16(tag).map(|word| format.number(word.into()));
    let padding = number(tags::PIXEL_PADDING_VALUE).map(|value| {
        let limit = number(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
        Padding { numbers: (value.min(limit), value.max(limit)), value: AIR }
    });
    Ok(Meaning { scales, padding })
}
