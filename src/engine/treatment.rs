//! What a treatment delivers, and what has to be transported for it: every distinct pair of decay group and decay pattern once, whatever
//! number of fractions needs it.

use std::sync::Arc;

use super::emitter::Emitter;
use crate::{
    dose::contribution::{Contribution, FractionDelivery},
    error::Result,
    plan::{FractionPlan, Plan},
    source::{DecayGroups, DecayPattern, FractionSource},
    transport::backend::source_list,
};

/// Rounds into which the histories of a plan with an uncertainty goal are cut.
const GOAL_ROUNDS: u64 = 8;

/// A decay group on a decay pattern: transported once.
#[derive(Debug, Clone)]
pub struct Component {
    /// For reports: the name of the first source that needs it.
    pub name: String,
    /// Position in the emitters: what decays.
    pub emitter: usize,
    /// Where the decays are.
    pub pattern: Arc<DecayPattern>,
    /// The same as the kernels read it.
    pub source: Vec<[u32; 2]>,
    /// Histories of each of the emitter's beams in one round.
    pub histories: Vec<u64>,
}

/// Sources of the fractions, the components they are made of, and what each fraction takes from them.
#[derive(Debug, Clone, Default)]
pub struct Treatment {
    /// Sources of every fraction.
    pub sources: Vec<FractionSource>,
    /// What decays and emits, by decay group.
    pub emitters: Vec<Emitter>,
    /// What is transported.
    pub components: Vec<Component>,
    /// What each fraction takes from it.
    pub deliveries: Vec<FractionDelivery>,
}

impl Treatment {
    /// Finds the components of fractions and how many histories each deserves.
    ///
    /// The histories of a fraction are shared out in proportion to the energy that each beam of each component emits, but every
    /// beam gets at least 5 % of an equal share, so that no dose is left without statistics. Numbers are rounded up to whole batches;
    /// with an uncertainty goal they are those of one round of several.
    ///
    /// # Errors
    /// If a decay group emits nothing that is transported.
    pub fn new(plan: &Plan, groups: &DecayGroups, fractions: &[&FractionPlan], sources: Vec<FractionSource>) -> Result<Self> {
        let mut treatment = Self::default();
        for (fraction, source) in fractions.iter().zip(sources) {
            treatment.take(plan, groups, fraction, source, 0)?;
        }
        treatment.settle(plan, 0);
        Ok(treatment)
    }

    /// Adds a fraction to a treatment whose components have been transported: what they are is kept, what is missing is added.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn add(&mut self, plan: &Plan, groups: &DecayGroups, fraction: &FractionPlan, source: FractionSource) -> Result<()> {
        let known = self.components.len();
        self.take(plan, groups, fraction, source, known)?;
        self.settle(plan, known);
        Ok(())
    }

    /// Puts the fractions in the order of their numbers.
    pub(super) fn in_order(&mut self) {
        self.sources.sort_by_key(|source| source.number);
        self.deliveries.sort_by_key(|delivery| delivery.number);
    }

    /// Histories of one round over all components.
    pub fn histories_per_round(&self) -> u64 {
        self.components.iter().flat_map(|c| &c.histories).sum()
    }

    /// Takes a fraction in; components from `first` on get histories for it.
    fn take(&mut self, plan: &Plan, groups: &DecayGroups, fraction: &FractionPlan, source: FractionSource, first: usize) -> Result<()> {
        for group in &groups.all()[self.emitters.len()..] {
            self.emitters.push(Emitter::new(group, &plan.transport)?);
        }
        let mut contributions: Vec<Contribution> = Vec::new();
        for part in &source.components {
            let known = self.components.iter().position(|c| c.emitter == part.group && c.pattern == part.pattern);
            let component = known.unwrap_or_else(|| {
                self.components.push(Component {
                    name: part.name.clone(),
                    emitter: part.group,
                    pattern: Arc::clone(&part.pattern),
                    source: source_list(&part.pattern),
                    histories: vec![0; self.emitters[part.group].beams.len()],
                });
                self.components.len() - 1
            });
            contributions.push(Contribution { component, tia: part.tia, course: Arc::clone(&part.course), uncertainty: part.uncertainty });
        }
        self.allot(fraction.histories, &contributions, first);
        self.deliveries.push(FractionDelivery { number: source.number, start: source.start, contributions });
        self.sources.push(source);
        Ok(())
    }

    /// Names and histories of the components from `first` on, once all fractions that need them are there.
    fn settle(&mut self, plan: &Plan, first: usize) {
        tell_apart(&mut self.components, first, &self.deliveries);
        let batches = u64::from(plan.transport.batches);
        // With an uncertainty goal the run goes in rounds, so that it can also stop early.
        let rounds = if plan.transport.goal.is_some() { GOAL_ROUNDS } else { 1 };
        for histories in self.components[first..].iter_mut().flat_map(|c| &mut c.histories) {
            *histories = histories.div_ceil(rounds).next_multiple_of(batches).max(batches);
        }
    }

    /// Shares the histories of one fraction out over the beams it needs; those of components before `first` have theirs.
    fn allot(&mut self, histories: u64, contributions: &[Contribution], first: usize) {
        let beams: Vec<(usize, usize, f64)> = contributions
            .iter()
            .flat_map(|c| {
                let emitter = &self.emitters[self.components[c.component].emitter];
                emitter.beams.iter().enumerate().map(|(beam, b)| (c.component, beam, c.tia * b.energy_per_decay())).collect::<Vec<_>>()
            })
            .collect();
        let energy: f64 = beams.iter().map(|b| b.2).sum();
        let floor = 0.05 / beams.len().max(1) as f64;
        let weight = |e: f64| (e / energy).max(floor);
        let total: f64 = beams.iter().map(|b| weight(b.2)).sum();
        for (component, beam, e) in beams.into_iter().filter(|b| b.0 >= first) {
            self.components[component].histories[beam] += (histories as f64 * weight(e) / total).ceil() as u64;
        }
    }
}

/// Adds the fractions to names that several components bear; those before `first` keep theirs.
fn tell_apart(components: &mut [Component], first: usize, deliveries: &[FractionDelivery]) {
    let names: Vec<String> = components.iter().map(|c| c.name.clone()).collect();
    for (i, component) in components.iter_mut().enumerate().skip(first) {
        let others = names
            .iter()
            .enumerate()
            .filter(|&(j, name)| j != i && (*name == names[i] || name.starts_with(&format!("{}, fraction ", names[i]))));
        if others.count() > 0 {
            let uses = |d: &&FractionDelivery| d.contributions.iter().any(|c| c.component == i);
            let numbers: Vec<String> = deliveries.iter().filter(uses).map(|d| d.number.to_string()).collect();
            component.name = format!("{}, fraction {}", names[i], numbers.join(" and "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nuclide::find,
        source::{ActivityUncertainty, DecayGroup, SourceComponent, TimeCourse},
    };

    fn pattern(voxel: u32) -> Arc<DecayPattern> {
        Arc::new(DecayPattern { voxels: vec![voxel], shares: vec![1.0] })
    }

    fn plan() -> Plan {
        let more = r#"
[[fraction]]
start = "56 d"
administered = "1 GBq"
[fraction.uptake.a]
fraction = 0.1
half_life = "50 h"
[transport]
histories = 1000
photons = "off"
"#;
        let (text, path) = (format!("{}{more}", crate::plan::ONE_REGION), std::path::Path::new("test.toml"));
        crate::plan::parse(&text, path, &crate::plan::Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn equal_patterns_are_transported_once_and_histories_follow_the_energy() {
        let plan = plan();
        let mut groups = DecayGroups::default();
        groups.position(DecayGroup { members: vec![(find("Lu-177").expect("known"), 1.0)] });
        let (shared, own) = (pattern(1), pattern(2));
        let part = |pattern: &Arc<DecayPattern>, tia| SourceComponent {
            name: "x".into(),
            nuclide: 0,
            group: 0,
            course: Arc::new(TimeCourse::exponential(tia * 1e-6, 1e-6)),
            tia,
            uncertainty: ActivityUncertainty::default(),
            pattern: Arc::clone(pattern),
        };
        let fraction = |number, components| FractionSource {
            number,
            start: 0.0,
            components,
            outside: Vec::new(),
            activities: Vec::new(),
            predicted: Vec::new(),
            warnings: Vec::new(),
        };
        let sources = [fraction(1, vec![part(&shared, 3.0e12), part(&own, 1.0e12)]), fraction(2, vec![part(&shared, 1.0e12)])];
        let fractions: Vec<&FractionPlan> = plan.fractions.iter().collect();
        let mut treatment = Treatment::new(&plan, &groups, &fractions, sources.to_vec()).expect("it emits");
        let Treatment { components, deliveries, .. } = &treatment;
        assert_eq!(components.len(), 2);
        assert_eq!([&components[0].name[..], &components[1].name[..]], ["x, fraction 1 and 2", "x, fraction 1"]);
        assert_eq!(deliveries[1].contributions[0].component, 0);
        // 750 of the first fraction and all 1000 of the second, in whole batches of 16.
        assert_eq!(components[0].histories, [1760]);
        assert_eq!(components[1].histories, [256]);

        // A third fraction later: the known component keeps its histories, the new one is added with its own.
        let later = fraction(3, vec![part(&shared, 1.0e12), part(&pattern(3), 1.0e12)]);
        treatment.add(&plan, &groups, &plan.fractions[1], later).expect("it emits");
        assert_eq!(treatment.deliveries[2].contributions.iter().map(|c| c.component).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(treatment.components.iter().map(|c| c.histories[0]).collect::<Vec<_>>(), [1760, 256, 512]);
        assert_eq!(treatment.components[2].name, "x, fraction 3");
    }
}
