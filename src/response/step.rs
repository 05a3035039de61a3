//! The exact radiation step: dose, unrepaired dose and its encounter with the dose rate over a span of time.
//!
//! `dU/dt = Ddot - mu U`, `D = Int Ddot dt`, `Q = Int Ddot U dt`, with `Ddot` a sum of exponentials. Then
//! `ln S = -(alpha D + 2 beta Q)` and the running `BED = D + 2 Q/(alpha/beta)` (Lea & Catcheside 1942; Dale 1985). Closed form, so exact
//! at any length of step. For mixed radiation the amplitudes are those of `b = sum sqrt(beta_q) Ddot_q` and U is W, see [`super::lq::quality`].

use crate::physics::exponential::{Exponential, decay, encounter, integral, remaining};

/// What a step delivers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Dose D, Gy.
    pub dose: f64,
    /// Unrepaired dose U at the end, Gy.
    pub unrepaired: f64,
    /// `Q = Int Ddot U dt`, Gy^2.
    pub q: f64,
}

/// The part of a step that depends on rates only; made once, applied to every voxel.
#[derive(Debug, Clone)]
pub struct StepTable {
    dose: Vec<f64>,
    unrepaired: Vec<f64>,
    carried: Vec<f64>,
    /// Row j, column k: dose rate j on the unrepaired dose of k.
    pairs: Vec<f64>,
    decays: Vec<f64>,
    repair: f64,
}

impl StepTable {
    /// For exponentials with these decay constants, a repair constant `mu` and a step of length `h` (may be infinite); rates >= 0.
    pub fn new(rates: &[f64], mu: f64, h: f64) -> Self {
        Self {
            dose: rates.iter().map(|&rate| integral(rate, h)).collect(),
            unrepaired: rates.iter().map(|&rate| remaining(rate, mu, h)).collect(),
            carried: rates.iter().map(|&rate| integral(rate + mu, h)).collect(),
            pairs: rates.iter().flat_map(|&j| rates.iter().map(move |&k| encounter(j, k, mu, h))).collect(),
            decays: rates.iter().map(|&rate| decay(rate, h)).collect(),
            repair: decay(mu, h),
        }
    }

    /// Advances one voxel: `amplitudes` (one per rate) decay to the end of the step; `unrepaired` is U at its start.
    ///
    /// # Panics
    /// If the number of amplitudes is not the number of rates.
    pub fn apply(&self, amplitudes: &mut [f64], unrepaired: f64) -> Step {
        assert_eq!(amplitudes.len(), self.dose.len(), "one amplitude per rate");
        let mut step = Step { dose: 0.0, unrepaired: unrepaired * self.repair, q: 0.0 };
        for (j, row) in self.pairs.chunks_exact(amplitudes.len().max(1)).enumerate() {
            let met: f64 = row.iter().zip(&*amplitudes).map(|(pair, amplitude)| pair * amplitude).sum();
            step.dose += amplitudes[j] * self.dose[j];
            step.unrepaired += amplitudes[j] * self.unrepaired[j];
            step.q += amplitudes[j] * (unrepaired * self.carried[j] + met);
        }
        for (amplitude, factor) in amplitudes.iter_mut().zip(&self.decays) {
            *amplitude *= factor;
        }
        step
    }
}

/// One step for one dose rate, from unrepaired dose `unrepaired`; decays the amplitudes of `terms` in place.
pub fn step(terms: &mut [Exponential], unrepaired: f64, mu: f64, h: f64) -> Step {
    let rates: Vec<f64> = terms.iter().map(|term| term.rate).collect();
    let mut amplitudes: Vec<f64> = terms.iter().map(|term| term.amplitude).collect();
    let step = StepTable::new(&rates, mu, h).apply(&mut amplitudes, unrepaired);
    for (term, amplitude) in terms.iter_mut().zip(amplitudes) {
        term.amplitude = amplitude;
    }
    step
}
