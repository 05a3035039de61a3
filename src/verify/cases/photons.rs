//! Photons of 364 keV in water against EGSnrc.

use super::spheres::absorbed_fraction;
use crate::{
    error::Result,
    kernel::{emitter::Radiation, score::Estimate},
    plan::WaterData,
    verify::{
        context::Context,
        outcome::{Norm, Outcome, Row, Series},
        reference::{line, rows},
    },
};

pub(super) fn shells(context: &Context) -> Result<Outcome> {
    let case = rows(include_str!("../reference/egsnrc_gamma_shells.csv"));
    let radii: Vec<f64> = case.iter().map(|row| row.number("r_high_cm")).collect();
    let found = context.shells(Radiation::Photon, &line(case[0].number("energy_mev")), WaterData::Icru49, &radii, 16_000_000)?;
    let series = Series {
        name: "gamma_shells".into(),
        title: "Photons of 364 keV: energy per 1-cm shell of water".into(),
        axes: ["radius / cm".into(), "MeV per photon".into()],
        edges: std::iter::once(0.0).chain(radii.iter().copied()).collect(),
        ours: found[..radii.len()].to_vec(),
        reference: case.iter().map(|r| Estimate { mean: r.number("mev"), sigma: r.number("sigma") }).collect(),
        log: false,
        to_maximum: false,
        bound: 0.01,
        floor: f64::NEG_INFINITY,
    };
    let sum = |of: &[Estimate]| of.iter().copied().sum::<Estimate>();
    let total = Row::new("364 keV, all shells, MeV", sum(&series.ours), sum(&series.reference), Norm::Reference, 0.01);
    Ok(Outcome { rows: vec![series.worst("364 keV, MeV per shell", "cm"), total], series: vec![series] })
}

pub(super) fn spheres(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for row in rows(include_str!("../reference/egsnrc_photon_spheres.csv")) {
        let (energy, radius) = (row.number("energy_mev"), 0.1 * row.number("radius_mm"));
        let ours = absorbed_fraction(context, Radiation::Photon, energy, radius, 8_000_000)?;
        let theirs = Estimate { mean: row.number("fraction"), sigma: row.number("sigma") };
        outcome.rows.push(Row::new(format!("{energy} MeV, radius {} mm", row.text("radius_mm")), ours, theirs, Norm::Reference, 0.01));
    }
    Ok(outcome)
}
