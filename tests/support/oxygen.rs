//! The defaults of the parameter file, for tests of oxygen.

use dosaic::response::tme::oxygen::OxygenConstants;

/// um, s, mmHg.
pub(crate) const TISSUE: OxygenConstants = OxygenConstants {
    hypoxic_fraction: 0.25,
    diffusivity: 2000.0,
    consumption: 15.0,
    michaelis: 2.5,
    capillary_po2: 40.0,
    hypoxia_limit: 5.0,
    capillary_radius: 5.0,
    radius_spread: 0.35,
    oer_max: 3.0,
    oer_half: 3.0,
};
