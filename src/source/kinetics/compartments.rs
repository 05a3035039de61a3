//! Compartments that exchange the nuclide: `x' = K x`, with physical decay on the diagonal.
//!
//! The rate matrix is taken apart into groups of compartments that reach each other (its strongly connected blocks). Each is solved in its own
//! modes, fed by the groups before it, so that rates of different groups may agree. Time integrals come from `-K X = x(0)`, not from the
//! exponentials.

use std::f64::consts::LN_2;

use nalgebra::{DMatrix, DVector};

use super::Realised;
use crate::{
    error::{Error, Result},
    plan::{Compartment, CompartmentModel},
    source::TimeCourse,
};

/// Eigenvalues closer than this share of the larger one count as equal.
const EQUAL: f64 = 1.0e-6;
/// The integral of the exponentials may be off by this share.
const INTEGRAL: f64 = 1.0e-6;
/// The same where equal rates were moved apart, which shifts slow rates in second order.
const INTEGRAL_APART: f64 = 1.0e-3;
/// Equal eigenvalues are moved apart by this share: twofold ones, and more.
const APART: [f64; 2] = [1.0e-5, 1.0e-4];

/// The course in one compartment.
pub(super) fn realise(model: &CompartmentModel, wanted: usize, physical: f64) -> Result<Realised> {
    check(model)?;
    let n = model.compartments.len();
    if wanted >= n {
        return Err(Error::input(format!("there is no compartment {wanted}; the model has {n}, counted from 0")));
    }
    let matrix = rate_matrix(model, LN_2 / physical);
    let initial = DVector::from_iterator(n, model.compartments.iter().map(|compartment| compartment.initial));
    let Some(integrals) = (-&matrix).lu().solve(&initial) else {
        return Err(Error::input("the compartments' rates are too different to be solved for"));
    };
    let tia = integrals[wanted].max(0.0);
    let system = System { model, reach: reach(&matrix), initial };
    let mut notes = Vec::new();
    if !(0..n).any(|from| system.initial[from] > 0.0 && system.reach[from][wanted]) {
        notes.push(format!("no activity reaches compartment \"{}\"", model.compartments[wanted].name));
        return Ok(Realised { notes, ..Realised::given(TimeCourse::default(), 0.0) });
    }
    let mut allowed = INTEGRAL;
    let mut course = match system.course(&matrix, wanted)? {
        Spectrum::Different(course) => course,
        Spectrum::Equal(fold) => {
            allowed = INTEGRAL_APART;
            let apart = APART[usize::from(fold > 2)];
            notes.push(format!("{fold} rates of the compartments are equal; they are taken {apart:e} apart, to both sides, which cancels"));
            let mut course = TimeCourse::default();
            for sign in [-0.5, 0.5] {
                match system.course(&spread(&matrix, sign * apart), wanted)? {
                    Spectrum::Different(one) => course.add(&one.scaled(0.5)),
                    Spectrum::Equal(_) => {
                        return Err(Error::input(
                            "the compartments' rates are equal in a way that cannot be taken apart; change one by 0.1 %",
                        ));
                    }
                }
            }
            course
        }
    };
    let found = course.tia();
    if (found - tia).abs() > allowed * tia {
        return Err(Error::input(format!(
            "the rates of the compartments are so nearly equal that their exponentials cancel (the integral comes out {:.1e} off); change one of \
             them by 1 %, or join two compartments",
            (found / tia - 1.0).abs()
        )));
    }
    if found > 0.0 && tia > 0.0 {
        course = course.scaled(tia / found);
    }
    Ok(Realised { notes, ..Realised::given(course, tia) })
}

fn check(model: &CompartmentModel) -> Result<()> {
    let n = model.compartments.len();
    if let Some(Compartment { name, initial }) = model.compartments.iter().find(|c| !(c.initial.is_finite() && c.initial >= 0.0)) {
        return Err(Error::input(format!("compartment \"{name}\": the activity at the start must be 0 Bq or more, found {initial} Bq")));
    }
    for transfer in &model.transfers {
        if transfer.from >= n || transfer.to.is_some_and(|to| to >= n) {
            return Err(Error::input(format!("a transfer names a compartment that is not there; the model has {n}")));
        }
        let from = &model.compartments[transfer.from].name;
        if transfer.to == Some(transfer.from) {
            return Err(Error::input(format!("a transfer leads from compartment \"{from}\" to itself")));
        }
        if !(transfer.rate.is_finite() && transfer.rate >= 0.0) {
            return Err(Error::input(format!(
                "a transfer from compartment \"{from}\" must have a rate of 0/s or more, found {}/s",
                transfer.rate
            )));
        }
    }
    Ok(())
}

/// `K`: what leaves on the diagonal, what enters beside it, 1/s.
fn rate_matrix(model: &CompartmentModel, lambda: f64) -> DMatrix<f64> {
    let n = model.compartments.len();
    let mut matrix = DMatrix::from_diagonal_element(n, n, -lambda);
    for transfer in &model.transfers {
        matrix[(transfer.from, transfer.from)] -= transfer.rate;
        if let Some(to) = transfer.to {
            matrix[(to, transfer.from)] += transfer.rate;
        }
    }
    matrix
}

/// `reach[a][b]`: whether something passes from a to b (each reaches itself).
fn reach(matrix: &DMatrix<f64>) -> Vec<Vec<bool>> {
    let n = matrix.nrows();
    let mut reach: Vec<Vec<bool>> = (0..n).map(|a| (0..n).map(|b| a == b || matrix[(b, a)] > 0.0).collect()).collect();
    for via in 0..n {
        for a in 0..n {
            if reach[a][via] {
                let onwards = reach[via].clone();
                reach[a].iter_mut().zip(onwards).for_each(|(to, further)| *to |= further);
            }
        }
    }
    reach
}

/// Every compartment's loss changed by a different share between `-share` and `share`.
fn spread(matrix: &DMatrix<f64>, share: f64) -> DMatrix<f64> {
    let (n, mut spread) = (matrix.nrows(), matrix.clone());
    for i in 0..n {
        // Squares are added so that no two pairs lie equally far apart.
        let x = (2 * i) as f64 / (n - 1) as f64 - 1.0;
        spread[(i, i)] *= 1.0 + 2.0 * share * (x + 0.1 * x * x);
    }
    spread
}

struct System<'a> {
    model: &'a CompartmentModel,
    reach: Vec<Vec<bool>>,
    initial: DVector<f64>,
}

enum Spectrum {
    /// The rates differ.
    Different(TimeCourse),
    /// So many rates are equal.
    Equal(usize),
}

impl System<'_> {
    /// The course in one compartment, if the rates of every group that exchanges differ among themselves.
    ///
    /// Group after group, each fed by those before it: `x_r = sum_j V_rj sum_c (V^-1)_jc (x_c(0) + feed of c)` with every mode j a pool that
    /// empties at its own rate ([`TimeCourse::fed`]). Rates of different groups may agree.
    fn course(&self, matrix: &DMatrix<f64>, wanted: usize) -> Result<Spectrum> {
        let n = matrix.nrows();
        // Only compartments between the activity and the one wanted matter.
        let fed = |c: usize| (0..n).any(|from| self.initial[from] > 0.0 && self.reach[from][c]);
        let matter: Vec<usize> = (0..n).filter(|&c| fed(c) && self.reach[c][wanted]).collect();
        let together = |a: usize, b: usize| self.reach[a][b] && self.reach[b][a];
        let mut courses: Vec<Option<TimeCourse>> = vec![None; n];
        while let Some(&next) = matter.iter().find(|&&c| {
            let before = |&&from: &&usize| !together(from, c) && self.reach[from][c];
            courses[c].is_none() && matter.iter().filter(before).all(|&from| courses[from].is_some())
        }) {
            let block: Vec<usize> = matter.iter().copied().filter(|&c| together(c, next)).collect();
            let modes = match self.modes(matrix, &block)? {
                Ok(modes) => modes,
                Err(fold) => return Ok(Spectrum::Equal(fold)),
            };
            let inputs: Vec<TimeCourse> = block
                .iter()
                .map(|&c| {
                    let mut feed = TimeCourse::default();
                    for &from in matter.iter().filter(|from| !block.contains(from) && matrix[(c, **from)] > 0.0) {
                        if let Some(course) = &courses[from] {
                            feed.add(&course.scaled(matrix[(c, from)]));
                        }
                    }
                    feed
                })
                .collect();
            let pools: Vec<Vec<TimeCourse>> =
                modes.rates.iter().map(|rate| inputs.iter().map(|input| input.fed(-rate)).collect()).collect();
            for (r, &compartment) in block.iter().enumerate() {
                let mut course = TimeCourse::default();
                for (j, &rate) in modes.rates.iter().enumerate() {
                    for (c, &source) in block.iter().enumerate() {
                        let weight = modes.vectors[(r, j)] * modes.inverse[(j, c)];
                        course.add(&TimeCourse::exponential(weight * self.initial[source], -rate));
                        course.add(&pools[j][c].scaled(weight));
                    }
                }
                course.pieces.retain(|piece| piece.value != 0.0 || piece.slope != 0.0);
                courses[compartment] = Some(course);
            }
        }
        Ok(Spectrum::Different(courses[wanted].take().unwrap_or_default()))
    }

    /// Rates and vectors of a group that exchanges, or how many of its rates are equal.
    fn modes(&self, matrix: &DMatrix<f64>, block: &[usize]) -> Result<std::result::Result<Modes, usize>> {
        let names = || block.iter().map(|&c| format!("\"{}\"", self.model.compartments[c].name)).collect::<Vec<_>>().join(", ");
        let part = matrix.select_rows(block).select_columns(block);
        let Some(rates) = eigenvalues(&part) else {
            return Err(Error::input(format!(
                "the activity would swing between the compartments {} (their rates lead round in a circle, with complex eigenvalues), \
                 which is no sum of exponentials; let some flow back, or join two of them",
                names()
            )));
        };
        let near = |a: f64, b: f64| (a - b).abs() <= EQUAL * a.abs().max(b.abs());
        let fold = rates.iter().map(|&a| rates.iter().filter(|&&b| near(a, b)).count()).max().unwrap_or(0);
        if fold > 1 {
            return Ok(Err(fold));
        }
        let vectors: Vec<DVector<f64>> = rates.iter().map(|&rate| eigenvector(&part, rate)).collect();
        let vectors = DMatrix::from_columns(&vectors);
        Ok(vectors.clone().try_inverse().map(|inverse| Modes { rates, vectors, inverse }).ok_or(2))
    }
}

/// A group of compartments in its own modes.
struct Modes {
    /// 1/s, negative.
    rates: Vec<f64>,
    vectors: DMatrix<f64>,
    inverse: DMatrix<f64>,
}

/// Real eigenvalues of a block, all negative; `None` if some are complex.
fn eigenvalues(block: &DMatrix<f64>) -> Option<Vec<f64>> {
    if block.nrows() == 1 {
        return Some(vec![block[(0, 0)]]);
    }
    if block.nrows() == 2 {
        // The faster root first, without cancellation; the slower one from the product of both.
        let (mean, half) = (0.5 * (block[(0, 0)] + block[(1, 1)]), 0.5 * (block[(0, 0)] - block[(1, 1)]));
        let fast = mean - half.hypot((block[(0, 1)] * block[(1, 0)]).sqrt());
        let determinant = block[(0, 0)] * block[(1, 1)] - block[(0, 1)] * block[(1, 0)];
        return Some(vec![fast, determinant / fast]);
    }
    let found = block.complex_eigenvalues();
    // Rounding makes equal eigenvalues a complex pair with a part near the root of the rounding.
    let scale = block.amax();
    found.iter().all(|value| value.im.abs() <= 1.0e-9 * scale).then(|| found.iter().map(|value| value.re).collect())
}

/// The eigenvector of a simple eigenvalue, by inverse iteration.
fn eigenvector(matrix: &DMatrix<f64>, rate: f64) -> DVector<f64> {
    let n = matrix.nrows();
    let mut shifted = matrix - DMatrix::from_diagonal_element(n, n, rate);
    // A pivot of exactly zero is moved by less than the eigenvalue's own rounding.
    let nudge = f64::EPSILON * rate;
    (0..n).for_each(|i| shifted[(i, i)] += nudge);
    let lu = shifted.lu();
    let mut vector = DVector::from_fn(n, |i, _| 1.0 + 0.1 * i as f64);
    for _ in 0..4 {
        if let Some(next) = lu.solve(&vector) {
            let length = next.norm();
            if !(length.is_finite() && length > 0.0) {
                break;
            }
            vector = next / length;
        }
    }
    vector
}

#[cfg(test)]
#[path = "compartments_tests.rs"]
mod tests;
