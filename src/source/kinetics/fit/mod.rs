//! Curves fitted to measured activities.

mod profile;
mod shape;
mod solve;

use std::f64::consts::LN_2;

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use self::{
    profile::Profile,
    shape::Shape,
    solve::{Data, Point, descend, search, settle},
};
use super::{
    Realised,
    samples::{Errors, Observations},
    student,
};
use crate::{
    error::{Error, Result},
    plan::FitModel,
};

/// A fit in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitReport {
    /// The curve.
    pub model: FitModel,
    /// Amplitudes at the start and effective half-lives, phase by phase from the slowest on.
    pub parameters: Vec<FitParameter>,
    /// Sum of squared residuals over their variances; over those of relative errors of 1 if the plan gives no uncertainties.
    pub chi2: f64,
    /// Samples less parameters.
    pub degrees_of_freedom: usize,
    /// The relative standard uncertainty of a sample that the residuals show, where the plan gives none.
    pub residual_share: Option<f64>,
    /// Time-integrated activity, Bq s.
    pub tia: f64,
    /// Its standard uncertainty by the covariance matrix alone, Bq s; `None` where that is singular.
    pub linear_sigma: Option<f64>,
    /// Interval of the time-integrated activity with 68.27 % confidence, Bq s.
    pub interval_68: [f64; 2],
    /// With 95 %.
    pub interval_95: [f64; 2],
    /// Constraints that hold the curve, in words.
    pub bounds: Vec<String>,
}

/// A parameter of a fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitParameter {
    /// E.g. "half-life of phase 1".
    pub name: String,
    /// Bq or s.
    pub value: f64,
    /// Standard uncertainty by the covariance matrix, with constraints that hold the curve taken as given; `None` where the samples do not determine it.
    pub sigma: Option<f64>,
}

/// Confidence of the intervals.
const LEVELS: [f64; 2] = [0.682_689_492_137_086, 0.95];
/// An error in proportion to the curve is not taken for smaller than that at this share of the curve's largest value at a sample.
const LEAST_SHARE: f64 = 1.0e-4;
/// Rounds of weights that follow the curve.
const ROUNDS: usize = 100;

/// The course of the curve that fits best; `lambda` is the physical decay, 1/s.
pub(super) fn realise(observed: &Observations, model: FitModel, lambda: f64) -> Result<Realised> {
    let mut notes = Vec::new();
    let mut data = select(observed, model, &mut notes)?;
    let first = data.times.iter().copied().find(|time| *time > 0.0).unwrap_or(1.0);
    let shape = Shape::new(model, lambda, first);
    let share = match observed.errors {
        Errors::Absolute(_) => None,
        Errors::Relative(share) => Some(share),
        Errors::Unknown => Some(1.0),
    };
    let none = || Error::input("no curve above zero fits the samples; leave them out or correct them");
    let mut best = match share {
        None => search(&shape, &data).ok_or_else(none)?,
        Some(share) => follow(&shape, &mut data, share, &mut notes).ok_or_else(none)?,
    };
    let degrees_of_freedom = data.times.len() - model.parameters();
    let scaled = observed.errors == Errors::Unknown;
    let mut free;
    let (linear_sigma, interval_68, interval_95) = loop {
        (best, free) = settle(&shape, &data, best);
        // Squares of what a standard deviation is in the sum of squares.
        let unit = if scaled { best.chi2 / degrees_of_freedom as f64 } else { 1.0 };
        let t = LEVELS.map(|level| if scaled { student::quantile(level, degrees_of_freedom) } else { normal(level) });
        let linear = covariance(&shape, &data, &best, &free).map(|matrix| (matrix[(0, 0)] * unit).sqrt());
        let profile = Profile { shape: &shape, data: &data, best: &best };
        let q = t.map(|t| t * t * unit);
        let step = linear.filter(|sigma| *sigma > 1.0e-9 * best.tia && *sigma < best.tia).unwrap_or(0.1 * best.tia) * t[0];
        if q[1] <= 1.0e-20 * data.values.iter().zip(&data.sigmas).map(|(y, s)| (y / s).powi(2)).sum::<f64>() {
            // Without residuals there is nothing to tell an uncertainty from.
            break (linear, [best.tia; 2], [best.tia; 2]);
        }
        match (profile.limits(q, step, false), profile.limits(q, step, true)) {
            (Ok(low), Ok(high)) => break (linear, [low[0], high[0]], [low[1], high[1]]),
            (Err(better), _) | (_, Err(better)) => {
                // The lower of both, so that the sum of squares falls from round to round and the loop ends.
                let (kept, descended) =
                    (data.point(&shape, &better.numbers, None), descend(&shape, &data, &better.numbers, &solve::all(&shape), None));
                best = if descended.chi2 < kept.chi2 { descended } else { kept };
            }
        }
    };
    let form = shape.form(&best.numbers);
    let bounds = bounds(&shape, &best, &free);
    notes.extend(bounds.iter().map(|bound| format!("the fit is held by a bound: {bound}")));
    if !scaled && best.chi2 > degrees_of_freedom as f64 + 3.0 * (2.0 * degrees_of_freedom as f64).sqrt().max(1.0) {
        notes.push(format!(
            "the curve does not describe the samples within their uncertainties: chi2 is {:.2} with {degrees_of_freedom} degrees of freedom",
            best.chi2
        ));
    }
    let unit = if scaled { best.chi2 / degrees_of_freedom as f64 } else { 1.0 };
    let report = FitReport {
        model,
        parameters: parameters(&shape, &data, &best, &free, unit),
        chi2: best.chi2,
        degrees_of_freedom,
        residual_share: scaled.then(|| unit.sqrt()),
        tia: best.tia,
        linear_sigma,
        interval_68,
        interval_95,
        bounds,
    };
    let relative_sigma = 0.5 * (interval_68[1] - interval_68[0]) / best.tia;
    Ok(Realised { course: shape.course(&form, best.tia), tia: best.tia, relative_sigma, notes, fit: Some(report) })
}

/// The t of the normal distribution for a level.
fn normal(level: f64) -> f64 {
    if level == LEVELS[0] { 1.0 } else { 1.959_963_984_540_054 }
}

/// The samples that a model can use.
fn select(observed: &Observations, model: FitModel, notes: &mut Vec<String>) -> Result<Data> {
    let Observations { times, activities, errors } = observed;
    let from_zero = matches!(model, FitModel::Uptake | FitModel::BiUptake);
    let used: Vec<usize> = (0..times.len()).filter(|&i| !(from_zero && times[i] == 0.0)).collect();
    if used.len() < times.len() {
        notes.push("the sample at the start is left out: the curve is zero there".into());
    }
    let needed = model.parameters() + usize::from(*errors == Errors::Unknown);
    if used.len() < needed {
        let without = if *errors == Errors::Unknown { " without uncertainties" } else { "" };
        return Err(Error::input(format!(
            "{} samples{without} cannot determine a curve of {} parameters and its uncertainty; {needed} or more are needed",
            used.len(),
            model.parameters()
        )));
    }
    let largest = activities.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Err(Error::input("no sample is above 0 Bq"));
    }
    let sigma = |i: usize| match errors {
        Errors::Absolute(sigmas) => sigmas[i],
        Errors::Relative(share) => share * activities[i].abs().max(0.05 * largest),
        Errors::Unknown => activities[i].abs().max(0.05 * largest),
    };
    let take = |f: &dyn Fn(usize) -> f64| used.iter().map(|&i| f(i)).collect();
    Ok(Data { times: take(&|i| times[i]), values: take(&|i| activities[i]), sigmas: take(&sigma) })
}

/// The fit with errors in proportion to the curve itself: weights from measured values would favour those that are too low by chance.
fn follow(shape: &Shape, data: &mut Data, share: f64, notes: &mut Vec<String>) -> Option<Point> {
    let mut best = search(shape, data)?;
    for again in 0..3 {
        let mut change = f64::INFINITY;
        for _ in 0..ROUNDS {
            let form = shape.form(&best.numbers);
            let curve: Vec<f64> = data.times.iter().map(|t| best.tia * shape.at(&form, *t).0).collect();
            let least = LEAST_SHARE * curve.iter().copied().fold(0.0, f64::max);
            data.sigmas = curve.iter().map(|value| share * value.max(least)).collect();
            let next = descend(shape, data, &best.numbers, &solve::all(shape), None);
            change = (next.tia / best.tia - 1.0).abs();
            best = next;
            if change < 1.0e-11 {
                break;
            }
        }
        if change > 1.0e-4 {
            notes.push(format!(
                "weights that follow the curve did not settle: the integral still changes by {:.2} % from round to round",
                100.0 * change
            ));
        }
        let other = search(shape, data)?;
        if again == 2 || other.chi2 >= best.chi2 * (1.0 - 1.0e-6) - 1.0e-18 {
            break;
        }
        best = other;
    }
    Some(best)
}

/// Columns that the samples determine: free numbers whose change they feel.
fn felt(shape: &Shape, data: &Data, best: &Point, free: &[usize]) -> (DMatrix<f64>, Vec<usize>) {
    let form = shape.form(&best.numbers);
    let rows: Vec<(f64, [f64; shape::MOST_FORM])> = data.times.iter().map(|t| shape.at(&form, *t)).collect();
    let feels = |l: usize| rows.iter().any(|(_, slopes)| slopes[l] != 0.0);
    let felt: Vec<usize> = free.iter().copied().filter(|&l| feels(l)).collect();
    let jacobian = DMatrix::from_fn(rows.len(), 1 + felt.len(), |i, j| {
        let (value, slopes) = rows[i];
        (if j == 0 { value } else { best.tia * slopes[felt[j - 1]] }) / data.sigmas[i]
    });
    (jacobian, felt)
}

/// Covariance of the time integral and the numbers that are free and felt; `None` if the samples do not determine them together.
fn covariance(shape: &Shape, data: &Data, best: &Point, free: &[usize]) -> Option<DMatrix<f64>> {
    let (jacobian, _) = felt(shape, data, best, free);
    // Columns of unit length, so that the inverse does not suffer from units.
    let lengths: Vec<f64> = jacobian.column_iter().map(|column| column.norm()).collect();
    let unit = DMatrix::from_fn(jacobian.nrows(), jacobian.ncols(), |i, j| jacobian[(i, j)] / lengths[j]);
    let decomposition = unit.svd(false, true);
    let (values, vt) = (&decomposition.singular_values, decomposition.v_t?);
    if values.min() <= 1.0e-9 * values.max() {
        return None;
    }
    let inverse = DVector::from_iterator(values.len(), values.iter().map(|value| value.powi(-2)));
    let scaled = vt.transpose() * DMatrix::from_diagonal(&inverse) * &vt;
    Some(DMatrix::from_fn(lengths.len(), lengths.len(), |i, j| scaled[(i, j)] / (lengths[i] * lengths[j])))
}

/// Amplitudes and half-lives with standard uncertainties.
fn parameters(shape: &Shape, data: &Data, best: &Point, free: &[usize], unit: f64) -> Vec<FitParameter> {
    let physical = |tia: f64, numbers: &[f64]| {
        let form = shape.form(numbers);
        let amplitudes = shape.amplitudes(&form, tia);
        let mut list: Vec<f64> = (0..shape.terms()).flat_map(|i| [amplitudes[i], LN_2 / form.rates[i]]).collect();
        list.extend(shape.uptake().map(|u| LN_2 / form.rates[u]));
        list
    };
    let values = physical(best.tia, &best.numbers);
    let (_, felt) = felt(shape, data, best, free);
    let matrix = covariance(shape, data, best, free);
    let step = 1.0e-6;
    let columns: Vec<Vec<f64>> = (0..=felt.len())
        .map(|j| {
            let moved = |sign: f64| {
                let (mut tia, mut numbers) = (best.tia, best.numbers.clone());
                if j == 0 {
                    tia *= 1.0 + sign * step;
                } else {
                    numbers[felt[j - 1]] += sign * step;
                }
                physical(tia, &numbers)
            };
            let length = if j == 0 { 2.0 * step * best.tia } else { 2.0 * step };
            moved(1.0).iter().zip(moved(-1.0)).map(|(high, low)| (high - low) / length).collect()
        })
        .collect();
    let sigma = |p: usize| {
        let matrix = matrix.as_ref()?;
        let gradient = DVector::from_fn(columns.len(), |j, _| columns[j][p]);
        let sigma = (gradient.dot(&(matrix * &gradient)) * unit).sqrt();
        sigma.is_finite().then_some(sigma)
    };
    let name = |p: usize| match p / 2 {
        i if i == shape.terms() => "half-life of the uptake".to_string(),
        i if p.is_multiple_of(2) => format!("amplitude of phase {}", i + 1),
        i => format!("half-life of phase {}", i + 1),
    };
    values.iter().enumerate().map(|(p, &value)| FitParameter { name: name(p), value, sigma: sigma(p) }).collect()
}

/// What holds the numbers that are not free.
fn bounds(shape: &Shape, best: &Point, free: &[usize]) -> Vec<String> {
    let rates = shape.rates();
    let name = |j: usize| if shape.uptake() == Some(j) { "the uptake".to_string() } else { format!("phase {}", j + 1) };
    (0..shape.numbers())
        .filter(|l| !free.contains(l))
        .map(|l| match (l < rates, best.numbers[l] > 0.5) {
            (true, false) if l == 0 => "phase 1 falls with physical decay alone".into(),
            (true, false) => format!("{} is as slow as {}", name(l), name(l - 1)),
            (true, true) => format!("{} is as fast as the time of the first sample lets be known", name(l)),
            (false, false) => format!("phase {} has no part", l - rates + 1),
            (false, true) => format!("no phase after phase {} has a part", l - rates + 1),
        })
        .collect()
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
