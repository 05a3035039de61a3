//! Oxygen: one cylinder, the mean over cylinders and its table, and diffusion between voxels.

mod closure;
mod krogh;
