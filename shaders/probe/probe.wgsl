// One function at a time over many inputs, for the parity tests (tests/parity.rs). Inputs and outputs are words.

@group(1) @binding(0) var<storage, read> probe_input: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read_write> probe_output: array<vec4<u32>>;

override PROBE_FUNCTION: u32 = 0u;

fn probe_direction(a: u32, b: u32) -> vec3<f32> {
    return direction_isotropic(rng_uniform(a), math_cos_sin(b));
}

@compute @workgroup_size(64)
fn probe(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = id.x;
    if at >= arrayLength(&probe_input) {
        return;
    }
    let v = probe_input[at];
    var result = vec4<u32>(0u);
    switch PROBE_FUNCTION {
        case 0u: {
            result = rng_philox(v, vec2<u32>(v.w, v.x));
        }
        case 1u: {
            result = vec4<u32>(rng_child_stream(v.x, v.y), bitcast<u32>(rng_uniform(v.z)), bitcast<u32>(rng_normal3(v.w)), rng_mul_hi(v.x, v.y));
        }
        case 2u: {
            let cs = math_cos_sin(v.x);
            result = vec4<u32>(bitcast<u32>(cs.x), bitcast<u32>(cs.y), bitcast<u32>(math_exponential(v.y)), 0u);
        }
        case 3u: {
            let u = probe_direction(v.x, v.y);
            let cosine = 2.0 * rng_uniform(v.z) - 1.0;
            let turned = direction_turn(u, vec2<f32>(cosine, sqrt(1.0 - cosine * cosine)), math_cos_sin(v.w));
            result = vec4<u32>(bitcast<vec3<u32>>(turned), 0u);
        }
        case 4u: {
            let index = v.x % (params.size.x * params.size.y * params.size.z);
            let place = voxel_at(index, params.size);
            result = vec4<u32>(place, voxel_index(place, params.size));
        }
        case 5u: {
            let u = probe_direction(v.x, v.y);
            let offset = vec3<f32>(rng_uniform(v.z), rng_uniform(v.w), rng_uniform(v.z ^ v.w)) * params.spacing;
            let wall = voxel_wall(offset, u, voxel_inverse(u), params.spacing);
            result = vec4<u32>(bitcast<u32>(wall.distance), wall.axis, bitcast<u32>(voxel_nearest_wall(offset, params.spacing)), 0u);
        }
        case 6u: {
            let row = table_electron(0u, bitcast<f32>(v.x));
            result = bitcast<vec4<u32>>(vec4<f32>(row.energy, row.collisions, row.spread, row.drift));
        }
        case 7u: {
            let row = table_alpha(0u, bitcast<f32>(v.x));
            let e = bitcast<f32>(v.y);
            result = bitcast<vec4<u32>>(vec4<f32>(row.energy, row.stopping_energy, table_electron_range(0u, e), table_alpha_range(0u, e)));
        }
        case 8u: {
            result = vec4<u32>(bitcast<u32>(table_deflection(0u, bitcast<f32>(v.x), v.y, v.z)), 0u, 0u, 0u);
        }
        case 9u: {
            result = vec4<u32>(tally_quanta(bitcast<f32>(v.x)), tally_let_quanta(bitcast<f32>(v.y)), voxel_material(v.z), bitcast<u32>(voxel_density(v.z)));
        }
        case 10u: {
            result = vec4<u32>(bitcast<u32>(decay_energy(params.spectrum_count, v.x, v.y)), decay_entry(params.source_count, v.z), 0u, 0u);
        }
        default: {
            let d = decay_start(v.x);
            result = vec4<u32>(d.index, bitcast<u32>(d.energy), bitcast<u32>(d.interactions), bitcast<u32>(decay_normal(d.history)));
        }
    }
    probe_output[at] = result;
}
