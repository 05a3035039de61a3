//! Dose and response in turns: what the microenvironment has become decides the uptake of the next fraction, that decides its dose.

use std::collections::BTreeMap;

use super::{Prepared, Treatment};
use crate::{
    dose::component::ScoredComponent,
    error::{Error, Result},
    phantom::Phantom,
    plan::{FractionPlan, Plan, TmePlan, TmeRegion},
    report::tme::{PredictedUptake, TmeResult},
    response::tme::{Delivery, Domain, Simulation, Snapshot, quality::voxel_source, uptake::UptakeModel},
    source::{self, PatternCache, Prediction},
};

/// Where doses per decay come from: the transport, or a result that was stored.
pub(super) trait Doses {
    /// Doses of the components from `first` on; `None` if one of them is not to be had.
    ///
    /// # Errors
    /// If the transport fails.
    fn score(&mut self, treatment: &Treatment, first: usize) -> Result<Option<Vec<ScoredComponent>>>;
}

/// The fractions to follow: those of the plan, or the same activity given in another way.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// In order of start.
    pub(super) fractions: Vec<FractionPlan>,
    /// Factor on the activity of all of them.
    pub(super) scale: f64,
}

impl Schedule {
    /// As the plan says.
    pub(super) fn of(plan: &Plan) -> Self {
        Self { fractions: plan.fractions.clone(), scale: 1.0 }
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
            fraction.uptakes.iter_mut().for_each(|u| u.predicted = true);
            fraction.images.iter_mut().for_each(|u| u.predicted = true);
            fraction.series.iter_mut().for_each(|u| u.predicted = true);
            fraction
        };
        Self { fractions: (0..number).map(fraction).collect(), scale: total / f64::from(number) / first.administered }
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
    /// The fractions whose uptake is known before any response.
    ///
    /// # Errors
    /// As [`Treatment::new`].
    pub(super) fn known(&self) -> Result<Treatment> {
        let mut groups = self.prepared.groups.clone();
        let mut cache = PatternCache::new(&self.prepared.phantom);
        let known: Vec<&FractionPlan> = self.schedule.fractions.iter().filter(|f| f.predicted_from.is_none()).collect();
        let sources = known
            .iter()
            .map(|fraction| self.source(fraction, &|_| Some(self.schedule.scale), self.schedule.scale, 0.0, &mut cache, &mut groups))
            .collect::<Result<Vec<_>>>()?;
        Treatment::new(self.plan, &groups, &known, sources)
    }

    fn source(
        &self,
        fraction: &FractionPlan,
        ratio: &dyn Fn(u32) -> Option<f64>,
        elsewhere: f64,
        keep_below: f64,
        cache: &mut PatternCache<'_>,
        groups: &mut source::DecayGroups,
    ) -> Result<source::FractionSource> {
        let prediction = Prediction { ratio, elsewhere, keep_below };
        source::build_predicted(fraction, &self.plan.nuclides, &self.prepared.inputs, cache, groups, Some(&prediction))
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
        let domain = domain(phantom, &tme.regions)?;
        let mut groups = self.prepared.groups.clone();
        let mut cache = PatternCache::new(phantom);
        let mut simulation = Simulation::new(self.plan, tme, &domain, self.threads)?;
        let uptake = UptakeModel::new(tme);
        let mut sources = 0;
        let mut starts: BTreeMap<u32, Snapshot> = BTreeMap::new();
        let mut predicted = Vec::new();
        let mut warnings = Vec::new();
        for fraction in &self.schedule.fractions {
            simulation.advance(fraction.start)?;
            if let Some(from) = fraction.predicted_from {
                let now = simulation.snapshot()?;
                let then = starts.get(&from).ok_or_else(|| Error::input(format!("fraction {}: fraction {from} does not come before it", fraction.number)))?;
                let change = uptake.change(&domain, then, &now);
                let scale = self.schedule.scale;
                let ratio = |v: u32| domain.voxels.binary_search(&v).ok().map(|at| scale * f64::from(change.ratio[at]));
                let first = treatment.components.len();
                let mut source = self.source(fraction, &ratio, scale * change.organs, tme.retransport_above, &mut cache, &mut groups)?;
                let kept = treatment.clone();
                treatment.add(self.plan, &groups, fraction, source.clone())?;
                match doses.score(treatment, first)? {
                    Some(new) => scored.extend(new),
                    None => {
                        *treatment = kept;
                        source = self.source(fraction, &ratio, scale * change.organs, f64::INFINITY, &mut cache, &mut groups)?;
                        let most = source.predicted.iter().map(|p| p.largest_change).fold(0.0, f64::max);
                        warnings.push(format!(
                            "fraction {}: the pattern of uptake changes by up to {:.0} % in a voxel, but there is no transport for it here: the old \
                             pattern was scaled; `dosaic run` transports it anew",
                            fraction.number,
                            100.0 * most
                        ));
                        treatment.add(self.plan, &groups, fraction, source.clone())?;
                    }
                }
                predicted.extend(source.predicted.iter().map(|p| PredictedUptake {
                    fraction: fraction.number,
                    place: p.place.clone(),
                    factor: p.factor / scale,
                    largest_change: p.largest_change,
                    retransported: !p.kept,
                }));
            }
            if self.schedule.fractions.iter().any(|f| f.predicted_from == Some(fraction.number)) {
                starts.insert(fraction.number, simulation.snapshot()?);
            }
            while sources < scored.len() {
                simulation.add_source(voxel_source(&domain, phantom, &scored[sources], self.plan, tme)?)?;
                sources += 1;
            }
            let delivery = treatment.deliveries.iter().find(|d| d.number == fraction.number);
            for c in delivery.iter().flat_map(|d| &d.contributions) {
                simulation.deliver(Delivery { source: c.component, start: fraction.start, course: c.course.clone(), factor: 1.0 })?;
            }
        }
        simulation.advance(tme.horizon)?;
        treatment.in_order();
        let (timeline, snapshots, told) = simulation.finish();
        warnings.extend(told);
        Ok(TmeResult { domain, regions: tme.regions.clone(), snapshots, timeline, immune: tme.immune, predicted, warnings })
    }
}

/// The voxels of the regions that evolve.
fn domain(phantom: &Phantom, regions: &[TmeRegion]) -> Result<Domain> {
    let names: Vec<String> = regions.iter().map(|r| r.region.clone()).collect();
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
