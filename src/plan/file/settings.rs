//! `[transport]` and `[output]`.

use super::{RegionNames, Section};
use crate::{
    io::dicom::rtdose::{Bits, DoseQuantity},
    plan::{
        DicomPlan, OutputPlan, PhotonMode, TransportPlan, UncertaintyGoal, WaterData,
        frame::Fault,
        quantity::{DOSE, ENERGY, FRACTION, Limits, TIME},
        section::{count_of, text, texts, word_of},
    },
    units::{SECONDS_PER_DAY, SECONDS_PER_HOUR},
};
use toml::de::DeValue;

/// Histories per fraction where a plan says nothing.
pub(super) const HISTORIES: u64 = 1_000_000;
/// Most histories per fraction.
pub(super) const HISTORIES_MAX: u64 = 1_000_000_000_000_000;
/// Fewest batches: below this the standard error of the batch means is itself too uncertain.
pub(super) const BATCHES: u64 = 16;
/// Most batches; each needs a pass over the tally.
pub(super) const BATCHES_MAX: u64 = 65_536;
/// Seed where a plan names none: runs are reproducible by default.
pub(super) const SEED: u64 = 1;
/// Histories beyond which a goal is given up, as a multiple of `histories`.
pub(super) const GIVE_UP: u64 = 100;
/// V_x thresholds where a plan names none, Gy.
const DOSE_LEVELS: [f64; 4] = [10.0, 20.0, 50.0, 100.0];
/// Times of dose-rate maps, s: up to a century.
pub(super) const RATE_TIMES: Limits = Limits::between(0.0, 100.0 * 365.25 * SECONDS_PER_DAY);
/// Doses of V_x, Gy.
pub(super) const LEVELS: Limits = Limits::up_to(1e6);
/// Bins of the DVH, Gy.
pub(super) const BIN: Limits = Limits::up_to(1e4);
/// Relative standard errors to aim at.
pub(super) const GOAL: Limits = Limits::up_to(0.5);
/// Largest number of a device.
pub(super) const DEVICES_MAX: u64 = 1000;
/// Energies of cuts: 100 eV to 1 MeV.
pub(super) const CUT: Limits = Limits::between(1e-4, 1.0);
/// Energies of photon cuts: where their tables begin, to 1 MeV.
pub(super) const PHOTON_CUT: Limits = Limits::between(1e-3, 1.0);

/// Reads `[transport]`, or its defaults where it is missing.
pub(super) fn transport(root: &Section<'_>, names: &RegionNames) -> TransportPlan {
    let empty = toml::de::DeTable::new();
    let section = root.table("transport", "[transport]", "transport");
    let section = section.unwrap_or_else(|| root.absent(&empty, "[transport]", "transport"));
    section.only(&[
        "histories",
        "batches",
        "goal",
        "seed",
        "device",
        "water",
        "delta_threshold",
        "electron_cut",
        "photons",
        "photon_threshold",
        "photon_cut",
        "range_rejection",
    ]);
    let histories = section.or_default("histories", section.count("histories", BATCHES, HISTORIES_MAX), HISTORIES);
    let batches = section.or_default("batches", section.count("batches", BATCHES, BATCHES_MAX), BATCHES);
    if batches > histories {
        let span = section.raw("batches").or(section.raw("histories")).map_or(section.span.clone(), toml::Spanned::span);
        section.problem(
            span,
            Fault::new(format!("{batches} batches, but only {histories} histories"), "each batch needs at least one history"),
        );
    }
    let device = section.read("device", |value| match value {
        DeValue::Integer(_) => count_of(value, 0, DEVICES_MAX).map(|n| n.to_string()),
        _ => text(value, "device = \"auto\" (or \"cpu\", an index, part of a name)").map(str::to_owned),
    });
    let within = |key, limits| {
        let field = section.quantity(key, &ENERGY, limits);
        if !field.is_written() {
            section.note_default(key, "default");
        }
        field.value()
    };
    let (optional, photon) = (|key| within(key, CUT), |key| within(key, PHOTON_CUT));
    TransportPlan {
        histories,
        batches: batches as u32,
        goal: goal(&section, names, histories),
        seed: section.or_default("seed", section.count("seed", 0, u64::MAX), SEED),
        device: section.or_default("device", device, "auto".to_owned()),
        water: section.or_default(
            "water",
            section.choice("water", &[("icru90", WaterData::Icru90), ("icru49", WaterData::Icru49)]),
            WaterData::Icru90,
        ),
        delta_threshold: optional("delta_threshold"),
        electron_cut: optional("electron_cut"),
        photons: section.or_default("photons", section.choice("photons", &PhotonMode::NAMES), PhotonMode::Analogue),
        photon_threshold: photon("photon_threshold"),
        photon_cut: photon("photon_cut"),
        range_rejection: section.or_default("range_rejection", section.flag("range_rejection"), true),
    }
}

/// `goal = { region = "liver", relative = "2 %" }`.
fn goal(transport: &Section<'_>, names: &RegionNames, histories: u64) -> Option<UncertaintyGoal> {
    if !transport.has("goal") {
        transport.note_default("goal", "default");
    }
    let section = transport.table("goal", "[transport.goal]", "transport.goal")?;
    section.only(&["region", "relative", "max_histories"]);
    let region = section.text("region", "region = \"liver\"");
    if let super::Field::Value(name, span) = &region {
        names.check(&section, name, span.clone());
    }
    let region = section.required("region", region, "region = \"liver\"");
    let relative = section.quantity("relative", &FRACTION, GOAL);
    let relative = section.required("relative", relative, "relative = \"2 %\" (standard error of a voxel's dose)");
    let most = section.count("max_histories", histories, HISTORIES_MAX);
    let max_histories = section.or_default("max_histories", most, histories.saturating_mul(GIVE_UP).min(HISTORIES_MAX));
    Some(UncertaintyGoal { region: region?.to_owned(), relative: relative?, max_histories })
}

/// Reads `[output]`, or its defaults where it is missing.
pub(super) fn output(root: &Section<'_>) -> OutputPlan {
    let empty = toml::de::DeTable::new();
    let section = root.table("output", "[output]", "output");
    let section = section.unwrap_or_else(|| root.absent(&empty, "[output]", "output"));
    section.only(&[
        "metaimage",
        "nrrd",
        "npy",
        "gate_frame",
        "dicom",
        "anonymise",
        "fractions",
        "dose_rate",
        "components",
        "dose_rate_at",
        "dose_levels",
        "dvh_bin",
    ]);
    let mut dose_rate_at = section.or_default("dose_rate_at", section.quantities("dose_rate_at", &TIME, RATE_TIMES), Vec::new());
    // Files are named by the time, to a microhour.
    let name = |time: f64| (time / SECONDS_PER_HOUR * 1e6).round();
    dose_rate_at.sort_by(f64::total_cmp);
    dose_rate_at.dedup_by(|a, b| name(*a) == name(*b));
    let mut dose_levels = section.or_default("dose_levels", section.quantities("dose_levels", &DOSE, LEVELS), DOSE_LEVELS.to_vec());
    dose_levels.sort_by(f64::total_cmp);
    dose_levels.dedup();
    let dvh_bin = section.quantity("dvh_bin", &DOSE, BIN);
    if !dvh_bin.is_written() {
        section.note_default("dvh_bin", "default");
    }
    OutputPlan {
        metaimage: section.or_default("metaimage", section.flag("metaimage"), false),
        nrrd: section.or_default("nrrd", section.flag("nrrd"), false),
        npy: section.or_default("npy", section.flag("npy"), false),
        gate_frame: section.or_default("gate_frame", section.flag("gate_frame"), false),
        dicom: dicom(&section),
        anonymise: section.or_default("anonymise", section.flag("anonymise"), false),
        fractions: section.or_default("fractions", section.flag("fractions"), true),
        dose_rate: section.or_default("dose_rate", section.flag("dose_rate"), false),
        components: section.or_default("components", section.flag("components"), false),
        dose_rate_at,
        dose_levels,
        dvh_bin: dvh_bin.value(),
    }
}

/// `dicom = true`, or what is to be written: `dicom = { bits = 16, quantities = ["dose", "bed"] }`.
fn dicom(output: &Section<'_>) -> Option<DicomPlan> {
    let all = || DoseQuantity::NAMES.map(|(_, quantity)| quantity).to_vec();
    match output.raw("dicom").map(toml::Spanned::get_ref) {
        None => {
            output.note_default("dicom", "default");
            None
        }
        Some(DeValue::Boolean(false)) => None,
        Some(DeValue::Boolean(true)) => {
            output.note_default("dicom.bits", "default");
            output.note_default("dicom.quantities", "default");
            Some(DicomPlan { bits: Bits::ThirtyTwo, quantities: all() })
        }
        Some(_) => {
            let section = output.table("dicom", "[output.dicom]", "output.dicom")?;
            section.only(&["bits", "quantities"]);
            let bits = section.read("bits", |value| match count_of(value, 16, 32)? {
                16 => Ok(Bits::Sixteen),
                32 => Ok(Bits::ThirtyTwo),
                other => Err(Fault::new(format!("{other} bits"), "write bits = 16 or bits = 32")),
            });
            let quantities = section.read("quantities", |value| {
                texts(value, "quantities = [\"dose\", \"bed\"]")?.into_iter().map(|word| word_of(word, &DoseQuantity::NAMES)).collect()
            });
            let mut quantities: Vec<DoseQuantity> = section.or_default("quantities", quantities, all());
            quantities.sort_by_key(|quantity| DoseQuantity::NAMES.iter().position(|(_, known)| known == quantity));
            quantities.dedup();
            Some(DicomPlan { bits: section.or_default("bits", bits, Bits::ThirtyTwo), quantities })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bits, DoseQuantity};
    use crate::plan::ONE_REGION;

    fn parsed(output: &str) -> Result<crate::plan::Plan, String> {
        let (text, path) = (format!("{ONE_REGION}[output]\n{output}"), std::path::Path::new("test.toml"));
        crate::plan::parse(&text, path, &crate::plan::Vocabulary::built_in()).map_err(|e| e.to_string())
    }

    #[test]
    fn rt_dose_is_switched_on_or_told_in_detail() {
        let dicom = |output: &str| parsed(output).unwrap_or_else(|e| panic!("{e}")).output.dicom;
        assert!(dicom("").is_none() && dicom("dicom = false").is_none());
        let plan = dicom("dicom = true").expect("asked for");
        assert_eq!((plan.bits, plan.quantities.len()), (Bits::ThirtyTwo, 3));
        let plan = dicom("dicom = { bits = 16, quantities = [\"eqd2\", \"dose\", \"eqd2\"] }").expect("asked for");
        assert_eq!((plan.bits, plan.quantities), (Bits::Sixteen, vec![DoseQuantity::Dose, DoseQuantity::Eqd2]));
        for (wrong, expected) in [
            ("dicom = { bits = 24 }", "24 bits"),
            ("dicom = { bit = 16 }", "did you mean `bits`"),
            ("dicom = { quantities = \"edq2\" }", "did you mean `eqd2`"),
            ("dicom = { quantities = [] }", "the list is empty"),
            ("dicom = 16", "one table is needed"),
        ] {
            let message = parsed(wrong).expect_err(wrong);
            assert!(message.contains(expected), "{wrong}: {message}");
        }
    }

    #[test]
    fn times_of_dose_rate_maps_are_ascending_and_each_once() {
        let times = |output: &str| parsed(output).unwrap_or_else(|e| panic!("{e}")).output.dose_rate_at;
        assert!(times("").is_empty());
        assert_eq!(times("dose_rate_at = \"96, 4, 24 h\""), [14_400.0, 86_400.0, 345_600.0]);
        // Two that would have one name are one.
        assert_eq!(times("dose_rate_at = [\"30 min\", \"0.5 h\", \"0 h\"]"), [0.0, 1800.0]);
        for wrong in ["dose_rate_at = \"4, 24\"", "dose_rate_at = \"-1 h\"", "dose_rate_at = \"200 y\"", "dose_rate_at = \"4 Gy\""] {
            assert!(parsed(wrong).is_err_and(|e| e.contains("dose_rate_at")), "{wrong}");
        }
        let shown = parsed("dose_rate_at = \"4, 96 h\"").unwrap_or_else(|e| panic!("{e}")).describe();
        assert!(
            shown.lines().any(|line| line.contains("dose rate at") && line.contains("4 h") && line.contains("after the first start")),
            "{shown}"
        );
    }
}
