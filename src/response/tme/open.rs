//! The voxel model on the device that the user names.

use std::sync::Arc;

use super::{
    cpu::{
        model::{CpuModel, CpuOxygen},
        oxygen::oxygen_lookup,
    },
    gpu::GpuModel,
    layout::OxygenMode,
    model::{ModelInput, VoxelModel},
    oxygen::{OxygenConstants, OxygenTable},
    oxygen_state::Oxygen,
    simulation::OxygenSource,
};
use crate::{
    error::Result,
    plan::TmePlan,
    transport::gpu::adapter::{self, Choice},
};

/// How voxels find their oxygen, on any device.
#[derive(Debug, Clone)]
pub enum ModelOxygen {
    /// All cells have it.
    Off,
    /// In tables of the closure ([`super::oxygen::OxygenTable`]).
    Tables {
        /// The words of all tables.
        words: Vec<f32>,
        /// Where that of each row begins.
        at: Vec<u32>,
    },
    /// From outside, for every voxel.
    Voxels(Vec<Oxygen<f64>>),
}

impl ModelOxygen {
    /// The closure of every region of a plan, for the voxels and, from the same tables, for the simulation.
    ///
    /// # Errors
    /// If constants of oxygen are missing or not possible.
    pub fn closure(plan: &TmePlan) -> Result<(OxygenSource, Self)> {
        let (mut known, mut words, mut at) = (Vec::new(), Vec::new(), Vec::new());
        for region in &plan.regions {
            let constants = OxygenConstants::from_parameters(&region.parameters)?;
            let place = match known.iter().find(|(other, _)| *other == constants) {
                Some((_, place)) => *place,
                None => {
                    known.push((constants, words.len() as u32));
                    words.extend(OxygenTable::<f32>::new(&constants)?.words);
                    known[known.len() - 1].1
                }
            };
            at.push(place);
        }
        let (own, starts): (Arc<[f32]>, Vec<u32>) = (words.clone().into(), at.clone());
        let source = OxygenSource::Closure(Box::new(move |row, vessels, consumption, capillary| {
            let o = oxygen_lookup(&own, starts[row], vessels as f32, consumption as f32, capillary as f32);
            let [po2, hypoxic, oxic_weight, hypoxic_weight] = [o.po2, o.hypoxic, o.oxic_weight, o.hypoxic_weight].map(f64::from);
            Oxygen { po2, hypoxic, oxic_weight, hypoxic_weight }
        }));
        Ok((source, Self::Tables { words, at }))
    }

    /// How the kernels call it.
    pub fn mode(&self) -> OxygenMode {
        match self {
            Self::Off => OxygenMode::Off,
            Self::Tables { .. } => OxygenMode::Table,
            Self::Voxels(_) => OxygenMode::Field,
        }
    }

    /// The same for the CPU, with the kernels' table in the kernels' arithmetic.
    pub fn on_cpu(self) -> CpuOxygen<f32> {
        match self {
            Self::Off => CpuOxygen::Off,
            Self::Tables { words, at } => CpuOxygen::Tables(words.into(), at),
            Self::Voxels(voxels) => {
                let round = |o: Oxygen<f64>| Oxygen {
                    po2: o.po2 as f32,
                    hypoxic: o.hypoxic as f32,
                    oxic_weight: o.oxic_weight as f32,
                    hypoxic_weight: o.hypoxic_weight as f32,
                };
                CpuOxygen::Voxels(voxels.into_iter().map(round).collect())
            }
        }
    }
}

/// Opens the model for "auto", "cpu", an index or part of a name, with a line that says which device it is and why. Software adapters are used
/// only where they are named, as for the transport.
///
/// # Errors
/// If no device matches, it cannot be opened, or the input does not fit together.
pub fn open(input: &ModelInput, oxygen: ModelOxygen, wanted: &str, threads: usize) -> Result<(Box<dyn VoxelModel>, String)> {
    match adapter::choose(wanted)? {
        Choice::Cpu(reason) => {
            let model = CpuModel::<f32>::new(input, oxygen.on_cpu(), Some(threads))?;
            Ok((Box::new(model), format!("response: CPU, {threads} threads ({reason})")))
        }
        Choice::Gpu(candidate) => {
            let model = GpuModel::new(input, &oxygen, &candidate)?;
            let info = candidate.device_info();
            let warning = if candidate.is_software() { "; software adapter: for tests, not for speed" } else { "" };
            Ok((Box::new(model), format!("response: {} ({}, {}, {}{warning})", info.name, info.kind, info.backend, info.driver)))
        }
    }
}
