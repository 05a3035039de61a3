//! Single condensed steps without a hard event: how far they reach, how they turn, what they lose.

use dosaic::{
    physics::{
        berger_seltzer::Charge, constants::AVOGADRO, goudsmit_saunderson::transport_coefficients, moller, quadrature::integrate_log,
    },
    transport::{
        cpu::{
            electron::{
                ELECTRON_FINAL, ELECTRON_MOVING, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronWaiting, electron_advance,
                electron_begin_step, electron_deflect, electron_start, electron_step,
            },
            event::event_stays,
            tables::{table_electron, table_electron_energy, table_electron_range},
            tally::tally_quanta,
        },
        layout::Params,
        tables::TableOptions,
    },
};
use glam::{DVec3, Vec3};

use crate::world::{Setup, fine_options};

/// 10 m of a medium at its density.
fn medium(name: &str, options: TableOptions) -> Setup {
    let density = dosaic::physics::materials::find(name).expect("a tabulated material").density as f32;
    Setup::new(&[name], [1; 3], DVec3::splat(1.0e4), options, |_| (0, density))
}

/// An electron along z at the beginning of a step in which nothing hard happens.
fn begin(setup: &Setup, params: &Params, energy: f64, history: u32) -> Electron {
    let waiting = ElectronWaiting {
        offset: Vec3::splat(500.0),
        direction: Vec3::Z,
        range: table_electron_range(&setup.tables, 0, energy as f32),
        quanta: tally_quanta(energy as f32),
        interactions: 1.0e9,
        stream: (energy as f32).to_bits(),
        draw: 1,
        ..ElectronWaiting::default()
    };
    let mut e = electron_start(params, &setup.phantom.voxels, waiting);
    electron_begin_step::<false>(params, &setup.tables, &setup.phantom.voxels, [history, 0], &mut e);
    assert_eq!(e.state, ELECTRON_MOVING);
    e
}

/// Mean cosine exp(-G) of H. W. Lewis, Phys. Rev. 78 (1950) 526, G the integral of the first transport coefficient over the path; and a mean reach of
/// (1 - exp(-G)) / G of the path, as in a medium that turns evenly. Two legs of the path's own length would reach G^2 / 12 further: half a percent in these steps in bone and lead.
#[test]
fn steps_turn_and_reach_as_far_as_lewis_says() {
    const HISTORIES: u32 = 100_000;
    for (name, energies) in [("water_liquid", [0.05, 0.3, 2.0]), ("bone_cortical_icrp", [0.05, 0.3, 2.0]), ("lead", [0.1, 0.3, 2.0])] {
        // Next to no straggling, so that the mean range lost is the path.
        let options = TableOptions { straggling_floor: 1.0, photon_threshold: Some(1.0e-3), ..fine_options() };
        let setup = medium(name, options);
        let params = Params { range_rejection: 0, ..setup.params() };
        let (tables, voxels) = (&setup.tables, &setup.phantom.voxels[..]);
        let density = setup.phantom.materials[0].density;
        for energy in energies {
            let (mut cosine, mut reach, mut reach_square) = (0.0, 0.0, 0.0);
            for history in 0..HISTORIES {
                let mut e = begin(&setup, &params, energy, history);
                // In doubles from the shares, as an offset of metres has not the digits.
                let (mut share, mut z) = (0.0, 0.0);
                while e.state != ELECTRON_STEP {
                    if e.state == ELECTRON_TURN {
                        electron_deflect(tables, &mut e);
                    }
                    let along = f64::from(e.direction.z);
                    electron_advance::<false>(&params, tables, voxels, &mut e);
                    z += (f64::from(e.share) - share) * f64::from(e.step) * along;
                    share = f64::from(e.share);
                }
                cosine += f64::from(e.direction.z);
                reach += z;
                reach_square += z * z;
            }
            let n = f64::from(HISTORIES);
            (cosine, reach, reach_square) = (cosine / n, reach / n, reach_square / n);
            let start = table_electron_range(tables, 0, energy as f32);
            let path = f64::from(electron_step(tables, 0, start)) * (1.0 + f64::from(table_electron(tables, 0, start).drift));
            const PIECES: u32 = 16;
            let exponent = |k: u32| {
                let at = f64::from(table_electron_energy(tables, 0, start - (path * (f64::from(k) + 0.5) / f64::from(PIECES)) as f32));
                let cut = setup.settings.tables.delta_threshold(at);
                path / f64::from(PIECES) * transport_coefficients(Charge::Electron, &setup.phantom.materials[0], at, cut, 1)[1]
            };
            let g: f64 = (0..PIECES).map(exponent).sum();
            let expected = path * (1.0 - (-g).exp()) / g;
            let sigma = ((reach_square - reach * reach) / n).sqrt();
            println!(
                "  {name}, {energy} MeV, path {:.3e} cm: mean cosine {cosine:.4} ({:.4}), reach {:+.3} +- {:.3} %, G^2/12 {:.2} %",
                path / density,
                (-g).exp(),
                100.0 * (reach / expected - 1.0),
                100.0 * sigma / expected,
                100.0 * g * g / 12.0
            );
            assert!(
                (cosine - (-g).exp()).abs() < 0.01 * (1.0 - cosine) + 2.0 / n.sqrt() * (1.0 - cosine),
                "{name}, {energy} MeV: {cosine}"
            );
            assert!((reach / expected - 1.0).abs() < 2.0e-3 + 4.0 * sigma / expected, "{name}, {energy} MeV: {reach}, not {expected}");
        }
    }
}

/// Loss of a step: variance and third moment from the transfers between straggling floor and threshold. The variance is right within 3 %; the skewness only
/// about (`LOSS_SKEWNESS`, model.md), 0.6 to 0.8 of what the transfers have here: 0.5 to 1.5 are let pass. Without its quadratic part the sample would be symmetric.
#[test]
fn soft_losses_have_the_spread_and_about_the_skewness_of_their_transfers() {
    const HISTORIES: u32 = 100_000;
    let setup = medium("water_liquid", TableOptions { photon_threshold: Some(1.0e-3), ..fine_options() });
    let params = Params { range_rejection: 0, ..setup.params() };
    let electrons = setup.phantom.materials[0].z_over_a() * AVOGADRO;
    for energy in [0.1, 0.3, 1.0, 3.0] {
        let losses: Vec<f64> = (0..HISTORIES).map(|history| f64::from(begin(&setup, &params, energy, history).loss)).collect();
        let n = f64::from(HISTORIES);
        let mean = losses.iter().sum::<f64>() / n;
        let moment = |power: i32| losses.iter().map(|loss| (loss - mean).powi(power)).sum::<f64>() / n;
        let (spread, skewness) = (moment(2).sqrt(), moment(3) / moment(2).powf(1.5));
        // At the energy in the middle of the step.
        let step = begin(&setup, &params, energy, 0).step;
        let range = table_electron_range(&setup.tables, 0, energy as f32);
        let at = |range: f32| f64::from(table_electron_energy(&setup.tables, 0, range));
        let (middle, lost) = (at(range - 0.5 * step), at(range) - at(range - step));
        let cut = setup.settings.tables.delta_threshold(middle);
        let transfers = |power: i32| {
            let along = electrons * f64::from(step);
            along * integrate_log(setup.settings.tables.straggling_floor, cut, 16, |w| w.powi(power) * moller::differential(middle, w))
        };
        let (expected_spread, expected) = (transfers(2).sqrt() / lost, transfers(3) / transfers(2).powf(1.5));
        println!("  {energy} MeV: spread {spread:.4} ({expected_spread:.4}), skewness {skewness:.3} ({expected:.3})");
        assert!((spread / expected_spread - 1.0).abs() < 0.03, "{energy} MeV: spread {spread}, expected {expected_spread}");
        assert!((skewness / expected - 1.0).abs() < 0.5, "{energy} MeV: skewness {skewness}, expected {expected}");
    }
}

/// Steps, cuts and what becomes of delta rays depend on the particle, not on the density of its voxel: without range rejection the same bits in lung,
/// water and bone density. Fano's theorem asks for it (case `fano` of `dosaic verify`, whose statistics would see a wrong cut only in a long run).
#[test]
fn steps_and_cuts_are_the_same_at_any_density() {
    const DENSITIES: [f32; 3] = [0.26, 1.0, 1.85];
    // Voxels of 1 mm: absorption below 7 um at 0.26 g/cm3, steps up to 40 % of the range where they are below 40 um.
    let options = TableOptions { step_fraction_most: 0.4, step_length: 4.0e-3, cut_length: 7.0e-4, ..fine_options() };
    let setup = Setup::new(&["water_liquid"], [3, 1, 1], DVec3::splat(1.0), options, |[i, _, _]| (0, DENSITIES[i as usize]));
    let params = Params { range_rejection: 0, ..setup.params() };
    let (tables, voxels) = (&setup.tables, &setup.phantom.voxels[..]);
    let (mut absorbed, mut staying) = (0, 0);
    for history in 0..400 {
        // 5 keV to 5 MeV.
        let energy = 5.0e-3 * 1.0e3f32.powf(history as f32 / 400.0);
        let found = [0, 1, 2].map(|index| {
            let waiting = ElectronWaiting {
                index,
                offset: Vec3::splat(0.05),
                direction: Vec3::Z,
                range: table_electron_range(tables, 0, energy),
                quanta: tally_quanta(energy),
                interactions: 0.3,
                draw: 1,
                ..ElectronWaiting::default()
            };
            let mut e = electron_start(&params, voxels, waiting);
            let deposit = electron_begin_step::<false>(&params, tables, voxels, [history, 0], &mut e);
            let stays = event_stays::<false>(&params, tables, voxels, [history, 0], e.voxel, e.medium, e.offset, energy, 1);
            absorbed += u32::from(e.event == ELECTRON_FINAL);
            staying += u32::from(stays);
            (e.event, e.step.to_bits(), e.loss.to_bits(), e.stop.to_bits(), deposit.quanta, stays)
        });
        assert!(found[0] == found[1] && found[1] == found[2], "{energy} MeV: {found:?}");
    }
    // Both happen, and both end.
    assert!((30..1170).contains(&absorbed) && (30..1170).contains(&staying), "{absorbed} {staying}");
}
