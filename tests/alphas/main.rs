//! Alpha particles in voxels: against the range tables, against Geant4, and against themselves on other grids.
//!
//! Run with `cargo test --release --test alphas -- --nocapture` to see the deviations; `docs/validation.md` lists them.

#[path = "../support/world.rs"]
mod world;

mod geant4;
mod grids;
mod lineal_energy;
mod linear_energy_transfer;
mod ranges;

use dosaic::{
    plan::WaterData,
    transport::{
        constants::ALPHA_SIGMA_AT,
        cpu::{
            alpha::{Alpha, AlphaDeposit, alpha_advance, alpha_start},
            tables::table_energy,
            voxel::{voxel_index, voxel_material},
        },
        layout::Params,
        tables::TableOptions,
    },
};
use glam::{UVec3, Vec3};
use world::{Setup, fine_options};

/// Tables with one choice of stopping data for water.
pub(crate) fn options(water: WaterData) -> TableOptions {
    TableOptions { water, ..fine_options() }
}

/// An alpha on its way in a setup.
pub(crate) fn start(setup: &Setup, params: &Params, voxel: UVec3, offset: Vec3, direction: Vec3, energy: f32, normal: f32) -> Alpha {
    let medium = setup.phantom.voxels[voxel_index(voxel, params.size.into()) as usize];
    let sigma = table_energy(&setup.tables, voxel_material(medium).into(), ALPHA_SIGMA_AT, energy);
    alpha_start(params, &setup.tables, voxel_index(voxel, params.size.into()), medium, offset, direction, energy, normal, sigma)
}

/// Moves an alpha to its end and hands on every deposit.
pub(crate) fn follow(setup: &Setup, params: &Params, mut alpha: Alpha, mut deposit: impl FnMut(&AlphaDeposit)) {
    while alpha.alive == 1 {
        deposit(&alpha_advance::<false>(params, &setup.tables, &setup.phantom.voxels, &mut alpha));
    }
}
