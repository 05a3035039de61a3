//! What a case found: rows of the table, and curves for the plots.

use serde::Serialize;

use crate::kernel::score::Estimate;

/// How a comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The deviation beyond 2 sigma is within the bound.
    Pass,
    /// It is not.
    Fail,
    /// Within, but one sigma alone exceeds the bound: the histories or the reference cannot tell.
    Unresolved,
    /// Not run, and why stands in the quantity.
    Skipped,
}

/// One comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What is compared.
    pub quantity: String,
    /// Ours.
    pub ours: Estimate,
    /// The reference, or what must come out.
    pub reference: Estimate,
    /// (ours - reference) / norm.
    pub difference: f64,
    /// Combined 1 sigma over norm.
    pub sigma: f64,
    /// What the difference is relative to: "reference", "maximum", "nothing" (an absolute number that should be zero).
    pub relative_to: &'static str,
    /// Largest difference beyond 2 sigma.
    pub bound: f64,
    /// How it ended.
    pub verdict: Verdict,
}

impl Row {
    /// Compares two estimates relative to `norm`.
    pub fn new(quantity: impl Into<String>, ours: Estimate, reference: Estimate, norm: Norm, bound: f64) -> Self {
        let (size, relative_to) = match norm {
            Norm::Reference => (reference.mean, "reference"),
            Norm::Of(size) => (size, "maximum"),
        };
        let difference = (ours.mean - reference.mean) / size;
        let sigma = ours.sigma.hypot(reference.sigma) / size.abs();
        let within = difference.abs() - 2.0 * sigma <= bound;
        // What is not a number is not within.
        let verdict = match (within, sigma > bound) {
            (false, _) => Verdict::Fail,
            (true, true) => Verdict::Unresolved,
            (true, false) => Verdict::Pass,
        };
        Self { quantity: quantity.into(), ours, reference, difference, sigma, relative_to, bound, verdict }
    }

    /// A number that must not exceed `bound`.
    pub fn at_most(quantity: impl Into<String>, found: f64, bound: f64) -> Self {
        Self { relative_to: "nothing", ..Self::new(quantity, exact(found), exact(0.0), Norm::Of(1.0), bound) }
    }

    /// Something that could not be run.
    pub fn skipped(quantity: impl Into<String>) -> Self {
        let nothing = exact(f64::NAN);
        Self {
            quantity: quantity.into(),
            ours: nothing,
            reference: nothing,
            difference: f64::NAN,
            sigma: f64::NAN,
            relative_to: "reference",
            bound: f64::NAN,
            verdict: Verdict::Skipped,
        }
    }
}

/// What differences are relative to.
#[derive(Debug, Clone, Copy)]
pub enum Norm {
    /// The reference value itself.
    Reference,
    /// This number: the maximum of a curve.
    Of(f64),
}

/// A value without uncertainty.
pub fn exact(mean: f64) -> Estimate {
    Estimate { mean, sigma: 0.0 }
}

/// A curve beside its reference.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// File name of the plot, without extension.
    pub name: String,
    /// Title.
    pub title: String,
    /// Labels of the axes.
    pub axes: [String; 2],
    /// Edges of the bins, one more than values.
    pub edges: Vec<f64>,
    /// Ours.
    pub ours: Vec<Estimate>,
    /// Theirs.
    pub reference: Vec<Estimate>,
    /// Logarithmic ordinate.
    pub log: bool,
    /// Residuals are relative to the maximum, else to each reference value.
    pub to_maximum: bool,
    /// Bound of the residuals; values below `floor` have none.
    pub bound: f64,
    /// Smallest reference value whose residual is judged.
    pub floor: f64,
}

impl Series {
    fn norm(&self, at: usize) -> f64 {
        if self.to_maximum { self.reference.iter().map(|r| r.mean).fold(0.0, f64::max) } else { self.reference[at].mean }
    }

    /// (difference, combined sigma) of a bin; `None` where it is not judged.
    pub fn residual(&self, at: usize) -> Option<(f64, f64)> {
        let (a, b, norm) = (self.ours[at], self.reference[at], self.norm(at));
        (b.mean >= self.floor && norm > 0.0).then(|| ((a.mean - b.mean) / norm, a.sigma.hypot(b.sigma) / norm))
    }

    /// The bin that deviates most beyond its statistics, as a row.
    pub fn worst(&self, what: &str, unit: &str) -> Row {
        let excess = |at: usize| self.residual(at).map_or(f64::NEG_INFINITY, |(d, s)| d.abs() - 2.0 * s);
        let deviation = |at: usize| self.residual(at).map_or(f64::NEG_INFINITY, |(d, _)| d.abs());
        let bins = 0..self.ours.len();
        let mut at = bins.clone().max_by(|&a, &b| excess(a).total_cmp(&excess(b))).unwrap_or(0);
        if excess(at) <= 0.1 * self.bound {
            // Nothing to speak of beyond statistics: the largest deviation says more.
            at = bins.max_by(|&a, &b| deviation(a).total_cmp(&deviation(b))).unwrap_or(0);
        }
        let norm = if self.to_maximum { Norm::Of(self.norm(at)) } else { Norm::Reference };
        let place = 0.5 * (self.edges[at] + self.edges[at + 1]);
        Row::new(format!("{what}, worst bin, at {place:.4} {unit}"), self.ours[at], self.reference[at], norm, self.bound)
    }
}

/// What a case found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Comparisons.
    pub rows: Vec<Row>,
    /// Curves.
    pub series: Vec<Series>,
}

impl Outcome {
    /// Adds another one's rows and curves.
    pub fn extend(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.series.extend(other.series);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_beyond_two_sigma_are_judged() {
        let of = |mean, sigma| Estimate { mean, sigma };
        let verdict = |ours: Estimate, bound| Row::new("x", ours, of(2.0, 0.0), Norm::Reference, bound).verdict;
        assert_eq!(verdict(of(2.02, 0.0), 0.011), Verdict::Pass);
        assert_eq!(verdict(of(2.02, 0.0), 0.009), Verdict::Fail);
        assert_eq!(verdict(of(2.06, 0.02), 0.0101), Verdict::Pass);
        assert_eq!(verdict(of(2.06, 0.01), 0.0101), Verdict::Fail);
        assert_eq!(verdict(of(2.06, 0.1), 0.01), Verdict::Unresolved);
        assert_eq!(verdict(of(f64::NAN, 0.0), 0.01), Verdict::Fail);
        assert_eq!(Row::at_most("zero", 0.0, 0.0).verdict, Verdict::Pass);
        assert_eq!(Row::at_most("one", 1.0, 0.0).verdict, Verdict::Fail);
    }
}
