//! The text of `dosaic nuclides`: all in a table, or one in detail.

use std::fmt::Write as _;

use super::chain::{Chain, EQUILIBRIUM_RATIO, ExclusionReason, chain};
use super::icrp107::against_icrp107;
use super::show::{energy, significant, time};
use super::table::{DaughterKind, Nuclide, all, find};
use super::{ChainEmissions, Emissions, Line};
use crate::error::Result;

/// Lines of each kind that [`describe`] shows, the strongest.
const LINES_SHOWN: usize = 6;

/// One row per nuclide: half-life, what it decays to, energy per decay by radiation (without daughters), evaluation.
pub fn list() -> String {
    let mut text = format!(
        "{:<8} {:>10}  {:>9} {:>9} {:>9}  {:<26} evaluation\n{:<8} {:>10}  {:>29}\n",
        "nuclide", "half-life", "alpha", "electron", "photon", "decays to", "", "", "MeV per decay"
    );
    for n in all() {
        let y = Emissions::of(n).yields();
        let daughters: Vec<_> = n.daughters.iter().map(|d| d.name.as_str()).collect();
        let _ = writeln!(
            text,
            "{:<8} {:>10}  {:>9} {:>9} {:>9}  {:<26} {}",
            n.name,
            time(n.half_life_s),
            energy(y.alpha.energy),
            energy(y.electron_energy()),
            energy(y.photon.energy + y.annihilation.energy),
            daughters.join(", "),
            n.source
        );
    }
    text + "\nEnergies are those of the nuclide alone; `dosaic nuclides NAME` adds its chain.\n"
}

/// One nuclide: half-life, chain with branching, energy per decay by radiation and chain member, strongest lines, comparison with ICRP-107,
/// evaluation and what is weak about it. An unknown name is an input error with suggestions.
pub fn describe(name: &str) -> Result<String> {
    let n = find(name)?;
    let chain = chain(&n.name)?;
    let mut text = format!("{}  Z {}  A {}\n", n.name, n.z, n.a);
    let _ = writeln!(text, "half-life    {}  ({} s)", time(n.half_life_s), significant(n.half_life_s, 7));
    let _ = writeln!(text, "evaluation   {}", n.source);
    if let Some(note) = &n.note {
        let _ = writeln!(text, "note         {note}");
    }
    text.push_str("\nChain: branching, half-life, decays per decay of the parent\n");
    tree(&mut text, n, &chain);
    left_out(&mut text, &chain);
    energies(&mut text, &ChainEmissions::from(&chain));
    strongest_lines(&mut text, n);
    against_icrp107(&mut text, n, &chain);
    Ok(text)
}

/// The chain as a tree; a member fed twice is drawn once and referred to after that.
fn tree(text: &mut String, parent: &Nuclide, chain: &Chain) {
    fn branch(text: &mut String, nuclide: &Nuclide, chain: &Chain, indent: &str, drawn: &mut Vec<String>) {
        let mut daughters: Vec<_> = nuclide.daughters.iter().collect();
        daughters.sort_by(|a, b| b.branching.total_cmp(&a.branching));
        for (i, d) in daughters.iter().enumerate() {
            let last = i + 1 == daughters.len();
            let head = format!("  {indent}{} {} {} %", if last { "└─" } else { "├─" }, d.name, significant(100.0 * d.branching, 6));
            let member = chain.members.iter().find(|m| m.nuclide.name == d.name);
            let tail = match (member, d.kind) {
                (Some(_), _) if drawn.contains(&d.name) => "as above".to_string(),
                (Some(m), _) => format!("{:>10}  {}", time(m.nuclide.half_life_s), significant(m.decays_per_parent, 6)),
                (None, DaughterKind::Stable) => format!("{:>10}", "stable"),
                (None, _) => format!("{:>10}", "left out"),
            };
            let _ = writeln!(text, "{head:<40}{tail}");
            if let Some(m) = member.filter(|_| !drawn.contains(&d.name)) {
                drawn.push(d.name.clone());
                branch(text, m.nuclide, chain, &format!("{indent}{}", if last { "   " } else { "│  " }), drawn);
            }
        }
    }
    let _ = writeln!(text, "{:<40}{:>10}  1", format!("  {}", parent.name), time(parent.half_life_s));
    branch(text, parent, chain, "", &mut Vec::new());
}

/// Radioactive daughters that the chain lacks, and decays without a daughter.
pub(super) fn left_out(text: &mut String, chain: &Chain) {
    for e in &chain.excluded {
        let reason = match (e.reason, e.half_life_s) {
            (ExclusionReason::LongLived, Some(t)) => {
                format!("half-life {} is more than {EQUILIBRIUM_RATIO} times the parent's", time(t))
            }
            _ => "no data; treated as stable".to_string(),
        };
        let _ = writeln!(text, "  left out: {} ({} per decay): {reason}", e.name, significant(e.fed_per_parent, 3));
    }
    if chain.unassigned > 1e-4 {
        let _ = writeln!(text, "  {} of the decays have no daughter in the evaluation", significant(chain.unassigned, 3));
    }
}

fn energies(text: &mut String, chain: &ChainEmissions) {
    let _ = writeln!(text, "\nEnergy, MeV per decay of {}", chain.parent);
    let columns = ["decays", "alpha", "recoil", "beta-", "beta+", "CE+Auger", "gamma+x", "511 keV", "total"];
    let _ = writeln!(text, "  {:<8}{}", "", columns.map(|c| format!("{c:>10}")).concat());
    let mut row = |name: &str, decays: f64, y: &super::emissions::Yields| {
        let values = [
            y.alpha.energy,
            y.recoil.energy,
            y.beta.energy,
            y.positron.energy,
            y.electron.energy,
            y.photon.energy,
            y.annihilation.energy,
            y.total_energy(),
        ];
        let _ = writeln!(text, "  {name:<8}{:>10}{}", significant(decays, 5), values.map(|v| format!("{:>10}", energy(v))).concat());
    };
    for m in &chain.members {
        row(&m.name, m.decays_per_parent, &m.yields);
    }
    if chain.members.len() > 1 {
        row("chain", chain.members.iter().map(|m| m.decays_per_parent).sum(), &chain.yields());
    }
}

fn strongest_lines(text: &mut String, n: &Nuclide) {
    let kinds: [(&str, &[Line]); 5] =
        [("alpha", &n.alphas), ("gamma", &n.gammas), ("x-ray", &n.xrays), ("conversion", &n.conversion), ("Auger", &n.auger)];
    let _ = writeln!(text, "\nStrongest lines of {} itself, keV (number per 100 decays)", n.name);
    for (kind, lines) in kinds.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        let mut strongest: Vec<&Line> = lines.iter().collect();
        strongest.sort_by(|a, b| b.intensity.total_cmp(&a.intensity));
        let shown: Vec<_> = strongest
            .iter()
            .take(LINES_SHOWN)
            .map(|l| format!("{} ({})", significant(1000.0 * l.energy, 6), significant(100.0 * l.intensity, 3)))
            .collect();
        let more = lines.len().saturating_sub(LINES_SHOWN);
        let rest = if more > 0 { format!(", {more} more") } else { String::new() };
        let _ = writeln!(text, "  {kind:<11} {}{rest}", shown.join(", "));
    }
    for (kind, spectrum) in [("beta-", &n.beta), ("beta+", &n.positron)] {
        if let Some(s) = spectrum {
            let _ = writeln!(
                text,
                "  {kind:<11} {} per 100 decays, mean {} keV, end point {} keV",
                significant(100.0 * s.intensity, 5),
                significant(1000.0 * s.mean_energy(), 5),
                significant(1000.0 * s.end_point(), 5)
            );
        }
    }
}
