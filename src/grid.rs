//! The voxel grid: where voxels are in the patient.

use glam::{DMat3, DVec3};
use serde::Serialize;

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
