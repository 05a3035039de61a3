//! Maps of the state at the times that the plan asks for.

use super::{RESEARCH, TmeResult};
use crate::{
    error::Result,
    report::write::{FileEntry, ImageFormat, Quantity, ResultWriter},
    response::tme::{Field, Snapshot},
    units::SECONDS_PER_DAY,
    volume::Volume,
};

/// A map: what begins its name, what it shows, its unit, and its values in the active voxels.
struct Map {
    stem: &'static str,
    name: &'static str,
    unit: &'static str,
    immune: bool,
    values: fn(&TmeResult, &Snapshot) -> Vec<f32>,
}

/// All maps; those of oxygen, high LET and the immune part are written where these are followed.
const MAPS: [Map; 12] = [
    Map { stem: "tme_survival", name: "viable tumour cells over those at the start", unit: "1", immune: false, values: survival },
    Map { stem: "tme_viable", name: "viable tumour cells, share of full packing", unit: "1", immune: false, values: |_, s| viable(s) },
    Map { stem: "tme_po2", name: "mean pO2", unit: "mmHg", immune: false, values: |_, s| s.oxygen.clone() },
    Map { stem: "tme_hypoxia", name: "hypoxic fraction", unit: "1", immune: false, values: |_, s| s.hypoxia.clone() },
    Map {
        stem: "tme_vessels",
        name: "perfused vessels over those at the start",
        unit: "1",
        immune: false,
        values: |_, s| s.field(Field::Vessels).to_vec(),
    },
    Map {
        stem: "tme_doomed",
        name: "doomed tumour cells, share of full packing",
        unit: "1",
        immune: false,
        values: |_, s| s.field(Field::Doomed).to_vec(),
    },
    Map {
        stem: "tme_caf",
        name: "fibroblasts over those at the start",
        unit: "1",
        immune: false,
        values: |_, s| s.field(Field::Caf).to_vec(),
    },
    Map { stem: "tme_m2_share", name: "M2 macrophages, share of all", unit: "1", immune: false, values: |_, s| m2_share(s) },
    Map { stem: "tme_bed", name: "BED so far, well oxygenated", unit: "Gy", immune: false, values: bed },
    Map {
        stem: "tme_dose_low_let",
        name: "low-LET dose so far",
        unit: "Gy",
        immune: false,
        values: |_, s| s.field(Field::DoseLow).to_vec(),
    },
    Map {
        stem: "tme_dose_high_let",
        name: "high-LET dose so far",
        unit: "Gy",
        immune: false,
        values: |_, s| s.field(Field::DoseHigh).to_vec(),
    },
    Map { stem: "tme_t_effector", name: "effector T cells", unit: "cells", immune: true, values: |_, s| s.field(Field::Effector).to_vec() },
];

/// Writes the maps of all snapshots on the whole grid, 0 where nothing evolves.
pub(super) fn write(result: &TmeResult, formats: &[ImageFormat], writer: &mut dyn ResultWriter) -> Result<Vec<FileEntry>> {
    let times: Vec<f64> = result.snapshots.iter().map(|s| s.time).collect();
    let labels = time_labels(&times);
    let mut files = Vec::new();
    for &format in formats {
        for (snapshot, label) in result.snapshots.iter().zip(&labels) {
            for map in MAPS.iter().filter(|map| written(map, result)) {
                let note = if map.immune { format!("; {RESEARCH}") } else { String::new() };
                let quantity = Quantity { name: format!("{}, {label} d{note}", map.name), unit: map.unit };
                let stem = format!("{}_t-{label}d", map.stem);
                let name = format!("{stem}{}", format.suffix());
                let volume = on_grid(result, &(map.values)(result, snapshot));
                writer.image(&name, format, &volume, &quantity)?;
                files.extend(format.entries(&stem, &quantity));
            }
        }
    }
    Ok(files)
}

fn written(map: &Map, result: &TmeResult) -> bool {
    match map.stem {
        "tme_po2" | "tme_hypoxia" => result.has_oxygen(),
        "tme_dose_low_let" | "tme_dose_high_let" => result.has_high_let(),
        _ => result.plan.immune || !map.immune,
    }
}

/// Values of the active voxels on the whole grid.
fn on_grid(result: &TmeResult, values: &[f32]) -> Volume<f32> {
    let mut data = vec![0.0; result.domain.grid.len()];
    for (&voxel, &value) in result.domain.voxels.iter().zip(values) {
        data[voxel as usize] = value;
    }
    Volume::new(result.domain.grid, data)
}

/// Times (s) in days with equally many digits before and after the point, so that names sort; decimals as needed to a microday, one at least.
fn time_labels(times: &[f64]) -> Vec<String> {
    let days: Vec<f64> = times.iter().map(|t| t / SECONDS_PER_DAY).collect();
    let exact = |decimals: i32| days.iter().all(|d| (d - (d * 10f64.powi(decimals)).round() / 10f64.powi(decimals)).abs() < 5.1e-7);
    let decimals = (1..6).find(|&d| exact(d)).unwrap_or(6) as usize;
    let longest = days.iter().map(|d| format!("{d:.0}").len()).max().unwrap_or(0).max(3);
    let width = longest + 1 + decimals;
    days.iter().map(|d| format!("{d:0width$.decimals$}")).collect()
}

/// Viable cells, share of packing.
fn viable(snapshot: &Snapshot) -> Vec<f32> {
    snapshot.field(Field::Oxic).iter().zip(snapshot.field(Field::Hypoxic)).map(|(a, b)| a + b).collect()
}

/// Viable cells over those at the start, which the region's parameters give.
pub(super) fn survival(result: &TmeResult, snapshot: &Snapshot) -> Vec<f32> {
    let start = |name: &String| result.parameter(name, "initial_cells").unwrap_or(1.0);
    let starts: Vec<f64> = result.domain.regions.iter().map(start).collect();
    let row = result.domain.row.iter();
    viable(snapshot).iter().zip(row).map(|(&n, &row)| (f64::from(n) / starts[usize::from(row)]) as f32).collect()
}

fn m2_share(snapshot: &Snapshot) -> Vec<f32> {
    let share = |(&m1, &m2): (&f32, &f32)| if m1 + m2 > 0.0 { m2 / (m1 + m2) } else { 0.0 };
    snapshot.field(Field::M1).iter().zip(snapshot.field(Field::M2)).map(share).collect()
}

/// `BED = D_L + Int alpha_H dD_H/alpha + 2 Int b W dt/(alpha/beta)`, Gy.
pub(super) fn bed(result: &TmeResult, snapshot: &Snapshot) -> Vec<f32> {
    let [low, high, encounter] = [Field::DoseLow, Field::EffectHigh, Field::Encounter].map(|f| snapshot.field(f));
    let value = |(v, &row): (usize, &u8)| {
        let tissue = &result.tissues[usize::from(row)];
        let [low, high, encounter] = [low[v], high[v], encounter[v]].map(f64::from);
        (low + high / tissue.alpha + 2.0 * encounter / tissue.alpha_beta) as f32
    };
    result.domain.row.iter().enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_times_sort_and_differ() {
        let days = |d: &[f64]| time_labels(&d.iter().map(|d| d * SECONDS_PER_DAY).collect::<Vec<_>>());
        assert_eq!(days(&[0.0, 56.0, 400.0]), ["000.0", "056.0", "400.0"]);
        assert_eq!(days(&[0.25, 2.0, 1000.0]), ["0000.25", "0002.00", "1000.00"]);
        let hours = days(&[0.0, 1.0 / 24.0, 2.0 / 24.0]);
        assert_eq!(hours, ["000.000000", "000.041667", "000.083333"]);
        assert!(days(&[]).is_empty());
    }

    #[test]
    fn names_fit_into_image_headers() {
        for map in &MAPS {
            let note = if map.immune { format!("; {RESEARCH}") } else { String::new() };
            assert!(format!("{}, 1000.000000 d{note} [{}]", map.name, map.unit).len() <= 79, "{}", map.stem);
        }
    }
}
