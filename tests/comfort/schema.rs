//! JSON Schemas of plan files and of `summary.json`, as an editor or a reader would use them.

use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use super::{SMALL, code, dosaic, out};

const GUIDE: &str = include_str!("../../docs/plan.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator() -> Validator {
    let schema = dosaic::plan::schema();
    assert!(jsonschema::meta::is_valid(&schema), "a schema of draft 2020-12");
    jsonschema::validator_for(&schema).expect("a schema")
}

fn json(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    serde_json::to_value(table).expect("JSON")
}

fn problems(validator: &Validator, text: &str) -> Vec<String> {
    validator.iter_errors(&json(text)).map(|error| format!("{}: {error}", error.instance_path)).collect()
}

#[test]
fn the_schema_in_docs_is_that_of_the_program() {
    for (what, file) in [("plan", "docs/plan.schema.json"), ("summary", "docs/summary.schema.json")] {
        let printed = dosaic(root(), &["schema", what]);
        assert_eq!(code(&printed), 0);
        let path = root().join(file);
        if std::env::var_os("DOSAIC_REGENERATE").is_some() {
            std::fs::write(&path, &printed.stdout).expect("written");
        }
        let stored = std::fs::read_to_string(path).expect("the schema");
        assert!(stored == out(&printed), "{file} is old: DOSAIC_REGENERATE=1 cargo test --release --test comfort schema");
    }
}

#[test]
fn every_plan_there_is_fits_the_schema() {
    let validator = validator();
    let mut plans: Vec<(String, String)> = Vec::new();
    for entry in std::fs::read_dir(root().join("phantoms")).expect("phantoms") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).expect("a plan");
            let schema = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("#:schema "))
                .unwrap_or_else(|| panic!("{}: no #:schema", path.display()));
            assert!(path.parent().expect("folder").join(schema).is_file(), "{}: {schema} is not there", path.display());
            plans.push((path.display().to_string(), text));
        }
    }
    assert!(plans.len() >= 7);
    let examples = GUIDE.split("```toml\n").skip(1).filter_map(|part| part.split("```").next());
    plans.extend(examples.enumerate().map(|(n, text)| (format!("docs/plan.md, example {}", n + 1), text.to_owned())));
    plans.push(("dosaic init".into(), dosaic::init::blank("Lu-177").expect("a plan")));
    for (name, text) in plans {
        assert_eq!(problems(&validator, &text), [] as [String; 0], "{name}");
    }
}

#[test]
fn fragments_of_the_guide_fit_their_tables() {
    // Between ```text marks: parts of plans, put under a plan that needs nothing else.
    const OPENS: &str = "[[fraction]]\nadministered = \"1 GBq\"\n";
    let validator = validator();
    let mut seen = 0;
    let parts = GUIDE.split("```text\n").skip(1).filter_map(|part| part.split("```").next());
    for part in parts.filter(|part| part.starts_with('[')) {
        let nuclide = if part.contains("[[nuclide]]") { "" } else { "[[nuclide]]\nname = \"Lu-177\"\n" };
        let fraction = if part.starts_with("[[fraction]]") { "" } else { OPENS };
        // A parameter file is no plan.
        if part.contains("mark = ") {
            continue;
        }
        let plan = format!("phantom = {{ ct = \"ct.nii.gz\" }}\n{nuclide}{fraction}{part}");
        assert_eq!(problems(&validator, &plan), [] as [String; 0], "{plan}");
        seen += 1;
    }
    assert!(seen >= 5, "{seen} fragments");
}

#[test]
fn what_the_program_refuses_for_its_form_the_schema_refuses_too() {
    let validator = validator();
    assert_eq!(problems(&validator, SMALL), [] as [String; 0]);
    for (from, to) in [
        ("spacing = \"4 mm\"", "spacing = 4"),
        ("spacing = \"4 mm\"", "spacing = \"4 kg\""),
        ("spacing = \"4 mm\"", "spacing = \"4, 4 mm\""),
        ("spacing = \"4 mm\"", "spacing = \"4, 4, 4\""),
        ("voxels = [8, 8, 8]", "voxels = [8, 8]"),
        ("voxels = [8, 8, 8]", "voxels = [8, 8, 0]"),
        ("voxels = [8, 8, 8]", "voxels = 8"),
        ("background = \"water\"", "background = \"watter\""),
        ("background = \"water\"", "background = { matter = \"water\" }"),
        ("background = \"water\"\n", ""),
        ("name = \"s\"\n", ""),
        ("shape = \"sphere\"", "shape = \"ball\""),
        ("radius = \"8 mm\"", "radius = \"8 mm\"\nheight = \"4 mm\""),
        ("radius = \"8 mm\"", ""),
        ("center = \"0, 0, 0 mm\"", "centre = \"0, 0, 0 mm\""),
        ("name = \"Y-90\"", "name = \"Y-9O\""),
        ("[[nuclide]]\nname = \"Y-90\"", ""),
        ("[[fraction]]", "[fraction]"),
        ("administered = \"1 GBq\"", "administered = \"1 gbq\""),
        ("administered = \"1 GBq\"\n", ""),
        ("fraction = \"10 %\"", "fraction = \"10 GBq\""),
        ("fraction = \"10 %\"", "fraction = 2.0"),
        ("half_life = \"physical\"", "half_life = \"long\""),
        ("half_life = \"physical\"", "half_life = \"physical\"\npattern = \"rimm\""),
        ("histories = 3200", "histories = 3200.5"),
        ("histories = 3200", "histories = 3"),
        ("histories = 3200", "histories = \"3200\""),
        ("photons = \"off\"", "photons = \"of\""),
        ("photons = \"off\"", "photons = false"),
        ("[transport]", "[transprt]"),
        ("title = \"small\"", "title = \" \""),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        assert!(!problems(&validator, &text).is_empty(), "the schema takes {to:?} for {from:?}");
        let parsed = dosaic::plan::parse(&text, Path::new("small.toml"), &dosaic::plan::Vocabulary::built_in());
        assert!(parsed.is_err(), "the program takes {to:?} for {from:?}");
    }
}

#[test]
fn defaults_of_the_schema_are_those_of_the_program() {
    let schema = dosaic::plan::schema();
    let base = "[phantom]\nvoxels = [8, 8, 8]\nspacing = \"4 mm\"\nbackground = \"water\"\n[[region]]\nname = \"s\"\nmaterial = \"water\"\nshape = \"sphere\"\n\
        center = \"0, 0, 0 mm\"\nradius = \"8 mm\"\n[[nuclide]]\nname = \"Y-90\"\n[[fraction]]\nadministered = \"1 GBq\"\n[fraction.uptake.s]\nfraction = \"10 %\"\n\
        half_life = \"physical\"\n[response.region.s]\ntissue = \"net\"\n";
    let resolved = |text: &str| {
        let plan =
            dosaic::plan::parse(text, Path::new("x.toml"), &dosaic::plan::Vocabulary::built_in()).unwrap_or_else(|e| panic!("{text}\n{e}"));
        let mut value = serde_json::to_value(plan).expect("JSON");
        for key in ["source", "defaults"] {
            value.as_object_mut().expect("an object").remove(key);
        }
        value
    };
    let mut checked = 0;
    for (table, header) in [("transport", "transport"), ("output", "output"), ("tme", "response.tme")] {
        let bare = format!("{base}[{header}]\n");
        for (key, about) in schema["$defs"][table]["properties"].as_object().expect("keys") {
            let Some(default) = about.get("default") else { continue };
            let value = toml::Value::try_from(default).expect("TOML");
            let written = format!("{bare}{key} = {value}\n");
            assert_eq!(resolved(&bare), resolved(&written), "{table}.{key} = {value}");
            checked += 1;
        }
    }
    assert!(checked >= 25, "{checked} defaults");
}

#[test]
fn every_key_of_the_schema_is_in_the_guide_and_the_reverse() {
    let schema = dosaic::plan::schema();
    let keys = |table: &Value| table["properties"].as_object().map_or_else(Vec::new, |keys| keys.keys().cloned().collect());
    let tables = schema["$defs"].as_object().expect("definitions");
    let parameters = keys(&tables["parameters"]);
    let mut all: Vec<String> = keys(&schema);
    all.extend(tables.iter().filter(|(name, _)| !name.ends_with("parameters")).flat_map(|(_, table)| keys(table)));
    for key in &all {
        let named = [
            format!("`{key}`"),
            format!("`[{key}]`"),
            format!("`[[{key}]]`"),
            format!("{key} = "),
            format!(".{key}]"),
            format!(".{key}."),
            format!("{key} ="),
        ];
        assert!(named.iter().any(|name| GUIDE.contains(name)), "docs/plan.md does not tell of `{key}`");
    }
    // First column of the tables of keys.
    for section in GUIDE.split("\n| key |").skip(1).chain(GUIDE.split("\n| `[response.tme]` key |").skip(1)) {
        for row in section.lines().skip(2).take_while(|line| line.starts_with('|')) {
            let cell = row.split('|').nth(1).unwrap_or_default();
            for word in cell
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
            {
                assert!(all.iter().any(|key| key == word) || parameters.iter().any(|key| key == word), "the schema has no `{word}`: {row}");
            }
        }
    }
}

#[test]
fn the_summary_of_a_run_fits_its_schema() {
    let schema: Value = serde_json::from_str(dosaic::report::summary::JSON_SCHEMA).expect("JSON");
    assert!(jsonschema::meta::is_valid(&schema));
    assert_eq!(schema["properties"]["schema"]["const"], dosaic::report::summary::SCHEMA);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let folder = tempfile::tempdir().expect("a folder");
    let goal = "goal = { region = \"s\", relative = \"50 %\" }\n[output]\ndicom = true\n";
    let tme =
        "[response.region.s]\ntissue = \"net\"\n[response.tme]\nimmune = true\nmarrow = \"s\"\nhorizon = \"12 wk\"\nstep = \"12 h\"\n";
    let predicted = "[[fraction]]\nstart = \"28 d\"\npredicted = true\n";
    let second = SMALL.replace("[transport]", &format!("{predicted}[transport]"));
    for (name, text) in [("plain", SMALL.to_owned()), ("goal", format!("{SMALL}{goal}")), ("tme", format!("{second}{tme}"))] {
        std::fs::write(folder.path().join(format!("{name}.toml")), text).expect("written");
        let run = dosaic(folder.path(), &["run", &format!("{name}.toml"), "--out", name, "--quiet", "--threads", "2"]);
        assert_eq!(code(&run), 0, "{}", super::err(&run));
        let mut summary: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.path().join(name).join("summary.json")).expect("summary")).expect("JSON");
        let found: Vec<String> = validator.iter_errors(&summary).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(found, [] as [String; 0], "{name}");
        summary["timings"]["total_s"] = "long".into();
        assert!(!validator.is_valid(&summary));
        summary["timings"]["total_s"] = 1.into();
        summary["regions"][0]["dose_gy"] = 1.into();
        assert!(!validator.is_valid(&summary), "an unknown key");
    }
}
