//! What a simulation starts from, and what it does not start with.

use super::state;
use crate::response::tme::{
    Domain, FIELDS, Field,
    baseline::Rest,
    cpu::biology::biology_rates,
    oxygen_state::Oxygen,
    row::{Row, parameter},
    stage::Stage,
};
use crate::{
    error::{Error, Result},
    plan::{TissueParameters, TmePlan},
    units::SECONDS_PER_DAY,
};

/// A rate of biology times half a step must not be above this (Heun's method is stable up to 2).
const FASTEST: f64 = 1.0;

/// The fields of the untreated tumours.
pub(super) fn at_start(rows: &[Row<f64>], row_of: &[u8], rest: &[Rest], oxygen: &[Oxygen<f64>]) -> Vec<f64> {
    let n = row_of.len();
    let mut fields = vec![0.0; FIELDS * n];
    for voxel in 0..n {
        let (row, rest) = (&rows[usize::from(row_of[voxel])], &rest[usize::from(row_of[voxel])]);
        let hypoxic = oxygen[voxel].hypoxic;
        // Macrophages at rest with the hypoxia of this voxel (T cells and fibroblasts as at the start).
        let wound = 0.5 * (row.hypoxia_gain * hypoxic + row.hypoxia_offset + 1.0);
        let to_m2 = row.m1_to_m2 * 2.0 * wound / (1.0 + wound);
        let m2 = to_m2 / (row.macrophage_turnover + row.m2_to_m1 + to_m2);
        let values = [
            (Field::Oxic, row.initial_cells * (1.0 - hypoxic)),
            (Field::Hypoxic, row.initial_cells * hypoxic),
            (Field::Vessels, 1.0),
            (Field::Caf, 1.0),
            (Field::M1, 1.0 - m2),
            (Field::M2, m2),
            (Field::Primed, rest.primed),
            (Field::Effector, rest.effector),
            (Field::PdL1, rest.pdl1),
            (Field::Target, 1.0),
        ];
        for (field, value) in values {
            fields[field as usize * n + voxel] = value;
        }
    }
    fields
}

/// Net growth rate of the viable cells of each region in such fields, without treatment: births less deaths over cells, 1/d.
pub(super) fn untreated_growth(rows: &[Row<f64>], row_of: &[u8], fields: &[f64], oxygen: &[Oxygen<f64>]) -> Vec<f64> {
    let stage = Stage::neutral(0.0);
    let mut sums = vec![(0.0, 0.0); rows.len()];
    for (voxel, (&place, oxygen)) in row_of.iter().zip(oxygen).enumerate() {
        let (place, state) = (usize::from(place), state(fields, voxel));
        let rates = biology_rates(&rows[place], &stage, &state, oxygen);
        sums[place].0 += rates.oxic + rates.hypoxic;
        sums[place].1 += state.oxic + state.hypoxic;
    }
    sums.into_iter().map(|(change, cells)| change / cells).collect()
}

/// A parameter of the patient's, not less than `least`, which all regions must have alike.
pub(in crate::response::tme) fn patients(plan: &TmePlan, name: &str, least: f64) -> Result<f64> {
    let first = &plan.regions[0];
    let value = parameter(&first.region, &first.parameters, name)?;
    for other in &plan.regions[1..] {
        let found = parameter(&other.region, &other.parameters, name)?;
        if found != value {
            return Err(Error::input(format!(
                "the parameter \"{name}\" is the patient's, not a region's, but is {value} in \"{}\" and {found} in \"{}\"",
                first.region, other.region
            )));
        }
    }
    if value.is_finite() && value >= least {
        return Ok(value);
    }
    let right = if least > 0.0 { "above zero" } else { "zero or more" };
    Err(Error::input(format!("response: the parameter \"{name}\" is {value}; it must be finite and {right}")))
}

/// Whether plan, tissues and voxels belong together.
pub(super) fn check(plan: &TmePlan, tissues: &[TissueParameters], domain: &Domain) -> Result<()> {
    let names: Vec<&String> = plan.regions.iter().map(|region| &region.region).collect();
    if names.is_empty() || names.len() != tissues.len() || !names.iter().copied().eq(&domain.regions) {
        return Err(Error::input(format!(
            "response: the plan has evolving regions {names:?}, tissues for {} and voxels for {:?}; it needs at least one region, with a tissue \
             and voxels for each, in one order",
            tissues.len(),
            domain.regions
        )));
    }
    if let Some(row) = domain.row.iter().find(|row| usize::from(**row) >= names.len()) {
        return Err(Error::input(format!("response: a voxel belongs to region {row}; there are {}", names.len())));
    }
    if domain.row.len() != domain.voxels.len() {
        let message = format!("response: {} voxels evolve, but {} have a region", domain.voxels.len(), domain.row.len());
        return Err(Error::input(message));
    }
    for (r, name) in names.iter().enumerate() {
        if !domain.row.iter().any(|row| usize::from(*row) == r) {
            return Err(Error::input(format!("response: region \"{name}\" is to evolve but has no voxels")));
        }
        let (alpha, alpha_beta) = (tissues[r].alpha, tissues[r].alpha_beta);
        if !(alpha.is_finite() && alpha >= 0.0 && alpha_beta.is_finite() && alpha_beta > 0.0 && tissues[r].repair_half_time > 0.0) {
            return Err(Error::input(format!(
                "response of region \"{name}\": alpha is {alpha} /Gy, alpha/beta {alpha_beta} Gy, the repair half-time {} s; alpha must be zero or \
                 more, the others above zero",
                tissues[r].repair_half_time
            )));
        }
    }
    for (what, value) in [("horizon", plan.horizon), ("step", plan.step), ("distance of rows in the timeline", plan.timeline)] {
        if !(value.is_finite() && value > 0.0) {
            return Err(Error::input(format!("response: the {what} is {value} s; it must be finite and above zero")));
        }
    }
    Ok(())
}

/// Rates must be slow against half a step.
pub(super) fn check_step(plan: &TmePlan, rows: &[Row<f64>]) -> Result<()> {
    let half = 0.5 * plan.step / SECONDS_PER_DAY;
    for (row, region) in rows.iter().zip(&plan.regions) {
        let rates = [
            ("t_apoptosis", row.t_apoptosis),
            ("t_differentiation and t_elimination", row.t_elimination + row.t_expansion.abs()),
            ("pdl1_turnover", row.pdl1_turnover),
            ("exchange_time", row.exchange),
            ("doomed_half_life (with doomed_stages)", row.doomed_stages * row.doomed_loss),
            ("debris_clearance", row.clearance),
            ("vessel_regression", row.regression),
            ("macrophages", row.macrophage_turnover + 2.0 * (row.m1_to_m2 + row.m2_to_m1)),
            ("caf_turnover", row.caf_turnover),
            ("bystander_release", row.emission_end),
            ("growth", row.growth),
        ];
        if let Some((name, rate)) = rates.into_iter().find(|(_, rate)| rate * half > FASTEST) {
            return Err(Error::input(format!(
                "response of region \"{}\": a step of {} d is too long for the rate {rate:.3}/d of {name}; use at most {:.3} d",
                region.region,
                2.0 * half,
                2.0 * FASTEST / rate
            )));
        }
    }
    Ok(())
}
