//! Response without transport: biology on doses per decay that an earlier run has stored.

use super::{
    Account, Clock, Evaluation, Prepared, Treatment,
    feedback::{Doses, Feedback, Schedule},
};
use crate::{
    dose::component::ScoredComponent,
    error::{Error, Result},
    plan::Plan,
    report::components::{StoredComponents, emitter_digest, pattern_digest},
};

/// Doses of a result.
struct Stored<'a>(&'a StoredComponents);

impl Doses for Stored<'_> {
    fn score(&mut self, treatment: &Treatment, first: usize) -> Result<Option<Vec<ScoredComponent>>> {
        let find = |c: &super::Component| self.0.find(&pattern_digest(&c.pattern), &emitter_digest(&treatment.emitters[c.emitter]));
        treatment.components[first..].iter().map(find).collect::<Result<Option<Vec<_>>>>()
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
    let mut doses = Stored(stored);
    let Some(mut scored) = doses.score(&treatment, 0)? else {
        let missing = |c: &&super::Component| !stored.holds(&pattern_digest(&c.pattern), &emitter_digest(&treatment.emitters[c.emitter]));
        let names: Vec<&str> = treatment.components.iter().filter(missing).map(|c| c.name.as_str()).collect();
        return Err(Error::input(format!(
            "the result holds no dose per decay for {}: where its activity lies, or what decays, differs from the plan it was run with; use `dosaic run`",
            names.join(", ")
        )));
    };
    clock.lap("stored doses");
    let tme = plan.response.tme.as_ref().map(|tme| feedback.follow(tme, &mut treatment, &mut scored, &mut doses)).transpose()?;
    clock.lap("microenvironment");
    Evaluation::new(plan, prepared, treatment, &scored, Account::default(), tme, threads, clock.phases)
}
