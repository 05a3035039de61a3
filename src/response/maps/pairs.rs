//! BED as a quadratic form of the dose-rate amplitudes: the voxel-independent part, made once per tissue.
//!
//! With terms `c_i e^(-lambda_i (t - t_i))` from `t_i` on, `Int b W dt = sum_(i<=j) P_ij b_i b_j`. P holds everything that time does: overlap
//! of decays, and damage of one fraction still unrepaired in a later one. It equals a sequence of [`super::super::step`]s from start to start
//! with W carried along; blocks of one fraction on the diagonal are that fraction alone, the rest is what fractions do to each other.

use crate::physics::exponential::{decay, encounter, integral, remaining, remaining_peak};

/// All components of one fraction with the same start and decay constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Term {
    /// Fraction number.
    pub(super) fraction: u32,
    /// Start, s.
    pub(super) start: f64,
    /// Decay constant, 1/s.
    pub(super) lambda: f64,
}

/// Coefficients for one repair constant.
#[derive(Debug, Clone)]
pub(super) struct PairTable {
    /// Per term: dose per amplitude, s.
    pub(super) dose: Vec<f64>,
    /// Row i, columns j <= i: `Int (Ddot_i U_j + Ddot_j U_i) dt` (halved on the diagonal) per product of amplitudes, s^2.
    pub(super) pairs: Vec<Vec<f64>>,
    /// Row per distinct start, column per term: largest unrepaired dose from that start on, per amplitude, s.
    pub(super) peaks: Vec<Vec<f64>>,
}

impl PairTable {
    /// For dose delivered until `until` (s, on the clock of the starts; may be infinite).
    pub(super) fn new(terms: &[Term], mu: f64, until: f64) -> Self {
        let span = |term: &Term| (until - term.start).max(0.0);
        let mut starts: Vec<f64> = terms.iter().map(|term| term.start).collect();
        starts.sort_by(f64::total_cmp);
        starts.dedup();
        Self {
            dose: terms.iter().map(|term| integral(term.lambda, span(term))).collect(),
            pairs: (0..terms.len())
                .map(|i| {
                    (0..=i).map(|j| if i == j { same(&terms[i], mu, until) } else { cross(&terms[i], &terms[j], mu, until) }).collect()
                })
                .collect(),
            peaks: starts
                .iter()
                .map(|&start| terms.iter().map(|term| if term.start > start { 0.0 } else { peak(term, mu, start) }).collect())
                .collect(),
        }
    }
}

fn same(term: &Term, mu: f64, until: f64) -> f64 {
    encounter(term.lambda, term.lambda, mu, (until - term.start).max(0.0))
}

/// Both orders of two different terms: the dose rate of each on the unrepaired dose of the other.
fn cross(a: &Term, b: &Term, mu: f64, until: f64) -> f64 {
    let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
    let gap = second.start - first.start;
    let h = (until - second.start).max(0.0);
    let left = decay(first.lambda, gap);
    let carried = remaining(first.lambda, mu, gap);
    left * (encounter(first.lambda, second.lambda, mu, h) + encounter(second.lambda, first.lambda, mu, h))
        + carried * integral(second.lambda + mu, h)
}

/// Supremum of a term's unrepaired dose over all times after `from`, which is not before its start.
fn peak(term: &Term, mu: f64, from: f64) -> f64 {
    remaining(term.lambda, mu, remaining_peak(term.lambda, mu).max(from - term.start))
}
