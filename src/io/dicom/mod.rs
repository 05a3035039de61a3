//! DICOM objects.

pub mod rtdose;
