//! The untreated tumour: immune state at rest, and the gross growth that gives the net growth observed.
//!
//! In the untreated tumour T cells, PD-L1 and antigen are taken to be at rest (they move in days, the tumour in months). All regions share
//! one antigen `Ag = sum V_eq DCm (T + X)/sum n0`, so their rest states depend on each other through it; given Ag, each has exactly one.

use std::f64::consts::LN_2;

use super::row::{Row, parameter};
use crate::{
    error::{Error, Result},
    plan::ParameterSet,
};

/// What the growth and immune clock of a region follow from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Observed net growth rate, 1/d.
    pub net_growth: f64,
    /// Growth rate of the reference (mouse) tumour, 1/d.
    pub reference_growth: f64,
    /// Immunogenicity of cell death by radiation.
    pub efficiency: f64,
    /// Mouse tumour that the burden at the start stands for, uL.
    pub equivalent_volume: f64,
    /// Hypoxic fraction at the start.
    pub hypoxic: f64,
    /// Cells of the region over those of all regions at the start.
    pub share: f64,
}

impl Clock {
    /// From a region's parameters.
    ///
    /// # Errors
    /// [`Error::Input`] if a parameter is missing or not positive.
    pub fn new(region: &str, set: &ParameterSet, hypoxic: f64, share: f64) -> Result<Self> {
        let positive = |name: &str| {
            let value = parameter(region, set, name)?;
            if value.is_finite() && value > 0.0 {
                return Ok(value);
            }
            Err(Error::input(format!(
                "response of region \"{region}\": the parameter \"{name}\" is {value}; it must be finite and above zero"
            )))
        };
        let efficiency = parameter(region, set, "icd_efficiency")?;
        if !(efficiency.is_finite() && efficiency >= 0.0) {
            let message =
                format!("response of region \"{region}\": the parameter \"icd_efficiency\" is {efficiency}; it must be zero or more");
            return Err(Error::input(message));
        }
        Ok(Self {
            net_growth: LN_2 / positive("net_doubling_time")?,
            reference_growth: positive("reference_growth")?,
            efficiency,
            equivalent_volume: positive("equivalent_volume")?,
            hypoxic,
            share,
        })
    }
}

/// The immune state of a region at rest.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rest {
    /// Primed T cells, cells.
    pub primed: f64,
    /// Effector T cells, cells.
    pub effector: f64,
    /// PD-L1, 0 to 1.
    pub pdl1: f64,
}

/// Fills in what rows take from the untreated state of all regions; returns the immune state of each, and the antigen volume that a sum of
/// [`super::cpu::biology::biology_antigen`] over all voxels, divided by the sum of their cells at the start, is to be multiplied by (uL).
///
/// Gross growth: `r = r_net/(g_f - k/r_ref)`, with `g_f = 1 - HF + psi_h HF`, `k = e dE + d0` at rest (0 without the immune part).
///
/// # Errors
/// [`Error::Input`] if the immune part kills more than any growth can replace.
pub fn settle(names: &[String], rows: &mut [Row<f64>], clocks: &[Clock], immune: bool) -> Result<(Vec<Rest>, f64)> {
    let largest = clocks.iter().map(|clock| clock.equivalent_volume).fold(0.0, f64::max);
    let (rest, volume) = if immune { (at_rest(rows, clocks), largest) } else { (vec![Rest::default(); rows.len()], 0.0) };
    for (((row, clock), rest), name) in rows.iter_mut().zip(clocks).zip(&rest).zip(names) {
        let growing = 1.0 - clock.hypoxic + row.hypoxic_growth * clock.hypoxic;
        let killed = row.t_killing * rest.effector + row.natural_death;
        let gain = growing - killed / clock.reference_growth;
        if gain <= 0.0 {
            return Err(Error::input(format!(
                "response of region \"{name}\": in the untreated tumour {killed:.4}/d of the cells would be killed at a growth of {}/d, so no \
                 growth rate gives the net doubling time; lower t_killing or natural_death, or raise reference_growth or hypoxic_growth",
                clock.reference_growth * growing
            )));
        }
        row.growth = clock.net_growth / gain;
        row.turnover = row.growth / clock.reference_growth;
        if immune {
            row.doomed_signal = clock.efficiency * row.doomed_loss / row.turnover;
            row.antigen_weight = clock.equivalent_volume / largest;
        }
        if rest.effector > 0.0 {
            (row.effector_gain, row.effector_offset) = (1.0 / rest.effector, 0.0);
        }
    }
    Ok((rest, volume))
}

/// Rest states of all regions at the antigen that they present themselves.
fn at_rest(rows: &[Row<f64>], clocks: &[Clock]) -> Vec<Rest> {
    let all = |antigen: f64| -> Vec<Rest> { rows.iter().map(|row| rest(row, antigen)).collect() };
    let excess = |antigen: f64| {
        let presented = rows.iter().zip(clocks).map(|(row, clock)| {
            let death = row.t_killing * rest(row, antigen).effector + row.natural_death;
            clock.share * clock.equivalent_volume * death * death / (death * death + row.death_signal_half * row.death_signal_half)
        });
        presented.sum::<f64>() - antigen
    };
    // The lowest antigen at which as much is presented: from there up, more would be presented than there is.
    let top = clocks.iter().map(|clock| clock.equivalent_volume).fold(0.0, f64::max);
    let mut low = 1.0e-9 * top;
    if excess(low) <= 0.0 {
        return all(0.0);
    }
    let mut high = low;
    while excess(high) > 0.0 && high < top {
        (low, high) = (high, 1.05 * high);
    }
    all(root(excess, low, high))
}

/// Rest state at a given antigen: effectors are made as fast as they die.
fn rest(row: &Row<f64>, antigen: f64) -> Rest {
    let primed = |effector: f64| {
        let activation = (1.0 - effector / (row.pdl1_half + effector)) * row.suppression_half / (antigen + row.suppression_half);
        let loss = row.t_elimination - row.t_expansion * activation;
        let cells = if loss > 0.0 { row.priming * antigen / (antigen + row.antigen_half) / loss } else { f64::INFINITY };
        (cells, activation)
    };
    let excess = |effector: f64| {
        let (cells, activation) = primed(effector);
        if cells > 0.0 { row.t_differentiation * activation * cells - row.t_apoptosis * effector } else { -row.t_apoptosis * effector }
    };
    if excess(0.0) <= 0.0 {
        return Rest { primed: primed(0.0).0, ..Rest::default() };
    }
    // More effectors raise PD-L1, which slows activation: the excess falls from here on.
    let mut high = 1.0;
    while excess(high) > 0.0 {
        high *= 2.0;
    }
    let effector = root(excess, 0.0, high);
    Rest { primed: primed(effector).0, effector, pdl1: effector / (row.pdl1_half + effector) }
}

/// Where a function goes from above zero to below, by halving to the last bit.
fn root(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if f(middle) > 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
