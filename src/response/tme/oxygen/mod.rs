//! Oxygen inside a voxel: the mean over capillaries too fine to be seen, as a table.
//!
//! - [`krogh`]: one cylinder of tissue around a capillary;
//! - [`closure`]: cylinders of many radii, and the table over perfusion, consumption and capillary pO2 that the kernels read.

pub mod closure;
pub mod krogh;

pub use closure::{OxygenConstants, OxygenTable};
