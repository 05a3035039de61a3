// Electrons: class II condensed history with a random hinge. Twin: src/transport/cpu/electron.rs.
// Rules: src/transport/model.md, "Electrons".

const ELECTRON_HINGE: u32 = 0u;
const ELECTRON_END: u32 = 1u;
const ELECTRON_HARD: u32 = 2u;
const ELECTRON_FINAL: u32 = 3u;

const ELECTRON_DONE: u32 = 0u;
const ELECTRON_MOVING: u32 = 1u;
const ELECTRON_TURN: u32 = 2u;
const ELECTRON_STEP: u32 = 3u;
const ELECTRON_COLLISION: u32 = 4u;

struct ElectronWaiting {
    index: u32,
    offset: vec3<f32>,
    direction: vec3<f32>,
    range: f32,
    quanta: u32,
    interactions: f32,
    stream: u32,
    draw: u32,
    steps: u32,
}

struct Electron {
    voxel: vec3<u32>,
    index: u32,
    offset: vec3<f32>,
    medium: u32,
    direction: vec3<f32>,
    range: f32,
    inverse: vec3<f32>,
    quanta: u32,
    step: f32,
    loss: f32,
    share: f32,
    stop: f32,
    event: u32,
    hard: f32,
    interactions: f32,
    stream: u32,
    words: vec3<u32>,
    draw: u32,
    steps: u32,
    state: u32,
}

struct ElectronDeposit {
    index: u32,
    quanta: u32,
    escaped: u32,
    status: u32,
}

struct ElectronCollision {
    delta: ElectronWaiting,
    born: u32,
    quanta: u32,
    status: u32,
}

fn electron_start(waiting: ElectronWaiting) -> Electron {
    var e: Electron;
    e.voxel = voxel_at(waiting.index, params.size);
    e.index = waiting.index;
    e.medium = voxels[waiting.index];
    e.offset = waiting.offset;
    e.direction = waiting.direction;
    e.inverse = voxel_inverse(waiting.direction);
    e.range = waiting.range;
    e.quanta = waiting.quanta;
    e.interactions = waiting.interactions;
    e.stream = waiting.stream;
    e.draw = waiting.draw;
    e.steps = waiting.steps;
    e.state = ELECTRON_STEP;
    return e;
}

fn electron_wait(e: ptr<function, Electron>) -> ElectronWaiting {
    return ElectronWaiting(
        (*e).index, (*e).offset, (*e).direction, (*e).range, (*e).quanta, (*e).interactions, (*e).stream, (*e).draw, (*e).steps,
    );
}

fn electron_begin_step(history: vec2<u32>, e: ptr<function, Electron>) -> ElectronDeposit {
    var deposit = ElectronDeposit((*e).index, 0u, 0u, 0u);
    let density = voxel_density((*e).medium);
    let material = voxel_material((*e).medium);
    let confined = params.range_rejection == 1u && (*e).range < voxel_nearest_wall((*e).voxel, (*e).offset) * density;
    if confined || (*e).steps >= MAX_STEPS {
        if !confined {
            deposit.status = STATUS_STEPS;
        }
        deposit.quanta = (*e).quanta;
        (*e).state = ELECTRON_DONE;
        return deposit;
    }
    (*e).state = ELECTRON_MOVING;
    (*e).steps += 1u;
    (*e).share = 0.0;
    let row = table_electron(material, (*e).range);
    if (*e).range <= params.cut_length * density || row.energy <= params.electron_cut {
        (*e).step = FINAL_ADVANCE * (*e).range;
        (*e).loss = 0.0;
        (*e).stop = 1.0;
        (*e).event = ELECTRON_FINAL;
        return deposit;
    }
    let words = rng_block(params.seed, history, (*e).stream, (*e).draw);
    (*e).draw += 1u;
    (*e).words = vec3<u32>(words.y, words.z, words.x);
    (*e).step = params.step_fraction * (*e).range;
    // Mean 1, variance spread^2 and a positive skewness: a linear and a quadratic part that do not correlate (Var n^2 = 1.6).
    let n = rng_normal3(words.w);
    let quadratic = min(LOSS_SKEWNESS * row.spread, LOSS_QUADRATIC);
    let linear = sqrt(1.0 - NORMAL3_SQUARE_VARIANCE * quadratic * quadratic);
    (*e).loss = 1.0 + row.drift + row.spread * (linear * n + quadratic * (n * n - 1.0));
    let expected = row.collisions - table_electron_collisions(material, (*e).range - (*e).loss * (*e).step);
    (*e).hard = 2.0;
    if (*e).interactions < expected {
        (*e).hard = (*e).interactions / expected;
    } else {
        (*e).interactions -= expected;
    }
    let hinge = rng_uniform(words.x);
    if hinge < (*e).hard {
        (*e).stop = hinge;
        (*e).event = ELECTRON_HINGE;
    } else {
        (*e).stop = (*e).hard;
        (*e).event = ELECTRON_HARD;
    }
    return deposit;
}

fn electron_advance(e: ptr<function, Electron>) -> ElectronDeposit {
    let density = voxel_density((*e).medium);
    let wall = voxel_wall((*e).voxel, (*e).offset, (*e).direction, (*e).inverse);
    let to_wall = wall.distance * density;
    let to_stop = ((*e).stop - (*e).share) * (*e).step;
    var deposit = ElectronDeposit((*e).index, 0u, 0u, 0u);
    let material = voxel_material((*e).medium);
    if to_stop < to_wall {
        (*e).offset = voxel_move((*e).offset, (*e).direction, to_stop / density);
        (*e).range -= (*e).loss * to_stop;
        (*e).share = (*e).stop;
        if (*e).event == ELECTRON_HINGE {
            (*e).state = ELECTRON_TURN;
        } else if (*e).event == ELECTRON_END {
            (*e).state = ELECTRON_STEP;
        } else if (*e).event == ELECTRON_HARD {
            (*e).state = ELECTRON_COLLISION;
        } else {
            deposit.quanta = (*e).quanta;
            (*e).state = ELECTRON_DONE;
        }
        return deposit;
    }
    (*e).offset = voxel_move((*e).offset, (*e).direction, wall.distance);
    (*e).range -= (*e).loss * to_wall;
    (*e).share = min((*e).share + to_wall / (*e).step, (*e).stop);
    let energy = table_electron_energy(material, (*e).range);
    if (*e).loss > 0.0 {
        let left = min(tally_quanta(energy), (*e).quanta);
        deposit.quanta = (*e).quanta - left;
        (*e).quanta = left;
    }
    let next = voxel_cross((*e).voxel, (*e).offset, (*e).direction, wall.axis);
    if next.outside == 1u {
        deposit.escaped = (*e).quanta;
        (*e).state = ELECTRON_DONE;
        return deposit;
    }
    (*e).voxel = next.voxel;
    (*e).offset = next.offset;
    (*e).index = voxel_index(next.voxel, params.size);
    (*e).medium = voxels[(*e).index];
    let entered = voxel_material((*e).medium);
    if entered != material {
        let range = table_electron_range(entered, energy);
        (*e).step *= range / (*e).range;
        (*e).range = range;
    }
    return deposit;
}

fn electron_deflect(e: ptr<function, Electron>) {
    let material = voxel_material((*e).medium);
    let mu = table_deflection(material, (*e).step / params.step_fraction, (*e).words.x, (*e).words.z);
    let polar = vec2<f32>(1.0 - 2.0 * mu, 2.0 * sqrt(max(mu * (1.0 - mu), 0.0)));
    (*e).direction = direction_turn((*e).direction, polar, math_cos_sin((*e).words.y));
    (*e).inverse = voxel_inverse((*e).direction);
    (*e).stop = min((*e).hard, 1.0);
    (*e).event = select(ELECTRON_END, ELECTRON_HARD, (*e).hard < 1.0);
    (*e).state = ELECTRON_MOVING;
}

fn electron_collide(history: vec2<u32>, e: ptr<function, Electron>, depth: u32) -> ElectronCollision {
    var result: ElectronCollision;
    (*e).state = ELECTRON_STEP;
    let material = voxel_material((*e).medium);
    let energy = table_electron_energy(material, (*e).range);
    let left = min(tally_quanta(energy), (*e).quanta);
    result.quanta = (*e).quanta - left;
    (*e).quanta = left;
    let cut = max(params.delta_floor, params.delta_share * energy) / energy;
    let born = (*e).draw;
    var words = rng_block(params.seed, history, (*e).stream, (*e).draw);
    (*e).draw += 1u;
    (*e).interactions = math_exponential(words.w);
    if cut >= LARGEST_CUT {
        return result;
    }
    let gamma = 1.0 + energy / params.electron_rest;
    let a = (gamma - 1.0) * (gamma - 1.0) / (gamma * gamma);
    let b = (2.0 * gamma - 1.0) / (gamma * gamma);
    let inverse_part = 1.0 / cut - 2.0;
    let flat_part = 5.0 * a * (0.5 - cut);
    var x = cut;
    var accepted = false;
    for (var i = 0u; i < MAX_REJECTIONS; i++) {
        let choice = rng_uniform(words.x) * (inverse_part + flat_part);
        if choice < inverse_part {
            x = 1.0 / (1.0 / cut - choice);
        } else {
            x = cut + (choice - inverse_part) / (5.0 * a);
        }
        let y = x / (1.0 - x);
        if rng_uniform(words.y) * (1.0 + 5.0 * a * x * x) < 1.0 + y * y + a * x * x - b * y {
            accepted = true;
            break;
        }
        words = rng_block(params.seed, history, (*e).stream, (*e).draw);
        (*e).draw += 1u;
    }
    result.status = select(STATUS_REJECTION, 0u, accepted);
    let transfer = x * energy;
    let transfer_quanta = min(tally_quanta(transfer), (*e).quanta);
    (*e).quanta -= transfer_quanta;
    let rest2 = 2.0 * params.electron_rest;
    let kept = energy - transfer;
    let azimuth = math_cos_sin(words.z);
    let primary_norm = 1.0 / (energy * (kept + rest2));
    let primary_polar = vec2<f32>(sqrt(kept * (energy + rest2) * primary_norm), sqrt(rest2 * transfer * primary_norm));
    let delta_norm = 1.0 / (energy * (transfer + rest2));
    let delta_polar = vec2<f32>(sqrt(transfer * (energy + rest2) * delta_norm), sqrt(rest2 * kept * delta_norm));
    let incoming = (*e).direction;
    (*e).direction = direction_turn(incoming, primary_polar, azimuth);
    (*e).inverse = voxel_inverse((*e).direction);
    (*e).range = table_electron_range(material, kept);
    let range = table_electron_range(material, transfer);
    let density = voxel_density((*e).medium);
    let confined = params.range_rejection == 1u && range < voxel_nearest_wall((*e).voxel, (*e).offset) * density;
    let absorbed = range <= params.cut_length * density || transfer <= params.electron_cut;
    let full = depth >= STACK;
    if confined || absorbed || full {
        result.quanta += transfer_quanta;
        if full && !confined && !absorbed {
            result.status |= STATUS_STACK;
        }
    } else {
        let stream = rng_child_stream((*e).stream, born);
        let direction = direction_turn(incoming, delta_polar, -azimuth);
        let first = rng_block(params.seed, history, stream, 0u);
        result.born = 1u;
        result.delta =
            ElectronWaiting((*e).index, (*e).offset, direction, range, transfer_quanta, math_exponential(first.x), stream, 1u, 0u);
    }
    return result;
}
