//! Uptake from an image: what its values mean, what of it counts, and what is lost.

use std::sync::Arc;

use super::{
    DecayPattern, UptakeInputs,
    cache::{PatternCache, sum},
};
use crate::{
    error::{Error, Result},
    plan::{ImageQuantity, ImageUptake},
    volume::Volume,
};

/// What an uptake image gives.
pub(super) struct ImageSource {
    /// Time-integrated activity from the start of the fraction, Bq s.
    pub(super) tia: f64,
    pub(super) pattern: Arc<DecayPattern>,
    /// In words with numbers.
    pub(super) warnings: Vec<String>,
}

/// The source of an uptake image; `lambda` is its effective decay constant, 1/s, `region` the one to which it is limited.
pub(super) fn image_source(
    uptake: &ImageUptake,
    lambda: f64,
    region: Option<usize>,
    inputs: &dyn UptakeInputs,
    cache: &mut PatternCache<'_>,
) -> Result<ImageSource> {
    let file = uptake.path.display();
    check_time(uptake)?;
    let mut image = inputs.image(&uptake.path, uptake.quantity)?;
    let mut warnings = Vec::new();
    clip(&mut image, &file.to_string(), &mut warnings)?;
    // Totals and shares are in the image's own unit times voxels; activity per volume is proportional to it on a regular grid.
    let total: f64 = image.data.chunks(4096).map(|block| block.iter().copied().map(f64::from).sum::<f64>()).sum();
    if total <= 0.0 {
        return Err(Error::input(format!("{file}: the image holds no positive value, so there is no uptake in it")));
    }
    let phantom = cache.phantom();
    let (resampled, _) = inputs.resample_conserving(&image, &phantom.grid);
    let image_voxel_ml = image.grid.voxel_volume_cm3();
    drop(image);
    let in_phantom = sum(&resampled.data);
    let id = region.map(|region| region as u16 + 1);
    let counts = |v: usize| id.is_none_or(|id| phantom.regions[v] == id);
    let amounts = resampled.data.iter().enumerate().filter(|&(v, _)| counts(v));
    let counted: f64 = match id {
        None => in_phantom,
        Some(_) => amounts.clone().map(|(_, amount)| amount).sum(),
    };
    let place = match &uptake.region {
        None => "the phantom".to_string(),
        Some(name) => format!("region \"{name}\""),
    };
    let Some(pattern) = cache.share(amounts.map(|(v, &amount)| (v as u32, amount))) else {
        return Err(Error::input(format!(
            "{file}: all activity of the image lies outside {place}; check that the image and the phantom share one patient frame (LPS, mm)"
        )));
    };
    // Rounding in the resampling must not raise a warning.
    let outside = 1.0 - counted / total;
    if outside > 1.0e-9 {
        let beyond = 1.0 - in_phantom / total;
        let split = if id.is_some() && beyond > 1.0e-9 { format!(" ({} beyond the phantom)", percent(beyond)) } else { String::new() };
        warnings.push(format!("{file}: {} of the image's activity lies outside {place}{split} and is left out", percent(outside)));
    }
    let now = match uptake.quantity {
        ImageQuantity::Activity | ImageQuantity::TimeIntegratedActivity => counted,
        ImageQuantity::Concentration => counted * image_voxel_ml,
        ImageQuantity::Counts { per_count } => counted * per_count,
        // Without region the given total is that of the whole image, so what lies outside stays outside; with one, it is the region's.
        ImageQuantity::Relative { total: activity } => match id {
            None => activity * (counted / total),
            Some(_) => activity,
        },
    };
    let tia = match uptake.quantity {
        ImageQuantity::TimeIntegratedActivity => now,
        _ => now * libm::exp(lambda * uptake.time) / lambda,
    };
    if !tia.is_finite() {
        return Err(Error::input(format!(
            "{file}: decaying back over {} s with an effective half-life of {} s gives no finite activity",
            uptake.time, uptake.effective_half_life
        )));
    }
    Ok(ImageSource { tia, pattern, warnings })
}

/// The image's time and its total must make sense together with its quantity.
fn check_time(uptake: &ImageUptake) -> Result<()> {
    let file = uptake.path.display();
    if !(uptake.time.is_finite() && uptake.time >= 0.0) {
        return Err(Error::input(format!(
            "{file}: the image's time after the start of the fraction must be 0 s or later, found {} s",
            uptake.time
        )));
    }
    match uptake.quantity {
        ImageQuantity::TimeIntegratedActivity if uptake.time != 0.0 => Err(Error::input(format!(
            "{file}: a time-integrated activity has no time of its own (it counts from the start of the fraction), found {} s; leave the time out",
            uptake.time
        ))),
        ImageQuantity::Relative { total } if !(total.is_finite() && total > 0.0) => {
            Err(Error::input(format!("{file}: the total activity of a relative image must be above 0 Bq, found {total} Bq")))
        }
        _ => Ok(()),
    }
}

/// Sets negative values (noise of the reconstruction) to zero and says how much that changes; values that are not numbers are an error.
fn clip(image: &mut Volume<f32>, file: &str, warnings: &mut Vec<String>) -> Result<()> {
    let Signs { negative, below, above } = signs(image, file)?;
    image.data.iter_mut().filter(|value| **value < 0.0).for_each(|value| *value = 0.0);
    if negative > 0 && above > 0.0 {
        warnings.push(format!(
            "{file}: {negative} of {} voxels are negative and were set to zero; their sum is {} of that of the positive ones",
            image.data.len(),
            percent(below / above)
        ));
    }
    Ok(())
}

/// What of an image is negative.
pub(super) struct Signs {
    /// Voxels below zero.
    pub(super) negative: u64,
    /// Their sum, as a positive number.
    pub(super) below: f64,
    /// Sum of the others.
    pub(super) above: f64,
}

/// Sums of an image by sign.
///
/// # Errors
/// Values that are not finite numbers.
pub(super) fn signs(image: &Volume<f32>, file: &str) -> Result<Signs> {
    if let Some(v) = image.data.iter().position(|value| !value.is_finite()) {
        let bad = image.data.iter().filter(|value| !value.is_finite()).count();
        return Err(Error::input(format!(
            "{file}: {bad} values are not finite numbers, the first ({}) at voxel {:?}",
            image.data[v],
            image.grid.ijk(v)
        )));
    }
    let mut signs = Signs { negative: 0, below: 0.0, above: 0.0 };
    for &value in &image.data {
        if value < 0.0 {
            signs.negative += 1;
            signs.below -= f64::from(value);
        } else {
            signs.above += f64::from(value);
        }
    }
    Ok(signs)
}

/// A share in per cent, with digits enough for small ones.
pub(super) fn percent(share: f64) -> String {
    if share.abs() >= 0.001 { format!("{:.2} %", 100.0 * share) } else { format!("{:.1e} %", 100.0 * share) }
}
