//! The images of a series on the phantom's grid, as activities at their own times.

use crate::{
    error::{Error, Result},
    phantom::Phantom,
    plan::{ImageQuantity, ImageSeries},
    source::{
        UptakeInputs,
        image::{Signs, percent, signs},
    },
};

/// Activities per voxel of the phantom, image by image.
pub(super) struct Frames {
    /// s.
    pub(super) times: Vec<f64>,
    /// Bq per voxel, decay not corrected; negative where noise made it so.
    pub(super) activities: Vec<Vec<f32>>,
    /// Sums in double precision per region id (0: of no region), Bq.
    pub(super) sums: Vec<Vec<f64>>,
}

impl Frames {
    /// Reads, checks, turns into activities and resamples; says how much lies outside the phantom.
    pub(super) fn load(
        series: &ImageSeries,
        lambda: f64,
        inputs: &dyn UptakeInputs,
        phantom: &Phantom,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let mut frames = Self { times: Vec::new(), activities: Vec::new(), sums: Vec::new() };
        for timed in &series.images {
            let file = timed.path.display();
            let image = inputs.image(&timed.path, series.quantity)?;
            let Signs { negative, below, above } = signs(&image, &file.to_string())?;
            let unit = match series.quantity {
                ImageQuantity::Concentration => image.grid.voxel_volume_cm3(),
                ImageQuantity::Counts { per_count } => per_count,
                _ => 1.0,
            } * if series.decay_corrected { (-lambda * timed.time).exp() } else { 1.0 };
            if above <= 0.0 {
                return Err(Error::input(format!("{file}: the image holds no positive value, so there is no uptake in it")));
            }
            if negative > 0 {
                warnings.push(format!(
                    "{file}: {negative} of {} voxels are negative; their sum is {} of that of the positive ones. They count in sums",
                    image.data.len(),
                    percent(below / above)
                ));
            }
            let (resampled, lost) = inputs.resample_conserving(&image, &phantom.grid);
            drop(image);
            // Of the sum, or of the positive values where noise leaves no sum.
            let outside = lost / if above > below { above - below } else { above };
            // Rounding in the resampling must not raise a warning.
            if outside.abs() > 1.0e-9 {
                warnings.push(format!("{file}: {} of the image's activity lies outside the phantom and is left out", percent(outside)));
            }
            let mut sums = vec![0.0; phantom.region_names.len() + 1];
            for (block, regions) in resampled.data.chunks(4096).zip(phantom.regions.chunks(4096)) {
                let mut part = vec![0.0; sums.len()];
                block.iter().zip(regions).for_each(|(amount, &region)| part[usize::from(region)] += amount * unit);
                sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            }
            frames.times.push(timed.time);
            frames.activities.push(resampled.data.iter().map(|amount| (amount * unit) as f32).collect());
            frames.sums.push(sums);
        }
        Ok(frames)
    }

    /// Activities of the regions of these ids together, at the times, Bq.
    pub(super) fn together(&self, ids: &[u16]) -> Vec<f64> {
        self.sums.iter().map(|sums| ids.iter().map(|&id| sums[usize::from(id)]).sum()).collect()
    }
}
