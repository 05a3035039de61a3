//! What the microenvironment model leaves behind: maps, timelines, endpoints, the parameters it used, predicted uptakes, plots.
//!
//! Names, columns and keys are an interface; `docs/formats/results.md` describes them.

mod course;
pub mod depth;
pub mod endpoints;
pub mod fractionation;
pub mod maps;
pub mod parameters;
pub mod plots;
pub mod timeline;
pub mod uptake;

use super::{
    tables::number,
    text::digits,
    write::{FileEntry, ImageFormat, ResultWriter},
};
use crate::{
    error::{Error, Result},
    plan::{OxygenPlan, Quality, ResponsePlan, TissueParameters, TmePlan},
    response::tme::{
        Domain, Snapshot,
        quality::{MEASURED_RBE, RegionQuality},
        timeline::Timeline,
    },
    units::SECONDS_PER_DAY,
};

pub use endpoints::TmeSummary;
pub use fractionation::FractionationTable;
pub use uptake::PredictedUptake;

/// Stands wherever numbers of the immune part appear.
pub const RESEARCH: &str = "research, not calibrated in humans";

/// Everything that a simulation found. Times in s on the plan's clock.
#[derive(Debug, Clone)]
pub struct TmeResult {
    /// What was asked for, with the parameters of every region.
    pub plan: TmePlan,
    /// Linear-quadratic parameters of the regions, in the order of [`Domain::regions`].
    pub tissues: Vec<TissueParameters>,
    /// Numbers and starts (s) of the fractions, in time.
    pub fractions: Vec<(u32, f64)>,
    /// The voxels that evolved.
    pub domain: Domain,
    /// State at [`TmePlan::maps_at`], in time.
    pub snapshots: Vec<Snapshot>,
    /// State at the end.
    pub end: Snapshot,
    /// Regions and patient in time.
    pub timeline: Timeline,
    /// Radiation quality of the high-LET dose by region, over all fractions.
    pub quality: Vec<RegionQuality>,
    /// Net growth rate of the viable cells of each region at the start, untreated, 1/d.
    pub untreated_growth: Vec<f64>,
    /// Uptakes that the model predicted.
    pub predicted: Vec<PredictedUptake>,
    /// The same activity in other numbers of fractions, where that was asked for.
    pub fractionation: Option<FractionationTable>,
    /// What the user must know about the simulation, in words with counts.
    pub warnings: Vec<String>,
}

impl TmeResult {
    /// Linear-quadratic parameters of the regions of a domain, for [`Self::tissues`].
    pub fn tissues_of(domain: &Domain, response: &ResponsePlan) -> Vec<TissueParameters> {
        domain.regions.iter().map(|name| response.of(name).clone()).collect()
    }

    /// Whether alphas or recoils gave dose to any evolving voxel.
    pub fn has_high_let(&self) -> bool {
        self.timeline.rows.iter().any(|row| row.dose_high_gy > 0.0)
    }

    /// Whether oxygen was found.
    pub fn has_oxygen(&self) -> bool {
        self.plan.oxygen != OxygenPlan::Off
    }

    /// Volume of a voxel, mL.
    pub fn voxel_ml(&self) -> f64 {
        self.domain.grid.voxel_volume_cm3()
    }

    /// A parameter of a region; `None` if the region has no such parameter.
    pub fn parameter(&self, region: &str, name: &str) -> Option<f64> {
        let found = self.plan.regions.iter().find(|r| r.region == region)?;
        found.parameters.parameters.get(name).map(|p| p.value)
    }

    /// Refuses numbers that cannot be reported.
    fn check(&self) -> Result<()> {
        let states = self.snapshots.iter().chain([&self.end]);
        for state in states {
            let voxels = self.domain.voxels.len();
            let values = state.fields.iter().chain(&state.oxygen).chain(&state.hypoxia);
            if let Some(i) = values.clone().position(|x| !x.is_finite()) {
                let ijk = self.domain.grid.ijk(self.domain.voxels[i % voxels] as usize);
                let time = days(state.time);
                return Err(Error::input(format!(
                    "the microenvironment at {time} d: a value of voxel {ijk:?} is {}, not a number that can be reported; nothing was written",
                    values.clone().nth(i).copied().unwrap_or(f32::NAN)
                )));
            }
        }
        let (rows, globals) = (&self.timeline.rows, &self.timeline.globals);
        let of_regions =
            rows.iter().flat_map(|row| timeline::numbers(row).map(|(what, value)| (row.region.as_str(), row.time, what, value)));
        let of_patient = globals.iter().flat_map(|g| timeline::global_numbers(g).map(|(what, value)| ("the patient", g.time, what, value)));
        match of_regions.chain(of_patient).find(|(.., value)| !value.is_finite()) {
            Some((whose, time, what, value)) => Err(Error::input(format!(
                "the microenvironment of {whose} at {} d: {what} is {value}, not a number that can be reported; nothing was written",
                days(time)
            ))),
            None => Ok(()),
        }
    }

    /// What to say of a region that would shrink untreated. Only the immune part kills then: births cannot be below zero.
    fn shrinks(&self, region: &str, rate: f64) -> String {
        let value = |name: &str| self.parameter(region, name).map_or_else(String::new, number);
        format!(
            "{region}: untreated, it would shrink from the start on, by {} per day (half in {} d), since at initial_cells = {} the immune part kills \
             more cells than room lets grow; net_doubling_time = {} d holds at low packing and sets how fast, not which way. Lower initial_cells or leave \
             the immune part off for a tumour that grows",
            number(-rate),
            digits(std::f64::consts::LN_2 / -rate, 3),
            value("initial_cells"),
            value("net_doubling_time"),
        )
    }

    /// Regions whose high-LET dose has an RBE that no experiment found, or what was asked for of radiation quality in vain.
    fn unmeasured_quality(&self) -> Vec<String> {
        let [low, high] = MEASURED_RBE;
        let outside = |((region, tissue), quality): ((&String, &TissueParameters), &RegionQuality)| {
            let rbe = quality.rbe(tissue.alpha).filter(|rbe| !(low..=high).contains(rbe))?;
            Some(format!(
                "{region}: the RBE of its high-LET dose is {} on the mean, on alpha; {low} to {high} was measured in vitro for alpha emitters (PMC9608466)",
                digits(rbe, 3)
            ))
        };
        let mut found: Vec<String> = self.domain.regions.iter().zip(&self.tissues).zip(&self.quality).filter_map(outside).collect();
        let asked = [
            (self.plan.quality == Quality::Let, "quality = \"let\""),
            (self.plan.quality == Quality::Mkm, "quality = \"mkm\""),
            (self.plan.few_hits, "few_hits = true"),
        ];
        for (_, what) in asked.into_iter().filter(|(asked, _)| *asked && !self.has_high_let()) {
            found.push(format!("{what} has no effect: no high-LET dose (alphas, recoil nuclei) reaches the evolving regions"));
        }
        found
    }

    /// What the user must know: warnings of the simulation, what its results leave out, and how much of it is assumed.
    pub fn all_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        for region in &self.domain.regions {
            if self.timeline.region(region).next().is_none() {
                warnings.push(format!("{region} has no voxels left, because later regions or labels cover them; nothing of it evolves"));
            }
        }
        for (region, &rate) in self.domain.regions.iter().zip(&self.untreated_growth) {
            if rate < 0.0 {
                warnings.push(self.shrinks(region, rate));
            }
        }
        warnings.extend(self.unmeasured_quality());
        for l in endpoints::lesions(self) {
            let regrown = [l.volume.regrown_d, l.volume.progression_d].into_iter().flatten().any(|t| t > l.clonogens.nadir_d);
            if l.clonogens.nadir < EXTINCT && regrown {
                warnings.push(format!(
                    "{}: it regrows although only {:.1e} clonogens are expected at the nadir; the equations divide cells without end, see tcp_nadir",
                    l.region, l.clonogens.nadir
                ));
            }
        }
        for region in depth::without_rim(self) {
            warnings.push(format!("{region} has no rim inside the grid; tme_depth.csv leaves it out"));
        }
        warnings.push(parameters::assumed_count(self));
        if self.plan.immune {
            warnings.push(format!("the immune part is on: its numbers are {RESEARCH}"));
        }
        warnings
    }
}

/// Expected clonogens below which regrowth is more likely not to happen than the equations say.
const EXTINCT: f64 = 0.5;

/// Writes maps, tables and plots; returns what they are, in the order written. Images come in each of `formats`.
///
/// # Errors
/// Whatever the writer reports; or if a number is not finite (nothing is written then).
pub fn write(result: &TmeResult, formats: &[ImageFormat], writer: &mut dyn ResultWriter) -> Result<Vec<FileEntry>> {
    result.check()?;
    let mut files = maps::write(result, formats, writer)?;
    let mut texts = vec![
        ("timeline.csv".to_owned(), "evolving regions in time", timeline::timeline_csv(result)),
        ("timeline_global.csv".to_owned(), "the patient in time", timeline::timeline_global_csv(result)),
        ("tme_endpoints.csv".to_owned(), "endpoints of the evolving regions and of all together", endpoints::endpoints_csv(result)),
        (
            "tme_parameters.csv".to_owned(),
            "parameters of the microenvironment model with their evidence",
            parameters::parameters_csv(result),
        ),
    ];
    if !result.predicted.is_empty() {
        texts.push(("tme_uptake.csv".to_owned(), "predicted uptakes", uptake::uptake_csv(&result.predicted)));
    }
    if let Some(profiles) = depth::profiles(result) {
        texts.push(("tme_depth.csv".to_owned(), "state by depth below the rim of a region", depth::depth_csv(&profiles)));
        texts.extend(plots::depth(result, &profiles));
    }
    texts.extend(plots::timelines(result));
    texts.extend(plots::uptake(result));
    for (name, quantity, content) in texts {
        writer.text(&name, &content)?;
        files.push(FileEntry { name, quantity: quantity.into(), unit: None });
    }
    if let Some(table) = &result.fractionation {
        files.extend(table.write(writer)?);
    }
    Ok(files)
}

/// A time (s) in days, as it stands in names and tables: a microday is the last digit.
fn days(time: f64) -> String {
    ((time / SECONDS_PER_DAY * 1e6).round() / 1e6).to_string()
}
