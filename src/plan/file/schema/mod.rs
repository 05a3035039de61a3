//! The plan file as JSON Schema, for editors: every table, key, word, unit and default.
//!
//! The parser reads by hand (see `docs/adr/0012-plan-errors.md`); `tests` compares every table with the keys that the parser knows, and every
//! key with what the parser reads it as, both ways, so the two cannot part.

mod fractions;
mod kind;
mod phantom;
mod response;
mod settings;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub(in crate::plan) use kind::Kind;

/// A table of the plan file.
pub(super) struct Table {
    /// Its name among the definitions; the first is the plan itself.
    name: &'static str,
    about: &'static str,
    keys: Vec<Key>,
    /// More that JSON Schema is to check.
    rules: Value,
}

/// A key of a table.
pub(super) struct Key {
    name: String,
    kind: Kind,
    about: String,
    default: Option<Value>,
    required: bool,
}

/// A table without rules.
fn table(name: &'static str, about: &'static str, keys: Vec<Key>) -> Table {
    Table { name, about, keys, rules: json!({}) }
}

fn key(name: impl Into<String>, kind: Kind, about: impl Into<String>) -> Key {
    Key { name: name.into(), kind, about: about.into(), default: None, required: false }
}

impl Key {
    /// What it is when it is not written, as a value that could be written.
    fn default(self, value: impl Into<Value>) -> Self {
        Self { default: Some(value.into()), ..self }
    }

    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn schema(&self) -> Value {
        let mut schema = self.kind.schema();
        let mut about = self.about.clone();
        for more in [self.kind.remark(), self.default.as_ref().map_or_else(String::new, |value| format!("Default: {value}."))] {
            if !more.is_empty() {
                about += &format!("{}{more}", if about.ends_with('.') { " " } else { ". " });
            }
        }
        schema["description"] = about.into();
        if let Some(default) = &self.default {
            schema["default"] = default.clone();
        }
        schema
    }
}

impl Table {
    fn schema(&self) -> Value {
        let mut schema = json!({ "type": "object", "description": self.about, "additionalProperties": false });
        schema["properties"] = Value::Object(self.keys.iter().map(|key| (key.name.clone(), key.schema())).collect::<Map<_, _>>());
        let required: Vec<&str> = self.keys.iter().filter(|key| key.required).map(|key| key.name.as_str()).collect();
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if let (Value::Object(schema), Value::Object(rules)) = (&mut schema, &self.rules) {
            schema.extend(rules.clone());
        }
        schema
    }
}

/// Every table, the plan itself first.
fn tables() -> Vec<Table> {
    let plan = table(
        "plan",
        "A plan of dosaic: what is given, when, where it goes, in which phantom, and what is asked of the result.",
        vec![
            key("title", Kind::Text, "For reports").default("untitled"),
            key("phantom", Kind::Table("phantom"), "The voxels").required(),
            key("region", Kind::Tables { table: "region", single: true }, "Named sets of voxels, in painting order"),
            key("nuclide", Kind::Tables { table: "nuclide", single: true }, "What is administered; at least one").required(),
            key("fraction", Kind::Tables { table: "fraction", single: false }, "Therapy cycles, in the order of their start; at least one")
                .required(),
            key(
                "external_dose",
                Kind::Tables { table: "external_dose", single: false },
                "Doses computed elsewhere that count beside the fractions",
            ),
            key("transport", Kind::Table("transport"), "How particles are transported"),
            key("response", Kind::Table("response"), "Radiobiology"),
            key("output", Kind::Table("output"), "What is written"),
        ],
    );
    let mut all = vec![plan];
    all.extend(phantom::tables());
    all.extend(fractions::tables());
    all.extend(settings::tables());
    all.extend(response::tables());
    all
}

/// The schema of plan files (JSON Schema, draft 2020-12).
pub fn schema() -> Value {
    let tables = tables();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dosaic plan",
    });
    if let (Value::Object(schema), Value::Object(plan)) = (&mut schema, tables[0].schema()) {
        schema.extend(plan);
    }
    let mut definitions: Map<String, Value> = tables[1..].iter().map(|table| (table.name.to_owned(), table.schema())).collect();
    definitions.insert("material".into(), phantom::materials());
    schema["$defs"] = definitions.into();
    schema
}
