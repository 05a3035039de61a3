//! PET and SPECT series: units, slopes, decay, directions.

use std::path::Path;

use dosaic::{
    io::dicom::{self, ActivityUnit},
    volume::Volume,
};

use crate::python::{expected, python, text};

fn message(path: &Path) -> String {
    dicom::read_activity(path, None).expect_err("refused").to_string()
}

#[test]
fn pet_and_spect_come_out_in_their_units_and_places() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path();
    let Some(made) = python(&["make", text(path), "activity"]) else { return };
    let made = made.as_array().expect("a list");
    assert_eq!(made.len(), 9);
    for series in made {
        let name = series["name"].as_str().expect("name");
        let spect = path.join(format!("{name}.dcm"));
        let pet = !spect.exists();
        let read = dicom::read_activity(&if pet { path.join(name) } else { spect }, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Volume { grid, data } = expected(series);
        assert!(read.image.volume.grid.same_place(&grid, 1e-5), "{name}: {:?} should be {grid:?}", read.image.volume.grid);
        for (v, (&found, right)) in read.image.volume.data.iter().zip(data).enumerate() {
            // Single precision on both sides.
            assert!((found - right).abs() <= 2.4e-7 * right, "{name}: voxel {v} is {found}, should be {right}");
        }
        let quantitative = pet || name == "quantitative";
        assert_eq!(read.unit, if quantitative { ActivityUnit::Concentration } else { ActivityUnit::Counts }, "{name}");
        let notes = read.image.notes.join("\n");
        let told = match name {
            "start" => "decay-corrected to the start of the series, 1.00 h after the injection",
            "admin" | "time_only" => "1.00 h before the series; they were decayed to its start (factor 0.50000)",
            "none" => "corrected to the start of the series",
            "top" => "top level",
            "quantitative" => "RealWorldValueMappingSequence",
            _ => "",
        };
        assert!(notes.contains(told), "{name}: {notes}");
    }
    for (name, parts) in [
        ("suv", &["Units (0054,1001) is \"GML\"", "body weight"][..]),
        ("gated", &["GATED"]),
        ("uncorrected", &["DecayCorrection (0054,1102) is \"\""]),
        ("no_half_life", &["DecayCorrection is ADMIN", "missing"]),
        ("projections.dcm", &["TOMO", "RECON TOMO"]),
        ("lost.dcm", &["DetectorInformationSequence", "guess"]),
        ("gated_nm.dcm", &["SliceVector", "slice 1 twice"]),
    ] {
        let message = message(&path.join(name));
        assert!(message.contains(name) && parts.iter().all(|part| message.contains(part)), "{name}: {message}");
    }
}
