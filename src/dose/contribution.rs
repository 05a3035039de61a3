//! What source components deliver in fractions, and sums over them voxel by voxel.

use std::{ops::Range, sync::Arc};

use crate::{
    dose::component::{CHUNK, ScoredComponent},
    source::{ActivityUncertainty, TimeCourse},
};

/// What one source component delivers in one fraction.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Position in the list of [`ScoredComponent`]s. The same one may serve several fractions.
    pub component: usize,
    /// Time-integrated activity, Bq s.
    pub tia: f64,
    /// Activity in time, whose integral that is.
    pub course: Arc<TimeCourse>,
    /// How well the activity is known.
    pub uncertainty: ActivityUncertainty,
}

impl Contribution {
    /// With activity that falls exponentially from the start; `tia` in Bq s, `lambda` in 1/s.
    pub fn exponential(component: usize, tia: f64, lambda: f64) -> Self {
        let course = Arc::new(TimeCourse::exponential(tia * lambda, lambda));
        Self { component, tia, course, uncertainty: ActivityUncertainty::default() }
    }
}

/// What one fraction delivers.
#[derive(Debug, Clone, PartialEq)]
pub struct FractionDelivery {
    /// 1, 2, 3 ...
    pub number: u32,
    /// Start, s.
    pub start: f64,
    /// Its components.
    pub contributions: Vec<Contribution>,
}

/// Activity per component: fractions that share a component share its statistical error, so activities add before errors do.
pub(super) fn activities(scored: &[ScoredComponent], contributions: &[Contribution], weight: impl Fn(&Contribution) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; scored.len()];
    for c in contributions {
        sums[c.component] += weight(c);
    }
    sums
}

/// Walks the grid in chunks; `add` gets chunk-local sums, the offset of the first voxel, a component, its activity and positions.
pub(super) fn by_chunk<T: Copy + Default>(
    len: usize,
    scored: &[ScoredComponent],
    activity: &[f64],
    add: impl Fn(&mut [T], usize, &ScoredComponent, f64, Range<usize>),
    mut put: impl FnMut(usize, &[T]),
) {
    let mut cells = vec![T::default(); CHUNK.min(len)];
    for start in (0..len).step_by(CHUNK) {
        let end = (start + CHUNK).min(len);
        let cells = &mut cells[..end - start];
        cells.fill(T::default());
        for (component, &a) in scored.iter().zip(activity).filter(|&(_, &a)| a != 0.0) {
            add(cells, start, component, a, component.range(start, end));
        }
        put(start, cells);
    }
}

/// Adds dose times activity: the `add` of [`by_chunk`] for one sum per voxel.
pub(super) fn add_dose(cells: &mut [f64], start: usize, s: &ScoredComponent, a: f64, range: Range<usize>) {
    for i in range {
        cells[s.voxels[i] as usize - start] += a * (f64::from(s.low[i]) + s.high.as_ref().map_or(0.0, |h| f64::from(h[i])));
    }
}
