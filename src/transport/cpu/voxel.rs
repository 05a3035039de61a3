//! Voxels: place, walls, contents. Twin: `shaders/shared/voxel.wgsl`.
//!
//! A place is an integer voxel and an offset from its lower corner in cm; no global coordinate exists, so nothing is lost in
//! a small voxel of a large phantom, and a wall is crossed exactly.
//!
//! With `SHELLS` (an `override` of the shaders) the voxels are spherical shells: `voxel.x` is the shell, counted from the inside, the offset is the place relative
//! to the origin, and `voxels` holds the outer radii behind the media (see [`crate::transport::geometry`]).

use glam::{UVec3, Vec3};

use crate::transport::{
    constants::{VOXEL_BEYOND, VOXEL_GRAZE},
    layout::Params,
};

pub use crate::phantom::{voxel_density, voxel_material};

/// Distance along a direction to the wall of the present voxel, and the axis of that wall.
#[derive(Debug, Clone, Copy)]
pub struct VoxelWall {
    /// cm.
    pub distance: f32,
    /// 0, 1, 2 = x, y, z; of a shell: 0 the inner, 1 the outer sphere.
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

/// Outer radius of a shell, cm.
#[inline(always)]
pub fn voxel_radius(params: &Params, voxels: &[u32], shell: u32) -> f32 {
    f32::from_bits(voxels[(params.shells + 1 + shell) as usize])
}

/// Where the straight way leaves the voxel.
#[inline(always)]
pub fn voxel_wall<const SHELLS: bool>(
    params: &Params,
    voxels: &[u32],
    voxel: UVec3,
    offset: Vec3,
    direction: Vec3,
    inverse: Vec3,
) -> VoxelWall {
    if SHELLS {
        return voxel_sphere(params, voxels, voxel.x, offset, direction);
    }
    let spacing = Vec3::from(params.spacing);
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

/// Where the straight way leaves a shell.
///
/// Both spheres are judged by the same numbers, so a place on a sphere, off by a rounding, is crossed once: the inner one only on the way
/// in and only if the chord is long enough to be left again by a movement that is not lost in rounding.
#[inline]
pub fn voxel_sphere(params: &Params, voxels: &[u32], shell: u32, offset: Vec3, direction: Vec3) -> VoxelWall {
    // The way passes the origin at `offset - along * direction`: its square, taken so, is good even if that is close.
    let along = offset.dot(direction);
    let square = (offset - along * direction).length_squared();
    let mut wall = VoxelWall { distance: VOXEL_BEYOND, axis: 1 };
    if shell < params.shells {
        let radius = voxel_radius(params, voxels, shell);
        wall.distance = ((radius * radius - square).max(0.0).sqrt() - along).max(0.0);
    }
    if shell > 0 && along < 0.0 {
        let radius = voxel_radius(params, voxels, shell - 1);
        let half_square = radius * radius - square;
        if half_square > VOXEL_GRAZE * radius * radius {
            let distance = (-along - half_square.sqrt()).max(0.0);
            if distance < wall.distance {
                wall = VoxelWall { distance, axis: 0 };
            }
        }
    }
    wall
}

/// Distance to the nearest wall in any direction, cm.
#[inline(always)]
pub fn voxel_nearest_wall<const SHELLS: bool>(params: &Params, voxels: &[u32], voxel: UVec3, offset: Vec3) -> f32 {
    if SHELLS {
        return voxel_nearest_sphere(params, voxels, voxel.x, offset);
    }
    let spacing = Vec3::from(params.spacing);
    let x = offset.x.min(spacing.x - offset.x);
    let y = offset.y.min(spacing.y - offset.y);
    let z = offset.z.min(spacing.z - offset.z);
    x.min(y).min(z)
}

/// Distance to the nearer sphere of a shell, cm.
#[inline]
pub fn voxel_nearest_sphere(params: &Params, voxels: &[u32], shell: u32, offset: Vec3) -> f32 {
    let place = offset.length();
    let mut nearest = VOXEL_BEYOND;
    if shell < params.shells {
        nearest = voxel_radius(params, voxels, shell) - place;
    }
    if shell > 0 {
        nearest = nearest.min(place - voxel_radius(params, voxels, shell - 1));
    }
    nearest
}

/// Moves inside the voxel; rounding never leads out of it.
#[inline(always)]
pub fn voxel_move<const SHELLS: bool>(params: &Params, offset: Vec3, direction: Vec3, distance: f32) -> Vec3 {
    let moved = offset + direction * distance;
    if SHELLS { moved } else { moved.max(Vec3::ZERO).min(params.spacing.into()) }
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
pub fn voxel_cross<const SHELLS: bool>(params: &Params, voxel: UVec3, offset: Vec3, direction: Vec3, axis: u32) -> VoxelCrossing {
    let (spacing, size) = (Vec3::from(params.spacing), UVec3::from(params.size));
    let mut next = VoxelCrossing { voxel, offset, outside: false };
    if SHELLS {
        next.voxel.x = if axis == 0 { voxel.x.wrapping_sub(1) } else { voxel.x + 1 };
        return next;
    }
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

/// Jumps any distance along a straight line, whatever lies between.
#[inline(always)]
pub fn voxel_shift<const SHELLS: bool>(
    params: &Params,
    voxels: &[u32],
    voxel: UVec3,
    offset: Vec3,
    direction: Vec3,
    distance: f32,
) -> VoxelCrossing {
    let moved = offset + direction * distance;
    if SHELLS {
        return VoxelCrossing { voxel: UVec3::new(voxel_shell(params, voxels, moved), 0, 0), offset: moved, outside: false };
    }
    let spacing = Vec3::from(params.spacing);
    // Far more voxels than a phantom has in a row, far less than an integer holds.
    let voxels_on = (moved / spacing).floor().clamp(Vec3::splat(-1.0e9), Vec3::splat(1.0e9));
    let landed = voxel.wrapping_add_signed(voxels_on.as_ivec3());
    VoxelCrossing {
        voxel: landed,
        offset: (moved - voxels_on * spacing).clamp(Vec3::ZERO, spacing),
        // Unsigned wrap-around below zero gives a number above any size.
        outside: landed.cmpge(params.size.into()).any(),
    }
}

/// The shell of a place, by bisection over the radii.
#[inline]
pub fn voxel_shell(params: &Params, voxels: &[u32], place: Vec3) -> u32 {
    let radius = place.length();
    let (mut low, mut high) = (0, params.shells);
    for _ in 0..32 {
        if low >= high {
            break;
        }
        let middle = (low + high) >> 1;
        if radius < voxel_radius(params, voxels, middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
#[path = "voxel_tests.rs"]
mod tests;
