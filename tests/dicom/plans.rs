//! From DICOM folders to phantom and sources, as a plan has it.

use std::path::Path;

use dosaic::{
    engine::{self, Prepared},
    error::Result,
    plan,
};

use crate::python::{python, text};

/// Prepares a plan on the planning CT of objects.py.
fn prepare(folder: &Path, phantom: &str, image: &str) -> Result<Prepared> {
    let text = format!(
        r#"
        [phantom]
        ct = {{ path = "ct", series = "planning" }}
        {phantom}

        [[region]]
        name = "whole"
        roi = "cylinder"

        [[region]]
        name = "hollow"
        rois = ["ring"]

        [[nuclide]]
        name = "Lu-177"

        [[fraction]]
        administered = "1 GBq"

        [[fraction.image]]
        {image}
        half_life = "50 h"
        "#
    );
    let path = folder.join("plan.toml");
    std::fs::write(&path, text).expect("a plan");
    engine::prepare(&plan::load(&path)?)
}

#[test]
fn a_plan_of_dicom_folders_has_its_regions_and_activity() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path();
    if python(&["make", text(path), "regions"]).is_none() {
        return;
    }
    let counts = "file = \"spect.dcm\"\nunit = \"counts\"\nper_count = \"2 kBq\"";
    let message = |phantom: &str, image: &str| match prepare(path, phantom, image) {
        Ok(_) => panic!("{phantom}, {image}: expected an error"),
        Err(error) => error.to_string(),
    };
    let ready = prepare(path, "labels = \"rtstruct.dcm\"", counts).unwrap_or_else(|error| panic!("{error}"));
    // The ring is written later, so of the cylinder its hole is left; 12 slices of 2 mm.
    let [whole, hollow] = [0, 1].map(|region| 2.0 * ready.phantom.region_voxels(region).count() as f64);
    let [hole, ring] = [144.0, 400.0 - 144.0].map(|area| std::f64::consts::PI * area * 24.0);
    assert!((whole / hole - 1.0).abs() < 0.02 && (hollow / ring - 1.0).abs() < 0.02, "{whole} {hole}, {hollow} {ring}");
    let tia: f64 = ready.treatment.sources[0].components.iter().map(|component| component.tia).sum();
    let right = 1000.0 * 2000.0 * 50.0 * 3600.0 / std::f64::consts::LN_2;
    assert!((tia / right - 1.0).abs() < 1e-6, "{tia} should be {right}");
    assert_eq!(ready.inputs.digests().expect("digests").len(), 3);
    // 700 of the 1000 counts are in the ring.
    let in_ring =
        prepare(path, "labels = \"rtstruct.dcm\"", &format!("{counts}\nregion = \"hollow\"")).unwrap_or_else(|error| panic!("{error}"));
    let part: f64 = in_ring.treatment.sources[0].components.iter().map(|component| component.tia).sum();
    assert!((part / right - 0.7).abs() < 1e-6, "{}", part / right);

    let elsewhere = message("labels = \"elsewhere.dcm\"", counts);
    assert!(elsewhere.contains("elsewhere.dcm: is in the frame of reference 1.2.3, the CT in 1.2.826"), "{elsewhere}");
    let astray = message("labels = \"rtstruct.dcm\"", &counts.replace("spect", "spect_elsewhere"));
    assert!(astray.contains("spect_elsewhere.dcm: is in the frame of reference 1.2.3"), "{astray}");
    let waived = prepare(path, "labels = \"elsewhere.dcm\"\nregistered = true", counts).unwrap_or_else(|error| panic!("{error}"));
    assert!(waived.inputs.notes().iter().any(|note| note.contains("taken as registered")), "{:?}", waived.inputs.notes());
    let unit = message("labels = \"rtstruct.dcm\"", "file = \"spect.dcm\"\nunit = \"Bq/mL\"");
    assert!(unit.contains("spect.dcm: its values are counts without calibration") && unit.contains("per_count"), "{unit}");
}
