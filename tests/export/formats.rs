//! NRRD and NumPy arrays out and in, 4-D series, and their reading by nibabel, SimpleITK, pynrrd and NumPy.

use dosaic::{
    grid::VoxelGrid,
    io::image::{self, Description, NrrdEncoding, write_nifti_series, write_npy, write_nrrd},
    volume::Volume,
};
use glam::{DMat3, DVec3};

use crate::{
    grids::{hot_voxel, off_centre},
    rtdose::grids,
    tools::{point, python, text},
};

fn described() -> Description {
    Description::new("absorbed dose", "Gy", "dose").expect("fits a header")
}

#[test]
fn every_orientation_survives_nrrd_and_numpy() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for grid in grids() {
        let volume = hot_voxel(grid);
        for (name, write) in [
            (
                "raw.nrrd",
                Box::new(|path: &_| write_nrrd(path, &volume, &described(), NrrdEncoding::Raw)) as Box<dyn Fn(&std::path::PathBuf) -> _>,
            ),
            ("gzip.nrrd", Box::new(|path: &_| write_nrrd(path, &volume, &described(), NrrdEncoding::Gzip))),
            ("array.npy", Box::new(|path: &_| write_npy(path, &volume, &described()))),
        ] {
            let path = folder.path().join(name);
            write(&path).expect("written");
            let read = image::read_with_notes(&path).expect("read");
            assert_eq!(read.volume.data, volume.data, "{name}");
            assert!(read.volume.grid.same_place(&grid, 1e-10), "{name}: {:?} is not {grid:?}", read.volume.grid);
            assert!(read.volume.grid.spacing.abs_diff_eq(grid.spacing, 1e-12), "{name}");
            assert_eq!(read.notes, [] as [&str; 0], "{name}");
            assert_eq!(image::read_grid(&path).expect("read"), read.volume.grid);
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 4, "array.json beside array.npy, no temporary files");
}

#[test]
fn independent_readers_find_every_voxel_in_nrrd_and_numpy_files() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut expected = Vec::new();
    for (n, grid) in grids().into_iter().enumerate() {
        let volume = hot_voxel(grid);
        let name = |ending: &str| format!("{n:02}.{ending}");
        write_nrrd(folder.path().join(name("nrrd")), &volume, &described(), NrrdEncoding::Gzip).expect("written");
        write_npy(folder.path().join(name("npy")), &volume, &described()).expect("written");
        expected.extend([(name("nrrd"), grid), (name("npy"), grid)]);
    }
    let Some(found) = python("python3", &["images", text(folder.path())]) else { return };
    for (name, grid) in &expected {
        let readings = found[name].as_object().unwrap_or_else(|| panic!("{name} was not read"));
        assert_eq!(readings.len(), if name.ends_with("nrrd") { 2 } else { 1 }, "SimpleITK and pynrrd; NumPy");
        for (reader, reading) in readings {
            let what = format!("{name} by {reader}: {reading}");
            assert_eq!(reading["size"], serde_json::json!(grid.size), "{what}");
            assert_eq!(reading["hot_value"], 457.125, "{what}");
            assert!(point(&reading["hot_at"]).distance(grid.center([6, 1, 3])) < 1e-8, "{what}");
            assert!(point(&reading["last_at"]).distance(grid.center([7, 5, 4])) < 1e-8, "{what}");
        }
    }
}

#[test]
fn files_by_pynrrd_simpleitk_and_numpy_are_read_alike() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let Some(written) = python("python3", &["write", text(folder.path())]) else { return };
    let written = written.as_object().expect("a map of files");
    assert!(written.len() >= 12, "{}", written.len());
    for (name, expected) in written {
        let volume = image::read(folder.path().join(name)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(serde_json::json!(volume.grid.size), expected["size"], "{name}");
        for probe in expected["probes"].as_array().expect("a list") {
            let ijk: [u32; 3] = serde_json::from_value(probe["ijk"].clone()).expect("an index");
            assert!(volume.grid.center(ijk).distance(point(&probe["at"])) < 1e-6, "{name}: voxel {ijk:?}");
            assert_eq!(f64::from(*volume.at(ijk)), probe["value"].as_f64().expect("a number"), "{name}: voxel {ijk:?}");
        }
    }
}

#[test]
fn a_series_in_time_says_when_its_frames_are() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let volumes: Vec<Volume<f32>> = (0..3_u8)
        .map(|frame| {
            let volume = hot_voxel(VoxelGrid { direction: DMat3::from_diagonal(DVec3::new(-1.0, 1.0, 1.0)), ..off_centre() });
            Volume::new(volume.grid, volume.data.iter().map(|x| x + 1000.0 * f32::from(frame)).collect())
        })
        .collect();
    let frames: Vec<&Volume<f32>> = volumes.iter().collect();
    let write = |name: &str, times: &[f64]| write_nifti_series(folder.path().join(name), &frames, times, &described()).expect("written");
    assert!(write("even.nii.gz", &[3600.0, 10_800.0, 18_000.0]), "the header holds them");
    assert!(!write("uneven.nii", &[3600.0, 86_400.0, 345_600.0]), "the header cannot hold them");
    // A reader of three dimensions says what it found.
    let error = image::read(folder.path().join("even.nii.gz")).expect_err("four dimensions").to_string();
    assert!(error.contains("dim[4] is 3 frames"), "{error}");
    let refused = |volumes: &[&Volume<f32>], times: &[f64]| {
        write_nifti_series(folder.path().join("no.nii"), volumes, times, &described()).expect_err("refused").to_string()
    };
    assert!(refused(&frames, &[1.0]).contains("3 volumes at 1 times"));
    let elsewhere = Volume::new(VoxelGrid { origin: DVec3::ZERO, ..volumes[1].grid }, volumes[1].data.clone());
    assert!(refused(&[&volumes[0], &elsewhere], &[1.0, 2.0]).contains("on one grid"));

    let Some(found) = python("python3", &["series", text(folder.path())]) else { return };
    for (name, step, first, unit) in [("even.nii.gz", 7200.0, 3600.0, "sec"), ("uneven.nii", 1.0, 0.0, "unknown")] {
        let reading = &found[name];
        assert_eq!(reading["shape"], serde_json::json!([8, 6, 5, 3]), "{name}");
        assert_eq!((reading["step"].as_f64(), reading["toffset"].as_f64()), (Some(step), Some(first)), "{name}");
        assert_eq!((&reading["space"], &reading["time"]), (&"mm".into(), &unit.into()), "{name}");
        assert_eq!(reading["hot"], serde_json::json!([457.125, 1457.125, 2457.125]), "{name}");
        assert!(point(&reading["hot_at"]).distance(volumes[0].grid.center([6, 1, 3])) < 1e-4, "{name}");
    }
}

/// A small valid NRRD header with one line replaced, or left out if `line` is empty, then its voxels.
fn nrrd(field: &str, line: &str) -> Vec<u8> {
    let lines = [
        "NRRD0005",
        "# a comment",
        "type: short",
        "dimension: 3",
        "space: right-anterior-superior",
        "sizes: 3 4 2",
        "space directions: (-2,0,0) (0,3,0) (0,0,4)",
        "kinds: domain domain domain",
        "endian: big",
        "encoding: raw",
        "space origin: (10,20,30)",
        "modality:=dose",
    ];
    assert!(field.is_empty() || lines.iter().any(|known| known.starts_with(field)), "{field} is a line");
    let mut text = String::new();
    for known in lines {
        let shown = if !field.is_empty() && known.starts_with(field) { line } else { known };
        if !shown.is_empty() {
            text += &format!("{shown}\n");
        }
    }
    [format!("{text}\n").into_bytes(), (0..24_i16).flat_map(i16::to_be_bytes).collect()].concat()
}

#[test]
fn damaged_and_unsuitable_nrrd_files_are_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("a.nrrd");
    std::fs::write(&path, nrrd("", "")).expect("write");
    let good = image::read(&path).expect("read");
    let grid = VoxelGrid {
        size: [3, 4, 2],
        spacing: DVec3::new(2.0, 3.0, 4.0),
        origin: DVec3::new(-10.0, -20.0, 30.0),
        direction: DMat3::from_diagonal(DVec3::new(1.0, -1.0, 1.0)),
    };
    assert_eq!((good.grid, good.data[23]), (grid, 23.0), "RAS is turned to LPS");
    // Origin is all that may be missing, with a word.
    std::fs::write(&path, nrrd("space origin", "")).expect("write");
    assert!(image::read_with_notes(&path).expect("read").notes[0].contains("space origin is missing"));
    for (field, line, expected) in [
        ("NRRD0005", "NRRD0009", "expected NRRD0001 to NRRD0005"),
        ("type", "type: block", "`type` is `block`"),
        ("type", "", "`type` is missing"),
        ("dimension", "dimension: 4", "`dimension` is 4"),
        ("space: ", "space: scanner-xyz", "`space` is `scanner-xyz`"),
        ("space: ", "", "left and right would be a guess"),
        ("sizes", "sizes: 3 4", "expected three numbers"),
        ("sizes", "sizes: 3 -4 2", "expected three sizes from 1"),
        ("sizes", "sizes: 30000 30000 30000", "only 48 are there"),
        ("sizes", "sizes: 3 4 1", "24 bytes follow after the last voxel"),
        ("space directions", "space directions: (1,0,0) (0,1,0)", "expected 3 vector(s)"),
        ("space directions", "space directions: none (0,1,0) (0,0,1)", "expected 3 vector(s)"),
        ("space directions", "space directions: (1,0,0) (0.5,1,0) (0,0,1)", "sheared"),
        ("space directions", "space directions: (nan,0,0) (0,1,0) (0,0,1)", "finite"),
        ("kinds", "kinds: RGB-color domain domain", "three axes in space"),
        ("endian", "", "`endian` is missing"),
        ("encoding", "encoding: bzip2", "expected raw or gzip"),
        ("encoding", "encoding: gzip", "zlib data are damaged"),
        ("space origin", "space origin: (1,2)", "expected 1 vector(s)"),
        ("# a comment", "space units: \"cm\" \"cm\" \"cm\"", "`space units`"),
        ("# a comment", "data file: ../outside.raw", "no lists, patterns or `..`"),
        ("# a comment", "data file: LIST", "no lists"),
        ("# a comment", "line skip: 2", "`line skip` is 2"),
        ("# a comment", "byte skip: 1000", "only 48 are there"),
        ("# a comment", "no colon here", "has no `: `"),
    ] {
        std::fs::write(&path, nrrd(field, line)).expect("write");
        let error = image::read(&path).expect_err(line);
        assert!(error.exit_code() == 2 && error.to_string().contains(expected), "{line}: {error}");
    }
    // Every cut of the file is an error, never a panic.
    let whole = nrrd("", "");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("write");
        assert!(image::read(&path).is_err(), "{length} bytes");
    }
}

#[test]
fn a_header_of_its_own_names_the_voxels() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("a.nhdr");
    let file = nrrd("# a comment", "data file: a.raw");
    let header = file.len() - 48;
    // With and without the empty line at the end.
    for end in [header, header - 1] {
        std::fs::write(&path, &file[..end]).expect("write");
        std::fs::write(folder.path().join("a.raw"), &file[header..]).expect("write");
        assert_eq!(image::read(&path).expect("read").data[23], 23.0);
    }
    // -1: the voxels are the end of the file.
    let skipping = String::from_utf8_lossy(&file[..header]).replace("# a comment", "").replace("modality:=dose", "byte skip: -1");
    std::fs::write(&path, &skipping).expect("write");
    std::fs::write(folder.path().join("a.raw"), [b"something before ".as_slice(), &file[header..]].concat()).expect("write");
    assert_eq!(image::read(&path).expect("read").data[23], 23.0);
    std::fs::remove_file(folder.path().join("a.raw")).expect("removed");
    assert_eq!(image::read(&path).expect_err("absent").exit_code(), 4);
}

#[test]
fn damaged_and_unsuitable_arrays_are_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (path, beside) = (folder.path().join("a.npy"), folder.path().join("a.json"));
    let volume = hot_voxel(off_centre());
    write_npy(&path, &volume, &described()).expect("written");
    let (array, json) = (std::fs::read(&path).expect("read"), std::fs::read_to_string(&beside).expect("read"));
    assert_eq!((array.len() - 4 * volume.data.len()) % 64, 0, "voxels begin at a multiple of 64 bytes, as NumPy has it");
    let replaced = |from: &str, to: &str| {
        let at = array.windows(from.len()).position(|w| w == from.as_bytes()).expect("in the header");
        [&array[..at], to.as_bytes(), &array[at + from.len()..]].concat()
    };
    for (bytes, expected) in [
        (replaced("NUMPY", "NUMPI"), "not a NumPy array"),
        (replaced("<f4", "<c8"), "`descr` is '<c8'"),
        (replaced("False", "True "), "numpy.ascontiguousarray"),
        (replaced("(5, 6, 8)", "(5, 48)  "), "expected three sizes"),
        (replaced("(5, 6, 8)", "(9, 6, 8)"), "only 960 are there"),
        (replaced("(5, 6, 8)", "(4, 6, 8)"), "192 bytes follow"),
        (array[..40].to_vec(), "inside the header"),
        (array[..200].to_vec(), "only"),
    ] {
        std::fs::write(&path, bytes).expect("write");
        let error = image::read(&path).expect_err(expected);
        assert!(error.exit_code() == 2 && error.to_string().contains(expected), "{expected}: {error}");
    }
    std::fs::write(&path, &array).expect("write");
    for (text, expected) in [
        (json.replace("dosaic-npy/1", "dosaic-npy/9"), "schema, index are `dosaic-npy/9`"),
        (json.replace("affine_lps_mm", "affine"), "missing field `affine_lps_mm`"),
        ("{".to_owned(), "a.json"),
        (" ".repeat(2 << 20), "2097152 bytes"),
    ] {
        std::fs::write(&beside, text).expect("write");
        let error = image::read(&path).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    std::fs::remove_file(&beside).expect("removed");
    let error = image::read(&path).expect_err("no position").to_string();
    assert!(error.contains("an array has no position of its own") && error.contains("affine_lps_mm"), "{error}");
}
