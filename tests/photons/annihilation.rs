//! Annihilation of positrons, at rest and in flight.

use dosaic::{
    physics::{
        annihilation::{cosine, differential, shares, total},
        berger_seltzer::Charge,
        constants::{AVOGADRO, ELECTRON_MASS},
        electron_stopping::electron_stopping,
        interpolation::LogLogSpline,
        quadrature::integrate_log,
    },
    plan::WaterData,
    transport::{
        constants::{KIND_POSITRON, REST_QUANTA},
        cpu::electron::{ELECTRON_DONE, ELECTRON_RADIATE, ELECTRON_REST},
        layout::Params,
    },
};
use glam::DVec3;

use crate::lab::{LIGHT, Mean, mev};

#[test]
fn at_rest_two_photons_of_511_kev_fly_apart_in_any_direction() {
    let (mut along, mut square) = ([Mean::default(); 3], [Mean::default(); 3]);
    for history in 0..40_000 {
        let mut positron = LIGHT.electron(history, 0, KIND_POSITRON, 0.1);
        positron.quanta = 0;
        let result = LIGHT.event(history, &mut positron, ELECTRON_REST);
        assert_eq!((result.photons, result.first.quanta, result.second.quanta, result.quanta), (2, REST_QUANTA, REST_QUANTA, 0));
        assert_eq!(positron.state, ELECTRON_DONE);
        assert!(result.first.direction == -result.second.direction && result.first.stream != result.second.stream);
        for (axis, x) in result.first.direction.to_array().into_iter().enumerate() {
            along[axis].add(x.into());
            square[axis].add(f64::from(x * x));
        }
    }
    assert!((mev(REST_QUANTA) - ELECTRON_MASS).abs() < 1.0e-6);
    for axis in 0..3 {
        along[axis].meets("mean component", 0.0, 0.0);
        square[axis].meets("mean square of a component", 1.0 / 3.0, 0.0);
    }
}

/// Energy to the quantum, momentum to f32; the shares against the differential cross section, angles against the kinematics.
#[test]
fn in_flight_energy_and_momentum_are_conserved() {
    for energy in [0.05, 0.3, 1.0, 4.0] {
        let momentum = (energy * (energy + 2.0 * ELECTRON_MASS)).sqrt();
        let mut square = Mean::default();
        let mut found = 0;
        for history in 0.. {
            let mut positron = LIGHT.electron(history, 0, KIND_POSITRON, energy);
            let before = positron.quanta;
            let result = LIGHT.event(history, &mut positron, ELECTRON_RADIATE);
            if result.photons != 2 {
                continue;
            }
            assert_eq!(result.first.quanta + result.second.quanta + result.quanta, before + 2 * REST_QUANTA);
            assert_eq!((positron.quanta, positron.state), (0, ELECTRON_DONE));
            let sum: DVec3 = [result.first, result.second].iter().map(|p| mev(p.quanta) * p.direction.as_dvec3()).sum();
            let off = (sum - DVec3::Z * momentum).length();
            assert!(off < 2.0e-4 * (energy + 1.0), "{energy} MeV: momentum {sum}, not {momentum} along z");
            let share = mev(result.first.quanta) / (energy + 2.0 * ELECTRON_MASS);
            assert!((f64::from(result.first.direction.z) - cosine(energy, share)).abs() < 1.0e-3, "{energy} MeV, share {share}");
            square.add((share - 0.5).powi(2));
            found += 1;
            if found == 20_000 {
                break;
            }
        }
        let (low, _) = shares(energy);
        let integral = |f: &dyn Fn(f64) -> f64| integrate_log(low, 0.5, 20, |zeta| f(zeta) * differential(energy, zeta));
        let expected = integral(&|zeta| (zeta - 0.5).powi(2)) / integral(&|_| 1.0);
        square.meets(&format!("{energy} MeV: variance of the share"), expected, 2.0e-3 * expected);
    }
}

/// How many positrons of an energy meet an electron before they stop, against the integral of cross section over stopping power: with every step
/// followed, and where all is done in one voxel (range rejection).
#[test]
fn as_many_annihilate_in_flight_as_the_cross_section_says() {
    let water = &LIGHT.materials[0];
    let stopping = electron_stopping(water, WaterData::Icru49).expect("data");
    let losses = LogLogSpline::new(&stopping.energy, &stopping.total(Charge::Positron));
    let electrons = water.z_over_a() * AVOGADRO;
    for (energy, followed) in [(0.6, 60_000), (1.0, 60_000), (3.0, 30_000)] {
        let expected = 1.0 - (-integrate_log(1.0e-3, energy, 24, |e| electrons * total(e) / losses.eval(e))).exp();
        for (range_rejection, histories) in [(0, followed), (1, 400_000)] {
            let params = Params { range_rejection, ..LIGHT.params };
            let mut in_flight = Mean::default();
            for history in 0..histories {
                let positron = LIGHT.electron(history, 0, KIND_POSITRON, energy);
                let (mut annihilations, mut at_rest) = (0, 0);
                LIGHT.follow(&params, history, positron, |event| {
                    if event.photons == 2 {
                        annihilations += 1;
                        at_rest += u32::from(event.first.direction == -event.second.direction && event.first.quanta == REST_QUANTA);
                    }
                });
                assert_eq!(annihilations, 1, "each positron annihilates once");
                in_flight.add(f64::from(1 - at_rest));
            }
            let way = if range_rejection == 1 { "in one voxel" } else { "step by step" };
            in_flight.meets(&format!("{energy} MeV, {way}: share in flight"), expected, 0.01 * expected);
        }
    }
}
