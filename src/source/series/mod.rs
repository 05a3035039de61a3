//! Uptake from quantitative images of one fraction at several times.
//!
//! Sums over regions keep negative values, which noise makes and which belong to a mean; only patterns of decays are clipped at zero. What was
//! clipped, left out or lies outside the phantom is told with numbers. Equations: `docs/methods/kinetics.md`.

mod images;
mod region;
mod voxel;

use std::sync::Arc;

use self::images::Frames;
use super::{DecayPattern, FitReport, PatternCache, TimeCourse, UptakeInputs, region::region_position};
use crate::{
    error::{Error, Result},
    plan::{FitModel, ImageQuantity, ImageSeries, SeriesBy, Treatment},
};

/// What a series gives.
#[derive(Debug)]
pub(super) struct SeriesSources {
    /// Region by region, or class by class from the slowest on.
    pub(super) sources: Vec<SeriesSource>,
    /// On the series as a whole, in words with numbers.
    pub(super) warnings: Vec<String>,
}

/// One part of the patient with a course of its own.
#[derive(Debug)]
pub(super) struct SeriesSource {
    /// The region's name, "rest", or "class 2 of 4".
    pub(super) name: String,
    /// Position of the region, if it is one.
    pub(super) region: Option<usize>,
    /// Activity in time, Bq.
    pub(super) course: TimeCourse,
    /// Its integral, Bq s.
    pub(super) tia: f64,
    /// Relative standard uncertainty of the integral from the images' noise. Classes of voxels of one series err together.
    pub(super) relative_sigma: f64,
    /// That of the calibration, as the plan gives it.
    pub(super) calibration: f64,
    pub(super) pattern: Arc<DecayPattern>,
    /// Activities at the times of the images, Bq, decay not corrected.
    pub(super) activities: Vec<f64>,
    /// The fit of a region, if one was made.
    pub(super) fit: Option<FitReport>,
    /// In words with numbers.
    pub(super) warnings: Vec<String>,
}

/// The sources of an image series; `physical` is the nuclide's half-life, s. Times of the activities are those of the images.
///
/// # Errors
/// Fewer than two images, times that do not ascend, images that cannot be used, regions that are unknown, curves that cannot be fitted,
/// voxels by another curve than a single exponential, a series without any activity.
pub(super) fn series_sources(
    series: &ImageSeries,
    physical: f64,
    inputs: &dyn UptakeInputs,
    cache: &mut PatternCache<'_>,
) -> Result<SeriesSources> {
    check(series)?;
    let phantom = cache.phantom();
    let regions = match &series.by {
        SeriesBy::Region { regions, .. } | SeriesBy::Voxel { regions, .. } => regions,
    };
    let mut ids = Vec::new();
    for name in regions {
        let position = region_position(phantom, name, "image series")?;
        let id = position as u16 + 1;
        if ids.contains(&id) {
            return Err(Error::input(format!("image series: region \"{name}\" is named twice")));
        }
        ids.push(id);
    }
    let lambda = std::f64::consts::LN_2 / physical;
    let mut warnings = Vec::new();
    let frames = Frames::load(series, lambda, inputs, phantom, &mut warnings)?;
    let sources = match &series.by {
        SeriesBy::Region { recovery, rest, .. } => {
            let listed = region::Listed { ids: &ids, recovery, rest: *rest };
            region::sources(series, &frames, listed, physical, cache, &mut warnings)?
        }
        SeriesBy::Voxel { classes, .. } => voxel::sources(series, &frames, &ids, *classes, lambda, cache, &mut warnings)?,
    };
    if sources.is_empty() {
        let of = if regions.is_empty() { "the phantom".to_string() } else { regions.join(", ") };
        return Err(Error::input(format!("image series: no activity that could be used lies in {of}; {}", warnings.join("; "))));
    }
    Ok(SeriesSources { sources, warnings })
}

fn check(series: &ImageSeries) -> Result<()> {
    let bad = |message: String| Err(Error::input(format!("image series: {message}")));
    let times: Vec<f64> = series.images.iter().map(|image| image.time).collect();
    if times.len() < 2 {
        return bad(format!("{} image; two or more are needed to see how the activity runs", times.len()));
    }
    if times[0] < 0.0 || times.iter().any(|time| !time.is_finite()) || times.windows(2).any(|pair| pair[0] >= pair[1]) {
        return bad(format!("the times of the images must ascend from 0 s or later, found {times:?} s"));
    }
    if !matches!(series.quantity, ImageQuantity::Activity | ImageQuantity::Concentration | ImageQuantity::Counts { .. }) {
        return bad("the images must hold an activity or a concentration of activity".into());
    }
    for (name, share) in [("noise", series.noise), ("calibration", series.calibration)] {
        if !(share.is_finite() && (0.0..1.0).contains(&share)) {
            return bad(format!("the relative standard uncertainty of the {name} must be 0 or more and below 1, found {share}"));
        }
    }
    if let SeriesBy::Voxel { classes, .. } = &series.by {
        if *classes == 0 {
            return bad("voxels are gathered into at least one class, found 0".into());
        }
        if series.treatment != (Treatment::Fit { model: FitModel::Mono }) {
            return bad("voxel by voxel only a single exponential can be fitted; name it, or go by region".into());
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
