//! Where and how much: uptake per fraction becomes time-integrated activity per voxel, by source component.
//!
//! [`build`] makes the sources of a fraction. It reads nothing itself: images come through [`UptakeInputs`]. Patterns that are equal are kept
//! once in a [`PatternCache`], so that the transport can run them once for all fractions. Equations: `docs/methods/uptake.md`.

mod activities;
mod build;
mod cache;
mod combination;
pub mod course;
pub mod daughters;
mod depth;
mod diffusion;
pub mod groups;
mod image;
pub mod kinetics;
mod lognormal;
mod pattern;
mod prediction;
mod random;
mod region;
mod series;
mod vessels;

use crate::{
    error::Result,
    grid::VoxelGrid,
    plan::{ImageFile, ImageQuantity},
    volume::Volume,
};

pub use build::{build, build_predicted};
pub use cache::PatternCache;
pub use combination::Combination;
pub use course::{Piece, TimeCourse};
pub use groups::{DecayGroup, DecayGroups};
pub use kinetics::{FitParameter, FitReport, Realised};
pub use prediction::{PredictedUptake, UptakeChange, UptakeLaw};

/// What sources are built from besides the plan and the phantom; the program answers from its readers, tests from memory.
pub trait UptakeInputs {
    /// An uptake image.
    fn image(&self, file: &ImageFile, quantity: ImageQuantity) -> Result<Volume<f32>>;
    /// Amounts per voxel shared out onto another grid, in proportion to overlap; also returns the amount outside that grid.
    fn resample_conserving(&self, image: &Volume<f32>, target: &VoxelGrid) -> (Volume<f64>, f64);
}

/// One source component: a chain member, with what decays together with it, at one place.
///
/// Components are what the transport runs and what fractions, kinetics and schedules recombine.
#[derive(Debug, Clone)]
pub struct SourceComponent {
    /// For reports, e.g. "Lu-177 in kidney_left".
    pub name: String,
    /// Position in the plan's nuclides of what was administered.
    pub nuclide: usize,
    /// What decays: position in the [`DecayGroups`].
    pub group: usize,
    /// Activity over all voxels in time, Bq: decays of the group's head per second.
    pub course: std::sync::Arc<TimeCourse>,
    /// Its integral, Bq s: decays of the head from the start of the fraction on.
    pub tia: f64,
    /// How well the activity is known.
    pub uncertainty: ActivityUncertainty,
    /// Where the decays are: normalised, shared by components with the same pattern.
    pub pattern: std::sync::Arc<DecayPattern>,
}

/// Relative standard uncertainty of a time-integrated activity; it is carried beside the statistical one of the transport, never mixed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct ActivityUncertainty {
    /// Activities of one origin (a fit and all that follows from it: daughters) err together; those of different origins independently.
    pub origin: usize,
    /// Of the fit or measurement of that origin.
    pub own: f64,
    /// Of the calibration: common to everything that has one.
    pub calibration: f64,
}

/// Relative distribution of decays over voxels. Two components with equal patterns and nuclide need one transport.
#[derive(Debug, Clone, PartialEq)]
pub struct DecayPattern {
    /// Voxels with decays, ascending storage positions.
    pub voxels: Vec<u32>,
    /// Share of the decays in each of them; positive, sums to 1 within rounding.
    pub shares: Vec<f64>,
}

/// Atoms of a chain member, formed in the phantom, that do not decay there.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OutsideDecays {
    /// Such as "Bi-213".
    pub member: String,
    /// Where they were formed.
    pub from: String,
    /// What became of them.
    pub fate: &'static str,
    /// How many.
    pub atoms: f64,
}

/// The activity of the administered nuclide at one place, and where it comes from.
#[derive(Debug, Clone, serde::Serialize)]
pub struct TimeActivity {
    /// Such as "Lu-177 in kidneys".
    pub place: String,
    /// Time-integrated activity to infinity, Bq s.
    pub tia: f64,
    /// How well it is known.
    pub uncertainty: ActivityUncertainty,
    /// Measured activities behind it: s after the start of the fraction, Bq.
    pub samples: Vec<(f64, f64)>,
    /// The fit through them, if there is one.
    pub fit: Option<FitReport>,
    /// Bq in time.
    pub course: TimeCourse,
    /// Where it is.
    #[serde(skip)]
    pub pattern: std::sync::Arc<DecayPattern>,
    /// False: taken over from an earlier fraction, as the response predicts it.
    #[serde(skip)]
    pub measured: bool,
    /// What it follows in the next fraction.
    #[serde(skip)]
    pub law: UptakeLaw,
}

/// The sources of one fraction.
#[derive(Debug, Clone)]
pub struct FractionSource {
    /// 1, 2, 3 ...
    pub number: u32,
    /// Start, s.
    pub start: f64,
    /// The components.
    pub components: Vec<SourceComponent>,
    /// Chain members that decay outside the phantom.
    pub outside: Vec<OutsideDecays>,
    /// Activities of what was administered, from which the components follow.
    pub activities: Vec<TimeActivity>,
    /// What the response made of uptakes that are taken over from an earlier fraction.
    pub predicted: Vec<PredictedUptake>,
    /// What was lost or changed (activity outside the phantom, resampling, ...), in words with numbers.
    pub warnings: Vec<String>,
}
