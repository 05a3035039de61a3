//! What holds for all voxels at one moment of a step.

use super::record::record;

record! {
    /// One of the two stages of a half step: what is the patient's, not the voxel's. Effects of drugs are neutral in [`Stage::neutral`].
    Stage {
        /// Length of the half step, d.
        length,
        /// Circulating lymphocytes over those at the start.
        lymphocytes,
        /// Antigen presented by all tumours together, uL of mouse tumour. The voxel model writes it, from its own sum at this stage.
        antigen,
        /// Checkpoint inhibitors in blood, each over its K_D, summed.
        checkpoint,
        /// Factor on alpha.
        alpha,
        /// Factor on sqrt(beta).
        root_beta,
        /// Share eps of the missing oxygen effect that a sensitiser gives back: `w + (1 - w) eps`.
        sensitiser,
        /// Factor on the consumption of oxygen.
        consumption,
        /// Added to the capillary pO2, mmHg.
        capillary,
        /// Factor on the vessels that can be held.
        perfusion,
        /// Factor on the recruitment of macrophages.
        recruitment,
        /// Added to the signal that turns M2 into M1.
        polarisation,
        /// Killing of fibroblasts, 1/d.
        caf_killing,
        /// Factor on the constant of the fibroblasts' barrier.
        barrier,
        /// Growth of binding sites, 1/d.
        targets,
    }
}

impl Stage<f64> {
    /// No drug, lymphocytes as at the start.
    pub fn neutral(length: f64) -> Self {
        Self {
            length,
            lymphocytes: 1.0,
            alpha: 1.0,
            root_beta: 1.0,
            consumption: 1.0,
            perfusion: 1.0,
            recruitment: 1.0,
            barrier: 1.0,
            ..Self::default()
        }
    }
}
