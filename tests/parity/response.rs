//! The response on a device against its CPU twin: functions, single steps from any state, whole runs.

use dosaic::{
    response::tme::{
        FIELDS, Field,
        coefficients::Activities,
        cpu::{
            radiation::radiation_share,
            reduce::{reduce_quanta, reduce_value},
        },
        gpu::BINDINGS,
        layout::WORKGROUP,
        model::{ModelInput, StepInput, VoxelModel},
        open::ModelOxygen,
        oxygen_state::Oxygen,
        stage::Stage,
    },
    transport::gpu::{
        bindings::{READ, WRITE, layout},
        device::GpuDevice,
        shaders,
    },
};
use wgpu::{BindGroupDescriptor, BindGroupEntry, Buffer, BufferBindingType, BufferUsages};

use crate::{
    Test,
    adapter::adapter,
    compare::{Kind::Bits, compare, float},
    tumours::{On, Tumours, delivery, random},
    words::Row as Words,
};

pub(crate) const TESTS: &[Test] = &[
    ("shares_of_survival_agree", shares),
    ("antigen_quanta_are_equal_to_the_bit", quanta),
    ("antigen_of_all_voxels_is_equal_to_the_bit", antigen),
    ("single_steps_agree_from_any_state", steps),
    ("oxygen_from_outside_agrees", oxygen_from_outside),
    ("whole_responses_agree", whole),
    ("responses_are_the_same_bits_in_any_chunks", chunks),
    ("wrong_input_of_the_response_is_an_error", wrong),
];

const INPUTS: u32 = 20_000;

/// Runs an entry point of `shaders/probe/response.wgsl` over rows of words.
fn probe<const INPUTS: usize, const OUTPUTS: usize>(entry: &'static str, inputs: &[[u32; INPUTS]]) -> Vec<[u32; OUTPUTS]> {
    assert!((inputs.len() * INPUTS).is_multiple_of(4), "a padded row must not look like an input");
    let gpu = GpuDevice::open(adapter()).expect("the adapter opens");
    let layouts = [layout(&gpu.device, "response", &BINDINGS.map(|(_, kind)| kind)), layout(&gpu.device, "probe", &[READ, WRITE])];
    let (pipeline, _) = gpu.pipeline(&shaders::response_probe(entry), &[&layouts[0], &layouts[1]], &[]).unwrap_or_else(|e| panic!("{e}"));
    let empty = |kind: BufferBindingType| {
        let usage = if kind == BufferBindingType::Uniform { BufferUsages::UNIFORM } else { BufferUsages::STORAGE };
        gpu.buffer("empty", 4096, usage).expect("room")
    };
    let buffers = BINDINGS.map(|(_, kind)| empty(kind));
    let bytes = (inputs.len() * OUTPUTS * 4) as u64;
    let output = gpu.buffer("output", bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC).expect("room");
    let staging = gpu.buffer("read-back", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST).expect("room");
    let probe = [gpu.upload("input", bytemuck::cast_slice(inputs)).expect("room"), output.clone()];
    let group = |layout, buffers: &[Buffer]| {
        let entry = |(binding, buffer): (usize, &'_ Buffer)| (binding as u32, buffer.clone());
        let buffers: Vec<(u32, Buffer)> = buffers.iter().enumerate().map(entry).collect();
        let entries: Vec<BindGroupEntry<'_>> =
            buffers.iter().map(|(binding, buffer)| BindGroupEntry { binding: *binding, resource: buffer.as_entire_binding() }).collect();
        gpu.device.create_bind_group(&BindGroupDescriptor { label: None, layout, entries: &entries })
    };
    let groups = [group(&layouts[0], &buffers), group(&layouts[1], &probe)];
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &groups[0], &[]);
        pass.set_bind_group(1, &groups[1], &[]);
        pass.dispatch_workgroups((inputs.len() as u32).div_ceil(WORKGROUP), 1, 1);
    }
    encoder.copy_buffer_to_buffer(&output, 0, &staging, 0, bytes);
    let submission = gpu.queue.submit([encoder.finish()]);
    let words: Vec<u32> = gpu.read(&staging, bytes, submission).expect("the device answers");
    words.as_chunks::<OUTPUTS>().0.to_vec()
}

fn shares() {
    // Evenly in the logarithm from 1e-9 to 1000, and the corners.
    let effect = |i: u32| (1e-9 * (f64::from(i) / f64::from(INPUTS) * 1e12f64.ln()).exp()) as f32;
    let mut inputs: Vec<[u32; 1]> = (0..INPUTS).map(|i| [effect(i).to_bits()]).collect();
    inputs.extend([0.0f32, -1.0, 0.5, 87.0].map(|x| [x.to_bits()]));
    let want: Vec<[u32; 2]> = inputs
        .iter()
        .map(|&[x]| {
            let share = radiation_share(f32::from_bits(x));
            Words::default().f(&[share.left, share.lost]).done()
        })
        .collect();
    // The same operations; a device may fuse products and sums.
    compare("radiation_share", &[("left", 1, float(4.0)), ("lost", 1, float(4.0))], &probe("response_share", &inputs), &want, 0);
}

fn quanta() {
    let mut inputs: Vec<[u32; 1]> = (0..INPUTS).map(|i| [((1e-12f64 * 2e13f64.powf(random(1, i)[0])) as f32).to_bits()]).collect();
    inputs.extend([0.0f32, -3.0, 1.0, 1e9].map(|x| [x.to_bits()]));
    let want: Vec<[u32; 5]> = inputs
        .iter()
        .map(|&[x]| {
            let quanta = reduce_quanta(f32::from_bits(x));
            let sum = 3 * quanta;
            let words = [quanta as u32, (quanta >> 32) as u32, sum as u32, (sum >> 32) as u32];
            Words::default().u(&words).f(&[reduce_value::<f32>(sum)]).done()
        })
        .collect();
    compare("reduce", &[("quanta", 4, Bits), ("value", 1, float(1.0))], &probe("response_quanta", &inputs), &want, 0);
}

/// Voxels in random states, and what a step needs.
struct Bench {
    tumours: Tumours,
    input: ModelInput,
    oxygen: ModelOxygen,
}

fn bench(voxels: usize) -> Bench {
    let tumours = Tumours::new(voxels, 100.0);
    let mut found = None;
    let (source, oxygen) = ModelOxygen::closure(&tumours.plan).expect("the closure has its constants");
    let take = |input: &ModelInput| {
        found = Some(input.clone());
        Ok(tumours.model(input, oxygen.clone(), On::Cpu(1)))
    };
    dosaic::response::tme::simulation::Simulation::new(&tumours.plan, &tumours.tissues, &tumours.domain, source, take).expect("right");
    let mut input = found.expect("a model was built");
    for (field, values) in Field::ALL.into_iter().zip(input.fields.chunks_exact_mut(voxels)) {
        // Up to the sizes that they reach; some cells at next to nothing.
        let size = match field {
            Field::Primed => 2000.0,
            Field::Effector => 500.0,
            Field::Oxic | Field::Hypoxic | Field::Doomed | Field::Dead => 0.4,
            Field::DoomedFirst | Field::DoomedSecond => 0.15,
            Field::DoseLow | Field::DoseHigh | Field::Encounter | Field::EffectHigh => 50.0,
            _ => 1.5,
        };
        for (v, value) in (0..).zip(values) {
            let [x, small, ..] = random(10 + field as u32, v);
            *value = f64::from((size * x * if small < 0.2 { 1e-6 * small } else { 1.0 }) as f32);
        }
    }
    // Where endothelium repairs as the tumour does, both have the same damage.
    let (_, sets) = input.repair();
    for (from, to) in [(Field::UnrepairedLow, Field::VesselLow), (Field::UnrepairedHigh, Field::VesselHigh)] {
        for v in (0..voxels).filter(|&v| sets[usize::from(input.row_of[v])][0] == sets[usize::from(input.row_of[v])][1]) {
            input.fields[to as usize * voxels + v] = input.fields[from as usize * voxels + v];
        }
    }
    assert!(sets.iter().any(|[tumour, vessel]| tumour == vessel) && sets.iter().any(|[tumour, vessel]| tumour != vessel));
    Bench { tumours, input, oxygen }
}

impl Bench {
    /// One step of 0.25 d on day 1.25 with nine sources.
    fn step(&self, mut model: Box<dyn VoxelModel>) -> Vec<f64> {
        let mut activities = Activities::default();
        for source in 0..9 {
            activities.deliver(&delivery(source, 0.1 * source as f64, 20.0 + 8.0 * source as f64)).expect("right input");
            let decays = activities.scale(source);
            model.add_source(&self.tumours.source(source as u32, 12.0, decays), decays).expect("the maps fit");
        }
        let activity = activities.within(1.25, 1.5);
        assert_eq!(activity.sources().len(), 9);
        let half = |lymphocytes: f64| Stage {
            lymphocytes,
            checkpoint: 3.0,
            sensitiser: 0.3,
            alpha: 1.1,
            root_beta: 1.05,
            capillary: 4.0,
            targets: 0.01,
            caf_killing: 0.02,
            polarisation: 0.1,
            ..Stage::neutral(0.125)
        };
        let (first, second) = ([half(0.9), half(0.8)], [half(0.8), half(0.7)]);
        model.step(&StepInput { first, radiation: half(0.8), second, activity: &activity, repair: 0.7 }).expect("the step is made");
        model.fields().expect("the state is there")
    }
}

/// Largest deviation of each field, relative to the larger of its own size and a share of the largest value in that field.
fn deviations(got: &[f64], want: &[f64], floor: f64) -> Vec<(Field, f64)> {
    assert_eq!(got.len(), want.len());
    let n = got.len() / FIELDS;
    let of = |(i, field): (usize, Field)| {
        let (got, want) = (&got[i * n..][..n], &want[i * n..][..n]);
        let largest = want.iter().fold(0.0f64, |top, x| top.max(x.abs()));
        let off = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { (a - b).abs() / b.abs().max(floor * largest) };
        let worst = got.iter().zip(want).map(off).fold(0.0, |top: f64, x| if x > top || x.is_nan() { x } else { top });
        (field, worst)
    };
    Field::ALL.into_iter().enumerate().map(of).collect()
}

fn antigen() {
    let mut bench = bench(10_007);
    let n = bench.input.voxels();
    // Death signals whose share of maturation has no rounding: 1/2.
    for row in &mut bench.input.rows {
        (row.doomed_signal, row.t_killing, row.natural_death, row.death_signal_half, row.antigen_weight) = (0.0, 0.0, 0.25, 0.25, 0.5);
    }
    bench.input.antigen_scale = 0.125;
    let cells = |field: Field, v: usize| bench.input.fields[field as usize * n + v] as f32;
    let quanta: u64 =
        (0..n).map(|v| reduce_quanta(0.5f32 * 0.5 * (cells(Field::Oxic, v) + cells(Field::Hypoxic, v) + cells(Field::Doomed, v)))).sum();
    let expected = f64::from(reduce_value::<f32>(quanta) * 0.125);
    assert!(expected > 100.0);
    for on in [On::Cpu(1), On::Cpu(3), On::Gpu(None), On::Gpu(Some(64)), On::Gpu(Some(1000))] {
        let mut model = bench.tumours.model(&bench.input, bench.oxygen.clone(), on);
        assert_eq!(model.antigen().expect("a sum"), expected);
    }
}

fn steps() {
    let bench = bench(6000);
    let want = bench.step(bench.tumours.model(&bench.input, bench.oxygen.clone(), On::Cpu(2)));
    let got = bench.step(bench.tumours.model(&bench.input, bench.oxygen.clone(), On::Gpu(None)));
    let moved = deviations(&bench.input.fields, &want, 1e-3);
    assert!(moved.iter().all(|(field, off)| *off > 1e-3 || *field == Field::PdL1), "{moved:?}");
    let off = deviations(&got, &want, 1e-3);
    println!("  {off:?}");
    // Some tens of operations, each good to 1e-7; logarithms of the oxygen table to 1e-6.
    for (field, off) in off {
        assert!(off < 5e-6, "{field:?}: {off:e}");
    }
}

fn oxygen_from_outside() {
    let mut bench = bench(4100);
    let oxygen = |seed: u32| -> Vec<Oxygen<f64>> {
        let of = |v: u32| {
            let [a, b, c, d] = random(seed, v);
            Oxygen { po2: 40.0 * a, hypoxic: b, oxic_weight: 0.8 + 0.2 * c, hypoxic_weight: 0.4 + 0.3 * d }
        };
        (0..4100).map(of).collect()
    };
    bench.oxygen = ModelOxygen::Voxels(oxygen(50));
    let run = |on: On| {
        let mut model = bench.tumours.model(&bench.input, bench.oxygen.clone(), on);
        model.set_oxygen(&oxygen(51)).expect("it takes oxygen from outside");
        bench.step(model)
    };
    let (want, got) = (run(On::Cpu(1)), run(On::Gpu(Some(1024))));
    for (field, off) in deviations(&got, &want, 1e-3) {
        assert!(off < 5e-6, "{field:?}: {off:e}");
    }
    let first = bench.step(bench.tumours.model(&bench.input, bench.oxygen.clone(), On::Cpu(1)));
    assert!(deviations(&first, &want, 1e-3)[Field::Oxic as usize].1 > 1e-2, "other oxygen, other cells");
}

/// Four fractions of nine sources over `days`, looked at before each and at the end.
fn run(voxels: usize, days: f64, on: On) -> Vec<Vec<f64>> {
    let tumours = Tumours::new(voxels, days);
    let mut simulation = tumours.start(on);
    let mut looks = Vec::new();
    tumours.treat(&mut simulation, 9, |simulation| looks.push(simulation.state().expect("the state is there")));
    looks
}

fn whole() {
    let (want, got) = (run(500, 400.0, On::Cpu(2)), run(500, 400.0, On::Gpu(None)));
    for (look, (got, want)) in got.iter().zip(&want).enumerate() {
        let off = deviations(got, want, 1e-3);
        println!("  look {look}: {:?}", off.iter().map(|(field, off)| format!("{field:?} {off:.1e}")).collect::<Vec<_>>().join(", "));
        for (field, off) in off {
            assert!(off < 2e-5, "look {look}, {field:?}: {off:e}");
        }
    }
    let n = 500;
    let cells = |look: usize| want[look][..2 * n].iter().sum::<f64>();
    assert!(cells(1) < 0.7 * cells(0) && cells(4) < 0.3 * cells(0), "the fractions must show: {} {} {}", cells(0), cells(1), cells(4));
}

fn chunks() {
    // Until after the second fraction, whose new source makes the maps outgrow their buffer.
    let reference = run(1003, 57.0, On::Gpu(None));
    for on in [On::Gpu(None), On::Gpu(Some(64)), On::Gpu(Some(500))] {
        assert!(run(1003, 57.0, on) == reference, "chunks must not show");
    }
    // And of the CPU, whose threads need more voxels to be used.
    assert!(run(5000, 2.0, On::Cpu(1)) == run(5000, 2.0, On::Cpu(3)), "threads must not show");
}

fn wrong() {
    let bench = bench(300);
    let refused = |result: dosaic::error::Result<()>, phrases: &[&str]| {
        let text = result.expect_err("must be refused").to_string();
        assert!(phrases.iter().all(|phrase| text.contains(phrase)), "{text}");
    };
    for on in [On::Cpu(1), On::Gpu(Some(64))] {
        let mut model = bench.tumours.model(&bench.input, bench.oxygen.clone(), on);
        refused(model.add_source(&Tumours::new(299, 1.0).source(1, 1.0, 1.0), 1.0), &["299", "300"]);
        refused(model.set_oxygen(&vec![Oxygen::full(); 300]), &["finds oxygen itself"]);
        refused(model.set_field(Field::Oxic, &[1.0]), &["1", "300"]);
        assert!(model.fields().expect("still good") == bench.input.fields);
    }
}
