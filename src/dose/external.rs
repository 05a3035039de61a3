//! Doses computed elsewhere (external beam, an earlier therapy) on the grid of the phantom.

use crate::{
    dose::accumulate::{DoseMaps, RegionDose},
    error::{Error, Result},
    phantom::Phantom,
    plan::ExternalDosePlan,
    volume::{Volume, interpolate},
};

/// An external dose on the grid of the phantom.
#[derive(Debug, Clone)]
pub struct ExternalDose {
    /// What the plan says of it.
    pub plan: ExternalDosePlan,
    /// Absorbed dose of all its sessions, Gy.
    pub dose: Volume<f32>,
    /// Dose-weighted mean of each region: sum of mass times dose over mass, Gy; slot 0 is the whole grid.
    pub means: Vec<f64>,
    /// What the user must know.
    pub warnings: Vec<String>,
}

impl ExternalDose {
    /// Brings a dose onto the grid of the phantom by interpolation. Voxels outside it have none; how many is told.
    ///
    /// # Errors
    /// [`Error::Input`] if it has values below zero, or no voxel in common with the phantom.
    pub fn new(plan: &ExternalDosePlan, image: &Volume<f32>, phantom: &Phantom) -> Result<Self> {
        let file = plan.path.display();
        if let Some(at) = image.data.iter().position(|&dose| !(dose.is_finite() && dose >= 0.0)) {
            let below = image.data.iter().filter(|&&dose| !(dose.is_finite() && dose >= 0.0)).count();
            return Err(Error::input(format!(
                "{file}: {below} values are no absorbed doses, the first is {} Gy at voxel {:?}; expected finite values of zero or more",
                image.data[at],
                image.grid.ijk(at)
            )));
        }
        let (dose, outside) = interpolate(image, &phantom.grid, 0.0);
        let voxels = dose.data.len();
        if outside == voxels {
            return Err(Error::input(format!(
                "{file}: the external dose \"{}\" shares no voxel with the phantom; check that both are in one patient frame (LPS, mm)",
                plan.name
            )));
        }
        let mut warnings = Vec::new();
        if outside > 0 {
            let in_regions = outside_of(&image.grid, phantom);
            let regions =
                if in_regions.is_empty() { "no region is cut".to_owned() } else { format!("voxels of regions: {}", in_regions.join(", ")) };
            warnings.push(format!(
                "external dose \"{}\": {outside} of {voxels} voxels of the phantom lie outside {file} and get no dose from it ({regions})",
                plan.name
            ));
        }
        let slots = phantom.region_names.len() + 1;
        let (mut energy, mut mass) = (vec![0.0; slots], vec![0.0; slots]);
        for (v, &value) in dose.data.iter().enumerate() {
            let m = phantom.mass(v);
            for slot in [Some(0), Some(usize::from(phantom.regions[v])).filter(|&label| label > 0)].into_iter().flatten() {
                energy[slot] += m * f64::from(value);
                mass[slot] += m;
            }
        }
        let means = energy.iter().zip(&mass).map(|(e, m)| if *m > 0.0 { e / m } else { 0.0 }).collect();
        Ok(Self { plan: plan.clone(), dose, means, warnings })
    }

    /// Its maps as those of a fraction: no high-LET part, and no uncertainty of its own (files of doses carry none).
    pub fn maps(&self) -> DoseMaps {
        DoseMaps {
            dose: self.dose.clone(),
            high: None,
            let_mean: None,
            uncertainty: Volume::new(self.dose.grid, vec![0.0; self.dose.data.len()]),
            activity_uncertainty: None,
        }
    }

    /// Its dose in each region.
    pub fn region_doses(&self) -> Vec<RegionDose> {
        let dose = |&mean: &f64| RegionDose { mean, sigma: 0.0, activity_sigma: None, high_mean: None, let_mean: None };
        self.means.iter().map(dose).collect()
    }

    /// Adds it to the maps of a treatment: relative uncertainties fall, since its own is taken as none.
    pub fn add_to(&self, total: &mut DoseMaps) {
        for (v, &more) in self.dose.data.iter().enumerate().filter(|&(_, &more)| more > 0.0) {
            let before = total.dose.data[v];
            let share = before / (before + more);
            total.dose.data[v] = before + more;
            total.uncertainty.data[v] *= share;
            if let Some(map) = &mut total.activity_uncertainty {
                map.data[v] *= share;
            }
        }
    }
}

/// "kidney (12)" for each region with voxels whose centres lie outside a grid.
fn outside_of(grid: &crate::grid::VoxelGrid, phantom: &Phantom) -> Vec<String> {
    let mut counts = vec![0_usize; phantom.region_names.len() + 1];
    for (v, &label) in phantom.regions.iter().enumerate().filter(|&(_, &label)| label > 0) {
        if grid.voxel_at(phantom.grid.center(phantom.grid.ijk(v))).is_none() {
            counts[usize::from(label)] += 1;
        }
    }
    phantom.region_names.iter().zip(&counts[1..]).filter(|&(_, &n)| n > 0).map(|(name, n)| format!("{name} ({n})")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dose::fixtures::row, grid::VoxelGrid};

    fn plan() -> ExternalDosePlan {
        ExternalDosePlan { number: 1, name: "EBRT".into(), path: "ebrt.dcm".into(), fractions: 30, start: 0.0, interval: 86_400.0 }
    }

    #[test]
    fn means_weigh_by_mass_and_the_outside_is_told() {
        let phantom = row(10.0, &[1.0, 2.0, 1.0, 1.0], &[1, 1, 2, 0]);
        // Covers the first three voxels.
        let grid = VoxelGrid { size: [3, 1, 1], ..phantom.grid };
        let external = ExternalDose::new(&plan(), &Volume::new(grid, vec![10.0, 40.0, 20.0]), &phantom).expect("it overlaps");
        assert_eq!(external.dose.data, [10.0, 40.0, 20.0, 0.0]);
        for (mean, expected) in external.means.iter().zip([110.0 / 5.0, 90.0 / 3.0, 20.0]) {
            assert!((mean - expected).abs() < 1e-9, "{mean} for {expected}");
        }
        assert!(
            external.warnings[0].contains("1 of 4 voxels") && external.warnings[0].contains("no region is cut"),
            "{:?}",
            external.warnings
        );
    }

    #[test]
    fn the_total_grows_and_its_relative_error_falls() {
        let phantom = row(10.0, &[1.0, 1.0, 1.0], &[1, 1, 1]);
        let external = ExternalDose::new(&plan(), &Volume::new(phantom.grid, vec![30.0, 5.0, 0.0]), &phantom).expect("it overlaps");
        let map = |values: [f32; 3]| Volume::new(phantom.grid, values.to_vec());
        let mut total = DoseMaps {
            dose: map([10.0, 0.0, 7.0]),
            high: None,
            let_mean: None,
            uncertainty: map([0.4, 1.0, 0.1]),
            activity_uncertainty: None,
        };
        external.add_to(&mut total);
        assert_eq!(total.dose.data, [40.0, 5.0, 7.0]);
        assert_eq!(total.uncertainty.data, [0.1, 0.0, 0.1]);
    }

    #[test]
    fn what_is_no_dose_or_elsewhere_is_refused() {
        let phantom = row(10.0, &[1.0, 1.0], &[1, 1]);
        let refused =
            |grid, values: Vec<f32>| ExternalDose::new(&plan(), &Volume::new(grid, values), &phantom).expect_err("refused").to_string();
        assert!(refused(phantom.grid, vec![1.0, -2.0]).contains("1 values are no absorbed doses, the first is -2 Gy"));
        let far = VoxelGrid { origin: glam::DVec3::splat(900.0), ..phantom.grid };
        assert!(refused(far, vec![1.0, 2.0]).contains("shares no voxel"));
    }
}
