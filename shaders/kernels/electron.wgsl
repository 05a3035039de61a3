// Entry point for electrons: threads take histories until none is left. Twin: src/transport/cpu/run.rs, Cpu::electron.
//
// Frequent work sits in the inner loops and rare work in the outer ones, so that the threads of a group do each together.

struct KernelThread {
    history: vec2<u32>,
    // Energy for the present voxel, written when the electron leaves it.
    pending: u32,
    // Legs and turns made.
    segments: u32,
}

@compute @workgroup_size(WORKGROUP)
fn kernel_electron() {
    let last = params.first + params.count;
    var e: Electron;
    var thread: KernelThread;
    var sums: ReportSums;
    var stack: array<ElectronWaiting, STACK>;
    var depth = 0u;
    var finished = false;
    for (var turn = 0u; turn < MAX_SEGMENTS; turn++) {
        if e.state == ELECTRON_COLLISION {
            let collision = electron_collide(thread.history, &e, depth);
            thread.pending += collision.quanta;
            report_status(&sums, collision.status);
            if collision.born == 1u {
                stack[depth] = electron_wait(&e);
                depth += 1u;
                e = electron_start(collision.delta);
                sums.secondaries = report_add(sums.secondaries, 1u);
            }
        } else if e.state == ELECTRON_DONE && depth > 0u {
            sums.steps = report_add(sums.steps, e.steps);
            depth -= 1u;
            e = electron_start(stack[depth]);
        }
        for (var round = 0u; round < params.histories_per_turn; round++) {
            if e.state == ELECTRON_DONE {
                sums.steps = report_add(sums.steps, e.steps);
                e.steps = 0u;
                var place = last;
                if thread.segments < params.segments {
                    place = params.first + atomicAdd(&counters.next, 1u);
                }
                if place >= last {
                    finished = true;
                    break;
                }
                kernel_emit(&e, &thread, &sums, place);
            }
            thread.segments += 1u;
            for (var step = 0u; step < params.steps_per_history; step++) {
                if e.state == ELECTRON_STEP {
                    let deposit = electron_begin_step(thread.history, &e);
                    thread.pending += deposit.quanta;
                    report_status(&sums, deposit.status);
                }
                for (var stop = 0u; stop < params.stops_per_step; stop++) {
                    kernel_legs(&e, &thread, &sums);
                    if e.state != ELECTRON_TURN {
                        break;
                    }
                    electron_deflect(&e);
                }
                if e.state == ELECTRON_DONE || e.state == ELECTRON_COLLISION {
                    break;
                }
            }
            if e.state == ELECTRON_DONE {
                kernel_write(&thread, &sums, e.index);
            }
            if e.state == ELECTRON_COLLISION || (e.state == ELECTRON_DONE && depth > 0u) {
                break;
            }
        }
        if finished {
            break;
        }
    }
    if !finished {
        report_status(&sums, STATUS_SEGMENTS);
    }
    report_sums(sums);
}

fn kernel_emit(e: ptr<function, Electron>, thread: ptr<function, KernelThread>, sums: ptr<function, ReportSums>, place: u32) {
    let decay = decay_start(place);
    let range = table_electron_range(voxel_material(voxels[decay.index]), decay.energy);
    let quanta = tally_quanta(decay.energy);
    *e = electron_start(
        ElectronWaiting(decay.index, decay.offset, decay.direction, range, quanta, decay.interactions, params.stream, DECAY_DRAWS, 0u),
    );
    (*thread).history = decay.history;
    (*sums).emitted = report_add((*sums).emitted, quanta);
    (*sums).histories = report_add((*sums).histories, 1u);
}

// From wall to wall until something is due.
fn kernel_legs(e: ptr<function, Electron>, thread: ptr<function, KernelThread>, sums: ptr<function, ReportSums>) {
    for (var leg = 0u; leg < params.legs_per_stop; leg++) {
        if (*e).state != ELECTRON_MOVING {
            break;
        }
        let deposit = electron_advance(e);
        (*thread).pending += deposit.quanta;
        if deposit.index != (*e).index {
            kernel_write(thread, sums, deposit.index);
        }
        (*sums).escaped = report_add((*sums).escaped, deposit.escaped);
        (*thread).segments += 1u;
    }
}

fn kernel_write(thread: ptr<function, KernelThread>, sums: ptr<function, ReportSums>, index: u32) {
    tally_add(index, (*thread).pending);
    (*sums).deposited = report_add((*sums).deposited, (*thread).pending);
    (*thread).pending = 0u;
}
