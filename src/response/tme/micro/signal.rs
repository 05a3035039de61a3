//! Bystander signals on a fine grid: `D lap s - s/tau + source = 0`, in balance because they live an hour and cells change within days.

use super::diffusion::{Convergence, Device, Diffusion};
use crate::{error::Result, grid::VoxelGrid, response::tme::cpu::multigrid::MultigridTerms};

/// Error by iteration, relative to the largest signal that a source without diffusion would give.
const TOLERANCE: f64 = 1.0e-5;

/// Signals of a grid; they pass everywhere but the edges.
#[derive(Debug)]
pub struct MicroSignal {
    diffusion: Diffusion,
    life: f64,
    signal: Vec<f32>,
}

impl MicroSignal {
    /// A grid with a diffusivity (um2 per time) and mean life of signals.
    ///
    /// # Errors
    /// If either is not positive, or as [`Diffusion::new`].
    pub fn new(grid: &VoxelGrid, diffusivity: f64, life: f64, device: &Device) -> Result<Self> {
        // No sink saturates here.
        let diffusion = Diffusion::new(grid, &vec![true; grid.len()], diffusivity, life, device)?;
        Ok(Self { diffusion, life, signal: vec![0.0; grid.len()] })
    }

    /// The signal of every voxel from its release (per time); begins from the last solution.
    ///
    /// # Errors
    /// If it does not converge or the device fails.
    pub fn solve(&mut self, release: &[f32]) -> Result<(&[f32], Convergence)> {
        let loss = (1.0 / self.life) as f32;
        let terms: Vec<_> = release.iter().map(|&source| MultigridTerms { loss, source, demand: 0.0 }).collect();
        let largest = release.iter().fold(0.0, |a: f32, &b| a.max(b));
        self.diffusion.set_field(&self.signal)?;
        let tolerance = (TOLERANCE * self.life * f64::from(largest)).max(f64::from(f32::MIN_POSITIVE));
        let convergence = self.diffusion.solve(&terms, tolerance, &mut self.signal)?;
        Ok((&self.signal, convergence))
    }
}
