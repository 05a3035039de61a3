//! What the report is made from: the files of a result folder, and nothing else.

use std::path::Path;

use glam::{DMat3, DVec3};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    regions::RegionTable,
    svg,
    volumes::{self, Scene},
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::csv::Records,
    report::{provenance, summary},
};

/// A result, as far as the report shows it.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// `summary.json`.
    pub(super) summary: SummaryFile,
    /// `provenance.json`.
    pub(super) provenance: ProvenanceFile,
    /// `regions.csv`.
    pub(super) regions: RegionTable,
    /// `dvh.csv`: curves in the order of the file.
    pub(super) dvhs: Vec<DvhCurve>,
    /// `activity.csv`.
    pub(super) activity: Option<Records>,
    /// Maps for the viewer; `None`: there is no map of the dose.
    pub(super) scene: Option<Scene>,
    /// Tables of the microenvironment.
    pub(super) endpoints: Option<Records>,
    pub(super) parameters: Option<Records>,
    pub(super) uptake: Option<Records>,
    pub(super) fractionation: Option<Records>,
    /// Plots of the microenvironment, by file name.
    pub(super) plots: Vec<(String, String)>,
    /// What is missing or was left out, in sentences.
    pub(super) left_out: Vec<String>,
}

/// A curve of `dvh.csv`.
#[derive(Debug, Clone)]
pub(super) struct DvhCurve {
    pub(super) fraction: String,
    pub(super) region: String,
    /// Dose (Gy) and share of the volume.
    pub(super) points: Vec<(f64, f64)>,
}

/// `summary.json`, without what stands in `regions.csv` too.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SummaryFile {
    pub(super) title: String,
    pub(super) runs: Vec<RunFile>,
    pub(super) energy_balance: Vec<BalanceFile>,
    pub(super) local_deposits: Vec<PerDecayFile>,
    pub(super) not_transported: Vec<PerDecayFile>,
    pub(super) timings: TimingsFile,
    pub(super) tme: Option<TmeFile>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DeviceFile {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) driver: String,
    pub(super) backend: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct RunFile {
    pub(super) component: String,
    pub(super) radiation: String,
    pub(super) yield_per_decay: f64,
    pub(super) histories: u64,
    pub(super) batches: u32,
    pub(super) source_voxels: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct BalanceFile {
    pub(super) component: String,
    pub(super) radiation: String,
    pub(super) emitted: EnergyFile,
    pub(super) deposited: EnergyFile,
    pub(super) escaped: EnergyFile,
    pub(super) balanced: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct EnergyFile {
    pub(super) mev: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct PerDecayFile {
    pub(super) component: String,
    pub(super) what: String,
    pub(super) mev_per_decay: f64,
    pub(super) treatment: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct TimingsFile {
    pub(super) total_s: f64,
    pub(super) transport_s: f64,
    pub(super) histories_per_s: f64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TmeFile {
    pub(super) horizon_d: f64,
    pub(super) immune_note: Option<String>,
    #[serde(default)]
    pub(super) assumed: Vec<String>,
    #[serde(default)]
    pub(super) uncertain: Vec<String>,
}

/// `provenance.json`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ProvenanceFile {
    pub(super) engine: EngineFile,
    pub(super) command_line: Vec<String>,
    pub(super) started: String,
    pub(super) finished: String,
    pub(super) plan: PlanFile,
    pub(super) resolved_plan: ResolvedPlan,
    pub(super) inputs: Vec<InputFile>,
    pub(super) nuclide_data: String,
    pub(super) physics_data: Vec<String>,
    pub(super) seed: u64,
    pub(super) histories: u64,
    pub(super) batches: u32,
    pub(super) device: DeviceFile,
    pub(super) shader_sha256: Option<String>,
    pub(super) physics: Value,
    pub(super) frame: FrameFile,
    pub(super) uncertainty: UncertaintyFile,
    pub(super) approximations: Vec<String>,
    pub(super) files: Vec<ListedFile>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct EngineFile {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) git_hash: Option<String>,
    pub(super) profile: String,
    pub(super) platform: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct PlanFile {
    pub(super) path: String,
    pub(super) sha256: String,
    pub(super) text: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct InputFile {
    pub(super) role: String,
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ListedFile {
    pub(super) name: String,
    pub(super) quantity: String,
    pub(super) unit: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct UncertaintyFile {
    pub(super) mean_above_half_maximum: Option<f64>,
    pub(super) worst_region: Option<String>,
    pub(super) worst_region_mean: Option<f64>,
    pub(super) goal: Option<GoalFile>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct GoalFile {
    pub(super) region: String,
    pub(super) relative: f64,
    pub(super) reached: Option<f64>,
    pub(super) met: bool,
}

/// What the report reads of the plan with its defaults, in the program's units (s, Bq).
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ResolvedPlan {
    #[serde(default)]
    pub(super) nuclides: Vec<NuclideFile>,
    #[serde(default)]
    pub(super) fractions: Vec<FractionFile>,
    pub(super) response: Option<ResponseFile>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct NuclideFile {
    pub(super) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct FractionFile {
    pub(super) number: u32,
    pub(super) start: f64,
    pub(super) nuclide: usize,
    pub(super) administered: f64,
    #[serde(default)]
    pub(super) predicted_from: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ResponseFile {
    #[serde(default)]
    pub(super) regions: Vec<(String, TissueFile)>,
}

/// Linear-quadratic parameters of a region, and which of them are assumed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TissueFile {
    pub(super) alpha: f64,
    pub(super) alpha_beta: f64,
    pub(super) repair_half_time: f64,
    pub(super) rbe_high_let: f64,
    pub(super) assumed: Vec<String>,
}

/// The grid of the images.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct FrameFile {
    pub(super) size: [u32; 3],
    pub(super) spacing_mm: [f64; 3],
    pub(super) origin_mm: [f64; 3],
    pub(super) axis_directions: [[f64; 3]; 3],
}

impl FrameFile {
    /// As a grid.
    pub(super) fn grid(&self) -> VoxelGrid {
        let [x, y, z] = self.axis_directions.map(DVec3::from_array);
        VoxelGrid {
            size: self.size,
            spacing: DVec3::from_array(self.spacing_mm),
            origin: DVec3::from_array(self.origin_mm),
            direction: DMat3::from_cols(x, y, z),
        }
    }
}

impl ReportInput {
    /// Reads a result folder.
    ///
    /// # Errors
    /// If it is no result, if a file is damaged or of a version that this program does not know, or if a map does not lie on the grid of the run.
    pub fn read(folder: &Path) -> Result<Self> {
        let summary: SummaryFile = json(folder, "summary.json", summary::SCHEMA)?;
        let provenance: ProvenanceFile = json(folder, "provenance.json", provenance::SCHEMA)?;
        let regions = RegionTable::new(required(folder, "regions.csv")?)?;
        let mut left_out = Vec::new();
        for file in &provenance.files {
            if !folder.join(&file.name).is_file() && shown(&file.name) {
                left_out.push(format!("{} ({}) is listed in provenance.json and is not in the folder", file.name, file.quantity));
            }
        }
        let dvhs = optional(folder, "dvh.csv")?.map(|records| dvh_curves(&records)).transpose()?.unwrap_or_default();
        let grid = provenance.frame.grid();
        let fractions: Vec<u32> = provenance.resolved_plan.fractions.iter().map(|f| f.number).collect();
        let scene = volumes::read_scene(folder, &grid, &fractions, &regions.names(), &mut left_out)?;
        let mut plots = Vec::new();
        for file in provenance.files.iter().filter(|f| f.name.starts_with("tme_") && f.name.ends_with(".svg")) {
            if let Some(text) = text(folder, &file.name)? {
                svg::check(&folder.join(&file.name).display().to_string(), &text)?;
                plots.push((file.name.clone(), text));
            }
        }
        Ok(Self {
            activity: optional(folder, "activity.csv")?,
            endpoints: optional(folder, "tme_endpoints.csv")?,
            parameters: optional(folder, "tme_parameters.csv")?,
            uptake: optional(folder, "tme_uptake.csv")?,
            fractionation: optional(folder, "tme_fractionation.csv")?,
            summary,
            provenance,
            regions,
            dvhs,
            scene,
            plots,
            left_out,
        })
    }

    /// Whether alphas gave dose, so that low-LET and high-LET dose stand apart.
    pub(super) fn has_alphas(&self) -> bool {
        self.regions.has("dose_high_let_mean_gy")
    }

    /// Whether numbers of the immune part are among the results.
    pub(super) fn has_immune(&self) -> bool {
        let noted = |table: &Option<Records>| table.as_ref().is_some_and(|t| t.column("immune_note").is_some());
        self.summary.tme.as_ref().is_some_and(|t| t.immune_note.is_some()) || noted(&self.endpoints) || noted(&self.fractionation)
    }
}

/// Whether the report shows something of a file.
fn shown(name: &str) -> bool {
    let tables = ["dvh.csv", "activity.csv", "tme_endpoints.csv", "tme_parameters.csv", "tme_uptake.csv", "tme_fractionation.csv"];
    tables.contains(&name) || volumes::shown(name) || (name.starts_with("tme_") && name.ends_with(".svg"))
}

/// The text of a file; `None` if there is none.
fn text(folder: &Path, name: &str) -> Result<Option<String>> {
    let path = folder.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Error::input(format!("{}: not UTF-8; files of a result are", path.display()))),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(&path)(error)),
    }
}

fn json<T: DeserializeOwned>(folder: &Path, name: &str, schema: &str) -> Result<T> {
    let path = folder.join(name).display().to_string();
    let text = text(folder, name)?.ok_or_else(|| missing(folder, name))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| Error::input(format!("{path}: not JSON as a run writes it: {e}")))?;
    match value.get("schema").and_then(Value::as_str) {
        Some(found) if found == schema => {}
        Some(found) => return Err(Error::input(format!("{path}: schema \"{found}\"; this program reads \"{schema}\""))),
        None => return Err(Error::input(format!("{path}: has no schema; \"{schema}\" was expected, as `dosaic run` writes it"))),
    }
    serde_json::from_value(value).map_err(|e| Error::input(format!("{path}: not as {schema} has it: {e}")))
}

fn missing(folder: &Path, name: &str) -> Error {
    Error::input(format!("{}: not a result of `dosaic run` or `dosaic respond`: {name} is missing", folder.display()))
}

fn optional(folder: &Path, name: &str) -> Result<Option<Records>> {
    text(folder, name)?.map(|text| Records::parse(&folder.join(name).display().to_string(), &text)).transpose()
}

fn required(folder: &Path, name: &str) -> Result<Records> {
    optional(folder, name)?.ok_or_else(|| missing(folder, name))
}

fn dvh_curves(records: &Records) -> Result<Vec<DvhCurve>> {
    let column = |name: &str| {
        records.column(name).ok_or_else(|| Error::input(format!("dvh.csv: has no column {name}; docs/formats/results.md lists them")))
    };
    let [fraction, region, dose, volume] = [column("fraction")?, column("region")?, column("dose_gy")?, column("volume_fraction")?];
    let mut curves: Vec<DvhCurve> = Vec::new();
    for (n, row) in records.rows.iter().enumerate() {
        let number = |at: usize| -> Result<f64> {
            let value = row[at].parse().ok().filter(|v: &f64| v.is_finite());
            value.ok_or_else(|| Error::input(format!("dvh.csv, row {}: `{}` is not a number", n + 1, row[at])))
        };
        let point = (number(dose)?, number(volume)?);
        match curves.last_mut().filter(|c| c.fraction == row[fraction] && c.region == row[region]) {
            Some(curve) => curve.points.push(point),
            None => curves.push(DvhCurve { fraction: row[fraction].clone(), region: row[region].clone(), points: vec![point] }),
        }
    }
    Ok(curves)
}
