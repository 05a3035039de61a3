//! Oxygen: its table, and fields on fine grids.

use std::sync::Arc;

use dosaic::{
    grid::VoxelGrid,
    response::tme::{
        cpu::oxygen::{Oxygen, oxygen_let, oxygen_local, oxygen_lookup},
        micro::{
            Device, LigandConstants, MicroOxygen, MicroState, Supply, cpu::CpuSweeps, diffusion::Sweeps, gpu::GpuSweeps, levels::Levels,
            penetration, random_vessels,
        },
        oxygen::{OxygenConstants, OxygenTable},
    },
    transport::gpu::{
        bindings::{READ, WRITE, layout},
        device::GpuDevice,
        shaders::{self, ShaderFile, ShaderModule},
    },
};
use glam::DVec3;
use wgpu::{BindGroupDescriptor, BindGroupEntry, BufferUsages};

use crate::tissue::TISSUE;
use crate::{Test, adapter::adapter};

pub(crate) const TESTS: &[Test] = &[
    ("oxygen_from_the_table_agrees", lookups),
    ("fields_agree_after_each_iteration", iterations),
    ("oxygen_on_a_fine_grid_agrees", fields),
    ("ligands_on_a_fine_grid_agree", ligands),
];

/// Runs one lookup per thread.
const PROBE: &str = "
@group(0) @binding(0) var<storage, read> probe_table: array<f32>;
@group(0) @binding(1) var<storage, read> probe_states: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> probe_results: array<vec4<f32>>;

fn oxygen_word(i: u32) -> f32 {
    return probe_table[i];
}

fn oxygen_node(i: u32) -> vec4<f32> {
    return vec4<f32>(probe_table[4u * i], probe_table[4u * i + 1u], probe_table[4u * i + 2u], probe_table[4u * i + 3u]);
}

@compute @workgroup_size(64)
fn probe_oxygen(@builtin(global_invocation_id) thread: vec3<u32>) {
    if thread.x >= arrayLength(&probe_states) {
        return;
    }
    let state = probe_states[thread.x];
    let mean = oxygen_lookup(u32(state.w), state.x, state.y, state.z);
    let local = oxygen_local(mean.po2, 5.0, 3.0, 3.0);
    probe_results[3u * thread.x] = vec4<f32>(mean.po2, mean.hypoxic, mean.oxic_weight, mean.hypoxic_weight);
    probe_results[3u * thread.x + 1u] = vec4<f32>(local.po2, local.hypoxic, local.oxic_weight, local.hypoxic_weight);
    probe_results[3u * thread.x + 2u] = vec4<f32>(oxygen_let(mean.hypoxic_weight, 0.4));
}
";

fn gpu() -> Arc<GpuDevice> {
    Arc::new(GpuDevice::open(adapter()).expect("the adapter opens"))
}

fn lookups() {
    let tables = [0.25, 0.6].map(|hypoxic_fraction| {
        let constants = OxygenConstants { hypoxic_fraction, ..TISSUE };
        OxygenTable::<f32>::new(&constants).expect("usual constants").words
    });
    let second = tables[0].len() as f32;
    let words = tables.concat();
    let states: Vec<[f32; 4]> = (0..4096)
        .map(|i| {
            let [x, y, z] = [1, 2, 3].map(|k: i32| (0.5 + f64::from(i) / 1.220_744_084_605_76_f64.powi(k)).fract() as f32);
            // Somewhat beyond the table on all sides.
            [0.015 * 250.0f32.powf(x), 2.1 * y, 8.0 * 18.0f32.powf(z), if i % 2 == 0 { 0.0 } else { second }]
        })
        .collect();
    let found = probe(&words, &states);
    for (i, state) in states.iter().enumerate() {
        let [vessels, consumption, capillary, at] = *state;
        let mean = oxygen_lookup(&words, at as u32, vessels, consumption, capillary);
        let local = oxygen_local(mean.po2, 5.0, 3.0, 3.0);
        let expected = [flat(mean), flat(local), [oxygen_let(mean.hypoxic_weight, 0.4); 4]].concat();
        let found = found[3 * i..][..3].concat();
        for (channel, (&a, &b)) in found.iter().zip(&expected).enumerate() {
            // WGSL's logarithms and exponentials may be off by 2^-21; near its edge the local class turns that into a share.
            let tolerance = if channel == 5 { 1.0e-4 } else { 2.0e-5 };
            assert!((a - b).abs() <= tolerance * b.abs().max(0.05), "{state:?}, {channel}: {a} on the device, {b} on the CPU");
        }
    }
}

fn flat(oxygen: Oxygen<f32>) -> [f32; 4] {
    [oxygen.po2, oxygen.hypoxic, oxygen.oxic_weight, oxygen.hypoxic_weight]
}

fn probe(words: &[f32], states: &[[f32; 4]]) -> Vec<[f32; 4]> {
    let gpu = gpu();
    let layout = layout(&gpu.device, "probe", &[READ, READ, WRITE]);
    let module =
        ShaderModule { entry: "probe_oxygen", files: vec![shaders::OXYGEN, ShaderFile { name: "tests/parity/multigrid.rs", text: PROBE }] };
    let (pipeline, _) = gpu.pipeline(&module, &[&layout], &[]).expect("the probe compiles");
    let bytes = 48 * states.len() as u64;
    let table = gpu.upload("table", bytemuck::cast_slice(words)).expect("it fits");
    let input = gpu.upload("states", bytemuck::cast_slice(states)).expect("it fits");
    let output = gpu.buffer("results", bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC).expect("it fits");
    let staging = gpu.buffer("read-back", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST).expect("it fits");
    let entries: Vec<BindGroupEntry<'_>> = (0..)
        .zip([&table, &input, &output])
        .map(|(binding, buffer)| BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    let group = gpu.device.create_bind_group(&BindGroupDescriptor { label: None, layout: &layout, entries: &entries });
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(states.len().div_ceil(64) as u32, 1, 1);
    }
    encoder.copy_buffer_to_buffer(&output, 0, &staging, 0, bytes);
    let submission = gpu.queue.submit([encoder.finish()]);
    gpu.read(&staging, bytes, submission).expect("the device answers")
}

/// A grid of no round size with cells longer along one axis, vessels, and a medium at one end.
fn scene() -> (VoxelGrid, Vec<Supply>) {
    let grid = VoxelGrid::axis_aligned([37, 26, 19], DVec3::new(0.006, 0.008, 0.02), DVec3::ZERO);
    let all: Vec<u32> = (0..grid.len() as u32).collect();
    let mut supply: Vec<Supply> = all.iter().map(|v| if v % 37 == 36 { Supply::Held(30.0) } else { Supply::Tissue }).collect();
    for vessel in random_vessels(&all, 0.01, 3) {
        supply[vessel as usize] = Supply::Capillary;
    }
    (grid, supply)
}

fn iterations() {
    let (grid, supply) = scene();
    let levels = Levels::new(&grid, 2.5);
    let cells = grid.len();
    let mut cpu = CpuSweeps::<f32>::new(&levels, 2);
    let mut device = GpuSweeps::new(gpu(), &levels).expect("the kernels compile");
    // Couplings and terms of any size, some of them 0.
    let face = |i: usize| if supply[i % cells] == Supply::Tissue { 5.0 + (i * 7919 % 101) as f32 } else { 0.0 };
    let inside = |axis: usize, v: usize| grid.ijk(v)[axis] + 1 < grid.size[axis];
    let faces: Vec<f32> = (0..3 * cells).map(|i| if inside(i / cells, i % cells) { face(i) } else { 0.0 }).collect();
    let terms: Vec<_> = (0..cells)
        .map(|v| dosaic::response::tme::cpu::multigrid::MultigridTerms {
            loss: if v % 11 == 0 { 4.0 } else { 0.1 },
            source: if v % 11 == 0 { 160.0 } else { 0.0 },
            demand: 150.0 * (v % 5) as f32,
        })
        .collect();
    let start = vec![40.0; cells];
    for sweeps in [&mut cpu as &mut dyn Sweeps, &mut device] {
        sweeps.set_faces(&faces).expect("the device answers");
        sweeps.set_terms(&terms).expect("the device answers");
        sweeps.set_field(&start).expect("the device answers");
    }
    let (mut a, mut b) = (start.clone(), start.clone());
    for iteration in 0..6 {
        let reports = [cpu.iterate().expect("it runs"), device.iterate().expect("it runs")];
        cpu.read_field(&mut a).expect("it runs");
        device.read_field(&mut b).expect("it runs");
        let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 40.0 * 2.0e-5, "iteration {iteration}: {worst} mmHg apart");
        if iteration < 2 {
            for i in 0..2 {
                assert!((reports[0][i] / reports[1][i] - 1.0).abs() < 1.0e-3, "iteration {iteration}: {reports:?}");
            }
        }
    }
    let lowest = a.iter().fold(40.0, |a: f32, &b| a.min(b));
    let highest = a.iter().fold(0.0, |a: f32, &b| a.max(b));
    assert!(highest > 1.5 * lowest + 1.0, "nothing was solved: {lowest} to {highest} mmHg");
}

fn fields() {
    let (grid, supply) = scene();
    let consumption: Vec<f32> = (0..grid.len()).map(|v| 1.2 * (v % 6) as f32).collect();
    let perfusion: Vec<f32> = (0..grid.len()).map(|v| 0.25 * (v % 5) as f32).collect();
    let state = MicroState { consumption: &consumption, perfusion: Some(&perfusion), capillary_shift: 5.0 };
    let [a, b] = [Device::Cpu(2), Device::Gpu(gpu())].map(|device| {
        let mut oxygen = MicroOxygen::new(&grid, &supply, &TISSUE, &device).expect("a small grid");
        oxygen.solve(&state).expect("it converges").to_vec()
    });
    let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 45.0 * 2.0e-5, "{worst} mmHg apart");
    assert!(a.iter().any(|&p| p < 5.0), "nothing is hypoxic");
}

fn ligands() {
    let (grid, supply) = scene();
    let supplied: Vec<Option<f32>> = supply.iter().map(|&s| (s != Supply::Tissue).then_some(0.7)).collect();
    let receptors: Vec<f32> = (0..grid.len()).map(|v| 10.0 * (v % 4) as f32).collect();
    let constants = LigandConstants {
        diffusivity: 80.0,
        k_on: 1.0e-3,
        k_off: 1.0e-3,
        k_int: 2.0e-4,
        plasma: 20.0,
        half_life: 3600.0,
        duration: 7200.0,
        steps: 10,
    };
    let [a, b] = [Device::Cpu(2), Device::Gpu(gpu())]
        .map(|device| penetration(&grid, &supplied, &receptors, &constants, &device).expect("it converges").retained);
    let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 20.0 * 2.0e-5 && a.iter().any(|&x| x > 5.0), "{worst} nM apart");
}
