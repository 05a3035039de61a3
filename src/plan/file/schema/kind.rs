//! What a key of the plan file may hold, and how JSON Schema says it.

use serde_json::{Value, json};

use crate::plan::{
    quantity::{Dimension, Limits},
    show,
};

/// A decimal number, as quantities begin.
const NUMBER: &str = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?";

/// What a key may hold.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plan) enum Kind {
    /// A text that is not blank.
    Text,
    /// One text or several.
    Texts,
    /// true or false.
    Flag,
    /// One of these words.
    Words(Vec<String>),
    /// One word of a list, or several.
    WordList(Vec<String>),
    /// A name of the material table.
    Material,
    /// A number with its unit.
    Quantity(&'static Dimension, Limits),
    /// Any number of quantities.
    Quantities(&'static Dimension, Limits),
    /// Three quantities, or one for all axes.
    Vector { dimension: &'static Dimension, limits: Limits, single: bool },
    /// A whole number.
    Count(u64, u64),
    /// Whole numbers, as many as said (none: any).
    Counts { min: u64, max: u64, number: Option<usize> },
    /// A plain number.
    Number(Limits),
    /// One plain number or several.
    Numbers(Limits),
    /// An axis, or three numbers.
    Direction,
    /// A table of the file.
    Table(&'static str),
    /// Tables of one kind; `single`: one table counts as an array of one.
    Tables { table: &'static str, single: bool },
    /// A table whose keys are names of the user's.
    Named(Box<Kind>),
    /// A file, or a table with folder and series.
    Image,
    /// Several images.
    Images,
    /// One of several kinds.
    OneOf(Vec<Kind>),
}

impl Kind {
    /// One of several words.
    pub(in crate::plan) fn words(words: &[&str]) -> Self {
        Self::Words(words.iter().map(|word| (*word).to_owned()).collect())
    }

    /// The kinds that it stands for.
    #[cfg(test)]
    pub(super) fn alternatives(&self) -> &[Self] {
        match self {
            Self::OneOf(kinds) => kinds,
            kind => std::slice::from_ref(kind),
        }
    }

    /// As JSON Schema.
    pub(super) fn schema(&self) -> Value {
        let text = || json!({ "type": "string", "pattern": r"\S" });
        let list = |items: Value| json!({ "type": "array", "items": items, "minItems": 1 });
        let reference = |table: &str| json!({ "$ref": format!("#/$defs/{table}") });
        match self {
            Self::Text => text(),
            Self::Texts => json!({ "anyOf": [text(), list(text())] }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Words(words) => json!({ "enum": words }),
            Self::WordList(words) => json!({ "anyOf": [{ "enum": words }, list(json!({ "enum": words }))] }),
            Self::Material => reference("material"),
            Self::Quantity(dimension, limits) => quantity(dimension, *limits),
            Self::Quantities(dimension, limits) => json!({
                "anyOf": [
                    { "type": "string", "pattern": list_pattern(dimension, "*") },
                    { "type": "array", "items": quantity(dimension, *limits) },
                ]
            }),
            Self::Vector { dimension, limits, single } => json!({
                "anyOf": [
                    // One for all axes: none of the two before it.
                    { "type": "string", "pattern": if *single { format!("{}|{}", list_pattern(dimension, "{2}"), list_pattern(dimension, "{0}")) } else { list_pattern(dimension, "{2}") } },
                    { "type": "array", "items": quantity(dimension, *limits), "minItems": if *single { 1 } else { 3 }, "maxItems": 3 },
                ]
            }),
            Self::Count(min, max) => count(*min, *max),
            Self::Counts { min, max, number } => match number {
                Some(n) => json!({ "type": "array", "items": count(*min, *max), "minItems": n, "maxItems": n }),
                None => json!({ "type": "array", "items": count(*min, *max) }),
            },
            Self::Number(limits) => number(*limits),
            Self::Numbers(limits) => json!({ "anyOf": [number(*limits), list(number(*limits))] }),
            Self::Direction => json!({
                "anyOf": [
                    { "type": "string", "pattern": r"^\s*-?[xyz]\s*$" },
                    { "type": "array", "items": { "type": "number" }, "minItems": 3, "maxItems": 3 },
                ]
            }),
            Self::Table(table) => reference(table),
            Self::Tables { table, single } => {
                let several = json!({ "type": "array", "items": reference(table) });
                if *single { json!({ "anyOf": [reference(table), several] }) } else { several }
            }
            Self::Named(kind) => json!({ "type": "object", "additionalProperties": kind.schema() }),
            Self::Image => json!({ "anyOf": [text(), reference("image")] }),
            Self::Images => {
                let image = Self::Image.schema();
                json!({ "anyOf": [text(), reference("image"), list(image)] })
            }
            Self::OneOf(kinds) => json!({ "anyOf": kinds.iter().map(Self::schema).collect::<Vec<_>>() }),
        }
    }

    /// Units and range for people; empty where the schema says all.
    pub(super) fn remark(&self) -> String {
        match self {
            Self::Quantity(dimension, limits) | Self::Quantities(dimension, limits) | Self::Vector { dimension, limits, .. } => {
                let bare = if dimension.bare { ", or a bare number" } else { "" };
                format!("Units: {}{bare}{}.", dimension.unit_list(), range(dimension, *limits))
            }
            Self::OneOf(kinds) => {
                let remarks: Vec<String> = kinds.iter().map(Self::remark).filter(|remark| !remark.is_empty()).collect();
                remarks.join(" ")
            }
            Self::Named(kind) => kind.remark(),
            _ => String::new(),
        }
    }
}

/// "; from 1 um to 10 mm" where limits mean more than a sign.
fn range(dimension: &Dimension, limits: Limits) -> String {
    let show = |value: f64| show::quantity(value, dimension);
    match (limits.min, limits.min_included, limits.max == f64::MAX) {
        (min, true, false) if min > f64::MIN => format!("; from {} to {}", show(min), show(limits.max)),
        (0.0, false, false) => format!("; above 0, up to {}", show(limits.max)),
        (0.0, true, true) => "; 0 or more".to_owned(),
        (0.0, false, true) => "; above 0".to_owned(),
        _ => String::new(),
    }
}

/// A whole number; TOML's floats too, since 2e6 is one.
fn count(min: u64, max: u64) -> Value {
    // Beyond 2^53 JSON numbers are no longer exact.
    json!({ "type": "number", "multipleOf": 1, "minimum": min, "maximum": max.min(1 << 53) })
}

fn number(limits: Limits) -> Value {
    let mut schema = json!({ "type": "number" });
    if limits.min > f64::MIN {
        schema[if limits.min_included { "minimum" } else { "exclusiveMinimum" }] = limits.min.into();
    }
    if limits.max < f64::MAX {
        schema["maximum"] = limits.max.into();
    }
    schema
}

/// Units as a group of a regular expression.
fn units(dimension: &Dimension) -> String {
    // Longest first, so that an engine that takes the first fit does not stop at `m` of `mm`.
    let mut units: Vec<&str> = dimension.units.iter().map(|unit| unit.0).collect();
    units.sort_by_key(|unit| std::cmp::Reverse(unit.len()));
    let escaped = |unit: &&str| unit.replace('^', r"\^").replace('(', r"\(").replace(')', r"\)");
    format!("({})", units.iter().map(escaped).collect::<Vec<_>>().join("|"))
}

fn quantity(dimension: &Dimension, limits: Limits) -> Value {
    let optional = if dimension.bare { "?" } else { "" };
    let text = json!({ "type": "string", "pattern": format!(r"^\s*{NUMBER}\s*{}{optional}\s*$", units(dimension)) });
    if dimension.bare { json!({ "anyOf": [text, number(limits)] }) } else { text }
}

/// Quantities with commas between; those without unit take that of the next one. `more`: how many before the last.
fn list_pattern(dimension: &Dimension, more: &str) -> String {
    let (units, last) = (units(dimension), if dimension.bare { "?" } else { "" });
    format!(r"^(\s*{NUMBER}\s*{units}?\s*,){more}\s*{NUMBER}\s*{units}{last}\s*$")
}
