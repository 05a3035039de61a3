//! Radiobiological parameters of tissues, each with the evidence behind it.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::quantity::{self, DOSE, Dimension, Limits, PER_DOSE, PER_VOLUME, TIME};

/// The tissue used where a plan says nothing.
pub(super) const DEFAULT_TISSUE: &str = "normal";

/// A parameter of [`super::TissueParameters`]: its key in the plan, its dimension (`None`: a plain number) and its limits.
pub(super) struct Parameter {
    pub(super) key: &'static str,
    pub(super) dimension: Option<&'static Dimension>,
    pub(super) limits: Limits,
}

const YEAR: f64 = 365.25 * 86400.0;

/// All parameters; the first five must be known for every tissue.
pub(super) const PARAMETERS: [Parameter; 12] = [
    Parameter { key: "alpha", dimension: Some(&PER_DOSE), limits: Limits::up_to(10.0) },
    Parameter { key: "alpha_beta", dimension: Some(&DOSE), limits: Limits::between(0.01, 1000.0) },
    Parameter { key: "repair_half_time", dimension: Some(&TIME), limits: Limits::between(1.0, 100.0 * 86400.0) },
    Parameter { key: "rbe_high_let", dimension: None, limits: Limits::between(0.1, 100.0) },
    Parameter { key: "high_let_beta", dimension: None, limits: Limits::between(0.0, 100.0) },
    Parameter { key: "clonogens", dimension: Some(&PER_VOLUME), limits: Limits::up_to(1e12) },
    Parameter { key: "doubling_time", dimension: Some(&TIME), limits: Limits::between(3600.0, 100.0 * YEAR) },
    Parameter { key: "kick_off", dimension: Some(&TIME), limits: Limits::between(0.0, 100.0 * YEAR) },
    Parameter { key: "td50", dimension: Some(&DOSE), limits: Limits::up_to(1e4) },
    Parameter { key: "m", dimension: None, limits: Limits::between(0.001, 10.0) },
    Parameter { key: "n", dimension: None, limits: Limits::between(0.001, 100.0) },
    Parameter { key: "bed_limit", dimension: Some(&DOSE), limits: Limits::up_to(1e5) },
];

/// How well a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Mark {
    /// Read in the source named.
    V,
    /// Recalled from a publication that was not re-read.
    R,
    /// Assumed.
    A,
}

impl Mark {
    /// As a word for reports.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::V => "published",
            Self::R => "recalled",
            Self::A => "assumed",
        }
    }
}

/// A value with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Preset {
    /// In the unit used inside.
    pub(super) value: f64,
    pub(super) mark: Mark,
    pub(super) source: String,
}

/// A tissue's parameters by key.
pub(super) type Tissue = BTreeMap<&'static str, Preset>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Typed {
    Number(f64),
    Quantity(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedPreset {
    value: Typed,
    mark: Mark,
    source: String,
}

/// Tissues by name.
pub(super) static TISSUES: LazyLock<BTreeMap<String, Tissue>> =
    LazyLock::new(|| parse(include_str!("presets.toml")).unwrap_or_else(|fault| panic!("built-in presets.toml: {fault}")));

fn parse(text: &str) -> Result<BTreeMap<String, Tissue>, String> {
    let typed: BTreeMap<String, BTreeMap<String, TypedPreset>> = toml::from_str(text).map_err(|e| e.to_string())?;
    typed.into_iter().map(|(name, tissue)| resolve(&tissue).map(|t| (name.clone(), t)).map_err(|e| format!("{name}: {e}"))).collect()
}

fn resolve(tissue: &BTreeMap<String, TypedPreset>) -> Result<Tissue, String> {
    let mut values = BTreeMap::new();
    for (key, typed) in tissue {
        let parameter = PARAMETERS.iter().find(|p| p.key == key).ok_or_else(|| format!("unknown parameter {key}"))?;
        let value = match (&typed.value, parameter.dimension) {
            (Typed::Number(value), None) => *value,
            (Typed::Quantity(text), Some(dimension)) => quantity::parse(text, dimension).map_err(|f| f.message)?,
            _ => return Err(format!("{key}: number where a quantity belongs, or the reverse")),
        };
        parameter.limits.check(value, key, |v| v.to_string()).map_err(|f| f.message)?;
        values.insert(parameter.key, Preset { value, mark: typed.mark, source: typed.source.clone() });
    }
    match PARAMETERS[..5].iter().find(|p| !values.contains_key(p.key)) {
        Some(absent) => Err(format!("{} is missing", absent.key)),
        None => Ok(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "parsed from the same digits")]
    fn the_built_in_table_is_complete() {
        assert_eq!(
            TISSUES.keys().map(String::as_str).collect::<Vec<_>>(),
            ["dtc", "hcc", "kidney", "liver", "lung", "marrow", "net", "normal", "prostate-metastasis", "salivary", "spleen"]
        );
        let kidney = &TISSUES["kidney"];
        assert_eq!((kidney["alpha_beta"].value, kidney["repair_half_time"].value, kidney["bed_limit"].value), (2.6, 10_080.0, 40.0));
        assert_eq!(TISSUES["prostate-metastasis"]["alpha"].mark, Mark::V);
        for (name, tissue) in TISSUES.iter() {
            let lkb = ["td50", "m", "n"].map(|k| tissue.contains_key(k));
            assert!(lkb == [true; 3] || lkb == [false; 3], "{name}");
            assert!(tissue.values().all(|p| !p.source.is_empty()), "{name}");
        }
    }

    #[test]
    fn a_broken_table_is_an_error() {
        for (from, to) in
            [("\"0.1 /Gy\"", "\"0.1 Gy\""), ("alpha_beta =", "alphabeta ="), ("mark = \"A\"", "mark = \"Q\""), ("value = 5", "value = 500")]
        {
            assert!(parse(&include_str!("presets.toml").replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
