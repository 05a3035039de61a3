//! Tier T0 of the response against closed forms, published identities and an independent integration in time.
//!
//! The ids T01 ... T44 are those of docs/methods/response.md. Expected values were computed with an independent program; where one is
//! printed with fewer digits than the tolerance of 1e-10 needs, its printed digits are compared.

mod formulas;
mod input;
mod maps;
#[path = "../support/random.rs"]
mod random;
mod regions;
mod setting;
mod step;

use dosaic::physics::exponential::Exponential;
pub(crate) use random::Random;

pub(crate) const LN_2: f64 = std::f64::consts::LN_2;
pub(crate) const HOUR: f64 = 3600.0;
pub(crate) const DAY: f64 = 86400.0;

/// Agrees with all printed digits of `expected`.
pub(crate) fn printed(what: &str, found: f64, expected: &str) {
    let decimals = expected.split_once('.').map_or(0, |(_, d)| d.len());
    let value: f64 = expected.parse().expect("a number");
    let half = 0.5001 * 10f64.powi(-(decimals as i32));
    assert!((found - value).abs() <= half.max(1e-15), "{what}: found {found:.14}, expected {expected}");
}

pub(crate) fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: found {found:.15e}, expected {expected:.15e}");
}

impl Random {
    /// Uniform in the logarithm.
    pub(crate) fn scale(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }
}

pub(crate) fn rate(half_life: f64) -> f64 {
    LN_2 / half_life
}

pub(crate) fn decaying(dose: f64, lambda: f64) -> Exponential {
    Exponential { amplitude: dose * lambda, rate: lambda }
}
