//! Problems of a plan file, shown with the line they are on.

use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, ops::Range};

use crate::error::Error;

/// At most this many problems are shown; the rest are counted.
const SHOWN: usize = 20;
/// Longest part of a source line that is shown, characters.
const LINE_WIDTH: usize = 120;

/// What is wrong with one value, and how to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What was found and why it cannot be used.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Fault {
    /// A fault with advice.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

struct Problem {
    span: Range<usize>,
    fault: Fault,
    /// Problems of a file named at this place, framed already.
    inside: String,
}

/// Collects what is wrong with a plan file, and which values were left to defaults.
pub(super) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
    defaults: RefCell<BTreeMap<String, String>>,
}

impl<'a> Findings<'a> {
    /// For the plan `text` of the file shown as `file`.
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: RefCell::default(), defaults: RefCell::default() }
    }

    /// Notes a problem at a place of the text (bytes).
    pub(super) fn problem(&self, span: Range<usize>, fault: Fault) {
        self.problems.borrow_mut().push(Problem { span, fault, inside: String::new() });
    }

    /// Notes that a file named at a place cannot be used, with the problems in it.
    pub(super) fn inside(&self, span: Range<usize>, fault: Fault, problems: &str) {
        self.problems.borrow_mut().push(Problem { span, fault, inside: format!("{}\n", problems.trim_end()) });
    }

    /// Notes that the value at `path` was not in the file; `note` says where it came from.
    pub(super) fn defaulted(&self, path: String, note: impl Into<String>) {
        self.defaults.borrow_mut().insert(path, note.into());
    }

    /// The values left to defaults if nothing is wrong, else one error that shows every problem in the order of the file.
    pub(super) fn finish(self) -> Result<BTreeMap<String, String>, Error> {
        let mut problems = self.problems.into_inner();
        if problems.is_empty() {
            return Ok(self.defaults.into_inner());
        }
        problems.sort_by_key(|p| p.span.start);
        problems.dedup_by(|a, b| a.span == b.span && a.fault == b.fault);
        let mut message = String::new();
        for problem in problems.iter().take(SHOWN) {
            message += &framed(self.file, self.text, problem.span.clone(), &problem.fault);
            message += &problem.inside;
            message.push('\n');
        }
        let count = problems.len();
        if count > SHOWN {
            let _ = writeln!(message, "... and {} more", count - SHOWN);
        }
        if count > 1 {
            let _ = writeln!(message, "{count} problems in {}", self.file);
        }
        Err(Error::Input(message.trim_end().to_owned()))
    }
}

/// Line number (from 1), column (from 1, characters) and the line that holds byte `at`.
fn locate(text: &str, at: usize) -> (usize, usize, &str, usize) {
    let at = floor_boundary(text, at);
    let start = text[..at].rfind('\n').map_or(0, |p| p + 1);
    let end = text[at..].find('\n').map_or(text.len(), |p| at + p);
    let number = text[..start].matches('\n').count() + 1;
    (number, text[start..at].chars().count() + 1, text[start..end].trim_end_matches('\r'), start)
}

/// The nearest character boundary at or before `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&p| text.is_char_boundary(p)).unwrap_or(0)
}

/// One problem with its source line and a caret under the place.
fn framed(file: &str, text: &str, span: Range<usize>, fault: &Fault) -> String {
    let (number, column, line, start) = locate(text, span.start);
    let from = column - 1;
    let line_end = start + line.len();
    let to_byte = floor_boundary(text, span.end.min(line_end)).max(start);
    let to = text[start..to_byte].chars().count().max(from + 1);
    // A window of the line around the place, tabs and control characters as blanks so that the caret stays below it.
    let first = if from > LINE_WIDTH * 2 / 3 { from - LINE_WIDTH / 3 } else { 0 };
    let cleaned: String = line.chars().skip(first).take(LINE_WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let (before, after) = (if first > 0 { "..." } else { "" }, if line.chars().count() > first + LINE_WIDTH { "..." } else { "" });
    let indent = " ".repeat(before.len() + from - first);
    let caret = "^".repeat((to - from).min(LINE_WIDTH.saturating_sub(from - first)).max(1));
    let gutter = " ".repeat(number.to_string().len());
    let mut out = format!(
        "{file}:{number}:{column}: {}\n {gutter} |\n {number} | {before}{cleaned}{after}\n {gutter} | {indent}{caret}\n",
        fault.message
    );
    if let Some(help) = &fault.help {
        let _ = writeln!(out, " {gutter} = {help}");
    }
    out
}

/// The candidate that the writer of `name` most likely meant.
pub(super) fn closest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted = simplified(name);
    candidates
        .into_iter()
        .map(|c| (likeness(&wanted, &simplified(c)), c))
        .filter(|&(score, _)| score >= 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, c)| c)
}

/// How alike two simplified names are, 0 to 1; a name that begins with the other counts as near.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let edit = strsim::normalized_damerau_levenshtein(wanted, candidate);
    let begins = wanted.len() >= 3 && (candidate.starts_with(wanted) || (candidate.len() >= 3 && wanted.starts_with(candidate)));
    let shorter_first = 0.01 / (1.0 + candidate.len() as f64);
    if begins { edit.max(0.75) + shorter_first } else { edit }
}

/// Lower-case letters, then digits: "177Lu", "lu 177" and "Lu-177" become the same.
fn simplified(name: &str) -> String {
    let lower = name.to_lowercase();
    let letters = lower.chars().filter(|c| c.is_alphabetic());
    letters.chain(lower.chars().filter(char::is_ascii_digit)).collect()
}

/// "did you mean `x`?", or the list of what there is (shortened when long).
pub(super) fn suggestion<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>, what: &str) -> String {
    let all: Vec<&str> = candidates.into_iter().collect();
    if let Some(best) = closest(name, all.iter().copied()) {
        return format!("did you mean `{best}`?");
    }
    match all.len() {
        0 => format!("there are no {what}"),
        1..=16 => format!("{what}: {}", all.join(", ")),
        n => format!("{what}: {}, ... ({n} in all)", all[..12].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_points_at_the_place() {
        let text = "a = 1\n\tbeta = \"µm\" # x\nc = 3\n";
        let at = text.find("\"µm\"").unwrap();
        let shown = framed("p.toml", text, at..at + "\"µm\"".len(), &Fault::new("wrong", "right"));
        assert_eq!(shown, "p.toml:2:9: wrong\n   |\n 2 |  beta = \"µm\" # x\n   |         ^^^^\n   = right\n");
    }

    #[test]
    fn frame_survives_the_ends_of_the_text() {
        for (text, span) in [("", 0..0), ("abc", 3..3), ("abc\n", 4..9), ("ä", 1..2), ("x\r\ny", 0..4)] {
            let shown = framed("p", text, span, &Fault { message: "m".into(), help: None });
            assert!(shown.contains('^'), "{shown}");
        }
        let long = format!("x = \"{}\" \"\n", "y".repeat(5000));
        let shown = framed("p", &long, 4000..4003, &Fault { message: "m".into(), help: None });
        assert!(shown.lines().all(|l| l.chars().count() < 160), "{shown}");
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[3].find('^').unwrap() - lines[2].find('|').unwrap(), 2 + 3 + LINE_WIDTH / 3);
    }

    #[test]
    fn names_are_found_in_spite_of_slips() {
        let nuclides = ["Lu-177", "Lu-176", "I-131", "Y-90", "Ac-225"];
        assert_eq!(closest("177Lu", nuclides), Some("Lu-177"));
        assert_eq!(closest("lu177", nuclides), Some("Lu-177"));
        assert_eq!(closest("Ac225m", nuclides), Some("Ac-225"));
        assert_eq!(closest("Gold", nuclides), None);
        assert_eq!(closest("centre", ["center", "radius"]), Some("center"));
        assert_eq!(closest("water", ["lung", "water_liquid", "waterproof_long_name"]), Some("water_liquid"));
    }
}
