//! Tables of electrons and of positrons.

use crate::{
    error::Result,
    physics::{
        annihilation,
        berger_seltzer::Charge,
        bhabha,
        bremsstrahlung::Bremsstrahlung,
        constants::AVOGADRO,
        elastic,
        electron_stopping::{ElectronStopping, electron_stopping, restricted_collision},
        goudsmit_saunderson::{self, QuantileBuilder},
        interpolation::{LogLogSpline, cumulative_integral},
        materials::Material,
        moller,
        quadrature::GAUSS_8,
    },
    transport::constants::*,
};

use super::{LOWEST, Steps, TableOptions, energy_nodes, fine_grid, node_value};

/// Highest energy of the fine grid, MeV.
const HIGHEST: f64 = 16.0;
/// Residual ranges below 1 keV go as this power of the energy, since the stopping power goes as E^-0.7.
const LOW_POWER: f64 = 1.7;

fn radiative(stopping: &ElectronStopping, charge: Charge) -> &[f64] {
    match charge {
        Charge::Electron => &stopping.radiative,
        Charge::Positron => &stopping.positron_radiative,
    }
}

/// Residual range of electrons or positrons under the restricted stopping power, its inverse, and hard events on the way.
#[derive(Debug)]
pub struct ElectronRanges<'a> {
    /// The stopping data used.
    pub stopping: ElectronStopping,
    material: &'a Material,
    charge: Charge,
    options: &'a TableOptions,
    /// Electrons per mass, 1/g.
    electron_density: f64,
    bremsstrahlung: Bremsstrahlung,
    energy: Vec<f64>,
    range_of: LogLogSpline,
    energy_of: LogLogSpline,
    loss: LogLogSpline,
    /// Events per g/cm2 on the grid of energies: collisions, bremsstrahlung, annihilation.
    events: Vec<[f64; 3]>,
    /// First energy and its range.
    end: (f64, f64),
}

impl<'a> ElectronRanges<'a> {
    /// Integrates `dE / L(E)`, L the stopping power restricted to collisions below the delta threshold and photons below theirs.
    ///
    /// # Errors
    /// If the material lacks stopping data.
    pub fn new(material: &'a Material, charge: Charge, options: &'a TableOptions) -> Result<Self> {
        let stopping = electron_stopping(material, options.water)?;
        let bremsstrahlung = Bremsstrahlung::new(material, charge, &stopping);
        let energy = fine_grid(HIGHEST);
        let all_photons = LogLogSpline::new(&stopping.energy, radiative(&stopping, charge));
        let loss: Vec<f64> = energy
            .iter()
            .map(|&e| {
                let collision = restricted_collision(&stopping, charge, e, options.delta_threshold(e).min(charge.max_transfer(e)));
                collision + options.photon_threshold.map_or_else(|| all_photons.eval(e), |k| bremsstrahlung.loss(e, 0.0, k.min(e)))
            })
            .collect();
        let loss_of = LogLogSpline::new(&energy, &loss);
        let range = cumulative_integral(&energy, LOWEST / (LOW_POWER * loss[0]), |e| 1.0 / loss_of.eval(e));
        let electron_density = material.z_over_a() * AVOGADRO;
        let events = energy
            .iter()
            .map(|&e| {
                let cut = options.delta_threshold(e);
                let collisions = match charge {
                    Charge::Electron => moller::hard(e, cut),
                    Charge::Positron => bhabha::hard(e, cut),
                };
                let photons = options.photon_threshold.map_or(0.0, |k| bremsstrahlung.photons(e, k));
                let annihilations = if charge == Charge::Positron { annihilation::total(e) } else { 0.0 };
                [electron_density * collisions, photons, electron_density * annihilations]
            })
            .collect();
        Ok(Self {
            electron_density,
            range_of: LogLogSpline::new(&energy, &range),
            energy_of: LogLogSpline::new(&range, &energy),
            loss: loss_of,
            end: (energy[0], range[0]),
            energy,
            events,
            bremsstrahlung,
            material,
            charge,
            options,
            stopping,
        })
    }

    /// Residual range at an energy in MeV, g/cm2; proportional to E^1.7 below 1 keV.
    pub fn range(&self, e: f64) -> f64 {
        let (e0, r0) = self.end;
        if e < e0 { r0 * (e / e0).powf(LOW_POWER) } else { self.range_of.eval(e) }
    }

    /// Energy in MeV at a residual range in g/cm2.
    pub fn energy(&self, range: f64) -> f64 {
        let (e0, r0) = self.end;
        if range < r0 { e0 * (range / r0).powf(1.0 / LOW_POWER) } else { self.energy_of.eval(range) }
    }

    /// Soft straggling: MeV2 per g/cm2.
    fn straggling(&self, e: f64) -> f64 {
        let cut = self.options.delta_threshold(e).min(self.charge.max_transfer(e));
        let floor = self.options.straggling_floor.min(cut);
        let collisions = match self.charge {
            Charge::Electron => moller::second_moment(e, floor, cut),
            Charge::Positron => bhabha::second_moment(e, floor, cut),
        };
        let photons = self.options.photon_threshold.unwrap_or(e).min(e);
        self.electron_density * collisions + self.bremsstrahlung.second_moment(e, photons)
    }

    /// A value on the grid of energies, linear in between, 0 below the first.
    fn on_grid(&self, e: f64, value: impl Fn(usize) -> f64) -> f64 {
        if e < self.energy[0] {
            return 0.0;
        }
        let above = self.energy.partition_point(|&x| x <= e).clamp(1, self.energy.len() - 1);
        let (e0, e1) = (self.energy[above - 1], self.energy[above]);
        let share = ((e - e0) / (e1 - e0)).min(1.0);
        value(above - 1) + (value(above) - value(above - 1)) * share
    }

    /// Rows over residual range: energy, then of the step that starts there: hard events, relative spread and drift of the loss.
    pub(super) fn rows(&self, steps: Steps) -> Vec<[f32; 4]> {
        // Over the residual range, so that the difference of two values is that of a way: hard events, variance and drift of the range lost.
        let events = self.over_range(|i, _| self.events[i].iter().sum());
        let variance = self.over_range(|i, loss| self.straggling(self.energy[i]) / (loss * loss));
        // R'' = -L' / L^2 with respect to energy; the mean range lost on a way s is s - R'' V / 2 (V = variance of the energy loss).
        let drift = self.over_range(|i, loss| {
            let e = self.energy[i];
            let h = 1.0e-3 * e;
            let slope = (self.loss.eval(e + h) - self.loss.eval((e - h).max(LOWEST))) / (e + h - (e - h).max(LOWEST));
            0.5 * slope / (loss * loss) * self.straggling(e)
        });
        let first = self.first_transport();
        (0..ELECTRON_ROWS)
            .map(|node| {
                let range = node_value(node, RANGE_EXPONENT, ELECTRON_LOG2);
                let step = steps.at(range);
                let way = step * self.detour(&first, range, step);
                let (begin, end) = (self.energy(range), self.energy(range - way));
                let along = |integral: &[f64]| self.on_grid(begin, |i| integral[i]) - self.on_grid(end, |i| integral[i]);
                let spread = along(&variance).max(0.0).sqrt() / step;
                let drift = (way + along(&drift)) / step - 1.0;
                [begin as f32, along(&events) as f32, spread as f32, drift as f32]
            })
            .collect()
    }

    /// First transport coefficient over energy, cm2/g.
    fn first_transport(&self) -> LogLogSpline {
        let grid: Vec<f64> = self.energy.iter().copied().step_by(10).collect();
        let kappa = |&e: &f64| {
            let cut = self.options.delta_threshold(e);
            goudsmit_saunderson::transport_coefficients(self.charge, self.material, e, cut, 1)[1]
        };
        LogLogSpline::new(&grid, &grid.iter().map(kappa).collect::<Vec<f64>>())
    }

    /// Largest exponent by which a residual range would turn if its first transport coefficient stayed, at any energy.
    pub(super) fn turn(&self) -> f64 {
        let first = self.first_transport();
        self.energy.iter().map(|&e| first.eval(e) * self.range(e)).fold(0.0, f64::max)
    }

    /// Way per displacement of a condensed step: two straight legs of total length `step` (g/cm2) that meet at a hinge reach further than a path of that
    /// length does, along the first direction as along the last; with this they stand for one that is longer by as much.
    ///
    /// Mean cosine after a way s: exp(-G(s)), G the integral of the first transport coefficient. So a path of length t gets (1 - exp(-G)) / G t far, legs of
    /// length s with their hinge anywhere (1 + exp(-G)) / 2 s: t / s = (G / 2) / tanh(G / 2).
    fn detour(&self, first: &LogLogSpline, range: f64, step: f64) -> f64 {
        let mut detour = 1.0;
        // G is that of the longer way; its share in the result is some G^2 / 6, so few rounds do.
        for _ in 0..8 {
            let way = step * detour;
            let angle: f64 =
                GAUSS_8.iter().map(|&(place, weight)| weight * way * first.eval(self.energy(range - way * place).max(LOWEST))).sum();
            detour = 0.5 * angle / (0.5 * angle).tanh();
        }
        detour
    }

    /// Integral over the residual range from the first point of a quantity per g/cm2; `value` gets the point of the grid and the loss there.
    fn over_range(&self, value: impl Fn(usize, f64) -> f64) -> Vec<f64> {
        let per_energy: Vec<f64> = (0..self.energy.len())
            .map(|i| {
                let loss = self.loss.eval(self.energy[i]);
                value(i, loss) / loss
            })
            .collect();
        self.integrate(&per_energy)
    }

    /// Integral over energy from the first point of values on the grid, by trapezoids in ln E.
    fn integrate(&self, per_energy: &[f64]) -> Vec<f64> {
        let mut sum = 0.0;
        let mut integral = vec![0.0];
        for i in 1..self.energy.len() {
            let (e0, e1) = (self.energy[i - 1], self.energy[i]);
            sum += 0.5 * (per_energy[i - 1] * e0 + per_energy[i] * e1) * (e1 / e0).ln();
            integral.push(sum);
        }
        integral
    }

    /// Scalars of the charge, in the order of the constants.
    pub(super) fn scalars(&self, steps: Steps, builder: &QuantileBuilder) -> Vec<f32> {
        let mut scalars: Vec<f32> = energy_nodes().map(|e| self.range(e) as f32).collect();
        let share = |of: &dyn Fn(&[f64; 3]) -> f64, n: &[f64; 3]| {
            let all: f64 = n.iter().sum();
            if all > 0.0 { of(n) / all } else { 0.0 }
        };
        scalars.extend(energy_nodes().map(|e| self.on_grid(e, |i| share(&|n| n[2], &self.events[i])) as f32));
        scalars.extend(energy_nodes().map(|e| self.on_grid(e, |i| share(&|n| n[1] + n[2], &self.events[i])) as f32));
        // Along the whole way down, delta rays included in the loss: what an electron radiates that is not followed step by step.
        let all_photons = LogLogSpline::new(&self.stopping.energy, radiative(&self.stopping, self.charge));
        let per_energy: Vec<f64> = (self.energy.iter().zip(&self.events))
            .map(|(&e, n)| {
                let soft =
                    self.options.photon_threshold.map_or_else(|| all_photons.eval(e), |k| self.bremsstrahlung.loss(e, 0.0, k.min(e)));
                (n[1] + n[2]) / (self.stopping.collision_at(self.charge, e) + soft)
            })
            .collect();
        let count = self.integrate(&per_energy);
        scalars.extend(energy_nodes().map(|e| self.on_grid(e, |i| count[i]) as f32));
        scalars.extend(self.scattering(steps, builder));
        scalars.extend(self.spectra());
        scalars
    }

    fn scattering(&self, steps: Steps, builder: &QuantileBuilder) -> Vec<f32> {
        // The exponents are smooth in the energy: coefficients on a grid of 8 per octave, linear in ln E between.
        let grid: Vec<f64> = (0..).map(|k| 0.5e-3 * 2f64.powf(f64::from(k) / 8.0)).take_while(|&e| e < 40.0).collect();
        let ln_grid: Vec<f64> = grid.iter().map(|e| e.ln()).collect();
        let coefficients: Vec<Vec<f64>> = grid
            .iter()
            .map(|&e| {
                let cut = self.options.delta_threshold(e);
                let mut kappa = goudsmit_saunderson::transport_coefficients(self.charge, self.material, e, cut, elastic::ORDERS);
                kappa.iter_mut().for_each(|k| *k = k.ln());
                kappa
            })
            .collect();
        let first = self.first_transport();
        let mut table = Vec::with_capacity((SCATTER_TABLES * SCATTER_STRIDE) as usize);
        for node in 0..SCATTER_TABLES {
            let range = node_value(node, RANGE_EXPONENT, SCATTER_LOG2);
            let displacement = steps.at(range);
            let step = displacement * self.detour(&first, range, displacement);
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

    /// Scaled bremsstrahlung cross sections k dsigma/dk over the photon's share of the energy, relative to their largest value at each energy.
    fn spectra(&self) -> Vec<f32> {
        let mut table = Vec::with_capacity((SPECTRUM_TABLES * (SPECTRUM_PIECES + 1)) as usize);
        for node in 0..SPECTRUM_TABLES {
            let e = node_value(node, ENERGY_EXPONENT, SPECTRUM_LOG2);
            let shape: Vec<f64> =
                (0..=SPECTRUM_PIECES).map(|k| self.bremsstrahlung.shape(e, f64::from(k) / f64::from(SPECTRUM_PIECES))).collect();
            let largest = shape.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            table.extend(shape.iter().map(|s| (s / largest) as f32));
        }
        table
    }
}
