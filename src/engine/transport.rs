//! Runs the batches of all components and turns their tallies into dose per decay.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{component::Component, emitter::Emitter, progress::Progress};
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

/// The transport of all components, which may go on in rounds until an uncertainty goal is met.
#[derive(Debug)]
pub struct Transport<'a> {
    phantom: &'a Phantom,
    emitters: &'a [Emitter],
    components: &'a [Component],
    batches: u32,
    /// Per component and beam.
    runs: Vec<Vec<Run>>,
    rounds: u64,
}

#[derive(Debug)]
struct Run {
    accumulator: BatchAccumulator,
    sums: Sums,
}

impl<'a> Transport<'a> {
    /// Nothing transported yet. `quality`: whether the tables make alphas score their saturated lineal energy.
    pub fn new(phantom: &'a Phantom, emitters: &'a [Emitter], components: &'a [Component], batches: u32, quality: bool) -> Self {
        let run = |particle| {
            let linear_energy = particle == Particle::Alpha;
            let scores = Scores { linear_energy, quality: quality && linear_energy };
            Run { accumulator: BatchAccumulator::new(phantom.grid.len(), phantom.region_names.len(), scores), sums: Sums::default() }
        };
        let runs = components.iter().map(|c| emitters[c.emitter].beams.iter().map(|b| run(b.particle)).collect()).collect();
        Self { phantom, emitters, components, batches, runs, rounds: 0 }
    }

    /// Histories of one round over all components.
    pub fn histories_per_round(&self) -> u64 {
        self.components.iter().flat_map(|c| &c.histories).sum()
    }

    /// Histories so far.
    pub fn histories(&self) -> u64 {
        self.rounds * self.histories_per_round()
    }

    /// Runs every component once more, with random numbers of its own.
    ///
    /// # Errors
    /// If the device fails, the user interrupts, or a sum overflows.
    pub fn round(&mut self, backend: &mut dyn Backend, progress: &Progress, stop: &AtomicBool) -> Result<()> {
        let mut stream = 0;
        for (component, runs) in self.components.iter().zip(&mut self.runs) {
            let emitter = &self.emitters[component.emitter];
            for ((beam, &histories), run) in emitter.beams.iter().zip(&component.histories).zip(runs) {
                progress.phase(&format!("{} ({})", component.name, beam.particle.name()));
                stream += 1;
                let job = Job {
                    particle: beam.particle,
                    source: &component.source,
                    shape: SourceShape::Uniform,
                    spectrum: beam.sampler.rows(),
                    stream,
                    first_history: self.rounds * histories,
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
            }
        }
        self.rounds += 1;
        Ok(())
    }

    /// Dose per decay of every component.
    ///
    /// # Errors
    /// If energy reached a voxel without mass.
    pub fn score(&self) -> Result<Vec<ScoredComponent>> {
        let mut scored = Vec::new();
        for (component, runs) in self.components.iter().zip(&self.runs) {
            let emitter = &self.emitters[component.emitter];
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

    /// Every run with its component, beam and sums.
    fn each(&self) -> impl Iterator<Item = (&Component, &super::emitter::Beam, &Run)> {
        self.components.iter().zip(&self.runs).flat_map(|(component, runs)| {
            self.emitters[component.emitter].beams.iter().zip(runs).map(move |(beam, run)| (component, beam, run))
        })
    }

    /// The runs for the summary.
    pub fn counts(&self) -> Vec<RunCount> {
        self.each()
            .map(|(component, beam, run)| RunCount {
                component: component.name.clone(),
                radiation: beam.particle.name().into(),
                yield_per_decay: beam.sampler.intensity(),
                histories: run.sums.histories,
                batches: run.accumulator.batches(),
                source_voxels: component.source.len(),
            })
            .collect()
    }

    /// The energy balance of every run. The deposit is what the maps hold, not what the kernels say they deposited.
    pub fn balances(&self) -> Vec<EnergyBalance> {
        self.each()
            .map(|(component, beam, run)| EnergyBalance::new(&component.name, beam.particle.name(), &run.sums, run.accumulator.deposited()))
            .collect()
    }

    /// Emergency exits and energy that left the phantom, in words.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (component, beam, run) in self.each() {
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
