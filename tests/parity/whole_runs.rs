//! The plans of `phantoms/` on both backends.

use std::path::Path;

use dosaic::{
    engine, plan,
    transport::{
        backend::{Backend, Job, SourceShape, World},
        cpu::run::Cpu,
        geometry::Geometry,
        gpu::Gpu,
    },
};

use crate::{Test, adapter::adapter};

pub(crate) const TESTS: &[Test] = &[
    ("energy_is_conserved_in_every_example", energy_is_conserved_in_every_example),
    ("dose_of_an_example_agrees_with_the_cpu", dose_of_an_example_agrees_with_the_cpu),
];

/// Every plan of `phantoms/`, a few histories of each component on both backends.
fn energy_is_conserved_in_every_example() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("phantoms");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{error}")).flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        seen += 1;
        let mut plan = plan::load(&path).unwrap_or_else(|error| panic!("{error}"));
        plan.fractions.iter_mut().for_each(|f| f.histories = 2_000);
        let prepared = engine::prepare(&plan).unwrap_or_else(|error| panic!("{error}"));
        let world = || World { geometry: Geometry::Voxels(&prepared.phantom), tables: &prepared.tables, settings: prepared.settings };
        let mut gpu = Gpu::new(world(), adapter()).unwrap_or_else(|error| panic!("{error}"));
        let mut cpu = Cpu::new(world(), 2);
        let mut stream = 0;
        for component in &prepared.treatment.components {
            for beam in &prepared.treatment.emitters[component.emitter].beams {
                stream += 1;
                let job = Job {
                    particle: beam.particle,
                    source: &component.source,
                    shape: SourceShape::Uniform,
                    spectrum: beam.sampler.rows(),
                    stream,
                    first_history: 0,
                    histories: 480,
                    batches: 1,
                };
                let g = gpu.run(&job, 0, &|_| ()).unwrap_or_else(|error| panic!("{error}"));
                let c = cpu.run(&job, 0, &|_| ()).unwrap_or_else(|error| panic!("{error}"));
                for result in [&g, &c] {
                    let map: u64 = result.energy.iter().sum();
                    let sums = &result.sums;
                    assert!(
                        sums.emitted == map + sums.escaped && sums.imbalance() == 0,
                        "{}: {}: emitted {}, in the map {map}, escaped {}",
                        path.display(),
                        component.name,
                        sums.emitted,
                        sums.escaped
                    );
                }
                assert_eq!(g.sums.emitted, c.sums.emitted, "{}: emitted energy", path.display());
            }
        }
    }
    assert!(seen >= 5, "only {seen} plans found");
}

/// A whole run through the engine: mean doses of the regions on both backends within 4 sigma, and nothing missing.
fn dose_of_an_example_agrees_with_the_cpu() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("phantoms/sphere-y90.toml");
    let mut plan = plan::load(&path).unwrap_or_else(|error| panic!("{error}"));
    plan.fractions.iter_mut().for_each(|f| f.histories = 16_000);
    let prepared = engine::prepare(&plan).unwrap_or_else(|error| panic!("{error}"));
    let stop = std::sync::atomic::AtomicBool::new(false);
    let options = engine::RunOptions { threads: 2, quiet: true, stop: &stop };
    let world = || World { geometry: Geometry::Voxels(&prepared.phantom), tables: &prepared.tables, settings: prepared.settings };
    let mut gpu = Gpu::new(world(), adapter()).unwrap_or_else(|error| panic!("{error}"));
    let on_gpu = engine::run(&plan, &prepared, &mut gpu, &options).unwrap_or_else(|error| panic!("{error}"));
    let on_cpu = engine::run(&plan, &prepared, &mut Cpu::new(world(), 2), &options).unwrap_or_else(|error| panic!("{error}"));
    for (g, c) in on_gpu.rows.iter().zip(&on_cpu.rows) {
        let (Some(a), Some(b), Some(sigma)) = (g.dose_mean_gy, c.dose_mean_gy, c.dose_mean_sigma_gy) else { continue };
        assert!((a - b).abs() <= 4.0 * sigma + 1.0e-6 * b, "{}: {a} Gy on the GPU, {b} +- {sigma} Gy on the CPU", g.region);
    }
}
