//! Parameters of the tumour-microenvironment model, each with its evidence.

use std::collections::BTreeMap;

use serde::Serialize;

use super::library::BUILT_IN;

/// How well a figure is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mark {
    /// Read in the source named.
    V,
    /// Computed from such figures.
    C,
    /// Recalled from a publication.
    R,
    /// Assumed.
    A,
}

impl Mark {
    /// Names in parameter files.
    pub const NAMES: [(&'static str, Self); 4] = [("V", Self::V), ("C", Self::C), ("R", Self::R), ("A", Self::A)];

    /// Whether reports list the figure as assumed: recalled or assumed.
    pub fn is_assumed(self) -> bool {
        matches!(self, Self::R | Self::A)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The program's parameter file.
    BuiltIn,
    /// A parameter file of the user.
    File,
    /// The plan.
    Plan,
}

/// A parameter with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Value in the model's units: d, Gy, um, mmHg, nM, mL, keV, and products of these (a rate is in /d, a diffusivity in um2/d).
    pub value: f64,
    /// Lowest and highest value thought possible, in the same unit.
    pub range: [f64; 2],
    /// Unit of `value` and `range`; empty: a number.
    pub unit: String,
    /// As typed where it comes from, e.g. "1.5 h" or "15 mmHg/s".
    pub written: String,
    /// Part of the model: "cells", "oxygen", "immune" ...
    pub section: String,
    /// Evidence; a value of the plan has none that the program knows of and is marked [`Mark::A`].
    pub mark: Mark,
    /// Source.
    pub source: String,
    /// Where the value comes from.
    pub origin: Origin,
}

impl Parameter {
    /// Whether reports list it as assumed: recalled or assumed, and not a value of the plan.
    pub fn is_assumed(&self) -> bool {
        self.mark.is_assumed() && self.origin != Origin::Plan
    }

    /// Whether the value lies outside the range thought possible.
    pub fn is_unusual(&self) -> bool {
        let [low, high] = self.range;
        let slack = 1e-9 * high.abs();
        self.value < low - slack || self.value > high + slack
    }
}

/// All parameters of one region.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ParameterSet {
    /// By name.
    pub parameters: BTreeMap<String, Parameter>,
}

impl ParameterSet {
    /// The program's parameters for a tissue of the table of tissues (`tissue = "..."` in a plan).
    ///
    /// # Panics
    /// No such tissue: an error of the program, since plans are checked when they are read.
    pub fn built_in(tissue: &str) -> Self {
        BUILT_IN.parameters(tissue).unwrap_or_else(|| panic!("no tissue {tissue}"))
    }

    /// The value of a parameter, in the model's units: d, Gy, um, mmHg, nM, mL, keV. Half-lives stay times.
    ///
    /// # Panics
    /// No such parameter: an error of the program.
    pub fn get(&self, name: &str) -> f64 {
        self.parameters.get(name).unwrap_or_else(|| panic!("no parameter {name}")).value
    }

    /// Gives a parameter another value, in the model's unit, as if the plan had written it.
    ///
    /// # Panics
    /// No such parameter: an error of the program.
    pub fn set(&mut self, name: &str, value: f64) {
        let parameter = self.parameters.get_mut(name).unwrap_or_else(|| panic!("no parameter {name}"));
        let written = if parameter.unit.is_empty() { value.to_string() } else { format!("{value} {}", parameter.unit) };
        parameter.overwrite(value, written);
    }

    /// Names of the parameters that are recalled or assumed and not given by the plan.
    pub fn assumed(&self) -> Vec<&str> {
        self.iter().filter(|(_, p)| p.is_assumed()).map(|(name, _)| name).collect()
    }

    /// All parameters, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.parameters.iter().map(|(name, p)| (name.as_str(), p))
    }
}

impl Parameter {
    /// Takes a value of the plan.
    pub(in crate::plan) fn overwrite(&mut self, value: f64, written: String) {
        self.value = value;
        self.written = written;
        self.mark = Mark::A;
        "value of the plan".clone_into(&mut self.source);
        self.origin = Origin::Plan;
    }
}
