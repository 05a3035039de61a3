//! Photons: interaction coefficients, Compton shells and scattering functions, form factors, K fluorescence; 1 keV to 20 MeV, elements 1 to 92.
//!
//! Sources and what is neglected: `docs/methods/photons.md`.

pub mod attenuation;
pub mod compton;
pub mod fluorescence;
pub mod rayleigh;

mod curves;
mod xaamdi;
mod xcom;

use super::{elements::element, materials::Material};

/// Sentences about the elements of a material whose photon data are interpolated between tabulated elements; empty if there are none.
///
/// Cross sections are asked of the elements 1 to 92 alone, which [`attenuation::PhotonCoefficients::new`] checks.
pub fn interpolated(material: &Material) -> Vec<String> {
    let named = |what: &str, lacks: &dyn Fn(u8) -> bool| {
        let list: Vec<&str> = material.composition.iter().filter(|(z, _)| lacks(*z)).map(|(z, _)| element(*z).symbol.as_str()).collect();
        (!list.is_empty()).then(|| format!("{what} of {} interpolated between tabulated elements", list.join(", ")))
    };
    [
        named("photon cross sections (total and edges from XAAMDI)", &|z| !xcom::tabulated(z)),
        named("form factors and scattering functions", &|z| !curves::tabulated(z)),
        named("Compton shells", &|z| !compton::tabulated(z)),
        named("K fluorescence", &|z| z > fluorescence::LAST_WITHOUT && !fluorescence::tabulated(z)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
