//! Random places of vessels.

use crate::transport::rng::rng_block;

/// Stream of the random numbers that place vessels.
const STREAM: u32 = 0x7665_7373;

/// Chooses a share of the voxels (storage positions) as vessels, the nearest whole number of them; the same for the same seed.
pub fn random_vessels(voxels: &[u32], share: f64, seed: u64) -> Vec<u32> {
    let wanted = (share.clamp(0.0, 1.0) * voxels.len() as f64).round() as usize;
    // Each voxel draws a number by its own position, and the lowest are taken: nothing depends on the order of the list.
    let key = |voxel: u32| rng_block([seed as u32, (seed >> 32) as u32], [voxel, 0], STREAM, 0);
    let mut drawn: Vec<_> = voxels.iter().map(|&voxel| (key(voxel), voxel)).collect();
    drawn.sort_unstable();
    let mut vessels: Vec<u32> = drawn.into_iter().take(wanted).map(|(_, voxel)| voxel).collect();
    vessels.sort_unstable();
    vessels
}
