//! Whose dose it is: what a DICOM input says of patient, study and frame of reference, and what of it may go on.

use std::path::Path;

use dicom_dictionary_std::tags;

use crate::{
    error::{Error, Result},
    io::dicom::dataset::Contents,
};

/// Attributes that tie results to the patient and the images behind them; empty where the input had none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatientContext {
    /// (0010,0010), `Family^Given`.
    pub patient_name: String,
    /// (0010,0020).
    pub patient_id: String,
    /// (0010,0030), `YYYYMMDD`.
    pub birth_date: String,
    /// (0010,0040): M, F or O.
    pub sex: String,
    /// (0020,000D).
    pub study_uid: String,
    /// (0020,0010).
    pub study_id: String,
    /// (0008,0020), `YYYYMMDD`.
    pub study_date: String,
    /// (0008,0030), `HHMMSS`.
    pub study_time: String,
    /// (0008,0050).
    pub accession_number: String,
    /// (0008,0090).
    pub referring_physician: String,
    /// (0020,0052): the frame of reference of the CT; doses in it overlay the CT.
    pub frame_of_reference_uid: String,
    /// (0020,1040).
    pub position_reference: String,
}

impl PatientContext {
    /// What a DICOM file (a slice of the CT) says; what it does not say is empty.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] if it is no DICOM file or is damaged.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let contents = Contents::read(path)?;
        let contents = contents.ok_or_else(|| Error::input(format!("{}: not a DICOM file", path.display())))?;
        let data = contents.parse()?;
        let text = |tag| data.text(tag).unwrap_or_default();
        Ok(Self {
            patient_name: text(tags::PATIENT_NAME),
            patient_id: text(tags::PATIENT_ID),
            birth_date: text(tags::PATIENT_BIRTH_DATE),
            sex: text(tags::PATIENT_SEX),
            study_uid: text(tags::STUDY_INSTANCE_UID),
            study_id: text(tags::STUDY_ID),
            study_date: text(tags::STUDY_DATE),
            study_time: text(tags::STUDY_TIME),
            accession_number: text(tags::ACCESSION_NUMBER),
            referring_physician: text(tags::REFERRING_PHYSICIAN_NAME),
            frame_of_reference_uid: text(tags::FRAME_OF_REFERENCE_UID),
            position_reference: text(tags::POSITION_REFERENCE_INDICATOR),
        })
    }

    /// Without anything that names a person, a visit or a day. The unique identifiers of study and frame of reference stay: without them
    /// the dose would not lie on its CT.
    #[must_use]
    pub fn anonymised(self) -> Self {
        let Self { study_uid, frame_of_reference_uid, position_reference, .. } = self;
        Self { study_uid, frame_of_reference_uid, position_reference, ..Self::default() }
    }
}
