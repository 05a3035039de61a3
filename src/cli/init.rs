//! `dosaic init`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::OutputArguments;
use crate::{
    error::{Error, Result},
    init::{self, Request},
    io::terminal,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Example:  dosaic init ct_folder > plan.toml     then write the uptake into plan.toml, and
          dosaic run plan.toml")]
pub(super) struct Arguments {
    /// Folder with a CT (DICOM, or an image named ct...), and with contours, segments, label images, PET or SPECT; or the CT image itself [default: a plan from nothing]
    folder: Option<PathBuf>,
    /// Nuclide that is administered
    #[arg(long, default_value = "Lu-177", value_name = "NAME")]
    nuclide: String,
    /// UID or description of the CT series, where there are several
    #[arg(long, value_name = "UID|TEXT", requires = "folder")]
    series: Option<String>,
    /// Label image on the grid of the CT, or RTSTRUCT or SEG file [default: the first found in the folder, or beside it under its name]
    #[arg(long, value_name = "FILE", requires = "folder")]
    labels: Option<PathBuf>,
    /// Names of the labels: CSV with columns label and name [default: a table found there]
    #[arg(long, value_name = "FILE", requires = "folder")]
    names: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let output = arguments.output.open()?;
    let Some(folder) = &arguments.folder else { return output.write(&init::blank(&arguments.nuclide)?) };
    // File names in a plan count from its folder: as typed where that is this one, else from the root.
    let elsewhere = arguments.output.out.as_deref().and_then(Path::parent).is_some_and(|parent| !parent.as_os_str().is_empty());
    let place = |path: &PathBuf| if elsewhere { std::fs::canonicalize(path).map_err(Error::io(path)) } else { Ok(path.clone()) };
    let request = Request {
        path: place(folder)?,
        series: arguments.series.clone(),
        labels: arguments.labels.as_ref().map(place).transpose()?,
        names: arguments.names.clone(),
        nuclide: arguments.nuclide.clone(),
    };
    let draft = init::from_folder(&request)?;
    for warning in &draft.warnings {
        terminal::warning(warning);
    }
    let code = output.write(&draft.text)?;
    terminal::note(format_args!(
        "next: write `administered` and the uptake into {}, then `dosaic run` it",
        arguments.output.out.as_ref().map_or_else(|| "the plan".to_owned(), |path| path.display().to_string())
    ));
    Ok(code)
}
