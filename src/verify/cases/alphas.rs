//! Alpha particles in water against Geant4 and the range tables.

use glam::DVec3;

use crate::{
    error::Result,
    kernel::{
        emitter::Radiation,
        score::{Estimate, cells},
        stage::Stage,
        voxel_s::classes,
    },
    physics::materials,
    plan::WaterData,
    transport::{backend::SourceShape, cpu::tables::table_alpha_range, tables::Tables},
    verify::{
        context::{Context, ORIGIN, Source},
        outcome::{Norm, Outcome, Row, Series, exact},
        reference::{self, line, rows},
    },
};

/// Materials whose ranges are looked at, beside both waters.
const MATERIALS: [&str; 5] =
    ["bone_cortical_icrp", "lungtissue_icrp", "tissue_soft_icrp", "muscle_skeletal_icrp", "redmarrow_skeletal_icru_1986"];
const DEPTH_DOSE: &str = include_str!("../reference/geant4_alpha_depth_dose.csv");
const KERNELS: &str = include_str!("../reference/geant4_alpha_point_kernel.csv");

fn water(row: &reference::Row) -> WaterData {
    if row.text("water") == "ICRU90" { WaterData::Icru90 } else { WaterData::Icru49 }
}

/// Rows split into the cases of their first two columns.
fn split(text: &'static str) -> Vec<Vec<reference::Row>> {
    let all = rows(text);
    all.chunk_by(|a, b| (a.text("water"), a.text("energy_mev")) == (b.text("water"), b.text("energy_mev"))).map(<[_]>::to_vec).collect()
}

pub(super) fn ranges(context: &Context) -> Result<Outcome> {
    const COLUMNS: [&str; 8] = ["0.01", "0.1", "1", "2", "5", "8", "10", "15"];
    let references = rows(include_str!("../reference/alpha_csda.csv"));
    let mut outcome = Outcome::default();
    for (data, names) in
        [(WaterData::Icru90, &["water_liquid"][..]), (WaterData::Icru49, &["water_liquid"]), (WaterData::Icru49, &MATERIALS)]
    {
        let list = names.iter().map(|name| materials::require(name)).collect::<Result<Vec<_>>>()?;
        let tables = Tables::build(&list, &[], &context.settings(data, 0.01).tables)?;
        for (at, &name) in (0u32..).zip(names) {
            let row_name = if data == WaterData::Icru90 { "water_icru90" } else { name };
            let theirs = references.iter().filter(|row| row.text("material") == row_name);
            let worst = theirs
                .flat_map(|row| COLUMNS.map(|column| (column, row.number(column))))
                .map(|(column, range)| {
                    let energy: f64 = column.parse().unwrap_or(f64::NAN);
                    let ours = f64::from(table_alpha_range(&tables, at, energy as f32));
                    Row::new(
                        format!("{row_name}, range at {column} MeV, g/cm2, worst of 8"),
                        exact(ours),
                        exact(range),
                        Norm::Reference,
                        0.002,
                    )
                })
                .max_by(|a, b| a.difference.abs().total_cmp(&b.difference.abs()));
            outcome.rows.extend(worst);
        }
    }
    Ok(outcome)
}

/// Depth, in bins, at which a curve has fallen to half its maximum behind the peak, with the error that the two bins around it make.
fn half_maximum(dose: &[Estimate]) -> Estimate {
    let peak = (0..dose.len()).max_by(|&a, &b| dose[a].mean.total_cmp(&dose[b].mean)).unwrap_or(0);
    let half = 0.5 * dose[peak].mean;
    let k = (peak..dose.len().saturating_sub(1)).find(|&k| dose[k + 1].mean < half).unwrap_or(peak);
    let slope = dose[k].mean - dose[k + 1].mean;
    Estimate { mean: k as f64 + 0.5 + (dose[k].mean - half) / slope, sigma: dose[k].sigma / slope }
}

pub(super) fn depth_dose(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for case in split(DEPTH_DOSE) {
        let (data, energy) = (water(&case[0]), case[0].number("energy_mev"));
        // Wide enough that nothing leaves sideways.
        let settings = context.settings(data, 1.0e-4);
        let stage =
            Stage::voxels(&["water_liquid"], [1, 1, case.len() as u32 + 20], DVec3::new(10.0, 10.0, 1.0e-3), settings, |_| (0, 1.0))?;
        let sampler = line(energy);
        let source = Source { radiation: Radiation::Alpha, sampler: &sampler, voxels: &ORIGIN, shape: SourceShape::Beam };
        let found = context.run(&stage, &source, 800_000, &cells)?;
        let name = format!("{energy} MeV, {}", case[0].text("water"));
        let series = Series {
            name: format!("alpha_depth_dose_{energy}_{}", case[0].text("water").to_lowercase()),
            title: format!("Alphas of {name}: depth dose in water"),
            axes: ["depth / um".into(), "keV/um".into()],
            edges: (0..=case.len()).map(|k| k as f64).collect(),
            ours: found[..case.len()].iter().map(|e| e.times(1.0e3)).collect(),
            reference: case.iter().map(|r| Estimate { mean: r.number("kev_per_um"), sigma: r.number("sigma") }).collect(),
            log: false,
            to_maximum: true,
            bound: 0.02,
            floor: f64::NEG_INFINITY,
        };
        outcome.rows.push(series.worst(&format!("{name}, keV/um"), "um"));
        let (ours, theirs) = (half_maximum(&series.ours), half_maximum(&series.reference));
        outcome.rows.push(Row::new(format!("{name}, depth of half maximum, um"), ours, theirs, Norm::Reference, 0.005));
        outcome.series.push(series);
    }
    Ok(outcome)
}

pub(super) fn kernels(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for case in split(KERNELS) {
        let energy = case[0].number("energy_mev");
        let radii: Vec<f64> = case.iter().map(|row| 1.0e-4 * row.number("r_high_um")).collect();
        let found = context.shells(Radiation::Alpha, &line(energy), water(&case[0]), &radii, 800_000)?;
        let name = format!("{energy} MeV, {}", case[0].text("water"));
        let series = Series {
            name: format!("alpha_kernel_{energy}_{}", case[0].text("water").to_lowercase()),
            title: format!("Alphas of {name}: energy per 2-um shell of water"),
            axes: ["radius / um".into(), "MeV per shell".into()],
            edges: std::iter::once(0.0).chain(radii.iter().map(|r| 1.0e4 * r)).collect(),
            ours: found[..case.len()].to_vec(),
            reference: case.iter().map(|r| Estimate { mean: r.number("mev_per_shell"), sigma: r.number("sigma") }).collect(),
            log: false,
            to_maximum: true,
            bound: 0.02,
            floor: f64::NEG_INFINITY,
        };
        outcome.rows.push(series.worst(&format!("{name}, MeV per shell"), "um"));
        outcome.series.push(series);
    }
    Ok(outcome)
}

/// Self, nearest neighbours, and everything that gets more than 1/2000 of the energy.
pub(super) fn voxel_s(context: &Context) -> Result<Outcome> {
    const ENERGY: f64 = 5.8;
    let all = rows(include_str!("../reference/geant4_alpha_voxel_s.csv"));
    let mut outcome = Outcome::default();
    for case in all.chunk_by(|a, b| a.text("voxel_um") == b.text("voxel_um")) {
        let edge = case[0].number("voxel_um");
        let radius = if edge < 20.0 { 6 } else { 1 };
        let size = [2 * radius + 1; 3];
        let stage = Stage::voxels(
            &["water_liquid"],
            size,
            DVec3::splat(1.0e-3 * edge),
            context.settings(WaterData::Icru90, 1.0e-4 * edge),
            |_| (0, 1.0),
        )?;
        let middle = [[u32::MAX, stage.phantom()?.grid.index([radius; 3]) as u32]];
        let sampler = line(ENERGY);
        let source = Source { radiation: Radiation::Alpha, sampler: &sampler, voxels: &middle, shape: SourceShape::Uniform };
        let (class_of, classes) = classes(size, radius, true);
        let found = context.run(&stage, &source, 4_000_000, &|energy| super::voxels::class_means(energy, &class_of, &classes))?;
        let mut worst: Option<Row> = None;
        for row in case {
            let offset = ["i", "j", "k"].map(|c| row.number(c) as u32);
            let Some(at) = classes.iter().position(|c| c.offset == offset) else { continue };
            let theirs = Estimate { mean: row.number("mev"), sigma: row.number("sigma") };
            let sum: u32 = offset.iter().sum();
            let (what, bound) = match sum {
                0 => ("self", 0.01),
                1 => ("nearest", 0.02),
                _ => ("worst of the others", 0.03),
            };
            if sum > 1 && theirs.mean < ENERGY / 2000.0 {
                continue;
            }
            let row = Row::new(format!("{edge} um, {what} {offset:?}, MeV"), found[at], theirs, Norm::Reference, bound);
            if sum < 2 {
                outcome.rows.push(row);
            } else if worst.as_ref().is_none_or(|w| row.difference.abs() - 2.0 * row.sigma > w.difference.abs() - 2.0 * w.sigma) {
                worst = Some(row);
            }
        }
        outcome.rows.extend(worst);
    }
    Ok(outcome)
}
