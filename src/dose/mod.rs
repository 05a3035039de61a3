//! From tallies to absorbed dose: accumulation over components and fractions, uncertainty, dose rate.

use std::sync::Arc;

/// Dose of one source component per decay of its parent, as maps over the whole grid.
///
/// All values are per decay: multiply with the component's time-integrated activity (Bq s) for the dose of a fraction,
/// or with its initial activity (`tia * lambda`) for the initial dose rate in Gy/s.
#[derive(Debug, Clone)]
pub struct ComponentDose {
    /// Low-LET absorbed dose per decay, Gy (electrons; photons when transported).
    pub low: Arc<Vec<f32>>,
    /// High-LET absorbed dose per decay, Gy (alphas and recoils); `None` where nothing of the kind is emitted.
    pub high: Option<Arc<Vec<f32>>>,
    /// Variance of the mean of `low + high`, (Gy/decay)^2.
    pub variance: Arc<Vec<f32>>,
    /// Alpha dose times dose-averaged LET per decay, Gy keV/um; `None` without alphas.
    pub dose_let: Option<Arc<Vec<f32>>>,
}

/// The hand-over to the response module: what each fraction delivers, when, and how fast it falls.
#[derive(Debug, Clone)]
pub struct DoseRateComponent {
    /// For reports.
    pub name: String,
    /// Number of the fraction it belongs to.
    pub fraction: u32,
    /// Start, s; the dose rate is zero before.
    pub start: f64,
    /// Decay constant, 1/s.
    pub lambda: f64,
    /// Initial activity, Bq: dose rate at the start = `activity * dose.low[v]`, Gy/s, and so for `high`.
    pub activity: f64,
    /// The maps per decay.
    pub dose: ComponentDose,
}
