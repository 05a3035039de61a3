//! Files of the microenvironment model: a hand-made simulation goes in, every number that comes out is checked by hand.

mod setting;

use std::collections::BTreeSet;

use dosaic::{
    plan::{Hook, Quality},
    report::tme::{
        RESEARCH, TmeResult, TmeSummary, depth, endpoints,
        fractionation::{self, FractionationTable, OrganOutcome, Schedule},
        parameters, timeline, uptake,
    },
    response::tme::{Field, quality::RegionQuality},
};
use setting::{DAY, near, parse, row, spheroid, two_lesions, well_formed, written};

const FORMAT_PAGE: &str = include_str!("../../docs/formats/results.md");

fn number(row: &std::collections::BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {:?}", row[column]))
}

#[test]
fn maps_have_their_values_where_something_evolves() {
    let memory = written(&two_lesions(true, 0.1));
    let stems: BTreeSet<&str> = memory.images.keys().map(|n| n.split("_t-").next().unwrap()).collect();
    assert_eq!(stems.len(), 12);
    assert_eq!(memory.images.len(), 24);
    for (name, (volume, quantity)) in &memory.images {
        let (stem, time) = name.split_once("_t-").unwrap();
        assert!(["000.0d.nii.gz", "056.0d.nii.gz"].contains(&time), "{time}");
        assert!(FORMAT_PAGE.contains(&format!("`{stem}_t-Td`")), "{stem} is not in docs/formats/results.md");
        assert_eq!([0, 3, 5].map(|v| volume.data[v]), [0.0; 3], "nothing evolves there");
        assert_eq!(quantity.name.contains(RESEARCH), stem == "tme_t_effector", "{}", quantity.name);
    }
    let values = |stem: &str| [1, 2, 4].map(|v| f64::from(memory.images[&format!("{stem}_t-056.0d.nii.gz")].0.data[v]));
    let expected = [
        // Half of full packing at the start.
        ("tme_survival", [0.6, 0.4, 0.1]),
        ("tme_viable", [0.3, 0.2, 0.05]),
        ("tme_po2", [15.0; 3]),
        ("tme_hypoxia", [0.25; 3]),
        ("tme_vessels", [0.9; 3]),
        ("tme_doomed", [0.3; 3]),
        ("tme_caf", [1.1; 3]),
        ("tme_m2_share", [0.75; 3]),
        // D_L + effect/0.1 + 2 Q/10.
        ("tme_bed", [16.0, 32.0, 34.0]),
        ("tme_dose_low_let", [10.0, 20.0, 30.0]),
        ("tme_dose_high_let", [1.0, 2.0, 0.0]),
        ("tme_t_effector", [150.0; 3]),
    ];
    for (stem, expected) in expected {
        for (found, expected) in values(stem).into_iter().zip(expected) {
            near(found, expected, 1e-6);
        }
    }
    // Without alphas, dose is not split; without oxygen there is none.
    let mut plain = two_lesions(false, 0.0);
    plain.plan.oxygen = dosaic::plan::OxygenPlan::Off;
    let memory = written(&plain);
    assert_eq!(memory.images.len(), 14);
    let row = &parse(&memory.texts["timeline.csv"])[3];
    assert_eq!((row["po2_mmhg"].as_str(), row["hypoxic_fraction"].as_str()), ("", ""));
}

#[test]
fn a_value_that_is_no_number_is_an_error_that_names_it() {
    let mut result = two_lesions(false, 0.0);
    let n = result.domain.voxels.len();
    result.snapshots[1].fields[Field::Doomed as usize * n + 1] = f32::NAN;
    let mut memory = setting::Memory::default();
    let error = dosaic::report::tme::write(&result, &[dosaic::report::write::ImageFormat::Nifti], &mut memory).unwrap_err();
    assert!(error.to_string().contains("56 d") && error.to_string().contains("[2, 0, 0]"), "{error}");
    assert!(memory.images.is_empty() && memory.texts.is_empty());

    let mut result = two_lesions(false, 0.0);
    result.timeline.rows[4].cells = f64::INFINITY;
    let error = dosaic::report::tme::write(&result, &[], &mut memory).unwrap_err();
    assert!(error.to_string().contains("lesion, left at 4 d") && error.to_string().contains("clonogens is inf"), "{error}");
    let mut result = two_lesions(false, 0.0);
    result.timeline.globals[2].drugs[0] = f64::NAN;
    let error = dosaic::report::tme::write(&result, &[], &mut memory).unwrap_err();
    assert!(error.to_string().contains("the patient at 4 d: the amount of a drug is NaN"), "{error}");
    assert!(memory.images.is_empty() && memory.texts.is_empty());
}

#[test]
fn timelines_say_what_the_rows_are() {
    let result = two_lesions(true, 0.1);
    let memory = written(&result);
    let rows = parse(&memory.texts["timeline.csv"]);
    assert_eq!(rows.len(), 402);
    let columns = timeline::TIMELINE_COLUMNS.iter().chain(&timeline::IMMUNE_COLUMNS);
    assert_eq!(rows[0].keys().map(String::as_str).collect::<BTreeSet<_>>(), columns.copied().collect());
    let row = &rows[57];
    assert_eq!((row["time_d"].as_str(), row["region"].as_str(), row["immune_note"].as_str()), ("56", "node", RESEARCH));
    near(number(row, "volume_ml"), 0.1 * (9.0 * (-2.8f64).exp() + 0.56f64.exp()), 1e-6);
    near(number(row, "m2_share"), 0.75, 1e-9);
    near(number(row, "dose_low_let_gy"), 10.0 * (1.0 - (-14.0f64).exp()), 1e-6);
    near(number(row, "dose_high_let_gy"), 1.0 - (-14.0f64).exp(), 1e-6);
    near(number(row, "immune_index"), 0.04 + 56e-4, 1e-6);

    let rows = parse(&memory.texts["timeline_global.csv"]);
    assert_eq!(rows.len(), 201);
    near(number(&rows[28], "volume_ml"), 1.1 * (9.0 * (-2.8f64).exp() + 0.56f64.exp()), 1e-6);
    assert_eq!((rows[28]["platelets_1e9_per_l"].as_str(), rows[28]["immune_note"].as_str()), ("", RESEARCH));
    near(number(&rows[1], "drug_nimorazole"), (-2.0f64).exp(), 1e-6);
    near(number(&rows[20], "lymphocytes"), 0.5, 1e-6);
}

#[test]
fn endpoints_are_those_of_the_curves() {
    let result = two_lesions(true, 0.1);
    let summary = TmeSummary::new(&result);
    assert_eq!((summary.horizon_d, summary.resolution_d), (400.0, 2.0));
    for (lesion, share) in summary.lesions.iter().zip([1.0, 0.1]) {
        // d/dt (9 e^(-k t) + e^(r t)) = 0 at e^((k + r) t) = 9 k/r.
        let nadir = 45.0f64.ln() / 0.06;
        near(lesion.volume.nadir_d, nadir, 1e-3);
        near(lesion.volume.nadir_ml, share * (9.0 * (-0.05 * nadir).exp() + (0.01 * nadir).exp()), 1e-4);
        near(lesion.volume.start_ml, 10.0 * share, 1e-12);
        near(lesion.volume.horizon_ml, share * 4.0f64.exp(), 1e-6);
        // 10 = e^(r t) + 9 e^(-k t): the second term is 9e-5 there.
        near(lesion.volume.regrown_d.unwrap(), (10.0f64 - 9e-5).ln() / 0.01, 1e-3);
        let at = |t: f64| share * (9.0 * (-0.05 * t).exp() + (0.01 * t).exp());
        near(at(lesion.volume.progression_d.unwrap()), 1.728 * lesion.volume.nadir_ml, 1e-3);

        let c = &lesion.clonogens;
        let nadir = (0.15e6 / 0.05e-3f64).ln() / 0.2;
        near(c.nadir_d, nadir, 1e-3);
        let least = share * (1e6 * (-0.15 * nadir).exp() + 1e-3 * (0.05 * nadir).exp());
        near(c.nadir, least, 1e-2);
        near(c.tcp_nadir, (-least).exp(), 1e-3);
        assert_eq!(c.tcp_horizon, 0.0, "485 165 clonogens are expected");
        near(c.log10_kill.unwrap(), (share * 1e6 / least).log10(), 1e-3);
        let one = share * (1e6 * (-0.15 * c.below_one_d.unwrap()).exp() + 1e-3 * (0.05 * c.below_one_d.unwrap()).exp());
        near(one, 1.0, 0.02);
        near(lesion.dose_low_let_gy, 20.0, 1e-6);
        near(lesion.dose_high_let_gy, 2.0, 1e-6);
        near(lesion.immune_index.unwrap(), 0.08, 1e-9);
        let [start, end] = lesion.hypoxic_fraction.unwrap();
        near(start, 0.25, 1e-12);
        near(end, 0.25 * (-4.0f64).exp(), 1e-9);
    }
    // Voxels of 16 and 32 Gy BED, alpha 0.1.
    near(summary.lesions[0].eud_bed_gy, -(0.5 * ((-1.6f64).exp() + (-3.2f64).exp())).ln() / 0.1, 1e-6);
    near(summary.lesions[1].eud_bed_gy, 34.0, 1e-6);
    let nadir = (0.15 / 0.05e-9f64).ln() / 0.2;
    near(summary.lesions[0].effective_bed_gy.unwrap(), -((-0.15 * nadir).exp() + 1e-9 * (0.05 * nadir).exp()).ln() / 0.1, 1e-3);
    // Both lesions keep their shape, so their sum has it, too.
    let patient = &summary.patient;
    near(patient.volume.nadir_d, summary.lesions[0].volume.nadir_d, 1e-9);
    near(patient.volume.start_ml, 11.0, 1e-12);
    near(patient.volume.progression_d.unwrap(), summary.lesions[0].volume.progression_d.unwrap(), 1e-3);
    near(patient.clonogens.tcp_nadir, summary.lesions.iter().map(|l| l.clonogens.tcp_nadir).product(), 1e-9);
    near(patient.lymphocytes.value, 0.5, 1e-6);
    near(patient.lymphocytes.time_d, 40.0, 1e-6);
    assert_eq!((patient.platelets, patient.neutrophils), (None, None));

    let rows = parse(&written(&result).texts["tme_endpoints.csv"]);
    let names: Vec<_> = rows.iter().map(|r| (r["scope"].as_str(), r["region"].as_str())).collect();
    assert_eq!(names, [("region", "lesion, left"), ("region", "node"), ("patient", "")]);
    near(number(&rows[1], "volume_nadir_d"), summary.lesions[1].volume.nadir_d, 1e-6);
    near(number(&rows[0], "eud_bed_gy"), summary.lesions[0].eud_bed_gy, 1e-6);
    near(number(&rows[2], "lymphocytes_nadir_d"), 40.0, 1e-6);
    assert_eq!((rows[2]["eud_bed_gy"].as_str(), rows[0]["lymphocytes_nadir"].as_str()), ("", ""));
    let growth: Vec<&str> = rows.iter().map(|r| r["untreated_growth_per_d"].as_str()).collect();
    assert_eq!(growth, ["3.500000e-4", "-0.0023", ""]);
    assert_eq!(summary.lesions[1].untreated_growth_per_d, Some(-2.3e-3));
}

#[test]
fn one_lesion_progresses_while_the_sum_shrinks() {
    let mut result = two_lesions(false, 0.0);
    for row in &mut result.timeline.rows {
        // The left lesion shrinks all the time, the node grows by 2 % a day.
        row.volume_ml = if row.region == "node" { 0.01 * (0.02 * row.time / DAY).exp() } else { 10.0 * (-0.001 * row.time / DAY).exp() };
        row.cells = if row.region == "node" { 0.0 } else { 5.0 };
    }
    let summary = TmeSummary::new(&result);
    let [left, node] = [0, 1].map(|i| &summary.lesions[i]);
    assert_eq!((left.volume.regrown_d, left.volume.progression_d), (None, None));
    near(left.volume.nadir_d, 400.0, 1e-12);
    near(node.volume.progression_d.unwrap(), 3.0 * 1.2f64.ln() / 0.02, 1e-6);
    assert_eq!(node.volume.regrown_d, None, "it never was smaller");
    // Sum of diameters: 10 against 1 at the start, the node's growing by 0.67 % a day.
    let sum = |t: f64| 10.0f64.cbrt() * (-0.001 * t / 3.0).exp() + 0.01f64.cbrt() * (0.02 * t / 3.0).exp();
    let least = (0..4000).map(|i| sum(f64::from(i) * 0.1)).fold(f64::INFINITY, f64::min);
    near(sum(summary.patient.volume.progression_d.unwrap()), 1.2 * least, 1e-4);
    let c = &node.clonogens;
    assert_eq!((c.nadir, c.log10_kill, c.tcp_nadir, c.below_one_d), (0.0, None, 1.0, Some(0.0)));
}

#[test]
fn parameters_are_those_that_the_model_read() {
    let on = two_lesions(true, 0.1);
    let off = two_lesions(false, 0.1);
    let rows = |result: &TmeResult| parse(&written(result).texts["tme_parameters.csv"]);
    let names = |result: &TmeResult| -> BTreeSet<String> { rows(result).iter().map(|r| r["parameter"].clone()).collect() };
    let more: BTreeSet<String> = names(&on).difference(&names(&off)).cloned().collect();
    let drug = ["clearance", "central volume", "peripheral volume", "exchange", "concentration per mg/L", "PD-1/PD-L1 binding, K_D"];
    let expected: BTreeSet<String> = drug.iter().map(|n| format!("pembrolizumab: {n}")).collect();
    let section =
        |name: &str| parse(&written(&on).texts["tme_parameters.csv"]).iter().any(|r| r["parameter"] == *name && r["group"] == "immune");
    assert!(expected.is_subset(&more) && more.contains("priming") && more.contains("m2_suppression"));
    assert!(more.difference(&expected).all(|name| name == "m2_suppression" || section(name)), "{more:?}");
    // Switched off, of another model of quality, or replaced by a region.
    let absent = ["bystander_dose", "marrow_alpha", "domain_radius"];
    assert!(absent.iter().all(|n| !names(&on).contains(*n)));
    assert!(names(&on).contains("let_max") && names(&on).contains("blood_dose_ratio"));
    let mut other = two_lesions(true, 0.1);
    other.plan.bystander = true;
    other.plan.marrow = Some("marrow".into());
    other.plan.blood = Some("blood".into());
    other.plan.quality = dosaic::plan::Quality::Mkm;
    let found = names(&other);
    assert!(absent.iter().all(|n| found.contains(*n)) && !found.contains("let_max") && !found.contains("blood_dose_ratio"));

    let noted: BTreeSet<String> = rows(&on).iter().filter(|r| r["immune_note"] == RESEARCH).map(|r| r["parameter"].clone()).collect();
    assert_eq!(noted, more);
    let set = &on.plan.regions[0].parameters;
    let all = rows(&on);
    let find = |name: &str| all.iter().find(|r| r["parameter"] == name && r["region"] != "node").unwrap();
    let half_life = find("doomed_half_life");
    let cells = ["group", "value", "unit", "written", "range_low", "range_high", "mark", "origin", "assumed", "outside_range"];
    let found = cells.map(|c| half_life[c].as_str());
    assert_eq!(found, ["cells", "40", "d", "40 d", "4", "90", "A", "built-in", "yes", "no"]);
    assert_eq!(half_life["source"], set.parameters["doomed_half_life"].source);
    assert_eq!((find("angiogenesis")["assumed"].as_str(), find("angiogenesis")["outside_range"].as_str()), ("no", "yes"));
    assert_eq!((find("alpha")["assumed"].as_str(), find("alpha_beta")["assumed"].as_str()), ("yes", "no"));
    near(number(find("repair_half_time"), "value"), 1.5, 1e-12);
    assert_eq!(number(find("nimorazole: hypoxic sensitisation, full effect"), "value"), 0.5);

    let assumed = parameters::assumed(&on);
    let source = &set.parameters["doomed_half_life"].source;
    let half_life = format!("doomed_half_life = 40 d is assumed (4 d to 90 d thought possible; {source}); in all evolving regions");
    assert!(assumed.contains(&half_life), "{assumed:#?}");
    assert!(assumed.iter().any(|s| s.contains("oer_half = 3 mmHg is recalled")));
    assert!(assumed.iter().any(|s| s.contains("angiogenesis = 0.5 /d, from the plan, is outside") && s.contains("0 /d to 0.2 /d")));
    assert!(assumed.iter().any(|s| s == "alpha, rbe_high_let of node are assumed (response parameters)"));
    assert!(!assumed.iter().any(|s| s.starts_with("initial_cells") || s.starts_with("packing")), "given by the plan; published");
    let count = parameters::assumed_count(&off);
    let of_node: Vec<_> = rows(&off).into_iter().filter(|r| r["region"] == "node" && r["group"] != "linear-quadratic").collect();
    let assumed = of_node.iter().filter(|r| r["assumed"] == "yes").count();
    assert!(assumed > 30 && count.starts_with(&format!("{assumed} of {} parameters", of_node.len())), "{count}");
    assert!(count.ends_with("possible: angiogenesis"), "{count}");
}

#[test]
fn without_the_immune_part_no_word_of_it_is_written() {
    let forbidden = ["immune", "research", "effector", "primed", "pdl1", "pd-l1", "antigen", "checkpoint", "calibrated"];
    let mut off = two_lesions(false, 0.1);
    // What the user calls a drug may say anything; one that acts only on T cells is not listed.
    assert!(off.plan.drugs.iter().any(|d| d.effects[0].hook == Hook::Checkpoint));
    let texts = |result: &TmeResult| {
        let memory = written(result);
        let mut texts: Vec<String> = memory.texts.iter().map(|(name, text)| format!("{name} {text}")).collect();
        texts.extend(memory.images.iter().map(|(name, (_, quantity))| format!("{name} {}", quantity.name)));
        texts.push(serde_json::to_string(&TmeSummary::new(result)).unwrap());
        let table = FractionationTable { title: "same activity".into(), schedules: vec![Schedule::new(result, Vec::new())] };
        texts.extend([table.csv(), table.markdown(), endpoints::endpoints_text(result)]);
        let mut memory = setting::Memory::default();
        table.write(&mut memory).unwrap();
        texts.extend(memory.texts.into_values());
        texts.push(parameters::assumed_count(result));
        texts
    };
    for text in texts(&off) {
        let lower = text.to_lowercase();
        let word = forbidden.iter().find(|w| lower.contains(**w));
        assert_eq!(word, None, "{}", text.chars().take(200).collect::<String>());
    }
    // Where it is on, every file that has its numbers says what they are.
    off.plan.immune = true;
    for text in texts(&off) {
        let lower = text.to_lowercase();
        if ["immune_index", "immune index", "t_effector", "effector t", "pdl1", "antigen_ul", "t_primed"].iter().any(|w| lower.contains(w))
        {
            assert!(lower.contains("research"), "{}", text.chars().take(200).collect::<String>());
        }
    }
}

#[test]
fn uncertainties_are_those_of_what_was_used() {
    let mut result = two_lesions(false, 0.0);
    assert_eq!(parameters::uncertain(&result).len(), 5);
    result.predicted.clear();
    assert_eq!(parameters::uncertain(&result).len(), 4);
    result.plan.bystander = true;
    assert!(parameters::uncertain(&result).iter().any(|s| s.contains("neighbours")));
    assert!(parameters::uncertain(&two_lesions(false, 0.1)).iter().any(|s| s.contains("alpha emitters")));
    assert!(parameters::uncertain(&two_lesions(true, 0.0)).iter().any(|s| s.contains(RESEARCH)));
}

#[test]
fn warnings_tell_what_results_leave_out() {
    let some = |result: &TmeResult, part: &str| result.all_warnings().iter().filter(|w| w.contains(part)).count();
    let plain = two_lesions(false, 0.0);
    assert_eq!(plain.all_warnings()[0], "something was counted: 3");
    assert_eq!(some(&plain, "are assumed, not measured"), 1);
    // 0.31 and 0.03 clonogens at the nadir, and both lesions grow back.
    assert_eq!((some(&plain, "it regrows although only 3.1e-1"), some(&plain, "node: it regrows")), (1, 1));
    assert_eq!(some(&plain, "research"), 0);
    assert_eq!(some(&two_lesions(true, 0.0), RESEARCH), 1);
    // ln 2/0.0023 = 301 d; the other lesion grows.
    let shrinking = two_lesions(true, 0.0);
    assert_eq!((some(&plain, "it would shrink"), some(&shrinking, "it would shrink")), (0, 1));
    assert_eq!(
        some(
            &shrinking,
            "node: untreated, it would shrink from the start on, by 0.0023 per day (half in 301 d), since at initial_cells = 0.5"
        ),
        1
    );
    assert_eq!(some(&shrinking, "net_doubling_time = 200 d holds at low packing"), 1);
    // alpha is 0.1/Gy; dose, recoil dose, dose x LET and dose x alpha of the left lesion and of the node.
    let sums = |dose: f64, linear_energy: f64, alpha: f64| RegionQuality {
        dose,
        recoil: 0.0,
        dose_let: dose * linear_energy,
        microscopic: dose * alpha,
        effect: dose * alpha,
    };
    let mut alphas = two_lesions(false, 0.1);
    alphas.quality = vec![sums(2.0, 100.0, 0.5), sums(4.0, 90.0, 1.53)];
    assert_eq!((some(&alphas, "the RBE of its high-LET dose"), some(&alphas, "has no effect")), (1, 0));
    assert_eq!(some(&alphas, "node: the RBE of its high-LET dose is 15.3 on the mean, on alpha; 2.7 to 15.2 was measured"), 1);
    alphas.plan.few_hits = true;
    let said = "alpha of the high-LET dose is assumed to follow an RBE linear in LET, quality = \"let\"; cells that no alpha meets survive: \
                in lesion, left it is 5.00 times that of low LET at a mean LET of 100 keV/um";
    assert!(parameters::assumed(&alphas).iter().any(|s| s == said), "{:#?}", parameters::assumed(&alphas));
    alphas.quality[0] = sums(2.0, 100.0, 0.26);
    assert_eq!(some(&alphas, "lesion, left: the RBE of its high-LET dose is 2.60"), 1);
    // Asked for without alphas.
    assert_eq!((some(&plain, "quality = \"let\" has no effect"), some(&plain, "few_hits")), (1, 0));
    let mut in_vain = two_lesions(false, 0.0);
    (in_vain.plan.few_hits, in_vain.plan.quality) = (true, Quality::Rbe);
    assert_eq!((some(&in_vain, "few_hits = true has no effect"), some(&in_vain, "has no effect")), (1, 1));
    let mut buried = two_lesions(false, 0.0);
    buried.timeline.rows.retain(|r| r.region != "node");
    assert_eq!(some(&buried, "node has no voxels left"), 1);
    assert_eq!(TmeSummary::new(&buried).lesions.len(), 1);
    let mut whole = spheroid();
    assert_eq!(some(&whole, "no rim"), 0);
    whole.domain.voxels = (0..whole.domain.grid.len() as u32).collect();
    whole.domain.row = vec![0; whole.domain.voxels.len()];
    let n = whole.domain.voxels.len();
    whole.snapshots.clear();
    whole.end = setting::snapshot(20.0 * DAY, n, &[]);
    assert_eq!(some(&whole, "spheroid has no rim"), 1);
}

#[test]
fn predicted_uptakes_stand_beside_measured_ones() {
    let memory = written(&two_lesions(false, 0.0));
    let rows = parse(&memory.texts["tme_uptake.csv"]);
    let row = |i: usize| uptake::UPTAKE_COLUMNS.map(|c| rows[i][c].clone());
    assert_eq!(row(0), ["2", "lesion, left", "1", "0.45", "0.5", "0.05", "no", "measured"]);
    assert_eq!(row(1), ["2", "node", "1", "0.4", "", "0.05", "no", "predicted"]);
    let plot = &memory.texts["tme_uptake.svg"];
    // Predicted: origin and fraction 2 of both; measured: origin of both and fraction 2 of one; samples of four.
    assert_eq!(plot.matches("<circle").count(), 4 + 3 + 4);
}

#[test]
fn depth_profiles_follow_the_rim() {
    let result = spheroid();
    let memory = written(&result);
    let rows = parse(&memory.texts["tme_depth.csv"]);
    let times: BTreeSet<&str> = rows.iter().map(|r| r["time_d"].as_str()).collect();
    assert_eq!(times, BTreeSet::from(["0", "5", "20"]), "maps, and the end");
    assert_eq!(rows[0].keys().map(String::as_str).collect::<BTreeSet<_>>(), depth::DEPTH_COLUMNS.into_iter().collect());
    let counted: usize = rows.iter().filter(|r| r["time_d"] == "5").map(|r| number(r, "voxels") as usize).sum();
    assert_eq!(counted, result.domain.voxels.len());
    // The centre: pO2 0 there and 40 mmHg at the rim; the alpha dose falls inwards.
    let last: Vec<_> = rows.iter().filter(|r| r["time_d"] == "20").collect();
    let deepest = last.last().unwrap();
    // The nearest voxel outside lies (4, 4, 0) from the centre.
    near(number(deepest, "depth_um"), 10.0 * (32.0f64.sqrt() - 0.5), 1e-6);
    assert!(number(deepest, "po2_mmhg") < 0.5 && number(last[0], "po2_mmhg") > 25.0);
    assert!(last.windows(2).all(|w| number(w[0], "dose_high_let_gy") > number(w[1], "dose_high_let_gy")));
    assert!(last.windows(2).all(|w| number(w[0], "surviving") <= number(w[1], "surviving")));
    near(number(deepest, "dose_low_let_gy"), 20.0, 1e-6);
    assert!(memory.texts.contains_key("tme_depth_spheroid.svg"));
    assert!(!written(&two_lesions(false, 0.0)).texts.contains_key("tme_depth.csv"), "voxels of a centimetre have no depth");
}

fn comparison(immune: bool) -> FractionationTable {
    let one = |starts: &[f64]| {
        let mut result = two_lesions(immune, 0.1);
        result.fractions = starts.iter().enumerate().map(|(i, s)| (i as u32 + 1, s * DAY)).collect();
        Schedule::new(&result, vec![OrganOutcome { region: "kidney".into(), bed_gy: 20.0 + starts.len() as f64 }])
    };
    FractionationTable { title: "29.6 GBq in all".into(), schedules: vec![one(&[0.0]), one(&[0.0, 56.0]), one(&[0.0, 56.0, 100.0, 110.0])] }
}

#[test]
fn schedules_stand_side_by_side() {
    let table = comparison(true);
    let rows = parse(&table.csv());
    assert_eq!(rows.len(), 6);
    let two = &rows[2];
    assert_eq!((two["fractions"].as_str(), two["interval_d"].as_str(), two["bed_kidney_gy"].as_str()), ("2", "56", "22"));
    assert_eq!((rows[0]["interval_d"].as_str(), rows[4]["interval_d"].as_str()), ("", ""), "one fraction; unequal intervals");
    let doses: Vec<f64> = two["dose_low_let_by_fraction_gy"].split(';').map(|d| d.parse().unwrap()).collect();
    near(doses[0], 10.0 * (1.0 - (-14.0f64).exp()), 1e-6);
    near(doses[0] + doses[1], 20.0, 1e-6);
    let high: Vec<f64> = two["dose_high_let_by_fraction_gy"].split(';').map(|d| d.parse().unwrap()).collect();
    near(high[1], 0.1 * doses[1], 1e-6);
    // Each fraction's BED goes as 1 - e^(-t/4), the hypoxic fraction as e^(-t/100); trapezoids of 2 d are good to 1e-3 of the mean.
    near(number(two, "hypoxic_fraction_by_bed"), 0.25 / 1.04 * 0.5 * (1.0 + (-0.56f64).exp()), 2e-3);
    near(number(two, "immune_index_horizon"), 0.08, 1e-6);
    near(number(two, "log10_survival_horizon"), -0.314_11, 1e-4);
    let markdown = table.markdown();
    assert!(markdown.contains(&format!("immune index at the end ({RESEARCH})")));
    assert!(markdown.contains("| 2 | lesion, left | ") && markdown.contains("low LET 10.0, 10.0; high LET 1.00, 1.00"), "{markdown}");
    let widths: BTreeSet<usize> = markdown.lines().filter(|l| l.starts_with('|')).map(|l| l.matches('|').count()).collect();
    assert_eq!(widths.len(), 1);
}

#[test]
fn plots_are_well_formed_and_stay_inside() {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut odd = two_lesions(true, 0.1);
    odd.domain.regions[0] = "a < b & \"c\"".into();
    odd.plan.regions[0].region = "a < b & \"c\"".into();
    odd.timeline.rows.iter_mut().filter(|r| r.region == "lesion, left").for_each(|r| r.region = "a < b & \"c\"".into());
    let mut still = two_lesions(false, 0.0);
    still.fractions.clear();
    still.predicted.clear();
    still.timeline.rows = [0.0, 400.0 * DAY].iter().flat_map(|&t| ["lesion, left", "node"].map(|r| row(t, r))).collect();
    still.timeline.rows[3].cells = 0.0;
    for result in [odd, still, spheroid(), two_lesions(false, 0.1)] {
        all.extend(written(&result).texts.into_iter().filter(|(name, _)| name.ends_with(".svg")));
    }
    for table in [comparison(true), comparison(false), FractionationTable { title: String::new(), schedules: Vec::new() }] {
        let mut memory = setting::Memory::default();
        table.write(&mut memory).unwrap();
        all.extend(memory.texts.into_iter().filter(|(name, _)| name.ends_with(".svg")));
    }
    assert!(all.len() >= 12, "{}", all.len());
    for (name, text) in &all {
        well_formed(text);
        assert!(!text.contains("href") && !text.contains("NaN"), "{name}");
        let size = |attribute: &str| -> f64 {
            let head = text.split(&format!(" {attribute}=\"")).nth(1).unwrap();
            head.split('"').next().unwrap().parse().unwrap()
        };
        let (width, height) = (size("width"), size("height"));
        for (attribute, limit) in
            [("cx", width), ("x1", width), ("x2", width), ("x", width), ("cy", height), ("y1", height), ("y2", height), ("y", height)]
        {
            for part in text.split(&format!(" {attribute}=\"")).skip(1) {
                let value: f64 = part.split('"').next().unwrap().parse().unwrap();
                assert!((0.0..=limit).contains(&value), "{name}: {attribute} = {value}");
            }
        }
    }
    // Immune panels only where they belong, with their note.
    let of = |immune: bool| written(&two_lesions(immune, 0.0)).texts["tme_timeline_node.svg"].clone();
    assert!(of(true).contains("immune") && of(true).contains("not calibrated") && !of(false).contains("immune"));
}

#[test]
fn assumed_parameters_are_on_the_methods_page() {
    let page = include_str!("../../docs/methods/microenvironment.md");
    let set = dosaic::plan::ParameterSet::built_in("normal");
    for (name, parameter) in set.iter().filter(|(_, p)| p.is_assumed()) {
        let row = page.lines().find(|l| l.starts_with(&format!("| {} | `", parameter.section)));
        let row = row.unwrap_or_else(|| panic!("no row for {}", parameter.section));
        let item = row.split(['|', ',']).map(str::trim).find(|item| item.starts_with(&format!("`{name}` ")));
        let recalled = if parameter.mark == dosaic::plan::Mark::R { " (R)" } else { "" };
        assert_eq!(item, Some(format!("`{name}` {}{recalled}", parameter.written).as_str()));
    }
}

/// All keys of a JSON document as the format page calls them.
fn keys(value: &serde_json::Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, inner) in map {
                let path = format!("{path}.{key}");
                into.insert(path.clone());
                keys(inner, &path, into);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|i| keys(i, &format!("{path}[]"), into)),
        _ => {}
    }
}

#[test]
fn every_column_key_and_file_is_documented() {
    let columns = timeline::TIMELINE_COLUMNS
        .iter()
        .chain(&timeline::IMMUNE_COLUMNS)
        .chain(&timeline::GLOBAL_COLUMNS)
        .chain(&timeline::GLOBAL_IMMUNE_COLUMNS)
        .chain(&endpoints::ENDPOINT_COLUMNS)
        .chain(&endpoints::ENDPOINT_IMMUNE_COLUMNS)
        .chain(&parameters::PARAMETER_COLUMNS)
        .chain(&uptake::UPTAKE_COLUMNS)
        .chain(&depth::DEPTH_COLUMNS)
        .chain(&fractionation::FRACTIONATION_COLUMNS)
        .chain(&fractionation::FRACTIONATION_IMMUNE_COLUMNS);
    for column in columns {
        assert!(FORMAT_PAGE.contains(&format!("`{column}`")), "column {column} is not in docs/formats/results.md");
    }
    let mut found = BTreeSet::new();
    keys(&serde_json::to_value(TmeSummary::new(&two_lesions(true, 0.1))).unwrap(), "tme", &mut found);
    assert!(found.len() > 40, "{}", found.len());
    for key in &found {
        let key = key.replace("tme.patient.volume.", "tme.lesions[].volume.").replace("tme.patient.clonogens.", "tme.lesions[].clonogens.");
        assert!(FORMAT_PAGE.contains(&format!("`{key}`")), "key {key} is not in docs/formats/results.md");
    }
    let mut memory = written(&two_lesions(true, 0.1));
    comparison(true).write(&mut memory).unwrap();
    memory.texts.extend(written(&spheroid()).texts);
    for name in memory.texts.keys() {
        let name = name.replace("lesion__left", "REGION").replace("node", "REGION").replace("spheroid", "REGION");
        assert!(FORMAT_PAGE.contains(&format!("`{name}`")), "{name} is not in docs/formats/results.md");
    }
}
