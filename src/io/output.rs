//! The folder that a run writes its results into.

use std::{
    io::{Error as IoError, ErrorKind},
    path::{Path, PathBuf},
};

use super::atomic::unique_suffix;
use crate::error::{Error, Result};

/// Begins the name of the hidden folder that holds results until the run is complete.
const STAGE_PREFIX: &str = ".dosaic-unfinished";

/// A result folder, claimed and checked before the computing starts.
///
/// Results are written into a hidden folder inside it and move to their names together, in [`finish`](Self::finish).
/// Dropped without that (an error, an interrupt), the hidden folder goes, earlier results stay as they were, and folders
/// made for this run are removed.
#[derive(Debug)]
pub struct OutputDir {
    folder: PathBuf,
    stage: PathBuf,
    /// The outermost folder that did not exist before.
    created: Option<PathBuf>,
    names: Vec<String>,
    finished: bool,
}

/// What a finished run left in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files of this run, in the order they were asked for.
    pub files: Vec<PathBuf>,
    /// Files from before that this run did not replace; they do not belong to its results.
    pub stale: Vec<PathBuf>,
}

impl OutputDir {
    /// Makes the folder (with its parents) or takes an existing one, and makes sure that files can be written in it.
    ///
    /// A folder that holds anything but hidden files is refused unless `force`; with `force`, files of the same name are
    /// replaced when the run finishes, and what an earlier run that was killed left unfinished is removed now.
    ///
    /// # Errors
    /// [`Error::Io`]: not a folder, results present, no permission.
    pub fn create(folder: impl AsRef<Path>, force: bool) -> Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        let created = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).last().map(Path::to_path_buf);
        if created.is_none() && !folder.is_dir() {
            return Err(Error::io(&folder)(IoError::new(ErrorKind::NotADirectory, "is a file; results need a folder")));
        }
        let mut output = Self {
            stage: folder.join(format!("{STAGE_PREFIX}{}", unique_suffix("d"))),
            folder,
            created,
            names: Vec::new(),
            finished: false,
        };
        let (present, unfinished) = output.contents()?;
        let is_free = present.is_empty() && unfinished.is_empty();
        if !(force || is_free) {
            output.finished = true; // nothing of ours to clean up
            return Err(Error::io(&output.folder)(IoError::new(ErrorKind::AlreadyExists, refusal(&present, unfinished.len()))));
        }
        for path in unfinished {
            std::fs::remove_dir_all(&path).map_err(Error::io(&path))?;
        }
        std::fs::create_dir_all(&output.stage).map_err(Error::io(&output.folder))?;
        let probe = output.stage.join("probe");
        std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)).map_err(Error::io(&output.folder))?;
        Ok(output)
    }

    /// Where to write the result `name` now; it is listed in [`files`](Self::files) and must exist when the run finishes.
    ///
    /// # Panics
    /// If `name` is not a plain file name or was given out before: that is a programming error.
    pub fn file(&mut self, name: &str) -> PathBuf {
        assert!(Path::new(name).file_name().is_some_and(|plain| plain == name), "`{name}` is not a plain file name");
        assert!(!self.names.iter().any(|known| known == name), "`{name}` is written twice");
        self.names.push(name.to_owned());
        self.stage.join(name)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Where the results lie until the run finishes.
    pub fn stage(&self) -> &Path {
        &self.stage
    }

    /// Names of the results so far, in order.
    pub fn files(&self) -> &[String] {
        &self.names
    }

    /// Gives all results their names in the folder, replacing those of an earlier run.
    ///
    /// # Errors
    /// [`Error::Io`] if a file that was asked for is missing, or cannot be moved; in the latter case those before it are in place.
    pub fn finish(mut self) -> Result<Written> {
        for name in &self.names {
            let path = self.stage.join(name);
            std::fs::metadata(&path).map_err(Error::io(self.folder.join(name)))?;
        }
        // From here on results are in place, and the folder must stay even if a later step fails.
        self.created = None;
        let files: Vec<PathBuf> = self.names.iter().map(|name| self.folder.join(name)).collect();
        for (name, target) in self.names.iter().zip(&files) {
            std::fs::rename(self.stage.join(name), target).map_err(Error::io(target))?;
        }
        std::fs::remove_dir(&self.stage).map_err(Error::io(&self.stage))?;
        self.finished = true;
        let (present, _) = self.contents()?;
        let stale = present.into_iter().map(|name| self.folder.join(name)).filter(|path| !files.contains(path)).collect();
        Ok(Written { files, stale })
    }

    /// Names in the folder that are not hidden, sorted, and unfinished stages of other runs.
    fn contents(&self) -> Result<(Vec<String>, Vec<PathBuf>)> {
        let (mut present, mut unfinished) = (Vec::new(), Vec::new());
        if self.folder.is_dir() {
            for entry in std::fs::read_dir(&self.folder).map_err(Error::io(&self.folder))? {
                let entry = entry.map_err(Error::io(&self.folder))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with(STAGE_PREFIX) {
                    unfinished.push(entry.path());
                } else if !name.starts_with('.') {
                    present.push(name);
                }
            }
        }
        present.sort();
        Ok((present, unfinished))
    }
}

impl Drop for OutputDir {
    fn drop(&mut self) {
        if !self.finished {
            // A failure here would hide the one that led here.
            drop(std::fs::remove_dir_all(&self.stage));
            if let Some(created) = &self.created {
                remove_empty_folders(&self.folder, created);
            }
        }
    }
}

/// Removes `folder` and its parents up to `outermost`, as far as they are empty.
fn remove_empty_folders(folder: &Path, outermost: &Path) {
    for path in folder.ancestors() {
        if std::fs::remove_dir(path).is_err() || path == outermost {
            return;
        }
    }
}

/// Why a folder is not taken.
fn refusal(present: &[String], unfinished: usize) -> String {
    let what = match present {
        [] => format!("holds {unfinished} unfinished run(s), interrupted or still going"),
        [name] => format!("already holds {name}"),
        [first, ..] => format!("already holds {} files ({first}, ...)", present.len()),
    };
    format!("{what}; choose another folder with --out, or --force to write there")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    #[test]
    fn results_appear_together_at_the_end() {
        let top = tempfile::tempdir().expect("temporary folder");
        let folder = top.path().join("out/liver");
        let mut output = OutputDir::create(&folder, false).expect("create");
        std::fs::write(output.file("dose.csv"), b"dose").expect("write");
        std::fs::write(output.file("bed.csv"), b"bed").expect("write");
        assert_eq!(output.files(), ["dose.csv", "bed.csv"]);
        assert!(!folder.join("dose.csv").exists());
        let written = output.finish().expect("finish");
        assert_eq!(written, Written { files: vec![folder.join("dose.csv"), folder.join("bed.csv")], stale: vec![] });
        assert_eq!(entries(&folder), ["bed.csv", "dose.csv"]);
    }

    #[test]
    fn a_failed_run_leaves_nothing() {
        let top = tempfile::tempdir().expect("temporary folder");
        let mut output = OutputDir::create(top.path().join("out/liver"), false).expect("create");
        std::fs::write(output.file("dose.csv"), b"dose").expect("write");
        drop(output);
        assert_eq!(entries(top.path()), [] as [&str; 0]);
        let existing = top.path().join("mine");
        std::fs::create_dir(&existing).expect("create");
        drop(OutputDir::create(&existing, false).expect("an empty folder is fine"));
        assert_eq!(entries(&existing), [] as [&str; 0], "a folder that was there stays");
    }

    #[test]
    fn earlier_results_are_kept_unless_forced_and_until_the_end() {
        let top = tempfile::tempdir().expect("temporary folder");
        for (name, text) in [("dose.csv", "old"), ("fraction-04.csv", "old"), (".hidden", "")] {
            std::fs::write(top.path().join(name), text).expect("write");
        }
        let error = OutputDir::create(top.path(), false).expect_err("results present");
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains("already holds 2 files (dose.csv, ...)") && error.to_string().contains("--force"), "{error}");
        assert_eq!(entries(top.path()), [".hidden", "dose.csv", "fraction-04.csv"]);

        let mut failing = OutputDir::create(top.path(), true).expect("forced");
        std::fs::write(failing.file("dose.csv"), b"new").expect("write");
        drop(failing);
        assert_eq!(std::fs::read(top.path().join("dose.csv")).expect("read"), b"old");

        let mut output = OutputDir::create(top.path(), true).expect("forced");
        std::fs::write(output.file("dose.csv"), b"new").expect("write");
        let written = output.finish().expect("finish");
        assert_eq!(written.stale, [top.path().join("fraction-04.csv")]);
        assert_eq!(std::fs::read(top.path().join("dose.csv")).expect("read"), b"new");
    }

    #[test]
    fn remains_of_a_killed_run_are_named_then_removed_by_force() {
        let top = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir(top.path().join(format!("{STAGE_PREFIX}.1-0.d"))).expect("create");
        let error = OutputDir::create(top.path(), false).expect_err("unfinished");
        assert!(error.to_string().contains("unfinished"), "{error}");
        drop(OutputDir::create(top.path(), true).expect("forced"));
        assert_eq!(entries(top.path()), [] as [&str; 0]);
    }

    #[test]
    fn a_promised_file_that_was_not_written_is_an_error() {
        let top = tempfile::tempdir().expect("temporary folder");
        let mut output = OutputDir::create(top.path().join("out"), false).expect("create");
        std::fs::write(output.file("dose.csv"), b"dose").expect("write");
        let _forgotten = output.file("bed.csv");
        let error = output.finish().expect_err("bed.csv is missing");
        assert!(error.exit_code() == 4 && error.to_string().contains("bed.csv"), "{error}");
        assert_eq!(entries(top.path()), [] as [&str; 0]);
    }

    #[test]
    fn a_file_or_a_path_through_one_is_refused() {
        let top = tempfile::tempdir().expect("temporary folder");
        let file = top.path().join("results");
        std::fs::write(&file, b"").expect("write");
        for path in [file.clone(), file.join("inside")] {
            let error = OutputDir::create(&path, true).expect_err("not a folder");
            assert_eq!(error.exit_code(), 4, "{error}");
        }
        assert_eq!(entries(top.path()), ["results"]);
    }

    #[test]
    #[should_panic(expected = "plain file name")]
    fn results_stay_in_their_folder() {
        let top = tempfile::tempdir().expect("temporary folder");
        let _escaped = OutputDir::create(top.path(), false).expect("create").file("../dose.csv");
    }
}
