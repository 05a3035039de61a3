//! Image series by region: one course per region, with the pattern of its time-integrated activity.

use super::{SeriesSource, images::Frames};
use crate::{
    error::{Error, Result},
    plan::{ImageSeries, Treatment},
    source::{
        PatternCache, TimeCourse,
        image::percent,
        kinetics::{Errors, Observations, treat},
        region::within,
    },
};

/// The regions that a series lists.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    /// Their labels.
    pub(super) ids: &'a [u16],
    /// Share of the activity of each that the images have inside it.
    pub(super) recovery: &'a [f64],
    /// Whether everything else counts too.
    pub(super) rest: bool,
}

/// One source per listed region, and one for the rest if it counts.
pub(super) fn sources(
    series: &ImageSeries,
    frames: &Frames,
    listed: Listed<'_>,
    physical: f64,
    cache: &mut PatternCache<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<SeriesSource>> {
    let (phantom, ids) = (cache.phantom(), listed.ids);
    let others: Vec<u16> = (0..=phantom.region_names.len() as u16).filter(|id| !ids.contains(id)).collect();
    let mut parts: Vec<(String, Vec<u16>, f64)> = ids
        .iter()
        .zip(listed.recovery)
        .map(|(&id, &recovery)| (phantom.region_names[usize::from(id) - 1].clone(), vec![id], recovery))
        .collect();
    if listed.rest {
        parts.push(("rest".into(), others, 1.0));
    } else {
        let (left, all) = (frames.together(&others), frames.together(&(0..=phantom.region_names.len() as u16).collect::<Vec<_>>()));
        let shares: Vec<String> = left.iter().zip(all).map(|(left, all)| percent(left / all)).collect();
        if left.iter().any(|left| *left != 0.0) {
            warnings.push(format!("of the images' activity in the phantom {} lie in no listed region and are left out", shares.join(", ")));
        }
    }
    let mut sources = Vec::new();
    for (name, ids, recovery) in parts {
        let activities: Vec<f64> = frames.together(&ids).iter().map(|activity| activity / recovery).collect();
        if activities.iter().all(|activity| *activity <= 0.0) {
            warnings.push(format!("\"{name}\" holds no activity in any image, so it is no source"));
            continue;
        }
        let source = source(series, frames, &name, &ids, activities, physical, cache);
        sources.push(source.map_err(|error| within(&format!("image series, \"{name}\""), error))?);
    }
    Ok(sources)
}

fn source(
    series: &ImageSeries,
    frames: &Frames,
    name: &str,
    ids: &[u16],
    activities: Vec<f64>,
    physical: f64,
    cache: &mut PatternCache<'_>,
) -> Result<SeriesSource> {
    let mut warnings = Vec::new();
    let mut used = activities.clone();
    if matches!(series.treatment, Treatment::Interpolate { .. }) {
        for (activity, time) in used.iter_mut().zip(&frames.times).filter(|(activity, _)| **activity < 0.0) {
            warnings.push(format!("the activity at {:.2} h is negative ({activity:.3e} Bq) and was set to zero", time / 3600.0));
            *activity = 0.0;
        }
    }
    let errors = if series.noise > 0.0 { Errors::Relative(series.noise) } else { Errors::Unknown };
    let observed = Observations { times: frames.times.clone(), activities: used, errors };
    let found = treat(&observed, series.treatment, physical)?;
    warnings.extend(found.notes);
    let weights = weights(&frames.times, &activities, &found.course);
    let phantom = cache.phantom();
    let (mut clipped, mut below, mut above, mut voxels) = (0u64, 0.0, 0.0, 0u64);
    let amounts: Vec<(u32, f64)> = (0..phantom.regions.len())
        .filter(|&v| ids.contains(&phantom.regions[v]))
        .map(|v| {
            let amount: f64 = weights.iter().zip(&frames.activities).map(|(weight, image)| weight * f64::from(image[v])).sum();
            voxels += 1;
            if amount < 0.0 {
                clipped += 1;
                below -= amount;
            } else {
                above += amount;
            }
            (v as u32, amount.max(0.0))
        })
        .collect();
    if clipped > 0 && above > 0.0 {
        warnings.push(format!(
            "the time-integrated activity of {clipped} of {voxels} voxels is negative; they have no decays, and the others' share falls by {} to \
             keep the sum",
            percent(below / above)
        ));
    }
    let pattern = cache.share(amounts.into_iter()).ok_or_else(|| Error::input("no voxel has a positive time-integrated activity"))?;
    Ok(SeriesSource {
        name: name.to_string(),
        region: match *ids {
            [id] if id > 0 => Some(usize::from(id) - 1),
            _ => None,
        },
        course: found.course,
        tia: found.tia,
        relative_sigma: found.relative_sigma,
        calibration: series.calibration,
        pattern,
        activities,
        fit: found.fit,
        warnings,
    })
}

/// What each image counts in the time-integrated activity of a voxel, s: the integral of the region's course over the time nearer to this image
/// than to another (from the start and to the end of time for the first and the last), over the region's activity in the image.
///
/// Where the region holds (almost) nothing in an image, that image's noise would be blown up: it counts by its time, as in the trapezoidal rule.
fn weights(times: &[f64], activities: &[f64], course: &TimeCourse) -> Vec<f64> {
    let n = times.len();
    let largest = activities.iter().copied().fold(0.0, f64::max);
    (0..n)
        .map(|i| {
            let from = if i == 0 { 0.0 } else { 0.5 * (times[i - 1] + times[i]) };
            let to = if i + 1 == n { f64::INFINITY } else { 0.5 * (times[i] + times[i + 1]) };
            if activities[i] > 1.0e-3 * largest {
                course.integral(from, to).max(0.0) / activities[i]
            } else {
                (if i + 1 == n { times[i] } else { to }) - from
            }
        })
        .collect()
}
