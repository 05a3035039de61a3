//! Activity in time as written: phases, samples, compartments, image series.

use super::{
    Context, Field, RegionNames, Section,
    uptake::{Amount, Clearance, DURATION, amount, clearance, effective, per_count},
};
use crate::plan::{
    Before, Between, Compartment, CompartmentModel, FitModel, ImageQuantity, ImageSeries, Kinetics, Phase, Samples, SeriesBy, Tail,
    TimedImage, Transfer, Treatment,
    frame::{Fault, suggestion},
    quantity::{ACTIVITY, FRACTION, Limits, RATE, TIME},
    show,
};

/// Times of samples and images, from the start of the fraction on.
pub(super) const MOMENT: Limits = Limits { min: 0.0, min_included: true, max: DURATION.max };
/// Amplitudes, which may be negative.
pub(super) const AMPLITUDE: Limits = Limits::between(-1e15, 1e15);
pub(super) const SHARE: Limits = Limits::between(-100.0, 100.0);
/// Relative uncertainties.
pub(super) const UNCERTAINTY: Limits = Limits::between(0.0, 1.0);
/// Classes of half-lives of a series fitted voxel by voxel.
pub(super) const CLASSES: u64 = 8;
pub(super) const CLASSES_MOST: u64 = 64;
/// Samples through which a fitted tail goes.
pub(super) const TAIL_SAMPLES: u64 = 2;
pub(super) const TAIL_MOST: u64 = 1000;
/// Rates of transfer, 1/s.
pub(super) const TRANSFER: Limits = Limits::up_to(1e3);
/// Coefficients of recovery.
pub(super) const RECOVERY: Limits = Limits::between(0.05, 2.0);

/// A course in time that is no single exponential.
#[derive(Debug, Clone)]
pub(super) enum CourseDraft {
    /// Amplitudes and half-lives.
    Phases(Vec<(Amount, Clearance)>),
    /// Measurements: amounts with relative uncertainty.
    Samples { times: Vec<f64>, amounts: Vec<Amount>, uncertainty: Option<f64>, decay_corrected: bool, treatment: Treatment },
    /// Name of a compartment.
    Compartment(String),
}

/// Keys of an uptake table that are read here.
pub(super) const COURSE_KEYS: [&str; 3] = ["phases", "samples", "compartment"];

/// The one course that an uptake table holds besides amount and half-life, if any.
pub(super) fn course(section: &Section<'_>) -> Option<CourseDraft> {
    let written: Vec<&str> = COURSE_KEYS.into_iter().filter(|key| section.has(key)).collect();
    let others = ["activity", "fraction", "half_life", "biological_half_life", "uptake_half_life"];
    if let [first, rest @ ..] = &written[..]
        && let Some(other) = rest.first().copied().or_else(|| others.into_iter().find(|key| section.has(key)))
    {
        section.problem(section.key_span(other), Fault::new(format!("both `{first}` and `{other}` are given"), "keep one"));
    }
    let path = &section.path;
    match written.first() {
        Some(&"phases") => {
            let title = format!("`phases` of {}", section.title);
            let mut phases = Vec::new();
            let tables = section.tables("phases", &title, &format!("{path}.phases"), false);
            if tables.is_empty() {
                let help = "write phases = [{ fraction = \"3 %\", half_life = \"60 h\" }, { fraction = \"-3 %\", half_life = \"1 h\" }]";
                section.problem(section.key_span("phases"), Fault::new("`phases` holds none", help));
            }
            for phase in tables {
                phase.only(&["activity", "fraction", "half_life", "biological_half_life"]);
                let amount = amount(&phase, AMPLITUDE, SHARE);
                let clearance = clearance(&phase);
                for (key, other, missing) in
                    [("activity", "fraction", amount.is_none()), ("half_life", "biological_half_life", clearance.is_none())]
                {
                    if missing && !phase.has(key) && !phase.has(other) {
                        phase.missing(key, if key == "activity" { "fraction = \"3 %\"" } else { "half_life = \"60 h\"" });
                    }
                }
                phases.extend(amount.zip(clearance));
            }
            Some(CourseDraft::Phases(phases))
        }
        Some(&"samples") => samples(&section.table("samples", &format!("`samples` of {}", section.title), &format!("{path}.samples"))?),
        Some(_) => section.text("compartment", "compartment = \"kidneys\"").value().map(|name| CourseDraft::Compartment(name.to_owned())),
        None => None,
    }
}

fn samples(section: &Section<'_>) -> Option<CourseDraft> {
    section.only(&[
        "times",
        "activities",
        "fractions",
        "uncertainty",
        "decay_corrected",
        "fit",
        "between",
        "before",
        "tail",
        "tail_samples",
    ]);
    let times = section.required("times", section.quantities("times", &TIME, MOMENT), "times = \"4, 24, 96, 168 h\"");
    let activities = section.quantities("activities", &ACTIVITY, Limits::between(0.0, 1e15));
    let fractions = section.quantities("fractions", &FRACTION, Limits::between(0.0, 1.0));
    if activities.is_written() && fractions.is_written() {
        let fault = Fault::new("both `activities` and `fractions` are given", "keep one");
        section.problem(section.key_span("fractions"), fault);
    } else if !activities.is_written() && !fractions.is_written() {
        section.missing(
            "activities",
            "activities = \"80, 60, 20, 8 MBq\" or fractions = \"2, 1.5, 0.5, 0.2 %\" (of the administered activity)",
        );
    }
    let (key, amounts): (_, Option<Vec<Amount>>) = match activities.value() {
        Some(values) => ("activities", Some(values.into_iter().map(Amount::Activity).collect())),
        None => ("fractions", fractions.value().map(|values| values.into_iter().map(Amount::Fraction).collect())),
    };
    let uncertainty = section.quantity("uncertainty", &FRACTION, UNCERTAINTY).value();
    let decay_corrected = section.or_default("decay_corrected", section.flag("decay_corrected"), false);
    let treatment = treatment(section);
    let (times, amounts, treatment) = (times?, amounts?, treatment?);
    check_times(section, "times", &times, key, amounts.len())?;
    check_number(section, ("times", "uncertainty"), times.len(), uncertainty.is_some(), treatment)?;
    Some(CourseDraft::Samples { times, amounts, uncertainty, decay_corrected, treatment })
}

/// `recovery = { kidneys = "85 %" }`: a coefficient for each of `regions`, 1 where none is written.
fn recovery(section: &Section<'_>, regions: &[String]) -> Vec<f64> {
    let title = format!("`recovery` of {}", section.title);
    let table = section.table("recovery", &title, &format!("{}.recovery", section.path));
    for (name, span, _) in table.iter().flat_map(Section::entries) {
        if !regions.iter().any(|region| region == name) {
            let help = suggestion(name, regions.iter().map(String::as_str), "regions of this series");
            section.problem(span, Fault::new(format!("\"{name}\" is none of the `regions` of this series"), help));
        }
    }
    regions.iter().map(|region| table.as_ref().and_then(|t| t.quantity(region, &FRACTION, RECOVERY).value()).unwrap_or(1.0)).collect()
}

/// `fit`, or `between`, `before` and `tail`.
fn treatment(section: &Section<'_>) -> Option<Treatment> {
    let fit = section.choice("fit", &FitModel::NAMES);
    if fit.is_written() {
        for key in ["between", "before", "tail", "tail_samples"].into_iter().filter(|key| section.has(key)) {
            let help = "a fit gives the whole course; remove one of the two";
            section.problem(section.key_span(key), Fault::new(format!("both `fit` and `{key}` are given"), help));
        }
        return fit.value().map(|model| Treatment::Fit { model });
    }
    let between = section.choice("between", &[("linear", Between::Linear), ("log-linear", Between::LogLinear)]);
    let before =
        section.choice("before", &[("zero", Before::Zero), ("constant", Before::Constant), ("extrapolated", Before::Extrapolated)]);
    let samples = section.count("tail_samples", 2, TAIL_MOST);
    let word = section.raw("tail").and_then(|v| v.get_ref().as_str().map(|text| (text.trim(), v.span())));
    let fitted = Tail::Fitted { samples: samples.clone().value().unwrap_or(TAIL_SAMPLES) as usize };
    let tail = match word {
        Some(("physical", span)) => Field::Value(Tail::Physical, span),
        Some(("fitted", span)) => Field::Value(fitted, span),
        _ => section.quantity("tail", &TIME, DURATION).map(|effective| Tail::HalfLife { effective }),
    };
    if samples.is_written() && tail.clone().value() != Some(fitted) {
        let fault = Fault::new("`tail_samples` without a fitted tail", "add tail = \"fitted\", or remove it");
        section.problem(section.key_span("tail_samples"), fault);
    }
    let wrong = between == Field::Wrong || before == Field::Wrong || tail == Field::Wrong;
    let between = section.or_default("between", between, Between::Linear);
    let before = section.or_default("before", before, Before::Zero);
    let tail = section.or_default("tail", tail, Tail::Physical);
    (!wrong).then_some(Treatment::Interpolate { between, before, tail })
}

/// Times ascend and there are as many as values.
fn check_times(section: &Section<'_>, times_key: &str, times: &[f64], key: &str, values: usize) -> Option<()> {
    let mut good = true;
    let span = |key: &str| section.raw(key).map_or(section.span.clone(), toml::Spanned::span);
    if times.len() != values {
        let message = format!("{} times, but {values} {key}", times.len());
        section.problem(span(key), Fault::new(message, format!("one of `{key}` for each of `{times_key}`")));
        good = false;
    }
    if let Some(pair) = times.windows(2).find(|pair| pair[0] >= pair[1]) {
        let message = format!("{} comes after {}", show::time(pair[1]), show::time(pair[0]));
        section.problem(span(times_key), Fault::new(message, "write the times in ascending order, each once"));
        good = false;
    }
    good.then_some(())
}

/// There are enough values for what is made of them.
fn check_number(section: &Section<'_>, (key, uncertainty): (&str, &str), found: usize, known: bool, treatment: Treatment) -> Option<()> {
    let (needed, what) = match treatment {
        // Without uncertainties the scatter has to be seen from the values themselves.
        Treatment::Fit { model } => (model.parameters() + usize::from(!known), "this fit"),
        Treatment::Interpolate { tail: Tail::Fitted { samples }, .. } => (samples, "the tail"),
        Treatment::Interpolate { before: Before::Extrapolated, .. } => (2, "extrapolation to the start"),
        Treatment::Interpolate { .. } => (1, "interpolation"),
    };
    if found >= needed {
        return Some(());
    }
    let span = section.raw(key).map_or(section.span.clone(), toml::Spanned::span);
    let help = if known {
        "add values, or take a simpler curve".to_owned()
    } else {
        format!("add values, give their `{uncertainty}`, or take a simpler curve")
    };
    section.problem(span, Fault::new(format!("{found} times, but {what} needs at least {needed}"), help));
    None
}

impl CourseDraft {
    /// In the program's units; `Err` says what does not fit the nuclide or the compartments.
    pub(super) fn resolve(&self, administered: f64, physical: f64, compartments: Option<&CompartmentModel>) -> Result<Kinetics, Fault> {
        match self {
            Self::Phases(phases) => {
                let phase = |(amount, clearance): &(Amount, Clearance)| {
                    Ok(Phase { activity: amount.becquerel(administered), effective_half_life: effective(*clearance, physical)? })
                };
                let phases = phases.iter().map(phase).collect::<Result<Vec<_>, Fault>>()?;
                let start: f64 = phases.iter().map(|p| p.activity).sum();
                let largest = phases.iter().map(|p| p.activity.abs()).fold(0.0, f64::max);
                if start < -1e-9 * largest {
                    return Err(Fault::new(
                        format!("the phases add up to {} at the start", show::activity(start)),
                        "uptake phases (negative) cannot exceed the others; activity is never below zero",
                    ));
                }
                Ok(Kinetics::Phases { phases })
            }
            Self::Samples { times, amounts, uncertainty, decay_corrected, treatment } => {
                if let Treatment::Interpolate { tail: Tail::HalfLife { effective: half_life }, .. } = *treatment {
                    effective(Clearance::Effective(half_life), physical)?;
                }
                let decayed = |t: f64| if *decay_corrected { (-t / physical).exp2() } else { 1.0 };
                let activities: Vec<f64> =
                    times.iter().zip(amounts).map(|(&t, amount)| amount.becquerel(administered) * decayed(t)).collect();
                let sigmas = uncertainty.map_or_else(Vec::new, |relative| activities.iter().map(|a| a * relative).collect());
                Ok(Kinetics::Samples { samples: Samples { times: times.clone(), activities, sigmas }, treatment: *treatment })
            }
            Self::Compartment(name) => {
                let names = || compartments.iter().flat_map(|model| model.compartments.iter().map(|c| c.name.as_str()));
                let compartment = names().position(|known| known == name).ok_or_else(|| {
                    let help = if compartments.is_none() {
                        Some("describe it: [[fraction.compartment]] with name and [[fraction.transfer]] with from, to, rate".to_owned())
                    } else {
                        suggestion(name, names(), "compartments").into()
                    };
                    Fault { message: format!("this fraction has no compartment \"{name}\""), help }
                })?;
                Ok(Kinetics::Compartment { compartment })
            }
        }
    }
}

/// Compartments of a fraction as written: names with initial amounts, and transfers by position.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelDraft {
    compartments: Vec<(String, Amount)>,
    transfers: Vec<Transfer>,
}

impl ModelDraft {
    /// In Bq.
    pub(super) fn resolve(&self, administered: f64) -> CompartmentModel {
        let compartment = |(name, amount): &(String, Amount)| Compartment { name: name.clone(), initial: amount.becquerel(administered) };
        CompartmentModel { compartments: self.compartments.iter().map(compartment).collect(), transfers: self.transfers.clone() }
    }
}

/// `[[fraction.compartment]]` and `[[fraction.transfer]]`.
pub(super) fn model(section: &Section<'_>) -> Option<ModelDraft> {
    if !section.has("compartment") && !section.has("transfer") {
        return None;
    }
    let mut draft = ModelDraft::default();
    let path = &section.path;
    for table in section.tables("compartment", "[[fraction.compartment]]", &format!("{path}.compartments"), true) {
        table.only(&["name", "activity", "fraction"]);
        let Some(name) = table.required("name", table.text("name", "name = \"blood\""), "name = \"blood\"") else { continue };
        if name == "out" {
            let fault = Fault::new(
                "a compartment cannot be named \"out\"",
                "`to = \"out\"` means that the nuclide leaves the body; take another name",
            );
            table.problem(table.span.clone(), fault);
            continue;
        }
        if draft.compartments.iter().any(|c| c.0 == name) {
            table.problem(table.span.clone(), Fault::new(format!("compartment \"{name}\" is described twice"), "keep one"));
            continue;
        }
        if !table.has("activity") && !table.has("fraction") {
            table.note_default("activity", "default: empty at the start");
        }
        let initial = amount(&table, Limits::between(0.0, 1e15), Limits::between(0.0, 1.0)).unwrap_or(Amount::Activity(0.0));
        draft.compartments.push((name.to_owned(), initial));
    }
    for table in section.tables("transfer", "[[fraction.transfer]]", &format!("{path}.transfers"), true) {
        table.only(&["from", "to", "rate"]);
        let place = |key: &str, out: bool| -> Option<Option<usize>> {
            let example = format!("{key} = \"blood\"");
            let field = table.text(key, &example);
            let span = table.raw(key).map_or(table.span.clone(), toml::Spanned::span);
            let name = table.required(key, field, &example)?;
            if out && name == "out" {
                return Some(None);
            }
            let found = draft.compartments.iter().position(|c| c.0 == name);
            if found.is_none() {
                let known = draft.compartments.iter().map(|c| c.0.as_str()).chain(out.then_some("out"));
                table.problem(span, Fault::new(format!("there is no compartment \"{name}\""), suggestion(name, known, "compartments")));
            }
            found.map(Some)
        };
        let (from, to) = (place("from", false), place("to", true));
        let rate = table.required("rate", table.quantity("rate", &RATE, TRANSFER), "rate = \"0.12 /h\"");
        if let (Some(Some(from)), Some(to), Some(rate)) = (from, to, rate) {
            if to == Some(from) {
                table.problem(table.span.clone(), Fault::new("a compartment passes nothing to itself", "correct `from` or `to`"));
                continue;
            }
            draft.transfers.push(Transfer { from, to, rate });
        }
    }
    if draft.compartments.is_empty() {
        let help = "add [[fraction.compartment]] with name = \"blood\" and fraction = \"100 %\"";
        section.problem(section.key_span("transfer"), Fault::new("transfers without compartments", help));
    }
    Some(draft)
}

impl Context<'_> {
    /// Reads one `[[fraction.series]]`.
    pub(super) fn series(self, section: &Section<'_>, names: &RegionNames) -> Option<ImageSeries> {
        section.only(&[
            "images",
            "times",
            "unit",
            "per_count",
            "decay_corrected",
            "by",
            "regions",
            "recovery",
            "rest",
            "classes",
            "fit",
            "between",
            "before",
            "tail",
            "tail_samples",
            "noise",
            "calibration",
        ]);
        let images =
            section.required("images", self.image_files(section, "images", "4h.nii.gz"), "images = [\"4h.nii.gz\", \"24h.nii.gz\"]");
        let times = section.required("times", section.quantities("times", &TIME, MOMENT), "times = \"4, 24 h\"");
        let units = [("Bq/mL", "Bq/mL"), ("Bq", "Bq"), ("counts", "counts")];
        let unit = section.required("unit", section.choice("unit", &units), "unit = \"Bq/mL\" (or \"Bq\", per voxel, or \"counts\")");
        let quantity = unit.and_then(|unit| match (per_count(section, unit), unit) {
            (_, "Bq/mL") => Some(ImageQuantity::Concentration),
            (_, "Bq") => Some(ImageQuantity::Activity),
            (counts, _) => counts,
        });
        let decay_corrected = section.or_default("decay_corrected", section.flag("decay_corrected"), false);
        let mut regions = Vec::new();
        if let Field::Value(written, span) = section.texts("regions", "regions = [\"kidneys\", \"lesion\"]") {
            regions.extend(written.into_iter().filter(|name| names.check(section, name, span.clone())).map(str::to_owned));
        }
        let voxels = section.choice("by", &[("region", false), ("voxel", true)]);
        let voxels = section.or_default("by", voxels, false);
        let classes = section.count("classes", 1, CLASSES_MOST);
        let rest = section.flag("rest");
        let by = if voxels {
            if section.has("recovery") {
                let fault = Fault::new("`recovery` with by = \"voxel\"", "it belongs to whole regions; remove it");
                section.problem(section.key_span("recovery"), fault);
            }
            if rest.is_written() {
                let fault = Fault::new("`rest` with by = \"voxel\"", "name the regions that count in `regions`, or none for all voxels");
                section.problem(section.key_span("rest"), fault);
            }
            SeriesBy::Voxel { regions, classes: section.or_default("classes", classes, CLASSES) as usize }
        } else {
            if classes.is_written() {
                section
                    .problem(section.key_span("classes"), Fault::new("`classes` with by = \"region\"", "add by = \"voxel\", or remove it"));
            }
            let recovery = recovery(section, &regions);
            SeriesBy::Region { regions, recovery, rest: section.or_default("rest", rest, true) }
        };
        let noise = section.quantity("noise", &FRACTION, UNCERTAINTY);
        let known = matches!(noise, Field::Value(x, _) if x > 0.0);
        let noise = section.or_default("noise", noise, 0.0);
        let calibration = section.or_default("calibration", section.quantity("calibration", &FRACTION, UNCERTAINTY), 0.0);
        // Voxels have one curve, so it need not be written.
        let free = ["fit", "between", "before", "tail", "tail_samples"].iter().all(|key| !section.has(key));
        let treatment = if voxels && free {
            section.note_default("fit", "default by voxel");
            Treatment::Fit { model: FitModel::Mono }
        } else {
            treatment(section)?
        };
        if voxels && treatment != (Treatment::Fit { model: FitModel::Mono }) {
            let fault = Fault::new("voxels are fitted by single exponentials", "add fit = \"mono\" (and remove between, before and tail)");
            section.problem(section.key_span("by"), fault);
        }
        let (images, times) = (images?, times?);
        check_times(section, "times", &times, "images", images.len())?;
        if images.len() < 2 {
            let fault = Fault::new("a series has two or more images", "a single one goes into [[fraction.image]]");
            section.problem(section.key_span("images"), fault);
            return None;
        }
        check_number(section, ("times", "noise"), times.len(), known || voxels, treatment)?;
        let images = images.into_iter().zip(times).map(|(path, time)| TimedImage { path, time }).collect();
        Some(ImageSeries { images, quantity: quantity?, decay_corrected, by, treatment, noise, calibration, predicted: None })
    }
}
