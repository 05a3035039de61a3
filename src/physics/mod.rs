//! Numbers of physics: elements, materials, stopping powers, scattering. Everything here is f64 and knows nothing of voxels.
//!
//! Formulas, sources and what is neglected: `docs/methods/materials.md`, `docs/methods/photons.md` and `docs/methods/transport.md`.

pub mod constants;
pub mod elements;
pub mod exponential;
pub mod interpolation;
pub mod lineal_energy;
pub mod materials;
pub mod quadrature;

pub mod alpha_additivity;
pub mod alpha_stopping;
pub mod alpha_straggling;

pub mod annihilation;
pub mod berger_seltzer;
pub mod bhabha;
pub mod bremsstrahlung;
pub mod density_effect;
pub mod electron_stopping;
pub mod moller;
pub mod radiative;

pub mod elastic;
pub mod goudsmit_saunderson;

pub mod photon;

pub mod ct_ramp;

mod table;
