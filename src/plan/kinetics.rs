//! Activity in time, as the plan gives it.

use serde::Serialize;

use super::{ImageFile, ImageQuantity, Prediction};

/// How the activity of a region runs in time after the start of its fraction.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Kinetics {
    /// A sum of exponentials from the start on.
    Phases {
        /// At least one; those with negative activity are uptake phases.
        phases: Vec<Phase>,
    },
    /// Measured activities, interpolated or fitted.
    Samples {
        /// The measurements.
        samples: Samples,
        /// What is made of them.
        treatment: Treatment,
    },
    /// A compartment of the fraction's model.
    Compartment {
        /// Position in the fraction's [`CompartmentModel::compartments`].
        compartment: usize,
    },
}

impl Kinetics {
    /// Activity at the start of the fraction, Bq, where the plan itself says it: in sums of exponentials; 0 otherwise.
    pub fn initial(&self) -> f64 {
        match self {
            Self::Phases { phases } => phases.iter().map(|phase| phase.activity).sum(),
            Self::Samples { .. } | Self::Compartment { .. } => 0.0,
        }
    }

    /// The same course with its activities multiplied; those of a compartment stand in its model.
    pub(super) fn scaled(mut self, factor: f64) -> Self {
        match &mut self {
            Self::Phases { phases } => phases.iter_mut().for_each(|phase| phase.activity *= factor),
            Self::Samples { samples, .. } => samples.activities.iter_mut().chain(&mut samples.sigmas).for_each(|a| *a *= factor),
            Self::Compartment { .. } => {}
        }
        self
    }
}

/// `activity e^(-ln2 t / T)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Phase {
    /// At the start of the fraction, Bq; negative in an uptake phase.
    pub activity: f64,
    /// Effective half-life T, s.
    pub effective_half_life: f64,
}

/// Activities that were measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Samples {
    /// s after the start of the fraction, ascending.
    pub times: Vec<f64>,
    /// Activities at these times (not decay-corrected any more), Bq.
    pub activities: Vec<f64>,
    /// Their standard uncertainties, Bq; empty where the plan gives none.
    pub sigmas: Vec<f64>,
}

/// What is made of measured activities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "treatment")]
pub enum Treatment {
    /// The course passes through every sample.
    Interpolate {
        /// Between two samples.
        between: Between,
        /// From the start of the fraction to the first sample.
        before: Before,
        /// After the last one.
        tail: Tail,
    },
    /// A curve is fitted.
    Fit {
        /// The curve.
        model: FitModel,
    },
}

/// How activity runs between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// Straight line (trapezoidal rule).
    Linear,
    /// Exponential; a straight line where one of the two is zero.
    LogLinear,
}

/// How activity runs before the first sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// Straight line from zero at the start.
    Zero,
    /// As the first sample, without decay.
    Constant,
    /// The first two samples' interpolation goes on backwards (never below zero).
    Extrapolated,
}

/// How activity falls after the last sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "tail")]
pub enum Tail {
    /// With physical decay alone: the upper limit.
    Physical,
    /// With the exponential fitted to the last samples.
    Fitted {
        /// How many of them, at least two.
        samples: usize,
    },
    /// With this effective half-life, s.
    HalfLife {
        /// s.
        effective: f64,
    },
}

/// Curves for fits; every phase falls at least as fast as the nuclide decays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FitModel {
    /// `A e^(-k t)`.
    Mono,
    /// `A (e^(-k t) - e^(-m t))`, m > k: from zero.
    Uptake,
    /// `A e^(-k t) + B e^(-m t)`, A, B >= 0.
    Bi,
    /// `A e^(-k t) + B e^(-m t) - (A + B) e^(-n t)`, A, B >= 0, n > k, m: from zero.
    BiUptake,
    /// `A e^(-k t) + B e^(-m t) + C e^(-n t)`, A, B, C >= 0.
    Tri,
}

impl FitModel {
    /// Names in plans.
    pub const NAMES: [(&'static str, Self); 5] =
        [("mono", Self::Mono), ("uptake", Self::Uptake), ("bi", Self::Bi), ("bi-uptake", Self::BiUptake), ("tri", Self::Tri)];

    /// Number of free parameters.
    pub fn parameters(self) -> usize {
        match self {
            Self::Mono => 2,
            Self::Uptake => 3,
            Self::Bi => 4,
            Self::BiUptake => 5,
            Self::Tri => 6,
        }
    }
}

/// Compartments that exchange the nuclide with constant rates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompartmentModel {
    /// The compartments.
    pub compartments: Vec<Compartment>,
    /// What passes between them.
    pub transfers: Vec<Transfer>,
}

/// One compartment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compartment {
    /// Unique name.
    pub name: String,
    /// Activity in it at the start of the fraction, Bq.
    pub initial: f64,
}

/// Transfer of the nuclide; physical decay comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Transfer {
    /// Position of the compartment it leaves.
    pub from: usize,
    /// Position of the one it enters; `None`: it leaves the body.
    pub to: Option<usize>,
    /// 1/s.
    pub rate: f64,
}

/// Quantitative images of one fraction at several times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageSeries {
    /// Two or more, ascending in time.
    pub images: Vec<TimedImage>,
    /// [`ImageQuantity::Concentration`], [`ImageQuantity::Activity`] or [`ImageQuantity::Counts`].
    pub quantity: ImageQuantity,
    /// Whether the values are decay-corrected to the start of the fraction (by the physical half-life).
    pub decay_corrected: bool,
    /// What is fitted.
    pub by: SeriesBy,
    /// What is made of the activities in time.
    pub treatment: Treatment,
    /// Relative standard uncertainty of the activity of a region or voxel in one image (noise, outlining): independent from image to image.
    pub noise: f64,
    /// Relative standard uncertainty of the camera's calibration: the same for all images of a plan.
    pub calibration: f64,
    /// Predicted: the images are those of [`Prediction::from`], to be multiplied by [`Prediction::scale`]; none: measured.
    pub predicted: Option<Prediction>,
}

/// An image and its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimedImage {
    /// The image.
    pub path: ImageFile,
    /// s after the start of the fraction.
    pub time: f64,
}

/// What of an image series has a course in time of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum SeriesBy {
    /// Each of these regions, with the pattern of its summed images; voxels of no listed region together as one more, if `rest`.
    Region {
        /// Names.
        regions: Vec<String>,
        /// For each of them the share of its activity that the images have inside its outline (partial volume); activities are divided by it.
        recovery: Vec<f64>,
        /// Whether what lies outside them counts.
        rest: bool,
    },
    /// Each voxel of these regions (none named: of the phantom) by a single exponential, gathered into classes of similar half-life.
    Voxel {
        /// Names.
        regions: Vec<String>,
        /// Number of classes of the half-life; voxel values of the time-integrated activity stay exact.
        classes: usize,
    },
}
