//! Weighted least squares of a curve, from several starts.
//!
//! Levenberg-Marquardt (crate `levenberg-marquardt`, after MINPACK) in `s = sin^2 u`, so that no step leaves the numbers' range.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DMatrix, DVector, Dyn, storage::Owned};

use super::shape::Shape;

/// What is fitted.
#[derive(Debug, Clone)]
pub(super) struct Data {
    /// s.
    pub(super) times: Vec<f64>,
    /// Bq.
    pub(super) values: Vec<f64>,
    /// Bq.
    pub(super) sigmas: Vec<f64>,
}

/// A curve and how far it is from the data.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) chi2: f64,
    /// Time integral, Bq s.
    pub(super) tia: f64,
    /// The form's numbers.
    pub(super) numbers: Vec<f64>,
}

/// Evaluations per number of the form and start.
const PATIENCE: usize = 60;
/// Starts that are followed to their end.
const STARTS: usize = 4;
/// How different starts are, in one number at least.
const DIFFERENT: f64 = 0.15;
/// Starts keep this distance from the ends of a number's range, where the derivative by `u` vanishes.
const OFF_THE_END: f64 = 0.01;

impl Data {
    /// Sum of squares for a form with its best time integral, or with a given one.
    pub(super) fn point(&self, shape: &Shape, numbers: &[f64], tia: Option<f64>) -> Point {
        let form = shape.form(numbers);
        let (mut gg, mut gy, mut yy) = (0.0, 0.0, 0.0);
        for ((t, y), sigma) in self.times.iter().zip(&self.values).zip(&self.sigmas) {
            let (g, y) = (shape.at(&form, *t).0 / sigma, y / sigma);
            gg += g * g;
            gy += g * y;
            yy += y * y;
        }
        let tia = tia.unwrap_or(if gg > 0.0 { gy / gg } else { 0.0 }).max(0.0);
        Point { chi2: (yy + tia * (tia * gg - 2.0 * gy)).max(0.0), tia, numbers: numbers.to_vec() }
    }
}

/// The least-squares problem over the time integral (unless it is given) and the numbers that are free.
struct Problem<'a> {
    shape: &'a Shape,
    data: &'a Data,
    tia: f64,
    given: bool,
    free: &'a [usize],
    numbers: Vec<f64>,
    /// First `tia / scale` if not given, then u of every free number.
    x: DVector<f64>,
    scale: f64,
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, x: &DVector<f64>) {
        self.x.copy_from(x);
        let skip = usize::from(!self.given);
        if !self.given {
            self.tia = x[0] * self.scale;
        }
        for (j, &l) in self.free.iter().enumerate() {
            self.numbers[l] = x[skip + j].sin().powi(2);
        }
    }

    fn params(&self) -> DVector<f64> {
        self.x.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let form = self.shape.form(&self.numbers);
        let Data { times, values, sigmas } = self.data;
        Some(DVector::from_fn(times.len(), |i, _| (self.tia * self.shape.at(&form, times[i]).0 - values[i]) / sigmas[i]))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let form = self.shape.form(&self.numbers);
        let skip = usize::from(!self.given);
        let mut jacobian = DMatrix::zeros(self.data.times.len(), self.x.len());
        for (i, (t, sigma)) in self.data.times.iter().zip(&self.data.sigmas).enumerate() {
            let (value, slopes) = self.shape.at(&form, *t);
            if !self.given {
                jacobian[(i, 0)] = self.scale * value / sigma;
            }
            for (j, &l) in self.free.iter().enumerate() {
                jacobian[(i, skip + j)] = self.tia * slopes[l] * (2.0 * self.x[skip + j]).sin() / sigma;
            }
        }
        Some(jacobian)
    }
}

/// The nearest minimum over the free numbers; the time integral is free too unless it is given.
pub(super) fn descend(shape: &Shape, data: &Data, start: &[f64], free: &[usize], tia: Option<f64>) -> Point {
    let mut numbers = start.to_vec();
    for &l in free {
        numbers[l] = numbers[l].clamp(OFF_THE_END, 1.0 - OFF_THE_END);
    }
    let first = data.point(shape, &numbers, tia);
    let unknowns = free.len() + usize::from(tia.is_none());
    // MINPACK's method needs as many data as unknowns; fewer only happen where a given integral leaves nothing to gain.
    if unknowns == 0 || data.times.len() < unknowns || first.tia <= 0.0 {
        return first;
    }
    let angles = free.iter().map(|&l| numbers[l].sqrt().asin());
    let x: Vec<f64> = tia.is_none().then_some(1.0).into_iter().chain(angles).collect();
    let problem = Problem { shape, data, tia: first.tia, given: tia.is_some(), free, numbers, x: DVector::from_vec(x), scale: first.tia };
    let (problem, _) = LevenbergMarquardt::new().with_patience(PATIENCE).minimize(problem);
    // The integral that is best for these numbers is known exactly.
    let found = data.point(shape, &problem.numbers, tia);
    if found.chi2 <= first.chi2 { found } else { first }
}

/// All numbers of a form.
pub(super) fn all(shape: &Shape) -> Vec<usize> {
    (0..shape.numbers()).collect()
}

/// The lowest minimum that is reached from the best and different points of a coarse grid.
pub(super) fn search(shape: &Shape, data: &Data) -> Option<Point> {
    let rates = shape.rates();
    let levels = |l: usize| match (l < rates, rates) {
        (true, 1) => 24,
        (true, 2) => 8,
        (true, _) => 6,
        (false, _) => 3,
    };
    let count: usize = (0..shape.numbers()).map(levels).product();
    let mut points: Vec<Point> = (0..count)
        .map(|mut place| {
            let number = |l: usize| {
                let n = levels(l);
                let s = ((place % n) as f64 + 0.5) / n as f64;
                place /= n;
                s
            };
            let numbers: Vec<f64> = (0..shape.numbers()).map(number).collect();
            data.point(shape, &numbers, None)
        })
        .filter(|point| point.tia > 0.0)
        .collect();
    points.sort_by(|a, b| a.chi2.total_cmp(&b.chi2));
    let mut starts: Vec<Point> = Vec::new();
    for point in points {
        let apart = |other: &Point| other.numbers.iter().zip(&point.numbers).any(|(a, b)| (a - b).abs() > DIFFERENT);
        if starts.iter().all(apart) {
            starts.push(point);
            if starts.len() == STARTS {
                break;
            }
        }
    }
    let free = all(shape);
    starts.iter().map(|start| descend(shape, data, &start.numbers, &free, None)).min_by(|a, b| a.chi2.total_cmp(&b.chi2))
}

/// Numbers within this of an end are tried at the end.
const NEAR_THE_END: f64 = 2.0e-3;

/// Puts numbers that have come near an end onto it where that is no worse; returns the point and the numbers that stay free.
pub(super) fn settle(shape: &Shape, data: &Data, point: Point) -> (Point, Vec<usize>) {
    let (mut point, mut free) = (point, all(shape));
    for l in 0..shape.numbers() {
        let s = point.numbers[l];
        if s > NEAR_THE_END && s < 1.0 - NEAR_THE_END {
            continue;
        }
        let mut numbers = point.numbers.clone();
        numbers[l] = s.round();
        let others: Vec<usize> = free.iter().copied().filter(|&other| other != l).collect();
        let settled = descend(shape, data, &numbers, &others, None);
        if settled.chi2 <= point.chi2 * (1.0 + 1.0e-9) + 1.0e-18 {
            (point, free) = (settled, others);
        }
    }
    (point, free)
}
