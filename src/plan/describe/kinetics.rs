//! Activity in time and daughters that move, as lines of the resolved plan.

use super::{Sheet, yes_no};
use crate::plan::{
    Before, Between, CompartmentModel, Destination, FitModel, FractionPlan, ImageQuantity, ImageSeries, Kinetics, Redistribution, SeriesBy,
    Tail, Treatment,
    show::{activity, length, number, percent, time},
};

impl Sheet<'_> {
    pub(super) fn kinetics(&mut self, kinetics: &Kinetics, fraction: &FractionPlan, path: &str) {
        match kinetics {
            Kinetics::Phases { phases } => {
                for phase in phases {
                    let share = percent(phase.activity / fraction.administered);
                    let value = format!("{} = {share} of administered", activity(phase.activity));
                    self.entry("activity at start", value, &format!("{path}.activity"));
                    self.entry("effective half-life", time(phase.effective_half_life), &format!("{path}.effective_half_life"));
                }
            }
            Kinetics::Samples { samples, treatment } => {
                for (i, (&t, &a)) in samples.times.iter().zip(&samples.activities).enumerate() {
                    let sigma = samples.sigmas.get(i).map_or(String::new(), |s| format!(" +- {}", activity(*s)));
                    self.entry(&format!("activity after {}", time(t)), format!("{}{sigma}", activity(a)), "");
                }
                self.treatment(*treatment, &format!("{path}.samples"));
            }
            Kinetics::Compartment { compartment } => {
                let name = fraction.compartments.as_ref().and_then(|model| model.compartments.get(*compartment));
                self.entry("activity as in compartment", name.map_or("?".to_owned(), |c| c.name.clone()), "");
            }
        }
    }

    pub(super) fn treatment(&mut self, treatment: Treatment, path: &str) {
        let (between, before, tail) = match treatment {
            Treatment::Fit { model } => {
                let name = FitModel::NAMES.iter().find(|(_, known)| *known == model).map_or("?", |(name, _)| name);
                self.entry("fitted curve", name.to_owned(), "");
                return;
            }
            Treatment::Interpolate { between, before, tail } => (between, before, tail),
        };
        let between = match between {
            Between::Linear => "straight lines",
            Between::LogLinear => "exponentials",
        };
        self.entry("between samples", between.to_owned(), &format!("{path}.between"));
        let before = match before {
            Before::Zero => "from zero at the start",
            Before::Constant => "as the first",
            Before::Extrapolated => "as between the first two",
        };
        self.entry("before the first", before.to_owned(), &format!("{path}.before"));
        let tail = match tail {
            Tail::Physical => "physical decay".to_owned(),
            Tail::Fitted { samples } => format!("exponential through the last {samples}"),
            Tail::HalfLife { effective } => format!("half-life {}", time(effective)),
        };
        self.entry("after the last", tail, &format!("{path}.tail"));
    }

    /// Compartments, with where each leads.
    pub(super) fn compartments(&mut self, model: &CompartmentModel) {
        self.heading(1, "compartments");
        for (at, compartment) in model.compartments.iter().enumerate() {
            let ways: Vec<String> = model
                .transfers
                .iter()
                .filter(|t| t.from == at)
                .map(|t| {
                    let to = t.to.and_then(|to| model.compartments.get(to)).map_or("out", |c| c.name.as_str());
                    format!("{} /h to {to}", number(t.rate * 3600.0))
                })
                .collect();
            let ways = if ways.is_empty() { String::new() } else { format!("; {}", ways.join(", ")) };
            self.entry(&compartment.name, format!("{} at start{ways}", activity(compartment.initial)), "");
        }
    }

    pub(super) fn series(&mut self, series: &ImageSeries, path: &str) {
        self.heading(1, "uptake from a series of images");
        for image in &series.images {
            self.entry(&format!("after {}", time(image.time)), image.path.display().to_string(), "");
        }
        let unit = match series.quantity {
            ImageQuantity::Concentration => "Bq/mL".to_owned(),
            ImageQuantity::Counts { per_count } => format!("counts per voxel, {} each", activity(per_count)),
            _ => "Bq per voxel".to_owned(),
        };
        self.entry("values", unit.to_owned(), "");
        self.entry("decay-corrected", yes_no(series.decay_corrected), &format!("{path}.decay_corrected"));
        let listed = |regions: &[String]| if regions.is_empty() { "none named".to_owned() } else { regions.join(", ") };
        match &series.by {
            SeriesBy::Region { regions, recovery, rest } => {
                self.entry("by region", listed(regions), &format!("{path}.by"));
                for (region, share) in regions.iter().zip(recovery).filter(|(_, share)| **share != 1.0) {
                    self.entry(&format!("recovered of {region}"), percent(*share), "");
                }
                self.entry("voxels of no such region", yes_no(*rest), &format!("{path}.rest"));
            }
            SeriesBy::Voxel { regions, classes } => {
                self.entry("by voxel in", listed(regions), &format!("{path}.by"));
                self.entry("classes of half-life", classes.to_string(), &format!("{path}.classes"));
            }
        }
        self.treatment(series.treatment, path);
        self.entry("noise (1 sigma)", percent(series.noise), &format!("{path}.noise"));
        self.entry("calibration (1 sigma)", percent(series.calibration), &format!("{path}.calibration"));
    }

    pub(super) fn redistribution(&mut self, rule: &Redistribution, path: &str) {
        self.heading(1, &format!("{} that moves", rule.member));
        let from = if rule.from.is_empty() { "everywhere".to_owned() } else { rule.from.join(", ") };
        self.entry("formed in", from, &format!("{path}.from"));
        let share = rule.recoil.map_or(rule.share, |recoil| rule.share * recoil.probability());
        self.entry("share that leaves", percent(share), &format!("{path}.leaves"));
        if let Some(recoil) = rule.recoil {
            let text = format!("range {}, carrier radius {}", length(recoil.recoil_range), length(recoil.vector_radius));
            self.entry("by recoil", text, "");
        }
        if let Some(half_life) = rule.transit_half_life {
            self.entry("half-life of the way", time(half_life), "");
        }
        match &rule.to {
            Destination::Here => self.entry("goes", "nowhere".to_owned(), ""),
            Destination::Around { length: diffusion } => self.entry("diffuses", format!("length {}", length(*diffusion)), ""),
            Destination::Region { region, pattern } => {
                self.entry("goes to", region.clone(), "");
                self.pattern(pattern, path);
            }
            Destination::Excreted => self.entry("goes", "out of the body".to_owned(), ""),
        }
        let clears = rule.biological_half_life.map_or("never".to_owned(), |half_life| format!("half-life {}", time(half_life)));
        self.entry("clears", clears, "");
    }
}
