//! What advances the voxels: on the CPU ([`super::cpu::model`]) or on the GPU.

use super::{FIELDS, Field, VoxelSource, coefficients::StepActivity, oxygen_state::Oxygen, row::Row, stage::Stage};
use crate::error::Result;

/// What a model starts from.
#[derive(Debug, Clone)]
pub struct ModelInput {
    /// Constants of the regions.
    pub rows: Vec<Row<f64>>,
    /// Region of every voxel.
    pub row_of: Vec<u8>,
    /// [`FIELDS`] fields at the start, one after the other.
    pub fields: Vec<f64>,
    /// [`Stage::antigen`] is this times the sum of [`super::cpu::biology::biology_antigen`] over all voxels.
    pub antigen_scale: f64,
}

impl ModelInput {
    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.row_of.len()
    }

    /// Distinct repair constants (1/d), and for every row the positions of those of its tumour cells and of its endothelium.
    pub fn repair(&self) -> (Vec<f64>, Vec<[u32; 2]>) {
        let mut constants: Vec<f64> = Vec::new();
        let mut place = |mu: f64| {
            let known = constants.iter().position(|known| *known == mu);
            known.unwrap_or_else(|| {
                constants.push(mu);
                constants.len() - 1
            }) as u32
        };
        let places = self.rows.iter().map(|row| [place(row.repair), place(row.endothelium_repair)]).collect();
        (constants, places)
    }
}

/// A step: half of the biology, the radiation of all of it, the other half of the biology (Strang). [`Stage::antigen`] is not set: the model
/// finds it from its own voxels at each stage.
#[derive(Debug)]
pub struct StepInput<'a> {
    /// Stages at the start and at the middle of the step.
    pub first: [Stage<f64>; 2],
    /// What holds for the radiation: drugs at the middle.
    pub radiation: Stage<f64>,
    /// Stages at the middle and at the end.
    pub second: [Stage<f64>; 2],
    /// Activity of the sources.
    pub activity: &'a StepActivity,
    /// Factor on all repair constants.
    pub repair: f64,
}

/// Unrepaired dose of tumour cells (low-LET equivalent) at the ends of steps, where it was above
/// [`LQ_UNREPAIRED_LIMIT`](crate::response::maps::LQ_UNREPAIRED_LIMIT): there the linear-quadratic model may overestimate killing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Unrepaired {
    /// Highest of any voxel so far, Gy; 0 if none was above the limit.
    pub highest: f64,
    /// How often that of a voxel rose above the limit.
    pub times: u64,
}

/// Voxels in time.
pub trait VoxelModel {
    /// Takes the maps of the next source; its number is how many there were. `scale`: see [`super::coefficients::Activities::scale`].
    ///
    /// # Errors
    /// If the maps do not fit the voxels, or memory does not suffice.
    fn add_source(&mut self, source: &VoxelSource, scale: f64) -> Result<()>;

    /// Takes the oxygen of every voxel, which holds until the next call. Only where oxygen diffuses between voxels.
    ///
    /// # Errors
    /// If the model finds oxygen itself, or a device fails.
    fn set_oxygen(&mut self, oxygen: &[Oxygen<f64>]) -> Result<()>;

    /// Advances all voxels.
    ///
    /// # Errors
    /// If a device fails.
    fn step(&mut self, step: &StepInput) -> Result<()>;

    /// Sum of the antigen of all voxels times its scale, now.
    ///
    /// # Errors
    /// If a device fails.
    fn antigen(&mut self) -> Result<f64>;

    /// Unrepaired dose beyond the limit of the linear-quadratic model so far.
    ///
    /// # Errors
    /// If a device fails.
    fn unrepaired(&mut self) -> Result<Unrepaired>;

    /// All [`FIELDS`] fields, one after the other.
    ///
    /// # Errors
    /// If a device fails.
    fn fields(&mut self) -> Result<Vec<f64>>;

    /// Overwrites a field.
    ///
    /// # Errors
    /// If a device fails.
    fn set_field(&mut self, field: Field, values: &[f64]) -> Result<()>;
}

/// One field of all.
pub fn field_of(fields: &[f64], field: Field) -> &[f64] {
    let voxels = fields.len() / FIELDS;
    &fields[field as usize * voxels..][..voxels]
}
