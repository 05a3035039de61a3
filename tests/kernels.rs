//! `dosaic kernel` and `dosaic s-values`: emitters, tables, conservation of energy, and what is refused. Needs no adapter.

use std::{
    path::Path,
    process::{Command, Output},
};

use dosaic::{
    kernel::{
        Emitter, Part, Request,
        point::point_kernel,
        voxel_s::{classes, voxel_s},
    },
    nuclide,
    plan::WaterData,
    units::GY_PER_MEV_PER_G,
};
use glam::DVec3;

fn request(histories: u64) -> Request {
    Request {
        material: "water_liquid".into(),
        density: None,
        water: WaterData::Icru90,
        photons: dosaic::plan::PhotonMode::Analogue,
        histories,
        seed: 1,
        device: "cpu".into(),
        threads: 2,
    }
}

fn dosaic(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dosaic")).args(arguments).current_dir(folder).output().expect("the program starts")
}

#[test]
fn parts_of_a_nuclide_add_up() {
    let mev = |text: &str| Emitter::parse(text, false).unwrap_or_else(|e| panic!("{e}")).energy_per_decay();
    let whole = mev("Lu-177");
    let parts: f64 = ["beta", "ce", "auger", "gamma", "x"].iter().map(|part| mev(&format!("Lu-177:{part}"))).sum();
    assert!((whole - parts).abs() < 1e-12 * whole, "{whole} and {parts}");
    assert!((mev("Lu-177:electrons") + mev("Lu-177:photons") - whole).abs() < 1e-12 * whole);
    let yields = nuclide::emissions("Lu-177", false).expect("tabulated").yields();
    assert!((whole - yields.electron_energy() - yields.photon.energy).abs() < 1e-9);
    // The chain of Ac-225 has four more alphas, recoils included.
    let alone = Emitter::parse("Ac-225", false).expect("tabulated").energy_per_decay();
    let chain = Emitter::parse("Ac-225", true).expect("tabulated");
    assert!(alone < 6.2 && chain.energy_per_decay() > 27.0, "{alone}, {}", chain.energy_per_decay());
    assert!(chain.local[Part::Alpha as usize] > 0.3, "recoils of four alphas, about 0.1 MeV each");
}

#[test]
fn wrong_emitters_say_what_would_be_right() {
    for (text, phrase) in [
        ("Lu-177:muon", "\"muon\" is no part"),
        ("Xx-999", "unknown nuclide"),
        ("Y-90:alpha", "emits none of that"),
        ("electron", "has no energy"),
        ("electron:x", "has no energy"),
        ("electron:0.0001", "outside the tables"),
        ("electron:20", "outside the tables"),
        ("alpha:-1", "outside the tables"),
        ("spectrum:no/such/file", "no/such/file"),
    ] {
        let error = Emitter::parse(text, false).expect_err(text).to_string();
        assert!(error.contains(phrase), "{text}: {error}");
    }
}

/// All energy is in the shells and beyond; the sub-keV part and the recoils are in the first.
#[test]
fn kernels_conserve_energy() {
    for text in ["Lu-177:electrons", "Y-90:beta", "alpha:5.8", "electron:0.05"] {
        let emitter = Emitter::parse(text, false).expect("tabulated");
        let reach = emitter.reach(&request(1)).expect("water");
        for radii in [vec![0.3 * reach, 0.6 * reach], (1..=30).map(|k| 0.05 * reach * f64::from(k)).collect()] {
            let kernel = point_kernel(&emitter, &radii, &request(20_000), &|_| ()).expect("the CPU runs");
            let sum: f64 =
                Part::ALL.iter().flat_map(|&p| (0..=radii.len()).map(move |k| (p, k))).map(|(p, k)| kernel.fraction(p, k).mean).sum();
            // Sampled energies have the mean of the spectrum within their statistics.
            let tolerance = if text.contains(':') && text.ends_with(|c: char| c.is_ascii_digit()) { 1e-5 } else { 0.02 };
            assert!((sum - 1.0).abs() < tolerance, "{text}: {sum}");
            assert_eq!(kernel.sums.escaped, 0);
        }
    }
}

/// S times mass, over all voxels within reach, is the energy emitted; the kernel knows nothing of voxels and agrees on what stays near.
#[test]
fn s_values_conserve_energy() {
    let emitter = Emitter::parse("Lu-177:electrons", false).expect("tabulated");
    for edges in [DVec3::splat(1.0), DVec3::new(1.0, 1.5, 2.0)] {
        let found = voxel_s(&emitter, edges, 2, &request(100_000), &|_| ()).expect("the CPU runs");
        let mass = 1.0e-3 * edges.element_product();
        let energy: f64 = found
            .classes
            .iter()
            .zip(&found.parts[Part::Electron as usize])
            .map(|(class, s)| f64::from(class.voxels) * s.mean * mass / (1.0e9 * GY_PER_MEV_PER_G))
            .sum();
        // 2 mm hold all but a hundredth of a percent of what Lu-177's electrons carry.
        assert!((energy / emitter.energy_per_decay() - 1.0).abs() < 0.005, "{energy} of {} MeV", emitter.energy_per_decay());
        assert_eq!(found.classes.iter().map(|c| c.voxels).sum::<u32>(), 125);
        assert_eq!(found.classes.len(), if edges.x == edges.z { 10 } else { 27 });
    }
}

#[test]
fn classes_are_the_voxels_that_symmetry_makes_equal() {
    let (of, all) = classes([7; 3], 2, true);
    let count = |offset: [u32; 3]| all.iter().find(|c| c.offset == offset).map(|c| c.voxels);
    assert_eq!([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [0, 1, 2], [2, 2, 2]].map(count), [1, 6, 12, 8, 24, 8].map(Some));
    assert_eq!(of.iter().flatten().count(), 125);
    assert_eq!(of[0], None, "beyond the radius");
}

#[test]
fn tables_have_heads_and_the_same_bits_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |threads: &str, out: &str| {
        let arguments =
            ["kernel", "Lu-177:beta", "--device", "cpu", "--threads", threads, "--histories", "1e4", "--shells", "0.1:1mm", "-o", out];
        let output = dosaic(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(folder.path().join(out)).expect("the table is there")
    };
    let rows = |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    let (one, two) = (run("1", "one.csv"), run("2", "two.csv"));
    assert_eq!(rows(&one), rows(&two));
    assert_eq!(rows(&one).len(), 12, "a head, ten shells and what is beyond");
    assert!(rows(&one)[0].starts_with("r_low_mm,r_high_mm,electron_fraction,electron_sigma,photon_fraction"));
    assert!(rows(&one)[11].starts_with("1,inf,"));
    for phrase in
        ["emitter Lu-177:beta", "0.13", "water_liquid, 1 g/cm3", "10016 histories", "seed 1", "absorption below", env!("CARGO_PKG_VERSION")]
    {
        assert!(one.contains(phrase), "{phrase} is missing from the head:\n{one}");
    }
    let again = dosaic(folder.path(), &["kernel", "electron:0.1", "--device", "cpu", "-o", "one.csv"]);
    assert_eq!(again.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    assert_eq!(std::fs::read_to_string(folder.path().join("one.csv")).expect("unchanged"), one);
}

#[test]
fn s_values_and_spectra_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.csv"), "# particle: electron\n0.09999,1e5\n0.10001,1e5\n").expect("written");
    let value = |emitter: &str| {
        let output =
            dosaic(folder.path(), &["s-values", emitter, "--device", "cpu", "--histories", "2e4", "--radius", "1", "--voxel", "1"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 5);
        let row = text.lines().find(|line| line.starts_with("0,0,0,1,")).expect("a row of the source voxel");
        row.split(',').nth(4).and_then(|cell| cell.parse::<f64>().ok()).expect("a number")
    };
    // The file holds two electrons of 100 keV per decay.
    let (line, spectrum) = (value("electron:0.1"), value("spectrum:s.csv"));
    assert!((spectrum / line / 2.0 - 1.0).abs() < 0.003, "{line} and {spectrum}");
    // 0.1 MeV in 1 mg is 16.02 mGy/(MBq s); a layer of a third of the range (0.14 mm) on six sides loses about half of what starts there.
    assert!((13.5..15.5).contains(&line), "{line}");
    for (arguments, phrase) in [
        (&["s-values", "electron:0.1", "--voxel", "1,2"][..], "one edge or three"),
        (&["s-values", "electron:0.1", "--voxel", "0"], "0.001 to 100 mm"),
        (&["s-values", "electron:0.1", "--density", "-1"], "a density of -1"),
        (&["kernel", "electron:0.1", "--shells", "2:1mm"], "0 < WIDTH <= MAX"),
        (&["kernel", "electron:0.1", "--material", "kryptonite"], "kryptonite"),
    ] {
        let output = dosaic(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(phrase), "{arguments:?}: {said}");
    }
}
