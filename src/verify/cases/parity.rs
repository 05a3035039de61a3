//! The device against the CPU twin, and the energy balance of everything that ran.

use glam::DVec3;

use crate::{
    error::Result,
    kernel::{
        Part,
        emitter::{Emitter, Radiation},
        stage::Stage,
    },
    plan::WaterData,
    source::DecayPattern,
    transport::{
        backend::{Backend, BatchResult, Job, SourceShape, Sums, source_list},
        cpu::run::Cpu,
        open::open,
    },
    verify::{
        context::{BATCHES, Context, ORIGIN, Source},
        outcome::{Outcome, Row},
    },
};

/// Runs all batches and adds up their maps.
fn map(backend: &mut dyn Backend, job: &Job<'_>) -> Result<(Vec<u64>, Sums)> {
    let mut sums = Sums::default();
    let mut total: Vec<u64> = Vec::new();
    for batch in 0..BATCHES {
        let BatchResult { energy, sums: own, .. } = backend.run(job, batch, &|_| ())?;
        sums.add(&own);
        total.resize(energy.len(), 0);
        total.iter_mut().zip(&energy).for_each(|(t, e)| *t += e);
    }
    Ok((total, sums))
}

/// The same histories on the device and on one thread of the CPU twin, in mixed media and in shells.
pub(super) fn parity(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for (nuclide, edge, histories) in [
        ("Y-90:beta", 1.0, 160_000),
        ("Lu-177:electrons", 0.3, 320_000),
        ("Ac-225:alpha", 0.02, 320_000),
        ("positron:0.6", 2.0, 80_000),
        ("photon:0.364", 15.0, 80_000),
        ("photon:6", 15.0, 40_000),
    ] {
        let emitter = Emitter::parse(nuclide, true)?;
        for beam in &emitter.beams {
            let settings = context.settings(WaterData::Icru90, 0.08 * edge);
            let media = ["water_liquid", "bone_cortical_icrp", "lung"];
            let edges = DVec3::new(edge, 0.8 * edge, 1.3 * edge);
            let mixed = Stage::voxels(&media, [18, 15, 12], edges, settings, |[i, j, k]| {
                let medium = (i / 3 % 3) as u8;
                (medium, [1.0, 1.85, 0.26][usize::from(medium)] * (0.9 + 0.02 * f64::from((7 * i + 5 * j + 3 * k) % 11)))
            })?;
            let voxels: Vec<u32> = (0..mixed.phantom()?.grid.len() as u32).step_by(3).collect();
            let everywhere = source_list(&DecayPattern { shares: vec![1.0; voxels.len()], voxels });
            let radii: Vec<f64> = (1..=12).map(|k| 0.1 * edge * f64::from(k)).collect();
            let shells = Stage::shells("water_liquid", 1.0, &radii, settings)?;
            let (radiation, sampler) = (beam.radiation, &beam.sampler);
            for (what, stage, source) in [
                ("mixed media", &mixed, Source { radiation, sampler, voxels: &everywhere, shape: SourceShape::Uniform }),
                ("shells", &shells, Source { radiation, sampler, voxels: &ORIGIN, shape: SourceShape::Centre }),
            ] {
                let job = context.job(&source, histories)?;
                let (mut device, _) = open(stage.world(), &context.device, context.threads)?;
                let same = device.device().kind == "cpu";
                let (ours, sums) = map(device.as_mut(), &job)?;
                let (twin, _) = map(&mut Cpu::new(stage.world(), 1), &job)?;
                context.note(radiation, &sums, device.device());
                let emitted = sums.emitted as f64;
                let whole = ours.iter().sum::<u64>().abs_diff(twin.iter().sum()) as f64 / emitted;
                let moved = ours.iter().zip(&twin).map(|(a, b)| a.abs_diff(*b)).sum::<u64>() as f64 / emitted;
                // On the CPU the twin is the device: any number of threads gives the same bits.
                let bound = if same { 0.0 } else { 1.0e-4 };
                let with = if same { format!("{} threads and 1", context.threads) } else { "device and twin".into() };
                outcome.rows.push(Row::at_most(format!("{nuclide}, {what}, {with}: energy of the whole map"), whole, bound));
                outcome.rows.push(Row::at_most(format!("{nuclide}, {what}, {with}: energy in other cells"), moved, bound));
            }
        }
    }
    Ok(outcome)
}

/// Emitted = deposited + escaped, in tally quanta.
pub(super) fn balance(context: &Context) -> Result<Outcome> {
    if Part::ALL.iter().all(|&part| context.histories_of(part) == 0) {
        // Asked for alone.
        context.shells(Radiation::Electron, &crate::verify::reference::line(1.0), WaterData::Icru90, &[0.1, 0.2, 0.3], 100_000)?;
        context.shells(Radiation::Positron, &crate::verify::reference::line(1.0), WaterData::Icru90, &[0.1, 0.2, 0.3], 100_000)?;
        context.shells(Radiation::Photon, &crate::verify::reference::line(2.0), WaterData::Icru90, &[1.0, 5.0, 10.0], 100_000)?;
        context.shells(Radiation::Alpha, &crate::verify::reference::line(5.0), WaterData::Icru90, &[1.0e-3, 2.0e-3], 100_000)?;
    }
    let mut outcome = Outcome::default();
    for part in Part::ALL {
        let sums = context.ran().sums[part as usize];
        if sums.histories == 0 {
            continue;
        }
        let name = if part == Part::Electron { "electrons and positron" } else { part.name() };
        outcome.rows.push(Row::at_most(
            format!("{name}s: |emitted - deposited - escaped| of {} quanta in {} histories", sums.emitted, sums.histories),
            sums.imbalance().unsigned_abs() as f64,
            0.0,
        ));
        outcome.rows.push(Row::at_most(
            format!("{name}s: emergency exits per history"),
            sums.incidents as f64 / sums.histories as f64,
            1.0e-6,
        ));
    }
    Ok(outcome)
}
