//! Normal-tissue complications: Lyman-Kutcher-Burman, and limits.

use serde::Serialize;

use super::normal::normal_cdf;
use crate::plan::Lkb;

/// Lyman-Kutcher-Burman NTCP, `Phi((gEUD - TD50)/(m TD50))`; `geud` with `a = 1/n`, in EQD2 where TD50 was found in external-beam therapy.
pub fn ntcp(lkb: &Lkb, geud: f64) -> f64 {
    normal_cdf((geud - lkb.td50) / (lkb.m * lkb.td50))
}

/// A limit on the mean BED and how it is met.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LimitCheck {
    /// The limit, Gy.
    pub limit: f64,
    /// The limit less the value, Gy; negative if exceeded.
    pub margin: f64,
    /// Whether the value is within the limit.
    pub passes: bool,
}

impl LimitCheck {
    /// Compares a value with its limit, both Gy.
    pub fn new(limit: f64, value: f64) -> Self {
        Self { limit, margin: limit - value, passes: value <= limit }
    }
}
