//! Diffusion with sources and sinks on a grid, iterated until the remaining error is small.

use std::sync::Arc;

use super::{cpu::CpuSweeps, gpu::GpuSweeps, levels::Levels};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    response::tme::cpu::multigrid::MultigridTerms,
    transport::gpu::device::GpuDevice,
};

/// Most iterations; a tenth of them is usual.
const ITERATIONS: usize = 100;
/// Convergence that is believed at best: each iteration leaves this much of the error, or more ...
const FASTEST: f64 = 0.3;
/// ... and at worst, where rounding hides it.
const SLOWEST: f64 = 0.95;

/// Where sweeps are done.
#[derive(Debug, Clone)]
pub enum Device {
    /// On the CPU, with this many threads.
    Cpu(usize),
    /// On a GPU.
    Gpu(Arc<GpuDevice>),
}

/// Arrays of all levels and the sweeps over them. Values of the finest level are in the order of the grid.
pub trait Sweeps: std::fmt::Debug + Send {
    /// Sets couplings to the next voxel along x, then y, then z.
    ///
    /// # Errors
    /// If the device fails.
    fn set_faces(&mut self, faces: &[f32]) -> Result<()>;

    /// Sets losses and sources.
    ///
    /// # Errors
    /// If the device fails.
    fn set_terms(&mut self, terms: &[MultigridTerms<f32>]) -> Result<()>;

    /// Sets the field.
    ///
    /// # Errors
    /// If the device fails.
    fn set_field(&mut self, field: &[f32]) -> Result<()>;

    /// Reads the field.
    ///
    /// # Errors
    /// If the device fails.
    fn read_field(&mut self, field: &mut [f32]) -> Result<()>;

    /// One iteration; returns what was missing at most in an equation before it, and the largest change of the field.
    ///
    /// # Errors
    /// If the device fails.
    fn iterate(&mut self) -> Result<[f64; 2]>;
}

/// How a solution was reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Convergence {
    /// Iterations.
    pub iterations: usize,
    /// Estimate of the largest error left in the field: the last change times `q/(1 - q)` with the ratio q of the last two.
    pub error: f64,
    /// Largest residual of an equation before the last iteration, relative to the largest right side.
    pub residual: f64,
}

/// Diffusion on a grid.
#[derive(Debug)]
pub struct Diffusion {
    grid: VoxelGrid,
    sweeps: Box<dyn Sweeps>,
    open: Vec<bool>,
    coupling: [f64; 3],
    /// What an iteration left of the error at the end of the last solution.
    ratio: f64,
}

impl Diffusion {
    /// Diffusion between open voxels with a diffusivity in um2 per time; nothing passes the edges of the grid or into voxels that are
    /// not open. `half`: value of half the saturable sink.
    ///
    /// # Errors
    /// If the grid is too large for 32-bit positions or for the device, or sizes do not match.
    pub fn new(grid: &VoxelGrid, open: &[bool], diffusivity: f64, half: f64, device: &Device) -> Result<Self> {
        let voxels = grid.len();
        if open.len() != voxels || voxels == 0 || voxels > (u32::MAX / 8) as usize {
            return Err(Error::input(format!(
                "micro mode: {} values for a grid of {voxels} voxels; expected one each and at most {} voxels",
                open.len(),
                u32::MAX / 8
            )));
        }
        if !(diffusivity > 0.0 && diffusivity.is_finite() && half > 0.0 && half.is_finite()) {
            return Err(Error::input(format!(
                "micro mode: diffusivity {diffusivity} and half-saturation {half}; expected positive numbers"
            )));
        }
        let levels = Levels::new(grid, half as f32);
        let mut sweeps: Box<dyn Sweeps> = match device {
            Device::Cpu(threads) => Box::new(CpuSweeps::<f32>::new(&levels, *threads)),
            Device::Gpu(gpu) => Box::new(GpuSweeps::new(Arc::clone(gpu), &levels)?),
        };
        let coupling = grid.spacing.to_array().map(|mm| diffusivity / (1000.0 * mm).powi(2));
        let mut faces = vec![0.0; 3 * voxels];
        for_neighbours(grid, |axis, a, b| {
            if open[a] && open[b] {
                faces[axis * voxels + a] = coupling[axis] as f32;
            }
        });
        sweeps.set_faces(&faces)?;
        Ok(Self { grid: *grid, sweeps, open: open.to_vec(), coupling, ratio: SLOWEST })
    }

    /// Adds to the terms what open voxels exchange with closed neighbours that are held at `value` and let through a share `passage`
    /// (1: the face has the value). The face is half a voxel away from the centre.
    pub fn add_held(&self, terms: &mut [MultigridTerms<f32>], value: impl Fn(usize) -> Option<(f64, f64)>) {
        for_neighbours(&self.grid, |axis, a, b| {
            for (from, to) in [(a, b), (b, a)] {
                if self.open[from] || !self.open[to] {
                    continue;
                }
                if let Some((held, passage)) = value(from) {
                    let exchange = 2.0 * self.coupling[axis] * passage;
                    terms[to].loss += exchange as f32;
                    terms[to].source += (exchange * held) as f32;
                }
            }
        });
    }

    /// The voxels that share a face with one.
    pub fn neighbours(&self, voxel: usize) -> impl Iterator<Item = usize> + '_ {
        let (ijk, size) = (self.grid.ijk(voxel), self.grid.size);
        (0..6).filter_map(move |side: usize| {
            let axis = side / 2;
            let mut at = ijk;
            at[axis] = if side.is_multiple_of(2) { at[axis].checked_sub(1)? } else { at[axis] + 1 };
            (at[axis] < size[axis]).then(|| self.grid.index(at))
        })
    }

    /// Sets the field from which the next solution starts; that of closed voxels is kept.
    ///
    /// # Errors
    /// If the device fails.
    pub fn set_field(&mut self, field: &[f32]) -> Result<()> {
        self.sweeps.set_field(field)
    }

    /// Solves for these terms, beginning from the field as it is, to an error of `tolerance`, and reads the field.
    ///
    /// # Errors
    /// If it does not converge, with the residual and the error that are left, or if the device fails.
    pub fn solve(&mut self, terms: &[MultigridTerms<f32>], tolerance: f64, field: &mut [f32]) -> Result<Convergence> {
        self.sweeps.set_terms(terms)?;
        let scale = terms.iter().map(|t| f64::from(t.source.max(t.demand))).fold(f64::MIN_POSITIVE, f64::max);
        let mut before = 0.0;
        let mut state = Convergence { iterations: 0, error: f64::INFINITY, residual: f64::INFINITY };
        for iterations in 1..=ITERATIONS {
            let [missing, change] = self.sweeps.iterate()?;
            if before > 0.0 {
                self.ratio = (change / before).clamp(FASTEST, SLOWEST);
            }
            let error = change * self.ratio / (1.0 - self.ratio);
            state = Convergence { iterations, error, residual: missing / scale };
            if !(missing.is_finite() && change.is_finite()) {
                break;
            }
            if state.error <= tolerance {
                self.sweeps.read_field(field)?;
                return Ok(state);
            }
            before = change;
        }
        Err(Error::input(format!(
            "micro mode: diffusion on {:?} voxels did not converge in {} iterations: residual {:.2e} of the right side, error about {:.2e}, \
             expected at most {tolerance:.2e}",
            self.grid.size, state.iterations, state.residual, state.error
        )))
    }
}

/// Calls `visit(axis, a, b)` for all pairs of neighbours, b after a along the axis.
fn for_neighbours(grid: &VoxelGrid, mut visit: impl FnMut(usize, usize, usize)) {
    let [nx, ny, nz] = grid.size.map(|n| n as usize);
    let stride = [1, nx, nx * ny];
    for k in 0..nz {
        for j in 0..ny {
            for i in 0..nx {
                let here = (k * ny + j) * nx + i;
                for (axis, more) in [i + 1 < nx, j + 1 < ny, k + 1 < nz].into_iter().enumerate() {
                    if more {
                        visit(axis, here, here + stride[axis]);
                    }
                }
            }
        }
    }
}
