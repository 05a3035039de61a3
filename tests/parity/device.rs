//! What goes wrong on a device is a typed error that says what and where.

use dosaic::{
    error::Error,
    transport::{
        backend::{Backend, Job, Particle},
        cpu::run::Cpu,
        gpu::{
            Gpu,
            adapter::{Candidate, Choice, candidates, choose},
            bindings::transport_layout,
            device::GpuDevice,
            shaders::{self, ShaderFile, ShaderModule},
        },
    },
};
use wgpu::BufferUsages;

use crate::{
    Test,
    adapter::adapter,
    scene::{Case, Scene},
};

pub(crate) const TESTS: &[Test] = &[
    ("a_buffer_beyond_the_limit_is_an_error_with_both_numbers", oversize),
    ("a_phantom_beyond_the_limit_is_an_error_with_both_numbers", oversize_phantom),
    ("unknown_devices_list_the_candidates", unknown),
    ("devices_are_found_by_index_and_part_of_the_name", known),
    ("compile_errors_name_file_and_line", compile_errors),
    ("impossible_jobs_are_errors_on_both_backends", impossible_jobs),
];

fn fresh() -> Candidate {
    let wanted = adapter().index;
    candidates().into_iter().find(|c| c.index == wanted).expect("adapters do not go away")
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, exit_code: u8, phrases: &[&str]) {
    let error = result.expect_err("must be refused");
    assert_eq!(error.exit_code(), exit_code, "{error}");
    let text = error.to_string();
    assert!(phrases.iter().all(|phrase| text.contains(phrase)), "{text}\nlacks one of {phrases:?}");
}

fn oversize() {
    let gpu = GpuDevice::open(adapter()).expect("the adapter opens");
    let limit = gpu.device.limits().max_storage_buffer_binding_size;
    let (want, have) = (format!("{:.1} MiB", (limit + (1 << 20)) as f64 / 1048576.0), format!("{:.1} MiB", limit as f64 / 1048576.0));
    let phrases = ["the tally buffer", &want, &have, &adapter().info.name, "--device cpu"];
    refused(gpu.buffer("tally", limit + (1 << 20), BufferUsages::STORAGE), 3, &phrases);
}

fn oversize_phantom() {
    let mut small = fresh();
    small.limits.max_storage_buffer_binding_size = 1 << 20;
    let scene = Scene::water([64, 64, 80], 3.0);
    refused(Gpu::new(scene.world(), &small), 3, &["the voxel buffer", "1.2 MiB", "1.0 MiB"]);
    // A phantom that fits may have a tally that does not.
    let scene = Scene::water([64, 64, 40], 3.0);
    let case = Case::new("Y-90", Particle::Electron, scene.central_source(), 100, 1);
    let mut gpu = Gpu::new(scene.world(), &small).unwrap_or_else(|e| panic!("{e}"));
    refused(gpu.run(&case.job(), 0, &|_| ()), 3, &["the tally buffer", "1.2 MiB", "1.0 MiB"]);
}

fn unknown() {
    for wanted in ["no such device", "4711"] {
        refused(choose(wanted), 3, &[wanted, &adapter().info.name, "CPU twin"]);
    }
}

fn known() {
    let name = &adapter().info.name;
    let part = name[..name.len() / 2].to_uppercase();
    for wanted in [part.as_str(), &adapter().index.to_string()] {
        match choose(wanted) {
            Ok(Choice::Gpu(found)) => assert_eq!(&found.info.name, name),
            other => panic!("{wanted}: {other:?}"),
        }
    }
    assert!(matches!(choose("cpu"), Ok(Choice::Cpu(_))));
    match choose("auto").expect("auto always finds something") {
        Choice::Gpu(found) => assert!(!found.is_software(), "software is never chosen silently"),
        Choice::Cpu(reason) => assert!(!reason.is_empty() && candidates().iter().all(|c| c.is_software() || !c.lacks().is_empty())),
    }
}

/// The alpha kernel with one file spoilt.
fn spoilt(name: &'static str, from: &str, to: &str) -> ShaderModule {
    let mut module = shaders::alpha();
    let file = module.files.iter_mut().find(|file| file.name == name).expect("the file is in the module");
    assert!(file.text.contains(from));
    *file = ShaderFile { name, text: file.text.replacen(from, to, 1).leak() };
    module
}

fn compile_errors() {
    let gpu = GpuDevice::open(adapter()).expect("the adapter opens");
    let layout = transport_layout(&gpu.device);
    let line = |text: &str, what: &str| text[..text.find(what).expect("it is there")].matches('\n').count() + 1;
    let alpha = shaders::ALPHA.text;
    let crossing = line(alpha, "let wall =");
    let cases = [
        // A syntax error, an unknown name, a wrong type; early and late in the module.
        (spoilt("transport/alpha.wgsl", "let wall =", "let wall +"), format!("shaders/transport/alpha.wgsl:{crossing}:")),
        (
            spoilt("transport/alpha.wgsl", "let wall = voxel_wall", "let wall = voxel_wal"),
            format!("shaders/transport/alpha.wgsl:{crossing}:"),
        ),
        (spoilt("shared/constants.wgsl", "f32 = 1048576.0", "f32 = 1048576u"), "shaders/shared/constants.wgsl:3:".to_owned()),
        (spoilt("shared/rng.wgsl", "fn rng_mul_hi(x", "fn rng_mul_hi[x"), "shaders/shared/rng.wgsl:4:".to_owned()),
    ];
    for (module, place) in cases {
        refused(gpu.pipeline(&module, &[&layout], &[]), 3, &[&place]);
    }
    // A kernel that validates only against other buffers.
    let module = spoilt("shared/bindings.wgsl", "@binding(1)", "@binding(9)");
    refused(gpu.pipeline(&module, &[&layout], &[]), 3, &["kernel_alpha"]);
    // The device is still good.
    assert!(gpu.pipeline(&shaders::alpha(), &[&layout], &[]).is_ok());
}

fn impossible_jobs() {
    let scene = Scene::water([4, 4, 4], 3.0);
    let good = Case::new("Y-90", Particle::Electron, scene.source(1), 64, 4);
    let mut gpu = Gpu::new(scene.world(), adapter()).unwrap_or_else(|e| panic!("{e}"));
    let mut cpu = Cpu::new(scene.world(), 2);
    let job = good.job();
    let cases: [(Job<'_>, u32, &str); 10] = [
        (Job { source: &[], ..job }, 0, "source has no voxel"),
        (Job { source: &[[u32::MAX, 64]], ..job }, 0, "voxel 64, but the phantom has 64 voxels"),
        (Job { source: &[[1 << 31, 3]], ..job }, 0, "ends at share 2147483648"),
        (Job { spectrum: &[], ..job }, 0, "no emission energies"),
        (Job { histories: 0, ..job }, 0, "a run of 0 histories; expected 1 to"),
        (Job { histories: 1 << 32, ..job }, 0, "a run of 4294967296 histories"),
        (Job { batches: 0, ..job }, 0, "batch 0 of 0"),
        (Job { batches: 3, ..job }, 0, "batch 0 of 3 with 64 histories"),
        (job, 4, "batch 4 of 4"),
        (Job { batches: 128, ..job }, 0, "batch 0 of 128"),
    ];
    for (job, batch, phrase) in cases {
        for backend in [&mut gpu as &mut dyn Backend, &mut cpu] {
            refused(backend.run(&job, batch, &|_| ()), 2, &[phrase]);
        }
    }
    for backend in [&mut gpu as &mut dyn Backend, &mut cpu] {
        assert!(backend.run(&job, 3, &|_| ()).is_ok());
    }
}
