//! Compton scattering: angles, energies, the motion of the electrons, and the recoil.

use dosaic::{
    physics::{
        constants::ELECTRON_MASS,
        photon::compton::{scattering_function, shells},
    },
    transport::{
        constants::INVERSE_ALPHA,
        cpu::interaction::InteractionResult,
        cpu::photon::{PHOTON_FLYING, Photon},
    },
};

use crate::lab::{COMPTON, LIGHT, Mean, integrate, mev, shares_meet};

/// Energy after scattering on a free electron at rest, relative to before.
fn free(energy: f64, cosine: f64) -> f64 {
    1.0 / (1.0 + energy / ELECTRON_MASS * (1.0 - cosine))
}

/// Klein and Nishina per cosine with the scattering function of water, any unit.
fn bound(energy: f64, cosine: f64) -> f64 {
    let ratio = free(energy, cosine);
    let x = energy * 1.0e3 / 12.398_42 * (0.5 * (1.0 - cosine)).sqrt();
    ratio * ratio * (ratio + 1.0 / ratio - 1.0 + cosine * cosine) * scattering_function(&LIGHT.materials[0], x)
}

fn scatter(energy: f64, histories: u32, mut see: impl FnMut(&Photon, &InteractionResult)) {
    for history in 0..histories {
        let mut photon = LIGHT.photon(0, energy, COMPTON);
        let result = LIGHT.interact(history, &mut photon);
        assert!(photon.state == PHOTON_FLYING && (photon.direction.length() - 1.0).abs() < 1.0e-5);
        see(&photon, &result);
    }
}

/// Against the integral of Klein and Nishina's formula times Hubbell's scattering function. At 20 keV
/// without the scattering function the mean cosine would be 0.07 higher. The impulse approximation's own S(x) differs a little from Hubbell's there.
#[test]
fn angles_and_energies_are_those_of_bound_electrons() {
    for (energy, angle, transfer) in [(0.02, 0.012, 0.06), (0.1, 3.0e-3, 0.01), (1.0, 2.0e-3, 4.0e-3)] {
        let (mut cosines, mut transfers) = (Mean::default(), Mean::default());
        let mut counts = [0u32; 8];
        let mut azimuth = Mean::default();
        scatter(energy, 150_000, |photon, _| {
            let cosine = f64::from(photon.direction.z);
            cosines.add(cosine);
            transfers.add(1.0 - mev(photon.quanta) / energy);
            counts[((4.0 * (cosine + 1.0)) as usize).min(7)] += 1;
            azimuth.add(f64::from(photon.direction.x));
        });
        let whole = integrate(-1.0, 1.0, 64, |c| bound(energy, c));
        let mean = |f: &dyn Fn(f64) -> f64| integrate(-1.0, 1.0, 64, |c| f(c) * bound(energy, c)) / whole;
        cosines.meets(&format!("{energy} MeV: mean cosine"), mean(&|c| c), angle);
        let expected = mean(&|c| 1.0 - free(energy, c));
        transfers.meets(&format!("{energy} MeV: mean share of the energy transferred"), expected, transfer * expected);
        let bins: Vec<f64> =
            (0..8).map(|k| integrate(-1.0 + 0.25 * f64::from(k), -0.75 + 0.25 * f64::from(k), 8, |c| bound(energy, c))).collect();
        shares_meet(&format!("{energy} MeV: cosines"), &counts, &bins, angle);
        azimuth.meets(&format!("{energy} MeV: azimuth"), 0.0, 0.0);
    }
}

/// At 1 MeV binding is little: at every angle the mean energy is that of a free electron, the recoil goes opposite, in the plane, under Compton's angle.
#[test]
fn fast_photons_scatter_as_on_free_electrons() {
    let energy = 1.0;
    let mut ratios = [Mean::default(); 5];
    let (mut recoil, mut opposite) = (Mean::default(), Mean::default());
    scatter(energy, 100_000, |photon, result| {
        let cosine = f64::from(photon.direction.z);
        ratios[((2.5 * (cosine + 1.0)) as usize).min(4)].add(mev(photon.quanta) / energy / free(energy, cosine));
        if (-0.9..0.9).contains(&cosine) {
            let (p, e) = (photon.direction.as_dvec3(), result.electron.direction.as_dvec3());
            opposite.add((p.x * e.x + p.y * e.y) / (p.x.hypot(p.y) * e.x.hypot(e.y)));
            // cot phi = (1 + kappa) tan(theta / 2)
            let half = ((1.0 - cosine) / (1.0 + cosine)).sqrt();
            recoil.add(e.z.acos() - (1.0 / ((1.0 + energy / ELECTRON_MASS) * half)).atan());
        }
    });
    for (i, mean) in ratios.iter().enumerate() {
        mean.meets(&format!("1 MeV, cosines from {}: energy over the free one", -1.0 + 0.4 * i as f64), 1.0, 2.0e-3);
    }
    opposite.meets("cosine between the azimuths", -1.0, 1.0e-4);
    recoil.meets("recoil angle less that of a free electron, radian", 0.0, 3.0e-3);
}

/// Doppler broadening at 100 keV, a right angle: how many electrons had less than a momentum along the transfer, against the shells' profiles.
#[test]
fn energies_are_broadened_by_the_electrons_momentum() {
    let energy = 0.1;
    let limits = [0.2, 0.5, 1.0, 2.0];
    let mut counts = [0u32; 5];
    scatter(energy, 400_000, |photon, _| {
        let (cosine, after) = (f64::from(photon.direction.z), mev(photon.quanta));
        if cosine.abs() < 0.2 {
            let q = (energy * energy + after * after - 2.0 * energy * after * cosine).sqrt();
            let momentum = (energy * after * (1.0 - cosine) / ELECTRON_MASS - (energy - after)) / q * f64::from(INVERSE_ALPHA);
            counts[limits.iter().filter(|&&l| momentum.abs() > l).count()] += 1;
        }
    });
    // Share of a shell's electrons below p, from its profile J0 (1 + 2 J0 p) exp(1/2 - (1 + 2 J0 p)^2 / 2): Brusa et al. (1996).
    let within = |p: f64| {
        let share = |j0: f64| 1.0 - (0.5 - 0.5 * (1.0 + 2.0 * j0 * p).powi(2)).exp();
        shells(&LIGHT.materials[0]).iter().map(|s| s.occupancy * share(s.j0)).sum::<f64>()
    };
    let ends: Vec<f64> = limits.iter().map(|&l| within(l)).chain([1.0]).collect();
    let expected: Vec<f64> = (0..5).map(|i| ends[i] - if i > 0 { ends[i - 1] } else { 0.0 }).collect();
    // The K shell of oxygen cannot give all of its electrons, which takes 1 % off the widest class.
    shares_meet("momentum classes", &counts, &expected, 0.01);
}
