//! The number type of the voxel kernels: `f32` as on the GPU, `f64` as the reference.

use num_traits::Float;

use crate::transport::cpu::math::math_exp;

/// A floating-point type that the CPU twins can run with.
pub trait Real: Float + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Rounds a constant or parameter to this type.
    fn of(value: f64) -> Self;

    /// As `f64`, exact.
    fn wide(self) -> f64;

    /// `e^self` for -87 <= self < 80; in f32 by the operations of the kernels.
    fn exponential(self) -> Self;

    /// `1 - e^-self` for 0 <= self <= 87, with the digits of its own size.
    fn lost(self) -> Self;
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }

    fn exponential(self) -> Self {
        math_exp(self)
    }

    fn lost(self) -> Self {
        if self >= 0.5 {
            return 1.0 - math_exp(-self);
        }
        // 1 - e^-x as written has no digits left where x is small.
        let x = self;
        x * (1.0 - x * (0.5 - x * (0.166_666_67 - x * (0.041_666_668 - x * (0.008_333_334 - x * (0.001_388_889 - x * 0.000_198_412_7))))))
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }

    fn exponential(self) -> Self {
        self.exp()
    }

    fn lost(self) -> Self {
        -(-self).exp_m1()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_has_its_own_digits() {
        for i in 0..200_000u32 {
            // Evenly in the logarithm from 1e-9 to 87.
            let x = (1e-9 * (f64::from(i) / 2e5 * 87e9f64.ln()).exp()) as f32;
            let exact = f64::from(x).lost();
            assert!((f64::from(x.lost()) / exact - 1.0).abs() < 4e-7, "{x}: {} {exact}", x.lost());
            assert!((f64::from((-x).exponential()) / (-f64::from(x)).exp() - 1.0).abs() < 4e-7 + 1e-7 * f64::from(x), "{x}");
        }
        assert_eq!((0f32.lost(), 0f32.exponential(), 87f32.lost()), (0.0, 1.0, 1.0));
    }
}
