//! Runs one WGSL function over many inputs: the entry points of `shaders/probe/probe.wgsl`.

use dosaic::transport::{
    gpu::{
        bindings::{READ, WRITE, layout, transport_layout},
        device::GpuDevice,
        shaders,
    },
    layout::{Counters, Params, Queued},
};
use wgpu::{BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, Buffer, BufferUsages};

use crate::{
    adapter::adapter,
    scene::{Case, Scene},
};

/// A device with the buffers of a scene bound, ready for probes.
pub(crate) struct Prober {
    gpu: GpuDevice,
    layouts: [BindGroupLayout; 2],
    transport: BindGroup,
    tally: Buffer,
    cells: usize,
    shells: bool,
    quality: bool,
}

impl Prober {
    /// `params` may differ from what a batch of `case` would use.
    pub(crate) fn new(scene: &Scene, case: &Case, params: &Params) -> Self {
        let gpu = GpuDevice::open(adapter()).expect("the adapter opens");
        let uniform = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
        let uniforms = gpu.buffer("parameter", size_of::<Params>() as u64, uniform).expect("room");
        gpu.queue.write_buffer(&uniforms, 0, bytemuck::bytes_of(params));
        let upload = |label: &str, bytes: &[u8]| gpu.upload(label, bytes).expect("room");
        let geometry = scene.world().geometry;
        let cells = geometry.len();
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_SRC;
        let tally = gpu.buffer("tally", 8 * cells as u64, storage).expect("room");
        let buffers = [
            uniforms,
            upload("voxel", bytemuck::cast_slice(geometry.words())),
            upload("table row", bytemuck::cast_slice(&scene.tables.rows)),
            upload("table", bytemuck::cast_slice(&scene.tables.scalars)),
            upload("source", bytemuck::cast_slice(&case.source)),
            upload("spectrum", bytemuck::cast_slice(case.sampler.rows())),
            tally.clone(),
            upload("counter", &[0; size_of::<Counters>()]),
            upload("queue", &[0; size_of::<Queued>()]),
        ];
        let layouts = [transport_layout(&gpu.device), layout(&gpu.device, "probe", &[READ, WRITE])];
        let transport = group(&gpu, &layouts[0], &buffers);
        Self { gpu, layouts, transport, tally, cells, shells: geometry.shells() > 0, quality: scene.tables.quality }
    }

    /// Runs an entry point over rows of `INPUTS` words; returns rows of `OUTPUTS` words.
    pub(crate) fn run<const INPUTS: usize, const OUTPUTS: usize>(
        &self,
        entry: &'static str,
        inputs: &[[u32; INPUTS]],
    ) -> Vec<[u32; OUTPUTS]> {
        let constants = [
            ("PROBE_INPUTS", INPUTS as f64),
            ("PROBE_OUTPUTS", OUTPUTS as f64),
            ("SHELLS", f64::from(self.shells)),
            ("QUALITY", f64::from(self.quality)),
        ];
        let groups = [&self.layouts[0], &self.layouts[1]];
        let (pipeline, _) = self.gpu.pipeline(&shaders::probe(entry), &groups, &constants).unwrap_or_else(|e| panic!("{e}"));
        // Sixteen bytes are the unit of uploads: a row more or less must not look like an input.
        assert!((inputs.len() * INPUTS).is_multiple_of(4), "{entry}: {} rows of {INPUTS} words leave a padded row", inputs.len());
        let bytes = (inputs.len() * OUTPUTS * 4) as u64;
        let input = self.gpu.upload("input", bytemuck::cast_slice(inputs)).expect("room");
        let output = self.gpu.buffer("output", bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC).expect("room");
        let probe = group(&self.gpu, &self.layouts[1], &[input, output.clone()]);
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &self.transport, &[]);
            pass.set_bind_group(1, &probe, &[]);
            pass.dispatch_workgroups(inputs.len().div_ceil(64) as u32, 1, 1);
        }
        self.gpu.queue.submit([encoder.finish()]);
        let words: Vec<u32> = self.read(&output, bytes);
        words.as_chunks::<OUTPUTS>().0.to_vec()
    }

    /// The tally, after [`Self::run`] of `probe_tally`.
    pub(crate) fn tally(&self) -> Vec<u64> {
        self.read(&self.tally, 8 * self.cells as u64)
    }

    fn read<T: bytemuck::Pod>(&self, buffer: &Buffer, bytes: u64) -> Vec<T> {
        let staging = self.gpu.buffer("read-back", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST).expect("room");
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, bytes);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.gpu.read(&staging, bytes, submission).expect("the device answers")
    }
}

fn group(gpu: &GpuDevice, layout: &BindGroupLayout, buffers: &[Buffer]) -> BindGroup {
    let entries: Vec<BindGroupEntry<'_>> = buffers
        .iter()
        .enumerate()
        .map(|(binding, buffer)| BindGroupEntry { binding: binding as u32, resource: buffer.as_entire_binding() })
        .collect();
    gpu.device.create_bind_group(&BindGroupDescriptor { label: None, layout, entries: &entries })
}
