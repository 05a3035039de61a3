// Buffers of the response kernels: one uniform and seven storage buffers, within the eight that every adapter has.

@group(0) @binding(0) var<uniform> response: ResponseParams;
// One row per region.
@group(0) @binding(1) var<storage, read> rows: array<BiologyRow>;
// Fields of the chunk's voxels, one after the other.
@group(0) @binding(2) var<storage, read_write> fields: array<f32>;
// The same of the predicted state.
@group(0) @binding(3) var<storage, read_write> predictions: array<f32>;
// Amplitudes of dose and effect, map after map.
@group(0) @binding(4) var<storage, read> maps: array<f32>;
// Radiation of the step: three words per source, coefficients.
@group(0) @binding(5) var<storage, read> step_words: array<u32>;
// Tables of the oxygen closure in fours of words, or the four values of each voxel.
@group(0) @binding(6) var<storage, read> oxygen_words: array<vec4<f32>>;
// Highest unrepaired dose (bits of f32), how often one rose above the limit; sum of the antigen (low, high word), then its parts.
@group(0) @binding(7) var<storage, read_write> sums: array<atomic<u32>>;

fn oxygen_word(i: u32) -> f32 {
    return oxygen_words[i / 4u][i % 4u];
}

fn oxygen_node(i: u32) -> vec4<f32> {
    return oxygen_words[i];
}

fn step_word(i: u32) -> f32 {
    return bitcast<f32>(step_words[i]);
}
