//! Files that appear complete or not at all.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::error::{Error, Result};

/// A file being written under a temporary name in the folder of its final one.
///
/// [`commit`](Self::commit) gives it its name; dropped without that, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    /// `None` once committed.
    writer: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Starts a file that will be called `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder does not exist or cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let target = path.as_ref().to_path_buf();
        let Some(name) = target.file_name() else {
            return Err(Error::io(&target)(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a file name")));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(unique_suffix("tmp"));
        let temporary = target.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).map_err(Error::io(&target))?;
        Ok(Self { target, temporary, writer: Some(BufWriter::with_capacity(1 << 16, file)) })
    }

    /// Starts a file before the work that fills it: what cannot be written must not cost the work, and a file that is there is replaced
    /// only with `force`.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder does not exist or cannot be written, if a folder has the name, or a file without `force`.
    pub fn claim(path: impl AsRef<Path>, force: bool) -> Result<Self> {
        let path = path.as_ref();
        let refused = |kind, text| Err(Error::io(path)(std::io::Error::new(kind, text)));
        if path.is_dir() {
            return refused(std::io::ErrorKind::IsADirectory, "is a folder; name a file");
        }
        if path.exists() && !force {
            return refused(std::io::ErrorKind::AlreadyExists, "exists already; choose another file, or --force to replace it");
        }
        Self::create(path)
    }

    /// Writes all of the file and commits it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn fill(mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).map_err(Error::io(self.path()))?;
        self.commit()
    }

    /// Flushes to the disk and gives the file its name, replacing one that was there.
    ///
    /// # Errors
    /// [`Error::Io`]; the temporary file is then removed.
    pub fn commit(mut self) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            let named = writer
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)
                .and_then(|file| file.sync_all())
                .and_then(|()| std::fs::rename(&self.temporary, &self.target));
            if let Err(error) = named {
                remove_quietly(&self.temporary);
                return Err(Error::io(&self.target)(error));
            }
        }
        Ok(())
    }

    /// The final name.
    pub fn path(&self) -> &Path {
        &self.target
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer.as_mut().ok_or(std::io::ErrorKind::NotConnected)?.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.as_mut().ok_or(std::io::ErrorKind::NotConnected)?.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            remove_quietly(&self.temporary);
        }
    }
}

/// Writes a whole file at once, atomically.
///
/// # Errors
/// [`Error::Io`].
pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    AtomicFile::create(path)?.fill(bytes)
}

/// `.<process>-<n>.<extension>`, different for every call of every running process.
pub(super) fn unique_suffix(extension: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(".{}-{}.{extension}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Cleaning up after a failure: a second failure has nothing to add to the first.
fn remove_quietly(path: &Path) {
    drop(std::fs::remove_file(path));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("folder");
        entries.map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8")).collect()
    }

    #[test]
    fn a_file_has_its_name_only_when_committed() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("dose.csv");
        let mut file = AtomicFile::create(&path).expect("create");
        file.write_all(b"1,2\n").expect("write");
        assert!(!path.exists());
        assert_eq!(names(folder.path()).len(), 1, "the temporary file is in the same folder");
        file.commit().expect("commit");
        assert_eq!(std::fs::read(&path).expect("read"), b"1,2\n");
        assert_eq!(names(folder.path()), ["dose.csv"]);
    }

    #[test]
    fn a_dropped_file_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("dose.csv");
        write(&path, b"old").expect("write");
        let mut file = AtomicFile::create(&path).expect("create");
        file.write_all(b"half of the new").expect("write");
        drop(file);
        assert_eq!(std::fs::read(&path).expect("read"), b"old");
        assert_eq!(names(folder.path()), ["dose.csv"]);
    }

    #[test]
    fn a_failed_commit_cleans_up() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("occupied");
        let file = AtomicFile::create(&path).expect("create");
        std::fs::create_dir(&path).expect("a folder takes the name meanwhile");
        std::fs::write(path.join("inside"), b"").expect("write");
        let error = file.commit().expect_err("a folder cannot be replaced");
        assert_eq!(error.exit_code(), 4);
        assert_eq!(names(folder.path()), ["occupied"]);
    }

    #[test]
    fn a_missing_folder_is_an_io_error_that_names_the_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let error = write(folder.path().join("no/such/dose.csv"), b"").expect_err("no folder");
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains("dose.csv"), "{error}");
    }
}
