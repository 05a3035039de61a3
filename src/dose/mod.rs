//! From tallies to absorbed dose: accumulation over components and fractions, uncertainty, dose rate.
//!
//! ```text
//! BatchTally x B -> BatchAccumulator -> TallyMeans (MeV per history) -> ScoredComponent (Gy per decay)
//!     -> DoseMaps, RegionDose (Gy, per fraction and total) -> RegionRow, Dvh
//!     -> RateMaps, RateAt (Gy/h)
//!     -> DoseRateComponent (hand-over to the response module)
//! ```

use std::sync::Arc;

use crate::source::TimeCourse;

pub mod accumulate;
pub mod activity;
mod combine;
pub mod component;
pub mod contribution;
pub mod dvh;
pub mod external;
#[cfg(test)]
mod fixtures;
pub mod rate;
pub mod regions;
mod rescale;
pub mod tally;
pub mod terms;

/// Dose of one source component per decay of its parent, as maps over the whole grid.
///
/// All values are per decay: multiply with the component's time-integrated activity (Bq s) for the dose of a fraction,
/// or with its activity at a time (Bq) for the dose rate in Gy/s.
#[derive(Debug, Clone)]
pub struct ComponentDose {
    /// Low-LET absorbed dose per decay, Gy (electrons; photons when transported).
    pub low: Arc<Vec<f32>>,
    /// High-LET absorbed dose per decay, Gy (alphas and recoils); `None` where nothing of the kind is emitted.
    pub high: Option<Arc<Vec<f32>>>,
    /// Standard error (1 sigma) of `low + high`, Gy per decay. Not its square: that leaves the range of `f32` far from the source.
    pub sigma: Arc<Vec<f32>>,
    /// Alpha dose times dose-averaged LET per decay, Gy keV/um; `None` without alphas.
    pub dose_let: Option<Arc<Vec<f32>>>,
    /// High-LET dose per decay times its RBE (of the linear part, over low LET), Gy; `None`: everywhere the constant one of the tissue.
    pub high_weighted: Option<Arc<Vec<f32>>>,
}

/// The hand-over to the response module: what each fraction delivers, and when.
#[derive(Debug, Clone)]
pub struct DoseRateComponent {
    /// For reports.
    pub name: String,
    /// Number of the fraction it belongs to.
    pub fraction: u32,
    /// Start of the fraction, s on the plan's clock.
    pub start: f64,
    /// Activity, Bq, from then on: dose rate = `course.at(t - start) * dose.low[v]`, Gy/s, and so for `high`.
    pub course: Arc<TimeCourse>,
    /// The maps per decay.
    pub dose: ComponentDose,
}
