//! The tumour microenvironment in time: cells, vessels, oxygen, stroma and immune cells of every active voxel under the dose rates of all fractions.
//!
//! Time in days, dose in Gy, densities as shares of full packing; seconds are converted where the plan comes in.

pub mod baseline;
pub mod blood;
pub mod coefficients;
pub mod cpu;
pub mod drugs;
pub mod gpu;
pub mod layout;
pub mod marrow;
pub mod micro;
pub mod model;
pub mod open;
pub mod oxygen;
pub mod oxygen_state;
pub mod quality;
pub mod real;
mod record;
pub mod row;
pub mod signals;
pub mod simulation;
pub mod stage;
pub mod timeline;
pub mod uptake;
pub mod weighted;

use std::sync::Arc;

use crate::{grid::VoxelGrid, source::TimeCourse};

/// Voxels that evolve, compacted: all maps of the model have one value for each, in this order.
#[derive(Debug, Clone)]
pub struct Domain {
    /// The grid they belong to.
    pub grid: VoxelGrid,
    /// Storage positions on the grid, ascending.
    pub voxels: Vec<u32>,
    /// Position of each voxel's region in [`Self::regions`].
    pub row: Vec<u8>,
    /// Names of the regions.
    pub regions: Vec<String>,
}

/// Dose per decay of one source component in the active voxels.
#[derive(Debug, Clone)]
pub struct VoxelSource {
    /// Low-LET dose, Gy per decay.
    pub low: Vec<f32>,
    /// High-LET part; none: no high-LET radiation.
    pub high: Option<HighLet>,
    /// Mean dose in blood, Gy per decay, low and high LET; none: not scored.
    pub blood: Option<f64>,
    /// Mean dose in the marrow region, Gy per decay; none: not scored.
    pub marrow: Option<f64>,
}

/// High-LET dose of a source in the active voxels.
#[derive(Debug, Clone)]
pub struct HighLet {
    /// Gy per decay.
    pub dose: Vec<f32>,
    /// The same times alpha of its quality (1 per decay): alpha of the region's tissue at the LET of the voxel, well oxygenated.
    pub effect: Vec<f32>,
    /// [`Self::effect`] times what is left of the oxygen effect, `(1 - 1/m(LET))/(1 - 1/m(0))`: with the low-LET multiplier w of section
    /// "oxygen" (1 with oxygen), killing by `alpha` is `effect - (1 - w) effect_oxygen`.
    pub effect_oxygen: Vec<f32>,
}

/// Activity of a source in one fraction.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Position of the source.
    pub source: usize,
    /// Start of the fraction, s on the plan's clock.
    pub start: f64,
    /// Activity from then on, Bq.
    pub course: Arc<TimeCourse>,
    /// Factor on the activity.
    pub factor: f64,
}

/// Fields of the state, one f32 per active voxel each; the number is the place in [`Snapshot::fields`] and in the buffers of the kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Field {
    /// Viable tumour cells with oxygen, share of packing.
    Oxic,
    /// Viable hypoxic tumour cells.
    Hypoxic,
    /// Doomed cells, in all stages.
    Doomed,
    /// Dead cells and debris.
    Dead,
    /// Perfused vessels, 1 at the start.
    Vessels,
    /// Linear-quadratic effect on endothelium, forgotten by turnover.
    Endothelium,
    /// Cancer-associated fibroblasts, 1 at the start.
    Caf,
    /// M1 macrophages.
    M1,
    /// M2 macrophages.
    M2,
    /// Primed T cells (n_E of Kosinsky 2018), cells.
    Primed,
    /// Effector T cells (d_E), cells.
    Effector,
    /// PD-L1, 0 to 1.
    PdL1,
    /// Binding sites per cell, 1 at the start.
    Target,
    /// Share of cells that emit bystander signals.
    Emitters,
    /// Bystander signal.
    Signal,
    /// Unrepaired low-LET dose in tumour cells, Gy.
    UnrepairedLow,
    /// Unrepaired high-LET dose in tumour cells, Gy.
    UnrepairedHigh,
    /// Unrepaired low-LET dose in endothelium, Gy.
    VesselLow,
    /// Unrepaired high-LET dose in endothelium, Gy.
    VesselHigh,
    /// Low-LET dose so far, Gy.
    DoseLow,
    /// High-LET dose so far, Gy.
    DoseHigh,
    /// `Int alpha_H dD_H` so far, well oxygenated.
    EffectHigh,
    /// `Int b W dt / beta_low` so far, Gy^2, well oxygenated: `BED = DoseLow + EffectHigh/alpha + 2 Encounter/(alpha/beta)`.
    Encounter,
    /// Cells cleared away so far.
    Cleared,
    /// Cells born so far.
    Born,
    /// Dose of the last days (both LETs, forgotten over 7 d), Gy; only where low dose turns macrophages.
    Recent,
    /// Those of [`Self::Doomed`] in the first of several stages; none where there is one.
    DoomedFirst,
    /// Those of [`Self::Doomed`] in the second of three stages. The others are in the last.
    DoomedSecond,
}

/// Number of fields.
pub const FIELDS: usize = Field::DoomedSecond as usize + 1;

impl Field {
    /// All fields in order.
    pub const ALL: [Self; FIELDS] = [
        Self::Oxic,
        Self::Hypoxic,
        Self::Doomed,
        Self::Dead,
        Self::Vessels,
        Self::Endothelium,
        Self::Caf,
        Self::M1,
        Self::M2,
        Self::Primed,
        Self::Effector,
        Self::PdL1,
        Self::Target,
        Self::Emitters,
        Self::Signal,
        Self::UnrepairedLow,
        Self::UnrepairedHigh,
        Self::VesselLow,
        Self::VesselHigh,
        Self::DoseLow,
        Self::DoseHigh,
        Self::EffectHigh,
        Self::Encounter,
        Self::Cleared,
        Self::Born,
        Self::Recent,
        Self::DoomedFirst,
        Self::DoomedSecond,
    ];
}

/// The state at one time.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// s on the plan's clock.
    pub time: f64,
    /// [`FIELDS`] fields of [`Domain::voxels`], one after the other.
    pub fields: Vec<f32>,
    /// Mean pO2, mmHg; 0 values where oxygen is off.
    pub oxygen: Vec<f32>,
    /// Hypoxic fraction.
    pub hypoxia: Vec<f32>,
}

impl Snapshot {
    /// One field.
    pub fn field(&self, field: Field) -> &[f32] {
        let n = self.oxygen.len();
        &self.fields[field as usize * n..][..n]
    }
}
