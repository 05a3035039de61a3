// Elementary functions with the same operations on every device. Twin: src/transport/cpu/math.rs.

fn math_cos_sin(word: u32) -> vec2<f32> {
    let x = f32((word & 0x3fffffffu) >> 6u) * 5.9604645e-8 - 0.5;
    let y = x * x;
    let s = x * (1.5707964 + y * (-0.6459641 + y * (0.07969263 + y * (-0.004681754 + y * 0.0001604412))));
    let c = 1.0 + y * (-1.2337005 + y * (0.2536695 + y * (-0.02086348 + y * 0.0009192603)));
    let quadrant = word >> 30u;
    let turned = select(vec2<f32>(c, s), vec2<f32>(-s, c), (quadrant & 1u) == 1u);
    return select(turned, -turned, (quadrant & 2u) == 2u);
}

fn math_exponential(word: u32) -> f32 {
    return -math_ln((f32(word >> 9u) + 0.5) * 1.1920929e-7);
}

fn math_ln(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let shifted = bits + 0x004afb0du;
    let k = i32(shifted >> 23u) - 127;
    let m = bitcast<f32>(bits - (u32(k) << 23u));
    let s = (m - 1.0) / (m + 1.0);
    let y = s * s;
    let ln_m = s * (2.0 + y * (0.6666667 + y * (0.4 + y * (0.2857143 + y * 0.22222222))));
    return f32(k) * 0.6931472 + ln_m;
}

fn math_exp(x: f32) -> f32 {
    let k = floor(x * 1.442695 + 0.5);
    let r = (x - k * 0.6933594) + k * 2.1219444e-4;
    let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666667 + r * (0.041666668 + r * (0.008333334 + r * 0.001388889)))));
    return p * bitcast<f32>(u32(i32(k) + 127) << 23u);
}
