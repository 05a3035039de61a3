//! Small transport problems that several tests and the benchmarks share: a phantom, its tables, and the emissions of a nuclide in it.
#![allow(dead_code, reason = "each test binary uses its own part")]

use dosaic::{
    grid::VoxelGrid,
    kernel::stage::standard_plan,
    nuclide::{emissions, spectrum::EnergySampler},
    phantom::{Phantom, pack_voxel},
    physics::materials,
    plan::{TransportPlan, WaterData},
    source::DecayPattern,
    transport::{
        backend::{Backend, BatchResult, Job, Particle, Settings, SourceShape, World, source_list},
        geometry::{Geometry, Shells},
        tables::Tables,
    },
};
use glam::DVec3;

/// A phantom with its tables and settings.
pub(crate) struct Scene {
    pub(crate) phantom: Phantom,
    pub(crate) tables: Tables,
    pub(crate) settings: Settings,
    /// Instead of the voxels.
    pub(crate) shells: Option<Shells>,
}

/// The transport settings of a plan that says nothing about them.
pub(crate) fn transport_plan() -> TransportPlan {
    TransportPlan { batches: 16, device: "cpu".into(), ..standard_plan(WaterData::Icru90, 20_240_611) }
}

impl Scene {
    /// A grid of `size` voxels with edges of `spacing` mm; `medium` gives the position in `names` and the density factor of a voxel.
    pub(crate) fn new(size: [u32; 3], spacing: DVec3, names: &[&str], medium: impl Fn([u32; 3]) -> (u8, f64)) -> Self {
        let grid = VoxelGrid::axis_aligned(size, spacing, DVec3::ZERO);
        let materials: Vec<_> = names.iter().map(|name| materials::require(name).expect("a tabulated material")).collect();
        let voxels: Vec<u32> = (0..grid.len())
            .map(|v| {
                let (material, factor) = medium(grid.ijk(v));
                pack_voxel(material, (materials[usize::from(material)].density * factor) as f32)
            })
            .collect();
        let settings = Settings::resolve(&transport_plan(), &grid);
        let tables = Tables::build(&materials, &voxels, &settings.tables).expect("tabulated materials have data");
        let regions = vec![0; grid.len()];
        Self {
            phantom: Phantom { grid, voxels, materials, regions, region_names: Vec::new(), warnings: Vec::new() },
            tables,
            settings,
            shells: None,
        }
    }

    /// Water everywhere.
    pub(crate) fn water(size: [u32; 3], spacing: f64) -> Self {
        Self::new(size, DVec3::splat(spacing), &["water"], |_| (0, 1.0))
    }

    /// Spherical shells of water with these outer radii (cm); cuts and thresholds as for voxels with edges of `spacing` mm.
    pub(crate) fn shells(radii: &[f64], spacing: f64) -> Self {
        Self { shells: Some(Shells::new(0, 1.0, radii).expect("rising radii")), ..Self::water([1; 3], spacing) }
    }

    /// Slabs of water, cortical bone and lung that repeat along x, the density varying from voxel to voxel; voxels are not cubes.
    pub(crate) fn mixed(size: [u32; 3], spacing: f64) -> Self {
        let edges = DVec3::new(spacing, 0.8 * spacing, 1.3 * spacing);
        Self::new(size, edges, &["water", "bone_cortical", "lung"], |[i, j, k]| {
            let factor = 0.9 + 0.02 * f64::from((7 * i + 5 * j + 3 * k) % 11);
            ((i / 3 % 3) as u8, factor)
        })
    }

    pub(crate) fn world(&self) -> World<'_> {
        World {
            geometry: self.shells.as_ref().map_or(Geometry::Voxels(&self.phantom), Geometry::Shells),
            tables: &self.tables,
            settings: self.settings,
        }
    }

    /// With tables from which alphas score their saturated lineal energy, y0 in keV/um.
    pub(crate) fn with_saturation(mut self, y0: f64) -> Self {
        self.settings.tables.saturation = Some(y0);
        self.tables = Tables::build(&self.phantom.materials, &self.phantom.voxels, &self.settings.tables).expect("they have been built");
        self
    }

    pub(crate) fn with_seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// A uniform source in every `every`-th voxel.
    pub(crate) fn source(&self, every: usize) -> Vec<[u32; 2]> {
        let voxels: Vec<u32> = (0..self.phantom.grid.len() as u32).step_by(every).collect();
        let shares = vec![1.0 / voxels.len() as f64; voxels.len()];
        source_list(&DecayPattern { voxels, shares })
    }

    /// A source in one voxel, the middle one.
    pub(crate) fn central_source(&self) -> Vec<[u32; 2]> {
        let voxel = self.phantom.grid.index(self.phantom.grid.size.map(|n| n / 2)) as u32;
        source_list(&DecayPattern { voxels: vec![voxel], shares: vec![1.0] })
    }
}

/// The particles of one kind that a nuclide (with its chain in equilibrium) emits.
pub(crate) fn sampler(nuclide: &str, particle: Particle) -> EnergySampler {
    let emitted = emissions(nuclide, true).expect("a tabulated nuclide").total;
    match particle {
        Particle::Alpha => EnergySampler::new(&emitted.alphas, &[]),
        Particle::Electron => EnergySampler::new(&emitted.electrons_above(1.0e-3).0, &emitted.betas),
        Particle::Positron => EnergySampler::new(&[], &emitted.positrons),
        Particle::Photon => EnergySampler::new(&emitted.photons_above(1.0e-3).0, &[]),
    }
    .expect("the nuclide emits them")
}

/// A job with everything it borrows.
pub(crate) struct Case {
    pub(crate) particle: Particle,
    pub(crate) source: Vec<[u32; 2]>,
    pub(crate) shape: SourceShape,
    pub(crate) sampler: EnergySampler,
    pub(crate) stream: u32,
    pub(crate) first_history: u64,
    pub(crate) histories: u64,
    pub(crate) batches: u32,
}

impl Case {
    pub(crate) fn new(nuclide: &str, particle: Particle, source: Vec<[u32; 2]>, histories: u64, batches: u32) -> Self {
        Self {
            particle,
            source,
            shape: SourceShape::Uniform,
            sampler: sampler(nuclide, particle),
            stream: 1,
            first_history: 0,
            histories,
            batches,
        }
    }

    pub(crate) fn job(&self) -> Job<'_> {
        Job {
            particle: self.particle,
            source: &self.source,
            shape: self.shape,
            spectrum: self.sampler.rows(),
            stream: self.stream,
            first_history: self.first_history,
            histories: self.histories,
            batches: self.batches,
        }
    }

    /// All batches, in order.
    pub(crate) fn run(&self, backend: &mut dyn Backend) -> Vec<BatchResult> {
        (0..self.batches).map(|batch| backend.run(&self.job(), batch, &|_| ()).expect("the backend works")).collect()
    }
}
