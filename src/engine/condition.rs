//! What decides uptake at the start of a fraction, and what it predicts beside what was measured.

use std::{collections::BTreeMap, sync::Arc};

use super::{Ligand, Treatment};
use crate::{
    error::Result,
    phantom::Phantom,
    plan::{FractionPlan, TmePlan},
    report::tme::PredictedUptake,
    response::tme::{Domain, simulation::Simulation, uptake},
    source::{TimeActivity, UptakeLaw},
};

/// What decides uptake at one time. Only ratios of two times mean anything.
pub(super) struct Condition {
    /// Of the voxels that evolve: binding sites, perfusion and barrier.
    affinity: Vec<f64>,
    /// Of all others: what the tumours leave them.
    elsewhere: f64,
    /// Ligand that stays in the voxels that evolve, nM; none where no uptake follows it.
    ligand: Option<Arc<Vec<f64>>>,
}

impl Condition {
    /// As it is now. `ligand`: one to be followed, and whether into the tumours as they are (else: untreated).
    pub(super) fn now(tme: &TmePlan, domain: &Domain, simulation: &mut Simulation, ligand: Option<(&Ligand, bool)>) -> Result<Self> {
        let state = simulation.snapshot()?;
        let affinity = uptake::affinity(tme, domain, simulation.rows(), &simulation.stage(), &state)?;
        let ligand = ligand.map(|(ligand, treated)| if treated { ligand.now(tme, &state).map(Arc::new) } else { Ok(ligand.untreated()) });
        Ok(Self { affinity, elsewhere: uptake::sink(tme, 0.0, uptake::burden(domain, &state))?, ligand: ligand.transpose()? })
    }

    /// Ligand that stays in the voxels that evolve, nM.
    pub(super) fn ligand(&self) -> Option<&Vec<f64>> {
        self.ligand.as_deref()
    }

    /// Uptake in a voxel of the grid over that at an earlier time, for the same administered activity.
    pub(super) fn over(&self, then: &Self, domain: &Domain, law: UptakeLaw, voxel: u32) -> f64 {
        match (domain.voxels.binary_search(&voxel), law, &then.ligand, &self.ligand) {
            (Ok(at), UptakeLaw::Ligand, Some(then), Some(now)) => uptake::change(then[at], now[at]),
            (Ok(at), ..) => uptake::change(then.affinity[at], self.affinity[at]),
            (Err(_), ..) => uptake::change(then.elsewhere, self.elsewhere),
        }
    }
}

/// Measured uptakes against what the response makes of earlier ones.
pub(super) struct Comparison<'a> {
    pub(super) domain: &'a Domain,
    pub(super) phantom: &'a Phantom,
    pub(super) fractions: &'a [FractionPlan],
    pub(super) treatment: &'a Treatment,
    /// At the starts of earlier fractions, by number.
    pub(super) conditions: &'a BTreeMap<u32, Condition>,
}

impl Comparison<'_> {
    /// For every evolving region whose activity in this fraction was measured, and in an earlier one of the nuclide: the latest of them is the
    /// base. The factor that the response predicts is the mean, over the activity measured then, of the voxels' ratios; the factor measured is
    /// that of time-integrated activities per administered activity (of activities, where the kinetics are the same).
    pub(super) fn with(&self, fraction: &FractionPlan, now: &Condition) -> Vec<PredictedUptake> {
        let compared = |region: &String| {
            let measured = self.measured(fraction.number, region)?;
            let earlier = self.fractions.iter().rev().filter(|f| f.number < fraction.number && f.nuclide == fraction.nuclide);
            let (base, parts) = earlier.filter_map(|f| Some((f, self.measured(f.number, region)?))).next()?;
            let then = self.conditions.get(&base.number)?;
            let whole = |parts: &[Part]| parts.iter().map(|part| part.tia * part.shares.iter().map(|s| s.1).sum::<f64>()).sum::<f64>();
            let carried = |part: &Part| {
                part.tia * part.shares.iter().map(|&(v, share)| share * now.over(then, self.domain, part.law, v)).sum::<f64>()
            };
            let before = whole(&parts);
            let factor = parts.iter().map(carried).sum::<f64>() / before;
            let change = |part: &Part| part.law.largest_change(&part.shares, |v| now.over(then, self.domain, part.law, v), factor);
            let largest_change = parts.iter().map(change).fold(0.0, f64::max);
            Some(PredictedUptake {
                fraction: fraction.number,
                place: region.clone(),
                from: base.number,
                factor,
                measured: Some(whole(&measured) / fraction.administered / (before / base.administered)),
                largest_change,
                retransported: false,
            })
        };
        self.domain.regions.iter().filter_map(compared).collect()
    }

    /// Activities of the nuclide in a region as far as they lie in it; `None` if there are none, or if one of them is predicted.
    fn measured(&self, number: u32, region: &str) -> Option<Vec<Part>> {
        let source = self.treatment.sources.iter().find(|source| source.number == number)?;
        let label = self.phantom.region_names.iter().position(|name| name == region)? as u16 + 1;
        let mut parts = Vec::new();
        for activity in &source.activities {
            let part = Part::within(activity, |v| self.phantom.regions[v as usize] == label);
            if part.shares.is_empty() {
                continue;
            }
            if !activity.measured {
                return None;
            }
            parts.push(part);
        }
        (!parts.is_empty()).then_some(parts)
    }
}

/// What of an activity lies in a region.
struct Part {
    /// Of the whole activity, Bq s.
    tia: f64,
    /// Voxels of the region, and their shares of it.
    shares: Vec<(u32, f64)>,
    law: UptakeLaw,
}

impl Part {
    fn within(activity: &TimeActivity, inside: impl Fn(u32) -> bool) -> Self {
        let pairs = activity.pattern.voxels.iter().copied().zip(activity.pattern.shares.iter().copied());
        Self { tia: activity.tia, shares: pairs.filter(|&(v, _)| inside(v)).collect(), law: activity.law }
    }
}
