//! Alpha particles: straight lines on range tables. Twin: `shaders/transport/alpha.wgsl`. Rules: `transport/model.md`, "Alphas".

use glam::{UVec3, Vec3};

use super::{
    tables::{table_alpha, table_alpha_range},
    tally::{tally_let_quanta, tally_quanta},
    voxel::{voxel_at, voxel_cross, voxel_density, voxel_index, voxel_inverse, voxel_material, voxel_move, voxel_wall},
};
use crate::transport::{
    constants::{KEV_PER_UM, LEAST_STRAGGLED},
    layout::Params,
    tables::Tables,
};

/// An alpha on its way.
#[derive(Debug, Clone, Copy)]
pub struct Alpha {
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
    /// 1 / |direction|.
    pub inverse: Vec3,
    /// Residual range, g/cm2.
    pub range: f32,
    /// Range used up per g/cm2 of way: the straggling of this history.
    pub stretch: f32,
    /// Energy left, quanta: what is deposited are differences of this.
    pub quanta: u32,
    /// Int S_el dE left, MeV (MeV cm2/g).
    pub stopping_energy: f32,
    /// Int y* dE left over `KEV_PER_UM`, MeV (MeV cm2/g); 0 where it is not scored.
    pub saturated_energy: f32,
    /// 1 on the way, 0 at rest or outside.
    pub alive: u32,
}

/// What a move left behind.
#[derive(Debug, Clone, Copy)]
pub struct AlphaDeposit {
    /// Voxel of the deposit.
    pub index: u32,
    /// Energy, quanta.
    pub quanta: u32,
    /// Energy times LET, LET quanta.
    pub let_quanta: u32,
    /// Energy times saturated lineal energy, LET quanta.
    pub quality_quanta: u32,
    /// Energy carried out of the phantom, quanta.
    pub escaped: u32,
}

/// An alpha of `energy` MeV; `normal` (mean 0, variance 1) is its straggling, `sigma` the relative standard deviation of its range.
#[inline(always)]
pub fn alpha_start(
    params: &Params,
    tables: &Tables,
    index: u32,
    medium: u32,
    offset: Vec3,
    direction: Vec3,
    energy: f32,
    normal: f32,
    sigma: f32,
) -> Alpha {
    let range = table_alpha_range(tables, voxel_material(medium).into(), energy);
    let row = table_alpha(tables, voxel_material(medium).into(), range);
    Alpha {
        voxel: voxel_at(index, params.size.into()),
        index,
        medium,
        offset,
        direction,
        inverse: voxel_inverse(direction),
        range,
        stretch: 1.0 / (1.0 + sigma * normal).max(LEAST_STRAGGLED),
        quanta: tally_quanta(energy),
        stopping_energy: row.stopping_energy,
        saturated_energy: row.saturated_energy,
        alive: 1,
    }
}

/// Moves to the wall of the voxel or to rest, whichever comes first; `voxels` are the packed media (and the radii of shells).
#[inline(always)]
pub fn alpha_advance<const SHELLS: bool>(params: &Params, tables: &Tables, voxels: &[u32], alpha: &mut Alpha) -> AlphaDeposit {
    let density = voxel_density(alpha.medium);
    let material = u32::from(voxel_material(alpha.medium));
    let wall = voxel_wall::<SHELLS>(params, voxels, alpha.voxel, alpha.offset, alpha.direction, alpha.inverse);
    let used = wall.distance * density * alpha.stretch;
    let mut deposit = AlphaDeposit { index: alpha.index, quanta: alpha.quanta, let_quanta: 0, quality_quanta: 0, escaped: 0 };
    if used >= alpha.range {
        deposit.let_quanta = tally_let_quanta(alpha.stopping_energy * density * KEV_PER_UM);
        deposit.quality_quanta = tally_let_quanta(alpha.saturated_energy * KEV_PER_UM);
        alpha.alive = 0;
        return deposit;
    }
    alpha.range -= used;
    let row = table_alpha(tables, material, alpha.range);
    let left = tally_quanta(row.energy).min(alpha.quanta);
    deposit.quanta = alpha.quanta - left;
    deposit.let_quanta = tally_let_quanta((alpha.stopping_energy - row.stopping_energy) * density * KEV_PER_UM);
    deposit.quality_quanta = tally_let_quanta((alpha.saturated_energy - row.saturated_energy) * KEV_PER_UM);
    alpha.quanta = left;
    alpha.stopping_energy = row.stopping_energy;
    alpha.saturated_energy = row.saturated_energy;
    alpha.offset = voxel_move::<SHELLS>(params, alpha.offset, alpha.direction, wall.distance);
    let next = voxel_cross::<SHELLS>(params, alpha.voxel, alpha.offset, alpha.direction, wall.axis);
    if next.outside {
        deposit.escaped = alpha.quanta;
        alpha.alive = 0;
        return deposit;
    }
    alpha.voxel = next.voxel;
    alpha.offset = next.offset;
    alpha.index = voxel_index(next.voxel, params.size.into());
    alpha.medium = voxels[alpha.index as usize];
    let entered = u32::from(voxel_material(alpha.medium));
    if entered != material {
        alpha.range = table_alpha_range(tables, entered, row.energy);
        let start = table_alpha(tables, entered, alpha.range);
        alpha.stopping_energy = start.stopping_energy;
        alpha.saturated_energy = start.saturated_energy;
    }
    deposit
}
