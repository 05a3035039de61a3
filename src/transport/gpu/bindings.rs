//! The bind group that the transport kernels share. Twin: `shaders/shared/bindings.wgsl` (a test compares them).

use wgpu::{BindGroupLayout, BindGroupLayoutDescriptor, BindGroupLayoutEntry, BindingType, BufferBindingType, Device, ShaderStages};

/// Variables of group 0 in the order of their bindings, and how the kernels use them.
pub const TRANSPORT: [(&str, BufferBindingType); 9] = [
    ("params", BufferBindingType::Uniform),
    ("voxels", READ),
    ("table_rows", READ),
    ("table_scalars", READ),
    ("source", READ),
    ("spectrum", READ),
    ("tally", WRITE),
    ("counters", WRITE),
    ("queue", WRITE),
];

/// Storage that kernels only read.
pub const READ: BufferBindingType = BufferBindingType::Storage { read_only: true };
/// Storage that kernels write.
pub const WRITE: BufferBindingType = BufferBindingType::Storage { read_only: false };

/// The layout of group 0. Explicit, so that a kernel may leave a buffer unused.
pub fn transport_layout(device: &Device) -> BindGroupLayout {
    layout(device, "transport", &TRANSPORT.map(|(_, kind)| kind))
}

/// A layout of buffers, bound in order.
pub fn layout(device: &Device, label: &str, kinds: &[BufferBindingType]) -> BindGroupLayout {
    let entries: Vec<BindGroupLayoutEntry> = kinds
        .iter()
        .enumerate()
        .map(|(binding, &ty)| BindGroupLayoutEntry {
            binding: binding as u32,
            visibility: ShaderStages::COMPUTE,
            ty: BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}
