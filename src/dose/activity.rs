//! Uncertainty of doses from that of the activities, beside the statistical one of the transport.
//!
//! Errors of the activity come in modes: each origin (a fit, a measurement) is one, the calibration is another. Within a mode all doses err
//! together, so dose times relative uncertainty is summed with its sign; modes are independent, so their sums add in quadrature.

use crate::{
    dose::{
        component::ScoredComponent,
        contribution::{Contribution, activities, add_dose, by_chunk},
    },
    grid::VoxelGrid,
    source::ActivityUncertainty,
    volume::Volume,
};

/// Per mode the error of each component's time-integrated activity, Bq s (1 sigma); `None` where no contribution states an uncertainty.
pub(super) fn error_modes(scored: &[ScoredComponent], contributions: &[Contribution]) -> Option<Vec<Vec<f64>>> {
    let stated = |u: &ActivityUncertainty| u.own > 0.0 || u.calibration > 0.0;
    if !contributions.iter().any(|c| stated(&c.uncertainty)) {
        return None;
    }
    let mut origins: Vec<usize> = contributions.iter().map(|c| c.uncertainty).filter(|u| u.own > 0.0).map(|u| u.origin).collect();
    origins.sort_unstable();
    origins.dedup();
    let own =
        |origin: usize| activities(scored, contributions, |c| if c.uncertainty.origin == origin { c.tia * c.uncertainty.own } else { 0.0 });
    let calibration = activities(scored, contributions, |c| c.tia * c.uncertainty.calibration);
    Some(origins.into_iter().map(own).chain(std::iter::once(calibration)).collect())
}

/// Relative standard uncertainty of the dose in each voxel from the activities alone, 1 sigma; 0 without dose; `None` where no
/// contribution states any.
pub fn uncertainty_map(grid: &VoxelGrid, scored: &[ScoredComponent], contributions: &[Contribution]) -> Option<Volume<f32>> {
    let modes = error_modes(scored, contributions)?;
    let mut variance = vec![0.0f64; grid.len()];
    for mode in &modes {
        by_chunk(grid.len(), scored, mode, add_dose, |start, cells| {
            for (variance, error) in variance[start..].iter_mut().zip(cells) {
                *variance += error * error;
            }
        });
    }
    let mut relative = vec![0.0f32; grid.len()];
    by_chunk(grid.len(), scored, &activities(scored, contributions, |c| c.tia), add_dose, |start, cells: &[f64]| {
        for (v, &dose) in (start..).zip(cells).filter(|&(_, &dose)| dose > 0.0) {
            relative[v] = (variance[v].sqrt() / dose) as f32;
        }
    });
    Some(Volume::new(*grid, relative))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dose::{
        accumulate::{region_doses, tests::component},
        fixtures::row,
    };

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} instead of {expected}");
    }

    /// `(component, tia, origin, own, calibration)`.
    fn uses(list: &[(usize, f64, usize, f64, f64)]) -> Vec<Contribution> {
        list.iter()
            .map(|&(component, tia, origin, own, calibration)| Contribution {
                uncertainty: ActivityUncertainty { origin, own, calibration },
                ..Contribution::exponential(component, tia, 1e-6)
            })
            .collect()
    }

    /// Voxel 0 gets 3 parts of component 0 and 1 part of component 1, voxel 1 component 1 alone, voxel 2 nothing.
    fn relative(list: &[(usize, f64, usize, f64, f64)]) -> (Vec<f32>, f64, f64) {
        let phantom = row(1.0, &[1.0; 3], &[1, 0, 2]);
        let scored = [component(&phantom, &[0.3, 0.0, 0.0], None, 0.0), component(&phantom, &[0.1, 0.1, 0.0], None, 0.0)];
        let uses = uses(list);
        let map = uncertainty_map(&phantom.grid, &scored, &uses).unwrap().data;
        let region = region_doses(&scored, &uses, &[3e-3, 1e-3, 1e-3])[1];
        assert!(region_doses(&scored, &uses, &[3e-3, 1e-3, 1e-3])[2].activity_sigma == Some(0.0));
        (map, region.activity_sigma.unwrap() / region.mean, region.sigma / region.mean)
    }

    #[test]
    fn one_origin_in_two_fractions_errs_together() {
        // The same fit scales two fractions: as uncertain as each of them.
        let (map, region, _) = relative(&[(0, 1e9, 7, 0.1, 0.0), (0, 1e9, 7, 0.1, 0.0)]);
        near(map[0].into(), 0.1);
        near(region, 0.1);
        assert_eq!(&map[1..], [0.0, 0.0]);
        // A daughter elsewhere follows its parent: (3 x 0.1 + 1 x 0.1)/4.
        near(relative(&[(0, 1e9, 7, 0.1, 0.0), (1, 1e9, 7, 0.1, 0.0)]).1, 0.1);
    }

    #[test]
    fn two_origins_add_in_quadrature_and_the_calibration_is_common() {
        let (map, region, _) = relative(&[(0, 1e9, 1, 0.1, 0.0), (1, 1e9, 2, 0.2, 0.0)]);
        let expected = 0.3f64.hypot(0.2) / 4.0;
        near(map[0].into(), expected);
        near(region, expected);
        near(map[1].into(), 0.2);
        // Two fractions fitted apart.
        near(relative(&[(0, 1e9, 1, 0.1, 0.0), (0, 1e9, 2, 0.1, 0.0)]).1, 0.1 / 2.0f64.sqrt());
        // Calibration alone: everywhere the same, whatever the origins; and in quadrature with the rest.
        let (map, region, _) = relative(&[(0, 1e9, 1, 0.0, 0.05), (1, 1e9, 2, 0.0, 0.05)]);
        assert!(map[..2].iter().all(|&u| (u - 0.05).abs() < 1e-7), "{map:?}");
        near(region, 0.05);
        near(relative(&[(0, 1e9, 1, 0.1, 0.05), (1, 1e9, 2, 0.2, 0.05)]).1, expected.hypot(0.05));
    }

    #[test]
    fn it_is_not_mixed_into_the_statistical_one() {
        let with = relative(&[(0, 1e9, 1, 0.5, 0.3)]).2;
        let phantom = row(1.0, &[1.0; 3], &[1, 0, 2]);
        let scored = [component(&phantom, &[0.3, 0.0, 0.0], None, 0.0)];
        let bare = [Contribution::exponential(0, 1e9, 1e-6)];
        let region = region_doses(&scored, &bare, &[3e-3, 1e-3, 1e-3])[1];
        assert_eq!((region.activity_sigma, with), (None, region.sigma / region.mean));
        assert!(uncertainty_map(&phantom.grid, &scored, &bare).is_none());
    }
}
