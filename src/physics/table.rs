//! Reading of the module's own tables, which are part of the program: a malformed one is a mistake of ours and panics in every test.

/// Rows of a CSV table without its `#` lines, split at commas.
pub(super) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).map(|line| line.split(',').collect())
}

/// A number of such a table.
pub(super) fn number(field: &str) -> f64 {
    field.parse().unwrap_or_else(|_| panic!("not a number in a built-in table: {field:?}"))
}

/// The fields from `first` on as numbers.
pub(super) fn numbers(fields: &[&str], first: usize) -> Vec<f64> {
    fields[first..].iter().map(|f| number(f)).collect()
}
