//! The names a plan may use in tests.

use dosaic::plan::{KnownMaterial, KnownNuclide, Vocabulary};

/// A few materials and nuclides; half-lives from ICRP 107.
pub(crate) fn vocabulary() -> Vocabulary {
    let material = |name: &str, density, aliases: &[&str]| KnownMaterial {
        name: name.to_owned(),
        density,
        aliases: aliases.iter().map(|&a| a.to_owned()).collect(),
    };
    let nuclide = |name: &str, half_life| KnownNuclide { name: name.to_owned(), half_life, daughters: vec![] };
    Vocabulary {
        materials: vec![
            material("water_liquid", 1.0, &["water"]),
            material("air_dry_nearsealevel", 0.001_204_79, &["air"]),
            material("tissue_soft_icrufour-component", 1.0, &["soft_tissue"]),
            material("liver_icru_1986", 1.06, &["liver"]),
            material("kidney_icru_1986", 1.05, &["kidney"]),
            material("lung_inflated_icru_1986", 0.26, &["lung"]),
            material("bone_cortical_icru_1986", 1.92, &["bone_cortical"]),
        ],
        nuclides: vec![
            nuclide("Lu-177", 6.647 * 86400.0),
            nuclide("Y-90", 64.1 * 3600.0),
            nuclide("I-131", 8.0207 * 86400.0),
            nuclide("Ac-225", 10.0 * 86400.0),
        ],
    }
}
