//! How deep a binding ligand comes into tissue (binding-site barrier).
//!
//! `dC/dt = D lap C - k_on C (R - B) + k_off B`, `dB/dt = k_on C (R - B) - (k_off + k_int) B`, `dI/dt = k_int B`: free, bound and
//! internalised ligand, nM of tissue volume. Receptors R are free again when their ligand is taken in (recycling), and what is taken in
//! stays. Supplied voxels have the concentration of plasma, which falls exponentially; in a step its mean counts.
//!
//! Time steps are implicit (Euler). With `b = B/(1 + h (k_off + k_int))`, the new bound ligand is `b + (R - b) C/(C + half)`,
//! `half = (1 + h (k_off + k_int))/(h k_on)`: a saturable sink, which multigrid solves together with diffusion, exactly.

use super::diffusion::{Device, Diffusion};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    response::tme::cpu::multigrid::MultigridTerms,
};

/// Error by iteration in a step, relative to the first concentration in plasma.
const TOLERANCE: f64 = 1.0e-6;

/// Constants of a ligand; time in any one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LigandConstants {
    /// Diffusivity in tissue, um2 per time.
    pub diffusivity: f64,
    /// Binding, per nM and time.
    pub k_on: f64,
    /// Release, per time.
    pub k_off: f64,
    /// Internalisation, per time.
    pub k_int: f64,
    /// Concentration in plasma at the start, nM.
    pub plasma: f64,
    /// Half-life in plasma.
    pub half_life: f64,
    /// Length of the uptake.
    pub duration: f64,
    /// Number of time steps.
    pub steps: usize,
}

/// Ligand at the end of the uptake, nM of every voxel; 0 in supplied voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Penetration {
    /// Bound and internalised: it decides where the activity stays.
    pub retained: Vec<f32>,
    /// Free in tissue.
    pub free: Vec<f32>,
    /// What came from supplied voxels less what went back, nM summed over voxels: equals what is retained and free.
    pub inflow: f64,
    /// Iterations of all steps.
    pub iterations: usize,
}

/// Uptake of a ligand on a grid. `passage`: voxels with the concentration of plasma, and the share of their surface that lets it through (less
/// than 1 in vessels that are closed in part); `receptors`: binding sites of every voxel, nM.
///
/// # Errors
/// If sizes do not match, a constant is out of range, a step does not converge, or the device fails.
pub fn penetration(
    grid: &VoxelGrid,
    passage: &[Option<f32>],
    receptors: &[f32],
    constants: &LigandConstants,
    device: &Device,
) -> Result<Penetration> {
    let LigandConstants { diffusivity, k_on, k_off, k_int, plasma, half_life, duration, steps } = *constants;
    let positive = [diffusivity, k_on, plasma, half_life, duration].iter().all(|&x| x > 0.0 && !x.is_nan());
    if !(positive && k_off >= 0.0 && k_int >= 0.0 && steps > 0) {
        return Err(Error::input(format!("ligand: {constants:?}; expected positive numbers (k_off and k_int: 0 or more)")));
    }
    if receptors.len() != passage.len() {
        let (found, expected) = (receptors.len(), passage.len());
        return Err(Error::input(format!("ligand: receptors for {found} voxels; expected {expected}")));
    }
    let h = duration / steps as f64;
    let leaving = 1.0 + h * (k_off + k_int);
    let half = leaving / (h * k_on);
    let open: Vec<bool> = passage.iter().map(Option::is_none).collect();
    let mut diffusion = Diffusion::new(grid, &open, diffusivity, half, device)?;
    let voxels = open.len();
    // Exchange with supplied voxels, per unit of their concentration.
    let mut exchange = vec![MultigridTerms::default(); voxels];
    diffusion.add_held(&mut exchange, |voxel| passage[voxel].map(|share| (1.0, f64::from(share))));
    let (mut free, mut bound, mut inside) = (vec![0.0f32; voxels], vec![0.0f64; voxels], vec![0.0f64; voxels]);
    let mut terms = vec![MultigridTerms::default(); voxels];
    diffusion.set_field(&free)?;
    let (mut inflow, mut iterations) = (0.0, 0);
    let fall = std::f64::consts::LN_2 * h / half_life;
    let mean = -libm::expm1(-fall) / fall;
    for step in 0..steps {
        let concentration = plasma * libm::exp(-fall * step as f64) * mean;
        for voxel in (0..voxels).filter(|&v| open[v]) {
            let kept = bound[voxel] / leaving;
            terms[voxel] = MultigridTerms {
                loss: exchange[voxel].loss + (1.0 / h) as f32,
                source: (f64::from(free[voxel]) / h + kept * k_off + f64::from(exchange[voxel].source) * concentration) as f32,
                demand: ((1.0 / h + k_int) * (f64::from(receptors[voxel]) - kept).max(0.0)) as f32,
            };
        }
        iterations += diffusion.solve(&terms, TOLERANCE * plasma, &mut free)?.iterations;
        for voxel in (0..voxels).filter(|&v| open[v]) {
            // Iteration leaves a little less than nothing where the ligand has not come yet.
            let here = f64::from(free[voxel]).max(0.0);
            let kept = bound[voxel] / leaving;
            bound[voxel] = kept + (f64::from(receptors[voxel]) - kept).max(0.0) * here / (here + half);
            inside[voxel] += h * k_int * bound[voxel];
            inflow += h * f64::from(exchange[voxel].source) * (concentration - f64::from(free[voxel]));
        }
    }
    let retained = bound.iter().zip(&inside).map(|(b, i)| (b + i) as f32).collect();
    Ok(Penetration { retained, free, inflow, iterations })
}
