//! Where atoms decay that diffuse from where they were formed.
//!
//! An atom that diffuses freely (constant D) until it decays or clears (rate lambda) does so at a distance r from its origin with the density
//! `exp(-r / L) / (4 pi L^2 r)`, L = sqrt(D / lambda). That is a mean of Gaussians of variance 2 L^2 tau over exponentially distributed tau,
//! and Gaussians factorise: each axis is convolved on its own, from voxel to voxel exactly (the atom starts anywhere in its voxel), so no voxel
//! size is too large for L, nothing becomes negative and nothing is lost but what leaves the grid.

use super::DecayPattern;
use crate::{grid::VoxelGrid, physics::quadrature::GAUSS_8};

/// Gaussians are cut at this many standard deviations.
const CUT: f64 = 6.0;
/// sqrt(tau) up to which the mean runs: exp(-4.8^2) = 1e-10 of the atoms live longer.
const LONGEST: f64 = 4.8;

/// Amounts per voxel, in ascending order, and the share that left the grid.
pub(super) struct Diffused {
    pub(super) amounts: Vec<(u32, f64)>,
    pub(super) outside: f64,
}

/// Spreads a pattern with the diffusion length `length`, mm.
pub(super) fn diffuse(pattern: &DecayPattern, length: f64, grid: &VoxelGrid) -> Diffused {
    let spacing = grid.spacing.to_array();
    let reach = [0, 1, 2].map(|axis| half_width(std::f64::consts::SQRT_2 * length * LONGEST, spacing[axis]));
    let Window { low, size } = Window::around(pattern, reach, grid);
    let strides = [1, size[0], size[0] * size[1]];
    let mut source = vec![0.0; size.iter().product()];
    for (&v, &share) in pattern.voxels.iter().zip(&pattern.shares) {
        let ijk = grid.ijk(v as usize);
        source[(0..3).map(|axis| (ijk[axis] as usize - low[axis]) * strides[axis]).sum::<usize>()] += share;
    }
    let mut sum = vec![0.0; source.len()];
    let finest = spacing.into_iter().fold(f64::INFINITY, f64::min);
    for (root, weight) in nodes(finest / length) {
        let sigma = std::f64::consts::SQRT_2 * length * root;
        let mut spread = source.clone();
        for (axis, &edge) in spacing.iter().enumerate() {
            convolve(&mut spread, size, axis, &transfer(sigma, edge));
        }
        sum.iter_mut().zip(&spread).for_each(|(sum, value)| *sum += weight * value);
    }
    let inside: f64 = super::cache::sum(&sum);
    let mut amounts = Vec::new();
    for (at, &amount) in sum.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
        let ijk = [at % size[0], at / strides[1] % size[1], at / strides[2]];
        amounts.push((grid.index([0, 1, 2].map(|axis| (ijk[axis] + low[axis]) as u32)) as u32, amount));
    }
    Diffused { amounts, outside: (1.0 - inside).max(0.0) }
}

/// The part of the grid that the pattern can reach.
struct Window {
    low: [usize; 3],
    size: [usize; 3],
}

impl Window {
    fn around(pattern: &DecayPattern, reach: [usize; 3], grid: &VoxelGrid) -> Self {
        let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
        for &v in &pattern.voxels {
            let ijk = grid.ijk(v as usize);
            for axis in 0..3 {
                low[axis] = low[axis].min(ijk[axis] as usize);
                high[axis] = high[axis].max(ijk[axis] as usize);
            }
        }
        let low = [0, 1, 2].map(|axis| low[axis].saturating_sub(reach[axis]));
        let size = [0, 1, 2].map(|axis| (high[axis] + reach[axis] + 1).min(grid.size[axis] as usize) - low[axis]);
        Self { low, size }
    }
}

/// sqrt(tau) and weights (of sum 1) of the mean over tau: `Int exp(-tau) K(tau) dtau = Int 2 s exp(-s^2) K(s^2) ds`.
fn nodes(voxel_per_length: f64) -> Vec<(f64, f64)> {
    // Panels double in width from the scale of a voxel on.
    let mut edges = vec![0.0];
    let mut edge = (0.25 * voxel_per_length).clamp(1.0e-3, 0.25);
    while edge < LONGEST {
        edges.push(edge);
        // Panels never wider than 1/2, so that exp(-s^2) is smooth in each.
        edge += edge.min(0.5);
    }
    edges.push(LONGEST);
    let mut nodes = Vec::new();
    for pair in edges.windows(2) {
        let width = pair[1] - pair[0];
        nodes.extend(GAUSS_8.iter().map(|(node, weight)| {
            let s = pair[0] + width * node;
            (s, weight * width * 2.0 * s * (-s * s).exp())
        }));
    }
    let total: f64 = nodes.iter().map(|n| n.1).sum();
    nodes.iter().map(|&(s, w)| (s, w / total)).collect()
}

fn half_width(sigma: f64, spacing: f64) -> usize {
    (CUT * sigma / spacing).ceil() as usize + 1
}

/// Probabilities to go 0, 1, 2 ... voxels to one side, from anywhere in a voxel; both sides and the centre add up to 1.
///
/// Second differences of `G(x) = x Phi(x) + phi(x)`, x in standard deviations: the twice integrated Gaussian.
fn transfer(sigma: f64, spacing: f64) -> Vec<f64> {
    let h = spacing / sigma;
    // For x >= 0 the difference from the asymptote, G(x) - x = phi(x) - x (1 - Phi(x)), keeps its digits.
    let beyond = |k: usize| {
        let x = h * k as f64;
        let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        density - x * 0.5 * libm::erfc(x / std::f64::consts::SQRT_2)
    };
    let mut kernel: Vec<f64> =
        (1..=half_width(sigma, spacing)).map(|k| ((beyond(k - 1) - 2.0 * beyond(k) + beyond(k + 1)) / h).max(0.0)).collect();
    let sides: f64 = 2.0 * kernel.iter().sum::<f64>();
    kernel.insert(0, (1.0 - sides).max(0.0));
    kernel
}

/// Convolves along one axis; what passes the ends is lost.
fn convolve(values: &mut [f64], size: [usize; 3], axis: usize, kernel: &[f64]) {
    let n = size[axis];
    let stride = [1, size[0], size[0] * size[1]][axis];
    let mut line = vec![0.0; n];
    for start in (0..values.len()).filter(|start| (start / stride).is_multiple_of(n)) {
        line.fill(0.0);
        for j in 0..n {
            let value = values[start + j * stride];
            if value == 0.0 {
                continue;
            }
            line[j] += kernel[0] * value;
            for (k, p) in kernel.iter().enumerate().skip(1) {
                if j + k < n {
                    line[j + k] += p * value;
                }
                if k <= j {
                    line[j - k] += p * value;
                }
                if j + k >= n && k > j {
                    break;
                }
            }
        }
        for (j, value) in line.iter().enumerate() {
            values[start + j * stride] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::DVec3;

    fn spread(length: f64, grid: &VoxelGrid, voxel: [u32; 3]) -> (Vec<f64>, f64) {
        let pattern = DecayPattern { voxels: vec![grid.index(voxel) as u32], shares: vec![1.0] };
        let found = diffuse(&pattern, length, grid);
        let mut map = vec![0.0; grid.len()];
        found.amounts.iter().for_each(|&(v, amount)| map[v as usize] = amount);
        (map, found.outside)
    }

    #[test]
    fn the_density_is_that_of_diffusion_with_decay() {
        // Voxels small against the length: exp(-r/L) / (4 pi L^2 r), and second moment per axis 2 L^2.
        let grid = VoxelGrid::axis_aligned([61, 61, 61], DVec3::splat(1.0), DVec3::ZERO);
        let (length, centre) = (3.0, [30, 30, 30]);
        let (map, outside) = spread(length, &grid, centre);
        for steps in [3u32, 6, 12, 20] {
            let found = map[grid.index([30 + steps, 30, 30])];
            // Mean over the voxel and over where the atom starts: the second-order term of r -> density, with variance 1/6 per axis.
            let law = |r: f64| (-r / length).exp() / (4.0 * std::f64::consts::PI * length * length * r);
            let r = f64::from(steps);
            let expected = law(r) * (1.0 + 1.0 / (12.0 * length * length));
            assert!((found / expected - 1.0).abs() < 0.01, "{steps}: {found:e} against {expected:e}");
        }
        let moment: f64 = (0..grid.len()).map(|v| map[v] * (f64::from(grid.ijk(v)[0]) - 30.0).powi(2)).sum();
        // + 1/6: two uniform positions in a voxel.
        assert!((moment / (2.0 * length * length + 1.0 / 6.0) - 1.0).abs() < 0.01, "{moment}");
        assert!(outside < 2e-3, "{outside}");
    }

    #[test]
    fn leakage_from_voxels_large_against_the_length_is_that_through_their_faces() {
        // A plane source law: from a uniform voxel of edge h, L/(2h) (1 - exp(-h/L)) of the atoms cross each face to decay beyond it.
        let grid = VoxelGrid::axis_aligned([13, 13, 13], DVec3::new(1.0, 2.0, 4.0), DVec3::ZERO);
        for length in [0.02, 0.2, 0.6] {
            let (map, _) = spread(length, &grid, [6, 6, 6]);
            for (axis, h) in [1.0, 2.0, 4.0].into_iter().enumerate() {
                let beyond: f64 = (0..grid.len()).filter(|&v| grid.ijk(v)[axis] > 6).map(|v| map[v]).sum();
                let expected = length / (2.0 * h) * (1.0 - (-h / length).exp());
                assert!((beyond / expected - 1.0).abs() < 0.01, "{length} {axis}: {beyond} against {expected}");
            }
        }
    }

    #[test]
    fn what_leaves_the_grid_is_counted() {
        let grid = VoxelGrid::axis_aligned([9, 9, 9], DVec3::splat(1.0), DVec3::ZERO);
        let (map, outside) = spread(1.0, &grid, [0, 4, 4]);
        let inside: f64 = map.iter().sum();
        assert!((inside + outside - 1.0).abs() < 1e-12);
        // Half of it less what the half voxel before the face keeps.
        let expected = 0.5 * (1.0 - (-1.0f64).exp());
        assert!(outside > expected && outside < expected + 0.05, "{outside}");
        assert!(map.iter().all(|&amount| amount >= 0.0));
    }
}
