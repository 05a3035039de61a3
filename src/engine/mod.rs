//! The path of the data, walked: plan -> phantom -> sources -> transport -> dose -> response -> result.

mod condition;
mod emitter;
mod evaluate;
mod feedback;
mod inputs;
mod ligand;
mod memory;
mod microenvironment;
mod progress;
mod respond;
mod transport;
mod treatment;

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

pub use emitter::{Beam, Emitter};
pub use evaluate::{Evaluation, Record};
pub use inputs::Inputs;
pub use memory::{MemoryItem, memory};
pub use progress::Progress;
pub use respond::{Comparison, respond};
pub use transport::{Account, Transport};
pub use treatment::{Component, Treatment};

use evaluate::Delivered;
use feedback::{Doses, Feedback, Schedule};
use ligand::Ligand;

use crate::{
    dose::{accumulate::dose_maps, component::ScoredComponent, external::ExternalDose},
    error::{Error, Result},
    io::terminal,
    phantom::{self, Phantom},
    plan::{Plan, UncertaintyGoal},
    report::summary::Phase,
    response::tme::quality,
    source::{self, DecayGroups, PatternCache},
    transport::{
        backend::{Backend, Settings, SourceShape, World},
        geometry::Geometry,
        open::open as open_device,
        tables::Tables,
    },
};

/// Everything that a plan means before a particle moves.
#[derive(Debug)]
pub struct Prepared {
    /// The phantom.
    pub phantom: Phantom,
    /// Sources, components and deliveries of every fraction; predicted fractions as if their uptake were that of the fraction they follow, and a
    /// ligand's places as in the untreated tumours.
    pub treatment: Treatment,
    /// What decays together.
    pub groups: DecayGroups,
    /// Doses computed elsewhere, on the grid of the phantom.
    pub external: Vec<ExternalDose>,
    /// Physics tables of the phantom's materials.
    pub tables: Tables,
    /// Cuts and steps.
    pub settings: Settings,
    /// The ligand whose places are the pattern of an uptake, if there is one.
    ligand: Option<Ligand>,
    /// The files behind it.
    pub inputs: Inputs,
    /// How long each phase took.
    pub phases: Vec<Phase>,
}

/// Measures phases.
#[derive(Debug)]
struct Clock {
    phases: Vec<Phase>,
    last: Instant,
}

impl Clock {
    fn new(phases: Vec<Phase>) -> Self {
        Self { phases, last: Instant::now() }
    }

    fn lap(&mut self, name: &str) {
        self.phases.push(Phase { name: name.into(), seconds: self.last.elapsed().as_secs_f64() });
        self.last = Instant::now();
    }

    /// As [`Self::lap`], where `seconds` of the time belong to another phase.
    fn split(&mut self, name: &str, other: &str, seconds: f64) {
        self.lap(name);
        if let Some(phase) = self.phases.last_mut() {
            phase.seconds -= seconds;
        }
        if let Some(phase) = self.phases.iter_mut().find(|phase| phase.name == other) {
            phase.seconds += seconds;
        }
    }
}

/// Builds phantom, sources and tables.
///
/// # Errors
/// Whatever is wrong with the plan's images, materials, regions or activities, or if memory is short.
pub fn prepare(plan: &Plan) -> Result<Prepared> {
    let mut clock = Clock::new(Vec::new());
    memory::check(plan)?;
    let inputs = Inputs::new(plan);
    let phantom = phantom::build(&plan.phantom, &plan.regions, &inputs)?;
    clock.lap("phantom");
    let ligand = Ligand::new(plan, &phantom, |tme| feedback::domain(&phantom, &tme.regions))?;
    if ligand.is_some() {
        clock.lap("ligand");
    }
    let external = plan.external.iter().map(|dose| ExternalDose::new(dose, &inputs.dose(&dose.path)?, &phantom));
    let external = external.collect::<Result<Vec<_>>>()?;
    clock.lap("external doses");
    let mut cache = PatternCache::new(&phantom);
    let mut groups = DecayGroups::default();
    let mut sources = Vec::new();
    for fraction in &plan.fractions {
        if let Some(ligand) = &ligand {
            let untreated = ligand.untreated();
            ligand.give(fraction, &mut cache, |_| Some(&untreated))?;
        }
        sources.push(source::build(fraction, &plan.nuclides, &inputs, &mut cache, &mut groups)?);
    }
    let treatment = Treatment::new(plan, &groups, &plan.fractions.iter().collect::<Vec<_>>(), sources)?;
    clock.lap("sources");
    let mut settings = Settings::resolve(&plan.transport, &phantom.grid);
    settings.tables.saturation = plan.response.tme.as_ref().map(quality::saturation).transpose()?.flatten();
    let tables = Tables::build(&phantom.materials, &phantom.voxels, &settings.tables)?;
    clock.lap("tables");
    Ok(Prepared { phantom, treatment, groups, external, tables, settings, ligand, inputs, phases: clock.phases })
}

/// How a run is carried out, besides what the plan says.
#[derive(Debug)]
pub struct RunOptions<'a> {
    /// Threads of the CPU backend and of the response.
    pub threads: usize,
    /// No progress, in whatever form.
    pub quiet: bool,
    /// Set to stop between batches.
    pub stop: &'a AtomicBool,
}

/// Opens the device that the plan names; says on stderr which one it is and why, if that was not asked for.
///
/// # Errors
/// If no device matches or it cannot be opened.
pub fn open<'a>(plan: &Plan, prepared: &'a Prepared, threads: usize) -> Result<(Box<dyn Backend + 'a>, String)> {
    let world = World { geometry: Geometry::Voxels(&prepared.phantom), tables: &prepared.tables, settings: prepared.settings };
    open_device(world, &plan.transport.device, threads)
}

/// Transports all components, follows the response where the plan asks for it (with what it predicts of later fractions transported in turn),
/// then evaluates.
///
/// # Errors
/// If the device fails, the user interrupts, or a result is not finite.
pub fn run(plan: &Plan, prepared: &Prepared, backend: &mut dyn Backend, options: &RunOptions<'_>) -> Result<Evaluation> {
    let mut clock = Clock::new(prepared.phases.clone());
    let schedule = Schedule::of(plan);
    let feedback = Feedback { plan, prepared, schedule: &schedule, threads: options.threads };
    let mut treatment = feedback.known()?;
    let mut transport = Transport::new(&prepared.phantom, plan.transport.batches, prepared.tables.quality);
    terminal::event("stage", &[("stage", "transport".into())]);
    let progress = Progress::new(treatment.histories_per_round(), options.quiet);
    transport.round(&treatment, backend, &progress, options.stop)?;
    if let Some(goal) = &plan.transport.goal {
        pursue(goal, prepared, &treatment, &mut transport, backend, &progress, options)?;
    }
    let mut scored = transport.score(&treatment, 0)?;
    clock.lap("transport");
    let mut doses = Transporting { transport, backend, progress: &progress, stop: options.stop, seconds: 0.0 };
    if plan.response.tme.is_some() {
        terminal::event("stage", &[("stage", "microenvironment".into())]);
    }
    let tme = plan.response.tme.as_ref().map(|tme| feedback.follow(tme, &mut treatment, &mut scored, &mut doses)).transpose()?;
    progress.finish();
    let Transporting { transport, seconds, .. } = doses;
    clock.split("microenvironment", "transport", seconds);
    let account = Some(transport.account(&treatment));
    terminal::event("stage", &[("stage", "response".into())]);
    Evaluation::new(plan, prepared, Delivered { treatment, scored, account, tme }, options.threads, clock.phases)
}

/// Doses by transport.
struct Transporting<'t, 'p, 's> {
    transport: Transport<'t>,
    backend: &'s mut dyn Backend,
    progress: &'p Progress,
    stop: &'s AtomicBool,
    seconds: f64,
}

impl Doses for Transporting<'_, '_, '_> {
    fn score(&mut self, treatment: &Treatment, first: usize) -> Result<Vec<Option<ScoredComponent>>> {
        let start = Instant::now();
        self.transport.catch_up(treatment, self.backend, self.progress, self.stop)?;
        self.seconds += start.elapsed().as_secs_f64();
        Ok(self.transport.score(treatment, first)?.into_iter().map(Some).collect())
    }

    fn combined(&self, _: &Treatment, _: &Component) -> Option<(ScoredComponent, f64)> {
        None
    }
}

/// Adds rounds until the goal is met or its histories are used up.
fn pursue(
    goal: &UncertaintyGoal,
    prepared: &Prepared,
    treatment: &Treatment,
    transport: &mut Transport<'_>,
    backend: &mut dyn Backend,
    progress: &Progress,
    options: &RunOptions<'_>,
) -> Result<()> {
    let region = prepared
        .phantom
        .region_names
        .iter()
        .position(|name| *name == goal.region)
        .ok_or_else(|| Error::input(format!("transport.goal: there is no region \"{}\"", goal.region)))?;
    let all: Vec<_> = treatment.deliveries.iter().flat_map(|d| d.contributions.clone()).collect();
    let limit = goal.max_histories.saturating_mul(treatment.deliveries.len() as u64);
    loop {
        let scored = transport.score(treatment, 0)?;
        let maps = dose_maps(&prepared.phantom.grid, &scored, &all);
        let voxels: Vec<usize> = prepared.phantom.region_voxels(region).collect();
        let square: f64 = voxels.iter().map(|&v| f64::from(maps.uncertainty.data[v]).powi(2)).sum();
        let reached = (square / voxels.len().max(1) as f64).sqrt();
        progress.goal(reached, goal.relative);
        if reached <= goal.relative {
            return Ok(());
        }
        let wanted = ((reached / goal.relative).powi(2) * 1.05 * transport.histories() as f64).min(limit as f64) as u64;
        let per_round = treatment.histories_per_round();
        let rounds = wanted.saturating_sub(transport.histories()).div_ceil(per_round);
        if rounds == 0 || transport.histories() + per_round > limit {
            return Ok(());
        }
        // Half of what seems needed at a time: the estimate of the error is itself uncertain.
        let rounds = rounds.div_ceil(2).min((limit - transport.histories()) / per_round);
        progress.extend(rounds * per_round);
        for _ in 0..rounds {
            transport.round(treatment, backend, progress, options.stop)?;
        }
    }
}

/// What a short probe says about the time a run will take.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Histories per second, over all components in proportion to their histories.
    pub histories_per_second: f64,
    /// Expected transport time of one round.
    pub transport: Duration,
}

/// Transports a small part of every component and extrapolates.
///
/// # Errors
/// If the device fails.
pub fn probe(prepared: &Prepared, backend: &mut dyn Backend) -> Result<Probe> {
    let mut seconds = 0.0;
    let mut histories = 0u64;
    let mut stream = 0;
    for component in &prepared.treatment.components {
        for (beam, &wanted) in prepared.treatment.emitters[component.emitter].beams.iter().zip(&component.histories) {
            stream += 1;
            let mut job = crate::transport::backend::Job {
                particle: beam.particle,
                source: &component.source,
                shape: SourceShape::Uniform,
                spectrum: beam.sampler.rows(),
                stream,
                first_history: 0,
                histories: 64,
                batches: 1,
            };
            // The first call pays for compilation and the first touch of memory.
            backend.run(&job, 0, &|_| ())?;
            job.histories = 2000.min(wanted.max(1));
            let start = Instant::now();
            backend.run(&job, 0, &|_| ())?;
            seconds += start.elapsed().as_secs_f64() / job.histories as f64 * wanted as f64;
            histories += wanted;
        }
    }
    Ok(Probe { histories_per_second: histories as f64 / seconds.max(1e-9), transport: Duration::from_secs_f64(seconds) })
}
