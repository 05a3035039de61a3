//! Tallies: 64-bit integer sums per voxel. Twin: `shaders/shared/tally.wgsl` (pairs of u32 with carry).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::transport::constants::{LET_QUANTA, QUANTA_PER_MEV};

/// One sum per voxel; additions commute, so the result does not depend on who adds when.
#[derive(Debug)]
pub struct Tally {
    sums: Vec<AtomicU64>,
}

impl Tally {
    /// All zero.
    pub fn new(voxels: usize) -> Self {
        Self { sums: (0..voxels).map(|_| AtomicU64::new(0)).collect() }
    }

    /// The sums, which are reset to zero.
    pub fn take(&mut self) -> Vec<u64> {
        self.sums.iter_mut().map(|sum| std::mem::take(sum.get_mut())).collect()
    }
}

/// Adds quanta to a voxel.
#[inline(always)]
pub fn tally_add(tally: &Tally, index: u32, quanta: u32) {
    if quanta != 0 {
        tally.sums[index as usize].fetch_add(u64::from(quanta), Relaxed);
    }
}

/// Energy in MeV to quanta, rounded.
#[inline(always)]
pub fn tally_quanta(energy: f32) -> u32 {
    (energy * QUANTA_PER_MEV + 0.5) as u32
}

/// Quanta to MeV: exact below 16 MeV.
#[inline(always)]
pub fn tally_mev(quanta: u32) -> f32 {
    quanta as f32 * (1.0 / QUANTA_PER_MEV)
}

/// Energy times LET, or times lineal energy, in MeV keV/um to quanta, rounded.
#[inline(always)]
pub fn tally_let_quanta(value: f32) -> u32 {
    (value.max(0.0) * LET_QUANTA + 0.5) as u32
}
