//! K shell: how often a photoelectric absorption happens there, and what is emitted after it.
//!
//! Energies, yields and rates from xraylib (yields: Krause 1979; rates: Scofield 1974). L and higher shells are neglected: their photons (below 16 keV
//! in lead, below 5 keV in iodine) deposit where they arise.

use std::{collections::BTreeMap, sync::LazyLock};

use super::xcom::{self, PHOTOELECTRIC};
use crate::physics::{
    elements,
    materials::Material,
    table::{numbers, rows},
};

/// Last element without K fluorescence here: argon, whose K x rays of 3 keV go 0.1 mm in water.
pub const LAST_WITHOUT: u8 = 18;

/// Mean energy of K beta over the binding energy of the K shell, by atomic number, from silver upwards: K - M2,3 and K - N2,3 with the binding energies of the
/// Compton shells, Scofield's intensities (N: 17 % at tin, 22 % at lead). The table's own means fall below all single lines there (lead: 82.1 for 84.5 to 87.4 keV).
const K_BETA: [(f64, f64); 7] =
    [(47.0, 0.9802), (50.0, 0.9788), (53.0, 0.9772), (74.0, 0.9716), (79.0, 0.9705), (82.0, 0.9696), (92.0, 0.9666)];

/// K fluorescence of an element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KLine {
    /// Atomic number.
    pub z: u8,
    /// Binding energy of the K shell, MeV: the absorption edge of the cross sections.
    pub binding: f64,
    /// Mean energy of K alpha, MeV.
    pub k_alpha: f64,
    /// Mean energy of K beta, MeV.
    pub k_beta: f64,
    /// Share of K alpha among the K x rays.
    pub alpha_share: f64,
    /// K x rays per vacancy.
    pub yield_: f64,
}

/// The K fluorescence of the material's elements from potassium to uranium, ascending in Z.
///
/// Elements without a table ([`super::interpolated`]): line energies on a line of sqrt(E) over Z (Moseley), yield and share on a line over Z.
pub fn k_lines(material: &Material) -> Vec<KLine> {
    material.composition.iter().filter(|(z, _)| *z > LAST_WITHOUT).filter_map(|(z, _)| k_line(*z)).collect()
}

/// Probability that a photoelectric absorption at `e` MeV in the material happens in the K shell of element `z`; 0 below its K edge.
///
/// The element's share of the photoelectric cross section times (J - 1) / J, J the jump at the K edge.
pub fn k_share(material: &Material, z: u8, e: f64) -> f64 {
    let (mut own, mut all) = (0.0, 0.0);
    for &(k, w) in &material.composition {
        let Some(element) = xcom::element(k) else { continue };
        let photoelectric = w / elements::element(k).a * element.curves.at(e, false)[PHOTOELECTRIC];
        all += photoelectric;
        if k == z && k_edge(element).is_some_and(|edge| e >= edge) {
            let edge = k_edge(element).unwrap_or(e);
            let (below, above) = (element.curves.at(edge, true)[PHOTOELECTRIC], element.curves.at(edge, false)[PHOTOELECTRIC]);
            own = photoelectric * (1.0 - below / above);
        }
    }
    if own > 0.0 { own / all } else { 0.0 }
}

fn k_edge(element: &xcom::Element) -> Option<f64> {
    element.edges.last().copied()
}

/// Whether element `z` has K data of its own.
pub(super) fn tabulated(z: u8) -> bool {
    table().contains_key(&z)
}

fn k_line(z: u8) -> Option<KLine> {
    let binding = k_edge(xcom::element(z)?)?;
    let (low, a) = table().range(..=z).next_back()?;
    let (high, b) = table().range(z..).next()?;
    let share = if high > low { f64::from(z - low) / f64::from(high - low) } else { 0.0 };
    let line = |k: usize| a[k] + (b[k] - a[k]) * share;
    let moseley = |k: usize| (a[k].sqrt() + (b[k].sqrt() - a[k].sqrt()) * share).powi(2) * 1e-3;
    let heavy = K_BETA.windows(2).find(|pair| (pair[0].0..=pair[1].0).contains(&f64::from(z)));
    let k_beta = heavy.map_or_else(
        || moseley(3),
        |pair| binding * (pair[0].1 + (pair[1].1 - pair[0].1) * (f64::from(z) - pair[0].0) / (pair[1].0 - pair[0].0)),
    );
    Some(KLine { z, binding, yield_: line(1), k_alpha: moseley(2), k_beta, alpha_share: line(4) })
}

/// Binding (keV), yield, K alpha, K beta (keV), share of K alpha.
fn table() -> &'static BTreeMap<u8, Vec<f64>> {
    static TABLE: LazyLock<BTreeMap<u8, Vec<f64>>> = LazyLock::new(|| {
        let row = |f: Vec<&'static str>| (f[0].parse().expect("an atomic number"), numbers(&f, 1));
        rows(include_str!("../data/photon/k_fluorescence.csv")).skip(1).map(row).collect()
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::materials::find;

    #[test]
    fn edges_of_table_and_cross_sections_agree() {
        for z in (LAST_WITHOUT + 1)..=92 {
            let line = k_line(z).expect("data");
            assert!(line.k_alpha < line.k_beta && line.k_beta < line.binding && line.k_alpha > 0.77 * line.binding, "{line:?}");
            assert!(line.yield_ > 0.1 && line.yield_ < 1.0 && line.alpha_share > 0.75 && line.alpha_share < 0.95, "{line:?}");
            if let Some(own) = table().get(&z) {
                assert!((line.binding * 1e3 / own[0] - 1.0).abs() < 1e-3, "{line:?}, xraylib {}", own[0]);
            }
        }
    }

    /// Xenon is interpolated: K alpha 29.67, K beta 33.62 (K - M3) to 34.41 keV, yield 0.89 (Krause; X-ray Data Booklet).
    #[test]
    fn interpolated_lines_follow_moseley() {
        let xenon = k_line(54).expect("data");
        assert!((xenon.k_alpha / 0.029_67 - 1.0).abs() < 3e-3 && (xenon.k_beta / 0.033_77 - 1.0).abs() < 2e-3, "{xenon:?}");
        assert!((xenon.yield_ - 0.889).abs() < 0.01 && (xenon.binding - 0.034_561_4).abs() < 1e-7, "{xenon:?}");
    }

    /// X-ray Data Booklet: K beta 3, 1 and 2 of iodine, gold and lead.
    #[test]
    fn k_beta_lies_among_its_lines() {
        for (z, third, second) in [(53, 0.032_239, 0.033_042), (79, 0.077_580, 0.080_150), (82, 0.084_450, 0.087_320)] {
            let mean = k_line(z).expect("data").k_beta;
            assert!(mean > third + 0.1 * (second - third) && mean < third + 0.4 * (second - third), "Z {z}: {mean}");
        }
    }

    #[test]
    fn share_of_the_k_shell() {
        let iodine = find("iodine").expect("iodine");
        assert_eq!(k_share(&iodine, 53, 0.033), 0.0);
        // (J - 1) / J with J = 35.08 / 5.808.
        assert!((k_share(&iodine, 53, 0.05) - (1.0 - 5.808 / 35.08)).abs() < 2e-3);
        let bone = find("bone_cortical").expect("bone");
        let lines = k_lines(&bone);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].z == 20 && (lines[0].k_alpha - 0.003_690_49).abs() < 1e-9);
        // Calcium is 22.5 % by mass and takes three quarters of the photoelectric absorption at 30 keV.
        let share = k_share(&bone, 20, 0.03);
        assert!((0.6..0.8).contains(&share), "{share}");
        assert!(k_lines(&find("water").expect("water")).is_empty());
        assert_eq!(k_share(&bone, 53, 0.05), 0.0);
    }
}
