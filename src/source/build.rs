//! The sources of one fraction.

use std::{f64::consts::LN_2, sync::Arc};

use super::{ActivityUncertainty, FractionSource, PatternCache, SourceComponent, TimeCourse, UptakeInputs, image::image_source};
use crate::{
    error::{Error, Result},
    phantom::Phantom,
    plan::{FractionPlan, NuclidePlan},
};

/// Rounding that an effective half-life equal to the physical one may carry.
const HALF_LIFE_TOLERANCE: f64 = 1.0e-6;

/// Builds the source components of a fraction: one per region uptake and per image, in the plan's order.
///
/// `nuclides` are the plan's, `half_lives` their physical half-lives, s. The phantom is the cache's.
///
/// # Errors
/// Unknown regions, activities or half-lives that are not possible, an effective half-life above the physical one, patterns or images that
/// cannot be used (see `docs/methods/uptake.md`), a fraction without any activity. Messages name the fraction and the component.
pub fn build(
    fraction: &FractionPlan,
    nuclides: &[NuclidePlan],
    half_lives: &[f64],
    inputs: &dyn UptakeInputs,
    cache: &mut PatternCache<'_>,
) -> Result<FractionSource> {
    let (Some(nuclide), Some(&physical)) = (nuclides.get(fraction.nuclide), half_lives.get(fraction.nuclide)) else {
        return Err(Error::input(format!(
            "fraction {}: nuclide {} is not among the plan's {}",
            fraction.number,
            fraction.nuclide,
            nuclides.len()
        )));
    };
    let phantom = cache.phantom();
    let mut source = FractionSource { number: fraction.number, start: fraction.start, components: Vec::new(), warnings: Vec::new() };
    for uptake in &fraction.uptakes {
        let name = format!("{} in {}", nuclide.name, uptake.region);
        let place = format!("fraction {}, {name}", fraction.number);
        let region = region_position(phantom, &uptake.region, &place)?;
        let lambda = decay_constant(uptake.effective_half_life, physical, &place)?;
        if !(uptake.activity.is_finite() && uptake.activity >= 0.0) {
            return Err(Error::input(format!("{place}: the activity must be 0 Bq or more, found {} Bq", uptake.activity)));
        }
        if uptake.activity == 0.0 {
            source.warnings.push(format!("{place}: the activity is 0 Bq, so there is no source"));
            continue;
        }
        let (pattern, warnings) = cache.draw(region, &uptake.pattern).map_err(|error| within(&place, error))?;
        source.warnings.extend(warnings.into_iter().map(|warning| format!("{place}: {warning}")));
        let course = Arc::new(TimeCourse::exponential(uptake.activity, lambda));
        let uncertainty = ActivityUncertainty::default();
        source.components.push(SourceComponent {
            name,
            nuclide: fraction.nuclide,
            course,
            tia: uptake.activity / lambda,
            uncertainty,
            pattern,
        });
    }
    for uptake in &fraction.images {
        let file = uptake.path.file_name().unwrap_or(uptake.path.as_os_str()).to_string_lossy();
        let name = match &uptake.region {
            None => format!("{} as in {file}", nuclide.name),
            Some(region) => format!("{} in {region} as in {file}", nuclide.name),
        };
        let place = format!("fraction {}, {name}", fraction.number);
        let region = uptake.region.as_ref().map(|region| region_position(phantom, region, &place)).transpose()?;
        let lambda = decay_constant(uptake.effective_half_life, physical, &place)?;
        let found = image_source(uptake, lambda, region, inputs, cache).map_err(|error| within(&place, error))?;
        source.warnings.extend(found.warnings.into_iter().map(|warning| format!("{place}: {warning}")));
        let course = Arc::new(TimeCourse::exponential(found.tia * lambda, lambda));
        let uncertainty = ActivityUncertainty::default();
        source.components.push(SourceComponent {
            name,
            nuclide: fraction.nuclide,
            course,
            tia: found.tia,
            uncertainty,
            pattern: found.pattern,
        });
    }
    if source.components.is_empty() {
        return Err(Error::input(format!("fraction {}: no region and no image takes up any activity", fraction.number)));
    }
    let at_start: f64 = source.components.iter().map(|component| component.course.at(0.0)).sum();
    if at_start > fraction.administered * (1.0 + 1.0e-6) {
        source.warnings.push(format!(
            "fraction {}: the uptakes hold {at_start:.4e} Bq at the start, {:.1} % of the {:.4e} Bq administered",
            fraction.number,
            100.0 * at_start / fraction.administered,
            fraction.administered
        ));
    }
    Ok(source)
}

/// ln 2 over the effective half-life, which cannot exceed the physical one.
fn decay_constant(effective: f64, physical: f64, place: &str) -> Result<f64> {
    if !(effective.is_finite() && effective > 0.0) {
        return Err(Error::input(format!("{place}: the effective half-life must be above 0 s, found {effective} s")));
    }
    if effective > physical * (1.0 + HALF_LIFE_TOLERANCE) {
        return Err(Error::input(format!(
            "{place}: the effective half-life of {:.4} h is longer than the physical one of {:.4} h; at most the physical one is possible",
            effective / 3600.0,
            physical / 3600.0
        )));
    }
    Ok(LN_2 / effective)
}

/// Position of a region by name.
fn region_position(phantom: &Phantom, region: &str, place: &str) -> Result<usize> {
    phantom.region_names.iter().position(|name| name == region).ok_or_else(|| {
        Error::input(format!("{place}: the phantom has no region \"{region}\"; its regions are {}", phantom.region_names.join(", ")))
    })
}

/// Says where wrong input was met.
fn within(place: &str, error: Error) -> Error {
    match error {
        Error::Input(message) => Error::Input(format!("{place}: {message}")),
        other => other,
    }
}
