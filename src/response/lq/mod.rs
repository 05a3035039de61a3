//! The linear-quadratic model in closed form.
//!
//! `ln S = -(alpha D + G beta D^2)`; G is the dose-protraction factor (1 for acute exposure, [`protraction`]). Times and rates in any one unit.

pub mod fractionation;
pub mod linear_tail;
pub mod microdosimetry;
pub mod oxygen;
pub mod protraction;
pub mod quality;
pub mod repopulation;

/// Natural logarithm of the surviving fraction after `dose` (Gy) with protraction factor `g`; alpha in 1/Gy, beta in 1/Gy^2.
pub fn ln_survival(alpha: f64, beta: f64, dose: f64, g: f64) -> f64 {
    -(alpha * dose + g * beta * dose * dose)
}

/// Relative effectiveness `RE = 1 + G D/(alpha/beta)` (Barendsen 1982, Dale 1985).
pub fn relative_effectiveness(dose: f64, g: f64, alpha_beta: f64) -> f64 {
    1.0 + g * dose / alpha_beta
}

/// Biologically effective dose `D RE`, Gy.
pub fn bed(dose: f64, g: f64, alpha_beta: f64) -> f64 {
    dose * relative_effectiveness(dose, g, alpha_beta)
}

/// The dose that has this BED at protraction factor `g`: the positive root of `D (1 + G D/(alpha/beta)) = BED`, Gy.
pub fn dose_of_bed(bed: f64, g: f64, alpha_beta: f64) -> f64 {
    2.0 * bed / (1.0 + (1.0 + 4.0 * g * bed / alpha_beta).sqrt())
}

/// Equivalent dose in 2 Gy fractions with full repair between them, Gy.
pub fn eqd2(bed: f64, alpha_beta: f64) -> f64 {
    bed / (1.0 + 2.0 / alpha_beta)
}
