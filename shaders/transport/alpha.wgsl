// Alpha particles: straight lines on range tables. Twin: src/transport/cpu/alpha.rs. Rules: src/transport/model.md, "Alphas".

struct Alpha {
    voxel: vec3<u32>,
    index: u32,
    offset: vec3<f32>,
    medium: u32,
    direction: vec3<f32>,
    range: f32,
    inverse: vec3<f32>,
    stretch: f32,
    quanta: u32,
    stopping_energy: f32,
    saturated_energy: f32,
    alive: u32,
}

struct AlphaDeposit {
    index: u32,
    quanta: u32,
    let_quanta: u32,
    quality_quanta: u32,
    escaped: u32,
}

fn alpha_start(index: u32, medium: u32, offset: vec3<f32>, direction: vec3<f32>, energy: f32, normal: f32, sigma: f32) -> Alpha {
    let range = table_alpha_range(voxel_material(medium), energy);
    let row = table_alpha(voxel_material(medium), range);
    return Alpha(
        voxel_at(index, params.size),
        index,
        offset,
        medium,
        direction,
        range,
        voxel_inverse(direction),
        1.0 / max(1.0 + sigma * normal, LEAST_STRAGGLED),
        tally_quanta(energy),
        row.stopping_energy,
        row.saturated_energy,
        1u,
    );
}

fn alpha_advance(alpha: ptr<function, Alpha>) -> AlphaDeposit {
    let density = voxel_density((*alpha).medium);
    let material = voxel_material((*alpha).medium);
    let wall = voxel_wall((*alpha).voxel, (*alpha).offset, (*alpha).direction, (*alpha).inverse);
    let used = wall.distance * density * (*alpha).stretch;
    var deposit = AlphaDeposit((*alpha).index, (*alpha).quanta, 0u, 0u, 0u);
    if used >= (*alpha).range {
        deposit.let_quanta = tally_let_quanta((*alpha).stopping_energy * density * KEV_PER_UM);
        deposit.quality_quanta = tally_let_quanta((*alpha).saturated_energy * KEV_PER_UM);
        (*alpha).alive = 0u;
        return deposit;
    }
    (*alpha).range -= used;
    let row = table_alpha(material, (*alpha).range);
    let left = min(tally_quanta(row.energy), (*alpha).quanta);
    deposit.quanta = (*alpha).quanta - left;
    deposit.let_quanta = tally_let_quanta(((*alpha).stopping_energy - row.stopping_energy) * density * KEV_PER_UM);
    deposit.quality_quanta = tally_let_quanta(((*alpha).saturated_energy - row.saturated_energy) * KEV_PER_UM);
    (*alpha).quanta = left;
    (*alpha).stopping_energy = row.stopping_energy;
    (*alpha).saturated_energy = row.saturated_energy;
    (*alpha).offset = voxel_move((*alpha).offset, (*alpha).direction, wall.distance);
    let next = voxel_cross((*alpha).voxel, (*alpha).offset, (*alpha).direction, wall.axis);
    if next.outside == 1u {
        deposit.escaped = (*alpha).quanta;
        (*alpha).alive = 0u;
        return deposit;
    }
    (*alpha).voxel = next.voxel;
    (*alpha).offset = next.offset;
    (*alpha).index = voxel_index(next.voxel, params.size);
    (*alpha).medium = voxels[(*alpha).index];
    let entered = voxel_material((*alpha).medium);
    if entered != material {
        (*alpha).range = table_alpha_range(entered, row.energy);
        let start = table_alpha(entered, (*alpha).range);
        (*alpha).stopping_energy = start.stopping_energy;
        (*alpha).saturated_energy = start.saturated_energy;
    }
    return deposit;
}
