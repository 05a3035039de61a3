//! A folder of DICOM files, sorted into series, and the choice of one of them.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use super::header::{Header, Kind};
use crate::error::{Error, Result};

/// Files in a folder of a patient; more is some other folder.
const MOST_FILES: usize = 200_000;
/// Folders in folders, as exports from archives have them.
const DEEPEST: usize = 8;
/// Names that are told of files passed over.
const SHOWN: usize = 3;

/// Files of one series, in no order.
#[derive(Debug, Clone)]
pub struct Series {
    /// At least one header.
    pub files: Vec<Header>,
}

/// What a folder holds.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// By the name of their first file.
    pub series: Vec<Series>,
    /// Files that are not DICOM, by name.
    pub passed_over: Vec<PathBuf>,
}

/// True if a path is for the readers of this module: a folder, or a file that begins as DICOM.
pub fn is_dicom(path: &Path) -> bool {
    if path.is_dir() {
        return true;
    }
    let mut begin = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(132).read_to_end(&mut begin));
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    (read.is_ok() && begin.get(128..) == Some(b"DICM")) || matches!(extension.as_deref(), Some("dcm" | "ima"))
}

/// Reads the headers of all files below a folder, or of one file, and sorts them into series.
///
/// Files without series UID belong together if kind, description, size and orientation agree.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] if a file begins as DICOM and is damaged, or a single file is not DICOM.
pub fn scan(path: &Path) -> Result<Folder> {
    let mut paths = Vec::new();
    let single = !path.is_dir();
    if single {
        paths.push(path.to_path_buf());
    } else {
        list(path, 0, &mut paths)?;
    }
    let mut folder = Folder::default();
    for file in paths {
        match Header::read(&file)? {
            Some(header) => match folder.series.iter_mut().find(|series| belongs(&series.files[0], &header)) {
                Some(series) => series.files.push(header),
                None => folder.series.push(Series { files: vec![header] }),
            },
            None if single => return Err(Error::input(format!("{}: not a DICOM image, structure set or segmentation", file.display()))),
            None => folder.passed_over.push(file),
        }
    }
    Ok(folder)
}

/// Regular files below a folder, by name; links to folders are not followed.
fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(Error::io(folder))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(Error::io(folder))?);
        if kind.is_dir() && depth < DEEPEST {
            list(&path, depth + 1, files)?;
        } else if kind.is_dir() {
            return Err(Error::input(format!("{}: folders are nested more than {DEEPEST} deep", path.display())));
        } else if path.is_file() {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(Error::input(format!("{}: more than {MOST_FILES} files; name the folder of one patient", folder.display())));
        }
    }
    Ok(())
}

fn belongs(known: &Header, other: &Header) -> bool {
    match (&known.series, &other.series) {
        (Some(a), Some(b)) => a == b && known.kind == other.kind,
        (None, None) => {
            let parallel = match (&known.plane, &other.plane) {
                (Some(a), Some(b)) => a.along_row.distance(b.along_row) + a.along_column.distance(b.along_column) < 1e-3,
                (a, b) => a.is_none() && b.is_none(),
            };
            let like =
                |h: &Header| (h.kind, h.modality.clone(), h.description.clone(), h.study.clone(), h.frame_of_reference.clone(), h.size);
            like(known) == like(other) && parallel
        }
        _ => false,
    }
}

/// The files of the series that a role ("CT", "labels", "uptake") has in a folder, by name.
///
/// # Errors
/// As [`scan`] and [`Folder::choose`].
pub fn files(path: &Path, series: Option<&str>, role: &str) -> Result<Vec<PathBuf>> {
    let kinds: &[Kind] = match role {
        "CT" => &[Kind::Ct],
        "labels" => &[Kind::Structures, Kind::Segmentation],
        _ => &[Kind::Pet, Kind::Nm],
    };
    let (series, _) = scan(path)?.choose(path, kinds, role, series)?;
    Ok(series.files.into_iter().map(|file| file.path).collect())
}

impl Series {
    /// The kind of its objects.
    pub fn kind(&self) -> Kind {
        self.files[0].kind
    }

    /// "CT \"Body 3.0\", 120 files, 1.2.3.4": what a user tells series by.
    pub fn describe(&self) -> String {
        let Header { modality, description, series, .. } = &self.files[0];
        let uid = series.as_deref().unwrap_or("without UID");
        format!("{modality} \"{description}\", {}, {uid}", count(self.files.len()))
    }

    /// The frames of reference that its files name, each once.
    pub fn frames_of_reference(&self) -> Vec<String> {
        let mut frames: Vec<String> = self.files.iter().filter_map(|file| file.frame_of_reference.clone()).collect();
        frames.sort_unstable();
        frames.dedup();
        frames
    }

    fn is_called(&self, selector: &str) -> bool {
        self.files[0].series.as_deref() == Some(selector) || self.files[0].description == selector
    }
}

fn count(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

impl Folder {
    /// Takes out the one series of the wanted kinds, by UID or description where `selector` is given.
    ///
    /// `what` says what is looked for, e.g. "CT". Beside the series: notes on what was passed over.
    ///
    /// # Errors
    /// [`Error::Input`] if there is none or more than one; it lists the candidates.
    pub fn choose(self, path: &Path, kinds: &[Kind], what: &str, selector: Option<&str>) -> Result<(Series, Vec<String>)> {
        let name = path.display();
        let list = |series: &[Series]| series.iter().map(|series| format!("\n  {}", series.describe())).collect::<String>();
        let (fit, rest): (Vec<Series>, Vec<Series>) = self.series.into_iter().partition(|series| kinds.contains(&series.kind()));
        let (mut chosen, other): (Vec<Series>, Vec<Series>) =
            fit.into_iter().partition(|s| selector.is_none_or(|wanted| s.is_called(wanted)));
        let mut notes = Vec::new();
        if !self.passed_over.is_empty() {
            let shown: Vec<String> = self.passed_over.iter().take(SHOWN).map(|path| path.display().to_string()).collect();
            let more = if self.passed_over.len() > SHOWN { ", ..." } else { "" };
            notes.push(format!(
                "{} in the folder that are no DICOM objects were passed over: {}{more}",
                count(self.passed_over.len()),
                shown.join(", ")
            ));
        }
        match (chosen.len(), selector) {
            (1, _) => {}
            (0, Some(wanted)) => {
                let found = if other.is_empty() && rest.is_empty() { " nothing".to_owned() } else { list(&other) + &list(&rest) };
                return Err(Error::input(format!("{name}: no {what} series has the UID or the description \"{wanted}\"; found{found}")));
            }
            (0, None) => {
                let found = if rest.is_empty() { "no DICOM file".to_owned() } else { format!("only{}", list(&rest)) };
                return Err(Error::input(format!("{name}: expected a {what} series, found {found}")));
            }
            (several, _) => {
                return Err(Error::input(format!(
                    "{name}: {several} {what} series; name one by UID or description, as in {{ path = \"...\", series = \"...\" }}:{}",
                    list(&chosen)
                )));
            }
        }
        let series = chosen.remove(0);
        if !other.is_empty() || !rest.is_empty() {
            notes.push(format!("read {}; {} other series in the folder are not used", series.describe(), other.len() + rest.len()));
        }
        if series.files[0].series.is_none() {
            notes.push(format!(
                "its files name no SeriesInstanceUID (an anonymiser's work?); {} of the same kind, description, size and orientation were taken as one series",
                count(series.files.len())
            ));
        }
        Ok((series, notes))
    }
}
