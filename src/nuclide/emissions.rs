//! What a nuclide and its chain emit per decay of the parent, as the transport wants it.

use super::chain::{Chain, ChainMember, Excluded, chain};
use super::table::{Nuclide, find, line_energy};
use super::{Continuum, Emissions, Line};
use crate::error::Result;

/// Particles of one kind: how many per decay, and their energy.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Yield {
    /// Particles per decay.
    pub number: f64,
    /// MeV per decay.
    pub energy: f64,
}

impl Yield {
    /// Mean energy of a particle, MeV; 0 where there are none.
    pub fn mean_energy(&self) -> f64 {
        if self.number > 0.0 { self.energy / self.number } else { 0.0 }
    }

    fn of_lines(lines: &[Line]) -> Self {
        Self { number: lines.iter().fold(0.0, |sum, l| sum + l.intensity), energy: line_energy(lines) }
    }

    fn of_continua(continua: &[Continuum]) -> Self {
        Self {
            number: continua.iter().fold(0.0, |sum, c| sum + c.intensity),
            energy: continua.iter().fold(0.0, |sum, c| sum + c.energy_per_decay()),
        }
    }
}

/// [`Yield`] of every kind of radiation in an [`Emissions`], per the same decay.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Yields {
    /// Alpha particles.
    pub alpha: Yield,
    /// Recoil nuclei.
    pub recoil: Yield,
    /// Conversion and Auger electrons.
    pub electron: Yield,
    /// Beta-minus particles.
    pub beta: Yield,
    /// Positrons.
    pub positron: Yield,
    /// Gamma rays and x-rays.
    pub photon: Yield,
    /// Annihilation photons.
    pub annihilation: Yield,
}

impl Yields {
    /// Energy of all electrons (beta-minus, positrons, conversion and Auger), MeV per decay.
    pub fn electron_energy(&self) -> f64 {
        self.electron.energy + self.beta.energy + self.positron.energy
    }

    /// Energy of everything, MeV per decay; annihilation photons and recoils included.
    pub fn total_energy(&self) -> f64 {
        self.alpha.energy + self.recoil.energy + self.electron_energy() + self.photon.energy + self.annihilation.energy
    }
}

impl Emissions {
    /// What one decay of the nuclide itself emits.
    pub fn of(nuclide: &Nuclide) -> Self {
        Self {
            alphas: nuclide.alphas.clone(),
            recoils: nuclide.recoils(),
            electrons: merged(&nuclide.conversion, &nuclide.auger),
            betas: nuclide.beta.iter().cloned().collect(),
            positrons: nuclide.positron.iter().cloned().collect(),
            photons: merged(&nuclide.gammas, &nuclide.xrays),
            annihilation: nuclide.annihilation.clone(),
        }
    }

    /// The same radiations with every intensity times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let lines = |l: &[Line]| l.iter().map(|l| Line { intensity: l.intensity * factor, ..*l }).collect();
        let continua = |c: &[Continuum]| c.iter().map(|c| c.scaled(factor)).collect();
        Self {
            alphas: lines(&self.alphas),
            recoils: lines(&self.recoils),
            electrons: lines(&self.electrons),
            betas: continua(&self.betas),
            positrons: continua(&self.positrons),
            photons: lines(&self.photons),
            annihilation: lines(&self.annihilation),
        }
    }

    /// Adds the radiations of `other`; lines stay in ascending energy.
    pub fn add(&mut self, other: &Self) {
        self.alphas = merged(&self.alphas, &other.alphas);
        self.recoils = merged(&self.recoils, &other.recoils);
        self.electrons = merged(&self.electrons, &other.electrons);
        self.photons = merged(&self.photons, &other.photons);
        self.annihilation = merged(&self.annihilation, &other.annihilation);
        self.betas.extend_from_slice(&other.betas);
        self.positrons.extend_from_slice(&other.positrons);
    }

    /// Number and energy per decay of each kind of radiation.
    pub fn yields(&self) -> Yields {
        Yields {
            alpha: Yield::of_lines(&self.alphas),
            recoil: Yield::of_lines(&self.recoils),
            electron: Yield::of_lines(&self.electrons),
            beta: Yield::of_continua(&self.betas),
            positron: Yield::of_continua(&self.positrons),
            photon: Yield::of_lines(&self.photons),
            annihilation: Yield::of_lines(&self.annihilation),
        }
    }

    /// The conversion and Auger lines of at least `cut` MeV, and the yield of those below it, which deposit where they are emitted.
    ///
    /// Sampling dozens of sub-keV Auger electrons per decay to deposit each on the spot would cost time and change no dose.
    pub fn electrons_above(&self, cut: f64) -> (Vec<Line>, Yield) {
        above(&self.electrons, cut)
    }

    /// The gamma and x-ray lines of at least `cut` MeV, and the yield of those below it.
    pub fn photons_above(&self, cut: f64) -> (Vec<Line>, Yield) {
        above(&self.photons, cut)
    }
}

fn above(lines: &[Line], cut: f64) -> (Vec<Line>, Yield) {
    let (above, below): (Vec<Line>, Vec<Line>) = lines.iter().partition(|l| l.energy >= cut);
    (above, Yield::of_lines(&below))
}

/// Both lists together in ascending energy.
fn merged(a: &[Line], b: &[Line]) -> Vec<Line> {
    let mut lines = [a, b].concat();
    lines.sort_by(|a, b| a.energy.total_cmp(&b.energy));
    lines
}

/// One chain member's share of the emissions.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MemberEmissions {
    /// Such as "Bi-213".
    pub name: String,
    /// Seconds.
    pub half_life_s: f64,
    /// Its decays per decay of the parent.
    pub decays_per_parent: f64,
    /// What its decays emit, per decay of the parent.
    pub emissions: Emissions,
    /// Number and energy of them, per decay of the parent.
    pub yields: Yields,
}

impl MemberEmissions {
    fn of(member: &ChainMember) -> Self {
        let emissions = Emissions::of(member.nuclide).scaled(member.decays_per_parent);
        Self {
            name: member.nuclide.name.clone(),
            half_life_s: member.nuclide.half_life_s,
            decays_per_parent: member.decays_per_parent,
            yields: emissions.yields(),
            emissions,
        }
    }
}

/// Emissions per decay of a parent, kept apart by chain member and added up.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ChainEmissions {
    /// Such as "Ac-225".
    pub parent: String,
    /// The parent first.
    pub members: Vec<MemberEmissions>,
    /// All members together, per decay of the parent.
    pub total: Emissions,
    /// Radioactive daughters that do not count, and why.
    pub excluded: Vec<Excluded>,
    /// Decays per parent decay that the evaluations assign to no daughter.
    pub unassigned: f64,
}

impl ChainEmissions {
    /// Number and energy per decay of the parent, all members together.
    pub fn yields(&self) -> Yields {
        self.total.yields()
    }
}

impl From<&Chain> for ChainEmissions {
    fn from(chain: &Chain) -> Self {
        let members: Vec<_> = chain.members.iter().map(MemberEmissions::of).collect();
        let mut total = Emissions::default();
        for member in &members {
            total.add(&member.emissions);
        }
        Self {
            parent: members.first().map(|m| m.name.clone()).unwrap_or_default(),
            members,
            total,
            excluded: chain.excluded.clone(),
            unassigned: chain.unassigned,
        }
    }
}

/// What a decay of `name` emits: alone, or (`daughters`) with its chain in equilibrium. An unknown name is an input error with suggestions.
pub fn emissions(name: &str, daughters: bool) -> Result<ChainEmissions> {
    if daughters {
        return Ok(ChainEmissions::from(&chain(name)?));
    }
    let parent = ChainMember { nuclide: find(name)?, decays_per_parent: 1.0 };
    Ok(ChainEmissions::from(&Chain { members: vec![parent], excluded: Vec::new(), unassigned: 0.0 }))
}
