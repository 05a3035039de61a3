// Particles that wait for the kernel of their kind: electrons and positrons in one half of the buffer, photons in the other.
// Their order is that of chance; nothing depends on it, since random numbers belong to the particle.

// Puts a particle into the half of its kind; false: it is full.
fn queue_push(queued: Queued) -> bool {
    let place = atomicAdd(&counters.queued, 1u);
    if place >= params.queue_capacity {
        return false;
    }
    queue[queue_half(queued.kind) + place] = queued;
    return true;
}

// Where the half of a kind begins.
fn queue_half(kind: u32) -> u32 {
    return select(0u, params.queue_capacity, kind == KIND_PHOTON);
}

// Whether a thread may take a history, whose secondaries need room.
fn queue_has_room() -> bool {
    return atomicLoad(&counters.queued) < params.queue_full;
}
