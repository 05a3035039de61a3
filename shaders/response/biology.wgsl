// Biology of one voxel between irradiations: rates of change, and Heun's steps. Twin: src/response/tme/cpu/biology.rs.

// The fields of a voxel that biology changes, or their rates per day.
struct BiologyState {
    // Viable cells with oxygen.
    oxic: f32,
    // Viable hypoxic cells.
    hypoxic: f32,
    // Doomed cells, in all stages.
    doomed: f32,
    // Dead cells.
    dead: f32,
    // Perfused vessels.
    vessels: f32,
    // Effect on endothelium.
    endothelium: f32,
    // Fibroblasts.
    caf: f32,
    // M1 macrophages.
    m1: f32,
    // M2 macrophages.
    m2: f32,
    // Primed T cells.
    primed: f32,
    // Effector T cells.
    effector: f32,
    // PD-L1.
    pdl1: f32,
    // Binding sites per cell.
    targets: f32,
    // Emitters of bystander signals.
    emitters: f32,
    // Bystander signal; in rates: what it tends to.
    signal: f32,
    // Cells cleared away so far.
    cleared: f32,
    // Cells born so far.
    born: f32,
    // Dose of the last days, Gy.
    recent: f32,
    // Doomed cells in the first of several stages, part of those in all.
    doomed_first: f32,
    // Doomed cells in the second of three stages.
    doomed_second: f32,
}

// Amounts below this are none: no denormals, and no ghosts of cells.
const BIOLOGY_NONE: f32 = 1.0e-30;

// An amount, cleaned of what is below zero or next to nothing.
fn biology_amount(value: f32) -> f32 {
    return select(value, 0.0, value < BIOLOGY_NONE);
}

// Vessels that the endothelium can hold: 1 - clamp(slope D_ae - offset), D_ae the acute dose of this effect.
fn biology_vessels_held(row: BiologyRow, endothelium: f32) -> f32 {
    let single = endothelium / row.endothelium_alpha;
    let root = sqrt(1.0 + 4.0 * row.endothelium_beta * single / row.endothelium_alpha);
    let dose = 2.0 * single / (1.0 + root);
    return 1.0 - min(max(row.loss_slope * dose - row.loss_offset, 0.0), 1.0);
}

// Factor b_F of the fibroblasts' barrier on entry, 1 at the start.
fn biology_barrier(row: BiologyRow, stage: BiologyStage, caf: f32) -> f32 {
    return (1.0 + row.caf_barrier) / (1.0 + row.caf_barrier * stage.barrier * caf);
}

// Factor f_TAM of M2 macrophages on activation, 1 at the start.
fn biology_macrophages(row: BiologyRow, m2: f32) -> f32 {
    var relative = 1.0;
    if row.m2_initial > 0.0 {
        relative = m2 / row.m2_initial;
    }
    return (1.0 + row.m2_suppression) / (1.0 + row.m2_suppression * relative);
}

// Immune activation rate IAR, 0 to 1.
fn biology_activation(row: BiologyRow, stage: BiologyStage, state: BiologyState) -> f32 {
    let entered = row.checkpoint_entry * stage.checkpoint * min(state.vessels, row.checkpoint_perfusion);
    let blocked = entered * biology_barrier(row, stage, state.caf);
    let suppressed = stage.antigen / (stage.antigen + row.suppression_half);
    let free = 1.0 - state.pdl1 / (1.0 + blocked);
    return min(max(free * (1.0 - suppressed) * biology_macrophages(row, state.m2), 0.0), 1.0);
}

// Doomed cells as many as would die by k_x at the rate at which those of the last stage die: all of them where there is one stage.
fn biology_dying(row: BiologyRow, state: BiologyState) -> f32 {
    if row.doomed_stages > 1.5 {
        return row.doomed_stages * max(state.doomed - state.doomed_first - state.doomed_second, 0.0);
    }
    return state.doomed;
}

// Mature dendritic cells DCm, 0 to 1, by the rate of death TCD of the reference tumour's clock.
fn biology_maturation(row: BiologyRow, state: BiologyState) -> f32 {
    let cells = state.oxic + state.hypoxic + state.doomed;
    var dying = 0.0;
    if cells > 0.0 {
        dying = biology_dying(row, state) / cells;
    }
    let death = row.doomed_signal * dying + row.t_killing * state.effector + row.natural_death;
    return death * death / (death * death + row.death_signal_half * row.death_signal_half);
}

// Antigen that a voxel presents, DCm (T + X) times the region's weight.
fn biology_antigen(row: BiologyRow, state: BiologyState) -> f32 {
    return row.antigen_weight * biology_maturation(row, state) * (state.oxic + state.hypoxic + state.doomed);
}

// Rate of growth of oxic cells, 1/d.
fn biology_growth(row: BiologyRow, state: BiologyState) -> f32 {
    let packed = state.oxic + state.hypoxic + row.crowding * (state.doomed + state.dead);
    var room = 1.0 - packed / row.capacity;
    if row.gompertz > 0.5 {
        room = log(row.capacity / max(packed, BIOLOGY_NONE));
    }
    return row.growth * max(room, 0.0);
}

// Consumption of oxygen over that at the start.
fn biology_consumption(row: BiologyRow, stage: BiologyStage, state: BiologyState) -> f32 {
    let cells = state.oxic + state.hypoxic + row.doomed_consumption * state.doomed;
    return (row.consumption_gain * cells + row.consumption_offset) * stage.consumption;
}

// Bystander signal that the emitters hold up.
fn biology_emission(state: BiologyState) -> f32 {
    return state.emitters * (state.oxic + state.hypoxic + state.doomed);
}

// Rates of change per day of all fields; for the signal what it tends to.
fn biology_rates(row: BiologyRow, stage: BiologyStage, state: BiologyState, oxygen: Oxygen) -> BiologyState {
    let cells = state.oxic + state.hypoxic;
    let growth = biology_growth(row, state);
    let killing = row.turnover * (row.t_killing * state.effector + row.natural_death)
        + row.signal_hazard * state.signal / (state.signal + row.signal_half);
    let hypoxia = (oxygen.hypoxic * cells - state.hypoxic) * row.exchange;
    let necrosis = row.necrosis * max(1.0 - state.vessels, 0.0) * state.hypoxic;
    let grown_oxic = growth * state.oxic;
    let grown_hypoxic = growth * row.hypoxic_growth * state.hypoxic;
    let died = row.doomed_loss * biology_dying(row, state);
    let passing = row.doomed_stages * row.doomed_loss;
    let to_second = select(0.0, passing * state.doomed_first, row.doomed_stages > 2.5);
    let cleared = row.clearance * state.dead;

    let held = biology_vessels_held(row, state.endothelium) * stage.perfusion;
    let hypoxia_now = row.hypoxia_gain * oxygen.hypoxic + row.hypoxia_offset;
    let sprouting = row.angiogenesis * 0.5 * (1.0 + hypoxia_now) * state.vessels * max(held - state.vessels, 0.0);
    let regressing = row.regression * max(state.vessels - held, 0.0);

    let damage = state.doomed / (state.doomed + row.damage_half);
    let caf = row.caf_turnover * (1.0 + row.caf_recruitment * damage - state.caf) - stage.caf_killing * state.caf;

    let effectors = row.effector_gain * state.effector + row.effector_offset;
    let interferon = effectors + row.reprogramming * min(state.recent, row.reprogramming_limit);
    let to_m1 = row.m2_to_m1 * state.m2 * (2.0 * interferon / (1.0 + interferon) + stage.polarisation);
    let wound = 0.5 * (hypoxia_now + state.caf);
    let to_m2 = row.m1_to_m2 * state.m1 * 2.0 * wound / (1.0 + wound);
    let recruited = (1.0 + row.macrophage_recruitment * damage) * stage.recruitment;

    let activated = biology_activation(row, stage, state) * state.primed;
    let barrier = biology_barrier(row, stage, state.caf);
    let primed = row.priming * stage.lymphocytes * state.vessels * barrier * stage.antigen / (stage.antigen + row.antigen_half);

    var rates: BiologyState;
    rates.oxic = grown_oxic - hypoxia - killing * state.oxic;
    rates.hypoxic = grown_hypoxic + hypoxia - killing * state.hypoxic - necrosis;
    rates.doomed = -died;
    rates.dead = died + necrosis + killing * cells - cleared;
    rates.vessels = sprouting - regressing;
    rates.endothelium = -row.endothelium_turnover * state.endothelium;
    rates.caf = caf;
    rates.m1 = row.macrophage_turnover * (recruited - state.m1) - to_m2 + to_m1;
    rates.m2 = to_m2 - to_m1 - row.macrophage_turnover * state.m2;
    rates.primed = primed + row.t_expansion * activated - row.t_elimination * state.primed;
    rates.effector = row.t_differentiation * activated - row.t_apoptosis * state.effector;
    rates.pdl1 = row.pdl1_turnover * (state.effector / (row.pdl1_half + state.effector) - state.pdl1);
    rates.targets = stage.targets * state.targets;
    rates.emitters = -row.emission_end * state.emitters;
    rates.signal = biology_emission(state);
    rates.cleared = cleared;
    rates.born = grown_oxic + grown_hypoxic;
    rates.recent = -row.reprogramming_memory * state.recent;
    rates.doomed_first = -passing * state.doomed_first;
    rates.doomed_second = to_second - passing * state.doomed_second;
    return rates;
}

// The signal after `length` days in which it tends to `towards`; exact, as it lives much shorter than a step.
fn biology_signal(row: BiologyRow, signal: f32, towards: f32, length: f32) -> f32 {
    return biology_amount(signal + (towards - signal) * (1.0 - exp(-row.signal_loss * length)));
}

// First stage of Heun's method (SSP-RK2): a full Euler step of `length` days.
fn biology_predict(row: BiologyRow, state: BiologyState, rates: BiologyState, length: f32) -> BiologyState {
    var next: BiologyState;
    next.oxic = biology_amount(state.oxic + length * rates.oxic);
    next.hypoxic = biology_amount(state.hypoxic + length * rates.hypoxic);
    next.doomed = biology_amount(state.doomed + length * rates.doomed);
    next.dead = biology_amount(state.dead + length * rates.dead);
    next.vessels = biology_amount(state.vessels + length * rates.vessels);
    next.endothelium = biology_amount(state.endothelium + length * rates.endothelium);
    next.caf = biology_amount(state.caf + length * rates.caf);
    next.m1 = biology_amount(state.m1 + length * rates.m1);
    next.m2 = biology_amount(state.m2 + length * rates.m2);
    next.primed = biology_amount(state.primed + length * rates.primed);
    next.effector = biology_amount(state.effector + length * rates.effector);
    next.pdl1 = biology_amount(state.pdl1 + length * rates.pdl1);
    next.targets = biology_amount(state.targets + length * rates.targets);
    next.emitters = biology_amount(state.emitters + length * rates.emitters);
    next.signal = biology_signal(row, state.signal, rates.signal, length);
    next.cleared = biology_amount(state.cleared + length * rates.cleared);
    next.born = biology_amount(state.born + length * rates.born);
    next.recent = biology_amount(state.recent + length * rates.recent);
    next.doomed_first = biology_amount(state.doomed_first + length * rates.doomed_first);
    next.doomed_second = biology_amount(state.doomed_second + length * rates.doomed_second);
    return next;
}

// Second stage: the mean of the start and of an Euler step from the predicted state.
fn biology_correct(row: BiologyRow, state: BiologyState, predicted: BiologyState, rates: BiologyState, length: f32) -> BiologyState {
    var next: BiologyState;
    next.oxic = biology_amount(0.5 * (state.oxic + (predicted.oxic + length * rates.oxic)));
    next.hypoxic = biology_amount(0.5 * (state.hypoxic + (predicted.hypoxic + length * rates.hypoxic)));
    next.doomed = biology_amount(0.5 * (state.doomed + (predicted.doomed + length * rates.doomed)));
    next.dead = biology_amount(0.5 * (state.dead + (predicted.dead + length * rates.dead)));
    next.vessels = biology_amount(0.5 * (state.vessels + (predicted.vessels + length * rates.vessels)));
    next.endothelium = biology_amount(0.5 * (state.endothelium + (predicted.endothelium + length * rates.endothelium)));
    next.caf = biology_amount(0.5 * (state.caf + (predicted.caf + length * rates.caf)));
    next.m1 = biology_amount(0.5 * (state.m1 + (predicted.m1 + length * rates.m1)));
    next.m2 = biology_amount(0.5 * (state.m2 + (predicted.m2 + length * rates.m2)));
    next.primed = biology_amount(0.5 * (state.primed + (predicted.primed + length * rates.primed)));
    next.effector = biology_amount(0.5 * (state.effector + (predicted.effector + length * rates.effector)));
    next.pdl1 = biology_amount(0.5 * (state.pdl1 + (predicted.pdl1 + length * rates.pdl1)));
    next.targets = biology_amount(0.5 * (state.targets + (predicted.targets + length * rates.targets)));
    next.emitters = biology_amount(0.5 * (state.emitters + (predicted.emitters + length * rates.emitters)));
    next.signal = biology_signal(row, state.signal, 0.5 * (biology_emission(state) + rates.signal), length);
    next.cleared = biology_amount(0.5 * (state.cleared + (predicted.cleared + length * rates.cleared)));
    next.born = biology_amount(0.5 * (state.born + (predicted.born + length * rates.born)));
    next.recent = biology_amount(0.5 * (state.recent + (predicted.recent + length * rates.recent)));
    next.doomed_first = biology_amount(0.5 * (state.doomed_first + (predicted.doomed_first + length * rates.doomed_first)));
    next.doomed_second = biology_amount(0.5 * (state.doomed_second + (predicted.doomed_second + length * rates.doomed_second)));
    return next;
}
