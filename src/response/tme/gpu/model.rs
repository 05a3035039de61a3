//! All voxels on a device: four dispatches a step, and between them the sum of the antigen, which never leaves the device.

use std::collections::VecDeque;

use wgpu::{BindGroup, BindGroupLayout, Buffer, BufferUsages, ComputePipeline, SubmissionIndex};

use super::{
    BINDINGS,
    chunk::{Chunk, PHASES, Shared, chunk_size},
};
use crate::{
    error::{Error, Result},
    response::tme::{
        FIELDS, Field, VoxelSource,
        cpu::reduce::reduce_value,
        layout::{Maps, OxygenMode, RadiationStep, SUM_ANTIGEN, SUM_PARTS, SUM_UNREPAIRED, StepParams, WORKGROUP},
        model::{ModelInput, StepInput, Unrepaired, VoxelModel},
        open::ModelOxygen,
        oxygen_state::Oxygen,
        stage::Stage,
    },
    transport::gpu::{adapter::Candidate, bindings::layout, device::GpuDevice, shaders},
};

/// Steps that may be under way at once.
const AHEAD: usize = 4;

#[derive(Debug)]
struct Kernels {
    predict: ComputePipeline,
    correct: ComputePipeline,
    irradiate: ComputePipeline,
    antigen: ComputePipeline,
    total: ComputePipeline,
}

/// A kernel, and the position of its phase.
type Dispatch = (usize, fn(&Kernels) -> &ComputePipeline);

/// Voxels on a GPU, in f32.
#[derive(Debug)]
pub struct GpuModel {
    gpu: GpuDevice,
    layout: BindGroupLayout,
    kernels: Kernels,
    chunks: Vec<Chunk>,
    voxels: usize,
    rows: Buffer,
    step_words: Option<Buffer>,
    oxygen: Buffer,
    mode: OxygenMode,
    sums: Buffer,
    staging: Buffer,
    repair: Vec<f64>,
    /// Of each region: coefficients of tumour and of endothelium (by number), first word of the oxygen table.
    regions: Vec<[u32; 3]>,
    maps: Maps,
    /// 0: nothing presents antigen.
    antigen_scale: f32,
    /// Whether the sum of the antigen is that of the state.
    summed: bool,
    under_way: VecDeque<SubmissionIndex>,
}

impl GpuModel {
    /// Voxels at the start, on an adapter.
    ///
    /// # Errors
    /// [`Error::Input`] if fields, oxygen and voxels differ in number; a device error if it cannot be opened or has not the memory.
    pub fn new(input: &ModelInput, oxygen: &ModelOxygen, candidate: &Candidate) -> Result<Self> {
        let gpu = GpuDevice::open(candidate)?;
        let size = chunk_size(&gpu.device.limits());
        Self::with_chunks(input, oxygen, gpu, size)
    }

    /// With at most `size` voxels in a chunk; results do not depend on it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_chunks(input: &ModelInput, oxygen: &ModelOxygen, gpu: GpuDevice, size: usize) -> Result<Self> {
        let voxels = input.voxels();
        let (given, tables) = match oxygen {
            ModelOxygen::Off => (voxels, vec![0; input.rows.len()]),
            ModelOxygen::Tables { at, .. } => (voxels, at.clone()),
            ModelOxygen::Voxels(values) => (values.len(), vec![0; input.rows.len()]),
        };
        if voxels == 0 || input.fields.len() != FIELDS * voxels || given != voxels || tables.len() != input.rows.len() {
            let found = input.fields.len();
            return Err(Error::input(format!(
                "{voxels} voxels have {found} values in {FIELDS} fields and oxygen for {given}, {} regions {} oxygen tables; each needs one of each",
                input.rows.len(),
                tables.len()
            )));
        }
        let layout = layout(&gpu.device, "response", &BINDINGS.map(|(_, kind)| kind));
        let kernel = |entry| gpu.pipeline(&shaders::response(entry), &[&layout], &[]).map(|(pipeline, _)| pipeline);
        let kernels = Kernels {
            predict: kernel("kernel_predict")?,
            correct: kernel("kernel_correct")?,
            irradiate: kernel("kernel_irradiate")?,
            antigen: kernel("kernel_antigen")?,
            total: kernel("kernel_total")?,
        };
        let rows: Vec<f32> = input.rows.iter().flat_map(|row| row.map(|value| value as f32).values()).collect();
        let (repair, sets) = input.repair();
        let words: &[f32] = if let ModelOxygen::Tables { words, .. } = oxygen { words } else { &[] };
        let from_outside = oxygen.mode() == OxygenMode::Field;
        let mut chunks = Vec::new();
        for region in 0..input.rows.len() {
            let own: Vec<u32> = (0..voxels as u32).filter(|&voxel| usize::from(input.row_of[voxel as usize]) == region).collect();
            for part in own.chunks(size.max(1)) {
                chunks.push(Chunk::new(&gpu, region, part.to_vec(), from_outside)?);
            }
        }
        let parts: u32 = chunks.iter().map(Chunk::workgroups).sum();
        // Buffers begin as zeros.
        let sums_bytes = 4 * u64::from(SUM_PARTS + 2 * parts);
        let sums = gpu.buffer("sum", sums_bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC)?;
        let model = Self {
            rows: gpu.upload("region row", bytemuck::cast_slice(&rows))?,
            step_words: None,
            oxygen: gpu.upload("oxygen table", bytemuck::cast_slice(words))?,
            mode: oxygen.mode(),
            staging: gpu.buffer("sum read-back", 16, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?,
            sums,
            layout,
            kernels,
            voxels,
            repair,
            regions: sets.iter().zip(tables).map(|(&[tumour, vessel], table)| [tumour, vessel, table]).collect(),
            maps: Maps::default(),
            antigen_scale: input.antigen_scale as f32,
            summed: false,
            under_way: VecDeque::new(),
            chunks,
            gpu,
        };
        for chunk in &model.chunks {
            for (field, values) in input.fields.chunks_exact(voxels).enumerate() {
                chunk.write_field(&model.gpu.queue, field, values);
            }
            if let ModelOxygen::Voxels(oxygen) = oxygen {
                chunk.write_oxygen(&model.gpu.queue, oxygen);
            }
        }
        Ok(model)
    }

    /// The first four words of the sums.
    fn read_sums(&mut self) -> Result<[u32; 4]> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.sums, 0, &self.staging, 0, 16);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.under_way.clear();
        let words: Vec<[u32; 4]> = self.gpu.read(&self.staging, 16, submission)?;
        Ok(words[0])
    }

    /// Writes the parameters of a phase for every chunk.
    fn write_params(&self, phase: usize, biology: &Stage<f64>, radiation: &Stage<f64>, step: &RadiationStep<f32>) {
        let (biology, radiation) = (biology.map(|value| value as f32), radiation.map(|value| value as f32));
        let sums: u32 = self.chunks.iter().map(Chunk::workgroups).sum();
        let mut first_sum = 0;
        for chunk in &self.chunks {
            let [tumour, vessel, table] = self.regions[chunk.region];
            let params = StepParams {
                voxels: chunk.len() as u32,
                region: chunk.region as u32,
                tumour,
                vessel,
                table,
                oxygen: self.mode as u32,
                sources: step.sources.len() as u32,
                groups: step.groups as u32,
                first_sum,
                sums,
                turns: sums.div_ceil(WORKGROUP),
                antigen_unit: self.antigen_scale,
            };
            first_sum += chunk.workgroups();
            self.gpu.queue.write_buffer(&chunk.params[phase], 0, &params.bytes(&biology, &radiation));
        }
    }

    /// Writes the words of a step.
    fn write_words(&mut self, radiation: &RadiationStep<f32>) -> Result<()> {
        let words = radiation.words();
        let before = self.step_words.as_ref().map(Buffer::size);
        self.gpu.refill("step", &mut self.step_words, bytemuck::cast_slice(&words))?;
        if self.step_words.as_ref().map(Buffer::size) != before {
            self.chunks.iter_mut().for_each(Chunk::unbind);
        }
        Ok(())
    }

    /// Runs kernels over all voxels, each for a phase, and after each the sum of the antigen.
    fn run(&mut self, kernels: &[Dispatch]) -> Result<SubmissionIndex> {
        let Some(step_words) = &self.step_words else {
            return Err(Error::device("internal: the words of the step were not written"));
        };
        let shared = Shared { rows: &self.rows, step_words, oxygen: &self.oxygen, sums: &self.sums };
        let bound: Vec<(u32, &[BindGroup; PHASES])> =
            self.chunks.iter_mut().map(|chunk| (chunk.workgroups(), chunk.bind(&self.gpu, &self.layout, &shared))).collect();
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for &(phase, kernel) in kernels {
                pass.set_pipeline(kernel(&self.kernels));
                for (workgroups, groups) in &bound {
                    pass.set_bind_group(0, &groups[phase], &[]);
                    pass.dispatch_workgroups(*workgroups, 1, 1);
                }
                if self.antigen_scale > 0.0 {
                    pass.set_pipeline(&self.kernels.total);
                    pass.dispatch_workgroups(1, 1, 1);
                }
            }
        }
        Ok(self.gpu.queue.submit([encoder.finish()]))
    }

    /// Brings the sum of the antigen up to date.
    fn sum(&mut self) -> Result<()> {
        if self.summed || self.antigen_scale <= 0.0 {
            return Ok(());
        }
        let none = RadiationStep::default();
        if self.step_words.is_none() {
            self.write_words(&none)?;
        }
        let neutral = Stage::neutral(0.0);
        self.write_params(0, &neutral, &neutral, &none);
        self.run(&[(0, |kernels| &kernels.antigen)])?;
        self.summed = true;
        Ok(())
    }
}

impl VoxelModel for GpuModel {
    fn add_source(&mut self, source: &VoxelSource, scale: f64) -> Result<()> {
        let filled = self.maps.len();
        let maps = self.maps.add(source);
        if let Some(wrong) = maps.iter().find(|map| map.len() != self.voxels) {
            return Err(Error::input(format!("a dose map of the response has {} values for {} voxels", wrong.len(), self.voxels)));
        }
        for chunk in &mut self.chunks {
            chunk.reserve(&self.gpu, filled + maps.len(), filled)?;
            for (map, gray) in maps.iter().enumerate() {
                chunk.write_map(&self.gpu.queue, filled + map, gray, scale);
            }
        }
        Ok(())
    }

    fn set_oxygen(&mut self, oxygen: &[Oxygen<f64>]) -> Result<()> {
        if self.mode != OxygenMode::Field {
            return Err(Error::input("the response finds oxygen itself; it takes none from outside"));
        }
        if oxygen.len() != self.voxels {
            return Err(Error::input(format!("oxygen of {} voxels for {}", oxygen.len(), self.voxels)));
        }
        self.chunks.iter().for_each(|chunk| chunk.write_oxygen(&self.gpu.queue, oxygen));
        Ok(())
    }

    fn step(&mut self, step: &StepInput) -> Result<()> {
        let repair: Vec<f64> = self.repair.iter().map(|mu| mu * step.repair).collect();
        let radiation = RadiationStep::<f32>::new(step.activity, &self.maps, &repair);
        self.sum()?;
        self.write_words(&radiation)?;
        for (phase, stage) in step.first.iter().chain(&step.second).enumerate() {
            self.write_params(phase, stage, &step.radiation, &radiation);
        }
        let submission = self.run(&[
            (0, |kernels| &kernels.predict),
            (1, |kernels| &kernels.irradiate),
            (2, |kernels| &kernels.predict),
            (3, |kernels| &kernels.correct),
        ])?;
        self.under_way.push_back(submission);
        if self.under_way.len() > AHEAD
            && let Some(earliest) = self.under_way.pop_front()
        {
            self.gpu.wait(earliest)?;
        }
        Ok(())
    }

    fn antigen(&mut self) -> Result<f64> {
        if self.antigen_scale <= 0.0 {
            return Ok(0.0);
        }
        self.sum()?;
        let words = self.read_sums()?;
        let at = SUM_ANTIGEN as usize;
        let quanta = u64::from(words[at]) | u64::from(words[at + 1]) << 32;
        Ok((reduce_value::<f32>(quanta) * self.antigen_scale).into())
    }

    fn unrepaired(&mut self) -> Result<Unrepaired> {
        let words = self.read_sums()?;
        let at = SUM_UNREPAIRED as usize;
        Ok(Unrepaired { highest: f32::from_bits(words[at]).into(), times: words[at + 1].into() })
    }

    fn fields(&mut self) -> Result<Vec<f64>> {
        let mut all = vec![0.0; FIELDS * self.voxels];
        for chunk in &self.chunks {
            chunk.read_fields(&self.gpu, &mut all)?;
        }
        self.under_way.clear();
        Ok(all)
    }

    fn set_field(&mut self, field: Field, values: &[f64]) -> Result<()> {
        if values.len() != self.voxels {
            return Err(Error::input(format!("a field of {} values for {} voxels", values.len(), self.voxels)));
        }
        for chunk in &self.chunks {
            chunk.write_field(&self.gpu.queue, field as usize, values);
        }
        self.summed = false;
        Ok(())
    }
}
