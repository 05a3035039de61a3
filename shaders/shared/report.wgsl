// What a thread counts, and adds to the counters when it is done: once per thread, so the contention does not matter.

struct ReportSums {
    emitted: vec2<u32>,
    deposited: vec2<u32>,
    escaped: vec2<u32>,
    steps: vec2<u32>,
    secondaries: vec2<u32>,
    queued_energy: vec2<u32>,
    absorbed: vec2<u32>,
    kerma: vec2<u32>,
    histories: vec2<u32>,
    incidents: u32,
    status: u32,
}

// Adds to a sum of two words.
fn report_add(sum: vec2<u32>, amount: u32) -> vec2<u32> {
    let low = sum.x + amount;
    return vec2<u32>(low, sum.y + u32(low < amount));
}

fn report_status(sums: ptr<function, ReportSums>, status: u32) {
    (*sums).status |= status;
    (*sums).incidents += u32(status != 0u);
}

fn report_sums(sums: ReportSums) {
    var before = atomicAdd(&counters.emitted[0], sums.emitted.x);
    atomicAdd(&counters.emitted[1], sums.emitted.y + u32(before + sums.emitted.x < before));
    before = atomicAdd(&counters.deposited[0], sums.deposited.x);
    atomicAdd(&counters.deposited[1], sums.deposited.y + u32(before + sums.deposited.x < before));
    before = atomicAdd(&counters.escaped[0], sums.escaped.x);
    atomicAdd(&counters.escaped[1], sums.escaped.y + u32(before + sums.escaped.x < before));
    before = atomicAdd(&counters.steps[0], sums.steps.x);
    atomicAdd(&counters.steps[1], sums.steps.y + u32(before + sums.steps.x < before));
    before = atomicAdd(&counters.secondaries[0], sums.secondaries.x);
    atomicAdd(&counters.secondaries[1], sums.secondaries.y + u32(before + sums.secondaries.x < before));
    before = atomicAdd(&counters.queued_energy[0], sums.queued_energy.x);
    atomicAdd(&counters.queued_energy[1], sums.queued_energy.y + u32(before + sums.queued_energy.x < before));
    before = atomicAdd(&counters.absorbed[0], sums.absorbed.x);
    atomicAdd(&counters.absorbed[1], sums.absorbed.y + u32(before + sums.absorbed.x < before));
    before = atomicAdd(&counters.kerma[0], sums.kerma.x);
    atomicAdd(&counters.kerma[1], sums.kerma.y + u32(before + sums.kerma.x < before));
    before = atomicAdd(&counters.histories[0], sums.histories.x);
    atomicAdd(&counters.histories[1], sums.histories.y + u32(before + sums.histories.x < before));
    if sums.incidents > 0u {
        atomicOr(&counters.status, sums.status);
        atomicAdd(&counters.incidents, sums.incidents);
    }
}
