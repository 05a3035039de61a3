//! Decays of a whole chain in time and space: from the activity of the parent at one place to the sources of all its members.
//!
//! At a place the members of a chain decay in groups. A group is a member (its head) and those descendants that decay where it does and, on the
//! scale of the head's half-life, when it does. A descendant becomes the head of a group of its own
//!
//! - where a rule of the plan moves a share of its atoms: to another region, around the place by diffusion, on a way on which it decays, or
//!   out of the body; what no rule moves stays in the group in which it was formed;
//! - where it lives longer than [`FOLLOWS`] times as long as the head's activity lasts: it decays at the same place, but later.
//!
//! The activity of the new head obeys `dN/dt = feed - (lambda + lambda_biol) N`, solved exactly for the course of the old head
//! ([`TimeCourse::fed`]). Atoms are conserved: they decay at some place, decay on the way, or are excreted, and all of it is counted.

use std::{f64::consts::LN_2, sync::Arc};

use super::{
    ActivityUncertainty, DecayGroups, DecayPattern, OutsideDecays, PatternCache, SourceComponent, TimeCourse, groups::DecayGroup,
    region::region_position,
};
use crate::{
    error::{Error, Result},
    nuclide::{self, Chain, ChainMember, Nuclide, branching_to, chain::ExclusionReason},
    plan::{Destination, NuclidePlan, Redistribution},
};

/// A member decays together with the head of its group if it lives at most this many times as long as the head's activity lasts: its mean
/// time (times ln 2, so that an exponential has its half-life), its physical half-life, or the time until which activity counts.
///
/// The dose to infinite time does not depend on it, only the time at which it comes: a follower lags behind by its mean life. A tenth keeps most
/// therapy chains in one group, but not those of Th-227 (Ra-223 lives 0.6 times as long), of short-lived parents such as Bi-213 (Pb-209), or of
/// parents that clear within hours.
pub const FOLLOWS: f64 = 0.1;

/// Where something decays.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// For reports: "in kidneys", "as in spect.nii".
    pub(super) name: String,
    /// Position of the region, if it is (in) one.
    pub(super) region: Option<usize>,
    /// The voxels.
    pub(super) pattern: Arc<DecayPattern>,
}

/// A head's activity at a place.
struct Head {
    nuclide: &'static Nuclide,
    /// For reports.
    name: String,
    place: Place,
    course: TimeCourse,
}

/// The chain of a nuclide with its rules.
#[derive(Debug)]
pub(super) struct MovingChain<'a> {
    members: Vec<ChainMember>,
    rules: Vec<(&'a Redistribution, Vec<usize>)>,
    /// Daughters that do not count, in words.
    pub(super) warnings: Vec<String>,
}

impl<'a> MovingChain<'a> {
    /// The chain that the plan asks for; `region` finds the position of a region by its name.
    ///
    /// # Errors
    /// A rule for a nuclide that is no member (or one whose half-life is too long to count), for the parent, or of a recoil from a decay
    /// without alpha; shares that add up to more than the whole.
    pub(super) fn new(plan: &'a NuclidePlan, region: impl Fn(&str) -> Result<usize>) -> Result<Self> {
        let parent = nuclide::find(&plan.name)?;
        let chain = if plan.daughters {
            nuclide::chain(&plan.name)?
        } else {
            Chain { members: vec![ChainMember { nuclide: parent, decays_per_parent: 1.0 }], excluded: Vec::new(), unassigned: 0.0 }
        };
        let warnings = left_out(&plan.name, &chain);
        let members = chain.members;
        let names = || members.iter().skip(1).map(|m| m.nuclide.name.as_str()).collect::<Vec<_>>().join(", ");
        let mut rules = Vec::new();
        for rule in &plan.redistribution {
            let Some(at) = members.iter().skip(1).position(|m| m.nuclide.name == rule.member) else {
                return Err(Error::input(format!(
                    "{}: \"{}\" is no daughter that decays with it; its daughters are {}",
                    plan.name,
                    rule.member,
                    if members.len() > 1 { names() } else { "none".into() }
                )));
            };
            let member = members[at + 1].nuclide;
            let by_alpha = members
                .iter()
                .any(|m| !m.nuclide.alphas.is_empty() && m.nuclide.a == member.a + 4 && branching_to(m.nuclide, member) > 0.0);
            if rule.recoil.is_some() && !by_alpha {
                return Err(Error::input(format!(
                    "{}: {} is not formed by alpha decay, so there is no recoil to speak of",
                    plan.name, rule.member
                )));
            }
            rules.push((rule, rule.from.iter().map(|name| region(name)).collect::<Result<Vec<_>>>()?));
        }
        let chain = Self { members, rules, warnings };
        chain.check_shares(plan)?;
        Ok(chain)
    }

    /// In no region may more atoms leave than are formed.
    fn check_shares(&self, plan: &NuclidePlan) -> Result<()> {
        let everywhere = self.rules.iter().flat_map(|(_, from)| from.iter().map(|&r| Some(r))).chain([None]);
        for region in everywhere {
            for member in &self.members {
                let sum: f64 = self.rules_for(member.nuclide, region).map(share).sum();
                if sum > 1.0 + 1.0e-9 {
                    return Err(Error::input(format!(
                        "{}: the rules for {} move {:.1} % of its atoms from one place; at most all of them can leave",
                        plan.name,
                        member.nuclide.name,
                        100.0 * sum
                    )));
                }
            }
        }
        Ok(())
    }

    /// Regions that rules name, so that a source that covers several has to be taken apart.
    pub(super) fn named_regions(&self) -> Vec<usize> {
        let mut named: Vec<usize> = self.rules.iter().flat_map(|(_, from)| from.iter().copied()).collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    fn rules_for(&self, member: &Nuclide, region: Option<usize>) -> impl Iterator<Item = &'a Redistribution> {
        self.rules
            .iter()
            .filter(move |(rule, from)| rule.member == member.name && (from.is_empty() || region.is_some_and(|r| from.contains(&r))))
            .map(|(rule, _)| *rule)
    }
}

/// What a chain leaves out, in words.
fn left_out(parent: &str, chain: &Chain) -> Vec<String> {
    let why = |reason| match reason {
        ExclusionReason::LongLived => "it lives too long to be in equilibrium",
        ExclusionReason::Untabulated => "it has no data and counts as stable",
    };
    let mut warnings: Vec<String> = chain
        .excluded
        .iter()
        .map(|e| format!("{parent}: {} ({:.2e} per decay) is left out: {}", e.name, e.fed_per_parent, why(e.reason)))
        .collect();
    if chain.unassigned > 0.0 {
        let decays = chain.unassigned;
        warnings.push(format!("{parent}: {decays:.2e} decays per decay lead to daughters without data; they are treated as stable"));
    }
    warnings
}

/// Share of the atoms formed that a rule moves.
fn share(rule: &Redistribution) -> f64 {
    rule.share * rule.recoil.map_or(1.0, |recoil| recoil.probability())
}

/// Builds sources of chains for one fraction.
pub(super) struct Builder<'a, 'p> {
    pub(super) chain: &'a MovingChain<'a>,
    /// Position of the nuclide in the plan.
    pub(super) nuclide: usize,
    pub(super) cache: &'a mut PatternCache<'p>,
    pub(super) groups: &'a mut DecayGroups,
    /// Seconds after the start of the fraction at which activity stops to count.
    pub(super) until: f64,
    pub(super) components: Vec<SourceComponent>,
    pub(super) outside: Vec<OutsideDecays>,
    pub(super) warnings: Vec<String>,
}

impl Builder<'_, '_> {
    /// Adds the parent's activity at a place, and all that follows from it.
    ///
    /// # Errors
    /// If a region to which daughters go has no voxels, or its pattern cannot be drawn.
    pub(super) fn parent(&mut self, place: Place, course: &TimeCourse, uncertainty: ActivityUncertainty) -> Result<()> {
        let parent = self.chain.members[0].nuclide;
        let named = self.chain.named_regions();
        for (place, share) in self.by_region(place, &named) {
            let name = format!("{} {}", parent.name, place.name);
            self.group(&Head { nuclide: parent, name, place, course: course.scaled(share) }, uncertainty)?;
        }
        Ok(())
    }

    /// A place that is not within one region, taken apart by the regions that rules name; with the share of each part.
    fn by_region(&mut self, place: Place, named: &[usize]) -> Vec<(Place, f64)> {
        if place.region.is_some() || named.is_empty() {
            return vec![(place, 1.0)];
        }
        let phantom = self.cache.phantom();
        let mut parts = Vec::new();
        for region in named.iter().map(|&region| Some(region)).chain([None]) {
            let belongs = |v: u32| {
                let label = phantom.regions[v as usize] as usize;
                match region {
                    Some(region) => label == region + 1,
                    None => !named.iter().any(|r| label == r + 1),
                }
            };
            let amounts: Vec<(u32, f64)> =
                place.pattern.voxels.iter().copied().zip(place.pattern.shares.iter().copied()).filter(|(v, _)| belongs(*v)).collect();
            let share: f64 = amounts.iter().map(|a| a.1).sum();
            if let Some(pattern) = self.cache.share(amounts.into_iter()) {
                let name = match region {
                    Some(region) => format!("in {} {}", phantom.region_names[region], place.name),
                    None => format!("elsewhere {}", place.name),
                };
                parts.push((Place { name, region, pattern }, share));
            }
        }
        parts
    }

    /// Adds the group of a head, and the heads that it feeds.
    fn group(&mut self, head: &Head, uncertainty: ActivityUncertainty) -> Result<()> {
        let first = self.chain.members.iter().position(|m| m.nuclide.name == head.nuclide.name).unwrap_or(0);
        let lasts = head.nuclide.half_life_s.min(LN_2 * head.course.mean_time()).min(self.until);
        let mut followers: Vec<(&'static Nuclide, f64)> = vec![(head.nuclide, 1.0)];
        let mut next = Vec::new();
        for member in &self.chain.members[first + 1..] {
            let fed: f64 = followers.iter().map(|(from, decays)| decays * branching_to(from, member.nuclide)).sum();
            if fed == 0.0 {
                continue;
            }
            let mut staying = fed;
            for rule in self.chain.rules_for(member.nuclide, head.place.region) {
                // Only alpha decay gives its daughter a recoil to speak of.
                let by_alpha = |from: &Nuclide| rule.recoil.is_none() || from.a == member.nuclide.a + 4;
                let formed = followers.iter().filter(|(from, _)| by_alpha(from));
                let moved = share(rule) * formed.map(|(from, decays)| decays * branching_to(from, member.nuclide)).sum::<f64>();
                staying -= moved;
                next.push((member.nuclide, moved, Some(rule)));
            }
            staying = staying.max(0.0);
            if member.nuclide.half_life_s > FOLLOWS * lasts {
                next.push((member.nuclide, staying, None));
            } else {
                followers.push((member.nuclide, staying));
            }
        }
        followers.retain(|f| f.1 > 0.0);
        let course = head.course.truncated(self.until);
        self.components.push(SourceComponent {
            name: head.name.clone(),
            nuclide: self.nuclide,
            group: self.groups.position(DecayGroup { members: followers }),
            tia: course.tia(),
            course: Arc::new(course),
            uncertainty,
            pattern: Arc::clone(&head.place.pattern),
        });
        for (member, share, rule) in next.into_iter().filter(|n| n.1 > 0.0) {
            let feed = head.course.scaled(share);
            match rule {
                None => {
                    let name = format!("{} {}", member.name, head.place.name);
                    let course = feed.fed(member.decay_constant()).scaled(member.decay_constant());
                    self.group(&Head { nuclide: member, name, place: head.place.clone(), course }, uncertainty)?;
                }
                Some(rule) => self.moved(head, member, &feed, rule, uncertainty)?,
            }
        }
        Ok(())
    }

    /// Follows atoms, formed at the rate `feed`, that a rule moves.
    fn moved(
        &mut self,
        from: &Head,
        member: &'static Nuclide,
        feed: &TimeCourse,
        rule: &Redistribution,
        uncertainty: ActivityUncertainty,
    ) -> Result<()> {
        let decay = member.decay_constant();
        let mut arriving = feed.clone();
        if let Some(half_life) = rule.transit_half_life {
            let transit = LN_2 / half_life;
            let under_way = feed.fed(decay + transit);
            self.outside(member, from, "decays on the way", &under_way.scaled(decay));
            arriving = under_way.scaled(transit);
        }
        let clearance = rule.biological_half_life.map_or(0.0, |half_life| LN_2 / half_life);
        let origin = &from.place.name;
        let (name, place) = match &rule.to {
            Destination::Excreted => {
                self.outside(member, from, "leaves the body", &arriving);
                return Ok(());
            }
            Destination::Here => (format!("{} that clears, {origin}", member.name), from.place.clone()),
            Destination::Around { length } => {
                let (pattern, outside) = self.cache.diffused(&from.place.pattern, *length);
                if outside > 1.0e-9 {
                    self.outside(member, from, "diffuses out of the phantom", &arriving.scaled(outside));
                    arriving = arriving.scaled(1.0 - outside);
                }
                let pattern = pattern.ok_or_else(|| {
                    Error::input(format!("{} {origin}: a diffusion length of {length} mm leaves nothing in the phantom", member.name))
                })?;
                // It may have come into other regions, whose rules then hold for its own daughters.
                let name = format!("that diffused from {}", origin.trim_start_matches("in "));
                (format!("{} {name}", member.name), Place { name, region: None, pattern })
            }
            Destination::Region { region, pattern } => {
                let position = region_position(self.cache.phantom(), region, &member.name)?;
                let (pattern, warnings) = self.cache.draw(position, pattern)?;
                self.warnings.extend(warnings.into_iter().map(|warning| format!("{} in {region}: {warning}", member.name)));
                let place = Place { name: format!("in {region}"), region: Some(position), pattern };
                (format!("{} in {region} from {}", member.name, origin.trim_start_matches("in ")), place)
            }
        };
        let pool = arriving.fed(decay + clearance);
        if clearance > 0.0 {
            self.outside(member, from, "clears and leaves the body", &pool.scaled(clearance));
        }
        let course = pool.scaled(decay);
        let named = self.chain.named_regions();
        let parts = self.by_region(place, &named);
        let several = parts.len() > 1;
        for (place, share) in parts {
            let name = if several { format!("{name}, {}", place.name) } else { name.clone() };
            self.group(&Head { nuclide: member, name, place, course: course.scaled(share) }, uncertainty)?;
        }
        Ok(())
    }

    /// Counts atoms that decay outside the phantom.
    fn outside(&mut self, member: &Nuclide, from: &Head, fate: &'static str, course: &TimeCourse) {
        let atoms = course.truncated(self.until).tia();
        let known = self.outside.iter_mut().find(|o| o.member == member.name && o.from == from.place.name && o.fate == fate);
        match known {
            Some(known) => known.atoms += atoms,
            None => self.outside.push(OutsideDecays { member: member.name.clone(), from: from.place.name.clone(), fate, atoms }),
        }
    }
}

#[cfg(test)]
#[path = "daughters_tests.rs"]
mod tests;
