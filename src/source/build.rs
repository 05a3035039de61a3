//! The sources of one fraction.

use super::{
    DecayGroups, FractionSource, PatternCache, UptakeChange, UptakeInputs,
    activities::Activities,
    daughters::{Builder, MovingChain},
    region::{region_position, within},
};
use crate::{
    error::{Error, Result},
    nuclide,
    plan::{FractionPlan, NuclidePlan},
};

/// Builds the source components of a fraction: what its region uptakes, images and image series hold of the nuclide and, from that, its
/// chain members wherever they decay.
///
/// The phantom is the cache's; `groups` collects what decays together, over all fractions.
///
/// # Errors
/// Unknown nuclides, daughters and regions, activities or half-lives that are not possible, an effective half-life above the physical one,
/// patterns or images that cannot be used (see `docs/methods/uptake.md` and `kinetics.md`), a fraction without any activity. Messages name the
/// fraction and the component.
pub fn build(
    fraction: &FractionPlan,
    nuclides: &[NuclidePlan],
    inputs: &dyn UptakeInputs,
    cache: &mut PatternCache<'_>,
    groups: &mut DecayGroups,
) -> Result<FractionSource> {
    build_predicted(fraction, nuclides, inputs, cache, groups, None)
}

/// As [`build`], with what the response predicts of the uptakes that the fraction takes over from an earlier one.
///
/// # Errors
/// As [`build`].
pub fn build_predicted(
    fraction: &FractionPlan,
    nuclides: &[NuclidePlan],
    inputs: &dyn UptakeInputs,
    cache: &mut PatternCache<'_>,
    groups: &mut DecayGroups,
    change: Option<&UptakeChange<'_>>,
) -> Result<FractionSource> {
    let number = fraction.number;
    let Some(plan) = nuclides.get(fraction.nuclide) else {
        let (found, known) = (fraction.nuclide, nuclides.len());
        return Err(Error::input(format!("fraction {number}: nuclide {found} is not among the plan's {known}")));
    };
    let phantom = cache.phantom();
    let chain = MovingChain::new(plan, |region| region_position(phantom, region, &plan.name))?;
    let mut activities = Activities {
        number,
        nuclide: &plan.name,
        physical: nuclide::find(&plan.name)?.half_life_s,
        inputs,
        cache,
        change,
        predicted: Vec::new(),
        found: Vec::new(),
        records: Vec::new(),
        warnings: chain.warnings.clone(),
    };
    for uptake in &fraction.uptakes {
        activities.region(uptake, fraction.compartments.as_ref())?;
    }
    for uptake in &fraction.images {
        activities.image(uptake)?;
    }
    for series in &fraction.series {
        activities.series(series)?;
    }
    if activities.found.is_empty() {
        return Err(Error::input(format!("fraction {number}: no region and no image takes up any activity")));
    }
    activities.compare_with(fraction.administered);
    let Activities { cache, found, records, predicted, mut warnings, .. } = activities;
    let mut builder = Builder {
        chain: &chain,
        nuclide: fraction.nuclide,
        cache,
        groups,
        until: fraction.until.unwrap_or(f64::INFINITY),
        components: Vec::new(),
        outside: Vec::new(),
        warnings: Vec::new(),
    };
    for (place, course, uncertainty) in found {
        builder.parent(place, &course, uncertainty).map_err(|error| within(&format!("fraction {number}"), error))?;
    }
    warnings.extend(builder.warnings.into_iter().map(|warning| format!("fraction {number}: {warning}")));
    Ok(FractionSource {
        number,
        start: fraction.start,
        components: builder.components,
        outside: builder.outside,
        activities: records,
        predicted,
        warnings,
    })
}
