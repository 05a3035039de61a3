//! Functions of a few numbers: random words, indices and tallies to the bit, floats within a few units in the last place.

use std::sync::LazyLock;

use dosaic::{
    nuclide::spectrum::{mul_hi, sample_energy},
    phantom::{voxel_density, voxel_material},
    transport::{
        backend::{Particle, SourceShape},
        constants::ALPHA_SIGMA_AT,
        cpu::{
            decay::{decay_entry, decay_normal, decay_start},
            direction::{direction_isotropic, direction_turn},
            math::{math_cos_sin, math_exp, math_exponential},
            tables::{
                table_alpha, table_alpha_range, table_deflection, table_electron, table_electron_energy, table_electron_range, table_energy,
            },
            tally::{tally_let_quanta, tally_quanta},
            voxel::{
                voxel_at, voxel_cross, voxel_index, voxel_inverse, voxel_move, voxel_nearest_wall, voxel_shell, voxel_shift, voxel_wall,
            },
        },
        layout::Params,
        rng::{philox, rng_block, rng_child_stream, rng_normal3, rng_uniform},
    },
};
use glam::{UVec3, Vec3};

use crate::{
    Test,
    compare::{
        Kind::{self, Bits, Float},
        compare, float,
    },
    probe::Prober,
    scene::{Case, Scene},
    words::Row,
};

pub(crate) const TESTS: &[Test] = &[
    ("philox_is_equal_to_the_bit", philox_blocks),
    ("streams_uniforms_and_products_are_equal_to_the_bit", random_words),
    ("voxel_indices_are_equal_to_the_bit", indices),
    ("quanta_and_packed_voxels_are_equal_to_the_bit", quanta),
    ("tally_carries_into_the_high_word", carry),
    ("angles_and_exponentials_agree", math),
    ("directions_agree", directions),
    ("walls_and_crossings_agree", walls),
    ("spheres_and_crossings_agree", spheres),
    ("shifts_agree", || shifts(&MIXED)),
    ("shifts_in_shells_agree", || shifts(&SHELLS)),
    ("range_tables_agree", ranges),
    ("energy_tables_agree", energies),
    ("deflections_agree", deflections),
    ("decays_agree", || decays(SourceShape::Uniform)),
    ("decays_at_centres_agree", || decays(SourceShape::Centre)),
    ("decays_on_planes_agree", || decays(SourceShape::Plane)),
    ("decays_of_beams_agree", || decays(SourceShape::Beam)),
    ("decays_in_shells_agree", || decays_in_shells(SourceShape::Uniform)),
    ("decays_on_spheres_agree", || decays_in_shells(SourceShape::Sphere)),
];

const INPUTS: u32 = 20_000;

/// Water, cortical bone and lung in small voxels that are not cubes.
pub(crate) static MIXED: LazyLock<Scene> = LazyLock::new(|| Scene::mixed([18, 15, 12], 1.0).with_saturation(150.0));

/// Radii of very different sizes, cm.
const RADII: [f64; 8] = [1.0e-3, 0.01, 0.0101, 0.05, 0.3, 0.31, 1.0, 5.0];
/// Shells of water.
pub(crate) static SHELLS: LazyLock<Scene> = LazyLock::new(|| Scene::shells(&RADII, 0.1));

/// Yttrium-90 from every third voxel.
pub(crate) fn yttrium(scene: &Scene) -> Case {
    Case::new("Y-90", Particle::Electron, scene.source(3), 160_000, 16)
}

pub(crate) fn params(scene: &Scene, case: &Case) -> Params {
    scene.world().params(&case.job(), 3)
}

fn prober() -> Prober {
    let case = yttrium(&MIXED);
    Prober::new(&MIXED, &case, &params(&MIXED, &case))
}

/// Four random words for input `i` of a test.
pub(crate) fn words(test: u32, i: u32) -> [u32; 4] {
    rng_block([0x9d0c_1a3b, test], [i, 0], 77, 0)
}

/// A float with logarithmically even size from `low` up over so many octaves; signs and mantissas at random.
fn log_uniform(word: u32, low: f32, octaves: f32) -> f32 {
    low * (rng_uniform(word) * octaves).exp2()
}

fn direction(a: u32, b: u32) -> Vec3 {
    direction_isotropic(rng_uniform(a), math_cos_sin(b))
}

fn philox_blocks() {
    let inputs: Vec<[u32; 6]> = (0..INPUTS)
        .map(|i| {
            let (a, b) = (words(1, i), words(2, i));
            // The first inputs have corners of the range in every place.
            let pick = |bit: u32, word: u32| if i < 256 { [0, u32::MAX][(i >> bit & 1) as usize] } else { word };
            [pick(0, a[0]), pick(1, a[1]), pick(2, a[2]), pick(3, a[3]), pick(4, b[0]), pick(5, b[1])]
        })
        .collect();
    let want: Vec<[u32; 4]> = inputs.iter().map(|&[x, y, z, w, k, l]| philox([x, y, z, w], [k, l])).collect();
    compare("rng_philox", &[("block", 4, Bits)], &prober().run("probe_philox", &inputs), &want, 0);
}

fn random_words() {
    let corners = [0, 1, 255, 256, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX - 1, u32::MAX];
    let mut inputs: Vec<[u32; 2]> = corners.iter().flat_map(|&x| corners.iter().map(move |&y| [x, y])).collect();
    inputs.extend((0..INPUTS).map(|i| [words(3, i)[0], words(3, i)[1]]));
    let want: Vec<[u32; 4]> = inputs
        .iter()
        .map(|&[x, y]| Row::default().u(&[rng_child_stream(x, y), mul_hi(x, y)]).f(&[rng_uniform(x), rng_normal3(x)]).done())
        .collect();
    // One product and one sum of exact factors: no rounding is left to the device.
    let fields = [("child stream", 1, Bits), ("mul_hi", 1, Bits), ("uniform", 1, Bits), ("normal3", 1, float(1.0))];
    compare("rng", &fields, &prober().run("probe_rng", &inputs), &want, 0);
}

fn indices() {
    let inputs: Vec<[u32; 4]> = (0..INPUTS)
        .map(|i| {
            let w = words(4, i);
            let size = [1 + w[0] % 1024, 1 + w[1] % 1024, 1 + w[2] % 1024];
            [w[3] % (size[0] * size[1] * size[2]), size[0], size[1], size[2]]
        })
        .collect();
    let want: Vec<[u32; 4]> = inputs
        .iter()
        .map(|&[index, x, y, z]| {
            let size = UVec3::new(x, y, z);
            let place = voxel_at(index, size);
            assert_eq!(voxel_index(place, size), index);
            Row::default().uvec(place).u(&[index]).done()
        })
        .collect();
    compare("voxel_at, voxel_index", &[("voxel", 3, Bits), ("index", 1, Bits)], &prober().run("probe_index", &inputs), &want, 0);
}

fn quanta() {
    let inputs: Vec<[u32; 3]> = (0..INPUTS)
        .map(|i| {
            let w = words(5, i);
            let energy = if i % 2 == 0 { 10.0 * rng_uniform(w[0]) } else { log_uniform(w[0], 1.0e-7, 27.0) };
            let value = 400.0 * rng_uniform(w[1]) - 1.0;
            [energy.to_bits(), value.to_bits(), w[2]]
        })
        .collect();
    let want: Vec<[u32; 4]> = inputs
        .iter()
        .map(|&[energy, value, voxel]| {
            let (energy, value) = (f32::from_bits(energy), f32::from_bits(value));
            Row::default()
                .u(&[tally_quanta(energy), tally_let_quanta(value), voxel_material(voxel).into()])
                .f(&[voxel_density(voxel)])
                .done()
        })
        .collect();
    // The scales are powers of two, so the products are exact and only one rounding is left: no device may differ.
    let fields = [("quanta", 1, Bits), ("LET quanta", 1, Bits), ("material", 1, Bits), ("density", 1, Bits)];
    compare("tally and voxel packing", &fields, &prober().run("probe_quanta", &inputs), &want, 0);
}

fn carry() {
    // Large amounts into few cells from many threads at once: the low words overflow thousands of times.
    let inputs: Vec<[u32; 3]> = (0..INPUTS)
        .map(|i| {
            let w = words(6, i);
            [[0, 1, 7, 3239][(w[0] % 4) as usize], if i % 3 == 0 { u32::MAX - w[1] % 5 } else { w[1] }, 1 + w[2] % 8]
        })
        .collect();
    let mut want = vec![0u64; MIXED.phantom.grid.len()];
    for &[cell, quanta, times] in &inputs {
        want[cell as usize] += u64::from(quanta) * u64::from(times);
    }
    assert!(want[0] > 1 << 44, "the test must overflow the low word often");
    let prober = prober();
    let echoed: Vec<[u32; 1]> = prober.run("probe_tally", &inputs);
    assert!(echoed.iter().zip(&inputs).all(|(e, i)| e[0] == i[1]));
    assert_eq!(prober.tally(), want);
}

fn math() {
    let corners = [0, 63, 64, 255, 256, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0x8000_0000, 0xc000_0000, u32::MAX - 255, u32::MAX];
    let inputs: Vec<[u32; 1]> = corners.into_iter().chain((0..INPUTS).map(|i| words(7, i)[0])).map(|w| [w]).collect();
    let want: Vec<[u32; 4]> = inputs
        .iter()
        .map(|&[word]| {
            let power = math_exp(-20.0 + 40.0 * rng_uniform(word));
            Row::default().f(&math_cos_sin(word)).f(&[math_exponential(word), power]).done()
        })
        .collect();
    // Polynomials of ten operations, each of which a device may contract; the quotient in the logarithm may be off by 2.5 ulp.
    let fields = [("cosine, sine", 2, Float { ulps: 4.0, scale: 0.5 }), ("exponential", 1, float(8.0)), ("power of e", 1, float(64.0))];
    compare("math", &fields, &prober().run("probe_math", &inputs), &want, 0);
}

fn directions() {
    let inputs: Vec<[u32; 8]> = (0..INPUTS)
        .map(|i| {
            let (a, b) = (words(8, i), words(9, i));
            let mu = if i % 2 == 0 { rng_uniform(a[0]) } else { log_uniform(a[0], 1.0e-9, 29.0) };
            let polar = [1.0 - 2.0 * mu, 2.0 * (mu * (1.0 - mu)).sqrt()];
            // Some start close to the poles, where the basis is delicate.
            let start = match i % 5 {
                0 => direction_turn(Vec3::NEG_Z, [1.0, log_uniform(b[0], 1.0e-9, 20.0)], math_cos_sin(b[1])),
                _ => direction(b[0], b[1]),
            };
            Row::default().f(&[rng_uniform(a[1])]).f(&math_cos_sin(a[2])).f(&polar).vec(start).done()
        })
        .collect();
    let want: Vec<[u32; 6]> = inputs
        .iter()
        .map(|row| {
            let [u, ax, ay, px, py, x, y, z] = row.map(f32::from_bits);
            let turned = direction_turn(Vec3::new(x, y, z), [px, py], [ax, ay]);
            assert!((turned.length() - 1.0).abs() < 1e-5);
            Row::default().vec(direction_isotropic(u, [ax, ay])).vec(turned).done()
        })
        .collect();
    // Components of unit vectors: sums of three products, errors relative to 1; the quotient may be off by 2.5 ulp.
    let unit = Float { ulps: 8.0, scale: 0.5 };
    compare("direction", &[("isotropic", 3, unit), ("turned", 3, unit)], &prober().run("probe_direction", &inputs), &want, 0);
}

fn walls() {
    let case = yttrium(&MIXED);
    let p = params(&MIXED, &case);
    let voxels = &MIXED.phantom.voxels[..];
    let (spacing, size) = (Vec3::from(p.spacing), UVec3::from(p.size));
    let inputs: Vec<[u32; 9]> = (0..INPUTS)
        .map(|i| {
            let (a, b) = (words(10, i), words(11, i));
            let mut offset = Vec3::new(rng_uniform(a[0]), rng_uniform(a[1]), rng_uniform(a[2])) * spacing;
            let mut u = direction(b[0], b[1]);
            if i % 7 == 0 {
                // On a wall, as after a crossing.
                offset[(i % 3) as usize] = if i % 2 == 0 { 0.0 } else { spacing[(i % 3) as usize] };
            }
            if i % 11 == 0 {
                // Along an axis.
                u = Vec3::ZERO;
                u[(b[2] % 3) as usize] = if b[3] & 1 == 0 { 1.0 } else { -1.0 };
            }
            Row::default().uvec(voxel_at(a[3] % size.element_product(), size)).vec(offset).vec(u).done()
        })
        .collect();
    let want: Vec<[u32; 16]> = inputs
        .iter()
        .map(|row| {
            let f = row.map(f32::from_bits);
            let (voxel, offset, u) = (UVec3::new(row[0], row[1], row[2]), Vec3::new(f[3], f[4], f[5]), Vec3::new(f[6], f[7], f[8]));
            let inverse = voxel_inverse(u);
            let wall = voxel_wall::<false>(&p, voxels, voxel, offset, u, inverse);
            let moved = voxel_move::<false>(&p, offset, u, wall.distance);
            let next = voxel_cross::<false>(&p, voxel, moved, u, wall.axis);
            Row::default()
                .vec(inverse)
                .f(&[wall.distance])
                .u(&[wall.axis])
                .f(&[voxel_nearest_wall::<false>(&p, voxels, voxel, offset)])
                .vec(moved)
                .uvec(next.voxel)
                .vec(next.offset)
                .u(&[next.outside.into()])
                .done()
        })
        .collect();
    // Divisions may be off by 2.5 ulp, the distance by half an ulp more; places relative to the voxel edge.
    let place = Float { ulps: 5.0, scale: 0.1 };
    let fields = [
        ("inverse", 3, float(2.5)),
        ("distance", 1, float(4.0)),
        ("axis", 1, Bits),
        ("nearest wall", 1, float(1.0)),
        ("moved", 3, place),
        ("voxel", 3, Bits),
        ("offset", 3, place),
        ("outside", 1, Bits),
    ];
    // At an edge two walls are equally far, and the last bit decides which comes first.
    compare("voxel", &fields, &prober().run("probe_wall", &inputs), &want, 2);
}

/// Places in shells, some at the centre or on a sphere.
fn place(words: [u32; 4]) -> Vec3 {
    match words[3] % 8 {
        0 => Vec3::ZERO,
        1 => direction(words[0], words[1]) * RADII[(words[2] % 8) as usize] as f32,
        _ => direction(words[0], words[1]) * log_uniform(words[2], 1.0e-4, 16.0),
    }
}

fn point_source(scene: &Scene) -> Case {
    let case = Case { shape: SourceShape::Centre, ..Case::new("Y-90", Particle::Electron, vec![[u32::MAX, 0]], 64, 4) };
    case.job().check(&scene.world(), 0).expect("a point source suits shells");
    case
}

fn spheres() {
    let case = point_source(&SHELLS);
    let p = params(&SHELLS, &case);
    let voxels = SHELLS.world().geometry.words();
    let inputs: Vec<[u32; 9]> = (0..INPUTS)
        .map(|i| {
            let (offset, b) = (place(words(16, i)), words(17, i));
            let mut u = direction(b[0], b[1]);
            if i % 5 == 0 {
                // Inwards, past the centre at a distance of the order of the radii.
                u = (direction(b[0], b[1]) * log_uniform(b[2], 1.0e-4, 14.0) - offset).try_normalize().unwrap_or(u);
            }
            Row::default().u(&[voxel_shell(&p, voxels, offset), 0, 0]).vec(offset).vec(u).done()
        })
        .collect();
    let want: Vec<[u32; 16]> = inputs
        .iter()
        .map(|row| {
            let f = row.map(f32::from_bits);
            let (voxel, offset, u) = (UVec3::new(row[0], row[1], row[2]), Vec3::new(f[3], f[4], f[5]), Vec3::new(f[6], f[7], f[8]));
            let wall = voxel_wall::<true>(&p, voxels, voxel, offset, u, voxel_inverse(u));
            let moved = voxel_move::<true>(&p, offset, u, wall.distance);
            let next = voxel_cross::<true>(&p, voxel, moved, u, wall.axis);
            Row::default()
                .vec(voxel_inverse(u))
                .f(&[wall.distance])
                .u(&[wall.axis])
                .f(&[voxel_nearest_wall::<true>(&p, voxels, voxel, offset)])
                .vec(moved)
                .uvec(next.voxel)
                .vec(next.offset)
                .u(&[next.outside.into()])
                .done()
        })
        .collect();
    assert!(want.iter().any(|w| w[4] == 0) && want.iter().any(|w| f32::from_bits(w[3]) > 1.0e29), "inner spheres and no sphere occur");
    // Differences of numbers of the size of the place, up to 6.6 cm; near a tangent the root amplifies them.
    let place = Float { ulps: 8.0, scale: 4.0 };
    let fields = [
        ("inverse", 3, float(2.5)),
        ("distance", 1, Float { ulps: 64.0, scale: 4.0 }),
        ("axis", 1, Bits),
        ("nearest wall", 1, place),
        ("moved", 3, Float { ulps: 64.0, scale: 4.0 }),
        ("voxel", 3, Bits),
        ("offset", 3, Float { ulps: 64.0, scale: 4.0 }),
        ("outside", 1, Bits),
    ];
    // Close to a tangent the last bit decides whether the sphere is met.
    compare("spheres", &fields, &Prober::new(&SHELLS, &case, &p).run("probe_wall", &inputs), &want, 4);
}

/// Jumps from a voxel's width to far outside.
fn shifts(scene: &Scene) {
    let shells = scene.world().geometry.shells() > 0;
    let case = if shells { point_source(scene) } else { yttrium(scene) };
    let p = params(scene, &case);
    let (size, spacing) = (UVec3::from(p.size), Vec3::from(p.spacing));
    let voxels = scene.world().geometry.words();
    let inputs: Vec<[u32; 10]> = (0..INPUTS)
        .map(|i| {
            let (a, b) = (words(18, i), words(19, i));
            let inside = Vec3::new(rng_uniform(a[0]), rng_uniform(a[1]), rng_uniform(a[2])) * spacing;
            let offset = if shells { place(a) } else { inside };
            let voxel =
                if shells { UVec3::new(voxel_shell(&p, voxels, offset), 0, 0) } else { voxel_at(a[3] % size.element_product(), size) };
            let distance = if i % 16 == 0 { 1.0e30 * rng_uniform(b[2]) } else { log_uniform(b[2], 1.0e-3, 12.0) };
            let distance = if shells { distance.min(1.0e6) } else { distance };
            Row::default().uvec(voxel).vec(offset).vec(direction(b[0], b[1])).f(&[distance]).done()
        })
        .collect();
    let want: Vec<[u32; 7]> = inputs
        .iter()
        .map(|row| {
            let f = row.map(f32::from_bits);
            let (voxel, offset, u) = (UVec3::new(row[0], row[1], row[2]), Vec3::new(f[3], f[4], f[5]), Vec3::new(f[6], f[7], f[8]));
            let next = if shells {
                voxel_shift::<true>(&p, voxels, voxel, offset, u, f[9])
            } else {
                voxel_shift::<false>(&p, voxels, voxel, offset, u, f[9])
            };
            Row::default().uvec(next.voxel).vec(next.offset).u(&[next.outside.into()]).done()
        })
        .collect();
    assert_eq!(want.iter().any(|w| w[6] == 1), !shells);
    // Places up to the length of the jump; outside the voxel has no meaning, and a jump of 1e30 cm no digits.
    let offset = if shells { float(16.0) } else { Float { ulps: 16.0, scale: 2.0 } };
    let got: Vec<[u32; 7]> = Prober::new(scene, &case, &p).run("probe_shift", &inputs);
    let outside = |row: [u32; 7]| if row[6] == 1 { [0, 0, 0, 0, 0, 0, 1] } else { row };
    let (got, want): (Vec<_>, Vec<_>) = (got.into_iter().map(outside).collect(), want.into_iter().map(outside).collect());
    // A place within the last digit of a wall falls into either voxel.
    compare("voxel_shift", &[("voxel", 3, Bits), ("offset", 3, offset), ("outside", 1, Bits)], &got, &want, 4);
}

fn ranges() {
    // From below the tables (2^-18 g/cm2) to beyond them.
    let inputs: Vec<[u32; 2]> = (0..INPUTS).map(|i| [i % 6, log_uniform(words(12, i)[0], 2.0f32.powi(-21), 26.0).to_bits()]).collect();
    let want: Vec<[u32; 8]> = inputs
        .iter()
        .map(|&[family, range]| {
            let range = f32::from_bits(range);
            let (electron, alpha) = (table_electron(&MIXED.tables, family, range), table_alpha(&MIXED.tables, family >> 1, range));
            let energy = table_electron_energy(&MIXED.tables, family, range);
            assert_eq!(energy, electron.energy, "a part of the row is the row's");
            Row::default()
                .f(&[electron.energy, electron.collisions, electron.spread, electron.drift])
                .f(&[energy, alpha.energy, alpha.stopping_energy, alpha.saturated_energy])
                .done()
        })
        .collect();
    // Linear interpolation between neighbours of the same sign: two roundings, or one where the device contracts.
    let fields = [("electron row", 4, float(2.0)), ("energy", 1, float(2.0)), ("alpha row", 3, float(2.0))];
    compare("tables over range", &fields, &prober().run("probe_range", &inputs), &want, 0);
}

fn energies() {
    let inputs: Vec<[u32; 2]> = (0..INPUTS).map(|i| [i % 6, log_uniform(words(13, i)[0], 1.0e-4, 18.0).to_bits()]).collect();
    let want: Vec<[u32; 3]> = inputs
        .iter()
        .map(|&[family, energy]| {
            let energy = f32::from_bits(energy);
            Row::default()
                .f(&[table_electron_range(&MIXED.tables, family, energy), table_alpha_range(&MIXED.tables, family >> 1, energy)])
                .f(&[table_energy(&MIXED.tables, family >> 1, ALPHA_SIGMA_AT, energy)])
                .done()
        })
        .collect();
    compare("tables over energy", &[("ranges, sigma", 3, float(2.0))], &prober().run("probe_energy", &inputs), &want, 0);
}

fn deflections() {
    let inputs: Vec<[u32; 4]> = (0..2 * INPUTS)
        .map(|i| {
            let w = words(14, i);
            // Half of the numbers in the tail, where the angles are large.
            let word = if i % 2 == 0 { w[1] } else { w[1] >> (w[3] % 20) };
            [i / 2 % 6, log_uniform(w[0], 2.0f32.powi(-20), 24.0).to_bits(), word, w[2]]
        })
        .collect();
    let want: Vec<[u32; 1]> = inputs
        .iter()
        .map(|&[family, range, word, dither]| {
            Row::default().f(&[table_deflection(&MIXED.tables, family, f32::from_bits(range), word, dither)]).done()
        })
        .collect();
    assert!(want.iter().any(|w| w[0] == 0) && want.iter().any(|w| f32::from_bits(w[0]) > 0.5), "no step without and no large deflection");
    // 1 - x loses digits as x nears 1: an ulp of x is a fixed part of the smallest deflections, so these are held against 1e-7.
    compare("table_deflection", &[("mu", 1, Float { ulps: 32.0, scale: 1.0e-7 })], &prober().run("probe_deflection", &inputs), &want, 0);
}

fn decays(shape: SourceShape) {
    // Sums and products of three words at most.
    decays_of::<false>(&MIXED, &Case { shape, ..yttrium(&MIXED) }, float(1.0));
}

/// From shells that differ in width by orders of magnitude.
fn decays_in_shells(shape: SourceShape) {
    let source: Vec<[u32; 2]> = (0..8).map(|shell| [(shell + 1) * (u32::MAX / 8), shell]).collect();
    let source = [&source[..7], &[[u32::MAX, 7]]].concat();
    // A cube root by logarithm and exponential, and a direction; in the last place of the outer radius.
    let place = Float { ulps: 16.0, scale: 0.0 };
    let case = Case { shape, ..Case::new("Y-90", Particle::Electron, source, 160_000, 16) };
    case.job().check(&SHELLS.world(), 0).expect("a source in shells");
    decays_of::<true>(&SHELLS, &case, place);
}

fn decays_of<const SHELL: bool>(scene: &Scene, case: &Case, place: Kind) {
    let p = params(scene, case);
    let voxels = scene.world().geometry.words();
    let inputs: Vec<[u32; 4]> = (0..p.count)
        .map(|place| {
            let w = words(15, place);
            let ends = case.source[(w[3] as usize) % case.source.len()][0];
            // A third of the phases at the ends of the entries' shares, where the bisection must not be off by one.
            let phase = [w[0], ends, ends.wrapping_add(1)][(place % 3) as usize];
            [place, phase, w[1], w[2]]
        })
        .collect();
    let want: Vec<[u32; 14]> = inputs
        .iter()
        .map(|&[number, phase, u0, u1]| {
            let d = decay_start::<SHELL>(&p, voxels, &case.source, case.sampler.rows(), number);
            Row::default()
                .u(&d.history)
                .u(&[d.index])
                .vec(d.offset)
                .vec(d.direction)
                .f(&[d.energy, d.interactions, decay_normal(&p, d.history)])
                .u(&[decay_entry(&case.source, p.source_count, phase)])
                .f(&[sample_energy(case.sampler.rows(), u0, u1)])
                .done()
        })
        .collect();
    let fields = [
        ("history", 2, Bits),
        ("source voxel", 1, Bits),
        ("offset", 3, place),
        ("direction", 3, Float { ulps: 8.0, scale: 0.5 }),
        // A square root and a quotient inside a bin; held against 0.1 MeV.
        ("energy", 1, Float { ulps: 8.0, scale: 0.1 }),
        ("mean free paths", 1, float(8.0)),
        ("normal", 1, Float { ulps: 16.0, scale: 0.5 }),
        ("decay_entry", 1, Bits),
        ("decay_energy", 1, Float { ulps: 8.0, scale: 0.1 }),
    ];
    compare("decay", &fields, &Prober::new(scene, case, &p).run("probe_decay", &inputs), &want, 0);
}
