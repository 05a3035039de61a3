//! Lineal energy of charged particles, as far as the biological effect of a track depends on it.

/// Saturation-corrected lineal energy `y* = y0^2 (1 - exp(-y^2/y0^2))/y` of events of a single lineal energy `y`, in its unit (Kase 2006).
///
/// What exceeds `y0` is spent on cells that are dead already: `y*` is `y` far below `y0`, has its largest value 0.638 `y0` at 1.121 `y0`,
/// and falls as `y0^2/y` above. `y0` is positive; 0 for `y = 0`.
pub fn saturated(y: f64, y0: f64) -> f64 {
    if y > 0.0 { -(-(y / y0).powi(2)).exp_m1() * y0 * y0 / y } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::saturated;

    #[test]
    fn it_saturates() {
        assert_eq!(saturated(0.0, 150.0), 0.0);
        // Without saturation it is the lineal energy itself; the next term is -y^3/(2 y0^2).
        assert!((saturated(80.0, 1.0e9) / 80.0 - 1.0).abs() < 1e-14);
        assert!((saturated(10.0, 150.0) / (10.0 * (1.0 - 100.0 / 45_000.0)) - 1.0).abs() < 1e-5);
        // Largest where 2 x^2 = e^(x^2) - 1, x = 1.12091; there 2 x/(1 + 2 x^2).
        let top = saturated(1.120_906 * 150.0, 150.0);
        assert!((top / 150.0 - 0.638_173).abs() < 1e-6, "{top}");
        assert!(saturated(1.05 * 168.1, 150.0) < top && saturated(0.95 * 168.1, 150.0) < top);
        assert!((saturated(1500.0, 150.0) - 15.0).abs() < 1e-12);
    }
}
