//! Chains in time against a stiff integrator that knows nothing of how they are solved: Radau IIA of order 5, L-stable, with error control.
//!
//! States are the nuclei of the members and their decays so far. Each depends on earlier ones alone, so the implicit stages of a step are found state
//! by state, three unknowns at a time, whatever the half-lives (E. Hairer and G. Wanner, Solving Ordinary Differential Equations II, IV.8).

use std::f64::consts::LN_2;

use dosaic::nuclide::{ChainInTime, chain::chain_within};

const DAY: f64 = 86_400.0;
/// Largest error of a step, relative to each state.
const TOLERANCE: f64 = 1e-13;
/// Activities and decays below this share of the largest may have errors of `TOLERANCE` times this share.
const FLOOR: f64 = 1e-16;

/// dy/dt = A y, A lower triangular.
struct System {
    /// Per state: (earlier state, rate), its own rate last.
    rates: Vec<(Vec<(usize, f64)>, f64)>,
    /// What turns a state into an activity or a number of decays, for judging it.
    weights: Vec<f64>,
    /// Members; as many states for their decays follow.
    members: usize,
}

impl System {
    /// From the half-lives and branchings of the table.
    fn of(parent: &str) -> Self {
        let chain = chain_within(parent, f64::INFINITY).unwrap();
        let nuclides: Vec<_> = chain.members.iter().map(|m| m.nuclide).collect();
        let lambda: Vec<f64> = nuclides.iter().map(|n| LN_2 / n.half_life_s).collect();
        let fed = |i: usize| {
            let from = |j: usize| nuclides[j].daughters.iter().filter(|d| d.name == nuclides[i].name).map(|d| d.branching).sum::<f64>();
            (0..i).map(|j| (j, from(j) * lambda[j])).filter(|(_, rate)| *rate > 0.0).collect::<Vec<_>>()
        };
        let members = nuclides.len();
        let nuclei = (0..members).map(|i| (fed(i), -lambda[i]));
        let decays = (0..members).map(|i| (vec![(i, lambda[i])], 0.0));
        let weights = lambda.iter().copied().chain(std::iter::repeat_n(lambda[0], members)).collect();
        Self { rates: nuclei.chain(decays).collect(), weights, members }
    }

    /// One step.
    fn step(&self, y: &[f64], h: f64) -> Vec<f64> {
        let r = 6.0_f64.sqrt();
        let m = [
            [(88.0 - 7.0 * r) / 360.0, (296.0 - 169.0 * r) / 1800.0, (-2.0 + 3.0 * r) / 225.0],
            [(296.0 + 169.0 * r) / 1800.0, (88.0 + 7.0 * r) / 360.0, (-2.0 - 3.0 * r) / 225.0],
            [(16.0 - r) / 36.0, (16.0 + r) / 36.0, 1.0 / 9.0],
        ];
        let mut stages: Vec<[f64; 3]> = Vec::with_capacity(y.len());
        for (y, (feeding, own)) in y.iter().zip(&self.rates) {
            let feed: [f64; 3] = std::array::from_fn(|k| feeding.iter().map(|&(j, rate)| rate * stages[j][k]).sum());
            let right: [f64; 3] = std::array::from_fn(|k| y + h * (0..3).map(|l| m[k][l] * feed[l]).sum::<f64>());
            let left: [[f64; 3]; 3] = std::array::from_fn(|k| std::array::from_fn(|l| f64::from(u8::from(k == l)) - h * own * m[k][l]));
            stages.push(solve(left, right));
        }
        stages.into_iter().map(|s| s[2]).collect()
    }

    /// From `y` at 0 to each of `times`; also the number of steps.
    fn integrate(&self, mut y: Vec<f64>, times: &[f64]) -> (Vec<Vec<f64>>, u32) {
        let (mut t, mut h, mut steps, mut found) = (0.0, 1e-12, 0, Vec::new());
        for &end in times {
            while t < end {
                let length = f64::min(h, end - t);
                let whole = self.step(&y, length);
                let halves = self.step(&self.step(&y, 0.5 * length), 0.5 * length);
                let largest = halves.iter().zip(&self.weights).map(|(y, w)| (y * w).abs()).fold(0.0, f64::max);
                let error = (0..y.len())
                    .map(|i| {
                        let size = (halves[i] * self.weights[i]).abs().max(FLOOR * largest);
                        (halves[i] - whole[i]).abs() * self.weights[i] / 31.0 / size
                    })
                    .fold(0.0, f64::max);
                let factor = (0.9 * (TOLERANCE / error.max(1e-30)).powf(1.0 / 6.0)).clamp(0.2, 2.0);
                if error <= TOLERANCE {
                    t = if length < end - t { t + length } else { end };
                    // Richardson: the leading error of both is the same.
                    y = halves.iter().zip(&whole).map(|(b, a)| b + (b - a) / 31.0).collect();
                    steps += 1;
                    assert!(steps < 200_000, "the integrator does not come on: step {h} at {t}");
                }
                h = if error <= TOLERANCE && length < h { h } else { length * factor };
            }
            found.push(y.clone());
        }
        (found, steps)
    }
}

/// Three equations, with the largest pivot of each column.
fn solve(mut a: [[f64; 3]; 3], mut b: [f64; 3]) -> [f64; 3] {
    for k in 0..3 {
        let pivot = (k..3).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap();
        a.swap(k, pivot);
        b.swap(k, pivot);
        for i in k + 1..3 {
            let factor = a[i][k] / a[k][k];
            let row = a[k];
            a[i].iter_mut().zip(row).skip(k).for_each(|(x, y)| *x -= factor * y);
            b[i] -= factor * b[k];
        }
    }
    let mut x = [0.0; 3];
    for k in (0..3).rev() {
        x[k] = (b[k] - (k + 1..3).map(|l| a[k][l] * x[l]).sum::<f64>()) / a[k][k];
    }
    x
}

/// The method itself: e^-t from 0 to 1 in steps of a half has the error of order 5, and a rate far beyond the step is damped.
#[test]
fn the_integrator_has_its_order_and_damps() {
    let decay = |rate: f64| System { rates: vec![(Vec::new(), -rate)], weights: vec![1.0], members: 1 };
    let error = |n: i32| {
        let y = (0..n).fold(vec![1.0], |y, _| decay(1.0).step(&y, 1.0 / f64::from(n)));
        (y[0] - (-1.0_f64).exp()).abs()
    };
    let order = (error(2) / error(4)).log2();
    assert!((order - 5.0).abs() < 0.3, "order {order}");
    assert!(decay(1e12).step(&[1.0], 1.0)[0].abs() < 1e-11);
}

/// 1e-9 of each activity that is at least 1e-9 of the parent's at the start, and of each number of decays that is at least 1e-9 of the largest one by
/// then; smaller ones within 1e-9 of that limit.
#[test]
fn chains_agree_with_a_stiff_integrator() {
    const ACTIVITY: f64 = 1e6;
    let times = [1.0, 60.0, 3600.0, DAY, 10.0 * DAY, 100.0 * DAY];
    for parent in ["Ac-225", "Ra-223", "Th-227", "Pb-212", "Tb-149", "W-188"] {
        let system = System::of(parent);
        let chain = ChainInTime::of(&chain_within(parent, f64::INFINITY).unwrap());
        let names: Vec<&str> = chain.names().collect();
        let n = system.members;
        let start = chain.mix(&[(parent, ACTIVITY)]).unwrap();
        let (found, steps) = system.integrate(start.iter().copied().chain(std::iter::repeat_n(0.0, n)).collect(), &times);
        let (mut worst, mut judged) = ((0.0, String::new()), 0);
        for (time, y) in times.into_iter().zip(found) {
            let expected = [chain.activities_at(&start, time).unwrap(), chain.decays_between(&start, 0.0, time).unwrap()];
            let found = [(0..n).map(|i| y[i] * system.weights[i]).collect::<Vec<_>>(), y[n..].to_vec()];
            for (what, (found, expected)) in ["activity", "decays"].into_iter().zip(found.into_iter().zip(expected)) {
                let largest = if what == "activity" { ACTIVITY } else { expected.iter().copied().fold(0.0, f64::max) };
                let limit = 1e-9 * largest;
                for i in 0..n {
                    let error = (found[i] - expected[i]).abs() / expected[i].max(limit);
                    let place = format!("{what} of {} under {parent} at {time} s", names[i]);
                    assert!(error <= 1e-9, "{place}: {:e}, integrator {:e}, off by {error:e}", expected[i], found[i]);
                    judged += usize::from(expected[i] >= limit);
                    worst = if error > worst.0 { (error, place) } else { worst };
                }
            }
        }
        println!("{parent}: {n} members, {steps} steps, {judged} of {} beyond the limit, worst {:.1e} ({})", 12 * n, worst.0, worst.1);
        assert!(judged > 6 * n, "{parent}: {judged}");
    }
}

/// The first daughters in closed form, beside both.
#[test]
fn first_daughters_have_their_closed_form() {
    for (parent, daughter, branching) in
        [("Pb-212", "Bi-212", 1.0), ("W-188", "Re-188", 1.0), ("Ac-225", "Fr-221", 1.0), ("Ra-223", "Rn-219", 1.0)]
    {
        let system = System::of(parent);
        let chain = ChainInTime::of(&chain_within(parent, f64::INFINITY).unwrap());
        let i = chain.names().position(|name| name == daughter).unwrap();
        let (a, b) = (system.weights[0], system.weights[i]);
        let start = chain.mix(&[(parent, 1.0)]).unwrap();
        let times = [60.0, 3600.0, DAY, 20.0 * DAY];
        let (found, _) = system.integrate(start.iter().copied().chain(std::iter::repeat_n(0.0, system.members)).collect(), &times);
        for (t, y) in times.into_iter().zip(found) {
            // Activity per activity of the parent at the start; the daughter is the faster one.
            let expected = branching * b / (b - a) * (-a * t).exp() * -(-(b - a) * t).exp_m1();
            for (what, found) in [("integrator", b * y[i]), ("chain", chain.activities_at(&start, t).unwrap()[i])] {
                assert!(
                    (found / expected - 1.0).abs() < 1e-9,
                    "{what}, {daughter} under {parent} at {t} s: {found:e}, expected {expected:e}"
                );
            }
        }
    }
}
