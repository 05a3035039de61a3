//! Stopping powers for alpha particles: tables where there are any, additivity otherwise.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    alpha_additivity::additive_stopping,
    interpolation::{ALPHA_LOW_EXPONENT, csda_range},
    materials::Material,
    table::{number, numbers, rows},
};
use crate::{
    error::{Error, Result},
    plan::WaterData,
};

/// Mass stopping powers for alpha particles on the grid of the tables, 1 keV to 15 MeV.
#[derive(Debug, Clone, PartialEq)]
pub struct AlphaStopping {
    /// The material's name.
    pub material: String,
    /// Total kinetic energy, MeV, ascending.
    pub energy: Vec<f64>,
    /// Electronic, MeV cm2/g.
    pub electronic: Vec<f64>,
    /// Nuclear, MeV cm2/g.
    pub nuclear: Vec<f64>,
    /// Evaluation or rule behind the figures, and what was approximated.
    pub source: String,
}

impl AlphaStopping {
    /// Electronic plus nuclear, MeV cm2/g.
    pub fn total(&self) -> Vec<f64> {
        self.electronic.iter().zip(&self.nuclear).map(|(e, n)| e + n).collect()
    }

    /// CSDA range at each energy, g/cm2.
    pub fn csda_range(&self) -> Vec<f64> {
        csda_range(&self.energy, &self.total(), ALPHA_LOW_EXPONENT)
    }
}

/// One material of the table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) electronic: Vec<f64>,
    pub(super) nuclear: Vec<f64>,
    pub(super) source: &'static str,
}

/// The consolidated table: materials by name, elements as "element_08".
#[derive(Debug)]
pub(super) struct AlphaTable {
    pub(super) energy: Vec<f64>,
    pub(super) entries: HashMap<&'static str, Entry>,
    /// Names in the order of the table.
    order: Vec<&'static str>,
}

pub(super) fn alpha_table() -> &'static AlphaTable {
    static TABLE: LazyLock<AlphaTable> = LazyLock::new(|| {
        let mut lines = rows(include_str!("data/alpha_stopping.csv"));
        let energy = numbers(&lines.next().expect("a header"), 3);
        let (mut entries, mut order) = (HashMap::new(), Vec::new());
        while let (Some(el), Some(nuc)) = (lines.next(), lines.next()) {
            assert!(el[0] == nuc[0] && el[1] == "el" && nuc[1] == "nuc", "rows of the alpha table come in pairs");
            entries.insert(el[0], Entry { electronic: numbers(&el, 3), nuclear: numbers(&nuc, 3), source: el[2] });
            order.push(el[0]);
        }
        AlphaTable { energy, entries, order }
    });
    &TABLE
}

/// Names of the tabulated materials; elements are called "element_08".
pub fn tabulated() -> &'static [&'static str] {
    &alpha_table().order
}

/// Stopping powers of a material.
///
/// In this order: liquid water from the evaluation asked for (the material `water_icru90` always from ICRU 90); a table of the material's
/// name and composition; a table of the same composition and state (mass stopping power does not depend on density); additivity
/// ([`additive_stopping`], which says in `source` what it replaced). Fails on a composition that is empty or names no element.
pub fn alpha_stopping(material: &Material, water: WaterData) -> Result<AlphaStopping> {
    if material.composition.is_empty() || material.composition.iter().any(|(z, w)| !(1..=100).contains(z) || !w.is_finite() || *w < 0.0) {
        return Err(Error::input(format!("material {:?}: no stopping power without a composition of elements 1 to 100", material.name)));
    }
    let table = alpha_table();
    let Some(name) = tabulated_twin(material, water) else { return Ok(additive_stopping(material)) };
    let entry = &table.entries[name];
    let mut source = entry.source.to_owned();
    if name != material.name {
        source.push_str(&format!(" (table {name})"));
    }
    Ok(AlphaStopping {
        material: material.name.clone(),
        energy: table.energy.clone(),
        electronic: entry.electronic.clone(),
        nuclear: entry.nuclear.clone(),
        source,
    })
}

/// The tabulated material to use for this one.
fn tabulated_twin(material: &Material, water: WaterData) -> Option<&'static str> {
    if let [(z, _)] = material.composition[..] {
        let named = |name: &str| alpha_table().order.iter().find(|n| **n == name).copied();
        let graphite = (z == 6 && material.density >= 1.0).then_some("carbon_graphite_2.000g_cm3");
        return named(&material.name).or(graphite).or_else(|| named(&format!("element_{z:02}")));
    }
    let twins = super::materials::materials()
        .iter()
        .filter(|m| m.is_gas() == material.is_gas() && same_composition(&m.composition, &material.composition))
        .filter_map(|m| alpha_table().order.iter().find(|n| **n == m.name).copied());
    let twins: Vec<_> = twins.collect();
    if twins.contains(&"water_liquid") && material.name != "water_icru90" {
        return Some(match water {
            WaterData::Icru90 => "water_icru90",
            WaterData::Icru49 => "water_liquid",
        });
    }
    twins.iter().find(|n| **n == material.name).or(twins.first()).copied()
}

/// Whether two compositions agree within 1e-4 of mass in every element.
pub(super) fn same_composition(a: &[(u8, f64)], b: &[(u8, f64)]) -> bool {
    let share = |c: &[(u8, f64)], z| c.iter().find(|(k, _)| *k == z).map_or(0.0, |(_, w)| *w);
    a.iter().chain(b).all(|&(z, _)| (share(a, z) - share(b, z)).abs() < 1e-4)
}

/// Atomic numbers of the elements with a table, ascending.
pub(super) fn tabulated_elements() -> Vec<u8> {
    let mut zs: Vec<u8> = alpha_table().order.iter().filter_map(|n| n.strip_prefix("element_")).map(|z| number(z) as u8).collect();
    zs.sort_unstable();
    zs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::materials::find;

    fn of(name: &str, water: WaterData) -> AlphaStopping {
        alpha_stopping(&find(name).expect(name), water).expect(name)
    }

    #[test]
    fn water_follows_the_choice() {
        assert_eq!(of("water", WaterData::Icru90).source, "ICRU 90 (table water_icru90)");
        assert_eq!(of("water", WaterData::Icru49).source, "ASTAR / ICRU 49");
        assert_eq!(of("water_icru90", WaterData::Icru49).source, "ICRU 90");
        let range = |w| of("water", w).csda_range();
        let at = |w| {
            let i = of("water", w).energy.iter().position(|&e| e == 5.0).expect("5 MeV");
            range(w)[i]
        };
        assert!((at(WaterData::Icru90) / 37.998e-4 - 1.0).abs() < 2e-4, "{}", at(WaterData::Icru90));
        assert!((at(WaterData::Icru49) / 37.607e-4 - 1.0).abs() < 2e-4);
    }

    #[test]
    fn twins_share_their_table() {
        assert!(of("lung", WaterData::Icru90).source.contains("lungtissue_icru_1986"));
        assert!(of("hydrogen", WaterData::Icru90).source.contains("element_01"));
        assert!(of("graphite", WaterData::Icru90).source.contains("carbon_graphite_2.000g_cm3"));
        assert!(of("watervapor", WaterData::Icru90).source == "ASTAR / ICRU 49");
        assert!(of("icrp110_M_liver", WaterData::Icru90).source.contains("additivity"));
    }

    #[test]
    fn bad_compositions_are_errors() {
        let mut m = find("water").expect("water");
        m.composition.clear();
        assert!(alpha_stopping(&m, WaterData::Icru90).is_err());
        m.composition = vec![(0, 1.0)];
        assert!(alpha_stopping(&m, WaterData::Icru90).is_err());
    }
}
