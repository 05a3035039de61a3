//! Multiple scattering over a condensed step: exact Goudsmit-Saunderson distributions as quantile tables.
//!
//! S. Goudsmit and J. L. Saunderson, Phys. Rev. 57 (1940) 24: the Legendre coefficients of the angular distribution after a
//! path s are exp(-G_l), G_l = Int kappa_l ds. Inelastic deflection is added after E. Fano (Z^2 -> Z(Z+1)) less the share
//! that explicit Moeller (positrons: Bhabha) events already make.

use super::{berger_seltzer::Charge, bhabha, constants::AVOGADRO, elastic, materials::Material, moller};

/// Octaves of 1 - u, the last of them reaching to zero, and linear pieces in each.
pub const OCTAVES: usize = 9;
/// Linear pieces per octave.
pub const PIECES: usize = 8;
/// Values per quantile table: 1 / (1 - p0), then the shape parameter at `OCTAVES * PIECES + 1` nodes, padded to a multiple of 4.
pub const ROW: usize = 76;

/// Transport coefficients kappa_l (l = 0..=`orders`, at most [`elastic::ORDERS`]; index 0: inverse mean free path) at `energy` MeV, cm2/g, for collisions that
/// are not simulated one by one: all elastic ones and inelastic ones with transfers below `cut` MeV.
///
/// [`interpolated_elements`] names the elements whose elastic data are interpolated.
pub fn transport_coefficients(charge: Charge, material: &Material, energy: f64, cut: f64, orders: usize) -> Vec<f64> {
    let mut total = vec![0.0; orders + 1];
    let mut inelastic = vec![0.0; orders + 1];
    let mut moments = vec![0.0; orders + 1];
    let mut electrons = 0.0;
    for &(z, fraction) in &material.composition {
        let atoms = fraction * AVOGADRO / super::elements::element(z).a;
        electrons += atoms * f64::from(z);
        elastic::element(charge, z).at(energy, &mut moments);
        for l in 0..=orders {
            total[l] += atoms * moments[l];
            inelastic[l] += atoms * moments[l] / f64::from(z);
        }
    }
    let hard = match charge {
        Charge::Electron => moller::hard_deflection(energy, cut),
        Charge::Positron => bhabha::hard_deflection(energy, cut),
    };
    for (mu, weight) in hard {
        let lost = elastic::one_minus_legendre(mu);
        inelastic[0] -= electrons * weight;
        for l in 1..=orders {
            inelastic[l] -= electrons * weight * lost[l];
        }
    }
    for l in 0..=orders {
        total[l] += inelastic[l].max(0.0);
    }
    total
}

/// Elements of a material whose elastic cross sections are interpolated between tabulated ones, with their mass fraction.
pub fn interpolated_elements(charge: Charge, material: &Material) -> Vec<(u8, f64)> {
    let interpolated = |z: u8| elastic::element(charge, z).source == elastic::ElasticSource::Interpolated;
    material.composition.iter().copied().filter(|&(z, _)| interpolated(z)).collect()
}

/// Turns Legendre exponents G_l into quantile tables; holds the Legendre polynomials on its grid of angles.
#[derive(Debug)]
pub struct QuantileBuilder {
    mu: Vec<f64>,
    /// (P_{l-1} - P_{l+1}) / 2 at each mu: the integral of (2l+1) P_l / 2 over cosines above 1 - 2 mu.
    integral: Vec<f64>,
}

impl Default for QuantileBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl QuantileBuilder {
    /// A builder with its grid of 480 angles.
    pub fn new() -> Self {
        const POINTS: usize = 480;
        let mut mu = vec![0.0];
        mu.extend((0..POINTS).map(|k| 10f64.powf(-6.5 * (1.0 - k as f64 / (POINTS - 1) as f64))));
        let orders = elastic::ORDERS;
        let mut integral = Vec::with_capacity(mu.len() * orders);
        for &mu in &mu {
            let lost = elastic::one_minus_legendre(mu);
            integral.push(mu);
            integral.extend((1..orders).map(|l| 0.5 * (lost[l + 1] - lost[l - 1])));
        }
        Self { mu, integral }
    }

    /// The table for exponents `g` (index 0: mean number of collisions, index l: G_l), `ROW` values.
    ///
    /// With x = 1 - u, u the cumulative probability given that a collision happened, the cosine is 1 - 2 mu,
    /// mu = a (1 - x) / (a + x); the table holds a(x). For a screened Rutherford law a is the screening and constant.
    pub fn table(&self, g: &[f64]) -> Vec<f32> {
        let orders = elastic::ORDERS;
        let none = (-g[0]).exp();
        let coefficients: Vec<f64> = (0..orders).map(|l| if l == 0 { 1.0 - none } else { (-g[l]).exp() - none }).collect();
        let mut cumulative: Vec<f64> = self
            .integral
            .chunks_exact(orders)
            .map(|row| row.iter().zip(&coefficients).map(|(i, c)| i * c).sum::<f64>() / (1.0 - none))
            .collect();
        for k in 1..cumulative.len() {
            cumulative[k] = cumulative[k].clamp(cumulative[k - 1], 1.0);
        }
        let quantile = |x: f64| -> f64 {
            let u = 1.0 - x;
            let above = cumulative.partition_point(|&c| c < u).clamp(1, cumulative.len() - 1);
            let (c0, c1) = (cumulative[above - 1], cumulative[above]);
            let share = if c1 > c0 { ((u - c0) / (c1 - c0)).clamp(0.0, 1.0) } else { 0.0 };
            self.mu[above - 1] + (self.mu[above] - self.mu[above - 1]) * share
        };
        let shape = |x: f64| -> f64 {
            let mu = quantile(x);
            (mu * x / (1.0 - x - mu).max(1.0e-6)).clamp(1.0e-9, 1.0e3)
        };
        let mut row = Vec::with_capacity(ROW);
        row.push((1.0 / (1.0 - none)) as f32);
        let nodes = OCTAVES * PIECES;
        for node in 0..=nodes {
            let x = node_position(node);
            // The ends are limits: just inside them the quantile is still well defined.
            row.push(shape(x.clamp(1.0e-4, 1.0 - 1.0e-3)) as f32);
        }
        row.resize(ROW, 0.0);
        row
    }
}

/// x at a node: octave k runs from 2^-k down to 2^-(k+1), the last one down to zero.
fn node_position(node: usize) -> f64 {
    let (octave, piece) = (node / PIECES, (node % PIECES) as f64 / PIECES as f64);
    let top = 0.5f64.powi(octave as i32);
    if octave >= OCTAVES {
        0.0
    } else if octave == OCTAVES - 1 {
        top * (1.0 - piece)
    } else {
        top * (1.0 - 0.5 * piece)
    }
}
