//! From an uptake pattern to the relative concentration in the voxels of a region.

use super::{depth, lognormal, region::RegionVoxels, vessels};
use crate::{
    error::{Error, Result},
    phantom::Phantom,
    plan::UptakePattern,
};

/// Relative concentrations, one per voxel of the region, with what the user should know about them.
pub(super) struct Concentration {
    /// Not negative, in any common unit.
    pub(super) values: Vec<f64>,
    /// In words with numbers.
    pub(super) warnings: Vec<String>,
}

/// The concentration that a pattern gives to the voxels of a region, taken at the voxel centres.
pub(super) fn concentration(pattern: &UptakePattern, region: &RegionVoxels, phantom: &Phantom) -> Result<Concentration> {
    let grid = &phantom.grid;
    let mut warnings = Vec::new();
    let mut coarse = |what: &str, length: f64| {
        let voxel = grid.spacing.max_element();
        if length < voxel {
            warnings
                .push(format!("the {what} of {length} mm is below the voxel edge of {voxel} mm: what varies inside voxels is not shown"));
        }
    };
    let values = match *pattern {
        UptakePattern::Uniform => vec![1.0; region.voxels.len()],
        UptakePattern::Ligand => {
            return Err(Error::input(
                "where a ligand stays follows from the tumour's state; it has to be given before the sources are built",
            ));
        }
        UptakePattern::LogNormal { cv, correlation, seed } => {
            check("coefficient of variation", cv, cv >= 0.0, "at least 0")?;
            check("correlation length", correlation, correlation >= 0.0, "at least 0 mm")?;
            coarse("correlation length", correlation);
            let values = lognormal::field(region, grid, cv, correlation, seed);
            let found = coefficient_of_variation(&values);
            if (found - cv).abs() > 0.2 * cv {
                warnings.push(format!(
                    "the coefficient of variation over the region's {} voxels is {found:.3}, not {cv}: the region is too small for its correlation length of {correlation} mm to show the whole distribution",
                    values.len()
                ));
            }
            values
        }
        UptakePattern::Rim { length, core } => {
            check("rim length", length, length > 0.0, "above 0 mm")?;
            check("core share", core, (0.0..=1.0).contains(&core), "between 0 and 1")?;
            coarse("rim length", length);
            let depth::Depths { depth, at_edge } = depth::depths(region, phantom);
            if depth.iter().any(|depth| !depth.is_finite()) {
                return Err(Error::input("the region fills the whole grid and has no rim for an uptake pattern \"rim\""));
            }
            if at_edge > 0 {
                warnings.push(format!("{at_edge} voxels lie at the edge of the grid, which is not taken for a rim"));
            }
            depth.into_iter().map(|depth| core + (1.0 - core) * libm::exp(-depth / length)).collect()
        }
        UptakePattern::Vessels { spacing, length, seed } => {
            check("vessel spacing", spacing, spacing > 0.0, "above 0 mm")?;
            check("length", length, length > 0.0, "above 0 mm")?;
            coarse("vessel spacing", spacing);
            coarse("length from the vessel", length);
            let distance = vessels::distances(region, grid, spacing, seed)?;
            // Only ratios matter: counting from the nearest voxel keeps the largest value at 1.
            let nearest = distance.iter().copied().fold(f64::INFINITY, f64::min);
            distance.into_iter().map(|d| libm::exp((nearest - d) / length)).collect()
        }
    };
    Ok(Concentration { values, warnings })
}

fn check(what: &str, value: f64, fine: bool, expected: &str) -> Result<()> {
    if fine && value.is_finite() { Ok(()) } else { Err(Error::input(format!("the {what} must be {expected}, found {value}"))) }
}

/// Standard deviation over mean.
fn coefficient_of_variation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt() / mean
}
