//! Point kernels of electrons and betas against EGSnrc.

use crate::{
    error::Result,
    kernel::{emitter::Radiation, score::Estimate},
    physics::{berger_seltzer::Charge, electron_stopping::electron_stopping, interpolation::LogLogSpline, materials},
    plan::WaterData,
    verify::{
        context::Context,
        outcome::{Norm, Outcome, Row, Series},
        reference::{line, rows, spectrum},
    },
};

/// Energy fraction of `energy` MeV per shell, without what lies beyond.
fn fractions(found: &[Estimate], energy: f64) -> Vec<Estimate> {
    found[..found.len() - 1].iter().map(|e| e.times(1.0 / energy)).collect()
}

/// Sum over the shells; their errors taken as independent, which overstates the error of ours.
fn integral(of: &[Estimate]) -> Estimate {
    of.iter().copied().sum()
}

pub(super) fn electrons(context: &Context) -> Result<Outcome> {
    let mut outcome = low_energies(context)?;
    let all = rows(include_str!("../reference/egsnrc_point_kernels.csv"));
    for case in all.chunk_by(|a, b| a.text("energy_mev") == b.text("energy_mev")) {
        let (energy, csda) = (case[0].number("energy_mev"), case[0].number("r_csda_cm"));
        let radii: Vec<f64> = case.iter().map(|row| csda * row.number("x_high")).collect();
        let found = context.shells(Radiation::Electron, &line(energy), WaterData::Icru49, &radii, 800_000)?;
        let series = Series {
            name: format!("electron_kernel_{energy}"),
            title: format!("Electrons of {energy} MeV: energy fraction per shell of 0.05 ranges of water"),
            axes: ["radius / CSDA range".into(), "fraction per shell".into()],
            edges: std::iter::once(0.0).chain(case.iter().map(|row| row.number("x_high"))).collect(),
            ours: fractions(&found, energy),
            reference: case.iter().map(|r| Estimate { mean: r.number("fraction"), sigma: r.number("sigma") }).collect(),
            log: false,
            to_maximum: true,
            bound: 0.015,
            floor: f64::NEG_INFINITY,
        };
        outcome.rows.push(series.worst(&format!("{energy} MeV, fraction per shell"), "ranges"));
        let (ours, theirs) = (integral(&series.ours), integral(&series.reference));
        outcome.rows.push(Row::new(format!("{energy} MeV, integral to 1.2 ranges"), ours, theirs, Norm::Reference, 0.005));
        outcome.series.push(series);
    }
    Ok(outcome)
}

/// CSDA range in cm of electrons in water of ICRU 37.
pub(super) fn csda_range(energy: f64) -> Result<f64> {
    let stopping = electron_stopping(&materials::require("water_liquid")?, WaterData::Icru49)?;
    Ok(LogLogSpline::new(&stopping.energy, &stopping.csda_range(Charge::Electron)).eval(energy))
}

/// Kernels of other people's EGSnrc runs, to three digits.
fn low_energies(context: &Context) -> Result<Outcome> {
    let all = rows(include_str!("../reference/edknrc_point_kernels.csv"));
    let mut outcome = Outcome::default();
    for (column, energy) in [("10_kev", 0.01), ("15_kev", 0.015)] {
        let range = csda_range(energy)?;
        let radii: Vec<f64> = (1..=all.len()).map(|k| 0.05 * range * k as f64).collect();
        let found = context.shells(Radiation::Electron, &line(energy), WaterData::Icru49, &radii, 400_000)?;
        let series = Series {
            name: format!("electron_kernel_{energy}"),
            title: format!("Electrons of {} keV: scaled kernel in water", 1.0e3 * energy),
            axes: ["radius / CSDA range".into(), "dE/E0 per d(r/R0)".into()],
            edges: (0..=all.len()).map(|k| 0.05 * k as f64).collect(),
            ours: fractions(&found, energy).into_iter().map(|f| f.times(20.0)).collect(),
            reference: all.iter().map(|r| Estimate { mean: r.number(column), sigma: 5.0e-4 }).collect(),
            log: false,
            to_maximum: true,
            bound: 0.015,
            floor: f64::NEG_INFINITY,
        };
        outcome.rows.push(series.worst(&format!("{} keV, scaled kernel (EDKnrc)", 1.0e3 * energy), "ranges"));
        outcome.series.push(series);
    }
    Ok(outcome)
}

pub(super) fn betas(context: &Context) -> Result<Outcome> {
    let all = rows(include_str!("../reference/egsnrc_beta_kernels.csv"));
    let mut outcome = Outcome::default();
    for case in all.chunk_by(|a, b| (a.text("nuclide"), a.text("component")) == (b.text("nuclide"), b.text("component"))) {
        let (nuclide, component) = (case[0].text("nuclide"), case[0].text("component"));
        let sampler = spectrum(nuclide, &[component]);
        let radii: Vec<f64> = case.iter().map(|row| 0.1 * row.number("r_high_mm")).collect();
        // Lines of low energy are quick, and few of them reach the outer shells.
        let histories = if component == "beta" { 6_400_000 } else { 25_600_000 };
        let found = context.shells(Radiation::Electron, &sampler, WaterData::Icru49, &radii, histories)?;
        let series = Series {
            name: format!("beta_kernel_{}_{component}", nuclide.to_lowercase()),
            title: format!("{nuclide}, {component}: energy fraction per shell of water"),
            axes: ["radius / mm".into(), "fraction per shell".into()],
            edges: std::iter::once(0.0).chain(case.iter().map(|row| row.number("r_high_mm"))).collect(),
            ours: fractions(&found, sampler.mean_energy()),
            reference: case.iter().map(|r| Estimate { mean: r.number("fraction"), sigma: r.number("sigma") }).collect(),
            log: true,
            to_maximum: false,
            bound: 0.015,
            floor: 0.01,
        };
        outcome.rows.push(series.worst(&format!("{nuclide} {component}, fraction per shell where above 1 %"), "mm"));
        let (ours, theirs) = (integral(&series.ours), integral(&series.reference));
        outcome.rows.push(Row::new(format!("{nuclide} {component}, integral"), ours, theirs, Norm::Reference, 0.005));
        outcome.series.push(series);
    }
    Ok(outcome)
}
