//! The tumour-microenvironment part of a plan: what evolves, with which parameters, drugs and outputs.

mod dimension;
mod library;
mod parameters;

pub(in crate::plan) use dimension::{CLEARANCE, CONCENTRATION, DISTRIBUTION, MASS, MOLAR_MASS, NUMBER, OWN, PRESSURE, RATE, model_unit};
pub(in crate::plan) use library::{BUILT_IN, Definition, Library, load, unknown_name, value_of, written};
pub use parameters::{Mark, Origin, Parameter, ParameterSet};

use glam::DVec3;
use serde::Serialize;

use super::{frame::Fault, show};

/// Voxels from this edge on hold many capillaries, mm.
const MACRO_FROM: f64 = 0.5;
/// Voxels up to this edge resolve the diffusion of oxygen (about 70 to 100 um), mm.
const MICRO_TO: f64 = 0.05;

/// The time-dependent model of tumour and microenvironment (tiers T1 to T3). Times in s, as everywhere in a plan.
#[derive(Debug, Clone, Serialize)]
pub struct TmePlan {
    /// Regions whose voxels evolve, with their parameters.
    pub regions: Vec<TmeRegion>,
    /// End of the simulation, s after the plan's zero.
    pub horizon: f64,
    /// Length of a step, s.
    pub step: f64,
    /// How oxygen is found.
    pub oxygen: OxygenPlan,
    /// Whether cells that are lost leave their oxygen to the others.
    pub reoxygenation: bool,
    /// Whether T cells act ("research, not calibrated in humans").
    pub immune: bool,
    /// Whether irradiated cells harm their neighbours by signals.
    pub bystander: bool,
    /// Law of growth.
    pub growth: Growth,
    /// How alpha of high-LET radiation is found.
    pub quality: Quality,
    /// Whether cells that no alpha particle meets are counted as survivors (compound Poisson).
    pub few_hits: bool,
    /// Drugs.
    pub drugs: Vec<DrugPlan>,
    /// Region whose mean dose rate circulating lymphocytes get; none: `blood_dose_ratio` times the mean of the tumours.
    pub blood: Option<String>,
    /// Region whose mean dose rate the marrow's progenitors get; none: blood counts are not followed.
    pub marrow: Option<String>,
    /// Times of maps, s, ascending; none later than the horizon.
    pub maps_at: Vec<f64>,
    /// Distance of rows in the timeline, s.
    pub timeline: f64,
    /// A predicted uptake is transported anew if its pattern has changed by more than this in any voxel, relative; else recombined.
    pub retransport_above: f64,
}

impl TmePlan {
    /// Whether a simulation of this plan reads a parameter.
    pub fn uses(&self, name: &str, parameter: &Parameter) -> bool {
        let micro = matches!(self.oxygen, OxygenPlan::Micro(_));
        match parameter.section.as_str() {
            "immune" => self.immune,
            "bystander" => self.bystander && (name != "bystander_diffusivity" || micro),
            "marrow" => self.marrow.is_some(),
            "ligand" => matches!(&self.oxygen, OxygenPlan::Micro(micro) if micro.ligand),
            "oxygen" => match name {
                _ if self.oxygen == OxygenPlan::Off => false,
                "doomed_consumption" => self.reoxygenation,
                "hypoxic_fraction" | "radius_spread" | "capillary_radius" => !micro,
                _ => true,
            },
            "quality" => match name {
                "let_slope" | "let_max" => self.quality == Quality::Let,
                "nucleus_radius" => self.few_hits,
                "recoil_let" => self.quality != Quality::Rbe,
                _ => self.quality == Quality::Mkm,
            },
            _ => match name {
                "blood_dose_ratio" => self.blood.is_none(),
                "m2_suppression" => self.immune,
                _ => true,
            },
        }
    }

    /// Parameters of a region that a simulation reads.
    pub fn used<'p>(&'p self, region: &'p TmeRegion) -> impl Iterator<Item = (&'p str, &'p Parameter)> {
        region.parameters.iter().filter(|(name, p)| self.uses(name, p))
    }
}

/// A region of [`TmePlan`].
#[derive(Debug, Clone, Serialize)]
pub struct TmeRegion {
    /// Region name.
    pub region: String,
    /// Its parameters.
    pub parameters: ParameterSet,
}

/// How oxygen is found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum OxygenPlan {
    /// All cells are well oxygenated.
    Off,
    /// Voxels of 0.5 mm and more: capillaries inside a voxel, by table.
    Macro,
    /// Voxels of 50 um and less: diffusion between voxels.
    Micro(MicroOxygenPlan),
}

impl OxygenPlan {
    /// Checks that oxygen can be found this way in voxels of these edges, mm.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn fits(&self, spacing: DVec3) -> Result<(), Fault> {
        let (least, most) = (spacing.min_element(), spacing.max_element());
        let tolerance = 1e-6;
        let (many, single) = (least >= MACRO_FROM * (1.0 - tolerance), most <= MICRO_TO * (1.0 + tolerance));
        let voxels = format!("voxels of {}", show::vector(spacing));
        let help = if many {
            "write oxygen = \"macro\" (capillaries inside a voxel), or \"off\""
        } else if single {
            "write oxygen = \"micro\" (diffusion between voxels), or \"off\""
        } else {
            "write oxygen = \"off\": such voxels are too small for the one (macro, from 0.5 mm) and too large for the other (micro, up to 50 um)"
        };
        match self {
            Self::Macro if !many => {
                Err(Fault::new(format!("{voxels}: oxygen = \"macro\" needs edges of 0.5 mm or more, to hold many capillaries"), help))
            }
            Self::Micro(_) if !single => Err(Fault::new(
                format!("{voxels}: oxygen = \"micro\" needs edges of 50 um or less, to resolve diffusion over 100 um"),
                help,
            )),
            _ => Ok(()),
        }
    }
}

/// Supply of oxygen where its diffusion is solved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MicroOxygenPlan {
    /// Regions held at a pO2, mmHg (a medium, perfused host tissue).
    pub held: Vec<(String, f64)>,
    /// Share of the voxels of each evolving region that are vessels, and the seed of their places; none: no vessels inside.
    pub vessels: Option<(f64, u64)>,
    /// Whether the same supply brings in a ligand: an uptake has the pattern [`super::UptakePattern::Ligand`].
    pub ligand: bool,
}

/// Law of growth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// `r (1 - n/K)`.
    Logistic,
    /// `r ln(K/n)`.
    Gompertz,
}

/// How alpha of high-LET radiation is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// A constant RBE on alpha.
    Rbe,
    /// `alpha (1 + slope LET)`, falling beyond a maximum.
    Let,
    /// Microdosimetric kinetic model with saturation, scored per track.
    Mkm,
}

/// A drug: when it is given, how it goes, what it does.
#[derive(Debug, Clone, Serialize)]
pub struct DrugPlan {
    /// Name.
    pub name: String,
    /// Time in the body.
    pub kinetics: DrugKinetics,
    /// Times (s after the plan's zero) and amounts (mg, or in units of the EC50's concentration for one compartment), ascending in time.
    pub doses: Vec<(f64, f64)>,
    /// What it does.
    pub effects: Vec<DrugEffect>,
}

/// Time of a drug in the body.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "model")]
pub enum DrugKinetics {
    /// Intravenous, central and peripheral compartment.
    TwoCompartment {
        /// Clearance, L/d.
        clearance: f64,
        /// Central volume, L.
        central: f64,
        /// Peripheral volume, L.
        peripheral: f64,
        /// Exchange, L/d.
        exchange: f64,
        /// nM per mg/L.
        nanomolar: f64,
    },
    /// One compartment, relative units.
    OneCompartment {
        /// Elimination, 1/d.
        elimination: f64,
        /// Absorption from a depot, 1/d; none: at once.
        absorption: Option<f64>,
    },
}

/// An effect through a hook: `strength * S^hill/(S^hill + ec50^hill)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DrugEffect {
    /// Where it acts.
    pub hook: Hook,
    /// Full effect, in the hook's own unit.
    pub strength: f64,
    /// Amount of half the effect, in the unit of the doses (nM in tissue for [`Hook::Checkpoint`], where it is the K_D).
    pub ec50: f64,
    /// Steepness.
    pub hill: f64,
}

/// Where a drug acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    /// PD-1/PD-L1 binding: `P/(1 + C/K_D)`.
    Checkpoint,
    /// `alpha (1 + strength H)`.
    Alpha,
    /// `sqrt(beta) (1 + strength H)`.
    Beta,
    /// `mu/(1 + strength H)`.
    Repair,
    /// `w + (1 - w) strength H`.
    HypoxicSensitiser,
    /// Consumption `(1 - strength H)`.
    OxygenUse,
    /// Capillary pO2 `+ strength H`, mmHg.
    OxygenSupply,
    /// Perfusion held `(1 + strength H)`.
    Perfusion,
    /// Recruitment of macrophages `(1 - strength H)`.
    MacrophageRecruitment,
    /// M2 to M1 `+ strength H`.
    MacrophagePolarisation,
    /// Killing of fibroblasts `+ strength H`, 1/d.
    CafKilling,
    /// Barrier of fibroblasts: its constant `(1 - strength H)`.
    CafBarrier,
    /// Growth of binding sites `+ strength H`, 1/d.
    Target,
}
