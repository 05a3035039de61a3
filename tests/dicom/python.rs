//! Runs `objects.py`, which makes objects by pydicom and highdicom and reads series by SimpleITK: none of them shares code with this crate.

use std::{io::Write, path::Path, process::Command};

use dosaic::{grid::VoxelGrid, volume::Volume};
use glam::{DMat3, DVec3};
use serde_json::Value;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dicom/objects.py");

/// What the script prints; `None` if Python or its packages are absent and not required (which is told on the terminal).
pub(crate) fn python(arguments: &[&str]) -> Option<Value> {
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
    skipped(&format!("DICOM objects by pydicom, highdicom and SimpleITK: {absent}"));
    None
}

/// Not by a macro: the test harness would hide it.
pub(crate) fn skipped(what: &str) {
    std::io::stderr().write_all(format!("SKIPPED {what}\n").as_bytes()).expect("stderr");
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// A volume as the script describes it.
pub(crate) fn expected(value: &Value) -> Volume<f32> {
    let direction = numbers(&value["direction"]);
    let grid = VoxelGrid {
        size: numbers(&value["size"]).iter().map(|&n| n as u32).collect::<Vec<_>>().try_into().expect("three sizes"),
        spacing: DVec3::from_slice(&numbers(&value["spacing"])),
        origin: DVec3::from_slice(&numbers(&value["origin"])),
        direction: DMat3::from_cols_slice(&direction),
    };
    let bytes = std::fs::read(value["voxels"].as_str().expect("a path")).expect("voxels");
    let data = bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    Volume::new(grid, data)
}

/// The same voxels at the same places: corners to a hundredth of a micrometre for every mm that a number with ten digits has.
pub(crate) fn assert_same(what: &str, found: &Volume<f32>, right: &Volume<f32>) {
    assert!(found.grid.same_place(&right.grid, 1e-5), "{what}: {:?} should be {:?}", found.grid, right.grid);
    let wrong = found.data.iter().zip(&right.data).filter(|(a, b)| a != b).count();
    assert_eq!(
        wrong,
        0,
        "{what}: {wrong} of {} voxels differ; {:?}... should be {:?}...",
        found.data.len(),
        &found.data[..4],
        &right.data[..4]
    );
}
