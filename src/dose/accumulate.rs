//! Fractions and the whole treatment as sums of components: absorbed dose, high-LET dose, LET and uncertainty.

use std::{ops::Range, sync::Arc};

use crate::{
    dose::{
        DoseRateComponent, activity,
        component::ScoredComponent,
        contribution::{Contribution, FractionDelivery, activities, by_chunk},
    },
    grid::VoxelGrid,
    units::GY_PER_MEV_PER_G,
    volume::Volume,
};

/// Maps of a fraction or of the total.
#[derive(Debug, Clone)]
pub struct DoseMaps {
    /// Absorbed dose, Gy.
    pub dose: Volume<f32>,
    /// Absorbed dose from alphas and recoils, Gy; `None` where there are none.
    pub high: Option<Volume<f32>>,
    /// Dose-averaged LET of the alphas, keV/um, weighted with their dose; 0 where they give none; `None` without alphas.
    pub let_mean: Option<Volume<f32>>,
    /// Relative standard error of `dose`, 1 sigma. 1 where nothing was scored, as GATE writes it: a voxel hit in a single
    /// batch has exactly 1 as well, so 1 reads "nothing known" throughout. 0 where all dose is analytic.
    pub uncertainty: Volume<f32>,
    /// Relative standard uncertainty of `dose` from the activities alone, not part of `uncertainty`; 0 without dose; `None` where no
    /// contribution states any.
    pub activity_uncertainty: Option<Volume<f32>>,
}

/// Dose of one region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionDose {
    /// Energy over mass, Gy.
    pub mean: f64,
    /// Its standard error (1 sigma), Gy, from the region's batch sums: covariance between voxels included.
    pub sigma: f64,
    /// Standard uncertainty of the mean from the activities alone, Gy, not part of `sigma`; `None` where no contribution states any.
    pub activity_sigma: Option<f64>,
    /// High-LET part of `mean`, Gy; `None` where no component gives any.
    pub high_mean: Option<f64>,
    /// Dose-averaged LET of the alphas in the region, keV/um; `None` where they give no dose.
    pub let_mean: Option<f64>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    dose: f64,
    high: f64,
    alpha: f64,
    alpha_let: f64,
    variance: f64,
}

/// Dose maps of the given contributions: those of a fraction, or of all fractions together for the total.
///
/// Different components are independent runs, so their variances add; the same component in several fractions is one run,
/// so its standard errors add. Sums are kept in `f64` and rounded once.
///
/// # Panics
/// If a contribution names a component that is not in `scored`: a programming error.
pub fn dose_maps(grid: &VoxelGrid, scored: &[ScoredComponent], contributions: &[Contribution]) -> DoseMaps {
    let activity = activities(scored, contributions, |c| c.tia);
    let used = || scored.iter().zip(&activity).filter(|&(_, &a)| a != 0.0).map(|(s, _)| s);
    let len = grid.len();
    let mut dose = vec![0.0f32; len];
    let mut uncertainty = vec![1.0f32; len];
    let mut high = used().any(|s| s.high.is_some()).then(|| vec![0.0f32; len]);
    let mut let_mean = used().any(|s| s.alpha.is_some()).then(|| vec![0.0f32; len]);
    let add = |cells: &mut [Cell], start: usize, s: &ScoredComponent, a: f64, range: Range<usize>| {
        for i in range {
            let cell = &mut cells[s.voxels[i] as usize - start];
            let part_high = s.high.as_ref().map_or(0.0, |h| f64::from(h[i]));
            cell.dose += a * (f64::from(s.low[i]) + part_high);
            cell.high += a * part_high;
            if let (Some(alpha), Some(dose_let)) = (&s.alpha, &s.dose_let) {
                cell.alpha += a * f64::from(alpha[i]);
                cell.alpha_let += a * f64::from(dose_let[i]);
            }
            cell.variance += (a * f64::from(s.sigma[i])).powi(2);
        }
    };
    by_chunk(len, scored, &activity, add, |start, cells| {
        for (v, cell) in (start..).zip(cells) {
            dose[v] = cell.dose as f32;
            if let Some(map) = &mut high {
                map[v] = cell.high as f32;
            }
            if cell.dose > 0.0 {
                uncertainty[v] = (cell.variance.sqrt() / cell.dose) as f32;
            }
            if let Some(map) = let_mean.as_mut().filter(|_| cell.alpha > 0.0) {
                map[v] = (cell.alpha_let / cell.alpha) as f32;
            }
        }
    });
    DoseMaps {
        dose: Volume::new(*grid, dose),
        high: high.map(|m| Volume::new(*grid, m)),
        let_mean: let_mean.map(|m| Volume::new(*grid, m)),
        uncertainty: Volume::new(*grid, uncertainty),
        activity_uncertainty: activity::uncertainty_map(grid, scored, contributions),
    }
}

/// Dose of every region from energies: slot 0 is the whole grid, slot `i` region `i - 1`; `masses` in g by slot.
///
/// A region without voxels (mass 0) has dose 0 +- 0.
pub fn region_doses(scored: &[ScoredComponent], contributions: &[Contribution], masses: &[f64]) -> Vec<RegionDose> {
    let mut doses = region_sums(scored, &activities(scored, contributions, |c| c.tia), masses);
    if let Some(modes) = activity::error_modes(scored, contributions) {
        for (slot, dose) in doses.iter_mut().enumerate() {
            let gy = per_mass(masses[slot]);
            let error =
                |mode: &Vec<f64>| scored.iter().zip(mode).map(|(s, a)| a * (s.regions[slot].low + s.regions[slot].high)).sum::<f64>();
            dose.activity_sigma = Some(modes.iter().map(|mode| error(mode).powi(2)).sum::<f64>().sqrt() * gy);
        }
    }
    doses
}

/// Gy per MeV in this mass (g); 0 without mass.
fn per_mass(mass: f64) -> f64 {
    if mass > 0.0 { GY_PER_MEV_PER_G / mass } else { 0.0 }
}

/// Dose, or dose rate, of every region at these activities per component, without the uncertainty of the activities.
pub(super) fn region_sums(scored: &[ScoredComponent], activity: &[f64], masses: &[f64]) -> Vec<RegionDose> {
    let has_high = scored.iter().zip(activity).any(|(s, &a)| a != 0.0 && s.high.is_some());
    masses
        .iter()
        .enumerate()
        .map(|(slot, &mass)| {
            let [mut energy, mut high, mut alpha, mut alpha_let, mut variance] = [0.0; 5];
            for (s, &a) in scored.iter().zip(activity) {
                let r = &s.regions[slot];
                energy += a * (r.low + r.high);
                high += a * r.high;
                alpha += a * r.alpha;
                alpha_let += a * r.alpha_let;
                variance += a * a * r.variance;
            }
            let gy = per_mass(mass);
            RegionDose {
                mean: energy * gy,
                sigma: variance.sqrt() * gy,
                activity_sigma: None,
                high_mean: has_high.then_some(high * gy),
                let_mean: (alpha > 0.0).then(|| alpha_let / alpha),
            }
        })
        .collect()
}

/// The hand-over to the response module. Maps over the whole grid are made once per component and shared by its fractions.
pub fn dose_rate_components(grid_len: usize, scored: &[ScoredComponent], fractions: &[FractionDelivery]) -> Vec<DoseRateComponent> {
    let mut maps = vec![None; scored.len()];
    let mut out = Vec::new();
    for fraction in fractions {
        for c in &fraction.contributions {
            let component = &scored[c.component];
            out.push(DoseRateComponent {
                name: component.name.clone(),
                fraction: fraction.number,
                start: fraction.start,
                course: Arc::clone(&c.course),
                dose: maps[c.component].get_or_insert_with(|| component.maps(grid_len)).clone(),
            });
        }
    }
    out
}

#[cfg(test)]
#[path = "accumulate_tests.rs"]
pub(super) mod tests;
