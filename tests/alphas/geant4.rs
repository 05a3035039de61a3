//! Alphas in water against Geant4: straggling and S values of cells. Depth dose, kernels and voxel S values: `dosaic verify` (`tests/verify.rs`).

use dosaic::{
    nuclide::{Line, spectrum::EnergySampler},
    plan::WaterData,
    transport::backend::Particle,
    verify::reference::rows,
};

use crate::{options, world::Setup};

/// The path-length straggling lies between the measured and Geant4's (docs/adr/0001-alpha-straggling.md).
#[test]
fn straggling_lies_between_measurement_and_geant4() {
    use dosaic::transport::{
        constants::ALPHA_SIGMA_AT,
        cpu::tables::{table_alpha_range, table_energy},
    };
    let setup = Setup::water([1; 3], 1.0, options(WaterData::Icru90));
    for row in rows(include_str!("../../src/verify/reference/geant4_alpha_ranges.csv")).iter().filter(|row| row.text("water") == "ICRU90") {
        let energy = row.number("energy_mev") as f32;
        let sigma = f64::from(table_energy(&setup.tables, 0, ALPHA_SIGMA_AT, energy));
        let range = 1e4 * f64::from(table_alpha_range(&setup.tables, 0, energy));
        let geant4 = row.number("path_half68") / row.number("path");
        eprintln!(
            "{energy} MeV: range {range:.2} um, sigma {:.3} um = {:.2} %, Geant4 {:.2} %",
            sigma * range,
            100.0 * sigma,
            100.0 * geant4
        );
        assert!(sigma < geant4 && sigma > 0.9 * geant4, "{energy} MeV: {sigma} against {geant4}");
    }
}

fn line(energy: f64) -> EnergySampler {
    EnergySampler::new(&[Line { energy, intensity: 1.0 }], &[]).expect("a line")
}

/// Concentric spheres in voxels of 0.25 um.
#[test]
fn cells() {
    let spectrum = line(5.8);
    let edge = 0.25;
    for row in rows(include_str!("../../src/verify/reference/geant4_alpha_cells.csv")) {
        let (cell, nucleus) = (row.number("cell_radius_um"), row.number("nucleus_radius_um"));
        // On a surface no voxel lies.
        if row.text("source") == "CS" {
            continue;
        }
        let size = 2 * (cell / edge) as u32 + 2;
        let setup = Setup::water([size; 3], edge * 1e-3, options(WaterData::Icru90));
        let radius = |v: usize| {
            let [i, j, k] = setup.phantom.grid.ijk(v).map(|n| (f64::from(n) + 0.5 - 0.5 * f64::from(size)) * edge);
            (i * i + j * j + k * k).sqrt()
        };
        let part: Vec<usize> =
            (0..setup.phantom.grid.len()).map(|v| if radius(v) < nucleus { 0 } else { usize::from(radius(v) >= cell) + 1 }).collect();
        let members: Vec<u32> = (0..part.len() as u32)
            .filter(|&v| match row.text("source") {
                "N" => part[v as usize] == 0,
                "Cy" => part[v as usize] == 1,
                _ => part[v as usize] < 2,
            })
            .collect();
        let source: Vec<[u32; 2]> =
            members.iter().enumerate().map(|(i, &v)| [((i as u64 + 1) * u64::from(u32::MAX) / members.len() as u64) as u32, v]).collect();
        let run = setup.run(Particle::Alpha, &source, spectrum.rows(), 200_000);
        let mut sums = [0.0; 3];
        run.energy.iter().zip(&part).for_each(|(e, &p)| sums[p] += e);
        for (target, ours) in [("nucleus", sums[0]), ("cytoplasm", sums[1])] {
            let theirs = row.number(&format!("{target}_mev"));
            let sigma = row.number(&format!("{target}_sigma")) * (1.0f64 + 60.0 / 200.0).sqrt();
            let deviation = ours / theirs - 1.0;
            eprintln!(
                "cell {cell}/{nucleus} um, {} to {target}: {ours:.4} MeV ({:+.2} +- {:.2} %)",
                row.text("source"),
                100.0 * deviation,
                100.0 * sigma / theirs
            );
            assert!(
                deviation.abs() < 0.01 + 2.0 * sigma / theirs,
                "cell {cell}/{nucleus}, {} to {target}: {ours} instead of {theirs}",
                row.text("source")
            );
        }
    }
}
