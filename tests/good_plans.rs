//! Plans that are right: what they mean, to the last digit, and which defaults they leave.

#[path = "support/plan.rs"]
mod support;

use std::path::Path;

use dosaic::plan::{self, ImageFile, ImageQuantity, Kinetics, PhantomPlan, Phase, Plan, RegionUptake, Shape, UptakePattern, WaterData};
use glam::DVec3;

const GUIDE: &str = include_str!("../docs/plan.md");
const DAY: f64 = 86400.0;

/// The TOML examples of the guide, in order.
fn examples() -> Vec<&'static str> {
    GUIDE.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect()
}

fn parsed(text: &str) -> Plan {
    plan::parse(text, Path::new("guide.toml"), &support::vocabulary()).unwrap_or_else(|e| panic!("{e}"))
}

/// Within a few roundings.
fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-14 * expected.abs()
}

/// A sphere in water with Lu-177 and whatever else is appended.
fn sphere(more: &str) -> String {
    format!(
        "[phantom]\nvoxels = [8, 8, 8]\nspacing = \"1 mm\"\nbackground = \"water\"\n[[region]]\nname = \"s\"\nmaterial = \"water\"\nshape = \"sphere\"\n\
         center = \"0, 0, 0 mm\"\nradius = \"2 mm\"\n[[nuclide]]\nname = \"Lu-177\"\n{more}"
    )
}

const FRACTION: &str = "[[fraction]]\nadministered = \"1 GBq\"\n[fraction.uptake.s]\nfraction = \"10 %\"\nhalf_life = \"50 h\"\n";

/// The only exponential of an uptake.
fn phase(uptake: &RegionUptake) -> Phase {
    match &uptake.kinetics {
        Kinetics::Phases { phases } if phases.len() == 1 => phases[0],
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_complete_plan_of_the_guide_means_what_it_says() {
    let plan = parsed(examples()[0]);
    let PhantomPlan::Procedural { grid, background } = &plan.phantom else { panic!("{:?}", plan.phantom) };
    assert_eq!((grid.size, grid.spacing), ([96, 72, 64], DVec3::splat(4.0)));
    assert_eq!(grid.origin, DVec3::new(-190.0, -142.0, -126.0));
    assert_eq!((background.material.as_str(), background.density), ("air_dry_nearsealevel", None));

    let names: Vec<&str> = plan.regions.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["body", "liver", "kidneys", "metastasis 1", "metastasis 2"], "painting order");
    assert_eq!(plan.regions[1].medium.as_ref().and_then(|m| m.density), Some(1.06));
    assert_eq!(plan.regions[2].shapes.len(), 2);
    assert_eq!(plan.regions[4].shapes, [Shape::Sphere { center: DVec3::new(-50.0, 0.0, 20.0), radius: 10.0 }]);

    let [first, second, third] = &plan.fractions[..] else { panic!("three fractions") };
    assert_eq!((first.start, second.start, third.start), (0.0, 56.0 * DAY, 112.0 * DAY));
    assert_eq!((first.administered, second.administered, third.administered), (7.4e9, 7.4e9, 5.5e9));
    assert_eq!([first.histories, second.histories, third.histories], [2_000_000; 3]);
    let uptake = |f: usize, region: &str| plan.fractions[f].uptakes.iter().find(|u| u.region == region).cloned();
    let liver = uptake(0, "liver").expect("liver");
    assert!(
        near(phase(&liver).activity, 0.04 * 7.4e9)
            && phase(&liver).effective_half_life == 216_000.0
            && liver.pattern == UptakePattern::Uniform
    );
    let kidneys = uptake(0, "kidneys").expect("kidneys");
    let (physical, biological) = (6.647 * DAY, 75.0 * 3600.0);
    assert!(
        near(phase(&kidneys).effective_half_life, 1.0 / (1.0 / physical + 1.0 / biological)),
        "{}",
        phase(&kidneys).effective_half_life
    );
    assert_eq!(phase(&kidneys).activity, 1.5e8);
    let pattern = UptakePattern::LogNormal { cv: 0.6, correlation: 8.0, seed: 11 };
    assert_eq!(uptake(0, "metastasis 1").expect("lesion").pattern, pattern);
    let later = uptake(1, "metastasis 1").expect("lesion");
    assert!(near(phase(&later).activity, 0.0035 * 7.4e9), "{}", phase(&later).activity);
    assert_eq!((phase(&later).effective_half_life, later.pattern), (90.0 * 3600.0, pattern), "what is not written is inherited");
    assert!(uptake(2, "metastasis 1").is_none(), "zero takes an uptake away");
    assert!(near(phase(&uptake(2, "liver").expect("liver")).activity, 0.04 * 5.5e9), "a fraction follows the administered activity");
    assert_eq!(phase(&uptake(2, "kidneys").expect("kidneys")).activity, 1.5e8, "an activity does not");
    let order = |f: usize| plan.fractions[f].uptakes.iter().map(|u| u.region.clone()).collect::<Vec<_>>();
    assert_eq!(order(1), order(0), "an override keeps its place");
    let components: Vec<f64> = first.uptakes.iter().filter(|u| u.region == "metastasis 2").map(|u| phase(u).effective_half_life).collect();
    assert_eq!(components, [physical, DAY]);

    let goal = plan.transport.goal.as_ref().expect("a goal");
    assert_eq!((goal.region.as_str(), goal.relative, goal.max_histories), ("metastasis 1", 0.03, 100_000_000));
    assert_eq!((plan.transport.seed, plan.transport.batches, plan.transport.water), (42, 16, WaterData::Icru90));
    assert_eq!(plan.output.dose_levels, [5.0, 10.0, 23.0]);
    assert!(plan.output.metaimage && plan.output.fractions && !plan.output.dose_rate);
}

#[test]
fn tissue_parameters_say_what_is_assumed() {
    let plan = parsed(examples()[0]);
    let kidney = plan.response.of("kidneys");
    assert_eq!((kidney.alpha_beta, kidney.repair_half_time, kidney.bed_limit), (2.6, 2.8 * 3600.0, Some(28.0)));
    assert!(kidney.assumed.contains(&"alpha_beta".to_owned()) && !kidney.assumed.contains(&"bed_limit".to_owned()), "{:?}", kidney.assumed);
    let lkb = kidney.lkb.expect("NTCP of the kidney");
    assert_eq!((lkb.td50, lkb.m, lkb.n), (28.0, 0.10, 0.70));
    let (one, two) = (plan.response.of("metastasis 1"), plan.response.of("metastasis 2"));
    assert_eq!((one.alpha, two.alpha), (0.12, 0.08));
    assert!(!one.assumed.contains(&"alpha".to_owned()) && two.assumed.contains(&"alpha".to_owned()));
    assert_eq!((one.repopulation, two.repopulation.map(|r| r.doubling_time)), (None, Some(200.0 * DAY)), "only where asked for");
    assert_eq!(plan.response.of("body"), &plan.response.default);
    assert_eq!(plan.response.default.alpha_beta, 3.0);
    assert_eq!(plan.response.default.assumed.len(), 5);

    let published = parsed(&sphere(&format!("{FRACTION}[response.region.s]\ntissue = \"prostate-metastasis\"\nclonogens = \"none\"\n")));
    assert_eq!(published.response.of("s").assumed, ["rbe_high_let", "high_let_beta"], "published values are not assumed");
    assert_eq!(published.response.of("s").clonogens_per_ml, None);

    let layered =
        parsed(&sphere(&format!("{FRACTION}[response.default]\nalpha_beta = \"8 Gy\"\n[response.region.s]\nalpha = \"0.3 /Gy\"\n")));
    let s = layered.response.of("s");
    assert_eq!((s.alpha, s.alpha_beta), (0.3, 8.0), "a region without tissue builds on the plan's own default");
    assert_eq!(s.assumed, ["repair_half_time", "rbe_high_let", "high_let_beta"]);
}

#[test]
fn every_example_of_the_guide_is_a_plan() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["ct.nii.gz", "organs.nii.gz", "spect-24h.nii.gz"] {
        std::fs::write(folder.path().join(file), b"").expect("a file");
    }
    let plans: Vec<Plan> = examples()
        .iter()
        .map(|text| {
            let path = folder.path().join("plan.toml");
            std::fs::write(&path, text).expect("a file");
            plan::load_with(&path, &support::vocabulary()).unwrap_or_else(|e| panic!("{e}"))
        })
        .collect();
    assert_eq!(plans.len(), 3);
    let PhantomPlan::Ct { image, labels, registered, .. } = &plans[1].phantom else { panic!("{:?}", plans[1].phantom) };
    let file = |name: &str| ImageFile::from(folder.path().join(name));
    assert_eq!((image, labels, *registered), (&file("ct.nii.gz"), &Some(file("organs.nii.gz")), false));
    assert_eq!((&plans[1].regions[0].medium, &plans[1].regions[0].labels), (&None, &vec![2, 3]));
    let image = &plans[1].fractions[0].images[0];
    assert_eq!((image.quantity, image.time, image.effective_half_life), (ImageQuantity::Concentration, DAY, 52.0 * 3600.0));
    assert_eq!(plans[2].fractions[0].uptakes[0].pattern, UptakePattern::Rim { length: 0.03, core: 0.1 });
    let PhantomPlan::Procedural { grid, .. } = &plans[2].phantom else { panic!("{:?}", plans[2].phantom) };
    assert_eq!((grid.spacing, grid.origin), (DVec3::splat(0.005), DVec3::splat(-0.2475)));
}

#[test]
fn every_tissue_of_the_guide_exists_with_these_numbers() {
    let table = GUIDE.split("| `tissue` | alpha").nth(1).expect("the table of tissues");
    let rows: Vec<Vec<&str>> =
        table.lines().skip(2).take_while(|l| l.starts_with('|')).map(|l| l.split('|').map(str::trim).skip(1).collect()).collect();
    assert_eq!(rows.len(), 11);
    for row in rows {
        let tissue = row[0].trim_start_matches('`').split('`').next().expect("a name");
        let p = parsed(&sphere(&format!("{FRACTION}[response.region.s]\ntissue = \"{tissue}\"\n"))).response.of("s").clone();
        let number = |cell: &str| cell.split(' ').next().and_then(|n| n.parse::<f64>().ok()).expect("a number");
        let (rbe, beta) = row[4].split_once(", ").expect("two values");
        let found = [p.alpha, p.alpha_beta, p.repair_half_time / 3600.0, p.rbe_high_let, p.high_let_beta];
        let written = [number(row[1]), number(row[2]), number(row[3]), number(rbe), number(beta)];
        assert!(found.iter().zip(written).all(|(f, w)| (f - w).abs() < 1e-12), "{tissue}: {found:?}, {written:?}");
        assert_eq!(p.clonogens_per_ml.is_some(), row[5].starts_with("tumour"), "{tissue}");
        let keys = ["alpha", "alpha_beta", "repair_half_time"];
        for (key, cell) in keys.iter().zip(&row[1..]) {
            assert_eq!(p.assumed.iter().any(|a| a == key), !cell.ends_with('p'), "{tissue} {key}");
        }
    }
}

#[test]
fn shapes_and_directions_are_read() {
    let region = |i: usize, rest: &str| format!("[[region]]\nname = \"r{i}\"\nmaterial = \"water\"\n{rest}\n");
    let shapes = [
        (
            "shape = \"box\"\ncenter = [\"1 mm\", \"0 mm\", \"-1 mm\"]\nsize = \"20 um\"",
            Shape::Box { center: DVec3::new(1.0, 0.0, -1.0), size: DVec3::splat(0.02) },
        ),
        (
            "shape = \"ellipsoid\"\ncenter = \"0, 0, 0 mm\"\nsemi_axes = \"1, 2, 3 mm\"",
            Shape::Ellipsoid { center: DVec3::ZERO, semi_axes: DVec3::new(1.0, 2.0, 3.0) },
        ),
        (
            "shape = \"cylinder\"\ncenter = \"0, 0, 0 mm\"\nradius = \"1 mm\"\nheight = \"4 mm\"",
            Shape::Cylinder { center: DVec3::ZERO, axis: DVec3::Z, radius: 1.0, height: 4.0 },
        ),
        (
            "shape = \"cylinder\"\ncenter = \"0, 0, 0 mm\"\nradius = \"1 mm\"\nheight = \"4 mm\"\naxis = [1, 0.5, 0]",
            Shape::Cylinder { center: DVec3::ZERO, axis: DVec3::new(1.0, 0.5, 0.0), radius: 1.0, height: 4.0 },
        ),
        ("shape = \"slab\"\naxis = \"y\"\nfrom = \"-1 mm\"\nto = \"0.1 cm\"", Shape::Slab { axis: 1, from: -1.0, to: 1.0 }),
        ("shape = \"half-space\"\npoint = \"0, 0, 1 mm\"\nnormal = \"-z\"", Shape::HalfSpace { point: DVec3::Z, normal: DVec3::NEG_Z }),
    ];
    let text: String = shapes.iter().enumerate().map(|(i, s)| region(i, s.0)).collect();
    let plan = parsed(&sphere(&(text + FRACTION)));
    for (region, (_, expected)) in plan.regions[1..].iter().zip(&shapes) {
        assert_eq!(region.shapes, std::slice::from_ref(expected));
    }
    assert_eq!(plan.defaults["region.r2.axis"], "default");
    assert!(!plan.defaults.contains_key("region.r3.axis"));
}

#[test]
fn a_cocktail_may_start_at_the_same_time() {
    let more = "[[nuclide]]\nname = \"Y-90\"\ndaughters = false\n[[fraction]]\nnuclide = \"Lu-177\"\nadministered = \"1 GBq\"\n[fraction.uptake.s]\nactivity = \"1 MBq\"\nhalf_life = \"physical\"\n[[fraction]]\nlike = 1\nnuclide = \"Y-90\"\nstart = \"0 s\"\nhistories = 16\n";
    let plan = parsed(&sphere(more));
    assert_eq!(phase(&plan.fractions[1].uptakes[0]).effective_half_life, 64.1 * 3600.0, "physical follows the nuclide");
    assert_eq!((plan.fractions[1].nuclide, plan.fractions[1].histories, plan.nuclides[1].daughters), (1, 16, false));
}

#[test]
fn the_description_shows_every_default() {
    let plan = parsed(&sphere(FRACTION));
    let text = plan.describe();
    let line = |key: &str| text.lines().find(|l| l.trim_start().starts_with(key)).unwrap_or_else(|| panic!("no {key} in\n{text}"));
    for (key, value) in [
        ("title", "untitled"),
        ("centre of grid", "0, 0, 0 mm"),
        ("start", "0 s"),
        ("nuclide ", "Lu-177"),
        ("batches", "16"),
        ("seed", "1"),
        ("device", "auto"),
        ("water", "ICRU 90"),
        ("electron cut", "from the voxel size"),
        ("range rejection", "yes"),
        ("pattern", "uniform"),
        ("alpha/beta", "3 Gy"),
        ("V_x at", "10, 20, 50, 100 Gy"),
    ] {
        let line =
            if key == "nuclide " { text.lines().find(|l| l.starts_with("  nuclide")).expect("nuclide of the fraction") } else { line(key) };
        assert!(line.contains(value) && line.contains("(default"), "{line}");
    }
    for (key, value) in [
        ("activity at start", "100 MBq = 10 % of administered"),
        ("effective half-life", "50 h"),
        ("administered", "1 GBq"),
        ("spacing", "1, 1, 1 mm"),
    ] {
        let line = line(key);
        assert!(line.contains(value) && !line.contains("(default"), "{line}");
    }
    assert!(line("density").contains("(tabulated, 1 g/cm3)"), "{text}");
    // Every default noted while reading appears in the text, so none can be left out of `validate`.
    let shown = text.lines().filter(|l| l.ends_with(')')).count();
    assert_eq!(shown, plan.defaults.len(), "{:#?}\n{text}", plan.defaults);
}

#[test]
fn the_resolved_plan_is_json_with_its_fingerprint() {
    let text = sphere(FRACTION);
    let plan = parsed(&text);
    let json: serde_json::Value = serde_json::from_str(&plan.to_json().expect("JSON")).expect("JSON");
    assert_eq!(json["fractions"][0]["uptakes"][0]["kinetics"]["phases"][0]["activity"], 1e8);
    assert_eq!(json["regions"][0]["shapes"][0]["shape"], "sphere");
    assert_eq!(json["transport"]["water"], "icru90");
    assert_eq!(json["defaults"]["transport.seed"], "default");
    // SHA-256 of the empty text is a published constant; any other text has another.
    assert_eq!(json["source"]["sha256"].as_str().map(str::len), Some(64));
    assert_ne!(plan.source.sha256, parsed(&format!("{text}\n")).source.sha256);
    assert!(plan::parse("", Path::new("x"), &support::vocabulary()).is_err());
}

#[test]
fn like_takes_over_the_parameters_of_a_pattern_one_by_one() {
    let text = r#"
[phantom]
voxels = [8, 8, 8]
spacing = "3 mm"
background = "water"
[[region]]
name = "a"
material = "water"
shape = "sphere"
center = "0, 0, 0 mm"
radius = "9 mm"
[[nuclide]]
name = "Lu-177"
[[fraction]]
administered = "1 GBq"
[fraction.uptake.a]
fraction = 0.1
half_life = "50 h"
pattern = "log-normal"
cv = 0.5
correlation = "6 mm"
seed = 3
[[fraction]]
start = "56 d"
like = 1
[fraction.uptake.a]
seed = 4
[[fraction]]
start = "112 d"
like = 2
[fraction.uptake.a]
pattern = "log-normal"
cv = 0.9
[[fraction]]
start = "168 d"
like = 1
[fraction.uptake.a]
pattern = "rim"
length = "2 mm"
"#;
    let plan = dosaic::plan::parse(text, std::path::Path::new("like.toml"), &dosaic::plan::Vocabulary::built_in())
        .unwrap_or_else(|e| panic!("{e}"));
    let patterns: Vec<_> = plan.fractions.iter().map(|f| f.uptakes[0].pattern.clone()).collect();
    use dosaic::plan::UptakePattern::{LogNormal, Rim};
    assert_eq!(patterns[1], LogNormal { cv: 0.5, correlation: 6.0, seed: 4 });
    assert_eq!(patterns[2], LogNormal { cv: 0.9, correlation: 6.0, seed: 4 });
    assert_eq!(patterns[3], Rim { length: 2.0, core: 0.0 });
}

/// Everything about kinetics and daughters that a plan may say.
const KINETICS: &str = r#"
[phantom]
voxels = [16, 16, 16]
spacing = "3 mm"
background = "water"
[[region]]
name = "a"
material = "water"
shape = "box"
center = "-12, 0, 0 mm"
size = "24, 48, 48 mm"
[[region]]
name = "b"
material = "water"
shape = "box"
center = "12, 0, 0 mm"
size = "24, 48, 48 mm"
[[nuclide]]
name = "Ac-225"
[[nuclide.daughter]]
name = "Bi-213"
from = ["a", "b"]
leaves = "40 %"
to = "b"
pattern = "rim"
length = "5 mm"
transit_half_life = "10 min"
biological_half_life = "2 h"
[[nuclide.daughter]]
name = "Fr-221"
vector_radius = "50 nm"
recoil_range = "90 nm"
diffusion_length = "0.2 mm"
[[nuclide.daughter]]
name = "Pb-209"
leaves = 0.1
to = "excreted"
[[fraction]]
administered = "8 MBq"
until = "next"
[[fraction.compartment]]
name = "blood"
fraction = "100 %"
[[fraction.compartment]]
name = "kidneys"
[[fraction.transfer]]
from = "blood"
to = "kidneys"
rate = "0.036 /h"
[[fraction.transfer]]
from = "kidneys"
to = "out"
rate = "0.36 /d"
[fraction.uptake.a]
fraction = "1 %"
half_life = "5 d"
uptake_half_life = "2 h"
[[fraction.uptake.b]]
phases = [{ fraction = "2 %", half_life = "4 d" }, { activity = "-80 kBq", biological_half_life = "10 d" }, { activity = "1 kBq", half_life = "physical" }]
[[fraction.uptake.b]]
compartment = "kidneys"
[fraction.uptake.b2]
[[fraction]]
like = 1
start = "60 d"
[fraction.uptake.a.samples]
times = "1, 24, 96 h"
fractions = "2, 1.5, 0.5 %"
uncertainty = "10 %"
decay_corrected = true
between = "log-linear"
before = "extrapolated"
tail = "fitted"
tail_samples = 3
[[fraction.series]]
images = ["one.nii", "two.nii", "three.nii"]
times = "4, 24, 96 h"
unit = "Bq/mL"
regions = ["a"]
recovery = { a = "80 %" }
rest = false
fit = "mono"
noise = "4 %"
calibration = "5 %"
[[fraction.series]]
images = ["one.nii", "two.nii"]
times = "4, 24 h"
unit = "Bq"
by = "voxel"
decay_corrected = true
"#;

#[test]
fn kinetics_and_daughters_mean_what_they_say() {
    use dosaic::plan::{Before, Between, Destination, FitModel, SeriesBy, Tail, Treatment};
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["one.nii", "two.nii", "three.nii"] {
        std::fs::write(folder.path().join(file), b"").expect("a file");
    }
    let text = KINETICS.replace("[fraction.uptake.b2]\n", "");
    let plan = plan::parse(&text, &folder.path().join("plan.toml"), &plan::Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"));
    let [bismuth, francium, lead] = &plan.nuclides[0].redistribution[..] else { panic!("three rules") };
    assert_eq!((bismuth.member.as_str(), bismuth.share, &bismuth.from[..]), ("Bi-213", 0.4, &["a".to_owned(), "b".to_owned()][..]));
    assert_eq!((bismuth.transit_half_life, bismuth.biological_half_life), (Some(600.0), Some(7200.0)));
    assert_eq!(bismuth.to, Destination::Region { region: "b".into(), pattern: UptakePattern::Rim { length: 5.0, core: 0.0 } });
    let recoil = francium.recoil.expect("recoil");
    assert!(near(recoil.vector_radius, 5e-5) && near(recoil.recoil_range, 9e-5) && francium.share == 1.0 && francium.from.is_empty());
    assert_eq!((&francium.to, &lead.to, lead.share), (&Destination::Around { length: 0.2 }, &Destination::Excreted, 0.1));

    let physical = dosaic::nuclide::find("Ac-225").expect("known").half_life_s;
    let [first, second] = &plan.fractions[..] else { panic!("two fractions") };
    assert_eq!((first.until, second.until), (Some(60.0 * DAY), None), "there is none after the last");
    let Kinetics::Phases { phases } = &first.uptakes[0].kinetics else { panic!("{:?}", first.uptakes[0]) };
    let expected = [Phase { activity: 8e4, effective_half_life: 5.0 * DAY }, Phase { activity: -8e4, effective_half_life: 7200.0 }];
    assert_eq!(phases[..], expected);
    let Kinetics::Phases { phases } = &first.uptakes[1].kinetics else { panic!("{:?}", first.uptakes[1]) };
    assert_eq!(phases.len(), 3);
    assert!(near(phases[0].activity, 1.6e5) && phases[1].activity == -8e4 && phases[2].effective_half_life == physical);
    assert!(near(phases[1].effective_half_life, 10.0 * DAY * physical / (10.0 * DAY + physical)));
    assert_eq!(first.uptakes[2].kinetics, Kinetics::Compartment { compartment: 1 });
    let model = first.compartments.as_ref().expect("a model");
    assert_eq!((model.compartments[0].initial, model.compartments[1].initial, model.transfers.len()), (8e6, 0.0, 2));
    assert!(near(model.transfers[0].rate, 1e-5) && near(model.transfers[1].rate, 0.36 / DAY) && model.transfers[1].to.is_none());

    assert_eq!(second.compartments, first.compartments, "inherited");
    assert_eq!(second.uptakes[2].kinetics, first.uptakes[2].kinetics);
    let Kinetics::Samples { samples, treatment } = &second.uptakes[0].kinetics else { panic!("{:?}", second.uptakes[0]) };
    assert!(near(samples.activities[1], 0.015 * 8e6 * (-DAY / physical).exp2()), "decay taken back");
    assert!(near(samples.sigmas[1], 0.1 * samples.activities[1]));
    let between = Treatment::Interpolate { between: Between::LogLinear, before: Before::Extrapolated, tail: Tail::Fitted { samples: 3 } };
    assert_eq!(*treatment, between);
    let [region, voxel] = &second.series[..] else { panic!("two series") };
    assert_eq!(region.by, SeriesBy::Region { regions: vec!["a".into()], recovery: vec![0.8], rest: false });
    assert_eq!((region.noise, region.calibration, region.decay_corrected), (0.04, 0.05, false));
    assert_eq!((voxel.treatment, voxel.decay_corrected), (Treatment::Fit { model: FitModel::Mono }, true));
    assert_eq!(voxel.by, SeriesBy::Voxel { regions: vec![], classes: 8 });
    assert_eq!(voxel.images[1].time, DAY);
    // What it means is shown, defaults included.
    let shown = plan.describe();
    for words in [
        "Bi-213 that moves",
        "share that leaves",
        "98.55 %",
        "compartments",
        "0.036 /h to kidneys",
        "through the last 3",
        "recovered of a",
        "by voxel",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
}

#[test]
fn what_kinetics_and_daughters_cannot_be_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["one.nii", "two.nii", "three.nii"] {
        std::fs::write(folder.path().join(file), b"").expect("a file");
    }
    let good = KINETICS.replace("[fraction.uptake.b2]\n", "");
    for (old, new, words) in [
        ("name = \"Bi-213\"", "name = \"Bi-231\"", &["is no daughter that decays with its parent", "did you mean `Bi-213`?"][..]),
        ("from = [\"a\", \"b\"]", "from = \"c\"", &["there is no region \"c\""]),
        ("to = \"b\"\npattern", "to = \"kidney\"\npattern", &["there is no region \"kidney\""]),
        ("leaves = \"40 %\"\n", "", &["lacks `leaves`"]),
        ("leaves = 0.1\nto = \"excreted\"", "leaves = 0.1", &["moves nothing", "diffusion_length"]),
        ("leaves = 0.1\nto = \"excreted\"", "leaves = 0.1\nto = \"excreted\"\nbiological_half_life = \"1 h\"", &["excreted at once"]),
        ("recoil_range = \"90 nm\"\n", "", &["`vector_radius` without `recoil_range`"]),
        ("until = \"next\"", "until = \"later\"", &["`until`"]),
        ("rate = \"0.036 /h\"", "rate = \"0.036 h\"", &["a rate is needed"]),
        ("to = \"kidneys\"", "to = \"kidney\"", &["there is no compartment \"kidney\"", "did you mean `kidneys`?"]),
        ("name = \"blood\"", "name = \"out\"", &["cannot be named \"out\""]),
        (
            "fraction = \"1 %\"\nhalf_life = \"5 d\"\nuptake_half_life = \"2 h\"",
            "compartment = \"kidneys\"",
            &["\"a\" and \"b\" are given the same compartment"],
        ),
        ("to = \"out\"", "to = \"kidneys\"", &["passes nothing to itself"]),
        ("compartment = \"kidneys\"", "compartment = \"liver\"", &["has no compartment \"liver\""]),
        ("uptake_half_life = \"2 h\"", "uptake_half_life = \"6 d\"", &["rises faster than it falls"]),
        ("activity = \"-80 kBq\"", "activity = \"-800 kBq\"", &["the phases add up to -", "never below zero"]),
        ("phases = [", "half_life = \"1 h\"\nphases = [", &["both `phases` and `half_life` are given"]),
        ("times = \"1, 24, 96 h\"", "times = \"1, 96 h\"", &["2 times, but 3 fractions"]),
        ("times = \"1, 24, 96 h\"", "times = \"24, 1, 96 h\"", &["comes after", "ascending"]),
        ("tail_samples = 3", "tail_samples = 4", &["3 times, but the tail needs at least 4"]),
        ("before = \"extrapolated\"", "fit = \"mono\"", &["both `fit` and `between` are given"]),
        ("\"three.nii\"", "\"four.nii\"", &["four.nii does not exist"]),
        ("images = [\"one.nii\", \"two.nii\", \"three.nii\"]", "images = \"one.nii\"", &["3 times, but 1 images"]),
        ("recovery = { a =", "recovery = { b =", &["none of the `regions` of this series"]),
        ("unit = \"Bq/mL\"", "unit = \"relative\"", &["unknown word", "\"Bq/mL\", \"Bq\""]),
        ("fit = \"mono\"\nnoise = \"4 %\"", "fit = \"uptake\"", &["3 times, but this fit needs at least 4", "`noise`"]),
        ("by = \"voxel\"", "by = \"voxel\"\nfit = \"bi\"", &["voxels are fitted by single exponentials"]),
    ] {
        assert!(good.contains(old), "{old}");
        let found = plan::parse(&good.replacen(old, new, 1), &folder.path().join("plan.toml"), &plan::Vocabulary::built_in());
        let Err(message) = found.map_err(|e| e.to_string()) else { panic!("{new} is accepted") };
        assert!(words.iter().all(|w| message.contains(w)), "{new}:\n{message}");
        assert!(!message.contains("lacks `activity`"), "no follow-up of a course that is wrong: {message}");
    }
}
