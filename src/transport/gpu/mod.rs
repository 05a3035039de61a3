//! The WGSL backend: adapters, shaders, buffers, bounded dispatches.

pub mod adapter;
pub mod bindings;
pub mod device;
pub mod run;
pub mod shaders;

pub use run::Gpu;
