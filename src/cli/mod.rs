//! The command line: one file per subcommand.

mod completions;
mod devices;
mod emitters;
mod init;
mod inspect;
mod kernel;
mod man;
mod nuclides;
mod output;
mod report;
mod respond;
mod run;
mod s_values;
mod schema;
mod validate;
mod verify;

use clap::{Parser, Subcommand};

use crate::{
    error::Result,
    io::terminal::{self, Form},
};

/// Monte Carlo dosimetry for radiopharmaceutical therapy, fraction by fraction, on any GPU or on the CPU.
#[derive(Debug, Parser)]
#[command(
    name = "dosaic",
    version,
    max_term_width = 110,
    after_help = "\
Exit codes: 0 done; 1 the plan's uncertainty goal was not reached (results are written), or `verify` found a deviation; 2 wrong input; 3 device or driver;
4 files; 130 interrupted.

Start with:  dosaic run phantoms/net-liver-lu177.toml
With a CT:   dosaic init ct_folder > plan.toml"
)]
pub struct Cli {
    /// How progress is shown; with json also warnings and errors, as lines of JSON on standard error (docs/formats/progress.md)
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "FORM")]
    progress: Form,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a first plan: from a folder with a CT and what lies with it, or a small complete one from nothing.
    Init(init::Arguments),
    /// Compute the absorbed dose, its uncertainty and BED of every fraction of a plan.
    Run(run::Arguments),
    /// Compute the response again, without transport, from the doses per decay that a run has stored.
    Respond(respond::Arguments),
    /// Make report.html and the quick-look pictures of a result again, from its files alone.
    Report(report::Arguments),
    /// Check a plan without running it: every value with its default, memory, and the time it would take.
    Validate(validate::Arguments),
    /// Write a dose point kernel: energy fraction per spherical shell around a point source.
    Kernel(kernel::Arguments),
    /// Write S values of voxels in mGy/(MBq s), or of cells in Gy/(Bq s).
    SValues(s_values::Arguments),
    /// Run the reference cases on a device: ours beside EGSnrc, Geant4, tables and limits, with bounds.
    Verify(verify::Arguments),
    /// List the devices that can do the transport, and what the others lack.
    Devices(devices::Arguments),
    /// List what a folder or file holds: DICOM series, contours and segments, NIfTI and MetaImage images.
    Inspect(inspect::Arguments),
    /// List the nuclides, or show one: half-life, decay chain, energies per decay.
    Nuclides(nuclides::Arguments),
    /// Write the JSON Schema of plan files, with which editors complete and check, or of a result's summary.json.
    Schema(schema::Arguments),
    /// Write the completions of a shell: what the Tab key knows of dosaic.
    Completions(completions::Arguments),
    /// Write the manual pages: that of dosaic, or one for each command into a folder.
    Man(man::Arguments),
}

impl Cli {
    /// Carries out the command; returns the exit code.
    ///
    /// # Errors
    /// Whatever stopped it.
    pub fn execute(self) -> Result<u8> {
        terminal::choose(self.progress);
        match self.command {
            Command::Init(arguments) => init::execute(&arguments),
            Command::Run(arguments) => run::execute(arguments),
            Command::Respond(arguments) => respond::execute(arguments),
            Command::Report(arguments) => report::execute(&arguments),
            Command::Validate(arguments) => validate::execute(&arguments),
            Command::Kernel(arguments) => kernel::execute(&arguments),
            Command::SValues(arguments) => s_values::execute(&arguments),
            Command::Verify(arguments) => verify::execute(&arguments),
            Command::Devices(arguments) => devices::execute(&arguments),
            Command::Inspect(arguments) => inspect::execute(&arguments),
            Command::Nuclides(arguments) => nuclides::execute(&arguments),
            Command::Schema(arguments) => schema::execute(&arguments),
            Command::Completions(arguments) => completions::execute(&arguments),
            Command::Man(arguments) => man::execute(&arguments),
        }
    }
}

/// Prints to standard output; a reader that has gone (`| head`) is no error.
fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(crate::error::Error::io("standard output")(error)),
        _ => Ok(()),
    }
}

/// Threads asked for, or all there are.
fn threads(wanted: Option<usize>) -> usize {
    wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}
