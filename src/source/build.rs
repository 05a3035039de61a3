//! The sources of one fraction.

use std::f64::consts::LN_2;

use super::{
    ActivityUncertainty, DecayGroups, FractionSource, PatternCache, TimeCourse, UptakeInputs,
    daughters::{Builder, MovingChain, Place},
    image::image_source,
    kinetics,
};
use crate::{
    error::{Error, Result},
    nuclide,
    phantom::Phantom,
    plan::{FractionPlan, NuclidePlan},
};

/// Rounding that an effective half-life equal to the physical one may carry.
const HALF_LIFE_TOLERANCE: f64 = 1.0e-6;
/// Times, over five physical half-lives, at which the activity of a fraction is compared with what was administered.
const TIMES: u32 = 500;

/// Builds the source components of a fraction: what its region uptakes, images and image series hold of the nuclide and, from that, its
/// chain members wherever they decay.
///
/// The phantom is the cache's; `groups` collects what decays together, over all fractions.
///
/// # Errors
/// Unknown nuclides, daughters and regions, activities or half-lives that are not possible, an effective half-life above the physical one,
/// patterns or images that cannot be used (see `docs/methods/uptake.md`), a fraction without any activity. Messages name the fraction and the
/// component.
pub fn build(
    fraction: &FractionPlan,
    nuclides: &[NuclidePlan],
    inputs: &dyn UptakeInputs,
    cache: &mut PatternCache<'_>,
    groups: &mut DecayGroups,
) -> Result<FractionSource> {
    let number = fraction.number;
    let Some(plan) = nuclides.get(fraction.nuclide) else {
        return Err(Error::input(format!("fraction {number}: nuclide {} is not among the plan's {}", fraction.nuclide, nuclides.len())));
    };
    let physical = nuclide::find(&plan.name)?.half_life_s;
    let phantom = cache.phantom();
    let chain = MovingChain::new(plan, |region| region_position(phantom, region, &plan.name))?;
    let mut warnings = chain.warnings.clone();
    let mut activities = Activities { of: Vec::new(), number };
    for uptake in &fraction.uptakes {
        let place = format!("fraction {number}, {} in {}", plan.name, uptake.region);
        let region = region_position(phantom, &uptake.region, &place)?;
        let realised =
            kinetics::realise(&uptake.kinetics, fraction.compartments.as_ref(), physical).map_err(|error| within(&place, error))?;
        warnings.extend(realised.notes.iter().map(|note| format!("{place}: {note}")));
        let course = realised.course;
        if course.pieces.iter().all(|piece| piece.value == 0.0 && piece.slope == 0.0) {
            warnings.push(format!("{place}: the activity is 0 Bq, so there is no source"));
            continue;
        }
        let (pattern, said) = cache.draw(region, &uptake.pattern).map_err(|error| within(&place, error))?;
        warnings.extend(said.into_iter().map(|warning| format!("{place}: {warning}")));
        activities.add(
            Place { name: format!("in {}", uptake.region), region: Some(region), pattern },
            course,
            realised.relative_sigma,
            0.0,
        );
    }
    for uptake in &fraction.images {
        let file = uptake.path.file_name().unwrap_or(uptake.path.as_os_str()).to_string_lossy();
        let name = uptake.region.as_ref().map_or_else(|| format!("as in {file}"), |region| format!("in {region} as in {file}"));
        let place = format!("fraction {number}, {} {name}", plan.name);
        let region = uptake.region.as_ref().map(|region| region_position(phantom, region, &place)).transpose()?;
        let lambda = decay_constant(uptake.effective_half_life, physical, &place)?;
        let found = image_source(uptake, lambda, region, inputs, cache).map_err(|error| within(&place, error))?;
        warnings.extend(found.warnings.into_iter().map(|warning| format!("{place}: {warning}")));
        let course = TimeCourse::exponential(found.tia * lambda, lambda);
        activities.add(Place { name, region, pattern: found.pattern }, course, 0.0, 0.0);
    }
    if activities.of.is_empty() {
        return Err(Error::input(format!("fraction {number}: no region and no image takes up any activity")));
    }
    warnings.extend(activities.beyond(fraction.administered, LN_2 / physical));
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
    for (place, course, uncertainty) in activities.of {
        builder.parent(place, course, uncertainty).map_err(|error| within(&format!("fraction {number}"), error))?;
    }
    warnings.extend(builder.warnings.into_iter().map(|warning| format!("fraction {number}: {warning}")));
    Ok(FractionSource { number, start: fraction.start, components: builder.components, outside: builder.outside, warnings })
}

/// Activities of the nuclide that was administered, place by place.
struct Activities {
    of: Vec<(Place, TimeCourse, ActivityUncertainty)>,
    number: u32,
}

impl Activities {
    /// Adds a place, with an uncertainty of its own and that of the calibration (relative).
    fn add(&mut self, place: Place, course: TimeCourse, own: f64, calibration: f64) {
        // Every activity of every fraction is an origin of its own.
        let origin = (self.number as usize) << 32 | self.of.len();
        self.of.push((place, course, ActivityUncertainty { origin, own, calibration }));
    }

    /// Says where all places together hold more than what is left of the administered activity.
    fn beyond(&self, administered: f64, lambda: f64) -> Option<String> {
        let held = |t: f64| self.of.iter().map(|(_, course, _)| course.at(t)).sum::<f64>();
        let excess = |t: f64| held(t) / (administered * (-lambda * t).exp());
        let times = (0..=TIMES).map(|i| 5.0 * LN_2 / lambda * f64::from(i) / f64::from(TIMES));
        let (worst, at) = times.map(|t| (excess(t), t)).fold((0.0, 0.0), |worst, found| if found.0 > worst.0 { found } else { worst });
        (worst > 1.0 + 1.0e-6).then(|| {
            format!(
                "fraction {}: {:.1} h after its start the uptakes hold {:.4e} Bq, {:.1} % of what is left of the {administered:.4e} Bq administered",
                self.number,
                at / 3600.0,
                held(at),
                100.0 * worst
            )
        })
    }
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
