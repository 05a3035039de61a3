//! Single formulas.

use dosaic::physics::exponential::Exponential;
use dosaic::plan::Lkb;
use dosaic::response::endpoints::{complication, control, uniform};
use dosaic::response::lq::{self, fractionation, linear_tail, microdosimetry, oxygen, protraction, quality, repopulation};
use dosaic::response::step::step;

use super::{LN_2, close, decaying, printed, rate};

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
