// Electrons and positrons: class II condensed history with a random hinge. Twin: src/transport/cpu/electron.rs.
// Rules: src/transport/model.md, "Electrons and positrons". Hard events are in event.wgsl.

const ELECTRON_HINGE: u32 = 0u;
const ELECTRON_END: u32 = 1u;
const ELECTRON_HARD: u32 = 2u;
const ELECTRON_FINAL: u32 = 3u;
const ELECTRON_RADIATE: u32 = 4u;
const ELECTRON_REST: u32 = 5u;

const ELECTRON_DONE: u32 = 0u;
const ELECTRON_MOVING: u32 = 1u;
const ELECTRON_TURN: u32 = 2u;
const ELECTRON_STEP: u32 = 3u;
const ELECTRON_EVENT: u32 = 4u;

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
    charge: u32,
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
    start: f32,
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
    charge: u32,
}

struct ElectronDeposit {
    index: u32,
    quanta: u32,
    escaped: u32,
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
    e.charge = waiting.charge;
    e.state = ELECTRON_STEP;
    return e;
}

fn electron_wait(e: ptr<function, Electron>) -> ElectronWaiting {
    return ElectronWaiting(
        (*e).index, (*e).offset, (*e).direction, (*e).range, (*e).quanta, (*e).interactions, (*e).stream, (*e).draw, (*e).steps,
        (*e).charge,
    );
}

fn electron_stop(e: ptr<function, Electron>) -> u32 {
    let quanta = (*e).quanta;
    (*e).quanta = 0u;
    (*e).event = ELECTRON_REST;
    (*e).state = select(ELECTRON_DONE, ELECTRON_EVENT, (*e).charge == KIND_POSITRON);
    return quanta;
}

fn electron_step(material: u32, range: f32) -> f32 {
    let rule = table_rows[material * ROWS_PER_MATERIAL + STEP_ROW_AT];
    return max(rule.z * range, min(rule.x, rule.w * range));
}

fn electron_cut_range(material: u32) -> f32 {
    return table_rows[material * ROWS_PER_MATERIAL + STEP_ROW_AT].y;
}

fn electron_begin_step(history: vec2<u32>, e: ptr<function, Electron>) -> ElectronDeposit {
    var deposit = ElectronDeposit((*e).index, 0u, 0u, 0u);
    let density = voxel_density((*e).medium);
    let material = voxel_material((*e).medium);
    let family = table_family(material, (*e).charge);
    let confined = params.range_rejection == 1u && (*e).range < voxel_nearest_wall((*e).voxel, (*e).offset) * density;
    if confined && (*e).interactions < params.radiation_bound {
        let energy = table_electron_energy(family, (*e).range);
        let count = table_charge(family, RADIATION_COUNT_AT, energy);
        if (*e).interactions < count {
            (*e).range = table_electron_range(family, table_radiation_energy(family, energy, count - (*e).interactions));
            (*e).event = ELECTRON_RADIATE;
            (*e).state = ELECTRON_EVENT;
            return deposit;
        }
    }
    if confined || (*e).steps >= MAX_STEPS {
        if !confined {
            deposit.status = STATUS_STEPS;
        }
        deposit.quanta = electron_stop(e);
        return deposit;
    }
    (*e).state = ELECTRON_MOVING;
    (*e).steps += 1u;
    (*e).share = 0.0;
    let row = table_electron(family, (*e).range);
    if (*e).range <= electron_cut_range(material) || row.energy <= params.electron_cut {
        (*e).step = FINAL_ADVANCE * (*e).range;
        (*e).loss = 0.0;
        (*e).stop = 1.0;
        (*e).event = ELECTRON_FINAL;
        return deposit;
    }
    let words = rng_block(params.seed, history, (*e).stream, (*e).draw);
    (*e).draw += 1u;
    (*e).words = vec3<u32>(words.y, words.z, words.x);
    (*e).step = electron_step(material, (*e).range);
    (*e).start = (*e).range;
    // Mean 1, variance spread^2 and a positive skewness: a linear and a quadratic part that do not correlate (Var n^2 = 1.6).
    let n = rng_normal3(words.w);
    let quadratic = min(LOSS_SKEWNESS * row.spread, LOSS_QUADRATIC);
    let linear = sqrt(1.0 - NORMAL3_SQUARE_VARIANCE * quadratic * quadratic);
    (*e).loss = 1.0 + row.drift + row.spread * (linear * n + quadratic * (n * n - 1.0));
    (*e).hard = 2.0;
    if (*e).interactions < row.collisions {
        (*e).hard = (*e).interactions / row.collisions;
    } else {
        (*e).interactions -= row.collisions;
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
            (*e).state = ELECTRON_EVENT;
        } else {
            deposit.quanta = electron_stop(e);
        }
        return deposit;
    }
    (*e).offset = voxel_move((*e).offset, (*e).direction, wall.distance);
    (*e).range -= (*e).loss * to_wall;
    (*e).share = min((*e).share + to_wall / (*e).step, (*e).stop);
    let energy = table_electron_energy(table_family(material, (*e).charge), (*e).range);
    if (*e).loss > 0.0 {
        let left = min(tally_quanta(energy), (*e).quanta);
        deposit.quanta = (*e).quanta - left;
        (*e).quanta = left;
    }
    let next = voxel_cross((*e).voxel, (*e).offset, (*e).direction, wall.axis);
    if next.outside == 1u {
        deposit.escaped = (*e).quanta + (*e).charge * 2u * REST_QUANTA;
        (*e).state = ELECTRON_DONE;
        return deposit;
    }
    (*e).voxel = next.voxel;
    (*e).offset = next.offset;
    (*e).index = voxel_index(next.voxel, params.size);
    (*e).medium = voxels[(*e).index];
    let entered = voxel_material((*e).medium);
    if entered != material {
        let range = table_electron_range(table_family(entered, (*e).charge), energy);
        let scale = range / (*e).range;
        (*e).step *= scale;
        (*e).start *= scale;
        (*e).range = range;
    }
    return deposit;
}

fn electron_deflect(e: ptr<function, Electron>) {
    let family = table_family(voxel_material((*e).medium), (*e).charge);
    let mu = table_deflection(family, (*e).start, (*e).words.x, (*e).words.z);
    let polar = vec2<f32>(1.0 - 2.0 * mu, 2.0 * sqrt(max(mu * (1.0 - mu), 0.0)));
    (*e).direction = direction_turn((*e).direction, polar, math_cos_sin((*e).words.y));
    (*e).inverse = voxel_inverse((*e).direction);
    (*e).stop = min((*e).hard, 1.0);
    (*e).event = select(ELECTRON_END, ELECTRON_HARD, (*e).hard < 1.0);
    (*e).state = ELECTRON_MOVING;
}
