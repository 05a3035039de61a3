//! DICOM: series of images, contours and segmentations in, RT Dose in and out; `docs/formats/dicom.md` says what is read, refused and noted.

mod activity;
mod codec;
mod contours;
mod ct;
mod dataset;
mod folder;
mod header;
mod moment;
mod outline;
pub mod rtdose;
mod segments;
mod stack;
mod structures;
mod volume;

pub use activity::{ActivityRead, ActivityUnit, read_activity};
pub use ct::{CtRead, read_ct, read_ct_grid};
pub use folder::{Folder, Series, files, is_dicom, scan};
pub use header::{Header, Kind, Plane};
pub use outline::outline;
pub use structures::{StructureName, StructuresRead, read_segments, read_segments_grid, read_structures};
