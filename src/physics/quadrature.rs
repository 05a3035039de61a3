//! Gauss-Legendre points on (0, 1).

/// Eight points: (node, weight), exact to degree 15.
pub const GAUSS_8: [(f64, f64); 8] = [
    (0.019_855_071_751_231_884, 0.050_614_268_145_188_13),
    (0.101_666_761_293_186_63, 0.111_190_517_226_687_24),
    (0.237_233_795_041_835_5, 0.156_853_322_938_943_64),
    (0.408_282_678_752_175_1, 0.181_341_891_689_181),
    (0.591_717_321_247_825, 0.181_341_891_689_181),
    (0.762_766_204_958_164_5, 0.156_853_322_938_943_64),
    (0.898_333_238_706_813_4, 0.111_190_517_226_687_24),
    (0.980_144_928_248_768_1, 0.050_614_268_145_188_13),
];

/// Integral of `f` from `a` to `b` by eight Gauss points on each of `pieces` pieces equal in the logarithm; `0 < a <= b`.
pub fn integrate_log(a: f64, b: f64, pieces: usize, f: impl Fn(f64) -> f64) -> f64 {
    if b <= a {
        return 0.0;
    }
    let width = (b / a).ln() / pieces as f64;
    (0..pieces)
        .flat_map(|k| GAUSS_8.iter().map(move |&(node, weight)| (a * ((k as f64 + node) * width).exp(), weight * width)))
        .map(|(x, weight)| weight * x * f(x))
        .sum()
}
