//! Dose-rate maps of all fractions to maps of dose, BED and EQD2.
//!
//! `BED = Int (Ddot_low + RBE_M Ddot_high) dt + 2/(alpha/beta) Int b W dt`, `dW/dt = b - mu W`, `b = Ddot_low + sqrt(beta_H/beta_L) Ddot_high`:
//! the effect of the mixed field over alpha of low LET. Exact for any course of activity and any overlap of fractions in time.

mod irradiation;
mod lanes;
pub(super) mod pairs;
mod shape;

use std::sync::Mutex;

pub use irradiation::Irradiation;
use lanes::{LANES, Lanes};
use pairs::PairTable;

use crate::error::{Error, Result};

/// Voxels given to a thread at a time.
const BLOCK: usize = 4096;
/// Unrepaired dose from which the linear-quadratic model bends towards its linear tail, Gy (assumed).
pub const LQ_UNREPAIRED_LIMIT: f64 = 5.0;

/// What to compute, and with how much help.
#[derive(Debug, Clone, Copy)]
pub struct MapOptions {
    /// Dose delivered until this time counts, s on the clock of the fraction starts; infinite for the whole treatment.
    pub until: f64,
    /// Also a BED map per fraction.
    pub fractions: bool,
    /// Threads; the result does not depend on it.
    pub threads: usize,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self { until: f64::INFINITY, fractions: true, threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// Maps over the whole grid, x fastest; Gy. Computed in f64, stored in f32 (relative rounding 6e-8).
///
/// Memory: 4 bytes per voxel for each of dose, BED, EQD2, the high-LET dose where there is any, and BED per fraction where asked for;
/// 64 MiB each on a 256^3 grid. Work space is below 1 MiB per thread.
#[derive(Debug, Clone)]
pub struct ResponseMaps {
    /// Total absorbed dose, external doses included.
    pub dose: Vec<f32>,
    /// High-LET part of the absorbed dose; `None` if no component has any.
    pub dose_high: Option<Vec<f32>>,
    /// BED of the whole treatment, unrepaired damage carried from fraction to fraction and external doses included; repopulation not subtracted.
    pub bed: Vec<f32>,
    /// Equivalent dose in 2 Gy fractions.
    pub eqd2: Vec<f32>,
    /// Number of each fraction and the BED it would have alone (Dale's closed form); empty if not asked for.
    pub fractions: Vec<(u32, Vec<f32>)>,
    /// Voxels with dose.
    pub irradiated: usize,
    /// Upper bound of the unrepaired dose over all voxels and times, Gy of low-LET dose, for courses that are nowhere negative.
    pub max_unrepaired: f64,
    /// Voxels whose bound exceeds [`LQ_UNREPAIRED_LIMIT`]: there the plain LQ model may overestimate the effect.
    pub beyond_lq: usize,
}

impl ResponseMaps {
    /// What a reader of the maps must know, in words with counts; empty if nothing.
    pub fn warnings(&self) -> Vec<String> {
        if self.beyond_lq == 0 {
            return Vec::new();
        }
        vec![format!(
            "unrepaired dose may exceed {LQ_UNREPAIRED_LIMIT} Gy in {} of {} voxels with dose (at most {:.3} Gy): the linear-quadratic model may \
             overestimate BED there",
            self.beyond_lq, self.irradiated, self.max_unrepaired
        )]
    }
}

/// The part of every map that one block of voxels fills.
struct Task<'m> {
    first: usize,
    dose: &'m mut [f32],
    high: Option<&'m mut [f32]>,
    bed: &'m mut [f32],
    eqd2: &'m mut [f32],
    fractions: Vec<&'m mut [f32]>,
}

/// What blocks report; merging does not depend on their order.
#[derive(Debug, Default)]
struct Count {
    irradiated: usize,
    beyond_lq: usize,
    max_unrepaired: f64,
    /// First voxel whose dose is not a number or negative, with that dose.
    bad: Option<(usize, f64)>,
}

impl Count {
    fn merge(&mut self, other: &Self) {
        self.irradiated += other.irradiated;
        self.beyond_lq += other.beyond_lq;
        self.max_unrepaired = self.max_unrepaired.max(other.max_unrepaired);
        self.bad = match (self.bad, other.bad) {
            (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
            (a, b) => a.or(b),
        };
    }
}

/// Computes the maps. Every voxel is independent: results are bitwise the same for any number of threads.
///
/// # Errors
/// [`Error::Input`] if a voxel's dose is negative or not a number.
pub fn response_maps(irradiation: &Irradiation, options: &MapOptions) -> Result<ResponseMaps> {
    let voxels = irradiation.voxels();
    let tables = irradiation.tables(options.until);
    let mut maps = ResponseMaps {
        dose: vec![0.0; voxels],
        dose_high: irradiation.has_high_let().then(|| vec![0.0; voxels]),
        bed: vec![0.0; voxels],
        eqd2: vec![0.0; voxels],
        fractions: irradiation.fraction_numbers().filter(|_| options.fractions).map(|number| (number, vec![0.0; voxels])).collect(),
        irradiated: 0,
        max_unrepaired: 0.0,
        beyond_lq: 0,
    };
    let mut high = maps.dose_high.as_mut().map(|map| map.chunks_mut(BLOCK));
    let mut fractions: Vec<_> = maps.fractions.iter_mut().map(|(_, map)| map.chunks_mut(BLOCK)).collect();
    let tasks = maps.dose.chunks_mut(BLOCK).zip(maps.bed.chunks_mut(BLOCK)).zip(maps.eqd2.chunks_mut(BLOCK)).enumerate().map(
        |(block, ((dose, bed), eqd2))| Task {
            first: block * BLOCK,
            dose,
            high: high.as_mut().and_then(Iterator::next),
            bed,
            eqd2,
            fractions: fractions.iter_mut().filter_map(Iterator::next).collect(),
        },
    );
    let count = share(tasks, options.threads, |task| fill(irradiation, &tables, task));
    if let Some((v, dose)) = count.bad {
        return Err(Error::input(format!("the dose in voxel {v} is {dose} Gy; the response needs finite doses of zero or more")));
    }
    Ok(ResponseMaps { irradiated: count.irradiated, max_unrepaired: count.max_unrepaired, beyond_lq: count.beyond_lq, ..maps })
}

/// Lets `threads` threads take tasks until none is left.
fn share<'m>(tasks: impl Iterator<Item = Task<'m>> + Send, threads: usize, work: impl Fn(Task<'m>) -> Count + Sync) -> Count {
    let tasks = Mutex::new(tasks);
    let worker = || {
        let mut count = Count::default();
        loop {
            // A poisoned lock means that another worker panicked; the scope passes that on.
            let Some(task) = tasks.lock().ok().and_then(|mut tasks| tasks.next()) else { return count };
            count.merge(&work(task));
        }
    };
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        let mut count = worker();
        for helper in helpers {
            match helper.join() {
                Ok(other) => count.merge(&other),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        count
    })
}

/// Fills one block.
fn fill(irradiation: &Irradiation, tables: &[Option<PairTable>], mut task: Task) -> Count {
    let order = by_tissue(irradiation, task.first..task.first + task.dose.len());
    let mut count = Count { irradiated: order.len(), ..Count::default() };
    let mut lanes = Lanes::new(irradiation);
    for run in order.chunk_by(|a, b| a.0 == b.0) {
        let label = run[0].0;
        let tissue = irradiation.tissues.of_label(label);
        let Some(table) = &tables[usize::from(label)] else { continue };
        let eqd2 = 1.0 / (1.0 + 2.0 / tissue.parameters.alpha_beta);
        for some in run.chunks(LANES) {
            let voxels: Vec<u32> = some.iter().map(|&(_, v)| v).collect();
            lanes.compute(irradiation, &voxels, tissue, table);
            for (l, &v) in voxels.iter().enumerate() {
                let i = v as usize - task.first;
                let dose = lanes.dose[l];
                // Uptake phases are differences of exponentials: allow their rounding.
                if !(dose.is_finite() && dose >= -1.0e-9 * lanes.unrepaired[l]) && count.bad.is_none_or(|(first, _)| (v as usize) < first) {
                    count.bad = Some((v as usize, dose));
                }
                let external = irradiation.external_until(v as usize, tissue, f64::INFINITY);
                let bed = lanes.bed[l] + external.bed;
                task.dose[i] = (dose + external.dose) as f32;
                task.bed[i] = bed as f32;
                task.eqd2[i] = (bed * eqd2) as f32;
                if let Some(high) = &mut task.high {
                    high[i] = lanes.high[l] as f32;
                }
                for (map, bed) in task.fractions.iter_mut().zip(&lanes.fractions) {
                    map[i] = bed[l] as f32;
                }
                let unrepaired = lanes.unrepaired[l].max(external.session);
                count.beyond_lq += usize::from(unrepaired > LQ_UNREPAIRED_LIMIT);
                count.max_unrepaired = count.max_unrepaired.max(unrepaired);
            }
        }
    }
    count
}

/// Voxels with dose in a range, with the label that stands for their tissue; grouped by tissue, ascending within.
fn by_tissue(irradiation: &Irradiation, range: std::ops::Range<usize>) -> Vec<(u16, u32)> {
    let mut hit = vec![false; range.len()];
    for (component, _) in irradiation.components.iter().zip(&irradiation.shape_of).filter(|(_, shape)| shape.is_some()) {
        for map in [Some(&component.dose.low), component.dose.high.as_ref()].into_iter().flatten() {
            for (hit, &dose) in hit.iter_mut().zip(&map[range.clone()]) {
                *hit |= dose != 0.0;
            }
        }
    }
    for external in irradiation.external {
        for (hit, &dose) in hit.iter_mut().zip(&external.dose.data[range.clone()]) {
            *hit |= dose != 0.0;
        }
    }
    let mut order: Vec<(u16, u32)> =
        range.zip(hit).filter(|&(_, hit)| hit).map(|(v, _)| (irradiation.tissues.table_of(irradiation.labels[v]), v as u32)).collect();
    order.sort_by_key(|&(label, _)| label);
    order
}

/// Total BED in Gy, f64, of voxels of one region for dose delivered until `until` (s), in the order of `voxels`, for any number of threads.
pub(super) fn bed_until(irradiation: &Irradiation, label: u16, voxels: &[u32], until: f64, threads: usize) -> Vec<f64> {
    let tissue = irradiation.tissues.of_label(label);
    let table = PairTable::new(&irradiation.shapes, tissue.mu, until);
    let mut bed = vec![0.0; voxels.len()];
    let share = voxels.len().div_ceil(threads.max(1)).max(LANES);
    std::thread::scope(|scope| {
        for (voxels, bed) in voxels.chunks(share).zip(bed.chunks_mut(share)) {
            let table = &table;
            scope.spawn(move || {
                let mut lanes = Lanes::new(irradiation);
                for (some, out) in voxels.chunks(LANES).zip(bed.chunks_mut(LANES)) {
                    lanes.compute(irradiation, some, tissue, table);
                    for ((out, &bed), &v) in out.iter_mut().zip(&lanes.bed).zip(some) {
                        *out = bed + irradiation.external_until(v as usize, tissue, until).bed;
                    }
                }
            });
        }
    });
    bed
}

#[cfg(test)]
pub(super) mod course_tests;
