//! Whole runs of the CPU backend.

use dosaic::{
    kernel::voxel_s::classes,
    nuclide::{Line, spectrum::EnergySampler},
    physics::{
        annihilation, berger_seltzer::Charge, constants::AVOGADRO, electron_stopping::electron_stopping, interpolation::LogLogSpline,
        quadrature::integrate_log,
    },
    plan::{PhotonMode, WaterData},
    transport::{
        backend::{BatchResult, Particle, Settings, SourceShape, Sums},
        constants::REST_QUANTA,
        cpu::run::Cpu,
        tables::{TableOptions, Tables},
    },
    verify::reference::rows,
};

use crate::{
    lab::{Mean, options},
    scene::{Case, Scene},
    world::{QUANTUM, Setup},
};

fn line(energy: f64) -> EnergySampler {
    EnergySampler::new(&[Line { energy, intensity: 1.0 }], &[]).expect("a line")
}

/// Batches around a point of 364-keV photons in shells of water.
fn shells(photons: PhotonMode, radii: &[f64], histories: u64) -> Vec<BatchResult> {
    let mut scene = Scene::shells(radii, 10.0);
    // As the reference: water of ICRU 37, electrons to 10 keV.
    let tables = TableOptions { water: WaterData::Icru49, ..scene.settings.tables };
    scene.tables = Tables::build(&scene.phantom.materials, &scene.phantom.voxels, &tables).expect("tables");
    scene.settings = Settings { photons, tables, electron_cut: 0.01, ..scene.settings };
    let case = Case {
        particle: Particle::Photon,
        source: vec![[u32::MAX, 0]],
        shape: SourceShape::Centre,
        sampler: line(0.364),
        stream: 4,
        first_history: 0,
        histories,
        batches: 16,
    };
    case.run(&mut Cpu::new(scene.world(), 2))
}

/// Mean MeV per photon in a shell, over the batches.
fn mean(batches: &[BatchResult], shell: usize) -> Mean {
    let mut mean = Mean::default();
    batches.iter().for_each(|b| mean.add(b.energy[shell] as f64 * QUANTUM / b.sums.histories as f64));
    mean
}

/// EGSnrc's energy per shell of 1 cm, by track length and by deposits; both ways agree among themselves.
#[test]
fn gamma_rays_meet_egsnrc() {
    let reference = rows(include_str!("../../src/verify/reference/egsnrc_gamma_shells.csv"));
    let radii: Vec<f64> = reference.iter().map(|row| row.number("r_high_cm")).collect();
    let traced = shells(PhotonMode::TrackLength, &radii, 400_000);
    let deposited = shells(PhotonMode::Analogue, &radii, 800_000);
    for (shell, row) in reference.iter().enumerate() {
        let (theirs, sigma) = (row.number("mev"), row.number("sigma"));
        let (a, b) = (mean(&traced, shell), mean(&deposited, shell));
        // Within the innermost centimetre kerma is not dose, as electrons carry some of it outwards: in EGSnrc's run it is 0.0119285 MeV.
        let kerma = if shell == 0 { 0.011_928_5 } else { theirs };
        for (name, found, theirs) in [("track length", a, kerma), ("deposits", b, theirs)] {
            let (deviation, error) = (100.0 * (found.mean() / theirs - 1.0), 100.0 * found.sigma().hypot(sigma) / theirs);
            println!("  shell {shell}, {name}: {deviation:+.2} +- {error:.2} %");
            assert!(deviation.abs() < 1.0 + 2.0 * error, "shell {shell}, {name}: {deviation} +- {error} %");
        }
        if shell > 0 {
            let sigma = a.sigma().hypot(b.sigma());
            assert!((a.mean() - b.mean()).abs() < 4.0 * sigma + 5.0e-3 * theirs, "shell {shell}: {} and {}", a.mean(), b.mean());
        }
    }
}

/// Positrons from the middle voxel: kinetic energy and twice 511 keV each, found again to the quantum; doses as symmetric as the voxels; nearly
/// all of the annihilation leaves a phantom of 15 mm.
#[test]
fn positrons_give_up_their_kinetic_energy_and_twice_511_kev() {
    let size = 5;
    let mut setup = Setup::water([size; 3], 3.0, TableOptions { cut_length: 0.002, ..options() });
    setup.settings.photons = PhotonMode::Analogue;
    let middle = setup.phantom.grid.index([2; 3]) as u32;
    let run = setup.run(Particle::Positron, &[[u32::MAX, middle]], line(0.5).rows(), 64_000);
    let n = run.sums.histories;
    let quanta = dosaic::transport::cpu::tally::tally_quanta(0.5);
    assert_eq!(run.sums.emitted, n * u64::from(quanta + 2 * REST_QUANTA));
    let escaped = run.sums.escaped as f64 / (n * 2 * u64::from(REST_QUANTA)) as f64;
    println!("  {escaped:.4} of the annihilation energy escapes");
    // 0.75 cm of water from the centre, more to the edges: mu_en = 0.033 per cm of the energy stays, and the kinetic energy nearly all.
    assert!((0.95..0.985).contains(&escaped), "{escaped}");
    let (class_of, classes) = classes([size; 3], 2, true);
    for offset in [[0, 0, 1], [0, 1, 1], [1, 1, 1], [0, 0, 2]] {
        let class = classes.iter().position(|class| class.offset == offset);
        let places: Vec<usize> = (0..class_of.len()).filter(|&v| class_of[v].map(|c| c as usize) == class).collect();
        let mean = places.iter().map(|&v| run.energy[v]).sum::<f64>() / places.len() as f64;
        for &v in &places {
            assert!((run.energy[v] - mean).abs() < 4.5 * run.sigma[v], "{offset:?}: {} +- {}, mean {mean}", run.energy[v], run.sigma[v]);
        }
    }
}

/// Without photons, what annihilation sets free is counted as escaped: 1022 keV and what was left of the kinetic energy in flight.
#[test]
fn without_photons_annihilation_escapes() {
    let setup = Setup::water([3; 3], 20.0, TableOptions { photon_threshold: None, cut_length: 0.01, ..options() });
    let middle = setup.phantom.grid.index([1; 3]) as u32;
    let run = setup.run(Particle::Positron, &[[u32::MAX, middle]], line(0.3).rows(), 512_000);
    let Sums { escaped, histories, kerma, absorbed, queued_energy, .. } = run.sums;
    assert_eq!((kerma, absorbed, queued_energy), (0, 0, 0));
    let rest = histories * 2 * u64::from(REST_QUANTA);
    let kinetic = (escaped - rest) as f64 * QUANTUM / histories as f64 / 0.3;
    // What is left when a positron meets an electron in flight, from cross section and stopping power.
    let water = &setup.phantom.materials[0];
    let stopping = electron_stopping(water, WaterData::Icru49).expect("data");
    let losses = LogLogSpline::new(&stopping.energy, &stopping.total(Charge::Positron));
    let meets = |e: f64| water.z_over_a() * AVOGADRO * annihilation::total(e) / losses.eval(e);
    let expected = integrate_log(1.0e-3, 0.3, 24, |e| e / 0.3 * meets(e));
    // Events are rare and of any energy: their number has a Poisson error, their mean energy a little more.
    let sigma = 1.2 * expected / (histories as f64 * integrate_log(1.0e-3, 0.3, 24, meets)).sqrt();
    println!(
        "  {:.4} % of the kinetic energy leaves with annihilations in flight, expected {:.4} +- {:.4} %",
        100.0 * kinetic,
        100.0 * expected,
        100.0 * sigma
    );
    assert!((kinetic - expected).abs() < 0.02 * expected + 3.0 * sigma, "{kinetic}, expected {expected} +- {sigma}");
}

/// From a point, without collisions and straggling, the first cell takes stopping power times its radius (1 % of the range): electrons and positrons begin
/// with the ranges of their own charge. One with the other's range would be off by more than the cell holds.
#[test]
fn first_losses_are_those_of_the_stopping_power() {
    let stopping = electron_stopping(&dosaic::physics::materials::find("water_liquid").expect("water"), WaterData::Icru49).expect("data");
    for energy in [0.1, 0.5, 2.0] {
        for (particle, charge) in [(Particle::Electron, Charge::Electron), (Particle::Positron, Charge::Positron)] {
            let range = LogLogSpline::new(&stopping.energy, &stopping.csda_range(charge)).eval(energy);
            let radius = 0.01 * range;
            let mut scene = Scene::shells(&[radius, 4.0 * range], 1.0);
            let tables = TableOptions { delta_floor: 20.0, straggling_floor: 20.0, photon_threshold: None, ..options() };
            scene.tables = Tables::build(&scene.phantom.materials, &scene.phantom.voxels, &tables).expect("tables");
            scene.settings = Settings { photons: PhotonMode::Off, tables, ..scene.settings };
            let case = Case {
                particle,
                source: vec![[u32::MAX, 0]],
                shape: SourceShape::Centre,
                sampler: line(energy),
                stream: 5,
                first_history: 0,
                histories: 16_000,
                batches: 16,
            };
            let found = mean(&case.run(&mut Cpu::new(scene.world(), 2)), 0);
            let total = LogLogSpline::new(&stopping.energy, &stopping.total(charge));
            // At the energy in the middle of the cell.
            let expected = total.eval(energy - 0.5 * radius * total.eval(energy)) * radius;
            found.meets(&format!("{particle:?} of {energy} MeV, first {:.1} um, MeV", 1.0e4 * radius), expected, 0.02 * expected);
        }
    }
}
