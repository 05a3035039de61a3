//! Random numbers for uptake patterns: SplitMix64 as a counter-based generator, with the same bits on every platform.
//!
//! Word `n` of a stream is `mix(key + (n + 1) * 0x9e3779b97f4a7c15)`, the n-th output of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014)
//! started at `key`; any word can be had without those before it. Logarithms and circular functions come from `libm`, not from the
//! platform, whose last bits differ.

use std::f64::consts::TAU;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a stream is for, so that one seed gives unrelated numbers to different patterns.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    LogNormal = 1,
    Vessels = 2,
}

/// A stream of random words that can be read at any place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    key: u64,
}

impl Stream {
    /// The stream of a user's seed for one purpose; mixing keeps the streams of neighbouring seeds apart.
    pub(super) fn new(seed: u64, purpose: Purpose) -> Self {
        Self { key: mix(seed.wrapping_add(mix(purpose as u64))) }
    }

    /// Word `n`.
    pub(super) fn word(&self, n: u64) -> u64 {
        mix(self.key.wrapping_add(n.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Number `n`, uniform in the open interval (0, 1) with 52 bits.
    pub(super) fn uniform(&self, n: u64) -> f64 {
        ((self.word(n) >> 12) as f64 + 0.5) * (-52.0f64).exp2()
    }

    /// Two independent standard Gaussian numbers from words `2 n` and `2 n + 1` (Box & Muller, Ann. Math. Stat. 29, 610, 1958).
    pub(super) fn gaussians(&self, n: u64) -> (f64, f64) {
        let radius = (-2.0 * libm::log(self.uniform(2 * n))).sqrt();
        let (sin, cos) = libm::sincos(TAU * self.uniform(2 * n + 1));
        (radius * cos, radius * sin)
    }
}

/// The output function of SplitMix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_published_generator() {
        let stream = Stream { key: 1_234_567 };
        let words: Vec<u64> = (0..5).map(|n| stream.word(n)).collect();
        assert_eq!(
            words,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn gaussians_have_the_moments_of_a_standard_normal() {
        let stream = Stream::new(11, Purpose::LogNormal);
        let n = 200_000u64;
        let (mut m, mut cross) = ([0.0f64; 5], 0.0);
        for i in 0..n {
            let (a, b) = stream.gaussians(i);
            cross += a * b;
            for x in [a, b] {
                for (power, sum) in m.iter_mut().enumerate() {
                    *sum += x.powi(power as i32);
                }
            }
        }
        let [count, mean, second, third, fourth] = m;
        let bound = |sigma: f64| 5.0 * sigma / count.sqrt();
        assert!((mean / count).abs() < bound(1.0));
        assert!((second / count - 1.0).abs() < bound(2f64.sqrt()));
        assert!((third / count).abs() < bound(15f64.sqrt()));
        assert!((fourth / count - 3.0).abs() < bound(96f64.sqrt()));
        assert!((cross / n as f64).abs() < 5.0 / (n as f64).sqrt());
    }

    #[test]
    fn uniforms_stay_inside_the_open_interval() {
        // The extreme words: the largest must not round to 1.
        let largest = ((u64::MAX >> 12) as f64 + 0.5) * (-52.0f64).exp2();
        assert!(largest < 1.0);
        let stream = Stream::new(0, Purpose::Vessels);
        assert!((0..10_000).map(|n| stream.uniform(n)).all(|u| u > 0.0 && u < 1.0));
    }

    #[test]
    fn streams_differ_by_seed_and_by_purpose() {
        let words = |seed, purpose| (0..8).map(|n| Stream::new(seed, purpose).word(n)).collect::<Vec<_>>();
        assert_ne!(words(1, Purpose::LogNormal), words(2, Purpose::LogNormal));
        assert_ne!(words(1, Purpose::LogNormal), words(1, Purpose::Vessels));
    }
}
