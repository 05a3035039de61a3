// Entry points of the response: a thread per voxel. Twin: src/response/tme/cpu/model.rs.

// What all voxels share at this stage, with the antigen as summed up last.
fn kernel_stage() -> BiologyStage {
    var stage = response.stage;
    stage.antigen = response.antigen_unit * reduce_value(vec2<u32>(atomicLoad(&sums[SUM_ANTIGEN]), atomicLoad(&sums[SUM_ANTIGEN + 1u])));
    return stage;
}

// First stage of a half step.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_predict(@builtin(global_invocation_id) id: vec3<u32>) {
    let voxel = id.x;
    if voxel >= response.voxels {
        return;
    }
    let row = rows[state_region(voxel)];
    let stage = kernel_stage();
    let state = state_load(voxel);
    let rates = biology_rates(row, stage, state, state_oxygen(voxel, row, stage, state));
    state_store_predicted(voxel, biology_predict(row, state, rates, stage.length));
}

// Second stage.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_correct(@builtin(global_invocation_id) id: vec3<u32>) {
    let voxel = id.x;
    if voxel >= response.voxels {
        return;
    }
    let row = rows[state_region(voxel)];
    let stage = kernel_stage();
    let predicted = state_load_predicted(voxel);
    let rates = biology_rates(row, stage, predicted, state_oxygen(voxel, row, stage, predicted));
    state_store(voxel, biology_correct(row, state_load(voxel), predicted, rates, stage.length));
}

// Radiation of the whole step, between the two halves.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_radiation(@builtin(global_invocation_id) id: vec3<u32>) {
    let voxel = id.x;
    if voxel >= response.voxels {
        return;
    }
    let region = state_region(voxel);
    let row = rows[region];
    let stage = response.stage;
    let state = state_load(voxel);
    let so_far = state_load_radiation(voxel);
    let dose = radiation_dose(voxel);
    let ratio = row.root_beta_high;
    let sets = vec2<u32>(step_words[3u * region], step_words[3u * region + 1u]);
    let tumour = radiation_damage(voxel, sets.x, ratio, so_far.unrepaired_low, so_far.unrepaired_high);
    var vessel = tumour;
    if sets.y != sets.x {
        vessel = radiation_damage(voxel, sets.y, ratio, so_far.vessel_low, so_far.vessel_high);
    }
    let result = radiation_apply(row, stage, state_oxygen(voxel, row, stage, state), dose, tumour, vessel, state, so_far);
    state_store(voxel, result.state);
    state_store_radiation(voxel, result.radiation);
    let unrepaired = tumour.low + ratio * tumour.high;
    if unrepaired > LQ_UNREPAIRED_LIMIT {
        atomicMax(&sums[SUM_UNREPAIRED], bitcast<u32>(unrepaired));
        if so_far.unrepaired_low + ratio * so_far.unrepaired_high <= LQ_UNREPAIRED_LIMIT {
            atomicAdd(&sums[SUM_UNREPAIRED + 1u], 1u);
        }
    }
}

// Antigen of a workgroup's voxels.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_antigen(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let voxel = id.x;
    var own = vec2<u32>(0u, 0u);
    if voxel < response.voxels {
        let row = rows[state_region(voxel)];
        if response.predicted == 1u {
            own = reduce_quanta(biology_antigen(row, state_load_predicted(voxel)));
        } else {
            own = reduce_quanta(biology_antigen(row, state_load(voxel)));
        }
    }
    let sum = reduce_workgroup(lane, own);
    if lane == 0u {
        let at = SUM_PARTS + 2u * (response.first_sum + group.x);
        atomicStore(&sums[at], sum.x);
        atomicStore(&sums[at + 1u], sum.y);
    }
}

// Sum of the parts of all chunks, by one workgroup.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_total(@builtin(local_invocation_index) lane: u32) {
    var own = vec2<u32>(0u, 0u);
    for (var turn = 0u; turn < response.turns; turn++) {
        let part = turn * RESPONSE_WORKGROUP + lane;
        if part < response.sums {
            let at = SUM_PARTS + 2u * part;
            own = reduce_add(own, vec2<u32>(atomicLoad(&sums[at]), atomicLoad(&sums[at + 1u])));
        }
    }
    let sum = reduce_workgroup(lane, own);
    if lane == 0u {
        atomicStore(&sums[SUM_ANTIGEN], sum.x);
        atomicStore(&sums[SUM_ANTIGEN + 1u], sum.y);
    }
}
