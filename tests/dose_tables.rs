//! From tallies to result files: hand-made tallies go in, the files of a run come out, and every number is checked by hand.

use std::collections::{BTreeMap, BTreeSet};

use dosaic::{
    dose::{
        accumulate::{dose_maps, dose_rate_components, region_doses},
        component::{LetClass, LocalDeposit, ScoredComponent, ScoredRun},
        contribution::{Contribution, FractionDelivery},
        rate::{dose_rate_at, rate_maps},
        regions::{Period, RegionIndex, RegionResponse, TableOptions, region_rows},
        tally::{BatchAccumulator, BatchTally, LET_QUANTUM, QUANTUM_MEV, Scores, TallyMeans},
    },
    error::{Error, Result},
    grid::VoxelGrid,
    phantom::{Phantom, pack_voxel},
    physics::materials::Material,
    plan::UncertaintyGoal,
    report::{
        ResultWriter, RunResult,
        anatomy::Anatomy,
        provenance::{self, Engine, Frame, InputFile, PlanText, Provenance},
        summary::{self, Device, EnergyBalance, EnergyPerDecay, Phase, RunCount, Summary, Timings, Uncertainty},
        tables, text, time,
        write::{FractionMaps, ImageFormat, Quantity},
        write_all,
    },
    source::{ActivityUncertainty, DecayPattern},
    transport::backend::Sums,
    volume::Volume,
};
use glam::DVec3;

const GY_PER_MEV_PER_G: f64 = 1.602_176_634e-10;
const FORMAT_PAGE: &str = include_str!("../docs/formats/results.md");

/// Keeps what would go to the disk.
#[derive(Default)]
struct Memory {
    images: BTreeMap<String, (Volume<f32>, Quantity, ImageFormat)>,
    texts: BTreeMap<String, String>,
    series: BTreeMap<String, Vec<(f64, Volume<f32>)>>,
    full: bool,
}

impl ResultWriter for Memory {
    fn series(&mut self, name: &str, volumes: &[&Volume<f32>], times: &[f64], _: &Quantity) -> Result<bool> {
        assert_eq!(volumes.len(), times.len());
        let frames = volumes.iter().zip(times).map(|(volume, &time)| (time, (*volume).clone())).collect();
        assert!(self.series.insert(name.into(), frames).is_none(), "{name} written twice");
        Ok(false)
    }

    fn rt_dose(&mut self, name: &str, _: &dosaic::io::dicom::rtdose::RtDose<'_>) -> Result<()> {
        unreachable!("{name}: not asked for")
    }

    fn image(&mut self, name: &str, format: ImageFormat, volume: &Volume<f32>, quantity: &Quantity) -> Result<()> {
        if self.full {
            return Err(Error::io(name)(std::io::Error::other("no space left on device")));
        }
        let earlier = self.images.insert(name.into(), (volume.clone(), quantity.clone(), format));
        assert!(earlier.is_none(), "{name} written twice");
        Ok(())
    }

    fn text(&mut self, name: &str, content: &str) -> Result<()> {
        assert!(self.texts.insert(name.into(), content.into()).is_none(), "{name} written twice");
        Ok(())
    }
}

/// 4 x 2 x 1 voxels of 1 cm: a "tumour, left" of two voxels at 1 and 2 g/cm3, a "kidney" of three, three of nothing.
fn phantom() -> Phantom {
    let densities = [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    Phantom {
        grid: VoxelGrid::axis_aligned([4, 2, 1], DVec3::splat(10.0), DVec3::new(-7.0, 3.0, 11.0)),
        voxels: densities.iter().map(|&d| pack_voxel(0, d)).collect(),
        materials: vec![Material {
            name: "water_liquid".into(),
            density: 1.0,
            i_value: 78.0,
            composition: vec![(1, 0.111_894), (8, 0.888_106)],
            source: "test".into(),
        }],
        regions: vec![1, 1, 2, 2, 2, 0, 0, 0],
        region_names: vec!["tumour, left".into(), "kidney".into()],
        warnings: Vec::new(),
    }
}

/// 16 batches of 1000 histories with `mev` per history; even batches 1 % above, odd ones 1 % below.
fn tally(phantom: &Phantom, mev: &[f64], kev_um: Option<f64>) -> TallyMeans {
    let mut acc = BatchAccumulator::new(mev.len(), 2, Scores { linear_energy: kev_um.is_some(), quality: false });
    for batch in 0..16 {
        let quanta = |x: f64| (x * (1.0 + if batch % 2 == 0 { 0.01 } else { -0.01 }) * 1000.0 / QUANTUM_MEV).round() as u64;
        let edep: Vec<u64> = mev.iter().map(|&e| quanta(e)).collect();
        let edep_let: Option<Vec<u64>> = kev_um.map(|l| mev.iter().map(|&e| quanta(e * l * QUANTUM_MEV / LET_QUANTUM)).collect());
        acc.add(&BatchTally { histories: 1000, edep: &edep, edep_let: edep_let.as_deref(), edep_quality: None }, &phantom.regions).unwrap();
    }
    acc.means().unwrap()
}

/// Known to 10 % by its own fit and to 5 % by the calibration of all.
fn known(contribution: Contribution, origin: usize) -> Contribution {
    Contribution { uncertainty: ActivityUncertainty { origin, own: 0.1, calibration: 0.05 }, ..contribution }
}

struct Run {
    memory: Memory,
    names: Vec<String>,
}

fn run(metaimage: bool) -> Run {
    run_into(Memory::default(), metaimage, 1.0).unwrap()
}

fn run_into(mut memory: Memory, metaimage: bool, bed: f32) -> Result<Run> {
    let phantom = phantom();
    let pattern = DecayPattern { voxels: vec![0, 1], shares: vec![0.5, 0.5] };
    let alpha = tally(&phantom, &[3.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], Some(110.0));
    let beta = tally(&phantom, &[0.2, 0.2, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0], None);
    let in_kidney = tally(&phantom, &[0.0, 0.0, 0.3, 0.3, 0.3, 0.0, 0.0, 0.0], None);
    let recoil = LocalDeposit { what: "recoil nuclei".into(), class: LetClass::High, energy: 0.1 };
    let scored = [
        ScoredComponent::new(
            "Ac-225 in tumour, left",
            &phantom,
            &pattern,
            &[
                ScoredRun { class: LetClass::High, yield_per_decay: 4.0, means: &alpha },
                ScoredRun { class: LetClass::Low, yield_per_decay: 2.0, means: &beta },
            ],
            &[recoil],
        )?,
        ScoredComponent::new(
            "Lu-177 in kidney",
            &phantom,
            &DecayPattern { voxels: vec![2, 3, 4], shares: vec![1.0 / 3.0; 3] },
            &[ScoredRun { class: LetClass::Low, yield_per_decay: 1.0, means: &in_kidney }],
            &[],
        )?,
    ];
    let fractions = [
        FractionDelivery {
            number: 1,
            start: 0.0,
            contributions: vec![known(Contribution::exponential(0, 1e9, 1e-6), 3), known(Contribution::exponential(1, 4e9, 3e-6), 4)],
        },
        FractionDelivery { number: 2, start: 4.8e6, contributions: vec![known(Contribution::exponential(0, 5e8, 1e-6), 5)] },
    ];
    let all: Vec<Contribution> = fractions.iter().flat_map(|f| f.contributions.iter().cloned()).collect();
    let index = RegionIndex::new(&phantom)?;
    let total = dose_maps(&phantom.grid, &scored, &all);
    let maps: Vec<FractionMaps> = fractions
        .iter()
        .map(|f| FractionMaps {
            number: f.number,
            maps: dose_maps(&phantom.grid, &scored, &f.contributions),
            bed: None,
            eqd2: None,
            rate: Some(rate_maps(&phantom.grid, &scored, &f.contributions)),
        })
        .collect();
    let options = TableOptions { dose_levels: &[0.5, 20.0], dvh_bin: Some(0.25) };
    let mut rows = Vec::new();
    let mut dvhs = Vec::new();
    for (f, m) in fractions.iter().zip(&maps) {
        let doses = region_doses(&scored, &f.contributions, index.masses());
        let (r, d) = region_rows(Period::Fraction(f.number), &index, &m.maps, &doses, options, |_| RegionResponse::default())?;
        rows.extend(r);
        dvhs.extend(d);
    }
    let doses = region_doses(&scored, &all, index.masses());
    let (r, d) = region_rows(Period::Total, &index, &total, &doses, options, |slot| RegionResponse {
        bed_mean_gy: Some(7.5),
        tcp: (slot == 1).then_some(0.25),
        ..RegionResponse::default()
    })?;
    rows.extend(r);
    dvhs.extend(d);

    let device = Device {
        name: "two cores".into(),
        vendor: String::new(),
        kind: "cpu".into(),
        driver: String::new(),
        backend: "cpu".into(),
        threads: 2,
    };
    let runs = vec![RunCount {
        component: "Ac-225 in tumour, left".into(),
        radiation: "alpha".into(),
        yield_per_decay: 4.0,
        histories: 16_000,
        batches: 16,
        source_voxels: 2,
    }];
    let goal = UncertaintyGoal { region: "kidney".into(), relative: 0.01, max_histories: 1 << 20 };
    let uncertainty = Uncertainty::new(&index, &total, &rows, Some(&goal));
    let summary = Summary {
        schema: summary::SCHEMA,
        title: "test".into(),
        device: device.clone(),
        energy_balance: vec![EnergyBalance::new(
            "Ac-225 in tumour, left",
            "alpha",
            &Sums { emitted: 1000, deposited: 900, escaped: 60, absorbed: 40, ..Sums::default() },
            900,
        )],
        local_deposits: vec![EnergyPerDecay {
            component: "Ac-225 in tumour, left".into(),
            what: "recoil nuclei".into(),
            mev_per_decay: 0.1,
            treatment: "deposited where the decay happens".into(),
        }],
        not_transported: vec![EnergyPerDecay {
            component: "Lu-177 in kidney".into(),
            what: "photons".into(),
            mev_per_decay: 0.035,
            treatment: "left out of the dose".into(),
        }],
        timings: Timings::new(vec![Phase { name: "transport".into(), seconds: 2.0 }], "transport", 32_000),
        uncertainty: uncertainty.clone(),
        dose_levels_gy: vec![0.5, 20.0],
        regions: rows.clone(),
        rt_dose: None,
        tme: None,
        warnings: text::statistics_warnings(&rows, &dvhs, &runs),
        runs,
    };
    let provenance = Provenance {
        schema: provenance::SCHEMA,
        engine: Engine::this(),
        command_line: vec!["dosaic".into(), "run".into(), "plan.toml".into()],
        started: time::utc(std::time::UNIX_EPOCH),
        finished: time::utc(std::time::UNIX_EPOCH + std::time::Duration::from_secs(61)),
        plan: PlanText { path: "plan.toml".into(), sha256: provenance::sha256_hex(b"title = 'test'"), text: "title = 'test'".into() },
        resolved_plan: serde_json::json!({"title": "test"}),
        inputs: vec![InputFile::digest("labels", "labels.nii.gz", &b"abc"[..])?],
        nuclide_data: "ICRP 107".into(),
        physics_data: vec!["ICRU 90".into()],
        seed: 1,
        histories: 32_000,
        batches: 16,
        device,
        shader_sha256: None,
        physics: serde_json::json!({"electron_cut_mev": 0.02}),
        frame: Frame::from(&phantom.grid),
        uncertainty,
        approximations: vec!["photons are not transported".into()],
    };
    let rates = [4.0, 1400.5].map(|h| dose_rate_at(&phantom.grid, &scored, &fractions, index.masses(), h * 3600.0));
    let bed_total = Volume::new(phantom.grid, vec![bed; 8]);
    let result = RunResult {
        anatomy: &Anatomy::from(&phantom),
        total: &total,
        bed_total: &bed_total,
        eqd2_total: None,
        fractions: &maps,
        rates: &rates,
        rows: &rows,
        dvhs: &dvhs,
        summary: &summary,
        provenance: &provenance,
        formats: if metaimage { &[ImageFormat::MetaImage] } else { &[] },
        gate_frame: false,
        external: &[],
        rt_dose: None,
        components: None,
        activity: "",
        time_activity: "{}",
        tme: None,
    };
    assert_eq!(dose_rate_components(8, &scored, &fractions).len(), 3);
    let names = write_all(&result, &mut memory)?;
    Ok(Run { memory, names })
}

/// Header and records of a CSV whose only quoted field may be the region.
fn parse(csv: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut lines = csv.lines().map(|l| l.replace("\"tumour, left\"", "tumour_left").split(',').map(String::from).collect::<Vec<_>>());
    (lines.next().unwrap(), lines.collect())
}

/// The number in `column` of the row of a fraction and region.
fn cell(csv: &str, fraction: &str, region: &str, column: &str) -> Option<f64> {
    let (head, rows) = parse(csv);
    let at = head.iter().position(|c| c == column).unwrap();
    let row = rows.iter().find(|r| r[0] == fraction && r[1] == region).unwrap();
    (!row[at].is_empty()).then(|| row[at].parse().unwrap())
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found / expected - 1.0).abs() < tolerance, "{found} instead of {expected}");
}

#[test]
fn the_file_set_has_the_documented_names() {
    let run = run(true);
    let stems = [
        "density",
        "regions",
        "dose_total",
        "dose_total_uncertainty",
        "dose_total_activity_uncertainty",
        "dose_high_let_total",
        "let_total",
        "bed_total",
        "dose_rate_at-4h",
        "dose_rate_at-1400.5h",
        "dose_fraction-01",
        "dose_fraction-01_uncertainty",
        "dose_fraction-01_activity_uncertainty",
        "dose_high_let_fraction-01",
        "let_fraction-01",
        "dose_rate_fraction-01",
        "decay_constant_fraction-01",
        "dose_rate_fraction-01_term-01",
        "dose_rate_fraction-01_term-02",
        "dose_fraction-02",
        "dose_fraction-02_uncertainty",
        "dose_fraction-02_activity_uncertainty",
        "dose_high_let_fraction-02",
        "let_fraction-02",
        "dose_rate_fraction-02",
        "decay_constant_fraction-02",
        "dose_rate_fraction-02_term-01",
    ];
    let mut expected: BTreeSet<String> = stems.iter().flat_map(|s| [format!("{s}.nii.gz"), format!("{s}.mha")]).collect();
    expected.extend(
        [
            "activity.csv",
            "time_activity.json",
            "regions.csv",
            "dvh.csv",
            "dose_rate.csv",
            "dose_rate_series.nii.gz",
            "dose_rate_series.json",
            "dose_rate_terms.csv",
            "summary.json",
            "provenance.json",
        ]
        .map(String::from),
    );
    assert_eq!(run.names.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(run.names.last().unwrap(), "provenance.json");
    let frames = &run.memory.series["dose_rate_series.nii.gz"];
    for ((time, volume), name) in frames.iter().zip(["dose_rate_at-4h.nii.gz", "dose_rate_at-1400.5h.nii.gz"]) {
        assert_eq!(volume, &run.memory.images[name].0, "the frame of {time} s");
    }
    assert_eq!(frames.iter().map(|frame| frame.0 / 3600.0).collect::<Vec<_>>(), [4.0, 1400.5]);
    for (name, (volume, quantity, format)) in &run.memory.images {
        assert!(name.ends_with(format.suffix()));
        assert_eq!(volume.grid, phantom().grid);
        let stem = name.strip_suffix(format.suffix()).unwrap().replace("fraction-01", "fraction-NN").replace("fraction-02", "fraction-NN");
        let stem =
            stem.replace("term-01", "term-MM").replace("term-02", "term-MM").replace("at-4h", "at-Th").replace("at-1400.5h", "at-Th");
        assert!(FORMAT_PAGE.contains(&format!("`{stem}`")), "{stem} is not in docs/formats/results.md");
        assert!(FORMAT_PAGE.contains(quantity.unit), "{}", quantity.unit);
    }
    let without = self::run(false);
    assert!(without.names.iter().all(|n| !n.ends_with(".mha")));
}

#[test]
fn maps_hold_the_hand_calculated_doses() {
    let run = run(false);
    let image = |name: &str, v: usize| f64::from(run.memory.images[name].0.data[v]);
    // Voxel 0, 1 g: alphas 4 x 3 MeV, betas 2 x 0.2 MeV, recoils 0.05 MeV per decay; voxel 1 has 2 g.
    let first = 12.45e9 * GY_PER_MEV_PER_G;
    near(image("dose_fraction-01.nii.gz", 0), first, 1e-5);
    near(image("dose_fraction-02.nii.gz", 0), first / 2.0, 1e-5);
    near(image("dose_total.nii.gz", 0), first * 1.5, 1e-5);
    near(image("dose_total.nii.gz", 1), 8.45e9 * 1.5 * GY_PER_MEV_PER_G / 2.0, 1e-5);
    near(image("dose_high_let_total.nii.gz", 0), 12.05e9 * 1.5 * GY_PER_MEV_PER_G, 1e-5);
    near(image("let_total.nii.gz", 0), 110.0, 1e-5);
    assert_eq!(image("let_total.nii.gz", 2), 0.0);
    assert_eq!((image("dose_total.nii.gz", 6), image("dose_total_uncertainty.nii.gz", 6)), (0.0, 1.0));
    // Batches swing by 1 %: 0.01 / sqrt(15) for alphas and betas apart, their squares added.
    let sigma = 0.01 / 15.0f64.sqrt() * 12.0f64.hypot(0.4) / 12.45;
    near(image("dose_total_uncertainty.nii.gz", 0), sigma, 1e-4);
    // Voxel 2 has beta cross-dose (1.5e9 x 0.2 MeV) and its own 4e9 x 0.3 MeV.
    near(image("dose_total_uncertainty.nii.gz", 2), 0.01 / 15.0f64.sqrt() * 0.3f64.hypot(1.2) / 1.5, 1e-4);
    near(image("dose_rate_fraction-01.nii.gz", 4), 1.2e9 * GY_PER_MEV_PER_G * 3e-6 * 3600.0, 1e-5);
    near(image("decay_constant_fraction-01.nii.gz", 4), 3e-6 * 3600.0, 1e-5);
    // Terms by rate: 1e-6/s of the tumour, 3e-6/s of the kidney; voxel 4 has the second alone.
    near(image("dose_rate_fraction-01_term-02.nii.gz", 4), 1.2e9 * GY_PER_MEV_PER_G * 3e-6 * 3600.0, 1e-5);
    assert_eq!(image("dose_rate_fraction-01_term-01.nii.gz", 4), 0.0);
    // 1400.5 h: both fractions in voxel 0, the second begun 4.8e6 s after the first.
    let second = 1400.5 * 3600.0 - 4.8e6;
    let activity = 1e9 * 1e-6 * (-1e-6 * 1400.5 * 3600.0f64).exp() + 5e8 * 1e-6 * (-1e-6f64 * second).exp();
    near(image("dose_rate_at-1400.5h.nii.gz", 0), 12.45 * activity * GY_PER_MEV_PER_G * 3600.0, 1e-5);
    near(image("dose_rate_at-4h.nii.gz", 4), 0.3 * 4e9 * 3e-6 * (-3e-6 * 4.0 * 3600.0f64).exp() * GY_PER_MEV_PER_G * 3600.0, 1e-5);
    // Uncertainty of activities: two fits of voxel 0 (2 : 1), a common calibration.
    near(image("dose_total_activity_uncertainty.nii.gz", 0), (0.1 * 5.0f64.sqrt() / 3.0).hypot(0.05), 1e-5);
    near(image("dose_fraction-02_activity_uncertainty.nii.gz", 1), 0.1f64.hypot(0.05), 1e-5);
    assert_eq!(image("dose_total_activity_uncertainty.nii.gz", 6), 0.0);
}

#[test]
fn region_table_is_right_and_its_columns_are_documented() {
    let run = run(false);
    let csv = &run.memory.texts["regions.csv"];
    let (head, rows) = parse(csv);
    let promised = "fraction,region,voxels,mass_g,dose_mean_gy,dose_mean_sigma_gy,d98_gy,d95_gy,d50_gy,d2_gy,bed_mean_gy";
    assert!(csv.starts_with(&format!("{promised},")));
    assert_eq!(head.len(), tables::REGION_COLUMNS.len() + 2);
    assert_eq!(&head[head.len() - 2..], ["v0.5gy", "v20gy"]);
    let more = tables::DOSE_RATE_COLUMNS.iter().chain(&tables::DOSE_RATE_TERM_COLUMNS);
    for column in tables::REGION_COLUMNS.iter().chain(&tables::DVH_COLUMNS).chain(more) {
        assert!(FORMAT_PAGE.contains(&format!("`{column}`")), "column {column} is not in docs/formats/results.md");
    }
    let order: Vec<_> = rows.iter().map(|r| (r[0].as_str(), r[1].as_str())).collect();
    let regions = ["phantom", "tumour_left", "kidney"];
    let expected: Vec<_> = ["1", "2", "total"].iter().flat_map(|&f| regions.map(|r| (f, r))).collect();
    assert_eq!(order, expected);
    assert!(rows.iter().all(|r| r.len() == head.len()));

    // Tumour: 20.9 MeV per decay in 3 g, mass-weighted.
    let total = |column| cell(csv, "total", "tumour_left", column).unwrap();
    near(total("dose_mean_gy"), 20.9 * 1.5e9 * GY_PER_MEV_PER_G / 3.0, 1e-5);
    near(total("dose_mean_sigma_gy") / total("dose_mean_gy"), 0.01 / 15.0f64.sqrt() * 20.0f64.hypot(0.8) / 20.9, 1e-4);
    let (hot, cold) = (12.45 * 1.5e9 * GY_PER_MEV_PER_G, 8.45 * 0.75e9 * GY_PER_MEV_PER_G);
    near(total("max_gy"), hot, 1e-5);
    near(total("min_gy"), cold, 1e-5);
    near(total("d98_gy"), cold + 0.02 * (hot - cold), 1e-5);
    near(total("d95_gy"), cold + 0.05 * (hot - cold), 1e-5);
    near(total("d50_gy"), 0.5 * (hot + cold), 1e-5);
    near(total("d2_gy"), cold + 0.98 * (hot - cold), 1e-5);
    near(total("let_mean_kev_um"), 110.0, 1e-5);
    assert_eq!((total("mass_g"), total("voxels"), total("tcp"), total("bed_mean_gy")), (3.0, 2.0, 0.25, 7.5));
    near(total("dose_mean_activity_sigma_gy") / total("dose_mean_gy"), (0.1 * 5.0f64.sqrt() / 3.0).hypot(0.05), 1e-5);
    assert_eq!(cell(csv, "total", "tumour_left", "ntcp"), None);
    assert_eq!(cell(csv, "1", "kidney", "bed_mean_gy"), None);
    assert_eq!(cell(csv, "total", "kidney", "v0.5gy"), Some(0.0));
    near(cell(csv, "total", "kidney", "dose_mean_gy").unwrap(), (3.6 * 4e9 / 4.0 + 0.2 * 1.5e9) * GY_PER_MEV_PER_G / 3.0, 1e-5);
    // Doses of the fractions add up.
    for region in ["phantom", "tumour_left", "kidney"] {
        let mean = |fraction| cell(csv, fraction, region, "dose_mean_gy").unwrap();
        near(mean("1") + mean("2"), mean("total"), 1e-6);
    }
}

#[test]
fn dose_rate_tables_say_what_the_maps_are() {
    let run = run(false);
    let (head, rows) = parse(&run.memory.texts["dose_rate.csv"]);
    assert_eq!(head, tables::DOSE_RATE_COLUMNS);
    let names: Vec<_> = rows.iter().map(|r| (r[0].as_str(), r[1].as_str(), r[2].as_str())).collect();
    let regions = [("phantom", "8"), ("tumour_left", "2"), ("kidney", "3")];
    assert_eq!(names, ["4", "1400.5"].iter().flat_map(|&t| regions.map(|(r, n)| (t, r, n))).collect::<Vec<_>>());
    // Tumour: 20.9 MeV per decay in 3 g; sigma as that of the dose; 20.1 MeV of it from alphas and recoils.
    let number = |row: usize, column: usize| rows[row][column].parse::<f64>().unwrap();
    let rate = 1e3 * (-1e-6 * 4.0 * 3600.0f64).exp() * GY_PER_MEV_PER_G / 3.0 * 3600.0;
    near(number(1, 3), 20.9 * rate, 1e-5);
    near(number(1, 4), 0.01 / 15.0f64.sqrt() * 20.0f64.hypot(0.8) * rate, 1e-4);
    near(number(1, 5), 20.1 * rate, 1e-5);

    let (head, rows) = parse(&run.memory.texts["dose_rate_terms.csv"]);
    assert_eq!(head, tables::DOSE_RATE_TERM_COLUMNS);
    assert_eq!(rows.len(), 3);
    for (row, (fraction, term, rate)) in rows.iter().zip([("1", "1", 1e-6), ("1", "2", 3e-6), ("2", "1", 1e-6)]) {
        assert_eq!((&row[0][..], &row[1][..]), (fraction, term));
        assert_eq!((&row[3][..], &row[4][..], &row[6][..], &row[7][..]), ("0", "", "0", "Gy/h"));
        near(row[5].parse().unwrap(), rate * 3600.0, 1e-14);
        assert!(run.memory.images.contains_key(&format!("{}.nii.gz", row[2])), "{}", row[2]);
    }
}

#[test]
fn dvh_agrees_with_the_map() {
    let run = run(false);
    let (_, lines) = parse(&run.memory.texts["dvh.csv"]);
    let map = &run.memory.images["dose_total.nii.gz"].0.data;
    let mut checked = 0;
    for line in lines.iter().filter(|l| l[0] == "total" && l[1] == "tumour_left") {
        let (dose, volume): (f64, f64) = (line[2].parse().unwrap(), line[3].parse().unwrap());
        let reached = map[..2].iter().filter(|&&d| f64::from(d) >= dose).count();
        assert_eq!(volume, reached as f64 / 2.0, "at {dose} Gy");
        checked += 1;
    }
    // 2.99 Gy in bins of 0.25: thresholds 0 to 2.75 and one above.
    assert_eq!(checked, 13);
}

/// All keys of a JSON document as they are called in the format page: `device.name`, `runs[].histories`.
fn keys(value: &serde_json::Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, inner) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                into.insert(path.clone());
                keys(inner, &path, into);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|i| keys(i, &format!("{path}[]"), into)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_json_files_is_documented() {
    let run = run(false);
    for (name, free) in [("summary.json", &["regions[]"][..]), ("provenance.json", &["resolved_plan.", "physics."][..])] {
        let value: serde_json::Value = serde_json::from_str(&run.memory.texts[name]).unwrap();
        let mut found = BTreeSet::new();
        keys(&value, "", &mut found);
        assert!(found.len() > 30, "{name}");
        for key in found.iter().filter(|k| !free.iter().any(|f| k.starts_with(f))) {
            assert!(FORMAT_PAGE.contains(&format!("`{key}`")), "{name}: key {key} is not in docs/formats/results.md");
        }
    }
}

#[test]
fn summary_and_provenance_hold_what_was_given() {
    let run = run(false);
    let json = |name: &str| serde_json::from_str::<serde_json::Value>(&run.memory.texts[name]).unwrap();
    let summary = json("summary.json");
    assert_eq!(summary["schema"], "dosaic-summary/2");
    assert_eq!(summary["energy_balance"][0]["balanced"], true);
    assert_eq!(summary["energy_balance"][0]["escaped"]["quanta"], 60);
    assert_eq!(summary["timings"]["histories_per_s"], 16_000.0);
    let goal = &summary["uncertainty"]["goal"];
    assert_eq!(goal["region"], "kidney");
    assert_eq!(goal["met"], true);
    // Kidney: voxel 2 with 0.3 hypot 1.2 over 1.5, voxels 3 and 4 with 1 in units of 0.01 / sqrt 15.
    let rms = 0.01 / 15.0f64.sqrt() * ((1.53 / 2.25 + 2.0) / 3.0f64).sqrt();
    near(goal["reached"].as_f64().unwrap(), rms, 1e-4);
    assert_eq!(summary["uncertainty"]["voxels_with_dose"], 5);
    assert_eq!(summary["uncertainty"]["voxels_above_half_maximum"], 1);
    let row = &summary["regions"][8];
    assert_eq!((&row["fraction"], &row["region"]), (&"total".into(), &"kidney".into()));
    assert_eq!(summary["regions"][0]["fraction"], 1);
    assert_eq!(row["volume_at_dose"].as_array().unwrap().len(), 2);

    let provenance = json("provenance.json");
    assert_eq!(provenance["schema"], "dosaic-provenance/1");
    assert_eq!(provenance["finished"], "1970-01-01T00:01:01Z");
    assert_eq!(provenance["plan"]["text"], "title = 'test'");
    assert_eq!(provenance["frame"]["origin_mm"], serde_json::json!([-7.0, 3.0, 11.0]));
    assert_eq!(provenance["inputs"][0]["bytes"], 3);
    let files: Vec<_> = provenance["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(files, run.names[..run.names.len() - 1]);
    let unit = |name: &str| &provenance["files"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap()["unit"];
    assert_eq!((unit("dose_total.nii.gz"), unit("density.nii.gz")), (&"Gy".into(), &"g/cm3".into()));
}

#[test]
fn nothing_is_written_with_a_value_that_is_no_number_and_write_errors_come_through() {
    for bad in [f32::NAN, f32::INFINITY] {
        let memory = Memory { full: true, ..Memory::default() };
        let error = run_into(memory, false, bad).err().unwrap();
        assert!(error.to_string().contains("bed_total") && error.to_string().contains("nothing was written"), "{error}");
    }
    let memory = Memory { full: true, ..Memory::default() };
    assert_eq!(run_into(memory, false, 1.0).err().unwrap().exit_code(), 4);
}

/// A toy transport: a history starts in one of the first 3 of a region's 4 voxels and leaves part of a random energy there, the
/// rest in the next one. Which voxel it is does not matter to the region, so its error is far below its voxels' in quadrature.
#[test]
fn the_error_of_a_region_mean_is_the_spread_between_runs() {
    let mut state = 99u64;
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let labels = [1u16, 1, 1, 1, 0, 0, 0, 0];
    let repeats = 600;
    let (mut sum, mut squares, mut predicted, mut quadrature) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..repeats {
        let mut acc = BatchAccumulator::new(8, 1, Scores::default());
        for _ in 0..16 {
            let mut edep = [0u64; 8];
            for _ in 0..50 {
                let v = (3.0 * uniform()) as usize;
                let energy = 1e6 * (0.5 + uniform());
                edep[v] += (energy * 0.6) as u64;
                edep[v + 1] += (energy * 0.4) as u64;
            }
            acc.add(&BatchTally { histories: 50, edep: &edep, edep_let: None, edep_quality: None }, &labels).unwrap();
        }
        let means = acc.means().unwrap();
        let region = means.regions[1];
        sum += region.edep;
        squares += region.edep * region.edep;
        predicted += region.sigma * region.sigma;
        quadrature += means.sigma[..4].iter().map(|s| s * s).sum::<f64>();
    }
    let n = f64::from(repeats);
    let spread = (squares - sum * sum / n) / (n - 1.0);
    // Variance of 600 runs: known to sqrt(2 / 599) = 5.8 %; mean of 600 predictions: sqrt(2 / 15 / 600) = 1.5 %. 3 sigma of both: 18 %.
    near(predicted / n, spread, 0.18);
    assert!(quadrature / n > 2.0 * spread, "voxels in quadrature: {}, true spread: {spread}", quadrature / n);
}
