//! `tme_parameters.csv`: every parameter that a simulation used, with its evidence; and in sentences, which of them nobody measured.

use std::collections::{BTreeMap, BTreeSet};

use super::{RESEARCH, TmeResult};
use crate::{
    plan::{DrugKinetics, DrugPlan, Hook, Mark, Origin, Parameter, Quality, TissueParameters},
    report::{
        tables::{line, number},
        text::digits,
    },
    units::SECONDS_PER_HOUR,
};

/// Columns of `tme_parameters.csv`.
pub const PARAMETER_COLUMNS: [&str; 13] = [
    "region",
    "group",
    "parameter",
    "value",
    "unit",
    "written",
    "range_low",
    "range_high",
    "mark",
    "source",
    "origin",
    "assumed",
    "outside_range",
];

/// Last column of `tme_parameters.csv` where the immune part is on: filled for the parameters of that part.
pub const PARAMETER_IMMUNE_COLUMN: &str = "immune_note";

/// One line per region and parameter: linear-quadratic ones first, then those of the microenvironment; drugs at the end.
pub fn parameters_csv(result: &TmeResult) -> String {
    let plan = &result.plan;
    let mut text = String::new();
    line(&mut text, PARAMETER_COLUMNS.into_iter().chain(plan.immune.then_some(PARAMETER_IMMUNE_COLUMN)));
    let mut push = |cells: [&str; 13], immune: bool| {
        let note = plan.immune.then_some(if immune { RESEARCH } else { "" });
        line(&mut text, cells.into_iter().chain(note));
    };
    for (region, tissue) in result.domain.regions.iter().zip(&result.tissues) {
        for (key, value, unit) in linear_quadratic(tissue) {
            let assumed = yes(tissue.assumed.iter().any(|a| a == key));
            let value = number(value);
            push([region, "linear-quadratic", key, &value, unit, "", "", "", "", "", "response plan and tissue", assumed, ""], false);
        }
        let Some(set) = plan.regions.iter().find(|r| r.region == *region) else { continue };
        for (name, p) in plan.used(set) {
            let [value, low, high] = [p.value, p.range[0], p.range[1]].map(number);
            let (assumed, outside) = (yes(p.is_assumed()), yes(p.is_unusual()));
            let (mark, origin) = (mark(p.mark), origin(p.origin));
            let cells = [region, &p.section, name, &value, &p.unit, &p.written, &low, &high, mark, &p.source, origin, assumed, outside];
            push(cells, p.section == "immune" || name == "m2_suppression");
        }
    }
    for drug in &plan.drugs {
        for (name, value, unit, immune) in drug_parameters(drug, plan.immune) {
            let name = format!("{}: {name}", drug.name);
            push(["", "drugs", &name, &number(value), unit, "", "", "", "", "", "plan or preset", "no", ""], immune);
        }
    }
    text
}

fn linear_quadratic(tissue: &TissueParameters) -> [(&'static str, f64, &'static str); 5] {
    [
        ("alpha", tissue.alpha, "/Gy"),
        ("alpha_beta", tissue.alpha_beta, "Gy"),
        ("repair_half_time", tissue.repair_half_time / SECONDS_PER_HOUR, "h"),
        ("rbe_high_let", tissue.rbe_high_let, ""),
        ("high_let_beta", tissue.high_let_beta, ""),
    ]
}

/// Names, values and units of a drug's parameters, and whether they belong to the immune part; none where the drug acts on that alone and it is off.
fn drug_parameters(drug: &DrugPlan, immune: bool) -> Vec<(String, f64, &'static str, bool)> {
    let acting: Vec<_> = drug.effects.iter().filter(|e| immune || e.hook != Hook::Checkpoint).collect();
    let mut list = Vec::new();
    if acting.is_empty() {
        return list;
    }
    let blocks = acting.iter().any(|e| e.hook == Hook::Checkpoint);
    let mut add = |name: &str, value: f64, unit: &'static str, immune: bool| list.push((name.to_owned(), value, unit, immune));
    match drug.kinetics {
        DrugKinetics::TwoCompartment { clearance, central, peripheral, exchange, nanomolar } => {
            add("clearance", clearance, "L/d", blocks);
            add("central volume", central, "L", blocks);
            add("peripheral volume", peripheral, "L", blocks);
            add("exchange", exchange, "L/d", blocks);
            add("concentration per mg/L", nanomolar, "nM", blocks);
        }
        DrugKinetics::OneCompartment { elimination, absorption } => {
            add("elimination", elimination, "/d", blocks);
            if let Some(absorption) = absorption {
                add("absorption", absorption, "/d", blocks);
            }
        }
    }
    for effect in acting {
        let hook = hook(effect.hook);
        if effect.hook == Hook::Checkpoint {
            add(&format!("{hook}, K_D"), effect.ec50, "nM", true);
        } else {
            add(&format!("{hook}, half-effect amount"), effect.ec50, "", false);
            add(&format!("{hook}, full effect"), effect.strength, "", false);
            add(&format!("{hook}, steepness"), effect.hill, "", false);
        }
    }
    list
}

/// A hook in words.
fn hook(hook: Hook) -> &'static str {
    match hook {
        Hook::Checkpoint => "PD-1/PD-L1 binding",
        Hook::Alpha => "alpha",
        Hook::Beta => "sqrt(beta)",
        Hook::Repair => "repair",
        Hook::HypoxicSensitiser => "hypoxic sensitisation",
        Hook::OxygenUse => "oxygen use",
        Hook::OxygenSupply => "capillary pO2",
        Hook::Perfusion => "perfusion",
        Hook::MacrophageRecruitment => "recruitment of macrophages",
        Hook::MacrophagePolarisation => "M2 to M1",
        Hook::CafKilling => "killing of fibroblasts",
        Hook::CafBarrier => "barrier of fibroblasts",
        Hook::Target => "growth of binding sites",
    }
}

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::V => "V",
        Mark::C => "C",
        Mark::R => "R",
        Mark::A => "A",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::BuiltIn => "built-in",
        Origin::File => "parameter file",
        Origin::Plan => "plan",
    }
}

fn yes(it_is: bool) -> &'static str {
    if it_is { "yes" } else { "no" }
}

/// Which of the parameters used nobody measured for this patient, and which lie outside the range thought possible; a sentence for each value.
pub fn assumed(result: &TmeResult) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut seen: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for region in &result.plan.regions {
        for (name, p) in result.plan.used(region) {
            let value = quantity(p.value, &p.unit);
            let [low, high] = p.range.map(|x| quantity(x, &p.unit));
            let range = format!("{low} to {high}");
            let mut say = |text: String| seen.entry(text).or_default().push(&region.region);
            if p.is_assumed() {
                let word = if p.mark == Mark::A { "assumed" } else { "recalled, not read again" };
                say(format!("{name} = {value} is {word} ({range} thought possible; {})", p.source));
            }
            if p.is_unusual() {
                say(format!("{name} = {value}, from the {}, is outside what is thought possible, {range}", origin(p.origin)));
            }
        }
    }
    let regions = result.plan.regions.len();
    for (text, names) in seen {
        let place = if names.len() == regions { "all evolving regions".to_owned() } else { names.join(", ") };
        sentences.push(format!("{text}; in {place}"));
    }
    for (region, tissue) in result.domain.regions.iter().zip(&result.tissues) {
        let keys: Vec<&str> =
            linear_quadratic(tissue).map(|(key, ..)| key).into_iter().filter(|k| tissue.assumed.iter().any(|a| a == k)).collect();
        if !keys.is_empty() {
            sentences.push(format!("{} of {region} are assumed (response parameters)", keys.join(", ")));
        }
    }
    sentences.extend(quality(result));
    sentences
}

/// How alpha of the high-LET dose was found in every region that has such a dose, and which RBE that gave.
fn quality(result: &TmeResult) -> impl Iterator<Item = String> {
    let model = match result.plan.quality {
        Quality::Rbe => "a constant RBE, quality = \"rbe\"",
        Quality::Let => "an RBE linear in LET, quality = \"let\"",
        Quality::Mkm => "the microdosimetric-kinetic model, quality = \"mkm\"",
    };
    let hits = if result.plan.few_hits { "; cells that no alpha meets survive" } else { "" };
    let regions = result.domain.regions.iter().zip(&result.tissues).zip(&result.quality);
    regions.filter_map(move |((region, tissue), quality)| {
        let rbe = digits(quality.rbe(tissue.alpha)?, 3);
        let linear_energy = quality.let_mean().map_or(String::new(), |l| format!(" at a mean LET of {} keV/um", digits(l, 3)));
        Some(format!(
            "alpha of the high-LET dose is assumed to follow {model}{hits}: in {region} it is {rbe} times that of low LET{linear_energy}"
        ))
    })
}

/// How many of the parameters used are assumed, and which lie outside their range: for the screen, where [`assumed`] would be too long.
pub fn assumed_count(result: &TmeResult) -> String {
    let all = || result.plan.regions.iter().flat_map(|region| result.plan.used(region));
    let names = |keep: fn(&Parameter) -> bool| -> BTreeSet<&str> { all().filter(|(_, p)| keep(p)).map(|(name, _)| name).collect() };
    let (total, assumed, outside) = (names(|_| true), names(Parameter::is_assumed), names(Parameter::is_unusual));
    let mut text = format!(
        "{} of {} parameters of the microenvironment model are assumed, not measured (tme_parameters.csv)",
        assumed.len(),
        total.len()
    );
    if !outside.is_empty() {
        text.push_str(&format!("; outside the range thought possible: {}", outside.into_iter().collect::<Vec<_>>().join(", ")));
    }
    text
}

fn quantity(value: f64, unit: &str) -> String {
    if unit.is_empty() { number(value) } else { format!("{} {unit}", number(value)) }
}

/// What is least certain about the model, as far as this simulation depends on it.
pub fn uncertain(result: &TmeResult) -> Vec<&'static str> {
    let plan = &result.plan;
    let all = [
        (true, "alpha of tumours in vivo under protracted irradiation is not known; most values come from cell culture or external beams"),
        (
            true,
            "the time that doomed cells take to die is assumed; with the exponents of uptake it decides what the next fraction delivers",
        ),
        (
            !result.predicted.is_empty(),
            "the exponents that turn cells and perfusion into uptake are assumed; a scan of each fraction replaces the prediction",
        ),
        (true, "the response of small vessels to protracted dose is inferred from acute irradiation of one tumour line"),
        (true, "rates of fibroblasts and macrophages are orders of magnitude"),
        (result.has_high_let(), "complication probabilities of alpha emitters (salivary glands, kidney, marrow) are not validated"),
        (plan.bystander, "harm by signals of irradiated neighbours is assumed in size and range"),
        (plan.immune, "the immune part is that of a mouse tumour, scaled to humans by assumption: research, not calibrated in humans"),
        (plan.immune, "the radiosensitivity of T cells inside tumours is assumed"),
    ];
    all.into_iter().filter(|(applies, _)| *applies).map(|(_, text)| text).collect()
}
