//! An image as the plan names it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// An image file, or a folder (or file) of DICOM objects with the series that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageFile {
    /// Resolved against the plan's folder.
    pub path: PathBuf,
    /// UID or description of the series, needed where a folder has several.
    pub series: Option<String>,
}

impl ImageFile {
    /// For messages.
    pub fn display(&self) -> impl fmt::Display + '_ {
        self
    }
}

impl fmt::Display for ImageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.series {
            None => write!(f, "{}", self.path.display()),
            Some(series) => write!(f, "{} (series \"{series}\")", self.path.display()),
        }
    }
}

impl From<PathBuf> for ImageFile {
    fn from(path: PathBuf) -> Self {
        Self { path, series: None }
    }
}

impl From<&str> for ImageFile {
    fn from(path: &str) -> Self {
        Path::new(path).to_path_buf().into()
    }
}

/// As in the plan: the path alone, or a table.
impl Serialize for ImageFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(series) = &self.series else { return self.path.serialize(serializer) };
        let mut table = serializer.serialize_struct("ImageFile", 2)?;
        table.serialize_field("path", &self.path)?;
        table.serialize_field("series", series)?;
        table.end()
    }
}
