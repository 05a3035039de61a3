//! Chain members that do not stay where they are formed.

use serde::Serialize;

use super::UptakePattern;

/// What becomes of a share of the atoms of one chain member, from the moment they are formed; all rules for a member and place add up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Redistribution {
    /// The member, e.g. "Bi-213".
    pub member: String,
    /// Regions in which it must be formed; none named: anywhere.
    pub from: Vec<String>,
    /// Share of the atoms formed there, 0 to 1; with `recoil` of those that leave their carrier.
    pub share: f64,
    /// The atoms leave a carrier by the recoil of the alpha decay that forms them.
    pub recoil: Option<RecoilEscape>,
    /// Half-life of the way to where they go (decay comes on top); decays on the way are outside the phantom. None: at once.
    pub transit_half_life: Option<f64>,
    /// Where they go.
    pub to: Destination,
    /// Half-life with which they clear from there (decay comes on top), s; none: they stay until they decay.
    pub biological_half_life: Option<f64>,
}

/// A spherical carrier, in whose volume the parent is spread evenly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RecoilEscape {
    /// Radius of the carrier, mm.
    pub vector_radius: f64,
    /// Range of the recoil nucleus in it, mm.
    pub recoil_range: f64,
}

impl RecoilEscape {
    /// Probability that a recoil nucleus leaves a sphere in whose volume it started: 1 minus the share that two spheres, as far apart as its
    /// range, have in common: `3 l / 4 R - l^3 / 16 R^3`; 1 from l = 2 R on.
    pub fn probability(&self) -> f64 {
        let x = self.recoil_range / self.vector_radius;
        if x >= 2.0 { 1.0 } else { 0.75 * x - x * x * x / 16.0 }
    }
}

/// Where atoms go.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "destination")]
pub enum Destination {
    /// They stay where they are formed (and may clear from there).
    Here,
    /// They diffuse around the place of their formation: the density of decays falls as exp(-r / length) / r (mean distance twice the length).
    Around {
        /// sqrt(D / lambda), mm.
        length: f64,
    },
    /// They join a region.
    Region {
        /// Its name.
        region: String,
        /// How they are spread in it.
        pattern: UptakePattern,
    },
    /// They leave the body; their decays are counted but give no dose.
    Excreted,
}
