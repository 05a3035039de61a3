//! Random straight vessels and the distance to the nearest of them.
//!
//! The vessels are an isotropic Poisson process of lines with the length density `L_V = 1 / spacing^2` (parallel vessels on a square lattice of
//! that spacing have the same). A point's distance to the nearest line then has `P(D > d) = exp(-pi d^2 / spacing^2)` (a ball of radius d is met by
//! `L_V S / 4 = L_V pi d^2` lines on average), so its mean is `spacing / 2`.

use glam::DVec3;

use super::{
    random::{Purpose, Stream},
    region::RegionVoxels,
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
};

/// Vessels are laid this many spacings beyond the region: farther ones are the nearest with a probability below 1e-12.
const MARGIN: f64 = 3.0;
/// More vessels than this are an error: the spacing is then far below what voxels can show.
const MAX_VESSELS: f64 = 1.0e6;
/// Search cells are made larger, with more vessels each, rather than more than this many.
const MAX_CELLS: f64 = 4.0e6;
/// ... and rather than more entries of vessels in cells than this (200 MB).
const MAX_ENTRIES: f64 = 5.0e7;

/// Distance, mm, from each voxel centre of the region to the nearest vessel. Places count from the centre of the region's box along the
/// grid's axes, so a region keeps its vessels when it is moved.
pub(super) fn distances(region: &RegionVoxels, grid: &VoxelGrid, spacing: f64, seed: u64) -> Result<Vec<f64>> {
    let half = 0.5 * grid.spacing * DVec3::from(region.size.map(|n| n as f64));
    let radius = half.length() + MARGIN * spacing;
    let expected = std::f64::consts::PI * (radius / spacing).powi(2);
    if expected > MAX_VESSELS {
        return Err(Error::input(format!(
            "a vessel spacing of {spacing} mm would need {expected:.1e} vessels in a region {:.3} mm across; at most {MAX_VESSELS:.0e} are drawn: choose a larger spacing, or a uniform pattern",
            2.0 * half.length()
        )));
    }
    let cells = Cells::new(lines(radius, spacing, seed), half + MARGIN * spacing, spacing);
    let first = 0.5 * grid.spacing - half;
    Ok(region
        .voxels
        .iter()
        .map(|&v| {
            let ijk = grid.ijk(v as usize);
            let place = DVec3::from([0, 1, 2].map(|axis| f64::from(ijk[axis] - region.low[axis])));
            cells.nearest(first + grid.spacing * place)
        })
        .collect())
}

/// A straight vessel: its point nearest to the centre, and its unit direction.
#[derive(Debug, Clone, Copy)]
struct Line {
    point: DVec3,
    along: DVec3,
}

impl Line {
    fn distance_squared(&self, p: DVec3) -> f64 {
        let d = p - self.point;
        let along = d.dot(self.along);
        (d - along * self.along).length_squared()
    }
}

/// All vessels that come nearer to the centre than `radius`, and at least one. A larger radius only adds vessels.
fn lines(radius: f64, spacing: f64, seed: u64) -> Vec<Line> {
    let stream = Stream::new(seed, Purpose::Vessels);
    let mut lines = Vec::new();
    let mut r2 = 0.0;
    for n in 0.. {
        // The squared distances to the centre are a Poisson process of rate pi / spacing^2.
        r2 -= libm::log(stream.uniform(4 * n)) * spacing * spacing / std::f64::consts::PI;
        if r2 > radius * radius && n > 0 {
            break;
        }
        let cos = 2.0 * stream.uniform(4 * n + 1) - 1.0;
        let sin = (1.0 - cos * cos).sqrt();
        let (s, c) = libm::sincos(std::f64::consts::TAU * stream.uniform(4 * n + 2));
        let along = DVec3::new(sin * c, sin * s, cos);
        let (u, v) = (DVec3::new(cos * c, cos * s, -sin), DVec3::new(-s, c, 0.0));
        let (s, c) = libm::sincos(std::f64::consts::TAU * stream.uniform(4 * n + 3));
        lines.push(Line { point: r2.sqrt() * (c * u + s * v), along });
    }
    lines
}

/// Cubic cells around the centre, each with the lines that pass through it, for nearest-line searches.
struct Cells {
    lines: Vec<Line>,
    low: DVec3,
    edge: f64,
    size: [usize; 3],
    /// `members[starts[c]..starts[c + 1]]`: positions in `lines` of the lines of cell `c`.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Cells {
    /// Cells that fill the box `-half..half` with edges near `spacing`.
    fn new(lines: Vec<Line>, half: DVec3, spacing: f64) -> Self {
        let volume = 8.0 * half.element_product();
        // A cube of edge e is met by 1.5 e^2 / spacing^2 lines on average.
        let edge = spacing.max((volume / MAX_CELLS).cbrt()).max(1.5 * volume / (spacing * spacing * MAX_ENTRIES));
        let size = (2.0 * half / edge).ceil().to_array().map(|n| (n as usize).max(1));
        let mut cells = Self { lines, low: -half, edge, size, starts: Vec::new(), members: Vec::new() };
        let mut starts = vec![0u32; size.iter().product::<usize>() + 1];
        for line in &cells.lines {
            cells.pass(line, |cell| starts[cell + 1] += 1);
        }
        for c in 1..starts.len() {
            starts[c] += starts[c - 1];
        }
        let mut next = starts.clone();
        let mut members = vec![0; next[next.len() - 1] as usize];
        for (n, line) in cells.lines.iter().enumerate() {
            cells.pass(line, |cell| {
                members[next[cell] as usize] = n as u32;
                next[cell] += 1;
            });
        }
        (cells.starts, cells.members) = (starts, members);
        cells
    }

    /// Calls `visit` with every cell that the line passes: slices along its steepest axis, in each the rectangle that the line spans.
    fn pass(&self, line: &Line, mut visit: impl FnMut(usize)) {
        // Rounding must not lose a cell that the line only grazes.
        const SLACK: f64 = 1.0e-9;
        let main = line.along.abs().max_position();
        let others = [(main + 1) % 3, (main + 2) % 3];
        let origin = (line.point - self.low) / self.edge;
        for slice in 0..self.size[main] {
            let at = |x: f64, axis: usize| origin[axis] + (x - origin[main]) * line.along[axis] / line.along[main];
            let spans = others.map(|axis| {
                let (a, b) = (at(slice as f64, axis), at(slice as f64 + 1.0, axis));
                let (from, to) = ((a.min(b) - SLACK).floor(), (a.max(b) + SLACK).floor());
                // Saturating casts; an empty range if the line is beside the box.
                if to < 0.0 { 0..0 } else { from.max(0.0) as usize..(to as usize + 1).min(self.size[axis]) }
            });
            let mut cell = [0; 3];
            cell[main] = slice;
            for p in spans[0].clone() {
                for q in spans[1].clone() {
                    (cell[others[0]], cell[others[1]]) = (p, q);
                    visit(self.index(cell));
                }
            }
        }
    }

    fn index(&self, [i, j, k]: [usize; 3]) -> usize {
        (k * self.size[1] + j) * self.size[0] + i
    }

    /// Distance from a point inside the box to the nearest line: cells are searched in growing cubes around the point's own.
    fn nearest(&self, p: DVec3) -> f64 {
        let in_cells = (p - self.low) / self.edge;
        let own: [usize; 3] = [0, 1, 2].map(|axis| (in_cells[axis].max(0.0) as usize).min(self.size[axis] - 1));
        // From the point to the nearest face of its own cell, in cells.
        let inset = (0..3).map(|a| (in_cells[a] - own[a] as f64).min(own[a] as f64 + 1.0 - in_cells[a])).fold(f64::INFINITY, f64::min);
        let mut best = f64::INFINITY;
        for ring in 0..=self.size.into_iter().max().unwrap_or(0) {
            self.search_ring(own, ring, p, &mut best);
            let certain = (ring as f64 + inset) * self.edge;
            if best <= certain * certain {
                return best.sqrt();
            }
        }
        // No line near enough to be certain within the box: all are tried.
        self.lines.iter().map(|line| line.distance_squared(p)).fold(best, f64::min).sqrt()
    }

    /// Lowers `best` (squared) to that of the lines in the cells at Chebyshev distance `ring` from `own`.
    fn search_ring(&self, own: [usize; 3], ring: usize, p: DVec3, best: &mut f64) {
        let range = |axis: usize| own[axis].saturating_sub(ring)..(own[axis] + ring + 1).min(self.size[axis]);
        for k in range(2) {
            for j in range(1) {
                let on_face = k.abs_diff(own[2]) == ring || j.abs_diff(own[1]) == ring;
                for i in range(0) {
                    if on_face || i.abs_diff(own[0]) == ring {
                        let cell = self.index([i, j, k]);
                        for &n in &self.members[self.starts[cell] as usize..self.starts[cell + 1] as usize] {
                            *best = best.min(self.lines[n as usize].distance_squared(p));
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cell_search_finds_the_nearest_of_all_lines() {
        for (seed, half) in [(1, DVec3::new(9.0, 4.0, 2.0)), (2, DVec3::splat(1.0)), (3, DVec3::new(20.0, 0.4, 0.4))] {
            let spacing = 1.3;
            let all = lines(half.length() + MARGIN * spacing, spacing, seed);
            let cells = Cells::new(all.clone(), half + MARGIN * spacing, spacing);
            let stream = Stream::new(seed, Purpose::LogNormal);
            for n in 0..2000 {
                let p = half * DVec3::from([0, 1, 2].map(|axis| 2.0 * stream.uniform(3 * n + axis) - 1.0));
                let nearest = all.iter().map(|line| line.distance_squared(p)).fold(f64::INFINITY, f64::min).sqrt();
                assert!((cells.nearest(p) - nearest).abs() < 1.0e-12, "{p}: {} and {nearest}", cells.nearest(p));
            }
        }
    }

    #[test]
    fn lines_have_the_length_density_of_their_spacing_and_no_preferred_direction() {
        // Length inside the unit sphere: a chord of 2 sqrt(1 - r^2) per line; density = length / volume = 1 / spacing^2.
        let (spacing, seeds) = (0.05, 20);
        let (mut length, mut squares) = (0.0, DVec3::ZERO);
        let mut count = 0.0;
        for seed in 0..seeds {
            for line in lines(1.0, spacing, seed).iter().filter(|line| line.point.length_squared() < 1.0) {
                length += 2.0 * (1.0 - line.point.length_squared()).sqrt();
                squares += line.along * line.along;
                count += 1.0;
                assert!((line.along.length() - 1.0).abs() < 1.0e-14 && line.point.dot(line.along).abs() < 1.0e-14);
            }
        }
        let density = length / f64::from(seeds as u32) / (4.0 / 3.0 * std::f64::consts::PI);
        // 25 000 lines: 1 sigma is 0.7 %.
        assert!((density * spacing * spacing - 1.0).abs() < 0.03, "{density}");
        assert!((squares / count - 1.0 / 3.0).abs().max_element() < 0.01, "{}", squares / count);
    }

    #[test]
    fn a_larger_radius_keeps_the_lines_of_a_smaller_one() {
        let (small, large) = (lines(2.0, 0.5, 9), lines(4.0, 0.5, 9));
        assert!(large.len() > small.len() && small.len() > 10);
        assert!(small.iter().zip(&large).all(|(a, b)| a.point == b.point && a.along == b.along));
    }
}
