//! What has to be transported: every distinct pair of decay group and decay pattern once, whatever number of fractions needs it.

use std::sync::Arc;

use super::emitter::Emitter;
use crate::{
    dose::contribution::{Contribution, FractionDelivery},
    plan::{FractionPlan, Plan},
    source::{DecayPattern, FractionSource},
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
    /// Histories of each of the emitter's beams.
    pub histories: Vec<u64>,
}

/// Finds the components of all fractions, what each fraction takes from them, and how many histories each deserves.
///
/// The histories of a fraction are shared out in proportion to the energy that each beam of each component emits, but every
/// beam gets at least 5 % of an equal share, so that no dose is left without statistics. Numbers are rounded up to whole batches;
/// with an uncertainty goal they are those of one round of several.
pub fn components(plan: &Plan, emitters: &[Emitter], sources: &[FractionSource]) -> (Vec<Component>, Vec<FractionDelivery>) {
    let mut components: Vec<Component> = Vec::new();
    let mut deliveries = Vec::new();
    for (fraction, source) in plan.fractions.iter().zip(sources) {
        let mut contributions: Vec<Contribution> = Vec::new();
        for part in &source.components {
            let known = components.iter().position(|c| c.emitter == part.group && Arc::ptr_eq(&c.pattern, &part.pattern));
            let component = known.unwrap_or_else(|| {
                components.push(Component {
                    name: part.name.clone(),
                    emitter: part.group,
                    pattern: Arc::clone(&part.pattern),
                    source: source_list(&part.pattern),
                    histories: vec![0; emitters[part.group].beams.len()],
                });
                components.len() - 1
            });
            contributions.push(Contribution { component, tia: part.tia, course: Arc::clone(&part.course), uncertainty: part.uncertainty });
        }
        allot(fraction, emitters, &contributions, &mut components);
        deliveries.push(FractionDelivery { number: source.number, start: source.start, contributions });
    }
    tell_apart(&mut components, &deliveries);
    let batches = u64::from(plan.transport.batches);
    // With an uncertainty goal the run goes in rounds, so that it can also stop early.
    let rounds = if plan.transport.goal.is_some() { GOAL_ROUNDS } else { 1 };
    for histories in components.iter_mut().flat_map(|c| &mut c.histories) {
        *histories = histories.div_ceil(rounds).next_multiple_of(batches).max(batches);
    }
    (components, deliveries)
}

/// Adds the fractions to names that several components bear.
fn tell_apart(components: &mut [Component], deliveries: &[FractionDelivery]) {
    let names: Vec<String> = components.iter().map(|c| c.name.clone()).collect();
    for (i, component) in components.iter_mut().enumerate() {
        if names.iter().filter(|name| **name == names[i]).count() > 1 {
            let uses = |d: &&FractionDelivery| d.contributions.iter().any(|c| c.component == i);
            let numbers: Vec<String> = deliveries.iter().filter(uses).map(|d| d.number.to_string()).collect();
            component.name = format!("{}, fraction {}", names[i], numbers.join(" and "));
        }
    }
}

/// Shares the histories of one fraction out over the beams it needs.
fn allot(fraction: &FractionPlan, emitters: &[Emitter], contributions: &[Contribution], components: &mut [Component]) {
    let beams: Vec<(usize, usize, f64)> = contributions
        .iter()
        .flat_map(|c| {
            let emitter = &emitters[components[c.component].emitter];
            emitter.beams.iter().enumerate().map(|(beam, b)| (c.component, beam, c.tia * b.energy_per_decay())).collect::<Vec<_>>()
        })
        .collect();
    let energy: f64 = beams.iter().map(|b| b.2).sum();
    let floor = 0.05 / beams.len().max(1) as f64;
    let weight = |e: f64| (e / energy).max(floor);
    let total: f64 = beams.iter().map(|b| weight(b.2)).sum();
    for &(component, beam, e) in &beams {
        components[component].histories[beam] += (fraction.histories as f64 * weight(e) / total).ceil() as u64;
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
        let emitters =
            vec![Emitter::new(&DecayGroup { members: vec![(find("Lu-177").expect("known"), 1.0)] }, &plan.transport).expect("it emits")];
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
            warnings: Vec::new(),
        };
        let sources = [fraction(1, vec![part(&shared, 3.0e12), part(&own, 1.0e12)]), fraction(2, vec![part(&shared, 1.0e12)])];
        let (components, deliveries) = components(&plan, &emitters, &sources);
        assert_eq!(components.len(), 2);
        assert_eq!([&components[0].name[..], &components[1].name[..]], ["x, fraction 1 and 2", "x, fraction 1"]);
        assert_eq!(deliveries[1].contributions[0].component, 0);
        // 750 of the first fraction and all 1000 of the second, in whole batches of 16.
        assert_eq!(components[0].histories, [1760]);
        assert_eq!(components[1].histories, [256]);
    }
}
