//! A voxel grid with one value per voxel.

mod merge;
mod resample;

pub use merge::{merge_labels, merge_mean, merged_grid};
pub use resample::{interpolate, resample_conserving, resample_nearest};

use crate::grid::VoxelGrid;

/// Data on a [`VoxelGrid`], x fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume<T> {
    /// Where the voxels are.
    pub grid: VoxelGrid,
    /// One value per voxel, `grid.len()` of them.
    pub data: Vec<T>,
}

impl<T> Volume<T> {
    /// Joins a grid and its data.
    ///
    /// # Panics
    /// If the number of values is not the number of voxels: that is a programming error, files are checked on reading.
    pub fn new(grid: VoxelGrid, data: Vec<T>) -> Self {
        assert_eq!(grid.len(), data.len(), "one value per voxel");
        Self { grid, data }
    }

    /// The value of voxel (i, j, k).
    pub fn at(&self, ijk: [u32; 3]) -> &T {
        &self.data[self.grid.index(ijk)]
    }
}
