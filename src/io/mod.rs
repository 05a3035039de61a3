//! Files: images, tables, provenance. The only place that reads and writes them.

pub mod atomic;
pub mod csv;
pub mod dicom;
pub mod image;
pub mod json;
pub mod memory;
pub mod output;
pub mod terminal;
pub mod text;
