//! Moeller scattering of electrons on free electrons at rest.
//!
//! dsigma/dW with W the energy of the slower electron: C. Moeller, Ann. Phys. 406 (1932) 531, as in ICRU Report 37, eq. 2.9.

use super::{
    constants::{CLASSICAL_ELECTRON_RADIUS, ELECTRON_MASS},
    quadrature::{GAUSS_8, integrate_log},
};

/// 2 pi r_e^2 m_e c^2, MeV cm2.
pub const TWO_PI_RE2_MC2: f64 = 2.0 * std::f64::consts::PI * CLASSICAL_ELECTRON_RADIUS * CLASSICAL_ELECTRON_RADIUS * ELECTRON_MASS;

/// Cross section per electron, differential in the energy transfer `w` (MeV, at most e/2), cm2/MeV.
pub fn differential(e: f64, w: f64) -> f64 {
    let tau = e / ELECTRON_MASS;
    let beta2 = tau * (tau + 2.0) / (tau + 1.0).powi(2);
    let rest = e - w;
    let a = (tau / (tau + 1.0)).powi(2);
    let b = (2.0 * tau + 1.0) / (tau + 1.0).powi(2);
    TWO_PI_RE2_MC2 / beta2 * (1.0 / (w * w) + 1.0 / (rest * rest) + a / (e * e) - b / (w * rest))
}

/// Cross section per electron for transfers above `cut` (MeV), cm2; zero if `cut >= e/2`.
pub fn hard(e: f64, cut: f64) -> f64 {
    integrate_log(cut, 0.5 * e, 4, |w| differential(e, w))
}

/// Int W^2 dsigma from `floor` to `cut` (at most e/2), MeV2 cm2 per electron: the straggling of soft collisions.
pub fn second_moment(e: f64, floor: f64, cut: f64) -> f64 {
    integrate_log(floor, cut.min(0.5 * e), 4, |w| w * w * differential(e, w))
}

/// Cosine of the primary's deflection after it lost `w`.
pub fn primary_cosine(e: f64, w: f64) -> f64 {
    ((e - w) * (e + 2.0 * ELECTRON_MASS) / (e * (e - w + 2.0 * ELECTRON_MASS))).sqrt()
}

/// (mu, weight) points of the primary's deflection in hard collisions: `sum weight f(mu)` integrates `f` over the cross section, cm2.
pub fn hard_deflection(e: f64, cut: f64) -> Vec<(f64, f64)> {
    deflection_points(e, cut, 0.5 * e, differential)
}

/// (mu, weight) points of the primary's deflection for transfers from `cut` to `top` under a cross section differential in the transfer.
pub(super) fn deflection_points(e: f64, cut: f64, top: f64, differential: impl Fn(f64, f64) -> f64) -> Vec<(f64, f64)> {
    if cut >= top {
        return Vec::new();
    }
    const PIECES: usize = 3;
    let width = (top / cut).ln() / PIECES as f64;
    (0..PIECES)
        .flat_map(|k| GAUSS_8.iter().map(move |&(node, weight)| (cut * ((k as f64 + node) * width).exp(), weight * width)))
        .map(|(w, weight)| (0.5 * (1.0 - primary_cosine(e, w)), weight * w * differential(e, w)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Integral of dsigma/dW in closed form (PENELOPE manual, eq. 3.92 and after).
    fn hard_closed(e: f64, cut: f64) -> f64 {
        let tau = e / ELECTRON_MASS;
        let beta2 = tau * (tau + 2.0) / (tau + 1.0).powi(2);
        let a = (tau / (tau + 1.0)).powi(2);
        let b = (2.0 * tau + 1.0) / (tau + 1.0).powi(2);
        let x = cut / e;
        let integral = 1.0 / x - 1.0 / (1.0 - x) + a * (0.5 - x) - b * ((1.0 - x) / x).ln();
        TWO_PI_RE2_MC2 / (beta2 * e) * integral
    }

    #[test]
    fn hard_cross_section_agrees_with_its_closed_form() {
        for (e, cut) in [(0.01, 0.001), (0.1, 0.001), (1.0, 0.05), (5.0, 0.001)] {
            assert!((hard(e, cut) / hard_closed(e, cut) - 1.0).abs() < 1e-9, "{e} MeV, cut {cut}");
        }
        assert_eq!(hard(0.1, 0.06), 0.0);
    }

    #[test]
    fn equal_sharing_deflects_both_electrons_alike() {
        // At w = e/2 both leave under the same angle: the primary's and the secondary's cosine agree.
        let e: f64 = 1.0;
        let secondary = (0.5 * e * (e + 2.0 * ELECTRON_MASS) / (e * (0.5 * e + 2.0 * ELECTRON_MASS))).sqrt();
        assert!((primary_cosine(e, 0.5 * e) - secondary).abs() < 1e-14);
    }
}
