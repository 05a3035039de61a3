//! RT Dose: absorbed dose, BED and EQD2 for planning systems. `docs/formats/rtdose.md` says which attributes and why.

mod order;
mod patient;
mod read;
mod scaling;
mod uid;
mod write;

pub use order::in_display_order;
pub use patient::PatientContext;
pub use read::{RtDoseRead, read_rt_dose};
pub use scaling::{Bits, DoseScaling};
pub use uid::derived_uid;
pub use write::{DoseQuantity, RtDose, RtDoseStudy, write_rt_dose};
