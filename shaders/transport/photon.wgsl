// Photons: Woodcock tracking from one real or virtual interaction to the next. Twin: src/transport/cpu/photon.rs.
// Rules: src/transport/model.md, "Photons". Interactions are in interaction.wgsl.

const PHOTON_DONE: u32 = 0u;
const PHOTON_FLYING: u32 = 1u;
const PHOTON_TRACING: u32 = 2u;
const PHOTON_INTERACTION: u32 = 3u;

struct Photon {
    voxel: vec3<u32>,
    index: u32,
    offset: vec3<f32>,
    medium: u32,
    direction: vec3<f32>,
    quanta: u32,
    choice: f32,
    way: f32,
    carry: f32,
    stream: u32,
    draw: u32,
    flights: u32,
    state: u32,
}

struct PhotonDeposit {
    index: u32,
    quanta: u32,
    escaped: u32,
    status: u32,
}

fn photon_start(queued: Queued, draw: u32) -> Photon {
    var photon: Photon;
    photon.voxel = voxel_at(queued.index, params.size);
    photon.index = queued.index;
    photon.medium = voxels[queued.index];
    photon.offset = queued.offset;
    photon.direction = queued.direction;
    photon.quanta = queued.quanta;
    photon.stream = queued.stream;
    photon.draw = draw;
    photon.state = PHOTON_FLYING;
    return photon;
}

fn photon_fly(history: vec2<u32>, photon: ptr<function, Photon>) -> PhotonDeposit {
    var deposit = PhotonDeposit((*photon).index, 0u, 0u, 0u);
    let energy = tally_mev((*photon).quanta);
    if energy <= params.photon_cut || (*photon).flights >= MAX_FLIGHTS {
        if energy > params.photon_cut {
            deposit.status = STATUS_FLIGHTS;
        }
        deposit.quanta = (*photon).quanta;
        (*photon).state = PHOTON_DONE;
        return deposit;
    }
    (*photon).flights += 1u;
    let words = rng_block(params.seed, history, (*photon).stream, (*photon).draw);
    (*photon).draw += 1u;
    let majorant = table_over_energy(params.majorant_at, energy);
    let distance = math_exponential(words.x) / majorant;
    (*photon).choice = rng_uniform(words.y) * majorant;
    if params.photon_mode == MODE_TRACK_LENGTH {
        (*photon).way = distance;
        (*photon).state = PHOTON_TRACING;
        return deposit;
    }
    let next = voxel_shift((*photon).voxel, (*photon).offset, (*photon).direction, distance);
    if next.outside == 1u {
        deposit.escaped = (*photon).quanta;
        (*photon).state = PHOTON_DONE;
        return deposit;
    }
    (*photon).voxel = next.voxel;
    (*photon).offset = next.offset;
    (*photon).index = voxel_index(next.voxel, params.size);
    (*photon).medium = voxels[(*photon).index];
    photon_meet(photon);
    return deposit;
}

fn photon_meet(photon: ptr<function, Photon>) {
    (*photon).choice /= voxel_density((*photon).medium);
    let row = table_photon(voxel_material((*photon).medium), tally_mev((*photon).quanta));
    (*photon).state = select(PHOTON_FLYING, PHOTON_INTERACTION, (*photon).choice < row.total);
}

fn photon_trace(photon: ptr<function, Photon>) -> PhotonDeposit {
    var deposit = PhotonDeposit((*photon).index, 0u, 0u, 0u);
    let material = voxel_material((*photon).medium);
    let absorption = table_energy(material, ABSORPTION_AT, tally_mev((*photon).quanta));
    let inverse = voxel_inverse((*photon).direction);
    let wall = voxel_wall((*photon).voxel, (*photon).offset, (*photon).direction, inverse);
    let leg = min((*photon).way, wall.distance);
    let kerma = (*photon).carry + f32((*photon).quanta) * absorption * voxel_density((*photon).medium) * leg;
    deposit.quanta = u32(kerma);
    (*photon).carry = kerma - f32(deposit.quanta);
    (*photon).offset = voxel_move((*photon).offset, (*photon).direction, leg);
    if (*photon).way <= wall.distance {
        photon_meet(photon);
        return deposit;
    }
    (*photon).way -= leg;
    let next = voxel_cross((*photon).voxel, (*photon).offset, (*photon).direction, wall.axis);
    if next.outside == 1u {
        deposit.escaped = (*photon).quanta;
        (*photon).state = PHOTON_DONE;
        return deposit;
    }
    (*photon).voxel = next.voxel;
    (*photon).offset = next.offset;
    (*photon).index = voxel_index(next.voxel, params.size);
    (*photon).medium = voxels[(*photon).index];
    return deposit;
}
