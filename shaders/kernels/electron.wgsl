// Entry point for electrons: threads take histories until none is left. Twin: src/transport/cpu/run.rs, Cpu::electron.

override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn kernel_electron() {
    let last = params.first + params.count;
    var emitted = vec2<u32>(0u);
    var deposited = vec2<u32>(0u);
    var escaped = vec2<u32>(0u);
    var steps = vec2<u32>(0u);
    var secondaries = vec2<u32>(0u);
    var histories = vec2<u32>(0u);
    var stack: array<Electron, STACK>;
    var depth = 0u;
    var history = vec2<u32>(0u);
    var e: Electron;
    e.alive = 0u;
    var finished = false;
    for (var segment = 0u; segment < params.max_segments; segment++) {
        var deposit: ElectronDeposit;
        if e.alive == 0u {
            steps = tally_sum(steps, e.steps);
            if depth > 0u {
                depth -= 1u;
                e = stack[depth];
            } else {
                let place = params.first + atomicAdd(&counters.next, 1u);
                if place >= last {
                    e.steps = 0u;
                    finished = true;
                    break;
                }
                let decay = decay_start(place);
                history = decay.history;
                let medium = voxels[voxel_index(decay.voxel, params.size)];
                let range = table_electron_range(voxel_material(medium), decay.energy);
                let quanta = tally_quanta(decay.energy);
                e = electron_start(
                    decay.voxel, medium, decay.offset, decay.direction, range, quanta, decay.interactions, params.stream, DECAY_DRAWS,
                );
                emitted = tally_sum(emitted, quanta);
                histories = tally_sum(histories, 1u);
            }
            deposit = electron_begin_step(history, &e);
        } else {
            deposit = electron_advance(history, &e);
            if deposit.collide == 1u {
                let collision = electron_collide(history, e, depth);
                deposit.quanta = collision.quanta;
                deposit.status = collision.status;
                e = collision.primary;
                if collision.secondary.alive == 1u {
                    stack[depth] = e;
                    depth += 1u;
                    e = collision.secondary;
                    secondaries = tally_sum(secondaries, 1u);
                }
                let begun = electron_begin_step(history, &e);
                deposit.quanta += begun.quanta;
                deposit.status |= begun.status;
            }
        }
        tally_add(deposit.index, deposit.quanta);
        deposited = tally_sum(deposited, deposit.quanta);
        escaped = tally_sum(escaped, deposit.escaped);
        if deposit.status != 0u {
            atomicOr(&counters.status, deposit.status);
            atomicAdd(&counters.incidents, 1u);
        }
    }
    if !finished {
        // The thread met its bound: what is left goes where the particles are, and the host is told.
        if e.alive == 1u {
            tally_add(e.index, e.quanta);
            deposited = tally_sum(deposited, e.quanta);
        }
        for (var i = 0u; i < depth; i++) {
            tally_add(stack[i].index, stack[i].quanta);
            deposited = tally_sum(deposited, stack[i].quanta);
        }
        atomicOr(&counters.status, STATUS_SEGMENTS);
        atomicAdd(&counters.incidents, 1u);
    }
    report_sums(emitted, deposited, escaped, steps, secondaries, histories);
}
