//! Repopulation during a protracted treatment.

use std::f64::consts::LN_2;

/// BED lost to repopulation by `time` after the first exposure, Gy: `ln2 (T - Tk)_+ /(alpha Tp)`.
pub fn bed_lost(alpha: f64, doubling_time: f64, kick_off: f64, time: f64) -> f64 {
    LN_2 * (time - kick_off).max(0.0) / (alpha * doubling_time)
}

/// Time after which a decaying dose rate no longer outpaces repopulation, `ln(alpha Ddot0 Tp/ln2)/lambda`; quadratic part left out.
///
/// 0 where the initial dose rate is already too low.
pub fn critical_time(alpha: f64, dose_rate: f64, lambda: f64, doubling_time: f64) -> f64 {
    ((alpha * dose_rate * doubling_time / LN_2).ln() / lambda).max(0.0)
}
