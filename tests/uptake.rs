//! Uptake becomes decays where and as many as the plan says; random patterns have the statistics that docs/methods/uptake.md states.

use std::{
    collections::HashMap,
    f64::consts::{LN_2, PI},
    path::PathBuf,
    sync::Arc,
};

use dosaic::{
    error::{Error, Result},
    grid::VoxelGrid,
    phantom::{Phantom, pack_voxel},
    plan::{FractionPlan, ImageFile, ImageQuantity, ImageUptake, Kinetics, NuclidePlan, Phase, RegionUptake, UptakePattern},
    source::{self, DecayGroups, FractionSource, PatternCache, UptakeInputs},
    volume::Volume,
};
use glam::{DMat3, DVec3};

/// Physical half-life of the one nuclide here, s.
const HALF_LIFE: f64 = 6.647 * 86400.0;

/// Images from memory; resampling by counting the 4^3 sub-voxels of each image voxel (exact for the aligned grids used here).
#[derive(Default)]
struct Images(HashMap<PathBuf, Volume<f32>>);

impl UptakeInputs for Images {
    fn image(&self, file: &ImageFile, _: ImageQuantity) -> Result<Volume<f32>> {
        self.0.get(&file.path).cloned().ok_or_else(|| Error::input(format!("{}: no such image", file.display())))
    }

    fn resample_conserving(&self, image: &Volume<f32>, target: &VoxelGrid) -> (Volume<f64>, f64) {
        let (mut out, mut lost) = (vec![0.0; target.len()], 0.0);
        for (v, &value) in image.data.iter().enumerate() {
            for n in 0..64u32 {
                let sub = (DVec3::from([n % 4, n / 4 % 4, n / 16].map(f64::from)) + 0.5) / 4.0 - 0.5;
                let at = image.grid.ijk(v).map(f64::from);
                let voxel = target.to_voxel(image.grid.to_patient(DVec3::from(at) + sub)).round();
                let inside = voxel.cmpge(DVec3::ZERO).all() && voxel.cmplt(DVec3::from(target.size.map(f64::from))).all();
                let share = f64::from(value) / 64.0;
                if inside {
                    out[target.index(voxel.to_array().map(|c| c as u32))] += share;
                } else {
                    lost += share;
                }
            }
        }
        (Volume::new(*target, out), lost)
    }
}

/// A phantom of water whose regions are given by a function (0 = none).
fn phantom(grid: VoxelGrid, names: &[&str], region: impl Fn(DVec3) -> u16) -> Phantom {
    Phantom {
        grid,
        voxels: vec![pack_voxel(0, 1.0); grid.len()],
        materials: vec![],
        regions: (0..grid.len()).map(|v| region(grid.center(grid.ijk(v)))).collect(),
        region_names: names.iter().map(ToString::to_string).collect(),
        warnings: vec![],
    }
}

fn cube(n: u32, spacing: f64) -> VoxelGrid {
    VoxelGrid::axis_aligned([n; 3], DVec3::splat(spacing), DVec3::splat(-0.5 * spacing * f64::from(n - 1)))
}

fn all_of(grid: VoxelGrid) -> Phantom {
    phantom(grid, &["tumour"], |_| 1)
}

/// Activity that falls with one half-life, s.
fn falling(activity: f64, effective_half_life: f64) -> Kinetics {
    Kinetics::Phases { phases: vec![Phase { activity, effective_half_life }] }
}

fn uptake(region: &str, activity: f64, pattern: UptakePattern) -> RegionUptake {
    RegionUptake { region: region.to_string(), kinetics: falling(activity, 50.0 * 3600.0), pattern, predicted: None }
}

fn image(quantity: ImageQuantity, region: Option<&str>, time: f64) -> ImageUptake {
    ImageUptake {
        path: "dir/spect.nii".into(),
        quantity,
        region: region.map(str::to_string),
        effective_half_life: 50.0 * 3600.0,
        time,
        predicted: None,
    }
}

fn fraction(uptakes: Vec<RegionUptake>, images: Vec<ImageUptake>) -> FractionPlan {
    FractionPlan {
        number: 2,
        start: 1.0e6,
        nuclide: 0,
        administered: 7.4e9,
        uptakes,
        images,
        series: vec![],
        compartments: None,
        until: None,
        predicted_from: None,
        histories: 1,
    }
}

fn build(fraction: &FractionPlan, images: &Images, cache: &mut PatternCache<'_>) -> Result<FractionSource> {
    source::build(
        fraction,
        &[NuclidePlan { name: "Lu-177".into(), daughters: true, redistribution: vec![] }],
        images,
        cache,
        &mut DecayGroups::default(),
    )
}

/// The source of one region uptake.
fn one(phantom: &Phantom, pattern: UptakePattern) -> Result<FractionSource> {
    build(&fraction(vec![uptake(&phantom.region_names[0], 1.0e8, pattern)], vec![]), &Images::default(), &mut PatternCache::new(phantom))
}

/// Relative concentrations (mean 1) over the first region's voxels.
fn concentrations(phantom: &Phantom, pattern: UptakePattern) -> Vec<f64> {
    let source = one(phantom, pattern).unwrap();
    let pattern = &source.components[0].pattern;
    assert!(pattern.voxels.windows(2).all(|pair| pair[0] < pair[1]), "voxels must ascend");
    assert!(pattern.shares.iter().all(|share| *share > 0.0));
    assert!((pattern.shares.iter().sum::<f64>() - 1.0).abs() < 1.0e-12);
    assert!(pattern.voxels.iter().map(|&v| v as usize).eq(phantom.region_voxels(0)), "every voxel of the region and no other");
    pattern.shares.iter().map(|share| share * pattern.shares.len() as f64).collect()
}

fn log_normal(cv: f64, correlation: f64, seed: u64) -> UptakePattern {
    UptakePattern::LogNormal { cv, correlation, seed }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0.0, 0.0), |(n, sum), x| (n + 1.0, sum + x));
    sum / n
}

fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(error @ Error::Input(_)) => error.to_string(),
        other => panic!("expected wrong input, got {other:?}"),
    }
}

#[test]
fn time_integrated_activity_is_the_integral_of_the_decay() {
    let phantom = phantom(cube(10, 2.0), &["kidney", "spleen"], |p| if p.x < 0.0 { 1 } else { u16::from(p.y < 0.0) * 2 });
    let mut cache = PatternCache::new(&phantom);
    let plan = fraction(vec![uptake("kidney", 2.0e8, UptakePattern::Uniform), uptake("spleen", 5.0e7, UptakePattern::Uniform)], vec![]);
    let source = build(&plan, &Images::default(), &mut cache).unwrap();
    assert_eq!((source.number, source.start, source.warnings.len()), (2, 1.0e6, 0));
    let names: Vec<&str> = source.components.iter().map(|component| component.name.as_str()).collect();
    assert_eq!(names, ["Lu-177 in kidney", "Lu-177 in spleen"]);
    for (component, (activity, voxels)) in source.components.iter().zip([(2.0e8, 500), (5.0e7, 250)]) {
        assert!((component.course.pieces[0].rate * 50.0 * 3600.0 / LN_2 - 1.0).abs() < 1.0e-14);
        // The integral of A exp(-lambda t), by the midpoint rule over 40 half-lives.
        let (steps, dt) = (400_000, 40.0 * 50.0 * 3600.0 / 400_000.0);
        let integral: f64 = (0..steps).map(|n| activity * (-component.course.pieces[0].rate * dt * (f64::from(n) + 0.5)).exp() * dt).sum();
        assert!((component.tia / integral - 1.0).abs() < 1.0e-8, "{} and {integral}", component.tia);
        assert_eq!(component.pattern.voxels.len(), voxels);
        assert!(component.pattern.shares.iter().all(|share| (share * voxels as f64 - 1.0).abs() < 1.0e-12));
    }
    assert!(source.components[0].pattern.voxels.iter().all(|&v| phantom.regions[v as usize] == 1));
    assert!(source.components[1].pattern.voxels.iter().all(|&v| phantom.regions[v as usize] == 2));
}

#[test]
fn log_normal_fields_have_the_moments_asked_for() {
    // About 9000 independent cells of (2 sqrt(pi) 1.5)^3 voxels in ten fields of 80^3 voxels.
    let phantom = all_of(cube(80, 1.0));
    let cv = 0.6;
    let sigma2 = (1.0f64 + cv * cv).ln();
    let (mut second, mut third, mut log_mean, mut log_second, mut log_third) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let seeds = 10;
    for seed in 0..seeds {
        let c = concentrations(&phantom, log_normal(cv, 1.5, seed));
        assert!((mean(c.iter().copied()) - 1.0).abs() < 1.0e-12);
        let weight = 1.0 / seeds as f64;
        second += weight * mean(c.iter().map(|x| (x - 1.0).powi(2)));
        third += weight * mean(c.iter().map(|x| (x - 1.0).powi(3)));
        let log = mean(c.iter().map(|x| x.ln()));
        log_mean += weight * log;
        log_second += weight * mean(c.iter().map(|x| (x.ln() - log).powi(2)));
        log_third += weight * mean(c.iter().map(|x| (x.ln() - log).powi(3)));
    }
    // Log-normal with mean 1: variance cv^2, skewness cv^3 + 3 cv, ln has mean -sigma^2/2, variance sigma^2 and no skewness.
    assert!((second.sqrt() / cv - 1.0).abs() < 0.03, "cv {}", second.sqrt());
    assert!((log_second / sigma2 - 1.0).abs() < 0.03, "{log_second} and {sigma2}");
    assert!((log_mean + 0.5 * sigma2).abs() < 0.01, "{log_mean}");
    assert!((log_third / log_second.powf(1.5)).abs() < 0.06, "{log_third}");
    let skewness = third / second.powf(1.5);
    assert!((skewness / (cv.powi(3) + 3.0 * cv) - 1.0).abs() < 0.12, "skewness {skewness}");
}

#[test]
fn log_normal_fields_are_correlated_over_their_length_in_millimetres_along_every_axis() {
    // Voxels of 0.5 x 1 x 2 mm: lengths of 2 mm (lattice of voxels along z, finer than the lattice along x) and of 4 mm.
    let grid = VoxelGrid::axis_aligned([160, 80, 40], DVec3::new(0.5, 1.0, 2.0), DVec3::ZERO);
    let phantom = all_of(grid);
    for length in [2.0, 4.0] {
        let mut products = [[0.0f64; 3]; 3];
        let mut variance = 0.0;
        let seeds = 6;
        for seed in 0..seeds {
            let g: Vec<f64> = concentrations(&phantom, log_normal(0.3, length, seed)).into_iter().map(f64::ln).collect();
            let m = mean(g.iter().copied());
            variance += mean(g.iter().map(|x| (x - m).powi(2)));
            for (row, lag) in products.iter_mut().zip([0.5, 1.0, 2.0]) {
                for (axis, sum) in row.iter_mut().enumerate() {
                    let step = (lag * length / grid.spacing[axis]).round() as u32;
                    let pairs = (0..grid.len()).filter_map(|v| {
                        let mut ijk = grid.ijk(v);
                        ijk[axis] += step;
                        (ijk[axis] < grid.size[axis]).then(|| (g[v] - m) * (g[grid.index(ijk)] - m))
                    });
                    // Where half a length is no whole voxel the exact lag is used below.
                    *sum += mean(pairs);
                }
            }
        }
        for (row, lag) in products.iter().zip([0.5, 1.0, 2.0]) {
            for (axis, product) in row.iter().enumerate() {
                let exact = (lag * length / grid.spacing[axis]).round() * grid.spacing[axis] / length;
                let (found, expected) = (product / variance, (-0.5 * exact * exact).exp());
                assert!((found - expected).abs() < 0.04, "length {length}, axis {axis}, lag {exact}: {found}, expected {expected}");
            }
        }
    }
}

#[test]
fn log_normal_fields_keep_unit_variance_whatever_the_length() {
    // One voxel per field: its values over many seeds must have cv and mean of the distribution, at each ratio of length to voxel.
    for (correlation, spacing) in [(0.0, 1.0), (0.3, 1.0), (2.0, 1.0), (3.0, 1.0), (50.0, 1.0), (5.0, DVec3::new(0.3, 2.0, 9.0).x)] {
        let phantom = all_of(VoxelGrid::axis_aligned([2, 2, 1], DVec3::new(spacing, 1.0, 4.0), DVec3::ZERO));
        // ln of the ratio of two voxels: variance 2 sigma^2 (1 - rho).
        let ratios: Vec<f64> = (0..4000)
            .map(|seed| {
                let c = concentrations(&phantom, log_normal(0.5, correlation, seed));
                (c[0] / c[3]).ln()
            })
            .collect();
        let r2 = spacing * spacing + 1.0;
        let rho = if correlation > 0.0 { (-0.5 * r2 / (correlation * correlation)).exp() } else { 0.0 };
        let expected = 2.0 * 1.25f64.ln() * (1.0 - rho);
        let found = mean(ratios.iter().map(|x| x * x));
        // 1 sigma is 2.2 %.
        assert!((found / expected - 1.0).abs() < 0.1, "length {correlation}, voxel {spacing}: {found}, expected {expected}");
    }
}

#[test]
fn a_field_depends_on_seed_and_shape_but_not_on_place() {
    let ball = |grid: VoxelGrid, center: DVec3| phantom(grid, &["tumour"], move |p| u16::from(p.distance(center) < 6.3));
    let grid = cube(30, 1.0);
    let field = |phantom: &Phantom, seed| concentrations(phantom, log_normal(0.5, 3.0, seed));
    let here = ball(grid, DVec3::ZERO);
    let first = field(&here, 7);
    assert!(first.iter().map(|x| x.to_bits()).eq(field(&here, 7).iter().map(|x| x.to_bits())), "same seed, same bits");
    let other = field(&here, 8);
    let correlation = mean(first.iter().zip(&other).map(|(a, b)| a.ln() * b.ln()))
        - mean(first.iter().map(|x| x.ln())) * mean(other.iter().map(|x| x.ln()));
    assert!(first != other && correlation.abs() < 0.15, "another seed gives another field, correlation {correlation}");
    for moved in [ball(grid, DVec3::new(5.0, -7.0, 8.0)), ball(VoxelGrid { origin: DVec3::splat(40.0), ..grid }, DVec3::splat(40.0 + 14.5))]
    {
        assert_eq!(first, field(&moved, 7));
    }
    let vessels = |phantom: &Phantom, seed| concentrations(phantom, UptakePattern::Vessels { spacing: 2.0, length: 1.0, seed });
    let first = vessels(&here, 7);
    assert_eq!(first, vessels(&ball(grid, DVec3::new(5.0, -7.0, 8.0)), 7));
    assert_ne!(first, vessels(&here, 8));
}

#[test]
fn fields_have_the_same_bits_on_every_platform() {
    // Written down from a run on x86-64 Linux; everything behind them is integer arithmetic, IEEE operations and libm.
    let phantom = all_of(cube(6, 1.0));
    let bits = |pattern| {
        let c = concentrations(&phantom, pattern);
        c.iter().fold(0u64, |hash, x| hash.rotate_left(7) ^ x.to_bits())
    };
    assert_eq!(bits(log_normal(0.5, 2.5, 42)), LOG_NORMAL_BITS);
    assert_eq!(bits(UptakePattern::Vessels { spacing: 2.0, length: 1.0, seed: 42 }), VESSEL_BITS);
}

const LOG_NORMAL_BITS: u64 = 17_059_384_603_172_367_727;
const VESSEL_BITS: u64 = 4_121_733_727_111_070_916;

/// Depth from a rim pattern: -length ln(c / c(first layer)) + depth(first layer).
fn depths(phantom: &Phantom, shallowest: f64) -> Vec<f64> {
    let length = 3.0;
    let c = concentrations(phantom, UptakePattern::Rim { length, core: 0.0 });
    let highest = c.iter().copied().fold(0.0, f64::max);
    c.iter().map(|x| shallowest - length * (x / highest).ln()).collect()
}

#[test]
fn the_rim_is_the_outer_face_of_the_outermost_voxels() {
    // A slab of 7 voxels along z in non-cubic voxels, on to the grid's edge along x and y: depths are half-odd voxels of 2 mm.
    let grid = VoxelGrid::axis_aligned([5, 5, 15], DVec3::new(0.3, 0.7, 2.0), DVec3::ZERO);
    let phantom = phantom(grid, &["slab"], |p| u16::from(p.z > 7.0 && p.z < 21.0));
    let source = one(&phantom, UptakePattern::Rim { length: 3.0, core: 0.0 }).unwrap();
    assert!(source.warnings.iter().any(|warning| warning.contains("112 voxels lie at the edge of the grid")), "{:?}", source.warnings);
    for (v, depth) in phantom.region_voxels(0).zip(depths(&phantom, 1.0)) {
        let layer = f64::from(grid.ijk(v)[2]) - 4.0;
        let expected = 2.0 * ((layer + 0.5).min(6.5 - layer));
        assert!((depth - expected).abs() < 1.0e-9, "{:?}: {depth}, expected {expected}", grid.ijk(v));
    }
}

#[test]
fn rim_depth_in_a_sphere_is_radius_minus_distance_within_the_voxelised_surface() {
    let radius = 12.0;
    // Voxels per field: 0.5 mm and 0.25 mm.
    for (n, spacing) in [(56, 0.5), (112, 0.25)] {
        let grid = VoxelGrid { direction: DMat3::from_rotation_y(0.5), ..cube(n, spacing) };
        let center = grid.to_patient(DVec3::splat(0.5 * f64::from(n) - 0.3));
        let phantom = phantom(grid, &["sphere"], |p| u16::from(p.distance(center) <= radius));
        let errors: Vec<f64> = phantom
            .region_voxels(0)
            .zip(depths(&phantom, 0.5 * spacing))
            .map(|(v, depth)| (depth - (radius - grid.center(grid.ijk(v)).distance(center))) / spacing)
            .collect();
        // Outside voxels have their centres outside, so no point of them reaches farther in than half their diagonal, and vice versa.
        let worst = errors.iter().fold(0.0f64, |worst, error| worst.max(error.abs()));
        assert!(worst <= 0.75f64.sqrt() + 1.0e-9, "{worst} voxels");
        // Their corners do reach in: on average half a voxel. With centres of outside voxels as rim the mean would be near +0.1 voxel.
        let mean = mean(errors.iter().copied());
        assert!((-0.55..-0.40).contains(&mean), "{mean} voxels");
    }
}

#[test]
fn rim_uptake_falls_from_one_to_core() {
    let phantom = phantom(cube(40, 1.0), &["ball"], |p| u16::from(p.length() < 17.0));
    let (length, core) = (2.0, 0.25);
    let c = concentrations(&phantom, UptakePattern::Rim { length, core });
    let shape = |depth: f64| core + (1.0 - core) * (-depth / length).exp();
    let highest = c.iter().copied().fold(0.0, f64::max);
    for (x, depth) in c.iter().zip(depths(&phantom, 0.5)) {
        assert!((x / highest - shape(depth) / shape(0.5)).abs() < 1.0e-9);
    }
    let lowest = c.iter().copied().fold(f64::INFINITY, f64::min);
    assert!((lowest / highest * shape(0.5) - core).abs() < 0.001, "the centre is 8 lengths deep");
    let flat = concentrations(&phantom, UptakePattern::Rim { length, core: 1.0 });
    assert!(flat.iter().all(|x| (x - 1.0).abs() < 1.0e-12));
}

#[test]
fn a_hole_is_a_rim_too() {
    let phantom = phantom(cube(21, 1.0), &["shell", "hole"], |p| if p.length() < 2.9 { 2 } else { u16::from(p.length() < 9.4) });
    let depth = depths(&phantom, 0.5);
    let beside = phantom.grid.index([13, 10, 10]);
    let n = phantom.region_voxels(0).position(|v| v == beside).unwrap();
    assert!((depth[n] - 0.5).abs() < 1.0e-9, "{}", depth[n]);
}

#[test]
fn distances_to_vessels_follow_the_law_of_a_poisson_line_process() {
    let phantom = all_of(cube(24, 1.0));
    let (spacing, length) = (5.0, 5.0);
    let mut values = Vec::new();
    let mut moments = [0.0; 3];
    for seed in 0..40 {
        let c = concentrations(&phantom, UptakePattern::Vessels { spacing, length, seed });
        // Only ratios are known: squares of differences of distance give the variance of the law, sampled over voxel pairs far apart.
        let d: Vec<f64> = c.iter().map(|x| -length * x.ln()).collect();
        let nearest = d.iter().copied().fold(f64::INFINITY, f64::min);
        // With 14 000 voxels some centre is practically on a vessel: the nearest distance is near 0.
        d.iter().for_each(|d| values.push(d - nearest));
    }
    for d in &values {
        for (power, sum) in moments.iter_mut().enumerate() {
            *sum += d.powi(power as i32);
        }
    }
    let [n, first, second] = moments;
    // P(D > d) = exp(-pi d^2 / s^2): mean s / 2, second moment s^2 / pi. 40 fields of some 60 vessels: 1 sigma near 2 %.
    assert!((first / n / (0.5 * spacing) - 1.0).abs() < 0.07, "mean {}", first / n);
    assert!((second / n / (spacing * spacing / PI) - 1.0).abs() < 0.12, "second moment {}", second / n);
    let far = values.iter().filter(|d| **d > 0.6 * spacing).count() as f64 / n;
    assert!((far / (-PI * 0.36f64).exp() - 1.0).abs() < 0.12, "share beyond 0.6 spacings {far}");
}

/// A phantom of 12^3 voxels of 2 mm with two regions, and an image of 8^3 voxels of 4 mm around it, 4 mm larger on every side.
fn imaged(value: impl Fn([u32; 3]) -> f32) -> (Phantom, Images) {
    let phantom = phantom(cube(12, 2.0), &["left", "right"], |p| if p.x < 0.0 { 1 } else { 2 });
    let grid = cube(8, 4.0);
    let data = (0..grid.len()).map(|v| value(grid.ijk(v))).collect();
    (phantom, Images(HashMap::from([("dir/spect.nii".into(), Volume::new(grid, data))])))
}

fn is_inside([i, j, k]: [u32; 3]) -> bool {
    [i, j, k].iter().all(|c| (1..7).contains(c))
}

#[test]
fn images_give_the_activity_that_their_quantity_means() {
    // Value 5 in the left half of the inside, 1 in the right one, nothing outside: 108 voxels each.
    let (phantom, images) = imaged(|ijk| f32::from(u8::from(is_inside(ijk))) * if ijk[0] < 4 { 5.0 } else { 1.0 });
    let lambda = LN_2 / (50.0 * 3600.0);
    let (time, back) = (100.0 * 3600.0, 4.0);
    let (left, right) = (540.0, 108.0);
    for (quantity, region, time, expected) in [
        (ImageQuantity::Activity, None, 0.0, (left + right) / lambda),
        (ImageQuantity::Activity, None, time, (left + right) * back / lambda),
        (ImageQuantity::Activity, Some("right"), time, right * back / lambda),
        // Image voxels of 4 mm: 0.064 mL.
        (ImageQuantity::Concentration, None, 0.0, (left + right) * 0.064 / lambda),
        (ImageQuantity::Counts { per_count: 2.5 }, None, time, (left + right) * 2.5 * back / lambda),
        (ImageQuantity::Concentration, Some("left"), time, left * 0.064 * back / lambda),
        (ImageQuantity::TimeIntegratedActivity, None, 0.0, left + right),
        (ImageQuantity::TimeIntegratedActivity, Some("left"), 0.0, left),
        (ImageQuantity::Relative { total: 3.0e8 }, None, time, 3.0e8 * back / lambda),
        (ImageQuantity::Relative { total: 3.0e8 }, Some("right"), time, 3.0e8 * back / lambda),
    ] {
        let source = build(&fraction(vec![], vec![image(quantity, region, time)]), &images, &mut PatternCache::new(&phantom)).unwrap();
        let component = &source.components[0];
        assert!((component.tia / expected - 1.0).abs() < 1.0e-12, "{quantity:?} {region:?} {time}: {} and {expected}", component.tia);
        assert!((component.course.pieces[0].rate / lambda - 1.0).abs() < 1.0e-14);
        assert_eq!(component.name, format!("Lu-177 {}as in spect.nii", region.map_or(String::new(), |region| format!("in {region} "))));
        // Each image voxel is shared by 8 phantom voxels.
        let total = match region {
            None => left + right,
            Some("left") => left,
            _ => right,
        };
        for (&v, &share) in component.pattern.voxels.iter().zip(&component.pattern.shares) {
            let value = if phantom.grid.ijk(v as usize)[0] < 6 { 5.0 } else { 1.0 };
            assert!((share - value / 8.0 / total).abs() < 1.0e-15);
        }
        assert_eq!(source.warnings.iter().any(|warning| warning.contains("lies outside")), region.is_some(), "{:?}", source.warnings);
    }
}

#[test]
fn activity_outside_the_phantom_is_left_out_and_told() {
    // Uniform: 216 of 512 image voxels lie inside, 57.8125 % of the activity outside.
    let (phantom, images) = imaged(|_| 2.0);
    let lambda = LN_2 / (50.0 * 3600.0);
    let source =
        |quantity, region| build(&fraction(vec![], vec![image(quantity, region, 0.0)]), &images, &mut PatternCache::new(&phantom)).unwrap();
    let found = source(ImageQuantity::Activity, None);
    assert!((found.components[0].tia * lambda - 432.0).abs() < 1.0e-9);
    assert!(found.warnings[0].contains("57.81 % of the image's activity lies outside the phantom"), "{:?}", found.warnings);
    // A relative image's total is that of the whole image; limited to a region, it is the region's.
    assert!((source(ImageQuantity::Relative { total: 512.0 }, None).components[0].tia * lambda - 216.0).abs() < 1.0e-9);
    let found = source(ImageQuantity::Relative { total: 512.0 }, Some("left"));
    assert!((found.components[0].tia * lambda - 512.0).abs() < 1.0e-9);
    assert!(found.warnings[0].contains("78.91 %") && found.warnings[0].contains("(57.81 % beyond the phantom)"), "{:?}", found.warnings);

    let (phantom, images) = imaged(|ijk| f32::from(u8::from(!is_inside(ijk))));
    let error =
        message(build(&fraction(vec![], vec![image(ImageQuantity::Activity, None, 0.0)]), &images, &mut PatternCache::new(&phantom)));
    assert!(error.contains("spect.nii: all activity of the image lies outside the phantom") && error.contains("fraction 2"), "{error}");
    let (phantom, images) = imaged(|ijk| f32::from(u8::from(ijk[0] < 4)));
    let plan = fraction(vec![], vec![image(ImageQuantity::Activity, Some("right"), 0.0)]);
    assert!(message(build(&plan, &images, &mut PatternCache::new(&phantom))).contains("outside region \"right\""));
}

#[test]
fn negative_values_are_clipped_and_told_and_other_odd_values_refused() {
    let (phantom, mut images) = imaged(|ijk| {
        if !is_inside(ijk) {
            0.0
        } else if ijk[2] == 3 {
            -0.5
        } else {
            1.0
        }
    });
    let plan = fraction(vec![], vec![image(ImageQuantity::Activity, None, 0.0)]);
    let source = build(&plan, &images, &mut PatternCache::new(&phantom)).unwrap();
    let activity = source.components[0].tia * source.components[0].course.pieces[0].rate;
    assert!((activity - 180.0).abs() < 1.0e-9, "{activity}");
    assert_eq!(source.components[0].pattern.voxels.len(), 180 * 8, "voxels without uptake are left out");
    assert!(
        source.warnings[0].contains("36 of 512 voxels are negative") && source.warnings[0].contains("10.00 %"),
        "{:?}",
        source.warnings
    );

    let refused = |images: &mut Images, v: usize, value: f32| {
        images.0.values_mut().for_each(|volume| volume.data[v] = value);
        message(build(&plan, images, &mut PatternCache::new(&phantom)))
    };
    assert!(refused(&mut images, 77, f32::INFINITY).contains("[5, 1, 1]"));
    let error = refused(&mut images, 76, f32::NAN);
    assert!(error.contains("2 values are not finite") && error.contains("[4, 1, 1]"), "{error}");
    let (phantom, images) = imaged(|_| -1.0);
    assert!(message(build(&plan, &images, &mut PatternCache::new(&phantom))).contains("no positive value"));
}

#[test]
fn equal_patterns_of_different_fractions_are_one() {
    let (phantom, mut images) = imaged(|ijk| 1.0 + ijk[0] as f32);
    let copy = images.0.values().next().unwrap().clone();
    let doubled = Volume::new(copy.grid, copy.data.iter().map(|value| 2.0 * value).collect());
    images.0.insert("dir/later.nii".into(), doubled);
    let mut cache = PatternCache::new(&phantom);
    let field = |seed| uptake("left", 1.0e6, log_normal(0.4, 4.0, seed));
    let later = ImageUptake { path: "dir/later.nii".into(), ..image(ImageQuantity::Activity, None, 3600.0) };
    let first = build(
        &fraction(vec![field(1), uptake("left", 1.0e6, UptakePattern::Uniform)], vec![image(ImageQuantity::Activity, None, 0.0)]),
        &images,
        &mut cache,
    );
    let mut second_field = field(1);
    second_field.kinetics = falling(7.0e6, 50.0 * 3600.0);
    let flat = UptakePattern::Rim { length: 3.0, core: 1.0 };
    let second = build(&fraction(vec![second_field, uptake("left", 1.0e6, flat), field(2)], vec![later]), &images, &mut cache);
    let (first, second) = (first.unwrap().components, second.unwrap().components);
    assert!(Arc::ptr_eq(&first[0].pattern, &second[0].pattern), "the same field");
    assert!(Arc::ptr_eq(&first[1].pattern, &second[1].pattern), "equal by content though described otherwise");
    assert!(Arc::ptr_eq(&first[2].pattern, &second[3].pattern), "images that differ by a factor");
    assert!(!Arc::ptr_eq(&first[0].pattern, &second[2].pattern), "another seed");
    assert!((second[0].tia / first[0].tia - 7.0).abs() < 1.0e-12);
    assert_eq!(cache.len(), 4);
    assert_eq!(one(&phantom, log_normal(0.4, 4.0, 1)).unwrap().components[0].pattern, first[0].pattern, "the cache changes nothing");
}

#[test]
fn what_patterns_cannot_show_is_told() {
    let told = |phantom: &Phantom, pattern, words: &str| {
        let warnings = one(phantom, pattern).unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.contains(words) && warning.contains("Lu-177 in tumour")), "{words}: {warnings:?}");
    };
    let small = all_of(cube(6, 1.0));
    told(&small, log_normal(0.5, 60.0, 1), "too small for its correlation length");
    told(&small, log_normal(0.5, 0.2, 1), "correlation length of 0.2 mm is below the voxel edge");
    told(&small, UptakePattern::Vessels { spacing: 0.5, length: 2.0, seed: 1 }, "vessel spacing of 0.5 mm is below the voxel edge");
    told(&small, UptakePattern::Vessels { spacing: 3.0, length: 0.001, seed: 1 }, "too small to be told from zero");
    let ball = phantom(cube(9, 1.0), &["tumour"], |p| u16::from(p.length() < 3.0));
    told(&ball, UptakePattern::Rim { length: 0.3, core: 0.1 }, "rim length of 0.3 mm");
    let mut plan = fraction(vec![uptake("tumour", 8.14e9, UptakePattern::Uniform), uptake("tumour", 0.0, UptakePattern::Uniform)], vec![]);
    let source = build(&plan, &Images::default(), &mut PatternCache::new(&ball)).unwrap();
    assert_eq!(source.components.len(), 1);
    assert!(source.warnings[0].contains("0 Bq") && source.warnings[1].contains("110.0 %"), "{:?}", source.warnings);
    plan.uptakes[0].kinetics = falling(7.4e9, 50.0 * 3600.0);
    assert_eq!(build(&plan, &Images::default(), &mut PatternCache::new(&ball)).unwrap().warnings.len(), 1);
}

#[test]
fn impossible_uptakes_are_refused() {
    let whole = all_of(cube(6, 1.0));
    for (pattern, told) in [
        (log_normal(-0.1, 1.0, 1), "coefficient of variation"),
        (log_normal(f64::NAN, 1.0, 1), "coefficient of variation"),
        (log_normal(0.5, -1.0, 1), "correlation length"),
        (log_normal(0.5, f64::INFINITY, 1), "correlation length"),
        (UptakePattern::Rim { length: 0.0, core: 0.1 }, "rim length"),
        (UptakePattern::Rim { length: 1.0, core: 1.1 }, "core share"),
        (UptakePattern::Rim { length: 1.0, core: 0.1 }, "fills the whole grid"),
        (UptakePattern::Vessels { spacing: 0.0, length: 1.0, seed: 1 }, "vessel spacing"),
        (UptakePattern::Vessels { spacing: 1.0, length: -1.0, seed: 1 }, "length"),
        (UptakePattern::Vessels { spacing: 1.0e-4, length: 1.0, seed: 1 }, "would need"),
    ] {
        let error = message(one(&whole, pattern));
        assert!(error.contains(told) && error.contains("fraction 2, Lu-177 in tumour"), "{error}");
    }
    let ball = phantom(cube(9, 1.0), &["tumour"], |p| u16::from(p.length() < 3.0));
    assert!(message(one(&ball, UptakePattern::Rim { length: 1.0e-4, core: 0.0 })).contains("too short for the voxels"));

    let (phantom, images) = imaged(|_| 1.0);
    let refused = |plan: FractionPlan, told: &str| {
        let error = message(build(&plan, &images, &mut PatternCache::new(&phantom)));
        assert!(error.contains(told) && error.contains("fraction 2"), "{error}");
    };
    let region = |change: &dyn Fn(&mut RegionUptake)| {
        let mut uptake = uptake("left", 1.0e6, UptakePattern::Uniform);
        change(&mut uptake);
        fraction(vec![uptake], vec![])
    };
    refused(region(&|uptake| uptake.region = "liver".into()), "its regions are left, right");
    refused(region(&|uptake| uptake.kinetics = falling(-1.0, 50.0 * 3600.0)), "negative activity");
    refused(region(&|uptake| uptake.kinetics = falling(f64::NAN, 50.0 * 3600.0)), "must be finite");
    refused(region(&|uptake| uptake.kinetics = falling(0.0, 50.0 * 3600.0)), "no region and no image");
    refused(region(&|uptake| uptake.kinetics = falling(1.0e6, 0.0)), "above 0 s");
    refused(region(&|uptake| uptake.kinetics = falling(1.0e6, 1.01 * HALF_LIFE)), "longer than the physical one");
    refused(fraction(vec![], vec![]), "no region and no image");
    refused(fraction(vec![], vec![image(ImageQuantity::Activity, Some("liver"), 0.0)]), "its regions are left, right");
    refused(fraction(vec![], vec![image(ImageQuantity::Activity, None, -1.0)]), "0 s or later");
    refused(fraction(vec![], vec![image(ImageQuantity::Activity, None, 1.0e12)]), "no finite activity");
    refused(fraction(vec![], vec![image(ImageQuantity::TimeIntegratedActivity, None, 60.0)]), "no time of its own");
    refused(fraction(vec![], vec![image(ImageQuantity::Relative { total: 0.0 }, None, 0.0)]), "above 0 Bq");
    refused(FractionPlan { nuclide: 1, ..region(&|_| ()) }, "nuclide 1");
    assert!(build(&region(&|uptake| uptake.kinetics = falling(1.0e6, HALF_LIFE)), &images, &mut PatternCache::new(&phantom)).is_ok());
}
