//! What the voxels are, as images beside the doses.

use crate::{
    phantom::{Phantom, voxel_density},
    volume::Volume,
};

/// Density and regions of the phantom.
#[derive(Debug, Clone)]
pub struct Anatomy {
    /// Density as the transport has it, g/cm3.
    pub density: Volume<f32>,
    /// Number of the region in the plan's order, 1, 2 ...; 0: none.
    pub regions: Volume<f32>,
}

impl From<&Phantom> for Anatomy {
    fn from(phantom: &Phantom) -> Self {
        Self {
            density: Volume::new(phantom.grid, phantom.voxels.iter().map(|&v| voxel_density(v)).collect()),
            regions: Volume::new(phantom.grid, phantom.regions.iter().map(|&r| f32::from(r)).collect()),
        }
    }
}
