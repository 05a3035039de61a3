//! DICOM: series of images, contours and segmentations in; `docs/formats/dicom.md` says what is read, refused and noted.
