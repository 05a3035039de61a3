//! One Krogh cylinder: tissue around a capillary, with consumption that saturates.
//!
//! `D (p'' + p'/r) = a p/(p + K)`, `p(r_c) = p_cap`, `p'(R) = 0`. With `x = ln(r/r_c)` it reads `p'' = g(x) p/(p + K)`, `g = a r^2/D`,
//! which Numerov's rule solves to fourth order. Consumption is concave in p and the matrices keep their signs, so Newton's method rises
//! towards the solution from wherever it starts, after its first step (Ortega & Rheinboldt 1970, section 13.3); nothing has to be damped.

use crate::error::{Error, Result};

/// Most steps of Newton's method; it takes 5 to 10, and one for each node of an anoxic edge that is thinner than the nodes' distance.
const STEPS: usize = 2000;
/// Fewest intervals of a profile; the error of pO2 is then below 1e-4 mmHg for cylinders of the usual constants.
const INTERVALS: usize = 96;
/// Lengths `sqrt(D K/a)` behind the anoxic edge after which nothing is left (`e^-16`).
const TAIL: f64 = 16.0;

/// Tissue that uses oxygen. Lengths in um, any unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Krogh {
    /// Diffusivity D, um2 per time.
    pub diffusivity: f64,
    /// Largest consumption a, mmHg per time.
    pub consumption: f64,
    /// pO2 of half the consumption K, mmHg.
    pub michaelis: f64,
    /// Radius of the capillary r_c, um.
    pub capillary_radius: f64,
}

/// pO2 along the radius of a cylinder.
#[derive(Debug, Clone)]
pub struct Profile {
    inner: f64,
    step: f64,
    /// pO2 at `r = inner e^(i step)`, mmHg ...
    pressure: Vec<f64>,
    /// ... and its second derivative with respect to `ln r`.
    curvature: Vec<f64>,
}

/// What is averaged over a cross section, as integrals with the weight `2 r dr`, um2.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Section {
    /// Area over pi.
    pub area: f64,
    /// Of pO2 (mmHg).
    pub pressure: f64,
    /// Of the part below the hypoxic limit.
    pub hypoxic: f64,
    /// Of the factor on alpha, above the limit.
    pub oxic_factor: f64,
    /// Of the factor on alpha, below the limit.
    pub hypoxic_factor: f64,
}

impl Krogh {
    /// Radius beyond which no oxygen comes, um: where it would end with full consumption (Krogh & Erlang 1919), and [`TAIL`].
    pub fn reach(&self, capillary: f64) -> f64 {
        let rc = self.capillary_radius;
        let supply = 4.0 * self.diffusivity * capillary / self.consumption;
        // supply = R^2 ln(R^2/rc^2) - (R^2 - rc^2): with s = R^2/rc^2, s ln s - s + 1 = supply/rc^2, convex and rising.
        let target = supply / (rc * rc);
        let mut s = 1.0 + (2.0 * target).sqrt() + target;
        for _ in 0..100 {
            let change = (s * s.ln() - s + 1.0 - target) / s.ln();
            s -= change;
            if change.abs() <= 1.0e-12 * s {
                break;
            }
        }
        rc * s.sqrt() + TAIL * (self.diffusivity * self.michaelis / self.consumption).sqrt()
    }

    /// The profile out to `radius` (um, above the capillary's) for a pO2 (mmHg) in the capillary.
    ///
    /// # Errors
    /// If the numbers allow no solution (one is not positive and finite).
    pub fn solve(&self, radius: f64, capillary: f64) -> Result<Profile> {
        let Self { diffusivity, consumption, michaelis, capillary_radius: inner } = *self;
        let failed = || {
            Error::input(format!(
                "oxygen: no solution for a cylinder of {radius} um around a capillary of {inner} um at {capillary} mmHg with diffusivity \
                 {diffusivity}, consumption {consumption} and Michaelis constant {michaelis}; expected positive numbers"
            ))
        };
        let length = (radius / inner).ln();
        let numbers = [length, diffusivity, consumption, michaelis, capillary];
        if !numbers.iter().all(|&x| x > 0.0 && x.is_finite()) {
            return Err(failed());
        }
        let outer = consumption * radius * radius / diffusivity;
        // Numerov's matrix keeps its signs while h^2 g/(12 K) < 1; half of that is allowed.
        let count = INTERVALS.max((length * (outer / (6.0 * michaelis)).sqrt()).ceil() as usize);
        let h = length / count as f64;
        let sink: Vec<f64> = (0..=count).map(|i| outer * (2.0 * (i as f64 * h - length)).exp()).collect();
        let mut p = vec![capillary; count + 1];
        let mut newton = Newton::new(&sink, michaelis, h);
        for _ in 0..STEPS {
            let change = newton.step(&mut p);
            if !change.is_finite() {
                return Err(failed());
            }
            if change <= 1.0e-11 * capillary {
                let curvature = p.iter().zip(&sink).map(|(&p, g)| g * p / (p + michaelis)).collect();
                return Ok(Profile { inner, step: h, pressure: p, curvature });
            }
        }
        Err(failed())
    }
}

/// Newton's method on Numerov's equations.
struct Newton<'a> {
    sink: &'a [f64],
    michaelis: f64,
    step: f64,
    /// `h^2` times the right side at the nodes, and its slope with respect to p.
    used: Vec<f64>,
    slope: Vec<f64>,
    /// The tridiagonal system, eliminated from the capillary outwards.
    diagonal: Vec<f64>,
    right: Vec<f64>,
}

impl<'a> Newton<'a> {
    fn new(sink: &'a [f64], michaelis: f64, step: f64) -> Self {
        let empty = || vec![0.0; sink.len()];
        Self { sink, michaelis, step, used: empty(), slope: empty(), diagonal: empty(), right: empty() }
    }

    /// One step, never below 0; returns the largest change.
    fn step(&mut self, p: &mut [f64]) -> f64 {
        let last = p.len() - 1;
        for (i, &p) in p.iter().enumerate() {
            let sink = self.step * self.step * self.sink[i] / (p + self.michaelis);
            self.used[i] = sink * p;
            self.slope[i] = sink * self.michaelis / (p + self.michaelis);
        }
        // Rows: -(1 - s_(i-1)/12) d_(i-1) + (2 + 10 s_i/12) d_i - (1 - s_(i+1)/12) d_(i+1) = residual; d_0 = 0.
        let (used, slope) = (&self.used, &self.slope);
        let coupling = |i: usize| 1.0 - slope[i] / 12.0;
        for i in 1..=last {
            let (mut own, mut residual) = if i < last {
                let sinks = (used[i - 1] + 10.0 * used[i] + used[i + 1]) / 12.0;
                (2.0 + 10.0 / 12.0 * slope[i], p[i - 1] - 2.0 * p[i] + p[i + 1] - sinks)
            } else {
                // No flux: Taylor's series, with (g S)' = 2 g S there.
                let weight = 5.0 / 12.0 - self.step / 6.0;
                (1.0 + weight * slope[i], p[i - 1] - p[i] - weight * used[i] - used[i - 1] / 12.0)
            };
            if i > 1 {
                let factor = coupling(i - 1) / self.diagonal[i - 1];
                own -= factor * coupling(i);
                residual += factor * self.right[i - 1];
            }
            (self.diagonal[i], self.right[i]) = (own, residual);
        }
        let (mut largest, mut change) = (0.0f64, 0.0);
        for i in (1..=last).rev() {
            let outside = if i < last { coupling(i + 1) * change } else { 0.0 };
            change = (self.right[i] + outside) / self.diagonal[i];
            let new = (p[i] + change).max(0.0);
            largest = largest.max((new - p[i]).abs());
            p[i] = new;
        }
        largest
    }
}

/// Nodes and weights of Gauss and Legendre on 0 to 1.
const GAUSS: [(f64, f64); 3] = [(0.112_701_665_379_258_3, 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.887_298_334_620_741_7, 5.0 / 18.0)];

impl Profile {
    /// pO2 at the outer radius, mmHg: the lowest.
    pub fn lowest(&self) -> f64 {
        self.pressure[self.pressure.len() - 1]
    }

    /// pO2 in interval i at the share `t` of it: the cubic through the ends' values and second derivatives.
    fn inside(&self, i: usize, t: f64) -> f64 {
        let s = 1.0 - t;
        let bend = (s * s * s - s) * self.curvature[i] + (t * t * t - t) * self.curvature[i + 1];
        s * self.pressure[i] + t * self.pressure[i + 1] + self.step * self.step / 6.0 * bend
    }

    /// pO2 at a radius, um.
    pub fn at(&self, radius: f64) -> f64 {
        let place = ((radius / self.inner).ln() / self.step).max(0.0);
        let i = (place as usize).min(self.pressure.len() - 2);
        self.inside(i, (place - i as f64).min(1.0))
    }

    /// Integrals over the cross section; `limit`: pO2 below which cells count as hypoxic, `factor`: of pO2, on alpha.
    pub fn section(&self, limit: f64, factor: impl Fn(f64) -> f64) -> Section {
        let mut section = Section::default();
        for i in 0..self.pressure.len() - 1 {
            let (from, to) = (self.pressure[i], self.pressure[i + 1]);
            if from >= limit && to < limit {
                let edge = self.crossing(i, limit);
                self.add(&mut section, i, (0.0, edge), false, &factor);
                self.add(&mut section, i, (edge, 1.0), true, &factor);
            } else {
                self.add(&mut section, i, (0.0, 1.0), from < limit, &factor);
            }
        }
        section
    }

    /// Share of interval i at which pO2 falls below the limit.
    fn crossing(&self, i: usize, limit: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.inside(i, middle) >= limit { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// Adds a part of interval i.
    fn add(&self, section: &mut Section, i: usize, part: (f64, f64), hypoxic: bool, factor: impl Fn(f64) -> f64) {
        let radius = self.inner * (i as f64 * self.step).exp();
        let width = part.1 - part.0;
        for (node, weight) in GAUSS {
            let t = part.0 + node * width;
            let area = 2.0 * radius * radius * (2.0 * self.step * t).exp() * self.step * width * weight;
            let pressure = self.inside(i, t);
            section.area += area;
            section.pressure += area * pressure;
            if hypoxic {
                section.hypoxic += area;
                section.hypoxic_factor += area * factor(pressure);
            } else {
                section.oxic_factor += area * factor(pressure);
            }
        }
    }
}
