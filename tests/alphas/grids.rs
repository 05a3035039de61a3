//! The dose does not depend on the grid.

use dosaic::{
    nuclide::{Line, spectrum::EnergySampler},
    plan::WaterData,
    transport::backend::Particle,
};
use glam::DVec3;

use crate::{options, world::Setup};

fn line(energy: f64) -> EnergySampler {
    EnergySampler::new(&[Line { energy, intensity: 1.0 }], &[]).expect("a line")
}

/// A source block of 40 um in two densities, on voxels of 20 um, 5 um and 20 x 5 x 10 um: the energies in slabs of 20 um agree within
/// 0.3 % beyond 3 sigma, those in voxels of 20 um within their statistics.
#[test]
fn refined_and_anisotropic_voxels() {
    const COARSE: u32 = 12;
    let spectrum = line(5.8);
    let binned = |split: [u32; 3], seed: u64| -> (Vec<f64>, Vec<f64>) {
        let size = split.map(|s| COARSE * s);
        let edges = DVec3::new(20e-3 / f64::from(split[0]), 20e-3 / f64::from(split[1]), 20e-3 / f64::from(split[2]));
        let density = |ijk: [u32; 3]| if (ijk[0] / split[0]) < 6 { 1.0 } else { 1.5 };
        let mut setup = Setup::new(&["water_liquid"], size, edges, options(WaterData::Icru90), |ijk| (0, density(ijk)));
        setup.settings.seed = seed;
        let coarse = |ijk: [u32; 3]| [ijk[0] / split[0], ijk[1] / split[1], ijk[2] / split[2]];
        setup.regions(|ijk| {
            let [i, j, k] = coarse(ijk);
            (1 + (k * COARSE + j) * COARSE + i) as u16
        });
        let members: Vec<usize> =
            (0..setup.phantom.grid.len()).filter(|&v| coarse(setup.phantom.grid.ijk(v)).iter().all(|n| (5..7).contains(n))).collect();
        let run = setup.run(Particle::Alpha, &setup.source_per_mass(&members), spectrum.rows(), 1_600_000);
        let regions = &run.means.regions[1..];
        (regions.iter().map(|r| r.edep).collect(), regions.iter().map(|r| r.sigma.powi(2)).collect())
    };
    let (reference, variance) = binned([1; 3], 1);
    let top = reference.iter().copied().fold(0.0, f64::max);
    for (split, seed) in [([4, 4, 4], 2), ([1, 4, 2], 3)] {
        let (other, _) = binned(split, seed);
        let used: Vec<usize> = (0..reference.len()).filter(|&v| reference[v] > 0.02 * top).collect();
        let chi2 = used.iter().map(|&v| (reference[v] - other[v]).powi(2) / (2.0 * variance[v])).sum::<f64>() / used.len() as f64;
        // Estimated errors of 16 batches make chi2 per voxel 1.15 on average.
        assert!(used.len() > 80 && chi2 < 1.6, "{split:?}: chi2 {chi2} per voxel over {}", used.len());
        let mut worst = 0.0f64;
        for axis in 0..3u32 {
            let slabs = |map: &[f64]| -> Vec<f64> {
                let mut sums = vec![0.0; COARSE as usize];
                map.iter().enumerate().for_each(|(v, e)| sums[v / COARSE.pow(axis) as usize % COARSE as usize] += e);
                sums
            };
            for ((a, b), v) in slabs(&reference).iter().zip(slabs(&other)).zip(slabs(&variance)).filter(|((a, _), _)| **a > 0.02 * 5.8) {
                let difference = (a / b - 1.0).abs();
                assert!(difference < 3e-3 + 3.0 * (2.0 * v).sqrt() / b, "{split:?}: slabs along axis {axis} differ by {difference}");
                worst = worst.max(difference);
            }
        }
        eprintln!("split {split:?}: slabs differ by at most {:.3} %, chi2 {chi2:.2} per voxel", 100.0 * worst);
    }
}
