//! Materials by name.

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
}
