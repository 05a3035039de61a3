//! Voxels that the kernels run over at once, with the buffers that are theirs alone.

use wgpu::{BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, Buffer, BufferUsages, Limits, Queue};

use crate::{
    error::Result,
    response::tme::{FIELDS, layout::WORKGROUP, oxygen_state::Oxygen},
    transport::gpu::device::GpuDevice,
};

/// Stages of a step: two of a half step, radiation, two of the other half.
pub(super) const PHASES: usize = 5;
/// Bytes of the parameters of a stage.
pub(super) const PARAMS: u64 = 128;
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

/// Some of the voxels.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) first: usize,
    pub(super) voxels: usize,
    regions: Buffer,
    pub(super) fields: Buffer,
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
    pub(super) fn new(gpu: &GpuDevice, first: usize, row_of: &[u8], oxygen: bool) -> Result<Self> {
        let voxels = row_of.len();
        let bytes = |values: usize| 4 * (values * voxels) as u64;
        let params = || gpu.buffer("response parameter", PARAMS, BufferUsages::UNIFORM | BufferUsages::COPY_DST);
        Ok(Self {
            first,
            voxels,
            // Four in a word, the last word filled up.
            regions: gpu.upload("region", &[row_of, &[0; 3][..voxels.next_multiple_of(4) - voxels]].concat())?,
            fields: gpu.buffer("state", bytes(FIELDS), STORAGE)?,
            predictions: gpu.buffer("predicted state", bytes(FIELDS), STORAGE)?,
            maps: gpu.buffer("dose map", bytes(1), STORAGE)?,
            capacity: 1,
            oxygen: oxygen.then(|| gpu.buffer("oxygen", bytes(4), STORAGE)).transpose()?,
            params: [params()?, params()?, params()?, params()?, params()?],
            groups: None,
        })
    }

    /// Workgroups that its voxels need.
    pub(super) fn workgroups(&self) -> u32 {
        (self.voxels as u32).div_ceil(WORKGROUP)
    }

    /// Its voxels among all.
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.voxels
    }

    /// Makes room for so many maps, of which `filled` are there.
    pub(super) fn reserve(&mut self, gpu: &GpuDevice, maps: usize, filled: usize) -> Result<()> {
        if maps <= self.capacity {
            return Ok(());
        }
        let bytes = |maps: usize| 4 * (maps * self.voxels) as u64;
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

    /// Writes its part of a map in Gy.
    pub(super) fn write_map(&self, queue: &Queue, map: usize, gray: &[f32]) {
        queue.write_buffer(&self.maps, 4 * (map * self.voxels) as u64, bytemuck::cast_slice(gray));
    }

    /// Writes its part of a field.
    pub(super) fn write_field(&self, queue: &Queue, field: usize, values: &[f64]) {
        let values: Vec<f32> = values[self.range()].iter().map(|&value| value as f32).collect();
        queue.write_buffer(&self.fields, 4 * (field * self.voxels) as u64, bytemuck::cast_slice(&values));
    }

    /// Writes its part of the oxygen, where it comes from outside.
    pub(super) fn write_oxygen(&self, queue: &Queue, oxygen: &[Oxygen<f64>]) {
        let Some(buffer) = &self.oxygen else { return };
        let own = &oxygen[self.range()];
        let of = |value: fn(&Oxygen<f64>) -> f64| own.iter().map(move |oxygen| value(oxygen) as f32);
        let values: Vec<f32> =
            of(|o| o.po2).chain(of(|o| o.hypoxic)).chain(of(|o| o.oxic_weight)).chain(of(|o| o.hypoxic_weight)).collect();
        queue.write_buffer(buffer, 0, bytemuck::cast_slice(&values));
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
                let buffers = [
                    params,
                    shared.rows,
                    &self.regions,
                    &self.fields,
                    &self.predictions,
                    &self.maps,
                    shared.step_words,
                    oxygen,
                    shared.sums,
                ];
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
