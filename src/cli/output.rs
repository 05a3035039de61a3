//! Where a command that writes one text puts it: a file, opened before the work, or standard output.

use std::path::PathBuf;

use clap::Args;

use crate::{error::Result, io::atomic::AtomicFile};

/// `--out` and `--force`.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Replace the file
    #[arg(long)]
    force: bool,
}

/// A place that can be written.
#[derive(Debug)]
pub(super) struct Output(Option<AtomicFile>);

impl OutputArguments {
    /// Opens the file, if one is named.
    pub(super) fn open(&self) -> Result<Output> {
        self.out.as_ref().map(|path| AtomicFile::claim(path, self.force)).transpose().map(Output)
    }
}

impl Output {
    /// Writes the text; the exit code is 0.
    pub(super) fn write(self, text: &str) -> Result<u8> {
        match self.0 {
            Some(file) => file.fill(text.as_bytes())?,
            None => super::print(text)?,
        }
        Ok(0)
    }
}
