use super::*;
use crate::{
    dose::{
        accumulate::{dose_maps, tests::PER_MEV, tests::component},
        fixtures::row,
    },
    source::{Piece, TimeCourse},
};
use std::sync::Arc;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} instead of {expected}");
}

fn with(component: usize, course: TimeCourse) -> Contribution {
    Contribution { tia: course.tia(), course: Arc::new(course), ..Contribution::exponential(component, 0.0, 1.0) }
}

/// A linear rise to 12 h, then a decay; its mean time from a quadrature.
fn rise_and_fall() -> TimeCourse {
    let rise = Piece { start: 0.0, end: 12.0 * HOUR, value: 0.0, slope: 2e3 / (12.0 * HOUR), rate: 0.0, power: 0 };
    TimeCourse { pieces: vec![rise, Piece { start: 12.0 * HOUR, ..Piece::exponential(2e3, 5e-6) }] }
}

#[test]
fn dose_rate_integrates_to_the_dose() {
    let phantom = row(1.0, &[1.0; 2], &[0, 0]);
    let scored = [component(&phantom, &[0.3, 0.0], None, 0.0), component(&phantom, &[0.1, 0.0], Some(90.0), 0.02)];
    let two = [Contribution::exponential(0, 1e9, 2e-6), Contribution::exponential(1, 5e8, 5e-6)];
    let maps = dose_maps(&phantom.grid, &scored, &two);
    let rates = rate_maps(&phantom.grid, &scored, &two);
    near(rates.initial.data[0].into(), HOUR * (0.3e9 * 2e-6 + 0.12 * 5e8 * 5e-6) * PER_MEV);
    // Mean time: of each 1/lambda, weighted with dose.
    let mean = (0.3e9 / 2e-6 + 0.12 * 5e8 / 5e-6) / (0.3e9 + 0.12 * 5e8);
    near(rates.decay.data[0].into(), HOUR / mean);
    assert_eq!((rates.initial.data[1], rates.decay.data[1]), (0.0, 0.0));
    // One exponential per term: amplitude over rate is its dose.
    assert_eq!(rates.terms.iter().map(|t| t.term.rate).collect::<Vec<_>>(), [2e-6, 5e-6]);
    let dose: f64 = rates.terms.iter().map(|t| f64::from(t.amplitude.data[0]) / (t.term.rate * HOUR)).sum();
    near(dose, maps.dose.data[0].into());
    // One component alone: its own decay constant.
    near(rate_maps(&phantom.grid, &scored, &two[..1]).decay.data[0].into(), 2e-6 * HOUR);
}

#[test]
fn terms_give_the_dose_rate_at_any_time() {
    let phantom = row(1.0, &[1.0; 2], &[1, 0]);
    let scored = [component(&phantom, &[0.3, 0.1], None, 0.0), component(&phantom, &[0.0, 0.2], None, 0.0)];
    let uptake = TimeCourse { pieces: vec![Piece::exponential(5e3, 4e-6), Piece::exponential(-5e3, 1e-4)] };
    let contributions = vec![with(0, rise_and_fall()), with(1, uptake.clone()), with(0, uptake.fed(1e-3).truncated(80.0 * HOUR))];
    let rates = rate_maps(&phantom.grid, &scored, &contributions);
    let start = 5.0 * HOUR;
    let delivery = [FractionDelivery { number: 1, start, contributions }];
    // Uptake begins from nothing.
    assert_eq!(rates.initial.data, [0.0, 0.0]);
    for hours in [0.5, 7.0, 12.5, 60.0, 79.0, 81.0, 300.0] {
        let map = dose_rate_map(&phantom.grid, &scored, &delivery, start + hours * HOUR);
        for v in 0..2 {
            let by_terms: f64 = rates
                .terms
                .iter()
                .filter(|t| hours * HOUR >= t.term.start && hours * HOUR < t.term.end)
                .map(|t| {
                    let s = hours - t.term.start / HOUR;
                    f64::from(t.amplitude.data[v]) * s.powi(t.term.power as i32) * (-t.term.rate * HOUR * s).exp()
                })
                .sum();
            assert!((by_terms / f64::from(map.data[v]) - 1.0).abs() < 2e-6, "{hours} h, voxel {v}: {by_terms} {}", map.data[v]);
        }
    }
    // By hand, voxel 0, 6 h into the rise; and the region of that voxel.
    let delivery = [FractionDelivery { number: 1, start, contributions: vec![with(0, rise_and_fall())] }];
    let at = dose_rate_at(&phantom.grid, &scored, &delivery, &[2e-3, 1e-3], 6.0 * HOUR);
    near(at.map.data[0].into(), 1e3 * 0.3 * PER_MEV * HOUR);
    near(at.regions[1].mean, 1e3 * 0.3 * PER_MEV * HOUR);
    near(at.regions[0].mean, 1e3 * 0.2 * PER_MEV * HOUR);
    assert_eq!(dose_rate_map(&phantom.grid, &scored, &delivery, start - 1.0).data, [0.0, 0.0]);
}

#[test]
fn fractions_overlap_in_the_dose_rate() {
    let phantom = row(1.0, &[1.0], &[0]);
    let scored = [component(&phantom, &[0.3], None, 0.0)];
    let one = |number: u32, start: f64| FractionDelivery { number, start, contributions: vec![Contribution::exponential(0, 1e9, 4e-6)] };
    let rate = |fractions: &[FractionDelivery], time| f64::from(dose_rate_map(&phantom.grid, &scored, fractions, time).data[0]);
    let (a, b) = (one(1, 0.0), one(2, 2e5));
    near(rate(&[a.clone(), b.clone()], 3e5), rate(&[a], 3e5) + rate(&[b], 3e5));
}

#[test]
fn the_effective_decay_constant_is_the_inverse_mean_time() {
    let phantom = row(1.0, &[1.0], &[0]);
    let scored = [component(&phantom, &[0.3], None, 0.0)];
    let course = rise_and_fall();
    // Midpoint rule on the course itself, 1 min steps to 60 mean lives.
    let (mut sum, mut moment) = (0.0, 0.0);
    for i in 0..200_000 {
        let t = (f64::from(i) + 0.5) * 60.0;
        sum += course.at(t);
        moment += t * course.at(t);
    }
    near(rate_maps(&phantom.grid, &scored, &[with(0, course)]).decay.data[0].into(), sum / moment * HOUR);
}
