//! What a step puts before the voxel kernels, as flat tables in the order in which they read them. Twin: `shaders/response/layout.wgsl`.
//!
//! State: fields one after the other, `field * voxels + voxel`. Amplitudes: maps one after the other, `map * voxels + voxel`, in Gy (Gy per
//! decay times [`super::coefficients::Activities::scale`]).

use bytemuck::{Pod, Zeroable};

use super::{
    FIELDS, Field, VoxelSource,
    coefficients::{StepActivity, StepCoefficients},
    real::Real,
    row::Row,
    stage::Stage,
};
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
    /// Fours of squares that the encounters are the sum of.
    pub groups: usize,
    /// Per repair constant, [`Self::stride`] each: `e^(-mu h)`; what is left unrepaired of each source; what of each meets damage carried into
    /// the step; per group and source, factors of its four squares.
    pub coefficients: Vec<R>,
}

impl<R: Real> RadiationStep<R> {
    /// For maps of each source at these positions.
    pub fn new(activity: &StepActivity, maps: &Maps, repair: &[f64]) -> Self {
        let scaled = activity.sources().zip(activity.shares());
        let sources: Vec<_> = scaled.map(|(source, share)| SourceStep { decays: R::of(share), ..maps.of(source) }).collect();
        let n = sources.len();
        let sets: Vec<StepCoefficients> = repair.iter().map(|&mu| activity.coefficients(mu)).collect();
        // A hundredth of what rounding takes.
        let tolerance = (0.01 * R::epsilon().wide()).max(1e-15);
        let squares: Vec<Vec<Vec<f64>>> = sets.iter().map(|set| set.squares(tolerance)).collect();
        let groups = squares.iter().map(Vec::len).max().unwrap_or(0).div_ceil(4);
        let mut coefficients = Vec::new();
        for (set, rows) in sets.iter().zip(&squares) {
            coefficients.push(set.repair);
            coefficients.extend(set.unrepaired.iter().chain(&set.carried));
            let factor = |row: usize, source: usize| rows.get(row).map_or(0.0, |row| row[source]);
            coefficients.extend(
                (0..groups).flat_map(|g| (0..n).flat_map(move |j| (0..4).map(move |i| (4 * g + i, j)))).map(|(row, j)| factor(row, j)),
            );
        }
        Self { sources, groups, coefficients: coefficients.into_iter().map(R::of).collect() }
    }

    /// As the kernels read them: three words per source, then the coefficients.
    pub fn words(&self) -> Vec<u32> {
        let sources = self.sources.iter().flat_map(|source| [(source.decays.wide() as f32).to_bits(), source.low, source.high]);
        sources.chain(self.coefficients.iter().map(|value| (value.wide() as f32).to_bits())).collect()
    }

    /// Coefficients per repair constant.
    pub fn stride(&self) -> usize {
        1 + (2 + 4 * self.groups) * self.sources.len()
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

/// What a kernel needs besides its buffers; followed, each from a whole vector on, by the values of the [`Stage`] of biology and that of
/// radiation.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct StepParams {
    /// Voxels of this chunk.
    pub voxels: u32,
    /// Their region.
    pub region: u32,
    /// Number of the coefficients of their tumour cells ...
    pub tumour: u32,
    /// ... and of their endothelium.
    pub vessel: u32,
    /// First word of their oxygen table.
    pub table: u32,
    /// An [`OxygenMode`].
    pub oxygen: u32,
    /// Sources with activity.
    pub sources: u32,
    /// Fours of squares.
    pub groups: u32,
    /// Place of this chunk's first partial sum.
    pub first_sum: u32,
    /// Partial sums of all chunks.
    pub sums: u32,
    /// Partial sums for each thread of the one workgroup that adds them.
    pub turns: u32,
    /// Antigen per unit of the sum; 0: there is none.
    pub antigen_unit: f32,
}

impl StepParams {
    /// With the stages, as in the uniform buffer.
    pub fn bytes(&self, biology: &Stage<f32>, radiation: &Stage<f32>) -> Vec<u8> {
        let mut bytes = bytemuck::bytes_of(self).to_vec();
        for stage in [biology, radiation] {
            bytes.extend_from_slice(bytemuck::cast_slice(&stage.values()));
            bytes.resize(bytes.len().next_multiple_of(16), 0);
        }
        bytes
    }
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
    region: u32,
    tumour: u32,
    vessel: u32,
    table: u32,
    oxygen: u32,
    sources: u32,
    groups: u32,
    first_sum: u32,
    sums: u32,
    turns: u32,
    antigen_unit: f32,
    @align(16) stage: BiologyStage,
    @align(16) radiation: BiologyStage,
}
";
    text
}
