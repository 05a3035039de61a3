//! Tier T0 of the response against closed forms, published identities and an independent integration in time.
//!
//! The ids T01 ... T44 are those of docs/methods/response.md. Expected values were computed with an independent program; where one is
//! printed with fewer digits than the tolerance of 1e-10 needs, its printed digits are compared.

mod formulas;
mod input;
mod maps;
mod regions;
mod setting;
mod step;

use dosaic::physics::exponential::Exponential;

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

/// SplitMix64 (Steele et al. 2014): the same numbers everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

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
