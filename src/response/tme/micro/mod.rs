//! Voxels of 50 um and less: diffusion between them is solved.
//!
//! - [`oxygen`]: steady oxygen between held regions, vessels and cells;
//! - [`vessels`]: random places of vessels;
//! - [`ligand`]: how deep a binding ligand comes;
//! - [`signal`]: bystander signals.
//!
//! All of them are equations `D lap x + source - loss x - demand x/(x + half) = 0` ([`diffusion`]), solved by Newton's method with one
//! cycle of multigrid for each step ([`levels`], on the CPU [`cpu`] or on a GPU [`gpu`]).

pub mod cpu;
pub mod diffusion;
pub mod gpu;
pub mod levels;
pub mod ligand;
pub mod oxygen;
pub mod signal;
pub mod vessels;

pub use diffusion::{Convergence, Device, Diffusion};
pub use ligand::{LigandConstants, Penetration, penetration};
pub use oxygen::{MicroOxygen, MicroState, Supply};
pub use signal::MicroSignal;
pub use vessels::random_vessels;
