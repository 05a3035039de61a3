//! `dosaic schema`.

use clap::{Args, ValueEnum};

use super::output::OutputArguments;
use crate::{
    error::Result,
    plan,
    report::{json, summary},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Of which file
    #[arg(value_enum, default_value = "plan")]
    of: Of,
    #[command(flatten)]
    output: OutputArguments,
}

/// Files with a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// Plan files
    Plan,
    /// summary.json of a result
    Summary,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let output = arguments.output.open()?;
    match arguments.of {
        Of::Plan => output.write(&json::pretty(&plan::schema())?),
        Of::Summary => output.write(summary::JSON_SCHEMA),
    }
}
