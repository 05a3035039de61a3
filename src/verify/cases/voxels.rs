//! S values of 3-mm voxels against EGSnrc.

use glam::DVec3;

use crate::{
    error::Result,
    kernel::{
        emitter::Radiation,
        score::Estimate,
        stage::Stage,
        voxel_s::{Class, classes},
    },
    nuclide::spectrum::EnergySampler,
    plan::{PhotonMode, WaterData},
    transport::backend::{Settings, SourceShape},
    units::GY_PER_MEV_PER_G,
    verify::{
        context::{Context, Source},
        outcome::{Norm, Outcome, Row, Series},
        reference::{self, rows, spectrum},
    },
};

/// Mean over the voxels of each class, quanta.
pub(super) fn class_means(energy: &[u64], class_of: &[Option<u32>], classes: &[Class]) -> Vec<f64> {
    let mut sums = vec![0.0; classes.len()];
    for (&quanta, class) in energy.iter().zip(class_of) {
        if let Some(class) = class {
            sums[*class as usize] += quanta as f64;
        }
    }
    sums.iter().zip(classes).map(|(sum, class)| sum / f64::from(class.voxels)).collect()
}

/// Edge of the voxels, mm.
const EDGE: f64 = 3.0;

/// The classes of voxels around a middle one, and what a source in that one gives them, mGy/(MBq s).
struct Cube {
    stage: Stage,
    middle: [[u32; 2]; 1],
    class_of: Vec<Option<u32>>,
    classes: Vec<Class>,
}

impl Cube {
    fn new(context: &Context, radius: u32, margin: u32, photons: PhotonMode) -> Result<Self> {
        let size = [2 * (radius + margin) + 1; 3];
        let settings = Settings { photons, ..context.settings(WaterData::Icru49, 0.1 * EDGE) };
        let stage = Stage::voxels(&["water_liquid"], size, DVec3::splat(EDGE), settings, |_| (0, 1.0))?;
        let middle = [[u32::MAX, stage.phantom()?.grid.index(size.map(|n| n / 2)) as u32]];
        let (class_of, classes) = classes(size, radius, true);
        Ok(Self { stage, middle, class_of, classes })
    }

    fn values(&self, context: &Context, radiation: Radiation, sampler: &EnergySampler, histories: u64) -> Result<Vec<Estimate>> {
        let source = Source { radiation, sampler, voxels: &self.middle, shape: SourceShape::Uniform };
        let found = context.run(&self.stage, &source, histories, &|energy| class_means(energy, &self.class_of, &self.classes))?;
        let scale = 1.0e9 * GY_PER_MEV_PER_G * sampler.intensity() / self.stage.phantom()?.mass(0);
        Ok(found.into_iter().map(|e| e.times(scale)).collect())
    }

    /// The pairs of our values and those of a table whose rows are `wanted`, with their offsets.
    fn beside(
        &self,
        values: &[Estimate],
        table: &'static str,
        wanted: &dyn Fn(&reference::Row) -> bool,
    ) -> Vec<([u32; 3], Estimate, Estimate)> {
        let pair = |row: &reference::Row| {
            let offset = ["i", "j", "k"].map(|c| row.number(c) as u32);
            let at = self.classes.iter().position(|c| c.offset == offset)?;
            let theirs = Estimate { mean: row.number("gy_per_decay"), sigma: row.number("sigma") }.times(1.0e9);
            Some((offset, values[at], theirs))
        };
        rows(table).iter().filter(|row| wanted(row)).filter_map(pair).collect()
    }
}

/// The plot of pairs.
fn series(name: &str, title: &str, pairs: &[([u32; 3], Estimate, Estimate)], bound: f64) -> Series {
    let offsets: Vec<String> = pairs.iter().map(|([i, j, k], ..)| format!("{i}{j}{k}")).collect();
    let offsets = if offsets.len() > 16 { format!("{} offsets", offsets.len()) } else { offsets.join(" ") };
    Series {
        name: name.to_lowercase(),
        title: format!("{title}: S values of 3-mm voxels of water, {offsets}"),
        axes: ["target voxel, in the order of the title".into(), "mGy/(MBq s)".into()],
        edges: (0..=pairs.len()).map(|k| k as f64 + 0.5).collect(),
        ours: pairs.iter().map(|p| p.1).collect(),
        reference: pairs.iter().map(|p| p.2).collect(),
        log: true,
        to_maximum: false,
        bound,
        floor: f64::NEG_INFINITY,
    }
}

pub(super) fn electrons(context: &Context) -> Result<Outcome> {
    // Two voxels beyond the farthest target; betas of Y-90 reach 4.
    let cube = Cube::new(context, 3, 2, PhotonMode::Analogue)?;
    let mut outcome = Outcome::default();
    for (nuclide, components, histories) in [("Y-90", &["beta"][..], 12_800_000), ("Lu-177", &["beta", "ce_auger"], 16_000_000)] {
        let found = cube.values(context, Radiation::Electron, &spectrum(nuclide, components), histories)?;
        let mut pairs = cube.beside(&found, include_str!("../reference/egsnrc_voxel_s.csv"), &|row| row.text("nuclide") == nuclide);
        // Below this only photons arrive: see `photons`.
        let own = pairs.first().map_or(0.0, |p| p.2.mean);
        pairs.retain(|(.., theirs)| theirs.mean >= (1.0e-4 * own).min(1.0e-3));
        for (offset, ours, theirs) in &pairs {
            let (what, bound) = match offset.iter().sum() {
                0 => (" self", 0.01),
                1 => (" nearest", 0.02),
                _ => ("", 0.03),
            };
            outcome.rows.push(Row::new(format!("{nuclide} {offset:?}{what}, mGy/(MBq s)"), *ours, *theirs, Norm::Reference, bound));
        }
        outcome.series.push(series(&format!("voxel_s_{nuclide}"), nuclide, &pairs, 0.03));
    }
    Ok(outcome)
}

/// Gamma and x-rays of Lu-177, by deposits in and next to the source voxel and by track length beyond it; and bremsstrahlung where betas do not reach.
pub(super) fn photons(context: &Context) -> Result<Outcome> {
    // 150 mm on each side: with 60 mm what is not scattered back is 1.5 % at 24 mm.
    const MARGIN: u32 = 50;
    const TABLE: &str = include_str!("../reference/egsnrc_voxel_s_photons.csv");
    let mut outcome = Outcome::default();
    let lines = spectrum("Lu-177", &["gamma", "xray"]);
    let near = Cube::new(context, 1, MARGIN, PhotonMode::Analogue)?;
    let found = near.values(context, Radiation::Photon, &lines, 6_400_000)?;
    for (offset, ours, theirs) in near.beside(&found, TABLE, &|row| row.text("part") == "lines") {
        outcome.rows.push(Row::new(format!("Lu-177 photons {offset:?}, deposits, mGy/(MBq s)"), ours, theirs, Norm::Reference, 0.01));
    }
    let cube = Cube::new(context, 5, MARGIN, PhotonMode::TrackLength)?;
    let found = cube.values(context, Radiation::Photon, &lines, 6_400_000)?;
    let mut pairs = cube.beside(&found, TABLE, &|row| row.text("part") == "lines");
    // Electrons carry energy out of the source voxel, which the kerma of a track does not know.
    pairs.retain(|(offset, ..)| *offset != [0; 3]);
    let lines = series("voxel_s_lu-177_photons", "Lu-177, gamma and x-rays", &pairs, 0.01);
    outcome.rows.push(lines.worst("Lu-177 photons, track length, 55 offsets, mGy/(MBq s)", "in their order"));
    outcome.series.push(lines);
    for (nuclide, components, histories) in [("Y-90", &["beta"][..], 6_400_000), ("Lu-177", &["beta", "ce_auger"], 12_800_000)] {
        let found = cube.values(context, Radiation::Electron, &spectrum(nuclide, components), histories)?;
        let pairs = cube.beside(&found, TABLE, &|row| row.text("nuclide") == nuclide && row.text("part") == "bremsstrahlung");
        let far = series(&format!("voxel_s_{nuclide}_bremsstrahlung"), &format!("{nuclide}, bremsstrahlung"), &pairs, 0.03);
        // Single offsets would tell too little: few betas radiate.
        let what = format!("{nuclide} bremsstrahlung, sum of {} offsets, mGy/(MBq s)", pairs.len());
        let sum = |of: &[Estimate]| of.iter().copied().sum::<Estimate>();
        outcome.rows.push(Row::new(what, sum(&far.ours), sum(&far.reference), Norm::Reference, 0.03));
        outcome.series.push(far);
    }
    Ok(outcome)
}
