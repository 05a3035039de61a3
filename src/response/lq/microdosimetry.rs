//! alpha from microdosimetry: the microdosimetric-kinetic model, and cells that are hit rarely.

use std::f64::consts::PI;

use crate::units::JOULE_PER_MEV;

/// Gy um^2 per (keV/um) in water: specific energy of an event is this times `y/(pi r^2)`.
const GY_UM2_PER_KEV_UM: f64 = JOULE_PER_MEV * 1.0e12;

/// Parameters of the microdosimetric-kinetic model with saturation (Kase 2006, Inaniwa 2010).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mkm {
    /// alpha in the limit of zero LET, 1/Gy.
    pub alpha0: f64,
    /// beta, 1/Gy^2.
    pub beta: f64,
    /// Radius of a domain, um.
    pub domain_radius: f64,
    /// Saturation parameter, keV/um.
    pub y0: f64,
}

impl Mkm {
    /// Human salivary gland cells: alpha0 0.13/Gy, beta 0.05/Gy^2, domain 0.42 um, y0 150 keV/um (Kase 2006).
    pub const HSG: Self = Self { alpha0: 0.13, beta: 0.05, domain_radius: 0.42, y0: 150.0 };

    /// alpha for events of a single lineal energy y, keV/um.
    pub fn alpha(&self, y: f64) -> f64 {
        self.alpha_spectrum(&[(y, 1.0)])
    }

    /// alpha for a spectrum of `(lineal energy in keV/um, number of events)`; NaN for an empty one.
    ///
    /// `y* = y0^2 Int (1 - e^(-y^2/y0^2)) f dy / Int y f dy`, `alpha = alpha0 + beta z(y*)`.
    pub fn alpha_spectrum(&self, events: &[(f64, f64)]) -> f64 {
        let saturated: f64 = events.iter().map(|&(y, f)| -(-(y / self.y0).powi(2)).exp_m1() * f).sum();
        let mean: f64 = events.iter().map(|&(y, f)| y * f).sum();
        let y_star = self.y0 * self.y0 * saturated / mean;
        self.alpha_saturated(y_star)
    }

    /// alpha for the saturated lineal energy y* of a spectrum, keV/um: `alpha0 + beta z(y*)`.
    pub fn alpha_saturated(&self, y_star: f64) -> f64 {
        self.alpha0 + self.beta * specific_energy(y_star, self.domain_radius)
    }
}

/// Specific energy, Gy, that an event of lineal energy `y` (keV/um) leaves in a sphere of water of `radius` um.
pub fn specific_energy(y: f64, radius: f64) -> f64 {
    GY_UM2_PER_KEV_UM * y / (PI * radius * radius)
}

/// Effective alpha where nuclei are hit rarely, for a single-event spectrum of `(specific energy in Gy, number of events)`.
///
/// Hits are Poisson with mean `D/z_F`, so `S = exp(-(1 - phi) D/z_F)` with `phi = <e^(-alpha z)>`: `alpha_eff = (1 - phi)/z_F < alpha`.
pub fn effective_alpha(alpha: f64, events: &[(f64, f64)]) -> f64 {
    let killed: f64 = events.iter().map(|&(z, f)| -(-alpha * z).exp_m1() * f).sum();
    let energy: f64 = events.iter().map(|&(z, f)| z * f).sum();
    killed / energy
}

/// [`effective_alpha`] for exponentially distributed specific energy of mean `z_f` (Gy): `alpha/(1 + alpha z_F)`.
pub fn effective_alpha_exponential(alpha: f64, z_f: f64) -> f64 {
    alpha / (1.0 + alpha * z_f)
}
