//! Stopping powers for electrons and positrons: tables where there are any, formulas otherwise.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    alpha_stopping::same_composition,
    berger_seltzer::{Charge, collision_stopping, hard_collision_loss},
    density_effect::density_effect,
    interpolation::{ELECTRON_LOW_EXPONENT, LogLogSpline, csda_range},
    materials::{Material, find},
    radiative::radiative_stopping,
    table::{number, numbers, rows},
};
use crate::{
    error::{Error, Result},
    plan::WaterData,
};

/// Mass stopping powers for electrons and positrons on the grid of the tables, 1 keV to 20 MeV.
#[derive(Debug, Clone)]
pub struct ElectronStopping {
    /// The material's name.
    pub material: String,
    /// Kinetic energy, MeV, ascending.
    pub energy: Vec<f64>,
    /// Unrestricted collision stopping power of electrons, MeV cm2/g.
    pub collision: Vec<f64>,
    /// Unrestricted collision stopping power of positrons, MeV cm2/g.
    pub positron_collision: Vec<f64>,
    /// Unrestricted radiative stopping power of electrons, MeV cm2/g.
    pub radiative: Vec<f64>,
    /// Unrestricted radiative stopping power of positrons, MeV cm2/g.
    pub positron_radiative: Vec<f64>,
    /// Density effect correction delta.
    pub density_effect: Vec<f64>,
    /// Mean excitation energy that the collision stopping power uses, eV.
    pub i_value: f64,
    /// Electrons per mass, mol/g.
    pub z_over_a: f64,
    /// Density for which the density effect holds, g/cm3.
    pub density: f64,
    /// Evaluation or rule behind the figures, and what was approximated.
    pub source: String,
    /// Collision stopping power of electrons and positrons, between the points.
    splines: [LogLogSpline; 2],
}

impl ElectronStopping {
    /// Collision plus radiative, MeV cm2/g.
    pub fn total(&self, charge: Charge) -> Vec<f64> {
        let (collision, radiative) = match charge {
            Charge::Electron => (&self.collision, &self.radiative),
            Charge::Positron => (&self.positron_collision, &self.positron_radiative),
        };
        collision.iter().zip(radiative).map(|(c, r)| c + r).collect()
    }

    /// CSDA range of electrons or positrons at each energy, g/cm2.
    pub fn csda_range(&self, charge: Charge) -> Vec<f64> {
        csda_range(&self.energy, &self.total(charge), ELECTRON_LOW_EXPONENT)
    }

    /// Unrestricted collision stopping power at `e` MeV, MeV cm2/g: cubic spline in log-log (straight beyond the table).
    pub fn collision_at(&self, charge: Charge, e: f64) -> f64 {
        self.splines[usize::from(charge == Charge::Positron)].eval(e)
    }
}

/// Collision stopping power restricted to energy transfers below `t_cut` (MeV) at `e` MeV, MeV cm2/g.
///
/// The unrestricted value of the table less the loss in harder Moeller or Bhabha events ([`hard_collision_loss`]), which is the restricted
/// Berger-Seltzer formula where the table follows the unrestricted one; so hard events sampled above `t_cut` restore the table exactly.
/// A `t_cut` at or above the largest transfer (e/2 for electrons, e for positrons) gives the unrestricted value.
pub fn restricted_collision(stopping: &ElectronStopping, charge: Charge, e: f64, t_cut: f64) -> f64 {
    stopping.collision_at(charge, e) - hard_collision_loss(charge, e, t_cut, stopping.z_over_a)
}

/// One material of the table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) i_value: f64,
    pub(super) collision: Vec<f64>,
    pub(super) positron_collision: Vec<f64>,
    pub(super) radiative: Vec<f64>,
    pub(super) density_effect: Vec<f64>,
}

/// The consolidated table.
#[derive(Debug)]
pub(super) struct ElectronTable {
    pub(super) energy: Vec<f64>,
    pub(super) entries: HashMap<&'static str, Entry>,
    /// Names in the order of the table.
    pub(super) order: Vec<&'static str>,
}

pub(super) fn electron_table() -> &'static ElectronTable {
    static TABLE: LazyLock<ElectronTable> = LazyLock::new(|| {
        let mut lines = rows(include_str!("data/electron_stopping.csv"));
        let energy = numbers(&lines.next().expect("a header"), 3);
        let (mut entries, mut order) = (HashMap::new(), Vec::new());
        while let Some(collision) = lines.next() {
            let name = collision[0];
            let mut column = |quantity: &str| {
                let row = lines.next().expect("four rows per material");
                assert!(row[0] == name && row[1] == quantity, "rows of the electron table come in fours");
                numbers(&row, 3)
            };
            let (radiative, positron_collision, density_effect) = (column("rad"), column("pos"), column("delta"));
            let (i_value, collision) = (number(collision[2]), numbers(&collision, 3));
            entries.insert(name, Entry { i_value, collision, positron_collision, radiative, density_effect });
            order.push(name);
        }
        ElectronTable { energy, entries, order }
    });
    &TABLE
}

/// Names of the tabulated materials.
pub fn tabulated() -> &'static [&'static str] {
    &electron_table().order
}

/// Stopping powers of a material.
///
/// In this order: liquid water from the evaluation asked for (the material `water_icru90` always with I = 78 eV); the table of the material's name, if
/// composition and density are the tabulated ones (the density effect depends on density); formulas ([`formula_stopping`]).
/// Fails on a composition that is empty or names no element, and on a density or I-value that is not positive.
pub fn electron_stopping(material: &Material, water: WaterData) -> Result<ElectronStopping> {
    let positive = |x: f64| x.is_finite() && x > 0.0;
    if material.composition.is_empty() || material.composition.iter().any(|(z, w)| !(1..=100).contains(z) || !w.is_finite() || *w < 0.0) {
        return Err(Error::input(format!("material {:?}: no stopping power without a composition of elements 1 to 100", material.name)));
    }
    if !positive(material.density) || !positive(material.i_value) {
        return Err(Error::input(format!("material {:?}: density and mean excitation energy must be positive", material.name)));
    }
    // Water has 1 g/cm3 in the one evaluation and 0.998 in the other.
    let same =
        |m: &Material| same_composition(&m.composition, &material.composition) && (m.density / material.density - 1.0).abs() < 2.5e-3;
    let name = match (material.name.as_str(), water) {
        ("water_liquid", WaterData::Icru90) => "water_icru90",
        (name, _) => name,
    };
    let table = electron_table();
    let entry = table.order.iter().find(|n| **n == name).filter(|_| find(name).is_some_and(|m| same(&m)));
    let Some(entry) = entry.map(|n| &table.entries[n]) else { return Ok(formula_stopping(material)) };
    let renamed = if name == material.name { String::new() } else { format!(" (table {name})") };
    let (additive, additive_positron, _) = radiative_stopping(material);
    let positron_radiative =
        entry.radiative.iter().zip(additive_positron.iter().zip(&additive)).map(|(table, (p, e))| table * p / e).collect();
    Ok(ElectronStopping {
        material: material.name.clone(),
        energy: table.energy.clone(),
        collision: entry.collision.clone(),
        positron_collision: entry.positron_collision.clone(),
        radiative: entry.radiative.clone(),
        positron_radiative,
        density_effect: entry.density_effect.clone(),
        i_value: entry.i_value,
        z_over_a: material.z_over_a(),
        density: material.density,
        source: format!("Berger-Seltzer with ESTAR density effect, Seltzer-Berger radiative{renamed}"),
        splines: [&entry.collision, &entry.positron_collision].map(|s| LogLogSpline::new(&table.energy, s)),
    })
}

/// Stopping powers from the material's composition, density and I-value alone: Berger-Seltzer formula ([`collision_stopping`]), density effect by
/// [`density_effect`], radiative by additivity over elements ([`radiative_stopping`]).
pub fn formula_stopping(material: &Material) -> ElectronStopping {
    let energy = electron_table().energy.clone();
    let (delta, method) = density_effect(material, &energy);
    let z_over_a = material.z_over_a();
    let collision = |charge: Charge| -> Vec<f64> {
        energy.iter().zip(&delta).map(|(&e, &d)| collision_stopping(charge, e, e, z_over_a, material.i_value, d)).collect()
    };
    let (electron, positron) = (collision(Charge::Electron), collision(Charge::Positron));
    let (radiative, positron_radiative, interpolated) = radiative_stopping(material);
    let mut source = format!("Berger-Seltzer formula, {method}, radiative by additivity over elements");
    if !interpolated.is_empty() {
        source.push_str(&format!("; radiative of {} interpolated between neighbouring elements", interpolated.join(", ")));
    }
    let splines = [&electron, &positron].map(|s| LogLogSpline::new(&energy, s));
    ElectronStopping {
        material: material.name.clone(),
        collision: electron,
        positron_collision: positron,
        radiative,
        positron_radiative,
        density_effect: delta,
        i_value: material.i_value,
        z_over_a,
        density: material.density,
        source,
        splines,
        energy,
    }
}
