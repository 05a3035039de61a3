//! How much memory a phantom takes, known before anything is allocated.

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    plan::PhantomPlan,
};

/// Largest number of voxels: a source's voxel positions are `u32`.
pub const MAX_VOXELS: u64 = u32::MAX as u64;

/// Largest number of voxels along one axis.
pub const MAX_SIZE: u32 = 1 << 20;

/// Bytes per voxel of a finished [`super::Phantom`]: 4 for material and density, 2 for the region.
pub fn bytes_per_voxel() -> u64 {
    (size_of::<u32>() + size_of::<u16>()) as u64
}

/// Bytes per voxel at the peak of [`super::build`]: the phantom with the images that are open at the same time (readers' own buffers not counted).
pub fn building_bytes_per_voxel(plan: &PhantomPlan) -> u64 {
    let open_images = match plan {
        PhantomPlan::Procedural { .. } => 0,
        // A CT and its labels are never open together: the CT is dropped once converted.
        PhantomPlan::Labels { .. } | PhantomPlan::Ct { .. } => {
            let [x, y, z] = plan.merge().map(u64::from);
            // The image as read lies beside the merged one.
            let merged = if x * y * z > 1 { size_of::<u32>() as u64 } else { 0 };
            size_of::<u32>() as u64 * x * y * z + merged
        }
    };
    bytes_per_voxel() + open_images
}

/// Refuses grids without voxels, with absurd geometry or with more voxels than positions can name.
pub(super) fn check_grid(grid: &VoxelGrid, of: &str) -> Result<()> {
    let [nx, ny, nz] = grid.size;
    let voxels = u128::from(nx) * u128::from(ny) * u128::from(nz);
    if voxels == 0 {
        return Err(Error::input(format!("{of}: the grid of {nx} x {ny} x {nz} voxels is empty; every size must be at least 1")));
    }
    if voxels > u128::from(MAX_VOXELS) || nx.max(ny).max(nz) > MAX_SIZE {
        return Err(Error::input(format!(
            "{of}: {nx} x {ny} x {nz} = {voxels} voxels are too many; at most {MAX_VOXELS} and {MAX_SIZE} along an axis are possible (a phantom takes {} bytes per voxel)",
            bytes_per_voxel()
        )));
    }
    let geometry_fine =
        grid.spacing.is_finite() && grid.spacing.min_element() > 0.0 && grid.origin.is_finite() && grid.direction.is_finite();
    if !geometry_fine {
        return Err(Error::input(format!("{of}: voxel spacing must be positive and the position finite, found {}", describe(grid))));
    }
    Ok(())
}

/// A vector of `len` copies, or an error that says how much memory was asked for.
pub(super) fn filled<T: Clone>(value: T, len: usize, what: &str) -> Result<Vec<T>> {
    let mut data = Vec::new();
    data.try_reserve_exact(len)
        .map_err(|_| Error::input(format!("not enough memory for the phantom's {what}: {} bytes", len as u128 * size_of::<T>() as u128)))?;
    data.resize(len, value);
    Ok(data)
}

/// A grid in words, for messages.
pub(super) fn describe(grid: &VoxelGrid) -> String {
    let ([nx, ny, nz], s, o, d) = (grid.size, grid.spacing, grid.origin, grid.direction.to_cols_array());
    let axes = d.map(|value| format!("{}", (value * 1.0e6).round() / 1.0e6 + 0.0)).join(" ");
    format!("{nx} x {ny} x {nz} voxels of {} x {} x {} mm, first centre ({}, {}, {}) mm, axes [{axes}]", s.x, s.y, s.z, o.x, o.y, o.z)
}
