//! Dose and response in turns: predicted uptakes, what is transported anew, and biology on stored doses. Whole runs on the CPU.

#[path = "support/run.rs"]
mod support;

use std::path::Path;

use dosaic::{
    dose::regions::Period,
    engine::{self, Comparison, Evaluation},
    plan::{self, Plan, Vocabulary},
    report::{components::stored_components, tme::PredictedUptake},
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
    let name = format!("Lu-177 in {region}");
    evaluation.treatment.sources[fraction - 1].activities.iter().find(|a| a.place == name).expect("an activity").tia
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

#[test]
fn biology_on_stored_doses_is_that_of_the_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plan = plan("20 %", "");
    let (prepared, found) = run(&plan);
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
    found.write(&plan, &prepared, &record, &mut dir).unwrap_or_else(|e| panic!("{e}"));
    dir.finish().expect("written");
    let stored = stored_components(&folder.path().join("out"), &prepared.phantom, None).unwrap_or_else(|e| panic!("{e}"));

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
    assert!(fast.warnings.iter().any(|w| w.contains("no transport of this pattern is stored")), "{:?}", fast.warnings);
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
