//! `[response]` and what stands in it.

use super::{Key, Kind, Table, key, table};
use crate::plan::{
    file::{
        drug::{AMOUNT, DOSES_MOST, FIGURE, HILL, MOLAR, MOMENT, WORDS},
        response::OPTIONAL,
        tme::{ABOVE, PO2, SEED, STEPS, VESSELS},
        uptake::DURATION,
    },
    presets::{PARAMETERS, TISSUES},
    quantity::{FRACTION, Limits, TIME},
    tme::{BUILT_IN, CLEARANCE, CONCENTRATION, DISTRIBUTION, MASS, MOLAR_MASS, NUMBER, PRESSURE},
};

pub(super) fn tables() -> Vec<Table> {
    let mut region = tissue();
    region.push(key("parameters", Kind::Table("region_parameters"), "Parameters of the tumour microenvironment in this region"));
    vec![
        table(
            "response",
            "Radiobiology.",
            vec![
                key("default", Kind::Table("tissue"), "Parameters of all regions without an entry of their own"),
                key("region", Kind::Named(Box::new(Kind::Table("region_response"))), "Parameters of a region: [response.region.<name>]"),
                key("tme", Kind::Table("tme"), "The tumour microenvironment in time"),
                key("drug", Kind::Tables { table: "drug", single: true }, "Drugs that act in the microenvironment"),
            ],
        ),
        table("tissue", "Linear-quadratic parameters.", tissue()),
        table("region_response", "Parameters of a region.", region),
        tme(),
        supply(),
        vessels(),
        table("parameters", "Parameters of the microenvironment, for all regions.", parameters(true)),
        table("region_parameters", "Parameters of the microenvironment in a region.", parameters(false)),
        drug(),
        effect(),
    ]
}

/// What a parameter of `[response]` is.
fn about(key: &str) -> &'static str {
    match key {
        "alpha" => "Linear coefficient at low LET",
        "alpha_beta" => "alpha/beta at low LET",
        "repair_half_time" => "Half-time of the repair of sub-lethal damage",
        "rbe_high_let" => "Factor on alpha for high LET",
        "high_let_beta" => "Factor on beta for high LET",
        "clonogens" => "Clonogens per volume, for TCP; or \"none\"",
        "doubling_time" => "Potential doubling time; in a plan it asks for repopulation",
        "kick_off" => "Time after the first fraction when regrowth sets in",
        "td50" => "Lyman-Kutcher-Burman NTCP on EQD2; \"none\" switches it off",
        "m" => "Slope of NTCP",
        "n" => "Volume exponent of NTCP",
        _ => "Limit on the mean BED; or \"none\"",
    }
}

fn tissue() -> Vec<Key> {
    let tissues = Kind::Words(TISSUES.keys().cloned().collect());
    let mut keys = vec![
        key("tissue", tissues, "Parameters come from this tissue of the built-in table; what is written beside it stands over them"),
        key("repopulation", Kind::Flag, "Whether regrowth is subtracted from BED; default: if the plan gives a doubling_time"),
    ];
    keys.extend(PARAMETERS.iter().map(|parameter| {
        let kind = parameter.dimension.map_or(Kind::Number(parameter.limits), |dimension| Kind::Quantity(dimension, parameter.limits));
        let optional = OPTIONAL.contains(&parameter.key);
        key(parameter.key, if optional { Kind::OneOf(vec![Kind::words(&["none"]), kind]) } else { kind }, about(parameter.key))
    }));
    keys
}

fn tme() -> Table {
    let time = |limits| Kind::Quantity(&TIME, limits);
    table(
        "tme",
        "The tumour microenvironment in time: cells, vessels, oxygen, stroma and, if asked for, immune cells.",
        vec![
            key("regions", Kind::Texts, "Regions that evolve; default: all with a tumour for a tissue"),
            key("horizon", time(DURATION), "End of the simulation; default: 12 wk after the start of the last fraction"),
            key("step", time(STEPS), "Length of a step").default("6 h"),
            key(
                "oxygen",
                Kind::words(&["macro", "micro", "off"]),
                "macro: capillaries inside voxels of 0.5 mm and more; micro: diffusion between voxels of 50 um and less; off: well oxygenated; default: by the size of the voxels",
            ),
            key("reoxygenation", Kind::Flag, "Cells that are lost leave their oxygen to the others").default(true),
            key("immune", Kind::Flag, "T cells, PD-L1, checkpoint inhibitors: research, not calibrated in humans").default(false),
            key("bystander", Kind::Flag, "Signals of irradiated neighbours kill").default(false),
            key("growth", Kind::words(&["logistic", "gompertz"]), "Law of growth").default("logistic"),
            key(
                "quality",
                Kind::words(&["rbe", "let", "mkm"]),
                "alpha of high-LET radiation: constant RBE, linear in LET with overkill, or microdosimetric-kinetic",
            )
            .default("rbe"),
            key("few_hits", Kind::Flag, "Nuclei that no alpha particle meets survive").default(false),
            key(
                "blood",
                Kind::Text,
                "Region whose dose rate circulating lymphocytes get; default: blood_dose_ratio times that of the tumours",
            ),
            key("marrow", Kind::Text, "Region whose dose rate blood-forming cells get; default: blood counts are not followed"),
            key("maps_at", Kind::Quantities(&TIME, MOMENT), "Times of maps; default: the horizon"),
            key("timeline", time(DURATION), "Distance of rows in the timeline, at least a step; default 1 d"),
            key(
                "retransport_above",
                Kind::Quantity(&FRACTION, ABOVE),
                "Change of a predicted uptake pattern, in any voxel, above which its transport is run anew",
            )
            .default("20 %"),
            key("parameters_file", Kind::Text, "A parameter file of your own"),
            key("parameters", Kind::Table("parameters"), "Parameters for all regions"),
            key(
                "supply",
                Kind::Named(Box::new(Kind::Table("supply"))),
                "Regions held at a pO2: [response.tme.supply.<region>]; only oxygen = \"micro\"",
            ),
            key("vessels", Kind::Table("vessels"), "Vessels in the evolving regions; only oxygen = \"micro\""),
        ],
    )
}

fn supply() -> Table {
    table("supply", "A region held at this pO2.", vec![key("po2", Kind::Quantity(&PRESSURE, PO2), "Partial pressure of oxygen").required()])
}

fn vessels() -> Table {
    table(
        "vessels",
        "Vessels in the evolving regions.",
        vec![
            key("share", Kind::Quantity(&FRACTION, VESSELS), "Share of the voxels of each evolving region").required(),
            key("seed", Kind::Count(0, u64::MAX), "Of their places").default(SEED),
        ],
    )
}

/// The parameters of the model; `patient`: also those that have one value for all regions.
fn parameters(patient: bool) -> Vec<Key> {
    let wanted = BUILT_IN.definitions.iter().filter(|(_, definition)| patient || !definition.patient);
    let one = |(name, definition): (&String, &crate::plan::tme::Definition)| {
        let parameter = &definition.parameter;
        key(
            name.clone(),
            Kind::Quantity(definition.dimension, definition.limits),
            format!("[{}] built in: {} ({:?}; {})", parameter.section, parameter.written, parameter.mark, parameter.source),
        )
    };
    wanted.map(one).collect()
}

fn drug() -> Table {
    let time = |limits| Kind::Quantity(&TIME, limits);
    let clearance = || Kind::Quantity(&CLEARANCE, FIGURE);
    let volume = || Kind::Quantity(&DISTRIBUTION, FIGURE);
    let names: Vec<&str> = BUILT_IN.drugs.keys().map(String::as_str).collect();
    table(
        "drug",
        "When a drug is given, how it goes, what it does.",
        vec![
            key("name", Kind::Text, format!("{} bring their kinetics and effect; any other name needs both written", names.join(", ")))
                .required(),
            key(
                "dose",
                Kind::OneOf(vec![Kind::Quantities(&MASS, AMOUNT), Kind::Numbers(AMOUNT)]),
                "One for all times or one for each; a mass for two compartments, a plain number (relative to ec50) for one",
            )
            .required(),
            key("times", Kind::Quantities(&TIME, MOMENT), "When it is given; or `every`, `from` and `count`"),
            key("every", time(DURATION), "Interval"),
            key("from", time(MOMENT), "First time; default 0"),
            key("count", Kind::Count(1, DOSES_MOST), "Number of doses; default: until the horizon"),
            key("molar_mass", Kind::Quantity(&MOLAR_MASS, MOLAR), "Of a drug with two compartments"),
            key("effect", Kind::Tables { table: "effect", single: true }, "What it does"),
            key("half_life", time(DURATION), "One compartment: half-life"),
            key("absorption_half_life", time(DURATION), "One compartment: absorption from a depot; default: at once"),
            key("clearance", clearance(), "Two compartments: clearance"),
            key("central", volume(), "Two compartments: central volume"),
            key("peripheral", volume(), "Two compartments: peripheral volume"),
            key("exchange", clearance(), "Two compartments: exchange between the two"),
        ],
    )
}

fn effect() -> Table {
    // One kind for each dimension of a strength, with the widest limits.
    let mut strengths: Vec<(&'static crate::plan::quantity::Dimension, Limits)> = Vec::new();
    for &(_, _, dimension, limits) in WORDS.iter().filter(|word| word.0 != "checkpoint") {
        match strengths.iter_mut().find(|known| known.0 == dimension) {
            Some((_, known)) => *known = known.spanning(limits),
            None => strengths.push((dimension, limits)),
        }
    }
    let strength = Kind::OneOf(strengths.into_iter().map(|(dimension, limits)| Kind::Quantity(dimension, limits)).collect());
    let ec50 = Kind::OneOf(vec![Kind::Quantity(&MASS, AMOUNT), Kind::Quantity(&CONCENTRATION, AMOUNT), Kind::Number(AMOUNT)]);
    table(
        "effect",
        "E = strength S^hill / (S^hill + ec50^hill), S the amount in the (central) compartment.",
        vec![
            key("on", Kind::words(&WORDS.map(|word| word.0)), "What it acts on").required(),
            key("strength", strength, "Largest effect; not for \"checkpoint\""),
            key("ec50", ec50, "Amount of half the effect, in the unit of the doses; for \"checkpoint\" the K_D").required(),
            key("hill", Kind::Quantity(&NUMBER, HILL), "Exponent; default 1"),
        ],
    )
}
