//! Response without transport: biology on doses per decay that an earlier run has stored.

use super::{
    Clock, Component, Evaluation, Prepared, Treatment,
    evaluate::Delivered,
    feedback::{Doses, Feedback, Schedule},
};
use crate::{
    dose::component::ScoredComponent,
    error::{Error, Result},
    plan::{FractionPlan, Plan, TmePlan},
    report::components::{StoredComponents, pattern_digest},
    report::tme::fractionation::{self, FractionationTable, OrganOutcome},
    response::RegionResponse,
    source::DecayPattern,
    transport::backend::Settings,
    units::SECONDS_PER_DAY,
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
    fn score(&mut self, treatment: &Treatment, first: usize) -> Result<Vec<Option<ScoredComponent>>> {
        let find = |component: &Component| {
            let [pattern, emitter] = self.digests(treatment, component);
            self.doses.find(&pattern, &emitter)
        };
        Ok(treatment.components[first..].iter().map(find).collect())
    }

    fn combined(&self, treatment: &Treatment, component: &Component) -> Option<(ScoredComponent, f64)> {
        let [_, emitter] = self.digests(treatment, component);
        let transported = self.doses.transported(&emitter);
        let patterns: Vec<&DecayPattern> = transported.iter().map(|(pattern, _)| *pattern).collect();
        let found = component.pattern.combined_from(&patterns)?;
        let parts: Vec<(f64, &ScoredComponent)> = found
            .weights
            .iter()
            .zip(&transported)
            .filter(|(weight, _)| **weight > 0.0)
            .map(|(&weight, (_, scored))| (weight, *scored))
            .collect();
        Some((ScoredComponent::combined(&component.name, &parts), found.misplaced))
    }
}

/// What to compare with the plan.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// Numbers of equal fractions that share the activity of all the plan's; none: no comparison.
    pub fractions: &'a [u32],
    /// Time between their starts, s.
    pub interval: f64,
}

/// Dose and response of a plan from stored doses per decay.
///
/// # Errors
/// If the plan needs a source component that the result does not hold, a comparison goes beyond the horizon, or the response cannot be followed.
pub fn respond(
    plan: &Plan,
    prepared: &Prepared,
    stored: &StoredComponents,
    comparison: Comparison<'_>,
    threads: usize,
) -> Result<Evaluation> {
    let mut evaluation = follow(plan, prepared, stored, &Schedule::of(plan), threads)?;
    if comparison.fractions.is_empty() {
        return Ok(evaluation);
    }
    let Some(tme) = &plan.response.tme else {
        return Err(Error::input("fractions are compared by the course of the microenvironment; the plan has no [response.tme]"));
    };
    if let Some(other) = plan.fractions.iter().find(|f| f.nuclide != plan.fractions[0].nuclide) {
        return Err(Error::input(format!(
            "numbers of fractions are compared by giving fraction 1 again and again, but fraction {} has another nuclide; this is for plans of one nuclide",
            other.number
        )));
    }
    let unused: Vec<String> = plan.fractions.iter().skip(1).filter_map(unused).collect();
    if !unused.is_empty() {
        evaluation.warnings.push(format!(
            "the comparison of fractions takes the uptake of fraction 1 and what the response makes of it; not used in it is what the plan says about {}",
            unused.join("; ")
        ));
    }
    let mut schedules = Vec::new();
    for &number in comparison.fractions {
        let schedule = Schedule::equal(plan, number, comparison.interval);
        let last = schedule.fractions.last().map_or(0.0, |f| f.start);
        if last > tme.horizon {
            return Err(Error::input(format!(
                "the last of {number} fractions starts on day {:.1}, after the horizon of [response.tme], day {:.1}; give a shorter interval or a later horizon",
                last / SECONDS_PER_DAY,
                tme.horizon / SECONDS_PER_DAY
            )));
        }
        let found = follow(plan, prepared, stored, &schedule, threads)?;
        let organ = |r: &&RegionResponse| plan.response.regions.iter().any(|(name, _)| *name == r.region) && !evolves(tme, &r.region);
        let organs = found.responses.iter().filter(organ).map(OrganOutcome::from).collect();
        schedules.extend(found.tme.as_ref().map(|result| fractionation::Schedule::new(result, organs)));
        let new = |w: &&String| !evaluation.warnings.contains(w);
        let told: Vec<String> =
            found.tme.iter().flat_map(|t| &t.warnings).filter(new).map(|w| format!("in {number} fractions: {w}")).collect();
        evaluation.warnings.extend(told);
    }
    let total: f64 = plan.fractions.iter().map(|f| f.administered).sum();
    if let Some(result) = &mut evaluation.tme {
        result.fractionation = Some(FractionationTable { title: format!("{:.4} GBq in all", total / 1.0e9), schedules });
    }
    Ok(evaluation)
}

/// What a later fraction says about uptake that is not predicted, in words: all of it, or some places.
fn unused(fraction: &FractionPlan) -> Option<String> {
    if fraction.predicted_from.is_none() {
        return Some(format!("fraction {}", fraction.number));
    }
    let uptakes = fraction.uptakes.iter().filter(|u| u.predicted.is_none()).map(|u| u.region.clone());
    let images = fraction.images.iter().filter(|u| u.predicted.is_none()).map(|_| "an image".to_owned());
    let series = fraction.series.iter().filter(|u| u.predicted.is_none()).map(|_| "a series of images".to_owned());
    let places: Vec<String> = uptakes.chain(images).chain(series).collect();
    (!places.is_empty()).then(|| format!("fraction {}: {}", fraction.number, places.join(", ")))
}

fn evolves(tme: &TmePlan, region: &str) -> bool {
    tme.regions.iter().any(|r| r.region == region)
}

fn follow(plan: &Plan, prepared: &Prepared, stored: &StoredComponents, schedule: &Schedule, threads: usize) -> Result<Evaluation> {
    let mut clock = Clock::new(prepared.phases.clone());
    let feedback = Feedback { plan, prepared, schedule, threads };
    let mut treatment = feedback.known()?;
    let mut doses = Stored { doses: stored, settings: &prepared.settings };
    let found: Option<Vec<ScoredComponent>> = doses.score(&treatment, 0)?.into_iter().collect();
    let Some(mut scored) = found else {
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
