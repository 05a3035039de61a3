//! `[response]`: radiobiology per region, from the plan, a tissue of the built-in table, or the default tissue.

use std::collections::BTreeMap;

use super::{Context, Field, RegionNames, Section, tme::Entry};
use crate::plan::{
    FractionPlan, Lkb, Repopulation, ResponsePlan, TissueParameters, VoxelGrid,
    frame::{Fault, suggestion},
    presets::{DEFAULT_TISSUE, Mark, PARAMETERS, Parameter, Preset, TISSUES},
    section::{number_of, quantity_of},
};

/// The word that switches an optional parameter off.
const NONE: &str = "none";

/// Parameters that can be switched off.
pub(super) const OPTIONAL: [&str; 3] = ["clonogens", "td50", "bed_limit"];

/// A parameter while layers are put together.
#[derive(Clone)]
struct Known {
    value: f64,
    /// Where a value came from that the section itself does not give.
    note: Option<String>,
    /// Whether reports list it as assumed.
    assumed: bool,
}

/// Parameters by key, the tissue they build on, and whether repopulation counts.
#[derive(Clone)]
struct Layer {
    /// None: a tissue that does not exist, which has been noted.
    tissue: Option<String>,
    values: BTreeMap<&'static str, Known>,
    repopulates: bool,
}

/// Reads `[response]`, or its defaults where it is missing; `grid` is the phantom's, where the plan itself gives it.
pub(super) fn response(
    context: Context<'_>,
    root: &Section<'_>,
    names: &RegionNames,
    fractions: &[FractionPlan],
    grid: Option<&VoxelGrid>,
) -> ResponsePlan {
    let empty = toml::de::DeTable::new();
    let absent = |title, path| root.absent(&empty, title, path);
    let section = root.table("response", "[response]", "response").unwrap_or_else(|| absent("[response]", "response"));
    section.only(&["default", "region", "tme", "drug"]);
    let default = section.table("default", "[response.default]", "response.default");
    let default = default.unwrap_or_else(|| absent("[response.default]", "response.default"));
    let default_layer = layered(&default, &tissue_layer(DEFAULT_TISSUE, "default"), &[]);
    let base = as_default(default_layer.clone());
    let (mut regions, mut entries) = (Vec::new(), Vec::new());
    let table = section.table("region", "[response.region.<name>]", "response.region");
    for (name, span, _) in table.iter().flat_map(Section::entries) {
        let Some(table) = &table else { continue };
        let known = names.check(table, name, span);
        let entry = table.table(name, &format!("[response.region.{name}]"), &format!("response.region.{name}"));
        if let Some(entry) = entry {
            let layer = layered(&entry, &base, &["parameters"]);
            let parameters = parameters(&entry, &layer);
            if known {
                regions.push((name.to_owned(), parameters));
                entries.push(layer.entry(name, Some(entry)));
            }
        }
    }
    let tme = context.tme(&section, names, &entries, &base.entry("", None), fractions, grid);
    ResponsePlan { default: parameters(&default, &default_layer), regions, tme }
}

impl Layer {
    /// What the model of the microenvironment needs of a region's tissue.
    fn entry<'s>(&self, region: &str, section: Option<Section<'s>>) -> Entry<'s> {
        let clonogens = self.values.get("clonogens").map(|known| (known.value, known.assumed));
        Entry { region: region.to_owned(), tissue: self.tissue.clone(), clonogens, section }
    }
}

/// The built-in parameters of a tissue.
fn tissue_layer(tissue: &str, origin: &str) -> Layer {
    let known =
        |p: &Preset| Known { value: p.value, note: Some(format!("{origin}, {}: {}", p.mark.word(), p.source)), assumed: p.mark != Mark::V };
    let values = TISSUES.get(tissue).into_iter().flatten().map(|(key, p)| (*key, known(p))).collect();
    Layer { tissue: Some(tissue.to_owned()), values, repopulates: false }
}

/// `[response.default]` as the layer below the regions' own entries.
fn as_default(mut layer: Layer) -> Layer {
    for known in layer.values.values_mut() {
        known.note.get_or_insert_with(|| "as in [response.default]".to_owned());
    }
    layer
}

/// What a section says, over its tissue if it names one, else over `base`; `more` keys are read elsewhere.
fn layered(section: &Section<'_>, base: &Layer, more: &[&'static str]) -> Layer {
    let own = ["tissue", "repopulation"].iter().chain(more).copied();
    let keys: Vec<&'static str> = own.chain(PARAMETERS.iter().map(|p| p.key)).collect();
    section.only(&keys);
    let mut layer = base.clone();
    if let Field::Value(tissue, span) = section.text("tissue", "tissue = \"kidney\"") {
        if TISSUES.contains_key(tissue) {
            layer = tissue_layer(tissue, &format!("tissue {tissue}"));
        } else {
            layer.tissue = None;
            let help = suggestion(tissue, TISSUES.keys().map(String::as_str), "tissues");
            section.problem(span, Fault::new(format!("unknown tissue \"{tissue}\""), help));
        }
    }
    for parameter in &PARAMETERS {
        match read(section, parameter) {
            Field::Value(Some(value), _) => {
                layer.values.insert(parameter.key, Known { value, note: None, assumed: false });
            }
            Field::Value(None, _) if parameter.key == "td50" => layer.values.retain(|key, _| !["td50", "m", "n"].contains(key)),
            Field::Value(None, _) => layer.values.retain(|key, _| *key != parameter.key),
            Field::Absent | Field::Wrong => {}
        }
    }
    // A doubling time in the plan asks for repopulation; one of the tissue table alone does not, because it lowers BED by an assumed amount.
    layer.repopulates = section.flag("repopulation").value().unwrap_or(layer.repopulates || section.has("doubling_time"));
    layer
}

/// A parameter's value; `None` where it is switched off.
fn read(section: &Section<'_>, parameter: &Parameter) -> Field<Option<f64>> {
    let optional = OPTIONAL.contains(&parameter.key);
    section.read(parameter.key, |value| {
        if optional && value.as_str() == Some(NONE) {
            return Ok(None);
        }
        match parameter.dimension {
            Some(dimension) => quantity_of(value, dimension, parameter.limits).map(Some),
            None => number_of(value, parameter.key, parameter.limits).map(Some),
        }
    })
}

/// The parameters of a tissue, with what was not given in the plan noted and, unless published, listed as assumed.
fn parameters(section: &Section<'_>, layer: &Layer) -> TissueParameters {
    let mut assumed = Vec::new();
    let mut take = |key: &str| {
        let known = layer.values.get(key)?;
        if let Some(note) = &known.note {
            section.note_default(key, note);
        }
        if known.assumed {
            assumed.push(key.to_owned());
        }
        Some(known.value)
    };
    // The first five are in every layer: each tissue of the table has them and no plan can take them away.
    let mut must = |key: &str| take(key).unwrap_or(f64::NAN);
    let (alpha, alpha_beta, repair_half_time) = (must("alpha"), must("alpha_beta"), must("repair_half_time"));
    let (rbe_high_let, high_let_beta) = (must("rbe_high_let"), must("high_let_beta"));
    let clonogens_per_ml = take("clonogens");
    let bed_limit = take("bed_limit");
    let lkb = match ["td50", "m", "n"].map(|key| layer.values.contains_key(key)) {
        [true, true, true] => take("td50").zip(take("m")).zip(take("n")).map(|((td50, m), n)| Lkb { td50, m, n }),
        [false, false, false] => None,
        _ => {
            let help = "NTCP needs all three: td50 = \"28 Gy\", m = 0.10, n = 0.70";
            section.problem(section.span.clone(), Fault::new(format!("{} has td50, m and n only in part", section.title), help));
            None
        }
    };
    let times = layer.repopulates.then(|| take("doubling_time").map(|t| (t, take("kick_off")))).flatten();
    if layer.repopulates && times.is_none() && !section.has("doubling_time") {
        section.missing("doubling_time", "doubling_time = \"100 d\" (or a tumour as tissue)");
    }
    let repopulation = times.map(|(doubling_time, kick_off)| {
        if kick_off.is_none() {
            section.note_default("kick_off", "default, assumed: from the first fraction on");
            assumed.push("kick_off".to_owned());
        }
        Repopulation { doubling_time, kick_off: kick_off.unwrap_or(0.0) }
    });
    TissueParameters {
        alpha,
        alpha_beta,
        repair_half_time,
        rbe_high_let,
        high_let_beta,
        clonogens_per_ml,
        repopulation,
        lkb,
        bed_limit,
        assumed,
    }
}
