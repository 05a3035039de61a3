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
    /// Absorption energy of electrons, MeV, besides the residual range of the tables.
    pub electron_cut: f32,
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
    /// Delta-ray threshold, MeV: the larger of this ...
    pub delta_floor: f32,
    /// ... and this share of the energy.
    pub delta_share: f32,
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
    /// Kind of the primaries: `KIND_*` (alphas have none).
    pub kind: u32,
    /// Place of the majorant among the table's scalars.
    pub majorant_at: u32,
    /// Energy from which bremsstrahlung is emitted as photons, MeV; above every energy if none is.
    pub photon_threshold: f32,
    /// Absorption energy of photons, MeV.
    pub photon_cut: f32,
    /// No particle that cannot leave its voxel has more annihilations and hard photons left on average than this.
    pub radiation_bound: f32,
    /// 0: photons score what they and their electrons deposit; else `MODE_*`.
    pub photon_mode: u32,
    /// Particles that fit into each half of the queue.
    pub queue_capacity: u32,
    /// 0: histories are primaries; 1: they are waiting in the queue, `first` and `count` being places there.
    pub queue_waiting: u32,
    /// Entries of the other half from which on threads take no further history.
    pub queue_full: u32,
}

/// A particle that waits for the kernel of its kind.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
pub struct Queued {
    /// Offset in its voxel, cm.
    pub offset: [f32; 3],
    /// Storage position of the voxel.
    pub index: u32,
    /// Direction.
    pub direction: [f32; 3],
    /// Energy, quanta; a positron's rest energy and its partner's come on top.
    pub quanta: u32,
    /// History (low, high word).
    pub history: [u32; 2],
    /// Random stream.
    pub stream: u32,
    /// `KIND_*`.
    pub kind: u32,
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
    /// Condensed steps (electrons), voxel crossings (alphas) or flights (photons).
    pub steps: [u32; 2],
    /// Delta rays, and particles put into the queue.
    pub secondaries: [u32; 2],
    /// Energy put into the queue (of electrons and positrons: photons; of photons: electrons and positrons), quanta.
    pub queued_energy: [u32; 2],
    /// Energy that photons lost without a deposit, because their kerma was scored instead, quanta.
    pub absorbed: [u32; 2],
    /// Collision kerma scored along the way of photons, quanta.
    pub kerma: [u32; 2],
    /// Histories and particles from the queue that were finished.
    pub histories: [u32; 2],
    /// Next history to be taken by a thread.
    pub next: u32,
    /// One bit per cause of an emergency exit.
    pub status: u32,
    /// Number of emergency exits.
    pub incidents: u32,
    /// Particles in the other half of the queue.
    pub queued: u32,
}
