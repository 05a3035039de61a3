//! Oxygen: one cylinder, the mean over cylinders and its table, diffusion between voxels, and what else diffuses there.

mod closure;
mod diffusion;
mod krogh;
mod ligand;
mod micro;
mod shaders;
#[path = "../support/oxygen.rs"]
mod tissue;
