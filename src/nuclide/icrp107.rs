//! Energies per decay beside those of ICRP Publication 107, and what is known about where they differ.

use std::fmt::Write as _;

use super::chain::Chain;
use super::show::{energy, time};
use super::table::{KindEnergies, Nuclide};

/// The differences that the crosscheck of the evaluations lists; its first line says which.
const DIFFERENCES: &str = include_str!("data/icrp107_differences.csv");

/// A kind of radiation in which an evaluation differs from ICRP-107, MeV per decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// As in [`KindEnergies::by_kind`].
    pub kind: &'static str,
    /// Of the evaluation behind the table.
    pub here: f64,
    /// Of ICRP-107.
    pub icrp107: f64,
}

/// What the crosscheck lists for a nuclide of the table.
///
/// # Panics
/// Never: the list is part of the program, and a test reads all of it.
pub fn known_differences(nuclide: &str) -> Vec<Difference> {
    let rows = DIFFERENCES.lines().skip(2).map(|line| line.split(',').collect::<Vec<_>>());
    rows.filter(|row| row[0] == nuclide)
        .map(|row| {
            let number = |column: usize| row[column].parse().unwrap_or_else(|_| panic!("{row:?} has no number in column {column}"));
            Difference { kind: row[1], here: number(2), icrp107: number(3) }
        })
        .collect()
}

/// Whether two evaluations of an energy differ by enough to matter: more than 3 %, and 1 % of all the energy of the decay.
pub fn differs(here: f64, other: f64, total: f64) -> bool {
    (here - other).abs() > 0.03 * other && (here - other).abs() > 0.01 * total
}

/// Energies of all members together, MeV per decay of the parent: (here, ICRP-107).
pub fn of_chain(chain: &Chain) -> (KindEnergies, KindEnergies) {
    let sum = |of: &dyn Fn(&Nuclide) -> KindEnergies| {
        chain.members.iter().fold(KindEnergies::default(), |sum, member| sum.plus(of(member.nuclide).times(member.decays_per_parent)))
    };
    (sum(&Nuclide::energies), sum(&|nuclide| nuclide.icrp107))
}

/// Half-life and energies of the nuclide itself, and of its whole chain where it has one.
pub(super) fn against_icrp107(text: &mut String, n: &Nuclide, chain: &Chain) {
    let _ = writeln!(text, "\n{} itself against ICRP Publication 107", n.name);
    line(text, "half-life", [&time(n.half_life_s), &time(n.icrp107_half_life_s)], n.half_life_s / n.icrp107_half_life_s, "");
    let known = known_differences(&n.name);
    energies(text, &n.energies(), &n.icrp107, &|kind| match known.iter().find(|d| d.kind == kind) {
        Some(_) => "  differs: known, the evaluations do",
        None => "  differs",
    });
    if chain.members.len() > 1 {
        let (here, icrp) = of_chain(chain);
        let _ = writeln!(text, "\nThe chain against ICRP Publication 107, with the branchings used here");
        energies(text, &here, &icrp, &|_| "  differs");
        for member in chain.members.iter().skip(1) {
            for d in known_differences(&member.nuclide.name) {
                let _ = writeln!(text, "  known: {} of {}, {} against {}", d.kind, member.nuclide.name, energy(d.here), energy(d.icrp107));
            }
        }
    }
    text.push_str("  (MeV per decay; neither recoil nor annihilation photons)\n");
}

fn energies(text: &mut String, here: &KindEnergies, icrp: &KindEnergies, remark: &dyn Fn(&str) -> &'static str) {
    let kinds = here.by_kind().into_iter().zip(icrp.by_kind()).map(|((kind, h), (_, i))| (kind, h, i));
    for (kind, h, i) in kinds.filter(|(_, h, i)| *h > 0.0 || *i > 0.0).chain([("total", here.total(), icrp.total())]) {
        let mark = if differs(h, i, icrp.total()) { remark(kind) } else { "" };
        line(text, kind, [&energy(h), &energy(i)], h / i, mark);
    }
}

/// One row: name, here, ICRP-107, deviation, remark.
fn line(text: &mut String, name: &str, [here, icrp]: [&str; 2], ratio: f64, mark: &str) {
    let deviation = if ratio.is_finite() { format!("{:+.2} %", 100.0 * (ratio - 1.0)) } else { String::new() };
    let _ = writeln!(text, "{}", format!("  {name:<11}{here:>12}{icrp:>12}{deviation:>12}{mark}").trim_end());
}
