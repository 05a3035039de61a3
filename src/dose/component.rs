//! From energy per history to absorbed dose per decay, component by component.

use std::sync::Arc;

use crate::{
    dose::{ComponentDose, tally::TallyMeans},
    error::{Error, Result},
    phantom::Phantom,
    source::DecayPattern,
    units::GY_PER_MEV_PER_G,
};

/// Voxels worked on at once where maps are joined, so that sums can be kept in `f64` without a second grid in memory.
pub(super) const CHUNK: usize = 1 << 16;

/// Quality of a radiation, as far as dose is kept apart by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LetClass {
    /// Electrons, positrons, photons.
    Low,
    /// Alphas and recoil nuclei.
    High,
}

/// One run of the transport: a component's particles of one kind. A history is one emitted particle.
#[derive(Debug, Clone, Copy)]
pub struct ScoredRun<'a> {
    /// Quality of the radiation.
    pub class: LetClass,
    /// Particles of this kind per decay of the parent: what turns "per history" into "per decay".
    pub yield_per_decay: f64,
    /// What was scored.
    pub means: &'a TallyMeans,
}

/// Energy that is deposited where the decay happens, without transport and without statistical error.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LocalDeposit {
    /// For reports, e.g. "recoil nuclei" or "electrons below 1 keV".
    pub what: String,
    /// Quality of the radiation.
    pub class: LetClass,
    /// MeV per decay of the parent.
    pub energy: f64,
}

/// Energy per decay in one region, all runs and local deposits of a component together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RegionEnergy {
    /// Low-LET energy, MeV per decay.
    pub low: f64,
    /// High-LET energy, MeV per decay.
    pub high: f64,
    /// Variance of `low + high`, (MeV per decay)^2, from the region's batch sums.
    pub variance: f64,
    /// Energy of the particles whose LET was scored, MeV per decay.
    pub alpha: f64,
    /// The same times LET, MeV keV/um per decay.
    pub alpha_let: f64,
    /// [`Self::alpha`] times saturated lineal energy, MeV keV/um per decay; 0 where it was not scored.
    pub alpha_quality: f64,
}

/// Dose of one source component per decay of its parent, only where there is any.
///
/// 12 bytes per voxel with dose, 24 with alphas, 28 with their saturated lineal energy. [`Self::maps`] spreads it over the grid for the response module.
#[derive(Debug, Clone)]
pub struct ScoredComponent {
    /// For reports.
    pub name: String,
    /// Voxels with dose, ascending storage positions; the maps below have one value for each.
    pub voxels: Vec<u32>,
    /// Low-LET dose, Gy per decay.
    pub low: Vec<f32>,
    /// High-LET dose (alphas and recoils), Gy per decay; `None` where nothing of the kind is emitted.
    pub high: Option<Vec<f32>>,
    /// Dose of the particles whose LET was scored (alphas, without recoils), Gy per decay: the weight of the mean LET.
    pub alpha: Option<Vec<f32>>,
    /// Alpha dose times its dose-averaged LET, Gy keV/um per decay.
    pub dose_let: Option<Vec<f32>>,
    /// Alpha dose times its dose-averaged saturated lineal energy y* (at 1 g/cm3), Gy keV/um per decay; `None` where it was not scored.
    pub dose_quality: Option<Vec<f32>>,
    /// Standard error of `low + high` (1 sigma), Gy per decay.
    pub sigma: Vec<f32>,
    /// Slot 0: the whole grid; slot `i`: region `i - 1`.
    pub regions: Vec<RegionEnergy>,
}

/// Sums of one chunk of voxels.
#[derive(Clone, Copy, Default)]
struct Cell {
    low: f64,
    high: f64,
    alpha: f64,
    alpha_let: f64,
    alpha_quality: f64,
    variance: f64,
}

impl Cell {
    fn is_hit(&self) -> bool {
        self.low > 0.0 || self.high > 0.0 || self.alpha_let > 0.0 || self.alpha_quality > 0.0
    }
}

impl ScoredComponent {
    /// Joins the runs of a component (independent of each other: their variances add) and its local deposits.
    ///
    /// Dose per decay = energy per history x particles per decay / mass of the voxel; local deposits: energy per decay x the
    /// voxel's share of the decays / mass. The mass is the voxel's own, however small.
    ///
    /// # Errors
    /// If energy reaches a voxel without mass, or a yield or local energy is negative or not finite.
    pub fn new(
        name: impl Into<String>,
        phantom: &Phantom,
        pattern: &DecayPattern,
        runs: &[ScoredRun<'_>],
        local: &[LocalDeposit],
    ) -> Result<Self> {
        let name = name.into();
        for value in runs.iter().map(|r| r.yield_per_decay).chain(local.iter().map(|l| l.energy)) {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::input(format!("{name}: {value} is not a yield or energy per decay (finite, not negative)")));
            }
        }
        let has_high = runs.iter().any(|r| r.class == LetClass::High) || local.iter().any(|l| l.class == LetClass::High);
        let has_let = runs.iter().any(|r| r.means.edep_let.is_some());
        let has_quality = runs.iter().any(|r| r.means.edep_quality.is_some());
        let mut out = Self {
            name,
            voxels: Vec::new(),
            low: Vec::new(),
            high: has_high.then(Vec::new),
            alpha: has_let.then(Vec::new),
            dose_let: has_let.then(Vec::new),
            dose_quality: has_quality.then(Vec::new),
            sigma: Vec::new(),
            regions: region_energies(phantom, pattern, runs, local),
        };
        let local_energy = |class| local.iter().filter(|l| l.class == class).map(|l| l.energy).sum::<f64>();
        let (local_low, local_high) = (local_energy(LetClass::Low), local_energy(LetClass::High));

        let grid_len = phantom.grid.len();
        let mut cursors = vec![0; runs.len()];
        let mut source = 0;
        let mut cells = vec![Cell::default(); CHUNK.min(grid_len)];
        for start in (0..grid_len).step_by(CHUNK) {
            let end = (start + CHUNK).min(grid_len);
            let cells = &mut cells[..end - start];
            cells.fill(Cell::default());
            for (run, cursor) in runs.iter().zip(&mut cursors) {
                add_run(cells, start, run, cursor);
            }
            while let Some(&v) = pattern.voxels.get(source).filter(|&&v| (v as usize) < end) {
                cells[v as usize - start].low += local_low * pattern.shares[source];
                cells[v as usize - start].high += local_high * pattern.shares[source];
                source += 1;
            }
            for (i, cell) in cells.iter().enumerate().filter(|(_, c)| c.is_hit()) {
                out.push(phantom, start + i, cell)?;
            }
        }
        Ok(out)
    }

    fn push(&mut self, phantom: &Phantom, v: usize, cell: &Cell) -> Result<()> {
        let mass = phantom.mass(v);
        if mass <= 0.0 {
            let [i, j, k] = phantom.grid.ijk(v);
            return Err(Error::input(format!(
                "{}: energy is deposited in voxel ({i}, {j}, {k}), which has no mass; give its material a density above 0",
                self.name
            )));
        }
        let gy = GY_PER_MEV_PER_G / mass;
        self.voxels.push(v as u32);
        self.low.push((cell.low * gy) as f32);
        self.sigma.push((cell.variance.sqrt() * gy) as f32);
        for (map, energy) in [
            (&mut self.high, cell.high),
            (&mut self.alpha, cell.alpha),
            (&mut self.dose_let, cell.alpha_let),
            (&mut self.dose_quality, cell.alpha_quality),
        ] {
            if let Some(map) = map {
                map.push((energy * gy) as f32);
            }
        }
        Ok(())
    }

    /// Memory of the maps, bytes.
    pub fn bytes(&self) -> usize {
        let maps = 3 + [&self.high, &self.alpha, &self.dose_let, &self.dose_quality].iter().filter(|m| m.is_some()).count();
        self.voxels.len() * maps * size_of::<f32>()
    }

    /// The maps over a whole grid of `grid_len` voxels, as the response module takes them: 8 bytes per voxel, 16 with alphas.
    pub fn maps(&self, grid_len: usize) -> ComponentDose {
        let spread = |values: &[f32]| {
            let mut map = vec![0.0; grid_len];
            for (&v, &value) in self.voxels.iter().zip(values) {
                map[v as usize] = value;
            }
            Arc::new(map)
        };
        ComponentDose {
            low: spread(&self.low),
            high: self.high.as_deref().map(spread),
            sigma: spread(&self.sigma),
            dose_let: self.dose_let.as_deref().map(spread),
            high_weighted: None,
        }
    }

    /// Positions in the maps of the voxels in `start..end`.
    pub(super) fn range(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        self.voxels.partition_point(|&v| (v as usize) < start)..self.voxels.partition_point(|&v| (v as usize) < end)
    }
}

/// Adds a run's energies, MeV per decay, to the chunk that begins at `start`; `cursor` runs along.
fn add_run(cells: &mut [Cell], start: usize, run: &ScoredRun<'_>, cursor: &mut usize) {
    let means = run.means;
    let n = run.yield_per_decay;
    while let Some(&v) = means.voxels.get(*cursor).filter(|&&v| (v as usize) < start + cells.len()) {
        let at = *cursor;
        let cell = &mut cells[v as usize - start];
        let energy = n * means.edep[at];
        match run.class {
            LetClass::Low => cell.low += energy,
            LetClass::High => cell.high += energy,
        }
        if let Some(edep_let) = &means.edep_let {
            cell.alpha += energy;
            cell.alpha_let += n * edep_let[at];
        }
        if let Some(edep_quality) = &means.edep_quality {
            cell.alpha_quality += n * edep_quality[at];
        }
        cell.variance += (n * means.sigma[at]).powi(2);
        *cursor += 1;
    }
}

fn region_energies(phantom: &Phantom, pattern: &DecayPattern, runs: &[ScoredRun<'_>], local: &[LocalDeposit]) -> Vec<RegionEnergy> {
    let mut regions = vec![RegionEnergy::default(); phantom.region_names.len() + 1];
    for run in runs {
        assert_eq!(run.means.regions.len(), regions.len(), "tallies of this phantom's regions");
        for (region, means) in regions.iter_mut().zip(&run.means.regions) {
            let energy = run.yield_per_decay * means.edep;
            match run.class {
                LetClass::Low => region.low += energy,
                LetClass::High => region.high += energy,
            }
            if run.means.edep_let.is_some() {
                region.alpha += energy;
                region.alpha_let += run.yield_per_decay * means.edep_let;
                region.alpha_quality += run.yield_per_decay * means.edep_quality;
            }
            region.variance += (run.yield_per_decay * means.sigma).powi(2);
        }
    }
    let mut decays = vec![0.0; regions.len()];
    for (&v, share) in pattern.voxels.iter().zip(&pattern.shares) {
        decays[0] += share;
        let label = phantom.regions[v as usize] as usize;
        if label > 0 {
            decays[label] += share;
        }
    }
    for deposit in local {
        for (region, share) in regions.iter_mut().zip(&decays) {
            match deposit.class {
                LetClass::Low => region.low += deposit.energy * share,
                LetClass::High => region.high += deposit.energy * share,
            }
        }
    }
    regions
}

#[cfg(test)]
#[path = "component_tests.rs"]
mod tests;
