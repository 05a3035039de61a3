//! `dosaic report`.

use std::path::PathBuf;

use clap::Args;

use crate::{
    error::Result,
    io::{
        atomic::{self, AtomicFile},
        output::OutputDir,
        terminal,
    },
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
    let page = arguments.out.clone().unwrap_or_else(|| arguments.result.join(REPORT));
    // The report of a result belongs to it and is replaced; another file only if told to.
    let claimed = match AtomicFile::claim(&page, arguments.force || arguments.out.is_none()) {
        Err(error) if arguments.result.is_dir() => return Err(error),
        claimed => claimed,
    };
    let report = Report::of(&arguments.result)?;
    claimed?.fill(report.html.as_bytes())?;
    if arguments.out.is_none() {
        report.pictures.iter().try_for_each(|(name, bytes)| atomic::write(arguments.result.join(name), bytes))?;
    }
    terminal::note(format_args!("{}: {:.1} MB", page.display(), report.html.len() as f64 / 1e6));
    Ok(0)
}

/// Adds the page and the pictures to the results of a run that are complete but for them. A result does not get lost for want of its report: then the reason is told.
///
/// # Errors
/// If they cannot be written.
pub(super) fn add(dir: &mut OutputDir) -> Result<Option<String>> {
    match Report::of(dir.stage()) {
        Ok(report) => {
            atomic::write(dir.file(REPORT), report.html.as_bytes())?;
            report.pictures.iter().try_for_each(|(name, bytes)| atomic::write(dir.file(name), bytes))?;
            Ok(None)
        }
        Err(error) => Ok(Some(format!("{REPORT} was not made: {error}"))),
    }
}
