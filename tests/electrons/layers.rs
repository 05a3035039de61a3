//! Water, bone and lung in layers: 1 MeV against EGSnrc, and no trace of walls inside one medium.

use dosaic::transport::{
    constants::STACK,
    cpu::{
        direction::direction_isotropic,
        electron::{
            ELECTRON_DONE, ELECTRON_EVENT, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronWaiting, electron_advance, electron_begin_step,
            electron_deflect, electron_start, electron_wait,
        },
        event::event_happen,
        math::{math_cos_sin, math_exponential},
        tables::table_electron_range,
        tally::tally_quanta,
        voxel::{voxel_index, voxel_material},
    },
    layout::Params,
    rng::{rng_block, rng_uniform},
};
use glam::{DVec3, UVec3, Vec3};

use crate::{
    reference::rows,
    voxels::default_settings,
    world::{QUANTUM, Setup},
};

/// Layers of 0.25 mm before z = 0.
const BEFORE: u32 = 24;
/// Layers behind z = 0: 8 mm that are compared, and 6 mm of water.
const BEHIND: u32 = 56;

/// Quanta per voxel of one history, its delta rays included.
fn follow(setup: &Setup, params: &Params, history: [u32; 2], mut e: Electron, mut deposit: impl FnMut(u32, u32)) {
    let (tables, voxels) = (&setup.tables, &setup.phantom.voxels[..]);
    let mut stack: Vec<ElectronWaiting> = Vec::with_capacity(STACK as usize);
    loop {
        while e.state != ELECTRON_DONE {
            match e.state {
                ELECTRON_STEP => {
                    let begun = electron_begin_step::<false>(params, tables, voxels, history, &mut e);
                    deposit(begun.index, begun.quanta);
                }
                ELECTRON_TURN => electron_deflect(tables, &mut e),
                ELECTRON_EVENT => {
                    let index = e.index;
                    let collision = event_happen::<false>(params, tables, voxels, history, &mut e, stack.len() as u32);
                    deposit(index, collision.quanta);
                    if collision.born == 1 {
                        stack.push(electron_wait(&e));
                        e = electron_start(params, voxels, collision.delta);
                    }
                }
                _ => {
                    let moved = electron_advance::<false>(params, tables, voxels, &mut e);
                    deposit(moved.index, moved.quanta);
                }
            }
        }
        let Some(next) = stack.pop() else { return };
        e = electron_start(params, voxels, next);
    }
}

/// Energy fraction per layer and its standard error; electrons of 1 MeV start on the wall at z = 0.
fn fractions(setup: &Setup, beam: bool, histories: u32) -> Vec<(f64, f64)> {
    let params = setup.params();
    let layers = params.size[2] as usize;
    let start = UVec3::new(0, 0, if beam { 0 } else { BEFORE });
    let medium = setup.phantom.voxels[voxel_index(start, params.size.into()) as usize];
    let offset = 0.5 * Vec3::from(params.spacing).with_z(0.0);
    let range = table_electron_range(&setup.tables, voxel_material(medium).into(), 1.0);
    let part = |first: u32| {
        let mut sums = vec![[0.0f64; 2]; layers];
        let mut own = vec![0u64; layers];
        for history in (first..histories).step_by(2) {
            let [a, b, c, _] = rng_block(params.seed, [history, 0], 1, 0);
            let direction = if beam { Vec3::Z } else { direction_isotropic(rng_uniform(a), math_cos_sin(b)) };
            let waiting = ElectronWaiting {
                index: voxel_index(start, params.size.into()),
                offset,
                direction,
                range,
                quanta: tally_quanta(1.0),
                interactions: math_exponential(c),
                stream: 1,
                draw: 1,
                steps: 0,
                charge: 0,
            };
            let e = electron_start(&params, &setup.phantom.voxels, waiting);
            follow(setup, &params, [history, 0], e, |index, quanta| own[index as usize] += u64::from(quanta));
            for (sum, own) in sums.iter_mut().zip(&mut own) {
                let e = std::mem::take(own) as f64 * QUANTUM;
                sum[0] += e;
                sum[1] += e * e;
            }
        }
        sums
    };
    let (even, odd) = std::thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        (part(0), other.join().expect("no panic"))
    });
    let n = f64::from(histories);
    let mean = |(a, b): (&[f64; 2], &[f64; 2])| {
        let (sum, square) = ((a[0] + b[0]) / n, (a[1] + b[1]) / n);
        (sum, ((square - sum * sum) / n).sqrt())
    };
    even.iter().zip(&odd).map(mean).collect()
}

/// Layers of 0.25 mm, one voxel wide.
fn layers(beam: bool) -> Setup {
    let before = if beam { 0 } else { BEFORE };
    let names = ["water_liquid", "bone_cortical_icrp", "lung"];
    let fill = |[_, _, k]: [u32; 3]| match k.checked_sub(before) {
        Some(8..=11) => (1, 1.85),
        Some(12..=31) => (2, 0.26),
        _ => (0, 1.0),
    };
    let edges = DVec3::new(400.0, 400.0, 0.25);
    let size = [1, 1, before + BEHIND];
    let settings = default_settings(&dosaic::grid::VoxelGrid::axis_aligned(size, edges, DVec3::ZERO));
    let mut setup = Setup::new(&names, size, edges, settings.tables, fill);
    setup.settings = settings;
    setup
}

/// Each layer within 2 % of the largest dose, and where little arrives (lung) within 5 % of its own.
#[test]
fn slabs() {
    let all = rows(include_str!("../../src/verify/reference/egsnrc_slabs.csv"));
    for case in all.chunk_by(|a, b| a.text("source") == b.text("source")) {
        let beam = case[0].text("source") == "beam";
        let setup = layers(beam);
        let t = std::time::Instant::now();
        let found = fractions(&setup, beam, 200_000);
        eprintln!("{:.1} s", t.elapsed().as_secs_f64());
        let found = &found[if beam { 0 } else { BEFORE as usize }..];
        let dose = |row: &crate::reference::Row, fraction: f64| fraction / row.number("density");
        let top = case.iter().map(|row| dose(row, row.number("fraction"))).fold(0.0, f64::max);
        let mut worst = (0.0f64, 0.0);
        for (row, (fraction, sigma)) in case.iter().zip(found) {
            let deviation = dose(row, fraction - row.number("fraction")) / top;
            let sigma = dose(row, sigma.hypot(row.number("sigma"))) / top;
            eprintln!(
                "{} {} {:.5} {:.5} {:+.2} +- {:.2} % of max, {:+.2} % local",
                row.text("source"),
                row.number("z_low_mm"),
                fraction,
                row.number("fraction"),
                100.0 * deviation,
                100.0 * sigma,
                100.0 * (fraction / row.number("fraction") - 1.0)
            );
            if deviation.abs() > worst.0.abs() {
                worst = (deviation, row.number("z_low_mm"));
            }
            let at = row.number("z_low_mm");
            assert!(deviation.abs() < 0.02 + 2.0 * sigma, "{} at {at} mm: {:.2} % of the maximum", row.text("source"), 100.0 * deviation);
        }
        eprintln!("slabs, {}: largest deviation {:+.2} % of the maximum at {} mm", case[0].text("source"), 100.0 * worst.0, worst.1);
    }
}
