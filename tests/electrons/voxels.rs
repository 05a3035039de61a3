//! Voxels.

use dosaic::{
    grid::VoxelGrid,
    plan::{PhotonMode, TransportPlan, WaterData},
    transport::backend::{Particle, Settings},
};
use glam::DVec3;

use crate::{
    reference::{equivalent, rows},
    spectra::spectrum,
    world::{Run, Setup},
};

/// What a user gets who sets nothing but the water.
pub(crate) fn default_settings(grid: &VoxelGrid) -> Settings {
    let plan = TransportPlan {
        histories: 1,
        batches: 16,
        goal: None,
        seed: 1,
        device: "cpu".into(),
        water: WaterData::Icru49,
        delta_threshold: None,
        electron_cut: None,
        photons: PhotonMode::Analogue,
        photon_threshold: None,
        photon_cut: None,
        range_rejection: true,
    };
    Settings::resolve(&plan, grid)
}

fn at_offset(values: &[f64], size: u32, offset: [i32; 3]) -> f64 {
    let (size, middle) = (size as i32, (size / 2) as i32);
    let at = |[i, j, k]: [i32; 3]| values[(((k + middle) * size + j + middle) * size + i + middle) as usize];
    let all = equivalent(offset);
    all.iter().map(|&o| at(o)).sum::<f64>() / all.len() as f64
}

#[test]
fn voxel_s_values() {
    let size = 13;
    let grid = VoxelGrid::axis_aligned([size; 3], DVec3::splat(3.0), DVec3::ZERO);
    let mut settings = default_settings(&grid);
    let arg = |k: &str, d: f64| std::env::var(k).map_or(d, |n| n.parse().unwrap());
    settings.tables.step_fraction = arg("F", settings.tables.step_fraction);
    settings.tables.delta_floor = arg("DF", settings.tables.delta_floor);
    settings.tables.delta_share = arg("DS", settings.tables.delta_share);
    eprintln!("{settings:?}");
    let mut setup = Setup::water([size; 3], 3.0, settings.tables);
    setup.settings = settings;
    let source = [[u32::MAX, setup.phantom.grid.index([size / 2; 3]) as u32]];
    for (nuclide, components, histories) in [("Y-90", &["beta"][..], 1_600_000), ("Lu-177", &["beta", "ce_auger"], 3_200_000)] {
        let sampler = spectrum(nuclide, components);
        let t = std::time::Instant::now();
        let run: Run = setup.run(Particle::Electron, &source, sampler.rows(), histories);
        eprintln!(
            "{nuclide}: {:.0} per s, steps {:.2}",
            histories as f64 / t.elapsed().as_secs_f64(),
            run.sums.steps as f64 / histories as f64
        );
        let scale = sampler.intensity() * 1.602_176_634e-10 / 0.027;
        for row in rows(include_str!("../../src/verify/reference/egsnrc_voxel_s.csv")).iter().filter(|row| row.text("nuclide") == nuclide) {
            let offset = ["i", "j", "k"].map(|c| row.number(c) as i32);
            let theirs = row.number("gy_per_decay");
            if theirs < 2e-13 {
                continue;
            }
            let ours = scale * at_offset(&run.energy, size, offset);
            let n = equivalent(offset).len() as f64;
            let sigma = (scale * at_offset(&run.sigma, size, offset) / n.sqrt()).hypot(row.number("sigma"));
            eprintln!(
                "{nuclide} {offset:?}: {ours:.4e} Gy, EGSnrc {theirs:.4e} ({:+.2} +- {:.2} %)",
                100.0 * (ours / theirs - 1.0),
                100.0 * sigma / theirs
            );
        }
    }
}
