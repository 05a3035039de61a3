use super::*;
use crate::plan::Transfer;

const HOUR: f64 = 3600.0;
const PHYSICAL: f64 = 160.0 * HOUR;

/// Compartments with activities at the start; transfers with rates per hour.
fn model(initial: &[f64], transfers: &[(usize, Option<usize>, f64)]) -> CompartmentModel {
    CompartmentModel {
        compartments: initial.iter().enumerate().map(|(i, &initial)| Compartment { name: format!("c{i}"), initial }).collect(),
        transfers: transfers.iter().map(|&(from, to, rate)| Transfer { from, to, rate: rate / HOUR }).collect(),
    }
}

fn run(model: &CompartmentModel, wanted: usize) -> Realised {
    realise(model, wanted, PHYSICAL).unwrap()
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found:e} against {expected:e}: {:e}", found / expected - 1.0);
}

const LAMBDA: f64 = LN_2 / PHYSICAL;

#[test]
fn a_chain_of_three_follows_bateman() {
    let m = model(&[8.0e9, 0.0, 0.0], &[(0, Some(1), 0.5), (0, None, 0.2), (1, Some(2), 0.05), (2, None, 0.01)]);
    let (a, b, c) = (0.7 / HOUR + LAMBDA, 0.05 / HOUR + LAMBDA, 0.01 / HOUR + LAMBDA);
    let (ab, bc) = (0.5 / HOUR, 0.05 / HOUR);
    close(run(&m, 0).tia, 8.0e9 / a, 1e-12);
    close(run(&m, 1).tia, 8.0e9 * ab / (a * b), 1e-12);
    close(run(&m, 2).tia, 8.0e9 * ab * bc / (a * b * c), 1e-12);
    for hours in [0.3, 5.0, 70.0, 400.0] {
        let t = hours * HOUR;
        let e = |k: f64| (-k * t).exp();
        close(run(&m, 0).course.at(t), 8.0e9 * e(a), 1e-12);
        close(run(&m, 1).course.at(t), 8.0e9 * ab * (e(b) - e(a)) / (a - b), 1e-10);
        let third = e(a) / ((b - a) * (c - a)) + e(b) / ((a - b) * (c - b)) + e(c) / ((a - c) * (b - c));
        close(run(&m, 2).course.at(t), 8.0e9 * ab * bc * third, 1e-10);
    }
}

#[test]
fn two_that_exchange_follow_the_closed_form() {
    let (out, back, away) = (0.8 / HOUR, 0.1 / HOUR, 0.3 / HOUR);
    let m = model(&[1.0e9, 0.0], &[(0, Some(1), 0.8), (1, Some(0), 0.1), (0, None, 0.3)]);
    let (p, q) = (out + away + LAMBDA, back + LAMBDA);
    let root = ((p - q) * (p - q) + 4.0 * out * back).sqrt();
    let (fast, slow) = (0.5 * (p + q + root), 0.5 * (p + q - root));
    for hours in [0.1, 2.0, 40.0] {
        let t = hours * HOUR;
        let (ef, es) = ((-fast * t).exp(), (-slow * t).exp());
        close(run(&m, 0).course.at(t), 1.0e9 * ((fast - q) * ef + (q - slow) * es) / (fast - slow), 1e-10);
        close(run(&m, 1).course.at(t), 1.0e9 * out * (es - ef) / (fast - slow), 1e-10);
    }
    close(run(&m, 1).tia, 1.0e9 * out / (p * q - out * back), 1e-12);
}

/// Runge-Kutta of fourth order as a judge that knows no eigenvalues.
fn stepped(m: &CompartmentModel, end: f64, steps: usize) -> DVector<f64> {
    let k = rate_matrix(m, LAMBDA);
    let mut x = DVector::from_iterator(m.compartments.len(), m.compartments.iter().map(|c| c.initial));
    let h = end / steps as f64;
    for _ in 0..steps {
        let k1 = &k * &x;
        let k2 = &k * (&x + &k1 * (0.5 * h));
        let k3 = &k * (&x + &k2 * (0.5 * h));
        let k4 = &k * (&x + &k3 * h);
        x += (k1 + k2 * 2.0 + k3 * 2.0 + k4) * (h / 6.0);
    }
    x
}

#[test]
fn larger_models_follow_an_integration_in_steps() {
    let body = model(
        &[7.4e9, 0.0, 0.0, 1.0e8, 0.0],
        &[
            (0, Some(1), 0.9),
            (1, Some(0), 0.4),
            (0, Some(2), 0.3),
            (2, Some(0), 0.02),
            (0, Some(3), 0.5),
            (3, None, 0.25),
            (3, Some(0), 0.05),
            (2, Some(4), 0.01),
        ],
    );
    for hours in [1.0, 10.0, 60.0] {
        let expected = stepped(&body, hours * HOUR, 40_000);
        let exponential =
            (rate_matrix(&body, LAMBDA) * (hours * HOUR)).exp() * DVector::from_iterator(5, body.compartments.iter().map(|c| c.initial));
        for i in 0..5 {
            close(run(&body, i).course.at(hours * HOUR), expected[i], 1e-9);
            close(run(&body, i).course.at(hours * HOUR), exponential[i], 1e-10);
        }
    }
    // Decays of all compartments and what leaves account for all that was there.
    let total: f64 = (0..5).map(|i| run(&body, i).tia).sum();
    close(total * LAMBDA + run(&body, 3).tia * 0.25 / HOUR, 7.5e9, 1e-12);
}

#[test]
fn equal_rates_are_no_obstacle() {
    // Each passes on with one rate: x_n = (k t)^n / n! e^(-l t).
    let rate = 0.1 / HOUR;
    for (n, tolerance) in [(2, 1e-10), (3, 1e-10), (8, 1e-10)] {
        let transfers: Vec<_> = (0..n).map(|i| (i, (i + 1 < n).then_some(i + 1), 0.1)).collect();
        let mut initial = vec![0.0; n];
        initial[0] = 1.0e9;
        let m = model(&initial, &transfers);
        let last = run(&m, n - 1);
        assert!(last.notes.is_empty());
        let l = rate + LAMBDA;
        close(last.tia, 1.0e9 * rate.powi(n as i32 - 1) / l.powi(n as i32), 1e-12);
        close(last.course.tia(), last.tia, tolerance);
        for hours in [2.0, 20.0, 80.0] {
            let t = hours * HOUR;
            let expected = 1.0e9 * (rate * t).powi(n as i32 - 1) / (1..n).product::<usize>() as f64 * (-l * t).exp();
            close(last.course.at(t), expected, tolerance);
        }
        // Those upstream are no worse for what is downstream.
        close(run(&m, 0).course.at(20.0 * HOUR), 1.0e9 * (-l * 20.0 * HOUR).exp(), 1e-12);
    }
    // Nearly equal: no digit is lost, whatever the share.
    for share in [1e-6, 5e-5, 1e-3, 0.01] {
        let rates = [0.2, 0.201, 0.199, 0.202, 0.198].map(|r| 0.2 + (r - 0.2) * share / 0.005);
        let transfers: Vec<_> = (0..5).map(|i| (i, (i < 4).then_some(i + 1), rates[i])).collect();
        let m = model(&[1.0e9, 0.0, 0.0, 0.0, 0.0], &transfers);
        let found = run(&m, 4).course;
        let matrix = rate_matrix(&m, LAMBDA);
        let start = DVector::from_vec(vec![1.0e9, 0.0, 0.0, 0.0, 0.0]);
        for hours in [2.0, 20.0, 80.0] {
            close(found.at(hours * HOUR), ((&matrix * (hours * HOUR)).exp() * &start)[4], 1e-8);
        }
    }
    // Three that exchange alike: a twofold eigenvalue with two eigenvectors.
    let all: Vec<_> = (0..3).flat_map(|a| (0..3).filter(move |&b| b != a).map(move |b| (a, Some(b), 0.2))).collect();
    let m = model(&[9.0e8, 0.0, 0.0], &all);
    let t = 2.0 * HOUR;
    let even = 3.0e8 * (-LAMBDA * t).exp();
    close(run(&m, 0).course.at(t), even * (1.0 + 2.0 * (-1.2f64).exp()), 1e-7);
    close(run(&m, 2).course.at(t), even * (1.0 - (-1.2f64).exp()), 1e-7);
}

#[test]
fn what_cannot_be_is_told() {
    let circle = model(&[1.0e9, 0.0, 0.0, 0.0], &[(0, Some(1), 1.0), (1, Some(2), 1.0), (2, Some(0), 1.0), (0, Some(3), 0.1)]);
    let message = realise(&circle, 3, PHYSICAL).unwrap_err().to_string();
    assert!(message.contains("\"c0\", \"c1\", \"c2\"") && !message.contains("\"c3\"") && message.contains("complex"), "{message}");
    let m = |transfers: &[_]| realise(&model(&[1.0, 0.0], transfers), 1, PHYSICAL).unwrap_err().to_string();
    assert!(m(&[(0, Some(0), 1.0)]).contains("to itself"));
    assert!(m(&[(0, Some(1), -1.0)]).contains("0/s or more"));
    assert!(m(&[(0, Some(2), 1.0)]).contains("not there"));
    assert!(realise(&model(&[-1.0], &[]), 0, PHYSICAL).unwrap_err().to_string().contains("\"c0\""));
    assert!(realise(&model(&[1.0], &[]), 1, PHYSICAL).is_err());
    let unreached = realise(&model(&[1.0, 0.0], &[]), 1, PHYSICAL).unwrap();
    assert!(unreached.tia == 0.0 && unreached.notes[0].contains("\"c1\""));
}
