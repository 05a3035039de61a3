//! The plan: what the user wrote, checked and resolved, with every default made explicit.
//!
//! `file` is the TOML as typed; [`Plan`] is what it means, in the program's units. Nothing downstream looks at the TOML again.

mod daughters;
mod describe;
mod file;
mod frame;
mod image_file;
mod kinetics;
mod presets;
pub mod quantity;
mod section;
mod show;
mod tme;
#[cfg(test)]
mod trace;
mod vocabulary;

use std::{collections::BTreeMap, path::PathBuf};

use glam::DVec3;
use serde::Serialize;

use crate::{
    grid::VoxelGrid,
    io::dicom::rtdose::{Bits, DoseQuantity},
};

pub use daughters::{Destination, RecoilEscape, Redistribution};
pub use file::{load_with, parse, schema::schema};
pub use frame::Fault;
pub use image_file::ImageFile;
pub use kinetics::{
    Before, Between, Compartment, CompartmentModel, FitModel, ImageSeries, Kinetics, Phase, Samples, SeriesBy, Tail, TimedImage, Transfer,
    Treatment,
};
pub use tme::{
    DrugEffect, DrugKinetics, DrugPlan, Growth, Hook, Mark, MicroOxygenPlan, Origin, OxygenPlan, Parameter, ParameterSet, Quality, TmePlan,
    TmeRegion,
};
pub use vocabulary::{KnownMaterial, KnownNuclide, Vocabulary};

/// Reads a plan against the program's own tables of materials and nuclides.
///
/// # Errors
/// As [`load_with`].
pub fn load(path: &std::path::Path) -> crate::error::Result<Plan> {
    load_with(path, &Vocabulary::built_in())
}

/// Names of the tissues that `[response]` knows.
pub fn tissue_names() -> impl Iterator<Item = &'static str> {
    presets::TISSUES.keys().map(String::as_str)
}

/// A complete, checked plan. All quantities are in the units of [`crate::units`].
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Title for reports.
    pub title: String,
    /// Where the plan came from.
    pub source: PlanSource,
    /// How the voxel phantom is made.
    pub phantom: PhantomPlan,
    /// Regions, in the order written (painting order for shapes).
    pub regions: Vec<RegionPlan>,
    /// The nuclides that fractions refer to by position.
    pub nuclides: Vec<NuclidePlan>,
    /// Fractions (therapy cycles), in order of start time.
    pub fractions: Vec<FractionPlan>,
    /// Doses computed elsewhere that count beside the fractions, in the order written.
    pub external: Vec<ExternalDosePlan>,
    /// How particles are transported.
    pub transport: TransportPlan,
    /// Radiobiology per region.
    pub response: ResponsePlan,
    /// What is written.
    pub output: OutputPlan,
    /// Values that the file left out: dotted path ("transport.seed", "fraction.1.uptakes.0.pattern") and where the value came from.
    pub defaults: BTreeMap<String, String>,
}

/// The plan's file and its fingerprint.
#[derive(Debug, Clone, Serialize)]
pub struct PlanSource {
    /// The file.
    pub path: PathBuf,
    /// The text as read.
    #[serde(skip)]
    pub text: String,
    /// SHA-256 of the text, hexadecimal.
    pub sha256: String,
}

/// How the voxel phantom is made. Paths are resolved against the plan's folder.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PhantomPlan {
    /// Shapes of the regions painted in order on a grid.
    Procedural {
        /// The grid.
        grid: VoxelGrid,
        /// What fills voxels that no shape covers.
        background: Medium,
    },
    /// A label image; regions name their labels.
    Labels {
        /// The image of integer labels, or a DICOM segmentation.
        image: ImageFile,
        /// What fills voxels of label 0 (any other label without a region is an error).
        background: Medium,
    },
    /// A CT image in HU, converted by a ramp; regions name labels of the optional label image or carry shapes.
    Ct {
        /// The CT image.
        image: ImageFile,
        /// Label image on the same grid, or DICOM contours or segments.
        labels: Option<ImageFile>,
        /// Voxels of the CT that make one voxel of the phantom, along the axes of the CT.
        merge: [u32; 3],
        /// Whether all images are registered to the CT, whatever their DICOM frames of reference say.
        registered: bool,
    },
}

impl PhantomPlan {
    /// Voxels of the image that make one voxel of the phantom.
    pub fn merge(&self) -> [u32; 3] {
        match self {
            Self::Ct { merge, .. } => *merge,
            _ => [1; 3],
        }
    }
}

/// A material, with the density where it differs from the material's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Medium {
    /// Name in `physics::materials`.
    pub material: String,
    /// g/cm3; `None`: the material's tabulated density.
    pub density: Option<f64>,
}

/// A named region: a set of voxels for uptake, for dose tables, and (without CT) of one medium.
#[derive(Debug, Clone, Serialize)]
pub struct RegionPlan {
    /// Unique name.
    pub name: String,
    /// Medium; `None` with a CT: as the CT says. A later region overrides an earlier one where both cover a voxel.
    pub medium: Option<Medium>,
    /// Shapes that together make the region (procedural phantoms, and lesions drawn into a CT or label image).
    pub shapes: Vec<Shape>,
    /// Labels of the label image (numbers of contoured structures or segments) that make the region.
    pub labels: Vec<u32>,
    /// Names of contoured structures or segments that make the region.
    pub rois: Vec<String>,
}

/// A shape in the patient frame, mm. A voxel belongs to it if its centre does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "shape")]
pub enum Shape {
    /// Axis-aligned box: centre and full edge lengths.
    Box {
        /// Centre, mm.
        center: DVec3,
        /// Full edge lengths, mm.
        size: DVec3,
    },
    /// Sphere.
    Sphere {
        /// Centre, mm.
        center: DVec3,
        /// Radius, mm.
        radius: f64,
    },
    /// Axis-aligned ellipsoid.
    Ellipsoid {
        /// Centre, mm.
        center: DVec3,
        /// Half lengths of its axes, mm.
        semi_axes: DVec3,
    },
    /// Finite cylinder: centre, direction of its axis (need not be a unit vector), radius and full height.
    Cylinder {
        /// Centre, mm.
        center: DVec3,
        /// Direction of its axis.
        axis: DVec3,
        /// Radius, mm.
        radius: f64,
        /// Full height, mm.
        height: f64,
    },
    /// Spherical shell.
    Shell {
        /// Centre, mm.
        center: DVec3,
        /// Inner radius, mm.
        inner_radius: f64,
        /// Outer radius, mm.
        outer_radius: f64,
    },
    /// All points with `from <= x . axis < to`; axis 0, 1, 2 = x, y, z.
    Slab {
        /// 0, 1, 2 = x, y, z.
        axis: usize,
        /// Lower face, mm (belongs to the slab).
        from: f64,
        /// Upper face, mm (does not).
        to: f64,
    },
    /// All points on the side of `point` to which `normal` points.
    HalfSpace {
        /// A point of its face, mm.
        point: DVec3,
        /// Points into the half-space; need not be a unit vector.
        normal: DVec3,
    },
}

/// A nuclide that is administered.
#[derive(Debug, Clone, Serialize)]
pub struct NuclidePlan {
    /// Name as in the nuclide table, e.g. "Ac-225".
    pub name: String,
    /// Whether the chain members decay in equilibrium where the parent decays; otherwise the parent alone is transported.
    pub daughters: bool,
    /// What becomes of chain members that do not stay where they are formed.
    pub redistribution: Vec<Redistribution>,
}

/// One fraction (therapy cycle).
#[derive(Debug, Clone, Serialize)]
pub struct FractionPlan {
    /// 1, 2, 3 ... in order of start.
    pub number: u32,
    /// Start (time of administration), s after the start of the first fraction or the plan's zero.
    pub start: f64,
    /// Position in [`Plan::nuclides`].
    pub nuclide: usize,
    /// Administered activity, Bq.
    pub administered: f64,
    /// Uptake by region.
    pub uptakes: Vec<RegionUptake>,
    /// Uptake by image.
    pub images: Vec<ImageUptake>,
    /// Uptake by images at several times.
    pub series: Vec<ImageSeries>,
    /// Compartments to which uptakes may refer.
    pub compartments: Option<CompartmentModel>,
    /// s after the start from which this fraction's activity no longer counts (the next one's images hold what is left); none: to infinity.
    pub until: Option<f64>,
    /// Number of the fraction from whose uptake this one's is predicted by the response, but for what is measured (see the uptakes); none:
    /// all is measured, as written.
    pub predicted_from: Option<u32>,
    /// Histories for this fraction, over all its source components.
    pub histories: u64,
}

/// A dose computed elsewhere: external beam, an earlier therapy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExternalDosePlan {
    /// 1, 2, 3 ... in the order written.
    pub number: u32,
    /// Unique name.
    pub name: String,
    /// RT Dose or image, Gy: the dose of all sessions together.
    pub path: PathBuf,
    /// Sessions that deliver it in equal parts, each within minutes (no repair during it).
    pub fractions: u32,
    /// First session, s on the clock of the fractions; negative before its zero.
    pub start: f64,
    /// Time between sessions, s.
    pub interval: f64,
}

/// Uptake that the response predicts from an earlier fraction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prediction {
    /// Number of the fraction in which the uptake was measured.
    pub from: u32,
    /// Administered activity over that of `from`.
    pub scale: f64,
}

/// Uptake of one region in one fraction.
#[derive(Debug, Clone, Serialize)]
pub struct RegionUptake {
    /// Region name.
    pub region: String,
    /// Its activity in time; fractions of the administered activity are already multiplied out.
    pub kinetics: Kinetics,
    /// How the activity is spread over the region's voxels.
    pub pattern: UptakePattern,
    /// Predicted: `kinetics` is what an unchanged region would take up ([`Prediction::scale`] is in it); none: measured.
    pub predicted: Option<Prediction>,
}

/// How activity is spread inside a region; the mean over the region is set by its activity.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "pattern")]
pub enum UptakePattern {
    /// The same concentration (per volume) everywhere.
    Uniform,
    /// Log-normal random field: coefficient of variation, Gaussian correlation length (mm; standard deviation of the smoothing is length / sqrt 2), seed.
    LogNormal {
        /// Standard deviation over mean.
        cv: f64,
        /// Correlation length, mm.
        correlation: f64,
        /// Seed of the field.
        seed: u64,
    },
    /// Concentration proportional to `core + (1 - core) exp(-depth / length)`, depth = distance from the region's rim, mm.
    Rim {
        /// Depth over which the concentration falls by e, mm.
        length: f64,
        /// Concentration far from the rim, relative to that at the rim.
        core: f64,
    },
    /// Random straight vessels (mean spacing mm, seed); concentration proportional to `exp(-d / length)`, d = distance to the nearest vessel, mm.
    Vessels {
        /// Mean distance between vessels, mm.
        spacing: f64,
        /// Distance over which the concentration falls by e, mm.
        length: f64,
        /// Seed of the vessels.
        seed: u64,
    },
    /// As a ligand stays that diffuses in from what supplies the tumour and binds where it arrives, at the start of the fraction (micro mode).
    Ligand,
}

/// Uptake from an image, resampled onto the phantom's grid with activity conserved.
#[derive(Debug, Clone, Serialize)]
pub struct ImageUptake {
    /// The image.
    pub path: ImageFile,
    /// What its values mean.
    pub quantity: ImageQuantity,
    /// Only voxels of this region count; `None`: the whole image inside the phantom.
    pub region: Option<String>,
    /// Effective half-life, s; with time-integrated activity it only shapes the dose rate (the physical one if the plan says nothing).
    pub effective_half_life: f64,
    /// Time of the image after the start of the fraction, s; values are decayed back with the effective half-life.
    pub time: f64,
    /// Predicted: the image is that of [`Prediction::from`], to be multiplied by [`Prediction::scale`]; none: measured.
    pub predicted: Option<Prediction>,
}

/// What the values of an uptake image mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "quantity")]
pub enum ImageQuantity {
    /// Bq per voxel of the image.
    Activity,
    /// Bq/mL.
    Concentration,
    /// Bq s per voxel of the image.
    TimeIntegratedActivity,
    /// Counts per voxel of the image.
    Counts {
        /// Bq that one count stands for.
        per_count: f64,
    },
    /// Any unit; scaled so that the total at the image's time is this activity, Bq.
    Relative {
        /// Bq.
        total: f64,
    },
}

/// How particles are transported.
#[derive(Debug, Clone, Serialize)]
pub struct TransportPlan {
    /// Default number of histories per fraction.
    pub histories: u64,
    /// Statistical batches (at least 16).
    pub batches: u32,
    /// Stop early, or go on beyond `histories`, until this is met.
    pub goal: Option<UncertaintyGoal>,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Device: "auto", "cpu", an index, or part of a name.
    pub device: String,
    /// Alpha and electron stopping data for water: ICRU 90 (I = 78 eV) or ICRU 37/49 (I = 75 eV).
    pub water: WaterData,
    /// Delta-ray production threshold, MeV; `None`: from the voxel size.
    pub delta_threshold: Option<f64>,
    /// Electron absorption energy, MeV; `None`: from the voxel size.
    pub electron_cut: Option<f64>,
    /// What is done with gamma rays, x-rays, annihilation photons and bremsstrahlung.
    pub photons: PhotonMode,
    /// Energy from which bremsstrahlung is emitted as photons, MeV; `None`: from the voxel size.
    pub photon_threshold: Option<f64>,
    /// Photon absorption energy, MeV; `None`: the lowest energy of the tables, 1 keV.
    pub photon_cut: Option<f64>,
    /// Whether electrons that cannot leave their voxel deposit at once.
    pub range_rejection: bool,
}

/// Uncertainty to reach in a region.
#[derive(Debug, Clone, Serialize)]
pub struct UncertaintyGoal {
    /// Region name.
    pub region: String,
    /// Relative standard error (1 sigma) of a voxel's total dose, root mean square over the region's voxels.
    pub relative: f64,
    /// Give up (exit code 1, results written) after this many histories per fraction.
    pub max_histories: u64,
}

/// Stopping data used for water.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaterData {
    /// ICRU Report 90, I = 78 eV.
    Icru90,
    /// ICRU 37 and 49 (ESTAR, ASTAR), I = 75 eV.
    Icru49,
}

/// What is done with photons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotonMode {
    /// Photons and the electrons that they set free are transported; what these deposit is scored.
    Analogue,
    /// Photons are transported; the mean energy absorbed along their way (collision kerma) is scored instead of their electrons.
    TrackLength,
    /// No photons: gamma and x-rays are missing in the dose, bremsstrahlung deposits along the track of its electron.
    Off,
}

impl PhotonMode {
    /// Names in plans and on the command line.
    pub const NAMES: [(&'static str, Self); 3] = [("analogue", Self::Analogue), ("track-length", Self::TrackLength), ("off", Self::Off)];
}

/// Radiobiology (tier T0): per region, in the order of [`Plan::regions`]; regions without an entry of their own use `default`.
#[derive(Debug, Clone, Serialize)]
pub struct ResponsePlan {
    /// Parameters where a region has none.
    pub default: TissueParameters,
    /// Region name and its parameters.
    pub regions: Vec<(String, TissueParameters)>,
    /// The tumour microenvironment in time; none: closed forms alone.
    pub tme: Option<TmePlan>,
}

impl ResponsePlan {
    /// Parameters of a region.
    pub fn of(&self, region: &str) -> &TissueParameters {
        self.regions.iter().find(|(name, _)| name == region).map_or(&self.default, |(_, p)| p)
    }
}

/// Linear-quadratic parameters of a tissue and what is asked of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TissueParameters {
    /// alpha for low-LET radiation, 1/Gy.
    pub alpha: f64,
    /// alpha/beta for low-LET radiation, Gy.
    pub alpha_beta: f64,
    /// Half-time of sub-lethal damage repair, s.
    pub repair_half_time: f64,
    /// RBE_M on alpha for high-LET radiation (its beta is that of low LET times `high_let_beta`).
    pub rbe_high_let: f64,
    /// Factor on beta for high-LET radiation.
    pub high_let_beta: f64,
    /// Tumour: clonogens per mL, for TCP.
    pub clonogens_per_ml: Option<f64>,
    /// Tumour: potential doubling time and kick-off time, s, for repopulation.
    pub repopulation: Option<Repopulation>,
    /// Normal tissue: Lyman-Kutcher-Burman parameters on EQD2.
    pub lkb: Option<Lkb>,
    /// Normal tissue: limit on the mean BED, Gy.
    pub bed_limit: Option<f64>,
    /// Parameters that the user did not give (defaults, marked as assumed in the reports).
    pub assumed: Vec<String>,
}

/// Repopulation during a protracted treatment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Repopulation {
    /// Potential doubling time, s.
    pub doubling_time: f64,
    /// Kick-off time after the first fraction, s.
    pub kick_off: f64,
}

/// Lyman-Kutcher-Burman normal-tissue complication model; doses are EQD2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lkb {
    /// Gy at 50 % complication, whole organ.
    pub td50: f64,
    /// Slope.
    pub m: f64,
    /// Volume parameter.
    pub n: f64,
}

/// What is written besides the standard files.
#[derive(Debug, Clone, Serialize)]
pub struct OutputPlan {
    /// Also write MetaImage (`.mha`).
    pub metaimage: bool,
    /// Also write NRRD (`.nrrd`).
    pub nrrd: bool,
    /// Also write NumPy arrays (`.npy`), with their position as JSON.
    pub npy: bool,
    /// Also write doses as MetaImage in GATE's frame: centred on the grid, along its axes.
    pub gate_frame: bool,
    /// Also write RT Dose objects.
    pub dicom: Option<DicomPlan>,
    /// Take patient and study of DICOM inputs out of everything that is written.
    pub anonymise: bool,
    /// Write the dose map of each fraction (the total is always written).
    pub fractions: bool,
    /// Write per fraction the dose rate at its start, its effective decay constant and the amplitudes of all its terms.
    pub dose_rate: bool,
    /// Store dose per decay of every component, so that the response can be computed again without transport (always with the model
    /// of the microenvironment).
    pub components: bool,
    /// Times at which the dose rate of all fractions together is written, s after the start of the first fraction; ascending.
    pub dose_rate_at: Vec<f64>,
    /// V_x thresholds of the region table, Gy.
    pub dose_levels: Vec<f64>,
    /// Bin width of the DVH, Gy; `None`: 1/500 of the maximum dose.
    pub dvh_bin: Option<f64>,
}

/// RT Dose objects.
#[derive(Debug, Clone, Serialize)]
pub struct DicomPlan {
    /// Bits per voxel.
    pub bits: Bits,
    /// What is written, each once.
    pub quantities: Vec<DoseQuantity>,
}

/// For tests: a cube of water with one region and one fraction, without its end.
#[cfg(test)]
pub(crate) const ONE_REGION: &str = r#"
[phantom]
voxels = [4, 4, 4]
spacing = "3 mm"
background = "water"
[[region]]
name = "a"
material = "water"
shape = "box"
center = "0, 0, 0 mm"
size = "12, 12, 12 mm"
[[nuclide]]
name = "Lu-177"
[[fraction]]
administered = "1 GBq"
[fraction.uptake.a]
fraction = 0.1
half_life = "50 h"
"#;
