//! Small phantoms with known dose rates, and two other ways to their BED.

use std::sync::Arc;

use dosaic::dose::{ComponentDose, DoseRateComponent};
use dosaic::grid::VoxelGrid;
use dosaic::phantom::Phantom;
use dosaic::physics::exponential::Exponential;
use dosaic::plan::{ResponsePlan, TissueParameters};
use dosaic::response::step::step;
use dosaic::response::{Irradiation, MapOptions, RegionOptions, RegionResponse, ResponseMaps, region_responses, response_maps};
use dosaic::source::TimeCourse;
use glam::DVec3;

use super::{DAY, HOUR, LN_2, rate};

pub(crate) fn tissue() -> TissueParameters {
    TissueParameters {
        alpha: 0.2,
        alpha_beta: 3.0,
        repair_half_time: 2.8 * HOUR,
        rbe_high_let: 5.0,
        high_let_beta: 1.0,
        clonogens_per_ml: None,
        repopulation: None,
        lkb: None,
        bed_limit: None,
        assumed: vec![],
    }
}

pub(crate) fn plan(regions: &[(&str, TissueParameters)]) -> ResponsePlan {
    ResponsePlan { default: tissue(), regions: regions.iter().map(|(name, p)| ((*name).to_owned(), p.clone())).collect(), tme: None }
}

/// A row of voxels of 2 x 2 x 2 mm with these region labels.
pub(crate) fn phantom(labels: &[u16], names: &[&str]) -> Phantom {
    let grid = VoxelGrid::axis_aligned([labels.len() as u32, 1, 1], DVec3::splat(2.0), DVec3::ZERO);
    Phantom {
        grid,
        voxels: vec![0; labels.len()],
        materials: vec![],
        regions: labels.to_vec(),
        region_names: names.iter().map(|&name| name.to_owned()).collect(),
        warnings: vec![],
    }
}

/// A component whose maps are Gy to complete decay: `activity / lambda` decays deliver `low` and `high`.
pub(crate) fn component(fraction: u32, start: f64, lambda: f64, low: &[f64], high: Option<&[f64]>) -> DoseRateComponent {
    let activity = 1.0e9;
    let per_decay = |map: &[f64]| Arc::new(map.iter().map(|gy| (gy * lambda / activity) as f32).collect::<Vec<f32>>());
    let dose = ComponentDose {
        low: per_decay(low),
        high: high.map(per_decay),
        sigma: Arc::new(vec![0.0; low.len()]),
        dose_let: None,
        high_weighted: None,
    };
    let course = Arc::new(TimeCourse::exponential(activity, lambda));
    DoseRateComponent { name: format!("component of fraction {fraction}"), fraction, start, course, dose }
}

/// The decay constant of a component that is one exponential.
pub(crate) fn lambda(component: &DoseRateComponent) -> f64 {
    component.course.pieces[0].rate
}

pub(crate) fn maps_of(components: &[DoseRateComponent], phantom: &Phantom, plan: &ResponsePlan) -> ResponseMaps {
    let irradiation = Irradiation::new(components, phantom, plan).expect("right input");
    response_maps(&irradiation, &MapOptions { threads: 2, ..MapOptions::default() }).expect("finite doses")
}

/// BED of a single voxel with tissue `p`.
pub(crate) fn bed_of(components: &[DoseRateComponent], p: &TissueParameters) -> f64 {
    let maps = maps_of(components, &phantom(&[1], &["r"]), &plan(&[("r", p.clone())]));
    f64::from(maps.bed[0])
}

pub(crate) fn regions_of(
    components: &[DoseRateComponent],
    phantom: &Phantom,
    plan: &ResponsePlan,
    options: &RegionOptions,
) -> Vec<RegionResponse> {
    let irradiation = Irradiation::new(components, phantom, plan).expect("right input");
    let maps = response_maps(&irradiation, &MapOptions::default()).expect("finite doses");
    region_responses(&irradiation, &maps, options)
}

/// Amplitudes of low and high dose rate of one voxel, as the maps have them after rounding to f32.
pub(crate) fn amplitudes(component: &DoseRateComponent, v: usize) -> (f64, f64) {
    let high = component.dose.high.as_ref().map_or(0.0, |map| f64::from(map[v]));
    let activity = component.course.pieces[0].value;
    (activity * f64::from(component.dose.low[v]), activity * high)
}

/// BED of a voxel as a sequence of exact steps from start to start, W carried along.
pub(crate) fn bed_by_steps(components: &[DoseRateComponent], v: usize, p: &TissueParameters, until: f64) -> f64 {
    let mut starts: Vec<f64> = components.iter().map(|c| c.start).filter(|&start| start < until).collect();
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    let mu = LN_2 / p.repair_half_time;
    let (mut linear, mut root): (Vec<Exponential>, Vec<Exponential>) = (vec![], vec![]);
    let (mut w, mut effect) = (0.0, 0.0);
    for (i, &start) in starts.iter().enumerate() {
        for c in components.iter().filter(|c| c.start == start) {
            let (low, high) = amplitudes(c, v);
            linear.push(Exponential { amplitude: p.alpha * (low + p.rbe_high_let * high), rate: lambda(c) });
            root.push(Exponential { amplitude: (p.alpha / p.alpha_beta).sqrt() * (low + p.high_let_beta.sqrt() * high), rate: lambda(c) });
        }
        let h = starts.get(i + 1).copied().unwrap_or(until) - start;
        effect += step(&mut linear, 0.0, mu, h).dose;
        let done = step(&mut root, w, mu, h);
        effect += 2.0 * done.q;
        w = done.unrepaired;
    }
    effect / p.alpha
}

/// The same by fourth-order Runge-Kutta on dW/dt and d ln S/dt: shares no formula with the program.
pub(crate) fn bed_by_runge_kutta(components: &[DoseRateComponent], v: usize, p: &TissueParameters, until: f64, steps_per_span: u32) -> f64 {
    let mu = LN_2 / p.repair_half_time;
    let beta = p.alpha / p.alpha_beta;
    let rates = |t: f64, begun: f64| {
        components.iter().filter(|c| c.start <= begun).fold((0.0, 0.0), |(a, b), c| {
            let (low, high) = amplitudes(c, v);
            let left = (-lambda(c) * (t - c.start)).exp();
            (a + p.alpha * (low + p.rbe_high_let * high) * left, b + (beta.sqrt() * low + (beta * p.high_let_beta).sqrt() * high) * left)
        })
    };
    let mut edges: Vec<f64> = components.iter().map(|c| c.start).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges.push(until);
    let (mut w, mut effect) = (0.0, 0.0);
    for span in edges.windows(2) {
        let h = (span[1] - span[0]) / f64::from(steps_per_span);
        let slope = |t: f64, w: f64| {
            let (a, b) = rates(t, span[0]);
            (b - mu * w, a + 2.0 * b * w)
        };
        for i in 0..steps_per_span {
            let t = span[0] + h * f64::from(i);
            let k1 = slope(t, w);
            let k2 = slope(t + h / 2.0, w + h / 2.0 * k1.0);
            let k3 = slope(t + h / 2.0, w + h / 2.0 * k2.0);
            let k4 = slope(t + h, w + h * k3.0);
            w += h / 6.0 * (k1.0 + 2.0 * k2.0 + 2.0 * k3.0 + k4.0);
            effect += h / 6.0 * (k1.1 + 2.0 * k2.1 + 2.0 * k3.1 + k4.1);
        }
    }
    effect / p.alpha
}

/// Four fractions two days apart, each with a fast and a slow component, low and high LET: decays and damage overlap.
pub(crate) fn overlapping() -> Vec<DoseRateComponent> {
    (0..4)
        .flat_map(|f| {
            let start = 2.0 * DAY * f64::from(f);
            [
                component(f + 1, start, rate(50.0 * HOUR), &[3.0, 0.0, 1.0], Some(&[0.4, 0.0, 0.0])),
                component(f + 1, start, rate(6.0 * HOUR), &[0.5 + 0.1 * f64::from(f), 0.0, 2.0], None),
            ]
        })
        .collect()
}

/// Relative tolerance of maps stored in f32.
pub(crate) const F32: f64 = 1.0e-7;
