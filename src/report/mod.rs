//! What a run leaves behind: maps, tables, summary and provenance, and the table on the screen.
//!
//! Names, columns and keys are an interface; `docs/formats/results.md` describes them and how they are versioned.

pub mod activity;
pub mod anatomy;
pub mod components;
pub mod html;
pub(crate) mod json;
pub(crate) mod plot;
pub mod provenance;
pub mod rt_dose;
pub mod summary;
pub mod tables;
pub mod text;
pub mod time;
pub mod tme;
pub mod write;

pub use write::{ResultWriter, RunResult, write_all};
