// Structs shared with the host. Twin: src/transport/layout.rs (a test compares offsets and sizes).

struct Params {
    size: vec3<u32>,
    source_count: u32,
    spacing: vec3<f32>,
    cut_length: f32,
    seed: vec2<u32>,
    stream: u32,
    spectrum_count: u32,
    history_base: vec2<u32>,
    phase_step: vec2<u32>,
    phase_offset: u32,
    first: u32,
    count: u32,
    batches: u32,
    batch: u32,
    segments: u32,
    range_rejection: u32,
    step_fraction: f32,
    delta_floor: f32,
    delta_share: f32,
    electron_cut: f32,
    electron_rest: f32,
}

struct Counters {
    emitted: array<atomic<u32>, 2>,
    deposited: array<atomic<u32>, 2>,
    escaped: array<atomic<u32>, 2>,
    steps: array<atomic<u32>, 2>,
    secondaries: array<atomic<u32>, 2>,
    histories: array<atomic<u32>, 2>,
    next: atomic<u32>,
    status: atomic<u32>,
    incidents: atomic<u32>,
    unused: u32,
}
