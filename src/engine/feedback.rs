//! Dose and response in turns: what the microenvironment has become decides the uptake of the next fraction, that decides its dose.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Component, Prepared, Treatment,
    condition::{Comparison, Condition},
    microenvironment,
};
use crate::{
    dose::{component::ScoredComponent, regions::RegionIndex},
    error::{Error, Result},
    phantom::Phantom,
    plan::{FractionPlan, Plan, Prediction, TmePlan, TmeRegion, UptakePattern},
    report::tme::{PredictedUptake, TmeResult},
    response::maps::LQ_UNREPAIRED_LIMIT,
    response::tme::{
        Delivery, Domain, Snapshot,
        quality::{RegionQuality, voxel_source},
        simulation::Simulation,
    },
    source::{self, DecayGroups, FractionSource, PatternCache, UptakeChange, UptakeLaw},
};

/// Changes of uptake below this are rounding.
const UNCHANGED: f64 = 1.0e-9;
/// Decays that a sum of stored patterns may have elsewhere without a word: devices differ by less in where a ligand goes.
const ROUNDING: f64 = 1.0e-4;

/// Where doses per decay come from: the transport, or a result that was stored.
pub(super) trait Doses {
    /// Doses of the components from `first` on; `None` for those that are not to be had.
    ///
    /// # Errors
    /// If the transport fails.
    fn score(&mut self, treatment: &Treatment, first: usize) -> Result<Vec<Option<ScoredComponent>>>;

    /// The sum of stored components that comes nearest to one that is not to be had, and the part of the decays that lies elsewhere in it.
    fn combined(&self, treatment: &Treatment, component: &Component) -> Option<(ScoredComponent, f64)>;
}

/// The fractions to follow: those of the plan, or the same activity given in another way.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// In order of start.
    pub(super) fractions: Vec<FractionPlan>,
    /// Factor on the activity of all of them.
    pub(super) scale: f64,
    /// Whether they are those of the plan.
    planned: bool,
}

impl Schedule {
    /// As the plan says.
    pub(super) fn of(plan: &Plan) -> Self {
        Self { fractions: plan.fractions.clone(), scale: 1.0, planned: true }
    }

    /// The activity of all the plan's fractions in `number` equal ones, each as the first and predicted from it, `interval` s apart.
    pub(super) fn equal(plan: &Plan, number: u32, interval: f64) -> Self {
        let first = &plan.fractions[0];
        let total: f64 = plan.fractions.iter().map(|f| f.administered).sum();
        let fraction = |k: u32| {
            let mut fraction = first.clone();
            fraction.number = k + 1;
            fraction.start = first.start + f64::from(k) * interval;
            fraction.administered = total / f64::from(number);
            fraction.predicted_from = (k > 0).then_some(1);
            let taken_over = Some(Prediction { from: 1, scale: 1.0 });
            fraction.uptakes.iter_mut().for_each(|u| u.predicted = taken_over);
            fraction.images.iter_mut().for_each(|u| u.predicted = taken_over);
            fraction.series.iter_mut().for_each(|u| u.predicted = taken_over);
            fraction
        };
        let scale = total / f64::from(number) / first.administered;
        Self { fractions: (0..number).map(fraction).collect(), scale, planned: false }
    }
}

/// The course of the tumour microenvironment through all fractions. `treatment` and `scored` hold the fractions whose uptake is known; those that
/// are predicted are added when the response has come to their start.
pub(super) struct Feedback<'a> {
    pub(super) plan: &'a Plan,
    pub(super) prepared: &'a Prepared,
    pub(super) schedule: &'a Schedule,
    pub(super) threads: usize,
}

impl Feedback<'_> {
    /// Whether the sources of a fraction need the response up to its start: its uptake is predicted, or a ligand meets a tumour that was treated.
    fn deferred(&self, fraction: &FractionPlan) -> bool {
        let ligand = fraction.uptakes.iter().any(|u| u.pattern == UptakePattern::Ligand);
        fraction.predicted_from.is_some() || (ligand && fraction.start > self.schedule.fractions[0].start)
    }

    /// The fractions whose uptake is known before any response.
    ///
    /// # Errors
    /// As [`Treatment::new`].
    pub(super) fn known(&self) -> Result<Treatment> {
        let mut groups = self.prepared.groups.clone();
        let known: Vec<&FractionPlan> = self.schedule.fractions.iter().filter(|f| !self.deferred(f)).collect();
        let sources = if self.schedule.planned {
            // They have been built with all others.
            let built = &self.prepared.treatment.sources;
            built.iter().filter(|source| known.iter().any(|fraction| fraction.number == source.number)).cloned().collect()
        } else {
            let mut cache = PatternCache::new(&self.prepared.phantom);
            let change = UptakeChange { ratio: &|_, _, _| self.schedule.scale, keep_below: UNCHANGED };
            let mut sources = Vec::new();
            for fraction in &known {
                if let Some(ligand) = &self.prepared.ligand {
                    let untreated = ligand.untreated();
                    ligand.give(fraction, &mut cache, |_| Some(&untreated))?;
                }
                sources.push(self.source(fraction, &change, &mut cache, &mut groups)?);
            }
            sources
        };
        Treatment::new(self.plan, &groups, &known, sources)
    }

    fn source(
        &self,
        fraction: &FractionPlan,
        change: &UptakeChange<'_>,
        cache: &mut PatternCache<'_>,
        groups: &mut DecayGroups,
    ) -> Result<FractionSource> {
        source::build_predicted(fraction, &self.plan.nuclides, &self.prepared.inputs, cache, groups, Some(change))
    }

    /// Follows the response to the horizon.
    ///
    /// # Errors
    /// If the device fails, or the model's input cannot be used.
    pub(super) fn follow(
        &self,
        tme: &TmePlan,
        treatment: &mut Treatment,
        scored: &mut Vec<ScoredComponent>,
        doses: &mut dyn Doses,
    ) -> Result<TmeResult> {
        let phantom = &self.prepared.phantom;
        let fractions = &self.schedule.fractions;
        let index = RegionIndex::new(phantom)?;
        let domain = domain(phantom, &tme.regions)?;
        let tissues = TmeResult::tissues_of(&domain, &self.plan.response);
        let mut simulation = microenvironment::open(self.plan, tme, phantom, &domain, &tissues, self.threads)?;
        let mut groups = self.prepared.groups.clone();
        let mut cache = PatternCache::new(phantom);
        let mut states = States::default();
        let (mut predicted, mut warnings) = (Vec::new(), Vec::new());
        let mut replaced = Replaced::default();
        let mut quality = vec![RegionQuality::default(); domain.regions.len()];
        let mut of_source: Vec<Vec<RegionQuality>> = Vec::new();
        for fraction in fractions {
            self.pass(tme, &mut simulation, fraction.start, &mut states)?;
            let deferred = self.deferred(fraction);
            let now = Condition::now(tme, &domain, &mut simulation, self.prepared.ligand.as_ref().map(|ligand| (ligand, deferred)))?;
            if deferred {
                if let Some(ligand) = &self.prepared.ligand {
                    let retained = |from: Option<u32>| from.map_or(Some(&now), |number| states.at_fractions.get(&number))?.ligand();
                    ligand.give(fraction, &mut cache, retained)?;
                }
                let ratio = |from: u32, law: UptakeLaw, v: u32| {
                    self.schedule.scale * states.at_fractions.get(&from).map_or(1.0, |then| now.over(then, &domain, law, v))
                };
                let source = self.predict(tme, fraction, &ratio, (&mut cache, &mut groups), (treatment, scored, doses), &mut replaced)?;
                // Organs take up what they did, unless the plan has a sink.
                let changed =
                    |p: &source::PredictedUptake| (p.factor / self.schedule.scale - 1.0).abs() > UNCHANGED || p.largest_change > UNCHANGED;
                predicted.extend(source.predicted.into_iter().filter(changed).map(|p| PredictedUptake {
                    fraction: fraction.number,
                    place: p.place.trim_start_matches("in ").to_owned(),
                    from: p.from,
                    factor: p.factor / self.schedule.scale,
                    measured: None,
                    largest_change: p.largest_change,
                    retransported: !p.kept,
                }));
            }
            let comparison = Comparison { domain: &domain, phantom, fractions, treatment, conditions: &states.at_fractions };
            predicted.extend(comparison.with(fraction, &now));
            states.at_fractions.insert(fraction.number, now);
            for component in &scored[of_source.len()..] {
                let (source, sums) = voxel_source(&domain, component, phantom, &index, &self.plan.response, tme)?;
                simulation.add_source(source)?;
                of_source.push(sums);
            }
            let delivery = treatment.deliveries.iter().find(|d| d.number == fraction.number);
            for c in delivery.iter().flat_map(|d| &d.contributions) {
                for (sum, part) in quality.iter_mut().zip(&of_source[c.component]) {
                    sum.add(part, c.tia);
                }
                simulation.deliver(Delivery { source: c.component, start: fraction.start, course: Arc::clone(&c.course), factor: 1.0 })?;
            }
        }
        self.pass(tme, &mut simulation, tme.horizon, &mut states)?;
        treatment.in_order();
        warnings.extend(replaced.told());
        let unrepaired = simulation.unrepaired()?;
        if unrepaired.times > 0 {
            warnings.push(format!(
                "unrepaired dose rose above {LQ_UNREPAIRED_LIMIT} Gy {} times in voxels that evolve (at most {:.3} Gy): the linear-quadratic model may \
                 overestimate killing there",
                unrepaired.times, unrepaired.highest
            ));
        }
        let end = simulation.snapshot()?;
        if tme.maps_at.contains(&tme.horizon) {
            states.maps.push(end.clone());
        }
        Ok(TmeResult {
            plan: tme.clone(),
            tissues,
            fractions: fractions.iter().map(|f| (f.number, f.start)).collect(),
            domain,
            snapshots: states.maps,
            end,
            timeline: simulation.timeline().clone(),
            quality,
            untreated_growth: simulation.untreated_growth().to_vec(),
            predicted,
            fractionation: None,
            warnings,
        })
    }

    /// Advances to a time, with a look at the state wherever the plan wants maps before it.
    fn pass(&self, tme: &TmePlan, simulation: &mut Simulation, until: f64, states: &mut States) -> Result<()> {
        for &time in tme.maps_at.iter().filter(|&&time| time < until) {
            if time >= simulation.time() && states.maps.last().is_none_or(|last| last.time < time) {
                simulation.advance(time)?;
                states.maps.push(simulation.snapshot()?);
            }
        }
        simulation.advance(until)
    }

    /// Adds a fraction whose uptake is predicted, with the doses that it needs.
    fn predict(
        &self,
        tme: &TmePlan,
        fraction: &FractionPlan,
        ratio: &dyn Fn(u32, UptakeLaw, u32) -> f64,
        (cache, groups): (&mut PatternCache<'_>, &mut DecayGroups),
        (treatment, scored, doses): (&mut Treatment, &mut Vec<ScoredComponent>, &mut dyn Doses),
        replaced: &mut Replaced,
    ) -> Result<FractionSource> {
        let change = UptakeChange { ratio, keep_below: tme.retransport_above };
        let source = self.source(fraction, &change, cache, groups)?;
        let known = treatment.components.len();
        treatment.add(self.plan, groups, fraction, source.clone())?;
        let ligand = fraction.uptakes.iter().any(|u| u.pattern == UptakePattern::Ligand);
        let found = doses.score(treatment, known)?;
        let (old, new) = treatment.components.split_at(known);
        for (component, found) in new.iter().zip(found) {
            let dose = match found {
                Some(dose) => dose,
                // It reaches other voxels than before, where nothing could be scaled.
                None if ligand => {
                    let Some((dose, misplaced)) = doses.combined(treatment, component) else {
                        return Err(Error::input(format!(
                            "{}: no stored pattern of what it emits is anywhere near where the ligand goes now; use `dosaic run`",
                            component.name
                        )));
                    };
                    if misplaced > ROUNDING {
                        replaced.combined.push((component.name.clone(), misplaced));
                    }
                    dose
                }
                None => {
                    let (at, change) = nearest(old, component)?;
                    replaced.scaled.push((component.name.clone(), change));
                    scored[at].rescaled(&component.name, &self.prepared.phantom, &old[at].pattern, &component.pattern)
                }
            };
            scored.push(dose);
        }
        Ok(source)
    }
}

/// Of the patterns so far that cover a component's, the one that changed least into it: its position, and the largest relative change of a share.
fn nearest(old: &[Component], component: &Component) -> Result<(usize, f64)> {
    let share = |v: &u32| component.pattern.voxels.binary_search(v).map_or(0.0, |at| component.pattern.shares[at]);
    let pairs =
        |base: &Component| base.pattern.voxels.iter().zip(&base.pattern.shares).map(|(v, &old)| (share(v), old)).collect::<Vec<_>>();
    let covers = |base: &Component| {
        base.emitter == component.emitter && component.pattern.voxels.iter().all(|v| base.pattern.voxels.binary_search(v).is_ok())
    };
    let distance = |base: &Component| pairs(base).iter().map(|(new, old)| (new - old).abs()).sum::<f64>();
    let candidates = old.iter().enumerate().filter(|(_, base)| covers(base)).map(|(at, base)| (at, distance(base)));
    let Some((at, _)) = candidates.min_by(|a, b| a.1.total_cmp(&b.1)) else {
        return Err(Error::input(format!("{}: no stored dose per decay covers where it decays; use `dosaic run`", component.name)));
    };
    Ok((at, pairs(&old[at]).iter().map(|(new, old)| (new / old - 1.0).abs()).fold(0.0, f64::max)))
}

/// Components whose patterns were never transported.
#[derive(Default)]
struct Replaced {
    /// Scaled voxel by voxel from another: largest relative change of a share.
    scaled: Vec<(String, f64)>,
    /// Sums of stored ones: part of the decays that lies elsewhere.
    combined: Vec<(String, f64)>,
}

impl Replaced {
    /// In words, each kind in one sentence.
    fn told(&self) -> Vec<String> {
        let line = |list: &[(String, f64)], one: &str, several: &str, how: &dyn Fn(f64) -> String| {
            let (name, most) = list.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            Some(match list.len() {
                1 => format!("no transport is stored of \"{name}\": {one} {}", how(*most)),
                n => format!("no transport is stored of {n} predicted patterns: {several} {} (\"{name}\")", how(*most)),
            })
        };
        let scaled = line(
            &self.scaled,
            "its dose was scaled voxel by voxel, with its share of the decays, from the nearest pattern,",
            "their doses were scaled voxel by voxel, with the shares of the decays, each from the nearest pattern,",
            &|change| format!("by up to {:.1} %", 100.0 * change),
        );
        let combined = line(
            &self.combined,
            "its dose is that of the nearest sum of stored patterns;",
            "their doses are those of the nearest sums of stored patterns;",
            &|misplaced| format!("up to {:.2} % of the decays lie elsewhere in it", 100.0 * misplaced),
        );
        scaled.into_iter().chain(combined).collect()
    }
}

/// States that are looked at again.
#[derive(Default)]
struct States {
    /// At the starts of fractions, by number.
    at_fractions: BTreeMap<u32, Condition>,
    /// At the times of maps.
    maps: Vec<Snapshot>,
}

/// The voxels of the regions that evolve.
pub(super) fn domain(phantom: &Phantom, regions: &[TmeRegion]) -> Result<Domain> {
    let names: Vec<String> = regions.iter().map(|r| r.region.clone()).collect();
    let most = usize::from(u8::MAX) + 1;
    if names.len() > most {
        return Err(Error::input(format!("[response.tme]: {} regions evolve; at most {most} can be told apart", names.len())));
    }
    let row_of: Vec<Option<u8>> =
        phantom.region_names.iter().map(|name| names.iter().position(|n| n == name).map(|row| row as u8)).collect();
    let (mut voxels, mut row) = (Vec::new(), Vec::new());
    for (v, &label) in phantom.regions.iter().enumerate() {
        if let Some(r) = usize::from(label).checked_sub(1).and_then(|region| row_of[region]) {
            voxels.push(v as u32);
            row.push(r);
        }
    }
    if let Some(empty) = (0..names.len()).find(|&r| !row.iter().any(|&x| usize::from(x) == r)) {
        return Err(Error::input(format!("[response.tme]: region \"{}\" has no voxel, so nothing can evolve in it", names[empty])));
    }
    Ok(Domain { grid: phantom.grid, voxels, row, regions: names })
}
