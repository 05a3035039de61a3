//! Single electron histories in one voxel too large to leave: where along its way an electron loses its energy.

use dosaic::transport::{
    constants::STACK,
    cpu::{
        direction::direction_isotropic,
        electron::{
            ELECTRON_DONE, ELECTRON_EVENT, ELECTRON_FINAL, ELECTRON_STEP, ELECTRON_TURN, Electron, ElectronWaiting, electron_advance,
            electron_begin_step, electron_deflect, electron_start, electron_wait,
        },
        event::event_happen,
        math::{math_cos_sin, math_exponential},
        tables::{table_electron, table_electron_range},
        tally::tally_quanta,
    },
    layout::Params,
    rng::{rng_block, rng_uniform},
};
use glam::{DVec3, Vec3};

use crate::world::Setup;

/// Edge of the voxel, mm.
pub(crate) const EDGE: f64 = 100.0;
/// Draws of [`Tracker::isotropic`] before the electron's own.
const DRAWS: u32 = 2;

/// Energy lost evenly on the way from `from` to `to` (cm from the middle of the voxel); at one place where they are equal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) from: DVec3,
    pub(crate) to: DVec3,
    pub(crate) mev: f64,
}

/// Follows electrons through the step functions.
pub(crate) struct Tracker<'a> {
    setup: &'a Setup,
    pub(crate) params: Params,
}

impl<'a> Tracker<'a> {
    /// In the single voxel of a setup, absorbing below `cut_length` cm of residual range.
    pub(crate) fn new(setup: &'a Setup, cut_length: f64) -> Self {
        assert_eq!(setup.phantom.grid.size, [1; 3]);
        let params = Params { cut_length: cut_length as f32, range_rejection: 0, ..setup.params() };
        Self { setup, params }
    }

    fn place(&self, offset: Vec3) -> DVec3 {
        offset.as_dvec3() - 0.05 * EDGE
    }

    fn energy(&self, e: &Electron) -> f64 {
        table_electron(&self.setup.tables, 0, e.range).energy.into()
    }

    /// An electron from the middle of the voxel plus `start` (cm) in an isotropic direction; returns the number of steps.
    pub(crate) fn isotropic(&self, history: u32, start: DVec3, energy: f32, piece: impl FnMut(Piece)) -> u32 {
        let [a, b, c, _] = rng_block(self.params.seed, [history, 0], 1, 1);
        let direction = direction_isotropic(rng_uniform(a), math_cos_sin(b));
        let range = table_electron_range(&self.setup.tables, 0, energy);
        let offset = (start + 0.05 * EDGE).as_vec3();
        let waiting = ElectronWaiting {
            offset,
            direction,
            range,
            quanta: tally_quanta(energy),
            interactions: math_exponential(c),
            stream: 1,
            draw: DRAWS,
            ..ElectronWaiting::default()
        };
        let electron = electron_start(&self.params, &self.setup.phantom.voxels, waiting);
        self.follow(history, electron, piece)
    }

    /// Follows an electron and its delta rays.
    fn follow(&self, history: u32, mut e: Electron, mut piece: impl FnMut(Piece)) -> u32 {
        let (params, tables, voxels) = (&self.params, &self.setup.tables, &self.setup.phantom.voxels[..]);
        let history = [history, 0];
        let mut stack: Vec<ElectronWaiting> = Vec::with_capacity(STACK as usize);
        let mut steps = 0;
        loop {
            while e.state != ELECTRON_DONE {
                match e.state {
                    ELECTRON_STEP => assert_eq!(electron_begin_step::<false>(params, tables, voxels, history, &mut e).quanta, 0),
                    ELECTRON_TURN => electron_deflect(tables, &mut e),
                    ELECTRON_EVENT => {
                        let (at, before) = (self.place(e.offset), self.energy(&e));
                        let collision = event_happen::<false>(params, tables, voxels, history, &mut e, stack.len() as u32);
                        let mut carried = self.energy(&e);
                        if collision.born == 1 {
                            stack.push(electron_wait(&e));
                            e = electron_start(params, voxels, collision.delta);
                            carried += self.energy(&e);
                        }
                        piece(Piece { from: at, to: at, mev: before - carried });
                    }
                    _ => {
                        let (from, before) = (self.place(e.offset), self.energy(&e));
                        let last = e.event == ELECTRON_FINAL;
                        let deposit = electron_advance::<false>(params, tables, voxels, &mut e);
                        assert_eq!((deposit.status, deposit.escaped), (0, 0));
                        let to = self.place(e.offset);
                        if last {
                            piece(Piece { from: to, to, mev: before });
                        } else {
                            piece(Piece { from, to, mev: before - self.energy(&e) });
                        }
                    }
                }
            }
            steps += e.steps;
            let Some(next) = stack.pop() else { return steps };
            e = electron_start(params, voxels, next);
        }
    }
}

/// Energy per shell of equal width around a point, with batches for the uncertainty.
pub(crate) struct Shells {
    width: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
    history: Vec<f64>,
    touched: usize,
    histories: u32,
}

impl Shells {
    /// `count` shells of `width` cm; what lies beyond is not kept.
    pub(crate) fn new(width: f64, count: usize) -> Self {
        Self { width, sums: vec![0.0; count], squares: vec![0.0; count], history: vec![0.0; count], touched: 0, histories: 0 }
    }

    /// Shares the energy of a piece among the shells it passes, in proportion to the way in each.
    pub(crate) fn score(&mut self, piece: Piece) {
        let way = piece.to - piece.from;
        let length = way.length();
        if length < 1e-9 {
            self.add(piece.to.length(), piece.mev);
            return;
        }
        // |from + t u|^2 = (t - m)^2 + d^2
        let u = way / length;
        let m = -piece.from.dot(u);
        let d2 = (piece.from + m * u).length_squared();
        let mut cuts = vec![0.0, length];
        let radius = |t: f64| ((t - m).powi(2) + d2).sqrt();
        let highest = (radius(0.0).max(radius(length)) / self.width) as usize;
        for k in 1..=highest {
            let square = (k as f64 * self.width).powi(2) - d2;
            if square > 0.0 {
                cuts.extend([m - square.sqrt(), m + square.sqrt()].into_iter().filter(|t| *t > 0.0 && *t < length));
            }
        }
        cuts.sort_unstable_by(f64::total_cmp);
        for pair in cuts.windows(2) {
            self.add(radius(0.5 * (pair[0] + pair[1])), piece.mev * (pair[1] - pair[0]) / length);
        }
    }

    fn add(&mut self, radius: f64, mev: f64) {
        let k = (radius / self.width) as usize;
        if k < self.history.len() {
            self.history[k] += mev;
            self.touched = self.touched.max(k + 1);
        }
    }

    /// Ends a history.
    pub(crate) fn end_history(&mut self) {
        for k in 0..self.touched {
            let e = std::mem::take(&mut self.history[k]);
            self.sums[k] += e;
            self.squares[k] += e * e;
        }
        self.touched = 0;
        self.histories += 1;
    }

    /// Adds the histories of another thread.
    pub(crate) fn merge(&mut self, other: &Self) {
        for k in 0..self.sums.len() {
            self.sums[k] += other.sums[k];
            self.squares[k] += other.squares[k];
        }
        self.histories += other.histories;
    }

    /// MeV per history and standard error of each shell.
    pub(crate) fn means(&self) -> Vec<(f64, f64)> {
        let n = f64::from(self.histories);
        let mean = |(sum, square): (&f64, &f64)| (sum / n, ((square / n - (sum / n).powi(2)).max(0.0) / n).sqrt());
        self.sums.iter().zip(&self.squares).map(mean).collect()
    }
}
