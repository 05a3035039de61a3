//! `[[fraction]]` and what stands in it.

use serde_json::json;

use super::{Key, Kind, Table, key, table};
use crate::plan::{
    FitModel,
    file::{
        kinetics::{AMPLITUDE, CLASSES, CLASSES_MOST, MOMENT, RECOVERY, SHARE, TAIL_MOST, TAIL_SAMPLES, TRANSFER, UNCERTAINTY},
        settings::HISTORIES_MAX,
        uptake::{ACTIVITIES, AMOUNT, CALIBRATION, DURATION, IMAGE_UNITS, PATTERN_SEED, PATTERNS, SCALE},
    },
    quantity::{ACTIVITY, FRACTION, LENGTH, Limits, RATE, TIME},
};

const WHOLE: Limits = Limits::between(0.0, 1.0);

fn time() -> Kind {
    Kind::Quantity(&TIME, DURATION)
}

fn half_life() -> [Key; 2] {
    [
        key("half_life", Kind::OneOf(vec![Kind::words(&["physical"]), time()]), "Effective half-life, or \"physical\": no wash-out"),
        key("biological_half_life", time(), "Joined with the physical one: 1/T_eff = 1/T_phys + 1/T_biol"),
    ]
}

fn amount(activities: Limits, shares: Limits) -> [Key; 2] {
    [
        key("activity", Kind::Quantity(&ACTIVITY, activities), "Activity at the start of the fraction"),
        key("fraction", Kind::Quantity(&FRACTION, shares), "The same as a fraction of the administered activity"),
    ]
}

/// How activity is spread over the voxels of a region.
pub(super) fn pattern() -> Vec<Key> {
    vec![
        key(
            "pattern",
            Kind::words(&PATTERNS.map(|pattern| pattern.0)),
            "How the activity is spread over the region's voxels; default \"uniform\"",
        ),
        key("cv", Kind::Quantity(&FRACTION, Limits::up_to(10.0)), "Coefficient of variation of a log-normal pattern"),
        key("correlation", Kind::Quantity(&LENGTH, SCALE), "Correlation length of a log-normal pattern"),
        key("seed", Kind::Count(0, u64::MAX), format!("Of the pattern; the same seed gives the same pattern; default {PATTERN_SEED}")),
        key("length", Kind::Quantity(&LENGTH, SCALE), "Depth at which a rim, or distance at which a vessels pattern falls to 1/e"),
        key("core", Kind::Quantity(&FRACTION, WHOLE), "Concentration in the core of a rim pattern, relative to the rim; default 0"),
        key("spacing", Kind::Quantity(&LENGTH, SCALE), "Mean distance of the vessels of a vessels pattern"),
    ]
}

/// `fit`, or how samples are joined.
fn curve() -> Vec<Key> {
    vec![
        key("fit", Kind::words(&FitModel::NAMES.map(|name| name.0)), "A fitted curve; default: interpolation by the keys below"),
        key("between", Kind::words(&["linear", "log-linear"]), "Between samples").default("linear"),
        key("before", Kind::words(&["zero", "constant", "extrapolated"]), "Before the first sample").default("zero"),
        key("tail", Kind::OneOf(vec![Kind::words(&["physical", "fitted"]), time()]), "After the last sample; a time: effective half-life")
            .default("physical"),
        key("tail_samples", Kind::Count(2, TAIL_MOST), format!("Last samples through which a fitted tail goes; default {TAIL_SAMPLES}")),
    ]
}

pub(super) fn tables() -> Vec<Table> {
    vec![fraction(), uptake(), phase(), samples(), image(), series(), compartment(), transfer()]
}

fn fraction() -> Table {
    let mut fraction = table(
        "fraction",
        "A therapy cycle: what is given when, and where it goes.",
        vec![
            key("start", Kind::Quantity(&TIME, MOMENT), "Time of administration; default \"0 s\" for the first, required for the others"),
            key("nuclide", Kind::Text, "Name of one of the [[nuclide]]; default: the only one"),
            key(
                "administered",
                Kind::Quantity(&ACTIVITY, ACTIVITIES),
                "Administered activity; required, unless `like` or `predicted` gives it",
            ),
            key("histories", Kind::Count(1, HISTORIES_MAX), "Histories of this fraction; default: those of [transport]"),
            key("like", Kind::Count(1, u64::MAX), "Number of an earlier fraction from which all that is not written is taken"),
            key("predicted", Kind::Flag, "The response predicts the uptake").default(false),
            key(
                "uptake",
                Kind::Named(Box::new(Kind::Tables { table: "uptake", single: true })),
                "Uptake of a region: [fraction.uptake.<region>]",
            ),
            key("image", Kind::Tables { table: "uptake_image", single: true }, "Uptake from an image"),
            key("series", Kind::Tables { table: "series", single: true }, "Uptake from images at several times"),
            key("compartment", Kind::Tables { table: "compartment", single: true }, "Pools of a compartment model"),
            key("transfer", Kind::Tables { table: "transfer", single: true }, "Transfers between the pools"),
            key(
                "until",
                Kind::OneOf(vec![Kind::words(&["next"]), time()]),
                "What decays later does not count: \"next\" (start of the next fraction) or a time after the own start; default: to infinity",
            ),
        ],
    );
    fraction.rules = json!({ "anyOf": [
        { "required": ["administered"] }, { "required": ["like"] }, { "required": ["predicted"] },
    ] });
    fraction
}

fn uptake() -> Table {
    let mut keys = Vec::from(amount(AMOUNT, WHOLE));
    keys.extend(half_life());
    keys.push(key("uptake_half_life", time(), "Effective half-life of an uptake phase; default: the activity is there at once"));
    keys.push(key("phases", Kind::Tables { table: "phase", single: false }, "A sum of exponentials, uptake phases negative"));
    keys.push(key("samples", Kind::Table("samples"), "Measured activities"));
    keys.push(key("compartment", Kind::Text, "As this compartment of the fraction's model"));
    keys.extend(pattern());
    table("uptake", "Activity of a region in time after the start of the fraction.", keys)
}

fn phase() -> Table {
    let mut phase = table(
        "phase",
        "One exponential of a sum; uptake phases are negative.",
        amount(AMPLITUDE, SHARE).into_iter().chain(half_life()).collect(),
    );
    phase.rules = json!({ "allOf": [
        { "anyOf": [{ "required": ["activity"] }, { "required": ["fraction"] }] },
        { "anyOf": [{ "required": ["half_life"] }, { "required": ["biological_half_life"] }] },
    ] });
    phase
}

fn samples() -> Table {
    let mut keys = vec![
        key("times", Kind::Quantities(&TIME, MOMENT), "After the start of the fraction, ascending").required(),
        key("activities", Kind::Quantities(&ACTIVITY, AMOUNT), "One for each time"),
        key("fractions", Kind::Quantities(&FRACTION, WHOLE), "The same as fractions of the administered activity"),
        key("uncertainty", Kind::Quantity(&FRACTION, UNCERTAINTY), "Relative, 1 sigma, of each; default: unknown"),
        key("decay_corrected", Kind::Flag, "Whether values are corrected to the start of the fraction").default(false),
    ];
    keys.extend(curve());
    let mut samples = table("samples", "Measured activities of a region.", keys);
    samples.rules = json!({ "anyOf": [{ "required": ["activities"] }, { "required": ["fractions"] }] });
    samples
}

fn image() -> Table {
    let mut keys = vec![
        key("file", Kind::Image, "The image").required(),
        key("unit", Kind::words(&IMAGE_UNITS), "Of its values; \"Bq\", \"Bq s\" and \"counts\" are per voxel").required(),
        key("total", Kind::Quantity(&ACTIVITY, ACTIVITIES), "Activity in the image at its time; only with \"relative\""),
        key("per_count", Kind::Quantity(&ACTIVITY, CALIBRATION), "Activity that one count stands for; only with \"counts\""),
        key("region", Kind::Text, "Only voxels of this region count; default: the whole image"),
        key("time", Kind::Quantity(&TIME, MOMENT), "Time of the image after the start of the fraction; default 0"),
    ];
    keys.extend(half_life());
    table("uptake_image", "Uptake from one image.", keys)
}

fn series() -> Table {
    let mut keys = vec![
        key("images", Kind::Images, "The files").required(),
        key("times", Kind::Quantities(&TIME, MOMENT), "When they were taken, after the start of the fraction").required(),
        key("unit", Kind::words(&["Bq/mL", "Bq", "counts"]), "Of their values; \"Bq\" and \"counts\" are per voxel").required(),
        key("per_count", Kind::Quantity(&ACTIVITY, CALIBRATION), "Activity that one count stands for; only with \"counts\""),
        key("decay_corrected", Kind::Flag, "Whether values are corrected to the start of the fraction").default(false),
        key("by", Kind::words(&["region", "voxel"]), "One course in time for each region, or for each voxel").default("region"),
        key("regions", Kind::Texts, "Regions with a course of their own; by voxel: those that count"),
        key(
            "recovery",
            Kind::Named(Box::new(Kind::Quantity(&FRACTION, RECOVERY))),
            "Share of a region's activity that the images have inside its outline; default 100 %",
        ),
        key("rest", Kind::Flag, "By region: whether the voxels of no listed region count, as one more course; default true"),
        key(
            "classes",
            Kind::Count(1, CLASSES_MOST),
            format!("By voxel: classes into which similar half-lives are gathered for dose rates; default {CLASSES}"),
        ),
    ];
    keys.extend(curve());
    keys.push(key(
        "noise",
        Kind::Quantity(&FRACTION, UNCERTAINTY),
        "Relative uncertainty of each activity, 1 sigma, independent from image to image; default: unknown",
    ));
    keys.push(key("calibration", Kind::Quantity(&FRACTION, UNCERTAINTY), "Relative uncertainty that all images share, 1 sigma").default(0));
    table("series", "Quantitative images of one fraction at two or more times.", keys)
}

fn compartment() -> Table {
    let mut keys = vec![key("name", Kind::Text, "Not \"out\"").required()];
    keys.extend(amount(AMOUNT, WHOLE));
    table("compartment", "A pool of the nuclide; without activity it is empty at the start.", keys)
}

fn transfer() -> Table {
    table(
        "transfer",
        "From pool to pool at a constant rate; physical decay comes on top.",
        vec![
            key("from", Kind::Text, "A compartment").required(),
            key("to", Kind::Text, "A compartment, or \"out\": the nuclide leaves the body").required(),
            key("rate", Kind::Quantity(&RATE, TRANSFER), "Share per time").required(),
        ],
    )
}
