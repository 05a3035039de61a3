//! Tier T0 of the response against closed forms, published identities and an independent integration in time.
//!
//! The ids T01 ... T44 are those of docs/methods/response.md. Expected values were computed with an independent program; where one is
//! printed with fewer digits than the tolerance of 1e-10 needs, its printed digits are compared.

use std::sync::Arc;

use dosaic::dose::{ComponentDose, DoseRateComponent};
use dosaic::grid::VoxelGrid;
use dosaic::phantom::Phantom;
use dosaic::plan::{Lkb, Repopulation, ResponsePlan, TissueParameters};
use dosaic::response::endpoints::{complication, control, uniform};
use dosaic::response::exponential::{Exponential, remaining};
use dosaic::response::lq::{self, fractionation, linear_tail, microdosimetry, oxygen, protraction, quality, repopulation};
use dosaic::response::step::{Step, StepTable, step};
use dosaic::response::{Irradiation, MapOptions, RegionOptions, RegionResponse, ResponseMaps, region_responses, response_maps};
use glam::DVec3;

const LN_2: f64 = std::f64::consts::LN_2;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86400.0;

/// Agrees with all printed digits of `expected`.
fn printed(what: &str, found: f64, expected: &str) {
    let decimals = expected.split_once('.').map_or(0, |(_, d)| d.len());
    let value: f64 = expected.parse().expect("a number");
    let half = 0.5001 * 10f64.powi(-(decimals as i32));
    assert!((found - value).abs() <= half.max(1e-15), "{what}: found {found:.14}, expected {expected}");
}

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: found {found:.15e}, expected {expected:.15e}");
}

/// SplitMix64 (Steele et al. 2014): the same numbers everywhere.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform in the logarithm.
    fn scale(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }
}

fn rate(half_life: f64) -> f64 {
    LN_2 / half_life
}

fn decaying(dose: f64, lambda: f64) -> Exponential {
    Exponential { amplitude: dose * lambda, rate: lambda }
}

// ---- single formulas -------------------------------------------------------------------------------------------------------------

#[test]
fn t01_acute() {
    printed("2 Gy", lq::ln_survival(0.3, 0.03, 2.0, 1.0).exp(), "0.4867522560");
    printed("6 Gy", lq::ln_survival(0.3, 0.03, 6.0, 1.0).exp(), "0.0561347628");
}

#[test]
fn t02_constant_rate() {
    let g = protraction::g_constant(rate(1.5), 10.0);
    printed("G", g, "0.3400688318");
    printed("ln S", lq::ln_survival(0.3, 0.03, 10.0, g), "-4.0202064953");
    let long_way = protraction::g_exponentials(rate(1.5), &[Exponential { amplitude: 1.0, rate: 0.0 }], 10.0);
    close("as a step with rate 0", long_way, g, 1e-14);
}

#[test]
fn t03_t04_mono_exponential() {
    let (mu, lambda) = (rate(2.8), rate(50.0));
    let g = protraction::g_decay(mu, lambda);
    printed("G", g, "0.0530303030");
    printed("RE", lq::relative_effectiveness(6.0, g, 2.6), "1.1223776224");
    printed("BED", lq::bed(6.0, g, 2.6), "6.7342657343");
    close("back to dose", lq::dose_of_bed(lq::bed(6.0, g, 2.6), g, 2.6), 6.0, 1e-14);
    printed("G to 72 h", protraction::g_decay_until(mu, lambda, 72.0), "0.1127942566");
    close("cut off late", protraction::g_decay_until(mu, lambda, 1e5), g, 1e-13);
}

#[test]
fn t05_uptake_phase() {
    let terms = [Exponential { amplitude: 1.0, rate: rate(60.0) }, Exponential { amplitude: -1.0, rate: rate(3.0) }];
    printed("G", protraction::g_exponentials(rate(1.5), &terms, f64::INFINITY), "0.0236159504");
}

#[test]
fn t06_t07_incomplete_repair_between_fractions() {
    let mu = rate(1.5);
    printed("phi", (-mu * 3.0).exp(), "0.25");
    let two = fractionation::ln_survival_fractions(0.3, 0.03, 2, 2.0, mu, 3.0);
    close("2 x 2 Gy", two, -1.5, 1e-14);
    printed("S", two.exp(), "0.2231301601");
    close("full repair", fractionation::ln_survival_fractions(0.3, 0.03, 2, 2.0, mu, 1e6), -1.44, 1e-14);
    close("no repair", fractionation::ln_survival_fractions(0.3, 0.03, 2, 2.0, mu, 0.0), -1.68, 1e-14);
    close("h5", fractionation::thames_h(5, mu, 3.0), 0.489_062_5, 1e-14);
    close("5 x 2 Gy", fractionation::ln_survival_fractions(0.3, 0.03, 5, 2.0, mu, 3.0), -3.893_437_5, 1e-14);
    // The usual quotient, where it is well conditioned; and the exact limit where it is 0/0.
    let quotient = |n: f64, phi: f64| 2.0 / n * phi / (1.0 - phi) * (n - (1.0 - phi.powf(n)) / (1.0 - phi));
    close("h30", fractionation::thames_h(30, mu, 0.7), quotient(30.0, (-mu * 0.7).exp()), 1e-12);
    close("phi -> 1", fractionation::thames_h(30, 1e-15, 1.0), 29.0, 1e-13);
}

#[test]
fn t08_t09_kidney() {
    let (mu, lambda) = (rate(2.8), rate(50.0));
    let g = protraction::g_decay(mu, lambda);
    for (per_gbq, dose, bed, eqd2) in
        [(0.38, "11.248", "11.8931", "6.7222"), (0.47, "13.912", "14.8989", "8.4211"), (0.80, "23.680", "26.5393", "15.0005")]
    {
        // Four cycles as steps with carry-over; 8 weeks apart they do not see each other to 1e-8.
        let mut terms = vec![];
        let (mut unrepaired, mut total, mut q) = (0.0, 0.0, 0.0);
        for cycle in 0..4 {
            terms.push(decaying(7.4 * per_gbq, lambda));
            let span = if cycle == 3 { f64::INFINITY } else { 56.0 * 24.0 };
            let done = step(&mut terms, unrepaired, mu, span);
            unrepaired = done.unrepaired;
            total += done.dose;
            q += done.q;
        }
        let running = total + 2.0 * q / 2.6;
        printed("dose", total, dose);
        printed("BED", running, bed);
        printed("EQD2", lq::eqd2(running, 2.6), eqd2);
        close("T26: sum of closed forms", running, 4.0 * lq::bed(7.4 * per_gbq, g, 2.6), 1e-8);
    }
    let once = 4.0 * 7.4 * 0.47;
    printed("RE at once", lq::relative_effectiveness(once, g, 2.6), "1.2837529");
    printed("BED at once", lq::bed(once, g, 2.6), "17.8596");
}

#[test]
fn t10_tumour_control() {
    let (n, alpha, ab) = (1.79e8, 0.147, 1.5);
    let g = protraction::g_decay(rate(1.9), rate(51.0));
    let bed = lq::bed(60.0, g, ab);
    printed("RE", bed / 60.0, "2.4366730");
    printed("BED", bed, "146.2004");
    printed("TCP", control::tcp(n, -alpha * bed), "0.9203240");
    let bed50 = control::bed_50(n, alpha);
    printed("BED50", bed50, "131.76469");
    printed("D50", lq::dose_of_bed(bed50, g, ab), "56.18300");
    close("even odds", control::tcp(n, -alpha * bed50), 0.5, 1e-12);
    close("inverse", control::bed_of_tcp(n, alpha, control::tcp(n, -alpha * bed)), bed, 1e-12);
}

#[test]
fn t11_t12_equivalent_uniform_dose() {
    let halves = [(10.0, 1.0), (20.0, 1.0)];
    printed("EUD", uniform::cell_kill_eud(halves.into_iter(), 0.3), "12.1485328");
    printed("gEUD 8", uniform::geud(halves.into_iter(), 8.0), "18.3490207");
    printed("gEUD -10", uniform::geud(halves.into_iter(), -10.0), "10.7166885");
    close("gEUD 1 is the mean", uniform::geud(halves.into_iter(), 1.0), 15.0, 1e-14);
    close("gEUD 0 is the geometric mean", uniform::geud(halves.into_iter(), 0.0), 200f64.sqrt(), 1e-14);
    assert_eq!(uniform::geud([(0.0, 1.0), (9.0, 1.0)].into_iter(), -10.0), 0.0);
    // A Gaussian dose distribution as a fine histogram.
    let gaussian = (0..=4000).map(|i| -10.0 + f64::from(i) / 200.0).map(|x| (20.0 + 3.0 * x, (-0.5 * x * x).exp()));
    close("EUD of a Gaussian", uniform::cell_kill_eud(gaussian, 0.3), 18.65, 1e-10);
    // No underflow where exp(-alpha D) is zero in f64.
    close("large doses", uniform::cell_kill_eud([(5000.0, 1.0), (5000.0, 3.0)].into_iter(), 0.3), 5000.0, 1e-14);
}

#[test]
fn t13_complications() {
    let lkb = Lkb { td50: 28.0, m: 0.1, n: 0.7 };
    close("TD50", complication::ntcp(&lkb, 28.0), 0.5, 1e-15);
    printed("TD50 (1 + m)", complication::ntcp(&lkb, 28.0 * 1.1), "0.8413447461");
    printed("26 Gy", complication::ntcp(&lkb, 26.0), "0.2375252620");
}

#[test]
fn t17_t18_oxygen() {
    for (pressure, expected) in [(0.0, "1"), (0.5, "1.2857142857"), (3.0, "2"), (10.0, "2.5384615385"), (40.0, "2.8604651163")] {
        printed("OER", oxygen::oer(pressure, 3.0, 3.0), expected);
    }
    let anoxic = oxygen::oxygen_factor(0.0, 3.0, 3.0);
    // The reference quotes S in anoxia for alpha (1/3) and beta (1/9) of 0.3 and 0.03, 2 Gy.
    printed("anoxic 2 Gy", oxygen::ln_survival(0.3, 0.03, 2.0, 1.0, anoxic).exp(), "0.8078867967");
    // OER is a ratio of doses for equal effect: 3 times the dose in anoxia is as good as the dose in full oxygen.
    close("dose ratio", oxygen::ln_survival(0.3, 0.03, 6.0, 1.0, anoxic), lq::ln_survival(0.3, 0.03, 2.0, 1.0), 1e-14);
}

#[test]
fn t19_mixed_radiation() {
    use quality::QualityDose;
    let acute = [QualityDose { dose: 1.0, alpha: 0.3, beta: 0.03 }, QualityDose { dose: 2.0, alpha: 1.5, beta: 0.03 }];
    close("acute", quality::ln_survival_mixed(&acute, 1.0), -3.57, 1e-13);
    let (alpha, beta) = quality::mixed_parameters(&acute);
    close("dose averages", lq::ln_survival(alpha, beta, 3.0, 1.0), -3.57, 1e-13);
    let g = protraction::g_decay(rate(1.5), rate(50.0));
    printed("G", g, "0.0291262136");
    let chronic = [QualityDose { dose: 10.0, alpha: 0.2, beta: 0.02 }, QualityDose { dose: 2.0, alpha: 1.0, beta: 0.02 }];
    printed("chronic", quality::ln_survival_mixed(&chronic, g), "-4.0838834951");
    // The same through W: amplitudes of b = sum sqrt(beta) Ddot.
    let mut b: Vec<Exponential> = [10.0, 2.0].iter().map(|d| decaying(0.02f64.sqrt() * d, rate(50.0))).collect();
    printed("by W", -(2.0 + 2.0 + 2.0 * step(&mut b, 0.0, rate(1.5), f64::INFINITY).q), "-4.0838834951");
}

#[test]
fn t20_microdosimetry() {
    let hsg = microdosimetry::Mkm::HSG;
    for (y, expected) in [(2.0, "0.1589083516"), (10.0, "0.2742338493"), (100.0, "1.2970531233"), (200.0, "1.4813832220")] {
        // The references were made with 0.16021766 for 0.1602176634.
        printed("alpha", hsg.alpha0 + (hsg.alpha(y) - hsg.alpha0) * 0.160_217_66 / 0.160_217_663_4, expected);
    }
    let pair = [(10.0, 3.0), (100.0, 1.0)];
    let dose_mean = (30.0 * hsg.alpha(10.0) + 100.0 * hsg.alpha(100.0)) / 130.0;
    close("a spectrum is averaged by dose", hsg.alpha_spectrum(&pair), dose_mean, 1e-13);

    let alpha = microdosimetry::effective_alpha_exponential(1.5, 0.5);
    printed("compound Poisson", alpha, "0.8571428571");
    printed("S", (-alpha).exp(), "0.4243728457");
    // The exponential spectrum as a histogram (midpoints, step 1e-3 z_F).
    let spectrum: Vec<(f64, f64)> = (0..40_000).map(|i| (f64::from(i) + 0.5) * 1e-3).map(|x| (0.5 * x, (-x).exp())).collect();
    close("by its spectrum", microdosimetry::effective_alpha(1.5, &spectrum), alpha, 1e-6);
    close("small hits give alpha back", microdosimetry::effective_alpha(1.5, &[(1e-9, 1.0)]), 1.5, 1e-8);
}

#[test]
fn t23_critical_time_and_repopulation() {
    printed("t_crit, d", repopulation::critical_time(0.3, 0.6, rate(2.5), 50.0), "9.2467284360");
    assert_eq!(repopulation::critical_time(0.3, 1e-6, rate(2.5), 50.0), 0.0);
    assert_eq!(repopulation::bed_lost(0.3, 50.0, 20.0, 19.0), 0.0);
    close("one doubling", repopulation::bed_lost(0.3, 50.0, 20.0, 70.0), LN_2 / 0.3, 1e-14);
}

#[test]
fn t43_linear_tail() {
    printed("acute 10 Gy", linear_tail::ln_survival_acute(0.3, 0.03, 0.15, 10.0), "-4.9283470937");
    close("delta = 0 is plain LQ", linear_tail::ln_survival_acute(0.3, 0.03, 0.0, 10.0), -6.0, 1e-14);
    printed("1 Gy/h x 10 h", linear_tail::g_constant(rate(1.5), 10.0, 0.15, 10.0), "0.2734810931");
}

#[test]
fn t44_running_bed() {
    let done = step(&mut [decaying(6.0, rate(50.0))], 0.0, rate(2.8), f64::INFINITY);
    printed("Q", done.q, "0.9545454545");
    printed("BED", done.dose + 2.0 * done.q / 2.6, "6.7342657343");
}

#[test]
fn several_repair_components_add_by_weight() {
    let terms = [decaying(5.0, rate(60.0)), decaying(-1.0, rate(4.0))];
    let pair = [(0.5, rate(0.335)), (0.5, rate(2.68))];
    let g = protraction::g_components(&pair, |mu| protraction::g_exponentials(mu, &terms, f64::INFINITY));
    // U = sum w U_i integrated as two steps.
    let q: f64 = pair.iter().map(|&(w, mu)| w * step(&mut terms.to_vec(), 0.0, mu, f64::INFINITY).q).sum();
    close("G", g, 2.0 * q / 16.0, 1e-13);
    let single = protraction::g_components(&[(3.0, rate(1.5))], |mu| protraction::g_decay(mu, 0.1));
    close("one component, any weight", single, protraction::g_decay(rate(1.5), 0.1), 1e-15);
}

// ---- the exact step ----------------------------------------------------------------------------------------------------------------

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

// ---- maps --------------------------------------------------------------------------------------------------------------------------

fn tissue() -> TissueParameters {
    TissueParameters {
        alpha: 0.2,
        alpha_beta: 3.0,
        repair_half_time: 2.8 * HOUR,
        rbe_high_let: 5.0,
        high_let_beta: 1.0,
        clonogens_per_ml: None,
        repopulation: None,
        lkb: None,
        bed_limit: None,
        assumed: vec![],
    }
}

fn plan(regions: &[(&str, TissueParameters)]) -> ResponsePlan {
    ResponsePlan { default: tissue(), regions: regions.iter().map(|(name, p)| ((*name).to_owned(), p.clone())).collect() }
}

/// A row of voxels of 2 x 2 x 2 mm with these region labels.
fn phantom(labels: &[u16], names: &[&str]) -> Phantom {
    let grid = VoxelGrid::axis_aligned([labels.len() as u32, 1, 1], DVec3::splat(2.0), DVec3::ZERO);
    Phantom {
        grid,
        voxels: vec![0; labels.len()],
        materials: vec![],
        regions: labels.to_vec(),
        region_names: names.iter().map(|&name| name.to_owned()).collect(),
        warnings: vec![],
    }
}

/// A component whose maps are Gy to complete decay: `activity / lambda` decays deliver `low` and `high`.
fn component(fraction: u32, start: f64, lambda: f64, low: &[f64], high: Option<&[f64]>) -> DoseRateComponent {
    let activity = 1.0e9;
    let per_decay = |map: &[f64]| Arc::new(map.iter().map(|gy| (gy * lambda / activity) as f32).collect::<Vec<f32>>());
    let dose = ComponentDose { low: per_decay(low), high: high.map(per_decay), variance: Arc::new(vec![0.0; low.len()]), dose_let: None };
    DoseRateComponent { name: format!("component of fraction {fraction}"), fraction, start, lambda, activity, dose }
}

fn maps_of(components: &[DoseRateComponent], phantom: &Phantom, plan: &ResponsePlan) -> ResponseMaps {
    let irradiation = Irradiation::new(components, phantom, plan).expect("right input");
    response_maps(&irradiation, &MapOptions { threads: 2, ..MapOptions::default() }).expect("finite doses")
}

/// BED of a single voxel with tissue `p`.
fn bed_of(components: &[DoseRateComponent], p: &TissueParameters) -> f64 {
    let maps = maps_of(components, &phantom(&[1], &["r"]), &plan(&[("r", p.clone())]));
    f64::from(maps.bed[0])
}

fn regions_of(components: &[DoseRateComponent], phantom: &Phantom, plan: &ResponsePlan, options: &RegionOptions) -> Vec<RegionResponse> {
    let irradiation = Irradiation::new(components, phantom, plan).expect("right input");
    let maps = response_maps(&irradiation, &MapOptions::default()).expect("finite doses");
    region_responses(&irradiation, &maps, options)
}

/// Amplitudes of low and high dose rate of one voxel, as the maps have them after rounding to f32.
fn amplitudes(component: &DoseRateComponent, v: usize) -> (f64, f64) {
    let high = component.dose.high.as_ref().map_or(0.0, |map| f64::from(map[v]));
    (component.activity * f64::from(component.dose.low[v]), component.activity * high)
}

/// BED of a voxel as a sequence of exact steps from start to start, W carried along.
fn bed_by_steps(components: &[DoseRateComponent], v: usize, p: &TissueParameters, until: f64) -> f64 {
    let mut starts: Vec<f64> = components.iter().map(|c| c.start).filter(|&start| start < until).collect();
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    let mu = LN_2 / p.repair_half_time;
    let (mut linear, mut root): (Vec<Exponential>, Vec<Exponential>) = (vec![], vec![]);
    let (mut w, mut effect) = (0.0, 0.0);
    for (i, &start) in starts.iter().enumerate() {
        for c in components.iter().filter(|c| c.start == start) {
            let (low, high) = amplitudes(c, v);
            linear.push(Exponential { amplitude: p.alpha * (low + p.rbe_high_let * high), rate: c.lambda });
            root.push(Exponential { amplitude: (p.alpha / p.alpha_beta).sqrt() * (low + p.high_let_beta.sqrt() * high), rate: c.lambda });
        }
        let h = starts.get(i + 1).copied().unwrap_or(until) - start;
        effect += step(&mut linear, 0.0, mu, h).dose;
        let done = step(&mut root, w, mu, h);
        effect += 2.0 * done.q;
        w = done.unrepaired;
    }
    effect / p.alpha
}

/// The same by fourth-order Runge-Kutta on dW/dt and d ln S/dt: shares no formula with the program.
fn bed_by_runge_kutta(components: &[DoseRateComponent], v: usize, p: &TissueParameters, until: f64, steps_per_span: u32) -> f64 {
    let mu = LN_2 / p.repair_half_time;
    let beta = p.alpha / p.alpha_beta;
    let rates = |t: f64, begun: f64| {
        components.iter().filter(|c| c.start <= begun).fold((0.0, 0.0), |(a, b), c| {
            let (low, high) = amplitudes(c, v);
            let left = (-c.lambda * (t - c.start)).exp();
            (a + p.alpha * (low + p.rbe_high_let * high) * left, b + (beta.sqrt() * low + (beta * p.high_let_beta).sqrt() * high) * left)
        })
    };
    let mut edges: Vec<f64> = components.iter().map(|c| c.start).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges.push(until);
    let (mut w, mut effect) = (0.0, 0.0);
    for span in edges.windows(2) {
        let h = (span[1] - span[0]) / f64::from(steps_per_span);
        let slope = |t: f64, w: f64| {
            let (a, b) = rates(t, span[0]);
            (b - mu * w, a + 2.0 * b * w)
        };
        for i in 0..steps_per_span {
            let t = span[0] + h * f64::from(i);
            let k1 = slope(t, w);
            let k2 = slope(t + h / 2.0, w + h / 2.0 * k1.0);
            let k3 = slope(t + h / 2.0, w + h / 2.0 * k2.0);
            let k4 = slope(t + h, w + h * k3.0);
            w += h / 6.0 * (k1.0 + 2.0 * k2.0 + 2.0 * k3.0 + k4.0);
            effect += h / 6.0 * (k1.1 + 2.0 * k2.1 + 2.0 * k3.1 + k4.1);
        }
    }
    effect / p.alpha
}

/// Four fractions two days apart, each with a fast and a slow component, low and high LET: decays and damage overlap.
fn overlapping() -> Vec<DoseRateComponent> {
    (0..4)
        .flat_map(|f| {
            let start = 2.0 * DAY * f64::from(f);
            [
                component(f + 1, start, rate(50.0 * HOUR), &[3.0, 0.0, 1.0], Some(&[0.4, 0.0, 0.0])),
                component(f + 1, start, rate(6.0 * HOUR), &[0.5 + 0.1 * f64::from(f), 0.0, 2.0], None),
            ]
        })
        .collect()
}

/// Relative tolerance of maps stored in f32.
const F32: f64 = 1.0e-7;

#[test]
fn maps_follow_the_exact_steps_and_the_equations() {
    let components = overlapping();
    for high_let_beta in [1.0, 0.0, 0.3] {
        let p = TissueParameters { high_let_beta, ..tissue() };
        let plan = ResponsePlan { default: p.clone(), regions: vec![] };
        let maps = maps_of(&components, &phantom(&[0, 0, 0], &[]), &plan);
        for v in [0, 2] {
            let steps = bed_by_steps(&components, v, &p, f64::INFINITY);
            close("BED by steps", f64::from(maps.bed[v]), steps, F32);
            close("BED by Runge-Kutta", steps, bed_by_runge_kutta(&components, v, &p, 200.0 * DAY, 60_000), 1e-7);
            close("EQD2", f64::from(maps.eqd2[v]), steps / (1.0 + 2.0 / 3.0), F32);
            let dose: f64 = components.iter().map(|c| amplitudes(c, v)).zip(&components).map(|((l, h), c)| (l + h) / c.lambda).sum();
            close("dose", f64::from(maps.dose[v]), dose, F32);
        }
        close("high-LET dose", f64::from(maps.dose_high.as_ref().expect("there is high LET")[0]), 1.6, 3.0 * F32);
        // The voxel without dose.
        assert_eq!((maps.dose[1], maps.bed[1], maps.irradiated), (0.0, 0.0, 2));
        // Fractions 2 days apart meet: the total is more than the sum of each alone, by far more than rounding.
        let alone: f64 = maps.fractions.iter().map(|(_, map)| f64::from(map[0])).sum();
        assert!(f64::from(maps.bed[0]) > 1.01 * alone, "{} against {alone}", maps.bed[0]);
    }
}

#[test]
fn each_fraction_alone_is_dales_closed_form() {
    // Mixed field of one time course: BED = D_L + RBE D_H + G (D_L + s D_H)^2/(alpha/beta).
    let p = TissueParameters { high_let_beta: 0.49, ..tissue() };
    let lambda = rate(50.0 * HOUR);
    let doses = [(3.0, 0.2), (2.0, 0.5), (4.0, 0.0), (1.0, 0.1)];
    let components: Vec<DoseRateComponent> =
        (0..4).map(|f| component(f as u32 + 1, 56.0 * DAY * f as f64, lambda, &[doses[f].0], Some(&[doses[f].1]))).collect();
    let maps = maps_of(&components, &phantom(&[1], &["r"]), &plan(&[("r", p.clone())]));
    let g = protraction::g_decay(LN_2 / p.repair_half_time, lambda);
    let mut sum = 0.0;
    for (f, (low, high)) in doses.into_iter().enumerate() {
        let bed = low + 5.0 * high + g * (low + 0.7f64 * high).powi(2) / 3.0;
        assert_eq!(maps.fractions[f].0, f as u32 + 1);
        close("fraction alone", f64::from(maps.fractions[f].1[0]), bed, 2.0 * F32);
        sum += bed;
    }
    close("8 weeks apart BED adds", f64::from(maps.bed[0]), sum, 2.0 * F32);
}

#[test]
fn dose_until_a_time_is_the_step_sequence_until_then() {
    let components = overlapping();
    let phantom = phantom(&[0, 0, 0], &[]);
    let plan = plan(&[]);
    let irradiation = Irradiation::new(&components, &phantom, &plan).expect("right input");
    for days in [0.5, 2.0, 3.1, 7.0, 40.0] {
        let options = MapOptions { until: days * DAY, ..MapOptions::default() };
        let maps = response_maps(&irradiation, &options).expect("finite doses");
        close("BED until", f64::from(maps.bed[0]), bed_by_steps(&components, 0, &tissue(), days * DAY), F32);
    }
}

#[test]
fn limits_of_repair_on_maps() {
    let components = overlapping();
    let total = |f: fn((f64, f64)) -> f64| components.iter().map(|c| f(amplitudes(c, 2)) / c.lambda).sum::<f64>();
    let dose = total(|(low, high)| low + high);
    let bed = |half_time: f64| {
        let p = TissueParameters { repair_half_time: half_time, ..tissue() };
        let plan = ResponsePlan { default: p, regions: vec![] };
        f64::from(maps_of(&components, &phantom(&[0, 0, 0], &[]), &plan).bed[2])
    };
    close("no repair: one acute dose", bed(1e20), dose + dose * dose / 3.0, F32);
    close("instant repair: no quadratic part", bed(1e-6), dose, F32);
    // lambda == mu to the last bit, and next to it.
    let near = |e: f64| bed(50.0 * HOUR * (1.0 + e));
    assert!(near(0.0).is_finite());
    for e in [1e-15, -1e-15, 1e-12, -1e-12, 1e-9] {
        close("near", near(e), near(0.0), F32);
    }
    let p = TissueParameters { repair_half_time: 50.0 * HOUR, ..tissue() };
    close("equal", near(0.0), bed_by_runge_kutta(&components, 2, &p, 300.0 * DAY, 60_000), 3.0 * F32);
}

/// Random doses in three tissues, some voxels without any.
fn random_case(voxels: usize) -> (Vec<DoseRateComponent>, Vec<u16>) {
    let mut random = Random(5);
    let labels = (0..voxels).map(|_| (random.uniform() * 4.0) as u16).collect();
    let lit: Vec<bool> = (0..voxels).map(|_| random.uniform() < 0.7).collect();
    let mut map = |top: f64| -> Vec<f64> { lit.iter().map(|&lit| if lit { random.between(0.0, top) } else { 0.0 }).collect() };
    let components = (0..3)
        .flat_map(|f| {
            let (low, high, fast) = (map(6.0), map(0.5), map(1.0));
            let start = 3.0 * DAY * f64::from(f);
            [component(f + 1, start, rate(60.0 * HOUR), &low, Some(&high)), component(f + 1, start, rate(5.0 * HOUR), &fast, None)]
        })
        .collect();
    (components, labels)
}

fn three_tissues() -> ResponsePlan {
    let kidney = TissueParameters { alpha_beta: 2.6, lkb: Some(Lkb { td50: 28.0, m: 0.1, n: 0.7 }), bed_limit: Some(12.0), ..tissue() };
    let tumour = TissueParameters { alpha_beta: 10.0, repair_half_time: 1.5 * HOUR, clonogens_per_ml: Some(1e7), ..tissue() };
    plan(&[("kidney", kidney), ("tumour", tumour)])
}

fn bits(map: &[f32]) -> Vec<u32> {
    map.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn threads_and_voxel_order_change_no_bit() {
    let (components, labels) = random_case(20_011);
    let phantom_a = phantom(&labels, &["kidney", "tumour", "other"]);
    let plan = three_tissues();
    let irradiation = Irradiation::new(&components, &phantom_a, &plan).expect("right input");
    let run = |threads| response_maps(&irradiation, &MapOptions { threads, ..MapOptions::default() }).expect("finite doses");
    let one = run(1);
    assert!(one.irradiated > 13_000 && one.irradiated < 15_000);
    for threads in [0, 2, 3, 7, 64] {
        let many = run(threads);
        assert_eq!(bits(&many.bed), bits(&one.bed));
        assert_eq!(bits(&many.eqd2), bits(&one.eqd2));
        assert_eq!(bits(&many.dose), bits(&one.dose));
        assert_eq!(bits(&many.fractions[1].1), bits(&one.fractions[1].1));
        assert_eq!((many.irradiated, many.max_unrepaired.to_bits()), (one.irradiated, one.max_unrepaired.to_bits()));
    }
    // The same voxels in reverse order.
    let turned: Vec<DoseRateComponent> = components
        .iter()
        .map(|c| {
            let turn = |map: &Arc<Vec<f32>>| Arc::new(map.iter().rev().copied().collect::<Vec<f32>>());
            let dose = ComponentDose { low: turn(&c.dose.low), high: c.dose.high.as_ref().map(turn), ..c.dose.clone() };
            DoseRateComponent { dose, ..c.clone() }
        })
        .collect();
    let labels: Vec<u16> = labels.into_iter().rev().collect();
    let phantom_b = phantom(&labels, &["kidney", "tumour", "other"]);
    let irradiation = Irradiation::new(&turned, &phantom_b, &plan).expect("right input");
    let reversed = response_maps(&irradiation, &MapOptions::default()).expect("finite doses");
    assert_eq!(bits(&reversed.bed.into_iter().rev().collect::<Vec<_>>()), bits(&one.bed));
}

#[test]
fn every_voxel_of_a_random_case_follows_its_own_tissue() {
    let (components, labels) = random_case(300);
    let plan = three_tissues();
    let names = ["kidney", "tumour", "other"];
    let maps = maps_of(&components, &phantom(&labels, &names), &plan);
    for (v, &label) in labels.iter().enumerate() {
        let p = if label == 0 { &plan.default } else { plan.of(names[usize::from(label) - 1]) };
        close("BED", f64::from(maps.bed[v]), bed_by_steps(&components, v, p, f64::INFINITY), F32);
    }
}

#[test]
fn the_bound_of_unrepaired_dose_holds_and_is_near() {
    let components = [component(1, 0.0, rate(50.0 * HOUR), &[200.0], None), component(2, DAY, rate(50.0 * HOUR), &[100.0], None)];
    let maps = maps_of(&components, &phantom(&[0], &[]), &plan(&[]));
    let mu = rate(2.8 * HOUR);
    let at =
        |t: f64| components.iter().filter(|c| c.start <= t).map(|c| amplitudes(c, 0).0 * remaining(c.lambda, mu, t - c.start)).sum::<f64>();
    let highest = (0..4000).map(|i| at(f64::from(i) * 0.02 * HOUR)).fold(0.0, f64::max);
    assert!(maps.max_unrepaired >= highest && maps.max_unrepaired < 1.1 * highest, "{} for {highest}", maps.max_unrepaired);
    assert_eq!(maps.beyond_lq, 1);
    assert!(maps.warnings()[0].contains("in 1 of 1 voxels"), "{:?}", maps.warnings());
    assert!(maps_of(&overlapping(), &phantom(&[0, 0, 0], &[]), &plan(&[])).warnings().is_empty());
}

#[test]
fn monotone_in_every_parameter() {
    let mut random = Random(41);
    for _ in 0..200 {
        let p = TissueParameters {
            alpha: random.between(0.05, 0.5),
            alpha_beta: random.between(1.5, 15.0),
            repair_half_time: random.scale(0.3, 10.0) * HOUR,
            rbe_high_let: random.between(1.0, 8.0),
            high_let_beta: random.between(0.0, 1.0),
            ..tissue()
        };
        let (low, high, gap) = (random.between(1.0, 30.0), random.between(0.1, 3.0), random.scale(0.1, 60.0) * DAY);
        let lambda = rate(random.between(10.0, 160.0) * HOUR);
        let fractions = |low: f64, high: f64, gap: f64| {
            [component(1, 0.0, lambda, &[low], Some(&[high])), component(2, gap, lambda, &[low], Some(&[high]))]
        };
        let base = bed_of(&fractions(low, high, gap), &p);
        let greater = |what: &str, other: f64| assert!(other > base, "{what}: {other} should exceed {base} for {p:?}");
        greater("dose", bed_of(&fractions(1.05 * low, high, gap), &p));
        greater("high-LET dose", bed_of(&fractions(low, 1.05 * high, gap), &p));
        greater("RBE", bed_of(&fractions(low, high, gap), &TissueParameters { rbe_high_let: 1.05 * p.rbe_high_let, ..p.clone() }));
        greater(
            "slower repair",
            bed_of(&fractions(low, high, gap), &TissueParameters { repair_half_time: 1.05 * p.repair_half_time, ..p.clone() }),
        );
        greater("lower alpha/beta", bed_of(&fractions(low, high, gap), &TissueParameters { alpha_beta: 0.95 * p.alpha_beta, ..p.clone() }));
        let closer = bed_of(&fractions(low, high, 0.5 * gap), &p);
        assert!(closer >= base * (1.0 - F32), "closer fractions: {closer} against {base}");
        greater("all at once", bed_of(&[component(1, 0.0, lambda, &[2.0 * low], Some(&[2.0 * high]))], &p));
        // Between instant repair and none.
        let linear = 2.0 * (low + p.rbe_high_let * high);
        let root = 2.0 * (low + p.high_let_beta.sqrt() * high);
        assert!(base > linear && base < linear + root * root / p.alpha_beta);
    }
    let lkb = Lkb { td50: 28.0, m: 0.15, n: 0.7 };
    for i in 1..100 {
        let dose = f64::from(i);
        assert!(complication::ntcp(&lkb, dose) > complication::ntcp(&lkb, dose - 1.0) || dose > 60.0);
        assert!(control::tcp(1e7 * dose, -15.0) < control::tcp(1e7 * (dose - 1.0), -15.0));
        assert!(oxygen::oxygen_factor(dose, 3.0, 3.0) > oxygen::oxygen_factor(dose - 1.0, 3.0, 3.0));
        assert!(lq::ln_survival(0.3, 0.03, dose, 0.1) < lq::ln_survival(0.3, 0.03, dose - 1.0, 0.1));
    }
}

// ---- endpoints per region ------------------------------------------------------------------------------------------------------------

#[test]
fn regions_report_what_their_voxels_say() {
    // Kidney: voxels 0, 1; tumour: 2, 3, 4; one voxel outside all regions; an empty region.
    let labels = [1, 1, 2, 2, 2, 0];
    let low = [5.0, 7.0, 46.0, 50.0, 45.0, 1.0];
    let high = [0.1, 0.2, 2.0, 1.0, 3.0, 0.0];
    let lambda = rate(50.0 * HOUR);
    let components = [component(1, 0.0, lambda, &low, Some(&high)), component(2, 56.0 * DAY, lambda, &low, None)];
    let kidney = TissueParameters {
        alpha_beta: 2.6,
        lkb: Some(Lkb { td50: 16.0, m: 0.2, n: 0.7 }),
        bed_limit: Some(14.0),
        assumed: vec!["alpha".to_owned()],
        ..tissue()
    };
    let tumour = TissueParameters { alpha: 0.1, alpha_beta: 10.0, repair_half_time: 1.5 * HOUR, clonogens_per_ml: Some(1e7), ..tissue() };
    let plan = plan(&[("kidney", kidney), ("tumour", tumour)]);
    let regions = regions_of(&components, &phantom(&labels, &["kidney", "tumour", "empty"]), &plan, &RegionOptions::default());

    // By hand: BED of a voxel of one region.
    let bed = |v: usize, p: &TissueParameters| bed_by_steps(&components, v, p, f64::INFINITY);
    let p = plan.of("kidney");
    let (a, b) = (bed(0, p), bed(1, p));
    let kidney = &regions[0];
    assert_eq!((kidney.region.as_str(), kidney.voxels), ("kidney", 2));
    let tolerance = 2.0 * F32;
    close("volume", kidney.volume, 0.016, 1e-14);
    close("dose", kidney.dose_mean, 12.15, tolerance);
    close("high-LET dose", kidney.dose_high_mean, 0.15, tolerance);
    close("BED", kidney.bed_mean, (a + b) / 2.0, tolerance);
    close("spread", kidney.bed_sd, (b - a) / 2.0, 1e-6);
    close("EQD2", kidney.eqd2_mean, (a + b) / 2.0 / (1.0 + 2.0 / 2.6), tolerance);
    close("fractions", kidney.bed_fractions.iter().map(|f| f.1).sum(), kidney.bed_mean, tolerance);
    assert!(kidney.bed_interaction.expect("maps per fraction").abs() < 1e-5);
    let survival = ((-0.2 * a).exp() + (-0.2 * b).exp()) / 2.0;
    close("survival", kidney.survival, survival, 1e-6);
    close("log survival", kidney.log10_survival, survival.log10(), 1e-6);
    close("EUBED", kidney.eud, -survival.ln() / 0.2, 1e-6);
    let per = 1.0 + 2.0 / 2.6;
    let geud = (((a / per).powf(1.0 / 0.7) + (b / per).powf(1.0 / 0.7)) / 2.0).powf(0.7);
    let found = kidney.geud.expect("LKB gives an exponent");
    close("exponent", found.exponent, 1.0 / 0.7, 1e-15);
    close("gEUD", found.value, geud, 1e-6);
    close("NTCP", kidney.ntcp.expect("LKB"), complication::ntcp(&Lkb { td50: 16.0, m: 0.2, n: 0.7 }, geud), 1e-5);
    let limit = kidney.limit.expect("a limit");
    close("margin", limit.margin, 14.0 - (a + b) / 2.0, 1e-5);
    assert_eq!(limit.passes, (a + b) / 2.0 <= 14.0);
    assert!(!limit.passes, "this kidney is over its limit");
    assert_eq!((kidney.tcp, kidney.clonogens, kidney.nadir), (None, None, None));
    assert_eq!(kidney.assumed, ["alpha"]);

    let tumour = &regions[1];
    let p = plan.of("tumour");
    let killed: f64 = (2..5).map(|v| (-0.1 * bed(v, p)).exp()).sum::<f64>() / 3.0;
    close("clonogens", tumour.clonogens.expect("density"), 2.4e5, 1e-12);
    close("TCP", tumour.tcp.expect("clonogens"), (-2.4e5 * killed).exp(), 1e-4);
    assert!(tumour.tcp.is_some_and(|tcp| tcp > 0.02 && tcp < 0.98), "the test must not sit on a plateau: {:?}", tumour.tcp);
    assert_eq!(tumour.geud.map(|g| g.exponent), Some(-10.0));
    assert!(tumour.assumed.iter().any(|a| a.contains("gEUD exponent -10")) && tumour.assumed.iter().any(|a| a.contains("clonogens")));
    assert_eq!((tumour.ntcp, tumour.limit), (None, None));
    // Jensen: heterogeneous dose kills less than its mean.
    assert!(tumour.eud < tumour.bed_mean && tumour.eud > bed(2, p).min(bed(3, p)).min(bed(4, p)));

    let empty = &regions[2];
    assert!(empty.voxels == 0 && empty.bed_mean.is_nan() && empty.survival.is_nan() && empty.tcp.is_none() && empty.ntcp.is_none());
}

/// A tumour region of `doses` with low alpha (so that regrowth matters), one fraction at each of `starts` (days).
fn growing(doses: &[f64], starts: &[f64], beta: bool, repopulation: Repopulation) -> RegionResponse {
    let p = TissueParameters {
        alpha: 0.3,
        alpha_beta: if beta { 10.0 } else { 1e12 },
        repair_half_time: 1.5 * HOUR,
        clonogens_per_ml: Some(1e9),
        repopulation: Some(repopulation),
        ..tissue()
    };
    let components: Vec<DoseRateComponent> =
        starts.iter().zip(1..).map(|(&start, f)| component(f, 7.0 * DAY + start * DAY, rate(2.5 * DAY), doses, None)).collect();
    let labels = vec![1; doses.len()];
    regions_of(&components, &phantom(&labels, &["t"]), &plan(&[("t", p)]), &RegionOptions::default()).remove(0)
}

#[test]
fn repopulation_stops_at_the_critical_time() {
    // One voxel, no quadratic part: the nadir is at t_crit (T23), where alpha Ddot = ln2/Tp.
    let lambda = rate(2.5 * DAY);
    let dose = 0.6 / DAY / lambda;
    let grown = growing(&[dose], &[0.0], false, Repopulation { doubling_time: 50.0 * DAY, kick_off: 0.0 });
    let nadir = grown.nadir.expect("repopulates");
    close("time", nadir.time / DAY, 9.246_728_436, 1e-5);
    let time = 9.246_728_436 * DAY;
    let ln = -0.3 * dose * (1.0 - (-lambda * time).exp()) + LN_2 * time / (50.0 * DAY);
    close("clonogens", nadir.ln_clonogens, ln, 1e-7);
    close("lost", nadir.bed_lost, LN_2 * time / (0.3 * 50.0 * DAY), 1e-5);
    close("TCP", grown.tcp.expect("clonogens"), (-grown.clonogens.expect("density") * ln.exp()).exp(), 1e-6);
    // Kick-off after t_crit: the nadir is the kick-off; long after all decay nothing is lost.
    let late = growing(&[dose], &[0.0], false, Repopulation { doubling_time: 50.0 * DAY, kick_off: 20.0 * DAY });
    close("at kick-off", late.nadir.expect("repopulates").time, 20.0 * DAY, 1e-6);
    assert!(late.tcp.expect("clonogens") >= grown.tcp.expect("clonogens"));
    // Faster than the radiation kills: the least number is the one at the start.
    let hopeless = growing(&[dose], &[0.0], false, Repopulation { doubling_time: 0.5 * DAY, kick_off: 0.0 });
    let nadir = hopeless.nadir.expect("repopulates");
    assert!(nadir.time.abs() < 1.0 && nadir.ln_clonogens.abs() < 1e-6, "{nadir:?}");
}

#[test]
fn the_nadir_of_several_fractions_is_the_least_of_a_fine_scan() {
    for (starts, doubling) in [(vec![0.0, 30.0, 60.0], 8.0), (vec![0.0, 40.0], 6.0), (vec![0.0, 3.0], 20.0)] {
        let doses = [6.0, 4.0];
        let repopulation = Repopulation { doubling_time: doubling * DAY, kick_off: 5.0 * DAY };
        let found = growing(&doses, &starts, true, repopulation).nadir.expect("repopulates");
        let p = TissueParameters { alpha: 0.3, alpha_beta: 10.0, repair_half_time: 1.5 * HOUR, ..tissue() };
        let components: Vec<DoseRateComponent> =
            starts.iter().zip(1..).map(|(&start, f)| component(f, start * DAY, rate(2.5 * DAY), &doses, None)).collect();
        let ln_clonogens = |day: f64| {
            let mean = (0..2).map(|v| (-0.3 * bed_by_steps(&components, v, &p, day * DAY)).exp()).sum::<f64>() / 2.0;
            mean.ln() + LN_2 * (day - 5.0).max(0.0) / doubling
        };
        let least = (1..5000)
            .map(|i| f64::from(i) * 0.02)
            .map(|day| (ln_clonogens(day), day))
            .fold((0.0, 0.0), |a: (f64, f64), b| if b.0 < a.0 { b } else { a });
        assert!(found.ln_clonogens <= least.0 + 1e-9 && found.ln_clonogens > least.0 - 1e-4, "{found:?} against {least:?}");
        assert!((found.time / DAY - least.1).abs() < 0.03, "{found:?} against {least:?}");
    }
}

#[test]
fn population_average_of_tcp() {
    let ln_survival = |alpha: f64| -alpha * 100.0;
    close("no spread", control::population_tcp(1e7, 0.2, 0.0, ln_survival), control::tcp(1e7, -20.0), 1e-12);
    // Against a fine trapezoidal rule, within the accuracy stated for 21 points.
    let fine = |sigma: f64| {
        let h = 0.001;
        let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        (-8000..=8000)
            .map(|i| f64::from(i) * h)
            .map(|x| h * density(x) * control::tcp(1e7, ln_survival((0.2 + sigma * x).max(0.0))))
            .sum::<f64>()
    };
    for sigma in [0.005, 0.01, 0.02, 0.03, 0.05] {
        let (found, expected) = (control::population_tcp(1e7, 0.2, sigma, ln_survival), fine(sigma));
        assert!((found - expected).abs() < 0.03, "sigma {sigma}: {found} against {expected}");
    }
    // On a region: spread lowers a high TCP and is listed as assumed.
    let p = TissueParameters { alpha_beta: 10.0, clonogens_per_ml: Some(1e6), ..tissue() };
    let components = [component(1, 0.0, rate(50.0 * HOUR), &[70.0], None)];
    let run = |spread| {
        let options = RegionOptions { alpha_spread: spread, ..RegionOptions::default() };
        regions_of(&components, &phantom(&[1], &["t"]), &plan(&[("t", p.clone())]), &options).remove(0)
    };
    let (sharp, spread) = (run(None), run(Some(0.2)));
    assert!(sharp.tcp > Some(0.9) && spread.tcp < sharp.tcp, "{:?} {:?}", sharp.tcp, spread.tcp);
    assert!(spread.assumed.iter().any(|a| a.contains("alpha varies")));
}

#[test]
fn a_beta_or_an_rbe_five_percent_off_would_show() {
    let base = bed_of(&[component(1, 0.0, rate(50.0 * HOUR), &[20.0], Some(&[1.0]))], &tissue());
    let g = 1.0 / (1.0 + 50.0 / 2.8);
    close("closed form", base, 25.0 + g * 21.0 * 21.0 / 3.0, 2.0 * F32);
    for p in [TissueParameters { alpha_beta: 3.15, ..tissue() }, TissueParameters { rbe_high_let: 5.25, ..tissue() }] {
        let other = bed_of(&[component(1, 0.0, rate(50.0 * HOUR), &[20.0], Some(&[1.0]))], &p);
        assert!((other / base - 1.0).abs() > 100.0 * F32);
    }
}

// ---- wrong input -----------------------------------------------------------------------------------------------------------------

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
    says(&message(&[DoseRateComponent { lambda: 0.0, ..good() }], &phantom, &none), &["component of fraction 2", "decay constant is 0/s"]);
    says(&message(&[DoseRateComponent { start: f64::NAN, ..good() }], &phantom, &none), &["start is NaN"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0], None)], &phantom, &none), &["low-LET map has 1 voxels, the phantom 2"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0, 1.0], Some(&[1.0]))], &phantom, &none), &["high-LET map has 1"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0, f64::NAN], None)], &phantom, &none), &["voxel 1 is NaN Gy"]);
    says(&message(&[component(1, 0.0, 1e-5, &[1.0, -1.0], None)], &phantom, &none), &["voxel 1 is -0.99"]);
    says(&message(&[good()], &phantom, &plan(&[("kidny", tissue())])), &["\"kidny\"", "regions are: kidney"]);
    let bad_label = Phantom { regions: vec![0, 2], ..phantom.clone() };
    says(&message(&[good()], &bad_label, &none), &["voxel 1 has region label 2"]);
    let wrong = |change: fn(&mut TissueParameters)| {
        let mut p = tissue();
        change(&mut p);
        message(&[good()], &phantom, &plan(&[("kidney", p)]))
    };
    says(&wrong(|p| p.alpha = -0.1), &["region \"kidney\"", "alpha is -0.1/Gy", "positive"]);
    says(&wrong(|p| p.alpha_beta = 0.0), &["alpha/beta is 0 Gy"]);
    says(&wrong(|p| p.repair_half_time = f64::INFINITY), &["repair half-time is inf s"]);
    says(&wrong(|p| p.rbe_high_let = f64::NAN), &["RBE is NaN"]);
    says(&wrong(|p| p.clonogens_per_ml = Some(0.0)), &["clonogen density is 0/mL"]);
    says(&wrong(|p| p.lkb = Some(Lkb { td50: 28.0, m: 0.0, n: 0.7 })), &["slope m is 0"]);
    says(&wrong(|p| p.bed_limit = Some(-1.0)), &["BED limit is -1 Gy"]);
    says(&wrong(|p| p.repopulation = Some(Repopulation { doubling_time: 0.0, kick_off: 0.0 })), &["doubling time is 0 s"]);
}
