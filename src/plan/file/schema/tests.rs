//! The schema against the parser: the same tables, the same keys, and every key of the kind as which it is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{Kind, Table, tables};
use crate::plan::{Vocabulary, parse, presets::PARAMETERS, quantity::Limits, trace};

/// Parts of plans that no example has: every table and every key is read by one plan at least.
const MORE: &str = r#"
[phantom]
voxels = [8, 8, 8]
spacing = "2 mm"
origin = "0, 0, 0 mm"
background = { material = "water", density = "1 g/cm3" }
[[region]]
name = "a"
material = "water"
shapes = [
    { shape = "box", center = "8, 8, 8 mm", size = "4 mm" },
    { shape = "ellipsoid", center = "8, 8, 8 mm", semi_axes = "4 mm" },
    { shape = "cylinder", center = "8, 8, 8 mm", radius = "3 mm", height = "4 mm", axis = "x" },
    { shape = "shell", center = "8, 8, 8 mm", inner_radius = "1 mm", outer_radius = "3 mm" },
    { shape = "half-space", point = "8, 8, 8 mm", normal = "z" },
    { shape = "slab", axis = "z", from = "0 mm", to = "2 mm" },
    { shape = "sphere", center = "8, 8, 8 mm", radius = "3 mm" },
]
[[region]]
name = "b"
material = "water"
shape = "slab"
axis = "z"
from = "0 mm"
to = "2 mm"
[[region]]
name = "c"
material = "water"
shape = "box"
center = "8, 8, 8 mm"
size = "1 mm"
[[region]]
name = "d"
material = "water"
shape = "cylinder"
center = "8, 8, 8 mm"
radius = "3 mm"
height = "4 mm"
axis = "x"
[[region]]
name = "e"
material = "water"
shape = "shell"
center = "8, 8, 8 mm"
inner_radius = "1 mm"
outer_radius = "3 mm"
[[region]]
name = "f"
material = "water"
shape = "half-space"
point = "8, 8, 8 mm"
normal = "z"
[[nuclide]]
name = "Ac-225"
[[nuclide.daughter]]
name = "Bi-213"
from = "a"
leaves = "40 %"
to = "b"
pattern = "log-normal"
cv = "5 %"
correlation = "2 mm"
[[nuclide.daughter]]
name = "Bi-213"
leaves = "4 %"
to = "b"
pattern = "rim"
length = "2 mm"
[[nuclide.daughter]]
name = "Bi-213"
leaves = "4 %"
to = "b"
pattern = "vessels"
length = "2 mm"
spacing = "2 mm"
[[fraction]]
administered = "1 MBq"
[fraction.uptake.a]
samples = { times = "1, 24 h", activities = "1, 2 kBq", uncertainty = "5 %", fit = "mono" }
[[fraction.uptake.b]]
samples = { times = "1, 24 h", activities = "1, 2 kBq" }
[[fraction.uptake.b]]
phases = [{ activity = "1 kBq", half_life = "5 h" }]
[[fraction.uptake.b]]
activity = "1 kBq"
half_life = "5 h"
pattern = "rim"
length = "1 mm"
[[fraction.uptake.b]]
activity = "1 kBq"
half_life = "5 h"
pattern = "vessels"
length = "1 mm"
spacing = "2 mm"
[[fraction.uptake.b]]
activity = "1 kBq"
half_life = "5 h"
pattern = "log-normal"
cv = "5 %"
correlation = "2 mm"
[[fraction.uptake.b]]
compartment = "blood"
[[fraction.image]]
file = "Cargo.toml"
unit = "counts"
per_count = "1 Bq"
half_life = "5 h"
[[fraction.series]]
images = ["Cargo.toml", "Cargo.toml"]
times = "1, 24 h"
unit = "Bq"
fit = "mono"
noise = "5 %"
[[fraction.series]]
images = ["Cargo.toml", "Cargo.toml"]
times = "1, 24 h"
unit = "Bq"
between = "log-linear"
[[fraction.compartment]]
name = "blood"
fraction = "1 %"
[[fraction.transfer]]
from = "blood"
to = "out"
rate = "0.1 /h"
[[external_dose]]
name = "x"
file = "Cargo.toml"
fractions = 3
start = "-50 d"
[transport]
goal = { region = "a", relative = "5 %" }
[output]
dicom = { bits = 16 }
"#;

const TME: &str = r#"
[phantom]
voxels = [8, 8, 8]
spacing = "20 um"
background = "water"
[[region]]
name = "a"
material = "water"
shape = "sphere"
center = "0, 0, 0 um"
radius = "60 um"
[[nuclide]]
name = "Lu-177"
[[fraction]]
administered = "1 MBq"
[fraction.uptake.a]
activity = "1 Bq"
half_life = "5 h"
[response.region.a]
tissue = "net"
[response.tme]
oxygen = "micro"
immune = true
vessels = { share = "4 %" }
[response.tme.supply.a]
po2 = "40 mmHg"
[[response.drug]]
name = "pembrolizumab"
dose = "200 mg"
every = "21 d"
effect = { on = "checkpoint", ec50 = "2.6 nM" }
[[response.drug]]
name = "mine"
dose = 1.0
times = "0 d"
half_life = "5 h"
effect = [
    { on = "repair", strength = 2, ec50 = 0.5 },
    { on = "perfusion", strength = -0.5, ec50 = 0.5 },
    { on = "oxygen-supply", strength = "20 mmHg", ec50 = 0.5 },
    { on = "caf-killing", strength = "0.1 /d", ec50 = 0.5 },
    { on = "target", strength = "0.1 /d", ec50 = 0.5 },
]
"#;

/// Keys that are not read by one of the usual ways; the examples show that what they take is in the schema.
const BY_HAND: [&str; 19] = [
    "voxels",
    "dicom",
    "merge",
    "background",
    "material",
    "labels",
    "label",
    "ct",
    "roi",
    "file",
    "images",
    "device",
    "bits",
    "quantities",
    "unit",
    "compartment",
    "parameters_file",
    "ec50",
    "times",
];

/// Tables and keys that the parser looked for in every plan there is.
fn seen() -> Vec<trace::Seen> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vocabulary = Vocabulary::built_in();
    let guide = std::fs::read_to_string(root.join("docs/plan.md")).expect("the guide");
    let mut texts: Vec<String> = guide.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).map(str::to_owned).collect();
    for entry in std::fs::read_dir(root.join("phantoms")).expect("phantoms") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            texts.push(std::fs::read_to_string(path).expect("a plan"));
        }
    }
    texts.extend([MORE.to_owned(), TME.to_owned()]);
    trace::take();
    for text in texts {
        // Whether it is right does not matter here: what is looked for does.
        drop(parse(&text, &root.join("plan.toml"), &vocabulary));
    }
    trace::take()
}

fn key_names(table: &Table) -> BTreeSet<&str> {
    table.keys.iter().map(|key| key.name.as_str()).collect()
}

/// What a key was read as, in every table of the kind.
type Reads = BTreeMap<&'static str, BTreeMap<String, Vec<Kind>>>;

#[test]
fn tables_and_keys_are_those_of_the_parser() {
    let tables = tables();
    let (mut reads, mut met) = (Reads::new(), BTreeSet::new());
    for seen in seen().into_iter().filter(|seen| !seen.known.is_empty()) {
        // A title may be given to a region's own keys before its name is known; what it knows tells which table it is.
        let table = tables.iter().find(|table| key_names(table) == seen.known);
        let table = table.unwrap_or_else(|| panic!("the parser knows a table with {:?}, the schema does not", seen.known));
        met.insert(table.name);
        for (key, kind) in seen.read {
            reads.entry(table.name).or_default().entry(key).or_default().push(kind);
        }
    }
    // Their keys are the program's parameters, or those of an image, which are read without a section.
    let mut problems = Vec::new();
    let others = ["parameters", "region_parameters", "image"];
    for table in tables.iter().filter(|table| !others.contains(&table.name)) {
        assert!(met.contains(table.name), "the parser was never seen to look for `{}` with {:?}", table.name, key_names(table));
        for key in &table.keys {
            let read = reads.get(table.name).and_then(|keys| keys.get(&key.name));
            let nested = matches!(key.kind, Kind::Table(_) | Kind::Tables { .. } | Kind::Named(_));
            // Their names are read first, to make a title of: under that which they had before.
            let titled = ["region", "drug"].contains(&table.name) && key.name == "name";
            // Both sides have them from the same list.
            let parameter = PARAMETERS.iter().any(|parameter| parameter.key == key.name);
            if nested || titled || parameter || BY_HAND.contains(&key.name.as_str()) {
                continue;
            }
            match read {
                Some(read) => problems.extend(
                    compared(&key.name, &key.kind, read).into_iter().map(|text| format!("`{}` of `{}`: {text}", key.name, table.name)),
                ),
                None => problems.push(format!("`{}` of `{}` was never read", key.name, table.name)),
            }
        }
    }
    assert_eq!(problems, [] as [String; 0], "\n{}", problems.join("\n"));
}

/// What is wrong where the schema says `kind`: every reading is of one of its kinds, with these words; limits and counts together span those of the schema.
fn compared(key: &str, kind: &Kind, read: &[Kind]) -> Vec<String> {
    let mut problems = Vec::new();
    for one in kind.alternatives() {
        let same: Vec<&Kind> = read.iter().filter(|read| same_kind(one, read)).collect();
        match one {
            Kind::Quantity(_, limits) | Kind::Quantities(_, limits) | Kind::Vector { limits, .. } => {
                let found = same.iter().filter_map(|kind| match kind {
                    Kind::Quantity(_, limits) | Kind::Quantities(_, limits) | Kind::Vector { limits, .. } => Some(*limits),
                    _ => None,
                });
                let span = found.reduce(Limits::spanning);
                if span != Some(*limits) {
                    problems.push(format!("{one:?}, but read within {span:?}"));
                }
            }
            Kind::Count(min, max) => {
                let found: Vec<(u64, u64)> =
                    same.iter().filter_map(|kind| if let Kind::Count(a, b) = kind { Some((*a, *b)) } else { None }).collect();
                // The least `max_histories` is what `histories` says.
                let right = |found: &(u64, u64)| found.1 == *max && (key == "max_histories" || found.0 == *min);
                if found.is_empty() || !found.iter().all(right) {
                    problems.push(format!("{one:?}, but read as {found:?}"));
                }
            }
            // `physical`, `next`, `none`, plain numbers: looked for by hand before the quantity beside them.
            Kind::Words(_) | Kind::Number(_) | Kind::Numbers(_) if kind.alternatives().len() > 1 => {}
            _ if same.is_empty() => problems.push(format!("{one:?}, but read as {read:?}")),
            _ => {}
        }
    }
    let foreign = read.iter().filter(|reading| !kind.alternatives().iter().any(|one| same_kind(one, reading)));
    problems.extend(foreign.map(|reading| format!("read as {reading:?}")));
    problems
}

/// Alike but for limits.
fn same_kind(a: &Kind, b: &Kind) -> bool {
    match (a, b) {
        (Kind::Quantity(a, _), Kind::Quantity(b, _)) | (Kind::Quantities(a, _), Kind::Quantities(b, _)) => a == b,
        (Kind::Vector { dimension: a, single: s, .. }, Kind::Vector { dimension: b, single: t, .. }) => a == b && s == t,
        (Kind::Count(..), Kind::Count(..)) => true,
        // The axis of a slab is a word, that of a cylinder any direction.
        (Kind::Direction, Kind::Words(words)) => words[..] == ["x", "y", "z"],
        // Names of materials, tissues and nuclides are read as texts and looked up.
        (Kind::Words(_), Kind::Text) => true,
        (a, b) => a == b,
    }
}

#[test]
fn every_reference_of_the_schema_has_its_definition() {
    let schema = super::schema();
    let text = schema.to_string();
    let definitions = schema["$defs"].as_object().expect("definitions");
    for part in text.split("#/$defs/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(definitions.contains_key(name), "{name}");
    }
    for name in definitions.keys() {
        assert!(text.contains(&format!("#/$defs/{name}\"")), "{name} is used nowhere");
    }
}
