//! Decay patterns, each kept once.

use std::{collections::HashMap, sync::Arc};

use sha2::{Digest, Sha256};

use super::{
    DecayPattern,
    diffusion::{Diffused, diffuse},
    pattern::concentration,
    region::RegionVoxels,
};
use crate::{
    error::{Error, Result},
    phantom::Phantom,
    plan::UptakePattern,
};

/// The decay patterns of all fractions on one phantom: equal patterns are one `Arc`, drawn patterns are drawn once.
#[derive(Debug)]
pub struct PatternCache<'a> {
    phantom: &'a Phantom,
    by_digest: HashMap<[u8; 32], Arc<DecayPattern>>,
    drawn: Vec<Drawn>,
    spread: Vec<Spread>,
}

/// A pattern after diffusion.
#[derive(Debug)]
struct Spread {
    from: Arc<DecayPattern>,
    length: f64,
    pattern: Option<Arc<DecayPattern>>,
    outside: f64,
}

/// A pattern that was drawn for a region.
#[derive(Debug)]
struct Drawn {
    region: usize,
    how: UptakePattern,
    pattern: Arc<DecayPattern>,
    warnings: Vec<String>,
}

impl<'a> PatternCache<'a> {
    /// An empty cache for a phantom.
    pub fn new(phantom: &'a Phantom) -> Self {
        Self { phantom, by_digest: HashMap::new(), drawn: Vec::new(), spread: Vec::new() }
    }

    /// The phantom on which the patterns lie.
    pub fn phantom(&self) -> &'a Phantom {
        self.phantom
    }

    /// Number of different patterns so far.
    pub fn len(&self) -> usize {
        self.by_digest.len()
    }

    /// True if no pattern has been made yet.
    pub fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }

    /// Gives the amounts of a ligand in voxels of a region (0 = first of the phantom's), ascending; those given before hold no more.
    ///
    /// # Errors
    /// If there is no ligand at all.
    pub fn give_ligand(&mut self, region: usize, amounts: impl Iterator<Item = (u32, f64)>) -> Result<()> {
        let pattern = self.share(amounts).ok_or_else(|| {
            let name = self.phantom.region_names.get(region).map_or("", String::as_str);
            Error::input(format!("no ligand stays in region \"{name}\": nothing is left to which it could bind"))
        })?;
        self.drawn.retain(|drawn| !(drawn.region == region && drawn.how == UptakePattern::Ligand));
        self.drawn.push(Drawn { region, how: UptakePattern::Ligand, pattern, warnings: Vec::new() });
        Ok(())
    }

    /// The pattern of a region (0 = first of the phantom's), with what the user should know about it.
    pub(super) fn draw(&mut self, region: usize, how: &UptakePattern) -> Result<(Arc<DecayPattern>, Vec<String>)> {
        if let Some(drawn) = self.drawn.iter().find(|drawn| drawn.region == region && drawn.how == *how) {
            return Ok((Arc::clone(&drawn.pattern), drawn.warnings.clone()));
        }
        let Some(voxels) = RegionVoxels::of(self.phantom, region) else {
            return Err(Error::input("the region has no voxel"));
        };
        let found = concentration(how, &voxels, self.phantom)?;
        let mut warnings = found.warnings;
        let all = voxels.voxels.len();
        let pattern = self.share(voxels.voxels.into_iter().zip(found.values)).ok_or_else(|| {
            Error::input(format!("the uptake falls to nothing in all {all} voxels: its length is too short for the voxels"))
        })?;
        let empty = all - pattern.voxels.len();
        if empty > 0 {
            warnings.push(format!("in {empty} of {all} voxels the uptake is too small to be told from zero; they have no decays"));
        }
        self.drawn.push(Drawn { region, how: how.clone(), pattern: Arc::clone(&pattern), warnings: warnings.clone() });
        Ok((pattern, warnings))
    }

    /// A pattern spread by diffusion over a length, mm, with the share of it that leaves the grid; nothing if all does. Computed once.
    pub(super) fn diffused(&mut self, from: &Arc<DecayPattern>, length: f64) -> (Option<Arc<DecayPattern>>, f64) {
        let known = |spread: &&Spread| Arc::ptr_eq(&spread.from, from) && spread.length.to_bits() == length.to_bits();
        if let Some(spread) = self.spread.iter().find(known) {
            return (spread.pattern.clone(), spread.outside);
        }
        let Diffused { amounts, outside } = diffuse(from, length, &self.phantom.grid);
        let pattern = self.share(amounts.into_iter());
        self.spread.push(Spread { from: Arc::clone(from), length, pattern: pattern.clone(), outside });
        (pattern, outside)
    }

    /// Normalises amounts per voxel (ascending voxels, no negative amounts) and keeps the pattern, or returns the equal one that is there already;
    /// voxels without amount are left out. `None` if nothing is left.
    pub(super) fn share(&mut self, amounts: impl Iterator<Item = (u32, f64)>) -> Option<Arc<DecayPattern>> {
        let (mut voxels, mut shares): (Vec<u32>, Vec<f64>) = amounts.filter(|(_, amount)| *amount > 0.0).unzip();
        let total = sum(&shares);
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        shares.iter_mut().for_each(|share| *share /= total);
        // A share can underflow where its amount did not.
        if shares.contains(&0.0) {
            (voxels, shares) = voxels.into_iter().zip(shares).filter(|(_, share)| *share > 0.0).unzip();
        }
        let pattern = DecayPattern { voxels, shares };
        let kept = self.by_digest.entry(digest(&pattern)).or_insert_with(|| Arc::new(pattern));
        Some(Arc::clone(kept))
    }
}

/// SHA-256 of a pattern's content as it lies in memory (never written to files, so byte order does not matter).
fn digest(pattern: &DecayPattern) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((pattern.voxels.len() as u64).to_le_bytes());
    hash.update(bytemuck::cast_slice::<u32, u8>(&pattern.voxels));
    hash.update(bytemuck::cast_slice::<f64, u8>(&pattern.shares));
    hash.finalize().into()
}

/// A sum by blocks: its rounding error stays near 1e-13 for a billion terms, and its order is fixed.
pub(super) fn sum(values: &[f64]) -> f64 {
    values.chunks(4096).map(|block| block.iter().sum::<f64>()).sum()
}
