//! The same activity in more or fewer fractions, side by side.

use serde::Serialize;

use super::{RESEARCH, TmeResult, endpoints, plots, timeline::cell};
use crate::{
    error::Result,
    report::{
        tables::{line, number},
        text::digits,
        write::{FileEntry, ResultWriter},
    },
    response::{RegionResponse, tme::timeline::TimelineRow},
    units::SECONDS_PER_DAY,
};

/// Columns of `tme_fractionation.csv` before the BED of the organs.
pub const FRACTIONATION_COLUMNS: [&str; 12] = [
    "fractions",
    "interval_d",
    "region",
    "log10_survival_nadir",
    "log10_survival_horizon",
    "clonogens_nadir",
    "clonogens_horizon",
    "tcp_nadir",
    "tcp_horizon",
    "hypoxic_fraction_by_bed",
    "dose_low_let_by_fraction_gy",
    "dose_high_let_by_fraction_gy",
];

/// More columns of `tme_fractionation.csv` where the immune part is on, after those of the organs.
pub const FRACTIONATION_IMMUNE_COLUMNS: [&str; 2] = ["immune_index_horizon", "immune_note"];

/// Schedules side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FractionationTable {
    /// What is compared, e.g. "29.6 GBq in all".
    pub title: String,
    /// One for each number of fractions.
    pub schedules: Vec<Schedule>,
}

/// A schedule and what comes of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schedule {
    /// Number of fractions.
    pub fractions: usize,
    /// Time between their starts, d; none: one fraction, or the times differ.
    pub interval_d: Option<f64>,
    /// Evolving regions.
    pub lesions: Vec<LesionOutcome>,
    /// Organs.
    pub organs: Vec<OrganOutcome>,
}

/// What comes of a schedule in an evolving region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LesionOutcome {
    /// Name.
    pub region: String,
    /// `log10` of viable cells over those at the start where they are fewest, births included; none: no cell is left in the arithmetic.
    pub log10_survival_nadir: Option<f64>,
    /// The same at the end of the simulation.
    pub log10_survival_horizon: Option<f64>,
    /// Expected clonogens where they are fewest.
    pub clonogens_nadir: f64,
    /// Expected clonogens at the end.
    pub clonogens_horizon: f64,
    /// `exp(-clonogens_nadir)`.
    pub tcp_nadir: f64,
    /// `exp(-clonogens_horizon)`.
    pub tcp_horizon: f64,
    /// Hypoxic fraction that the radiation met: its mean over the treatment, weighted with the BED as it was given; none: oxygen is off, or
    /// no BED.
    pub hypoxic_fraction_by_bed: Option<f64>,
    /// Low-LET dose from the start of each fraction to that of the next, Gy.
    pub dose_low_let_gy: Vec<f64>,
    /// High-LET dose likewise, Gy.
    pub dose_high_let_gy: Vec<f64>,
    /// Immune index at the end; research, not calibrated in humans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immune_index: Option<f64>,
}

/// What comes of a schedule in an organ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrganOutcome {
    /// Name.
    pub region: String,
    /// Mean BED, Gy.
    pub bed_gy: f64,
}

impl From<&RegionResponse> for OrganOutcome {
    fn from(response: &RegionResponse) -> Self {
        Self { region: response.region.clone(), bed_gy: response.bed_mean }
    }
}

impl Schedule {
    /// What a simulation says; the organs are those that shall be shown beside the evolving regions.
    pub fn new(result: &TmeResult, organs: Vec<OrganOutcome>) -> Self {
        let starts: Vec<f64> = result.fractions.iter().map(|f| f.1).collect();
        let gaps: Vec<f64> = starts.windows(2).map(|w| (w[1] - w[0]) / SECONDS_PER_DAY).collect();
        let even = gaps.iter().all(|g| (g - gaps[0]).abs() < 1e-6 * gaps[0].abs());
        let lesions = endpoints::lesions(result).iter().map(|lesion| outcome(result, lesion, &starts)).collect();
        Self { fractions: starts.len(), interval_d: gaps.first().copied().filter(|_| even), lesions, organs }
    }
}

fn outcome(result: &TmeResult, lesion: &endpoints::LesionEndpoints, starts: &[f64]) -> LesionOutcome {
    let rows: Vec<&TimelineRow> = result.timeline.region(&lesion.region).collect();
    // The last row at or before a time; a millisecond for rounding.
    let row = |time: f64| rows[rows.partition_point(|r| r.time <= time + 1e-3).max(1) - 1];
    let last = rows[rows.len() - 1];
    let ends = || starts.iter().skip(1).map(|&s| row(s)).chain([last]);
    let between = |of: fn(&TimelineRow) -> f64| starts.iter().zip(ends()).map(|(&start, end)| of(end) - of(row(start))).collect();
    let c = &lesion.clonogens;
    let log10 = |cells: f64| (cells > 0.0 && c.start > 0.0).then(|| (cells / c.start).log10());
    LesionOutcome {
        region: lesion.region.clone(),
        log10_survival_nadir: log10(c.nadir),
        log10_survival_horizon: log10(c.horizon),
        clonogens_nadir: c.nadir,
        clonogens_horizon: c.horizon,
        tcp_nadir: c.tcp_nadir,
        tcp_horizon: c.tcp_horizon,
        hypoxic_fraction_by_bed: result.has_oxygen().then(|| hypoxia_met(&rows)).flatten(),
        dose_low_let_gy: between(|r| r.dose_low_gy),
        dose_high_let_gy: between(|r| r.dose_high_gy),
        immune_index: lesion.immune_index,
    }
}

/// Mean hypoxic fraction weighted with BED, by trapezoids between the rows of the timeline.
fn hypoxia_met(rows: &[&TimelineRow]) -> Option<f64> {
    let given = |w: &[&TimelineRow]| w[1].bed_gy - w[0].bed_gy;
    let total: f64 = rows.windows(2).map(given).sum();
    let met: f64 = rows.windows(2).map(|w| given(w) * 0.5 * (w[0].hypoxic_fraction + w[1].hypoxic_fraction)).sum();
    (total > 0.0).then(|| met / total)
}

impl FractionationTable {
    /// Names of all organs, in the order in which they come.
    fn organs(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for organ in self.schedules.iter().flat_map(|s| &s.organs) {
            if !names.contains(&organ.region.as_str()) {
                names.push(&organ.region);
            }
        }
        names
    }

    fn immune(&self) -> bool {
        self.schedules.iter().flat_map(|s| &s.lesions).any(|l| l.immune_index.is_some())
    }

    /// `tme_fractionation.csv`: one line per schedule and evolving region; doses by fraction stand in one cell, with semicolons.
    pub fn csv(&self) -> String {
        let organs = self.organs();
        let organ_columns: Vec<String> = organs.iter().map(|name| format!("bed_{name}_gy")).collect();
        let immune = if self.immune() { &FRACTIONATION_IMMUNE_COLUMNS[..] } else { &[] };
        let mut text = String::new();
        let head = FRACTIONATION_COLUMNS.iter().copied().chain(organ_columns.iter().map(String::as_str)).chain(immune.iter().copied());
        line(&mut text, head);
        for schedule in &self.schedules {
            for l in &schedule.lesions {
                let list = |doses: &[f64]| doses.iter().map(|d| number(*d)).collect::<Vec<_>>().join(";");
                let mut cells = vec![schedule.fractions.to_string(), cell(schedule.interval_d), l.region.clone()];
                cells.extend([l.log10_survival_nadir, l.log10_survival_horizon].map(cell));
                cells.extend([l.clonogens_nadir, l.clonogens_horizon, l.tcp_nadir, l.tcp_horizon].map(number));
                cells.extend([cell(l.hypoxic_fraction_by_bed), list(&l.dose_low_let_gy), list(&l.dose_high_let_gy)]);
                cells.extend(organs.iter().map(|name| cell(schedule.bed(name))));
                if self.immune() {
                    cells.extend([cell(l.immune_index), RESEARCH.into()]);
                }
                line(&mut text, cells.iter().map(String::as_str));
            }
        }
        text
    }

    /// The same as a table in Markdown, with three digits.
    pub fn markdown(&self) -> String {
        let organs = self.organs();
        let mut head: Vec<String> =
            ["fractions", "region", "log10 survival, least", "at the end", "clonogens, least", "TCP at the nadir"].map(String::from).into();
        head.extend(organs.iter().map(|name| format!("BED {name} Gy")));
        head.extend(["hypoxic fraction met", "dose by fraction Gy"].map(String::from));
        if self.immune() {
            head.push(format!("immune index at the end ({RESEARCH})"));
        }
        let mut text = format!("{}\n\n{}\n{}\n", self.title, row(&head), row(&vec!["---".to_owned(); head.len()]));
        let short = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| digits(x, 3));
        for schedule in &self.schedules {
            for l in &schedule.lesions {
                let mut cells = vec![schedule.fractions.to_string(), l.region.clone()];
                cells.extend([l.log10_survival_nadir, l.log10_survival_horizon, Some(l.clonogens_nadir), Some(l.tcp_nadir)].map(short));
                cells.extend(organs.iter().map(|name| short(schedule.bed(name))));
                cells.push(short(l.hypoxic_fraction_by_bed));
                cells.push(doses_text(l));
                if self.immune() {
                    cells.push(short(l.immune_index));
                }
                text.push_str(&row(&cells));
                text.push('\n');
            }
        }
        text
    }

    /// Writes the table as CSV and Markdown, and its plot.
    ///
    /// # Errors
    /// Whatever the writer reports.
    pub fn write(&self, writer: &mut dyn ResultWriter) -> Result<Vec<FileEntry>> {
        let what = "the same activity in more or fewer fractions";
        let files = [
            ("tme_fractionation.csv", self.csv()),
            ("tme_fractionation.md", self.markdown()),
            ("tme_fractionation.svg", plots::fractionation(self)),
        ];
        let mut entries = Vec::new();
        for (name, content) in files {
            writer.text(name, &content)?;
            entries.push(FileEntry { name: name.into(), quantity: what.into(), unit: None });
        }
        Ok(entries)
    }
}

impl Schedule {
    /// BED of an organ.
    fn bed(&self, organ: &str) -> Option<f64> {
        self.organs.iter().find(|o| o.region == organ).map(|o| o.bed_gy)
    }
}

/// Doses by fraction; low and high LET apart where there is both.
fn doses_text(lesion: &LesionOutcome) -> String {
    let list = |doses: &[f64]| doses.iter().map(|d| digits(*d, 3)).collect::<Vec<_>>().join(", ");
    let (low, high) = (list(&lesion.dose_low_let_gy), list(&lesion.dose_high_let_gy));
    if lesion.dose_high_let_gy.iter().any(|d| *d > 0.0) { format!("low LET {low}; high LET {high}") } else { low }
}

/// A line of a Markdown table.
fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | "))
}
