//! Dose and response in turns: predicted uptakes, what is transported anew, and biology on stored doses. Whole runs on the CPU.

#[path = "support/run.rs"]
mod support;

use std::path::Path;

use dosaic::{
    dose::regions::Period,
    engine::{self, Comparison, Evaluation, Prepared},
    plan::{self, Plan, Vocabulary},
    report::{
        components::{StoredComponents, stored_components},
        tme::{PredictedUptake, TmeResult},
    },
    response::tme::{
        Field,
        micro::{Device, LigandConstants, penetration},
    },
    source::DecayPattern,
};
use support::run;

/// Two lesions in tissue; the second fraction is predicted but for what `more` writes.
fn plan(above: &str, more: &str) -> Plan {
    parse(&text(above, more))
}

fn parse(text: &str) -> Plan {
    plan::parse(text, Path::new("tumours.toml"), &Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"))
}

fn text(above: &str, more: &str) -> String {
    format!(
        r#"
[phantom]
voxels = [24, 12, 12]
spacing = "4 mm"
background = "soft_tissue"
[[region]]
name = "organ"
material = "soft_tissue"
shape = "box"
center = "-36, 0, 0 mm"
size = "16 mm"
[[region]]
name = "even"
material = "soft_tissue"
shape = "box"
center = "0, 0, 0 mm"
size = "16 mm"
[[region]]
name = "uneven"
material = "soft_tissue"
shape = "box"
center = "32, 0, 0 mm"
size = "16 mm"
[[nuclide]]
name = "Lu-177"
[[fraction]]
administered = "7.4 GBq"
[fraction.uptake.organ]
fraction = "0.05 %"
half_life = "50 h"
[fraction.uptake.even]
fraction = "0.2 %"
half_life = "80 h"
[fraction.uptake.uneven]
fraction = "0.2 %"
half_life = "80 h"
pattern = "log-normal"
cv = "60 %"
correlation = "6 mm"
seed = 3
[[fraction]]
like = 1
start = "56 d"
administered = "3.7 GBq"
predicted = true
{more}
[transport]
histories = 60000
photons = "off"
[response.region.even]
tissue = "net"
[response.region.uneven]
tissue = "net"
[response.region.organ]
tissue = "kidney"
[response.tme]
regions = ["even", "uneven"]
horizon = "120 d"
retransport_above = "{above}"
maps_at = "56 d"
"#
    )
}

fn mean(evaluation: &Evaluation, fraction: u32, region: &str) -> f64 {
    let row = evaluation.rows.iter().find(|row| row.fraction == Period::Fraction(fraction) && row.region == region).expect("a row");
    row.dose_mean_gy.expect("a dose")
}

fn tia(evaluation: &Evaluation, fraction: usize, region: &str) -> f64 {
    let place = format!(" in {region}");
    evaluation.treatment.sources[fraction - 1].activities.iter().find(|a| a.place.ends_with(&place)).expect("an activity").tia
}

#[test]
fn uptake_follows_the_cells_that_are_left() {
    let (_, found) = run(&plan("20 %", ""));
    let tme = found.tme.as_ref().expect("a microenvironment");
    let predicted = |place: &str| tme.predicted.iter().find(|p| p.place == place).unwrap_or_else(|| panic!("nothing predicted of {place}"));
    // The organ does not evolve: half the activity, the same half-life.
    assert!((tia(&found, 2, "organ") / tia(&found, 1, "organ") - 0.5).abs() < 1e-12);
    assert!(tme.predicted.iter().all(|p| p.place != "organ"));
    for region in ["even", "uneven"] {
        let factor = predicted(region).factor;
        assert!((tia(&found, 2, region) / tia(&found, 1, region) / (0.5 * factor) - 1.0).abs() < 1e-9, "{region}");
        // By hand from the state at day 56: cells that bind, over those at the start, times the root of the vessels. Weighted with uptake,
        // which only the even lesion has the same in all voxels.
        let at = |time: f64| tme.timeline.rows.iter().find(|r| r.region == region && (r.time - time).abs() < 1.0).expect("a row");
        let (then, now) = (at(0.0), at(56.0 * 86400.0));
        let n0 = tme.parameter(region, "initial_cells").expect("a parameter");
        let bound = (now.surviving * n0 + 0.8 * now.doomed) / n0 * (now.vessels / then.vessels).sqrt();
        println!("{region}: factor {factor:.4}, from means {bound:.4}");
        assert!(factor < 0.9 && factor > 0.1, "{region}: {factor}");
        if region == "even" {
            assert!((factor / bound - 1.0).abs() < 0.01, "{factor} {bound}");
        }
    }
    // Only where the pattern has changed is there a new transport.
    assert!(!predicted("even").retransported && predicted("even").largest_change < 0.2);
    assert!(predicted("uneven").retransported && predicted("uneven").largest_change > 0.2);
    let names: Vec<&str> = found.treatment.components.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["Lu-177 in organ", "Lu-177 in even", "Lu-177 in uneven", "Lu-177 in uneven, fraction 2"]);
    // The hot spots have lost more: the new pattern is more even than the old one.
    let spread = |c: usize| {
        let shares = &found.treatment.components[c].pattern.shares;
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        (shares.iter().map(|s| (s / mean - 1.0).powi(2)).sum::<f64>() / shares.len() as f64).sqrt()
    };
    assert!(spread(3) < 0.9 * spread(2), "{} {}", spread(3), spread(2));
    // A recombined fraction is the first one times its activity, crossfire apart (the organ 36 mm away gives 1e-6).
    let ratio = mean(&found, 2, "even") / mean(&found, 1, "even");
    assert!((ratio / (0.5 * predicted("even").factor) - 1.0).abs() < 1e-3, "{ratio}");
    // Dose in the timeline is the dose of the maps.
    let last = tme.timeline.rows.iter().rfind(|r| r.region == "uneven").expect("a row");
    let total = mean(&found, 1, "uneven") + mean(&found, 2, "uneven");
    assert!((last.dose_low_gy / total - 1.0).abs() < 1e-4, "{} {total}", last.dose_low_gy);
    assert_eq!(tme.snapshots.len(), 1);
    assert!((tme.snapshots[0].time / 86400.0 - 56.0).abs() < 1e-9);
}

#[test]
fn a_measured_uptake_overrides_the_prediction() {
    let measured = "[fraction.uptake.even]\nfraction = \"0.3 %\"\nhalf_life = \"60 h\"\n";
    let (_, found) = run(&plan("20 %", measured));
    // 0.3 % of 3.7 GBq.
    let expected = 0.003 * 3.7e9 * 60.0 * 3600.0 / std::f64::consts::LN_2;
    assert!((tia(&found, 2, "even") / expected - 1.0).abs() < 1e-12);
    // It stands beside the prediction; the other half-life counts with its time-integrated activity.
    let row = only(&found, "even");
    let ratio = expected / tia(&found, 1, "even") / 0.5;
    assert!((row.measured.expect("measured") / ratio - 1.0).abs() < 1e-12 && !row.retransported, "{row:?}");
    assert!(row.factor > 0.1 && row.factor < 0.9 && row.from == 1, "{row:?}");
    assert!(only(&found, "uneven").measured.is_none());
}

/// The only line of a place.
fn only<'e>(evaluation: &'e Evaluation, place: &str) -> &'e PredictedUptake {
    let all = &evaluation.tme.as_ref().expect("a microenvironment").predicted;
    let mut mine = all.iter().filter(|p| p.place == place);
    let first = mine.next().unwrap_or_else(|| panic!("nothing of {place}"));
    assert!(mine.next().is_none(), "{place} stands twice");
    first
}

#[test]
fn predicted_and_measured_factors_agree_where_uptake_is_as_predicted() {
    let (_, free) = run(&plan("20 %", ""));
    let factor = only(&free, "uneven").factor;
    let measured = |share: f64| {
        let more = format!("[fraction.uptake.uneven]\nfraction = \"{:.12} %\"\nhalf_life = \"80 h\"\n", 0.2 * share * factor);
        let (_, found) = run(&plan("20 %", &more));
        let row = only(&found, "uneven").clone();
        (row.factor, row.measured.expect("measured"))
    };
    let (predicted, whole) = measured(1.0);
    assert!((predicted / factor - 1.0).abs() < 1e-9, "the same response before it: {predicted} {factor}");
    assert!((predicted / whole - 1.0).abs() < 1e-6, "{predicted} {whole}");
    let (predicted, half) = measured(0.5);
    assert!((predicted / half / 2.0 - 1.0).abs() < 1e-6, "{predicted} {half}");

    // Where no word is said of predictions: fraction 2 is given as fraction 1, of half the activity.
    let (_, found) = run(&parse(&text("20 %", "").replace("predicted = true\n", "")));
    for (region, predicted) in [("even", only(&free, "even").factor), ("uneven", factor)] {
        let row = only(&found, region);
        assert!((row.measured.expect("measured") - 1.0).abs() < 1e-12 && row.from == 1, "{row:?}");
        // Another run of the transport.
        assert!((row.factor / predicted - 1.0).abs() < 0.02, "{region}: {} {predicted}", row.factor);
    }
    assert!(found.tme.as_ref().is_some_and(|t| t.predicted.iter().all(|p| p.place != "organ")), "the organ does not evolve");
}

#[test]
fn a_drug_on_the_barrier_acts_on_the_uptake_from_its_dose_on() {
    let with = |drug: &str| {
        let barrier = "[response.tme.parameters]\nuptake_barrier = 0.7\n";
        let (_, found) = run(&parse(&format!("{}{barrier}{drug}", text("20 %", ""))));
        let tme = found.tme.as_ref().expect("a microenvironment");
        let caf = tme.timeline.rows.iter().find(|r| r.region == "even" && (r.time / 86400.0 - 56.0).abs() < 1e-6).expect("a row").caf;
        (only(&found, "even").factor, caf)
    };
    let drug = |time: &str| {
        format!(
            "[[response.drug]]\nname = \"opener\"\ndose = 1e6\ntimes = \"{time}\"\nhalf_life = \"20 d\"\n\
             effect = {{ on = \"caf-barrier\", strength = 0.6, ec50 = 1.0 }}\n"
        )
    };
    let (plain, caf) = with("");
    let (given, same) = with(&drug("56 d"));
    assert!((caf - same).abs() < 1e-9 && caf > 1.05, "the drug opens the barrier and leaves the fibroblasts: {caf} {same}");
    // b_F = (1 + 1)/(1 + 1 F) without, (1 + 1)/(1 + (1 - 0.6) F) with it; F differs little between the voxels.
    let expected = ((1.0 + caf) / (1.0 + 0.4 * caf)).powf(0.7);
    assert!((given / plain / expected - 1.0).abs() < 2e-3, "{given} {plain} {expected}");
    // A day later it is too late for this fraction.
    assert!((with(&drug("57 d")).0 / plain - 1.0).abs() < 1e-9);
    // It was there at the fraction that was measured, and there is as much of it now: the same uptake by other fibroblasts.
    let (both, _) = with(&drug("0, 56 d"));
    let expected = 1.4 / (1.0 + 0.4 * caf) * (1.0 + caf) / 2.0;
    assert!((both / plain / expected.powf(0.7) - 1.0).abs() < 2e-3, "{both} {plain} {expected}");
}

/// Writes a result and reads its doses back.
fn stored(plan: &Plan, prepared: &Prepared, found: &Evaluation) -> StoredComponents {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut dir = dosaic::io::output::OutputDir::create(folder.path().join("out"), false).expect("a folder");
    let record = engine::Record {
        command_line: vec!["test".into()],
        started: "2026-01-01T00:00:00Z".into(),
        device: dosaic::transport::backend::DeviceInfo {
            name: "CPU".into(),
            kind: "cpu".into(),
            backend: String::new(),
            driver: String::new(),
            vendor: 0,
        },
        threads: 2,
    };
    found.write(plan, prepared, &record, &mut dir).unwrap_or_else(|e| panic!("{e}"));
    dir.finish().expect("written");
    stored_components(&folder.path().join("out"), &prepared.phantom, None).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn biology_on_stored_doses_is_that_of_the_run() {
    let plan = plan("20 %", "");
    let (prepared, found) = run(&plan);
    let stored = stored(&plan, &prepared, &found);

    // The same plan: the same doses and the same response, the re-transported pattern included.
    let none = Comparison { fractions: &[], interval: 1.0 };
    let again = engine::respond(&plan, &prepared, &stored, none, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again.total.dose.data, found.total.dose.data);
    let timeline = |e: &Evaluation| e.tme.as_ref().expect("a microenvironment").timeline.rows.clone();
    assert_eq!(timeline(&again), timeline(&found));

    // Another biology: other uptake, no transport of the new pattern, and it says so.
    let mut other = plan.clone();
    let tme = other.response.tme.as_mut().expect("a microenvironment");
    tme.regions.iter_mut().for_each(|r| r.parameters.set("doomed_half_life", 10.0));
    let fast = engine::respond(&other, &prepared, &stored, none, 2).unwrap_or_else(|e| panic!("{e}"));
    assert!(tia(&fast, 2, "uneven") < 0.7 * tia(&found, 2, "uneven"), "doomed cells that go sooner bind less");
    // The largest change of a voxel's share against the nearest pattern, which is told: here that of the run's second fraction.
    let pattern = |e: &Evaluation| {
        let component = &e.treatment.deliveries[1].contributions.iter().map(|c| &e.treatment.components[c.component]);
        component.clone().find(|c| c.name.contains("uneven")).expect("a component").pattern.clone()
    };
    let first = &found.treatment.components.iter().find(|c| c.name.contains("uneven")).expect("fraction 1").pattern;
    let new = pattern(&fast);
    let change = new.voxels.iter().map(|&v| (share(&new, v) / share(first, v) - 1.0).abs()).fold(0.0, f64::max);
    let told = fast.warnings.iter().find(|w| w.contains("scaled voxel by voxel")).unwrap_or_else(|| panic!("{:?}", fast.warnings));
    assert!(told.contains(&format!("by up to {:.1} %", 100.0 * change)) && told.contains("uneven"), "{told}: {change}");
    // Scaled voxel by voxel it is what the transport of that pattern gives: Lu-177's electrons go 0.3 mm, voxels have 4 mm.
    let (_, transported) = run(&other);
    let fraction = |e: &Evaluation| e.fractions[1].maps.dose.data.clone();
    let (scaled, direct) = (fraction(&fast), fraction(&transported));
    let label = 1 + prepared.phantom.region_names.iter().position(|n| n == "uneven").expect("a region") as u16;
    let lesion: Vec<usize> = (0..scaled.len()).filter(|&v| prepared.phantom.regions[v] == label).collect();
    let average = |map: &[f32]| lesion.iter().map(|&v| f64::from(map[v])).sum::<f64>() / lesion.len() as f64;
    let error = lesion.iter().map(|&v| (f64::from(scaled[v] - direct[v]) / average(&direct)).powi(2)).sum::<f64>() / lesion.len() as f64;
    println!(
        "scaled {:.4} Gy, transported {:.4} Gy, voxels apart by {:.1} % (rms)",
        average(&scaled),
        average(&direct),
        100.0 * error.sqrt()
    );
    assert!((average(&scaled) / average(&direct) - 1.0).abs() < 0.03 && error.sqrt() < 0.12);

    // Equal fractions share the activity; what is given first binds best.
    let comparison = Comparison { fractions: &[1, 3], interval: 30.0 * 86400.0 };
    let compared = engine::respond(&plan, &prepared, &stored, comparison, 2).unwrap_or_else(|e| panic!("{e}"));
    let table = compared.tme.as_ref().and_then(|t| t.fractionation.as_ref()).expect("a table");
    let dose = |schedule: usize| -> Vec<f64> {
        table.schedules[schedule].lesions.iter().find(|l| l.region == "even").expect("a lesion").dose_low_let_gy.clone()
    };
    let (one, three) = (dose(0), dose(1));
    assert_eq!((one.len(), three.len()), (1, 3));
    // 11.1 GBq in one against 7.4 GBq in the plan's first.
    assert!((one[0] / mean(&found, 1, "even") - 1.5).abs() < 0.01, "{} {}", one[0], mean(&found, 1, "even"));
    assert!((three[0] / one[0] - 1.0 / 3.0).abs() < 0.01 && three[1] < 0.9 * three[0] && three[2] < three[1], "{three:?}");
    // What the plan says of later uptakes has no part in that, and this is told by fraction and place.
    let unused = |e: &Evaluation| e.warnings.iter().find(|w| w.contains("not used in it")).cloned();
    assert_eq!(unused(&compared), None);
    let measured = self::plan("20 %", "[fraction.uptake.organ]\nfraction = \"0.04 %\"\nhalf_life = \"50 h\"\n");
    let one = Comparison { fractions: &[1], interval: 1.0 };
    let told = unused(
        &engine::respond(&measured, &engine::prepare(&measured).unwrap_or_else(|e| panic!("{e}")), &stored, one, 2)
            .unwrap_or_else(|e| panic!("{e}")),
    );
    assert!(told.as_ref().is_some_and(|w| w.ends_with("fraction 2: organ")), "{told:?}");
    let too_long = Comparison { fractions: &[8], interval: 30.0 * 86400.0 };
    let refused = engine::respond(&plan, &prepared, &stored, too_long, 2).expect_err("beyond the horizon").to_string();
    assert!(refused.contains("horizon"), "{refused}");

    // A plan with activity elsewhere needs its transport.
    let mut elsewhere = plan.clone();
    elsewhere.fractions.truncate(1);
    elsewhere.fractions[0].uptakes[0].pattern = plan::UptakePattern::Rim { length: 1.0, core: 0.1 };
    let moved = engine::prepare(&elsewhere).unwrap_or_else(|e| panic!("{e}"));
    let refused = engine::respond(&elsewhere, &moved, &stored, none, 2).expect_err("another pattern").to_string();
    assert!(refused.contains("Lu-177 in organ") && refused.contains("transport"), "{refused}");
}

/// A spheroid of 160 um in perfused tissue, Ac-225 on an antibody; `second` says what is known of the second fraction.
fn spheroid(second: &str) -> String {
    format!(
        r#"
[phantom]
voxels = [26, 26, 26]
spacing = "10 um"
background = "soft_tissue"
[[region]]
name = "host"
material = "soft_tissue"
shape = "box"
center = "0, 0, 0 um"
size = "260 um"
[[region]]
name = "spheroid"
material = "soft_tissue"
shape = "sphere"
center = "0, 0, 0 um"
radius = "80 um"
[[nuclide]]
name = "Ac-225"
[[fraction]]
administered = "8 MBq"
[fraction.uptake.spheroid]
activity = "0.006 Bq"
half_life = "5 d"
pattern = "ligand"
[[fraction]]
start = "42 d"
administered = "4 MBq"
{second}
[transport]
histories = 40000
photons = "off"
[response.region.spheroid]
tissue = "net"
[response.tme]
horizon = "60 d"
step = "1 d"
maps_at = "42 d"
[response.tme.supply.host]
po2 = "40 mmHg"
[response.tme.parameters]
ligand_diffusivity = "10 um2/s"
ligand_release = "8.6 /d"
ligand_internalised = "2 /d"
receptor_density = "340 nM"
plasma_concentration = "0.25 nM"
plasma_half_life = "48 h"
ligand_time = "96 h"
doomed_half_life = "10 d"
"#
    )
}

/// The constants of that plan in the model's units.
const ANTIBODY: LigandConstants = LigandConstants {
    diffusivity: 10.0 * 86400.0,
    k_on: 86.4,
    k_off: 8.6,
    k_int: 2.0,
    plasma: 0.25,
    half_life: 2.0,
    duration: 4.0,
    steps: 48,
};

/// What stays in the spheroid by voxel of the whole grid, with `sites` (relative to packing) by active voxel.
fn by_hand(tme: &TmeResult, steps: usize, sites: impl Fn(usize) -> f64) -> Vec<f64> {
    let grid = tme.domain.grid;
    let (mut passage, mut receptors) = (vec![Some(1.0f32); grid.len()], vec![0.0f32; grid.len()]);
    for (at, &voxel) in tme.domain.voxels.iter().enumerate() {
        passage[voxel as usize] = None;
        receptors[voxel as usize] = (340.0 * sites(at)) as f32;
    }
    let constants = LigandConstants { steps, ..ANTIBODY };
    let found = penetration(&grid, &passage, &receptors, &constants, &Device::Cpu(1)).unwrap_or_else(|e| panic!("{e}"));
    found.retained.iter().map(|&x| f64::from(x)).collect()
}

/// Mean depth of amounts by voxel below the surface of the spheroid, um.
fn mean_depth(tme: &TmeResult, amount: impl Fn(u32) -> f64) -> f64 {
    let grid = &tme.domain.grid;
    let depth = |v: u32| 80.0 - 1000.0 * grid.center(grid.ijk(v as usize)).length();
    let sum: f64 = tme.domain.voxels.iter().map(|&v| amount(v)).sum();
    tme.domain.voxels.iter().map(|&v| amount(v) * depth(v)).sum::<f64>() / sum
}

fn share(pattern: &DecayPattern, voxel: u32) -> f64 {
    pattern.voxels.binary_search(&voxel).map_or(0.0, |at| pattern.shares[at])
}

#[test]
fn a_ligand_comes_deeper_when_the_rim_has_lost_its_receptors() {
    let plan = parse(&spheroid("predicted = true"));
    let (prepared, found) = run(&plan);
    let tme = found.tme.as_ref().expect("a microenvironment");
    let of = |fraction: usize| {
        let component = found.treatment.deliveries[fraction - 1].contributions[0].component;
        &*found.treatment.components[component].pattern
    };
    let depth = [1, 2].map(|fraction| mean_depth(tme, |v| share(of(fraction), v)));
    println!("mean depths {depth:?} um");
    assert!(depth[1] > 1.1 * depth[0], "{depth:?}");

    // By hand, on the whole grid: 90 % of packing at the start, what is left of binding cells then.
    let state = &tme.snapshots[0];
    let left = |at: usize| {
        let of = |field: Field| f64::from(state.field(field)[at]);
        of(Field::Target) * (of(Field::Oxic) + of(Field::Hypoxic) + 0.8 * of(Field::Doomed))
    };
    let (before, after) = (by_hand(tme, 48, |_| 0.9), by_hand(tme, 48, left));
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let row = only(&found, "spheroid");
    let factor = sum(&after) / sum(&before);
    assert!((row.factor / factor - 1.0).abs() < 1e-4 && factor < 0.9 && row.retransported, "{row:?} {factor}");
    assert!((tia(&found, 2, "spheroid") / tia(&found, 1, "spheroid") / (0.5 * row.factor) - 1.0).abs() < 1e-9, "half the activity");
    for (pattern, values) in [(of(1), &before), (of(2), &after)] {
        let total = sum(values);
        let apart = |&v: &u32| (share(pattern, v) - values[v as usize] / total).abs() * tme.domain.voxels.len() as f64;
        let worst = tme.domain.voxels.iter().map(apart).fold(0.0, f64::max);
        assert!(worst < 1e-3, "{worst} of the mean share");
    }
    // The step of the uptake: half as many hardly change the depth, twice as many less.
    for (receptors, depth) in [(&(|_| 0.9) as &dyn Fn(usize) -> f64, depth[0]), (&left, depth[1])] {
        let with = |steps: usize| {
            let values = by_hand(tme, steps, receptors);
            mean_depth(tme, |v| values[v as usize])
        };
        let (half, twice) = (with(24) / depth - 1.0, with(96) / depth - 1.0);
        println!("depth {depth:.3} um, with half the steps {:+.2} %, with twice {:+.2} %", 100.0 * half, 100.0 * twice);
        assert!(half.abs() < 0.02 && twice.abs() < 0.02, "{half} {twice}");
    }

    // The same from stored doses, without a word.
    let stored = stored(&plan, &prepared, &found);
    let none = Comparison { fractions: &[], interval: 1.0 };
    let again = engine::respond(&plan, &prepared, &stored, none, 2).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again.total.dose.data, found.total.dose.data);
    assert_eq!(again.tme.as_ref().expect("a microenvironment").predicted, tme.predicted);
    let mut other = plan.clone();
    let fast = other.response.tme.as_mut().expect("a microenvironment");
    fast.regions.iter_mut().for_each(|r| r.parameters.set("doomed_half_life", 5.0));
    // Another biology has another pattern, of which nothing is stored: the nearest sum of stored ones stands in, and how near it comes is told.
    let near = engine::respond(&other, &prepared, &stored, none, 2).unwrap_or_else(|e| panic!("{e}"));
    let told = near.tme.as_ref().expect("a microenvironment").warnings.iter().find(|w| w.contains("nearest sum of stored patterns"));
    let misplaced: f64 = told.and_then(|w| w.split("up to ").nth(1)?.split(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{told:?}"));
    let (_, direct) = run(&other);
    let apart = mean(&near, 2, "spheroid") / mean(&direct, 2, "spheroid") - 1.0;
    println!("{misplaced} % misplaced, mean dose of fraction 2 {:+.2} % from its own transport", 100.0 * apart);
    assert!(misplaced > 0.01 && misplaced < 20.0 && apart.abs() < 0.02 + 0.01 * misplaced, "{told:?} {apart}");
    assert!(again.tme.as_ref().expect("a microenvironment").warnings.iter().all(|w| !w.contains("stored")), "exact: nothing to tell");

    // A measured amount keeps the places that the ligand finds, and stands beside the prediction.
    let (_, measured) = run(&parse(&spheroid("like = 1\n[fraction.uptake.spheroid]\nactivity = \"0.002 Bq\"\n")));
    let expected = 0.002 * 5.0 * 86400.0 / std::f64::consts::LN_2;
    assert!((tia(&measured, 2, "spheroid") / expected - 1.0).abs() < 1e-12);
    let again = only(&measured, "spheroid");
    assert!((again.measured.expect("measured") - 0.002 / 0.006 * 2.0).abs() < 1e-9, "{again:?}");
    assert!((again.factor / row.factor - 1.0).abs() < 1e-9, "{again:?} {row:?}");
    let component = measured.treatment.deliveries[1].contributions[0].component;
    let pattern = &measured.treatment.components[component].pattern;
    let apart = |&v: &u32| (share(pattern, v) / share(of(2), v) - 1.0).abs();
    assert!(tme.domain.voxels.iter().map(apart).fold(0.0, f64::max) < 1e-12, "the same places but for rounding");
}

#[test]
fn a_ligand_needs_a_tumour_into_which_it_can_diffuse() {
    let good = spheroid("predicted = true");
    let cases = [
        (good.split("[response.region").next().expect("a start").replace("predicted = true", "like = 1"), "a ligand without [response.tme]"),
        (
            good.replace("step = \"1 d\"", "oxygen = \"off\"").replace("[response.tme.supply.host]\npo2 = \"40 mmHg\"\n", ""),
            "a ligand where diffusion between voxels is not followed",
        ),
        (
            good.replace("pattern = \"ligand\"", "pattern = \"ligand\"\n[fraction.uptake.host]\nactivity = \"1 Bq\"\nhalf_life = \"5 d\"\npattern = \"ligand\""),
            "a ligand in region \"host\", which has no receptors",
        ),
        (good.replace("pattern = \"ligand\"", "pattern = \"ligand\"\nlength = \"5 um\""), "a ligand pattern takes no parameters"),
        (
            good.replace(
                "name = \"Ac-225\"\n",
                "name = \"Ac-225\"\n[[nuclide.daughter]]\nmember = \"Bi-213\"\nleaves = \"10 %\"\nto = \"spheroid\"\npattern = \"ligand\"\n",
            ),
            "for a daughter that has left its ligand",
        ),
        (good.replace("plasma_half_life = \"48 h\"", "plasma_half_life = \"-48 h\""), "plasma_half_life"),
    ];
    for (text, said) in cases {
        let refused = plan::parse(&text, Path::new("spheroid.toml"), &Vocabulary::built_in()).expect_err(said).to_string();
        assert!(refused.contains(said) && refused.contains('^'), "{said}: {refused}");
    }
    // Everywhere the same is another plan: nothing about ligands is read there, and nothing reported.
    let used = |text: &str| {
        let plan = parse(text);
        let tme = plan.response.tme.expect("a microenvironment");
        tme.used(&tme.regions[0]).any(|(name, _)| name == "receptor_density")
    };
    assert!(used(&good) && !used(&good.replace("pattern = \"ligand\"", "pattern = \"uniform\"")));
}
