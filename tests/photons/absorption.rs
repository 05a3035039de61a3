//! Photoelectric absorption with K fluorescence, and pair production.

use dosaic::{
    physics::{
        constants::ELECTRON_MASS,
        photon::fluorescence::{k_lines, k_share},
    },
    transport::{
        constants::REST_QUANTA,
        cpu::{
            photon::{PHOTON_DONE, PHOTON_FLYING},
            tally::tally_quanta,
        },
    },
};

use crate::lab::{ABSORPTION, HEAVY, LIGHT, Lab, Mean, PAIR, dipole_mean, integrate, mev};

/// K photons per absorption: none below the edge, above it the K shell's share times the yield; energies are the lines', directions isotropic.
#[test]
fn k_fluorescence_has_the_yield_of_its_element() {
    for (medium, below, above) in [(0, 0.0325, [0.036, 0.05, 0.15]), (1, 0.085, [0.091, 0.12, 0.4])] {
        let material = &HEAVY.materials[usize::from(medium)];
        let line = k_lines(material)[0];
        for energy in [below].into_iter().chain(above) {
            let (mut per_absorption, mut alpha, mut cosine) = (Mean::default(), Mean::default(), Mean::default());
            for history in 0..60_000 {
                let mut photon = HEAVY.photon(medium, energy, ABSORPTION);
                let result = HEAVY.interact(history, &mut photon);
                per_absorption.add(f64::from(photon.state));
                if photon.state == PHOTON_FLYING {
                    let lines = [line.k_alpha, line.k_beta].map(|k| tally_quanta(k as f32));
                    assert!(lines.contains(&photon.quanta), "{} quanta is no line", photon.quanta);
                    assert_eq!(result.quanta + photon.quanta, tally_quanta(line.binding as f32), "the rest of the binding energy stays");
                    alpha.add(f64::from(u8::from(photon.quanta == lines[0])));
                    cosine.add(f64::from(photon.direction.z));
                } else {
                    assert_eq!((photon.state, result.quanta), (PHOTON_DONE, 0));
                }
            }
            let expected = k_share(material, line.z, energy) * line.yield_;
            let name = format!("{}, {energy} MeV", material.name);
            if energy < line.binding {
                assert_eq!((per_absorption.mean(), expected), (0.0, 0.0), "{name}: below the edge");
                continue;
            }
            per_absorption.meets(&format!("{name}: K photons per absorption"), expected, 3.0e-3 * expected);
            alpha.meets(&format!("{name}: share of K alpha"), line.alpha_share, 0.0);
            cosine.meets(&format!("{name}: mean cosine of K photons"), 0.0, 0.0);
        }
    }
}

/// Photoelectrons against the integral of Sauter's distribution for the K shell.
#[test]
fn photoelectrons_have_the_directions_of_sauter() {
    for energy in [0.02, 0.1, 0.5, 2.0] {
        let mut cosine = Mean::default();
        for history in 0..60_000 {
            let mut photon = LIGHT.photon(0, energy, ABSORPTION);
            let result = LIGHT.interact(history, &mut photon);
            assert_eq!(result.electron.quanta, tally_quanta(energy as f32));
            cosine.add(f64::from(result.electron.direction.z));
        }
        let gamma = 1.0 + energy / ELECTRON_MASS;
        let beta = (1.0 - 1.0 / (gamma * gamma)).sqrt();
        let density = |c: f64| {
            let k = 1.0 - beta * c;
            (1.0 - c * c) / k.powi(4) * (1.0 + 0.5 * gamma * (gamma - 1.0) * (gamma - 2.0) * k)
        };
        let expected = integrate(-1.0, 1.0, 200, |c| c * density(c)) / integrate(-1.0, 1.0, 200, density);
        cosine.meets(&format!("{energy} MeV: mean cosine of photoelectrons"), expected, 1.0e-3);
    }
}

/// E - 2 m c^2 to the quantum, shared without preference; evenly up to 2.1 MeV, and with the variance of Bethe and Heitler's formula without
/// screening at 10 MeV; directions of dipoles.
#[test]
fn pairs_share_what_their_rest_energy_leaves() {
    let cases: [(&Lab, u8, f64); 6] =
        [(&LIGHT, 0, 1.2), (&LIGHT, 0, 1.9), (&LIGHT, 0, 2.614), (&LIGHT, 0, 10.0), (&HEAVY, 1, 2.614), (&HEAVY, 1, 10.0)];
    for (lab, medium, energy) in cases {
        let (mut share, mut square, mut direction) = (Mean::default(), Mean::default(), Mean::default());
        for history in 0..40_000 {
            let mut photon = lab.photon(medium, energy, PAIR);
            let before = photon.quanta;
            let result = lab.interact(history, &mut photon);
            assert_eq!((result.pair, photon.state, result.quanta), (1, PHOTON_DONE, 0));
            assert_eq!(result.electron.quanta + result.positron.quanta + 2 * REST_QUANTA, before);
            let part = f64::from(result.positron.quanta) / f64::from(before - 2 * REST_QUANTA);
            share.add(part);
            square.add((part - 0.5).powi(2));
            for particle in [result.electron, result.positron] {
                direction.add(f64::from(particle.direction.z) - dipole_mean(mev(particle.quanta) / ELECTRON_MASS));
            }
        }
        let name = format!("{}, {energy} MeV", lab.materials[usize::from(medium)].name);
        share.meets(&format!("{name}: share of the positron"), 0.5, 0.0);
        direction.meets(&format!("{name}: cosine less that of a dipole"), 0.0, 1.0e-3);
        if energy < 2.0 {
            square.meets(&format!("{name}: variance of the share"), 1.0 / 12.0, 0.0);
        } else if energy > 5.0 && medium == 0 {
            // Bethe and Heitler, bare nucleus, all energies large: (E+^2 + E-^2 + 2/3 E+ E-) (ln(2 E+ E- / k) - 1/2), in units of m c^2.
            let k = energy / ELECTRON_MASS;
            let density = |s: f64| {
                let (a, b) = (1.0 + s * (k - 2.0), 1.0 + (1.0 - s) * (k - 2.0));
                ((a * a + b * b + 2.0 / 3.0 * a * b) * ((2.0 * a * b / k).ln() - 0.5)).max(0.0)
            };
            let expected = integrate(0.0, 1.0, 64, |s| (s - 0.5).powi(2) * density(s)) / integrate(0.0, 1.0, 64, density);
            square.meets(&format!("{name}: variance of the share"), expected, 0.05 * expected);
        }
    }
}
