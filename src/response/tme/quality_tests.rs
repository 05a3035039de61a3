use glam::DVec3;

use super::*;
use crate::{
    dose::component::RegionEnergy,
    grid::VoxelGrid,
    phantom::pack_voxel,
    physics::materials,
    plan::{Growth, OxygenPlan, TmeRegion},
};

/// The program's parameters for neuroendocrine tumours, with these values instead.
fn parameters(changed: &[(&str, f64)]) -> ParameterSet {
    let mut parameters = ParameterSet::built_in("net");
    changed.iter().for_each(|&(name, value)| parameters.set(name, value));
    parameters
}

fn tissue(alpha: f64, rbe: f64) -> TissueParameters {
    TissueParameters {
        alpha,
        alpha_beta: 10.0,
        repair_half_time: 5400.0,
        rbe_high_let: rbe,
        high_let_beta: 0.0,
        clonogens_per_ml: None,
        repopulation: None,
        lkb: None,
        bed_limit: None,
        assumed: Vec::new(),
    }
}

fn plan(quality: Quality, few_hits: bool, regions: &[(&str, &[(&str, f64)])]) -> TmePlan {
    TmePlan {
        regions: regions.iter().map(|(name, changed)| TmeRegion { region: (*name).into(), parameters: parameters(changed) }).collect(),
        horizon: 0.0,
        step: 1.0,
        oxygen: OxygenPlan::Off,
        reoxygenation: false,
        immune: false,
        bystander: false,
        growth: Growth::Logistic,
        quality,
        few_hits,
        drugs: Vec::new(),
        blood: None,
        marrow: None,
        maps_at: Vec::new(),
        timeline: 1.0,
        retransport_above: 1.0,
    }
}

fn of(quality: Quality, few_hits: bool) -> TissueQuality {
    TissueQuality::new(&tissue(0.08, 5.0), &parameters(&[]), &plan(quality, few_hits, &[]))
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found / expected - 1.0).abs() <= tolerance, "{found} instead of {expected}");
}

#[test]
fn alpha_by_rbe_is_that_of_low_let_times_the_rbe() {
    for l in [20.0, 100.0, 220.0] {
        near(of(Quality::Rbe, false).of_alphas(l, 0.0).effective, 0.4, 1e-15);
    }
    assert_eq!(of(Quality::Rbe, false).of_recoils().effective, 0.4);
    // RBE 1 is low LET but for what LET does to oxygen.
    let one = TissueQuality::new(&tissue(0.08, 1.0), &parameters(&[]), &plan(Quality::Rbe, false, &[]));
    assert_eq!(one.of_alphas(80.0, 0.0).effective, 0.08);
}

#[test]
fn alpha_rises_with_let_to_the_maximum_then_falls_as_its_inverse() {
    let net = of(Quality::Let, false);
    let alpha = |l: f64| net.of_alphas(l, 0.0).effective;
    near(alpha(0.0), 0.08, 1e-15);
    // The RBE is 1 + 0.04 um/keV LET, so 5 at 100 keV/um, whatever the tissue's alpha.
    near(alpha(50.0), 0.24, 1e-12);
    for low in [0.02, 0.08, 0.35] {
        let other = TissueQuality::new(&tissue(low, 2.0), &parameters(&[]), &plan(Quality::Let, false, &[]));
        near(other.of_alphas(100.0, 0.0).effective, 5.0 * low, 1e-12);
    }
    let steps: Vec<f64> = (0..=120).map(|l| alpha(f64::from(l))).collect();
    assert!(steps.is_sorted_by(|a, b| a < b), "monotonic below the maximum");
    near(alpha(120.0 + 1e-9), alpha(120.0), 1e-9);
    // Kills per track, alpha times LET, stay what they are at the maximum.
    for l in [150.0, 240.0, 1000.0] {
        near(alpha(l) * l, alpha(120.0) * 120.0, 1e-12);
    }
    near(net.of_recoils().effective, 0.08 * 5.8 * 120.0 / 1000.0, 1e-12);
}

#[test]
fn the_kinetic_model_is_linear_in_the_saturated_lineal_energy() {
    // 0.13 + 0.008 x 0.160218 x 90/(pi 0.42^2) = 0.13 + 0.008 x 26.020.
    let alpha = of(Quality::Mkm, false).of_alphas(110.0, 90.0);
    near(alpha.effective, 0.13 + 0.008 * 26.019_83, 1e-5);
    assert_eq!(alpha.microscopic, alpha.effective);
    near(of(Quality::Mkm, false).of_alphas(110.0, 0.0).effective, 0.13, 1e-15);
    // Recoils: y* of 1000 keV/um saturated at 150 is 22.5 keV/um.
    near(of(Quality::Mkm, false).of_recoils().effective, 0.13 + 0.008 * 0.160_217_663_4 * 22.5 / (std::f64::consts::PI * 0.1764), 1e-9);
}

#[test]
fn few_hits_leave_missed_cells() {
    // z_F = 0.160218 x 100/(pi 16) Gy.
    let z = 0.160_217_663_4 * 100.0 / (std::f64::consts::PI * 16.0);
    let alpha = of(Quality::Rbe, true).of_alphas(100.0, 0.0);
    assert_eq!(alpha.microscopic, 0.4);
    near(alpha.effective, 0.4 / (1.0 + 0.4 * z), 1e-9);
    // Every hit kills: the survivors are those that none of the D/z_F hits meets.
    let deadly = TissueQuality::new(&tissue(0.08, 1.0e9), &parameters(&[]), &plan(Quality::Rbe, true, &[]));
    let dose = 0.01 * z;
    near((-deadly.of_alphas(100.0, 0.0).effective * dose).exp(), (-0.01f64).exp(), 1e-7);
    // A nucleus so large that a hit is a small dose is never missed.
    let large = TissueQuality::new(&tissue(0.08, 5.0), &parameters(&[("nucleus_radius", 4000.0)]), &plan(Quality::Rbe, true, &[]));
    near(large.of_alphas(100.0, 0.0).effective, 0.4, 1e-6);
}

#[test]
fn the_oxygen_effect_goes_with_let() {
    let left = |l: f64| of(Quality::Rbe, false).of_alphas(l, 0.0).oxygen;
    near(left(0.0), 1.0, 1e-15);
    // m(60) = 1 + 2/1.36 = 2.4706, m(100) = 2, m(230) = 1 + 2/6.29 = 1.318.
    near(left(60.0), (1.0 - 1.0 / 2.470_588_2) / (2.0 / 3.0), 1e-7);
    near(left(100.0), 0.5 / (2.0 / 3.0), 1e-12);
    near(left(230.0), (1.0 - 1.0 / 1.317_965) / (2.0 / 3.0), 1e-5);
    assert!(of(Quality::Rbe, false).of_recoils().oxygen < 0.03);
    let none = TissueQuality::new(&tissue(0.08, 5.0), &parameters(&[("oer_max", 1.0)]), &plan(Quality::Rbe, false, &[]));
    assert_eq!(none.of_alphas(50.0, 0.0).oxygen, 0.0);
}

#[test]
fn one_saturation_per_run() {
    let differ: [(&str, &[(&str, f64)]); 2] = [("a", &[]), ("b", &[("saturation_lineal_energy", 120.0)])];
    let error = saturation(&plan(Quality::Mkm, false, &differ)).unwrap_err().to_string();
    assert!(error.contains("150") && error.contains("\"b\"") && error.contains("120"), "{error}");
    assert_eq!(saturation(&plan(Quality::Let, false, &differ)).unwrap(), None);
    assert_eq!(saturation(&plan(Quality::Mkm, false, &differ[1..])).unwrap(), Some(120.0));
}

/// Four voxels of 1 mm: water in region a, 1.5 g/cm3 in b, blood, nothing.
fn phantom() -> Phantom {
    Phantom {
        grid: VoxelGrid::axis_aligned([4, 1, 1], DVec3::ONE, DVec3::ZERO),
        voxels: [1.0, 1.5, 1.0, 1.0].map(|density| pack_voxel(0, density)).to_vec(),
        materials: vec![materials::find("water").unwrap()],
        regions: vec![1, 2, 3, 0],
        region_names: ["a", "b", "blood"].map(String::from).to_vec(),
        warnings: Vec::new(),
    }
}

fn scored() -> ScoredComponent {
    let region = |low, high| RegionEnergy { low, high, ..RegionEnergy::default() };
    ScoredComponent {
        name: "Ac-225 in a".into(),
        voxels: vec![0, 1, 2],
        low: vec![1.0e-12, 2.0e-12, 4.0e-12],
        high: Some(vec![8.0e-12, 4.0e-12, 0.0]),
        alpha: Some(vec![8.0e-12, 3.0e-12, 0.0]),
        // 100 keV/um; 120 keV/um at 1.5 g/cm3, so 80 at 1 g/cm3.
        dose_let: Some(vec![8.0e-10, 3.6e-10, 0.0]),
        dose_quality: Some(vec![6.4e-10, 2.1e-10, 0.0]),
        sigma: vec![0.0; 3],
        regions: vec![region(0.0, 0.0), region(0.0, 0.0), region(0.0, 0.0), region(2.0e-5, 1.0e-5)],
    }
}

fn source(plan: &TmePlan) -> Result<(VoxelSource, Vec<RegionQuality>)> {
    let phantom = phantom();
    // Voxel 3 is active, but no dose reaches it.
    let domain = Domain { grid: phantom.grid, voxels: vec![0, 1, 3], row: vec![0, 1, 1], regions: ["a", "b"].map(String::from).to_vec() };
    let response = ResponsePlan { default: tissue(0.08, 5.0), regions: vec![("b".into(), tissue(0.2, 3.0))], tme: None };
    voxel_source(&domain, &scored(), &phantom, &RegionIndex::new(&phantom).unwrap(), &response, plan)
}

#[test]
fn voxels_get_the_alpha_of_their_tissue_and_radiation() {
    let both: [(&str, &[(&str, f64)]); 2] = [("a", &[]), ("b", &[("let_slope", 0.05)])];
    let mut by_let = plan(Quality::Let, false, &both);
    by_let.blood = Some("blood".into());
    let (found, regions) = source(&by_let).unwrap();
    let high = found.high.unwrap();
    assert_eq!(found.low, [1.0e-12, 2.0e-12, 0.0]);
    assert_eq!(high.dose, [8.0e-12, 4.0e-12, 0.0]);
    near(high.effect[0].into(), 8.0e-12 * 0.4, 1e-6);
    // b: alphas 0.2 (1 + 0.05 x 80) = 1; recoils 0.2 (1 + 6) 120/1000.
    near(high.effect[1].into(), 3.0e-12 + 1.0e-12 * 0.168, 1e-6);
    let m = |l: f64| (1.0 - 1.0 / (1.0 + 2.0 / (1.0 + l * l / 1e4))) * 1.5;
    near(high.effect_oxygen[1].into(), 3.0e-12 * m(80.0) + 0.168e-12 * m(1000.0), 1e-6);
    assert_eq!((high.effect[2], high.effect_oxygen[2]), (0.0, 0.0));
    near(found.blood.unwrap(), 3.0e-5 * GY_PER_MEV_PER_G / 1e-3, 1e-12);
    assert_eq!(found.marrow, None);
    near(regions[0].alpha().unwrap(), 0.4, 1e-6);
    near(regions[0].rbe(0.08).unwrap(), 5.0, 1e-6);
    assert_eq!(regions[0].rbe(0.0), None);
    near(regions[1].alpha().unwrap(), 0.792, 1e-6);
    near(regions[1].let_mean().unwrap(), 80.0, 1e-6);
    near(regions[1].recoil / regions[1].dose, 0.25, 1e-6);

    // Two sources: means weighted with dose, so with decays.
    let mut sum = RegionQuality::default();
    assert_eq!((sum.alpha(), sum.let_mean()), (None, None));
    sum.add(&regions[0], 1.0e9);
    sum.add(&regions[1], 2.0e9);
    near(sum.alpha().unwrap(), (0.4 + 0.792) / 2.0, 1e-6);
}

#[test]
fn the_kinetic_model_uses_what_was_scored_and_says_if_it_was_not() {
    let both: [(&str, &[(&str, f64)]); 2] = [("a", &[]), ("b", &[])];
    let (found, _) = source(&plan(Quality::Mkm, false, &both)).unwrap();
    let alpha = |beta: f64, y: f64| 0.13 + beta * 0.160_217_663_4 * y / (std::f64::consts::PI * 0.42 * 0.42);
    let high = found.high.unwrap();
    near(high.effect[0].into(), 8.0e-12 * alpha(0.008, 80.0), 1e-6);
    near(high.effect[1].into(), 3.0e-12 * alpha(0.02, 70.0) + 1.0e-12 * alpha(0.02, 22.5), 1e-6);

    let phantom = phantom();
    let mut unscored = scored();
    unscored.dose_quality = None;
    let domain = Domain { grid: phantom.grid, voxels: vec![0], row: vec![0], regions: vec!["a".into()] };
    let response = ResponsePlan { default: tissue(0.08, 5.0), regions: Vec::new(), tme: None };
    let index = RegionIndex::new(&phantom).unwrap();
    let of = |plan: &TmePlan| voxel_source(&domain, &unscored, &phantom, &index, &response, plan).map_err(|e| e.to_string());
    assert!(of(&plan(Quality::Mkm, false, &both)).unwrap_err().contains("was not scored"));
    assert!(of(&plan(Quality::Let, false, &both)).is_ok());
    assert!(of(&plan(Quality::Let, false, &[])).unwrap_err().contains("no parameters for the region \"a\""));
    let marrow = TmePlan { marrow: Some("spine".into()), ..plan(Quality::Let, false, &both) };
    assert!(of(&marrow).unwrap_err().contains("no voxel of the region \"spine\""));
}

#[test]
fn beta_emitters_have_no_high_let_part() {
    let phantom = phantom();
    let beta = ScoredComponent { high: None, alpha: None, dose_let: None, dose_quality: None, ..scored() };
    let domain = Domain { grid: phantom.grid, voxels: vec![0], row: vec![0], regions: vec!["a".into()] };
    let response = ResponsePlan { default: tissue(0.08, 5.0), regions: Vec::new(), tme: None };
    let index = RegionIndex::new(&phantom).unwrap();
    let (found, regions) = voxel_source(&domain, &beta, &phantom, &index, &response, &plan(Quality::Mkm, true, &[("a", &[])])).unwrap();
    assert!(found.high.is_none());
    assert_eq!((found.low[0], regions[0]), (1.0e-12, RegionQuality::default()));
}
