//! Shapes as point sets: which voxel centres they hold.
//!
//! Faces follow one rule so that neighbours tile without gap or overlap: flat faces hold their lower side and not the upper one
//! (box, slab, cylinder along its axis); round surfaces belong to the inside (sphere, ellipsoid, cylinder); a shell does not hold its inner surface.

use std::f64::consts::PI;

use glam::DVec3;

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    plan::Shape,
};

/// A checked [`Shape`], prepared for many point tests.
#[derive(Debug, Clone, Copy)]
pub(super) enum Solid {
    Box { low: DVec3, high: DVec3 },
    Sphere { center: DVec3, radius: f64 },
    Ellipsoid { center: DVec3, semi_axes: DVec3 },
    Cylinder { center: DVec3, axis: DVec3, radius: f64, half_height: f64 },
    Shell { center: DVec3, inner: f64, outer: f64 },
    Slab { axis: usize, from: f64, to: f64 },
    HalfSpace { point: DVec3, normal: DVec3 },
}

impl Solid {
    /// Checks a shape of `region`.
    pub(super) fn new(shape: &Shape, region: &str) -> Result<Self> {
        let wrong = |what: &str| Err(Error::input(format!("region \"{region}\": {what}, found {shape:?}")));
        match *shape {
            Shape::Box { center, size } => {
                if !(center.is_finite() && size.is_finite() && size.min_element() > 0.0) {
                    return wrong("a box needs a finite centre and positive edge lengths");
                }
                Ok(Self::Box { low: center - 0.5 * size, high: center + 0.5 * size })
            }
            Shape::Sphere { center, radius } => {
                if !(center.is_finite() && radius.is_finite() && radius > 0.0) {
                    return wrong("a sphere needs a finite centre and a positive radius");
                }
                Ok(Self::Sphere { center, radius })
            }
            Shape::Ellipsoid { center, semi_axes } => {
                if !(center.is_finite() && semi_axes.is_finite() && semi_axes.min_element() > 0.0) {
                    return wrong("an ellipsoid needs a finite centre and positive semi-axes");
                }
                Ok(Self::Ellipsoid { center, semi_axes })
            }
            Shape::Cylinder { center, axis, radius, height } => {
                let fine = center.is_finite() && radius.is_finite() && radius > 0.0 && height.is_finite() && height > 0.0;
                let Some(axis) = axis.try_normalize().filter(|_| fine) else {
                    return wrong("a cylinder needs a finite centre, an axis that is not zero, a positive radius and a positive height");
                };
                Ok(Self::Cylinder { center, axis, radius, half_height: 0.5 * height })
            }
            Shape::Shell { center, inner_radius: inner, outer_radius: outer } => {
                if !(center.is_finite() && inner >= 0.0 && outer.is_finite() && outer > inner) {
                    return wrong("a shell needs a finite centre and 0 <= inner radius < outer radius");
                }
                Ok(Self::Shell { center, inner, outer })
            }
            Shape::Slab { axis, from, to } => {
                if !(axis < 3 && from < to) {
                    return wrong("a slab needs axis 0, 1 or 2 and from < to");
                }
                Ok(Self::Slab { axis, from, to })
            }
            Shape::HalfSpace { point, normal } => {
                let Some(normal) = normal.try_normalize().filter(|_| point.is_finite()) else {
                    return wrong("a half-space needs a finite point and a normal that is not zero");
                };
                Ok(Self::HalfSpace { point, normal })
            }
        }
    }

    /// True if the point, mm, belongs to the solid.
    pub(super) fn contains(&self, p: DVec3) -> bool {
        match *self {
            Self::Box { low, high } => p.cmpge(low).all() && p.cmplt(high).all(),
            Self::Sphere { center, radius } => (p - center).length_squared() <= radius * radius,
            Self::Ellipsoid { center, semi_axes } => ((p - center) / semi_axes).length_squared() <= 1.0,
            Self::Cylinder { center, axis, radius, half_height } => {
                let along = (p - center).dot(axis);
                along >= -half_height && along < half_height && (p - center - along * axis).length_squared() <= radius * radius
            }
            Self::Shell { center, inner, outer } => {
                let r2 = (p - center).length_squared();
                (r2 > inner * inner || inner == 0.0) && r2 <= outer * outer
            }
            Self::Slab { axis, from, to } => p[axis] >= from && p[axis] < to,
            Self::HalfSpace { point, normal } => (p - point).dot(normal) >= 0.0,
        }
    }

    /// Lowest and highest corner of the bounding box, mm; infinite where the solid is.
    fn bounds(&self) -> (DVec3, DVec3) {
        let around = |center: DVec3, half: DVec3| (center - half, center + half);
        match *self {
            Self::Box { low, high } => (low, high),
            Self::Sphere { center, radius } => around(center, DVec3::splat(radius)),
            Self::Ellipsoid { center, semi_axes } => around(center, semi_axes),
            Self::Cylinder { center, axis, radius, half_height } => {
                let across = (DVec3::ONE - axis * axis).max(DVec3::ZERO).map(f64::sqrt);
                around(center, half_height * axis.abs() + radius * across)
            }
            Self::Shell { center, outer, .. } => around(center, DVec3::splat(outer)),
            Self::Slab { axis, from, to } => {
                let (mut low, mut high) = (DVec3::NEG_INFINITY, DVec3::INFINITY);
                (low[axis], high[axis]) = (from, to);
                (low, high)
            }
            Self::HalfSpace { .. } => (DVec3::NEG_INFINITY, DVec3::INFINITY),
        }
    }

    /// The bounding box in continuous voxel coordinates.
    fn voxel_bounds(&self, grid: &VoxelGrid) -> (DVec3, DVec3) {
        let (low, high) = self.bounds();
        let (mut from, mut to) = (DVec3::ZERO, DVec3::ZERO);
        for axis in 0..3 {
            for j in 0..3 {
                let cosine = grid.direction.col(axis)[j];
                // A cosine of exactly 0 must not meet an infinite bound.
                if cosine != 0.0 {
                    let (a, b) = (cosine * (low[j] - grid.origin[j]), cosine * (high[j] - grid.origin[j]));
                    from[axis] += a.min(b);
                    to[axis] += a.max(b);
                }
            }
        }
        (from / grid.spacing, to / grid.spacing)
    }

    /// Calls `visit` with the storage position of every voxel whose centre is inside, ascending; only the bounding box is searched.
    pub(super) fn for_each_voxel(&self, grid: &VoxelGrid, mut visit: impl FnMut(usize)) {
        // Rounding in the bounds must not lose a centre that lies on the surface.
        const SLACK: f64 = 1.0e-6;
        let (from, to) = self.voxel_bounds(grid);
        // Casts saturate: infinite bounds become the grid's own.
        let [x, y, z] = [0, 1, 2].map(|axis| {
            let first = (from[axis] - SLACK).ceil().max(0.0) as u32;
            let last = (to[axis] + SLACK).floor();
            if last < 0.0 { 0..0 } else { first..(last as u32).saturating_add(1).min(grid.size[axis]) }
        });
        for k in z {
            for j in y.clone() {
                for i in x.clone() {
                    if self.contains(grid.center([i, j, k])) {
                        visit(grid.index([i, j, k]));
                    }
                }
            }
        }
    }

    /// Volume, mm3; infinite for slabs and half-spaces.
    pub(super) fn volume(&self) -> f64 {
        match *self {
            Self::Box { low, high } => (high - low).element_product(),
            Self::Sphere { radius, .. } => 4.0 / 3.0 * PI * radius.powi(3),
            Self::Ellipsoid { semi_axes, .. } => 4.0 / 3.0 * PI * semi_axes.element_product(),
            Self::Cylinder { radius, half_height, .. } => PI * radius * radius * 2.0 * half_height,
            Self::Shell { inner, outer, .. } => 4.0 / 3.0 * PI * (outer.powi(3) - inner.powi(3)),
            Self::Slab { .. } | Self::HalfSpace { .. } => f64::INFINITY,
        }
    }

    /// The share of a bounded solid's volume that lies outside the grid, from a lattice of 40^3 points over its bounding box; 0 for unbounded ones.
    pub(super) fn share_outside(&self, grid: &VoxelGrid) -> f64 {
        const POINTS: u32 = 40;
        let (low, high) = self.bounds();
        let extent = high - low;
        let last = DVec3::from(grid.size.map(|n| f64::from(n) - 0.5));
        let in_grid = |v: DVec3| v.cmpge(DVec3::splat(-0.5)).all() && v.cmple(last).all();
        let (from, to) = self.voxel_bounds(grid);
        if !extent.is_finite() || in_grid(from) && in_grid(to) {
            return 0.0;
        }
        let (mut inside, mut outside) = (0u32, 0u32);
        for n in 0..POINTS.pow(3) {
            let cell = DVec3::new((n % POINTS).into(), (n / POINTS % POINTS).into(), (n / POINTS / POINTS).into());
            let point = low + extent * (cell + 0.5) / f64::from(POINTS);
            if self.contains(point) {
                inside += 1;
                outside += u32::from(!in_grid(grid.to_voxel(point)));
            }
        }
        f64::from(outside) / f64::from(inside.max(1))
    }
}
