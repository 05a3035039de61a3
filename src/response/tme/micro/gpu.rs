//! The sweeps on a GPU: the same list as on the CPU, one dispatch each.

use std::sync::Arc;

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, Buffer, BufferBindingType, BufferUsages, CommandEncoder,
    ComputePipeline,
};

use super::{
    diffusion::Sweeps,
    levels::{Kind, Levels, Sweep},
};
use crate::{
    error::Result,
    response::tme::cpu::multigrid::{MultigridStep, MultigridTerms},
    transport::gpu::{
        bindings::{READ, WRITE, layout},
        device::GpuDevice,
        shaders,
    },
};

/// Threads of a workgroup, as in `shaders/kernels/multigrid.wgsl`.
const GROUP: usize = 64;
/// Bytes of the report: largest right side, largest change.
const REPORT: u64 = 8;

/// Bindings of group 0, in order: step, couplings, masses, right sides, values, field, terms, report.
pub const BINDINGS: [BufferBindingType; 8] = [BufferBindingType::Uniform, WRITE, WRITE, WRITE, WRITE, WRITE, READ, WRITE];

/// The arrays of all levels on a device.
#[derive(Debug)]
pub struct GpuSweeps {
    gpu: Arc<GpuDevice>,
    levels: Levels,
    setup: Vec<Dispatch>,
    iteration: Vec<Dispatch>,
    couplings: Buffer,
    field: Buffer,
    terms: Buffer,
    report: Buffer,
    report_staging: Buffer,
    field_staging: Buffer,
}

/// A sweep, ready to run.
#[derive(Debug)]
struct Dispatch {
    pipeline: ComputePipeline,
    group: BindGroup,
    workgroups: [u32; 2],
}

impl GpuSweeps {
    /// Makes buffers and compiles the kernels.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn new(gpu: Arc<GpuDevice>, levels: &Levels) -> Result<Self> {
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let words = |count: usize| 4 * count as u64;
        let finest = voxels(&levels.steps[0]);
        let cells = levels.cells;
        let couplings = gpu.buffer("coupling", words(3 * cells), storage)?;
        let mass = gpu.buffer("mass", words(cells), storage)?;
        let right = gpu.buffer("right side", words(cells), storage)?;
        let value = gpu.buffer("value", words(2 * cells), storage)?;
        let field = gpu.buffer("field", words(cells), storage)?;
        let terms = gpu.buffer("term", words(3 * finest), storage)?;
        let report = gpu.buffer("report", REPORT, storage)?;
        let staging = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let bind_layout = layout(&gpu.device, "multigrid", &BINDINGS);
        let mut pipelines = Vec::new();
        for kind in Kind::ALL {
            pipelines.push(gpu.pipeline(&shaders::multigrid(kind.entry()), &[&bind_layout], &[])?.0);
        }
        let prepare = |sweep: &Sweep| -> Result<Dispatch> {
            let step = gpu.buffer("step", size_of::<MultigridStep>() as u64, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?;
            gpu.queue.write_buffer(&step, 0, bytemuck::bytes_of(&sweep.step));
            let buffers = [&step, &couplings, &mass, &right, &value, &field, &terms, &report];
            let pipeline = pipelines[sweep.kind as usize].clone();
            let group = bind(&gpu, &bind_layout, &buffers);
            Ok(Dispatch { pipeline, group, workgroups: workgroups(&gpu, sweep.cells()) })
        };
        Ok(Self {
            setup: levels.setup().iter().map(&prepare).collect::<Result<_>>()?,
            iteration: levels.iteration().iter().map(&prepare).collect::<Result<_>>()?,
            report_staging: gpu.buffer("report read-back", REPORT, staging)?,
            field_staging: gpu.buffer("field read-back", words(finest), staging)?,
            levels: levels.clone(),
            couplings,
            field,
            terms,
            report,
            gpu,
        })
    }

    /// Byte position of the first voxel in the arrays.
    fn origin(&self) -> u64 {
        4 * u64::from(self.levels.steps[0].first)
    }
}

/// Voxels of the finest level.
fn voxels(step: &MultigridStep) -> usize {
    step.size.iter().map(|&n| n as usize).product()
}

/// Workgroups along two axes for a thread per cell.
fn workgroups(gpu: &GpuDevice, cells: usize) -> [u32; 2] {
    let groups = cells.div_ceil(GROUP);
    let most = gpu.device.limits().max_compute_workgroups_per_dimension as usize;
    let rows = groups.div_ceil(most);
    [groups.div_ceil(rows) as u32, rows as u32]
}

fn bind(gpu: &GpuDevice, layout: &BindGroupLayout, buffers: &[&Buffer]) -> BindGroup {
    let entries: Vec<BindGroupEntry<'_>> = buffers
        .iter()
        .enumerate()
        .map(|(binding, buffer)| BindGroupEntry { binding: binding as u32, resource: buffer.as_entire_binding() })
        .collect();
    gpu.device.create_bind_group(&BindGroupDescriptor { label: Some("multigrid"), layout, entries: &entries })
}

/// Dispatches see what earlier ones of the same pass wrote.
fn encode(encoder: &mut CommandEncoder, dispatches: &[Dispatch]) {
    let mut pass = encoder.begin_compute_pass(&Default::default());
    for dispatch in dispatches {
        pass.set_pipeline(&dispatch.pipeline);
        pass.set_bind_group(0, &dispatch.group, &[]);
        pass.dispatch_workgroups(dispatch.workgroups[0], dispatch.workgroups[1], 1);
    }
}

impl Sweeps for GpuSweeps {
    fn set_faces(&mut self, faces: &[f32]) -> Result<()> {
        let count = faces.len() / 3;
        for (axis, part) in faces.chunks_exact(count).enumerate() {
            let at = self.origin() + 4 * (axis * self.levels.cells) as u64;
            self.gpu.queue.write_buffer(&self.couplings, at, bytemuck::cast_slice(part));
        }
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encode(&mut encoder, &self.setup);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.gpu.wait(submission)
    }

    fn set_terms(&mut self, terms: &[MultigridTerms<f32>]) -> Result<()> {
        let words: Vec<[f32; 3]> = terms.iter().map(|t| [t.loss, t.source, t.demand]).collect();
        self.gpu.queue.write_buffer(&self.terms, 0, bytemuck::cast_slice(&words));
        Ok(())
    }

    fn set_field(&mut self, field: &[f32]) -> Result<()> {
        self.gpu.queue.write_buffer(&self.field, self.origin(), bytemuck::cast_slice(field));
        Ok(())
    }

    fn read_field(&mut self, field: &mut [f32]) -> Result<()> {
        let bytes = 4 * field.len() as u64;
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.field, self.origin(), &self.field_staging, 0, bytes);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        field.copy_from_slice(&self.gpu.read::<f32>(&self.field_staging, bytes, submission)?);
        Ok(())
    }

    fn iterate(&mut self) -> Result<[f64; 2]> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.clear_buffer(&self.report, 0, Some(REPORT));
        encode(&mut encoder, &self.iteration);
        encoder.copy_buffer_to_buffer(&self.report, 0, &self.report_staging, 0, REPORT);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        let report: Vec<f32> = self.gpu.read(&self.report_staging, REPORT, submission)?;
        Ok([report[0].into(), report[1].into()])
    }
}
