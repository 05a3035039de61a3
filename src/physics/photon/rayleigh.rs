//! Coherent scattering by independent atoms.

use super::curves::{Place, element};
use crate::physics::{elements, materials::Material};

/// Sum of w F(x)^2 / A over the elements, mol/g: the angular weight of coherent scattering besides Thomson's (1 + cos^2 theta) / 2.
///
/// `x` = sin(theta/2) / lambda = E / (12.398 keV Angstrom) sin(theta/2), 1/Angstrom. Form factors: Hubbell et al., J. Phys. Chem. Ref. Data 4 (1975) 471.
/// Interference between atoms (molecules, liquids) is neglected.
pub fn form_factor_squared(material: &Material, x: f64) -> f64 {
    let place = Place::new(x);
    let atom = |&(z, w): &(u8, f64)| w / elements::element(z).a * (f64::from(z) * element(z).form(&place)).powi(2);
    material.composition.iter().map(atom).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{
        constants::{AVOGADRO, CLASSICAL_ELECTRON_RADIUS},
        materials::find,
        photon::attenuation::PhotonCoefficients,
        quadrature::GAUSS_8,
    };

    #[test]
    fn forward_scattering_is_that_of_all_electrons() {
        for z in [1u8, 8, 31, 53, 92] {
            let m = Material::new("atom", 1.0, None, &[(z, 1.0)], "").expect("valid");
            let per_atom = form_factor_squared(&m, 0.0) * elements::element(z).a;
            assert!((per_atom.sqrt() / f64::from(z) - 1.0).abs() < 1e-12, "Z {z}: {per_atom}");
            let far = form_factor_squared(&m, 1000.0) * elements::element(z).a;
            assert!(far > 0.0 && far < 1e-8, "Z {z}: {far}");
        }
    }

    /// F(x) of hydrogen in closed form: (1 + (2 pi a_0 x)^2)^-2.
    #[test]
    fn hydrogen_in_closed_form() {
        let hydrogen = Material::new("atom", 1.0, None, &[(1, 1.0)], "").expect("valid");
        for x in [0.05, 0.2, 0.5, 1.0, 2.0] {
            let exact = (1.0 + (std::f64::consts::TAU * 0.529_177 * x).powi(2)).powi(-4);
            let found = form_factor_squared(&hydrogen, x) * elements::element(1).a;
            assert!((found / exact - 1.0).abs() < 0.01, "{x}: {found} {exact}");
        }
    }

    /// Thomson's cross section weighted with F^2 gives XCOM's coherent one.
    #[test]
    fn integral_is_the_coherent_cross_section() {
        // The relativistic form factors behind XCOM differ by 2.5 to 5 % from these for iodine.
        for (name, bound) in [("water", 0.01), ("bone_cortical", 0.01), ("iodine", 0.06)] {
            let m = find(name).expect("material");
            let coefficients = PhotonCoefficients::new(&m).expect("data");
            for e in [0.03, 0.06, 0.14, 0.3] {
                // Over v = (1 - cos) / 2 in pieces equal in the logarithm, for the forward peak.
                let mut sum = 0.0;
                for k in 0..40 {
                    let (a, b) = (1e-8f64.powf(1.0 - f64::from(k) / 40.0), 1e-8f64.powf(1.0 - f64::from(k + 1) / 40.0));
                    for (node, weight) in GAUSS_8 {
                        let v = a + (b - a) * node;
                        let cosine = 1.0 - 2.0 * v;
                        let x = e * 1e3 / 12.398_42 * v.sqrt();
                        sum += weight * (b - a) * 0.5 * (1.0 + cosine * cosine) * form_factor_squared(&m, x);
                    }
                }
                let area = 4.0 * std::f64::consts::PI * CLASSICAL_ELECTRON_RADIUS.powi(2) * AVOGADRO * sum;
                let ratio = area / coefficients.at(e).coherent;
                assert!((ratio - 1.0).abs() < bound, "{name}, {e} MeV: {ratio}");
            }
        }
    }
}
