//! CT series in all packings and orientations, and those that are refused.

use std::path::{Path, PathBuf};

use dosaic::{io::dicom, volume::Volume};

use crate::python::{assert_same, expected, python, skipped, text};

fn message(folder: &Path, series: Option<&str>) -> String {
    dicom::read_ct(folder, series).expect_err("refused").to_string()
}

#[test]
fn series_of_every_packing_and_orientation_come_out_voxel_by_voxel() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path();
    let Some(made) = python(&["make", text(path), "images"]) else { return };
    let made = made.as_array().expect("a list");
    assert_eq!(made.len(), 16);
    for series in made {
        let name = series["name"].as_str().expect("name");
        let read = dicom::read_ct(&path.join(name), None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_same(name, &read.image.volume, &expected(series));
        assert_eq!(read.frame_of_reference.as_deref(), Some("1.2.826.0.1.3680043.8.498.1"), "{name}");
        assert_eq!(dicom::read_ct_grid(&path.join(name), None).expect("grid"), read.image.volume.grid, "{name}");
        let unnamed = read.image.notes.iter().any(|note| note.contains("name no SeriesInstanceUID"));
        assert_eq!(unnamed, name == "blanked", "{name}: {:?}", read.image.notes);
    }
    for name in ["axial", "oblique", "coronal", "rle", "jpeg", "jpeg2000_signed"] {
        let raw = path.join("itk.f32");
        let seen = expected(&python(&["read", text(&path.join(name)), text(&raw)]).expect("Python was there"));
        let ours = dicom::read_ct(&path.join(name), None).expect("read").image.volume;
        assert_same(&format!("{name} by SimpleITK"), &ours, &seen);
    }
    refusals(path);
    mixtures(path);
    padding(path);
}

fn refusals(path: &Path) {
    for (name, parts) in [
        ("gap", &["6.0000 mm from slice", "001", "002", "1 slice is missing"][..]),
        ("uneven", &["4.0000 mm from slice", "002", "003", "uneven"]),
        ("double", &["same place", "002", "003"]),
        ("tilted", &["11.31 degrees", "gantry tilt"]),
        ("turned", &["differ in orientation", "000", "002"]),
        ("inverted", &["MONOCHROME1"]),
        ("unscaled", &["RescaleSlope is None", "Hounsfield"]),
        ("not_hu", &["RescaleType is \"OD\""]),
        ("nowhere", &["says not where it is", "ImagePositionPatient"]),
        ("frames", &["different frames of reference", "1.2.3"]),
    ] {
        let message = message(&path.join(name), None);
        assert!(message.contains(name) && parts.iter().all(|part| message.contains(part)), "{name}: {message}");
    }
}

fn mixtures(path: &Path) {
    let mixed = path.join("mixed");
    let several = message(&mixed, None);
    assert!(several.contains("2 CT series") && several.contains("CT \"first\", 4 files") && several.contains(".77"), "{several}");
    assert!(!several.contains("scout"), "a localizer is no candidate: {several}");
    let unknown = message(&mixed, Some("third"));
    assert!(unknown.contains("\"third\"") && unknown.contains("\"second\""), "{unknown}");
    let by_uid = dicom::read_ct(&mixed, Some("1.2.826.0.1.3680043.8.498.77")).expect("by UID");
    let by_name = dicom::read_ct(&mixed, Some("second")).expect("by description");
    assert_eq!(by_uid.image.volume, by_name.image.volume);
    assert_ne!(by_name.image.volume, dicom::read_ct(&mixed, Some("first")).expect("the other").image.volume);
    let notes = by_name.image.notes.join("\n");
    assert!(
        notes.contains("3 files in the folder that are no DICOM objects")
            && notes.contains("readme.txt")
            && notes.contains("2 other series"),
        "{notes}"
    );
    let empty = path.join("empty");
    std::fs::create_dir(&empty).expect("folder");
    assert!(message(&empty, None).contains("expected a CT series, found no DICOM file"));
}

fn padding(path: &Path) {
    let Volume { data, grid } = dicom::read_ct(&path.join("padded"), None).expect("padded").image.volume;
    let area = (grid.size[0] * grid.size[1]) as usize;
    for slice in data.chunks(area) {
        assert_eq!(slice[..3], [-1000.0; 3]);
    }
    assert!(data.iter().filter(|&&value| value == -1000.0).count() <= 14, "others keep their value");
}

/// A CT of a hospital, where the folder is named by DOSAIC_TEST_CT: all voxels as SimpleITK reads them.
#[test]
fn a_clinical_series_is_read_as_simpleitk_reads_it() {
    let Some(folder) = std::env::var_os("DOSAIC_TEST_CT").map(PathBuf::from) else {
        return skipped("a clinical CT against SimpleITK: DOSAIC_TEST_CT names no folder");
    };
    let out = tempfile::tempdir().expect("temporary folder");
    let Some(seen) = python(&["read", text(&folder), text(&out.path().join("itk.f32"))]) else { return };
    let ours = dicom::read_ct(&folder, None).expect("read");
    assert_same("the clinical CT", &ours.image.volume, &expected(&seen));
}
