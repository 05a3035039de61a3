//! `dosaic kernel` and `dosaic s-values` for every nuclide, alone and with its chain: they run, and what they score is what the nuclide table emits.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use dosaic::kernel::emitter::{Emitter, Part, Radiation};
use dosaic::kernel::point::{default_radii, point_kernel};
use dosaic::kernel::voxel_s::voxel_s;
use dosaic::kernel::{BATCHES, Request};
use dosaic::kernel::{
    cell::cell_s,
    sites::{Cell, PAIRS},
};
use dosaic::nuclide::{emissions, table::all};
use dosaic::plan::{PhotonMode, WaterData};
use glam::DVec3;

fn request(material: &str, histories: u64) -> Request {
    Request {
        material: material.into(),
        density: None,
        water: WaterData::Icru90,
        photons: PhotonMode::Analogue,
        histories,
        seed: 7,
        device: "cpu".into(),
        threads: 1,
    }
}

/// Energy per decay of a part and its standard error for so many emitted particles of each kind: the spread of what the spectra hold.
fn emitted(emitter: &Emitter, part: Part, histories: u64) -> (f64, f64) {
    let beams = emitter.beams.iter().filter(|b| b.radiation.part() == part);
    beams.fold((emitter.local[part as usize], 0.0), |(energy, sigma): (f64, f64), beam| {
        let (number, mean) = (beam.sampler.intensity(), beam.sampler.mean_energy());
        let variance: f64 = beam.sampler.means(8).map(|(e, n)| n / number * (e - mean).powi(2)).sum();
        (energy + beam.energy_per_decay(), sigma.hypot(number * (variance / histories as f64).sqrt()))
    })
}

/// Everything in the shells and beyond, by the part emitted.
fn kernel_closes(emitter: &Emitter, request: &Request) {
    let what = format!("{} in {}", emitter.name, request.material);
    let radii = default_radii(emitter, request).unwrap_or_else(|e| panic!("{what}: {e}"));
    let kernel = point_kernel(emitter, &radii, request, &|_| ()).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!((kernel.sums.escaped, kernel.sums.imbalance()), (0, 0), "{what}");
    assert!(kernel.sums.incidents * 10_000 <= kernel.sums.histories, "{what}: {} emergency exits", kernel.sums.incidents);
    for part in Part::ALL {
        let (energy, sigma) = emitted(emitter, part, request.whole_histories());
        let found: f64 = kernel.parts[part as usize].iter().map(|e| e.mean).sum();
        // A particle's energy is rounded to a quantum of 1 eV.
        let quanta: f64 = emitter.beams.iter().map(|b| 1e-6 * b.sampler.intensity()).sum();
        assert!(
            (found - energy).abs() <= 5.0 * sigma + quanta + 1e-6 * energy,
            "{what}, {} part: {found} of {energy} MeV +- {sigma}",
            part.name()
        );
    }
}

/// Voxels of 10 mm hold all alphas and betas but what crosses the walls; S times mass never exceeds what is emitted, and that is near it.
fn voxels_close(emitter: &Emitter, request: &Request) {
    let found = voxel_s(emitter, DVec3::splat(10.0), 1, request, &|_| ()).unwrap_or_else(|e| panic!("{}: {e}", emitter.name));
    assert_eq!(found.sums.imbalance(), 0, "{}", emitter.name);
    for part in Part::ALL {
        let (energy, sigma) = emitted(emitter, part, request.whole_histories());
        // One gram in each voxel.
        let mev = |s: f64| s / (1e9 * dosaic::units::GY_PER_MEV_PER_G);
        let s = &found.parts[part as usize];
        let held: f64 = found.classes.iter().zip(s).map(|(class, s)| f64::from(class.voxels) * mev(s.mean)).sum();
        let what = format!("{}, {} part: {held} of {energy} MeV", emitter.name, part.name());
        assert!(held <= energy + 5.0 * sigma + 1e-5, "{what}");
        match part {
            Part::Alpha => assert!((held - energy).abs() <= 5.0 * sigma + 1e-5, "{what}"),
            // Bremsstrahlung and annihilation photons leave; 3 cm hold every beta.
            Part::Electron => {
                let annihilation: f64 =
                    emitter.beams.iter().filter(|b| b.radiation == Radiation::Positron).map(|b| 1.022 * b.sampler.intensity()).sum();
                assert!(held >= 0.93 * (energy - annihilation) - 5.0 * sigma - 1e-5, "{what}");
            }
            Part::Photon => {}
        }
    }
}

#[test]
fn kernels_and_s_values_of_every_nuclide_close_in_energy() {
    let request = request("water", 20 * u64::from(BATCHES));
    let next = AtomicUsize::new(0);
    let cases: Vec<_> = all().iter().flat_map(|n| [(n, false), (n, true)]).collect();
    let cell = Cell::new(10.0, 5.0).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((nuclide, chain)) = cases.get(next.fetch_add(1, Relaxed)) {
                    let emitter = Emitter::parse(&nuclide.name, *chain).unwrap();
                    let total = emissions(&nuclide.name, *chain).unwrap().yields().total_energy();
                    assert!((emitter.energy_per_decay() / total - 1.0).abs() < 1e-5, "{}", nuclide.name);
                    kernel_closes(&emitter, &request);
                    voxels_close(&emitter, &request);
                    let found = cell_s(&emitter, cell, &[], &request, &|_| ()).unwrap_or_else(|e| panic!("{}: {e}", nuclide.name));
                    for part in Part::ALL {
                        let (energy, sigma) = emitted(&emitter, part, request.whole_histories());
                        let own = found.own[part as usize];
                        let mev = |at: usize| own[at].mean / cell.gray_per_mev(PAIRS[at].0, found.density);
                        // From the nucleus to nucleus and cytoplasm.
                        assert!(mev(2) + mev(5) <= energy + 5.0 * sigma + 1e-5, "{}, {} part", nuclide.name, part.name());
                        assert!((part != Part::Alpha) || (mev(2) > 0.0) == (energy > 0.0), "{}", nuclide.name);
                    }
                }
            });
        }
    });
    assert!(next.load(Relaxed) >= 2 * 133);
}

/// Ranges of micrometres in bone to decimetres in air.
#[test]
fn kernels_close_in_gases_and_in_bone() {
    for material in ["air", "lung", "bone_cortical"] {
        let request = request(material, 20 * u64::from(BATCHES));
        for (name, chain) in [("H-3", false), ("Ac-225", true), ("Y-90", false), ("Ga-68", false), ("I-131", false)] {
            kernel_closes(&Emitter::parse(name, chain).unwrap(), &request);
        }
    }
}

/// What is all below 1 keV is deposited where it is emitted; nothing at all is an error.
#[test]
fn emitters_below_the_threshold_are_local() {
    let request = request("water", 64);
    let auger = Emitter::parse("F-18:auger", false).unwrap();
    assert!(auger.beams.is_empty() && auger.energy_per_decay() > 0.0);
    kernel_closes(&auger, &request);
    let found = cell_s(&auger, Cell::new(10.0, 5.0).unwrap(), &[25.0], &request, &|_| ()).unwrap();
    let s = found.own[Part::Electron as usize].map(|s| s.mean);
    assert!(s[0] > 0.0 && (s[0] / s[1] - 2.0).abs() < 1e-9 && s[3] == 0.0, "{s:?}");
    assert!(Emitter::parse("F-18:alpha", false).unwrap_err().to_string().contains("emits none of that"));
}
