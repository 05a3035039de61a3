//! Voxels in the order that viewers expect: rows to the left, columns to posterior, slices to superior, as nearly as the grid allows.

use glam::{DMat3, DVec3};

use crate::{grid::VoxelGrid, volume::Volume};

/// The six orders of three axes.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The same voxels at the same places with axes exchanged and flipped, so that the third is the cross product of the first two (DICOM
/// has no left-handed grids) and each is nearest to x, y, z of the patient frame. No value changes.
///
/// Axial planes come out with the orientation `1 0 0 0 1 0` and ascending slices, which is all that some readers understand.
pub fn in_display_order(volume: &Volume<f32>) -> Volume<f32> {
    let grid = &volume.grid;
    let along = |order: &[usize; 3]| (0..3).map(|axis| grid.direction.col(order[axis])[axis].abs()).sum::<f64>();
    let order =
        ORDERS.into_iter().reduce(|best, order| if along(&order) > along(&best) + 1e-12 { order } else { best }).unwrap_or(ORDERS[0]);
    let mut flipped = [0, 1, 2].map(|axis| grid.direction.col(order[axis])[axis] < 0.0);
    let turned = |flipped: [bool; 3]| {
        let column = |axis: usize| grid.direction.col(order[axis]) * if flipped[axis] { -1.0 } else { 1.0 } + DVec3::ZERO;
        DMat3::from_cols(column(0), column(1), column(2))
    };
    if turned(flipped).determinant() < 0.0 {
        // Only far from the patient's axes: no choice of signs brings all three near.
        flipped[2] = !flipped[2];
    }
    let mut first = [0; 3];
    for axis in 0..3 {
        first[order[axis]] = if flipped[axis] { grid.size[order[axis]] - 1 } else { 0 };
    }
    let size = order.map(|axis| grid.size[axis]);
    let spacing = DVec3::from_array(order.map(|axis| grid.spacing[axis]));
    let target = VoxelGrid { size, spacing, origin: grid.center(first), direction: turned(flipped) };
    if target.direction == grid.direction {
        return volume.clone();
    }
    let [nx, ny, _] = grid.size.map(|n| n as usize);
    let strides = [1, nx, nx * ny];
    // Position in the source of index `n` along an axis of the target.
    let step = |axis: usize, n: u32| {
        let n = if flipped[axis] { size[axis] - 1 - n } else { n };
        n as usize * strides[order[axis]]
    };
    let mut data = Vec::with_capacity(volume.data.len());
    for k in 0..size[2] {
        for j in 0..size[1] {
            let row = step(2, k) + step(1, j);
            data.extend((0..size[0]).map(|i| volume.data[row + step(0, i)]));
        }
    }
    Volume::new(target, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(direction: DMat3) -> Volume<f32> {
        let grid = VoxelGrid { size: [4, 3, 2], spacing: DVec3::new(1.0, 2.0, 3.5), origin: DVec3::new(-7.0, 11.0, 5.0), direction };
        Volume::new(grid, (0..24_u8).map(f32::from).collect())
    }

    /// Every value of `a` is in `b` at the same place.
    fn assert_same_field(a: &Volume<f32>, b: &Volume<f32>) {
        assert_eq!(a.data.len(), b.data.len());
        for index in 0..a.data.len() {
            let at = a.grid.center(a.grid.ijk(index));
            let ijk = b.grid.voxel_at(at).expect("inside");
            assert!(b.grid.center(ijk).distance(at) < 1e-9);
            assert_eq!(a.data[index], *b.at(ijk));
        }
    }

    #[test]
    fn all_48_orders_of_axes_become_the_patients() {
        for order in ORDERS {
            for bits in 0..8_u32 {
                let axis = |n: usize| DMat3::IDENTITY.col(order[n]) * if bits >> n & 1 == 1 { -1.0 } else { 1.0 };
                let volume = counting(DMat3::from_cols(axis(0), axis(1), axis(2)));
                let shown = in_display_order(&volume);
                assert_eq!(shown.grid.direction, DMat3::IDENTITY);
                assert_same_field(&volume, &shown);
            }
        }
    }

    #[test]
    fn oblique_grids_stay_oblique_and_become_right_handed() {
        for angle in 0..40 {
            let axis = DVec3::new((f64::from(angle) * 0.7).sin(), (f64::from(angle) * 1.3).cos(), 0.4).normalize();
            let turn = DMat3::from_axis_angle(axis, f64::from(angle) * 0.31);
            for direction in [turn, turn * DMat3::from_diagonal(DVec3::new(1.0, -1.0, 1.0))] {
                let volume = counting(direction);
                let shown = in_display_order(&volume);
                assert!((shown.grid.direction.determinant() - 1.0).abs() < 1e-12);
                assert_same_field(&volume, &shown);
            }
        }
    }
}
