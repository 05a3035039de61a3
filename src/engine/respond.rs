//! Response without transport: biology on doses per decay that an earlier run has stored.

use super::{
    Clock, Component, Evaluation, Prepared, Treatment,
    evaluate::Delivered,
    feedback::{Doses, Feedback, Schedule},
};
use crate::{
    dose::component::ScoredComponent,
    error::{Error, Result},
    plan::Plan,
    report::components::{StoredComponents, pattern_digest},
    transport::backend::Settings,
};

/// Doses of a result.
struct Stored<'a> {
    doses: &'a StoredComponents,
    settings: &'a Settings,
}

impl Stored<'_> {
    fn digests(&self, treatment: &Treatment, component: &Component) -> [String; 2] {
        [pattern_digest(&component.pattern), treatment.emitters[component.emitter].digest(self.settings)]
    }
}

impl Doses for Stored<'_> {
    fn score(&mut self, treatment: &Treatment, first: usize) -> Result<Option<Vec<ScoredComponent>>> {
        let find = |component: &Component| {
            let [pattern, emitter] = self.digests(treatment, component);
            self.doses.find(&pattern, &emitter)
        };
        Ok(treatment.components[first..].iter().map(find).collect())
    }
}

/// Dose and response of a plan from stored doses per decay.
///
/// # Errors
/// If the plan needs a source component that the result does not hold, or the response cannot be followed.
pub fn respond(plan: &Plan, prepared: &Prepared, stored: &StoredComponents, threads: usize) -> Result<Evaluation> {
    follow(plan, prepared, stored, &Schedule::of(plan), threads)
}

/// The same activity in `number` equal fractions, `interval` s apart.
///
/// # Errors
/// As [`respond`].
pub fn respond_in_fractions(
    plan: &Plan,
    prepared: &Prepared,
    stored: &StoredComponents,
    (number, interval): (u32, f64),
    threads: usize,
) -> Result<Evaluation> {
    follow(plan, prepared, stored, &Schedule::equal(plan, number, interval), threads)
}

fn follow(plan: &Plan, prepared: &Prepared, stored: &StoredComponents, schedule: &Schedule, threads: usize) -> Result<Evaluation> {
    let mut clock = Clock::new(prepared.phases.clone());
    let feedback = Feedback { plan, prepared, schedule, threads };
    let mut treatment = feedback.known()?;
    let mut doses = Stored { doses: stored, settings: &prepared.settings };
    let Some(mut scored) = doses.score(&treatment, 0)? else {
        let why = treatment.components.iter().find_map(|component| {
            let [pattern, emitter] = doses.digests(&treatment, component);
            stored.find(&pattern, &emitter).is_none().then(|| stored.why_missing(&component.name, &pattern, &emitter))
        });
        return Err(Error::input(why.unwrap_or_default()));
    };
    clock.lap("stored doses");
    let tme = plan.response.tme.as_ref().map(|tme| feedback.follow(tme, &mut treatment, &mut scored, &mut doses)).transpose()?;
    clock.lap("microenvironment");
    Evaluation::new(plan, prepared, Delivered { treatment, scored, account: None, tme }, threads, clock.phases)
}
