//! Measured activities: checked, interpolated, or handed to a fit.

use std::f64::consts::LN_2;

use super::{Realised, check_half_life, fit};
use crate::{
    error::{Error, Result},
    plan::{Before, Between, Samples, Tail, Treatment},
    source::{Piece, TimeCourse},
};

/// What is known of the errors of measured activities.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::source) enum Errors {
    /// Standard uncertainties, Bq.
    Absolute(Vec<f64>),
    /// One relative standard uncertainty for all.
    Relative(f64),
    /// Relative ones that are equal, but not known.
    Unknown,
}

/// Activities at times.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::source) struct Observations {
    /// s, ascending.
    pub(in crate::source) times: Vec<f64>,
    /// Bq.
    pub(in crate::source) activities: Vec<f64>,
    pub(in crate::source) errors: Errors,
}

/// Uncertainties that are one share of their activities within this are taken as relative ones.
const EQUAL_SHARES: f64 = 1.0e-6;

impl Observations {
    /// The samples of a plan; an interpolation takes no negative ones.
    pub(super) fn of_plan(samples: &Samples, positive: bool) -> Result<Self> {
        let Samples { times, activities, sigmas } = samples;
        if times.is_empty() || times.len() != activities.len() || !(sigmas.is_empty() || sigmas.len() == times.len()) {
            return Err(Error::input(format!(
                "there are {} times, {} activities and {} uncertainties; there must be as many activities as times, at least one, and as many \
                 uncertainties or none",
                times.len(),
                activities.len(),
                sigmas.len()
            )));
        }
        if times[0] < 0.0 || times.iter().any(|time| !time.is_finite()) || times.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::input(format!("the times of samples must ascend from 0 s or later, found {times:?} s")));
        }
        if let Some(bad) = activities.iter().find(|activity| !activity.is_finite() || (positive && **activity < 0.0)) {
            return Err(Error::input(format!("a measured activity must be 0 Bq or more, found {bad} Bq")));
        }
        // A sample of nothing has an uncertainty of nothing where it is relative.
        let known = |(sigma, activity): &(&f64, &f64)| sigma.is_finite() && (**sigma > 0.0 || (**sigma == 0.0 && **activity == 0.0));
        if let Some((bad, _)) = sigmas.iter().zip(activities).find(|pair| !known(pair)) {
            return Err(Error::input(format!("the standard uncertainty of a measured activity must be above 0 Bq, found {bad} Bq")));
        }
        let shares: Vec<f64> =
            sigmas.iter().zip(activities).filter(|(_, activity)| **activity != 0.0).map(|(sigma, activity)| sigma / activity).collect();
        let errors = match shares.first() {
            None if sigmas.is_empty() => Errors::Unknown,
            None => return Err(Error::input("every measured activity is 0 Bq")),
            Some(&first) if first > 0.0 && shares.iter().all(|share| (share / first - 1.0).abs() < EQUAL_SHARES) => Errors::Relative(first),
            Some(_) => Errors::Absolute(sigmas.clone()),
        };
        Ok(Self { times: times.clone(), activities: activities.clone(), errors })
    }

    /// Standard uncertainties of the activities as measured, Bq; `None` if they are not known.
    fn sigmas(&self) -> Option<Vec<f64>> {
        match &self.errors {
            Errors::Absolute(sigmas) => Some(sigmas.clone()),
            Errors::Relative(share) => Some(self.activities.iter().map(|activity| share * activity.abs()).collect()),
            Errors::Unknown => None,
        }
    }
}

/// The course of measured activities.
pub(in crate::source) fn treat(observed: &Observations, treatment: Treatment, physical: f64) -> Result<Realised> {
    let lambda = LN_2 / physical;
    match treatment {
        Treatment::Fit { model } => fit::realise(observed, model, lambda),
        Treatment::Interpolate { between, before, tail } => {
            if let Tail::HalfLife { effective } = tail {
                check_half_life(effective, physical)?;
            }
            interpolate(observed, &Rules { between, before, tail, lambda })
        }
    }
}

/// How to run between, before and after the samples.
struct Rules {
    between: Between,
    before: Before,
    tail: Tail,
    /// Physical decay, 1/s.
    lambda: f64,
}

fn interpolate(observed: &Observations, rules: &Rules) -> Result<Realised> {
    if let Tail::Fitted { samples } = rules.tail {
        let n = observed.times.len();
        if samples < 2 || samples > n {
            return Err(Error::input(format!("the tail cannot be fitted to the last {samples} of {n} samples; 2 to {n} are possible")));
        }
        if observed.activities[n - samples..].iter().any(|activity| *activity <= 0.0) {
            return Err(Error::input(format!(
                "the tail is to be fitted to the last {samples} samples, but not all of them are above 0 Bq; give the tail otherwise"
            )));
        }
    }
    let sigmas = observed.sigmas();
    let (course, notes) = rules.course(&observed.times, &observed.activities, sigmas.as_deref());
    let tia = course.tia();
    let mut realised = Realised { notes, ..Realised::given(course, tia) };
    match sigmas {
        None => realised.notes.push("the samples come without uncertainties, so their integral has none".into()),
        Some(sigmas) if tia > 0.0 => {
            // Half the change over a whole standard uncertainty to both sides: exact where the integral is linear in the sample, and fair
            // where the tail has a limit.
            let change = |i: usize| {
                let (y, sigma) = (observed.activities[i], sigmas[i]);
                let step = sigma.min(0.5 * y);
                if step <= 0.0 {
                    return if sigma > 0.0 { rules.integral_with(observed, i, sigma, &sigmas) - tia } else { 0.0 };
                }
                (rules.integral_with(observed, i, y + step, &sigmas) - rules.integral_with(observed, i, y - step, &sigmas)) / (2.0 * step)
                    * sigma
            };
            realised.relative_sigma = (0..sigmas.len()).map(|i| change(i).powi(2)).sum::<f64>().sqrt() / tia;
        }
        Some(_) => {}
    }
    Ok(realised)
}

impl Rules {
    /// The integral with sample `i` changed to `activity`.
    fn integral_with(&self, observed: &Observations, i: usize, activity: f64, sigmas: &[f64]) -> f64 {
        let mut activities = observed.activities.clone();
        activities[i] = activity;
        self.course(&observed.times, &activities, Some(sigmas)).0.tia()
    }

    /// The course through activities that are not negative, and what to tell about it.
    fn course(&self, times: &[f64], activities: &[f64], sigmas: Option<&[f64]>) -> (TimeCourse, Vec<String>) {
        let (mut pieces, mut notes) = (Vec::new(), Vec::new());
        let (first, value) = (times[0], activities[0]);
        if first > 0.0 {
            let mut lead = match self.before {
                Before::Zero => line(0.0, first, 0.0, value),
                Before::Constant => line(0.0, first, value, value),
                Before::Extrapolated if times.len() < 2 => {
                    notes.push("one sample cannot be extrapolated backwards; it is held constant before".into());
                    line(0.0, first, value, value)
                }
                Before::Extrapolated => backwards(self.join(times, activities, 0), first, value),
            };
            lead.end = first;
            pieces.push(lead);
        }
        pieces.extend((1..times.len()).map(|i| self.join(times, activities, i - 1)));
        let (start, last) = (times[times.len() - 1], activities[times.len() - 1]);
        if last > 0.0 {
            let rate = match self.tail {
                Tail::Physical => self.lambda,
                Tail::HalfLife { effective } => (LN_2 / effective).max(self.lambda),
                Tail::Fitted { samples } => {
                    let from = times.len() - samples;
                    let rate = tail_rate(&times[from..], &activities[from..], sigmas.map(|sigmas| &sigmas[from..]));
                    if rate < self.lambda {
                        notes.push(format!(
                            "the last {samples} samples fall with {:.4e}/s, slower than physical decay; the tail falls with {:.4e}/s, physically",
                            rate, self.lambda
                        ));
                    }
                    rate.max(self.lambda)
                }
            };
            pieces.push(Piece { start, end: f64::INFINITY, value: last, slope: 0.0, rate, power: 0 });
        }
        pieces.retain(|piece| piece.value != 0.0 || piece.slope != 0.0);
        (TimeCourse { pieces }, notes)
    }

    /// From sample `i` to the next one.
    fn join(&self, times: &[f64], activities: &[f64], i: usize) -> Piece {
        let (start, end, a, b) = (times[i], times[i + 1], activities[i], activities[i + 1]);
        if self.between == Between::LogLinear && a > 0.0 && b > 0.0 {
            Piece { start, end, value: a, slope: 0.0, rate: (a / b).ln() / (end - start), power: 0 }
        } else {
            line(start, end, a, b)
        }
    }
}

fn line(start: f64, end: f64, a: f64, b: f64) -> Piece {
    Piece { start, end, value: a, slope: (b - a) / (end - start), rate: 0.0, power: 0 }
}

/// The piece after `first` goes on before it, down to zero at most.
fn backwards(after: Piece, first: f64, value: f64) -> Piece {
    if after.rate != 0.0 {
        return Piece { start: 0.0, value: value * (after.rate * first).exp(), ..after };
    }
    let at_start = value - after.slope * first;
    if at_start >= 0.0 { line(0.0, first, at_start, value) } else { line(first - value / after.slope, first, 0.0, value) }
}

/// Rate of the exponential through the samples by weighted least squares in the logarithm, whose variance is `(sigma / y)^2`.
fn tail_rate(times: &[f64], activities: &[f64], sigmas: Option<&[f64]>) -> f64 {
    let weight = |i: usize| sigmas.map_or(1.0, |sigmas| if sigmas[i] > 0.0 { (activities[i] / sigmas[i]).powi(2) } else { 1.0 });
    let mean = |f: &dyn Fn(usize) -> f64| {
        let (top, bottom) = (0..times.len()).fold((0.0, 0.0), |(a, b), i| (a + weight(i) * f(i), b + weight(i)));
        top / bottom
    };
    let (t, y) = (mean(&|i| times[i]), mean(&|i| activities[i].ln()));
    -mean(&|i| (times[i] - t) * (activities[i].ln() - y)) / mean(&|i| (times[i] - t).powi(2))
}

#[cfg(test)]
#[path = "samples_tests.rs"]
mod tests;
