//! Oxygen of a voxel.

/// Oxygen inside one voxel, all classes of cells in it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct Oxygen<R> {
    /// Mean pO2, mmHg; 0 where oxygen is off.
    pub po2: R,
    /// Part of the tissue below the hypoxia limit.
    pub hypoxic: R,
    /// Mean oxygen multiplier w of the oxic cells, 1 with oxygen, 1/m without.
    pub oxic_weight: R,
    /// Mean oxygen multiplier of the hypoxic cells.
    pub hypoxic_weight: R,
}

impl<R: num_traits::Float> Oxygen<R> {
    /// All cells well oxygenated: what holds where oxygen is off.
    pub fn full() -> Self {
        Self { po2: R::zero(), hypoxic: R::zero(), oxic_weight: R::one(), hypoxic_weight: R::one() }
    }
}
