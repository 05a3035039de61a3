//! Mixed radiation qualities (Zaider & Rossi 1980), acute and protracted.
//!
//! With rates `a = sum alpha_q Ddot_q` and `b = sum sqrt(beta_q) Ddot_q`: `dW/dt = b - mu W`, `d ln S/dt = -(a + 2 b W)`. Sub-lethal damage of
//! one quality meets that of the others. Where all qualities share one time course, `ln S = -(sum alpha_q D_q + G (sum sqrt(beta_q) D_q)^2)`.

/// Dose of one radiation quality.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityDose {
    /// Dose, Gy.
    pub dose: f64,
    /// alpha of this quality, 1/Gy.
    pub alpha: f64,
    /// beta of this quality, 1/Gy^2.
    pub beta: f64,
}

/// Dose-averaged alpha and beta of a mixture; NaN without dose.
pub fn mixed_parameters(qualities: &[QualityDose]) -> (f64, f64) {
    let dose: f64 = qualities.iter().map(|q| q.dose).sum();
    let alpha = qualities.iter().map(|q| q.alpha * q.dose).sum::<f64>() / dose;
    let root = qualities.iter().map(|q| q.beta.sqrt() * q.dose).sum::<f64>() / dose;
    (alpha, root * root)
}

/// Natural logarithm of survival after a mixture whose qualities share one time course with protraction factor `g` (1: acute).
pub fn ln_survival_mixed(qualities: &[QualityDose], g: f64) -> f64 {
    let linear: f64 = qualities.iter().map(|q| q.alpha * q.dose).sum();
    let root: f64 = qualities.iter().map(|q| q.beta.sqrt() * q.dose).sum();
    -(linear + g * root * root)
}
