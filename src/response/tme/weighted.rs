//! The RBE of this model for the closed forms: one BED, whichever table it stands in.

use super::{Domain, quality::voxel_source};
use crate::{
    dose::{component::ScoredComponent, regions::RegionIndex},
    error::Result,
    phantom::Phantom,
    plan::{Quality, ResponsePlan, TmePlan},
};

/// Whether the RBE of high-LET dose differs from the constant one of the tissues.
pub fn differs(plan: &TmePlan) -> bool {
    plan.quality != Quality::Rbe || plan.few_hits
}

/// High-LET dose per decay times its RBE over the whole grid, Gy: in the voxels that evolve by the plan's quality and hits, elsewhere by
/// the tissue's constant. `None` without high-LET dose, or where that constant is all there is.
///
/// # Errors
/// As [`voxel_source`].
pub fn weighted_dose(
    domain: &Domain,
    scored: &ScoredComponent,
    phantom: &Phantom,
    index: &RegionIndex,
    response: &ResponsePlan,
    plan: &TmePlan,
) -> Result<Option<Vec<f32>>> {
    let Some(doses) = scored.high.as_ref().filter(|_| differs(plan)) else { return Ok(None) };
    let names = phantom.region_names.iter().map(String::as_str);
    let constant: Vec<f64> =
        std::iter::once(&response.default).chain(names.map(|name| response.of(name))).map(|t| t.rbe_high_let).collect();
    let mut weighted = vec![0.0; phantom.grid.len()];
    for (&voxel, &dose) in scored.voxels.iter().zip(doses) {
        let label = usize::from(phantom.regions[voxel as usize]);
        weighted[voxel as usize] = (constant[label] * f64::from(dose)) as f32;
    }
    let alpha: Vec<f64> = domain.regions.iter().map(|name| response.of(name).alpha).collect();
    let (source, _) = voxel_source(domain, scored, phantom, index, response, plan)?;
    for ((&voxel, &row), effect) in domain.voxels.iter().zip(&domain.row).zip(source.high.iter().flat_map(|high| &high.effect)) {
        weighted[voxel as usize] = (f64::from(*effect) / alpha[usize::from(row)]) as f32;
    }
    Ok(Some(weighted))
}
