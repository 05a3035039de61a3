//! Radiation quality is one and the same in every table: the BED of the microenvironment in time and that of the closed forms. Whole runs on the CPU.

#[path = "support/run.rs"]
mod support;

use std::path::Path;

use dosaic::{
    dose::regions::Period,
    engine::Evaluation,
    plan::{self, Vocabulary},
    report::tme::endpoints,
};
use support::run;

/// Bi-213 in a lesion that evolves, and in tissue that does not.
fn evaluation(quality: &str) -> Evaluation {
    let text = format!(
        r#"
[phantom]
voxels = [12, 6, 6]
spacing = "0.5 mm"
background = "soft_tissue"
[[region]]
name = "organ"
material = "soft_tissue"
shape = "box"
center = "-1.5, 0, 0 mm"
size = "2 mm"
[[region]]
name = "lesion"
material = "soft_tissue"
shape = "box"
center = "1.5, 0, 0 mm"
size = "2 mm"
[[nuclide]]
name = "Bi-213"
[[fraction]]
administered = "100 MBq"
[fraction.uptake.organ]
activity = "1 kBq"
half_life = "40 min"
[fraction.uptake.lesion]
activity = "3 kBq"
half_life = "40 min"
[transport]
histories = 40000
photons = "off"
[response.region.organ]
tissue = "kidney"
rbe_high_let = 3
[response.region.lesion]
tissue = "net"
rbe_high_let = 5
high_let_beta = 0.5
[response.tme]
regions = ["lesion"]
horizon = "4 d"
step = "0.25 d"
{quality}
"#
    );
    let plan = plan::parse(&text, Path::new("lesion.toml"), &Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"));
    run(&plan).1
}

fn closed_form(found: &Evaluation, region: &str) -> f64 {
    let row = found.rows.iter().find(|row| row.fraction == Period::Total && row.region == region).expect("a row");
    row.response.bed_mean_gy.expect("a BED")
}

#[test]
fn one_bed_whatever_table_it_stands_in() {
    let mut beds = Vec::new();
    for quality in ["", "quality = \"let\"", "quality = \"mkm\"", "few_hits = true"] {
        let found = evaluation(quality);
        let lesions = endpoints::lesions(found.tme.as_ref().expect("a microenvironment"));
        let (in_time, closed) = (lesions[0].bed_gy, closed_form(&found, "lesion"));
        println!("{quality:18} BED {in_time:.6} Gy in time, {closed:.6} Gy in closed form; organ {:.6}", closed_form(&found, "organ"));
        // The course sums thousands of single-precision steps; 70 half-lives fit in the horizon.
        assert!((in_time / closed - 1.0).abs() < 2e-5, "{quality}: {in_time} {closed}");
        beds.push((closed, closed_form(&found, "organ")));
    }
    // Each of them differs from the constant RBE, and only where something evolves.
    for (bed, organ) in &beds[1..] {
        assert!((bed / beds[0].0 - 1.0).abs() > 0.02, "{bed} {}", beds[0].0);
        assert!((organ / beds[0].1 - 1.0).abs() < 1e-6);
    }
}
