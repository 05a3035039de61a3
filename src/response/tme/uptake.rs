//! What the response does to the next fraction's uptake: binding sites, perfusion and barrier against those at an earlier scan.

use super::{
    Domain, Field, Snapshot,
    cpu::biology::biology_barrier,
    row::{Row, parameter},
    simulation::patients,
    stage::Stage,
};
use crate::{
    error::{Error, Result},
    plan::{ParameterSet, TmePlan, TmeRegion},
};

/// Exponents of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Exponents {
    cells: f64,
    perfusion: f64,
    barrier: f64,
    doomed: f64,
    saturation: f64,
}

impl Exponents {
    fn new(region: &str, set: &ParameterSet) -> Result<Self> {
        let get = |name: &str| {
            let value = parameter(region, set, name)?;
            if value.is_finite() && value >= 0.0 {
                return Ok(value);
            }
            let message =
                format!("response of region \"{region}\": the parameter \"{name}\" is {value}; it must be finite and zero or more");
            Err(Error::input(message))
        };
        Ok(Self {
            cells: get("uptake_cells")?,
            perfusion: get("uptake_perfusion")?,
            barrier: get("uptake_barrier")?,
            doomed: get("uptake_doomed")?,
            saturation: get("uptake_saturation")?,
        })
    }

    /// Density of binding sites `rho = Rt (To + Th + eps_up X)`, relative to full packing.
    fn sites(&self, state: &Snapshot, voxel: usize) -> f64 {
        let of = |field: Field| f64::from(state.field(field)[voxel]);
        of(Field::Target) * (of(Field::Oxic) + of(Field::Hypoxic) + self.doomed * of(Field::Doomed))
    }

    /// `f(rho)^g_R v^g_p b_F^g_b`, with `f(rho) = rho`, or `rho/(rho + K)` where receptors saturate.
    fn affinity(&self, row: &Row<f64>, stage: &Stage<f64>, state: &Snapshot, voxel: usize) -> f64 {
        let of = |field: Field| f64::from(state.field(field)[voxel]);
        let sites = self.sites(state, voxel);
        let bound = if self.saturation > 0.0 { sites / (sites + self.saturation) } else { sites };
        let barrier = biology_barrier(row, stage, of(Field::Caf));
        bound.powf(self.cells) * of(Field::Vessels).powf(self.perfusion) * barrier.powf(self.barrier)
    }
}

/// Uptake per administered activity of every active voxel, in units that only its ratios at two times have: `f(rho)^g_R v^g_p b_F^g_b`.
/// `stage`: what drugs do at that time, the fibroblasts' barrier among it.
///
/// # Errors
/// [`Error::Input`] if a parameter is missing or negative.
pub fn affinity(plan: &TmePlan, domain: &Domain, rows: &[Row<f64>], stage: &Stage<f64>, state: &Snapshot) -> Result<Vec<f64>> {
    let exponents: Vec<Exponents> =
        plan.regions.iter().map(|region| Exponents::new(&region.region, &region.parameters)).collect::<Result<_>>()?;
    let of = |(voxel, &row): (usize, &u8)| exponents[usize::from(row)].affinity(&rows[usize::from(row)], stage, state, voxel);
    Ok(domain.row.iter().enumerate().map(of).collect())
}

/// Binding sites of every active voxel for a ligand, nM: `rho` times `receptor_density`.
///
/// # Errors
/// As [`affinity`].
pub fn receptors(plan: &TmePlan, domain: &Domain, state: &Snapshot) -> Result<Vec<f64>> {
    let of_region = |region: &TmeRegion| {
        let density = parameter(&region.region, &region.parameters, "receptor_density")?;
        Ok((Exponents::new(&region.region, &region.parameters)?, density))
    };
    let regions: Vec<(Exponents, f64)> = plan.regions.iter().map(of_region).collect::<Result<_>>()?;
    let of = |(voxel, &row): (usize, &u8)| {
        let (exponents, density) = &regions[usize::from(row)];
        density * exponents.sites(state, voxel)
    };
    Ok(domain.row.iter().enumerate().map(of).collect())
}

/// What has become of a quantity since an earlier time; 0 where there was nothing then.
pub fn change(then: f64, now: f64) -> f64 {
    if then > 0.0 { now / then } else { 0.0 }
}

/// Factor on the uptake of organs as the tumours' burden changes: `(V0 + kappa TTV_m)/(V0 + kappa TTV)` (tumour sink), volumes in mL.
///
/// # Errors
/// [`Error::Input`] if a parameter is missing or negative, or differs between regions.
pub fn sink(plan: &TmePlan, measured_ml: f64, now_ml: f64) -> Result<f64> {
    let (strength, volume) = (patients(plan, "sink_strength", 0.0)?, patients(plan, "sink_volume", f64::MIN_POSITIVE)?);
    Ok((volume + strength * measured_ml) / (volume + strength * now_ml))
}

/// Volume of all tumours, mL: cells and debris, `(To + Th + X + N) V`.
pub fn burden(domain: &Domain, state: &Snapshot) -> f64 {
    let fields = [Field::Oxic, Field::Hypoxic, Field::Doomed, Field::Dead];
    let cells: f64 = fields.iter().flat_map(|&field| state.field(field)).map(|&cells| f64::from(cells)).sum();
    cells * domain.grid.voxel_volume_cm3()
}
