//! What a step puts before the voxel kernels, as flat tables in the order in which they read them. Twin: `shaders/response/layout.wgsl`.
//!
//! State: fields one after the other, `field * voxels + voxel`. Amplitudes: maps one after the other, `map * voxels + voxel`, in Gy (Gy per
//! decay times [`super::coefficients::Activities::scale`]).

use bytemuck::{Pod, Zeroable};

use super::{FIELDS, Field, VoxelSource, coefficients::StepActivity, real::Real, row::Row, stage::Stage};
use crate::response::maps::LQ_UNREPAIRED_LIMIT;

/// Where there is no map.
pub const NO_MAP: u32 = u32::MAX;
/// Maps of a source with high-LET radiation, behind that of its low-LET dose.
pub const HIGH_MAPS: usize = 3;

/// Where the kernels find oxygen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum OxygenMode {
    /// All cells are well oxygenated.
    Off,
    /// In the table of the closure.
    Table,
    /// In four values per voxel, solved for elsewhere.
    Field,
}

/// Words per region before the sources of a step: coefficients of tumour and of endothelium (by number), first word of the oxygen table.
pub const REGION_WORDS: usize = 3;

/// Place of the highest unrepaired dose among the sums; the next counts how often one rose above the limit.
pub const SUM_UNREPAIRED: u32 = 0;
/// Place of the antigen of all voxels, low and high word.
pub const SUM_ANTIGEN: u32 = 2;
/// Place of its parts, one per workgroup.
pub const SUM_PARTS: u32 = 4;

/// A source in a step.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct SourceStep<R> {
    /// Share of its decays, `Int A dt`, in units of its scale.
    pub decays: R,
    /// Position of its map of low-LET dose.
    pub low: u32,
    /// Position of its map of high-LET dose, followed by those of effect and of effect that needs oxygen; [`NO_MAP`]: no high-LET radiation.
    pub high: u32,
}

/// The radiation of a step: what kernels need besides the amplitudes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RadiationStep<R> {
    /// Sources with activity.
    pub sources: Vec<SourceStep<R>>,
    /// Per repair constant, [`RadiationStep::stride`] each: `e^(-mu h)`; what is left unrepaired of each source; what of each meets damage carried
    /// into the step; rows of pairs.
    pub coefficients: Vec<R>,
}

impl<R: Real> RadiationStep<R> {
    /// For maps of each source at these positions.
    pub fn new(activity: &StepActivity, maps: &Maps, repair: &[f64]) -> Self {
        let scaled = activity.sources().zip(activity.shares());
        let sources = scaled.map(|(source, share)| SourceStep { decays: R::of(share), ..maps.of(source) }).collect();
        let of = |mu: &f64| {
            let set = activity.coefficients(*mu);
            [&[set.repair][..], &set.unrepaired, &set.carried, &set.pairs].concat()
        };
        Self { sources, coefficients: repair.iter().flat_map(of).map(R::of).collect() }
    }

    /// Behind the words of the regions, as the kernels read them: three per source, then the coefficients.
    pub fn words(&self, regions: &[[u32; REGION_WORDS]]) -> Vec<u32> {
        let sources = self.sources.iter().flat_map(|source| [(source.decays.wide() as f32).to_bits(), source.low, source.high]);
        let coefficients = self.coefficients.iter().map(|value| (value.wide() as f32).to_bits());
        regions.iter().flatten().copied().chain(sources).chain(coefficients).collect()
    }

    /// Coefficients per repair constant, for so many sources.
    pub fn stride(sources: usize) -> usize {
        1 + 2 * sources + sources * (sources + 1) / 2
    }
}

/// Which maps a source has.
#[derive(Debug, Clone, Default)]
pub struct Maps {
    /// Positions of low and high maps by source.
    places: Vec<(u32, u32)>,
    count: u32,
}

impl Maps {
    /// Adds a source; returns its maps in order, in Gy per decay.
    pub fn add<'s>(&mut self, source: &'s VoxelSource) -> Vec<&'s [f32]> {
        let low = self.count;
        let mut maps: Vec<&[f32]> = vec![&source.low];
        let high = source.high.as_ref().map_or(NO_MAP, |high| {
            maps.extend([&high.dose[..], &high.effect, &high.effect_oxygen]);
            low + 1
        });
        self.count += maps.len() as u32;
        self.places.push((low, high));
        maps
    }

    /// Number of maps.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn of<R: Real>(&self, source: usize) -> SourceStep<R> {
        let (low, high) = self.places[source];
        SourceStep { decays: R::zero(), low, high }
    }
}

/// Threads per workgroup of the voxel kernels.
pub const WORKGROUP: u32 = 64;

/// What a kernel needs besides its buffers, followed by the values of its [`Stage`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct StepParams {
    /// Voxels of this chunk.
    pub voxels: u32,
    /// Sources with activity.
    pub sources: u32,
    /// Coefficients per repair constant.
    pub stride: u32,
    /// Place of the first source among the words of the step, behind [`REGION_WORDS`] per region.
    pub sources_at: u32,
    /// Place of the first coefficient.
    pub coefficients_at: u32,
    /// An `OXYGEN_*` mode.
    pub oxygen: u32,
    /// 1: antigen of the predicted state; 0: of the state.
    pub predicted: u32,
    /// Place of this chunk's first partial sum.
    pub first_sum: u32,
    /// Partial sums of all chunks.
    pub sums: u32,
    /// Antigen per unit of the sum.
    pub antigen_unit: f32,
    /// Partial sums for each thread of the one workgroup that adds them.
    pub turns: u32,
    /// Fills whole vectors.
    pub unused: u32,
}

/// Names of the fields in the order of [`Field`].
fn field_names() -> Vec<String> {
    let fields: [Field; FIELDS] = Field::ALL;
    fields.iter().map(|field| snake(&format!("{field:?}")).to_uppercase()).collect()
}

/// `PdL1` to `pd_l1`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The text of `shaders/response/layout.wgsl`.
pub fn wgsl() -> String {
    let mut text = String::from(
        "// Layout shared with the host. Twin: src/response/tme/layout.rs, which writes this file: run the test `shaders` with DOSAIC_REGENERATE=1.\n\n",
    );
    for (number, name) in field_names().iter().enumerate() {
        text += &format!("const FIELD_{name}: u32 = {number}u;\n");
    }
    text += &format!("const FIELD_COUNT: u32 = {FIELDS}u;\n\n");
    let constants = [
        ("SUM_UNREPAIRED", SUM_UNREPAIRED),
        ("SUM_ANTIGEN", SUM_ANTIGEN),
        ("SUM_PARTS", SUM_PARTS),
        ("RESPONSE_WORKGROUP", WORKGROUP),
        ("NO_MAP", NO_MAP),
        ("OXYGEN_OFF", OxygenMode::Off as u32),
        ("OXYGEN_TABLE", OxygenMode::Table as u32),
        ("OXYGEN_FIELD", OxygenMode::Field as u32),
    ];
    for (name, value) in constants {
        text += &format!("const {name}: u32 = {value}u;\n");
    }
    text += &format!("const LQ_UNREPAIRED_LIMIT: f32 = {LQ_UNREPAIRED_LIMIT:?};\n");
    for (name, members) in [("BiologyRow", Row::NAMES), ("BiologyStage", Stage::NAMES)] {
        let lines: String = members.iter().map(|name| format!("    {name}: f32,\n")).collect();
        text += &format!("\nstruct {name} {{\n{lines}}}\n");
    }
    text += "
struct ResponseParams {
    voxels: u32,
    sources: u32,
    stride: u32,
    sources_at: u32,
    coefficients_at: u32,
    oxygen: u32,
    predicted: u32,
    first_sum: u32,
    sums: u32,
    antigen_unit: f32,
    turns: u32,
    unused: u32,
    stage: BiologyStage,
}
";
    text
}
