//! Electrons.

#[path = "../support/reference.rs"]
mod reference;
#[path = "../support/world.rs"]
mod world;

mod kernels;
mod layers;
mod spectra;
mod track;
mod voxels;
