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

fn voxel_wall(offset: vec3<f32>, direction: vec3<f32>, inverse: vec3<f32>, spacing: vec3<f32>) -> VoxelWall {
    let d = select(spacing - offset, offset, direction < vec3<f32>(0.0)) * inverse;
    var wall = VoxelWall(d.x, 0u);
    if d.y < wall.distance {
        wall = VoxelWall(d.y, 1u);
    }
    if d.z < wall.distance {
        wall = VoxelWall(d.z, 2u);
    }
    return wall;
}

fn voxel_nearest_wall(offset: vec3<f32>, spacing: vec3<f32>) -> f32 {
    let d = min(offset, spacing - offset);
    return min(min(d.x, d.y), d.z);
}

fn voxel_move(offset: vec3<f32>, direction: vec3<f32>, distance: f32, spacing: vec3<f32>) -> vec3<f32> {
    return min(max(offset + direction * distance, vec3<f32>(0.0)), spacing);
}

fn voxel_cross(voxel: vec3<u32>, offset: vec3<f32>, direction: vec3<f32>, axis: u32, spacing: vec3<f32>, size: vec3<u32>) -> VoxelCrossing {
    var next = VoxelCrossing(voxel, 0u, offset);
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
