//! `dosaic man`.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::Cli;
use crate::{
    error::{Error, Result},
    io::{atomic, output::OutputDir, terminal},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder for the pages of all commands [default: the page of dosaic, to standard output]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that holds something already
    #[arg(long)]
    force: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &arguments.out else {
        super::print(&page(&command)?)?;
        return Ok(0);
    };
    let mut dir = OutputDir::create(folder, arguments.force)?;
    for (name, page) in pages(&command)? {
        atomic::write(dir.file(&name), page.as_bytes())?;
    }
    let written = dir.finish()?;
    terminal::note(format_args!("{} pages in {}", written.files.len(), folder.display()));
    Ok(0)
}

/// Name and text of the page of a command and of those below it.
fn pages(command: &Command) -> Result<Vec<(String, String)>> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let mut all = vec![(format!("{name}.1"), page(command)?)];
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        all.extend(pages(sub)?);
    }
    Ok(all)
}

fn page(command: &Command) -> Result<String> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text).map_err(Error::io("manual page"))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
