//! Energy loss alone: the length of an electron's path.

use dosaic::transport::{
    cpu::{
        electron::{
            ELECTRON_DONE, ELECTRON_EVENT, ELECTRON_STEP, ELECTRON_TURN, ElectronWaiting, electron_advance, electron_begin_step,
            electron_deflect, electron_start,
        },
        event::event_happen,
        math::math_exponential,
        tables::table_electron_range,
        tally::tally_quanta,
    },
    layout::Params,
    rng::rng_block,
};
use glam::Vec3;

use crate::world::{Setup, fine_options};

/// Mean and standard error of the way that electrons of 100 keV go in water until they are absorbed, and the relative spread, for a delta threshold of
/// `share` of the energy (at least 1 keV).
fn path(share: f64, histories: u32) -> (f64, f64, f64) {
    let setup = Setup::water([1; 3], 2.0, dosaic::transport::tables::TableOptions { delta_share: share, ..fine_options() });
    let (tables, voxels) = (&setup.tables, &setup.phantom.voxels[..]);
    let params = Params { range_rejection: 0, ..setup.params() };
    let one = |history: u32| {
        let waiting = ElectronWaiting {
            offset: Vec3::splat(0.1),
            direction: Vec3::Z,
            range: table_electron_range(tables, 0, 0.1),
            quanta: tally_quanta(0.1),
            interactions: math_exponential(rng_block(params.seed, [history, 0], 1, 0)[0]),
            stream: 1,
            draw: 1,
            ..ElectronWaiting::default()
        };
        let mut e = electron_start(&params, voxels, waiting);
        let mut way = 0.0;
        while e.state != ELECTRON_DONE {
            match e.state {
                ELECTRON_STEP => drop(electron_begin_step::<false>(&params, tables, voxels, [history, 0], &mut e)),
                ELECTRON_TURN => electron_deflect(tables, &mut e),
                // The delta ray is none of the path.
                ELECTRON_EVENT => drop(event_happen::<false>(&params, tables, voxels, [history, 0], &mut e, 0)),
                _ => {
                    let share = e.share;
                    electron_advance::<false>(&params, tables, voxels, &mut e);
                    way += f64::from((e.share - share) * e.step);
                }
            }
        }
        way
    };
    let part = |first: u32| (first..histories).step_by(2).map(one).fold((0.0, 0.0), |(sum, square), way| (sum + way, square + way * way));
    let ((a, b), (c, d)) = std::thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        (part(0), other.join().expect("no panic"))
    });
    let n = f64::from(histories);
    let mean = (a + c) / n;
    let spread = ((b + d) / n - mean * mean).sqrt();
    (mean, spread / n.sqrt(), spread / mean)
}

/// Losses in many hard collisions or by soft straggling: mean and variance of the path are the same. Were hard collisions counted by the sampled loss instead of by
/// the way, they would go together with it, and the path at 20 % would be 0.8 % longer.
#[test]
fn path_does_not_depend_on_the_delta_threshold() {
    let (mean, error, spread) = path(0.01, 400_000);
    for share in [0.05, 0.1, 0.2] {
        let other = path(share, 400_000);
        let sigma = error.hypot(other.1) / mean;
        println!(
            "threshold {share} E: {:+.3} +- {:.3} %, spread {:.4} and {:.4}",
            100.0 * (other.0 / mean - 1.0),
            100.0 * sigma,
            spread,
            other.2
        );
        assert!((other.0 / mean - 1.0).abs() < 1e-3 + 3.0 * sigma, "threshold {share} E: {} and {mean} g/cm2", other.0);
        assert!((other.2 / spread - 1.0).abs() < 0.02, "threshold {share} E: relative spread {} and {spread}", other.2);
    }
}
