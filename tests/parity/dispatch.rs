//! Integer tallies: the result does not depend on how the work is cut, in what order it is done, or what ran before.

use dosaic::transport::{
    backend::{Backend, BatchResult, Particle},
    constants::STATUS_QUEUE,
    gpu::{
        Gpu,
        run::{Dispatch, Rhythm},
    },
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{
    Test,
    adapter::adapter,
    scene::{Case, Scene},
};

pub(crate) const TESTS: &[Test] = &[
    ("electron_maps_do_not_depend_on_dispatches", || cuts(&electrons())),
    ("alpha_maps_do_not_depend_on_dispatches", || cuts(&alphas())),
    ("photon_maps_do_not_depend_on_dispatches_and_queues", || queues(&photons())),
    ("positron_maps_do_not_depend_on_dispatches_and_queues", || queues(&positrons())),
    ("a_full_queue_is_counted_and_loses_no_energy", overflow),
    ("same_seed_same_bits_other_seed_other_bits", seeds),
    ("batches_and_jobs_may_come_in_any_order", order),
    ("equal_looking_jobs_keep_their_own_sources", sources),
    ("progress_adds_up_to_the_histories", progress),
    ("a_stopped_thread_is_an_error_or_changes_nothing", stopped),
];

type Problem = (Scene, Case);

fn electrons() -> Problem {
    let scene = Scene::mixed([12, 10, 8], 1.0);
    let case = Case::new("Y-90", Particle::Electron, scene.source(3), 6000, 2);
    (scene, case)
}

fn alphas() -> Problem {
    let scene = Scene::mixed([12, 10, 8], 0.03);
    let case = Case::new("Ac-225", Particle::Alpha, scene.source(2), 20_000, 2);
    (scene, case)
}

/// Gamma rays up to 2.6 MeV, which make pairs, whose annihilation makes photons again.
fn photons() -> Problem {
    let scene = Scene::mixed([12, 10, 8], 10.0);
    let case = Case::new("Pb-212", Particle::Photon, scene.source(3), 8000, 2);
    (scene, case)
}

fn positrons() -> Problem {
    let scene = Scene::mixed([12, 10, 8], 10.0);
    let case = Case::new("Ga-68", Particle::Positron, scene.source(3), 3000, 2);
    (scene, case)
}

fn backend(scene: &Scene) -> Gpu<'_> {
    Gpu::new(scene.world(), adapter()).unwrap_or_else(|e| panic!("{e}"))
}

fn cuts((scene, case): &Problem) {
    let mut gpu = backend(scene);
    let reference = case.run(&mut gpu);
    assert!(reference.iter().all(|batch| batch.sums.histories == case.histories / 2));
    let usual = gpu.dispatch();
    let rhythm = |h, s, p, l| Rhythm { histories_per_turn: h, steps_per_history: s, stops_per_step: p, legs_per_stop: l };
    let settings = [
        Dispatch { histories: 64, fixed: true, workgroups: 1, ..usual },
        Dispatch { histories: 1, fixed: false, workgroups: 7, ..usual },
        Dispatch { histories: 997, fixed: true, workgroups: 3, ..usual },
        Dispatch { histories: 2048, fixed: false, workgroups: 1024, ..usual },
        Dispatch { histories: 1 << 20, fixed: true, workgroups: 64, ..usual },
        // Threads give up taking histories early, so that the next dispatch must go on where they stopped.
        Dispatch { histories: 1 << 20, fixed: true, workgroups: 2, segments: 1, ..usual },
        Dispatch { histories: 1 << 20, fixed: true, workgroups: 5, segments: 100, ..usual },
        Dispatch { rhythm: rhythm(1, 1, 1, 1), ..usual },
        Dispatch { rhythm: rhythm(3, 2, 5, 7), ..usual },
        Dispatch { rhythm: rhythm(16, 32, 2, 32), ..usual },
    ];
    for dispatch in settings {
        gpu.set_dispatch(dispatch);
        assert!(case.run(&mut gpu) == reference, "{dispatch:?} changes the result");
    }
}

/// Electrons and photons set each other free: the order of their waves and the room for them must not show.
fn queues((scene, case): &Problem) {
    let mut gpu = backend(scene);
    let reference = case.run(&mut gpu);
    assert!(reference.iter().all(|batch| batch.sums.queued_energy > 0 && batch.sums.imbalance() == 0 && batch.sums.incidents == 0));
    let usual = gpu.dispatch();
    let rhythm = |h, s, p, l| Rhythm { histories_per_turn: h, steps_per_history: s, stops_per_step: p, legs_per_stop: l };
    let settings = [
        Dispatch { histories: 64, fixed: true, workgroups: 1, ..usual },
        Dispatch { histories: 997, fixed: true, workgroups: 3, ..usual },
        Dispatch { histories: 1 << 20, fixed: true, workgroups: 5, segments: 100, ..usual },
        Dispatch { rhythm: rhythm(3, 2, 5, 7), ..usual },
        // As little room as one workgroup asks for, so that waves of both kinds alternate many times.
        Dispatch { workgroups: 1, queue: 1024, ..usual },
        Dispatch { workgroups: 2, queue: 3000, histories: 500, fixed: true, ..usual },
    ];
    for dispatch in settings {
        gpu.set_dispatch(dispatch);
        assert!(case.run(&mut gpu) == reference, "{dispatch:?} changes the result");
    }
}

/// Room for one particle: what finds none is deposited where it is, and said so.
fn overflow() {
    for (scene, case) in [photons(), positrons()] {
        // Every dispatch ends after a few particles.
        let case = Case { histories: 1000, ..case };
        let mut gpu = backend(&scene);
        let reference = case.run(&mut gpu);
        gpu.set_dispatch(Dispatch { queue: 1, workgroups: 2, ..gpu.dispatch() });
        let mut incidents = 0;
        for (full, usual) in case.run(&mut gpu).iter().zip(&reference) {
            let sums = &full.sums;
            assert_eq!((sums.imbalance(), sums.histories, sums.emitted), (0, usual.sums.histories, usual.sums.emitted));
            assert_eq!(full.energy.iter().sum::<u64>(), sums.deposited);
            assert_eq!(sums.status, if sums.incidents > 0 { STATUS_QUEUE } else { 0 });
            incidents += sums.incidents;
        }
        println!("  {}: {incidents} particles found no room", case.particle.name());
        // Threads look for room before they take a history, so only those find none that were under way when it ended.
        assert!(incidents > 0, "{}", case.particle.name());
    }
}

fn seeds() {
    for (scene, case) in [electrons(), alphas()] {
        let first = case.run(&mut backend(&scene));
        assert!(case.run(&mut backend(&scene)) == first, "the same seed twice");
        let scene = scene.with_seed(1);
        let other = case.run(&mut backend(&scene));
        assert!(other[0].energy != first[0].energy, "another seed, the same map");
        assert!(first[0].energy != first[1].energy, "two batches, the same map");
    }
}

fn order() {
    let scene = Scene::mixed([12, 10, 8], 0.1);
    let beta = Case::new("Lu-177", Particle::Electron, scene.source(2), 4000, 4);
    let alpha = Case { stream: 2, ..Case::new("Ra-223", Particle::Alpha, scene.source(5), 4000, 4) };
    let alone: Vec<Vec<BatchResult>> = [&beta, &alpha].map(|case| case.run(&mut backend(&scene))).into();
    let mut gpu = backend(&scene);
    // Alphas need twice the tally: growing it, and leaving half of it unused, must not show.
    for (which, batch) in [(0, 3), (1, 2), (0, 0), (1, 0), (1, 3), (0, 1), (0, 2), (1, 1)] {
        let case = [&beta, &alpha][which];
        let tally = gpu.run(&case.job(), batch, &|_| ()).unwrap_or_else(|e| panic!("{e}"));
        assert!(tally == alone[which][batch as usize], "batch {batch} of {}", case.particle.name());
    }
}

fn sources() {
    // Same stream, same number of voxels, same number of energies: only the contents differ.
    let scene = Scene::water([9, 9, 9], 2.0);
    let voxels = scene.phantom.grid.len() as u32;
    let one = |voxel: u32| Case::new("Y-90", Particle::Electron, vec![[u32::MAX, voxel]], 1000, 1);
    let mut gpu = backend(&scene);
    for voxel in [0, voxels / 2, voxels - 1] {
        let tally = &one(voxel).run(&mut gpu)[0];
        let most = (0..tally.energy.len()).max_by_key(|&v| tally.energy[v]);
        assert_eq!(most, Some(voxel as usize), "most energy stays where it is emitted");
    }
}

fn progress() {
    let (scene, case) = electrons();
    let mut gpu = backend(&scene);
    gpu.set_dispatch(Dispatch { histories: 700, segments: 40, workgroups: 4, ..gpu.dispatch() });
    let told = AtomicU64::new(0);
    let tally = gpu.run(&case.job(), 0, &|n| _ = told.fetch_add(n, Relaxed)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((told.into_inner(), tally.sums.histories), (3000, 3000));
}

fn stopped() {
    // Without a bound on what a thread takes, llvmpipe ends threads in the middle of a history; other devices just run long.
    let scene = Scene::water([16, 16, 16], 0.05);
    let case = Case::new("Y-90", Particle::Electron, scene.source(1), 40_000, 1);
    let mut gpu = backend(&scene);
    let reference = case.run(&mut gpu);
    let before = gpu.dispatch();
    gpu.set_dispatch(Dispatch { histories: 1 << 20, fixed: true, workgroups: 1, segments: u32::MAX, ..gpu.dispatch() });
    match gpu.run(&case.job(), 0, &|_| ()) {
        Ok(tally) => assert!(tally == reference[0]),
        Err(error) => {
            assert!(error.to_string().contains("stopped before its history was finished"), "{error}");
            assert_eq!(error.exit_code(), 3);
        }
    }
    // The device is still good.
    gpu.set_dispatch(before);
    assert!(case.run(&mut gpu) == reference);
}
