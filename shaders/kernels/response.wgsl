// Entry points of the response: a thread per voxel of a region. Twin: src/response/tme/cpu/model.rs.

// What all voxels share at this stage, with the antigen as summed up last.
fn kernel_stage() -> BiologyStage {
    var stage = response.stage;
    stage.antigen = response.antigen_unit * reduce_value(vec2<u32>(atomicLoad(&sums[SUM_ANTIGEN]), atomicLoad(&sums[SUM_ANTIGEN + 1u])));
    return stage;
}

// Adds up the antigen that the workgroup's voxels present.
fn kernel_present(lane: u32, group: u32, own: vec2<u32>) {
    let sum = reduce_workgroup(lane, own);
    if lane == 0u {
        let at = SUM_PARTS + 2u * (response.first_sum + group);
        atomicStore(&sums[at], sum.x);
        atomicStore(&sums[at + 1u], sum.y);
    }
}

// First stage of a half step.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_predict(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = vec2<u32>(0u, 0u);
    if id.x < response.voxels {
        let row = rows[response.region];
        let stage = kernel_stage();
        let state = state_load(id.x);
        let rates = biology_rates(row, stage, state, state_oxygen(id.x, row, stage, state));
        let predicted = biology_predict(row, state, rates, stage.length);
        state_store_predicted(id.x, predicted);
        own = reduce_quanta(biology_antigen(row, predicted));
    }
    if response.antigen_unit > 0.0 {
        kernel_present(lane, group.x, own);
    }
}

// Second stage of a voxel.
fn kernel_second(voxel: u32, row: BiologyRow) -> BiologyState {
    let stage = kernel_stage();
    let predicted = state_load_predicted(voxel);
    let rates = biology_rates(row, stage, predicted, state_oxygen(voxel, row, stage, predicted));
    return biology_correct(row, state_load(voxel), predicted, rates, stage.length);
}

// Second stage of the second half.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_correct(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = vec2<u32>(0u, 0u);
    if id.x < response.voxels {
        let row = rows[response.region];
        let state = kernel_second(id.x, row);
        state_store(id.x, state);
        own = reduce_quanta(biology_antigen(row, state));
    }
    if response.antigen_unit > 0.0 {
        kernel_present(lane, group.x, own);
    }
}

// Second stage of the first half, and the radiation of the whole step.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_irradiate(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = vec2<u32>(0u, 0u);
    if id.x < response.voxels {
        let row = rows[response.region];
        let state = kernel_second(id.x, row);
        let stage = response.radiation;
        let so_far = state_load_radiation(id.x);
        let ratio = row.root_beta_high;
        let tumour = radiation_damage(id.x, response.tumour, ratio, so_far.unrepaired_low, so_far.unrepaired_high);
        // Where both repair alike, both have always had the same damage.
        var vessel = tumour;
        if response.vessel != response.tumour {
            vessel = radiation_damage(id.x, response.vessel, ratio, so_far.vessel_low, so_far.vessel_high);
        }
        let oxygen = state_oxygen(id.x, row, stage, state);
        let result = radiation_apply(row, stage, oxygen, radiation_dose(id.x), tumour, vessel, state, so_far);
        state_store(id.x, result.state);
        state_store_radiation(id.x, result.radiation);
        let unrepaired = tumour.low + ratio * tumour.high;
        if unrepaired > LQ_UNREPAIRED_LIMIT {
            atomicMax(&sums[SUM_UNREPAIRED], bitcast<u32>(unrepaired));
            if so_far.unrepaired_low + ratio * so_far.unrepaired_high <= LQ_UNREPAIRED_LIMIT {
                atomicAdd(&sums[SUM_UNREPAIRED + 1u], 1u);
            }
        }
        own = reduce_quanta(biology_antigen(row, result.state));
    }
    if response.antigen_unit > 0.0 {
        kernel_present(lane, group.x, own);
    }
}

// Antigen of the state as it is.
@compute @workgroup_size(RESPONSE_WORKGROUP)
fn kernel_antigen(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    var own = vec2<u32>(0u, 0u);
    if id.x < response.voxels {
        own = reduce_quanta(biology_antigen(rows[response.region], state_load(id.x)));
    }
    kernel_present(lane, group.x, own);
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
