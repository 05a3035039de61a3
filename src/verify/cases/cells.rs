//! S values of cells: alphas against Geant4 and the MIRD formalism, slow electrons against EGSnrc, and the formalism itself against its own tables.
//!
//! The formalism lets electrons go straight. What that makes of their S values is no error of either side: `docs/validation.md` has the numbers.

use super::kernels::csda_range;
use crate::{
    error::Result,
    kernel::{
        Emitter, Request,
        cell::{CellS, cell_s},
        mird::formalism,
        score::Estimate,
        sites::{Cell, PAIRS},
    },
    plan::{PhotonMode, WaterData},
    verify::{
        context::Context,
        outcome::{Norm, Outcome, Row, exact},
        reference::{self, rows},
    },
};

/// Cells that particles are followed in: radius and radius of the nucleus, um.
const CELLS: [(f64, f64); 3] = [(3.0, 2.0), (5.0, 3.0), (10.0, 8.0)];

pub(super) fn cells(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let all = rows(include_str!("../reference/mird_cells.csv"));
    for table in all.chunk_by(|a, b| (a.text("particle"), a.text("energy_mev")) == (b.text("particle"), b.text("energy_mev"))) {
        let name = format!("{}:{}", table[0].text("particle"), table[0].text("energy_mev"));
        let emitter = Emitter::parse(&name, false)?;
        let (mut straight, mut followed) = (Vec::new(), Vec::new());
        for row in table {
            let (radius, nucleus) = (row.number("cell_um"), row.number("nucleus_um"));
            let cell = Cell::new(radius, nucleus)?;
            let request = request(context, WaterData::Icru49);
            let ours = formalism(&emitter, cell, 0.0, &request)?.unwrap_or([f64::NAN; 6]).map(exact);
            straight.extend(compare(&format!("{name} MeV, formalism"), cell, &ours, row));
            if row.text("particle") == "alpha" && CELLS.contains(&(radius, nucleus)) {
                followed.extend(compare(&format!("{name} MeV"), cell, &run(context, &emitter, cell, &request)?, row));
            }
        }
        outcome.rows.extend(worst(straight));
        outcome.rows.extend(worst(followed));
    }
    outcome.extend(lutetium(context)?);
    outcome.extend(geant4(context)?);
    outcome.extend(egsnrc(context)?);
    Ok(outcome)
}

fn request(context: &Context, water: WaterData) -> Request {
    Request {
        material: "water_liquid".into(),
        density: None,
        water,
        photons: PhotonMode::Analogue,
        histories: context.histories(400_000),
        seed: context.seed,
        device: context.device.clone(),
        threads: context.threads,
    }
}

/// S values of a cell by transport.
fn run(context: &Context, emitter: &Emitter, cell: Cell, request: &Request) -> Result<[Estimate; 6]> {
    let found = cell_s(emitter, cell, &[], request, &|_| ())?;
    context.note(emitter.beams[0].radiation, &found.sums, found.device);
    Ok(CellS::totals(&found.own))
}

/// Rows for all pairs that a row of a table has, within 3 %.
fn compare(what: &str, cell: Cell, ours: &[Estimate; 6], theirs: &reference::Row) -> Vec<Row> {
    let name = |at: usize| format!("{}<-{}", PAIRS[at].0.symbol(), PAIRS[at].1.symbol());
    (0..PAIRS.len())
        .filter(|&at| theirs.has(&name(at)))
        .map(|at| {
            let quantity = format!("{what}, {} in {cell}, Gy/(Bq s)", name(at));
            Row::new(quantity, ours[at], exact(theirs.number(&name(at))), Norm::Reference, 0.03)
        })
        .collect()
}

/// The row that deviates most beyond its statistics, which says of how many.
fn worst(rows: Vec<Row>) -> Option<Row> {
    let count = rows.len();
    let excess = |row: &Row| row.difference.abs() - 2.0 * row.sigma;
    let mut row = rows.into_iter().max_by(|a, b| excess(a).total_cmp(&excess(b)))?;
    row.quantity += &format!(", worst of {count}");
    Some(row)
}

/// The formalism with this program's spectrum of Lu-177 against the original program.
fn lutetium(context: &Context) -> Result<Outcome> {
    let emitter = Emitter::parse("Lu-177:electrons", false)?;
    let cell = Cell::new(5.0, 3.0)?;
    let request = request(context, WaterData::Icru49);
    let (mut own, mut near) = (Vec::new(), Vec::new());
    for row in rows(include_str!("../reference/goddu_lu177_cells.csv")) {
        let distance = row.number("distance_um");
        // Farther off the waves of the reference exceed the bound.
        if distance > 40.0 {
            break;
        }
        let ours = formalism(&emitter, cell, distance, &request)?.unwrap_or([f64::NAN; 6]).map(exact);
        let rows = compare(&format!("Lu-177, formalism, at {distance} um"), cell, &ours, &row);
        if distance > 0.0 { near.extend(rows) } else { own.extend(rows) }
    }
    Ok(Outcome { rows: worst(own).into_iter().chain(worst(near)).collect(), series: Vec::new() })
}

/// 5.8-MeV alphas against Geant4.
fn geant4(context: &Context) -> Result<Outcome> {
    let all = rows(include_str!("../reference/geant4_alpha_cells.csv"));
    let mut found = Vec::new();
    let size = |row: &reference::Row| (row.text("cell_radius_um"), row.text("nucleus_radius_um"));
    for case in all.chunk_by(|a, b| size(a) == size(b)) {
        let cell = Cell::new(case[0].number("cell_radius_um"), case[0].number("nucleus_radius_um"))?;
        let emitter = Emitter::parse(&format!("alpha:{}", case[0].text("energy_mev")), false)?;
        let ours = run(context, &emitter, cell, &request(context, WaterData::Icru90))?;
        for (at, (target, source)) in PAIRS.into_iter().enumerate() {
            let Some(row) = case.iter().find(|row| row.text("source") == source.symbol()) else { continue };
            let part = |name: &str| Estimate { mean: row.number(&format!("{name}_mev")), sigma: row.number(&format!("{name}_sigma")) };
            let theirs = match target.symbol() {
                "N" => part("nucleus"),
                "Cy" => part("cytoplasm"),
                _ => part("nucleus").plus(part("cytoplasm")),
            };
            let theirs = theirs.times(cell.gray_per_mev(target, 1.0));
            let quantity = format!("5.8-MeV alphas, {}<-{} in {cell}, Gy/(Bq s), Geant4", target.symbol(), source.symbol());
            found.push(Row::new(quantity, ours[at], theirs, Norm::Reference, 0.01));
        }
    }
    Ok(Outcome { rows: worst(found).into_iter().collect(), series: Vec::new() })
}

/// Electrons of 10 and 15 keV against the kernels of EGSnrc, folded as the doses to neighbours are.
fn egsnrc(context: &Context) -> Result<Outcome> {
    let kernels = rows(include_str!("../reference/edknrc_point_kernels.csv"));
    let mut outcome = Outcome::default();
    for (column, energy) in [("10_kev", 0.01), ("15_kev", 0.015)] {
        let width = 0.05 * 1.0e4 * csda_range(energy)?;
        let emitter = Emitter::parse(&format!("electron:{energy}"), false)?;
        let mut found = Vec::new();
        for (radius, nucleus) in CELLS {
            let cell = Cell::new(radius, nucleus)?;
            let ours = run(context, &emitter, cell, &request(context, WaterData::Icru49))?;
            for (pair, ours) in PAIRS.into_iter().zip(ours) {
                let (mut theirs, mut all) = (0.0, 0.0);
                for (k, row) in (0..).zip(&kernels) {
                    let low = width * f64::from(k);
                    theirs += row.number(column) * cell.chance(pair, 0.0, low, low + width);
                    all += row.number(column);
                }
                let theirs = exact(energy * theirs / all * cell.gray_per_mev(pair.0, 1.0));
                let quantity = format!("{} keV, {}<-{} in {cell}, Gy/(Bq s), EDKnrc", 1.0e3 * energy, pair.0.symbol(), pair.1.symbol());
                found.push(Row::new(quantity, ours, theirs, Norm::Reference, 0.03));
            }
        }
        outcome.rows.extend(worst(found));
    }
    Ok(outcome)
}
