use super::*;
use crate::source::{Piece, TimeCourse};

const HOUR: f64 = 3600.0;
const PHYSICAL: f64 = 160.0 * HOUR;
const LAMBDA: f64 = LN_2 / PHYSICAL;

/// A curve by amplitudes (Bq) and half-lives (h).
fn curve(phases: &[(f64, f64)]) -> TimeCourse {
    TimeCourse { pieces: phases.iter().map(|&(a, hours)| Piece::exponential(a, LN_2 / (hours * HOUR))).collect() }
}

fn observe(truth: &TimeCourse, hours: &[f64], errors: Errors) -> Observations {
    let times: Vec<f64> = hours.iter().map(|hours| hours * HOUR).collect();
    Observations { activities: times.iter().map(|t| truth.at(*t)).collect(), times, errors }
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found / expected - 1.0).abs() <= tolerance, "{what}: {found:e} against {expected:e}: {:e}", found / expected - 1.0);
}

#[test]
fn parameters_come_back_from_data_without_noise() {
    let hours = [1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0];
    let cases: [(FitModel, &[(f64, f64)]); 5] = [
        (FitModel::Mono, &[(5.0e6, 60.0)]),
        (FitModel::Uptake, &[(5.0e6, 60.0), (-5.0e6, 2.0)]),
        (FitModel::Bi, &[(5.0e6, 80.0), (7.0e6, 6.0)]),
        (FitModel::BiUptake, &[(5.0e6, 80.0), (7.0e6, 10.0), (-12.0e6, 0.8)]),
        (FitModel::Tri, &[(2.0e6, 110.0), (5.0e6, 20.0), (9.0e6, 1.5)]),
    ];
    for (model, phases) in cases {
        let truth = curve(phases);
        for errors in [Errors::Relative(0.1), Errors::Unknown, Errors::Absolute(vec![1.0e5; 8])] {
            let found = realise(&observe(&truth, &hours, errors), model, LAMBDA).unwrap();
            let fit = found.fit.unwrap();
            close(found.tia, truth.tia(), 1e-8, &format!("{model:?}"));
            close(found.course.tia(), truth.tia(), 1e-8, &format!("{model:?}"));
            for (i, &(amplitude, half_life)) in phases.iter().enumerate() {
                if amplitude > 0.0 {
                    close(fit.parameters[2 * i].value, amplitude, 1e-7, &fit.parameters[2 * i].name);
                    close(fit.parameters[2 * i + 1].value, half_life * HOUR, 1e-7, &fit.parameters[2 * i + 1].name);
                } else {
                    close(fit.parameters[2 * i].value, half_life * HOUR, 1e-7, &fit.parameters[2 * i].name);
                }
            }
            assert!(fit.bounds.is_empty(), "{model:?}: {:?}", fit.bounds);
        }
    }
}

#[test]
fn small_uncertainties_are_those_of_the_linear_problem() {
    // Mono, two samples, no freedom: T = A / k with k = ln(y1/y2) / d and A = y1 e^(k t1).
    let truth = curve(&[(5.0e6, 60.0)]);
    let share = 1.0e-4;
    let found = realise(&observe(&truth, &[24.0, 96.0], Errors::Relative(share)), FitModel::Mono, LAMBDA).unwrap();
    let k = LN_2 / 60.0;
    // d ln T / d ln y1 = 1 + (t1 - 1/k) / d, d ln T / d ln y2 = -(t1 - 1/k) / d.
    let b = (24.0 - 1.0 / k) / 72.0;
    let expected = share * ((1.0 + b).powi(2) + b * b).sqrt();
    close(found.relative_sigma, expected, 1e-3, "relative sigma");
    let fit = found.fit.unwrap();
    close(fit.linear_sigma.unwrap() / fit.tia, expected, 1e-6, "linear");
    close(fit.interval_95[1] - fit.interval_95[0], 1.959_964 * (fit.interval_68[1] - fit.interval_68[0]), 1e-3, "95 %");
    // Half-life: d ln h = -d ln k = (d ln y1 - d ln y2) / (k d).
    close(fit.parameters[1].sigma.unwrap(), 60.0 * HOUR * share * 2.0f64.sqrt() / (k * 72.0), 1e-6, "half-life");
}

#[test]
fn fits_stay_within_physics() {
    let rising = Observations { times: vec![24.0 * HOUR, 96.0 * HOUR], activities: vec![1.0e6, 1.1e6], errors: Errors::Relative(0.1) };
    let found = realise(&rising, FitModel::Mono, LAMBDA).unwrap();
    let fit = found.fit.as_ref().unwrap();
    close(found.course.pieces[0].rate, LAMBDA, 1e-12, "rate");
    assert_eq!(fit.bounds, ["phase 1 falls with physical decay alone"]);
    assert!(fit.interval_95[0] < fit.interval_68[0] && fit.interval_68[0] < fit.tia && fit.tia < fit.interval_68[1]);
    // Two phases where one is: the bound is told, the integral is right.
    let one =
        realise(&observe(&curve(&[(5.0e6, 60.0)]), &[4.0, 24.0, 72.0, 96.0, 168.0], Errors::Relative(0.1)), FitModel::Bi, LAMBDA).unwrap();
    close(one.tia, 5.0e6 * 60.0 * HOUR / LN_2, 1e-5, "bi");
}

#[test]
fn too_little_to_fit_is_told() {
    let truth = curve(&[(5.0e6, 60.0)]);
    let message = |hours: &[f64], errors: Errors, model| realise(&observe(&truth, hours, errors), model, LAMBDA).unwrap_err().to_string();
    assert!(message(&[4.0, 24.0], Errors::Unknown, FitModel::Mono).contains("3 or more"));
    assert!(message(&[4.0, 24.0, 48.0], Errors::Relative(0.1), FitModel::Bi).contains("4 or more"));
    assert!(message(&[0.0, 24.0, 48.0], Errors::Relative(0.1), FitModel::Uptake).contains("2 samples"));
    let none = Observations { times: vec![1.0, 2.0], activities: vec![-1.0, 0.0], errors: Errors::Relative(0.1) };
    assert!(realise(&none, FitModel::Mono, LAMBDA).unwrap_err().to_string().contains("no sample"));
}

#[test]
fn a_curve_that_does_not_describe_the_samples_says_so() {
    let truth = curve(&[(5.0e6, 100.0), (9.0e6, 5.0)]);
    let found = realise(&observe(&truth, &[1.0, 4.0, 12.0, 48.0, 168.0], Errors::Relative(0.05)), FitModel::Mono, LAMBDA).unwrap();
    assert!(found.notes.iter().any(|note| note.contains("does not describe")), "{:?}", found.notes);
}
