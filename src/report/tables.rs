//! `regions.csv`, `dvh.csv`, `dose_rate.csv` and `dose_rate_terms.csv`.

use crate::{
    dose::{
        rate::{RateAt, RateTerm},
        regions::{RegionDvh, RegionRow},
    },
    units::SECONDS_PER_HOUR,
};

/// Columns of `regions.csv` before those of V_x; other programs rely on the first eleven and their order.
pub const REGION_COLUMNS: [&str; 21] = [
    "fraction",
    "region",
    "voxels",
    "mass_g",
    "dose_mean_gy",
    "dose_mean_sigma_gy",
    "d98_gy",
    "d95_gy",
    "d50_gy",
    "d2_gy",
    "bed_mean_gy",
    "min_gy",
    "max_gy",
    "dose_high_let_mean_gy",
    "let_mean_kev_um",
    "voxel_uncertainty_rms",
    "eqd2_mean_gy",
    "eud_gy",
    "tcp",
    "ntcp",
    "dose_mean_activity_sigma_gy",
];

/// Columns of `dvh.csv`.
pub const DVH_COLUMNS: [&str; 4] = ["fraction", "region", "dose_gy", "volume_fraction"];

/// Columns of `dose_rate.csv`.
pub const DOSE_RATE_COLUMNS: [&str; 6] =
    ["time_h", "region", "voxels", "dose_rate_mean_gy_per_h", "dose_rate_mean_sigma_gy_per_h", "dose_rate_high_let_mean_gy_per_h"];

/// Columns of `dose_rate_terms.csv`.
pub const DOSE_RATE_TERM_COLUMNS: [&str; 8] = ["fraction", "term", "stem", "start_h", "end_h", "rate_per_h", "power", "amplitude_unit"];

/// `regions.csv`: one line per fraction and region; a cell is empty where a value does not exist.
///
/// V_x columns are named `v<level>gy`, e.g. `v20gy`, for each of `dose_levels` (Gy).
pub fn regions_csv(rows: &[RegionRow], dose_levels: &[f64]) -> String {
    let mut text = String::new();
    let levels: Vec<String> = dose_levels.iter().map(|l| format!("v{l}gy")).collect();
    line(&mut text, REGION_COLUMNS.iter().copied().chain(levels.iter().map(String::as_str)));
    for row in rows {
        let r = &row.response;
        let mut cells = vec![row.fraction.to_string(), row.region.clone(), row.voxels.to_string(), number(row.mass_g)];
        let values = [
            row.dose_mean_gy,
            row.dose_mean_sigma_gy,
            row.d98_gy,
            row.d95_gy,
            row.d50_gy,
            row.d2_gy,
            r.bed_mean_gy,
            row.min_gy,
            row.max_gy,
            row.dose_high_let_mean_gy,
            row.let_mean_kev_um,
            row.voxel_uncertainty_rms,
            r.eqd2_mean_gy,
            r.eud_gy,
            r.tcp,
            r.ntcp,
            row.dose_mean_activity_sigma_gy,
        ];
        cells.extend(values.iter().chain(&row.volume_at_dose).map(|v| v.map_or_else(String::new, number)));
        line(&mut text, cells.iter().map(String::as_str));
    }
    text
}

/// `dvh.csv`: the cumulative curves below each other. Thresholds are written with all their digits, so that counting voxels
/// at or above a threshold gives the volume on its line.
pub fn dvh_csv(curves: &[RegionDvh]) -> String {
    let mut text = String::new();
    line(&mut text, DVH_COLUMNS.iter().copied());
    for curve in curves {
        let fraction = curve.fraction.to_string();
        for (dose, volume) in curve.dvh.dose.iter().zip(&curve.dvh.volume) {
            line(&mut text, [fraction.as_str(), &curve.region, &dose.to_string(), &number(*volume)].into_iter());
        }
    }
    text
}

/// `dose_rate.csv`: one line per time and region; `regions` are the names and numbers of voxels by slot.
pub fn dose_rate_csv(rates: &[RateAt], regions: &[(String, usize)]) -> String {
    let mut text = String::new();
    line(&mut text, DOSE_RATE_COLUMNS.iter().copied());
    for rate in rates {
        for ((name, voxels), dose) in regions.iter().zip(&rate.regions) {
            let filled = *voxels > 0;
            let values = [Some(dose.mean), Some(dose.sigma), dose.high_mean].map(|v| v.filter(|_| filled).map_or_else(String::new, number));
            let head = [hours(rate.time), name.clone(), voxels.to_string()];
            line(&mut text, head.iter().chain(&values).map(String::as_str));
        }
    }
    text
}

/// `dose_rate_terms.csv`: what the amplitude maps of each fraction belong to, with all digits; an empty end is none.
pub fn dose_rate_terms_csv<'a>(fractions: impl Iterator<Item = (u32, &'a [RateTerm])>) -> String {
    let mut text = String::new();
    line(&mut text, DOSE_RATE_TERM_COLUMNS.iter().copied());
    for (fraction, terms) in fractions {
        for (i, RateTerm { term, .. }) in terms.iter().enumerate() {
            let cells = [
                fraction.to_string(),
                (i + 1).to_string(),
                term_stem(fraction, i),
                (term.start / SECONDS_PER_HOUR).to_string(),
                if term.end.is_finite() { (term.end / SECONDS_PER_HOUR).to_string() } else { String::new() },
                (term.rate * SECONDS_PER_HOUR).to_string(),
                term.power.to_string(),
                amplitude_unit(term.power).to_owned(),
            ];
            line(&mut text, cells.iter().map(String::as_str));
        }
    }
    text
}

/// Stem of the amplitude map of a term, counted from 0.
pub(super) fn term_stem(fraction: u32, term: usize) -> String {
    format!("dose_rate_fraction-{fraction:02}_term-{:02}", term + 1)
}

/// Unit of an amplitude by the power of time it belongs to.
pub(super) fn amplitude_unit(power: u32) -> &'static str {
    ["Gy/h", "Gy/h^2", "Gy/h^3", "Gy/h^4", "Gy/h^5", "Gy/h^6", "Gy/h^7"].get(power as usize).copied().unwrap_or("Gy/h^(power+1)")
}

/// A time (s) in hours, as it stands in names and tables: a microhour is the last digit.
pub(super) fn hours(time: f64) -> String {
    ((time / SECONDS_PER_HOUR * 1e6).round() / 1e6).to_string()
}

/// Seven significant digits, in the form that is shorter to read.
pub(super) fn number(x: f64) -> String {
    let magnitude = x.abs();
    if x == 0.0 {
        "0".into()
    } else if (1e-3..1e7).contains(&magnitude) {
        let decimals = (6 - magnitude.log10().floor() as i32).max(0) as usize;
        let text = format!("{x:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
    } else {
        format!("{x:.6e}")
    }
}

/// One line, quoted as RFC 4180 has it.
pub(super) fn line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) || cell.trim() != cell {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_seven_digits() {
        for (x, expected) in [
            (0.0, "0"),
            (12.5, "12.5"),
            (100.0, "100"),
            (1_234_567.0, "1234567"),
            (1.0 / 3.0, "0.3333333"),
            (2.0 / 3.0 * 1e-9, "6.666667e-10"),
            (123_456_789.0, "1.234568e8"),
            (-0.05, "-0.05"),
            (999_999.96, "1000000"),
        ] {
            assert_eq!(number(x), expected);
            assert!((number(x).parse::<f64>().unwrap() - x).abs() <= 5.1e-7 * x.abs());
        }
    }

    #[test]
    fn awkward_names_are_quoted() {
        let mut text = String::new();
        line(&mut text, ["kidney, left", "the \"hot\" one", "plain", " x"].into_iter());
        assert_eq!(text, "\"kidney, left\",\"the \"\"hot\"\" one\",plain,\" x\"\n");
    }
}
