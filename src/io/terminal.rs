//! Standard error: notes, warnings, errors and progress, as text for people or as JSON lines for programs (`docs/formats/progress.md`).
//!
//! A reader that has gone is no error here: what is computed is worth more than what is said about it.

use std::{
    fmt::Display,
    io::{IsTerminal, Write, stderr},
    sync::OnceLock,
    time::Instant,
};

use clap::ValueEnum;
use serde_json::{Map, Value};

/// Schema of the JSON lines; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "dosaic-progress/1";

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A bar on a terminal, else plain lines
    Auto,
    /// A line now and then
    Plain,
    /// JSON lines on standard error, warnings and errors too
    Json,
    /// No progress; warnings and errors still show
    None,
}

static FORM: OnceLock<Form> = OnceLock::new();
static START: OnceLock<Instant> = OnceLock::new();

/// Chooses the form for the whole program; the first call counts.
pub fn choose(form: Form) {
    START.get_or_init(Instant::now);
    FORM.get_or_init(|| form);
}

/// The form chosen, or [`Form::Auto`].
pub fn form() -> Form {
    FORM.get().copied().unwrap_or(Form::Auto)
}

/// True if a bar can be drawn.
pub fn draws() -> bool {
    form() == Form::Auto && stderr().is_terminal()
}

/// Something worth knowing.
pub fn note(text: impl Display) {
    say("note", "", &text);
}

/// Something the user should judge.
pub fn warning(text: impl Display) {
    say("warning", "\x1b[33m", &text);
}

/// Why the program stops, with its exit code.
pub fn error(text: impl Display, code: u8) {
    if form() == Form::Json {
        event("error", &[("text", text.to_string().into()), ("exit_code", code.into())]);
    } else {
        say("error", "\x1b[31m", &text);
    }
}

/// One JSON line, where they were asked for: schema, event, seconds since the start of the program, then `more`.
pub fn event(name: &str, more: &[(&str, Value)]) {
    if form() == Form::Json {
        line(&json_line(name, START.get().map_or(0.0, |start| start.elapsed().as_secs_f64()), more));
    }
}

/// The text of a JSON line.
fn json_line(name: &str, seconds: f64, more: &[(&str, Value)]) -> String {
    let mut object = Map::new();
    object.insert("schema".into(), SCHEMA.into());
    object.insert("event".into(), name.into());
    object.insert("time_s".into(), ((1e3 * seconds).round() / 1e3).into());
    object.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    Value::Object(object).to_string()
}

fn say(kind: &str, colour: &str, text: &dyn Display) {
    match (form(), kind) {
        (Form::Json, _) => event(kind, &[("text", text.to_string().into())]),
        (_, "note") => line(&text.to_string()),
        _ if is_coloured(stderr().is_terminal(), |name| std::env::var_os(name)) => line(&format!("{colour}{kind}:\x1b[0m {text}")),
        _ => line(&format!("{kind}: {text}")),
    }
}

/// Colour only on terminals that can show it, and not where the user has set `NO_COLOR` (no-color.org: to anything but nothing).
fn is_coloured(terminal: bool, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    terminal && variable("NO_COLOR").is_none_or(|value| value.is_empty()) && variable("TERM").is_none_or(|term| term != "dumb")
}

fn line(text: &str) {
    // A closed standard error cannot be told of anywhere.
    drop(writeln!(stderr().lock(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_needs_a_terminal_and_no_objection() {
        let with = |set: &'static [(&'static str, &'static str)]| {
            move |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
        };
        assert!(is_coloured(true, with(&[])) && is_coloured(true, with(&[("NO_COLOR", ""), ("TERM", "xterm")])));
        assert!(!is_coloured(false, with(&[])));
        assert!(!is_coloured(true, with(&[("NO_COLOR", "1")])) && !is_coloured(true, with(&[("TERM", "dumb")])));
    }

    #[test]
    fn a_json_line_is_one_line() {
        let text = json_line("warning", 1.23456, &[("text", "two\nlines \"quoted\"".into())]);
        assert_eq!(text, r#"{"schema":"dosaic-progress/1","event":"warning","time_s":1.235,"text":"two\nlines \"quoted\""}"#);
    }
}
