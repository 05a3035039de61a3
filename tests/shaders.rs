//! The shaders as text: what is generated, joined, named, laid out and bounded. Needs no adapter.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::{offset_of, size_of},
    path::Path,
};

use bytemuck::Zeroable;
use dosaic::{
    response::tme::{
        cpu::{
            biology::State,
            radiation::{RadiationDamage, RadiationDose, RadiationShare, RadiationState},
        },
        gpu,
        layout::{self, StepParams},
        row::Row,
        stage::Stage,
    },
    transport::{
        constants,
        gpu::{
            bindings,
            shaders::{self, ShaderFile, ShaderModule},
        },
        layout::{Counters, Params, Queued},
    },
};

/// Modules of the transport.
fn modules() -> [ShaderModule; 4] {
    [shaders::alpha(), shaders::electron(), shaders::photon(), shaders::probe("probe_philox")]
}

/// Modules of the response.
fn response_modules() -> [ShaderModule; 7] {
    let kernels = ["kernel_predict", "kernel_correct", "kernel_irradiate", "kernel_antigen", "kernel_total"].map(shaders::response);
    let probes = ["response_share", "response_quanta"].map(shaders::response_probe);
    let mut all = kernels.into_iter().chain(probes);
    std::array::from_fn(|_| all.next().expect("seven"))
}

fn parse(module: &ShaderModule) -> naga::Module {
    let text = module.source();
    naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| {
        let line = error.location(&text).map_or(0, |at| at.line_number as usize);
        panic!("{:?}: {}", module.locate(line), error.emit_to_string(&text));
    })
}

/// A file without its comments.
fn code(file: &ShaderFile) -> String {
    file.text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Words of a text: identifiers and numbers.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).filter(|word| !word.is_empty())
}

/// Names that a file declares at module scope with one of these words before them.
fn declared(file: &ShaderFile, kinds: &[&str]) -> Vec<String> {
    let code = code(file);
    let mut names = Vec::new();
    // Declarations stand at the start of a line, what is inside functions is indented.
    for line in code.lines().filter(|line| !line.starts_with([' ', '}', ')'])) {
        let list: Vec<&str> = words(line).collect();
        if let Some(at) = list.iter().position(|word| kinds.contains(word)) {
            // `var<uniform>` and `var<storage, read>` put the address space between.
            let skip = list[at + 1..]
                .iter()
                .take_while(|w| ["uniform", "storage", "read", "read_write", "private", "workgroup"].contains(w))
                .count();
            names.push(list[at + 1 + skip].to_owned());
        }
    }
    names
}

fn stem(file: &ShaderFile) -> &str {
    Path::new(file.name).file_stem().and_then(|s| s.to_str()).expect("files have names")
}

#[test]
fn generated_files_are_what_the_host_says() {
    for (name, text) in [("shared/constants.wgsl", constants::wgsl()), ("response/layout.wgsl", layout::wgsl())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders").join(name);
        if std::env::var_os("DOSAIC_REGENERATE").is_some() {
            std::fs::write(&path, &text).expect("the shader folder is writable");
        }
        assert_eq!(std::fs::read_to_string(path).expect("the file is there"), text, "{name}: run with DOSAIC_REGENERATE=1");
    }
}

#[test]
fn every_file_on_disk_is_in_the_manifest() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/shaders");
    let mut found = BTreeSet::new();
    for folder in std::fs::read_dir(root).expect("the shader folder is there") {
        let folder = folder.expect("readable").path();
        for file in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = file.expect("readable").path();
            let text = std::fs::read_to_string(&path).expect("shaders are text");
            let name = path.strip_prefix(root).expect("below the folder").to_string_lossy().replace('\\', "/");
            let listed = shaders::ALL.iter().find(|file| file.name == name).unwrap_or_else(|| panic!("{name} is not in the manifest"));
            assert_eq!(listed.text, text);
            found.insert(name);
        }
    }
    assert_eq!(found.len(), shaders::ALL.len());
}

#[test]
fn modules_parse_and_validate_and_have_their_entry_point() {
    for module in modules().into_iter().chain(response_modules()) {
        let parsed = parse(&module);
        assert!(parsed.entry_points.iter().any(|entry| entry.name == module.entry), "{} has no entry point", module.entry);
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        if let Err(error) = validator.validate(&parsed) {
            panic!("{}: {}", module.entry, error.emit_to_string(&module.source()));
        }
    }
}

#[test]
fn lines_of_a_broken_module_are_found_in_their_files() {
    // In every file in turn, the end of the last declaration is spoilt; the compiler's line must lead back to it.
    for broken in shaders::electron().files {
        let mut module = shaders::electron();
        let at = broken.text.rfind([';', '}']).expect("every file declares something");
        let text = format!("{}%%{}", &broken.text[..at], &broken.text[at..]);
        let line = text[..at].matches('\n').count() + 1;
        let file = module.files.iter_mut().find(|file| file.name == broken.name).expect("it is there");
        *file = ShaderFile { name: broken.name, text: text.leak() };
        let joined = module.source();
        let error = naga::front::wgsl::parse_str(&joined).expect_err("the module is broken");
        let place = error.location(&joined).expect("the parser knows where");
        assert_eq!(module.locate(place.line_number as usize), (broken.name, line));
    }
    let module = shaders::alpha();
    let lines = module.source().split('\n').count();
    assert_eq!(module.locate(1), ("shared/constants.wgsl", 1));
    assert_eq!(module.locate(lines).0, "kernels/alpha.wgsl");
    assert_eq!(module.locate(lines + 3), ("end of module", 3));
}

/// Members of a struct: name, offset, and the whole size.
fn reflected(module: &naga::Module, name: &str) -> (Vec<(String, u32)>, u32) {
    let (_, found) = module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name)).expect("the struct is there");
    let naga::TypeInner::Struct { members, span } = &found.inner else { panic!("{name} is no struct") };
    (members.iter().map(|m| (m.name.clone().unwrap_or_default(), m.offset)).collect(), *span)
}

macro_rules! layout {
    ($kind:ident: $($field:ident),*) => {
        (vec![$((stringify!($field).to_owned(), offset_of!($kind, $field) as u32)),*], size_of::<$kind>() as u32)
    };
}

#[test]
fn shared_structs_have_the_same_layout() {
    for module in modules() {
        let parsed = parse(&module);
        let params = layout!(Params: size, source_count, spacing, electron_cut, seed, stream, spectrum_count, history_base, phase_step,
            phase_offset, first, count, batches, batch, segments, range_rejection, delta_floor, delta_share,
            histories_per_turn, steps_per_history, stops_per_step, legs_per_stop, source_shape, shells, kind,
            majorant_at, photon_threshold, photon_cut, radiation_bound, photon_mode, queue_capacity, queue_waiting, queue_full);
        let counters = layout!(Counters: emitted, deposited, escaped, steps, secondaries, queued_energy, absorbed, kerma, histories,
            next, status, incidents, queued);
        assert_eq!(reflected(&parsed, "Params"), params, "{}", module.entry);
        assert_eq!(reflected(&parsed, "Counters"), counters, "{}", module.entry);
        let queued = layout!(Queued: offset, index, direction, quanta, history, stream, kind);
        assert_eq!(reflected(&parsed, "Queued"), queued, "{}", module.entry);
        assert_eq!(params.1 % 16, 0, "uniform structs are whole vectors");
    }
}

/// Structs of floats only, whose members the host lists by name.
#[test]
fn structs_of_the_response_have_the_same_members() {
    let parsed = parse(&shaders::response("kernel_irradiate"));
    let lists = [
        ("BiologyRow", Row::NAMES),
        ("BiologyStage", Stage::NAMES),
        ("BiologyState", State::NAMES),
        ("RadiationDose", RadiationDose::NAMES),
        ("RadiationDamage", RadiationDamage::NAMES),
        ("RadiationState", RadiationState::NAMES),
        ("RadiationShare", RadiationShare::NAMES),
        ("Oxygen", &["po2", "hypoxic", "oxic_weight", "hypoxic_weight"]),
    ];
    for (name, names) in lists {
        let members: Vec<(String, u32)> = names.iter().zip(0..).map(|(member, i)| ((*member).to_owned(), 4 * i)).collect();
        assert_eq!(reflected(&parsed, name), (members, 4 * names.len() as u32), "{name}");
    }
    let (mut members, size) = layout!(StepParams: voxels, region, tumour, vessel, table, oxygen, sources, groups, first_sum, sums, turns,
        antigen_unit);
    let bytes = StepParams::zeroed().bytes(&Stage::neutral(1.0).map(|x| x as f32), &Stage::neutral(2.0).map(|x| x as f32));
    let place = |length: f32| bytes.chunks_exact(4).position(|word| word == length.to_le_bytes()).expect("it is there") as u32 * 4;
    // Stages of these lengths, which come first in them, follow as structs in a uniform do: each from a whole vector on.
    assert_eq!((Stage::NAMES[0], place(2.0) % 16, size % 16), ("length", 0, 0));
    members.extend([("stage".to_owned(), size), ("radiation".to_owned(), place(2.0))]);
    assert_eq!(reflected(&parsed, "ResponseParams"), (members, bytes.len() as u32));
}

#[test]
fn bindings_are_those_of_the_host() {
    let transport = modules().map(|module| (module, &bindings::TRANSPORT[..]));
    for (module, host) in transport.into_iter().chain(response_modules().map(|module| (module, &gpu::BINDINGS[..]))) {
        let parsed = parse(&module);
        let mut found: Vec<(u32, String, wgpu::BufferBindingType)> = Vec::new();
        for (_, variable) in parsed.global_variables.iter() {
            let Some(binding) = variable.binding.filter(|b| b.group == 0) else { continue };
            let kind = match variable.space {
                naga::AddressSpace::Uniform => wgpu::BufferBindingType::Uniform,
                naga::AddressSpace::Storage { access } if access.contains(naga::StorageAccess::STORE) => bindings::WRITE,
                naga::AddressSpace::Storage { .. } => bindings::READ,
                other => panic!("{other:?}"),
            };
            found.push((binding.binding, variable.name.clone().unwrap_or_default(), kind));
        }
        found.sort_by_key(|f| f.0);
        let expected: Vec<_> = (0..).zip(host).map(|(i, (name, kind))| (i, (*name).to_owned(), *kind)).collect();
        assert_eq!(found, expected, "{}", module.entry);
    }
    for host in [&bindings::TRANSPORT[..], &gpu::BINDINGS] {
        let storage = host.iter().filter(|(_, kind)| *kind != wgpu::BufferBindingType::Uniform).count();
        assert!(storage <= 8, "WebGPU promises eight storage buffers");
    }
}

#[test]
fn no_name_is_declared_twice() {
    let mut owner: BTreeMap<String, &str> = BTreeMap::new();
    for file in shaders::ALL {
        for name in declared(file, &["fn", "const", "override", "struct", "var", "alias"]) {
            if let Some(other) = owner.insert(name.clone(), file.name) {
                panic!("{name} is declared in {other} and in {}", file.name);
            }
        }
    }
    assert!(owner.len() > 120, "only {} declarations found", owner.len());
}

/// Functions and constants begin with the file's stem in the singular, structs with it in CamelCase; kernels with `kernel`.
///
/// Exempt are the files whose whole purpose is to name things for all others: constants, layout, bindings.
#[test]
fn names_carry_their_files_prefix() {
    for file in shaders::ALL {
        if ["constants", "layout", "bindings"].contains(&stem(file)) {
            continue;
        }
        let prefix = match stem(file) {
            _ if file.name.starts_with("kernels/") => "kernel",
            "tables" => "table",
            stem => stem,
        };
        let mut camel = prefix.to_owned();
        camel[..1].make_ascii_uppercase();
        let names = declared(file, &["fn", "const", "override", "struct", "var"]);
        assert!(!names.is_empty(), "{}", file.name);
        for name in names {
            let own = name.starts_with(&format!("{prefix}_"))
                || name.starts_with(&format!("{}_", prefix.to_uppercase()))
                || name.strip_prefix(&camel).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase));
            assert!(own, "{}: {name} does not begin with {prefix}", file.name);
        }
    }
}

/// Twins whose names differ, or that only the shaders need, and why.
const NAMED_OTHERWISE: &[(&str, &str)] = &[
    // Rust has a 64-bit product; the 16-bit halves are shared with the sampling of energies, which owns them.
    ("rng_mul_hi", "src/nuclide/spectrum.rs: pub fn mul_hi("),
    ("rng_round", "src/transport/rng.rs: for _ in 0..10"),
    ("rng_philox", "src/transport/rng.rs: pub fn philox("),
    ("decay_energy", "src/nuclide/spectrum.rs: pub fn sample_energy("),
    // A voxel's packing belongs to the phantom.
    ("voxel_material", "src/phantom/mod.rs: pub fn voxel_material("),
    ("voxel_density", "src/phantom/mod.rs: pub fn voxel_density("),
    // 64-bit sums in two words, and their way into the counters: the host has u64.
    ("report_add", "src/transport/backend.rs: pub fn add("),
    ("report_status", "src/transport/cpu/run.rs: sums.status |="),
    // On the CPU a thread's queue has no end and no halves.
    ("queue_push", "src/transport/cpu/run.rs: self.queue.push("),
    ("queue_half", "src/transport/gpu/run.rs: pub queue: u32,"),
    ("queue_has_room", "src/transport/gpu/run.rs: params.queue_full"),
    ("report_sums", "src/transport/backend.rs: impl From<Counters> for Sums"),
    // The same series for every use of it on the host.
    ("radiation_lost", "src/response/tme/real.rs: fn lost("),
    ("radiation_source", "src/response/tme/layout.rs: pub struct SourceStep<R>"),
    // The host adds u64; a voxel's values are a struct there, not places in a buffer.
    ("reduce_add", "src/response/tme/cpu/model.rs: .sum()"),
    ("reduce_workgroup", "src/response/tme/cpu/model.rs: thread.join()"),
    ("state_load", "src/response/tme/cpu/model.rs: fn values_mut<R>("),
    ("state_store", "src/response/tme/cpu/model.rs: fn values_mut<R>("),
    ("state_load_predicted", "src/response/tme/cpu/model.rs: predicted: State<R>"),
    ("state_store_predicted", "src/response/tme/cpu/model.rs: predicted: State<R>"),
    ("state_load_radiation", "src/response/tme/cpu/model.rs: fn values_mut<R>("),
    ("state_store_radiation", "src/response/tme/cpu/model.rs: fn values_mut<R>("),
    ("state_oxygen", "src/response/tme/cpu/model.rs: fn oxygen(&self"),
    // The host has two slices where the shader has two halves of a buffer.
    ("multigrid_read", "src/response/tme/cpu/multigrid.rs: pub struct MultigridView<"),
    ("multigrid_written", "src/response/tme/cpu/multigrid.rs: pub struct MultigridView<"),
    ("oxygen_word", "src/response/tme/cpu/oxygen.rs: fn oxygen_word<R: Real>("),
    ("oxygen_node", "src/response/tme/cpu/oxygen.rs: fn oxygen_node<R: Real>("),
    ("step_word", "src/response/tme/layout.rs: pub fn words(&self"),
];

#[test]
fn every_function_has_its_twin() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut count = 0;
    for file in shaders::ALL {
        if !["shared/", "source/", "transport/", "response/"].iter().any(|folder| file.name.starts_with(folder)) {
            continue;
        }
        for function in declared(file, &["fn"]) {
            count += 1;
            if let Some((_, place)) = NAMED_OTHERWISE.iter().find(|(name, _)| *name == function) {
                let (path, text) = place.split_once(": ").expect("path: text");
                assert!(read(path).contains(text), "{function}: {path} does not contain {text:?}");
                continue;
            }
            let header = file.text.lines().next().unwrap_or_default();
            let twin = header.split("Twin: ").nth(1).and_then(|rest| rest.split([',', ';', ' ']).next()).unwrap_or_default();
            let twin = twin.trim_end_matches('.');
            assert!(twin.ends_with(".rs"), "{}: the first line names no twin: {header}", file.name);
            let has = |start: &str| read(twin).contains(&format!("fn {function}{start}"));
            assert!(has("(") || has("<const SHELLS: bool>(") || has("<R: Real>("), "{}: {function} has no twin in {twin}", file.name);
        }
    }
    assert!(count > 40, "only {count} functions found");
}

/// What may stand in a formula: small integers and halves. Numbers of physics come from the tables, parameters and constants.
const MATHEMATICAL: &[&str] = &["0.0", "0.5", "1.0", "2.0", "3.0", "4.0", "5.0"];

#[test]
fn transport_has_no_numbers_of_its_own() {
    for file in shaders::ALL.iter().filter(|file| file.name.starts_with("transport/")) {
        let code = code(file);
        for word in words(&code).filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
            let integer = word.strip_suffix('u').is_some_and(|digits| digits.parse::<u32>().is_ok_and(|n| n <= 5));
            assert!(integer || MATHEMATICAL.contains(&word), "{}: the number {word}", file.name);
        }
    }
}

#[test]
fn every_loop_is_bounded() {
    let mut loops = 0;
    for file in shaders::ALL {
        let code = code(file);
        for word in words(&code) {
            assert!(!["loop", "while"].contains(&word), "{}: an unbounded {word}", file.name);
        }
        for line in code.lines().filter(|line| words(line).any(|word| word == "for")) {
            loops += 1;
            // for (var i = 0u; i < BOUND; i++), the bound an integer that the loop does not change.
            let list: Vec<&str> = words(line).collect();
            let [_, "var", name, "0u", again, bound, last] = list[..] else { panic!("{}: {line}", file.name) };
            let fixed = bound.ends_with('u') && bound[..bound.len() - 1].parse::<u32>().is_ok();
            let named = bound.chars().all(|c| c.is_ascii_uppercase() || c == '_')
                || ["params.", "response."].iter().any(|of| bound.starts_with(of))
                || bound == "times";
            assert!(name == again && name == last && (fixed || named), "{}: {line}", file.name);
            assert!(line.contains(&format!("{name} < {bound}; {name}++)")), "{}: {line}", file.name);
        }
    }
    assert!(loops >= 8, "only {loops} loops found");
}

#[test]
fn no_float_is_compared_for_equality() {
    // The integers and states that may be compared; everything else on either side of == or != is suspect.
    for file in shaders::ALL {
        for line in code(file).lines().filter(|line| line.contains("==") || line.contains("!=")) {
            let integer = words(line).any(|word| {
                word.strip_suffix('u').is_some_and(|digits| digits.parse::<u32>().is_ok())
                    || word.starts_with("ELECTRON_")
                    || word.starts_with("SCATTER_")
                    || ["SHAPE_", "KIND_", "MODE_", "PHOTON_", "OXYGEN_", "NO_MAP", "response.vessel"]
                        .iter()
                        .any(|prefix| word.starts_with(prefix))
                    || ["entered", "deposit.index"].contains(&word)
            });
            assert!(integer, "{}: {line}", file.name);
        }
    }
}
