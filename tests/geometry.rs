//! Spherical shells and source shapes: where histories start, and that scoring does not depend on how space is divided. Needs no adapter.

#[path = "support/scene.rs"]
mod scene;

use dosaic::{
    nuclide::{Line, spectrum::EnergySampler},
    transport::{
        backend::{Backend, BatchResult, Particle, SourceShape},
        constants::QUANTA_PER_MEV,
        cpu::{decay::decay_start, run::Cpu},
    },
};
use glam::Vec3;
use scene::{Case, Scene};

/// A point source of a nuclide's particles at the origin.
fn point(nuclide: &str, particle: Particle, histories: u64) -> Case {
    Case { shape: SourceShape::Centre, ..Case::new(nuclide, particle, vec![[u32::MAX, 0]], histories, 16) }
}

/// Energy per cell summed over all batches, MeV; everything emitted must be there.
fn energies(batches: &[BatchResult]) -> Vec<f64> {
    let mut sum = vec![0.0; batches[0].energy.len()];
    for batch in batches {
        assert_eq!((batch.sums.imbalance(), batch.sums.escaped, batch.sums.incidents), (0, 0, 0), "{:?}", batch.sums);
        assert_eq!(batch.energy.iter().sum::<u64>(), batch.sums.emitted);
        for (sum, &quanta) in sum.iter_mut().zip(&batch.energy) {
            *sum += quanta as f64 / f64::from(QUANTA_PER_MEV);
        }
    }
    sum
}

/// Share of the energy within a radius, and its standard error over the batches.
fn inside(batches: &[BatchResult], cells: usize) -> (f64, f64) {
    let parts: Vec<f64> = batches.iter().map(|b| b.energy[..cells].iter().sum::<u64>() as f64 / b.sums.emitted as f64).collect();
    let n = parts.len() as f64;
    let mean = parts.iter().sum::<f64>() / n;
    (mean, (parts.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt())
}

#[test]
fn energy_within_a_radius_does_not_depend_on_the_shells() {
    // Y-90 betas: 0.25 cm holds about half of their energy, 1 cm nearly all.
    let radii = [0.1, 0.25, 0.4, 1.0];
    let divided = |parts: u32| {
        let mut all = Vec::new();
        let mut below = 0.0;
        for radius in radii {
            all.extend((1..=parts).map(|i| below + (radius - below) * f64::from(i) / f64::from(parts)));
            below = radius;
        }
        // Cuts and thresholds stay the same.
        let scene = Scene::shells(&all, 0.5);
        let batches = point("Y-90", Particle::Electron, 64_000).run(&mut Cpu::new(scene.world(), 2));
        energies(&batches);
        batches
    };
    let (coarse, fine) = (divided(1), divided(25));
    for (i, radius) in radii.iter().enumerate() {
        let (a, b) = (inside(&coarse, i + 1), inside(&fine, 25 * (i + 1)));
        println!("{radius} cm: {:.5} +- {:.5} and {:.5} +- {:.5}", a.0, a.1, b.0, b.1);
        assert!((a.0 - b.0).abs() < 3.5 * a.1.hypot(b.1) + 1.0e-6, "{radius} cm: {a:?}, {b:?}");
    }
    let (half, sigma) = inside(&fine, 50);
    assert!((0.3..0.7).contains(&half) && sigma < 0.005, "{half} +- {sigma}");
}

/// Alphas go straight, so their energy in a shell is that of the range table, straggling aside.
#[test]
fn alphas_end_in_the_shell_of_their_range() {
    let radii: Vec<f64> = (1..=60).map(|i| 2.0e-4 * f64::from(i)).collect();
    let scene = Scene::shells(&radii, 0.002);
    let case = Case {
        sampler: EnergySampler::new(&[Line { energy: 5.0, intensity: 1.0 }], &[]).expect("a line"),
        ..point("Ac-225", Particle::Alpha, 8000)
    };
    let energy = energies(&case.run(&mut Cpu::new(scene.world(), 2)));
    let total: f64 = energy.iter().sum();
    // ICRU 90 water, 5 MeV: 37 um.
    let beyond: f64 = energy[20..].iter().sum::<f64>() / total;
    let far: f64 = energy[17..].iter().sum::<f64>() / total;
    assert!(beyond == 0.0 && far > 1.0e-3, "{far}, {beyond}");
    // LET rises towards the end: the Bragg peak in shells of equal width.
    assert!(energy[15] > 1.8 * energy[0], "{:?}", &energy[..20]);
}

#[test]
fn shapes_start_where_they_say() {
    let scene = Scene::mixed([6, 5, 4], 2.0);
    let spacing = Vec3::new(0.2, 0.16, 0.26);
    for shape in [SourceShape::Uniform, SourceShape::Centre, SourceShape::Plane, SourceShape::Beam] {
        let case = Case { shape, ..Case::new("Y-90", Particle::Electron, scene.source(2), 32_000, 2) };
        let params = scene.world().params(&case.job(), 1);
        let (mut place, mut square, mut up, mut along) = (Vec3::ZERO, Vec3::ZERO, 0, 0.0);
        let n = 16_000;
        for history in 0..n {
            let decay = decay_start::<false>(&params, scene.world().geometry.words(), &case.source, case.sampler.rows(), history);
            let share = decay.offset / spacing;
            assert!(share.cmpge(Vec3::ZERO).all() && share.cmple(Vec3::splat(1.000_001)).all());
            place += share / n as f32;
            square += share * share / n as f32;
            up += u32::from(decay.direction.z > 0.0);
            along += decay.direction.z * decay.direction.z / n as f32;
        }
        let variance = square - place * place;
        // Standard errors: 0.0023 of a uniform mean, 0.0006 of its variance, 0.004 of a half, 0.0024 of <u_z^2>.
        let uniform = |i: usize| (place[i] - 0.5).abs() < 0.009 && (variance[i] - 1.0 / 12.0).abs() < 0.003;
        let point = |i: usize, at: f32| (place[i] - at).abs() < 1e-4 && variance[i].abs() < 1e-4;
        let [x, y, z] = match shape {
            SourceShape::Uniform => [uniform(0), uniform(1), uniform(2)],
            SourceShape::Centre => [point(0, 0.5), point(1, 0.5), point(2, 0.5)],
            _ => [uniform(0), uniform(1), point(2, 0.0)],
        };
        assert!(x && y && z, "{shape:?}: mean {place}, variance {variance}");
        if shape == SourceShape::Beam {
            assert!(up == n && (along - 1.0).abs() < 1.0e-3, "{up}, {along}");
        } else {
            assert!((f64::from(up) / f64::from(n) - 0.5).abs() < 0.016 && (along - 1.0 / 3.0).abs() < 0.01, "{shape:?}: {up}, {along}");
        }
    }
}

/// A plane source between two layers of one medium sends half of its energy each way; a beam sends all of it up, until it is turned.
#[test]
fn planes_and_beams_share_out_their_energy() {
    let scene = Scene::water([1, 1, 8], 4.0);
    let run = |shape| {
        let case = Case { shape, ..Case::new("Lu-177", Particle::Electron, vec![[u32::MAX, 4]], 64_000, 16) };
        let batches = case.run(&mut Cpu::new(scene.world(), 2));
        let emitted: u64 = batches.iter().map(|b| b.sums.emitted).sum();
        let layer = |k: usize| batches.iter().map(|b| b.energy[k]).sum::<u64>() as f64 / emitted as f64;
        assert!(batches.iter().all(|b| b.sums.imbalance() == 0));
        (layer(3), layer(4), batches.iter().map(|b| b.sums.escaped).sum::<u64>() as f64 / emitted as f64)
    };
    let (below, above, escaped) = run(SourceShape::Plane);
    // Lu-177 reaches 1.5 mm at most: all of it stays in the two layers of 4 mm, less what leaves the sides and what bremsstrahlung carries on.
    assert!((below - above).abs() < 0.01 && (below + above + escaped - 1.0).abs() < 1.0e-3, "{below}, {above}, {escaped}");
    let (back, forward, _) = run(SourceShape::Beam);
    // Water turns back some 5 % of the energy of such electrons.
    assert!((0.02..0.10).contains(&back) && forward > 0.8, "{back}, {forward}");
}

#[test]
fn shells_refuse_other_sources() {
    let scene = Scene::shells(&[0.1, 0.2], 0.5);
    let mut cpu = Cpu::new(scene.world(), 1);
    let good = point("Y-90", Particle::Electron, 16);
    assert!(cpu.run(&good.job(), 0, &|_| ()).is_ok());
    for bad in [
        Case { source: vec![[u32::MAX, 1]], ..point("Y-90", Particle::Electron, 16) },
        Case { source: vec![[u32::MAX, 2]], shape: SourceShape::Uniform, ..point("Y-90", Particle::Electron, 16) },
        Case { source: vec![[u32::MAX, 2]], shape: SourceShape::Sphere, ..point("Y-90", Particle::Electron, 16) },
        Case { shape: SourceShape::Plane, ..point("Y-90", Particle::Electron, 16) },
    ] {
        let error = cpu.run(&bad.job(), 0, &|_| ()).expect_err("refused").to_string();
        assert!(error.contains("in spherical shells a source is the point at the origin"), "{error}");
    }
    let voxels = Scene::water([4; 3], 1.0);
    let sphere = Case { shape: SourceShape::Sphere, ..Case::new("Y-90", Particle::Electron, voxels.source(1), 16, 16) };
    let error = Cpu::new(voxels.world(), 1).run(&sphere.job(), 0, &|_| ()).expect_err("refused").to_string();
    assert!(error.contains("a grid of voxels") && error.contains("no Sphere"), "{error}");
}

/// Radii as their cubes say, directions isotropic and independent of the place; shells in proportion to their shares.
#[test]
fn sources_in_shells_start_where_they_say() {
    let scene = Scene::shells(&[1.0e-4, 3.0e-4, 5.0e-4], 0.001);
    let radii = [0.0f32, 1.0e-4, 3.0e-4, 5.0e-4];
    for (shape, source) in [
        (SourceShape::Uniform, vec![[u32::MAX, 0]]),
        (SourceShape::Uniform, vec![[u32::MAX, 2]]),
        (SourceShape::Uniform, vec![[1 << 30, 1], [u32::MAX, 2]]),
        (SourceShape::Sphere, vec![[u32::MAX, 1]]),
    ] {
        let case = Case { shape, ..Case::new("Y-90", Particle::Electron, source.clone(), 32_000, 2) };
        case.job().check(&scene.world(), 0).expect("possible");
        let params = scene.world().params(&case.job(), 1);
        let n = 16_000;
        let (mut cube, mut place, mut along, mut first) = (0.0, Vec3::ZERO, 0.0, 0);
        for history in 0..n {
            let decay = decay_start::<true>(&params, scene.world().geometry.words(), &case.source, case.sampler.rows(), history);
            let (inner, outer) = (radii[decay.index as usize], radii[decay.index as usize + 1]);
            let r = decay.offset.length();
            assert!(r >= inner * 0.999_999 && r <= outer * 1.000_001, "{r} in {inner} to {outer}");
            cube += f64::from((r.powi(3) - inner.powi(3)) / (outer.powi(3) - inner.powi(3))) / f64::from(n);
            place += decay.offset / r / n as f32;
            along += f64::from(decay.offset.normalize().dot(decay.direction)) / f64::from(n);
            first += u32::from(decay.index == source[0][1]);
        }
        // Standard errors: 0.0023 of a uniform mean, 0.0046 of a cosine.
        let mean = if shape == SourceShape::Sphere { 1.0 } else { 0.5 };
        assert!((cube - mean).abs() < 0.009, "{shape:?} {source:?}: mean cube {cube}");
        assert!(place.abs().max_element() < 0.018 && along.abs() < 0.018, "{shape:?} {source:?}: {place}, {along}");
        let share = f64::from(source[0][0]) / 4_294_967_296.0;
        assert!((f64::from(first) / f64::from(n) - share).abs() < 1e-3, "{shape:?} {source:?}: {first}");
    }
}
