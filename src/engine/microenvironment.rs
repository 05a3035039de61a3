//! Opens the model of the microenvironment: its oxygen, and the device that advances its voxels.

use std::sync::Arc;

use crate::{
    error::{Error, Result},
    phantom::Phantom,
    plan::{MicroOxygenPlan, OxygenPlan, Plan, TissueParameters, TmePlan},
    response::tme::{
        Domain,
        cpu::oxygen::oxygen_local,
        micro::{Device, MicroOxygen, MicroState, Supply, random_vessels},
        open::{self, ModelOxygen},
        oxygen::OxygenConstants,
        oxygen_state::Oxygen,
        signals::{self, Signals},
        simulation::{OxygenField, OxygenSource, Simulation},
    },
    transport::gpu::{
        adapter::{self, Choice},
        device::GpuDevice,
    },
};

/// The untreated tumours of a plan, on the device that the plan names.
///
/// # Errors
/// If parameters do not fit together, or the device cannot be opened.
pub(super) fn open(
    plan: &Plan,
    tme: &TmePlan,
    phantom: &Phantom,
    domain: &Domain,
    tissues: &[TissueParameters],
    threads: usize,
) -> Result<Simulation> {
    let wanted = &plan.transport.device;
    tme.oxygen.fits(phantom.grid.spacing).map_err(|fault| {
        Error::input(format!("[response.tme]: {}{}", fault.message, fault.help.map_or_else(String::new, |help| format!("; {help}"))))
    })?;
    let (source, own) = match &tme.oxygen {
        OxygenPlan::Off => (OxygenSource::Off, Some(ModelOxygen::Off)),
        OxygenPlan::Macro => {
            let (source, tables) = ModelOxygen::closure(tme)?;
            (source, Some(tables))
        }
        OxygenPlan::Micro(micro) => {
            let field = Field::new(micro, tme, phantom, domain, &device(wanted, threads)?)?;
            (OxygenSource::Field(Box::new(field)), None)
        }
    };
    let mut simulation = Simulation::new(tme, tissues, domain, source, |input| {
        // Where oxygen diffuses, every step brings its own.
        let oxygen = own.unwrap_or_else(|| ModelOxygen::Voxels(vec![Oxygen::full(); input.voxels()]));
        open::open(input, oxygen, wanted, threads).map(|(model, _)| model)
    })?;
    if signals::diffuse(tme)? {
        simulation.set_signals(Signals::new(tme, domain, &device(wanted, threads)?)?);
    }
    Ok(simulation)
}

/// Where diffusion is solved.
pub(super) fn device(wanted: &str, threads: usize) -> Result<Device> {
    Ok(match adapter::choose(wanted)? {
        Choice::Cpu(_) => Device::Cpu(threads),
        Choice::Gpu(candidate) => Device::Gpu(Arc::new(GpuDevice::open(&candidate)?)),
    })
}

/// Voxels of the grid that are held at a pO2, mmHg, by region; regions that evolve cannot be held.
fn held(micro: &MicroOxygenPlan, phantom: &Phantom) -> Vec<Option<f32>> {
    let of_label: Vec<Option<f32>> =
        phantom.region_names.iter().map(|name| micro.held.iter().find(|(region, _)| region == name).map(|&(_, po2)| po2 as f32)).collect();
    let of = |&label: &u16| usize::from(label).checked_sub(1).and_then(|region| of_label[region]);
    phantom.regions.iter().map(of).collect()
}

/// What supplies each voxel of the grid.
pub(super) fn supply(micro: &MicroOxygenPlan, phantom: &Phantom, domain: &Domain) -> Vec<Supply> {
    let mut supply: Vec<Supply> = held(micro, phantom).into_iter().map(|po2| po2.map_or(Supply::Tissue, Supply::Held)).collect();
    if let Some((share, seed)) = micro.vessels {
        for voxel in random_vessels(&domain.voxels, share, seed) {
            supply[voxel as usize] = Supply::Capillary;
        }
    }
    supply
}

/// Change of a voxel's consumption or perfusion (over those at the start), or of the supply's pO2 (mmHg), up to which the last solution holds.
const STALE: f64 = 0.005;

/// Oxygen that diffuses in the phantom's grid. Tissue that neither evolves nor is held consumes nothing.
struct Field {
    solver: MicroOxygen,
    constants: OxygenConstants,
    voxels: Vec<u32>,
    consumption: Vec<f32>,
    perfusion: Vec<f32>,
    shift: f64,
    solution: Vec<Oxygen<f64>>,
}

impl Field {
    fn new(micro: &MicroOxygenPlan, tme: &TmePlan, phantom: &Phantom, domain: &Domain, device: &Device) -> Result<Self> {
        let constants = OxygenConstants::from_parameters(&tme.regions[0].parameters)?;
        for region in &tme.regions[1..] {
            let other =
                OxygenConstants { hypoxic_fraction: constants.hypoxic_fraction, ..OxygenConstants::from_parameters(&region.parameters)? };
            if other != constants {
                return Err(Error::input(format!(
                    "[response.tme]: oxygen diffuses through the regions \"{}\" and \"{}\" with different parameters; in oxygen mode \"micro\" \
                     diffusivity, consumption and all others of oxygen must be the same everywhere",
                    tme.regions[0].region, region.region
                )));
            }
        }
        let n = phantom.grid.len();
        let solver = MicroOxygen::new(&phantom.grid, &supply(micro, phantom, domain), &constants, device)?;
        Ok(Self {
            solver,
            constants,
            voxels: domain.voxels.clone(),
            consumption: vec![0.0; n],
            perfusion: vec![1.0; n],
            shift: 0.0,
            solution: Vec::new(),
        })
    }
}

impl OxygenField for Field {
    fn solve(&mut self, consumption: &[f64], vessels: &[f64], shift: f64) -> Result<Vec<Oxygen<f64>>> {
        let apart = |(&voxel, (&now, &open)): (&u32, (&f64, &f64))| {
            let v = voxel as usize;
            (now - f64::from(self.consumption[v])).abs().max((open - f64::from(self.perfusion[v])).abs())
        };
        let change = self.voxels.iter().zip(consumption.iter().zip(vessels)).map(apart).fold((shift - self.shift).abs(), f64::max);
        if change <= STALE && !self.solution.is_empty() {
            return Ok(self.solution.clone());
        }
        self.shift = shift;
        for ((&voxel, &consumption), &vessels) in self.voxels.iter().zip(consumption).zip(vessels) {
            self.consumption[voxel as usize] = consumption as f32;
            self.perfusion[voxel as usize] = vessels as f32;
        }
        let state = MicroState { consumption: &self.consumption, perfusion: Some(&self.perfusion), capillary_shift: shift };
        let po2 = self.solver.solve(&state)?;
        let OxygenConstants { hypoxia_limit, oer_max, oer_half, .. } = self.constants;
        let local = |&v: &u32| oxygen_local(f64::from(po2[v as usize]), hypoxia_limit, oer_max, oer_half);
        self.solution = self.voxels.iter().map(local).collect();
        Ok(self.solution.clone())
    }
}
