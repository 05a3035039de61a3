//! The program as a user meets it: exit codes, messages, files. Runs the binary itself; needs nothing else.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use dosaic::{
    grid::VoxelGrid,
    io::image::{Description, write_nifti},
    volume::Volume,
};
use glam::DVec3;
use tempfile::TempDir;

/// A small plan that runs in a moment.
const GOOD: &str = r#"
title = "test"
[phantom]
voxels     = [10, 9, 8]
spacing    = "3 mm"
background = "water"
[[region]]
name     = "lesion"
material = "water"
shape    = "sphere"
center   = "1, 0, 0 mm"
radius   = "7 mm"
[[nuclide]]
name = "Lu-177"
[[fraction]]
administered = "1 GBq"
[fraction.uptake.lesion]
fraction  = "1 %"
half_life = "60 h"
[transport]
histories = 3200
device    = "cpu"
"#;

fn dosaic(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dosaic")).args(arguments).current_dir(folder).output().expect("the program starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("the program ends by itself")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder_with(plan: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("plan.toml"), plan).expect("the plan is written");
    folder
}

fn grid(spacing: f64) -> VoxelGrid {
    VoxelGrid::axis_aligned([4, 4, 4], DVec3::splat(spacing), DVec3::ZERO)
}

fn image(folder: &Path, name: &str, grid: VoxelGrid, values: impl Fn(usize) -> f32) {
    let volume = Volume::new(grid, (0..grid.len()).map(values).collect());
    write_nifti(folder.join(name), &volume, &Description::new("test", "1", "test").expect("a description")).expect("the image is written");
}

/// A plan on a label image `labels.nii.gz` with the given regions.
fn label_plan(regions: &str) -> String {
    let start = GOOD.find("[[nuclide]]").expect("the plan has a nuclide");
    format!("[phantom]\nlabels = \"labels.nii.gz\"\nbackground = \"air\"\n{regions}\n{}", &GOOD[start..])
}

const LABEL_REGION: &str = "[[region]]\nname = \"lesion\"\nlabel = 1\nmaterial = \"water\"\n";

/// A plan with uptake from the image `spect.nii.gz`.
fn image_plan(more: &str) -> String {
    let start = GOOD.find("[fraction.uptake.lesion]").expect("uptake");
    let end = GOOD.find("[transport]").expect("transport");
    format!("{}[[fraction.image]]\nfile = \"spect.nii.gz\"\nhalf_life = \"60 h\"\n{more}\n{}", &GOOD[..start], &GOOD[end..])
}

#[test]
fn a_run_writes_every_promised_file_and_says_which_device_ran() {
    let folder = folder_with(GOOD);
    let output = dosaic(folder.path(), &["run", "plan.toml"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("device: CPU twin"), "{}", said(&output));
    let out = folder.path().join("out/plan");
    for name in [
        "dose_total.nii.gz",
        "dose_fraction-01.nii.gz",
        "dose_total_uncertainty.nii.gz",
        "bed_total.nii.gz",
        "regions.csv",
        "dvh.csv",
        "summary.json",
        "provenance.json",
    ] {
        assert!(out.join(name).is_file(), "{name} is missing");
    }
    let regions = fs::read_to_string(out.join("regions.csv")).expect("regions.csv");
    let promised = "fraction,region,voxels,mass_g,dose_mean_gy,dose_mean_sigma_gy,d98_gy,d95_gy,d50_gy,d2_gy,bed_mean_gy";
    assert!(regions.starts_with(promised), "{regions}");
    assert!(regions.lines().any(|l| l.starts_with("1,lesion,")) && regions.lines().any(|l| l.starts_with("total,lesion,")));
    let summary: serde_json::Value = serde_json::from_str(&fs::read_to_string(out.join("summary.json")).expect("summary")).expect("JSON");
    assert!(summary["energy_balance"].as_array().is_some_and(|b| !b.is_empty() && b.iter().all(|b| b["missing_quanta"] == 0)));
    // Mean dose of the region by hand: nearly all energy stays inside the phantom, some leaves the sphere.
    let row: Vec<&str> = regions.lines().find(|l| l.starts_with("total,lesion,")).expect("the row").split(',').collect();
    let (mass, dose): (f64, f64) = (row[3].parse().expect("mass"), row[4].parse().expect("dose"));
    let tia = 1.0e7 * 60.0 * 3600.0 / std::f64::consts::LN_2;
    let all_absorbed = tia * 0.1479 * 1.602e-10 / mass;
    assert!(dose > 0.9 * all_absorbed && dose < all_absorbed, "{dose} of {all_absorbed} Gy");
}

#[test]
fn results_are_not_overwritten_unless_forced_and_repeat_to_the_bit() {
    let folder = folder_with(GOOD);
    let dose = || fs::read(folder.path().join("out/plan/dose_total.nii.gz")).expect("the dose");
    assert_eq!(code(&dosaic(folder.path(), &["run", "plan.toml", "--quiet"])), 0);
    let first = dose();
    let again = dosaic(folder.path(), &["run", "plan.toml"]);
    assert_eq!(code(&again), 4);
    assert!(said(&again).contains("--force"), "{}", said(&again));
    assert_eq!(code(&dosaic(folder.path(), &["run", "plan.toml", "--force", "--threads", "1"])), 0);
    assert_eq!(dose(), first, "another number of threads");
    assert_eq!(code(&dosaic(folder.path(), &["run", "plan.toml", "--force", "--seed", "77"])), 0);
    assert_ne!(dose(), first, "another seed");
    assert_eq!(code(&dosaic(folder.path(), &["run", "plan.toml", "--out", "elsewhere", "--histories", "16e2"])), 0);
    assert!(folder.path().join("elsewhere/provenance.json").is_file());
}

#[test]
fn an_unreachable_goal_exits_with_1_and_writes_its_results() {
    let plan = format!("{GOOD}goal = {{ region = \"lesion\", relative = \"0.01 %\", max_histories = 8000 }}\n");
    let folder = folder_with(&plan);
    let output = dosaic(folder.path(), &["run", "plan.toml"]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert!(said(&output).contains("goal not reached"));
    assert!(folder.path().join("out/plan/dose_total.nii.gz").is_file());
}

#[test]
fn a_goal_that_is_easy_stops_early() {
    let plan = GOOD.replace("histories = 3200", "histories = 800000\ngoal = { region = \"lesion\", relative = \"20 %\" }");
    let folder = folder_with(&plan);
    let output = dosaic(folder.path(), &["run", "plan.toml"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let summary = fs::read_to_string(folder.path().join("out/plan/summary.json")).expect("summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let runs = summary["runs"].as_array().expect("a list");
    let histories: u64 = runs.iter().map(|run| run["histories"].as_u64().expect("a number")).sum();
    // Each run is rounded up to whole batches.
    assert!((100_000..100_100).contains(&histories), "one of eight rounds, found {histories}");
}

#[test]
fn devices_files_and_arguments_have_their_own_exit_codes() {
    let folder = folder_with(GOOD);
    let device = dosaic(folder.path(), &["run", "plan.toml", "--device", "no such card"]);
    assert_eq!(code(&device), 3);
    assert!(said(&device).contains("no such card") && said(&device).contains("cpu"), "{}", said(&device));
    assert!(!folder.path().join("out").exists(), "nothing may be left behind");
    let missing = dosaic(folder.path(), &["run", "nowhere.toml"]);
    assert_eq!(code(&missing), 4);
    assert!(said(&missing).contains("nowhere.toml"));
    fs::write(folder.path().join("file"), "x").expect("a file");
    let unwritable = dosaic(folder.path(), &["run", "plan.toml", "--out", "file/below"]);
    assert_eq!(code(&unwritable), 4, "{}", said(&unwritable));
    for arguments in [&["run"][..], &["run", "plan.toml", "--histories", "-5"], &["run", "plan.toml", "--histories", "1.5"], &["fly"]] {
        assert_eq!(code(&dosaic(folder.path(), arguments)), 2, "{arguments:?}");
    }
}

#[test]
fn validate_shows_defaults_memory_and_time_without_writing() {
    let folder = folder_with(GOOD);
    let output = dosaic(folder.path(), &["validate", "plan.toml"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    for part in ["(default)", "B/voxel", "time of the transport", "histories", "lesion", "the plan is valid"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "only the plan is there");
}

#[test]
fn nuclides_and_devices_answer() {
    let folder = folder_with(GOOD);
    let list = dosaic(folder.path(), &["nuclides"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("Ac-225"));
    let one = dosaic(folder.path(), &["nuclides", "177Lu"]);
    assert!(String::from_utf8_lossy(&one.stdout).contains("6.64"), "the half-life in days");
    let course = dosaic(folder.path(), &["nuclides", "Ac-225", "--at", "0,1d,10d"]);
    let text = String::from_utf8_lossy(&course.stdout);
    assert!(text.lines().any(|l| l.contains("Bi-213") && l.contains("0.9362") && l.contains("0.5017")), "{text}");
    for wrong in [&["Lu-17"][..], &["--at", "1 d"], &["Ac-225", "--at", "1 GBq"], &["Ac-225", "--at", "-1 d"]] {
        assert_eq!(code(&dosaic(folder.path(), &[&["nuclides"], wrong].concat())), 2, "{wrong:?}");
    }
    let devices = dosaic(folder.path(), &["devices"]);
    assert!(code(&devices) == 0 && String::from_utf8_lossy(&devices.stdout).contains("cpu  the CPU twin"));
}

/// Every slip: what is changed in the plan, and what the message must name.
#[test]
fn wrong_plans_exit_with_2_name_the_slip_and_write_nothing() {
    let slips: &[(&str, &str, &[&str])] = &[
        ("\"1 GBq\"", "7.4", &["plan.toml:16", "unit"]),
        ("\"1 GBq\"", "\"1 Gy\"", &["plan.toml:16", "Gy"]),
        ("\"1 GBq\"", "\"NaN GBq\"", &["plan.toml:16"]),
        ("\"1 GBq\"", "nan", &["plan.toml:16"]),
        ("\"1 GBq\"", "\"-1 GBq\"", &["plan.toml:16"]),
        ("\"1 GBq\"", "\"inf GBq\"", &["plan.toml:16"]),
        ("\"3 mm\"", "\"-3 mm\"", &["plan.toml:5"]),
        ("\"3 mm\"", "\"0 mm\"", &["plan.toml:5"]),
        ("\"3 mm\"", "\"3 cm\"", &["plan.toml:5", "10 mm"]),
        ("\"3 mm\"", "\"0.5 um\"", &["plan.toml:5", "1 um"]),
        ("\"3 mm\"", "3", &["plan.toml:5", "unit"]),
        ("[10, 9, 8]", "[10, 9]", &["plan.toml:4"]),
        ("[10, 9, 8]", "[0, 9, 8]", &["plan.toml:4"]),
        ("[10, 9, 8]", "[100000, 9, 8]", &["plan.toml:4"]),
        ("[10, 9, 8]", "[1024, 1024, 1024]", &["MiB", "1024"]),
        ("spacing ", "spacng ", &["plan.toml:5", "spacing"]),
        ("[transport]", "[tranport]", &["transport"]),
        ("material = \"water\"", "material = \"watr\"", &["plan.toml:9", "water"]),
        ("\"sphere\"", "\"spere\"", &["plan.toml:10", "sphere"]),
        ("\"7 mm\"", "\"0 mm\"", &["plan.toml:12"]),
        ("\"1, 0, 0 mm\"", "\"500, 0, 0 mm\"", &["plan.toml:10", "outside"]),
        ("\"Lu-177\"", "\"Lu-178\"", &["plan.toml:14", "Lu-177"]),
        ("uptake.lesion", "uptake.leson", &["leson", "lesion"]),
        ("\"1 %\"", "\"120 %\"", &["plan.toml:18"]),
        ("\"60 h\"", "\"60 d\"", &["plan.toml:19", "physical"]),
        ("\"60 h\"", "\"60 hours of joy\"", &["plan.toml:19"]),
        ("histories = 3200", "histories = 3200.5", &["plan.toml:21"]),
        ("histories = 3200", "histories = 3200\nbatches = 4", &["plan.toml:22", "16"]),
        ("histories = 3200", "histories = 3200\ngoal = { region = \"liver\", relative = \"2 %\" }", &["liver"]),
        ("material = \"water\"", "material = \"water\"\ndensity = \"0 g/cm3\"", &["plan.toml:10"]),
        (
            "[[nuclide]]",
            "[[region]]\nname = \"lesion\"\nmaterial = \"air\"\nshape = \"sphere\"\ncenter = \"0, 0, 0 mm\"\nradius = \"3 mm\"\n[[nuclide]]",
            &["lesion", "twice"],
        ),
        ("name     = \"lesion\"", "name     = \"phantom\"", &["phantom"]),
        ("title = \"test\"", "title = \"test", &["plan.toml:2"]),
        ("background = \"water\"", "", &["background"]),
    ];
    for (old, new, phrases) in slips {
        assert!(GOOD.contains(old), "the plan has {old}");
        let folder = folder_with(&GOOD.replacen(old, new, 1));
        let output = dosaic(folder.path(), &["run", "plan.toml"]);
        let text = said(&output);
        assert_eq!(code(&output), 2, "{old} -> {new}: {text}");
        assert!(!text.contains("panicked"), "{old} -> {new}: {text}");
        for phrase in *phrases {
            assert!(text.contains(phrase), "{old} -> {new}: \"{phrase}\" is missing in\n{text}");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "{old} -> {new}: something was written");
    }
}

#[test]
fn wrong_images_exit_with_2_name_the_file_and_write_nothing() {
    type Make = fn(&Path);
    let slips: &[(&str, String, Make, &[&str])] = &[
        (
            "label without region",
            label_plan(LABEL_REGION),
            |f| image(f, "labels.nii.gz", grid(3.0), |v| (v % 3) as f32),
            &["labels.nii.gz", "2"],
        ),
        (
            "label without material",
            label_plan("[[region]]\nname = \"lesion\"\nlabel = 1\n"),
            |f| image(f, "labels.nii.gz", grid(3.0), |_| 1.0),
            &["lesion", "material"],
        ),
        ("half a label", label_plan(LABEL_REGION), |f| image(f, "labels.nii.gz", grid(3.0), |v| 0.5 * v as f32), &["labels.nii.gz", "0.5"]),
        ("empty file", label_plan(LABEL_REGION), |f| fs::write(f.join("labels.nii.gz"), "").expect("file"), &["labels.nii.gz"]),
        (
            "no image at all",
            label_plan(LABEL_REGION),
            |f| fs::write(f.join("labels.nii.gz"), [7u8; 5000]).expect("file"),
            &["labels.nii.gz"],
        ),
        (
            "truncated gzip",
            label_plan(LABEL_REGION),
            |f| {
                image(f, "labels.nii.gz", grid(3.0), |v| (v % 2) as f32);
                let bytes = fs::read(f.join("labels.nii.gz")).expect("image");
                fs::write(f.join("labels.nii.gz"), &bytes[..bytes.len() * 2 / 3]).expect("file");
            },
            &["labels.nii.gz"],
        ),
        ("voxels too large", label_plan(LABEL_REGION), |f| image(f, "labels.nii.gz", grid(30.0), |_| 1.0), &["labels.nii.gz", "10 mm"]),
        (
            "uptake outside the phantom",
            image_plan("unit = \"Bq\""),
            |f| image(f, "spect.nii.gz", VoxelGrid::axis_aligned([4; 3], DVec3::splat(3.0), DVec3::splat(900.0)), |_| 1.0e6),
            &["spect.nii.gz", "outside"],
        ),
        (
            "uptake not a number",
            image_plan("unit = \"Bq\""),
            |f| image(f, "spect.nii.gz", grid(3.0), |v| if v == 5 { f32::NAN } else { 1.0e6 }),
            &["spect.nii.gz"],
        ),
        ("uptake all zero", image_plan("unit = \"Bq\""), |f| image(f, "spect.nii.gz", grid(3.0), |_| 0.0), &["spect.nii.gz"]),
        ("uptake without unit", image_plan(""), |f| image(f, "spect.nii.gz", grid(3.0), |_| 1.0), &["plan.toml"]),
    ];
    for (name, plan, make, phrases) in slips {
        let folder = folder_with(plan);
        make(folder.path());
        let before = fs::read_dir(folder.path()).expect("the folder").count();
        let output = dosaic(folder.path(), &["run", "plan.toml"]);
        let text = said(&output);
        assert_eq!(code(&output), 2, "{name}: {text}");
        assert!(!text.contains("panicked"), "{name}: {text}");
        for phrase in *phrases {
            assert!(text.contains(phrase), "{name}: \"{phrase}\" is missing in\n{text}");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), before, "{name}: something was written");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_exits_with_130_and_writes_nothing() {
    let folder = folder_with(&GOOD.replace("3200", "4e8"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_dosaic"))
        .args(["run", "plan.toml", "--quiet"])
        .current_dir(folder.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    for _ in 0..2 {
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill exists");
        assert!(killed.success());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(!folder.path().join("out/plan/dose_total.nii.gz").exists());
}
