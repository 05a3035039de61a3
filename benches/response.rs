//! Voxel-steps per second of the tumour-microenvironment model. `benches/README.md` says what each number means.

#![allow(missing_docs, reason = "criterion_group makes a public function without documentation")]

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group};
use dosaic::{grid::VoxelGrid, response::tme::simulation::Simulation, transport::gpu::adapter::candidates};
use glam::DVec3;
use tumours::{DAY, On, Tumours, delivery};

/// The adapter that the tumours ask for: the one the runs are for.
mod adapter {
    use std::sync::Mutex;

    use dosaic::transport::gpu::adapter::{Candidate, candidates};

    static WANTED: Mutex<usize> = Mutex::new(0);

    pub(crate) fn choose(index: usize) {
        *WANTED.lock().expect("nobody panics here") = index;
    }

    pub(crate) fn adapter() -> &'static Candidate {
        let wanted = *WANTED.lock().expect("nobody panics here");
        Box::leak(Box::new(candidates().into_iter().find(|c| c.index == wanted).expect("adapters do not go away")))
    }
}

#[path = "../tests/support/tumours.rs"]
mod tumours;

/// Where runs are made, by name.
fn places() -> Vec<(String, On, usize)> {
    let mut places = vec![("cpu_1".to_owned(), On::Cpu(1), 0), ("cpu_2".to_owned(), On::Cpu(2), 0)];
    places.extend(candidates().into_iter().map(|c| (format!("gpu_{}", c.info.name), On::Gpu(None), c.index)));
    places
}

/// `voxels` voxels on the second day of the first fraction.
fn second_day(voxels: usize, on: On) -> Simulation {
    let tumours = Tumours::new(voxels, 1e4);
    let mut simulation = tumours.start(on);
    for i in 0..8 {
        let source = simulation.add_source(tumours.source(i, 3.0, 6e14)).expect("the maps fit");
        simulation.deliver(delivery(source, 0.0, 1e5)).expect("right input");
    }
    simulation.advance(DAY).expect("the run goes on");
    simulation
}

/// A day (four steps) with eight sources that hardly decay, everything switched on.
fn steps(c: &mut Criterion) {
    const VOXELS: usize = 20_000;
    let mut group = c.benchmark_group("response_step");
    group.throughput(Throughput::Elements(VOXELS as u64));
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for (name, on, index) in places() {
        adapter::choose(index);
        group.bench_function(name, |b| {
            let mut simulation = second_day(VOXELS, on);
            let mut time = simulation.time();
            b.iter(|| {
                // The state waits for the device.
                time += DAY;
                simulation.advance(time).expect("the run goes on");
                simulation.state().expect("the state is there")
            });
        });
    }
    group.finish();
}

/// 1 % of 256^3 voxels over so many days: four fractions of eight sources; on devices with this in their name.
fn whole(wanted: &str, days: f64) {
    let side = 256u32;
    let active: Vec<u32> = (0..side.pow(3)).step_by(100).collect();
    for (name, on, index) in places().into_iter().filter(|(name, ..)| name.contains(wanted)) {
        adapter::choose(index);
        let mut tumours = Tumours::new(active.len(), days);
        tumours.domain.grid = VoxelGrid::axis_aligned([side; 3], DVec3::splat(2.0), DVec3::ZERO);
        tumours.domain.voxels.clone_from(&active);
        let start = Instant::now();
        let mut simulation = tumours.start(on);
        let ready = start.elapsed().as_secs_f64();
        let mut cells = Vec::new();
        tumours.treat(&mut simulation, 8, |simulation| {
            let state = simulation.state().expect("the state is there");
            cells.push(state[..2 * active.len()].iter().sum::<f64>());
        });
        let took = start.elapsed().as_secs_f64();
        println!(
            "{name}: {} voxels, {days} d, {took:.1} s ({ready:.1} s of them to set up), most memory so far {}",
            active.len(),
            memory()
        );
        println!("  viable cells, in full voxels: {cells:.3?}");
    }
}

/// Most memory that the process has had, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}

criterion_group!(benches, steps);

fn main() {
    let arguments: Vec<String> = std::env::args().skip_while(|argument| argument != "whole").collect();
    if let Some((_, rest)) = arguments.split_first() {
        let rest: Vec<&String> = rest.iter().filter(|argument| !argument.starts_with("--")).collect();
        let days = rest.get(1).map_or(400.0, |days| days.parse().expect("a number of days"));
        whole(rest.first().map_or("", |name| name.as_str()), days);
    } else {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
}
