//! Size of the voxels.

use glam::DVec3;

use crate::grid::VoxelGrid;

/// Voxel edges to come near, mm: SPECT and PET show no more, and the electrons of Lu-177 and Y-90 go 0.5 to 4 mm.
const EDGE: f64 = 3.0;
/// Longest edge that blocks make, mm.
const EDGE_MOST: f64 = 4.0;
/// Voxels that a run on a usual computer holds with ease: some 200 bytes each with four fractions.
const VOXELS_MOST: usize = 12_000_000;
/// What a plan may merge along one axis.
const BLOCK_MOST: u32 = 16;

/// How many voxels of a CT along each axis make one of the phantom.
///
/// Along each axis the block whose edge is nearest to 3 mm (by ratio) among those up to 4 mm that divide the axis, one voxel always being
/// possible; if that still makes more voxels than usual computers hold, edges are enlarged, the shortest first.
pub(super) fn merge(grid: &VoxelGrid) -> [u32; 3] {
    let spacing = grid.spacing.to_array();
    let mut by = [0, 1, 2].map(|axis| {
        let fits = |by: &u32| *by == 1 || (f64::from(*by) * spacing[axis] <= EDGE_MOST + 1e-6 && grid.size[axis].is_multiple_of(*by));
        let off = |by: u32| (f64::from(by) * spacing[axis] / EDGE).ln().abs();
        (1..=BLOCK_MOST).filter(fits).min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(1)
    });
    let voxels = |by: [u32; 3]| (0..3).map(|axis| grid.size[axis].div_ceil(by[axis]) as usize).product::<usize>();
    while voxels(by) > VOXELS_MOST {
        let edges = DVec3::from(by.map(f64::from)) * grid.spacing;
        let Some(axis) = (0..3).filter(|axis| by[*axis] < BLOCK_MOST).min_by(|a, b| edges[*a].total_cmp(&edges[*b])) else { break };
        by[axis] += 1;
    }
    by
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(size: [u32; 3], spacing: [f64; 3]) -> [u32; 3] {
        merge(&VoxelGrid::axis_aligned(size, DVec3::from(spacing), DVec3::ZERO))
    }

    #[test]
    fn voxels_come_near_3_mm() {
        assert_eq!(chosen([512, 512, 20], [0.977, 0.977, 5.0]), [4, 4, 1]);
        assert_eq!(chosen([512, 512, 400], [0.75, 0.75, 1.0]), [4, 4, 4]);
        assert_eq!(chosen([122, 101, 30], [3.0, 3.0, 3.0]), [1, 1, 1]);
        // Positions with few digits make 2 mm a little more.
        assert_eq!(chosen([64, 60, 20], [1.0, 1.0, 2.000_000_1]), [4, 3, 2]);
        // 257 slices are a prime number.
        assert_eq!(chosen([256, 256, 257], [1.5, 1.5, 1.5]), [2, 2, 1]);
    }

    #[test]
    fn no_more_voxels_than_computers_hold() {
        let by = chosen([1024, 1024, 997], [0.5, 0.5, 0.5]);
        let voxels: u32 = [1024_u32, 1024, 997].iter().zip(by).map(|(n, by)| n.div_ceil(by)).product();
        assert!(voxels as usize <= VOXELS_MOST, "{by:?}");
    }
}
