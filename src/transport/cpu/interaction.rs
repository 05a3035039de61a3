//! Interactions of photons: Compton and Rayleigh scattering, photoelectric absorption, pair production.
//! Twin: `shaders/transport/interaction.wgsl`. Rules: `transport/model.md`, "Photons".

use glam::Vec3;

use super::{
    direction::{direction_isotropic, direction_turn},
    event::event_dipole,
    math::{math_cos_sin, math_exp, math_ln},
    photon::{PHOTON_DONE, PHOTON_FLYING, Photon},
    tables::{table_energy, table_photon, table_rayleigh, table_split},
    tally::{tally_mev, tally_quanta},
    voxel::voxel_material,
};
use crate::transport::{
    constants::*,
    layout::Params,
    rng::{rng_block, rng_child_stream, rng_uniform},
    tables::Tables,
};

/// An electron or positron that an interaction sets free at its place.
#[derive(Debug, Clone, Copy, Default)]
pub struct InteractionElectron {
    /// Direction.
    pub direction: Vec3,
    /// Energy, quanta; 0: there is none.
    pub quanta: u32,
    /// Random stream.
    pub stream: u32,
}

/// What an interaction leaves behind.
#[derive(Debug, Clone, Copy, Default)]
pub struct InteractionResult {
    /// An electron, unless its energy is 0.
    pub electron: InteractionElectron,
    /// A positron, if `pair` is 1.
    pub positron: InteractionElectron,
    /// 1: a pair was produced.
    pub pair: u32,
    /// Deposit at the place of the interaction, quanta.
    pub quanta: u32,
    /// Status bits.
    pub status: u32,
}

/// The interaction that a photon has come to: changes it, and hands back what it sets free.
#[inline]
pub fn interaction_happen(params: &Params, tables: &Tables, history: [u32; 2], photon: &mut Photon) -> InteractionResult {
    let mut result = InteractionResult::default();
    let energy = tally_mev(photon.quanta);
    let row = table_photon(tables, voxel_material(photon.medium).into(), energy);
    photon.state = PHOTON_FLYING;
    if photon.choice < row.compton {
        interaction_compton(params, tables, history, photon, &mut result, energy);
    } else if photon.choice < row.scattered {
        interaction_rayleigh(params, tables, history, photon, &mut result, energy);
    } else if photon.choice < row.absorbed || photon.quanta <= 2 * REST_QUANTA {
        interaction_absorb(params, tables, history, photon, &mut result, energy);
    } else {
        interaction_pair(params, tables, history, photon, &mut result, energy);
    }
    result
}

/// Compton scattering on a shell in the impulse approximation.
///
/// Angle: Klein-Nishina, sampled as EGSnrc does, times the share of the shell's electrons whose binding allows it. Energy: broadened by the
/// electron's momentum, with the analytical profiles of D. Brusa et al., Nucl. Instrum. Meth. A 379 (1996) 167.
#[inline(always)]
fn interaction_compton(
    params: &Params,
    tables: &Tables,
    history: [u32; 2],
    photon: &mut Photon,
    result: &mut InteractionResult,
    energy: f32,
) {
    let born = photon.draw;
    let kappa = energy / REST_ENERGY;
    let least = 1.0 / (1.0 + 2.0 * kappa);
    let span = math_ln(1.0 / least);
    let square = 0.5 * (1.0 - least * least);
    let first_shell = u32::from(voxel_material(photon.medium)) * ROWS_PER_MATERIAL + SHELL_ROWS_AT;
    // The last proposal stands if none is accepted: forward, on an electron at rest.
    let (mut ratio, mut lost, mut share, mut profile, mut binding) = (1.0f32, 0.0f32, 0.5f32, 1.0f32, 0.0f32);
    let mut accepted = false;
    for _ in 0..MAX_REJECTIONS {
        let words = rng_block(params.seed, history, photon.stream, photon.draw);
        photon.draw += 1;
        let u = rng_uniform(words[0]);
        let mut shell = tables.rows[first_shell as usize];
        for k in 0..SHELL_ROWS {
            shell = tables.rows[(first_shell + k) as usize];
            if u < shell[0] {
                break;
            }
        }
        let choice = rng_uniform(words[1]) * (span + square);
        if choice < span {
            ratio = least * math_exp(choice);
        } else {
            ratio = (least * least + 2.0 * (choice - span)).sqrt();
        }
        ratio = ratio.min(1.0);
        lost = ((1.0 - ratio) / (kappa * ratio)).min(2.0);
        profile = shell[1];
        binding = shell[2];
        if energy <= binding {
            continue;
        }
        share = interaction_share(profile * interaction_momentum(REST_ENERGY, energy, lost, binding));
        let form = (1.0 - ratio * lost * (2.0 - lost) / (1.0 + ratio * ratio)) * share;
        if rng_uniform(words[2]) < form {
            accepted = true;
            break;
        }
    }
    if !accepted {
        result.status = STATUS_REJECTION;
    }
    let cosine = 1.0 - lost;
    let polar = [cosine, (lost * (2.0 - lost)).max(0.0).sqrt()];
    // Momentum of the electron along the transfer: changes the energy of the photon. The flux factor is linear in it.
    let transferred = (1.0 + ratio * ratio - 2.0 * ratio * cosine).max(TINY).sqrt();
    let slope = transferred * (1.0 + ratio * (ratio - cosine) / (transferred * transferred));
    let mut momentum = 0.0;
    let mut azimuth = [1.0, 0.0];
    for _ in 0..MAX_REJECTIONS {
        let words = rng_block(params.seed, history, photon.stream, photon.draw);
        photon.draw += 1;
        azimuth = math_cos_sin(words[2]);
        momentum = interaction_profile(rng_uniform(words[0]) * share) / profile;
        if rng_uniform(words[1]) * (1.0 + slope.abs() * FLUX_LIMIT) < 1.0 + slope * momentum.clamp(-FLUX_LIMIT, FLUX_LIMIT) {
            break;
        }
    }
    let t = momentum * momentum;
    let root = ((1.0 - t * ratio * cosine) * (1.0 - t * ratio * cosine) - (1.0 - t * ratio * ratio) * (1.0 - t)).max(0.0).sqrt();
    let along = if momentum < 0.0 { -root } else { root };
    let broadened = ratio / (1.0 - t * ratio * ratio) * (1.0 - t * ratio * cosine + along);
    let scattered = (energy * broadened).min(energy - binding).max(0.0);
    let before = photon.quanta;
    photon.quanta = tally_quanta(scattered).min(before);
    result.quanta = tally_quanta(binding).min(before - photon.quanta);
    let incoming = photon.direction;
    let q = (energy * energy + scattered * scattered - 2.0 * energy * scattered * cosine).max(TINY).sqrt();
    let electron_cosine = ((energy - scattered * cosine) / q).clamp(-1.0, 1.0);
    let electron_polar = [electron_cosine, (1.0 - electron_cosine * electron_cosine).sqrt()];
    result.electron = InteractionElectron {
        direction: direction_turn(incoming, electron_polar, [-azimuth[0], -azimuth[1]]),
        quanta: before - photon.quanta - result.quanta,
        stream: rng_child_stream(photon.stream, born),
    };
    photon.direction = direction_turn(incoming, polar, azimuth);
}

/// Largest momentum (m c) along the transfer that an electron bound with `binding` MeV can have had; `lost` = 1 - cosine.
#[inline(always)]
pub fn interaction_momentum(rest: f32, energy: f32, lost: f32, binding: f32) -> f32 {
    let product = energy * (energy - binding) * lost;
    (product - rest * binding) / (rest * (2.0 * product + binding * binding).max(TINY).sqrt())
}

/// Share of a shell's electrons with a momentum below p, as a function of p times the profile at 0.
#[inline(always)]
pub fn interaction_share(p: f32) -> f32 {
    let s = SQRT_HALF + SQRT_TWO * p.abs();
    let tail = 0.5 * math_exp((0.5 - s * s).max(-LARGEST_EXPONENT));
    if p < 0.0 { tail } else { 1.0 - tail }
}

/// Inverse of [`interaction_share`] for shares in (0, 1).
#[inline(always)]
pub fn interaction_profile(share: f32) -> f32 {
    let tail = (2.0 * share.min(1.0 - share)).max(TINY);
    let p = ((0.5 - math_ln(tail)).max(0.5).sqrt() - SQRT_HALF) * SQRT_HALF;
    if share < 0.5 { -p } else { p }
}

/// Rayleigh scattering: squared form factor times the Thomson cross section.
#[inline(always)]
fn interaction_rayleigh(
    params: &Params,
    tables: &Tables,
    history: [u32; 2],
    photon: &mut Photon,
    result: &mut InteractionResult,
    energy: f32,
) {
    let largest = energy * TRANSFER_PER_MEV * (energy * TRANSFER_PER_MEV);
    let mut cosine = 1.0;
    let mut azimuth = [1.0, 0.0];
    let mut accepted = false;
    for _ in 0..MAX_REJECTIONS {
        let words = rng_block(params.seed, history, photon.stream, photon.draw);
        photon.draw += 1;
        cosine = 1.0 - 2.0 * table_rayleigh(tables, voxel_material(photon.medium).into(), largest, rng_uniform(words[0])) / largest;
        azimuth = math_cos_sin(words[2]);
        if 2.0 * rng_uniform(words[1]) < 1.0 + cosine * cosine {
            accepted = true;
            break;
        }
    }
    if !accepted {
        result.status = STATUS_REJECTION;
    }
    photon.direction = direction_turn(photon.direction, [cosine, (1.0 - cosine * cosine).max(0.0).sqrt()], azimuth);
}

/// Photoelectric absorption; a K line of a heavier element goes on as the photon.
#[inline(always)]
fn interaction_absorb(
    params: &Params,
    tables: &Tables,
    history: [u32; 2],
    photon: &mut Photon,
    result: &mut InteractionResult,
    energy: f32,
) {
    let material = u32::from(voxel_material(photon.medium));
    let words = rng_block(params.seed, history, photon.stream, photon.draw);
    let born = photon.draw;
    photon.draw += 1;
    let before = photon.quanta;
    photon.quanta = 0;
    photon.state = PHOTON_DONE;
    let u = rng_uniform(words[0]);
    for k in 0..LINE_ROWS {
        if u < table_energy(tables, material, LINE_AT + k * ENERGY_NODES, energy) {
            let line = tables.rows[(material * ROWS_PER_MATERIAL + LINE_ROWS_AT + k) as usize];
            if energy > line[0] {
                photon.quanta = tally_quanta(if rng_uniform(words[1]) < line[3] { line[1] } else { line[2] });
                result.quanta = tally_quanta(line[0]) - photon.quanta;
                photon.state = PHOTON_FLYING;
            }
            break;
        }
    }
    let quanta = before - photon.quanta - result.quanta;
    let direction = interaction_sauter(params, history, photon, tally_mev(quanta), math_cos_sin(words[2]));
    result.electron = InteractionElectron { direction, quanta, stream: rng_child_stream(photon.stream, born) };
    if photon.state == PHOTON_FLYING {
        let isotropic = rng_block(params.seed, history, photon.stream, photon.draw);
        photon.draw += 1;
        photon.direction = direction_isotropic(rng_uniform(isotropic[0]), math_cos_sin(isotropic[1]));
    }
}

/// Direction of a photoelectron: F. Sauter, Ann. Phys. 403 (1931) 454, K shell, sampled as in the PENELOPE manual.
#[inline(always)]
fn interaction_sauter(params: &Params, history: [u32; 2], photon: &mut Photon, energy: f32, azimuth: [f32; 2]) -> Vec3 {
    let tau = energy / REST_ENERGY;
    let gamma = 1.0 + tau;
    let beta = (tau * (tau + 2.0)).sqrt() / gamma;
    let a = 1.0 / beta.max(LEAST_SPEED) - 1.0;
    let b = 0.5 * beta * gamma * (gamma - 1.0) * (gamma - 2.0);
    let mut nu = 1.0;
    for _ in 0..MAX_REJECTIONS {
        let words = rng_block(params.seed, history, photon.stream, photon.draw);
        photon.draw += 1;
        let u = rng_uniform(words[0]);
        nu = 2.0 * a * (2.0 * u + (a + 2.0) * u.sqrt()) / ((a + 2.0) * (a + 2.0) - 4.0 * u);
        if rng_uniform(words[1]) * 2.0 * (1.0 / a + b) < (2.0 - nu) * (1.0 / (a + nu) + b) {
            break;
        }
    }
    let cosine = (1.0 - nu).clamp(-1.0, 1.0);
    direction_turn(photon.direction, [cosine, (1.0 - cosine * cosine).max(0.0).sqrt()], azimuth)
}

/// Pair production in the field of a nucleus or an electron; the recoil of the latter is neglected.
#[inline(always)]
fn interaction_pair(params: &Params, tables: &Tables, history: [u32; 2], photon: &mut Photon, result: &mut InteractionResult, energy: f32) {
    let born = photon.draw;
    let kinetic = photon.quanta - 2 * REST_QUANTA;
    let mut share = 0.5;
    let mut accepted = false;
    for _ in 0..MAX_REJECTIONS {
        let words = rng_block(params.seed, history, photon.stream, photon.draw);
        photon.draw += 1;
        share = rng_uniform(words[0]);
        if rng_uniform(words[1]) < table_split(tables, voxel_material(photon.medium).into(), energy, share, words[2]) {
            accepted = true;
            break;
        }
    }
    if !accepted {
        result.status = STATUS_REJECTION;
    }
    let angles = rng_block(params.seed, history, photon.stream, photon.draw);
    photon.draw += 1;
    let positron = ((share * kinetic as f32) as u32).min(kinetic);
    let azimuth = math_cos_sin(angles[2]);
    let incoming = photon.direction;
    result.pair = 1;
    result.positron = interaction_emit(incoming, positron, angles[0], azimuth, rng_child_stream(photon.stream, born ^ SECOND_BORN));
    result.electron =
        interaction_emit(incoming, kinetic - positron, angles[1], [-azimuth[0], -azimuth[1]], rng_child_stream(photon.stream, born));
    photon.quanta = 0;
    photon.state = PHOTON_DONE;
}

/// One particle of a pair.
#[inline(always)]
fn interaction_emit(incoming: Vec3, quanta: u32, word: u32, azimuth: [f32; 2], stream: u32) -> InteractionElectron {
    let cosine = event_dipole(tally_mev(quanta) / REST_ENERGY, rng_uniform(word));
    let polar = [cosine, (1.0 - cosine * cosine).max(0.0).sqrt()];
    InteractionElectron { direction: direction_turn(incoming, polar, azimuth), quanta, stream }
}
