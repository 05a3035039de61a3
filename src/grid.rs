//! The voxel grid: where voxels are in the patient.

use glam::{DMat3, DVec3};
use serde::Serialize;

use crate::error::{Error, Result};

/// A regular grid of voxels in the patient frame (LPS: x to the left, y to posterior, z to superior; mm).
///
/// Storage order everywhere: x fastest, then y, then z. `origin` is the centre of voxel (0, 0, 0).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VoxelGrid {
    /// Number of voxels along x, y, z.
    pub size: [u32; 3],
    /// Distance between voxel centres along the grid's own axes, mm.
    pub spacing: DVec3,
    /// Centre of voxel (0, 0, 0), mm, LPS.
    pub origin: DVec3,
    /// Columns are the unit vectors of the grid's axes in LPS.
    pub direction: DMat3,
}

impl VoxelGrid {
    /// A grid whose axes are those of the patient frame.
    pub fn axis_aligned(size: [u32; 3], spacing: DVec3, origin: DVec3) -> Self {
        Self { size, spacing, origin, direction: DMat3::IDENTITY }
    }

    /// The same voxels along the axes of the frame, with the middle of the grid at its origin: where GATE's DoseActor puts its image.
    #[must_use]
    pub fn centred(&self) -> Self {
        let last = DVec3::from_array(self.size.map(|n| f64::from(n) - 1.0));
        Self::axis_aligned(self.size, self.spacing, last * self.spacing * -0.5)
    }

    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.size.iter().map(|&n| n as usize).product()
    }

    /// True if the grid has no voxel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Volume of one voxel in cm3.
    pub fn voxel_volume_cm3(&self) -> f64 {
        self.spacing.x * self.spacing.y * self.spacing.z * 1.0e-3
    }

    /// The shortest voxel edge, mm.
    pub fn min_spacing(&self) -> f64 {
        self.spacing.min_element()
    }

    /// Position in storage of voxel (i, j, k).
    pub fn index(&self, ijk: [u32; 3]) -> usize {
        let [nx, ny, _] = self.size.map(|n| n as usize);
        (ijk[2] as usize * ny + ijk[1] as usize) * nx + ijk[0] as usize
    }

    /// Voxel (i, j, k) at a position in storage.
    pub fn ijk(&self, index: usize) -> [u32; 3] {
        let [nx, ny, _] = self.size.map(|n| n as usize);
        [(index % nx) as u32, (index / nx % ny) as u32, (index / (nx * ny)) as u32]
    }

    /// Centre of voxel (i, j, k) in the patient frame, mm.
    pub fn center(&self, ijk: [u32; 3]) -> DVec3 {
        self.to_patient(DVec3::new(ijk[0].into(), ijk[1].into(), ijk[2].into()))
    }

    /// Continuous voxel coordinates (0 = centre of the first voxel) to the patient frame, mm.
    pub fn to_patient(&self, voxel: DVec3) -> DVec3 {
        self.origin + self.direction * (voxel * self.spacing)
    }

    /// A point of the patient frame, mm, to continuous voxel coordinates.
    pub fn to_voxel(&self, point: DVec3) -> DVec3 {
        (self.direction.transpose() * (point - self.origin)) / self.spacing
    }

    /// True if both grids have the same size and the same voxel centres within `tolerance` mm at the corners.
    pub fn same_place(&self, other: &Self, tolerance: f64) -> bool {
        self.size == other.size
            && (0..8u32).all(|corner| {
                let ijk = [0, 1, 2].map(|axis| if corner >> axis & 1 == 1 { self.size[axis] - 1 } else { 0 });
                self.center(ijk).distance(other.center(ijk)) <= tolerance
            })
    }
}

/// What sizes and spacings a grid may have; see [`VoxelGrid::validate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridLimits {
    /// Most voxels along one axis.
    pub max_size: u32,
    /// Shortest voxel edge, mm.
    pub min_spacing: f64,
    /// Longest voxel edge, mm.
    pub max_spacing: f64,
}

impl GridLimits {
    /// The grid that particles are transported in: 1 to 1024 voxels of 1 um to 10 mm.
    pub const PHANTOM: Self = Self { max_size: 1024, min_spacing: 1.0e-3, max_spacing: 10.0 };
    /// An image that is read: what NIfTI-1 can address, voxels of 10 nm to 100 mm (beyond that a unit is wrong).
    pub const IMAGE: Self = Self { max_size: i16::MAX as u32, min_spacing: 1.0e-5, max_spacing: 100.0 };
}

/// A box parallel to the axes of the patient frame, mm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BoundingBox {
    /// The corner with the smallest coordinates.
    pub min: DVec3,
    /// The corner with the largest coordinates.
    pub max: DVec3,
}

impl BoundingBox {
    /// The part that both boxes share; `None` if they share no volume.
    pub fn overlap(&self, other: &Self) -> Option<Self> {
        let (min, max) = (self.min.max(other.min), self.max.min(other.max));
        min.cmplt(max).all().then_some(Self { min, max })
    }
}

impl VoxelGrid {
    /// Largest deviation from orthonormal axes that counts as rounding.
    const ORTHONORMAL_TOLERANCE: f64 = 1.0e-6;
    /// Relative slack on the bounds of the spacing, for values that went through single precision.
    const SPACING_SLACK: f64 = 1.0e-6;

    /// Checks that the grid is one the program can work with: sizes and spacings within `limits`, finite origin, orthonormal axes.
    ///
    /// `what` begins the message, e.g. "phantom" or a file name.
    ///
    /// # Errors
    /// [`Error::Input`] with the axis, what was found and what would be right.
    pub fn validate(&self, what: &str, limits: &GridLimits) -> Result<()> {
        for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
            let (size, spacing) = (self.size[axis], self.spacing[axis]);
            if size == 0 || size > limits.max_size {
                let max = limits.max_size;
                return Err(Error::input(format!("{what}: {size} voxels along {name}; expected 1 to {max}")));
            }
            let (low, high) = (limits.min_spacing, limits.max_spacing);
            let within = spacing >= low * (1.0 - Self::SPACING_SLACK) && spacing <= high * (1.0 + Self::SPACING_SLACK);
            if !within {
                return Err(Error::input(format!("{what}: voxel spacing {spacing} mm along {name}; expected {low} mm to {high} mm")));
            }
            if !self.origin[axis].is_finite() {
                return Err(Error::input(format!(
                    "{what}: the origin has {name} = {}; expected a finite position in mm",
                    self.origin[axis]
                )));
            }
        }
        let gram = self.direction.transpose() * self.direction;
        if !gram.abs_diff_eq(DMat3::IDENTITY, Self::ORTHONORMAL_TOLERANCE) {
            let [x, y, z] = [self.direction.x_axis, self.direction.y_axis, self.direction.z_axis];
            return Err(Error::input(format!(
                "{what}: the axes {x}, {y}, {z} are not unit vectors at right angles; expected an orthonormal direction matrix"
            )));
        }
        Ok(())
    }

    /// The smallest box of the patient frame that holds all voxels (to their outer faces).
    pub fn bounding_box(&self) -> BoundingBox {
        let mut bounds = BoundingBox { min: DVec3::INFINITY, max: DVec3::NEG_INFINITY };
        for corner in 0..8u32 {
            let voxel = [0, 1, 2].map(|axis| if corner >> axis & 1 == 1 { f64::from(self.size[axis]) - 0.5 } else { -0.5 });
            let point = self.to_patient(DVec3::from_array(voxel));
            bounds = BoundingBox { min: bounds.min.min(point), max: bounds.max.max(point) };
        }
        bounds
    }

    /// The box that the [bounding boxes](Self::bounding_box) of two grids share; `None` means that no voxel of one meets the other.
    ///
    /// For grids rotated against the patient axes a shared box is necessary but not sufficient for shared voxels.
    pub fn overlap(&self, other: &Self) -> Option<BoundingBox> {
        self.bounding_box().overlap(&other.bounding_box())
    }

    /// The voxel that holds a point of the patient frame (mm); `None` outside the grid.
    pub fn voxel_at(&self, point: DVec3) -> Option<[u32; 3]> {
        let cell = (self.to_voxel(point) + 0.5).floor();
        let inside = (0..3).all(|axis| cell[axis] >= 0.0 && cell[axis] < f64::from(self.size[axis]));
        inside.then_some([cell.x as u32, cell.y as u32, cell.z as u32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> VoxelGrid {
        VoxelGrid::axis_aligned([4, 5, 6], DVec3::new(1.0, 2.0, 3.0), DVec3::new(-10.0, 20.0, 5.0))
    }

    #[test]
    fn bounds_reach_the_outer_faces() {
        let bounds = grid().bounding_box();
        assert_eq!(bounds.min, DVec3::new(-10.5, 19.0, 3.5));
        assert_eq!(bounds.max, DVec3::new(-6.5, 29.0, 21.5));
        let turned = VoxelGrid { direction: DMat3::from_rotation_z(std::f64::consts::FRAC_PI_2), ..grid() };
        let size = turned.bounding_box().max - turned.bounding_box().min;
        assert!(size.abs_diff_eq(DVec3::new(10.0, 4.0, 18.0), 1e-12), "{size}");
    }

    #[test]
    fn overlap_is_the_shared_box_or_none() {
        let other = VoxelGrid { origin: DVec3::new(-8.0, 25.0, 5.0), ..grid() };
        let shared = grid().overlap(&other).expect("they overlap");
        assert_eq!((shared.min, shared.max), (DVec3::new(-8.5, 24.0, 3.5), DVec3::new(-6.5, 29.0, 21.5)));
        // Touching faces share no volume.
        let beside = VoxelGrid { origin: DVec3::new(-6.0, 20.0, 5.0), ..grid() };
        assert_eq!(grid().overlap(&beside), None);
    }

    #[test]
    fn voxel_at_finds_centres_and_refuses_the_outside() {
        let grid = VoxelGrid { direction: DMat3::from_rotation_y(0.4), ..grid() };
        for index in 0..grid.len() {
            assert_eq!(grid.voxel_at(grid.center(grid.ijk(index))), Some(grid.ijk(index)));
        }
        assert_eq!(grid.voxel_at(grid.to_patient(DVec3::new(-0.51, 0.0, 0.0))), None);
        assert_eq!(grid.voxel_at(grid.to_patient(DVec3::new(0.0, 4.51, 0.0))), None);
        assert_eq!(grid.voxel_at(DVec3::NAN), None);
    }

    #[test]
    fn validation_names_axis_and_bounds() {
        let limits = GridLimits::PHANTOM;
        assert!(grid().validate("phantom", &limits).is_ok());
        let micrometre = VoxelGrid { spacing: DVec3::splat(f64::from(1.0e-3_f32)), ..grid() };
        assert!(micrometre.validate("phantom", &limits).is_ok(), "1 um through f32 is 1 um");
        let wrong = [
            (VoxelGrid { size: [4, 0, 6], ..grid() }, "0 voxels along y"),
            (VoxelGrid { size: [1025, 5, 6], ..grid() }, "1025 voxels along x"),
            (VoxelGrid { spacing: DVec3::new(1.0, 1.0, 0.0), ..grid() }, "spacing 0 mm along z"),
            (VoxelGrid { spacing: DVec3::new(1.0, f64::NAN, 1.0), ..grid() }, "spacing NaN mm along y"),
            (VoxelGrid { spacing: DVec3::new(1.0, 11.0, 1.0), ..grid() }, "expected 0.001 mm to 10 mm"),
            (VoxelGrid { origin: DVec3::new(f64::INFINITY, 0.0, 0.0), ..grid() }, "origin has x = inf"),
            (VoxelGrid { direction: DMat3::from_diagonal(DVec3::new(1.0, 1.0, 1.1)), ..grid() }, "orthonormal"),
        ];
        for (grid, expected) in wrong {
            let message = grid.validate("phantom", &limits).expect_err(expected).to_string();
            assert!(message.contains(expected) && message.starts_with("phantom: "), "{message}");
        }
    }
}
