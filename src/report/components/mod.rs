//! Dose per decay of every source component, stored so that what comes after the transport can be computed again without it.
//!
//! `components.json` says what the images beside it hold and what they depend on, as digests: the phantom, the place of the decays, what is
//! emitted and how it was transported. Seed and histories are none of these: other random numbers give the same dose within its standard error.

mod digest;
mod read;
#[cfg(test)]
mod tests;
mod write;

use serde::{Deserialize, Serialize};

pub use digest::{PhantomDigest, pattern_digest};
pub use read::{StoredComponents, stored_components};
pub(super) use write::write_components;
pub use write::{ComponentRecord, ComponentSet};

use crate::dose::component::{RegionEnergy, ScoredComponent};

/// Schema of the file; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "dosaic-components/1";
/// Name of the file.
pub const FILE: &str = "components.json";

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Document {
    schema: String,
    /// Version of the program that did the transport.
    engine: String,
    phantom: PhantomDigest,
    /// y0 of the saturated lineal energy, keV/um; none: it was not scored.
    saturation_kev_um: Option<f64>,
    components: Vec<Entry>,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    name: String,
    pattern_sha256: String,
    emitter_sha256: String,
    histories: u64,
    batches: u32,
    maps: Vec<MapEntry>,
    /// Share of the decays per voxel; results of older versions have none.
    #[serde(default)]
    decays: Option<ImageEntry>,
    regions: Vec<RegionEntry>,
}

/// An image of a component's dose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct MapEntry {
    map: MapKind,
    #[serde(flatten)]
    image: ImageEntry,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ImageEntry {
    file: String,
    /// SHA-256 of its values, 32-bit floats in little-endian order, hexadecimal.
    values_sha256: String,
}

/// Energy per decay in a region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RegionEntry {
    region: String,
    low_mev: f64,
    high_mev: f64,
    variance_mev2: f64,
    alpha_mev: f64,
    alpha_let_mev_kev_um: f64,
    alpha_quality_mev_kev_um: f64,
}

impl RegionEntry {
    fn new(region: &str, energy: &RegionEnergy) -> Self {
        let RegionEnergy { low, high, variance, alpha, alpha_let, alpha_quality } = *energy;
        Self {
            region: region.into(),
            low_mev: low,
            high_mev: high,
            variance_mev2: variance,
            alpha_mev: alpha,
            alpha_let_mev_kev_um: alpha_let,
            alpha_quality_mev_kev_um: alpha_quality,
        }
    }

    fn energy(&self) -> RegionEnergy {
        RegionEnergy {
            low: self.low_mev,
            high: self.high_mev,
            variance: self.variance_mev2,
            alpha: self.alpha_mev,
            alpha_let: self.alpha_let_mev_kev_um,
            alpha_quality: self.alpha_quality_mev_kev_um,
        }
    }
}

/// What an image of a component shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MapKind {
    Low,
    High,
    Alpha,
    DoseLet,
    DoseQuality,
    Sigma,
}

impl MapKind {
    const ALL: [Self; 6] = [Self::Low, Self::High, Self::Alpha, Self::DoseLet, Self::DoseQuality, Self::Sigma];

    /// The end of its file's name.
    fn stem(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Alpha => "alpha",
            Self::DoseLet => "dose_let",
            Self::DoseQuality => "dose_quality",
            Self::Sigma => "sigma",
        }
    }

    /// In words, and unit.
    fn quantity(self) -> (&'static str, &'static str) {
        match self {
            Self::Low => ("low-LET dose", "Gy per decay"),
            Self::High => ("dose from alphas and recoils", "Gy per decay"),
            Self::Alpha => ("dose from alphas", "Gy per decay"),
            Self::DoseLet => ("dose from alphas times LET", "Gy keV/um per decay"),
            Self::DoseQuality => ("dose from alphas times y*", "Gy keV/um per decay"),
            Self::Sigma => ("standard error of the dose", "Gy per decay"),
        }
    }

    /// Its values in a component; none where it has none.
    fn of(self, component: &ScoredComponent) -> Option<&[f32]> {
        match self {
            Self::Low => Some(&component.low),
            Self::High => component.high.as_deref(),
            Self::Alpha => component.alpha.as_deref(),
            Self::DoseLet => component.dose_let.as_deref(),
            Self::DoseQuality => component.dose_quality.as_deref(),
            Self::Sigma => Some(&component.sigma),
        }
    }
}
