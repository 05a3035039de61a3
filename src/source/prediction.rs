//! Uptake that the response predicts: what a fraction takes over from an earlier one, changed by what has happened to the tissue since.

use std::sync::Arc;

use super::{PatternCache, TimeCourse, daughters::Place};

/// What the uptake of a place follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UptakeLaw {
    /// Binding sites, perfusion and barrier of each voxel.
    Affinity,
    /// A ligand that diffuses in and binds where it arrives.
    Ligand,
}

impl UptakeLaw {
    /// Largest relative change of a voxel's share in the activity, for its shares before, and `ratio` of each voxel's activity over the mean
    /// `factor`; of a ligand relative to the mean share, since it comes to voxels that had next to none.
    pub fn largest_change(self, shares: &[(u32, f64)], ratio: impl Fn(u32) -> f64, factor: f64) -> f64 {
        if factor <= 0.0 {
            return 0.0;
        }
        let mean = shares.iter().map(|s| s.1).sum::<f64>() / shares.len() as f64;
        let change = |&(v, share): &(u32, f64)| {
            let weight = if self == Self::Ligand { share / mean } else { 1.0 };
            weight * (ratio(v) / factor - 1.0).abs()
        };
        shares.iter().map(change).fold(0.0, f64::max)
    }
}

/// What the response says about uptake at the start of a fraction.
pub struct UptakeChange<'a> {
    /// Activity concentration of a voxel (its storage position comes last) over that in the fraction whose number comes first, for the
    /// same administered activity, where it follows that law.
    pub ratio: &'a dyn Fn(u32, UptakeLaw, u32) -> f64,
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
        law: UptakeLaw,
        place: Place,
        course: &TimeCourse,
        cache: &mut PatternCache<'_>,
    ) -> (PredictedUptake, Option<(Place, TimeCourse)>) {
        let old = Arc::clone(&place.pattern);
        let ratio = |v: u32| (self.ratio)(from, law, v);
        let shares: Vec<(u32, f64)> = old.voxels.iter().copied().zip(old.shares.iter().copied()).collect();
        let factor: f64 = shares.iter().map(|&(v, share)| share * ratio(v)).sum();
        let largest_change = law.largest_change(&shares, ratio, factor);
        let kept = largest_change <= self.keep_below;
        let told = PredictedUptake { place: place.name.clone(), from, factor, largest_change, kept };
        let mut new = || cache.share(shares.iter().map(|&(v, share)| (v, share * ratio(v))));
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
