// Layout shared with the host. Twin: src/response/tme/layout.rs, which writes this file: run the test `shaders` with DOSAIC_REGENERATE=1.

const FIELD_OXIC: u32 = 0u;
const FIELD_HYPOXIC: u32 = 1u;
const FIELD_DOOMED: u32 = 2u;
const FIELD_DEAD: u32 = 3u;
const FIELD_VESSELS: u32 = 4u;
const FIELD_ENDOTHELIUM: u32 = 5u;
const FIELD_CAF: u32 = 6u;
const FIELD_M1: u32 = 7u;
const FIELD_M2: u32 = 8u;
const FIELD_PRIMED: u32 = 9u;
const FIELD_EFFECTOR: u32 = 10u;
const FIELD_PD_L1: u32 = 11u;
const FIELD_TARGET: u32 = 12u;
const FIELD_EMITTERS: u32 = 13u;
const FIELD_SIGNAL: u32 = 14u;
const FIELD_UNREPAIRED_LOW: u32 = 15u;
const FIELD_UNREPAIRED_HIGH: u32 = 16u;
const FIELD_VESSEL_LOW: u32 = 17u;
const FIELD_VESSEL_HIGH: u32 = 18u;
const FIELD_DOSE_LOW: u32 = 19u;
const FIELD_DOSE_HIGH: u32 = 20u;
const FIELD_EFFECT_HIGH: u32 = 21u;
const FIELD_ENCOUNTER: u32 = 22u;
const FIELD_CLEARED: u32 = 23u;
const FIELD_BORN: u32 = 24u;
const FIELD_RECENT: u32 = 25u;
const FIELD_DOOMED_FIRST: u32 = 26u;
const FIELD_DOOMED_SECOND: u32 = 27u;
const FIELD_COUNT: u32 = 28u;

const SUM_UNREPAIRED: u32 = 0u;
const SUM_ANTIGEN: u32 = 2u;
const SUM_PARTS: u32 = 4u;
const RESPONSE_WORKGROUP: u32 = 64u;
const NO_MAP: u32 = 4294967295u;
const OXYGEN_OFF: u32 = 0u;
const OXYGEN_TABLE: u32 = 1u;
const OXYGEN_FIELD: u32 = 2u;
const LQ_UNREPAIRED_LIMIT: f32 = 5.0;

struct BiologyRow {
    initial_cells: f32,
    growth: f32,
    gompertz: f32,
    capacity: f32,
    crowding: f32,
    hypoxic_growth: f32,
    doomed_loss: f32,
    doomed_stages: f32,
    clearance: f32,
    necrosis: f32,
    exchange: f32,
    hypoxia_gain: f32,
    hypoxia_offset: f32,
    consumption_gain: f32,
    consumption_offset: f32,
    doomed_consumption: f32,
    capillary: f32,
    alpha: f32,
    root_beta: f32,
    root_beta_high: f32,
    rbe_high: f32,
    repair: f32,
    endothelium_alpha: f32,
    endothelium_beta: f32,
    endothelium_repair: f32,
    caf_alpha: f32,
    t_alpha: f32,
    endothelium_turnover: f32,
    loss_slope: f32,
    loss_offset: f32,
    regression: f32,
    angiogenesis: f32,
    embolised: f32,
    caf_turnover: f32,
    caf_recruitment: f32,
    damage_half: f32,
    caf_barrier: f32,
    macrophage_turnover: f32,
    m1_to_m2: f32,
    m2_to_m1: f32,
    macrophage_recruitment: f32,
    m2_suppression: f32,
    m2_initial: f32,
    reprogramming: f32,
    reprogramming_limit: f32,
    reprogramming_memory: f32,
    priming: f32,
    antigen_half: f32,
    suppression_half: f32,
    t_expansion: f32,
    t_differentiation: f32,
    t_elimination: f32,
    t_apoptosis: f32,
    t_killing: f32,
    natural_death: f32,
    turnover: f32,
    pdl1_half: f32,
    pdl1_turnover: f32,
    death_signal_half: f32,
    doomed_signal: f32,
    checkpoint_entry: f32,
    checkpoint_perfusion: f32,
    effector_gain: f32,
    effector_offset: f32,
    antigen_weight: f32,
    emission: f32,
    emission_end: f32,
    signal_loss: f32,
    signal_hazard: f32,
    signal_half: f32,
}

struct BiologyStage {
    length: f32,
    lymphocytes: f32,
    antigen: f32,
    checkpoint: f32,
    alpha: f32,
    root_beta: f32,
    sensitiser: f32,
    consumption: f32,
    capillary: f32,
    perfusion: f32,
    recruitment: f32,
    polarisation: f32,
    caf_killing: f32,
    barrier: f32,
    targets: f32,
}

struct ResponseParams {
    voxels: u32,
    region: u32,
    tumour: u32,
    vessel: u32,
    table: u32,
    oxygen: u32,
    sources: u32,
    groups: u32,
    first_sum: u32,
    sums: u32,
    turns: u32,
    antigen_unit: f32,
    @align(16) stage: BiologyStage,
    @align(16) radiation: BiologyStage,
}
