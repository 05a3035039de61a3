//! S values of 3-mm voxels against EGSnrc.

use glam::DVec3;

use crate::{
    error::Result,
    kernel::{
        emitter::Radiation,
        score::Estimate,
        stage::Stage,
        voxel_s::{Class, classes},
    },
    plan::WaterData,
    transport::backend::SourceShape,
    units::GY_PER_MEV_PER_G,
    verify::{
        context::{Context, Source},
        outcome::{Norm, Outcome, Row, Series},
        reference::{rows, spectrum},
    },
};

/// Mean over the voxels of each class, quanta.
pub(super) fn class_means(energy: &[u64], class_of: &[Option<u32>], classes: &[Class]) -> Vec<f64> {
    let mut sums = vec![0.0; classes.len()];
    for (&quanta, class) in energy.iter().zip(class_of) {
        if let Some(class) = class {
            sums[*class as usize] += quanta as f64;
        }
    }
    sums.iter().zip(classes).map(|(sum, class)| sum / f64::from(class.voxels)).collect()
}

pub(super) fn electrons(context: &Context) -> Result<Outcome> {
    const EDGE: f64 = 3.0;
    const RADIUS: u32 = 3;
    // Two voxels beyond the farthest target; betas of Y-90 reach 4.
    let size = [2 * RADIUS + 5; 3];
    let stage = Stage::voxels(&["water_liquid"], size, DVec3::splat(EDGE), context.settings(WaterData::Icru49, 0.1 * EDGE), |_| (0, 1.0))?;
    let phantom = stage.phantom()?;
    let middle = [[u32::MAX, phantom.grid.index(size.map(|n| n / 2)) as u32]];
    let (class_of, classes) = classes(size, RADIUS, true);
    let mut outcome = Outcome::default();
    for (nuclide, components, histories) in [("Y-90", &["beta"][..], 3_200_000), ("Lu-177", &["beta", "ce_auger"], 8_000_000)] {
        let sampler = spectrum(nuclide, components);
        let source = Source { radiation: Radiation::Electron, sampler: &sampler, voxels: &middle, shape: SourceShape::Uniform };
        let found = context.run(&stage, &source, histories, &|energy| class_means(energy, &class_of, &classes))?;
        // mGy/(MBq s).
        let scale = 1.0e9 * GY_PER_MEV_PER_G * sampler.intensity() / phantom.mass(0);
        let (mut ours, mut theirs, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows(include_str!("../reference/egsnrc_voxel_s.csv")).iter().filter(|row| row.text("nuclide") == nuclide) {
            let offset = ["i", "j", "k"].map(|c| row.number(c) as u32);
            let Some(at) = classes.iter().position(|c| c.offset == offset) else { continue };
            let reference = Estimate { mean: row.number("gy_per_decay"), sigma: row.number("sigma") }.times(1.0e9);
            let own = found[at].times(scale);
            let (what, bound) = match offset.iter().sum() {
                0 => (" self", 0.01),
                1 => (" nearest", 0.02),
                _ => ("", 0.03),
            };
            // Below this only photons arrive, which the electrons' own statistics say nothing about.
            if reference.mean < 1.0e-4 * theirs.first().map_or(1.0, |t: &Estimate| t.mean) && reference.mean < 1.0e-3 {
                continue;
            }
            outcome.rows.push(Row::new(format!("{nuclide} {offset:?}{what}, mGy/(MBq s)"), own, reference, Norm::Reference, bound));
            ours.push(own);
            theirs.push(reference);
            offsets.push(offset);
        }
        outcome.series.push(Series {
            name: format!("voxel_s_{}", nuclide.to_lowercase()),
            title: format!(
                "{nuclide}: S values of 3-mm voxels of water, {}",
                offsets.iter().map(|o| format!("{}{}{}", o[0], o[1], o[2])).collect::<Vec<_>>().join(" ")
            ),
            axes: ["target voxel, in the order of the title".into(), "mGy/(MBq s)".into()],
            edges: (0..=ours.len()).map(|k| k as f64 + 0.5).collect(),
            ours,
            reference: theirs,
            log: true,
            to_maximum: false,
            bound: 0.03,
            floor: f64::NEG_INFINITY,
        });
    }
    Ok(outcome)
}
