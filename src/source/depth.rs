//! Exact Euclidean distance from voxel centres to the rim of their region.
//!
//! The rim is the surface of the region as voxels draw it: the faces between its voxels and others. A voxel next to a face is half a voxel deep.
//! On a smooth surface that the voxels only approximate, corners of outside voxels reach in: depths come out half a voxel too small on average.
//! The edge of the grid is no rim: there the knowledge of the region ends, not the region.
//!
//! Method: the separable lower envelope of parabolas of Felzenszwalb & Huttenlocher (Theory of Computing 8, 415, 2012), with sites on
//! voxel faces instead of voxel centres. The distance along one axis from centre `j` to the voxel `q` is `|j - q| - 1/2`, so each voxel is two sites,
//! at `q - 1/2` and `q + 1/2`; seen from the far side each site only overestimates the distance, so the minimum stays exact.

use super::region::RegionVoxels;
use crate::phantom::Phantom;

/// Depths of a region.
pub(super) struct Depths {
    /// mm, per voxel of the region; infinite if the region fills the grid.
    pub(super) depth: Vec<f64>,
    /// Voxels of the region at the edge of the grid.
    pub(super) at_edge: u64,
}

/// Depth of every voxel of the region.
pub(super) fn depths(region: &RegionVoxels, phantom: &Phantom) -> Depths {
    let grid = &phantom.grid;
    // One layer of voxels around the box, where the grid has it, holds the nearest outside voxel or one as near.
    let low: [usize; 3] = [0, 1, 2].map(|axis| region.low[axis].saturating_sub(1) as usize);
    let size = [0, 1, 2].map(|axis| {
        let end = region.low[axis] as usize + region.size[axis] + 1;
        end.min(grid.size[axis] as usize) - low[axis]
    });
    let place = |v: u32| {
        let ijk = grid.ijk(v as usize);
        let [i, j, k] = [0, 1, 2].map(|axis| ijk[axis] as usize - low[axis]);
        (k * size[1] + j) * size[0] + i
    };
    let mut squared = vec![0.0; size.iter().product()];
    for &v in &region.voxels {
        squared[place(v)] = f64::INFINITY;
    }
    squared_distances(&mut squared, size, grid.spacing.to_array());
    let edge = |v: u32| {
        let ijk = grid.ijk(v as usize);
        (0..3).any(|axis| ijk[axis] == 0 || ijk[axis] + 1 == grid.size[axis])
    };
    Depths {
        depth: region.voxels.iter().map(|&v| squared[place(v)].sqrt()).collect(),
        at_edge: region.voxels.iter().filter(|&&v| edge(v)).count() as u64,
    }
}

/// Turns 0 (outside) and infinity (inside) into squared distances from voxel centres to the nearest outside voxel's box.
fn squared_distances(values: &mut [f64], size: [usize; 3], spacing: [f64; 3]) {
    let longest = size.into_iter().max().unwrap_or(0);
    let (mut line, mut envelope) = (vec![0.0; longest], Envelope::default());
    let strides = [1, size[0], size[0] * size[1]];
    for axis in 0..3 {
        let (n, stride) = (size[axis], strides[axis]);
        for start in (0..values.len()).filter(|start| start / stride % n == 0) {
            for (j, value) in line[..n].iter_mut().enumerate() {
                *value = values[start + j * stride];
            }
            envelope.transform(&mut line[..n], spacing[axis] * spacing[axis]);
            for (j, value) in line[..n].iter().enumerate() {
                values[start + j * stride] = *value;
            }
        }
    }
}

/// Scratch for the lower envelope of one line.
#[derive(Default)]
struct Envelope {
    /// Parabolas of the envelope: apex position in voxels and height in squared voxels.
    apexes: Vec<(f64, f64)>,
    /// `starts[p]`: where parabola `p` begins to be the lowest.
    starts: Vec<f64>,
}

impl Envelope {
    /// `g(j) <- min(g(j), min over faces q of g(face) + h2 (j - q)^2)` for one line.
    fn transform(&mut self, line: &mut [f64], h2: f64) {
        self.apexes.clear();
        self.starts.clear();
        for face in 1..line.len() {
            let height = line[face - 1].min(line[face]) / h2;
            if height.is_finite() {
                self.push(face as f64 - 0.5, height);
            }
        }
        if self.apexes.is_empty() {
            return;
        }
        let mut p = 0;
        for (j, value) in line.iter_mut().enumerate() {
            let x = j as f64;
            while p + 1 < self.apexes.len() && self.starts[p + 1] < x {
                p += 1;
            }
            let (apex, height) = self.apexes[p];
            *value = value.min(h2 * ((x - apex) * (x - apex) + height));
        }
    }

    /// Adds a parabola to the right of all others.
    fn push(&mut self, apex: f64, height: f64) {
        while let Some(&(q, h)) = self.apexes.last() {
            let start = 0.5 * ((height + apex * apex) - (h + q * q)) / (apex - q);
            if self.starts[self.apexes.len() - 1] < start {
                self.apexes.push((apex, height));
                self.starts.push(start);
                return;
            }
            self.apexes.pop();
            self.starts.pop();
        }
        self.apexes.push((apex, height));
        self.starts.push(f64::NEG_INFINITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::random::{Purpose, Stream};

    #[test]
    fn distances_equal_those_found_by_trying_all_voxels() {
        let spacing = [0.7, 1.3, 2.1];
        for seed in 0..6 {
            let size = [11, 9, 7];
            let stream = Stream::new(seed, Purpose::Vessels);
            // From one outside voxel in a hundred to one in three.
            let share = [0.01, 0.01, 0.03, 0.1, 0.2, 0.33][seed as usize];
            let outside: Vec<bool> = (0..size.iter().product::<usize>()).map(|v| stream.uniform(v as u64) < share).collect();
            let mut found: Vec<f64> = outside.iter().map(|&out| if out { 0.0 } else { f64::INFINITY }).collect();
            squared_distances(&mut found, size, spacing);
            let ijk = |v: usize| [v % size[0], v / size[0] % size[1], v / (size[0] * size[1])];
            for (v, &d2) in found.iter().enumerate() {
                let to_box = |q: usize| -> f64 {
                    (0..3).map(|a| ((ijk(v)[a].abs_diff(ijk(q)[a]) as f64 - 0.5).max(0.0) * spacing[a]).powi(2)).sum()
                };
                let nearest = (0..found.len()).filter(|&q| outside[q]).map(to_box).fold(f64::INFINITY, f64::min);
                assert!(d2 == nearest || (d2 - nearest).abs() < 1.0e-12 * nearest, "seed {seed}, voxel {:?}: {d2}, {nearest}", ijk(v));
            }
        }
    }

    #[test]
    fn a_line_without_outside_stays_infinitely_deep() {
        let mut values = vec![f64::INFINITY; 24];
        squared_distances(&mut values, [4, 3, 2], [1.0, 1.0, 1.0]);
        assert!(values.iter().all(|d2| *d2 == f64::INFINITY));
    }
}
