//! Radiative stopping power of compounds and mixtures from that of elements.

use std::{collections::BTreeMap, sync::LazyLock};

use super::{constants::ELECTRON_MASS, electron_stopping::electron_table, elements::element, materials::Material};

/// Radiative mass stopping power for electrons and for positrons on the grid of the table, MeV cm2/g, and the symbols of elements without a table.
///
/// Additive over the elements by mass; an element without a table: S A / (Z (Z + 1)) interpolated linearly in ln Z between its neighbours
/// (beyond lead: that of lead). Positrons: each element's share times [`positron_radiative_ratio`].
pub fn radiative_stopping(material: &Material) -> (Vec<f64>, Vec<f64>, Vec<&'static str>) {
    let energy = &electron_table().energy;
    let (mut electrons, mut positrons) = (vec![0.0; energy.len()], vec![0.0; energy.len()]);
    let mut interpolated = Vec::new();
    for &(z, w) in &material.composition {
        if !elemental().contains_key(&z) {
            interpolated.push(element(z).symbol.as_str());
        }
        for (i, s) in radiative_of_element(z).into_iter().enumerate() {
            electrons[i] += w * s;
            positrons[i] += w * s * positron_radiative_ratio(z, energy[i]);
        }
    }
    (electrons, positrons, interpolated)
}

/// Tabulated elements by atomic number.
fn elemental() -> &'static BTreeMap<u8, &'static [f64]> {
    static ELEMENTAL: LazyLock<BTreeMap<u8, &'static [f64]>> = LazyLock::new(|| {
        let materials = super::materials::materials();
        let single =
            |name: &&str| materials.iter().find(|m| m.name == **name).and_then(|m| (m.composition.len() == 1).then(|| m.composition[0].0));
        let table = electron_table();
        table.order.iter().filter_map(|name| single(name).map(|z| (z, table.entries[name].radiative.as_slice()))).collect()
    });
    &ELEMENTAL
}

fn radiative_of_element(z: u8) -> Vec<f64> {
    let table = elemental();
    if let Some(own) = table.get(&z) {
        return own.to_vec();
    }
    let unit = |z: u8| f64::from(z) * (f64::from(z) + 1.0) / element(z).a;
    let below = table.range(..z).next_back();
    let above = table.range(z..).next();
    let (Some((&low, a)), Some((&high, b))) = (below, above) else {
        let (&near, s) = below.or(above).expect("the table holds elements");
        return s.iter().map(|s| s * unit(z) / unit(near)).collect();
    };
    let t = (f64::from(z) / f64::from(low)).ln() / (f64::from(high) / f64::from(low)).ln();
    a.iter().zip(*b).map(|(a, b)| unit(z) * ((1.0 - t) * a / unit(low) + t * b / unit(high))).collect()
}

/// Radiative stopping power of positrons over that of electrons at `e` MeV in element `z`.
///
/// Fit of Salvat (PENELOPE manual, section 3.3.4) to the calculations of Kim, Pratt, Seltzer and Berger, Phys. Rev. A 33 (1986) 3002; good to about 0.5 %.
pub fn positron_radiative_ratio(z: u8, e: f64) -> f64 {
    const FIT: [f64; 7] = [1.2359e-1, -6.1274e-2, 3.1516e-2, -7.7446e-3, 1.0595e-3, -7.0568e-5, 1.8080e-6];
    let t = (1e6 / f64::from(z).powi(2) * e / ELECTRON_MASS).ln_1p();
    let exponent = FIT.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    -(-exponent).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::elements::by_symbol;

    /// Radiative stopping power (MeV cm2/g) at 0.1, 1 and 10 MeV of elements that this module interpolates: Li, Be, B integrated from the
    /// cross sections of Seltzer and Berger (1986), the others NIST ESTAR.
    const REFERENCE: [(&str, [f64; 3]); 13] = [
        ("Li", [0.001469, 0.004988, 0.07621]),
        ("Be", [0.002004, 0.00652, 0.09716]),
        ("B", [0.002614, 0.008272, 0.1211]),
        ("Sc", [0.01229, 0.03338, 0.4296]),
        ("Mn", [0.0145, 0.03902, 0.4917]),
        ("Ni", [0.01721, 0.04612, 0.572]),
        ("Br", [0.02013, 0.05397, 0.6389]),
        ("Y", [0.02266, 0.06086, 0.7062]),
        ("Ba", [0.03096, 0.08493, 0.9079]),
        ("Gd", [0.03554, 0.09888, 1.016]),
        ("Lu", [0.03946, 0.1113, 1.103]),
        ("Pt", [0.04279, 0.1226, 1.172]),
        ("Bi", [0.04524, 0.1313, 1.222]),
    ];

    #[test]
    fn interpolated_elements_meet_references() {
        let energy = &electron_table().energy;
        for (symbol, values) in REFERENCE {
            let s = radiative_of_element(by_symbol(symbol).expect(symbol).z);
            for (e, table) in [0.1, 1.0, 10.0].iter().zip(values) {
                let i = energy.iter().position(|x| x == e).expect("on the grid");
                assert!((s[i] / table - 1.0).abs() < 0.015, "{symbol} {e} MeV: {} {table}", s[i]);
            }
        }
    }

    #[test]
    fn positrons_radiate_less() {
        // PENELOPE manual / Kim et al.: tends to 1 at high energies, lower for high Z and low energies.
        assert!((positron_radiative_ratio(8, 20.0) - 1.0).abs() < 0.01);
        assert!(positron_radiative_ratio(82, 0.01) < 0.25);
        for z in [1, 8, 20, 82] {
            let mut last = 0.0;
            for e in [0.001, 0.01, 0.1, 1.0, 10.0] {
                let ratio = positron_radiative_ratio(z, e);
                assert!(ratio > last && ratio < 1.02, "{z} {e} {ratio}");
                last = ratio;
            }
        }
    }
}
