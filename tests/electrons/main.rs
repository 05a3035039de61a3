//! Electrons: kernels, voxels, spheres and layers against EGSnrc, and limits that need no reference.

#[path = "../support/reference.rs"]
mod reference;
#[path = "../support/world.rs"]
mod world;

mod kernels;
mod layers;
mod limits;
mod path;
mod spectra;
mod track;
mod voxels;
