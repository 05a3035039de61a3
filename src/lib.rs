//! Monte Carlo dosimetry of radiopharmaceutical therapy, fraction by fraction.
//!
//! The data's path is the tree of modules, in this order:
//!
//! ```text
//! Plan (TOML) -> Phantom -> for each fraction: Source -> Backend::run(batch) x N -> Tally
//!     -> Dose (per fraction, cumulative, uncertainty, dose rate) -> Response -> Report / Export (+ provenance)
//! ```

pub mod error;
pub mod grid;
pub mod units;
pub mod volume;

pub mod dose;
pub mod io;
pub mod nuclide;
pub mod phantom;
pub mod physics;
pub mod plan;
pub mod report;
pub mod response;
pub mod source;
pub mod transport;
