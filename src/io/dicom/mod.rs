//! DICOM: series of images, contours and segmentations in, RT Dose in and out; `docs/formats/dicom.md` says what is read, refused and noted.

mod codec;
mod ct;
mod dataset;
mod folder;
mod header;
pub mod rtdose;
mod stack;
mod volume;

pub use ct::{CtRead, read_ct, read_ct_grid};
pub use folder::{Folder, Series, is_dicom, scan};
pub use header::{Header, Kind, Plane};
