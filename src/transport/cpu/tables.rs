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
    /// Mean number of hard collisions in the step that starts here.
    pub collisions: f32,
    /// Standard deviation of the range lost in a full step, relative to the step.
    pub spread: f32,
    /// Mean range lost in a step relative to the step (a displacement), minus 1.
    pub drift: f32,
}

/// Energy, and stopping power and saturated lineal energy summed over it, at a residual range of an alpha.
#[derive(Debug, Clone, Copy)]
pub struct TableAlpha {
    /// Energy, MeV.
    pub energy: f32,
    /// Int S_el dE from rest, MeV (MeV cm2/g).
    pub stopping_energy: f32,
    /// Int y* dE from rest over `KEV_PER_UM`, MeV (MeV cm2/g); 0 where it is not scored.
    pub saturated_energy: f32,
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

/// The tables of a charge (`KIND_ELECTRON`, `KIND_POSITRON`) in a material: a `family` in the functions below.
#[inline(always)]
pub fn table_family(material: u32, charge: u32) -> u32 {
    2 * material + charge
}

/// Place of the first row of a family.
#[inline(always)]
pub fn table_family_rows(family: u32) -> u32 {
    (family >> 1) * ROWS_PER_MATERIAL + (family & 1) * ELECTRON_ROWS
}

/// Place of the first scalar of a family.
#[inline(always)]
pub fn table_family_scalars(family: u32) -> u32 {
    (family >> 1) * SCALARS_PER_MATERIAL + (family & 1) * CHARGE_SCALARS
}

/// Electron or positron row at a residual range (g/cm2). Below the table the energy falls in proportion to the range.
#[inline(always)]
pub fn table_electron(tables: &Tables, family: u32, range: f32) -> TableElectron {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = (table_family_rows(family) + place.node) as usize;
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
pub fn table_electron_energy(tables: &Tables, family: u32, range: f32) -> f32 {
    let place = table_place(range, RANGE_EXPONENT, ELECTRON_LOG2, ELECTRON_ROWS);
    let at = (table_family_rows(family) + place.node) as usize;
    let a = tables.rows[at][0];
    let b = tables.rows[at + 1][0];
    (a + (b - a) * place.share) * table_below(range)
}

/// Alpha row at a residual range (g/cm2); proportional to the range below the table.
#[inline(always)]
pub fn table_alpha(tables: &Tables, material: u32, range: f32) -> TableAlpha {
    let place = table_place(range, RANGE_EXPONENT, ALPHA_LOG2, ALPHA_ROWS + 1);
    let row = tables.rows[(material * ROWS_PER_MATERIAL + ALPHA_ROWS_AT + place.node) as usize];
    let t = place.share;
    let below = table_below(range);
    let mut saturated = 0.0;
    if tables.quality {
        let at = (material * SCALARS_PER_MATERIAL + ALPHA_SATURATED_AT + place.node) as usize;
        let a = tables.scalars[at];
        let b = tables.scalars[at + 1];
        saturated = (a + (b - a) * t) * below;
    }
    TableAlpha {
        energy: (row[0] + (row[2] - row[0]) * t) * below,
        stopping_energy: (row[1] + (row[3] - row[1]) * t) * below,
        saturated_energy: saturated,
    }
}

/// 1 inside the tables over range, range / (smallest range) below them.
#[inline(always)]
pub fn table_below(range: f32) -> f32 {
    (range * f32::from_bits((254 - RANGE_EXPONENT) << 23)).min(1.0)
}

/// The scalar table over energy (MeV) that begins at `at`.
#[inline(always)]
pub fn table_over_energy(tables: &Tables, at: u32, energy: f32) -> f32 {
    let place = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES);
    let node = (at + place.node) as usize;
    let a = tables.scalars[node];
    let b = tables.scalars[node + 1];
    a + (b - a) * place.share
}

/// A material's scalar table over energy (MeV): `offset` is one of the `*_AT` constants.
#[inline(always)]
pub fn table_energy(tables: &Tables, material: u32, offset: u32, energy: f32) -> f32 {
    table_over_energy(tables, material * SCALARS_PER_MATERIAL + offset, energy)
}

/// A charge's scalar table over energy (MeV): `offset` is one of the `*_AT` constants up to `CHARGE_SCALARS`.
#[inline(always)]
pub fn table_charge(tables: &Tables, family: u32, offset: u32, energy: f32) -> f32 {
    table_over_energy(tables, table_family_scalars(family) + offset, energy)
}

/// Residual range of an electron or positron, g/cm2; below the table in proportion to the energy.
#[inline(always)]
pub fn table_electron_range(tables: &Tables, family: u32, energy: f32) -> f32 {
    table_charge(tables, family, RANGE_AT, energy) * table_below_energy(energy)
}

/// Residual range of an alpha, g/cm2; below the table in proportion to the energy.
#[inline(always)]
pub fn table_alpha_range(tables: &Tables, material: u32, energy: f32) -> f32 {
    table_energy(tables, material, ALPHA_RANGE_AT, energy) * table_below_energy(energy)
}

/// Energy (MeV) at which a charge has `count` annihilations and hard photons left on average, below `energy`: bisection over the nodes.
#[inline(always)]
pub fn table_radiation_energy(tables: &Tables, family: u32, energy: f32, count: f32) -> f32 {
    let base = table_family_scalars(family) + RADIATION_COUNT_AT;
    let mut low = 0;
    let mut high = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES).node + 1;
    for _ in 0..12 {
        if high - low <= 1 {
            break;
        }
        let middle = (low + high) >> 1;
        if tables.scalars[(base + middle) as usize] <= count {
            low = middle;
        } else {
            high = middle;
        }
    }
    let a = tables.scalars[(base + low) as usize];
    let b = tables.scalars[(base + low + 1) as usize];
    let share = if b > a { ((count - a) / (b - a)).clamp(0.0, 1.0) } else { 0.0 };
    let e = table_node(low, ENERGY_EXPONENT, ENERGY_LOG2);
    (e + share * (table_node(low + 1, ENERGY_EXPONENT, ENERGY_LOG2) - e)).min(energy)
}

/// Value of a node of a table.
#[inline(always)]
pub fn table_node(node: u32, exponent: u32, log2: u32) -> f32 {
    f32::from_bits((exponent << 23) + (node << (23 - log2)))
}

/// k dsigma/dk of bremsstrahlung relative to its largest value, at the photon's share `kappa` of the energy; `dither` chooses between neighbouring energies.
#[inline(always)]
pub fn table_spectrum(tables: &Tables, family: u32, energy: f32, kappa: f32, dither: u32) -> f32 {
    let moved = energy.to_bits() + ((dither & 255) << (15 - SPECTRUM_LOG2));
    let start = ENERGY_EXPONENT << 23;
    let table = ((moved.max(start) - start) >> (23 - SPECTRUM_LOG2)).min(SPECTRUM_TABLES - 1);
    let along = kappa * SPECTRUM_PIECES as f32;
    let piece = (along as u32).min(SPECTRUM_PIECES - 1);
    let at = (table_family_scalars(family) + SPECTRUM_AT + table * (SPECTRUM_PIECES + 1) + piece) as usize;
    let a = tables.scalars[at];
    let b = tables.scalars[at + 1];
    a + (b - a) * (along - piece as f32)
}

/// Probability density of the positron's share of a pair's kinetic energy, relative to its largest value; `dither` chooses between neighbouring energies.
#[inline(always)]
pub fn table_split(tables: &Tables, material: u32, energy: f32, share: f32, dither: u32) -> f32 {
    let moved = energy.to_bits() + ((dither & 255) << (15 - SPLIT_LOG2));
    let start = SPLIT_EXPONENT << 23;
    let table = ((moved.max(start) - start) >> (23 - SPLIT_LOG2)).min(SPLIT_TABLES - 1);
    let along = share * SPLIT_PIECES as f32;
    let piece = (along as u32).min(SPLIT_PIECES - 1);
    let at = (material * SCALARS_PER_MATERIAL + SPLIT_AT + table * (SPLIT_PIECES + 1) + piece) as usize;
    let a = tables.scalars[at];
    let b = tables.scalars[at + 1];
    a + (b - a) * (along - piece as f32)
}

/// Cumulative attenuation coefficients of photons, cm2/g.
#[derive(Debug, Clone, Copy)]
pub struct TablePhoton {
    /// All interactions.
    pub total: f32,
    /// Compton scattering.
    pub compton: f32,
    /// Compton and Rayleigh scattering.
    pub scattered: f32,
    /// The same and photoelectric absorption; the rest is pair production.
    pub absorbed: f32,
}

/// Attenuation of photons at an energy, MeV.
#[inline(always)]
pub fn table_photon(tables: &Tables, material: u32, energy: f32) -> TablePhoton {
    let place = table_place(energy, ENERGY_EXPONENT, ENERGY_LOG2, ENERGY_NODES);
    let at = (material * ROWS_PER_MATERIAL + PHOTON_ROWS_AT + place.node) as usize;
    let a = tables.rows[at];
    let b = tables.rows[at + 1];
    let t = place.share;
    TablePhoton {
        total: a[0] + (b[0] - a[0]) * t,
        compton: a[1] + (b[1] - a[1]) * t,
        scattered: a[2] + (b[2] - a[2]) * t,
        absorbed: a[3] + (b[3] - a[3]) * t,
    }
}

/// Squared momentum transfer (1/Angstrom^2) of Rayleigh scattering, at most `largest`, for a uniform number.
#[inline(always)]
pub fn table_rayleigh(tables: &Tables, material: u32, largest: f32, u: f32) -> f32 {
    let base = material * SCALARS_PER_MATERIAL + RAYLEIGH_AT;
    let first = f32::from_bits(RAYLEIGH_EXPONENT << 23);
    if largest <= first {
        return u * largest;
    }
    let place = table_place(largest, RAYLEIGH_EXPONENT, RAYLEIGH_LOG2, RAYLEIGH_NODES);
    let a = tables.scalars[(base + place.node) as usize];
    let b = tables.scalars[(base + place.node + 1) as usize];
    let wanted = u * (a + (b - a) * place.share);
    let start = tables.scalars[base as usize];
    if wanted <= start {
        return wanted / start * first;
    }
    let mut low = 0;
    let mut high = place.node + 1;
    for _ in 0..9 {
        if high - low <= 1 {
            break;
        }
        let middle = (low + high) >> 1;
        if tables.scalars[(base + middle) as usize] <= wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    let a = tables.scalars[(base + low) as usize];
    let b = tables.scalars[(base + low + 1) as usize];
    let share = if b > a { ((wanted - a) / (b - a)).min(1.0) } else { 0.0 };
    let q = table_node(low, RAYLEIGH_EXPONENT, RAYLEIGH_LOG2);
    (q + share * (table_node(low + 1, RAYLEIGH_EXPONENT, RAYLEIGH_LOG2) - q)).min(largest)
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
pub fn table_deflection(tables: &Tables, family: u32, range: f32, word: u32, dither: u32) -> f32 {
    // Adding a random fraction of a table's width to the mantissa picks the right neighbour with the right probability.
    let moved = range.to_bits() + ((dither & 255) << (15 - SCATTER_LOG2));
    let start = RANGE_EXPONENT << 23;
    let table = ((moved.max(start) - start) >> (23 - SCATTER_LOG2)).min(SCATTER_TABLES - 1);
    let at = (table_family_scalars(family) + SCATTER_AT + table * SCATTER_STRIDE) as usize;
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
