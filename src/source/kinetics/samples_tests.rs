use super::*;

const HOUR: f64 = 3600.0;
const PHYSICAL: f64 = 160.0 * HOUR;
const TIMES: [f64; 4] = [4.0, 24.0, 96.0, 168.0];
const ACTIVITIES: [f64; 4] = [5.0e6, 6.0e6, 2.0e6, 9.0e5];

fn samples(sigmas: &[f64]) -> Samples {
    Samples { times: TIMES.map(|t| t * HOUR).to_vec(), activities: ACTIVITIES.to_vec(), sigmas: sigmas.to_vec() }
}

fn run(samples: &Samples, between: Between, before: Before, tail: Tail) -> Result<Realised> {
    treat(&Observations::of_plan(samples, true)?, Treatment::Interpolate { between, before, tail }, PHYSICAL)
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1.0e-10, "{found:e} against {expected:e}");
}

/// Areas by hand, Bq h: before, between, after.
fn trapezoids() -> f64 {
    0.5 * 20.0 * 11.0e6 + 0.5 * 72.0 * 8.0e6 + 0.5 * 72.0 * 2.9e6
}

fn log_areas() -> f64 {
    (0..3).map(|i| (TIMES[i + 1] - TIMES[i]) * (ACTIVITIES[i] - ACTIVITIES[i + 1]) / (ACTIVITIES[i] / ACTIVITIES[i + 1]).ln()).sum()
}

#[test]
fn integrals_are_those_of_the_closed_form() {
    let s = samples(&[]);
    let tail = 9.0e5 * 160.0 / LN_2;
    close(run(&s, Between::Linear, Before::Zero, Tail::Physical).unwrap().tia, (10.0e6 + trapezoids() + tail) * HOUR);
    close(run(&s, Between::Linear, Before::Constant, Tail::Physical).unwrap().tia, (20.0e6 + trapezoids() + tail) * HOUR);
    // Backwards with 5e4 Bq/h: 4.8e6 at the start.
    let extrapolated = run(&s, Between::Linear, Before::Extrapolated, Tail::HalfLife { effective: 50.0 * HOUR }).unwrap();
    close(extrapolated.tia, (19.6e6 + trapezoids() + 9.0e5 * 50.0 / LN_2) * HOUR);
    let log = run(&s, Between::LogLinear, Before::Extrapolated, Tail::Physical).unwrap();
    let rise = (6.0f64 / 5.0).ln() / 20.0;
    close(log.tia, (5.0e6 * (1.0 - (-rise * 4.0f64).exp()) / rise + log_areas() + tail) * HOUR);
    for (time, activity) in TIMES.iter().zip(ACTIVITIES) {
        close(log.course.at(time * HOUR), activity);
        close(log.course.at(time * HOUR * (1.0 - 1.0e-13)), activity);
    }
    // Steeper than 5e6 / 4 h: zero before the line crosses.
    let steep = Samples { activities: vec![5.0e6, 6.0e7, 2.0e6, 9.0e5], ..s };
    let found = run(&steep, Between::Linear, Before::Extrapolated, Tail::Physical).unwrap();
    close(found.course.integral(0.0, 4.0 * HOUR), 0.5 * 5.0e6 * 5.0e6 / (5.5e7 / 20.0) * HOUR);
}

#[test]
fn the_tail_follows_the_last_samples_but_never_outlives_the_nuclide() {
    let fitted = |activities: &[f64], n: usize| {
        let s = Samples { activities: activities.to_vec(), ..samples(&[]) };
        run(&s, Between::Linear, Before::Constant, Tail::Fitted { samples: n })
    };
    let two = fitted(&ACTIVITIES, 2).unwrap();
    close(two.course.pieces.last().unwrap().rate, (20.0f64 / 9.0).ln() / (72.0 * HOUR));
    // Three exact points of one exponential.
    let rate = 0.01;
    let exact: Vec<f64> = TIMES.iter().map(|t| 1.0e6 * (-rate * t).exp()).collect();
    close(fitted(&exact, 3).unwrap().course.pieces.last().unwrap().rate, rate / HOUR);
    let slow = fitted(&[5.0e6, 6.0e6, 2.0e6, 1.9e6], 2).unwrap();
    close(slow.course.pieces.last().unwrap().rate, LN_2 / PHYSICAL);
    assert!(slow.notes.iter().any(|note| note.contains("slower than physical decay")));
    assert!(fitted(&ACTIVITIES, 5).unwrap_err().to_string().contains("2 to 4"));
    assert!(fitted(&[5.0e6, 6.0e6, 2.0e6, 0.0], 2).unwrap_err().to_string().contains("above 0 Bq"));
}

#[test]
fn uncertainties_follow_from_the_samples() {
    // By hand: each sample's weight in the integral of Zero, Linear, Physical.
    let sigmas = [5.0e5, 4.0e5, 3.0e5, 2.0e5];
    let weights = [2.0 + 10.0, 10.0 + 36.0, 36.0 + 36.0, 36.0 + 160.0 / LN_2];
    let found = run(&samples(&sigmas), Between::Linear, Before::Zero, Tail::Physical).unwrap();
    let expected = sigmas.iter().zip(weights).map(|(s, w)| (s * w).powi(2)).sum::<f64>().sqrt() * HOUR;
    close(found.relative_sigma * found.tia, expected);
    // A fitted tail adds what its rate does to the last area: by derivative, for small uncertainties.
    let small = sigmas.map(|s| s * 1.0e-3);
    let found = run(&samples(&small), Between::Linear, Before::Zero, Tail::Fitted { samples: 2 }).unwrap();
    let log = (20.0f64 / 9.0).ln();
    let d = [12.0, 46.0, 72.0 - 9.0e5 * 72.0 / (log * log) / 2.0e6, 36.0 + 72.0 / log + 72.0 / (log * log)];
    let expected = small.iter().zip(d).map(|(s, w)| (s * w).powi(2)).sum::<f64>().sqrt() * HOUR;
    assert!((found.relative_sigma * found.tia / expected - 1.0).abs() < 1.0e-6);
    let none = run(&samples(&[]), Between::Linear, Before::Zero, Tail::Physical).unwrap();
    assert!(none.relative_sigma == 0.0 && none.notes.iter().any(|note| note.contains("without uncertainties")));
}

#[test]
fn bad_samples_are_told() {
    let bad = |change: &dyn Fn(&mut Samples)| {
        let mut s = samples(&[1.0e5; 4]);
        change(&mut s);
        run(&s, Between::LogLinear, Before::Zero, Tail::Physical).unwrap_err().to_string()
    };
    assert!(bad(&|s| s.times[2] = s.times[1]).contains("ascend"));
    assert!(bad(&|s| s.times[0] = -1.0).contains("ascend"));
    assert!(bad(&|s| s.activities[2] = -1.0).contains("found -1 Bq"));
    assert!(bad(&|s| s.sigmas[0] = 0.0).contains("uncertainty"));
    assert!(bad(&|s| s.sigmas.truncate(2)).contains("2 uncertainties"));
    assert!(bad(&|s| s.activities.truncate(2)).contains("4 times, 2 activities"));
}
