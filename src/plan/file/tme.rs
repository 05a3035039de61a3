//! `[response.tme]`: the tumour microenvironment in time.

use super::{Context, Field, RegionNames, Section, VoxelGrid, drug, uptake::DURATION};
use crate::{
    plan::{
        FractionPlan, Growth, Mark, MicroOxygenPlan, Origin, OxygenPlan, ParameterSet, Quality, TmePlan, TmeRegion, UptakePattern,
        frame::Fault,
        quantity::{FRACTION, Limits, TIME},
        show,
        tme::{BUILT_IN, Definition, Library, PRESSURE, load, unknown_name, value_of, written},
    },
    units::SECONDS_PER_DAY,
};

const KEYS: [&str; 19] = [
    "regions",
    "horizon",
    "step",
    "oxygen",
    "reoxygenation",
    "immune",
    "bystander",
    "growth",
    "quality",
    "few_hits",
    "blood",
    "marrow",
    "maps_at",
    "timeline",
    "retransport_above",
    "parameters_file",
    "parameters",
    "supply",
    "vessels",
];
/// Time followed after the start of the last fraction where a plan names no horizon: the first assessment of response is three months later.
const FOLLOW_UP: f64 = 84.0 * SECONDS_PER_DAY;
/// Length of a step where a plan names none, s: the error at the end of 400 d is 6e-5.
const STEP: f64 = 0.25 * SECONDS_PER_DAY;
/// Steps that a plan may name: beyond 2 d the biology is not resolved.
pub(super) const STEPS: Limits = Limits::between(60.0, 2.0 * SECONDS_PER_DAY);
/// Most steps of a simulation.
const STEPS_MOST: f64 = 2e6;
/// Distance of rows in the timeline where a plan names none, s.
const TIMELINE: f64 = SECONDS_PER_DAY;
/// Change of an uptake pattern above which it is transported anew, where a plan names none.
const RETRANSPORT: f64 = 0.2;
/// Seed of the places of vessels where a plan names none.
pub(super) const SEED: u64 = 1;
/// Regions are numbered in 8 bits.
const REGIONS_MOST: usize = 255;
/// Partial pressures, mmHg: up to pure oxygen.
pub(super) const PO2: Limits = Limits::up_to(760.0);

/// Changes of an uptake pattern.
pub(super) const ABOVE: Limits = Limits::between(0.0, 100.0);
/// Shares of voxels that are vessels.
pub(super) const VESSELS: Limits = Limits::up_to(0.5);

/// What the model needs of a region's tissue.
pub(super) struct Entry<'s> {
    pub(super) region: String,
    /// Tissue on which its parameters build.
    /// None: it does not exist, which has been noted.
    pub(super) tissue: Option<String>,
    /// Clonogens per mL and whether the value is assumed; none: no tumour.
    pub(super) clonogens: Option<(f64, bool)>,
    /// `[response.region.<name>]`.
    pub(super) section: Option<Section<'s>>,
}

/// Parameters that the plan gives, by name: the value in the model's unit, and as written.
type Given = Vec<(&'static str, f64, String)>;

impl Context<'_> {
    /// Reads `[response.tme]` and `[[response.drug]]`; `default` stands for regions without an entry.
    pub(super) fn tme(
        self,
        response: &Section<'_>,
        names: &RegionNames,
        entries: &[Entry<'_>],
        default: &Entry<'_>,
        fractions: &[FractionPlan],
        grid: Option<&VoxelGrid>,
    ) -> Option<TmePlan> {
        let regional: Vec<Given> = entries.iter().map(regional).collect();
        let Some(section) = response.table("tme", "[response.tme]", "response.tme") else {
            without(response, entries);
            return None;
        };
        section.only(&KEYS);
        // What a region with a wrong name would have said is not known.
        let written = response.raw("region").and_then(|v| v.get_ref().as_table()).map_or(0, toml::map::Map::len);
        let evolving = evolving(&section, names, entries, default, names.complete && written == entries.len());
        let library = self.library(&section);
        let common = section.table("parameters", "[response.tme.parameters]", "response.tme.parameters");
        let common = common.map_or_else(Given::new, |table| given(&table, false));
        let mut regions = Vec::new();
        for entry in &evolving {
            let own = entries.iter().position(|e| e.region == entry.region).map_or(&[][..], |at| &regional[at]);
            regions.push(TmeRegion { region: entry.region.clone(), parameters: resolved(&section, entry, library.as_ref(), &common, own) });
        }
        check_capacity(&section, &regions);
        for entry in entries.iter().filter(|e| !evolving.iter().any(|r| r.region == e.region)) {
            if let Some(own) = entry.section.as_ref().filter(|s| s.has("parameters")) {
                let help = "name it in `regions` of [response.tme], or remove its parameters";
                own.problem(own.key_span("parameters"), Fault::new(format!("region \"{}\" does not evolve", entry.region), help));
            }
        }
        let horizon = horizon(&section, fractions);
        let step = section.or_default("step", section.quantity("step", &TIME, STEPS), STEP);
        if horizon / step > STEPS_MOST {
            let message = format!("{} in steps of {} are {} steps", show::time(horizon), show::time(step), show::number(horizon / step));
            let help = format!("at most {} are possible: a longer step, or an earlier horizon", show::number(STEPS_MOST));
            section.problem(section.raw("step").map_or(section.span.clone(), toml::Spanned::span), Fault::new(message, help));
        }
        let mut oxygen = oxygen(&section, names, &evolving, grid);
        if let OxygenPlan::Micro(micro) = &mut oxygen {
            micro.ligand = fractions.iter().flat_map(|f| &f.uptakes).any(|u| u.pattern == UptakePattern::Ligand);
        }
        let immune = section.or_default("immune", section.flag("immune"), false);
        let about = drug::About {
            horizon,
            immune,
            oxygen: oxygen != OxygenPlan::Off,
            barrier: regions.iter().any(|r| r.parameters.get("uptake_barrier") > 0.0),
            checkpoint_kd: regions
                .first()
                .map_or(BUILT_IN.definitions["checkpoint_kd"].parameter.value, |r| r.parameters.get("checkpoint_kd")),
            presets: library.iter().flat_map(|l| &l.drugs).chain(&BUILT_IN.drugs).collect(),
        };
        let drugs = drug::drugs(response, &about);
        let named = |key| match section.text(key, &format!("{key} = \"aorta\"")) {
            Field::Value(name, span) => names.check(&section, name, span).then(|| name.to_owned()),
            field => {
                if !field.is_written() {
                    section.note_default(key, "default");
                }
                None
            }
        };
        let (blood, marrow) = (named("blood"), named("marrow"));
        let timeline = section.or_default("timeline", section.quantity("timeline", &TIME, DURATION), TIMELINE.max(step));
        if timeline < step {
            let message = format!("rows of the timeline every {} with steps of {}", show::time(timeline), show::time(step));
            let help = "make the step shorter, or the rows fewer";
            section.problem(section.raw("timeline").map_or(section.span.clone(), toml::Spanned::span), Fault::new(message, help));
        }
        let words = [("rbe", Quality::Rbe), ("let", Quality::Let), ("mkm", Quality::Mkm)];
        let growths = [("logistic", Growth::Logistic), ("gompertz", Growth::Gompertz)];
        let above = section.quantity("retransport_above", &FRACTION, ABOVE);
        Some(TmePlan {
            regions,
            horizon,
            step,
            oxygen,
            reoxygenation: section.or_default("reoxygenation", section.flag("reoxygenation"), true),
            immune,
            bystander: section.or_default("bystander", section.flag("bystander"), false),
            growth: section.or_default("growth", section.choice("growth", &growths), Growth::Logistic),
            quality: section.or_default("quality", section.choice("quality", &words), Quality::Rbe),
            few_hits: section.or_default("few_hits", section.flag("few_hits"), false),
            drugs,
            blood,
            marrow,
            maps_at: maps_at(&section, horizon),
            timeline,
            retransport_above: section.or_default("retransport_above", above, RETRANSPORT),
        })
    }

    /// The user's parameter file.
    fn library(self, section: &Section<'_>) -> Option<Library> {
        let Field::Value(path, span) = self.file(section, "parameters_file", "tumours.toml") else { return None };
        match load(&path) {
            Ok(library) => Some(library),
            Err(error) => {
                let fault = Fault { message: "`parameters_file` cannot be used:".to_owned(), help: None };
                section.inside(span, fault, &error.to_string());
                None
            }
        }
    }
}

/// Tells what has no meaning where there is no `[response.tme]`.
fn without(response: &Section<'_>, entries: &[Entry<'_>]) {
    if response.has("tme") {
        return;
    }
    let help = "add [response.tme], or remove this";
    if response.has("drug") {
        response.problem(response.key_span("drug"), Fault::new("[[response.drug]] without [response.tme]: nothing would evolve", help));
    }
    for section in entries.iter().filter_map(|e| e.section.as_ref()).filter(|s| s.has("parameters")) {
        let message = format!("{} has parameters without [response.tme]: nothing would evolve", section.title);
        section.problem(section.key_span("parameters"), Fault::new(message, help));
    }
}

/// A region that evolves.
struct Evolving {
    region: String,
    tissue: String,
    /// Clonogens per mL, and whether the value is assumed.
    clonogens: (f64, bool),
}

/// The regions that evolve: those named, or all with a tumour for a tissue.
fn evolving(section: &Section<'_>, names: &RegionNames, entries: &[Entry<'_>], default: &Entry<'_>, judged: bool) -> Vec<Evolving> {
    const TUMOURS: &str = "tissue = \"net\" (tumours: dtc, hcc, net, prostate-metastasis), or clonogens = \"1e8 /mL\"";
    let of = |entry: &Entry<'_>, region: &str| {
        let (tissue, clonogens) = entry.tissue.clone().zip(entry.clonogens)?;
        Some(Evolving { region: region.to_owned(), tissue, clonogens })
    };
    let mut found: Vec<Evolving> = Vec::new();
    match section.texts("regions", "regions = [\"lesion 1\", \"lesion 2\"]") {
        Field::Absent => {
            section.note_default("regions", "default: those with a tumour for a tissue");
            found.extend(entries.iter().filter_map(|entry| of(entry, &entry.region)));
            if found.is_empty() && judged && entries.iter().all(|e| e.tissue.is_some()) {
                let help = format!("add [response.region.<name>] with {TUMOURS}");
                section.problem(section.span.clone(), Fault::new("nothing can evolve: no region has a tumour for a tissue", help));
            }
        }
        Field::Wrong => {}
        Field::Value(listed, span) => {
            for name in listed {
                if !names.check(section, name, span.clone()) {
                    continue;
                }
                if found.iter().any(|f| f.region == name) {
                    section.problem(span.clone(), Fault::new(format!("region \"{name}\" is listed twice"), "list each region once"));
                    continue;
                }
                let entry = entries.iter().find(|e| e.region == name);
                match (of(entry.unwrap_or(default), name), entry) {
                    (Some(region), _) => found.push(region),
                    // A tissue that does not exist has been noted.
                    (None, Some(Entry { tissue: None, .. })) => {}
                    (None, Some(Entry { tissue: Some(tissue), .. })) => {
                        let message = format!("region \"{name}\" has no tumour cells: its tissue, {tissue}, has no clonogens");
                        section.problem(span.clone(), Fault::new(message, format!("give [response.region.{}] {TUMOURS}", key(name))));
                    }
                    (None, None) => {
                        let message = format!("region \"{name}\" has no tissue");
                        section.problem(span.clone(), Fault::new(message, format!("add [response.region.{}] with {TUMOURS}", key(name))));
                    }
                }
            }
        }
    }
    if found.len() > REGIONS_MOST {
        let message = format!("{} regions evolve", found.len());
        section.problem(section.span.clone(), Fault::new(message, format!("at most {REGIONS_MOST} are possible: join some")));
    }
    found
}

/// A name as a key of a TOML header.
fn key(name: &str) -> String {
    let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare { name.to_owned() } else { format!("{name:?}") }
}

/// The parameters written in a region's own section.
fn regional(entry: &Entry<'_>) -> Given {
    let Some(section) = &entry.section else { return Given::new() };
    let title = format!("[response.region.{}.parameters]", key(&entry.region));
    section.table("parameters", &title, &format!("{}.parameters", section.path)).map_or_else(Given::new, |table| given(&table, true))
}

/// Reads parameters by name.
fn given(section: &Section<'_>, regional: bool) -> Given {
    let mut given = Given::new();
    for (name, span, value) in section.entries() {
        match BUILT_IN.definitions.get_key_value(name) {
            None => section.problem(span, unknown_name(&BUILT_IN, name)),
            Some((_, Definition { patient: true, .. })) if regional => {
                let help = "write it in [response.tme.parameters]";
                section.problem(span, Fault::new(format!("`{name}` has one value for all regions"), help));
            }
            Some((name, definition)) => {
                let field = section.read(name, |value| value_of(value, definition));
                given.extend(field.value().map(|x| (name.as_str(), x, written(value.get_ref()))));
            }
        }
    }
    given
}

/// All parameters of a region: the program's, over them those of the user's file, of the plan for all regions, and of the plan for this one.
fn resolved(
    section: &Section<'_>,
    region: &Evolving,
    library: Option<&Library>,
    common: &Given,
    own: &[(&str, f64, String)],
) -> ParameterSet {
    let mut set = ParameterSet::built_in(&region.tissue);
    if let Some(library) = library {
        library.over(&mut set, &region.tissue);
    }
    for (name, value, written) in common.iter().map(|(n, v, w)| (*n, v, w)).chain(own.iter().map(|(n, v, w)| (*n, v, w))) {
        if let Some(parameter) = set.parameters.get_mut(name) {
            parameter.overwrite(*value, written.clone());
        }
    }
    let (clonogens, assumed) = region.clonogens;
    let (packing, share) = (set.get("packing"), clonogens / set.get("packing"));
    if let Some(parameter) = set.parameters.get_mut("clonogenic_share").filter(|p| p.origin != Origin::Plan && (share - 1.0).abs() > 1e-12)
    {
        parameter.value = share;
        parameter.written = show::number(share);
        parameter.mark = if assumed { Mark::A } else { Mark::C };
        "clonogens of the region's tissue over packing".clone_into(&mut parameter.source);
        if share > 1.0 + 1e-9 {
            let (clonogens, packing) = (show::with_unit(clonogens, "clonogens/mL"), show::with_unit(packing, "cells/mL"));
            let message = format!("region \"{}\" has {clonogens}, more than the {packing} of full packing", region.region);
            let help = "lower `clonogens` of its tissue, or raise `packing` in [response.tme.parameters]";
            section.problem(section.span.clone(), Fault::new(message, help));
        }
    }
    set
}

/// The model starts at most full.
fn check_capacity(section: &Section<'_>, regions: &[TmeRegion]) {
    let cells = |region: &TmeRegion| (region.parameters.get("initial_cells"), region.parameters.get("capacity"));
    if let Some((region, (initial, capacity))) =
        regions.iter().map(|r| (&r.region, cells(r))).find(|(_, (initial, capacity))| initial > capacity)
    {
        let message = format!("region \"{region}\" starts with initial_cells = {initial}, above its capacity of {capacity}");
        section.problem(section.span.clone(), Fault::new(message, "lower `initial_cells` or raise `capacity`"));
    }
}

/// The end of the simulation, after the start of every fraction.
fn horizon(section: &Section<'_>, fractions: &[FractionPlan]) -> f64 {
    let last = fractions.iter().map(|f| f.start).fold(0.0, f64::max);
    let field = section.quantity("horizon", &TIME, DURATION);
    if let (Field::Value(horizon, span), Some(late)) = (&field, fractions.iter().max_by(|a, b| a.start.total_cmp(&b.start)))
        && late.start >= *horizon
    {
        let message = format!("fraction {} starts at {}, but the horizon is {}", late.number, show::time(late.start), show::time(*horizon));
        section.problem(span.clone(), Fault::new(message, "a later horizon, so that every fraction acts"));
    }
    if !field.is_written() {
        section.note_default("horizon", "default: 12 wk after the start of the last fraction");
    }
    field.value().unwrap_or(last + FOLLOW_UP)
}

/// Times of maps, ascending, each once.
fn maps_at(section: &Section<'_>, horizon: f64) -> Vec<f64> {
    let field = section.quantities("maps_at", &TIME, Limits { min: 0.0, min_included: true, max: DURATION.max });
    if let Field::Value(times, span) = &field
        && let Some(late) = times.iter().find(|&&t| t > horizon)
    {
        let message = format!("maps at {}, after the horizon of {}", show::time(*late), show::time(horizon));
        section.problem(span.clone(), Fault::new(message, "a later horizon, or an earlier map"));
    }
    if !field.is_written() {
        section.note_default("maps_at", "default: the horizon");
    }
    let mut times = field.value().unwrap_or_else(|| vec![horizon]);
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// `oxygen`, and the supply where diffusion is solved.
fn oxygen(section: &Section<'_>, names: &RegionNames, evolving: &[Evolving], grid: Option<&VoxelGrid>) -> OxygenPlan {
    let micro = || MicroOxygenPlan { held: Vec::new(), vessels: None, ligand: false };
    let field = section.choice("oxygen", &[("macro", Mode::Macro), ("micro", Mode::Micro), ("off", Mode::Off)]);
    let span = section.raw("oxygen").map_or(section.span.clone(), toml::Spanned::span);
    let mode = match (&field, grid) {
        (Field::Value(mode, _), _) => *mode,
        (Field::Wrong, _) => Mode::Off,
        (Field::Absent, Some(grid)) => {
            section.note_default("oxygen", "default for voxels of this size");
            if OxygenPlan::Micro(micro()).fits(grid.spacing).is_ok() { Mode::Micro } else { Mode::Macro }
        }
        (Field::Absent, None) => {
            section.note_default("oxygen", "default for images of patients");
            Mode::Macro
        }
    };
    let plan = match mode {
        Mode::Macro => OxygenPlan::Macro,
        Mode::Micro => OxygenPlan::Micro(supply(section, names, evolving)),
        Mode::Off => OxygenPlan::Off,
    };
    match (&plan, grid.map(|grid| plan.fits(grid.spacing))) {
        (_, Some(Err(fault))) => section.problem(span, fault),
        (OxygenPlan::Micro(_), _) if !section.has("supply") && !section.has("vessels") => {
            let help = "add [response.tme.supply.<region>] with po2 = \"40 mmHg\", or [response.tme.vessels] with share = \"3.8 %\"";
            section.problem(section.span.clone(), Fault::new("oxygen diffuses (oxygen = \"micro\"), but nothing supplies it", help));
        }
        _ => {}
    }
    if mode != Mode::Micro && field != Field::Wrong {
        for key in ["supply", "vessels"].into_iter().filter(|key| section.has(key)) {
            let help = "only oxygen = \"micro\" takes it; remove it";
            section.problem(section.key_span(key), Fault::new(format!("`{key}` where oxygen does not diffuse between voxels"), help));
        }
    }
    plan
}

/// How oxygen is found, as a word.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Macro,
    Micro,
    Off,
}

/// `[response.tme.supply.<region>]` and `[response.tme.vessels]`.
fn supply(section: &Section<'_>, names: &RegionNames, evolving: &[Evolving]) -> MicroOxygenPlan {
    let mut held = Vec::new();
    let table = section.table("supply", "[response.tme.supply.<region>]", "response.tme.supply");
    for (region, span, _) in table.iter().flat_map(Section::entries) {
        let Some(table) = &table else { continue };
        let known = names.check(table, region, span.clone());
        if evolving.iter().any(|e| e.region == region) {
            let help = "supply comes from regions beside it; vessels inside are [response.tme.vessels]";
            table.problem(span, Fault::new(format!("region \"{region}\" evolves: its pO2 is computed, not held"), help));
        }
        let title = format!("[response.tme.supply.{}]", key(region));
        let Some(entry) = table.table(region, &title, &format!("response.tme.supply.{region}")) else { continue };
        entry.only(&["po2"]);
        let po2 = entry.required("po2", entry.quantity("po2", &PRESSURE, PO2), "po2 = \"40 mmHg\"");
        held.extend(po2.filter(|_| known).map(|po2| (region.to_owned(), po2)));
    }
    let vessels = section.table("vessels", "[response.tme.vessels]", "response.tme.vessels").and_then(|vessels| {
        vessels.only(&["share", "seed"]);
        let share = vessels.quantity("share", &FRACTION, VESSELS);
        let share = vessels.required("share", share, "share = \"3.8 %\" (of the voxels of each evolving region)");
        let seed = vessels.or_default("seed", vessels.count("seed", 0, u64::MAX), SEED);
        share.map(|share| (share, seed))
    });
    MicroOxygenPlan { held, vessels, ligand: false }
}
