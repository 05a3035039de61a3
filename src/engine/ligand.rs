//! A ligand in the tumours of a plan: where it stays decides the pattern of uptakes that are written `pattern = "ligand"` (micro mode).

use std::sync::Arc;

use super::microenvironment::{device, supply};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    phantom::Phantom,
    plan::{FractionPlan, OxygenPlan, Plan, TmePlan, UptakePattern},
    response::tme::{
        Domain, Field, Snapshot,
        micro::{Device, LigandConstants, Supply, penetration},
        uptake,
    },
    source::PatternCache,
};

/// Steps of the uptake per half-life in plasma, and the least number: half as many change the mean depth by less than 2 %.
const STEPS_PER_HALF_LIFE: f64 = 8.0;
const STEPS_LEAST: f64 = 48.0;
/// Ligand retained below this share of the highest is what iteration leaves: it is set to this, so that every voxel has a ratio to later uptakes.
const LEAST: f64 = 1.0e-9;
/// Largest part of the ligand that may be made or lost.
const LOSS: f64 = 1.0e-3;

/// What a ligand meets on its way, and what it did in the untreated tumours.
#[derive(Debug)]
pub(super) struct Ligand {
    domain: Domain,
    /// The smallest box of voxels that holds the tumours and all that is not supplied, with one voxel around.
    grid: VoxelGrid,
    /// Where the evolving voxels are in it.
    places: Vec<usize>,
    supply: Vec<Supply>,
    constants: LigandConstants,
    /// Where later states are solved.
    device: Device,
    untreated: Arc<Vec<f64>>,
}

impl Ligand {
    /// Follows the ligand into the untreated tumours; `None` if no uptake of the plan has that pattern.
    ///
    /// That is done on the CPU whatever the device, since a stored result is found again by the bits of its patterns.
    ///
    /// # Errors
    /// If the plan's device cannot be opened, or there is no solution.
    pub(super) fn new(plan: &Plan, phantom: &Phantom, domain: impl FnOnce(&TmePlan) -> Result<Domain>) -> Result<Option<Self>> {
        let Some((tme, OxygenPlan::Micro(micro))) = plan.response.tme.as_ref().map(|tme| (tme, &tme.oxygen)) else { return Ok(None) };
        if !micro.ligand {
            return Ok(None);
        }
        let domain = domain(tme)?;
        let region = &tme.regions[0];
        let of = |name: &str| region.parameters.get(name);
        let (half_life, duration) = (of("plasma_half_life"), of("ligand_time"));
        let constants = LigandConstants {
            diffusivity: of("ligand_diffusivity"),
            k_on: of("ligand_binding"),
            k_off: of("ligand_release"),
            k_int: of("ligand_internalised"),
            plasma: of("plasma_concentration"),
            half_life,
            duration,
            steps: (STEPS_PER_HALF_LIFE * duration / half_life).ceil().max(STEPS_LEAST) as usize,
        };
        let everywhere = supply(micro, phantom, &domain);
        let (low, high) = bounds(&phantom.grid, &everywhere, &domain);
        let size = [0, 1, 2].map(|a| high[a] - low[a] + 1);
        let grid = VoxelGrid { size, ..phantom.grid };
        let inside = (0..grid.len()).map(|at| {
            let ijk = grid.ijk(at);
            phantom.grid.index([0, 1, 2].map(|a| ijk[a] + low[a]))
        });
        let supply: Vec<Supply> = inside.map(|voxel| everywhere[voxel]).collect();
        let place = |&voxel: &u32| {
            let ijk = phantom.grid.ijk(voxel as usize);
            grid.index([0, 1, 2].map(|a| ijk[a] - low[a]))
        };
        let places = domain.voxels.iter().map(place).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let device = device(&plan.transport.device, threads)?;
        let mut ligand = Self { domain, grid, places, supply, constants, device, untreated: Arc::default() };
        let start: Vec<f64> =
            tme.regions.iter().map(|r| r.parameters.get("initial_cells") * r.parameters.get("receptor_density")).collect();
        let receptors: Vec<f64> = ligand.domain.row.iter().map(|&row| start[usize::from(row)]).collect();
        ligand.untreated = Arc::new(ligand.retained(&receptors, |_| 1.0, &Device::Cpu(threads))?);
        Ok(Some(ligand))
    }

    /// Ligand that stays in every active voxel of the untreated tumours, nM.
    pub(super) fn untreated(&self) -> Arc<Vec<f64>> {
        Arc::clone(&self.untreated)
    }

    /// Ligand that stays in every active voxel, nM, if the uptake begins in a state.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(super) fn now(&self, tme: &TmePlan, state: &Snapshot) -> Result<Vec<f64>> {
        let vessels = state.field(Field::Vessels);
        self.retained(&uptake::receptors(tme, &self.domain, state)?, |voxel| vessels[voxel], &self.device)
    }

    /// `receptors` (nM) and `vessels` (perfusion over that at the start) by active voxel.
    fn retained(&self, receptors: &[f64], vessels: impl Fn(usize) -> f32, device: &Device) -> Result<Vec<f64>> {
        let mut passage: Vec<Option<f32>> = self.supply.iter().map(|&s| (s != Supply::Tissue).then_some(1.0)).collect();
        let mut sites = vec![0.0f32; passage.len()];
        for (voxel, &place) in self.places.iter().enumerate() {
            match &mut passage[place] {
                Some(open) => *open = vessels(voxel).clamp(0.0, 1.0),
                None => sites[place] = receptors[voxel] as f32,
            }
        }
        let found = penetration(&self.grid, &passage, &sites, &self.constants, device)?;
        let sum = |values: &[f32]| values.iter().map(|&x| f64::from(x)).sum::<f64>();
        let held = sum(&found.retained) + sum(&found.free);
        if (held - found.inflow).abs() > LOSS * found.inflow.abs() {
            return Err(Error::input(format!(
                "pattern \"ligand\": {:.4e} nM (summed over voxels) came in, but {held:.4e} are there; diffusion was not solved well enough",
                found.inflow
            )));
        }
        let highest = found.retained.iter().copied().fold(0.0f32, f32::max);
        let least = LEAST * f64::from(highest);
        let of = |(&place, &receptors): (&usize, &f64)| {
            if passage[place].is_some() || receptors <= 0.0 { 0.0 } else { f64::from(found.retained[place]).max(least) }
        };
        Ok(self.places.iter().zip(receptors).map(of).collect())
    }

    /// Gives the patterns that a fraction needs; `retained` says by active voxel what stays: where the number of a fraction is given, then.
    ///
    /// # Errors
    /// If there is none in a region.
    pub(super) fn give<'r>(
        &self,
        fraction: &FractionPlan,
        cache: &mut PatternCache<'_>,
        retained: impl Fn(Option<u32>) -> Option<&'r Vec<f64>>,
    ) -> Result<()> {
        for uptake in fraction.uptakes.iter().filter(|u| u.pattern == UptakePattern::Ligand) {
            let region = cache.phantom().region_names.iter().position(|name| *name == uptake.region);
            let row = self.domain.regions.iter().position(|name| *name == uptake.region);
            let (Some(region), Some(row), Some(amounts)) = (region, row, retained(uptake.predicted.map(|p| p.from))) else {
                return Err(Error::input(format!(
                    "fraction {}: pattern \"ligand\" in region \"{}\", which does not evolve in [response.tme]",
                    fraction.number, uptake.region
                )));
            };
            let mine = (0..self.domain.voxels.len()).filter(|&v| usize::from(self.domain.row[v]) == row);
            cache.give_ligand(region, mine.map(|v| (self.domain.voxels[v], amounts[v])))?;
        }
        Ok(())
    }
}

/// First and last voxel, along each axis, of what evolves or is not supplied, and one more as far as the grid goes.
fn bounds(grid: &VoxelGrid, supply: &[Supply], domain: &Domain) -> ([u32; 3], [u32; 3]) {
    let tissue = (0..supply.len()).filter(|&v| supply[v] == Supply::Tissue);
    let (mut low, mut high) = (grid.size.map(|n| n - 1), [0; 3]);
    for voxel in tissue.chain(domain.voxels.iter().map(|&v| v as usize)) {
        let ijk = grid.ijk(voxel);
        for a in 0..3 {
            low[a] = low[a].min(ijk[a].saturating_sub(1));
            high[a] = high[a].max((ijk[a] + 1).min(grid.size[a] - 1));
        }
    }
    (low, high)
}
