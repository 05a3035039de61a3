//! How far photons go, what they score on the way, and what they come to.

use dosaic::{
    phantom::{pack_voxel, voxel_density},
    physics::{materials::find, photon::attenuation::PhotonCoefficients, photon::fluorescence::k_lines},
    plan::PhotonMode,
    transport::{
        constants::{KIND_PHOTON, MODE_TRACK_LENGTH},
        cpu::{
            photon::{PHOTON_FLYING, PHOTON_INTERACTION, PHOTON_TRACING, Photon, photon_fly, photon_start, photon_trace},
            tally::tally_quanta,
        },
        layout::{Params, Queued},
    },
};
use glam::DVec3;

use crate::{
    lab::{HEAVY, LIGHT, Lab, Mean, mev, options, shares_meet},
    world::Setup,
};

const MATERIALS: [&str; 3] = ["water_liquid", "bone_cortical", "lung"];
/// Slabs of 2 mm.
const SLABS: u32 = 40;
const THICKNESS: f64 = 0.2;

/// What of the phantoms below fills slab k: (position in `MATERIALS`, density, g/cm3).
type Fill = fn(u32) -> (u8, f32);

fn setup(fill: Fill) -> Setup {
    let edges = DVec3::new(1.0e4, 1.0e4, 10.0 * THICKNESS);
    let mut setup = Setup::new(&MATERIALS, [1, 1, SLABS], edges, options(), |ijk| fill(ijk[2]));
    setup.settings.photons = PhotonMode::Analogue;
    setup
}

/// Follows a photon along z to its first interaction or out; the kerma scored on the way, MeV, and whether it came through.
fn first_flight(setup: &Setup, params: &Params, history: u32, energy: f64) -> (f64, bool) {
    let (tables, voxels) = (&setup.tables, &setup.phantom.voxels[..]);
    let queued = Queued {
        offset: [500.0, 500.0, 0.0],
        index: 0,
        direction: [0.0, 0.0, 1.0],
        quanta: tally_quanta(energy as f32),
        history: [history, 0],
        stream: 3,
        kind: KIND_PHOTON,
    };
    let mut photon = photon_start(params, voxels, queued, 0);
    let mut kerma = 0;
    loop {
        match photon.state {
            PHOTON_FLYING => _ = photon_fly::<false>(params, tables, voxels, queued.history, &mut photon),
            PHOTON_TRACING => kerma += photon_trace::<false>(params, tables, voxels, &mut photon).quanta,
            state => return (mev(kerma), state != PHOTON_INTERACTION),
        }
    }
}

/// A share exp(-sum mu x) comes through, whatever stands in the way; the kerma before the first interaction is E mu_en / mu of what does not.
#[test]
fn narrow_beams_are_attenuated_exponentially() {
    let cases: [(&str, Fill); 4] = [
        ("water, density factor 1.1", |_| (0, 1.1)),
        ("bone", |_| (1, 1.92)),
        ("bone on water", |k| if k < SLABS / 2 { (1, 1.92) } else { (0, 1.0) }),
        ("lung, bone and water of any density", |k| ((k / 3 % 3) as u8, [1.0, 1.9, 0.26][(k / 3 % 3) as usize] * (0.8 + 0.01 * k as f32))),
    ];
    let coefficients = MATERIALS.map(|name| PhotonCoefficients::new(&find(name).expect("a material")).expect("data"));
    for (name, fill) in cases {
        let setup = setup(fill);
        let analogue = setup.params();
        let tracing = Params { photon_mode: MODE_TRACK_LENGTH, ..analogue };
        for energy in [0.03, 0.1, 0.662, 2.614] {
            let (mut depth, mut expected_kerma) = (0.0f64, 0.0);
            for k in 0..SLABS {
                let (material, density) = fill(k);
                let own = &coefficients[usize::from(material)];
                let mu = own.at(energy).total();
                let thick = f64::from(voxel_density(pack_voxel(material, density))) * THICKNESS * mu;
                expected_kerma += energy * own.energy_absorption(energy) / mu * (-depth).exp() * (1.0 - (-thick).exp());
                depth += thick;
            }
            let expected = (-depth).exp();
            let (mut through, mut traced, mut kerma) = (Mean::default(), Mean::default(), Mean::default());
            for history in 0..40_000 {
                through.add(f64::from(u8::from(first_flight(&setup, &analogue, history, energy).1)));
                let (scored, passed) = first_flight(&setup, &tracing, history, energy);
                traced.add(f64::from(u8::from(passed)));
                kerma.add(scored);
            }
            // The tables are lines between 16 energies per octave.
            through.meets(&format!("{name}, {energy} MeV: transmission"), expected, 2.0e-3 * expected * depth + 1.0e-4);
            traced.meets(&format!("{name}, {energy} MeV: transmission, traced"), expected, 2.0e-3 * expected * depth + 1.0e-4);
            kerma.meets(&format!("{name}, {energy} MeV: kerma"), expected_kerma, 4.0e-3 * expected_kerma);
        }
    }
}

/// What an interaction was, told by what it leaves behind.
fn kind_of(lab: &Lab, medium: u8, history: u32, photon: &mut Photon) -> usize {
    let before = *photon;
    let result = lab.interact(history, photon);
    if result.pair == 1 {
        return 3;
    }
    let lines = k_lines(&lab.materials[usize::from(medium)]);
    let line = lines.iter().any(|l| [l.k_alpha, l.k_beta].iter().any(|&k| photon.quanta == tally_quanta(k as f32)));
    if photon.state != PHOTON_FLYING || line {
        return 2;
    }
    usize::from(photon.quanta == before.quanta && result.electron.quanta == 0)
}

#[test]
fn interactions_have_the_shares_of_their_coefficients() {
    let cases: [(&Lab, u8, &[f64]); 4] = [
        (&LIGHT, 0, &[0.02, 0.06, 1.0, 4.0, 9.0]),
        (&LIGHT, 1, &[0.02, 0.06, 0.15, 4.0]),
        (&HEAVY, 0, &[0.05, 0.15, 0.4, 4.0]),
        (&HEAVY, 1, &[0.12, 0.5, 3.0, 9.0]),
    ];
    for (lab, medium, energies) in cases {
        let material = &lab.materials[usize::from(medium)];
        let coefficients = PhotonCoefficients::new(material).expect("data");
        for &energy in energies {
            let mut counts = [0; 4];
            for history in 0..20_000 {
                let mut photon = Photon { state: PHOTON_FLYING, choice: 0.0, ..lab.photon(medium, energy, 0) };
                while photon.state == PHOTON_FLYING {
                    photon_fly::<false>(&lab.params, &lab.setup.tables, &lab.setup.phantom.voxels, [history, 0], &mut photon);
                }
                if photon.state == PHOTON_INTERACTION && photon.index == u32::from(medium) {
                    counts[kind_of(lab, medium, history, &mut photon)] += 1;
                }
            }
            let c = coefficients.at(energy);
            assert!(counts.iter().sum::<u32>() > 19_900, "all interact within 5 m");
            // The tables are lines between 16 energies per octave.
            shares_meet(
                &format!("{}, {energy} MeV", material.name),
                &counts,
                &[c.incoherent, c.coherent, c.photoelectric, c.pair + c.triplet],
                1.0e-3,
            );
        }
    }
}
