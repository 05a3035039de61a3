use super::*;
use crate::{
    grid::VoxelGrid,
    nuclide::{ChainInTime, chain::chain_within},
    phantom::{Phantom, pack_voxel},
    physics::materials,
    plan::{RecoilEscape, UptakePattern},
    source::groups::DecayGroup,
};

/// 9^3 voxels of 1 mm: a on the left, b on the right, nothing between.
fn two_regions() -> Phantom {
    let grid = VoxelGrid::axis_aligned([9, 9, 9], glam::DVec3::ONE, glam::DVec3::ZERO);
    let label = |v: usize| match grid.ijk(v)[0] {
        0..4 => 1,
        4 => 0,
        _ => 2,
    };
    Phantom {
        grid,
        voxels: vec![pack_voxel(0, 1.0); grid.len()],
        materials: vec![materials::require("water").expect("water")],
        regions: (0..grid.len()).map(label).collect(),
        region_names: vec!["a".into(), "b".into()],
        warnings: Vec::new(),
    }
}

/// Of the parent's activity.
const UNCERTAINTY: ActivityUncertainty = ActivityUncertainty { origin: 7, own: 0.1, calibration: 0.05 };

/// Sources of one activity of `parent` in "a" of a phantom with regions a and b.
struct Found {
    components: Vec<SourceComponent>,
    outside: Vec<OutsideDecays>,
    groups: Vec<DecayGroup>,
}

impl Found {
    fn of(plan: &NuclidePlan, course: &TimeCourse) -> Self {
        Self::until(plan, course, f64::INFINITY)
    }

    fn until(plan: &NuclidePlan, course: &TimeCourse, until: f64) -> Self {
        let phantom = two_regions();
        let region = |name: &str| Ok(phantom.region_names.iter().position(|n| n == name).expect("a region"));
        let chain = MovingChain::new(plan, region).expect("a chain");
        let (mut cache, mut groups) = (PatternCache::new(&phantom), DecayGroups::default());
        let pattern = cache.draw(0, &UptakePattern::Uniform).expect("a pattern").0;
        let mut builder = Builder {
            chain: &chain,
            nuclide: 0,
            cache: &mut cache,
            groups: &mut groups,
            until,
            components: Vec::new(),
            outside: Vec::new(),
            warnings: Vec::new(),
        };
        builder.parent(Place { name: "in a".into(), region: Some(0), pattern }, course, UNCERTAINTY).expect("sources");
        let (components, outside) = (builder.components, builder.outside);
        Self { components, outside, groups: groups.all().to_vec() }
    }

    /// Decays of a member over all places (or those whose name contains `place`).
    fn decays(&self, member: &str, place: &str) -> f64 {
        let of_group = |c: &SourceComponent| {
            let group = &self.groups[c.group];
            c.tia * group.members.iter().filter(|(m, _)| m.name == member).map(|(_, n)| n).sum::<f64>()
        };
        self.components.iter().filter(|c| c.name.contains(place)).map(of_group).sum()
    }

    fn component(&self, name: &str) -> &SourceComponent {
        self.components.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{name}: {:?}", self.names()))
    }

    fn names(&self) -> Vec<&str> {
        self.components.iter().map(|c| c.name.as_str()).collect()
    }

    fn atoms(&self, fate: &str) -> f64 {
        self.outside.iter().filter(|o| o.fate.contains(fate)).map(|o| o.atoms).sum()
    }
}

fn rule(member: &str, share: f64, to: Destination) -> Redistribution {
    Redistribution {
        member: member.into(),
        from: vec!["a".into()],
        share,
        recoil: None,
        transit_half_life: None,
        to,
        biological_half_life: None,
    }
}

fn plan(name: &str, redistribution: Vec<Redistribution>) -> NuclidePlan {
    NuclidePlan { name: name.into(), daughters: true, redistribution }
}

fn to_b() -> Destination {
    Destination::Region { region: "b".into(), pattern: UptakePattern::Uniform }
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found:e} against {expected:e}");
}

#[test]
fn without_rules_a_chain_in_equilibrium_is_one_component() {
    let found = Found::of(&plan("Ac-225", vec![]), &TimeCourse::exponential(1e6, 1e-6));
    assert_eq!(found.names(), ["Ac-225 in a"]);
    let chain = nuclide::chain("Ac-225").expect("known");
    for member in &chain.members {
        close(found.decays(&member.nuclide.name, ""), 1e12 * member.decays_per_parent, 1e-12);
    }
}

#[test]
fn decays_are_conserved_whatever_moves() {
    let chain = nuclide::chain("Ac-225").expect("known");
    let rules = vec![
        rule("Fr-221", 0.2, Destination::Around { length: 2.0 }),
        Redistribution { transit_half_life: Some(120.0), ..rule("Bi-213", 0.3, to_b()) },
        Redistribution { biological_half_life: Some(3600.0), ..rule("Bi-213", 0.25, Destination::Here) },
        Redistribution { from: vec![], ..rule("Pb-209", 0.5, Destination::Excreted) },
    ];
    let found = Found::of(&plan("Ac-225", rules), &TimeCourse::exponential(1e6, 1e-6));
    let outside = |member: &str| found.outside.iter().filter(|o| o.member == member).map(|o| o.atoms).sum::<f64>();
    // Feeding order: what is outside takes its own descendants with it.
    for member in &chain.members {
        let formed: f64 = chain.members.iter().map(|m| branching_to(m.nuclide, member.nuclide) * found.decays(&m.nuclide.name, "")).sum();
        let formed = if member.nuclide.name == "Ac-225" { 1e12 } else { formed };
        close(found.decays(&member.nuclide.name, "") + outside(&member.nuclide.name), formed, 1e-9);
    }
    assert!(found.atoms("out of the phantom") > 0.0 && found.atoms("on the way") > 0.0 && found.atoms("clears") > 0.0);
}

#[test]
fn bismuth_from_a_lesion_decays_in_the_kidneys_as_often_as_the_rule_says() {
    let course = TimeCourse::exponential(1e6, 1e-6);
    let clears = Redistribution { biological_half_life: Some(3600.0), ..rule("Bi-213", 0.4, to_b()) };
    let found = Found::of(&plan("Ac-225", vec![clears]), &course);
    let bismuth = nuclide::find("Bi-213").expect("known");
    let branch = nuclide::chain("Ac-225").expect("known").decays_of("Bi-213");
    let stays = bismuth.decay_constant() / (bismuth.decay_constant() + LN_2 / 3600.0);
    close(found.decays("Bi-213", "in b"), 1e12 * branch * 0.4 * stays, 1e-9);
    close(found.decays("Bi-213", "Ac-225 in a"), 1e12 * branch * 0.6, 1e-12);
    close(found.atoms("clears"), 1e12 * branch * 0.4 * (1.0 - stays), 1e-9);
    // Its own daughters go with it.
    close(
        found.decays("Pb-209", "in b") / found.decays("Bi-213", "in b"),
        nuclide::chain("Bi-213").expect("known").decays_of("Pb-209"),
        1e-9,
    );
    // In time: Bateman's two-member solution with the clearance on top.
    let loss = bismuth.decay_constant() + LN_2 / 3600.0;
    let activity = |t: f64| 1e6 * branch * 0.4 * bismuth.decay_constant() * ((-1e-6 * t).exp() - (-loss * t).exp()) / (loss - 1e-6);
    for t in [60.0, 3600.0, 86400.0] {
        close(found.component("Bi-213 in b from a").course.at(t), activity(t), 1e-9);
    }
}

#[test]
fn members_that_lag_behind_follow_bateman() {
    let thorium = nuclide::find("Th-227").expect("known");
    let found = Found::of(&plan("Th-227", vec![]), &TimeCourse::exponential(1.0, thorium.decay_constant()));
    assert_eq!(found.names(), ["Th-227 in a", "Ra-223 in a"]);
    let chain = chain_within("Th-227", f64::INFINITY).expect("known");
    let in_time = ChainInTime::of(&chain);
    let start = in_time.mix(&[("Th-227", 1.0)]).expect("a mix");
    let at = in_time.names().position(|n| n == "Ra-223").expect("a member");
    for days in [0.1, 3.0, 18.7, 90.0] {
        let exact = in_time.activities_at(&start, days * 86400.0).expect("activities")[at];
        close(found.component("Ra-223 in a").course.at(days * 86400.0), exact, 1e-9);
    }
    close(found.decays("Ra-223", ""), thorium.half_life_s / LN_2, 1e-9);
}

#[test]
fn recoils_leave_spheres_as_geometry_says() {
    // Monte Carlo: a uniform start in the sphere and a step of the range in a random direction.
    let escape = |ratio: f64| RecoilEscape { vector_radius: 1.0, recoil_range: ratio };
    let mut state = 7u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    for ratio in [0.1, 0.7, 1.5, 2.5] {
        let n = 200_000;
        let left = (0..n)
            .filter(|_| {
                let (r, mu) = (uniform().cbrt(), 2.0 * uniform() - 1.0);
                r * r + ratio * ratio + 2.0 * r * ratio * mu > 1.0
            })
            .count() as f64
            / f64::from(n);
        let p = escape(ratio).probability();
        let sigma = (p * (1.0 - p) / f64::from(n)).sqrt();
        assert!((left - p).abs() <= 4.0 * sigma + 1e-12, "{ratio}: {left} against {p}");
    }
    let recoil = Redistribution { recoil: Some(escape(0.7)), ..rule("Fr-221", 1.0, to_b()) };
    let found = Found::of(&plan("Ac-225", vec![recoil]), &TimeCourse::exponential(1e6, 1e-6));
    close(found.decays("Fr-221", "in b") / 1e12, escape(0.7).probability(), 1e-9);
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let region = |_: &str| Ok(0);
    let message = |plan: &NuclidePlan| MovingChain::new(plan, region).expect_err("refused").to_string();
    assert!(message(&plan("Ac-225", vec![rule("Lu-177", 0.5, Destination::Excreted)])).contains("its daughters are Fr-221"));
    let twice = vec![rule("Bi-213", 0.7, Destination::Excreted), Redistribution { from: vec![], ..rule("Bi-213", 0.4, to_b()) }];
    assert!(message(&plan("Ac-225", twice)).contains("110.0 %"));
    let recoil = Some(RecoilEscape { vector_radius: 1.0, recoil_range: 1.0 });
    let beta = Redistribution { recoil, ..rule("Bi-212", 1.0, Destination::Excreted) };
    assert!(message(&plan("Pb-212", vec![beta])).contains("not formed by alpha decay"));
}

#[test]
fn what_counts_until_a_time_ends_there_for_every_member() {
    let rules = vec![
        Redistribution { biological_half_life: Some(3600.0), ..rule("Bi-213", 0.3, to_b()) },
        rule("Pb-209", 0.5, Destination::Excreted),
    ];
    let (plan, course) = (plan("Ac-225", rules), TimeCourse::exponential(1e6, 1e-6));
    let (hour, all) = (3600.0, Found::of(&plan, &course));
    let cut = Found::until(&plan, &course, hour);
    for component in &cut.components {
        close(component.tia, component.course.integral(0.0, hour), 1e-12);
        assert_eq!(component.course.at(1.01 * hour), 0.0);
    }
    close(cut.component("Ac-225 in a").tia, 1e12 * (1.0 - (-1e-6 * hour).exp()), 1e-12);
    let moved = all.component("Bi-213 in b from a").course.integral(0.0, hour);
    close(cut.component("Bi-213 in b from a").tia, moved, 1e-9);
    // Members that live long against the hour have their own course: what is formed late decays later.
    assert!(cut.names().contains(&"Bi-213 in a") && !all.names().contains(&"Bi-213 in a"), "{:?}", cut.names());
    let chain = chain_within("Ac-225", f64::INFINITY).expect("known");
    let in_time = ChainInTime::of(&chain);
    let start = in_time.mix(&[("Ac-225", 1.0)]).expect("a mix");
    let at = in_time.names().position(|n| n == "Bi-213").expect("a member");
    // Without clearance of the parent the chain is the physical one.
    let physical = nuclide::find("Ac-225").expect("known").decay_constant();
    let found = Found::until(&super::tests::plan("Ac-225", vec![]), &TimeCourse::exponential(1.0, physical), hour);
    let decays = in_time.after(hour).expect("decays").decays(&start)[at] / in_time.after(hour).expect("decays").decays(&start)[0];
    let parent = found.component("Ac-225 in a").tia;
    // Fr-221 and At-217 follow at once here, which Bateman's chain does 7 min later.
    let bismuth = found.decays("Bi-213", "") / parent;
    assert!(bismuth > decays && bismuth < 1.4 * decays, "{bismuth} against {decays}");
    assert!(cut.atoms("clears") < 0.01 * all.atoms("clears"), "atoms outside are counted until then too");
}

#[test]
fn daughters_are_as_uncertain_as_their_parent() {
    let rules = vec![rule("Fr-221", 0.2, Destination::Around { length: 2.0 }), rule("Bi-213", 0.3, to_b())];
    let found = Found::of(&plan("Ac-225", rules), &TimeCourse::exponential(1e6, 1e-6));
    assert!(found.components.len() > 3 && found.components.iter().all(|c| c.uncertainty == UNCERTAINTY));
}

#[test]
fn diffusing_atoms_clear_and_keep_to_the_rules_of_where_they_come() {
    let around = Redistribution { biological_half_life: Some(300.0), ..rule("Fr-221", 0.5, Destination::Around { length: 1.0 }) };
    let leave = Redistribution { from: vec!["b".into()], ..rule("Bi-213", 1.0, Destination::Excreted) };
    let found = Found::of(&plan("Ac-225", vec![around, leave]), &TimeCourse::exponential(1e6, 1e-6));
    let francium = nuclide::find("Fr-221").expect("known").decay_constant();
    let stays = francium / (francium + LN_2 / 300.0);
    let outside = found.atoms("out of the phantom");
    close(found.decays("Fr-221", "diffused"), (0.5e12 - outside) * stays, 1e-6);
    close(found.atoms("clears"), (0.5e12 - outside) * (1.0 - stays), 1e-6);
    // Bi-213 formed in b leaves, from wherever its francium came.
    let in_b = found.components.iter().find(|c| c.name.contains("diffused") && c.name.contains("in b")).expect("some reaches b");
    assert!(!found.groups[in_b.group].members.iter().any(|(m, _)| m.name == "Bi-213"));
    assert!(found.atoms("leaves the body") > 0.0);
}

#[test]
fn recoil_moves_only_what_alpha_decay_forms() {
    // Pb-209 comes from Po-213 by alpha decay (97.9 %) and from Tl-209 by beta decay.
    let recoil = Some(RecoilEscape { vector_radius: 1.0, recoil_range: 4.0 });
    let found =
        Found::of(&plan("Ac-225", vec![Redistribution { recoil, ..rule("Pb-209", 1.0, to_b()) }]), &TimeCourse::exponential(1e6, 1e-6));
    let chain = nuclide::chain("Ac-225").expect("known");
    close(found.decays("Pb-209", "in b"), 1e12 * chain.decays_of("Po-213"), 1e-6);
    close(found.decays("Pb-209", "Ac-225 in a"), 1e12 * chain.decays_of("Tl-209"), 1e-6);
}
