// Hard events of electrons and positrons: Moeller and Bhabha collisions, bremsstrahlung, annihilation. Twin: src/transport/cpu/event.rs.
// Rules: src/transport/model.md, "Hard events".

struct EventPhoton {
    direction: vec3<f32>,
    quanta: u32,
    stream: u32,
}

struct EventResult {
    delta: ElectronWaiting,
    born: u32,
    photons: u32,
    first: EventPhoton,
    second: EventPhoton,
    quanta: u32,
    status: u32,
}

fn event_happen(history: vec2<u32>, e: ptr<function, Electron>, depth: u32) -> EventResult {
    var result: EventResult;
    let born = (*e).draw;
    let words = rng_block(params.seed, history, (*e).stream, (*e).draw);
    (*e).draw += 1u;
    if (*e).event == ELECTRON_REST {
        let direction = direction_isotropic(rng_uniform(words.x), math_cos_sin(words.y));
        event_photons(e, born, &result, direction, -direction, REST_QUANTA, REST_QUANTA);
        return result;
    }
    (*e).state = ELECTRON_STEP;
    let family = table_family(voxel_material((*e).medium), (*e).charge);
    let energy = table_electron_energy(family, (*e).range);
    let left = min(tally_quanta(energy), (*e).quanta);
    result.quanta = (*e).quanta - left;
    (*e).quanta = left;
    (*e).interactions = math_exponential(words.w);
    let kind = rng_spare(words.x, words.y, words.w);
    let radiation = table_charge(family, RADIATION_AT, energy);
    let radiates = (*e).event == ELECTRON_RADIATE;
    let choice = select(kind, kind * radiation, radiates);
    if choice >= radiation && !radiates {
        event_collide(history, e, &result, energy, words, depth, born);
    } else if choice < table_charge(family, ANNIHILATION_AT, energy) {
        event_annihilate(history, e, &result, energy, words, born);
    } else {
        event_radiate(history, e, &result, energy, words, born);
    }
    return result;
}

fn event_photons(
    e: ptr<function, Electron>,
    born: u32,
    result: ptr<function, EventResult>,
    first: vec3<f32>,
    second: vec3<f32>,
    quanta: u32,
    other: u32,
) {
    (*result).photons = 2u;
    (*result).first = EventPhoton(first, quanta, rng_child_stream((*e).stream, born));
    (*result).second = EventPhoton(second, other, rng_child_stream((*e).stream, born ^ SECOND_BORN));
    (*e).quanta = 0u;
    (*e).state = ELECTRON_DONE;
}

fn event_collide(
    history: vec2<u32>,
    e: ptr<function, Electron>,
    result: ptr<function, EventResult>,
    energy: f32,
    block: vec4<u32>,
    depth: u32,
    born: u32,
) {
    let positron = (*e).charge == KIND_POSITRON;
    let cut = max(params.delta_floor, params.delta_share * energy) / energy;
    let most = select(0.5, 1.0, positron);
    if cut >= 2.0 * most * LARGEST_CUT {
        return;
    }
    var words = block;
    let gamma = 1.0 + energy / REST_ENERGY;
    let a = (gamma - 1.0) * (gamma - 1.0) / (gamma * gamma);
    let b = (2.0 * gamma - 1.0) / (gamma * gamma);
    let inverse_part = 1.0 / cut - 1.0 / most;
    let flat_part = select(5.0 * a * (0.5 - cut), 0.0, positron);
    var x = cut;
    var accepted = false;
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        let choice = rng_uniform(words.x) * (inverse_part + flat_part);
        if choice < inverse_part {
            x = 1.0 / (1.0 / cut - choice);
        } else {
            x = cut + (choice - inverse_part) / (5.0 * a);
        }
        let u = rng_uniform(words.y);
        if positron {
            accepted = u < event_bhabha(gamma, x);
        } else {
            let y = x / (1.0 - x);
            accepted = u * (1.0 + 5.0 * a * x * x) < 1.0 + y * y + a * x * x - b * y;
        }
        if accepted {
            break;
        }
        words = rng_block(params.seed, history, (*e).stream, (*e).draw);
        (*e).draw += 1u;
    }
    if !accepted {
        (*result).status = STATUS_REJECTION;
    }
    let delta = x * energy;
    let delta_quanta = min(tally_quanta(delta), (*e).quanta);
    (*e).quanta -= delta_quanta;
    let rest2 = 2.0 * REST_ENERGY;
    let kept = max(energy - delta, 0.0);
    let azimuth = math_cos_sin(words.z);
    let primary_norm = 1.0 / (energy * (kept + rest2));
    let primary_polar = vec2<f32>(sqrt(kept * (energy + rest2) * primary_norm), sqrt(rest2 * delta * primary_norm));
    let delta_norm = 1.0 / (energy * (delta + rest2));
    let delta_polar = vec2<f32>(sqrt(delta * (energy + rest2) * delta_norm), sqrt(rest2 * kept * delta_norm));
    let incoming = (*e).direction;
    (*e).direction = direction_turn(incoming, primary_polar, azimuth);
    (*e).inverse = voxel_inverse((*e).direction);
    let material = voxel_material((*e).medium);
    (*e).range = table_electron_range(table_family(material, (*e).charge), kept);
    let stream = rng_child_stream((*e).stream, born);
    let full = depth >= STACK;
    if event_stays(history, (*e).voxel, (*e).medium, (*e).offset, delta, stream) || full {
        (*result).quanta += delta_quanta;
        if full {
            (*result).status |= STATUS_STACK;
        }
        return;
    }
    (*result).born = 1u;
    (*result).delta = ElectronWaiting(
        (*e).index,
        (*e).offset,
        direction_turn(incoming, delta_polar, -azimuth),
        table_electron_range(table_family(material, KIND_ELECTRON), delta),
        delta_quanta,
        event_first_interactions(history, stream),
        stream,
        1u,
        0u,
        KIND_ELECTRON,
    );
}

fn event_first_interactions(history: vec2<u32>, stream: u32) -> f32 {
    return math_exponential(rng_block(params.seed, history, stream, 0u).x);
}

fn event_stays(history: vec2<u32>, voxel: vec3<u32>, medium: u32, offset: vec3<f32>, energy: f32, stream: u32) -> bool {
    let density = voxel_density(medium);
    let material = voxel_material(medium);
    let family = table_family(material, KIND_ELECTRON);
    let range = table_electron_range(family, energy);
    if range <= electron_cut_range(material) || energy <= params.electron_cut {
        return true;
    }
    if params.range_rejection == 0u || range >= voxel_nearest_wall(voxel, offset) * density {
        return false;
    }
    if energy <= params.photon_threshold {
        return true;
    }
    let interactions = event_first_interactions(history, stream);
    return interactions >= params.radiation_bound || interactions >= table_charge(family, RADIATION_COUNT_AT, energy);
}

fn event_bhabha(gamma: f32, x: f32) -> f32 {
    let y = 1.0 / (gamma + 1.0);
    let y2 = y * y;
    let q = 1.0 - 2.0 * y;
    let beta2 = (gamma * gamma - 1.0) / (gamma * gamma);
    let b1 = 2.0 - y2;
    let b2 = q * (3.0 + y2);
    let b4 = q * q * q;
    let b3 = b4 + q * q;
    return 1.0 - beta2 * x * (b1 - x * (b2 - x * (b3 - x * b4)));
}

fn event_radiate(
    history: vec2<u32>,
    e: ptr<function, Electron>,
    result: ptr<function, EventResult>,
    energy: f32,
    block: vec4<u32>,
    born: u32,
) {
    if energy <= params.photon_threshold {
        return;
    }
    var words = block;
    let family = table_family(voxel_material((*e).medium), (*e).charge);
    let span = math_ln(energy / params.photon_threshold);
    var photon = params.photon_threshold;
    var accepted = false;
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        photon = min(params.photon_threshold * math_exp(span * rng_uniform(words.x)), energy);
        if rng_uniform(words.y) < table_spectrum(family, energy, photon / energy, words.z) {
            accepted = true;
            break;
        }
        words = rng_block(params.seed, history, (*e).stream, (*e).draw);
        (*e).draw += 1u;
    }
    if !accepted {
        (*result).status = STATUS_REJECTION;
    }
    let angle = rng_block(params.seed, history, (*e).stream, (*e).draw);
    (*e).draw += 1u;
    let quanta = min(tally_quanta(photon), (*e).quanta);
    (*e).quanta -= quanta;
    (*e).range = table_electron_range(family, max(energy - photon, 0.0));
    let cosine = event_dipole(energy / REST_ENERGY, rng_uniform(angle.x));
    let polar = vec2<f32>(cosine, sqrt(max(1.0 - cosine * cosine, 0.0)));
    (*result).photons = 1u;
    (*result).first =
        EventPhoton(direction_turn((*e).direction, polar, math_cos_sin(angle.y)), quanta, rng_child_stream((*e).stream, born));
}

fn event_dipole(tau: f32, u: f32) -> f32 {
    let beta = sqrt(tau * (tau + 2.0)) / (tau + 1.0);
    let isotropic = 2.0 * u - 1.0;
    return clamp((isotropic + beta) / (isotropic * beta + 1.0), -1.0, 1.0);
}

fn event_annihilate(
    history: vec2<u32>,
    e: ptr<function, Electron>,
    result: ptr<function, EventResult>,
    energy: f32,
    block: vec4<u32>,
    born: u32,
) {
    var words = block;
    let gamma = 1.0 + energy / REST_ENERGY;
    let momentum = sqrt(gamma * gamma - 1.0);
    let least = 1.0 / (gamma + 1.0 + momentum);
    let span = math_ln((1.0 - least) / least);
    let top = gamma * gamma + 2.0 * gamma - 1.0;
    var share = 0.5;
    var accepted = false;
    for (var attempt = 0u; attempt < MAX_REJECTIONS; attempt++) {
        share = least * math_exp(span * rng_uniform(words.x));
        let g = gamma * gamma + 4.0 * gamma + 1.0 - (gamma + 1.0) * (gamma + 1.0) * share - 1.0 / share;
        if rng_uniform(words.y) * top < g {
            accepted = true;
            break;
        }
        words = rng_block(params.seed, history, (*e).stream, (*e).draw);
        (*e).draw += 1u;
    }
    if !accepted {
        (*result).status = STATUS_REJECTION;
    }
    let all = (*e).quanta + 2u * REST_QUANTA;
    let quanta = min(u32(share * f32(all)), all);
    let cosine = clamp((gamma + 1.0 - 1.0 / share) / momentum, -1.0, 1.0);
    let other = clamp((gamma + 1.0 - 1.0 / (1.0 - share)) / momentum, -1.0, 1.0);
    let azimuth = math_cos_sin(words.z);
    let first = direction_turn((*e).direction, vec2<f32>(cosine, sqrt(max(1.0 - cosine * cosine, 0.0))), azimuth);
    let second = direction_turn((*e).direction, vec2<f32>(other, sqrt(max(1.0 - other * other, 0.0))), -azimuth);
    event_photons(e, born, result, first, second, quanta, all - quanta);
}
