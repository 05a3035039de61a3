//! The plans in phantoms/ build without a warning, and what phantoms/README.md says of them is so, the doses of a short run included.

use std::{
    collections::BTreeMap,
    f64::consts::PI,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use dosaic::{
    error::{Error, Result},
    grid::VoxelGrid,
    io::dicom::StructureName,
    nuclide::{Emissions, Nuclide},
    phantom::{self, CtVoxel, Phantom, PhantomInputs},
    physics::materials::{self, Material},
    plan::{self, ImageFile, ImageQuantity, Plan, RegionUptake},
    source::{self, DecayGroups, FractionSource, PatternCache, SourceComponent, UptakeInputs},
    volume::Volume,
};
use glam::DVec3;

/// J per MeV.
const JOULE_PER_MEV: f64 = 1.602_176_634e-13;
/// The table of expected figures.
const README: &str = include_str!("../phantoms/README.md");
/// Every plan of the folder.
const PLANS: [&str; 7] =
    ["lesion-kidneys-ac225", "micromet-ra223-bone", "net-liver-lu177", "slabs-y90", "sphere-y90", "spheroid-ac225", "spheroid-lu177"];

/// Materials of the program; no images, because the examples need none.
struct NoImages;

fn no_image<T>(path: &ImageFile) -> Result<T> {
    Err(Error::input(format!("{}: an example must run without images", path.display())))
}

impl PhantomInputs for NoImages {
    fn image(&self, path: &ImageFile) -> Result<Volume<f32>> {
        no_image(path)
    }
    fn structures(&self, path: &ImageFile, _: &VoxelGrid, _: &[StructureName]) -> Result<Option<Vec<Vec<u32>>>> {
        no_image(path)
    }
    fn labels(&self, path: &ImageFile) -> Result<Volume<u32>> {
        no_image(path)
    }
    fn material(&self, name: &str) -> Option<Material> {
        materials::find(name)
    }
    fn ct_materials(&self) -> Vec<Material> {
        vec![]
    }
    fn ct_convert(&self, hu: f32) -> CtVoxel {
        panic!("an example asked what {hu} HU is")
    }
}

impl UptakeInputs for NoImages {
    fn image(&self, path: &ImageFile, _: ImageQuantity) -> Result<Volume<f32>> {
        no_image(path)
    }
    fn resample_conserving(&self, image: &Volume<f32>, _: &VoxelGrid) -> (Volume<f64>, f64) {
        panic!("an example asked to resample {:?}", image.grid)
    }
}

/// An example with its phantom and the sources of its fractions.
struct Example {
    plan: Plan,
    phantom: Phantom,
    fractions: Vec<FractionSource>,
    groups: DecayGroups,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("phantoms")
}

fn example(name: &str) -> Example {
    let plan = plan::load(&folder().join(format!("{name}.toml"))).unwrap_or_else(|e| panic!("{e}"));
    let phantom = phantom::build(&plan.phantom, &plan.regions, &NoImages).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (mut cache, mut groups) = (PatternCache::new(&phantom), DecayGroups::default());
    let fractions = plan
        .fractions
        .iter()
        .map(|f| source::build(f, &plan.nuclides, &NoImages, &mut cache, &mut groups).unwrap_or_else(|e| panic!("{name}: {e}")))
        .collect();
    Example { plan, phantom, fractions, groups }
}

impl Example {
    fn region(&self, name: &str) -> usize {
        self.phantom.region_names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no region {name}"))
    }

    /// Mass of a region, g.
    fn mass(&self, region: &str) -> f64 {
        self.phantom.region_voxels(self.region(region)).map(|v| self.phantom.mass(v)).sum()
    }

    /// Volume of a region, mm3.
    fn volume(&self, region: &str) -> f64 {
        self.phantom.region_voxels(self.region(region)).count() as f64 * self.phantom.grid.voxel_volume_cm3() * 1e3
    }

    /// Components whose decays are in a region, per fraction.
    fn components(&self, region: &str) -> Vec<Vec<&SourceComponent>> {
        let here = |name: &str| {
            let place = name.split(" in ").nth(1).unwrap_or("");
            place.split(" from ").next() == Some(region)
        };
        self.fractions.iter().map(|f| f.components.iter().filter(|c| here(&c.name)).collect()).collect()
    }

    /// Decays of the nuclide administered in a region, per fraction.
    fn decays(&self, region: &str) -> Vec<f64> {
        let administered = |c: &&&SourceComponent| self.groups.all()[c.group].head().name == self.plan.nuclides[c.nuclide].name;
        self.components(region).iter().map(|f| f.iter().filter(administered).map(|c| c.tia).sum()).collect()
    }

    /// Dose if the energy of alphas, recoils and electrons stayed in the region, Gy per fraction.
    fn local_dose(&self, region: &str) -> Vec<f64> {
        let charged = |c: &SourceComponent| -> f64 {
            let members = self.groups.all()[c.group].members.iter();
            let energy = |(member, decays): &(&Nuclide, f64)| {
                let y = Emissions::of(member).yields();
                decays * (y.alpha.energy + y.recoil.energy + y.electron_energy())
            };
            c.tia * members.map(energy).sum::<f64>()
        };
        let mass = self.mass(region) * 1e-3;
        self.components(region).iter().map(|f| f.iter().map(|c| charged(c)).sum::<f64>() * JOULE_PER_MEV / mass).collect()
    }

    /// Uptakes of a region as planned, per fraction.
    fn uptakes(&self, region: &str) -> Vec<Vec<&RegionUptake>> {
        self.plan.fractions.iter().map(|f| f.uptakes.iter().filter(|u| u.region == region).collect()).collect()
    }
}

fn close(found: f64, expected: f64, relative: f64, what: &str) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{what}: found {found}, expected {expected} within {relative}");
}

/// Three significant digits.
fn three(value: f64) -> String {
    let digits = 2 - value.abs().log10().floor() as i32;
    if (0..7).contains(&digits) { format!("{value:.*}", digits as usize) } else { format!("{value:.2e}") }
}

/// Rows of the README's first table behind a text as cells, without head and rule.
fn table(behind: &str) -> Vec<Vec<&'static str>> {
    let text = README.split(behind).nth(1).unwrap_or_else(|| panic!("phantoms/README.md has no {behind:?}"));
    text.lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_folder_holds_these_plans_and_the_readme_tells_of_each() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .expect("phantoms/")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, PLANS);
    for name in PLANS {
        assert!(README.contains(&format!("`{name}.toml`")), "phantoms/README.md does not tell of {name}.toml");
    }
}

#[test]
fn every_example_builds_without_a_warning() {
    for name in PLANS {
        let example = example(name);
        assert_eq!(example.phantom.warnings, Vec::<String>::new(), "{name}");
        for fraction in &example.fractions {
            // A branch of a millionth of the decays without data belongs to the nuclide, not to the example.
            let told: Vec<&String> = fraction.warnings.iter().filter(|w| !w.contains("has no data and counts as stable")).collect();
            assert!(told.is_empty(), "{name}: {told:?}");
        }
        for region in &example.plan.regions {
            assert!(example.volume(&region.name) > 0.0, "{name}: {} has no voxel", region.name);
        }
        assert!(example.plan.defaults.len() > 3, "{name}: defaults are told");
        let longest = example.phantom.grid.size.iter().max().expect("three axes");
        assert!(*longest <= 128, "{name}: {longest} voxels is more than an example that runs at once should have");
    }
}

#[test]
fn masses_decays_and_local_doses_are_those_of_the_readme() {
    let mut right = Vec::new();
    for name in PLANS {
        let example = example(name);
        // Uptake that is predicted is not known before the run.
        let predicted =
            |region: &str| example.plan.fractions.iter().flat_map(|f| &f.uptakes).any(|u| u.region == region && u.predicted.is_some());
        let evolves = |region: &str| example.plan.response.tme.as_ref().is_some_and(|tme| tme.regions.iter().any(|r| r.region == region));
        let with_uptake = |region: &str| example.decays(region).iter().any(|&n| n > 0.0) && !(predicted(region) && evolves(region));
        for region in example.plan.regions.iter().map(|r| r.name.as_str()).filter(|r| with_uptake(r)) {
            let decays: f64 = example.decays(region).iter().sum();
            let dose: f64 = example.local_dose(region).iter().sum();
            right.push([format!("`{name}`"), format!("`{region}`"), three(example.mass(region)), three(decays), three(dose)]);
        }
    }
    let written: Vec<Vec<&str>> = table("## Figures to expect").into_iter().map(|row| row.into_iter().take(5).collect()).collect();
    let lines = || right.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect::<String>();
    assert_eq!(written, right, "the first five columns should read\n{}", lines());
}

#[test]
fn volumes_are_those_of_the_shapes() {
    let ball = |r: f64| 4.0 / 3.0 * PI * r.powi(3);
    let liver = example("net-liver-lu177");
    let ellipsoid = |a: f64, b: f64, c: f64| 4.0 / 3.0 * PI * a * b * c;
    close(liver.volume("kidneys"), 2.0 * ellipsoid(27.0, 24.0, 54.0), 0.02, "kidneys");
    close(liver.volume("spleen"), ellipsoid(25.0, 36.0, 40.0), 0.02, "spleen");
    close(liver.volume("lesion_1"), ball(20.0), 0.02, "lesion 1");
    close(liver.volume("lesion_2"), ball(12.0), 0.04, "lesion 2");
    close(liver.volume("lesion_3"), ball(7.0), 0.15, "lesion 3");
    close(liver.volume("spine_marrow"), PI * 16.0f64.powi(2) * 256.0, 0.06, "marrow of the spine");
    // Whole liver: what the lesions and the kidney took from the ellipsoid is no more than theirs.
    let lesions: f64 = ["lesion_1", "lesion_2", "lesion_3"].iter().map(|l| liver.volume(l)).sum();
    close(liver.volume("liver") + lesions, ellipsoid(85.0, 72.0, 68.0), 0.01, "liver with lesions");

    let sphere = example("sphere-y90");
    close(sphere.volume("sphere"), ball(10.0), 0.01, "sphere");
    close(sphere.volume("shell"), ball(15.0) - ball(10.0), 0.02, "shell");

    let slabs = example("slabs-y90");
    let area = 1600.0;
    let layers = [("water_behind", 11.75), ("source", 0.25), ("water", 2.0), ("bone", 1.0), ("water_beyond", 8.0)];
    for (region, thickness) in layers {
        close(slabs.volume(region), area * thickness, 1e-12, region);
    }
    close(slabs.volume("lung") + slabs.volume("core"), area * 5.0, 1e-12, "lung and its core");
    close(slabs.volume("core"), 500.0, 1e-12, "core");

    let spheroid = example("spheroid-ac225");
    close(spheroid.volume("spheroid"), ball(0.15), 0.005, "spheroid");
    let bone = example("micromet-ra223-bone");
    let ring = |outer: f64, inner: f64| PI * (outer.powi(2) - inner.powi(2)) * 0.48;
    close(bone.volume("bone_core"), ring(0.07, 0.0), 0.02, "bone core");
    close(bone.volume("bone_surface"), ring(0.08, 0.07), 0.06, "bone surface");
    close(bone.volume("micromet"), ball(0.06), 0.06, "micrometastasis, part of which is bone's");
}

#[test]
fn liver_example_has_the_doses_per_activity_that_are_reported() {
    let example = example("net-liver-lu177");
    let administered: Vec<f64> = example.plan.fractions.iter().map(|f| f.administered * 1e-9).collect();
    assert_eq!(administered, [7.4; 4]);
    let starts: Vec<f64> = example.plan.fractions.iter().map(|f| f.start / 86400.0).collect();
    assert_eq!(starts, [0.0, 56.0, 112.0, 168.0]);
    for (region, low, high) in [
        ("kidneys", 0.4, 0.6),
        ("spleen", 0.9, 1.3),
        ("liver", 0.2, 0.4),
        ("spine_marrow", 0.01, 0.04),
        ("lesion_1", 1.5, 10.0),
        ("lesion_2", 1.5, 10.0),
    ] {
        for (dose, activity) in example.local_dose(region).iter().zip(&administered) {
            let per_activity = dose / activity;
            assert!((low..high).contains(&per_activity), "{region}: {per_activity} Gy/GBq");
        }
    }
}

#[test]
fn liver_example_predicts_its_lesions_and_measures_its_kidneys() {
    let example = example("net-liver-lu177");
    let pattern = |region: &str, fraction: usize| Arc::clone(&example.components(region)[fraction][0].pattern);
    for f in 1..4 {
        for region in ["body", "liver", "spleen", "kidneys", "spine_marrow", "lesion_1", "lesion_2", "lesion_3"] {
            assert!(Arc::ptr_eq(&pattern(region, 0), &pattern(region, f)), "{region}: one pattern needs one transport");
        }
        let uptake = |region: &str| example.plan.fractions[f].uptakes.iter().find(|u| u.region == region).expect("an uptake");
        for region in ["lesion_1", "lesion_2", "lesion_3"] {
            assert_eq!(uptake(region).predicted.map(|p| (p.from, p.scale)), Some((1, 1.0)), "{region}");
        }
        // Fraction 4 takes over what was measured in fraction 3.
        assert_eq!(uptake("kidneys").predicted.map(|p| (p.from, p.scale)), (f == 3).then_some((3, 1.0)));
    }
    let both = &example.components("body")[0];
    assert!(both.len() == 2 && Arc::ptr_eq(&both[0].pattern, &both[1].pattern), "two half-lives, one place");
    let tme = example.plan.response.tme.as_ref().expect("a microenvironment");
    assert!(!tme.immune && tme.regions.len() == 3);
}

#[test]
fn spheroid_takes_up_less_and_deeper_from_fraction_to_fraction() {
    let example = example("spheroid-ac225");
    let grid = &example.phantom.grid;
    let depth = |fraction: usize| -> f64 {
        let pattern = &example.components("spheroid")[fraction][0].pattern;
        let at = |&v: &u32| 0.15 - grid.center(grid.ijk(v as usize)).distance(DVec3::ZERO);
        pattern.voxels.iter().map(at).zip(&pattern.shares).map(|(depth, share)| depth * share).sum()
    };
    let depths = [depth(0), depth(1), depth(2)];
    // A sphere filled evenly has a mean depth of a quarter of its radius, 37.5 um.
    assert!(depths[0] < 0.02 && depths[0] < 0.8 * depths[1] && depths[1] < 0.95 * depths[2] && depths[2] < 0.0375, "{depths:?} mm");
    let decays = example.decays("spheroid");
    assert!(decays[0] > decays[1] && decays[1] > decays[2], "{decays:?}");
    // By hand: 0.06 Bq x 5 d / ln 2.
    close(decays[0], 0.06 * 5.0 * 86400.0 / 2f64.ln(), 1e-12, "decays of fraction 1");
    assert!(example.uptakes("host").iter().all(|u| u.len() == 1));
}

#[test]
fn bone_example_needs_one_transport_for_six_fractions() {
    let example = example("micromet-ra223-bone");
    assert_eq!(example.fractions.len(), 6);
    for region in ["bone_surface", "micromet"] {
        let components = example.components(region);
        assert!(components.iter().all(|f| f.len() == 1 && Arc::ptr_eq(&f[0].pattern, &components[0][0].pattern)), "{region}");
    }
    // The micrometastasis lies on the bone: some of its voxels have a bone voxel for a neighbour.
    let (tumour, bone) = (example.region("micromet") as u16 + 1, example.region("bone_surface") as u16 + 1);
    let regions = &example.phantom.regions;
    let contacts = regions.windows(2).filter(|pair| pair.contains(&tumour) && pair.contains(&bone)).count();
    assert!(contacts > 20, "{contacts} faces in contact");
    // 11.43 d and 0.024 Bq: 34 200 decays per fraction in the bone.
    close(example.decays("bone_surface")[0], 0.024 * 11.43 * 86400.0 / 2f64.ln(), 1e-3, "decays in bone");
}

/// Mean total dose and its standard error per region, Gy, of a short run of an example by the program itself.
fn short_run(name: &str) -> BTreeMap<String, [f64; 2]> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    // Spheroids in time take minutes; dose is all that is asked for here.
    let mut text = std::fs::read_to_string(self::folder().join(format!("{name}.toml"))).expect("a plan");
    if let Some((start, end)) = text.find("[response.tme]").zip(text.find("[output]")).filter(|_| name.starts_with("spheroid")) {
        text.replace_range(start..end, "");
    }
    let plan = folder.path().join(format!("{name}.toml"));
    std::fs::write(&plan, text).expect("written");
    let run = Command::new(env!("CARGO_BIN_EXE_dosaic"))
        // Predicted fractions bring no histories to what the first one has transported.
        .args(["run", "--device", "cpu", "--photons", "off", "--quiet", "--histories"])
        .args([if name == "net-liver-lu177" { "600000" } else { "200000" }, "--out"])
        .args([&out, &plan])
        .output()
        .expect("the program");
    assert_eq!(run.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    let text = std::fs::read_to_string(out.join("regions.csv")).expect("regions.csv");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().expect("a head");
    let column = |name: &str| head.iter().position(|n| *n == name).unwrap_or_else(|| panic!("no column {name}"));
    let columns = ["dose_mean_gy", "dose_mean_sigma_gy"].map(column);
    let number = |row: &[&str], column: usize| row[column].parse::<f64>().unwrap_or_else(|e| panic!("{name}: {row:?}: {e}"));
    lines.filter(|row| row[0] == "total").map(|row| (row[1].to_owned(), columns.map(|c| number(&row, c)))).collect()
}

#[test]
fn short_runs_give_the_doses_that_were_estimated_by_other_means() {
    let tolerance: BTreeMap<&str, f64> = ["a", "b", "c", "d", "e"]
        .into_iter()
        .map(|letter| {
            let percent = README.split(&format!("- **{letter}** (")).nth(1).and_then(|rest| rest.split(" %)").next());
            (letter, percent.and_then(|p| p.parse::<f64>().ok()).expect("a tolerance in per cent") / 100.0)
        })
        .collect();
    let with_uptake = table("## Figures to expect").into_iter().map(|row| [row[0], row[1], row[5], row[6]]);
    let without = table("Regions without activity of their own:").into_iter().map(|row| [row[0], row[1], row[2], row[3]]);
    let rows: Vec<[&str; 4]> = with_uptake.chain(without).collect();
    let mut compared = 0;
    let mut off = Vec::new();
    for name in PLANS {
        let doses = short_run(name);
        for [_, region, expected, how] in rows.iter().filter(|row| row[0].trim_matches('`') == name) {
            let Some(&tolerance) = how.get(..1).filter(|_| !how.starts_with("roughly")).and_then(|letter| tolerance.get(letter)) else {
                continue;
            };
            let expected: f64 = expected.parse().unwrap_or_else(|e| panic!("{name}, {region}: {expected:?}: {e}"));
            let [dose, sigma] = doses[region.trim_matches('`')];
            println!("{name}, {region}: {dose:.4} +- {sigma:.4} Gy, estimated {expected} Gy, {:+.1} %", 100.0 * (dose / expected - 1.0));
            // Two standard errors beyond the estimate's own tolerance; and a run too short to tell is no comparison.
            if (dose - expected).abs() > tolerance * expected + 2.0 * sigma || sigma > tolerance * expected {
                off.push(format!("{name}, {region}: {dose} +- {sigma} Gy, estimated {expected} Gy within {} %", 100.0 * tolerance));
            }
            compared += 1;
        }
    }
    assert!(compared >= 19, "only {compared} rows compared");
    assert!(off.is_empty(), "{}", off.join("\n"));
}
