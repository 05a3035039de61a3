//! Acute fractions with incomplete repair between them (Thames 1985).

/// Thames' `h_n` for `n` equal acute fractions `gap` apart: `ln S = -n (alpha d + beta d^2 (1 + h_n))`.
///
/// Summed as `(2/n) sum_(k=1)^(n-1) (n - k) phi^k`, `phi = e^(-mu gap)`: equal to the usual quotient, and exact also as phi -> 1 (h_n = n - 1).
pub fn thames_h(n: u32, mu: f64, gap: f64) -> f64 {
    let phi = (-mu * gap).exp();
    // Horner from the highest power.
    let sum = (1..n).rev().fold(0.0, |sum, k| (sum + f64::from(n - k)) * phi);
    if n == 0 { 0.0 } else { 2.0 * sum / f64::from(n) }
}

/// Natural logarithm of survival after `n` acute fractions of `dose` Gy each, `gap` apart.
pub fn ln_survival_fractions(alpha: f64, beta: f64, n: u32, dose: f64, mu: f64, gap: f64) -> f64 {
    -f64::from(n) * (alpha * dose + beta * dose * dose * (1.0 + thames_h(n, mu, gap)))
}
