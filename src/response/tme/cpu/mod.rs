//! The voxel model on the CPU: functions that are twins of the shaders, in f32 as there or in f64 as the reference.

pub mod biology;
pub mod model;
pub mod multigrid;
pub mod oxygen;
pub mod radiation;
pub mod reduce;
