//! Activity in time at one place, as pieces with exact integrals.
//!
//! A piece is `(value + slope s) e^(-rate s)` with `s = t - start` from its start to its end. That holds sums of exponentials (pieces without
//! end), trapezoids (rate 0), log-linear interpolation (slope 0, rates of either sign), a truncation (a common end), and what a linear chain
//! of decay and clearance makes of any of them ([`TimeCourse::fed`]).

use crate::physics::exponential::{decay, first_moment, phi1, second_moment};

/// One piece of a time course; times count from the start of the fraction.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Piece {
    /// Where it begins, s; zero before.
    pub start: f64,
    /// Where it ends, s; infinite for never, zero after.
    pub end: f64,
    /// At its start, Bq; may be negative (an uptake phase), as long as the whole course is not.
    pub value: f64,
    /// Bq/s.
    pub slope: f64,
    /// 1/s; positive in a piece without end.
    pub rate: f64,
}

impl Piece {
    /// `value e^(-rate t)` from the start of the fraction on.
    pub fn exponential(value: f64, rate: f64) -> Self {
        Self { start: 0.0, end: f64::INFINITY, value, slope: 0.0, rate }
    }

    /// Its value at a time, Bq.
    pub fn at(&self, time: f64) -> f64 {
        if time < self.start || time >= self.end {
            return 0.0;
        }
        let s = time - self.start;
        (self.value + self.slope * s) * decay(self.rate, s)
    }

    /// Its exact integral, Bq s.
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        let (from, to) = (from.max(self.start), to.min(self.end));
        if from >= to {
            return 0.0;
        }
        let s = from - self.start;
        let left = decay(self.rate, s);
        let (value, slope, h) = ((self.value + self.slope * s) * left, self.slope * left, to - from);
        if h.is_infinite() {
            return value / self.rate + slope / (self.rate * self.rate);
        }
        h * (value * phi1(self.rate * h) + h * slope * first_moment(self.rate * h))
    }

    /// `Int t A dt` over the whole piece, Bq s2.
    fn first_moment(&self) -> f64 {
        let h = self.end - self.start;
        let about_start = if h.is_infinite() {
            (self.value + 2.0 * self.slope / self.rate) / (self.rate * self.rate)
        } else {
            let x = self.rate * h;
            h * h * (self.value * first_moment(x) + h * self.slope * second_moment(x))
        };
        about_start + self.start * self.integral(self.start, self.end)
    }

    /// True where both can be one piece by adding values and slopes.
    fn joins(&self, other: &Self) -> bool {
        (self.start, self.end, self.rate) == (other.start, other.end, other.rate)
    }
}

/// Activity as a function of the time after the start of the fraction: the sum of its pieces.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct TimeCourse {
    /// The pieces; they may overlap.
    pub pieces: Vec<Piece>,
}

/// Rates closer than this share of the loss (or of 1 / the piece's length) count as equal in [`TimeCourse::fed`], which else divides by their difference.
const LEAST_DIFFERENCE: f64 = 1.0e-6;
/// Linear pieces, whose formula divides by the square, are moved apart by this share instead.
const LEAST_DIFFERENCE_LINEAR: f64 = 1.0e-4;

impl TimeCourse {
    /// `activity e^(-rate t)`; Bq and 1/s.
    pub fn exponential(activity: f64, rate: f64) -> Self {
        Self { pieces: vec![Piece::exponential(activity, rate)] }
    }

    /// Activity at a time, Bq.
    pub fn at(&self, time: f64) -> f64 {
        self.pieces.iter().map(|piece| piece.at(time)).sum()
    }

    /// Exact integral between two times (the later one may be infinite), Bq s.
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        self.pieces.iter().map(|piece| piece.integral(from, to)).sum()
    }

    /// Time-integrated activity from the start of the fraction to infinity, Bq s.
    pub fn tia(&self) -> f64 {
        self.integral(0.0, f64::INFINITY)
    }

    /// Mean time of the decays, s: `Int t A dt / Int A dt`; 0 without activity.
    pub fn mean_time(&self) -> f64 {
        let tia = self.tia();
        if tia > 0.0 { self.pieces.iter().map(Piece::first_moment).sum::<f64>() / tia } else { 0.0 }
    }

    /// Every activity times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let scale = |p: &Piece| Piece { value: p.value * factor, slope: p.slope * factor, ..*p };
        Self { pieces: self.pieces.iter().map(scale).collect() }
    }

    /// Zero from `end` on.
    #[must_use]
    pub fn truncated(&self, end: f64) -> Self {
        let cut = |p: &Piece| Piece { end: p.end.min(end), ..*p };
        Self { pieces: self.pieces.iter().filter(|p| p.start < end).map(cut).collect() }
    }

    /// Adds another course; equal pieces become one.
    pub fn add(&mut self, other: &Self) {
        other.pieces.iter().for_each(|&piece| self.push(piece));
    }

    fn push(&mut self, piece: Piece) {
        match self.pieces.iter_mut().find(|known| known.joins(&piece)) {
            Some(known) => {
                known.value += piece.value;
                known.slope += piece.slope;
            }
            None => self.pieces.push(piece),
        }
    }

    /// What a pool holds that is fed by this course (per second) and empties at `loss` (1/s, decay and clearance together):
    /// `Int_0^t A(u) e^(-loss (t - u)) du`.
    ///
    /// Exact, but for linear pieces whose rate (nearly) equals `loss`: these are taken 1e-4 apart, so that the result is a sum of pieces again; and
    /// rates within 1e-6 of `loss` are taken as equal to it. The integral over all time is 1/loss times that of the feed, to the rounding of
    /// amplitudes that nearly cancel (1e-9).
    #[must_use]
    pub fn fed(&self, loss: f64) -> Self {
        let mut pool = Self::default();
        for piece in &self.pieces {
            let length = piece.end - piece.start;
            let (rate, mut difference) = (piece.rate, piece.rate - loss);
            let gathered = if piece.slope == 0.0 && difference.abs() < LEAST_DIFFERENCE * loss.max(1.0 / length) {
                // e^(-rate s) fed into a pool that loses as fast: s e^(-rate s).
                let rate = 0.5 * (rate + loss);
                pool.push(Piece { value: 0.0, slope: piece.value, rate, ..*piece });
                piece.value * length * decay(rate, length)
            } else {
                // A linear piece without end has its own rate for a scale.
                let least = if piece.slope == 0.0 {
                    0.0
                } else {
                    (LEAST_DIFFERENCE_LINEAR / length).max(LEAST_DIFFERENCE_LINEAR * loss.min(rate.abs()))
                };
                let mut own = loss;
                if difference.abs() < least {
                    difference = if difference < 0.0 { -least } else { least };
                    own = rate - difference;
                }
                let (linear, constant) = (-piece.slope / difference, piece.value / difference + piece.slope / (difference * difference));
                pool.push(Piece { value: constant, slope: 0.0, rate: own, ..*piece });
                pool.push(Piece { value: -constant, slope: linear, rate, ..*piece });
                constant * decay(own, length) + (linear * length - constant) * decay(rate, length)
            };
            if piece.end.is_finite() {
                // What has gathered is left to empty.
                pool.push(Piece { start: piece.end, end: f64::INFINITY, value: gathered, slope: 0.0, rate: loss });
            }
        }
        pool.pieces.retain(|piece| piece.value != 0.0 || piece.slope != 0.0);
        let (exact, found) = (self.tia() / loss, pool.tia());
        if exact > 0.0 && found > 0.0 { pool.scaled(exact / found) } else { pool }
    }
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
