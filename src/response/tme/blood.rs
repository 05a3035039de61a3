//! Circulating lymphocytes: lost by dose in blood, made anew in weeks.

use crate::physics::exponential::decay;

/// Nodes and weights of Gauss and Legendre with five points on 0 to 1.
const GAUSS: [(f64, f64); 5] = [
    (0.046_910_077_030_668_0, 0.118_463_442_528_094_54),
    (0.230_765_344_947_158_45, 0.239_314_335_249_683_23),
    (0.5, 0.284_444_444_444_444_45),
    (0.769_234_655_052_841_5, 0.239_314_335_249_683_23),
    (0.953_089_922_969_332, 0.118_463_442_528_094_54),
];

/// `l' = k_l (1 - l) - alpha_l Ddot l`; of the cells lost a share leaves blood at once, the others with a half-time of about a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lymphocytes {
    /// Able lymphocytes in blood over those at the start.
    pub able: f64,
    /// Lethally damaged ones still there, in the same unit.
    pub damaged: f64,
    /// 1/Gy.
    alpha: f64,
    /// Recovery k_l, 1/d.
    recovery: f64,
    /// Share of the cells lost that leaves at once.
    at_once: f64,
    /// Release of damaged cells, 1/d.
    release: f64,
}

impl Lymphocytes {
    /// Before any irradiation; alpha in 1/Gy, rates in 1/d.
    pub fn new(alpha: f64, recovery: f64, at_once: f64, release: f64) -> Self {
        Self { able: 1.0, damaged: 0.0, alpha, recovery, at_once, release }
    }

    /// Advances by `days`; `dose(from, to)` is the dose in blood between two times counted from now, Gy.
    ///
    /// Exact up to a quadrature of the recovery with weights `e^(-k s - alpha D(s, end))`, which changes little within a step.
    pub fn advance(&mut self, days: f64, dose: impl Fn(f64, f64) -> f64) {
        let kept = |from: f64| decay(self.recovery, days - from) * (-self.alpha * dose(from, days)).exp();
        let recovered: f64 = GAUSS.iter().map(|&(x, weight)| weight * kept(x * days)).sum();
        let able = kept(0.0) * self.able + self.recovery * days * recovered;
        // What has neither stayed nor been made: lost by dose.
        let lost = (self.able + self.recovery * days * (1.0 - 0.5 * (self.able + able)) - able).max(0.0);
        self.damaged = self.damaged * decay(self.release, days) + (1.0 - self.at_once) * lost * decay(self.release, 0.5 * days);
        self.able = able;
    }
}
