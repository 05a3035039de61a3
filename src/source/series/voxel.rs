//! Image series by voxel: a single exponential per voxel, gathered into classes of similar half-life.

use super::{SeriesSource, images::Frames};
use crate::{
    error::{Error, Result},
    plan::ImageSeries,
    source::{PatternCache, TimeCourse, image::percent},
};

/// Rates at which the sum of squares is looked at before the best is refined.
const RATES: usize = 96;
/// Weights do not follow the mean activity of the voxels below this share of its largest value.
const LEAST_SHARE: f64 = 1.0e-3;
/// Rates this close are one: images in single precision tell no more.
const SAME_RATE: f64 = 1.0e-5;
/// A voxel clears with at least this share of the time of the first image as its half-life.
const SHORTEST: f64 = 0.5;

/// `A e^(-k t)` of one voxel.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Exponential {
    /// A, Bq.
    activity: f64,
    /// k, 1/s.
    rate: f64,
}

/// Weighted least squares of single exponentials at common times.
struct Fitter {
    times: Vec<f64>,
    /// 1 / relative error scale, per image.
    weights: Vec<f64>,
    rates: Vec<f64>,
    /// For each rate the weighted exponentials at the times, as a unit vector.
    table: Vec<f64>,
}

impl Fitter {
    fn new(times: &[f64], weights: Vec<f64>, lambda: f64) -> Self {
        let first = times.iter().copied().find(|time| *time > 0.0).unwrap_or(1.0);
        let fastest = lambda + std::f64::consts::LN_2 / (SHORTEST * first);
        let rates: Vec<f64> = (0..RATES).map(|j| lambda * (fastest / lambda).powf(j as f64 / (RATES - 1) as f64)).collect();
        let mut fitter = Self { times: times.to_vec(), weights, rates, table: Vec::new() };
        for j in 0..RATES {
            let row: Vec<f64> = (0..times.len()).map(|i| fitter.weights[i] * (-fitter.rates[j] * times[i]).exp()).collect();
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            fitter.table.extend(row.iter().map(|x| x / length));
        }
        fitter
    }

    /// How much of the (weighted) data a rate explains: the projection on its unit vector, its derivative by the rate, and the amplitude.
    fn explained(&self, data: &[f64], rate: f64) -> (f64, f64, f64) {
        let (mut gg, mut gy, mut hg, mut hy) = (0.0, 0.0, 0.0, 0.0);
        for ((t, w), y) in self.times.iter().zip(&self.weights).zip(data) {
            let g = w * (-rate * t).exp();
            let h = -t * g;
            gg += g * g;
            gy += g * y;
            hg += h * g;
            hy += h * y;
        }
        // d/dk gy / sqrt(gg) up to the positive factor gg^(-3/2).
        (gy / gg.sqrt(), hy * gg - gy * hg, gy / gg)
    }

    /// The best curve for a voxel's activities; `None` if none has a positive activity.
    fn fit(&self, activities: &[f64], data: &mut [f64]) -> Option<Exponential> {
        let n = self.times.len();
        data.iter_mut().zip(activities).zip(&self.weights).for_each(|((d, y), w)| *d = y * w);
        let (mut best, mut highest) = (0, f64::NEG_INFINITY);
        for (j, row) in self.table.chunks_exact(n).enumerate() {
            let projection: f64 = row.iter().zip(data.iter()).map(|(g, y)| g * y).sum();
            if projection > highest {
                (best, highest) = (j, projection);
            }
        }
        if highest <= 0.0 {
            return None;
        }
        // The derivative changes its sign once between the neighbours of the best rate.
        let (mut low, mut high) = (self.rates[best.saturating_sub(1)], self.rates[(best + 1).min(RATES - 1)]);
        let slope = |rate: f64| self.explained(data, rate).1;
        let (mut at_low, mut at_high) = (slope(low), slope(high));
        let rate = if at_low <= 0.0 && best == 0 {
            low
        } else if at_high >= 0.0 && best == RATES - 1 {
            high
        } else if at_low <= 0.0 || at_high >= 0.0 {
            self.rates[best]
        } else {
            // Regula falsi after Illinois.
            let (mut rate, mut above) = (self.rates[best], None);
            for _ in 0..60 {
                let found = slope(rate);
                if found > 0.0 {
                    (low, at_low) = (rate, found);
                    at_high *= if above == Some(false) { 0.5 } else { 1.0 };
                } else {
                    (high, at_high) = (rate, found);
                    at_low *= if above == Some(true) { 0.5 } else { 1.0 };
                }
                above = Some(found <= 0.0);
                let next = (low * at_high - high * at_low) / (at_high - at_low);
                if found == 0.0 || (next - rate).abs() <= 1.0e-12 * rate {
                    break;
                }
                rate = next;
            }
            rate
        };
        let (_, _, activity) = self.explained(data, rate);
        (activity > 0.0).then_some(Exponential { activity, rate })
    }

    /// `y_i d(A/k)/dy_i` at the fitted curve, Bq s: what a relative error of image i makes of the integral.
    fn sensitivity(&self, fit: Exponential, out: &mut [f64]) {
        let Exponential { activity, rate } = fit;
        let bound = rate <= self.rates[0] || rate >= self.rates[RATES - 1];
        let (mut ee, mut et, mut tt) = (0.0, 0.0, 0.0);
        let terms = |i: usize| {
            let e = self.weights[i] * (-rate * self.times[i]).exp();
            (e, -self.times[i] * activity * e)
        };
        for i in 0..self.times.len() {
            let (e, t) = terms(i);
            ee += e * e;
            et += e * t;
            tt += t * t;
        }
        let determinant = ee * tt - et * et;
        for (i, out) in out.iter_mut().enumerate() {
            let (e, t) = terms(i);
            let curve = activity * e;
            *out = if bound || determinant <= 0.0 {
                curve * e / ee / rate
            } else {
                let (by_activity, by_rate) = ((tt * e - et * t) / determinant, (ee * t - et * e) / determinant);
                curve * (by_activity / rate - activity * by_rate / (rate * rate))
            };
        }
    }
}

/// Voxels and the curve of each.
type Fitted = Vec<(u32, Exponential)>;

/// One source per class.
pub(super) fn sources(
    series: &ImageSeries,
    frames: &Frames,
    ids: &[u16],
    classes: usize,
    lambda: f64,
    cache: &mut PatternCache<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<SeriesSource>> {
    let phantom = cache.phantom();
    let all: Vec<u16> = (0..=phantom.region_names.len() as u16).collect();
    let ids = if ids.is_empty() { &all[..] } else { ids };
    let counts: Vec<bool> = all.iter().map(|id| ids.contains(id)).collect();
    let sums = frames.together(ids);
    let largest = sums.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Ok(Vec::new());
    }
    let fitter = Fitter::new(&frames.times, sums.iter().map(|sum| largest / sum.max(LEAST_SHARE * largest)).collect(), lambda);
    let fitted = fit_all(&fitter, frames, |v| counts[usize::from(phantom.regions[v])], &sums, warnings);
    tell_left_out(frames, &all, ids, warnings);
    let classes = divide(fitted, classes);
    let number = classes.len();
    let mut sources = Vec::new();
    for (c, voxels) in classes.into_iter().enumerate() {
        let name = format!("class {} of {number}", c + 1);
        sources.push(class(series, frames, &fitter, name, voxels, cache)?);
    }
    Ok(sources)
}

/// Fits every voxel that counts and tells how that went.
fn fit_all(fitter: &Fitter, frames: &Frames, counts: impl Fn(usize) -> bool, sums: &[f64], warnings: &mut Vec<String>) -> Fitted {
    let n = frames.times.len();
    let (mut activities, mut data) = (vec![0.0; n], vec![0.0; n]);
    let (mut fitted, mut voxels, mut none, mut slowest, mut fastest) = (Vec::new(), 0u64, 0u64, 0u64, 0u64);
    let (mut left, mut curves) = (vec![0.0; n], vec![0.0; n]);
    for v in (0..frames.activities[0].len()).filter(|&v| counts(v)) {
        activities.iter_mut().zip(&frames.activities).for_each(|(activity, image)| *activity = f64::from(image[v]));
        if activities.iter().all(|activity| *activity == 0.0) {
            continue;
        }
        voxels += 1;
        let Some(fit) = fitter.fit(&activities, &mut data) else {
            none += 1;
            left.iter_mut().zip(&activities).for_each(|(left, activity)| *left += activity);
            continue;
        };
        slowest += u64::from(fit.rate <= fitter.rates[0]);
        fastest += u64::from(fit.rate >= fitter.rates[RATES - 1]);
        curves.iter_mut().zip(&frames.times).for_each(|(curve, time)| *curve += fit.activity * (-fit.rate * time).exp());
        fitted.push((v as u32, fit));
    }
    let shares = |parts: &[f64]| parts.iter().zip(sums).map(|(part, sum)| percent(part / sum)).collect::<Vec<_>>().join(", ");
    if none > 0 {
        warnings.push(format!(
            "{none} of {voxels} voxels with values admit no positive curve and have no decays; they hold {} of the images' activity",
            shares(&left)
        ));
    }
    if slowest + fastest > 0 {
        warnings.push(format!(
            "{slowest} of {voxels} voxels fall with physical decay alone, {fastest} as fast as the time of the first image lets be known"
        ));
    }
    warnings.push(format!("the voxels' curves hold {} of the images' activity at their times", shares(&curves)));
    fitted
}

/// Says what lies in the phantom but in no region that counts.
fn tell_left_out(frames: &Frames, all: &[u16], ids: &[u16], warnings: &mut Vec<String>) {
    let (inside, total) = (frames.together(ids), frames.together(all));
    if ids.len() < all.len() && inside != total {
        let shares: Vec<String> = inside.iter().zip(&total).map(|(inside, total)| percent(1.0 - inside / total)).collect();
        warnings.push(format!("of the images' activity in the phantom {} lie in no listed region and are left out", shares.join(", ")));
    }
}

/// Classes of equal shares of the integral, from the slowest on; voxels of one rate stay together.
fn divide(mut fitted: Fitted, classes: usize) -> Vec<Fitted> {
    fitted.sort_by(|a, b| a.1.rate.total_cmp(&b.1.rate).then(a.0.cmp(&b.0)));
    let total: f64 = fitted.iter().map(|(_, fit)| fit.activity / fit.rate).sum();
    let (mut parts, mut sum): (Vec<Fitted>, f64) = (Vec::new(), 0.0);
    // Integral at which the open class is full, and the rate at which it became so.
    let (mut wanted, mut full): (f64, Option<f64>) = (0.0, None);
    for (v, fit) in fitted {
        let another = full.is_some_and(|rate| fit.rate > rate * (1.0 + SAME_RATE)) && parts.len() < classes;
        if parts.is_empty() || another {
            wanted = sum + (total - sum) / (classes - parts.len()) as f64;
            full = None;
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push((v, fit));
        }
        sum += fit.activity / fit.rate;
        if full.is_none() && sum >= wanted {
            full = Some(fit.rate);
        }
    }
    parts
}

/// One class: the rate that keeps both the activity at the start and the integral.
fn class(
    series: &ImageSeries,
    frames: &Frames,
    fitter: &Fitter,
    name: String,
    mut voxels: Fitted,
    cache: &mut PatternCache<'_>,
) -> Result<SeriesSource> {
    voxels.sort_by_key(|(v, _)| *v);
    let n = frames.times.len();
    let (mut start, mut tia, mut felt, mut activities) = (0.0, 0.0, vec![0.0; n], vec![0.0; n]);
    let mut one = vec![0.0; n];
    for (v, fit) in &voxels {
        start += fit.activity;
        tia += fit.activity / fit.rate;
        fitter.sensitivity(*fit, &mut one);
        felt.iter_mut().zip(&one).for_each(|(sum, one)| *sum += one);
        activities.iter_mut().zip(&frames.activities).for_each(|(sum, image)| *sum += f64::from(image[*v as usize]));
    }
    let rate = start / tia;
    let farthest = voxels.iter().map(|(_, fit)| fit.rate / rate - 1.0).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    let warnings = vec![format!(
        "{} voxels with half-lives of {:.2} h on average; the rate of a voxel is up to {:+.1} % from that",
        voxels.len(),
        std::f64::consts::LN_2 / rate / 3600.0,
        100.0 * farthest
    )];
    let pattern = cache
        .share(voxels.iter().map(|(v, fit)| (*v, fit.activity / fit.rate)))
        .ok_or_else(|| Error::input(format!("image series, {name}: no voxel has a finite time-integrated activity")))?;
    // One error per image, the same for all voxels of the class: an upper limit.
    let relative_sigma = series.noise * felt.iter().map(|felt| felt * felt).sum::<f64>().sqrt() / tia;
    Ok(SeriesSource {
        name,
        region: None,
        course: TimeCourse::exponential(start, rate),
        tia,
        relative_sigma,
        calibration: series.calibration,
        pattern,
        activities,
        fit: None,
        warnings,
    })
}

#[cfg(test)]
#[path = "voxel_tests.rs"]
mod tests;
