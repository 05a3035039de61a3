//! Plots: regions in time, predicted uptake, state by depth, schedules side by side.

use super::{TmeResult, depth::DepthProfile, fractionation::FractionationTable, uptake::PredictedUptake};
use crate::{
    report::{
        plot::{COLOURS, Curve, Level, Mark, Panel, Sheet, label},
        text::digits,
    },
    response::tme::timeline::TimelineRow,
    units::SECONDS_PER_DAY,
};

/// A file: its name, what it holds, its text.
pub(super) type Plot = (String, &'static str, String);

/// Below this a number of clonogens means nothing, nor does the survival of a shell.
const LEAST_CELLS: f64 = 1e-3;
const LEAST_SURVIVAL: f64 = 1e-12;

const RESEARCH_LINES: &str = "research,\nnot calibrated\nin humans";

/// `tme_timeline_<region>.svg` of every region.
pub(super) fn timelines(result: &TmeResult) -> Vec<Plot> {
    let names = file_names("tme_timeline", &result.domain.regions);
    let plot = |(region, name): (&String, String)| {
        let rows: Vec<&TimelineRow> = result.timeline.region(region).collect();
        (!rows.is_empty()).then(|| (name, "a region in time, plot", timeline(result, region, &rows)))
    };
    result.domain.regions.iter().zip(names).filter_map(plot).collect()
}

fn timeline(result: &TmeResult, region: &str, rows: &[&TimelineRow]) -> String {
    let series = |of: fn(&TimelineRow) -> f64| -> Vec<(f64, f64)> { rows.iter().map(|r| (r.time / SECONDS_PER_DAY, of(r))).collect() };
    let [blue, red, green, purple, ochre, sky, grey] = COLOURS;
    let mut panels = vec![Panel::new(
        "volume (mL)",
        vec![
            Curve::line("all cells, debris", grey, series(|r| r.volume_ml)),
            Curve::line("viable cells", blue, series(|r| r.viable_ml)).dashed(),
        ],
    )];
    let mut clonogens = Panel::new("clonogens", vec![Curve::line("expected clonogens", blue, series(|r| r.cells))]);
    clonogens.log = Some(LEAST_CELLS);
    if rows.iter().any(|r| r.cells < 10.0) {
        clonogens.level = Some(Level { value: 1.0, name: "one" });
    }
    panels.push(clonogens);
    let mut tissue = vec![Curve::line("perfused vessels", red, series(|r| r.vessels))];
    if result.has_oxygen() {
        tissue.push(Curve::line("hypoxic fraction", purple, series(|r| r.hypoxic_fraction)));
    }
    tissue.push(Curve::line("doomed cells", ochre, series(|r| r.doomed)).dashed());
    tissue.push(Curve::line("fibroblasts", green, series(|r| r.caf)).dashed());
    let mut shares = Panel::new("share, ratio to start", tissue);
    shares.at_least = 1.0;
    panels.push(shares);
    let mut doses = vec![Curve::line("low LET", blue, series(|r| r.dose_low_gy))];
    if result.has_high_let() {
        doses.push(Curve::line("high LET", red, series(|r| r.dose_high_gy)));
    }
    let mut dose = Panel::new("dose so far (Gy)", doses);
    dose.height = 110.0;
    panels.push(dose);
    if result.plan.immune {
        let curves = vec![
            Curve::line("immune activation", green, series(|r| r.immune_activation)),
            Curve::line("immune index", purple, series(|r| r.immune_index)),
            Curve::line("PD-L1", sky, series(|r| r.pdl1)).dashed(),
        ];
        let mut immune = Panel::new("immune part", curves);
        immune.remark = Some(RESEARCH_LINES);
        immune.at_least = 1.0;
        let mut cells = Panel::new(
            "T cells",
            vec![
                Curve::line("effector T cells", red, series(|r| r.t_effector)),
                Curve::line("primed T cells", ochre, series(|r| r.t_primed)).dashed(),
            ],
        );
        cells.log = Some(1e-3);
        cells.remark = Some(RESEARCH_LINES);
        panels.extend([immune, cells]);
    }
    let (marks, mark_name) = dose_marks(result, rows);
    let range = (rows[0].time / SECONDS_PER_DAY, rows[rows.len() - 1].time / SECONDS_PER_DAY);
    Sheet { title: region.to_owned(), axis: "time (d)".into(), range, ticks: None, marks, mark_name, panels }.svg()
}

/// Starts of the fractions, with the dose that the region gets until the next.
fn dose_marks(result: &TmeResult, rows: &[&TimelineRow]) -> (Vec<Mark>, Option<String>) {
    let row = |time: f64| rows[rows.partition_point(|r| r.time <= time + 1e-3).max(1) - 1];
    let ends = result.fractions.iter().skip(1).map(|&(_, start)| row(start)).chain([rows[rows.len() - 1]]);
    let mark = |(&(_, start), end): (&(u32, f64), &TimelineRow)| {
        let from = row(start);
        let mut text = vec![digits(end.dose_low_gy - from.dose_low_gy, 3)];
        if result.has_high_let() {
            text.push(digits(end.dose_high_gy - from.dose_high_gy, 3));
        }
        Mark { at: start / SECONDS_PER_DAY, text }
    };
    let marks: Vec<Mark> = result.fractions.iter().zip(ends).map(mark).collect();
    let name = if result.has_high_let() { "Gy by fraction: low, high LET" } else { "Gy by fraction" };
    let named = (!marks.is_empty()).then(|| name.to_owned());
    (marks, named)
}

/// `tme_uptake.svg`: predicted and measured uptake by fraction, if anything was predicted.
pub(super) fn uptake(result: &TmeResult) -> Option<Plot> {
    if result.predicted.is_empty() {
        return None;
    }
    let mut curves = Vec::new();
    let mut places: Vec<&str> = Vec::new();
    for p in &result.predicted {
        if !places.contains(&p.place.as_str()) {
            places.push(&p.place);
        }
    }
    for (place, colour) in places.into_iter().zip(COLOURS.iter().copied().cycle()) {
        let mine: Vec<&PredictedUptake> = result.predicted.iter().filter(|p| p.place == place).collect();
        // Measured uptakes over the first of them, by fraction.
        let mut measured = vec![(mine[0].from, 1.0)];
        let mut predicted = measured.clone();
        for p in &mine {
            let base = measured.iter().find(|m| m.0 == p.from).map_or(1.0, |m| m.1);
            predicted.push((p.fraction, base * p.factor));
            measured.extend(p.measured.map(|factor| (p.fraction, base * factor)));
        }
        let [predicted, measured] = [predicted, measured].map(|points| points.into_iter().map(|(n, y)| (f64::from(n), y)).collect());
        curves.push(Curve::line(format!("{place}, predicted"), colour, predicted).dotted(false));
        curves.push(Curve::line(format!("{place}, measured"), colour, measured).dotted(true).bare());
    }
    let numbers: Vec<u32> = result.fractions.iter().map(|f| f.0).collect();
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    let mut panel = Panel::new("uptake / first measured", curves);
    panel.at_least = 1.0;
    panel.height = 260.0;
    let sheet = Sheet {
        title: "Uptake per administered activity".into(),
        axis: "fraction".into(),
        range: (f64::from(first) - 0.3, f64::from(last) + 0.3),
        ticks: Some(numbers.iter().map(|n| (f64::from(*n), n.to_string())).collect()),
        marks: Vec::new(),
        mark_name: None,
        panels: vec![panel],
    };
    Some(("tme_uptake.svg".into(), "predicted and measured uptake, plot", sheet.svg()))
}

/// `tme_depth_<region>.svg`: survival, pO2 and dose by depth, a colour for each time.
pub(super) fn depth(result: &TmeResult, profiles: &[DepthProfile]) -> Vec<Plot> {
    let names = file_names("tme_depth", &result.domain.regions);
    let plot = |(region, name): (&String, String)| {
        let mine: Vec<&DepthProfile> = profiles.iter().filter(|p| p.region == *region).collect();
        (!mine.is_empty()).then(|| (name, "state by depth, plot", depth_sheet(region, &mine, result.has_high_let())))
    };
    result.domain.regions.iter().zip(names).filter_map(plot).collect()
}

fn depth_sheet(region: &str, profiles: &[&DepthProfile], high_let: bool) -> String {
    let shown = spread(profiles.len(), COLOURS.len());
    let curves = |of: fn(&super::depth::DepthShell) -> f64| -> Vec<Curve> {
        let curve = |(&i, colour): (&usize, &&'static str)| {
            let values = profiles[i].shells.iter().map(|s| (s.depth, of(s))).collect();
            let name = format!("{} d", label((profiles[i].time / SECONDS_PER_DAY * 1e3).round() / 1e3));
            Curve::line(name, colour, values)
        };
        shown.iter().zip(&COLOURS).map(curve).collect()
    };
    let mut survival = Panel::new("viable cells / start", curves(|s| s.surviving));
    survival.log = Some(LEAST_SURVIVAL);
    let oxygen = Panel::new("pO2 (mmHg)", curves(|s| s.po2));
    let mut panels = vec![survival, oxygen, Panel::new("low-LET dose so far (Gy)", curves(|s| s.dose_low))];
    if high_let {
        panels.push(Panel::new("high-LET dose so far (Gy)", curves(|s| s.dose_high)));
    }
    let deepest = profiles.iter().flat_map(|p| &p.shells).map(|s| s.depth).fold(0.0, f64::max);
    let title = if shown.len() < profiles.len() {
        format!("{region}: by depth below the rim, {} of {} times", shown.len(), profiles.len())
    } else {
        format!("{region}: by depth below the rim")
    };
    let axis = "depth (um)".into();
    Sheet { title, axis, range: (0.0, deepest), ticks: None, marks: Vec::new(), mark_name: None, panels }.svg()
}

/// `most` of `count` positions at equal distances, first and last included.
fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most { (0..count).collect() } else { (0..most).map(|i| i * (count - 1) / (most - 1)).collect() }
}

/// Survival, BED of organs and hypoxic fraction against the number of fractions.
pub(super) fn fractionation(table: &FractionationTable) -> String {
    let places = || table.schedules.iter().enumerate().map(|(i, s)| (i as f64, s));
    let mut regions: Vec<&str> = Vec::new();
    let mut organs: Vec<&str> = Vec::new();
    for schedule in &table.schedules {
        let names = schedule.lesions.iter().map(|l| l.region.as_str());
        regions.extend(names.filter(|n| !regions.contains(n)).collect::<Vec<_>>());
        let names = schedule.organs.iter().map(|o| o.region.as_str());
        organs.extend(names.filter(|n| !organs.contains(n)).collect::<Vec<_>>());
    }
    let of_lesion = |of: fn(&super::fractionation::LesionOutcome) -> Option<f64>| -> Vec<Curve> {
        let curve = |(region, colour): (&&str, &'static str)| {
            let value =
                |s: &super::fractionation::Schedule| s.lesions.iter().find(|l| l.region == *region).and_then(of).unwrap_or(f64::NAN);
            Curve::line(*region, colour, places().map(|(x, s)| (x, value(s))).collect()).dotted(true)
        };
        regions.iter().zip(COLOURS.iter().copied().cycle()).map(curve).collect()
    };
    let organ = |(name, colour): (&&str, &'static str)| {
        let value = |s: &super::fractionation::Schedule| s.organs.iter().find(|o| o.region == *name).map_or(f64::NAN, |o| o.bed_gy);
        Curve::line(*name, colour, places().map(|(x, s)| (x, value(s))).collect()).dotted(true)
    };
    let mut panels = vec![Panel::new("log10 least survival", of_lesion(|l| l.log10_survival_nadir))];
    if !organs.is_empty() {
        let colours = COLOURS.iter().rev().copied().cycle();
        panels.push(Panel::new("mean BED (Gy)", organs.iter().zip(colours).map(organ).collect()));
    }
    if table.schedules.iter().flat_map(|s| &s.lesions).any(|l| l.hypoxic_fraction_by_bed.is_some()) {
        panels.push(Panel::new("hypoxic fraction met", of_lesion(|l| l.hypoxic_fraction_by_bed)));
    }
    if table.schedules.iter().flat_map(|s| &s.lesions).any(|l| l.immune_index.is_some()) {
        let mut immune = Panel::new("immune index at the end", of_lesion(|l| l.immune_index));
        immune.remark = Some(RESEARCH_LINES);
        panels.push(immune);
    }
    let last = table.schedules.len().max(1) as f64 - 1.0;
    Sheet {
        title: table.title.clone(),
        axis: "number of fractions".into(),
        range: (-0.3, last + 0.3),
        ticks: Some(places().map(|(x, s)| (x, s.fractions.to_string())).collect()),
        marks: Vec::new(),
        mark_name: None,
        panels,
    }
    .svg()
}

/// A file name for each region: letters, digits and dashes of its name; a number where two would be the same.
fn file_names(stem: &str, regions: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for region in regions {
        let plain: String = region.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect();
        let name = format!("{stem}_{plain}.svg");
        let free = (2..).map(|n| format!("{stem}_{plain}-{n}.svg")).find(|n| !names.contains(n));
        names.push(if names.contains(&name) { free.unwrap_or(name) } else { name });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_a_file_of_its_own() {
        let regions = ["liver met 1", "liver/met 1", "node", "liver_met_1"].map(String::from);
        let names = file_names("tme_timeline", &regions);
        let expected = ["liver_met_1.svg", "liver_met_1-2.svg", "node.svg", "liver_met_1-3.svg"];
        assert_eq!(names, expected.map(|n| format!("tme_timeline_{n}")));
    }

    #[test]
    fn of_many_times_first_and_last_are_shown() {
        assert_eq!(spread(3, 7), [0, 1, 2]);
        let some = spread(20, 7);
        assert_eq!((some.len(), some[0], some[6]), (7, 0, 19));
    }

    #[test]
    fn the_words_of_the_plots_are_those_of_the_tables() {
        assert_eq!(RESEARCH_LINES.replace('\n', " "), super::super::RESEARCH);
    }
}
