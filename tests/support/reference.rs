//! Reference figures, read as `dosaic verify` reads them, and the symmetry of cubic voxels.

#[allow(unused_imports, reason = "not every test that shares this file names the type")]
pub(crate) use dosaic::verify::reference::{Row, rows};

/// Offsets that symmetry makes equal to (i, j, k): permutations and signs, each once.
pub(crate) fn equivalent([i, j, k]: [i32; 3]) -> Vec<[i32; 3]> {
    let mut all = Vec::new();
    for [a, b, c] in [[i, j, k], [i, k, j], [j, i, k], [j, k, i], [k, i, j], [k, j, i]] {
        for signs in 0..8 {
            let sign = |bit: i32, x: i32| if signs >> bit & 1 == 1 { -x } else { x };
            all.push([sign(0, a), sign(1, b), sign(2, c)]);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
