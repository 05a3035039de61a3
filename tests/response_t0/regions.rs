//! Endpoints per region.

use dosaic::dose::DoseRateComponent;
use dosaic::plan::{Lkb, Repopulation, TissueParameters};
use dosaic::response::endpoints::{complication, control};
use dosaic::response::{RegionOptions, RegionResponse};

use super::setting::*;
use super::{DAY, HOUR, LN_2, close, rate};

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
    for sigma in [0.005, 0.01, 0.02, 0.03, 0.05, 0.0735] {
        let (found, expected) = (control::population_tcp(1e7, 0.2, sigma, ln_survival), fine(sigma));
        assert!((found - expected).abs() < 0.035, "sigma {sigma}: {found} against {expected}");
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
