//! The table at the end of a run and what the program says about its own statistics.

use crate::{
    dose::{
        dvh::MAX_BINS,
        regions::{Period, RegionDvh, RegionRow, WHOLE},
    },
    report::summary::{RunCount, relative_mean_error},
};

/// Relative standard error of a region's mean dose above which the user is warned.
pub const MEAN_LIMIT: f64 = 0.02;
/// Root-mean-square relative error of a region's voxels above which D_x, V_x and extremes are widened visibly by noise.
pub const VOXEL_LIMIT: f64 = 0.1;
/// Histories per source voxel below which the source itself is sampled coarsely.
pub const HISTORIES_PER_VOXEL: f64 = 10.0;

/// `12.34 ± 0.05`: the error with one significant digit (two if the first is 1), the value to the same place.
///
/// Without error four significant digits; below 1e-4 in exponential form.
pub fn with_sigma(mean: f64, sigma: f64) -> String {
    let size = mean.abs().max(sigma);
    if size > 0.0 && size < 1e-4 {
        return format!("{mean:.2e} ± {sigma:.0e}");
    }
    let decimals = if sigma > 0.0 {
        // Round to two digits first: 0.0996 is shown as 0.10.
        let two = format!("{sigma:.1e}");
        let (mantissa, exponent) = two.split_once('e').unwrap_or((&two, "0"));
        let place = -exponent.parse::<i32>().unwrap_or(0);
        place + i32::from(mantissa.starts_with('1'))
    } else if size > 0.0 {
        3 - size.log10().floor() as i32
    } else {
        0
    };
    let decimals = decimals.clamp(0, 8) as usize;
    if sigma > 0.0 { format!("{mean:.decimals$} ± {sigma:.decimals$}") } else { format!("{mean:.decimals$} ± 0") }
}

/// The table: one line per region with its mass, the mean dose of each fraction and of the total, and D98, D2 and BED of the total.
///
/// Columns of fractions are left out where there is only one fraction, or more than `max_fractions`. Where activities carry uncertainties,
/// a column gives theirs: the errors beside the doses are of the transport alone.
pub fn region_table(rows: &[RegionRow], max_fractions: usize) -> String {
    let mut fractions: Vec<Period> = rows.iter().map(|r| r.fraction).filter(|&f| f != Period::Total).collect();
    fractions.dedup();
    if fractions.len() < 2 || fractions.len() > max_fractions {
        fractions.clear();
    }
    let mut head = vec!["region".to_string(), "mass g".to_string()];
    head.extend(fractions.iter().map(|f| match f {
        Period::Fraction(number) => format!("fraction {number} Gy"),
        other => format!("{other} Gy"),
    }));
    head.push("total Gy".into());
    let activity = rows.iter().any(|r| r.dose_mean_activity_sigma_gy.is_some());
    if activity {
        head.push("activity ± Gy".into());
    }
    head.extend(["D98 Gy", "D2 Gy", "BED Gy"].map(String::from));
    let mut table = vec![head];
    for total in rows.iter().filter(|r| r.fraction == Period::Total) {
        let mean = |period: Period| {
            let row = rows.iter().find(|r| r.fraction == period && r.region == total.region);
            row.and_then(|r| Some(with_sigma(r.dose_mean_gy?, r.dose_mean_sigma_gy?))).unwrap_or_else(dash)
        };
        let plain = |value: Option<f64>| value.map_or_else(dash, four_digits);
        let mut cells = vec![total.region.clone(), four_digits(total.mass_g)];
        cells.extend(fractions.iter().map(|&f| mean(f)));
        cells.push(mean(Period::Total));
        if activity {
            cells.push(total.dose_mean_activity_sigma_gy.map_or_else(dash, |sigma| digits(sigma, 2)));
        }
        cells.extend([plain(total.d98_gy), plain(total.d2_gy), plain(total.response.bed_mean_gy)]);
        table.push(cells);
    }
    align(&table)
}

fn dash() -> String {
    "-".into()
}

fn four_digits(x: f64) -> String {
    digits(x, 4)
}

/// So many significant digits.
pub(super) fn digits(x: f64, significant: i32) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let more = significant - 1;
    // The magnitude after rounding: 9.996 has three digits as 10.0.
    let rounded = format!("{x:.*e}", more as usize);
    let magnitude = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    if (-4..7).contains(&magnitude) { format!("{x:.*}", (more - magnitude).max(0) as usize) } else { rounded }
}

/// First column to the left, the others to the right, two blanks between; widths count characters, not bytes.
pub(super) fn align(table: &[Vec<String>]) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let width = |c: usize| table.iter().map(|row| row[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in table {
        for (c, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let cell = if c == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&cell);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// The regions with the largest errors, largest first, and how many more there are: `regions.csv` has them all.
fn worst(mut regions: Vec<(f64, String)>) -> Vec<String> {
    const SHOWN: usize = 6;
    regions.sort_by(|a, b| b.0.total_cmp(&a.0));
    let more = regions.len().saturating_sub(SHOWN);
    let shown = regions.into_iter().take(SHOWN).map(|(_, text)| text);
    shown.chain((more > 0).then(|| format!("and less in {more} more regions (regions.csv)"))).collect()
}

/// Warnings about the statistics of a run, in words with numbers; one line for each kind, empty if there is nothing to say.
pub fn statistics_warnings(rows: &[RegionRow], dvhs: &[RegionDvh], runs: &[RunCount]) -> Vec<String> {
    let totals = || rows.iter().filter(|r| r.fraction == Period::Total && r.region != WHOLE);
    let (mut buried, mut cold, mut poor, mut noisy) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in totals() {
        match relative_mean_error(row) {
            _ if row.voxels == 0 => buried.push(row.region.clone()),
            None => cold.push(row.region.clone()),
            Some(error) => {
                if error > MEAN_LIMIT {
                    poor.push((error, format!("{} {:.1} %", row.region, 100.0 * error)));
                }
                if let Some(rms) = row.voxel_uncertainty_rms.filter(|&u| u > VOXEL_LIMIT) {
                    noisy.push((rms, format!("{} {:.0} %", row.region, 100.0 * rms)));
                }
            }
        }
    }
    let coarse: Vec<String> = runs
        .iter()
        .filter_map(|run| {
            let per_voxel = run.histories as f64 / run.source_voxels.max(1) as f64;
            (per_voxel < HISTORIES_PER_VOXEL).then(|| format!("{} ({}) {per_voxel:.1}", run.component, run.radiation))
        })
        .collect();
    let widened: Vec<f64> = dvhs.iter().filter(|c| c.dvh.widened).map(|c| c.dvh.bin).collect();
    let mut warnings = Vec::new();
    let mut say = |names: &[String], before: &str, after: &str| {
        if !names.is_empty() {
            warnings.push(format!("{before}: {}{after}", names.join(", ")));
        }
    };
    say(&buried, "no voxels left, because later regions or labels cover them", "; their lines in the tables are empty");
    say(&cold, "no energy received in this run", "; their dose and error of 0 say nothing about rare events");
    say(&worst(poor), "mean dose known only to (1 sigma)", "; ask for more histories");
    say(
        &worst(noisy),
        "relative error of single voxels (rms)",
        "; noise widens D98, D2, V_x, minimum, maximum and the DVH there, and raises BED",
    );
    say(&coarse, "few histories per source voxel", "; the pattern of uptake is sampled coarsely");
    if let Some(widest) = widened.iter().copied().reduce(f64::max) {
        warnings.push(format!(
            "output.dvh_bin would give more than {MAX_BINS} thresholds in {} of {} curves of dvh.csv; their bins are wider, up to {widest:.3e} Gy",
            widened.len(),
            dvhs.len()
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dose::{dvh::cumulative, regions::RegionResponse};

    fn row(fraction: Period, region: &str, mean: f64, sigma: f64) -> RegionRow {
        RegionRow {
            fraction,
            region: region.into(),
            voxels: 10,
            mass_g: 123.456,
            dose_mean_gy: Some(mean),
            dose_mean_sigma_gy: Some(sigma),
            dose_mean_activity_sigma_gy: None,
            d98_gy: Some(mean * 0.5),
            d95_gy: Some(mean * 0.6),
            d50_gy: Some(mean),
            d2_gy: Some(mean * 1.5),
            response: RegionResponse::default(),
            min_gy: Some(0.0),
            max_gy: Some(mean * 2.0),
            dose_high_let_mean_gy: None,
            let_mean_kev_um: None,
            voxel_uncertainty_rms: Some(0.05),
            volume_at_dose: Vec::new(),
        }
    }

    #[test]
    fn values_are_rounded_to_their_error() {
        for (mean, sigma, expected) in [
            (12.3456, 0.05, "12.35 ± 0.05"),
            (12.3456, 0.0123, "12.346 ± 0.012"),
            (12.3456, 0.0996, "12.35 ± 0.10"),
            (1234.5, 38.0, "1234 ± 38"),
            (0.05, 0.002, "0.050 ± 0.002"),
            (3.0, 0.0, "3.000 ± 0"),
            (0.0, 0.0, "0 ± 0"),
            (1.234e-6, 5e-8, "1.23e-6 ± 5e-8"),
        ] {
            assert_eq!(with_sigma(mean, sigma), expected);
        }
    }

    #[test]
    fn the_table_is_aligned_and_complete() {
        let rows = [
            row(Period::Fraction(1), "kidney", 1.0, 0.01),
            row(Period::Fraction(2), "kidney", 2.5, 0.02),
            row(Period::Total, "kidney", 3.5, 0.03),
        ];
        let text = region_table(&rows, 6);
        let expected = "\
region  mass g  fraction 1 Gy  fraction 2 Gy     total Gy  D98 Gy  D2 Gy  BED Gy
kidney   123.5  1.000 ± 0.010    2.50 ± 0.02  3.50 ± 0.03   1.750  5.250       -
";
        assert_eq!(text, expected);
        assert!(!region_table(&rows, 1).contains("fraction"));
        let known = RegionRow { dose_mean_activity_sigma_gy: Some(0.4567), ..row(Period::Total, "kidney", 3.5, 0.03) };
        let expected = "\
region  mass g     total Gy  activity ± Gy  D98 Gy  D2 Gy  BED Gy
kidney   123.5  3.50 ± 0.03           0.46   1.750  5.250       -
";
        assert_eq!(region_table(&[known], 6), expected);
    }

    #[test]
    fn poor_statistics_are_named() {
        let good = row(Period::Total, "liver", 10.0, 0.1);
        let mut noisy = row(Period::Total, "lesion", 10.0, 0.5);
        noisy.voxel_uncertainty_rms = Some(0.23);
        let cold = row(Period::Total, "lens", 0.0, 0.0);
        let mut buried = row(Period::Total, "rind", 0.0, 0.0);
        buried.voxels = 0;
        let curve =
            |doses: &[f32], bin| RegionDvh { fraction: Period::Total, region: "liver".into(), dvh: cumulative(doses, Some(bin)).unwrap() };
        let run = |histories| RunCount {
            component: "Lu-177 in liver".into(),
            radiation: "beta".into(),
            yield_per_decay: 1.0,
            histories,
            batches: 16,
            source_voxels: 1000,
        };
        assert!(statistics_warnings(std::slice::from_ref(&good), &[curve(&[10.0], 0.1)], &[run(10_000)]).is_empty());
        let warnings = statistics_warnings(&[good, noisy, cold, buried], &[curve(&[10.0], 1e-9), curve(&[10.0], 0.1)], &[run(9_000)]);
        let expected = [
            "no voxels left, because later regions or labels cover them: rind;",
            "no energy received in this run: lens;",
            "mean dose known only to (1 sigma): lesion 5.0 %;",
            "single voxels (rms): lesion 23 %;",
            "few histories per source voxel: Lu-177 in liver (beta) 9.0;",
            "in 1 of 2 curves",
        ];
        assert_eq!(warnings.len(), expected.len());
        for (warning, part) in warnings.iter().zip(expected) {
            assert!(warning.contains(part), "{warning}");
        }
    }

    #[test]
    fn of_many_regions_the_worst_are_named() {
        let list = |n: u32| (0..n).map(|i| (f64::from(i * 7 % 10), format!("r{i}"))).collect::<Vec<_>>();
        assert_eq!(worst(list(3)), ["r1", "r2", "r0"]);
        assert_eq!(worst(list(9)), ["r7", "r4", "r1", "r8", "r5", "r2", "and less in 3 more regions (regions.csv)"]);
    }
}
