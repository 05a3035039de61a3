//! Absorbed fractions of uniform sources in spheres, from point kernels by reciprocity.
//!
//! Two points of a sphere of radius R are at a distance below which a kernel reaches with probability P(r) = 1 - 3 r / (4 R) + r^3 / (16 R^3):
//! the share of starts from which a point at distance r in a random direction still lies inside. The absorbed fraction is the sum of P over
//! the energy of the kernel, exactly, whatever the kernel is.

use crate::{
    error::Result,
    kernel::{emitter::Radiation, score::Estimate, stage::Stage},
    plan::WaterData,
    transport::backend::SourceShape,
    verify::{
        context::{Context, ORIGIN, Source, thinnest},
        outcome::{Norm, Outcome, Row},
        reference::{line, rows},
    },
};

/// Shells up to the diameter.
const SHELLS: u32 = 160;

/// Mean of P over a shell from `low` to `high` in a sphere of `radius`, energy being spread evenly in it.
fn inside(low: f64, high: f64, radius: f64) -> f64 {
    let integral = |r: f64| r - 3.0 * r * r / (8.0 * radius) + r.powi(4) / (64.0 * radius.powi(3));
    (integral(high) - integral(low)) / (high - low)
}

/// Absorbed fraction of particles of `energy` MeV in a sphere of `radius` cm.
pub(super) fn absorbed_fraction(context: &Context, radiation: Radiation, energy: f64, radius: f64, histories: u64) -> Result<Estimate> {
    let radii: Vec<f64> = (1..=SHELLS).map(|k| 2.0 * radius * f64::from(k) / f64::from(SHELLS)).collect();
    let weights: Vec<f64> = (0..radii.len()).map(|k| inside(if k == 0 { 0.0 } else { radii[k - 1] }, radii[k], radius)).collect();
    let stage = Stage::shells("water_liquid", 1.0, &radii, context.settings(WaterData::Icru49, thinnest(&radii)))?;
    let sampler = line(energy);
    let source = Source { radiation, sampler: &sampler, voxels: &ORIGIN, shape: SourceShape::Centre };
    let project = |tally: &[u64]| vec![tally.iter().zip(&weights).map(|(&quanta, weight)| quanta as f64 * weight).sum()];
    Ok(context.run(&stage, &source, histories, &project)?[0].times(1.0 / energy))
}

pub(super) fn electrons(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for row in rows(include_str!("../reference/egsnrc_spheres.csv")) {
        let (energy, radius) = (row.number("energy_mev"), 0.1 * row.number("radius_mm"));
        let ours = absorbed_fraction(context, Radiation::Electron, energy, radius, 400_000)?;
        let theirs = Estimate { mean: row.number("fraction"), sigma: row.number("sigma") };
        outcome.rows.push(Row::new(format!("{energy} MeV, radius {} mm", row.text("radius_mm")), ours, theirs, Norm::Reference, 0.01));
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_starts_is_one_at_the_centre_and_none_at_the_diameter() {
        assert!((inside(0.0, 1.0e-9, 2.0) - 1.0).abs() < 1.0e-6);
        assert!(inside(3.999, 4.0, 2.0).abs() < 1.0e-6);
        // Mean distance between two points of a sphere is 36 R / 35; here the share at r = R: 1 - 3/4 + 1/16.
        assert!((inside(0.999, 1.001, 1.0) - 0.3125).abs() < 1.0e-6);
    }
}
