//! Tables as comma-separated values (RFC 4180 quoting, lines end with `\n`).

use std::path::Path;

use super::atomic;
use crate::error::{Error, Result};

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

/// A table as it was read: names of columns, and rows with as many cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Names of the columns.
    pub head: Vec<String>,
    /// Rows in order.
    pub rows: Vec<Vec<String>>,
}

impl Records {
    /// Reads a table with RFC 4180 quoting; `name` is said in messages.
    ///
    /// # Errors
    /// [`Error::Input`] with the line: a quote that does not end, text behind a closing quote, a row with more or fewer cells than the head, no head.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let mut lines: Vec<(usize, Vec<String>)> = Vec::new();
        let (mut row, mut cell) = (Vec::new(), String::new());
        let (mut line, mut begun) = (1, 1);
        let mut characters = text.chars().peekable();
        let mut closed = false;
        while let Some(c) = characters.next() {
            match c {
                '"' if cell.is_empty() && !closed => {
                    loop {
                        match characters.next() {
                            Some('"') if characters.peek() == Some(&'"') => cell.extend(characters.next()),
                            Some('"') => break,
                            Some(c) => {
                                line += usize::from(c == '\n');
                                cell.push(c);
                            }
                            None => return Err(Error::input(format!("{name}, line {begun}: a quote does not end"))),
                        }
                    }
                    closed = true;
                }
                ',' => {
                    row.push(std::mem::take(&mut cell));
                    closed = false;
                }
                '\r' if characters.peek() == Some(&'\n') => {}
                '\n' => {
                    row.push(std::mem::take(&mut cell));
                    closed = false;
                    lines.push((begun, std::mem::take(&mut row)));
                    line += 1;
                    begun = line;
                }
                c if closed => {
                    return Err(Error::input(format!("{name}, line {line}: `{c}` behind a closing quote; a comma was expected")));
                }
                c => cell.push(c),
            }
        }
        if !(cell.is_empty() && row.is_empty()) {
            row.push(cell);
            lines.push((begun, row));
        }
        let mut lines = lines.into_iter();
        let Some((_, head)) = lines.next() else {
            return Err(Error::input(format!("{name}: the table is empty; a line of column names was expected")));
        };
        let mut rows = Vec::new();
        for (at, row) in lines {
            if row.len() != head.len() {
                return Err(Error::input(format!("{name}, line {at}: {} cells; the head has {}", row.len(), head.len())));
            }
            rows.push(row);
        }
        Ok(Self { head, rows })
    }

    /// Position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.head.iter().position(|column| column == name)
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
    fn what_was_written_is_read() {
        let mut table = Table::new(&["a", "b"]);
        table.row(&["kidney, left", "line\nbreak"]);
        table.row(&["the \"cold\" one", ""]);
        let read = Records::parse("t.csv", table.as_str()).expect("a table");
        assert_eq!(read.head, ["a", "b"]);
        assert_eq!(read.rows, [["kidney, left", "line\nbreak"], ["the \"cold\" one", ""]]);
        assert_eq!((read.column("b"), read.column("c")), (Some(1), None));
        assert_eq!(Records::parse("t.csv", "a,b\r\n1,2\r\n3,4").expect("without a last line end").rows, [["1", "2"], ["3", "4"]]);
    }

    #[test]
    fn damaged_tables_are_errors_with_their_line() {
        for (text, expected) in [
            ("", "t.csv: the table is empty"),
            ("a,b\n1,2\n3\n", "t.csv, line 3: 1 cells; the head has 2"),
            ("a,b\n\"1\n,2\n", "t.csv, line 2: a quote does not end"),
            ("a,b\n\"1\"x,2\n", "t.csv, line 2: `x` behind a closing quote"),
        ] {
            let error = Records::parse("t.csv", text).expect_err("damaged").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
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
