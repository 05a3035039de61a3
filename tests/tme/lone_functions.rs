//! Parts that need no run: vessel map, pharmacokinetics, lymphocytes, marrow.

use std::f64::consts::LN_2;

use dosaic::{
    physics::exponential::{decay, integral},
    plan::DrugKinetics,
    response::tme::{
        blood::Lymphocytes,
        cpu::biology::{State, biology_activation, biology_consumption, biology_vessels_held},
        drugs::Amounts,
        marrow::Chain,
        row::Row,
        stage::Stage,
    },
};

use super::{close, printed};

#[test]
fn t40_vessel_map() {
    let row = Row { endothelium_alpha: 0.19, endothelium_beta: 0.039, loss_slope: 0.0344, loss_offset: 0.22, ..Row::<f64>::default() };
    let lost = |effect: f64| 1.0 - biology_vessels_held(&row, effect);
    let acute = |dose: f64| lost(0.19 * dose + 0.039 * dose * dose);
    for (dose, expected) in [(7.0, ".0208"), (11.0, ".1584"), (13.0, ".2272"), (15.0, ".296"), (17.0, ".3648"), (25.0, ".64")] {
        printed(&format!("{dose} Gy"), acute(dose), expected);
    }
    // Potiron's data.
    for (dose, measured) in [(7.0, 0.0), (11.0, 0.18), (13.0, 0.23), (15.0, 0.26), (17.0, 0.43), (25.0, 0.62)] {
        assert!((acute(dose) - measured).abs() < 0.07, "{dose} Gy: {} {measured}", acute(dose));
    }
    printed("Ev = 4.75", lost(4.75), ".08498");
    // Bounded at both ends, and without beta the dose is E/alpha.
    assert_eq!((lost(0.0), lost(1e9)), (0.0, 1.0));
    let linear = Row { endothelium_beta: 0.0, ..row };
    close("no beta", 1.0 - biology_vessels_held(&linear, 1.9), 0.0344 * 10.0 - 0.22, 1e-13);
}

#[test]
fn doomed_cells_breathe_and_vessels_carry_antibody_by_their_parameters() {
    let row = Row {
        consumption_gain: 2.0,
        doomed_consumption: 0.3,
        checkpoint_entry: 0.5,
        checkpoint_perfusion: 1.2,
        suppression_half: 1.0,
        ..Row::<f64>::default()
    };
    let stage = Stage { checkpoint: 4.0, ..Stage::neutral(0.1) };
    let state = |vessels: f64| State { oxic: 0.1, hypoxic: 0.2, doomed: 0.5, vessels, pdl1: 0.6, ..State::default() };
    close("consumption", biology_consumption(&row, &stage, &state(1.0)), 2.0 * (0.3 + 0.15), 1e-14);
    // 1 - P/(1 + phi C/K_D v), v at most 1.2.
    for (vessels, counted) in [(0.7, 0.7), (1.1, 1.1), (1.2, 1.2), (2.0, 1.2)] {
        close("activation", biology_activation(&row, &stage, &state(vessels)), 1.0 - 0.6 / (1.0 + 2.0 * counted), 1e-14);
    }
}

const PEMBROLIZUMAB: DrugKinetics =
    DrugKinetics::TwoCompartment { clearance: 0.22, central: 3.48, peripheral: 4.06, exchange: 0.795, nanomolar: 6.7 };

#[test]
fn t36_pembrolizumab() {
    let mut amounts = Amounts::new(&PEMBROLIZUMAB);
    let half_lives = amounts.half_lives();
    printed("alpha phase", half_lives[0], "1.504866");
    printed("beta phase", half_lives[1], "25.791024");
    amounts.dose(200.0);
    let mut day = 0.0;
    for (until, expected) in [(1.0, "43.927438"), (7.0, "19.942166"), (21.0, "12.732804")] {
        amounts.advance(until - day);
        day = until;
        printed(&format!("C({until})"), amounts.central / 3.48, expected);
    }
    // Nothing is lost but by clearance: AUC = dose/CL. The area by Simpson's rule over 400 half-lives of the slow phase.
    let mut amounts = Amounts::new(&PEMBROLIZUMAB);
    amounts.dose(200.0);
    let (mut area, h) = (0.0, 0.05);
    for _ in 0..20_000 {
        let begin = amounts.central;
        amounts.advance(0.5 * h);
        let middle = amounts.central;
        amounts.advance(0.5 * h);
        area += h / 6.0 * (begin + 4.0 * middle + amounts.central) / 3.48;
    }
    close("AUC", area, 909.0909, 1e-6);
    // A trough every three weeks.
    let mut amounts = Amounts::new(&PEMBROLIZUMAB);
    for _ in 0..60 {
        amounts.dose(200.0);
        amounts.advance(21.0);
    }
    printed("trough", amounts.central / 3.48, "29.519642");
    printed("trough in nM", amounts.concentration(), &format!("{:.4}", 29.519642 * 6.7));
}

#[test]
fn one_compartment_with_a_depot() {
    // S = ka/(ka - ke) (e^-ke t - e^-ka t); without depot e^-ke t; steps of any length agree.
    let kinetics = DrugKinetics::OneCompartment { elimination: 0.15, absorption: Some(8.0) };
    let mut amounts = Amounts::new(&kinetics);
    amounts.dose(2.0);
    for _ in 0..100 {
        amounts.advance(0.03);
    }
    close("depot", amounts.central, 2.0 * 8.0 / 7.85 * ((-0.45f64).exp() - (-24.0f64).exp()), 1e-13);
    let mut amounts = Amounts::new(&DrugKinetics::OneCompartment { elimination: 0.15, absorption: None });
    amounts.dose(2.0);
    amounts.advance(3.0);
    close("at once", amounts.central, 2.0 * (-0.45f64).exp(), 1e-15);
}

#[test]
fn t36_lymphocytes() {
    for (dose, expected) in [(0.5, "0.659241"), (1.0, "0.434598"), (2.0, "0.188876")] {
        let mut blood = Lymphocytes::new(1.0 / 1.2, LN_2 / 60.0, 0.5, LN_2 / 1.25);
        // Within a second nothing recovers.
        let second = 1.0 / 86400.0;
        blood.advance(second, |from, to| dose * (to - from) / second);
        assert!((blood.able - expected.parse::<f64>().expect("a number")).abs() < 6e-7, "{dose} Gy: {}", blood.able);
        // One half of those lost is still there, and half of them a day and a quarter later.
        close("damaged", blood.damaged, 0.5 * (1.0 - blood.able), 1e-4);
        let damaged = blood.damaged;
        blood.advance(1.25, |_, _| 0.0);
        close("released", blood.damaged, 0.5 * damaged, 1e-6);
    }
    // Of those lost, the share that is not gone at once.
    let mut blood = Lymphocytes::new(1.0, LN_2 / 60.0, 0.8, LN_2 / 1.25);
    blood.advance(1e-5, |from, to| 2.0 * (to - from) / 1e-5);
    close("fewer stay", blood.damaged, 0.2 * (1.0 - (-2.0f64).exp()), 1e-4);
    // A constant dose rate has a steady state: k (1 - l) = alpha Ddot l.
    let mut blood = Lymphocytes::new(0.83, 0.02, 0.5, 1.0);
    for _ in 0..8000 {
        blood.advance(0.125, |from, to| 0.01 * (to - from));
    }
    close("steady", blood.able, 0.02 / (0.02 + 0.83 * 0.01), 1e-8);
    // A decaying one, against steps a hundred times shorter.
    let course = |steps: u32| {
        let (mut blood, rate, h) = (Lymphocytes::new(0.83, 0.0116, 0.5, 0.55), 0.2, 20.0 / f64::from(steps));
        for step in 0..steps {
            let begin = h * f64::from(step);
            blood.advance(h, |from, to| 0.3 * decay(rate, begin + from) * integral(rate, to - from));
        }
        blood
    };
    close("decaying", course(80).able, course(8000).able, 1e-9);
    close("damaged, decaying", course(80).damaged, course(8000).damaged, 1e-3);
}

#[test]
fn marrow_rests_falls_and_recovers() {
    let mut chain = Chain::new(250.0, 130.0 / 24.0, 0.2, 0.3);
    chain.advance(100.0, |_, _| 0.0);
    close("at rest", chain.circulating(), 250.0, 1e-13);
    // A dose of 2 Gy leaves e^-0.6 of the progenitors: the circulating cells fall when those are due, and overshoot less than they fell.
    let mut chain = Chain::new(250.0, 130.0 / 24.0, 0.2, 0.3);
    chain.advance(0.01, |from, to| 200.0 * (to - from));
    let (mut nadir, mut when) = (250.0, 0.0);
    for step in 1..2000 {
        chain.advance(0.1, |_, _| 0.0);
        if chain.circulating() < nadir {
            (nadir, when) = (chain.circulating(), 0.1 * f64::from(step));
        }
    }
    assert!(nadir > 250.0 * (-0.6f64).exp() && nadir < 220.0 && when > 3.0 && when < 15.0, "{nadir} on day {when}");
    close("recovered", chain.circulating(), 250.0, 0.02);
    // The chain of four pools with mean time MTT: without feedback a step in progenitors arrives as an Erlang distribution,
    // C/C0 = e^-x (1 + x + x^2/2 + x^3/6) of what was there and the progenitors' share of the rest, x = 4 t/MTT.
    let mut chain = Chain::new(1.0, 4.0, 1e-12, 1.0);
    chain.advance(1e-9, |from, to| 1e9 * LN_2 * (to - from));
    chain.advance(3.0, |_, _| 0.0);
    let x: f64 = 3.0;
    let old = (-x).exp() * (1.0 + x + x * x / 2.0 + x.powi(3) / 6.0);
    close("Erlang", chain.circulating(), old + 0.5 * (1.0 - old), 1e-7);
}
