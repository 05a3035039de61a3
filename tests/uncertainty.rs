//! The reported standard error is the spread between seeds. Needs no adapter.

#[path = "support/world.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod world;

use dosaic::{
    kernel::stage::standard_plan,
    plan::WaterData,
    transport::backend::{Particle, Settings},
    verify::reference::spectrum,
};
use world::{Run, Setup};

/// The reported error is the spread between seeds: mean of the squared deviations over the reported variances, 24 seeds x several voxels.
#[test]
fn reported_uncertainty_is_the_spread_between_seeds() {
    let sampler = spectrum("Lu-177", &["beta", "ce_auger"]);
    let settings = Settings::for_edge(&standard_plan(WaterData::Icru49, 1), 0.3);
    let mut setup = Setup::water([5; 3], 3.0, settings.tables);
    setup.settings = settings;
    let source = {
        let voxels: Vec<usize> = (0..setup.phantom.grid.len()).filter(|v| v % 3 == 0).collect();
        setup.source_per_mass(&voxels)
    };
    let runs: Vec<Run> = (0..24)
        .map(|seed| {
            setup.settings.seed = 100 + seed;
            setup.run(Particle::Electron, &source, sampler.rows(), 32_000)
        })
        .collect();
    let n = runs.len() as f64;
    let (mut spread, mut reported) = (0.0, 0.0);
    for v in 0..setup.phantom.grid.len() {
        let mean = runs.iter().map(|r| r.energy[v]).sum::<f64>() / n;
        let variance = runs.iter().map(|r| (r.energy[v] - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let square = runs.iter().map(|r| r.sigma[v].powi(2)).sum::<f64>() / n;
        spread += variance / mean.powi(2);
        reported += square / mean.powi(2);
    }
    let ratio = spread / reported;
    println!("variance between seeds / reported variance: {ratio:.3}");
    // 125 voxels x 23 degrees of freedom: the ratio is known to 3 %. Systematic sampling of the source makes the truth a little smaller than reported.
    assert!((0.75..1.12).contains(&ratio), "{ratio}");
}
