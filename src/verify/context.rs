//! How cases run: device, effort, and the sums over everything that ran.

use std::cell::RefCell;

use crate::{
    error::Result,
    kernel::{
        Part,
        emitter::Radiation,
        score::{Estimate, cells, score},
        stage::{Stage, standard_plan},
    },
    nuclide::spectrum::EnergySampler,
    plan::WaterData,
    transport::{
        backend::{DeviceInfo, Job, Settings, SourceShape, Sums},
        open::open,
    },
};

/// Statistical batches of every run.
pub const BATCHES: u32 = 32;

/// How cases run.
#[derive(Debug)]
pub struct Context {
    /// "auto", "cpu", an index or part of a name.
    pub device: String,
    /// Threads on the CPU.
    pub threads: usize,
    /// An eighth of the histories.
    pub quick: bool,
    /// Seed.
    pub seed: u64,
    ran: RefCell<Ran>,
}

/// What ran.
#[derive(Debug, Default, Clone)]
pub struct Ran {
    /// Sums over all runs, by the part that was emitted.
    pub sums: [Sums; 3],
    /// The device.
    pub device: Option<DeviceInfo>,
}

/// A source in a stage.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What is emitted.
    pub radiation: Radiation,
    /// With which energies.
    pub sampler: &'a EnergySampler,
    /// From where.
    pub voxels: &'a [[u32; 2]],
    /// From where in the voxel.
    pub shape: SourceShape,
}

/// The point at the origin of shells, or the first voxel.
pub const ORIGIN: [[u32; 2]; 1] = [[u32::MAX, 0]];

impl Context {
    /// Nothing has run yet.
    pub fn new(device: &str, threads: usize, quick: bool, seed: u64) -> Self {
        Self { device: device.to_owned(), threads, quick, seed, ran: RefCell::default() }
    }

    /// Histories: `full`, or an eighth of it; whole batches.
    pub fn histories(&self, full: u64) -> u64 {
        let histories = if self.quick { full / 8 } else { full };
        histories.max(1).next_multiple_of(u64::from(BATCHES))
    }

    /// What has run so far.
    pub fn ran(&self) -> Ran {
        self.ran.borrow().clone()
    }

    /// Settings as a plan has them by default at a shortest edge of `edge` cm.
    pub fn settings(&self, water: WaterData, edge: f64) -> Settings {
        Settings::for_edge(&standard_plan(water, self.seed), edge)
    }

    /// The job of a source.
    ///
    /// # Errors
    /// If the radiation is not transported.
    pub fn job<'a>(&self, source: &Source<'a>, full: u64) -> Result<Job<'a>> {
        Ok(Job {
            particle: source.radiation.particle(),
            source: source.voxels,
            shape: source.shape,
            spectrum: source.sampler.rows(),
            stream: 1,
            first_history: 0,
            histories: self.histories(full),
            batches: BATCHES,
        })
    }

    /// Runs a source; estimates of what `project` takes from the tallies, MeV per emitted particle.
    ///
    /// # Errors
    /// If the device fails.
    pub fn run(&self, stage: &Stage, source: &Source<'_>, full: u64, project: &dyn Fn(&[u64]) -> Vec<f64>) -> Result<Vec<Estimate>> {
        let job = self.job(source, full)?;
        let (mut backend, _) = open(stage.world(), &self.device, self.threads)?;
        let found = score(backend.as_mut(), &job, project)?;
        self.note(source.radiation, &found.sums, backend.device());
        Ok(found.estimates)
    }

    /// Adds what ran to the sums of all runs.
    pub fn note(&self, radiation: Radiation, sums: &Sums, device: DeviceInfo) {
        let mut ran = self.ran.borrow_mut();
        ran.sums[radiation.part() as usize].add(sums);
        ran.device = Some(device);
    }

    /// MeV per particle in shells with these outer radii (cm) around a point source in water at 1 g/cm3; the last one is beyond them.
    ///
    /// # Errors
    /// If the device fails.
    pub fn shells(
        &self,
        radiation: Radiation,
        sampler: &EnergySampler,
        water: WaterData,
        radii: &[f64],
        full: u64,
    ) -> Result<Vec<Estimate>> {
        let stage = Stage::shells("water_liquid", 1.0, radii, self.settings(water, thinnest(radii)))?;
        let source = Source { radiation, sampler, voxels: &ORIGIN, shape: SourceShape::Centre };
        self.run(&stage, &source, full, &cells)
    }

    /// Histories so far of a part.
    pub fn histories_of(&self, part: Part) -> u64 {
        self.ran.borrow().sums[part as usize].histories
    }
}

/// Width of the thinnest shell.
pub fn thinnest(radii: &[f64]) -> f64 {
    radii.iter().scan(0.0, |below, &r| Some(r - std::mem::replace(below, r))).fold(f64::INFINITY, f64::min)
}
