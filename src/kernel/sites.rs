//! Places of decays and doses in a cell: nucleus, cytoplasm, surface.

use super::{
    Emitter,
    chords::{Shape, Source, mean_chance},
    score::Estimate,
};
use crate::{
    error::{Error, Result},
    units::GY_PER_MEV_PER_G,
};

/// cm per um.
pub(super) const CM: f64 = 1.0e-4;
/// Thinnest nucleus or cytoplasm, um: electrons are absorbed at 1 keV, which still reach 0.06 um.
const THINNEST: f64 = 0.5;
/// Largest cell, um.
const LARGEST: f64 = 1000.0;

/// A cell with a nucleus in its middle, radii in um.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    pub(super) radius: f64,
    pub(super) nucleus: f64,
}

/// Where in a cell a decay is, or the dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// The whole cell, uniformly.
    Cell,
    /// Its surface.
    Surface,
    /// The nucleus.
    Nucleus,
    /// What lies between nucleus and surface.
    Cytoplasm,
}

impl Site {
    /// As in the literature: C, CS, N, Cy.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Cell => "C",
            Self::Surface => "CS",
            Self::Nucleus => "N",
            Self::Cytoplasm => "Cy",
        }
    }
}

/// Targets with their sources, in the order of rows: C<-C, C<-CS, N<-N, N<-Cy, N<-CS, Cy<-N.
pub const PAIRS: [(Site, Site); 6] = [
    (Site::Cell, Site::Cell),
    (Site::Cell, Site::Surface),
    (Site::Nucleus, Site::Nucleus),
    (Site::Nucleus, Site::Cytoplasm),
    (Site::Nucleus, Site::Surface),
    (Site::Cytoplasm, Site::Nucleus),
];

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} um", self.radius, self.nucleus)
    }
}

impl Cell {
    /// A cell of these radii, um.
    ///
    /// # Errors
    /// If the nucleus does not fit, or a part is thinner than what 1-keV electrons allow.
    pub fn new(radius: f64, nucleus: f64) -> Result<Self> {
        let cell = Self { radius, nucleus };
        if cell.thinnest() >= THINNEST && radius <= LARGEST {
            return Ok(cell);
        }
        Err(Error::input(format!(
            "a cell of radius {radius} um with a nucleus of {nucleus} um; expected a cell of at most {LARGEST} um, and nucleus and cytoplasm \
             at least {THINNEST} um thick (electrons are followed down to 1 keV, which still reach 0.06 um)"
        )))
    }

    /// Thickness of the thinner of nucleus and cytoplasm, um; no number if there is none.
    pub(super) fn thinnest(self) -> f64 {
        if self.radius.is_finite() { self.nucleus.min(self.radius - self.nucleus) } else { f64::NAN }
    }

    /// Share of the cell's volume that the nucleus has.
    pub(super) fn share(self) -> f64 {
        (self.nucleus / self.radius).powi(3)
    }

    /// Gy per MeV in a target, at `density` g/cm3.
    pub fn gray_per_mev(self, target: Site, density: f64) -> f64 {
        let ball = |um: f64| 4.0 / 3.0 * std::f64::consts::PI * (CM * um).powi(3) * density;
        let mass = match target {
            Site::Nucleus => ball(self.nucleus),
            Site::Cytoplasm => ball(self.radius) - ball(self.nucleus),
            Site::Cell | Site::Surface => ball(self.radius),
        };
        GY_PER_MEV_PER_G / mass
    }

    /// Shortest and longest distance (um) between two points of cells whose centres are `distance` apart; 0: of the cell itself.
    pub fn span(self, distance: f64) -> (f64, f64) {
        ((distance - 2.0 * self.radius).max(0.0), distance + 2.0 * self.radius)
    }

    /// The chance that a point `low` to `high` um from a point of the source, in a cell whose centre is `distance` um away (0: the cell itself),
    /// lies in the target.
    pub fn chance(self, (target, source): (Site, Site), distance: f64, low: f64, high: f64) -> f64 {
        let shape = match source {
            Site::Cell => Shape::Ball(self.radius),
            Site::Surface => Shape::Sphere(self.radius),
            Site::Nucleus => Shape::Ball(self.nucleus),
            Site::Cytoplasm => Shape::Shell(self.nucleus, self.radius),
        };
        let to = |ball: f64| mean_chance(Source { shape, distance }, ball, low, high);
        match target {
            Site::Nucleus => to(self.nucleus),
            Site::Cytoplasm => to(self.radius) - to(self.nucleus),
            Site::Cell | Site::Surface => to(self.radius),
        }
    }
}

/// What is deposited where it is emitted; of the surface half of it inside.
pub(super) fn local(emitter: &Emitter, cell: Cell, density: f64) -> [[Estimate; 6]; 3] {
    emitter.local.map(|energy| {
        PAIRS.map(|(target, source)| {
            let share = match (target, source) {
                (_, Site::Surface) => {
                    if target == Site::Cell {
                        0.5
                    } else {
                        0.0
                    }
                }
                _ => f64::from(u8::from(target == source)),
            };
            Estimate { mean: share * energy * cell.gray_per_mev(target, density), sigma: 0.0 }
        })
    })
}
