//! The steps of electrons, followed one by one. Kernels, spheres, layers and voxels are cases of `dosaic verify` (test `verify`).

#[path = "../support/world.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod world;

mod path;
mod steps;
