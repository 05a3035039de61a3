//! Activities of the administered nuclide in one fraction, place by place: region uptakes, images, image series.

use std::{f64::consts::LN_2, sync::Arc};

use sha2::{Digest, Sha256};

use super::{
    ActivityUncertainty, FitReport, PatternCache, PredictedUptake, TimeActivity, TimeCourse, UptakeChange, UptakeInputs, UptakeLaw,
    daughters::Place,
    image::image_source,
    kinetics,
    region::{region_position, within},
    series::series_sources,
};
use crate::{
    error::Result,
    plan::{CompartmentModel, ImageSeries, ImageUptake, Kinetics, Prediction, RegionUptake, SeriesBy, UptakePattern},
};

/// Times, over five physical half-lives, at which the activity of a fraction is compared with what was administered.
const TIMES: u32 = 500;

/// What a place holds in time.
struct Activity {
    course: TimeCourse,
    /// Its integral, Bq s.
    tia: f64,
    uncertainty: ActivityUncertainty,
    /// The fraction that it is taken over from, to be changed by what the response predicts.
    predicted: Option<Prediction>,
    law: UptakeLaw,
}

/// What has been collected.
pub(super) struct Activities<'a, 'p> {
    pub(super) number: u32,
    pub(super) nuclide: &'a str,
    /// Physical half-life, s.
    pub(super) physical: f64,
    pub(super) inputs: &'a dyn UptakeInputs,
    pub(super) cache: &'a mut PatternCache<'p>,
    /// What is predicted of uptakes that are taken over from another fraction.
    pub(super) change: Option<&'a UptakeChange<'a>>,
    /// What became of them.
    pub(super) predicted: Vec<PredictedUptake>,
    /// Where, how much in time, and how well that is known.
    pub(super) found: Vec<(Place, TimeCourse, ActivityUncertainty)>,
    /// The same for reports, with what it comes from.
    pub(super) records: Vec<TimeActivity>,
    pub(super) warnings: Vec<String>,
}

impl Activities<'_, '_> {
    /// Adds the uptake of a region.
    pub(super) fn region(&mut self, uptake: &RegionUptake, model: Option<&CompartmentModel>) -> Result<()> {
        let place = format!("fraction {}, {} in {}", self.number, self.nuclide, uptake.region);
        let region = region_position(self.cache.phantom(), &uptake.region, &place)?;
        let realised = kinetics::realise(&uptake.kinetics, model, self.physical).map_err(|error| within(&place, error))?;
        self.warn(&place, realised.notes);
        if realised.course.pieces.iter().all(|piece| piece.value == 0.0 && piece.slope == 0.0) {
            self.warnings.push(format!("{place}: the activity is 0 Bq, so there is no source"));
            return Ok(());
        }
        let (pattern, warnings) = self.cache.draw(region, &uptake.pattern).map_err(|error| within(&place, error))?;
        self.warn(&place, warnings);
        let samples = match &uptake.kinetics {
            Kinetics::Samples { samples, .. } => samples.times.iter().copied().zip(samples.activities.iter().copied()).collect(),
            Kinetics::Phases { .. } | Kinetics::Compartment { .. } => Vec::new(),
        };
        let origin = match &uptake.kinetics {
            // The same measurement taken over into another fraction, scaled to what is given there.
            Kinetics::Samples { samples, treatment } => {
                let most = samples.activities.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
                let shares: Vec<String> = samples.activities.iter().chain(&samples.sigmas).map(|a| format!("{:.9e}", a / most)).collect();
                origin(&format!("{} {} {:?} {shares:?} {treatment:?}", self.nuclide, uptake.region, samples.times))
            }
            Kinetics::Phases { .. } | Kinetics::Compartment { .. } => 0,
        };
        let uncertainty = ActivityUncertainty { origin, own: realised.relative_sigma, calibration: 0.0 };
        let place = Place { name: format!("in {}", uptake.region), region: Some(region), pattern };
        let law = if uptake.pattern == UptakePattern::Ligand { UptakeLaw::Ligand } else { UptakeLaw::Affinity };
        let activity = Activity { course: realised.course, tia: realised.tia, uncertainty, predicted: uptake.predicted, law };
        self.add(place, activity, samples, realised.fit);
        Ok(())
    }

    /// Adds what an image shows.
    pub(super) fn image(&mut self, uptake: &ImageUptake) -> Result<()> {
        let file = uptake.path.path.file_name().unwrap_or(uptake.path.path.as_os_str()).to_string_lossy();
        let name = uptake.region.as_ref().map_or_else(|| format!("as in {file}"), |region| format!("in {region} as in {file}"));
        let place = format!("fraction {}, {} {name}", self.number, self.nuclide);
        let region = uptake.region.as_ref().map(|region| region_position(self.cache.phantom(), region, &place)).transpose()?;
        kinetics::check_half_life(uptake.effective_half_life, self.physical).map_err(|error| within(&place, error))?;
        let lambda = LN_2 / uptake.effective_half_life;
        let found = image_source(uptake, lambda, region, self.inputs, self.cache).map_err(|error| within(&place, error))?;
        self.warn(&place, found.warnings);
        let tia = found.tia * uptake.predicted.map_or(1.0, |p| p.scale);
        let activity = Activity {
            course: TimeCourse::exponential(tia * lambda, lambda),
            tia,
            uncertainty: ActivityUncertainty::default(),
            predicted: uptake.predicted,
            law: UptakeLaw::Affinity,
        };
        self.add(Place { name, region, pattern: found.pattern }, activity, Vec::new(), None);
        Ok(())
    }

    /// Adds what images at several times show.
    pub(super) fn series(&mut self, series: &ImageSeries) -> Result<()> {
        let place = format!("fraction {}, {} as in the image series", self.number, self.nuclide);
        let found = series_sources(series, self.physical, self.inputs, self.cache).map_err(|error| within(&place, error))?;
        self.warn(&place, found.warnings);
        for source in found.sources {
            self.warn(&format!("{place}, {}", source.name), source.warnings);
            // Voxels share the noise of their images, so their classes err together; regions err each for themselves.
            let (name, origin) = match &series.by {
                SeriesBy::Region { .. } => (format!("in {} as imaged", source.name), origin(&format!("{series:?} {}", source.name))),
                SeriesBy::Voxel { .. } => (format!("as imaged, {}", source.name), origin(&format!("{series:?}"))),
            };
            let uncertainty = ActivityUncertainty { origin, own: source.relative_sigma, calibration: source.calibration };
            let samples = series.images.iter().map(|image| image.time).zip(source.activities).collect();
            let scale = series.predicted.map_or(1.0, |p| p.scale);
            let activity = Activity {
                course: source.course.scaled(scale),
                tia: source.tia * scale,
                uncertainty,
                predicted: series.predicted,
                law: UptakeLaw::Affinity,
            };
            self.add(Place { name, region: source.region, pattern: source.pattern }, activity, samples, source.fit);
        }
        Ok(())
    }

    /// Says where all places together hold more than what is left of the administered activity (Bq).
    pub(super) fn compare_with(&mut self, administered: f64) {
        let lambda = LN_2 / self.physical;
        let held = |t: f64| self.found.iter().map(|(_, course, _)| course.at(t)).sum::<f64>();
        let excess = |t: f64| held(t) / (administered * (-lambda * t).exp());
        let times = (0..=TIMES).map(|i| 5.0 * self.physical * f64::from(i) / f64::from(TIMES));
        let (worst, at) = times.map(|t| (excess(t), t)).fold((0.0, 0.0), |worst, found| if found.0 > worst.0 { found } else { worst });
        if worst > 1.0 + 1.0e-6 {
            self.warnings.push(format!(
                "fraction {}: {:.1} h after its start the uptakes hold {:.4e} Bq, {:.1} % of what is left of the {administered:.4e} Bq administered",
                self.number,
                at / 3600.0,
                held(at),
                100.0 * worst
            ));
        }
    }

    /// `samples` are the times (s) and activities (Bq) behind the course, if there are any.
    fn add(&mut self, place: Place, activity: Activity, samples: Vec<(f64, f64)>, fit: Option<FitReport>) {
        let Activity { mut course, mut tia, uncertainty, predicted, law } = activity;
        let mut place = place;
        if let Some((change, prediction)) = self.change.zip(predicted) {
            let name = place.name.clone();
            let (told, changed) = change.apply(prediction.from, law, place, &course, self.cache);
            tia *= told.factor;
            self.predicted.push(told);
            let Some(changed) = changed else {
                self.warnings.push(format!("fraction {}, {} {name}: the response predicts no uptake at all", self.number, self.nuclide));
                return;
            };
            (place, course) = changed;
        }
        self.records.push(TimeActivity {
            place: format!("{} {}", self.nuclide, place.name),
            tia,
            uncertainty,
            // What was measured, was measured in the fraction that it is predicted from.
            samples: if predicted.is_some() { Vec::new() } else { samples },
            fit: fit.filter(|_| predicted.is_none()),
            course: course.clone(),
            pattern: Arc::clone(&place.pattern),
            measured: predicted.is_none(),
            law,
        });
        self.found.push((place, course, uncertainty));
    }

    fn warn(&mut self, place: &str, warnings: Vec<String>) {
        self.warnings.extend(warnings.into_iter().map(|warning| format!("{place}: {warning}")));
    }
}

/// An origin of uncertainty: the same number for the same measurement, in whatever fraction it is used.
fn origin(measurement: &str) -> usize {
    let digest = Sha256::digest(measurement.as_bytes());
    digest.iter().take(8).fold(0, |number, &byte| number << 8 | usize::from(byte))
}
