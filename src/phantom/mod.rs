//! The voxel phantom: material, density and region of every voxel.

use crate::{grid::VoxelGrid, physics::materials::Material};

/// A voxel phantom.
///
/// `voxels[v]` packs the material (upper 8 bits: position in `materials`) and the density (lower 24 bits: see [`pack_voxel`]);
/// masses are always computed from the packed density, so host and device agree to the last bit.
#[derive(Debug, Clone)]
pub struct Phantom {
    /// Where the voxels are.
    pub grid: VoxelGrid,
    /// Packed material and density per voxel, x fastest.
    pub voxels: Vec<u32>,
    /// Materials in use (at most 256).
    pub materials: Vec<Material>,
    /// Region per voxel: 0 = none, else 1 + position in `region_names`.
    pub regions: Vec<u16>,
    /// Names of the regions in the plan's order.
    pub region_names: Vec<String>,
    /// What was clamped, replaced or left out while building, in words with counts, for the report.
    pub warnings: Vec<String>,
}

/// Packs a material (0..256) and a density in g/cm3 (positive, below 3e38) into a `u32`.
///
/// The density keeps 8 bits of exponent and 16 of mantissa of its `f32` (rounded to nearest: relative error at most 2^-18).
pub fn pack_voxel(material: u8, density: f32) -> u32 {
    let bits = density.to_bits() & 0x7fff_ffff;
    u32::from(material) << 24 | ((bits + 0x40) >> 7 & 0x00ff_ffff)
}

/// The material of a packed voxel.
pub fn voxel_material(voxel: u32) -> u8 {
    (voxel >> 24) as u8
}

/// The density of a packed voxel, g/cm3.
pub fn voxel_density(voxel: u32) -> f32 {
    f32::from_bits((voxel & 0x00ff_ffff) << 7)
}

impl Phantom {
    /// Mass of voxel `v`, g.
    pub fn mass(&self, v: usize) -> f64 {
        f64::from(voxel_density(self.voxels[v])) * self.grid.voxel_volume_cm3()
    }

    /// Positions of the voxels of a region (0 = first of `region_names`), ascending.
    pub fn region_voxels(&self, region: usize) -> impl Iterator<Item = usize> + '_ {
        let id = (region + 1) as u16;
        self.regions.iter().enumerate().filter(move |&(_, &r)| r == id).map(|(v, _)| v)
    }
}
