//! Point kernels and spheres in water against EGSnrc.

use dosaic::{nuclide::spectrum::EnergySampler, transport::rng::rng_block};
use glam::DVec3;

use crate::{
    reference::rows,
    spectra::spectrum,
    track::{EDGE, Shells, Tracker},
    world::{Setup, fine_options},
};

/// Shells around electrons of energies drawn by `energy`, on two threads.
pub(crate) fn point_source(
    setup: &Setup,
    cut_length: f64,
    shells: impl Fn() -> Shells + Sync,
    histories: u32,
    energy: impl Fn(u32) -> f32 + Sync,
) -> Shells {
    let tracker = Tracker::new(setup, cut_length);
    let part = |first: u32| {
        let mut shells = shells();
        for history in (first..histories).step_by(2) {
            tracker.isotropic(history, DVec3::ZERO, energy(history), |piece| shells.score(piece));
            shells.end_history();
        }
        shells
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        let mut all = part(0);
        all.merge(&other.join().expect("no panic"));
        all
    })
}

/// Draws from a spectrum, as a function of the history.
pub(crate) fn draw(sampler: &EnergySampler) -> impl Fn(u32) -> f32 + Sync + '_ {
    |history| {
        let words = rng_block([3, 1], [history, 0], 9, 0);
        sampler.sample(words[0], words[1])
    }
}

#[test]
fn monoenergetic_point_kernels() {
    let all = rows(include_str!("../data/reference/egsnrc_point_kernels.csv"));
    let setup = Setup::water([1; 3], EDGE, fine_options());
    for case in all.chunk_by(|a, b| a.text("energy_mev") == b.text("energy_mev")) {
        let (energy, csda) = (case[0].number("energy_mev"), case[0].number("r_csda_cm"));
        let shells = || Shells::new(0.05 * csda, case.len());
        let histories = std::env::var("N").map_or(200_000, |n| n.parse().unwrap());
        let t = std::time::Instant::now();
        let found = point_source(&setup, 0.01 * csda, shells, histories, |_| energy as f32).means();
        eprintln!("{:.2} s", t.elapsed().as_secs_f64());
        let top = case.iter().map(|row| row.number("fraction")).fold(0.0, f64::max);
        let mut worst = 0.0f64;
        for (row, (mev, sigma)) in case.iter().zip(&found) {
            let deviation = (mev / energy - row.number("fraction")) / top;
            let s = (sigma / energy).hypot(row.number("sigma")) / top;
            eprintln!(
                "{:.2} {:.5} ref {:.5} {:+.2} +- {:.2}",
                row.number("x_low"),
                mev / energy,
                row.number("fraction"),
                100.0 * deviation,
                100.0 * s
            );
            worst = if deviation.abs() > worst.abs() { deviation } else { worst };
        }
        let integral = found.iter().map(|f| f.0).sum::<f64>() / energy / case.iter().map(|row| row.number("fraction")).sum::<f64>() - 1.0;
        eprintln!("{energy} MeV: largest deviation {:+.2} % of the maximum, integral {:+.3} %", 100.0 * worst, 100.0 * integral);
    }
}

#[test]
fn beta_point_kernels() {
    let all = rows(include_str!("../data/reference/egsnrc_beta_kernels.csv"));
    let setup = Setup::water([1; 3], EDGE, fine_options());
    for case in all.chunk_by(|a, b| (a.text("nuclide"), a.text("component")) == (b.text("nuclide"), b.text("component"))) {
        let sampler = spectrum(case[0].text("nuclide"), &[case[0].text("component")]);
        let width = 0.1 * case[0].number("r_high_mm");
        let shells = || Shells::new(width, case.len());
        let t = std::time::Instant::now();
        let histories = std::env::var("N").map_or(200_000, |n| n.parse().unwrap());
        let found = point_source(&setup, 0.03 * width, shells, histories, draw(&sampler)).means();
        eprintln!("{:.2} s", t.elapsed().as_secs_f64());
        let energy = sampler.mean_energy();
        for (row, (mev, sigma)) in case.iter().zip(&found) {
            let f = row.number("fraction");
            if f > 1e-3 {
                eprintln!(
                    "{} {} {:.5} ref {:.5} {:+.2} +- {:.2} % local",
                    row.text("nuclide"),
                    row.number("r_low_mm"),
                    mev / energy,
                    f,
                    100.0 * (mev / energy / f - 1.0),
                    100.0 * (sigma / energy).hypot(row.number("sigma")) / f
                );
            }
        }
    }
}

#[test]
fn spheres() {
    let setup = Setup::water([1; 3], EDGE, fine_options());
    for row in rows(include_str!("../data/reference/egsnrc_spheres.csv")) {
        let (energy, radius) = (row.number("energy_mev"), 0.1 * row.number("radius_mm"));
        let tracker = Tracker::new(&setup, 0.007 * radius);
        let histories = 50_000;
        let mut inside = Shells::new(radius, 1);
        let t = std::time::Instant::now();
        for history in 0..histories {
            let w = rng_block([5, 2], [history, 0], 9, 0);
            let u = |w: u32| (f64::from(w) + 0.5) / 4_294_967_296.0;
            let z = 2.0 * u(w[0]) - 1.0;
            let (s, c) = (std::f64::consts::TAU * u(w[1])).sin_cos();
            let r = (1.0 - z * z).sqrt();
            let start = DVec3::new(r * c, r * s, z) * radius * u(w[2]).cbrt();
            tracker.isotropic(history, start, energy as f32, |piece| inside.score(piece));
            inside.end_history();
        }
        let (mev, sigma) = inside.means()[0];
        let f = row.number("fraction");
        eprintln!(
            "sphere {energy} MeV {} mm: {:.5} ref {f:.5} ({:+.2} +- {:.2} %) {:.2} s",
            10.0 * radius,
            mev / energy,
            100.0 * (mev / energy / f - 1.0),
            100.0 * (sigma / energy).hypot(row.number("sigma")) / f,
            t.elapsed().as_secs_f64()
        );
    }
}
