//! Small phantoms with tables and settings, and runs in them.

use dosaic::{
    dose::tally::{BatchAccumulator, BatchTally, Scores, TallyMeans},
    grid::VoxelGrid,
    phantom::{Phantom, pack_voxel},
    physics::materials::find,
    plan::{PhotonMode, WaterData},
    source::DecayPattern,
    transport::{
        backend::{Backend, Job, Particle, Settings, SourceShape, Sums, World, source_list},
        constants::QUANTA_PER_MEV,
        cpu::run::Cpu,
        geometry::Geometry,
        layout::Params,
        tables::{TableOptions, Tables},
    },
};
use glam::DVec3;

/// MeV per quantum.
pub(crate) const QUANTUM: f64 = 1.0 / QUANTA_PER_MEV as f64;
/// Statistical batches of every run.
pub(crate) const BATCHES: u32 = 16;

/// Thresholds as fine as the comparison with EGSnrc at 1 keV asks for.
pub(crate) fn fine_options() -> TableOptions {
    TableOptions {
        water: WaterData::Icru49,
        delta_floor: 1.0e-3,
        delta_share: 0.05,
        photon_threshold: None,
        step_fraction: 0.12,
        step_fraction_most: 0.12,
        step_length: 0.0,
        cut_length: 1.0e-4,
        straggling_floor: 1.0e-3,
        saturation: None,
    }
}

/// A phantom with everything that transport needs.
pub(crate) struct Setup {
    pub(crate) phantom: Phantom,
    pub(crate) tables: Tables,
    pub(crate) settings: Settings,
}

impl Setup {
    /// Voxels of `edges` mm; `fill` says material (position in `materials`) and density of voxel (i, j, k).
    pub(crate) fn new(
        materials: &[&str],
        size: [u32; 3],
        edges: DVec3,
        tables: TableOptions,
        fill: impl Fn([u32; 3]) -> (u8, f32),
    ) -> Self {
        let grid = VoxelGrid::axis_aligned(size, edges, DVec3::ZERO);
        let voxels: Vec<u32> = (0..grid.len())
            .map(|v| {
                let (material, density) = fill(grid.ijk(v));
                pack_voxel(material, density)
            })
            .collect();
        let materials: Vec<_> = materials.iter().map(|name| find(name).unwrap_or_else(|| panic!("{name} is a material"))).collect();
        let built = Tables::build(&materials, &voxels, &tables).expect("tables");
        let phantom = Phantom { grid, voxels, materials, regions: vec![0; grid.len()], region_names: Vec::new(), warnings: Vec::new() };
        let settings = Settings {
            tables,
            electron_cut: 1.0e-3,
            range_rejection: true,
            photons: PhotonMode::Off,
            photon_cut: 1.0e-3,
            seed: 20_240_607,
        };
        Self { phantom, tables: built, settings }
    }

    /// Cubic voxels of water at 1 g/cm3.
    pub(crate) fn water(size: [u32; 3], edge: f64, tables: TableOptions) -> Self {
        Self::new(&["water_liquid"], size, DVec3::splat(edge), tables, |_| (0, 1.0))
    }

    pub(crate) fn world(&self) -> World<'_> {
        World { geometry: Geometry::Voxels(&self.phantom), tables: &self.tables, settings: self.settings }
    }

    /// Parameters for driving the step functions directly.
    pub(crate) fn params(&self) -> Params {
        self.world().params(&job(Particle::Electron, &[[u32::MAX, 0]], &[], 1), 0)
    }

    /// A source list of equal emission per mass over the given voxels.
    pub(crate) fn source_per_mass(&self, voxels: &[usize]) -> Vec<[u32; 2]> {
        let shares: Vec<f64> = voxels.iter().map(|&v| self.phantom.mass(v)).collect();
        source_list(&DecayPattern { voxels: voxels.iter().map(|&v| v as u32).collect(), shares })
    }

    /// Gives every voxel a region (0: none).
    pub(crate) fn regions(&mut self, of: impl Fn([u32; 3]) -> u16) {
        let regions: Vec<u16> = (0..self.phantom.grid.len()).map(|v| of(self.phantom.grid.ijk(v))).collect();
        let count = regions.iter().copied().max().unwrap_or(0);
        self.phantom.regions = regions;
        self.phantom.region_names = (1..=count).map(|n| n.to_string()).collect();
    }

    /// Runs on two threads; everything emitted must be found again.
    pub(crate) fn run(&self, particle: Particle, source: &[[u32; 2]], spectrum: &[dosaic::nuclide::spectrum::Row], histories: u64) -> Run {
        let histories = histories.div_ceil(u64::from(BATCHES)) * u64::from(BATCHES);
        let job = job(particle, source, spectrum, histories);
        let mut cpu = Cpu::new(self.world(), 2);
        let mut sums = Sums::default();
        let linear_energy = particle == Particle::Alpha;
        let scores = Scores { linear_energy, quality: linear_energy && self.tables.quality };
        let mut tally = BatchAccumulator::new(self.phantom.grid.len(), self.phantom.region_names.len(), scores);
        for batch in 0..BATCHES {
            let result = cpu.run(&job, batch, &|_| ()).expect("the CPU runs");
            sums.add(&result.sums);
            let batch = BatchTally {
                histories: histories / u64::from(BATCHES),
                edep: &result.energy,
                edep_let: result.energy_let.as_deref(),
                edep_quality: result.energy_quality.as_deref(),
            };
            tally.add(&batch, &self.phantom.regions).expect("batches of equal size");
        }
        assert_eq!(sums.imbalance(), 0, "energy is conserved to the quantum: {sums:?}");
        assert_eq!((sums.histories, sums.incidents, sums.status), (histories, 0, 0), "{sums:?}");
        let means = tally.means().expect("enough batches");
        let mut energy = vec![0.0; self.phantom.grid.len()];
        let mut sigma = vec![0.0; energy.len()];
        for (i, &voxel) in means.voxels.iter().enumerate() {
            energy[voxel as usize] = means.edep[i];
            sigma[voxel as usize] = means.sigma[i];
        }
        Run { energy, sigma, means, sums }
    }
}

/// The result of a run.
pub(crate) struct Run {
    /// MeV per history and voxel.
    pub(crate) energy: Vec<f64>,
    /// Standard error of `energy`.
    #[allow(dead_code, reason = "not every test that shares this file looks at the errors")]
    pub(crate) sigma: Vec<f64>,
    pub(crate) means: TallyMeans,
    #[allow(dead_code, reason = "not every test that shares this file looks at the sums")]
    pub(crate) sums: Sums,
}

fn job<'a>(particle: Particle, source: &'a [[u32; 2]], spectrum: &'a [dosaic::nuclide::spectrum::Row], histories: u64) -> Job<'a> {
    Job {
        particle,
        source,
        shape: SourceShape::Uniform,
        spectrum,
        stream: 1,
        first_history: 0,
        histories,
        batches: BATCHES.min(histories as u32),
    }
}
