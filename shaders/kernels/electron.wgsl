// Entry point for electrons and positrons: threads take histories, or particles from the queue, until none is left.
// Twin: src/transport/cpu/run.rs, Thread::electron.
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
        if e.state == ELECTRON_EVENT {
            let event = event_happen(thread.history, &e, depth);
            thread.pending += event.quanta;
            report_status(&sums, event.status);
            if event.photons > 0u {
                kernel_set_free(&e, &thread, &sums, event.first);
            }
            if event.photons > 1u {
                kernel_set_free(&e, &thread, &sums, event.second);
            }
            if event.born == 1u {
                stack[depth] = electron_wait(&e);
                depth += 1u;
                e = electron_start(event.delta);
                sums.secondaries = report_add(sums.secondaries, 1u);
            }
            if e.state == ELECTRON_DONE {
                kernel_write(&thread, &sums, e.index);
            }
        }
        if e.state == ELECTRON_DONE && depth > 0u {
            sums.steps = report_add(sums.steps, e.steps);
            depth -= 1u;
            e = electron_start(stack[depth]);
        }
        for (var round = 0u; round < params.histories_per_turn; round++) {
            if e.state == ELECTRON_DONE {
                sums.steps = report_add(sums.steps, e.steps);
                e.steps = 0u;
                var place = last;
                if thread.segments < params.segments && queue_has_room() {
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
                if e.state == ELECTRON_DONE || e.state == ELECTRON_EVENT {
                    break;
                }
            }
            if e.state == ELECTRON_DONE {
                kernel_write(&thread, &sums, e.index);
            }
            if e.state == ELECTRON_EVENT || (e.state == ELECTRON_DONE && depth > 0u) {
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
    if params.queue_waiting == 1u {
        let queued = queue[queue_half(KIND_ELECTRON) + place];
        let family = table_family(voxel_material(voxels[queued.index]), queued.kind);
        let range = table_electron_range(family, tally_mev(queued.quanta));
        let interactions = event_first_interactions(queued.history, queued.stream);
        *e = electron_start(
            ElectronWaiting(
                queued.index, queued.offset, queued.direction, range, queued.quanta, interactions, queued.stream, 1u, 0u, queued.kind,
            ),
        );
        (*thread).history = queued.history;
        return;
    }
    let decay = decay_start(place);
    let range = table_electron_range(table_family(voxel_material(voxels[decay.index]), params.kind), decay.energy);
    let quanta = tally_quanta(decay.energy);
    *e = electron_start(
        ElectronWaiting(
            decay.index, decay.offset, decay.direction, range, quanta, decay.interactions, params.stream, DECAY_DRAWS, 0u, params.kind,
        ),
    );
    (*thread).history = decay.history;
    (*sums).emitted = report_add((*sums).emitted, quanta + params.kind * 2u * REST_QUANTA);
    (*sums).histories = report_add((*sums).histories, 1u);
}

// Puts a photon of the electron into the queue.
fn kernel_set_free(
    e: ptr<function, Electron>,
    thread: ptr<function, KernelThread>,
    sums: ptr<function, ReportSums>,
    photon: EventPhoton,
) {
    if params.photon_mode == MODE_OFF {
        (*sums).escaped = report_add((*sums).escaped, photon.quanta);
        return;
    }
    let queued = Queued((*e).offset, (*e).index, photon.direction, photon.quanta, (*thread).history, photon.stream, KIND_PHOTON);
    if queue_push(queued) {
        (*sums).secondaries = report_add((*sums).secondaries, 1u);
        (*sums).queued_energy = report_add((*sums).queued_energy, photon.quanta);
    } else {
        (*thread).pending += photon.quanta;
        report_status(sums, STATUS_QUEUE);
    }
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
