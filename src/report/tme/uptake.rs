//! `tme_uptake.csv`: what the model predicted for the uptake of fractions, and what was measured.

use serde::Serialize;

use super::timeline::cell;
use crate::report::tables::{line, number};

/// Columns of `tme_uptake.csv`.
pub const UPTAKE_COLUMNS: [&str; 8] =
    ["fraction", "place", "from_fraction", "predicted_factor", "measured_factor", "largest_change", "retransported", "used"];

/// Uptake in a fraction as the state of the cells predicts it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictedUptake {
    /// Number of the fraction.
    pub fraction: u32,
    /// Where: a region, or the name of an image.
    pub place: String,
    /// Number of the measured fraction whose uptake is carried on.
    pub from: u32,
    /// Predicted activity per administered activity over that of fraction `from`.
    pub factor: f64,
    /// The same ratio as measured; where there is one, it is used and the prediction is only shown.
    pub measured: Option<f64>,
    /// Largest relative change of a voxel's share of the activity.
    pub largest_change: f64,
    /// Whether the new pattern was transported; else the old dose per decay was scaled.
    pub retransported: bool,
}

/// One line per fraction and place.
pub fn uptake_csv(predicted: &[PredictedUptake]) -> String {
    let mut text = String::new();
    line(&mut text, UPTAKE_COLUMNS.iter().copied());
    for p in predicted {
        let cells = [
            p.fraction.to_string(),
            p.place.clone(),
            p.from.to_string(),
            number(p.factor),
            cell(p.measured),
            number(p.largest_change),
            if p.retransported { "yes" } else { "no" }.into(),
            if p.measured.is_some() { "measured" } else { "predicted" }.into(),
        ];
        line(&mut text, cells.iter().map(String::as_str));
    }
    text
}
