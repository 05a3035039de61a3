//! Tables of doses: regions, radiation qualities, fractions.

use super::{
    document::{Row, Td, cell, head, name, note, number, table, tabs, with_sigma, word},
    input::{FractionFile, ReportInput},
    regions::TOTAL,
};
use crate::{dose::regions::WHOLE, report::text::digits, units::SECONDS_PER_DAY};

/// Plain columns of the table of doses: column, name, significant digits.
const PLAIN: [(&str, &str, i32); 8] = [
    ("d98_gy", "D98 (Gy)", 4),
    ("d50_gy", "D50 (Gy)", 4),
    ("d2_gy", "D2 (Gy)", 4),
    ("bed_mean_gy", "BED (Gy)", 4),
    ("eqd2_mean_gy", "EQD2 (Gy)", 4),
    ("eud_gy", "EUD (Gy)", 4),
    ("tcp", "TCP", 3),
    ("ntcp", "NTCP", 3),
];

const MEAN: [&str; 2] = ["dose_mean_gy", "dose_mean_sigma_gy"];

/// Regions in the order of the plan, the line of all voxels last.
fn regions(input: &ReportInput) -> Vec<String> {
    let (whole, mut names): (Vec<String>, Vec<String>) = input.regions.names().into_iter().partition(|n| n == WHOLE);
    names.extend(whole);
    names
}

/// Name of a fraction in heads and tabs.
pub(super) fn fraction_name(fraction: &str) -> String {
    if fraction == TOTAL { "Total".into() } else { format!("Fraction {fraction}") }
}

/// Periods of the tables: the total first.
pub(super) fn periods(input: &ReportInput) -> Vec<String> {
    let fractions = input.regions.fractions();
    let many = fractions.len() > 1;
    std::iter::once(TOTAL.to_owned()).chain(fractions.into_iter().filter(|_| many)).collect()
}

/// The table of regions, a tab for the total and for each fraction.
pub(super) fn doses(input: &ReportInput) -> String {
    let panels: Vec<(String, String)> = periods(input).iter().map(|period| (fraction_name(period), dose_table(input, period))).collect();
    let mut out = tabs("doses", "Doses of", &panels);
    out += &note(
        "Mean dose: energy over mass, with the standard error of the transport (1 sigma). D98, D50, D2: doses that 98, 50 and 2 % of the volume receive at least; noise widens them. \
         BED, EQD2 and EUD by the linear-quadratic model with the parameters listed below; TCP and NTCP only where the plan has parameters for them. Numbers are rounded; regions.csv has all digits.",
    );
    out
}

fn dose_table(input: &ReportInput, period: &str) -> String {
    let t = &input.regions;
    let of = |column: &str| t.names().iter().any(|region| t.cell(period, region, column).is_some());
    let activity = of("dose_mean_activity_sigma_gy");
    let plain: Vec<_> = PLAIN.into_iter().filter(|(column, ..)| of(column)).collect();
    let mut titles = head(["Region", "Mass (g)", "Mean dose (Gy)"]);
    if activity {
        titles.push("from activities ± (Gy)".into());
    }
    titles.extend(plain.iter().map(|(_, title, _)| (*title).to_owned()));
    let rows: Vec<Row> = regions(input)
        .iter()
        .map(|region| {
            let at = |column: &str| t.cell(period, region, column);
            let mut cells = vec![label(region), cell("mass_g", at("mass_g"), |v| digits(v, 4)), with_sigma(MEAN, at(MEAN[0]), at(MEAN[1]))];
            if activity {
                cells.push(cell("dose_mean_activity_sigma_gy", at("dose_mean_activity_sigma_gy"), |v| digits(v, 2)));
            }
            cells.extend(plain.iter().map(|&(column, _, n)| cell(column, at(column), |v| digits(v, n))));
            Row::of_region(region, period, cells)
        })
        .collect();
    let caption = if period == TOTAL { "Doses of all fractions together".into() } else { format!("Doses of fraction {period} alone") };
    table(&caption, &titles, &rows) + &volumes(input, period)
}

/// Shares of the volumes with at least the doses that the plan names; empty if it names none.
fn volumes(input: &ReportInput, period: &str) -> String {
    let levels = input.regions.volume_columns();
    if levels.is_empty() {
        return String::new();
    }
    let title = |level: &&str| level.trim_start_matches('v').replace("gy", " Gy");
    let titles: Vec<String> = std::iter::once("Region".to_owned()).chain(levels.iter().map(title)).collect();
    let row = |region: &String| {
        let share = |level: &&str| cell(level, input.regions.cell(period, region, level), |v| digits(100.0 * v, 3));
        Row::of_region(region, period, std::iter::once(label(region)).chain(levels.iter().map(share)).collect())
    };
    let rows: Vec<Row> = regions(input).iter().map(row).collect();
    table("Share of the volume with at least that dose, V_x (%)", &titles, &rows)
}

/// The first cell of a region's row.
fn label(region: &str) -> Td {
    name(if region == WHOLE { "phantom, all voxels" } else { region })
}

/// Low-LET and high-LET parts of the mean dose, and LET; empty without alphas.
pub(super) fn qualities(input: &ReportInput) -> String {
    if !input.has_alphas() {
        return String::new();
    }
    let t = &input.regions;
    let titles = head(["Region", "low LET (Gy)", "high LET (Gy)", "high LET (% of the dose)", "LET of alphas (keV/µm)"]);
    let panel = |period: &String| {
        let row = |region: &String| {
            let at = |column: &str| t.cell(period, region, column);
            let (mean, high) = (at("dose_mean_gy"), at("dose_high_let_mean_gy"));
            let both = mean.zip(high).map(|(m, h)| (m.value, h.value));
            let low = both.map_or_else(String::new, |(m, h)| digits((m - h).max(0.0), 4));
            let share = both.filter(|(m, _)| *m > 0.0).map_or_else(String::new, |(m, h)| digits(100.0 * h / m, 3));
            let cells = vec![
                label(region),
                number(&low),
                cell("dose_high_let_mean_gy", high, |v| digits(v, 4)),
                number(&share),
                cell("let_mean_kev_um", at("let_mean_kev_um"), |v| digits(v, 4)),
            ];
            Row::of_region(region, period, cells)
        };
        let of = if period == TOTAL { "all fractions together".to_owned() } else { format!("fraction {period}") };
        let rows: Vec<Row> = regions(input).iter().map(row).collect();
        (fraction_name(period), table(&format!("Mean dose by radiation quality, {of}"), &titles, &rows))
    };
    let panels: Vec<(String, String)> = periods(input).iter().map(panel).collect();
    tabs("qualities", "Radiation qualities of", &panels)
        + &note(
            "High LET: alphas and recoil nuclei; low LET: the rest. LET is averaged over the dose of the alphas. Absorbed dose is not weighted here; BED weights the high-LET part with an RBE.",
        )
}

/// Mean doses of the fractions side by side; empty with one fraction.
pub(super) fn fractions(input: &ReportInput) -> String {
    let periods = periods(input);
    if periods.len() < 2 {
        return String::new();
    }
    let order: Vec<&String> = periods[1..].iter().chain(&periods[..1]).collect();
    let titles: Vec<String> = std::iter::once("Region".to_owned()).chain(order.iter().map(|p| fraction_name(p))).collect();
    let row = |region: &String| {
        let at = |period: &str, column: &str| input.regions.cell(period, region, column);
        let means = order.iter().map(|p| with_sigma(MEAN, at(p, MEAN[0]), at(p, MEAN[1])));
        Row::of_region(region, "each", std::iter::once(label(region)).chain(means).collect())
    };
    let rows: Vec<Row> = regions(input).iter().map(row).collect();
    table("Mean absorbed dose by fraction (Gy)", &titles, &rows)
}

/// What was given when.
pub(super) fn schedule(input: &ReportInput) -> String {
    let plan = &input.provenance.resolved_plan;
    let titles = head(["Fraction", "Nuclide", "Administered", "Start (d)", "Uptake"]);
    let row = |f: &FractionFile| {
        let nuclide = plan.nuclides.get(f.nuclide).map_or("", |n| n.name.as_str());
        let uptake =
            if f.predicted_from.as_ref().is_some_and(|p| !p.is_null()) { "predicted in part by the model" } else { "as the plan says" };
        Row::new(vec![
            name(&f.number.to_string()),
            word(nuclide),
            number(&activity(f.administered)),
            number(&plain((f.start / SECONDS_PER_DAY * 1e4).round() / 1e4)),
            word(uptake),
        ])
    };
    let rows: Vec<Row> = plan.fractions.iter().map(row).collect();
    if rows.is_empty() { String::new() } else { table("Fractions (therapy cycles)", &titles, &rows) }
}

/// An activity (Bq) in the unit that nuclear medicine would use.
pub(super) fn activity(bq: f64) -> String {
    let (value, unit) = match bq {
        a if a >= 1e9 => (a / 1e9, "GBq"),
        a if a >= 1e6 => (a / 1e6, "MBq"),
        a if a >= 1e3 => (a / 1e3, "kBq"),
        a => (a, "Bq"),
    };
    let text = digits(value, 4);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

/// Linear-quadratic parameters; those assumed are marked.
pub(super) fn tissues(input: &ReportInput) -> String {
    let Some(response) = input.provenance.resolved_plan.response.as_ref().filter(|r| !r.regions.is_empty()) else { return String::new() };
    let alphas = input.has_alphas();
    let mut titles = head(["Region", "alpha (1/Gy)", "alpha/beta (Gy)", "repair half-time (h)"]);
    titles.extend(alphas.then(|| "RBE of high LET".to_owned()));
    let rows: Vec<Row> = response
        .regions
        .iter()
        .map(|(region, p)| {
            let shown = |key: &str, value: f64| {
                let mark = if p.assumed.iter().any(|a| a == key) { " *" } else { "" };
                number(&format!("{}{mark}", plain(value)))
            };
            let mut cells = vec![
                name(region),
                shown("alpha", p.alpha),
                shown("alpha_beta", p.alpha_beta),
                shown("repair_half_time", p.repair_half_time / 3600.0),
            ];
            cells.extend(alphas.then(|| shown("rbe_high_let", p.rbe_high_let)));
            Row::new(cells)
        })
        .collect();
    table("Parameters of the linear-quadratic model", &titles, &rows)
        + &note(
            "* assumed or recalled, not measured for this patient; regions that are not listed have the plan's default. The resolved plan in provenance.json has all of them.",
        )
}

/// Four significant digits without zeros at the end.
pub(super) fn plain(value: f64) -> String {
    let text = digits(value, 4);
    if text.contains('.') && !text.contains('e') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
