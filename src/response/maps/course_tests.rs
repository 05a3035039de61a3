//! Courses of any kind against quadrature of the Lea-Catcheside integral, and among themselves; all in f64, without maps.

use std::{f64::consts::LN_2, sync::Arc};

use glam::DVec3;

use super::*;
use crate::{
    dose::{ComponentDose, DoseRateComponent},
    grid::VoxelGrid,
    phantom::Phantom,
    plan::{ResponsePlan, TissueParameters},
    response::lq::protraction::g_decay_until,
    source::{Piece, TimeCourse},
};

const HOUR: f64 = 3600.0;
const DAY: f64 = 86400.0;

fn rate(hours: f64) -> f64 {
    LN_2 / (hours * HOUR)
}

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: found {found:.15e}, expected {expected:.15e}");
}

pub(in crate::response) fn tissue(repair: f64) -> TissueParameters {
    TissueParameters {
        alpha: 0.2,
        alpha_beta: 3.0,
        repair_half_time: repair * HOUR,
        rbe_high_let: 5.0,
        high_let_beta: 1.0,
        clonogens_per_ml: None,
        repopulation: None,
        lkb: None,
        bed_limit: None,
        assumed: vec![],
    }
}

/// A voxel that gets 1e-11 Gy per decay.
pub(in crate::response) fn with(fraction: u32, start: f64, course: &TimeCourse) -> DoseRateComponent {
    let dose = ComponentDose { low: Arc::new(vec![1.0e-11]), high: None, sigma: Arc::new(vec![0.0]), dose_let: None, high_weighted: None };
    DoseRateComponent { name: format!("fraction {fraction}"), fraction, start, course: Arc::new(course.clone()), dose }
}

/// `from` and `to` in hours, value in Bq, slope in Bq/h, rate in 1/h.
fn piece(from: f64, to: f64, value: f64, slope: f64, rate: f64) -> Piece {
    Piece { start: from * HOUR, end: to * HOUR, value, slope: slope / HOUR, rate: rate / HOUR, power: 0 }
}

/// Every kind of course; some 1e12 decays each, so 10 Gy.
pub(in crate::response) fn courses() -> Vec<(&'static str, TimeCourse)> {
    let of = |pieces: Vec<Piece>| TimeCourse { pieces };
    let uptake = of(vec![Piece::exponential(5e6, rate(50.0)), Piece::exponential(-5e6, rate(2.0))]);
    let tail = piece(24.0, f64::INFINITY, 4e6, 0.0, LN_2 / 30.0);
    let samples = of(vec![piece(0.0, 4.0, 0.0, 1.5e6, 0.0), piece(4.0, 24.0, 6e6, -0.1e6, 0.0), tail]);
    // Rising by e^(0.3 x 5), then flat, then falling.
    let peak = 2e6 * 1.5f64.exp();
    let end = piece(20.0, f64::INFINITY, peak, 0.0, LN_2 / 20.0);
    let log_linear = of(vec![piece(1.0, 6.0, 2e6, 0.0, -0.3), piece(6.0, 20.0, peak, 0.0, 0.0), end]);
    // A member of a chain decays as fast as its pool empties.
    let daughter = |parent: &TimeCourse, hours: f64| parent.fed(rate(hours)).scaled(rate(hours));
    vec![
        ("cut uptake", uptake.truncated(30.0 * HOUR)),
        ("samples", samples.clone()),
        ("log-linear", log_linear),
        ("daughter", daughter(&uptake, 9.0)),
        ("granddaughter", daughter(&daughter(&uptake, 9.0), 0.7)),
        ("daughter as slow as its parent", daughter(&uptake, 50.0)),
        ("daughter of samples", daughter(&samples, 11.0)),
        ("long-lived daughter of samples", daughter(&samples, 4000.0)),
        ("uptake", uptake),
    ]
}

/// `BED = D + 2/(alpha/beta) Int Ddot W dt` of the voxel by Gauss-Legendre on panels; W is carried from panel to panel by quadrature too, so
/// nothing of the closed forms is used.
fn by_quadrature(components: &[DoseRateComponent], p: &TissueParameters, until: f64) -> f64 {
    const NODES: [(f64, f64); 5] = [
        (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
        (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.0, 0.568_888_888_888_888_9),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.906_179_845_938_664, 0.236_926_885_056_189_1),
    ];
    let mu = LN_2 / p.repair_half_time;
    let rate = |t: f64| components.iter().map(|c| c.course.at(t - c.start) * f64::from(c.dose.low[0])).sum::<f64>();
    let mut edges = vec![until];
    for c in components {
        edges.extend(c.course.pieces.iter().flat_map(|p| [c.start + p.start, c.start + p.end]).filter(|&t| t < until));
    }
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    // Int_a^b Ddot(s) e^(-mu (b - s)) ds on one panel.
    let released = |a: f64, b: f64| {
        let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
        half * NODES.iter().map(|&(x, w)| w * rate(middle + half * x) * (-mu * (b - middle - half * x)).exp()).sum::<f64>()
    };
    let (mut dose, mut met, mut unrepaired) = (0.0, 0.0, 0.0);
    for span in edges.windows(2) {
        let panels = ((span[1] - span[0]) / (0.2 * HOUR)).ceil();
        let h = (span[1] - span[0]) / panels;
        for i in 0..panels as u32 {
            let a = span[0] + f64::from(i) * h;
            for (x, w) in NODES {
                let t = a + 0.5 * h * (1.0 + x);
                let now = rate(t);
                dose += 0.5 * h * w * now;
                met += 0.5 * h * w * now * (unrepaired * (-mu * (t - a)).exp() + released(a, t));
            }
            unrepaired = unrepaired * (-mu * h).exp() + released(a, a + h);
        }
    }
    dose + 2.0 * met / p.alpha_beta
}

fn phantom() -> Phantom {
    Phantom {
        grid: VoxelGrid::axis_aligned([1, 1, 1], DVec3::splat(2.0), DVec3::ZERO),
        voxels: vec![0],
        materials: vec![],
        regions: vec![0],
        region_names: vec![],
        warnings: vec![],
    }
}

pub(in crate::response) fn bed(components: &[DoseRateComponent], p: &TissueParameters, until: f64) -> f64 {
    let (phantom, plan) = (phantom(), ResponsePlan { default: p.clone(), regions: vec![], tme: None });
    let irradiation = Irradiation::new(components, &phantom, &plan).expect("right input");
    bed_until(&irradiation, 0, &[0], until, 1)[0]
}

#[test]
fn every_course_follows_the_integral() {
    for (name, course) in courses() {
        for (repair, until) in [(2.8, 20.0 * DAY), (0.8, 3.0 * DAY), (30.0, 11.0 * HOUR)] {
            let (one, p) = ([with(1, 5.0 * HOUR, &course)], tissue(repair));
            let expected = by_quadrature(&one, &p, until);
            let dose = course.integral(0.0, until - 5.0 * HOUR) * f64::from(1.0e-11f32);
            assert!(expected > dose * (1.0 + 1e-6), "{name}: the quadratic part must show");
            let found = bed(&one, &p, until);
            close(name, found, expected, 1e-8);
            // The quadratic part alone; near rates leave 1e-9 of rounding in the course itself, so in the dose that is taken off.
            let quadratic = expected - dose;
            assert!((found - expected).abs() <= 1e-8 * quadratic + 2e-9 * dose, "{name}: {found:e} {expected:e}, quadratic {quadratic:e}");
        }
    }
}

#[test]
fn fractions_of_all_kinds_overlap() {
    let starts = [0.0, 3.0, 26.0, 27.0, 60.0, 61.0, 100.0, 101.0, 150.0];
    let components: Vec<DoseRateComponent> =
        courses().iter().zip(starts).zip(1..).map(|(((_, course), start), number)| with(number, start * HOUR, course)).collect();
    let p = tissue(2.8);
    for until in [50.0 * HOUR, 105.0 * HOUR, 20.0 * DAY] {
        close("overlap", bed(&components, &p, until), by_quadrature(&components, &p, until), 1e-8);
    }
    // To the end of decay: the limit of long times.
    close("to the end", bed(&components, &p, f64::INFINITY), bed(&components, &p, 1e5 * DAY), 1e-11);
    // In one fraction or in nine, with the order of components turned round, it is the same treatment.
    let mut one: Vec<DoseRateComponent> = components.iter().map(|c| DoseRateComponent { fraction: 1, ..c.clone() }).collect();
    one.reverse();
    close("one fraction", bed(&one, &p, f64::INFINITY), bed(&components, &p, f64::INFINITY), 1e-12);
}

#[test]
fn a_course_cut_in_pieces_is_the_whole() {
    let p = tissue(1.5);
    let cut = |whole: &Piece, hours: f64| {
        let s = hours * HOUR - whole.start;
        let left = (-whole.rate * s).exp();
        let late = Piece { start: hours * HOUR, value: (whole.value + whole.slope * s) * left, slope: whole.slope * left, ..*whole };
        TimeCourse { pieces: vec![Piece { end: hours * HOUR, ..*whole }, late] }
    };
    let wholes = [
        Piece::exponential(5e6, rate(50.0)),
        piece(2.0, 40.0, 5e6, 0.0, -0.05),
        piece(2.0, 40.0, 5e6, -0.1e6, 0.0),
        piece(2.0, 40.0, 5e6, 0.3e6, 0.02),
        piece(2.0, f64::INFINITY, 0.0, 1e6, 0.1),
    ];
    let earlier = with(1, -10.0 * HOUR, &TimeCourse::exponential(3e6, rate(20.0)));
    for whole in &wholes {
        for hours in [2.001, 7.0, 39.0] {
            for until in [30.0 * HOUR, f64::INFINITY] {
                let of = |course: &TimeCourse| bed(&[earlier.clone(), with(2, 0.0, course)], &p, until);
                close("cut", of(&cut(whole, hours)), of(&TimeCourse { pieces: vec![*whole] }), 1e-12);
            }
        }
    }
    // Two pieces that are given to two fractions do to each other what the whole does to itself.
    let whole = TimeCourse::exponential(5e6, rate(50.0));
    let parts = cut(&whole.pieces[0], 7.0).pieces.into_iter().zip(1..).map(|(p, n)| with(n, 0.0, &TimeCourse { pieces: vec![p] }));
    close("fractions", bed(&parts.collect::<Vec<_>>(), &p, f64::INFINITY), bed(&[with(1, 0.0, &whole)], &p, f64::INFINITY), 1e-12);
}

#[test]
fn truncated_courses_have_the_truncated_closed_form() {
    let (lambda, p) = (rate(50.0), tissue(2.8));
    let course = TimeCourse::exponential(5e6, lambda).truncated(72.0 * HOUR);
    let dose = course.tia() * f64::from(1.0e-11f32);
    let g = g_decay_until(LN_2 / p.repair_half_time, lambda, 72.0 * HOUR);
    close("closed form", bed(&[with(1, 0.0, &course)], &p, f64::INFINITY), dose + g * dose * dose / 3.0, 1e-13);
    // Truncated at the next fraction: nothing of the first is delivered after it.
    let until = bed(&[with(1, 0.0, &TimeCourse::exponential(5e6, lambda))], &p, 72.0 * HOUR);
    close("until", bed(&[with(1, 0.0, &course)], &p, f64::INFINITY), until, 1e-13);
}

#[test]
fn courses_equal_up_to_a_factor_are_one_shape() {
    let list = courses();
    let mut components = Vec::new();
    for (_, course) in &list {
        components.extend([with(1, 0.0, course), with(1, 0.0, &course.scaled(0.3)), with(2, 10.0, &course.scaled(1.7))]);
    }
    components.push(with(3, 20.0, &TimeCourse::default()));
    let (phantom, plan) = (phantom(), ResponsePlan { default: tissue(1.5), regions: vec![], tme: None });
    let irradiation = Irradiation::new(&components, &phantom, &plan).expect("right input");
    assert_eq!(irradiation.shapes.len(), 2 * list.len());
    // A fraction without activity has its map, of zeros.
    let maps = response_maps(&irradiation, &MapOptions { threads: 1, ..MapOptions::default() }).expect("finite doses");
    assert_eq!((maps.fractions.len(), maps.fractions[2].1[0]), (3, 0.0));
}

#[test]
fn bounds_of_unrepaired_dose_hold_for_every_course_and_are_near() {
    let mu = rate(2.8);
    for (name, course) in courses() {
        let (shape, amplitude) = shape::Shape::of(&with(1, 5.0 * HOUR, &course)).expect("activity");
        for from in [shape.begin, 15.0 * HOUR, 80.0 * HOUR] {
            let at =
                |t: f64| shape.terms.iter().filter(|(term, _)| term.start < t).map(|(term, f)| f * pairs::left(term, mu, t)).sum::<f64>();
            let highest = (0..40_000).map(|i| at(from + f64::from(i) * 0.01 * HOUR)).fold(0.0, f64::max);
            let bound = shape.peak(mu, from);
            assert!(bound >= highest * (1.0 - 1e-12) && bound <= 1.011 * highest, "{name} from {from}: {bound} for {highest}");
            assert!(bound * amplitude > 0.0, "{name} from {from}");
        }
    }
    // In a map: an uptake phase must lower the bound, not raise it.
    let (phantom, plan) = (phantom(), ResponsePlan { default: tissue(2.8), regions: vec![], tme: None });
    let bound = |course: &TimeCourse| {
        let components = [with(1, 0.0, course)];
        let irradiation = Irradiation::new(&components, &phantom, &plan).expect("right input");
        response_maps(&irradiation, &MapOptions { threads: 1, ..MapOptions::default() }).expect("finite doses").max_unrepaired
    };
    let sudden = TimeCourse::exponential(5e6, rate(50.0));
    let mut slow = sudden.clone();
    slow.add(&TimeCourse::exponential(-5e6, rate(6.0)));
    assert!(bound(&slow) < 0.85 * bound(&sudden) && bound(&slow) > 0.5 * bound(&sudden));
}

#[test]
fn a_negative_dose_is_refused_and_an_uptake_phase_is_none() {
    let (phantom, plan) = (phantom(), ResponsePlan { default: tissue(2.8), regions: vec![], tme: None });
    let run = |course: &TimeCourse| {
        let components = [with(1, 0.0, course)];
        let irradiation = Irradiation::new(&components, &phantom, &plan).expect("right input");
        response_maps(&irradiation, &MapOptions { threads: 1, ..MapOptions::default() })
    };
    assert!(run(&TimeCourse::exponential(-5e6, rate(50.0))).unwrap_err().to_string().contains("voxel 0 is -"));
    for (name, course) in courses() {
        assert!(run(&course).is_ok(), "{name}: {:?}", run(&course).err());
    }
}
