//! The units used inside the program, and the constants that join them.
//!
//! Inside: length mm (voxel geometry) or cm (cross sections), energy MeV, mass g, density g/cm3, time s,
//! activity Bq, absorbed dose Gy. Quantities typed by the user carry their unit and are converted once, in `plan`.

/// Joule per MeV (CODATA 2018, exact).
pub const JOULE_PER_MEV: f64 = 1.602_176_634e-13;
/// Gray per (MeV/g).
pub const GY_PER_MEV_PER_G: f64 = JOULE_PER_MEV * 1.0e3;
/// Seconds in an hour.
pub const SECONDS_PER_HOUR: f64 = 3600.0;
/// Seconds in a day.
pub const SECONDS_PER_DAY: f64 = 86400.0;
/// Lowest electron energy that is transported, MeV: below it no reliable data exist.
pub const LOWEST_ELECTRON_ENERGY: f64 = 1.0e-3;

/// Photons below this energy are absorbed where they are: the attenuation tables begin here, MeV.
pub const LOWEST_PHOTON_ENERGY: f64 = 1.0e-3;
