//! Nothing is lost: cells, order of voxels, numbers of threads.

use dosaic::response::tme::{FIELDS, Field, model::field_of, real::Real};

use super::{
    random::Random,
    setting::{DAY, Setting, random_drug},
};

/// 40 voxels in two lesions under everything at once.
fn busy<R: Real>(change: impl Fn(&mut Setting)) -> (Vec<f64>, Vec<f64>) {
    let mut setting = Setting::new(2, 20, 200.0);
    setting.with_oxygen().set("bystander_hazard", 0.1).set("m1_reprogramming", 0.5).set("embolised", 0.05);
    setting.plan.immune = true;
    setting.plan.bystander = true;
    setting.plan.regions[1].parameters.set("doomed_half_life", 8.0);
    setting.plan.regions[0].parameters.set("doomed_stages", 3.0);
    let mut random = Random(24);
    (0..3).for_each(|k| {
        setting.with_drug(random_drug(&mut random, k));
    });
    change(&mut setting);
    let mut run = setting.start::<R>();
    let before = run.fields();
    for (fraction, voxels) in [(0, 0..30), (1, 5..40), (2, 0..40)] {
        let source = run.source(&voxels.collect::<Vec<_>>());
        run.treat(source, 40.0 * f64::from(fraction), 14.0, 70.0);
    }
    (before, run.to(200.0).fields())
}

/// Largest `To + Th + X + N + cleared - born` off its start.
fn imbalance((before, after): &(Vec<f64>, Vec<f64>)) -> f64 {
    let total = |fields: &[f64], voxel: usize| {
        let of = |field: Field| field_of(fields, field)[voxel];
        of(Field::Oxic) + of(Field::Hypoxic) + of(Field::Doomed) + of(Field::Dead) + of(Field::Cleared) - of(Field::Born)
    };
    (0..before.len() / FIELDS).map(|voxel| (total(after, voxel) - total(before, voxel)).abs()).fold(0.0, f64::max)
}

#[test]
fn t24_cells_are_conserved() {
    let wide = busy::<f64>(|_| {});
    assert!(imbalance(&wide) < 1e-12, "{:e}", imbalance(&wide));
    let single = busy::<f32>(|_| {});
    assert!(imbalance(&single) < 5e-6, "{:e}", imbalance(&single));
    // The run is one in which much happens.
    let moved = |field: Field| field_of(&wide.1, field).iter().copied().fold(0.0, f64::max);
    let moved = [Field::Cleared, Field::Born, Field::Emitters, Field::Dead, Field::Recent, Field::DoomedSecond].map(moved);
    assert!(moved[0] > 0.3 && moved[1] > 0.02 && moved[2] > 0.0 && moved[3] > 0.005 && moved[4] > 0.0 && moved[5] > 1e-4, "{moved:?}");
    // Both precisions agree.
    for field in [
        Field::Oxic,
        Field::Doomed,
        Field::DoomedFirst,
        Field::DoomedSecond,
        Field::Dead,
        Field::Caf,
        Field::M1,
        Field::Effector,
        Field::Primed,
        Field::Target,
    ] {
        for (single, wide) in field_of(&single.1, field).iter().zip(field_of(&wide.1, field)) {
            assert!((single - wide).abs() <= 2e-5 * wide.abs().max(1e-3), "{field:?}: {single} {wide}");
        }
    }
}

/// Fields after treating each voxel with its own dose; `order` are the voxels' places.
fn mixed<R: Real>(order: &[usize], threads: usize, days: f64) -> Vec<f64> {
    let n = order.len();
    let mut setting = Setting::new(1, n, days);
    setting.plan.immune = true;
    setting.plan.step = DAY;
    setting.threads = threads;
    setting.with_oxygen();
    let mut run = setting.start::<R>();
    let mut low = vec![0.0; n];
    for (place, &voxel) in order.iter().enumerate() {
        low[place] = 0.1 + 1.3 * ((voxel * 37 % n) as f32) / n as f32;
    }
    let source = run.simulation.add_source(dosaic::response::tme::VoxelSource { low, high: None, blood: None, marrow: None });
    run.treat(source.expect("the source fits"), 0.0, 12.0, 80.0);
    run.to(days).fields()
}

fn permuted<R: Real>() {
    let straight: Vec<usize> = (0..97).collect();
    let shuffled: Vec<usize> = (0..97).map(|i| i * 41 % 97).collect();
    let (a, b) = (mixed::<R>(&straight, 1, 60.0), mixed::<R>(&shuffled, 1, 60.0));
    for field in 0..FIELDS {
        for (place, &voxel) in shuffled.iter().enumerate() {
            assert_eq!(b[field * 97 + place].to_bits(), a[field * 97 + voxel].to_bits(), "field {field} of voxel {voxel}");
        }
    }
}

#[test]
fn t42_order_of_voxels_changes_no_bit() {
    permuted::<f32>();
    // In f64 the blood dose, a mean over voxels, rounds with their order; sources here are of f32 numbers, whose sum in f64 is exact.
    permuted::<f64>();
}

#[test]
fn threads_change_no_bit() {
    let order: Vec<usize> = (0..9000).collect();
    let one = mixed::<f32>(&order, 1, 6.0);
    for threads in [2, 3, 7] {
        assert!(one.iter().zip(mixed::<f32>(&order, threads, 6.0)).all(|(a, b)| a.to_bits() == b.to_bits()), "{threads} threads");
    }
}
