//! Plots of doses: volume histograms, fractions side by side.

use super::{
    document::{figure, note, tabs},
    input::{DvhCurve, ReportInput},
    regions::TOTAL,
    tables::{fraction_name, periods},
};
use crate::{
    dose::regions::WHOLE,
    report::plot::{COLOURS, Curve, Panel, Sheet},
};

/// Curves of one plot: each colour drawn through and broken.
const CURVES: usize = 2 * COLOURS.len();
/// Points of a curve; the plot is some 550 pixels wide.
const POINTS: usize = 280;
/// A region whose D2 is below this share of the highest has a plot of the low doses.
const LOW: f64 = 0.2;

/// A colour and a dash for each region, the same in all plots.
fn curve(n: usize, name: &str, values: Vec<(f64, f64)>) -> Curve {
    let line = Curve::line(name, COLOURS[n % COLOURS.len()], values);
    if n % CURVES >= COLOURS.len() { line.dashed() } else { line }
}

/// Regions without the line of all voxels, unless that is all there is.
fn regions(input: &ReportInput) -> Vec<String> {
    let names = input.regions.names();
    if names.len() > 1 { names.into_iter().filter(|n| n != WHOLE).collect() } else { names }
}

/// Dose-volume histograms of the total and of each fraction.
pub(super) fn dvhs(input: &ReportInput) -> String {
    let names = regions(input);
    let panel = |period: &String| {
        let curves: Vec<(usize, &DvhCurve)> = names
            .iter()
            .enumerate()
            .filter_map(|(n, name)| Some((n, input.dvhs.iter().find(|c| c.fraction == *period && c.region == *name)?)))
            .collect();
        (fraction_name(period), plots(input, period, &curves))
    };
    let panels: Vec<(String, String)> = periods(input).iter().map(panel).filter(|(_, plots)| !plots.is_empty()).collect();
    if panels.is_empty() {
        return String::new();
    }
    tabs("dvh", "Histograms of", &panels)
        + &note(
            "Cumulative: share of a region's volume with at least that dose. No voxel is split; the noise of single voxels is in the curves.",
        )
}

fn plots(input: &ReportInput, period: &str, curves: &[(usize, &DvhCurve)]) -> String {
    let d2 = |c: &DvhCurve| input.regions.cell(period, &c.region, "d2_gy").map_or(0.0, |d| d.value);
    let hottest = curves.iter().map(|(_, c)| d2(c)).fold(0.0, f64::max);
    let end = |c: &DvhCurve| c.points.last().map_or(0.0, |p| p.0);
    let title = if period == TOTAL { "All fractions together".into() } else { format!("Fraction {period}") };
    let mut out = String::new();
    for group in curves.chunks(CURVES) {
        let range = group.iter().map(|(_, c)| end(c)).fold(0.0, f64::max);
        out += &plot(&title, group, range);
        let low: Vec<_> = group.iter().copied().filter(|(_, c)| d2(c) > 0.0 && d2(c) < LOW * hottest).collect();
        let near = low.iter().map(|(_, c)| d2(c)).fold(0.0, f64::max);
        if near > 0.0 {
            out += &plot(&format!("{title}, low doses"), &low, 1.2 * near);
        }
    }
    out
}

fn plot(title: &str, curves: &[(usize, &DvhCurve)], range: f64) -> String {
    let line = |&(n, c): &(usize, &DvhCurve)| curve(n, &c.region, thin(&c.points, range));
    let mut panel = Panel::new("volume with at least that dose (%)", curves.iter().map(line).collect());
    panel.height = 280.0;
    panel.at_least = 100.0;
    let sheet = Sheet {
        title: title.to_owned(),
        axis: "absorbed dose (Gy)".into(),
        range: (0.0, range),
        ticks: None,
        marks: Vec::new(),
        mark_name: None,
        panels: vec![panel],
    };
    let names: Vec<&str> = curves.iter().map(|(_, c)| c.region.as_str()).collect();
    figure(&sheet.svg(), &format!("Dose-volume histogram, {}: {}; the numbers are in dvh.csv", title.to_lowercase(), names.join(", ")))
}

/// As many points as can be seen up to a dose, in percent.
fn thin(points: &[(f64, f64)], range: f64) -> Vec<(f64, f64)> {
    let inside = points.partition_point(|p| p.0 <= range);
    let mut shown = &points[..inside];
    let mut cut = None;
    if let Some(&(dose, volume)) = points.get(inside) {
        // The curve goes on: up to the edge along the straight line to the next point.
        if let Some(&(d, v)) = shown.last() {
            cut = Some((range, v + (volume - v) * (range - d) / (dose - d)));
        }
    } else if let [first @ .., _] = points {
        cut = points.last().copied();
        shown = first;
    }
    let step = shown.len().div_ceil(POINTS).max(1);
    shown.iter().step_by(step).copied().chain(cut).map(|(d, v)| (d, 100.0 * v)).collect()
}

/// Fractions side by side: mean dose, high-LET part and BED of every region.
pub(super) fn fractions(input: &ReportInput) -> String {
    let fractions = input.regions.fractions();
    if fractions.len() < 2 {
        return String::new();
    }
    let names = regions(input);
    let mut out = String::new();
    for (group, names) in names.chunks(CURVES).enumerate() {
        let panel = |column: &str, axis: &str| {
            let values = |region: &str| -> Vec<(f64, f64)> {
                let value = |f: &String| input.regions.cell(f, region, column).map_or(f64::NAN, |c| c.value);
                fractions.iter().enumerate().map(|(x, f)| (x as f64, value(f))).collect()
            };
            let curves: Vec<Curve> =
                names.iter().enumerate().map(|(n, name)| curve(group * CURVES + n, name, values(name)).dotted(true)).collect();
            let finite = || curves.iter().flat_map(|c| &c.values).map(|v| v.1).filter(|v| *v > 0.0);
            let (least, most) = (finite().fold(f64::INFINITY, f64::min), finite().fold(0.0, f64::max));
            let mut panel = Panel::new(axis, curves);
            panel.height = 190.0;
            // Kidneys beside lesions: more than two decades cannot be read from a linear scale.
            panel.log = (most > 50.0 * least).then_some(least.max(1e-8 * most));
            (most > 0.0).then_some(panel)
        };
        let mut panels: Vec<Panel> = panel("dose_mean_gy", "mean dose (Gy)").into_iter().collect();
        if input.has_alphas() {
            panels.extend(panel("dose_high_let_mean_gy", "high-LET part (Gy)"));
        }
        panels.extend(panel("bed_mean_gy", "BED (Gy)"));
        if panels.is_empty() {
            continue;
        }
        let last = fractions.len() as f64 - 1.0;
        let sheet = Sheet {
            title: "Regions by fraction".into(),
            axis: "fraction".into(),
            range: (-0.3, last + 0.3),
            ticks: Some(fractions.iter().enumerate().map(|(x, f)| (x as f64, f.clone())).collect()),
            marks: Vec::new(),
            mark_name: None,
            panels,
        };
        out += &figure(&sheet.svg(), "Mean dose and BED of every region by fraction; the numbers are in the table");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_curves_keep_their_ends() {
        let points: Vec<(f64, f64)> = (0..=1000).map(|i| (f64::from(i), 1.0 - f64::from(i) / 1000.0)).collect();
        let all = thin(&points, 1000.0);
        assert!(all.len() <= POINTS + 1 && all[0] == (0.0, 100.0) && *all.last().unwrap() == (1000.0, 0.0));
        let part = thin(&points, 99.5);
        assert_eq!(part[0], (0.0, 100.0));
        let &(dose, volume) = part.last().unwrap();
        assert!(dose == 99.5 && (volume - 90.05).abs() < 1e-9);
    }
}
