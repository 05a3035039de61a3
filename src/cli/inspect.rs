//! `dosaic inspect`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{
        dicom::{self, Header, Series},
        image,
    },
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder (with those in it) or a file
    path: PathBuf,
    /// Show patient names, which are left out otherwise
    #[arg(long)]
    patient: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<u8> {
    super::print(&listing(&arguments.path, arguments.patient)?)?;
    Ok(0)
}

/// What a path holds, as a text.
fn listing(path: &Path, patient: bool) -> Result<String> {
    if !path.exists() {
        return Err(Error::io(path)(std::io::ErrorKind::NotFound.into()));
    }
    let mut text = String::new();
    if !dicom::is_dicom(path) {
        image_lines(&mut text, path)?;
        return Ok(text);
    }
    let folder = dicom::scan(path)?;
    for series in &folder.series {
        series_lines(&mut text, series, patient);
    }
    let (images, others): (Vec<&PathBuf>, Vec<&PathBuf>) = folder.passed_over.iter().partition(|path| is_image(path));
    for path in images {
        if let Err(error) = image_lines(&mut text, path) {
            text += &format!("{}\n  cannot be read: {error}\n", path.display());
        }
    }
    if !others.is_empty() {
        let shown: Vec<String> = others.iter().take(3).map(|path| path.display().to_string()).collect();
        text += &format!("{} other files: {}{}\n", others.len(), shown.join(", "), if others.len() > 3 { ", ..." } else { "" });
    }
    if text.is_empty() {
        text += "no files\n";
    }
    Ok(text)
}

fn is_image(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    [".nii", ".mha", ".mhd"].iter().any(|extension| stem.ends_with(extension))
}

fn image_lines(text: &mut String, path: &Path) -> Result<()> {
    let grid = image::read_grid(path)?;
    *text += &format!("{}\n", path.display());
    grid_lines(text, &grid);
    Ok(())
}

fn series_lines(text: &mut String, series: &Series, patient: bool) {
    let first = &series.files[0];
    let Header { modality, description, .. } = first;
    let number = first.number.map_or_else(String::new, |number| format!("{number}: "));
    let (files, frames) = (series.files.len(), series.files.iter().map(|file| u64::from(file.frames)).sum::<u64>());
    let kind = if modality.is_empty() { "?" } else { modality };
    // Writing to a text cannot fail.
    let _ = write!(text, "{number}{kind} \"{description}\", {files} file{}", if files == 1 { "" } else { "s" });
    if frames > files as u64 {
        let _ = write!(text, ", {frames} frames");
    }
    text.push('\n');
    let mut line = |key: &str, value: &str| *text += &format!("  {key:<19}{value}\n");
    if patient {
        line("patient", first.patient.as_deref().unwrap_or("not named"));
    }
    line("folder", &first.path.parent().unwrap_or(Path::new("")).display().to_string());
    line("series UID", first.series.as_deref().unwrap_or("missing"));
    let frames = series.frames_of_reference();
    line("frame of reference", &if frames.is_empty() { "missing".to_owned() } else { frames.join(", ") });
    match dicom::outline(series) {
        Ok(Some(grid)) => grid_lines(text, &grid),
        Ok(None) if first.size != [0, 0] => line("pixels", &format!("{} x {}", first.size[0], first.size[1])),
        Ok(None) => {}
        Err(error) => line("cannot be used", &error.to_string()),
    }
    for (number, name) in &first.regions {
        *text += &format!("  {:<19}{number} \"{name}\"\n", "structure");
    }
}

fn grid_lines(text: &mut String, grid: &VoxelGrid) {
    let [x, y, z] = grid.size;
    let mut line = |key: &str, value: String| *text += &format!("  {key:<19}{value}\n");
    line("voxels", format!("{x} x {y} x {z}"));
    line("spacing", format!("{:.4} x {:.4} x {:.4} mm", grid.spacing.x, grid.spacing.y, grid.spacing.z));
    let bounds = grid.bounding_box();
    line("from", format!("{:.1}, {:.1}, {:.1} mm (left, posterior, superior)", bounds.min.x, bounds.min.y, bounds.min.z));
    line("to", format!("{:.1}, {:.1}, {:.1} mm", bounds.max.x, bounds.max.y, bounds.max.z));
}
