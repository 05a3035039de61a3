//! Directions. Twin: `shaders/shared/direction.wgsl`.

use glam::Vec3;

/// Isotropic direction from a uniform number in (0, 1) and (cos, sin) of the azimuth.
#[inline(always)]
pub fn direction_isotropic(u: f32, azimuth: [f32; 2]) -> Vec3 {
    let z = 2.0 * u - 1.0;
    let r = (1.0 - z * z).max(0.0).sqrt();
    direction_normalise(Vec3::new(r * azimuth[0], r * azimuth[1], z))
}

/// Turns `u` by a polar angle (cosine, sine) and an azimuth (cosine, sine), and renormalises.
///
/// The basis is that of T. Duff et al., J. Comput. Graph. Tech. 6 (2017) 1: no case distinction but a sign.
#[inline(always)]
pub fn direction_turn(u: Vec3, polar: [f32; 2], azimuth: [f32; 2]) -> Vec3 {
    let sign = if u.z < 0.0 { -1.0f32 } else { 1.0 };
    let a = -1.0 / (sign + u.z);
    let b = u.x * u.y * a;
    let first = Vec3::new(1.0 + sign * u.x * u.x * a, sign * b, -sign * u.x);
    let second = Vec3::new(b, sign + u.y * u.y * a, -u.y);
    let x = polar[1] * azimuth[0];
    let y = polar[1] * azimuth[1];
    direction_normalise(first * x + second * y + u * polar[0])
}

/// One Newton step towards unit length: enough for vectors that are off by rounding.
#[inline(always)]
pub fn direction_normalise(u: Vec3) -> Vec3 {
    u * (1.5 - 0.5 * (u.x * u.x + u.y * u.y + u.z * u.z))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{
        cpu::math::math_cos_sin,
        rng::{rng_block, rng_uniform},
    };

    #[test]
    fn turning_makes_the_wanted_angle_and_keeps_the_length() {
        let mut u = Vec3::new(0.0, 0.0, -1.0);
        for i in 0..100_000 {
            let w = rng_block([5, 6], [i, 0], 0, 0);
            let cosine = 2.0 * rng_uniform(w[0]) - 1.0;
            let sine = (1.0 - cosine * cosine).sqrt();
            let v = direction_turn(u, [cosine, sine], math_cos_sin(w[1]));
            assert!((v.length() - 1.0).abs() < 2e-6);
            assert!((u.dot(v) - cosine).abs() < 3e-6, "{u} {v}");
            u = v;
        }
    }

    #[test]
    fn isotropic_directions_have_no_preference() {
        let n = 400_000;
        let (mut mean, mut square) = (glam::DVec3::ZERO, glam::DVec3::ZERO);
        for i in 0..n {
            let w = rng_block([1, 1], [i, 0], 2, 0);
            let u = direction_isotropic(rng_uniform(w[0]), math_cos_sin(w[1])).as_dvec3();
            mean += u;
            square += u * u;
        }
        let n = f64::from(n);
        // Each component is uniform in (-1, 1): variance 1/3; its square has variance 4/45.
        assert!((mean / n).abs().max_element() < 4.5 * (1.0 / 3.0 / n).sqrt());
        assert!((square / n - glam::DVec3::splat(1.0 / 3.0)).abs().max_element() < 4.5 * (4.0 / 45.0 / n).sqrt());
    }
}
