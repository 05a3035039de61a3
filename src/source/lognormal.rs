//! Log-normal random fields with a Gaussian correlation.
//!
//! The Gaussian field under the exponential is white noise on a lattice, smoothed by a Gaussian of standard deviation `s = length / sqrt 2`:
//! `G(x) = sum_l w(x - x_l) n_l / sqrt(sum_l w^2)`, which has unit variance exactly and the correlation `exp(-r^2 / (2 length^2))`.
//! The lattice is that of the voxels, or one of pitch `s / 1.5` where the voxels are finer: its correlation then differs from the Gaussian
//! by about `2 exp(-(1.5 pi)^2)`, 5e-10 (Poisson's sum formula), and the cost does not grow with the length.

use super::{
    random::{Purpose, Stream},
    region::RegionVoxels,
};
use crate::grid::VoxelGrid;

/// Lattice pitches per standard deviation of the smoothing, at least where voxels allow.
const PITCHES_PER_SIGMA: f64 = 1.5;
/// The smoothing's reach in standard deviations: weights beyond are below 2e-8.
const REACH: f64 = 6.0;

/// The field `exp(sqrt(ln(1 + cv^2)) G)` in the region's voxels, up to a common factor.
pub(super) fn field(region: &RegionVoxels, grid: &VoxelGrid, cv: f64, correlation: f64, seed: u64) -> Vec<f64> {
    let sigma = libm::log1p(cv * cv).sqrt();
    gaussian_field(region, grid, correlation, seed).into_iter().map(|g| libm::exp(sigma * g)).collect()
}

/// The unit Gaussian field in the region's voxels. Places count from the first voxel of the region's box, so a region keeps its field when it is moved.
fn gaussian_field(region: &RegionVoxels, grid: &VoxelGrid, correlation: f64, seed: u64) -> Vec<f64> {
    let smoothing = correlation * std::f64::consts::FRAC_1_SQRT_2;
    let [x, y, z] = [0, 1, 2].map(|axis| Axis::new(region.size[axis], grid.spacing[axis], smoothing));
    let stream = Stream::new(seed, Purpose::LogNormal);
    // Only as many smoothed lattice planes are kept as one voxel plane needs.
    let mut ring = vec![vec![0.0; region.size[0] * region.size[1]]; z.taps];
    let mut rows = vec![vec![0.0; region.size[0]]; y.lattice];
    let mut noise = vec![0.0; x.lattice.next_multiple_of(2)];
    let mut planes = 0;
    region
        .voxels
        .iter()
        .map(|&v| {
            let ijk = grid.ijk(v as usize);
            let [i, j, k] = [0, 1, 2].map(|axis| (ijk[axis] - region.low[axis]) as usize);
            // Voxels ascend, so planes do too.
            while planes < z.first[k] + z.taps {
                smooth_plane(planes, [&x, &y], &stream, &mut noise, &mut rows, &mut ring[planes % z.taps]);
                planes += 1;
            }
            let at = j * region.size[0] + i;
            z.weights(k).iter().enumerate().map(|(tap, w)| w * ring[(z.first[k] + tap) % z.taps][at]).sum()
        })
        .collect()
}

/// Lattice plane `plane` of the noise, smoothed along x and y onto the voxels.
fn smooth_plane(plane: usize, [x, y]: [&Axis; 2], stream: &Stream, noise: &mut [f64], rows: &mut [Vec<f64>], out: &mut [f64]) {
    for (j, row) in rows.iter_mut().enumerate() {
        for (pair, values) in noise.chunks_exact_mut(2).enumerate() {
            // 20 bits of pair, 21 of row and 22 of plane: no two lattice points share a counter.
            let (a, b) = stream.gaussians(pair as u64 | (j as u64) << 20 | (plane as u64) << 41);
            values.copy_from_slice(&[a, b]);
        }
        for (i, value) in row.iter_mut().enumerate() {
            *value = x.weights(i).iter().zip(&noise[x.first[i]..]).map(|(w, n)| w * n).sum();
        }
    }
    let width = rows[0].len();
    for (j, line) in out.chunks_exact_mut(width).enumerate() {
        line.fill(0.0);
        for (w, row) in y.weights(j).iter().zip(&rows[y.first[j]..]) {
            line.iter_mut().zip(row).for_each(|(value, r)| *value += w * r);
        }
    }
}

/// Smoothing weights from lattice points to voxel centres along one axis.
struct Axis {
    /// Lattice points.
    lattice: usize,
    /// Weights per voxel.
    taps: usize,
    /// Per voxel: the first lattice point with a weight.
    first: Vec<usize>,
    /// `taps` weights per voxel whose squares sum to 1.
    weights: Vec<f64>,
}

impl Axis {
    fn new(voxels: usize, spacing: f64, smoothing: f64) -> Self {
        let pitch = if smoothing > PITCHES_PER_SIGMA * spacing { smoothing / PITCHES_PER_SIGMA } else { spacing };
        let reach = (REACH * smoothing / pitch).ceil() as usize;
        let taps = 2 * reach + 1;
        let first: Vec<usize> = (0..voxels).map(|i| (i as f64 * spacing / pitch).round() as usize).collect();
        let mut weights = Vec::with_capacity(voxels * taps);
        for (i, &first) in first.iter().enumerate() {
            let raw: Vec<f64> = (0..taps)
                .map(|tap| {
                    let distance = i as f64 * spacing - ((first + tap) as f64 - reach as f64) * pitch;
                    // Without smoothing the weight is 1 at the voxel itself, the only tap.
                    if smoothing > 0.0 { libm::exp(-0.5 * (distance / smoothing).powi(2)) } else { 1.0 }
                })
                .collect();
            let norm = raw.iter().map(|w| w * w).sum::<f64>().sqrt();
            weights.extend(raw.iter().map(|w| w / norm));
        }
        let lattice = first[voxels - 1] + taps;
        Self { lattice, taps, first, weights }
    }

    fn weights(&self, voxel: usize) -> &[f64] {
        &self.weights[voxel * self.taps..][..self.taps]
    }
}
