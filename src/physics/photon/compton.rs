//! Incoherent scattering: subshells for the impulse approximation, and the scattering function.
//!
//! Compton profiles: Biggs, Mendelsohn and Mann (1975) at zero momentum, as R. Ribberfors (1983) and PENELOPE use them; scattering functions: Hubbell
//! et al., J. Phys. Chem. Ref. Data 4 (1975) 471.

use std::{collections::BTreeMap, sync::LazyLock};

use super::curves::{Place, element};
use crate::physics::{
    elements,
    materials::Material,
    table::{number, rows},
};

/// Most entries of [`shells`].
pub const MOST_SHELLS: usize = 24;
/// Smallest occupancy of an entry of [`shells`].
pub const LEAST_OCCUPANCY: f64 = 1e-4;

/// A subshell of the atoms of a material, or several alike that were merged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComptonShell {
    /// Share of the material's electrons that are in it.
    pub occupancy: f64,
    /// Compton profile at zero momentum, atomic units.
    pub j0: f64,
    /// Binding energy, MeV.
    pub binding: f64,
    /// Atomic number (of the larger share if merged).
    pub z: u8,
}

/// Subshells of a material by descending occupancy; the occupancies sum to 1.
///
/// Elements without a table ([`super::interpolated`]) take the shells of the nearest one in ln Z, binding scaled with Z^2, profile with 1/Z. More than
/// [`MOST_SHELLS`] entries, or such below [`LEAST_OCCUPANCY`], are merged pairwise, those first that change occupancy times (d ln J0)^2 + (d ln B)^2 least; merged
/// entries have the mean J0 and binding energy by occupancy.
pub fn shells(material: &Material) -> Vec<ComptonShell> {
    let mut list = Vec::new();
    for &(z, w) in &material.composition {
        let atoms = w / elements::element(z).a;
        let (near, scale) = nearest(z);
        for &[electrons, j0, binding] in near {
            list.push(ComptonShell { occupancy: atoms * electrons * scale, j0: j0 / scale, binding: binding * scale * scale, z });
        }
    }
    let total: f64 = list.iter().map(|s| s.occupancy).sum();
    list.iter_mut().for_each(|s| s.occupancy /= total);
    while list.len() > 1 {
        let smallest = (0..list.len()).min_by(|&a, &b| list[a].occupancy.total_cmp(&list[b].occupancy)).expect("not empty");
        let small = list[smallest].occupancy < LEAST_OCCUPANCY;
        if !small && list.len() <= MOST_SHELLS {
            break;
        }
        let pairs = (0..list.len()).flat_map(|a| (a + 1..list.len()).map(move |b| (a, b)));
        let open = pairs.filter(|&(a, b)| !small || a == smallest || b == smallest);
        let (a, b) = open.min_by(|&p, &q| cost(&list[p.0], &list[p.1]).total_cmp(&cost(&list[q.0], &list[q.1]))).expect("two entries");
        let other = list.swap_remove(b);
        list[a] = merged(&list[a], &other);
    }
    list.sort_by(|a, b| b.occupancy.total_cmp(&a.occupancy).then(a.z.cmp(&b.z)).then(a.binding.total_cmp(&b.binding)));
    let rest: f64 = list.iter().skip(1).map(|s| s.occupancy).sum();
    list[0].occupancy = 1.0 - rest;
    list
}

fn cost(a: &ComptonShell, b: &ComptonShell) -> f64 {
    let weight = a.occupancy * b.occupancy / (a.occupancy + b.occupancy);
    weight * ((a.j0 / b.j0).ln().powi(2) + (a.binding / b.binding).ln().powi(2))
}

fn merged(a: &ComptonShell, b: &ComptonShell) -> ComptonShell {
    let occupancy = a.occupancy + b.occupancy;
    let mean = |x: f64, y: f64| (a.occupancy * x + b.occupancy * y) / occupancy;
    let z = if a.occupancy >= b.occupancy { a.z } else { b.z };
    ComptonShell { occupancy, j0: mean(a.j0, b.j0), binding: mean(a.binding, b.binding), z }
}

/// Incoherent scattering function per electron, S/Z averaged over the electrons, 0 to 1.
///
/// `x` = sin(theta/2) / lambda, 1/Angstrom. Elements without a table between their neighbours.
pub fn scattering_function(material: &Material, x: f64) -> f64 {
    let place = Place::new(x);
    let (mut sum, mut electrons) = (0.0, 0.0);
    for &(z, w) in &material.composition {
        let own = w * f64::from(z) / elements::element(z).a;
        electrons += own;
        sum += own * element(z).scattering(&place);
    }
    (sum / electrons).min(1.0)
}

/// Whether the shells of element `z` are tabulated.
pub(super) fn tabulated(z: u8) -> bool {
    table().contains_key(&z)
}

/// Shells of the nearest tabulated element (electrons, J0, binding in MeV), and Z over its atomic number.
fn nearest(z: u8) -> (&'static [[f64; 3]], f64) {
    let ratio = |k: u8| f64::from(z) / f64::from(k);
    let (near, list) = table().iter().min_by(|a, b| ratio(*a.0).ln().abs().total_cmp(&ratio(*b.0).ln().abs())).expect("a table");
    (list, ratio(*near))
}

fn table() -> &'static BTreeMap<u8, Vec<[f64; 3]>> {
    static TABLE: LazyLock<BTreeMap<u8, Vec<[f64; 3]>>> = LazyLock::new(|| {
        let shell = |text: &str| {
            let mut fields = text.split(':').map(number);
            let mut next = || fields.next().expect("three figures per shell");
            [next(), next(), next() * 1e-6]
        };
        let row = |f: Vec<&'static str>| (f[0].parse().expect("an atomic number"), f[1].split(' ').map(shell).collect());
        rows(include_str!("../data/photon/compton_shells.csv")).skip(1).map(row).collect()
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{
        constants::{AVOGADRO, CLASSICAL_ELECTRON_RADIUS, ELECTRON_MASS},
        materials::{find, materials},
        photon::attenuation::PhotonCoefficients,
        quadrature::GAUSS_8,
    };

    fn material(name: &str) -> Material {
        find(name).expect(name)
    }

    #[test]
    fn shells_hold_every_electron() {
        for m in materials() {
            let list = shells(m);
            assert!(list.len() <= MOST_SHELLS, "{}: {}", m.name, list.len());
            assert!((list.iter().map(|s| s.occupancy).sum::<f64>() - 1.0).abs() < 4.0 * f64::EPSILON, "{}", m.name);
            assert!(list.windows(2).all(|p| p[0].occupancy > p[1].occupancy - 1e-14), "{}", m.name);
            assert!(list.iter().all(|s| s.occupancy >= LEAST_OCCUPANCY && s.binding > 0.0 && s.j0 > 0.0), "{}", m.name);
        }
        for (&z, list) in table() {
            assert_eq!(list.iter().map(|s| s[0]).sum::<f64>(), f64::from(z));
        }
    }

    #[test]
    fn shells_of_water() {
        // 2 of 10 electrons from hydrogen; oxygen's K shell at 543 eV.
        let list = shells(&material("water"));
        assert_eq!(list.len(), 5);
        let hydrogen = list.iter().find(|s| s.z == 1).expect("hydrogen");
        assert!((hydrogen.occupancy - 0.2).abs() < 1e-4 && hydrogen.j0 == 0.849);
        let k = list.iter().max_by(|a, b| a.binding.total_cmp(&b.binding)).expect("shells");
        assert!((k.occupancy - 0.2).abs() < 1e-4 && (k.binding - 543e-6).abs() < 1e-12 && k.z == 8);
    }

    /// Merging keeps mean profile and binding energy, and the K shell of a contrast medium.
    #[test]
    fn merging_keeps_the_means() {
        let thyroid = material("thyroid");
        let (mut j0, mut binding, mut electrons) = (0.0, 0.0, 0.0);
        for &(z, w) in &thyroid.composition {
            for s in &table()[&z] {
                let n = w / elements::element(z).a * s[0];
                electrons += n;
                j0 += n * s[1];
                binding += n * s[2];
            }
        }
        let list = shells(&thyroid);
        let mean = |f: fn(&ComptonShell) -> f64| list.iter().map(|s| s.occupancy * f(s)).sum::<f64>();
        assert!((mean(|s| s.j0) / (j0 / electrons) - 1.0).abs() < 1e-12);
        assert!((mean(|s| s.binding) / (binding / electrons) - 1.0).abs() < 1e-12);
        let lead = shells(&material("lead"));
        assert!(lead.iter().any(|s| (s.binding - 0.088_005).abs() < 1e-9 && (s.occupancy - 2.0 / 82.0).abs() < 1e-12));
    }

    /// The scaled K shell of bromine against its own data (Biggs et al.: 0.0248; 13.474 keV).
    #[test]
    fn scaled_shells_resemble_the_element() {
        let bromine = Material::new("bromine", 3.1, None, &[(35, 1.0)], "").expect("valid");
        let list = shells(&bromine);
        let k = list.iter().max_by(|a, b| a.binding.total_cmp(&b.binding)).expect("shells");
        assert!((k.j0 / 0.0248 - 1.0).abs() < 0.01 && (k.binding / 0.013_474 - 1.0).abs() < 0.03, "{k:?}");
    }

    #[test]
    fn scattering_function_has_its_limits() {
        for name in ["water", "bone_cortical", "lead", "galliumarsenide"] {
            let m = material(name);
            assert_eq!(scattering_function(&m, 0.0), 0.0);
            assert!((scattering_function(&m, 1e3) - 1.0).abs() < 1e-12);
            let mut last = 0.0;
            for k in 0..400 {
                let s = scattering_function(&m, 1e-3 * 1.03f64.powi(k));
                assert!(s >= last - 1e-4 && s <= 1.0, "{name}, step {k}: {s} after {last}");
                last = s;
            }
        }
    }

    /// Klein and Nishina's cross section weighted with S gives XCOM's incoherent one; without S it is 12 % too high at 30 keV.
    #[test]
    fn integral_is_the_incoherent_cross_section() {
        for (name, bound) in [("water", 0.01), ("bone_cortical", 0.015)] {
            let m = material(name);
            let coefficients = PhotonCoefficients::new(&m).expect("data");
            for e in [0.01, 0.03, 0.06, 0.1, 0.3, 0.662, 1.25, 3.0] {
                let (mut weighted, mut free) = (0.0, 0.0);
                for k in 0..32 {
                    for (node, weight) in GAUSS_8 {
                        let cosine = -1.0 + (f64::from(k) + node) / 16.0;
                        let ratio = 1.0 / (1.0 + e / ELECTRON_MASS * (1.0 - cosine));
                        let kn = 0.5 * ratio * ratio * (ratio + 1.0 / ratio - 1.0 + cosine * cosine) * weight / 16.0;
                        let x = e * 1e3 / 12.398_42 * (0.5 * (1.0 - cosine)).sqrt();
                        free += kn;
                        weighted += kn * scattering_function(&m, x);
                    }
                }
                let scale = std::f64::consts::TAU * CLASSICAL_ELECTRON_RADIUS.powi(2) * AVOGADRO * m.z_over_a();
                let ratio = scale * weighted / coefficients.at(e).incoherent;
                eprintln!("{name}, {e} MeV: {ratio:.4}, free electrons {:.4}", scale * free / coefficients.at(e).incoherent);
                assert!((ratio - 1.0).abs() < bound, "{name}, {e} MeV: {ratio}");
            }
        }
    }
}
