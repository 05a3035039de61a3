//! Tables of alphas.

use crate::{
    error::Result,
    physics::{
        alpha_stopping::{AlphaStopping, alpha_stopping},
        alpha_straggling,
        interpolation::{ALPHA_LOW_EXPONENT, LogLogSpline, cumulative_integral},
        lineal_energy,
        materials::Material,
    },
    plan::WaterData,
    transport::constants::*,
};

use super::{LOWEST, energy_nodes, fine_grid, node_value};

/// Highest energy of the fine grid, MeV.
const HIGHEST: f64 = 15.0;
/// Energy goes as this power of the residual range of alphas below 1 keV, where the stopping power goes as E^(1/3).
const LOW_POWER: f64 = 1.0 / (1.0 - ALPHA_LOW_EXPONENT);

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
        let energy = fine_grid(HIGHEST);
        let electronic = LogLogSpline::new(&stopping.energy, &stopping.electronic);
        let total: Vec<f64> = stopping.electronic.iter().zip(&stopping.nuclear).map(|(e, n)| e + n).collect();
        let total_of = LogLogSpline::new(&stopping.energy, &total);
        let range = cumulative_integral(&energy, LOWEST / total[0] * LOW_POWER, |e| 1.0 / total_of.eval(e));
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
        if e < e0 { r0 * (e / e0).powf(1.0 / LOW_POWER) } else { self.range_of.eval(e) }
    }

    /// Energy in MeV at a residual range in g/cm2.
    pub fn energy(&self, range: f64) -> f64 {
        let (e0, r0) = self.end;
        if range < r0 { e0 * (range / r0).powf(LOW_POWER) } else { self.energy_of.eval(range) }
    }

    /// Int_0^E S_el dE, MeV (MeV cm2/g).
    pub fn stopping_energy(&self, e: f64) -> f64 {
        self.integral(&self.stopping_energy, e)
    }

    /// An integral from 0 that is known on the fine grid, at an energy; below the grid in proportion to it.
    fn integral(&self, sums: &[f64], e: f64) -> f64 {
        let above = self.energy.partition_point(|&x| x <= e).clamp(1, self.energy.len() - 1);
        let (e0, e1) = (self.energy[above - 1], self.energy[above]);
        if e < e0 {
            return sums[0] * e / e0;
        }
        let share = ((e - e0) / (e1 - e0)).min(1.0);
        sums[above - 1] + (sums[above] - sums[above - 1]) * share
    }

    /// Int_0^E y* dE over [`KEV_PER_UM`] at the nodes over range, y* the lineal energy saturated at `saturation` keV/um; zeros without one.
    ///
    /// The lineal energy is the unrestricted LET at 1 g/cm3, whatever the density of the voxel: specific energy in a nucleus or one of its
    /// domains goes with S/rho, and what a voxel holds besides cells (air of the lung) is none of theirs.
    pub(super) fn saturated_energies(&self, saturation: Option<f64>) -> Vec<f32> {
        let Some(y0) = saturation else { return vec![0.0; ALPHA_ROWS as usize + 1] };
        let per_stopping = f64::from(KEV_PER_UM);
        let electronic = LogLogSpline::new(&self.stopping.energy, &self.stopping.electronic);
        let saturated = |e: f64| lineal_energy::saturated(per_stopping * electronic.eval(e), y0) / per_stopping;
        // Below 1 keV as the stopping power: with the speed.
        let sums = cumulative_integral(&self.energy, LOWEST * saturated(LOWEST) / 1.5, saturated);
        (0..=ALPHA_ROWS).map(|node| self.integral(&sums, self.energy(node_value(node, RANGE_EXPONENT, ALPHA_LOG2))) as f32).collect()
    }

    /// Relative standard deviation of the range at the nodes of the tables over energy.
    pub(super) fn relative_sigmas(&self, material: &Material) -> Vec<f32> {
        let sigma = LogLogSpline::new(&self.stopping.energy, &alpha_straggling::range_sigmas(material, &self.stopping));
        energy_nodes().map(|e| (alpha_straggling::WIDTH * sigma.eval(e.clamp(LOWEST, HIGHEST)) / self.range(e)) as f32).collect()
    }

    pub(super) fn rows(&self) -> Vec<[f32; 4]> {
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
