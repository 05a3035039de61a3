//! What every backend does: run a statistical batch of one source component and hand back its integer tallies.

use serde::Serialize;

use super::{
    constants::{
        KIND_ELECTRON, KIND_PHOTON, KIND_POSITRON, MODE_OFF, MODE_TRACK_LENGTH, SHAPE_BEAM, SHAPE_CENTRE, SHAPE_PLANE, SHAPE_SPHERE,
    },
    geometry::Geometry,
    layout::{Counters, Params},
    tables::{TableOptions, Tables},
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    nuclide::spectrum::Row,
    phantom::MAX_VOXELS,
    plan::PhotonMode,
    units,
};

/// Particles with a kernel of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Particle {
    /// Alpha particles.
    Alpha,
    /// Electrons: beta-minus, conversion and Auger electrons and their delta rays.
    Electron,
    /// Positrons, with the photons of their annihilation.
    Positron,
    /// Gamma and x-rays.
    Photon,
}

impl Particle {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alpha => "alpha",
            Self::Electron => "electron",
            Self::Positron => "positron",
            Self::Photon => "photon",
        }
    }
}

/// The phantom, tables and settings that all jobs of a run share.
#[derive(Debug)]
pub struct World<'a> {
    /// Voxels or shells.
    pub geometry: Geometry<'a>,
    /// Physics tables of its materials.
    pub tables: &'a Tables,
    /// Settings of the transport.
    pub settings: Settings,
}

/// Settings of the transport, resolved from plan and voxel size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Settings {
    /// What the tables were built with.
    pub tables: TableOptions,
    /// Absorption energy of electrons, MeV.
    pub electron_cut: f64,
    /// Whether electrons that cannot leave their voxel deposit at once.
    pub range_rejection: bool,
    /// What is done with photons.
    pub photons: PhotonMode,
    /// Absorption energy of photons, MeV.
    pub photon_cut: f64,
    /// Seed.
    pub seed: u64,
}

/// Where in its voxel or shell a history starts, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u32)]
pub enum SourceShape {
    /// Anywhere in the voxel or shell, in any direction.
    #[default]
    Uniform = 0,
    /// At its centre (in shells: at the origin), in any direction: a point source.
    Centre = SHAPE_CENTRE,
    /// Anywhere on its lower z wall, in any direction: a plane source between this voxel and the one below.
    Plane = SHAPE_PLANE,
    /// Anywhere on its lower z wall, along +z: a broad beam.
    Beam = SHAPE_BEAM,
    /// Anywhere on the outer sphere of its shell, in any direction: a surface source. In shells alone.
    Sphere = SHAPE_SPHERE,
}

/// One source component and particle, as a backend needs it.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Which kernel.
    pub particle: Particle,
    /// (upper end of the voxel's share of 2^32, voxel), see [`source_list`].
    pub source: &'a [[u32; 2]],
    /// Where in those voxels.
    pub shape: SourceShape,
    /// Table of emission energies.
    pub spectrum: &'a [Row],
    /// Random stream of the component's primaries; distinct per component and particle.
    pub stream: u32,
    /// Number of the first history of this run.
    pub first_history: u64,
    /// Histories of this run, over all batches.
    pub histories: u64,
    /// Statistical batches of this run; `histories` is a multiple of it.
    pub batches: u32,
}

impl Job<'_> {
    /// Most histories of a run; a longer one is split by `first_history`. Places in the run and their products fit 32 bits.
    pub const MAX_HISTORIES: u64 = 1 << 31;

    /// Refuses what no backend can run: nothing to emit from or to emit, batches that do not divide the histories, voxels outside.
    ///
    /// # Errors
    /// [`Error::Input`] with what was found and what would be right.
    pub fn check(&self, world: &World<'_>, batch: u32) -> Result<()> {
        let voxels = world.geometry.len();
        let what = self.particle.name();
        let Some(&[end, last]) = self.source.last() else {
            return Err(Error::input(format!("the {what} source has no voxel; at least one must emit")));
        };
        // The list ascends in voxels, so the last one is the largest.
        if end != u32::MAX || last as usize >= voxels {
            return Err(Error::input(format!(
                "the {what} source ends at share {end} of 2^32 - 1 and voxel {last}, but the phantom has {voxels} voxels"
            )));
        }
        if self.spectrum.is_empty() {
            return Err(Error::input(format!("the {what} source has no emission energies")));
        }
        if self.histories == 0 || self.histories > Self::MAX_HISTORIES {
            return Err(Error::input(format!("a run of {} histories; expected 1 to {}", self.histories, Self::MAX_HISTORIES)));
        }
        if self.batches == 0 || !self.histories.is_multiple_of(u64::from(self.batches)) || batch >= self.batches {
            return Err(Error::input(format!(
                "batch {batch} of {} with {} histories in all; expected a number of batches that divides the histories",
                self.batches, self.histories
            )));
        }
        let media = world.geometry.media().len();
        if voxels != media || voxels as u64 > MAX_VOXELS {
            return Err(Error::input(format!(
                "the phantom holds {media} voxels in a grid of {voxels}; expected the same number, at most {MAX_VOXELS}"
            )));
        }
        let shells = world.geometry.shells();
        let possible = match self.shape {
            SourceShape::Uniform => shells == 0 || last < shells,
            SourceShape::Centre => shells == 0 || last == 0,
            SourceShape::Sphere => last < shells,
            SourceShape::Plane | SourceShape::Beam => shells == 0,
        };
        if !possible {
            return Err(Error::input(format!(
                "a {:?} source ending at cell {last} of {}: in spherical shells a source is the point at the origin (Centre, shell 0), \
                 anywhere in shells that end (Uniform) or on their outer spheres (Sphere); in voxels it is no Sphere",
                self.shape,
                if shells == 0 { "a grid of voxels".to_owned() } else { format!("{shells} shells and what lies beyond") }
            )));
        }
        Ok(())
    }
}

/// Sums of a batch, in quanta where they are energies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Emitted energy.
    pub emitted: u64,
    /// Deposited energy.
    pub deposited: u64,
    /// Energy carried out of the phantom; none in shells, which have no end.
    pub escaped: u64,
    /// Condensed steps, voxel crossings or flights.
    pub steps: u64,
    /// Secondaries transported: delta rays, photons of electrons, electrons and positrons of photons.
    pub secondaries: u64,
    /// Energy that passed from electrons to photons or the other way, with what a positron's annihilation sets free.
    pub queued_energy: u64,
    /// Energy that photons lost without a deposit, because their kerma was scored instead.
    pub absorbed: u64,
    /// Collision kerma scored along the way of photons: in the maps besides `deposited`.
    pub kerma: u64,
    /// Histories.
    pub histories: u64,
    /// Emergency exits (see `STATUS_*`).
    pub incidents: u64,
    /// Their causes, one bit each.
    pub status: u32,
}

impl Sums {
    /// Adds another batch.
    pub fn add(&mut self, other: &Self) {
        self.emitted += other.emitted;
        self.deposited += other.deposited;
        self.escaped += other.escaped;
        self.steps += other.steps;
        self.secondaries += other.secondaries;
        self.queued_energy += other.queued_energy;
        self.absorbed += other.absorbed;
        self.kerma += other.kerma;
        self.histories += other.histories;
        self.incidents += other.incidents;
        self.status |= other.status;
    }

    /// Emitted minus deposited, escaped and absorbed, quanta: zero unless something is wrong.
    pub fn imbalance(&self) -> i128 {
        i128::from(self.emitted) - i128::from(self.deposited) - i128::from(self.escaped) - i128::from(self.absorbed)
    }
}

impl From<Counters> for Sums {
    fn from(c: Counters) -> Self {
        let join = |[low, high]: [u32; 2]| u64::from(high) << 32 | u64::from(low);
        Self {
            emitted: join(c.emitted),
            deposited: join(c.deposited),
            escaped: join(c.escaped),
            steps: join(c.steps),
            secondaries: join(c.secondaries),
            queued_energy: join(c.queued_energy),
            absorbed: join(c.absorbed),
            kerma: join(c.kerma),
            histories: join(c.histories),
            incidents: c.incidents.into(),
            status: c.status,
        }
    }
}

/// Result of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchResult {
    /// Energy per voxel, quanta of [`super::constants::QUANTA_PER_MEV`].
    pub energy: Vec<u64>,
    /// Energy times LET per voxel, quanta of [`super::constants::LET_QUANTA`]; alphas only.
    pub energy_let: Option<Vec<u64>>,
    /// Energy times saturated lineal energy per voxel, in the same quanta; alphas only, where the tables have it.
    pub energy_quality: Option<Vec<u64>>,
    /// Sums over the batch.
    pub sums: Sums,
}

/// The device a backend runs on, for provenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// Name.
    pub name: String,
    /// "cpu", "discrete GPU", "software", ...
    pub kind: String,
    /// API: "cpu twin", "vulkan", "metal", ...
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// PCI vendor id, 0 if unknown.
    pub vendor: u32,
}

/// Runs batches. `report` is called now and then, from any thread, with the number of histories finished since its last call.
pub trait Backend {
    /// The device.
    fn device(&self) -> DeviceInfo;

    /// Runs batch `batch` (0-based) of a job.
    ///
    /// # Errors
    /// If the device fails.
    fn run(&mut self, job: &Job<'_>, batch: u32, report: &(dyn Fn(u64) + Sync)) -> Result<BatchResult>;
}

impl World<'_> {
    /// The parameters of batch `batch` of a job, without the range of histories of a dispatch.
    pub fn params(&self, job: &Job<'_>, batch: u32) -> Params {
        let step = ((1u128 << 64) / u128::from(job.histories.max(1))).min(u128::from(u64::MAX)) as u64;
        let seed = self.settings.seed;
        // A start of its own for each component and run, so that no two systematic samples share their phase.
        let start = super::rng::rng_block(split(seed), split(job.first_history), job.stream, u32::MAX)[0];
        Params {
            size: self.geometry.size(),
            source_count: job.source.len() as u32,
            spacing: self.geometry.spacing(),
            electron_cut: self.settings.electron_cut as f32,
            seed: split(seed),
            stream: job.stream,
            spectrum_count: job.spectrum.len() as u32,
            history_base: split(job.first_history),
            phase_step: split(step),
            phase_offset: start,
            first: 0,
            count: (job.histories / u64::from(job.batches)) as u32,
            batches: job.batches,
            batch,
            segments: u32::MAX,
            range_rejection: self.settings.range_rejection.into(),
            delta_floor: self.settings.tables.delta_floor as f32,
            delta_share: self.settings.tables.delta_share as f32,
            histories_per_turn: 1,
            steps_per_history: u32::MAX,
            stops_per_step: u32::MAX,
            legs_per_stop: u32::MAX,
            source_shape: job.shape as u32,
            shells: self.geometry.shells(),
            kind: match job.particle {
                Particle::Alpha | Particle::Electron => KIND_ELECTRON,
                Particle::Positron => KIND_POSITRON,
                Particle::Photon => KIND_PHOTON,
            },
            majorant_at: self.tables.majorant_at(),
            // Above every energy if there is none.
            photon_threshold: self.settings.tables.photon_threshold.unwrap_or(1.0e9) as f32,
            photon_cut: self.settings.photon_cut as f32,
            radiation_bound: self.tables.radiation_bound(self.geometry.widest()),
            photon_mode: match self.settings.photons {
                PhotonMode::Analogue => 0,
                PhotonMode::TrackLength => MODE_TRACK_LENGTH,
                PhotonMode::Off => MODE_OFF,
            },
            queue_capacity: 0,
            queue_waiting: 0,
            queue_full: 0,
        }
    }
}

fn split(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

/// The source list of a decay pattern: cumulative shares in 2^-32, so a voxel's share is exact to 2^-32.
pub fn source_list(pattern: &crate::source::DecayPattern) -> Vec<[u32; 2]> {
    let total: f64 = pattern.shares.iter().sum();
    let mut sum = 0.0;
    let mut list: Vec<[u32; 2]> = pattern
        .voxels
        .iter()
        .zip(&pattern.shares)
        .map(|(&voxel, &share)| {
            sum += share;
            [(sum / total * 4_294_967_296.0).min(4_294_967_295.0) as u32, voxel]
        })
        .collect();
    if let Some(last) = list.last_mut() {
        last[0] = u32::MAX;
    }
    list
}

impl Settings {
    /// Resolves cuts and thresholds from the voxel size where the plan leaves them open.
    ///
    /// Steps: 12 % of the residual range; where that is shorter than 4 % of the edge, up to 40 %. Photons of bremsstrahlung: from the energy whose mean free path in water is 5 % of the shortest voxel edge, at least 1 keV.
    /// Absorption: residual range 0.7 % of the shortest voxel edge (never below the tables' 1 keV). Delta rays: tracked from the
    /// energy whose range in water is 1.5 % of that edge, at least 1 keV, and from 5 % of the electron's energy.
    pub fn resolve(plan: &crate::plan::TransportPlan, grid: &VoxelGrid) -> Self {
        Self::for_edge(plan, 0.1 * grid.min_spacing())
    }

    /// The same for a shortest edge, or width of a shell, of `edge` cm.
    pub fn for_edge(plan: &crate::plan::TransportPlan, edge: f64) -> Self {
        Self::for_medium(plan, edge, 1.0)
    }

    /// The same in a single medium, where `density` (g/cm3) tells how much of it an edge is.
    pub fn for_medium(plan: &crate::plan::TransportPlan, edge: f64, density: f64) -> Self {
        // In g/cm2, as the ranges in water below are. Steps and cuts are lengths, which the tables turn into that.
        let mass = edge * density;
        let delta_floor = plan.delta_threshold.unwrap_or_else(|| water_energy(0.015 * mass).max(units::LOWEST_ELECTRON_ENERGY));
        Self {
            tables: TableOptions {
                water: plan.water,
                delta_floor,
                delta_share: if plan.delta_threshold.is_some() { 0.0 } else { 0.05 },
                photon_threshold: match plan.photons {
                    PhotonMode::Off => None,
                    _ => Some(plan.photon_threshold.unwrap_or_else(|| photon_energy(0.05 * mass))),
                },
                step_fraction: 0.12,
                step_fraction_most: 0.4,
                step_length: 0.04 * edge,
                cut_length: 0.007 * edge,
                straggling_floor: 1.0e-3,
                saturation: None,
            },
            electron_cut: plan.electron_cut.unwrap_or(units::LOWEST_ELECTRON_ENERGY),
            range_rejection: plan.range_rejection,
            photons: plan.photons,
            photon_cut: plan.photon_cut.unwrap_or(units::LOWEST_PHOTON_ENERGY),
            seed: plan.seed,
        }
    }
}

/// Energy (MeV) of a photon with a mean free path of `path` cm in water, at least 1 keV: E^3 / 4000 per keV^3 fits XCOM within a third up to 20 keV; for choosing thresholds only.
fn photon_energy(path: f64) -> f64 {
    units::LOWEST_PHOTON_ENERGY * (4000.0 * path).cbrt().max(1.0)
}

/// Energy (MeV) of an electron with a CSDA range of `range` cm in water: a fit to ICRU 37 within 10 %, for choosing thresholds only.
fn water_energy(range: f64) -> f64 {
    // L. Katz and A. S. Penfold, Rev. Mod. Phys. 24 (1952) 28: R = 0.412 E^(1.265 - 0.0954 ln E), by bisection in ln E.
    let (mut low, mut high) = (1.0e-3f64.ln(), 3.0f64.ln());
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if 0.412 * (middle * (1.265 - 0.0954 * middle)).exp() < range { low = middle } else { high = middle }
    }
    (0.5 * (low + high)).exp()
}
