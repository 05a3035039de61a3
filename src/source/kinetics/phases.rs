//! Sums of exponentials.

use std::f64::consts::LN_2;

use super::{Realised, check_half_life};
use crate::{
    error::{Error, Result},
    plan::Phase,
    source::{Piece, TimeCourse},
};

/// Negative activity below this share of the terms that cancel is rounding.
const ROUNDING: f64 = 1.0e-9;

/// The course of a sum of exponentials.
pub(super) fn realise(phases: &[Phase], physical: f64) -> Result<Realised> {
    if phases.is_empty() {
        return Err(Error::input("there is no phase; at least one is needed"));
    }
    for phase in phases {
        check_half_life(phase.effective_half_life, physical)?;
        if !phase.activity.is_finite() {
            return Err(Error::input(format!("the activity of a phase must be finite, found {} Bq", phase.activity)));
        }
    }
    let mut course = TimeCourse::default();
    for phase in phases {
        let rate = LN_2 / phase.effective_half_life;
        course.add(&TimeCourse { pieces: vec![Piece::exponential(phase.activity, rate)] });
    }
    course.pieces.retain(|piece| piece.value != 0.0);
    let mut terms: Vec<(f64, f64)> = course.pieces.iter().map(|piece| (piece.value, piece.rate)).collect();
    terms.sort_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((time, activity)) = negative(&terms) {
        return Err(Error::input(format!(
            "the phases add up to a negative activity, {activity:.4e} Bq at {:.4} h after the start; an uptake phase must fall faster than \
             the others and hold at most their activity",
            time / 3600.0
        )));
    }
    let tia = course.pieces.iter().map(|piece| piece.value / piece.rate).sum();
    Ok(Realised::given(course, tia))
}

/// Time and value of the most negative extremum of `sum a e^(-k t)` (terms by ascending rate), if it is below zero beyond rounding.
fn negative(terms: &[(f64, f64)]) -> Option<(f64, f64)> {
    let &(_, slowest) = terms.first()?;
    let mut times = vec![0.0];
    times.extend(roots(&derivative(terms, 0.0)));
    // As every term falls, the limit at late times has the sign of the slowest; between extremes the sum is monotone.
    let last = times.last().copied().unwrap_or(0.0);
    times.push(last + 1.0 / slowest);
    times.push(beyond(terms, last));
    times
        .into_iter()
        .map(|time| (time, value(terms, time), terms.iter().map(|(a, k)| a.abs() * (-k * time).exp()).sum::<f64>()))
        .filter(|(_, found, scale)| *found < -ROUNDING * scale)
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(time, found, _)| (time, found))
}

fn value(terms: &[(f64, f64)], time: f64) -> f64 {
    terms.iter().map(|(a, k)| a * (-k * time).exp()).sum()
}

/// The derivative of the sum times `e^(shift t)`, as terms.
fn derivative(terms: &[(f64, f64)], shift: f64) -> Vec<(f64, f64)> {
    terms.iter().map(|&(a, k)| (-a * (k - shift), k - shift)).filter(|(a, _)| *a != 0.0).collect()
}

/// A time at which the slowest term outweighs all others, after `from`.
fn beyond(terms: &[(f64, f64)], from: f64) -> f64 {
    let Some((&(a, k), others)) = terms.split_first() else { return from };
    let mut step = others.first().map_or(1.0 / k.max(f64::MIN_POSITIVE), |(_, next)| 1.0 / (next - k));
    loop {
        let time = from + step;
        if others.iter().map(|(b, l)| b.abs() * (-(l - k) * time).exp()).sum::<f64>() < 0.5 * a.abs() {
            return time;
        }
        step *= 2.0;
    }
}

/// Positive zeros of `sum a e^(-k t)` (rates ascending, different, from zero on), ascending.
///
/// Times `e^(k_0 t)`, with the slowest rate `k_0`, its derivative has one term less; between the zeros of that it is monotone.
fn roots(terms: &[(f64, f64)]) -> Vec<f64> {
    let Some(&(_, slowest)) = terms.first() else { return Vec::new() };
    if terms.len() < 2 {
        return Vec::new();
    }
    let shifted: Vec<(f64, f64)> = terms.iter().map(|&(a, k)| (a, k - slowest)).collect();
    let mut edges = vec![0.0];
    edges.extend(roots(&derivative(&shifted, 0.0)));
    edges.push(beyond(&shifted, edges.last().copied().unwrap_or(0.0)));
    let zero = |pair: &[f64]| {
        let (mut low, mut high) = (pair[0], pair[1]);
        let sign = value(&shifted, low).signum();
        if sign == value(&shifted, high).signum() {
            return None;
        }
        while high - low > 4.0 * f64::EPSILON * high {
            let middle = 0.5 * (low + high);
            if value(&shifted, middle).signum() == sign { low = middle } else { high = middle }
        }
        Some(0.5 * (low + high))
    };
    edges.windows(2).filter_map(zero).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: f64 = 3600.0;
    const PHYSICAL: f64 = 159.5 * HOUR;

    fn phases(list: &[(f64, f64)]) -> Result<Realised> {
        let phases: Vec<Phase> = list.iter().map(|&(activity, hours)| Phase { activity, effective_half_life: hours * HOUR }).collect();
        realise(&phases, PHYSICAL)
    }

    #[test]
    fn integrals_are_those_of_the_closed_form() {
        let found = phases(&[(5.0e6, 60.0), (2.0e6, 10.0), (-7.0e6, 1.5)]).unwrap();
        let expected = (5.0e6 * 60.0 + 2.0e6 * 10.0 - 7.0e6 * 1.5) * HOUR / LN_2;
        assert!((found.tia / expected - 1.0).abs() < 1.0e-12);
        assert!((found.course.tia() / expected - 1.0).abs() < 1.0e-10);
        let part = |t: f64| {
            [(5.0e6, 60.0), (2.0e6, 10.0), (-7.0e6, 1.5)]
                .iter()
                .map(|(a, h)| a * h * HOUR / LN_2 * (1.0 - (-LN_2 * t / (h * HOUR)).exp()))
                .sum::<f64>()
        };
        for hours in [0.5, 7.0, 300.0] {
            let found = found.course.integral(0.0, hours * HOUR);
            assert!((found / part(hours * HOUR) - 1.0).abs() < 1.0e-10);
        }
    }

    #[test]
    fn negative_activity_is_an_error_wherever_it_is() {
        let message = |list: &[(f64, f64)]| phases(list).unwrap_err().to_string();
        // At the start, at the end, and only between two positive times (0.4 + e^-2t - 1.3 e^-t has its minimum at ln(2/1.3)).
        assert!(message(&[(1.0, 10.0), (-1.1, 2.0)]).contains("at 0.0000 h"));
        assert!(message(&[(1.0, 2.0), (-0.9, 10.0)]).contains("negative"));
        assert!(message(&[(0.4, 100.0), (-1.3, 2.0), (1.0, 1.0)]).contains("negative"));
        assert!(phases(&[(0.5, 100.0), (-1.3, 2.0), (1.0, 1.0)]).is_ok());
        assert!(phases(&[(1.0, 10.0), (-1.0, 2.0)]).is_ok());
        // A zero to rounding: (e^-t/2 - e^-t)^2.
        assert!(phases(&[(1.0, 4.0), (-2.0, 8.0 / 3.0), (1.0, 2.0)]).is_ok());
        // Equal rates count together.
        assert!(message(&[(1.0, 10.0), (-2.0, 10.0)]).contains("negative"));
    }

    #[test]
    fn no_phase_outlives_the_nuclide() {
        assert!(phases(&[(1.0, 159.5 * (1.0 + 0.9e-6))]).is_ok());
        assert!(phases(&[(1.0, 159.6)]).unwrap_err().to_string().contains("longer than the physical one of 159.5000 h"));
        assert!(phases(&[(1.0, 0.0)]).is_err());
        assert!(phases(&[]).is_err());
    }

    #[test]
    fn zeros_are_found() {
        // (x - 1/2)(x - 1/4)(x - 1/8) with x = e^-t: zeros at ln 2, ln 4, ln 8.
        let terms = [(-1.0 / 64.0, 0.0), (7.0 / 32.0, 1.0), (-7.0 / 8.0, 2.0), (1.0, 3.0)];
        let found = roots(&terms);
        assert_eq!(found.len(), 3);
        for (root, expected) in found.iter().zip([2.0f64.ln(), 4.0f64.ln(), 8.0f64.ln()]) {
            assert!((root - expected).abs() < 1.0e-12);
        }
    }
}
