//! Equivalent uniform doses. All take `(value, weight)` pairs: equal weights for voxels, volumes for a dose-volume histogram.

/// Natural logarithm of the weighted mean of `e^x`, safe against underflow; negative infinity without weight.
///
/// An infinite largest value is returned as it is.
pub fn ln_mean_exp(values: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let top = values.clone().filter(|&(_, w)| w > 0.0).map(|(x, _)| x).fold(f64::NEG_INFINITY, f64::max);
    if top.is_infinite() {
        return top;
    }
    let (sum, weight) = values.fold((0.0, 0.0), |(sum, weight), (x, w)| (sum + w * (x - top).exp(), weight + w));
    top + (sum / weight).ln()
}

/// Cell-kill EUD (Niemierko 1997), `-ln(mean e^(-alpha D))/alpha`, Gy. Given BED it is the equivalent uniform BED (EUBED).
pub fn cell_kill_eud(values: impl Iterator<Item = (f64, f64)> + Clone, alpha: f64) -> f64 {
    -ln_mean_exp(values.map(|(d, w)| (-alpha * d, w))) / alpha
}

/// Generalised EUD, `(mean D^a)^(1/a)`, Gy: a < 0 for tumours, `a = 1/n` for normal tissue, `a = 0` the geometric mean.
///
/// Zero as soon as any weight has no dose where a <= 0.
pub fn geud(values: impl Iterator<Item = (f64, f64)> + Clone, a: f64) -> f64 {
    if a == 0.0 {
        let (sum, weight) = values.fold((0.0, 0.0), |(sum, weight), (d, w)| (sum + w * d.ln(), weight + w));
        return (sum / weight).exp();
    }
    // As an exponential of logarithms, no power over- or underflows.
    (ln_mean_exp(values.map(|(d, w)| (a * d.ln(), w))) / a).exp()
}
