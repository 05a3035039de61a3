//! Tumours that repopulate: when the number of clonogens is least, and what it is then.

use std::f64::consts::LN_2;

use serde::Serialize;

use super::uniform::ln_mean_exp;
use crate::plan::Repopulation;
use crate::response::lq::repopulation::bed_lost;
use crate::response::maps::{Irradiation, bed_until};

/// The least number of clonogens of a region during and after treatment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Nadir {
    /// When, s after the first fraction's start.
    pub time: f64,
    /// Natural logarithm of the number of clonogens relative to the start, births included.
    pub ln_clonogens: f64,
    /// BED lost to repopulation by then, Gy.
    pub bed_lost: f64,
}

/// Points of the scan between two fraction starts.
const SCAN: u32 = 8;
/// Points of the scan after the last start, in units of the longest mean life; at the end e^-40 of it is left.
const TAIL: [f64; 14] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 40.0];

/// Finds the nadir, with the BED of each voxel up to it (Gy): one time for the whole region, so that clonogens are summed at one moment.
pub(super) fn nadir(
    irradiation: &Irradiation,
    label: u16,
    voxels: &[u32],
    repopulation: Repopulation,
    threads: usize,
) -> (Nadir, Vec<f64>) {
    let alpha = irradiation.tissues().of_label(label).parameters.alpha;
    let starts = irradiation.starts();
    let first = starts.first().copied().unwrap_or(0.0);
    let births = |time: f64| LN_2 * (time - first - repopulation.kick_off).max(0.0) / repopulation.doubling_time;
    let ln_clonogens = |time: f64| {
        let bed = bed_until(irradiation, label, voxels, time, threads);
        ln_mean_exp(bed.iter().map(|&bed| (-alpha * bed, 1.0))) + births(time)
    };

    let mut times: Vec<f64> = vec![first + repopulation.kick_off];
    for pair in starts.windows(2) {
        times.extend((0..SCAN).map(|i| pair[0] + (pair[1] - pair[0]) * f64::from(i) / f64::from(SCAN)));
    }
    times.extend(starts.last());
    // External sessions may lie years from the fractions: then each start has a tail of its own.
    let tails = if irradiation.external().is_empty() { starts.len().saturating_sub(1)..starts.len() } else { 0..starts.len() };
    times.extend(starts[tails].iter().flat_map(|start| TAIL.iter().map(move |lives| start + lives * irradiation.longest_life())));
    times.sort_by(f64::total_cmp);
    times.dedup();
    let scan: Vec<f64> = times.iter().map(|&time| ln_clonogens(time)).collect();
    let best = (0..scan.len()).min_by(|&a, &b| scan[a].total_cmp(&scan[b])).unwrap_or(0);
    let (low, high) = (times[best.saturating_sub(1)], times[(best + 1).min(times.len() - 1)]);
    let refined = golden_minimum(low, high, ln_clonogens);
    // The bracket may straddle a fraction start, where the refinement can settle on the shallower side.
    let (time, value) = if refined.1 < scan[best] { refined } else { (times[best], scan[best]) };
    let lost = bed_lost(alpha, repopulation.doubling_time, repopulation.kick_off, time - first);
    (Nadir { time: time - first, ln_clonogens: value, bed_lost: lost }, bed_until(irradiation, label, voxels, time, threads))
}

/// Golden-section search of a minimum between two points, to 4e-6 of their distance.
fn golden_minimum(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> (f64, f64) {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    for _ in 0..26 {
        if fa <= fb {
            (high, b, fb) = (b, a, fa);
            a = high - ratio * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + ratio * (high - low);
            fb = f(b);
        }
    }
    if fa <= fb { (a, fa) } else { (b, fb) }
}
