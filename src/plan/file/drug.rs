//! `[[response.drug]]`: when a drug is given, how it goes, what it does.

use std::{collections::BTreeMap, f64::consts::LN_2};

use toml::de::DeValue;

use super::{Field, Section, uptake::DURATION};
use crate::{
    plan::{
        DrugEffect, DrugKinetics, DrugPlan, Hook, Mark, Parameter,
        frame::{Fault, closest},
        quantity::{Dimension, Limits, TIME},
        section::{number_of, plain_number, quantity_of, wrong_kind},
        show,
        tme::{CLEARANCE, CONCENTRATION, DISTRIBUTION, MASS, MOLAR_MASS, NUMBER, PRESSURE, RATE, model_unit},
    },
    units::SECONDS_PER_DAY,
};

/// What drugs need to know of the rest of the plan.
pub(super) struct About<'l> {
    /// s.
    pub(super) horizon: f64,
    pub(super) immune: bool,
    /// Whether oxygen is followed.
    pub(super) oxygen: bool,
    /// Whether the barrier of fibroblasts acts on uptake.
    pub(super) barrier: bool,
    /// K_D of a drug named by preset, nM.
    pub(super) checkpoint_kd: f64,
    /// Figures by drug; the first of a name counts.
    pub(super) presets: Vec<(&'l String, &'l BTreeMap<String, Parameter>)>,
}

impl<'l> About<'l> {
    fn preset(&self, name: &str) -> Option<&'l BTreeMap<String, Parameter>> {
        self.presets.iter().find(|p| p.0 == name).map(|p| p.1)
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.presets.iter().map(|p| p.0.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Keys of one compartment.
const ONE: [&str; 2] = ["half_life", "absorption_half_life"];
/// Keys of two compartments, all but the last needed.
const TWO: [(&str, &Dimension, &str); 4] = [
    ("clearance", &CLEARANCE, "clearance = \"0.22 L/d\""),
    ("central", &DISTRIBUTION, "central = \"3.5 L\" (volume)"),
    ("peripheral", &DISTRIBUTION, "peripheral = \"4 L\" (volume)"),
    ("exchange", &CLEARANCE, "exchange = \"0.8 L/d\" (between the two)"),
];
/// Most doses of a drug.
pub(super) const DOSES_MOST: u64 = 10_000;
/// Amounts of a dose: mg, or relative.
pub(super) const AMOUNT: Limits = Limits::up_to(1e9);
/// Times from the plan's zero on.
pub(super) const MOMENT: Limits = Limits { min: 0.0, min_included: true, max: DURATION.max };
/// Rates and volumes.
pub(super) const FIGURE: Limits = Limits::up_to(1e6);

/// Molar masses, kDa.
pub(super) const MOLAR: Limits = Limits::between(0.01, 1e4);
/// Hill exponents.
pub(super) const HILL: Limits = Limits::up_to(20.0);

/// A hook: its word, its place, and what its strength may be.
pub(super) type Word = (&'static str, Hook, &'static Dimension, Limits);

/// A part that a drug can take away at most.
const SHARE: Limits = Limits::up_to(1.0);
const FACTOR: Limits = Limits::up_to(100.0);

pub(super) const WORDS: [Word; 13] = [
    ("checkpoint", Hook::Checkpoint, &NUMBER, SHARE),
    ("alpha", Hook::Alpha, &NUMBER, FACTOR),
    ("beta", Hook::Beta, &NUMBER, FACTOR),
    ("repair", Hook::Repair, &NUMBER, FACTOR),
    ("hypoxic-sensitiser", Hook::HypoxicSensitiser, &NUMBER, SHARE),
    ("oxygen-use", Hook::OxygenUse, &NUMBER, SHARE),
    ("oxygen-supply", Hook::OxygenSupply, &PRESSURE, Limits::up_to(760.0)),
    ("perfusion", Hook::Perfusion, &NUMBER, Limits::between(-1.0, 10.0)),
    ("macrophage-recruitment", Hook::MacrophageRecruitment, &NUMBER, SHARE),
    ("macrophage-polarisation", Hook::MacrophagePolarisation, &NUMBER, FACTOR),
    ("caf-killing", Hook::CafKilling, &RATE, Limits::up_to(10.0)),
    ("caf-barrier", Hook::CafBarrier, &NUMBER, SHARE),
    ("target", Hook::Target, &RATE, Limits::between(-10.0, 10.0)),
];

impl Hook {
    /// Its word in a plan.
    pub(in crate::plan) fn word(self) -> &'static str {
        WORDS.iter().find(|w| w.1 == self).map_or("", |w| w.0)
    }

    /// Unit of its strength; empty: a number.
    pub(in crate::plan) fn unit(self) -> &'static str {
        WORDS.iter().find(|w| w.1 == self).map_or("", |w| model_unit(w.2))
    }
}

/// Reads every `[[response.drug]]`.
pub(super) fn drugs(response: &Section<'_>, about: &About<'_>) -> Vec<DrugPlan> {
    let sections = response.tables("drug", "[[response.drug]]", "response.drug", true);
    sections.into_iter().filter_map(|section| drug(section, about)).collect()
}

fn drug(mut section: Section<'_>, about: &About<'_>) -> Option<DrugPlan> {
    let name = section.text("name", "name = \"pembrolizumab\"");
    if let Field::Value(name, _) = &name {
        section.title = format!("drug \"{name}\"");
    }
    let own = ["name", "dose", "times", "every", "from", "count", "molar_mass", "effect"];
    section.only(&own.into_iter().chain(ONE).chain(TWO.map(|t| t.0)).collect::<Vec<_>>());
    let name = section.required("name", name, "name = \"pembrolizumab\"");
    let preset = name.and_then(|name| about.preset(name));
    let (one, two) = (ONE.into_iter().find(|k| section.has(k)), TWO.iter().map(|t| t.0).find(|k| section.has(k)));
    let kinetics = match (one, two, preset) {
        (Some(one), Some(two), _) => {
            let help =
                "half_life and absorption_half_life make one compartment; clearance, central, peripheral and exchange two: keep one kind";
            section.problem(section.key_span(two), Fault::new(format!("both `{one}` and `{two}` are given"), help));
            return None;
        }
        (Some(one), None, Some(_)) => {
            let help = "a drug known by name has two compartments; give yours another name";
            let message = format!("`{one}` for {}, whose kinetics are known", section.title);
            section.problem(section.key_span(one), Fault::new(message, help));
            return None;
        }
        (Some(_), None, None) => one_compartment(&section),
        (None, None, None) => {
            no_parameters(&section, name, about);
            return None;
        }
        (None, ..) => two_compartments(&section, preset),
    };
    let many = matches!(kinetics, Some(DrugKinetics::TwoCompartment { .. })) || two.is_some() || preset.is_some();
    let doses = doses(&section, about, many);
    let effects = effects(&section, about, preset.is_some(), many);
    Some(DrugPlan { name: name?.to_owned(), kinetics: kinetics?, doses: doses?, effects: effects? })
}

/// A drug of which nothing is known.
fn no_parameters(section: &Section<'_>, name: Option<&str>, about: &About<'_>) {
    let Some(name) = name else { return };
    let known = about.names();
    let near = closest(name, known.iter().copied()).map(|best| format!("did you mean `{best}`? "));
    let help = format!(
        "{}known by name: {}; for others write half_life = \"4 h\" (one compartment), or clearance, central, peripheral and exchange, and an effect",
        near.unwrap_or_default(),
        known.join(", ")
    );
    section.problem(section.span.clone(), Fault::new(format!("{} has no parameters: how long it stays is not known", section.title), help));
}

fn one_compartment(section: &Section<'_>) -> Option<DrugKinetics> {
    let rate = |half_life: f64| LN_2 * SECONDS_PER_DAY / half_life;
    let half_life = section.required("half_life", section.quantity("half_life", &TIME, DURATION), "half_life = \"4 h\"");
    let absorption = section.quantity("absorption_half_life", &TIME, DURATION);
    if !absorption.is_written() {
        section.note_default("absorption_half_life", "default: at once");
    }
    if section.has("molar_mass") {
        let help = "amounts of one compartment are relative; remove this line";
        section.problem(section.key_span("molar_mass"), Fault::new("`molar_mass` with one compartment", help));
    }
    if absorption == Field::Wrong {
        return None;
    }
    Some(DrugKinetics::OneCompartment { elimination: rate(half_life?), absorption: absorption.value().map(rate) })
}

fn two_compartments(section: &Section<'_>, preset: Option<&BTreeMap<String, Parameter>>) -> Option<DrugKinetics> {
    let note = |key: &str, p: &Parameter| section.note_default(key, &format!("{}: {}", mark(p.mark), p.source));
    let figure = |(key, dimension, example): (&str, &'static Dimension, &str)| {
        let field = section.quantity(key, dimension, FIGURE);
        match preset.and_then(|p| p.get(key)).filter(|_| !field.is_written()) {
            Some(known) => {
                note(key, known);
                Some(known.value)
            }
            None => section.required(key, field, example),
        }
    };
    let [clearance, central, peripheral, exchange] = TWO.map(figure);
    let molar_mass = section.quantity("molar_mass", &MOLAR_MASS, MOLAR).map(|kda| 1e3 / kda);
    let nanomolar = match preset.and_then(|p| p.get("nanomolar")).filter(|_| !molar_mass.is_written()) {
        Some(known) => {
            note("nanomolar", known);
            Some(known.value)
        }
        None => section.required("molar_mass", molar_mass, "molar_mass = \"149 kDa\""),
    };
    Some(DrugKinetics::TwoCompartment {
        clearance: clearance?,
        central: central?,
        peripheral: peripheral?,
        exchange: exchange?,
        nanomolar: nanomolar?,
    })
}

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::V => "published",
        Mark::C => "computed",
        Mark::R => "recalled",
        Mark::A => "assumed",
    }
}

/// Times (s) and amounts, ascending in time. `mass`: amounts are in mg.
fn doses(section: &Section<'_>, about: &About<'_>, mass: bool) -> Option<Vec<(f64, f64)>> {
    let amounts = if mass { section.quantities("dose", &MASS, AMOUNT) } else { section.read("dose", relative) };
    let example = if mass { "dose = \"200 mg\"" } else { "dose = 1.0 (relative to ec50)" };
    let amounts = section.required("dose", amounts, example);
    let schedule = ["every", "from", "count"].into_iter().find(|k| section.has(k));
    if let Some(key) = schedule.filter(|_| section.has("times")) {
        section.problem(
            section.key_span(key),
            Fault::new(format!("both `times` and `{key}` are given"), "keep `times`, or `every` with `from` and `count`"),
        );
        return None;
    }
    let times = if schedule.is_some() { repeated(section, about) } else { listed(section, about) }?;
    let amounts = amounts?;
    if amounts.len() != 1 && amounts.len() != times.len() {
        let message = format!("{} doses for {} times", amounts.len(), times.len());
        section.problem(section.key_span("dose"), Fault::new(message, "write one dose for all times, or one for each"));
        return None;
    }
    let mut doses: Vec<(f64, f64)> = times.iter().copied().zip(amounts.iter().copied().cycle()).collect();
    doses.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(doses)
}

/// One plain number or several.
fn relative(value: &DeValue<'_>) -> Result<Vec<f64>, Fault> {
    match value {
        DeValue::Array(array) if !array.is_empty() => array.iter().map(|v| number_of(v.get_ref(), "dose", AMOUNT)).collect(),
        DeValue::Integer(_) | DeValue::Float(_) => number_of(value, "dose", AMOUNT).map(|amount| vec![amount]),
        _ => Err(wrong_kind(value, "a plain number", "amounts of a drug with one compartment have no unit: they are relative to ec50")),
    }
}

/// `times = "0, 21, 42 d"`.
fn listed(section: &Section<'_>, about: &About<'_>) -> Option<Vec<f64>> {
    let field = section.read("times", |value| {
        let text = value.as_str().map(|t| vec![t]).or_else(|| value.as_array()?.iter().map(|v| v.get_ref().as_str()).collect());
        let text = text.ok_or_else(|| wrong_kind(value, "times with unit", "write times = \"0, 21, 42 d\""))?;
        let mut times = Vec::new();
        for part in text {
            times.extend(crate::plan::quantity::parse_list(part, &TIME)?);
        }
        if let Some(early) = times.iter().find(|&&t| t < 0.0) {
            let help = "times count from the plan's zero; to give a drug before the first fraction, start that fraction later";
            return Err(Fault::new(format!("{} is before the plan's zero", show::time(*early)), help));
        }
        times.iter().map(|&t| MOMENT.check(t, &show::time(t), show::time)).collect::<Result<Vec<f64>, Fault>>()
    });
    let span = section.raw("times").map(toml::Spanned::span);
    let times = section.required("times", field, "times = \"0, 21, 42 d\", or every = \"21 d\" with from and count")?;
    if let (Some(late), Some(span)) = (times.iter().find(|&&t| t >= about.horizon), span) {
        section.problem(span, late_dose(section, *late, about.horizon));
    }
    Some(times)
}

/// `every`, `from` and `count`.
fn repeated(section: &Section<'_>, about: &About<'_>) -> Option<Vec<f64>> {
    let every = section.required("every", section.quantity("every", &TIME, DURATION), "every = \"21 d\"");
    let from = section.or_default("from", section.quantity("from", &TIME, MOMENT), 0.0);
    let count = section.count("count", 1, DOSES_MOST);
    if count == Field::Wrong {
        return None;
    }
    let every = every?;
    let fitting = ((about.horizon - from) / every).ceil().max(0.0);
    let number = match count {
        Field::Value(count, span) => {
            let last = from + (count - 1) as f64 * every;
            if last >= about.horizon {
                section.problem(span, late_dose(section, last, about.horizon));
            }
            count
        }
        _ => {
            section.note_default("count", "default: until the horizon");
            if fitting < 1.0 || fitting > DOSES_MOST as f64 {
                let message = format!("{} doses until the horizon of {}", show::number(fitting), show::time(about.horizon));
                section.problem(section.key_span("every"), Fault::new(message, format!("1 to {DOSES_MOST} are possible")));
                return None;
            }
            fitting as u64
        }
    };
    Some((0..number).map(|n| from + n as f64 * every).collect())
}

fn late_dose(section: &Section<'_>, time: f64, horizon: f64) -> Fault {
    let message =
        format!("{} is given at {}, but the horizon of [response.tme] is {}", section.title, show::time(time), show::time(horizon));
    Fault::new(message, "a later horizon, or no dose after it")
}

/// `effect = { on = "...", ... }`, or a list of such.
fn effects(section: &Section<'_>, about: &About<'_>, preset: bool, mass: bool) -> Option<Vec<DrugEffect>> {
    let title = format!("effect of {}", section.title);
    let tables = section.tables("effect", &title, &format!("{}.effect", section.path), true);
    if tables.is_empty() {
        if section.has_content("effect") {
            return None;
        }
        if !preset {
            let words: Vec<&str> = WORDS.iter().map(|w| w.0).collect();
            let help = format!("add effect = {{ on = \"repair\", strength = 2, ec50 = 0.5 }}; on: {}", words.join(", "));
            section.problem(section.span.clone(), Fault::new(format!("{} has no effect", section.title), help));
            return None;
        }
        section.note_default("effect", "by name; K_D is checkpoint_kd");
        if !about.immune {
            section.problem(section.span.clone(), does_nothing(section, Hook::Checkpoint));
        }
        return Some(vec![DrugEffect { hook: Hook::Checkpoint, strength: 1.0, ec50: about.checkpoint_kd, hill: 1.0 }]);
    }
    tables.iter().map(|table| effect(table, section, about, mass)).collect()
}

fn effect(table: &Section<'_>, drug: &Section<'_>, about: &About<'_>, mass: bool) -> Option<DrugEffect> {
    table.only(&["on", "strength", "ec50", "hill"]);
    let words = WORDS.map(|word| (word.0, word));
    let (_, hook, dimension, limits) = table.required("on", table.choice("on", &words), "on = \"repair\"")?;
    let span = || table.raw("on").map_or(table.span.clone(), toml::Spanned::span);
    let idle = match hook {
        Hook::Checkpoint | Hook::MacrophageRecruitment | Hook::MacrophagePolarisation => !about.immune,
        Hook::CafBarrier => !about.immune && !about.barrier,
        _ => false,
    };
    if idle {
        table.problem(span(), does_nothing(drug, hook));
    }
    let breathes = matches!(hook, Hook::HypoxicSensitiser | Hook::OxygenUse | Hook::OxygenSupply);
    if breathes && !about.oxygen {
        let help = "choose another oxygen mode in [response.tme], or remove the effect";
        let message = format!("{} acts on \"{}\", which does nothing with oxygen = \"off\"", drug.title, hook.word());
        table.problem(span(), Fault::new(message, help));
    }
    if hook == Hook::Checkpoint && !mass {
        let help = "binding needs a concentration: write clearance, central, peripheral, exchange and molar_mass in place of half_life, and doses in mg";
        table.problem(
            span(),
            Fault::new(format!("{} acts on \"checkpoint\", but has one compartment with relative doses", drug.title), help),
        );
        return None;
    }
    if hook == Hook::Checkpoint {
        for key in ["strength", "hill"].into_iter().filter(|k| table.has(k)) {
            let help = "binding is P/(1 + C/K_D): write only ec50 = \"2.6 nM\", the K_D";
            table.problem(table.key_span(key), Fault::new(format!("`{key}` of a checkpoint inhibitor"), help));
        }
        let ec50 = table.quantity("ec50", &CONCENTRATION, AMOUNT);
        let ec50 = table.required("ec50", ec50, "ec50 = \"2.6 nM\" (the K_D)");
        return Some(DrugEffect { hook, strength: 1.0, ec50: ec50?, hill: 1.0 });
    }
    let strength = table.quantity("strength", dimension, limits);
    let example = if dimension.bare { "strength = 0.8".to_owned() } else { format!("strength = {}", dimension.form()) };
    let strength = table.required("strength", strength, &example);
    let ec50 = table.read("ec50", |value| match (mass, plain_number(value)) {
        (true, _) => quantity_of(value, &MASS, AMOUNT),
        (false, Some(_)) => number_of(value, "ec50", AMOUNT),
        (false, None) => Err(wrong_kind(value, "a plain number", "amounts of a drug with one compartment have no unit, as its doses")),
    });
    let ec50 = table.required(
        "ec50",
        ec50,
        if mass { "ec50 = \"100 mg\" (in the central compartment)" } else { "ec50 = 0.5 (in units of the doses)" },
    );
    let hill = table.quantity("hill", &NUMBER, HILL);
    let hill = table.or_default("hill", hill, 1.0);
    Some(DrugEffect { hook, strength: strength?, ec50: ec50?, hill })
}

fn does_nothing(drug: &Section<'_>, hook: Hook) -> Fault {
    let (unless, help) = match hook {
        Hook::CafBarrier => (
            "immune = true, or uptake_barrier is above 0",
            "let the barrier act on uptake by uptake_barrier = 0.5 in [response.tme.parameters], or write immune = true in [response.tme] \
             (research, not calibrated in humans), or remove the effect",
        ),
        _ => ("immune = true", "write immune = true in [response.tme] (research, not calibrated in humans), or remove the drug"),
    };
    Fault::new(format!("{} acts on \"{}\", which does nothing unless {unless}", drug.title, hook.word()), help)
}
