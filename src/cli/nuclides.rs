//! `dosaic nuclides`.

use clap::Args;

use crate::{error::Result, nuclide};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A nuclide, e.g. Ac-225; without it all are listed
    name: Option<String>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let text = match &arguments.name {
        Some(name) => nuclide::describe(name)?,
        None => nuclide::list(),
    };
    super::print(&text)?;
    Ok(0)
}
