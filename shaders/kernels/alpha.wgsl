// Entry point for alphas: threads take histories until none is left. Twin: src/transport/cpu/run.rs, Cpu::alpha.

override WORKGROUP: u32 = 64u;
// Voxels that a thread crosses before it looks for a new history again.
override LEGS_PER_TURN: u32 = 8u;

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
    var segments = 0u;
    var finished = false;
    for (var turn = 0u; turn < MAX_SEGMENTS; turn++) {
        if alpha.alive == 0u {
            var place = last;
            if segments < params.segments {
                place = params.first + atomicAdd(&counters.next, 1u);
            }
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
        segments += 1u;
        for (var leg = 0u; leg < LEGS_PER_TURN; leg++) {
            if alpha.alive == 0u {
                break;
            }
            let deposit = alpha_advance(&alpha);
            tally_add(deposit.index, deposit.quanta);
            tally_add(let_base + deposit.index, deposit.let_quanta);
            deposited = tally_sum(deposited, deposit.quanta);
            escaped = tally_sum(escaped, deposit.escaped);
            steps = tally_sum(steps, 1u);
            segments += 1u;
        }
    }
    if !finished {
        report_incidents(STATUS_SEGMENTS, 1u);
    }
    report_sums(emitted, deposited, escaped, steps, vec2<u32>(0u), histories);
}
