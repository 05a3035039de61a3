//! DICOM objects in: made by pydicom and highdicom, read by this crate and by SimpleITK.

mod activity;
mod ct;
mod damage;
mod plans;
mod python;
mod structures;
