//! Bremsstrahlung: how much, which energies, which way.

use dosaic::{
    physics::{
        berger_seltzer::Charge,
        bremsstrahlung::Bremsstrahlung,
        constants::ELECTRON_MASS,
        electron_stopping::{ElectronStopping, electron_stopping},
        interpolation::LogLogSpline,
        quadrature::integrate_log,
    },
    plan::WaterData,
    transport::{
        constants::{KIND_ELECTRON, KIND_POSITRON},
        cpu::electron::ELECTRON_RADIATE,
        layout::Params,
    },
};

use crate::lab::{HEAVY, LIGHT, Lab, Mean, dipole_mean, mev};

/// Photons are emitted from here, MeV.
const THRESHOLD: f64 = 1.0e-3;

/// Radiation yields as ESTAR (M. J. Berger et al., NIST) defines them, from the cross sections of Seltzer and Berger: share of the energy that
/// electrons radiate while they slow down continuously.
const ESTAR: [(&str, [(f64, f64); 3]); 2] = [
    ("water_liquid", [(0.5, 0.001_968), (2.0, 0.007_061), (10.0, 0.040_75)]),
    ("lead", [(0.5, 0.042_28), (2.0, 0.109_3), (10.0, 0.315_3)]),
];

/// Spectra and stopping data of a medium.
fn data(lab: &Lab, medium: u8, charge: Charge) -> (Bremsstrahlung, ElectronStopping) {
    let material = &lab.materials[usize::from(medium)];
    let stopping = electron_stopping(material, WaterData::Icru49).expect("data");
    (Bremsstrahlung::new(material, charge, &stopping), stopping)
}

/// Mean number of photons above the threshold, and of their energy (MeV), from an electron that stops.
///
/// Collisions slow it down continuously, photons at once: x' S = Int n(k) (g + x(E - k) - x(E)) dk with g = 1 or k. Since photons take much at
/// once, the energy is more than the integral of the yield over the mean slowing down, by 6 % at 10 MeV in lead.
fn radiated(bremsstrahlung: &Bremsstrahlung, stopping: &ElectronStopping, energy: f64) -> [f64; 2] {
    const STEPS: usize = 300;
    const BINS: u32 = 40;
    let ln_ratio = (energy / THRESHOLD).ln() / STEPS as f64;
    let at = |i: usize| THRESHOLD * (i as f64 * ln_ratio).exp();
    let mut x = vec![[0.0; 2]; STEPS + 1];
    let slope = |x: &[[f64; 2]], i: usize| {
        let e = at(i);
        let end = |j: u32| THRESHOLD * (e / THRESHOLD).powf(f64::from(j) / f64::from(BINS));
        let mut sum = [0.0; 2];
        for j in 0..BINS {
            let (low, high) = (end(j), end(j + 1).min(e));
            let rate = bremsstrahlung.photons(e, low) - bremsstrahlung.photons(e, high);
            if rate <= 0.0 {
                continue;
            }
            let k = bremsstrahlung.loss(e, low, high) / rate;
            let place = ((e - k) / THRESHOLD).ln().max(0.0) / ln_ratio;
            let below = (place as usize).min(i - 1);
            for (q, gain) in [1.0, k].into_iter().enumerate() {
                let after = x[below][q] + (x[below + 1][q] - x[below][q]) * (place - below as f64);
                sum[q] += rate * (gain + after - x[i][q]);
            }
        }
        let loss = stopping.collision_at(Charge::Electron, e) + bremsstrahlung.loss(e, 0.0, THRESHOLD);
        sum.map(|s| s / loss)
    };
    let mut last = [0.0; 2];
    for i in 1..=STEPS {
        let h = at(i) - at(i - 1);
        for q in 0..2 {
            x[i][q] = x[i - 1][q] + h * last[q];
        }
        let first = slope(&x, i);
        for q in 0..2 {
            x[i][q] = x[i - 1][q] + 0.5 * h * (last[q] + first[q]);
        }
        last = slope(&x, i);
    }
    x[STEPS]
}

/// The yield over the mean slowing down is ESTAR's.
#[test]
fn yields_of_the_tables_are_those_of_estar() {
    for ((name, yields), (lab, medium)) in ESTAR.iter().zip([(&*LIGHT, 0), (&HEAVY, 1)]) {
        let (_, stopping) = data(lab, medium, Charge::Electron);
        let losses = LogLogSpline::new(&stopping.energy, &stopping.total(Charge::Electron));
        let radiative = LogLogSpline::new(&stopping.energy, &stopping.radiative);
        for &(energy, estar) in yields {
            let found = integrate_log(1.0e-3, energy, 24, |e| radiative.eval(e) / losses.eval(e)) / energy;
            println!("  {name}, {energy} MeV: yield {found:.5}, ESTAR {estar:.5}");
            assert!((found / estar - 1.0).abs() < 0.01, "{name}, {energy} MeV: {found}, ESTAR {estar}");
        }
    }
}

/// Photons and their energy from one electron, delta rays left out as in the definition of the yield: followed step by step, and where it cannot
/// leave its voxel.
#[test]
fn stopped_electrons_radiate_what_their_slowing_down_allows() {
    for ((name, yields), (lab, medium)) in ESTAR.iter().zip([(&*LIGHT, 0), (&HEAVY, 1)]) {
        let (bremsstrahlung, stopping) = data(lab, medium, Charge::Electron);
        for &(energy, estar) in yields {
            let [count, radiated] = radiated(&bremsstrahlung, &stopping, energy);
            println!("  {name}, {energy} MeV: yield {:.5} with single photons, {estar:.5} without", radiated / energy);
            for (range_rejection, histories) in [(0, 30_000), (1, 300_000)] {
                let params = Params { range_rejection, ..lab.params };
                let (mut photons, mut share) = (Mean::default(), Mean::default());
                for history in 0..histories {
                    let (mut emitted, mut sum) = (0, 0.0);
                    lab.follow(&params, history, lab.electron(history, medium, KIND_ELECTRON, energy), |event| {
                        emitted += event.photons;
                        sum += mev(event.first.quanta);
                    });
                    photons.add(emitted.into());
                    share.add(sum / energy);
                }
                let way = if range_rejection == 1 { "in one voxel" } else { "step by step" };
                photons.meets(&format!("{name}, {energy} MeV, {way}: photons"), count, 0.01 * count);
                share.meets(&format!("{name}, {energy} MeV, {way}: share radiated"), radiated / energy, 0.01 * radiated / energy);
            }
        }
    }
}

/// Energies and directions of single photons: mean and mean square of the energy against the spectrum, the cosine against a dipole's.
#[test]
fn photons_have_the_spectrum_and_the_direction_of_their_emission() {
    for (lab, medium, kind) in
        [(&*LIGHT, 0u8, KIND_ELECTRON), (&LIGHT, 0, KIND_POSITRON), (&HEAVY, 1, KIND_ELECTRON), (&HEAVY, 1, KIND_POSITRON)]
    {
        let charge = if kind == KIND_POSITRON { Charge::Positron } else { Charge::Electron };
        let (bremsstrahlung, _) = data(lab, medium, charge);
        for energy in [0.06, 0.5, 2.0] {
            let (mut first, mut second, mut direction) = (Mean::default(), Mean::default(), Mean::default());
            for history in 0..60_000 {
                let mut electron = lab.electron(history, medium, kind, energy);
                let before = electron.quanta;
                let result = lab.event(history, &mut electron, ELECTRON_RADIATE);
                if result.photons != 1 {
                    assert!(kind == KIND_POSITRON && result.photons == 2);
                    continue;
                }
                assert_eq!(electron.quanta + result.first.quanta + result.quanta, before);
                let share = mev(result.first.quanta) / energy;
                assert!(share >= 0.999 * THRESHOLD / energy && share <= 1.0);
                first.add(share);
                second.add(share * share);
                direction.add(f64::from(result.first.direction.z));
            }
            let name = format!("{}, charge {kind}, {energy} MeV", lab.materials[usize::from(medium)].name);
            let photons = bremsstrahlung.photons(energy, THRESHOLD);
            let mean = bremsstrahlung.loss(energy, THRESHOLD, energy) / (energy * photons);
            let square = (bremsstrahlung.second_moment(energy, energy) - bremsstrahlung.second_moment(energy, THRESHOLD))
                / (energy * energy * photons);
            // Spectra at four energies per octave, of which one of the two nearest is taken.
            first.meets(&format!("{name}: mean share of a photon"), mean, 0.01 * mean);
            second.meets(&format!("{name}: mean square of it"), square, 0.015 * square);
            direction.meets(&format!("{name}: mean cosine"), dipole_mean(energy / ELECTRON_MASS), 1.0e-3);
        }
    }
}
