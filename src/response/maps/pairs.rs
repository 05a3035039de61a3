//! BED as a quadratic form: the voxel-independent part, made once per tissue.
//!
//! A voxel's dose rate is `sum_i b_i g_i(t)` with [`Shape`]s g: courses of activity up to a factor. Then `Int b W dt = sum_(i<=j) P_ij b_i b_j`,
//! and P holds everything that time does: overlap of courses, and damage of one fraction still unrepaired in a later one. Blocks of one
//! fraction on the diagonal are that fraction alone, the rest is what fractions do to each other. A shape is a sum of [`Term`]s, whose pairs
//! have closed forms for any overlap of their windows; for exponentials without end this equals a sequence of [`super::super::step`]s from
//! start to start with W carried along.

use super::shape::Shape;
use crate::dose::terms::Term;
use crate::physics::exponential::{decay, moment, moment_encounter, moment_remaining, shifted_power};

/// Coefficients for one repair constant.
#[derive(Debug, Clone)]
pub(super) struct PairTable {
    /// Per shape: dose per amplitude, s.
    pub(super) dose: Vec<f64>,
    /// Row i, columns j <= i: `Int (Ddot_i U_j + Ddot_j U_i) dt` (halved on the diagonal) per product of amplitudes, s^2.
    pub(super) pairs: Vec<Vec<f64>>,
    /// Row per distinct start of a shape, column per shape: bound of the unrepaired dose from that start on, per amplitude, s.
    pub(super) peaks: Vec<Vec<f64>>,
}

impl PairTable {
    /// For dose delivered until `until` (s, on the clock of the starts; may be infinite). Without `peaks`, which do not depend on it.
    pub(super) fn new(shapes: &[Shape], mu: f64, until: f64) -> Self {
        // Shapes often have terms in common (members of a chain): each pair of different terms is integrated once.
        let mut terms: Vec<Term> = Vec::new();
        let mut index = |term: &Term| {
            terms.iter().position(|known| known == term).unwrap_or_else(|| {
                terms.push(*term);
                terms.len() - 1
            })
        };
        let parts: Vec<Vec<(usize, f64)>> =
            shapes.iter().map(|shape| shape.terms.iter().map(|(term, factor)| (index(term), *factor)).collect()).collect();
        let cut: Vec<Term> = terms.iter().map(|term| Term { end: term.end.min(until), ..*term }).collect();
        let dose: Vec<f64> = cut.iter().map(|term| moment(term.power, term.rate, (term.end - term.start).max(0.0))).collect();
        let meetings: Vec<Vec<f64>> = (0..cut.len()).map(|k| (0..=k).map(|l| meet(&cut[k], &cut[l], mu)).collect()).collect();
        let pair = |i: usize, j: usize| {
            let sum: f64 = parts[i]
                .iter()
                .flat_map(|&(k, a)| parts[j].iter().map(move |&(l, b)| (k.max(l), k.min(l), a * b)))
                .map(|(high, low, factor)| factor * meetings[high][low])
                .sum();
            if i == j { 0.5 * sum } else { sum }
        };
        Self {
            dose: parts.iter().map(|parts| parts.iter().map(|&(k, a)| a * dose[k]).sum()).collect(),
            pairs: (0..shapes.len()).map(|i| (0..=i).map(|j| pair(i, j)).collect()).collect(),
            peaks: Vec::new(),
        }
    }

    /// Adds the bounds of the unrepaired dose.
    pub(super) fn with_peaks(mut self, shapes: &[Shape], mu: f64) -> Self {
        let mut starts: Vec<f64> = shapes.iter().map(|shape| shape.begin).collect();
        starts.sort_by(f64::total_cmp);
        starts.dedup();
        let row = |&start: &f64| shapes.iter().map(|shape| if shape.begin > start { 0.0 } else { shape.peak(mu, start) }).collect();
        self.peaks = starts.iter().map(row).collect();
        self
    }
}

/// Both orders of two terms: the dose rate of each on the unrepaired dose of the other, to the end of both; for one term with itself, twice.
pub(in crate::response) fn meet(a: &Term, b: &Term, mu: f64) -> f64 {
    if a.end <= a.start || b.end <= b.start {
        return 0.0;
    }
    let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
    let begin = second.start;
    if first.end <= begin {
        return left(first, mu, begin) * moment(second.power, second.rate + mu, second.end - begin);
    }
    let end = first.end.min(second.end);
    let h = end - begin;
    let (rate, other) = (first.rate, (second.rate, second.power));
    let together: f64 = moved(first, begin)
        .map(|(factor, p)| factor * (moment_encounter((rate, p), other, mu, h) + moment_encounter(other, (rate, p), mu, h)))
        .sum();
    let mut sum = together + left(first, mu, begin) * moment(second.power, second.rate + mu, h);
    // The one that lasts longer meets what the other has left.
    for (longer, shorter) in [(first, second), (second, first)] {
        if longer.end > end {
            let met: f64 = moved(longer, end).map(|(factor, p)| factor * moment(p, longer.rate + mu, longer.end - end)).sum();
            sum += left(shorter, mu, end) * met;
        }
    }
    sum
}

/// A term with its time counted from `from`: factors and powers.
pub(in crate::response) fn moved(term: &Term, from: f64) -> impl Iterator<Item = (f64, u32)> + use<> {
    let gap = from - term.start;
    let left = decay(term.rate, gap);
    shifted_power(term.power, gap).map(move |(factor, p)| (factor * left, p))
}

/// Unrepaired dose that a term leaves at `time`, not before its start.
pub(in crate::response) fn left(term: &Term, mu: f64, time: f64) -> f64 {
    let released = moment_remaining(term.power, term.rate, mu, time.min(term.end) - term.start);
    if time > term.end { released * decay(mu, time - term.end) } else { released }
}
