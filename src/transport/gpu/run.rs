//! Batches on a device: dispatches of about 100 ms, integer tallies read back once per batch.

use std::time::{Duration, Instant};

use bytemuck::Zeroable;
use wgpu::{BindGroup, BindGroupDescriptor, BindGroupEntry, Buffer, BufferUsages, ComputePipeline};

use super::{adapter::Candidate, device::GpuDevice, shaders};
use crate::{
    error::{Error, Result},
    transport::{
        backend::{Backend, BatchTally, DeviceInfo, Job, Particle, Sums, World},
        constants::{MAX_SEGMENTS, STATUS_SEGMENTS},
        layout::{Counters, Params},
    },
};

/// Threads per workgroup.
pub const WORKGROUP: u32 = 64;
/// Dispatches aim at this: far below every watchdog.
const TARGET: Duration = Duration::from_millis(100);

/// How dispatches are cut; the result does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispatch {
    /// Histories in the first dispatch; later ones adapt to the time taken, unless `fixed`.
    pub histories: u32,
    /// Keep that number.
    pub fixed: bool,
    /// Most workgroups of a dispatch.
    pub workgroups: u32,
}

/// Transport on a GPU.
#[derive(Debug)]
pub struct Gpu<'a> {
    world: World<'a>,
    gpu: GpuDevice,
    info: DeviceInfo,
    dispatch: Dispatch,
    alpha: Option<Kernel>,
    electron: Option<Kernel>,
    params: Buffer,
    counters: Buffer,
    voxels: Buffer,
    rows: Buffer,
    scalars: Buffer,
    tally: Option<TallyBuffers>,
    source: Option<SourceBuffers>,
    compile_time: Duration,
}

#[derive(Debug)]
struct Kernel {
    pipeline: ComputePipeline,
    histories: u32,
}

#[derive(Debug)]
struct TallyBuffers {
    bytes: u64,
    sums: Buffer,
    staging: Buffer,
}

/// Source and spectrum of the job that ran last; a job is known by its stream.
#[derive(Debug)]
struct SourceBuffers {
    stream: u32,
    entries: usize,
    source: Buffer,
    spectrum: Buffer,
}

impl<'a> Gpu<'a> {
    /// Opens the adapter and uploads phantom and tables.
    ///
    /// # Errors
    /// If the device cannot be opened or the phantom exceeds its limits.
    pub fn new(world: World<'a>, candidate: &Candidate) -> Result<Self> {
        let gpu = GpuDevice::open(candidate)?;
        let uniform = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
        let params = gpu.buffer("parameter", size_of::<Params>() as u64, uniform)?;
        let both = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let counters = gpu.buffer("counter", size_of::<Counters>() as u64, both)?;
        let voxels = gpu.upload("voxel", bytemuck::cast_slice(&world.phantom.voxels))?;
        let rows = gpu.upload("table row", bytemuck::cast_slice(&world.tables.rows))?;
        let scalars = gpu.upload("table", bytemuck::cast_slice(&world.tables.scalars))?;
        let limit = gpu.device.limits().max_compute_workgroups_per_dimension;
        Ok(Self {
            world,
            info: candidate.device_info(),
            dispatch: Dispatch { histories: 8192, fixed: false, workgroups: if candidate.is_software() { 64 } else { 4096.min(limit) } },
            alpha: None,
            electron: None,
            params,
            counters,
            voxels,
            rows,
            scalars,
            tally: None,
            source: None,
            compile_time: Duration::ZERO,
            gpu,
        })
    }

    /// Sets how dispatches are cut.
    pub fn set_dispatch(&mut self, dispatch: Dispatch) {
        self.dispatch = dispatch;
        self.alpha = None;
        self.electron = None;
    }

    /// Time spent compiling shaders so far.
    pub fn compile_time(&self) -> Duration {
        self.compile_time
    }

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
            let (pipeline, time) = self.gpu.pipeline(&module, &[("WORKGROUP", WORKGROUP.into())])?;
            self.compile_time += time;
            *slot = Some(Kernel { pipeline, histories: self.dispatch.histories });
        }
        let bytes = tally_bytes(self.world.phantom.grid.len() as u64, job.particle);
        if self.tally.as_ref().is_none_or(|tally| tally.bytes < bytes) {
            self.tally = None;
            self.tally = Some(TallyBuffers {
                bytes,
                sums: self.gpu.buffer("tally", bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST)?,
                staging: self.gpu.buffer("tally read-back", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?,
            });
        }
        let known = self.source.as_ref().is_some_and(|s| s.stream == job.stream && s.entries == job.source.len());
        if !known {
            self.source = None;
            self.source = Some(SourceBuffers {
                stream: job.stream,
                entries: job.source.len(),
                source: self.gpu.upload("source", bytemuck::cast_slice(job.source))?,
                spectrum: self.gpu.upload("spectrum", bytemuck::cast_slice(job.spectrum))?,
            });
        }
        Ok(())
    }

    fn bind(&self, pipeline: &ComputePipeline, tally: &TallyBuffers, source: &SourceBuffers) -> BindGroup {
        let buffers =
            [&self.params, &self.voxels, &self.rows, &self.scalars, &source.source, &source.spectrum, &tally.sums, &self.counters];
        let entries: Vec<BindGroupEntry<'_>> = buffers
            .iter()
            .enumerate()
            .map(|(binding, buffer)| BindGroupEntry { binding: binding as u32, resource: buffer.as_entire_binding() })
            .collect();
        self.gpu.device.create_bind_group(&BindGroupDescriptor {
            label: Some("transport"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
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

    fn run(&mut self, job: &Job<'_>, batch: u32, report: &(dyn Fn(u64) + Sync)) -> Result<BatchTally> {
        self.prepare(job)?;
        let kernel = match job.particle {
            Particle::Alpha => self.alpha.as_ref(),
            Particle::Electron => self.electron.as_ref(),
        };
        let (Some(kernel), Some(tally), Some(source)) = (kernel, &self.tally, &self.source) else {
            return Err(Error::device("internal: the kernel was not prepared"));
        };
        let group = self.bind(&kernel.pipeline, tally, source);
        let mut histories = kernel.histories;
        let mut params = self.world.params(job, batch);
        params.segments = 1500;
        let total = params.count;
        let bytes = tally_bytes(self.world.phantom.grid.len() as u64, job.particle);
        self.gpu.queue.write_buffer(&self.counters, 0, bytemuck::bytes_of(&Counters::zeroed()));
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.clear_buffer(&tally.sums, 0, Some(bytes));
        self.gpu.queue.submit([encoder.finish()]);
        let mut done = 0;
        while done < total {
            params.first = done;
            params.count = histories.min(total - done);
            self.gpu.queue.write_buffer(&self.params, 0, bytemuck::bytes_of(&params));
            self.gpu.queue.write_buffer(&self.counters, std::mem::offset_of!(Counters, next) as u64, &[0; 4]);
            let start = Instant::now();
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                pass.set_pipeline(&kernel.pipeline);
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups(params.count.div_ceil(WORKGROUP).min(self.dispatch.workgroups), 1, 1);
            }
            let rb =
                self.gpu.buffer("counter read-back", size_of::<Counters>() as u64, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;
            encoder.copy_buffer_to_buffer(&self.counters, 0, &rb, 0, size_of::<Counters>() as u64);
            let submission = self.gpu.queue.submit([encoder.finish()]);
            let c: Vec<Counters> = self.gpu.read(&rb, submission)?;
            let took = start.elapsed();
            let taken = c[0].next.min(params.count);
            if std::env::var_os("DBG").is_some() { eprintln!("count {} taken {taken} {took:?}", params.count); }
            done += taken;
            report(taken.into());
            if !self.dispatch.fixed && params.count == histories {
                if took < TARGET / 2 {
                    histories = histories.saturating_mul(2).min(1 << 28);
                } else if took > TARGET * 2 {
                    histories = (histories / 2).max(WORKGROUP);
                }
            }
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&tally.sums, 0, &tally.staging, 0, bytes);
        let counters =
            self.gpu.buffer("counter read-back", size_of::<Counters>() as u64, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;
        encoder.copy_buffer_to_buffer(&self.counters, 0, &counters, 0, size_of::<Counters>() as u64);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        let mut energy: Vec<u64> = self.gpu.read(&tally.staging, submission.clone())?;
        let counters: Vec<Counters> = self.gpu.read(&counters, submission)?;
        let voxels = self.world.phantom.grid.len();
        let energy_let = (job.particle == Particle::Alpha).then(|| energy[voxels..2 * voxels].to_vec());
        energy.truncate(voxels);
        let sums = Sums::from(counters[0]);
        if sums.status & STATUS_SEGMENTS != 0 {
            return Err(Error::device(format!(
                "{}: {} threads met their bound of {MAX_SEGMENTS} segments; the batch is not valid. Please report this plan",
                self.info.name, sums.incidents
            )));
        }
        match job.particle {
            Particle::Alpha => self.alpha.as_mut(),
            Particle::Electron => self.electron.as_mut(),
        }
        .expect("prepared above")
        .histories = histories;
        Ok(BatchTally { energy, energy_let, sums })
    }
}
