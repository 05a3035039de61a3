//! Kinetics of a fraction: what the plan says of activity in time becomes a course with its exact integral and how well that is known.
//!
//! Equations, assumptions and the checks: `docs/methods/kinetics.md`.

mod compartments;
mod fit;
mod phases;
mod samples;
mod student;

use serde::Serialize;

use super::TimeCourse;
use crate::{
    error::{Error, Result},
    plan::{CompartmentModel, Kinetics, Treatment},
};

pub use fit::{FitParameter, FitReport};
pub(super) use samples::{Errors, Observations, treat};

/// Rounding that an effective half-life equal to the physical one may carry.
const HALF_LIFE_TOLERANCE: f64 = 1.0e-6;

/// What kinetics come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Realised {
    /// Activity in time, Bq.
    pub course: TimeCourse,
    /// Its integral from the start of the fraction on, Bq s.
    pub tia: f64,
    /// Relative standard uncertainty of the integral by the measured activities' own; zero where the plan gives none.
    pub relative_sigma: f64,
    /// What the user should know, in words with numbers.
    pub notes: Vec<String>,
    /// The fit, if there was one.
    pub fit: Option<FitReport>,
}

impl Realised {
    /// A course that is given, not measured.
    fn given(course: TimeCourse, tia: f64) -> Self {
        Self { course, tia, relative_sigma: 0.0, notes: Vec::new(), fit: None }
    }
}

/// The course of an activity; `physical` is the nuclide's half-life, s, `model` the compartments of the fraction.
///
/// # Errors
/// Figures that are no activities, times or half-lives; a half-life above the physical one; activity that would be negative; too few samples;
/// compartments that are not there or oscillate. Messages say what was found and what would be right, not where.
pub fn realise(kinetics: &Kinetics, model: Option<&CompartmentModel>, physical: f64) -> Result<Realised> {
    if !(physical.is_finite() && physical > 0.0) {
        return Err(Error::input(format!("the physical half-life must be above 0 s, found {physical} s")));
    }
    match kinetics {
        Kinetics::Phases { phases } => phases::realise(phases, physical),
        Kinetics::Samples { samples, treatment } => {
            let observed = Observations::of_plan(samples, matches!(treatment, Treatment::Interpolate { .. }))?;
            treat(&observed, *treatment, physical)
        }
        Kinetics::Compartment { compartment } => {
            let Some(model) = model else {
                return Err(Error::input("the kinetics name a compartment, but the fraction has no compartment model"));
            };
            compartments::realise(model, *compartment, physical)
        }
    }
}

/// An effective half-life must be positive and not longer than the physical one.
pub(super) fn check_half_life(effective: f64, physical: f64) -> Result<()> {
    if !(effective.is_finite() && effective > 0.0) {
        return Err(Error::input(format!("the effective half-life must be above 0 s, found {effective} s")));
    }
    if effective > physical * (1.0 + HALF_LIFE_TOLERANCE) {
        return Err(Error::input(format!(
            "the effective half-life of {:.4} h is longer than the physical one of {:.4} h; at most the physical one is possible",
            effective / 3600.0,
            physical / 3600.0
        )));
    }
    Ok(())
}
