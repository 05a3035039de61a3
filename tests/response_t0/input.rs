//! Wrong input is refused with its reason.

use std::sync::Arc;

use dosaic::dose::DoseRateComponent;
use dosaic::phantom::Phantom;
use dosaic::plan::{Lkb, Repopulation, ResponsePlan, TissueParameters};
use dosaic::response::{Irradiation, MapOptions, response_maps};
use dosaic::source::{Piece, TimeCourse};

use super::setting::*;

fn message(components: &[DoseRateComponent], phantom: &Phantom, plan: &ResponsePlan) -> String {
    match Irradiation::new(components, phantom, plan) {
        Ok(irradiation) => response_maps(&irradiation, &MapOptions::default()).expect_err("wrong input must be refused").to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn wrong_input_is_refused_with_its_reason() {
    let good = || component(2, 0.0, 1e-5, &[1.0, 2.0], None);
    let phantom = phantom(&[0, 1], &["kidney"]);
    let says = |message: &str, parts: &[&str]| {
        for part in parts {
            assert!(message.contains(part), "\"{message}\" should mention \"{part}\"");
        }
    };
    let none = plan(&[]);
    says(&message(&[], &phantom, &none), &["at least one component"]);
    let with = |piece: Piece| DoseRateComponent { course: Arc::new(TimeCourse { pieces: vec![piece] }), ..good() };
    let wrong = |piece: Piece| message(&[with(piece)], &phantom, &none);
    says(&wrong(Piece::exponential(1.0, 0.0)), &["component of fraction 2", "decay constant is 0/s", "never ends"]);
    says(&wrong(Piece { end: 5.0, ..Piece::exponential(f64::NAN, 0.1) }), &["from 0 s to 5 s", "NaN Bq"]);
    says(&wrong(Piece { start: 7.0, end: 5.0, ..Piece::exponential(1.0, 0.1) }), &["from 7 s to 5 s", "end after the start"]);
    says(&wrong(Piece { end: 5.0, slope: f64::INFINITY, ..Piece::exponential(1.0, 0.1) }), &["slope inf Bq/s"]);
    says(&wrong(Piece { end: 1e6, ..Piece::exponential(1.0, -1.0) }), &["rises too fast"]);
    says(&message(&[DoseRateComponent { start: f64::NAN, ..good() }], &phantom, &none), &["start is NaN"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0], None)], &phantom, &none), &["low-LET map has 1 voxels, the phantom 2"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0, 1.0], Some(&[1.0]))], &phantom, &none), &["high-LET map has 1"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0, f64::NAN], None)], &phantom, &none), &["voxel 1 is NaN Gy"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0, -1.0], None)], &phantom, &none), &["voxel 1 is -0.99"]);
    says(&message(&[good()], &phantom, &plan(&[("kidny", tissue())])), &["\"kidny\"", "regions are: kidney"]);
    let bad_label = Phantom { regions: vec![0, 2], ..phantom.clone() };
    says(&message(&[good()], &bad_label, &none), &["voxel 1 has region label 2"]);
    let spoilt = |change: fn(&mut TissueParameters)| {
        let mut p = tissue();
        change(&mut p);
        message(&[good()], &phantom, &plan(&[("kidney", p)]))
    };
    says(&spoilt(|p| p.alpha = -0.1), &["region \"kidney\"", "alpha is -0.1/Gy", "positive"]);
    says(&spoilt(|p| p.alpha_beta = 0.0), &["alpha/beta is 0 Gy"]);
    says(&spoilt(|p| p.repair_half_time = f64::INFINITY), &["repair half-time is inf s"]);
    says(&spoilt(|p| p.rbe_high_let = f64::NAN), &["RBE is NaN"]);
    says(&spoilt(|p| p.clonogens_per_ml = Some(0.0)), &["clonogen density is 0/mL"]);
    says(&spoilt(|p| p.lkb = Some(Lkb { td50: 28.0, m: 0.0, n: 0.7 })), &["slope m is 0"]);
    says(&spoilt(|p| p.bed_limit = Some(-1.0)), &["BED limit is -1 Gy"]);
    says(&spoilt(|p| p.repopulation = Some(Repopulation { doubling_time: 0.0, kick_off: 0.0 })), &["doubling time is 0 s"]);
}
