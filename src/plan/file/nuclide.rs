//! `[[nuclide]]`: what is administered, and where its daughters go.

use super::{
    Context, Field, Nuclide, RegionNames, Section,
    uptake::{DURATION, PATTERN_KEYS, SCALE, pattern},
};
use crate::plan::{
    Destination, NuclidePlan, RecoilEscape, Redistribution, UptakePattern,
    frame::{Fault, suggestion},
    quantity::{FRACTION, LENGTH, Limits, TIME},
};

impl Context<'_> {
    pub(super) fn nuclides(self, root: &Section<'_>, names: &RegionNames) -> Vec<Nuclide> {
        let example = "[[nuclide]] with name = \"Lu-177\"";
        let mut nuclides: Vec<Nuclide> = Vec::new();
        let sections = root.tables("nuclide", "[[nuclide]]", "nuclide", true);
        if !root.has_content("nuclide") {
            root.missing("nuclide", example);
        }
        for mut section in sections {
            section.only(&["name", "daughters", "daughter"]);
            let name = section.text("name", "name = \"Lu-177\"");
            let span = section.key_span("name");
            let Some(name) = section.required("name", name, "name = \"Lu-177\"") else { continue };
            section.path = format!("nuclide.{name}");
            let daughters = section.or_default("daughters", section.flag("daughters"), true);
            let known = self.vocabulary.nuclide(name);
            if known.is_none() {
                let help = suggestion(name, self.vocabulary.nuclide_names(), "nuclides");
                let span = section.raw("name").map_or(span, toml::Spanned::span);
                section.problem(span, Fault::new(format!("unknown nuclide \"{name}\""), help));
            } else if nuclides.iter().any(|n| n.plan.name == name) {
                section.problem(
                    span,
                    Fault::new(format!("nuclide \"{name}\" is listed twice"), "list each nuclide once; fractions refer to it by name"),
                );
                continue;
            }
            if !daughters && section.has("daughter") {
                let fault = Fault::new("rules for daughters, but `daughters = false`", "remove one of the two");
                section.problem(section.key_span("daughter"), fault);
            }
            let members = known.map_or(&[][..], |n| &n.daughters);
            let title = format!("[[nuclide.daughter]] of {name}");
            let redistribution = section
                .tables("daughter", &title, &format!("{}.redistribution", section.path), true)
                .iter()
                .filter_map(|rule| redistribution(rule, members, known.is_some(), names))
                .collect();
            let plan = NuclidePlan { name: name.to_owned(), daughters, redistribution };
            nuclides.push(Nuclide { plan, half_life: known.map(|n| n.half_life) });
        }
        nuclides
    }
}

/// One `[[nuclide.daughter]]`; `members` are the daughters of the nuclide, if that is known.
fn redistribution(section: &Section<'_>, members: &[String], known: bool, names: &RegionNames) -> Option<Redistribution> {
    let own = [
        "name",
        "from",
        "leaves",
        "vector_radius",
        "recoil_range",
        "transit_half_life",
        "to",
        "diffusion_length",
        "biological_half_life",
        "pattern",
    ];
    section.only(&own.into_iter().chain(PATTERN_KEYS).collect::<Vec<_>>());
    let member = section.text("name", "name = \"Bi-213\"");
    if let Field::Value(name, span) = &member
        && known
        && !members.iter().any(|m| m == name)
    {
        let help = suggestion(name, members.iter().map(String::as_str), "daughters");
        section.problem(span.clone(), Fault::new(format!("\"{name}\" is no daughter that decays with its parent"), help));
    }
    let member = section.required("name", member, "name = \"Bi-213\"");
    let mut from = Vec::new();
    match section.texts("from", "from = \"tumour\"") {
        Field::Value(written, span) => {
            from.extend(written.into_iter().filter(|name| names.check(section, name, span.clone())).map(str::to_owned));
        }
        Field::Absent => section.note_default("from", "default: from everywhere"),
        Field::Wrong => {}
    }
    let radius = section.quantity("vector_radius", &LENGTH, SCALE);
    let range = section.quantity("recoil_range", &LENGTH, SCALE);
    if radius.is_written() != range.is_written() {
        let (there, lacking) = if radius.is_written() { ("vector_radius", "recoil_range") } else { ("recoil_range", "vector_radius") };
        let fault = Fault::new(
            format!("`{there}` without `{lacking}`"),
            "recoil escape needs both, e.g. vector_radius = \"50 nm\", recoil_range = \"90 nm\"",
        );
        section.problem(section.key_span(there), fault);
    }
    let recoil = radius.value().zip(range.value()).map(|(vector_radius, recoil_range)| RecoilEscape { vector_radius, recoil_range });
    let leaves = section.quantity("leaves", &FRACTION, Limits::between(0.0, 1.0));
    let share = if recoil.is_some() {
        section.or_default("leaves", leaves, 1.0)
    } else {
        section.required("leaves", leaves, "leaves = \"40 %\" (of the atoms formed there)").unwrap_or(1.0)
    };
    let transit_half_life = section.quantity("transit_half_life", &TIME, DURATION).value();
    let biological_half_life = section.quantity("biological_half_life", &TIME, DURATION).value();
    let to = destination(section, biological_half_life.is_some(), names);
    if to == Some(Destination::Excreted) && biological_half_life.is_some() {
        let fault = Fault::new("`biological_half_life` of what is excreted at once", "remove one of the two");
        section.problem(section.key_span("biological_half_life"), fault);
    }
    Some(Redistribution { member: member?.to_owned(), from, share, recoil, transit_half_life, to: to?, biological_half_life })
}

/// `to` (a region, "here" or "excreted") with its pattern, or `diffusion_length`.
fn destination(section: &Section<'_>, clears: bool, names: &RegionNames) -> Option<Destination> {
    let to = section.text("to", "to = \"kidneys\"");
    let length = section.quantity("diffusion_length", &LENGTH, SCALE);
    if to.is_written() && length.is_written() {
        section.problem(section.key_span("diffusion_length"), Fault::new("both `to` and `diffusion_length` are given", "keep one"));
        return None;
    }
    let mut notes = Vec::new();
    let shape = pattern(section, None, &mut notes);
    let region = matches!(&to, Field::Value(name, _) if !["here", "excreted"].contains(name));
    if shape == Some(UptakePattern::Ligand) {
        let help = "daughters do not bind as the ligand does; choose another pattern";
        section.problem(section.key_span("pattern"), Fault::new("`pattern = \"ligand\"` for a daughter that has left its ligand", help));
    }
    if !region && section.has("pattern") {
        section.problem(section.key_span("pattern"), Fault::new("`pattern` without a region in `to`", "remove it"));
    }
    match (to, length) {
        (Field::Value("excreted", _), _) => Some(Destination::Excreted),
        (Field::Value("here", _), _) | (Field::Absent, Field::Absent) if clears => Some(Destination::Here),
        (Field::Value("here", _), _) | (Field::Absent, Field::Absent) => {
            let help = "add to = \"kidneys\" (a region) or \"excreted\", diffusion_length = \"0.3 mm\", or biological_half_life = \"2 h\" with which it clears";
            section.problem(section.span.clone(), Fault::new(format!("{} moves nothing", section.title), help));
            None
        }
        (Field::Value(name, span), _) => {
            if !names.check(section, name, span) {
                return None;
            }
            for (key, note) in notes {
                section.note_default(key, &note);
            }
            if shape.is_none() && !section.has("pattern") {
                section.note_default("pattern", "default");
            }
            Some(Destination::Region { region: name.to_owned(), pattern: shape.unwrap_or(UptakePattern::Uniform) })
        }
        (_, Field::Value(length, _)) => Some(Destination::Around { length }),
        _ => None,
    }
}
