//! PET and SPECT series: activity concentrations and counts.

use std::path::Path;

use dicom_dictionary_std::tags;
use glam::DVec3;

use super::{
    codec::{Frames, PixelFormat},
    dataset::DataSet,
    folder::{Series, scan},
    header::{Header, Kind},
    moment,
    volume::{self, Meaning, Scale, fill},
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{
        image::{
            ImageRead,
            geometry::{checked_size, grid_from_steps},
        },
        memory,
    },
    volume::Volume,
};

/// What the values of an image of activity are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityUnit {
    /// Bq per mL.
    Concentration,
    /// Counts per voxel (or numbers proportional to them), without calibration.
    Counts,
}

/// An image of activity.
#[derive(Debug, Clone)]
pub struct ActivityRead {
    /// Values on a grid in LPS, decayed to the start of the series.
    pub image: ImageRead<f32>,
    /// Their unit.
    pub unit: ActivityUnit,
    /// FrameOfReferenceUID.
    pub frame_of_reference: Option<String>,
}

/// Reads the PET or reconstructed SPECT series of a folder (or file); `series` is a UID or a description, needed where there are several.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] with file or slices, what was found and what was expected.
pub fn read_activity(path: &Path, series: Option<&str>) -> Result<ActivityRead> {
    let name = path.display().to_string();
    let (series, mut notes) = scan(path)?.choose(path, &[Kind::Pet, Kind::Nm], "PET or SPECT", series)?;
    let (mut image, unit) = match series.kind() {
        Kind::Pet => pet(&name, &series)?,
        _ => nm(&series)?,
    };
    notes.append(&mut image.notes);
    let frames = series.frames_of_reference();
    if frames.len() > 1 {
        return Err(Error::input(format!("{name}: slices of one series name different frames of reference: {}", frames.join(", "))));
    }
    Ok(ActivityRead { image: ImageRead { notes, ..image }, unit, frame_of_reference: frames.into_iter().next() })
}

/// A PET series of slices, each with its own slope.
fn pet(name: &str, series: &Series) -> Result<(ImageRead<f32>, ActivityUnit)> {
    let mut common: Option<(String, String)> = None;
    let mut notes = Vec::new();
    let mut image = volume::volume(name, series, |data, format| {
        let units = data.text(tags::UNITS).unwrap_or_default();
        let correction = data.text(tags::DECAY_CORRECTION).unwrap_or_default();
        let found = (units, correction);
        let known = common.get_or_insert_with(|| found.clone());
        if *known != found {
            return Err(Error::input(format!(
                "{name}: slices differ in Units or DecayCorrection: \"{}\" and \"{}\", \"{}\" and \"{}\"",
                known.0, found.0, known.1, found.1
            )));
        }
        let kinds = data.texts(tags::SERIES_TYPE);
        if let Some(kind) = kinds.first().filter(|kind| matches!(kind.as_str(), "DYNAMIC" | "GATED")) {
            return Err(Error::input(format!("{name}: a {kind} series holds many times in one; expected a STATIC or WHOLE BODY one")));
        }
        unit(name, &found.0)?;
        let (factor, told) = decay(name, data, &found.1)?;
        if !notes.contains(&told) && notes.len() < 3 {
            notes.push(told);
        }
        let [slope, intercept] = [data.decimal(tags::RESCALE_SLOPE), data.decimal(tags::RESCALE_INTERCEPT)];
        let slope = slope
            .filter(|slope| *slope > 0.0)
            .ok_or_else(|| Error::input(format!("{name}: RescaleSlope is {slope:?}; without a positive one numbers are no activity")))?;
        let scale = Scale { slope: factor * slope, intercept: factor * intercept.unwrap_or(0.0) };
        Ok(Meaning { scales: vec![scale; format.frames], padding: None })
    })?;
    image.notes.append(&mut notes);
    let (units, _) = common.unwrap_or_default();
    Ok((image, unit(name, &units)?))
}

/// The unit of a PET series.
fn unit(name: &str, units: &str) -> Result<ActivityUnit> {
    let help = match units {
        "BQML" => return Ok(ActivityUnit::Concentration),
        "CNTS" | "PROPCNTS" => return Ok(ActivityUnit::Counts),
        "GML" | "CM2ML" => {
            "standardised uptake values: export the series in BQML, or multiply by injected activity over body weight (1 g/mL in the unit 1 times Bq/g)"
        }
        _ => "export the series in BQML",
    };
    Err(Error::input(format!("{name}: Units (0054,1001) is \"{units}\"; expected BQML (or CNTS, PROPCNTS): {help}")))
}

/// The factor that brings a slice to the start of its series, and what it was.
fn decay(name: &str, data: &DataSet<'_>, correction: &str) -> Result<(f64, String)> {
    let drug = data.first(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
    let half_life = drug.and_then(|drug| drug.decimal(tags::RADIONUCLIDE_HALF_LIFE)).filter(|time| *time > 0.0).ok_or_else(|| {
        Error::input(format!("{name}: DecayCorrection is {correction}, but RadionuclideHalfLife (0018,1075) is missing; values cannot be brought to the start of the series"))
    });
    let start = moment::of(data, tags::SERIES_DATE, tags::SERIES_TIME);
    match correction {
        "START" => {
            let since = drug.and_then(injected).zip(start).map(|((at, guess), start)| (since(at, guess, start), guess));
            let after = since.map_or_else(String::new, |(since, _)| format!(", {:.2} h after the injection", since / 3600.0));
            Ok((1.0, format!("values are decay-corrected to the start of the series{after}")))
        }
        "ADMIN" => {
            let (at, guess) = drug.and_then(injected).ok_or_else(|| {
                Error::input(format!(
                    "{name}: DecayCorrection is ADMIN, but RadiopharmaceuticalStartDateTime (0018,1078) or its time (0018,1072) is missing"
                ))
            })?;
            let start = start
                .ok_or_else(|| Error::input(format!("{name}: DecayCorrection is ADMIN, but SeriesDate and SeriesTime are missing")))?;
            let since = since(at, guess, start);
            if since < 0.0 {
                return Err(Error::input(format!("{name}: the series starts {:.0} s before the injection; check its dates", -since)));
            }
            let factor = (-std::f64::consts::LN_2 * since / half_life?).exp();
            Ok((
                factor,
                format!(
                    "values are decay-corrected to the injection, {:.2} h before the series; they were decayed to its start (factor {factor:.5})",
                    since / 3600.0
                ),
            ))
        }
        "NONE" => {
            let reference = data.decimal(tags::FRAME_REFERENCE_TIME).ok_or_else(|| {
                Error::input(format!(
                    "{name}: DecayCorrection is NONE, but FrameReferenceTime (0054,1300) does not say when the slice was measured"
                ))
            })?;
            let factor = (std::f64::consts::LN_2 * 1.0e-3 * reference / half_life?).exp();
            Ok((factor, "values are as measured in each slice; they were corrected to the start of the series".to_owned()))
        }
        other => Err(Error::input(format!("{name}: DecayCorrection (0054,1102) is \"{other}\"; expected START, ADMIN or NONE"))),
    }
}

/// When the injection was; true if only the time of the day is known.
fn injected(drug: &DataSet<'_>) -> Option<(f64, bool)> {
    let full = drug.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME).and_then(|text| moment::date_time(&text));
    let time = || moment::moment("20000101", &drug.text(tags::RADIOPHARMACEUTICAL_START_TIME)?);
    full.map(|at| (at, false)).or_else(|| Some((time()?, true)))
}

/// Seconds from the injection to the start; where only the time of the day is known, the last such time before it.
fn since(injected: f64, time_of_day: bool, start: f64) -> f64 {
    if time_of_day { (start - injected).rem_euclid(86_400.0) } else { start - injected }
}

/// A reconstructed SPECT: one object with all slices, placed by its detector information.
fn nm(series: &Series) -> Result<(ImageRead<f32>, ActivityUnit)> {
    let [header] = &series.files[..] else {
        let files: Vec<String> = series.files.iter().map(Header::name).collect();
        return Err(Error::input(format!(
            "{}: a reconstructed SPECT is one file; the series has {}: name one of {}",
            series.describe(),
            files.len(),
            files.join(", ")
        )));
    };
    let contents = header.contents()?;
    let (name, data) = (contents.name.as_str(), contents.parse()?);
    let kind = data.texts(tags::IMAGE_TYPE);
    if kind.get(2).map(String::as_str) != Some("RECON TOMO") {
        return Err(Error::input(format!(
            "{name}: ImageType is {}; expected a reconstruction (third value RECON TOMO), not projections or a planar image",
            kind.join("\\")
        )));
    }
    let format = PixelFormat::of(name, &data)?;
    let mut notes = Vec::new();
    let grid = nm_grid(name, &data, &format, &mut notes)?;
    let order = slice_order(name, &data, format.frames)?;
    memory::check(name, 4 * grid.len() as u64 + 16 * format.pixels() as u64)?;
    let (scale, unit) = nm_scale(&data, &mut notes);
    let frames = Frames::of(&contents, &data, format)?;
    let mut values = vec![0.0; grid.len()];
    for (frame, &slice) in order.iter().enumerate() {
        let begin = slice * format.pixels();
        fill(&mut values[begin..begin + format.pixels()], &frames.decode(frame)?, scale, None).map_err(|(_, value)| {
            Error::input(format!("{name}: frame {} holds {value} after rescaling; expected finite numbers", frame + 1))
        })?;
    }
    Ok((ImageRead { volume: Volume::new(grid, values), notes }, unit))
}

/// The grid of a reconstructed SPECT, from its header.
///
/// # Errors
/// As [`read_activity`], as far as the header is concerned.
pub(super) fn nm_outline(header: &Header) -> Result<VoxelGrid> {
    let contents = header.contents()?;
    let data = contents.parse()?;
    nm_grid(&contents.name, &data, &PixelFormat::of(&contents.name, &data)?, &mut Vec::new())
}

/// The grid of an NM object: the sign of SpacingBetweenSlices says on which side of the first slice the others lie (part 3, C.8.4.15).
fn nm_grid(name: &str, data: &DataSet<'_>, format: &PixelFormat, notes: &mut Vec<String>) -> Result<VoxelGrid> {
    let detector = data.first(tags::DETECTOR_INFORMATION_SEQUENCE);
    let place =
        |of: &DataSet<'_>| of.decimal_array::<6>(tags::IMAGE_ORIENTATION_PATIENT).zip(of.decimal_array::<3>(tags::IMAGE_POSITION_PATIENT));
    let (orientation, position) = match (detector.and_then(place), place(data)) {
        (Some(found), _) => found,
        (None, Some(found)) => {
            notes.push(
                "position and orientation are not in the detector information, where they belong; those at the top level were taken".into(),
            );
            found
        }
        (None, None) => {
            return Err(Error::input(format!(
                "{name}: DetectorInformationSequence (0054,0022) lacks ImagePositionPatient or ImageOrientationPatient; left and right, head and feet would be a guess"
            )));
        }
    };
    let [rows, columns] = data
        .decimal_array::<2>(tags::PIXEL_SPACING)
        .ok_or_else(|| Error::input(format!("{name}: PixelSpacing (0028,0030) is missing; expected two numbers in mm")))?;
    let between = data.decimal(tags::SPACING_BETWEEN_SLICES).filter(|step| *step != 0.0);
    let step = match (between, data.decimal(tags::SLICE_THICKNESS)) {
        (Some(step), _) => step,
        (None, Some(thickness)) => {
            notes.push(format!(
                "SpacingBetweenSlices is missing; slices are taken as contiguous ({thickness} mm), stacked along their normal"
            ));
            thickness
        }
        (None, None) => {
            return Err(Error::input(format!("{name}: neither SpacingBetweenSlices nor SliceThickness says how far slices are apart")));
        }
    };
    let [a, b, c, d, e, f] = orientation;
    let (along_row, along_column) = (DVec3::new(a, b, c), DVec3::new(d, e, f));
    let normal = along_row.cross(along_column).normalize();
    let size = checked_size(name, "columns, rows and slices", [format.columns as i64, format.rows as i64, format.frames as i64])?;
    grid_from_steps(name, "the detector information", size, [along_row * columns, along_column * rows, normal * step], position.into())
}

/// Which slice each frame is.
fn slice_order(name: &str, data: &DataSet<'_>, frames: usize) -> Result<Vec<usize>> {
    let vector = data.u16s(tags::SLICE_VECTOR);
    if vector.is_empty() {
        return Ok((0..frames).collect());
    }
    let mut seen = vec![false; frames];
    let mut order = Vec::with_capacity(frames);
    for &slice in &vector {
        let index = usize::from(slice).wrapping_sub(1);
        if seen.get(index) != Some(&false) {
            return Err(Error::input(format!(
                "{name}: SliceVector (0054,0080) names slice {slice} twice, or beyond the {frames} frames; expected each slice once (gated studies hold several volumes)"
            )));
        }
        seen[index] = true;
        order.push(index);
    }
    if order.len() != frames {
        return Err(Error::input(format!("{name}: SliceVector (0054,0080) has {} entries for {frames} frames", order.len())));
    }
    Ok(order)
}

/// Counts; or Bq/mL where the object says so, by its real world values or its Units.
fn nm_scale(data: &DataSet<'_>, notes: &mut Vec<String>) -> (Scale, ActivityUnit) {
    let real_world = data.items(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE).iter().find_map(|item| {
        let code = item.first(tags::MEASUREMENT_UNITS_CODE_SEQUENCE)?.text(tags::CODE_VALUE)?;
        let slope = item.f64(tags::REAL_WORLD_VALUE_SLOPE)?;
        code.eq_ignore_ascii_case("Bq/ml").then(|| Scale { slope, intercept: item.f64(tags::REAL_WORLD_VALUE_INTERCEPT).unwrap_or(0.0) })
    });
    if let Some(scale) = real_world {
        notes.push("values in Bq/mL by RealWorldValueMappingSequence".to_owned());
        return (scale, ActivityUnit::Concentration);
    }
    let slope = data.decimal(tags::RESCALE_SLOPE).unwrap_or(1.0);
    let scale = Scale { slope, intercept: data.decimal(tags::RESCALE_INTERCEPT).unwrap_or(0.0) };
    if data.text(tags::UNITS).as_deref() == Some("BQML") {
        notes.push("values in Bq/mL by Units (0054,1001)".to_owned());
        return (scale, ActivityUnit::Concentration);
    }
    (scale, ActivityUnit::Counts)
}
