//! Maps: exactness, limits, independence of threads and order, monotonicity.

use std::sync::Arc;

use dosaic::dose::{ComponentDose, DoseRateComponent};
use dosaic::physics::exponential::remaining;
use dosaic::plan::{Lkb, ResponsePlan, TissueParameters};
use dosaic::response::endpoints::{complication, control};
use dosaic::response::lq::{self, oxygen, protraction};
use dosaic::response::{Irradiation, MapOptions, response_maps};

use super::setting::*;
use super::{DAY, HOUR, LN_2, Random, close, rate};

#[test]
fn maps_follow_the_exact_steps_and_the_equations() {
    let components = overlapping();
    for high_let_beta in [1.0, 0.0, 0.3] {
        let p = TissueParameters { high_let_beta, ..tissue() };
        let plan = ResponsePlan { default: p.clone(), regions: vec![], tme: None };
        let maps = maps_of(&components, &phantom(&[0, 0, 0], &[]), &plan);
        for v in [0, 2] {
            let steps = bed_by_steps(&components, v, &p, f64::INFINITY);
            close("BED by steps", f64::from(maps.bed[v]), steps, F32);
            close("BED by Runge-Kutta", steps, bed_by_runge_kutta(&components, v, &p, 200.0 * DAY, 60_000), 1e-7);
            close("EQD2", f64::from(maps.eqd2[v]), steps / (1.0 + 2.0 / 3.0), F32);
            let dose: f64 = components.iter().map(|c| amplitudes(c, v)).zip(&components).map(|((l, h), c)| (l + h) / lambda(c)).sum();
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
    let total = |f: fn((f64, f64)) -> f64| components.iter().map(|c| f(amplitudes(c, 2)) / lambda(c)).sum::<f64>();
    let dose = total(|(low, high)| low + high);
    let bed = |half_time: f64| {
        let p = TissueParameters { repair_half_time: half_time, ..tissue() };
        let plan = ResponsePlan { default: p, regions: vec![], tme: None };
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
    let at = |t: f64| {
        components.iter().filter(|c| c.start <= t).map(|c| amplitudes(c, 0).0 * remaining(lambda(c), mu, t - c.start)).sum::<f64>()
    };
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
