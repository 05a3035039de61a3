//! A decay pattern as a sum of others: dose per decay is linear in it.

use super::DecayPattern;

/// Sweeps over the parts; few of them that resemble each other take hundreds.
const SWEEPS: usize = 4000;
/// Changes of a weight below this end the search.
const SETTLED: f64 = 1.0e-12;

/// What comes nearest to a pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Combination {
    /// Of the given patterns, in their order; none negative, they sum to 1.
    pub weights: Vec<f64>,
    /// Part of the decays that lies elsewhere than in the sum: half the sum of the differences of shares, 0 to 1.
    pub misplaced: f64,
}

impl DecayPattern {
    /// The sum of `parts` with weights of 0 or more that comes nearest to this pattern (least squares of the shares, by coordinate descent).
    /// `None` if there are no parts, or none shares a voxel with it.
    pub fn combined_from(&self, parts: &[&Self]) -> Option<Combination> {
        let product = |a: &Self, b: &Self| {
            let share = |v: &u32| b.voxels.binary_search(v).map_or(0.0, |at| b.shares[at]);
            a.voxels.iter().zip(&a.shares).map(|(v, x)| x * share(v)).sum::<f64>()
        };
        let gram: Vec<Vec<f64>> = parts.iter().map(|a| parts.iter().map(|b| product(a, b)).collect()).collect();
        let wanted: Vec<f64> = parts.iter().map(|part| product(part, self)).collect();
        let mut weights = vec![0.0; parts.len()];
        for _ in 0..SWEEPS {
            let mut change = 0.0f64;
            for i in 0..parts.len() {
                let others: f64 = (0..parts.len()).filter(|&j| j != i).map(|j| gram[i][j] * weights[j]).sum();
                let best = ((wanted[i] - others) / gram[i][i]).max(0.0);
                change = change.max((best - weights[i]).abs());
                weights[i] = best;
            }
            if change < SETTLED {
                break;
            }
        }
        let sum: f64 = weights.iter().sum();
        // As many decays as there are; also refuses a sum that is no number.
        if !(sum > 0.0 && sum.is_finite()) {
            return None;
        }
        weights.iter_mut().for_each(|weight| *weight /= sum);
        let with = |pattern: &Self, weight: f64| -> Vec<(u32, f64)> {
            pattern.voxels.iter().zip(&pattern.shares).map(|(&v, share)| (v, weight * share)).collect()
        };
        let mut pieces = with(self, 1.0);
        parts.iter().zip(&weights).for_each(|(part, weight)| pieces.extend(with(part, -weight)));
        pieces.sort_by_key(|&(v, _)| v);
        let differences = pieces.chunk_by(|a, b| a.0 == b.0).map(|voxel| voxel.iter().map(|(_, share)| share).sum::<f64>().abs());
        let misplaced = 0.5 * differences.sum::<f64>();
        Some(Combination { weights, misplaced })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(first: u32, amounts: &[f64]) -> DecayPattern {
        let total: f64 = amounts.iter().sum();
        DecayPattern { voxels: (first..first + amounts.len() as u32).collect(), shares: amounts.iter().map(|x| x / total).collect() }
    }

    #[test]
    fn a_sum_is_found_again() {
        let parts = [pattern(0, &[5.0, 3.0, 1.0, 0.5]), pattern(1, &[1.0, 3.0, 4.0, 2.0]), pattern(0, &[1.0, 1.0, 1.0, 1.0, 1.0])];
        let share = |p: &DecayPattern, v: u32| p.voxels.binary_search(&v).map_or(0.0, |at| p.shares[at]);
        let mixed = pattern(0, &[0, 1, 2, 3, 4].map(|v| 0.2 * share(&parts[0], v) + 0.5 * share(&parts[1], v) + 0.3 * share(&parts[2], v)));
        let found = mixed.combined_from(&parts.each_ref()).expect("a sum");
        for (weight, right) in found.weights.iter().zip([0.2, 0.5, 0.3]) {
            assert!((weight - right).abs() < 1e-6, "{found:?}");
        }
        assert!(found.misplaced < 1e-6, "{found:?}");
        let itself = parts[1].combined_from(&parts.each_ref()).expect("a sum");
        assert!((itself.weights[1] - 1.0).abs() < 1e-6 && itself.misplaced < 1e-6, "{itself:?}");
    }

    #[test]
    fn what_no_part_covers_is_misplaced() {
        let even = pattern(0, &[1.0; 4]);
        let shifted = pattern(2, &[1.0; 4]);
        let found = shifted.combined_from(&[&even]).expect("they share voxels");
        assert_eq!((found.weights, found.misplaced), (vec![1.0], 0.5));
        assert_eq!(pattern(9, &[1.0]).combined_from(&[&even]), None);
        assert_eq!(even.combined_from(&[]), None);
    }
}
