//! CT numbers to tissue: density and composition after Schneider, Bortfeld and Schlegel (Phys. Med. Biol. 45 (2000) 459).

use std::sync::LazyLock;

use super::{
    materials::{Material, parse_composition},
    table::{number, rows},
};

/// A CT ramp: density piecewise linear in HU, composition constant within bins of HU.
#[derive(Debug, Clone)]
pub struct CtRamp {
    /// (HU, g/cm3), ascending in HU; the density is constant beyond the ends.
    density: Vec<(f64, f64)>,
    /// First HU of each bin, ascending.
    from: Vec<f64>,
    /// HU at which the last bin ends.
    to: f64,
    bins: Vec<Material>,
}

/// What a CT number stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tissue {
    /// Position in [`CtRamp::material_bins`].
    pub bin: usize,
    /// g/cm3.
    pub density: f64,
    /// The number lay outside the ramp (or was not a number, which counts as the lowest) and was replaced by its nearest end; the caller counts these.
    pub clamped: bool,
}

impl CtRamp {
    /// The ramp of Schneider et al. as tabulated in OpenGATE: 26 bins from -1050 to 3000 HU, air to bone, then dental amalgam and titanium.
    ///
    /// It holds for the scanner of the paper at 120 kV; other scanners differ by up to a few per cent in density of bone.
    pub fn schneider() -> &'static Self {
        static RAMP: LazyLock<CtRamp> = LazyLock::new(|| {
            let mut ramp = CtRamp { density: Vec::new(), from: Vec::new(), to: 0.0, bins: Vec::new() };
            for f in rows(include_str!("data/schneider_hu.csv")) {
                match f[0] {
                    "density" => ramp.density.push((number(f[1]), number(f[2]))),
                    _ => {
                        ramp.from.push(number(f[1]));
                        ramp.to = number(f[2]);
                    }
                }
            }
            for f in rows(include_str!("data/schneider_hu.csv")).filter(|f| f[0] == "bin") {
                let density = ramp.density_at(0.5 * (number(f[1]) + number(f[2])));
                let source = format!("Schneider et al. 2000, {} to {} HU, density of its middle", f[1], f[2]);
                let material = Material::new(&format!("schneider_{}", f[3]), density, None, &parse_composition(f[4]), &source);
                ramp.bins.push(material.expect("built-in bins are well-formed"));
            }
            ramp
        });
        &RAMP
    }

    /// The materials of the bins; their density is that of the bin's middle, their I-value follows from Bragg additivity.
    pub fn material_bins(&self) -> &[Material] {
        &self.bins
    }

    /// Lowest and highest HU of the ramp.
    pub fn limits(&self) -> (f64, f64) {
        (self.from[0], self.to)
    }

    /// Bin and density of a CT number; bins include their lower end.
    pub fn convert(&self, hu: f64) -> Tissue {
        let (low, high) = self.limits();
        let clamped = hu.is_nan() || hu < low || hu > high;
        let hu = if hu.is_nan() { low } else { hu.clamp(low, high) };
        let bin = self.from.partition_point(|&f| f <= hu).max(1) - 1;
        Tissue { bin, density: self.density_at(hu), clamped }
    }

    fn density_at(&self, hu: f64) -> f64 {
        let nodes = &self.density;
        let i = nodes.partition_point(|(h, _)| *h <= hu).clamp(1, nodes.len() - 1);
        let ((h0, d0), (h1, d1)) = (nodes[i - 1], nodes[i]);
        let t = ((hu - h0) / (h1 - h0)).clamp(0.0, 1.0);
        d0 + t * (d1 - d0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hu: f64) -> (String, f64, bool) {
        let ramp = CtRamp::schneider();
        let tissue = ramp.convert(hu);
        (ramp.material_bins()[tissue.bin].name.clone(), tissue.density, tissue.clamped)
    }

    #[test]
    fn well_known_numbers() {
        assert_eq!(at(-1000.0), ("schneider_air".into(), 0.00121, false));
        let (name, density, _) = at(0.0);
        assert_eq!(name, "schneider_AT_AG_SI4");
        assert!((density - (0.930_486 + 97.0 / 111.0 * (1.03 - 0.930_486))).abs() < 1e-9);
        assert_eq!(at(40.0).0, "schneider_soft_tissue");
        let (name, density, _) = at(850.0);
        assert_eq!(name, "schneider_marrow_bone_08");
        assert!((density - (1.0762 + 749.0 / 1499.0 * (1.9642 - 1.0762))).abs() < 1e-9);
        // At 100 HU soft tissue ends and bone begins: the density of the paper steps down.
        assert!(at(100.0).1 > at(101.0).1);
    }

    #[test]
    fn bins_include_their_lower_end() {
        assert_eq!(at(-950.0).0, "schneider_lung");
        assert_eq!(at(-950.001).0, "schneider_air");
        assert_eq!(at(120.0).0, "schneider_marrow_bone_01");
        assert_eq!(at(3000.0), ("schneider_titanium".into(), 2.8, false));
    }

    #[test]
    fn outside_is_clamped_and_said() {
        assert_eq!(at(-1050.0), ("schneider_air".into(), 0.00121, false));
        assert_eq!(at(-3024.0), ("schneider_air".into(), 0.00121, true));
        assert_eq!(at(30_000.0), ("schneider_titanium".into(), 2.8, true));
        assert_eq!(at(f64::NAN), ("schneider_air".into(), 0.00121, true));
        assert!(at(f64::INFINITY).2 && at(f64::NEG_INFINITY).2);
    }

    #[test]
    fn bins_have_bragg_values() {
        let bins = CtRamp::schneider().material_bins();
        assert_eq!(bins.len(), 26);
        let i_value = |name: &str| bins.iter().find(|m| m.name == name).expect(name).i_value;
        assert!((i_value("schneider_soft_tissue") - 74.58).abs() < 0.02);
        assert!((i_value("schneider_marrow_bone_15") - 111.97).abs() < 0.02);
        assert!(bins[0].is_gas() && !bins[1].is_gas());
    }
}
