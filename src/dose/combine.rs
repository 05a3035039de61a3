//! Dose per decay of a sum of patterns from those of its parts.

use crate::dose::component::{RegionEnergy, ScoredComponent};

impl ScoredComponent {
    /// The dose per decay of the sum of the patterns of `parts` with these weights, exact as dose is linear in the pattern. Standard errors of
    /// the parts count as independent. All parts must emit the same.
    pub fn combined(name: &str, parts: &[(f64, &Self)]) -> Self {
        let mut voxels: Vec<u32> = parts.iter().flat_map(|(_, part)| part.voxels.iter().copied()).collect();
        voxels.sort_unstable();
        voxels.dedup();
        let sum = |of: &dyn Fn(&Self) -> Option<&[f32]>, squares: bool| -> Option<Vec<f32>> {
            let mut total = vec![0.0f64; voxels.len()];
            let mut there = false;
            for (weight, part) in parts {
                let Some(values) = of(part) else { continue };
                there = true;
                let mut at = 0;
                for (voxel, &value) in part.voxels.iter().zip(values) {
                    at += voxels[at..].partition_point(|v| v < voxel);
                    let term = weight * f64::from(value);
                    total[at] += if squares { term * term } else { term };
                }
            }
            there.then(|| total.into_iter().map(|x| (if squares { x.sqrt() } else { x }) as f32).collect())
        };
        let slots = parts.first().map_or(0, |(_, part)| part.regions.len());
        let region = |slot: usize| {
            parts.iter().fold(RegionEnergy::default(), |total, (weight, part)| {
                let RegionEnergy { low, high, variance, alpha, alpha_let, alpha_quality } = part.regions[slot];
                RegionEnergy {
                    low: total.low + weight * low,
                    high: total.high + weight * high,
                    variance: total.variance + weight * weight * variance,
                    alpha: total.alpha + weight * alpha,
                    alpha_let: total.alpha_let + weight * alpha_let,
                    alpha_quality: total.alpha_quality + weight * alpha_quality,
                }
            })
        };
        Self {
            name: name.to_owned(),
            low: sum(&|part| Some(&part.low), false).unwrap_or_default(),
            high: sum(&|part| part.high.as_deref(), false),
            alpha: sum(&|part| part.alpha.as_deref(), false),
            dose_let: sum(&|part| part.dose_let.as_deref(), false),
            dose_quality: sum(&|part| part.dose_quality.as_deref(), false),
            sigma: sum(&|part| Some(&part.sigma), true).unwrap_or_default(),
            regions: (0..slots).map(region).collect(),
            voxels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(voxels: &[u32], low: &[f32], high: Option<&[f32]>) -> ScoredComponent {
        ScoredComponent {
            name: "part".into(),
            voxels: voxels.to_vec(),
            low: low.to_vec(),
            high: high.map(<[f32]>::to_vec),
            alpha: None,
            dose_let: None,
            dose_quality: None,
            sigma: low.iter().map(|x| 0.1 * x).collect(),
            regions: vec![RegionEnergy { low: low.iter().map(|&x| f64::from(x)).sum(), variance: 4.0, ..RegionEnergy::default() }],
        }
    }

    #[test]
    fn doses_add_and_errors_add_in_quadrature() {
        let (a, b) = (part(&[1, 4], &[3.0, 5.0], Some(&[1.0, 0.0])), part(&[0, 4], &[2.0, 8.0], Some(&[0.0, 4.0])));
        let sum = ScoredComponent::combined("sum", &[(0.25, &a), (0.75, &b)]);
        assert_eq!((sum.voxels, sum.low), (vec![0, 1, 4], vec![1.5, 0.75, 7.25]));
        assert_eq!(sum.high, Some(vec![0.0, 0.25, 3.0]));
        assert!((sum.sigma[2] - (0.125f32 * 0.125 + 0.6 * 0.6).sqrt()).abs() < 1e-6, "{:?}", sum.sigma);
        assert_eq!((sum.regions[0].low, sum.regions[0].variance), (0.25 * 8.0 + 0.75 * 10.0, 4.0 * (0.0625 + 0.5625)));
        assert_eq!(sum.dose_let, None);
    }
}
