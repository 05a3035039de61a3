//! Dose-protraction (Lea-Catcheside) factors `G = (2/D^2) Int Ddot(t) Int_0^t Ddot(s) e^(-mu (t - s)) ds dt`.

use crate::physics::exponential::{Exponential, divided_phi1, phi1, phi2};
use crate::response::step::step;

/// Constant dose rate for `duration` (Lea & Catcheside 1942): `2/(mu T)^2 (e^(-mu T) - 1 + mu T)`.
pub fn g_constant(mu: f64, duration: f64) -> f64 {
    2.0 * phi2(mu * duration)
}

/// Mono-exponential dose rate to complete decay (Dale 1985): `lambda/(lambda + mu)`.
pub fn g_decay(mu: f64, lambda: f64) -> f64 {
    lambda / (lambda + mu)
}

/// Mono-exponential dose rate, cut off after `duration`.
pub fn g_decay_until(mu: f64, lambda: f64, duration: f64) -> f64 {
    2.0 * divided_phi1(2.0 * lambda * duration, (lambda + mu) * duration) / phi1(lambda * duration).powi(2)
}

/// Sum of exponentials up to `duration`, which may be infinite; NaN if the total dose is zero.
pub fn g_exponentials(mu: f64, terms: &[Exponential], duration: f64) -> f64 {
    let total = step(&mut terms.to_vec(), 0.0, mu, duration);
    2.0 * total.q / (total.dose * total.dose)
}

/// Several repair processes, `U = sum w_i U_i`: the weighted mean of `g` over `(weight, mu)`; weights are normalised to sum 1.
pub fn g_components(components: &[(f64, f64)], g: impl Fn(f64) -> f64) -> f64 {
    let weight: f64 = components.iter().map(|&(w, _)| w).sum();
    components.iter().map(|&(w, mu)| w * g(mu)).sum::<f64>() / weight
}
