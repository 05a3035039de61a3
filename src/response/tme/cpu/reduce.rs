//! Sums over voxels that do not depend on their order: integers. Twin: `shaders/response/reduce.wgsl`.
//!
//! A share of the antigen becomes a multiple of 2^-36; shares below 2^4, over 2^24 voxels, stay within 64 bits. The GPU keeps the sum in two
//! words, low and high, and both twins make the same integers, so that any split over threads, workgroups and devices gives the same bits.

use crate::response::tme::real::Real;

/// Quanta per unit: 2^36.
pub const REDUCE_QUANTA: f64 = 68_719_476_736.0;
/// Shares are cut here: 2^4, far above what a voxel can hold.
pub const REDUCE_LIMIT: f64 = 16.0;

/// A share as quanta; what is below a quantum is left out, the negative counts as nothing.
#[inline(always)]
pub fn reduce_quanta<R: Real>(share: R) -> u64 {
    (share.wide().clamp(0.0, REDUCE_LIMIT) * REDUCE_QUANTA) as u64
}

/// Quanta as a number again; in f32 with the operations of the kernel: high and low word apart.
#[inline(always)]
pub fn reduce_value<R: Real>(quanta: u64) -> R {
    let (low, high) = (R::of((quanta as u32).into()), R::of(((quanta >> 32) as u32).into()));
    high * R::of(0.0625) + low * R::of(1.0 / REDUCE_QUANTA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quanta_are_truncated_and_come_back() {
        for share in [0.0f32, 1.5e-11, 0.9 * 1.455_191_5e-11, 0.1, 0.999_999_94, 1.0, 7.3, 15.999] {
            let quanta = reduce_quanta(share);
            assert_eq!(quanta, (f64::from(share) * 2f64.powi(36)).floor() as u64);
            assert!((reduce_value::<f64>(quanta) - f64::from(share)).abs() < 1.0 / REDUCE_QUANTA);
            assert!((f64::from(reduce_value::<f32>(quanta)) - f64::from(share)).abs() <= 1.2e-7 * f64::from(share) + 1.0 / REDUCE_QUANTA);
        }
        assert_eq!((reduce_quanta(-1.0f32), reduce_quanta(f32::NAN), reduce_quanta(1e9f32)), (0, 0, 16 << 36));
        // A full grid of the largest shares still fits.
        assert!(reduce_quanta(16.0f32).checked_mul(1 << 23).is_some());
    }
}
