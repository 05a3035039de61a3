//! Contours and segments against their analytic volumes and the voxels they were made from.

use std::{f64::consts::PI, path::Path};

use dosaic::{
    grid::VoxelGrid,
    io::dicom::{self, StructureName, StructuresRead},
};

use crate::python::{expected, python, text};

fn read(path: &Path, grid: &VoxelGrid, name: &str) -> dosaic::error::Result<StructuresRead> {
    dicom::read_structures(path, None, grid, &[StructureName::Name(name.into())])
}

#[test]
fn contours_and_segments_have_their_volumes_and_voxels() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path();
    let Some(made) = python(&["make", text(path), "regions"]) else { return };
    let grid = dicom::read_ct_grid(&path.join("ct"), None).expect("grid");
    assert_eq!(grid.size, [64, 60, 20]);
    contours(&path.join("rtstruct.dcm"), &grid);
    let seg = path.join("seg.dcm");
    for name in ["ball", "box"] {
        let found = read(&seg, &grid, name).expect(name);
        assert_eq!(Some(found.voxels[0].len() as u64), made["counts"][name].as_u64(), "{name}");
        assert_eq!(found.notes, Vec::<String>::new());
        assert!(found.voxels[0].iter().all(|&v| inside(&grid, v, name)), "{name}: the very voxels");
    }
    let by_number = dicom::read_structures(&seg, None, &grid, &[StructureName::Number(2)]).expect("box");
    assert_eq!(by_number.voxels, read(&seg, &grid, "box").expect("box").voxels);
    let overlap = dicom::read_segments(&seg, None).expect_err("overlap").to_string();
    assert!(overlap.contains("overlap"), "{overlap}");
    let (labels, _) = dicom::read_segments(&path.join("labels.dcm"), None).expect("labels");
    let right = expected(&made["labels"]);
    assert!(labels.grid.same_place(&right.grid, 1e-4), "{:?} should be {:?}", labels.grid, right.grid);
    assert!(labels.data.iter().zip(&right.data).all(|(&a, &b)| a as f32 == b));
    let fractional = read(&path.join("fractional.dcm"), &grid, "ball").expect_err("fractional").to_string();
    assert!(fractional.contains("SegmentationType is \"FRACTIONAL\""), "{fractional}");
    let elsewhere = read(&path.join("elsewhere.dcm"), &grid, "ring").expect("read");
    assert_eq!(elsewhere.frame_of_reference.as_deref(), Some("1.2.3"));
}

/// The shapes of objects.py.
fn inside(grid: &VoxelGrid, voxel: u32, name: &str) -> bool {
    let [x, y, z] = grid.ijk(voxel as usize).map(f64::from);
    match name {
        "ball" => (x - 31.0).powi(2) + (y - 29.0).powi(2) + 4.0 * (z - 9.0).powi(2) <= 196.0,
        _ => (30.0..50.0).contains(&x) && (5.0..50.0).contains(&y) && (2.0..6.0).contains(&z),
    }
}

fn contours(file: &Path, grid: &VoxelGrid) {
    let length = 24.0;
    for (name, right) in [
        ("cylinder", PI * 400.0 * length),
        ("ring", PI * (400.0 - 144.0) * length),
        ("two", 2.0 * PI * 64.0 * length),
        ("Größe", 4.0 / 3.0 * PI * 3375.0),
    ] {
        let read = read(file, grid, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let volume = 2.0 * read.voxels[0].len() as f64;
        // Voxels of 1 x 1 x 2 mm whose centres are inside.
        assert!((volume / right - 1.0).abs() < 0.015, "{name}: {volume} mm3, analytically {right}");
        assert_eq!(read.frame_of_reference.as_deref(), Some("1.2.826.0.1.3680043.8.498.1"));
    }
    let ring = read(file, grid, "ring").expect("ring");
    let on_axis = |v: &u32| {
        let [x, y, _] = grid.ijk(*v as usize).map(f64::from);
        (x - 31.4).hypot(y - 29.7) < 12.0
    };
    assert_eq!(ring.voxels[0].iter().filter(|v| on_axis(v)).count(), 0, "the hole is empty");
    let unknown = read(file, grid, "Cylinder").expect_err("names are exact").to_string();
    assert!(unknown.contains("no structure \"Cylinder\"") && unknown.contains("1 \"cylinder\", 2 \"ring\""), "{unknown}");
    let seed = read(file, grid, "seed").expect_err("a point").to_string();
    assert!(seed.contains("no closed planar contour"), "{seed}");
    let tilted = read(file, grid, "tilted").expect_err("oblique").to_string();
    assert!(tilted.contains("not parallel to a plane"), "{tilted}");
}
