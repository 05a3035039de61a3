//! DICOM objects in: made by pydicom and highdicom, read by this crate and by SimpleITK.

mod ct;
mod python;
