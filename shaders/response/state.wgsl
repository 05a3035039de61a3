// A voxel's values in the buffers. Twin: src/response/tme/cpu/model.rs, where each voxel is a struct.

// What biology changes, at the start of a half step.
fn state_load(voxel: u32) -> BiologyState {
    let n = response.voxels;
    var state: BiologyState;
    state.oxic = fields[FIELD_OXIC * n + voxel];
    state.hypoxic = fields[FIELD_HYPOXIC * n + voxel];
    state.doomed = fields[FIELD_DOOMED * n + voxel];
    state.dead = fields[FIELD_DEAD * n + voxel];
    state.vessels = fields[FIELD_VESSELS * n + voxel];
    state.endothelium = fields[FIELD_ENDOTHELIUM * n + voxel];
    state.caf = fields[FIELD_CAF * n + voxel];
    state.m1 = fields[FIELD_M1 * n + voxel];
    state.m2 = fields[FIELD_M2 * n + voxel];
    state.primed = fields[FIELD_PRIMED * n + voxel];
    state.effector = fields[FIELD_EFFECTOR * n + voxel];
    state.pdl1 = fields[FIELD_PD_L1 * n + voxel];
    state.targets = fields[FIELD_TARGET * n + voxel];
    state.emitters = fields[FIELD_EMITTERS * n + voxel];
    state.signal = fields[FIELD_SIGNAL * n + voxel];
    state.cleared = fields[FIELD_CLEARED * n + voxel];
    state.born = fields[FIELD_BORN * n + voxel];
    state.recent = fields[FIELD_RECENT * n + voxel];
    state.doomed_first = fields[FIELD_DOOMED_FIRST * n + voxel];
    state.doomed_second = fields[FIELD_DOOMED_SECOND * n + voxel];
    return state;
}

fn state_store(voxel: u32, state: BiologyState) {
    let n = response.voxels;
    fields[FIELD_OXIC * n + voxel] = state.oxic;
    fields[FIELD_HYPOXIC * n + voxel] = state.hypoxic;
    fields[FIELD_DOOMED * n + voxel] = state.doomed;
    fields[FIELD_DEAD * n + voxel] = state.dead;
    fields[FIELD_VESSELS * n + voxel] = state.vessels;
    fields[FIELD_ENDOTHELIUM * n + voxel] = state.endothelium;
    fields[FIELD_CAF * n + voxel] = state.caf;
    fields[FIELD_M1 * n + voxel] = state.m1;
    fields[FIELD_M2 * n + voxel] = state.m2;
    fields[FIELD_PRIMED * n + voxel] = state.primed;
    fields[FIELD_EFFECTOR * n + voxel] = state.effector;
    fields[FIELD_PD_L1 * n + voxel] = state.pdl1;
    fields[FIELD_TARGET * n + voxel] = state.targets;
    fields[FIELD_EMITTERS * n + voxel] = state.emitters;
    fields[FIELD_SIGNAL * n + voxel] = state.signal;
    fields[FIELD_CLEARED * n + voxel] = state.cleared;
    fields[FIELD_BORN * n + voxel] = state.born;
    fields[FIELD_RECENT * n + voxel] = state.recent;
    fields[FIELD_DOOMED_FIRST * n + voxel] = state.doomed_first;
    fields[FIELD_DOOMED_SECOND * n + voxel] = state.doomed_second;
}

// The same of the predicted state.
fn state_load_predicted(voxel: u32) -> BiologyState {
    let n = response.voxels;
    var state: BiologyState;
    state.oxic = predictions[FIELD_OXIC * n + voxel];
    state.hypoxic = predictions[FIELD_HYPOXIC * n + voxel];
    state.doomed = predictions[FIELD_DOOMED * n + voxel];
    state.dead = predictions[FIELD_DEAD * n + voxel];
    state.vessels = predictions[FIELD_VESSELS * n + voxel];
    state.endothelium = predictions[FIELD_ENDOTHELIUM * n + voxel];
    state.caf = predictions[FIELD_CAF * n + voxel];
    state.m1 = predictions[FIELD_M1 * n + voxel];
    state.m2 = predictions[FIELD_M2 * n + voxel];
    state.primed = predictions[FIELD_PRIMED * n + voxel];
    state.effector = predictions[FIELD_EFFECTOR * n + voxel];
    state.pdl1 = predictions[FIELD_PD_L1 * n + voxel];
    state.targets = predictions[FIELD_TARGET * n + voxel];
    state.emitters = predictions[FIELD_EMITTERS * n + voxel];
    state.signal = predictions[FIELD_SIGNAL * n + voxel];
    state.cleared = predictions[FIELD_CLEARED * n + voxel];
    state.born = predictions[FIELD_BORN * n + voxel];
    state.recent = predictions[FIELD_RECENT * n + voxel];
    state.doomed_first = predictions[FIELD_DOOMED_FIRST * n + voxel];
    state.doomed_second = predictions[FIELD_DOOMED_SECOND * n + voxel];
    return state;
}

fn state_store_predicted(voxel: u32, state: BiologyState) {
    let n = response.voxels;
    predictions[FIELD_OXIC * n + voxel] = state.oxic;
    predictions[FIELD_HYPOXIC * n + voxel] = state.hypoxic;
    predictions[FIELD_DOOMED * n + voxel] = state.doomed;
    predictions[FIELD_DEAD * n + voxel] = state.dead;
    predictions[FIELD_VESSELS * n + voxel] = state.vessels;
    predictions[FIELD_ENDOTHELIUM * n + voxel] = state.endothelium;
    predictions[FIELD_CAF * n + voxel] = state.caf;
    predictions[FIELD_M1 * n + voxel] = state.m1;
    predictions[FIELD_M2 * n + voxel] = state.m2;
    predictions[FIELD_PRIMED * n + voxel] = state.primed;
    predictions[FIELD_EFFECTOR * n + voxel] = state.effector;
    predictions[FIELD_PD_L1 * n + voxel] = state.pdl1;
    predictions[FIELD_TARGET * n + voxel] = state.targets;
    predictions[FIELD_EMITTERS * n + voxel] = state.emitters;
    predictions[FIELD_SIGNAL * n + voxel] = state.signal;
    predictions[FIELD_CLEARED * n + voxel] = state.cleared;
    predictions[FIELD_BORN * n + voxel] = state.born;
    predictions[FIELD_RECENT * n + voxel] = state.recent;
    predictions[FIELD_DOOMED_FIRST * n + voxel] = state.doomed_first;
    predictions[FIELD_DOOMED_SECOND * n + voxel] = state.doomed_second;
}

// What only radiation changes.
fn state_load_radiation(voxel: u32) -> RadiationState {
    let n = response.voxels;
    var state: RadiationState;
    state.unrepaired_low = fields[FIELD_UNREPAIRED_LOW * n + voxel];
    state.unrepaired_high = fields[FIELD_UNREPAIRED_HIGH * n + voxel];
    state.vessel_low = fields[FIELD_VESSEL_LOW * n + voxel];
    state.vessel_high = fields[FIELD_VESSEL_HIGH * n + voxel];
    state.dose_low = fields[FIELD_DOSE_LOW * n + voxel];
    state.dose_high = fields[FIELD_DOSE_HIGH * n + voxel];
    state.effect_high = fields[FIELD_EFFECT_HIGH * n + voxel];
    state.encounter = fields[FIELD_ENCOUNTER * n + voxel];
    return state;
}

fn state_store_radiation(voxel: u32, state: RadiationState) {
    let n = response.voxels;
    fields[FIELD_UNREPAIRED_LOW * n + voxel] = state.unrepaired_low;
    fields[FIELD_UNREPAIRED_HIGH * n + voxel] = state.unrepaired_high;
    fields[FIELD_VESSEL_LOW * n + voxel] = state.vessel_low;
    fields[FIELD_VESSEL_HIGH * n + voxel] = state.vessel_high;
    fields[FIELD_DOSE_LOW * n + voxel] = state.dose_low;
    fields[FIELD_DOSE_HIGH * n + voxel] = state.dose_high;
    fields[FIELD_EFFECT_HIGH * n + voxel] = state.effect_high;
    fields[FIELD_ENCOUNTER * n + voxel] = state.encounter;
}

// Oxygen of a voxel in this state.
fn state_oxygen(voxel: u32, row: BiologyRow, stage: BiologyStage, state: BiologyState) -> Oxygen {
    if response.oxygen == OXYGEN_TABLE {
        return oxygen_lookup(response.table, state.vessels, biology_consumption(row, stage, state), row.capillary + stage.capillary);
    }
    if response.oxygen == OXYGEN_FIELD {
        let own = oxygen_node(voxel);
        return Oxygen(own.x, own.y, own.z, own.w);
    }
    return Oxygen(0.0, 0.0, 1.0, 1.0);
}
