//! The path of the data, walked: plan -> phantom -> sources -> transport -> dose -> response -> result.

mod component;
mod emitter;
mod evaluate;
mod inputs;
mod memory;
mod progress;
mod transport;

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

pub use component::{Component, components};
pub use emitter::{Beam, Emitter};
pub use evaluate::{Evaluation, Record};
pub use inputs::Inputs;
pub use memory::{MemoryItem, memory};
pub use progress::Progress;
pub use transport::Transport;

use crate::{
    dose::{accumulate::dose_maps, contribution::FractionDelivery},
    error::{Error, Result},
    phantom::{self, Phantom},
    plan::{Plan, UncertaintyGoal},
    report::summary::Phase,
    response::tme::quality,
    source::{self, DecayGroups, FractionSource, PatternCache},
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
    /// Sources of every fraction.
    pub sources: Vec<FractionSource>,
    /// What decays and emits, by decay group.
    pub emitters: Vec<Emitter>,
    /// What is transported.
    pub components: Vec<Component>,
    /// What each fraction takes from it.
    pub deliveries: Vec<FractionDelivery>,
    /// Physics tables of the phantom's materials.
    pub tables: Tables,
    /// Cuts and steps.
    pub settings: Settings,
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
}

/// Builds phantom, sources and tables.
///
/// # Errors
/// Whatever is wrong with the plan's images, materials, regions or activities, or if memory is short.
pub fn prepare(plan: &Plan) -> Result<Prepared> {
    let mut clock = Clock::new(Vec::new());
    memory::check(plan)?;
    let inputs = Inputs::default();
    let phantom = phantom::build(&plan.phantom, &plan.regions, &inputs)?;
    clock.lap("phantom");
    let mut cache = PatternCache::new(&phantom);
    let mut groups = DecayGroups::default();
    let sources = plan
        .fractions
        .iter()
        .map(|fraction| source::build(fraction, &plan.nuclides, &inputs, &mut cache, &mut groups))
        .collect::<Result<Vec<_>>>()?;
    let emitters = groups.all().iter().map(|group| Emitter::new(group, &plan.transport)).collect::<Result<Vec<_>>>()?;
    let (components, deliveries) = components(plan, &emitters, &sources);
    clock.lap("sources");
    let mut settings = Settings::resolve(&plan.transport, &phantom.grid);
    settings.tables.saturation = plan.response.tme.as_ref().map(quality::saturation).transpose()?.flatten();
    let tables = Tables::build(&phantom.materials, &phantom.voxels, &settings.tables)?;
    clock.lap("tables");
    Ok(Prepared { phantom, sources, emitters, components, deliveries, tables, settings, inputs, phases: clock.phases })
}

/// How a run is carried out, besides what the plan says.
#[derive(Debug)]
pub struct RunOptions<'a> {
    /// Threads of the CPU backend and of the response.
    pub threads: usize,
    /// No progress bar.
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

/// Transports all components, then evaluates dose and response.
///
/// # Errors
/// If the device fails, the user interrupts, or a result is not finite.
pub fn run(plan: &Plan, prepared: &Prepared, backend: &mut dyn Backend, options: &RunOptions<'_>) -> Result<Evaluation> {
    let mut clock = Clock::new(prepared.phases.clone());
    let mut transport =
        Transport::new(&prepared.phantom, &prepared.emitters, &prepared.components, plan.transport.batches, prepared.tables.quality);
    let progress = Progress::new(transport.histories_per_round(), options.quiet);
    transport.round(backend, &progress, options.stop)?;
    if let Some(goal) = &plan.transport.goal {
        pursue(goal, plan, prepared, &mut transport, backend, &progress, options)?;
    }
    progress.finish();
    clock.lap("transport");
    Evaluation::new(plan, prepared, &transport, options.threads, clock.phases)
}

/// Adds rounds until the goal is met or its histories are used up.
fn pursue(
    goal: &UncertaintyGoal,
    plan: &Plan,
    prepared: &Prepared,
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
    let all: Vec<_> = prepared.deliveries.iter().flat_map(|d| d.contributions.clone()).collect();
    let limit = goal.max_histories.saturating_mul(plan.fractions.len() as u64);
    loop {
        let scored = transport.score()?;
        let maps = dose_maps(&prepared.phantom.grid, &scored, &all);
        let voxels: Vec<usize> = prepared.phantom.region_voxels(region).collect();
        let square: f64 = voxels.iter().map(|&v| f64::from(maps.uncertainty.data[v]).powi(2)).sum();
        let reached = (square / voxels.len().max(1) as f64).sqrt();
        if reached <= goal.relative {
            return Ok(());
        }
        let wanted = ((reached / goal.relative).powi(2) * 1.05 * transport.histories() as f64).min(limit as f64) as u64;
        let per_round = transport.histories_per_round();
        let rounds = wanted.saturating_sub(transport.histories()).div_ceil(per_round);
        if rounds == 0 || transport.histories() + per_round > limit {
            return Ok(());
        }
        // Half of what seems needed at a time: the estimate of the error is itself uncertain.
        let rounds = rounds.div_ceil(2).min((limit - transport.histories()) / per_round);
        progress.extend(rounds * per_round);
        for _ in 0..rounds {
            transport.round(backend, progress, options.stop)?;
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
    for component in &prepared.components {
        for (beam, &wanted) in prepared.emitters[component.emitter].beams.iter().zip(&component.histories) {
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
