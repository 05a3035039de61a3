//! Opens the model of the microenvironment: its oxygen, and the device that advances its voxels.

use std::sync::Arc;

use crate::{
    error::Result,
    phantom::Phantom,
    plan::{OxygenPlan, Plan, TissueParameters, TmePlan},
    response::tme::{
        Domain,
        cpu::model::{CpuModel, CpuOxygen},
        cpu::oxygen::oxygen_lookup,
        gpu::{GpuModel, GpuOxygen},
        model::{ModelInput, VoxelModel},
        oxygen::closure::{OxygenConstants, OxygenTable},
        simulation::{OxygenSource, Simulation},
    },
    transport::gpu::adapter::{self, Choice},
};

/// The untreated tumours of a plan, on the device that the plan names.
///
/// # Errors
/// If parameters do not fit together, or the device cannot be opened.
pub(super) fn open(
    plan: &Plan,
    tme: &TmePlan,
    _phantom: &Phantom,
    domain: &Domain,
    tissues: &[TissueParameters],
    threads: usize,
) -> Result<Simulation> {
    let device = adapter::choose(&plan.transport.device)?;
    let build = |input: &ModelInput, cpu: CpuOxygen<f32>, gpu: GpuOxygen| -> Result<Box<dyn VoxelModel>> {
        Ok(match &device {
            Choice::Cpu(_) => Box::new(CpuModel::<f32>::new(input, cpu, Some(threads))?),
            Choice::Gpu(candidate) => Box::new(GpuModel::new(input, &gpu, candidate)?),
        })
    };
    match &tme.oxygen {
        OxygenPlan::Off => Simulation::new(tme, tissues, domain, OxygenSource::Off, |input| build(input, CpuOxygen::Off, GpuOxygen::Off)),
        OxygenPlan::Macro => {
            let (words, at) = tables(tme)?;
            let (single, places) = (Arc::new(words.iter().map(|&w| w as f32).collect::<Vec<f32>>()), at.clone());
            let gpu = GpuOxygen::Table { words: single.to_vec(), at: at.clone() };
            let cpu = CpuOxygen::Closure(Box::new(move |row, vessels, consumption, capillary| {
                oxygen_lookup(&single, places[row], vessels, consumption, capillary)
            }));
            let source = OxygenSource::Closure(Box::new(move |row, vessels, consumption, capillary| {
                oxygen_lookup(&words, at[row], vessels, consumption, capillary)
            }));
            Simulation::new(tme, tissues, domain, source, |input| build(input, cpu, gpu))
        }
        OxygenPlan::Micro(_) => Err(crate::error::Error::input("micro")),
    }
}

/// Oxygen tables of all regions in one, and where that of each begins; regions with the same constants share theirs.
fn tables(tme: &TmePlan) -> Result<(Vec<f64>, Vec<u32>)> {
    let (mut words, mut at) = (Vec::new(), Vec::new());
    let mut known: Vec<(OxygenConstants, u32)> = Vec::new();
    for region in &tme.regions {
        let constants = OxygenConstants::from_parameters(&region.parameters)?;
        let place = match known.iter().find(|(other, _)| *other == constants) {
            Some(&(_, place)) => place,
            None => {
                let place = words.len() as u32;
                words.extend(OxygenTable::<f64>::new(&constants)?.words);
                known.push((constants, place));
                place
            }
        };
        at.push(place);
    }
    Ok((words, at))
}
