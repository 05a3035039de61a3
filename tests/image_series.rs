//! Therapy planned from images: a SPECT series made from a known truth (blurred, noisy, on a grid of its own) goes through a whole run, and activities
//! and doses are compared with the truth. A made-up patient always; a CT with organ labels where one is at hand.

#[path = "support/run.rs"]
mod support;

use std::{f64::consts::LN_2, fmt::Write as _, path::Path};

use dosaic::{
    dose::regions::Period,
    engine::Inputs,
    grid::VoxelGrid,
    io::image::{Description, write_nifti},
    phantom::{self, Phantom},
    plan::{self, Plan, Vocabulary},
    source::FractionSource,
    volume::{Volume, resample_conserving},
};
use glam::DVec3;

const HOURS: [f64; 4] = [4.0, 24.0, 96.0, 168.0];
const ADMINISTERED: f64 = 7.4e9;

/// What a region truly takes up: share of the administered activity, effective half-lives of clearance and uptake (h).
struct Uptake {
    region: &'static str,
    share: f64,
    half_life: f64,
    rise: f64,
}

impl Uptake {
    fn activity(&self, hours: f64) -> f64 {
        self.share * ADMINISTERED * ((-LN_2 * hours / self.half_life).exp() - (-LN_2 * hours / self.rise).exp())
    }

    fn tia(&self) -> f64 {
        self.share * ADMINISTERED * (self.half_life - self.rise) * 3600.0 / LN_2
    }
}

/// Random numbers for the noise: SplitMix64 and Box-Muller.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 12) as f64 / (1u64 << 52) as f64 + 1e-17
    }

    /// Counts around their expectation.
    fn counts(&mut self, mean: f64) -> f64 {
        if mean > 50.0 {
            let normal = (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos();
            return (mean + mean.sqrt() * normal).max(0.0).round();
        }
        let (limit, mut product, mut n) = ((-mean).exp(), self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            n += 1.0;
        }
        n
    }
}

/// A Gaussian blur, along one axis after the other; the sum is kept but for what leaves the image.
fn blur(volume: &mut Volume<f64>, fwhm: f64) {
    let sigma = fwhm / 2.354_820_045;
    let size = volume.grid.size.map(|n| n as usize);
    let spacing = volume.grid.spacing.to_array();
    for axis in 0..3 {
        let reach = (4.0 * sigma / spacing[axis]).ceil() as usize;
        let mut kernel: Vec<f64> = (0..=reach).map(|k| (-0.5 * (k as f64 * spacing[axis] / sigma).powi(2)).exp()).collect();
        let total = 2.0 * kernel.iter().sum::<f64>() - kernel[0];
        kernel.iter_mut().for_each(|w| *w /= total);
        let stride = [1, size[0], size[0] * size[1]][axis];
        let before = volume.data.clone();
        for (v, value) in volume.data.iter_mut().enumerate() {
            let j = v / stride % size[axis];
            let part = |k: usize| {
                let low = if k <= j { before[v - k * stride] } else { 0.0 };
                let high = if j + k < size[axis] { before[v + k * stride] } else { 0.0 };
                if k == 0 { before[v] } else { low + high }
            };
            *value = kernel.iter().enumerate().map(|(k, w)| w * part(k)).sum();
        }
    }
}

/// A patient: phantom and what its regions take up. Without own uptake, voxels of regions that are not listed hold none.
struct Study {
    head: String,
    phantom: Phantom,
    uptakes: Vec<Uptake>,
    folder: tempfile::TempDir,
}

impl Study {
    fn new(head: String, uptakes: Vec<Uptake>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dummy =
            format!("{head}[[fraction]]\nadministered = \"1 GBq\"\n[fraction.uptake.lesion]\nfraction = 0.1\nhalf_life = \"physical\"\n");
        let plan = plan::parse(&dummy, &folder.path().join("plan.toml"), &Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"));
        let phantom = phantom::build(&plan.phantom, &plan.regions, &Inputs::default()).unwrap_or_else(|e| panic!("{e}"));
        Self { head, phantom, uptakes, folder }
    }

    /// Share of a region's activity in each of its voxels: uneven, warmer in front by up to half.
    fn shares(&self, region: &str) -> Vec<(usize, f64)> {
        let label = self.label(region);
        let voxels: Vec<usize> = (0..self.phantom.grid.len()).filter(|&v| self.phantom.regions[v] == label).collect();
        let y = |v: usize| self.phantom.grid.center(self.phantom.grid.ijk(v)).y;
        let (low, high) = voxels.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(y(v)), h.max(y(v))));
        let weight = |v: usize| 1.5 - 0.5 * (y(v) - low) / (high - low).max(1e-9);
        let total: f64 = voxels.iter().map(|&v| weight(v)).sum();
        voxels.iter().map(|&v| (v, weight(v) / total)).collect()
    }

    fn label(&self, region: &str) -> u16 {
        self.phantom.region_names.iter().position(|name| name == region).unwrap_or_else(|| panic!("no region {region}")) as u16 + 1
    }

    /// Per voxel of the phantom, the sum over regions of `amount` (of all of a region).
    fn map(&self, amount: impl Fn(&Uptake) -> f64) -> Volume<f32> {
        let mut map = Volume::new(self.phantom.grid, vec![0.0f32; self.phantom.grid.len()]);
        for uptake in &self.uptakes {
            for (v, share) in self.shares(uptake.region) {
                map.data[v] += (amount(uptake) * share) as f32;
            }
        }
        map
    }

    /// SPECT voxels of 4.8 mm around the whole phantom, not aligned with its voxels.
    fn camera(&self) -> VoxelGrid {
        let grid = &self.phantom.grid;
        // The phantom's axes may run the other way.
        let (first, last) = (grid.center([0; 3]), grid.center(grid.size.map(|n| n - 1)));
        let (low, high) = (first.min(last), first.max(last));
        let size = ((high - low) / 4.8 + 18.0).ceil();
        VoxelGrid::axis_aligned([size.x as u32, size.y as u32, size.z as u32], DVec3::splat(4.8), low - DVec3::new(41.3, 40.1, 42.7))
    }

    /// The activity at a time as the camera resolves it (8 and 6 mm behind each other: 10 mm), Bq per voxel; with counting noise unless `None`.
    fn image(&self, hours: f64, noise: Option<&mut Noise>) -> Volume<f64> {
        // 20 minutes at 10 counts/s per MBq.
        let counts_per_bq = 10.0e-6 * 1200.0;
        let (mut image, _) = resample_conserving(&self.map(|u| u.activity(hours)), &self.camera());
        blur(&mut image, 8.0);
        if let Some(noise) = noise {
            image.data.iter_mut().for_each(|a| *a = noise.counts(*a * counts_per_bq) / counts_per_bq);
        }
        blur(&mut image, 6.0);
        image
    }

    /// Share of a region's activity that the camera without noise has inside it, with what comes in from others.
    fn recovery(&self, region: &str) -> f64 {
        let seen = resample_conserving(&as_f32(&self.image(24.0, None), 1.0), &self.phantom.grid).0;
        let label = self.label(region);
        let inside: f64 = (0..seen.data.len()).filter(|&v| self.phantom.regions[v] == label).map(|v| seen.data[v]).sum();
        inside / self.uptakes.iter().find(|u| u.region == region).expect("an uptake").activity(24.0)
    }

    /// Writes the noisy series in Bq/mL.
    fn write_series(&self, seed: u64) {
        let mut noise = Noise(seed);
        for hours in HOURS {
            let image = self.image(hours, Some(&mut noise));
            let description = Description::new("activity", "Bq/mL", "spect").expect("a description");
            let volume = as_f32(&image, 1.0 / image.grid.voxel_volume_cm3());
            write_nifti(self.folder.path().join(format!("{hours}h.nii.gz")), &volume, &description).expect("an image");
        }
    }

    fn plan(&self, fraction: &str) -> Plan {
        let text = format!("{}[[fraction]]\nadministered = \"7.4 GBq\"\n{fraction}", self.head);
        plan::parse(&text, &self.folder.path().join("plan.toml"), &Vocabulary::built_in()).unwrap_or_else(|e| panic!("{e}"))
    }

    /// A plan with the series; `how` are further keys of `[[fraction.series]]`.
    fn imaged(&self, how: &str) -> Found {
        let images: Vec<String> = HOURS.iter().map(|h| format!("\"{h}h.nii.gz\"")).collect();
        let plan = self.plan(&format!(
            "[[fraction.series]]\nimages = [{}]\ntimes = \"4, 24, 96, 168 h\"\nunit = \"Bq/mL\"\n{how}\n",
            images.join(", ")
        ));
        Found::run(&plan)
    }

    /// The doses of the true decays.
    fn truth(&self) -> Found {
        let description = Description::new("decays", "Bq s", "truth").expect("a description");
        write_nifti(self.folder.path().join("truth.nii.gz"), &self.map(Uptake::tia), &description).expect("an image");
        Found::run(&self.plan("[[fraction.image]]\nfile = \"truth.nii.gz\"\nunit = \"Bq s\"\n"))
    }
}

fn as_f32(volume: &Volume<f64>, factor: f64) -> Volume<f32> {
    Volume::new(volume.grid, volume.data.iter().map(|&x| (x * factor) as f32).collect())
}

/// Sources and doses of a run.
struct Found {
    source: FractionSource,
    /// Region, mean dose, its statistical error, its uncertainty by the activities.
    doses: Vec<(String, f64, f64, f64)>,
}

impl Found {
    fn run(plan: &Plan) -> Self {
        let (prepared, result) = support::run(plan);
        let rows = result.rows.iter().filter(|row| row.fraction == Period::Total);
        let doses = rows
            .filter_map(|row| {
                let (dose, sigma) = (row.dose_mean_gy?, row.dose_mean_sigma_gy?);
                Some((row.region.clone(), dose, sigma, row.dose_mean_activity_sigma_gy.unwrap_or(0.0)))
            })
            .collect();
        Self { source: prepared.treatment.sources[0].clone(), doses }
    }

    /// Time-integrated activity of a region, Bq s, with its standard uncertainty.
    fn tia(&self, region: &str) -> (f64, f64) {
        let found = self.source.activities.iter().find(|a| a.place.contains(&format!("in {region} "))).expect("a region");
        (found.tia, found.tia * found.uncertainty.own)
    }

    fn dose(&self, region: &str) -> (f64, f64, f64) {
        let found = self.doses.iter().find(|d| d.0 == region).expect("a region");
        (found.1, found.2, found.3)
    }
}

/// Truth, images without and with correction for recovery, side by side; returns what was compared.
fn compare(study: &Study, regions: &[&str]) -> Vec<[f64; 4]> {
    study.write_series(20_261_123);
    let truth = study.truth();
    let listed: Vec<String> = regions.iter().map(|r| format!("\"{r}\"")).collect();
    let keys = format!("regions = [{}]\nfit = \"uptake\"\nnoise = \"3 %\"\ncalibration = \"3 %\"", listed.join(", "));
    let recovery: Vec<f64> = regions.iter().map(|region| study.recovery(region)).collect();
    let coefficients: Vec<String> = regions.iter().zip(&recovery).map(|(region, r)| format!("{region} = {r:.4}")).collect();
    let plain = study.imaged(&keys);
    let corrected = study.imaged(&format!("{keys}\nrecovery = {{ {} }}", coefficients.join(", ")));
    let mut text =
        String::from("region   recovery  tia GBq h   imaged/truth      corrected/truth   dose Gy  imaged/truth  corrected/truth\n");
    let mut rows = Vec::new();
    for (region, recovery) in regions.iter().zip(&recovery) {
        let uptake = study.uptakes.iter().find(|u| u.region == *region).expect("an uptake");
        let (found, sigma) = plain.tia(region);
        let (right, right_sigma) = corrected.tia(region);
        let (dose, dose_sigma, _) = truth.dose(region);
        let (imaged, _, _) = plain.dose(region);
        let (restored, restored_sigma, by_activity) = corrected.dose(region);
        let statistical = dose_sigma.hypot(restored_sigma) / dose;
        let _ = writeln!(
            text,
            "{region:8} {recovery:8.3} {:9.3}   {:.3} +- {:.3}    {:.3} +- {:.3}    {dose:7.3}  {:.3}         {:.3} +- {statistical:.3} +- {:.3}",
            uptake.tia() / 3.6e12,
            found / uptake.tia(),
            sigma / uptake.tia(),
            right / uptake.tia(),
            right_sigma / uptake.tia(),
            imaged / dose,
            restored / dose,
            by_activity / dose,
        );
        rows.push([found / uptake.tia() / recovery, right / uptake.tia(), restored / dose, right_sigma / uptake.tia()]);
    }
    println!("{text}");
    rows
}

/// Lu-177 in a body with kidneys and a lesion.
fn made_up() -> Study {
    let head = r#"
[phantom]
voxels = [56, 40, 36]
spacing = "4 mm"
background = "air"
[[region]]
name = "body"
material = "soft_tissue"
shape = "ellipsoid"
center = "0, 0, 0 mm"
semi_axes = "108, 76, 200 mm"
[[region]]
name = "kidneys"
material = "kidney"
shapes = [
    { shape = "ellipsoid", center = "-50, 25, 0 mm", semi_axes = "28, 25, 50 mm" },
    { shape = "ellipsoid", center = "50, 25, 0 mm", semi_axes = "28, 25, 50 mm" },
]
[[region]]
name = "lesion"
material = "soft_tissue"
shape = "sphere"
center = "-10, -35, 10 mm"
radius = "16 mm"
[[nuclide]]
name = "Lu-177"
[transport]
histories = 200000
seed = 5
"#;
    let uptake = |region, share, half_life, rise| Uptake { region, share, half_life, rise };
    Study::new(head.into(), vec![uptake("body", 0.2, 40.0, 1.0), uptake("kidneys", 0.03, 50.0, 1.5), uptake("lesion", 0.008, 90.0, 6.0)])
}

#[test]
fn a_run_planned_from_images_finds_the_activities_and_doses_behind_them() {
    for ([plain, corrected, dose, sigma], region) in compare(&made_up(), &["kidneys", "lesion"]).into_iter().zip(["kidneys", "lesion"]) {
        // What the camera blurs is missing and no more: the pipeline adds nothing to it but the noise of the fit.
        assert!((plain - 1.0).abs() < 0.02 + 2.0 * sigma, "{region}: {plain}");
        assert!((corrected - 1.0).abs() < 0.02 + 2.0 * sigma, "{region}: {corrected}");
        // Doses follow (cross-fire from the other regions included); the pattern inside the region is blurred.
        assert!((dose - 1.0).abs() < 0.03 + 2.0 * sigma, "{region}: {dose}");
    }
}

#[test]
fn voxel_by_voxel_the_same_activity_is_found_in_all() {
    let study = made_up();
    study.write_series(7);
    let found = study.imaged("by = \"voxel\"\nclasses = 6\nnoise = \"3 %\"\ncalibration = \"4 %\"");
    let truth: f64 = study.uptakes.iter().map(Uptake::tia).sum();
    let tia: f64 = found.source.activities.iter().map(|a| a.tia).sum();
    let (dose, ..) = found.dose("kidneys");
    let (expected, ..) = study.truth().dose("kidneys");
    println!(
        "{} classes, {:.3} of the true decays, kidneys {:.3} of the true dose",
        found.source.components.len(),
        tia / truth,
        dose / expected
    );
    assert_eq!(found.source.components.len(), 6);
    // All classes err together, and as their camera does.
    let uncertainty = |i: usize| found.source.components[i].uncertainty;
    assert!(
        (0..6).all(|i| uncertainty(i).calibration == 0.04 && uncertainty(i).origin == uncertainty(0).origin && uncertainty(i).own > 0.0)
    );
    // A part is blurred out of the phantom, single exponentials begin too high (uptake phase), and noise lifts A/k.
    assert!((0.9..1.12).contains(&(tia / truth)));
    // Recovery of the kidneys is 0.87.
    assert!((0.8..1.0).contains(&(dose / expected)));
}

/// Regions err each for themselves; the same series in another fraction errs as before, so doses of both together are as uncertain as one.
#[test]
fn one_measurement_errs_as_one_in_all_fractions() {
    let study = made_up();
    study.write_series(3);
    let images: Vec<String> = HOURS.iter().map(|h| format!("\"{h}h.nii.gz\"")).collect();
    let series = format!(
        "[[fraction.series]]\nimages = [{}]\ntimes = \"4, 24, 96, 168 h\"\nunit = \"Bq/mL\"\nregions = [\"kidneys\", \"lesion\"]\nrest = false\nfit = \"mono\"\nnoise = \"10 %\"\n",
        images.join(", ")
    );
    let once = Found::run(&study.plan(&series));
    let thrice = "[[fraction]]\nlike = 1\nstart = \"56 d\"\n[[fraction]]\nlike = 1\nstart = \"112 d\"\n";
    let thrice = Found::run(&study.plan(&format!("{series}{thrice}")));
    for region in ["kidneys", "lesion"] {
        let ((dose, _, sigma), (total, _, total_sigma)) = (once.dose(region), thrice.dose(region));
        assert!(sigma / dose > 0.03);
        assert!((total / dose / 3.0 - 1.0).abs() < 0.05, "{total} of three, {dose} of one");
        assert!((total_sigma / total / (sigma / dose) - 1.0).abs() < 0.05, "{region}: {total_sigma} of {total}, {sigma} of {dose}");
    }
    let origins: Vec<usize> = once.source.components.iter().map(|c| c.uncertainty.origin).collect();
    assert!(origins.len() == 2 && origins[0] != origins[1]);
}

/// The same on a real CT with organ labels: DOSAIC_CT_FOLDER names a folder with ct.nii.gz and labels.nii.gz, where label 1 is the spleen,
/// 2 and 3 are kidneys and 5 the liver (TotalSegmentator).
#[test]
#[ignore = "needs a CT: DOSAIC_CT_FOLDER"]
fn a_real_ct() {
    let folder = std::env::var("DOSAIC_CT_FOLDER").expect("DOSAIC_CT_FOLDER names the folder of ct.nii.gz and labels.nii.gz");
    let folder = Path::new(&folder).canonicalize().expect("the folder is there");
    let labels = dosaic::io::image::read(folder.join("labels.nii.gz")).expect("labels");
    let liver: Vec<DVec3> =
        (0..labels.data.len()).filter(|&v| labels.data[v] == 5.0).map(|v| labels.grid.center(labels.grid.ijk(v))).collect();
    let center = liver.iter().sum::<DVec3>() / liver.len() as f64;
    let head = format!(
        r#"
[phantom]
ct = "{0}/ct.nii.gz"
labels = "{0}/labels.nii.gz"
[[region]]
name = "spleen"
labels = [1]
[[region]]
name = "kidneys"
labels = [2, 3]
[[region]]
name = "liver"
labels = [5]
[[region]]
name = "lesion"
shape = "sphere"
center = "{1:.1}, {2:.1}, {3:.1} mm"
radius = "15 mm"
[[nuclide]]
name = "Lu-177"
[transport]
histories = 2000000
seed = 5
"#,
        folder.display(),
        center.x,
        center.y,
        center.z
    );
    let uptake = |region, share, half_life, rise| Uptake { region, share, half_life, rise };
    let study = Study::new(
        head,
        vec![
            uptake("spleen", 0.025, 60.0, 1.0),
            uptake("kidneys", 0.02, 50.0, 1.5),
            uptake("liver", 0.06, 55.0, 1.0),
            uptake("lesion", 0.008, 90.0, 6.0),
        ],
    );
    let regions = ["kidneys", "spleen", "liver", "lesion"];
    for ([plain, corrected, dose, sigma], region) in compare(&study, &regions).into_iter().zip(regions) {
        assert!((plain - 1.0).abs() < 0.02 + 2.0 * sigma, "{region}: {plain}");
        assert!((corrected - 1.0).abs() < 0.02 + 2.0 * sigma, "{region}: {corrected}");
        assert!((dose - 1.0).abs() < 0.04 + 2.0 * sigma, "{region}: {dose}");
    }
}
