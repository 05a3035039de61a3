//! `summary.json`: energy balance, histories, device, timings, uncertainty, warnings and the region table of a run.

use serde::Serialize;

use crate::{
    dose::{
        accumulate::DoseMaps,
        regions::{Period, RegionIndex, RegionRow},
        tally::QUANTUM_MEV,
    },
    error::Result,
    plan::UncertaintyGoal,
    report::{json, rt_dose::RtDoseSummary, tme::TmeSummary},
    transport::backend::Sums,
};

/// Schema of the file; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "dosaic-summary/2";

/// The file as JSON Schema (draft 2020-12); a key that a result has and this has not, or the reverse, fails a test.
pub const JSON_SCHEMA: &str = include_str!("../../docs/summary.schema.json");

/// The whole file.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Title of the plan.
    pub title: String,
    /// What did the transport.
    pub device: Device,
    /// What was run.
    pub runs: Vec<RunCount>,
    /// Where the emitted energy went, per run.
    pub energy_balance: Vec<EnergyBalance>,
    /// Energy deposited without transport, per component.
    pub local_deposits: Vec<EnergyPerDecay>,
    /// Energy of the decays that does not appear in the dose, per component.
    pub not_transported: Vec<EnergyPerDecay>,
    /// How long it took.
    pub timings: Timings,
    /// How well the doses are known.
    pub uncertainty: Uncertainty,
    /// V_x thresholds of `regions[].volume_at_dose`, Gy.
    pub dose_levels_gy: Vec<f64>,
    /// The region table.
    pub regions: Vec<RegionRow>,
    /// RT Dose objects, where the plan asks for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rt_dose: Option<RtDoseSummary>,
    /// The microenvironment, where the plan asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tme: Option<TmeSummary>,
    /// What the user must know, in words with counts.
    pub warnings: Vec<String>,
}

impl Summary {
    /// The file's text.
    ///
    /// # Errors
    /// If a value cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        json::pretty(self)
    }

    /// False if the energy of any run is not fully accounted for.
    pub fn balanced(&self) -> bool {
        self.energy_balance.iter().all(|b| b.balanced)
    }
}

/// The device that did the transport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// As the driver calls it, or the processor.
    pub name: String,
    /// Who made it; empty if unknown.
    pub vendor: String,
    /// "discrete gpu", "integrated gpu", "software" or "cpu".
    pub kind: String,
    /// Driver and its version; empty for the CPU backend.
    pub driver: String,
    /// "cpu", "vulkan", "metal", "dx12".
    pub backend: String,
    /// Threads of the CPU backend; 0 on a GPU.
    pub threads: usize,
}

/// One run of the transport: particles of one kind from one source component.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunCount {
    /// Source component.
    pub component: String,
    /// Kind of radiation.
    pub radiation: String,
    /// Particles per decay of the parent.
    pub yield_per_decay: f64,
    /// Histories (emitted particles).
    pub histories: u64,
    /// Statistical batches.
    pub batches: u32,
    /// Voxels in which decays happen.
    pub source_voxels: usize,
}

/// An amount of energy in tally quanta and in MeV.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Energy {
    /// Quanta of 2^-20 MeV, exact.
    pub quanta: u64,
    /// The same in MeV.
    pub mev: f64,
}

impl Energy {
    /// From tally quanta.
    pub fn from_quanta(quanta: u64) -> Self {
        Self { quanta, mev: quanta as f64 * QUANTUM_MEV }
    }
}

/// Where the energy emitted in a run went. Every amount is an exact integer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnergyBalance {
    /// Source component.
    pub component: String,
    /// Kind of radiation.
    pub radiation: String,
    /// Kinetic energy of the emitted particles.
    pub emitted: Energy,
    /// What the maps hold.
    pub deposited: Energy,
    /// Left the grid.
    pub escaped: Energy,
    /// Part of `deposited` that is collision kerma scored along the way of photons, an estimate of `absorbed`; 0 unless the plan asks for it.
    pub kerma: Energy,
    /// Lost by photons without a deposit because their kerma was scored instead.
    pub absorbed: Energy,
    /// Passed from electrons to photons or the other way, at rest energy and all; already in the other amounts.
    pub exchanged: Energy,
    /// Emitted minus deposited, escaped and absorbed, kerma apart, quanta: 0, or the transport has a defect.
    pub missing_quanta: i128,
    /// Whether `missing_quanta` is 0.
    pub balanced: bool,
}

impl EnergyBalance {
    /// The balance of a run, from tally quanta; `deposited` is what the maps hold.
    pub fn new(component: impl Into<String>, radiation: impl Into<String>, sums: &Sums, deposited: u64) -> Self {
        let missing = sums.imbalance() + i128::from(sums.deposited) + i128::from(sums.kerma) - i128::from(deposited);
        Self {
            component: component.into(),
            radiation: radiation.into(),
            emitted: Energy::from_quanta(sums.emitted),
            deposited: Energy::from_quanta(deposited),
            escaped: Energy::from_quanta(sums.escaped),
            kerma: Energy::from_quanta(sums.kerma),
            absorbed: Energy::from_quanta(sums.absorbed),
            exchanged: Energy::from_quanta(sums.queued_energy),
            missing_quanta: missing,
            balanced: missing == 0,
        }
    }
}

/// Energy per decay that is treated in a way of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnergyPerDecay {
    /// Source component.
    pub component: String,
    /// What carries it, e.g. "recoil nuclei", "photons".
    pub what: String,
    /// MeV per decay of the parent.
    pub mev_per_decay: f64,
    /// What was done with it, in words.
    pub treatment: String,
}

/// Wall-clock times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timings {
    /// From reading the plan to the last map, s.
    pub total_s: f64,
    /// Transport alone, s.
    pub transport_s: f64,
    /// Histories per second of transport.
    pub histories_per_s: f64,
    /// Name and duration (s) of each phase, in order.
    pub phases: Vec<Phase>,
}

/// A phase of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phase {
    /// For instance "phantom", "transport", "response".
    pub name: String,
    /// Duration, s.
    pub seconds: f64,
}

impl Timings {
    /// From the phases and the number of histories; `transport` names the phase that the rate refers to.
    pub fn new(phases: Vec<Phase>, transport: &str, histories: u64) -> Self {
        let transport_s: f64 = phases.iter().filter(|p| p.name == transport).map(|p| p.seconds).sum();
        Self {
            total_s: phases.iter().map(|p| p.seconds).sum(),
            transport_s,
            histories_per_s: if transport_s > 0.0 { histories as f64 / transport_s } else { 0.0 },
            phases,
        }
    }
}

/// How well the total dose is known; relative standard errors, 1 sigma.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uncertainty {
    /// What the numbers are, in words.
    pub definition: &'static str,
    /// Voxels with dose.
    pub voxels_with_dose: usize,
    /// Voxels with more than half of the maximum dose.
    pub voxels_above_half_maximum: usize,
    /// Mean over those voxels, as EGSnrc and GATE users quote it; `None` without dose.
    pub mean_above_half_maximum: Option<f64>,
    /// Region with the worst known mean dose.
    pub worst_region: Option<String>,
    /// Error of that region's mean dose.
    pub worst_region_mean: Option<f64>,
    /// The goal of the plan and what was reached.
    pub goal: Option<GoalResult>,
}

/// The uncertainty goal and what was reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoalResult {
    /// Region of the goal.
    pub region: String,
    /// Asked for.
    pub relative: f64,
    /// Root mean square of the voxels' relative errors in the region; `None` if it has no voxels.
    pub reached: Option<f64>,
    /// Whether the goal was met.
    pub met: bool,
}

impl Uncertainty {
    /// From the maps and the region table of the total.
    pub fn new(index: &RegionIndex, total: &DoseMaps, rows: &[RegionRow], goal: Option<&UncertaintyGoal>) -> Self {
        let half = total.dose.data.iter().copied().fold(0.0, f32::max) / 2.0;
        let (mut with_dose, mut above, mut sum) = (0, 0, 0.0);
        for (&dose, &u) in total.dose.data.iter().zip(&total.uncertainty.data) {
            with_dose += usize::from(dose > 0.0);
            if dose > half {
                above += 1;
                sum += f64::from(u);
            }
        }
        let worst = rows
            .iter()
            .filter(|r| r.fraction == Period::Total)
            .filter_map(|r| Some((r, relative_mean_error(r)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let goal = goal.map(|g| {
            let slot = index.names().iter().skip(1).position(|n| *n == g.region).map(|i| i + 1);
            let reached = slot.and_then(|s| index.rms(s, &total.uncertainty.data));
            GoalResult { region: g.region.clone(), relative: g.relative, reached, met: reached.is_some_and(|r| r <= g.relative) }
        });
        Self {
            definition: "relative standard error of the mean from statistical batches, 1 sigma; 1 where nothing was scored",
            voxels_with_dose: with_dose,
            voxels_above_half_maximum: above,
            mean_above_half_maximum: (above > 0).then(|| sum / above as f64),
            worst_region: worst.map(|(r, _)| r.region.clone()),
            worst_region_mean: worst.map(|(_, e)| e),
            goal,
        }
    }
}

/// Relative standard error of a row's mean dose; `None` without dose.
pub(super) fn relative_mean_error(row: &RegionRow) -> Option<f64> {
    let (mean, sigma) = (row.dose_mean_gy?, row.dose_mean_sigma_gy?);
    (mean > 0.0).then(|| sigma / mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balance_counts_every_quantum() {
        let sums = Sums { emitted: 1 << 21, deposited: 2_000_000, escaped: 97_152, ..Sums::default() };
        let even = EnergyBalance::new("Lu-177 in liver", "electron", &sums, 2_000_000);
        assert!(even.balanced && even.missing_quanta == 0 && even.emitted.mev == 2.0);
        assert_eq!(EnergyBalance::new("c", "electron", &sums, 1_999_999).missing_quanta, 1, "a deposit that the maps lost");
        // Kerma stands in the maps for what was absorbed.
        let kerma = Sums { emitted: 100, deposited: 20, escaped: 50, absorbed: 30, kerma: 33, ..Sums::default() };
        assert!(EnergyBalance::new("c", "photon", &kerma, 53).balanced);
        let huge = Sums { deposited: u64::MAX, escaped: u64::MAX, ..Sums::default() };
        assert_eq!(EnergyBalance::new("c", "electron", &huge, u64::MAX).missing_quanta, -2 * i128::from(u64::MAX));
    }

    #[test]
    fn rate_refers_to_transport_only() {
        let phases = [("phantom", 1.0), ("transport", 4.0), ("response", 3.0)].map(|(n, seconds)| Phase { name: n.into(), seconds });
        let timings = Timings::new(phases.to_vec(), "transport", 1000);
        assert_eq!((timings.total_s, timings.transport_s, timings.histories_per_s), (8.0, 4.0, 250.0));
        assert_eq!(Timings::new(Vec::new(), "transport", 7).histories_per_s, 0.0);
    }
}
