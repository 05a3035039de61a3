//! The radiation step of a voxel against closed forms, in f64, and what f32 makes of it.

use std::{f64::consts::LN_2, sync::Arc};

use super::*;
use crate::{
    response::tme::{Delivery, HighLet, VoxelSource, coefficients::Activities, layout::Maps},
    source::{Piece, TimeCourse},
};

const DAY: f64 = 86400.0;

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: found {found:.12e}, expected {expected:.12e}");
}

/// Low-LET alpha and beta; repair half-time in hours.
fn row(alpha: f64, beta: f64, repair: f64) -> Row<f64> {
    Row {
        alpha,
        root_beta: beta.sqrt(),
        root_beta_high: 1.0,
        rbe_high: 5.0,
        repair: 24.0 * LN_2 / repair,
        endothelium_alpha: 0.19,
        endothelium_beta: 0.039,
        endothelium_repair: 24.0 * LN_2 / repair,
        caf_alpha: 0.005,
        t_alpha: 0.1,
        emission: 5.0,
        ..Row::default()
    }
}

fn exponential(half_life: f64) -> TimeCourse {
    TimeCourse::exponential(1e6, LN_2 / (half_life * 3600.0))
}

/// As good as an instant.
fn pulse() -> TimeCourse {
    TimeCourse { pieces: vec![Piece { start: 0.0, end: 1.0, value: 1e12, slope: 0.0, rate: 0.0, power: 0 }] }
}

/// A source of a course with low- and high-LET dose (Gy in all), alpha of the latter, and the share of its effect that needs oxygen.
struct Source {
    course: TimeCourse,
    start: f64,
    low: f64,
    high: Option<[f64; 3]>,
}

fn low(course: TimeCourse, dose: f64) -> Source {
    Source { course, start: 0.0, low: dose, high: None }
}

/// One voxel, its sources, and where it stands.
struct Lab<R> {
    row: Row<R>,
    mu: [f64; 2],
    stage: Stage<R>,
    oxygen: Oxygen<R>,
    activities: Activities,
    maps: Maps,
    amplitudes: Vec<R>,
    state: State<R>,
    radiation: RadiationState<R>,
}

impl<R: Real> Lab<R> {
    fn new(row: &Row<f64>, sources: &[Source]) -> Self {
        let (mut activities, mut maps, mut amplitudes) = (Activities::default(), Maps::default(), Vec::new());
        for (number, source) in sources.iter().enumerate() {
            let delivery = Delivery { source: number, start: source.start * DAY, course: Arc::new(source.course.clone()), factor: 1.0 };
            activities.deliver(&delivery).expect("right input");
            // Doses per decay beyond f32 would lose digits of the reference, so amplitudes are written as they are.
            let one = vec![0.0f32];
            let high = source.high.map(|_| HighLet { dose: one.clone(), effect: one.clone(), effect_oxygen: one.clone() });
            maps.add(&VoxelSource { low: one, high, blood: None, marrow: None });
            amplitudes.push(R::of(source.low));
            if let Some([dose, alpha, oxygen]) = source.high {
                amplitudes.extend([dose, alpha * dose, oxygen * alpha * dose].map(R::of));
            }
        }
        let state = State { oxic: 0.6, hypoxic: 0.3, caf: 1.0, primed: 100.0, effector: 10.0, ..State::default() }.map(R::of);
        let mu = [row.repair, row.endothelium_repair];
        let stage = Stage::neutral(0.0).map(R::of);
        Self {
            row: row.map(R::of),
            mu,
            stage,
            oxygen: Oxygen::full(),
            activities,
            maps,
            amplitudes,
            state,
            radiation: RadiationState::default(),
        }
    }

    fn step(&mut self, from: f64, to: f64) {
        let activity = self.activities.within(from, to);
        let step = RadiationStep::<R>::new(&activity, &self.maps, &self.mu);
        let (maps, ratio, so_far) = (&self.amplitudes, self.row.root_beta_high, self.radiation);
        let dose = radiation_dose(&step, maps, 1, 0);
        let tumour = radiation_damage(&step, maps, 1, 0, 0, ratio, so_far.unrepaired_low, so_far.unrepaired_high);
        let vessel = radiation_damage(&step, maps, 1, 0, 1, ratio, so_far.vessel_low, so_far.vessel_high);
        (self.state, self.radiation) = radiation_apply(&self.row, &self.stage, &self.oxygen, &dose, &tumour, &vessel, &self.state, &so_far);
    }

    fn walk(&mut self, to: f64, steps: u32) {
        for i in 0..steps {
            let time = |i: u32| to * f64::from(i) / f64::from(steps);
            self.step(time(i), time(i + 1));
        }
    }

    /// ln S of the oxic class.
    fn ln_survival(&self) -> f64 {
        (self.state.oxic.wide() / 0.6).ln()
    }
}

/// T01, T18, T19 acute, and the endothelium.
#[test]
fn an_instant_is_linear_quadratic() {
    let once = |row: &Row<f64>, sources: &[Source], weight: f64| {
        let mut lab = Lab::<f64>::new(row, sources);
        lab.oxygen.hypoxic_weight = weight;
        lab.step(0.0, 1e-4);
        lab
    };
    // Without repair within the instant.
    let row = row(0.3, 0.03, 1e9);
    for (dose, survival) in [(2.0, 0.4867522560), (6.0, 0.0561347628)] {
        close("T01", once(&row, &[low(pulse(), dose)], 1.0).ln_survival().exp(), survival, 1e-9);
    }
    let lab = once(&row, &[low(pulse(), 2.0)], 1.0 / 3.0);
    close("T18", lab.state.hypoxic / 0.3, 0.8078867967, 1e-9);
    let mixed = Source { course: pulse(), start: 0.0, low: 1.0, high: Some([2.0, 1.5, 0.4]) };
    let lab = once(&row, &[mixed], 0.6);
    close("T19", lab.ln_survival(), -3.57, 1e-9);
    // alpha_L w D_L + E_H (1 - (1 - w) 0.4) + beta w^2 (D_L + D_H)^2.
    close("T19, hypoxic", (lab.state.hypoxic / 0.3).ln(), -(0.3 * 0.6 + 3.0 * (1.0 - 0.4 * 0.4) + 0.03 * 0.36 * 9.0), 1e-9);
    close("endothelium", lab.state.endothelium, 0.19 * (1.0 + 5.0 * 2.0) + 0.039 * 9.0, 1e-9);
    close("fibroblasts", lab.state.caf, (-0.005f64 * 3.0).exp(), 1e-12);
    close("T cells", lab.state.primed / 100.0, (-0.1f64 * 3.0).exp(), 1e-12);
    close("T cells", lab.state.effector / 10.0, (-0.1f64 * 3.0).exp(), 1e-12);
    close("emitters", lab.state.emitters, 1.0 - (-15.0f64).exp(), 1e-12);
    assert_eq!([lab.state.recent, lab.radiation.dose_low, lab.radiation.dose_high], [3.0, 1.0, 2.0]);
    close("accumulated effect", lab.radiation.effect_high, 3.0, 1e-12);
    close("accumulated encounters", lab.radiation.encounter, 4.5, 1e-9);
    // Nothing is lost.
    close("cells", lab.state.oxic + lab.state.hypoxic + lab.state.doomed, 0.9, 1e-15);
}

/// T03, T06 and T19 over weeks in steps of any length.
#[test]
fn weeks_of_steps_give_the_closed_forms() {
    for steps in [1, 160, 4000] {
        let mut kidney = Lab::<f64>::new(&row(0.1, 0.1 / 2.6, 2.8), &[low(exponential(50.0), 6.0)]);
        kidney.walk(80.0, steps);
        close("T03", kidney.ln_survival(), -0.1 * 6.7342657343, 1e-8);
        let mixed = Source { course: exponential(50.0), start: 0.0, low: 10.0, high: Some([2.0, 1.0, 1.0]) };
        let mut chronic = Lab::<f64>::new(&row(0.2, 0.02, 1.5), &[mixed]);
        chronic.walk(80.0, steps);
        close("T19", chronic.ln_survival(), -4.0838834951, 1e-8);
        // The same from two sources, which meet each other.
        let apart = [low(exponential(50.0), 10.0), Source { course: exponential(50.0), start: 0.0, low: 0.0, high: Some([2.0, 1.0, 1.0]) }];
        let mut chronic = Lab::<f64>::new(&row(0.2, 0.02, 1.5), &apart);
        chronic.walk(80.0, steps);
        close("T19 apart", chronic.ln_survival(), -4.0838834951, 1e-8);
    }
    // Two fractions, 3 h apart: half of the damage of the first but one half-time is left twice over.
    let fractions = [low(pulse(), 2.0), Source { start: 0.125, ..low(pulse(), 2.0) }];
    let mut thames = Lab::<f64>::new(&row(0.3, 0.03, 1.5), &fractions);
    thames.walk(1.0, 7);
    close("T06", thames.ln_survival(), -1.5, 1e-4);
}

#[test]
fn drugs_act_where_they_should() {
    let run = |change: fn(&mut Stage<f64>), weight: f64| {
        let mixed = Source { course: pulse(), start: 0.0, low: 1.0, high: Some([2.0, 1.5, 0.4]) };
        let mut lab = Lab::<f64>::new(&row(0.3, 0.03, 1e9), &[mixed]);
        change(&mut lab.stage);
        lab.oxygen.oxic_weight = weight;
        lab.step(0.0, 1e-4);
        -lab.ln_survival()
    };
    let (linear, quadratic) = (0.3 * 0.6 + 3.0 * 0.84, 0.03 * 0.36 * 9.0);
    close("none", run(|_| (), 0.6), linear + quadratic, 1e-9);
    close("alpha", run(|stage| stage.alpha = 1.5, 0.6), 1.5 * linear + quadratic, 1e-9);
    close("beta", run(|stage| stage.root_beta = 1.5, 0.6), linear + 2.25 * quadratic, 1e-9);
    // Half of what oxygen lacks is given back: as w = 0.8.
    close("sensitiser", run(|stage| stage.sensitiser = 0.5, 0.6), run(|_| (), 0.8), 1e-12);
}

#[test]
fn more_of_everything_that_harms_leaves_fewer_cells() {
    let survival = |low_dose: f64, high_dose: f64, alpha: f64, beta: f64, weight: f64, repair: f64| {
        let source = Source { course: exponential(40.0), start: 0.0, low: low_dose, high: Some([high_dose, 1.0, 0.5]) };
        let mut lab = Lab::<f64>::new(&row(alpha, beta, repair), &[source]);
        lab.oxygen.oxic_weight = weight;
        lab.walk(20.0, 80);
        lab.ln_survival()
    };
    let usual = survival(5.0, 1.0, 0.2, 0.02, 0.7, 1.5);
    for worse in [
        survival(5.5, 1.0, 0.2, 0.02, 0.7, 1.5),
        survival(5.0, 1.1, 0.2, 0.02, 0.7, 1.5),
        survival(5.0, 1.0, 0.22, 0.02, 0.7, 1.5),
        survival(5.0, 1.0, 0.2, 0.022, 0.7, 1.5),
        survival(5.0, 1.0, 0.2, 0.02, 0.75, 1.5),
        survival(5.0, 1.0, 0.2, 0.02, 0.7, 2.0),
    ] {
        assert!(worse < usual, "{worse} {usual}");
    }
}

/// T28 in f32, where an uptake phase would cost exponentials carried along their digits.
#[test]
fn f32_keeps_its_digits_at_any_step() {
    let rates = |uptake: f64| {
        let rise = Piece::exponential(-9e5, LN_2 / (uptake * 3600.0));
        TimeCourse { pieces: vec![Piece::exponential(1e6, LN_2 / (60.0 * 3600.0)), rise] }
    };
    let sources = || {
        let second = Source { course: rates(1.5), start: 2.0, low: 3.0, high: Some([1.0, 0.8, 0.5]) };
        [low(rates(3.0), 20.0), second]
    };
    let row = row(0.1, 0.02, 1.5);
    let mut exact = Lab::<f64>::new(&row, &sources());
    exact.walk(10.0, 1);
    for steps in [1, 40, 1000] {
        let mut lab = Lab::<f32>::new(&row, &sources());
        lab.walk(10.0, steps);
        // Sums of so many roundings; a step of 0.01 d is good to 2e-6 itself.
        let tolerance = 2e-7 * f64::from(steps).sqrt() + 4e-7;
        close("ln S", lab.ln_survival(), exact.ln_survival(), tolerance);
        close("encounters", f64::from(lab.radiation.encounter), exact.radiation.encounter, tolerance);
        close("dose", f64::from(lab.radiation.dose_low), exact.radiation.dose_low, tolerance);
        let unrepaired = |lab: f64, exact: f64| close("unrepaired", lab, exact, 2e-6);
        unrepaired(lab.radiation.unrepaired_low.into(), exact.radiation.unrepaired_low);
        unrepaired(lab.radiation.vessel_high.into(), exact.radiation.vessel_high);
    }
}

#[test]
fn hopeless_doses_end_in_zero_not_in_nonsense() {
    for dose in [300.0, 1e4, 1e12] {
        let mut lab = Lab::<f32>::new(&row(0.3, 0.03, 1.5), &[low(exponential(20.0), dose)]);
        lab.walk(40.0, 160);
        assert_eq!([lab.state.oxic, lab.state.hypoxic], [0.0; 2], "{dose} Gy");
        close("doomed", lab.state.doomed.into(), 0.9, 1e-6);
        assert!(lab.radiation.encounter.is_finite() && lab.state.endothelium.is_finite());
    }
    let mut none = Lab::<f32>::new(&row(0.3, 0.03, 1.5), &[]);
    let before = none.state;
    none.walk(1.0, 4);
    assert_eq!((none.state, none.radiation), (before, RadiationState::default()));
}
