//! Particles through voxels. The rules are in `model.md` beside this file; CPU twins and WGSL shaders both follow it.

pub mod backend;
pub mod constants;
pub mod geometry;
pub mod layout;
pub mod open;
pub mod rng;
pub mod tables;

pub mod cpu;
pub mod gpu;
