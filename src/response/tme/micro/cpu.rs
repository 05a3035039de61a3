//! The sweeps on the CPU, on any number of threads with the same result.

use super::{
    diffusion::Sweeps,
    levels::{Kind, Levels, Sweep},
};
use crate::{
    error::Result,
    response::tme::{
        cpu::multigrid::{
            MultigridTerms, MultigridView, multigrid_coarse_face, multigrid_coarse_mass, multigrid_linearise, multigrid_place,
            multigrid_prolong, multigrid_relax, multigrid_restrict, multigrid_start, multigrid_update,
        },
        real::Real,
    },
};

/// Fewest cells for which threads are worth starting.
const WORTH: usize = 1 << 14;

/// The arrays of all levels.
#[derive(Debug, Clone)]
pub struct CpuSweeps<R> {
    threads: usize,
    setup: Vec<Sweep>,
    iteration: Vec<Sweep>,
    cells: usize,
    faces: Vec<R>,
    mass: Vec<R>,
    right: Vec<R>,
    value: [Vec<R>; 2],
    field: Vec<R>,
    terms: Vec<MultigridTerms<R>>,
}

impl<R: Real> CpuSweeps<R> {
    /// Empty arrays.
    pub fn new(levels: &Levels, threads: usize) -> Self {
        let empty = |count: usize| vec![R::zero(); count];
        let cells = levels.cells;
        let finest = &levels.steps[0];
        Self {
            threads: threads.max(1),
            setup: levels.setup(),
            iteration: levels.iteration(),
            cells,
            faces: empty(3 * cells),
            mass: empty(cells),
            right: empty(cells),
            value: [empty(cells), empty(cells)],
            field: empty(cells),
            terms: vec![MultigridTerms::default(); finest.size.iter().map(|&n| n as usize).product()],
        }
    }

    /// Position of the first voxel.
    fn origin(&self) -> usize {
        self.iteration[0].step.origin as usize
    }

    /// A sweep that fills an array.
    fn sweep(&mut self, sweep: &Sweep) {
        let (step, count) = (&sweep.step, sweep.cells());
        let (first, coarse) = (step.first as usize, step.coarse_first as usize);
        let Self { threads, cells, faces, mass, right, value: [a, b], .. } = self;
        let (threads, cells) = (*threads, *cells);
        let (old, new) = if step.reads == 0 { (a, b) } else { (b, a) };
        let place = |i: usize| multigrid_place(step.coarse_size, i as u32);
        match sweep.kind {
            Kind::CoarseFaces => {
                for axis in 0..3 {
                    let (fine, rest) = faces.split_at_mut(axis * cells + coarse);
                    let fine = &fine[axis * cells..];
                    fill(threads, &mut rest[..count], |i| multigrid_coarse_face(step, fine, place(i), axis));
                }
            }
            Kind::CoarseMass => {
                let (fine, rest) = mass.split_at_mut(coarse);
                fill(threads, &mut rest[..count], |i| multigrid_coarse_mass(step, fine, place(i)));
            }
            Kind::Restrict => {
                let (fine, rest) = right.split_at_mut(coarse);
                let view = MultigridView { faces, mass, right: fine, value: old };
                fill(threads, &mut rest[..count], |i| multigrid_restrict(step, &view, place(i)));
            }
            Kind::Start => {
                let view = MultigridView { faces, mass, right, value: old };
                fill(threads, &mut new[first..][..count], |i| multigrid_start(step, &view, first + i));
            }
            Kind::Relax => {
                let view = MultigridView { faces, mass, right, value: old };
                fill(threads, &mut new[first..][..count], |i| multigrid_relax(step, &view, first + i));
            }
            Kind::Prolong => {
                let place = |i: usize| multigrid_place(step.size, i as u32);
                fill(threads, &mut new[first..][..count], |i| old[first + i] + multigrid_prolong(step, old, place(i)));
            }
            Kind::Linearise | Kind::Update => unreachable!("they report"),
        }
    }

    /// Right sides and masses of the finest level; returns the largest right side.
    fn linearise(&mut self, sweep: &Sweep) -> f64 {
        let (step, count) = (&sweep.step, sweep.cells());
        let first = step.first as usize;
        let Self { threads, faces, mass, right, field, terms, .. } = self;
        let out = right[first..][..count].iter_mut().zip(&mut mass[first..][..count]);
        let mut out: Vec<_> = out.collect();
        largest(*threads, &mut out, |i, (right, mass)| {
            let linear = multigrid_linearise(step, faces, field, &terms[i], first + i);
            (**right, **mass) = (linear.right, linear.mass);
            linear.right.wide().abs()
        })
    }

    /// Corrects the field; returns the largest change.
    fn update(&mut self, sweep: &Sweep) -> f64 {
        let (first, count) = (sweep.step.first as usize, sweep.cells());
        let change = &self.value[sweep.step.reads as usize][first..];
        largest(self.threads, &mut self.field[first..][..count], |i, out| {
            let new = multigrid_update(*out, change[i]);
            let size = (new - *out).wide().abs();
            *out = new;
            size
        })
    }
}

impl Sweeps for CpuSweeps<f32> {
    fn set_faces(&mut self, faces: &[f32]) -> Result<()> {
        let (first, count) = (self.origin(), self.terms.len());
        for axis in 0..3 {
            self.faces[axis * self.cells + first..][..count].copy_from_slice(&faces[axis * count..][..count]);
        }
        for sweep in self.setup.clone() {
            self.sweep(&sweep);
        }
        Ok(())
    }

    fn set_terms(&mut self, terms: &[MultigridTerms<f32>]) -> Result<()> {
        self.terms.copy_from_slice(terms);
        Ok(())
    }

    fn set_field(&mut self, field: &[f32]) -> Result<()> {
        let first = self.origin();
        self.field[first..][..field.len()].copy_from_slice(field);
        Ok(())
    }

    fn read_field(&mut self, field: &mut [f32]) -> Result<()> {
        field.copy_from_slice(&self.field[self.origin()..][..field.len()]);
        Ok(())
    }

    fn iterate(&mut self) -> Result<[f64; 2]> {
        let mut report = [0.0; 2];
        for sweep in self.iteration.clone() {
            match sweep.kind {
                Kind::Linearise => report[0] = self.linearise(&sweep),
                Kind::Update => report[1] = self.update(&sweep),
                _ => self.sweep(&sweep),
            }
        }
        Ok(report)
    }
}

/// Cells of one thread.
fn share(threads: usize, count: usize) -> usize {
    if count < WORTH { count.max(1) } else { count.div_ceil(threads) }
}

/// Gives every cell its new value.
fn fill<R: Real>(threads: usize, out: &mut [R], new: impl Fn(usize) -> R + Sync) {
    let share = share(threads, out.len());
    let run = |begin: usize, part: &mut [R]| {
        for (i, out) in part.iter_mut().enumerate() {
            *out = new(begin + i);
        }
    };
    if share >= out.len() {
        return run(0, out);
    }
    std::thread::scope(|scope| {
        for (thread, part) in out.chunks_mut(share).enumerate() {
            let run = &run;
            scope.spawn(move || run(thread * share, part));
        }
    });
}

/// Treats every cell; returns the largest of the results.
fn largest<T: Send>(threads: usize, out: &mut [T], treat: impl Fn(usize, &mut T) -> f64 + Sync) -> f64 {
    let share = share(threads, out.len());
    let run = |begin: usize, part: &mut [T]| {
        // A value that is no number must not be lost, as it is by `max`.
        part.iter_mut().enumerate().map(|(i, out)| treat(begin + i, out)).fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a })
    };
    if share >= out.len() {
        return run(0, out);
    }
    std::thread::scope(|scope| {
        let parts = out.chunks_mut(share).enumerate();
        let tasks: Vec<_> = parts
            .map(|(thread, part)| {
                scope.spawn({
                    let run = &run;
                    move || run(thread * share, part)
                })
            })
            .collect();
        let results = tasks.into_iter().map(|task| task.join().expect("sweeps do not panic"));
        results.fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a })
    })
}
