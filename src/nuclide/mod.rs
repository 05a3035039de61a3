//! Nuclides: half-lives, decay chains and what each decay emits.

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
    /// Gamma rays, x-rays and annihilation photons.
    pub photons: Vec<Line>,
}
