//! Malformed plans: each is a clear error at the right line, exit code 2, and never a panic.

#[path = "support/plan.rs"]
mod support;

use std::path::Path;

use dosaic::{error::Error, plan};

/// A good plan that every case spoils in one place.
const GOOD: &str = r#"title = "spoil me"

[phantom]
voxels = [40, 40, 40]
spacing = "3 mm"
background = "water"

[[region]]
name = "liver"
material = "liver"
density = "1.06 g/cm3"
shape = "sphere"
center = "0, 0, 0 mm"
radius = "30 mm"

[[region]]
name = "tumour"
material = "water"
shape = "shell"
center = "10, 0, 0 mm"
inner_radius = "5 mm"
outer_radius = "9 mm"

[[nuclide]]
name = "Lu-177"

[[nuclide]]
name = "Y-90"

[[fraction]]
nuclide = "Lu-177"
administered = "7.4 GBq"

[fraction.uptake.liver]
fraction = "4 %"
half_life = "60 h"

[fraction.uptake.tumour]
activity = "50 MBq"
biological_half_life = "90 h"
pattern = "log-normal"
cv = 0.5
correlation = "6 mm"

[[fraction]]
like = 1
start = "8 wk"

[transport]
histories = 2e6
batches = 32
goal = { region = "tumour", relative = "2 %" }

[response.region.liver]
tissue = "liver"

[output]
dose_levels = "10, 20 Gy"
"#;

/// What is replaced, by what, the line of the problem in the spoilt plan, and what the message must say.
type Case = (&'static str, &'static str, usize, &'static [&'static str]);

const CASES: &[Case] = &[
    // TOML itself
    ("\"7.4 GBq\"", "7.4 GBq", 32, &["TOML", "quotes", "administered = \"7.4 GBq\""]),
    ("[phantom]", "[phantom", 3, &["TOML", "]"]),
    ("batches = 32", "batches = 32\nbatches = 32", 52, &["duplicate key"]),
    ("spacing = \"3 mm\"", "spacing = \"3 mm", 5, &["TOML"]),
    // keys
    ("radius = \"30 mm\"", "radus = \"30 mm\"", 14, &["unknown key `radus`", "region \"liver\"", "did you mean `radius`?"]),
    ("[output]", "[outputs]", 57, &["unknown key `outputs`", "did you mean `output`?"]),
    ("batches = 32", "neutrons = true", 51, &["unknown key `neutrons` in [transport]", "known keys: histories, batches"]),
    ("batches = 32", "photons = true", 51, &["a text in quotes is needed", "analogue"]),
    ("batches = 32", "photons = \"all\"", 51, &["track-length"]),
    ("batches = 32", "photon_cut = \"100 eV\"", 51, &["between 1 keV and 1 MeV"]),
    ("tissue = \"liver\"", "alpha_beat = \"3 Gy\"", 55, &["unknown key `alpha_beat`", "did you mean `alpha_beta`?"]),
    ("voxels = [40, 40, 40]\n", "", 3, &["[phantom] lacks `voxels`", "voxels = [128, 128, 80]"]),
    ("background = \"water\"\n", "", 3, &["[phantom] lacks `background`"]),
    ("administered = \"7.4 GBq\"\n", "", 30, &["fraction 1 lacks `administered`", "administered = \"7.4 GBq\""]),
    ("half_life = \"60 h\"\n", "", 34, &["lacks `half_life`", "biological_half_life", "\"physical\""]),
    ("fraction = \"4 %\"\n", "", 34, &["uptake of \"liver\" in fraction 1 lacks `activity`", "fraction = \"2.5 %\""]),
    ("name = \"liver\"\n", "", 8, &["[[region]] lacks `name`"]),
    ("start = \"8 wk\"\n", "", 45, &["fraction 2 lacks `start`"]),
    // quantities
    ("radius = \"30 mm\"", "radius = 30", 14, &["30 is a bare number, but a length needs its unit", "\"30 mm\"", "um, mm, cm, m"]),
    ("\"7.4 GBq\"", "7.4", 32, &["7.4 is a bare number, but an activity needs its unit", "\"7.4 GBq\""]),
    ("\"7.4 GBq\"", "\"7.4 Gbq\"", 32, &["unknown unit `Gbq`", "did you mean `GBq`?"]),
    ("\"7.4 GBq\"", "\"7,4 GBq\"", 32, &["not one number", "decimal point"]),
    ("\"7.4 GBq\"", "\"nan GBq\"", 32, &["not a finite number", "\"7.4 GBq\""]),
    ("\"7.4 GBq\"", "nan", 32, &["nan is a bare number, but an activity", "\"7.4 GBq\""]),
    ("\"7.4 GBq\"", "inf", 32, &["inf is a bare number"]),
    ("\"7.4 GBq\"", "\"-7.4 GBq\"", 32, &["\"-7.4 GBq\" is out of range"]),
    ("\"7.4 GBq\"", "\"0 GBq\"", 32, &["greater than 0"]),
    ("\"7.4 GBq\"", "\"1e400 GBq\"", 32, &["too large"]),
    ("\"7.4 GBq\"", "\"7.4 h\"", 32, &["\"7.4 h\" is a time, but an activity is needed"]),
    ("\"60 h\"", "\"60 hours\"", 36, &["unknown unit `hours`", "did you mean `h`?"]),
    ("cv = 0.5", "cv = nan", 42, &["`cv`", "nan is out of range"]),
    ("\"4 %\"", "\"140 %\"", 35, &["out of range", "between 0 and 100 %"]),
    ("\"1.06 g/cm3\"", "\"1060 g/cm3\"", 11, &["out of range", "between 0.0001 g/cm3 and 25 g/cm3"]),
    ("\"0, 0, 0 mm\"", "\"0, 0 mm\"", 13, &["three values are needed", "not 2"]),
    ("\"0, 0, 0 mm\"", "[0, 0, 0]", 13, &["0 is a bare number", "center = \"10, 0, -5 mm\""]),
    ("\"0, 0, 0 mm\"", "\"0, 0, 0\"", 13, &["no unit"]),
    ("\"10, 20 Gy\"", "[10, 20]", 58, &["`dose_levels`", "bare number", "\"10, 20, 50 Gy\""]),
    // phantom
    ("\"3 mm\"", "\"-3 mm\"", 5, &["out of range", "between 1 um and 10 mm"]),
    ("\"3 mm\"", "\"12 mm\"", 5, &["out of range"]),
    ("\"3 mm\"", "\"0.5 um\"", 5, &["out of range"]),
    ("[40, 40, 40]", "[40, 40, 4000]", 4, &["`voxels`", "found 4000", "from 1 to 1024"]),
    ("[40, 40, 40]", "[40, 40, 0]", 4, &["found 0"]),
    ("[40, 40, 40]", "[40, 40]", 4, &["2 numbers, but three are needed"]),
    ("[40, 40, 40]", "40", 4, &["three whole numbers", "voxels = [128, 128, 80]"]),
    ("background = \"water\"", "background = \"watr\"", 6, &["unknown material \"watr\"", "did you mean `water`?"]),
    ("background = \"water\"", "background = \"water\"\nct = \"ct.nii.gz\"", 7, &["ct.nii.gz does not exist", "folder of the plan"]),
    ("background = \"water\"", "background = \"water\"\nlabels = \"labels.nii\"", 4, &["`voxels` together with an image"]),
    ("spacing = \"3 mm\"", "spacing = \"3 mm\"\norigin = \"0, 0, 0 mm\"\ncenter = \"0, 0, 0 mm\"", 7, &["both `origin` and `center`"]),
    // regions
    ("name = \"tumour\"", "name = \"Liver\"", 17, &["region \"liver\" is named twice"]),
    ("material = \"liver\"", "material = \"lever\"", 10, &["unknown material \"lever\"", "did you mean `liver`?"]),
    ("shape = \"sphere\"", "shape = \"spere\"", 12, &["unknown word \"spere\"", "did you mean `sphere`?", "\"half-space\""]),
    ("shape = \"sphere\"", "shape = \"box\"", 14, &["`radius` does not belong to shape \"box\"", "center, size"]),
    (
        "shape = \"sphere\"\ncenter = \"0, 0, 0 mm\"\nradius = \"30 mm\"\n",
        "",
        8,
        &["region \"liver\" has no voxels", "add shape = \"sphere\""],
    ),
    ("shape = \"sphere\"\ncenter = \"0, 0, 0 mm\"\nradius = \"30 mm\"\n", "label = 3\n", 12, &["`label` without a label image"]),
    ("inner_radius = \"5 mm\"", "inner_radius = \"12 mm\"", 21, &["`inner_radius` is not smaller than `outer_radius`"]),
    ("\"10, 0, 0 mm\"", "\"900, 0, 0 mm\"", 19, &["outside the phantom's grid", "from -58.5, -58.5, -58.5 mm to 58.5, 58.5, 58.5 mm"]),
    ("material = \"liver\"\n", "", 10, &["a density without a material"]),
    // nuclides and fractions
    ("name = \"Lu-177\"", "name = \"177Lu\"", 25, &["unknown nuclide \"177Lu\"", "did you mean `Lu-177`?"]),
    ("name = \"Y-90\"", "name = \"Lu-177\"", 28, &["\"Lu-177\" is listed twice"]),
    ("nuclide = \"Lu-177\"", "nuclide = \"I-131\"", 31, &["no [[nuclide]] \"I-131\" in this plan"]),
    ("nuclide = \"Lu-177\"\n", "", 30, &["fraction 1 lacks `nuclide`", "several"]),
    ("[fraction.uptake.tumour]", "[fraction.uptake.tumor]", 38, &["no region \"tumor\"", "did you mean `tumour`?"]),
    (
        "half_life = \"60 h\"",
        "half_life = \"600 h\"",
        36,
        &["effective half-life of 25 d is longer than the physical one, 159.528 h", "biological_half_life"],
    ),
    ("half_life = \"60 h\"", "half_life = \"60 h\"\nbiological_half_life = \"90 h\"", 37, &["both `half_life` and `biological_half_life`"]),
    ("activity = \"50 MBq\"", "activity = \"50 MBq\"\nfraction = \"1 %\"", 40, &["both `activity` and `fraction`"]),
    ("activity = \"50 MBq\"", "activity = \"50 GBq\"", 30, &["add up to 50.296 GBq", "679.676 % of the 7.4 GBq administered"]),
    ("activity = \"50 MBq\"", "activity = \"0 MBq\"", 38, &["is zero", "remove it"]),
    ("pattern = \"log-normal\"", "pattern = \"lognormal\"", 41, &["unknown word \"lognormal\"", "did you mean `log-normal`?"]),
    ("pattern = \"log-normal\"", "pattern = \"uniform\"", 42, &["`cv` does not belong to pattern \"uniform\""]),
    ("correlation = \"6 mm\"\n", "", 38, &["lacks `correlation`"]),
    ("like = 1", "like = 2", 46, &["`like = 2` does not name an earlier fraction"]),
    ("start = \"8 wk\"", "start = \"0 d\"", 47, &["fractions 1 and 2 give the same nuclide at the same time"]),
    ("nuclide = \"Lu-177\"", "nuclide = \"Lu-177\"\nstart = \"9 wk\"", 48, &["fraction 2 starts at 56 d, before fraction 1 at 63 d"]),
    (
        "start = \"8 wk\"",
        "start = \"8 wk\"\n[[fraction.image]]\nfile = \"nowhere.nii\"\nunit = \"kBq/mL\"\nhalf_life = \"9 h\"",
        49,
        &["nowhere.nii does not exist"],
    ),
    (
        "start = \"8 wk\"",
        "start = \"8 wk\"\n[[fraction.image]]\nfile = \"nowhere.nii\"\nunit = \"kBq/mL\"\nhalf_life = \"9 h\"",
        50,
        &["unknown image unit \"kBq/mL\"", "\"Bq/mL\""],
    ),
    (
        "[fraction.uptake.liver]\nfraction = \"4 %\"\nhalf_life = \"60 h\"\n",
        "[fraction.uptake]\nliver = \"4 %\"\n",
        35,
        &["is a text, but a table is needed"],
    ),
    (
        "[fraction.uptake.liver]\nfraction = \"4 %\"\nhalf_life = \"60 h\"\n",
        "[fraction.uptake]\nliver = []\n",
        35,
        &["uptake of \"liver\" in fraction 1 is empty"],
    ),
    ("like = 1", "nuclide = \"Y-90\"\nadministered = \"1 GBq\"\nimage = []\nuptake = {}", 45, &["fraction 2 puts no activity anywhere"]),
    (
        "like = 1",
        "like = 1\n[fraction.uptake]\nliver = { fraction = 0 }\ntumour.activity = \"0 Bq\"\n",
        45,
        &["fraction 2 puts no activity anywhere"],
    ),
    ("like = 1", "like = \"1\"", 46, &["`like`: found \"1\"", "whole number"]),
    // settings
    ("batches = 32", "batches = 8", 51, &["`batches`: found 8", "from 16"]),
    ("histories = 2e6", "histories = 2.5", 50, &["`histories`: found 2.5", "whole number"]),
    ("histories = 2e6", "histories = 20", 51, &["32 batches, but only 20 histories"]),
    ("histories = 2e6", "histories = -5", 50, &["found -5"]),
    ("histories = 2e6", "histories = 99999999999999999999999999", 50, &["histories"]),
    ("region = \"tumour\"", "region = \"tumours\"", 52, &["no region \"tumours\"", "did you mean `tumour`?"]),
    ("\"2 %\" }", "\"2 %\", max_histories = 1000 }", 52, &["`max_histories`: found 1000", "from 2000000"]),
    ("batches = 32", "water = \"icru37\"", 51, &["unknown word \"icru37\"", "\"icru49\""]),
    ("batches = 32", "range_rejection = \"no\"", 51, &["true or false"]),
    ("batches = 32", "electron_cut = \"10 MeV\"", 51, &["between 100 eV and 1 MeV"]),
    ("[response.region.liver]", "[response.region.lever]", 54, &["no region \"lever\"", "did you mean `liver`?"]),
    ("tissue = \"liver\"", "tissue = \"livr\"", 55, &["unknown tissue \"livr\"", "did you mean `liver`?"]),
    ("tissue = \"liver\"", "td50 = \"30 Gy\"", 54, &["td50, m and n only in part"]),
    ("tissue = \"liver\"", "repopulation = true", 54, &["lacks `doubling_time`"]),
    ("tissue = \"liver\"", "alpha = \"0.1 Gy\"", 55, &["is a dose, but a value per dose is needed"]),
    ("[output]", "[[output]]", 57, &["`output` is a list, but one table is needed", "single brackets"]),
];

fn spoilt(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the good plan has no {from:?}");
    GOOD.replacen(from, to, 1)
}

fn refusal(text: &str) -> Result<Error, String> {
    match plan::parse(text, Path::new("plans/bad.toml"), &support::vocabulary()) {
        Ok(_) => Err(format!("accepted:\n{text}")),
        Err(error) => Ok(error),
    }
}

/// The frames of a message: line number and everything said about it.
fn frames(message: &str) -> Vec<(usize, String)> {
    let mut frames: Vec<(usize, String)> = Vec::new();
    for line in message.lines() {
        match line.strip_prefix("plans/bad.toml:").and_then(|l| l.split(':').next()?.parse().ok()) {
            Some(number) => frames.push((number, line.to_owned())),
            None => frames.iter_mut().last().into_iter().for_each(|f| f.1 += &format!("\n{line}")),
        }
    }
    frames
}

#[test]
fn the_plan_before_spoiling_is_good() {
    let plan = plan::parse(GOOD, Path::new("plans/bad.toml"), &support::vocabulary()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((plan.regions.len(), plan.fractions.len()), (2, 2));
}

#[test]
fn every_malformed_plan_is_refused_at_its_line() {
    let mut failures = String::new();
    for (from, to, line, phrases) in CASES {
        let error = refusal(&spoilt(from, to)).unwrap_or_else(|e| panic!("{from:?} -> {to:?}: {e}"));
        assert_eq!(error.exit_code(), 2);
        let message = error.to_string();
        let told = |f: &(usize, String)| f.0 == *line && f.1.contains('^') && phrases.iter().all(|p| f.1.contains(p));
        if !frames(&message).iter().any(told) {
            failures += &format!("{from:?} -> {to:?}: expected line {line} with {phrases:?}, got\n{message}\n\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn one_slip_is_one_problem() {
    // A slip must not drag others behind it, or the user reads about errors that are not there.
    for (from, to) in [
        ("radius = \"30 mm\"", "radus = \"30 mm\""),
        ("name = \"liver\"\n", ""),
        ("name = \"tumour\"", "name = \"Liver\""),
        ("name = \"Lu-177\"", "name = \"177Lu\""),
        ("half_life = \"60 h\"", "half_life = \"600 h\""),
        ("half_life = \"60 h\"", "halflife = \"60 h\""),
        ("[phantom]", "[phantom"),
        ("[phantom]", "[fantom]"),
        ("voxels = [40, 40, 40]", "voxels = [40, 40, 40"),
        ("material = \"liver\"", "material = 3"),
        ("like = 1", "like = 2"),
        ("like = 1", "like = 1\nadministerd = \"7 GBq\""),
        ("activity = \"50 MBq\"", "activity = \"50 GBq\""),
    ] {
        let message = refusal(&spoilt(from, to)).unwrap_or_else(|e| panic!("{e}")).to_string();
        assert_eq!(frames(&message).len(), 1, "{from} -> {to}:\n{message}");
    }
    let alone = ["\"7.4 GBq\"", "\"30 mm\"", "\"3 mm\"", "\"60 h\"", "\"4 %\"", "\"8 wk\"", "\"6 mm\"", "[40, 40, 40]", "\"10, 0, 0 mm\""];
    for from in alone {
        let message = refusal(&spoilt(from, "\"5 Tesla\"")).unwrap_or_else(|e| panic!("{e}")).to_string();
        assert_eq!(frames(&message).len(), 1, "{from}:\n{message}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let mut text = GOOD.to_owned();
    for (from, to) in
        [("radius = \"30 mm\"", "radius = 30"), ("\"60 h\"", "\"60 hours\""), ("batches = 32", "batchs = 8"), ("\"7.4 GBq\"", "nan")]
    {
        text = text.replacen(from, to, 1);
    }
    let message = refusal(&text).unwrap_or_else(|e| panic!("{e}")).to_string();
    assert_eq!(frames(&message).iter().map(|f| f.0).collect::<Vec<_>>(), [14, 32, 36, 51], "{message}");
    assert!(message.ends_with("4 problems in plans/bad.toml"), "{message}");
}

#[test]
fn many_problems_are_counted_not_dropped() {
    let text = format!("{GOOD}{}", (0..50).map(|i| format!("nonsense{i} = 1\n")).collect::<String>());
    let message = refusal(&text).unwrap_or_else(|e| panic!("{e}")).to_string();
    assert!(message.contains("... and 30 more") && message.ends_with("50 problems in plans/bad.toml"), "{message}");
}

#[test]
fn the_frame_shows_line_and_caret() {
    let message = refusal(&spoilt("radius = \"30 mm\"", "radius = 30")).unwrap_or_else(|e| panic!("{e}")).to_string();
    let expected = "plans/bad.toml:14:10: `radius`: 30 is a bare number, but a length needs its unit\n    |\n 14 | radius = 30\n    |          ^^\n    = write \"30 mm\" (units: nm, um, mm, cm, m)";
    assert_eq!(message, expected);
}

#[test]
fn labels_are_claimed_once_and_need_their_image() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("labels.nii"), b"").expect("a file");
    let plan = |regions: &str| {
        let text = format!(
            "[phantom]\nlabels = \"labels.nii\"\nbackground = \"air\"\n{regions}\n[[nuclide]]\nname = \"Y-90\"\n[[fraction]]\nadministered = \"1 GBq\"\n[fraction.uptake.a]\nactivity = \"1 MBq\"\nhalf_life = \"physical\"\n"
        );
        let path = folder.path().join("plan.toml");
        std::fs::write(&path, text).expect("a file");
        plan::load_with(&path, &support::vocabulary())
    };
    let region = |name: &str, label: &str| format!("[[region]]\nname = \"{name}\"\nmaterial = \"water\"\n{label}\n");
    assert_eq!(plan(&region("a", "labels = [1, 7]")).expect("a good plan").regions[0].labels, [1, 7]);
    let refused = |regions: &str| plan(regions).expect_err("a bad plan").to_string();
    let twice = refused(&(region("a", "labels = [1, 7]") + &region("b", "label = 7")));
    assert!(twice.contains(":11:9: label 7 is already claimed by a"), "{twice}");
    let zero = refused(&region("a", "label = 0"));
    assert!(zero.contains("found 0") && zero.contains("from 1"), "{zero}");
    let neither = refused(&region("a", ""));
    assert!(neither.contains("no voxels") && neither.contains("label = 1"), "{neither}");
    let both = plan(&region("a", "labels = [1]\nshape = \"sphere\"\ncenter = \"0, 0, 0 mm\"\nradius = \"1 mm\"")).expect("a good plan");
    assert_eq!((both.regions[0].labels.len(), both.regions[0].shapes.len()), (1, 1), "labels and shapes together");
}

#[test]
fn files_that_are_no_plans_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("plan.toml");
    let missing = plan::load_with(&path, &support::vocabulary()).expect_err("no file");
    assert_eq!(missing.exit_code(), 4);
    assert!(missing.to_string().contains("plan.toml"));
    std::fs::write(&path, b"title = \"x\"\n\xff\xfe\n").expect("a file");
    let binary = plan::load_with(&path, &support::vocabulary()).expect_err("not UTF-8");
    assert_eq!(binary.exit_code(), 2);
    assert!(binary.to_string().contains("plan.toml:2: not a text in UTF-8"), "{binary}");
    std::fs::write(&path, b"").expect("a file");
    let empty = plan::load_with(&path, &support::vocabulary()).expect_err("empty").to_string();
    for key in ["phantom", "nuclide", "fraction"] {
        assert!(empty.contains(&format!("the plan lacks `{key}`")), "{empty}");
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same mutations on every machine.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

#[test]
fn no_mutation_makes_the_reader_panic() {
    const PIECES: &[&str] = &[
        "\"",
        "[",
        "]",
        "[[",
        "=",
        ",",
        "\n",
        "#",
        "{",
        "}",
        ".",
        "e",
        "-",
        "0",
        "1e308",
        "-1e-308",
        "nan",
        "inf",
        "\"1 GBq\"",
        "true",
        "µ",
        "\u{3000}",
        "\t",
        "\\",
        "'''",
        "[fraction]",
        "like = 1\n",
        "9223372036854775808",
        "1979-05-27",
        "center = \"0, 0, 0 mm\"\n",
        "shape = \"slab\"\n",
        "\"x\"",
    ];
    let vocabulary = support::vocabulary();
    let mut random = SplitMix64(20_250_101);
    let (mut refused, mut accepted) = (0, 0);
    for _ in 0..4000 {
        let mut text: Vec<char> = GOOD.chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            let piece = PIECES[random.below(PIECES.len())].chars();
            match random.below(5) {
                0 => text.truncate(at),
                1 => drop(text.splice(at..(at + random.below(30)).min(text.len()), piece)),
                2 => drop(text.splice(at..at, piece)),
                3 => {
                    let other = random.below(text.len());
                    text.swap(at, other);
                }
                _ => {
                    let end = (at + random.below(80)).min(text.len());
                    let copy = text[at..end].to_vec();
                    let target = random.below(text.len());
                    drop(text.splice(target..target, copy));
                }
            }
            if text.is_empty() {
                text.push('x');
            }
        }
        let text: String = text.into_iter().collect();
        match plan::parse(&text, Path::new("plans/bad.toml"), &vocabulary) {
            Ok(plan) => {
                accepted += 1;
                assert!(plan.fractions.iter().all(|f| f.uptakes.len() + f.images.len() > 0), "{text}");
                assert!(plan.to_json().is_ok() && !plan.describe().contains("NaN"), "{text}");
                let tree: toml::Table = toml::from_str(&text).expect("TOML");
                let written = ["region", "nuclide", "fraction"].map(|key| tree.get(key).and_then(|v| v.as_array()).map_or(0, Vec::len));
                assert_eq!([plan.regions.len(), plan.nuclides.len(), plan.fractions.len()], written, "dropped in silence:\n{text}");
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.exit_code(), 2, "{text}");
                assert!(error.to_string().starts_with("plans/bad.toml:"), "{error}\n{text}");
            }
        }
    }
    assert!(refused > 2000 && accepted > 20, "{refused} refused, {accepted} accepted: the mutations say nothing");
}

#[test]
fn depth_and_length_do_not_break_the_reader() {
    let deep = [
        "x = ".to_owned() + &"[".repeat(200_000),
        "x = ".to_owned() + &"{a=".repeat(100_000),
        "a.".repeat(100_000) + "a = 1",
        format!("[{}a]", "a.".repeat(100_000)),
        "x".repeat(500_000),
        format!("title = \"{}\"", "x".repeat(500_000)),
    ];
    for text in deep {
        let message = refusal(&text).unwrap_or_else(|e| panic!("{}", &e[..80])).to_string();
        assert!(message.len() < 50_000, "{} characters of message", message.len());
    }
}

#[test]
fn a_missing_line_is_refused_or_means_a_default() {
    let lines: Vec<&str> = GOOD.lines().collect();
    let full = plan::parse(GOOD, Path::new("plans/bad.toml"), &support::vocabulary()).expect("the good plan");
    for skip in (0..lines.len()).filter(|&i| !lines[i].is_empty()) {
        let text: String = lines.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, l)| format!("{l}\n")).collect();
        if let Ok(plan) = plan::parse(&text, Path::new("plans/bad.toml"), &support::vocabulary()) {
            let fewer = plan.regions.len() < full.regions.len()
                || plan.nuclides.len() < full.nuclides.len()
                || plan.fractions.len() < full.fractions.len();
            assert!(!fewer && plan.defaults != full.defaults, "left out without a trace: {}", lines[skip]);
        }
    }
}

#[test]
fn no_truncation_makes_the_reader_panic() {
    for (at, _) in GOOD.char_indices() {
        if let Ok(plan) = plan::parse(&GOOD[..at], Path::new("plans/bad.toml"), &support::vocabulary()) {
            assert!(!plan.fractions.is_empty() && !plan.fractions[0].uptakes.is_empty(), "{}", &GOOD[..at]);
        }
    }
}
