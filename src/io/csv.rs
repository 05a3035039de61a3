//! Tables as comma-separated values (RFC 4180 quoting, lines end with `\n`).

use std::path::Path;

use super::atomic;
use crate::error::Result;

/// A table being built; every row has as many cells as the head.
#[derive(Debug, Clone)]
pub struct Table {
    columns: usize,
    text: String,
}

impl Table {
    /// A table with the given column names.
    pub fn new<S: AsRef<str>>(head: &[S]) -> Self {
        let mut table = Self { columns: head.len(), text: String::new() };
        table.push(head);
        table
    }

    /// A table whose head is preceded by lines of remarks, each marked with `# `.
    ///
    /// Not every reader skips them, so tables for other programs do without.
    pub fn with_remarks<S: AsRef<str>>(remarks: &[&str], head: &[S]) -> Self {
        let mut table = Self { columns: head.len(), text: String::new() };
        for line in remarks.iter().flat_map(|remark| remark.lines()) {
            table.text.push_str("# ");
            table.text.push_str(line);
            table.text.push('\n');
        }
        table.push(head);
        table
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If the row has not as many cells as the head: that is a programming error.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) {
        assert_eq!(cells.len(), self.columns, "one cell per column");
        self.push(cells);
    }

    /// The table as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Writes the table, atomically.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        atomic::write(path, self.text.as_bytes())
    }

    fn push<S: AsRef<str>>(&mut self, cells: &[S]) {
        for (column, cell) in cells.iter().enumerate() {
            if column > 0 {
                self.text.push(',');
            }
            push_cell(&mut self.text, cell.as_ref());
        }
        self.text.push('\n');
    }
}

/// Quotes a cell where a reader would otherwise see several cells, another value or a remark.
fn push_cell(text: &mut String, cell: &str) {
    let needs_quotes = cell.contains([',', '"', '\n', '\r']) || cell.starts_with('#') || cell.trim() != cell;
    if needs_quotes {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_needed() {
        let mut table = Table::new(&["region", "dose_mean_gy"]);
        table.row(&["kidney, left", "1.5"]);
        table.row(&["the \"cold\" one", ""]);
        assert_eq!(table.as_str(), "region,dose_mean_gy\n\"kidney, left\",1.5\n\"the \"\"cold\"\" one\",\n");
    }

    #[test]
    fn quotes_keep_line_breaks_blanks_and_leading_hashes() {
        let mut table = Table::new(&["a", "b", "c"]);
        table.row(&["line\nbreak", "#no remark", " space "]);
        assert_eq!(table.as_str(), "a,b,c\n\"line\nbreak\",\"#no remark\",\" space \"\n");
    }

    #[test]
    fn remarks_come_first_line_by_line() {
        let table = Table::with_remarks(&["dose per region\nin Gy", "seed 7"], &["a"]);
        assert_eq!(table.as_str(), "# dose per region\n# in Gy\n# seed 7\na\n");
    }

    #[test]
    fn the_file_holds_the_text() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("regions.csv");
        Table::new(&["region"]).write(&path).expect("write");
        assert_eq!(std::fs::read(&path).expect("read"), b"region\n");
    }

    #[test]
    #[should_panic(expected = "one cell per column")]
    fn a_short_row_is_a_programming_error() {
        Table::new(&["a", "b"]).row(&["1"]);
    }
}
