// Entry point for alphas: threads take histories until none is left. Twin: src/transport/cpu/run.rs, Cpu::alpha.

@compute @workgroup_size(WORKGROUP)
fn kernel_alpha() {
    let last = params.first + params.count;
    let let_base = params.size.x * params.size.y * params.size.z;
    var sums: ReportSums;
    var alpha: Alpha;
    // Legs and turns made.
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
            let medium = voxels[decay.index];
            let sigma = table_energy(voxel_material(medium), ALPHA_SIGMA_AT, decay.energy);
            alpha = alpha_start(decay.index, medium, decay.offset, decay.direction, decay.energy, decay_normal(decay.history), sigma);
            sums.emitted = report_add(sums.emitted, alpha.quanta);
            sums.histories = report_add(sums.histories, 1u);
        }
        segments += 1u;
        for (var leg = 0u; leg < params.legs_per_stop; leg++) {
            if alpha.alive == 0u {
                break;
            }
            let deposit = alpha_advance(&alpha);
            tally_add(deposit.index, deposit.quanta);
            tally_add(let_base + deposit.index, deposit.let_quanta);
            if QUALITY {
                tally_add(2u * let_base + deposit.index, deposit.quality_quanta);
            }
            sums.deposited = report_add(sums.deposited, deposit.quanta);
            sums.escaped = report_add(sums.escaped, deposit.escaped);
            sums.steps = report_add(sums.steps, 1u);
            segments += 1u;
        }
    }
    if !finished {
        report_status(&sums, STATUS_SEGMENTS);
    }
    report_sums(sums);
}
