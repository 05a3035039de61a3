//! Reading the physics tables. Twin: `shaders/shared/tables.wgsl`.
//!
//! Tables over range or energy have nodes that divide each octave evenly, so the index is the upper bits of the float and the
//! rest of the mantissa is the place between two nodes.

use crate::transport::{constants::*, tables::Tables};

/// Place in a table: node and share of the way to the next.
#[derive(Debug, Clone, Copy)]
pub struct TablePlace {
    /// Node to the left.
    pub node: u32,
    /// Share of the way to its right neighbour, 0 to 1.
    pub share: f32,
}

/// Energy and its companions at a residual range of an electron.
#[derive(Debug, Clone, Copy)]
pub struct TableElectron {
    /// Energy, MeV.
    pub energy: f32,
    /// Mean number of hard collisions until rest.
    pub collisions: f32,
    /// Standard deviation of the range lost in a full step, relative to the step.
    pub spread: f32,
    /// Mean range lost in a step relative to the step, minus 1.
    pub drift: f32,
}

/// Energy and energy-weighted stopping power at a residual range of an alpha.
#[derive(Debug, Clone, Copy)]
pub struct TableAlpha {
    /// Energy, MeV.
    pub energy: f32,
    /// Int S_el dE from rest, MeV (MeV cm2/g).
    pub stopping_energy: f32,
}

/// Place of `x` in a table that starts at 2^(exponent - 127) with 2^log2 nodes per octave and `nodes` nodes.
#[inline(always)]
pub fn table_place(x: f32, exponent: u32, log2: u32, nodes: u32) -> TablePlace {
    let bits = x.to_bits();
    let start = exponent << 23;
    if bits <= start {
        return TablePlace { node: 0, share: 0.0 };
    }
    let shift = 23 - log2;
    let node = (bits - start) >> shift;
    if node >= nodes - 1 {
        return TablePlace { node: nodes - 2, share: 1.0 };
    }
    let share = (bits & ((1 << shift) - 1)) as f32 / (1 << shift) as f32;
    TablePlace { node, share }
}

/// Electron row at a residual range (g/cm2). Below the table the energy falls in proportion to the range.
#[inline(always)]
pub fn table_electron(tables: &Tables, material: u32, range: f32) -> TableElectron {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = (material * ROWS_PER_MATERIAL + place.node) as usize;
    let a = tables.rows[at];
    let b = tables.rows[at + 1];
    let t = place.share;
    TableElectron {
        energy: (a[0] + (b[0] - a[0]) * t) * table_below(range),
        collisions: a[1] + (b[1] - a[1]) * t,
        spread: a[2] + (b[2] - a[2]) * t,
        drift: a[3] + (b[3] - a[3]) * t,
    }
}

/// Energy at a residual range of an electron, MeV: the first value of [`table_electron`].
#[inline(always)]
pub fn table_electron_energy(tables: &Tables, material: u32, range: f32) -> f32 {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = (material * ROWS_PER_MATERIAL + place.node) as usize;
    let a = tables.rows[at][0];
    let b = tables.rows[at + 1][0];
    (a + (b - a) * place.share) * table_below(range)
}

/// Mean number of hard collisions left at a residual range: the second value of [`table_electron`].
#[inline(always)]
pub fn table_electron_collisions(tables: &Tables, material: u32, range: f32) -> f32 {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = (material * ROWS_PER_MATERIAL + place.node) as usize;
    let a = tables.rows[at][1];
    let b = tables.rows[at + 1][1];
    a + (b - a) * place.share
}

/// Alpha row at a residual range (g/cm2); proportional to the range below the table.
#[inline(always)]
pub fn table_alpha(tables: &Tables, material: u32, range: f32) -> TableAlpha {
    let place = table_place(range, RANGE_EXPONENT, ALPHA_LOG2, ALPHA_ROWS + 1);
    let row = tables.rows[(material * ROWS_PER_MATERIAL + ELECTRON_ROWS + place.node) as usize];
    let t = place.share;
    let below = table_below(range);
    TableAlpha { energy: (row[0] + (row[2] - row[0]) * t) * below, stopping_energy: (row[1] + (row[3] - row[1]) * t) * below }
}

/// 1 inside the tables over range, range / (smallest range) below them.
#[inline(always)]
pub fn table_below(range: f32) -> f32 {
    (range * f32::from_bits((254 - RANGE_EXPONENT) << 23)).min(1.0)
}

/// A scalar table over energy (MeV): `offset` is one of the `*_AT` constants.
#[inline(always)]
pub fn table_energy(tables: &Tables, material: u32, offset: u32, energy: f32) -> f32 {
    let place = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES);
    let at = (material * SCALARS_PER_MATERIAL + offset + place.node) as usize;
    let a = tables.scalars[at];
    let b = tables.scalars[at + 1];
    a + (b - a) * place.share
}

/// Residual range of an electron, g/cm2; below the table in proportion to the energy.
#[inline(always)]
pub fn table_electron_range(tables: &Tables, material: u32, energy: f32) -> f32 {
    table_energy(tables, material, ELECTRON_RANGE_AT, energy) * table_below_energy(energy)
}

/// Residual range of an alpha, g/cm2; below the table in proportion to the energy.
#[inline(always)]
pub fn table_alpha_range(tables: &Tables, material: u32, energy: f32) -> f32 {
    table_energy(tables, material, ALPHA_RANGE_AT, energy) * table_below_energy(energy)
}

/// 1 inside the tables over energy, energy / (smallest energy) below them.
#[inline(always)]
pub fn table_below_energy(energy: f32) -> f32 {
    (energy * f32::from_bits((254 - ENERGY_EXPONENT) << 23)).min(1.0)
}

/// Deflection mu = (1 - cos theta) / 2 of a condensed step.
///
/// `range`: residual range at the start of the step; `word`: 24 bits of cumulative probability, and 8 bits that choose
/// between the two nearest tables; 0 where no collision happened.
#[inline(always)]
pub fn table_deflection(tables: &Tables, material: u32, range: f32, word: u32, dither: u32) -> f32 {
    // Adding a random fraction of a table's width to the mantissa picks the right neighbour with the right probability.
    let moved = range.to_bits() + ((dither & 255) << (15 - SCATTER_LOG2));
    let start = RANGE_EXPONENT << 23;
    let table = ((moved.max(start) - start) >> (23 - SCATTER_LOG2)).min(SCATTER_TABLES - 1);
    let at = (material * SCALARS_PER_MATERIAL + SCATTER_AT + table * SCATTER_STRIDE) as usize;
    let x = ((word >> 8) as f32 + 0.5) * 5.960_464_5e-8 * tables.scalars[at];
    if x >= 1.0 {
        return 0.0;
    }
    let octave = (126 - (x.to_bits() >> 23)).min(SCATTER_OCTAVES - 1);
    let top = f32::from_bits((127 - octave) << 23);
    // The last octave reaches to zero, the others to half their top.
    let scale = if octave == SCATTER_OCTAVES - 1 { 1.0 } else { 2.0 };
    let along = (1.0 - x / top) * scale * SCATTER_PIECES as f32;
    let piece = (along as u32).min(SCATTER_PIECES - 1);
    let node = at + 1 + (octave * SCATTER_PIECES + piece) as usize;
    let a0 = tables.scalars[node];
    let a1 = tables.scalars[node + 1];
    let a = a0 + (a1 - a0) * (along - piece as f32);
    a * (1.0 - x) / (a + x)
}
