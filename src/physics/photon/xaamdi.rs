//! NIST's mass attenuation and energy-absorption coefficients of the elements 1 to 92 (XAAMDI), piecewise between absorption edges.

use std::sync::LazyLock;

use crate::physics::{
    interpolation::{LogLogSpline, interpolate_loglog},
    table::{numbers, rows},
};

/// Coefficients of one element, cm2/g.
#[derive(Debug)]
pub(super) struct Element {
    /// Between edges.
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    energy: Vec<f64>,
    columns: [Vec<f64>; 2],
    splines: Option<[LogLogSpline; 2]>,
}

impl Piece {
    /// Cubic in log-log where four points allow it.
    fn new(points: &[Vec<f64>]) -> Self {
        let column = |k: usize| points.iter().map(|row| row[k]).collect::<Vec<f64>>();
        let (energy, columns) = (column(1), [column(2), column(3)]);
        let splines = (points.len() >= 4).then(|| columns.each_ref().map(|c| LogLogSpline::new(&energy, c)));
        Self { energy, columns, splines }
    }

    fn at(&self, e: f64, column: usize) -> f64 {
        match &self.splines {
            Some(splines) => splines[column].eval(e),
            None => interpolate_loglog(e, &self.energy, &self.columns[column]),
        }
    }
}

impl Element {
    /// The piece that `e` lies in; at an edge the one above it, or below if `below`.
    fn piece(&self, e: f64, below: bool) -> &Piece {
        let after = self.pieces.partition_point(|piece| if below { piece.energy[0] < e } else { piece.energy[0] <= e });
        &self.pieces[after.max(1) - 1]
    }

    /// mu/rho at `e` MeV.
    pub(super) fn attenuation(&self, e: f64, below: bool) -> f64 {
        self.piece(e, below).at(e, 0)
    }

    /// mu_en/rho at `e` MeV, above an edge if there is one.
    pub(super) fn energy_absorption(&self, e: f64) -> f64 {
        self.piece(e, false).at(e, 1)
    }

    /// Absorption edges, MeV, ascending.
    pub(super) fn edges(&self) -> impl Iterator<Item = f64> {
        self.pieces.iter().skip(1).map(|piece| piece.energy[0])
    }
}

/// The element `z`; none above uranium.
pub(super) fn element(z: u8) -> Option<&'static Element> {
    static ELEMENTS: LazyLock<Vec<Element>> = LazyLock::new(|| {
        let table: Vec<Vec<f64>> = rows(include_str!("../data/photon/xaamdi.csv")).skip(1).map(|row| numbers(&row, 0)).collect();
        table
            .chunk_by(|a, b| a[0] == b[0])
            .map(|own| Element { pieces: own.chunk_by(|a, b| a[1] < b[1]).map(Piece::new).collect() })
            .collect()
    });
    ELEMENTS.get(usize::from(z.wrapping_sub(1)))
}
