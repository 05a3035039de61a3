//! `report.html` and the quick-look pictures: a result for people to read, in one file that needs no network.
//!
//! Both are made from the files of a result folder alone: `dosaic run` makes them last, `dosaic report` makes the same bytes again.

mod charts;
mod colours;
mod document;
mod font;
mod input;
mod microenvironment;
mod page;
mod picture;
mod quicklook;
mod regions;
mod reproduce;
mod svg;
mod tables;
mod volumes;

use std::path::Path;

pub use input::ReportInput;

use crate::error::Result;

/// Name of the page in a result folder.
pub const REPORT: &str = "report.html";

/// The page and the pictures beside it.
#[derive(Debug, Clone)]
pub struct Report {
    /// The text of [`REPORT`].
    pub html: String,
    /// Names and bytes of the quick-look pictures.
    pub pictures: Vec<(String, Vec<u8>)>,
}

impl Report {
    /// From the files of a result.
    ///
    /// # Errors
    /// If a picture cannot be encoded.
    pub fn new(input: &ReportInput) -> Result<Self> {
        let mut pictures = Vec::new();
        if let Some(scene) = &input.scene {
            for layer in scene.layers.iter().filter(|l| l.pictured) {
                let name = format!("quicklook_{}.png", if layer.stem == "dose_total" { "dose" } else { &layer.stem });
                pictures.push((name, quicklook::draw(scene, layer)?));
            }
        }
        Ok(Self { html: page::write(input, &pictures)?, pictures })
    }

    /// From a result folder.
    ///
    /// # Errors
    /// As [`ReportInput::read`].
    pub fn of(folder: &Path) -> Result<Self> {
        Self::new(&ReportInput::read(folder)?)
    }
}
