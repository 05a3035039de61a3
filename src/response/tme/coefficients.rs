//! What a step of time does to dose, unrepaired dose and their encounters: everything that depends on time, and on no voxel.
//!
//! The dose rate of voxel v is `Ddot(t) = sum_j A_j(t) d_j(v)`, j over the transported sources, `A_j` summed over all fractions. So integrals
//! over a step need only be made once per repair constant, in f64 and in closed form for any course of activity: windows, powers of time,
//! uptake phases, fractions that overlap. Amplitudes of exponentials carried along in each voxel would do the same, but as differences of
//! large numbers (an uptake phase), which f32 has not the digits for; here all terms of a sum over sources are positive.
//!
//! Times in days on the plan's clock, repair constants in 1/d.

use crate::{
    dose::terms::{Term, terms},
    error::{Error, Result},
    physics::exponential::{decay, moment},
    response::maps::pairs::{left, meet, moved},
    response::tme::Delivery,
    units::SECONDS_PER_DAY,
};

/// Share of a delivery's decays that is given at once where no more is left to come ...
const NEGLIGIBLE: f64 = 1.0e-9;
/// ... which is within this time, s.
const AT_ONCE: f64 = 60.0;

/// Activities of all sources in time.
#[derive(Debug, Clone, Default)]
pub struct Activities {
    sources: Vec<Source>,
}

#[derive(Debug, Clone, Default)]
struct Source {
    /// Decays that amplitudes are for; 0 before the first delivery with activity.
    scale: f64,
    /// Terms on the plan's clock (s) with their factors (Bq/s^power); none without end.
    terms: Vec<(Term, f64)>,
}

impl Activities {
    /// Adds the activity of a source in a fraction.
    ///
    /// The tail of a course without end that holds 1e-9 of its decays is given within a minute, so that nothing is lost and steps long after it
    /// are cheap; its share of encounters is wrong by no more than that.
    ///
    /// # Errors
    /// [`Error::Input`] if start, factor or decays are not numbers of the right kind.
    pub fn deliver(&mut self, delivery: &Delivery) -> Result<()> {
        let Delivery { source, start, course, factor } = delivery;
        if self.sources.len() <= *source {
            self.sources.resize_with(source + 1, Source::default);
        }
        let terms: Vec<(Term, f64)> = terms(course).into_iter().map(|(term, value)| (term, value * factor)).collect();
        let total = decays_after(&terms, 0.0);
        if !(start.is_finite() && factor.is_finite() && total.is_finite() && *factor >= 0.0 && total >= 0.0) {
            return Err(Error::input(format!(
                "source {source}: a delivery from {start} s with factor {factor} has {total} decays; the start must be finite, factor and \
                 decays finite and zero or more"
            )));
        }
        if total == 0.0 {
            return Ok(());
        }
        let cut = negligible_after(&terms, NEGLIGIBLE * total);
        let own = &mut self.sources[*source];
        if own.scale == 0.0 {
            own.scale = total;
        }
        let tail = decays_after(&terms, cut) / AT_ONCE;
        let place = |(term, value): (Term, f64)| (Term { start: start + term.start, end: start + term.end.min(cut), ..term }, value);
        own.terms.extend(terms.into_iter().map(place));
        if tail > 0.0 {
            own.terms.push((Term { start: start + cut, end: start + cut + AT_ONCE, rate: 0.0, power: 0 }, tail));
        }
        Ok(())
    }

    /// Decays that the amplitudes of a source are for: those of its first delivery, so that `scale` times the dose per decay is of the size of
    /// the dose, and products of amplitudes and coefficients stay within f32. 0 for a source without activity.
    pub fn scale(&self, source: usize) -> f64 {
        self.sources.get(source).map_or(0.0, |source| source.scale)
    }

    /// The activity between two times in days, for the coefficients of any repair constant.
    pub fn within(&self, from: f64, to: f64) -> StepActivity {
        let (from, to) = (from * SECONDS_PER_DAY, to * SECONDS_PER_DAY);
        let mut step = StepActivity { to, length: to - from, terms: Vec::new(), sources: Vec::new() };
        for (place, source) in self.sources.iter().enumerate() {
            let mut parts: Vec<(usize, f64)> = Vec::new();
            for (term, factor) in source.terms.iter().filter(|(term, _)| term.start < to && term.end > from) {
                let (start, end) = (term.start.max(from), term.end.min(to));
                // Fractions whose courses have the same rates become one here.
                for (part, power) in moved(term, start) {
                    let at = step.index(Term { start, end, power, rate: term.rate });
                    match parts.iter_mut().find(|(known, _)| *known == at) {
                        Some((_, sum)) => *sum += factor * part,
                        None => parts.push((at, factor * part)),
                    }
                }
            }
            if !parts.is_empty() {
                parts.iter_mut().for_each(|(_, factor)| *factor /= source.scale);
                step.sources.push(ActiveSource { place, scale: source.scale, parts });
            }
        }
        step
    }
}

/// Activities within a step, as terms that begin and end in it.
#[derive(Debug, Clone)]
pub struct StepActivity {
    to: f64,
    length: f64,
    terms: Vec<Term>,
    sources: Vec<ActiveSource>,
}

#[derive(Debug, Clone)]
struct ActiveSource {
    place: usize,
    scale: f64,
    /// Positions and factors of its terms.
    parts: Vec<(usize, f64)>,
}

impl ActiveSource {
    fn sum(&self, of: &[f64]) -> f64 {
        self.parts.iter().map(|&(term, factor)| factor * of[term]).sum()
    }
}

impl StepActivity {
    fn index(&mut self, term: Term) -> usize {
        self.terms.iter().position(|known| *known == term).unwrap_or_else(|| {
            self.terms.push(term);
            self.terms.len() - 1
        })
    }

    /// Sources with activity, ascending.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.sources.iter().map(|source| source.place)
    }

    /// Decays of each of [`Self::sources`].
    pub fn decays(&self) -> Vec<f64> {
        self.sources.iter().zip(self.shares()).map(|(source, share)| source.scale * share).collect()
    }

    /// The same in units of their scales.
    pub fn shares(&self) -> Vec<f64> {
        let each = self.decays_of_terms();
        self.sources.iter().map(|source| source.sum(&each)).collect()
    }

    fn decays_of_terms(&self) -> Vec<f64> {
        self.terms.iter().map(|term| moment(term.power, term.rate, term.end - term.start)).collect()
    }

    /// The coefficients for a repair constant, 1/d.
    pub fn coefficients(&self, mu: f64) -> StepCoefficients {
        let mu = mu / SECONDS_PER_DAY;
        let from = self.to - self.length;
        let unrepaired: Vec<f64> = self.terms.iter().map(|term| left(term, mu, self.to)).collect();
        let carried: Vec<f64> = self
            .terms
            .iter()
            .map(|term| decay(mu, term.start - from) * moment(term.power, term.rate + mu, term.end - term.start))
            .collect();
        // Sources often have terms in common: each pair of different terms is integrated once.
        let meetings: Vec<Vec<f64>> =
            (0..self.terms.len()).map(|k| (0..=k).map(|l| meet(&self.terms[k], &self.terms[l], mu)).collect()).collect();
        let pair = |a: &ActiveSource, b: &ActiveSource| -> f64 {
            a.parts
                .iter()
                .flat_map(|&(k, x)| b.parts.iter().map(move |&(l, y)| (k.max(l), k.min(l), x * y)))
                .map(|(high, low, xy)| xy * meetings[high][low])
                .sum()
        };
        let sources = &self.sources;
        let row =
            |i: usize| (0..=i).map(move |j| if i == j { 0.5 * pair(&sources[i], &sources[i]) } else { pair(&sources[i], &sources[j]) });
        StepCoefficients {
            repair: decay(mu, self.length),
            unrepaired: sources.iter().map(|source| source.sum(&unrepaired)).collect(),
            carried: sources.iter().map(|source| source.sum(&carried)).collect(),
            pairs: (0..sources.len()).flat_map(row).collect(),
        }
    }
}

/// Coefficients of a step for one repair constant, for amplitudes `scale * Gy per decay` (Gy) of the sources with activity, in their order.
///
/// With amplitudes `a_j` (for mixed radiation those of `b = Ddot_low + r Ddot_high`, see [`crate::response::lq::quality`]) and `U0`
/// unrepaired at the start: unrepaired at the end `U0 repair + sum a_j unrepaired_j`; encounters
/// `Int b U dt = U0 sum a_j carried_j + sum_(k<=j) a_j a_k pairs_jk`.
#[derive(Debug, Clone, PartialEq)]
pub struct StepCoefficients {
    /// `e^(-mu h)`.
    pub repair: f64,
    /// `Int A_j(s) e^(-mu (end - s)) ds`.
    pub unrepaired: Vec<f64>,
    /// `Int A_j(s) e^(-mu (s - begin)) ds`.
    pub carried: Vec<f64>,
    /// Rows j of k <= j: the activity of each on what the other leaves unrepaired, both orders (one on the diagonal).
    pub pairs: Vec<f64>,
}

impl StepCoefficients {
    /// The encounters within the step as a few squares: rows f with `sum_rows (sum_j f_j a_j)^2 = sum_(k<=j) a_j a_k pairs_jk` for amplitudes
    /// that are not negative, to a relative `tolerance`.
    ///
    /// The pairs are those of the kernel `e^(-mu |t - s|)`, which is positive definite, so Cholesky's factors exist; and courses hardly bend
    /// within a step, so a few of them will do however many sources there are. Each source costs a voxel as many products as there are rows,
    /// not as there are sources.
    pub fn squares(&self, tolerance: f64) -> Vec<Vec<f64>> {
        let n = self.unrepaired.len();
        let at = |j: usize, k: usize| self.pairs[j.max(k) * (j.max(k) + 1) / 2 + j.min(k)] * if j == k { 1.0 } else { 0.5 };
        // On a unit diagonal, sources of any strength count alike.
        let size: Vec<f64> = (0..n).map(|j| at(j, j).max(0.0).sqrt()).collect();
        let mut rest: Vec<f64> = size.iter().map(|&size| f64::from(u8::from(size > 0.0))).collect();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        // What is left of each source is below tolerance/n, so of the sum of products below (n tolerance/n) of that of squares.
        while let Some(pivot) = (0..n).max_by(|&j, &k| rest[j].total_cmp(&rest[k])).filter(|&j| rest[j] * n as f64 > tolerance) {
            let root = rest[pivot].sqrt();
            let row: Vec<f64> = (0..n)
                .map(|j| {
                    if size[j] == 0.0 || rest[j] == 0.0 {
                        return 0.0;
                    }
                    let known: f64 = rows.iter().map(|row| row[pivot] * row[j]).sum();
                    (at(j, pivot) / (size[j] * size[pivot]) - known) / root
                })
                .collect();
            for (rest, factor) in rest.iter_mut().zip(&row) {
                *rest = (*rest - factor * factor).max(0.0);
            }
            rest[pivot] = 0.0;
            rows.push(row);
        }
        rows.iter().map(|row| row.iter().zip(&size).map(|(factor, size)| factor * size).collect()).collect()
    }
}

/// Decays from a time on, s after the start of the delivery.
fn decays_after(terms: &[(Term, f64)], time: f64) -> f64 {
    let after = |(term, factor): &(Term, f64)| -> f64 {
        let start = term.start.max(time);
        if start >= term.end {
            return 0.0;
        }
        moved(term, start).map(|(part, power)| factor * part * moment(power, term.rate, term.end - start)).sum()
    };
    terms.iter().map(after).sum()
}

/// The end of a delivery: that of its last term, or where the rest of those without end is no more than so many decays.
fn negligible_after(terms: &[(Term, f64)], decays: f64) -> f64 {
    let edges = terms.iter().flat_map(|(term, _)| [term.start, term.end]);
    let mut low = edges.filter(|time| time.is_finite()).fold(0.0, f64::max);
    if decays_after(terms, low) <= decays {
        return low;
    }
    let mut high = low + SECONDS_PER_DAY;
    while decays_after(terms, high) > decays {
        (low, high) = (high, 2.0 * high);
    }
    // To a second or so: what matters is that no more than this is left.
    for _ in 0..30 {
        let middle = 0.5 * (low + high);
        if decays_after(terms, middle) > decays { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
#[path = "coefficients_tests.rs"]
mod tests;
