//! The immune cycle against the model it is taken from (Kosinsky et al. 2018, mouse CT26), integrated here as published.
//!
//! With the repair of double-strand breaks as a time (`U' = delta Ddot - U/tau`), not as the public SBML file has it.

use std::f64::consts::LN_2;

use dosaic::{
    plan::{DrugEffect, DrugKinetics, DrugPlan, Hook},
    response::tme::{FIELDS, Field, Snapshot},
};

use super::{
    close, printed,
    setting::{DAY, Run, Setting, tissue},
};

const R: f64 = 0.4;
const CAPACITY: f64 = 2500.0;
const ALPHA: f64 = 0.146;
const BREAKS: f64 = 19.0;
const TAU: f64 = 0.02;
const DOOMED_LOSS: f64 = 0.1725;
const START: f64 = 15.0;
const K_D: f64 = 30.0;

/// Days of 2 Gy, and of 444.4 nM of antibody.
const FRACTIONS: [f64; 5] = [7.0, 8.0, 9.0, 10.0, 11.0];
const BOLUSES: [f64; 9] = [7.0, 9.0, 11.0, 14.0, 16.0, 18.0, 21.0, 23.0, 25.0];

#[derive(Clone, Copy)]
struct Arm {
    radiation: bool,
    antibody: bool,
    /// S_L, uL.
    antigen_half: f64,
    /// Doses kill by both terms at once, instead of by the quadratic one while breaks meet (0.02 d).
    acute: bool,
}

/// TV, TVd (uL), nT, dT, PD-L1, U (breaks), depot and plasma (nM).
type Mouse = [f64; 8];

fn activation(mouse: &Mouse) -> (f64, f64) {
    let [tumour, doomed, _, effectors, pdl1, _, _, antibody] = *mouse;
    let death = DOOMED_LOSS * doomed / (tumour + doomed) + 0.001 * effectors + 0.01;
    let antigen = death * death / (death * death + 0.2 * 0.2) * (tumour + doomed);
    (antigen, (1.0 - pdl1 / (1.0 + antibody / K_D)) * (1.0 - antigen / (antigen + 30.5)))
}

fn rates(mouse: &Mouse, antigen_half: f64) -> Mouse {
    let [tumour, doomed, primed, effectors, pdl1, breaks, depot, antibody] = *mouse;
    let (antigen, active) = activation(mouse);
    let killed = tumour * 0.2 * ALPHA / (TAU * BREAKS * BREAKS) * breaks * breaks;
    [
        R * tumour * (1.0 - tumour / CAPACITY) - (0.001 * effectors + 0.01) * tumour - killed,
        killed - DOOMED_LOSS * doomed,
        279.0 * antigen / (antigen + antigen_half) + active * primed * (3.0 - 3.2) - 0.2 * primed,
        active * primed * 3.2 - 2.0 * effectors,
        effectors / (478.0 + effectors) - pdl1,
        -breaks / TAU,
        -8.0 * depot,
        8.0 * depot - 0.15 * antibody,
    ]
}

/// States on some days, by Runge and Kutta's fourth order at 0.001 d. Acute doses kill by alpha at once.
fn published(arm: Arm, days: &[f64]) -> Vec<Mouse> {
    const STEPS: u32 = 1000;
    let h = 1.0 / f64::from(STEPS);
    let mut mouse: Mouse = [START, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let mut found = Vec::new();
    for step in 0..=40 * STEPS {
        let now = |day: &f64| step == (day * f64::from(STEPS)) as u32;
        if days.iter().any(now) {
            found.push(mouse);
        }
        if arm.radiation && FRACTIONS.iter().any(now) {
            let exponent = 2.0 * ALPHA + if arm.acute { ALPHA / 10.0 * 4.0 } else { 0.0 };
            let killed = mouse[0] * (1.0 - (-exponent).exp());
            mouse[0] -= killed;
            mouse[1] += killed;
            mouse[5] += if arm.acute { 0.0 } else { 2.0 * BREAKS };
        }
        if arm.antibody && BOLUSES.iter().any(now) {
            mouse[6] += 444.4;
        }
        let along = |k: &Mouse, h: f64| -> Mouse { std::array::from_fn(|i| mouse[i] + h * k[i]) };
        let k1 = rates(&mouse, arm.antigen_half);
        let k2 = rates(&along(&k1, 0.5 * h), arm.antigen_half);
        let k3 = rates(&along(&k2, 0.5 * h), arm.antigen_half);
        let k4 = rates(&along(&k3, h), arm.antigen_half);
        mouse = std::array::from_fn(|i| mouse[i] + h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]));
    }
    found
}

const CONTROL: Arm = Arm { radiation: false, antibody: false, antigen_half: 8.89, acute: false };
const RADIATION: Arm = Arm { radiation: true, ..CONTROL };
const ANTIBODY: Arm = Arm { antibody: true, ..CONTROL };
const BOTH: Arm = Arm { radiation: true, ..ANTIBODY };

/// The voxel model where it is the published one: clock and turnover of the mouse, no oxygen, no influence of stroma, macrophages or lymphocytes.
fn mouse(arm: Arm, step: f64) -> Run {
    let mut setting = Setting::new(1, 1, 40.0);
    setting.plan.immune = true;
    setting.plan.step = step * DAY;
    setting.tissues = vec![tissue(ALPHA, 10.0, LN_2 * TAU * 24.0)];
    for (name, value) in [
        ("initial_cells", START / CAPACITY),
        ("dead_crowding", 0.0),
        ("doomed_half_life", LN_2 / DOOMED_LOSS),
        ("clock_scale", 1.0),
        ("equivalent_volume", START),
        ("checkpoint_entry", 1.0),
        ("m2_suppression", 0.0),
        ("caf_barrier", 0.0),
        ("vessel_loss_slope", 0.0),
        ("lymphocyte_alpha", 0.0),
        ("t_alpha", 0.0),
    ] {
        setting.set(name, value);
    }
    if arm.antibody {
        setting.with_drug(DrugPlan {
            name: "anti-PD-L1".into(),
            kinetics: DrugKinetics::OneCompartment { elimination: 0.15, absorption: Some(8.0) },
            doses: BOLUSES.map(|day| (day * DAY, 444.4)).to_vec(),
            effects: vec![DrugEffect { hook: Hook::Checkpoint, strength: 1.0, ec50: K_D, hill: 1.0 }],
        });
    }
    // Growth as published, and no T cells at the start (the untreated tumour of the highest response would not grow at all).
    let mut run = setting.build::<f64>(|input| {
        let row = &mut input.rows[0];
        (row.growth, row.turnover, row.doomed_signal, row.antigen_half) = (R, 1.0, DOOMED_LOSS, arm.antigen_half);
        for field in [Field::Primed, Field::Effector, Field::PdL1] {
            input.fields[field as usize] = 0.0;
        }
    });
    if arm.radiation {
        let source = run.source(&[]);
        FRACTIONS.iter().for_each(|&day| run.pulse(source, day, 2.0));
    }
    run
}

fn volume(run: &mut Run) -> f64 {
    run.cells() * CAPACITY
}

#[test]
fn t31_control() {
    let days = [7.0, 20.0, 40.0];
    let judge = published(CONTROL, &days);
    for (mouse, expected) in judge.iter().zip(["149.22", "1048.2", "1758.5"]) {
        printed("TV", mouse[0], expected);
    }
    printed("IAR(20)", activation(&judge[1]).1, "0.0656");
    let mut run = mouse(CONTROL, 0.02);
    for (day, expected) in days.into_iter().zip(&judge) {
        run.to(day);
        close(&format!("TV({day})"), volume(&mut run), expected[0], 2e-5);
        close(&format!("nT({day})"), run.field(Field::Primed), expected[2], 2e-5);
        close(&format!("dT({day})"), run.field(Field::Effector), expected[3], 2e-5);
        close(&format!("PDL1({day})"), run.field(Field::PdL1), expected[4], 2e-5);
    }
}

#[test]
fn t31_second_order_against_the_published_model() {
    let exact = published(CONTROL, &[20.0])[0];
    let error = |step: f64| (mouse(CONTROL, step).to(20.0).field(Field::Effector) / exact[3] - 1.0).abs();
    let errors = [error(0.2), error(0.1), error(0.05)];
    for pair in errors.windows(2) {
        assert!((pair[0] / pair[1]).log2() > 1.8, "{errors:?}");
    }
}

#[test]
fn t32_quadratic_term() {
    // 2 Gy at once, nothing else: 0.2 alpha/(tau delta^2) Int U^2 dt = 0.1 alpha D^2 = beta D^2 with alpha/beta = 10 Gy.
    let exponent = 0.2 * ALPHA / (TAU * BREAKS * BREAKS) * (2.0 * BREAKS).powi(2) * TAU / 2.0;
    close("quadratic part", (-exponent).exp(), 0.9432725630, 1e-10);
    close("beta D^2", exponent, ALPHA / 10.0 * 4.0, 1e-14);
    // And in the voxel model, without growth and T cells; the pulse lasts a second, repair 20 minutes.
    let mut setting = Setting::new(1, 1, 2.0);
    setting.tissues = vec![tissue(ALPHA, 10.0, LN_2 * TAU * 24.0)];
    setting.set("net_doubling_time", 1e12);
    let mut run = setting.start::<f64>();
    let source = run.source(&[]);
    run.pulse(source, 0.0, 2.0);
    close("both parts", run.to(2.0).cells(), 0.9 * (-(2.0 * ALPHA) - exponent).exp(), 5e-5);
}

#[test]
fn t33_radiation_or_antibody() {
    let days = [12.0, 20.0, 40.0];
    let judge = published(RADIATION, &days);
    for (mouse, expected) in judge.iter().zip(["69.535", "223.36", "1617.4"]) {
        printed("TV", mouse[0], expected);
    }
    // Cells are doomed at the second hit here, when the breaks meet (0.02 d later) there: a little more growth. Else nothing differs.
    let mut run = mouse(RADIATION, 0.02);
    let acute = published(Arm { acute: true, ..RADIATION }, &days);
    for ((day, published), acute) in days.into_iter().zip(&judge).zip(&acute) {
        let found = volume(run.to(day));
        close(&format!("TV({day})"), found, published[0], 3e-3);
        close(&format!("TV({day}), acute"), found, acute[0], 2e-4);
    }
    let judge = published(ANTIBODY, &[20.0])[0];
    printed("anti-PD-L1 alone", judge[0], "781.5");
    close("anti-PD-L1 alone", volume(mouse(ANTIBODY, 0.02).to(20.0)), judge[0], 1e-4);
}

#[test]
fn t34_both() {
    let judge = published(BOTH, &[20.0, 30.0]);
    printed("TV(20)", judge[0][0], "64.887");
    printed("TV(30)", judge[1][0], "7.061");
    // A tumour on its way to rejection is sensitive: 0.3 % more killing early is 1.5 % fewer cells in the end.
    let mut run = mouse(BOTH, 0.02);
    let acute = published(Arm { acute: true, ..BOTH }, &[20.0, 30.0]);
    for ((day, published), acute) in [20.0, 30.0].into_iter().zip(&judge).zip(&acute) {
        let found = volume(run.to(day));
        close(&format!("TV({day})"), found, published[0], 2e-2);
        close(&format!("TV({day}), acute"), found, acute[0], 1e-3);
    }
    // Mice of low S_L respond, those of high S_L do not.
    for (antigen_half, day, expected) in [(1.77, 20.0, "0.197"), (22.63, 40.0, "1639.4")] {
        let arm = Arm { antigen_half, ..BOTH };
        let judge = published(arm, &[day])[0];
        printed(&format!("S_L {antigen_half}"), judge[0], expected);
        let acute = published(Arm { acute: true, ..arm }, &[day])[0];
        close(&format!("S_L {antigen_half}, acute"), volume(mouse(arm, 0.02).to(day)), acute[0], 1e-3);
    }
}

#[test]
fn snapshots_hold_all_fields() {
    let snapshot: Snapshot = mouse(CONTROL, 0.1).to(3.0).simulation.snapshot().expect("a state");
    assert_eq!((snapshot.fields.len(), snapshot.oxygen.len()), (FIELDS, 1));
    assert_eq!(snapshot.field(Field::Born)[0], snapshot.fields[Field::Born as usize]);
    close("time", snapshot.time, 3.0 * DAY, 1e-15);
}
