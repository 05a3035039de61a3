//! Runs a job batch by batch and turns what is asked of each tally into means with standard errors.

use crate::{
    dose::tally::QUANTUM_MEV,
    error::{Error, Result},
    transport::backend::{Backend, Job, Sums},
};

/// A mean and its standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// Mean.
    pub mean: f64,
    /// Standard error, 1 sigma.
    pub sigma: f64,
}

impl Estimate {
    /// The sum with an independent estimate.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { mean: self.mean + other.mean, sigma: self.sigma.hypot(other.sigma) }
    }

    /// Times a number.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { mean: self.mean * factor, sigma: self.sigma * factor.abs() }
    }
}

impl std::iter::Sum for Estimate {
    /// Of independent estimates.
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::default(), Self::plus)
    }
}

/// What a run gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// MeV per history, in the order of the projection.
    pub estimates: Vec<Estimate>,
    /// Sums over all batches.
    pub sums: Sums,
}

/// Runs all batches; `project` turns the tally of a batch (quanta per cell) into the quantities wanted, which must be linear in it.
///
/// Standard errors come from the spread of the batches, so quantities that share histories are treated as they should be.
///
/// # Errors
/// If the device fails, or the tally is not what the counters say was deposited.
pub fn score(backend: &mut dyn Backend, job: &Job<'_>, project: &dyn Fn(&[u64]) -> Vec<f64>) -> Result<Scored> {
    let mut sums = Sums::default();
    let mut batches: Vec<Vec<f64>> = Vec::with_capacity(job.batches as usize);
    for batch in 0..job.batches {
        let result = backend.run(job, batch, &|_| ())?;
        sums.add(&result.sums);
        if result.energy.iter().sum::<u64>() != result.sums.deposited + result.sums.kerma {
            return Err(Error::device("the tally does not hold the energy that was deposited"));
        }
        batches.push(project(&result.energy));
    }
    let n = f64::from(job.batches);
    let scale = QUANTUM_MEV * n / job.histories as f64;
    let estimates = (0..batches.first().map_or(0, Vec::len))
        .map(|q| {
            let mean = batches.iter().map(|b| b[q]).sum::<f64>() / n;
            let square = batches.iter().map(|b| (b[q] - mean).powi(2)).sum::<f64>();
            Estimate { mean, sigma: (square / (n * (n - 1.0).max(1.0))).sqrt() }.times(scale)
        })
        .collect();
    Ok(Scored { estimates, sums })
}

/// Refuses sums whose energy does not balance.
///
/// # Errors
/// With the difference.
pub fn balanced(sums: &Sums) -> Result<()> {
    match sums.imbalance() {
        0 => Ok(()),
        quanta => Err(Error::device(format!("the energy does not balance by {quanta} quanta of 2^-20 MeV"))),
    }
}

/// Every cell for itself.
pub fn cells(energy: &[u64]) -> Vec<f64> {
    energy.iter().map(|&quanta| quanta as f64).collect()
}
