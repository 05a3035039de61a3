//! The materials that a phantom uses, each once.

use std::collections::HashMap;

use super::{PhantomInputs, pack_voxel};
use crate::{
    error::{Error, Result},
    physics::materials::Material,
    plan::Medium,
};

/// Densities a voxel may have, g/cm3: far below any gas at normal pressure to beyond osmium.
const DENSITIES: std::ops::RangeInclusive<f64> = 1.0e-9..=30.0;

/// Materials met so far.
pub(super) struct Palette<'a> {
    inputs: &'a dyn PhantomInputs,
    materials: Vec<Material>,
    by_name: HashMap<String, u8>,
}

impl<'a> Palette<'a> {
    pub(super) fn new(inputs: &'a dyn PhantomInputs) -> Self {
        Self { inputs, materials: Vec::new(), by_name: HashMap::new() }
    }

    /// The packed voxel of a medium; `of` names its owner in messages.
    pub(super) fn voxel(&mut self, medium: &Medium, of: &str) -> Result<u32> {
        let Some(material) = self.inputs.material(&medium.material) else {
            return Err(Error::input(format!("{of}: material \"{}\" is not in the table of materials", medium.material)));
        };
        let density = medium.density.unwrap_or(material.density);
        check_density(density, &of)?;
        Ok(pack_voxel(self.position(material)?, density as f32))
    }

    /// Position of a material, which is added if it is new.
    pub(super) fn position(&mut self, material: Material) -> Result<u8> {
        if let Some(&position) = self.by_name.get(&material.name) {
            return Ok(position);
        }
        let Ok(position) = u8::try_from(self.materials.len()) else {
            return Err(Error::input(format!(
                "the phantom uses more than 256 materials (the 257th is \"{}\"); a voxel's material is stored in 8 bits",
                material.name
            )));
        };
        self.by_name.insert(material.name.clone(), position);
        self.materials.push(material);
        Ok(position)
    }

    pub(super) fn into_materials(self) -> Vec<Material> {
        self.materials
    }
}

/// Refuses densities that no medium has.
pub(super) fn check_density(density: f64, of: &dyn std::fmt::Display) -> Result<()> {
    if DENSITIES.contains(&density) {
        return Ok(());
    }
    Err(Error::input(format!(
        "{of}: a density of {density} g/cm3 is not possible; expected {} to {} g/cm3",
        DENSITIES.start(),
        DENSITIES.end()
    )))
}
