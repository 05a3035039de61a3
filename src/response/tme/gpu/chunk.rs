//! Voxels that the kernels run over at once, with the buffers that are theirs alone.

use wgpu::{BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, Buffer, BufferUsages, Limits, Queue};

use crate::{
    error::Result,
    response::tme::{FIELDS, layout::WORKGROUP, oxygen_state::Oxygen},
    transport::gpu::device::GpuDevice,
};

/// Stages of a step: two of each half.
pub(super) const PHASES: usize = 4;
/// Room for the parameters of a stage, bytes.
const PARAMS: u64 = 256;
/// Most voxels of a chunk, so that no dispatch is long on any adapter.
const MOST: u64 = 1 << 18;
/// Maps (four per source with high-LET radiation) that must find room.
const ROOM: u64 = 256;

/// Usual number of voxels in a chunk: what fits into the bindings of an adapter.
pub(super) fn chunk_size(limits: &Limits) -> usize {
    let floats = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) / 4;
    let groups = u64::from(limits.max_compute_workgroups_per_dimension) * u64::from(WORKGROUP);
    let most = MOST.min(groups).min(floats / FIELDS as u64).min(floats / ROOM);
    (most - most % u64::from(WORKGROUP)).max(WORKGROUP.into()) as usize
}

/// Buffers that all chunks share.
pub(super) struct Shared<'a> {
    pub(super) rows: &'a Buffer,
    pub(super) step_words: &'a Buffer,
    pub(super) oxygen: &'a Buffer,
    pub(super) sums: &'a Buffer,
}

/// Some of the voxels of a region.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Number of the region.
    pub(super) region: usize,
    /// Places of the voxels among all.
    voxels: Vec<u32>,
    fields: Buffer,
    predictions: Buffer,
    maps: Buffer,
    /// Maps that fit.
    capacity: usize,
    /// Oxygen of each voxel, where it comes from outside.
    oxygen: Option<Buffer>,
    pub(super) params: [Buffer; PHASES],
    groups: Option<[BindGroup; PHASES]>,
}

const STORAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST).union(BufferUsages::COPY_SRC);

impl Chunk {
    pub(super) fn new(gpu: &GpuDevice, region: usize, voxels: Vec<u32>, oxygen: bool) -> Result<Self> {
        let bytes = |values: usize| 4 * (values * voxels.len()) as u64;
        let params = || gpu.buffer("response parameter", PARAMS, BufferUsages::UNIFORM | BufferUsages::COPY_DST);
        Ok(Self {
            region,
            fields: gpu.buffer("state", bytes(FIELDS), STORAGE)?,
            predictions: gpu.buffer("predicted state", bytes(FIELDS), STORAGE)?,
            maps: gpu.buffer("dose map", bytes(1), STORAGE)?,
            capacity: 1,
            oxygen: oxygen.then(|| gpu.buffer("oxygen", bytes(4), STORAGE)).transpose()?,
            params: [params()?, params()?, params()?, params()?],
            groups: None,
            voxels,
        })
    }

    /// Number of voxels.
    pub(super) fn len(&self) -> usize {
        self.voxels.len()
    }

    /// Workgroups that its voxels need.
    pub(super) fn workgroups(&self) -> u32 {
        (self.len() as u32).div_ceil(WORKGROUP)
    }

    /// Its part of values of all voxels, in f32.
    fn part<T>(&self, all: &[T], value: impl Fn(&T) -> f64) -> Vec<f32> {
        self.voxels.iter().map(|&voxel| value(&all[voxel as usize]) as f32).collect()
    }

    /// Makes room for so many maps, of which `filled` are there.
    pub(super) fn reserve(&mut self, gpu: &GpuDevice, maps: usize, filled: usize) -> Result<()> {
        if maps <= self.capacity {
            return Ok(());
        }
        let bytes = |maps: usize| 4 * (maps * self.len()) as u64;
        // Twice as much, so that sources that come one by one are seldom copied; just enough where that is too much.
        let (maps_at, capacity) = match gpu.buffer("dose map", bytes(2 * maps), STORAGE) {
            Ok(buffer) => (buffer, 2 * maps),
            Err(_) => (gpu.buffer("dose map", bytes(maps), STORAGE)?, maps),
        };
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.maps, 0, &maps_at, 0, bytes(filled));
        gpu.queue.submit([encoder.finish()]);
        (self.maps, self.capacity, self.groups) = (maps_at, capacity, None);
        Ok(())
    }

    /// Writes its part of a map, Gy per decay times `scale`.
    pub(super) fn write_map(&self, queue: &Queue, map: usize, gray: &[f32], scale: f64) {
        let part = self.part(gray, |&gray| f64::from(gray) * scale);
        queue.write_buffer(&self.maps, 4 * (map * self.len()) as u64, bytemuck::cast_slice(&part));
    }

    /// Writes its part of a field.
    pub(super) fn write_field(&self, queue: &Queue, field: usize, values: &[f64]) {
        let part = self.part(values, |&value| value);
        queue.write_buffer(&self.fields, 4 * (field * self.len()) as u64, bytemuck::cast_slice(&part));
    }

    /// Writes its part of the oxygen, where it comes from outside.
    pub(super) fn write_oxygen(&self, queue: &Queue, oxygen: &[Oxygen<f64>]) {
        let Some(buffer) = &self.oxygen else { return };
        let of = |o: Oxygen<f64>| [o.po2, o.hypoxic, o.oxic_weight, o.hypoxic_weight].map(|value| value as f32);
        let parts: Vec<[f32; 4]> = self.voxels.iter().map(|&voxel| of(oxygen[voxel as usize])).collect();
        queue.write_buffer(buffer, 0, bytemuck::cast_slice(&parts));
    }

    /// Reads its fields into those of all voxels.
    pub(super) fn read_fields(&self, gpu: &GpuDevice, all: &mut [f64]) -> Result<()> {
        let bytes = self.fields.size();
        let staging = gpu.buffer("state read-back", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.fields, 0, &staging, 0, bytes);
        let submission = gpu.queue.submit([encoder.finish()]);
        let values: Vec<f32> = gpu.read(&staging, bytes, submission)?;
        let voxels = all.len() / FIELDS;
        for (field, values) in all.chunks_exact_mut(voxels).zip(values.chunks_exact(self.len())) {
            for (&voxel, &value) in self.voxels.iter().zip(values) {
                field[voxel as usize] = value.into();
            }
        }
        Ok(())
    }

    /// Buffers of shared words have changed.
    pub(super) fn unbind(&mut self) {
        self.groups = None;
    }

    /// Its buffers and the shared ones, as each phase needs them.
    pub(super) fn bind(&mut self, gpu: &GpuDevice, layout: &BindGroupLayout, shared: &Shared<'_>) -> &[BindGroup; PHASES] {
        self.groups.get_or_insert_with(|| {
            let oxygen = self.oxygen.as_ref().unwrap_or(shared.oxygen);
            let group = |params: &Buffer| {
                let buffers = [params, shared.rows, &self.fields, &self.predictions, &self.maps, shared.step_words, oxygen, shared.sums];
                let entries: Vec<BindGroupEntry<'_>> = buffers
                    .iter()
                    .enumerate()
                    .map(|(binding, buffer)| BindGroupEntry { binding: binding as u32, resource: buffer.as_entire_binding() })
                    .collect();
                gpu.device.create_bind_group(&BindGroupDescriptor { label: Some("response"), layout, entries: &entries })
            };
            self.params.each_ref().map(group)
        })
    }
}
