//! Results of a simulation written down by hand, and what reads files back.

use std::collections::{BTreeMap, BTreeSet};

use dosaic::{
    error::Result,
    grid::VoxelGrid,
    plan::{
        DrugEffect, DrugKinetics, DrugPlan, Growth, Hook, MicroOxygenPlan, OxygenPlan, ParameterSet, Quality, TissueParameters, TmePlan,
        TmeRegion,
    },
    report::{
        ResultWriter,
        tme::{PredictedUptake, TmeResult},
        write::{ImageFormat, Quantity},
    },
    response::tme::{
        Domain, FIELDS, Field, Snapshot,
        timeline::{GlobalRow, Timeline, TimelineRow},
    },
    units::SECONDS_PER_DAY,
    volume::Volume,
};
use glam::DVec3;

pub(crate) const DAY: f64 = SECONDS_PER_DAY;

/// Keeps what would go to the disk.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) images: BTreeMap<String, (Volume<f32>, Quantity)>,
    pub(crate) texts: BTreeMap<String, String>,
}

impl ResultWriter for Memory {
    fn series(&mut self, name: &str, _: &[&Volume<f32>], _: &[f64], _: &Quantity) -> Result<bool> {
        unreachable!("{name}: no series here")
    }

    fn rt_dose(&mut self, name: &str, _: &dosaic::io::dicom::rtdose::RtDose<'_>) -> Result<()> {
        unreachable!("{name}: not asked for")
    }

    fn image(&mut self, name: &str, _: ImageFormat, volume: &Volume<f32>, quantity: &Quantity) -> Result<()> {
        assert!(self.images.insert(name.into(), (volume.clone(), quantity.clone())).is_none(), "{name} written twice");
        Ok(())
    }

    fn text(&mut self, name: &str, content: &str) -> Result<()> {
        assert!(self.texts.insert(name.into(), content.into()).is_none(), "{name} written twice");
        Ok(())
    }
}

/// Those of neuroendocrine tumours, with half of full packing at the start and vessels that grow faster than is thought possible.
fn parameters() -> ParameterSet {
    let mut set = ParameterSet::built_in("net");
    set.set("initial_cells", 0.5);
    set.set("angiogenesis", 0.5);
    set
}

pub(crate) fn tissue() -> TissueParameters {
    TissueParameters {
        alpha: 0.1,
        alpha_beta: 10.0,
        repair_half_time: 5400.0,
        rbe_high_let: 5.0,
        high_let_beta: 1.0,
        clonogens_per_ml: None,
        repopulation: None,
        lkb: None,
        bed_limit: None,
        assumed: vec!["alpha".into(), "rbe_high_let".into()],
    }
}

pub(crate) fn plan(regions: &[&str], immune: bool, oxygen: OxygenPlan) -> TmePlan {
    let checkpoint = DrugPlan {
        name: "pembrolizumab".into(),
        kinetics: DrugKinetics::TwoCompartment { clearance: 0.22, central: 3.48, peripheral: 4.06, exchange: 0.795, nanomolar: 6.7 },
        doses: vec![(0.0, 200.0)],
        effects: vec![DrugEffect { hook: Hook::Checkpoint, strength: 1.0, ec50: 2.6, hill: 1.0 }],
    };
    let sensitiser = DrugPlan {
        name: "nimorazole".into(),
        kinetics: DrugKinetics::OneCompartment { elimination: 4.0, absorption: Some(20.0) },
        doses: vec![(0.0, 1.0)],
        effects: vec![DrugEffect { hook: Hook::HypoxicSensitiser, strength: 0.5, ec50: 0.3, hill: 2.0 }],
    };
    TmePlan {
        regions: regions.iter().map(|r| TmeRegion { region: (*r).into(), parameters: parameters() }).collect(),
        horizon: 400.0 * DAY,
        step: 0.25 * DAY,
        oxygen,
        reoxygenation: true,
        immune,
        bystander: false,
        growth: Growth::Logistic,
        quality: Quality::Let,
        few_hits: false,
        drugs: vec![checkpoint, sensitiser],
        blood: None,
        marrow: None,
        maps_at: vec![0.0, 56.0 * DAY],
        timeline: 2.0 * DAY,
        retransport_above: 0.2,
    }
}

/// Fields of a state, each the same in all voxels unless changed.
pub(crate) fn snapshot(time: f64, voxels: usize, values: &[(Field, &[f32])]) -> Snapshot {
    let mut fields = vec![0.0; FIELDS * voxels];
    for &(field, given) in values {
        for v in 0..voxels {
            fields[field as usize * voxels + v] = given[v % given.len()];
        }
    }
    Snapshot { time, fields, oxygen: vec![15.0; voxels], hypoxia: vec![0.25; voxels] }
}

/// A row in which nothing has happened yet.
pub(crate) fn row(time: f64, region: &str) -> TimelineRow {
    TimelineRow {
        time,
        region: region.into(),
        volume_ml: 10.0,
        viable_ml: 9.0,
        cells: 1e9,
        surviving: 1.0,
        doomed: 0.0,
        dead: 0.0,
        hypoxic_fraction: 0.25,
        po2_mmhg: 15.7,
        vessels: 1.0,
        caf: 1.0,
        m1: 0.2,
        m2: 0.6,
        t_primed: 1276.0,
        t_effector: 132.6,
        pdl1: 0.217,
        immune_activation: 0.05,
        immune_index: 0.04,
        target: 1.0,
        dose_low_gy: 0.0,
        dose_high_gy: 0.0,
        bed_gy: 0.0,
        death_signal: 0.0,
    }
}

pub(crate) fn global(time: f64) -> GlobalRow {
    GlobalRow {
        time,
        antigen: 700.0,
        lymphocytes: 1.0,
        checkpoint_nm: 0.0,
        drugs: vec![0.0],
        platelets: None,
        neutrophils: None,
        blood_dose_gy: 0.0,
    }
}

/// Two regions on a grid of 3 x 2 x 1 voxels of 1 cm: "lesion, left" in voxels 1 and 2, "node" in voxel 4.
/// Volumes fall and grow back as `9 e^(-0.05 t) + e^(0.01 t)` mL (node: a tenth), clonogens as `1e6 e^(-0.15 t) + 1e-3 e^(0.05 t)`.
pub(crate) fn two_lesions(immune: bool, high_let: f64) -> TmeResult {
    let grid = VoxelGrid::axis_aligned([3, 2, 1], DVec3::splat(10.0), DVec3::ZERO);
    let regions = ["lesion, left", "node"];
    let domain = Domain { grid, voxels: vec![1, 2, 4], row: vec![0, 0, 1], regions: regions.map(String::from).to_vec() };
    let mut timeline = Timeline { drug_names: vec!["nimorazole".into()], ..Timeline::default() };
    for i in 0..=200 {
        let t = f64::from(i) * 2.0;
        for (region, share) in regions.iter().zip([1.0, 0.1]) {
            // 10 Gy in each fraction, with a mean life of 4 d.
            let dose: f64 = [0.0, 56.0].iter().map(|s| if t > *s { 10.0 * (1.0 - (-(t - s) / 4.0).exp()) } else { 0.0 }).sum();
            timeline.rows.push(TimelineRow {
                volume_ml: share * (9.0 * (-0.05 * t).exp() + (0.01 * t).exp()),
                viable_ml: share * (0.01 * t).exp(),
                cells: share * (1e6 * (-0.15 * t).exp() + 1e-3 * (0.05 * t).exp()),
                surviving: (-0.15 * t).exp() + 1e-9 * (0.05 * t).exp(),
                hypoxic_fraction: 0.25 * (-t / 100.0).exp(),
                doomed: 0.4 * (1.0 - (-t / 5.0).exp()) * (-t / 57.0).exp(),
                vessels: 1.0 - 0.1 * (1.0 - (-t / 20.0).exp()) * (-t / 50.0).exp(),
                dose_low_gy: dose,
                dose_high_gy: high_let * dose,
                bed_gy: dose * (1.1 + 5.0 * high_let),
                immune_index: 0.04 + 1e-4 * t,
                ..row(t * DAY, region)
            });
        }
        let bottom = ((t - 40.0) / 20.0).powi(2);
        timeline.globals.push(GlobalRow { lymphocytes: 1.0 - 0.5 * (-bottom).exp(), drugs: vec![(-t).exp()], ..global(t * DAY) });
    }
    let state = |time: f64| {
        let fields: [(Field, &[f32]); 13] = [
            (Field::Oxic, &[0.2, 0.1, 0.05]),
            (Field::Hypoxic, &[0.1, 0.1, 0.0]),
            (Field::Doomed, &[0.3]),
            (Field::Vessels, &[0.9]),
            (Field::Caf, &[1.1]),
            (Field::M1, &[0.25]),
            (Field::M2, &[0.75]),
            (Field::Effector, &[150.0]),
            (Field::DoseLow, &[10.0, 20.0, 30.0]),
            (Field::DoseHigh, &[1.0, 2.0, 0.0]),
            (Field::EffectHigh, &[0.5, 1.0, 0.0]),
            (Field::Encounter, &[5.0, 10.0, 20.0]),
            (Field::Target, &[1.0]),
        ];
        snapshot(time, 3, &fields)
    };
    let predicted = |place: &str, fraction, factor, measured| PredictedUptake {
        fraction,
        place: place.into(),
        from: 1,
        factor,
        measured,
        largest_change: 0.05,
        retransported: false,
    };
    TmeResult {
        plan: plan(&regions, immune, OxygenPlan::Macro),
        tissues: vec![tissue(); 2],
        fractions: vec![(1, 0.0), (2, 56.0 * DAY)],
        domain,
        snapshots: vec![state(0.0), state(56.0 * DAY)],
        end: state(400.0 * DAY),
        timeline,
        quality: Vec::new(),
        untreated_growth: vec![3.5e-4, if immune { -2.3e-3 } else { 3.5e-4 }],
        fractionation: None,
        predicted: vec![predicted("lesion, left", 2, 0.45, Some(0.5)), predicted("node", 2, 0.4, None)],
        warnings: vec!["something was counted: 3".into()],
    }
}

/// A ball of 11 voxels of 10 um across, whose survival and pO2 depend on depth.
pub(crate) fn spheroid() -> TmeResult {
    let grid = VoxelGrid::axis_aligned([15, 15, 15], DVec3::splat(0.01), DVec3::ZERO);
    let distance = |v: usize| grid.ijk(v).map(|i| f64::from(i) - 7.0).iter().map(|x| x * x).sum::<f64>().sqrt();
    let voxels: Vec<u32> = (0..grid.len()).filter(|&v| distance(v) < 5.5).map(|v| v as u32).collect();
    let n = voxels.len();
    let domain = Domain { grid, row: vec![0; n], voxels: voxels.clone(), regions: vec!["spheroid".into()] };
    let state = |time: f64| {
        let radius: Vec<f64> = voxels.iter().map(|&v| distance(v as usize)).collect();
        let kill = |r: &f64| time / DAY * (0.1 + 0.2 * (r - 5.5));
        let alive: Vec<f32> = radius.iter().map(|r| (0.5 * (-kill(r).max(0.0)).exp()) as f32).collect();
        let high: Vec<f32> = radius.iter().map(|r| (time / DAY * (r - 5.5).exp()) as f32).collect();
        let mut s = snapshot(time, n, &[(Field::Oxic, &alive), (Field::DoseHigh, &high), (Field::DoseLow, &[(time / DAY) as f32])]);
        s.oxygen = radius.iter().map(|r| (40.0 * (r / 5.5).powi(2)) as f32).collect();
        s
    };
    let rows = (0..=20).map(|i| TimelineRow { dose_high_gy: f64::from(i), ..row(f64::from(i) * DAY, "spheroid") }).collect();
    let timeline =
        Timeline { rows, globals: (0..=20).map(|i| global(f64::from(i) * DAY)).collect(), drug_names: vec!["nimorazole".into()] };
    TmeResult {
        plan: plan(&["spheroid"], false, OxygenPlan::Micro(MicroOxygenPlan { held: Vec::new(), vessels: None, ligand: false })),
        tissues: vec![tissue()],
        fractions: vec![(1, 0.0)],
        domain,
        snapshots: vec![state(0.0), state(5.0 * DAY)],
        end: state(20.0 * DAY),
        timeline,
        quality: Vec::new(),
        untreated_growth: vec![4.0e-4],
        fractionation: None,
        predicted: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn written(result: &TmeResult) -> Memory {
    let mut memory = Memory::default();
    let files = dosaic::report::tme::write(result, &[ImageFormat::Nifti], &mut memory).expect("written");
    let names: BTreeSet<String> = files.iter().map(|f| f.name.clone()).collect();
    let found: BTreeSet<String> = memory.images.keys().chain(memory.texts.keys()).cloned().collect();
    assert_eq!(names, found, "what was written is what is listed");
    memory
}

/// Lines of a CSV file as cells by column.
pub(crate) fn parse(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = csv.lines().map(cells);
    let head = lines.next().expect("a head");
    let row = |cells: Vec<String>| {
        assert_eq!(cells.len(), head.len(), "{cells:?}");
        head.iter().cloned().zip(cells).collect()
    };
    lines.map(row).collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cells.last_mut().expect("a cell").push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("a cell").push(c),
        }
    }
    cells
}

pub(crate) fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} against {expected}");
}

/// Refuses what an XML parser would: tags that do not match, attributes without quotes, bare `&` and `<`.
pub(crate) fn well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    let entities = |text: &str| {
        for part in text.split('&').skip(1) {
            let name = part.split(';').next().expect("a name");
            assert!(["amp", "lt", "gt", "quot"].contains(&name), "&{part}");
        }
    };
    while let Some(start) = rest.find('<') {
        entities(&rest[..start]);
        assert!(!rest[..start].contains('>'), "{}", &rest[..start]);
        let end = start + rest[start..].find('>').expect("tags end");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let body = tag.strip_suffix('/').unwrap_or(tag);
        let name = body.split_whitespace().next().expect("tags have names");
        let mut attributes = body[name.len()..].trim();
        while !attributes.is_empty() {
            let (key, after) = attributes.split_once("=\"").expect("attributes have quoted values");
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{key}");
            let (value, after) = after.split_once('"').expect("quotes are closed");
            assert!(!value.contains('<') && !value.contains("NaN") && !value.contains("inf"), "{tag}");
            entities(value);
            attributes = after.trim();
        }
        if body.len() == tag.len() {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
}
