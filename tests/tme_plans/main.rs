//! Plans with `[response.tme]`: what they mean, and what is refused.

mod refused;
#[path = "../support/plan.rs"]
mod support;

use std::{collections::BTreeSet, path::Path};

use dosaic::plan::{
    self, DrugEffect, DrugKinetics, Growth, Hook, Kinetics, Mark, MicroOxygenPlan, Origin, OxygenPlan, ParameterSet, Plan, Prediction,
    Quality, TmePlan,
};
use glam::DVec3;

const GUIDE: &str = include_str!("../../docs/plan.md");
const DAY: f64 = 86400.0;

/// Two lesions, an organ and a plain background; three fractions.
const BODY: &str = r#"[phantom]
voxels = [40, 40, 40]
spacing = "3 mm"
background = "water"

[[region]]
name = "kidneys"
material = "kidney"
shape = "sphere"
center = "-30, 0, 0 mm"
radius = "15 mm"

[[region]]
name = "lesion 1"
material = "water"
shape = "sphere"
center = "30, 0, 0 mm"
radius = "12 mm"

[[region]]
name = "lesion_2"
material = "water"
shape = "sphere"
center = "0, 30, 0 mm"
radius = "9 mm"

[[nuclide]]
name = "Lu-177"

[[fraction]]
administered = "7.4 GBq"

[fraction.uptake.kidneys]
fraction = "2 %"
half_life = "50 h"

[fraction.uptake."lesion 1"]
fraction = "1 %"
half_life = "80 h"

[fraction.uptake.lesion_2]
activity = "37 MBq"
half_life = "80 h"

[[fraction]]
start = "56 d"
predicted = true

[[fraction]]
start = "112 d"
predicted = true
administered = "3.7 GBq"

[fraction.uptake.lesion_2]
activity = "10 MBq"
half_life = "70 h"

[response.region.kidneys]
tissue = "kidney"

[response.region."lesion 1"]
tissue = "net"

[response.region.lesion_2]
tissue = "prostate-metastasis"
"#;

/// The model with nothing but defaults.
const TME: &str = "\n[response.tme]\n";

fn read(text: &str) -> Result<Plan, String> {
    plan::parse(text, Path::new("plans/tme.toml"), &support::vocabulary()).map_err(|e| e.to_string())
}

fn parsed(text: &str) -> Plan {
    read(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn refused(text: &str) -> String {
    read(text).err().unwrap_or_else(|| panic!("accepted:\n{text}"))
}

fn tme(more: &str) -> TmePlan {
    parsed(&format!("{BODY}{more}")).response.tme.expect("the model")
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs()
}

#[test]
fn an_empty_table_means_the_defaults() {
    let plan = parsed(&format!("{BODY}{TME}"));
    let tme = plan.response.tme.as_ref().expect("the model");
    assert_eq!(tme.regions.iter().map(|r| r.region.as_str()).collect::<Vec<_>>(), ["lesion 1", "lesion_2"], "the kidneys are no tumour");
    assert!(near(tme.horizon, 196.0 * DAY) && near(tme.step, DAY / 4.0) && near(tme.timeline, DAY), "12 weeks after the last fraction");
    assert_eq!((&tme.oxygen, tme.growth, tme.quality), (&OxygenPlan::Macro, Growth::Logistic, Quality::Rbe));
    assert_eq!((tme.reoxygenation, tme.immune, tme.bystander, tme.few_hits), (true, false, false, false));
    assert_eq!((&tme.blood, &tme.marrow, tme.drugs.len()), (&None, &None, 0));
    assert!(tme.maps_at.len() == 1 && near(tme.maps_at[0], tme.horizon) && near(tme.retransport_above, 0.2));
    // Every tissue has its own tumour parameters, and none of them is the plan's.
    let (net, prostate) = (&tme.regions[0].parameters, &tme.regions[1].parameters);
    assert_eq!((net, prostate), (&ParameterSet::built_in("net"), &ParameterSet::built_in("prostate-metastasis")));
    assert!(near(net.get("doomed_half_life"), 40.0) && near(prostate.get("doomed_half_life"), 20.0));
    for key in ["regions", "horizon", "step", "oxygen", "reoxygenation", "immune", "bystander", "growth", "quality", "few_hits", "blood"] {
        assert!(plan.defaults.contains_key(&format!("response.tme.{key}")), "{key} is a default");
    }
    assert!(
        parsed(
            &BODY
                .replace("predicted = true\n", "like = 1\n")
                .replace("administered = \"3.7 GBq\"\n\n[fraction.uptake.lesion_2]\nactivity = \"10 MBq\"\nhalf_life = \"70 h\"\n", "")
        )
        .response
        .tme
        .is_none()
    );
}

/// Every key written.
const FULL: &str = r#"
[response.tme]
regions = ["lesion 1"]
horizon = "400 d"
step = "12 h"
oxygen = "off"
reoxygenation = false
immune = true
bystander = true
growth = "gompertz"
quality = "mkm"
few_hits = true
blood = "kidneys"
marrow = "lesion_2"
maps_at = "112, 0, 56 d"
timeline = "2 d"
retransport_above = "5 %"

[response.tme.parameters]
doomed_half_life = "20 d"
checkpoint_kd = "30 nM"
hypoxic_fraction = "40 %"
diffusivity = "2e-9 m2/s"

[[response.drug]]
name = "pembrolizumab"
dose = "200 mg"
times = "0, 42, 21 d"

[[response.drug]]
name = "mouse antibody"
clearance = "1.5 L/d"
central = "3000 mL"
peripheral = "2 L"
exchange = "0.5 L/d"
molar_mass = "150 kDa"
dose = "100, 50 mg"
times = "7, 14 d"
effect = [{ on = "checkpoint", ec50 = "30 nM" }, { on = "macrophage-recruitment", strength = 0.5, ec50 = "20 mg", hill = 2 }]

[[response.drug]]
name = "radiosensitiser"
half_life = "4 h"
absorption_half_life = "30 min"
dose = 1.5
every = "24 h"
from = "2 d"
count = 3
effect = { on = "repair", strength = 2, ec50 = 0.5 }
"#;

#[test]
fn a_full_plan_means_what_it_says() {
    let text = BODY.replace(
        "tissue = \"net\"\n",
        "tissue = \"net\"\nclonogens = \"2.06e7 /mL\"\nparameters = { doomed_half_life = \"10 d\", vessel_loss_offset = 0.9 }\n",
    );
    let plan = parsed(&format!("{text}{FULL}"));
    let tme = plan.response.tme.as_ref().expect("the model");
    assert!(
        near(tme.horizon, 400.0 * DAY) && near(tme.step, DAY / 2.0) && near(tme.timeline, 2.0 * DAY) && near(tme.retransport_above, 0.05)
    );
    assert_eq!((&tme.oxygen, tme.growth, tme.quality), (&OxygenPlan::Off, Growth::Gompertz, Quality::Mkm));
    assert_eq!((tme.reoxygenation, tme.immune, tme.bystander, tme.few_hits), (false, true, true, true));
    assert_eq!((tme.blood.as_deref(), tme.marrow.as_deref()), (Some("kidneys"), Some("lesion_2")));
    assert_eq!(tme.maps_at, [0.0, 56.0 * DAY, 112.0 * DAY]);
    // The region's own value stands over that for all regions, that over the tissue's.
    let [region] = &tme.regions[..] else { panic!("{:?}", tme.regions) };
    let p = &region.parameters;
    assert!(near(p.get("doomed_half_life"), 10.0) && near(p.get("hypoxic_fraction"), 0.4) && near(p.get("net_doubling_time"), 200.0));
    assert!(near(p.get("diffusivity"), 2000.0 * DAY), "{}", p.get("diffusivity"));
    assert!(near(p.get("clonogenic_share"), 0.1), "clonogens over packing");
    assert_eq!(p.parameters["clonogenic_share"].mark, Mark::C);
    assert_eq!((p.parameters["doomed_half_life"].origin, p.parameters["net_doubling_time"].origin), (Origin::Plan, Origin::BuiltIn));
    assert!(!p.assumed().contains(&"doomed_half_life") && p.assumed().contains(&"net_doubling_time"));
    assert!(p.parameters["vessel_loss_offset"].is_unusual() && !p.parameters["hypoxic_fraction"].is_unusual());
    let [preset, antibody, sensitiser] = &tme.drugs[..] else { panic!("{:?}", tme.drugs) };
    assert_eq!(
        preset.kinetics,
        DrugKinetics::TwoCompartment { clearance: 0.22, central: 3.48, peripheral: 4.06, exchange: 0.795, nanomolar: 6.7 }
    );
    assert_eq!(preset.doses, [(0.0, 200.0), (21.0 * DAY, 200.0), (42.0 * DAY, 200.0)]);
    assert_eq!(preset.effects, [DrugEffect { hook: Hook::Checkpoint, strength: 1.0, ec50: 30.0, hill: 1.0 }], "K_D of the plan");
    assert!(plan.defaults["response.drug.0.clearance"].contains("published: Ahamadi 2017"));
    let DrugKinetics::TwoCompartment { clearance, central, nanomolar, .. } = antibody.kinetics else { panic!("{:?}", antibody.kinetics) };
    assert!(near(clearance, 1.5) && near(central, 3.0) && near(nanomolar, 1000.0 / 150.0));
    assert_eq!(antibody.doses, [(7.0 * DAY, 100.0), (14.0 * DAY, 50.0)]);
    assert_eq!(antibody.effects[1], DrugEffect { hook: Hook::MacrophageRecruitment, strength: 0.5, ec50: 20.0, hill: 2.0 });
    let DrugKinetics::OneCompartment { elimination, absorption: Some(absorption) } = sensitiser.kinetics else {
        panic!("{:?}", sensitiser.kinetics)
    };
    assert!(near(elimination, 6.0 * std::f64::consts::LN_2) && near(absorption, 48.0 * std::f64::consts::LN_2));
    assert_eq!(sensitiser.doses, [(2.0 * DAY, 1.5), (3.0 * DAY, 1.5), (4.0 * DAY, 1.5)]);
    assert_eq!(sensitiser.effects, [DrugEffect { hook: Hook::Repair, strength: 2.0, ec50: 0.5, hill: 1.0 }]);
}

#[test]
fn a_drug_without_count_is_given_until_the_horizon() {
    let tme = tme(&format!(
        "{TME}horizon = \"200 d\"\nimmune = true\n[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\nevery = \"50 d\"\n"
    ));
    assert_eq!(tme.drugs[0].doses.iter().map(|d| d.0 / DAY).collect::<Vec<_>>(), [0.0, 50.0, 100.0, 150.0]);
}

#[test]
fn predicted_fractions_say_what_they_are_predicted_from() {
    let plan = parsed(&format!("{BODY}{TME}"));
    let [first, second, third] = &plan.fractions[..] else { panic!("{:?}", plan.fractions) };
    assert_eq!((first.predicted_from, second.predicted_from, third.predicted_from), (None, Some(1), Some(1)));
    assert!(first.uptakes.iter().all(|u| u.predicted.is_none()));
    assert!(second.uptakes.iter().all(|u| u.predicted == Some(Prediction { from: 1, scale: 1.0 })));
    let halved = Some(Prediction { from: 1, scale: 0.5 });
    assert_eq!(third.uptakes.iter().map(|u| u.predicted).collect::<Vec<_>>(), [halved, halved, None], "written is measured");
    let activity = |fraction: usize, uptake: usize| match &plan.fractions[fraction].uptakes[uptake].kinetics {
        Kinetics::Phases { phases } => phases[0].activity,
        other => panic!("{other:?}"),
    };
    // An unchanged region takes up the same share of what is administered, however its uptake was written.
    assert!(near(activity(1, 1), 74e6) && near(activity(1, 2), 37e6));
    assert!(near(activity(2, 0), 74e6) && near(activity(2, 1), 37e6) && near(activity(2, 2), 10e6));
    assert_eq!(plan.defaults["fraction.2.like"], "default: fraction 1");

    // A fourth one goes back to the fraction in which each region was measured last.
    let more = "\n[[fraction]]\nstart = \"168 d\"\npredicted = true\nadministered = \"7.4 GBq\"\n";
    let plan = parsed(
        &BODY
            .replace("\n[response.region.kidneys]", &format!("{more}\n[response.region.kidneys]"))
            .replace("[response.region.kidneys]", "[response.tme]\n[response.region.kidneys]"),
    );
    let fourth = &plan.fractions[3];
    assert_eq!(fourth.predicted_from, Some(1));
    let (one, three) = (Some(Prediction { from: 1, scale: 1.0 }), Some(Prediction { from: 3, scale: 2.0 }));
    assert_eq!(fourth.uptakes.iter().map(|u| u.predicted).collect::<Vec<_>>(), [one, one, three]);
    let Kinetics::Phases { phases } = &fourth.uptakes[2].kinetics else { panic!("{fourth:?}") };
    assert!(near(phases[0].activity, 20e6) && near(phases[0].effective_half_life, 70.0 * 3600.0));
}

#[test]
fn images_and_compartments_are_predicted_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["a.nii", "b.nii"] {
        std::fs::write(folder.path().join(file), b"").expect("a file");
    }
    let text = BODY
        .replace("[fraction.uptake.kidneys]\nfraction = \"2 %\"\nhalf_life = \"50 h\"\n", "[[fraction.image]]\nfile = \"a.nii\"\nunit = \"Bq\"\nregion = \"kidneys\"\nhalf_life = \"50 h\"\n[[fraction.series]]\nimages = [\"a.nii\", \"b.nii\"]\ntimes = \"4, 24 h\"\nunit = \"Bq\"\n[[fraction.compartment]]\nname = \"pool\"\nactivity = \"10 MBq\"\n")
        .replace("fraction = \"1 %\"\nhalf_life = \"80 h\"", "compartment = \"pool\"");
    let path = folder.path().join("plan.toml");
    let plan = plan::parse(&format!("{text}{TME}"), &path, &support::vocabulary()).unwrap_or_else(|e| panic!("{e}"));
    let third = &plan.fractions[2];
    let halved = Some(Prediction { from: 1, scale: 0.5 });
    assert_eq!((third.images[0].predicted, third.series[0].predicted, third.uptakes[0].predicted), (halved, halved, halved));
    assert!(near(third.compartments.as_ref().expect("a model").compartments[0].initial, 5e6));
    assert!(plan.fractions[0].images[0].predicted.is_none() && plan.fractions[0].series[0].predicted.is_none());
    // An image in a predicted fraction is measured.
    let measured = text.replace(
        "administered = \"3.7 GBq\"\n",
        "administered = \"3.7 GBq\"\nimage = { file = \"b.nii\", unit = \"Bq\", half_life = \"50 h\" }\n",
    );
    let plan = plan::parse(&format!("{measured}{TME}"), &path, &support::vocabulary()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((plan.fractions[2].images[0].predicted, plan.fractions[2].series[0].predicted), (None, halved));
}

/// A spheroid in micrometre voxels beside a medium.
const SPHEROID: &str = r#"[phantom]
voxels = [60, 60, 60]
spacing = "10 um"
background = "water"
[[region]]
name = "medium"
material = "water"
shape = "shell"
center = "0, 0, 0 um"
inner_radius = "200 um"
outer_radius = "280 um"
[[region]]
name = "spheroid"
material = "water"
shape = "sphere"
center = "0, 0, 0 um"
radius = "200 um"
[[nuclide]]
name = "Ac-225"
[[fraction]]
administered = "5 Bq"
[fraction.uptake.spheroid]
activity = "1 Bq"
half_life = "physical"
[response.region.spheroid]
tissue = "net"
[response.tme]
"#;

#[test]
fn oxygen_follows_the_size_of_the_voxels() {
    let micro =
        parsed(&format!("{SPHEROID}supply.medium.po2 = \"5 kPa\"\nvessels = {{ share = \"3.8 %\" }}\n")).response.tme.expect("the model");
    let OxygenPlan::Micro(MicroOxygenPlan { held, vessels, ligand: false }) = &micro.oxygen else { panic!("{:?}", micro.oxygen) };
    assert!(held.len() == 1 && held[0].0 == "medium" && (held[0].1 - 37.503).abs() < 1e-3, "{held:?}");
    assert_eq!(*vessels, Some((0.038, 1)));
    let fits = |oxygen: &OxygenPlan, mm: [f64; 3]| oxygen.fits(DVec3::from(mm)).is_ok();
    let micro = OxygenPlan::Micro(MicroOxygenPlan { held: vec![], vessels: None, ligand: false });
    assert!(fits(&OxygenPlan::Macro, [0.5, 0.5, 3.0]) && !fits(&OxygenPlan::Macro, [0.4, 3.0, 3.0]));
    assert!(fits(&micro, [0.05, 0.01, 0.05]) && !fits(&micro, [0.01, 0.01, 0.06]));
    assert!([0.01, 0.2, 3.0].iter().all(|&mm| fits(&OxygenPlan::Off, [mm; 3])));
    // The size of an image's voxels is not known to the plan: the engine asks again.
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("ct.nii"), b"").expect("a file");
    let grid = "voxels = [40, 40, 40]\nspacing = \"3 mm\"\nbackground = \"water\"";
    let text = format!("{}{TME}", BODY.replace(grid, "ct = \"ct.nii\""));
    let plan = plan::parse(&text, &folder.path().join("plan.toml"), &support::vocabulary()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(plan.response.tme.expect("the model").oxygen, OxygenPlan::Macro);
}

#[test]
fn a_parameter_file_changes_any_subset() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("my.toml");
    let body = BODY.replace("[response.region.kidneys]", "[response.tme]\nparameters_file = \"my.toml\"\nimmune = true\n[[response.drug]]\nname = \"atezolizumab\"\ndose = \"1200 mg\"\ntimes = \"0 d\"\n[response.tme.parameters]\nexchange_time = \"2 d\"\n[response.region.kidneys]");
    let run = |parameters: &str| {
        std::fs::write(&file, parameters).expect("a file");
        plan::parse(&body, &folder.path().join("plan.toml"), &support::vocabulary()).map_err(|e| e.to_string())
    };
    let drug =
        |key: &str, value: &str| format!("{key} = {{ value = {value}, range = [{value}, {value}], mark = \"V\", source = \"label\" }}\n");
    let figures = [
        ("clearance", "\"0.2 L/d\""),
        ("central", "\"3.28 L\""),
        ("peripheral", "\"3.63 L\""),
        ("exchange", "\"0.546 L/d\""),
        ("nanomolar", "6.9"),
    ];
    let atezolizumab: String = figures.iter().map(|(k, v)| drug(k, v)).collect();
    let good = format!(
        "[cells]\ndoomed_half_life = {{ value = \"3 wk\", mark = \"V\", source = \"our biopsies\" }}\nexchange_time = {{ value = \"3 d\", mark = \"R\", source = \"a talk\" }}\n[tissue.net]\nhypoxic_fraction = {{ value = 0.7, range = [0.1, 0.8], mark = \"A\", source = \"guess\" }}\n[drug.atezolizumab]\n{atezolizumab}"
    );
    let tme = run(&good).unwrap_or_else(|e| panic!("{e}")).response.tme.expect("the model");
    let (net, prostate) = (&tme.regions[0].parameters, &tme.regions[1].parameters);
    assert!(
        near(net.get("doomed_half_life"), 21.0) && near(prostate.get("doomed_half_life"), 21.0),
        "the file stands over the tissues built in"
    );
    assert!(near(net.get("hypoxic_fraction"), 0.7) && near(prostate.get("hypoxic_fraction"), 0.3));
    assert!(near(net.get("exchange_time"), 2.0), "the plan stands over the file");
    let p = &net.parameters["doomed_half_life"];
    assert_eq!(
        (p.origin, p.mark, p.source.as_str(), p.written.as_str(), p.range),
        (Origin::File, Mark::V, "our biopsies", "3 wk", [4.0, 90.0])
    );
    assert!(!net.assumed().contains(&"doomed_half_life") && net.assumed().contains(&"hypoxic_fraction"));
    let DrugKinetics::TwoCompartment { central, .. } = tme.drugs[0].kinetics else { panic!("{:?}", tme.drugs) };
    assert!(near(central, 3.28));

    let lacking = good.replace(&drug("central", "\"3.28 L\""), "");
    for (parameters, line, said) in [
        ("[cells]\ndoomed_halflife = { value = \"3 d\", mark = \"V\", source = \"x\" }\n", 2, "did you mean `doomed_half_life`?"),
        ("[cells]\n\npacking = { value = \"1e8 /mL\", source = \"x\" }\n", 3, "lacks `mark`"),
        ("[cells]\npacking = { value = \"1e8 /mL\", mark = \"V\" }\n", 2, "lacks `source`"),
        ("[cells]\npacking = { value = \"1e8 /L\", mark = \"V\", source = \"x\" }\n", 2, "unknown unit `/L`"),
        ("[cells]\npacking = { value = \"1e8 /mL\", mark = \"X\", source = \"x\" }\n", 2, "unknown word \"X\""),
        ("[oxygen]\npacking = { value = \"1e8 /mL\", mark = \"V\", source = \"x\" }\n", 2, "write it under [cells]"),
        ("[celles]\npacking = { value = \"1e8 /mL\", mark = \"V\", source = \"x\" }\n", 1, "did you mean `cells`?"),
        ("[tissue.nett]\npacking = { value = \"1e8 /mL\", mark = \"V\", source = \"x\" }\n", 1, "unknown tissue \"nett\""),
        ("[tissue.net]\nequivalent_volume = { value = 500, mark = \"V\", source = \"x\" }\n", 2, "does not depend on the tissue"),
        ("packing = 3\n", 1, "write it under [cells]"),
        ("[cells\n", 1, "TOML"),
        (&lacking, 6, "lacks central"),
    ] {
        let message = run(parameters).err().unwrap_or_else(|| panic!("accepted: {parameters}"));
        assert!(message.contains(&format!("my.toml:{line}:")) && message.contains(said), "{parameters}: {message}");
        assert!(message.contains("plan.toml:") && message.contains("`parameters_file` cannot be used"), "{message}");
    }
}

#[test]
fn the_description_says_what_is_assumed_and_what_is_research() {
    let plan = parsed(&format!("{BODY}{FULL}"));
    let text = plan.describe();
    let line =
        |key: &str| text.lines().find(|l| l.trim_start().starts_with(key)).unwrap_or_else(|| panic!("no {key} in\n{text}")).to_owned();
    assert!(line("immune cells").contains("research, not calibrated in humans"));
    assert!(line("regions that evolve").contains("lesion 1"));
    assert!(line("acts on checkpoint").contains("K_D 30 nM"));
    assert!(line("clearance").contains("0.22 L/d") && line("clearance").contains("published: Ahamadi 2017"));
    assert!(line("doomed_half_life").contains("20 d, from the plan"));
    assert!(line("uptake  ").contains("predicted by the response from fraction 1"));
    assert!(line("changes by the response").contains("since fraction 1"));
    let tme = plan.response.tme.as_ref().expect("the model");
    let region = &tme.regions[0];
    let (used, assumed) = (tme.used(region).count(), tme.used(region).filter(|(_, p)| p.is_assumed()).count());
    assert!(line("assumed").contains(&format!("{assumed} of the {used}")) && assumed > 30 && used < region.parameters.parameters.len());
    assert!(!tme.used(region).any(|(name, _)| name == "oer_max"), "oxygen is off");
    let off = parsed(&format!("{BODY}{TME}"));
    assert!(off.describe().lines().any(|l| l.contains("immune cells") && l.contains("off") && l.contains("default")));
    let tme = off.response.tme.as_ref().expect("the model");
    let names: BTreeSet<&str> = tme.used(&tme.regions[0]).map(|(name, _)| name).collect();
    assert!(names.contains("oer_max") && !names.contains("priming") && !names.contains("bystander_dose") && !names.contains("let_slope"));
}

#[test]
fn the_resolved_plan_carries_every_parameter_with_its_evidence() {
    let json: serde_json::Value = serde_json::from_str(&parsed(&format!("{BODY}{FULL}")).to_json().expect("JSON")).expect("JSON");
    let tme = &json["response"]["tme"];
    let p = &tme["regions"][0]["parameters"];
    assert_eq!(p["debris_clearance"]["mark"], "V");
    assert_eq!(
        (&p["endothelium_repair"]["value"], &p["endothelium_repair"]["unit"]),
        (&serde_json::json!(0.0625), &serde_json::json!("d"))
    );
    assert_eq!(
        (&p["endothelium_repair"]["written"], &p["endothelium_repair"]["origin"]),
        (&serde_json::json!("1.5 h"), &serde_json::json!("built_in"))
    );
    assert_eq!(p["doomed_half_life"]["origin"], "plan");
    assert!(p.as_object().expect("parameters").values().all(|p| p["source"].is_string() && p["range"].is_array()));
    assert_eq!(
        (&tme["oxygen"]["mode"], &tme["drugs"][0]["effects"][0]["hook"]),
        (&serde_json::json!("off"), &serde_json::json!("checkpoint"))
    );
    assert_eq!(json["fractions"][1]["uptakes"][0]["predicted"]["from"], 1);
}

/// The cells of a table of the guide whose header begins so.
fn table(header: &str) -> Vec<Vec<String>> {
    let rows = GUIDE.split(header).nth(1).unwrap_or_else(|| panic!("no table {header}")).lines().skip(2).take_while(|l| l.starts_with('|'));
    rows.map(|l| l.split('|').skip(1).map(|c| c.trim().to_owned()).collect()).collect()
}

#[test]
fn the_guide_names_every_key_word_and_drug() {
    // The keys that the reader knows, from its own refusal.
    let keys = table("| `[response.tme]` key |");
    let known: BTreeSet<&str> = keys.iter().flat_map(|row| row[0].split(", ")).map(|k| k.trim_matches('`')).collect();
    assert_eq!(known.len(), 19, "{known:?}");
    for key in known {
        let message = refused(&format!("{BODY}{TME}{key} = \"x y\"\n"));
        assert!(!message.contains("unknown key"), "{message}");
    }
    let hooks = table("| `on` |");
    assert_eq!(hooks.len(), 13);
    for row in &hooks {
        let word = row[0].trim_matches('`');
        let drug = if word == "checkpoint" {
            "clearance = \"0.2 L/d\"\ncentral = \"3 L\"\nperipheral = \"3 L\"\nexchange = \"0.8 L/d\"\nmolar_mass = \"149 kDa\"\ndose = \"200 mg\"\n\
             effect = { on = \"checkpoint\", ec50 = \"2.6 nM\" }"
                .to_owned()
        } else {
            let strength = row[3].trim_matches('`');
            format!("half_life = \"4 h\"\ndose = 1\neffect = {{ on = \"{word}\", strength = {strength}, ec50 = 1 }}")
        };
        let text = format!("{TME}immune = true\n[[response.drug]]\nname = \"x\"\ntimes = \"0 d\"\n{drug}\n");
        assert_eq!(tme(&text).drugs[0].effects.len(), 1, "{word}");
    }
    for row in table("| drug |") {
        let name = row[0].trim_matches('`');
        let drugs = tme(&format!("{TME}immune = true\n[[response.drug]]\nname = \"{name}\"\ndose = \"100 mg\"\ntimes = \"0 d\"\n")).drugs;
        let DrugKinetics::TwoCompartment { clearance, central, peripheral, exchange, nanomolar } = drugs[0].kinetics else {
            panic!("{name}")
        };
        let written: Vec<f64> = row[1..6].iter().map(|c| c.parse().expect("a number")).collect();
        assert_eq!(written, [clearance, central, peripheral, exchange, nanomolar], "{name}");
    }
    // Tissues of the guide with the parameters they bring.
    let rows = table("| tumour |");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let set = ParameterSet::built_in(row[0].trim_matches('`'));
        let written: Vec<f64> = row[1..4].iter().map(|c| c.parse().expect("a number")).collect();
        let found = ["net_doubling_time", "doomed_half_life", "hypoxic_fraction"].map(|name| set.get(name));
        assert!(found.iter().zip(&written).all(|(f, w)| near(*f, *w)), "{row:?}: {found:?}");
    }
}
