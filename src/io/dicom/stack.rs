//! Slices to a grid: sorted along their normal, with gaps, doubles and tilt found.

use glam::DVec3;

use super::header::Plane;
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::image::geometry::{checked_size, grid_from_steps},
};

/// Slices of one stack have the same axes to this (sum of the deviations of two unit vectors), and are perpendicular to their stack to this, rad.
const PARALLEL: f64 = 1.0e-3;
/// Distances of neighbours may differ by this part of their mean; scanners write positions with few digits.
const UNEVEN: f64 = 0.01;
/// Positions are written with so few digits that this much is rounding, mm.
const ROUNDING: f64 = 0.005;

/// A slice by its name (file, or file and frame) and place.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    pub(super) name: String,
    pub(super) plane: Plane,
}

/// Where the slices of a stack belong.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) grid: VoxelGrid,
    /// Positions in the given list, in the order of the grid's third axis.
    pub(super) order: Vec<usize>,
    pub(super) notes: Vec<String>,
}

/// Sorts slices along their normal into a grid; `size` is columns and rows, `thickness` serves where there is but one slice.
///
/// # Errors
/// [`Error::Input`] naming the two slices that differ in orientation or spacing, lie in the same place, or have a gap between them; for a stack that is
/// sheared (gantry tilt).
pub(super) fn stack(name: &str, slices: &[Slice], size: [u32; 2], thickness: Option<f64>) -> Result<Stack> {
    let first = &slices[0];
    for slice in slices {
        let (a, b) = (&first.plane, &slice.plane);
        let turned = a.along_row.distance(b.along_row) + a.along_column.distance(b.along_column);
        // Written so that a number that is none differs too.
        let same = turned <= PARALLEL && (0..2).all(|axis| (a.spacing[axis] - b.spacing[axis]).abs() <= 1e-4 * a.spacing[axis]);
        if !same {
            return Err(Error::input(format!(
                "{name}: slices differ in orientation or pixel spacing: {} has {}, {} has {} (a localizer in the series?)",
                first.name,
                axes(a),
                slice.name,
                axes(b)
            )));
        }
    }
    let normal = first.plane.normal();
    let height = |slice: usize| slices[slice].plane.position.dot(normal);
    let mut order: Vec<usize> = (0..slices.len()).collect();
    order.sort_by(|&a, &b| height(a).total_cmp(&height(b)));
    let mut notes = Vec::new();
    let step = if let [only] = order[..] {
        let thickness = thickness.filter(|thickness| *thickness > 0.0).ok_or_else(|| {
            Error::input(format!(
                "{name}: a single slice ({}) without SliceThickness; a grid needs the size of its voxels",
                slices[only].name
            ))
        })?;
        notes.push(format!("a single slice; its thickness of {thickness} mm is taken as the size of the voxels across it"));
        normal * thickness
    } else {
        even_step(name, slices, &order, normal)?
    };
    let plane = &slices[order[0]].plane;
    let columns = [plane.along_row * plane.spacing[0], plane.along_column * plane.spacing[1], step];
    let size = checked_size(name, "columns, rows and slices", [size[0].into(), size[1].into(), order.len() as i64])?;
    let grid = grid_from_steps(name, "ImageOrientationPatient and ImagePositionPatient", size, columns, plane.position)?;
    Ok(Stack { grid, order, notes })
}

fn axes(plane: &Plane) -> String {
    let [x, y] = plane.spacing;
    format!("rows along {}, columns along {}, pixels of {x} x {y} mm", plane.along_row, plane.along_column)
}

/// The way from one slice to the next, along the normal.
fn even_step(name: &str, slices: &[Slice], order: &[usize], normal: DVec3) -> Result<DVec3> {
    let position = |n: usize| slices[order[n]].plane.position;
    let last = order.len() - 1;
    let steps: Vec<f64> = (0..last).map(|n| (position(n + 1) - position(n)).dot(normal)).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[sorted.len() / 2];
    for (n, &step) in steps.iter().enumerate() {
        let [below, above] = [&slices[order[n]].name, &slices[order[n + 1]].name];
        let at = position(n);
        if step <= ROUNDING {
            return Err(Error::input(format!(
                "{name}: two slices in the same place, {at} mm: {below} and {above} (a copy, or several phases or times in one series); expected one"
            )));
        }
        if (step - usual).abs() > UNEVEN * usual + 2.0 * ROUNDING {
            let missing = (step / usual).round() - 1.0;
            let gap = if step > usual && (step / usual - missing - 1.0).abs() < 0.1 && missing >= 1.0 {
                format!("{missing} {} missing", if missing > 1.0 { "slices are" } else { "slice is" })
            } else {
                "the spacing is uneven; resample the series to an even one".to_owned()
            };
            return Err(Error::input(format!(
                "{name}: {step:.4} mm from slice {below} (at {at} mm) to {above}, where most slices are {usual:.4} mm apart: {gap}"
            )));
        }
    }
    let across = position(last) - position(0);
    let along = across.dot(normal);
    let sideways = (across - normal * along).length();
    let pixel = slices[order[0]].plane.spacing[0].min(slices[order[0]].plane.spacing[1]);
    // Rounded numbers of a straight stack drift sideways by far less than a pixel.
    if sideways > PARALLEL * along && sideways > 0.1 * pixel {
        let angle = (sideways / along).atan().to_degrees();
        return Err(Error::input(format!(
            "{name}: the slices are not stacked at right angles: {angle:.2} degrees between the stack and the normal of its slices (gantry tilt); resample the series to \
             an upright grid first"
        )));
    }
    let step = along / last as f64;
    for n in 0..=last {
        let slice = position(n) - position(0);
        let (off, side) = (slice.dot(normal) - step * n as f64, slice - normal * slice.dot(normal));
        if off.abs() > 0.1 * step || side.length() > 0.1 * pixel + PARALLEL * along {
            return Err(Error::input(format!(
                "{name}: slice {} is {:.3} mm along and {:.3} mm beside its place in an even stack of {step:.4} mm; resample the series to an even grid",
                slices[order[n]].name,
                off,
                side.length()
            )));
        }
    }
    Ok(normal * step)
}

#[cfg(test)]
mod tests {
    use glam::DMat3;

    use super::*;

    /// Slices at these heights along the normal of a turned frame.
    fn slices(turn: DMat3, heights: &[f64], sideways: f64) -> Vec<Slice> {
        let place = |&height: &f64| turn * DVec3::new(-10.0 + sideways * height, 20.0, height);
        let plane =
            |height| Plane { position: place(height), along_row: turn * DVec3::X, along_column: turn * DVec3::Y, spacing: [1.5, 2.0] };
        heights.iter().enumerate().map(|(n, height)| Slice { name: format!("s{n}"), plane: plane(height) }).collect()
    }

    fn oblique() -> DMat3 {
        DMat3::from_axis_angle(DVec3::new(1.0, 2.0, -0.5).normalize(), 0.7)
    }

    #[test]
    fn slices_come_in_the_order_of_their_places() {
        for turn in [DMat3::IDENTITY, DMat3::from_rotation_x(std::f64::consts::FRAC_PI_2), oblique()] {
            let stack = stack("ct", &slices(turn, &[6.0, 0.0, 9.0, 3.0], 0.0), [7, 5], None).expect("stack");
            assert_eq!(stack.order, [1, 3, 0, 2]);
            assert_eq!(stack.grid.size, [7, 5, 4]);
            assert!(stack.grid.spacing.abs_diff_eq(DVec3::new(1.5, 2.0, 3.0), 1e-12), "{}", stack.grid.spacing);
            let last = turn * DVec3::new(-10.0 + 6.0 * 1.5, 20.0 + 4.0 * 2.0, 9.0);
            assert!(stack.grid.center([6, 4, 3]).abs_diff_eq(last, 1e-9));
        }
    }

    #[test]
    fn gaps_doubles_tilt_and_mixtures_are_named() {
        let refused = |slices: &[Slice], expected: &[&str]| {
            let message = stack("ct", slices, [7, 5], None).expect_err("refused").to_string();
            assert!(expected.iter().all(|part| message.contains(part)), "{message}");
        };
        refused(&slices(oblique(), &[0.0, 3.0, 9.0, 12.0], 0.0), &["from slice s1", "to s2", "1 slice is missing"]);
        refused(&slices(oblique(), &[0.0, 3.0, 6.0, 10.0], 0.0), &["from slice s2", "to s3", "uneven"]);
        refused(&slices(oblique(), &[0.0, 3.0, 3.0, 6.0], 0.0), &["same place", "s1 and s2"]);
        refused(&slices(oblique(), &[0.0, 3.0, 6.0, 9.0], 0.2), &["11.31 degrees", "gantry tilt"]);
        let mut mixed = slices(oblique(), &[0.0, 3.0, 6.0], 0.0);
        mixed[2].plane.along_row = DVec3::Y;
        refused(&mixed, &["s0 has rows along", "s2 has rows along [0, 1, 0]"]);
        let mut beside = slices(oblique(), &[0.0, 3.0, 6.0, 9.0], 0.0);
        beside[1].plane.position += oblique() * DVec3::X;
        refused(&beside, &["slice s1 is", "1.000 mm beside"]);
        refused(&slices(oblique(), &[0.0], 0.0), &["single slice"]);
        let single = stack("ct", &slices(oblique(), &[0.0], 0.0), [7, 5], Some(4.0)).expect("with thickness");
        assert_eq!(single.grid.spacing.z, 4.0);
    }

    #[test]
    fn rounded_positions_are_even_and_upright() {
        // 2.5 mm in a frame turned by 0.4, positions with two digits.
        let turn = DMat3::from_rotation_y(0.4);
        let mut rounded = slices(turn, &(0..60).map(|n| 2.5 * f64::from(n)).collect::<Vec<_>>(), 0.0);
        rounded.iter_mut().for_each(|s| s.plane.position = (s.plane.position * 100.0).round() / 100.0);
        let stack = stack("ct", &rounded, [7, 5], None).expect("stack");
        assert!((stack.grid.spacing.z - 2.5).abs() < 2e-4, "{}", stack.grid.spacing);
    }
}
