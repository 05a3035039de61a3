//! Where a history starts and what it emits. Twin: `shaders/source/decay.wgsl`.

use glam::Vec3;

use super::{
    math::{math_cos_sin, math_exp, math_exponential, math_ln},
    voxel::voxel_radius,
};
use crate::{
    nuclide::spectrum::{Row, mul_hi, sample_energy},
    transport::{
        constants::{SHAPE_BEAM, SHAPE_CENTRE, SHAPE_PLANE, SHAPE_SPHERE},
        cpu::direction::direction_isotropic,
        layout::Params,
        rng::{rng_block, rng_uniform},
    },
};

/// The start of a history.
#[derive(Debug, Clone, Copy)]
pub struct Decay {
    /// History number (low, high word): the counter of all its random numbers.
    pub history: [u32; 2],
    /// Storage position of the source voxel.
    pub index: u32,
    /// Offset in it, cm; in shells the place relative to the origin.
    pub offset: Vec3,
    /// Direction.
    pub direction: Vec3,
    /// Energy, MeV.
    pub energy: f32,
    /// -ln of a uniform: mean free paths to the first hard collision of electrons.
    pub interactions: f32,
}

/// Draws used by [`decay_start`]; a primary's own draws begin here.
pub const DECAY_DRAWS: u32 = 3;

/// History `place` of the batch: entry of the source by systematic sampling, the rest at random.
///
/// `source`: (upper end of the entry's share of 2^32, voxel), ascending; the last end is 2^32 - 1.
#[inline(always)]
pub fn decay_start<const SHELLS: bool>(params: &Params, voxels: &[u32], source: &[[u32; 2]], spectrum: &[Row], place: u32) -> Decay {
    let in_run = place * params.batches + params.batch;
    let low = params.history_base[0].wrapping_add(in_run);
    let history = [low, params.history_base[1] + u32::from(low < in_run)];
    let phase =
        (in_run.wrapping_mul(params.phase_step[1])).wrapping_add(mul_hi(in_run, params.phase_step[0])).wrapping_add(params.phase_offset);
    let a = rng_block(params.seed, history, params.stream, 0);
    let b = rng_block(params.seed, history, params.stream, 1);
    let index = decay_entry(source, params.source_count, phase);
    let mut direction = direction_isotropic(rng_uniform(b[0]), math_cos_sin(b[1]));
    if params.source_shape == SHAPE_BEAM {
        direction = Vec3::Z;
    }
    let offset = if SHELLS { decay_in_shell(params, voxels, index, a) } else { decay_in_voxel(params, a) };
    Decay { history, index, offset, direction, energy: sample_energy(spectrum, b[2], b[3]), interactions: math_exponential(a[3]) }
}

/// A place in a voxel, from its lower corner, cm: anywhere, at the centre, or on the lower z wall.
#[inline(always)]
pub fn decay_in_voxel(params: &Params, words: [u32; 4]) -> Vec3 {
    let mut at = Vec3::new(rng_uniform(words[0]), rng_uniform(words[1]), rng_uniform(words[2]));
    if params.source_shape == SHAPE_CENTRE {
        at = Vec3::splat(0.5);
    } else if params.source_shape >= SHAPE_PLANE {
        at.z = 0.0;
    }
    at * Vec3::from(params.spacing)
}

/// A place of a shell, from the origin, cm: anywhere in it, on its outer sphere, or the origin itself.
#[inline]
pub fn decay_in_shell(params: &Params, voxels: &[u32], shell: u32, words: [u32; 4]) -> Vec3 {
    if params.source_shape == SHAPE_CENTRE {
        return Vec3::ZERO;
    }
    let outer = voxel_radius(params, voxels, shell);
    let mut share = 1.0;
    if params.source_shape != SHAPE_SPHERE {
        let mut inner = 0.0;
        if shell > 0 {
            inner = voxel_radius(params, voxels, shell - 1) / outer;
        }
        // The cube of the radius is uniform.
        let cube = inner * inner * inner;
        share = math_exp(math_ln(cube + (1.0 - cube) * rng_uniform(words[0])) * (1.0 / 3.0)).clamp(inner, 1.0);
    }
    direction_isotropic(rng_uniform(words[1]), math_cos_sin(words[2])) * (outer * share)
}

/// A Gaussian number (Box-Muller) of the history: the straggling of alphas.
#[inline(always)]
pub fn decay_normal(params: &Params, history: [u32; 2]) -> f32 {
    let words = rng_block(params.seed, history, params.stream, 2);
    (2.0 * math_exponential(words[0])).sqrt() * math_cos_sin(words[1])[0]
}

/// Voxel of the first entry whose end lies above `phase`, by bisection.
#[inline(always)]
pub fn decay_entry(source: &[[u32; 2]], count: u32, phase: u32) -> u32 {
    let (mut low, mut high) = (0, count - 1);
    for _ in 0..32 {
        if low >= high {
            break;
        }
        let middle = (low + high) >> 1;
        if phase < source[middle as usize][0] {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    source[low as usize][1]
}
