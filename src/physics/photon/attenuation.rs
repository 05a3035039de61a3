//! Mass attenuation and energy-absorption coefficients of materials.
//!
//! XCOM (Berger et al., NIST) by process, additive over the elements by mass; mu_en/rho from XAAMDI (Hubbell and Seltzer, NISTIR 5632).

use super::{
    xaamdi,
    xcom::{self, COHERENT, Curves, INCOHERENT, PAIR, PHOTOELECTRIC, PROCESSES, TRIPLET},
};
use crate::{
    error::{Error, Result},
    physics::{constants::AVOGADRO, elements::element, materials::Material},
};

/// Lowest energy of the tables, MeV.
pub const LOWEST: f64 = 1.0e-3;
/// Highest energy of the tables, MeV.
pub const HIGHEST: f64 = 20.0;

/// Mass attenuation coefficient by process, cm2/g.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attenuation {
    /// Rayleigh scattering.
    pub coherent: f64,
    /// Compton scattering.
    pub incoherent: f64,
    /// Photoelectric absorption.
    pub photoelectric: f64,
    /// Pair production in the field of a nucleus.
    pub pair: f64,
    /// Pair production in the field of an electron.
    pub triplet: f64,
}

impl Attenuation {
    /// Sum of all processes: mu/rho.
    pub fn total(&self) -> f64 {
        self.coherent + self.incoherent + self.photoelectric + self.pair + self.triplet
    }
}

/// Coefficients of one material, 1 keV to 20 MeV; beyond, along the last line in log-log.
#[derive(Debug)]
pub struct PhotonCoefficients {
    curves: Curves,
    edges: Vec<f64>,
    parts: Vec<(f64, &'static xaamdi::Element)>,
}

impl PhotonCoefficients {
    /// Adds the elements on the union of their grids, so that no interpolation crosses an absorption edge.
    ///
    /// Elements without a table: [`super::interpolated`] names them.
    ///
    /// # Errors
    /// If the material has an element above uranium, for which there are no data.
    pub fn new(material: &Material) -> Result<Self> {
        let mut parts = Vec::with_capacity(material.composition.len());
        for &(z, fraction) in &material.composition {
            let (Some(own), Some(absorption)) = (xcom::element(z), xaamdi::element(z)) else {
                let symbol = if (1..=100).contains(&z) { element(z).symbol.as_str() } else { "unknown" };
                return Err(Error::input(format!(
                    "material {:?}: no photon cross sections for element {z} ({symbol}); they exist for the elements 1 (H) to 92 (U)",
                    material.name
                )));
            };
            parts.push((fraction, AVOGADRO / element(z).a * 1e-24, own, absorption));
        }
        let mut edges: Vec<f64> = parts.iter().flat_map(|part| part.2.edges.iter().copied()).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        // Every energy once, edges twice: (energy, below).
        let mut places: Vec<(f64, bool)> = parts.iter().flat_map(|part| part.2.curves.energy.iter().map(|&e| (e, false))).collect();
        places.extend(edges.iter().map(|&e| (e, true)));
        places.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        places.dedup();
        let values: Vec<[f64; PROCESSES]> = places
            .iter()
            .map(|&(e, below)| {
                let mut sum = [0.0; PROCESSES];
                for (fraction, per_gram, own, _) in &parts {
                    for (s, sigma) in sum.iter_mut().zip(own.curves.at(e, below)) {
                        *s += fraction * per_gram * sigma;
                    }
                }
                sum
            })
            .collect();
        let curves = Curves::new(
            places.iter().map(|place| place.0).collect(),
            std::array::from_fn(|process| values.iter().map(|v| v[process]).collect()),
        );
        Ok(Self { curves, edges, parts: parts.iter().map(|part| (part.0, part.3)).collect() })
    }

    /// Coefficients at `e` MeV; at an edge those above it.
    pub fn at(&self, e: f64) -> Attenuation {
        let values = self.curves.at(e, false);
        Attenuation {
            coherent: values[COHERENT],
            incoherent: values[INCOHERENT],
            photoelectric: values[PHOTOELECTRIC],
            pair: values[PAIR],
            triplet: values[TRIPLET],
        }
    }

    /// Mass energy-absorption coefficient at `e` MeV, cm2/g.
    pub fn energy_absorption(&self, e: f64) -> f64 {
        self.parts.iter().map(|(fraction, own)| fraction * own.energy_absorption(e)).sum()
    }

    /// Absorption edges, MeV, ascending: where a table over energy should have a step.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{
        elements::by_symbol,
        materials::{find, materials},
    };

    fn material(name: &str) -> Material {
        find(name).unwrap_or_else(|| panic!("{name} is a material"))
    }

    /// NIST XAAMDI: E (MeV), mu/rho, mu_en/rho (cm2/g).
    type Rows = &'static [(f64, f64, f64)];
    const WATER: Rows = &[
        (0.001, 4078.0, 4065.0),
        (0.004, 82.78, 81.91),
        (0.01, 5.329, 4.944),
        (0.03, 0.3756, 0.1557),
        (0.06, 0.2059, 0.03190),
        (0.1, 0.1707, 0.02546),
        (0.3, 0.1186, 0.03192),
        (1.0, 0.07072, 0.03103),
        (5.0, 0.03031, 0.01915),
        (20.0, 0.01813, 0.01382),
    ];
    const BONE: Rows = &[
        (0.001, 3781.0, 3772.0),
        (0.004, 133.1, 130.3),
        (0.01, 28.51, 26.80),
        (0.03, 1.331, 1.070),
        (0.06, 0.3148, 0.1400),
        (0.1, 0.1855, 0.04585),
        (0.3, 0.1113, 0.03032),
        (1.0, 0.06566, 0.02875),
        (5.0, 0.02946, 0.01864),
        (20.0, 0.02068, 0.01568),
    ];
    const LUNG: Rows = &[
        (0.001, 3803.0, 3791.0),
        (0.004, 83.06, 81.81),
        (0.01, 5.459, 5.067),
        (0.03, 0.3815, 0.1635),
        (0.06, 0.2053, 0.03282),
        (0.1, 0.1695, 0.02550),
        (0.3, 0.1177, 0.03167),
        (1.0, 0.07013, 0.03077),
        (5.0, 0.03005, 0.01898),
        (20.0, 0.01794, 0.01367),
    ];
    const IODINE: Rows = &[
        (0.001, 9096.0, 9078.0),
        (0.01, 162.6, 154.8),
        (0.03, 8.561, 7.622),
        (0.06, 7.579, 4.518),
        (0.1, 1.942, 1.342),
        (0.3, 0.1771, 0.09257),
        (1.0, 0.05841, 0.02646),
        (5.0, 0.03608, 0.02250),
        (20.0, 0.04823, 0.03101),
    ];
    const LEAD: Rows = &[
        (0.001, 5210.0, 5197.0),
        (0.01, 130.6, 124.7),
        (0.03, 30.32, 25.36),
        (0.06, 5.021, 4.149),
        (0.1, 5.549, 1.976),
        (0.3, 0.4031, 0.2455),
        (1.0, 0.07102, 0.03654),
        (5.0, 0.04272, 0.02600),
        (20.0, 0.06206, 0.03595),
    ];

    #[test]
    fn coefficients_meet_nist() {
        let cases = [
            ("water", WATER, 0.005),
            ("bone_cortical", BONE, 0.01),
            ("lung_tissue", LUNG, 0.01),
            ("iodine", IODINE, 0.01),
            ("lead", LEAD, 0.01),
        ];
        for (name, rows, bound) in cases {
            let coefficients = PhotonCoefficients::new(&material(name)).expect("data");
            let mut worst = [0.0f64; 2];
            for &(e, mu, mu_en) in rows {
                let deviations = [coefficients.at(e).total() / mu - 1.0, coefficients.energy_absorption(e) / mu_en - 1.0];
                for (w, d) in worst.iter_mut().zip(deviations) {
                    *w = if d.abs() > w.abs() { d } else { *w };
                }
                assert!(deviations.iter().all(|d| d.abs() < bound), "{name}, {e} MeV: {deviations:?}");
            }
            eprintln!("{name}: mu/rho {:+.2} %, mu_en/rho {:+.2} % at worst", 100.0 * worst[0], 100.0 * worst[1]);
        }
    }

    /// Just below and above an edge, and between two points of its table, nothing of the other side shows.
    #[test]
    fn edges_are_steps() {
        let iodine = PhotonCoefficients::new(&material("iodine")).expect("data");
        let edge = *iodine.edges().last().expect("a K edge");
        assert!((edge - 0.033_169_3).abs() < 1e-6);
        let (below, above) = (iodine.at(edge * (1.0 - 1e-9)).photoelectric, iodine.at(edge).photoelectric);
        assert!((below / 5.808 - 1.0).abs() < 2e-3 && (above / 35.08 - 1.0).abs() < 2e-3, "{below} {above}");
        // E^-2.7 from 0.03 to the edge: no rise before it.
        let (a, b) = (iodine.at(0.032).photoelectric, iodine.at(0.0331).photoelectric);
        assert!(a > b && b > below);
    }

    #[test]
    fn elements_beyond_uranium_are_refused() {
        let plutonium = Material::new("bomb", 19.8, None, &[(94, 1.0)], "").expect("valid");
        let message = PhotonCoefficients::new(&plutonium).expect_err("no data").to_string();
        assert!(message.contains("94 (Pu)") && message.contains("92 (U)"), "{message}");
        for m in materials() {
            let possible = m.composition.iter().all(|(z, _)| *z <= 92);
            assert_eq!(PhotonCoefficients::new(m).is_ok(), possible, "{}", m.name);
        }
    }

    /// NIST XAAMDI, for elements that XCOM's table here lacks.
    #[test]
    fn filled_elements_meet_nist() {
        let cases = [
            ("Ga", 0.001, 1697.0),
            ("Ga", 0.015, 85.37),
            ("Xe", 0.03, 8.93),
            ("Xe", 0.1, 2.011),
            ("Xe", 1.0, 0.05785),
            ("Ra", 5.0, 0.04379),
        ];
        for (symbol, e, mu) in cases {
            let z = by_symbol(symbol).expect("an element").z;
            let m = Material::new(symbol, 1.0, None, &[(z, 1.0)], "").expect("valid");
            let found = PhotonCoefficients::new(&m).expect("data").at(e).total();
            assert!((found / mu - 1.0).abs() < 0.01, "{symbol}, {e} MeV: {found} {mu}");
            assert!(super::super::interpolated(&m)[0].contains("cross sections"));
        }
        assert!(super::super::interpolated(&material("water")).is_empty());
    }
}
