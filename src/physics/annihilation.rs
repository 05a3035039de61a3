//! Two-quantum annihilation of positrons in flight with free electrons at rest.
//!
//! W. Heitler, The Quantum Theory of Radiation (1954), section 27; in the form of W. R. Nelson, H. Hirayama and D. W. O. Rogers (EGS4, SLAC-265) and
//! of the PENELOPE manual, section 3.4. One photon takes the share `zeta` of the total energy E + 2 m c^2, the other the rest.
//! Annihilation into one photon (bound electrons; below 20 % of it in lead, 1 % in water) and three photons (0.3 %) is neglected.

use super::constants::{CLASSICAL_ELECTRON_RADIUS, ELECTRON_MASS};

const PI_RE2: f64 = std::f64::consts::PI * CLASSICAL_ELECTRON_RADIUS * CLASSICAL_ELECTRON_RADIUS;

/// Cross section per electron, cm2, of a positron of `e` MeV kinetic energy (above 0).
pub fn total(e: f64) -> f64 {
    let tau = e / ELECTRON_MASS;
    let gamma = tau + 1.0;
    let momentum = (tau * (tau + 2.0)).sqrt();
    // ln(gamma + p) = asinh p, without loss of digits at low energies.
    let bracket = (gamma * (gamma + 4.0) + 1.0) / momentum * momentum.asinh() - (gamma + 3.0);
    PI_RE2 / ((gamma + 1.0) * momentum) * bracket
}

/// Cross section per electron differential in the share `zeta` of E + 2 m c^2 that one of the photons (either) takes, cm2.
///
/// Zero outside [`shares`]; its integral over them is twice [`total`], as both photons are counted.
pub fn differential(e: f64, zeta: f64) -> f64 {
    let (low, high) = shares(e);
    if !(low..=high).contains(&zeta) {
        return 0.0;
    }
    let tau = e / ELECTRON_MASS;
    let gamma = tau + 1.0;
    let part = |z: f64| -(gamma + 1.0).powi(2) + (gamma * (gamma + 4.0) + 1.0) / z - 1.0 / (z * z);
    PI_RE2 / ((gamma + 1.0) * tau * (tau + 2.0)) * (part(zeta) + part(1.0 - zeta))
}

/// Smallest and largest share of E + 2 m c^2 that a photon can take: the limits of backward and forward emission.
pub fn shares(e: f64) -> (f64, f64) {
    let tau = e / ELECTRON_MASS;
    let low = 1.0 / (tau + 2.0 + (tau * (tau + 2.0)).sqrt());
    (low, 1.0 - low)
}

/// Cosine of the angle between the positron and the photon that takes the share `zeta`.
pub fn cosine(e: f64, zeta: f64) -> f64 {
    let tau = e / ELECTRON_MASS;
    ((tau + 2.0 - 1.0 / zeta) / (tau * (tau + 2.0)).sqrt()).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{constants::beta_squared, quadrature::integrate_log};

    /// Slow: pi r_e^2 / beta (Dirac); fast: pi r_e^2 (ln 2 gamma - 1) / gamma.
    #[test]
    fn limits_of_slow_and_fast_positrons() {
        let slow: f64 = 1e-6;
        assert!((total(slow) * beta_squared(slow, ELECTRON_MASS).sqrt() / PI_RE2 - 1.0).abs() < 1e-3);
        let fast: f64 = 1e6;
        let gamma = fast / ELECTRON_MASS;
        assert!((total(fast) * gamma / (PI_RE2 * ((2.0 * gamma).ln() - 1.0)) - 1.0).abs() < 1e-4);
    }

    /// At 511 keV (gamma = 2): (13 ln(2 + sqrt 3) / 3 - 5 / sqrt 3) / 3 = 0.940022 of pi r_e^2, worked by hand.
    #[test]
    fn rest_energy_by_hand() {
        let barn = total(ELECTRON_MASS) * 1e24;
        assert!((barn / (0.249_467_4 * 0.940_022) - 1.0).abs() < 1e-5, "{barn}");
    }

    #[test]
    fn shares_integrate_to_the_cross_section() {
        for e in [0.001, 0.05, 0.511, 3.0, 20.0] {
            let (low, _) = shares(e);
            let both = 2.0 * integrate_log(low, 0.5, 12, |zeta| differential(e, zeta));
            assert!((both / (2.0 * total(e)) - 1.0).abs() < 1e-6, "{e}: {both} {}", total(e));
            // Momentum: the photons' components along the positron add up to its own.
            let momentum = (e * (e + 2.0 * ELECTRON_MASS)).sqrt();
            for zeta in [low, 0.3f64.max(low), 0.5] {
                let along = (e + 2.0 * ELECTRON_MASS) * (zeta * cosine(e, zeta) + (1.0 - zeta) * cosine(e, 1.0 - zeta));
                assert!((along / momentum - 1.0).abs() < 1e-9, "{e} {zeta}");
            }
        }
        assert_eq!(differential(1.0, 0.01), 0.0);
    }
}
