//! What a step puts before the voxel kernels, as flat tables in the order in which they read them. Twin: `shaders/response/layout.wgsl`.
//!
//! State: fields one after the other, `field * voxels + voxel`. Amplitudes: maps one after the other, `map * voxels + voxel`, in Gy (Gy per
//! decay times [`Activities::scale`]).

use super::{
    VoxelSource,
    coefficients::{Activities, StepActivity},
    real::Real,
};

/// Where there is no map.
pub const NO_MAP: u32 = u32::MAX;
/// Maps of a source with high-LET radiation, behind that of its low-LET dose.
pub const HIGH_MAPS: usize = 3;

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
