//! From what image headers say about position to a [`VoxelGrid`].

use glam::{DMat3, DVec3};

use crate::{
    error::{Error, Result},
    grid::{GridLimits, VoxelGrid},
};

/// Largest cosine between two axes, or deviation of a unit vector's length from 1, that is taken as rounding (ITK has the same bound).
const ORTHONORMAL_TOLERANCE: f64 = 1.0e-4;

/// Axes closer than this to the patient's (rad) are set to them: single precision cannot tell the difference.
const PARALLEL_TOLERANCE: f64 = 1.0e-6;

/// A single-precision header value as the shortest decimal number it stands for, so that 2.4 mm stays 2.4 mm.
pub(super) fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// RAS (NIfTI) to LPS or back.
pub(super) fn flip_xy(v: DVec3) -> DVec3 {
    // Adding zero keeps -0 out of headers and messages.
    DVec3::new(-v.x, -v.y, v.z) + DVec3::ZERO
}

/// The sizes of an image as the program counts them, each at least 1; `what` is the header's name for them.
pub(in crate::io) fn checked_size(name: &str, what: &str, size: [i64; 3]) -> Result<[u32; 3]> {
    let max = GridLimits::IMAGE.max_size;
    let [x, y, z] = size.map(|n| u32::try_from(n).ok().filter(|n| (1..=max).contains(n)));
    x.zip(y)
        .zip(z)
        .map(|((x, y), z)| [x, y, z])
        .ok_or_else(|| Error::input(format!("{name}: {what} is {size:?}; expected three sizes from 1 to {max}")))
}

/// A grid from its steps: `columns[a]` is the way from one voxel to the next along axis `a`, mm, LPS.
///
/// # Errors
/// [`Error::Input`] if the steps are zero, not finite or not at right angles (`what` names the header's field).
pub(in crate::io) fn grid_from_steps(name: &str, what: &str, size: [u32; 3], columns: [DVec3; 3], origin: DVec3) -> Result<VoxelGrid> {
    let lengths = columns.map(DVec3::length);
    for (axis, length) in lengths.into_iter().enumerate() {
        if !(length.is_finite() && length > 0.0) {
            return Err(Error::input(format!(
                "{name}: {what}: the step along axis {} is {} mm; expected a finite step that is not zero",
                axis + 1,
                columns[axis]
            )));
        }
    }
    let axes = DMat3::from_cols(columns[0] / lengths[0], columns[1] / lengths[1], columns[2] / lengths[2]);
    let direction = orthonormal(name, what, axes)?;
    let grid = VoxelGrid { size, spacing: DVec3::from_array(lengths), origin, direction };
    grid.validate(name, &GridLimits::IMAGE)?;
    Ok(grid)
}

/// The orthonormal matrix nearest to `axes`, whose columns must be unit vectors at right angles but for rounding.
pub(super) fn orthonormal(name: &str, what: &str, axes: DMat3) -> Result<DMat3> {
    let gram = axes.transpose() * axes;
    for (a, b) in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)] {
        let found = gram.col(a)[b];
        let expected = if a == b { 1.0 } else { 0.0 };
        let within = (found - expected).abs() <= ORTHONORMAL_TOLERANCE;
        if within {
            continue;
        }
        return Err(Error::input(if a == b {
            format!("{name}: {what}: axis {} has the length {}; expected a unit vector", a + 1, found.sqrt())
        } else {
            format!(
                "{name}: {what}: axes {} and {} are at {:.4} degrees (directions {} and {}); sheared images cannot be used, \
                 expected right angles: resample the image",
                a + 1,
                b + 1,
                found.clamp(-1.0, 1.0).acos().to_degrees(),
                axes.col(a),
                axes.col(b)
            )
        }));
    }
    let rounded = DMat3::from_cols(axes.x_axis.round(), axes.y_axis.round(), axes.z_axis.round()) + DMat3::ZERO;
    if axes.abs_diff_eq(rounded, PARALLEL_TOLERANCE) {
        return Ok(rounded);
    }
    // Newton's iteration for the polar factor; from within 1e-4 it converges to rounding in three steps.
    let mut nearest = axes;
    for _ in 0..4 {
        nearest = (nearest + nearest.inverse().transpose()) * 0.5;
    }
    Ok(nearest)
}

/// Largest distance between the corner voxels of two grids of the same size, mm.
pub(super) fn corner_distance(a: &VoxelGrid, b: &VoxelGrid) -> f64 {
    (0..8_u32)
        .map(|corner| {
            let ijk = [0, 1, 2].map(|axis| if corner >> axis & 1 == 1 { a.size[axis] - 1 } else { 0 });
            a.center(ijk).distance(b.center(ijk))
        })
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_decimals_survive_single_precision() {
        for value in [2.4, 0.001, 0.976_562_5, -177.956_33, 1e-7] {
            assert_eq!(shortest(value as f32), value);
        }
        assert!(shortest(f32::NAN).is_nan());
        assert_eq!(shortest(f32::NEG_INFINITY), f64::NEG_INFINITY);
    }

    #[test]
    fn shear_is_refused_with_its_angle_and_rounding_is_mended() {
        let oblique = DMat3::from_euler(glam::EulerRot::XYZ, 0.3, -0.5, 0.2);
        let rounded = DMat3::from_cols_array(&oblique.to_cols_array().map(|x| f64::from(x as f32)));
        let mended = orthonormal("a.nii", "srow", rounded).expect("rounding");
        assert!((mended.transpose() * mended).abs_diff_eq(DMat3::IDENTITY, 1e-15));
        assert!(mended.abs_diff_eq(oblique, 1e-7));

        let sheared = DMat3::from_cols(DVec3::X, DVec3::new(0.1_f64.sin(), 0.1_f64.cos(), 0.0), DVec3::Z);
        let message = orthonormal("a.nii", "srow", sheared).expect_err("shear").to_string();
        assert!(message.contains("axes 1 and 2 are at 84.2704 degrees"), "{message}");
        let long = DMat3::from_diagonal(DVec3::new(1.0, 1.01, 1.0));
        assert!(orthonormal("a.mha", "TransformMatrix", long).expect_err("length").to_string().contains("length 1.01"));
    }
}
