//! Kernels against their CPU twins on a real adapter: the same histories, the same energy, statistically the same maps.
//!
//! Without an adapter these tests are shown as ignored; with `DOSAIC_TEST_GPU=required` a missing adapter fails them.

use std::{path::Path, process::ExitCode};

use dosaic::{
    engine,
    grid::VoxelGrid,
    nuclide::{self, spectrum::EnergySampler},
    phantom::{Phantom, pack_voxel},
    physics::materials,
    plan::{self, WaterData},
    transport::{
        backend::{Backend, BatchResult, Job, Particle, Settings, World, source_list},
        cpu::run::Cpu,
        gpu::{
            Gpu,
            adapter::{Candidate, candidates},
            run::Dispatch,
        },
        tables::{TableOptions, Tables},
    },
};
use glam::DVec3;
use libtest_mimic::{Arguments, Failed, Trial};

type Test = fn() -> Result<(), Failed>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var("DOSAIC_TEST_GPU").is_ok_and(|value| value == "required");
    let found = candidates();
    if let Some(adapter) = found.first() {
        eprintln!("adapter: {} ({}, {})", adapter.info.name, adapter.info.backend, adapter.info.driver_info);
    }
    let absent = found.is_empty();
    let tests: [(&str, Test); 8] = [
        ("electrons_in_mixed_media", electrons_in_mixed_media),
        ("alphas_in_mixed_media", alphas_in_mixed_media),
        ("dispatch_size_and_workgroups_do_not_matter", dispatch_size_and_workgroups_do_not_matter),
        ("same_seed_same_bits_and_other_seeds_differ", same_seed_same_bits_and_other_seeds_differ),
        ("energy_is_conserved_in_every_example", energy_is_conserved_in_every_example),
        ("dose_of_an_example_agrees_with_the_cpu", dose_of_an_example_agrees_with_the_cpu),
        ("oversize_phantoms_are_refused_with_numbers", oversize_phantoms_are_refused_with_numbers),
        ("unknown_devices_are_refused_with_the_list", unknown_devices_are_refused_with_the_list),
    ];
    let trials = tests.into_iter().map(|(name, test)| Trial::test(name, test).with_ignored_flag(absent && !required)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn adapter() -> Result<Candidate, Failed> {
    candidates().into_iter().next().ok_or_else(|| "no adapter, and DOSAIC_TEST_GPU=required".into())
}

fn check(condition: bool, message: impl Fn() -> String) -> Result<(), Failed> {
    if condition { Ok(()) } else { Err(message().into()) }
}

/// Water, bone and lung in a chequered pattern of 12^3 voxels.
fn mixed(edge: f64) -> Phantom {
    let grid = VoxelGrid::axis_aligned([12, 11, 10], DVec3::new(edge, edge * 1.25, edge * 0.8), DVec3::ZERO);
    let names = ["water_liquid", "bone_cortical_icrp", "lungtissue_icrp"];
    let materials: Vec<_> = names.iter().map(|name| materials::find(name).unwrap_or_else(|| panic!("{name} is tabulated"))).collect();
    let density = [1.0, 1.85, 0.26];
    let voxels = (0..grid.len())
        .map(|v| {
            let [i, j, k] = grid.ijk(v);
            let material = ((i / 2 + j / 3 + k / 2) % 3) as u8;
            pack_voxel(material, density[usize::from(material)])
        })
        .collect();
    Phantom { grid, voxels, materials, regions: vec![0; grid.len()], region_names: Vec::new(), warnings: Vec::new() }
}

/// A problem: phantom, tables, settings, source and spectrum.
struct Problem {
    phantom: Phantom,
    tables: Tables,
    settings: Settings,
    source: Vec<[u32; 2]>,
    sampler: EnergySampler,
    particle: Particle,
    histories: u64,
}

const BATCHES: u32 = 16;

impl Problem {
    fn new(name: &str, particle: Particle, edge: f64, histories: u64) -> Self {
        let phantom = mixed(edge);
        let tables =
            TableOptions { water: WaterData::Icru90, delta_floor: 0.01, delta_share: 0.05, step_fraction: 0.12, straggling_floor: 1.0e-3 };
        let settings = Settings { tables, cut_length: 7.0e-4 * edge, electron_cut: 1.0e-3, range_rejection: true, seed: 20_260 };
        let voxels: Vec<u32> = (0..phantom.grid.len() as u32).filter(|v| v % 7 == 3).collect();
        let shares = voxels.iter().map(|&v| 1.0 + f64::from(v % 5)).collect();
        let emissions = nuclide::emissions(name, true).unwrap_or_else(|error| panic!("{error}")).total;
        let sampler = match particle {
            Particle::Alpha => EnergySampler::new(&emissions.alphas, &[]),
            Particle::Electron => EnergySampler::new(&emissions.electrons_above(1.0e-3).0, &emissions.betas),
        };
        Self {
            tables: Tables::build(&phantom.materials, &tables).unwrap_or_else(|error| panic!("{error}")),
            source: source_list(&dosaic::source::DecayPattern { voxels, shares }),
            sampler: sampler.unwrap_or_else(|| panic!("{name} emits them")),
            phantom,
            settings,
            particle,
            histories,
        }
    }

    fn world(&self, seed: u64) -> World<'_> {
        World { phantom: &self.phantom, tables: &self.tables, settings: Settings { seed, ..self.settings } }
    }

    fn run(&self, backend: &mut dyn Backend) -> Result<Vec<BatchResult>, Failed> {
        let job = Job {
            particle: self.particle,
            source: &self.source,
            spectrum: self.sampler.rows(),
            stream: 5,
            first_history: 1 << 33,
            histories: self.histories,
            batches: BATCHES,
        };
        (0..BATCHES).map(|batch| backend.run(&job, batch, &|_| ()).map_err(|error| error.to_string().into())).collect()
    }
}

/// Both backends run the same histories: emitted energy equal to the quantum, sums balanced, maps the same but for rounding.
fn compare(problem: &Problem, worst_voxel: f64) -> Result<(), Failed> {
    let gpu = problem.run(&mut Gpu::new(problem.world(1), &adapter()?).map_err(|error| error.to_string())?)?;
    let cpu = problem.run(&mut Cpu::new(problem.world(1), 2))?;
    let (mut total, mut difference) = (0u64, 0u64);
    for (g, c) in gpu.iter().zip(&cpu) {
        check(g.sums.imbalance() == 0 && c.sums.imbalance() == 0, || format!("unbalanced: {:?} {:?}", g.sums, c.sums))?;
        check(g.sums.emitted == c.sums.emitted, || format!("emitted {} and {}", g.sums.emitted, c.sums.emitted))?;
        check(g.sums.histories == c.sums.histories, || "histories differ".into())?;
        check(g.energy.iter().sum::<u64>() == g.sums.deposited, || "the map does not hold what was deposited".into())?;
        total += c.sums.deposited;
        difference += g.sums.deposited.abs_diff(c.sums.deposited);
    }
    let relative = difference as f64 / total as f64;
    eprintln!("whole-map energy differs by {relative:.1e}");
    check(relative < 1.0e-4, || format!("whole-map energy differs by {relative:.2e}"))?;
    // Histories that met a branch differently are independent: each voxel must agree within the batch statistics.
    let voxels = problem.phantom.grid.len();
    let (mut chi2, mut used) = (0.0, 0usize);
    for v in 0..voxels {
        let sums = |results: &[BatchResult]| {
            let x: Vec<f64> = results.iter().map(|r| r.energy[v] as f64).collect();
            let mean = x.iter().sum::<f64>() / f64::from(BATCHES);
            (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(BATCHES * (BATCHES - 1)))
        };
        let ((a, va), (b, vb)) = (sums(&gpu), sums(&cpu));
        if va + vb > 0.0 {
            chi2 += (a - b).powi(2) / (va + vb);
            used += 1;
        }
        let off = (a - b).abs() / b.max(1.0);
        check(off < worst_voxel || (a - b).abs() < 5.0 * (va + vb).sqrt(), || format!("voxel {v}: {a} on the GPU, {b} on the CPU"))?;
    }
    // Shared histories make this far smaller than 1 per voxel; independent ones would give 1.
    let per_voxel = chi2 / used as f64;
    eprintln!("chi2 per voxel {per_voxel:.4} over {used} voxels");
    check(used > voxels / 2 && per_voxel < 0.25, || format!("chi2 per voxel {per_voxel:.3} over {used} voxels"))?;
    for (g, c) in gpu.iter().zip(&cpu) {
        if let (Some(g), Some(c)) = (&g.energy_let, &c.energy_let) {
            let (g, c): (u64, u64) = (g.iter().sum(), c.iter().sum());
            check(g.abs_diff(c) as f64 <= 1.0e-4 * c as f64, || format!("energy times LET: {g} and {c}"))?;
        }
    }
    Ok(())
}

fn electrons_in_mixed_media() -> Result<(), Failed> {
    compare(&Problem::new("Y-90", Particle::Electron, 1.0, 16_000), 1.0e-3)?;
    compare(&Problem::new("Lu-177", Particle::Electron, 0.5, 16_000), 1.0e-3)
}

fn alphas_in_mixed_media() -> Result<(), Failed> {
    compare(&Problem::new("Ac-225", Particle::Alpha, 0.01, 16_000), 1.0e-4)
}

fn maps(results: &[BatchResult]) -> Vec<&[u64]> {
    results.iter().map(|r| &r.energy[..]).collect()
}

fn dispatch_size_and_workgroups_do_not_matter() -> Result<(), Failed> {
    for problem in [Problem::new("Y-90", Particle::Electron, 1.0, 4_800), Problem::new("Ac-225", Particle::Alpha, 0.01, 4_800)] {
        let mut first: Option<Vec<BatchResult>> = None;
        for (histories, workgroups, segments) in [(300, 64, None), (64, 1, None), (97, 3, Some(200)), (150, 2, Some(5_000))] {
            let mut gpu = Gpu::new(problem.world(1), &adapter()?).map_err(|error| error.to_string())?;
            let usual = gpu.dispatch();
            gpu.set_dispatch(Dispatch { histories, fixed: true, workgroups, segments: segments.unwrap_or(usual.segments), ..usual });
            let results = problem.run(&mut gpu)?;
            if let Some(first) = &first {
                check(maps(first) == maps(&results), || format!("{histories} histories a dispatch, {workgroups} workgroups: other bits"))?;
            } else {
                first = Some(results);
            }
        }
    }
    Ok(())
}

fn same_seed_same_bits_and_other_seeds_differ() -> Result<(), Failed> {
    let problem = Problem::new("Lu-177", Particle::Electron, 0.5, 4_800);
    let run = |seed| problem.run(&mut Gpu::new(problem.world(seed), &adapter()?).map_err(|error| error.to_string())?);
    let (a, b, c) = (run(1)?, run(1)?, run(2)?);
    check(maps(&a) == maps(&b), || "the same seed gave other bits".into())?;
    check(maps(&a) != maps(&c), || "two seeds gave the same bits".into())
}

/// Every plan of `phantoms/`, a few histories of each component on both backends.
fn energy_is_conserved_in_every_example() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("phantoms");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())?.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        seen += 1;
        let mut plan = plan::load(&path).map_err(|error| error.to_string())?;
        plan.fractions.iter_mut().for_each(|f| f.histories = 2_000);
        let prepared = engine::prepare(&plan).map_err(|error| error.to_string())?;
        let world = || World { phantom: &prepared.phantom, tables: &prepared.tables, settings: prepared.settings };
        let mut gpu = Gpu::new(world(), &adapter()?).map_err(|error| error.to_string())?;
        let mut cpu = Cpu::new(world(), 2);
        let mut stream = 0;
        for component in &prepared.components {
            for beam in &prepared.emitters[component.nuclide].beams {
                stream += 1;
                let job = Job {
                    particle: beam.particle,
                    source: &component.source,
                    spectrum: beam.sampler.rows(),
                    stream,
                    first_history: 0,
                    histories: 480,
                    batches: 1,
                };
                let g = gpu.run(&job, 0, &|_| ()).map_err(|error| error.to_string())?;
                let c = cpu.run(&job, 0, &|_| ()).map_err(|error| error.to_string())?;
                for result in [&g, &c] {
                    let map: u64 = result.energy.iter().sum();
                    let sums = &result.sums;
                    check(sums.emitted == map + sums.escaped && sums.imbalance() == 0, || {
                        format!(
                            "{}: {}: emitted {}, in the map {map}, escaped {}",
                            path.display(),
                            component.name,
                            sums.emitted,
                            sums.escaped
                        )
                    })?;
                }
                check(g.sums.emitted == c.sums.emitted, || format!("{}: emitted energy differs", path.display()))?;
            }
        }
    }
    check(seen >= 5, || format!("only {seen} plans found"))
}

/// A whole run through the engine: mean doses of the regions on both backends within 4 sigma, and nothing missing.
fn dose_of_an_example_agrees_with_the_cpu() -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("phantoms/sphere-y90.toml");
    let mut plan = plan::load(&path).map_err(|error| error.to_string())?;
    plan.fractions.iter_mut().for_each(|f| f.histories = 16_000);
    let prepared = engine::prepare(&plan).map_err(|error| error.to_string())?;
    let stop = std::sync::atomic::AtomicBool::new(false);
    let options = engine::RunOptions { threads: 2, quiet: true, stop: &stop };
    let world = || World { phantom: &prepared.phantom, tables: &prepared.tables, settings: prepared.settings };
    let mut gpu = Gpu::new(world(), &adapter()?).map_err(|error| error.to_string())?;
    let on_gpu = engine::run(&plan, &prepared, &mut gpu, &options).map_err(|error| error.to_string())?;
    let on_cpu = engine::run(&plan, &prepared, &mut Cpu::new(world(), 2), &options).map_err(|error| error.to_string())?;
    for (g, c) in on_gpu.rows.iter().zip(&on_cpu.rows) {
        let (Some(a), Some(b), Some(sigma)) = (g.dose_mean_gy, c.dose_mean_gy, c.dose_mean_sigma_gy) else { continue };
        check((a - b).abs() <= 4.0 * sigma + 1.0e-6 * b, || format!("{}: {a} Gy on the GPU, {b} +- {sigma} Gy on the CPU", g.region))?;
    }
    Ok(())
}

fn oversize_phantoms_are_refused_with_numbers() -> Result<(), Failed> {
    let candidate = adapter()?;
    let bound = candidate.limits.max_storage_buffer_binding_size.min(candidate.limits.max_buffer_size);
    let problem = Problem::new("Lu-177", Particle::Electron, 1.0, 16);
    let device = dosaic::transport::gpu::device::GpuDevice::open(&candidate).map_err(|error| error.to_string())?;
    let error = device.buffer("voxel", bound + 16, wgpu::BufferUsages::STORAGE).err().map(|error| error.to_string()).unwrap_or_default();
    let shown = format!("{:.1} MiB", bound as f64 / 1_048_576.0);
    drop(problem);
    check(error.contains(&shown) && error.contains("voxel"), || format!("\"{error}\" lacks {shown}"))
}

fn unknown_devices_are_refused_with_the_list() -> Result<(), Failed> {
    let first = adapter()?.info.name;
    let error = dosaic::transport::gpu::adapter::choose("no such card").err().ok_or("a card of that name was found")?;
    check(error.exit_code() == 3 && error.to_string().contains(&first), || error.to_string())
}
