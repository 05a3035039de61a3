//! Drawing the energy of an emitted particle from lines and continuous spectra, with the same table on the CPU and in WGSL.
//!
//! The table is a set of bins in which dN/dE is linear. A line is a bin of no width; each interval of a spectrum is a bin of its own, so no
//! spectrum is coarsened. A first random word picks a bin in constant time by Walker's alias method (Vose 1991) in integers only; a second one
//! picks the energy inside it by inverting the bin's quadratic cumulative distribution.
//!
//! Exactness: a bin's probability is within n 2^-32 of its share (n bins), since every one of the 2^32 first words belongs to one known bin;
//! energies carry the rounding of f32 (6e-8). [`EnergySampler::table_probabilities`] and [`EnergySampler::table_mean`] say what the table, not
//! the spectrum behind it, gives.

use super::{Continuum, Line};

/// Words per bin: two `vec4<u32>` in WGSL. See [`row`] for their order.
pub const ROW_WORDS: usize = 8;

/// Order of the words in a row of the table.
pub mod row {
    /// Own bin if the low word of (first random word x number of rows) is below this, else the alias.
    pub const THRESHOLD: usize = 0;
    /// Row whose energies count instead; the row itself where it is never left.
    pub const ALIAS: usize = 1;
    /// f32 bits: lower edge, or the energy of a line, MeV.
    pub const LOWER_EDGE: usize = 2;
    /// f32 bits: width, MeV; 0 for a line.
    pub const WIDTH: usize = 3;
    /// f32 bits: (p1 - p0) / (p1 + p0) of the densities at the two edges, from -1 to 1.
    pub const ASYMMETRY: usize = 4;
    // Words 5 to 7 are zero.
}

/// One bin of the table.
pub type Row = [u32; ROW_WORDS];

/// Draws energies of one kind of particle.
#[derive(Debug, Clone, PartialEq)]
pub struct EnergySampler {
    rows: Vec<Row>,
    intensity: f64,
    mean_energy: f64,
}

/// A bin before it is rounded: probability weight, lower edge, width, asymmetry.
struct Bin {
    weight: f64,
    lower_edge: f64,
    width: f64,
    asymmetry: f64,
}

impl Bin {
    fn line(l: &Line) -> Self {
        Self { weight: l.intensity, lower_edge: l.energy, width: 0.0, asymmetry: 0.0 }
    }

    fn interval(energy: &[f64], density: &[f64]) -> Self {
        let (width, sum) = (energy[1] - energy[0], density[0] + density[1]);
        let asymmetry = if sum > 0.0 { (density[1] - density[0]) / sum } else { 0.0 };
        Self { weight: 0.5 * width * sum, lower_edge: energy[0], width, asymmetry }
    }

    fn mean(&self) -> f64 {
        self.lower_edge + self.width * (0.5 + self.asymmetry / 6.0)
    }
}

impl EnergySampler {
    /// The table for particles of these lines and spectra together; none where they hold no particles.
    pub fn new(lines: &[Line], continua: &[Continuum]) -> Option<Self> {
        let intervals = continua.iter().flat_map(|c| c.energy.windows(2).zip(c.density.windows(2)));
        let bins: Vec<Bin> =
            lines.iter().map(Bin::line).chain(intervals.map(|(e, p)| Bin::interval(e, p))).filter(|b| b.weight > 0.0).collect();
        let intensity: f64 = bins.iter().map(|b| b.weight).sum();
        if bins.is_empty() {
            return None;
        }
        let mean_energy = bins.iter().map(|b| b.weight * b.mean()).sum::<f64>() / intensity;
        let rows = alias_table(&bins.iter().map(|b| b.weight / intensity).collect::<Vec<_>>())
            .into_iter()
            .zip(&bins)
            .map(|((threshold, alias), bin)| {
                let bits = |x: f64| (x as f32).to_bits();
                let mut words: Row = [0; ROW_WORDS];
                words[row::THRESHOLD] = threshold;
                words[row::ALIAS] = alias;
                words[row::LOWER_EDGE] = bits(bin.lower_edge);
                words[row::WIDTH] = bits(bin.width);
                words[row::ASYMMETRY] = bits(bin.asymmetry);
                words
            })
            .collect();
        Some(Self { rows, intensity, mean_energy })
    }

    /// The table as the kernels read it.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Particles per decay.
    pub fn intensity(&self) -> f64 {
        self.intensity
    }

    /// Mean energy of a particle, MeV, from the lines and spectra themselves.
    pub fn mean_energy(&self) -> f64 {
        self.mean_energy
    }

    /// Mean energies (MeV) and particles per decay of the bins, those of spectra cut into `parts` of equal width.
    pub fn means(&self, parts: u32) -> impl Iterator<Item = (f64, f64)> + '_ {
        let slices = move |(r, number): (&Row, f64)| {
            let [low, width, d] = [row::LOWER_EDGE, row::WIDTH, row::ASYMMETRY].map(|word| f64::from(f32::from_bits(r[word])));
            let parts = if width > 0.0 { parts } else { 1 };
            // Integrals of the density (1 - d) + 2 d t and of t times it.
            let integrals = move |t: f64| [(1.0 - d) * t + d * t * t, 0.5 * (1.0 - d) * t * t + 2.0 / 3.0 * d * t.powi(3)];
            (0..parts).filter_map(move |k| {
                let [from, to] = [k, k + 1].map(|k| integrals(f64::from(k) / f64::from(parts)));
                let share = to[0] - from[0];
                (share > 0.0).then(|| (low + width * (to[1] - from[1]) / share, number * share))
            })
        };
        self.rows.iter().zip(self.table_probabilities().into_iter().map(|p| p * self.intensity)).flat_map(slices)
    }

    /// Mean of `f` (of an energy in MeV) over the particles, with each bin taken at its mean energy.
    pub fn mean_of(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.means(1).map(|(energy, number)| number / self.intensity * f(energy)).sum()
    }

    /// Energy for two random words, MeV.
    pub fn sample(&self, u0: u32, u1: u32) -> f32 {
        sample_energy(&self.rows, u0, u1)
    }

    /// The probability of each bin as the integers of the table give it: the exact count of first words that lead to it over 2^32.
    pub fn table_probabilities(&self) -> Vec<f64> {
        let n = self.rows.len() as u64;
        let mut words = vec![0_u64; self.rows.len()];
        for (i, r) in self.rows.iter().enumerate() {
            let start = (i as u64) << 32;
            let (first, next) = (start.div_ceil(n), ((i as u64 + 1) << 32).div_ceil(n));
            let own = (start + u64::from(r[row::THRESHOLD])).div_ceil(n).min(next) - first;
            words[i] += own;
            words[r[row::ALIAS] as usize] += next - first - own;
        }
        words.into_iter().map(|w| w as f64 / 2.0_f64.powi(32)).collect()
    }

    /// Mean energy of what the table gives, MeV: bin probabilities and rounded edges included.
    pub fn table_mean(&self) -> f64 {
        self.mean_of(|e| e)
    }
}

/// Energy for two random words, MeV. u32 and f32 only, so that the WGSL kernel can follow it line by line.
///
/// Inside a bin with asymmetry d the cumulative distribution at t in 0..1 is (1 - d) t + d t^2; this form of its inverse loses no digits at
/// small d and small u. The second word's upper 23 bits, centred, never give 0 or 1, so no energy lies on an edge where the density is 0.
pub fn sample_energy(rows: &[Row], u0: u32, u1: u32) -> f32 {
    let n = rows.len() as u32;
    let mut chosen = rows[mul_hi(u0, n) as usize];
    if u0.wrapping_mul(n) >= chosen[row::THRESHOLD] {
        chosen = rows[chosen[row::ALIAS] as usize];
    }
    let lower_edge = f32::from_bits(chosen[row::LOWER_EDGE]);
    let width = f32::from_bits(chosen[row::WIDTH]);
    let d = f32::from_bits(chosen[row::ASYMMETRY]);
    let u = ((u1 >> 9) as f32 + 0.5) * (1.0 / 8_388_608.0);
    let a = 1.0 - d;
    let t = 2.0 * u / (a + (a * a + 4.0 * d * u).max(0.0).sqrt());
    lower_edge + width * t.min(1.0)
}

/// Upper 32 bits of the 64-bit product, by 16-bit halves: WGSL has no 64-bit integers.
pub fn mul_hi(x: u32, y: u32) -> u32 {
    let (x0, x1) = (x & 0xffff, x >> 16);
    let (y0, y1) = (y & 0xffff, y >> 16);
    let low = x0 * y0;
    let middle = x1 * y0 + (low >> 16);
    let middle_low = x0 * y1 + (middle & 0xffff);
    x1 * y1 + (middle >> 16) + (middle_low >> 16)
}

/// (threshold, alias) of each bin for probabilities that sum to 1 (Vose, IEEE Trans. Softw. Eng. 17 (1991) 972).
fn alias_table(probabilities: &[f64]) -> Vec<(u32, u32)> {
    let n = probabilities.len();
    let mut share: Vec<f64> = probabilities.iter().map(|p| p * n as f64).collect();
    // A bin that is never left is its own alias, so its threshold does not matter.
    let mut table: Vec<(u32, u32)> = (0..n as u32).map(|i| (u32::MAX, i)).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| share[i] < 1.0);
    while let (Some(s), Some(&l)) = (small.pop(), large.last()) {
        // Round half up; a share that rounds to 1 keeps the largest threshold.
        table[s] = ((share[s] * 2.0_f64.powi(32)).round().min(f64::from(u32::MAX)) as u32, l as u32);
        share[l] -= 1.0 - share[s];
        if share[l] < 1.0 {
            large.pop();
            small.push(l);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mul_hi_is_the_upper_half_of_the_product() {
        let words = [0, 1, 2, 3, 0xffff, 0x1_0000, 0x1_0001, 0x7fff_ffff, 0x8000_0000, 0xdead_beef, u32::MAX - 1, u32::MAX];
        for x in words {
            for y in words {
                assert_eq!(mul_hi(x, y), ((u64::from(x) * u64::from(y)) >> 32) as u32, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_single_line_is_always_drawn_and_no_particles_make_no_sampler() {
        let line = Line { energy: 5.8, intensity: 0.3 };
        let sampler = EnergySampler::new(&[line], &[]).unwrap();
        for u in [0, 1, u32::MAX / 2, u32::MAX] {
            assert_eq!(sampler.sample(u, u), 5.8);
        }
        assert_eq!(sampler.intensity(), 0.3);
        assert_eq!(sampler.table_probabilities(), [1.0]);
        assert!(EnergySampler::new(&[], &[]).is_none());
        assert!(EnergySampler::new(&[Line { intensity: 0.0, ..line }], &[]).is_none());
    }

    #[test]
    fn table_probabilities_count_the_words_that_sample_energy_sends_to_each_bin() {
        let lines: Vec<Line> =
            (0..7).map(|i| Line { energy: f64::from(i) + 1.0, intensity: [0.4, 1e-3, 0.05, 0.2, 3e-6, 0.3, 0.1][i as usize] }).collect();
        let sampler = EnergySampler::new(&lines, &[]).unwrap();
        let expected = sampler.table_probabilities();
        assert!((expected.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        let total: f64 = lines.iter().map(|l| l.intensity).sum();
        let mut counts = [0_u64; 7];
        // A fixed stride of an odd number over the whole range visits evenly spread words.
        let draws = 1_u32 << 22;
        for k in 0..draws {
            counts[sampler.sample(k * 1024 + 511, 0) as usize - 1] += 1;
        }
        for (i, l) in lines.iter().enumerate() {
            assert!((expected[i] - l.intensity / total).abs() < 7.0 / 2.0_f64.powi(32), "bin {i}");
            assert!((counts[i] as f64 / f64::from(draws) - expected[i]).abs() < 8.0 / f64::from(draws), "bin {i}");
        }
    }

    #[test]
    fn linear_bins_follow_their_quadratic_cumulative() {
        for (p0, p1) in [(1.0, 1.0), (0.0, 2.0), (2.0, 0.0), (1.0, 1.000_01), (0.3, 1.7)] {
            let intensity = 0.5 * (p0 + p1) * 2.0;
            let continuum = Continuum { energy: vec![1.0, 3.0], density: vec![p0, p1], intensity };
            let sampler = EnergySampler::new(&[], &[continuum]).unwrap();
            for k in 0..=64_u32 {
                let word = if k == 64 { u32::MAX } else { k << 26 };
                let e = f64::from(sampler.sample(7, word));
                let t = e - 1.0;
                let cumulative = (p0 * t + (p1 - p0) * t * t / 4.0) / intensity;
                let u = (f64::from(word >> 9) + 0.5) / 8_388_608.0;
                assert!((1.0..=3.0).contains(&e) && (cumulative - u).abs() < 1e-6, "{p0} {p1} {u} {cumulative}");
            }
        }
    }
}
