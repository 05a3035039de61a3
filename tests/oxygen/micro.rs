//! Oxygen between voxels (T15) and of a single one.

use dosaic::{
    grid::VoxelGrid,
    response::{
        lq::oxygen::oxygen_factor,
        tme::{
            cpu::oxygen::oxygen_local,
            micro::{Device, MicroOxygen, MicroState, Supply, random_vessels},
            oxygen::{OxygenConstants, krogh::Krogh},
        },
    },
};

use crate::{
    diffusion::{grid, in_shell, place},
    tissue::TISSUE,
};

/// Consumption that does not depend on pO2.
const SHARP: OxygenConstants = OxygenConstants { michaelis: 1.0e-3, ..TISSUE };

fn full(count: usize) -> Vec<f32> {
    vec![1.0; count]
}

fn state(consumption: &[f32]) -> MicroState<'_> {
    MicroState { consumption, perfusion: None, capillary_shift: 0.0 }
}

#[test]
fn a_slab_is_supplied_from_one_side() {
    // T15: 29.875 mmHg at 30 um, 26.5 mmHg at the closed end at 60 um.
    for (n, tolerance) in [(15u32, 0.016), (45, 0.0025)] {
        let h = 60.0 / f64::from(n);
        let grid = grid([1, n + 1, 1], [5.0, h, 5.0]);
        let supply: Vec<Supply> = (0..=n).map(|j| if j == 0 { Supply::Held(40.0) } else { Supply::Tissue }).collect();
        let mut oxygen = MicroOxygen::new(&grid, &supply, &SHARP, &Device::Cpu(1)).expect("a small grid");
        let po2 = oxygen.solve(&state(&full(grid.len()))).expect("it converges");
        let middle = f64::from(po2[usize::try_from(n.div_ceil(2)).expect("small")]);
        // The parabola from the last centre to the end.
        let end = f64::from(po2[grid.len() - 1]) - 15.0 / 2000.0 * h * h / 8.0;
        assert!((middle - 29.875).abs() < tolerance, "{n}: {middle}");
        assert!((end - 26.5).abs() < tolerance, "{n}: {end}");
        assert_eq!(po2[0], 40.0);
    }
}

#[test]
fn a_sphere_is_supplied_from_outside() {
    // T15: radius 150 um, 11.875 mmHg at the centre, 18.90625 mmHg at 75 um; its surface is made of voxels here.
    for (n, h, tolerance) in [(33u32, 10.0, 0.4), (65, 5.0, 0.2)] {
        let grid = grid([n; 3], [h; 3]);
        let radius = |v: usize| {
            let ijk = grid.ijk(v);
            (0..3).map(|a| ((f64::from(ijk[a]) - f64::from(n / 2)) * h).powi(2)).sum::<f64>().sqrt()
        };
        let supply: Vec<Supply> = (0..grid.len()).map(|v| if radius(v) > 150.0 { Supply::Held(40.0) } else { Supply::Tissue }).collect();
        let mut oxygen = MicroOxygen::new(&grid, &supply, &SHARP, &Device::Cpu(2)).expect("a small grid");
        let po2 = oxygen.solve(&state(&full(grid.len()))).expect("it converges").to_vec();
        let middle = n / 2;
        // 75 um lies between two centres where these are 10 um apart.
        let off = [(75.0 / h).floor(), (75.0 / h).ceil()].map(|i| f64::from(po2[grid.index([middle + i as u32, middle, middle])]));
        let [centre, between] = [f64::from(po2[grid.index([middle; 3])]), 0.5 * (off[0] + off[1])];
        assert!((centre - 11.875).abs() < tolerance, "{h}: {centre}");
        assert!((between - 18.906_25).abs() < tolerance, "{h}: {between}");
    }
}

#[test]
fn between_two_capillaries_radii_it_is_a_krogh_cylinder() {
    // A patch of a cylinder's cross section, from 15 to 135 um, with an anoxic part; its shell has the cylinder's pO2.
    let krogh = Krogh { diffusivity: 2000.0, consumption: 15.0, michaelis: 2.5, capillary_radius: 5.0 };
    let profile = krogh.solve(140.0, 40.0).expect("it has a solution");
    let errors = [20u32, 40].map(|n| {
        let grid = grid([2 * n + 2, n + 2, 1], [120.0 / f64::from(2 * n), 60.0 / f64::from(n), 5.0]);
        let exact = |v: usize| {
            let [x, y, _] = place(&grid, v);
            profile.at((15.0 + x).hypot(y - 30.0))
        };
        let supply: Vec<Supply> =
            (0..grid.len()).map(|v| if in_shell(&grid, v) { Supply::Held(exact(v) as f32) } else { Supply::Tissue }).collect();
        let mut oxygen = MicroOxygen::new(&grid, &supply, &TISSUE, &Device::Cpu(1)).expect("a small grid");
        let po2 = oxygen.solve(&state(&full(grid.len()))).expect("it converges");
        (0..grid.len()).filter(|&v| !in_shell(&grid, v)).map(|v| (f64::from(po2[v]) - exact(v)).abs()).fold(0.0, f64::max)
    });
    assert!(errors[1] < 0.05 && errors[0] / errors[1] > 3.0, "{errors:?}");
}

#[test]
fn vessels_lose_their_voxels_and_cells_their_use() {
    let grid = grid([30, 31, 29], [10.0; 3]);
    let all: Vec<u32> = (0..grid.len() as u32).collect();
    let vessels = random_vessels(&all, 0.02, 5);
    assert_eq!(vessels.len(), (0.02 * grid.len() as f64).round() as usize);
    let mut supply = vec![Supply::Tissue; grid.len()];
    for &vessel in &vessels {
        supply[vessel as usize] = Supply::Capillary;
    }
    let mut oxygen = MicroOxygen::new(&grid, &supply, &TISSUE, &Device::Cpu(2)).expect("a small grid");
    let mean = |po2: &[f32]| po2.iter().map(|&p| f64::from(p)).sum::<f64>() / po2.len() as f64;
    let consumption = full(grid.len());
    let whole = oxygen.solve(&state(&consumption)).expect("it converges").to_vec();
    assert!(vessels.iter().all(|&v| whole[v as usize] == 40.0) && whole.iter().all(|&p| (0.0..=40.001).contains(&p)));
    let cold = oxygen.convergence().expect("it was solved").iterations;
    // Anew from the solution: nothing is left to do.
    let again = oxygen.solve(&state(&consumption)).expect("it converges").to_vec();
    let warm = oxygen.convergence().expect("it was solved").iterations;
    assert!(warm <= 3 && cold > 4, "{cold} then {warm} iterations");
    assert!(again.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 2.0e-3));
    // A few per cent fewer cells: a warm start saves iterations and gives the same as a cold one.
    let fewer = vec![0.95; grid.len()];
    let change = oxygen.solve(&state(&fewer)).expect("it converges").to_vec();
    assert!(oxygen.convergence().expect("it was solved").iterations < cold);
    let mut anew = MicroOxygen::new(&grid, &supply, &TISSUE, &Device::Cpu(1)).expect("a small grid");
    let cold = anew.solve(&state(&fewer)).expect("it converges");
    assert!(change.iter().zip(cold).all(|(a, b)| (a - b).abs() < 2.0e-3));
    assert!(change.iter().zip(&whole).all(|(a, b)| *a >= *b - 1.0e-3) && mean(&change) > mean(&whole) + 0.1);
    // Half of the vessels closed; all closed: no oxygen is left anywhere in tissue.
    let perfusion: Vec<f32> = (0..grid.len()).map(|v| if v % 2 == 0 { 1.0 } else { 0.0 }).collect();
    let closed = MicroState { consumption: &consumption, perfusion: Some(&perfusion), capillary_shift: 0.0 };
    assert!(mean(oxygen.solve(&closed).expect("it converges")) < mean(&whole) - 1.0);
    let none = full(grid.len()).iter().map(|_| 0.0).collect::<Vec<f32>>();
    let dead = MicroState { consumption: &consumption, perfusion: Some(&none), capillary_shift: 0.0 };
    let po2 = oxygen.solve(&dead).expect("it converges");
    // A closed vessel has what is around it.
    assert!(po2.iter().all(|&p| p < 1.0e-2), "{:?}", po2.iter().fold(0.0, |a: f32, &b| a.max(b)));
    // Carbogen.
    let richer = MicroState { consumption: &consumption, perfusion: None, capillary_shift: 20.0 };
    let po2 = oxygen.solve(&richer).expect("it converges");
    assert!(mean(po2) > mean(&whole) + 5.0 && po2[vessels[0] as usize] == 60.0);
}

#[test]
fn threads_do_not_change_a_bit() {
    let grid = grid([40, 37, 33], [8.0; 3]);
    let all: Vec<u32> = (0..grid.len() as u32).collect();
    let mut supply = vec![Supply::Tissue; grid.len()];
    for vessel in random_vessels(&all, 0.01, 1) {
        supply[vessel as usize] = Supply::Capillary;
    }
    let [one, three] = [1, 3].map(|threads| {
        let mut oxygen = MicroOxygen::new(&grid, &supply, &TISSUE, &Device::Cpu(threads)).expect("a small grid");
        oxygen.solve(&state(&full(grid.len()))).expect("it converges").to_vec()
    });
    assert_eq!(one, three);
}

#[test]
fn vessels_are_drawn_by_voxel_and_seed() {
    let all: Vec<u32> = (0..5000).collect();
    let first = random_vessels(&all, 0.1, 1);
    assert_eq!(first.len(), 500);
    assert_eq!(first, random_vessels(&all.iter().rev().copied().collect::<Vec<_>>(), 0.1, 1));
    let other = random_vessels(&all, 0.1, 2);
    let shared = other.iter().filter(|v| first.contains(v)).count();
    assert!((20..80).contains(&shared), "{shared} shared, 50 expected");
    assert!(random_vessels(&all, 0.0, 1).is_empty() && random_vessels(&all, 1.0, 1) == all);
    // Evenly along the list.
    let low = first.iter().filter(|&&v| v < 2500).count();
    assert!((210..290).contains(&low), "{low}");
}

#[test]
fn a_fine_voxel_belongs_to_one_class_or_between() {
    let local = |p: f64| oxygen_local(p, 5.0, 3.0, 3.0);
    assert_eq!((local(0.0).hypoxic, local(4.5).hypoxic, local(5.5).hypoxic, local(40.0).hypoxic), (1.0, 1.0, 0.0, 0.0));
    assert!((local(5.0).hypoxic - 0.5).abs() < 1.0e-12);
    for i in 0..400 {
        let p = 0.1 * f64::from(i);
        let here = local(p);
        assert!(here.hypoxic >= local(p + 0.1).hypoxic);
        assert!((here.oxic_weight - oxygen_factor(p, 3.0, 3.0)).abs() < 1.0e-14);
        assert_eq!((here.oxic_weight, here.po2), (here.hypoxic_weight, p));
    }
}

#[test]
fn wrong_input_is_refused() {
    let small = grid([2, 2, 2], [10.0; 3]);
    let refused = |grid: &VoxelGrid, supply: &[Supply], constants: &OxygenConstants| {
        MicroOxygen::new(grid, supply, constants, &Device::Cpu(1)).expect_err("it is wrong").to_string()
    };
    let tissue = vec![Supply::Tissue; 8];
    assert!(refused(&grid([2, 2, 2], [10.0, 10.0, 60.0]), &tissue, &TISSUE).contains("voxels of 60"));
    assert!(refused(&small, &tissue[..7], &TISSUE).contains("7 values for a grid of 8 voxels"));
    assert!(refused(&small, &[Supply::Held(-1.0); 8], &TISSUE).contains("held at -1 mmHg"));
    assert!(refused(&small, &tissue, &OxygenConstants { michaelis: 0.0, ..TISSUE }).contains("half-saturation 0"));
    assert!(refused(&small, &tissue, &OxygenConstants { consumption: 0.0, ..TISSUE }).contains("expected positive numbers"));
    let mut oxygen = MicroOxygen::new(&small, &tissue, &TISSUE, &Device::Cpu(1)).expect("nothing is wrong");
    assert!(oxygen.solve(&state(&[1.0; 7])).expect_err("a value is missing").to_string().contains("expected one each"));
    // Without any supply there is no oxygen.
    assert!(oxygen.solve(&state(&[1.0; 8])).expect("it converges").iter().all(|&p| p < 1.0e-6));
}
