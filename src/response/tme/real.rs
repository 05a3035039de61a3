//! The number type of the voxel kernels: `f32` as on the GPU, `f64` as the reference.

use num_traits::Float;

/// A floating-point type that the CPU twins can run with.
pub trait Real: Float + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Rounds a constant or parameter to this type.
    fn of(value: f64) -> Self;

    /// As `f64`, exact.
    fn wide(self) -> f64;
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }
}
