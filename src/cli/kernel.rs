//! `dosaic kernel`.

use clap::Args;

use super::emitters::EmitterArguments;
use crate::{
    error::Result,
    io::terminal,
    kernel::{
        point::{default_radii, point_kernel},
        shells::radii,
    },
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    common: EmitterArguments,
    /// Shells: WIDTH:MAX with a unit (0.1:3mm), or a file with outer radii in mm [default: 60 up to 1.2 ranges; 40 of 5 mm for photons]
    #[arg(long, value_name = "FILE|WIDTH:MAX")]
    shells: Option<String>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let (emitter, request, output) = arguments.common.resolve()?;
    let radii = match &arguments.shells {
        Some(text) => radii(text)?,
        None => default_radii(&emitter, &request)?,
    };
    let kernel = point_kernel(&emitter, &radii, &request, &|line| terminal::note(line))?;
    output.write(kernel.table(&emitter, &request).as_str())
}
