//! Endpoints per region: equivalent uniform doses, survival, TCP, NTCP and limits.

pub mod complication;
pub mod control;
mod nadir;
pub mod normal;
mod region;
pub mod uniform;

pub use complication::LimitCheck;
pub use nadir::Nadir;
pub use region::{Geud, RegionOptions, RegionResponse, region_responses};
