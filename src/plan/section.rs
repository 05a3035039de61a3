//! One table of the plan file: typed access to its keys, with every problem noted at its place.
//!
//! A derived deserializer stops at the first problem; reading the spanned TOML tree key by key finds all of them in one go.

use std::{cell::RefCell, ops::Range};

use glam::DVec3;
use toml::de::{DeTable, DeValue};

use super::{
    file::schema::Kind,
    frame::{Fault, Findings, closest, suggestion},
    quantity::{self, Dimension, Limits},
    show,
};

/// Largest count accepted (2^53 keeps doubles exact).
const COUNT_MAX: u64 = 1 << 53;

/// A value of the TOML tree with its place.
pub(super) type Spanned<'a> = toml::Spanned<DeValue<'a>>;

/// What became of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field<T> {
    /// The key is not there.
    Absent,
    /// It is there, and what is wrong with it has been noted.
    Wrong,
    /// Its value and where that stands.
    Value(T, Range<usize>),
}

impl<T> Field<T> {
    /// The value, if there is a good one.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value, _) => Some(value),
            _ => None,
        }
    }

    /// True unless the key is missing.
    pub(super) fn is_written(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The same with another value.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Wrong => Field::Wrong,
            Self::Value(value, span) => Field::Value(change(value), span),
        }
    }
}

/// A table of the plan.
#[derive(Clone)]
pub(super) struct Section<'a> {
    findings: &'a Findings<'a>,
    table: &'a DeTable<'a>,
    /// Where the table begins (its header), for what is missing in it.
    pub(super) span: Range<usize>,
    /// As a user knows it: `[phantom]`.
    pub(super) title: String,
    /// Dotted path under which defaults are noted.
    pub(super) path: String,
    /// Keys that a misspelt one was taken for: they are not reported as missing too.
    meant: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// A table with its header's place, its name for messages and its dotted path.
    pub(super) fn new(findings: &'a Findings<'a>, table: &'a DeTable<'a>, span: Range<usize>, title: &str, path: &str) -> Self {
        Self { findings, table, span, title: title.to_owned(), path: path.to_owned(), meant: RefCell::default() }
    }

    /// Notes every key that is not one of `known`.
    pub(super) fn only(&self, known: &[&'static str]) {
        #[cfg(test)]
        super::trace::table(&self.title, known);
        for (key, _) in self.table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            self.meant.borrow_mut().extend(closest(key.get_ref(), known.iter().copied()));
            let help = suggestion(key.get_ref(), known.iter().copied(), "known keys");
            self.problem(key.span(), Fault::new(format!("unknown key `{}` in {}", key.get_ref(), self.title), help));
        }
    }

    /// Keys and values in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'a str, Range<usize>, &'a Spanned<'a>)> {
        let mut entries: Vec<_> = self.table.iter().map(|(k, v)| (k.get_ref().as_ref(), k.span(), v)).collect();
        entries.sort_by_key(|e| e.1.start);
        entries
    }

    /// Whether a key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a key is written and holds more than `[]` or `{}`.
    pub(super) fn has_content(&self, key: &str) -> bool {
        self.raw(key).is_some_and(|v| match v.get_ref() {
            DeValue::Array(array) => !array.is_empty(),
            DeValue::Table(table) => !table.is_empty(),
            _ => true,
        })
    }

    /// The raw value of a key.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Spanned<'a>> {
        self.table.get(key)
    }

    /// Where a key is written, for problems of the key rather than its value.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.table.get_key_value(key).map_or(self.span.clone(), |(k, _)| k.span())
    }

    /// Notes a problem.
    pub(super) fn problem(&self, span: Range<usize>, fault: Fault) {
        self.findings.problem(span, fault);
    }

    /// Notes that a file named at a place cannot be used, with the problems in it.
    pub(super) fn inside(&self, span: Range<usize>, fault: Fault, problems: &str) {
        self.findings.inside(span, fault, problems);
    }

    /// Lets these keys be missing without a word, because what would give them is broken (and noted).
    pub(super) fn excuse(&self, keys: &[&'static str]) {
        self.meant.borrow_mut().extend(keys);
    }

    /// Notes that a key is missing; `example` is a line that would do.
    pub(super) fn missing(&self, key: &str, example: &str) {
        if self.meant.borrow().contains(&key) {
            return;
        }
        self.problem(self.span.clone(), Fault::new(format!("{} lacks `{key}`", self.title), format!("add {example}")));
    }

    /// Notes that `key` was left to its default.
    pub(super) fn note_default(&self, key: &str, note: &str) {
        self.findings.defaulted(format!("{}.{key}", self.path), note);
    }

    /// The value of a key that must be there.
    pub(super) fn required<T>(&self, key: &str, field: Field<T>, example: &str) -> Option<T> {
        if !field.is_written() {
            self.missing(key, example);
        }
        field.value()
    }

    /// The value of a key or its default, which is noted. A wrong value (already noted) stands in as the default.
    pub(super) fn or_default<T>(&self, key: &str, field: Field<T>, default: T) -> T {
        if !field.is_written() {
            self.note_default(key, "default");
        }
        field.value().unwrap_or(default)
    }

    /// Tells tests what a key is read as, so that they can hold the schema against it.
    #[cfg_attr(not(test), allow(clippy::unused_self, reason = "only tests look"))]
    fn is_read_as(&self, _key: &str, _kind: impl FnOnce() -> Kind) {
        #[cfg(test)]
        super::trace::key(&self.title, _key, _kind());
    }

    /// Reads a key with `read`, noting its fault.
    pub(super) fn read<T>(&self, key: &str, read: impl FnOnce(&'a DeValue<'a>) -> Result<T, Fault>) -> Field<T> {
        let Some(value) = self.raw(key) else { return Field::Absent };
        match read(value.get_ref()) {
            Ok(good) => Field::Value(good, value.span()),
            Err(fault) => {
                let message = format!("`{key}`: {}", fault.message);
                self.problem(value.span(), Fault { message, help: fault.help });
                Field::Wrong
            }
        }
    }

    /// Text without surrounding blanks, not empty.
    pub(super) fn text(&self, key: &str, example: &str) -> Field<&'a str> {
        self.is_read_as(key, || Kind::Text);
        self.read(key, |value| text(value, example))
    }

    /// One text or several.
    pub(super) fn texts(&self, key: &str, example: &str) -> Field<Vec<&'a str>> {
        self.is_read_as(key, || Kind::Texts);
        self.read(key, |value| texts(value, example))
    }

    /// true or false.
    pub(super) fn flag(&self, key: &str) -> Field<bool> {
        self.is_read_as(key, || Kind::Flag);
        self.read(key, |value| value.as_bool().ok_or_else(|| wrong_kind(value, "true or false", &format!("write {key} = true"))))
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Field<T> {
        self.is_read_as(key, || Kind::words(&words.iter().map(|word| word.0).collect::<Vec<_>>()));
        self.read(key, |value| {
            let example = words.first().map_or("", |w| w.0);
            word_of(text(value, &format!("{key} = \"{example}\""))?, words)
        })
    }

    /// A quantity with its unit, within limits.
    pub(super) fn quantity(&self, key: &str, dimension: &'static Dimension, limits: Limits) -> Field<f64> {
        self.is_read_as(key, || Kind::Quantity(dimension, limits));
        self.read(key, |value| quantity_of(value, dimension, limits))
    }

    /// A whole number, also written as 2e6.
    pub(super) fn count(&self, key: &str, min: u64, max: u64) -> Field<u64> {
        self.is_read_as(key, || Kind::Count(min, max));
        self.read(key, |value| count_of(value, min, max))
    }

    /// Three quantities `"x, y, z unit"`, or an array of three strings; with `single`, one quantity for all three axes.
    pub(super) fn vector(&self, key: &str, dimension: &'static Dimension, limits: Limits, single: bool) -> Field<DVec3> {
        self.is_read_as(key, || Kind::Vector { dimension, limits, single });
        self.read(key, |value| {
            let form =
                format!("write {key} = \"10, 0, -5 {}\"{}", dimension.typical, if single { " or one value for all axes" } else { "" });
            let values = quantities_of(value, dimension, limits, &form)?;
            match values[..] {
                [x, y, z] => Ok(DVec3::new(x, y, z)),
                [all] if single => Ok(DVec3::splat(all)),
                _ => Err(Fault::new(format!("three values are needed (x, y, z), not {}", values.len()), form)),
            }
        })
    }

    /// Any number of quantities, `"10, 20, 50 Gy"` or an array of strings.
    pub(super) fn quantities(&self, key: &str, dimension: &'static Dimension, limits: Limits) -> Field<Vec<f64>> {
        self.is_read_as(key, || Kind::Quantities(dimension, limits));
        self.read(key, |value| quantities_of(value, dimension, limits, &format!("write {key} = \"10, 20, 50 {}\"", dimension.typical)))
    }

    /// A direction: "x", "-y", ... or an array of three numbers that are not all zero.
    pub(super) fn direction(&self, key: &str) -> Field<DVec3> {
        self.is_read_as(key, || Kind::Direction);
        self.read(key, |value| {
            let form = format!("write {key} = \"z\" (or \"-x\", ...) or {key} = [0, 0.5, 1]");
            if let Some(word) = value.as_str() {
                let (sign, axis) = word.trim().strip_prefix('-').map_or((1.0, word.trim()), |a| (-1.0, a));
                let unit = match axis {
                    "x" => DVec3::X,
                    "y" => DVec3::Y,
                    "z" => DVec3::Z,
                    _ => return Err(Fault::new(format!("\"{word}\" is not an axis"), form)),
                };
                return Ok(unit * sign);
            }
            let numbers: Option<Vec<f64>> = value.as_array().and_then(|a| a.iter().map(|v| plain_number(v.get_ref())).collect());
            let Some(&[x, y, z]) = numbers.as_deref() else { return Err(wrong_kind(value, "a direction", &form)) };
            let vector = DVec3::new(x, y, z);
            let length = vector.length();
            if length.is_finite() && length > 1e-9 && length < 1e9 {
                Ok(vector)
            } else {
                Err(Fault::new(format!("[{x}, {y}, {z}] has no usable direction"), form))
            }
        })
    }

    /// A table below this one, written `[a.b]` or `b = { ... }`.
    pub(super) fn table(&self, key: &str, title: &str, path: &str) -> Option<Self> {
        let value = self.raw(key)?;
        if let Some(table) = value.get_ref().as_table() {
            return Some(Self::new(self.findings, table, value.span(), title, path));
        }
        let twice = value.get_ref().as_array().is_some_and(|a| a.iter().all(|v| v.get_ref().is_table()));
        let help = if twice { format!("write {title} once, in single brackets") } else { format!("write it as a table, {title}") };
        self.problem(value.span(), Fault::new(format!("`{key}` is {}, but one table is needed", kind(value.get_ref())), help));
        None
    }

    /// Stands in for a table below this one that is not written: everything in it is left to defaults.
    pub(super) fn absent<'b>(&self, empty: &'b DeTable<'b>, title: &str, path: &str) -> Section<'b>
    where
        'a: 'b,
    {
        Section::new(self.findings, empty, self.span.clone(), title, path)
    }

    /// Tables of an array, written `[[key]]`; with `single`, one table `[key]` counts as an array of one.
    pub(super) fn tables(&self, key: &str, title: &str, path: &str, single: bool) -> Vec<Self> {
        let Some(value) = self.raw(key) else { return Vec::new() };
        let section = |table, span, at: usize| Self::new(self.findings, table, span, title, &format!("{path}.{at}"));
        if let Some(table) = value.get_ref().as_table().filter(|_| single) {
            return vec![section(table, value.span(), 0)];
        }
        let help = format!("write each as a table under its own header {title}");
        let Some(array) = value.get_ref().as_array() else {
            let fault = Fault::new(format!("`{key}` is {}, but a list of tables is needed", kind(value.get_ref())), help);
            self.problem(value.span(), fault);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (at, item) in array.iter().enumerate() {
            match item.get_ref().as_table() {
                Some(table) => sections.push(section(table, item.span(), at)),
                None => {
                    let message = format!("`{key}` holds {}, but tables are needed", kind(item.get_ref()));
                    self.problem(item.span(), Fault::new(message, help.clone()));
                }
            }
        }
        sections
    }
}

/// What a value is, for messages.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a bare number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A value as written, for messages.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(n) => n.to_string(),
        DeValue::Float(x) => x.to_string(),
        DeValue::Boolean(b) => b.to_string(),
        _ => kind(value).to_owned(),
    }
}

/// A fault for a value of the wrong kind.
pub(super) fn wrong_kind(value: &DeValue<'_>, needed: &str, help: &str) -> Fault {
    Fault::new(format!("found {}, but {needed} is needed", kind(value)), help)
}

/// Text without surrounding blanks, not empty.
pub(super) fn text<'a>(value: &'a DeValue<'a>, example: &str) -> Result<&'a str, Fault> {
    let text = value.as_str().ok_or_else(|| wrong_kind(value, "a text in quotes", &format!("write for example {example}")))?.trim();
    if text.is_empty() { Err(Fault::new("the text is empty", format!("write for example {example}"))) } else { Ok(text) }
}

/// One text or an array of texts, none empty.
pub(super) fn texts<'a>(value: &'a DeValue<'a>, example: &str) -> Result<Vec<&'a str>, Fault> {
    match value.as_array() {
        Some(array) if array.is_empty() => Err(Fault::new("the list is empty", format!("write for example {example}"))),
        Some(array) => array.iter().map(|item| text(item.get_ref(), example)).collect(),
        None => Ok(vec![text(value, example)?]),
    }
}

/// What one of several words stands for.
pub(super) fn word_of<T: Copy>(word: &str, words: &[(&str, T)]) -> Result<T, Fault> {
    words.iter().find(|w| w.0 == word).map(|w| w.1).ok_or_else(|| {
        let choices: Vec<String> = words.iter().map(|w| format!("\"{}\"", w.0)).collect();
        let near = closest(word, words.iter().map(|w| w.0)).map(|best| format!("did you mean `{best}`? "));
        Fault::new(format!("unknown word \"{word}\""), format!("{}choices: {}", near.unwrap_or_default(), choices.join(", ")))
    })
}

/// An integer or float of the file (possibly not finite).
pub(super) fn plain_number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
        DeValue::Float(x) => x.as_str().parse().ok(),
        _ => None,
    }
}

/// A plain number within limits.
pub(super) fn number_of(value: &DeValue<'_>, key: &str, limits: Limits) -> Result<f64, Fault> {
    let number =
        plain_number(value).ok_or_else(|| wrong_kind(value, "a plain number", &format!("write {key} = 1.5 (no unit, no quotes)")))?;
    limits.check(number, &found(value), show::number)
}

/// A quantity in quotes, or a bare number where the dimension allows one.
pub(super) fn quantity_of(value: &DeValue<'_>, dimension: &Dimension, limits: Limits) -> Result<f64, Fault> {
    let show = |x: f64| show::quantity(x, dimension);
    if let Some(number) = plain_number(value) {
        if dimension.bare {
            return limits.check(number, &found(value), show);
        }
        let message = format!("{} is a bare number, but {} needs its unit", found(value), dimension.name);
        return Err(Fault::new(
            message,
            if number.is_finite() { dimension.advice(&found(value)) } else { format!("write {}", dimension.form()) },
        ));
    }
    let Some(text) = value.as_str() else {
        return Err(wrong_kind(value, dimension.name, &format!("write it like {}", dimension.form())));
    };
    limits.check(quantity::parse(text, dimension)?, &found(value), show)
}

/// A list of quantities: one text with commas, or an array of texts.
fn quantities_of(value: &DeValue<'_>, dimension: &Dimension, limits: Limits, form: &str) -> Result<Vec<f64>, Fault> {
    if let Some(array) = value.as_array() {
        let advise = |fault: Fault| Fault { help: Some(form.to_owned()), ..fault };
        return array.iter().map(|v| quantity_of(v.get_ref(), dimension, limits).map_err(advise)).collect();
    }
    let Some(text) = value.as_str() else { return Err(wrong_kind(value, &format!("{} with unit", dimension.name), form)) };
    let show = |x: f64| show::quantity(x, dimension);
    let values = quantity::parse_list(text, dimension)?;
    values.iter().map(|&v| limits.check(v, &found(value), show)).collect()
}

/// A whole number between `min` and `max`, also written 2e6.
pub(super) fn count_of(value: &DeValue<'_>, min: u64, max: u64) -> Result<u64, Fault> {
    let max = max.min(COUNT_MAX);
    let like = if max >= 1_000_000 { ", like 1000000 or 1e6," } else { "" };
    let rule = format!("a whole number from {min} to {}{like} is needed", show::number(max as f64));
    let number = match value {
        DeValue::Integer(n) => i128::from_str_radix(n.as_str(), n.radix()).ok(),
        DeValue::Float(x) => x.as_str().parse::<f64>().ok().filter(|x| x.fract() == 0.0 && x.abs() < 1e18).map(|x| x as i128),
        _ => None,
    };
    match number {
        Some(n) if n >= min.into() && n <= max.into() => Ok(n as u64),
        _ => Err(Fault::new(format!("found {}", found(value)), rule)),
    }
}
