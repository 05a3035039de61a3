//! The step functions, over thousands of states that the CPU twin comes to in water, bone and lung.

use std::sync::LazyLock;

use dosaic::transport::{
    backend::Particle,
    constants::{STACK, STATUS_STACK},
    cpu::{
        alpha::alpha_advance,
        electron::{electron_advance, electron_begin_step, electron_deflect, electron_start, electron_wait},
        event::event_happen,
    },
    layout::Params,
};

use crate::{
    Test,
    compare::{
        Kind::{Float, Inverse, Within},
        compare, float,
    },
    functions::{MIXED, params},
    probe::Prober,
    scene::{Case, Scene},
    states::{self, Snapshot, Snapshots, start_alpha},
    words::{Row, Tolerances, alpha_deposit_fields, alpha_fields, deposit_fields, electron_fields, event_fields, waiting_fields},
};

pub(crate) const TESTS: &[Test] = &[
    ("alpha_start_agrees", alpha_starts),
    ("alpha_advance_agrees", alpha_legs),
    ("electron_start_agrees", electron_starts),
    ("electron_begin_step_agrees", electron_steps),
    ("electron_advance_agrees", electron_legs),
    ("electron_deflect_agrees", electron_hinges),
    ("events_agree", events),
];

/// A handful of roundings each, with quotients that a device may have off by 2.5 ulp; places and directions relative to edge and length.
pub(crate) const STEP: Tolerances = Tolerances {
    offset: Float { ulps: 8.0, scale: 0.1 },
    direction: Float { ulps: 8.0, scale: 0.5 },
    inverse: Inverse(8.0),
    value: float(16.0),
    interactions: float(8.0),
    share: float(16.0),
    quanta: Within(2),
};
/// What is left of the mean free paths is a difference.
const BEGIN: Tolerances = Tolerances { interactions: Float { ulps: 8.0, scale: 1.0 }, ..STEP };
/// The transferred share is 1 / (1 / cut - choice) or cut + (choice - inverse part) / (5 a): at low energy, where a is of the order
/// of 0.01, the second multiplies the rounding of numbers near 20 a thousandfold. It only shifts the random number by as much.
pub(crate) const COLLIDE: Tolerances =
    Tolerances { direction: Float { ulps: 512.0, scale: 0.5 }, inverse: Inverse(512.0), value: float(2048.0), quanta: Within(16), ..STEP };
/// Comparisons of two floats that differ in their last bits between the twins: at most this share of the states may go the other way.
pub(crate) const FLIPS: usize = 5000;

/// Small voxels, in which alphas cross several walls.
static MICRO: LazyLock<Scene> = LazyLock::new(|| Scene::mixed([24, 20, 16], 0.02).with_saturation(150.0));

fn alpha_case() -> (Case, Params) {
    let case = Case::new("Ac-225", Particle::Alpha, MICRO.source(2), 80_000, 16);
    let p = params(&MICRO, &case);
    (case, p)
}

/// Yttrium-90 in 1-mm voxels, whose delta threshold is low enough for thousands of hard collisions.
fn electrons() -> (Case, Params, Snapshots) {
    let case = Case::new("Y-90", Particle::Electron, MIXED.source(3), 160_000, 16);
    let p = params(&MIXED, &case);
    let found = states::electrons(&MIXED, &case, &p, 6000, 20_000);
    (case, p, found)
}

fn alpha_starts() {
    let (case, p) = alpha_case();
    let (starts, _) = states::alphas(&MICRO, &case, &p, 4000);
    let inputs: Vec<[u32; 10]> = starts
        .iter()
        .map(|s| {
            let d = &s.decay;
            Row::default().u(&[d.index]).vec(d.offset).vec(d.direction).f(&[d.energy, s.normal, s.sigma]).done()
        })
        .collect();
    let want: Vec<[u32; 20]> = starts.iter().map(|s| Row::default().alpha(&start_alpha(&MICRO, &p, s)).done()).collect();
    let got = Prober::new(&MICRO, &case, &p).run("probe_alpha_start", &inputs);
    compare("alpha_start", &alpha_fields(STEP), &got, &want, 0);
}

fn alpha_legs() {
    let (case, p) = alpha_case();
    let (_, mut legs) = states::alphas(&MICRO, &case, &p, 4000);
    legs.truncate(legs.len() / 4 * 4);
    let inputs: Vec<[u32; 20]> = legs.iter().map(|a| Row::default().alpha(a).done()).collect();
    let want: Vec<[u32; 25]> = legs
        .iter()
        .map(|a| {
            let mut a = *a;
            let deposit = alpha_advance::<false>(&p, &MICRO.tables, &MICRO.phantom.voxels, &mut a);
            Row::default().alpha(&a).alpha_deposit(&deposit).done()
        })
        .collect();
    assert!(want.iter().any(|w| w[24] > 0), "some leave the phantom");
    let got = Prober::new(&MICRO, &case, &p).run("probe_alpha_advance", &inputs);
    compare("alpha_advance", &[alpha_fields(STEP), alpha_deposit_fields(STEP)].concat(), &got, &want, legs.len() / FLIPS);
}

fn electron_starts() {
    let (case, p, mut found) = electrons();
    found.starts.truncate(found.starts.len() / 4 * 4);
    let inputs: Vec<[u32; 14]> = found.starts.iter().map(|w| Row::default().waiting(w).done()).collect();
    let want: Vec<[u32; 46]> = found
        .starts
        .iter()
        .map(|&w| {
            let e = electron_start(&p, &MIXED.phantom.voxels, w);
            Row::default().electron(&e).waiting(&electron_wait(&e)).done()
        })
        .collect();
    let got = Prober::new(&MIXED, &case, &p).run("probe_electron_start", &inputs);
    compare("electron_start", &[electron_fields(STEP), waiting_fields(STEP)].concat(), &got, &want, 0);
}

fn rows(snapshots: &[Snapshot]) -> Vec<[u32; 34]> {
    snapshots.iter().map(|s| Row::default().u(&s.history).electron(&s.electron).done()).collect()
}

fn whole_words(mut snapshots: Vec<Snapshot>) -> Vec<Snapshot> {
    snapshots.truncate(snapshots.len() / 4 * 4);
    snapshots
}

fn electron_steps() {
    let (case, p, found) = electrons();
    let steps = whole_words(found.steps);
    let want: Vec<[u32; 36]> = steps
        .iter()
        .map(|s| {
            let mut e = s.electron;
            let deposit = electron_begin_step::<false>(&p, &MIXED.tables, &MIXED.phantom.voxels, s.history, &mut e);
            Row::default().electron(&e).electron_deposit(&deposit).done()
        })
        .collect();
    let got = Prober::new(&MIXED, &case, &p).run("probe_electron_begin_step", &rows(&steps));
    compare("electron_begin_step", &[electron_fields(BEGIN), deposit_fields(BEGIN)].concat(), &got, &want, steps.len() / FLIPS);
}

fn electron_legs() {
    let (case, p, found) = electrons();
    let legs = whole_words(found.legs);
    let want: Vec<[u32; 36]> = legs
        .iter()
        .map(|s| {
            let mut e = s.electron;
            let deposit = electron_advance::<false>(&p, &MIXED.tables, &MIXED.phantom.voxels, &mut e);
            Row::default().electron(&e).electron_deposit(&deposit).done()
        })
        .collect();
    assert!(want.iter().any(|w| w[34] > 0), "some leave the phantom");
    let got = Prober::new(&MIXED, &case, &p).run("probe_electron_advance", &rows(&legs));
    compare("electron_advance", &[electron_fields(STEP), deposit_fields(STEP)].concat(), &got, &want, legs.len() / FLIPS);
}

fn electron_hinges() {
    let (case, p, found) = electrons();
    let hinges = whole_words(found.hinges);
    let want: Vec<[u32; 32]> = hinges
        .iter()
        .map(|s| {
            let mut e = s.electron;
            electron_deflect(&MIXED.tables, &mut e);
            Row::default().electron(&e).done()
        })
        .collect();
    let got = Prober::new(&MIXED, &case, &p).run("probe_electron_deflect", &rows(&hinges));
    compare("electron_deflect", &electron_fields(STEP), &got, &want, hinges.len() / FLIPS);
}

fn events() {
    let (case, p, found) = electrons();
    let events = found.events;
    assert!(events.len() >= 1000, "only {} events", events.len());
    // With room on the stack and without.
    let depths = [0, STACK - 1, STACK];
    let inputs: Vec<[u32; 35]> = events
        .iter()
        .take(events.len() / 4 * 4)
        .enumerate()
        .map(|(i, s)| Row::default().u(&s.history).electron(&s.electron).u(&[depths[i % 3]]).done())
        .collect();
    let want: Vec<[u32; 60]> = events
        .iter()
        .take(inputs.len())
        .enumerate()
        .map(|(i, s)| {
            let mut e = s.electron;
            let r = event_happen::<false>(&p, &MIXED.tables, &MIXED.phantom.voxels, s.history, &mut e, depths[i % 3]);
            Row::default().event(&e, &r).done()
        })
        .collect();
    assert!(want.iter().any(|w| w[46] == 1) && want.iter().any(|w| w[59] == STATUS_STACK), "delta rays and full stacks occur");
    assert!(want.iter().any(|w| w[47] == 1), "photons are emitted");
    let got = Prober::new(&MIXED, &case, &p).run("probe_event", &inputs);
    compare("events", &event_fields(COLLIDE), &got, &want, inputs.len() / FLIPS);
}
