//! `activity.csv`: how many decays of what happen where, fraction by fraction. `time_activity.json`: how activity runs in time, and why.

use serde::Serialize;

use super::{
    json,
    tables::{line, number},
};
use crate::{
    error::Result,
    plan::Plan,
    source::{FractionSource, TimeActivity},
};

/// Columns of `activity.csv`.
pub const ACTIVITY_COLUMNS: [&str; 9] = [
    "fraction",
    "component",
    "decays_of",
    "tia_bq_s",
    "tiac_h",
    "mean_time_h",
    "activity_relative_sigma",
    "calibration_relative_sigma",
    "fate",
];

/// One line per source component, then one per chain member and fate that does not decay in the phantom. `group_names` are those of the
/// decay groups, by position.
///
/// Time-integrated activity counts decays of the head of the group (in Bq s), its coefficient is per administered activity; the mean time is that of the
/// decays after the start of the fraction.
pub fn activity_csv(plan: &Plan, sources: &[FractionSource], group_names: &[String]) -> String {
    let mut text = String::new();
    line(&mut text, ACTIVITY_COLUMNS.iter().copied());
    for (fraction, source) in plan.fractions.iter().zip(sources) {
        let hours = |tia: f64| number(tia / fraction.administered / 3600.0);
        for c in &source.components {
            let group = group_names.get(c.group).map_or("", String::as_str);
            let cells = [
                source.number.to_string(),
                c.name.clone(),
                group.to_owned(),
                number(c.tia),
                hours(c.tia),
                number(c.course.mean_time() / 3600.0),
                number(c.uncertainty.own),
                number(c.uncertainty.calibration),
                "decays in the phantom".to_owned(),
            ];
            line(&mut text, cells.iter().map(String::as_str));
        }
        for o in &source.outside {
            let name = format!("{} {}", o.member, o.from);
            let cells = [
                source.number.to_string(),
                name,
                o.member.clone(),
                number(o.atoms),
                hours(o.atoms),
                String::new(),
                String::new(),
                String::new(),
                o.fate.to_owned(),
            ];
            line(&mut text, cells.iter().map(String::as_str));
        }
    }
    text
}

/// Version of `time_activity.json`.
const SCHEMA: &str = "dosaic-time-activity/1";

#[derive(Serialize)]
struct FractionActivities<'a> {
    fraction: u32,
    start_s: f64,
    activities: &'a [TimeActivity],
}

/// Samples, fits and pieces of the activity of what was administered, by fraction and place; s and Bq.
///
/// # Errors
/// If a figure is not finite.
pub fn time_activity_json(sources: &[FractionSource]) -> Result<String> {
    #[derive(Serialize)]
    struct File<'a> {
        schema: &'static str,
        fractions: Vec<FractionActivities<'a>>,
    }
    let fractions =
        sources.iter().map(|s| FractionActivities { fraction: s.number, start_s: s.start, activities: &s.activities }).collect();
    json::pretty(&File { schema: SCHEMA, fractions })
}
