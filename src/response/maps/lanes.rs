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
    /// Amplitudes of sqrt(beta)-weighted dose rate per term, in Gy/s of low-LET dose.
    rates: Vec<Lane>,
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
            rates: vec![zero; irradiation.terms.len()],
        }
    }

    /// Computes these voxels (at most [`LANES`]), all of tissue `tissue` whose coefficients are `table`.
    pub(super) fn compute(&mut self, irradiation: &Irradiation, voxels: &[u32], tissue: &Tissue, table: &PairTable) {
        self.gather(irradiation, voxels, tissue, table);
        let n = voxels.len();
        let per_alpha_beta = 2.0 / tissue.parameters.alpha_beta;
        self.bed = [0.0; LANES];
        for (f, fraction) in irradiation.fractions.iter().enumerate() {
            let mut alone = [0.0; LANES];
            let mut others = [0.0; LANES];
            for i in fraction.terms.clone() {
                let (earlier, own) = table.pairs[i].split_at(fraction.terms.start);
                self.meet(i, 0, earlier, &mut others);
                self.meet(i, fraction.terms.start, own, &mut alone);
            }
            // `gather` has left the linear part of BED here.
            let linear = &mut self.fractions[f];
            for l in 0..n {
                linear[l] += per_alpha_beta * alone[l];
                self.bed[l] += linear[l] + per_alpha_beta * others[l];
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

    /// Reads the maps: doses, the linear part of each fraction's BED, and amplitudes of the terms.
    fn gather(&mut self, irradiation: &Irradiation, voxels: &[u32], tissue: &Tissue, table: &PairTable) {
        self.dose = [0.0; LANES];
        self.high = [0.0; LANES];
        self.fractions.fill([0.0; LANES]);
        self.rates.fill([0.0; LANES]);
        for (component, &(fraction, term)) in irradiation.components.iter().zip(&irradiation.place_of) {
            let (linear, rates) = (&mut self.fractions[fraction], &mut self.rates[term]);
            let (activity, seconds) = (component.activity, table.dose[term]);
            for (l, &v) in voxels.iter().enumerate() {
                let low = activity * f64::from(component.dose.low[v as usize]);
                self.dose[l] += low * seconds;
                linear[l] += low * seconds;
                rates[l] += low;
            }
            if let Some(map) = &component.dose.high {
                for (l, &v) in voxels.iter().enumerate() {
                    let high = activity * f64::from(map[v as usize]);
                    self.dose[l] += high * seconds;
                    self.high[l] += high * seconds;
                    linear[l] += tissue.parameters.rbe_high_let * high * seconds;
                    rates[l] += tissue.root_beta_high * high;
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
