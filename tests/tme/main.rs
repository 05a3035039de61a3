//! The tumour-microenvironment model: regression runs, the published immune model, limits, conservation, order, properties.
//!
//! The ids T21 ... T42 are those of docs/methods/response.md. Expected values without a source were computed with an independent program.

mod conservation;
mod immune;
mod kosinsky;
mod limits;
mod lone_functions;
mod properties;
#[path = "../support/random.rs"]
mod random;
mod regression;
mod running;
mod setting;
mod uptake;

pub(crate) fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: found {found:.15e}, expected {expected:.15e}");
}

/// Agrees with all printed digits of `expected`.
pub(crate) fn printed(what: &str, found: f64, expected: &str) {
    let (digits, exponent) = expected.split_once('e').map_or((expected, 0), |(d, e)| (d, e.parse().expect("an exponent")));
    let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
    let value: f64 = expected.parse().expect("a number");
    let half = 0.5001 * 10f64.powi(exponent - decimals as i32);
    assert!((found - value).abs() <= half, "{what}: found {found:.9e}, expected {expected}");
}
