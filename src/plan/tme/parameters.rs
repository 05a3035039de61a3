//! Parameters of the tumour-microenvironment model: the parameter file, read and resolved for a tissue.

use std::collections::BTreeMap;

use serde::Serialize;

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
    /// Value in the model's units: d, Gy, um, mmHg, nM, mL, keV, and products of these.
    pub value: f64,
    /// Lowest and highest value thought possible, in the same unit.
    pub range: [f64; 2],
    /// Unit, as written in reports.
    pub unit: String,
    /// Evidence.
    pub mark: Mark,
    /// Source.
    pub source: String,
    /// Where the value comes from.
    pub origin: Origin,
}

/// All parameters of one region.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterSet {
    /// By name.
    pub parameters: BTreeMap<String, Parameter>,
}
