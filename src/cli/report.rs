//! `dosaic report`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    error::{Error, Result},
    io::{atomic, output::OutputDir},
    report::html::{REPORT, Report},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of a result of `dosaic run` or `dosaic respond`
    result: PathBuf,
    /// Write the page there instead of report.html and the quick-look pictures into the folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file named by --out
    #[arg(long)]
    force: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    if let Some(out) = arguments.out.as_ref().filter(|out| out.exists() && !arguments.force) {
        return Err(Error::io(out)(std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            "exists already; choose another file, or --force to replace it",
        )));
    }
    let report = Report::of(&arguments.result)?;
    match &arguments.out {
        Some(out) => atomic::write(out, report.html.as_bytes())?,
        None => write(&report, |name| arguments.result.join(name))?,
    }
    let page = arguments.out.clone().unwrap_or_else(|| arguments.result.join(REPORT));
    eprintln!("{}: {:.1} MB", page.display(), report.html.len() as f64 / 1e6);
    Ok(0)
}

/// Adds the page and the pictures to the results of a run that are complete but for them. A result does not get lost for want of its report: then the reason is told.
///
/// # Errors
/// If they cannot be written.
pub(super) fn add(dir: &mut OutputDir) -> Result<Option<String>> {
    match Report::of(dir.stage()) {
        Ok(report) => write(&report, |name| dir.file(name)).map(|()| None),
        Err(error) => Ok(Some(format!("{REPORT} was not made: {error}"))),
    }
}

fn write(report: &Report, mut place: impl FnMut(&str) -> PathBuf) -> Result<()> {
    let put = |path: &Path, bytes: &[u8]| atomic::write(path, bytes);
    put(&place(REPORT), report.html.as_bytes())?;
    report.pictures.iter().try_for_each(|(name, bytes)| put(&place(name), bytes))
}
