//! Activity in time at one place, as pieces with exact integrals.
//!
//! A piece is `(value + slope s) s^power e^(-rate s)` with `s = t - start` from its start to its end. That holds sums of exponentials (pieces
//! without end), trapezoids (rate 0), log-linear interpolation (slope 0, rates of either sign), a truncation (a common end), and what a linear
//! chain of decay and clearance makes of any of them ([`TimeCourse::fed`]); powers come from rates that (nearly) agree.

use crate::physics::exponential::{decay, moment, shifted_power};

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
    /// Power of time by which all is multiplied; value and slope are per s^power.
    pub power: u32,
}

impl Piece {
    /// `value e^(-rate t)` from the start of the fraction on.
    pub fn exponential(value: f64, rate: f64) -> Self {
        Self { start: 0.0, end: f64::INFINITY, value, slope: 0.0, rate, power: 0 }
    }

    /// Its value at a time, Bq.
    pub fn at(&self, time: f64) -> f64 {
        if time < self.start || time >= self.end {
            return 0.0;
        }
        let s = time - self.start;
        (self.value + self.slope * s) * s.powi(self.power as i32) * decay(self.rate, s)
    }

    /// Its exact integral, Bq s.
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        self.weighted(0, from, to)
    }

    /// Factors and powers of its monomials.
    fn monomials(&self) -> [(f64, u32); 2] {
        [(self.value, self.power), (self.slope, self.power + 1)]
    }

    /// `Int s^extra A dt`, s counted from its start.
    fn weighted(&self, extra: u32, from: f64, to: f64) -> f64 {
        let (from, to) = (from.max(self.start), to.min(self.end));
        if from >= to {
            return 0.0;
        }
        let (gap, h) = (from - self.start, to - from);
        let monomial = |(factor, power): (f64, u32)| {
            if factor == 0.0 {
                return 0.0;
            }
            factor * shifted_power(power + extra, gap).map(|(part, p)| part * moment(p, self.rate, h)).sum::<f64>()
        };
        decay(self.rate, gap) * self.monomials().map(monomial).iter().sum::<f64>()
    }

    /// `Int t A dt` over the whole piece, Bq s2.
    fn first_moment(&self) -> f64 {
        self.weighted(1, self.start, self.end) + self.start * self.integral(self.start, self.end)
    }

    /// True where both can be one piece by adding values and slopes.
    fn joins(&self, other: &Self) -> bool {
        (self.start, self.end, self.rate, self.power) == (other.start, other.end, other.rate, other.power)
    }
}

/// Activity as a function of the time after the start of the fraction: the sum of its pieces.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct TimeCourse {
    /// The pieces; they may overlap.
    pub pieces: Vec<Piece>,
}

/// Where rate and loss differ by less than this share of the loss, or over this share of 1 / the piece's length, [`TimeCourse::fed`] expands
/// in powers of their difference instead of dividing by it.
const NEAR: f64 = 0.05;
/// Most terms of that expansion: the first one left out is below `NEAR^24 (n + 24)! / (n! 24!)`, 1e-23 for n = 8.
const TERMS: u32 = 24;
/// Terms below this share of the whole are left out.
const NEGLIGIBLE: f64 = 1.0e-16;

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

    /// `Int t A dt` to infinity, Bq s2.
    pub fn first_moment(&self) -> f64 {
        self.pieces.iter().map(Piece::first_moment).sum()
    }

    /// Mean time of the decays, s: [`Self::first_moment`] over [`Self::tia`]; 0 without activity.
    pub fn mean_time(&self) -> f64 {
        let tia = self.tia();
        if tia > 0.0 { self.first_moment() / tia } else { 0.0 }
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
    /// `Int_0^t A(u) e^(-loss (t - u)) du`, as pieces again.
    ///
    /// A monomial `s^n e^(-rate s)` gives, with d = rate - loss, `n!/d^(n+1) (e^(-loss s) - e^(-rate s) sum_(j<=n) (d s)^j/j!)`. Where d is so
    /// small that this loses digits, it is `e^(-loss s) sum_k (-d)^k/k! s^(n+k+1)/(n+k+1)`.
    #[must_use]
    pub fn fed(&self, loss: f64) -> Self {
        let mut pool = Self::default();
        for piece in &self.pieces {
            let first = pool.pieces.len();
            for (factor, power) in piece.monomials().into_iter().filter(|(factor, _)| *factor != 0.0) {
                pool.feed(piece, factor, power, loss);
            }
            if piece.end.is_finite() {
                // What has gathered is left to empty. (Pieces of this window only: no others end here unless they begin there too.)
                let inside = |p: &&Piece| (p.start, p.end) == (piece.start, piece.end);
                let length = piece.end - piece.start;
                let reached = |p: &Piece| (p.value + p.slope * length) * length.powi(p.power as i32) * decay(p.rate, length);
                let gathered: f64 = pool.pieces[first..].iter().filter(inside).map(reached).sum();
                pool.pieces.push(Piece { start: piece.end, end: f64::INFINITY, value: gathered, slope: 0.0, rate: loss, power: 0 });
            }
        }
        let mut joined = Self::default();
        pool.pieces.into_iter().for_each(|piece| joined.push(piece));
        let whole = joined.tia().abs();
        joined.pieces.retain(|piece| piece.integral(piece.start, piece.end).abs() > NEGLIGIBLE * whole);
        joined
    }

    /// Adds what `factor s^power` times the exponential of a piece leaves in a pool during that piece.
    fn feed(&mut self, piece: &Piece, factor: f64, power: u32, loss: f64) {
        let difference = piece.rate - loss;
        let near = difference.abs() < NEAR * loss || difference.abs() * (piece.end - piece.start) < NEAR;
        let mut add = |value: f64, power: u32, rate: f64| {
            self.pieces.push(Piece { value, slope: 0.0, rate, power, ..*piece });
        };
        if near {
            let mut expansion = factor;
            for k in 0..TERMS {
                if expansion == 0.0 {
                    break;
                }
                add(expansion / f64::from(power + k + 1), power + k + 1, loss);
                expansion *= -difference / f64::from(k + 1);
            }
            return;
        }
        // n!/(j! d^(n+1-j)) from j = n down.
        let mut part = factor / difference;
        for j in (0..=power).rev() {
            add(-part, j, piece.rate);
            if j == 0 {
                add(part, 0, loss);
            }
            part *= f64::from(j) / difference;
        }
    }
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
