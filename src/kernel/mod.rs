//! Dose point kernels and S values of voxels and cells for single emitters, outside any plan: what users convolve with, and what the validation compares.

pub mod cell;
pub mod chords;
pub mod emitter;
pub mod mird;
pub mod point;
pub mod score;
pub mod shells;
pub mod sites;
mod spectrum_file;
pub mod stage;
pub mod voxel_s;

pub use emitter::{Emitter, Part};

use crate::{
    error::{Error, Result},
    physics::materials,
    plan::{PhotonMode, WaterData},
    transport::backend::Settings,
};

/// What a kernel is computed in and with.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Name of the material.
    pub material: String,
    /// Its density, g/cm3; `None`: that of the table.
    pub density: Option<f64>,
    /// Stopping data of water.
    pub water: WaterData,
    /// How the dose of photons is scored.
    pub photons: PhotonMode,
    /// Histories of each kind of particle.
    pub histories: u64,
    /// Seed.
    pub seed: u64,
    /// "auto", "cpu", an index or part of a name.
    pub device: String,
    /// Threads on the CPU.
    pub threads: usize,
}

/// Statistical batches of a kernel.
pub const BATCHES: u32 = 32;

impl Request {
    /// Density of the medium, g/cm3.
    ///
    /// # Errors
    /// If the material is unknown or the density is not possible.
    pub fn density(&self) -> Result<f64> {
        match self.density {
            None => Ok(materials::require(&self.material)?.density),
            Some(density) if density > 1.0e-6 && density <= 25.0 => Ok(density),
            Some(density) => Err(Error::input(format!("a density of {density} g/cm3; expected more than 1e-6 and at most 25"))),
        }
    }

    /// The settings of a plan that says nothing but what the request says, for a shortest edge of `edge` cm at `density` g/cm3.
    fn settings(&self, edge: f64, density: f64) -> Settings {
        Settings { photons: self.photons, ..Settings::for_medium(&stage::standard_plan(self.water, self.seed), edge, density) }
    }

    /// Histories rounded up to whole batches.
    pub fn whole_histories(&self) -> u64 {
        self.histories.max(1).next_multiple_of(u64::from(BATCHES))
    }
}
