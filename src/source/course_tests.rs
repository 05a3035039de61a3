use super::*;

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found:e} against {expected:e}");
}

/// A course of every kind: two exponentials with uptake, a trapezoid, rising and falling log-linear pieces, all cut somewhere.
fn courses() -> Vec<TimeCourse> {
    let hour = 3600.0;
    let rate = |hours: f64| std::f64::consts::LN_2 / (hours * hour);
    let uptake = TimeCourse { pieces: vec![Piece::exponential(5.0e6, rate(50.0)), Piece::exponential(-5.0e6, rate(1.5))] };
    let linear = |from: f64, to: f64, a: f64, b: f64| Piece {
        start: from * hour,
        end: to * hour,
        value: a,
        slope: (b - a) / ((to - from) * hour),
        rate: 0.0,
        power: 0,
    };
    let trapezoids = TimeCourse {
        pieces: vec![
            linear(0.0, 4.0, 0.0, 9.0e6),
            linear(4.0, 24.0, 9.0e6, 4.0e6),
            Piece { start: 24.0 * hour, ..Piece::exponential(4.0e6, rate(80.0)) },
        ],
    };
    let rising = Piece { end: 5.0 * hour, ..Piece::exponential(1.0e6, -rate(2.0)) };
    let log_linear = TimeCourse { pieces: vec![rising, Piece { start: 5.0 * hour, ..Piece::exponential(5.6e6, rate(30.0)) }] };
    let cut = uptake.truncated(40.0 * hour);
    vec![TimeCourse::exponential(7.0e6, rate(60.0)), uptake, trapezoids, log_linear, cut]
}

/// Simpson's rule on panels that no start or end of a piece falls into.
fn quadrature(course: &TimeCourse, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    let mut edges: Vec<f64> = course.pieces.iter().flat_map(|p| [p.start, p.end.min(to)]).filter(|&t| t <= to).chain([0.0, to]).collect();
    edges.sort_by(f64::total_cmp);
    let mut sum = 0.0;
    for pair in edges.windows(2).filter(|pair| pair[1] > pair[0]) {
        let (h, n) = ((pair[1] - pair[0]) / 4000.0, 4000);
        for i in 0..n {
            let (a, inside) = (pair[0] + f64::from(i) * h, 1e-9 * h);
            sum += h / 6.0 * (f(a + inside) + 4.0 * f(a + 0.5 * h) + f(a + h - inside));
        }
    }
    sum
}

#[test]
fn integrals_agree_with_quadrature() {
    for course in courses() {
        for hours in [1.0, 4.5, 30.0, 200.0] {
            let to = hours * 3600.0;
            close(course.integral(0.0, to), quadrature(&course, to, |t| course.at(t)), 1e-9);
            let moment = quadrature(&course, to, |t| t * course.at(t));
            let cut = course.truncated(to);
            close(cut.mean_time() * cut.tia(), moment, 1e-8);
            close(course.integral(0.0, to) + course.integral(to, f64::INFINITY), course.tia(), 1e-13);
        }
    }
}

#[test]
fn what_is_fed_obeys_the_convolution_and_empties_completely() {
    for course in courses() {
        // Slower, faster, and as fast as something in the courses.
        for loss in [1e-7, 2e-5, std::f64::consts::LN_2 / (50.0 * 3600.0), std::f64::consts::LN_2 / (30.0 * 3600.0), 1e-2] {
            let pool = course.fed(loss);
            close(pool.tia(), course.tia() / loss, 1e-9);
            for hours in [3.0, 20.0, 100.0] {
                let t = hours * 3600.0;
                // Short-lived pools hold what was fed in the last few mean lives.
                let from = (t - 40.0 / loss).max(0.0);
                let window = |u: f64| if u < from { 0.0 } else { course.at(u) * (-loss * (t - u)).exp() };
                let mut marked = course.clone();
                marked.pieces.push(Piece { start: from, end: from, value: 0.0, slope: 0.0, rate: 0.0, power: 0 });
                close(pool.at(t), quadrature(&marked, t, window), 1e-6);
            }
        }
    }
}

#[test]
fn a_chain_of_feeds_is_bateman() {
    let (a, b, c) = (1.0e-5, 3.0e-5, 2.0e-4);
    let course = TimeCourse::exponential(1.0, a).fed(b).fed(c);
    assert_eq!(course.pieces.len(), 3);
    let t = 5.0e4;
    let term = |x: f64, y: f64, z: f64| (-x * t).exp() / ((y - x) * (z - x));
    close(course.at(t), term(a, b, c) + term(b, a, c) + term(c, a, b), 1e-12);
}

#[test]
fn the_same_rate_may_come_again_and_again() {
    // n equal stages: t^n/n! e^(-rate t).
    let rate = 2.0e-5;
    let mut course = TimeCourse::exponential(1.0, rate);
    let mut factorial = 1.0;
    for n in 1..=8 {
        course = course.fed(rate);
        factorial *= f64::from(n);
        for t in [1.0e3, 5.0e4, 3.0e5, 1.0e6] {
            close(course.at(t), t.powi(n) / factorial * (-rate * t).exp(), 1e-12);
        }
        close(course.mean_time(), f64::from(n + 1) / rate, 1e-12);
        close(course.tia(), rate.powi(-(n + 1)), 1e-12);
    }
}

#[test]
fn nearly_equal_rates_lose_no_digits() {
    // Mean times add whatever the rates; five stages apart by any share, and the same course in any order of the stages.
    let rate = 2.0e-5;
    for share in [0.0, 1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.07, 0.2] {
        let rates = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5].map(|k| rate * (1.0 + k * share));
        let feed = |order: [usize; 6]| {
            let first = TimeCourse::exponential(1.0, rates[order[0]]);
            order[1..].iter().fold(first, |course, &i| course.fed(rates[i]))
        };
        let (one, other) = (feed([0, 1, 2, 3, 4, 5]), feed([4, 2, 0, 5, 1, 3]));
        close(one.tia(), rates.iter().map(|r| 1.0 / r).product(), 1e-6);
        close(one.mean_time(), rates.iter().map(|r| 1.0 / r).sum(), 1e-6);
        let peak = one.at(5.0 / rate);
        for t in [1.0e5, 2.0e5, 4.0e5, 1.0e6] {
            assert!((one.at(t) - other.at(t)).abs() < 1e-6 * peak, "{share}: {:e} and {:e} of {peak:e}", one.at(t), other.at(t));
        }
    }
}
