//! Structs shared with WGSL (`shaders/shared/layout.wgsl`), nothing else. A test compares offsets and sizes with naga's.

use bytemuck::{Pod, Zeroable};

/// Everything a kernel needs besides its buffers.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Params {
    /// Voxels along x, y, z.
    pub size: [u32; 3],
    /// Number of entries in the source list.
    pub source_count: u32,
    /// Voxel edges, cm.
    pub spacing: [f32; 3],
    /// Residual range at which electrons are absorbed, per density: cm.
    pub cut_length: f32,
    /// Key of the random numbers.
    pub seed: [u32; 2],
    /// Stream of the primaries of this component.
    pub stream: u32,
    /// Number of entries in the emission table.
    pub spectrum_count: u32,
    /// Index of the first history of the run this dispatch belongs to (low, high word); added to each history's place.
    pub history_base: [u32; 2],
    /// 2^64 / (histories in the run), (low, high word): steps of the systematic sample over the source.
    pub phase_step: [u32; 2],
    /// Random start of the systematic sample.
    pub phase_offset: u32,
    /// First history of this dispatch, counted within the batch.
    pub first: u32,
    /// Histories in this dispatch.
    pub count: u32,
    /// Number of batches: histories of one batch are this far apart.
    pub batches: u32,
    /// This batch.
    pub batch: u32,
    /// Segments (legs to a wall, hinge or collision) after which a thread takes no further history.
    pub segments: u32,
    /// 1: electrons that cannot leave their voxel deposit at once.
    pub range_rejection: u32,
    /// Step as a share of the residual range.
    pub step_fraction: f32,
    /// Delta-ray threshold, MeV: the larger of this ...
    pub delta_floor: f32,
    /// ... and this share of the energy.
    pub delta_share: f32,
    /// Absorption energy of electrons, MeV, besides `cut_length`.
    pub electron_cut: f32,
    /// Electron rest energy, MeV.
    pub electron_rest: f32,
    /// Histories that a GPU thread may begin before it looks for hard collisions; see [`super::gpu::run::Rhythm`].
    pub histories_per_turn: u32,
    /// Condensed steps before it looks for the next history.
    pub steps_per_history: u32,
    /// Stops (hinge, end) before it looks for the next step.
    pub stops_per_step: u32,
    /// Legs before it looks for a stop.
    pub legs_per_stop: u32,
    /// Where in its voxel a history starts: a [`super::backend::SourceShape`].
    pub source_shape: u32,
    /// 0: voxels; n: n spherical shells around the origin and what lies beyond, see [`super::geometry`].
    pub shells: u32,
    /// Padding.
    pub unused: [u32; 2],
}

/// What a dispatch reports; pairs are (low, high) words of 64-bit sums.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Counters {
    /// Energy emitted, quanta.
    pub emitted: [u32; 2],
    /// Energy deposited in voxels, quanta.
    pub deposited: [u32; 2],
    /// Energy carried out of the phantom, quanta.
    pub escaped: [u32; 2],
    /// Condensed steps (electrons) or voxel crossings (alphas).
    pub steps: [u32; 2],
    /// Delta rays produced.
    pub secondaries: [u32; 2],
    /// Histories finished.
    pub histories: [u32; 2],
    /// Next history to be taken by a thread.
    pub next: u32,
    /// One bit per cause of an emergency exit.
    pub status: u32,
    /// Number of emergency exits.
    pub incidents: u32,
    /// Padding.
    pub unused: u32,
}
