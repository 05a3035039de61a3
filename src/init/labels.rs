//! Regions of a label image on the grid of the CT.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Found, Regions,
    folder::{Look, stem},
    plan_names,
};
use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{csv::Records, image},
    phantom::in_order_of,
    plan::ImageFile,
    volume::merge_labels,
};

/// Most labels that are listed; an image with more is no label image.
const LABELS_MOST: usize = 1000;
/// Names of columns.
const NUMBERS: [&str; 5] = ["label", "index", "id", "value", "number"];
const NAMES: [&str; 5] = ["name", "structure", "organ", "region", "label_name"];

/// The first image that fits; why the others do not goes into `notes`.
pub(super) fn first(folder: &Look, names: Option<&Path>, merge: [u32; 3], notes: &mut Vec<String>) -> Option<Regions> {
    let mut first: Option<Regions> = None;
    for path in &folder.images {
        match of_file(path, &name_tables(folder, names, path), &folder.grid, merge) {
            Ok(_) if first.is_some() => {
                notes.push(format!("{}: another label image on the grid of the CT; --labels chooses it", path.display()));
            }
            Ok(regions) => first = Some(regions),
            Err(error) => notes.push(format!("not used for labels: {error}")),
        }
    }
    first
}

/// Tables in which names of labels are looked for: the one that the user names, or those near the image, the likeliest first.
pub(super) fn name_tables(folder: &Look, names: Option<&Path>, image: &Path) -> Vec<PathBuf> {
    if let Some(names) = names {
        return vec![names.to_path_buf()];
    }
    let mut tables = folder.tables.clone();
    let (own, near) = (stem(image), |table: &PathBuf| table.parent() == image.parent());
    tables.retain(|table| stem(table) == own || stem(table).to_lowercase().contains("label"));
    tables.sort_by_key(|table| (stem(table) != own, !near(table), table.clone()));
    tables.dedup();
    tables
}

/// Regions of a label image.
///
/// # Errors
/// If it cannot be read, or lies on another grid than the CT.
pub(super) fn of_file(path: &Path, tables: &[PathBuf], ct: &VoxelGrid, merge: [u32; 3]) -> Result<Regions> {
    let grid = image::read_grid(path)?;
    if grid.len() != ct.len() {
        return Err(Error::input(format!(
            "{}: has {} voxels, the CT {}: it is not on the grid of the CT; resample it with nearest neighbours first",
            path.display(),
            grid.len(),
            ct.len()
        )));
    }
    let read = image::read_labels_with_notes(path)?;
    let labels = in_order_of(read.volume, ct);
    if !ct.same_place(&labels.grid, 0.01 * ct.min_spacing()) {
        return Err(Error::input(format!(
            "{}: lies at another place than the CT; resample it to the grid of the CT with nearest neighbours first",
            path.display()
        )));
    }
    let (before, merged) = (counts(&labels.data), merge_labels(&labels, merge));
    let after = counts(&merged.data);
    if before.len() > LABELS_MOST {
        return Err(Error::input(format!("{}: has {} different values; expected labels", path.display(), before.len())));
    }
    let mut notes = read.notes;
    let (known, table) = names(tables, &mut notes)?;
    let numbers: Vec<u32> = before.keys().copied().filter(|label| *label != 0).collect();
    let plan_names = plan_names(numbers.iter().map(|label| known.get(label).cloned().unwrap_or_else(|| format!("label {label}"))));
    if !known.is_empty() && numbers.iter().any(|label| !known.contains_key(label)) {
        let open: Vec<String> = numbers.iter().filter(|label| !known.contains_key(label)).map(u32::to_string).collect();
        notes.push(format!("the table of names has none for the labels {}", open.join(", ")));
    }
    let found = numbers.iter().zip(plan_names).map(|(label, name)| {
        let voxels = after.get(label).copied().unwrap_or(0);
        let gone = format!("its {} CT voxels are the most frequent label in no voxel of the phantom", before[label]);
        Found {
            name,
            voxels: format!("label = {label}"),
            volume: voxels as f64 * merged.grid.voxel_volume_cm3(),
            unusable: (voxels == 0).then_some(gone),
        }
    });
    let named = table.map_or_else(|| ", without names".to_owned(), |table| format!(", names from {}", table.display()));
    let about = format!("label image {}, {} labels{named}", path.display(), numbers.len());
    Ok(Regions { file: ImageFile::from(path.to_path_buf()), about, found: found.collect(), notes })
}

fn counts(labels: &[u32]) -> BTreeMap<u32, u64> {
    let mut counts = BTreeMap::new();
    for run in labels.chunk_by(|a, b| a == b) {
        *counts.entry(run[0]).or_insert(0) += run.len() as u64;
    }
    counts
}

/// Names by label, from the first table that has such columns, and that table.
fn names<'t>(tables: &'t [PathBuf], notes: &mut Vec<String>) -> Result<(BTreeMap<u32, String>, Option<&'t PathBuf>)> {
    for path in tables {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let name = path.display().to_string();
        let records = match Records::parse(&name, text.trim_start_matches('\u{feff}')) {
            Ok(records) => records,
            Err(error) => {
                notes.push(format!("not used for names: {error}"));
                continue;
            }
        };
        let column = |wanted: &[&str]| records.head.iter().position(|head| wanted.contains(&head.trim().to_lowercase().as_str()));
        let (Some(number), Some(called)) = (column(&NUMBERS), column(&NAMES)) else {
            notes.push(format!("not used for names: {name}: has no columns `label` and `name`"));
            continue;
        };
        let named = |row: &Vec<String>| Some((row[number].trim().parse().ok()?, row[called].trim().to_owned()));
        let known = records.rows.iter().filter_map(named).filter(|(_, name): &(u32, String)| !name.is_empty()).collect();
        return Ok((known, Some(path)));
    }
    Ok((BTreeMap::new(), None))
}
