// Interactions of photons: Compton and Rayleigh scattering, photoelectric absorption, pair production. Twin: src/transport/cpu/interaction.rs.
// Rules: src/transport/model.md, "Photons".

struct InteractionElectron {
    direction: vec3<f32>,
    quanta: u32,
    stream: u32,
}

struct InteractionResult {
    electron: InteractionElectron,
    positron: InteractionElectron,
    pair: u32,
    quanta: u32,
    status: u32,
}

fn interaction_happen(history: vec2<u32>, photon: ptr<function, Photon>) -> InteractionResult {
    var result: InteractionResult;
    let energy = tally_mev((*photon).quanta);
    let row = table_photon(voxel_material((*photon).medium), energy);
    (*photon).state = PHOTON_FLYING;
    if (*photon).choice < row.compton {
        interaction_compton(history, photon, &result, energy);
    } else if (*photon).choice < row.scattered {
        interaction_rayleigh(history, photon, &result, energy);
    } else if (*photon).choice < row.absorbed || (*photon).quanta <= 2u * REST_QUANTA {
        interaction_absorb(history, photon, &result, energy);
    } else {
        interaction_pair(history, photon, &result, energy);
    }
    return result;
}

fn interaction_compton(
    history: vec2<u32>,
    photon: ptr<function, Photon>,
    result: ptr<function, InteractionResult>,
    energy: f32,
) {
    let born = (*photon).draw;
    let kappa = energy / REST_ENERGY;
    let least = 1.0 / (1.0 + 2.0 * kappa);
    let span = math_ln(1.0 / least);
    let square = 0.5 * (1.0 - least * least);
    let first_shell = voxel_material((*photon).medium) * ROWS_PER_MATERIAL + SHELL_ROWS_AT;
    var ratio = 1.0;
    var lost = 0.0;
    var share = 0.5;
    var profile = 1.0;
    var binding = 0.0;
    var accepted = false;
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        let words = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
        (*photon).draw += 1u;
        let u = rng_uniform(words.x);
        var shell = table_rows[first_shell];
        for (var k = 0u; k < SHELL_ROWS; k++) {
            shell = table_rows[first_shell + k];
            if u < shell.x {
                break;
            }
        }
        let choice = rng_uniform(words.y) * (span + square);
        if choice < span {
            ratio = least * math_exp(choice);
        } else {
            ratio = sqrt(least * least + 2.0 * (choice - span));
        }
        ratio = min(ratio, 1.0);
        lost = min((1.0 - ratio) / (kappa * ratio), 2.0);
        profile = shell.y;
        binding = shell.z;
        if energy <= binding {
            continue;
        }
        share = interaction_share(profile * interaction_momentum(REST_ENERGY, energy, lost, binding));
        let form = (1.0 - ratio * lost * (2.0 - lost) / (1.0 + ratio * ratio)) * share;
        if rng_uniform(words.z) < form {
            accepted = true;
            break;
        }
    }
    if !accepted {
        (*result).status = STATUS_REJECTION;
    }
    let cosine = 1.0 - lost;
    let polar = vec2<f32>(cosine, sqrt(max(lost * (2.0 - lost), 0.0)));
    let transferred = sqrt(max(1.0 + ratio * ratio - 2.0 * ratio * cosine, TINY));
    let slope = transferred * (1.0 + ratio * (ratio - cosine) / (transferred * transferred));
    var momentum = 0.0;
    var azimuth = vec2<f32>(1.0, 0.0);
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        let words = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
        (*photon).draw += 1u;
        azimuth = math_cos_sin(words.z);
        momentum = interaction_profile(rng_uniform(words.x) * share) / profile;
        if rng_uniform(words.y) * (1.0 + abs(slope) * FLUX_LIMIT) < 1.0 + slope * clamp(momentum, -FLUX_LIMIT, FLUX_LIMIT) {
            break;
        }
    }
    let t = momentum * momentum;
    let root = sqrt(max((1.0 - t * ratio * cosine) * (1.0 - t * ratio * cosine) - (1.0 - t * ratio * ratio) * (1.0 - t), 0.0));
    let along = select(root, -root, momentum < 0.0);
    let broadened = ratio / (1.0 - t * ratio * ratio) * (1.0 - t * ratio * cosine + along);
    let scattered = max(min(energy * broadened, energy - binding), 0.0);
    let before = (*photon).quanta;
    (*photon).quanta = min(tally_quanta(scattered), before);
    (*result).quanta = min(tally_quanta(binding), before - (*photon).quanta);
    let incoming = (*photon).direction;
    let q = sqrt(max(energy * energy + scattered * scattered - 2.0 * energy * scattered * cosine, TINY));
    let electron_cosine = clamp((energy - scattered * cosine) / q, -1.0, 1.0);
    let electron_polar = vec2<f32>(electron_cosine, sqrt(1.0 - electron_cosine * electron_cosine));
    (*result).electron = InteractionElectron(
        direction_turn(incoming, electron_polar, -azimuth),
        before - (*photon).quanta - (*result).quanta,
        rng_child_stream((*photon).stream, born),
    );
    (*photon).direction = direction_turn(incoming, polar, azimuth);
}

fn interaction_momentum(rest: f32, energy: f32, lost: f32, binding: f32) -> f32 {
    let product = energy * (energy - binding) * lost;
    return (product - rest * binding) / (rest * sqrt(max(2.0 * product + binding * binding, TINY)));
}

fn interaction_share(p: f32) -> f32 {
    let s = SQRT_HALF + SQRT_TWO * abs(p);
    let tail = 0.5 * math_exp(max(0.5 - s * s, -LARGEST_EXPONENT));
    return select(1.0 - tail, tail, p < 0.0);
}

fn interaction_profile(share: f32) -> f32 {
    let tail = max(2.0 * min(share, 1.0 - share), TINY);
    let p = (sqrt(max(0.5 - math_ln(tail), 0.5)) - SQRT_HALF) * SQRT_HALF;
    return select(p, -p, share < 0.5);
}

fn interaction_rayleigh(
    history: vec2<u32>,
    photon: ptr<function, Photon>,
    result: ptr<function, InteractionResult>,
    energy: f32,
) {
    let largest = energy * TRANSFER_PER_MEV * (energy * TRANSFER_PER_MEV);
    var cosine = 1.0;
    var azimuth = vec2<f32>(1.0, 0.0);
    var accepted = false;
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        let words = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
        (*photon).draw += 1u;
        cosine = 1.0 - 2.0 * table_rayleigh(voxel_material((*photon).medium), largest, rng_uniform(words.x)) / largest;
        azimuth = math_cos_sin(words.z);
        if 2.0 * rng_uniform(words.y) < 1.0 + cosine * cosine {
            accepted = true;
            break;
        }
    }
    if !accepted {
        (*result).status = STATUS_REJECTION;
    }
    let polar = vec2<f32>(cosine, sqrt(max(1.0 - cosine * cosine, 0.0)));
    (*photon).direction = direction_turn((*photon).direction, polar, azimuth);
}

fn interaction_absorb(
    history: vec2<u32>,
    photon: ptr<function, Photon>,
    result: ptr<function, InteractionResult>,
    energy: f32,
) {
    let material = voxel_material((*photon).medium);
    let words = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
    let born = (*photon).draw;
    (*photon).draw += 1u;
    let before = (*photon).quanta;
    (*photon).quanta = 0u;
    (*photon).state = PHOTON_DONE;
    let u = rng_uniform(words.x);
    for (var k = 0u; k < LINE_ROWS; k++) {
        if u < table_energy(material, LINE_AT + k * ENERGY_NODES, energy) {
            let line = table_rows[material * ROWS_PER_MATERIAL + LINE_ROWS_AT + k];
            if energy > line.x {
                (*photon).quanta = tally_quanta(select(line.z, line.y, rng_uniform(words.y) < line.w));
                (*result).quanta = tally_quanta(line.x) - (*photon).quanta;
                (*photon).state = PHOTON_FLYING;
            }
            break;
        }
    }
    let quanta = before - (*photon).quanta - (*result).quanta;
    let direction = interaction_sauter(history, photon, tally_mev(quanta), math_cos_sin(words.z));
    (*result).electron = InteractionElectron(direction, quanta, rng_child_stream((*photon).stream, born));
    if (*photon).state == PHOTON_FLYING {
        let isotropic = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
        (*photon).draw += 1u;
        (*photon).direction = direction_isotropic(rng_uniform(isotropic.x), math_cos_sin(isotropic.y));
    }
}

fn interaction_sauter(history: vec2<u32>, photon: ptr<function, Photon>, energy: f32, azimuth: vec2<f32>) -> vec3<f32> {
    let tau = energy / REST_ENERGY;
    let gamma = 1.0 + tau;
    let beta = sqrt(tau * (tau + 2.0)) / gamma;
    let a = 1.0 / max(beta, LEAST_SPEED) - 1.0;
    let b = 0.5 * beta * gamma * (gamma - 1.0) * (gamma - 2.0);
    var nu = 1.0;
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        let words = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
        (*photon).draw += 1u;
        let u = rng_uniform(words.x);
        nu = 2.0 * a * (2.0 * u + (a + 2.0) * sqrt(u)) / ((a + 2.0) * (a + 2.0) - 4.0 * u);
        if rng_uniform(words.y) * 2.0 * (1.0 / a + b) < (2.0 - nu) * (1.0 / (a + nu) + b) {
            break;
        }
    }
    let cosine = clamp(1.0 - nu, -1.0, 1.0);
    return direction_turn((*photon).direction, vec2<f32>(cosine, sqrt(max(1.0 - cosine * cosine, 0.0))), azimuth);
}

fn interaction_pair(
    history: vec2<u32>,
    photon: ptr<function, Photon>,
    result: ptr<function, InteractionResult>,
    energy: f32,
) {
    let born = (*photon).draw;
    let kinetic = (*photon).quanta - 2u * REST_QUANTA;
    var share = 0.5;
    var accepted = false;
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        let words = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
        (*photon).draw += 1u;
        share = rng_uniform(words.x);
        if rng_uniform(words.y) < table_split(voxel_material((*photon).medium), energy, share, words.z) {
            accepted = true;
            break;
        }
    }
    if !accepted {
        (*result).status = STATUS_REJECTION;
    }
    let angles = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
    (*photon).draw += 1u;
    let positron = min(u32(share * f32(kinetic)), kinetic);
    let azimuth = math_cos_sin(angles.z);
    let incoming = (*photon).direction;
    (*result).pair = 1u;
    (*result).positron =
        interaction_emit(incoming, positron, angles.x, azimuth, rng_child_stream((*photon).stream, born ^ SECOND_BORN));
    (*result).electron =
        interaction_emit(incoming, kinetic - positron, angles.y, -azimuth, rng_child_stream((*photon).stream, born));
    (*photon).quanta = 0u;
    (*photon).state = PHOTON_DONE;
}

fn interaction_emit(incoming: vec3<f32>, quanta: u32, word: u32, azimuth: vec2<f32>, stream: u32) -> InteractionElectron {
    let cosine = event_dipole(tally_mev(quanta) / REST_ENERGY, rng_uniform(word));
    let polar = vec2<f32>(cosine, sqrt(max(1.0 - cosine * cosine, 0.0)));
    return InteractionElectron(direction_turn(incoming, polar, azimuth), quanta, stream);
}
