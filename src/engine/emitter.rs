//! What a decay emits, sorted by what the transport does with it.

use crate::{
    dose::component::{LetClass, LocalDeposit},
    error::Result,
    nuclide::{Emissions, spectrum::EnergySampler},
    physics::{
        berger_seltzer::Charge,
        electron_stopping::electron_stopping,
        interpolation::{LogLogSpline, cumulative_integral, interpolate_log},
        materials,
    },
    plan::{PhotonMode, TransportPlan, WaterData},
    report::{provenance::sha256_hex, summary::EnergyPerDecay},
    source::DecayGroup,
    transport::{
        backend::{Particle, Settings},
        tables::TableOptions,
    },
    units::{LOWEST_ELECTRON_ENERGY, LOWEST_PHOTON_ENERGY},
};

/// One kind of particle that is transported.
#[derive(Debug, Clone)]
pub struct Beam {
    /// What is emitted.
    pub particle: Particle,
    /// Quality of its dose.
    pub class: LetClass,
    /// Energies; its intensity is the number of particles per decay of the parent.
    pub sampler: EnergySampler,
}

impl Beam {
    /// Energy per decay of the parent, MeV.
    pub fn energy_per_decay(&self) -> f64 {
        self.sampler.intensity() * self.sampler.mean_energy()
    }
}

/// A decay group: a chain member with what decays together with it.
#[derive(Debug, Clone)]
pub struct Emitter {
    /// Name.
    pub name: String,
    /// Transported particles.
    pub beams: Vec<Beam>,
    /// Energy deposited where the decay is.
    pub local: Vec<LocalDeposit>,
    /// Energy that does not reach the dose, or reaches it in a simplified way.
    pub simplified: Vec<EnergyPerDecay>,
}

impl Emitter {
    /// Sorts the emissions of a decay group, per decay of its head.
    ///
    /// # Errors
    /// If the nuclide is unknown, or emits nothing that is transported.
    pub fn new(group: &DecayGroup, transport: &TransportPlan) -> Result<Self> {
        let mut total = Emissions::default();
        for (member, decays) in &group.members {
            total.add(&Emissions::of(member).scaled(*decays));
        }
        let yields = total.yields();
        let mut emitter = Self { name: group.name(), beams: Vec::new(), local: Vec::new(), simplified: Vec::new() };
        let (electrons, electrons_below) = total.electrons_above(LOWEST_ELECTRON_ENERGY);
        let (photons, photons_below) = total.photons_above(LOWEST_PHOTON_ENERGY);
        let transported = transport.photons != PhotonMode::Off;
        for (particle, class, sampler) in [
            (Particle::Alpha, LetClass::High, EnergySampler::new(&total.alphas, &[])),
            (Particle::Electron, LetClass::Low, EnergySampler::new(&electrons, &total.betas)),
            (Particle::Positron, LetClass::Low, EnergySampler::new(&[], &total.positrons)),
            (Particle::Photon, LetClass::Low, EnergySampler::new(&photons, &[]).filter(|_| transported)),
        ] {
            if let Some(sampler) = sampler {
                emitter.beams.push(Beam { particle, class, sampler });
            }
        }
        for (what, class, energy) in [
            ("recoil nuclei", LetClass::High, yields.recoil.energy),
            ("conversion and Auger electrons below 1 keV", LetClass::Low, electrons_below.energy),
            ("x-rays below 1 keV", LetClass::Low, if transported { photons_below.energy } else { 0.0 }),
        ] {
            if energy > 0.0 {
                emitter.local.push(LocalDeposit { what: what.into(), class, energy });
            }
        }
        if !transported {
            emitter.simplify("gamma and x-rays", yields.photon.energy, "photons are off: missing from the dose");
            emitter.simplify("annihilation photons", yields.annihilation.energy, "photons are off: missing from the dose");
            let bremsstrahlung = emitter.bremsstrahlung(transport.water)?;
            let along = "photons are off: deposited along the electron's track";
            emitter.simplify("bremsstrahlung", bremsstrahlung, along);
        }
        Ok(emitter)
    }

    fn simplify(&mut self, what: &str, energy: f64, treatment: &str) {
        if energy > 0.0 {
            self.simplified.push(EnergyPerDecay {
                component: self.name.clone(),
                what: what.into(),
                mev_per_decay: energy,
                treatment: treatment.into(),
            });
        }
    }

    /// Energy that goes into bremsstrahlung in water, MeV per decay.
    fn bremsstrahlung(&self, water: WaterData) -> Result<f64> {
        let Some(beam) = self.beams.iter().find(|beam| beam.particle == Particle::Electron) else { return Ok(0.0) };
        let stopping = electron_stopping(&materials::require("water")?, water)?;
        let total = LogLogSpline::new(&stopping.energy, &stopping.total(Charge::Electron));
        let radiative = LogLogSpline::new(&stopping.energy, &stopping.radiative);
        let lowest = stopping.energy[0];
        let radiated = cumulative_integral(&stopping.energy, 0.0, |e| radiative.eval(e) / total.eval(e));
        let of = |e: f64| if e <= lowest { 0.0 } else { interpolate_log(e, &stopping.energy, &radiated) };
        Ok(beam.sampler.mean_of(of) * beam.sampler.intensity())
    }

    /// SHA-256 of what is emitted per decay and of how it is transported; seed and y0 of saturated lineal energy left out: the first changes the
    /// dose within its error alone, the second a score beside it.
    pub fn digest(&self, settings: &Settings) -> String {
        let mut bytes = Vec::new();
        for beam in &self.beams {
            bytes.extend(format!("{} {:?} ", beam.particle.name(), beam.class).bytes());
            bytes.extend(beam.sampler.intensity().to_bits().to_le_bytes());
            bytes.extend(beam.sampler.rows().iter().flatten().flat_map(|word| word.to_le_bytes()));
        }
        for local in &self.local {
            bytes.extend(format!("{} {:?} ", local.what, local.class).bytes());
            bytes.extend(local.energy.to_bits().to_le_bytes());
        }
        let tables = TableOptions { saturation: None, ..settings.tables };
        // All digits of every number, which is what `Debug` prints.
        bytes.extend(format!("{:?}", Settings { seed: 0, tables, ..*settings }).bytes());
        sha256_hex(&bytes)
    }

    /// Energy per decay that is transported, MeV.
    pub fn transported(&self) -> f64 {
        self.beams.iter().map(Beam::energy_per_decay).sum()
    }
}
