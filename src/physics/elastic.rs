//! Elastic scattering of electrons and positrons: Legendre moments of ELSEPA cross sections per element.
//!
//! Source: ELSEPA, F. Salvat, A. Jablonski and C. J. Powell, Comput. Phys. Commun. 165 (2005) 157. Differential cross sections
//! serve for 13 elements, scaled to the first transport cross section; other elements use a screened Rutherford shape with ELSEPA's
//! total and first transport cross section (27 elements), or with these interpolated between neighbouring elements.

use std::{collections::BTreeMap, sync::OnceLock};

use super::{berger_seltzer::Charge, interpolation::interpolate_loglog, quadrature::GAUSS_8};

/// Highest Legendre order kept.
pub const ORDERS: usize = 160;

/// Differential and transport cross sections of a projectile.
fn tables(charge: Charge) -> (&'static str, &'static str) {
    match charge {
        Charge::Electron => (include_str!("data/elastic/electron_dcs.csv"), include_str!("data/elastic/electron_transport.csv")),
        Charge::Positron => (include_str!("data/elastic/positron_dcs.csv"), include_str!("data/elastic/positron_transport.csv")),
    }
}

/// Legendre moments of the elastic cross section of one element on an energy grid.
///
/// `moment[0]` is the total cross section; `moment[l] = Int (1 - P_l(cos theta)) dsigma`, the l-th transport cross section, cm2.
#[derive(Debug)]
pub struct ElasticMoments {
    ln_energy: Vec<f64>,
    ln_moment: Vec<Vec<f64>>,
    /// What stands behind the moments.
    pub source: ElasticSource,
}

/// What the moments of an element come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElasticSource {
    /// Differential cross sections.
    Differential,
    /// Total and first transport cross section of the element, screened Rutherford shape.
    Transport,
    /// The same, interpolated over the atomic number.
    Interpolated,
}

impl ElasticMoments {
    /// Moments of order 0 to `out.len() - 1` (at most ORDERS) at `energy` MeV, cm2; outside the grid (0.69 keV - 18.7 MeV) the end value is used.
    pub fn at(&self, energy: f64, out: &mut [f64]) {
        let x = (energy * 1.0e6).ln().clamp(self.ln_energy[0], self.ln_energy[self.ln_energy.len() - 1]);
        let n = self.ln_energy.len();
        let above = self.ln_energy.partition_point(|&e| e <= x).clamp(2, n - 2);
        let nodes = [above - 2, above - 1, above, above + 1];
        let weight = nodes.map(|i| {
            nodes.iter().filter(|&&j| j != i).map(|&j| (x - self.ln_energy[j]) / (self.ln_energy[i] - self.ln_energy[j])).product::<f64>()
        });
        for (l, value) in out.iter_mut().enumerate() {
            *value = (0..4).map(|k| weight[k] * self.ln_moment[nodes[k]][l]).sum::<f64>().exp();
        }
    }
}

/// Moments of element `z`, 1 to 100, for electrons or positrons.
pub fn element(charge: Charge, z: u8) -> &'static ElasticMoments {
    static CACHE: [[OnceLock<ElasticMoments>; 101]; 2] = [const { [const { OnceLock::new() }; 101] }; 2];
    CACHE[usize::from(charge == Charge::Positron)][usize::from(z)].get_or_init(|| build(charge, z))
}

/// (E eV, sigma_el, sigma_tr1, sigma_tr2 in cm2) per element, ascending energies.
pub fn transport_table(charge: Charge) -> &'static BTreeMap<u8, Vec<[f64; 4]>> {
    static TABLE: [OnceLock<BTreeMap<u8, Vec<[f64; 4]>>>; 2] = [const { OnceLock::new() }; 2];
    TABLE[usize::from(charge == Charge::Positron)].get_or_init(|| {
        let mut table: BTreeMap<u8, Vec<[f64; 4]>> = BTreeMap::new();
        for row in rows(tables(charge).1) {
            table.entry(row[0] as u8).or_default().push([row[1], row[2], row[3], row[4]]);
        }
        table
    })
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<f64>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with('Z'))
        .map(|line| line.split(',').map(|field| field.parse().expect("embedded table is numeric")).collect())
}

fn build(charge: Charge, z: u8) -> ElasticMoments {
    let differential = tables(charge).0;
    let header = differential.lines().find(|line| line.starts_with('Z')).expect("the table has a header");
    let mu: Vec<f64> = header.split(',').skip(2).map(|field| field.parse().expect("mu grid is numeric")).collect();
    let prefix = format!("{z},");
    let measured: Vec<Vec<f64>> = differential
        .lines()
        .filter(|line| line.starts_with(&prefix))
        .map(|line| line.split(',').skip(1).map(|field| field.parse().expect("embedded table is numeric")).collect())
        .collect();
    let screened = |table: &[[f64; 4]]| -> Vec<(f64, Vec<f64>)> {
        table.iter().step_by(4).map(|&[energy, total, first, _]| (energy, screened_rutherford(&mu, total, first))).collect()
    };
    let own = transport_table(charge).get(&z).cloned();
    let (source, transport) = match own {
        Some(own) if measured.is_empty() => (ElasticSource::Transport, own),
        Some(own) => (ElasticSource::Differential, own),
        None => (ElasticSource::Interpolated, interpolated(charge, z)),
    };
    let table: Vec<(f64, Vec<f64>)> = match source {
        ElasticSource::Differential => measured.into_iter().map(|row| (row[0], row[1..].to_vec())).collect(),
        _ => screened(&transport),
    };
    let quadrature = MuQuadrature::new(&mu);
    let (energies, first): (Vec<f64>, Vec<f64>) = transport.iter().map(|row| (row[0], row[2])).unzip();
    let ln_energy = table.iter().map(|(energy, _)| energy.ln()).collect();
    let ln_moment = table
        .iter()
        .map(|(energy, dcs)| {
            let moments = quadrature.moments(dcs);
            // Lines between the nodes of mu fall 0.1 to 0.6 % short of the transport cross section, alike for all orders.
            let scale = interpolate_loglog(*energy, &energies, &first) / moments[1];
            moments.into_iter().map(|moment| (moment * scale).ln()).collect()
        })
        .collect();
    ElasticMoments { ln_energy, ln_moment, source }
}

/// Cross sections of an element without a table: sigma / (Z (Z + 1)) on a line in ln Z between its neighbours, the last one's beyond lead.
fn interpolated(charge: Charge, z: u8) -> Vec<[f64; 4]> {
    let table = transport_table(charge);
    let scale = |z: u8| f64::from(z) * (f64::from(z) + 1.0);
    let (below, low) = table.range(..z).next_back().expect("hydrogen is tabulated");
    let (above, high) = table.range(z + 1..).next().unwrap_or((below, low));
    let ln = |z: u8| f64::from(z).ln();
    let share = if above > below { (ln(z) - ln(*below)) / (ln(*above) - ln(*below)) } else { 0.0 };
    let between = |a: f64, b: f64| scale(z) * (a / scale(*below)).powf(1.0 - share) * (b / scale(*above)).powf(share);
    low.iter().zip(high).map(|(a, b)| [a[0], between(a[1], b[1]), between(a[2], b[2]), between(a[3], b[3])]).collect()
}

/// dsigma/dmu = sigma A (1 + A) / (mu + A)^2 with the screening A that gives the first transport cross section.
fn screened_rutherford(mu: &[f64], sigma: f64, first: f64) -> Vec<f64> {
    let ratio = |a: f64| 2.0 * a * ((1.0 + a) * ((1.0 + a) / a).ln() - 1.0);
    let (mut low, mut high) = (1.0e-12f64, 1.0e3f64);
    for _ in 0..200 {
        let middle = (low * high).sqrt();
        if ratio(middle) < first / sigma {
            low = middle;
        } else {
            high = middle;
        }
    }
    let a = (low * high).sqrt();
    mu.iter().map(|&mu| sigma * a * (1.0 + a) / (mu + a).powi(2)).collect()
}

/// Gauss points on every interval of the mu grid, with 1 - P_l at each: shared by all energies of an element.
struct MuQuadrature {
    /// Per point: interval, ln position inside it (0..1), weight.
    points: Vec<(usize, f64, f64)>,
    /// `one_minus_p[point * (ORDERS + 1) + l]`.
    one_minus_p: Vec<f64>,
}

impl MuQuadrature {
    fn new(mu: &[f64]) -> Self {
        let mut points = Vec::new();
        let mut one_minus_p = Vec::new();
        for (interval, pair) in mu.windows(2).enumerate() {
            for &(node, weight) in &GAUSS_8 {
                let value = pair[0] + (pair[1] - pair[0]) * node;
                let place = if pair[0] > 0.0 { (value / pair[0]).ln() / (pair[1] / pair[0]).ln() } else { node };
                points.push((interval, place, weight * (pair[1] - pair[0])));
                one_minus_p.extend(one_minus_legendre(value));
            }
        }
        Self { points, one_minus_p }
    }

    /// Moments of a cross section given on the grid, interpolated log-log; index 0 is the total.
    fn moments(&self, dcs: &[f64]) -> Vec<f64> {
        let ln: Vec<f64> = dcs.iter().map(|v| v.ln()).collect();
        let mut moments = vec![0.0; ORDERS + 1];
        for (&(interval, place, weight), factors) in self.points.iter().zip(self.one_minus_p.chunks_exact(ORDERS + 1)) {
            let value = weight * (ln[interval] + (ln[interval + 1] - ln[interval]) * place).exp();
            moments[0] += value;
            for l in 1..=ORDERS {
                moments[l] += value * factors[l];
            }
        }
        moments
    }
}

/// 1 - P_l(1 - 2 mu) for l = 0..=ORDERS, without cancellation at small mu.
///
/// With d_l = P_{l-1} - P_l the recurrence (l+1) P_{l+1} = (2l+1) x P_l - l P_{l-1} becomes
/// d_{l+1} = (l d_l + (2l+1) 2 mu P_l) / (l+1), a sum of small terms.
pub fn one_minus_legendre(mu: f64) -> Vec<f64> {
    let mut result = Vec::with_capacity(ORDERS + 1);
    result.push(0.0);
    let mut lost = 2.0 * mu;
    let mut difference = 2.0 * mu;
    result.push(lost);
    for l in 1..ORDERS {
        let order = l as f64;
        difference = (order * difference + (2.0 * order + 1.0) * 2.0 * mu * (1.0 - lost)) / (order + 1.0);
        lost += difference;
        result.push(lost);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legendre_differences_agree_with_closed_forms() {
        for mu in [1.0e-9, 1.0e-3, 0.2, 0.5, 0.9, 1.0] {
            let x: f64 = 1.0 - 2.0 * mu;
            let lost = one_minus_legendre(mu);
            let second = 1.5 * (1.0 - x * x);
            assert!((lost[2] - second).abs() <= 1e-6 * second + 1e-14, "P2 at mu {mu}");
            let fourth = (35.0 * x.powi(4) - 30.0 * x * x + 3.0) / 8.0;
            assert!((lost[4] - (1.0 - fourth)).abs() < 1e-7);
        }
        // Small angles: 1 - P_l = l (l + 1) mu.
        assert!((one_minus_legendre(1.0e-9)[100] / (100.0 * 101.0 * 1.0e-9) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn moments_of_the_differential_data_agree_with_the_transport_tables() {
        let mut out = vec![0.0; ORDERS + 1];
        for (charge, z) in [1u8, 6, 7, 8, 11, 15, 20, 26].into_iter().flat_map(|z| [(Charge::Electron, z), (Charge::Positron, z)]) {
            let moments = element(charge, z);
            assert_eq!(moments.source, ElasticSource::Differential);
            for row in &transport_table(charge)[&z] {
                let energy = row[0] * 1e-6;
                if !(1.0e-3..=10.0).contains(&energy) {
                    continue;
                }
                moments.at(energy, &mut out);
                // The total hangs on the forward peak between two nodes of the grid, which moves no electron.
                // Hydrogen's table falls by 1.4 % in one step at 20 keV, which no interpolation between the nodes around it follows.
                let step = z == 1 && (0.016..0.024).contains(&energy);
                for (l, bound) in [(0, 0.05), (1, if step { 0.01 } else { 4e-3 }), (2, if step { 0.01 } else { 4e-3 })] {
                    let deviation = out[l] / row[l + 1] - 1.0;
                    assert!(deviation.abs() < bound, "{charge:?}, Z {z}, {energy} MeV, order {l}: {deviation:.4}");
                }
            }
        }
    }

    /// Each tabulated element left out in turn and interpolated between its neighbours, first transport cross section from 10 keV.
    #[test]
    fn interpolated_elements_resemble_the_table() {
        let table = transport_table(Charge::Electron);
        for (&z, own) in table {
            // Between neighbours as near as those of any element that lacks a table; noble gases and edges of the table apart.
            let gap = |bound: u8| table.range(z.saturating_sub(bound)..z).count() > 0 && table.range(z + 1..=z + bound).count() > 0;
            if !gap(2) || z < 8 {
                continue;
            }
            for (row, guess) in own.iter().zip(interpolated(Charge::Electron, z)).filter(|(row, _)| row[0] > 1.0e4) {
                let deviation = guess[2] / row[2] - 1.0;
                assert!(deviation.abs() < 0.02, "Z {z}, {} eV: {deviation:.4}", row[0]);
            }
        }
        let beryllium = element(Charge::Electron, 4);
        assert_eq!(beryllium.source, ElasticSource::Interpolated);
        let mut out = vec![0.0; ORDERS + 1];
        for z in [3, 5, 27, 78, 83, 88, 100] {
            element(Charge::Positron, z).at(0.1, &mut out);
            assert!(out.iter().all(|moment| moment.is_finite() && *moment > 0.0), "Z {z}");
        }
    }

    #[test]
    fn screened_shape_reproduces_the_first_transport_cross_section() {
        let iodine = element(Charge::Electron, 53);
        assert_eq!(iodine.source, ElasticSource::Transport);
        let mut out = vec![0.0; ORDERS + 1];
        for row in transport_table(Charge::Electron)[&53].iter().step_by(8).filter(|row| row[0] > 1.0e3) {
            iodine.at(row[0] * 1e-6, &mut out);
            assert!((out[1] / row[2] - 1.0).abs() < 1e-3, "tr1 at {} eV: {}", row[0], out[1] / row[2]);
        }
    }

    /// Positrons are repelled by the nucleus: they scatter less at low energies, alike at high ones.
    #[test]
    fn positrons_scatter_less() {
        let (mut electron, mut positron) = (vec![0.0; ORDERS + 1], vec![0.0; ORDERS + 1]);
        for (z, low, high) in [(8, 0.5..0.95, 0.95..1.0), (26, 0.3..0.8, 0.8..0.97), (82, 0.1..0.6, 0.4..0.9)] {
            for (energy, bounds) in [(0.01, &low), (2.0, &high)] {
                element(Charge::Electron, z).at(energy, &mut electron);
                element(Charge::Positron, z).at(energy, &mut positron);
                let ratio = positron[1] / electron[1];
                assert!(bounds.contains(&ratio), "Z {z}, {energy} MeV: {ratio}");
            }
        }
    }
}
