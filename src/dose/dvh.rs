//! Dose-volume statistics of a set of voxels of equal volume.
//!
//! Whole voxels count, by their dose; no voxel is split and no curve is capped or smoothed. The conventions are those of
//! `docs/formats/results.md`, because different ones shift D_x and V_x by a few percent in small regions.

/// Default number of bins between 0 and a region's maximum dose.
pub const DEFAULT_BINS: usize = 500;
/// Most bins of one curve; a narrower bin width is widened, and that is reported.
pub const MAX_BINS: usize = 100_000;

/// A cumulative dose-volume histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Dvh {
    /// Dose thresholds, Gy, ascending from 0; the last is the first above the maximum dose.
    pub dose: Vec<f64>,
    /// Share of the region's volume with at least that dose: from 1 to 0.
    pub volume: Vec<f64>,
    /// Distance of the thresholds, Gy.
    pub bin: f64,
    /// True if `bin` is wider than asked, to stay within [`MAX_BINS`].
    pub widened: bool,
}

/// Where thresholds lie: `dose(k) = scale k / bins` keeps the last default threshold exactly at the maximum.
#[derive(Clone, Copy)]
struct Thresholds {
    scale: f64,
    bins: f64,
}

impl Thresholds {
    fn dose(self, k: usize) -> f64 {
        self.scale * k as f64 / self.bins
    }

    /// The highest threshold that `dose` reaches.
    fn reached(self, dose: f64) -> usize {
        let mut k = (dose * self.bins / self.scale) as usize;
        while self.dose(k + 1) <= dose {
            k += 1;
        }
        while k > 0 && self.dose(k) > dose {
            k -= 1;
        }
        k
    }
}

/// The cumulative DVH of voxel doses (Gy, finite, not negative). `bin`: width in Gy; `None`: 1/500 of their maximum.
///
/// `None` without voxels. Without dose the curve has the thresholds 0 and one bin.
pub fn cumulative(doses: &[f32], bin: Option<f64>) -> Option<Dvh> {
    let max = f64::from(doses.iter().copied().reduce(f32::max)?);
    let mut widened = false;
    let thresholds = match bin {
        Some(width) if width > 0.0 && max / width <= MAX_BINS as f64 => Thresholds { scale: width, bins: 1.0 },
        _ if max <= 0.0 => Thresholds { scale: 1.0, bins: 1.0 },
        None => Thresholds { scale: max, bins: DEFAULT_BINS as f64 },
        Some(_) => {
            widened = true;
            Thresholds { scale: max, bins: MAX_BINS as f64 }
        }
    };
    let mut counts = vec![0u64; thresholds.reached(max) + 2];
    for &d in doses {
        counts[thresholds.reached(f64::from(d))] += 1;
    }
    let mut above = 0;
    for count in counts.iter_mut().rev() {
        above += *count;
        *count = above;
    }
    Some(Dvh {
        dose: (0..counts.len()).map(|k| thresholds.dose(k)).collect(),
        volume: counts.iter().map(|&n| n as f64 / doses.len() as f64).collect(),
        bin: thresholds.dose(1),
        widened,
    })
}

/// D_x: the dose that the hottest `percent` of the volume reaches at least, Gy.
///
/// Linear interpolation between the sorted voxel doses `d[0] <= ... <= d[n-1]` at position `(1 - x/100)(n - 1)` (type 7 of
/// Hyndman and Fan 1996, numpy's default), so D100 is the minimum and D0 the maximum. Reorders `doses`; `None` if there are none.
pub fn dose_at_volume(doses: &mut [f32], percent: f64) -> Option<f64> {
    let last = doses.len().checked_sub(1)?;
    let position = ((100.0 - percent) * last as f64 / 100.0).clamp(0.0, last as f64);
    let below = position as usize;
    let share = position - below as f64;
    let (_, &mut low, above) = doses.select_nth_unstable_by(below, f32::total_cmp);
    let low = f64::from(low);
    match above.iter().copied().reduce(f32::min) {
        Some(high) if share > 0.0 => Some(low + share * (f64::from(high) - low)),
        _ => Some(low),
    }
}

/// V_x: share of the volume with at least `level` Gy; `None` without voxels.
pub fn volume_at_dose(doses: &[f32], level: f64) -> Option<f64> {
    let reached = doses.iter().filter(|&&d| f64::from(d) >= level).count();
    (!doses.is_empty()).then(|| reached as f64 / doses.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_x_of_hand_calculated_cases() {
        // 0, 10, ... 100 Gy: position of D98 = 0.02 * 10 = 0.2 -> 2 Gy; D95 -> 5; D50 -> 50; D2 -> 9.8 -> 98.
        let mut doses: Vec<f32> = (0..11).rev().map(|i| 10.0 * i as f32).collect();
        for (percent, expected) in [(98.0, 2.0), (95.0, 5.0), (50.0, 50.0), (2.0, 98.0), (100.0, 0.0), (0.0, 100.0)] {
            let found = dose_at_volume(&mut doses, percent).unwrap();
            assert!((found - expected).abs() < 1e-9, "D{percent}: {found}");
        }
        // An even number: the median lies between.
        assert_eq!(dose_at_volume(&mut [4.0, 1.0, 2.0, 3.0], 50.0), Some(2.5));
        // Ties: three of four voxels at 7 Gy.
        let mut ties = [7.0, 1.0, 7.0, 7.0];
        assert_eq!(dose_at_volume(&mut ties, 50.0), Some(7.0));
        assert!((dose_at_volume(&mut ties, 98.0).unwrap() - (1.0 + 0.06 * 6.0)).abs() < 1e-12);
        assert_eq!(dose_at_volume(&mut [3.5], 98.0), Some(3.5));
        assert_eq!(dose_at_volume(&mut [], 50.0), None);
    }

    #[test]
    fn v_x_counts_the_threshold_itself() {
        let doses = [1.0, 2.0, 2.0, 5.0];
        assert_eq!(volume_at_dose(&doses, 2.0), Some(0.75));
        assert_eq!(volume_at_dose(&doses, 2.1), Some(0.25));
        assert_eq!(volume_at_dose(&doses, 0.0), Some(1.0));
        assert_eq!(volume_at_dose(&[], 1.0), None);
    }

    #[test]
    fn curve_with_a_given_bin() {
        let dvh = cumulative(&[0.0, 0.5, 1.0, 2.0], Some(0.5)).unwrap();
        assert_eq!(dvh.dose, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
        assert_eq!(dvh.volume, [1.0, 0.75, 0.5, 0.25, 0.25, 0.0]);
        assert!(!dvh.widened);
    }

    #[test]
    fn default_curve_ends_at_the_maximum_and_agrees_with_v_x() {
        // Doses that binary fractions do not hold, so that threshold arithmetic is put to the test.
        let doses: Vec<f32> = (1..=997).map(|i| (i * i % 991) as f32 * 0.0137).collect();
        let dvh = cumulative(&doses, None).unwrap();
        assert_eq!(dvh.dose.len(), DEFAULT_BINS + 2);
        let max = f64::from(doses.iter().copied().reduce(f32::max).unwrap());
        assert_eq!(dvh.dose[DEFAULT_BINS], max);
        assert!(dvh.volume[DEFAULT_BINS] > 0.0 && dvh.volume[DEFAULT_BINS + 1] == 0.0);
        for (&d, &v) in dvh.dose.iter().zip(&dvh.volume) {
            assert_eq!(Some(v), volume_at_dose(&doses, d), "at {d} Gy");
        }
    }

    #[test]
    fn no_dose_no_voxels_and_bins_too_narrow() {
        assert_eq!(cumulative(&[], None), None);
        for bin in [None, Some(0.1)] {
            let dvh = cumulative(&[0.0, 0.0], bin).unwrap();
            assert_eq!((dvh.dose[0], &dvh.volume[..]), (0.0, &[1.0, 0.0][..]));
        }
        let dvh = cumulative(&[100.0], Some(1e-9)).unwrap();
        assert!(dvh.widened && dvh.bin == 1e-3);
        assert_eq!(dvh.dose.len(), MAX_BINS + 2);
    }
}
