//! nibabel and SimpleITK, which share no code with this crate, read what is written here and write what is read here.
//!
//! Where Python or one of the packages is absent the test says so on the terminal and passes;
//! with `DOSAIC_TEST_PYTHON=required` it fails.

use std::{io::Write, path::Path, process::Command};

use dosaic::{
    grid::VoxelGrid,
    io::image::{self, write_metaimage, write_nifti},
};
use glam::DVec3;
use serde_json::Value;

use crate::files::{dose, hot_voxel, oblique_directions, off_centre, parallel_directions};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/images/readback.py");

/// Runs the script; `None` if Python or its packages are absent and not required.
fn python(arguments: &[&str]) -> Option<Value> {
    let output = Command::new("python3").arg(SCRIPT).args(arguments).output();
    let absent = match &output {
        Err(error) => format!("python3: {error}"),
        // The script's own word for "a package is missing".
        Ok(output) if output.status.code() == Some(77) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return Some(serde_json::from_slice(&output.stdout).expect("the script prints JSON"));
        }
    };
    let required = std::env::var("DOSAIC_TEST_PYTHON").is_ok_and(|value| value == "required");
    assert!(!required, "DOSAIC_TEST_PYTHON=required, but: {absent}");
    // Not by a macro: the test harness would hide it.
    let message = format!("SKIPPED image read-back by nibabel and SimpleITK: {absent}\n");
    std::io::stderr().write_all(message.as_bytes()).expect("stderr");
    None
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn point(value: &Value) -> DVec3 {
    let numbers: Vec<f64> = value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect();
    DVec3::from_slice(&numbers)
}

#[test]
fn independent_readers_find_every_voxel_where_it_was_put() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let micrometres = VoxelGrid { spacing: DVec3::new(1e-3, 2e-3, 3e-3), origin: DVec3::new(-0.15, 0.2, 0.25), ..off_centre() };
    let directions = [parallel_directions(), oblique_directions()].concat();
    let grids: Vec<_> = directions.into_iter().map(|direction| VoxelGrid { direction, ..off_centre() }).chain([micrometres]).collect();
    let mut expected = Vec::new();
    for (n, &grid) in grids.iter().enumerate() {
        for name in [format!("{n:02}.nii.gz"), format!("{n:02}.nii"), format!("{n:02}.mha")] {
            let path = folder.path().join(&name);
            if name.ends_with("mha") {
                write_metaimage(&path, &hot_voxel(grid), &dose()).expect("write");
            } else {
                write_nifti(&path, &hot_voxel(grid), &dose()).expect("write");
            }
            expected.push((name, grid));
        }
    }
    let Some(found) = python(&["read", text(folder.path())]) else { return };
    let mut checked = 0;
    for (name, grid) in &expected {
        let readings = found[name].as_object().unwrap_or_else(|| panic!("{name} was not read"));
        assert_eq!(readings.len(), if name.ends_with("mha") { 1 } else { 2 }, "{name}: nibabel reads NIfTI alone");
        for (reader, reading) in readings {
            let what = format!("{name} by {reader}");
            assert_eq!(reading["hot"], serde_json::json!([6, 1, 3]), "{what}");
            assert_eq!(reading["size"], serde_json::json!(grid.size), "{what}");
            assert_eq!(reading["hot_value"], 457.125, "{what}");
            assert_eq!(reading["sum"].as_f64(), Some(hot_voxel(*grid).data.iter().map(|&x| f64::from(x)).sum()), "{what}");
            // Single precision of the header; 1e-4 mm is 1/10000 of these voxels.
            let tolerance = if name.ends_with("mha") { 1e-9 } else { 1e-4 * grid.min_spacing() };
            for (key, ijk) in [("first_at", [0, 0, 0]), ("hot_at", [6, 1, 3]), ("last_at", [7, 5, 4])] {
                let (at, right) = (point(&reading[key]), grid.center(ijk));
                assert!(at.distance(right) < tolerance, "{what}: {key} {at} is not {right}");
            }
            if reader == "nibabel" {
                let header = &reading["header"];
                assert_eq!(header["descrip"], "absorbed dose [Gy]");
                assert_eq!(header["intent_name"], "dose");
                assert_eq!(header["units"], "mm");
                assert_eq!((&header["sform_code"], &header["qform_code"]), (&1.into(), &1.into()));
                // The quaternion is single precision, worst near half turns: 1e-3 of a voxel.
                assert!(header["qform_apart"].as_f64().expect("a number") < 1e-3 * grid.min_spacing(), "{what}: {header}");
            }
            checked += 1;
        }
    }
    assert_eq!(checked, grids.len() * 5);
}

#[test]
fn files_by_independent_writers_are_read_alike() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let Some(written) = python(&["write", text(folder.path())]) else { return };
    let written = written.as_object().expect("a map of files");
    assert!(written.len() >= 20, "{}", written.len());
    for (name, expected) in written {
        let volume = image::read(folder.path().join(name)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(serde_json::json!(volume.grid.size), expected["size"], "{name}");
        for probe in expected["probes"].as_array().expect("a list") {
            let ijk: [u32; 3] = serde_json::from_value(probe["ijk"].clone()).expect("an index");
            let (at, right) = (volume.grid.center(ijk), point(&probe["at"]));
            assert!(at.distance(right) < 1e-4 * volume.grid.min_spacing(), "{name}: voxel {ijk:?} is at {at}, expected {right}");
            let (value, right) = (f64::from(*volume.at(ijk)), probe["value"].as_f64().expect("a number"));
            assert!((value - right).abs() <= 1e-6 * right.abs(), "{name}: voxel {ijk:?} holds {value}, expected {right}");
        }
        if expected["labels"] == true {
            assert!(image::read_labels(folder.path().join(name)).is_ok(), "{name}");
        }
    }
}
