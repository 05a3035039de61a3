// What a thread adds to the counters when it is done: once per thread, so the contention does not matter.

fn report_sums(
    emitted: vec2<u32>, deposited: vec2<u32>, escaped: vec2<u32>, steps: vec2<u32>, secondaries: vec2<u32>, histories: vec2<u32>,
) {
    var before = atomicAdd(&counters.emitted[0], emitted.x);
    atomicAdd(&counters.emitted[1], emitted.y + u32(before + emitted.x < before));
    before = atomicAdd(&counters.deposited[0], deposited.x);
    atomicAdd(&counters.deposited[1], deposited.y + u32(before + deposited.x < before));
    before = atomicAdd(&counters.escaped[0], escaped.x);
    atomicAdd(&counters.escaped[1], escaped.y + u32(before + escaped.x < before));
    before = atomicAdd(&counters.steps[0], steps.x);
    atomicAdd(&counters.steps[1], steps.y + u32(before + steps.x < before));
    before = atomicAdd(&counters.secondaries[0], secondaries.x);
    atomicAdd(&counters.secondaries[1], secondaries.y + u32(before + secondaries.x < before));
    before = atomicAdd(&counters.histories[0], histories.x);
    atomicAdd(&counters.histories[1], histories.y + u32(before + histories.x < before));
}

fn report_incidents(status: u32, incidents: u32) {
    if incidents > 0u {
        atomicOr(&counters.status, status);
        atomicAdd(&counters.incidents, incidents);
    }
}
