//! Blocks of voxels made into one.

use glam::DVec3;

use super::Volume;
use crate::grid::VoxelGrid;

/// The grid whose voxels are blocks of `by` voxels of `grid` along its axes; where a size does not divide, the last block reaches beyond.
pub fn merged_grid(grid: &VoxelGrid, by: [u32; 3]) -> VoxelGrid {
    let by_each = DVec3::from(by.map(f64::from));
    let size = [0, 1, 2].map(|axis| grid.size[axis].div_ceil(by[axis]));
    VoxelGrid { size, spacing: grid.spacing * by_each, origin: grid.to_patient((by_each - 1.0) / 2.0), direction: grid.direction }
}

/// The mean of every block, over those of its voxels that exist.
pub fn merge_mean(image: &Volume<f32>, by: [u32; 3]) -> Volume<f32> {
    let grid = merged_grid(&image.grid, by);
    let mean = |index: usize| {
        let (mut sum, mut count) = (0.0, 0u32);
        for_each(&image.grid, grid.ijk(index), by, |v| {
            sum += f64::from(image.data[v]);
            count += 1;
        });
        (sum / f64::from(count)) as f32
    };
    Volume::new(grid, (0..grid.len()).map(mean).collect())
}

/// The label that most voxels of every block have; of several with as many the smallest.
pub fn merge_labels(labels: &Volume<u32>, by: [u32; 3]) -> Volume<u32> {
    let grid = merged_grid(&labels.grid, by);
    let mut block = Vec::new();
    let data = (0..grid.len()).map(|index| {
        block.clear();
        for_each(&labels.grid, grid.ijk(index), by, |v| block.push(labels.data[v]));
        block.sort_unstable();
        let runs = block.chunk_by(|a, b| a == b);
        runs.fold((0, 0), |best: (u32, usize), run| if run.len() > best.1 { (run[0], run.len()) } else { best }).0
    });
    let data = data.collect();
    Volume::new(grid, data)
}

/// Visits the voxels of the block `at`.
fn for_each(grid: &VoxelGrid, at: [u32; 3], by: [u32; 3], mut visit: impl FnMut(usize)) {
    let range = |axis: usize| at[axis] * by[axis]..((at[axis] + 1) * by[axis]).min(grid.size[axis]);
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                visit(grid.index([i, j, k]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(size: [u32; 3]) -> VoxelGrid {
        VoxelGrid::axis_aligned(size, DVec3::new(1.0, 2.0, 3.0), DVec3::new(10.0, 20.0, 30.0))
    }

    #[test]
    fn blocks_lie_where_their_voxels_lay() {
        let merged = merged_grid(&grid([4, 4, 5]), [2, 4, 2]);
        assert_eq!((merged.size, merged.spacing), ([2, 1, 3], DVec3::new(2.0, 8.0, 6.0)));
        assert_eq!(merged.origin, DVec3::new(10.5, 23.0, 31.5));
        let (fine, coarse) = (grid([4, 4, 4]).bounding_box(), merged_grid(&grid([4, 4, 4]), [2, 4, 2]).bounding_box());
        assert!((fine.min - coarse.min).length() < 1e-12 && (fine.max - coarse.max).length() < 1e-12);
    }

    #[test]
    fn a_mean_conserves_the_sum_and_an_open_block_counts_what_it_has() {
        let fine = Volume::new(grid([4, 2, 2]), (0..16).map(|v| v as f32).collect());
        let merged = merge_mean(&fine, [2, 2, 1]);
        assert_eq!(merged.data, [2.5, 4.5, 10.5, 12.5]);
        assert_eq!(4.0 * merged.data.iter().sum::<f32>(), fine.data.iter().sum::<f32>());
        let open = merge_mean(&Volume::new(grid([3, 1, 1]), vec![1.0, 3.0, 7.0]), [2, 1, 1]);
        assert_eq!(open.data, [2.0, 7.0]);
    }

    #[test]
    fn the_most_frequent_label_has_the_block() {
        let labels = Volume::new(grid([4, 2, 1]), vec![0, 5, 7, 7, 5, 5, 0, 0]);
        assert_eq!(merge_labels(&labels, [2, 2, 1]).data, [5, 0], "3 of 4; 2 and 2: the smaller");
        assert_eq!(merge_labels(&labels, [1, 1, 1]).data, labels.data);
    }
}
