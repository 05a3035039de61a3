//! Intervals of the time integral from the profile of the sum of squares.
//!
//! `P(T)` is the least sum of squares among all curves of integral T, within all constraints. An interval holds every T with
//! `P(T) - P_min <= q`. It knows bounds and curvature, which a standard deviation from the covariance matrix does not.

use super::{
    shape::Shape,
    solve::{Data, Point, all, descend},
};

/// Interval limits are found to this share of their distance from the best value in units of standard deviations.
const TOLERANCE: f64 = 2.0e-4;
/// A profile lower than the fit by more than this share (of sum of squares and 1) means that the fit was not the best one.
const BETTER: f64 = 1.0e-6;

/// The profile of one fit.
pub(super) struct Profile<'a> {
    pub(super) shape: &'a Shape,
    pub(super) data: &'a Data,
    pub(super) best: &'a Point,
}

impl Profile<'_> {
    /// The best curve of integral `tia`; `near` is one of a similar integral.
    fn at(&self, tia: f64, near: &Point) -> Point {
        let free = all(self.shape);
        let follow = descend(self.shape, self.data, &near.numbers, &free, Some(tia));
        let afresh = descend(self.shape, self.data, &self.best.numbers, &free, Some(tia));
        if follow.chi2 <= afresh.chi2 { follow } else { afresh }
    }

    /// Limits towards one side, for ascending `q`; `step` is about a standard deviation. An integral of 0 is the last lower limit.
    ///
    /// # Errors
    /// A point that is better than the fit, if one is met.
    pub(super) fn limits(&self, q: [f64; 2], step: f64, upwards: bool) -> Result<[f64; 2], Point> {
        let root = |point: &Point| (point.chi2 - self.best.chi2).max(0.0).sqrt();
        let mut path = vec![self.best.clone()];
        let mut far = step;
        let mut limits = [0.0; 2];
        for (limit, q) in limits.iter_mut().zip(q) {
            let wanted = q.sqrt();
            // Outwards until the limit lies behind.
            while path.last().is_some_and(|point| root(point) < wanted) {
                let tia = if upwards { self.best.tia + far } else { (self.best.tia - far).max(0.0) };
                far *= 1.7;
                let last = path.last().unwrap_or(self.best);
                if tia == last.tia || !tia.is_finite() {
                    break;
                }
                let point = self.at(tia, last);
                if point.chi2 < self.best.chi2 - BETTER * (1.0 + self.best.chi2) {
                    return Err(point);
                }
                path.push(point);
            }
            let Some(behind) = path.iter().position(|point| root(point) >= wanted) else {
                *limit = if upwards { f64::INFINITY } else { 0.0 };
                continue;
            };
            if behind == 0 {
                *limit = self.best.tia;
                continue;
            }
            let (mut low, mut high) = (path[behind - 1].clone(), path[behind].clone());
            let (mut at_low, mut at_high) = (root(&low) - wanted, root(&high) - wanted);
            // Regula falsi after Illinois: the root of P is nearly straight.
            for _ in 0..40 {
                let tia = (low.tia * at_high - high.tia * at_low) / (at_high - at_low);
                let point = self.at(tia, &low);
                if point.chi2 < self.best.chi2 - BETTER * (1.0 + self.best.chi2) {
                    return Err(point);
                }
                let found = root(&point) - wanted;
                *limit = tia;
                if found.abs() < TOLERANCE * wanted {
                    break;
                }
                if found < 0.0 {
                    (low, at_low) = (point, found);
                    at_high *= 0.5;
                } else {
                    (high, at_high) = (point, found);
                    at_low *= 0.5;
                }
            }
        }
        Ok(limits)
    }
}
