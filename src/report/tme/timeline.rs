//! `timeline.csv` and `timeline_global.csv`: what evolves, in time.

use super::{RESEARCH, TmeResult, days};
use crate::{
    report::tables::{line, number},
    response::tme::timeline::{GlobalRow, Timeline, TimelineRow},
};

/// Columns of `timeline.csv`.
pub const TIMELINE_COLUMNS: [&str; 20] = [
    "time_d",
    "region",
    "volume_ml",
    "viable_ml",
    "clonogens",
    "surviving",
    "doomed",
    "dead",
    "hypoxic_fraction",
    "po2_mmhg",
    "vessels",
    "caf",
    "m1",
    "m2",
    "m2_share",
    "target",
    "dose_low_let_gy",
    "dose_high_let_gy",
    "bed_gy",
    "death_signal_per_d",
];

/// More columns of `timeline.csv` where the immune part is on.
pub const IMMUNE_COLUMNS: [&str; 6] = ["t_primed", "t_effector", "pdl1", "immune_activation", "immune_index", "immune_note"];

/// Columns of `timeline_global.csv` before those of the drugs.
pub const GLOBAL_COLUMNS: [&str; 6] =
    ["time_d", "volume_ml", "lymphocytes", "blood_dose_gy", "platelets_1e9_per_l", "neutrophils_1e9_per_l"];

/// More columns of `timeline_global.csv`, after those of the drugs, where the immune part is on.
pub const GLOBAL_IMMUNE_COLUMNS: [&str; 3] = ["antigen_ul", "checkpoint_nm", "immune_note"];

/// `timeline.csv`: one line per time and region. Cells are empty where a value does not exist (oxygen off).
pub fn timeline_csv(result: &TmeResult) -> String {
    let mut text = String::new();
    let immune = if result.plan.immune { &IMMUNE_COLUMNS[..] } else { &[] };
    line(&mut text, TIMELINE_COLUMNS.iter().chain(immune).copied());
    for row in &result.timeline.rows {
        let oxygen = |x: f64| Some(x).filter(|_| result.has_oxygen());
        let values = [
            Some(row.volume_ml),
            Some(row.viable_ml),
            Some(row.cells),
            Some(row.surviving),
            Some(row.doomed),
            Some(row.dead),
            oxygen(row.hypoxic_fraction),
            oxygen(row.po2_mmhg),
            Some(row.vessels),
            Some(row.caf),
            Some(row.m1),
            Some(row.m2),
            m2_share(row),
            Some(row.target),
            Some(row.dose_low_gy),
            Some(row.dose_high_gy),
            Some(row.bed_gy),
            Some(row.death_signal),
        ];
        let mut cells = vec![days(row.time), row.region.clone()];
        cells.extend(values.map(cell));
        if result.plan.immune {
            let values = [row.t_primed, row.t_effector, row.pdl1, row.immune_activation, row.immune_index];
            cells.extend(values.iter().map(|v| number(*v)));
            cells.push(RESEARCH.into());
        }
        line(&mut text, cells.iter().map(String::as_str));
    }
    text
}

/// `timeline_global.csv`: one line per time. The volume is that of all evolving regions; drugs are in the units of their doses.
pub fn timeline_global_csv(result: &TmeResult) -> String {
    let mut text = String::new();
    let timeline = &result.timeline;
    let drugs: Vec<String> = timeline.drug_names.iter().map(|name| format!("drug_{name}")).collect();
    let immune = if result.plan.immune { &GLOBAL_IMMUNE_COLUMNS[..] } else { &[] };
    line(&mut text, GLOBAL_COLUMNS.iter().copied().chain(drugs.iter().map(String::as_str)).chain(immune.iter().copied()));
    let volumes = totals(timeline, |r| r.volume_ml);
    for row in &timeline.globals {
        let volume = volumes.binary_search_by(|(time, _)| time.total_cmp(&row.time)).ok().map(|i| volumes[i].1);
        let mut cells = vec![days(row.time), cell(volume), number(row.lymphocytes), number(row.blood_dose_gy)];
        cells.extend([row.platelets, row.neutrophils].map(cell));
        cells.extend(row.drugs.iter().map(|d| number(*d)));
        if result.plan.immune {
            cells.extend([number(row.antigen), number(row.checkpoint_nm), RESEARCH.into()]);
        }
        line(&mut text, cells.iter().map(String::as_str));
    }
    text
}

/// All numbers of a row, with their names in messages.
pub(super) fn numbers(r: &TimelineRow) -> [(&'static str, f64); 22] {
    [
        ("the volume", r.volume_ml),
        ("the viable volume", r.viable_ml),
        ("the number of clonogens", r.cells),
        ("the surviving share", r.surviving),
        ("the share of doomed cells", r.doomed),
        ("the share of dead cells", r.dead),
        ("the hypoxic fraction", r.hypoxic_fraction),
        ("pO2", r.po2_mmhg),
        ("the amount of vessels", r.vessels),
        ("the amount of fibroblasts", r.caf),
        ("the amount of M1 macrophages", r.m1),
        ("the amount of M2 macrophages", r.m2),
        ("the number of primed T cells", r.t_primed),
        ("the number of effector T cells", r.t_effector),
        ("PD-L1", r.pdl1),
        ("the immune activation", r.immune_activation),
        ("the immune index", r.immune_index),
        ("the number of binding sites", r.target),
        ("the low-LET dose", r.dose_low_gy),
        ("the high-LET dose", r.dose_high_gy),
        ("BED", r.bed_gy),
        ("the death signal", r.death_signal),
    ]
}

/// All numbers of the patient at one time, with their names in messages.
pub(super) fn global_numbers(g: &GlobalRow) -> impl Iterator<Item = (&'static str, f64)> + use<'_> {
    let always = [
        ("the antigen", g.antigen),
        ("the number of lymphocytes", g.lymphocytes),
        ("the checkpoint inhibitor", g.checkpoint_nm),
        ("the blood dose", g.blood_dose_gy),
    ];
    let counts = [("the number of platelets", g.platelets), ("the number of neutrophils", g.neutrophils)];
    let counts = counts.into_iter().filter_map(|(what, value)| Some((what, value?)));
    always.into_iter().chain(counts).chain(g.drugs.iter().map(|drug| ("the amount of a drug", *drug)))
}

/// Times and sums over the regions.
pub(super) fn totals(timeline: &Timeline, of: impl Fn(&TimelineRow) -> f64) -> Vec<(f64, f64)> {
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for row in &timeline.rows {
        match sums.last_mut() {
            Some((time, sum)) if time.total_cmp(&row.time).is_eq() => *sum += of(row),
            _ => sums.push((row.time, of(row))),
        }
    }
    sums
}

/// M2 over all macrophages; `None` without macrophages.
fn m2_share(row: &TimelineRow) -> Option<f64> {
    let all = row.m1 + row.m2;
    (all > 0.0).then(|| row.m2 / all)
}

pub(super) fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}
