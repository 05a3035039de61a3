//! Coverage: thousands of noisy data sets per model, from a known truth.

use std::thread;

use dosaic::{
    plan::{FitModel, Kinetics, Phase, Samples, Treatment},
    source::kinetics::{Realised, realise},
};

use crate::random::Normal;

const HOUR: f64 = 3600.0;
const PHYSICAL: f64 = 160.0 * HOUR;

/// What is known of the noise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Known {
    /// 10 % of each activity as measured.
    Share,
    /// Standard deviations of the truth, not in proportion to what was measured.
    Sigmas,
    /// Nothing.
    Nothing,
}

struct Case {
    name: &'static str,
    model: FitModel,
    /// Bq, h.
    truth: &'static [(f64, f64)],
    /// h.
    times: &'static [f64],
    known: Known,
    noise: f64,
    sets: usize,
    /// Share of sets in which the intervals of 68.27 % and 95 % may miss or exceed their level beyond three binomial deviations: below, above.
    allowance: [[f64; 2]; 2],
}

const FIVE: &[f64] = &[4.0, 24.0, 72.0, 96.0, 168.0];
const EIGHT: &[f64] = &[1.0, 3.0, 8.0, 24.0, 48.0, 72.0, 96.0, 168.0];
const MONO: &[(f64, f64)] = &[(5.0e6, 60.0)];
const UPTAKE: &[(f64, f64)] = &[(5.0e6, 60.0), (-5.0e6, 4.0)];
const BI: &[(f64, f64)] = &[(4.0e6, 80.0), (8.0e6, 8.0)];
const BI_UPTAKE: &[(f64, f64)] = &[(4.0e6, 90.0), (8.0e6, 12.0), (-12.0e6, 1.0)];
const TRI: &[(f64, f64)] = &[(2.0e6, 110.0), (5.0e6, 20.0), (9.0e6, 2.0)];

fn phases(truth: &[(f64, f64)]) -> Realised {
    let phases = truth.iter().map(|&(activity, hours)| Phase { activity, effective_half_life: hours * HOUR }).collect();
    realise(&Kinetics::Phases { phases }, None, PHYSICAL).unwrap()
}

/// In how many data sets the interval holds the truth (68 %, 95 %), the sum of deviations of the integral and the widths of the intervals of
/// 68 %, relative to the truth.
fn count(case: &Case, seeds: std::ops::Range<usize>) -> ([usize; 2], f64, Vec<f64>) {
    let truth = phases(case.truth);
    let (mut hits, mut bias, mut widths) = ([0, 0], 0.0, Vec::new());
    for seed in seeds {
        let mut normal = Normal::new(1 + seed as u64 * 7919);
        let times: Vec<f64> = case.times.iter().map(|hours| hours * HOUR).collect();
        let exact: Vec<f64> = times.iter().map(|t| truth.course.at(*t)).collect();
        let activities: Vec<f64> = exact.iter().map(|y| y * (1.0 + case.noise * normal.next())).collect();
        let sigmas = match case.known {
            Known::Share => activities.iter().map(|y| case.noise * y).collect(),
            Known::Sigmas => exact.iter().map(|y| case.noise * y).collect(),
            Known::Nothing => Vec::new(),
        };
        let samples = Samples { times, activities, sigmas };
        let found = realise(&Kinetics::Samples { samples, treatment: Treatment::Fit { model: case.model } }, None, PHYSICAL).unwrap();
        let fit = found.fit.unwrap();
        bias += found.tia / truth.tia - 1.0;
        for (i, [low, high]) in [fit.interval_68, fit.interval_95].into_iter().enumerate() {
            hits[i] += usize::from(low <= truth.tia && truth.tia <= high);
        }
        widths.push((fit.interval_68[1] - fit.interval_68[0]) / truth.tia);
    }
    (hits, bias, widths)
}

fn median(mut widths: Vec<f64>, others: Vec<f64>) -> f64 {
    widths.extend(others);
    widths.sort_by(f64::total_cmp);
    widths[widths.len() / 2]
}

/// All cases; each is shown before any fails.
fn check(cases: &[Case]) {
    let mut failures = Vec::new();
    for case in cases {
        let half = case.sets / 2;
        let (a, b) = thread::scope(|scope| {
            let other = scope.spawn(|| count(case, half..case.sets));
            (count(case, 0..half), other.join().unwrap())
        });
        let n = case.sets as f64;
        let shares = [0, 1].map(|i| (a.0[i] + b.0[i]) as f64 / n);
        println!(
            "{:<40} {} sets: {:.1} % and {:.1} %; mean integral {:+.2} %, median width {:.1} %",
            case.name,
            case.sets,
            100.0 * shares[0],
            100.0 * shares[1],
            100.0 * (a.1 + b.1) / n,
            100.0 * median(a.2, b.2),
        );
        for (i, level) in [0.6827, 0.95f64].into_iter().enumerate() {
            let binomial = 3.0 * (level * (1.0 - level) / n).sqrt();
            let [below, above] = case.allowance[i];
            if shares[i] < level - binomial - below || shares[i] > level + binomial + above {
                failures.push(format!("{}: {:.4} instead of {level} (3 sigma: {binomial:.4})", case.name, shares[i]));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Below and above, at 68.27 % and 95 %.
const STRICT: [[f64; 2]; 2] = [[0.015, 0.015], [0.01, 0.01]];

fn case(name: &'static str, model: FitModel, truth: &'static [(f64, f64)], times: &'static [f64], known: Known, sets: usize) -> Case {
    Case { name, model, truth, times, known, noise: 0.1, sets, allowance: STRICT }
}

/// Where bounds (a physical one, amplitudes that are not negative) often hold the fit, intervals hold the truth too often, never too rarely.
fn bounded(mut case: Case, above: [f64; 2]) -> Case {
    (case.allowance[0][1], case.allowance[1][1]) = (above[0], above[1]);
    case
}

#[test]
fn single_exponentials() {
    use Known::{Nothing, Share, Sigmas};
    check(&[
        case("mono, 5 samples, share", FitModel::Mono, MONO, FIVE, Share, 2000),
        case("mono, 5 samples, sigmas", FitModel::Mono, MONO, FIVE, Sigmas, 2000),
        case("mono, 5 samples, nothing", FitModel::Mono, MONO, FIVE, Nothing, 2000),
        case("mono, 3 samples, share", FitModel::Mono, MONO, &[24.0, 72.0, 168.0], Share, 2000),
        case("mono, 3 samples, nothing", FitModel::Mono, MONO, &[24.0, 72.0, 168.0], Nothing, 2000),
        case("mono, 2 samples, share", FitModel::Mono, MONO, &[24.0, 120.0], Share, 2000),
        bounded(case("mono at its bound, share", FitModel::Mono, &[(5.0e6, 150.0)], FIVE, Share, 2000), [0.08, 0.02]),
    ]);
}

#[test]
fn uptake_and_clearance() {
    use Known::{Nothing, Share, Sigmas};
    check(&[
        case("uptake, 5 samples, share", FitModel::Uptake, UPTAKE, FIVE, Share, 1000),
        case("uptake, 5 samples, sigmas", FitModel::Uptake, UPTAKE, FIVE, Sigmas, 1000),
        case("uptake, 5 samples, nothing", FitModel::Uptake, UPTAKE, FIVE, Nothing, 1000),
    ]);
}

#[test]
fn two_phases() {
    use Known::{Nothing, Share, Sigmas};
    check(&[
        case("bi, 5 samples, share", FitModel::Bi, BI, FIVE, Share, 1000),
        case("bi, 8 samples, share", FitModel::Bi, BI, EIGHT, Share, 1000),
        case("bi, 8 samples, sigmas", FitModel::Bi, BI, EIGHT, Sigmas, 1000),
        case("bi, 8 samples, nothing", FitModel::Bi, BI, EIGHT, Nothing, 1000),
    ]);
}

#[test]
fn more_phases() {
    use Known::{Nothing, Share};
    check(&[
        case("bi-uptake, 8 samples, share", FitModel::BiUptake, BI_UPTAKE, EIGHT, Share, 400),
        case("bi-uptake, 8 samples, nothing", FitModel::BiUptake, BI_UPTAKE, EIGHT, Nothing, 400),
        bounded(case("tri, 8 samples, share", FitModel::Tri, TRI, EIGHT, Share, 250), [0.18, 0.05]),
        bounded(case("tri, 8 samples, nothing", FitModel::Tri, TRI, EIGHT, Nothing, 250), [0.18, 0.05]),
    ]);
}
