//! Materials by name: 451 of NIST (ICRU 37, 44, 46) and the 104 media of ICRP Publication 110.

use std::sync::LazyLock;

use super::{
    constants::PLASMA_ENERGY,
    elements::{by_symbol, element},
    table::{number, rows},
};
use crate::error::{Error, Result};

/// A material: composition by mass and what stopping-power formulas need of it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Material {
    /// Name in the table, e.g. "water_liquid".
    pub name: String,
    /// Tabulated density, g/cm3.
    pub density: f64,
    /// Mean excitation energy, eV.
    pub i_value: f64,
    /// (atomic number, mass fraction), ascending, fractions sum to 1.
    pub composition: Vec<(u8, f64)>,
    /// Where the composition, density and I-value come from.
    pub source: String,
}

/// Short names for the materials that plans use most, and what they stand for.
///
/// `water` has the composition of liquid water; whether its I-value is 75 or 78 eV is chosen with the stopping data
/// ([`WaterData`](crate::plan::WaterData)). Tissues are those of ICRU Report 44/46 ("icru_1986") where there is a choice.
pub const ALIASES: &[(&str, &str)] = &[
    ("water", "water_liquid"),
    ("air", "air_dry_nearsealevel"),
    ("soft_tissue", "tissue_soft_icrufour-component"),
    ("lung", "lung_inflated_icru_1986"),
    ("lung_tissue", "lungtissue_icru_1986"),
    ("bone_cortical", "bone_cortical_icru_1986"),
    ("bone_compact", "bone_compact_icru"),
    ("bone_trabecular", "spongiosa_skeletal_icru_1986"),
    ("spongiosa", "spongiosa_skeletal_icru_1986"),
    ("red_marrow", "redmarrow_skeletal_icru_1986"),
    ("yellow_marrow", "yellowmarrow_skeletal_icru_1986"),
    ("cartilage", "cartilage_skeletal_icru_1986"),
    ("adipose", "adiposetissue_icru_1986"),
    ("fat", "adiposetissue_icru_1986"),
    ("muscle", "muscle_skeletal_icru_1986"),
    ("liver", "liver_icru_1986"),
    ("kidney", "kidney_icru_1986"),
    ("spleen", "spleen_icru_1986"),
    ("thyroid", "thyroid_icru_1986"),
    ("pancreas", "pancreas_icru_1986"),
    ("heart", "heart_blood-filled_icru_1986"),
    ("brain", "brain_grey_whitematter_icru_1986"),
    ("breast", "breasttissue_icru_1986"),
    ("skin", "skin_icru_1986"),
    ("eye_lens", "eyelens_icru_1986"),
    ("gi_tract", "gitract_intestine_icru_1986"),
    ("lymph", "lymph_icru_1986"),
    ("ovary", "ovary_icru_1986"),
    ("testis", "testes_icru_1986"),
    ("blood", "blood_whole_icru_1986"),
    ("cell_nucleus", "cellnucleus_icru_1986"),
    ("pmma", "polymethylmethacrylate"),
    ("a150", "a-150tissue-equivalentplastic"),
    ("graphite", "carbon_graphite_1.700g_cm3"),
];

/// All materials, in the order of the table.
pub fn materials() -> &'static [Material] {
    static MATERIALS: LazyLock<Vec<Material>> =
        LazyLock::new(|| rows(include_str!("data/materials.csv")).skip(1).map(|f| parse_row(&f)).collect());
    &MATERIALS
}

/// Names of all materials, in the order of the table (without [`ALIASES`]).
pub fn names() -> impl Iterator<Item = &'static str> {
    materials().iter().map(|m| m.name.as_str())
}

/// The material of a name or alias.
pub fn find(name: &str) -> Option<Material> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, full)| full);
    materials().iter().find(|m| m.name == name).cloned()
}

/// Like [`find`], with an error that names the most similar names.
pub fn require(name: &str) -> Result<Material> {
    find(name).ok_or_else(|| {
        let near = suggestions(name);
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        Error::input(format!("there is no material {name:?}{hint}"))
    })
}

/// Up to three names or aliases that resemble an unknown name, best first.
pub fn suggestions(name: &str) -> Vec<&'static str> {
    let wanted = name.to_lowercase().replace([' ', '-'], "_");
    let score = |candidate: &str| {
        let contained = candidate.contains(&wanted) && wanted.len() >= 4;
        strsim::jaro_winkler(&wanted, candidate) + if contained { 0.1 } else { 0.0 }
    };
    let candidates = ALIASES.iter().map(|(alias, _)| *alias).chain(names());
    let mut near: Vec<_> = candidates.map(|c| (score(c), c)).filter(|(s, _)| *s > 0.8).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, c)| c).collect()
}

impl Material {
    /// A material of one's own: mass fractions are normalised to 1; without an I-value it follows from Bragg additivity ([`bragg_i_value`]).
    ///
    /// Fails on an empty composition, a fraction or density that is not positive and finite, or an atomic number outside 1 to 100.
    pub fn new(name: &str, density: f64, i_value: Option<f64>, composition: &[(u8, f64)], source: &str) -> Result<Self> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        if !positive(density) {
            return Err(Error::input(format!("material {name:?}: the density must be positive, found {density} g/cm3")));
        }
        if i_value.is_some_and(|i| !positive(i)) {
            return Err(Error::input(format!("material {name:?}: the mean excitation energy must be positive, in eV")));
        }
        if composition.is_empty() {
            return Err(Error::input(format!("material {name:?}: the composition is empty")));
        }
        if let Some((z, w)) = composition.iter().find(|(z, w)| !(1..=100).contains(z) || !positive(*w)) {
            return Err(Error::input(format!(
                "material {name:?}: element {z} with mass fraction {w}; Z must be 1 to 100, fractions positive"
            )));
        }
        let total: f64 = composition.iter().map(|(_, w)| w).sum();
        let mut composition: Vec<_> = composition.iter().map(|(z, w)| (*z, w / total)).collect();
        composition.sort_by_key(|(z, _)| *z);
        if let Some(pair) = composition.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::input(format!("material {name:?}: element {} is given twice", element(pair[0].0).symbol)));
        }
        let mut source = source.to_owned();
        if (total - 1.0).abs() > 2e-4 {
            source.push_str(&format!("; mass fractions sum to {total:.4}, renormalised"));
        }
        let i_value = i_value.unwrap_or_else(|| {
            source.push_str("; I-value by Bragg additivity (ICRU Report 37)");
            bragg_i_value(&composition, density < GAS_DENSITY)
        });
        Ok(Self { name: name.to_owned(), density, i_value, composition, source })
    }

    /// Sum of w Z / A: mol of electrons per g.
    pub fn z_over_a(&self) -> f64 {
        self.composition.iter().map(|&(z, w)| w * f64::from(z) / element(z).a).sum()
    }

    /// Electrons per cm3 at the tabulated density.
    pub fn electron_density(&self) -> f64 {
        self.z_over_a() * self.density * super::constants::AVOGADRO
    }

    /// Plasma energy at the tabulated density, eV.
    pub fn plasma_energy(&self) -> f64 {
        PLASMA_ENERGY * (self.z_over_a() * self.density).sqrt()
    }

    /// Whether the tabulated density is that of a gas (below 0.02 g/cm3; the densest gas of the table has 0.0115, the lightest solid or liquid 0.058).
    pub fn is_gas(&self) -> bool {
        self.density < GAS_DENSITY
    }
}

/// Below this density (g/cm3) a material is taken to be a gas.
const GAS_DENSITY: f64 = 0.02;

/// Mean excitation energy, eV, by Bragg additivity of ln I over electrons, with the constituents' values of ICRU Report 37
/// ([`Element::i_compound`](super::elements::Element::i_compound)); a single element keeps its own value.
pub fn bragg_i_value(composition: &[(u8, f64)], gas: bool) -> f64 {
    if let [(z, _)] = composition {
        return element(*z).i_value;
    }
    let (mut weight, mut sum) = (0.0, 0.0);
    for &(z, w) in composition {
        let electrons = w * f64::from(z) / element(z).a;
        weight += electrons;
        sum += electrons * element(z).i_compound(gas).ln();
    }
    (sum / weight).exp()
}

/// Parses "H:0.111894 O:0.888106".
pub(super) fn parse_composition(text: &str) -> Vec<(u8, f64)> {
    let part = |p: &str| {
        let (symbol, w) = p.split_once(':').expect("built-in compositions read symbol:fraction");
        (by_symbol(symbol).expect("built-in compositions name elements").z, number(w))
    };
    text.split(' ').map(part).collect()
}

fn parse_row(f: &[&str]) -> Material {
    let source = match f[1] {
        "nist" => "NIST ESTAR / ICRU 37, 44, 46".to_owned(),
        "icrp110_m" => format!("ICRP Publication 110, adult male, medium {}", f[2]),
        _ => format!("ICRP Publication 110, adult female, medium {}", f[2]),
    };
    let i_value = (!f[4].is_empty()).then(|| number(f[4]));
    Material::new(f[0], number(f[3]), i_value, &parse_composition(f[5]), &source).expect("built-in materials are well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_whole() {
        assert_eq!(materials().len(), 451 + 104);
        let mut seen = std::collections::HashSet::new();
        for m in materials() {
            assert!(seen.insert(&m.name), "{} twice", m.name);
            let sum: f64 = m.composition.iter().map(|(_, w)| w).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{}", m.name);
            assert!(m.composition.windows(2).all(|p| p[0].0 < p[1].0), "{}", m.name);
            assert!(m.density > 1e-5 && m.density < 23.0 && m.i_value > 15.0 && m.i_value < 1000.0, "{}", m.name);
        }
        for (alias, full) in ALIASES {
            assert_eq!(find(alias).map(|m| m.name).as_deref(), Some(*full));
            assert!(materials().iter().all(|m| m.name != *alias), "{alias} hides a material");
        }
    }

    #[test]
    fn water_has_its_electrons() {
        let water = find("water").expect("water");
        assert!((water.z_over_a() - 0.555_082).abs() < 2e-6, "{}", water.z_over_a());
        assert!((water.plasma_energy() - 21.469).abs() < 2e-3, "{}", water.plasma_energy());
        assert_eq!(find("water_icru90").expect("water").i_value, 78.0);
        assert!(!water.is_gas() && find("watervapor").expect("vapour").is_gas());
    }

    /// ICRU 37's rule was made to reproduce measured I-values to 13 % at worst (2 % for most); tissues without a measured value follow it exactly.
    #[test]
    fn bragg_i_values_meet_the_table() {
        let (mut worst, mut beyond) = (0.0f64, 0);
        for m in materials().iter().filter(|m| m.composition.len() > 1) {
            let deviation = (bragg_i_value(&m.composition, m.is_gas()) / m.i_value - 1.0).abs();
            worst = worst.max(deviation);
            beyond += usize::from(deviation > 0.02);
            assert!(deviation < 0.14, "{} {deviation}", m.name);
        }
        eprintln!("Bragg I-values: worst {worst:.4}, {beyond} beyond 2 %");
        for name in ["liver", "kidney", "muscle", "adipose", "lung", "spongiosa", "blood", "bone_cortical"] {
            let m = find(name).expect("alias");
            assert!((bragg_i_value(&m.composition, false) / m.i_value - 1.0).abs() < 2e-3, "{name}");
        }
        let lung = find("icrp110_M_lung").expect("lung");
        assert!((lung.i_value - 75.2).abs() < 0.2 && lung.source.contains("Bragg"), "{} {}", lung.i_value, lung.source);
    }

    #[test]
    fn cervical_spine_says_that_it_was_renormalised() {
        assert!(find("icrp110_F_spine_cervical").expect("spine").source.contains("1.0010, renormalised"));
    }

    #[test]
    fn unknown_names_get_suggestions() {
        assert!(suggestions("Soft tissue").contains(&"soft_tissue"));
        assert!(suggestions("bone_corticl").contains(&"bone_cortical"));
        assert!(suggestions("qqqqqqq").is_empty());
        let message = require("watr").expect_err("no such material").to_string();
        assert!(message.contains("\"watr\"") && message.contains("water"), "{message}");
    }

    #[test]
    fn own_materials_are_checked() {
        assert!(Material::new("x", 1.0, None, &[], "").is_err());
        assert!(Material::new("x", 0.0, None, &[(1, 1.0)], "").is_err());
        assert!(Material::new("x", 1.0, None, &[(1, f64::NAN)], "").is_err());
        assert!(Material::new("x", 1.0, None, &[(0, 1.0)], "").is_err());
        assert!(Material::new("x", 1.0, Some(-1.0), &[(1, 1.0)], "").is_err());
        assert!(Material::new("x", 1.0, None, &[(1, 0.5), (1, 0.5)], "").is_err());
        let m = Material::new("x", 1.0, None, &[(8, 16.0), (1, 2.0)], "test").expect("valid");
        assert_eq!(m.composition, vec![(1, 2.0 / 18.0), (8, 16.0 / 18.0)]);
    }
}
