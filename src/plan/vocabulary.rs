//! The names a plan may use, handed in so that reading a plan needs no physics table.

/// Materials and nuclides that exist.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Materials.
    pub materials: Vec<KnownMaterial>,
    /// Nuclides.
    pub nuclides: Vec<KnownNuclide>,
}

/// A material a plan may name.
#[derive(Debug, Clone)]
pub struct KnownMaterial {
    /// Name in the material table; what the resolved plan carries.
    pub name: String,
    /// Tabulated density, g/cm3.
    pub density: f64,
    /// Other names for it, e.g. "water" for "water_liquid".
    pub aliases: Vec<String>,
}

/// A nuclide a plan may name.
#[derive(Debug, Clone)]
pub struct KnownNuclide {
    /// Name, e.g. "Lu-177".
    pub name: String,
    /// Physical half-life, s.
    pub half_life: f64,
    /// Chain members that decay with it, e.g. "Bi-213".
    pub daughters: Vec<String>,
}

impl Vocabulary {
    /// The program's own tables.
    pub fn built_in() -> Self {
        use crate::{
            nuclide::{self, table},
            physics::materials::{ALIASES, materials},
        };
        let aliases = |name: &str| ALIASES.iter().filter(|(_, full)| *full == name).map(|(alias, _)| (*alias).to_owned()).collect();
        let daughters = |name: &str| {
            let members = nuclide::chain(name).map_or_else(|_| Vec::new(), |chain| chain.members);
            members.iter().skip(1).map(|m| m.nuclide.name.clone()).collect()
        };
        Self {
            materials: materials()
                .iter()
                .map(|m| KnownMaterial { name: m.name.clone(), density: m.density, aliases: aliases(&m.name) })
                .collect(),
            nuclides: table::all()
                .iter()
                .map(|n| KnownNuclide { name: n.name.clone(), half_life: n.half_life_s, daughters: daughters(&n.name) })
                .collect(),
        }
    }

    /// The material of that name or alias.
    pub fn material(&self, name: &str) -> Option<&KnownMaterial> {
        self.materials.iter().find(|m| m.name == name || m.aliases.iter().any(|a| a == name))
    }

    /// The nuclide of that name.
    pub fn nuclide(&self, name: &str) -> Option<&KnownNuclide> {
        self.nuclides.iter().find(|n| n.name == name)
    }

    pub(super) fn material_names(&self) -> impl Iterator<Item = &str> {
        self.materials.iter().flat_map(|m| m.aliases.iter().chain([&m.name])).map(String::as_str)
    }

    pub(super) fn nuclide_names(&self) -> impl Iterator<Item = &str> {
        self.nuclides.iter().map(|n| n.name.as_str())
    }
}
