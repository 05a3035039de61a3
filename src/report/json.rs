//! JSON as the report files hold it.

use serde::Serialize;

use crate::error::{Error, Result};

/// Pretty JSON with a final newline.
pub(crate) fn pretty(value: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value).map_err(|e| Error::input(format!("the report cannot be written as JSON: {e}")))?;
    text.push('\n');
    Ok(text)
}
