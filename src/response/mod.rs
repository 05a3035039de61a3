//! Radiobiology: what the dose and its rate do to tissue.
//!
//! This folder holds tier T0, the closed forms of the linear-quadratic model; every result is exact for time courses of pieces.
//!
//! - [`lq`]: single formulas (survival, BED, protraction factors, repopulation, oxygen, radiation quality);
//! - [`step`]: one step in time with unrepaired damage carried over; time-dependent models build on it;
//! - [`tissue`]: the plan's parameters, checked;
//! - [`maps`]: dose-rate maps of all fractions to voxel maps of BED and EQD2;
//! - [`endpoints`]: EUD, TCP, NTCP and limits per region.
//!
//! ```text
//! DoseRateComponents + regions + ResponsePlan -> Irradiation -> response_maps -> region_responses
//! ```
//!
//! Formulas are free of a time unit (rates and times need only match); `maps` and `endpoints` use seconds like the rest of the program.

pub mod endpoints;
pub mod lq;
pub mod maps;
pub mod step;
pub mod tissue;
pub mod tme;

pub use endpoints::{RegionOptions, RegionResponse, region_responses};
pub use maps::{Irradiation, MapOptions, ResponseMaps, response_maps};
