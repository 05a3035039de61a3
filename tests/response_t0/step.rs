//! The exact step: identities, limits, independence of the step length.

use dosaic::physics::exponential::{Exponential, remaining};
use dosaic::response::lq::protraction;
use dosaic::response::step::{Step, StepTable, step};

use super::{Random, close, decaying};

fn random_terms(random: &mut Random) -> Vec<Exponential> {
    let clearance: Vec<f64> = (0..3).map(|_| random.scale(0.05, 3.0)).collect();
    let mut terms: Vec<Exponential> = clearance.iter().map(|&rate| Exponential { amplitude: random.between(0.1, 3.0), rate }).collect();
    // An uptake phase that starts from zero.
    let sum = terms.iter().map(|term| term.amplitude).sum::<f64>();
    terms.push(Exponential { amplitude: -random.between(0.0, sum), rate: random.scale(5.0, 20.0) });
    terms
}

/// Unrepaired dose at `t`, straight from its definition as a sum.
fn unrepaired(terms: &[Exponential], start: f64, mu: f64, t: f64) -> f64 {
    start * (-mu * t).exp() + terms.iter().map(|term| term.amplitude * remaining(term.rate, mu, t)).sum::<f64>()
}

#[test]
fn t27_misrepair_identity() {
    // Q = (U^2 - U0^2)/2 + mu Int U^2 dt, the integral by Simpson's rule.
    let mut random = Random(27);
    for case in 0..20 {
        let terms = random_terms(&mut random);
        let (mu, start, h) = (random.scale(0.5, 15.0), random.between(0.0, 2.0), random.between(0.5, 5.0));
        let n = 20_000;
        let dt = h / f64::from(n);
        let square = |i: i32| unrepaired(&terms, start, mu, f64::from(i) * dt).powi(2);
        let simpson: f64 = (0..n / 2).map(|i| square(2 * i) + 4.0 * square(2 * i + 1) + square(2 * i + 2)).sum::<f64>() * dt / 3.0;
        let done = step(&mut terms.clone(), start, mu, h);
        close(&format!("case {case}"), done.q, (done.unrepaired.powi(2) - start * start) / 2.0 + mu * simpson, 1e-9);
    }
}

#[test]
fn t28_one_long_step_is_a_thousand_short_ones() {
    let mut random = Random(28);
    for case in 0..20 {
        let terms = random_terms(&mut random);
        let mu = random.scale(0.5, 15.0);
        let mut at_once = terms.clone();
        let once = step(&mut at_once, 0.7, mu, 10.0);
        let rates: Vec<f64> = terms.iter().map(|term| term.rate).collect();
        let mut amplitudes: Vec<f64> = terms.iter().map(|term| term.amplitude).collect();
        let table = StepTable::new(&rates, mu, 0.01);
        let mut sum = Step { dose: 0.0, unrepaired: 0.7, q: 0.0 };
        for _ in 0..1000 {
            let next = table.apply(&mut amplitudes, sum.unrepaired);
            sum = Step { dose: sum.dose + next.dose, unrepaired: next.unrepaired, q: sum.q + next.q };
        }
        close(&format!("dose {case}"), sum.dose, once.dose, 1e-10);
        close(&format!("U {case}"), sum.unrepaired, once.unrepaired, 1e-10);
        close(&format!("Q {case}"), sum.q, once.q, 1e-10);
        for (amplitude, term) in amplitudes.iter().zip(&at_once) {
            assert!((amplitude - term.amplitude).abs() <= 1e-12 * terms[0].amplitude);
        }
    }
}

#[test]
fn repair_as_fast_as_decay_is_no_special_case() {
    let lambda = 0.37;
    // Exactly equal: G = 1/2.
    close("equal", protraction::g_decay(lambda, lambda), 0.5, 1e-15);
    close("equal, as a sum", protraction::g_exponentials(lambda, &[decaying(3.0, lambda)], f64::INFINITY), 0.5, 1e-14);
    // Truncated, U = c t e^(-lambda t): Q = c^2 (1 - e^(-2x)(1 + 2x))/(4 lambda^2).
    let x = lambda * 4.0;
    let dose = (1.0 - (-x).exp()) / lambda;
    let exact = 2.0 * (1.0 - (-2.0 * x).exp() * (1.0 + 2.0 * x)) / (4.0 * lambda * lambda * dose * dose);
    for e in [0.0, 1e-15, -1e-15, 1e-12, -1e-12, 1e-9] {
        // dG/dmu is about -G/(lambda + mu): a relative step e in mu moves G by less than e.
        close("nearly equal", protraction::g_decay_until(lambda * (1.0 + e), lambda, 4.0), exact, 1e-14 + e.abs());
        close("as a step", protraction::g_exponentials(lambda * (1.0 + e), &[decaying(3.0, lambda)], 4.0), exact, 1e-14 + e.abs());
    }
}

#[test]
fn limits_of_repair_and_decay() {
    let terms = [decaying(4.0, 0.2), decaying(2.0, 1.5)];
    close("no repair", protraction::g_exponentials(0.0, &terms, f64::INFINITY), 1.0, 1e-14);
    close("almost none", protraction::g_exponentials(1e-13, &terms, f64::INFINITY), 1.0, 1e-11);
    let fast = protraction::g_exponentials(1e9, &terms, f64::INFINITY);
    assert!(fast > 0.0 && fast < 2e-9, "{fast:e}");
    // mu -> infinity: U = Ddot/mu, so mu G D^2/2 -> Int Ddot^2 dt.
    let square = 0.8 * 0.8 / 0.4 + 3.0 * 3.0 / 3.0 + 2.0 * 0.8 * 3.0 / 1.7;
    close("instant repair", fast * 1e9 * 36.0 / 2.0, square, 1e-8);
    // A pulse is acute; lambda -> 0 is a constant rate.
    close("pulse", protraction::g_decay(0.5, 1e13), 1.0, 1e-12);
    for lambda in [0.0, 1e-300, 1e-16] {
        close("constant", protraction::g_decay_until(0.46, lambda, 10.0), protraction::g_constant(0.46, 10.0), 1e-14);
    }
    close("short", protraction::g_constant(1e-12, 1.0), 1.0, 1e-12);
}
