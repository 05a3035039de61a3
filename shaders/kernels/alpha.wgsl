// Entry point for alphas: threads take histories until none is left. Twin: src/transport/cpu/run.rs, Cpu::alpha.

override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn kernel_alpha() {
    let last = params.first + params.count;
    let let_base = params.size.x * params.size.y * params.size.z;
    var emitted = vec2<u32>(0u);
    var deposited = vec2<u32>(0u);
    var escaped = vec2<u32>(0u);
    var steps = vec2<u32>(0u);
    var histories = vec2<u32>(0u);
    var alpha: Alpha;
    alpha.alive = 0u;
    var finished = false;
    // One wall per turn: threads whose histories differ in length keep each other company.
    for (var segment = 0u; segment < params.max_segments; segment++) {
        if alpha.alive == 0u {
            let place = params.first + atomicAdd(&counters.next, 1u);
            if place >= last {
                finished = true;
                break;
            }
            let decay = decay_start(place);
            let medium = voxels[voxel_index(decay.voxel, params.size)];
            let sigma = table_energy(voxel_material(medium), ALPHA_SIGMA_AT, decay.energy);
            alpha = alpha_start(decay.voxel, medium, decay.offset, decay.direction, decay.energy, decay_normal(decay.history), sigma);
            emitted = tally_sum(emitted, alpha.quanta);
            histories = tally_sum(histories, 1u);
        }
        let deposit = alpha_advance(&alpha);
        tally_add(deposit.index, deposit.quanta);
        tally_add(let_base + deposit.index, deposit.let_quanta);
        deposited = tally_sum(deposited, deposit.quanta);
        escaped = tally_sum(escaped, deposit.escaped);
        steps = tally_sum(steps, 1u);
    }
    if alpha.alive == 1u {
        // The thread met its bound: what is left goes where the particle is, and the host is told.
        tally_add(alpha.index, alpha.quanta);
        deposited = tally_sum(deposited, alpha.quanta);
    }
    if !finished {
        atomicOr(&counters.status, STATUS_SEGMENTS);
        atomicAdd(&counters.incidents, 1u);
    }
    report_sums(emitted, deposited, escaped, steps, vec2<u32>(0u), histories);
}
