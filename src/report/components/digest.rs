//! What stored components depend on, as SHA-256 in hexadecimal.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{grid::VoxelGrid, phantom::Phantom, report::provenance::hex, source::DecayPattern};

/// Digest of voxels and shares, to the last bit.
pub fn pattern_digest(pattern: &DecayPattern) -> String {
    let mut hasher = Sha256::new();
    hasher.update((pattern.voxels.len() as u64).to_le_bytes());
    hash_words(&mut hasher, &pattern.voxels);
    hash_reals(&mut hasher, pattern.shares.iter().copied());
    hex(&hasher.finalize())
}

/// Digests of the parts of a phantom, apart, so that a message can say what has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhantomDigest {
    /// Voxels and where they are.
    pub grid_sha256: String,
    /// Material and density of every voxel.
    pub media_sha256: String,
    /// Region of every voxel, and the regions' names.
    pub regions_sha256: String,
}

impl PhantomDigest {
    /// Of a phantom.
    pub fn new(phantom: &Phantom) -> Self {
        Self { grid_sha256: grid(&phantom.grid), media_sha256: media(phantom), regions_sha256: regions(phantom) }
    }

    /// In words, what differs from another phantom; none: nothing.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.grid_sha256 != other.grid_sha256 {
            Some("the grid (size, spacing, origin or axes)")
        } else if self.media_sha256 != other.media_sha256 {
            Some("materials or densities")
        } else if self.regions_sha256 != other.regions_sha256 {
            Some("the regions or their names")
        } else {
            None
        }
    }
}

fn grid(grid: &VoxelGrid) -> String {
    let mut hasher = Sha256::new();
    hash_words(&mut hasher, &grid.size);
    hash_reals(&mut hasher, grid.spacing.to_array().into_iter().chain(grid.origin.to_array()).chain(grid.direction.to_cols_array()));
    hex(&hasher.finalize())
}

fn media(phantom: &Phantom) -> String {
    let mut hasher = Sha256::new();
    for material in &phantom.materials {
        hash_text(&mut hasher, &material.name);
        hash_reals(&mut hasher, [material.density, material.i_value].into_iter());
        hasher.update((material.composition.len() as u64).to_le_bytes());
        for &(z, share) in &material.composition {
            hasher.update([z]);
            hash_reals(&mut hasher, std::iter::once(share));
        }
    }
    hash_words(&mut hasher, &phantom.voxels);
    hex(&hasher.finalize())
}

fn regions(phantom: &Phantom) -> String {
    let mut hasher = Sha256::new();
    for name in &phantom.region_names {
        hash_text(&mut hasher, name);
    }
    for labels in phantom.regions.chunks(1 << 14) {
        hasher.update(labels.iter().flat_map(|label| label.to_le_bytes()).collect::<Vec<u8>>());
    }
    hex(&hasher.finalize())
}

/// Digest of the values of an image.
pub(super) fn values(values: &[f32]) -> String {
    let mut hasher = Sha256::new();
    for piece in values.chunks(1 << 14) {
        hasher.update(piece.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
    }
    hex(&hasher.finalize())
}

fn hash_words(hasher: &mut Sha256, words: &[u32]) {
    for piece in words.chunks(1 << 14) {
        hasher.update(piece.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>());
    }
}

fn hash_reals(hasher: &mut Sha256, values: impl Iterator<Item = f64>) {
    for value in values {
        hasher.update(value.to_bits().to_le_bytes());
    }
}

/// With its length before it, so that no two lists of names have the same bytes.
fn hash_text(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}
