//! Nuclides: half-lives, decay chains and what each decay emits.
//!
//! [`nuclide`] looks one up in the table the program carries ([`table`]), [`chain()`] says how often each chain member decays per decay
//! of the parent, [`ChainInTime`] when, [`emissions()`] adds up what they all emit, and [`spectrum::EnergySampler`] turns lines and
//! spectra into the table the transport kernels draw energies from. The data and their weak points: `data/README.md` beside the table;
//! methods: `docs/methods/nuclides.md`.

pub mod bateman;
pub mod chain;
mod course;
pub mod describe;
mod emissions;
pub mod icrp107;
mod name;
mod show;
pub mod spectrum;
pub mod table;
mod triangle;

pub use bateman::{ChainInTime, Propagator};
pub use chain::{Chain, ChainMember, Excluded, branching_to, chain};
pub use course::course;
pub use describe::{describe, list};
pub use emissions::{ChainEmissions, MemberEmissions, emissions};
pub use table::{Nuclide, find, nuclide};

/// A line: energy in MeV and number per decay.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Line {
    /// MeV.
    pub energy: f64,
    /// Per decay.
    pub intensity: f64,
}

/// A continuous spectrum: dN/dE per MeV and decay, piecewise linear between `energy` (MeV, ascending), normalised to `intensity` per decay.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Continuum {
    /// MeV, ascending, first point may be 0.
    pub energy: Vec<f64>,
    /// Per MeV and decay.
    pub density: Vec<f64>,
    /// Particles per decay (the integral of `density`).
    pub intensity: f64,
}

impl Continuum {
    /// Energy emitted per decay, MeV: the exact integral of E dN/dE of the piecewise linear density.
    pub fn energy_per_decay(&self) -> f64 {
        self.moment(|e0, e1, p0, p1| (e1 - e0) * (p0 * (2.0 * e0 + e1) + p1 * (2.0 * e1 + e0)) / 6.0)
    }

    /// Particles per decay: the exact integral of dN/dE.
    pub fn integral(&self) -> f64 {
        self.moment(|e0, e1, p0, p1| 0.5 * (e1 - e0) * (p0 + p1))
    }

    /// Mean energy of a particle, MeV; 0 for a spectrum without particles.
    pub fn mean_energy(&self) -> f64 {
        if self.intensity > 0.0 { self.energy_per_decay() / self.intensity } else { 0.0 }
    }

    /// Largest energy, MeV; 0 for an empty spectrum.
    pub fn end_point(&self) -> f64 {
        self.energy.last().copied().unwrap_or(0.0)
    }

    /// The same shape with every density and the intensity times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self { energy: self.energy.clone(), density: self.density.iter().map(|p| p * factor).collect(), intensity: self.intensity * factor }
    }

    fn moment(&self, piece: impl Fn(f64, f64, f64, f64) -> f64) -> f64 {
        self.energy.windows(2).zip(self.density.windows(2)).map(|(e, p)| piece(e[0], e[1], p[0], p[1])).sum()
    }
}

/// Everything emitted per decay of a parent, chain members in equilibrium included, by what the transport does with it.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Emissions {
    /// Alpha particles.
    pub alphas: Vec<Line>,
    /// Recoil nuclei after alpha decay.
    pub recoils: Vec<Line>,
    /// Conversion and Auger electrons.
    pub electrons: Vec<Line>,
    /// beta-minus spectra.
    pub betas: Vec<Continuum>,
    /// beta-plus spectra.
    pub positrons: Vec<Continuum>,
    /// Gamma rays and x-rays.
    pub photons: Vec<Line>,
    /// Annihilation photons of the `positrons`. Apart from `photons`, because a transported positron makes its own where it stops.
    pub annihilation: Vec<Line>,
}
