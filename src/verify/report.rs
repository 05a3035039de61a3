//! The result as a table for people, as Markdown for the documents, and as JSON for programs.

use std::path::Path;

use serde::Serialize;

use super::{Context, Finished, Row, Verdict};
use crate::{
    error::{Error, Result},
    io::atomic,
    report::json,
    transport::backend::DeviceInfo,
};

/// How many comparisons ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Within the bound.
    pub passed: usize,
    /// Beyond it.
    pub failed: usize,
    /// Statistics too poor to tell.
    pub unresolved: usize,
    /// Not run.
    pub skipped: usize,
}

impl Count {
    /// Counts the rows of cases.
    pub fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut count = Self::default();
        for row in rows {
            *match row.verdict {
                Verdict::Pass => &mut count.passed,
                Verdict::Fail => &mut count.failed,
                Verdict::Unresolved => &mut count.unresolved,
                Verdict::Skipped => &mut count.skipped,
            } += 1;
        }
        count
    }

    /// "52 pass, 0 fail, ...".
    pub fn line(&self) -> String {
        format!("{} pass, {} FAIL, {} unresolved, {} skipped", self.passed, self.failed, self.unresolved, self.skipped)
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "FAIL",
        Verdict::Unresolved => "unresolved",
        Verdict::Skipped => "skipped",
    }
}

/// A number in five digits, with its error in the same form.
fn number(mean: f64, sigma: f64) -> String {
    let plain = |x: f64| match x.abs() {
        _ if x == 0.0 => "0".to_owned(),
        a if (1.0e-3..1.0e5).contains(&a) => {
            let digits = (4 - a.log10().floor() as i32).max(0) as usize;
            format!("{x:.digits$}")
        }
        _ => format!("{x:.4e}"),
    };
    if sigma > 0.0 { format!("{} +- {sigma:.1e}", plain(mean)) } else { plain(mean) }
}

/// Share as percent, with as many digits as it needs.
fn percent(x: f64) -> String {
    if x == 0.0 || x.abs() >= 1.0e-5 { format!("{:.3}", 100.0 * x) } else { format!("{:.1e}", 100.0 * x) }
}

/// The cells of a row: quantity, ours, reference, difference, bound, verdict.
fn cells(row: &Row) -> [String; 6] {
    if row.verdict == Verdict::Skipped {
        return [row.quantity.clone(), String::new(), String::new(), String::new(), String::new(), word(row.verdict).into()];
    }
    if row.relative_to == "nothing" {
        let [ours, bound] = [row.ours.mean, row.bound].map(|x| number(x, 0.0));
        return [row.quantity.clone(), ours, "0".into(), String::new(), bound, word(row.verdict).into()];
    }
    let of = if row.relative_to == "maximum" { " of max" } else { "" };
    let sign = if row.difference > 0.0 { "+" } else { "" };
    [
        row.quantity.clone(),
        number(row.ours.mean, row.ours.sigma),
        number(row.reference.mean, row.reference.sigma),
        format!("{sign}{} +- {} %{of}", percent(row.difference), percent(row.sigma)),
        format!("{} %", percent(row.bound)),
        word(row.verdict).into(),
    ]
}

const HEAD: [&str; 6] = ["quantity", "ours", "reference", "difference", "bound", ""];

/// A case as an aligned table.
pub fn text(case: &Finished) -> String {
    let rows: Vec<[String; 6]> = case.outcome.rows.iter().map(cells).collect();
    let width: [usize; 6] = std::array::from_fn(|c| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0).max(HEAD[c].len()));
    let line = |cells: [&str; 6]| {
        let text: String = cells.iter().zip(width).map(|(cell, width)| format!("  {cell:<width$}")).collect();
        format!("{}\n", text.trim_end())
    };
    let mut text = format!("{}: {} ({:.1} s)\n", case.name, case.about, case.seconds) + &line(HEAD);
    for row in &rows {
        text += &line(std::array::from_fn(|c| row[c].as_str()));
    }
    text + "\n"
}

/// All cases as Markdown, with links to the plots in the folder `plots` beside the document.
pub fn markdown(cases: &[Finished], context: &Context, plots: &str) -> String {
    let device = context.ran().device.map_or_else(|| "no device".to_owned(), |d| format!("{} ({}, {})", d.name, d.kind, d.backend));
    let count = Count::of(cases.iter().flat_map(|case| &case.outcome.rows));
    let effort = if context.quick { "quick" } else { "full" };
    let seconds: f64 = cases.iter().map(|case| case.seconds).sum();
    let mut text = format!(
        "`dosaic verify` {}, {effort}, seed {}, on {device}, {seconds:.0} s: **{}**.\n",
        env!("CARGO_PKG_VERSION"),
        context.seed,
        count.line()
    );
    text += "\n| case | comparisons | the one nearest to its bound, 2 sigma allowed for | difference | bound |\n|---|---|---|---|---|\n";
    for case in cases {
        let excess = |row: &&Row| (row.difference.abs() - 2.0 * row.sigma) / row.bound;
        let nearest = case.outcome.rows.iter().filter(|row| row.bound > 0.0).max_by(|a, b| excess(a).total_cmp(&excess(b)));
        let [quantity, _, _, difference, bound, _] = nearest.map_or_else(|| std::array::from_fn(|_| "exact".to_owned()), cells);
        text +=
            &format!("| {} | {} | {quantity} | {difference} | {bound} |\n", case.name, case.outcome.rows.len()).replace("+- ", "\u{b1} ");
    }
    for case in cases {
        text += &format!("\n### {}\n\n{}.\n\n| {} |\n|---|---|---|---|---|---|\n", case.name, case.about, HEAD.join(" | "));
        for row in &case.outcome.rows {
            text += &format!("| {} |\n", cells(row).join(" | ").replace("+- ", "\u{b1} "));
        }
        for series in &case.outcome.series {
            text += &format!("\n![{}]({plots}/{}.svg)\n", series.title, series.name);
        }
    }
    text
}

const BEGIN: &str = "<!-- dosaic verify: begin -->";
const END: &str = "<!-- dosaic verify: end -->";

/// What stands before and after the markers of a document.
///
/// # Errors
/// If the document cannot be read, or has no markers.
pub fn around_markers(path: &Path) -> Result<[String; 2]> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| rest.split_once(END).map(|(_, after)| [before, after]));
    let Some(parts) = parts else {
        return Err(Error::input(format!("{}: no lines {BEGIN:?} and {END:?} to write between", path.display())));
    };
    Ok(parts.map(str::to_owned))
}

/// Puts the Markdown between the markers of a document.
///
/// # Errors
/// If the document cannot be read or written, or has no markers.
pub fn into_document(path: &Path, markdown: &str) -> Result<()> {
    let [before, after] = around_markers(path)?;
    atomic::write(path, format!("{before}{BEGIN}\n{markdown}\n{END}{after}").as_bytes())
}

#[derive(Serialize)]
struct Record<'a> {
    version: &'static str,
    device: Option<DeviceInfo>,
    threads: usize,
    quick: bool,
    seed: u64,
    count: Count,
    cases: &'a [Finished],
}

/// Everything, curves included, as JSON.
///
/// # Errors
/// If a value cannot be written as JSON.
pub fn json_text(cases: &[Finished], context: &Context) -> Result<String> {
    let record = Record {
        version: env!("CARGO_PKG_VERSION"),
        device: context.ran().device,
        threads: context.threads,
        quick: context.quick,
        seed: context.seed,
        count: Count::of(cases.iter().flat_map(|case| &case.outcome.rows)),
        cases,
    };
    json::pretty(&record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::outcome::{Norm, Outcome, exact};

    fn finished() -> Finished {
        let row = |ours, bound| Row::new("a", exact(ours), exact(2.0), Norm::Reference, bound);
        let rows = vec![row(2.01, 0.01), row(2.1, 0.01), Row::skipped("not here")];
        Finished { name: "case", about: "this against that", outcome: Outcome { rows, series: Vec::new() }, seconds: 1.0 }
    }

    #[test]
    fn tables_say_what_was_found() {
        let case = finished();
        let text = text(&case);
        assert!(text.contains("2.0100  2.0000     +0.500 +- 0.000 %  1.000 %  pass"), "{text}");
        assert!(text.contains("+5.000 +- 0.000 %  1.000 %  FAIL") && text.contains("skipped"), "{text}");
        let count = Count::of(case.outcome.rows.iter());
        assert_eq!((count.passed, count.failed, count.skipped), (1, 1, 1));
    }

    #[test]
    fn documents_keep_what_stands_around_the_result() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("validation.md");
        std::fs::write(&path, format!("# Title\n\n{BEGIN}\nold\n{END}\n\nend\n")).expect("written");
        into_document(&path, &markdown(&[finished()], &Context::new("cpu", 1, true, 1), "validation")).expect("markers are there");
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(
            text.starts_with("# Title\n\n<!--") && text.ends_with("-->\n\nend\n") && text.contains("| FAIL |") && !text.contains("old"),
            "{text}"
        );
        std::fs::write(&path, "nothing").expect("written");
        assert!(into_document(&path, "x").is_err());
    }
}
