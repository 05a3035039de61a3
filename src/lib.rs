//! Monte Carlo dosimetry of radiopharmaceutical therapy, fraction by fraction.
//!
//! The data's path is the tree of modules, in this order ([`engine`] walks it):
//!
//! ```text
//! Plan (TOML) -> Phantom -> for each fraction: Source -> Backend::run(batch) x N -> Tally
//!     -> Dose (per fraction, cumulative, uncertainty, dose rate) -> Response -> Report (+ provenance)
//! ```

pub mod error;
pub mod grid;
pub mod units;
pub mod volume;

pub mod plan;

pub mod init;

pub mod physics;

pub mod nuclide;

pub mod phantom;

pub mod source;

pub mod transport;

pub mod dose;

pub mod response;

pub mod report;

pub mod io;

pub mod engine;

pub mod kernel;

pub mod verify;

pub mod cli;
