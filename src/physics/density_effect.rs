//! The density effect correction delta of the collision stopping power.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    constants::{ELECTRON_MASS, beta_squared},
    elements::element,
    materials::Material,
    table::{number, rows},
};

/// Density effect at electron kinetic energies `energies` (MeV), and which method gave it.
///
/// The oscillator model of Sternheimer, Berger and Seltzer (At. Data Nucl. Data Tables 30 (1984) 261), on which ESTAR rests, where the subshells of
/// all elements are known; otherwise the general expression of Sternheimer and Peierls (Phys. Rev. B 3 (1971) 3681).
pub fn density_effect(material: &Material, energies: &[f64]) -> (Vec<f64>, &'static str) {
    match Oscillators::new(material) {
        Some(model) => (energies.iter().map(|&e| model.delta(e)).collect(), "density effect by Sternheimer's oscillator model"),
        None => (energies.iter().map(|&e| sternheimer_peierls(material, e)).collect(), "density effect by Sternheimer and Peierls"),
    }
}

/// Electrons and binding energies (eV) of the subshells, by atomic number.
pub(super) fn shells() -> &'static HashMap<u8, Vec<(f64, f64)>> {
    static SHELLS: LazyLock<HashMap<u8, Vec<(f64, f64)>>> = LazyLock::new(|| {
        let shell = |text: &str| {
            let (n, binding) = text.split_once(':').expect("electrons:binding");
            (number(n), number(binding))
        };
        rows(include_str!("data/shells.csv")).skip(1).map(|f| (number(f[0]) as u8, f[1].split(' ').map(shell).collect())).collect()
    });
    &SHELLS
}

/// Sternheimer's oscillators: strengths, and squared energies in units of the plasma energy.
struct Oscillators {
    /// (f_i, nu_i^2, l_i^2).
    terms: Vec<(f64, f64, f64)>,
}

impl Oscillators {
    /// Scales the binding energies by one factor so that the oscillators have the material's I-value: sum of f ln l = ln(I / plasma energy).
    ///
    /// All electrons count as bound. `None` if an element's shells are not known or no factor exists.
    fn new(material: &Material) -> Option<Self> {
        let plasma = material.plasma_energy();
        let za = material.z_over_a();
        let mut bound = Vec::new();
        for &(z, w) in &material.composition {
            let shells = shells().get(&z)?;
            bound.extend(shells.iter().map(|(n, binding)| (w * n / element(z).a / za, (binding / plasma).powi(2))));
        }
        let target = (material.i_value / plasma).ln();
        let ln_i = |scale2: f64| -> f64 { bound.iter().map(|(f, e2)| 0.5 * f * (scale2 * e2 + 2.0 / 3.0 * f).ln()).sum() };
        let scale2 = bisect_log(1e-6, 1e6, |s| ln_i(s) - target)?;
        let terms = bound.iter().map(|(f, e2)| (*f, scale2 * e2, scale2 * e2 + 2.0 / 3.0 * f)).collect();
        Some(Self { terms })
    }

    /// delta = sum f ln(1 + L^2 / l^2) - L^2 (1 - beta^2) with 1/beta^2 - 1 = sum f / (nu^2 + L^2); zero while no L solves this.
    fn delta(&self, e: f64) -> f64 {
        let b2 = beta_squared(e, ELECTRON_MASS);
        let wanted = 1.0 / b2 - 1.0;
        let excess = |l2: f64| self.terms.iter().map(|(f, nu2, _)| f / (nu2 + l2)).sum::<f64>() - wanted;
        if excess(0.0) <= 0.0 {
            return 0.0;
        }
        // The sum is below 1 / L^2, so the root lies below 1 / wanted.
        let Some(l2) = bisect_log(1e-12, 1.0 / wanted, |l2| -excess(l2)) else { return 0.0 };
        self.terms.iter().map(|(f, _, l_i2)| f * (l2 / l_i2).ln_1p()).sum::<f64>() - l2 * (1.0 - b2)
    }
}

/// Root of an increasing function of ln x between two positive bounds; `None` without a change of sign.
fn bisect_log(low: f64, high: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    if f(low) > 0.0 || f(high) < 0.0 {
        return None;
    }
    let (mut a, mut b) = (low.ln(), high.ln());
    for _ in 0..100 {
        let middle = 0.5 * (a + b);
        if f(middle.exp()) > 0.0 { b = middle } else { a = middle }
    }
    Some((0.5 * (a + b)).exp())
}

/// The general expression of Sternheimer and Peierls (1971), from density, I-value and state alone.
fn sternheimer_peierls(material: &Material, e: f64) -> f64 {
    let c = 2.0 * (material.i_value / material.plasma_energy()).ln() + 1.0;
    let (x0, x1) = if material.is_gas() {
        match c {
            c if c < 10.0 => (1.6, 4.0),
            c if c < 10.5 => (1.7, 4.0),
            c if c < 11.0 => (1.8, 4.0),
            c if c < 11.5 => (1.9, 4.0),
            c if c < 12.25 => (2.0, 4.0),
            c if c < 13.804 => (2.0, 5.0),
            c => (0.326 * c - 2.5, 5.0),
        }
    } else if material.i_value < 100.0 {
        (if c < 3.681 { 0.2 } else { 0.326 * c - 1.0 }, 2.0)
    } else {
        (if c < 5.215 { 0.2 } else { 0.326 * c - 1.5 }, 3.0)
    };
    let tau = e / ELECTRON_MASS;
    let x = 0.5 * (tau * (tau + 2.0)).log10();
    if x < x0 {
        return 0.0;
    }
    let ln10_2 = 2.0 * std::f64::consts::LN_10;
    let a = (c - ln10_2 * x0) / f64::powi(x1 - x0, 3);
    let tail = if x < x1 { a * (x1 - x).powi(3) } else { 0.0 };
    (ln10_2 * x - c + tail).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::materials::find;

    #[test]
    fn both_methods_meet_water() {
        // NIST ESTAR: delta of liquid water (I = 75 eV) at 1, 2, 10 and 20 MeV.
        let water = find("water").expect("water");
        for (e, table) in [(1.0, 0.2428), (2.0, 0.8218), (10.0, 2.992), (20.0, 4.107)] {
            let (oscillators, peierls) = (density_effect(&water, &[e]).0[0], sternheimer_peierls(&water, e));
            assert!((oscillators - table).abs() < 0.015, "{e} MeV: {oscillators} {table}");
            assert!((peierls - table).abs() < 0.32, "{e} MeV: {peierls} {table}");
        }
    }

    #[test]
    fn high_energy_limit() {
        // delta -> 2 ln(plasma energy tau / I) - 1, whatever the shells.
        let bone = find("bone_cortical").expect("bone");
        let e = 1e4;
        let limit = 2.0 * (bone.plasma_energy() * e / ELECTRON_MASS / bone.i_value).ln() - 1.0;
        assert!((density_effect(&bone, &[e]).0[0] - limit).abs() < 2e-3);
        assert!((sternheimer_peierls(&bone, e) - limit).abs() < 2e-3);
    }

    #[test]
    fn unknown_shells_are_said() {
        assert!(density_effect(&find("bariumsulfate").expect("BaSO4"), &[1.0]).1.contains("Peierls"));
        assert!(density_effect(&find("icrp110_M_liver").expect("liver"), &[1.0]).1.contains("oscillator"));
    }
}
