//! The binding-site barrier: how deep a ligand comes, and where it stays.

use dosaic::response::tme::micro::{Device, LigandConstants, Penetration, penetration};

use crate::diffusion::grid;

/// A ligand that binds fast and for good, from a plasma that does not change; um, s, nM.
const STUCK: LigandConstants = LigandConstants {
    diffusivity: 80.0,
    k_on: 0.02,
    k_off: 0.0,
    k_int: 0.0,
    plasma: 10.0,
    half_life: 1.0e12,
    duration: 3600.0,
    steps: 400,
};

/// Voxels of 2 um along x, the first supplied.
const SPACING: f64 = 2.0;

fn slab(receptors: f32, constants: &LigandConstants) -> Penetration {
    let grid = grid([251, 1, 1], [SPACING, 5.0, 5.0]);
    let supplied: Vec<Option<f32>> = (0..grid.len()).map(|v| (v == 0).then_some(1.0)).collect();
    penetration(&grid, &supplied, &vec![receptors; grid.len()], constants, &Device::Cpu(1)).expect("it converges")
}

/// Depth at which half of the receptors are filled, um.
fn front(result: &Penetration, receptors: f32) -> f64 {
    let half = 0.5 * receptors;
    let i =
        (1..result.retained.len() - 1).find(|&i| result.retained[i] >= half && result.retained[i + 1] < half).expect("there is a front");
    let (a, b) = (f64::from(result.retained[i]), f64::from(result.retained[i + 1]));
    (i as f64 - 0.5 + (a - f64::from(half)) / (a - b)) * SPACING
}

/// Depth of a front behind which all receptors are filled (Stefan's problem): `sqrt(pi) z e^(z^2) erf(z) = C/R`, depth `2 z sqrt(D t)`.
fn stefan(ratio: f64, constants: &LigandConstants) -> f64 {
    let left = |z: f64| {
        // z e^(z^2) sqrt(pi) erf(z) = 2 z^2 sum_n (2 z^2)^n/(2n+1)!!
        let (mut term, mut sum) = (1.0, 1.0);
        for n in 1..60 {
            term *= 2.0 * z * z / f64::from(2 * n + 1);
            sum += term;
        }
        2.0 * z * z * sum
    };
    let (mut low, mut high) = (0.0, 3.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if left(middle) < ratio { low = middle } else { high = middle }
    }
    2.0 * low * (constants.diffusivity * constants.duration).sqrt()
}

#[test]
fn the_front_moves_with_the_root_of_time_and_ligand_per_receptor() {
    let (few, many) = (front(&slab(100.0, &STUCK), 100.0), front(&slab(400.0, &STUCK), 400.0));
    let formula = |receptors: f64| (2.0 * 80.0 * 10.0 * 3600.0 / receptors).sqrt();
    assert!((few / stefan(0.1, &STUCK) - 1.0).abs() < 0.01, "{few}");
    assert!((many / stefan(0.025, &STUCK) - 1.0).abs() < 0.02, "{many}");
    // sqrt(2 D C t/R) leaves out the ligand on its way: 3 % at C/R = 0.1.
    assert!((few / formula(100.0) - 1.0).abs() < 0.03 && (many / formula(400.0) - 1.0).abs() < 0.03, "{few} {many}");
    // Four times as many receptors: half the depth.
    assert!((few / many - 2.0).abs() < 0.06, "{}", few / many);
    let early = front(&slab(100.0, &LigandConstants { duration: 900.0, ..STUCK }), 100.0);
    assert!((few / early - 2.0).abs() < 0.04, "{}", few / early);
}

#[test]
fn ligand_is_neither_made_nor_lost() {
    // Release, internalisation, and a plasma that empties while ligand flows back.
    let constants = LigandConstants { k_off: 1.0e-3, k_int: 2.0e-4, half_life: 1200.0, duration: 7200.0, ..STUCK };
    let grid = grid([20, 21, 22], [10.0; 3]);
    let supplied: Vec<Option<f32>> = (0..grid.len()).map(|v| (v % 97 == 0).then_some(0.25 * (v % 5) as f32)).collect();
    let receptors: Vec<f32> = (0..grid.len()).map(|v| if v % 3 == 0 { 0.0 } else { 60.0 }).collect();
    let run = |steps| {
        let constants = LigandConstants { steps, ..constants };
        penetration(&grid, &supplied, &receptors, &constants, &Device::Cpu(2)).expect("it converges")
    };
    let result = run(100);
    let sum = |values: &[f32]| values.iter().map(|&x| f64::from(x)).sum::<f64>();
    let total = sum(&result.retained) + sum(&result.free);
    assert!((total / result.inflow - 1.0).abs() < 2.0e-4, "{total} from {}", result.inflow);
    for (voxel, (&kept, &sites)) in result.retained.iter().zip(&receptors).enumerate() {
        assert!(kept >= 0.0 && !(supplied[voxel].is_some() && kept > 0.0), "{voxel}: {kept} on {sites}");
        assert!(sites > 0.0 || kept == 0.0, "{voxel}: {kept} without receptors");
    }
    // The error of a step falls with its length: half as many are 0.4 % off, twice as many half of that.
    for (steps, most) in [(50, 5.0e-3), (200, 2.5e-3)] {
        let other = sum(&run(steps).retained) / sum(&result.retained);
        assert!((other - 1.0).abs() < most, "{steps} steps: {other}");
    }
}

#[test]
fn a_well_stirred_voxel_follows_its_rate_equations() {
    // Ligand enters so fast that C is that of plasma: B by Runge and Kutta.
    let constants =
        LigandConstants { diffusivity: 1.0e6, k_off: 1.0e-3, k_int: 3.0e-4, half_life: 1800.0, steps: 2000, k_on: 2.0e-4, ..STUCK };
    let grid = grid([2, 1, 1], [2.0, 5.0, 5.0]);
    let result = penetration(&grid, &[Some(1.0), None], &[0.0, 50.0], &constants, &Device::Cpu(1)).expect("it converges");
    let rate = |t: f64, b: f64| {
        let c = 10.0 * (-std::f64::consts::LN_2 * t / 1800.0).exp();
        constants.k_on * c * (50.0 - b) - (constants.k_off + constants.k_int) * b
    };
    let (mut bound, mut inside, h) = (0.0, 0.0, 1.0);
    for i in 0..3600 {
        let t = f64::from(i) * h;
        let k1 = rate(t, bound);
        let k2 = rate(t + 0.5 * h, bound + 0.5 * h * k1);
        let new = bound + h * k2;
        inside += 0.5 * h * constants.k_int * (bound + new);
        bound = new;
    }
    let found = f64::from(result.retained[1]);
    assert!((found / (bound + inside) - 1.0).abs() < 2.0e-3, "{found} instead of {}", bound + inside);
}

#[test]
fn wrong_constants_are_refused() {
    let grid = grid([2, 1, 1], [2.0, 5.0, 5.0]);
    let wrong = [
        LigandConstants { k_on: 0.0, ..STUCK },
        LigandConstants { k_off: -1.0, ..STUCK },
        LigandConstants { plasma: f64::NAN, ..STUCK },
        LigandConstants { steps: 0, ..STUCK },
    ];
    for constants in wrong {
        let message = penetration(&grid, &[Some(1.0), None], &[0.0, 1.0], &constants, &Device::Cpu(1)).expect_err("wrong").to_string();
        assert!(message.contains("expected positive numbers"), "{message}");
    }
    let message = penetration(&grid, &[Some(1.0), None], &[0.0], &STUCK, &Device::Cpu(1)).expect_err("a value is missing").to_string();
    assert!(message.contains("receptors for 1 voxels; expected 2"), "{message}");
}
