use super::*;

/// SplitMix64, to make tallies that look like tallies.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Energy, energy times LET, energy times saturated lineal energy.
type Batch = [Vec<u64>; 3];

const BOTH: Scores = Scores { linear_energy: true, quality: true };

/// Sparse batches: two of three voxels stay empty in each.
fn batches(count: usize, voxels: usize) -> Vec<Batch> {
    let mut numbers = Numbers(7);
    (0..count)
        .map(|_| {
            let edep: Vec<u64> =
                (0..voxels).map(|_| if numbers.next().is_multiple_of(3) { numbers.next() % 5_000_000_000 } else { 0 }).collect();
            let edep_let = edep.iter().map(|e| e * 3 + numbers.next() % 2).collect();
            let edep_quality = edep.iter().map(|e| e * 2 + numbers.next() % 2).collect();
            [edep, edep_let, edep_quality]
        })
        .collect()
}

fn fill<'a>(into: &mut BatchAccumulator, all: impl Iterator<Item = &'a Batch>, labels: &[u16]) {
    for [edep, edep_let, edep_quality] in all {
        into.add(&BatchTally { histories: 1000, edep, edep_let: Some(edep_let), edep_quality: Some(edep_quality) }, labels).unwrap();
    }
}

#[test]
fn mean_and_sigma_of_a_worked_example() {
    // One voxel, 16 batches of 10 histories: 8 times 2^20 quanta (1 MeV), 8 times 3 MeV.
    // Mean batch 2 MeV -> 0.2 MeV per history; spread 1 MeV, so sigma = sqrt(16 / (16 * 15)) = 0.2582 MeV per batch.
    let mut acc = BatchAccumulator::new(2, 1, Scores::default());
    for i in 0..16u64 {
        let edep = [(1 + 2 * (i % 2)) << 20, 0];
        acc.add(&BatchTally { histories: 10, edep: &edep, edep_let: None, edep_quality: None }, &[1, 0]).unwrap();
    }
    let means = acc.means().unwrap();
    assert_eq!(means.voxels, [0]);
    assert!((means.edep[0] - 0.2).abs() < 1e-15);
    let sigma = (1.0f64 / 15.0).sqrt() / 10.0;
    assert!((means.sigma[0] - sigma).abs() < 1e-15 * sigma.max(1.0), "{} {sigma}", means.sigma[0]);
    assert_eq!((means.histories, means.batches), (160, 16));
    assert_eq!(acc.deposited(), 32 << 20);
}

#[test]
fn the_mean_does_not_depend_on_the_number_of_batches() {
    // The same 1 MeV per history in 16 or in 64 batches: "dose divided by the number of batches" would differ by a factor of 4.
    for batches in [16, 64] {
        let mut acc = BatchAccumulator::new(1, 0, Scores::default());
        for _ in 0..batches {
            acc.add(&BatchTally { histories: 100, edep: &[100 << 20], edep_let: None, edep_quality: None }, &[0]).unwrap();
        }
        let means = acc.means().unwrap();
        assert_eq!(means.edep[0], 1.0, "{batches} batches");
        assert_eq!(means.sigma[0], 0.0);
    }
}

#[test]
fn a_voxel_hit_in_one_batch_only_has_relative_error_one() {
    let mut acc = BatchAccumulator::new(1, 0, Scores::default());
    for i in 0..20 {
        acc.add(&BatchTally { histories: 50, edep: &[if i == 3 { 777_777 } else { 0 }], edep_let: None, edep_quality: None }, &[0])
            .unwrap();
    }
    let means = acc.means().unwrap();
    assert!((means.sigma[0] / means.edep[0] - 1.0).abs() < 1e-12);
}

#[test]
fn variance_keeps_its_digits_where_the_mean_is_large() {
    // 2^52 + {0, 1} quanta: in f64 the difference of squares would lose everything.
    let mut moments = Moments::default();
    for i in 0..16 {
        moments.add((1 << 52) + i % 2).unwrap();
    }
    let exact = 0.25 / 15.0;
    assert!((moments.variance_of_mean(16) / exact - 1.0).abs() < 1e-14);
}

#[test]
fn order_and_merging_change_no_bit() {
    let labels: Vec<u16> = (0..500).map(|v| (v % 4) as u16).collect();
    let all = batches(24, 500);
    let mut forward = BatchAccumulator::new(500, 3, BOTH);
    fill(&mut forward, all.iter(), &labels);
    let mut backward = BatchAccumulator::new(500, 3, BOTH);
    fill(&mut backward, all.iter().rev(), &labels);
    let mut shards = BatchAccumulator::new(500, 3, BOTH);
    let mut second = BatchAccumulator::new(500, 3, BOTH);
    fill(&mut shards, all[17..].iter(), &labels);
    fill(&mut second, all[..17].iter(), &labels);
    shards.merge(&second).unwrap();
    shards.merge(&BatchAccumulator::new(500, 3, BOTH)).unwrap();
    let means = forward.means().unwrap();
    assert_eq!(means, backward.means().unwrap());
    assert_eq!(means, shards.means().unwrap());
    assert!(means.voxels.is_sorted());

    // And they are the plain sums.
    for (i, &v) in means.voxels.iter().enumerate() {
        let [sum, let_sum, quality_sum] = [0, 1, 2].map(|what| all.iter().map(|batch| batch[what][v as usize]).sum::<u64>() as f64);
        assert_eq!(means.edep[i], sum * QUANTUM_MEV / 24_000.0);
        assert_eq!(means.edep_let.as_ref().unwrap()[i], let_sum * LET_QUANTUM / 24_000.0);
        assert_eq!(means.edep_quality.as_ref().unwrap()[i], quality_sum * LET_QUANTUM / 24_000.0);
    }
}

#[test]
fn regions_sum_their_voxels_batch_by_batch() {
    let labels: Vec<u16> = (0..60).map(|v| (v % 3) as u16).collect();
    let all = batches(16, 60);
    let mut acc = BatchAccumulator::new(60, 2, BOTH);
    fill(&mut acc, all.iter(), &labels);
    let means = acc.means().unwrap();
    for slot in 0..3usize {
        let x: Vec<f64> = all
            .iter()
            .map(|[edep, ..]| {
                edep.iter().zip(&labels).filter(|&(_, &l)| slot == 0 || l as usize == slot).map(|(&e, _)| e).sum::<u64>() as f64
            })
            .collect();
        let mean = x.iter().sum::<f64>() / 16.0;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (16.0 * 15.0);
        let unit = QUANTUM_MEV / 1000.0;
        assert!((means.regions[slot].edep / (mean * unit) - 1.0).abs() < 1e-12);
        assert!((means.regions[slot].sigma / (variance.sqrt() * unit) - 1.0).abs() < 1e-12, "slot {slot}");
        let of = |values: &Option<Vec<f64>>| -> f64 {
            let values = values.as_ref().unwrap();
            means.voxels.iter().zip(values).filter(|&(&v, _)| slot == 0 || labels[v as usize] as usize == slot).map(|(_, x)| x).sum()
        };
        assert!((means.regions[slot].edep_let / of(&means.edep_let) - 1.0).abs() < 1e-12);
        assert!((means.regions[slot].edep_quality / of(&means.edep_quality) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_region_sigma_holds_the_covariance_of_its_voxels() {
    // Energy moves to and fro between two voxels; their sum is constant. Adding voxel variances would give sigma > 0.
    let mut acc = BatchAccumulator::new(2, 1, Scores::default());
    for i in 0..16u64 {
        let x = 1_000_000 + 1000 * (i % 5);
        acc.add(&BatchTally { histories: 1, edep: &[x, 3_000_000 - x], edep_let: None, edep_quality: None }, &[1, 1]).unwrap();
    }
    let means = acc.means().unwrap();
    assert!(means.sigma.iter().all(|&s| s > 0.0));
    assert_eq!(means.regions[1].sigma, 0.0);
}

#[test]
fn the_estimated_error_is_the_true_spread() {
    // Binomial: each of n histories puts 1 quantum into the voxel with p = 0.3; sigma of the mean is sqrt(p (1 - p) / (B n)).
    let (batches, n, p) = (32u32, 200u64, 0.3);
    let mut numbers = Numbers(11);
    let mut mean_variance = 0.0;
    let repeats = 400;
    for _ in 0..repeats {
        let mut moments = Moments::default();
        for _ in 0..batches {
            moments.add((0..n).filter(|_| numbers.uniform() < p).count() as u64).unwrap();
        }
        mean_variance += moments.variance_of_mean(batches) / (n * n) as f64 / f64::from(repeats);
    }
    let exact = p * (1.0 - p) / f64::from(batches) / n as f64;
    // Each estimate scatters by sqrt(2 / 31) = 25 %; the mean of 400 by 1.3 %. A factor B / (B - 1) forgotten is 3.2 %.
    assert!((mean_variance / exact - 1.0).abs() < 0.03, "{}", mean_variance / exact);
}

#[test]
fn memory_follows_the_voxels_hit() {
    let mut edep = vec![0u64; 64 * 64 * 64];
    let labels = vec![0u16; edep.len()];
    edep[1000..1100].fill(5);
    let mut acc = BatchAccumulator::new(edep.len(), 0, Scores::default());
    acc.add(&BatchTally { histories: 1, edep: &edep, edep_let: None, edep_quality: None }, &labels).unwrap();
    assert_eq!((acc.touched(), acc.bytes()), (100, 2800));
    let column_bytes = acc.voxels.len() * size_of::<u32>() + acc.sum.len() * size_of::<u64>() + acc.squares.len() * size_of::<u128>();
    assert_eq!(acc.bytes(), column_bytes);
}

#[test]
fn unequal_empty_and_too_few_batches_are_refused() {
    let mut acc = BatchAccumulator::new(1, 0, Scores::default());
    let batch = |histories| BatchTally { histories, edep: &[1], edep_let: None, edep_quality: None };
    assert!(acc.add(&batch(0), &[0]).is_err());
    acc.add(&batch(10), &[0]).unwrap();
    assert!(acc.add(&batch(11), &[0]).unwrap_err().to_string().contains("10 and of 11"));
    for _ in 0..14 {
        acc.add(&batch(10), &[0]).unwrap();
    }
    assert!(acc.means().unwrap_err().to_string().contains("15 statistical batches"));
    acc.add(&batch(10), &[0]).unwrap();
    assert!(acc.means().is_ok());
}

#[test]
fn overflow_is_an_error_not_a_wrap() {
    let mut acc = BatchAccumulator::new(1, 0, Scores::default());
    acc.add(&BatchTally { histories: 1, edep: &[u64::MAX - 1], edep_let: None, edep_quality: None }, &[0]).unwrap();
    assert!(
        acc.add(&BatchTally { histories: 1, edep: &[2], edep_let: None, edep_quality: None }, &[0])
            .unwrap_err()
            .to_string()
            .contains("2^64")
    );
}
