//! What is refused, and in which words.

use super::{BODY, FULL, SPHEROID, TME, read, refused};

/// What is appended to the plan, or what is replaced by what; and what is said of it.
const REFUSED: &[(&str, &str, &[&str])] = &[
    ("", "[response.tme]\nregion = [\"lesion 1\"]", &["unknown key `region`", "did you mean `regions`?"]),
    ("", "[response.tme]\nregions = [\"lesion 3\"]", &["no region \"lesion 3\""]),
    ("", "[response.tme]\nregions = [\"kidneys\"]", &["region \"kidneys\" has no tumour cells: its tissue, kidney, has no clonogens"]),
    ("", "[response.tme]\nregions = [\"lesion 1\", \"lesion 1\"]", &["listed twice"]),
    (
        "[response.region.\"lesion 1\"]\ntissue = \"net\"\n",
        "[response.tme]\nregions = [\"lesion 1\"]\n",
        &["region \"lesion 1\" has no tissue", "[response.region.\"lesion 1\"]", "tissue = \"net\""],
    ),
    ("tissue = \"net\"\n", "tissue = \"nett\"\n[response.tme]\nregions = [\"lesion 1\"]\n", &["unknown tissue \"nett\""]),
    ("", "[response.tme]\nhorizon = \"112 d\"", &["fraction 3 starts at 112 d, but the horizon is 112 d", "a later horizon"]),
    ("", "[response.tme]\nhorizon = 400", &["400 is a bare number, but a time needs its unit"]),
    ("", "[response.tme]\nstep = \"3 d\"", &["it must be between 1 min and 2 d"]),
    ("", "[response.tme]\nstep = \"1 min\"\nhorizon = \"10 y\"", &["5259600 steps", "a longer step"]),
    ("", "[response.tme]\noxygen = \"micro\"", &["voxels of 3, 3, 3 mm", "edges of 50 um or less", "oxygen = \"macro\""]),
    ("", "[response.tme]\noxygen = \"none\"", &["unknown word \"none\"", "\"macro\", \"micro\", \"off\""]),
    ("", "[response.tme]\nsupply.kidneys.po2 = \"40 mmHg\"", &["`supply` where oxygen does not diffuse between voxels"]),
    ("", "[response.tme]\nvessels = { share = 0.1 }", &["`vessels` where oxygen does not diffuse between voxels"]),
    ("", "[response.tme]\nimmune = \"yes\"", &["true or false"]),
    ("", "[response.tme]\ngrowth = \"exponential\"", &["unknown word \"exponential\"", "\"logistic\", \"gompertz\""]),
    ("", "[response.tme]\nquality = \"MKM\"", &["did you mean `mkm`?"]),
    ("", "[response.tme]\nblood = \"aorta\"", &["no region \"aorta\""]),
    ("", "[response.tme]\nmaps_at = \"0, 56, 300 d\"", &["maps at 300 d, after the horizon of 196 d"]),
    ("", "[response.tme]\nmaps_at = \"-1, 56 d\"", &["out of range"]),
    ("", "[response.tme]\ntimeline = \"1 h\"", &["rows of the timeline every 1 h with steps of 6 h"]),
    ("", "[response.tme]\nparameters_file = \"none.toml\"", &["none.toml does not exist"]),
    (
        "",
        "[response.tme.parameters]\ndoomed_halflife = \"20 d\"",
        &["unknown parameter `doomed_halflife`", "did you mean `doomed_half_life`?"],
    ),
    ("", "[response.tme.parameters]\ndoomed_half_life = \"-20 d\"", &["`doomed_half_life`: \"-20 d\" is out of range", "greater than 0"]),
    ("", "[response.tme.parameters]\ndoomed_half_life = \"0 d\"", &["greater than 0"]),
    ("", "[response.tme.parameters]\ndoomed_half_life = 20", &["20 is a bare number, but a time needs its unit"]),
    ("", "[response.tme.parameters]\nconsumption = \"15 mmHg\"", &["is a partial pressure, but a partial pressure per time is needed"]),
    ("", "[response.tme.parameters]\nhypoxic_fraction = 1.2", &["out of range"]),
    ("", "[response.tme.parameters]\ndoomed_stages = 1.5", &["1.5 is no whole number", "write a whole number"]),
    ("", "[response.tme.parameters]\ndoomed_stages = 4", &["out of range"]),
    ("", "[response.tme.parameters]\noer_max = 0.9", &["it must be 1 or greater"]),
    ("", "[response.tme.parameters]\ninitial_cells = 0.95\ncapacity = 0.9", &["initial_cells = 0.95, above its capacity of 0.9"]),
    (
        "tissue = \"net\"\n",
        "tissue = \"net\"\nclonogens = \"1e9 /mL\"\n[response.tme]\n",
        &["1e9 clonogens/mL, more than the 2.06e8 cells/mL of full packing"],
    ),
    (
        "tissue = \"net\"\n",
        "tissue = \"net\"\nparameters = { equivalent_volume = 500 }\n[response.tme]\n",
        &["`equivalent_volume` has one value for all regions"],
    ),
    (
        "tissue = \"kidney\"\n",
        "tissue = \"kidney\"\nparameters = { hypoxic_fraction = 0.1 }\n[response.tme]\n",
        &["region \"kidneys\" does not evolve"],
    ),
    (
        "",
        "[response.tme]\nimmune = true\n[[response.drug]]\nname = \"x\"\nhalf_life = \"20 d\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"checkpoint\", ec50 = \"2.6 nM\" }",
        &["drug \"x\" acts on \"checkpoint\", but has one compartment with relative doses", "binding needs a concentration"],
    ),
    ("", DRUGLESS, &["drug \"mystery\" has no parameters: how long it stays is not known", "known by name: nivolumab, pembrolizumab"]),
    (
        "",
        "[[response.drug]]\nname = \"pembrolizumb\"\ndose = \"200 mg\"\ntimes = \"0 d\"\n[response.tme]\nimmune = true",
        &["did you mean `pembrolizumab`?"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\ntimes = \"0 d\"\n[response.tme]",
        &["acts on \"checkpoint\", which does nothing unless immune = true"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = 240\ntimes = \"0 d\"\n[response.tme]\nimmune = true",
        &["found a bare number, but a mass with unit is needed"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\ntimes = \"-7, 14 d\"\n[response.tme]\nimmune = true",
        &["-7 d is before the plan's zero", "start that fraction later"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\ntimes = \"0, 300 d\"\n[response.tme]\nimmune = true",
        &["given at 300 d, but the horizon of [response.tme] is 196 d"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\nevery = \"100 d\"\ncount = 9\n[response.tme]\nimmune = true",
        &["given at 800 d"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\nevery = \"1 d\"\ntimes = \"0 d\"\n[response.tme]\nimmune = true",
        &["both `times` and `every` are given"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = \"240, 120 mg\"\ntimes = \"0, 14, 28 d\"\n[response.tme]\nimmune = true",
        &["2 doses for 3 times"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ntimes = \"0 d\"\n[response.tme]\nimmune = true",
        &["drug \"nivolumab\" lacks `dose`", "dose = \"200 mg\""],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\n[response.tme]\nimmune = true",
        &["lacks `times`", "every = \"21 d\""],
    ),
    (
        "",
        "[[response.drug]]\nname = \"nivolumab\"\nhalf_life = \"25 d\"\ndose = \"240 mg\"\ntimes = \"0 d\"\n[response.tme]\nimmune = true",
        &["`half_life` for drug \"nivolumab\", whose kinetics are known"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"25 d\"\ncentral = \"3 L\"\ndose = 1\ntimes = \"0 d\"\n[response.tme]",
        &["both `half_life` and `central` are given"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\ncentral = \"3 L\"\nperipheral = \"2 L\"\nexchange = \"1 L/d\"\nmolar_mass = \"100 kDa\"\neffect = { on = \"alpha\", strength = 1, ec50 = \"1 mg\" }\ndose = \"1 mg\"\ntimes = \"0 d\"\n[response.tme]",
        &["lacks `clearance`"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nabsorption_half_life = \"1 h\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"alpha\", strength = 1, ec50 = 1 }\n[response.tme]",
        &["lacks `half_life`"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = 1\ntimes = \"0 d\"\n[response.tme]",
        &["drug \"x\" has no effect", "hypoxic-sensitiser"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = \"1 mg\"\ntimes = \"0 d\"\neffect = { on = \"alpha\", strength = 1, ec50 = 1 }\n[response.tme]",
        &["relative to ec50"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"alfa\", strength = 1, ec50 = 1 }\n[response.tme]",
        &["unknown word \"alfa\"", "\"alpha\", \"beta\", \"repair\""],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"alpha\", ec50 = 1 }\n[response.tme]",
        &["lacks `strength`"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"oxygen-use\", strength = 1.5, ec50 = 1 }\n[response.tme]",
        &["1.5 is out of range"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"oxygen-supply\", strength = 10, ec50 = 1 }\n[response.tme]",
        &["a partial pressure needs its unit"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"hypoxic-sensitiser\", strength = 0.5, ec50 = 1 }\n[response.tme]\noxygen = \"off\"",
        &["does nothing with oxygen = \"off\""],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nhalf_life = \"4 h\"\ndose = 1\ntimes = \"0 d\"\neffect = { on = \"caf-barrier\", strength = 0.5, ec50 = 1 }\n[response.tme]",
        &["\"caf-barrier\", which does nothing unless immune = true, or uptake_barrier is above 0", "uptake_barrier = 0.5"],
    ),
    (
        "",
        "[[response.drug]]\nname = \"x\"\nclearance = \"0.2 L/d\"\ncentral = \"3 L\"\nperipheral = \"3 L\"\nexchange = \"0.8 L/d\"\nmolar_mass = \"149 kDa\"\ndose = \"200 mg\"\ntimes = \"0 d\"\neffect = { on = \"checkpoint\", strength = 1, ec50 = \"1 nM\" }\n[response.tme]\nimmune = true",
        &["`strength` of a checkpoint inhibitor", "K_D"],
    ),
    ("", "[[response.drug]]\ndose = 1\n[response.tme]", &["lacks `name`"]),
    ("predicted = true\n", "predicted = \"yes\"\n", &["true or false"]),
    (
        "administered = \"7.4 GBq\"\n",
        "administered = \"7.4 GBq\"\npredicted = true\n",
        &["the first fraction cannot be predicted", "measured uptake of an earlier fraction"],
    ),
    (
        "start = \"112 d\"\npredicted = true",
        "start = \"112 d\"\nlike = 2",
        &["fraction 3 is like fraction 2, whose uptake is predicted and not known before the run"],
    ),
    ("activity = \"10 MBq\"\n", "", &["uptake of \"lesion_2\" in fraction 3, a predicted fraction, lacks its activity"]),
    (
        "start = \"56 d\"\npredicted = true\n",
        "start = \"56 d\"\npredicted = true\nlike = 7\n",
        &["`like = 7` does not name an earlier fraction"],
    ),
];

const DRUGLESS: &str = "[[response.drug]]\nname = \"mystery\"\ndose = \"200 mg\"\ntimes = \"0 d\"\n[response.tme]\nimmune = true";

#[test]
fn what_has_no_meaning_is_refused_once_and_with_advice() {
    let mut failures = String::new();
    for (from, to, phrases) in REFUSED {
        let text = if from.is_empty() {
            format!("{BODY}\n{to}\n")
        } else {
            assert!(BODY.contains(from), "{from}");
            format!("{}{}", BODY.replacen(from, to, 1), if to.contains("[response.tme]") { "" } else { TME })
        };
        let message = read(&text).err().unwrap_or_default();
        // One slip is one problem.
        if !phrases.iter().all(|p| message.contains(p)) || message.matches("plans/tme.toml:").count() != 1 {
            failures += &format!("{from:?} -> {to:?}: expected {phrases:?}, got\n{message}\n\n");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn voxels_between_the_oxygen_modes_need_a_word() {
    let text = SPHEROID.replace("spacing = \"10 um\"", "spacing = \"0.2 mm\"");
    let message = refused(&text);
    for phrase in ["voxels of 0.2, 0.2, 0.2 mm", "0.5 mm or more", "write oxygen = \"off\"", "macro, from 0.5 mm", "micro, up to 50 um"] {
        assert!(message.contains(phrase), "{phrase} in {message}");
    }
    assert!(read(&format!("{text}oxygen = \"off\"\n")).is_ok());
    // Nothing supplies a spheroid; a region that evolves is not held.
    let message = refused(SPHEROID);
    assert!(message.contains("nothing supplies it") && message.contains("[response.tme.supply.<region>]"), "{message}");
    let message = refused(&format!("{SPHEROID}supply.spheroid.po2 = \"40 mmHg\"\n"));
    assert!(message.contains("evolves: its pO2 is computed, not held"), "{message}");
    let message = refused(&format!("{SPHEROID}oxygen = \"macro\"\n"));
    assert!(message.contains("voxels of 10, 10, 10 um") && message.contains("oxygen = \"micro\""), "{message}");
}

#[test]
fn nothing_evolves_without_the_model() {
    let plain = BODY.replace("predicted = true\n", "like = 1\n");
    assert!(read(&plain).is_ok());
    for (more, phrase) in [
        ("[[response.drug]]\nname = \"nivolumab\"\ndose = \"240 mg\"\ntimes = \"0 d\"\n", "[[response.drug]] without [response.tme]"),
        ("parameters = { hypoxic_fraction = 0.1 }\n", "has parameters without [response.tme]"),
    ] {
        let message = refused(&format!("{plain}{more}"));
        assert!(message.contains(phrase) && message.matches("plans/tme.toml:").count() == 1, "{message}");
    }
    let message = refused(BODY);
    assert!(message.contains("`predicted` without [response.tme]"), "{message}");
    let healthy =
        plain.replace("tissue = \"net\"", "tissue = \"liver\"").replace("tissue = \"prostate-metastasis\"", "tissue = \"spleen\"");
    let message = refused(&format!("{healthy}{TME}"));
    assert!(message.contains("no region has a tumour for a tissue"), "{message}");
}

#[test]
fn another_nuclide_is_not_predicted_from() {
    let text =
        BODY.replace("[[fraction]]\nadministered", "[[nuclide]]\nname = \"Y-90\"\n\n[[fraction]]\nnuclide = \"Lu-177\"\nadministered");
    let foreign = text.replacen("predicted = true\n", "predicted = true\nnuclide = \"Y-90\"\n", 1);
    let message = refused(&format!("{foreign}{TME}"));
    assert!(message.contains("no fraction of Y-90 before fraction 2"), "{message}");
    let named = text.replacen("predicted = true\n", "predicted = true\nnuclide = \"Y-90\"\nlike = 1\n", 1);
    let message = refused(&format!("{named}{TME}"));
    assert!(message.contains("predicted from fraction 1, which is of another nuclide"), "{message}");
}

#[test]
fn no_missing_line_or_end_makes_the_reader_panic() {
    let full = format!("{BODY}{FULL}");
    let lines: Vec<&str> = full.lines().collect();
    let mut refused = 0;
    for skip in 0..lines.len() {
        let text: String = lines.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, l)| format!("{l}\n")).collect();
        refused += usize::from(read(&text).is_err());
    }
    assert!(refused > 40, "{refused} of {} lines are needed", lines.len());
    for (at, _) in full.char_indices().skip(BODY.len() - 20) {
        if let Err(message) = read(&full[..at]) {
            assert!(message.contains("plans/tme.toml:") && message.contains('^'), "{message}");
        }
    }
    // Values in the wrong place.
    for (at, line) in lines.iter().enumerate().skip(BODY.lines().count()).filter(|(_, l)| l.contains(" = ")) {
        let (key, _) = line.split_once(" = ").expect("a key");
        for value in ["3", "-1", "\"\"", "\"5 Tesla\"", "[]", "{}", "[[1]]", "true", "1979-05-27", "1e999", "nan", "\"-1e99 d\""] {
            let text: String =
                lines.iter().enumerate().map(|(i, l)| if i == at { format!("{key} = {value}\n") } else { format!("{l}\n") }).collect();
            if let Err(message) = read(&text) {
                assert!(message.contains("plans/tme.toml:"), "{key} = {value}: {message}");
            }
        }
    }
}
