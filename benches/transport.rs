//! Histories per second of both backends. `benches/README.md` says what each number means.

#![allow(missing_docs, reason = "criterion_group makes a public function without documentation")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dosaic::{
    grid::VoxelGrid,
    nuclide::{self, spectrum::EnergySampler},
    phantom::{Phantom, pack_voxel},
    physics::materials,
    plan::{PhotonMode, WaterData},
    source::DecayPattern,
    transport::{
        backend::{Backend, Job, Particle, Settings, SourceShape, World, source_list},
        cpu::{run::Cpu, tables::table_electron},
        geometry::Geometry,
        gpu::{Gpu, adapter::candidates},
        rng::rng_block,
        tables::Tables,
    },
};
use glam::DVec3;

/// Water with a source in the middle half of each axis.
struct Case {
    name: &'static str,
    phantom: Phantom,
    tables: Tables,
    settings: Settings,
    source: Vec<[u32; 2]>,
    sampler: EnergySampler,
    particle: Particle,
    histories: u64,
}

impl Case {
    fn new(name: &'static str, nuclide: &str, particle: Particle, size: u32, edge: f64, histories: u64) -> Self {
        let grid = VoxelGrid::axis_aligned([size; 3], DVec3::splat(edge), DVec3::ZERO);
        let material = materials::find("water_liquid").expect("water is tabulated");
        let phantom = Phantom {
            grid,
            voxels: vec![pack_voxel(0, 1.0); grid.len()],
            materials: vec![material],
            regions: vec![0; grid.len()],
            region_names: Vec::new(),
            warnings: Vec::new(),
        };
        let inside = |v: &u32| grid.ijk(*v as usize).iter().all(|&i| (size / 4..size * 3 / 4).contains(&i));
        let voxels: Vec<u32> = (0..grid.len() as u32).filter(inside).collect();
        let shares = vec![1.0; voxels.len()];
        let emissions = nuclide::emissions(nuclide, true).expect("the nuclide is tabulated").total;
        let sampler = match particle {
            Particle::Alpha => EnergySampler::new(&emissions.alphas, &[]),
            Particle::Electron => EnergySampler::new(&emissions.electrons_above(1.0e-3).0, &emissions.betas),
            Particle::Positron => EnergySampler::new(&[], &emissions.positrons),
            Particle::Photon => EnergySampler::new(&emissions.photons_above(1.0e-3).0, &[]),
        };
        // The defaults of a plan at this voxel size.
        let plan = dosaic::plan::TransportPlan {
            histories,
            batches: 16,
            goal: None,
            seed: 1,
            device: "auto".into(),
            water: WaterData::Icru90,
            delta_threshold: None,
            electron_cut: None,
            photons: PhotonMode::Analogue,
            photon_threshold: None,
            photon_cut: None,
            range_rejection: true,
        };
        let settings = Settings::resolve(&plan, &grid);
        Self {
            name,
            tables: Tables::build(&phantom.materials, &phantom.voxels, &settings.tables).expect("water has data"),
            source: source_list(&DecayPattern { voxels, shares }),
            sampler: sampler.expect("the nuclide emits them"),
            phantom,
            settings,
            particle,
            histories,
        }
    }

    fn world(&self) -> World<'_> {
        World { geometry: Geometry::Voxels(&self.phantom), tables: &self.tables, settings: self.settings }
    }

    fn run(&self, backend: &mut dyn Backend) {
        let job = Job {
            particle: self.particle,
            source: &self.source,
            shape: SourceShape::Uniform,
            spectrum: self.sampler.rows(),
            stream: 1,
            first_history: 0,
            histories: self.histories,
            batches: 1,
        };
        black_box(backend.run(&job, 0, &|_| ()).expect("the batch runs"));
    }
}

fn histories(c: &mut Criterion) {
    let cases = [
        Case::new("y90_electrons_3mm", "Y-90", Particle::Electron, 64, 3.0, 100_000),
        Case::new("lu177_electrons_3mm", "Lu-177", Particle::Electron, 64, 3.0, 400_000),
        Case::new("ac225_alphas_50um", "Ac-225", Particle::Alpha, 64, 0.05, 400_000),
        Case::new("ac225_alphas_5um", "Ac-225", Particle::Alpha, 64, 0.005, 100_000),
    ];
    for case in &cases {
        let mut group = c.benchmark_group(case.name);
        group.throughput(Throughput::Elements(case.histories));
        group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
        for threads in [1, 2] {
            group.bench_function(format!("cpu_{threads}"), |b| {
                let mut backend = Cpu::new(case.world(), threads);
                b.iter(|| case.run(&mut backend));
            });
        }
        for candidate in candidates() {
            group.bench_function(format!("gpu_{}", candidate.info.name), |b| {
                let mut backend = Gpu::new(case.world(), &candidate).expect("the adapter opens");
                b.iter(|| case.run(&mut backend));
            });
        }
        group.finish();
    }
}

fn functions(c: &mut Criterion) {
    let case = Case::new("tables", "Y-90", Particle::Electron, 8, 3.0, 16);
    let mut i = 0u32;
    c.bench_function("philox_block", |b| {
        b.iter(|| {
            i = i.wrapping_add(1);
            rng_block(black_box([1, 2]), [i, 0], 3, 4)
        });
    });
    c.bench_function("table_electron", |b| {
        b.iter(|| {
            i = i.wrapping_add(1);
            table_electron(&case.tables, 0, black_box(1.0e-5 + 1.0e-7 * (i & 0xffff) as f32))
        });
    });
    c.bench_function("tables_of_water", |b| {
        b.iter(|| Tables::build(black_box(&case.phantom.materials), &case.phantom.voxels, &case.settings.tables).expect("water has data"));
    });
}

criterion_group!(benches, histories, functions);
criterion_main!(benches);
