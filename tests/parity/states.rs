//! States that particles really come to: collected by running the CPU twin.

use dosaic::{
    phantom::voxel_material,
    transport::{
        constants::{ALPHA_SIGMA_AT, KIND_PHOTON},
        cpu::{
            alpha::{Alpha, alpha_advance, alpha_start},
            decay::{DECAY_DRAWS, Decay, decay_normal, decay_start},
            electron::{
                ELECTRON_DONE, ELECTRON_EVENT, ELECTRON_MOVING, ELECTRON_REST, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronWaiting,
                electron_advance, electron_begin_step, electron_deflect, electron_start,
            },
            event::event_happen,
            interaction::interaction_happen,
            photon::{PHOTON_FLYING, PHOTON_INTERACTION, PHOTON_TRACING, Photon, photon_fly, photon_start, photon_trace},
            tables::{table_electron_range, table_energy, table_family, table_photon},
            tally::{tally_mev, tally_quanta},
        },
        layout::{Params, Queued},
    },
};

use crate::scene::{Case, Scene};

/// An electron of a history.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot {
    pub(crate) history: [u32; 2],
    pub(crate) electron: Electron,
}

/// Electrons before each of the functions that act on them.
#[derive(Default)]
pub(crate) struct Snapshots {
    pub(crate) starts: Vec<ElectronWaiting>,
    pub(crate) steps: Vec<Snapshot>,
    pub(crate) legs: Vec<Snapshot>,
    pub(crate) hinges: Vec<Snapshot>,
    pub(crate) events: Vec<Snapshot>,
}

fn decay(scene: &Scene, case: &Case, params: &Params, place: u32) -> (Decay, u32) {
    let decay = decay_start::<false>(params, &scene.phantom.voxels, &case.source, case.sampler.rows(), place);
    (decay, scene.phantom.voxels[decay.index as usize])
}

/// Follows `histories` electrons or positrons with their delta rays and shows every birth and every state before it is acted on.
fn follow(
    scene: &Scene,
    case: &Case,
    params: &Params,
    histories: u32,
    mut born: impl FnMut(ElectronWaiting),
    mut visit: impl FnMut(Snapshot),
) {
    let (tables, voxels) = (&scene.tables, &scene.phantom.voxels[..]);
    for place in 0..histories {
        let (decay, medium) = decay(scene, case, params, place);
        let history = decay.history;
        let mut todo = vec![ElectronWaiting {
            index: decay.index,
            offset: decay.offset,
            direction: decay.direction,
            range: table_electron_range(tables, table_family(voxel_material(medium).into(), params.kind), decay.energy),
            quanta: tally_quanta(decay.energy),
            interactions: decay.interactions,
            stream: params.stream,
            draw: DECAY_DRAWS,
            steps: 0,
            charge: params.kind,
        }];
        while let Some(waiting) = todo.pop() {
            born(waiting);
            let mut e = electron_start(params, voxels, waiting);
            while e.state != ELECTRON_DONE {
                visit(Snapshot { history, electron: e });
                match e.state {
                    ELECTRON_STEP => _ = electron_begin_step::<false>(params, tables, voxels, history, &mut e),
                    ELECTRON_MOVING => _ = electron_advance::<false>(params, tables, voxels, &mut e),
                    ELECTRON_TURN => electron_deflect(tables, &mut e),
                    _ => {
                        let event = event_happen::<false>(params, tables, voxels, history, &mut e, 0);
                        if event.born == 1 {
                            todo.push(event.delta);
                        }
                    }
                }
            }
        }
    }
}

/// States of `histories` electrons or positrons, at most so many of each kind.
pub(crate) fn electrons(scene: &Scene, case: &Case, params: &Params, histories: u32, most: usize) -> Snapshots {
    let mut starts = Vec::new();
    let mut found = Snapshots::default();
    let visit = |now: Snapshot| {
        let list = match now.electron.state {
            ELECTRON_STEP => &mut found.steps,
            ELECTRON_MOVING => &mut found.legs,
            ELECTRON_TURN => &mut found.hinges,
            _ => &mut found.events,
        };
        push(list, most, now);
    };
    follow(scene, case, params, histories, |waiting| push(&mut starts, most, waiting), visit);
    Snapshots { starts, ..found }
}

/// What an event of a positron is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rest = 0,
    InFlight = 1,
    Radiation = 2,
    Collision = 3,
}

/// Events of positrons and of their delta rays by [`Kind`], at most so many of each.
pub(crate) fn positron_events(scene: &Scene, case: &Case, params: &Params, histories: u32, most: usize) -> [Vec<Snapshot>; 4] {
    let mut found: [Vec<Snapshot>; 4] = Default::default();
    let visit = |now: Snapshot| {
        if now.electron.state == ELECTRON_EVENT {
            let mut e = now.electron;
            let event = event_happen::<false>(params, &scene.tables, &scene.phantom.voxels, now.history, &mut e, 0);
            let kind = match event.photons {
                2 if now.electron.event == ELECTRON_REST => Kind::Rest,
                2 => Kind::InFlight,
                1 => Kind::Radiation,
                _ => Kind::Collision,
            };
            push(&mut found[kind as usize], most, now);
        }
    };
    follow(scene, case, params, histories, |_| (), visit);
    found
}

/// A photon of a history.
#[derive(Clone, Copy)]
pub(crate) struct PhotonSnapshot {
    pub(crate) history: [u32; 2],
    pub(crate) photon: Photon,
}

/// Photons before each of the functions that act on them.
#[derive(Default)]
pub(crate) struct PhotonSnapshots {
    pub(crate) starts: Vec<Queued>,
    pub(crate) flights: Vec<PhotonSnapshot>,
    pub(crate) legs: Vec<PhotonSnapshot>,
    /// Compton, Rayleigh, photoelectric, pair.
    pub(crate) interactions: [Vec<PhotonSnapshot>; 4],
}

/// Follows `histories` photons without what they set free and keeps at most so many states of each kind.
pub(crate) fn photons(scene: &Scene, case: &Case, params: &Params, histories: u32, most: usize) -> PhotonSnapshots {
    let (tables, voxels) = (&scene.tables, &scene.phantom.voxels[..]);
    let mut found = PhotonSnapshots::default();
    for place in 0..histories {
        let (decay, _) = decay(scene, case, params, place);
        let history = decay.history;
        let queued = Queued {
            offset: decay.offset.into(),
            index: decay.index,
            direction: decay.direction.into(),
            quanta: tally_quanta(decay.energy),
            history,
            stream: params.stream,
            kind: KIND_PHOTON,
        };
        push(&mut found.starts, most, queued);
        let mut photon = photon_start(params, voxels, queued, DECAY_DRAWS);
        loop {
            let now = PhotonSnapshot { history, photon };
            match photon.state {
                PHOTON_FLYING => {
                    push(&mut found.flights, most, now);
                    photon_fly::<false>(params, tables, voxels, history, &mut photon);
                }
                PHOTON_TRACING => {
                    push(&mut found.legs, most, now);
                    photon_trace::<false>(params, tables, voxels, &mut photon);
                }
                PHOTON_INTERACTION => {
                    let row = table_photon(tables, voxel_material(photon.medium).into(), tally_mev(photon.quanta));
                    let kind = [row.compton, row.scattered, row.absorbed].iter().filter(|&&end| photon.choice >= end).count();
                    push(&mut found.interactions[kind], most, now);
                    interaction_happen(params, tables, history, &mut photon);
                }
                _ => break,
            }
        }
    }
    found
}

fn push<T>(list: &mut Vec<T>, most: usize, item: T) {
    if list.len() < most {
        list.push(item);
    }
}

/// What an alpha starts from: index, offset, direction, energy, normal, sigma.
pub(crate) struct AlphaStart {
    pub(crate) decay: Decay,
    pub(crate) normal: f32,
    pub(crate) sigma: f32,
}

/// Alphas at their start and before each wall.
pub(crate) fn alphas(scene: &Scene, case: &Case, params: &Params, histories: u32) -> (Vec<AlphaStart>, Vec<Alpha>) {
    let mut starts = Vec::new();
    let mut legs = Vec::new();
    for place in 0..histories {
        let (decay, medium) = decay(scene, case, params, place);
        let sigma = table_energy(&scene.tables, voxel_material(medium).into(), ALPHA_SIGMA_AT, decay.energy);
        let start = AlphaStart { decay, normal: decay_normal(params, decay.history), sigma };
        let mut alpha = start_alpha(scene, params, &start);
        starts.push(start);
        while alpha.alive == 1 {
            legs.push(alpha);
            alpha_advance::<false>(params, &scene.tables, &scene.phantom.voxels, &mut alpha);
        }
    }
    (starts, legs)
}

/// The twin's alpha for a start.
pub(crate) fn start_alpha(scene: &Scene, params: &Params, start: &AlphaStart) -> Alpha {
    let d = &start.decay;
    let medium = scene.phantom.voxels[d.index as usize];
    alpha_start(params, &scene.tables, d.index, medium, d.offset, d.direction, d.energy, start.normal, start.sigma)
}
