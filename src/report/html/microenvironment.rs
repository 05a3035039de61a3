//! The tumour microenvironment in the report: endpoints, timelines, depth, schedules, predicted uptake, parameters that nobody measured.

use super::{
    document::{Row, details, escape, figure, name, note, number, paragraph, table, word},
    input::ReportInput,
    tables::plain,
};
use crate::{io::csv::Records, report::tme::RESEARCH};

/// Names of columns of `tme_endpoints.csv`; a column that is not among them is shown under its own.
const ENDPOINTS: [(&str, &str); 29] = [
    ("volume_start_ml", "Volume at the start (mL)"),
    ("volume_nadir_ml", "Least volume (mL)"),
    ("volume_nadir_d", "... on day"),
    ("volume_horizon_ml", "Volume at the end (mL)"),
    ("regrown_d", "Back at the volume of the start on day"),
    ("progression_d", "Progression (proxy) on day"),
    ("clonogens_start", "Clonogens at the start"),
    ("clonogens_nadir", "Fewest clonogens"),
    ("clonogens_nadir_d", "... on day"),
    ("clonogens_horizon", "Clonogens at the end"),
    ("log10_kill", "log10 of the kill"),
    ("below_one_clonogen_d", "Less than one clonogen on day"),
    ("tcp_nadir", "TCP at the fewest"),
    ("tcp_horizon", "TCP at the end"),
    ("dose_low_let_gy", "Dose, low LET (Gy)"),
    ("dose_high_let_gy", "Dose, high LET (Gy)"),
    ("bed_gy", "BED (Gy)"),
    ("eud_bed_gy", "EUD of the BED (Gy)"),
    ("effective_bed_gy", "Effective BED (Gy)"),
    ("hypoxic_fraction_start", "Hypoxic fraction at the start"),
    ("hypoxic_fraction_horizon", "Hypoxic fraction at the end"),
    ("lymphocytes_nadir", "Fewest lymphocytes (of those at the start)"),
    ("lymphocytes_nadir_d", "... on day"),
    ("platelets_nadir_1e9_per_l", "Fewest platelets (10^9/L)"),
    ("platelets_nadir_d", "... on day"),
    ("neutrophils_nadir_1e9_per_l", "Fewest neutrophils (10^9/L)"),
    ("neutrophils_nadir_d", "... on day"),
    ("immune_index_horizon", "Immune index at the end"),
    ("untreated_growth_per_d", "Growth without treatment (1/d)"),
];

/// Columns that name a row or carry a remark.
const KEYS: [&str; 3] = ["scope", "region", "immune_note"];

/// The whole part; empty without the model.
pub(super) fn write(input: &ReportInput) -> String {
    let Some(tme) = &input.summary.tme else { return String::new() };
    let mut out = paragraph(&format!(
        "The lesions as living tissue, followed for {} days by the model of this program. It is a model: most of its parameters are assumed (below). It is no prognosis for a patient.",
        plain(tme.horizon_d)
    ));
    if input.has_immune() {
        out += &format!("<p class=\"research\">The immune part is switched on. Its numbers are: {}.</p>\n", escape(RESEARCH));
    }
    out += &input.endpoints.as_ref().map_or_else(String::new, |t| endpoints(t, input.has_alphas()));
    for (file, svg) in &input.plots {
        let what = match file.as_str() {
            f if f.starts_with("tme_timeline_") => {
                "A region in time: volume, clonogens, vessels, hypoxia and dose; the numbers are in timeline.csv"
            }
            f if f.starts_with("tme_depth_") => {
                "A region by depth below its rim: survival, oxygen and dose; the numbers are in tme_depth.csv"
            }
            "tme_uptake.svg" => "Predicted and measured uptake by fraction; the numbers are in the table",
            "tme_fractionation.svg" => "Survival, BED of organs and hypoxia against the number of fractions; the numbers are in the table",
            _ => "Plot of the microenvironment",
        };
        out += &figure(svg, what);
    }
    out += &input.uptake.as_ref().map_or_else(String::new, |t| {
        records("Uptake that the model predicted, per administered activity, over that of the measured fraction", t)
    });
    out += &input.fractionation.as_ref().map_or_else(String::new, |t| records("The same activity in other numbers of fractions", t));
    out += &input.parameters.as_ref().map_or_else(String::new, assumed);
    if !tme.uncertain.is_empty() {
        out += &details("What is least certain about the model here", &super::document::list(&tme.uncertain));
    }
    out
}

/// Endpoints, turned: a column for each region and for the patient.
fn endpoints(table_read: &Records, alphas: bool) -> String {
    let text = |row: &[String], column: &str| table_read.column(column).map_or_else(String::new, |at| row[at].clone());
    let mut titles = vec!["Endpoint".to_owned()];
    titles.extend(table_read.rows.iter().map(|row| if text(row, "scope") == "region" { text(row, "region") } else { text(row, "scope") }));
    let mut rows = Vec::new();
    for (at, column) in table_read.head.iter().enumerate() {
        let of_column = || table_read.rows.iter().map(|row| row[at].as_str());
        if KEYS.contains(&column.as_str()) || of_column().all(str::is_empty) || (column == "dose_high_let_gy" && !alphas) {
            continue;
        }
        let known = ENDPOINTS.iter().find(|(name, _)| name == column).map_or(column.as_str(), |(_, words)| words);
        let title = if column.starts_with("immune_") { format!("{known} ({RESEARCH})") } else { known.to_owned() };
        rows.push(Row::new(std::iter::once(name(&title)).chain(of_column().map(|value| number(&shown(value)))).collect()));
    }
    table("Endpoints of the evolving regions and of all together", &titles, &rows)
        + &note(
            "An empty cell: the value does not exist, or the time is not reached within the simulation. docs/formats/results.md defines each.",
        )
}

/// A table as it is, numbers shortened.
fn records(caption: &str, read: &Records) -> String {
    let titles: Vec<String> = read.head.iter().map(|name| name.replace('_', " ")).collect();
    let rows: Vec<Row> = read
        .rows
        .iter()
        .map(|row| Row::new(row.iter().map(|text| if text.parse::<f64>().is_ok() { number(&shown(text)) } else { word(text) }).collect()))
        .collect();
    table(caption, &titles, &rows)
}

/// A number in four digits; anything else as it is.
fn shown(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), plain)
}

/// Parameters that are assumed or outside of what is thought possible; one line for regions that agree.
fn assumed(read: &Records) -> String {
    let columns = [
        "region",
        "group",
        "parameter",
        "written",
        "value",
        "unit",
        "range_low",
        "range_high",
        "mark",
        "source",
        "assumed",
        "outside_range",
    ];
    let at = columns.map(|name| read.column(name));
    let text = |row: &[String], i: usize| at[i].map_or_else(String::new, |c| row[c].clone());
    let mut lines: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for row in read.rows.iter().filter(|row| text(row, 10) == "yes" || text(row, 11) == "yes") {
        let range = match (text(row, 6), text(row, 7)) {
            (low, high) if low.is_empty() && high.is_empty() => String::new(),
            (low, high) => format!("{} to {}", shown(&low), shown(&high)),
        };
        let outside = if text(row, 11) == "yes" { "outside of the range" } else { "" };
        let line = vec![
            text(row, 1),
            text(row, 2),
            format!("{} {}", shown(&text(row, 4)), text(row, 5)),
            range,
            text(row, 8),
            text(row, 9),
            outside.into(),
        ];
        match lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, regions)) => regions.push(text(row, 0)),
            None => lines.push((line, vec![text(row, 0)])),
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let titles = ["Group", "Parameter", "Value", "Thought possible", "Mark", "Source", "", "Regions"].map(String::from);
    let rows: Vec<Row> =
        lines.iter().map(|(line, regions)| Row::new(line.iter().map(|t| word(t)).chain([word(&regions.join(", "))]).collect())).collect();
    let content = table("Marks: V read in the source, C computed from it, R recalled and not read again, A assumed", &titles, &rows);
    details(
        &format!("{} that are assumed or recalled, or outside of their range", super::document::counted(lines.len(), "parameter")),
        &content,
    )
}
