//! The tables that the kernels read give back the ranges of the evaluations, in every tabulated material and across walls.

use dosaic::{
    phantom::pack_voxel,
    physics::{
        alpha_stopping::{alpha_stopping, tabulated},
        elements::elements,
        interpolation::LogLogSpline,
        materials::{Material, find},
    },
    plan::WaterData,
    transport::{
        cpu::tables::{table_alpha, table_alpha_range},
        tables::Tables,
    },
};
use glam::{DVec3, UVec3, Vec3};

use crate::{follow, options, start, world::Setup};

/// The tables' names; elements are called "element_08".
fn material(name: &str) -> Material {
    let Some(z) = name.strip_prefix("element_") else { return find(name).unwrap_or_else(|| panic!("{name} is a material")) };
    let z: u8 = z.parse().expect("atomic number");
    let element = &elements()[usize::from(z) - 1];
    Material::new(name, element.density, Some(element.i_value), &[(z, 1.0)], "test").expect(name)
}

#[test]
fn ranges_in_every_tabulated_material() {
    let references = include_str!("../../src/verify/reference/alpha_csda.csv");
    let mut lines = references.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect::<Vec<_>>());
    let energies: Vec<f64> = lines.next().expect("a header")[1..].iter().map(|e| e.parse().expect("an energy")).collect();
    let mut worst = (0.0, String::new());
    let mut materials = 0;
    for line in lines {
        let water = if line[0] == "water_icru90" { WaterData::Icru90 } else { WaterData::Icru49 };
        let m = material(line[0]);
        let tables = Tables::build(std::slice::from_ref(&m), &[pack_voxel(0, m.density as f32)], &options(water)).expect(line[0]);
        let mut check = |what: &str, e: f64, found: f64, expected: f64| {
            let deviation = (found / expected - 1.0).abs();
            assert!(deviation < 2e-3, "{} {e} MeV, {what}: {:.3} %", line[0], 100.0 * deviation);
            if deviation > worst.0 {
                worst = (deviation, format!("{} {e} MeV, {what}", line[0]));
            }
        };
        // The evaluation's own CSDA ranges, from 10 keV.
        for (&e, range) in energies.iter().zip(&line[1..]) {
            let expected: f64 = range.parse().expect("a range");
            check("range", e, table_alpha_range(&tables, 0, e as f32).into(), expected);
            check("energy", e, table_alpha(&tables, 0, expected as f32).energy.into(), e);
        }
        // Integrated from the stopping powers, from 1 keV, at energies between the nodes of the tables too.
        let stopping = alpha_stopping(&m, water).expect(line[0]);
        let csda = LogLogSpline::new(&stopping.energy, &stopping.csda_range());
        for k in 0..=400 {
            let e = 1e-3 * 15e3f64.powf(f64::from(k) / 400.0);
            check("range", e, table_alpha_range(&tables, 0, e as f32).into(), csda.eval(e));
            let range = csda.eval(e);
            if range > 2f64.powi(-18) {
                check("energy", e, table_alpha(&tables, 0, range as f32).energy.into(), e);
            }
        }
        materials += 1;
    }
    assert_eq!(materials, tabulated().len());
    eprintln!("{materials} materials: largest deviation of a tabulated range or energy {:.4} % ({})", 100.0 * worst.0, worst.1);
}

/// Where an alpha without straggling stops, going along z through layers.
fn stops_at(setup: &Setup, energy: f32, edge: f64) -> f64 {
    let params = setup.params();
    let middle = 0.5 * Vec3::from(params.spacing);
    let alpha = start(setup, &params, UVec3::ZERO, middle.with_z(0.0), Vec3::Z, energy, 0.0);
    let mut left = f64::from(energy);
    let mut depth = 0.0;
    follow(setup, &params, alpha, |d| {
        let e = f64::from(d.quanta) * crate::world::QUANTUM;
        left -= e;
        if left > 1e-6 {
            depth = f64::from(d.index + 1) * edge;
        }
    });
    assert!(left.abs() < 1e-6);
    depth
}

#[test]
fn range_in_layers_is_the_range() {
    // 10-nm layers: the last wall crossed is the range to 10 nm.
    for (name, energy) in [("water_liquid", 5.0f32), ("water_liquid", 8.785), ("water_liquid", 0.5), ("bone_cortical", 5.5), ("liver", 7.0)]
    {
        let setup = Setup::new(&[name], [1, 1, 12_000], DVec3::new(10.0, 10.0, 1e-5), options(WaterData::Icru90), |_| (0, 1.0));
        let range = 1e4 * f64::from(table_alpha_range(&setup.tables, 0, energy));
        let found = stops_at(&setup, energy, 0.01);
        assert!((found - range).abs() < 0.011, "{name} {energy} MeV: stops at {found} um, range {range} um");
    }
}

/// Energies at walls follow from range tables alone: R2(E) in the second material takes over where the first ends.
#[test]
fn across_materials_the_energy_is_kept() {
    let names = ["water_liquid", "bone_cortical_icrp", "lung"];
    let density = [1.0f32, 1.85, 0.26];
    let layer = |k: u32| [0usize, 1, 2, 1][(k / 5 % 4) as usize];
    let edge = 0.5;
    let setup = Setup::new(&names, [1, 1, 400], DVec3::new(10.0, 10.0, edge * 1e-3), options(WaterData::Icru90), |[_, _, k]| {
        (layer(k) as u8, density[layer(k)])
    });
    let stopping: Vec<_> = setup
        .phantom
        .materials
        .iter()
        .map(|m| {
            let s = alpha_stopping(m, WaterData::Icru90).expect("data");
            let range = s.csda_range();
            (LogLogSpline::new(&s.energy, &range), LogLogSpline::new(&range, &s.energy))
        })
        .collect();
    let params = setup.params();
    for energy in [4.0f32, 5.8, 8.785] {
        let mut expected = f64::from(energy);
        let mut left = f64::from(energy);
        let middle = 0.5 * Vec3::from(params.spacing);
        follow(&setup, &params, start(&setup, &params, UVec3::ZERO, middle.with_z(0.0), Vec3::Z, energy, 0.0), |d| {
            let m = layer(d.index);
            let range = stopping[m].0.eval(expected) - f64::from(density[m]) * edge * 1e-4;
            left -= f64::from(d.quanta) * crate::world::QUANTUM;
            expected = if range > 0.0 { stopping[m].1.eval(range) } else { 0.0 };
            // Each of up to 40 changes of material reads a range and an energy, both exact to 1e-5.
            assert!((left - expected).abs() < 1e-3 + 3e-4 * expected, "{energy} MeV, layer {}: {left} instead of {expected}", d.index);
        });
        assert_eq!(left, 0.0);
    }
}
