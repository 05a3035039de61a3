//! Whole runs with every output that other programs take, and with doses computed elsewhere.

use std::{collections::BTreeMap, path::Path, process::Command};

use dosaic::{
    grid::VoxelGrid,
    io::{
        dicom::rtdose::{Bits, PatientContext, read_rt_dose},
        image::{self, Description, write_nifti},
    },
    volume::Volume,
};
use glam::DVec3;

use crate::{
    rtdose::{study, write},
    tools::{python, text},
};

/// Two fractions in a sphere of water off the centre of a grid with three different sizes and spacings.
const PLAN: &str = r#"
[phantom]
voxels = [12, 10, 8]
spacing = "3, 3.5, 4 mm"
center = "20, -30, 40 mm"
background = "water"
[[region]]
name = "lesion"
material = "water"
shape = "sphere"
center = "25, -25, 36 mm"
radius = "9 mm"
[[nuclide]]
name = "Y-90"
[[fraction]]
administered = "0.5 GBq"
[fraction.uptake.lesion]
fraction = 0.1
half_life = "40 h"
[[fraction]]
start = "21 d"
administered = "0.25 GBq"
[fraction.uptake.lesion]
fraction = 0.1
half_life = "40 h"
[transport]
histories = 20000
device = "cpu"
photons = "off"
[response.region.lesion]
alpha = "0.3 /Gy"
alpha_beta = "10 Gy"
repair_half_time = "1.5 h"
"#;

/// Runs a plan in a folder; what it says on stderr.
fn run(folder: &Path, plan: &str) -> String {
    let path = folder.join("plan.toml");
    std::fs::write(&path, plan).expect("write the plan");
    let output = Command::new(env!("CARGO_BIN_EXE_dosaic"))
        .args(["run", "plan.toml", "--out", "out", "--force", "--threads", "2"])
        .current_dir(folder)
        .output()
        .expect("dosaic");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn read(folder: &Path, name: &str) -> Volume<f32> {
    image::read(folder.join("out").join(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// Rows of `regions.csv` by fraction and region, cells by column.
fn regions(folder: &Path) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let text = std::fs::read_to_string(folder.join("out/regions.csv")).expect("regions.csv");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().expect("a header");
    lines.map(|cells| ((cells[0].clone(), cells[1].clone()), head.iter().cloned().zip(cells).collect())).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is `{}`", row[column]))
}

#[test]
fn one_run_in_all_formats_holds_the_same_voxels_at_the_same_places() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let output =
        "[output]\nmetaimage = true\nnrrd = true\nnpy = true\ngate_frame = true\ndicom = { bits = 16 }\ndose_rate_at = \"0, 24, 48 h\"\n";
    let said = run(folder.path(), &format!("{PLAN}{output}"));
    assert!(said.contains("RT Dose: 16 bits hold steps of"), "{said}");
    let dose = read(folder.path(), "dose_total.nii.gz");
    for format in ["mha", "nrrd", "npy"] {
        let same = read(folder.path(), &format!("dose_total.{format}"));
        assert!(same.data == dose.data && same.grid.same_place(&dose.grid, 1e-5), "{format}");
    }
    let gate = read(folder.path(), "gate_dose_total.mha");
    assert_eq!(gate.data, dose.data);
    assert_eq!(gate.grid.origin, DVec3::new(-16.5, -15.75, -14.0), "half the grid less half a voxel");

    let summary = std::fs::read_to_string(folder.path().join("out/summary.json")).expect("summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let step = summary["rt_dose"]["dose_grid_scaling_gy"].as_f64().expect("a number");
    assert_eq!(summary["rt_dose"]["bits"], 16);
    let mut plans = Vec::new();
    for quantity in ["dose", "bed", "eqd2"] {
        for part in ["total", "fraction-01", "fraction-02"] {
            let object = read_rt_dose(folder.path().join(format!("out/rtdose_{quantity}_{part}.dcm"))).expect("RT Dose");
            assert_eq!(object.dose_type, if quantity == "dose" { "PHYSICAL" } else { "EFFECTIVE" });
            assert_eq!(object.scaling, step, "one scaling for the whole study");
            let words = match quantity {
                "dose" => "absorbed dose to medium",
                "bed" => "BED",
                _ => "EQD2",
            };
            let expected = match part {
                "total" => format!("all 2 fractions (cycles), Y-90, {words}"),
                _ => format!("fraction (cycle) {} of 2, Y-90, {words}", &part[10..]),
            };
            assert_eq!(object.comment, expected);
            let right = read(folder.path(), &format!("{quantity}_{part}.nii.gz"));
            let found = &object.image.volume;
            assert!(found.grid.same_place(&right.grid, 1e-4));
            let worst = found.data.iter().zip(&right.data).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
            let max = f64::from(right.data.iter().copied().fold(0.0, f32::max));
            assert!(worst <= 0.5 * step + 2e-7 * max, "{quantity}_{part}: {worst} Gy with steps of {step} Gy");
            plans.push((object.plan_uid, object.study_uid, object.frame_of_reference_uid));
        }
    }
    plans.dedup();
    assert_eq!(plans.len(), 1, "one plan, study and frame of reference");
    // EQD2 of a fraction: BED over 1 + 2/(alpha/beta), with the region's 10 Gy inside it.
    let (bed, eqd2) = (read(folder.path(), "bed_fraction-01.nii.gz"), read(folder.path(), "eqd2_fraction-01.nii.gz"));
    let centre = dose.grid.index(dose.grid.voxel_at(DVec3::new(25.0, -25.0, 36.0)).expect("inside"));
    assert!(bed.data[centre] > 1.0 && (eqd2.data[centre] * 1.2 / bed.data[centre] - 1.0).abs() < 1e-6);

    let series = std::fs::read_to_string(folder.path().join("out/dose_rate_series.json")).expect("series");
    let series: serde_json::Value = serde_json::from_str(&series).expect("JSON");
    assert_eq!((&series["times_h"], &series["times_in_header"]), (&serde_json::json!([0.0, 24.0, 48.0]), &true.into()));
    // All that is there is listed, and all that is listed is there.
    let provenance = std::fs::read_to_string(folder.path().join("out/provenance.json")).expect("provenance");
    let provenance: serde_json::Value = serde_json::from_str(&provenance).expect("JSON");
    let mut listed: Vec<String> =
        provenance["files"].as_array().expect("a list").iter().map(|f| f["name"].as_str().expect("a name").to_owned()).collect();
    listed.push("provenance.json".into());
    listed.sort();
    let mut there: Vec<String> = std::fs::read_dir(folder.path().join("out"))
        .expect("folder")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
        .collect();
    // But for what is made from the files themselves.
    there.retain(|name| name != "report.html" && !name.starts_with("quicklook_"));
    there.sort();
    assert_eq!(listed, there);

    // The same plan again gives the same objects, byte for byte.
    let name = folder.path().join("out/rtdose_dose_total.dcm");
    let first = std::fs::read(&name).expect("read");
    run(folder.path(), &format!("{PLAN}{output}"));
    assert_eq!(std::fs::read(&name).expect("read"), first);
}

#[test]
fn external_doses_add_to_dose_bed_and_tables() {
    let folder = tempfile::tempdir().expect("temporary folder");
    run(folder.path(), PLAN);
    let (alone, bed_alone) = (read(folder.path(), "dose_total.nii.gz"), read(folder.path(), "bed_total.nii.gz"));
    let rows_alone = regions(folder.path());
    // A linear field on another grid that covers the phantom, as RT Dose and as NIfTI.
    let field = |at: DVec3| 40.0 + 0.2 * at.x - 0.1 * at.y + 0.05 * at.z;
    let grid = VoxelGrid::axis_aligned([30, 28, 26], DVec3::new(2.5, 2.5, 2.5), DVec3::new(-15.0, -65.0, 10.0));
    let elsewhere = Volume::new(grid, (0..grid.len()).map(|n| field(grid.center(grid.ijk(n))) as f32).collect());
    write(&folder.path().join("ebrt.dcm"), &study(Bits::ThirtyTwo, 60.0), &elsewhere);
    let described = Description::new("absorbed dose", "Gy", "dose").expect("fits");
    write_nifti(folder.path().join("ebrt.nii.gz"), &elsewhere, &described).expect("written");
    let sessions = 20.0;
    for file in ["ebrt.dcm", "ebrt.nii.gz"] {
        let external = format!("[[external_dose]]\nname = \"EBRT\"\nfile = \"{file}\"\nfractions = 20\nstart = \"-60 d\"\n");
        let said = run(folder.path(), &format!("{PLAN}{external}"));
        assert!(!said.contains("lie outside"), "{said}");
        let (total, bed) = (read(folder.path(), "dose_total.nii.gz"), read(folder.path(), "bed_total.nii.gz"));
        let own = read(folder.path(), "dose_external-01.nii.gz");
        let lesion = |n: usize| total.grid.center(total.grid.ijk(n)).distance(DVec3::new(25.0, -25.0, 36.0)) < 9.0;
        for n in 0..total.grid.len() {
            let dose = field(total.grid.center(total.grid.ijk(n)));
            assert!((f64::from(own.data[n]) - dose).abs() < 1e-3, "{file}: voxel {n} has {} Gy for {dose}", own.data[n]);
            assert!((f64::from(total.data[n] - alone.data[n]) - dose).abs() < 1e-3);
            if lesion(n) {
                // n d (1 + d/(alpha/beta)) with alpha/beta = 10 Gy.
                let right = f64::from(bed_alone.data[n]) + dose * (1.0 + dose / sessions / 10.0);
                assert!((f64::from(bed.data[n]) / right - 1.0).abs() < 1e-4, "{file}: BED {} for {right} Gy", bed.data[n]);
            }
        }
        let rows = regions(folder.path());
        let key = |fraction: &str| (fraction.to_owned(), "lesion".to_owned());
        let (external, total, before) = (&rows[&key("external-1")], &rows[&key("total")], &rows_alone[&key("total")]);
        for column in ["dose_mean_gy", "bed_mean_gy"] {
            let sum = number(before, column) + number(external, column);
            assert!((number(total, column) / sum - 1.0).abs() < 1e-4, "{file}: {column} {} for {sum}", number(total, column));
        }
        assert_eq!(number(total, "dose_mean_sigma_gy"), number(before, "dose_mean_sigma_gy"), "{file}: it has no error of its own");
        assert!(number(total, "voxel_uncertainty_rms") < number(before, "voxel_uncertainty_rms"));
        assert!(number(external, "bed_mean_gy") > number(external, "dose_mean_gy"));
        assert!(number(total, "eud_gy") > number(before, "eud_gy") + number(external, "dose_mean_gy"), "EUD in BED counts it");
        let dvh = std::fs::read_to_string(folder.path().join("out/dvh.csv")).expect("dvh.csv");
        assert!(dvh.lines().any(|line| line.starts_with("external-1,lesion,")));
        let provenance = std::fs::read_to_string(folder.path().join("out/provenance.json")).expect("provenance");
        assert!(provenance.contains("external dose \\\"EBRT\\\"") && provenance.contains("\"role\": \"external dose\""));
    }
}

#[test]
fn repopulating_tumours_count_external_sessions_when_they_are_given() {
    // The same dose before and long after the fractions: TCP sees it before the nadir, not years after.
    let folder = tempfile::tempdir().expect("temporary folder");
    let grid = VoxelGrid::axis_aligned([30, 28, 26], DVec3::new(2.5, 2.5, 2.5), DVec3::new(-15.0, -65.0, 10.0));
    let described = Description::new("absorbed dose", "Gy", "dose").expect("fits");
    write_nifti(folder.path().join("ebrt.nii.gz"), &Volume::new(grid, vec![30.0; grid.len()]), &described).expect("written");
    let tumour = "clonogens = \"1e5 /mL\"\ndoubling_time = \"4 d\"\nkick_off = \"1 d\"\n";
    let tcp = |start: Option<&str>| {
        let external = start.map_or(String::new(), |start| {
            format!("[[external_dose]]\nname = \"EBRT\"\nfile = \"ebrt.nii.gz\"\nfractions = 10\nstart = \"{start}\"\n")
        });
        // Little activity: alone it does not control the tumour.
        let weak = PLAN.replace("0.5 GBq", "0.05 GBq").replace("0.25 GBq", "0.025 GBq");
        run(folder.path(), &format!("{}{external}", weak.replace("repair_half_time", &format!("{tumour}repair_half_time"))));
        number(&regions(folder.path())[&("total".to_owned(), "lesion".to_owned())], "tcp")
    };
    let (none, during, years_later) = (tcp(None), tcp(Some("1 d")), tcp(Some("8000 d")));
    println!("TCP {none:.4} without, {during:.4} with it during, {years_later:.4} with it years later");
    assert!(none < 0.6 && during > 0.9, "sessions between the fractions help");
    assert!((years_later - none).abs() < 1e-3, "by then the tumour has grown beyond what they could do");
}

#[test]
fn doses_that_cannot_be_used_are_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let refused = |file: &str, more: &str| {
        let plan = format!("{PLAN}[[external_dose]]\nname = \"EBRT\"\nfile = \"{file}\"\nfractions = 20\nstart = \"0 d\"\n{more}");
        std::fs::write(folder.path().join("plan.toml"), plan).expect("write");
        let output =
            Command::new(env!("CARGO_BIN_EXE_dosaic")).args(["run", "plan.toml", "--out", "out"]).current_dir(folder.path()).output();
        let output = output.expect("dosaic");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let grid = VoxelGrid::axis_aligned([5, 5, 5], DVec3::splat(3.0), DVec3::splat(4000.0));
    let far = Volume::new(grid, vec![1.0; 125]);
    write(&folder.path().join("far.dcm"), &study(Bits::Sixteen, 1.0), &far);
    assert!(refused("far.dcm", "").contains("shares no voxel with the phantom"));
    let mut bytes = std::fs::read(folder.path().join("far.dcm")).expect("read");
    let at = bytes.windows(8).position(|w| w == b"PHYSICAL").expect("the type");
    bytes[at..at + 8].copy_from_slice(b"ERROR   ");
    std::fs::write(folder.path().join("error.dcm"), bytes).expect("write");
    assert!(refused("error.dcm", "").contains("DoseType is ERROR; expected PHYSICAL"));
}

#[test]
fn the_dose_on_a_dicom_ct_has_its_patient_and_frame_of_reference() {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::create_dir(folder.path().join("ct")).expect("folder");
    let Some(ids) = python("python3", &["ct", text(&folder.path().join("ct"))]) else { return };
    let phantom = PLAN.find("[phantom]").expect("a section")..PLAN.find("[[region]]").expect("a section");
    let plan = PLAN.replace(&PLAN[phantom], "[phantom]\nct = \"ct\"\n").replace("material = \"water\"\n", "");
    for anonymise in [false, true] {
        run(folder.path(), &format!("{plan}[output]\ndicom = {{ bits = 16 }}\nanonymise = {anonymise}\n"));
        let dose = folder.path().join("out/rtdose_dose_total.dcm");
        let patient = PatientContext::of_file(&dose).expect("read");
        assert_eq!(
            (patient.study_uid.as_str(), patient.frame_of_reference_uid.as_str()),
            (ids["study"].as_str().expect("a UID"), ids["frame"].as_str().expect("a UID"))
        );
        let identity = [patient.patient_name, patient.patient_id, patient.birth_date, patient.sex, patient.study_date, patient.study_time];
        let expected = if anonymise { [""; 6] } else { ["Müller^Zoë", "4711", "19500101", "F", "20260301", "101500"] };
        assert_eq!(identity, expected);
        let grid = read_rt_dose(&dose).expect("read").image.volume.grid;
        let right = VoxelGrid::axis_aligned([12, 10, 8], DVec3::new(3.0, 3.5, 4.0), DVec3::new(3.5, -45.75, 26.0));
        assert!(grid.same_place(&right, 1e-6), "{grid:?}");
    }
    // A dose in another frame of reference is elsewhere.
    let grid = VoxelGrid::axis_aligned([30, 28, 26], DVec3::splat(2.5), DVec3::new(-15.0, -65.0, 10.0));
    write(&folder.path().join("ebrt.dcm"), &study(Bits::Sixteen, 30.0), &Volume::new(grid, vec![30.0; grid.len()]));
    let external = "[[external_dose]]\nname = \"EBRT\"\nfile = \"ebrt.dcm\"\nfractions = 10\nstart = \"0 d\"\n";
    std::fs::write(folder.path().join("plan.toml"), format!("{plan}{external}")).expect("write");
    let output = Command::new(env!("CARGO_BIN_EXE_dosaic")).args(["run", "plan.toml", "--out", "no"]).current_dir(folder.path()).output();
    let output = output.expect("dosaic");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("frame of reference"), "{said}");
}
