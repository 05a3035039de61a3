// One function at a time over many inputs, for the parity tests (tests/parity). Inputs and outputs are words.

@group(1) @binding(0) var<storage, read> probe_input: array<u32>;
@group(1) @binding(1) var<storage, read_write> probe_output: array<u32>;

// Words per thread.
override PROBE_INPUTS: u32 = 1u;
override PROBE_OUTPUTS: u32 = 1u;

struct ProbeCursor {
    input: u32,
    output: u32,
}

fn probe_cursor(id: vec3<u32>) -> ProbeCursor {
    return ProbeCursor(id.x * PROBE_INPUTS, id.x * PROBE_OUTPUTS);
}

fn probe_done(c: ptr<function, ProbeCursor>) -> bool {
    return (*c).input >= arrayLength(&probe_input);
}

fn probe_u32(c: ptr<function, ProbeCursor>) -> u32 {
    (*c).input += 1u;
    return probe_input[(*c).input - 1u];
}

fn probe_f32(c: ptr<function, ProbeCursor>) -> f32 {
    return bitcast<f32>(probe_u32(c));
}

fn probe_vec2u(c: ptr<function, ProbeCursor>) -> vec2<u32> {
    let x = probe_u32(c);
    return vec2<u32>(x, probe_u32(c));
}

fn probe_vec3u(c: ptr<function, ProbeCursor>) -> vec3<u32> {
    let xy = probe_vec2u(c);
    return vec3<u32>(xy, probe_u32(c));
}

fn probe_vec2f(c: ptr<function, ProbeCursor>) -> vec2<f32> {
    return bitcast<vec2<f32>>(probe_vec2u(c));
}

fn probe_vec3f(c: ptr<function, ProbeCursor>) -> vec3<f32> {
    return bitcast<vec3<f32>>(probe_vec3u(c));
}

fn probe_put(c: ptr<function, ProbeCursor>, word: u32) {
    probe_output[(*c).output] = word;
    (*c).output += 1u;
}

fn probe_put_f32(c: ptr<function, ProbeCursor>, x: f32) {
    probe_put(c, bitcast<u32>(x));
}

fn probe_put_vec3u(c: ptr<function, ProbeCursor>, v: vec3<u32>) {
    probe_put(c, v.x);
    probe_put(c, v.y);
    probe_put(c, v.z);
}

fn probe_put_vec3f(c: ptr<function, ProbeCursor>, v: vec3<f32>) {
    probe_put_vec3u(c, bitcast<vec3<u32>>(v));
}

@compute @workgroup_size(64)
fn probe_philox(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let xy = probe_vec2u(&c);
    let zw = probe_vec2u(&c);
    let block = rng_philox(vec4<u32>(xy, zw), probe_vec2u(&c));
    probe_put_vec3u(&c, block.xyz);
    probe_put(&c, block.w);
}

@compute @workgroup_size(64)
fn probe_rng(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let xy = probe_vec2u(&c);
    probe_put(&c, rng_child_stream(xy.x, xy.y));
    probe_put(&c, rng_mul_hi(xy.x, xy.y));
    probe_put_f32(&c, rng_uniform(xy.x));
    probe_put_f32(&c, rng_normal3(xy.x));
}

@compute @workgroup_size(64)
fn probe_math(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let word = probe_u32(&c);
    let angle = math_cos_sin(word);
    probe_put_f32(&c, angle.x);
    probe_put_f32(&c, angle.y);
    probe_put_f32(&c, math_exponential(word));
    probe_put_f32(&c, math_exp(-20.0 + 40.0 * rng_uniform(word)));
}

@compute @workgroup_size(64)
fn probe_direction(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let u = probe_f32(&c);
    let azimuth = probe_vec2f(&c);
    let polar = probe_vec2f(&c);
    let start = probe_vec3f(&c);
    probe_put_vec3f(&c, direction_isotropic(u, azimuth));
    probe_put_vec3f(&c, direction_turn(start, polar, azimuth));
}

@compute @workgroup_size(64)
fn probe_index(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let index = probe_u32(&c);
    let size = probe_vec3u(&c);
    let place = voxel_at(index, size);
    probe_put_vec3u(&c, place);
    probe_put(&c, voxel_index(place, size));
}

@compute @workgroup_size(64)
fn probe_wall(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let voxel = probe_vec3u(&c);
    let offset = probe_vec3f(&c);
    let u = probe_vec3f(&c);
    let inverse = voxel_inverse(u);
    let wall = voxel_wall(voxel, offset, u, inverse);
    let moved = voxel_move(offset, u, wall.distance);
    let next = voxel_cross(voxel, moved, u, wall.axis);
    probe_put_vec3f(&c, inverse);
    probe_put_f32(&c, wall.distance);
    probe_put(&c, wall.axis);
    probe_put_f32(&c, voxel_nearest_wall(voxel, offset));
    probe_put_vec3f(&c, moved);
    probe_put_vec3u(&c, next.voxel);
    probe_put_vec3f(&c, next.offset);
    probe_put(&c, next.outside);
}

@compute @workgroup_size(64)
fn probe_shift(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let voxel = probe_vec3u(&c);
    let offset = probe_vec3f(&c);
    let u = probe_vec3f(&c);
    let next = voxel_shift(voxel, offset, u, probe_f32(&c));
    probe_put_vec3u(&c, next.voxel);
    probe_put_vec3f(&c, next.offset);
    probe_put(&c, next.outside);
}

@compute @workgroup_size(64)
fn probe_range(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let family = probe_u32(&c);
    let range = probe_f32(&c);
    let electron = table_electron(family, range);
    let alpha = table_alpha(family >> 1u, range);
    probe_put_f32(&c, electron.energy);
    probe_put_f32(&c, electron.collisions);
    probe_put_f32(&c, electron.spread);
    probe_put_f32(&c, electron.drift);
    probe_put_f32(&c, table_electron_energy(family, range));
    probe_put_f32(&c, alpha.energy);
    probe_put_f32(&c, alpha.stopping_energy);
    probe_put_f32(&c, alpha.saturated_energy);
}

@compute @workgroup_size(64)
fn probe_energy(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let family = probe_u32(&c);
    let energy = probe_f32(&c);
    probe_put_f32(&c, table_electron_range(family, energy));
    probe_put_f32(&c, table_alpha_range(family >> 1u, energy));
    probe_put_f32(&c, table_energy(family >> 1u, ALPHA_SIGMA_AT, energy));
}

@compute @workgroup_size(64)
fn probe_deflection(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let family = probe_u32(&c);
    let range = probe_f32(&c);
    let words = probe_vec2u(&c);
    probe_put_f32(&c, table_deflection(family, range, words.x, words.y));
}

@compute @workgroup_size(64)
fn probe_quanta(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let energy = probe_f32(&c);
    let value = probe_f32(&c);
    let voxel = probe_u32(&c);
    probe_put(&c, tally_quanta(energy));
    probe_put(&c, tally_let_quanta(value));
    probe_put(&c, voxel_material(voxel));
    probe_put_f32(&c, voxel_density(voxel));
}

// Adds a word to a cell of the tally many times over; the tally is the result.
@compute @workgroup_size(64)
fn probe_tally(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let cell = probe_u32(&c);
    let quanta = probe_u32(&c);
    let times = probe_u32(&c);
    for (var i = 0u; i < times; i++) {
        tally_add(cell, quanta);
    }
    probe_put(&c, quanta);
}

@compute @workgroup_size(64)
fn probe_decay(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let place = probe_u32(&c);
    let words = probe_vec3u(&c);
    let decay = decay_start(place);
    probe_put(&c, decay.history.x);
    probe_put(&c, decay.history.y);
    probe_put(&c, decay.index);
    probe_put_vec3f(&c, decay.offset);
    probe_put_vec3f(&c, decay.direction);
    probe_put_f32(&c, decay.energy);
    probe_put_f32(&c, decay.interactions);
    probe_put_f32(&c, decay_normal(decay.history));
    probe_put(&c, decay_entry(params.source_count, words.x));
    probe_put_f32(&c, decay_energy(params.spectrum_count, words.y, words.z));
}

fn probe_alpha(c: ptr<function, ProbeCursor>) -> Alpha {
    var a: Alpha;
    a.voxel = probe_vec3u(c);
    a.index = probe_u32(c);
    a.medium = probe_u32(c);
    a.offset = probe_vec3f(c);
    a.direction = probe_vec3f(c);
    a.inverse = probe_vec3f(c);
    a.range = probe_f32(c);
    a.stretch = probe_f32(c);
    a.quanta = probe_u32(c);
    a.stopping_energy = probe_f32(c);
    a.saturated_energy = probe_f32(c);
    a.alive = probe_u32(c);
    return a;
}

fn probe_put_alpha(c: ptr<function, ProbeCursor>, a: Alpha) {
    probe_put_vec3u(c, a.voxel);
    probe_put(c, a.index);
    probe_put(c, a.medium);
    probe_put_vec3f(c, a.offset);
    probe_put_vec3f(c, a.direction);
    probe_put_vec3f(c, a.inverse);
    probe_put_f32(c, a.range);
    probe_put_f32(c, a.stretch);
    probe_put(c, a.quanta);
    probe_put_f32(c, a.stopping_energy);
    probe_put_f32(c, a.saturated_energy);
    probe_put(c, a.alive);
}

@compute @workgroup_size(64)
fn probe_alpha_start(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let index = probe_u32(&c);
    let offset = probe_vec3f(&c);
    let direction = probe_vec3f(&c);
    let energy = probe_f32(&c);
    let normal = probe_f32(&c);
    let sigma = probe_f32(&c);
    probe_put_alpha(&c, alpha_start(index, voxels[index], offset, direction, energy, normal, sigma));
}

@compute @workgroup_size(64)
fn probe_alpha_advance(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    var a = probe_alpha(&c);
    let deposit = alpha_advance(&a);
    probe_put_alpha(&c, a);
    probe_put(&c, deposit.index);
    probe_put(&c, deposit.quanta);
    probe_put(&c, deposit.let_quanta);
    probe_put(&c, deposit.quality_quanta);
    probe_put(&c, deposit.escaped);
}

fn probe_waiting(c: ptr<function, ProbeCursor>) -> ElectronWaiting {
    var w: ElectronWaiting;
    w.index = probe_u32(c);
    w.offset = probe_vec3f(c);
    w.direction = probe_vec3f(c);
    w.range = probe_f32(c);
    w.quanta = probe_u32(c);
    w.interactions = probe_f32(c);
    w.stream = probe_u32(c);
    w.draw = probe_u32(c);
    w.steps = probe_u32(c);
    w.charge = probe_u32(c);
    return w;
}

fn probe_put_waiting(c: ptr<function, ProbeCursor>, w: ElectronWaiting) {
    probe_put(c, w.index);
    probe_put_vec3f(c, w.offset);
    probe_put_vec3f(c, w.direction);
    probe_put_f32(c, w.range);
    probe_put(c, w.quanta);
    probe_put_f32(c, w.interactions);
    probe_put(c, w.stream);
    probe_put(c, w.draw);
    probe_put(c, w.steps);
    probe_put(c, w.charge);
}

fn probe_electron(c: ptr<function, ProbeCursor>) -> Electron {
    var e: Electron;
    e.voxel = probe_vec3u(c);
    e.index = probe_u32(c);
    e.medium = probe_u32(c);
    e.offset = probe_vec3f(c);
    e.direction = probe_vec3f(c);
    e.inverse = probe_vec3f(c);
    e.range = probe_f32(c);
    e.quanta = probe_u32(c);
    e.step = probe_f32(c);
    e.start = probe_f32(c);
    e.loss = probe_f32(c);
    e.share = probe_f32(c);
    e.stop = probe_f32(c);
    e.event = probe_u32(c);
    e.hard = probe_f32(c);
    e.interactions = probe_f32(c);
    e.words = probe_vec3u(c);
    e.stream = probe_u32(c);
    e.draw = probe_u32(c);
    e.steps = probe_u32(c);
    e.state = probe_u32(c);
    e.charge = probe_u32(c);
    return e;
}

fn probe_put_electron(c: ptr<function, ProbeCursor>, e: Electron) {
    probe_put_vec3u(c, e.voxel);
    probe_put(c, e.index);
    probe_put(c, e.medium);
    probe_put_vec3f(c, e.offset);
    probe_put_vec3f(c, e.direction);
    probe_put_vec3f(c, e.inverse);
    probe_put_f32(c, e.range);
    probe_put(c, e.quanta);
    probe_put_f32(c, e.step);
    probe_put_f32(c, e.start);
    probe_put_f32(c, e.loss);
    probe_put_f32(c, e.share);
    probe_put_f32(c, e.stop);
    probe_put(c, e.event);
    probe_put_f32(c, e.hard);
    probe_put_f32(c, e.interactions);
    probe_put_vec3u(c, e.words);
    probe_put(c, e.stream);
    probe_put(c, e.draw);
    probe_put(c, e.steps);
    probe_put(c, e.state);
    probe_put(c, e.charge);
}

fn probe_put_deposit(c: ptr<function, ProbeCursor>, deposit: ElectronDeposit) {
    probe_put(c, deposit.index);
    probe_put(c, deposit.quanta);
    probe_put(c, deposit.escaped);
    probe_put(c, deposit.status);
}

@compute @workgroup_size(64)
fn probe_electron_start(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    var e = electron_start(probe_waiting(&c));
    probe_put_electron(&c, e);
    probe_put_waiting(&c, electron_wait(&e));
}

@compute @workgroup_size(64)
fn probe_electron_begin_step(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let history = probe_vec2u(&c);
    var e = probe_electron(&c);
    let deposit = electron_begin_step(history, &e);
    probe_put_electron(&c, e);
    probe_put_deposit(&c, deposit);
}

@compute @workgroup_size(64)
fn probe_electron_advance(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let history = probe_vec2u(&c);
    var e = probe_electron(&c);
    let deposit = electron_advance(&e);
    probe_put_electron(&c, e);
    probe_put_deposit(&c, deposit);
}

@compute @workgroup_size(64)
fn probe_electron_deflect(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let history = probe_vec2u(&c);
    var e = probe_electron(&c);
    electron_deflect(&e);
    probe_put_electron(&c, e);
}

fn probe_put_photon_of(c: ptr<function, ProbeCursor>, photon: EventPhoton) {
    probe_put_vec3f(c, photon.direction);
    probe_put(c, photon.quanta);
    probe_put(c, photon.stream);
}

@compute @workgroup_size(64)
fn probe_event(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let history = probe_vec2u(&c);
    var e = probe_electron(&c);
    let event = event_happen(history, &e, probe_u32(&c));
    probe_put_electron(&c, e);
    probe_put_waiting(&c, event.delta);
    probe_put(&c, event.born);
    probe_put(&c, event.photons);
    probe_put_photon_of(&c, event.first);
    probe_put_photon_of(&c, event.second);
    probe_put(&c, event.quanta);
    probe_put(&c, event.status);
}

// Logarithm and power of e, and the closed forms of the interactions.
@compute @workgroup_size(64)
fn probe_formula(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let positive = probe_f32(&c);
    let power = probe_f32(&c);
    let u = probe_f32(&c);
    let energy = probe_f32(&c);
    let lost = probe_f32(&c);
    let binding = probe_f32(&c);
    let tau = energy / REST_ENERGY;
    probe_put_f32(&c, math_ln(positive));
    probe_put_f32(&c, math_exp(power));
    probe_put_f32(&c, event_dipole(tau, u));
    probe_put_f32(&c, event_bhabha(1.0 + tau, u));
    probe_put_f32(&c, interaction_momentum(REST_ENERGY, energy, lost, binding));
    probe_put_f32(&c, interaction_share(power));
    probe_put_f32(&c, interaction_profile(u));
}

@compute @workgroup_size(64)
fn probe_photon_table(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let family = probe_u32(&c);
    let energy = probe_f32(&c);
    let u = probe_f32(&c);
    let largest = probe_f32(&c);
    let dither = probe_u32(&c);
    let material = family >> 1u;
    let row = table_photon(material, energy);
    probe_put_f32(&c, row.total);
    probe_put_f32(&c, row.compton);
    probe_put_f32(&c, row.scattered);
    probe_put_f32(&c, row.absorbed);
    probe_put_f32(&c, table_over_energy(params.majorant_at, energy));
    probe_put_f32(&c, table_rayleigh(material, largest, u));
    probe_put_f32(&c, table_spectrum(family, energy, u, dither));
    probe_put_f32(&c, table_split(material, energy, u, dither));
    let count = u * table_charge(family, RADIATION_COUNT_AT, energy);
    probe_put_f32(&c, table_radiation_energy(family, energy, count));
}

fn probe_photon(c: ptr<function, ProbeCursor>) -> Photon {
    var p: Photon;
    p.voxel = probe_vec3u(c);
    p.index = probe_u32(c);
    p.medium = probe_u32(c);
    p.offset = probe_vec3f(c);
    p.direction = probe_vec3f(c);
    p.quanta = probe_u32(c);
    p.choice = probe_f32(c);
    p.way = probe_f32(c);
    p.carry = probe_f32(c);
    p.stream = probe_u32(c);
    p.draw = probe_u32(c);
    p.flights = probe_u32(c);
    p.state = probe_u32(c);
    return p;
}

fn probe_put_photon(c: ptr<function, ProbeCursor>, p: Photon) {
    probe_put_vec3u(c, p.voxel);
    probe_put(c, p.index);
    probe_put(c, p.medium);
    probe_put_vec3f(c, p.offset);
    probe_put_vec3f(c, p.direction);
    probe_put(c, p.quanta);
    probe_put_f32(c, p.choice);
    probe_put_f32(c, p.way);
    probe_put_f32(c, p.carry);
    probe_put(c, p.stream);
    probe_put(c, p.draw);
    probe_put(c, p.flights);
    probe_put(c, p.state);
}

fn probe_put_photon_deposit(c: ptr<function, ProbeCursor>, deposit: PhotonDeposit) {
    probe_put(c, deposit.index);
    probe_put(c, deposit.quanta);
    probe_put(c, deposit.escaped);
    probe_put(c, deposit.status);
}

@compute @workgroup_size(64)
fn probe_photon_start(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    var queued: Queued;
    queued.offset = probe_vec3f(&c);
    queued.index = probe_u32(&c);
    queued.direction = probe_vec3f(&c);
    queued.quanta = probe_u32(&c);
    queued.history = probe_vec2u(&c);
    queued.stream = probe_u32(&c);
    queued.kind = probe_u32(&c);
    probe_put_photon(&c, photon_start(queued, 2u));
}

@compute @workgroup_size(64)
fn probe_photon_fly(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let history = probe_vec2u(&c);
    var p = probe_photon(&c);
    let deposit = photon_fly(history, &p);
    probe_put_photon(&c, p);
    probe_put_photon_deposit(&c, deposit);
}

@compute @workgroup_size(64)
fn probe_photon_trace(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let history = probe_vec2u(&c);
    var p = probe_photon(&c);
    let deposit = photon_trace(&p);
    probe_put_photon(&c, p);
    probe_put_photon_deposit(&c, deposit);
}

fn probe_put_set_free(c: ptr<function, ProbeCursor>, e: InteractionElectron) {
    probe_put_vec3f(c, e.direction);
    probe_put(c, e.quanta);
    probe_put(c, e.stream);
}

@compute @workgroup_size(64)
fn probe_interaction(@builtin(global_invocation_id) id: vec3<u32>) {
    var c = probe_cursor(id);
    if probe_done(&c) {
        return;
    }
    let history = probe_vec2u(&c);
    var p = probe_photon(&c);
    let result = interaction_happen(history, &p);
    probe_put_photon(&c, p);
    probe_put_set_free(&c, result.electron);
    probe_put_set_free(&c, result.positron);
    probe_put(&c, result.pair);
    probe_put(&c, result.quanta);
    probe_put(&c, result.status);
}
