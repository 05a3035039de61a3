//! The solver against solutions in closed form, on boxes whose shell is held at the exact values (T16, T30).

use dosaic::{
    grid::VoxelGrid,
    response::tme::{
        cpu::multigrid::MultigridTerms,
        micro::{Device, Diffusion, MicroSignal},
    },
};
use glam::DVec3;

/// Diffusivity, um2/s, and sink of first order, 1/s.
const D: f64 = 2000.0;
const SINK: f64 = 0.375;

/// A grid with edges in um.
pub(crate) fn grid(size: [u32; 3], um: [f64; 3]) -> VoxelGrid {
    VoxelGrid::axis_aligned(size, DVec3::from_array(um) * 1.0e-3, DVec3::ZERO)
}

/// Centre of a free voxel, or of the face of a shell voxel, in um: free voxels fill the box from the origin on axes longer than 1.
pub(crate) fn place(grid: &VoxelGrid, voxel: usize) -> [f64; 3] {
    let ijk = grid.ijk(voxel);
    std::array::from_fn(|a| {
        let (n, h) = (f64::from(grid.size[a]), 1000.0 * grid.spacing[a]);
        if grid.size[a] == 1 { 0.5 * h } else { (f64::from(ijk[a]) - 0.5).clamp(0.0, n - 2.0) * h }
    })
}

pub(crate) fn in_shell(grid: &VoxelGrid, voxel: usize) -> bool {
    let ijk = grid.ijk(voxel);
    (0..3).any(|a| grid.size[a] > 1 && (ijk[a] == 0 || ijk[a] == grid.size[a] - 1))
}

/// Largest error of `D lap p = SINK p` in a box of `inner` free voxels whose faces have the exact solution.
fn error(inner: [u32; 3], um: [f64; 3], exact: impl Fn([f64; 3]) -> f64) -> f64 {
    let grid = grid(inner.map(|n| if n == 1 { 1 } else { n + 2 }), um);
    let open: Vec<bool> = (0..grid.len()).map(|v| !in_shell(&grid, v)).collect();
    let mut diffusion = Diffusion::new(&grid, &open, D, 1.0, &Device::Cpu(2)).expect("a small grid");
    let mut terms: Vec<_> =
        open.iter().map(|&open| MultigridTerms { loss: if open { SINK as f32 } else { 0.0 }, ..Default::default() }).collect();
    diffusion.add_held(&mut terms, |voxel| Some((exact(place(&grid, voxel)), 1.0)));
    let mut field = vec![0.0; grid.len()];
    diffusion.solve(&terms, 1.0e-4, &mut field).expect("it converges");
    (0..grid.len()).filter(|&v| open[v]).map(|v| (f64::from(field[v]) - exact(place(&grid, v))).abs()).fold(0.0, f64::max)
}

/// Orders between successive errors where the spacing halves.
fn orders(errors: &[f64]) -> Vec<f64> {
    errors.windows(2).map(|pair| (pair[0] / pair[1]).log2()).collect()
}

/// T16: sphere of radius 150 um at 40 mmHg outside, around a point.
fn sphere([x, y, z]: [f64; 3], centre: f64) -> f64 {
    let length = (D / SINK).sqrt();
    let r = ((x - centre).powi(2) + (y - centre).powi(2) + (z - centre).powi(2)).sqrt();
    let sinc = |x: f64| if x < 1.0e-9 { 1.0 } else { x.sinh() / x };
    40.0 * sinc(r / length) / sinc(150.0 / length)
}

#[test]
fn the_error_falls_with_the_square_of_the_spacing() {
    // T30, on a cube of 160 um inside the sphere; neither 10 nor 20 nor 40 is a power of two.
    assert!((sphere([0.0; 3], 0.0) / 40.0 - 0.535_548_217_3).abs() < 1.0e-9);
    let errors = [10, 20, 40].map(|n| error([n; 3], [160.0 / f64::from(n); 3], |at| sphere(at, 80.0)));
    assert!(orders(&errors).iter().all(|&order| order >= 1.7), "{errors:?}");
    assert!(errors[2] < 0.01, "{errors:?}");
}

#[test]
fn spacings_and_sizes_may_differ_along_the_axes() {
    let box_of = |n: u32| {
        let um = [4.0, 10.0, 25.0].map(|h| h * 8.0 / f64::from(n));
        error([5 * n, 2 * n, n], um, |[x, y, z]| sphere([x, y, z], 60.0))
    };
    let errors = [8, 16].map(box_of);
    assert!(orders(&errors)[0] >= 1.7 && errors[1] < 0.1, "{errors:?}");
}

#[test]
fn a_slab_with_a_sink_of_first_order_is_a_hyperbolic_cosine() {
    // T16: p(100)/p0 = 1/cosh(100/73.03); the voxel next to the closed end reaches to 100 um.
    let length = (D / SINK).sqrt();
    assert!((1.0 / (100.0 / length).cosh() - 0.477_679_776_1).abs() < 1.0e-9);
    let errors = [25, 50].map(|n: u32| {
        let grid = grid([n + 1, 1, 1], [100.0 / f64::from(n), 5.0, 5.0]);
        let open: Vec<bool> = (0..grid.len()).map(|v| v > 0).collect();
        let mut diffusion = Diffusion::new(&grid, &open, D, 1.0, &Device::Cpu(1)).expect("a small grid");
        let mut terms = vec![MultigridTerms { loss: SINK as f32, ..Default::default() }; grid.len()];
        terms[0].loss = 0.0;
        diffusion.add_held(&mut terms, |_| Some((40.0, 1.0)));
        let mut field = vec![0.0; grid.len()];
        diffusion.solve(&terms, 1.0e-4, &mut field).expect("it converges");
        let h = 100.0 / f64::from(n);
        let exact = |i: u32| 40.0 * ((100.0 - (f64::from(i) - 0.5) * h) / length).cosh() / (100.0 / length).cosh();
        (1..=n).map(|i| (f64::from(field[i as usize]) - exact(i)).abs()).fold(0.0, f64::max)
    });
    assert!(orders(&errors)[0] >= 1.7 && errors[1] < 0.005, "{errors:?}");
}

#[test]
fn signals_reach_as_far_as_they_live() {
    let (diffusivity, life) = (100.0, 36.0);
    let grid = grid([101, 1, 1], [6.0, 5.0, 5.0]);
    let mut signal = MicroSignal::new(&grid, diffusivity, life, &Device::Cpu(1)).expect("a small grid");
    let (even, _) = signal.solve(&[0.5; 101]).expect("it converges");
    assert!(even.iter().all(|s| (s / 18.0 - 1.0).abs() < 1.0e-4), "{even:?}");
    // From one voxel the signal falls by e over sqrt(D tau) = 60 um: 10 voxels; the total is what is released while a signal lives.
    let mut release = [0.0; 101];
    release[50] = 1.0;
    let (single, _) = signal.solve(&release).expect("it converges");
    assert!((single[60] / single[70] / std::f32::consts::E - 1.0).abs() < 0.01, "{}", single[60] / single[70]);
    assert!((single.iter().sum::<f32>() / 36.0 - 1.0).abs() < 1.0e-3);
}

#[test]
fn what_does_not_converge_is_an_error_with_its_residual() {
    // A source in a closed box without a sink: there is no steady state.
    let grid = grid([20, 20, 20], [5.0; 3]);
    let mut diffusion = Diffusion::new(&grid, &vec![true; grid.len()], D, 1.0, &Device::Cpu(1)).expect("a small grid");
    let mut solve = |source: f32| {
        let terms = vec![MultigridTerms { loss: 0.0, source, demand: 0.0 }; grid.len()];
        let mut field = vec![0.0; grid.len()];
        diffusion.solve(&terms, 1.0e-3, &mut field).expect_err("there is no solution").to_string()
    };
    let message = solve(1.0);
    assert!(message.contains("did not converge in 100 iterations: residual") && message.contains("expected at most 1.00e-3"), "{message}");
    assert!(solve(f32::NAN).contains("did not converge in 1 iterations: residual NaN"));
    for (open, diffusivity, half) in [(7, D, 1.0), (8, 0.0, 1.0), (8, D, f64::NAN)] {
        let cube = VoxelGrid::axis_aligned([2; 3], DVec3::splat(0.01), DVec3::ZERO);
        assert!(Diffusion::new(&cube, &vec![true; open], diffusivity, half, &Device::Cpu(1)).is_err());
    }
}
