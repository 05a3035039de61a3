//! The cases of `dosaic verify --quick` on the CPU: none fails, and each can. Needs no adapter.

use dosaic::{
    kernel::{
        emitter::Radiation,
        score::{Estimate, cells},
        stage::Stage,
    },
    plan::WaterData,
    transport::backend::SourceShape,
    verify::{
        Context, Verdict,
        context::{ORIGIN, Source},
        reference::{line, rows},
        report::text,
        verify,
    },
};

/// Runs a case; at least `passes` comparisons must pass and none fail.
fn case(name: &str, passes: usize) {
    let context = Context::new("cpu", 2, true, 20_240_607);
    let found = verify(&context, &[name.to_owned()], &|_| Ok(())).expect("the CPU runs");
    let [case] = &found[..] else { panic!("one case was asked for") };
    println!("{}", text(case));
    let count = |verdict| case.outcome.rows.iter().filter(|row| row.verdict == verdict).count();
    assert_eq!(count(Verdict::Fail), 0, "{}", text(case));
    assert!(count(Verdict::Pass) >= passes, "{}", text(case));
}

macro_rules! cases {
    ($($test:ident = $name:literal, $passes:literal;)*) => {
        $(#[test] fn $test() { case($name, $passes); })*
        #[test]
        fn every_case_is_a_test() {
            let tested = [$($name),*];
            for case in dosaic::verify::CASES {
                assert!(tested.contains(&case.name) || ["gamma-shells", "photon-spheres"].contains(&case.name), "{} is not tested", case.name);
            }
        }
    };
}

cases! {
    alpha_ranges = "alpha-ranges", 7;
    alpha_depth_dose = "alpha-depth-dose", 6;
    alpha_kernels = "alpha-kernels", 3;
    alpha_voxel_s = "alpha-voxel-s", 9;
    cell_s_values = "cells", 12;
    electron_kernels = "electron-kernels", 6;
    beta_kernels = "beta-kernels", 5;
    voxel_s = "voxel-s", 10;
    voxel_s_photons = "voxel-s-photons", 3;
    spheres = "spheres", 8;
    slabs = "slabs", 2;
    fano = "fano", 8;
    grid = "grid", 1;
    steps = "steps", 8;
    parity = "parity", 12;
    balance = "energy-balance", 4;
}

/// A kernel of an energy 5 % too high, or in a medium 5 % too thin, is found out.
#[test]
fn a_wrong_energy_or_density_fails() {
    let context = Context::new("cpu", 2, true, 1);
    let case = rows(include_str!("../src/verify/reference/egsnrc_point_kernels.csv"));
    let case: Vec<_> = case.iter().filter(|row| row.text("energy_mev") == "1").collect();
    let radii: Vec<f64> = case.iter().map(|row| row.number("r_csda_cm") * row.number("x_high")).collect();
    let deviation = |energy: f64, density: f64| {
        let settings = context.settings(WaterData::Icru49, radii[0]);
        let stage = Stage::shells("water_liquid", density, &radii, settings).expect("water");
        let sampler = line(energy);
        let source = Source { radiation: Radiation::Electron, sampler: &sampler, voxels: &ORIGIN, shape: SourceShape::Centre };
        let found = context.run(&stage, &source, 400_000, &cells).expect("the CPU runs");
        let top = case.iter().map(|row| row.number("fraction")).fold(0.0, f64::max);
        let beyond = |(row, e): (&&dosaic::verify::reference::Row, &Estimate)| {
            let sigma = (e.sigma / energy).hypot(row.number("sigma"));
            ((e.mean / energy - row.number("fraction")).abs() - 2.0 * sigma) / top
        };
        case.iter().zip(&found).map(beyond).fold(0.0, f64::max)
    };
    assert!(deviation(1.0, 1.0) < 0.015);
    assert!(deviation(1.05, 1.0) > 0.03, "5 % more energy must be seen");
    assert!(deviation(1.0, 0.95) > 0.03, "5 % less density must be seen");
}

#[test]
fn unknown_cases_are_refused_with_a_list() {
    let error = verify(&Context::new("cpu", 1, true, 1), &["nosuch".into()], &|_| Ok(())).expect_err("refused");
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("alpha-ranges") && error.to_string().contains("nosuch"), "{error}");
}
