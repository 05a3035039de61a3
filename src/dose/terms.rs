//! A time course as terms `factor s^power e^(-rate s)`: what the closed forms of the response and the amplitude maps are made of.

use crate::source::TimeCourse;

/// `s^power e^(-rate s)` with `s = t - start` from `start` on, zero from `end` on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// Where it begins, s.
    pub start: f64,
    /// Where it ends, s; infinite for never.
    pub end: f64,
    /// 1/s; positive in a term without end.
    pub rate: f64,
    /// Power of time.
    pub power: u32,
}

/// Highest power that nearly equal rates are expanded to.
const HIGHEST: u32 = 6;
/// Rates nearer to each other than this over the length of their window, or this share of the smaller rate, are expanded together.
const NEAR_IN_WINDOW: f64 = 0.05;
const NEAR_IN_RATE: f64 = 0.01;
/// Expanded only where the values cancel at least so many times over.
const CANCELLATION: f64 = 4.0;

/// The terms of a course and their factors, Bq/s^power; times as in the course.
///
/// A piece gives one term, two with a slope. Where rates of the same window nearly agree and their values cancel, as in
/// `c (e^(-a s) - e^(-b s))`, they become powers of s around the middle rate: squares of such values would lose all digits. The expansion
/// to the sixth power leaves less than 1e-11 out.
pub fn terms(course: &TimeCourse) -> Vec<(Term, f64)> {
    let mut pieces = course.pieces.clone();
    pieces.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)).then(a.rate.total_cmp(&b.rate)));
    let mut out = Vec::new();
    let mut rest = pieces.as_slice();
    while let Some(first) = rest.first() {
        let near = |rate: f64| {
            let apart = rate - first.rate;
            apart * (first.end - first.start) < NEAR_IN_WINDOW || (first.rate > 0.0 && apart < NEAR_IN_RATE * first.rate)
        };
        let same =
            rest.iter().take_while(|p| (p.start, p.end) == (first.start, first.end) && (p.rate == first.rate || near(p.rate))).count();
        let (cluster, others) = rest.split_at(same);
        rest = others;
        // Pieces with powers come from such an expansion already.
        let plain = || cluster.iter().filter(|p| p.power == 0);
        let sum = plain().map(|p| p.value).sum::<f64>();
        let cancel = plain().map(|p| p.value.abs()).sum::<f64>() > CANCELLATION * sum.abs();
        if plain().count() > 1 && cancel {
            let middle = 0.5 * (first.rate + cluster[same - 1].rate);
            let mut factors = [0.0; HIGHEST as usize + 1];
            for piece in plain() {
                let mut expansion = 1.0;
                for k in 0..factors.len() {
                    factors[k] += piece.value * expansion;
                    if let Some(next) = factors.get_mut(k + 1) {
                        *next += piece.slope * expansion;
                    }
                    expansion *= (middle - piece.rate) / (k + 1) as f64;
                }
            }
            for (factor, power) in factors.into_iter().zip(0..) {
                push(&mut out, Term { start: first.start, end: first.end, rate: middle, power }, factor);
            }
        }
        for p in cluster.iter().filter(|p| p.power > 0 || !(cancel && plain().count() > 1)) {
            push(&mut out, Term { start: p.start, end: p.end, rate: p.rate, power: p.power }, p.value);
            push(&mut out, Term { start: p.start, end: p.end, rate: p.rate, power: p.power + 1 }, p.slope);
        }
    }
    out
}

fn push(terms: &mut Vec<(Term, f64)>, term: Term, factor: f64) {
    match terms.iter_mut().find(|(known, _)| *known == term) {
        Some((_, sum)) => *sum += factor,
        None if factor != 0.0 => terms.push((term, factor)),
        None => {}
    }
}

impl Term {
    /// Its value at a time.
    pub fn at(&self, time: f64) -> f64 {
        if time < self.start || time >= self.end {
            return 0.0;
        }
        self.inside(time)
    }

    fn inside(&self, time: f64) -> f64 {
        let s = time - self.start;
        if s.is_infinite() { 0.0 } else { s.powi(self.power as i32) * (-self.rate * s).exp() }
    }

    /// Its least and largest value between two times that its start and end do not lie between.
    pub fn range(&self, from: f64, to: f64) -> (f64, f64) {
        if to <= self.start || from >= self.end {
            return (0.0, 0.0);
        }
        let (a, b) = (self.inside(from), self.inside(to));
        // One hill, at s = power/rate.
        let top = if self.power > 0 && self.rate > 0.0 { self.start + f64::from(self.power) / self.rate } else { from };
        let highest = if top > from && top < to { self.inside(top) } else { a.max(b) };
        (a.min(b), highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Piece;

    fn at(terms: &[(Term, f64)], time: f64) -> f64 {
        terms.iter().map(|(term, factor)| factor * term.at(time)).sum()
    }

    #[test]
    fn terms_are_the_course() {
        let linear = Piece { start: 2.0, end: 7.0, value: 3.0, slope: -0.2, rate: -0.1, power: 0 };
        let course = TimeCourse { pieces: vec![Piece::exponential(5.0, 0.3), Piece::exponential(-5.0, 2.0), linear] };
        let found = terms(&course);
        assert_eq!(found.len(), 4);
        for t in [0.0, 0.5, 2.0, 6.9, 7.0, 30.0] {
            assert!((at(&found, t) - course.at(t)).abs() < 1e-14, "{t}");
        }
        // Two independent exponentials stay themselves, however near.
        let pair = TimeCourse { pieces: vec![Piece::exponential(5.0, 0.3), Piece::exponential(4.0, 0.3001)] };
        assert_eq!(terms(&pair).len(), 2);
    }

    #[test]
    fn ranges_hold_every_value() {
        for (rate, power) in [(0.3, 0), (-0.2, 0), (0.0, 1), (0.4, 1), (0.4, 3), (-0.1, 2)] {
            let term = Term { start: 1.0, end: 20.0, rate, power };
            for (from, to) in [(1.0, 20.0), (2.0, 3.0), (3.0, 4.5), (7.0, 19.0)] {
                let (least, largest) = term.range(from, to);
                let values = || (0..1000).map(|i| term.at(from + (to - from) * f64::from(i) / 1000.0));
                assert!(values().all(|x| x >= least - 1e-15 && x <= largest * (1.0 + 1e-15)), "{rate} {power} {from}");
                let (lowest, highest) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
                assert!(lowest - least < 0.02 * largest && largest - highest < 0.02 * largest, "{rate} {power} {from}");
            }
            assert_eq!((term.range(0.0, 1.0), term.range(20.0, 30.0)), ((0.0, 0.0), (0.0, 0.0)));
        }
    }

    #[test]
    fn rates_that_nearly_agree_keep_their_digits() {
        // c (e^(-a t) - e^(-b t)) = d t e^(-a t) for b -> a, with c = d/(b - a); and the same of a linear feed.
        for apart in [1e-9, 1e-6, 1e-4, 0.009] {
            let (a, b) = (0.3, 0.3 * (1.0 + apart));
            let c = 2.0 / (b - a);
            let found = terms(&TimeCourse { pieces: vec![Piece::exponential(c, a), Piece::exponential(-c, b)] });
            assert!(found.iter().all(|(_, factor)| factor.abs() < 10.0), "{found:?}");
            for t in [0.1f64, 3.0, 20.0] {
                let exact = c * (-a * t).exp() * -((a - b) * t).exp_m1();
                // The reference itself loses digits in b - a.
                assert!((at(&found, t) / exact - 1.0).abs() < 1e-11, "{apart} {t}");
            }
        }
        let feed = TimeCourse { pieces: vec![Piece { start: 0.0, end: 5.0, value: 0.0, slope: 2.0, rate: 0.0, power: 0 }] };
        for loss in [1e-9, 1e-6, 1e-4, 1e-3, 0.009] {
            let found = terms(&feed.fed(loss));
            // Int_0^t 2 u e^(-loss (t - u)) du = t^2 (1 - loss t/3 + (loss t)^2/12 - ...).
            let exact = |t: f64| t * t * (1.0 - loss * t / 3.0 + (loss * t).powi(2) / 12.0 - (loss * t).powi(3) / 60.0);
            for t in [0.5, 4.9] {
                // 1e-4 / length is how far `fed` moves the rates.
                assert!((at(&found, t) / exact(t) - 1.0).abs() < 1e-4, "{loss} {t}: {} {}", at(&found, t), exact(t));
            }
        }
    }
}
