//! Limits with known answers: growth laws, death, dose and repair, and what must not move.

use std::f64::consts::LN_2;

use dosaic::{
    plan::Growth,
    response::{
        lq,
        tme::{Field, model::field_of},
    },
};

use super::{
    close, printed,
    setting::{DAY, Setting, tissue},
};

/// The value at step length 0, from two steps of which one is half the other.
fn extrapolated(value: impl Fn(f64) -> f64) -> f64 {
    let (long, short) = (value(0.04), value(0.02));
    assert!((long - short).abs() < 1e-4 * short, "{long} {short}");
    short + (short - long) / 3.0
}

#[test]
fn t21_growth_laws() {
    let grown = |growth: Growth, step: f64| {
        let mut setting = Setting::new(1, 1, 30.0);
        setting.set("net_doubling_time", LN_2 / 0.1).set("initial_cells", 0.01);
        setting.plan.growth = growth;
        setting.plan.step = step * DAY;
        setting.start::<f64>().to(30.0).cells()
    };
    close("logistic", extrapolated(|step| grown(Growth::Logistic, step)), 0.1686647887, 1e-9);
    close("Gompertz", extrapolated(|step| grown(Growth::Gompertz, step)), 0.7951075242, 1e-9);
    close("logistic, as run", grown(Growth::Logistic, 0.25), 0.1686647887, 1e-4);
}

#[test]
fn dead_cells_take_room_by_their_weight() {
    // n' = T + c (X + N) with X + N = 0.5 at rest: growth r (1 - n') at first.
    for (weight, room) in [(0.0, 0.9), (0.5, 0.65), (1.0, 0.4)] {
        let mut setting = Setting::new(1, 1, 0.01);
        setting.set("net_doubling_time", LN_2 / 0.1).set("initial_cells", 0.1).set("dead_crowding", weight);
        let mut run = setting.build::<f64>(|input| {
            input.fields[Field::Doomed as usize] = 0.2;
            input.fields[Field::Dead as usize] = 0.3;
        });
        close("growth", (run.to(0.01).cells() / 0.1).ln() / 0.01, 0.1 * room, 2e-3);
    }
}

#[test]
fn t22_doomed_cells_die_by_stages() {
    // One stage at 0.1/d, or several with the same mean of 10 d: e^-x (1 + x + ...), x = 10 d times the rate of a stage.
    let run = |stages: f64, step: f64| {
        let mut setting = Setting::new(1, 1, 10.0);
        setting.set("doomed_half_life", LN_2 / 0.1).set("doomed_stages", stages).set("debris_clearance", 0.0);
        setting.plan.step = step * DAY;
        let mut run = setting.build::<f64>(|input| {
            input.fields[Field::Doomed as usize] = 1.0;
            input.fields[Field::DoomedFirst as usize] = if stages > 1.0 { 1.0 } else { 0.0 };
        });
        let fields = run.to(10.0).fields();
        close("debris", fields[Field::Dead as usize], 1.0 - fields[Field::Doomed as usize], 1e-13);
        let told = run.simulation.timeline().rows.last().expect("a row").death_signal;
        (fields, told)
    };
    let left = |stages: f64, field: Field| extrapolated(|step| run(stages, step).0[field as usize]);
    // Extrapolation leaves the third power of rate times step.
    close("one stage", left(1.0, Field::Doomed), 0.3678794412, 1e-9);
    close("three stages", left(3.0, Field::Doomed), 0.4231900811, 1e-8);
    close("two stages", left(2.0, Field::Doomed), 3.0 * (-2.0f64).exp(), 1e-8);
    // What is in each stage: e^-3 (1, 3, 9/2), the last by what is left.
    close("first of two", left(2.0, Field::DoomedFirst), (-2.0f64).exp(), 3e-8);
    close("first of three", left(3.0, Field::DoomedFirst), (-3.0f64).exp(), 3e-8);
    close("second of three", left(3.0, Field::DoomedSecond), 3.0 * (-3.0f64).exp(), 3e-8);
    let (fields, _) = run(1.0, 0.25);
    assert_eq!([Field::DoomedFirst, Field::DoomedSecond].map(|field| fields[field as usize]), [0.0; 2]);
    // Deaths per day are told as they are, by the last stage: 0.1/d of all where there is one, 0.2/d of the second, 0.3/d of the third.
    for stages in [1.0, 2.0, 3.0] {
        let (fields, told) = run(stages, 0.25);
        let of = |field: Field| fields[field as usize];
        close("deaths", told, 0.1 * stages * (of(Field::Doomed) - of(Field::DoomedFirst) - of(Field::DoomedSecond)), 1e-12);
    }
    // In steps of 0.25 d, as run.
    close("as run", run(3.0, 0.25).0[Field::Doomed as usize], 0.4231900811, 1e-3);
}

#[test]
fn dendritic_cells_see_deaths_not_the_doomed() {
    // Right after a pulse nobody has died yet where there are stages to pass; the signal of one stage is there at once.
    let antigen = |stages: f64, day: f64| {
        let mut setting = Setting::new(1, 1, 40.0);
        setting.plan.immune = true;
        setting.plan.timeline = DAY;
        setting.set("doomed_stages", stages);
        let mut run = setting.start::<f64>();
        let source = run.source(&[]);
        run.pulse(source, 0.0, 10.0);
        run.to(day);
        run.simulation.timeline().globals.last().expect("a row").antigen
    };
    let (one, three) = (antigen(1.0, 1.0), antigen(3.0, 1.0));
    assert!(three < 0.7 * one, "{one} {three}");
    // After a mean time the later stages have filled.
    assert!(antigen(3.0, 40.0) > antigen(1.0, 40.0));
}

#[test]
fn t25_nothing_moves_untreated() {
    let mut setting = Setting::new(1, 1, 400.0);
    setting.with_oxygen();
    let mut run = setting.start::<f64>();
    let before = run.fields();
    let after = run.to(400.0).fields();
    let still = [
        Field::Doomed,
        Field::Vessels,
        Field::Endothelium,
        Field::Caf,
        Field::M1,
        Field::M2,
        Field::Primed,
        Field::Effector,
        Field::PdL1,
        Field::Target,
        Field::Emitters,
        Field::Signal,
        Field::DoseLow,
        Field::Recent,
        Field::DoomedFirst,
        Field::DoomedSecond,
    ];
    for field in still {
        let (before, after) = (before[field as usize], after[field as usize]);
        assert!((after - before).abs() <= 1e-8, "{field:?}: {before} {after}");
    }
    close("M1", before[Field::M1 as usize], 0.065 / 0.315, 1e-12);
    let rows = &run.simulation.timeline().globals;
    assert_eq!((rows.len(), rows[0].lymphocytes, rows[0].antigen), (2, 1.0, 0.0));
    close("lymphocytes", rows[1].lymphocytes, 1.0, 1e-12);
    // The tumour grows, as it did before.
    assert!(run.cells() > 0.9);
}

#[test]
fn t25_the_immune_part_rests_in_a_full_tumour() {
    // With no room to grow and no natural loss of volume, only the T cells' own balance is left: it holds at first.
    let mut setting = Setting::new(1, 1, 400.0);
    setting.plan.immune = true;
    let mut run = setting.start::<f64>();
    let before = run.fields();
    let after = run.to(1.0).fields();
    for field in [Field::Primed, Field::Effector, Field::PdL1] {
        close(&format!("{field:?}"), after[field as usize], before[field as usize], 2e-3);
    }
    // The net growth at low packing is the one observed.
    let mut sparse = Setting::new(1, 1, 1.0);
    sparse.plan.step = 1e-4 * DAY;
    sparse.plan.immune = true;
    let growth = |sparse: &Setting| {
        let mut run = sparse.build::<f64>(|input| input.fields[Field::Oxic as usize] = 1e-6);
        let before = run.cells();
        (run.to(1e-3).cells() / before).ln() / 1e-3
    };
    close("net growth", growth(&sparse), LN_2 / 200.0, 1e-3);
    sparse.plan.immune = false;
    close("net growth, immune part off", growth(&sparse), LN_2 / 200.0, 1e-5);
}

#[test]
fn the_growth_told_is_that_of_the_untreated_run() {
    let growth = |immune: bool, cells: f64, law: Growth| {
        let mut setting = Setting::new(2, 3, 1.0);
        setting.with_oxygen().set("initial_cells", cells);
        setting.plan.immune = immune;
        setting.plan.growth = law;
        setting.plan.step = 1e-3 * DAY;
        setting.plan.regions[1].parameters.set("net_doubling_time", 100.0);
        let mut run = setting.start::<f64>();
        let told = run.simulation.untreated_growth().to_vec();
        run.to(2e-3);
        let rows = &run.simulation.timeline().rows;
        let before: Vec<f64> = rows[..2].iter().map(|row| row.surviving).collect();
        assert_eq!(before, [1.0, 1.0]);
        let fields = run.fields();
        for (region, &rate) in told.iter().enumerate() {
            let voxel = 3 * region;
            let now = field_of(&fields, Field::Oxic)[voxel] + field_of(&fields, Field::Hypoxic)[voxel];
            close(&format!("immune {immune}, {cells}, {law:?}"), (now / cells).ln() / 2e-3, rate, 1e-4);
        }
        close("both go with the clock", told[1], 2.0 * told[0], 1e-9);
        told[0]
    };
    // r = (ln 2/200)/0.775; a tenth of the room is left at 0.9.
    close("immune part off", growth(false, 0.9, Growth::Logistic), 0.1 * LN_2 / 200.0, 1e-12);
    close("Gompertz", growth(false, 0.9, Growth::Gompertz), -(0.9f64.ln()) * LN_2 / 200.0, 1e-12);
    // r = 0.00828257/d and d_E = 132.625 (section 6.1): r (0.1 x 0.775 - (0.001 x 132.625 + 0.01)/0.4).
    close("immune part on", growth(true, 0.9, Growth::Logistic), 0.00828257 * (0.0775 - 0.142625 / 0.4), 2e-6);
    assert!(growth(true, 0.3, Growth::Logistic) > 0.0, "at low packing it grows");
}

#[test]
fn t26_killing_is_the_closed_form_of_the_bed() {
    // Two cycles 60 d apart, 28 effective half-lives.
    let mut setting = Setting::new(1, 1, 130.0);
    setting.tissues = vec![tissue(0.1, 2.6, 2.8)];
    setting.set("net_doubling_time", 1e14).set("doomed_half_life", 1e14);
    let mut run = setting.start::<f64>();
    let source = run.source(&[]);
    let rate = |hours: f64| LN_2 / hours;
    let bed = |dose: f64| lq::bed(dose, lq::protraction::g_decay(rate(2.8), rate(50.0)), 2.6);
    printed("BED (T03)", bed(6.0), "6.7342657343");
    run.treat(source, 0.0, 6.0, 50.0);
    run.to(60.0);
    close("first", (run.cells() / 0.9).ln(), -0.1 * bed(6.0), 1e-8);
    run.treat(source, 60.0, 10.0, 50.0);
    run.to(130.0);
    close("both", (run.cells() / 0.9).ln(), -0.1 * (bed(6.0) + bed(10.0)), 1e-8);
    let row = run.simulation.timeline().rows.last().expect("a row").clone();
    close("running BED", row.bed_gy, bed(6.0) + bed(10.0), 1e-8);
    close("dose", row.dose_low_gy, 16.0, 1e-8);
    assert_eq!(row.dose_high_gy, 0.0);
    close("survival", row.surviving.ln(), -0.1 * (bed(6.0) + bed(10.0)), 1e-8);
    close("killed are doomed", row.doomed, 0.9 * (1.0 - row.surviving), 1e-10);
}

#[test]
fn t35_limits_of_radiation() {
    let survival = |alpha: f64, alpha_beta: f64, repair_hours: f64, half_life: f64| {
        let mut setting = Setting::new(1, 1, 30.0);
        setting.tissues = vec![tissue(alpha, alpha_beta, repair_hours)];
        setting.set("net_doubling_time", 1e14).set("doomed_half_life", 1e14);
        let mut run = setting.start::<f64>();
        let source = run.source(&[]);
        run.treat(source, 0.0, 4.0, half_life);
        run.to(30.0);
        (run.cells() / 0.9, run.field(Field::Doomed))
    };
    // A pulse (a millisecond) is acute; without repair all is; with instant repair alpha is all.
    close("pulse", survival(0.3, 10.0, 1.5, 3e-7).0.ln(), -(1.2 + 0.03 * 16.0), 1e-6);
    close("no repair", survival(0.3, 10.0, 1e9, 24.0).0.ln(), -(1.2 + 0.03 * 16.0), 1e-6);
    close("instant repair", survival(0.3, 10.0, 1e-7, 24.0).0.ln(), -1.2, 1e-6);
    // Nothing to be killed by.
    let (left, doomed) = survival(0.0, 10.0, 1.5, 24.0);
    close("unharmed", left, 1.0, 1e-12);
    assert_eq!(doomed, 0.0);
}

#[test]
fn t35_without_priming_t_cells_only_decay() {
    let mut setting = Setting::new(1, 1, 300.0);
    setting.plan.immune = true;
    setting.set("priming", 0.0);
    let start = |input: &mut dosaic::response::tme::model::ModelInput| {
        input.fields[Field::Primed as usize] = 500.0;
        input.fields[Field::Effector as usize] = 100.0;
    };
    let mut run = setting.build::<f64>(start);
    assert_eq!(run.simulation.rest()[0].effector, 0.0);
    let (mut primed, mut effectors) = (500.0, 100.0);
    for day in 1..=300 {
        run.to(f64::from(day));
        let (p, e) = (run.field(Field::Primed), run.field(Field::Effector));
        // Both losses: elimination, and differentiation over proliferation.
        assert!(p < primed * (-0.2f64 / 7.7 * 0.999).exp(), "{day}: {p} after {primed}");
        (primed, effectors) = (p, e);
    }
    assert!(effectors < 1.0, "{effectors}");
}

#[test]
fn parameters_reach_the_kernels() {
    let mut setting = Setting::new(1, 1, 1.0);
    setting.plan.reoxygenation = true;
    let figures = |setting: &Setting| {
        let run = setting.start::<f64>();
        let row = &run.simulation.rows()[0];
        [row.doomed_consumption, row.checkpoint_perfusion, row.reprogramming_limit, row.reprogramming_memory]
    };
    for (found, expected) in figures(&setting).into_iter().zip([0.5, 1.5, 2.0, 1.0 / 7.0]) {
        close("default", found, expected, 1e-15);
    }
    setting.set("doomed_consumption", 0.2).set("checkpoint_perfusion", 2.5);
    setting.set("m1_reprogramming_dose", 1.0).set("m1_reprogramming_time", 4.0);
    assert_eq!(figures(&setting), [0.2, 2.5, 1.0, 0.25]);
}

#[test]
fn every_hook_moves_what_it_should() {
    use dosaic::plan::{DrugEffect, DrugKinetics, DrugPlan, Hook};
    // A drug that stays: half of its full effect. 15 Gy over some weeks, then 20 d.
    let after = |hook: Option<Hook>, strength: f64| {
        let mut setting = Setting::new(1, 1, 40.0);
        setting.with_oxygen().set("caf_turnover", 0.05);
        setting.plan.immune = true;
        if let Some(hook) = hook {
            setting.with_drug(DrugPlan {
                name: "drug".into(),
                kinetics: DrugKinetics::OneCompartment { elimination: 1e-9, absorption: None },
                doses: vec![(0.0, 3.0)],
                effects: vec![DrugEffect { hook, strength, ec50: 3.0, hill: 2.0 }],
            });
        }
        let mut run = setting.start::<f64>();
        let source = run.source(&[]);
        run.treat(source, 0.0, 15.0, 80.0);
        run.to(40.0).fields()
    };
    let plain = after(None, 0.0);
    let change = |hook: Hook, strength: f64, field: Field| after(Some(hook), strength)[field as usize] / plain[field as usize];
    let survival = |hook: Hook, strength: f64| change(hook, strength, Field::Hypoxic);
    assert!(survival(Hook::Alpha, 0.4) < 0.95);
    assert!(survival(Hook::Beta, 0.4) < 0.999);
    assert!(survival(Hook::Repair, 2.0) < 0.999);
    assert!(survival(Hook::HypoxicSensitiser, 1.0) < 0.95);
    assert!(change(Hook::Perfusion, 0.5, Field::Vessels) > 1.05);
    assert!(change(Hook::MacrophageRecruitment, 0.9, Field::M2) < 0.9);
    assert!(change(Hook::MacrophagePolarisation, 2.0, Field::M2) < 0.95);
    assert!(change(Hook::CafKilling, 0.1, Field::Caf) < 0.8);
    assert!(change(Hook::CafBarrier, 1.0, Field::Primed) > 1.05);
    close("targets", change(Hook::Target, 0.02, Field::Target), (0.01f64 * 40.0).exp(), 1e-4);
    // Where vessels hold no drug for the immune part, effects on oxygen need a function of consumption: see the oxygen's own tests.
}
