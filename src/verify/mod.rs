//! The validation anyone can run: reference cases on any device, with the figures they are held against inside the program.
//!
//! A comparison passes if its deviation beyond 2 sigma of the combined statistics is within the bound. What each case is, its reference and its
//! bound: `docs/validation.md`.

mod cases;
pub mod context;
pub mod outcome;
pub mod plot;
pub mod reference;
pub mod report;

use std::time::Instant;

use serde::Serialize;

pub use cases::CASES;
pub use context::Context;
pub use outcome::{Outcome, Row, Series, Verdict};

use crate::error::{Error, Result};

/// A case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Name for `--case`.
    pub name: &'static str,
    /// What it compares with what.
    pub about: &'static str,
    /// Runs it.
    pub run: fn(&Context) -> Result<Outcome>,
}

/// A case that was run.
#[derive(Debug, Serialize)]
pub struct Finished {
    /// Its name.
    pub name: &'static str,
    /// What it compares with what.
    pub about: &'static str,
    /// What it found.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Seconds it took.
    pub seconds: f64,
}

/// Runs the named cases (all, if none is named) in the order of [`CASES`]; `done` sees each as it ends.
///
/// # Errors
/// If a name is unknown or the device fails.
pub fn verify(context: &Context, names: &[String], done: &dyn Fn(&Finished) -> Result<()>) -> Result<Vec<Finished>> {
    if let Some(unknown) = names.iter().find(|name| !CASES.iter().any(|case| case.name == name.as_str())) {
        let known: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        return Err(Error::input(format!("no case {unknown:?}; there are {}", known.join(", "))));
    }
    let mut all = Vec::new();
    for case in CASES.iter().filter(|case| names.is_empty() || names.iter().any(|name| name == case.name)) {
        let start = Instant::now();
        let outcome = (case.run)(context)?;
        let finished = Finished { name: case.name, about: case.about, outcome, seconds: start.elapsed().as_secs_f64() };
        done(&finished)?;
        all.push(finished);
    }
    Ok(all)
}
