//! Integer tallies of statistical batches: exact sums and sums of squares, then mean and standard error.
//!
//! One [`BatchAccumulator`] belongs to one run: one source component and one kind of radiation. Sums are integers, so the
//! result does not depend, to the last bit, on the order of batches or on how they were spread over machines.
//! Equations and what they assume: `docs/methods/uncertainty.md`.

use crate::error::{Error, Result};

/// Energy of one tally quantum, MeV (2^-20).
pub const QUANTUM_MEV: f64 = 1.0 / crate::transport::constants::QUANTA_PER_MEV as f64;
/// One quantum of energy times LET, MeV keV/um (2^-14: ten MeV at 400 000 keV/um still fit 32 bits).
pub const LET_QUANTUM: f64 = 1.0 / crate::transport::constants::LET_QUANTA as f64;

/// Fewest batches from which a standard error is given.
pub const MIN_BATCHES: u32 = 16;

/// What the transport scored in one statistical batch, over the whole grid.
#[derive(Debug, Clone, Copy)]
pub struct BatchTally<'a> {
    /// Histories of the batch; the same in every batch of a run.
    pub histories: u64,
    /// Deposited energy per voxel, quanta of 2^-20 MeV.
    pub edep: &'a [u64],
    /// Deposited energy times LET per voxel, quanta of [`LET_QUANTUM`]; for alphas.
    pub edep_let: Option<&'a [u64]>,
}

/// Sum and sum of squares over batches of one integer quantity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    /// Sum over batches.
    pub sum: u64,
    /// Sum of squares over batches; cannot overflow before `sum` does.
    pub squares: u128,
}

impl Moments {
    fn add(&mut self, x: u64) -> Result<()> {
        self.sum = self.sum.checked_add(x).ok_or_else(overflow)?;
        self.squares += u128::from(x) * u128::from(x);
        Ok(())
    }

    fn merge(&mut self, other: Self) -> Result<()> {
        self.sum = self.sum.checked_add(other.sum).ok_or_else(overflow)?;
        self.squares += other.squares;
        Ok(())
    }

    /// Variance of the mean over `batches` batches: `(sum x^2 / B - (sum x / B)^2) / (B - 1)`, in squared quanta.
    ///
    /// The batch values are centred on the integer part of their mean before anything is rounded, so no digits cancel.
    pub fn variance_of_mean(self, batches: u32) -> f64 {
        let b = u128::from(batches);
        let sum = u128::from(self.sum);
        let (quotient, remainder) = (sum / b, sum % b);
        // sum (x - q)^2 with q = floor(mean); its own centring term is r^2 / B < r.
        let centred = self.squares - b * quotient * quotient - 2 * quotient * remainder;
        let b = f64::from(batches);
        let spread = centred as f64 - (remainder as f64).powi(2) / b;
        spread.max(0.0) / (b * (b - 1.0))
    }
}

fn overflow() -> Error {
    Error::input(
        "the energy scored in one place exceeds 2^64 quanta of 2^-20 MeV (1.8e13 MeV): ask for fewer histories per fraction, \
         or split the run over several seeds and average",
    )
}

/// Sums the batches of one run, per voxel and per region.
///
/// Only voxels that were ever hit take memory: 28 bytes each, 36 with LET (see [`Self::bytes`]), plus a few bytes per region.
#[derive(Debug, Clone)]
pub struct BatchAccumulator {
    grid_len: usize,
    voxels: Vec<u32>,
    sum: Vec<u64>,
    squares: Vec<u128>,
    let_sum: Option<Vec<u64>>,
    /// Slot 0: all voxels of the grid; slot `i`: region `i - 1`.
    regions: Vec<Moments>,
    region_let: Vec<u64>,
    batches: u32,
    histories_per_batch: u64,
}

/// A voxel that a batch hits for the first time.
struct Fresh {
    voxel: u32,
    edep: Moments,
    edep_let: u64,
}

impl BatchAccumulator {
    /// An empty accumulator for a grid of `grid_len` voxels and `regions` named regions; `with_let` for alphas.
    pub fn new(grid_len: usize, regions: usize, with_let: bool) -> Self {
        Self {
            grid_len,
            voxels: Vec::new(),
            sum: Vec::new(),
            squares: Vec::new(),
            let_sum: with_let.then(Vec::new),
            regions: vec![Moments::default(); regions + 1],
            region_let: vec![0; regions + 1],
            batches: 0,
            histories_per_batch: 0,
        }
    }

    /// Adds one complete batch. `labels` is the phantom's region map (0 = none, else 1 + region).
    ///
    /// # Errors
    /// If the batch has no histories or another number than those before, or a sum exceeds 64 bits (the accumulator is then void).
    ///
    /// # Panics
    /// If lengths differ from the grid, LET is present or absent against [`Self::new`], or a label has no region: programming errors.
    pub fn add(&mut self, batch: &BatchTally<'_>, labels: &[u16]) -> Result<()> {
        assert_eq!(batch.edep.len(), self.grid_len, "one tally per voxel");
        assert_eq!(labels.len(), self.grid_len, "one region label per voxel");
        assert_eq!(batch.edep_let.is_some(), self.let_sum.is_some(), "LET tallies in all batches or in none");
        assert!(batch.edep_let.is_none_or(|t| t.len() == self.grid_len), "one LET tally per voxel");
        self.same_size(batch.histories)?;

        let mut fresh = Vec::new();
        let mut cursor = 0;
        let mut in_region = vec![[0u64; 2]; self.regions.len()];
        for (v, (&edep, &label)) in batch.edep.iter().zip(labels).enumerate() {
            let edep_let = batch.edep_let.map_or(0, |t| t[v]);
            // A LET quantum without an energy quantum is possible: both are rounded on their own.
            if edep == 0 && edep_let == 0 {
                continue;
            }
            for slot in slots(label) {
                let [e, l] = &mut in_region[slot];
                *e = e.checked_add(edep).ok_or_else(overflow)?;
                *l = l.checked_add(edep_let).ok_or_else(overflow)?;
            }
            let voxel = v as u32;
            while cursor < self.voxels.len() && self.voxels[cursor] < voxel {
                cursor += 1;
            }
            if self.voxels.get(cursor) == Some(&voxel) {
                let mut edep_moments = Moments { sum: self.sum[cursor], squares: self.squares[cursor] };
                edep_moments.add(edep)?;
                self.store(cursor, edep_moments, edep_let)?;
            } else {
                let mut edep_moments = Moments::default();
                edep_moments.add(edep)?;
                fresh.push(Fresh { voxel, edep: edep_moments, edep_let });
            }
        }
        self.insert(&fresh);
        for (slot, [edep, edep_let]) in in_region.into_iter().enumerate() {
            self.regions[slot].add(edep)?;
            self.region_let[slot] = self.region_let[slot].checked_add(edep_let).ok_or_else(overflow)?;
        }
        self.batches += 1;
        Ok(())
    }

    /// Adds the batches of another accumulator of the same run (another shard, or more histories).
    ///
    /// # Errors
    /// As [`Self::add`].
    ///
    /// # Panics
    /// If the two belong to different grids, regions or kinds of radiation: a programming error.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        assert_eq!(self.grid_len, other.grid_len, "same grid");
        assert_eq!(self.regions.len(), other.regions.len(), "same regions");
        assert_eq!(self.let_sum.is_some(), other.let_sum.is_some(), "same radiation");
        if other.batches == 0 {
            return Ok(());
        }
        self.same_size(other.histories_per_batch)?;
        let mut fresh = Vec::new();
        let mut cursor = 0;
        for (i, &voxel) in other.voxels.iter().enumerate() {
            let theirs = Moments { sum: other.sum[i], squares: other.squares[i] };
            let their_let = other.let_sum.as_ref().map_or(0, |l| l[i]);
            while cursor < self.voxels.len() && self.voxels[cursor] < voxel {
                cursor += 1;
            }
            if self.voxels.get(cursor) == Some(&voxel) {
                let mut moments = Moments { sum: self.sum[cursor], squares: self.squares[cursor] };
                moments.merge(theirs)?;
                self.store(cursor, moments, their_let)?;
            } else {
                fresh.push(Fresh { voxel, edep: theirs, edep_let: their_let });
            }
        }
        self.insert(&fresh);
        for (slot, &theirs) in other.regions.iter().enumerate() {
            self.regions[slot].merge(theirs)?;
            self.region_let[slot] = self.region_let[slot].checked_add(other.region_let[slot]).ok_or_else(overflow)?;
        }
        self.batches += other.batches;
        Ok(())
    }

    /// Batches so far.
    pub fn batches(&self) -> u32 {
        self.batches
    }

    /// Histories so far.
    pub fn histories(&self) -> u64 {
        u64::from(self.batches) * self.histories_per_batch
    }

    /// Energy deposited in the whole grid so far, quanta; for the energy balance.
    pub fn deposited(&self) -> u64 {
        self.regions[0].sum
    }

    /// Voxels hit so far.
    pub fn touched(&self) -> usize {
        self.voxels.len()
    }

    /// Memory held for the voxels hit so far, bytes: 28 per voxel, 36 with LET.
    pub fn bytes(&self) -> usize {
        self.touched() * if self.let_sum.is_some() { 36 } else { 28 }
    }

    /// Means per history and their standard errors.
    ///
    /// # Errors
    /// If there are fewer than [`MIN_BATCHES`] batches.
    pub fn means(&self) -> Result<TallyMeans> {
        if self.batches < MIN_BATCHES {
            return Err(Error::input(format!(
                "{} statistical batches are too few for an uncertainty: at least {MIN_BATCHES} are needed (transport.batches)",
                self.batches
            )));
        }
        let histories = self.histories() as f64;
        // Variance of the mean batch, from quanta per batch to MeV per history.
        let to_mev = QUANTUM_MEV / self.histories_per_batch as f64;
        let sigma = |m: Moments| m.variance_of_mean(self.batches).sqrt() * to_mev;
        let mean = |sum: u64| sum as f64 * QUANTUM_MEV / histories;
        let mean_let = |sum: u64| sum as f64 * LET_QUANTUM / histories;
        Ok(TallyMeans {
            voxels: self.voxels.clone(),
            edep: self.sum.iter().map(|&s| mean(s)).collect(),
            sigma: self.sum.iter().zip(&self.squares).map(|(&sum, &squares)| sigma(Moments { sum, squares })).collect(),
            edep_let: self.let_sum.as_ref().map(|l| l.iter().map(|&s| mean_let(s)).collect()),
            regions: self
                .regions
                .iter()
                .zip(&self.region_let)
                .map(|(&m, &l)| RegionMeans { edep: mean(m.sum), sigma: sigma(m), edep_let: mean_let(l) })
                .collect(),
            histories: self.histories(),
            batches: self.batches,
        })
    }

    fn same_size(&mut self, histories: u64) -> Result<()> {
        if histories == 0 {
            return Err(Error::input("a statistical batch without histories: ask for at least one history per batch"));
        }
        if self.batches > 0 && histories != self.histories_per_batch {
            return Err(Error::input(format!(
                "batches of {} and of {histories} histories cannot be averaged: all batches of a run must be of equal size",
                self.histories_per_batch
            )));
        }
        self.histories_per_batch = histories;
        Ok(())
    }

    fn store(&mut self, at: usize, edep: Moments, edep_let: u64) -> Result<()> {
        self.sum[at] = edep.sum;
        self.squares[at] = edep.squares;
        if let Some(sums) = &mut self.let_sum {
            sums[at] = sums[at].checked_add(edep_let).ok_or_else(overflow)?;
        }
        Ok(())
    }

    /// Merges new voxels (ascending) into the sorted columns, in place from the back.
    fn insert(&mut self, fresh: &[Fresh]) {
        let (mut old, mut new) = (self.voxels.len(), fresh.len());
        let mut write = old + new;
        self.voxels.resize(write, 0);
        self.sum.resize(write, 0);
        self.squares.resize(write, 0);
        if let Some(sums) = &mut self.let_sum {
            sums.resize(write, 0);
        }
        while new > 0 {
            write -= 1;
            if old > 0 && self.voxels[old - 1] > fresh[new - 1].voxel {
                old -= 1;
                self.voxels[write] = self.voxels[old];
                self.sum[write] = self.sum[old];
                self.squares[write] = self.squares[old];
                if let Some(sums) = &mut self.let_sum {
                    sums[write] = sums[old];
                }
            } else {
                new -= 1;
                let Fresh { voxel, edep, edep_let } = fresh[new];
                self.voxels[write] = voxel;
                self.sum[write] = edep.sum;
                self.squares[write] = edep.squares;
                if let Some(sums) = &mut self.let_sum {
                    sums[write] = edep_let;
                }
            }
        }
    }
}

/// The slots of a label: the whole grid, and its region where it has one.
fn slots(label: u16) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain((label > 0).then_some(label as usize))
}

/// Means per history of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct TallyMeans {
    /// Voxels that were hit, ascending storage positions; the next three have one value for each.
    pub voxels: Vec<u32>,
    /// Deposited energy, MeV per history.
    pub edep: Vec<f64>,
    /// Standard error of `edep` (1 sigma), MeV per history.
    pub sigma: Vec<f64>,
    /// Deposited energy times LET, MeV keV/um per history; alphas only.
    pub edep_let: Option<Vec<f64>>,
    /// Slot 0: the whole grid; slot `i`: region `i - 1`.
    pub regions: Vec<RegionMeans>,
    /// Histories behind the means.
    pub histories: u64,
    /// Batches behind the standard errors.
    pub batches: u32,
}

/// Means per history of one run in one region. The error comes from the region's own batch sums, so it holds what voxels share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionMeans {
    /// Deposited energy, MeV per history.
    pub edep: f64,
    /// Standard error of `edep` (1 sigma), MeV per history.
    pub sigma: f64,
    /// Deposited energy times LET, MeV keV/um per history; 0 without LET tallies.
    pub edep_let: f64,
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
