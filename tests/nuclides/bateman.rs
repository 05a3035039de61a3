//! Chains in time against closed forms, against solutions at 250 digits (`bateman.csv`), and against what must hold for any of them.

use dosaic::nuclide::{ChainInTime, chain, chain::chain_within, table::all};

const REFERENCE: &str = include_str!("bateman.csv");
const CHAINS: [&str; 6] = ["Ac-225", "Ra-223", "Th-227", "Pb-212", "Tb-149", "W-188"];
const DAY: f64 = 86_400.0;

/// The whole chain of a nuclide of the table.
fn whole(parent: &str) -> ChainInTime {
    ChainInTime::of(&chain_within(parent, f64::INFINITY).unwrap())
}

fn assert_relative(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found:e}, expected {expected:e} within {tolerance:e} of it");
}

/// A chain of the reference file: names, half-lives, (from, to, branching).
struct Described {
    names: Vec<&'static str>,
    half_lives: Vec<f64>,
    branchings: Vec<(usize, usize, f64)>,
}

fn described(chain: &str) -> Described {
    let rows: Vec<Vec<&str>> =
        REFERENCE.lines().map(|l| l.split(',').collect()).filter(|r: &Vec<&str>| r[0] == "member" && r[1] == chain).collect();
    let names: Vec<&str> = rows.iter().map(|r| r[2]).collect();
    let index = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let branchings = rows
        .iter()
        .flat_map(|r| r[4].split(';').filter(|d| !d.is_empty()).map(|d| (r[2], d.split_once('=').unwrap())))
        .map(|(from, (to, b))| (index(from), index(to), b.parse().unwrap()))
        .collect();
    Described { half_lives: rows.iter().map(|r| r[3].parse().unwrap()).collect(), branchings, names }
}

impl Described {
    fn chain(&self) -> ChainInTime {
        let members: Vec<(&str, f64)> = self.names.iter().copied().zip(self.half_lives.iter().copied()).collect();
        ChainInTime::new(&members, &self.branchings).unwrap()
    }
}

#[test]
#[allow(clippy::float_cmp, reason = "the reference was computed from the very same doubles")]
fn chains_agree_with_solutions_at_250_digits() {
    let mut worst = (0.0, String::new());
    let mut compared = 0;
    for parent in CHAINS.into_iter().chain(["close-1", "quick-1"]) {
        let reference = described(parent);
        let chain = if CHAINS.contains(&parent) { whole(parent) } else { reference.chain() };
        let names: Vec<&str> = chain.names().collect();
        let half_lives: Vec<f64> = chain.half_lives().collect();
        assert_eq!(names.len(), reference.names.len(), "{parent}");
        let index = |name: &str| names.iter().position(|n| *n == name).unwrap();
        for (name, half_life) in reference.names.iter().zip(&reference.half_lives) {
            assert_eq!(half_lives[index(name)], *half_life, "{name}: the table has changed, run bateman_reference.py");
        }
        for (from, to, b) in &reference.branchings {
            let (from, to) = (reference.names[*from], reference.names[*to]);
            assert_eq!(chain.branching(index(from), index(to)), *b, "{from} to {to}: the table has changed, run bateman_reference.py");
        }
        let equal: Vec<(&str, f64)> = names.iter().map(|n| (*n, 1.0)).collect();
        for row in REFERENCE.lines().map(|l| l.split(',').collect::<Vec<_>>()).filter(|r| r[0] == "value" && r[1] == parent) {
            let start = chain.mix(if row[2] == "parent" { &equal[..1] } else { &equal }).unwrap();
            let value = |column: usize| row[column].parse::<f64>().unwrap();
            let (time, i) = (value(3), index(row[4]));
            let found = [chain.activities_at(&start, time).unwrap()[i], chain.decays_between(&start, 0.0, time).unwrap()[i]];
            for (found, expected) in found.into_iter().zip([value(5), value(6)]) {
                assert_relative(&row[..5].join(" "), found, expected, 1e-12);
                let error = (found / expected - 1.0).abs();
                worst = if error > worst.0 { (error, row[..5].join(" ")) } else { worst };
                compared += 1;
            }
        }
    }
    println!("worst of {compared}: {:e} ({})", worst.0, worst.1);
    assert_eq!(compared, 2 * REFERENCE.lines().filter(|l| l.starts_with("value,")).count());
}

/// Two members with the quotient of differences written so that nothing cancels.
#[test]
fn two_members_follow_the_closed_form() {
    let half_life = 1e4;
    for ratio in [1e-20, 1e-6, 0.5, 1.0 - 1e-9, 1.0 + 1e-13, 1.001, 3.0, 1e6] {
        let chain = ChainInTime::new(&[("A-1", half_life), ("B-1", half_life * ratio)], &[(0, 1, 0.4)]).unwrap();
        let (a, b) = (2.0_f64.ln() / half_life, 2.0_f64.ln() / (half_life * ratio));
        for time in [1e-3, 10.0, 1e4, 1e6] {
            let slope = if a == b { time } else { -(-(b - a) * time).exp_m1() / (b - a) };
            // Whichever is slower in front: for b much faster, exp(-b t) exp((b - a) t) would be 0 times infinity.
            let expected = if b >= a {
                0.4 * a * (-a * time).exp() * slope
            } else {
                0.4 * a * (-b * time).exp() * -(-(a - b) * time).exp_m1() / (a - b)
            };
            let found = chain.nuclei_at(&[1.0, 0.0], time).unwrap();
            assert_relative(&format!("parent at {time}"), found[0], (-a * time).exp(), 1e-14);
            assert_relative(&format!("ratio {ratio} at {time}"), found[1], expected, 1e-12);
        }
    }
}

/// Equal half-lives: nuclei follow Poisson's distribution in λ t, decays its tail.
#[test]
fn members_of_equal_half_lives_follow_poisson() {
    const N: usize = 12;
    let names: Vec<String> = (0..N).map(|i| format!("M-{i}")).collect();
    let next: Vec<(usize, usize, f64)> = (1..N).map(|i| (i - 1, i, 1.0)).collect();
    // The second time with half-lives that differ in the twelfth digit: nothing may happen.
    for spread in [0.0, 1e-12] {
        let members: Vec<(&str, f64)> =
            names.iter().enumerate().map(|(i, n)| (n.as_str(), 50.0 * (1.0 + spread * (i as f64).sin()))).collect();
        let chain = ChainInTime::new(&members, &next).unwrap();
        let mut start = vec![0.0; N];
        start[0] = 1.0;
        for time in [1e-6, 1.0, 50.0, 1e3, 2e4] {
            let x = std::f64::consts::LN_2 / 50.0 * time;
            let poisson = |k: usize| (1..=k).fold((-x).exp(), |p, k| p * x / k as f64);
            let found = chain.nuclei_at(&start, time).unwrap();
            let decays = chain.decays_between(&start, 0.0, time).unwrap();
            // A relative change of the decay constants by `spread` enters once per step of the chain and multiplied by the exponent.
            let tolerance = 1e-12 + spread * (N as f64 + x);
            for k in 0..N {
                assert_relative(&format!("member {k} at {time}"), found[k], poisson(k), tolerance);
                // The tail as a sum of its own: 1 less the others would cancel.
                let (_, tail) = (k + 1..k + 1500).fold((poisson(k), 0.0), |(p, tail), m| (p * x / m as f64, tail + p * x / m as f64));
                assert_relative(&format!("decays of {k} until {time}"), decays[k], tail, tolerance);
            }
        }
    }
}

/// A -> B (0.3), A -> C (0.7), B -> C: C in closed form is the mix of the direct way and the one through B.
#[test]
fn branches_add_up() {
    let half_lives = [3.0, 7.0, 20.0];
    let [a, b, c] = half_lives.map(|h| 2.0_f64.ln() / h);
    let chain = ChainInTime::new(&[("A-1", 3.0), ("B-1", 7.0), ("C-1", 20.0)], &[(0, 1, 0.3), (0, 2, 0.7), (1, 2, 1.0)]).unwrap();
    for t in [0.5_f64, 5.0, 50.0] {
        let e = |rate: f64| (-rate * t).exp();
        let direct = a * (e(a) - e(c)) / (c - a);
        let through = a * b * (e(a) / ((b - a) * (c - a)) + e(b) / ((a - b) * (c - b)) + e(c) / ((a - c) * (b - c)));
        let found = chain.nuclei_at(&[1.0, 0.0, 0.0], t).unwrap()[2];
        assert_relative(&format!("C at {t}"), found, 0.7 * direct + 0.3 * through, 1e-12);
    }
}

#[test]
fn nuclei_are_conserved_in_time() {
    for n in all() {
        let chain = whole(&n.name);
        let names: Vec<&str> = chain.names().collect();
        let start: Vec<f64> = (0..names.len()).map(|i| 1.0 + i as f64).collect();
        let leaves = |i: usize| 1.0 - (0..names.len()).map(|to| chain.branching(i, to)).sum::<f64>();
        for time in [1e-9, 1.0, DAY, 300.0 * DAY, 1e12] {
            let left: f64 = chain.nuclei_at(&start, time).unwrap().iter().sum();
            let gone: f64 = chain.decays_between(&start, 0.0, time).unwrap().iter().enumerate().map(|(i, d)| d * leaves(i)).sum();
            assert_relative(&format!("{} at {time}", n.name), left + gone, start.iter().sum(), 1e-12);
        }
    }
}

#[test]
fn one_time_after_another_is_their_sum() {
    for parent in CHAINS {
        let chain = whole(parent);
        let start: Vec<f64> = (0..chain.names().len()).map(|i| if i % 2 == 0 { 1.0 } else { 1e-3 }).collect();
        for (first, second) in [(1.0, 1e-7), (3600.0, 17.0 * DAY), (0.013, 99.0 * DAY), (0.0, 5.0)] {
            let middle = chain.nuclei_at(&start, first).unwrap();
            let (two, one) = (chain.nuclei_at(&middle, second).unwrap(), chain.nuclei_at(&start, first + second).unwrap());
            let parts = [chain.decays_between(&start, 0.0, first).unwrap(), chain.decays_between(&start, first, first + second).unwrap()];
            let whole = chain.decays_between(&start, 0.0, first + second).unwrap();
            for i in 0..start.len() {
                // `first + second` is rounded; a member of 0.3 us notices 1e-16 of it.
                let rounded = 1e-16 * (first + second) * 2.0_f64.ln() / chain.half_lives().nth(i).unwrap();
                let transient = if first + second < 10.0 { rounded } else { 0.0 };
                assert_relative(&format!("{parent} member {i}, {first} + {second} s"), two[i], one[i], 1e-11 + transient);
                assert_relative(
                    &format!("{parent} decays {i}, {first} + {second} s"),
                    parts[0][i] + parts[1][i],
                    whole[i],
                    1e-12 + transient,
                );
            }
        }
    }
}

/// Gauss-Legendre with three points on each of many panels, shorter where members build up.
#[test]
fn decays_are_the_integral_of_the_activity() {
    for (parent, from, to) in
        [("Ac-225", 600.0, 6.0 * 3600.0), ("Pb-212", 3600.0, 2.0 * DAY), ("Ra-223", 60.0, 3600.0), ("Tb-149", 0.0, 30.0 * DAY)]
    {
        let chain = whole(parent);
        let start = chain.mix(&[(parent, 1e6)]).unwrap();
        const PANELS: usize = 600;
        let mut sums = vec![0.0; start.len()];
        let width = (to - from) / PANELS as f64;
        let step = chain.after(width).unwrap();
        let nodes = [(-0.6_f64.sqrt(), 5.0 / 18.0), (0.0, 8.0 / 18.0), (0.6_f64.sqrt(), 5.0 / 18.0)];
        let within = nodes.map(|(x, weight)| (chain.after(0.5 * width * (1.0 + x)).unwrap(), weight));
        let mut nuclei = chain.nuclei_at(&start, from).unwrap();
        for _ in 0..PANELS {
            for (to_node, weight) in &within {
                for (sum, activity) in sums.iter_mut().zip(chain.activities(&to_node.nuclei(&nuclei))) {
                    *sum += width * weight * activity;
                }
            }
            nuclei = step.nuclei(&nuclei);
        }
        let exact = chain.decays_between(&start, from, to).unwrap();
        for (name, (sum, exact)) in chain.names().zip(sums.into_iter().zip(exact)) {
            assert_relative(&format!("{name} under {parent}"), sum, exact, 1e-8);
        }
    }
}

#[test]
fn all_decays_are_those_of_the_chain_in_equilibrium() {
    for n in all() {
        for members in [chain(&n.name).unwrap(), chain_within(&n.name, f64::INFINITY).unwrap()] {
            let in_time = ChainInTime::of(&members);
            let mut start = vec![0.0; members.members.len()];
            start[0] = 1.0;
            let ever = in_time.decays_between(&start, 0.0, f64::INFINITY).unwrap();
            let longest = in_time.half_lives().fold(0.0, f64::max);
            let long = in_time.decays_between(&start, 0.0, 60.0 * longest).unwrap();
            for (i, member) in members.members.iter().enumerate() {
                assert_relative(&format!("{} under {}", member.nuclide.name, n.name), ever[i], member.decays_per_parent, 1e-14);
                assert_relative(&format!("{} under {} after long", member.nuclide.name, n.name), long[i], member.decays_per_parent, 1e-12);
            }
        }
    }
}

#[test]
#[allow(clippy::float_cmp, reason = "nothing happens in no time, and nothing is left in the end")]
fn no_time_changes_nothing_and_stable_members_gather() {
    let chain = ChainInTime::new(&[("A-1", 5.0), ("B-1", f64::INFINITY)], &[(0, 1, 0.8)]).unwrap();
    assert_eq!(chain.nuclei_at(&[3.0, 1.0], 0.0).unwrap(), [3.0, 1.0]);
    assert_eq!(chain.decays_between(&[3.0, 1.0], 7.0, 7.0).unwrap(), [0.0, 0.0]);
    assert_relative("half", chain.nuclei_at(&[2.0, 0.0], 5.0).unwrap()[1], 0.8, 1e-14);
    let end = chain.after(f64::INFINITY).unwrap();
    assert_eq!((end.nuclei(&[2.0, 1.0]), end.decays(&[2.0, 1.0])), (vec![0.0, 2.6], vec![2.0, 0.0]));
    assert_eq!(chain.decays_between(&[2.0, 1.0], 5.0, f64::INFINITY).unwrap(), [1.0, 0.0]);
}

#[test]
fn wrong_chains_mixes_and_times_say_what_is_right() {
    let says = |error: Option<dosaic::error::Error>, part: &str| {
        let error = error.unwrap_or_else(|| panic!("accepted, expected \"{part}\""));
        assert!(error.to_string().contains(part) && error.exit_code() == 2, "{error}");
    };
    let pair = [("A-1", 5.0), ("B-1", 6.0)];
    says(ChainInTime::new(&[("A-1", -5.0)], &[]).err(), "half-life of -5 s");
    says(ChainInTime::new(&[("A-1", f64::NAN)], &[]).err(), "from 1e-30");
    says(ChainInTime::new(&pair, &[(1, 0, 0.5)]).err(), "from B-1 to A-1: members must be listed after");
    says(ChainInTime::new(&pair, &[(0, 2, 0.5)]).err(), "member 2");
    says(ChainInTime::new(&pair, &[(0, 1, 0.5), (0, 1, 0.6)]).err(), "0 to 1 together");
    says(ChainInTime::new(&pair, &[(0, 1, -0.5)]).err(), "0 to 1 together");
    says(ChainInTime::new(&pair, &[(0, 1, f64::NAN)]).err(), "0 to 1 together");

    let chain = whole("Ac-225");
    says(chain.mix(&[("Bi-212", 1.0)]).err(), "its members are Ac-225, Fr-221");
    says(chain.mix(&[("Bi-213", -1.0)]).err(), "0 or more");
    says(ChainInTime::new(&[("A-1", f64::INFINITY)], &[]).unwrap().mix(&[("A-1", 1.0)]).err(), "stable");
    assert_relative("spellings add up", chain.mix(&[("213bi", 1.0), ("Bi-213", 2.0)]).unwrap()[3], 3.0 * 2735.4 / 2.0_f64.ln(), 1e-14);
    says(chain.after(-1.0).err(), "from 0 to 1e30 s");
    says(chain.after(f64::NAN).err(), "from 0 to 1e30 s");
    let start = chain.mix(&[("Ac-225", 1.0)]).unwrap();
    says(chain.decays_between(&start, 5.0, 4.0).err(), "ends later");
    says(chain.decays_between(&start, f64::INFINITY, f64::INFINITY).err(), "finite time");
}

#[test]
fn the_course_of_a_chain_is_printed_with_its_decays() {
    let times: Vec<(String, f64)> = [("0 d", 0.0), ("10 d", 10.0 * DAY), ("1 d", DAY)].map(|(label, s)| (label.to_owned(), s)).into();
    let text = dosaic::nuclide::course("225Ac", &times).unwrap();
    let row = |name: &str| -> Vec<&str> {
        let line = text.lines().find(|l| l.starts_with(&format!("  {name} "))).unwrap();
        line.split_whitespace().collect()
    };
    assert_eq!(row("Ac-225"), ["Ac-225", "10", "d", "1", "0.5", "0.93303", "1", "1"]);
    // From the reference at 1 d; branching product in all.
    assert_eq!(row("Bi-213")[..3], ["Bi-213", "45.59", "min"]);
    assert_eq!((row("Bi-213")[3], row("Bi-213")[5], *row("Bi-213").last().unwrap()), ("·", "0.9362", "0.99989"));
    assert!(text.contains("until 10 d") && text.contains("left out: Rn-217"), "{text}");
    assert!(dosaic::nuclide::course("Ac-226", &times).is_err());
}
