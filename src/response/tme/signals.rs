//! Bystander signals that diffuse between voxels.

use super::{
    Domain,
    micro::{Device, MicroSignal},
    row::parameter,
};
use crate::{
    error::{Error, Result},
    plan::{OxygenPlan, TmePlan},
};

/// Signals of all voxels, each reaching its neighbours; in balance, as they live an hour and cells change within days.
#[derive(Debug)]
pub struct Signals {
    solver: MicroSignal,
    voxels: Vec<u32>,
    /// Of the whole grid, 1/d.
    release: Vec<f32>,
    life: f64,
}

/// Whether a plan's signals diffuse: bystander effect on, voxels fine, diffusivity above zero.
///
/// # Errors
/// [`Error::Input`] if diffusivity or life differ between regions: signals pass through all.
pub fn diffuse(plan: &TmePlan) -> Result<bool> {
    let of =
        |name: &str| plan.regions.iter().map(move |region| parameter(&region.region, &region.parameters, name)).collect::<Result<Vec<_>>>();
    let (diffusivities, lives) = (of("bystander_diffusivity")?, of("bystander_life")?);
    let on = plan.bystander && matches!(plan.oxygen, OxygenPlan::Micro(_)) && diffusivities.iter().any(|&diffusivity| diffusivity > 0.0);
    if on && [&diffusivities, &lives].iter().any(|values| values.iter().any(|value| *value != values[0])) {
        return Err(Error::input(format!(
            "response: bystander signals pass through all regions, but bystander_diffusivity is {diffusivities:?} um2/d and bystander_life {lives:?} d \
             in them; both must be the same everywhere"
        )));
    }
    Ok(on)
}

impl Signals {
    /// For the first region's diffusivity and life, which [`diffuse`] has found to be those of all.
    ///
    /// # Errors
    /// As [`MicroSignal::new`].
    pub fn new(plan: &TmePlan, domain: &Domain, device: &Device) -> Result<Self> {
        let first = &plan.regions[0];
        let get = |name: &str| parameter(&first.region, &first.parameters, name);
        let life = get("bystander_life")?;
        let solver = MicroSignal::new(&domain.grid, get("bystander_diffusivity")?, life, device)?;
        Ok(Self { solver, voxels: domain.voxels.clone(), release: vec![0.0; domain.grid.len()], life })
    }

    /// The signal of every voxel where its own emitters would hold up `emission`.
    ///
    /// # Errors
    /// If there is no solution.
    pub(super) fn spread(&mut self, emission: impl Iterator<Item = f64>) -> Result<Vec<f64>> {
        for (&voxel, emission) in self.voxels.iter().zip(emission) {
            self.release[voxel as usize] = (emission / self.life) as f32;
        }
        let (signal, _) = self.solver.solve(&self.release)?;
        // What multigrid leaves of an error may be below zero.
        Ok(self.voxels.iter().map(|&voxel| f64::from(signal[voxel as usize]).max(0.0)).collect())
    }
}
