//! `regions.csv` as the report reads it.

use crate::{
    error::{Error, Result},
    io::csv::Records,
};

/// Name that all fractions together have in the column `fraction`.
pub(super) const TOTAL: &str = "total";
/// Columns without which the table says nothing.
const NEEDED: [&str; 6] = ["fraction", "region", "voxels", "mass_g", "dose_mean_gy", "dose_mean_sigma_gy"];

/// The table of regions: cells as they are written, numbers checked.
#[derive(Debug, Clone)]
pub(super) struct RegionTable {
    records: Records,
}

/// A number with the text it was read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) text: &'a str,
    pub(super) value: f64,
}

impl RegionTable {
    /// Checks a table.
    pub(super) fn new(records: Records) -> Result<Self> {
        if let Some(name) = NEEDED.iter().find(|name| records.column(name).is_none()) {
            return Err(Error::input(format!("regions.csv: has no column {name}; docs/formats/results.md lists them")));
        }
        for (n, row) in records.rows.iter().enumerate() {
            for (name, cell) in
                records.head.iter().zip(row).filter(|(name, cell)| !["fraction", "region"].contains(&name.as_str()) && !cell.is_empty())
            {
                if !cell.parse().is_ok_and(f64::is_finite) {
                    return Err(Error::input(format!("regions.csv, row {}: {name} is `{cell}`, not a number", n + 1)));
                }
            }
        }
        Ok(Self { records })
    }

    fn at(&self, name: &str) -> usize {
        // Columns that are asked for here were found in `new`.
        self.records.column(name).unwrap_or(0)
    }

    /// Names of the lines of the total in order, `phantom` first.
    pub(super) fn names(&self) -> Vec<String> {
        let (fraction, region) = (self.at("fraction"), self.at("region"));
        self.records.rows.iter().filter(|row| row[fraction] == TOTAL).map(|row| row[region].clone()).collect()
    }

    /// Fractions in order, without the total.
    pub(super) fn fractions(&self) -> Vec<String> {
        let mut fractions: Vec<String> =
            self.records.rows.iter().map(|row| row[self.at("fraction")].clone()).filter(|f| f != TOTAL).collect();
        fractions.dedup();
        fractions
    }

    /// Whether a column exists and has a value anywhere.
    pub(super) fn has(&self, column: &str) -> bool {
        self.records.column(column).is_some_and(|at| self.records.rows.iter().any(|row| !row[at].is_empty()))
    }

    /// Columns of V_x, as they are named.
    pub(super) fn volume_columns(&self) -> Vec<&str> {
        let is_level = |name: &str| name.strip_prefix('v').and_then(|n| n.strip_suffix("gy")).is_some_and(|n| n.parse::<f64>().is_ok());
        self.records.head.iter().map(String::as_str).filter(|name| is_level(name)).collect()
    }

    /// A number; `None` where the cell is empty or there is no such line or column.
    pub(super) fn cell(&self, fraction: &str, region: &str, column: &str) -> Option<Cell<'_>> {
        let (f, r, c) = (self.at("fraction"), self.at("region"), self.records.column(column)?);
        let text = self.records.rows.iter().find(|row| row[f] == fraction && row[r] == region)?[c].as_str();
        Some(Cell { text, value: text.parse().ok()? })
    }
}
