//! `[fraction.uptake.<region>]` and `[[fraction.image]]` as written, and what they mean for a nuclide and an administered activity.

use super::{
    Context, Field, RegionNames, Section,
    kinetics::{COURSE_KEYS, CourseDraft, MOMENT, course},
};
use crate::plan::{
    CompartmentModel, ImageFile, ImageQuantity, ImageUptake, Kinetics, Phase, RegionUptake, UptakePattern,
    frame::Fault,
    quantity::{ACTIVITY, FRACTION, LENGTH, Limits, TIME},
    show,
};

/// Times up to a century.
pub(super) const DURATION: Limits = Limits::up_to(100.0 * 365.25 * 86400.0);
/// Activities up to 1 PBq; zero takes an inherited uptake away.
pub(super) const AMOUNT: Limits = Limits::between(0.0, 1e15);
/// Activities that cannot be zero.
pub(super) const ACTIVITIES: Limits = Limits::up_to(1e15);
/// Activities of one count.
pub(super) const CALIBRATION: Limits = Limits::up_to(1e12);
/// Units of images.
pub(super) const IMAGE_UNITS: [&str; 5] = ["Bq/mL", "Bq", "Bq s", "counts", "relative"];
/// Lengths of patterns, mm.
pub(super) const SCALE: Limits = Limits::up_to(1e4);
/// Seed of a pattern that names none.
pub(super) const PATTERN_SEED: u64 = 1;

/// Keys of the resolved plan that were not written here, and where their values came from.
pub(super) type Notes = Vec<(&'static str, String)>;

/// How much activity, as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// Bq at the start of the fraction.
    Activity(f64),
    /// Fraction of the administered activity.
    Fraction(f64),
}

impl Amount {
    /// Bq, where `administered` is given.
    pub(super) fn becquerel(self, administered: f64) -> f64 {
        match self {
            Self::Activity(activity) => activity,
            Self::Fraction(fraction) => fraction * administered,
        }
    }
}

/// How long it stays, as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Clearance {
    /// Effective half-life, s.
    Effective(f64),
    /// Biological half-life, s, to be combined with the physical one.
    Biological(f64),
    /// Decay only.
    Physical,
}

/// Uptake of a region as written or inherited; what is open is `None`.
#[derive(Debug, Clone)]
pub(super) struct UptakeDraft {
    pub(super) region: String,
    amount: Option<Amount>,
    clearance: Option<Clearance>,
    /// Effective half-life of an uptake phase, s.
    rise: Option<f64>,
    /// What stands instead of amount and half-lives.
    course: Option<CourseDraft>,
    pattern: Option<UptakePattern>,
    notes: Notes,
}

/// An uptake image as written.
#[derive(Debug, Clone)]
pub(super) struct ImageDraft {
    path: ImageFile,
    quantity: ImageQuantity,
    region: Option<String>,
    clearance: Clearance,
    time: f64,
    notes: Notes,
}

/// Patterns and the keys each takes.
pub(super) const PATTERNS: [(&str, &[&str]); 5] = [
    ("uniform", &[]),
    ("log-normal", &["cv", "correlation", "seed"]),
    ("rim", &["length", "core"]),
    ("vessels", &["spacing", "length", "seed"]),
    ("ligand", &[]),
];
pub(super) const PATTERN_KEYS: [&str; 6] = ["cv", "correlation", "seed", "length", "core", "spacing"];

/// Reads one uptake table; the region has been checked. `base` is the uptake whose pattern parameters hold where they are not written.
pub(super) fn uptake(section: &Section<'_>, region: &str, base: Option<&UptakeDraft>) -> UptakeDraft {
    let own = ["activity", "fraction", "half_life", "biological_half_life", "uptake_half_life", "pattern"];
    section.only(&own.into_iter().chain(COURSE_KEYS).chain(PATTERN_KEYS).collect::<Vec<_>>());
    let rise = section.quantity("uptake_half_life", &TIME, DURATION);
    let mut notes = Vec::new();
    UptakeDraft {
        region: region.to_owned(),
        amount: amount(section, AMOUNT, Limits::between(0.0, 1.0)),
        clearance: clearance(section),
        rise: rise.value(),
        course: course(section),
        pattern: pattern(section, base.and_then(|b| b.pattern.as_ref()), &mut notes),
        notes,
    }
}

/// `activity` or `fraction`.
pub(super) fn amount(section: &Section<'_>, activities: Limits, fractions: Limits) -> Option<Amount> {
    let activity = section.quantity("activity", &ACTIVITY, activities).map(Amount::Activity);
    let fraction = section.quantity("fraction", &FRACTION, fractions).map(Amount::Fraction);
    one_of(section, ("activity", activity), ("fraction", fraction))
}

/// `half_life` (effective, or "physical") or `biological_half_life`.
pub(super) fn clearance(section: &Section<'_>) -> Option<Clearance> {
    let physical = section.raw("half_life").and_then(|v| v.get_ref().as_str().map(|text| (text.trim() == "physical", v.span())));
    let effective = match physical {
        Some((true, span)) => Field::Value(Clearance::Physical, span),
        _ => section.quantity("half_life", &TIME, DURATION).map(Clearance::Effective),
    };
    let biological = section.quantity("biological_half_life", &TIME, DURATION).map(Clearance::Biological);
    one_of(section, ("half_life", effective), ("biological_half_life", biological))
}

/// The one of two fields that is written; both is a problem.
fn one_of<T>(section: &Section<'_>, first: (&str, Field<T>), second: (&str, Field<T>)) -> Option<T> {
    if first.1.is_written() && second.1.is_written() {
        let fault = Fault::new(format!("both `{}` and `{}` are given", first.0, second.0), "keep one");
        section.problem(section.key_span(second.0), fault);
    }
    first.1.value().or(second.1.value())
}

/// `pattern` and its parameters; those that are not written come from `base` if it is of the same kind, or if no kind is written.
pub(super) fn pattern(section: &Section<'_>, base: Option<&UptakePattern>, notes: &mut Notes) -> Option<UptakePattern> {
    let words = PATTERNS.map(|(name, keys)| (name, Some((name, keys))));
    let kind = section.choice("pattern", &words);
    if kind == Field::Wrong {
        return None;
    }
    let changed = PATTERN_KEYS.iter().any(|key| section.has(key));
    let inherited = base.filter(|_| changed && !kind.is_written()).and_then(|b| PATTERNS.iter().find(|p| p.0 == kind_name(b)));
    let (name, keys) = kind.value().flatten().or(inherited.copied()).unwrap_or(("none", &[]));
    for key in PATTERN_KEYS.iter().filter(|k| section.has(k) && !keys.contains(k)) {
        let fault = match PATTERNS.iter().find(|p| p.0 == name) {
            Some((_, [])) => {
                Fault::new(format!("`{key}` does not belong to pattern \"{name}\""), format!("a {name} pattern takes no parameters"))
            }
            Some(_) => Fault::new(format!("`{key}` does not belong to pattern \"{name}\""), format!("it takes {}", keys.join(", "))),
            None => Fault::new(format!("`{key}` without a pattern"), "add pattern = \"log-normal\", \"rim\" or \"vessels\""),
        };
        section.problem(section.key_span(key), fault);
    }
    let base = base.filter(|b| kind_name(b) == name);
    let length = |key: &str, base: Option<f64>| {
        let field = section.quantity(key, &LENGTH, SCALE);
        match base.filter(|_| !field.is_written()) {
            Some(value) => Some(value),
            None => section.required(key, field, &format!("{key} = \"5 mm\"")),
        }
    };
    let seed = |notes: &mut Notes, base: Option<u64>| {
        let field = section.count("seed", 0, u64::MAX);
        if !field.is_written() && base.is_none() {
            notes.push(("seed", "default".to_owned()));
        }
        field.value().or(base).unwrap_or(PATTERN_SEED)
    };
    match name {
        "uniform" => Some(UptakePattern::Uniform),
        "ligand" => Some(UptakePattern::Ligand),
        "log-normal" => {
            let known = match base {
                Some(&UptakePattern::LogNormal { cv, correlation, seed }) => Some((cv, correlation, seed)),
                _ => None,
            };
            let field = section.quantity("cv", &FRACTION, Limits::up_to(10.0));
            let cv = match known.filter(|_| !field.is_written()) {
                Some((cv, ..)) => Some(cv),
                None => section.required("cv", field, "cv = \"50 %\""),
            };
            let correlation = length("correlation", known.map(|k| k.1));
            let seed = seed(notes, known.map(|k| k.2));
            Some(UptakePattern::LogNormal { cv: cv?, correlation: correlation?, seed })
        }
        "rim" => {
            let known = match base {
                Some(&UptakePattern::Rim { length, core }) => Some((length, core)),
                _ => None,
            };
            let core = section.quantity("core", &FRACTION, Limits::between(0.0, 1.0));
            if !core.is_written() && known.is_none() {
                notes.push(("core", "default".to_owned()));
            }
            let core = core.value().or(known.map(|k| k.1)).unwrap_or(0.0);
            Some(UptakePattern::Rim { length: length("length", known.map(|k| k.0))?, core })
        }
        "vessels" => {
            let known = match base {
                Some(&UptakePattern::Vessels { spacing, length, seed }) => Some((spacing, length, seed)),
                _ => None,
            };
            let spacing = length("spacing", known.map(|k| k.0));
            let reach = length("length", known.map(|k| k.1));
            let seed = seed(notes, known.map(|k| k.2));
            Some(UptakePattern::Vessels { spacing: spacing?, length: reach?, seed })
        }
        _ => None,
    }
}

/// The word for a pattern in the plan.
fn kind_name(pattern: &UptakePattern) -> &'static str {
    match pattern {
        UptakePattern::Uniform => "uniform",
        UptakePattern::LogNormal { .. } => "log-normal",
        UptakePattern::Rim { .. } => "rim",
        UptakePattern::Vessels { .. } => "vessels",
        UptakePattern::Ligand => "ligand",
    }
}

impl UptakeDraft {
    /// Marks everything as taken over from another fraction.
    pub(super) fn inherited(mut self, from: u32) -> Self {
        self.notes = ["activity", "effective_half_life", "pattern"].map(|key| (key, format!("as in fraction {from}"))).to_vec();
        self
    }

    /// Fills what is open from `base`, an uptake of fraction `from`.
    pub(super) fn completed_by(mut self, base: &Self, from: u32) -> Self {
        let note = |key| (key, format!("as in fraction {from}"));
        let exponential = self.amount.is_some() || self.clearance.is_some() || self.rise.is_some();
        let taken = [
            (self.course.is_none() && self.amount.is_none()).then_some(note("activity")),
            (self.course.is_none() && self.clearance.is_none()).then_some(note("effective_half_life")),
            self.pattern.is_none().then_some(note("pattern")),
        ];
        self.notes.extend(taken.into_iter().flatten());
        if self.course.is_none() {
            // Keys of a single exponential replace a course of another kind and are not joined with it.
            self.course = base.course.clone().filter(|_| !exponential);
            self.amount = self.amount.or(base.amount);
            self.clearance = self.clearance.or(base.clearance);
            self.rise = self.rise.or(base.rise);
        }
        self.pattern = self.pattern.or_else(|| base.pattern.clone());
        self
    }

    /// Whether it says how much activity there is.
    pub(super) fn has_amount(&self) -> bool {
        self.amount.is_some() || self.course.is_some()
    }

    /// True if the uptake is written as none at all.
    pub(super) fn is_zero(&self) -> bool {
        matches!(self.amount, Some(Amount::Activity(0.0) | Amount::Fraction(0.0)))
    }

    /// What is still open, with an example of each.
    pub(super) fn open(&self) -> Vec<(&'static str, &'static str)> {
        if self.course.is_some() {
            return Vec::new();
        }
        let amount =
            self.amount.is_none().then_some(("activity", "activity = \"200 MBq\" or fraction = \"2.5 %\" (of the administered activity)"));
        let clearance = self.clearance.is_none().then_some((
            "half_life",
            "half_life = \"50 h\" (effective), biological_half_life = \"70 h\", or half_life = \"physical\" (nothing is washed out)",
        ));
        amount.into_iter().chain(clearance).collect()
    }

    /// Kinetics and pattern; `Err` says what does not fit the nuclide or the compartments.
    pub(super) fn resolve(
        &self,
        administered: f64,
        physical: f64,
        compartments: Option<&CompartmentModel>,
    ) -> Result<(RegionUptake, Notes), Option<Fault>> {
        let kinetics = match &self.course {
            Some(course) => course.resolve(administered, physical, compartments)?,
            None => self.exponential(administered, physical)?,
        };
        let mut notes = self.notes.clone();
        if self.pattern.is_none() {
            notes.push(("pattern", "default".to_owned()));
        }
        let pattern = self.pattern.clone().unwrap_or(UptakePattern::Uniform);
        Ok((RegionUptake { region: self.region.clone(), kinetics, pattern, predicted: None }, notes))
    }

    /// Amount and half-life, with the uptake phase if there is one.
    fn exponential(&self, administered: f64, physical: f64) -> Result<Kinetics, Option<Fault>> {
        let activity = self.amount.ok_or(None)?.becquerel(administered);
        let effective_half_life = effective(self.clearance.ok_or(None)?, physical)?;
        let mut phases = vec![Phase { activity, effective_half_life }];
        if let Some(rise) = self.rise {
            if rise >= effective_half_life {
                return Err(Some(Fault::new(
                    format!(
                        "an uptake half-life of {} with an effective half-life of {}",
                        show::time(rise),
                        show::time(effective_half_life)
                    ),
                    "activity rises faster than it falls: the uptake half-life is the shorter one",
                )));
            }
            phases.push(Phase { activity: -activity, effective_half_life: rise });
        }
        Ok(Kinetics::Phases { phases })
    }
}

/// Effective half-life: 1/T_eff = 1/T_phys + 1/T_biol.
pub(super) fn effective(clearance: Clearance, physical: f64) -> Result<f64, Fault> {
    match clearance {
        Clearance::Physical => Ok(physical),
        Clearance::Biological(biological) => Ok(physical * biological / (physical + biological)),
        Clearance::Effective(effective) if effective <= physical => Ok(effective),
        Clearance::Effective(effective) => Err(Fault::new(
            format!("an effective half-life of {} is longer than the physical one, {}", show::time(effective), show::time(physical)),
            "write biological_half_life if that is what it is, or half_life = \"physical\"",
        )),
    }
}

impl Context<'_> {
    /// Reads one `[[fraction.image]]`.
    pub(super) fn image(self, section: &Section<'_>, names: &RegionNames) -> Option<ImageDraft> {
        section.only(&["file", "unit", "total", "per_count", "region", "half_life", "biological_half_life", "time"]);
        let mut notes = Vec::new();
        let path = section.required("file", self.image_file(section, "file", "spect.nii.gz"), "file = \"spect.nii.gz\"");
        let total = section.quantity("total", &ACTIVITY, ACTIVITIES);
        let quantity = image_quantity(section, &total);
        let region = section.text("region", "region = \"liver\"");
        let region = match region {
            Field::Value(name, span) => names.check(section, name, span).then(|| name.to_owned()),
            other => {
                if !other.is_written() {
                    notes.push(("region", "default".to_owned()));
                }
                None
            }
        };
        let time = section.quantity("time", &TIME, MOMENT);
        if !time.is_written() {
            notes.push(("time", "default".to_owned()));
        }
        let written = section.has("half_life") || section.has("biological_half_life");
        let clearance = clearance(section);
        let integrated = quantity == Some(ImageQuantity::TimeIntegratedActivity);
        if integrated && time.is_written() {
            let help = "time-integrated activity has no time of its own; remove this line";
            section.problem(section.key_span("time"), Fault::new("`time` with an image in Bq s", help));
        }
        let clearance = match clearance {
            // Its integral is known; only the course of the dose rate is not, and decay is the least that happens.
            None if integrated && !written => {
                notes.push(("effective_half_life", "default: physical".to_owned()));
                Some(Clearance::Physical)
            }
            None if !written => {
                section
                    .missing("half_life", "half_life = \"50 h\" (effective), biological_half_life = \"70 h\", or half_life = \"physical\"");
                None
            }
            known => known,
        };
        Some(ImageDraft { path: path?, quantity: quantity?, region, clearance: clearance?, time: time.value().unwrap_or(0.0), notes })
    }
}

/// `per_count`, which belongs to the unit "counts" and is needed with it.
pub(super) fn per_count(section: &Section<'_>, unit: &str) -> Option<ImageQuantity> {
    let field = section.quantity("per_count", &ACTIVITY, CALIBRATION);
    if unit == "counts" {
        let per_count = section.required("per_count", field, "per_count = \"12.3 Bq\" (activity of one count in one voxel)");
        return per_count.map(|per_count| ImageQuantity::Counts { per_count });
    }
    if field.is_written() {
        let fault = Fault::new(format!("`per_count` with an image in {unit}"), "only unit = \"counts\" takes it; remove this line");
        section.problem(section.key_span("per_count"), fault);
    }
    None
}

/// `unit`, and `total` where the unit is relative.
fn image_quantity(section: &Section<'_>, total: &Field<f64>) -> Option<ImageQuantity> {
    let unit = section.read("unit", |value| {
        let unit = crate::plan::section::text(value, "unit = \"Bq/mL\"")?;
        IMAGE_UNITS.into_iter().find(|u| *u == unit).ok_or_else(|| {
            let scaled = unit.contains("Bq") && unit != "Bq";
            let advice =
                if scaled { "; for other prefixes scale the image, or use unit = \"relative\" with its total activity" } else { "" };
            Fault::new(
                format!("unknown image unit \"{unit}\""),
                format!("units: \"Bq/mL\", \"Bq\" (per voxel), \"Bq s\" (per voxel), \"counts\" (with per_count), \"relative\"{advice}"),
            )
        })
    });
    let unit = section.required("unit", unit, "unit = \"Bq/mL\" (or \"Bq\", \"Bq s\", \"relative\")")?;
    if unit != "relative" && total.is_written() {
        section.problem(
            section.key_span("total"),
            Fault::new(format!("`total` with an image in {unit}"), "only unit = \"relative\" takes a total; remove this line"),
        );
    }
    let per_count = per_count(section, unit);
    match unit {
        "counts" => per_count,
        "Bq/mL" => Some(ImageQuantity::Concentration),
        "Bq" => Some(ImageQuantity::Activity),
        "Bq s" => Some(ImageQuantity::TimeIntegratedActivity),
        _ => section
            .required("total", total.clone(), "total = \"200 MBq\" (activity in the image at its time)")
            .map(|total| ImageQuantity::Relative { total }),
    }
}

impl ImageDraft {
    /// Marks everything as taken over from another fraction.
    pub(super) fn inherited(mut self, from: u32) -> Self {
        let keys = ["path", "quantity", "region", "effective_half_life", "time"];
        self.notes = keys.map(|key| (key, format!("as in fraction {from}"))).to_vec();
        self
    }

    /// With the effective half-life worked out; `Err` says what does not fit the nuclide.
    pub(super) fn resolve(&self, physical: f64) -> Result<(ImageUptake, Notes), Fault> {
        let effective_half_life = effective(self.clearance, physical)?;
        let image = ImageUptake {
            path: self.path.clone(),
            quantity: self.quantity,
            region: self.region.clone(),
            effective_half_life,
            time: self.time,
            predicted: None,
        };
        Ok((image, self.notes.clone()))
    }
}
