//! `dosaic init`: a plan from nothing runs as it is; one from a CT runs with no other edit than the uptake.

use std::{fs, path::Path};

use dosaic::{
    grid::VoxelGrid,
    io::image::{Description, write_nifti},
    volume::Volume,
};
use glam::{DMat3, DVec3};

use super::{code, dosaic, err, out};

/// The part of tests/dicom that makes DICOM objects by pydicom and highdicom.
#[path = "../dicom/python.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with tests/dicom, which uses all of it")]
mod python;

#[test]
fn a_plan_from_nothing_runs_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    for (nuclide, histories) in [("Lu-177", "2000"), ("Ac-225", "2000"), ("Y-90", "2000")] {
        let made = dosaic(folder.path(), &["init", "--nuclide", nuclide]);
        assert_eq!((code(&made), err(&made).as_str()), (0, ""), "{nuclide}");
        let text = out(&made);
        examples_are_marked(&text);
        let file = format!("{nuclide}.toml");
        fs::write(folder.path().join(&file), text).expect("written");
        let run = dosaic(
            folder.path(),
            &["run", &file, "--device", "cpu", "--threads", "2", "--histories", histories, "--photons", "off", "--quiet"],
        );
        assert_eq!(code(&run), 0, "{nuclide}: {}", err(&run));
    }
    let unknown = dosaic(folder.path(), &["init", "--nuclide", "Lu177x"]);
    assert!(code(&unknown) == 2 && err(&unknown).contains("Lu-177"), "{}", err(&unknown));
}

/// Activities and half-lives that are written are marked, or stand under a mark that says so.
fn examples_are_marked(text: &str) {
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let made_up =
            ["administered", "activity", "fraction ", "half_life", "biological_half_life", "start"].iter().any(|key| line.starts_with(key));
        assert!(!made_up || line.contains("EXAMPLE, replace it"), "a number without mark: {line}");
    }
}

/// 40 x 32 x 12 voxels of 1.5 x 1.5 x 3 mm: water with a cylinder of bone, in air.
fn ct() -> Volume<f32> {
    let grid = VoxelGrid::axis_aligned([40, 32, 12], DVec3::new(1.5, 1.5, 3.0), DVec3::new(-30.0, -20.0, 100.0));
    let value = |index: usize| {
        let [i, j, _] = grid.ijk(index);
        let from_axis = (f64::from(i) - 19.5).hypot(f64::from(j) - 15.5);
        if from_axis > 15.0 {
            -1024.0
        } else if from_axis < 2.0 {
            900.0
        } else {
            20.0
        }
    };
    Volume::new(grid, (0..grid.len()).map(value).collect())
}

/// Labels of that CT in the order of another frame: the first axis flipped, as NIfTI beside DICOM.
fn labels() -> Volume<f32> {
    let ct = ct().grid;
    let mut grid = ct;
    grid.origin = ct.center([ct.size[0] - 1, 0, 0]);
    grid.direction = DMat3::from_cols(-ct.direction.x_axis, ct.direction.y_axis, ct.direction.z_axis);
    let value = |index: usize| {
        let [i, j, k] = grid.ijk(index);
        let i = ct.size[0] - 1 - i;
        match (i, j, k) {
            (8..=13, 10..=20, 2..=9) => 2.0,
            (24..=31, 10..=20, 2..=9) => 5.0,
            (20, 24, 5) => 7.0,
            (14..=16, 14..=17, 4..=6) => 9.0,
            _ => 0.0,
        }
    };
    Volume::new(grid, (0..grid.len()).map(value).collect())
}

fn write(volume: &Volume<f32>, path: &Path) {
    let description = Description::new("test", "1", "test").expect("a description");
    write_nifti(path, volume, &description).expect("written");
}

/// Removes the marks of comment from the uptake of a region and writes numbers.
fn with_uptake(text: &str, region: &str) -> String {
    let blank = format!("#[fraction.uptake.{region}]\n#activity  = \" MBq\"\n#half_life = \" h\"");
    assert!(text.contains(&blank), "no {blank:?} in\n{text}");
    text.replace(&blank, &format!("[fraction.uptake.{region}]\nactivity  = \"300 MBq\"\nhalf_life = \"50 h\""))
}

#[test]
fn a_ct_with_labels_needs_nothing_but_the_uptake() {
    let folder = tempfile::tempdir().expect("a folder");
    let patient = folder.path().join("patient");
    fs::create_dir(&patient).expect("made");
    write(&ct(), &patient.join("ct.nii.gz"));
    // Beside the folder, under its name.
    write(&labels(), &folder.path().join("patient_labels.nii.gz"));
    fs::write(folder.path().join("labels.csv"), "label,name\n2,kidney_right\n5,liver\n7,gland\n9,\"liver met, 1\"\n11,spleen\n")
        .expect("written");
    let made = dosaic(folder.path(), &["init", "patient"]);
    assert_eq!(code(&made), 0, "{}", err(&made));
    let text = out(&made);
    examples_are_marked(&text);
    // Comments are broken between words.
    assert!(text.contains("merge  = [2, 2, 1]") && text.replace("\n#  ", "").contains("20 x 16 x 12 = 3840 voxels"), "{text}");
    assert!(text.contains("ct     = \"patient/ct.nii.gz\"") && text.contains("labels = \"patient_labels.nii.gz\""), "{text}");
    // One voxel of the CT is in no block the most frequent: told, and left out.
    assert!(
        text.contains("#[[region]]\n#name  = \"gland\"\n#label = 7") && err(&made).contains("region \"gland\" is left out"),
        "{text}\n{}",
        err(&made)
    );
    // 6 x 11 x 8 voxels of 6.75 mm3 are 3.56 mL; in blocks of two at least their inner part.
    assert!(text.contains("[[region]]\nname  = \"kidney_right\"\nlabel = 2   # 3.") || text.contains("label = 2   # 2."), "{text}");
    assert!(
        text.contains("[response.region.kidney_right]\ntissue = \"kidney\"")
            && text.contains("[response.region.liver]\ntissue = \"liver\"")
    );
    assert!(text.contains("#[response.region.\"liver met, 1\"]"), "the kind of tumour is for the user to tell");
    assert!(!text.contains("spleen"), "a label that does not occur");
    fs::write(folder.path().join("plan.toml"), &text).expect("written");
    let empty = dosaic(folder.path(), &["run", "plan.toml"]);
    assert!(code(&empty) == 2 && err(&empty).contains("fraction 1 puts no activity anywhere"), "{}", err(&empty));
    fs::write(folder.path().join("plan.toml"), with_uptake(&with_uptake(&text, "liver"), "\"liver met, 1\"")).expect("written");
    let run = dosaic(
        folder.path(),
        &["run", "plan.toml", "--out", "result", "--device", "cpu", "--threads", "2", "--histories", "2000", "--photons", "off"],
    );
    assert_eq!(code(&run), 0, "{}", err(&run));
    let table = fs::read_to_string(folder.path().join("result/regions.csv")).expect("a table");
    assert!(table.contains("liver") && table.contains("\"liver met, 1\"") && table.contains("kidney_right"), "{table}");
    assert!(folder.path().join("result/rtdose_dose_total.dcm").is_file());

    // Into another folder: file names count from there.
    fs::create_dir(folder.path().join("plans")).expect("made");
    assert_eq!(code(&dosaic(folder.path(), &["init", "patient", "--out", "plans/plan.toml"])), 0);
    let text = fs::read_to_string(folder.path().join("plans/plan.toml")).expect("a plan");
    fs::write(folder.path().join("plans/plan.toml"), with_uptake(&text, "liver")).expect("written");
    let valid = dosaic(folder.path(), &["validate", "plans/plan.toml", "--no-probe"]);
    assert_eq!(code(&valid), 0, "{}", err(&valid));
}

#[test]
fn merged_voxels_keep_mass_and_regions() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&ct(), &folder.path().join("ct.nii.gz"));
    write(&labels(), &folder.path().join("labels.nii.gz"));
    let plan = |merge: &str| {
        let text = format!(
            "[phantom]\nct = \"ct.nii.gz\"\nlabels = \"labels.nii.gz\"\nmerge = {merge}\n[[region]]\nname = \"a\"\nlabels = [2, 9]\n[[region]]\nname = \"b\"\nlabel = 5\n\
             [[nuclide]]\nname = \"Y-90\"\n[[fraction]]\nadministered = \"1 GBq\"\n[fraction.uptake.b]\nfraction = \"1 %\"\nhalf_life = \"physical\"\n"
        );
        dosaic::plan::parse(&text, &folder.path().join("plan.toml"), &dosaic::plan::Vocabulary::built_in())
            .unwrap_or_else(|e| panic!("{e}"))
    };
    let mass = |merge: &str| {
        let prepared = dosaic::engine::prepare(&plan(merge)).unwrap_or_else(|e| panic!("{merge}: {e}"));
        let phantom = prepared.phantom;
        (
            phantom.grid,
            (0..phantom.grid.len()).map(|v| phantom.mass(v)).sum::<f64>(),
            phantom.region_voxels(1).count() as f64 * phantom.grid.voxel_volume_cm3(),
        )
    };
    let (fine, whole, region) = mass("[1, 1, 1]");
    for (merge, tolerance) in [("[2, 2, 1]", 0.03), ("[2, 2, 3]", 0.03), ("[4, 4, 2]", 0.06)] {
        let (grid, merged, of_region) = mass(merge);
        let (a, b) = (fine.bounding_box(), grid.bounding_box());
        assert!((a.min - b.min).length() < 1e-9 && (a.max - b.max).length() < 1e-9, "{merge}: {grid:?}");
        // The ramp is not one straight line, so the mass of a mean is not quite the mean mass.
        assert!((merged / whole - 1.0).abs() < tolerance, "{merge}: {merged} g of {whole} g");
        assert!((of_region / region - 1.0).abs() < 0.35, "{merge}: {of_region} mL of {region} mL");
    }
    let mut lost = plan("[8, 8, 6]");
    lost.regions[0].labels = vec![9];
    let error = dosaic::engine::prepare(&lost).expect_err("a region without voxels").to_string();
    assert!(error.contains("region \"a\" has no voxel left") && error.contains("merge"), "{error}");
    let odd = dosaic::engine::prepare(&plan("[3, 1, 1]")).expect("a last block of one voxel");
    assert!(
        odd.phantom.warnings.iter().any(|warning| warning.contains("do not divide by merge = [3, 1, 1]")),
        "{:?}",
        odd.phantom.warnings
    );
}

#[test]
fn folders_without_a_ct_and_labels_elsewhere_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("empty")).expect("made");
    let none = dosaic(folder.path(), &["init", "empty"]);
    assert!(code(&none) == 2 && err(&none).contains("holds no CT"), "{}", err(&none));
    assert_eq!(code(&dosaic(folder.path(), &["init", "gone"])), 4);
    write(&ct(), &folder.path().join("ct.nii.gz"));
    let mut elsewhere = labels();
    elsewhere.grid.origin.x += 20.0;
    write(&elsewhere, &folder.path().join("organs.nii.gz"));
    let made = dosaic(folder.path(), &["init", "ct.nii.gz"]);
    assert!(code(&made) == 0 && err(&made).contains("organs.nii.gz: lies at another place than the CT"), "{}", err(&made));
    assert!(out(&made).contains("#[[region]]\n#name   = \"lesion\""), "{}", out(&made));
    let asked = dosaic(folder.path(), &["init", "ct.nii.gz", "--labels", "organs.nii.gz"]);
    assert!(code(&asked) == 2 && err(&asked).contains("organs.nii.gz: lies at another place"), "{}", err(&asked));
}

#[test]
fn dicom_series_contours_and_spect_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    if python::python(&["make", python::text(folder.path()), "regions"]).is_none() {
        return;
    }
    let made = dosaic(folder.path(), &["init", "."]);
    assert_eq!(code(&made), 0, "{}", err(&made));
    let (text, told) = (out(&made), err(&made));
    assert!(text.contains("labels = \"./") && text.contains("roi   = \"cylinder\"") && text.contains("roi   = \"ring\""), "{text}");
    assert!(text.contains("unit      = \"counts\"") && text.contains("#per_count = \" Bq\""), "{text}");
    assert!(told.contains("frame of reference"), "objects of another frame are told: {told}");
    fs::write(folder.path().join("plan.toml"), with_uptake(&text, "ring")).expect("written");
    let valid = dosaic(folder.path(), &["validate", "plan.toml", "--no-probe"]);
    assert_eq!(code(&valid), 0, "{}\n{text}", err(&valid));
}

/// A CT of a hospital with labels, where the folder is named by DOSAIC_TEST_CT.
#[test]
fn a_clinical_ct_becomes_a_plan() {
    let Some(ct) = std::env::var_os("DOSAIC_TEST_CT").map(std::path::PathBuf::from) else {
        return python::skipped("a plan from a clinical CT: DOSAIC_TEST_CT names no folder");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let ct = fs::canonicalize(ct).expect("the folder");
    let made = dosaic(folder.path(), &["init", python::text(&ct)]);
    assert_eq!(code(&made), 0, "{}", err(&made));
    let text = out(&made);
    examples_are_marked(&text);
    let first = text.lines().find_map(|line| line.strip_prefix("#[fraction.uptake.")?.strip_suffix(']')).expect("a region").to_owned();
    fs::write(folder.path().join("plan.toml"), with_uptake(&text, &first)).expect("written");
    let run = dosaic(folder.path(), &["run", "plan.toml", "--out", "result", "--device", "cpu", "--histories", "16000", "--quiet"]);
    assert_eq!(code(&run), 0, "{}", err(&run));
}
