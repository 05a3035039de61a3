//! Linear energy transfer: energy-weighted sums against integrals over the stopping power.

use dosaic::{
    nuclide::{Line, spectrum::EnergySampler},
    physics::{
        alpha_stopping::alpha_stopping,
        interpolation::{LogLogSpline, cumulative_integral},
    },
    plan::WaterData,
    transport::{backend::Particle, constants::LET_QUANTA},
};
use glam::{DVec3, UVec3, Vec3};

use crate::{
    follow, options, start,
    world::{QUANTUM, Setup},
};

/// Int S_el dE from `low` to `high` MeV, MeV (MeV cm2/g).
fn stopping_energy(setup: &Setup, low: f64, high: f64) -> f64 {
    let s = alpha_stopping(&setup.phantom.materials[0], setup.settings.tables.water).expect("data");
    let electronic = LogLogSpline::new(&s.energy, &s.electronic);
    let grid: Vec<f64> = (0..=400).map(|k| low * (high / low).powf(f64::from(k) / 400.0)).collect();
    *cumulative_integral(&grid, 0.0, |e| electronic.eval(e)).last().expect("not empty")
}

/// Dose-averaged LET over whole tracks, keV/um: Int S_el dE / E times the density.
#[test]
fn of_whole_tracks() {
    for (name, density, energy) in
        [("water_liquid", 1.0f32, 5.8), ("water_liquid", 1.0, 8.375), ("bone_cortical_icrp", 1.85, 5.8), ("lung", 0.26, 6.0)]
    {
        let setup = Setup::new(&[name], [9; 3], DVec3::splat(0.3), options(WaterData::Icru90), |_| (0, density));
        let spectrum = EnergySampler::new(&[Line { energy, intensity: 1.0 }], &[]).expect("a line");
        let source = [[u32::MAX, setup.phantom.grid.index([4; 3]) as u32]];
        let run = setup.run(Particle::Alpha, &source, spectrum.rows(), 100_000);
        let whole = run.means.regions[0];
        let found = whole.edep_let / whole.edep;
        let expected = 0.1 * f64::from(density) * stopping_energy(&setup, 1e-3, energy) / energy;
        eprintln!(
            "{name} {density} g/cm3, {energy} MeV: LET_d {found:.3} keV/um, integral {expected:.3} ({:+.3} %)",
            100.0 * (found / expected - 1.0)
        );
        assert!((found / expected - 1.0).abs() < 3e-3, "{name}: {found} keV/um instead of {expected}");
        assert!((whole.edep - energy).abs() < 1e-6 * energy, "all energy stays inside");
    }
}

/// Slice by slice along a track: the mean LET in a slice is Int S_el dE / Int dE over the energies it spans.
#[test]
fn along_a_track() {
    let setup = Setup::new(&["water_liquid"], [1, 1, 60], DVec3::new(10.0, 10.0, 1e-3), options(WaterData::Icru90), |_| (0, 1.0));
    let params = setup.params();
    let offset = 0.5 * Vec3::from(params.spacing).with_z(0.0);
    let mut energy = 5.8;
    let mut slices = 0;
    follow(&setup, &params, start(&setup, &params, UVec3::ZERO, offset, Vec3::Z, 5.8, 0.0), |d| {
        let after = energy - f64::from(d.quanta) * QUANTUM;
        let found = f64::from(d.let_quanta) / f64::from(LET_QUANTA) / (energy - after);
        if after > 0.05 {
            let expected = 0.1 * stopping_energy(&setup, after, energy) / (energy - after);
            assert!((found / expected - 1.0).abs() < 2e-3, "slice {}: {found} keV/um instead of {expected}", d.index);
            slices += 1;
        }
        energy = after;
    });
    assert!(slices > 44, "{slices} slices");
}
