//! Steady oxygen on a fine grid: `D lap p - a u p/(p + K) = 0` in tissue, between vessels and regions that are held at a pO2.
//!
//! Oxygen settles within seconds, cells change within hours; so it is always in balance. The surface of a voxel that is held has its
//! pO2, the edges of the grid let nothing through.

use super::diffusion::{Convergence, Device, Diffusion};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    response::tme::{cpu::multigrid::MultigridTerms, oxygen::OxygenConstants},
};

/// Longest voxel edge, mm: the length over which oxygen falls is some 70 um.
const LONGEST: f64 = 0.05;
/// Largest error of pO2 by iteration, relative to the highest that is held (1e-3 mmHg of 40).
const TOLERANCE: f64 = 2.5e-5;

/// What supplies a voxel with oxygen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Supply {
    /// Its neighbours.
    Tissue,
    /// It is held at a pO2, mmHg (a medium, perfused host tissue).
    Held(f32),
    /// It is a vessel.
    Capillary,
}

/// What changes from one time to the next; one value for each voxel of the grid.
#[derive(Debug, Clone, Copy)]
pub struct MicroState<'a> {
    /// Consumption relative to full consumption.
    pub consumption: &'a [f32],
    /// Function of the vessels that stand in capillary voxels, 1: whole, 0: closed; none: all whole.
    pub perfusion: Option<&'a [f32]>,
    /// Added to the pO2 of capillaries, mmHg.
    pub capillary_shift: f64,
}

/// Oxygen of a grid.
#[derive(Debug)]
pub struct MicroOxygen {
    diffusion: Diffusion,
    supply: Vec<Supply>,
    constants: OxygenConstants,
    po2: Vec<f32>,
    terms: Vec<MultigridTerms<f32>>,
    convergence: Option<Convergence>,
}

impl MicroOxygen {
    /// A grid with a supply for every voxel.
    ///
    /// # Errors
    /// If voxels are longer than 50 um, sizes do not match, constants are not positive, or a pO2 is negative.
    pub fn new(grid: &VoxelGrid, supply: &[Supply], constants: &OxygenConstants, device: &Device) -> Result<Self> {
        let longest = grid.spacing.max_element();
        if longest.is_nan() || longest > LONGEST * (1.0 + 1.0e-6) {
            return Err(Error::input(format!(
                "oxygen mode \"micro\": voxels of {} um; expected at most {} um (use \"macro\" from 500 um on)",
                1000.0 * longest,
                1000.0 * LONGEST
            )));
        }
        for held in supply {
            if let Supply::Held(po2) = held
                && !(*po2 >= 0.0 && po2.is_finite())
            {
                return Err(Error::input(format!("oxygen mode \"micro\": a region is held at {po2} mmHg; expected 0 or more")));
            }
        }
        let numbers = [constants.consumption, constants.capillary_po2];
        if !numbers.iter().all(|&x| x > 0.0 && x.is_finite()) {
            return Err(Error::input(format!(
                "oxygen mode \"micro\": consumption and capillary_po2 are {numbers:?}; expected positive numbers"
            )));
        }
        let open: Vec<bool> = supply.iter().map(|&s| s == Supply::Tissue).collect();
        let diffusion = Diffusion::new(grid, &open, constants.diffusivity, constants.michaelis, device)?;
        let terms = vec![MultigridTerms::default(); supply.len()];
        Ok(Self { diffusion, supply: supply.to_vec(), constants: *constants, po2: Vec::new(), terms, convergence: None })
    }

    /// pO2 of every voxel, mmHg; begins from the last solution.
    ///
    /// # Errors
    /// If it does not converge, sizes do not match, or the device fails.
    pub fn solve(&mut self, state: &MicroState<'_>) -> Result<&[f32]> {
        let voxels = self.supply.len();
        let found = [state.consumption.len(), state.perfusion.map_or(voxels, <[f32]>::len)];
        if found != [voxels; 2] {
            return Err(Error::input(format!("oxygen mode \"micro\": {found:?} values for {voxels} voxels; expected one each")));
        }
        let capillary = (self.constants.capillary_po2 + state.capillary_shift).max(0.0);
        let held = |voxel: usize| match self.supply[voxel] {
            Supply::Tissue => None,
            Supply::Held(po2) => Some((f64::from(po2), 1.0)),
            Supply::Capillary => Some((capillary, state.perfusion.map_or(1.0, |v| f64::from(v[voxel].clamp(0.0, 1.0))))),
        };
        let full = self.constants.consumption as f32;
        for ((term, &supply), &consumption) in self.terms.iter_mut().zip(&self.supply).zip(state.consumption) {
            let demand = if supply == Supply::Tissue { full * consumption.max(0.0) } else { 0.0 };
            *term = MultigridTerms { demand, ..MultigridTerms::default() };
        }
        self.diffusion.add_held(&mut self.terms, held);
        let highest = (0..voxels).filter_map(held).map(|(po2, _)| po2).fold(0.0, f64::max);
        if self.po2.is_empty() {
            // From above: the first step of Newton's method then ends below the solution, and the next ones rise to it.
            self.po2 = vec![highest as f32; voxels];
        }
        for (voxel, po2) in self.po2.iter_mut().enumerate() {
            if let Some((value, _)) = held(voxel) {
                *po2 = value as f32;
            }
        }
        self.diffusion.set_field(&self.po2)?;
        let tolerance = TOLERANCE * highest.max(self.constants.michaelis);
        self.convergence = Some(self.diffusion.solve(&self.terms, tolerance, &mut self.po2)?);
        if let Some(perfusion) = state.perfusion {
            self.close_vessels(perfusion, capillary);
        }
        Ok(&self.po2)
    }

    /// The voxel of a vessel that is closed in part has, in that part, the pO2 of the tissue around it.
    fn close_vessels(&mut self, perfusion: &[f32], capillary: f64) {
        for voxel in (0..self.supply.len()).filter(|&v| self.supply[v] == Supply::Capillary && perfusion[v] < 1.0) {
            let (mut sum, mut count) = (0.0, 0.0);
            for neighbour in self.diffusion.neighbours(voxel).filter(|&v| self.supply[v] != Supply::Capillary) {
                sum += f64::from(self.po2[neighbour]);
                count += 1.0;
            }
            let open = f64::from(perfusion[voxel].clamp(0.0, 1.0));
            let around = if count > 0.0 { sum / count } else { capillary };
            self.po2[voxel] = (open * capillary + (1.0 - open) * around) as f32;
        }
    }

    /// How the last solution was reached.
    pub fn convergence(&self) -> Option<Convergence> {
        self.convergence
    }
}
