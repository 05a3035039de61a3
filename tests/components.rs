//! Dose per decay stored by a run: found again by a plan that changes nothing of the transport, refused by one that does.

#[path = "support/run.rs"]
mod support;

use std::path::Path;

use dosaic::{
    dose::{
        accumulate::{dose_maps, region_doses},
        contribution::Contribution,
        regions::RegionIndex,
    },
    engine::{self, Prepared, Record},
    io::output::OutputDir,
    plan::{self, Plan, Vocabulary},
    report::components::{StoredComponents, pattern_digest, stored_components},
    transport::backend::DeviceInfo,
};
use support::run;

const PLAN: &str = r#"
[phantom]
voxels = [9, 8, 7]
spacing = "0.1 mm"
background = "water"
[[region]]
name = "tumour"
material = "soft_tissue"
shape = "sphere"
center = "0, 0, 0 mm"
radius = "0.3 mm"
[[nuclide]]
name = "Ac-225"
[[nuclide]]
name = "Lu-177"
[[fraction]]
nuclide = "Ac-225"
administered = "1 kBq"
[fraction.uptake.tumour]
fraction = 0.1
half_life = "50 h"
[[fraction]]
nuclide = "Lu-177"
start = "30 d"
administered = "1 MBq"
[fraction.uptake.tumour]
fraction = 0.1
half_life = "50 h"
[transport]
histories = 20000
device = "cpu"
photons = "off"
[output]
components = true
"#;

fn parsed(text: &str) -> Plan {
    plan::parse(text, Path::new("plan.toml"), &Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"))
}

fn written(plan: &Plan) -> tempfile::TempDir {
    let (prepared, evaluation) = run(plan);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut out = OutputDir::create(folder.path(), false).expect("an empty folder");
    let device = DeviceInfo { name: "CPU".into(), kind: "cpu".into(), backend: "cpu".into(), driver: String::new(), vendor: 0 };
    let record = Record { command_line: Vec::new(), started: String::new(), device, threads: 2 };
    evaluation.write(plan, &prepared, &record, &mut out).unwrap_or_else(|e| panic!("{e}"));
    out.finish().expect("all files are there");
    folder
}

fn digests(prepared: &Prepared) -> Vec<(String, String)> {
    let component = |c: &engine::Component| (pattern_digest(&c.pattern), prepared.treatment.emitters[c.emitter].digest(&prepared.settings));
    prepared.treatment.components.iter().map(component).collect()
}

fn found(stored: &StoredComponents, prepared: &Prepared) -> usize {
    digests(prepared).iter().filter(|(pattern, emitter)| stored.find(pattern, emitter).is_some()).count()
}

#[test]
fn a_run_is_evaluated_again_from_its_files() {
    let plan = parsed(PLAN);
    let folder = written(&plan);
    // Other biology, other times, other activities, another seed: nothing of the transport.
    let other = PLAN.replace("30 d", "56 d").replace("1 MBq", "3 MBq").replace("histories = 20000", "histories = 20000\nseed = 7");
    let prepared = engine::prepare(&parsed(&other)).unwrap_or_else(|e| panic!("{e}"));
    let stored = stored_components(folder.path(), &prepared.phantom, None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((stored.len(), found(&stored, &prepared)), (2, 2));
    assert_eq!(stored.batches(), plan.transport.batches);

    // Dose maps and regions from the files are those of the run, to the bit.
    let (first, evaluation) = run(&plan);
    let scored: Vec<_> = digests(&first).iter().map(|(pattern, emitter)| stored.find(pattern, emitter).expect("stored")).collect();
    let uses: Vec<Contribution> = first.treatment.deliveries.iter().flat_map(|d| d.contributions.clone()).collect();
    let maps = dose_maps(&first.phantom.grid, &scored, &uses);
    assert_eq!(maps.dose.data, evaluation.total.dose.data);
    assert_eq!(maps.let_mean.expect("alphas").data, evaluation.total.let_mean.as_ref().expect("alphas").data);
    assert_eq!(maps.uncertainty.data, evaluation.total.uncertainty.data);
    let index = RegionIndex::new(&first.phantom).expect("named well");
    let doses = region_doses(&scored, &uses, index.masses());
    for (dose, row) in doses.iter().zip(evaluation.rows.iter().rev().take(2).collect::<Vec<_>>().into_iter().rev()) {
        let mean = row.dose_mean_gy.expect("voxels");
        assert!((dose.mean / mean - 1.0).abs() < 1e-14, "{}: {} and {mean} Gy", row.region, dose.mean);
    }
    let listed = std::fs::read_to_string(folder.path().join("provenance.json")).expect("written");
    for name in ["components.json", "component-01_low.nii.gz", "component-01_dose_let.nii.gz", "component-02_sigma.nii.gz"] {
        assert!(listed.contains(name) && folder.path().join(name).exists(), "{name}");
    }
    assert!(!folder.path().join("component-01_dose_quality.nii.gz").exists() && !folder.path().join("component-02_high.nii.gz").exists());
}

#[test]
fn what_the_transport_depends_on_has_to_be_the_same() {
    let folder = written(&parsed(PLAN));
    let count = |from: &str, to: &str| {
        assert!(PLAN.contains(from));
        let prepared = engine::prepare(&parsed(&PLAN.replace(from, to))).unwrap_or_else(|e| panic!("{e}"));
        stored_components(folder.path(), &prepared.phantom, None).map(|stored| found(&stored, &prepared)).map_err(|e| e.to_string())
    };
    assert_eq!(count("photons = \"off\"", "photons = \"off\"\nelectron_cut = \"2 keV\""), Ok(0));
    assert_eq!(count("photons = \"off\"", "photons = \"off\"\nwater = \"icru49\""), Ok(0));
    assert_eq!(count("Lu-177", "Y-90"), Ok(1));
    let rim = "half_life = \"50 h\"\npattern = \"rim\"\nlength = \"0.1 mm\"\n[transport]";
    assert_eq!(count("half_life = \"50 h\"\n[transport]", rim), Ok(1));
    assert!(count("radius = \"0.3 mm\"", "radius = \"0.2 mm\"").is_err_and(|e| e.contains("materials or densities")));
    assert!(count("tumour", "lesion").is_err_and(|e| e.contains("the regions")));
}

#[test]
fn runs_store_nothing_unasked() {
    let folder = written(&parsed(&PLAN.replace("components = true", "components = false")));
    assert!(!folder.path().join("components.json").exists());
    let prepared = engine::prepare(&parsed(PLAN)).unwrap_or_else(|e| panic!("{e}"));
    let error = stored_components(folder.path(), &prepared.phantom, None).expect_err("nothing there").to_string();
    assert!(error.contains("output.components = true"), "{error}");
}

#[test]
fn lineal_energy_is_stored_where_the_response_asks_for_it() {
    let biology =
        "[response.region.tumour]\ntissue = \"net\"\n[response.tme]\noxygen = \"off\"\nhorizon = \"35 d\"\nquality = \"mkm\"\n[output]";
    let plain = PLAN.replace("components = true", "components = false").replace("[output]", biology);
    let plan = parsed(&plain);
    let folder = written(&plan);
    let prepared = engine::prepare(&plan).unwrap_or_else(|e| panic!("{e}"));
    let stored = |plan: &Plan| {
        let prepared = engine::prepare(plan).unwrap_or_else(|e| panic!("{e}"));
        stored_components(folder.path(), &prepared.phantom, prepared.settings.tables.saturation).map_err(|e| e.to_string())
    };
    assert_eq!(prepared.settings.tables.saturation, Some(150.0));
    let found = stored(&plan).unwrap_or_else(|e| panic!("{e}"));
    let scored: Vec<_> = digests(&prepared).iter().map(|(pattern, emitter)| found.find(pattern, emitter).expect("stored")).collect();
    let alphas = scored.iter().find(|s| s.alpha.is_some()).expect("Ac-225");
    let sum = |map: &Option<Vec<f32>>| map.iter().flatten().map(|&x| f64::from(x)).sum::<f64>();
    let (dose, lets, lineal) = (sum(&alphas.alpha), sum(&alphas.dose_let), sum(&alphas.dose_quality));
    // Alphas of 5.8 to 8.4 MeV from a sphere of 0.6 mm: nearly whole tracks. y* is at most 0.638 y0.
    println!("mean LET {:.2} keV/um, mean y* {:.2} keV/um", lets / dose, lineal / dose);
    assert!(lineal < lets && lineal / dose > 60.0 && lineal / dose < 95.7);
    let whole = alphas.regions[0];
    assert!((whole.alpha_quality / whole.alpha / (lineal / dose) - 1.0).abs() < 0.01, "voxels weigh nearly the same");
    assert!(scored.iter().any(|s| s.dose_quality.is_none()), "betas have none");

    // A plan that needs no lineal energy takes them too; one with another y0 does not.
    let other = parsed(&plain.replace("\"mkm\"", "\"let\""));
    assert!(stored(&other).is_ok_and(|s| s.len() == 2));
    let other = parsed(&plain.replace("\"mkm\"", "\"mkm\"\nparameters = { saturation_lineal_energy = \"120 keV/um\" }"));
    assert!(stored(&other).is_err_and(|e| e.contains("120 keV/um")));
}
