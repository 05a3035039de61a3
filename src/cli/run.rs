//! `dosaic run`.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Instant, SystemTime},
};

use clap::Args;

use crate::{
    engine::{self, Record, RunOptions},
    error::{Error, Result},
    io::{output::OutputDir, terminal},
    plan::{self, PhotonMode, Plan},
    report::{text, time, tme},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan (TOML); docs/plan.md describes it
    plan: PathBuf,
    /// Folder for the results [default: out/<name of the plan>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Replace the results of an earlier run in the same folder
    #[arg(long)]
    force: bool,
    /// No progress and no table, only warnings and errors
    #[arg(long, short)]
    quiet: bool,
}

/// Settings of the plan that the command line may change.
#[derive(Debug, Args)]
pub(super) struct Overrides {
    /// Device: number or part of the name as listed by `dosaic devices`, or `cpu` [default: as the plan says, else the first GPU, else cpu]
    #[arg(long, value_name = "IDX|NAME|cpu")]
    device: Option<String>,
    /// Threads of the CPU backend and of the response; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Histories (emitted particles) per fraction, e.g. 1e6; overrides the plan. Each component gets a multiple of the batches, rounded up
    #[arg(long, value_name = "N", value_parser = histories, allow_hyphen_values = true)]
    histories: Option<u64>,
    /// Seed of the random numbers; overrides the plan
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seed: Option<u64>,
    /// What is done with photons; overrides the plan
    #[arg(long, value_name = "MODE", value_parser = photons)]
    photons: Option<PhotonMode>,
}

/// analogue, track-length or off.
fn photons(text: &str) -> std::result::Result<PhotonMode, String> {
    let known = PhotonMode::NAMES.iter().find(|(name, _)| *name == text);
    known.map(|&(_, mode)| mode).ok_or_else(|| "one of analogue, track-length and off is needed".into())
}

/// A whole number of histories, also as 2e6.
pub(super) fn histories(text: &str) -> std::result::Result<u64, String> {
    let value: f64 = text.parse().map_err(|_| "a whole number such as 2000000 or 2e6 is needed".to_owned())?;
    if value.fract() != 0.0 || !(1.0..=1.0e13).contains(&value) {
        return Err("a whole number between 1 and 1e13 is needed".into());
    }
    Ok(value as u64)
}

impl Overrides {
    /// Loads the plan and applies the command line.
    pub(super) fn load(&self, path: &std::path::Path) -> Result<Plan> {
        let mut plan = plan::load(path)?;
        if let Some(device) = &self.device {
            plan.transport.device.clone_from(device);
        }
        if let Some(histories) = self.histories {
            plan.transport.histories = histories;
            for fraction in &mut plan.fractions {
                fraction.histories = histories;
            }
        }
        if let Some(seed) = self.seed {
            plan.transport.seed = seed;
        }
        if let Some(photons) = self.photons {
            plan.transport.photons = photons;
        }
        Ok(plan)
    }

    pub(super) fn threads(&self) -> usize {
        super::threads(self.threads.map(usize::from))
    }
}

pub(super) fn execute(arguments: Arguments) -> Result<u8> {
    let started = time::utc(SystemTime::now());
    let start = Instant::now();
    let plan = arguments.overrides.load(&arguments.plan)?;
    let threads = arguments.overrides.threads();
    let folder = arguments.out.unwrap_or_else(|| {
        let stem = arguments.plan.file_stem().map_or_else(|| "plan".into(), |s| s.to_string_lossy().into_owned());
        PathBuf::from("out").join(stem)
    });
    let mut dir = OutputDir::create(&folder, arguments.force)?;
    let stop = interrupt()?;
    let stage = |name: &str| terminal::event("stage", &[("stage", name.into())]);
    stage("prepare");
    let prepared = engine::prepare(&plan)?;
    let (mut backend, line) = engine::open(&plan, &prepared, threads)?;
    if !arguments.quiet {
        let [x, y, z] = prepared.phantom.grid.size;
        terminal::note(format_args!(
            "{}: {x} x {y} x {z} voxels, {}, {}",
            plan.title,
            counted(plan.fractions.len(), "fraction"),
            counted(prepared.treatment.components.len(), "source component")
        ));
    }
    terminal::note(line);
    let options = RunOptions { threads, quiet: arguments.quiet, stop: &stop };
    let evaluation = engine::run(&plan, &prepared, backend.as_mut(), &options)?;
    let device = backend.device();
    let threads = if device.kind == "cpu" { threads } else { 0 };
    let record = Record { command_line: std::env::args().collect(), started, device, threads };
    stage("write");
    evaluation.write(&plan, &prepared, &record, &mut dir)?;
    if stop.load(Relaxed) {
        return Err(Error::Interrupted);
    }
    let no_report = super::report::add(&mut dir)?;
    let names = dir.files().len();
    let written = dir.finish()?;

    if !arguments.quiet {
        super::print(&text::region_table(&evaluation.rows, 4))?;
        if let Some(result) = &evaluation.tme {
            super::print(&tme::endpoints::endpoints_text(result))?;
        }
        for emitter in &prepared.treatment.emitters {
            for part in &emitter.simplified {
                terminal::note(format_args!(
                    "note: {}: {} ({:.4} MeV per decay): {}",
                    part.component, part.what, part.mev_per_decay, part.treatment
                ));
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
        let seconds = evaluation.transport_seconds();
        terminal::note(format_args!(
            "{} histories in {seconds:.1} s ({:.2e}/s); {} files in {}; {:.1} s in all",
            evaluation.histories(),
            evaluation.histories() as f64 / seconds.max(1e-9),
            names,
            folder.display(),
            start.elapsed().as_secs_f64()
        ));
    }
    if let Some(goal) = evaluation.uncertainty.goal.as_ref().filter(|goal| !goal.met) {
        let reached = goal.reached.map_or_else(|| "nothing".to_owned(), |r| format!("{:.2} %", 100.0 * r));
        terminal::warning(format_args!(
            "goal not reached: {} in {}, {:.2} % were asked for (results are written; raise max_histories)",
            reached,
            goal.region,
            100.0 * goal.relative
        ));
    }
    let code = u8::from(!evaluation.goal_met());
    terminal::event("done", &[("exit_code", code.into()), ("folder", folder.display().to_string().into()), ("files", names.into())]);
    Ok(code)
}

/// "1 fraction", "2 fractions".
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A flag that Ctrl-C and SIGTERM set; the transport looks at it between batches. A second signal ends the program at once.
fn interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Relaxed) {
            std::process::exit(130);
        }
        terminal::note(format_args!("stopping after this batch; nothing will be written (again to stop at once)"));
    })
    .map_err(|error| Error::device(format!("signals cannot be caught: {error}")))?;
    Ok(stop)
}
