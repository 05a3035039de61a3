//! `dosaic verify`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    error::{Error, Result},
    io::atomic::{self, AtomicFile},
    verify::{
        CASES, Context, plot,
        report::{Count, around_markers, into_document, json_text, markdown, text},
        verify,
    },
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Device: number or part of the name as listed by `dosaic devices`, or `cpu` [default: the first GPU, else cpu]
    #[arg(long, default_value = "auto", hide_default_value = true, value_name = "IDX|NAME|cpu")]
    device: String,
    /// Threads on the CPU [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// An eighth of the histories
    #[arg(long)]
    quick: bool,
    /// Only this case; may be given several times
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// List the cases
    #[arg(long)]
    list: bool,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Write everything, curves included, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the curves as SVG into this folder
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Replace the file and the plots of an earlier run
    #[arg(long)]
    force: bool,
    /// Write the tables between the markers of this Markdown document
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    if arguments.list {
        let list: String = CASES.iter().map(|case| format!("  {:<17} {}\n", case.name, case.about)).collect();
        super::print(&list)?;
        return Ok(0);
    }
    // What cannot be written must not cost the run.
    if let Some(folder) = &arguments.plots {
        check_plots(folder, arguments.force)?;
    }
    if let Some(path) = &arguments.markdown {
        around_markers(path)?;
    }
    let json = arguments.json.as_ref().map(|path| AtomicFile::claim(path, arguments.force)).transpose()?;
    let threads = super::threads(arguments.threads.map(usize::from));
    let context = Context::new(&arguments.device, threads, arguments.quick, arguments.seed);
    let cases = verify(&context, &arguments.cases, &|case| {
        for series in &case.outcome.series {
            if let Some(folder) = &arguments.plots {
                atomic::write(folder.join(format!("{}.svg", series.name)), plot::svg(series).as_bytes())?;
            }
        }
        super::print(&text(case))
    })?;
    let count = Count::of(cases.iter().flat_map(|case| &case.outcome.rows));
    let device = context.ran().device.map_or_else(String::new, |device| format!(" on {} ({})", device.name, device.backend));
    super::print(&format!("{}{device}\n", count.line()))?;
    if let Some(file) = json {
        file.fill(json_text(&cases, &context)?.as_bytes())?;
    }
    if let Some(path) = &arguments.markdown {
        into_document(path, &markdown(&cases, &context, "validation"))?;
    }
    Ok(u8::from(count.failed > 0))
}

/// The folder of plots exists, can be written, and holds none of an earlier run unless those may go.
fn check_plots(folder: &Path, force: bool) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    drop(AtomicFile::create(folder.join("probe"))?);
    let mut entries = std::fs::read_dir(folder).map_err(Error::io(folder))?;
    let is_plot = |path: &Path| path.extension().is_some_and(|extension| extension == "svg");
    if !force && entries.any(|entry| entry.is_ok_and(|entry| is_plot(&entry.path()))) {
        let text = "holds plots already; choose another folder, or --force to replace them";
        return Err(Error::io(folder)(std::io::Error::new(std::io::ErrorKind::AlreadyExists, text)));
    }
    Ok(())
}
