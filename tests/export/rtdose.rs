//! RT Dose objects out and in again, without any other program.

use std::path::Path;

use dosaic::{
    grid::VoxelGrid,
    io::dicom::rtdose::{
        Bits, DoseQuantity, DoseScaling, PatientContext, RtDose, RtDoseRead, RtDoseStudy, in_display_order, read_rt_dose, write_rt_dose,
    },
    volume::Volume,
};
use glam::{DMat3, DVec3};

use crate::grids::{hot_voxel, oblique_directions, off_centre, parallel_directions};

/// Every voxel different and above zero, one far hotter.
pub(crate) fn doses(grid: VoxelGrid) -> Volume<f32> {
    let volume = hot_voxel(grid);
    Volume::new(grid, volume.data.iter().map(|dose| dose + 3.5).collect())
}

/// A study whose doses reach `max`.
pub(crate) fn study(bits: Bits, max: f64) -> RtDoseStudy {
    RtDoseStudy {
        patient: PatientContext::default(),
        run_digest: "a run".into(),
        phantom_digest: "a phantom".into(),
        scaling: DoseScaling::new(bits, max),
    }
}

/// All grids of the tests.
pub(crate) fn grids() -> Vec<VoxelGrid> {
    let directions = [parallel_directions(), oblique_directions()].concat();
    directions.into_iter().map(|direction| VoxelGrid { direction, ..off_centre() }).collect()
}

pub(crate) fn write(path: &Path, study: &RtDoseStudy, volume: &Volume<f32>) {
    let dose = RtDose { study, quantity: DoseQuantity::Dose, comment: "fraction (cycle) 2 of 4, Lu-177", instance: 2, volume };
    write_rt_dose(path, &dose).expect("written");
}

/// Largest distance (voxels) and difference (Gy) between `found` and the same voxels of `right`.
fn apart(found: &Volume<f32>, right: &Volume<f32>) -> (f64, f64) {
    assert_eq!(found.data.len(), right.data.len());
    let (mut distance, mut difference) = (0.0_f64, 0.0_f64);
    for (index, &value) in found.data.iter().enumerate() {
        let at = found.grid.center(found.grid.ijk(index));
        let ijk = right.grid.voxel_at(at).expect("inside the grid");
        distance = distance.max(right.grid.center(ijk).distance(at) / right.grid.min_spacing());
        difference = difference.max(f64::from((value - right.at(ijk)).abs()));
    }
    (distance, difference)
}

#[test]
fn every_voxel_comes_back_at_its_place_from_any_grid() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("dose.dcm");
    for bits in [Bits::Sixteen, Bits::ThirtyTwo] {
        let study = study(bits, 460.625);
        for grid in grids() {
            let volume = doses(grid);
            write(&path, &study, &volume);
            let RtDoseRead { image, scaling, bits: found, .. } = read_rt_dose(&path).expect("read");
            assert!(image.notes.is_empty(), "{:?}", image.notes);
            assert_eq!((found, scaling), (bits.into(), study.scaling.step()));
            assert!(image.volume.grid.direction.determinant() > 0.0, "DICOM has no left-handed grids");
            let (distance, difference) = apart(&image.volume, &volume);
            // Ten digits of position; half a step of the integers, and rounding to single precision.
            assert!(distance < 1e-6, "{bits:?} {grid:?}: {distance} voxels");
            assert!(difference <= 0.5 * scaling + 3e-5, "{bits:?} {grid:?}: {difference} Gy with steps of {scaling} Gy");
        }
    }
}

#[test]
fn axes_parallel_to_the_patients_become_axial_planes_with_ascending_slices() {
    for direction in parallel_directions() {
        let shown = in_display_order(&doses(VoxelGrid { direction, ..off_centre() }));
        assert_eq!(shown.grid.direction, DMat3::IDENTITY);
    }
}

#[test]
fn attributes_say_what_it_is_and_whose() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("dose.dcm");
    let volume = doses(off_centre());
    let patient = PatientContext {
        patient_name: "Müller^Zoë".into(),
        patient_id: "4711".into(),
        birth_date: "19500101".into(),
        sex: "F".into(),
        study_uid: "1.2.3.4".into(),
        frame_of_reference_uid: "1.2.3.5".into(),
        referring_physician: "Curie^Marie".into(),
        ..PatientContext::default()
    };
    let given = RtDoseStudy { patient, ..study(Bits::Sixteen, 460.625) };
    write(&path, &given, &volume);
    let read = read_rt_dose(&path).expect("read");
    assert_eq!((read.dose_type.as_str(), read.summation.as_str()), ("PHYSICAL", "PLAN"));
    assert_eq!(read.comment, "fraction (cycle) 2 of 4, Lu-177");
    assert_eq!((read.study_uid.as_str(), read.frame_of_reference_uid.as_str()), ("1.2.3.4", "1.2.3.5"));
    assert_eq!(read.plan_uid, given.plan_uid());
    let bytes = std::fs::read(&path).expect("bytes");
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&bytes, "Müller^Zoë") && holds(&bytes, "19500101") && holds(&bytes, "Curie^Marie"));

    // What was written of the patient is what a later result would take from this file.
    let passed_on = PatientContext::of_file(&path).expect("read");
    assert_eq!(passed_on, PatientContext { study_id: "dosaic".into(), ..given.patient.clone() });

    // Anonymised: nothing that names a person or a day, but still on its CT.
    let hidden = RtDoseStudy { patient: given.patient.clone().anonymised(), ..given.clone() };
    write(&path, &hidden, &volume);
    let bytes = std::fs::read(&path).expect("bytes");
    for private in ["Müller", "Zoë", "4711", "19500101", "Curie"] {
        assert!(!holds(&bytes, private), "{private}");
    }
    let anonymous = read_rt_dose(&path).expect("read");
    assert_eq!((anonymous.study_uid.as_str(), anonymous.frame_of_reference_uid.as_str()), ("1.2.3.4", "1.2.3.5"));

    // Identifiers follow from run and contents: the same ones again, others for other doses.
    let uid = |study: &RtDoseStudy, volume: &Volume<f32>| {
        write(&path, study, volume);
        let read = read_rt_dose(&path).expect("read");
        [read.instance_uid, read.series_uid, read.study_uid, read.frame_of_reference_uid, read.plan_uid]
    };
    let plain = study(Bits::Sixteen, 460.625);
    let first = uid(&plain, &volume);
    assert_eq!(first, uid(&plain, &volume));
    assert!(first.iter().all(|uid| uid.starts_with("2.25.") && uid.len() <= 64), "{first:?}");
    let mut other = volume.clone();
    other.data[0] += 1.0;
    let changed = uid(&plain, &other);
    assert!(changed[0] != first[0] && changed[1..] == first[1..], "another object of the same series");
    let another_run = uid(&RtDoseStudy { run_digest: "another run".into(), ..plain }, &volume);
    let same: Vec<bool> = first.iter().zip(&another_run).map(|(a, b)| a == b).collect();
    assert_eq!(same, [false, false, false, true, false], "the frame of reference is the phantom's");
}

#[test]
fn a_single_plane_keeps_its_thickness() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("dose.dcm");
    let grid = VoxelGrid { size: [8, 6, 1], ..off_centre() };
    let volume = Volume::new(grid, (0..48_u8).map(f32::from).collect());
    write(&path, &study(Bits::ThirtyTwo, 47.0), &volume);
    let read = read_rt_dose(&path).expect("read").image.volume;
    assert!(read.grid.same_place(&grid, 1e-9) && read.grid.spacing.abs_diff_eq(DVec3::new(2.4, 0.976_562_5, 3.0), 1e-9));
}

/// Replaces the first occurrence of bytes.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the bytes to replace");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn unsuitable_and_damaged_files_are_told_apart() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("dose.dcm");
    write(&path, &study(Bits::Sixteen, 460.625), &doses(off_centre()));
    let good = std::fs::read(&path).expect("bytes");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("cut", good[..good.len() - 100].to_vec(), "the file is cut off or damaged"),
        ("empty", Vec::new(), "not a DICOM file"),
        ("text", b"absorbed dose".repeat(100), "not a DICOM file"),
        ("units", patched(&good, b"GY", b"RE"), "DoseUnits is RE; expected GY"),
        (
            "class",
            patched(
                &good,
                b"UI\x1e\x001.2.840.10008.5.1.4.1.1.481.2\x00\x08\x00\x18",
                b"UI\x1e\x001.2.840.10008.5.1.4.1.1.481.3\x00\x08\x00\x18",
            ),
            "the SOP class is 1.2.840.10008.5.1.4.1.1.481.3",
        ),
        ("uneven", patched(&good, b"0\\3\\6\\9\\12", b"0\\3\\6\\8\\12"), "2 mm between planes 2 and 3"),
        ("start", patched(&good, b"0\\3\\6\\9\\12", b"1\\4\\7\\9\\12"), "begins with 1 mm; expected 0"),
        ("frames", patched(&good, b"IS\x02\x005 ", b"IS\x02\x006 "), "5 entries for 6 frames"),
        (
            "bits",
            patched(&good, &[0x28, 0, 0, 1, b'U', b'S', 2, 0, 16], &[0x28, 0, 0, 1, b'U', b'S', 2, 0, 12]),
            "BitsAllocated, BitsStored are 12, 16",
        ),
        (
            "signed",
            patched(&good, &[0x28, 0, 3, 1, b'U', b'S', 2, 0, 0], &[0x28, 0, 3, 1, b'U', b'S', 2, 0, 1]),
            "PixelRepresentation is 1",
        ),
        (
            "rows",
            patched(&good, &[0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 6, 0], &[0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 6, 127]),
            "PixelData has 480 bytes for",
        ),
        (
            "zero",
            patched(&good, &[0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 6], &[0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 0]),
            "expected three sizes from 1",
        ),
    ];
    for (name, bytes, expected) in cases {
        std::fs::write(&path, bytes).expect("write");
        let error = read_rt_dose(&path).expect_err(name);
        assert_eq!(error.exit_code(), 2, "{name}");
        let message = error.to_string();
        assert!(message.contains(expected) && message.contains("dose.dcm"), "{name}: {message}");
    }
    assert_eq!(read_rt_dose(folder.path().join("none.dcm")).expect_err("absent").exit_code(), 4);
}

#[test]
fn planes_may_be_told_by_their_z() {
    // As some planning systems write it: absolute z instead of distances.
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("dose.dcm");
    let grid = VoxelGrid { origin: DVec3::new(3.0, 2.0, 1.0), spacing: DVec3::new(1.0, 3.0, 2.0), ..off_centre() };
    let volume = doses(grid);
    write(&path, &study(Bits::Sixteen, 460.625), &volume);
    let good = std::fs::read(&path).expect("bytes");
    std::fs::write(&path, patched(&good, b"0\\2\\4\\6\\8 ", b"1\\3\\5\\7\\9 ")).expect("write");
    let read = read_rt_dose(&path).expect("read").image;
    assert!(read.volume.grid.same_place(&grid, 1e-9));
    assert_eq!(read.notes.len(), 1);
}
