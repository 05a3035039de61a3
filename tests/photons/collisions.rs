//! Hard collisions of electrons and positrons.

use dosaic::{
    physics::{
        bhabha,
        constants::{AVOGADRO, ELECTRON_MASS},
        moller,
        quadrature::integrate_log,
    },
    transport::{
        constants::{KIND_ELECTRON, KIND_POSITRON, RADIATION_AT},
        cpu::{
            electron::{ELECTRON_HARD, electron_step},
            tables::{table_charge, table_electron, table_electron_energy, table_electron_range, table_family},
        },
    },
};

use crate::lab::{LIGHT, mev, shares_meet};

/// Transfers above the threshold against the differential cross section in six classes; momentum is that of two bodies.
#[test]
fn transfers_have_the_spectrum_of_moeller_and_of_bhabha() {
    for (kind, name, differential, share) in
        [(KIND_ELECTRON, "Moeller", moller::differential as fn(f64, f64) -> f64, 0.5), (KIND_POSITRON, "Bhabha", bhabha::differential, 1.0)]
    {
        for energy in [0.03f64, 0.3, 1.0, 5.0] {
            let (low, most) = ((0.05 * energy).max(1.0e-3), share * energy);
            let ratio: f64 = most / low;
            let end = |k: u32| low * ratio.powf(f64::from(k) / 6.0);
            let momentum = |e: f64| (e * (e + 2.0 * ELECTRON_MASS)).sqrt();
            let mut counts = [0u32; 6];
            for history in 0..120_000 {
                let mut primary = LIGHT.electron(history, 0, kind, energy);
                let before = primary.quanta;
                let result = LIGHT.event(history, &mut primary, ELECTRON_HARD);
                if result.born == 0 {
                    continue;
                }
                let delta = &result.delta;
                assert_eq!(delta.quanta + primary.quanta + result.quanta, before);
                let transfer = mev(delta.quanta);
                counts[((6.0 * (transfer / low).ln() / ratio.ln()).max(0.0) as usize).min(5)] += 1;
                let sum = momentum(transfer) * delta.direction.as_dvec3() + momentum(mev(primary.quanta)) * primary.direction.as_dvec3();
                let off = (sum - glam::DVec3::Z * momentum(energy)).length() / momentum(energy);
                assert!(off < 2.0e-3, "{name}, {energy} MeV, transfer {transfer}: momentum is off by {off}");
            }
            assert!(counts.iter().sum::<u32>() > 50_000, "{counts:?}");
            let expected: Vec<f64> = (0..6).map(|k| integrate_log(end(k), end(k + 1), 8, |w| differential(energy, w))).collect();
            shares_meet(&format!("{name}, {energy} MeV"), &counts, &expected, 1.0e-3);
        }
    }
}

/// Collisions per g/cm2, from the table's count of events in a step, against the cross sections.
#[test]
fn collisions_are_as_frequent_as_their_cross_section() {
    let tables = &LIGHT.setup.tables;
    for (medium, material) in LIGHT.materials.iter().enumerate() {
        for (kind, name) in [(KIND_ELECTRON, "Moeller"), (KIND_POSITRON, "Bhabha")] {
            for energy in [0.03f64, 0.3, 1.0, 5.0] {
                let family = table_family(medium as u32, kind);
                let range = table_electron_range(tables, family, energy as f32);
                // The step that has this energy in its middle; its path exceeds its length as the loss says.
                let step = electron_step(tables, medium as u32, range);
                let row = table_electron(tables, family, range + 0.5 * step);
                let path = electron_step(tables, medium as u32, range + 0.5 * step) * (1.0 + row.drift);
                let at = table_electron_energy(tables, family, range);
                let collisions = f64::from(row.collisions * (1.0 - table_charge(tables, family, RADIATION_AT, at)) / path);
                let cut = (0.05 * energy).max(1.0e-3);
                let sigma = if kind == KIND_ELECTRON { moller::hard(energy, cut) } else { bhabha::hard(energy, cut) };
                let expected = material.z_over_a() * AVOGADRO * sigma;
                println!("  {name}, {}, {energy} MeV: {collisions:.4} per g/cm2, expected {expected:.4}", material.name);
                // The table is a line between few nodes there.
                assert!((collisions / expected - 1.0).abs() < 0.015, "{name}, {energy} MeV: {collisions}, not {expected}");
            }
        }
    }
}
