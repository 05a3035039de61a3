// Buffers of the transport kernels: one uniform and eight storage buffers, within the eight that every adapter has.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> voxels: array<u32>;
@group(0) @binding(2) var<storage, read> table_rows: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> table_scalars: array<f32>;
@group(0) @binding(4) var<storage, read> source: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read> spectrum: array<vec4<u32>>;
@group(0) @binding(6) var<storage, read_write> tally: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read_write> counters: Counters;
@group(0) @binding(8) var<storage, read_write> queue: array<Queued>;

// Threads per workgroup of the kernels.
override WORKGROUP: u32 = 64u;
// Whether the geometry is spherical shells instead of voxels.
override SHELLS: bool = false;
// Whether alphas score energy times saturated lineal energy.
override QUALITY: bool = false;
