// Directions. Twin: src/transport/cpu/direction.rs.

fn direction_isotropic(u: f32, azimuth: vec2<f32>) -> vec3<f32> {
    let z = 2.0 * u - 1.0;
    let r = sqrt(max(1.0 - z * z, 0.0));
    return direction_normalise(vec3<f32>(r * azimuth.x, r * azimuth.y, z));
}

fn direction_turn(u: vec3<f32>, polar: vec2<f32>, azimuth: vec2<f32>) -> vec3<f32> {
    let sign = select(1.0, -1.0, u.z < 0.0);
    let a = -1.0 / (sign + u.z);
    let b = u.x * u.y * a;
    let first = vec3<f32>(1.0 + sign * u.x * u.x * a, sign * b, -sign * u.x);
    let second = vec3<f32>(b, sign + u.y * u.y * a, -u.y);
    let x = polar.y * azimuth.x;
    let y = polar.y * azimuth.y;
    return direction_normalise(first * x + second * y + u * polar.x);
}

fn direction_normalise(u: vec3<f32>) -> vec3<f32> {
    return u * (1.5 - 0.5 * (u.x * u.x + u.y * u.y + u.z * u.z));
}
