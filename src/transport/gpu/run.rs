//! Batches on a device: dispatches of about 100 ms, integer tallies read back once per batch.

use std::time::{Duration, Instant};

use bytemuck::Zeroable;
use wgpu::{BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, Buffer, BufferUsages, ComputePipeline};

use super::{adapter::Candidate, bindings, device::GpuDevice, shaders};
use crate::{
    error::{Error, Result},
    transport::{
        backend::{Backend, BatchResult, DeviceInfo, Job, Particle, Sums, World},
        constants::STATUS_SEGMENTS,
        layout::{Counters, Params, Queued},
    },
};

/// Threads per workgroup.
pub const WORKGROUP: u32 = 64;
/// Dispatches aim at this: far below every watchdog.
const TARGET: Duration = Duration::from_millis(100);

/// Bytes of a place in both halves of the queue.
const QUEUED_PAIR: u64 = 2 * size_of::<Queued>() as u64;
/// Particles for which a thread wants room in the queue before it takes a history: more than nearly every history sets free.
const ROOM: u32 = 8;

/// How dispatches are cut and threads keep together; the result does not depend on any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispatch {
    /// Histories in the first dispatch; later ones adapt to the time taken, unless `fixed`.
    pub histories: u32,
    /// Keep that number.
    pub fixed: bool,
    /// Most workgroups of a dispatch.
    pub workgroups: u32,
    /// Segments (legs and turns of the loops) after which a thread takes no further history; the next dispatch goes on.
    pub segments: u32,
    /// Particles that fit into each half of the queue.
    pub queue: u32,
    /// How often threads look for rare work.
    pub rhythm: Rhythm,
}

/// Turns of the nested loops of a kernel: threads of a group that wait for each other do rare work together.
///
/// They are parameters, not constants of the shader, so that no driver unrolls the loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// Electrons: histories between two looks for hard collisions and waiting primaries.
    pub histories_per_turn: u32,
    /// Electrons: condensed steps between two looks for a new history.
    pub steps_per_history: u32,
    /// Electrons: stops (hinge, end) between two looks for a new step.
    pub stops_per_step: u32,
    /// Legs between two looks for a stop (electrons) or a new history (alphas).
    pub legs_per_stop: u32,
}

impl Dispatch {
    /// What suits a device: found by measurement where it is software, bounded by time where it is not.
    pub fn for_device(software: bool, limits: &wgpu::Limits) -> Self {
        // Mesa's llvmpipe ends every loop of a thread after 65 535 turns in all, those of its seven neighbours counted in.
        let segments = if software { 1500 } else { 1 << 15 };
        let queue = if software { 1 << 16 } else { (limits.max_storage_buffer_binding_size / QUEUED_PAIR).min(1 << 21) as u32 };
        // Room for what the histories under way may still set free.
        let most = (queue / (2 * ROOM * WORKGROUP)).max(1);
        Self {
            histories: 8192,
            fixed: false,
            workgroups: if software { 64 } else { limits.max_compute_workgroups_per_dimension.min(4096) }.min(most),
            segments,
            queue,
            rhythm: Rhythm { histories_per_turn: 4, steps_per_history: 4, stops_per_step: 2, legs_per_stop: 4 },
        }
    }
}

/// The kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alpha = 0,
    Electron = 1,
    Photon = 2,
}

impl Kind {
    fn of(particle: Particle) -> Self {
        match particle {
            Particle::Alpha => Self::Alpha,
            Particle::Electron | Particle::Positron => Self::Electron,
            Particle::Photon => Self::Photon,
        }
    }

    /// The kernel of the particles that this one puts into the queue.
    fn other(self) -> Self {
        match self {
            Self::Alpha => Self::Alpha,
            Self::Electron => Self::Photon,
            Self::Photon => Self::Electron,
        }
    }
}

/// Transport on a GPU.
#[derive(Debug)]
pub struct Gpu<'a> {
    world: World<'a>,
    gpu: GpuDevice,
    info: DeviceInfo,
    dispatch: Dispatch,
    layout: BindGroupLayout,
    /// By [`Kind`].
    kernels: [Option<Kernel>; 3],
    params: Buffer,
    counters: Buffer,
    counters_staging: Buffer,
    voxels: Buffer,
    rows: Buffer,
    scalars: Buffer,
    queue: Option<Buffer>,
    tally: Option<TallyBuffers>,
    source: Option<Buffer>,
    spectrum: Option<Buffer>,
    compile_time: Duration,
}

#[derive(Debug)]
struct Kernel {
    pipeline: ComputePipeline,
    histories: u32,
}

#[derive(Debug)]
struct TallyBuffers {
    sums: Buffer,
    staging: Buffer,
}

/// How far the waves of a batch are.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Primaries taken.
    done: u32,
    /// Particles in the queue, by [`Kind`] ...
    waiting: [u32; 3],
    /// ... and how many of them are taken.
    taken: [u32; 3],
}

impl Progress {
    fn left(&self, kind: Kind) -> u32 {
        self.waiting[kind as usize] - self.taken[kind as usize]
    }
}

impl<'a> Gpu<'a> {
    /// Opens the adapter and uploads phantom and tables.
    ///
    /// # Errors
    /// If the device cannot be opened or the phantom exceeds its limits.
    pub fn new(world: World<'a>, candidate: &Candidate) -> Result<Self> {
        let gpu = GpuDevice::open(candidate)?;
        let read_back = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let counter_bytes = size_of::<Counters>() as u64;
        let voxels = gpu.upload("voxel", bytemuck::cast_slice(world.geometry.words()))?;
        Ok(Self {
            info: candidate.device_info(),
            dispatch: Dispatch::for_device(candidate.is_software(), &gpu.device.limits()),
            layout: bindings::transport_layout(&gpu.device),
            kernels: [None, None, None],
            params: gpu.buffer("parameter", size_of::<Params>() as u64, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?,
            counters: gpu.buffer("counter", counter_bytes, BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC)?,
            counters_staging: gpu.buffer("counter read-back", counter_bytes, read_back)?,
            voxels,
            rows: gpu.upload("table row", bytemuck::cast_slice(&world.tables.rows))?,
            scalars: gpu.upload("table", bytemuck::cast_slice(&world.tables.scalars))?,
            queue: None,
            tally: None,
            source: None,
            spectrum: None,
            compile_time: Duration::ZERO,
            world,
            gpu,
        })
    }

    /// Sets how dispatches are cut.
    pub fn set_dispatch(&mut self, dispatch: Dispatch) {
        self.dispatch = dispatch;
        self.queue = None;
        for kernel in self.kernels.iter_mut().flatten() {
            kernel.histories = dispatch.histories;
        }
    }

    /// How dispatches are cut.
    pub fn dispatch(&self) -> Dispatch {
        self.dispatch
    }

    /// Time spent compiling shaders so far.
    pub fn compile_time(&self) -> Duration {
        self.compile_time
    }

    /// Compiles a kernel if that has not been done.
    fn compile(&mut self, kind: Kind) -> Result<()> {
        if self.kernels[kind as usize].is_some() {
            return Ok(());
        }
        let module = match kind {
            Kind::Alpha => shaders::alpha(),
            Kind::Electron => shaders::electron(),
            Kind::Photon => shaders::photon(),
        };
        let (shells, quality) = (self.world.geometry.shells() > 0, self.world.tables.quality);
        let constants = [("WORKGROUP", WORKGROUP.into()), ("SHELLS", f64::from(shells)), ("QUALITY", f64::from(quality))];
        let (pipeline, time) = self.gpu.pipeline(&module, &[&self.layout], &constants)?;
        self.compile_time += time;
        self.kernels[kind as usize] = Some(Kernel { pipeline, histories: self.dispatch.histories });
        Ok(())
    }

    /// Sizes the buffers for a job.
    fn prepare(&mut self, job: &Job<'_>) -> Result<()> {
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let bytes = tally_bytes(self.world.geometry.len() as u64, job.particle, self.world.tables.quality);
        if self.tally.as_ref().is_none_or(|tally| tally.sums.size() < bytes) {
            // The old pair goes first, so that both need not fit at once.
            self.tally = None;
            self.tally = Some(TallyBuffers {
                sums: self.gpu.buffer("tally", bytes, storage)?,
                staging: self.gpu.buffer("tally read-back", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?,
            });
        }
        if self.queue.is_none() {
            self.queue = Some(self.gpu.buffer("queue", QUEUED_PAIR * u64::from(self.dispatch.queue), storage)?);
        }
        // Written for every batch: a job has no identity by which an earlier upload could be known to be the same.
        self.gpu.refill("source", &mut self.source, bytemuck::cast_slice(job.source))?;
        self.gpu.refill("spectrum", &mut self.spectrum, bytemuck::cast_slice(job.spectrum))
    }

    fn bind(&self) -> Result<BindGroup> {
        let (Some(tally), Some(source), Some(spectrum), Some(queue)) = (&self.tally, &self.source, &self.spectrum, &self.queue) else {
            return Err(Error::device("internal: the buffers were not prepared"));
        };
        let buffers = [&self.params, &self.voxels, &self.rows, &self.scalars, source, spectrum, &tally.sums, &self.counters, queue];
        let entries: Vec<BindGroupEntry<'_>> = buffers
            .iter()
            .enumerate()
            .map(|(binding, buffer)| BindGroupEntry { binding: binding as u32, resource: buffer.as_entire_binding() })
            .collect();
        Ok(self.gpu.device.create_bind_group(&BindGroupDescriptor { label: Some("transport"), layout: &self.layout, entries: &entries }))
    }

    /// Runs one dispatch and reads the counters, which go on summing over the batch; `queued`: particles in the half that it fills.
    fn dispatch_once(&self, kind: Kind, group: &BindGroup, params: &Params, queued: u32) -> Result<Counters> {
        let Some(kernel) = &self.kernels[kind as usize] else {
            return Err(Error::device("internal: the kernel was not compiled"));
        };
        self.gpu.queue.write_buffer(&self.params, 0, bytemuck::bytes_of(params));
        self.gpu.queue.write_buffer(&self.counters, std::mem::offset_of!(Counters, next) as u64, &[0; 4]);
        self.gpu.queue.write_buffer(&self.counters, std::mem::offset_of!(Counters, queued) as u64, &queued.to_le_bytes());
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&kernel.pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.dispatch_workgroups(params.count.div_ceil(WORKGROUP).min(self.dispatch.workgroups), 1, 1);
        }
        encoder.copy_buffer_to_buffer(&self.counters, 0, &self.counters_staging, 0, size_of::<Counters>() as u64);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        let counters: Vec<Counters> = self.gpu.read(&self.counters_staging, size_of::<Counters>() as u64, submission)?;
        let counters = counters[0];
        if counters.status & STATUS_SEGMENTS != 0 {
            return Err(Error::device(format!(
                "{}: a thread was stopped before its history was finished; the batch is not valid (the driver bounds loops more \
                 tightly than this plan needs; use --device cpu, and please report this plan)",
                self.info.name
            )));
        }
        Ok(counters)
    }

    /// One dispatch of primaries (`waiting` false) or of particles from the queue.
    ///
    /// Threads take what is offered in order and finish what they take, so the next dispatch begins where they stopped.
    fn advance(
        &mut self,
        kind: Kind,
        waiting: bool,
        group: &BindGroup,
        params: &mut Params,
        progress: &mut Progress,
        total: u32,
    ) -> Result<(Counters, u32)> {
        self.compile(kind)?;
        let histories = self.kernels[kind as usize].as_ref().map_or(0, |kernel| kernel.histories);
        let (first, end) = if waiting { (progress.taken[kind as usize], progress.waiting[kind as usize]) } else { (progress.done, total) };
        params.queue_waiting = waiting.into();
        params.first = first;
        params.count = histories.min(end - first);
        let fills = kind.other() as usize;
        let start = Instant::now();
        let counters = self.dispatch_once(kind, group, params, progress.waiting[fills])?;
        let took = start.elapsed();
        let taken = counters.next.min(params.count);
        if kind != Kind::Alpha {
            progress.waiting[fills] = counters.queued.min(self.dispatch.queue);
        }
        if waiting {
            progress.taken[kind as usize] += taken;
            if progress.left(kind) == 0 {
                (progress.taken[kind as usize], progress.waiting[kind as usize]) = (0, 0);
            }
        } else {
            progress.done += taken;
        }
        if let Some(kernel) = self.kernels[kind as usize].as_mut().filter(|_| !self.dispatch.fixed) {
            if took < TARGET / 2 && taken == histories {
                kernel.histories = histories.saturating_mul(2).min(1 << 28);
            } else if took > TARGET * 2 {
                kernel.histories = (taken / 2).max(WORKGROUP);
            }
        }
        Ok((counters, taken))
    }
}

/// Bytes of the tally of a kernel: two words per voxel, alphas twice (energy, energy times LET), with `quality` three times (energy
/// times saturated lineal energy).
pub fn tally_bytes(voxels: u64, particle: Particle, quality: bool) -> u64 {
    let sums = match (particle, quality) {
        (Particle::Alpha, true) => 3,
        (Particle::Alpha, false) => 2,
        _ => 1,
    };
    8 * sums * voxels
}

impl Backend for Gpu<'_> {
    fn device(&self) -> DeviceInfo {
        self.info.clone()
    }

    fn run(&mut self, job: &Job<'_>, batch: u32, report: &(dyn Fn(u64) + Sync)) -> Result<BatchResult> {
        job.check(&self.world, batch)?;
        self.prepare(job)?;
        let group = self.bind()?;
        let mut params = self.world.params(job, batch);
        let rhythm = self.dispatch.rhythm;
        params.segments = self.dispatch.segments;
        params.histories_per_turn = rhythm.histories_per_turn;
        params.steps_per_history = rhythm.steps_per_history;
        params.stops_per_step = rhythm.stops_per_step;
        params.legs_per_stop = rhythm.legs_per_stop;
        params.queue_capacity = self.dispatch.queue;
        let room = self.dispatch.queue - (ROOM * WORKGROUP * self.dispatch.workgroups).min(self.dispatch.queue / 2);
        let total = params.count;
        let bytes = tally_bytes(self.world.geometry.len() as u64, job.particle, self.world.tables.quality);
        self.gpu.queue.write_buffer(&self.counters, 0, bytemuck::bytes_of(&Counters::zeroed()));
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let Some(sums) = self.tally.as_ref().map(|tally| tally.sums.clone()) else {
            return Err(Error::device("internal: the tally was not prepared"));
        };
        encoder.clear_buffer(&sums, 0, Some(bytes));
        self.gpu.queue.submit([encoder.finish()]);
        let primary = Kind::of(job.particle);
        let mut progress = Progress::default();
        let mut counters = Counters::zeroed();
        let mut stuck = 0;
        loop {
            // Primaries while their secondaries leave room; then the longer half of the queue.
            let fresh = progress.done < total && progress.waiting[primary.other() as usize] < room;
            let longer = if progress.left(Kind::Electron) > progress.left(Kind::Photon) { Kind::Electron } else { Kind::Photon };
            let (kind, waiting) = if fresh && stuck == 0 { (primary, false) } else { (longer, true) };
            let (kind, waiting) =
                if waiting && stuck == 1 && progress.left(kind.other()) > 0 { (kind.other(), true) } else { (kind, waiting) };
            if waiting && progress.left(kind) == 0 {
                if progress.done == total {
                    break;
                }
                return Err(Error::device(format!("{}: a dispatch made no progress", self.info.name)));
            }
            // Two dispatches without progress: both halves are full, and what finds no room is deposited and counted.
            params.queue_full = if stuck > 1 { u32::MAX } else { room };
            let taken;
            (counters, taken) = self.advance(kind, waiting, &group, &mut params, &mut progress, total)?;
            if !waiting {
                report(taken.into());
            }
            stuck = if taken == 0 { stuck + 1 } else { 0 };
            if stuck > 3 {
                return Err(Error::device(format!("{}: a dispatch made no progress", self.info.name)));
            }
        }
        let Some(tally) = &self.tally else {
            return Err(Error::device("internal: the tally was not prepared"));
        };
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&tally.sums, 0, &tally.staging, 0, bytes);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        let mut energy: Vec<u64> = self.gpu.read(&tally.staging, bytes, submission)?;
        let alpha = job.particle == Particle::Alpha;
        let voxels = self.world.geometry.len();
        let energy_quality = (alpha && self.world.tables.quality).then(|| energy.split_off(2 * voxels));
        let energy_let = alpha.then(|| energy.split_off(voxels));
        Ok(BatchResult { energy, energy_let, energy_quality, sums: Sums::from(counters) })
    }
}
