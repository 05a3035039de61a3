//! Whose dose it is: what a DICOM input says of patient, study and frame of reference, and what of it may go on.

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
    /// Without anything that names a person, a visit or a day. The unique identifiers of study and frame of reference stay: without them
    /// the dose would not lie on its CT.
    #[must_use]
    pub fn anonymised(self) -> Self {
        let Self { study_uid, frame_of_reference_uid, position_reference, .. } = self;
        Self { study_uid, frame_of_reference_uid, position_reference, ..Self::default() }
    }
}
