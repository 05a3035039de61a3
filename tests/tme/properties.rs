//! T41: what must hold for any parameters within their ranges.

use dosaic::{
    plan::{DrugEffect, DrugKinetics, DrugPlan, Hook},
    response::tme::{FIELDS, Field, model::field_of, real::Real},
};

use super::{
    random::Random,
    setting::{DAY, Run, Setting, random_drug, tissue},
};

/// A lesion of one voxel with every parameter somewhere in its range; none where no growth gives the net growth.
fn random_setting(random: &mut Random, days: f64) -> Option<Setting> {
    let mut setting = Setting::new(1, 1, days);
    setting.with_oxygen();
    let names: Vec<String> = setting.plan.regions[0].parameters.parameters.keys().cloned().collect();
    for name in names {
        let [low, high] = setting.plan.regions[0].parameters.parameters[&name].range;
        let value = random.between(low, high);
        setting.set(&name, if name == "doomed_stages" { value.round() } else { value });
    }
    let cells = setting.plan.regions[0].parameters.get("initial_cells").min(setting.plan.regions[0].parameters.get("capacity"));
    setting.set("initial_cells", cells);
    setting.tissues = vec![tissue(random.between(0.02, 0.4), random.between(1.5, 15.0), random.between(0.3, 3.0))];
    setting.plan.bystander = random.uniform() < 0.5;
    setting.plan.reoxygenation = random.uniform() < 0.5;
    setting.plan.immune = true;
    let fits = setting.try_build::<f64>(|_| {}).is_ok();
    setting.plan.immune = random.uniform() < 0.7;
    fits.then_some(setting)
}

/// Runs of random settings, at least `wanted` of them.
fn settings(seed: u64, wanted: usize, days: f64) -> impl Iterator<Item = Setting> {
    let mut random = Random(seed);
    let mut tries = 0;
    std::iter::from_fn(move || {
        loop {
            tries += 1;
            assert!(tries < 20 * wanted, "hardly any parameters fit");
            if let Some(setting) = random_setting(&mut random, days) {
                return Some(setting);
            }
        }
    })
    .take(wanted)
}

fn treated<R: Real>(setting: &Setting, dose: f64) -> Run {
    let mut run = setting.start::<R>();
    let source = run.source(&[]);
    run.treat(source, 0.0, dose, 60.0);
    run.treat(source, 20.0, 0.5 * dose, 60.0);
    run
}

#[test]
fn states_stay_in_their_bounds() {
    let mut random = Random(41);
    for (case, mut setting) in settings(1, 60, 80.0).enumerate() {
        (0..2).for_each(|k| {
            setting.with_drug(random_drug(&mut random, k));
        });
        let dose = random.between(0.0, 60.0);
        let capacity = setting.plan.regions[0].parameters.get("capacity");
        let start = setting.plan.regions[0].parameters.get("initial_cells");
        for single in [false, true] {
            let mut run = if single { treated::<f32>(&setting, dose) } else { treated::<f64>(&setting, dose) };
            for day in [1.0, 5.0, 20.0, 21.0, 40.0, 80.0] {
                let fields = run.to(day).fields();
                for (i, value) in fields.iter().enumerate() {
                    assert!(value.is_finite() && *value >= 0.0, "case {case}, day {day}, field {i} of {FIELDS}: {value}");
                }
                let of = |field: Field| fields[field as usize];
                let cells = of(Field::Oxic) + of(Field::Hypoxic);
                assert!(cells <= capacity.max(start) * 1.000_01, "case {case}, day {day}: {cells} {capacity}");
                assert!(of(Field::DoomedFirst) + of(Field::DoomedSecond) <= of(Field::Doomed) * 1.000_01 + 1e-6, "case {case}, day {day}");
                assert!(of(Field::PdL1) <= 1.0 && of(Field::Emitters) <= 1.0 && of(Field::Signal) <= 2.0, "case {case}, day {day}");
            }
            for row in &run.simulation.timeline().rows {
                let shares = [row.immune_activation, row.hypoxic_fraction];
                assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "case {case}: {shares:?}");
                assert!(row.immune_index >= 0.0 && row.surviving >= 0.0 && row.bed_gy >= row.dose_low_gy * 0.999_999, "case {case}");
            }
        }
    }
}

/// Cells after 15 d, before what the immune part makes of the killing can outweigh it.
fn survivors(setting: &Setting, dose: f64) -> f64 {
    let mut run = treated::<f64>(setting, dose);
    run.to(15.0).cells()
}

#[test]
fn survival_falls_with_dose_alpha_beta_and_oxygen() {
    for (case, mut setting) in settings(2, 25, 80.0).enumerate() {
        setting.plan.immune = false;
        let base = survivors(&setting, 10.0);
        assert!(survivors(&setting, 11.0) < base, "case {case}: dose");
        let plain = setting.tissues[0].clone();
        setting.tissues = vec![tissue(plain.alpha * 1.1, plain.alpha_beta * 1.1, plain.repair_half_time / 3600.0)];
        assert!(survivors(&setting, 10.0) < base, "case {case}: alpha");
        setting.tissues = vec![tissue(plain.alpha, plain.alpha_beta * 0.9, plain.repair_half_time / 3600.0)];
        assert!(survivors(&setting, 10.0) < base, "case {case}: beta");
        setting.tissues = vec![tissue(plain.alpha, plain.alpha_beta, 1.1 * plain.repair_half_time / 3600.0)];
        assert!(survivors(&setting, 10.0) < base, "case {case}: slower repair");
        setting.tissues = vec![plain];
        // Oxygen as at twice the perfusion: killing in the first days is larger in every class.
        let killed = |setting: &Setting| {
            let mut run = treated::<f64>(setting, 10.0);
            run.to(1.0);
            run.field(Field::Doomed)
        };
        let poor = killed(&setting);
        setting.oxygen = Some(|vessels| super::setting::table(2.0 * vessels));
        assert!(killed(&setting) > poor, "case {case}: oxygen");
    }
}

#[test]
fn more_fibroblasts_keep_out_more_t_cells() {
    for (case, mut setting) in settings(3, 25, 80.0).enumerate() {
        setting.plan.immune = true;
        setting.set("caf_turnover", 0.005).set("caf_barrier", 1.0);
        let effectors = |caf: f64| {
            let mut run = setting.build::<f64>(|input| input.fields[Field::Caf as usize] = caf);
            run.to(5.0).field(Field::Primed)
        };
        let found = [effectors(0.5), effectors(1.0), effectors(2.0)];
        assert!(found[0] > found[1] && found[1] > found[2], "case {case}: {found:?}");
    }
}

#[test]
fn more_drug_activates_more() {
    for (case, setting) in settings(4, 25, 80.0).enumerate() {
        let mut found = Vec::new();
        for dose in [0.0, 1.0, 10.0] {
            let mut setting =
                Setting { plan: setting.plan.clone(), tissues: setting.tissues.clone(), domain: setting.domain.clone(), ..setting };
            setting.plan.immune = true;
            setting.plan.horizon = 3.0 * DAY;
            setting.with_drug(DrugPlan {
                name: "antibody".into(),
                kinetics: DrugKinetics::OneCompartment { elimination: 0.05, absorption: None },
                doses: vec![(0.0, dose)],
                effects: vec![DrugEffect { hook: Hook::Checkpoint, strength: 1.0, ec50: 3.0, hill: 1.0 }],
            });
            let mut run = setting.start::<f64>();
            run.to(3.0);
            found.push(run.simulation.timeline().rows.last().expect("a row").immune_activation);
        }
        assert!(found[0] < found[1] && found[1] < found[2], "case {case}: {found:?}");
    }
}

#[test]
fn bystander_killing_is_bounded() {
    // At most h_max: the run with the signal has at least e^(-h_max t) of the cells without it, and fewer at higher doses.
    for (case, mut setting) in settings(5, 15, 30.0).enumerate() {
        setting.plan.immune = false;
        let hazard = setting.plan.regions[0].parameters.get("bystander_hazard");
        setting.set("net_doubling_time", 1e12).set("necrosis_rate", 0.0);
        let killed = |setting: &Setting, dose: f64| -> f64 {
            let fields = treated::<f64>(setting, dose).to(30.0).fields();
            field_of(&fields, Field::Oxic)[0] + field_of(&fields, Field::Hypoxic)[0]
        };
        setting.plan.bystander = false;
        let without = [killed(&setting, 1.0), killed(&setting, 3.0)];
        setting.plan.bystander = true;
        let with = [killed(&setting, 1.0), killed(&setting, 3.0)];
        for (with, without) in with.iter().zip(&without) {
            assert!(with < without && *with >= without * (-hazard * 30.0).exp() * 0.99, "case {case}: {with} {without}");
        }
        assert!(with[1] < with[0], "case {case}");
    }
}
