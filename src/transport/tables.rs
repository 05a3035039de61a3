//! From f64 physics to the f32 tables that host and device read: the same bits.

use super::constants::*;
use crate::{
    error::Result,
    physics::{
        alpha_stopping::{AlphaStopping, alpha_stopping},
        alpha_straggling,
        berger_seltzer::Charge,
        constants::AVOGADRO,
        electron_stopping::{ElectronStopping, electron_stopping, restricted_collision},
        goudsmit_saunderson::{self, QuantileBuilder},
        interpolation::{ALPHA_LOW_EXPONENT, LogLogSpline, cumulative_integral},
        materials::Material,
        moller,
        quadrature::GAUSS_8,
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
    /// Length of a condensed step as a share of the residual range.
    pub step_fraction: f64,
    /// Smallest transfer that counts for soft straggling, MeV.
    pub straggling_floor: f64,
}

impl TableOptions {
    /// Delta-ray threshold at an energy, MeV.
    pub fn delta_threshold(&self, energy: f64) -> f64 {
        self.delta_floor.max(self.delta_share * energy)
    }
}

/// Tables of all materials of a phantom.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// Rows of four floats, [`ROWS_PER_MATERIAL`] per material.
    pub rows: Vec<[f32; 4]>,
    /// Single floats, [`SCALARS_PER_MATERIAL`] per material.
    pub scalars: Vec<f32>,
    /// Where each material's numbers come from and what was replaced, for the provenance.
    pub notes: Vec<String>,
}

impl Tables {
    /// Builds the tables of `materials`, in their order.
    ///
    /// # Errors
    /// If a material lacks stopping data.
    pub fn build(materials: &[Material], options: &TableOptions) -> Result<Self> {
        let builder = QuantileBuilder::new();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(materials.len().max(1));
        let chunk = materials.len().div_ceil(threads).max(1);
        let parts: Vec<Result<Vec<MaterialTables>>> = std::thread::scope(|scope| {
            let workers: Vec<_> = materials
                .chunks(chunk)
                .map(|part| {
                    let builder = &builder;
                    scope.spawn(move || part.iter().map(|material| MaterialTables::build(material, options, builder)).collect())
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("table building does not panic")).collect()
        });
        let mut tables = Self { rows: Vec::new(), scalars: Vec::new(), notes: Vec::new() };
        for part in parts {
            for material in part? {
                tables.rows.extend(material.rows);
                tables.scalars.extend(material.scalars);
                tables.notes.extend(material.notes);
            }
        }
        Ok(tables)
    }
}

struct MaterialTables {
    rows: Vec<[f32; 4]>,
    scalars: Vec<f32>,
    notes: Vec<String>,
}

impl MaterialTables {
    fn build(material: &Material, options: &TableOptions, builder: &QuantileBuilder) -> Result<Self> {
        let electron = ElectronRanges::new(material, options)?;
        let alpha = AlphaRanges::new(material, options.water)?;
        let mut notes = vec![format!("{}: electrons {}; alphas {}", material.name, electron.stopping.source, alpha.stopping.source)];
        for (z, fraction) in goudsmit_saunderson::interpolated_elements(Charge::Electron, material) {
            notes.push(format!(
                "{}: elastic scattering of Z = {z} (mass fraction {fraction:.2e}) interpolated between tabulated elements",
                material.name
            ));
        }
        let mut rows = electron.rows(options);
        rows.extend(alpha.rows());
        let mut scalars: Vec<f32> = energy_nodes().map(|e| electron.range(e) as f32).collect();
        scalars.extend(energy_nodes().map(|e| alpha.range(e) as f32));
        scalars.extend(alpha.relative_sigmas(material));
        scalars.extend(electron.scattering(material, options, builder));
        Ok(Self { rows, scalars, notes })
    }
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

/// Lowest and highest energy of the fine grids on which ranges are integrated, MeV.
const LOWEST: f64 = 1.0e-3;
const HIGHEST_ELECTRON: f64 = 16.0;
const HIGHEST_ALPHA: f64 = 15.0;
/// Energy goes as this power of the residual range of alphas below 1 keV, where the stopping power goes as E^(1/3).
const ALPHA_LOW_POWER: f64 = 1.0 / (1.0 - ALPHA_LOW_EXPONENT);

fn fine_grid(highest: f64) -> Vec<f64> {
    const POINTS: usize = 900;
    (0..POINTS).map(|k| LOWEST * (highest / LOWEST).powf(k as f64 / (POINTS - 1) as f64)).collect()
}

/// Residual range of electrons under the restricted stopping power, and its inverse.
#[derive(Debug)]
pub struct ElectronRanges {
    /// The stopping data used.
    pub stopping: ElectronStopping,
    electron_density: f64,
    energy: Vec<f64>,
    range_of: LogLogSpline,
    energy_of: LogLogSpline,
    loss: LogLogSpline,
    /// First energy and its range.
    end: (f64, f64),
}

impl ElectronRanges {
    /// Integrates `dE / L(E)`, L the collision stopping power restricted to transfers below the delta threshold plus the radiative one.
    ///
    /// # Errors
    /// If the material lacks stopping data.
    pub fn new(material: &Material, options: &TableOptions) -> Result<Self> {
        let stopping = electron_stopping(material, options.water)?;
        let energy = fine_grid(HIGHEST_ELECTRON);
        let radiative = LogLogSpline::new(&stopping.energy, &stopping.radiative);
        let loss: Vec<f64> = energy
            .iter()
            .map(|&e| restricted_collision(&stopping, Charge::Electron, e, options.delta_threshold(e).min(0.5 * e)) + radiative.eval(e))
            .collect();
        let loss_of = LogLogSpline::new(&energy, &loss);
        // Below the first point the stopping power goes as E^-0.7, so the range there is E / (1.7 S).
        let range = cumulative_integral(&energy, LOWEST / (1.7 * loss[0]), |e| 1.0 / loss_of.eval(e));
        Ok(Self {
            electron_density: material.z_over_a() * AVOGADRO,
            range_of: LogLogSpline::new(&energy, &range),
            energy_of: LogLogSpline::new(&range, &energy),
            loss: loss_of,
            end: (energy[0], range[0]),
            energy,
            stopping,
        })
    }

    /// Residual range at an energy in MeV, g/cm2; proportional to E^1.7 below 1 keV.
    pub fn range(&self, e: f64) -> f64 {
        let (e0, r0) = self.end;
        if e < e0 { r0 * (e / e0).powf(1.7) } else { self.range_of.eval(e) }
    }

    /// Energy in MeV at a residual range in g/cm2.
    pub fn energy(&self, range: f64) -> f64 {
        let (e0, r0) = self.end;
        if range < r0 { e0 * (range / r0).powf(1.0 / 1.7) } else { self.energy_of.eval(range) }
    }

    /// Hard collisions per g/cm2.
    fn hard(&self, e: f64, options: &TableOptions) -> f64 {
        self.electron_density * moller::hard(e, options.delta_threshold(e))
    }

    /// Soft straggling: MeV2 per g/cm2.
    fn straggling(&self, e: f64, options: &TableOptions) -> f64 {
        let cut = options.delta_threshold(e).min(0.5 * e);
        self.electron_density * moller::second_moment(e, options.straggling_floor.min(cut), cut)
    }

    fn rows(&self, options: &TableOptions) -> Vec<[f32; 4]> {
        let hard = cumulative_integral(&self.energy, 0.0, |e| self.hard(e, options) / self.loss.eval(e));
        let hard_at = |e: f64| {
            let above = self.energy.partition_point(|&x| x <= e).clamp(1, self.energy.len() - 1);
            let (e0, e1) = (self.energy[above - 1], self.energy[above]);
            let share = ((e - e0) / (e1 - e0)).clamp(0.0, 1.0);
            hard[above - 1] + (hard[above] - hard[above - 1]) * share
        };
        (0..ELECTRON_ROWS)
            .map(|node| {
                let range = node_value(node, RANGE_EXPONENT, ELECTRON_LOG2);
                let e = self.energy(range);
                let (variance, loss) = (self.straggling(e, options), self.loss.eval(e.max(LOWEST)));
                let spread = (variance / (options.step_fraction * range)).sqrt() / loss;
                // R'' = -L' / L^2 with respect to energy; the mean range lost in a step is s - R'' V / 2 (V = variance of the energy loss).
                let h = 1.0e-3 * e;
                let slope = (self.loss.eval((e + h).max(LOWEST)) - self.loss.eval((e - h).max(LOWEST))) / (2.0 * h);
                let drift = 0.5 * slope / (loss * loss) * variance;
                [e as f32, hard_at(e) as f32, spread as f32, drift as f32]
            })
            .collect()
    }

    fn scattering(&self, material: &Material, options: &TableOptions, builder: &QuantileBuilder) -> Vec<f32> {
        // The exponents are smooth in the energy: coefficients on a grid of 8 per octave, linear in ln E between.
        let grid: Vec<f64> = (0..).map(|k| 0.5e-3 * 2f64.powf(f64::from(k) / 8.0)).take_while(|&e| e < 40.0).collect();
        let ln_grid: Vec<f64> = grid.iter().map(|e| e.ln()).collect();
        let coefficients: Vec<Vec<f64>> = grid
            .iter()
            .map(|&e| {
                let mut kappa = goudsmit_saunderson::transport_coefficients(Charge::Electron, material, e, options.delta_threshold(e));
                kappa.iter_mut().for_each(|k| *k = k.ln());
                kappa
            })
            .collect();
        let mut table = Vec::with_capacity((SCATTER_TABLES * SCATTER_STRIDE) as usize);
        for node in 0..SCATTER_TABLES {
            let range = node_value(node, RANGE_EXPONENT, SCATTER_LOG2);
            let step = options.step_fraction * range;
            let mut exponents = vec![0.0; coefficients[0].len()];
            for &(place, weight) in &GAUSS_8 {
                let e = self.energy(range - step * place).max(grid[0]);
                let above = ln_grid.partition_point(|&x| x <= e.ln()).clamp(1, grid.len() - 1);
                let share = (e.ln() - ln_grid[above - 1]) / (ln_grid[above] - ln_grid[above - 1]);
                for (l, g) in exponents.iter_mut().enumerate() {
                    let kappa = coefficients[above - 1][l] + (coefficients[above][l] - coefficients[above - 1][l]) * share;
                    *g += weight * step * kappa.exp();
                }
            }
            table.extend(builder.table(&exponents));
        }
        table
    }
}

/// Range of alphas under the total stopping power, and its inverse.
#[derive(Debug)]
pub struct AlphaRanges {
    /// The stopping data used.
    pub stopping: AlphaStopping,
    range_of: LogLogSpline,
    energy_of: LogLogSpline,
    energy: Vec<f64>,
    stopping_energy: Vec<f64>,
    /// First energy and its range.
    end: (f64, f64),
}

impl AlphaRanges {
    /// Integrates `dE / S(E)`, S the sum of electronic and nuclear stopping power.
    ///
    /// # Errors
    /// If the material lacks stopping data.
    pub fn new(material: &Material, water: WaterData) -> Result<Self> {
        let stopping = alpha_stopping(material, water)?;
        let energy = fine_grid(HIGHEST_ALPHA);
        let electronic = LogLogSpline::new(&stopping.energy, &stopping.electronic);
        let total: Vec<f64> = stopping.electronic.iter().zip(&stopping.nuclear).map(|(e, n)| e + n).collect();
        let total_of = LogLogSpline::new(&stopping.energy, &total);
        let range = cumulative_integral(&energy, LOWEST / total[0] * ALPHA_LOW_POWER, |e| 1.0 / total_of.eval(e));
        // Electronic stopping goes as the speed below 1 keV.
        let stopping_energy = cumulative_integral(&energy, LOWEST * electronic.eval(LOWEST) / 1.5, |e| electronic.eval(e));
        Ok(Self {
            range_of: LogLogSpline::new(&energy, &range),
            energy_of: LogLogSpline::new(&range, &energy),
            end: (energy[0], range[0]),
            energy,
            stopping_energy,
            stopping,
        })
    }

    /// Range at an energy in MeV, g/cm2; above 15 MeV along the last slope in log-log.
    pub fn range(&self, e: f64) -> f64 {
        let (e0, r0) = self.end;
        if e < e0 { r0 * (e / e0).powf(1.0 / ALPHA_LOW_POWER) } else { self.range_of.eval(e) }
    }

    /// Energy in MeV at a residual range in g/cm2.
    pub fn energy(&self, range: f64) -> f64 {
        let (e0, r0) = self.end;
        if range < r0 { e0 * (range / r0).powf(ALPHA_LOW_POWER) } else { self.energy_of.eval(range) }
    }

    /// Int_0^E S_el dE, MeV (MeV cm2/g).
    pub fn stopping_energy(&self, e: f64) -> f64 {
        let above = self.energy.partition_point(|&x| x <= e).clamp(1, self.energy.len() - 1);
        let (e0, e1) = (self.energy[above - 1], self.energy[above]);
        if e < e0 {
            return self.stopping_energy[0] * e / e0;
        }
        let share = ((e - e0) / (e1 - e0)).min(1.0);
        self.stopping_energy[above - 1] + (self.stopping_energy[above] - self.stopping_energy[above - 1]) * share
    }

    /// Relative standard deviation of the range at the nodes of the tables over energy.
    fn relative_sigmas(&self, material: &Material) -> Vec<f32> {
        let sigma = LogLogSpline::new(&self.stopping.energy, &alpha_straggling::range_sigmas(material, &self.stopping));
        energy_nodes().map(|e| (alpha_straggling::WIDTH * sigma.eval(e.clamp(LOWEST, HIGHEST_ALPHA)) / self.range(e)) as f32).collect()
    }

    fn rows(&self) -> Vec<[f32; 4]> {
        let node = |node: u32| {
            let e = self.energy(node_value(node, RANGE_EXPONENT, ALPHA_LOG2));
            [e as f32, self.stopping_energy(e) as f32]
        };
        (0..ALPHA_ROWS)
            .map(|k| {
                let (a, b) = (node(k), node(k + 1));
                [a[0], a[1], b[0], b[1]]
            })
            .collect()
    }
}
