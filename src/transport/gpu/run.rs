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
        layout::{Counters, Params},
    },
};

/// Threads per workgroup.
pub const WORKGROUP: u32 = 64;
/// Dispatches aim at this: far below every watchdog.
const TARGET: Duration = Duration::from_millis(100);

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
    pub fn for_device(software: bool, max_workgroups: u32) -> Self {
        // Mesa's llvmpipe ends every loop of a thread after 65 535 turns in all, those of its seven neighbours counted in.
        let segments = if software { 1500 } else { 1 << 15 };
        Self {
            histories: 8192,
            fixed: false,
            workgroups: if software { 64 } else { max_workgroups.min(4096) },
            segments,
            rhythm: Rhythm { histories_per_turn: 4, steps_per_history: 4, stops_per_step: 2, legs_per_stop: 4 },
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
    alpha: Option<Kernel>,
    electron: Option<Kernel>,
    params: Buffer,
    counters: Buffer,
    counters_staging: Buffer,
    voxels: Buffer,
    rows: Buffer,
    scalars: Buffer,
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
        let limit = gpu.device.limits().max_compute_workgroups_per_dimension;
        Ok(Self {
            info: candidate.device_info(),
            dispatch: Dispatch::for_device(candidate.is_software(), limit),
            layout: bindings::transport_layout(&gpu.device),
            alpha: None,
            electron: None,
            params: gpu.buffer("parameter", size_of::<Params>() as u64, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?,
            counters: gpu.buffer("counter", counter_bytes, BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC)?,
            counters_staging: gpu.buffer("counter read-back", counter_bytes, read_back)?,
            voxels,
            rows: gpu.upload("table row", bytemuck::cast_slice(&world.tables.rows))?,
            scalars: gpu.upload("table", bytemuck::cast_slice(&world.tables.scalars))?,
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
        for kernel in [&mut self.alpha, &mut self.electron].into_iter().flatten() {
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

    /// Compiles what the job needs and sizes its buffers.
    fn prepare(&mut self, job: &Job<'_>) -> Result<()> {
        let slot = match job.particle {
            Particle::Alpha => &mut self.alpha,
            Particle::Electron => &mut self.electron,
        };
        if slot.is_none() {
            let module = match job.particle {
                Particle::Alpha => shaders::alpha(),
                Particle::Electron => shaders::electron(),
            };
            let constants = [("WORKGROUP", WORKGROUP.into()), ("SHELLS", f64::from(self.world.geometry.shells() > 0))];
            let (pipeline, time) = self.gpu.pipeline(&module, &[&self.layout], &constants)?;
            self.compile_time += time;
            *slot = Some(Kernel { pipeline, histories: self.dispatch.histories });
        }
        let bytes = tally_bytes(self.world.geometry.len() as u64, job.particle);
        if self.tally.as_ref().is_none_or(|tally| tally.sums.size() < bytes) {
            // The old pair goes first, so that both need not fit at once.
            self.tally = None;
            self.tally = Some(TallyBuffers {
                sums: self.gpu.buffer("tally", bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST)?,
                staging: self.gpu.buffer("tally read-back", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?,
            });
        }
        // Written for every batch: a job has no identity by which an earlier upload could be known to be the same.
        self.gpu.refill("source", &mut self.source, bytemuck::cast_slice(job.source))?;
        self.gpu.refill("spectrum", &mut self.spectrum, bytemuck::cast_slice(job.spectrum))
    }

    fn bind(&self, tally: &Buffer, source: &Buffer, spectrum: &Buffer) -> BindGroup {
        let buffers = [&self.params, &self.voxels, &self.rows, &self.scalars, source, spectrum, tally, &self.counters];
        let entries: Vec<BindGroupEntry<'_>> = buffers
            .iter()
            .enumerate()
            .map(|(binding, buffer)| BindGroupEntry { binding: binding as u32, resource: buffer.as_entire_binding() })
            .collect();
        self.gpu.device.create_bind_group(&BindGroupDescriptor { label: Some("transport"), layout: &self.layout, entries: &entries })
    }

    /// Runs one dispatch and reads the counters, which go on summing over the batch.
    fn dispatch_once(&self, pipeline: &ComputePipeline, group: &BindGroup, params: &Params) -> Result<Counters> {
        self.gpu.queue.write_buffer(&self.params, 0, bytemuck::bytes_of(params));
        self.gpu.queue.write_buffer(&self.counters, std::mem::offset_of!(Counters, next) as u64, &[0; 4]);
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(pipeline);
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
}

/// Bytes of the tally of a kernel: two words per voxel, alphas twice (energy, energy times LET).
pub fn tally_bytes(voxels: u64, particle: Particle) -> u64 {
    voxels * if particle == Particle::Alpha { 16 } else { 8 }
}

impl Backend for Gpu<'_> {
    fn device(&self) -> DeviceInfo {
        self.info.clone()
    }

    fn run(&mut self, job: &Job<'_>, batch: u32, report: &(dyn Fn(u64) + Sync)) -> Result<BatchResult> {
        job.check(&self.world, batch)?;
        self.prepare(job)?;
        let kernel = match job.particle {
            Particle::Alpha => &self.alpha,
            Particle::Electron => &self.electron,
        };
        let (Some(kernel), Some(tally), Some(source), Some(spectrum)) = (kernel, &self.tally, &self.source, &self.spectrum) else {
            return Err(Error::device("internal: the kernel was not prepared"));
        };
        let group = self.bind(&tally.sums, source, spectrum);
        let mut params = self.world.params(job, batch);
        let rhythm = self.dispatch.rhythm;
        params.segments = self.dispatch.segments;
        params.histories_per_turn = rhythm.histories_per_turn;
        params.steps_per_history = rhythm.steps_per_history;
        params.stops_per_step = rhythm.stops_per_step;
        params.legs_per_stop = rhythm.legs_per_stop;
        let total = params.count;
        let bytes = tally_bytes(self.world.geometry.len() as u64, job.particle);
        self.gpu.queue.write_buffer(&self.counters, 0, bytemuck::bytes_of(&Counters::zeroed()));
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.clear_buffer(&tally.sums, 0, Some(bytes));
        self.gpu.queue.submit([encoder.finish()]);
        let mut histories = kernel.histories;
        let mut counters = Counters::zeroed();
        let mut done = 0;
        while done < total {
            params.first = done;
            params.count = histories.min(total - done);
            let start = Instant::now();
            counters = self.dispatch_once(&kernel.pipeline, &group, &params)?;
            let took = start.elapsed();
            // Threads take histories in order and finish what they take, so the next dispatch begins where they stopped.
            let taken = counters.next.min(params.count);
            if taken == 0 {
                return Err(Error::device(format!("{}: a dispatch made no progress", self.info.name)));
            }
            done += taken;
            report(taken.into());
            if !self.dispatch.fixed {
                if took < TARGET / 2 && taken == histories {
                    histories = histories.saturating_mul(2).min(1 << 28);
                } else if took > TARGET * 2 {
                    histories = (taken / 2).max(WORKGROUP);
                }
            }
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&tally.sums, 0, &tally.staging, 0, bytes);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        let mut energy: Vec<u64> = self.gpu.read(&tally.staging, bytes, submission)?;
        let energy_let = (job.particle == Particle::Alpha).then(|| energy.split_off(self.world.geometry.len()));
        let kernel = match job.particle {
            Particle::Alpha => &mut self.alpha,
            Particle::Electron => &mut self.electron,
        };
        if let Some(kernel) = kernel {
            kernel.histories = histories;
        }
        Ok(BatchResult { energy, energy_let, sums: Sums::from(counters) })
    }
}
