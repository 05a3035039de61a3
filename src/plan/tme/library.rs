//! The parameter file: values with unit, range, evidence mark and source, and what differs by tissue.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use toml::de::{DeTable, DeValue};

use super::{
    Mark, Origin, Parameter, ParameterSet,
    dimension::{self, CLEARANCE, DISTRIBUTION, NUMBER},
};
use crate::{
    error::Result,
    plan::{
        frame::{Fault, Findings, suggestion},
        presets::TISSUES,
        quantity::{self, Dimension, Limits},
        section::{Field, Section, plain_number, quantity_of, text},
    },
};

/// The program's own parameter file.
pub(in crate::plan) static BUILT_IN: LazyLock<Library> = LazyLock::new(|| {
    read("parameters.toml", include_str!("parameters.toml"), None).unwrap_or_else(|error| panic!("built-in parameters: {error}"))
});

/// A parameter file as read.
#[derive(Debug, Default)]
pub(in crate::plan) struct Library {
    /// By name.
    pub(in crate::plan) definitions: BTreeMap<String, Definition>,
    /// What differs by tissue.
    tissues: BTreeMap<String, BTreeMap<String, Parameter>>,
    /// Drugs, and their figures by key.
    pub(in crate::plan) drugs: BTreeMap<String, BTreeMap<String, Parameter>>,
}

/// A parameter and what its values may be.
#[derive(Debug)]
pub(in crate::plan) struct Definition {
    pub(in crate::plan) parameter: Parameter,
    pub(in crate::plan) dimension: &'static Dimension,
    /// Values that mean anything.
    pub(in crate::plan) limits: Limits,
    /// Whether only whole numbers mean anything.
    pub(in crate::plan) whole: bool,
    /// Whether it belongs to the patient and not to a region.
    pub(in crate::plan) patient: bool,
}

/// Figures of a drug, all in two compartments: key and dimension.
const DRUG_FIGURES: [(&str, &Dimension); 5] = [
    ("clearance", &CLEARANCE),
    ("central", &DISTRIBUTION),
    ("peripheral", &DISTRIBUTION),
    ("exchange", &CLEARANCE),
    ("nanomolar", &NUMBER),
];

impl Library {
    /// Parameters of a tissue; those of all tumours where the file says nothing of it. `None`: no such tissue.
    pub(in crate::plan) fn parameters(&self, tissue: &str) -> Option<ParameterSet> {
        if !TISSUES.contains_key(tissue) {
            return None;
        }
        let mut parameters: BTreeMap<String, Parameter> =
            self.definitions.iter().map(|(name, d)| (name.clone(), d.parameter.clone())).collect();
        parameters.extend(self.tissues.get(tissue).cloned().unwrap_or_default());
        Some(ParameterSet { parameters })
    }

    /// Lays what this file says of a tissue over parameters.
    pub(in crate::plan) fn over(&self, set: &mut ParameterSet, tissue: &str) {
        let common = self.definitions.iter().map(|(name, d)| (name, &d.parameter));
        let own = self.tissues.get(tissue).into_iter().flatten();
        set.parameters.extend(common.chain(own).map(|(name, p)| (name.clone(), p.clone())));
    }
}

/// Reads a user's parameter file: any subset of the program's parameters and drugs, each with mark and source.
///
/// # Errors
/// [`Error::Input`] with every problem framed by its line.
pub(in crate::plan) fn load(path: &Path) -> Result<Library> {
    let text = crate::io::text::read(path, "a parameter file is a TOML text")?;
    read(&path.display().to_string(), &text, Some(&BUILT_IN))
}

/// Reads a parameter file; `base`: the program's own, of which a user's file changes values.
fn read(name: &str, text: &str, base: Option<&Library>) -> Result<Library> {
    let findings = Findings::new(name, text);
    let (tree, syntax) = DeTable::parse_recoverable(text);
    if let Some(error) = syntax.iter().min_by_key(|e| e.span().map_or(0, |s| s.start)) {
        findings.problem(error.span().unwrap_or(0..0), Fault { message: format!("TOML: {}", error.message()), help: None });
    }
    let mut library = Library::default();
    if syntax.is_empty() {
        let root = Section::new(&findings, tree.get_ref(), 0..0, "the parameter file", "");
        Reader { base, library: &mut library }.file(&root);
    }
    findings.finish()?;
    Ok(library)
}

struct Reader<'r> {
    base: Option<&'r Library>,
    library: &'r mut Library,
}

impl Reader<'_> {
    fn origin(&self) -> Origin {
        if self.base.is_some() { Origin::File } else { Origin::BuiltIn }
    }

    fn file(&mut self, root: &Section<'_>) {
        let (nested, plain): (Vec<_>, Vec<_>) = root.entries().into_iter().partition(|e| ["tissue", "drug"].contains(&e.0));
        for (part, span, _) in plain {
            if let Some(base) = self.base
                && !base.definitions.values().any(|d| d.parameter.section == part)
            {
                if let Some(known) = base.definitions.get(part) {
                    let help = format!("write it under [{}]", known.parameter.section);
                    root.problem(span, Fault::new(format!("`{part}` stands under no part of the model"), help));
                    continue;
                }
                let parts: std::collections::BTreeSet<&str> = base.definitions.values().map(|d| d.parameter.section.as_str()).collect();
                let help = suggestion(part, parts.into_iter().chain(["tissue", "drug"]), "parts of the model");
                root.problem(span, Fault::new(format!("there is no part [{part}] of the model"), help));
                continue;
            }
            for (name, entry) in root.table(part, &format!("[{part}]"), part).iter().flat_map(tables) {
                self.common(part, &name, &entry);
            }
        }
        for (kind, ..) in nested {
            let Some(kinds) = root.table(kind, &format!("[{kind}.<name>]"), kind) else { continue };
            for (owner, span, _) in kinds.entries() {
                let title = format!("[{kind}.{owner}]");
                let Some(table) = kinds.table(owner, &title, &title) else { continue };
                if kind == "tissue" && !TISSUES.contains_key(owner) {
                    let help = suggestion(owner, TISSUES.keys().map(String::as_str), "tissues");
                    kinds.problem(span, Fault::new(format!("unknown tissue \"{owner}\""), help));
                    continue;
                }
                for (name, entry) in tables(&table) {
                    if kind == "tissue" {
                        self.of_tissue(owner, &name, &entry);
                    } else {
                        self.of_drug(owner, &name, &entry);
                    }
                }
                if let (true, Some(figures)) = (kind == "drug", self.library.drugs.get(owner)) {
                    let lacking: Vec<&str> = DRUG_FIGURES.iter().map(|f| f.0).filter(|f| !figures.contains_key(*f)).collect();
                    if !lacking.is_empty() && table.entries().len() == figures.len() {
                        let help = "a drug of a parameter file has all figures of two compartments, and nanomolar (nM per mg/L)";
                        table.problem(table.span.clone(), Fault::new(format!("{title} lacks {}", lacking.join(", ")), help));
                    }
                }
            }
        }
    }

    /// A parameter of all tissues.
    fn common(&mut self, part: &str, name: &str, entry: &Section<'_>) {
        let base = match self.base {
            Some(base) => {
                let Some(base) = known(base, name, entry) else { return };
                if base.parameter.section != part {
                    let help = format!("write it under [{}]", base.parameter.section);
                    entry.problem(entry.span.clone(), Fault::new(format!("`{name}` is no parameter of [{part}]"), help));
                    return;
                }
                Some(base)
            }
            None => None,
        };
        let Some(dimension) = base.map(|b| b.dimension).or_else(|| dimension_of(entry)) else { return };
        let limits = base.map(|b| b.limits);
        let whole = base.map_or_else(|| entry.flag("whole").value().unwrap_or(false), |b| b.whole);
        let Some((parameter, limits)) = parameter(entry, part, (dimension, whole), limits, base.map(|b| &b.parameter), self.origin())
        else {
            return;
        };
        let patient = base.map_or_else(|| entry.flag("patient").value().unwrap_or(false), |b| b.patient);
        if self.library.definitions.insert(name.to_owned(), Definition { parameter, dimension, limits, whole, patient }).is_some() {
            entry.problem(entry.span.clone(), Fault::new(format!("`{name}` stands twice"), "keep one"));
        }
    }

    /// What a parameter is in one tissue.
    fn of_tissue(&mut self, tissue: &str, name: &str, entry: &Section<'_>) {
        let Some(base) = known(self.base.unwrap_or(self.library), name, entry) else { return };
        if base.patient {
            let help = format!("it belongs to the patient: write it under [{}]", base.parameter.section);
            entry.problem(entry.span.clone(), Fault::new(format!("`{name}` does not depend on the tissue"), help));
            return;
        }
        let (kind, before) = ((base.dimension, base.whole), self.base.map(|_| &base.parameter));
        let found = parameter(entry, &base.parameter.section, kind, Some(base.limits), before, self.origin());
        if let Some((parameter, _)) = found {
            self.library.tissues.entry(tissue.to_owned()).or_default().insert(name.to_owned(), parameter);
        }
    }

    /// A figure of a drug.
    fn of_drug(&mut self, drug: &str, key: &str, entry: &Section<'_>) {
        let Some((_, dimension)) = DRUG_FIGURES.iter().find(|f| f.0 == key) else {
            let help = suggestion(key, DRUG_FIGURES.iter().map(|f| f.0), "figures of a drug");
            entry.problem(entry.span.clone(), Fault::new(format!("unknown figure `{key}` of a drug"), help));
            return;
        };
        let before = self.base.and_then(|b| b.drugs.get(drug)).and_then(|d| d.get(key));
        if let Some((parameter, _)) = parameter(entry, "drug", (dimension, false), Some(Limits::POSITIVE), before, self.origin()) {
            self.library.drugs.entry(drug.to_owned()).or_default().insert(key.to_owned(), parameter);
        }
    }
}

/// The definition of a name, or a problem with what was perhaps meant.
fn known<'l>(library: &'l Library, name: &str, entry: &Section<'_>) -> Option<&'l Definition> {
    let found = library.definitions.get(name);
    if found.is_none() {
        entry.problem(entry.span.clone(), unknown_name(library, name));
    }
    found
}

/// What to say of a name that no parameter has.
pub(in crate::plan) fn unknown_name(library: &Library, name: &str) -> Fault {
    Fault::new(format!("unknown parameter `{name}`"), suggestion(name, library.definitions.keys().map(String::as_str), "parameters"))
}

/// Tables below a section with their names; anything else is a problem.
fn tables<'a>(section: &Section<'a>) -> Vec<(String, Section<'a>)> {
    let entries = section.entries().into_iter();
    entries.filter_map(|(name, ..)| Some((name.to_owned(), section.table(name, &format!("`{name}`"), name)?))).collect()
}

/// The dimension told by the unit of `value`.
fn dimension_of(entry: &Section<'_>) -> Option<&'static Dimension> {
    let field = entry.read("value", |value| {
        let unit = if plain_number(value).is_some() { Some("") } else { quantity::unit_of(text(value, "value = \"20 d\"")?) };
        let unit = unit.ok_or_else(|| Fault::new("it does not begin with a number", "write value = \"20 d\""))?;
        dimension::of_unit(unit)
            .ok_or_else(|| Fault::new(format!("unknown unit `{unit}`"), "units: d, Gy, um, mmHg, nM, mL, keV and products"))
    });
    entry.required("value", field, "value = \"20 d\"")
}

/// A parameter with its evidence, and the values it may have. Without `limits` the entry itself says them (the program's own file); `before`
/// is the parameter whose range holds where a user's file gives none; `whole`: its value is a whole number.
fn parameter(
    entry: &Section<'_>,
    part: &str,
    (dimension, whole): (&'static Dimension, bool),
    limits: Option<Limits>,
    before: Option<&Parameter>,
    origin: Origin,
) -> Option<(Parameter, Limits)> {
    let own = limits.is_none();
    entry.only(if own {
        &["value", "range", "mark", "source", "min", "max", "whole", "patient"]
    } else {
        &["value", "range", "mark", "source"]
    });
    let mark = entry.required("mark", entry.choice("mark", &Mark::NAMES), "mark = \"A\" (V read, C computed, R recalled, A assumed)");
    let source = entry.required("source", entry.text("source", "source = \"...\""), "source = \"where the value comes from\"");
    let range = entry.quantities("range", dimension, Limits::NOT_NEGATIVE);
    let range = match (range, before) {
        (Field::Absent, Some(before)) => Some(before.range),
        (field, _) => entry.required("range", field, "range = [\"10 d\", \"40 d\"]").and_then(|values| match values[..] {
            [low, high] if low <= high => Some([low, high]),
            _ => {
                let help = "write its lowest and highest value, range = [\"10 d\", \"40 d\"]";
                entry.problem(entry.key_span("range"), Fault::new("`range` is no pair of ascending values", help));
                None
            }
        }),
    };
    let limits = limits.or_else(|| {
        let bound = |key| entry.quantity(key, dimension, Limits::NOT_NEGATIVE).value();
        let low = bound("min");
        let min_included = low.is_some() || range.is_some_and(|r| r[0] == 0.0);
        Some(Limits { min: low.unwrap_or(0.0), min_included, max: bound("max").unwrap_or(f64::MAX) })
    })?;
    let value = entry.required("value", entry.quantity("value", dimension, limits), "value = \"20 d\"")?;
    if let Some(fault) = not_whole(value, whole) {
        entry.problem(entry.key_span("value"), fault);
        return None;
    }
    let (mark, source, range) = (mark?, source?, range?);
    let parameter = Parameter {
        value,
        range,
        unit: dimension::model_unit(dimension).to_owned(),
        written: entry.raw("value").map_or(String::new(), |v| written(v.get_ref())),
        section: part.to_owned(),
        mark,
        source: source.to_owned(),
        origin,
    };
    if origin == Origin::BuiltIn && parameter.is_unusual() {
        entry.problem(entry.key_span("value"), Fault::new("the value lies outside its own range", "correct one of the two"));
        return None;
    }
    Some((parameter, limits))
}

/// A value as it was typed.
pub(in crate::plan) fn written(value: &DeValue<'_>) -> String {
    value.as_str().map_or_else(|| plain_number(value).map_or(String::new(), |x| x.to_string()), |text| text.trim().to_owned())
}

/// Reads the value that a plan gives a parameter, in the model's unit.
pub(in crate::plan) fn value_of(value: &DeValue<'_>, definition: &Definition) -> std::result::Result<f64, Fault> {
    let value = quantity_of(value, definition.dimension, definition.limits)?;
    not_whole(value, definition.whole).map_or(Ok(value), Err)
}

/// What is wrong with a value where only whole numbers mean anything.
fn not_whole(value: f64, whole: bool) -> Option<Fault> {
    (whole && value.fract() != 0.0).then(|| Fault::new(format!("{value} is no whole number"), "it counts: write a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoilt(from: &str, to: &str) -> Result<Library> {
        let text = include_str!("parameters.toml");
        assert!(text.contains(from), "{from}");
        read("spoilt.toml", &text.replacen(from, to, 1), None)
    }

    #[test]
    fn the_built_in_parameters_are_complete_and_in_the_units_of_the_model() {
        let net = ParameterSet::built_in("net");
        assert_eq!(BUILT_IN.tissues.keys().collect::<Vec<_>>(), ["dtc", "hcc", "net", "prostate-metastasis"]);
        let near = |name: &str, expected: f64, unit: &str| {
            assert!((net.get(name) - expected).abs() <= 1e-14 * expected.abs(), "{name}: {}", net.get(name));
            assert_eq!(net.parameters[name].unit, unit, "{name}");
        };
        near("packing", 2.06e8, "/mL");
        near("endothelium_repair", 0.0625, "d");
        near("net_doubling_time", 200.0, "d");
        near("diffusivity", 1.728e8, "um2/d");
        near("consumption", 1.296e6, "mmHg/d");
        near("endothelium_beta", 0.039, "/Gy2");
        near("hypoxic_fraction", 0.25, "");
        near("let_slope", 0.04, "um/keV");
        near("bystander_life", 1.0 / 24.0, "d");
        near("sink_volume", 100.0, "mL");
        assert!((ParameterSet::built_in("prostate-metastasis").get("net_doubling_time") - 90.0).abs() < 1e-12);
        assert!((ParameterSet::built_in("kidney").get("net_doubling_time") - 200.0).abs() < 1e-12, "of all tissues");
        // Table 1 of Kosinsky 2018 and the figures of CAROT were read, the rates of fibroblasts were not.
        assert!(["priming", "t_killing", "vessel_loss_slope", "macrophage_turnover"].iter().all(|n| !net.assumed().contains(n)));
        assert!(["caf_turnover", "diffusivity", "doomed_half_life", "uptake_perfusion"].iter().all(|n| net.assumed().contains(n)));
        let all = BUILT_IN.tissues.values().flatten().chain(BUILT_IN.drugs.values().flatten());
        for (name, p) in all.chain(BUILT_IN.definitions.iter().map(|(n, d)| (n, &d.parameter))) {
            assert!(p.source.len() > 3 && !p.is_unusual() && p.origin == Origin::BuiltIn, "{name}");
        }
        assert_eq!(BUILT_IN.drugs.keys().collect::<Vec<_>>(), ["nivolumab", "pembrolizumab", "pembrolizumab-li2017"]);
    }

    #[test]
    fn a_broken_parameter_file_is_an_error_at_its_line() {
        let cases = [
            ("mark = \"V\"", "mark = \"W\"", "unknown word \"W\""),
            ("mark = \"A\", ", "", "lacks `mark`"),
            ("source = \"Kirkpatrick 2003\"", "source = \"\"", "the text is empty"),
            ("value = \"200 d\"", "value = \"600 d\"", "outside its own range"),
            ("value = \"200 d\"", "value = \"200 furlong\"", "unknown unit `furlong`"),
            ("\"60 d\", \"500 d\"", "\"60 d\", \"500 um\"", "is a length, but a time is needed"),
            ("\"60 d\", \"500 d\"", "\"500 d\", \"60 d\"", "ascending"),
            ("[tissue.net]", "[tissue.nett]", "unknown tissue \"nett\""),
            ("clearance  =", "clearing  =", "unknown figure `clearing`"),
            ("value = 1, range = [1, 3], min = 1", "value = 1.5, range = [1, 3], min = 1", "1.5 is no whole number"),
            ("value = 0.25, range = [0.01, 0.9]", "value = 1.5, range = [0.01, 2]", "must be greater than 0 and at most"),
        ];
        for (from, to, said) in cases {
            let message = spoilt(from, to).expect_err(to).to_string();
            assert!(message.contains(said) && message.contains('^'), "{to}: {message}");
        }
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "the value set")]
    fn values_of_the_plan_are_not_assumed() {
        let mut set = ParameterSet::built_in("net");
        assert!(set.assumed().contains(&"doomed_half_life"));
        set.set("doomed_half_life", 200.0);
        assert!(!set.assumed().contains(&"doomed_half_life") && set.parameters["doomed_half_life"].is_unusual());
        assert_eq!((set.get("doomed_half_life"), set.parameters["doomed_half_life"].origin), (200.0, Origin::Plan));
    }

    #[test]
    #[should_panic(expected = "no parameter doomed_halflife")]
    fn an_unknown_name_is_told() {
        ParameterSet::built_in("net").get("doomed_halflife");
    }
}
