//! Dose rate: at any time, and as its terms per voxel.

use crate::{
    dose::{
        accumulate::{RegionDose, region_sums},
        component::ScoredComponent,
        contribution::{Contribution, FractionDelivery, activities, add_dose, by_chunk},
        terms::{Term, terms},
    },
    grid::VoxelGrid,
    units::SECONDS_PER_HOUR as HOUR,
    volume::Volume,
};

/// Dose rate of a fraction, in a form that other programs can read.
#[derive(Debug, Clone)]
pub struct RateMaps {
    /// Dose rate at the start of the fraction, Gy/h; 0 where uptake begins from nothing.
    pub initial: Volume<f32>,
    /// Effective decay constant, 1/h: one over the mean time after the start at which the dose is delivered; 0 without dose.
    ///
    /// The decay constant itself where the dose rate is one exponential from the start on.
    pub decay: Volume<f32>,
    /// Terms whose sum over the fraction is the dose rate.
    pub terms: Vec<RateTerm>,
}

/// One term of the dose rate of a fraction: `amplitude s^power e^(-rate s)`, `s = t - start`, in a window of time.
#[derive(Debug, Clone)]
pub struct RateTerm {
    /// Window (s after the start of the fraction), rate (1/s) and power.
    pub term: Term,
    /// Amplitude, Gy/h^(1 + power); negative e.g. where an uptake phase is subtracted.
    pub amplitude: Volume<f32>,
}

/// Dose rate of all fractions together at a time.
#[derive(Debug, Clone)]
pub struct RateAt {
    /// Time after the start of the first fraction, s.
    pub time: f64,
    /// Dose rate, Gy/h.
    pub map: Volume<f32>,
    /// Dose rate of each region (mean, statistical error, high-LET part in Gy/h); slot 0 is the whole grid.
    pub regions: Vec<RegionDose>,
}

/// Activity of each component at a time on the plan's clock, all fractions together, Bq.
fn activity_at(scored: &[ScoredComponent], deliveries: &[FractionDelivery], time: f64) -> Vec<f64> {
    let mut sums = vec![0.0; scored.len()];
    for delivery in deliveries {
        for (sum, more) in sums.iter_mut().zip(activities(scored, &delivery.contributions, |c| c.course.at(time - delivery.start))) {
            *sum += more;
        }
    }
    sums
}

/// A sum over components, times `factor`.
fn map_of(grid: &VoxelGrid, scored: &[ScoredComponent], activity: &[f64], factor: f64) -> Volume<f32> {
    let mut map = vec![0.0f32; grid.len()];
    by_chunk(grid.len(), scored, activity, add_dose, |start, cells: &[f64]| {
        for (value, cell) in map[start..].iter_mut().zip(cells) {
            *value = (cell * factor) as f32;
        }
    });
    Volume::new(*grid, map)
}

/// Dose rate of all fractions together at a time (s on the plan's clock), Gy/h: what files and users take.
pub fn dose_rate_map(grid: &VoxelGrid, scored: &[ScoredComponent], deliveries: &[FractionDelivery], time: f64) -> Volume<f32> {
    map_of(grid, scored, &activity_at(scored, deliveries, time), HOUR)
}

/// The same with the means of regions (`masses` in g by slot), at a time (s) after the start of the first fraction.
pub fn dose_rate_at(grid: &VoxelGrid, scored: &[ScoredComponent], deliveries: &[FractionDelivery], masses: &[f64], time: f64) -> RateAt {
    let first = deliveries.iter().map(|delivery| delivery.start).reduce(f64::min).unwrap_or(0.0);
    let activity: Vec<f64> = activity_at(scored, deliveries, first + time).iter().map(|a| a * HOUR).collect();
    RateAt { time, map: map_of(grid, scored, &activity, 1.0), regions: region_sums(scored, &activity, masses) }
}

/// Dose rate of a fraction as maps.
pub fn rate_maps(grid: &VoxelGrid, scored: &[ScoredComponent], contributions: &[Contribution]) -> RateMaps {
    let len = grid.len();
    let own: Vec<Vec<(Term, f64)>> = contributions.iter().map(|c| terms(&c.course)).collect();
    let mut dose = vec![0.0f64; len];
    by_chunk(len, scored, &activities(scored, contributions, |c| c.tia), add_dose, |start, cells| {
        dose[start..start + cells.len()].copy_from_slice(cells);
    });
    let mut decay = vec![0.0f32; len];
    by_chunk(len, scored, &activities(scored, contributions, |c| c.course.first_moment()), add_dose, |start, cells: &[f64]| {
        for (v, &moment) in (start..).zip(cells).filter(|&(_, &moment)| moment > 0.0) {
            decay[v] = (dose[v] / moment * HOUR) as f32;
        }
    });

    let mut distinct: Vec<Term> = Vec::new();
    for (term, _) in own.iter().flatten() {
        if !distinct.contains(term) {
            distinct.push(*term);
        }
    }
    let key = |t: &Term| [t.start, t.end, t.rate, f64::from(t.power)];
    distinct.sort_by(|a, b| {
        key(a).into_iter().zip(key(b)).map(|(a, b)| a.total_cmp(&b)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    let terms = distinct
        .into_iter()
        .map(|term| {
            let mut activity = vec![0.0; scored.len()];
            for (c, terms) in contributions.iter().zip(&own) {
                activity[c.component] += terms.iter().filter(|(known, _)| *known == term).map(|(_, factor)| factor).sum::<f64>();
            }
            RateTerm { term, amplitude: map_of(grid, scored, &activity, HOUR.powi(1 + term.power as i32)) }
        })
        .collect();
    let initial = map_of(grid, scored, &activities(scored, contributions, |c| c.course.at(0.0)), HOUR);
    RateMaps { initial, decay: Volume::new(*grid, decay), terms }
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;
