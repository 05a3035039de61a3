//! One cylinder against closed forms (T14, T16) and its own refinement.

use dosaic::response::tme::oxygen::krogh::Krogh;

/// um, s, mmHg: the defaults of the parameter file.
const TISSUE: Krogh = Krogh { diffusivity: 2000.0, consumption: 15.0, michaelis: 2.5, capillary_radius: 5.0 };

/// Krogh and Erlang 1919: consumption that does not depend on pO2.
fn zero_order(r: f64, radius: f64) -> f64 {
    let (a, d, rc) = (TISSUE.consumption, TISSUE.diffusivity, TISSUE.capillary_radius);
    40.0 + a / (4.0 * d) * (r * r - rc * rc) - a * radius * radius / (2.0 * d) * (r / rc).ln()
}

#[test]
fn without_saturation_the_profile_is_that_of_krogh_and_erlang() {
    // T16; the consumption of K = 1e-9 mmHg is full wherever oxygen is left.
    let profile = Krogh { michaelis: 1.0e-9, ..TISSUE }.solve(60.0, 40.0).expect("it has a solution");
    for (radius, expected) in [(30.0, 17.451_872_2), (60.0, 13.156_885_2)] {
        assert!((zero_order(radius, 60.0) - expected).abs() < 1.0e-7);
        assert!((profile.at(radius) - expected).abs() < 2.0e-6, "{radius}: {}", profile.at(radius));
    }
    for i in 0..=50 {
        let r = 5.0 + 55.0 * f64::from(i) / 50.0;
        assert!((profile.at(r) - zero_order(r, 60.0)).abs() < 2.0e-6, "{r}");
    }
}

/// Modified Bessel functions of order 0 and 1, of both kinds, by their integrals.
fn bessel(x: f64) -> [f64; 4] {
    let n = 4000;
    let (mut i0, mut i1, mut k0, mut k1) = (0.0, 0.0, 0.0, 0.0);
    for j in 0..=n {
        let end = if j == 0 || j == n { 0.5 } else { 1.0 };
        let angle = std::f64::consts::PI * f64::from(j) / f64::from(n);
        i0 += end * (x * angle.cos()).exp() / f64::from(n);
        i1 += end * (x * angle.cos()).exp() * angle.cos() / f64::from(n);
        let t = 12.0 * f64::from(j) / f64::from(n);
        k0 += end * (-x * t.cosh()).exp() * 12.0 / f64::from(n);
        k1 += end * (-x * t.cosh()).exp() * t.cosh() * 12.0 / f64::from(n);
    }
    [i0, i1, k0, k1]
}

#[test]
fn far_below_saturation_the_profile_is_of_first_order() {
    // Sink k = a/p0 (T16): a p/(p + K) with K = 1e9 and a larger in proportion.
    let length = 73.029_674_3;
    let krogh = Krogh { consumption: 15.0 / 40.0 * 1.0e9, michaelis: 1.0e9, ..TISSUE };
    let profile = krogh.solve(120.0, 40.0).expect("it has a solution");
    let [_, i1, _, k1] = bessel(120.0 / length);
    let shape = |r: f64| {
        let [i0, _, k0, _] = bessel(r / length);
        k1 * i0 + i1 * k0
    };
    for r in [5.0, 12.0, 40.0, 90.0, 120.0] {
        let expected = 40.0 * shape(r) / shape(5.0);
        assert!((profile.at(r) - expected).abs() < 2.0e-5, "{r}: {} instead of {expected}", profile.at(r));
    }
}

#[test]
fn flux_through_the_wall_is_what_is_used() {
    // Balance: D 2 pi r_c |p'(r_c)| = pi times the integral of the consumption; checked by the mean over a profile with an anoxic part.
    let profile = TISSUE.solve(140.0, 40.0).expect("it has a solution");
    assert!(profile.lowest() < 0.1 && profile.lowest() > 0.0);
    let rate = |p: f64| TISSUE.consumption * p / (p + TISSUE.michaelis);
    let used = profile.section(5.0, rate);
    let e = 1.0e-3;
    let slope = (-1.5 * profile.at(5.0) + 2.0 * profile.at(5.0 + e) - 0.5 * profile.at(5.0 + 2.0 * e)) / e;
    let flux = -2.0 * TISSUE.diffusivity * 5.0 * slope;
    let total = used.oxic_factor + used.hypoxic_factor;
    assert!((flux / total - 1.0).abs() < 1.0e-5, "{flux} against {total}");
    assert!((used.area - (140.0 * 140.0 - 25.0)).abs() < 1.0e-3);
}

#[test]
fn the_reach_is_where_oxygen_ends() {
    // Slab and sphere of T14 do not apply to a cylinder; there R^2 ln(R^2/rc^2) - (R^2 - rc^2) = 4 D p/a ends it.
    let sharp = Krogh { michaelis: 1.0e-18, ..TISSUE };
    let reach = sharp.reach(40.0);
    assert!(zero_order(reach, reach).abs() < 1.0e-4, "{}", zero_order(reach, reach));
    let profile = TISSUE.solve(TISSUE.reach(40.0), 40.0).expect("it has a solution");
    assert!(profile.lowest() < 1.0e-5, "{}", profile.lowest());
}

#[test]
fn numbers_without_a_solution_are_refused() {
    for (krogh, radius, capillary) in [
        (Krogh { michaelis: 0.0, ..TISSUE }, 60.0, 40.0),
        (Krogh { consumption: f64::NAN, ..TISSUE }, 60.0, 40.0),
        (TISSUE, 5.0, 40.0),
        (TISSUE, 60.0, -1.0),
    ] {
        let message = krogh.solve(radius, capillary).expect_err("it has none").to_string();
        assert!(message.contains("expected positive numbers"), "{message}");
    }
}
