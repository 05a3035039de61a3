// Where a history starts and what it emits. Twin: src/transport/cpu/decay.rs; decay_energy: src/nuclide/spectrum.rs, sample_energy.

struct Decay {
    history: vec2<u32>,
    index: u32,
    offset: vec3<f32>,
    direction: vec3<f32>,
    energy: f32,
    interactions: f32,
}

const DECAY_DRAWS: u32 = 3u;

fn decay_start(place: u32) -> Decay {
    let in_run = place * params.batches + params.batch;
    let low = params.history_base.x + in_run;
    let history = vec2<u32>(low, params.history_base.y + u32(low < in_run));
    let phase = in_run * params.phase_step.y + rng_mul_hi(in_run, params.phase_step.x) + params.phase_offset;
    let a = rng_block(params.seed, history, params.stream, 0u);
    let b = rng_block(params.seed, history, params.stream, 1u);
    let index = decay_entry(params.source_count, phase);
    var direction = direction_isotropic(rng_uniform(b.x), math_cos_sin(b.y));
    if params.source_shape == SHAPE_BEAM {
        direction = vec3<f32>(0.0, 0.0, 1.0);
    }
    var offset: vec3<f32>;
    if SHELLS {
        offset = decay_in_shell(index, a);
    } else {
        offset = decay_in_voxel(a);
    }
    return Decay(
        history,
        index,
        offset,
        direction,
        decay_energy(params.spectrum_count, b.z, b.w),
        math_exponential(a.w),
    );
}

fn decay_in_voxel(words: vec4<u32>) -> vec3<f32> {
    var at = vec3<f32>(rng_uniform(words.x), rng_uniform(words.y), rng_uniform(words.z));
    if params.source_shape == SHAPE_CENTRE {
        at = vec3<f32>(0.5);
    } else if params.source_shape >= SHAPE_PLANE {
        at.z = 0.0;
    }
    return at * params.spacing;
}

fn decay_in_shell(shell: u32, words: vec4<u32>) -> vec3<f32> {
    if params.source_shape == SHAPE_CENTRE {
        return vec3<f32>(0.0);
    }
    let outer = voxel_radius(shell);
    var share = 1.0;
    if params.source_shape != SHAPE_SPHERE {
        var inner = 0.0;
        if shell > 0u {
            inner = voxel_radius(shell - 1u) / outer;
        }
        // The cube of the radius is uniform.
        let cube = inner * inner * inner;
        share = clamp(math_exp(math_ln(cube + (1.0 - cube) * rng_uniform(words.x)) * (1.0 / 3.0)), inner, 1.0);
    }
    return direction_isotropic(rng_uniform(words.y), math_cos_sin(words.z)) * (outer * share);
}

fn decay_normal(history: vec2<u32>) -> f32 {
    let words = rng_block(params.seed, history, params.stream, 2u);
    return sqrt(2.0 * math_exponential(words.x)) * math_cos_sin(words.y).x;
}

fn decay_entry(count: u32, phase: u32) -> u32 {
    var low = 0u;
    var high = count - 1u;
    for (var i = 0u; i < 32u; i++) {
        if low >= high {
            break;
        }
        let middle = (low + high) >> 1u;
        if phase < source[middle].x {
            high = middle;
        } else {
            low = middle + 1u;
        }
    }
    return source[low].y;
}

fn decay_energy(count: u32, u0: u32, u1: u32) -> f32 {
    var row = rng_mul_hi(u0, count);
    var first = spectrum[2u * row];
    if u0 * count >= first.x {
        row = first.y;
        first = spectrum[2u * row];
    }
    let lower_edge = bitcast<f32>(first.z);
    let width = bitcast<f32>(first.w);
    let d = bitcast<f32>(spectrum[2u * row + 1u].x);
    let u = (f32(u1 >> 9u) + 0.5) * (1.0 / 8388608.0);
    let a = 1.0 - d;
    let t = 2.0 * u / (a + sqrt(max(a * a + 4.0 * d * u, 0.0)));
    return lower_edge + width * min(t, 1.0);
}
