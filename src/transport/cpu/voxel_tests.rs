//! Tests of `voxel.rs`.

use bytemuck::Zeroable;

use super::*;
use crate::transport::{
    cpu::{direction::direction_isotropic, math::math_cos_sin},
    geometry::{Geometry, Shells},
    rng::{rng_block, rng_uniform},
};

fn grid(spacing: Vec3, size: UVec3) -> Params {
    Params { spacing: spacing.into(), size: size.into(), ..Params::zeroed() }
}

/// Shells of these radii with the words of their buffer.
fn shells(radii: &[f64]) -> (Params, Vec<u32>) {
    let shells = Shells::new(0, 1.0, radii).expect("rising radii");
    let geometry = Geometry::Shells(&shells);
    (Params { shells: geometry.shells(), size: geometry.size(), ..Params::zeroed() }, geometry.words().to_vec())
}

fn direction(history: u32, draw: u32) -> Vec3 {
    let words = rng_block([5, 6], [history, 0], 3, draw);
    direction_isotropic(rng_uniform(words[0]), math_cos_sin(words[1]))
}

#[test]
fn index_and_place_are_inverse() {
    let size = UVec3::new(7, 5, 11);
    for index in 0..7 * 5 * 11 {
        assert_eq!(voxel_index(voxel_at(index, size), size), index);
    }
    assert_eq!(voxel_index(UVec3::new(1, 2, 3), size), 1 + 7 * (2 + 5 * 3));
}

#[test]
fn walls_are_where_geometry_says() {
    let params = grid(Vec3::new(1.0, 2.0, 3.0), UVec3::splat(4));
    let offset = Vec3::new(0.25, 0.5, 2.0);
    let u = Vec3::new(-0.6, 0.0, 0.8);
    let wall = voxel_wall::<false>(&params, &[], UVec3::ZERO, offset, u, voxel_inverse(u));
    assert_eq!(wall.axis, 0);
    assert!((wall.distance - 0.25 / 0.6).abs() < 1e-6);
    assert_eq!(voxel_nearest_wall::<false>(&params, &[], UVec3::ZERO, offset), 0.25);
}

#[test]
fn crossing_keeps_count_and_sees_the_end() {
    let params = grid(Vec3::splat(1.0), UVec3::splat(4));
    let start = UVec3::new(0, 3, 1);
    let left = voxel_cross::<false>(&params, start, Vec3::ZERO, Vec3::NEG_X, 0);
    assert!(left.outside);
    let up = voxel_cross::<false>(&params, start, Vec3::ZERO, Vec3::Y, 1);
    assert!(up.outside);
    let back = voxel_cross::<false>(&params, start, Vec3::ZERO, Vec3::NEG_Z, 2);
    assert!(!back.outside);
    assert_eq!((back.voxel, back.offset.z), (UVec3::new(0, 3, 0), 1.0));
}

/// A jump ends where walking from wall to wall ends.
#[test]
fn a_shift_is_the_sum_of_its_legs() {
    let params = grid(Vec3::new(0.3, 0.2, 0.5), UVec3::splat(40));
    let spacing = Vec3::from(params.spacing);
    let mut left = 0;
    for history in 0..2000 {
        let words = rng_block([5, 6], [history, 0], 3, 0);
        let u = direction(history, 1);
        let distance = 6.0 * rng_uniform(words[3]);
        let start = Vec3::new(rng_uniform(words[0]), rng_uniform(words[1]), rng_uniform(words[2])) * spacing;
        let jumped = voxel_shift::<false>(&params, &[], UVec3::splat(20), start, u, distance);
        assert!(jumped.offset.cmpge(Vec3::ZERO).all() && jumped.offset.cmple(spacing).all());
        let (mut voxel, mut offset, mut way) = (UVec3::splat(20), start, distance);
        let walked = loop {
            let wall = voxel_wall::<false>(&params, &[], voxel, offset, u, voxel_inverse(u));
            if wall.distance > way {
                break VoxelCrossing { voxel, offset: voxel_move::<false>(&params, offset, u, way), outside: false };
            }
            way -= wall.distance;
            let next = voxel_cross::<false>(&params, voxel, voxel_move::<false>(&params, offset, u, wall.distance), u, wall.axis);
            if next.outside {
                break next;
            }
            (voxel, offset) = (next.voxel, next.offset);
        };
        assert_eq!(jumped.outside, walked.outside, "history {history}");
        if jumped.outside {
            left += 1;
            continue;
        }
        // Places in the whole grid: next to a wall either voxel is right.
        let place = |p: VoxelCrossing| p.voxel.as_vec3() * spacing + p.offset;
        assert!((place(jumped) - place(walked)).length() < 1e-5, "history {history}: {jumped:?}, {walked:?}");
    }
    assert!((100..1000).contains(&left), "{left} left the grid");
    let far = voxel_shift::<false>(&params, &[], UVec3::ZERO, Vec3::ZERO, Vec3::NEG_X, 1.0e30);
    assert!(far.outside);
}

/// Random chords through shells of very different widths: shells come in the order of geometry, legs add up, every loop ends.
#[test]
fn chords_visit_shells_in_order_and_legs_add_up() {
    let radii: Vec<f64> = vec![1e-4, 2e-4, 0.01, 0.0100001, 0.05, 0.5, 0.75, 1.0, 3.0];
    let (params, voxels) = shells(&radii);
    let mut deepest = [0u32; 10];
    for history in 0..20_000u32 {
        let words = rng_block([5, 6], [history, 0], 3, 0);
        // Half of the starts are on a sphere or at the centre, half of the directions tangent or radial.
        let mut start = direction(history, 1) * 2.9 * rng_uniform(words[0]);
        let mut u = direction(history, 2);
        match history % 6 {
            0 => start = Vec3::ZERO,
            1 => start = start.normalize() * radii[(words[1] % 8) as usize] as f32,
            2 => u = (u - u.dot(start.normalize()) * start.normalize()).normalize(),
            3 => u = -start.normalize(),
            4 => {
                // Aimed at the rim of a shell.
                let rim = start.normalize().any_orthonormal_vector() * radii[(words[1] % 9) as usize] as f32;
                u = (rim - start).normalize();
            }
            _ => {}
        }
        let mut shell = voxel_shell(&params, &voxels, start);
        let (mut place, mut way, mut legs) = (start, 0.0f64, 0);
        let mut turned = false;
        let mut lowest = shell;
        while shell < params.shells {
            let wall = voxel_wall::<true>(&params, &voxels, UVec3::new(shell, 0, 0), place, u, Vec3::ONE);
            assert!(wall.distance >= 0.0 && wall.distance < 10.0, "history {history}: {wall:?}");
            place = voxel_move::<true>(&params, place, u, wall.distance);
            way += f64::from(wall.distance);
            let next = voxel_cross::<true>(&params, UVec3::new(shell, 0, 0), place, u, wall.axis).voxel.x;
            let radius = voxel_radius(&params, &voxels, shell.min(next));
            assert!((place.length() - radius).abs() < 2.0e-6, "history {history}: at {} on the sphere of {radius}", place.length());
            if wall.axis == 1 {
                turned = true;
            } else {
                // Back in only by a rounding at the very sphere just crossed, at most once.
                assert!(!turned || wall.distance == 0.0, "history {history}: inwards again in shell {shell}");
            }
            shell = next;
            lowest = lowest.min(shell);
            legs += 1;
            assert!(legs < 24, "history {history} goes on");
        }
        deepest[lowest as usize] += 1;
        // The whole way is the distance from the start to the outermost sphere.
        let (s, d) = (start.as_dvec3(), u.as_dvec3());
        let along = s.dot(d);
        let expected = (9.0 - (s - along * d).length_squared()).sqrt() - along;
        assert!((way - expected).abs() < 4.0e-6, "history {history}: {way}, not {expected}");
        // The innermost shell that is visited is the one of the closest approach.
        let nearest = if along < 0.0 { (s - along * d).length() } else { s.length() };
        let clear = radii.iter().all(|r| (nearest - r).abs() > 1.0e-6);
        let inner = radii.iter().filter(|r| **r <= nearest).count() as u32;
        assert!(!clear || lowest == inner, "history {history}: down to {lowest}, not {inner}");
    }
    assert!(deepest[..9].iter().all(|&n| n > 20), "{deepest:?}");
}

#[test]
fn nearest_spheres_and_shells_of_places() {
    let (params, voxels) = shells(&[0.5, 1.0, 2.0]);
    let nearest =
        |shell: u32, radius: f32| voxel_nearest_wall::<true>(&params, &voxels, UVec3::new(shell, 0, 0), Vec3::new(0.0, radius, 0.0));
    assert_eq!(nearest(0, 0.0), 0.5);
    assert_eq!(nearest(0, 0.375), 0.125);
    assert_eq!(nearest(1, 0.625), 0.125);
    assert_eq!(nearest(1, 0.875), 0.125);
    assert_eq!(nearest(3, 5.0), 3.0);
    for (radius, shell) in [(0.0, 0), (0.4999, 0), (0.5, 1), (0.99, 1), (1.5, 2), (2.0, 3), (1.0e6, 3)] {
        assert_eq!(voxel_shell(&params, &voxels, Vec3::new(0.0, 0.0, radius)), shell, "{radius}");
    }
    let jump = voxel_shift::<true>(&params, &voxels, UVec3::ZERO, Vec3::new(-0.25, 0.0, 0.0), Vec3::X, 1.5);
    assert_eq!((jump.voxel.x, jump.offset, jump.outside), (2, Vec3::new(1.25, 0.0, 0.0), false));
}
