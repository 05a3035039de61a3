// Entry point for photons: threads take histories, or photons from the queue, until none is left. Twin: src/transport/cpu/run.rs, Thread::photon.

@compute @workgroup_size(WORKGROUP)
fn kernel_photon() {
    let last = params.first + params.count;
    var photon: Photon;
    var history = vec2<u32>(0u, 0u);
    var sums: ReportSums;
    // Flights and turns made.
    var segments = 0u;
    var finished = false;
    for (var turn = 0u; turn < MAX_SEGMENTS; turn++) {
        if photon.state == PHOTON_INTERACTION {
            let result = interaction_happen(history, &photon);
            kernel_absorb(&sums, photon.index, result.quanta);
            report_status(&sums, result.status);
            if result.electron.quanta > 0u {
                kernel_knock_on(history, &photon, &sums, KIND_ELECTRON, result.electron);
            }
            if result.pair == 1u {
                kernel_knock_on(history, &photon, &sums, KIND_POSITRON, result.positron);
            }
        }
        if photon.state == PHOTON_DONE {
            sums.steps = report_add(sums.steps, photon.flights);
            photon.flights = 0u;
            var place = last;
            if segments < params.segments && queue_has_room() {
                place = params.first + atomicAdd(&counters.next, 1u);
            }
            if place >= last {
                finished = true;
                break;
            }
            history = kernel_release(&photon, &sums, place);
        }
        segments += 1u;
        for (var leg = 0u; leg < params.legs_per_stop; leg++) {
            if photon.state == PHOTON_FLYING {
                let deposit = photon_fly(history, &photon);
                kernel_absorb(&sums, deposit.index, deposit.quanta);
                sums.escaped = report_add(sums.escaped, deposit.escaped);
                report_status(&sums, deposit.status);
            } else if photon.state == PHOTON_TRACING {
                let deposit = photon_trace(&photon);
                tally_add(deposit.index, deposit.quanta);
                sums.kerma = report_add(sums.kerma, deposit.quanta);
                sums.escaped = report_add(sums.escaped, deposit.escaped);
            } else {
                break;
            }
            segments += 1u;
        }
    }
    if !finished {
        report_status(&sums, STATUS_SEGMENTS);
    }
    report_sums(sums);
}

// Energy that stays where the photon is; not scored if its kerma is.
fn kernel_absorb(sums: ptr<function, ReportSums>, index: u32, quanta: u32) {
    if params.photon_mode == MODE_TRACK_LENGTH {
        (*sums).absorbed = report_add((*sums).absorbed, quanta);
        return;
    }
    tally_add(index, quanta);
    (*sums).deposited = report_add((*sums).deposited, quanta);
}

fn kernel_release(photon: ptr<function, Photon>, sums: ptr<function, ReportSums>, place: u32) -> vec2<u32> {
    if params.queue_waiting == 1u {
        let queued = queue[queue_half(KIND_PHOTON) + place];
        *photon = photon_start(queued, 0u);
        return queued.history;
    }
    let decay = decay_start(place);
    let quanta = tally_quanta(decay.energy);
    *photon = photon_start(
        Queued(decay.offset, decay.index, decay.direction, quanta, decay.history, params.stream, KIND_PHOTON), DECAY_DRAWS,
    );
    (*sums).emitted = report_add((*sums).emitted, quanta);
    (*sums).histories = report_add((*sums).histories, 1u);
    return decay.history;
}

// Deposits an electron of the photon, or puts it into the queue.
fn kernel_knock_on(
    history: vec2<u32>,
    photon: ptr<function, Photon>,
    sums: ptr<function, ReportSums>,
    kind: u32,
    electron: InteractionElectron,
) {
    var quanta = electron.quanta;
    if params.photon_mode == MODE_TRACK_LENGTH {
        // Its kinetic energy is in the kerma; a positron still annihilates.
        (*sums).absorbed = report_add((*sums).absorbed, quanta);
        if kind == KIND_ELECTRON {
            return;
        }
        quanta = 0u;
    }
    let energy = tally_mev(quanta);
    if kind == KIND_ELECTRON
        && event_stays(history, (*photon).voxel, (*photon).medium, (*photon).offset, energy, electron.stream) {
        kernel_absorb(sums, (*photon).index, quanta);
        return;
    }
    let all = quanta + kind * 2u * REST_QUANTA;
    let queued =
        Queued((*photon).offset, (*photon).index, electron.direction, quanta, history, electron.stream, kind);
    if queue_push(queued) {
        (*sums).secondaries = report_add((*sums).secondaries, 1u);
        (*sums).queued_energy = report_add((*sums).queued_energy, all);
    } else {
        kernel_absorb(sums, (*photon).index, all);
        report_status(sums, STATUS_QUEUE);
    }
}
