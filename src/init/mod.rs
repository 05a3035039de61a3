//! The first plan of a user: from a folder with a CT and what lies with it, or a small complete one from nothing.
//!
//! A plan made here holds no number that could be taken for a measurement: what the program cannot know is left open or marked as an example.

mod blank;
mod choice;
mod folder;
mod labels;
mod organs;
mod structures;
mod write;

use std::path::{Path, PathBuf};

pub use blank::blank;

use crate::{
    error::{Error, Result},
    nuclide,
    plan::ImageFile,
    volume::merged_grid,
};

/// Precedes every number that the user has to replace; tests look for it.
const EXAMPLE: &str = "EXAMPLE, replace it";

/// What a plan is wanted from.
#[derive(Debug, Clone)]
pub struct Request {
    /// Folder (with those in it) or image of a CT.
    pub path: PathBuf,
    /// The CT series by UID or description, where there are several.
    pub series: Option<String>,
    /// Label image, or RTSTRUCT or SEG object; without it the program looks for one.
    pub labels: Option<PathBuf>,
    /// Table of the labels' names; without it the program looks for one.
    pub names: Option<PathBuf>,
    /// Administered nuclide.
    pub nuclide: String,
}

/// A plan and what the user should know about it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The plan's text, TOML.
    pub text: String,
    /// What could not be used, and what to judge; also in the text.
    pub warnings: Vec<String>,
}

/// A region that the plan can have.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    /// As the plan calls it: unique.
    name: String,
    /// The line that says which voxels it has: `label = 5`, `roi = "Liver"`.
    voxels: String,
    /// Volume in the phantom's voxels, mL.
    volume: f64,
    /// Why it cannot be a region as it is.
    unusable: Option<String>,
}

/// Labels, contours or segments that give regions.
#[derive(Debug, Clone)]
struct Regions {
    file: ImageFile,
    /// What the file is, for the plan's head.
    about: String,
    /// In painting order.
    found: Vec<Found>,
    notes: Vec<String>,
}

/// A plan from a CT and what lies with it.
///
/// # Errors
/// No CT, several of them without a choice, a CT that cannot be read, labels named by the user that do not fit, an unknown nuclide.
pub fn from_folder(request: &Request) -> Result<Draft> {
    nuclide::table::find(&request.nuclide)?;
    if !request.path.exists() {
        return Err(absent(&request.path));
    }
    let folder = folder::look(&request.path, request.series.as_deref())?;
    let merge = choice::merge(&folder.grid);
    let grid = merged_grid(&folder.grid, merge);
    let mut notes = folder.notes.clone();
    let regions = match &request.labels {
        Some(path) => Some(named_labels(path, request, &folder, merge, &grid)?),
        None => {
            structures::first(&folder, &grid, &mut notes).or_else(|| labels::first(&folder, request.names.as_deref(), merge, &mut notes))
        }
    };
    Ok(write::plan(request, &folder, merge, &grid, regions.as_ref(), notes))
}

/// Regions of the file that the user names; whatever is wrong with it is an error.
fn named_labels(path: &Path, request: &Request, folder: &folder::Look, merge: [u32; 3], grid: &crate::grid::VoxelGrid) -> Result<Regions> {
    if !path.exists() {
        return Err(absent(path));
    }
    if crate::io::dicom::is_dicom(path) {
        structures::of_file(&ImageFile::from(path.to_path_buf()), grid)
    } else {
        labels::of_file(path, &labels::name_tables(folder, request.names.as_deref(), path), &folder.grid, merge)
    }
}

fn absent(path: &Path) -> Error {
    Error::io(path)(std::io::Error::new(std::io::ErrorKind::NotFound, "does not exist"))
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A name as a key of a header.
fn header_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare { name.to_owned() } else { quoted(name) }
}

/// Names as a plan needs them: unique when case is ignored, printing, at most 64 characters.
fn plan_names(wanted: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    let mut names = Vec::new();
    for name in wanted {
        let plain: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let short: String = plain.trim().chars().take(58).collect();
        let base = if short.is_empty() { "region".to_owned() } else { short };
        let mut name = base.clone();
        let mut number = 1;
        while taken.contains(&name.to_lowercase()) {
            number += 1;
            name = format!("{base} ({number})");
        }
        taken.push(name.to_lowercase());
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_unique_and_printing() {
        let wanted = ["Liver", "liver", "", "a\nb", "Liver"].map(str::to_owned);
        assert_eq!(plan_names(wanted), ["Liver", "liver (2)", "region", "a b", "Liver (3)"]);
        assert!(plan_names(["x".repeat(100)])[0].chars().count() <= 64);
    }

    #[test]
    fn keys_and_texts_are_toml() {
        for name in ["liver", "kidney left", "a\"b", "it's", "Läsion", "a\\b", "tab\tname"] {
            let text = format!("[{}]\nx = {}\n", header_key(name), quoted(name));
            let table: toml::Table = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(table[name]["x"].as_str(), Some(name), "{text}");
        }
    }
}
