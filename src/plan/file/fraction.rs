//! `[[fraction]]`: what is given when, and where it goes.

use std::ops::Range;

use super::{
    Context, Field, Nuclide, RegionNames, Section,
    kinetics::{self, COURSE_KEYS, ModelDraft},
    settings::HISTORIES_MAX,
    uptake::{self, ImageDraft, UptakeDraft},
};
use crate::plan::{
    FractionPlan, ImageQuantity, ImageSeries, Kinetics, Prediction, RegionUptake,
    frame::{Fault, suggestion},
    quantity::{ACTIVITY, TIME},
    show,
};

/// A fraction as read; what was wrong is `None`.
struct Draft {
    number: u32,
    /// Whether it takes over what it does not say itself.
    inherits: bool,
    /// Number of the fraction from whose uptake this one's is predicted.
    predicted_from: Option<u32>,
    start: Option<f64>,
    nuclide: Option<usize>,
    administered: Option<f64>,
    histories: Option<u64>,
    uptakes: Vec<Placed<UptakeDraft>>,
    images: Vec<Placed<ImageDraft>>,
    series: Vec<(ImageSeries, Option<u32>)>,
    /// Compartments, and the number of the fraction with whose activity they were measured, if predicted.
    model: Option<(ModelDraft, Option<u32>)>,
    until: Option<Until>,
}

/// When a fraction's activity stops to count.
#[derive(Debug, Clone, Copy)]
enum Until {
    /// At the start of the next fraction that starts later.
    Next,
    /// s after its own start.
    After(f64),
}

/// Something read, and where it stands.
#[derive(Clone)]
struct Placed<T> {
    draft: T,
    span: Range<usize>,
    /// For what is inherited: the nuclide with which it was judged, and any problem noted, where it stands.
    judged: Option<usize>,
    /// For what is predicted: number of the fraction in which it was measured.
    measured: Option<u32>,
}

/// The fraction taken over from, and whether what is taken over is predicted.
#[derive(Clone, Copy)]
struct Base<'d> {
    like: Option<&'d Draft>,
    predicted: bool,
}

impl Base<'_> {
    /// Number of the fraction in which something inherited was measured; `before`: that of the base itself, if it is predicted there.
    fn measured(self, before: Option<u32>) -> Option<u32> {
        let number = self.like.map(|l| l.number);
        if self.predicted { before.or(number) } else { None }
    }
}

impl Context<'_> {
    /// Reads every `[[fraction]]`; `histories` is the default of `[transport]`.
    pub(super) fn fractions(self, root: &Section<'_>, names: &RegionNames, nuclides: &[Nuclide], histories: u64) -> Vec<FractionPlan> {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut plans = Vec::new();
        let sections = root.tables("fraction", "[[fraction]]", "fraction", false);
        if !root.has_content("fraction") {
            root.missing("fraction", "[[fraction]] with administered = \"7.4 GBq\" and [fraction.uptake.<region>]");
        }
        let evolves = root.raw("response").and_then(|v| v.get_ref().as_table()).is_some_and(|t| t.contains_key("tme"));
        for (at, mut section) in sections.into_iter().enumerate() {
            let number = at as u32 + 1;
            section.title = format!("fraction {number}");
            section.path = format!("fraction.{number}");
            section.only(&[
                "start",
                "nuclide",
                "administered",
                "histories",
                "like",
                "predicted",
                "uptake",
                "image",
                "series",
                "compartment",
                "transfer",
                "until",
            ]);
            let base = base(&section, number, nuclides, &drafts, evolves);
            let draft = self.draft(&section, number, names, nuclides, base);
            check_order(&section, &draft, &drafts);
            plans.extend(resolve(&section, &draft, nuclides, histories, &drafts));
            drafts.push(draft);
        }
        resolve_until(&drafts, &mut plans);
        plans
    }

    fn draft(self, section: &Section<'_>, number: u32, names: &RegionNames, nuclides: &[Nuclide], base: Base<'_>) -> Draft {
        let like = base.like;
        let mut draft = Draft {
            number,
            inherits: section.has("like") || like.is_some(),
            predicted_from: base.measured(like.and_then(|l| l.predicted_from)),
            start: start(section, number),
            nuclide: nuclide(section, nuclides, like),
            administered: administered(section, like),
            histories: section.count("histories", 1, HISTORIES_MAX).value().or_else(|| {
                let inherited = like.and_then(|l| l.histories);
                inherited.inspect(|_| section.note_default("histories", &as_in(like)))
            }),
            uptakes: uptakes(section, names, base),
            images: Vec::new(),
            series: Vec::new(),
            model: kinetics::model(section).map(|model| (model, None)).or_else(|| {
                let (model, measured) = like.and_then(|l| l.model.clone())?;
                Some((model, base.measured(measured)))
            }),
            until: until(section).or(like.and_then(|l| l.until)),
        };
        let title = format!("[[fraction.image]] of fraction {number}");
        for image in section.tables("image", &title, &format!("{}.images", section.path), true) {
            let span = image.span.clone();
            draft.images.extend(self.image(&image, names).map(|draft| Placed { draft, span, judged: None, measured: None }));
        }
        if let Some(like) = like.filter(|_| !section.has("image")) {
            let inherit = |p: &Placed<ImageDraft>| Placed {
                draft: p.draft.clone().inherited(like.number),
                span: section.key_span("like"),
                judged: like.nuclide,
                measured: base.measured(p.measured),
            };
            draft.images = like.images.iter().map(inherit).collect();
        }
        let title = format!("[[fraction.series]] of fraction {number}");
        for series in section.tables("series", &title, &format!("{}.series", section.path), true) {
            draft.series.extend(self.series(&series, names).map(|series| (series, None)));
        }
        if let Some(like) = like.filter(|_| !section.has("series")) {
            draft.series = like.series.iter().map(|(series, measured)| (series.clone(), base.measured(*measured))).collect();
        }
        let written = ["image", "series", "uptake", "like", "predicted"].iter().any(|key| section.has_content(key));
        if draft.uptakes.is_empty() && draft.images.is_empty() && draft.series.is_empty() && !written {
            let help = "add [fraction.uptake.<region>] with fraction = \"2.5 %\" and half_life = \"50 h\", [[fraction.image]] or [[fraction.series]]";
            section.problem(section.span.clone(), Fault::new(format!("fraction {number} puts no activity anywhere"), help));
        }
        draft
    }
}

fn as_in(like: Option<&Draft>) -> String {
    like.map_or("default".to_owned(), |l| format!("as in fraction {}", l.number))
}

/// `like = 1`: an earlier fraction to take over from.
fn like<'d>(section: &Section<'_>, number: u32, earlier: &'d [Draft]) -> Option<&'d Draft> {
    let field = section.count("like", 1, u64::MAX);
    if field == Field::Wrong {
        section.excuse(&["nuclide", "administered"]);
    }
    let Field::Value(wanted, span) = field else { return None };
    let found = earlier.iter().find(|d| u64::from(d.number) == wanted);
    if found.is_none() {
        let help = if number == 1 {
            "the first fraction has none before it".to_owned()
        } else {
            format!("fractions before this one: 1 to {}", number - 1)
        };
        section.problem(span, Fault::new(format!("`like = {wanted}` does not name an earlier fraction"), help));
        section.excuse(&["nuclide", "administered"]);
    }
    found
}

/// `like` and `predicted`: a predicted fraction takes over from the last one of its nuclide where it names none.
fn base<'d>(section: &Section<'_>, number: u32, nuclides: &[Nuclide], earlier: &'d [Draft], evolves: bool) -> Base<'d> {
    let like = like(section, number, earlier);
    let predicted = section.flag("predicted");
    let Field::Value(true, span) = predicted else {
        if predicted == Field::Wrong {
            section.excuse(&["administered", "nuclide"]);
        }
        if let Some(like) = like.filter(|l| l.predicted_from.is_some()) {
            let message =
                format!("fraction {number} is like fraction {}, whose uptake is predicted and not known before the run", like.number);
            let help = "write predicted = true here too, or `like` a fraction that was measured";
            section.problem(section.key_span("like"), Fault::new(message, help));
        }
        return Base { like, predicted: false };
    };
    if !evolves {
        let help = "add [response.tme], the model that predicts it, or remove this line";
        section.problem(span.clone(), Fault::new("`predicted` without [response.tme]", help));
    }
    let wanted = section.raw("nuclide").and_then(|v| v.get_ref().as_str()).map(str::trim);
    let same = |draft: &&Draft| wanted.is_none_or(|name| draft.nuclide.is_some_and(|n| nuclides[n].plan.name == name));
    let found = like.or_else(|| earlier.iter().rev().find(same).filter(|_| !section.has("like")));
    if let (None, false) = (found, section.has("like")) {
        let message = match wanted {
            Some(nuclide) if number > 1 => format!("no fraction of {nuclide} before fraction {number}"),
            _ => "the first fraction cannot be predicted".to_owned(),
        };
        section.problem(span, Fault::new(message, "a prediction starts from the measured uptake of an earlier fraction; write the uptake"));
        section.excuse(&["administered", "nuclide"]);
    }
    if let Some(other) = found.filter(|l| wanted.is_some_and(|name| l.nuclide.is_some_and(|n| nuclides[n].plan.name != name))) {
        let help = "name a fraction of the same nuclide in `like`";
        let message = format!("uptake predicted from fraction {}, which is of another nuclide", other.number);
        section.problem(section.key_span("like"), Fault::new(message, help));
    }
    if let Some(found) = found.filter(|_| !section.has("like")) {
        section.note_default("like", &format!("default: fraction {}", found.number));
    }
    Base { like: found, predicted: true }
}

fn start(section: &Section<'_>, number: u32) -> Option<f64> {
    let field = section.quantity("start", &TIME, kinetics::MOMENT);
    if number == 1 {
        return Some(section.or_default("start", field, 0.0));
    }
    section.required("start", field, "start = \"56 d\" (after the first fraction)")
}

/// `until = "next"` or a time.
fn until(section: &Section<'_>) -> Option<Until> {
    let word = section.raw("until").and_then(|v| v.get_ref().as_str().map(str::trim));
    if word == Some("next") {
        return Some(Until::Next);
    }
    let field = section.quantity("until", &TIME, uptake::DURATION);
    if !field.is_written() {
        section.note_default("until", "default: to infinity");
    }
    field.value().map(Until::After)
}

/// Fills in when the activity of each fraction stops to count.
fn resolve_until(drafts: &[Draft], plans: &mut [FractionPlan]) {
    let starts: Vec<f64> = drafts.iter().filter_map(|d| d.start).collect();
    for plan in plans {
        let draft = drafts.iter().find(|d| d.number == plan.number);
        plan.until = match draft.and_then(|d| d.until) {
            None => None,
            Some(Until::After(time)) => Some(time),
            Some(Until::Next) => starts.iter().find(|&&start| start > plan.start).map(|next| next - plan.start),
        };
    }
}

fn nuclide(section: &Section<'_>, nuclides: &[Nuclide], like: Option<&Draft>) -> Option<usize> {
    match section.text("nuclide", "nuclide = \"Lu-177\"") {
        Field::Value(name, span) => {
            let found = nuclides.iter().position(|n| n.plan.name == name);
            // Beside a nuclide with an unknown name (noted) nothing can be said about this one.
            if found.is_none() && nuclides.iter().all(|n| n.half_life.is_some()) {
                let help = suggestion(name, nuclides.iter().map(|n| n.plan.name.as_str()), "nuclides of this plan");
                section.problem(span, Fault::new(format!("there is no [[nuclide]] \"{name}\" in this plan"), help));
            }
            found
        }
        Field::Wrong => None,
        Field::Absent => {
            if let Some(inherited) = like {
                section.note_default("nuclide", &as_in(like));
                return inherited.nuclide;
            }
            match nuclides {
                [_] => {
                    section.note_default("nuclide", "default: the only one");
                    Some(0)
                }
                [] => None,
                [first, ..] => {
                    section.missing("nuclide", &format!("nuclide = \"{}\" (the plan lists several)", first.plan.name));
                    None
                }
            }
        }
    }
}

fn administered(section: &Section<'_>, like: Option<&Draft>) -> Option<f64> {
    let field = section.quantity("administered", &ACTIVITY, uptake::ACTIVITIES);
    if !field.is_written() && like.is_some() {
        section.note_default("administered", &as_in(like));
        return like.and_then(|l| l.administered);
    }
    section.required("administered", field, "administered = \"7.4 GBq\"")
}

/// The uptakes written, completed by those of the fraction named by `like`, in the order of the file.
fn uptakes(section: &Section<'_>, names: &RegionNames, base: Base<'_>) -> Vec<Placed<UptakeDraft>> {
    let Base { like, predicted } = base;
    let inherited = like.map_or(&[][..], |l| &l.uptakes[..]);
    let from = like.map_or(0, |l| l.number);
    let table = section.table("uptake", "[fraction.uptake.<region>]", &format!("{}.uptakes", section.path));
    let mut written: Vec<(String, Vec<Placed<UptakeDraft>>)> = Vec::new();
    for (region, span, value) in table.iter().flat_map(Section::entries) {
        let Some(table) = &table else { continue };
        let title = format!("uptake of \"{region}\" in {}", section.title);
        if !value.get_ref().is_table() && !value.get_ref().is_array() {
            let help = format!("write [fraction.uptake.{region}] with fraction = \"2.5 %\" and half_life = \"50 h\"");
            section.problem(
                value.span(),
                Fault::new(format!("{title} is {}, but a table is needed", crate::plan::section::kind(value.get_ref())), help),
            );
            continue;
        }
        if !names.check(section, region, span) {
            continue;
        }
        let components = table.tables(region, &title, &table.path, true);
        let before: Vec<_> = inherited.iter().filter(|p| p.draft.region == region).collect();
        if !table.has_content(region) {
            let help = "write what it is, or zero to take away an uptake inherited by `like`";
            section.problem(value.span(), Fault::new(format!("{title} is empty"), help));
        }
        let mut drafts = Vec::new();
        for component in &components {
            if section.has("like") && like.is_none() {
                component.excuse(&["activity", "half_life"]);
            }
            let one = match (&before[..], components.len()) {
                ([before], 1) => Some(&before.draft),
                _ => None,
            };
            let mut draft = uptake::uptake(component, region, one);
            if predicted && one.is_some() && !draft.has_amount() && !component.has("activity") && !component.has("fraction") {
                let help = "add its activity, as measured; or remove it here, and it is predicted";
                component.problem(component.span.clone(), Fault::new(format!("{title}, a predicted fraction, lacks its activity"), help));
            }
            if let Some(before) = one {
                draft = draft.completed_by(before, from);
            }
            if draft.is_zero() {
                // Written as nothing: takes away what would be inherited, and means nothing otherwise.
                if before.is_empty() {
                    component.problem(
                        component.span.clone(),
                        Fault::new(format!("{title} is zero"), "remove it (zero only takes away an uptake inherited by `like`)"),
                    );
                }
                continue;
            }
            // A course that is written, but wrong, has been noted.
            let course = COURSE_KEYS.iter().any(|key| component.has(key));
            for (key, example) in draft.open().into_iter().filter(|_| !course) {
                let alternative = if key == "activity" { "fraction" } else { "biological_half_life" };
                if !component.has(key) && !component.has(alternative) {
                    component.missing(key, example);
                }
            }
            drafts.push(Placed {
                draft,
                span: component.raw("half_life").map_or(component.span.clone(), toml::Spanned::span),
                judged: None,
                measured: None,
            });
        }
        written.push((region.to_owned(), drafts));
    }
    // In the order of the fraction taken over from, then what is new.
    let mut all = Vec::new();
    for before in inherited {
        match written.iter().position(|w| w.0 == before.draft.region) {
            Some(at) => all.append(&mut written[at].1),
            None => all.push(Placed {
                draft: before.draft.clone().inherited(from),
                span: section.key_span("like"),
                judged: like.and_then(|l| l.nuclide),
                measured: base.measured(before.measured),
            }),
        }
    }
    all.extend(written.into_iter().flat_map(|w| w.1));
    all
}

/// Start times do not go back, and one nuclide is not given twice at the same time.
fn check_order(section: &Section<'_>, draft: &Draft, earlier: &[Draft]) {
    let span = || section.raw("start").map_or(section.span.clone(), toml::Spanned::span);
    let Some(start) = draft.start else { return };
    if let Some((before, previous)) = earlier.iter().rev().find_map(|d| d.start.map(|s| (s, d.number)))
        && start < before
    {
        let (own, other) = (show::time(start), show::time(before));
        let message = format!("fraction {} starts at {own}, before fraction {previous} at {other}", draft.number);
        section.problem(span(), Fault::new(message, "write the fractions in the order of their start"));
    }
    let same = |d: &&Draft| d.start.is_some_and(|s| (s - start).abs() < 1.0) && d.nuclide.is_some() && d.nuclide == draft.nuclide;
    if let Some(twin) = earlier.iter().find(same) {
        let message = format!("fractions {} and {} give the same nuclide at the same time", twin.number, draft.number);
        section
            .problem(span(), Fault::new(message, "join them, or correct the start (equal starts are for cocktails of different nuclides)"));
    }
}

/// The fraction in the program's units, if everything it needs is good.
fn resolve(section: &Section<'_>, draft: &Draft, nuclides: &[Nuclide], histories: u64, earlier: &[Draft]) -> Option<FractionPlan> {
    let physical = draft.nuclide.and_then(|n| nuclides[n].half_life)?;
    let administered = draft.administered?;
    // What is predicted was measured with the activity of that fraction.
    let then = |measured: Option<u32>| {
        let from = earlier.iter().find(|d| Some(d.number) == measured);
        from.and_then(|d| Some((Prediction { from: d.number, scale: administered / d.administered? }, d.administered?)))
    };
    let compartments = draft.model.as_ref().map(|(model, measured)| match then(*measured) {
        Some((Prediction { scale, .. }, before)) => {
            let mut model = model.resolve(before);
            model.compartments.iter_mut().for_each(|c| c.initial *= scale);
            model
        }
        None => model.resolve(administered),
    });
    let mut uptakes: Vec<RegionUptake> = Vec::new();
    for placed in &draft.uptakes {
        let measured = then(placed.measured);
        match placed.draft.resolve(measured.map_or(administered, |m| m.1), physical, compartments.as_ref()) {
            Ok((mut uptake, notes)) => {
                if let Some((prediction, _)) = measured {
                    uptake.kinetics = uptake.kinetics.scaled(prediction.scale);
                    uptake.predicted = Some(prediction);
                }
                for (key, note) in notes {
                    section.note_default(&format!("uptakes.{}.{key}", uptakes.len()), &note);
                }
                let same = |known: &&RegionUptake| known.kinetics == uptake.kinetics;
                if let (Kinetics::Compartment { .. }, Some(twin)) = (&uptake.kinetics, uptakes.iter().find(same)) {
                    let message = format!(
                        "\"{}\" and \"{}\" are given the same compartment, whose activity would count twice",
                        twin.region, uptake.region
                    );
                    section.problem(placed.span.clone(), Fault::new(message, "make one region of both, or two compartments"));
                }
                uptakes.push(uptake);
            }
            Err(Some(fault)) if placed.judged != draft.nuclide => section.problem(placed.span.clone(), fault),
            Err(_) => {}
        }
    }
    let mut images = Vec::new();
    for placed in &draft.images {
        match placed.draft.resolve(physical) {
            Ok((mut image, notes)) => {
                image.predicted = then(placed.measured).map(|m| m.0);
                for (key, note) in notes {
                    section.note_default(&format!("images.{}.{key}", images.len()), &note);
                }
                images.push(image);
            }
            Err(fault) if placed.judged != draft.nuclide => section.problem(placed.span.clone(), fault),
            Err(_) => {}
        }
    }
    let in_images = images.iter().map(|i| match i.quantity {
        ImageQuantity::Relative { total } => total * (i.time / i.effective_half_life).exp2() * i.predicted.map_or(1.0, |p| p.scale),
        _ => 0.0,
    });
    let total: f64 = uptakes.iter().map(|u| u.kinetics.initial()).chain(in_images).sum();
    // What is wholly inherited has been judged where it is written.
    let inherited = draft.inherits && !["uptake", "image", "administered", "nuclide"].iter().any(|key| section.has(key));
    if total > administered * (1.0 + 1e-9) && !inherited {
        let message = format!(
            "the uptakes of fraction {} add up to {}, {} of the {} administered",
            draft.number,
            show::activity(total),
            show::percent(total / administered),
            show::activity(administered)
        );
        section.problem(
            section.span.clone(),
            Fault::new(message, "uptakes together cannot exceed the administered activity; check units and fractions"),
        );
    }
    if draft.uptakes.is_empty() && draft.images.is_empty() && draft.series.is_empty() && draft.inherits {
        let fault = Fault::new(format!("fraction {} puts no activity anywhere", draft.number), "leave at least one uptake");
        section.problem(section.span.clone(), fault);
    }
    let histories = draft.histories.unwrap_or_else(|| {
        section.note_default("histories", "default, from [transport]");
        histories
    });
    Some(FractionPlan {
        number: draft.number,
        start: draft.start?,
        nuclide: draft.nuclide?,
        administered,
        uptakes,
        images,
        series: draft.series.iter().map(|(s, measured)| ImageSeries { predicted: then(*measured).map(|m| m.0), ..s.clone() }).collect(),
        compartments,
        until: None,
        predicted_from: draft.predicted_from,
        histories,
    })
}
