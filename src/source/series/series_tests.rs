use std::{collections::HashMap, path::PathBuf};

use glam::DVec3;

use super::*;
use crate::{
    grid::VoxelGrid,
    phantom::Phantom,
    plan::{ImageFile, TimedImage},
    source::image::percent,
    volume::{Volume, resample_conserving},
};

const HOUR: f64 = 3600.0;
const PHYSICAL: f64 = 160.0 * HOUR;
const LAMBDA: f64 = std::f64::consts::LN_2 / PHYSICAL;
const TIMES: [f64; 4] = [4.0, 24.0, 96.0, 168.0];

struct Images(HashMap<PathBuf, Volume<f32>>);

impl UptakeInputs for Images {
    fn image(&self, file: &ImageFile, _: ImageQuantity) -> Result<Volume<f32>> {
        self.0.get(&file.path).cloned().ok_or_else(|| Error::input(format!("{}: no such image", file.display())))
    }

    fn resample_conserving(&self, image: &Volume<f32>, target: &VoxelGrid) -> (Volume<f64>, f64) {
        resample_conserving(image, target)
    }
}

fn rate(hours: f64) -> f64 {
    std::f64::consts::LN_2 / (hours * HOUR)
}

/// 20 x 16 x 12 voxels of 2 mm; a kidney for x < 8, a lesion for x >= 12, between them nothing.
fn phantom() -> Phantom {
    let grid = VoxelGrid::axis_aligned([20, 16, 12], DVec3::splat(2.0), DVec3::splat(1.0));
    let region = |v: usize| match grid.ijk(v)[0] {
        0..8 => 1,
        8..12 => 0,
        _ => 2,
    };
    Phantom {
        grid,
        voxels: vec![1; grid.len()],
        materials: vec![],
        regions: (0..grid.len()).map(region).collect(),
        region_names: vec!["kidney".into(), "lesion".into()],
        warnings: vec![],
    }
}

/// Image voxels of 4 mm whose faces are also faces of the phantom; one layer lies outside the phantom along z.
fn coarse() -> VoxelGrid {
    VoxelGrid::axis_aligned([10, 8, 7], DVec3::splat(4.0), DVec3::splat(2.0))
}

/// Bq of a coarse voxel at the start, and its half-life, h.
fn truth(ijk: [u32; 3]) -> (f64, f64) {
    let share = 1.0 + 0.1 * f64::from(ijk[1]) + 0.05 * f64::from(ijk[2]);
    match ijk[0] {
        0..4 => (900.0 * share, 40.0),
        4..6 => (60.0 * share, 20.0),
        _ => (2000.0 * share, 90.0),
    }
}

/// Time integral and activity at a time over coarse voxels of some x, inside the phantom.
fn sums(x: std::ops::Range<u32>, time: f64) -> (f64, f64) {
    let grid = coarse();
    let inside = (0..grid.len()).map(|v| grid.ijk(v)).filter(|ijk| x.contains(&ijk[0]) && ijk[2] < 6);
    inside.map(truth).fold((0.0, 0.0), |(t, a), (activity, hours)| (t + activity / rate(hours), a + activity * (-rate(hours) * time).exp()))
}

/// Images made by a function of voxel position, truth at the time, and number of the image.
fn images(value: impl Fn([u32; 3], f64, usize) -> f64) -> Images {
    let grid = coarse();
    let one = |n: usize| {
        let time = TIMES[n] * HOUR;
        let activity = |ijk: [u32; 3]| {
            let (activity, hours) = truth(ijk);
            value(ijk, activity * (-rate(hours) * time).exp(), n) as f32
        };
        (PathBuf::from(format!("{n}.nii")), Volume::new(grid, (0..grid.len()).map(|v| activity(grid.ijk(v))).collect()))
    };
    Images((0..4).map(one).collect())
}

const MONO: Treatment = Treatment::Fit { model: FitModel::Mono };

fn series(by: SeriesBy) -> ImageSeries {
    ImageSeries {
        images: (0..4).map(|n| TimedImage { path: format!("{n}.nii").as_str().into(), time: TIMES[n] * HOUR }).collect(),
        quantity: ImageQuantity::Activity,
        decay_corrected: false,
        by,
        treatment: MONO,
        noise: 0.08,
        calibration: 0.05,
        predicted: None,
    }
}

fn regions(names: &[&str], rest: bool) -> SeriesBy {
    SeriesBy::Region { regions: names.iter().map(ToString::to_string).collect(), recovery: vec![1.0; names.len()], rest }
}

fn run(series: &ImageSeries, images: &Images) -> Result<SeriesSources> {
    let phantom = phantom();
    series_sources(series, PHYSICAL, images, &mut PatternCache::new(&phantom))
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found:e} against {expected:e}: {:e}", found / expected - 1.0);
}

#[test]
fn regions_and_the_rest_come_back_and_activity_is_conserved() {
    let found = run(&series(regions(&["kidney", "lesion"], true)), &images(|_, a, _| a)).unwrap();
    let names: Vec<&str> = found.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["kidney", "lesion", "rest"]);
    for (source, x, hours) in [(&found.sources[0], 0..4, 40.0), (&found.sources[1], 6..10, 90.0), (&found.sources[2], 4..6, 20.0)] {
        close(source.tia, sums(x.clone(), 0.0).0, 1e-6);
        close(source.course.pieces[0].rate, rate(hours), 1e-6);
        close(source.course.tia(), source.tia, 1e-10);
        for (n, activity) in source.activities.iter().enumerate() {
            close(*activity, sums(x.clone(), TIMES[n] * HOUR).1, 1e-6);
        }
        assert!(source.calibration == 0.05 && source.relative_sigma > 0.04 && source.relative_sigma < 0.2, "{}", source.relative_sigma);
    }
    let at = |n: usize| found.sources.iter().map(|source| source.activities[n]).sum::<f64>();
    close(at(2), sums(0..10, 96.0 * HOUR).1, 1e-6);
    // The seventh layer of seven holds 1.65 of 10.5 parts.
    assert_eq!(found.warnings.iter().filter(|w| w.contains("lies outside the phantom")).count(), 4, "{:?}", found.warnings);
    assert!(found.warnings[0].contains("0.nii: 15.71 %"), "{:?}", found.warnings);
    // One half-life: the pattern is that of the activity.
    let phantom = phantom();
    let lesion = &found.sources[1];
    let total = sums(6..10, 0.0).1;
    for (v, share) in lesion.pattern.voxels.iter().zip(&lesion.pattern.shares) {
        let ijk = phantom.grid.ijk(*v as usize).map(|i| i / 2);
        close(*share, truth(ijk).0 / 8.0 / total, 1e-6);
    }
}

#[test]
fn what_is_not_listed_is_left_out_and_told() {
    let found = run(&series(regions(&["lesion"], false)), &images(|_, a, _| a)).unwrap();
    assert_eq!(found.sources.len(), 1);
    let left = 1.0 - sums(6..10, 4.0 * HOUR).1 / sums(0..10, 4.0 * HOUR).1;
    let warning = found.warnings.last().unwrap();
    assert!(warning.contains("no listed region") && warning.contains(&percent(left)), "{warning}");
    // With the rest everything is there again.
    let found = run(&series(regions(&["lesion"], true)), &images(|_, a, _| a)).unwrap();
    close(found.sources.iter().map(|source| source.activities[1]).sum(), sums(0..10, 24.0 * HOUR).1, 1e-6);
}

#[test]
fn decay_correction_and_units_are_undone() {
    let by = || regions(&["kidney", "lesion"], true);
    let plain = run(&series(by()), &images(|_, a, _| a)).unwrap();
    let corrected = ImageSeries { decay_corrected: true, ..series(by()) };
    let corrected = run(&corrected, &images(|_, a, n| a * (LAMBDA * TIMES[n] * HOUR).exp())).unwrap();
    let concentration = ImageSeries { quantity: ImageQuantity::Concentration, ..series(by()) };
    let concentration = run(&concentration, &images(|_, a, _| a / 0.064)).unwrap();
    for other in [corrected, concentration] {
        for (a, b) in plain.sources.iter().zip(&other.sources) {
            close(b.tia, a.tia, 1e-6);
            close(b.relative_sigma, a.relative_sigma, 1e-4);
            assert_eq!(a.pattern.voxels, b.pattern.voxels);
            a.pattern.shares.iter().zip(&b.pattern.shares).for_each(|(a, b)| close(*b, *a, 1e-5));
        }
    }
}

#[test]
fn noise_that_is_negative_counts_in_sums_and_not_in_patterns() {
    // Half the voxels of the kidney hold -50 %, the other half 250 %: the mean is right.
    let noisy = images(|ijk, a, _| if ijk[0] < 4 { a * if ijk[0] % 2 == 0 { -0.5 } else { 2.5 } } else { a });
    let found = run(&series(regions(&["kidney"], false)), &noisy).unwrap();
    let kidney = &found.sources[0];
    close(kidney.tia, sums(0..4, 0.0).0, 1e-6);
    assert_eq!(kidney.pattern.voxels.len(), 8 * 16 * 12 / 2);
    close(kidney.pattern.shares.iter().sum(), 1.0, 1e-12);
    assert!(kidney.warnings.iter().any(|w| w.contains("768 of 1536 voxels is negative") && w.contains("20.00 %")), "{:?}", kidney.warnings);
    assert!(found.warnings.iter().any(|w| w.contains("are negative") && w.contains("count in sums")));
}

#[test]
fn interpolation_takes_the_same_sums() {
    use crate::plan::{Before, Between, Tail};
    let treatment = Treatment::Interpolate { between: Between::LogLinear, before: Before::Extrapolated, tail: Tail::Fitted { samples: 2 } };
    let found = run(&ImageSeries { treatment, ..series(regions(&["kidney"], false)) }, &images(|_, a, _| a)).unwrap();
    close(found.sources[0].tia, sums(0..4, 0.0).0, 1e-5);
    assert!(found.sources[0].fit.is_none() && found.sources[0].relative_sigma > 0.03);
}

fn voxels(classes: usize) -> SeriesBy {
    SeriesBy::Voxel { regions: vec!["kidney".into(), "lesion".into()], classes }
}

#[test]
fn voxels_of_two_half_lives_are_two_classes_with_exact_integrals() {
    let found = run(&series(voxels(2)), &images(|_, a, _| a)).unwrap();
    // The lesion holds most of the integral, so that equal shares would cut it; one half-life stays together.
    assert_eq!(found.sources.len(), 2, "{:?}", found.sources.iter().map(|s| &s.warnings).collect::<Vec<_>>());
    let phantom = phantom();
    for (source, x, hours) in [(&found.sources[0], 6..10, 90.0), (&found.sources[1], 0..4, 40.0)] {
        close(source.tia, sums(x, 0.0).0, 2e-6);
        close(source.course.pieces[0].rate, rate(hours), 2e-6);
        for (v, share) in source.pattern.voxels.iter().zip(&source.pattern.shares) {
            let (activity, hours) = truth(phantom.grid.ijk(*v as usize).map(|i| i / 2));
            close(share * source.tia, activity / 8.0 / rate(hours), 5e-6);
        }
    }
    // One class keeps activity at the start and integral.
    let one = run(&series(voxels(1)), &images(|_, a, _| a)).unwrap();
    let (kidney, lesion) = (sums(0..4, 0.0), sums(6..10, 0.0));
    close(one.sources[0].tia, kidney.0 + lesion.0, 2e-6);
    close(one.sources[0].course.at(0.0), kidney.1 + lesion.1, 2e-6);
    let deviation = rate(40.0) / ((kidney.1 + lesion.1) / (kidney.0 + lesion.0)) - 1.0;
    assert!(one.sources[0].warnings[0].contains(&format!("{:+.1} %", 100.0 * deviation)), "{:?}", one.sources[0].warnings);
}

#[test]
fn the_uncertainty_of_a_class_is_that_of_images_that_err_as_a_whole() {
    let only = |factors: [f64; 4]| {
        let by = SeriesBy::Voxel { regions: vec!["kidney".into()], classes: 1 };
        run(&series(by), &images(|_, a, n| a * factors[n])).unwrap().sources.remove(0)
    };
    let plain = only([1.0; 4]);
    let changes = (0..4).map(|n| {
        let moved = |step: f64| {
            let mut factors = [1.0; 4];
            factors[n] += step;
            only(factors).tia
        };
        (moved(1e-3) - moved(-1e-3)) / 2e-3 / plain.tia
    });
    // Weights follow the images, which adds terms of second order only.
    let expected = 0.08 * changes.map(|change| change * change).sum::<f64>().sqrt();
    close(plain.relative_sigma, expected, 1e-2);
    // With one half-life that is the region's own fit, whose weights follow its curve too.
    let region = run(&series(regions(&["kidney"], false)), &images(|_, a, _| a)).unwrap().sources.remove(0).fit.unwrap();
    close(plain.relative_sigma, region.linear_sigma.unwrap() / region.tia, 1e-4);
}

#[test]
fn noise_in_voxels_shifts_their_sum_by_little() {
    // 15 % in every voxel and image, independent; near-normal sums of twelve uniform numbers.
    let mut state = 42u64;
    let mut normal = move || {
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 * (-53f64).exp2()
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    };
    let noise: Vec<f64> = (0..4 * coarse().len()).map(|_| normal()).collect();
    let expected = sums(0..4, 0.0).0 + sums(6..10, 0.0).0;
    let run_with = |share: f64| {
        let noisy = images(|ijk, a, n| a * (1.0 + share * noise[n * coarse().len() + coarse().index(ijk)]));
        let found = run(&series(voxels(4)), &noisy).unwrap();
        let excess = found.sources.iter().map(|source| source.tia).sum::<f64>() / expected - 1.0;
        println!("sum over voxels with noise of {share}: {:+.2} %", 100.0 * excess);
        (found, excess)
    };
    // Chance alone makes 0.5 % and 1.3 % of the 384 voxels of the images.
    let (found, excess) = run_with(0.15);
    assert!(excess.abs() < 0.015, "{excess}");
    let (_, excess) = run_with(0.4);
    assert!((-0.03..0.06).contains(&excess), "{excess}");
    // Shares of the classes are equal, rates ascend.
    for pair in found.sources.windows(2) {
        assert!(pair[0].course.pieces[0].rate < pair[1].course.pieces[0].rate);
        close(pair[1].tia, pair[0].tia, 0.1);
    }
}

#[test]
fn voxels_without_a_curve_are_counted() {
    let bad = images(|ijk, a, _| if ijk == [1, 1, 1] { -5.0 } else { a });
    let found = run(&series(voxels(2)), &bad).unwrap();
    assert!(found.warnings.iter().any(|w| w.contains("8 of 2048 voxels") || w.contains("8 of 3072 voxels")), "{:?}", found.warnings);
    assert!(found.warnings.iter().any(|w| w.contains("the voxels' curves hold 100")), "{:?}", found.warnings);
}

#[test]
fn what_cannot_be_is_told() {
    let message = |series: &ImageSeries| run(series, &images(|_, a, _| a)).unwrap_err().to_string();
    let good = || series(regions(&["kidney"], false));
    assert!(message(&series(regions(&["liver"], false))).contains("its regions are kidney, lesion"));
    assert!(message(&series(regions(&["kidney", "kidney"], false))).contains("twice"));
    let mut bad = good();
    bad.images.truncate(1);
    assert!(message(&bad).contains("two or more"));
    let mut bad = good();
    bad.images[1].time = bad.images[0].time;
    assert!(message(&bad).contains("ascend"));
    assert!(message(&ImageSeries { noise: -0.1, ..good() }).contains("noise"));
    assert!(message(&ImageSeries { quantity: ImageQuantity::TimeIntegratedActivity, ..good() }).contains("concentration"));
    assert!(message(&series(SeriesBy::Voxel { regions: vec![], classes: 0 })).contains("one class"));
    let bi = ImageSeries { treatment: Treatment::Fit { model: FitModel::Bi }, ..series(voxels(2)) };
    assert!(message(&bi).contains("single exponential"));
    assert!(message(&ImageSeries { treatment: Treatment::Fit { model: FitModel::Tri }, ..good() }).contains("\"kidney\""));
    let nan = images(|ijk, a, _| if ijk == [0, 0, 0] { f64::NAN } else { a });
    assert!(run(&good(), &nan).unwrap_err().to_string().contains("1 values are not finite"));
    let empty = images(|ijk, a, _| if ijk[0] < 4 { 0.0 } else { a });
    assert!(run(&good(), &empty).unwrap_err().to_string().contains("\"kidney\" holds no activity"));
}

#[test]
fn the_pattern_of_a_region_is_that_of_its_decays_and_not_of_one_image() {
    // One half of the kidney clears faster: 17.1 h instead of 40 h. It has 47 % of the activity at 4 h and 30 % of the decays.
    let washed = |ijk: [u32; 3], a: f64, n: usize| if ijk[0] < 2 { a * (-rate(30.0) * TIMES[n] * HOUR).exp() } else { a };
    let by = regions(&["kidney"], false);
    let found = run(&ImageSeries { treatment: Treatment::Fit { model: FitModel::Bi }, ..series(by) }, &images(washed)).unwrap();
    let phantom = phantom();
    let pattern = &found.sources[0].pattern;
    let left: f64 = pattern.voxels.iter().zip(&pattern.shares).filter(|(v, _)| phantom.grid.ijk(**v as usize)[0] < 4).map(|(_, s)| s).sum();
    let fast = 1.0 / (1.0 / 40.0 + 1.0 / 30.0);
    let truth = fast / (fast + 40.0);
    assert!((left - truth).abs() < 0.03, "{left} against {truth}");
}
