//! Reference figures that the program carries: CSV tables under `reference/`, whose first lines say where they come from.

use crate::nuclide::{Continuum, Line, spectrum::EnergySampler};

/// One row of a table, by column name.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Vec<&'static str>,
    fields: Vec<&'static str>,
}

impl Row {
    /// The field of a column.
    ///
    /// # Panics
    /// If there is no such column: the tables are part of the program.
    pub fn text(&self, column: &str) -> &'static str {
        let at = self.columns.iter().position(|c| *c == column).unwrap_or_else(|| panic!("no column {column} in {:?}", self.columns));
        self.fields[at]
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains(&column)
    }

    /// The number in a column.
    ///
    /// # Panics
    /// If it is none: the tables are part of the program.
    pub fn number(&self, column: &str) -> f64 {
        self.text(column).parse().unwrap_or_else(|_| panic!("{column}: {:?} is not a number", self.text(column)))
    }
}

/// The rows of a table.
///
/// # Panics
/// If it has no header.
pub fn rows(text: &'static str) -> Vec<Row> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect::<Vec<_>>());
    let columns = lines.next().expect("a header");
    lines.map(|fields| Row { columns: columns.clone(), fields }).collect()
}

/// The emissions behind EGSnrc's kernels and S values: components ("beta", "ce_auger") of a nuclide together, per decay.
///
/// # Panics
/// If there are none.
pub fn spectrum(nuclide: &str, components: &[&str]) -> EnergySampler {
    let (mut lines, mut beta) = (Vec::new(), Continuum { intensity: 1.0, energy: Vec::new(), density: Vec::new() });
    for row in rows(include_str!("reference/egsnrc_spectra.csv")) {
        if row.text("nuclide") != nuclide || !components.contains(&row.text("component")) {
            continue;
        }
        let (energy, value) = (row.number("energy_mev"), row.number("value"));
        if row.text("component") == "beta" {
            beta.energy.push(energy);
            beta.density.push(value);
        } else {
            lines.push(Line { energy, intensity: value });
        }
    }
    let continua = if beta.energy.is_empty() { Vec::new() } else { vec![beta] };
    EnergySampler::new(&lines, &continua).unwrap_or_else(|| panic!("no emissions of {nuclide} {components:?}"))
}

/// Particles of one energy, MeV.
///
/// # Panics
/// Never: one line is a spectrum.
pub fn line(energy: f64) -> EnergySampler {
    EnergySampler::new(&[Line { energy, intensity: 1.0 }], &[]).expect("a line is a spectrum")
}
