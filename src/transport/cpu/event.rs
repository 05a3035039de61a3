//! Hard events of electrons and positrons: Moeller and Bhabha collisions, bremsstrahlung, annihilation.
//! Twin: `shaders/transport/event.wgsl`. Rules: `transport/model.md`, "Hard events".

use glam::{UVec3, Vec3};

use super::{
    direction::{direction_isotropic, direction_turn},
    electron::{ELECTRON_DONE, ELECTRON_RADIATE, ELECTRON_REST, ELECTRON_STEP, Electron, ElectronWaiting, electron_cut_range},
    math::{math_cos_sin, math_exp, math_exponential, math_ln},
    tables::{table_charge, table_electron_energy, table_electron_range, table_family, table_spectrum},
    tally::tally_quanta,
    voxel::{voxel_density, voxel_inverse, voxel_material, voxel_nearest_wall},
};
use crate::transport::{
    constants::*,
    layout::Params,
    rng::{rng_block, rng_child_stream, rng_spare, rng_uniform},
    tables::Tables,
};

/// A photon that an event sets free at its place.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventPhoton {
    /// Direction.
    pub direction: Vec3,
    /// Energy, quanta.
    pub quanta: u32,
    /// Random stream.
    pub stream: u32,
}

/// What an event leaves behind.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventResult {
    /// The delta ray, if there is one.
    pub delta: ElectronWaiting,
    /// 1: there is one; 0: its energy was deposited, or none was set free.
    pub born: u32,
    /// Number of photons.
    pub photons: u32,
    /// The first of them ...
    pub first: EventPhoton,
    /// ... and the second.
    pub second: EventPhoton,
    /// Deposit at the place of the event, quanta.
    pub quanta: u32,
    /// Status bits.
    pub status: u32,
}

/// The hard event that a particle has come to: changes it, and hands back secondaries and the deposit up to here.
///
/// `depth`: particles waiting on the stack.
#[inline]
pub fn event_happen<const SHELLS: bool>(
    params: &Params,
    tables: &Tables,
    voxels: &[u32],
    history: [u32; 2],
    e: &mut Electron,
    depth: u32,
) -> EventResult {
    let mut result = EventResult::default();
    let born = e.draw;
    let words = rng_block(params.seed, history, e.stream, e.draw);
    e.draw += 1;
    if e.event == ELECTRON_REST {
        let direction = direction_isotropic(rng_uniform(words[0]), math_cos_sin(words[1]));
        event_photons(e, born, &mut result, direction, -direction, REST_QUANTA, REST_QUANTA);
        return result;
    }
    e.state = ELECTRON_STEP;
    let family = table_family(voxel_material(e.medium).into(), e.charge);
    let energy = table_electron_energy(tables, family, e.range);
    let left = tally_quanta(energy).min(e.quanta);
    result.quanta = e.quanta - left;
    e.quanta = left;
    e.interactions = math_exponential(words[3]);
    let kind = rng_spare(words[0], words[1], words[3]);
    let radiation = table_charge(tables, family, RADIATION_AT, energy);
    let choice = if e.event == ELECTRON_RADIATE { kind * radiation } else { kind };
    if choice >= radiation && e.event != ELECTRON_RADIATE {
        event_collide::<SHELLS>(params, tables, voxels, history, e, &mut result, energy, words, [depth, born]);
    } else if choice < table_charge(tables, family, ANNIHILATION_AT, energy) {
        event_annihilate(params, history, e, &mut result, energy, words, born);
    } else {
        event_radiate(params, tables, history, e, &mut result, energy, words, born);
    }
    result
}

/// Two photons, of which the second takes what the first leaves, end a positron.
#[inline(always)]
fn event_photons(e: &mut Electron, born: u32, result: &mut EventResult, first: Vec3, second: Vec3, quanta: u32, other: u32) {
    result.photons = 2;
    result.first = EventPhoton { direction: first, quanta, stream: rng_child_stream(e.stream, born) };
    result.second = EventPhoton { direction: second, quanta: other, stream: rng_child_stream(e.stream, born ^ SECOND_BORN) };
    e.quanta = 0;
    e.state = ELECTRON_DONE;
}

/// Moeller or Bhabha scattering.
#[inline(always)]
fn event_collide<const SHELLS: bool>(
    params: &Params,
    tables: &Tables,
    voxels: &[u32],
    history: [u32; 2],
    e: &mut Electron,
    result: &mut EventResult,
    energy: f32,
    words: [u32; 4],
    [depth, born]: [u32; 2],
) {
    let positron = e.charge == KIND_POSITRON;
    let cut = params.delta_floor.max(params.delta_share * energy) / energy;
    let most = if positron { 1.0 } else { 0.5 };
    if cut >= 2.0 * most * LARGEST_CUT {
        return;
    }
    let mut words = words;
    let gamma = 1.0 + energy / REST_ENERGY;
    // Moeller: proposal 1/x^2 + 5 a on (cut, 1/2), by composition; it bounds the Moeller form from above. Bhabha: 1/x^2 on (cut, 1) alone.
    let a = (gamma - 1.0) * (gamma - 1.0) / (gamma * gamma);
    let b = (2.0 * gamma - 1.0) / (gamma * gamma);
    let inverse_part = 1.0 / cut - 1.0 / most;
    let flat_part = if positron { 0.0 } else { 5.0 * a * (0.5 - cut) };
    let mut x = cut;
    let mut accepted = false;
    for _ in 0..MAX_REJECTIONS {
        let choice = rng_uniform(words[0]) * (inverse_part + flat_part);
        if choice < inverse_part {
            x = 1.0 / (1.0 / cut - choice);
        } else {
            x = cut + (choice - inverse_part) / (5.0 * a);
        }
        let u = rng_uniform(words[1]);
        if positron {
            accepted = u < event_bhabha(gamma, x);
        } else {
            let y = x / (1.0 - x);
            accepted = u * (1.0 + 5.0 * a * x * x) < 1.0 + y * y + a * x * x - b * y;
        }
        if accepted {
            break;
        }
        words = rng_block(params.seed, history, e.stream, e.draw);
        e.draw += 1;
    }
    if !accepted {
        result.status = STATUS_REJECTION;
    }
    let delta = x * energy;
    let delta_quanta = tally_quanta(delta).min(e.quanta);
    e.quanta -= delta_quanta;
    let rest2 = 2.0 * REST_ENERGY;
    let kept = (energy - delta).max(0.0);
    let azimuth = math_cos_sin(words[2]);
    let primary_norm = 1.0 / (energy * (kept + rest2));
    let primary_polar = [(kept * (energy + rest2) * primary_norm).sqrt(), (rest2 * delta * primary_norm).sqrt()];
    let delta_norm = 1.0 / (energy * (delta + rest2));
    let delta_polar = [(delta * (energy + rest2) * delta_norm).sqrt(), (rest2 * kept * delta_norm).sqrt()];
    let incoming = e.direction;
    e.direction = direction_turn(incoming, primary_polar, azimuth);
    e.inverse = voxel_inverse(e.direction);
    let material = voxel_material(e.medium).into();
    e.range = table_electron_range(tables, table_family(material, e.charge), kept);
    let stream = rng_child_stream(e.stream, born);
    let full = depth >= STACK;
    if event_stays::<SHELLS>(params, tables, voxels, history, e.voxel, e.medium, e.offset, delta, stream) || full {
        result.quanta += delta_quanta;
        if full {
            result.status |= STATUS_STACK;
        }
        return;
    }
    result.born = 1;
    result.delta = ElectronWaiting {
        index: e.index,
        offset: e.offset,
        direction: direction_turn(incoming, delta_polar, [-azimuth[0], -azimuth[1]]),
        range: table_electron_range(tables, table_family(material, KIND_ELECTRON), delta),
        quanta: delta_quanta,
        interactions: event_first_interactions(params, history, stream),
        stream,
        draw: 1,
        steps: 0,
        charge: KIND_ELECTRON,
    };
}

/// Mean free paths to the first hard event of a secondary; draw 0 of its stream.
#[inline(always)]
pub fn event_first_interactions(params: &Params, history: [u32; 2], stream: u32) -> f32 {
    math_exponential(rng_block(params.seed, history, stream, 0)[0])
}

/// Whether an electron of `energy` MeV deposits all of it where it is born: below the cut, or unable to leave its voxel and to radiate.
#[inline(always)]
pub fn event_stays<const SHELLS: bool>(
    params: &Params,
    tables: &Tables,
    voxels: &[u32],
    history: [u32; 2],
    voxel: UVec3,
    medium: u32,
    offset: Vec3,
    energy: f32,
    stream: u32,
) -> bool {
    let density = voxel_density(medium);
    let material = u32::from(voxel_material(medium));
    let family = table_family(material, KIND_ELECTRON);
    let range = table_electron_range(tables, family, energy);
    if range <= electron_cut_range(tables, material) || energy <= params.electron_cut {
        return true;
    }
    if params.range_rejection == 0 || range >= voxel_nearest_wall::<SHELLS>(params, voxels, voxel, offset) * density {
        return false;
    }
    if energy <= params.photon_threshold {
        return true;
    }
    let interactions = event_first_interactions(params, history, stream);
    interactions >= params.radiation_bound || interactions >= table_charge(tables, family, RADIATION_COUNT_AT, energy)
}

/// Bhabha cross section relative to 1/x^2, x the share of the energy transferred: H. J. Bhabha, Proc. R. Soc. A 154 (1936) 195, as in ICRU Report 37.
#[inline(always)]
pub fn event_bhabha(gamma: f32, x: f32) -> f32 {
    let y = 1.0 / (gamma + 1.0);
    let y2 = y * y;
    let q = 1.0 - 2.0 * y;
    let beta2 = (gamma * gamma - 1.0) / (gamma * gamma);
    let b1 = 2.0 - y2;
    let b2 = q * (3.0 + y2);
    let b4 = q * q * q;
    let b3 = b4 + q * q;
    1.0 - beta2 * x * (b1 - x * (b2 - x * (b3 - x * b4)))
}

/// Bremsstrahlung: energy from the tabulated spectrum, direction as a dipole that moves with the electron.
#[inline(always)]
fn event_radiate(
    params: &Params,
    tables: &Tables,
    history: [u32; 2],
    e: &mut Electron,
    result: &mut EventResult,
    energy: f32,
    words: [u32; 4],
    born: u32,
) {
    if energy <= params.photon_threshold {
        return;
    }
    let mut words = words;
    let family = table_family(voxel_material(e.medium).into(), e.charge);
    let span = math_ln(energy / params.photon_threshold);
    let mut photon = params.photon_threshold;
    let mut accepted = false;
    for _ in 0..MAX_REJECTIONS {
        photon = (params.photon_threshold * math_exp(span * rng_uniform(words[0]))).min(energy);
        if rng_uniform(words[1]) < table_spectrum(tables, family, energy, photon / energy, words[2]) {
            accepted = true;
            break;
        }
        words = rng_block(params.seed, history, e.stream, e.draw);
        e.draw += 1;
    }
    if !accepted {
        result.status = STATUS_REJECTION;
    }
    let angle = rng_block(params.seed, history, e.stream, e.draw);
    e.draw += 1;
    let quanta = tally_quanta(photon).min(e.quanta);
    e.quanta -= quanta;
    e.range = table_electron_range(tables, family, (energy - photon).max(0.0));
    let cosine = event_dipole(energy / REST_ENERGY, rng_uniform(angle[0]));
    let polar = [cosine, (1.0 - cosine * cosine).max(0.0).sqrt()];
    result.photons = 1;
    result.first = EventPhoton {
        direction: direction_turn(e.direction, polar, math_cos_sin(angle[1])),
        quanta,
        stream: rng_child_stream(e.stream, born),
    };
}

/// Cosine with the density 1 / (1 - beta cosine)^2: isotropic in the system of a particle with `tau` = energy over rest energy.
#[inline(always)]
pub fn event_dipole(tau: f32, u: f32) -> f32 {
    let beta = (tau * (tau + 2.0)).sqrt() / (tau + 1.0);
    let isotropic = 2.0 * u - 1.0;
    ((isotropic + beta) / (isotropic * beta + 1.0)).clamp(-1.0, 1.0)
}

/// Annihilation in flight into two photons: W. Heitler, The Quantum Theory of Radiation (1954), sampled as in the PENELOPE manual.
#[inline(always)]
fn event_annihilate(
    params: &Params,
    history: [u32; 2],
    e: &mut Electron,
    result: &mut EventResult,
    energy: f32,
    words: [u32; 4],
    born: u32,
) {
    let mut words = words;
    let gamma = 1.0 + energy / REST_ENERGY;
    let momentum = (gamma * gamma - 1.0).sqrt();
    let least = 1.0 / (gamma + 1.0 + momentum);
    let span = math_ln((1.0 - least) / least);
    let top = gamma * gamma + 2.0 * gamma - 1.0;
    let mut share = 0.5;
    let mut accepted = false;
    for _ in 0..MAX_REJECTIONS {
        share = least * math_exp(span * rng_uniform(words[0]));
        let g = gamma * gamma + 4.0 * gamma + 1.0 - (gamma + 1.0) * (gamma + 1.0) * share - 1.0 / share;
        if rng_uniform(words[1]) * top < g {
            accepted = true;
            break;
        }
        words = rng_block(params.seed, history, e.stream, e.draw);
        e.draw += 1;
    }
    if !accepted {
        result.status = STATUS_REJECTION;
    }
    let all = e.quanta + 2 * REST_QUANTA;
    let quanta = ((share * all as f32) as u32).min(all);
    let cosine = ((gamma + 1.0 - 1.0 / share) / momentum).clamp(-1.0, 1.0);
    let other = ((gamma + 1.0 - 1.0 / (1.0 - share)) / momentum).clamp(-1.0, 1.0);
    let azimuth = math_cos_sin(words[2]);
    let first = direction_turn(e.direction, [cosine, (1.0 - cosine * cosine).max(0.0).sqrt()], azimuth);
    let second = direction_turn(e.direction, [other, (1.0 - other * other).max(0.0).sqrt()], [-azimuth[0], -azimuth[1]]);
    event_photons(e, born, result, first, second, quanta, all - quanta);
}
