//! Courses of dose rate up to a factor: what voxels are sums of.

use std::collections::BinaryHeap;

use super::pairs::left;
use crate::{
    dose::{
        DoseRateComponent,
        terms::{Term, terms},
    },
    physics::exponential::{remaining, remaining_peak},
    source::{Piece, TimeCourse},
};

/// How close a bound of the unrepaired dose comes to the highest value found.
const CLOSE: f64 = 0.01;
/// Halvings after which the bound is taken as it is.
const HALVINGS: u32 = 4096;
/// Courses whose amplitudes differ by no more than this, relative to the largest, are one.
const SAME: f64 = 1.0e-13;

/// All components of one fraction whose activities have the same course up to a factor.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Fraction number.
    pub(super) fraction: u32,
    /// First time with dose rate, s on the plan's clock.
    pub(super) begin: f64,
    /// Start of the fraction, s on the plan's clock.
    start: f64,
    /// The course, of largest amplitude 1, s after the start of the fraction.
    course: TimeCourse,
    /// Its terms on the plan's clock, with their factors.
    pub(super) terms: Vec<(Term, f64)>,
}

impl Shape {
    /// The shape of a component and its amplitude, Bq; `None` without activity.
    pub(super) fn of(component: &DoseRateComponent) -> Option<(Self, f64)> {
        let course = &component.course;
        let largest = |of: fn(&Piece) -> f64| course.pieces.iter().map(|p| of(p).abs()).fold(0.0, f64::max);
        let scale = Some(largest(|p| p.value)).filter(|&s| s > 0.0).unwrap_or_else(|| largest(|p| p.slope));
        if scale == 0.0 {
            return None;
        }
        let shrink = |p: &Piece| Piece { value: p.value / scale, slope: p.slope / scale, ..*p };
        let course = TimeCourse { pieces: course.pieces.iter().map(shrink).collect() };
        let start = component.start;
        let place = |(term, factor): (Term, f64)| (Term { start: start + term.start, end: start + term.end, ..term }, factor);
        let terms: Vec<(Term, f64)> = terms(&course).into_iter().map(place).collect();
        let begin = terms.iter().map(|(term, _)| term.start).fold(f64::INFINITY, f64::min);
        Some((Self { fraction: component.fraction, begin, start, course, terms }, scale))
    }

    /// Whether both are one.
    pub(super) fn same(&self, other: &Self) -> bool {
        let near = |a: &Piece, b: &Piece| {
            (a.start, a.end, a.rate, a.power) == (b.start, b.end, b.rate, b.power)
                && (a.value - b.value).abs() <= SAME * a.value.abs()
                && (a.slope - b.slope).abs() <= SAME * a.slope.abs()
        };
        let (mine, theirs) = (&self.course.pieces, &other.course.pieces);
        (self.fraction, self.start) == (other.fraction, other.start)
            && mine.len() == theirs.len()
            && mine.iter().zip(theirs).all(|(a, b)| near(a, b))
    }

    /// By fraction, start, then terms: an order that does not depend on that of the components.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |(term, factor): &(Term, f64)| [term.start, term.end, term.rate, f64::from(term.power), *factor];
        let terms = |a: &Self, b: &Self| {
            let pairs = a.terms.iter().map(key).zip(b.terms.iter().map(key));
            let differ = pairs.flat_map(|(a, b)| a.into_iter().zip(b)).map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne());
            differ.unwrap_or(a.terms.len().cmp(&b.terms.len()))
        };
        self.fraction.cmp(&other.fraction).then(self.begin.total_cmp(&other.begin)).then_with(|| terms(self, other))
    }

    /// Largest unrepaired dose per amplitude at any time after `from`, which is not before its begin: exact for one exponential without end,
    /// an upper bound at most 1 % too high for other courses that are nowhere negative.
    ///
    /// Between two times a and b, `U <= U_a + Int_a^b Ddot`, `U <= U_b e^(mu (b - a))` and `U <= max(U_a, max Ddot/mu)`; intervals are halved
    /// where the least of these is highest.
    pub(super) fn peak(&self, mu: f64, from: f64) -> f64 {
        if let [(Term { start, end: f64::INFINITY, rate, power: 0 }, factor)] = self.terms[..] {
            return factor * remaining(rate, mu, remaining_peak(rate, mu).max(from - start));
        }
        let unrepaired = |t: f64| self.terms.iter().filter(|(term, _)| term.start < t).map(|(term, f)| f * left(term, mu, t)).sum::<f64>();
        let highest_rate = |a: f64, b: f64| {
            let of = |&(term, factor): &(Term, f64)| {
                let (least, largest) = term.range(a, b);
                factor * if factor > 0.0 { largest } else { least }
            };
            self.terms.iter().map(of).sum::<f64>()
        };
        let interval = |a: f64, u_a: f64, b: f64, u_b: f64| {
            let rising = u_a + self.course.integral(a - self.start, b - self.start).max(0.0);
            let falling = if b.is_finite() { u_b * (mu * (b - a)).exp() } else { f64::INFINITY };
            let steady = u_a.max(highest_rate(a, b) / mu);
            Interval { bound: rising.min(falling).min(steady), from: (a, u_a), to: (b, u_b) }
        };
        let mut edges: Vec<f64> = self.terms.iter().flat_map(|(term, _)| [term.start, term.end]).filter(|&t| t > from).collect();
        edges.push(from);
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let values: Vec<f64> = edges.iter().map(|&t| if t.is_finite() { unrepaired(t) } else { 0.0 }).collect();
        let mut highest = values.iter().copied().fold(0.0, f64::max);
        let mut queue: BinaryHeap<Interval> =
            edges.windows(2).zip(values.windows(2)).map(|(t, u)| interval(t[0], u[0], t[1], u[1])).collect();
        for _ in 0..HALVINGS {
            let Some(Interval { bound, from: (a, u_a), to: (b, u_b) }) = queue.pop() else { return highest };
            if bound <= highest * (1.0 + CLOSE) {
                return bound.max(highest);
            }
            let middle = if b.is_finite() { 0.5 * (a + b) } else { a + (a - self.begin).max(1.0 / mu) };
            let u = unrepaired(middle);
            highest = highest.max(u);
            queue.extend([interval(a, u_a, middle, u), interval(middle, u, b, u_b)]);
        }
        queue.pop().map_or(highest, |interval| interval.bound.max(highest))
    }
}

/// A span of time with its unrepaired doses at both ends and a bound for those between.
struct Interval {
    bound: f64,
    from: (f64, f64),
    to: (f64, f64),
}

impl PartialEq for Interval {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Interval {}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Interval {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bound.total_cmp(&other.bound)
    }
}
