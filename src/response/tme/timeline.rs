//! What a simulation tells as it goes: every evolving region, and the patient, at regular times.

/// One region at one time; means are over the region's voxels, each counting the same.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineRow {
    /// s on the plan's clock.
    pub time: f64,
    /// Name of the region.
    pub region: String,
    /// Volume of all cells and debris, mL: `(To + Th + X + N) V` summed.
    pub volume_ml: f64,
    /// Volume of viable cells, mL: `(To + Th) V` summed.
    pub viable_ml: f64,
    /// Expected viable clonogens: share of clonogens x cells per packed volume x [`Self::viable_ml`].
    pub cells: f64,
    /// Viable cells over those at the start.
    pub surviving: f64,
    /// Doomed cells, share of packing.
    pub doomed: f64,
    /// Dead cells and debris, share of packing.
    pub dead: f64,
    /// Part of the tissue below the hypoxia limit; 0 without oxygen.
    pub hypoxic_fraction: f64,
    /// Mean pO2, mmHg.
    pub po2_mmhg: f64,
    /// Perfused vessels, 1 at the start.
    pub vessels: f64,
    /// Cancer-associated fibroblasts, 1 at the start.
    pub caf: f64,
    /// M1 macrophages.
    pub m1: f64,
    /// M2 macrophages.
    pub m2: f64,
    /// Primed T cells, n_E of Kosinsky 2018.
    pub t_primed: f64,
    /// Effector T cells, d_E of Kosinsky 2018.
    pub t_effector: f64,
    /// PD-L1, 0 to 1.
    pub pdl1: f64,
    /// Immune activation rate IAR, 0 to 1.
    pub immune_activation: f64,
    /// Immune index `IAR b_F v l`, 0 to 1.
    pub immune_index: f64,
    /// Binding sites per cell, 1 at the start.
    pub target: f64,
    /// Mean low-LET dose so far, Gy.
    pub dose_low_gy: f64,
    /// Mean high-LET dose so far, Gy; never part of [`Self::dose_low_gy`].
    pub dose_high_gy: f64,
    /// Mean BED so far, Gy, well oxygenated.
    pub bed_gy: f64,
    /// Rate at which doomed cells die, share of packing per day: `k_x X`, with several stages `stages k_x` times the last.
    pub death_signal: f64,
}

/// What the whole patient has at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct GlobalRow {
    /// s on the plan's clock.
    pub time: f64,
    /// Antigen presented, uL of mouse tumour.
    pub antigen: f64,
    /// Circulating lymphocytes over those at the start.
    pub lymphocytes: f64,
    /// Checkpoint inhibitor in plasma, nM.
    pub checkpoint_nm: f64,
    /// The other drugs, in the units of their doses, in the order of [`Timeline::drug_names`].
    pub drugs: Vec<f64>,
    /// Platelets, 10^9/L; none: the marrow is not followed.
    pub platelets: Option<f64>,
    /// Neutrophils, 10^9/L.
    pub neutrophils: Option<f64>,
    /// Dose in blood so far, Gy.
    pub blood_dose_gy: f64,
}

/// Rows in time, regions one after the other at each time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// Regions.
    pub rows: Vec<TimelineRow>,
    /// The patient, one row per time.
    pub globals: Vec<GlobalRow>,
    /// Names of the drugs of [`GlobalRow::drugs`].
    pub drug_names: Vec<String>,
}

impl Timeline {
    /// Rows of one region, in time.
    pub fn region<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a TimelineRow> {
        self.rows.iter().filter(move |row| row.region == name)
    }
}
