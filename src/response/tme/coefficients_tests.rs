//! The coefficients against the step of exponentials, the closed forms of the maps, and themselves; all in f64.

use std::{f64::consts::LN_2, sync::Arc};

use super::*;
use crate::{
    response::{
        maps::course_tests::{bed, courses, tissue, with},
        step::StepTable,
    },
    source::{Piece, TimeCourse},
};

const HOUR: f64 = 3600.0;
const DAY: f64 = 86400.0;

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: found {found:.15e}, expected {expected:.15e}");
}

fn random(seed: u32, i: u32) -> [f64; 4] {
    crate::transport::rng::rng_block([seed, 0x7e3], [i, 0], 1, 0).map(|word| (f64::from(word) + 0.5) / 4_294_967_296.0)
}

/// Exponentials with rates in 1/d and activities in Bq.
fn exponentials(parts: &[(f64, f64)]) -> Arc<TimeCourse> {
    Arc::new(TimeCourse { pieces: parts.iter().map(|&(value, rate)| Piece::exponential(value, rate / DAY)).collect() })
}

fn activities(deliveries: &[Delivery]) -> Activities {
    let mut activities = Activities::default();
    deliveries.iter().for_each(|delivery| activities.deliver(delivery).expect("right input"));
    activities
}

/// A voxel with so many Gy per decay, stepped through times in days: dose, unrepaired dose, encounters.
fn walk(activities: &Activities, per_decay: &[f64], mu: f64, times: impl IntoIterator<Item = (f64, f64)>) -> [f64; 3] {
    let [mut dose, mut unrepaired, mut q] = [0.0; 3];
    for (from, to) in times {
        let step = activities.within(from, to);
        let coefficients = step.coefficients(mu);
        let a: Vec<f64> = step.sources().map(|j| activities.scale(j) * per_decay[j]).collect();
        let sum = |of: &[f64]| a.iter().zip(of).map(|(a, x)| a * x).sum::<f64>();
        let pairs = (0..a.len()).flat_map(|j| (0..=j).map(move |k| (j, k)));
        q += unrepaired * sum(&coefficients.carried) + pairs.zip(&coefficients.pairs).map(|((j, k), x)| a[j] * a[k] * x).sum::<f64>();
        dose += sum(&step.shares());
        unrepaired = unrepaired * coefficients.repair + sum(&coefficients.unrepaired);
    }
    [dose, unrepaired, q]
}

fn steps(to: f64, h: f64) -> impl Iterator<Item = (f64, f64)> {
    let n = (to / h).round() as u32;
    (0..n).map(move |i| (to * f64::from(i) / f64::from(n), to * f64::from(i + 1) / f64::from(n)))
}

/// Three sources of several exponentials with uptake phases, and their amplitudes.
fn mixture(seed: u32) -> (Vec<Delivery>, Vec<f64>, f64) {
    let deliveries = (0..3)
        .map(|source| {
            let [a, b, c, _] = random(seed, source as u32);
            let (slow, fast) = (0.05 + 0.4 * a, 1.0 + 8.0 * b);
            let course = exponentials(&[(1e6, slow), (-1e6 * (0.2 + 0.8 * c), fast), (3e5, 2.0 * slow)]);
            Delivery { source, start: 0.0, course, factor: 1.0 + c }
        })
        .collect();
    let [a, b, c, d] = random(seed, 99);
    (deliveries, vec![1e-11 * a, 2e-11 * b, 5e-12 * c], 1.0 + 14.0 * d)
}

#[test]
fn exponentials_are_those_of_the_exact_step() {
    for seed in 0..50 {
        let (deliveries, per_decay, mu) = mixture(seed);
        let activities = activities(&deliveries);
        let mut rates = Vec::new();
        let mut amplitudes = Vec::new();
        for delivery in &deliveries {
            for piece in &delivery.course.pieces {
                rates.push(piece.rate * DAY);
                amplitudes.push(piece.value * DAY * delivery.factor * per_decay[delivery.source]);
            }
        }
        let (mut dose, mut unrepaired, mut q) = (0.0, 0.0, 0.0);
        for (from, to) in [(0.0, 0.1), (0.1, 0.35), (0.35, 3.0), (3.0, 11.0)] {
            let step = StepTable::new(&rates, mu, to - from).apply(&mut amplitudes, unrepaired);
            (dose, unrepaired, q) = (dose + step.dose, step.unrepaired, q + step.q);
        }
        let found = walk(&activities, &per_decay, mu, [(0.0, 0.1), (0.1, 0.35), (0.35, 3.0), (3.0, 11.0)]);
        for (what, found, expected) in [("dose", found[0], dose), ("unrepaired", found[1], unrepaired), ("encounters", found[2], q)] {
            close(what, found, expected, 1e-11);
        }
    }
}

#[test]
fn encounters_are_a_few_squares() {
    let courses = courses();
    let deliver = |i: usize| {
        let course = Arc::new(courses[i % courses.len()].1.clone());
        Delivery { source: i, start: 0.9 * i as f64 * HOUR, course, factor: 1.0 + i as f64 }
    };
    let activities = activities(&(0..24).map(deliver).collect::<Vec<_>>());
    // Courses that begin and end within a step are as many squares; those that only bend are few.
    for (from, to, most) in [(0.0, 0.25, 24), (0.5, 0.75, 24), (0.0, 5.0, 24), (4.0, 4.25, 6), (9.0, 9.25, 6)] {
        let step = activities.within(from, to);
        let coefficients = step.coefficients(11.0);
        let n = step.sources().len();
        for (tolerance, least) in [(1e-9, 1e-9), (1e-15, 1e-13)] {
            let rows = coefficients.squares(tolerance);
            println!("{from} to {to} d, {tolerance}: {} squares for {n} sources", rows.len());
            assert!(rows.len() <= n && (tolerance < 1e-9 || rows.len() <= most), "{} squares for {n} sources", rows.len());
            for seed in 0..20 {
                // Some amplitudes far smaller than others, some none.
                let a: Vec<f64> = (0..n).map(|j| random(seed, j as u32)).map(|[x, y, ..]| if y < 0.2 { 0.0 } else { x.powi(8) }).collect();
                let pairs = (0..n).flat_map(|j| (0..=j).map(move |k| (j, k)));
                let exact: f64 = pairs.zip(&coefficients.pairs).map(|((j, k), x)| a[j] * a[k] * x).sum();
                let found: f64 = rows.iter().map(|row| row.iter().zip(&a).map(|(f, a)| f * a).sum::<f64>().powi(2)).sum();
                close("squares", found, exact, least);
            }
        }
    }
}

/// T27.
#[test]
fn encounters_are_what_the_balance_of_unrepaired_dose_says() {
    const NODES: [(f64, f64); 3] = [(-0.774_596_669_241_483_4, 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.774_596_669_241_483_4, 5.0 / 9.0)];
    for seed in 0..10 {
        let (deliveries, per_decay, mu) = mixture(seed);
        let activities = activities(&deliveries);
        let [_, start, before] = walk(&activities, &per_decay, mu, [(0.0, 0.2)]);
        let [_, end, after] = walk(&activities, &per_decay, mu, [(0.0, 0.2), (0.2, 2.2)]);
        let mut squared = 0.0;
        for (from, to) in steps(2.0, 1.0 / 64.0).map(|(from, to)| (0.2 + from, 0.2 + to)) {
            for (x, weight) in NODES {
                let time = 0.5 * (from + to) + 0.5 * (to - from) * x;
                let [_, u, _] = walk(&activities, &per_decay, mu, [(0.0, time)]);
                squared += 0.5 * (to - from) * weight * u * u;
            }
        }
        close("Q", after - before, 0.5 * (end * end - start * start) + mu * squared, 1e-9);
    }
}

/// T28.
#[test]
fn the_length_of_steps_does_not_show() {
    for seed in 0..5 {
        let (deliveries, per_decay, mu) = mixture(seed);
        let activities = activities(&deliveries);
        let one = walk(&activities, &per_decay, mu, [(0.0, 10.0)]);
        for h in [0.01, 0.25, 1.0] {
            let many = walk(&activities, &per_decay, mu, steps(10.0, h));
            one.iter().zip(many).for_each(|(&one, many)| close("steps", many, one, 1e-10));
        }
    }
}

/// Every kind of course, in fractions that overlap: the sum over steps is the closed form of the BED maps.
#[test]
fn steps_add_up_to_the_maps_of_bed() {
    let starts = [0.0, 3.0, 26.0, 27.0, 60.0, 61.0, 100.0, 101.0, 150.0];
    let courses = courses();
    let components: Vec<_> =
        courses.iter().zip(starts).zip(1..).map(|(((_, course), start), number)| with(number, start * HOUR, course)).collect();
    let deliveries: Vec<Delivery> = courses
        .iter()
        .zip(starts)
        .enumerate()
        // The last three are further fractions of earlier sources.
        .map(|(i, ((_, course), start))| Delivery { source: i % 6, start: start * HOUR, course: Arc::new(course.clone()), factor: 1.0 })
        .collect();
    let activities = activities(&deliveries);
    let per_decay = [f64::from(1.0e-11f32); 6];
    for repair in [0.8, 2.8, 30.0] {
        let tissue = tissue(repair);
        for until in [50.0, 105.0, 400.0] {
            let expected = bed(&components, &tissue, until * HOUR);
            for h in [until / 24.0, 0.25, 0.01] {
                let [dose, _, q] = walk(&activities, &per_decay, LN_2 * 24.0 / repair, steps(until / 24.0, h));
                close(&format!("{repair} h until {until} h, steps of {h} d"), dose + 2.0 * q / tissue.alpha_beta, expected, 1e-10);
            }
        }
    }
}

#[test]
fn tails_are_given_at_once_and_nothing_is_lost() {
    let courses = courses();
    for (name, course) in &courses {
        let delivery = Delivery { source: 0, start: 3.0 * HOUR, course: Arc::new(course.clone()), factor: 0.7 };
        let activities = activities(&[delivery]);
        let mut decays = 0.0;
        let mut last = 0.0;
        for (from, to) in steps(40_000.0, 50.0) {
            let step = activities.within(from, to);
            decays += step.decays().iter().sum::<f64>();
            if step.sources().len() > 0 {
                last = to;
            }
        }
        close(name, decays, 0.7 * course.tia(), 1e-12);
        // The long-lived daughter: 4000 h x log2(1e9) = 5000 d.
        assert!(last < if *name == "long-lived daughter of samples" { 5300.0 } else { 150.0 }, "{name}: active until {last} d");
    }
}

#[test]
fn only_sources_with_activity_are_listed() {
    let course = exponentials(&[(1e6, 1.0)]);
    let delivery = |source, start: f64, factor| Delivery { source, start: start * DAY, course: Arc::clone(&course), factor };
    let activities = activities(&[delivery(4, 50.0, 1.0), delivery(1, 0.0, 2.0), delivery(2, 0.0, 0.0), delivery(1, 60.0, 1.0)]);
    let listed = |from, to| activities.within(from, to).sources().collect::<Vec<_>>();
    assert_eq!(listed(0.0, 0.25), [1]);
    assert_eq!(listed(40.0, 50.0), [0; 0]);
    assert_eq!(listed(50.0, 50.25), [4]);
    assert_eq!(listed(59.9, 60.1), [1, 4]);
    assert_eq!((activities.scale(2), activities.scale(9)), (0.0, 0.0));
    close("scale", activities.scale(1), 2e6 * DAY, 1e-13);
    assert!(activities.within(40.0, 41.0).coefficients(5.0).pairs.is_empty());
}

#[test]
fn deliveries_of_nonsense_are_errors() {
    let mut activities = Activities::default();
    let good = Delivery { source: 0, start: 0.0, course: exponentials(&[(1e6, 1.0)]), factor: 1.0 };
    let endless = Arc::new(TimeCourse { pieces: vec![Piece::exponential(1.0, 0.0)] });
    let negative = exponentials(&[(-1e6, 1.0)]);
    for wrong in [
        Delivery { start: f64::NAN, ..good.clone() },
        Delivery { factor: -1.0, ..good.clone() },
        Delivery { course: endless, ..good.clone() },
        Delivery { course: negative, ..good.clone() },
    ] {
        let error = activities.deliver(&wrong).expect_err("must be refused").to_string();
        assert!(error.contains("source 0") && error.contains("factor"), "{error}");
    }
    assert!(activities.deliver(&good).is_ok());
}
