//! Small phantoms and tallies for the tests of this module.

use glam::DVec3;

use crate::{
    dose::tally::{BatchAccumulator, BatchTally, LET_QUANTUM, QUANTUM_MEV, Scores, TallyMeans},
    grid::VoxelGrid,
    phantom::{Phantom, pack_voxel},
    physics::materials::Material,
};

/// A row of voxels with `edge` mm, one density and one region label each (0 = none).
pub(super) fn row(edge: f64, densities: &[f32], labels: &[u16]) -> Phantom {
    let n = densities.len() as u32;
    Phantom {
        grid: VoxelGrid::axis_aligned([n, 1, 1], DVec3::splat(edge), DVec3::ZERO),
        voxels: densities.iter().map(|&d| pack_voxel(0, d)).collect(),
        materials: vec![Material {
            name: "water_liquid".into(),
            density: 1.0,
            i_value: 78.0,
            composition: vec![(1, 0.111_894), (8, 0.888_106)],
            source: "test".into(),
        }],
        regions: labels.to_vec(),
        region_names: (0..labels.iter().copied().max().unwrap_or(0)).map(|i| format!("r{}", i + 1)).collect(),
        warnings: Vec::new(),
    }
}

/// 16 batches of `histories`: each voxel gets `mev` MeV per history on average, in even batches 1.1 times, in odd ones 0.9 times that.
/// The relative standard error is then exactly `0.1 / sqrt(15)`. With LET: `kev_um` keV/um.
pub(super) fn means(phantom: &Phantom, mev: &[f64], kev_um: Option<f64>, histories: u64) -> TallyMeans {
    let mut acc = BatchAccumulator::new(mev.len(), phantom.region_names.len(), Scores { linear_energy: kev_um.is_some(), quality: false });
    for batch in 0..16 {
        let factor = if batch % 2 == 0 { 1.1 } else { 0.9 };
        let quanta = |x: f64| (x * factor * histories as f64 * f64::from(1 << 20)).round() as u64;
        let edep: Vec<u64> = mev.iter().map(|&e| quanta(e)).collect();
        let edep_let = kev_um.map(|l| mev.iter().map(|&e| quanta(e * l * QUANTUM_MEV / LET_QUANTUM)).collect::<Vec<u64>>());
        acc.add(&BatchTally { histories, edep: &edep, edep_let: edep_let.as_deref(), edep_quality: None }, &phantom.regions).unwrap();
    }
    acc.means().unwrap()
}

/// Relative standard error of every voxel made by [`means`].
pub(super) fn relative_sigma() -> f64 {
    0.1 / 15.0f64.sqrt()
}
