//! Collision stopping power of electrons and positrons: the formula of Berger and Seltzer (ICRU Report 37), unrestricted and restricted.

use super::constants::{ELECTRON_MASS, STOPPING_FACTOR, beta_squared};

/// Electron or positron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// Electron: Moeller scattering; the faster of the two is the primary, so at most half of the energy is lost.
    Electron,
    /// Positron: Bhabha scattering; all of the energy can be lost.
    Positron,
}

impl Charge {
    /// Largest energy transfer to an atomic electron, MeV.
    pub fn max_transfer(self, e: f64) -> f64 {
        match self {
            Self::Electron => 0.5 * e,
            Self::Positron => e,
        }
    }
}

/// The function G of the restricted formula, `t_cut` up to [`Charge::max_transfer`]; at that limit it is the F of the unrestricted formula.
fn g(charge: Charge, e: f64, t_cut: f64) -> f64 {
    let tau = e / ELECTRON_MASS;
    let b2 = beta_squared(e, ELECTRON_MASS);
    let eta = (t_cut / e).min(charge.max_transfer(1.0));
    match charge {
        Charge::Electron => {
            let rest = 1.0 - eta;
            -1.0 - b2 + (4.0 * rest * eta).ln() + 1.0 / rest + (1.0 - b2) * (0.5 * tau * tau * eta * eta + (2.0 * tau + 1.0) * rest.ln())
        }
        Charge::Positron => {
            let xi = 1.0 / (tau + 2.0);
            let xt = xi * tau;
            let bracket = 1.0 + (2.0 - xi * xi) * eta - (3.0 + xi * xi) * 0.5 * xt * eta.powi(2) + (1.0 + xt) * xt * xt / 3.0 * eta.powi(3)
                - 0.25 * xt.powi(3) * eta.powi(4);
            (4.0 * eta).ln() - b2 * bracket
        }
    }
}

/// Collision stopping power (MeV cm2/g) of energy transfers up to `t_cut` (MeV) for a particle of `e` MeV, in a medium of
/// `z_over_a` mol of electrons per g, mean excitation energy `i_value` (eV) and density effect `delta` (ICRU Report 37, equations 5.2 to 5.6).
pub fn collision_stopping(charge: Charge, e: f64, t_cut: f64, z_over_a: f64, i_value: f64, delta: f64) -> f64 {
    let tau = e / ELECTRON_MASS;
    let b2 = beta_squared(e, ELECTRON_MASS);
    let bracket = 2.0 * (e * 1e6 / i_value).ln() + (0.5 * tau).ln_1p() + g(charge, e, t_cut) - delta;
    STOPPING_FACTOR * z_over_a / b2 * bracket
}

/// Energy lost per path (MeV cm2/g) in transfers above `t_cut` (MeV): the integral of the Moeller or Bhabha cross section times the transfer.
///
/// What an unrestricted stopping power must be reduced by so that it and hard events above `t_cut` add up to it exactly; depends on the electrons
/// per mass alone. Zero if `t_cut` is at or above [`Charge::max_transfer`].
pub fn hard_collision_loss(charge: Charge, e: f64, t_cut: f64, z_over_a: f64) -> f64 {
    if t_cut >= charge.max_transfer(e) {
        return 0.0;
    }
    STOPPING_FACTOR * z_over_a / beta_squared(e, ELECTRON_MASS) * (g(charge, e, e) - g(charge, e, t_cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENERGIES: [f64; 6] = [1e-3, 0.01, 0.1, 1.0, 5.0, 20.0];

    /// The F of the unrestricted formulas as ICRU 37 prints them.
    #[test]
    fn g_ends_in_f() {
        for e in ENERGIES {
            let tau = e / ELECTRON_MASS;
            let b2 = beta_squared(e, ELECTRON_MASS);
            let f = (1.0 - b2) * (1.0 + tau * tau / 8.0 - (2.0 * tau + 1.0) * std::f64::consts::LN_2);
            assert!((g(Charge::Electron, e, 0.5 * e) - f).abs() < 1e-12, "{e}");
            let y = tau + 2.0;
            let f = 2.0 * std::f64::consts::LN_2 - b2 / 12.0 * (23.0 + 14.0 / y + 10.0 / (y * y) + 4.0 / (y * y * y));
            assert!((g(Charge::Positron, e, e) - f).abs() < 1e-12, "{e}");
        }
    }

    /// The restricted formula leaves out what the Moeller and Bhabha cross sections, integrated numerically, lose above the cut.
    #[test]
    fn hard_loss_is_the_integral_of_the_cross_sections() {
        for e in ENERGIES {
            let tau = e / ELECTRON_MASS;
            let b2 = beta_squared(e, ELECTRON_MASS);
            for cut in [0.02, 0.2] {
                let moeller = |w: f64| {
                    let v = 1.0 - w;
                    1.0 / (w * w) + 1.0 / (v * v) + (tau / (tau + 1.0)).powi(2) - (2.0 * tau + 1.0) / (tau + 1.0).powi(2) / (w * v)
                };
                let y = 1.0 / (tau + 2.0);
                let q = 1.0 - 2.0 * y;
                let (b1, b2_, b4) = (2.0 - y * y, q * (3.0 + y * y), q.powi(3));
                let bhabha = |w: f64| 1.0 / (w * w) + b2 * (-b1 / w + b2_ - (b4 + q * q) * w + b4 * w * w);
                for (charge, cross_section) in [(Charge::Electron, &moeller as &dyn Fn(f64) -> f64), (Charge::Positron, &bhabha)] {
                    let (n, end) = (20_000, charge.max_transfer(1.0));
                    let step = (end / cut).ln() / f64::from(n);
                    let integral: f64 = (0..n)
                        .map(|i| {
                            let w = cut * ((f64::from(i) + 0.5) * step).exp();
                            w * w * cross_section(w) * step
                        })
                        .sum();
                    let loss = hard_collision_loss(charge, e, cut * e, 0.555);
                    let exact = STOPPING_FACTOR * 0.555 / b2 * integral;
                    assert!((loss / exact - 1.0).abs() < 1e-6, "{charge:?} {e} {cut}: {loss} {exact}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_hard_beyond_the_largest_transfer() {
        assert_eq!(hard_collision_loss(Charge::Electron, 1.0, 0.5, 0.555), 0.0);
        assert!(hard_collision_loss(Charge::Positron, 1.0, 0.5, 0.555) > 0.0);
        assert_eq!(hard_collision_loss(Charge::Positron, 1.0, 1.5, 0.555), 0.0);
    }

    #[test]
    fn water_at_one_mev() {
        // NIST ESTAR, liquid water, 1 MeV: 1.849 MeV cm2/g, delta = 0.2428.
        let s = collision_stopping(Charge::Electron, 1.0, 1.0, 0.555_08, 75.0, 0.2428);
        assert!((s - 1.849).abs() < 1e-3, "{s}");
    }
}
