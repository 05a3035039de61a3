//! The voxel phantom: material, density and region of every voxel.
//!
//! [`build`] makes it from the plan. It reads nothing itself: images, materials and the CT ramp come through [`PhantomInputs`].

mod build;
mod memory;
mod palette;
mod solid;

use crate::{error::Result, grid::VoxelGrid, io::dicom::StructureName, physics::materials::Material, plan::ImageFile, volume::Volume};

pub use build::build;
pub(crate) use build::in_order_of;
pub use memory::{MAX_SIZE, MAX_VOXELS, building_bytes_per_voxel, bytes_per_voxel};

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
/// The density keeps 8 bits of exponent and 16 of mantissa of its `f32` (rounded to nearest, a carry goes into the exponent: relative error at most 2^-17).
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

/// What a CT number becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CtVoxel {
    /// Position in [`PhantomInputs::ct_materials`].
    pub bin: usize,
    /// g/cm3.
    pub density: f64,
    /// True if the CT number lay outside the ramp and was moved to its end.
    pub clamped: bool,
}

/// What a phantom is built from besides the plan; the program answers from its readers and tables, tests from memory.
pub trait PhantomInputs {
    /// The CT image, HU.
    fn image(&self, file: &ImageFile) -> Result<Volume<f32>>;
    /// A label image.
    fn labels(&self, file: &ImageFile) -> Result<Volume<u32>>;
    /// Contoured structures or segments on a grid: for each name its voxels, ascending; `None` if the file is a label image.
    fn structures(&self, file: &ImageFile, grid: &VoxelGrid, wanted: &[StructureName]) -> Result<Option<Vec<Vec<u32>>>>;
    /// A material by its name.
    fn material(&self, name: &str) -> Option<Material>;
    /// The materials of the CT ramp.
    fn ct_materials(&self) -> Vec<Material>;
    /// Converts a finite CT number, HU.
    fn ct_convert(&self, hu: f32) -> CtVoxel;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative_error(density: f32) -> f64 {
        let packed = voxel_density(pack_voxel(0, density));
        (f64::from(packed) - f64::from(density)).abs() / f64::from(density)
    }

    #[test]
    fn packing_keeps_the_density_to_2_to_the_minus_17() {
        let bound = (-17.0f64).exp2();
        let (mut worst, mut density) = (0.0f64, 1.0e-4f32);
        while density < 25.0 {
            worst = worst.max(relative_error(density));
            density = f32::from_bits(density.to_bits() + 37);
        }
        assert!(worst <= bound, "{worst:e}");
        // Truncation instead of rounding would reach 2^-16.
        assert!(worst > 0.9 * bound, "the sweep must meet the worst case, met {worst:e}");
    }

    #[test]
    fn rounding_carries_into_the_exponent_and_never_into_the_material() {
        for (density, expected) in [
            (f32::from_bits(1.0f32.to_bits() - 1), 1.0f32),
            (f32::from_bits(2.0f32.to_bits() - 64), 2.0),
            (f32::from_bits(2.0f32.to_bits() - 65), f32::from_bits(2.0f32.to_bits() - 128)),
            (f32::from_bits(16.0f32.to_bits() - 1), 16.0),
        ] {
            let voxel = pack_voxel(255, density);
            assert_eq!(voxel_material(voxel), 255);
            assert_eq!(voxel_density(voxel).to_bits(), expected.to_bits(), "{density} became {}", voxel_density(voxel));
        }
    }

    #[test]
    fn a_packed_density_packs_to_itself() {
        for density in [1.0e-4f32, 1.205e-3, 0.26, 1.0, 1.06, 1.92, 11.35, 19.32, 25.0] {
            let once = voxel_density(pack_voxel(7, density));
            assert_eq!(pack_voxel(7, once), pack_voxel(7, density));
        }
        for material in [0u8, 1, 127, 128, 255] {
            assert_eq!(voxel_material(pack_voxel(material, 1.06)), material);
        }
    }
}
