// Random numbers: Philox4x32-10. Twin: src/transport/rng.rs, equal to the bit.

// Upper 32 bits of the 64-bit product, by 16-bit halves.
fn rng_mul_hi(x: u32, y: u32) -> u32 {
    let x0 = x & 0xffffu;
    let x1 = x >> 16u;
    let y0 = y & 0xffffu;
    let y1 = y >> 16u;
    let low = x0 * y0;
    let middle = x1 * y0 + (low >> 16u);
    let middle_low = x0 * y1 + (middle & 0xffffu);
    return x1 * y1 + (middle >> 16u) + (middle_low >> 16u);
}

fn rng_round(c: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    let a_low = c.x * 0xD2511F53u;
    let a_high = rng_mul_hi(c.x, 0xD2511F53u);
    let b_low = c.z * 0xCD9E8D57u;
    let b_high = rng_mul_hi(c.z, 0xCD9E8D57u);
    return vec4<u32>(b_high ^ c.y ^ key.x, b_low, a_high ^ c.w ^ key.y, a_low);
}

// Unrolled by hand: no driver is known to unroll what naga makes of a loop.
fn rng_philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    let bump = vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    var k = key;
    var c = rng_round(counter, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    c = rng_round(c, k);
    k += bump;
    return rng_round(c, k);
}

fn rng_block(seed: vec2<u32>, history: vec2<u32>, stream: u32, draw: u32) -> vec4<u32> {
    return rng_philox(vec4<u32>(history.x, history.y, stream, draw), seed);
}

fn rng_child_stream(stream: u32, draw: u32) -> u32 {
    var h = (stream * 0x9E3779B1u) ^ (draw + 0x7F4A7C15u);
    h ^= h >> 16u;
    h *= 0x85EBCA6Bu;
    h ^= h >> 13u;
    h *= 0xC2B2AE35u;
    return h ^ (h >> 16u);
}

fn rng_uniform(word: u32) -> f32 {
    return (f32(word >> 9u) + 0.5) * 1.1920929e-7;
}

fn rng_spare(x: u32, y: u32, z: u32) -> f32 {
    return rng_uniform(((x & 511u) << 23u) | ((y & 511u) << 14u) | ((z & 511u) << 5u));
}

fn rng_normal3(word: u32) -> f32 {
    let sum = (word & 1023u) + ((word >> 10u) & 1023u) + ((word >> 20u) & 1023u);
    return (f32(sum) - 1534.5) * 1.953126e-3;
}
