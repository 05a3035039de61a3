//! What can go wrong, sorted by who can mend it; each kind has an exit code that scripts can use.

use std::path::{Path, PathBuf};

/// Result with the crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// A failure, with a message that names the file, what was found and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan, an image or a command-line value is wrong (exit code 2). The message is complete, frame and caret included.
    #[error("{0}")]
    Input(String),
    /// No suitable device, or the device or its driver failed (exit code 3).
    #[error("{0}")]
    Device(String),
    /// A file could not be read or written (exit code 4).
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The user stopped the run (exit code 130).
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Wrong input, with a complete message.
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    /// Device trouble, with a complete message.
    pub fn device(message: impl Into<String>) -> Self {
        Self::Device(message.into())
    }

    /// Turns a system error on `path` into an [`Error::Io`]; for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// The process exit code: 2 bad input, 3 device, 4 files, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Device(_) => 3,
            Self::Io { .. } => 4,
            Self::Interrupted => 130,
        }
    }
}
