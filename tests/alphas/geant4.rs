//! Alphas in water against Geant4: depth dose, point kernels, S values of voxels and of cells.

use dosaic::{
    nuclide::{Line, spectrum::EnergySampler},
    plan::WaterData,
    transport::{backend::Particle, cpu::decay::decay_normal},
};
use glam::{DVec3, UVec3, Vec3};

use crate::{
    follow, options,
    reference::{Row, equivalent, rows},
    start,
    world::{QUANTUM, Setup},
};

fn water(row: &Row) -> WaterData {
    if row.text("water") == "ICRU90" { WaterData::Icru90 } else { WaterData::Icru49 }
}

/// MeV per alpha in slices of `width` um of a beam along z; without scattering this is the point kernel in shells too.
fn slices(data: WaterData, energy: f32, width: f64, count: u32, histories: u32) -> Vec<f64> {
    let setup = Setup::new(&["water_liquid"], [1, 1, count], DVec3::new(10.0, 10.0, width * 1e-3), options(data), |_| (0, 1.0));
    let params = setup.params();
    let offset = 0.5 * Vec3::from(params.spacing).with_z(0.0);
    let mut sums = vec![0u64; count as usize];
    for history in 0..histories {
        let normal = decay_normal(&params, [history, 0]);
        follow(&setup, &params, start(&setup, &params, UVec3::ZERO, offset, Vec3::Z, energy, normal), |d| {
            sums[d.index as usize] += u64::from(d.quanta);
            assert_eq!(d.escaped, 0, "the slices hold the beam");
        });
    }
    sums.into_iter().map(|s| s as f64 * QUANTUM / f64::from(histories)).collect()
}

/// Depth at which the dose has fallen to half its maximum behind the peak, in bins.
fn half_maximum(dose: &[f64]) -> f64 {
    let peak = (0..dose.len()).max_by(|&a, &b| dose[a].total_cmp(&dose[b])).expect("not empty");
    let half = 0.5 * dose[peak];
    let k = (peak..dose.len() - 1).find(|&k| dose[k + 1] < half).expect("the dose falls");
    k as f64 + 0.5 + (dose[k] - half) / (dose[k] - dose[k + 1])
}

/// Splits rows into the cases of their first two columns.
fn cases(text: &'static str) -> Vec<Vec<Row>> {
    let all = rows(text);
    all.chunk_by(|a, b| (a.text("water"), a.text("energy_mev")) == (b.text("water"), b.text("energy_mev"))).map(<[Row]>::to_vec).collect()
}

/// Compares a curve with the reference; returns the largest deviation in units of its maximum.
fn compare(what: &str, ours: &[f64], theirs: &[f64], bound: f64) -> f64 {
    let top = theirs.iter().copied().fold(0.0, f64::max);
    let mut worst = (0.0f64, 0);
    for (k, (a, b)) in ours.iter().zip(theirs).enumerate() {
        if ((a - b) / top).abs() > worst.0.abs() {
            worst = ((a - b) / top, k);
        }
    }
    eprintln!("{what}: largest deviation {:+.2} % of the maximum, in bin {} of {}", 100.0 * worst.0, worst.1, theirs.len());
    assert!(worst.0.abs() < bound, "{what}: {:.2} % of the maximum in bin {}", 100.0 * worst.0, worst.1);
    worst.0
}

#[test]
fn depth_dose() {
    let all = cases(include_str!("../../src/verify/reference/geant4_alpha_depth_dose.csv"));
    assert_eq!(all.len(), 3);
    for case in all {
        let energy = case[0].number("energy_mev") as f32;
        let theirs: Vec<f64> = case.iter().map(|row| row.number("kev_per_um")).collect();
        let ours: Vec<f64> = slices(water(&case[0]), energy, 1.0, 110, 400_000).into_iter().map(|mev| 1e3 * mev).collect();
        let what = format!("depth dose {energy} MeV {}", case[0].text("water"));
        compare(&what, &ours, &theirs, 0.02);
        let (a, b) = (half_maximum(&ours), half_maximum(&theirs));
        eprintln!("{what}: range at half maximum {a:.3} um, Geant4 {b:.3} um ({:+.2} %)", 100.0 * (a / b - 1.0));
        assert!((a / b - 1.0).abs() < 0.005, "{what}: half maximum at {a} um instead of {b}");
    }
}

#[test]
fn point_kernels() {
    let all = cases(include_str!("../../src/verify/reference/geant4_alpha_point_kernel.csv"));
    assert_eq!(all.len(), 3);
    for case in all {
        let energy = case[0].number("energy_mev") as f32;
        let theirs: Vec<f64> = case.iter().map(|row| row.number("mev_per_shell")).collect();
        let ours = slices(water(&case[0]), energy, 2.0, 60, 400_000);
        compare(&format!("point kernel {energy} MeV {}", case[0].text("water")), &ours, &theirs, 0.02);
        assert!((ours.iter().sum::<f64>() - f64::from(energy)).abs() < 1e-5);
    }
}

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

/// Mean of `values` over the voxels at offsets equivalent to `offset` from the middle of a cube of `size` voxels.
fn at_offset(values: &[f64], size: u32, offset: [i32; 3]) -> f64 {
    let (size, middle) = (size as i32, (size / 2) as i32);
    let at = |[i, j, k]: [i32; 3]| values[(((k + middle) * size + j + middle) * size + i + middle) as usize];
    let all = equivalent(offset);
    all.iter().map(|&o| at(o)).sum::<f64>() / all.len() as f64
}

/// A voxel that receives more than 1/2000 of the energy agrees within 1 % (self and face) or 3 %; the others, which alphas reach at the
/// end of their range only, within 2e-5 of the energy. Both beyond 2 sigma.
#[test]
fn voxel_s_values() {
    let (energy, spectrum) = (5.8, line(5.8));
    let all = rows(include_str!("../../src/verify/reference/geant4_alpha_voxel_s.csv"));
    for case in all.chunk_by(|a, b| a.text("voxel_um") == b.text("voxel_um")) {
        let edge = case[0].number("voxel_um");
        let size = if edge < 20.0 { 13 } else { 3 };
        let setup = Setup::water([size; 3], edge * 1e-3, options(WaterData::Icru90));
        let source = [[u32::MAX, setup.phantom.grid.index([size / 2; 3]) as u32]];
        let run = setup.run(Particle::Alpha, &source, spectrum.rows(), 1_000_000);
        for row in case {
            let offset = ["i", "j", "k"].map(|c| row.number(c) as i32);
            let theirs = row.number("mev");
            let ours = at_offset(&run.energy, size, offset);
            let own = at_offset(&run.sigma, size, offset) / row.number("voxels").sqrt();
            let sigma = (row.number("sigma").powi(2) + own * own).sqrt();
            let near = offset[0] == 0 && offset[1] == 0 && offset[2] <= 1;
            let bound = match theirs {
                _ if near => 0.01 * theirs,
                _ if theirs > energy / 2000.0 => 0.03 * theirs,
                _ => 2.0e-5 * energy,
            };
            if near || offset == [2, 2, 2] || offset == [0, 1, 5] {
                eprintln!(
                    "{edge} um {offset:?}: {ours:.4e} MeV, Geant4 {theirs:.4e} ({:+.2} +- {:.2} %)",
                    100.0 * (ours / theirs - 1.0),
                    100.0 * sigma / theirs
                );
            }
            assert!((ours - theirs).abs() < bound + 2.0 * sigma, "{edge} um {offset:?}: {ours:e} MeV instead of {theirs:e} +- {sigma:e}");
        }
    }
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
