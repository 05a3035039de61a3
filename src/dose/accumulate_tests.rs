use super::*;
use crate::{
    dose::{
        component::{LetClass, LocalDeposit, ScoredRun},
        fixtures::{means, relative_sigma, row},
    },
    phantom::Phantom,
    source::DecayPattern,
};

pub(in crate::dose) fn component(phantom: &Phantom, mev: &[f64], kev_um: Option<f64>, recoil: f64) -> ScoredComponent {
    let tally = means(phantom, mev, kev_um, 1000);
    let class = if kev_um.is_some() { LetClass::High } else { LetClass::Low };
    let pattern = DecayPattern { voxels: vec![0], shares: vec![1.0] };
    let local = (recoil > 0.0).then(|| LocalDeposit { what: "recoils".into(), class: LetClass::High, energy: recoil });
    let runs = [ScoredRun { class, yield_per_decay: 1.0, means: &tally }];
    ScoredComponent::new("c", phantom, &pattern, &runs, local.as_slice()).unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} instead of {expected}");
}

fn uses(list: &[(usize, f64)]) -> Vec<Contribution> {
    list.iter().map(|&(component, tia)| Contribution::exponential(component, tia, 1e-6)).collect()
}

/// Gy per MeV in a 1-mm voxel of water.
pub(in crate::dose) const PER_MEV: f64 = GY_PER_MEV_PER_G / 1e-3;

#[test]
fn fractions_add_up_to_the_total() {
    let phantom = row(1.0, &[1.0; 3], &[1, 2, 0]);
    let scored = [component(&phantom, &[0.3, 0.1, 0.0], None, 0.0), component(&phantom, &[0.0, 0.2, 0.0], None, 0.0)];
    let first = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e9), (1, 2e9)]));
    let second = dose_maps(&phantom.grid, &scored, &uses(&[(0, 3e9)]));
    let total = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e9), (1, 2e9), (0, 3e9)]));
    near(first.dose.data[1].into(), 0.5e9 * PER_MEV);
    for v in 0..3 {
        near(total.dose.data[v].into(), f64::from(first.dose.data[v]) + f64::from(second.dose.data[v]));
    }
    assert!(total.high.is_none() && total.let_mean.is_none());
}

#[test]
fn a_shared_component_adds_errors_linearly_independent_ones_in_quadrature() {
    let phantom = row(1.0, &[1.0], &[1]);
    let scored = [component(&phantom, &[0.3], None, 0.0), component(&phantom, &[0.3], None, 0.0)];
    let relative = relative_sigma();
    // Four fractions of the same component: no better known than one.
    let same = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e9), (0, 1e9), (0, 1e9), (0, 1e9)]));
    near(same.uncertainty.data[0].into(), relative);
    let apart = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e9), (1, 1e9)]));
    near(apart.uncertainty.data[0].into(), relative / 2.0f64.sqrt());
    // Unequal activities, mixed: sqrt((4 s)^2 + (1 s)^2) / 5 s.
    let mixed = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e9), (1, 1e9), (0, 3e9)]));
    near(mixed.uncertainty.data[0].into(), relative * 17.0f64.sqrt() / 5.0);
    // And the same holds for the region's mean.
    let region = region_doses(&scored, &uses(&[(0, 1e9), (1, 1e9), (0, 3e9)]), &[1e-3, 1e-3])[1];
    near(region.sigma / region.mean, relative * 17.0f64.sqrt() / 5.0);
}

#[test]
fn uncertainty_is_one_where_nothing_was_scored_and_zero_where_all_is_analytic() {
    let phantom = row(1.0, &[1.0; 2], &[0, 0]);
    let scored = [component(&phantom, &[0.0, 0.0], Some(100.0), 0.1)];
    let maps = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e6)]));
    assert_eq!(maps.uncertainty.data, [0.0, 1.0]);
    assert!(maps.dose.data[0] > 0.0 && maps.dose.data[1] == 0.0);
}

#[test]
fn let_is_weighted_with_alpha_dose_alone() {
    let phantom = row(1.0, &[1.0; 2], &[1, 1]);
    // 4 MeV at 100 keV/um and 1 MeV at 200 keV/um: 120 keV/um. Recoils and betas must not dilute it.
    let scored = [
        component(&phantom, &[4.0, 0.0], Some(100.0), 0.5),
        component(&phantom, &[1.0, 0.0], Some(200.0), 0.0),
        component(&phantom, &[9.0, 9.0], None, 0.0),
    ];
    let all = uses(&[(0, 1e6), (1, 1e6), (2, 1e6)]);
    let maps = dose_maps(&phantom.grid, &scored, &all);
    let let_mean = maps.let_mean.unwrap();
    near(let_mean.data[0].into(), 120.0);
    assert_eq!(let_mean.data[1], 0.0);
    near(maps.high.unwrap().data[0].into(), 5.5e6 * PER_MEV);
    near(maps.dose.data[0].into(), 14.5e6 * PER_MEV);
    let region = region_doses(&scored, &all, &[2e-3, 2e-3])[1];
    near(region.let_mean.unwrap(), 120.0);
    near(region.high_mean.unwrap(), 2.75e6 * PER_MEV);
    near(region.mean, 11.75e6 * PER_MEV);
}

#[test]
fn region_mean_is_energy_over_mass() {
    // 1 and 3 g/cm3 with the same energy in both voxels: 2 E / 4 m, not the mean of E / m and E / 3m.
    let phantom = row(1.0, &[1.0, 3.0], &[1, 1]);
    let scored = [component(&phantom, &[0.3, 0.3], None, 0.0)];
    let region = region_doses(&scored, &uses(&[(0, 1e9)]), &[4e-3, 4e-3])[1];
    near(region.mean, 0.6e9 * GY_PER_MEV_PER_G / 4e-3);
    // All voxels rise and fall together, so sigma of the mean is that of a voxel, not that over sqrt 2.
    near(region.sigma / region.mean, relative_sigma());
    let maps = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e9)]));
    let by_mass: f64 = (0..2).map(|v| f64::from(maps.dose.data[v]) * phantom.mass(v)).sum::<f64>() / 4e-3;
    near(by_mass, region.mean);
    assert!((f64::from(maps.dose.data[0] + maps.dose.data[1]) / 2.0 / region.mean - 1.0).abs() > 0.3);
}

#[test]
fn hand_over_shares_maps_between_fractions_and_keeps_the_dose() {
    let phantom = row(1.0, &[1.0; 2], &[0, 0]);
    let scored = [component(&phantom, &[0.3, 0.1], None, 0.0)];
    let fractions: Vec<FractionDelivery> = [(1, 0.0, 1e9), (2, 4.8e6, 5e8)]
        .into_iter()
        .map(|(number, start, tia)| FractionDelivery { number, start, contributions: vec![Contribution::exponential(0, tia, 3e-6)] })
        .collect();
    let rates = dose_rate_components(2, &scored, &fractions);
    assert_eq!(rates.len(), 2);
    assert!(std::sync::Arc::ptr_eq(&rates[0].dose.low, &rates[1].dose.low));
    assert_eq!((rates[1].fraction, rates[1].start), (2, 4.8e6));
    // Integral of the activity x dose per decay = dose of the fraction.
    let dose = dose_maps(&phantom.grid, &scored, &fractions[1].contributions).dose.data[1];
    near(rates[1].course.tia() * f64::from(rates[1].dose.low[1]), dose.into());
}

#[test]
fn grids_larger_than_a_chunk_come_out_whole() {
    let n = crate::dose::component::CHUNK + 3;
    let phantom = row(1.0, &vec![1.0; n], &vec![0; n]);
    let mev: Vec<f64> = (0..n).map(|v| if v % 7 == 0 { 0.0 } else { 1e-3 * (1 + v % 5) as f64 }).collect();
    let scored = [component(&phantom, &mev, None, 0.0)];
    let maps = dose_maps(&phantom.grid, &scored, &uses(&[(0, 1e6)]));
    for (v, e) in mev.iter().enumerate() {
        assert!((f64::from(maps.dose.data[v]) - e * 1e6 * PER_MEV).abs() <= 1e-3 * e * 1e6 * PER_MEV, "voxel {v}");
    }
}

/// Four runs, ten uses of them in three fractions: the total of the recombination is that of every use as a run of its own.
#[test]
fn recombination_is_the_sum_of_direct_evaluations() {
    let phantom = row(1.0, &[1.0, 2.0, 0.5], &[1, 2, 0]);
    let mev = [[0.3, 0.1, 0.0], [0.0, 0.2, 0.01], [0.05, 0.0, 0.4], [0.1, 0.1, 0.1]];
    let scored: Vec<ScoredComponent> =
        mev.iter().enumerate().map(|(i, mev)| component(&phantom, mev, (i == 2).then_some(80.0), if i == 2 { 0.1 } else { 0.0 })).collect();
    let list: Vec<(usize, f64)> = (0..10).map(|i| (i % 4, 1e8 * (1.0 + (7 * i % 5) as f64))).collect();
    let together = dose_maps(&phantom.grid, &scored, &uses(&list));
    let regions = region_doses(&scored, &uses(&list), &[3.5e-3, 1e-3, 2e-3]);
    let mut dose = [0.0; 3];
    let mut region = [0.0; 3];
    for one in &list {
        let alone = dose_maps(&phantom.grid, &scored, &uses(&[*one]));
        for (sum, d) in dose.iter_mut().zip(&alone.dose.data) {
            *sum += f64::from(*d);
        }
        for (sum, r) in region.iter_mut().zip(region_doses(&scored, &uses(&[*one]), &[3.5e-3, 1e-3, 2e-3])) {
            *sum += r.mean;
        }
    }
    for i in 0..3 {
        near(together.dose.data[i].into(), dose[i]);
        assert!((regions[i].mean / region[i] - 1.0).abs() < 1e-14);
    }
}
