//! Regions by name, and the voxels of one with their bounding box.

use crate::{
    error::{Error, Result},
    phantom::Phantom,
};

/// A region's voxels and the smallest box of voxels that holds them.
#[derive(Debug)]
pub(super) struct RegionVoxels {
    /// Storage positions, ascending, at least one.
    pub(super) voxels: Vec<u32>,
    /// First voxel of the box.
    pub(super) low: [u32; 3],
    /// Voxels of the box along x, y, z.
    pub(super) size: [usize; 3],
}

impl RegionVoxels {
    /// Collects the voxels of region `region` (0 = first of `region_names`); `None` if there are none.
    pub(super) fn of(phantom: &Phantom, region: usize) -> Option<Self> {
        let voxels: Vec<u32> = phantom.region_voxels(region).map(|v| v as u32).collect();
        let (mut low, mut high) = ([u32::MAX; 3], [0; 3]);
        for &v in &voxels {
            let ijk = phantom.grid.ijk(v as usize);
            for axis in 0..3 {
                low[axis] = low[axis].min(ijk[axis]);
                high[axis] = high[axis].max(ijk[axis]);
            }
        }
        (!voxels.is_empty()).then(|| Self { voxels, low, size: [0, 1, 2].map(|axis| (high[axis] - low[axis]) as usize + 1) })
    }
}

/// Position of a region by name.
pub(super) fn region_position(phantom: &Phantom, region: &str, place: &str) -> Result<usize> {
    phantom.region_names.iter().position(|name| name == region).ok_or_else(|| {
        Error::input(format!("{place}: the phantom has no region \"{region}\"; its regions are {}", phantom.region_names.join(", ")))
    })
}

/// Says where wrong input was met.
pub(super) fn within(place: &str, error: Error) -> Error {
    match error {
        Error::Input(message) => Error::Input(format!("{place}: {message}")),
        other => other,
    }
}
