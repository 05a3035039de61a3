//! Histories per second of both backends. `benches/README.md` says what each number means.

#![allow(missing_docs, reason = "criterion_group makes a public function without documentation")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dosaic::{
    kernel::{
        Emitter,
        emitter::Beam,
        stage::{Stage, standard_plan},
    },
    plan::{PhotonMode, WaterData},
    source::DecayPattern,
    transport::{
        backend::{Backend, Job, Settings, SourceShape, source_list},
        cpu::{run::Cpu, tables::table_electron},
        gpu::{Gpu, adapter::candidates},
        rng::rng_block,
        tables::Tables,
    },
};
use glam::DVec3;

/// Water with a source in the middle half of each axis.
struct Case {
    name: &'static str,
    stage: Stage,
    source: Vec<[u32; 2]>,
    beam: Beam,
    histories: u64,
}

impl Case {
    /// `emitter` as in `dosaic kernel`, with chain; `edge` in mm.
    fn new(name: &'static str, emitter: &str, photons: PhotonMode, size: u32, edge: f64, histories: u64) -> Self {
        // The defaults of a plan at this voxel size.
        let settings = Settings { photons, ..Settings::for_edge(&standard_plan(WaterData::Icru90, 1), 0.1 * edge) };
        let stage = Stage::voxels(&["water_liquid"], [size; 3], DVec3::splat(edge), settings, |_| (0, 1.0)).expect("water has data");
        let grid = stage.phantom().expect("voxels").grid;
        let inside = |v: &u32| grid.ijk(*v as usize).iter().all(|&i| (size / 4..size * 3 / 4).contains(&i));
        let voxels: Vec<u32> = (0..grid.len() as u32).filter(inside).collect();
        let shares = vec![1.0; voxels.len()];
        let mut beams = Emitter::parse(emitter, true).expect("the emitter is known").beams;
        assert_eq!(beams.len(), 1, "{emitter} emits particles of one kind");
        Self { name, stage, source: source_list(&DecayPattern { voxels, shares }), beam: beams.remove(0), histories }
    }

    fn run(&self, backend: &mut dyn Backend) {
        let job = Job {
            particle: self.beam.radiation.particle(),
            source: &self.source,
            shape: SourceShape::Uniform,
            spectrum: self.beam.sampler.rows(),
            stream: 1,
            first_history: 0,
            histories: self.histories,
            batches: 1,
        };
        black_box(backend.run(&job, 0, &|_| ()).expect("the batch runs"));
    }
}

fn histories(c: &mut Criterion) {
    const ANALOGUE: PhotonMode = PhotonMode::Analogue;
    let cases = [
        Case::new("y90_betas_3mm", "Y-90:beta", ANALOGUE, 64, 3.0, 200_000),
        Case::new("lu177_betas_3mm", "Lu-177:beta", ANALOGUE, 64, 3.0, 1_000_000),
        Case::new("ga68_positrons_3mm", "Ga-68:beta+", ANALOGUE, 64, 3.0, 100_000),
        Case::new("photons_364kev_3mm", "photon:0.364489", ANALOGUE, 64, 3.0, 200_000),
        Case::new("photons_364kev_3mm_track_length", "photon:0.364489", PhotonMode::TrackLength, 64, 3.0, 100_000),
        Case::new("ac225_alphas_50um", "Ac-225:alpha", ANALOGUE, 64, 0.05, 1_000_000),
        Case::new("ac225_alphas_5um", "Ac-225:alpha", ANALOGUE, 64, 0.005, 200_000),
    ];
    for case in &cases {
        let mut group = c.benchmark_group(case.name);
        group.throughput(Throughput::Elements(case.histories));
        group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
        for threads in [1, 2] {
            group.bench_function(format!("cpu_{threads}"), |b| {
                let mut backend = Cpu::new(case.stage.world(), threads);
                b.iter(|| case.run(&mut backend));
            });
        }
        for candidate in candidates() {
            group.bench_function(format!("gpu_{}", candidate.info.name), |b| {
                let mut backend = Gpu::new(case.stage.world(), &candidate).expect("the adapter opens");
                b.iter(|| case.run(&mut backend));
            });
        }
        group.finish();
    }
}

fn functions(c: &mut Criterion) {
    let case = Case::new("tables", "Y-90:beta", PhotonMode::Analogue, 8, 3.0, 16);
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
            table_electron(&case.stage.tables, 0, black_box(1.0e-5 + 1.0e-7 * (i & 0xffff) as f32))
        });
    });
    c.bench_function("tables_of_water", |b| {
        let phantom = case.stage.phantom().expect("voxels");
        b.iter(|| Tables::build(black_box(&phantom.materials), &phantom.voxels, &case.stage.settings.tables).expect("water has data"));
    });
}

criterion_group!(benches, histories, functions);
criterion_main!(benches);
