//! Integrals of decaying exponentials, written so that no rate difference is ever divided by.
//!
//! The textbook forms contain `1/(mu - lambda)` and `(1 - e^-x)/x`; both lose all digits where a physical decay is as fast as repair, or
//! where a rate vanishes. Everything here is a sum of positive terms instead, accurate to a few units in the last place at any rates; a
//! negative one (something that grows) needs a finite time. Forms with powers of time come from divided differences of the exponential.

/// One exponential of a dose rate, `amplitude e^(-rate t)`; a negative amplitude describes an uptake phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    /// Value at t = 0 (Gy per unit of time).
    pub amplitude: f64,
    /// Decay constant (1 per unit of time), not negative.
    pub rate: f64,
}

/// `phi1(x) = (1 - e^-x)/x`, the mean of `e^(-x s)` over `0 <= s <= 1`; 1 at 0.
pub fn phi1(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { -(-x).exp_m1() / x }
}

/// `phi2(x) = (x - 1 + e^-x)/x^2`, the integral of `(1 - s) e^(-x s)` over `0 <= s <= 1`; 1/2 at 0.
pub fn phi2(x: f64) -> f64 {
    if x.abs() < 1.0 {
        // Nested series of (-x)^k / (k + 2)!; the first term left out is below 1e-17 of the sum.
        (3..=20).rev().fold(1.0, |sum, k| 1.0 - x / f64::from(k) * sum) / 2.0
    } else {
        (1.0 - phi1(x)) / x
    }
}

/// The integral of `s e^(-x s)` over `0 <= s <= 1`; 1/2 at 0.
pub fn first_moment(x: f64) -> f64 {
    if x.abs() < 1.0 { (-x).exp() * phi2(-x) } else { (phi1(x) - (-x).exp()) / x }
}

/// Symmetric second divided difference of the exponential at 0, -x, -y: `(phi1(x) - phi1(y))/(y - x)`; 1/2 at (0, 0).
///
/// With `d = |y - x|` it is the weighted mean of two positive functions, `[x I(x) + e^-x d phi2(d)]/(x + d)` with the smaller argument as x
/// and I the integral of `s e^(-x s)`; so it is accurate also at x = y. Where an argument is negative all three points are moved by it.
pub fn divided_phi1(x: f64, y: f64) -> f64 {
    let (low, high) = if x <= y { (x, y) } else { (y, x) };
    let gap = high - low;
    if low < 0.0 {
        return (-low).exp() * divided_phi1(-low, gap);
    }
    if high == 0.0 {
        return 0.5;
    }
    low / high * first_moment(low) + gap / high * (-low).exp() * phi2(gap)
}

/// `e^(-rate h)`, also for h infinite (1 at rate 0).
pub fn decay(rate: f64, h: f64) -> f64 {
    if rate == 0.0 { 1.0 } else { (-rate * h).exp() }
}

/// Integral of `e^(-rate t)` over `0 <= t <= h`; h may be infinite (then 1/rate).
pub fn integral(rate: f64, h: f64) -> f64 {
    if h.is_infinite() { 1.0 / rate } else { h * phi1(rate * h) }
}

/// What is left at h of `e^(-rate t)` released over `0 <= t <= h` and repaired at `mu`: integral of `e^(-rate s) e^(-mu (h - s))`.
///
/// Equal to `(e^(-rate h) - e^(-mu h))/(mu - rate)`; symmetric in both rates; h may be infinite.
pub fn remaining(rate: f64, mu: f64, h: f64) -> f64 {
    let (slow, fast) = if rate <= mu { (rate, mu) } else { (mu, rate) };
    if h.is_infinite() {
        return if slow > 0.0 { 0.0 } else { 1.0 / fast };
    }
    decay(slow, h) * h * phi1((fast - slow) * h)
}

/// Integral of `t^power e^(-rate t)` over `0 <= t <= h`; h may be infinite for a positive rate.
pub fn moment(power: u32, rate: f64, h: f64) -> f64 {
    if power == 0 {
        return integral(rate, h);
    }
    if h.is_infinite() {
        return factorial(power) / rate.powi(power as i32 + 1);
    }
    h.powi(power as i32 + 1) * factorial(power) * divided_exp(&[(0.0, 1), (-rate * h, power + 1)])
}

/// What is left at h of `t^power e^(-rate t)` repaired at `mu`; [`remaining`] for power 0.
pub fn moment_remaining(power: u32, rate: f64, mu: f64, h: f64) -> f64 {
    if power == 0 {
        return remaining(rate, mu, h);
    }
    if h.is_infinite() {
        return 0.0;
    }
    h.powi(power as i32 + 1) * factorial(power) * divided_exp(&[(-mu * h, 1), (-rate * h, power + 1)])
}

/// `(gap + u)^power` as factors of powers of u, by the binomial theorem: no subtraction for a gap that is not negative. Zero factors are left out.
pub fn shifted_power(power: u32, gap: f64) -> impl Iterator<Item = (f64, u32)> {
    let mut binomial = 1.0;
    (0..=power).rev().filter_map(move |p| {
        // C(power, p) gap^(power - p)
        let factor = binomial;
        binomial *= gap * f64::from(p) / f64::from(power - p + 1);
        (factor != 0.0).then_some((factor, p))
    })
}

/// Time at which [`remaining`] is largest: `ln(mu/rate)/(mu - rate)`; both rates positive.
pub fn remaining_peak(rate: f64, mu: f64) -> f64 {
    let x = (mu - rate) / rate;
    // ln(1 + x)/x -> 1 as x -> 0
    if x == 0.0 { 1.0 / rate } else { x.ln_1p() / (x * rate) }
}

/// Integral over `0 <= t <= h` of `e^(-rate t)` times [`remaining`]`(released, mu, t)`: dose rate meeting the unrepaired dose of another.
///
/// Equal to `1/(mu - released) [ (1 - e^(-(rate + released) h))/(rate + released) - (1 - e^(-(rate + mu) h))/(rate + mu) ]`;
/// `1/((rate + released)(rate + mu))` for h infinite.
pub fn encounter(rate: f64, released: f64, mu: f64, h: f64) -> f64 {
    if h.is_infinite() {
        return 1.0 / ((rate + released) * (rate + mu));
    }
    h * h * divided_phi1((rate + released) * h, (rate + mu) * h)
}

/// Integral over `0 <= t <= h` of `t^p e^(-rate t)` times [`moment_remaining`]`(q, released, mu, t)`; [`encounter`] for powers 0.
///
/// Derivatives of `h^2 [0, -x, -y]` (a divided difference of the exponential, x = (rate + released) h, y = (rate + mu) h) with respect to
/// the rates: each repeats a point, so that the result is again a sum of positive terms.
pub fn moment_encounter((rate, p): (f64, u32), (released, q): (f64, u32), mu: f64, h: f64) -> f64 {
    if (p, q) == (0, 0) {
        return encounter(rate, released, mu, h);
    }
    let (x, y) = (rate + released, rate + mu);
    let term = |k: u32| {
        let factor = factorial(p) / (factorial(k) * factorial(p - k)) * factorial(q + k) * factorial(p - k);
        let (to_x, to_y) = (q + 1 + k, 1 + p - k);
        if h.is_infinite() {
            factor / (x.powi(to_x as i32) * y.powi(to_y as i32))
        } else {
            factor * divided_exp(&[(0.0, 1), (-x * h, to_x), (-y * h, to_y)])
        }
    };
    let sum: f64 = (0..=p).map(term).sum();
    if h.is_infinite() { sum } else { h.powi((2 + p + q) as i32) * sum }
}

fn factorial(n: u32) -> f64 {
    (1..=n).map(f64::from).product()
}

/// Distance of points up to which [`divided_exp`] uses its series, whose terms are all positive.
const SERIES: f64 = 10.0;

/// Divided difference of the exponential at points with multiplicities, e.g. `1/(n - 1)!` at n points that are all 0.
///
/// Far points: `([z_1 .. z_n] - [z_0 .. z_(n-1)])/(z_n - z_0)` on sorted points, which loses no digits at distances above [`SERIES`]. Near
/// points: `e^(z_0) sum_k h_k(z - z_0)/(n + k)!` with the complete homogeneous symmetric polynomials h_k (McCurdy, Ng and Parlett 1984).
pub fn divided_exp(points: &[(f64, u32)]) -> f64 {
    let mut z: Vec<f64> = points.iter().flat_map(|&(z, times)| std::iter::repeat_n(z, times as usize)).collect();
    z.sort_by(f64::total_cmp);
    let Some(last) = z.len().checked_sub(1) else { return 0.0 };
    if z[last] - z[0] <= SERIES {
        return near_points(&z);
    }
    let mut differences: Vec<f64> = z.iter().map(|z| z.exp()).collect();
    for order in 1..=last {
        for i in 0..=last - order {
            let distance = z[i + order] - z[i];
            differences[i] =
                if distance > SERIES { (differences[i + 1] - differences[i]) / distance } else { near_points(&z[i..=i + order]) };
        }
    }
    differences[0]
}

/// [`divided_exp`] at ascending points that are near each other.
fn near_points(z: &[f64]) -> f64 {
    // h_k of the first i + 1 points; the first is at distance 0.
    let mut symmetric = vec![1.0; z.len()];
    let mut weight = 1.0 / factorial(z.len() as u32 - 1);
    let mut sum = weight;
    // Terms rise at most until k = the largest distance.
    for k in 1..200u32 {
        symmetric[0] = 0.0;
        for i in 1..z.len() {
            symmetric[i] = symmetric[i - 1] + (z[i] - z[0]) * symmetric[i];
        }
        weight /= f64::from(z.len() as u32 - 1 + k);
        let term = weight * symmetric[z.len() - 1];
        sum += term;
        if f64::from(k) > SERIES && term <= 1.0e-17 * sum {
            break;
        }
    }
    z[0].exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Composite Gauss-Legendre (5 nodes, 64 panels) as a judge that shares nothing with the closed forms.
    fn quadrature(f: impl Fn(f64) -> f64, h: f64) -> f64 {
        const NODES: [(f64, f64); 3] = [
            (0.0, 0.568_888_888_888_888_9),
            (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
            (0.906_179_845_938_664, 0.236_926_885_056_189_1),
        ];
        let half = h / 128.0;
        let panel = |i: u32| {
            let mid = half * f64::from(2 * i + 1);
            NODES.iter().map(|&(x, w)| if x == 0.0 { w * f(mid) } else { w * (f(mid - half * x) + f(mid + half * x)) }).sum::<f64>()
        };
        (0..64).map(panel).sum::<f64>() * half
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a:e} against {b:e}");
    }

    #[test]
    fn functions_agree_with_quadrature_across_all_branches() {
        for x in [-30.0, -1.5, -1.0, -0.7, -1e-9] {
            close(phi1(x), quadrature(|s| (-x * s).exp(), 1.0), 1e-14);
            close(first_moment(x), quadrature(|s| s * (-x * s).exp(), 1.0), 2e-14);
        }
        for x in [0.0, 1e-13, 1e-6, 0.3, 0.999_999, 1.0, 1.000_001, 3.0, 20.0] {
            close(phi1(x), quadrature(|s| (-x * s).exp(), 1.0), 1e-14);
            close(phi2(x), quadrature(|s| (1.0 - s) * (-x * s).exp(), 1.0), 1e-14);
            close(first_moment(x), quadrature(|s| s * (-x * s).exp(), 1.0), 2e-14);
            for y in [0.0, 1e-13, 1e-3, 0.5, 1.0, 3.0 * (1.0 + 1e-12), 30.0] {
                close(divided_phi1(x, y), quadrature(|s| s * (-x.min(y) * s).exp() * phi1((y - x).abs() * s), 1.0), 2e-14);
            }
        }
    }

    #[test]
    fn no_digit_is_lost_where_repair_is_as_fast_as_decay() {
        // mu = lambda (1 + e): first-order expansion around equality is exact to e^2.
        let (rate, h) = (0.4, 3.0);
        let equal = encounter(rate, rate, rate, h);
        close(equal, h * h * first_moment(2.0 * rate * h), 1e-15);
        for e in [1e-15, 1e-12, 1e-9, 1e-7] {
            let slope = (encounter(rate, rate, rate * (1.0 + 1e-4), h) - encounter(rate, rate, rate * (1.0 - 1e-4), h)) / 2e-4;
            close(encounter(rate, rate, rate * (1.0 + e), h), equal + slope * e, 1e-14);
            close(remaining(rate, rate * (1.0 + e), h), h * (-rate * h).exp() * (1.0 - 0.5 * rate * h * e), 2e-14);
        }
    }

    #[test]
    fn powers_of_time_agree_with_quadrature() {
        // Rates that fall, rise, vanish and agree; every form against its definition.
        for (rate, released, mu) in
            [(0.3, 0.7, 2.0), (0.5, 0.5, 0.5), (-0.4, 0.2, 1.0), (0.0, 0.0, 0.3), (6.0, 0.01, 9.0), (0.2, -0.3, 8.0)]
        {
            for h in [0.7, 4.0] {
                for p in 0..4 {
                    let f = |s: f64| s.powi(p as i32) * (-rate * s).exp();
                    close(moment(p, rate, h), quadrature(f, h), 2e-13);
                    close(moment_remaining(p, rate, mu, h), quadrature(|s| f(s) * (-mu * (h - s)).exp(), h), 2e-13);
                    for q in 0..4 {
                        let left = |s: f64| moment_remaining(q, released, mu, s);
                        close(moment_encounter((rate, p), (released, q), mu, h), quadrature(|s| f(s) * left(s), h), 1e-12);
                    }
                }
            }
        }
        for (p, q) in [(0, 1), (1, 0), (1, 1), (2, 3), (6, 6)] {
            let to = |h| moment_encounter((0.3, p), (0.7, q), 2.0, h);
            close(to(f64::INFINITY), to(400.0), 1e-12);
            close(moment(p, 0.3, f64::INFINITY), moment(p, 0.3, 400.0), 1e-12);
        }
        // Scales far apart, 6e7 lifetimes of the fastest: Int s e^(-a s) (e^(-r s) - e^(-mu s))/(mu - r) ds.
        let exact = (1.0 / 1.001f64.powi(2) - 1.0 / 1000.001f64.powi(2)) / 999.0;
        close(moment_encounter((1e-3, 1), (1e3, 0), 1.0, 6e4), exact, 1e-13);
    }

    #[test]
    fn infinite_times_are_limits_of_long_ones() {
        for (rate, released, mu) in [(0.3, 0.7, 11.0), (0.5, 0.5, 0.5), (2.0, 0.1, 0.1)] {
            close(encounter(rate, released, mu, f64::INFINITY), encounter(rate, released, mu, 1e4), 1e-14);
            close(integral(rate, f64::INFINITY), integral(rate, 1e4), 1e-14);
        }
        close(remaining(0.3, 0.0, f64::INFINITY), 1.0 / 0.3, 1e-15);
        assert_eq!(remaining(0.3, 0.3, f64::INFINITY), 0.0);
    }

    #[test]
    fn the_peak_of_unrepaired_dose_is_a_peak() {
        for (rate, mu) in [(0.2, 5.0), (1.0, 1.0), (1.0, 1.0 + 1e-13), (3.0, 0.4)] {
            let peak = remaining_peak(rate, mu);
            let top = remaining(rate, mu, peak);
            assert!(top > remaining(rate, mu, 0.99 * peak) && top > remaining(rate, mu, 1.01 * peak), "{rate} {mu}");
        }
    }
}
