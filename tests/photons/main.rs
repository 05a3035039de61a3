//! Photons, positrons and what they set free, on the CPU twin: against the physics behind the tables, closed forms, ESTAR and EGSnrc.
//!
//! Most tests drive the step functions directly. Seeds are fixed; a tolerance is a stated bias and four standard deviations of the sample.

#[path = "../support/scene.rs"]
mod scene;
#[path = "../support/world.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod world;

mod absorption;
mod annihilation;
mod attenuation;
mod collisions;
mod compton;
mod lab;
mod radiation;
mod rayleigh;
mod runs;
