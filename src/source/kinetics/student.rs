//! Student's t distribution for whole degrees of freedom.

/// Probability that |t| is at most `t`; Abramowitz & Stegun 26.7.3 and 26.7.4.
fn within(t: f64, dof: usize) -> f64 {
    let theta = (t / (dof as f64).sqrt()).atan();
    let (sin, cos) = theta.sin_cos();
    let (mut term, mut sum) = if dof % 2 == 1 { (cos, if dof > 1 { cos } else { 0.0 }) } else { (1.0, 1.0) };
    let mut n = if dof % 2 == 1 { 3 } else { 2 };
    while n + 1 < dof {
        term *= (n - 1) as f64 / n as f64 * cos * cos;
        sum += term;
        n += 2;
    }
    if dof % 2 == 1 { 2.0 / std::f64::consts::PI * (theta + sin * sum) } else { sin * sum }
}

/// The t that |t| exceeds with probability `1 - level`.
pub(super) fn quantile(level: f64, dof: usize) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while within(high, dof) < level {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if within(middle, dof) < level { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_printed_tables() {
        let table =
            [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (6, 2.447), (7, 2.365), (10, 2.228), (15, 2.131), (30, 2.042)];
        for (dof, t) in table {
            assert!((quantile(0.95, dof) - t).abs() < 6.0e-4, "{dof}: {}", quantile(0.95, dof));
        }
        // Cauchy: tan(pi p / 2).
        assert!((quantile(0.5, 1) - 1.0).abs() < 1.0e-12);
        assert!((quantile(0.682_689_492, 10_001) - 1.0).abs() < 1.0e-4);
    }
}
