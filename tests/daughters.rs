//! Daughters that move, and fractions that recombine: whole runs on the CPU against hand calculations and against direct simulation.

#[path = "support/run.rs"]
mod support;

use std::path::Path;

use dosaic::{
    dose::regions::Period,
    engine::Evaluation,
    io::image::{Description, write_nifti},
    plan::{self, Vocabulary},
    volume::Volume,
};
use support::run;

/// High-LET dose of a region over all fractions, Gy, and the standard error of its dose.
fn high_let(evaluation: &Evaluation, region: &str) -> (f64, f64) {
    let row = evaluation.rows.iter().find(|row| row.fraction == Period::Total && row.region == region).expect("a row");
    (row.dose_high_let_mean_gy.expect("alphas"), row.dose_mean_sigma_gy.expect("an error"))
}

/// The kidneys' alpha dose from Bi-213 that leaves the lesion: decays by hand, S = E/m for alphas that stay in the kidneys.
#[test]
fn bismuth_from_the_lesion_gives_the_kidneys_the_dose_of_a_hand_calculation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("phantoms/lesion-kidneys-ac225.toml");
    let mut with = plan::load(&path).unwrap_or_else(|e| panic!("{e}"));
    with.transport.photons = plan::PhotonMode::Off;
    for fraction in &mut with.fractions {
        fraction.histories = 100_000;
    }
    let mut without = with.clone();
    without.nuclides[0].redistribution.clear();
    let (prepared, moving) = run(&with);
    let (_, staying) = run(&without);

    // Decays of Ac-225 in the lesion: 0.5 and 0.3 % of 8 MBq, A0 (T_eff - T_uptake) / ln 2.
    let day = 86400.0;
    let decays = 0.008 * 8e6 * (8.0 * day - 3.0 * 3600.0) / std::f64::consts::LN_2;
    // Every decay of Ac-225 makes one Bi-213; 40 % leave; Bi-213 (45.6 min) loses 600 s / (600 s + 2736 s) of its atoms on a way of 10 min.
    let arriving = decays * 0.4 * 2736.0 / (2736.0 + 600.0);
    // Bi-213: 97.9 % to Po-213 (8.376 MeV), 2.1 % alphas of 5.86 MeV; recoils take 4/209 of that on top.
    let per_decay = (0.979 * 8.376 + 0.021 * 5.86) * (1.0 + 4.0 / 209.0);
    // Two ellipsoids of 1.05 g/cm3.
    let mass = 2.0 * 4.0 / 3.0 * std::f64::consts::PI * 2.8 * 2.5 * 5.2 * 1.05e-3;
    let expected = arriving * per_decay * 1.602_177e-13 / mass;

    let ((kidneys, sigma), (before, sigma_before)) = (high_let(&moving, "kidneys"), high_let(&staying, "kidneys"));
    let (found, error) = (kidneys - before, sigma.hypot(sigma_before));
    println!("kidneys: {before:.4} Gy of high LET without, {kidneys:.4} with; more by {found:.4} +- {error:.4}, by hand {expected:.4}");
    // 0.5 %: voxels against ellipsoids (0.1 %), what leaves through the surface (0.1 %), figures rounded by hand.
    assert!((found - expected).abs() < 0.005 * expected + 3.0 * error);
    // The same without the kidneys' own uptake, whose noise then does not matter.
    let mut alone = with.clone();
    alone.fractions.iter_mut().for_each(|fraction| fraction.uptakes.retain(|uptake| uptake.region != "kidneys"));
    let (found, error) = high_let(&run(&alone).1, "kidneys");
    println!("kidneys without uptake of their own: {found:.5} +- {error:.5} Gy, by hand {expected:.5}");
    assert!(error < 0.002 * expected && (found - expected).abs() < 0.005 * expected + 3.0 * error);
    // What the kidneys gain the lesion loses, but for the way.
    let ((lesion, _), (lesion_before, _)) = (high_let(&moving, "lesion"), high_let(&staying, "lesion"));
    let (lost, lesion_mass) = (lesion_before - lesion, 4.0 / 3.0 * std::f64::consts::PI * 1.5f64.powi(3) * 1.0e-3);
    let lost_decays = lost * lesion_mass / (per_decay * 1.602_177e-13);
    println!("lesion: {lesion_before:.4} Gy without, {lesion:.4} with");
    assert!((lost_decays / (decays * 0.4) - 1.0).abs() < 0.02, "{lost_decays:e} against {:e}", decays * 0.4);
    // Ac-225 in both places (that of the lesion without the Bi-213 that leaves), Bi-213 and, behind it, Pb-209 in the kidneys: once for both fractions.
    assert_eq!(prepared.treatment.components.len(), 4, "{:?}", prepared.treatment.components.iter().map(|c| &c.name).collect::<Vec<_>>());
    let uses: usize = prepared.treatment.deliveries.iter().map(|d| d.contributions.len()).sum();
    assert_eq!(uses, 8);
    for fraction in &prepared.treatment.sources {
        let lost: f64 = fraction.outside.iter().map(|o| o.atoms).sum();
        let lesion = fraction.components.iter().find(|c| c.name == "Ac-225 in lesion").expect("a component");
        assert!((lost / (lesion.tia * 0.4 * 600.0 / (2736.0 + 600.0)) - 1.0).abs() < 0.005);
    }
}

const TWO_REGIONS: &str = r#"
[phantom]
voxels = [20, 16, 12]
spacing = "3 mm"
background = "water"
[[region]]
name = "left"
material = "water"
shape = "sphere"
center = "-12, 0, 0 mm"
radius = "9 mm"
[[region]]
name = "right"
material = "bone_cortical"
shape = "box"
center = "14, 2, 0 mm"
size = "12, 18, 12 mm"
[[nuclide]]
name = "Lu-177"
[[nuclide]]
name = "Y-90"
[transport]
histories = 400000
photons = "off"
"#;

/// Components recombined over fractions give the dose of one direct simulation of all their decays.
#[test]
fn recombination_equals_direct_simulation() {
    let fractions = r#"
[[fraction]]
nuclide = "Y-90"
administered = "1 GBq"
[fraction.uptake.left]
fraction = "4 %"
half_life = "40 h"
uptake_half_life = "2 h"
[fraction.uptake.right]
fraction = "3 %"
half_life = "physical"
[[fraction]]
like = 1
start = "5 d"
[fraction.uptake.left]
fraction = "1 %"
[[fraction]]
like = 1
start = "10 d"
administered = "2 GBq"
"#;
    let parse = |text: &str, path: &Path| plan::parse(text, path, &Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"));
    let plan = parse(&format!("{TWO_REGIONS}{fractions}"), Path::new("components.toml"));
    let (prepared, components) = run(&plan);
    // Counted: three fractions of two regions are six contributions of two components, each run with the histories of all three.
    assert_eq!(prepared.treatment.components.len(), 2);
    assert_eq!(prepared.treatment.deliveries.iter().map(|d| d.contributions.len()).sum::<usize>(), 6);
    let runs: u64 = prepared.treatment.components.iter().flat_map(|c| &c.histories).sum();
    assert!((1_200_000..1_200_200).contains(&runs) && components.histories() == runs, "{runs}");

    // All decays in one image of Bq s per voxel: one component, other random numbers.
    let mut decays = Volume::new(prepared.phantom.grid, vec![0.0f32; prepared.phantom.grid.len()]);
    for component in prepared.treatment.sources.iter().flat_map(|s| &s.components) {
        for (&v, &share) in component.pattern.voxels.iter().zip(&component.pattern.shares) {
            decays.data[v as usize] += (component.tia * share) as f32;
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let description = Description::new("decays", "Bq s", "decays").expect("a description");
    write_nifti(folder.path().join("decays.nii.gz"), &decays, &description).expect("an image");
    let direct = r#"
[[fraction]]
nuclide = "Y-90"
administered = "1 GBq"
histories = 1200000
[[fraction.image]]
file = "decays.nii.gz"
unit = "Bq s"
"#;
    let plan = parse(&format!("{TWO_REGIONS}seed = 77\n{direct}"), &folder.path().join("direct.toml"));
    let (_, direct) = run(&plan);

    let (mut chi, mut n, mut worst) = (0.0, 0.0, 0.0f64);
    for v in 0..decays.data.len() {
        let (a, b) = (f64::from(components.total.dose.data[v]), f64::from(direct.total.dose.data[v]));
        let sigma = (a * f64::from(components.total.uncertainty.data[v])).hypot(b * f64::from(direct.total.uncertainty.data[v]));
        // Voxels hit often enough for the error to mean something.
        if a > 0.0 && sigma < 0.1 * a {
            chi += ((a - b) / sigma).powi(2);
            worst = worst.max((a - b).abs() / sigma);
            n += 1.0;
        }
    }
    println!("{n} voxels: mean square deviation {:.3} variances, worst {worst:.1} sigma", chi / n);
    // Errors come from 16 batches each: the mean square is between 30/28 and 15/13, and known to 6 % with so many voxels.
    assert!(n > 600.0 && (0.85..1.35).contains(&(chi / n)), "{n} {chi}");
    for region in ["left", "right"] {
        let row = |e: &Evaluation| {
            let row = e.rows.iter().find(|row| row.fraction == Period::Total && row.region == region).expect("a row");
            (row.dose_mean_gy.expect("a dose"), row.dose_mean_sigma_gy.expect("an error"))
        };
        let ((a, sa), (b, sb)) = (row(&components), row(&direct));
        println!("{region}: {a:.5} +- {sa:.5} against {b:.5} +- {sb:.5} Gy");
        assert!((a - b).abs() < 4.0 * sa.hypot(sb) + 1e-6 * a, "{region}: {a} +- {sa} against {b} +- {sb}");
    }
}
