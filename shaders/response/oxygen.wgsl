// Oxygen of a voxel from the table. Twin: src/response/tme/cpu/oxygen.rs. The kernel provides oxygen_word(i: u32) -> f32
// and oxygen_node(i: u32) -> vec4<f32>, four words from 4 i on.

struct Oxygen {
    po2: f32,
    hypoxic: f32,
    oxic_weight: f32,
    hypoxic_weight: f32,
}

struct OxygenPlace {
    node: u32,
    share: f32,
}

const OXYGEN_HEADER: u32 = 16u;
const OXYGEN_CHANNELS: u32 = 4u;
const OXYGEN_BAND: f32 = 0.1;

// A place on the axis described by three words (first value, nodes per unit, nodes) from `at`; ends hold beyond.
fn oxygen_place(at: u32, value: f32) -> OxygenPlace {
    let last = oxygen_word(at + 2u) - 1.0;
    let place = min(max((value - oxygen_word(at)) * oxygen_word(at + 1u), 0.0), last);
    let node = min(floor(place), last - 1.0);
    return OxygenPlace(u32(node), place - node);
}

// Where `share` of the way from `low` to `high` is.
fn oxygen_mix(low: vec4<f32>, high: vec4<f32>, share: f32) -> vec4<f32> {
    return low + share * (high - low);
}

// Values between two neighbours on the first axis.
fn oxygen_between(node: u32, share: f32) -> vec4<f32> {
    return oxygen_mix(oxygen_node(node), oxygen_node(node + 1u), share);
}

// Oxygen by trilinear interpolation in the table that begins at word `at` (a multiple of 4).
fn oxygen_lookup(at: u32, vessels: f32, consumption: f32, capillary: f32) -> Oxygen {
    let perfusion = min(max(vessels, oxygen_word(at + 9u)), oxygen_word(at + 10u));
    let use_log = log(min(max(consumption, oxygen_word(at + 14u)), oxygen_word(at + 11u)));
    let inflow = min(max(capillary, oxygen_word(at + 12u)), oxygen_word(at + 13u));
    let supply_log = log(inflow - oxygen_word(at + 15u));
    let x = oxygen_place(at, supply_log + log(perfusion) - use_log);
    let y = oxygen_place(at + 3u, use_log);
    let z = oxygen_place(at + 6u, supply_log);
    let columns = u32(oxygen_word(at + 2u));
    let rows = u32(oxygen_word(at + 5u));
    let first = (at + OXYGEN_HEADER) / OXYGEN_CHANNELS + (z.node * rows + y.node) * columns + x.node;
    let a = oxygen_between(first, x.share);
    let b = oxygen_between(first + columns, x.share);
    let c = oxygen_between(first + columns * rows, x.share);
    let d = oxygen_between(first + columns * rows + columns, x.share);
    let values = oxygen_mix(oxygen_mix(a, b, y.share), oxygen_mix(c, d, y.share), z.share);
    return Oxygen(inflow * exp(values.x), values.y, values.z, values.w);
}

// Factor on alpha where a share `left` of the oxygen effect is left, from that at the full effect.
fn oxygen_let(weight: f32, left: f32) -> f32 {
    return 1.0 - left * (1.0 - weight);
}

// Oxygen of a voxel so fine that all of it has one pO2: the hypoxic share goes from 1 to 0 smoothly around the limit.
fn oxygen_local(po2: f32, limit: f32, m: f32, k: f32) -> Oxygen {
    let place = (limit * (1.0 + OXYGEN_BAND) - po2) / (2.0 * OXYGEN_BAND * limit);
    let t = min(max(place, 0.0), 1.0);
    let weight = (m * po2 + k) / (m * (po2 + k));
    return Oxygen(po2, t * t * (3.0 - 2.0 * t), weight, weight);
}
