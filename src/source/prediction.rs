//! Uptake that the response predicts: what a fraction takes over from an earlier one, changed by what has happened to the tissue since.

use std::sync::Arc;

use super::{PatternCache, TimeCourse, daughters::Place};

/// What the response says about uptake at the start of a fraction.
pub struct UptakeChange<'a> {
    /// Activity concentration of a voxel (its storage position comes second) over that in the fraction whose number comes first, for the
    /// same administered activity.
    pub ratio: &'a dyn Fn(u32, u32) -> f64,
    /// Patterns that change by no more than this in any voxel, relative to their mean, are kept, and with them their transport.
    pub keep_below: f64,
}

/// What became of one place.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PredictedUptake {
    /// Such as "in lesion_1".
    pub place: String,
    /// Number of the fraction taken over.
    pub from: u32,
    /// Activity over that of the fraction taken over, for the same administered activity.
    pub factor: f64,
    /// Largest relative change of a voxel's share in the activity.
    pub largest_change: f64,
    /// Whether the old pattern was kept all the same.
    pub kept: bool,
}

impl UptakeChange<'_> {
    /// The place and its activity as predicted from fraction `from`; `None` if nothing is left.
    pub(super) fn apply(
        &self,
        from: u32,
        place: Place,
        course: &TimeCourse,
        cache: &mut PatternCache<'_>,
    ) -> (PredictedUptake, Option<(Place, TimeCourse)>) {
        let old = Arc::clone(&place.pattern);
        let ratio = |v: u32| (self.ratio)(from, v);
        let factor: f64 = old.voxels.iter().zip(&old.shares).map(|(&v, share)| share * ratio(v)).sum();
        let change = |v: u32| (ratio(v) / factor - 1.0).abs();
        let largest_change = if factor > 0.0 { old.voxels.iter().map(|&v| change(v)).fold(0.0, f64::max) } else { 0.0 };
        let kept = largest_change <= self.keep_below;
        let told = PredictedUptake { place: place.name.clone(), from, factor, largest_change, kept };
        let mut new = || cache.share(old.voxels.iter().zip(&old.shares).map(|(&v, share)| (v, share * ratio(v))));
        let pattern = if factor <= 0.0 {
            None
        } else if kept {
            Some(old.clone())
        } else {
            new()
        };
        (told, pattern.map(|pattern| (Place { pattern, ..place }, course.scaled(factor))))
    }
}
