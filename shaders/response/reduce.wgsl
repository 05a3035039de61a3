// Sums over voxels that do not depend on their order: integers of two words, low and high. Twin: src/response/tme/cpu/reduce.rs.

// Quanta per unit are 2^36: 2^4 in the high word, the rest in the low one.
const REDUCE_HIGH: f32 = 16.0;
const REDUCE_WORD: f32 = 4294967296.0;
const REDUCE_LIMIT: f32 = 16.0;

var<workgroup> reduce_lanes: array<vec2<u32>, RESPONSE_WORKGROUP>;

// A share as quanta; both steps are exact but for what is below a quantum.
fn reduce_quanta(share: f32) -> vec2<u32> {
    let scaled = min(max(share, 0.0), REDUCE_LIMIT) * REDUCE_HIGH;
    let high = floor(scaled);
    return vec2<u32>(u32((scaled - high) * REDUCE_WORD), u32(high));
}

fn reduce_add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

// Quanta as a number again.
fn reduce_value(quanta: vec2<u32>) -> f32 {
    return f32(quanta.y) * (1.0 / REDUCE_HIGH) + f32(quanta.x) * (1.0 / (REDUCE_HIGH * REDUCE_WORD));
}

// Sum over the workgroup, for its first thread.
fn reduce_workgroup(lane: u32, own: vec2<u32>) -> vec2<u32> {
    reduce_lanes[lane] = own;
    for (var level = 0u; level < 6u; level++) {
        workgroupBarrier();
        let reach = 32u >> level;
        if lane < reach {
            reduce_lanes[lane] = reduce_add(reduce_lanes[lane], reduce_lanes[lane + reach]);
        }
    }
    return reduce_lanes[lane];
}
