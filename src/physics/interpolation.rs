//! Interpolation of tabulated stopping powers in log-log, and the ranges that follow from them.

/// y(x) on a line in log-log between the two neighbouring points of ascending, positive tables; beyond the ends along the last segment.
///
/// Monotone between points. The error is second order in the spacing (below 0.1 % on the tables of this module); [`LogLogSpline`] is better.
pub fn interpolate_loglog(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let i = segment(x, xs);
    let t = (x / xs[i]).ln() / (xs[i + 1] / xs[i]).ln();
    ys[i] * (ys[i + 1] / ys[i]).powf(t)
}

/// y(x) on a line in ln x (y may be zero), constant beyond the ends.
pub fn interpolate_log(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let i = segment(x, xs);
    let t = ((x / xs[i]).ln() / (xs[i + 1] / xs[i]).ln()).clamp(0.0, 1.0);
    ys[i] + t * (ys[i + 1] - ys[i])
}

/// Position i with `xs[i] <= x < xs[i + 1]`, clamped to the table.
fn segment(x: f64, xs: &[f64]) -> usize {
    xs.partition_point(|&v| v <= x).clamp(1, xs.len() - 1) - 1
}

/// Cubic spline of ln y in ln x with not-a-knot ends; beyond the ends a straight line in log-log.
#[derive(Debug, Clone)]
pub struct LogLogSpline {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Slopes at the points.
    d: Vec<f64>,
}

impl LogLogSpline {
    /// Through positive points, x strictly ascending; at least four.
    pub fn new(xs: &[f64], ys: &[f64]) -> Self {
        assert!(xs.len() >= 4 && xs.len() == ys.len(), "a spline needs at least four points");
        let x: Vec<f64> = xs.iter().map(|v| v.ln()).collect();
        let y: Vec<f64> = ys.iter().map(|v| v.ln()).collect();
        let d = not_a_knot_slopes(&x, &y);
        Self { x, y, d }
    }

    /// y(x), x > 0.
    pub fn eval(&self, x: f64) -> f64 {
        self.eval_ln(x.ln()).exp()
    }

    /// ln y at ln x.
    pub fn eval_ln(&self, t: f64) -> f64 {
        let last = self.x.len() - 1;
        if t <= self.x[0] {
            return self.y[0] + self.d[0] * (t - self.x[0]);
        }
        if t >= self.x[last] {
            return self.y[last] + self.d[last] * (t - self.x[last]);
        }
        let i = segment(t, &self.x);
        let h = self.x[i + 1] - self.x[i];
        let s = (t - self.x[i]) / h;
        let (s2, s3) = (s * s, s * s * s);
        self.y[i] * (2.0 * s3 - 3.0 * s2 + 1.0)
            + self.y[i + 1] * (3.0 * s2 - 2.0 * s3)
            + h * (self.d[i] * (s3 - 2.0 * s2 + s) + self.d[i + 1] * (s3 - s2))
    }
}

/// Slopes of the C2 cubic spline whose third derivative is continuous at the second and last-but-one point.
fn not_a_knot_slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let h: Vec<f64> = x.windows(2).map(|p| p[1] - p[0]).collect();
    let slope: Vec<f64> = (0..n - 1).map(|i| (y[i + 1] - y[i]) / h[i]).collect();
    let (mut lower, mut diagonal, mut upper, mut right) = (vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    for i in 1..n - 1 {
        lower[i] = h[i];
        diagonal[i] = 2.0 * (h[i - 1] + h[i]);
        upper[i] = h[i - 1];
        right[i] = 3.0 * (h[i] * slope[i - 1] + h[i - 1] * slope[i]);
    }
    // End rows: not-a-knot, with the third unknown eliminated by the neighbouring row.
    let s = h[0] + h[1];
    (diagonal[0], upper[0]) = (h[1], s);
    right[0] = ((h[0] + 2.0 * s) * h[1] * slope[0] + h[0] * h[0] * slope[1]) / s;
    let (a, b) = (h[n - 2], h[n - 3]);
    let s = a + b;
    (diagonal[n - 1], lower[n - 1]) = (b, s);
    right[n - 1] = (a * a * slope[n - 3] + (2.0 * s + a) * b * slope[n - 2]) / s;
    for i in 1..n {
        let factor = lower[i] / diagonal[i - 1];
        diagonal[i] -= factor * upper[i - 1];
        right[i] -= factor * right[i - 1];
    }
    right[n - 1] /= diagonal[n - 1];
    for i in (0..n - 1).rev() {
        right[i] = (right[i] - upper[i] * right[i + 1]) / diagonal[i];
    }
    right
}

/// Nodes and weights of the 5-point Gauss-Legendre rule on [-1, 1].
const GAUSS: [(f64, f64); 5] = [
    (0.0, 0.568_888_888_888_888_9),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// Integral of `f(x)` from each x to the next, summed from `first`: `result[i] = first + integral from xs[0] to xs[i]`.
///
/// Gauss-Legendre in ln x, five points per interval; `f` must be smooth between points.
pub fn cumulative_integral(xs: &[f64], first: f64, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut total = first;
    let mut result = vec![total];
    for pair in xs.windows(2) {
        let (a, b) = (pair[0].ln(), pair[1].ln());
        let (half, middle) = (0.5 * (b - a), 0.5 * (a + b));
        let point = |(node, weight): &(f64, f64)| {
            let x = (middle + half * node).exp();
            weight * x * f(x)
        };
        total += half * GAUSS.iter().map(point).sum::<f64>();
        result.push(total);
    }
    result
}

/// CSDA range at each energy, g/cm2, from total stopping powers in MeV cm2/g at energies in MeV (at least four, ascending).
///
/// Below the first energy S is taken as proportional to E^`low_exponent` (below 1), so that R(E0) = E0 / S(E0) / (1 - `low_exponent`);
/// [`ALPHA_LOW_EXPONENT`] and [`ELECTRON_LOW_EXPONENT`] are those of the tables.
pub fn csda_range(energy: &[f64], total: &[f64], low_exponent: f64) -> Vec<f64> {
    let spline = LogLogSpline::new(energy, total);
    let first = energy[0] / total[0] / (1.0 - low_exponent);
    cumulative_integral(energy, first, |e| 1.0 / spline.eval(e))
}

/// S ~ E^(1/3) below 1 keV for alphas: R(1 keV) = 1.5 E/S.
pub const ALPHA_LOW_EXPONENT: f64 = 1.0 / 3.0;
/// S ~ E^-0.7 below 1 keV for electrons: R(1 keV) = E/S/1.7.
pub const ELECTRON_LOW_EXPONENT: f64 = -0.7;

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(n: usize) -> Vec<f64> {
        (0..n).map(|i| 1e-3 * 10f64.powf(i as f64 * 4.0 / (n - 1) as f64)).collect()
    }

    #[test]
    fn power_laws_are_exact() {
        let xs = grid(9);
        let ys: Vec<f64> = xs.iter().map(|x| 3.0 * x.powf(-0.75)).collect();
        let spline = LogLogSpline::new(&xs, &ys);
        for x in [2e-4, 1e-3, 0.0123, 0.5, 10.0, 30.0] {
            let exact = 3.0 * f64::powf(x, -0.75);
            assert!((interpolate_loglog(x, &xs, &ys) / exact - 1.0).abs() < 1e-12);
            assert!((spline.eval(x) / exact - 1.0).abs() < 1e-12);
        }
        let range = csda_range(&xs, &ys, -0.75);
        for (x, r) in xs.iter().zip(range) {
            assert!((r / (x.powf(1.75) / 5.25) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn not_a_knot_reproduces_cubics() {
        let cubic = |t: f64| 0.3 - 0.2 * t + 0.05 * t * t - 0.01 * t * t * t;
        let xs = [0.001, 0.004, 0.01, 0.09, 0.4, 1.0, 7.0];
        let ys: Vec<f64> = xs.iter().map(|x: &f64| cubic(x.ln()).exp()).collect();
        let spline = LogLogSpline::new(&xs, &ys);
        for x in [0.0015f64, 0.02, 0.3, 6.0] {
            assert!((spline.eval_ln(x.ln()) - cubic(x.ln())).abs() < 1e-12);
        }
    }

    #[test]
    fn log_interpolation_stays_inside() {
        assert_eq!(interpolate_log(0.5, &[1.0, 10.0], &[0.0, 2.0]), 0.0);
        assert_eq!(interpolate_log(100.0, &[1.0, 10.0], &[0.0, 2.0]), 2.0);
        assert!((interpolate_log(10f64.sqrt(), &[1.0, 10.0], &[0.0, 2.0]) - 1.0).abs() < 1e-12);
    }
}
