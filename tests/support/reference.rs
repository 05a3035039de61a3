//! Reference figures: CSV tables under `tests/data/reference`, whose first lines say where they come from.

/// One row of a table, by column name.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    columns: Vec<&'static str>,
    fields: Vec<&'static str>,
}

impl Row {
    /// The field of a column.
    pub(crate) fn text(&self, column: &str) -> &'static str {
        let at = self.columns.iter().position(|c| *c == column).unwrap_or_else(|| panic!("no column {column} in {:?}", self.columns));
        self.fields[at]
    }

    /// The number in a column.
    pub(crate) fn number(&self, column: &str) -> f64 {
        self.text(column).parse().unwrap_or_else(|_| panic!("{column}: {:?} is not a number", self.text(column)))
    }
}

/// The rows of a table.
pub(crate) fn rows(text: &'static str) -> Vec<Row> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect::<Vec<_>>());
    let columns = lines.next().expect("a header");
    lines.map(|fields| Row { columns: columns.clone(), fields }).collect()
}

/// Offsets that symmetry makes equal to (i, j, k): permutations and signs, each once.
pub(crate) fn equivalent([i, j, k]: [i32; 3]) -> Vec<[i32; 3]> {
    let mut all = Vec::new();
    for [a, b, c] in [[i, j, k], [i, k, j], [j, i, k], [j, k, i], [k, i, j], [k, j, i]] {
        for signs in 0..8 {
            let sign = |bit: i32, x: i32| if signs >> bit & 1 == 1 { -x } else { x };
            all.push([sign(0, a), sign(1, b), sign(2, c)]);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
