use std::path::Path;

use glam::DVec3;

use super::*;
use crate::{
    error::Result,
    grid::VoxelGrid,
    io::image::{Description, write_nifti},
    phantom::{Phantom, pack_voxel},
    physics::materials,
    report::write::{ImageFormat, Quantity, ResultWriter},
    source::DecayPattern,
    volume::Volume,
};

/// Writes where it is told.
struct Folder<'a>(&'a Path);

impl ResultWriter for Folder<'_> {
    fn series(&mut self, name: &str, _: &[&Volume<f32>], _: &[f64], _: &Quantity) -> Result<bool> {
        unreachable!("{name}: no series here")
    }

    fn rt_dose(&mut self, name: &str, _: &crate::io::dicom::rtdose::RtDose<'_>) -> Result<()> {
        unreachable!("{name}: components are no RT Dose")
    }

    fn image(&mut self, name: &str, _: ImageFormat, volume: &Volume<f32>, quantity: &Quantity) -> Result<()> {
        write_nifti(self.0.join(name), volume, &Description::new(&quantity.name, quantity.unit, &name[..15])?)
    }

    fn text(&mut self, name: &str, content: &str) -> Result<()> {
        std::fs::write(self.0.join(name), content).map_err(crate::error::Error::io(self.0.join(name)))
    }
}

fn phantom() -> Phantom {
    Phantom {
        grid: VoxelGrid::axis_aligned([5, 4, 3], DVec3::new(0.7, 0.8, 1.3), DVec3::new(-11.3, 4.1, 77.7)),
        voxels: vec![pack_voxel(0, 1.04); 60],
        materials: vec![materials::find("water").expect("known")],
        regions: (0..60).map(|v| v % 3).collect(),
        region_names: ["tumour", "kidney"].map(String::from).to_vec(),
        warnings: Vec::new(),
    }
}

/// Values with all digits, far below and above one another, in some voxels.
fn values(voxels: &[u32], scale: f32) -> Vec<f32> {
    voxels.iter().map(|&v| scale * (1.0 + v as f32 / 7.0).powi(v as i32 % 9 - 4)).collect()
}

fn regions() -> Vec<RegionEnergy> {
    (0..3)
        .map(|i| {
            let x = 0.1 + f64::from(i) / 3.0;
            RegionEnergy { low: x, high: x / 7.0, variance: x * 1e-9, alpha: x / 7.1, alpha_let: x * 11.0, alpha_quality: x * 9.0 }
        })
        .collect()
}

fn alpha() -> ScoredComponent {
    let voxels: Vec<u32> = (0..60).filter(|v| v % 7 != 3).collect();
    ScoredComponent {
        name: "Ac-225 in tumour".into(),
        low: values(&voxels, 3.0e-14),
        // The last voxel has low-LET dose alone.
        high: Some([&values(&voxels, 1.0e-12)[..voxels.len() - 1], &[0.0]].concat()),
        alpha: Some([&values(&voxels, 0.9e-12)[..voxels.len() - 1], &[0.0]].concat()),
        dose_let: Some([&values(&voxels, 1.1e-10)[..voxels.len() - 1], &[0.0]].concat()),
        dose_quality: Some([&values(&voxels, 0.8e-10)[..voxels.len() - 1], &[0.0]].concat()),
        sigma: values(&voxels, 1.0e-30),
        voxels,
        regions: regions(),
    }
}

fn beta() -> ScoredComponent {
    let voxels: Vec<u32> = (13..49).collect();
    ScoredComponent {
        name: "Lu-177 in kidney".into(),
        low: values(&voxels, 1.0e-13),
        high: None,
        alpha: None,
        dose_let: None,
        dose_quality: None,
        sigma: values(&voxels, 1.0e-15),
        voxels,
        regions: regions(),
    }
}

fn pattern(share: f64) -> DecayPattern {
    DecayPattern { voxels: vec![3, 8], shares: vec![share, 1.0 - share] }
}

/// Both components in a folder.
fn stored(saturation: Option<f64>) -> (tempfile::TempDir, Phantom, [ScoredComponent; 2]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (phantom, components) = (phantom(), [alpha(), beta()]);
    let patterns = [pattern(0.25), pattern(0.5)];
    let record = |(i, scored)| ComponentRecord { scored, pattern: &patterns[i], emitter: format!("e{i}"), histories: 1600, batches: 16 };
    let set = ComponentSet { phantom: &phantom, saturation, records: components.iter().enumerate().map(record).collect() };
    let files = write_components(&set, &mut Folder(folder.path())).expect("written");
    assert_eq!(files.len(), 7 + 3 + 1);
    assert_eq!(files.last().map(|f| f.name.as_str()), Some(FILE));
    assert!(files.iter().any(|f| f.name == "component-01_dose_quality.nii.gz" && f.unit == Some("Gy keV/um per decay")));
    for file in &files {
        assert!(folder.path().join(&file.name).exists(), "{}", file.name);
    }
    (folder, phantom, components)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn same(found: &ScoredComponent, written: &ScoredComponent) {
    assert_eq!((&found.name, &found.voxels), (&written.name, &written.voxels));
    for map in MapKind::ALL {
        assert_eq!(map.of(found).map(bits), map.of(written).map(bits), "{map:?}");
    }
    for (a, b) in found.regions.iter().zip(&written.regions) {
        for (a, b) in
            [(a.low, b.low), (a.high, b.high), (a.variance, b.variance), (a.alpha_let, b.alpha_let), (a.alpha_quality, b.alpha_quality)]
        {
            // JSON keeps f64 to its last digit or the one beside it.
            assert!((a / b - 1.0).abs() <= 4.0 * f64::EPSILON, "{a} {b}");
        }
    }
    assert_eq!(found.regions.len(), written.regions.len());
}

#[test]
fn components_come_back_to_the_bit() {
    let (folder, phantom, written) = stored(Some(150.0));
    let found = stored_components(folder.path(), &phantom, Some(150.0)).expect("read");
    same(&found.find(&pattern_digest(&pattern(0.25)), "e0").expect("stored"), &written[0]);
    same(&found.find(&pattern_digest(&pattern(0.5)), "e1").expect("stored"), &written[1]);
    let [(places, scored)] = found.transported("e0")[..] else { panic!("one emits that") };
    assert_eq!((places, &scored.name), (&pattern(0.25), &written[0].name));
    assert_eq!((found.len(), found.histories(), found.batches()), (2, 3200, 16));
    // A run that does not need the score may use it or not.
    assert!(stored_components(folder.path(), &phantom, None).is_ok());
}

#[test]
fn shares_of_decays_must_sum_to_one() {
    let (folder, phantom, _) = stored(None);
    let mut spoilt: Volume<f32> = crate::io::image::read(folder.path().join("component-01_decays.nii.gz")).expect("read");
    spoilt.data[3] = 0.75;
    let sum = super::digest::values(&spoilt.data);
    let description = Description::new("decays", "1", "decays").expect("short");
    write_nifti(folder.path().join("component-01_decays.nii.gz"), &spoilt, &description).expect("written");
    let refused = || stored_components(folder.path(), &phantom, None).expect_err("spoilt").to_string();
    assert!(refused().contains("component-01_decays.nii.gz") && refused().contains("not those"), "{}", refused());
    let path = folder.path().join(FILE);
    let mut document: Document = serde_json::from_str(&std::fs::read_to_string(&path).expect("text")).expect("a document");
    document.components[0].decays.as_mut().expect("an image").values_sha256 = sum;
    std::fs::write(&path, serde_json::to_string(&document).expect("JSON")).expect("written");
    assert!(refused().contains("shares of the decays sum to 1.5"), "{}", refused());
}

#[test]
fn another_pattern_or_emission_is_not_found_and_named() {
    let (folder, phantom, _) = stored(None);
    let found = stored_components(folder.path(), &phantom, None).expect("read");
    let (first, nearly) = (pattern_digest(&pattern(0.25)), pattern_digest(&pattern(0.25 + 1e-15)));
    assert!(found.find(&nearly, "e0").is_none() && found.find(&first, "e1").is_none());
    assert!(found.why_missing("x", &first, "e7").contains("\"Ac-225 in tumour\" has its decays in the same places"));
    assert!(found.why_missing("x", &nearly, "e1").contains("\"Lu-177 in kidney\" emits the same"));
    assert!(found.why_missing("x", &nearly, "e7").contains("none has"));
}

#[test]
fn patterns_and_phantoms_have_digests_of_their_own() {
    let a = DecayPattern { voxels: vec![1, 2], shares: vec![0.5, 0.5] };
    assert_eq!(pattern_digest(&a), pattern_digest(&a.clone()));
    for other in [
        DecayPattern { voxels: vec![1, 3], shares: vec![0.5, 0.5] },
        DecayPattern { voxels: vec![1, 2], shares: vec![0.5, 0.5f64.next_up()] },
        DecayPattern { voxels: vec![1], shares: vec![1.0] },
    ] {
        assert_ne!(pattern_digest(&a), pattern_digest(&other));
    }
}

fn refused(folder: &Path, phantom: &Phantom, saturation: Option<f64>, all: &[&str]) {
    let error = stored_components(folder, phantom, saturation).expect_err("refused").to_string();
    for part in all {
        assert!(error.contains(part), "{error:?} does not contain {part:?}");
    }
}

#[test]
fn another_phantom_is_refused_with_what_differs() {
    let (folder, phantom, _) = stored(Some(150.0));
    let mut moved = phantom.clone();
    moved.grid.origin.x += 1e-9;
    refused(folder.path(), &moved, None, &["components.json", "the grid"]);
    let mut denser = phantom.clone();
    denser.voxels[17] = pack_voxel(0, 1.05);
    refused(folder.path(), &denser, None, &["components.json", "materials or densities"]);
    let mut drier = phantom.clone();
    drier.materials[0].composition[0].1 -= 1e-6;
    refused(folder.path(), &drier, None, &["materials or densities"]);
    let mut other = phantom.clone();
    other.regions[17] = 0;
    refused(folder.path(), &other, None, &["the regions"]);
    let mut renamed = phantom.clone();
    renamed.region_names[1] = "kidneys".into();
    refused(folder.path(), &renamed, None, &["the regions"]);
    refused(folder.path(), &phantom, Some(120.0), &["scored with 150 keV/um", "120 keV/um"]);
    let (unscored, phantom, _) = stored(None);
    refused(unscored.path(), &phantom, Some(150.0), &["not scored", "150 keV/um"]);
}

/// Changes the text of a file.
fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).expect("text");
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replacen(from, to, 1)).expect("written");
}

#[test]
fn damaged_files_are_refused_by_name() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    refused(empty.path(), &phantom(), None, &["components.json", "not there", "output.components"]);
    let spoilt = |spoil: &dyn Fn(&Path), all: &[&str]| {
        let (folder, phantom, _) = stored(None);
        spoil(folder.path());
        refused(folder.path(), &phantom, None, all);
    };
    let json = |from: &'static str, to: &'static str| move |folder: &Path| edit(&folder.join(FILE), from, to);
    spoilt(&json("components/1", "components/2"), &["components.json", "\"dosaic-components/2\"", "\"dosaic-components/1\""]);
    spoilt(&json("\"schema\"", "\"sch\""), &["components.json", "schema missing"]);
    spoilt(&json("\"histories\"", "\"history\""), &["components.json", "histories"]);
    spoilt(&json("\"kidney\"", "\"liver\""), &["Ac-225 in tumour", "phantom, tumour, kidney"]);
    spoilt(&json("component-01_low", "../component-01_low"), &["../component-01_low", "not the name of a file"]);
    spoilt(&json("\"map\": \"low\"", "\"map\": \"high\""), &["Ac-225 in tumour", "\"high\" is there twice"]);
    let cut = |name: &'static str, share: f64| {
        move |folder: &Path| {
            let bytes = std::fs::read(folder.join(name)).expect("written");
            std::fs::write(folder.join(name), &bytes[..(share * bytes.len() as f64) as usize]).expect("cut");
        }
    };
    spoilt(&cut(FILE, 0.7), &["components.json", "not the JSON"]);
    spoilt(&cut("component-01_sigma.nii.gz", 0.8), &["component-01_sigma.nii.gz"]);
    spoilt(&|folder| std::fs::remove_file(folder.join("component-02_low.nii.gz")).expect("removed"), &["component-02_low.nii.gz"]);
    // A sound image, but of something else.
    let swap =
        |folder: &Path| _ = std::fs::copy(folder.join("component-02_low.nii.gz"), folder.join("component-01_low.nii.gz")).expect("copied");
    spoilt(&swap, &["component-01_low.nii.gz", "not those"]);
    let elsewhere = |folder: &Path| {
        let grid = VoxelGrid::axis_aligned([5, 4, 3], DVec3::ONE, DVec3::ZERO);
        let description = Description::new("dose", "Gy", "dose").expect("short");
        write_nifti(folder.join("component-01_low.nii.gz"), &Volume::new(grid, vec![0.0f32; 60]), &description).expect("written");
    };
    spoilt(&elsewhere, &["component-01_low.nii.gz", "another place"]);
}

#[test]
fn maps_that_belong_together_are_there_together() {
    let (folder, phantom, _) = stored(None);
    let path = folder.path().join(FILE);
    let text = std::fs::read_to_string(&path).expect("text");
    let mut document: Document = serde_json::from_str(&text).expect("the schema");
    document.components[0].maps.retain(|map| map.map != MapKind::DoseLet);
    std::fs::write(&path, serde_json::to_string(&document).expect("JSON")).expect("written");
    refused(folder.path(), &phantom, None, &["Ac-225 in tumour", "maps are missing"]);
}

#[test]
fn what_is_not_finite_is_not_stored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (phantom, mut scored, pattern) = (phantom(), beta(), pattern(0.5));
    scored.low[3] = f32::INFINITY;
    let record = ComponentRecord { scored: &scored, pattern: &pattern, emitter: String::new(), histories: 1, batches: 16 };
    let set = ComponentSet { phantom: &phantom, saturation: None, records: vec![record] };
    let error = write_components(&set, &mut Folder(folder.path())).expect_err("refused").to_string();
    assert!(error.contains("Lu-177 in kidney") && error.contains("inf"), "{error}");
}
