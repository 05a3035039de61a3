//! The elements 1 to 100: atomic weight, density, mean excitation energy.

use std::sync::LazyLock;

use super::table::{number, rows};

/// An element in its usual state.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Atomic number.
    pub z: u8,
    /// Symbol, e.g. "Ca".
    pub symbol: String,
    /// Atomic weight, g/mol.
    pub a: f64,
    /// Density, g/cm3.
    pub density: f64,
    /// Mean excitation energy of the element itself, eV.
    pub i_value: f64,
}

/// All elements, Z = 1 first.
pub fn elements() -> &'static [Element] {
    static ELEMENTS: LazyLock<Vec<Element>> = LazyLock::new(|| {
        let parse = |f: Vec<&str>| Element {
            z: number(f[0]) as u8,
            symbol: f[1].to_owned(),
            a: number(f[2]),
            density: number(f[3]),
            i_value: number(f[4]),
        };
        rows(include_str!("data/elements.csv")).skip(1).map(parse).collect()
    });
    &ELEMENTS
}

/// The element of atomic number `z` (1 to 100); panics outside, which only a wrong table could ask for.
pub fn element(z: u8) -> &'static Element {
    &elements()[usize::from(z) - 1]
}

/// The element of a symbol, e.g. "Ca".
pub fn by_symbol(symbol: &str) -> Option<&'static Element> {
    elements().iter().find(|e| e.symbol == symbol)
}

impl Element {
    /// Mean excitation energy, eV, to use for this element as a constituent of a compound or mixture (ICRU Report 37, table 5.1).
    ///
    /// Liquids and solids: H 19.2, C 81, N 82, O 106, F 112, Cl 180, all others 1.13 times the value of the element.
    /// Gases: H 19.2, C 70, N 82, O 97, all others the value of the element.
    pub fn i_compound(&self, gas: bool) -> f64 {
        match (self.z, gas) {
            (1, _) => 19.2,
            (6, true) => 70.0,
            (6, false) => 81.0,
            (7, _) => 82.0,
            (8, true) => 97.0,
            (8, false) => 106.0,
            (9, false) => 112.0,
            (17, false) => 180.0,
            (_, true) => self.i_value,
            (_, false) => 1.13 * self.i_value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_complete_and_in_order() {
        assert_eq!(elements().len(), 100);
        for (k, e) in elements().iter().enumerate() {
            assert_eq!(usize::from(e.z), k + 1);
            assert!(e.a > f64::from(e.z) && e.a < 2.7 * f64::from(e.z) || e.z == 1, "{}", e.symbol);
            assert!(e.i_value / f64::from(e.z) > 8.7 && e.i_value / f64::from(e.z) < 21.0, "{} {}", e.symbol, e.i_value);
            assert!(e.density > 0.0);
        }
        assert_eq!(by_symbol("Lu").map(|e| e.z), Some(71));
        assert_eq!(by_symbol("Xx"), None);
    }

    #[test]
    fn well_known_values() {
        assert_eq!(element(8).a, 15.9994);
        assert_eq!(element(20).i_value, 191.0);
        assert!((element(71).a - 174.97).abs() < 0.02 && (element(56).a - 137.33).abs() < 0.02);
        assert!((element(20).i_compound(false) - 215.83).abs() < 1e-9);
    }
}
