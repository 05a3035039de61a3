//! Photons: Woodcock tracking from one real or virtual interaction to the next. Twin: `shaders/transport/photon.wgsl`.
//! Rules: `transport/model.md`, "Photons". Interactions are in `interaction.rs`.

use glam::{UVec3, Vec3};

use super::{
    math::math_exponential,
    tables::{table_energy, table_over_energy, table_photon},
    tally::tally_mev,
    voxel::{voxel_at, voxel_cross, voxel_density, voxel_index, voxel_inverse, voxel_material, voxel_move, voxel_shift, voxel_wall},
};
use crate::transport::{
    constants::*,
    layout::{Params, Queued},
    rng::{rng_block, rng_uniform},
    tables::Tables,
};

/// Absorbed or outside.
pub const PHOTON_DONE: u32 = 0;
/// On its way: [`photon_fly`].
pub const PHOTON_FLYING: u32 = 1;
/// Scoring its way through the voxels: [`photon_trace`].
pub const PHOTON_TRACING: u32 = 2;
/// At an interaction: [`interaction_happen`](super::interaction::interaction_happen).
pub const PHOTON_INTERACTION: u32 = 3;

/// A photon.
#[derive(Debug, Clone, Copy, Default)]
pub struct Photon {
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
    /// Energy, quanta; exact as f32 too.
    pub quanta: u32,
    /// Attenuation coefficient at the interaction times a uniform number, cm2/g: decides what it is.
    pub choice: f32,
    /// Way still to be scored in this flight, cm.
    pub way: f32,
    /// Collision kerma not yet scored, quanta.
    pub carry: f32,
    /// Random stream.
    pub stream: u32,
    /// Next draw.
    pub draw: u32,
    /// Flights made.
    pub flights: u32,
    /// What it waits for: [`PHOTON_DONE`], [`PHOTON_FLYING`], [`PHOTON_TRACING`] or [`PHOTON_INTERACTION`].
    pub state: u32,
}

/// What a function left behind in a voxel.
#[derive(Debug, Clone, Copy, Default)]
pub struct PhotonDeposit {
    /// Voxel of the deposit.
    pub index: u32,
    /// Energy, quanta.
    pub quanta: u32,
    /// Energy carried out of the phantom, quanta.
    pub escaped: u32,
    /// Status bits of emergency exits.
    pub status: u32,
}

/// Sets a photon on its way; `draw`: the first of its stream that is not used yet.
#[inline(always)]
pub fn photon_start(params: &Params, voxels: &[u32], queued: Queued, draw: u32) -> Photon {
    Photon {
        voxel: voxel_at(queued.index, params.size.into()),
        index: queued.index,
        medium: voxels[queued.index as usize],
        offset: queued.offset.into(),
        direction: queued.direction.into(),
        quanta: queued.quanta,
        stream: queued.stream,
        draw,
        state: PHOTON_FLYING,
        ..Photon::default()
    }
}

/// Samples the way to the next real or virtual interaction; without tracing the photon jumps there at once.
#[inline(always)]
pub fn photon_fly<const SHELLS: bool>(
    params: &Params,
    tables: &Tables,
    voxels: &[u32],
    history: [u32; 2],
    photon: &mut Photon,
) -> PhotonDeposit {
    let mut deposit = PhotonDeposit { index: photon.index, ..PhotonDeposit::default() };
    let energy = tally_mev(photon.quanta);
    if energy <= params.photon_cut || photon.flights >= MAX_FLIGHTS {
        if energy > params.photon_cut {
            deposit.status = STATUS_FLIGHTS;
        }
        deposit.quanta = photon.quanta;
        photon.state = PHOTON_DONE;
        return deposit;
    }
    photon.flights += 1;
    let words = rng_block(params.seed, history, photon.stream, photon.draw);
    photon.draw += 1;
    let majorant = table_over_energy(tables, params.majorant_at, energy);
    let distance = math_exponential(words[0]) / majorant;
    photon.choice = rng_uniform(words[1]) * majorant;
    if params.photon_mode == MODE_TRACK_LENGTH {
        photon.way = distance;
        photon.state = PHOTON_TRACING;
        return deposit;
    }
    let next = voxel_shift::<SHELLS>(params, voxels, photon.voxel, photon.offset, photon.direction, distance);
    if next.outside {
        deposit.escaped = photon.quanta;
        photon.state = PHOTON_DONE;
        return deposit;
    }
    photon.voxel = next.voxel;
    photon.offset = next.offset;
    photon.index = voxel_index(next.voxel, params.size.into());
    photon.medium = voxels[photon.index as usize];
    photon_meet(tables, photon);
    deposit
}

/// At the end of a flight: real or virtual?
#[inline(always)]
pub fn photon_meet(tables: &Tables, photon: &mut Photon) {
    photon.choice /= voxel_density(photon.medium);
    let row = table_photon(tables, voxel_material(photon.medium).into(), tally_mev(photon.quanta));
    photon.state = if photon.choice < row.total { PHOTON_INTERACTION } else { PHOTON_FLYING };
}

/// Scores the mean energy absorbed on the way to the next wall or to the end of the flight, and goes there.
///
/// The deposit is an estimate, not a share of the photon's energy.
#[inline(always)]
pub fn photon_trace<const SHELLS: bool>(params: &Params, tables: &Tables, voxels: &[u32], photon: &mut Photon) -> PhotonDeposit {
    let mut deposit = PhotonDeposit { index: photon.index, ..PhotonDeposit::default() };
    let material = voxel_material(photon.medium).into();
    let absorption = table_energy(tables, material, ABSORPTION_AT, tally_mev(photon.quanta));
    let inverse = voxel_inverse(photon.direction);
    let wall = voxel_wall::<SHELLS>(params, voxels, photon.voxel, photon.offset, photon.direction, inverse);
    let leg = photon.way.min(wall.distance);
    // What rounding leaves over is scored with the next leg.
    let kerma = photon.carry + photon.quanta as f32 * absorption * voxel_density(photon.medium) * leg;
    deposit.quanta = kerma as u32;
    photon.carry = kerma - deposit.quanta as f32;
    photon.offset = voxel_move::<SHELLS>(params, photon.offset, photon.direction, leg);
    if photon.way <= wall.distance {
        photon_meet(tables, photon);
        return deposit;
    }
    photon.way -= leg;
    let next = voxel_cross::<SHELLS>(params, photon.voxel, photon.offset, photon.direction, wall.axis);
    if next.outside {
        deposit.escaped = photon.quanta;
        photon.state = PHOTON_DONE;
        return deposit;
    }
    photon.voxel = next.voxel;
    photon.offset = next.offset;
    photon.index = voxel_index(next.voxel, params.size.into());
    photon.medium = voxels[photon.index as usize];
    deposit
}
