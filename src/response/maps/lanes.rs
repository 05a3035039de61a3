//! The per-voxel arithmetic, on a few voxels of one tissue at a time so that the compiler can use vector instructions.

use super::irradiation::Irradiation;
use super::pairs::PairTable;
use crate::response::tissue::Tissue;

/// Voxels handled together.
pub(super) const LANES: usize = 64;
type Lane = [f64; LANES];

/// Results for up to [`LANES`] voxels, all in Gy.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    /// Absorbed dose.
    pub(super) dose: Lane,
    /// High-LET part of it.
    pub(super) high: Lane,
    /// BED of all fractions with all that they do to each other.
    pub(super) bed: Lane,
    /// BED of each fraction alone.
    pub(super) fractions: Vec<Lane>,
    /// Upper bound of the unrepaired dose at any time (low-LET equivalent).
    pub(super) unrepaired: Lane,
    /// Per shape: amplitude of the dose rate of low LET, Gy/s; then the sqrt(beta)-weighted one, in Gy/s of low-LET dose.
    rates: Vec<Lane>,
    /// Per shape: amplitude of the dose rate of high LET, Gy/s.
    rates_high: Vec<Lane>,
    /// The same times the RBE of the linear part.
    rates_weighted: Vec<Lane>,
}

impl Lanes {
    pub(super) fn new(irradiation: &Irradiation) -> Self {
        let zero = [0.0; LANES];
        Self {
            dose: zero,
            high: zero,
            bed: zero,
            fractions: vec![zero; irradiation.fractions.len()],
            unrepaired: zero,
            rates: vec![zero; irradiation.shapes.len()],
            rates_high: vec![zero; irradiation.shapes.len()],
            rates_weighted: vec![zero; irradiation.shapes.len()],
        }
    }

    /// Computes these voxels (at most [`LANES`]), all of tissue `tissue` whose coefficients are `table`.
    pub(super) fn compute(&mut self, irradiation: &Irradiation, voxels: &[u32], tissue: &Tissue, table: &PairTable) {
        self.gather(irradiation, voxels, tissue.parameters.rbe_high_let);
        self.add_linear(irradiation, tissue, table);
        let per_alpha_beta = 2.0 / tissue.parameters.alpha_beta;
        self.bed = [0.0; LANES];
        for (f, fraction) in irradiation.fractions.iter().enumerate() {
            let mut alone = [0.0; LANES];
            let mut others = [0.0; LANES];
            for i in fraction.shapes.clone() {
                let (earlier, own) = table.pairs[i].split_at(fraction.shapes.start);
                self.meet(i, 0, earlier, &mut others);
                self.meet(i, fraction.shapes.start, own, &mut alone);
            }
            for l in 0..LANES {
                self.fractions[f][l] += per_alpha_beta * alone[l];
                self.bed[l] += self.fractions[f][l] + per_alpha_beta * others[l];
            }
        }
        self.bound_unrepaired(table);
    }

    /// Adds `rates[i] * sum_j pairs[j] rates[from + j]` to `total`.
    fn meet(&self, i: usize, from: usize, pairs: &[f64], total: &mut Lane) {
        let mut sum = [0.0; LANES];
        for (pair, rate) in pairs.iter().zip(&self.rates[from..]) {
            // Far-apart fractions do not meet at all in f64.
            if *pair != 0.0 {
                for (sum, rate) in sum.iter_mut().zip(rate) {
                    *sum += pair * rate;
                }
            }
        }
        for ((total, sum), rate) in total.iter_mut().zip(&sum).zip(&self.rates[i]) {
            *total += sum * rate;
        }
    }

    /// Reads the maps; components of one shape add up. `rbe`: of high LET where no map tells.
    fn gather(&mut self, irradiation: &Irradiation, voxels: &[u32], rbe: f64) {
        for rates in [&mut self.rates, &mut self.rates_high, &mut self.rates_weighted] {
            rates.fill([0.0; LANES]);
        }
        for (component, &shape_of) in irradiation.components.iter().zip(&irradiation.shape_of) {
            let Some((shape, amplitude)) = shape_of else { continue };
            let read = |map: &[f32], factor: f64, into: &mut Lane| {
                for (rate, &v) in into.iter_mut().zip(voxels) {
                    *rate += factor * f64::from(map[v as usize]);
                }
            };
            read(&component.dose.low, amplitude, &mut self.rates[shape]);
            if let Some(map) = &component.dose.high {
                read(map, amplitude, &mut self.rates_high[shape]);
                let (weighted, factor) = component.dose.high_weighted.as_ref().map_or((map, rbe), |weighted| (weighted, 1.0));
                read(weighted, factor * amplitude, &mut self.rates_weighted[shape]);
            }
        }
    }

    /// Doses and the linear part of each fraction's BED; then weights the rates by sqrt(beta).
    fn add_linear(&mut self, irradiation: &Irradiation, tissue: &Tissue, table: &PairTable) {
        self.dose = [0.0; LANES];
        self.high = [0.0; LANES];
        self.fractions.fill([0.0; LANES]);
        let root_beta = tissue.root_beta_high;
        for (fraction, linear) in irradiation.fractions.iter().zip(&mut self.fractions) {
            for shape in fraction.shapes.clone() {
                let (rates, rates_high, seconds) = (&mut self.rates[shape], &self.rates_high[shape], table.dose[shape]);
                let rates_weighted = &self.rates_weighted[shape];
                for l in 0..LANES {
                    let (low, high) = (rates[l] * seconds, rates_high[l] * seconds);
                    self.dose[l] += low + high;
                    self.high[l] += high;
                    linear[l] += low + rates_weighted[l] * seconds;
                    rates[l] += root_beta * rates_high[l];
                }
            }
        }
    }

    fn bound_unrepaired(&mut self, table: &PairTable) {
        self.unrepaired = [0.0; LANES];
        for peaks in &table.peaks {
            let mut sum = [0.0; LANES];
            for (peak, rate) in peaks.iter().zip(&self.rates) {
                for (sum, rate) in sum.iter_mut().zip(rate) {
                    *sum += peak * rate.max(0.0);
                }
            }
            for (bound, sum) in self.unrepaired.iter_mut().zip(&sum) {
                *bound = bound.max(*sum);
            }
        }
    }
}
