//! Random numbers: Philox4x32-10, J. K. Salmon et al., Proc. SC11 (2011). Twin: `shaders/shared/rng.wgsl`, equal to the bit.
//!
//! A random number belongs to (seed, history, stream, draw), never to a thread. Streams: one per source component for
//! primaries; a secondary's stream is a hash of its parent's stream and draw.

/// Four random words for a counter and a key.
#[inline(always)]
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut x, mut y, mut z, mut w] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let a = u64::from(x) * 0xD251_1F53;
        let b = u64::from(z) * 0xCD9E_8D57;
        (x, y, z, w) = ((b >> 32) as u32 ^ y ^ k0, b as u32, (a >> 32) as u32 ^ w ^ k1, a as u32);
        k0 = k0.wrapping_add(0x9E37_79B9);
        k1 = k1.wrapping_add(0xBB67_AE85);
    }
    [x, y, z, w]
}

/// The block `draw` of `stream` in `history`.
#[inline(always)]
pub fn rng_block(seed: [u32; 2], history: [u32; 2], stream: u32, draw: u32) -> [u32; 4] {
    philox([history[0], history[1], stream, draw], seed)
}

/// Stream of a secondary born at draw `draw` of a particle with stream `stream` (a bijection of the sum for fixed `stream`).
#[inline(always)]
pub fn rng_child_stream(stream: u32, draw: u32) -> u32 {
    let mut h = stream.wrapping_mul(0x9E37_79B1) ^ draw.wrapping_add(0x7F4A_7C15);
    h ^= h >> 16;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^= h >> 13;
    h = h.wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// A float in (0, 1) from the upper 23 bits: never 0, never 1. (With 24 bits the added half would round up to 1.)
#[inline(always)]
pub fn rng_uniform(word: u32) -> f32 {
    ((word >> 9) as f32 + 0.5) * 1.192_092_9e-7
}

/// A uniform number from the bits that [`rng_uniform`] leaves of three words.
#[inline(always)]
pub fn rng_spare(x: u32, y: u32, z: u32) -> f32 {
    rng_uniform((x & 511) << 23 | (y & 511) << 14 | (z & 511) << 5)
}

/// A number of mean 0 and variance 1, bounded by 3: the sum of three uniforms (Irwin-Hall) from one word.
#[inline(always)]
pub fn rng_normal3(word: u32) -> f32 {
    let sum = (word & 1023) + (word >> 10 & 1023) + (word >> 20 & 1023);
    // Three discrete uniforms of 1024 values: mean 1534.5, variance 3 (1024^2 - 1) / 12.
    (sum as f32 - 1534.5) * 1.953_126e-3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_reproduces_the_published_vectors() {
        // Known-answer tests of the Random123 distribution, kat_vectors, philox4x32 10.
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn uniform_stays_inside_the_open_interval() {
        assert!(rng_uniform(0) > 0.0 && rng_uniform(u32::MAX) < 1.0);
    }

    #[test]
    fn normal3_has_mean_zero_and_variance_one() {
        let n = 200_000u32;
        let (mut sum, mut square) = (0.0f64, 0.0f64);
        for i in 0..n {
            for word in rng_block([1, 2], [i, 0], 3, 4) {
                let g = f64::from(rng_normal3(word));
                assert!(g.abs() < 3.0);
                sum += g;
                square += g * g;
            }
        }
        let count = f64::from(4 * n);
        assert!((sum / count).abs() < 4.0 / count.sqrt());
        // Kurtosis of the sum of three uniforms is 2.6: variance of the sample variance 1.6 / n.
        assert!((square / count - 1.0).abs() < 4.0 * (1.6 / count).sqrt());
    }

    #[test]
    fn children_of_one_particle_have_distinct_streams() {
        let mut streams: Vec<u32> = (0..100_000).map(|draw| rng_child_stream(7, draw)).collect();
        streams.sort_unstable();
        streams.dedup();
        assert_eq!(streams.len(), 100_000);
    }
}
