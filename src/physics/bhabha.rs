//! Bhabha scattering of positrons on free electrons at rest.
//!
//! dsigma/dW with W the energy given to the electron, at most all of it: H. J. Bhabha, Proc. R. Soc. Lond. A 154 (1936) 195, as in ICRU
//! Report 37, eq. 2.11, and the PENELOPE manual, section 3.2.2. The positron's deflection is that of two-body kinematics
//! ([`primary_cosine`]), the same as for electrons.

pub use super::moller::primary_cosine;
use super::{
    constants::{ELECTRON_MASS, beta_squared},
    moller::{TWO_PI_RE2_MC2, deflection_points},
    quadrature::integrate_log,
};

/// Coefficients of (W/E)^1 to (W/E)^4 in the numerator 1 - b1 x + b2 x^2 - b3 x^3 + b4 x^4, for a positron of `e` MeV.
///
/// Each already holds the factor beta^2.
pub fn coefficients(e: f64) -> [f64; 4] {
    let y = 1.0 / (e / ELECTRON_MASS + 2.0);
    let q = 1.0 - 2.0 * y;
    let b2 = beta_squared(e, ELECTRON_MASS);
    [b2 * (2.0 - y * y), b2 * q * (3.0 + y * y), b2 * (q * q + q.powi(3)), b2 * q.powi(3)]
}

/// Cross section per electron, differential in the energy transfer `w` (MeV, at most `e`), cm2/MeV.
pub fn differential(e: f64, w: f64) -> f64 {
    let [b1, b2, b3, b4] = coefficients(e);
    let x = w / e;
    let numerator = 1.0 + x * (-b1 + x * (b2 + x * (-b3 + x * b4)));
    TWO_PI_RE2_MC2 / beta_squared(e, ELECTRON_MASS) * numerator / (w * w)
}

/// Cross section per electron for transfers above `cut` (MeV), cm2; zero if `cut >= e`.
pub fn hard(e: f64, cut: f64) -> f64 {
    integrate_log(cut, e, 4, |w| differential(e, w))
}

/// Int W^2 dsigma from `floor` to `cut` (at most e), MeV2 cm2 per electron: the straggling of soft collisions.
pub fn second_moment(e: f64, floor: f64, cut: f64) -> f64 {
    integrate_log(floor, cut.min(e), 4, |w| w * w * differential(e, w))
}

/// (mu, weight) points of the positron's deflection in hard collisions: `sum weight f(mu)` integrates `f` over the cross section, cm2.
pub fn hard_deflection(e: f64, cut: f64) -> Vec<(f64, f64)> {
    deflection_points(e, cut, e, differential)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{
        berger_seltzer::{Charge, hard_collision_loss},
        constants::AVOGADRO,
        moller,
    };

    /// Int dsigma/dW in closed form (PENELOPE manual, eq. 3.105).
    fn hard_closed(e: f64, cut: f64) -> f64 {
        let [b1, b2, b3, b4] = coefficients(e);
        let x = cut / e;
        let integral = 1.0 / x - 1.0 + b1 * x.ln() + b2 * (1.0 - x) + 0.5 * b3 * (x * x - 1.0) + b4 / 3.0 * (1.0 - x.powi(3));
        TWO_PI_RE2_MC2 / (beta_squared(e, ELECTRON_MASS) * e) * integral
    }

    #[test]
    fn hard_cross_section_agrees_with_its_closed_form() {
        for (e, cut) in [(0.01, 0.001), (0.1, 0.001), (1.0, 0.05), (1.0, 0.9), (5.0, 0.001)] {
            assert!((hard(e, cut) / hard_closed(e, cut) - 1.0).abs() < 1e-9, "{e} MeV, cut {cut}");
        }
        assert_eq!(hard(0.1, 0.1), 0.0);
    }

    /// The energy in hard events is what the restricted stopping power of positrons leaves out.
    #[test]
    fn hard_loss_is_that_of_the_stopping_power() {
        for (e, cut) in [(0.02, 0.002), (0.5, 0.01), (2.0, 0.1), (10.0, 6.0)] {
            let loss = 0.5 * AVOGADRO * integrate_log(cut, e, 6, |w| w * differential(e, w));
            assert!((loss / hard_collision_loss(Charge::Positron, e, cut, 0.5) - 1.0).abs() < 1e-9, "{e} MeV, cut {cut}");
        }
    }

    /// Rutherford's 1/W^2 at small transfers, as for electrons; fewer large transfers than Moeller allows for relativistic ones.
    #[test]
    fn small_transfers_are_those_of_electrons() {
        for e in [0.01, 0.3, 3.0] {
            assert!((differential(e, 1e-5 * e) / moller::differential(e, 1e-5 * e) - 1.0).abs() < 1e-4, "{e}");
        }
        // Slow positrons: Rutherford up to the whole energy.
        assert!((differential(1e-5, 1e-5) * 1e-10 * beta_squared(1e-5, ELECTRON_MASS) / TWO_PI_RE2_MC2 - 1.0).abs() < 1e-3);
        // Fast ones, all of the energy: 1 - b1 + b2 - b3 + b4 with y -> 0 is 1 - 2 + 3 - 2 + 1.
        assert!((differential(1e6, 1e6) * 1e12 / TWO_PI_RE2_MC2 - 1.0).abs() < 1e-5);
    }

    #[test]
    fn deflection_points_integrate_the_cross_section() {
        let (e, cut) = (1.0, 0.01);
        let points = hard_deflection(e, cut);
        let total: f64 = points.iter().map(|(_, weight)| weight).sum();
        assert!((total / hard(e, cut) - 1.0).abs() < 1e-6);
        let transport: f64 = points.iter().map(|(mu, weight)| 2.0 * mu * weight).sum();
        let direct = integrate_log(cut, e, 12, |w| (1.0 - primary_cosine(e, w)) * differential(e, w));
        assert!((transport / direct - 1.0).abs() < 1e-3, "{transport} {direct}");
        assert!(hard_deflection(e, 1.0).is_empty());
        // A positron that gives everything stands still, at right angles.
        assert_eq!(primary_cosine(e, e), 0.0);
    }
}
