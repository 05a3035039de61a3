//! Form factors and incoherent scattering functions per element over x = sin(theta/2)/lambda.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use crate::physics::table::{numbers, rows};

/// Last tabulated element; heavier ones take its shape.
const LAST: u8 = 92;

/// F/Z and S/Z of an element at the nodes of [`grid`].
#[derive(Debug)]
pub(super) struct Element {
    form: Vec<f64>,
    scattering: Vec<f64>,
}

/// Whether element `z` has a table of its own.
pub(super) fn tabulated(z: u8) -> bool {
    table().elements.contains_key(&z)
}

/// The element `z`, 1 to 100: between tabulated ones F/Z and S/Z on a line in ln Z, above uranium those of uranium.
pub(super) fn element(z: u8) -> &'static Element {
    static ELEMENTS: [OnceLock<Element>; 101] = [const { OnceLock::new() }; 101];
    ELEMENTS[usize::from(z)].get_or_init(|| {
        let elements = &table().elements;
        let z = z.min(LAST);
        let (below, low) = elements.range(..=z).next_back().expect("hydrogen is tabulated");
        let (above, high) = elements.range(z..).next().expect("uranium is tabulated");
        let share =
            if above > below { (f64::from(z) / f64::from(*below)).ln() / (f64::from(*above) / f64::from(*below)).ln() } else { 0.0 };
        let between = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + (b - a) * share).collect();
        Element { form: between(&low.form, &high.form), scattering: between(&low.scattering, &high.scattering) }
    })
}

impl Element {
    /// F(x)/Z; beyond the table it falls with x^-4.
    pub(super) fn form(&self, place: &Place) -> f64 {
        match *place {
            Place::Origin(square) => 1.0 - (1.0 - self.form[1]) * square,
            Place::Between(node, share) => self.form[node] * (self.form[node + 1] / self.form[node]).powf(share),
            Place::Beyond(ratio) => self.form[self.form.len() - 1] * ratio.powi(-4),
        }
    }

    /// S(x)/Z; 1 beyond the table.
    pub(super) fn scattering(&self, place: &Place) -> f64 {
        match *place {
            Place::Origin(square) => self.scattering[1] * square,
            Place::Between(node, share) => self.scattering[node] * (self.scattering[node + 1] / self.scattering[node]).powf(share),
            Place::Beyond(_) => 1.0,
        }
    }
}

/// Where an x lies in the tables: the same for all elements.
pub(super) enum Place {
    /// Below the first node above zero: (x / x1)^2.
    Origin(f64),
    /// Node, and share of the way to the next in ln x.
    Between(usize, f64),
    /// Above the last node: x / x_last.
    Beyond(f64),
}

impl Place {
    pub(super) fn new(x: f64) -> Self {
        let grid = &table().x;
        let last = grid[grid.len() - 1];
        if x >= last {
            return Self::Beyond(x / last);
        }
        let after = grid.partition_point(|&v| v <= x);
        if after <= 1 {
            return Self::Origin((x / grid[1]).powi(2));
        }
        Self::Between(after - 1, (x / grid[after - 1]).ln() / (grid[after] / grid[after - 1]).ln())
    }
}

struct Table {
    /// 0, then ascending, 1/Angstrom.
    x: Vec<f64>,
    elements: BTreeMap<u8, Element>,
}

fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let (x, form) = read(include_str!("../data/photon/form_factors.csv"));
        let (other, scattering) = read(include_str!("../data/photon/scattering_functions.csv"));
        assert_eq!(x, other, "both tables have one grid");
        let elements = form
            .into_iter()
            .zip(scattering)
            .map(|((z, form), (same, scattering))| {
                assert_eq!(z, same, "both tables have the same elements");
                let scale = 1.0 / f64::from(z);
                let form = with_tail(&x, form.iter().map(|f| f * scale).collect());
                (z, Element { form, scattering: scattering.iter().map(|s| (s * scale).min(1.0)).collect() })
            })
            .collect();
        Table { x, elements }
    });
    &TABLE
}

fn read(text: &'static str) -> (Vec<f64>, Vec<(u8, Vec<f64>)>) {
    let mut lines = rows(text);
    let x = numbers(&lines.next().expect("a header"), 1);
    (x, lines.map(|row| (row[0].parse().expect("an atomic number"), numbers(&row, 1))).collect())
}

/// Below 1e-5 the source's interpolation is noise: from there F falls with x^-4, as for hydrogen.
fn with_tail(x: &[f64], mut form: Vec<f64>) -> Vec<f64> {
    let end = form.iter().position(|f| *f < 1e-5).unwrap_or(form.len());
    for k in end..form.len() {
        form[k] = form[end - 1] * (x[end - 1] / x[k]).powi(4);
    }
    form
}
