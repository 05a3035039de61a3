//! `dosaic nuclides`.

use clap::Args;

use crate::{
    error::{Error, Result},
    nuclide,
    plan::{
        Fault,
        quantity::{self, Limits, TIME},
    },
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A nuclide, e.g. Ac-225; without it all are listed
    name: Option<String>,
    /// Instead, activities of the whole chain at these times after the pure nuclide, e.g. "0, 1 d, 10 d, 30 d"
    #[arg(long, value_name = "TIMES", requires = "name", allow_hyphen_values = true)]
    at: Option<String>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let text = match (&arguments.name, &arguments.at) {
        (Some(name), Some(times)) => nuclide::course(name, &read_times(times)?)?,
        (Some(name), None) => nuclide::describe(name)?,
        (None, _) => nuclide::list(),
    };
    super::print(&text)?;
    Ok(0)
}

/// Times with the labels of their columns; one without unit has that of the next with one, as in plans.
fn read_times(text: &str) -> Result<Vec<(String, f64)>> {
    let wrong = |message: &str, help: &str| Error::input(format!("--at: {message}; {help}"));
    let fault = |f: Fault| wrong(&f.message, f.help.as_deref().unwrap_or("write for example \"0, 1 d, 30 d\""));
    let seconds = quantity::parse_list(text, &TIME).map_err(fault)?;
    let mut unit = "";
    let mut labels = Vec::new();
    for part in text.rsplit(',').map(str::trim) {
        let number = part.trim_end_matches(|c: char| c.is_alphabetic()).trim_end();
        unit = if number == part { unit } else { part[number.len()..].trim() };
        labels.push(format!("{number} {unit}"));
    }
    labels.reverse();
    for (label, &seconds) in labels.iter().zip(&seconds) {
        Limits::NOT_NEGATIVE.check(seconds, &format!("\"{label}\""), |v| format!("{v} s")).map_err(fault)?;
    }
    Ok(labels.into_iter().zip(seconds).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "round numbers must be exact")]
    fn times_take_their_unit_from_the_next() {
        let read = |text: &str| read_times(text).unwrap();
        assert_eq!(read("0, 1,10d"), [("0 d".to_string(), 0.0), ("1 d".to_string(), 86_400.0), ("10 d".to_string(), 864_000.0)]);
        assert_eq!(read("90 min,2e3 y"), [("90 min".to_string(), 5400.0), ("2e3 y".to_string(), 6.311_52e10)]);
        for (text, part) in [
            ("5", "no unit"),
            ("1 d, 5", "no unit"),
            ("-1 d", "0 or greater"),
            ("1 day", "`d`"),
            ("", "number"),
            ("3 mm", "a time is needed"),
        ] {
            let error = read_times(text).unwrap_err().to_string();
            assert!(error.starts_with("--at: ") && error.contains(part), "{text}: {error}");
        }
    }
}
