//! From f64 physics to the f32 tables that host and device read: the same bits.

mod alpha;
mod electron;
mod photon;

pub use alpha::AlphaRanges;
pub use electron::ElectronRanges;

use super::{
    constants::*,
    cpu::tables::{table_charge, table_electron_energy},
};
use crate::{
    error::Result,
    phantom::{voxel_density, voxel_material},
    physics::{
        berger_seltzer::Charge,
        goudsmit_saunderson::{self, QuantileBuilder},
        materials::Material,
    },
    plan::WaterData,
};

/// What the tables depend on besides the materials.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct TableOptions {
    /// Stopping data of water.
    pub water: WaterData,
    /// Delta-ray threshold, MeV: the larger of this ...
    pub delta_floor: f64,
    /// ... and this share of the electron's energy.
    pub delta_share: f64,
    /// Energy from which bremsstrahlung is emitted as photons, MeV; what is below deposits along the track. `None`: all of it does.
    pub photon_threshold: Option<f64>,
    /// Length of a condensed step as a share of the residual range (less in heavy elements, see `LARGEST_TURNS`): at least this ...
    pub step_fraction: f64,
    /// ... and at most this, as far as the step is shorter than ...
    pub step_fraction_most: f64,
    /// ... this length, cm, at the least density: where far smaller than a voxel, steps need not be fine.
    pub step_length: f64,
    /// Residual range at which electrons are absorbed, as a length at the least density, cm.
    pub cut_length: f64,
    /// Smallest transfer that counts for soft straggling, MeV.
    pub straggling_floor: f64,
    /// Saturation parameter y0 of the lineal energy of alphas, keV/um; `None`: energy times saturated lineal energy is not scored.
    pub saturation: Option<f64>,
}

impl TableOptions {
    /// Delta-ray threshold at an energy, MeV.
    pub fn delta_threshold(&self, energy: f64) -> f64 {
        self.delta_floor.max(self.delta_share * energy)
    }
}

/// Most that a fine and a coarse step may turn: exponents of the mean cosine, -ln. Steps of 12 and 40 % of the range stay below in bone and what is lighter; in lead
/// they would have 1.9 and 6, further than any hinge reaches.
const LARGEST_TURNS: [f64; 2] = [0.25, 0.7];

/// Lengths of the condensed steps of a material.
#[derive(Debug, Clone, Copy)]
struct Steps {
    /// Share of the residual range: at least this ...
    fraction: f64,
    /// ... and at most this, as far as the step is shorter than ...
    most: f64,
    /// ... this, g/cm2.
    length: f64,
}

impl Steps {
    /// The steps of a material with the least density `thinnest`, g/cm3, where a residual range turns by `turn` (exponent) if its coefficient stayed.
    fn new(options: &TableOptions, thinnest: f64, turn: f64) -> Self {
        Self {
            fraction: options.step_fraction.min(LARGEST_TURNS[0] / turn),
            most: options.step_fraction_most.min(LARGEST_TURNS[1] / turn),
            length: options.step_length * thinnest,
        }
    }

    /// Length of the step at a residual range, g/cm2.
    fn at(&self, range: f64) -> f64 {
        (self.fraction * range).max(self.length.min(self.most * range))
    }
}

/// Tables of all materials of a phantom.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// Rows of four floats, [`ROWS_PER_MATERIAL`] per material.
    pub rows: Vec<[f32; 4]>,
    /// Single floats, [`SCALARS_PER_MATERIAL`] per material, then the majorant of the attenuation (1/cm) over energy.
    pub scalars: Vec<f32>,
    /// Whether the tables hold the saturated energy of alphas.
    pub quality: bool,
    /// Largest density of each material in the voxels, g/cm3.
    pub densest: Vec<f32>,
    /// Where each material's numbers come from and what was replaced, for the provenance.
    pub notes: Vec<String>,
}

impl Tables {
    /// Builds the tables of `materials`, in their order; `media` are the packed voxels in which photons will fly.
    ///
    /// # Errors
    /// If a material lacks stopping or attenuation data.
    pub fn build(materials: &[Material], media: &[u32], options: &TableOptions) -> Result<Self> {
        let builder = QuantileBuilder::new();
        let (thinnest, densest) = densities(materials, media);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(materials.len().max(1));
        let chunk = materials.len().div_ceil(threads).max(1);
        let parts: Vec<Result<Vec<Self>>> = std::thread::scope(|scope| {
            let workers: Vec<_> = materials
                .chunks(chunk)
                .zip(thinnest.chunks(chunk))
                .map(|(part, thinnest)| {
                    let builder = &builder;
                    scope.spawn(move || part.iter().zip(thinnest).map(|(m, &thinnest)| Self::of(m, thinnest, options, builder)).collect())
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("table building does not panic")).collect()
        });
        let mut tables = Self { rows: Vec::new(), scalars: Vec::new(), quality: options.saturation.is_some(), densest, notes: Vec::new() };
        for part in parts {
            for material in part? {
                tables.rows.extend(material.rows);
                tables.scalars.extend(material.scalars);
                tables.notes.extend(material.notes);
            }
        }
        let majorant = tables.majorant();
        tables.scalars.extend(majorant);
        Ok(tables)
    }

    /// Most annihilations and hard photons that a particle has left on average which cannot leave a cell `widest` cm across, whatever the material.
    pub fn radiation_bound(&self, widest: f32) -> f32 {
        let count = |family: usize, material: usize| {
            let reach = 0.5 * widest * self.densest[material];
            let energy = table_electron_energy(self, family as u32, reach);
            table_charge(self, family as u32, RADIATION_COUNT_AT, energy) * (1.0 + 1.0e-5)
        };
        (0..2 * self.densest.len()).map(|family| count(family, family / 2)).fold(0.0, f32::max)
    }

    /// Place of the majorant among the scalars.
    pub fn majorant_at(&self) -> u32 {
        self.scalars.len() as u32 - ENERGY_NODES
    }

    /// The tables of one material with the least density that counts for it, g/cm3.
    fn of(material: &Material, thinnest: f32, options: &TableOptions, builder: &QuantileBuilder) -> Result<Self> {
        let charges =
            [ElectronRanges::new(material, Charge::Electron, options)?, ElectronRanges::new(material, Charge::Positron, options)?];
        // Positrons are turned less.
        let steps = Steps::new(options, thinnest.into(), charges[0].turn());
        let alpha = AlphaRanges::new(material, options.water)?;
        let photon = photon::Photons::new(material)?;
        let mut notes = vec![format!("{}: electrons {}; alphas {}", material.name, charges[0].stopping.source, alpha.stopping.source)];
        for (z, fraction) in goudsmit_saunderson::interpolated_elements(Charge::Electron, material) {
            notes.push(format!(
                "{}: elastic scattering of Z = {z} (mass fraction {fraction:.2e}) interpolated between tabulated elements",
                material.name
            ));
        }
        notes.extend(photon::notes(material));
        notes.extend(photon.notes());
        let mut rows = Vec::with_capacity(ROWS_PER_MATERIAL as usize);
        let mut scalars = Vec::with_capacity(SCALARS_PER_MATERIAL as usize);
        for electron in &charges {
            rows.extend(electron.rows(steps));
            scalars.extend(electron.scalars(steps, builder));
        }
        rows.extend(alpha.rows());
        rows.extend(photon.rows());
        let cut = options.cut_length * f64::from(thinnest);
        rows.push([steps.length, cut, steps.fraction, steps.most].map(|x| x as f32));
        scalars.extend(energy_nodes().map(|e| alpha.range(e) as f32));
        scalars.extend(alpha.relative_sigmas(material));
        scalars.extend(alpha.saturated_energies(options.saturation));
        scalars.extend(photon.scalars());
        debug_assert_eq!((rows.len(), scalars.len()), (ROWS_PER_MATERIAL as usize, SCALARS_PER_MATERIAL as usize));
        Ok(Self { rows, scalars, quality: options.saturation.is_some(), densest: Vec::new(), notes })
    }

    /// Largest attenuation coefficient of any voxel at the nodes over energy, 1/cm. Linear in between it stays a bound, as the tables are linear there.
    fn majorant(&self) -> Vec<f32> {
        let total = |material: usize, node: usize| self.rows[material * ROWS_PER_MATERIAL as usize + PHOTON_ROWS_AT as usize + node][0];
        // A few units in the last place above, so that rounding on a device cannot exceed it.
        let largest = |node| self.densest.iter().enumerate().map(|(m, d)| d * total(m, node)).fold(0.0, f32::max) * (1.0 + 4.0e-6);
        (0..ENERGY_NODES as usize).map(largest).collect()
    }
}

/// Condensed media are at least as dense, g/cm3: lung is, gases are not.
const CONDENSED: f32 = 0.1;

/// Least and largest density of each material in packed voxels, g/cm3; those of one that fills no voxel are its tabulated density and 0. For
/// the least one all condensed media count as one: steps and cuts that depend on the particle alone, not on where it is, leave the
/// equilibrium of Fano's theorem as it is, be the materials' densities as they may.
fn densities(materials: &[Material], media: &[u32]) -> (Vec<f32>, Vec<f32>) {
    let mut thinnest = vec![f32::INFINITY; materials.len()];
    let mut densest = vec![0.0f32; materials.len()];
    for &medium in media {
        let (material, density) = (usize::from(voxel_material(medium)), voxel_density(medium));
        thinnest[material] = thinnest[material].min(density);
        densest[material] = densest[material].max(density);
    }
    for (thinnest, material) in thinnest.iter_mut().zip(materials).filter(|(thinnest, _)| thinnest.is_infinite()) {
        *thinnest = material.density as f32;
    }
    let condensed = thinnest.iter().copied().filter(|&d| d >= CONDENSED).fold(f32::INFINITY, f32::min);
    thinnest.iter_mut().for_each(|d| *d = d.min(condensed));
    (thinnest, densest)
}

/// Nodes of the tables over energy, MeV.
fn energy_nodes() -> impl Iterator<Item = f64> {
    (0..ENERGY_NODES).map(|node| node_value(node, ENERGY_EXPONENT, ENERGY_LOG2))
}

/// Value of a node: octaves divided evenly.
fn node_value(node: u32, exponent: u32, log2: u32) -> f64 {
    let octave = (node >> log2) as i32 + exponent as i32 - 127;
    let piece = f64::from(node & ((1 << log2) - 1)) / f64::from(1u32 << log2);
    2f64.powi(octave) * (1.0 + piece)
}

/// Lowest energy of the fine grids on which ranges are integrated, MeV.
const LOWEST: f64 = 1.0e-3;

fn fine_grid(highest: f64) -> Vec<f64> {
    const POINTS: usize = 900;
    (0..POINTS).map(|k| LOWEST * (highest / LOWEST).powf(k as f64 / (POINTS - 1) as f64)).collect()
}
