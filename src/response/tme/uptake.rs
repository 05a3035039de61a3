//! What the response does to the next fraction's uptake: binding sites, perfusion and barrier against those at an earlier scan.

use super::{
    Domain, Field, Snapshot,
    row::{Row, parameter},
    simulation::patients,
};
use crate::{
    error::{Error, Result},
    plan::{ParameterSet, TmePlan},
};

/// Exponents of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Exponents {
    cells: f64,
    perfusion: f64,
    barrier: f64,
    doomed: f64,
    saturation: f64,
    caf_barrier: f64,
}

impl Exponents {
    fn new(region: &str, set: &ParameterSet, row: &Row<f64>) -> Result<Self> {
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
            caf_barrier: row.caf_barrier,
        })
    }

    /// Density of binding sites `rho = Rt (To + Th + eps_up X)`, relative to full packing.
    fn sites(&self, state: &Snapshot, voxel: usize) -> f64 {
        let of = |field: Field| f64::from(state.field(field)[voxel]);
        of(Field::Target) * (of(Field::Oxic) + of(Field::Hypoxic) + self.doomed * of(Field::Doomed))
    }

    /// `f(rho)^g_R v^g_p b_F^g_b`, with `f(rho) = rho`, or `rho/(rho + K)` where receptors saturate.
    fn affinity(&self, state: &Snapshot, voxel: usize) -> f64 {
        let of = |field: Field| f64::from(state.field(field)[voxel]);
        let sites = self.sites(state, voxel);
        let bound = if self.saturation > 0.0 { sites / (sites + self.saturation) } else { sites };
        let barrier = (1.0 + self.caf_barrier) / (1.0 + self.caf_barrier * of(Field::Caf));
        bound.powf(self.cells) * of(Field::Vessels).powf(self.perfusion) * barrier.powf(self.barrier)
    }
}

/// Uptake per administered activity over that at an earlier snapshot, in every active voxel:
/// `(rho/rho_m)^g_R (v/v_m)^g_p (b_F/b_F,m)^g_b`. 0 where nothing was bound then.
///
/// # Errors
/// [`Error::Input`] if a parameter is missing or negative.
pub fn ratio(plan: &TmePlan, domain: &Domain, rows: &[Row<f64>], measured: &Snapshot, now: &Snapshot) -> Result<Vec<f32>> {
    let regions = plan.regions.iter().zip(rows);
    let exponents: Vec<Exponents> =
        regions.map(|(region, row)| Exponents::new(&region.region, &region.parameters, row)).collect::<Result<_>>()?;
    let of = |(voxel, &row): (usize, &u8)| {
        let exponents = &exponents[usize::from(row)];
        let before = exponents.affinity(measured, voxel);
        if before > 0.0 { (exponents.affinity(now, voxel) / before) as f32 } else { 0.0 }
    };
    Ok(domain.row.iter().enumerate().map(of).collect())
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
