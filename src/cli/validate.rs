//! `dosaic validate`.

use std::path::PathBuf;

use clap::Args;

use super::run::Overrides;
use crate::{
    engine,
    error::Result,
    plan::PhotonMode,
    transport::gpu::adapter::{self, Candidate},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan (TOML); docs/plan.md describes it
    plan: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Skip the probe that estimates the time
    #[arg(long)]
    no_probe: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    let plan = arguments.overrides.load(&arguments.plan)?;
    super::print(&plan.describe())?;
    super::print(&memory_table(&plan)?)?;
    let prepared = engine::prepare(&plan)?;
    let mut text = String::from("\nsources, decays from the start of their fraction on:\n");
    for (fraction, source) in plan.fractions.iter().zip(&prepared.treatment.sources) {
        for component in &source.components {
            let hours = component.tia / fraction.administered / 3600.0;
            text += &format!(
                "  fraction {}: {}: {:.4e} Bq s ({hours:.4} h x administered activity), on average {:.1} h after the start{}\n",
                source.number,
                component.name,
                component.tia,
                component.course.mean_time() / 3600.0,
                if component.uncertainty.own > 0.0 { format!(", +- {:.1} %", 100.0 * component.uncertainty.own) } else { String::new() }
            );
        }
        for outside in &source.outside {
            text += &format!(
                "  fraction {}: {} {}: {:.4e} atoms: {}\n",
                source.number, outside.member, outside.from, outside.atoms, outside.fate
            );
        }
    }
    let uses: usize = prepared.treatment.deliveries.iter().map(|delivery| delivery.contributions.len()).sum();
    text += &format!("\ntransport, {} components for {uses} sources:\n", prepared.treatment.components.len());
    for component in &prepared.treatment.components {
        let emitter = &prepared.treatment.emitters[component.emitter];
        for (beam, histories) in emitter.beams.iter().zip(&component.histories) {
            text += &format!(
                "  {}: {:.4} {}s per decay of {:.4} MeV on average from {} voxels, {histories} histories\n",
                component.name,
                beam.sampler.intensity(),
                beam.particle.name(),
                beam.sampler.mean_energy(),
                component.source.len()
            );
        }
    }
    let s = &prepared.settings;
    text += &format!(
        "  electron cut: {:.3} um of residual range at the least density (at least {:.0} keV); delta rays from max({:.2} keV, {:.0} % of the energy); step {:.0} % of the range, where that is below {:.3} um up to {:.0} %\n  photons: {}\n",
        1.0e4 * s.tables.cut_length,
        1000.0 * s.electron_cut,
        1000.0 * s.tables.delta_floor,
        100.0 * s.tables.delta_share,
        100.0 * s.tables.step_fraction,
        1.0e4 * s.tables.step_length,
        100.0 * s.tables.step_fraction_most,
        match s.tables.photon_threshold {
            None => "not transported".to_owned(),
            Some(threshold) => format!(
                "bremsstrahlung from {:.2} keV; absorbed below {:.2} keV; {}",
                1000.0 * threshold,
                1000.0 * s.photon_cut,
                if s.photons == PhotonMode::TrackLength { "dose by track length" } else { "dose by their electrons" }
            ),
        }
    );
    let mut told = std::collections::HashSet::new();
    let notes = prepared.inputs.notes();
    for warning in notes.iter().chain(&prepared.phantom.warnings).chain(prepared.treatment.sources.iter().flat_map(|s| &s.warnings)) {
        if told.insert(warning) {
            text += &format!("warning: {warning}\n");
        }
    }
    super::print(&text)?;
    if !arguments.no_probe {
        let (mut backend, line) = engine::open(&plan, &prepared, arguments.overrides.threads())?;
        let probe = engine::probe(&prepared, backend.as_mut())?;
        super::print(&format!(
            "\n{line}\ntime of the transport: about {:.0} s ({:.1e} histories/s in a probe)\nthe plan is valid\n",
            probe.transport.as_secs_f64().max(1.0),
            probe.histories_per_second
        ))?;
    }
    Ok(0)
}

/// Memory per buffer, beside what the devices allow for one.
fn memory_table(plan: &crate::plan::Plan) -> Result<String> {
    let (grid, items) = engine::memory(plan)?;
    let [x, y, z] = grid.size;
    let mut text = format!("\nmemory for {x} x {y} x {z} = {} voxels:\n", grid.len());
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for item in &items {
        let place = if item.buffer { "host and GPU" } else { "host" };
        text += &format!("  {:36} {:>4} B/voxel {:>12.1} MiB  {place}\n", item.name, item.per_voxel, mib(item.bytes));
    }
    let total: u64 = items.iter().map(|i| i.bytes).sum();
    let free = crate::io::memory::available().map_or_else(String::new, |free| format!(" of {:.0} MiB free", mib(free)));
    text += &format!("  {:36} {:>25.1} MiB{free}\n", "in all, at most", mib(total));
    let largest = items.iter().filter(|i| i.buffer).map(|i| i.bytes).max().unwrap_or(0);
    for Candidate { index, info, limits, .. } in adapter::candidates() {
        let bound = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let verdict = if largest <= bound { "fits" } else { "does not fit" };
        text += &format!("  device {index} ({}): one buffer may have {:.1} MiB; {verdict}\n", info.name, mib(bound));
    }
    Ok(text)
}
