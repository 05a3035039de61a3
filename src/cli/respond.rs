//! `dosaic respond`.

use std::{path::PathBuf, time::SystemTime};

use clap::Args;

use super::run::Overrides;
use crate::{
    engine::{self, Comparison, Record},
    error::Result,
    io::{output::OutputDir, terminal},
    plan::quantity,
    report::{components::stored_components, text, time, tme},
    transport::backend::DeviceInfo,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of a result with components.json: a run of a plan with [response.tme], or with output.components = true
    result: PathBuf,
    /// The plan: its phantom, nuclides, patterns of uptake and transport as in that run; activities, times, drugs and parameters as you like
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// Folder for the results [default: out/<name of the plan>-response]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also compare: the activity of all fractions together in so many equal ones, each predicted from the first, e.g. 1,2,4,8
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=64))]
    fractions: Vec<u32>,
    /// Time between the starts of those fractions
    #[arg(long, value_name = "TIME", default_value = "56 d", value_parser = interval)]
    interval: f64,
    #[command(flatten)]
    overrides: Overrides,
    /// Replace the results of an earlier run in the same folder
    #[arg(long)]
    force: bool,
    /// No table, only warnings and errors
    #[arg(long, short)]
    quiet: bool,
}

/// A time above zero.
fn interval(text: &str) -> std::result::Result<f64, String> {
    match quantity::parse(text, &quantity::TIME) {
        Ok(seconds) if seconds > 0.0 => Ok(seconds),
        Ok(_) => Err("a time above zero is needed, such as \"56 d\"".into()),
        Err(fault) => Err(fault.message),
    }
}

pub(super) fn execute(arguments: Arguments) -> Result<u8> {
    let started = time::utc(SystemTime::now());
    let plan = arguments.overrides.load(&arguments.plan)?;
    let threads = arguments.overrides.threads();
    let folder = arguments.out.unwrap_or_else(|| {
        let stem = arguments.plan.file_stem().map_or_else(|| "plan".into(), |s| s.to_string_lossy().into_owned());
        PathBuf::from("out").join(format!("{stem}-response"))
    });
    let mut dir = OutputDir::create(&folder, arguments.force)?;
    terminal::event("stage", &[("stage", "prepare".into())]);
    let prepared = engine::prepare(&plan)?;
    let stored = stored_components(&arguments.result, &prepared.phantom, prepared.settings.tables.saturation)?;
    let comparison = Comparison { fractions: &arguments.fractions, interval: arguments.interval };
    terminal::event("stage", &[("stage", "response".into())]);
    let evaluation = engine::respond(&plan, &prepared, &stored, comparison, threads)?;
    let device = DeviceInfo {
        name: format!("no transport: doses per decay of {}", arguments.result.display()),
        kind: "stored".into(),
        backend: String::new(),
        driver: String::new(),
        vendor: 0,
    };
    let record = Record { command_line: std::env::args().collect(), started, device, threads };
    terminal::event("stage", &[("stage", "write".into())]);
    evaluation.write(&plan, &prepared, &record, &mut dir)?;
    let no_report = super::report::add(&mut dir)?;
    let names = dir.files().len();
    let written = dir.finish()?;
    if !arguments.quiet {
        super::print(&text::region_table(&evaluation.rows, 4))?;
        if let Some(result) = &evaluation.tme {
            super::print(&tme::endpoints::endpoints_text(result))?;
            if let Some(table) = &result.fractionation {
                super::print(&table.markdown())?;
            }
        }
    }
    for warning in evaluation.warnings.iter().chain(&no_report) {
        terminal::warning(warning);
    }
    for stale in &written.stale {
        terminal::warning(format_args!("{} is from an earlier run and was not replaced", stale.display()));
    }
    if !arguments.quiet {
        terminal::note(format_args!("{names} files in {}", folder.display()));
    }
    terminal::event("done", &[("exit_code", 0.into()), ("folder", folder.display().to_string().into()), ("files", names.into())]);
    Ok(0)
}
