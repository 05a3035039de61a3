//! The `dosaic` command.

use std::process::ExitCode;

use clap::Parser;
use dosaic::io::terminal;

fn main() -> ExitCode {
    match dosaic::cli::Cli::parse().execute() {
        Ok(code) => code.into(),
        Err(error) => {
            terminal::error(&error, error.exit_code());
            error.exit_code().into()
        }
    }
}
