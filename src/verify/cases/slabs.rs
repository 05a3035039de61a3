//! Layers of water, bone and lung against EGSnrc.

use glam::DVec3;

use crate::{
    error::Result,
    kernel::{
        emitter::Radiation,
        score::{Estimate, cells},
        stage::Stage,
    },
    plan::WaterData,
    transport::backend::SourceShape,
    verify::{
        context::{Context, Source},
        outcome::{Outcome, Series},
        reference::{line, rows},
    },
};

/// Thickness of a layer, mm.
const LAYER: f64 = 0.25;
/// Layers of water before z = 0, for the plane source.
const BEFORE: u32 = 24;
/// Layers behind z = 0: 8 mm that are compared, and 6 mm of water.
const BEHIND: u32 = 56;

pub(super) fn layers(context: &Context) -> Result<Outcome> {
    let all = rows(include_str!("../reference/egsnrc_slabs.csv"));
    let mut outcome = Outcome::default();
    for case in all.chunk_by(|a, b| a.text("source") == b.text("source")) {
        let name = case[0].text("source");
        let (before, shape) = if name == "beam" { (0, SourceShape::Beam) } else { (BEFORE, SourceShape::Plane) };
        let fill = |[_, _, k]: [u32; 3]| match k.checked_sub(before) {
            Some(8..=11) => (1, 1.85),
            Some(12..=31) => (2, 0.26),
            _ => (0, 1.0),
        };
        let settings = context.settings(WaterData::Icru49, 0.1 * LAYER);
        let media = ["water_liquid", "bone_cortical_icrp", "lung"];
        let stage = Stage::voxels(&media, [1, 1, before + BEHIND], DVec3::new(400.0, 400.0, LAYER), settings, fill)?;
        let (sampler, start) = (line(1.0), [[u32::MAX, before]]);
        let source = Source { radiation: Radiation::Electron, sampler: &sampler, voxels: &start, shape };
        let found = context.run(&stage, &source, 400_000, &cells)?;
        // Dose, as energy per layer and density.
        let dose = |row: &crate::verify::reference::Row, e: Estimate| e.times(1.0 / row.number("density"));
        let series = Series {
            name: format!("slabs_{name}"),
            title: format!("1-MeV electrons, {name}: water 0-2 mm, cortical bone 2-3, lung 3-8"),
            axes: ["depth / mm".into(), "energy fraction per layer / density".into()],
            edges: std::iter::once(0.0).chain(case.iter().map(|row| row.number("z_high_mm"))).collect(),
            ours: case.iter().zip(&found[before as usize..]).map(|(row, &e)| dose(row, e)).collect(),
            reference: case.iter().map(|r| dose(r, Estimate { mean: r.number("fraction"), sigma: r.number("sigma") })).collect(),
            log: false,
            to_maximum: true,
            bound: 0.02,
            floor: f64::NEG_INFINITY,
        };
        outcome.rows.push(series.worst(&format!("{name}, dose per layer"), "mm"));
        outcome.series.push(series);
    }
    Ok(outcome)
}
