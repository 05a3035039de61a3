//! Endpoints of every evolving region and of the patient: `tme_endpoints.csv`, and `tme` in `summary.json`.

use serde::Serialize;

use super::{
    RESEARCH, TmeResult,
    course::Course,
    maps, parameters,
    timeline::{cell, totals},
    uptake::PredictedUptake,
};
use crate::{
    report::{
        tables::line,
        text::{align, digits},
    },
    response::{
        endpoints::{control::tcp, uniform::cell_kill_eud},
        tme::timeline::{GlobalRow, TimelineRow},
    },
    units::SECONDS_PER_DAY,
};

/// Growth of the sum of diameters from its least value that counts as progression (RECIST 1.1; Eisenhauer 2009).
const PROGRESSION_DIAMETER: f64 = 1.2;
/// The same for the volume of one region: 1.73.
const PROGRESSION_VOLUME: f64 = PROGRESSION_DIAMETER * PROGRESSION_DIAMETER * PROGRESSION_DIAMETER;

/// The microenvironment in `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TmeSummary {
    /// End of the simulation, d after the plan's zero.
    pub horizon_d: f64,
    /// Longest distance of rows in the timeline, d: times of endpoints are interpolated between these.
    pub resolution_d: f64,
    /// Endpoints by region.
    pub lesions: Vec<LesionEndpoints>,
    /// Endpoints of all regions together, and of the blood.
    pub patient: PatientEndpoints,
    /// Uptakes that the model predicted.
    pub predicted_uptake: Vec<PredictedUptake>,
    /// [`RESEARCH`], where the immune part is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immune_note: Option<&'static str>,
    /// Parameters that nobody measured, in sentences.
    pub assumed: Vec<String>,
    /// What is least certain about the model in this use of it.
    pub uncertain: Vec<&'static str>,
    /// [`TmeResult::all_warnings`].
    pub warnings: Vec<String>,
}

/// A number of cells in time. Expected clonogens, births included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClonogenEndpoints {
    /// At the start.
    pub start: f64,
    /// The least.
    pub nadir: f64,
    /// When, d.
    pub nadir_d: f64,
    /// At the end of the simulation.
    pub horizon: f64,
    /// `log10(start/nadir)`; none: no cell is left in the arithmetic (below 1e-30 of packing everywhere).
    pub log10_kill: Option<f64>,
    /// When less than one is expected, d; none: never.
    pub below_one_d: Option<f64>,
    /// `exp(-nadir)`.
    pub tcp_nadir: f64,
    /// `exp(-horizon)`.
    pub tcp_horizon: f64,
}

/// A volume in time, d and mL; all cells and debris.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VolumeEndpoints {
    /// At the start.
    pub start_ml: f64,
    /// The least.
    pub nadir_ml: f64,
    /// When.
    pub nadir_d: f64,
    /// At the end of the simulation.
    pub horizon_ml: f64,
    /// When it is back at that of the start after the nadir; none: not within the simulation, or it never fell.
    pub regrown_d: Option<f64>,
    /// When the diameter is 20 % above its least value until then; none: not within the simulation.
    pub progression_d: Option<f64>,
}

/// Endpoints of a region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LesionEndpoints {
    /// Name.
    pub region: String,
    /// Volume.
    pub volume: VolumeEndpoints,
    /// Clonogens.
    pub clonogens: ClonogenEndpoints,
    /// Mean low-LET dose, Gy.
    pub dose_low_let_gy: f64,
    /// Mean high-LET dose, Gy.
    pub dose_high_let_gy: f64,
    /// Mean BED, Gy, well oxygenated.
    pub bed_gy: f64,
    /// Cell-kill EUD of the BED map at the end: the uniform BED with the same mean survival of well oxygenated cells, Gy.
    pub eud_bed_gy: f64,
    /// `-ln(least surviving share)/alpha`, Gy: the BED that would leave as many well oxygenated cells if none were born; none: none left.
    pub effective_bed_gy: Option<f64>,
    /// Hypoxic fraction at start and end; none: oxygen is off.
    pub hypoxic_fraction: Option<[f64; 2]>,
    /// Net growth rate of the viable cells at the start, untreated, 1/d; it contains the immune part at rest where that is on. The net doubling time of
    /// the parameters holds at low packing.
    pub untreated_growth_per_d: Option<f64>,
    /// Immune index at the end; research, not calibrated in humans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immune_index: Option<f64>,
}

/// A least value and its time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lowest {
    /// Value.
    pub value: f64,
    /// When, d.
    pub time_d: f64,
}

/// Endpoints of the patient.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatientEndpoints {
    /// Volume of all regions; progression by the sum of their diameters.
    pub volume: VolumeEndpoints,
    /// Clonogens of all regions.
    pub clonogens: ClonogenEndpoints,
    /// Circulating lymphocytes over those at the start.
    pub lymphocytes: Lowest,
    /// Platelets, 10^9/L; none: the marrow is not followed.
    pub platelets: Option<Lowest>,
    /// Neutrophils, 10^9/L.
    pub neutrophils: Option<Lowest>,
    /// Dose in blood, Gy.
    pub blood_dose_gy: f64,
}

impl TmeSummary {
    /// Endpoints, assumptions and warnings of a simulation.
    ///
    /// # Panics
    /// If the timeline is empty: the simulation writes its first and its last time at least.
    pub fn new(result: &TmeResult) -> Self {
        let times = Course::new(result.timeline.globals.iter().map(|g| (g.time, 1.0)));
        Self {
            horizon_d: result.plan.horizon / SECONDS_PER_DAY,
            resolution_d: times.resolution() / SECONDS_PER_DAY,
            lesions: lesions(result),
            patient: patient(result),
            predicted_uptake: result.predicted.clone(),
            immune_note: result.plan.immune.then_some(RESEARCH),
            assumed: parameters::assumed(result),
            uncertain: parameters::uncertain(result),
            warnings: result.all_warnings(),
        }
    }
}

/// Endpoints by region; a region without rows (no voxels) has none.
pub fn lesions(result: &TmeResult) -> Vec<LesionEndpoints> {
    result.domain.regions.iter().enumerate().filter_map(|(i, name)| lesion(result, i, name)).collect()
}

fn lesion(result: &TmeResult, position: usize, name: &str) -> Option<LesionEndpoints> {
    let rows: Vec<&TimelineRow> = result.timeline.region(name).collect();
    let (first, last) = (rows.first()?, rows.last()?);
    let volume = Course::new(rows.iter().map(|r| (r.time, r.volume_ml)));
    let surviving = Course::new(rows.iter().map(|r| (r.time, r.surviving)));
    let alpha = result.tissues[position].alpha;
    let bed = maps::bed(result, &result.end);
    let mine = || bed.iter().zip(&result.domain.row).filter(|(_, row)| usize::from(**row) == position).map(|(b, _)| (f64::from(*b), 1.0));
    Some(LesionEndpoints {
        region: name.to_owned(),
        volume: volume_endpoints(&volume, first.volume_ml, last.volume_ml, volume.first_rise(PROGRESSION_VOLUME)),
        clonogens: clonogen_endpoints(rows.iter().map(|r| (r.time, r.cells))),
        dose_low_let_gy: last.dose_low_gy,
        dose_high_let_gy: last.dose_high_gy,
        bed_gy: last.bed_gy,
        eud_bed_gy: cell_kill_eud(mine(), alpha),
        effective_bed_gy: Some(surviving.nadir().1).filter(|s| *s > 0.0).map(|s| -s.ln() / alpha),
        hypoxic_fraction: result.has_oxygen().then_some([first.hypoxic_fraction, last.hypoxic_fraction]),
        untreated_growth_per_d: result.untreated_growth.get(position).copied(),
        immune_index: result.plan.immune.then_some(last.immune_index),
    })
}

fn patient(result: &TmeResult) -> PatientEndpoints {
    let timeline = &result.timeline;
    let volumes = totals(timeline, |r| r.volume_ml);
    let volume = Course::new(volumes.iter().copied());
    // Diameters of spheres, up to a common factor.
    let progression = Course::new(totals(timeline, |r| r.volume_ml.cbrt()).into_iter()).first_rise(PROGRESSION_DIAMETER);
    let [first, last] = [volumes.first(), volumes.last()].map(|v| v.expect("a timeline has rows").1);
    let lowest = |of: &dyn Fn(&GlobalRow) -> Option<f64>| {
        let values: Option<Vec<(f64, f64)>> = timeline.globals.iter().map(|g| Some((g.time, of(g)?))).collect();
        let (time, value) = Course::new(values?.into_iter()).nadir();
        Some(Lowest { value, time_d: time / SECONDS_PER_DAY })
    };
    PatientEndpoints {
        volume: volume_endpoints(&volume, first, last, progression),
        clonogens: clonogen_endpoints(totals(timeline, |r| r.cells).into_iter()),
        lymphocytes: lowest(&|g| Some(g.lymphocytes)).expect("lymphocytes are always followed"),
        platelets: lowest(&|g| g.platelets),
        neutrophils: lowest(&|g| g.neutrophils),
        blood_dose_gy: timeline.globals.last().map_or(0.0, |g| g.blood_dose_gy),
    }
}

fn volume_endpoints(course: &Course, start: f64, horizon: f64, progression: Option<f64>) -> VolumeEndpoints {
    let (time, value) = course.nadir();
    let days = |t: f64| t / SECONDS_PER_DAY;
    VolumeEndpoints {
        start_ml: start,
        nadir_ml: value,
        nadir_d: days(time),
        horizon_ml: horizon,
        regrown_d: if value < start { course.first_above(start, time).map(days) } else { None },
        progression_d: progression.map(days),
    }
}

/// From times (s) and expected clonogens; there must be some.
fn clonogen_endpoints(samples: impl Iterator<Item = (f64, f64)> + Clone) -> ClonogenEndpoints {
    let course = Course::new(samples.clone());
    let start = samples.clone().next().map_or(0.0, |s| s.1);
    let horizon = samples.last().map_or(0.0, |s| s.1);
    let (time, nadir) = course.nadir();
    ClonogenEndpoints {
        start,
        nadir,
        nadir_d: time / SECONDS_PER_DAY,
        horizon,
        log10_kill: (nadir > 0.0).then(|| (start / nadir).log10()),
        below_one_d: course.first_below(1.0).map(|t| t / SECONDS_PER_DAY),
        tcp_nadir: tcp(nadir, 0.0),
        tcp_horizon: tcp(horizon, 0.0),
    }
}

/// Columns of `tme_endpoints.csv`.
pub const ENDPOINT_COLUMNS: [&str; 30] = [
    "scope",
    "region",
    "volume_start_ml",
    "volume_nadir_ml",
    "volume_nadir_d",
    "volume_horizon_ml",
    "regrown_d",
    "progression_d",
    "clonogens_start",
    "clonogens_nadir",
    "clonogens_nadir_d",
    "clonogens_horizon",
    "log10_kill",
    "below_one_clonogen_d",
    "tcp_nadir",
    "tcp_horizon",
    "dose_low_let_gy",
    "dose_high_let_gy",
    "bed_gy",
    "eud_bed_gy",
    "effective_bed_gy",
    "hypoxic_fraction_start",
    "hypoxic_fraction_horizon",
    "untreated_growth_per_d",
    "lymphocytes_nadir",
    "lymphocytes_nadir_d",
    "platelets_nadir_1e9_per_l",
    "platelets_nadir_d",
    "neutrophils_nadir_1e9_per_l",
    "neutrophils_nadir_d",
];

/// More columns of `tme_endpoints.csv` where the immune part is on.
pub const ENDPOINT_IMMUNE_COLUMNS: [&str; 2] = ["immune_index_horizon", "immune_note"];

/// `tme_endpoints.csv`: a line per region, then one for the patient. A cell is empty where a value does not exist or a time is not reached.
pub fn endpoints_csv(result: &TmeResult) -> String {
    let mut text = String::new();
    let immune = if result.plan.immune { &ENDPOINT_IMMUNE_COLUMNS[..] } else { &[] };
    line(&mut text, ENDPOINT_COLUMNS.iter().chain(immune).copied());
    let mut push = |scope: &str, region: &str, values: &[Option<f64>], index: Option<f64>| {
        let mut cells = vec![scope.to_owned(), region.to_owned()];
        cells.extend(values.iter().copied().map(cell));
        if result.plan.immune {
            cells.extend([cell(index), index.map_or(String::new(), |_| RESEARCH.into())]);
        }
        line(&mut text, cells.iter().map(String::as_str));
    };
    for lesion in lesions(result) {
        let mut values = common(&lesion.volume, &lesion.clonogens);
        let [start, horizon] = lesion.hypoxic_fraction.map_or([None; 2], |both| both.map(Some));
        values.extend([lesion.dose_low_let_gy, lesion.dose_high_let_gy, lesion.bed_gy, lesion.eud_bed_gy].map(Some));
        values.push(lesion.effective_bed_gy);
        values.extend([start, horizon, lesion.untreated_growth_per_d]);
        values.extend([None; 6]);
        push("region", &lesion.region, &values, lesion.immune_index);
    }
    let patient = patient(result);
    let mut values = common(&patient.volume, &patient.clonogens);
    values.extend([None; 8]);
    let lowest = |l: Option<Lowest>| [l.map(|l| l.value), l.map(|l| l.time_d)];
    values.extend([Some(patient.lymphocytes), patient.platelets, patient.neutrophils].into_iter().flat_map(lowest));
    push("patient", "", &values, None);
    text
}

fn common(volume: &VolumeEndpoints, clonogens: &ClonogenEndpoints) -> Vec<Option<f64>> {
    let (v, c) = (volume, clonogens);
    vec![
        Some(v.start_ml),
        Some(v.nadir_ml),
        Some(v.nadir_d),
        Some(v.horizon_ml),
        v.regrown_d,
        v.progression_d,
        Some(c.start),
        Some(c.nadir),
        Some(c.nadir_d),
        Some(c.horizon),
        c.log10_kill,
        c.below_one_d,
        Some(c.tcp_nadir),
        Some(c.tcp_horizon),
    ]
}

/// The endpoints as a table for the screen: one line per region.
pub fn endpoints_text(result: &TmeResult) -> String {
    let mut table = vec![
        ["region", "volume mL", "least mL", "at d", "regrown d", "log10 kill", "TCP at nadir", "low-LET Gy", "high-LET Gy"]
            .map(String::from)
            .to_vec(),
    ];
    let dash = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| digits(x, 3));
    for l in lesions(result) {
        let c = &l.clonogens;
        let values = [
            Some(l.volume.start_ml),
            Some(l.volume.nadir_ml),
            Some(l.volume.nadir_d),
            l.volume.regrown_d,
            c.log10_kill,
            Some(c.tcp_nadir),
            Some(l.dose_low_let_gy),
            Some(l.dose_high_let_gy),
        ];
        table.push(std::iter::once(l.region.clone()).chain(values.map(dash)).collect());
    }
    align(&table)
}
