//! The emissions behind the EGSnrc references.

use dosaic::nuclide::{Continuum, Line, spectrum::EnergySampler};

use crate::reference::rows;

/// Sampler of components ("beta", "ce_auger") of a nuclide together; its intensity is per decay.
pub(crate) fn spectrum(nuclide: &str, components: &[&str]) -> EnergySampler {
    let (mut lines, mut beta) = (Vec::new(), Continuum { intensity: 1.0, energy: Vec::new(), density: Vec::new() });
    for row in rows(include_str!("../../src/verify/reference/egsnrc_spectra.csv")) {
        if row.text("nuclide") != nuclide || !components.contains(&row.text("component")) {
            continue;
        }
        let (energy, value) = (row.number("energy_mev"), row.number("value"));
        if row.text("component") == "beta" {
            beta.energy.push(energy);
            beta.density.push(value);
        } else {
            lines.push(Line { energy, intensity: value });
        }
    }
    let continua = if beta.energy.is_empty() { Vec::new() } else { vec![beta] };
    EnergySampler::new(&lines, &continua).unwrap_or_else(|| panic!("no emissions of {nuclide} {components:?}"))
}
