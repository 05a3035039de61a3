//! `[transport]`, `[output]` and `[[external_dose]]`.

use super::{Kind, Table, key, table};
use crate::{
    io::dicom::rtdose::DoseQuantity,
    plan::{
        PhotonMode,
        file::{
            external::{FRACTIONS_MAX, INTERVAL, START},
            settings::{
                BATCHES, BATCHES_MAX, BIN, CUT, DEVICES_MAX, GIVE_UP, GOAL, HISTORIES, HISTORIES_MAX, LEVELS, PHOTON_CUT, RATE_TIMES, SEED,
            },
        },
        quantity::{DOSE, ENERGY, FRACTION, TIME},
    },
};

pub(super) fn tables() -> Vec<Table> {
    vec![transport(), goal(), output(), dicom(), external()]
}

fn transport() -> Table {
    let cut = || Kind::Quantity(&ENERGY, CUT);
    let photon_cut = || Kind::Quantity(&ENERGY, PHOTON_CUT);
    table(
        "transport",
        "How particles are transported.",
        vec![
            key("histories", Kind::Count(BATCHES, HISTORIES_MAX), "Per fraction").default(HISTORIES),
            key("batches", Kind::Count(BATCHES, BATCHES_MAX), "Statistical batches").default(BATCHES),
            key("goal", Kind::Table("goal"), "Go on until an uncertainty is reached; default: none"),
            key("seed", Kind::Count(0, u64::MAX), "Of the random numbers").default(SEED),
            key("device", Kind::OneOf(vec![Kind::Count(0, DEVICES_MAX), Kind::Text]), "\"auto\", \"cpu\", an index, or part of a name in `dosaic devices`").default("auto"),
            key("water", Kind::words(&["icru90", "icru49"]), "Stopping data of water: I = 78 eV or 75 eV").default("icru90"),
            key("delta_threshold", cut(), "Energy above which secondary electrons are tracked; default: from the voxel size"),
            key("electron_cut", cut(), "Energy below which electrons are absorbed; default: from the voxel size"),
            key(
                "photons",
                Kind::words(&PhotonMode::NAMES.map(|name| name.0)),
                "Dose of photons by the electrons they set free (analogue), by track length (sooner; right where the ranges of those are small against voxels), or missing (off)",
            )
            .default("analogue"),
            key("photon_threshold", photon_cut(), "Energy from which bremsstrahlung is emitted as photons; default: from the voxel size"),
            key("photon_cut", photon_cut(), "Energy below which photons are absorbed where they are; default 1 keV"),
            key("range_rejection", Kind::Flag, "Electrons that cannot leave their voxel deposit at once").default(true),
        ],
    )
}

fn goal() -> Table {
    table(
        "goal",
        "Go on until the standard error of the voxel doses of a region (1 sigma, root mean square) is reached.",
        vec![
            key("region", Kind::Text, "The region").required(),
            key("relative", Kind::Quantity(&FRACTION, GOAL), "The standard error").required(),
            key(
                "max_histories",
                Kind::Count(BATCHES, HISTORIES_MAX),
                format!("Histories at which it is given up, at least `histories`; default {GIVE_UP} times that"),
            ),
        ],
    )
}

fn output() -> Table {
    let flag = |name: &str, about: &str| key(name, Kind::Flag, about).default(false);
    table(
        "output",
        "What is written beside NIfTI images, tables and the report.",
        vec![
            flag("metaimage", "Also MetaImage (.mha)"),
            flag("nrrd", "Also NRRD"),
            flag("npy", "Also NumPy (.npy)"),
            flag("gate_frame", "Also doses as .mha in GATE's frame: centred on the grid, along its axes"),
            key("dicom", Kind::OneOf(vec![Kind::Flag, Kind::Table("dicom")]), "Also RT Dose objects").default(false),
            flag("anonymise", "Leave the identity of the patient out of DICOM objects"),
            key("fractions", Kind::Flag, "Dose map of each fraction").default(true),
            flag("dose_rate", "Per fraction the dose rate at its start, its effective decay constant and the amplitudes of its terms"),
            flag("components", "Store dose per decay of every component for `dosaic respond`; always done with [response.tme]"),
            key(
                "dose_rate_at",
                Kind::Quantities(&TIME, RATE_TIMES),
                "Times after the start of the first fraction at which the dose rate is written; default: none",
            ),
            key("dose_levels", Kind::Quantities(&DOSE, LEVELS), "Doses x of the columns V_x; [] for none").default("10, 20, 50, 100 Gy"),
            key("dvh_bin", Kind::Quantity(&DOSE, BIN), "Bin width of the DVH; default: 1/500 of the maximum dose"),
        ],
    )
}

fn dicom() -> Table {
    let quantities = DoseQuantity::NAMES.map(|name| name.0);
    table(
        "dicom",
        "RT Dose objects.",
        vec![
            key("bits", Kind::Count(16, 32), "16 or 32 bits per voxel").default(32),
            key("quantities", Kind::WordList(quantities.map(str::to_owned).to_vec()), "What is written").default(quantities.to_vec()),
        ],
    )
}

fn external() -> Table {
    table(
        "external_dose",
        "A dose computed elsewhere, external beam or an earlier therapy, that counts beside the fractions.",
        vec![
            key("name", Kind::Text, "For tables and messages").required(),
            key("file", Kind::Text, "RT Dose or an image in Gy: the dose of all sessions together").required(),
            key("fractions", Kind::Count(1, FRACTIONS_MAX), "Sessions that deliver it, in equal parts").required(),
            key("start", Kind::Quantity(&TIME, START), "First session, on the clock of the fractions").required(),
            key("interval", Kind::Quantity(&TIME, INTERVAL), "Time between sessions").default("1 d"),
        ],
    )
}
