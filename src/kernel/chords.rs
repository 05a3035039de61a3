//! How often two points a distance apart lie in a source and in a spherical target: what folds a point kernel into S values of cells.
//!
//! In a homogeneous medium without end, the energy a source region sends to a target is the kernel integrated over distance with the chance that
//! a point at that distance, in any direction from any point of the source, lies in the target (geometric reduction factor: R. W. Howell et al.,
//! Med. Phys. 13 (1986) 513; S. M. Goddu et al., MIRD Cellular S Values, 1997).

/// Nodes and weights of Gauss-Legendre on 0..1 with three points: exact for polynomials of the fifth degree.
const NODES: [(f64, f64); 3] = [(0.112_701_665_379_258_3, 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.887_298_334_620_741_7, 5.0 / 18.0)];

/// A source whose centre is `distance` from that of the target: 0, or at least the sum of both radii.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source {
    /// What emits.
    pub shape: Shape,
    /// Between the centres.
    pub distance: f64,
}

/// The shape of a source; lengths in any one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Uniform in a ball of this radius.
    Ball(f64),
    /// Uniform between two radii.
    Shell(f64, f64),
    /// Uniform on a sphere.
    Sphere(f64),
}

/// Integral over `low..high`, in pieces between the `kinks`, of what is a polynomial of at most the fifth degree in each.
fn integral(low: f64, high: f64, kinks: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut ends: Vec<f64> = kinks.iter().copied().filter(|&k| k > low && k < high).chain([low, high]).collect();
    ends.sort_by(f64::total_cmp);
    let piece = |w: &[f64]| (w[1] - w[0]) * NODES.iter().map(|(x, weight)| weight * f(w[0] + x * (w[1] - w[0]))).sum::<f64>();
    ends.windows(2).map(piece).sum()
}

/// Share of the sphere of radius `x` around a point at `s` from the centre of a ball of radius `b` that lies in the ball.
fn inside(s: f64, x: f64, b: f64) -> f64 {
    if s + x <= b {
        1.0
    } else if (s - x).abs() >= b {
        0.0
    } else {
        (b * b - (s - x) * (s - x)) / (4.0 * s * x)
    }
}

/// The chance for the target ball of radius `target` at distance `x` > 0; exact.
pub fn chance(source: Source, target: f64, x: f64) -> f64 {
    let d = source.distance;
    let kinks = [(x - target).abs(), x + target];
    match source.shape {
        Shape::Shell(inner, outer) => {
            let ball = |a: f64| if a > 0.0 { a.powi(3) * chance(Source { shape: Shape::Ball(a), distance: d }, target, x) } else { 0.0 };
            (ball(outer) - ball(inner)) / (outer.powi(3) - inner.powi(3))
        }
        // Densities of the distance s of a source point from the target's centre.
        Shape::Ball(a) if d > 0.0 => {
            integral(d - a, d + a, &kinks, |s| 0.75 * s * (a * a - (s - d) * (s - d)) / (d * a.powi(3)) * inside(s, x, target))
        }
        Shape::Ball(a) => integral(0.0, a, &kinks, |s| 3.0 * s * s / a.powi(3) * inside(s, x, target)),
        Shape::Sphere(a) if d > 0.0 => integral(d - a, d + a, &kinks, |s| 0.5 * s / (d * a) * inside(s, x, target)),
        Shape::Sphere(a) => inside(a, x, target),
    }
}

/// Its mean over `low..high`, for energy that is spread evenly over that much distance.
pub fn mean_chance(source: Source, target: f64, low: f64, high: f64) -> f64 {
    const PARTS: u32 = 4;
    let width = (high - low) / f64::from(PARTS);
    let part = |k: u32| {
        let start = low + width * f64::from(k);
        NODES.iter().map(|(x, weight)| weight * chance(source, target, start + x * width)).sum::<f64>()
    };
    (0..PARTS).map(part).sum::<f64>() / f64::from(PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(what: &str, found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected}");
    }

    #[test]
    fn concentric_balls_and_spheres_have_their_closed_forms() {
        for x in [0.01, 0.5, 1.0, 1.9, 2.5, 3.5] {
            let of = |shape| chance(Source { shape, distance: 0.0 }, 2.0, x);
            let ball: f64 = if x < 4.0 { 1.0 - 3.0 * x / 8.0 + x * x * x / 128.0 } else { 0.0 };
            assert_close(&format!("ball, {x}"), of(Shape::Ball(2.0)), ball, 1e-14);
            assert_close(&format!("surface, {x}"), of(Shape::Sphere(2.0)), 0.5 * (1.0 - 0.25 * x), 1e-14);
            // What a ball sends to a smaller one inside is, per volume of the target, what that sends back.
            let (out, back) = (of(Shape::Ball(3.0)), chance(Source { shape: Shape::Ball(2.0), distance: 0.0 }, 3.0, x));
            assert_close(&format!("reciprocity, {x}"), 27.0 * out, 8.0 * back, 1e-12);
        }
        assert_close("all of it inside", chance(Source { shape: Shape::Ball(1.0), distance: 0.0 }, 5.0, 3.0), 1.0, 1e-14);
        assert_close("beyond it", chance(Source { shape: Shape::Ball(1.0), distance: 0.0 }, 5.0, 6.5), 0.0, 0.0);
    }

    /// Over all distances the chance times 4 pi x^2 is the volume of the target.
    #[test]
    fn chances_add_up_to_the_target() {
        for shape in [Shape::Ball(3.0), Shape::Shell(1.0, 3.0), Shape::Sphere(3.0)] {
            for (distance, target) in [(0.0, 2.0), (6.0, 3.0), (17.0, 2.0), (17.0, 3.0)] {
                let bins = 4000;
                let width = (distance + 7.0) / f64::from(bins);
                let volume: f64 = (0..bins)
                    .map(|k| {
                        let x = (f64::from(k) + 0.5) * width;
                        width * 4.0 * std::f64::consts::PI * x * x * chance(Source { shape, distance }, target, x)
                    })
                    .sum();
                let expected = 4.0 / 3.0 * std::f64::consts::PI * f64::powi(target, 3);
                assert_close(&format!("{shape:?} at {distance} to {target}"), volume / expected, 1.0, 2e-5);
            }
        }
    }

    #[test]
    fn means_are_the_means_of_what_lies_between() {
        let source = Source { shape: Shape::Sphere(5.0), distance: 12.0 };
        let fine = (0..10_000).map(|k| chance(source, 3.0, 9.0 + 3.0e-4 * (f64::from(k) + 0.5))).sum::<f64>() / 1.0e4;
        assert_close("mean", mean_chance(source, 3.0, 9.0, 12.0), fine, 1e-4 * fine);
    }
}
