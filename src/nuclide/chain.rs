//! Decay chains: how often each member decays per decay of the parent.
//!
//! In equilibrium, or counted to infinite time, a member decays as often as it is fed: its decays per parent decay are the sum over all paths
//! of the products of the branchings on the way. That holds for a patient's dose only where members decay on the parent's time scale, so a
//! member that lives longer than [`EQUILIBRIUM_RATIO`] times as long as the parent is left out, with all that comes after it, and is reported.
//! When each of them decays: [`super::ChainInTime`].

use super::table::{DaughterKind, Nuclide, find};
use crate::error::Result;

/// A member belongs to the chain in equilibrium when its half-life is at most this many times the parent's.
///
/// Ten keeps every chain of therapy whole (the slowest: Pb-209 under Bi-213, 4.3 times) and leaves out what outlives the treatment
/// (Bi-207 under At-211, Gd-149 under Tb-149, Pb-210 under Rn-222, Tc-99 under Tc-99m).
pub const EQUILIBRIUM_RATIO: f64 = 10.0;

/// A chain member and how often it decays.
#[derive(Debug, Clone, Copy)]
pub struct ChainMember {
    /// The member.
    pub nuclide: &'static Nuclide,
    /// Its decays per decay of the parent; 1 for the parent itself.
    pub decays_per_parent: f64,
}

/// Why a daughter's decays do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum ExclusionReason {
    /// It lives longer than the limit; its own daughters are left out with it.
    LongLived,
    /// It is radioactive, but the table has no data for it; treated as stable.
    Untabulated,
}

/// A radioactive daughter that is fed by the chain but does not count as a member.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Excluded {
    /// Such as "Bi-207".
    pub name: String,
    /// How many are made per decay of the parent.
    pub fed_per_parent: f64,
    /// Seconds, where the table knows it.
    pub half_life_s: Option<f64>,
    /// Why it is left out.
    pub reason: ExclusionReason,
}

/// A parent with its chain.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The parent first, then its descendants, each after everything that feeds it.
    pub members: Vec<ChainMember>,
    /// Radioactive daughters left out, by how many of them are made.
    pub excluded: Vec<Excluded>,
    /// Fraction of the members' decays (per parent decay) that the evaluations assign to no daughter: branchings that do not add up to 1.
    pub unassigned: f64,
}

impl Chain {
    /// Decays of `name` (as the table writes it) per decay of the parent; 0 for what is no member.
    pub fn decays_of(&self, name: &str) -> f64 {
        self.members.iter().find(|m| m.nuclide.name == name).map_or(0.0, |m| m.decays_per_parent)
    }
}

/// The chain of `name` in equilibrium, with the limit [`EQUILIBRIUM_RATIO`]. An unknown name is an input error with suggestions.
pub fn chain(name: &str) -> Result<Chain> {
    chain_within(name, EQUILIBRIUM_RATIO)
}

/// The chain of `name` with members up to `max_ratio` times the parent's half-life; `f64::INFINITY` gives every decay until the chain ends.
pub fn chain_within(name: &str, max_ratio: f64) -> Result<Chain> {
    let parent = find(name)?;
    let max_half_life = parent.half_life_s * max_ratio;
    let mut members: Vec<ChainMember> = Vec::new();
    let mut excluded: Vec<Excluded> = Vec::new();
    let mut unassigned = 0.0;
    for nuclide in feeding_order(parent, max_half_life) {
        let decays_per_parent =
            if members.is_empty() { 1.0 } else { members.iter().map(|m| m.decays_per_parent * branching_to(m.nuclide, nuclide)).sum() };
        members.push(ChainMember { nuclide, decays_per_parent });
        unassigned += decays_per_parent * (1.0 - nuclide.daughters.iter().map(|d| d.branching).sum::<f64>()).max(0.0);
    }
    for member in &members {
        for daughter in &member.nuclide.daughters {
            let entry = super::nuclide(&daughter.name);
            let reason = match daughter.kind {
                DaughterKind::Stable => continue,
                DaughterKind::Untabulated => ExclusionReason::Untabulated,
                DaughterKind::Tabulated if entry.is_some_and(|n| n.half_life_s <= max_half_life) => continue,
                DaughterKind::Tabulated => ExclusionReason::LongLived,
            };
            let fed = member.decays_per_parent * daughter.branching;
            match excluded.iter_mut().find(|e| e.name == daughter.name) {
                Some(known) => known.fed_per_parent += fed,
                None => excluded.push(Excluded {
                    name: daughter.name.clone(),
                    fed_per_parent: fed,
                    half_life_s: entry.map(|n| n.half_life_s),
                    reason,
                }),
            }
        }
    }
    excluded.sort_by(|a, b| b.fed_per_parent.total_cmp(&a.fed_per_parent));
    Ok(Chain { members, excluded, unassigned })
}

/// Fraction of the decays of `from` that lead to `to`.
pub fn branching_to(from: &Nuclide, to: &Nuclide) -> f64 {
    from.daughters.iter().filter(|d| d.name == to.name).map(|d| d.branching).sum()
}

/// The parent and every descendant within the limit, each after all that feed it: reversed depth-first post-order.
fn feeding_order(parent: &'static Nuclide, max_half_life: f64) -> Vec<&'static Nuclide> {
    fn visit(nuclide: &'static Nuclide, max_half_life: f64, finished: &mut Vec<&'static Nuclide>) {
        // Larger branches last, so that they come first once the order is reversed.
        let mut daughters: Vec<_> = nuclide.daughters.iter().filter(|d| d.kind == DaughterKind::Tabulated).collect();
        daughters.sort_by(|a, b| a.branching.total_cmp(&b.branching));
        for daughter in daughters.iter().filter_map(|d| super::nuclide(&d.name)) {
            if daughter.half_life_s <= max_half_life && !finished.iter().any(|n| n.name == daughter.name) {
                visit(daughter, max_half_life, finished);
            }
        }
        finished.push(nuclide);
    }
    let mut finished = Vec::new();
    visit(parent, max_half_life, &mut finished);
    finished.reverse();
    finished
}
