//! Arguments that `dosaic kernel` and `dosaic s-values` share.

use clap::Args;

use super::output::{Output, OutputArguments};
use crate::{
    error::Result,
    kernel::{Emitter, Request},
    plan::{PhotonMode, WaterData},
};

/// What emits, in what, how it is computed and where the table goes.
#[derive(Debug, Args)]
pub(super) struct EmitterArguments {
    /// Lu-177, Lu-177:beta (:beta+ :ce :auger :electrons :gamma :x :photons :alpha), electron:0.5, positron:0.5, photon:0.364, alpha:5.8 (MeV), or spectrum:FILE
    emitter: String,
    /// With the nuclide's chain in equilibrium
    #[arg(long)]
    chain: bool,
    /// Material, as in plans
    #[arg(long, default_value = "water", value_name = "NAME")]
    material: String,
    /// g/cm3 [default: of the material]
    #[arg(long, value_name = "RHO", allow_hyphen_values = true)]
    density: Option<f64>,
    /// Stopping data of water
    #[arg(long, default_value = "icru90", value_parser = ["icru90", "icru49"])]
    water: String,
    /// Dose of photons by the electrons they set free, or by track length: sooner, and right where cells are wide against the ranges of those
    #[arg(long, default_value = "analogue", value_parser = ["analogue", "track-length"], value_name = "MODE")]
    photons: String,
    /// Histories of each kind of particle, e.g. 1e6
    #[arg(long, default_value = "1e6", value_name = "N", value_parser = super::run::histories)]
    histories: u64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Device: number or part of the name as listed by `dosaic devices`, or `cpu` [default: the first GPU, else cpu]
    #[arg(long, default_value = "auto", hide_default_value = true, value_name = "IDX|NAME|cpu")]
    device: String,
    /// Threads on the CPU; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    output: OutputArguments,
}

impl EmitterArguments {
    /// Checks the arguments, and opens the file for the table, before any work.
    pub(super) fn resolve(&self) -> Result<(Emitter, Request, Output)> {
        let request = Request {
            material: crate::physics::materials::require(&self.material)?.name,
            density: self.density,
            water: if self.water == "icru49" { WaterData::Icru49 } else { WaterData::Icru90 },
            photons: if self.photons == "track-length" { PhotonMode::TrackLength } else { PhotonMode::Analogue },
            histories: self.histories,
            seed: self.seed,
            device: self.device.clone(),
            threads: super::threads(self.threads.map(usize::from)),
        };
        let emitter = Emitter::parse(&self.emitter, self.chain)?;
        Ok((emitter, request, self.output.open()?))
    }
}
