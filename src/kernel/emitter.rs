//! What a kernel is the kernel of: a nuclide or a part of its radiations, particles of one energy, or a spectrum from a file.

use super::{Request, spectrum_file};
use crate::{
    error::{Error, Result},
    nuclide::{
        Chain, ChainMember, Continuum, Line, chain, find,
        spectrum::{EnergySampler, row},
    },
    physics::{
        berger_seltzer::Charge, constants::ELECTRON_MASS, electron_stopping::electron_stopping, interpolation::LogLogSpline, materials,
    },
    transport::{backend::Particle, tables::AlphaRanges},
    units::LOWEST_ELECTRON_ENERGY,
};

/// What kind of emitted particle energy goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Electrons and positrons, with the photons they make.
    Electron,
    /// Photons of the decay, with the electrons they set free.
    Photon,
    /// Alpha particles and recoil nuclei.
    Alpha,
}

impl Part {
    /// All parts, in the order of columns.
    pub const ALL: [Self; 3] = [Self::Electron, Self::Photon, Self::Alpha];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        ["electron", "photon", "alpha"][self as usize]
    }
}

/// Kinds of emitted particles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Radiation {
    /// Alpha particles.
    Alpha,
    /// Beta-minus, conversion and Auger electrons.
    Electron,
    /// Beta-plus.
    Positron,
    /// Gamma and x-rays.
    Photon,
}

impl Radiation {
    /// The part its energy counts in.
    pub fn part(self) -> Part {
        match self {
            Self::Alpha => Part::Alpha,
            Self::Electron | Self::Positron => Part::Electron,
            Self::Photon => Part::Photon,
        }
    }

    /// The transport's particle.
    pub fn particle(self) -> Particle {
        match self {
            Self::Alpha => Particle::Alpha,
            Self::Electron => Particle::Electron,
            Self::Positron => Particle::Positron,
            Self::Photon => Particle::Photon,
        }
    }

    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "alpha" => Self::Alpha,
            "electron" | "beta" | "beta-" => Self::Electron,
            "positron" | "beta+" => Self::Positron,
            "photon" | "gamma" | "x" => Self::Photon,
            _ => return None,
        })
    }

    /// Energies that the tables hold, MeV.
    fn energies(self) -> (f64, f64) {
        match self {
            Self::Alpha => (1.0e-3, 15.0),
            _ => (LOWEST_ELECTRON_ENERGY, 10.0),
        }
    }
}

/// Particles of one kind.
#[derive(Debug, Clone)]
pub struct Beam {
    /// Kind.
    pub radiation: Radiation,
    /// Energies; its intensity is the number per decay.
    pub sampler: EnergySampler,
}

impl Beam {
    /// MeV per decay; a positron brings the annihilation energy, 2 m c^2, with it.
    pub fn energy_per_decay(&self) -> f64 {
        let rest = if self.radiation == Radiation::Positron { 2.0 * ELECTRON_MASS } else { 0.0 };
        self.sampler.intensity() * (self.sampler.mean_energy() + rest)
    }

    /// Largest energy, MeV.
    pub fn highest(&self) -> f64 {
        let float = |r: &[u32; 8], word: usize| f64::from(f32::from_bits(r[word]));
        self.sampler.rows().iter().map(|r| float(r, row::LOWER_EDGE) + float(r, row::WIDTH)).fold(0.0, f64::max)
    }
}

/// A source of particles; a decay is one emission where it is no nuclide.
#[derive(Debug, Clone)]
pub struct Emitter {
    /// As it was asked for.
    pub name: String,
    /// What is transported.
    pub beams: Vec<Beam>,
    /// MeV per decay that stays where the decay is (recoil nuclei, electrons and photons below 1 keV), by part.
    pub local: [f64; 3],
    /// What a user must know, for the head of the table.
    pub notes: Vec<String>,
}

const GRAMMAR: &str = "expected a nuclide (Lu-177), a part of it (Lu-177:beta, :beta+, :ce, :auger, :electrons, :gamma, :x, :photons, :alpha), \
                       particles of one energy in MeV (electron:0.5, positron:0.5, photon:0.364, alpha:5.8), or spectrum:FILE";

impl Emitter {
    /// Reads what the command line says; `daughters`: a nuclide with its chain in equilibrium.
    ///
    /// # Errors
    /// If it is none of the forms, the nuclide is unknown or does not emit that, or the file is wrong.
    pub fn parse(text: &str, daughters: bool) -> Result<Self> {
        let (head, tail) = text.split_once(':').map_or((text, None), |(head, tail)| (head, Some(tail)));
        match (head, tail) {
            ("spectrum", Some(path)) => {
                let (radiation, spectrum) = spectrum_file::read(path)?;
                let sampler = EnergySampler::new(&[], &[spectrum]).ok_or_else(|| Error::input(format!("{path}: no particles")))?;
                Self::single(text, radiation, sampler)
            }
            ("electron" | "positron" | "photon" | "alpha", energy) => {
                let radiation = Radiation::of(head).ok_or_else(|| Error::input(GRAMMAR))?;
                let energy: f64 = energy
                    .and_then(|e| e.trim_end_matches("MeV").trim().parse().ok())
                    .ok_or_else(|| Error::input(format!("{text:?} has no energy; write {head}:0.5 for 0.5 MeV")))?;
                let sampler = EnergySampler::new(&[Line { energy, intensity: 1.0 }], &[]).ok_or_else(|| Error::input(GRAMMAR))?;
                Self::single(text, radiation, sampler)
            }
            (nuclide, part) => Self::nuclide(text, nuclide, part, daughters),
        }
    }

    /// Particles of one kind.
    fn single(name: &str, radiation: Radiation, sampler: EnergySampler) -> Result<Self> {
        let beam = Beam { radiation, sampler };
        let (low, high) = radiation.energies();
        let highest = beam.highest();
        if !(low..=high).contains(&highest) {
            return Err(Error::input(format!("{name}: {highest} MeV is outside the tables, which hold {low} to {high} MeV")));
        }
        Ok(Self { name: name.to_owned(), beams: vec![beam], local: [0.0; 3], notes: Vec::new() })
    }

    fn nuclide(text: &str, name: &str, part: Option<&str>, daughters: bool) -> Result<Self> {
        const PARTS: [&str; 9] = ["beta", "beta+", "ce", "auger", "electrons", "gamma", "x", "photons", "alpha"];
        if let Some(part) = part.filter(|part| !PARTS.contains(part)) {
            return Err(Error::input(format!("{text:?}: \"{part}\" is no part of a nuclide's radiation; {GRAMMAR}")));
        }
        let found = find(name).map_err(|error| Error::input(format!("{error}\n{GRAMMAR}")))?;
        let alone =
            || Chain { members: vec![ChainMember { nuclide: found, decays_per_parent: 1.0 }], excluded: Vec::new(), unassigned: 0.0 };
        let members = if daughters { chain(&found.name)? } else { alone() };
        let wanted = |parts: &[&str]| part.is_none_or(|part| parts.contains(&part));
        let mut emitter = Self { name: text.to_owned(), beams: Vec::new(), local: [0.0; 3], notes: Vec::new() };
        // Alphas, electrons, positrons, photons.
        let mut lines: [Vec<Line>; 4] = Default::default();
        let mut spectra: [Vec<Continuum>; 4] = Default::default();
        for member in &members.members {
            let (n, decays) = (member.nuclide, member.decays_per_parent);
            let scaled = |lines: &[Line]| lines.iter().map(|l| Line { intensity: l.intensity * decays, ..*l }).collect::<Vec<_>>();
            let lists = [
                (0, &["alpha"][..], &n.alphas),
                (1, &["ce", "electrons"], &n.conversion),
                (1, &["auger", "electrons"], &n.auger),
                (3, &["gamma", "photons"], &n.gammas),
                (3, &["x", "photons"], &n.xrays),
            ];
            for (kind, _, list) in lists.into_iter().filter(|(_, parts, _)| wanted(parts)) {
                let (above, below): (Vec<Line>, Vec<Line>) = scaled(list).into_iter().partition(|l| l.energy >= LOWEST_ELECTRON_ENERGY);
                let at = [Part::Alpha, Part::Electron, Part::Electron, Part::Photon][kind] as usize;
                emitter.local[at] += below.iter().map(|l| l.energy * l.intensity).sum::<f64>();
                lines[kind].extend(above);
            }
            if part.is_none() {
                emitter.local[Part::Alpha as usize] += scaled(&n.recoils()).iter().map(|l| l.energy * l.intensity).sum::<f64>();
            }
            if wanted(&["beta", "electrons"]) {
                spectra[1].extend(n.beta.iter().map(|c| c.scaled(decays)));
            }
            if wanted(&["beta+", "electrons"]) {
                spectra[2].extend(n.positron.iter().map(|c| c.scaled(decays)));
            }
        }
        let kinds = [Radiation::Alpha, Radiation::Electron, Radiation::Positron, Radiation::Photon];
        for ((radiation, lines), spectra) in kinds.into_iter().zip(&lines).zip(&spectra) {
            emitter.beams.extend(EnergySampler::new(lines, spectra).map(|sampler| Beam { radiation, sampler }));
        }
        if emitter.beams.is_empty() && emitter.local.iter().all(|&energy| energy == 0.0) {
            return Err(Error::input(format!(
                "{text:?}: {} emits none of that; `dosaic nuclides {}` shows what it emits",
                found.name, found.name
            )));
        }
        emitter.notes.push(if daughters {
            let names: Vec<String> = members.members.iter().map(|m| format!("{} {:.4}", m.nuclide.name, m.decays_per_parent)).collect();
            format!("chain in equilibrium, decays per decay of {}: {}", found.name, names.join(", "))
        } else {
            format!("{} without daughters", found.name)
        });
        emitter.notes.extend(members.excluded.iter().map(|e| format!("left out: {} ({:.2e} per decay)", e.name, e.fed_per_parent)));
        Ok(emitter)
    }

    /// MeV per decay, all parts together.
    pub fn energy_per_decay(&self) -> f64 {
        self.beams.iter().map(Beam::energy_per_decay).sum::<f64>() + self.local.iter().sum::<f64>()
    }

    /// Whether any of its radiation is of that part.
    pub fn has(&self, part: Part) -> bool {
        self.local[part as usize] > 0.0 || self.beams.iter().any(|b| b.radiation.part() == part)
    }

    /// CSDA range of its most energetic charged particles, cm; 0 without any.
    ///
    /// # Errors
    /// If the material lacks data.
    pub fn reach(&self, request: &Request) -> Result<f64> {
        let material = materials::require(&request.material)?;
        let density = request.density()?;
        let mut reach = 0.0f64;
        for beam in &self.beams {
            let range = match beam.radiation {
                Radiation::Photon => continue,
                Radiation::Alpha => AlphaRanges::new(&material, request.water)?.range(beam.highest()),
                Radiation::Electron | Radiation::Positron => {
                    let stopping = electron_stopping(&material, request.water)?;
                    LogLogSpline::new(&stopping.energy, &stopping.csda_range(Charge::Electron)).eval(beam.highest())
                }
            };
            reach = reach.max(range / density);
        }
        Ok(reach)
    }

    /// Lines for the head of a table.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![format!("emitter {}: {:.6} MeV per decay", self.name, self.energy_per_decay())];
        for beam in &self.beams {
            let sampler = &beam.sampler;
            remarks.push(format!(
                "{:?}: {:.6} per decay, mean energy {:.6} MeV, at most {:.4} MeV",
                beam.radiation,
                sampler.intensity(),
                sampler.mean_energy(),
                beam.highest()
            ));
        }
        for part in Part::ALL.into_iter().filter(|&part| self.local[part as usize] > 0.0) {
            let what = if part == Part::Alpha { "recoil nuclei" } else { "below 1 keV" };
            remarks.push(format!(
                "{what}, deposited where they are emitted: {:.6} MeV per decay ({} part)",
                self.local[part as usize],
                part.name()
            ));
        }
        remarks.extend(self.notes.iter().cloned());
        remarks
    }
}
