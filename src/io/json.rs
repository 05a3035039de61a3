//! JSON files: provenance and summary.

use std::{io::Write, path::Path};

use serde::Serialize;

use super::atomic::AtomicFile;
use crate::error::{Error, Result};

/// Writes `value` as indented JSON with a final newline, atomically.
///
/// JSON has no NaN or infinity; serde_json writes `null` for them, so a quantity that may be undefined should be an `Option`.
///
/// # Errors
/// [`Error::Io`]; also if the value cannot be JSON (a map whose keys are not text), which is a programming error.
pub fn write(path: impl AsRef<Path>, value: &impl Serialize) -> Result<()> {
    let mut file = AtomicFile::create(&path)?;
    serde_json::to_writer_pretty(&mut file, value).map_err(std::io::Error::from).map_err(Error::io(&path))?;
    file.write_all(b"\n").map_err(Error::io(&path))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fields_keep_their_order_and_numbers_their_digits() {
        #[derive(serde::Serialize)]
        struct Summary {
            zeta: f64,
            alpha: Option<u32>,
        }
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("summary.json");
        super::write(&path, &Summary { zeta: 0.1, alpha: None }).expect("write");
        let text = std::fs::read_to_string(&path).expect("read");
        assert_eq!(text, "{\n  \"zeta\": 0.1,\n  \"alpha\": null\n}\n");
    }
}
