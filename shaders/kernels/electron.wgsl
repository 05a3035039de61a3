// Entry point for electrons: threads take histories until none is left. Twin: src/transport/cpu/run.rs, Cpu::electron.
//
// Frequent work sits in the inner loops, rare work in the outer one, so that the threads of a group do each together.

override WORKGROUP: u32 = 64u;
// Condensed steps, and legs within one, that a thread makes before it looks for rare work again.
override STEPS_PER_TURN: u32 = 8u;
override LEGS_PER_STEP: u32 = 8u;

@compute @workgroup_size(WORKGROUP)
fn kernel_electron() {
    let last = params.first + params.count;
    var emitted = vec2<u32>(0u);
    var deposited = vec2<u32>(0u);
    var escaped = vec2<u32>(0u);
    var steps = vec2<u32>(0u);
    var secondaries = vec2<u32>(0u);
    var histories = vec2<u32>(0u);
    var incidents = 0u;
    var status = 0u;
    var stack: array<ElectronWaiting, STACK>;
    var depth = 0u;
    var history = vec2<u32>(0u);
    var e: Electron;
    var segments = 0u;
    var finished = false;
    for (var turn = 0u; turn < MAX_SEGMENTS; turn++) {
        // Energy for the present voxel, written when the electron leaves it.
        var pending = 0u;
        if e.state == ELECTRON_COLLISION {
            let collision = electron_collide(history, &e, depth);
            pending += collision.quanta;
            status |= collision.status;
            incidents += u32(collision.status != 0u);
            if collision.born == 1u {
                stack[depth] = electron_wait(&e);
                depth += 1u;
                e = electron_start(collision.delta);
                secondaries = tally_sum(secondaries, 1u);
            }
        } else if e.state == ELECTRON_DONE {
            steps = tally_sum(steps, e.steps);
            var waiting: ElectronWaiting;
            if depth > 0u {
                depth -= 1u;
                waiting = stack[depth];
            } else {
                var place = last;
                if segments < params.segments {
                    place = params.first + atomicAdd(&counters.next, 1u);
                }
                if place >= last {
                    finished = true;
                    break;
                }
                let decay = decay_start(place);
                history = decay.history;
                let index = voxel_index(decay.voxel, params.size);
                let range = table_electron_range(voxel_material(voxels[index]), decay.energy);
                let quanta = tally_quanta(decay.energy);
                waiting = ElectronWaiting(
                    index, decay.offset, decay.direction, range, quanta, decay.interactions, params.stream, DECAY_DRAWS, 0u,
                );
                emitted = tally_sum(emitted, quanta);
                histories = tally_sum(histories, 1u);
            }
            e = electron_start(waiting);
        }
        segments += 1u;
        for (var step = 0u; step < STEPS_PER_TURN; step++) {
            if e.state == ELECTRON_STEP {
                let deposit = electron_begin_step(history, &e);
                pending += deposit.quanta;
                status |= deposit.status;
                incidents += u32(deposit.status != 0u);
            }
            for (var leg = 0u; leg < LEGS_PER_STEP; leg++) {
                if e.state != ELECTRON_MOVING {
                    break;
                }
                let deposit = electron_advance(&e);
                pending += deposit.quanta;
                if deposit.index != e.index || e.state == ELECTRON_DONE {
                    tally_add(deposit.index, pending);
                    deposited = tally_sum(deposited, pending);
                    pending = 0u;
                }
                escaped = tally_sum(escaped, deposit.escaped);
                segments += 1u;
            }
            if e.state == ELECTRON_DONE || e.state == ELECTRON_COLLISION {
                break;
            }
        }
        tally_add(e.index, pending);
        deposited = tally_sum(deposited, pending);
    }
    if !finished {
        status |= STATUS_SEGMENTS;
        incidents += 1u;
    }
    report_incidents(status, incidents);
    report_sums(emitted, deposited, escaped, steps, secondaries, histories);
}
