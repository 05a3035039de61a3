//! Closed planar contours to voxels: by planes, each of which owns half the way to its neighbours; even-odd within a plane.

use glam::DVec3;

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
};

/// Corners of a polygon, mm, LPS.
pub(super) type Contour = Vec<DVec3>;

/// Points of a contour lie in one plane to this, mm: coordinates are written with few digits.
const FLAT: f64 = 0.1;
/// Contours closer to each other than this, in parts of the usual distance of planes, lie in one plane.
const SAME_PLANE: f64 = 0.1;
/// Planes further apart than this many usual distances belong to separate parts.
const SEPARATE: f64 = 2.1;

/// Contours at one height along the axis across the planes; corners in continuous voxel coordinates of the two axes in the plane.
struct PlaneOfContours {
    height: f64,
    polygons: Vec<Vec<[f64; 2]>>,
}

/// The voxels whose centres the contours enclose, ascending.
///
/// Contours must be parallel to one of the grid's own planes. Several in one plane combine by the even-odd rule, so a contour within another is a hole.
///
/// # Errors
/// [`Error::Input`] for contours that are not flat or parallel to the grid.
pub(super) fn voxels(what: &str, contours: &[Contour], grid: &VoxelGrid, notes: &mut Vec<String>) -> Result<Vec<u32>> {
    let points: Vec<Vec<DVec3>> = contours.iter().map(|contour| contour.iter().map(|&point| grid.to_voxel(point)).collect()).collect();
    let across = (0..3).rev().find(|&axis| points.iter().all(|contour| thickness(contour, axis) * grid.spacing[axis] <= FLAT)).ok_or_else(|| {
        Error::input(format!(
            "{what}: its contours are not parallel to a plane of the image's grid (by more than {FLAT} mm); draw them on this image, or convert them to a label image"
        ))
    })?;
    let planes = gather(&points, across, grid, what, notes);
    let [u, v] = [[1, 2], [0, 2], [0, 1]][across];
    let mut voxels = Vec::new();
    let mut outside = 0;
    for (n, plane) in planes.iter().enumerate() {
        let [low, high] = slab(&planes, n, grid.spacing[across]);
        let beyond = |limit: u32, c: f64| c < -0.5 || c > f64::from(limit) - 0.5;
        let cut = plane.polygons.iter().flatten().any(|&[x, y]| beyond(grid.size[u], x) || beyond(grid.size[v], y));
        outside += usize::from(cut || beyond(grid.size[across], plane.height));
        // Voxels whose centre lies in [low, high).
        let (first, last) = (low.ceil().max(0.0), high.ceil().min(f64::from(grid.size[across])));
        if first >= last {
            continue;
        }
        for (x, y) in enclosed(&plane.polygons, [grid.size[u], grid.size[v]]) {
            for k in first as u32..last as u32 {
                let mut ijk = [0; 3];
                (ijk[u], ijk[v], ijk[across]) = (x, y, k);
                voxels.push(grid.index(ijk) as u32);
            }
        }
    }
    if outside > 0 {
        notes.push(format!("{what}: {outside} of {} planes of contours reach out of the image; what is outside is left out", planes.len()));
    }
    voxels.sort_unstable();
    Ok(voxels)
}

/// How far the points of a contour are apart along an axis, voxels.
fn thickness(contour: &[DVec3], axis: usize) -> f64 {
    let (low, high) = contour.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[axis]), high.max(p[axis])));
    high - low
}

/// Contours by planes, in ascending order.
fn gather(points: &[Vec<DVec3>], across: usize, grid: &VoxelGrid, what: &str, notes: &mut Vec<String>) -> Vec<PlaneOfContours> {
    let [u, v] = [[1, 2], [0, 2], [0, 1]][across];
    let mean = |contour: &Vec<DVec3>| contour.iter().map(|p| p[across]).sum::<f64>() / contour.len() as f64;
    let mut sorted: Vec<(f64, &Vec<DVec3>)> = points.iter().map(|contour| (mean(contour), contour)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Contours of one plane differ by rounding only.
    let rounding = FLAT / grid.spacing[across];
    let distances: Vec<f64> = sorted.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|&d| d > rounding).collect();
    let usual = median(distances).unwrap_or(1.0);
    let mut planes: Vec<PlaneOfContours> = Vec::new();
    for (height, contour) in sorted {
        let polygon = contour.iter().map(|p| [p[u], p[v]]).collect();
        match planes.last_mut().filter(|plane| height - plane.height <= (SAME_PLANE * usual).max(rounding)) {
            Some(plane) => plane.polygons.push(polygon),
            None => planes.push(PlaneOfContours { height, polygons: vec![polygon] }),
        }
    }
    let gaps: Vec<f64> = planes.windows(2).map(|pair| (pair[1].height - pair[0].height) / usual).collect();
    let bridged = gaps.iter().filter(|&&gap| gap > 1.5 && gap <= SEPARATE).count();
    let open = gaps.iter().filter(|&&gap| gap > SEPARATE).count();
    let distance = usual * grid.spacing[across];
    if bridged > 0 {
        notes.push(format!(
            "{what}: {bridged} gaps of up to two distances ({distance:.3} mm) between planes of contours were filled from both sides"
        ));
    }
    if open > 0 {
        notes.push(format!("{what}: {open} gaps of more than two distances ({distance:.3} mm) between planes of contours were left open"));
    }
    planes
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// From where to where a plane counts, voxels: half the way to its neighbours; half the usual distance where there is none.
fn slab(planes: &[PlaneOfContours], n: usize, spacing: f64) -> [f64; 2] {
    let gap = |below: usize| planes[below + 1].height - planes[below].height;
    let usual = median((0..planes.len() - 1).map(gap).collect()).unwrap_or(1.0);
    let half = |distance: Option<f64>| 0.5 * distance.filter(|d| *d <= SEPARATE * usual).unwrap_or(usual);
    let below = half((n > 0).then(|| gap(n - 1)));
    let above = half((n + 1 < planes.len()).then(|| gap(n)));
    // Rounding must not move a face over the centre of a voxel: faces half way between voxels count for the upper one on both sides.
    let nudge = 1.0e-6 / spacing;
    [planes[n].height - below - nudge, planes[n].height + above - nudge]
}

/// The pixels whose centres the polygons enclose by the even-odd rule.
fn enclosed(polygons: &[Vec<[f64; 2]>], size: [u32; 2]) -> Vec<(u32, u32)> {
    let rows = size[1] as usize;
    // Where edges cross the centre line of each row; an edge has its lower end, not its upper one.
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); rows];
    for polygon in polygons {
        for (n, &[ax, ay]) in polygon.iter().enumerate() {
            let [bx, by] = polygon[(n + 1) % polygon.len()];
            let (low, high) = (ay.min(by), ay.max(by));
            let (first, last) = (low.ceil().max(0.0), high.ceil().min(rows as f64));
            if first >= last {
                continue;
            }
            for (row, crossings) in crossings.iter_mut().enumerate().take(last as usize).skip(first as usize) {
                crossings.push(ax + (row as f64 - ay) / (by - ay) * (bx - ax));
            }
        }
    }
    let mut pixels = Vec::new();
    for (row, mut xs) in crossings.into_iter().enumerate() {
        xs.sort_by(f64::total_cmp);
        for pair in xs.as_chunks::<2>().0 {
            let [first, last] = [pair[0].ceil().max(0.0), pair[1].ceil().min(f64::from(size[0]))];
            if first < last {
                pixels.extend((first as u32..last as u32).map(|x| (x, row as u32)));
            }
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use glam::DMat3;

    use super::*;

    /// 120 x 100 x 30 voxels of 1 x 1 x 3 mm in a turned frame.
    fn grid() -> VoxelGrid {
        let direction = DMat3::from_axis_angle(DVec3::new(1.0, 2.0, -0.5).normalize(), 0.7);
        VoxelGrid { size: [120, 100, 30], spacing: DVec3::new(1.0, 1.0, 3.0), origin: DVec3::new(-20.0, 30.0, -70.0), direction }
    }

    /// A circle around the middle of the grid, at a height above it, mm.
    fn circle(radius: f64, height: f64) -> Contour {
        let grid = grid();
        let middle = (DVec3::new(119.37, 99.21, 29.0)) * 0.5 * grid.spacing;
        let point = |n: u32| {
            let angle = f64::from(n) / 180.0 * PI;
            grid.origin + grid.direction * (middle + DVec3::new(radius * angle.cos(), radius * angle.sin(), height))
        };
        (0..360).map(point).collect()
    }

    fn volume(contours: &[Contour]) -> f64 {
        let mut notes = Vec::new();
        let found = voxels("ROI", contours, &grid(), &mut notes).expect("voxels");
        assert_eq!(notes, Vec::<String>::new());
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "each voxel once, ascending");
        3.0 * found.len() as f64
    }

    /// Heights of slices of the grid between these, mm from its middle.
    fn heights(low: f64, high: f64) -> impl Iterator<Item = f64> {
        (0..30).map(|k| 3.0 * (f64::from(k) - 14.5)).filter(move |h| (low..high).contains(h))
    }

    #[test]
    fn cylinder_ring_and_sphere_have_their_volumes() {
        // Ten slices: 30 mm.
        let cylinder: Vec<Contour> = heights(-15.0, 15.0).map(|h| circle(40.0, h)).collect();
        let right = PI * 40.0 * 40.0 * 30.0;
        assert!((volume(&cylinder) / right - 1.0).abs() < 0.01, "{}", volume(&cylinder) / right);
        let ring: Vec<Contour> = heights(-15.0, 15.0).flat_map(|h| [circle(40.0, h), circle(25.0, h)]).collect();
        let right = PI * (40.0 * 40.0 - 25.0 * 25.0) * 30.0;
        assert!((volume(&ring) / right - 1.0).abs() < 0.01, "{}", volume(&ring) / right);
        let island: Vec<Contour> = heights(-15.0, 15.0).flat_map(|h| [circle(40.0, h), circle(25.0, h), circle(10.0, h)]).collect();
        let right = right + PI * 100.0 * 30.0;
        assert!((volume(&island) / right - 1.0).abs() < 0.01, "{}", volume(&island) / right);
        let sphere: Vec<Contour> = heights(-36.0, 36.0).map(|h| circle((36.0f64 * 36.0 - h * h).sqrt(), h)).collect();
        let right = 4.0 / 3.0 * PI * 36.0f64.powi(3);
        assert!((volume(&sphere) / right - 1.0).abs() < 0.01, "{}", volume(&sphere) / right);
    }

    #[test]
    fn planes_between_slices_own_half_the_way_to_their_neighbours() {
        // Planes every 5 mm, off the slices: six of them are 30 mm.
        let coarse: Vec<Contour> = (0..6).map(|n| circle(40.0, -12.0 + 5.0 * f64::from(n))).collect();
        assert!((volume(&coarse) / (PI * 1600.0 * 30.0) - 1.0).abs() < 0.01);
        // Planes every 1 mm: three for each slice, whose middle one counts.
        let fine: Vec<Contour> = (0..30).map(|n| circle(40.0, -14.5 + f64::from(n))).collect();
        assert!((volume(&fine) / (PI * 1600.0 * 30.0) - 1.0).abs() < 0.01);
        // A single plane owns one slice.
        assert!((volume(&[circle(40.0, 1.5)]) / (PI * 1600.0 * 3.0) - 1.0).abs() < 0.01);
    }

    #[test]
    fn gaps_are_filled_or_left_open_and_told() {
        let at = |indices: &[u32]| indices.iter().map(|&k| circle(20.0, 3.0 * (f64::from(k) - 14.5))).collect::<Vec<_>>();
        let count = |indices: &[u32]| {
            let mut notes = Vec::new();
            let found = voxels("ROI", &at(indices), &grid(), &mut notes).expect("voxels").len() as f64 * 3.0;
            ((found / (PI * 400.0 * 3.0)).round(), notes.join("\n"))
        };
        let (slices, notes) = count(&[5, 6, 7, 9, 10, 11]);
        assert_eq!(slices, 7.0);
        assert!(notes.contains("1 gaps of up to two distances (3.000 mm)"), "{notes}");
        let (slices, notes) = count(&[5, 6, 7, 12, 13, 14]);
        assert_eq!(slices, 6.0);
        assert!(notes.contains("1 gaps of more than two distances"), "{notes}");
    }

    #[test]
    fn contours_along_other_planes_of_the_grid_count_and_oblique_ones_are_refused() {
        let grid = grid();
        // A square of 20 x 30 mm in the plane of the second and third axis, four of them 1 mm apart.
        let corners = [[10.0, 20.0], [30.0, 20.0], [30.0, 50.0], [10.0, 50.0]];
        let sheet = |x: f64| corners.map(|[y, z]| grid.origin + grid.direction * DVec3::new(x, y + 0.4, z + 0.9)).to_vec();
        let sheets: Vec<Contour> = (0..4).map(|n| sheet(20.0 + 1.0 * f64::from(n))).collect();
        let found = voxels("ROI", &sheets, &grid, &mut Vec::new()).expect("voxels");
        assert_eq!(found.len(), 4 * 20 * 10);
        let tilted = circle(30.0, 0.0).iter().map(|&p| grid.origin + DMat3::from_rotation_x(0.05) * (p - grid.origin)).collect();
        let message = voxels("ROI", &[tilted], &grid, &mut Vec::new()).expect_err("oblique").to_string();
        assert!(message.contains("not parallel to a plane"), "{message}");
    }

    #[test]
    fn what_lies_outside_is_told() {
        let far: Vec<Contour> = heights(30.0, 45.0).chain([46.0, 49.0]).map(|h| circle(55.0, h)).collect();
        let mut notes = Vec::new();
        let found = voxels("ROI", &far, &grid(), &mut notes).expect("voxels");
        assert!(!found.is_empty() && found.iter().all(|&v| (v as usize) < grid().len()));
        assert!(notes[0].contains("planes of contours reach out of the image"), "{notes:?}");
    }
}
