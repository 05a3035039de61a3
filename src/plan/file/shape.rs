//! Shapes: `shape = "sphere"` with its measures, and where they lie.

use std::ops::Range;

use glam::DVec3;

use super::{Section, VoxelGrid, phantom::POSITION};
use crate::plan::{
    Shape,
    frame::Fault,
    quantity::{LENGTH, Limits},
};

/// Extents: up to 1 km, so that a "large" shape may stand for an endless one.
pub(super) const EXTENT: Limits = Limits::up_to(1e6);
const POINT: &str = "\"0, 0, 0 mm\"";

/// The kinds of shapes and the keys each takes.
pub(super) const KINDS: [(&str, &[&str]); 7] = [
    ("box", &["center", "size"]),
    ("sphere", &["center", "radius"]),
    ("ellipsoid", &["center", "semi_axes"]),
    ("cylinder", &["center", "axis", "radius", "height"]),
    ("shell", &["center", "inner_radius", "outer_radius"]),
    ("slab", &["axis", "from", "to"]),
    ("half-space", &["point", "normal"]),
];

/// Every key that some shape takes.
pub(super) const KEYS: [&str; 13] =
    ["shape", "center", "size", "radius", "semi_axes", "axis", "height", "inner_radius", "outer_radius", "from", "to", "point", "normal"];

/// Reads the shape whose kind and measures are keys of `section`. Keys of other shapes are noted as problems.
pub(super) fn shape(section: &Section<'_>) -> Option<Shape> {
    let words = KINDS.map(|(name, keys)| (name, (name, keys)));
    let kind = section.choice("shape", &words);
    let (name, keys) = section.required("shape", kind, "shape = \"sphere\"")?;
    for key in KEYS[1..].iter().filter(|k| section.has(k) && !keys.contains(k)) {
        let help = format!("a {name} takes {}", keys.join(", "));
        section.problem(section.key_span(key), Fault::new(format!("`{key}` does not belong to shape \"{name}\""), help));
    }
    let vector = |key: &str, limits, single, example: &str| {
        section.required(key, section.vector(key, &LENGTH, limits, single), &format!("{key} = {example}"))
    };
    let length = |key: &str| section.required(key, section.quantity(key, &LENGTH, EXTENT), &format!("{key} = \"10 mm\""));
    let place = |key: &str| section.required(key, section.quantity(key, &LENGTH, POSITION), &format!("{key} = \"10 mm\""));
    // Each measure is read before any is given up on, so that all problems show.
    match name {
        "box" => {
            let (center, size) = (vector("center", POSITION, false, POINT), vector("size", EXTENT, true, "\"40, 30, 20 mm\""));
            Some(Shape::Box { center: center?, size: size? })
        }
        "sphere" => {
            let (center, radius) = (vector("center", POSITION, false, POINT), length("radius"));
            Some(Shape::Sphere { center: center?, radius: radius? })
        }
        "ellipsoid" => {
            let (center, semi_axes) = (vector("center", POSITION, false, POINT), vector("semi_axes", EXTENT, true, "\"40, 30, 20 mm\""));
            Some(Shape::Ellipsoid { center: center?, semi_axes: semi_axes? })
        }
        "cylinder" => {
            let (center, radius, height) = (vector("center", POSITION, false, POINT), length("radius"), length("height"));
            let axis = section.or_default("axis", section.direction("axis"), DVec3::Z);
            Some(Shape::Cylinder { center: center?, axis, radius: radius?, height: height? })
        }
        "shell" => {
            let center = vector("center", POSITION, false, POINT);
            let (inner, outer) = (length("inner_radius"), length("outer_radius"));
            ordered(section, "inner_radius", inner, "outer_radius", outer);
            Some(Shape::Shell { center: center?, inner_radius: inner?, outer_radius: outer? })
        }
        "slab" => {
            let axis = section.required("axis", section.choice("axis", &[("x", 0), ("y", 1), ("z", 2)]), "axis = \"z\"");
            let (from, to) = (place("from"), place("to"));
            ordered(section, "from", from, "to", to);
            Some(Shape::Slab { axis: axis?, from: from?, to: to? })
        }
        _ => {
            let point = vector("point", POSITION, false, POINT);
            let normal = section.required("normal", section.direction("normal"), "normal = \"z\"");
            Some(Shape::HalfSpace { point: point?, normal: normal? })
        }
    }
}

/// Notes a problem unless `small < large`.
fn ordered(section: &Section<'_>, small_key: &str, small: Option<f64>, large_key: &str, large: Option<f64>) {
    if small.zip(large).is_some_and(|(small, large)| small >= large) {
        let fault = Fault::new(format!("`{small_key}` is not smaller than `{large_key}`"), "exchange or correct them");
        section.problem(section.raw(small_key).map_or(section.span.clone(), toml::Spanned::span), fault);
    }
}

/// Notes a problem if a shape lies wholly outside the grid, so that no voxel can belong to it.
pub(super) fn check_inside(section: &Section<'_>, span: Range<usize>, shape: &Shape, grid: &VoxelGrid) {
    let (low, high) = voxel_centres(grid);
    let outside = match *shape {
        Shape::HalfSpace { point, normal } => {
            // The corner farthest along the normal decides.
            let corner = DVec3::select(normal.cmpge(DVec3::ZERO), high, low);
            (corner - point).dot(normal) < 0.0
        }
        Shape::Slab { axis, from, to } => to <= low[axis] || from > high[axis],
        _ => {
            let (center, half) = bounds(shape);
            (center + half).cmplt(low).any() || (center - half).cmpgt(high).any()
        }
    };
    if outside {
        let help = format!("voxel centres reach from {} to {}", crate::plan::show::vector(low), crate::plan::show::vector(high));
        section.problem(span, Fault::new("the shape lies outside the phantom's grid", help));
    }
}

/// Centres of the first and the last voxel of an axis-aligned grid.
fn voxel_centres(grid: &VoxelGrid) -> (DVec3, DVec3) {
    (grid.center([0; 3]), grid.center(grid.size.map(|n| n - 1)))
}

/// Centre and half extents of the box around a bounded shape.
fn bounds(shape: &Shape) -> (DVec3, DVec3) {
    match *shape {
        Shape::Box { center, size } => (center, size * 0.5),
        Shape::Sphere { center, radius } => (center, DVec3::splat(radius)),
        Shape::Ellipsoid { center, semi_axes } => (center, semi_axes),
        Shape::Shell { center, outer_radius, .. } => (center, DVec3::splat(outer_radius)),
        Shape::Cylinder { center, axis, radius, height } => {
            let u = axis.normalize();
            let across = (DVec3::ONE - u * u).max(DVec3::ZERO);
            (center, u.abs() * height * 0.5 + DVec3::new(across.x.sqrt(), across.y.sqrt(), across.z.sqrt()) * radius)
        }
        Shape::Slab { .. } | Shape::HalfSpace { .. } => (DVec3::ZERO, DVec3::INFINITY),
    }
}
