//! Dose per decay of a pattern that was never transported, from one that was: nearly right where particles stop within their voxel.

use crate::{dose::component::ScoredComponent, phantom::Phantom, source::DecayPattern};

impl ScoredComponent {
    /// The dose per decay of the pattern `to`, which has decays only where `from` has, from this one of the pattern `from`.
    ///
    /// A voxel's dose goes with its share of the decays, and where there are none it stays; then all doses are scaled so that the energy in the
    /// grid is that of before. What decays in one voxel gives to others is thus assumed to go with the decays where it arrives: exact for uniform changes, good where the
    /// range is below the voxel. Energies of regions follow their voxels.
    pub fn rescaled(&self, name: &str, phantom: &Phantom, from: &DecayPattern, to: &DecayPattern) -> Self {
        let share = |pattern: &DecayPattern, v: u32| pattern.voxels.binary_search(&v).map_or(0.0, |at| pattern.shares[at]);
        let factor = |&v: &u32| match share(from, v) {
            old if old > 0.0 => share(to, v) / old,
            _ => 1.0,
        };
        let factors: Vec<f64> = self.voxels.iter().map(factor).collect();
        // Energy before and after: whole grid, then regions.
        let mut energy = vec![[0.0; 2]; self.regions.len()];
        for (i, &v) in self.voxels.iter().enumerate() {
            let dose = f64::from(self.low[i]) + self.high.as_ref().map_or(0.0, |high| f64::from(high[i]));
            let own = dose * phantom.mass(v as usize);
            let label = usize::from(phantom.regions[v as usize]);
            for slot in [0, label].into_iter().take(if label == 0 { 1 } else { 2 }) {
                energy[slot][0] += own;
                energy[slot][1] += own * factors[i];
            }
        }
        let conserved = if energy[0][1] > 0.0 { energy[0][0] / energy[0][1] } else { 1.0 };
        let map = |values: &Vec<f32>| values.iter().zip(&factors).map(|(&x, factor)| (f64::from(x) * factor * conserved) as f32).collect();
        let mut out = Self {
            name: name.to_owned(),
            voxels: self.voxels.clone(),
            low: map(&self.low),
            high: self.high.as_ref().map(map),
            alpha: self.alpha.as_ref().map(map),
            dose_let: self.dose_let.as_ref().map(map),
            dose_quality: self.dose_quality.as_ref().map(map),
            sigma: map(&self.sigma),
            regions: self.regions.clone(),
        };
        for (region, [before, after]) in out.regions.iter_mut().zip(energy).filter(|(_, [before, _])| *before > 0.0) {
            let ratio = conserved * after / before;
            for part in [&mut region.low, &mut region.high, &mut region.alpha, &mut region.alpha_let, &mut region.alpha_quality] {
                *part *= ratio;
            }
            region.variance *= ratio * ratio;
        }
        out
    }
}
