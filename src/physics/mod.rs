//! Numbers of physics: elements, materials, stopping powers, scattering. Everything here is f64 and knows nothing of voxels.

pub mod materials;
