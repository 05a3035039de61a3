//! `dosaic completions`.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, output::OutputArguments};
use crate::error::Result;

#[derive(Debug, Args)]
#[command(after_help = "\
Where it goes: bash: ~/.local/share/bash-completion/completions/dosaic; zsh: a folder of $fpath, as _dosaic;
fish: ~/.config/fish/completions/dosaic.fish; powershell: append it to $PROFILE.")]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let output = arguments.output.open()?;
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "dosaic", &mut script);
    output.write(&String::from_utf8_lossy(&script))
}
