//! Runs the batches of all components and turns their tallies into dose per decay.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{
    emitter::Beam,
    progress::Progress,
    treatment::{Component, Treatment},
};
use crate::{
    dose::{
        component::{ScoredComponent, ScoredRun},
        tally::{BatchAccumulator, BatchTally, Scores},
    },
    error::{Error, Result},
    phantom::Phantom,
    report::summary::{EnergyBalance, RunCount},
    transport::{
        backend::{Backend, Job, Particle, SourceShape, Sums},
        constants::{STATUS_FLIGHTS, STATUS_QUEUE, STATUS_REJECTION, STATUS_STACK, STATUS_STEPS},
    },
};

/// The transport of all components of a treatment. It may go on in rounds until an uncertainty goal is met, and take in components that
/// become known later.
#[derive(Debug)]
pub struct Transport<'a> {
    phantom: &'a Phantom,
    batches: u32,
    quality: bool,
    /// Per component and beam.
    runs: Vec<Vec<Run>>,
    rounds: u64,
    histories: u64,
}

/// What was run, and where its energy went.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Histories of all runs together.
    pub histories: u64,
    /// The runs.
    pub counts: Vec<RunCount>,
    /// The energy balance of every run.
    pub balances: Vec<EnergyBalance>,
    /// Emergency exits and energy that left the phantom, in words.
    pub warnings: Vec<String>,
}

#[derive(Debug)]
struct Run {
    accumulator: BatchAccumulator,
    sums: Sums,
}

impl<'a> Transport<'a> {
    /// Nothing transported yet. `quality`: whether the tables make alphas score their saturated lineal energy.
    pub fn new(phantom: &'a Phantom, batches: u32, quality: bool) -> Self {
        Self { phantom, batches, quality, runs: Vec::new(), rounds: 0, histories: 0 }
    }

    /// Histories so far.
    pub fn histories(&self) -> u64 {
        self.histories
    }

    /// Runs every component once more, with random numbers of its own.
    ///
    /// # Errors
    /// If the device fails, the user interrupts, or a sum overflows.
    pub fn round(&mut self, treatment: &Treatment, backend: &mut dyn Backend, progress: &Progress, stop: &AtomicBool) -> Result<()> {
        for component in 0..treatment.components.len() {
            self.run(treatment, component, self.rounds, backend, progress, stop)?;
        }
        self.rounds += 1;
        Ok(())
    }

    /// Runs the components that have been added since the last round as often as the others have been.
    ///
    /// # Errors
    /// As [`Self::round`].
    pub fn catch_up(&mut self, treatment: &Treatment, backend: &mut dyn Backend, progress: &Progress, stop: &AtomicBool) -> Result<()> {
        for component in self.runs.len()..treatment.components.len() {
            for round in 0..self.rounds {
                progress.extend(treatment.components[component].histories.iter().sum());
                self.run(treatment, component, round, backend, progress, stop)?;
            }
        }
        Ok(())
    }

    /// One round of one component.
    fn run(
        &mut self,
        treatment: &Treatment,
        at: usize,
        round: u64,
        backend: &mut dyn Backend,
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Result<()> {
        let component = &treatment.components[at];
        let emitter = &treatment.emitters[component.emitter];
        if at == self.runs.len() {
            let run = |particle| {
                let linear_energy = particle == Particle::Alpha;
                let scores = Scores { linear_energy, quality: self.quality && linear_energy };
                Run {
                    accumulator: BatchAccumulator::new(self.phantom.grid.len(), self.phantom.region_names.len(), scores),
                    sums: Sums::default(),
                }
            };
            self.runs.push(emitter.beams.iter().map(|b| run(b.particle)).collect());
        }
        // Every beam of every component has a random stream of its own, counted from 1.
        let before: usize = self.runs[..at].iter().map(Vec::len).sum();
        for (beam, (run, &histories)) in self.runs[at].iter_mut().zip(&component.histories).enumerate() {
            let Beam { particle, sampler, .. } = &emitter.beams[beam];
            progress.phase(&format!("{} ({})", component.name, particle.name()));
            let job = Job {
                particle: *particle,
                source: &component.source,
                shape: SourceShape::Uniform,
                spectrum: sampler.rows(),
                stream: (before + beam + 1) as u32,
                first_history: round * histories,
                histories,
                batches: self.batches,
            };
            for batch in 0..self.batches {
                if stop.load(Relaxed) {
                    return Err(Error::Interrupted);
                }
                let result = backend.run(&job, batch, &|done| progress.add(done))?;
                run.sums.add(&result.sums);
                let tally = BatchTally {
                    histories: histories / u64::from(self.batches),
                    edep: &result.energy,
                    edep_let: result.energy_let.as_deref(),
                    edep_quality: result.energy_quality.as_deref(),
                };
                run.accumulator.add(&tally, &self.phantom.regions)?;
            }
            self.histories += histories;
        }
        Ok(())
    }

    /// Dose per decay of the components from `first` on.
    ///
    /// # Errors
    /// If energy reached a voxel without mass.
    pub fn score(&self, treatment: &Treatment, first: usize) -> Result<Vec<ScoredComponent>> {
        let mut scored = Vec::new();
        for (component, runs) in treatment.components.iter().zip(&self.runs).skip(first) {
            let emitter = &treatment.emitters[component.emitter];
            let means = runs.iter().map(|run| run.accumulator.means()).collect::<Result<Vec<_>>>()?;
            let runs: Vec<ScoredRun<'_>> = emitter
                .beams
                .iter()
                .zip(&means)
                .map(|(beam, means)| ScoredRun { class: beam.class, yield_per_decay: beam.sampler.intensity(), means })
                .collect();
            scored.push(ScoredComponent::new(&component.name, self.phantom, &component.pattern, &runs, &emitter.local)?);
        }
        Ok(scored)
    }

    /// What was run, and where its energy went.
    pub fn account(&self, treatment: &Treatment) -> Account {
        let each = || self.each(treatment);
        Account {
            histories: self.histories,
            counts: each()
                .map(|(component, beam, run)| RunCount {
                    component: component.name.clone(),
                    radiation: beam.particle.name().into(),
                    yield_per_decay: beam.sampler.intensity(),
                    histories: run.sums.histories,
                    batches: run.accumulator.batches(),
                    source_voxels: component.source.len(),
                })
                .collect(),
            // The deposit is what the maps hold, not what the kernels say they deposited.
            balances: each()
                .map(|(component, beam, run)| {
                    EnergyBalance::new(&component.name, beam.particle.name(), &run.sums, run.accumulator.deposited())
                })
                .collect(),
            warnings: self.warnings(treatment),
        }
    }

    /// Every run with its component, beam and sums.
    fn each<'t>(&'t self, treatment: &'t Treatment) -> impl Iterator<Item = (&'t Component, &'t Beam, &'t Run)> {
        treatment.components.iter().zip(&self.runs).flat_map(|(component, runs)| {
            treatment.emitters[component.emitter].beams.iter().zip(runs).map(move |(beam, run)| (component, beam, run))
        })
    }

    /// Emergency exits and energy that left the phantom, in words.
    fn warnings(&self, treatment: &Treatment) -> Vec<String> {
        let mut warnings = Vec::new();
        for (component, beam, run) in self.each(treatment) {
            let of = format!("{} ({})", component.name, beam.particle.name());
            if run.sums.incidents > 0 {
                let causes: Vec<&str> = [
                    (STATUS_STEPS, "particles given up after too many steps"),
                    (STATUS_STACK, "delta rays deposited because the stack was full"),
                    (STATUS_REJECTION, "samples of an event taken without acceptance"),
                    (STATUS_QUEUE, "secondaries deposited because their queue was full"),
                    (STATUS_FLIGHTS, "photons given up after too many virtual interactions"),
                ]
                .iter()
                .filter(|(bit, _)| run.sums.status & bit != 0)
                .map(|&(_, cause)| cause)
                .collect();
                warnings.push(format!("{of}: {} emergency exits: {}", run.sums.incidents, causes.join(", ")));
            }
            let escaped = run.sums.escaped as f64 / run.sums.emitted.max(1) as f64;
            // Photons are meant to leave; a share of electrons or alphas that does is a sign of a phantom too small.
            if escaped > 1.0e-3 && beam.particle != Particle::Photon {
                warnings.push(format!("{of}: {:.2} % of the emitted energy left the phantom", 100.0 * escaped));
            }
        }
        warnings
    }
}
