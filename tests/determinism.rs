//! The same bits on any number of threads, in any order of batches, in one run or in two; other seeds differ. Needs no adapter.

#[path = "support/world.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod world;

use dosaic::{
    nuclide::{self, spectrum::EnergySampler},
    plan::PhotonMode,
    transport::{
        backend::{Backend, BatchResult, Job, Particle, SourceShape},
        cpu::run::Cpu,
        tables::TableOptions,
    },
};
use glam::DVec3;
use world::{Setup, fine_options};

fn setup(edge: f64) -> Setup {
    let options = TableOptions { photon_threshold: Some(1.0e-3), ..fine_options() };
    let mut setup = Setup::new(&["water_liquid", "bone_cortical_icrp"], [12; 3], DVec3::splat(edge), options, |ijk| {
        if (ijk[0] + ijk[1]) % 5 == 0 { (1, 1.85) } else { (0, 1.0) }
    });
    setup.settings.photons = PhotonMode::Analogue;
    setup
}

fn sampler(particle: Particle) -> EnergySampler {
    // Lead-212 with its chain: gamma rays of 2.6 MeV make pairs.
    let name = match particle {
        Particle::Positron => "Ga-68",
        Particle::Photon => "Pb-212",
        _ => "Ac-225",
    };
    let emissions = nuclide::emissions(name, true).expect("tabulated").total;
    match particle {
        Particle::Alpha => EnergySampler::new(&emissions.alphas, &[]),
        Particle::Electron => EnergySampler::new(&emissions.electrons_above(1.0e-3).0, &emissions.betas),
        Particle::Positron => EnergySampler::new(&[], &emissions.positrons),
        Particle::Photon => EnergySampler::new(&emissions.photons_above(1.0e-3).0, &[]),
    }
    .expect("the nuclide emits them")
}

/// Batches in the order asked for, put back in their own order.
fn run(setup: &Setup, particle: Particle, threads: usize, order: &[u32]) -> Vec<BatchResult> {
    let voxels: Vec<usize> = (0..setup.phantom.grid.len()).step_by(3).collect();
    let source = setup.source_per_mass(&voxels);
    let sampler = sampler(particle);
    let job = Job {
        particle,
        source: &source,
        shape: SourceShape::Uniform,
        spectrum: sampler.rows(),
        stream: 9,
        first_history: 7,
        histories: 16_000,
        batches: 16,
    };
    let mut cpu = Cpu::new(setup.world(), threads);
    let mut results: Vec<(u32, BatchResult)> =
        order.iter().map(|&batch| (batch, cpu.run(&job, batch, &|_| ()).expect("the CPU runs"))).collect();
    results.sort_by_key(|r| r.0);
    results.into_iter().map(|r| r.1).collect()
}

const FORWARD: [u32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[test]
fn threads_and_order_of_batches_do_not_matter() {
    for (particle, edge) in [(Particle::Electron, 1.0), (Particle::Alpha, 0.02), (Particle::Positron, 1.0), (Particle::Photon, 10.0)] {
        let setup = setup(edge);
        let one = run(&setup, particle, 1, &FORWARD);
        assert!(one.iter().all(|r| r.sums.imbalance() == 0 && r.sums.emitted > 0));
        let exchanged = one.iter().all(|r| r.sums.queued_energy > 0);
        assert_eq!(exchanged, particle != Particle::Alpha, "electrons and photons set each other free");
        for threads in [2, 3, 7] {
            assert!(run(&setup, particle, threads, &FORWARD) == one, "{threads} threads");
        }
        let mut backward = FORWARD;
        backward.reverse();
        assert!(run(&setup, particle, 2, &backward) == one, "batches in reverse order");
    }
}

#[test]
fn seeds_and_batches_differ() {
    let mut setup = setup(1.0);
    let first = run(&setup, Particle::Electron, 2, &FORWARD);
    assert!(first[0].energy != first[1].energy, "two batches hold the same histories");
    setup.settings.seed += 1;
    assert!(run(&setup, Particle::Electron, 2, &FORWARD) != first, "another seed gave the same bits");
}
