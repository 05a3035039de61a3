//! Everything a backend needs besides a job, for a simple geometry.

use glam::DVec3;

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    phantom::{Phantom, pack_voxel},
    physics::materials,
    plan::{PhotonMode, TransportPlan, WaterData},
    transport::{
        backend::{Settings, World},
        geometry::{Geometry, Shells},
        tables::Tables,
    },
};

/// A geometry with tables and settings.
#[derive(Debug)]
pub struct Stage {
    space: Space,
    /// Tables of the materials.
    pub tables: Tables,
    /// Settings of the transport.
    pub settings: Settings,
}

#[derive(Debug)]
enum Space {
    Voxels(Box<Phantom>),
    Shells(Shells),
}

/// The transport settings of a plan that says nothing but the water and the seed.
pub fn standard_plan(water: WaterData, seed: u64) -> TransportPlan {
    TransportPlan {
        histories: 1,
        batches: super::BATCHES,
        goal: None,
        seed,
        device: "auto".into(),
        water,
        delta_threshold: None,
        electron_cut: None,
        photons: PhotonMode::Analogue,
        photon_threshold: None,
        photon_cut: None,
        range_rejection: true,
    }
}

impl Stage {
    /// Voxels with edges of `edges` mm; `fill` gives material (position in `names`) and density (g/cm3) of a voxel.
    ///
    /// # Errors
    /// If a material is unknown or lacks data.
    pub fn voxels(names: &[&str], size: [u32; 3], edges: DVec3, settings: Settings, fill: impl Fn([u32; 3]) -> (u8, f64)) -> Result<Self> {
        let grid = VoxelGrid::axis_aligned(size, edges, DVec3::ZERO);
        let voxels: Vec<u32> = (0..grid.len())
            .map(|v| {
                let (material, density) = fill(grid.ijk(v));
                pack_voxel(material, density as f32)
            })
            .collect();
        let materials = names.iter().map(|name| materials::require(name)).collect::<Result<Vec<_>>>()?;
        let tables = Tables::build(&materials, &voxels, &settings.tables)?;
        let phantom = Phantom { grid, voxels, materials, regions: Vec::new(), region_names: Vec::new(), warnings: Vec::new() };
        Ok(Self { space: Space::Voxels(Box::new(phantom)), tables, settings })
    }

    /// Spherical shells with outer radii in cm, in one material.
    ///
    /// # Errors
    /// If the material is unknown or lacks data, or the radii do not rise.
    pub fn shells(name: &str, density: f64, radii: &[f64], settings: Settings) -> Result<Self> {
        let shells = Shells::new(0, density, radii)?;
        let media = Geometry::Shells(&shells).media();
        let tables = Tables::build(&[materials::require(name)?], media, &settings.tables)?;
        Ok(Self { space: Space::Shells(shells), tables, settings })
    }

    /// What a backend is made from.
    pub fn world(&self) -> World<'_> {
        let geometry = match &self.space {
            Space::Voxels(phantom) => Geometry::Voxels(phantom),
            Space::Shells(shells) => Geometry::Shells(shells),
        };
        World { geometry, tables: &self.tables, settings: self.settings }
    }

    /// The phantom, where the geometry is voxels.
    ///
    /// # Errors
    /// In shells.
    pub fn phantom(&self) -> Result<&Phantom> {
        match &self.space {
            Space::Voxels(phantom) => Ok(phantom),
            Space::Shells(_) => Err(Error::input("spherical shells have no voxels")),
        }
    }
}
