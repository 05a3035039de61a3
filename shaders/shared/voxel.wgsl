// Voxels: place, walls, contents. Twin: src/transport/cpu/voxel.rs.

struct VoxelWall {
    distance: f32,
    axis: u32,
}

struct VoxelCrossing {
    voxel: vec3<u32>,
    outside: u32,
    offset: vec3<f32>,
}

fn voxel_material(voxel: u32) -> u32 {
    return voxel >> 24u;
}

fn voxel_density(voxel: u32) -> f32 {
    return bitcast<f32>((voxel & 0x00ffffffu) << 7u);
}

fn voxel_index(voxel: vec3<u32>, size: vec3<u32>) -> u32 {
    return (voxel.z * size.y + voxel.y) * size.x + voxel.x;
}

fn voxel_at(index: u32, size: vec3<u32>) -> vec3<u32> {
    let row = index / size.x;
    return vec3<u32>(index - row * size.x, row % size.y, row / size.y);
}

fn voxel_inverse(direction: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(1.0) / max(abs(direction), vec3<f32>(1.0e-12));
}

fn voxel_radius(shell: u32) -> f32 {
    return bitcast<f32>(voxels[params.shells + 1u + shell]);
}

fn voxel_wall(voxel: vec3<u32>, offset: vec3<f32>, direction: vec3<f32>, inverse: vec3<f32>) -> VoxelWall {
    if SHELLS {
        return voxel_sphere(voxel.x, offset, direction);
    }
    let d = select(params.spacing - offset, offset, direction < vec3<f32>(0.0)) * inverse;
    var wall = VoxelWall(d.x, 0u);
    if d.y < wall.distance {
        wall = VoxelWall(d.y, 1u);
    }
    if d.z < wall.distance {
        wall = VoxelWall(d.z, 2u);
    }
    return wall;
}

fn voxel_sphere(shell: u32, offset: vec3<f32>, direction: vec3<f32>) -> VoxelWall {
    // The way passes the origin at `near`: its square, taken so, is good even if that is close.
    let along = dot(offset, direction);
    let near = offset - along * direction;
    let square = dot(near, near);
    var wall = VoxelWall(VOXEL_BEYOND, 1u);
    if shell < params.shells {
        let radius = voxel_radius(shell);
        wall.distance = max(sqrt(max(radius * radius - square, 0.0)) - along, 0.0);
    }
    if shell > 0u && along < 0.0 {
        let radius = voxel_radius(shell - 1u);
        let half_square = radius * radius - square;
        if half_square > VOXEL_GRAZE * radius * radius {
            let distance = max(-along - sqrt(half_square), 0.0);
            if distance < wall.distance {
                wall = VoxelWall(distance, 0u);
            }
        }
    }
    return wall;
}

fn voxel_nearest_wall(voxel: vec3<u32>, offset: vec3<f32>) -> f32 {
    if SHELLS {
        return voxel_nearest_sphere(voxel.x, offset);
    }
    let d = min(offset, params.spacing - offset);
    return min(min(d.x, d.y), d.z);
}

fn voxel_nearest_sphere(shell: u32, offset: vec3<f32>) -> f32 {
    let place = length(offset);
    var nearest = VOXEL_BEYOND;
    if shell < params.shells {
        nearest = voxel_radius(shell) - place;
    }
    if shell > 0u {
        nearest = min(nearest, place - voxel_radius(shell - 1u));
    }
    return nearest;
}

fn voxel_move(offset: vec3<f32>, direction: vec3<f32>, distance: f32) -> vec3<f32> {
    let moved = offset + direction * distance;
    if SHELLS {
        return moved;
    }
    return min(max(moved, vec3<f32>(0.0)), params.spacing);
}

fn voxel_cross(voxel: vec3<u32>, offset: vec3<f32>, direction: vec3<f32>, axis: u32) -> VoxelCrossing {
    let spacing = params.spacing;
    let size = params.size;
    var next = VoxelCrossing(voxel, 0u, offset);
    if SHELLS {
        next.voxel.x = select(voxel.x + 1u, voxel.x - 1u, axis == 0u);
        return next;
    }
    if axis == 0u {
        next.voxel.x = select(voxel.x + 1u, voxel.x - 1u, direction.x < 0.0);
        next.offset.x = select(0.0, spacing.x, direction.x < 0.0);
        next.outside = u32(next.voxel.x >= size.x);
    } else if axis == 1u {
        next.voxel.y = select(voxel.y + 1u, voxel.y - 1u, direction.y < 0.0);
        next.offset.y = select(0.0, spacing.y, direction.y < 0.0);
        next.outside = u32(next.voxel.y >= size.y);
    } else {
        next.voxel.z = select(voxel.z + 1u, voxel.z - 1u, direction.z < 0.0);
        next.offset.z = select(0.0, spacing.z, direction.z < 0.0);
        next.outside = u32(next.voxel.z >= size.z);
    }
    return next;
}

fn voxel_shift(voxel: vec3<u32>, offset: vec3<f32>, direction: vec3<f32>, distance: f32) -> VoxelCrossing {
    let moved = offset + direction * distance;
    if SHELLS {
        return VoxelCrossing(vec3<u32>(voxel_shell(moved), 0u, 0u), 0u, moved);
    }
    // Far more voxels than a phantom has in a row, far less than an integer holds.
    let voxels_on = clamp(floor(moved / params.spacing), vec3<f32>(-1.0e9), vec3<f32>(1.0e9));
    let landed = voxel + bitcast<vec3<u32>>(vec3<i32>(voxels_on));
    let inside = clamp(moved - voxels_on * params.spacing, vec3<f32>(0.0), params.spacing);
    return VoxelCrossing(landed, u32(any(landed >= params.size)), inside);
}

fn voxel_shell(place: vec3<f32>) -> u32 {
    let radius = length(place);
    var low = 0u;
    var high = params.shells;
    for (var i = 0u; i < 32u; i++) {
        if low >= high {
            break;
        }
        let middle = (low + high) >> 1u;
        if radius < voxel_radius(middle) {
            high = middle;
        } else {
            low = middle + 1u;
        }
    }
    return low;
}
