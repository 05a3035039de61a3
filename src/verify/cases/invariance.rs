//! Limits that need no reference: density patterns, voxel size, steps and thresholds.

use glam::DVec3;

use super::voxels::class_means;
use crate::{
    error::Result,
    kernel::{emitter::Radiation, score::Estimate, stage::Stage, voxel_s::classes},
    phantom::Phantom,
    plan::{PhotonMode, WaterData},
    source::DecayPattern,
    transport::{
        backend::{Settings, SourceShape, source_list},
        rng::rng_block,
    },
    verify::{
        context::{Context, Source},
        outcome::{Norm, Outcome, Row, exact},
        reference::{line, spectrum},
    },
};

/// Densities of the patterns, g/cm3.
const DENSITIES: [f64; 3] = [0.26, 1.0, 1.85];

/// Emission in proportion to mass in these voxels.
fn per_mass(phantom: &Phantom, voxels: impl Iterator<Item = u32>) -> Vec<[u32; 2]> {
    let voxels: Vec<u32> = voxels.collect();
    let shares = voxels.iter().map(|&v| phantom.mass(v as usize)).collect();
    source_list(&DecayPattern { voxels, shares })
}

/// Density class of a voxel.
type Pattern = fn([u32; 3]) -> usize;

/// Emission per mass in one material: wherever particles of all surroundings arrive, dose is emission per mass, at any pattern of densities.
pub(super) fn fano(context: &Context) -> Result<Outcome> {
    const SIZE: u32 = 24;
    let blocks: Pattern = |[i, j, k]| ((i / 2 * 7 + j / 3 * 5 + k / 2 * 3) % 3) as usize;
    let layers: Pattern = |[_, _, k]| (k / 2 % 3) as usize;
    let noise: Pattern = |[i, j, k]| rng_block([7, 7], [i + SIZE * (j + SIZE * k), 0], 0, 0)[0] as usize % 3;
    let mut outcome = Outcome::default();
    for (radiation, energy, edge, margin, histories, patterns) in [
        // 200 keV: 0.45 mm of range at 1 g/cm3, 1.7 mm at 0.26.
        (Radiation::Electron, 0.2, 1.0, 4, 48_000_000, &[("blocks", blocks), ("layers", layers), ("random", noise)][..]),
        // 3 MeV: 17 um at 1 g/cm3, 65 um at 0.26.
        (Radiation::Alpha, 3.0, 0.03, 3, 48_000_000, &[("random", noise)]),
    ] {
        for (name, pattern) in patterns {
            let mut settings = context.settings(WaterData::Icru90, 0.1 * edge);
            // What photons carry away does not come back from a medium with an end.
            settings.photons = PhotonMode::Off;
            settings.tables.photon_threshold = None;
            let stage = Stage::voxels(&["water_liquid"], [SIZE; 3], DVec3::splat(edge), settings, |ijk| (0, DENSITIES[pattern(ijk)]))?;
            let phantom = stage.phantom()?;
            let cell: Vec<usize> = (0..phantom.grid.len())
                .map(|v| {
                    let ijk = phantom.grid.ijk(v);
                    if ijk.iter().all(|i| (margin..SIZE - margin).contains(i)) { pattern(ijk) } else { 3 }
                })
                .collect();
            let voxels = per_mass(phantom, 0..phantom.grid.len() as u32);
            let sampler = line(energy);
            let source = Source { radiation, sampler: &sampler, voxels: &voxels, shape: SourceShape::Uniform };
            let project = |tally: &[u64]| {
                let mut sums = vec![0.0; 3];
                tally.iter().zip(&cell).filter(|(_, cell)| **cell < 3).for_each(|(&quanta, &cell)| sums[cell] += quanta as f64);
                sums
            };
            let found = context.run(&stage, &source, histories, &project)?;
            let total: f64 = (0..cell.len()).map(|v| phantom.mass(v)).sum();
            for (class, density) in DENSITIES.iter().enumerate() {
                let mass: f64 = (0..cell.len()).filter(|&v| cell[v] == class).map(|v| phantom.mass(v)).sum();
                let dose = found[class].times(total / (energy * mass));
                outcome.rows.push(Row::new(
                    format!("{energy} MeV {}, {name}, dose over emission at {density} g/cm3", radiation.part().name()),
                    dose,
                    exact(1.0),
                    Norm::Reference,
                    0.002,
                ));
            }
        }
    }
    Ok(outcome)
}

/// Energy of 1-MeV electrons that stays in the 12-mm cube of water where they start, in voxels of 3 and of 0.75 mm with the same settings.
pub(super) fn grid(context: &Context) -> Result<Outcome> {
    let settings = context.settings(WaterData::Icru90, 0.3);
    let absorbed = |size: u32| -> Result<Estimate> {
        let stage = Stage::voxels(&["water_liquid"], [size; 3], DVec3::splat(24.0 / f64::from(size)), settings, |_| (0, 1.0))?;
        let phantom = stage.phantom()?;
        let inside = |v: usize| phantom.grid.ijk(v).iter().all(|i| (size / 4..3 * size / 4).contains(i));
        let voxels = per_mass(phantom, (0..phantom.grid.len() as u32).filter(|&v| inside(v as usize)));
        let sampler = line(1.0);
        let source = Source { radiation: Radiation::Electron, sampler: &sampler, voxels: &voxels, shape: SourceShape::Uniform };
        let project = |tally: &[u64]| vec![tally.iter().enumerate().filter(|(v, _)| inside(*v)).map(|(_, &quanta)| quanta as f64).sum()];
        Ok(context.run(&stage, &source, 1_600_000, &project)?[0])
    };
    let row = Row::new(
        "1 MeV, absorbed in a 12-mm cube, voxels of 0.75 mm against 3 mm, MeV",
        absorbed(32)?,
        absorbed(8)?,
        Norm::Reference,
        0.003,
    );
    Ok(Outcome { rows: vec![row], series: Vec::new() })
}

/// Self and nearest voxel of Y-90 at 3 mm, with settings changed one at a time.
pub(super) fn steps(context: &Context) -> Result<Outcome> {
    const SIZE: [u32; 3] = [7; 3];
    type Change = fn(&mut Settings);
    let changes: [(&str, Change, f64); 4] = [
        (
            "step halved",
            |s| {
                s.tables.step_fraction *= 0.5;
                s.tables.step_fraction_most *= 0.5;
                s.tables.step_length *= 0.5;
            },
            0.003,
        ),
        ("absorption range halved", |s| s.tables.cut_length *= 0.5, 0.003),
        ("no range rejection", |s| s.range_rejection = false, 0.003),
        ("delta threshold a fifth", |s| s.tables.delta_floor *= 0.2, 0.003),
    ];
    let sampler = spectrum("Y-90", &["beta"]);
    let (class_of, classes) = classes(SIZE, 1, true);
    let run = |change: Change, histories: u64| -> Result<Vec<Estimate>> {
        let mut settings = context.settings(WaterData::Icru49, 0.3);
        change(&mut settings);
        let stage = Stage::voxels(&["water_liquid"], SIZE, DVec3::splat(3.0), settings, |_| (0, 1.0))?;
        let middle = [[u32::MAX, stage.phantom()?.grid.index(SIZE.map(|n| n / 2)) as u32]];
        let source = Source { radiation: Radiation::Electron, sampler: &sampler, voxels: &middle, shape: SourceShape::Uniform };
        context.run(&stage, &source, histories, &|tally| class_means(tally, &class_of, &classes))
    };
    let usual = run(|_| (), 8_000_000)?;
    let mut outcome = Outcome::default();
    for (name, change, bound) in changes {
        let changed = run(change, 4_000_000)?;
        for (at, offset) in classes.iter().enumerate().take(2).map(|(at, class)| (at, class.offset)) {
            outcome.rows.push(Row::new(format!("Y-90, {name}, {offset:?}, MeV"), changed[at], usual[at], Norm::Reference, bound));
        }
    }
    Ok(outcome)
}
