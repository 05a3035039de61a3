//! The voxel model on a graphics adapter. Kernels: `shaders/response`, `shaders/kernels/response.wgsl`.

mod chunk;
mod model;

use wgpu::BufferBindingType;

use crate::transport::gpu::bindings::{READ, WRITE};
pub use model::GpuModel;

/// Variables of group 0 in the order of their bindings, and how the kernels use them. Twin: `shaders/response/bindings.wgsl`.
pub const BINDINGS: [(&str, BufferBindingType); 8] = [
    ("response", BufferBindingType::Uniform),
    ("rows", READ),
    ("fields", WRITE),
    ("predictions", WRITE),
    ("maps", READ),
    ("step_words", READ),
    ("oxygen_words", READ),
    ("sums", WRITE),
];
