//! The `dosaic` command.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match dosaic::cli::Cli::parse().execute() {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("error: {error}");
            error.exit_code().into()
        }
    }
}
