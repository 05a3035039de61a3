//! Programs that share no code with this crate look at what is written: dciodvfy, plastimatch, pydicom, SimpleITK, dicompyler-core.
//!
//! What is not installed is said on the terminal and passed over; with `DOSAIC_TEST_PYTHON=required` it is a failure.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output},
};

use dosaic::{
    dose::dvh::{cumulative, dose_at_volume},
    grid::VoxelGrid,
    io::{
        dicom::rtdose::{Bits, PatientContext, RtDoseStudy, in_display_order},
        image,
    },
};
use glam::DVec3;
use serde_json::Value;

use crate::{
    grids::off_centre,
    rtdose::{doses, grids, study, write},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/export/readback.py");

/// Says on the terminal that a check was left out; a failure where it is required.
pub(crate) fn skipped(what: &str, why: &str) {
    let required = std::env::var("DOSAIC_TEST_PYTHON").is_ok_and(|value| value == "required");
    assert!(!required, "DOSAIC_TEST_PYTHON=required, but {what}: {why}");
    // Not by a macro: the test harness would hide it.
    std::io::stderr().write_all(format!("SKIPPED {what}: {why}\n").as_bytes()).expect("stderr");
}

/// Runs a program; `None` if it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skipped(&format!("checks by {program}"), "not installed");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// Runs the script with `interpreter`; `None` if Python or a package is absent.
pub(crate) fn python(interpreter: &str, arguments: &[&str]) -> Option<Value> {
    let output = run(interpreter, &[&[SCRIPT], arguments].concat())?;
    if output.status.code() == Some(77) {
        skipped(&format!("read-back `{}` by Python", arguments[0]), String::from_utf8_lossy(&output.stderr).trim());
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("the script prints JSON"))
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

pub(crate) fn point(value: &Value) -> DVec3 {
    let numbers: Vec<f64> = value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect();
    DVec3::from_slice(&numbers)
}

#[test]
fn dciodvfy_finds_no_error_and_no_warning() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("dose.dcm");
    let patient = PatientContext {
        patient_name: "Müller^Zoë".into(),
        patient_id: "4711".into(),
        birth_date: "19500101".into(),
        sex: "F".into(),
        study_date: "20260301".into(),
        study_time: "101500".into(),
        ..PatientContext::default()
    };
    let known = RtDoseStudy { patient, ..study(Bits::Sixteen, 460.625) };
    let anonymous = RtDoseStudy { patient: known.patient.clone().anonymised(), ..known.clone() };
    // One grid of each kind; this validator (2022) aborts on words of 32 bits, whoever wrote them.
    for (study, n) in [(&known, 0), (&known, 13), (&known, 48), (&known, 49), (&anonymous, 0)] {
        write(&path, study, &doses(grids()[n]));
        let Some(output) = run("dciodvfy", &[text(&path)]) else { return };
        let said = String::from_utf8_lossy(&output.stderr);
        // A patient without identity or date cannot be listed in a DICOMDIR; that is what was asked for.
        let expected = |line: &str| study == &anonymous && line.contains("to build DICOMDIR");
        let complaint = |line: &&str| (line.starts_with("Error") || line.starts_with("Warning")) && !expected(line);
        let complaints: Vec<&str> = said.lines().filter(complaint).collect();
        assert!(output.status.success() && complaints.is_empty(), "{said}");
        assert!(said.contains("RTDose"), "it knew what it was: {said}");
    }
}

#[test]
fn pydicom_and_simpleitk_find_every_voxel_where_it_was_put() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut expected = Vec::new();
    for bits in [Bits::Sixteen, Bits::ThirtyTwo] {
        let study = study(bits, 460.625);
        for (n, grid) in grids().into_iter().enumerate() {
            let name = format!("{}-{n:02}.dcm", u16::from(bits));
            let volume = doses(grid);
            write(&folder.path().join(&name), &study, &volume);
            expected.push((name, volume, study.scaling.step()));
        }
    }
    let Some(found) = python("python3", &["dicom", text(folder.path())]) else { return };
    for (name, volume, step) in &expected {
        let hot = volume.grid.center([6, 1, 3]);
        let sum: f64 = volume.data.iter().map(|&x| f64::from(x)).sum();
        for reader in ["pydicom", "SimpleITK"] {
            let reading = &found[name][reader];
            let what = format!("{name} by {reader}: {reading}");
            let shown = in_display_order(volume).grid;
            assert_eq!(reading["size"], serde_json::json!(shown.size), "{what}");
            let distance = point(&reading["hot_at"]).distance(hot);
            assert!(distance < 1e-3 * volume.grid.min_spacing(), "{what}: {distance} mm off");
            let far = volume.grid.size.map(|n| n - 1);
            let corners = [volume.grid.center([0; 3]), volume.grid.center(far), shown.center(shown.size.map(|n| n - 1))];
            assert!(point(&reading["last_at"]).distance(corners[2]) < 1e-3, "{what}");
            assert!((reading["hot_value"].as_f64().expect("a number") - 460.625).abs() <= 0.5 * step + 1e-9, "{what}");
            assert!((reading["sum"].as_f64().expect("a number") - sum).abs() <= 0.5 * step * volume.data.len() as f64, "{what}");
        }
        let attributes = &found[name]["attributes"];
        assert_eq!(attributes["comment"], "fraction (cycle) 2 of 4, Lu-177");
        assert_eq!(attributes["too_long"], serde_json::json!([]), "decimal strings of 16 characters at most");
    }
}

#[test]
fn plastimatch_converts_with_position_and_scale() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for bits in [Bits::Sixteen, Bits::ThirtyTwo] {
        let (dicom, image) = (folder.path().join("dose.dcm"), folder.path().join("dose.mha"));
        let volume = doses(VoxelGrid { direction: grids()[21].direction, ..off_centre() });
        write(&dicom, &study(bits, 460.625), &volume);
        let Some(output) = run("plastimatch", &["convert", "--input", text(&dicom), "--output-dose-img", text(&image)]) else { return };
        assert!(output.status.success() && image.exists(), "{}", String::from_utf8_lossy(&output.stdout));
        let read = image::read(&image).expect("MetaImage");
        let right = in_display_order(&volume);
        assert!(read.grid.same_place(&right.grid, 0.01 * right.grid.min_spacing()), "{:?} for {:?}", read.grid, right.grid);
        let worst = read.data.iter().zip(&right.data).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.51 * 460.625 / 65535.0, "{worst} Gy");
    }
}

#[test]
fn the_dvh_of_dicompyler_is_ours() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("dose.dcm");
    // A smooth field on axial planes, so that the histogram has many bins.
    let grid = VoxelGrid::axis_aligned([24, 20, 12], DVec3::new(2.0, 3.0, 2.5), DVec3::new(-31.0, 14.0, -120.0));
    let mut volume = doses(grid);
    for index in 0..grid.len() {
        let from = grid.center(grid.ijk(index)) - grid.center([9, 12, 5]);
        volume.data[index] = (40.0 * (-from.length_squared() / 400.0).exp()) as f32;
    }
    write(&path, &study(Bits::ThirtyTwo, 40.0), &volume);
    // The region: voxels 5..=15, 7..=16, 3..=8, outlined along their faces by the script.
    let interpreter = std::env::var("DOSAIC_TEST_DICOMPYLER").unwrap_or_else(|_| "python3".into());
    let Some(found) = python(&interpreter, &["dvh", text(&path), text(&folder.path().join("structures.dcm"))]) else { return };
    let inside = |ijk: [u32; 3]| (5..=15).contains(&ijk[0]) && (7..=16).contains(&ijk[1]) && (3..=8).contains(&ijk[2]);
    let mut region: Vec<f32> = (0..grid.len()).filter(|&n| inside(grid.ijk(n))).map(|n| volume.data[n]).collect();
    let number = |key: &str| found[key].as_f64().expect("a number");
    let volume_cc = region.len() as f64 * grid.voxel_volume_cm3();
    assert!((number("volume_cc") / volume_cc - 1.0).abs() < 1e-6, "{found} for {volume_cc} mL");
    // dicompyler bins by 1 cGy: means and D_x are good to a bin.
    let mean = region.iter().map(|&x| f64::from(x)).sum::<f64>() / region.len() as f64;
    assert!((number("mean") - mean).abs() < 0.011, "{found} for a mean of {mean} Gy");
    for (key, percent) in [("D98", 98.0), ("D50", 50.0), ("D2", 2.0)] {
        let right = dose_at_volume(&mut region, percent).expect("voxels");
        // We interpolate between sorted voxels; dicompyler takes the bin whose volume is nearest, and many voxels share their dose here:
        // two different doses below and one above are the bounds.
        region.sort_by(f32::total_cmp);
        let mut levels = region.clone();
        levels.dedup();
        let next = levels.partition_point(|&level| f64::from(level) < right);
        let [low, high] = [next - 2, next + 1].map(|n| f64::from(levels[n]));
        let theirs = number(key);
        assert!(high - low < 0.06 * right, "the bounds are narrow: {low} to {high} Gy");
        assert!(low - 0.011 < theirs && theirs < high + 0.011, "{key}: {theirs} for {right} ({low} to {high})");
    }
    let curve = cumulative(&region, Some(0.01)).expect("voxels");
    let theirs: Vec<f64> = found["curve"].as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect();
    let worst = theirs.iter().zip(&curve.volume).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(theirs.len() > 1000 && worst <= 2.5 / region.len() as f64, "DVH of {} bins differs by {worst}", theirs.len());
}
