use super::*;

const HOUR: f64 = 3600.0;
const LAMBDA: f64 = std::f64::consts::LN_2 / (160.0 * HOUR);
const TIMES: [f64; 4] = [4.0 * HOUR, 24.0 * HOUR, 96.0 * HOUR, 168.0 * HOUR];

fn fitter() -> Fitter {
    // As for a mean half-life of 50 h.
    let weights = TIMES.map(|t| (std::f64::consts::LN_2 * t / (50.0 * HOUR)).exp());
    Fitter::new(&TIMES, weights.to_vec(), LAMBDA)
}

fn fit(activities: &[f64]) -> Option<Exponential> {
    fitter().fit(activities, &mut [0.0; 4])
}

/// Weighted sum of squares with the best amplitude that is not negative.
fn squares(activities: &[f64], rate: f64) -> f64 {
    let (_, _, a) = fitter().explained(&weighted(activities), rate);
    let curve = |t: f64| a.max(0.0) * (-rate * t).exp();
    fitter().weights.iter().zip(TIMES).zip(activities).map(|((w, t), y)| (w * (y - curve(t))).powi(2)).sum()
}

fn weighted(activities: &[f64]) -> Vec<f64> {
    fitter().weights.iter().zip(activities).map(|(w, y)| w * y).collect()
}

#[test]
fn exact_curves_come_back() {
    for hours in [2.5, 10.0, 33.3, 60.0, 120.0, 159.0, 160.0] {
        let rate = std::f64::consts::LN_2 / (hours * HOUR);
        let found = fit(&TIMES.map(|t| 17.0 * (-rate * t).exp())).unwrap();
        assert!((found.rate / rate - 1.0).abs() < 1e-9, "{hours} h: {:e}", found.rate / rate - 1.0);
        assert!((found.activity / 17.0 - 1.0).abs() < 1e-9);
    }
}

#[test]
fn the_fit_is_the_lowest_of_all_rates() {
    let (lowest, fastest) = (fitter().rates[0], fitter().rates[RATES - 1]);
    let noisy =
        [[90.0, 80.0, 15.0, 9.0], [100.0, 40.0, 30.0, -8.0], [-10.0, 60.0, 20.0, 11.0], [5.0, 3.0, 9.0, 14.0], [50.0, -3.0, 1.0, -0.5]];
    for activities in noisy {
        let found = fit(&activities).unwrap();
        assert!((lowest..=fastest).contains(&found.rate) && found.activity > 0.0);
        let least = (0..=20_000)
            .map(|j| squares(&activities, lowest * (fastest / lowest).powf(f64::from(j) / 2.0e4)))
            .fold(f64::INFINITY, f64::min);
        let own = squares(&activities, found.rate);
        assert!(own <= least * (1.0 + 1e-9), "{activities:?}: {own} above {least}");
    }
    assert_eq!(fit(&[5.0, 3.0, 9.0, 14.0]).unwrap().rate, lowest);
    assert_eq!(fit(&[50.0, -3.0, 1.0, -0.5]).unwrap().rate, fastest);
    assert_eq!(fit(&[-1.0, -2.0, 0.0, -0.1]), None);
}

#[test]
fn sensitivities_are_derivatives() {
    // An inner minimum without noise (the formula is that of a fit that describes the data), and one at the bound.
    for (activities, tolerance) in [(TIMES.map(|t| 40.0 * (-t / (70.0 * HOUR)).exp()), 1e-6), ([5.0, 3.0, 9.0, 14.0], 1e-6)] {
        let best = fit(&activities).unwrap();
        let mut found = [0.0; 4];
        fitter().sensitivity(best, &mut found);
        for i in 0..4 {
            let integral = |step: f64| {
                let mut moved = activities;
                moved[i] += step;
                let fit = fit(&moved).unwrap();
                fit.activity / fit.rate
            };
            let curve = best.activity * (-best.rate * TIMES[i]).exp();
            let expected = (integral(1e-4) - integral(-1e-4)) / 2e-4 * curve;
            let scale = best.activity / best.rate;
            assert!((found[i] - expected).abs() < tolerance * scale, "{i}: {} {}", found[i], expected);
        }
    }
}

#[test]
fn classes_share_the_integral_and_order_the_rates() {
    let voxels: Fitted = (0..1000u32)
        .map(|v| {
            let rate = LAMBDA * (1.0 + f64::from(v * 7919 % 1000) / 300.0);
            (v, Exponential { activity: 1.0 + f64::from(v % 7), rate })
        })
        .collect();
    let integral = |part: &Fitted| part.iter().map(|(_, fit)| fit.activity / fit.rate).sum::<f64>();
    let total = integral(&voxels);
    let parts = divide(voxels, 4);
    assert_eq!(parts.len(), 4);
    for pair in parts.windows(2) {
        assert!(pair[0].last().unwrap().1.rate < pair[1][0].1.rate);
    }
    for part in &parts {
        assert!((integral(part) / total - 0.25).abs() < 0.01);
    }
    // One rate is one class, however many are wanted.
    let same: Fitted = (0..100).map(|v| (v, Exponential { activity: 1.0, rate: LAMBDA })).collect();
    assert_eq!(divide(same, 5).len(), 1);
}
