//! States that particles really come to: collected by running the CPU twin.

use dosaic::{
    phantom::voxel_material,
    transport::{
        constants::ALPHA_SIGMA_AT,
        cpu::{
            alpha::{Alpha, alpha_advance, alpha_start},
            decay::{DECAY_DRAWS, Decay, decay_normal, decay_start},
            electron::{
                ELECTRON_EVENT, ELECTRON_MOVING, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronWaiting, electron_advance,
                electron_begin_step, electron_deflect, electron_start,
            },
            event::event_happen,
            tables::{table_electron_range, table_energy, table_family},
            tally::tally_quanta,
        },
        layout::Params,
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
    let decay = decay_start(params, &case.source, case.sampler.rows(), place);
    (decay, scene.phantom.voxels[decay.index as usize])
}

/// Follows `histories` electrons with their delta rays and keeps at most so many states of each kind.
pub(crate) fn electrons(scene: &Scene, case: &Case, params: &Params, histories: u32, most: usize) -> Snapshots {
    let (tables, voxels) = (&scene.tables, &scene.phantom.voxels[..]);
    let mut found = Snapshots::default();
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
            push(&mut found.starts, most, waiting);
            let mut e = electron_start(params, voxels, waiting);
            loop {
                let now = Snapshot { history, electron: e };
                match e.state {
                    ELECTRON_STEP => {
                        push(&mut found.steps, most, now);
                        electron_begin_step::<false>(params, tables, voxels, history, &mut e);
                    }
                    ELECTRON_MOVING => {
                        push(&mut found.legs, most, now);
                        electron_advance::<false>(params, tables, voxels, &mut e);
                    }
                    ELECTRON_TURN => {
                        push(&mut found.hinges, most, now);
                        electron_deflect(tables, &mut e);
                    }
                    ELECTRON_EVENT => {
                        push(&mut found.events, most, now);
                        let event = event_happen::<false>(params, tables, voxels, history, &mut e, 0);
                        if event.born == 1 {
                            todo.push(event.delta);
                        }
                    }
                    _ => break,
                }
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
