//! Electrons and positrons: class II condensed history with a random hinge. Twin: `shaders/transport/electron.wgsl`.
//! Rules: `transport/model.md`, "Electrons and positrons". Hard events are in `event.rs`.

use glam::{UVec3, Vec3};

use super::{
    direction::direction_turn,
    math::math_cos_sin,
    tables::{
        table_charge, table_deflection, table_electron, table_electron_energy, table_electron_range, table_family, table_radiation_energy,
    },
    tally::tally_quanta,
    voxel::{voxel_at, voxel_cross, voxel_density, voxel_index, voxel_inverse, voxel_material, voxel_move, voxel_nearest_wall, voxel_wall},
};
use crate::transport::{
    constants::*,
    layout::Params,
    rng::{rng_block, rng_normal3, rng_uniform},
    tables::Tables,
};

/// The next stop is the hinge.
pub const ELECTRON_HINGE: u32 = 0;
/// The next stop is the end of the step.
pub const ELECTRON_END: u32 = 1;
/// The next stop is a hard event.
pub const ELECTRON_HARD: u32 = 2;
/// The next stop is the point of absorption.
pub const ELECTRON_FINAL: u32 = 3;
/// A photon is emitted by a particle that cannot leave its voxel.
pub const ELECTRON_RADIATE: u32 = 4;
/// A positron annihilates at rest.
pub const ELECTRON_REST: u32 = 5;

/// At rest or outside.
pub const ELECTRON_DONE: u32 = 0;
/// On the way: [`electron_advance`].
pub const ELECTRON_MOVING: u32 = 1;
/// At the hinge of its step: [`electron_deflect`].
pub const ELECTRON_TURN: u32 = 2;
/// Between two condensed steps: [`electron_begin_step`].
pub const ELECTRON_STEP: u32 = 3;
/// At a hard event: [`event_happen`](super::event::event_happen).
pub const ELECTRON_EVENT: u32 = 4;

/// An electron or positron between two steps: what the stack keeps of it, and how it is born.
#[derive(Debug, Clone, Copy, Default)]
pub struct ElectronWaiting {
    /// Storage position of its voxel.
    pub index: u32,
    /// Offset in the voxel, cm.
    pub offset: Vec3,
    /// Direction.
    pub direction: Vec3,
    /// Residual range in the material of the voxel, g/cm2.
    pub range: f32,
    /// Energy left, quanta.
    pub quanta: u32,
    /// Mean free paths to the next hard event.
    pub interactions: f32,
    /// Random stream.
    pub stream: u32,
    /// Next draw.
    pub draw: u32,
    /// Steps made.
    pub steps: u32,
    /// `KIND_ELECTRON` or `KIND_POSITRON`.
    pub charge: u32,
}

/// An electron or positron on its way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Electron {
    /// Voxel.
    pub voxel: UVec3,
    /// Its storage position.
    pub index: u32,
    /// Its packed material and density.
    pub medium: u32,
    /// Offset in the voxel, cm.
    pub offset: Vec3,
    /// Direction.
    pub direction: Vec3,
    /// 1 / |direction|.
    pub inverse: Vec3,
    /// Residual range in the present material, g/cm2.
    pub range: f32,
    /// Energy left, quanta: what is deposited are differences of this.
    pub quanta: u32,
    /// Length of the whole step, in the present material, g/cm2.
    pub step: f32,
    /// Residual range at its beginning, in the present material, g/cm2.
    pub start: f32,
    /// Range used up per g/cm2 of way in this step: the soft straggling.
    pub loss: f32,
    /// Share of the step that is done.
    pub share: f32,
    /// Share at the next stop.
    pub stop: f32,
    /// What happens at the next stop.
    pub event: u32,
    /// Share at which a hard event ends the step; above 1: none.
    pub hard: f32,
    /// Mean free paths to the next hard event.
    pub interactions: f32,
    /// Random words of the step: deflection, azimuth, choice of table.
    pub words: [u32; 3],
    /// Random stream.
    pub stream: u32,
    /// Next draw.
    pub draw: u32,
    /// Steps made.
    pub steps: u32,
    /// What it waits for: [`ELECTRON_DONE`], [`ELECTRON_MOVING`], [`ELECTRON_TURN`], [`ELECTRON_STEP`] or [`ELECTRON_EVENT`].
    pub state: u32,
    /// `KIND_ELECTRON` or `KIND_POSITRON`.
    pub charge: u32,
}

/// What a function left behind in a voxel.
#[derive(Debug, Clone, Copy, Default)]
pub struct ElectronDeposit {
    /// Voxel of the deposit.
    pub index: u32,
    /// Energy, quanta.
    pub quanta: u32,
    /// Energy carried out of the phantom, quanta.
    pub escaped: u32,
    /// Status bits of emergency exits.
    pub status: u32,
}

/// Sets a waiting electron on its way; its first step is to be prepared.
#[inline(always)]
pub fn electron_start(params: &Params, voxels: &[u32], waiting: ElectronWaiting) -> Electron {
    Electron {
        voxel: voxel_at(waiting.index, params.size.into()),
        index: waiting.index,
        medium: voxels[waiting.index as usize],
        offset: waiting.offset,
        direction: waiting.direction,
        inverse: voxel_inverse(waiting.direction),
        range: waiting.range,
        quanta: waiting.quanta,
        interactions: waiting.interactions,
        stream: waiting.stream,
        draw: waiting.draw,
        steps: waiting.steps,
        charge: waiting.charge,
        state: ELECTRON_STEP,
        ..Electron::default()
    }
}

/// What [`electron_start`] needs to go on with an electron later.
#[inline(always)]
pub fn electron_wait(e: &Electron) -> ElectronWaiting {
    ElectronWaiting {
        index: e.index,
        offset: e.offset,
        direction: e.direction,
        range: e.range,
        quanta: e.quanta,
        interactions: e.interactions,
        stream: e.stream,
        draw: e.draw,
        steps: e.steps,
        charge: e.charge,
    }
}

/// Gives up what is left of the energy: an electron is done, a positron annihilates.
#[inline(always)]
pub fn electron_stop(e: &mut Electron) -> u32 {
    let quanta = e.quanta;
    e.quanta = 0;
    e.event = ELECTRON_REST;
    e.state = if e.charge == KIND_POSITRON { ELECTRON_EVENT } else { ELECTRON_DONE };
    quanta
}

/// Length of the step at a residual range, g/cm2.
#[inline(always)]
pub fn electron_step(tables: &Tables, material: u32, range: f32) -> f32 {
    let rule = tables.rows[(material * ROWS_PER_MATERIAL + STEP_ROW_AT) as usize];
    (rule[2] * range).max(rule[0].min(rule[3] * range))
}

/// Residual range at which electrons are absorbed, g/cm2.
#[inline(always)]
pub fn electron_cut_range(tables: &Tables, material: u32) -> f32 {
    tables.rows[(material * ROWS_PER_MATERIAL + STEP_ROW_AT) as usize][1]
}

/// Prepares the next condensed step, or ends the electron; returns what it deposits in its voxel.
#[inline(always)]
pub fn electron_begin_step<const SHELLS: bool>(
    params: &Params,
    tables: &Tables,
    voxels: &[u32],
    history: [u32; 2],
    e: &mut Electron,
) -> ElectronDeposit {
    let mut deposit = ElectronDeposit { index: e.index, ..ElectronDeposit::default() };
    let density = voxel_density(e.medium);
    let material = u32::from(voxel_material(e.medium));
    let family = table_family(material, e.charge);
    let confined = params.range_rejection == 1 && e.range < voxel_nearest_wall::<SHELLS>(params, voxels, e.voxel, e.offset) * density;
    if confined && e.interactions < params.radiation_bound {
        // The number of events left has no memory, so what is left to the next hard event serves for the next radiative one.
        let energy = table_electron_energy(tables, family, e.range);
        let count = table_charge(tables, family, RADIATION_COUNT_AT, energy);
        if e.interactions < count {
            e.range = table_electron_range(tables, family, table_radiation_energy(tables, family, energy, count - e.interactions));
            e.event = ELECTRON_RADIATE;
            e.state = ELECTRON_EVENT;
            return deposit;
        }
    }
    if confined || e.steps >= MAX_STEPS {
        if !confined {
            deposit.status = STATUS_STEPS;
        }
        deposit.quanta = electron_stop(e);
        return deposit;
    }
    e.state = ELECTRON_MOVING;
    e.steps += 1;
    e.share = 0.0;
    let row = table_electron(tables, family, e.range);
    if e.range <= electron_cut_range(tables, material) || row.energy <= params.electron_cut {
        e.step = FINAL_ADVANCE * e.range;
        e.loss = 0.0;
        e.stop = 1.0;
        e.event = ELECTRON_FINAL;
        return deposit;
    }
    let words = rng_block(params.seed, history, e.stream, e.draw);
    e.draw += 1;
    e.words = [words[1], words[2], words[0]];
    e.step = electron_step(tables, material, e.range);
    e.start = e.range;
    // Mean 1, variance spread^2 and a positive skewness: a linear and a quadratic part that do not correlate (Var n^2 = 1.6).
    let n = rng_normal3(words[3]);
    let quadratic = (LOSS_SKEWNESS * row.spread).min(LOSS_QUADRATIC);
    let linear = (1.0 - NORMAL3_SQUARE_VARIANCE * quadratic * quadratic).sqrt();
    e.loss = 1.0 + row.drift + row.spread * (linear * n + quadratic * (n * n - 1.0));
    e.hard = 2.0;
    if e.interactions < row.collisions {
        e.hard = e.interactions / row.collisions;
    } else {
        e.interactions -= row.collisions;
    }
    let hinge = rng_uniform(words[0]);
    if hinge < e.hard {
        e.stop = hinge;
        e.event = ELECTRON_HINGE;
    } else {
        e.stop = e.hard;
        e.event = ELECTRON_HARD;
    }
    deposit
}

/// Moves to the next stop or the next wall, whichever comes first; a wall is crossed, a stop tells by the state what is due.
#[inline(always)]
pub fn electron_advance<const SHELLS: bool>(params: &Params, tables: &Tables, voxels: &[u32], e: &mut Electron) -> ElectronDeposit {
    let density = voxel_density(e.medium);
    let wall = voxel_wall::<SHELLS>(params, voxels, e.voxel, e.offset, e.direction, e.inverse);
    let to_wall = wall.distance * density;
    let to_stop = (e.stop - e.share) * e.step;
    let mut deposit = ElectronDeposit { index: e.index, ..ElectronDeposit::default() };
    if to_stop < to_wall {
        e.offset = voxel_move::<SHELLS>(params, e.offset, e.direction, to_stop / density);
        e.range -= e.loss * to_stop;
        e.share = e.stop;
        if e.event == ELECTRON_HINGE {
            e.state = ELECTRON_TURN;
        } else if e.event == ELECTRON_END {
            e.state = ELECTRON_STEP;
        } else if e.event == ELECTRON_HARD {
            e.state = ELECTRON_EVENT;
        } else {
            deposit.quanta = electron_stop(e);
        }
        return deposit;
    }
    e.offset = voxel_move::<SHELLS>(params, e.offset, e.direction, wall.distance);
    e.range -= e.loss * to_wall;
    e.share = (e.share + to_wall / e.step).min(e.stop);
    let material = u32::from(voxel_material(e.medium));
    let energy = table_electron_energy(tables, table_family(material, e.charge), e.range);
    if e.loss > 0.0 {
        let left = tally_quanta(energy).min(e.quanta);
        deposit.quanta = e.quanta - left;
        e.quanta = left;
    }
    let next = voxel_cross::<SHELLS>(params, e.voxel, e.offset, e.direction, wall.axis);
    if next.outside {
        // A positron takes what its annihilation would set free along.
        deposit.escaped = e.quanta + e.charge * 2 * REST_QUANTA;
        e.state = ELECTRON_DONE;
        return deposit;
    }
    e.voxel = next.voxel;
    e.offset = next.offset;
    e.index = voxel_index(next.voxel, params.size.into());
    e.medium = voxels[e.index as usize];
    let entered = u32::from(voxel_material(e.medium));
    if entered != material {
        // The rest of the step keeps its share: its length scales as the residual range does.
        let range = table_electron_range(tables, table_family(entered, e.charge), energy);
        let scale = range / e.range;
        e.step *= scale;
        e.start *= scale;
        e.range = range;
    }
    deposit
}

/// Turns by the angle of the whole step, at its hinge.
#[inline(always)]
pub fn electron_deflect(tables: &Tables, e: &mut Electron) {
    let family = table_family(voxel_material(e.medium).into(), e.charge);
    let mu = table_deflection(tables, family, e.start, e.words[0], e.words[2]);
    let polar = [1.0 - 2.0 * mu, 2.0 * (mu * (1.0 - mu)).max(0.0).sqrt()];
    e.direction = direction_turn(e.direction, polar, math_cos_sin(e.words[1]));
    e.inverse = voxel_inverse(e.direction);
    e.stop = e.hard.min(1.0);
    e.event = if e.hard < 1.0 { ELECTRON_HARD } else { ELECTRON_END };
    e.state = ELECTRON_MOVING;
}
