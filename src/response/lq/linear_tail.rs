//! The modified LQ model (MLQ, also LQ-L): the survival curve bends into a straight tail at high dose (Guerrero & Li 2004).
//!
//! `dU/dt = Ddot - (mu + delta Ddot) U`. In radiopharmaceutical therapy U stays near a gray and the tail does not matter; it matters for
//! acute comparison data. The maps use plain LQ and report where U comes near the tail.

use crate::physics::exponential::phi2;

/// Natural logarithm of survival after an acute dose: `-alpha D - (2 beta/delta^2)(delta D - 1 + e^(-delta D))`; plain LQ at delta = 0.
pub fn ln_survival_acute(alpha: f64, beta: f64, delta: f64, dose: f64) -> f64 {
    -(alpha * dose + 2.0 * beta * dose * dose * phi2(delta * dose))
}

/// Protraction factor at constant dose rate: that of plain LQ with `mu T + delta D` in place of `mu T`.
pub fn g_constant(mu: f64, duration: f64, delta: f64, dose: f64) -> f64 {
    2.0 * phi2(mu * duration + delta * dose)
}
