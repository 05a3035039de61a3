//! Elementary functions with the same operations on every device. Twin: `shaders/shared/math.wgsl`.
//!
//! WGSL allows its own `sin`, `cos` and `log` errors far above f32 rounding, so both twins use these polynomials instead.

/// (cos, sin) of a uniformly random angle given by 32 bits; error below 3e-7.
#[inline(always)]
pub fn math_cos_sin(word: u32) -> [f32; 2] {
    let x = ((word & 0x3fff_ffff) >> 6) as f32 * 5.960_464_5e-8 - 0.5;
    let y = x * x;
    let s = x * (1.570_796_4 + y * (-0.645_964_1 + y * (0.079_692_63 + y * (-0.004_681_754 + y * 0.000_160_441_2))));
    let c = 1.0 + y * (-1.233_700_5 + y * (0.253_669_5 + y * (-0.020_863_48 + y * 0.000_919_260_3)));
    let quadrant = word >> 30;
    let swap = quadrant & 1 == 1;
    let (a, b) = if swap { (-s, c) } else { (c, s) };
    if quadrant & 2 == 2 { [-a, -b] } else { [a, b] }
}

/// -ln(u), u the 23-bit uniform of `word`; relative error below 1e-6, never 0, at most 16.7.
#[inline(always)]
pub fn math_exponential(word: u32) -> f32 {
    -math_ln(((word >> 9) as f32 + 0.5) * 1.192_092_9e-7)
}

/// ln(x) of a positive normal number; error below 1e-6 of the larger of its size and 1e-2.
#[inline(always)]
pub fn math_ln(x: f32) -> f32 {
    let bits = x.to_bits();
    // x = m 2^k with m in [1/sqrt 2, sqrt 2): no cancellation near x = 1.
    let shifted = bits + 0x004a_fb0d;
    let k = (shifted >> 23) as i32 - 127;
    let m = f32::from_bits(bits.wrapping_sub((k as u32) << 23));
    let s = (m - 1.0) / (m + 1.0);
    let y = s * s;
    let ln_m = s * (2.0 + y * (0.666_666_7 + y * (0.4 + y * (0.285_714_3 + y * 0.222_222_22))));
    k as f32 * std::f32::consts::LN_2 + ln_m
}

/// e^x for -80 < x < 80; relative error below 1e-6 per unit of |x| and at least 3e-7.
#[inline(always)]
pub fn math_exp(x: f32) -> f32 {
    let k = (x * std::f32::consts::LOG2_E + 0.5).floor();
    // ln 2 in two parts, the first exact in few bits.
    let r = (x - k * 0.693_359_4) + k * 2.121_944_4e-4;
    let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_67 + r * (0.041_666_668 + r * (0.008_333_334 + r * 0.001_388_889)))));
    p * f32::from_bits(((k as i32 + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::rng::rng_uniform;

    #[test]
    fn cosine_and_sine_are_those_of_the_angle() {
        for i in 0..1_000_000u32 {
            let word = i.wrapping_mul(4295);
            let [c, s] = math_cos_sin(word);
            // Each quadrant is centred: the angle runs from -pi/4.
            let turns = f64::from(word >> 30) + f64::from((word & 0x3fff_ffff) >> 6) / f64::from(1 << 24) - 0.5;
            let angle = turns * std::f64::consts::FRAC_PI_2;
            assert!((f64::from(c) - angle.cos()).abs() < 3e-7 && (f64::from(s) - angle.sin()).abs() < 3e-7, "word {word}: {c} {s}");
        }
    }

    #[test]
    fn exponential_is_the_negative_logarithm() {
        let words = (0..1_000_000u32).map(|i| i.wrapping_mul(4295)).chain([0, 255, 256, u32::MAX, u32::MAX - 256, 1 << 31]);
        for word in words {
            let exact = -f64::from(rng_uniform(word)).ln();
            let value = f64::from(math_exponential(word));
            assert!(value > 0.0 && (value - exact).abs() <= 1e-6 * exact, "word {word}: {value} {exact}");
        }
    }
}
