//! What lies in a folder, and which CT is meant.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::{
        dicom::{self, Kind, Series},
        image,
    },
    plan::ImageFile,
};

/// A CT and what lies with it.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The CT, as the plan names it.
    pub(super) ct: ImageFile,
    /// "CT \"Abdomen\", 120 files, 1.2.3.4", or the file.
    pub(super) about: String,
    /// Its grid.
    pub(super) grid: VoxelGrid,
    /// Frame of reference of a DICOM CT.
    pub(super) frame: Option<String>,
    /// RTSTRUCT and SEG series, then PET and SPECT series.
    pub(super) structures: Vec<Series>,
    pub(super) activity: Vec<Series>,
    /// The folder that was asked for.
    pub(super) folder: PathBuf,
    /// Files that may be label images: in the folder, and beside it under its name.
    pub(super) images: Vec<PathBuf>,
    /// Tables that may hold names of labels.
    pub(super) tables: Vec<PathBuf>,
    /// What else is there, and how the CT was chosen.
    pub(super) notes: Vec<String>,
}

/// Looks through a folder, or around an image.
pub(super) fn look(path: &Path, wanted: Option<&str>) -> Result<Look> {
    let is_image = path.is_file() && has_extension(path, &IMAGES);
    let base = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let contents = if is_image { dicom::Folder::default() } else { dicom::scan(path)? };
    let (mut images, mut tables) = beside(path);
    for file in &contents.passed_over {
        if has_extension(file, &IMAGES) {
            images.push(file.clone());
        } else if has_extension(file, &TABLES) {
            tables.push(file.clone());
        }
    }
    let mut notes = Vec::new();
    let (cts, others): (Vec<Series>, Vec<Series>) = contents.series.into_iter().partition(|series| series.kind() == Kind::Ct);
    let (structures, others): (Vec<Series>, Vec<Series>) =
        others.into_iter().partition(|series| matches!(series.kind(), Kind::Structures | Kind::Segmentation));
    let (activity, others): (Vec<Series>, Vec<Series>) =
        others.into_iter().partition(|series| matches!(series.kind(), Kind::Pet | Kind::Nm));
    notes.extend(others.iter().map(|series| format!("not used: {}", series.describe())));
    let (ct, about, grid, frame) = if is_image {
        (ImageFile::from(path.to_path_buf()), path.display().to_string(), image::read_grid(path)?, None)
    } else if cts.is_empty() {
        let at = images.iter().position(|file| stem(file).to_lowercase().starts_with("ct"));
        let file = at.map(|at| images.remove(at)).ok_or_else(|| no_ct(path, &structures, &activity, &others))?;
        notes.push(format!("no CT series; {} is taken for the CT by its name", file.display()));
        let grid = image::read_grid(&file)?;
        (ImageFile::from(file.clone()), file.display().to_string(), grid, None)
    } else {
        let (series, grid) = chosen(path, cts, wanted, &mut notes)?;
        let frame = series.frames_of_reference().into_iter().next();
        if series.files[0].series.is_none() {
            notes.push("the files of the CT name no SeriesInstanceUID (an anonymiser's work?); they were taken as one series".to_owned());
        }
        let selector = series.files[0].series.clone().filter(|_| several(&notes));
        (ImageFile { path: path.to_path_buf(), series: selector }, series.describe(), grid, frame)
    };
    images.retain(|file| *file != ct.path);
    Ok(Look { ct, about, grid, frame, structures, activity, folder: base.to_path_buf(), images, tables, notes })
}

/// Begins the note on CT series that were not chosen: then the plan names the one that was.
const NOT_CHOSEN: &str = "CT series not chosen";

fn several(notes: &[String]) -> bool {
    notes.iter().any(|note| note.starts_with(NOT_CHOSEN))
}

/// The CT series that is wanted, or the one with the most voxels that can be used.
fn chosen(path: &Path, cts: Vec<Series>, wanted: Option<&str>, notes: &mut Vec<String>) -> Result<(Series, VoxelGrid)> {
    let list = |cts: &[Series]| cts.iter().map(|series| format!("\n  {}", series.describe())).collect::<String>();
    let is_wanted = |series: &Series| {
        let first = &series.files[0];
        wanted.is_none_or(|name| first.series.as_deref() == Some(name) || first.description == name)
    };
    let mut usable: Vec<(Series, VoxelGrid)> = Vec::new();
    let mut problems = Vec::new();
    let all = list(&cts);
    for series in cts {
        match dicom::outline(&series) {
            Ok(Some(grid)) => usable.push((series, grid)),
            Ok(None) => {}
            Err(error) if is_wanted(&series) && wanted.is_some() => return Err(error),
            Err(error) => problems.push(format!("{NOT_CHOSEN}: {}: cannot be used: {error}", series.describe())),
        }
    }
    let best = (0..usable.len()).filter(|at| is_wanted(&usable[*at].0)).max_by_key(|at| usable[*at].1.len());
    let Some(best) = best else {
        let why =
            if wanted.is_some() { "no CT series has the UID or description asked for; found" } else { "no CT series can be used; found" };
        return Err(Error::input(format!(
            "{}: {why}{all}{}",
            path.display(),
            problems.iter().map(|p| format!("\n{p}")).collect::<String>()
        )));
    };
    let best = usable.remove(best);
    notes.extend(usable.iter().map(|(series, _)| format!("{NOT_CHOSEN}: {}; --series UID chooses it", series.describe())));
    notes.append(&mut problems);
    Ok(best)
}

fn no_ct(path: &Path, structures: &[Series], activity: &[Series], others: &[Series]) -> Error {
    let found: String = structures.iter().chain(activity).chain(others).map(|series| format!("\n  {}", series.describe())).collect();
    let found = if found.is_empty() { " no DICOM file".to_owned() } else { found };
    Error::input(format!(
        "{}: holds no CT: neither a CT series nor an image (.nii, .nii.gz, .mha, .nrrd) whose name begins with \"ct\"; found{found}",
        path.display()
    ))
}

const IMAGES: [&str; 8] = [".nii", ".nii.gz", ".mha", ".mhd", ".mha.gz", ".nrrd", ".nhdr", ".nrrd.gz"];
const TABLES: [&str; 1] = [".csv"];

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    known.iter().any(|extension| name.ends_with(extension))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The name up to its first point.
pub(super) fn stem(path: &Path) -> String {
    file_name(path).split('.').next().unwrap_or_default().to_owned()
}

/// Images beside the folder (or image) whose names begin with its own and go on, and tables beside it.
fn beside(path: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    // `..` of a folder given as `.` has no name of its own.
    let own = stem(path);
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return (Vec::new(), Vec::new()),
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| if parent == Path::new(".") { entry.file_name().into() } else { entry.path() }))
        .filter(|file| file.is_file() && file != path)
        .collect();
    files.sort();
    let named = |file: &PathBuf| (!own.is_empty() && stem(file).starts_with(&own) && stem(file) != own) || path.is_file();
    let images = files.iter().filter(|file| has_extension(file, &IMAGES) && named(file)).cloned().collect();
    let tables = files.into_iter().filter(|file| has_extension(file, &TABLES)).collect();
    (images, tables)
}
