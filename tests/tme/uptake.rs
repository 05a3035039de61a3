//! The next fraction's uptake: ratio map and sink.

use dosaic::response::tme::{FIELDS, Field, Snapshot, stage::Stage, uptake};

use super::{
    close,
    setting::{DAY, Setting},
};

fn snapshot(values: &[(Field, f32)]) -> Snapshot {
    let mut fields = vec![0.0; FIELDS];
    for (field, value) in [(Field::Vessels, 1.0), (Field::Caf, 1.0), (Field::Target, 1.0)].iter().chain(values) {
        fields[*field as usize] = *value;
    }
    Snapshot { time: 0.0, fields, oxygen: vec![0.0], hypoxia: vec![0.0] }
}

#[test]
fn ratio_is_that_of_sites_perfusion_and_barrier() {
    let mut setting = Setting::new(1, 1, 1.0);
    setting.set("uptake_barrier", 0.5);
    let before = snapshot(&[(Field::Oxic, 0.6), (Field::Hypoxic, 0.3)]);
    let now = snapshot(&[
        (Field::Oxic, 0.1),
        (Field::Hypoxic, 0.1),
        (Field::Doomed, 0.25),
        (Field::Vessels, 0.49),
        (Field::Caf, 1.5),
        (Field::Target, 1.2),
    ]);
    let under = |setting: &Setting, before: (f64, &Snapshot), now: (f64, &Snapshot)| {
        let run = setting.start::<f64>();
        let [before, now] = [before, now].map(|(barrier, state)| {
            let stage = Stage { barrier, ..Stage::neutral(0.0) };
            uptake::affinity(&setting.plan, &setting.domain, run.simulation.rows(), &stage, state).expect("an affinity")[0]
        });
        uptake::change(before, now)
    };
    let ratio = |setting: &Setting, before: &Snapshot, now: &Snapshot| under(setting, (1.0, before), (1.0, now));
    // 1.2 (0.2 + 0.8 0.25)/0.9, sqrt(0.49), sqrt(2/2.5).
    close("linear", ratio(&setting, &before, &now), 1.2 * 0.4 / 0.9 * 0.7 * (0.8f64).sqrt(), 1e-6);
    // A drug takes 40 % of the barrier's constant away: (1 + 1)/(1 + 0.6 1.5) for 2/2.5; at the earlier scan: the other way, with F = 1.
    close("drug now", under(&setting, (1.0, &before), (0.6, &now)), 1.2 * 0.4 / 0.9 * 0.7 * (2.0f64 / 1.9).sqrt(), 1e-6);
    close("drug then", under(&setting, (0.6, &before), (1.0, &now)), 1.2 * 0.4 / 0.9 * 0.7 * (0.8f64 * 1.6 / 2.0).sqrt(), 1e-6);
    setting.set("uptake_saturation", 0.3);
    close("saturated", ratio(&setting, &before, &now), (0.48 / 0.78) / (0.9 / 1.2) * 0.7 * (0.8f64).sqrt(), 1e-6);
    close("unchanged", ratio(&setting, &now, &now), 1.0, 1e-7);
    // Nothing bound before: nothing predicted.
    assert_eq!(ratio(&setting, &snapshot(&[]), &now), 0.0);
    setting.set("uptake_doomed", -1.0);
    let run = Setting::new(1, 1, 1.0).start::<f64>();
    let wrong = uptake::affinity(&setting.plan, &setting.domain, run.simulation.rows(), &Stage::neutral(0.0), &now);
    assert!(wrong.expect_err("negative").to_string().contains("uptake_doomed"));
}

#[test]
fn organs_take_up_what_tumours_leave() {
    let mut setting = Setting::new(2, 1, 1.0);
    close("off", uptake::sink(&setting.plan, 500.0, 10.0).expect("a factor"), 1.0, 1e-15);
    setting.set("sink_strength", 0.5);
    close("shrinking", uptake::sink(&setting.plan, 500.0, 100.0).expect("a factor"), (100.0 + 250.0) / (100.0 + 50.0), 1e-14);
    setting.plan.regions[1].parameters.set("sink_strength", 0.4);
    let message = uptake::sink(&setting.plan, 500.0, 100.0).expect_err("two sinks").to_string();
    assert!(message.contains("sink_strength") && message.contains("lesion_1"), "{message}");
}

#[test]
fn burden_is_the_volume_of_all_cells() {
    let mut setting = Setting::new(1, 3, 10.0);
    setting.plan.step = DAY;
    let mut run = setting.start::<f64>();
    let state = run.simulation.snapshot().expect("a state");
    close("mL", uptake::burden(&setting.domain, &state), 2.7, 1e-6);
}
