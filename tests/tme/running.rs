//! The loop: events, timeline, blood and marrow, signals between voxels, and what it refuses.

use dosaic::{
    error::Result,
    plan::{MicroOxygenPlan, OxygenPlan},
    response::tme::{
        Delivery, Field, VoxelSource,
        cpu::model::{CpuModel, CpuOxygen},
        micro::Device,
        model::field_of,
        oxygen_state::Oxygen,
        signals::Signals,
        simulation::{OxygenField, OxygenSource, Simulation},
    },
    source::TimeCourse,
};
use glam::DVec3;

use super::{
    close,
    setting::{DAY, Run, Setting},
};

#[test]
fn timeline_has_its_rows_and_their_figures() {
    let mut setting = Setting::new(2, 3, 20.0);
    setting.plan.timeline = 7.0 * DAY;
    setting.plan.maps_at = vec![3.3 * DAY];
    setting.plan.marrow = Some("marrow".into());
    setting.plan.blood = Some("blood".into());
    setting.set("net_doubling_time", 1e12).set("clonogenic_share", 0.01);
    let mut run = setting.start::<f64>();
    let source = VoxelSource { low: vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0], high: None, blood: Some(0.02), marrow: Some(0.1) };
    let source = run.simulation.add_source(source).expect("the source fits");
    run.treat(source, 1.0, 10.0, 40.0);
    run.to(9.0).to(20.0);
    let timeline = run.simulation.timeline();
    let days: Vec<f64> = timeline.globals.iter().map(|row| row.time / DAY).collect();
    assert_eq!(days, [0.0, 3.3, 7.0, 14.0, 20.0]);
    assert_eq!(timeline.rows.len(), 10);
    let last: Vec<_> = timeline.rows[8..].to_vec();
    assert_eq!((last[0].region.as_str(), last[1].region.as_str()), ("lesion_0", "lesion_1"));
    let given = 10.0 * (1.0 - 2f64.powf(-19.0 * 24.0 / 40.0));
    close("dose", last[0].dose_low_gy, given, 1e-7);
    assert_eq!(last[1].dose_low_gy, 0.0);
    close("untouched", last[1].surviving, 1.0, 1e-11);
    close("viable mL", last[0].viable_ml, 2.7 * last[0].surviving, 1e-12);
    close("clonogens", last[0].cells, 0.01 * 2.06e8 * last[0].viable_ml, 1e-12);
    close("death signal", last[0].death_signal, last[0].doomed * std::f64::consts::LN_2 / 40.0, 1e-12);
    close("all cells", last[0].volume_ml, 3.0 * (0.9 * last[0].surviving + last[0].doomed + last[0].dead), 1e-12);
    assert_eq!((last[0].immune_activation, last[0].immune_index, last[0].t_effector), (0.0, 0.0, 0.0));
    let patient = timeline.globals.last().expect("a row");
    close("blood", patient.blood_dose_gy, 0.02 * given, 1e-6);
    assert!(patient.lymphocytes < 0.95, "{}", patient.lymphocytes);
    // The dip of both chains, before they overshoot.
    let dips = |of: fn(&dosaic::response::tme::timeline::GlobalRow) -> Option<f64>, start: f64| {
        timeline.globals.iter().filter_map(of).any(|cells| cells < 0.99 * start)
    };
    assert!(dips(|row| row.platelets, 250.0) && dips(|row| row.neutrophils, 5.0));
    assert_eq!(timeline.globals[0].platelets, Some(250.0));
    // The same in one piece.
    let mut whole = setting.start::<f64>();
    let source = VoxelSource { low: vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0], high: None, blood: Some(0.02), marrow: Some(0.1) };
    let source = whole.simulation.add_source(source).expect("the source fits");
    whole.treat(source, 1.0, 10.0, 40.0);
    whole.to(20.0);
    assert_eq!(whole.simulation.timeline(), run.simulation.timeline());
}

#[test]
fn microspheres_close_vessels_at_every_fraction() {
    let mut setting = Setting::new(1, 1, 10.0);
    setting.set("embolised", 0.3).set("angiogenesis", 0.0).set("vessel_regression", 0.0);
    let mut run = setting.start::<f64>();
    // Two sources of one fraction close them once.
    let (a, b) = (run.source(&[]), run.source(&[]));
    run.treat(a, 1.0, 1.0, 60.0);
    run.treat(b, 1.0, 1.0, 40.0);
    run.treat(a, 5.0, 1.0, 60.0);
    for (day, expected) in [(1.0, 1.0), (2.0, 0.7), (5.0, 0.7), (6.0, 0.49), (10.0, 0.49)] {
        close(&format!("day {day}"), run.to(day).field(Field::Vessels), expected, 1e-12);
    }
}

/// Enough oxygen everywhere.
struct Plenty;

impl OxygenField for Plenty {
    fn solve(&mut self, consumption: &[f64], _: &[f64], _: f64) -> Result<Vec<Oxygen<f64>>> {
        Ok(vec![Oxygen { po2: 40.0, ..Oxygen::full() }; consumption.len()])
    }
}

#[test]
fn signals_reach_their_neighbours() {
    let mut setting = Setting::new(1, 343, 1.0);
    setting.domain.grid.size = [7, 7, 7];
    setting.domain.grid.spacing = DVec3::splat(0.02);
    setting.plan.oxygen = OxygenPlan::Micro(MicroOxygenPlan { held: Vec::new(), vessels: None, ligand: false });
    setting.plan.bystander = true;
    let day = 86400.0;
    setting.set("bystander_diffusivity", 1.0 * day);
    let start = |setting: &Setting| {
        let source = OxygenSource::Field(Box::new(Plenty));
        let simulation = Simulation::new(&setting.plan, &setting.tissues, &setting.domain, source, |input| {
            Ok(Box::new(CpuModel::<f64>::new(input, CpuOxygen::Voxels(vec![Oxygen::full(); 343]), Some(1))?))
        });
        Run::new(simulation.expect("the setting is right"), 343)
    };
    let mut run = start(&setting);
    let message = run.simulation.advance(0.5 * day).expect_err("nothing solves the diffusion").to_string();
    assert!(message.contains("diffus"), "{message}");
    let signals = Signals::new(&setting.plan, &setting.domain, &Device::Cpu(1)).expect("the constants are right");
    run.simulation.set_signals(signals);
    // The voxel in the middle gets a dose.
    let centre = setting.domain.grid.index([3, 3, 3]);
    let source = run.source(&[centre]);
    run.pulse(source, 0.25, 0.5);
    let fields = run.to(0.75).fields();
    let signal = field_of(&fields, Field::Signal);
    let at = |i: u32| signal[setting.domain.grid.index([i, 3, 3])];
    assert!(at(3) > at(4) && at(4) > at(5) && at(5) > at(6) && at(6) > 0.0, "{} {} {} {}", at(3), at(4), at(5), at(6));
    close("symmetric", at(2), at(4), 1e-4);
    // What is released is all there, wherever: one life times the release. Emitters of the step's start, a quarter of a day before.
    let cells = |fields: &[f64]| [Field::Oxic, Field::Hypoxic, Field::Doomed].map(|f| field_of(fields, f)[centre]).iter().sum::<f64>();
    let released = field_of(&fields, Field::Emitters)[centre] * (0.25f64).exp() * cells(&fields);
    close("all of it", signal.iter().sum::<f64>(), released, 2e-3);
    // And it kills neighbours that got no dose.
    let neighbour = setting.domain.grid.index([4, 3, 3]);
    let fields = run.to(1.0).fields();
    assert!(field_of(&fields, Field::Dead)[neighbour] > 1e-6 && field_of(&fields, Field::DoseLow)[neighbour] == 0.0);
}

#[test]
fn wrong_input_is_refused_with_a_reason() {
    let refused = |what: &str, change: &dyn Fn(&mut Setting), words: &[&str]| {
        let mut setting = Setting::new(2, 2, 10.0);
        change(&mut setting);
        let message = setting.try_build::<f64>(|_| {}).expect_err(what).to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{what}: {message}");
    };
    refused("no tissue", &|s| s.tissues.truncate(1), &["tissue", "lesion_1"]);
    refused("no voxel", &|s| s.domain.row.fill(0), &["lesion_1", "no voxels"]);
    refused("a step of 0", &|s| s.plan.step = 0.0, &["step"]);
    refused("a long step", &|s| s.plan.step = 9.0 * DAY, &["9 d", "at most"]);
    refused("a negative rate", &|s| s.plan.regions[1].parameters.set("necrosis_rate", -0.1), &["lesion_1", "necrosis_rate", "-0.1"]);
    refused("too many cells", &|s| s.plan.regions[0].parameters.set("initial_cells", 1.2), &["initial_cells", "capacity"]);
    refused("two patients", &|s| s.plan.regions[1].parameters.set("lymphocyte_alpha", 0.5), &["lymphocyte_alpha", "lesion_1", "patient"]);
    refused("repair of 0", &|s| s.tissues[1].repair_half_time = 0.0, &["repair", "lesion_1"]);
    let drug = |change: fn(&mut dosaic::plan::DrugPlan)| {
        let mut drug = super::regression::pembrolizumab(1);
        change(&mut drug);
        move |s: &mut Setting| s.plan.drugs.push(drug.clone())
    };
    refused("no clearance", &drug(|d| d.effects[0].ec50 = 0.0), &["pembrolizumab", "EC50"]);
    refused("a steep antibody", &drug(|d| d.effects[0].hill = 2.0), &["pembrolizumab", "steepness"]);
    refused("a dose before the plan", &drug(|d| d.doses[0].0 = -1.0), &["pembrolizumab", "time"]);

    let setting = Setting::new(1, 2, 10.0);
    let mut run = setting.start::<f64>();
    let source = run.source(&[]);
    run.to(2.0);
    let deliver = |run: &mut Run, source: usize, day: f64| {
        let course = TimeCourse::exponential(1.0, 1e-5).into();
        run.simulation.deliver(Delivery { source, start: day * DAY, course, factor: 1.0 })
    };
    assert!(deliver(&mut run, source, 1.0).expect_err("too late").to_string().contains("before the present time"));
    assert!(deliver(&mut run, 7, 3.0).expect_err("no source").to_string().contains("no source 7"));
    let map = |low: Vec<f32>| VoxelSource { low, high: None, blood: None, marrow: None };
    assert!(run.simulation.add_source(map(vec![1.0])).expect_err("too few").to_string().contains("1 values"));
    assert!(run.simulation.add_source(map(vec![1.0, f32::NAN])).expect_err("no number").to_string().contains("NaN"));
    assert!(run.simulation.advance(11.0 * DAY).expect_err("too far").to_string().contains("ends at"));
    assert!(run.simulation.advance(1.0 * DAY).is_err());
    let mut scored = Setting::new(1, 2, 10.0);
    scored.plan.blood = Some("aorta".into());
    assert!(scored.start::<f64>().simulation.add_source(map(vec![1.0; 2])).expect_err("no blood").to_string().contains("aorta"));
}
