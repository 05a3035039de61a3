//! XCOM cross sections of an element, on one grid of energies with its absorption edges.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use super::xaamdi;
use crate::physics::{
    constants::{AVOGADRO, ELECTRON_MASS},
    elements,
    table::{numbers, rows},
};

/// Interaction processes.
pub(super) const PROCESSES: usize = 5;
pub(super) const COHERENT: usize = 0;
pub(super) const INCOHERENT: usize = 1;
pub(super) const PHOTOELECTRIC: usize = 2;
pub(super) const PAIR: usize = 3;
pub(super) const TRIPLET: usize = 4;

/// Threshold of a process, MeV; zero if there is none.
pub(super) const fn threshold(process: usize) -> f64 {
    match process {
        PAIR => 2.0 * ELECTRON_MASS,
        TRIPLET => 4.0 * ELECTRON_MASS,
        _ => 0.0,
    }
}

/// (1 - threshold / e)^3: what a cross section is divided by before it is interpolated, as XCOM does it; zero below the threshold.
pub(super) fn rise(process: usize, e: f64) -> f64 {
    (1.0 - threshold(process) / e).max(0.0).powi(3)
}

/// Curves over energy with edges: an energy that stands twice is an edge, with the values below and above it.
#[derive(Debug)]
pub(super) struct Curves {
    /// MeV, ascending.
    pub(super) energy: Vec<f64>,
    ln_energy: Vec<f64>,
    /// Logarithms of the curves divided by [`rise`]; minus infinity where there is nothing.
    ln_reduced: [Vec<f64>; PROCESSES],
}

impl Curves {
    /// From cross sections at energies in any unit.
    pub(super) fn new(energy: Vec<f64>, values: [Vec<f64>; PROCESSES]) -> Self {
        let mut process = 0;
        let ln_reduced = values.map(|column| {
            let reduced = column.iter().zip(&energy).map(|(v, &e)| if *v > 0.0 { (v / rise(process, e)).ln() } else { f64::NEG_INFINITY });
            let reduced = reduced.collect();
            process += 1;
            reduced
        });
        Self { ln_energy: energy.iter().map(|e| e.ln()).collect(), energy, ln_reduced }
    }

    /// All processes at `e` MeV, on lines in log-log; at an edge the values above it, or below if `below`.
    ///
    /// Beyond the table along the last line.
    pub(super) fn at(&self, e: f64, below: bool) -> [f64; PROCESSES] {
        let after = self.energy.partition_point(|&x| if below { x < e } else { x <= e }).clamp(1, self.energy.len() - 1);
        let (x0, x1) = (self.ln_energy[after - 1], self.ln_energy[after]);
        let share = (e.ln() - x0) / (x1 - x0);
        std::array::from_fn(|process| {
            let rise = rise(process, e);
            let (a, b) = (self.ln_reduced[process][after - 1], self.ln_reduced[process][after]);
            if rise == 0.0 || b == f64::NEG_INFINITY {
                0.0
            } else if a == f64::NEG_INFINITY {
                // Between threshold and first point the reduced cross section is nearly constant.
                b.exp() * rise
            } else {
                (a + (b - a) * share).exp() * rise
            }
        })
    }
}

/// Cross sections of an element, barn per atom.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) curves: Curves,
    /// Absorption edges, MeV, ascending; the last is the K edge if that is above 1 keV.
    pub(super) edges: Vec<f64>,
}

/// Whether element `z` has a table of its own.
pub(super) fn tabulated(z: u8) -> bool {
    table().elements.contains_key(&z)
}

/// The element `z`; none above uranium.
///
/// Where XCOM's table is lacking: scattering and pair cross sections on a line between neighbouring elements in ln sigma over ln Z; photoelectric what
/// XAAMDI's total leaves, where that is most of the total, else interpolated in the same way and continued from there.
pub(super) fn element(z: u8) -> Option<&'static Element> {
    static ELEMENTS: [OnceLock<Element>; 93] = [const { OnceLock::new() }; 93];
    let slot = ELEMENTS.get(usize::from(z)).filter(|_| z > 0)?;
    Some(slot.get_or_init(|| table().elements.get(&z).map_or_else(|| fill(z), build)))
}

struct Table {
    energy: Vec<f64>,
    elements: BTreeMap<u8, Row>,
}

#[derive(Default)]
struct Row {
    values: Vec<Vec<f64>>,
    /// Energy, coherent, incoherent, photoelectric below, photoelectric above.
    edges: Vec<Vec<f64>>,
}

fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let mut lines = rows(include_str!("../data/photon/xcom.csv"));
        let energy = numbers(&lines.next().expect("a header"), 2);
        let mut elements: BTreeMap<u8, Row> = BTreeMap::new();
        for fields in lines {
            let row = elements.entry(fields[0].parse().expect("an atomic number")).or_default();
            let target = if fields[1] == "e" { &mut row.edges } else { &mut row.values };
            target.push(numbers(&fields, 2));
        }
        assert!(elements.values().all(|row| row.values.len() == PROCESSES), "five processes per element");
        Table { energy, elements }
    });
    &TABLE
}

fn build(row: &Row) -> Element {
    let mut points: Vec<(f64, [f64; PROCESSES])> =
        table().energy.iter().enumerate().map(|(k, &e)| (e, std::array::from_fn(|process| row.values[process][k]))).collect();
    for edge in &row.edges {
        let at = points.partition_point(|(e, _)| *e < edge[0]);
        let above = [edge[1], edge[2], edge[4], 0.0, 0.0];
        points.splice(at..at, [(edge[0], [edge[1], edge[2], edge[3], 0.0, 0.0]), (edge[0], above)]);
    }
    Element { curves: curves(&points), edges: row.edges.iter().map(|edge| edge[0]).collect() }
}

fn curves(points: &[(f64, [f64; PROCESSES])]) -> Curves {
    Curves::new(points.iter().map(|p| p.0).collect(), std::array::from_fn(|process| points.iter().map(|p| p.1[process]).collect()))
}

/// An element without a table, from its neighbours and XAAMDI.
fn fill(z: u8) -> Element {
    let (low, high) = neighbours(z);
    let share = ((f64::from(z) / f64::from(low)).ln()) / (f64::from(high) / f64::from(low)).ln();
    let (a, b) = (element(low).expect("tabulated"), element(high).expect("tabulated"));
    let total = xaamdi::element(z).expect("XAAMDI has the elements up to uranium");
    let barn = elements::element(z).a / AVOGADRO * 1e24;
    // Every energy once, edges twice: (energy, below).
    let mut places: Vec<(f64, bool)> = table().energy.iter().map(|&e| (e, false)).collect();
    for edge in total.edges() {
        let at = places.partition_point(|(e, _)| *e < edge);
        places.splice(at..at, [(edge, true), (edge, false)]);
    }
    let mut points: Vec<(f64, [f64; PROCESSES])> = Vec::with_capacity(places.len());
    // Factor on the interpolated photoelectric cross section where the total no longer determines it.
    let mut factor = 1.0;
    for (e, below) in places {
        let (x, y) = (a.curves.at(e, below), b.curves.at(e, below));
        let mut values: [f64; PROCESSES] =
            std::array::from_fn(|k| if x[k] > 0.0 && y[k] > 0.0 { x[k].powf(1.0 - share) * y[k].powf(share) } else { 0.0 });
        let whole = total.attenuation(e, below) * barn;
        let left = whole - values[COHERENT] - values[INCOHERENT] - values[PAIR] - values[TRIPLET];
        if left > 0.5 * whole {
            factor = left / values[PHOTOELECTRIC];
            values[PHOTOELECTRIC] = left;
        } else {
            values[PHOTOELECTRIC] *= factor;
        }
        points.push((e, values));
    }
    Element { curves: curves(&points), edges: total.edges().collect() }
}

/// Nearest tabulated elements below and above; uranium and hydrogen are tabulated.
fn neighbours(z: u8) -> (u8, u8) {
    let elements = &table().elements;
    let low = elements.range(..z).next_back().expect("hydrogen is tabulated");
    let high = elements.range(z + 1..).next().expect("uranium is tabulated");
    (*low.0, *high.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The route for elements without a table, tried on those that have one.
    #[test]
    fn filled_elements_resemble_their_tables() {
        let mut worst = [0.0f64; 3];
        for z in [21u8, 25, 28, 39, 50, 57, 74, 80] {
            let own = element(z).expect("tabulated");
            let filled = fill(z);
            for e in [0.002, 0.01, 0.03, 0.06, 0.1, 0.3, 1.0, 3.0, 10.0] {
                let (x, y) = (own.curves.at(e, false), filled.curves.at(e, false));
                let sum = |v: &[f64; PROCESSES]| v.iter().sum::<f64>();
                let deviations = [y[PHOTOELECTRIC] / x[PHOTOELECTRIC] - 1.0, y[INCOHERENT] / x[INCOHERENT] - 1.0, sum(&y) / sum(&x) - 1.0];
                for (w, d) in worst.iter_mut().zip(deviations) {
                    *w = w.max(d.abs());
                }
                assert!(deviations[0].abs() < 0.05, "photoelectric, Z {z}, {e} MeV: {deviations:?}");
                assert!(deviations[2].abs() < 0.02, "total, Z {z}, {e} MeV: {deviations:?}");
            }
        }
        eprintln!("filled elements: photoelectric {:.4}, incoherent {:.4}, total {:.4} at worst", worst[0], worst[1], worst[2]);
    }

    #[test]
    fn reduced_pair_cross_sections_vanish_at_their_thresholds() {
        let oxygen = element(8).expect("tabulated");
        assert_eq!(oxygen.curves.at(1.0219, false)[PAIR], 0.0);
        let (near, far) = (oxygen.curves.at(1.03, false)[PAIR], oxygen.curves.at(1.06102, false)[PAIR]);
        assert!((far / 4.1706e-6 - 1.0).abs() < 1e-9);
        // Cubic rise: (0.00778 / 0.03678)^3 of the first point.
        assert!((near / far - (rise(PAIR, 1.03) / rise(PAIR, 1.06102))).abs() < 1e-9 && near < 0.02 * far);
        assert_eq!(oxygen.curves.at(2.0, false)[TRIPLET], 0.0);
        assert!(oxygen.curves.at(2.1, false)[TRIPLET] > 0.0);
        assert!(element(93).is_none() && element(0).is_none());
    }
}
