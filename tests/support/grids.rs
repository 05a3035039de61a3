//! Grids at which exchanged, flipped or shifted axes show, and values at which exchanged voxels do.

use dosaic::{grid::VoxelGrid, volume::Volume};
use glam::{DMat3, DVec3, EulerRot};

/// The phantom for positions: all sizes and spacings different, off centre.
pub(crate) fn off_centre() -> VoxelGrid {
    VoxelGrid::axis_aligned([8, 6, 5], DVec3::new(2.4, 0.976_562_5, 3.0), DVec3::new(-177.956_33, 11.319, 94.301_76))
}

/// All 48 ways to exchange and flip axes.
pub(crate) fn parallel_directions() -> Vec<DMat3> {
    let axes = [DVec3::X, DVec3::Y, DVec3::Z];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let sign = |bits: u32, axis: u32| if bits >> axis & 1 == 1 { -1.0 } else { 1.0 };
    let flipped = |order: [usize; 3]| {
        (0..8).map(move |bits| {
            DMat3::from_cols(axes[order[0]] * sign(bits, 0), axes[order[1]] * sign(bits, 1), axes[order[2]] * sign(bits, 2))
        })
    };
    orders.into_iter().flat_map(flipped).collect()
}

/// Rotated axes, right- and left-handed, one of them within 0.01 of a half turn (where NIfTI's quaternion is least exact).
pub(crate) fn oblique_directions() -> Vec<DMat3> {
    let tilted = DMat3::from_euler(EulerRot::XYZ, 0.3, -0.45, 1.1);
    let left_handed = DMat3::from_cols(tilted.x_axis, tilted.y_axis, -tilted.z_axis);
    vec![tilted, left_handed, DMat3::from_axis_angle(DVec3::new(1.0, 1.0, 0.2).normalize(), 0.01), DMat3::from_rotation_z(-0.52)]
}

/// Every voxel different; one, off centre, far hotter than the rest.
pub(crate) fn hot_voxel(grid: VoxelGrid) -> Volume<f32> {
    let mut data: Vec<f32> = (0..grid.len()).map(|n| n as f32 * 0.5 - 3.25).collect();
    data[grid.index([6, 1, 3])] = 457.125;
    Volume::new(grid, data)
}
