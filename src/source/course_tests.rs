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
                marked.pieces.push(Piece { start: from, end: from, value: 0.0, slope: 0.0, rate: 0.0 });
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
    let rate = 2.0e-5;
    let twice = TimeCourse::exponential(1.0, rate).fed(rate);
    let thrice = twice.fed(rate);
    for t in [1.0e3, 5.0e4, 3.0e5] {
        close(twice.at(t), t * (-rate * t).exp(), 1e-14);
        close(thrice.at(t), 0.5 * t * t * (-rate * t).exp(), 2e-3);
    }
    close(thrice.tia(), rate.powi(-3), 1e-7);
    let uptake = TimeCourse { pieces: vec![Piece::exponential(1.0, rate), Piece::exponential(-1.0, 25.0 * rate)] };
    let pool = uptake.fed(rate).fed(rate);
    close(pool.tia(), uptake.tia() / (rate * rate), 1e-7);
    assert!((0..200).all(|i| pool.at(f64::from(i) * 2.0e3) >= -1e-9 * pool.at(5.0e4)));
}
