//! Whole batches: the same histories on both backends, and other histories with the same expectation.

use dosaic::{
    plan::PhotonMode,
    transport::{
        backend::{Backend, BatchResult, Particle, SourceShape, Sums},
        cpu::run::Cpu,
        gpu::Gpu,
    },
};

use crate::{
    Test,
    adapter::adapter,
    scene::{Case, Scene},
};

pub(crate) const TESTS: &[Test] = &[
    ("yttrium_betas_give_the_same_map", || same_histories(&yttrium(), 1.0e-4)),
    ("lutetium_betas_give_the_same_map", || same_histories(&lutetium(), 1.0e-4)),
    ("actinium_alphas_give_the_same_map", || same_histories(&actinium(), 1.0e-6)),
    ("actinium_alphas_give_the_same_map_of_their_quality", || same_histories(&saturated(actinium()), 1.0e-6)),
    ("gallium_positrons_give_the_same_map", || same_histories(&gallium(), 1.0e-4)),
    ("iodine_photons_give_the_same_map", || same_histories(&iodine(), 1.0e-4)),
    ("hard_gamma_rays_give_the_same_map", || same_histories(&lead(), 1.0e-4)),
    ("gamma_rays_by_track_length_give_the_same_map", || same_histories(&track_length(lead()), 1.0e-4)),
    ("iodine_photons_in_shells_give_the_same_map", || same_histories(&point(iodine()), 1.0e-4)),
    ("yttrium_betas_in_shells_give_the_same_map", || same_histories(&point(yttrium()), 1.0e-4)),
    ("actinium_alphas_in_shells_give_the_same_map", || same_histories(&point(actinium()), 1.0e-6)),
    ("lutetium_betas_of_a_shell_give_the_same_map", || same_histories(&cell(lutetium(), SourceShape::Uniform), 1.0e-4)),
    ("actinium_alphas_of_a_cell_surface_give_the_same_map", || same_histories(&cell(actinium(), SourceShape::Sphere), 1.0e-6)),
    ("yttrium_betas_with_other_seeds_are_statistically_the_same", || other_histories(yttrium())),
    ("lutetium_betas_with_other_seeds_are_statistically_the_same", || other_histories(lutetium())),
    ("iodine_photons_with_other_seeds_are_statistically_the_same", || other_histories(iodine())),
    ("actinium_alphas_with_other_seeds_are_statistically_the_same", || other_histories(actinium())),
];

type Problem = (Scene, Case);

fn yttrium() -> Problem {
    let scene = Scene::mixed([18, 15, 12], 1.0);
    let case = Case::new("Y-90", Particle::Electron, scene.source(3), 64_000, 16);
    (scene, case)
}

fn lutetium() -> Problem {
    let scene = Scene::mixed([18, 15, 12], 0.3);
    let case = Case::new("Lu-177", Particle::Electron, scene.source(1), 128_000, 16);
    (scene, case)
}

/// Positrons with the photons of their annihilation.
fn gallium() -> Problem {
    let scene = Scene::mixed([18, 15, 12], 2.0);
    let case = Case::new("Ga-68", Particle::Positron, scene.source(3), 32_000, 16);
    (scene, case)
}

fn iodine() -> Problem {
    let scene = Scene::mixed([18, 15, 12], 10.0);
    let case = Case::new("I-131", Particle::Photon, scene.source(3), 128_000, 16);
    (scene, case)
}

/// Lead-212 with its chain: gamma rays of 2.6 MeV, which make pairs.
fn lead() -> Problem {
    let scene = Scene::mixed([18, 15, 12], 5.0);
    let case = Case::new("Pb-212", Particle::Photon, scene.source(3), 64_000, 16);
    (scene, case)
}

fn track_length((mut scene, case): Problem) -> Problem {
    scene.settings.photons = PhotonMode::TrackLength;
    (scene, case)
}

fn actinium() -> Problem {
    let scene = Scene::mixed([18, 15, 12], 0.02);
    let case = Case::new("Ac-225", Particle::Alpha, scene.source(2), 128_000, 16);
    (scene, case)
}

/// With energy times saturated lineal energy scored.
fn saturated((scene, case): Problem) -> Problem {
    (scene.with_saturation(150.0), case)
}

/// The same emissions from a point amid shells as wide as the voxels.
fn point((scene, case): Problem) -> Problem {
    let width = 0.1 * scene.phantom.grid.min_spacing();
    let radii: Vec<f64> = (1..=12).map(|i| f64::from(i) * width).collect();
    let shells = Scene::shells(&radii, 10.0 * width);
    (shells, Case { source: vec![[u32::MAX, 0]], shape: SourceShape::Centre, ..case })
}

/// The same emissions from the second and third of three shells of 3, 5 and 9 um.
fn cell((_, case): Problem, shape: SourceShape) -> Problem {
    let scene = Scene::shells(&[3.0e-4, 5.0e-4, 9.0e-4], 0.002);
    (scene, Case { source: vec![[1 << 31, 1], [u32::MAX, 2]], shape, ..case })
}

fn on_cpu((scene, case): &Problem) -> Vec<BatchResult> {
    case.run(&mut Cpu::new(scene.world(), 2))
}

fn on_gpu((scene, case): &Problem) -> Vec<BatchResult> {
    let mut gpu = Gpu::new(scene.world(), adapter()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(gpu.device().name, adapter().info.name);
    case.run(&mut gpu)
}

/// Sums over all batches; the balance of each is exact and its map holds what was deposited.
fn checked_sums(batches: &[BatchResult]) -> Sums {
    let mut total = Sums::default();
    for batch in batches {
        assert_eq!(batch.sums.imbalance(), 0, "{:?}", batch.sums);
        assert_eq!(batch.energy.iter().sum::<u64>(), batch.sums.deposited + batch.sums.kerma);
        assert_eq!((batch.sums.status, batch.sums.incidents), (0, 0));
        total.add(&batch.sums);
    }
    total
}

fn map(batches: &[BatchResult], pick: impl Fn(&BatchResult) -> Option<&Vec<u64>>) -> Vec<f64> {
    let mut sum = vec![0.0; batches[0].energy.len()];
    for batch in batches {
        for (sum, &x) in sum.iter_mut().zip(pick(batch).into_iter().flatten()) {
            *sum += x as f64;
        }
    }
    sum
}

/// Mean of the batches and the variance of that mean, per voxel.
fn moments(batches: &[BatchResult]) -> Vec<(f64, f64)> {
    let n = batches.len() as f64;
    (0..batches[0].energy.len())
        .map(|v| {
            let mean = batches.iter().map(|b| b.energy[v] as f64).sum::<f64>() / n;
            let square = batches.iter().map(|b| (b.energy[v] as f64 - mean).powi(2)).sum::<f64>();
            (mean, square / (n - 1.0) / n)
        })
        .collect()
}

/// `most`: the share of the energy that may lie in other voxels. A history whose float comparison falls the other way goes its own
/// way from there; all others agree to a few quanta.
fn same_histories(problem: &Problem, most: f64) {
    let (cpu, gpu) = (on_cpu(problem), on_gpu(problem));
    let (a, b) = (checked_sums(&cpu), checked_sums(&gpu));
    assert_eq!(a.histories, problem.1.histories);
    assert_eq!(b.histories, problem.1.histories);
    if adapter().is_software() {
        assert_eq!(a.emitted, b.emitted, "energies are sampled with exact operations");
    } else {
        // A quotient off by an ulp moves an energy by at most one quantum.
        assert!(a.emitted.abs_diff(b.emitted) <= a.histories, "{} {}", a.emitted, b.emitted);
    }
    let whole = a.deposited.abs_diff(b.deposited) as f64 / a.emitted as f64;
    assert!(whole < 1.0e-4, "whole map: relative difference {whole:e}");
    let (cpu_map, gpu_map) = (map(&cpu, |t| Some(&t.energy)), map(&gpu, |t| Some(&t.energy)));
    let moved = cpu_map.iter().zip(&gpu_map).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.emitted as f64;
    let equal = cpu_map.iter().zip(&gpu_map).filter(|(a, b)| a == b).count();
    println!(
        "  {:?}: whole map {whole:.1e}, energy in other voxels {moved:.1e}, {equal} of {} voxels equal to the quantum",
        problem.1.particle,
        cpu_map.len()
    );
    assert!(moved < most, "{moved:e} of the energy lies elsewhere");
    assert!(a.steps.abs_diff(b.steps) as f64 <= 1.0e-4 * a.steps as f64, "{} {} steps", a.steps, b.steps);
    assert!(a.secondaries.abs_diff(b.secondaries) as f64 <= 1.0e-3 * a.secondaries as f64 + 1.0, "{} {}", a.secondaries, b.secondaries);
    // No voxel may differ by more than a fraction of its own statistical uncertainty.
    for (v, ((mean, variance), other)) in moments(&cpu).into_iter().zip(moments(&gpu)).enumerate() {
        let sigma = variance.sqrt();
        assert!((mean - other.0).abs() <= 0.2 * sigma + 4.0, "voxel {v}: {mean} and {}, sigma {sigma}", other.0);
    }
    if problem.1.particle == Particle::Alpha {
        let (cpu_let, gpu_let) = (map(&cpu, |t| t.energy_let.as_ref()), map(&gpu, |t| t.energy_let.as_ref()));
        let total: f64 = cpu_let.iter().sum();
        let moved = cpu_let.iter().zip(&gpu_let).map(|(a, b)| (a - b).abs()).sum::<f64>() / total;
        assert!(total > 0.0 && moved < 1.0e-6, "energy times LET: {moved:e}");
        // Energy-weighted LET of 5 to 9 MeV alphas near their ends: 60 to 260 keV/um.
        let quanta = dosaic::transport::constants::LET_QUANTA / dosaic::transport::constants::QUANTA_PER_MEV;
        let mean = total / f64::from(quanta) / a.deposited as f64;
        assert!((20.0..300.0).contains(&mean), "mean LET {mean} keV/um");
        assert!(cpu.iter().chain(&gpu).all(|t| t.energy_quality.is_some() == problem.0.tables.quality));
        let (cpu_quality, gpu_quality) = (map(&cpu, |t| t.energy_quality.as_ref()), map(&gpu, |t| t.energy_quality.as_ref()));
        let saturated: f64 = cpu_quality.iter().sum();
        let moved: f64 = cpu_quality.iter().zip(&gpu_quality).map(|(a, b)| (a - b).abs()).sum();
        assert!(moved <= 1.0e-6 * saturated, "energy times saturated lineal energy: {moved:e} of {saturated:e}");
        // At 1 g/cm3, saturated at 150 keV/um: below 96 keV/um wherever it is.
        let mean = saturated / f64::from(quanta) / a.deposited as f64;
        assert!(if problem.0.tables.quality { (50.0..96.0).contains(&mean) } else { saturated == 0.0 }, "mean y* {mean} keV/um");
    } else {
        assert!(gpu.iter().all(|t| t.energy_let.is_none() && t.energy_quality.is_none()));
    }
}

/// Five times the histories, since the batches' spread is itself uncertain where few of them reach a voxel.
fn other_histories((scene, case): Problem) {
    let case = Case { histories: 5 * case.histories, ..case };
    let cpu = case.run(&mut Cpu::new(scene.world(), 2));
    let mut gpu = Gpu::new(scene.world(), adapter()).unwrap_or_else(|e| panic!("{e}"));
    let gpu = Case { stream: 99, ..case }.run(&mut gpu);
    checked_sums(&gpu);
    let z: Vec<f64> = moments(&cpu)
        .into_iter()
        .zip(moments(&gpu))
        .filter(|(a, b)| a.1 + b.1 > 0.0)
        .map(|(a, b)| (a.0 - b.0) / (a.1 + b.1).sqrt())
        .collect();
    let n = z.len() as f64;
    assert!(z.len() == scene.phantom.grid.len(), "only {n} voxels were reached");
    let mean = z.iter().sum::<f64>() / n;
    let square = z.iter().map(|z| z * z).sum::<f64>() / n;
    let worst = z.iter().fold(0.0f64, |m, z| m.max(z.abs()));
    println!("  z of {n} voxels: mean {mean:.3}, mean square {square:.3}, largest {worst:.2}");
    // Student's t with 30 degrees of freedom has variance 30/28 = 1.07. Tracks make neighbours alike, so the bounds are wide
    // against 1/sqrt(n); a bias of a tenth of a sigma in all voxels, or a 10 % error of the spread, would be seen.
    assert!(mean.abs() < 0.1, "mean z {mean}");
    assert!((0.95..1.25).contains(&square), "mean square of z {square}");
    assert!(worst < 6.0, "largest z {worst}");
}
