//! Integer tallies of statistical batches: exact sums and sums of squares, then mean and standard error.
//!
//! One [`BatchAccumulator`] belongs to one run: one source component and one kind of radiation. Sums are integers, so the
//! result does not depend, to the last bit, on the order of batches or on how they were spread over machines.
//! Equations and what they assume: `docs/methods/uncertainty.md`.

use crate::error::{Error, Result};

/// Energy of one tally quantum, MeV (2^-20).
pub const QUANTUM_MEV: f64 = 1.0 / crate::transport::constants::QUANTA_PER_MEV as f64;
/// One quantum of energy times LET or lineal energy, MeV keV/um (2^-14: ten MeV at 400 000 keV/um still fit 32 bits).
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
    /// Deposited energy times saturated lineal energy per voxel, quanta of [`LET_QUANTUM`]; for alphas, where the plan asks for it.
    pub edep_quality: Option<&'a [u64]>,
}

/// What is scored of a run besides its energy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scores {
    /// Energy times LET.
    pub linear_energy: bool,
    /// Energy times saturated lineal energy.
    pub quality: bool,
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
/// Only voxels that were ever hit take memory: 28 bytes each, and 8 for each of [`Scores`] (see [`Self::bytes`]), plus a few bytes per region.
#[derive(Debug, Clone)]
pub struct BatchAccumulator {
    grid_len: usize,
    voxels: Vec<u32>,
    sum: Vec<u64>,
    squares: Vec<u128>,
    /// Sums of energy times LET and times saturated lineal energy.
    weighted: [Option<Vec<u64>>; 2],
    /// Slot 0: all voxels of the grid; slot `i`: region `i - 1`.
    regions: Vec<Moments>,
    region_weighted: Vec<[u64; 2]>,
    batches: u32,
    histories_per_batch: u64,
}

/// A voxel that a batch hits for the first time.
struct Fresh {
    voxel: u32,
    edep: Moments,
    weighted: [u64; 2],
}

impl BatchAccumulator {
    /// An empty accumulator for a grid of `grid_len` voxels and `regions` named regions.
    pub fn new(grid_len: usize, regions: usize, scores: Scores) -> Self {
        Self {
            grid_len,
            voxels: Vec::new(),
            sum: Vec::new(),
            squares: Vec::new(),
            weighted: [scores.linear_energy, scores.quality].map(|scored| scored.then(Vec::new)),
            regions: vec![Moments::default(); regions + 1],
            region_weighted: vec![[0; 2]; regions + 1],
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
    /// If lengths differ from the grid, a score is present or absent against [`Self::new`], or a label has no region: programming errors.
    pub fn add(&mut self, batch: &BatchTally<'_>, labels: &[u16]) -> Result<()> {
        assert_eq!(batch.edep.len(), self.grid_len, "one tally per voxel");
        assert_eq!(labels.len(), self.grid_len, "one region label per voxel");
        let scored = [batch.edep_let, batch.edep_quality];
        for (tally, sums) in scored.iter().zip(&self.weighted) {
            assert_eq!(tally.is_some(), sums.is_some(), "weighted tallies in all batches or in none");
            assert!(tally.is_none_or(|t| t.len() == self.grid_len), "one weighted tally per voxel");
        }
        self.same_size(batch.histories)?;

        let mut fresh = Vec::new();
        let mut cursor = 0;
        let mut in_region = vec![(0u64, [0u64; 2]); self.regions.len()];
        for (v, (&edep, &label)) in batch.edep.iter().zip(labels).enumerate() {
            let weighted = scored.map(|tally| tally.map_or(0, |t| t[v]));
            // A LET quantum without an energy quantum is possible: each is rounded on its own.
            if edep == 0 && weighted == [0; 2] {
                continue;
            }
            for slot in slots(label) {
                let (sum, sums) = &mut in_region[slot];
                *sum = sum.checked_add(edep).ok_or_else(overflow)?;
                add_weighted(sums, weighted)?;
            }
            let voxel = v as u32;
            while cursor < self.voxels.len() && self.voxels[cursor] < voxel {
                cursor += 1;
            }
            if self.voxels.get(cursor) == Some(&voxel) {
                let mut edep_moments = Moments { sum: self.sum[cursor], squares: self.squares[cursor] };
                edep_moments.add(edep)?;
                self.store(cursor, edep_moments, weighted)?;
            } else {
                let mut edep_moments = Moments::default();
                edep_moments.add(edep)?;
                fresh.push(Fresh { voxel, edep: edep_moments, weighted });
            }
        }
        self.insert(&fresh);
        for (slot, (edep, weighted)) in in_region.into_iter().enumerate() {
            self.regions[slot].add(edep)?;
            add_weighted(&mut self.region_weighted[slot], weighted)?;
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
        for (own, theirs) in self.weighted.iter().zip(&other.weighted) {
            assert_eq!(own.is_some(), theirs.is_some(), "same radiation");
        }
        if other.batches == 0 {
            return Ok(());
        }
        self.same_size(other.histories_per_batch)?;
        let mut fresh = Vec::new();
        let mut cursor = 0;
        for (i, &voxel) in other.voxels.iter().enumerate() {
            let theirs = Moments { sum: other.sum[i], squares: other.squares[i] };
            let weighted = [0, 1].map(|score| other.weighted[score].as_ref().map_or(0, |sums| sums[i]));
            while cursor < self.voxels.len() && self.voxels[cursor] < voxel {
                cursor += 1;
            }
            if self.voxels.get(cursor) == Some(&voxel) {
                let mut moments = Moments { sum: self.sum[cursor], squares: self.squares[cursor] };
                moments.merge(theirs)?;
                self.store(cursor, moments, weighted)?;
            } else {
                fresh.push(Fresh { voxel, edep: theirs, weighted });
            }
        }
        self.insert(&fresh);
        for (slot, &theirs) in other.regions.iter().enumerate() {
            self.regions[slot].merge(theirs)?;
            add_weighted(&mut self.region_weighted[slot], other.region_weighted[slot])?;
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

    /// Memory held for the voxels hit so far, bytes: 28 per voxel, 8 more for each score.
    pub fn bytes(&self) -> usize {
        self.touched() * (28 + 8 * self.weighted.iter().flatten().count())
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
        let mean_weighted = |sum: u64| sum as f64 * LET_QUANTUM / histories;
        let [edep_let, edep_quality] =
            [0, 1].map(|score| self.weighted[score].as_ref().map(|sums| sums.iter().map(|&s| mean_weighted(s)).collect()));
        Ok(TallyMeans {
            voxels: self.voxels.clone(),
            edep: self.sum.iter().map(|&s| mean(s)).collect(),
            sigma: self.sum.iter().zip(&self.squares).map(|(&sum, &squares)| sigma(Moments { sum, squares })).collect(),
            edep_let,
            edep_quality,
            regions: self
                .regions
                .iter()
                .zip(&self.region_weighted)
                .map(|(&m, &[l, q])| RegionMeans {
                    edep: mean(m.sum),
                    sigma: sigma(m),
                    edep_let: mean_weighted(l),
                    edep_quality: mean_weighted(q),
                })
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

    fn store(&mut self, at: usize, edep: Moments, weighted: [u64; 2]) -> Result<()> {
        self.sum[at] = edep.sum;
        self.squares[at] = edep.squares;
        for (sums, quanta) in self.weighted.iter_mut().zip(weighted) {
            if let Some(sums) = sums {
                sums[at] = sums[at].checked_add(quanta).ok_or_else(overflow)?;
            }
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
        for sums in self.weighted.iter_mut().flatten() {
            sums.resize(write, 0);
        }
        while new > 0 {
            write -= 1;
            if old > 0 && self.voxels[old - 1] > fresh[new - 1].voxel {
                old -= 1;
                self.voxels[write] = self.voxels[old];
                self.sum[write] = self.sum[old];
                self.squares[write] = self.squares[old];
                for sums in self.weighted.iter_mut().flatten() {
                    sums[write] = sums[old];
                }
            } else {
                new -= 1;
                let Fresh { voxel, edep, weighted } = fresh[new];
                self.voxels[write] = voxel;
                self.sum[write] = edep.sum;
                self.squares[write] = edep.squares;
                for (sums, quanta) in self.weighted.iter_mut().zip(weighted) {
                    if let Some(sums) = sums {
                        sums[write] = quanta;
                    }
                }
            }
        }
    }
}

fn add_weighted(sums: &mut [u64; 2], quanta: [u64; 2]) -> Result<()> {
    for (sum, x) in sums.iter_mut().zip(quanta) {
        *sum = sum.checked_add(x).ok_or_else(overflow)?;
    }
    Ok(())
}

/// The slots of a label: the whole grid, and its region where it has one.
fn slots(label: u16) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain((label > 0).then_some(label as usize))
}

/// Means per history of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct TallyMeans {
    /// Voxels that were hit, ascending storage positions; the next four have one value for each.
    pub voxels: Vec<u32>,
    /// Deposited energy, MeV per history.
    pub edep: Vec<f64>,
    /// Standard error of `edep` (1 sigma), MeV per history.
    pub sigma: Vec<f64>,
    /// Deposited energy times LET, MeV keV/um per history; alphas only.
    pub edep_let: Option<Vec<f64>>,
    /// Deposited energy times saturated lineal energy, MeV keV/um per history; alphas only, where it was scored.
    pub edep_quality: Option<Vec<f64>>,
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
    /// Deposited energy times saturated lineal energy, MeV keV/um per history; 0 where it was not scored.
    pub edep_quality: f64,
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
