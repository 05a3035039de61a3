//! The curves of fits, of unit time integral, with constraints that hold by construction.
//!
//! A curve is `T sum_i f_i e_i(t)` with its time integral T, shares `f_i >= 0` that add up to 1, and terms of unit integral:
//! `k e^(-k t)`, or with uptake `k n / (n - k) (e^(-k t) - e^(-n t))`. Its form depends on numbers between 0 and 1: rates first,
//! `k_j = k_(j-1) (limit / k_(j-1))^s_j` from the physical decay on, so that they ascend up to a limit; then shares of what is left.

use crate::{
    physics::exponential::{first_moment, phi1, phi2},
    plan::FitModel,
    source::{Piece, TimeCourse},
};

/// Most rates, most terms.
const MOST: usize = 3;
/// Most numbers that a form has.
pub(super) const MOST_FORM: usize = 5;
/// In models of more than one clearing phase a phase clears with at least this share of the time of the first sample as its half-life:
/// nothing is known of one that is gone before.
pub(super) const SHORTEST: f64 = 0.5;
/// Other rates are at most this over the time of the first sample (`e^-32` of such a phase is left by then).
const FASTEST: f64 = 32.0;

/// A model with its limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) model: FitModel,
    /// Physical decay, 1/s.
    pub(super) slowest: f64,
    /// Limit of clearing phases where there are several, 1/s.
    clearing: f64,
    /// Limit of any other rate, 1/s.
    fastest: f64,
}

/// Rates and shares of a form.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    pub(super) rates: [f64; MOST],
    pub(super) shares: [f64; MOST],
    /// `d rates[j] / d s_l`.
    by_rate: [[f64; MOST]; MOST],
    /// `d shares[i] / d s_(rates + l)`.
    by_share: [[f64; 2]; MOST],
}

impl Shape {
    /// The model for a nuclide and the time of the first sample that is not at the start.
    pub(super) fn new(model: FitModel, slowest: f64, first: f64) -> Self {
        let clearing = slowest + std::f64::consts::LN_2 / (SHORTEST * first);
        Self { model, slowest, clearing, fastest: slowest + FASTEST / first }
    }

    /// Number of rates; the numbers of a form begin with as many.
    pub(super) fn rates(&self) -> usize {
        match self.model {
            FitModel::Mono => 1,
            FitModel::Uptake | FitModel::Bi => 2,
            FitModel::BiUptake | FitModel::Tri => 3,
        }
    }

    /// Number of terms.
    pub(super) fn terms(&self) -> usize {
        match self.model {
            FitModel::Mono | FitModel::Uptake => 1,
            FitModel::Bi | FitModel::BiUptake => 2,
            FitModel::Tri => 3,
        }
    }

    /// Numbers of a form.
    pub(super) fn numbers(&self) -> usize {
        self.model.parameters() - 1
    }

    /// Which rate is that of the uptake, if there is one: the last.
    pub(super) fn uptake(&self) -> Option<usize> {
        matches!(self.model, FitModel::Uptake | FitModel::BiUptake).then(|| self.rates() - 1)
    }

    fn limit(&self, rate: usize) -> f64 {
        match self.model {
            FitModel::Mono | FitModel::Uptake => self.fastest,
            _ if self.uptake() == Some(rate) => self.fastest,
            _ => self.clearing,
        }
    }

    /// Rates and shares, with their derivatives.
    pub(super) fn form(&self, s: &[f64]) -> Form {
        let (n, mut form) = (self.rates(), Form::default());
        let mut before = self.slowest;
        let mut chain = [0.0; MOST];
        for (j, &exponent) in s[..n].iter().enumerate() {
            let range = (self.limit(j) / before).ln();
            let rate = before * (exponent * range).exp();
            // d ln k_j: what came before counts less the nearer the limit.
            chain[..j].iter_mut().for_each(|d| *d *= 1.0 - exponent);
            chain[j] = range;
            form.rates[j] = rate;
            form.by_rate[j] = chain.map(|d| d * rate);
            before = rate;
        }
        match (self.terms(), &s[n..]) {
            (2, &[f]) => {
                form.shares = [f, 1.0 - f, 0.0];
                form.by_share = [[1.0, 0.0], [-1.0, 0.0], [0.0; 2]];
            }
            (3, &[f, g]) => {
                form.shares = [f, (1.0 - f) * g, (1.0 - f) * (1.0 - g)];
                form.by_share = [[1.0, 0.0], [-g, 1.0 - f], [g - 1.0, f - 1.0]];
            }
            _ => form.shares[0] = 1.0,
        }
        form
    }

    /// The curve of unit integral at a time, and its derivatives by the form's numbers.
    pub(super) fn at(&self, form: &Form, t: f64) -> (f64, [f64; MOST_FORM]) {
        let (n, uptake) = (self.rates(), self.uptake());
        let (mut value, mut by_rates, mut slopes) = (0.0, [0.0; MOST], [0.0; MOST_FORM]);
        for i in 0..self.terms() {
            let (k, share) = (form.rates[i], form.shares[i]);
            let left = (-k * t).exp();
            let term = match uptake {
                None => {
                    by_rates[i] += share * (1.0 - k * t) * left;
                    k * left
                }
                Some(u) => {
                    // (e^-kt - e^-nt) / (n - k) and its derivatives without a difference of rates to divide by.
                    let n = form.rates[u];
                    let x = (n - k) * t;
                    let held = t * left * phi1(x);
                    by_rates[i] += share * n * (held - k * t * t * left * phi2(x));
                    by_rates[u] += share * k * (held - n * t * t * left * first_moment(x));
                    k * n * held
                }
            };
            value += share * term;
            for l in 0..self.numbers() - n {
                slopes[n + l] += form.by_share[i][l] * term;
            }
        }
        for (l, slope) in slopes[..n].iter_mut().enumerate() {
            *slope = (0..n).map(|j| by_rates[j] * form.by_rate[j][l]).sum();
        }
        (value, slopes)
    }

    /// Amplitudes at the start of the phases that clear, Bq, for a time integral, Bq s.
    pub(super) fn amplitudes(&self, form: &Form, tia: f64) -> [f64; MOST] {
        let mut amplitudes = [0.0; MOST];
        for (i, amplitude) in amplitudes[..self.terms()].iter_mut().enumerate() {
            let k = form.rates[i];
            *amplitude = tia * form.shares[i] * self.uptake().map_or(k, |u| k * form.rates[u] / (form.rates[u] - k));
        }
        amplitudes
    }

    /// The curve as a course.
    pub(super) fn course(&self, form: &Form, tia: f64) -> TimeCourse {
        let mut course = TimeCourse::default();
        for i in (0..self.terms()).filter(|&i| form.shares[i] > 0.0) {
            let (k, part) = (form.rates[i], tia * form.shares[i]);
            let Some(u) = self.uptake() else {
                course.add(&TimeCourse::exponential(part * k, k));
                continue;
            };
            let n = form.rates[u];
            let pieces = if n - k > 1.0e-7 * n {
                let amplitude = part * k * n / (n - k);
                vec![Piece::exponential(amplitude, k), Piece::exponential(-amplitude, n)]
            } else {
                vec![Piece { slope: part * k * n, ..Piece::exponential(0.0, 0.5 * (k + n)) }]
            };
            course.add(&TimeCourse { pieces });
        }
        course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_phases_of_several_are_limited_by_the_first_sample() {
        let rates = |model, s: &[f64]| Shape::new(model, 0.1, 0.5).form(s).rates;
        let limit = 0.1 + std::f64::consts::LN_2 / 0.25;
        assert!((rates(FitModel::Bi, &[0.5, 1.0, 0.5])[1] - limit).abs() < 1e-12);
        assert!((rates(FitModel::BiUptake, &[0.2, 1.0, 1.0, 0.5])[1] - limit).abs() < 1e-12);
        // An uptake, and a phase that is alone, are as fast as the samples want.
        for fast in
            [rates(FitModel::BiUptake, &[0.2, 1.0, 1.0, 0.5])[2], rates(FitModel::Uptake, &[0.5, 1.0])[1], rates(FitModel::Mono, &[1.0])[0]]
        {
            assert!((fast - 64.1).abs() < 1e-12);
        }
        assert_eq!(rates(FitModel::Mono, &[0.0])[0], 0.1);
    }

    #[test]
    fn curves_have_unit_integral_and_true_derivatives() {
        let s = [0.3, 0.45, 0.5, 0.4, 0.7];
        for (name, model) in FitModel::NAMES {
            // A nuclide of half-life 6.93 (any unit), first sample at 0.5.
            let shape = Shape::new(model, 0.1, 0.5);
            let s = &s[s.len() - shape.numbers()..];
            let form = shape.form(s);
            let course = shape.course(&form, 2.0);
            assert!((course.tia() - 2.0).abs() < 1e-12, "{name}");
            assert!(form.rates[..shape.rates()].windows(2).all(|pair| pair[0] < pair[1]) && form.rates[0] > 0.1);
            for t in [0.0, 0.4, 3.0, 20.0] {
                let (value, slopes) = shape.at(&form, t);
                assert!((2.0 * value - course.at(t)).abs() < 1e-12, "{name} at {t}");
                for l in 0..shape.numbers() {
                    let moved = |d: f64| {
                        let mut s = s.to_vec();
                        s[l] += d;
                        shape.at(&shape.form(&s), t).0
                    };
                    let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    assert!((slope - slopes[l]).abs() < 1e-8 * (1.0 + slope.abs()), "{name}, number {l} at {t}: {slope} {}", slopes[l]);
                }
            }
        }
    }
}
