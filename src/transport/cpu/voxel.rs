//! Voxels: place, walls, contents. Twin: `shaders/shared/voxel.wgsl`.
//!
//! A place is an integer voxel and an offset from its lower corner in cm; no global coordinate exists, so nothing is lost in
//! a small voxel of a large phantom, and a wall is crossed exactly.

use glam::{UVec3, Vec3};

pub use crate::phantom::{voxel_density, voxel_material};

/// Distance along a direction to the wall of the present voxel, and the axis of that wall.
#[derive(Debug, Clone, Copy)]
pub struct VoxelWall {
    /// cm.
    pub distance: f32,
    /// 0, 1, 2 = x, y, z.
    pub axis: u32,
}

/// Storage position of a voxel.
#[inline(always)]
pub fn voxel_index(voxel: UVec3, size: UVec3) -> u32 {
    (voxel.z * size.y + voxel.y) * size.x + voxel.x
}

/// Voxel at a storage position.
#[inline(always)]
pub fn voxel_at(index: u32, size: UVec3) -> UVec3 {
    let row = index / size.x;
    UVec3::new(index - row * size.x, row % size.y, row / size.y)
}

/// 1 / |u| per component, finite.
#[inline(always)]
pub fn voxel_inverse(direction: Vec3) -> Vec3 {
    Vec3::new(1.0 / direction.x.abs().max(1.0e-12), 1.0 / direction.y.abs().max(1.0e-12), 1.0 / direction.z.abs().max(1.0e-12))
}

/// Where the straight way leaves the voxel.
#[inline(always)]
pub fn voxel_wall(offset: Vec3, direction: Vec3, inverse: Vec3, spacing: Vec3) -> VoxelWall {
    let x = (if direction.x < 0.0 { offset.x } else { spacing.x - offset.x }) * inverse.x;
    let y = (if direction.y < 0.0 { offset.y } else { spacing.y - offset.y }) * inverse.y;
    let z = (if direction.z < 0.0 { offset.z } else { spacing.z - offset.z }) * inverse.z;
    let mut wall = VoxelWall { distance: x, axis: 0 };
    if y < wall.distance {
        wall = VoxelWall { distance: y, axis: 1 };
    }
    if z < wall.distance {
        wall = VoxelWall { distance: z, axis: 2 };
    }
    wall
}

/// Distance to the nearest wall in any direction, cm.
#[inline(always)]
pub fn voxel_nearest_wall(offset: Vec3, spacing: Vec3) -> f32 {
    let x = offset.x.min(spacing.x - offset.x);
    let y = offset.y.min(spacing.y - offset.y);
    let z = offset.z.min(spacing.z - offset.z);
    x.min(y).min(z)
}

/// Moves inside the voxel; rounding never leads out of it.
#[inline(always)]
pub fn voxel_move(offset: Vec3, direction: Vec3, distance: f32, spacing: Vec3) -> Vec3 {
    (offset + direction * distance).max(Vec3::ZERO).min(spacing)
}

/// A place after crossing a wall.
#[derive(Debug, Clone, Copy)]
pub struct VoxelCrossing {
    /// The new voxel; meaningless if `outside`.
    pub voxel: UVec3,
    /// Offset in the new voxel, cm: exactly on the wall.
    pub offset: Vec3,
    /// Whether the phantom ends here.
    pub outside: bool,
}

/// Crosses `wall` from a place reached by [`voxel_move`].
#[inline(always)]
pub fn voxel_cross(voxel: UVec3, offset: Vec3, direction: Vec3, axis: u32, spacing: Vec3, size: UVec3) -> VoxelCrossing {
    let mut next = VoxelCrossing { voxel, offset, outside: false };
    // Unsigned wrap-around below zero gives a number above any size.
    if axis == 0 {
        next.voxel.x = if direction.x < 0.0 { voxel.x.wrapping_sub(1) } else { voxel.x + 1 };
        next.offset.x = if direction.x < 0.0 { spacing.x } else { 0.0 };
        next.outside = next.voxel.x >= size.x;
    } else if axis == 1 {
        next.voxel.y = if direction.y < 0.0 { voxel.y.wrapping_sub(1) } else { voxel.y + 1 };
        next.offset.y = if direction.y < 0.0 { spacing.y } else { 0.0 };
        next.outside = next.voxel.y >= size.y;
    } else {
        next.voxel.z = if direction.z < 0.0 { voxel.z.wrapping_sub(1) } else { voxel.z + 1 };
        next.offset.z = if direction.z < 0.0 { spacing.z } else { 0.0 };
        next.outside = next.voxel.z >= size.z;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_place_are_inverse() {
        let size = UVec3::new(7, 5, 11);
        for index in 0..7 * 5 * 11 {
            assert_eq!(voxel_index(voxel_at(index, size), size), index);
        }
        assert_eq!(voxel_index(UVec3::new(1, 2, 3), size), 1 + 7 * (2 + 5 * 3));
    }

    #[test]
    fn walls_are_where_geometry_says() {
        let spacing = Vec3::new(1.0, 2.0, 3.0);
        let offset = Vec3::new(0.25, 0.5, 2.0);
        let u = Vec3::new(-0.6, 0.0, 0.8);
        let wall = voxel_wall(offset, u, voxel_inverse(u), spacing);
        assert_eq!(wall.axis, 0);
        assert!((wall.distance - 0.25 / 0.6).abs() < 1e-6);
        assert_eq!(voxel_nearest_wall(offset, spacing), 0.25);
    }

    #[test]
    fn crossing_keeps_count_and_sees_the_end() {
        let (spacing, size) = (Vec3::splat(1.0), UVec3::splat(4));
        let start = UVec3::new(0, 3, 1);
        let left = voxel_cross(start, Vec3::ZERO, Vec3::NEG_X, 0, spacing, size);
        assert!(left.outside);
        let up = voxel_cross(start, Vec3::ZERO, Vec3::Y, 1, spacing, size);
        assert!(up.outside);
        let back = voxel_cross(start, Vec3::ZERO, Vec3::NEG_Z, 2, spacing, size);
        assert!(!back.outside);
        assert_eq!((back.voxel, back.offset.z), (UVec3::new(0, 3, 0), 1.0));
    }
}
