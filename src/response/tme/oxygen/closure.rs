//! Mean oxygen of a voxel: Krogh cylinders whose radii are log-normally distributed, as a table.
//!
//! Identical cylinders would turn hypoxic all at once as they widen; real distances between capillaries vary (Kirkpatrick 2003). The
//! radius has the median `R_med/sqrt(v)` at the perfusion v, the weight of a cylinder is its cross section. `R_med` follows from the
//! hypoxic fraction at the start, where v, use and capillary pO2 are those of the untreated tumour.

use super::krogh::{Krogh, Section};
use crate::{
    error::{Error, Result},
    plan::ParameterSet,
    response::{
        lq::oxygen::oxygen_factor,
        tme::{
            cpu::oxygen::{OXYGEN_CHANNELS, OXYGEN_HEADER, Oxygen, oxygen_lookup},
            real::Real,
        },
    },
};

/// Constants of a tissue's oxygen; time in any one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OxygenConstants {
    /// Share of cells below [`Self::hypoxia_limit`] in the untreated tumour, between 0 and 1.
    pub hypoxic_fraction: f64,
    /// Diffusivity, um2 per time.
    pub diffusivity: f64,
    /// Consumption at full use, mmHg per time.
    pub consumption: f64,
    /// pO2 of half that consumption, mmHg.
    pub michaelis: f64,
    /// pO2 in capillaries, mmHg.
    pub capillary_po2: f64,
    /// pO2 below which cells are hypoxic, mmHg.
    pub hypoxia_limit: f64,
    /// Radius of capillaries, um.
    pub capillary_radius: f64,
    /// Standard deviation of the logarithm of the cylinders' radii.
    pub radius_spread: f64,
    /// Largest oxygen enhancement.
    pub oer_max: f64,
    /// pO2 of half the enhancement, mmHg.
    pub oer_half: f64,
}

/// Range of the table: what lies outside is taken at the nearest value inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OxygenRange {
    /// Perfusion relative to the start, lowest and highest.
    pub vessels: [f64; 2],
    /// Highest use relative to the start; the lowest is 0.
    pub consumption: f64,
    /// Capillary pO2, mmHg, lowest and highest.
    pub capillary: [f64; 2],
}

impl OxygenRange {
    /// The range that tables are built for.
    pub fn of(constants: &OxygenConstants) -> Self {
        let limit = constants.hypoxia_limit;
        Self { vessels: [0.02, 3.0], consumption: 2.0, capillary: [2.0 * limit, 24.0 * limit] }
    }

    /// True if a state lies outside, so that [`OxygenTable::lookup`] answers for its nearest neighbour inside.
    pub fn leaves(&self, vessels: f64, consumption: f64, capillary: f64) -> bool {
        let inside = |value: f64, [low, high]: [f64; 2]| value >= low && value <= high;
        !(inside(vessels, self.vessels) && inside(consumption, [0.0, self.consumption]) && inside(capillary, self.capillary))
    }
}

/// Nodes over the logarithm of `supply * vessels/use`, which decides nearly alone ...
const SUPPLIES: usize = 192;
/// ... over the logarithm of use, at that ratio ...
const USES: usize = 18;
/// ... and over the logarithm of the supply.
const CAPILLARIES: usize = 14;
/// The supply is capillary pO2 less this share of the hypoxic limit: what is there to be used before cells turn hypoxic, by and large.
const UNUSED: f64 = 0.7;
/// Lowest use that has nodes of its own: below it only the ratio counts (the radius of the capillary no longer matters).
const LOWEST_USE: f64 = 0.003;
/// Use below which the ratio is beyond the table anyway; keeps logarithms finite.
const FLOOR: f64 = 1.0e-9;

/// Cylinders of all radii at one use and capillary pO2, ready to be averaged for any median radius.
#[derive(Debug, Clone)]
pub struct Cylinders {
    spread: f64,
    edge_factor: f64,
    nodes: Vec<Node>,
}

/// A radius in the quadrature over radii.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// `ln R`.
    log_radius: f64,
    weight: f64,
    /// Means over the cylinder: pO2, hypoxic share, and the factor on alpha summed over the oxic and the hypoxic share.
    means: [f64; 4],
}

/// Nodes and weights of Gauss and Legendre with six points on -1 to 1, upper half.
const GAUSS: [(f64, f64); 3] = [
    (0.238_619_186_083_196_9, 0.467_913_934_572_691),
    (0.661_209_386_466_264_5, 0.360_761_573_048_138_6),
    (0.932_469_514_203_152, 0.171_324_492_379_170_4),
];
/// Logarithm of the largest radius over that of the capillary.
const WIDEST: f64 = 10.0;

impl Cylinders {
    /// Solves the cylinders. `consumption`: use relative to full use, `capillary`: mmHg.
    ///
    /// # Errors
    /// As [`Krogh::solve`].
    pub fn new(constants: &OxygenConstants, consumption: f64, capillary: f64) -> Result<Self> {
        let krogh = Krogh { consumption: constants.consumption * consumption, ..constants.krogh() };
        let factor = |pressure: f64| oxygen_factor(pressure, constants.oer_max, constants.oer_half);
        let (limit, spread) = (constants.hypoxia_limit, constants.radius_spread);
        let (inner, reach) = (krogh.capillary_radius.ln(), krogh.reach(capillary));
        let solve = |log_radius: f64| krogh.solve(log_radius.exp(), capillary).map(|profile| profile.section(limit, factor));
        let full = krogh.solve(reach, capillary)?.section(limit, factor);
        let edge = first_hypoxic(&krogh, capillary, limit, reach)?;
        let mut nodes = Vec::new();
        let mut add = |log_radius: f64, weight: f64, section: Section| {
            let means = [section.pressure, section.hypoxic, section.oxic_factor, section.hypoxic_factor].map(|x| x / section.area);
            nodes.push(Node { log_radius, weight, means });
        };
        // Radii without hypoxia, then those with: its share begins like a square root, so those are spaced in t, ln R = edge + t^2.
        for (log_radius, weight) in panels(inner, edge, 1.5 * spread) {
            add(log_radius, weight, solve(log_radius)?);
        }
        let span = reach.ln() - edge;
        let pieces = (span / spread).ceil().max(4.0);
        for (t, weight) in panels(0.0, span.sqrt(), span.sqrt() / pieces) {
            let log_radius = edge + t * t;
            add(log_radius, 2.0 * t * weight, solve(log_radius)?);
        }
        // Beyond the reach nothing changes but the area without oxygen.
        for (log_radius, weight) in panels(reach.ln(), inner + WIDEST, 1.5 * spread) {
            let more = (2.0 * log_radius).exp() - reach * reach;
            let (area, hypoxic) = (full.area + more, full.hypoxic + more);
            add(log_radius, weight, Section { area, hypoxic, hypoxic_factor: full.hypoxic_factor + more * factor(0.0), ..full });
        }
        Ok(Self { spread, edge_factor: factor(limit), nodes })
    }

    /// Averages over radii with this median (um).
    pub fn average(&self, median: f64) -> Oxygen<f64> {
        // The weight R^2 moves the centre of the log-normal distribution.
        let centre = median.ln() + 2.0 * self.spread * self.spread;
        let mut total = 0.0;
        let mut sums = [0.0; 4];
        for node in &self.nodes {
            let z = (node.log_radius - centre) / self.spread;
            let weight = node.weight * (-0.5 * z * z).exp();
            total += weight;
            for (sum, mean) in sums.iter_mut().zip(node.means) {
                *sum += weight * mean;
            }
        }
        let [pressure, hypoxic, oxic_factor, hypoxic_factor] = sums.map(|sum| sum / total);
        // A class without cells takes the factor at the limit, where its first cells would be.
        let mean = |sum: f64, share: f64| if share > 0.0 { sum / share } else { self.edge_factor };
        Oxygen { po2: pressure, hypoxic, oxic_weight: mean(oxic_factor, 1.0 - hypoxic), hypoxic_weight: mean(hypoxic_factor, hypoxic) }
    }
}

/// Logarithm of the radius at which the outermost cells become hypoxic.
fn first_hypoxic(krogh: &Krogh, capillary: f64, limit: f64, reach: f64) -> Result<f64> {
    let (mut low, mut high) = (krogh.capillary_radius.ln(), reach.ln());
    if capillary <= limit {
        return Ok(low);
    }
    // Illinois rule: the lowest pO2 falls with the radius.
    let (mut above, mut below) = (capillary - limit, -limit);
    for _ in 0..60 {
        let middle = (low * below - high * above) / (below - above);
        let middle = if middle > low && middle < high { middle } else { 0.5 * (low + high) };
        let value = krogh.solve(middle.exp(), capillary)?.lowest() - limit;
        if value > 0.0 {
            (low, above, below) = (middle, value, 0.5 * below);
        } else {
            (high, below, above) = (middle, value, 0.5 * above);
        }
        if value.abs() < 1.0e-6 * limit || high - low < 1.0e-9 {
            break;
        }
    }
    Ok(0.5 * (low + high))
}

/// Gauss-Legendre nodes and weights on panels no wider than `width`.
fn panels(from: f64, to: f64, width: f64) -> impl Iterator<Item = (f64, f64)> {
    let count = if to > from { ((to - from) / width).ceil() } else { 0.0 };
    let half = 0.5 * (to - from) / count.max(1.0);
    (0..count as usize).flat_map(move |panel| {
        let middle = from + (2 * panel + 1) as f64 * half;
        GAUSS.into_iter().flat_map(move |(x, w)| [(middle - x * half, w * half), (middle + x * half, w * half)])
    })
}

impl OxygenConstants {
    /// The constants among a region's parameters, by the names of the parameter file.
    ///
    /// # Errors
    /// With the name of one that is missing.
    pub fn from_parameters(set: &ParameterSet) -> Result<Self> {
        let value = |name: &str| match set.parameters.get(name) {
            Some(parameter) => Ok(parameter.value),
            None => Err(Error::input(format!("parameters: {name} is missing; expected it in section [oxygen]"))),
        };
        Ok(Self {
            hypoxic_fraction: value("hypoxic_fraction")?,
            diffusivity: value("diffusivity")?,
            consumption: value("consumption")?,
            michaelis: value("michaelis")?,
            capillary_po2: value("capillary_po2")?,
            hypoxia_limit: value("hypoxia_limit")?,
            capillary_radius: value("capillary_radius")?,
            radius_spread: value("radius_spread")?,
            oer_max: value("oer_max")?,
            oer_half: value("oer_half")?,
        })
    }

    /// The tissue at full use.
    pub fn krogh(&self) -> Krogh {
        let Self { diffusivity, consumption, michaelis, capillary_radius, .. } = *self;
        Krogh { diffusivity, consumption, michaelis, capillary_radius }
    }

    /// Median radius of the cylinders that gives [`Self::hypoxic_fraction`] at the start, um.
    ///
    /// # Errors
    /// If the fraction is not between 0 and 1, or no radius gives it (a capillary below the hypoxic limit).
    pub fn median_radius(&self) -> Result<f64> {
        let target = self.hypoxic_fraction;
        let cylinders = Cylinders::new(self, 1.0, self.capillary_po2)?;
        let fraction = |log_radius: f64| cylinders.average(log_radius.exp()).hypoxic;
        let (mut low, mut high) = (self.capillary_radius.ln(), self.capillary_radius.ln() + 0.7 * WIDEST);
        if !(fraction(low) < target && fraction(high) > target) {
            return Err(Error::input(format!(
                "oxygen: no distance between capillaries of {} mmHg gives a hypoxic fraction of {target}; expected between {:.1e} and {:.3}",
                self.capillary_po2,
                fraction(low),
                fraction(high)
            )));
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if fraction(middle) < target { low = middle } else { high = middle }
        }
        Ok((0.5 * (low + high)).exp())
    }
}

/// The table of one set of constants, as the kernels read it: a header, then four values for each node.
#[derive(Debug, Clone)]
pub struct OxygenTable<R> {
    /// Median radius of the cylinders at the start, um.
    pub median_radius: f64,
    /// Header and values (layout: [`oxygen_lookup`]); tables of several regions may follow each other in one buffer.
    pub words: Vec<R>,
}

impl<R: Real> OxygenTable<R> {
    /// Solves the cylinders and averages them; takes some tenths of a second.
    ///
    /// # Errors
    /// If constants are not positive, or as [`OxygenConstants::median_radius`].
    pub fn new(constants: &OxygenConstants) -> Result<Self> {
        let range = OxygenRange::of(constants);
        let [poorest, richest] = range.capillary;
        if range.leaves(1.0, 1.0, constants.capillary_po2) {
            return Err(Error::input(format!(
                "oxygen: capillary_po2 is {} mmHg with hypoxia_limit {} mmHg; expected {poorest} to {richest} mmHg",
                constants.capillary_po2, constants.hypoxia_limit
            )));
        }
        let median_radius = constants.median_radius()?;
        let axis = |low: f64, high: f64, count: usize| (low, (high - low) / (count - 1) as f64, count);
        let [fewest, most] = range.vessels;
        let shift = UNUSED * constants.hypoxia_limit;
        let (weakest, strongest) = (poorest - shift, richest - shift);
        let supplies = axis((weakest * fewest / range.consumption).ln(), (strongest * most / LOWEST_USE).ln(), SUPPLIES);
        let uses = axis(LOWEST_USE.ln(), range.consumption.ln(), USES);
        let capillaries = axis(weakest.ln(), strongest.ln(), CAPILLARIES);
        let mut words = Vec::with_capacity(OXYGEN_HEADER + OXYGEN_CHANNELS * SUPPLIES * USES * CAPILLARIES);
        for (low, step, count) in [supplies, uses, capillaries] {
            words.extend([low, 1.0 / step, count as f64]);
        }
        words.extend([fewest, most, range.consumption, poorest, richest, FLOOR, shift]);
        words.resize(OXYGEN_HEADER, 0.0);
        for i in 0..CAPILLARIES {
            let supply = (capillaries.0 + i as f64 * capillaries.1).exp();
            let capillary = supply + shift;
            for j in 0..USES {
                let consumption = (uses.0 + j as f64 * uses.1).exp();
                let cylinders = Cylinders::new(constants, consumption, capillary)?;
                for k in 0..SUPPLIES {
                    let vessels = (supplies.0 + k as f64 * supplies.1).exp() * consumption / supply;
                    let mean = cylinders.average(median_radius / vessels.sqrt());
                    words.extend([(mean.po2 / capillary).ln(), mean.hypoxic, mean.oxic_weight, mean.hypoxic_weight]);
                }
            }
        }
        Ok(Self { median_radius, words: words.into_iter().map(R::of).collect() })
    }

    /// Oxygen at a perfusion and use relative to the start, and a capillary pO2 (mmHg); values outside [`OxygenRange::of`] are clamped.
    pub fn lookup(&self, vessels: R, consumption: R, capillary: R) -> Oxygen<R> {
        oxygen_lookup(&self.words, 0, vessels, consumption, capillary)
    }
}
