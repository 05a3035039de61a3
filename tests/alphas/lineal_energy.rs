//! Saturated lineal energy: energy-weighted sums against integrals over the stopping power, and against the LET tally.

use dosaic::{
    nuclide::{Line, spectrum::EnergySampler},
    physics::{
        alpha_stopping::alpha_stopping,
        interpolation::{LogLogSpline, cumulative_integral},
    },
    plan::WaterData,
    transport::{backend::Particle, constants::LET_QUANTA, tables::TableOptions},
};
use glam::{DVec3, UVec3, Vec3};

use crate::{
    follow, options, start,
    world::{QUANTUM, Run, Setup},
};

fn saturated_at(y0: f64) -> TableOptions {
    TableOptions { saturation: Some(y0), ..options(WaterData::Icru90) }
}

/// Int y0^2 (1 - exp(-y^2/y0^2))/y dE from `low` to `high` MeV with y = 0.1 S_el, MeV keV/um.
fn saturated_energy(setup: &Setup, y0: f64, low: f64, high: f64) -> f64 {
    let s = alpha_stopping(&setup.phantom.materials[0], setup.settings.tables.water).expect("data");
    let electronic = LogLogSpline::new(&s.energy, &s.electronic);
    let grid: Vec<f64> = (0..=400).map(|k| low * (high / low).powf(f64::from(k) / 400.0)).collect();
    let y_star = |e: f64| {
        let y = 0.1 * electronic.eval(e);
        y0 * y0 * (1.0 - (-(y * y) / (y0 * y0)).exp()) / y
    };
    *cumulative_integral(&grid, 0.0, y_star).last().expect("not empty")
}

fn central_line(setup: &Setup, energy: f64, histories: u64) -> Run {
    let spectrum = EnergySampler::new(&[Line { energy, intensity: 1.0 }], &[]).expect("a line");
    let source = [[u32::MAX, setup.phantom.grid.index(setup.phantom.grid.size.map(|n| n / 2)) as u32]];
    setup.run(Particle::Alpha, &source, spectrum.rows(), histories)
}

/// Mean over whole tracks: Int y* dE / E, at 1 g/cm3 whatever the density of the voxels.
#[test]
fn of_whole_tracks() {
    for (name, density, energy, y0) in [
        ("water_liquid", 1.0f32, 5.8, 150.0),
        ("water_liquid", 1.0, 8.375, 100.0),
        ("bone_cortical_icrp", 1.85, 5.8, 150.0),
        ("lung", 0.26, 6.0, 150.0),
    ] {
        let setup = Setup::new(&[name], [9; 3], DVec3::splat(0.3), saturated_at(y0), |_| (0, density));
        let whole = central_line(&setup, energy, 100_000).means.regions[0];
        let found = whole.edep_quality / whole.edep;
        let expected = saturated_energy(&setup, y0, 1e-3, energy) / energy;
        eprintln!(
            "{name} {density} g/cm3, {energy} MeV, y0 {y0} keV/um: mean y* {found:.3} keV/um, integral {expected:.3} ({:+.3} %)",
            100.0 * (found / expected - 1.0)
        );
        assert!((found / expected - 1.0).abs() < 3e-3, "{name}: {found} keV/um instead of {expected}");
        assert!(found < 0.6382 * y0 && found < whole.edep_let / whole.edep / f64::from(density), "saturation only takes away");
    }
}

/// Slice by slice along a track: saturation shows where the LET peaks.
#[test]
fn along_a_track() {
    let y0 = 150.0;
    let setup = Setup::new(&["water_liquid"], [1, 1, 60], DVec3::new(10.0, 10.0, 1e-3), saturated_at(y0), |_| (0, 1.0));
    let params = setup.params();
    let offset = 0.5 * Vec3::from(params.spacing).with_z(0.0);
    let mut energy = 5.8;
    let (mut slices, mut least) = (0, 1.0f64);
    follow(&setup, &params, start(&setup, &params, UVec3::ZERO, offset, Vec3::Z, 5.8, 0.0), |d| {
        let after = energy - f64::from(d.quanta) * QUANTUM;
        let found = f64::from(d.quality_quanta) / f64::from(LET_QUANTA) / (energy - after);
        if after > 0.05 {
            let expected = saturated_energy(&setup, y0, after, energy) / (energy - after);
            assert!((found / expected - 1.0).abs() < 2e-3, "slice {}: {found} keV/um instead of {expected}", d.index);
            least = least.min(f64::from(d.quality_quanta) / f64::from(d.let_quanta));
            slices += 1;
        }
        energy = after;
    });
    assert!(slices > 44, "{slices} slices");
    // y = 226 keV/um at the Bragg peak.
    assert!(least < 0.45, "least y*/y {least}");
}

/// Far from saturation y* is the lineal energy: in water of 1 g/cm3 both tallies count the same.
#[test]
fn without_saturation_it_is_the_let() {
    let setup = Setup::new(&["water_liquid"], [9; 3], DVec3::splat(0.02), saturated_at(1.0e7), |_| (0, 1.0));
    let means = central_line(&setup, 5.8, 20_000).means;
    let (lets, qualities) = (means.edep_let.expect("alphas"), means.edep_quality.expect("scored"));
    assert!(lets.len() > 150, "{} voxels", lets.len());
    for ((l, q), voxel) in lets.iter().zip(&qualities).zip(&means.voxels) {
        assert!((q / l - 1.0).abs() < 1e-6, "voxel {voxel}: {q} and {l} MeV keV/um");
    }
    assert_eq!(means.regions.len(), 1);
    assert!((means.regions[0].edep_quality / means.regions[0].edep_let - 1.0).abs() < 1e-6);
}

/// The score changes nothing else, and without it there is none.
#[test]
fn energy_and_let_are_those_of_a_run_without_it() {
    let run = |options| central_line(&Setup::new(&["water_liquid"], [9; 3], DVec3::splat(0.02), options, |_| (0, 1.0)), 5.8, 5000).means;
    let (with, without) = (run(saturated_at(150.0)), run(options(WaterData::Icru90)));
    assert_eq!((&with.edep, &with.sigma, &with.edep_let), (&without.edep, &without.sigma, &without.edep_let));
    assert!(with.edep_quality.is_some() && without.edep_quality.is_none());
}
