//! CPU twins of the shaders: one file per WGSL file, same stem, same function names, same argument order.

pub mod alpha;
pub mod decay;
pub mod direction;
pub mod electron;
pub mod event;
pub mod interaction;
pub mod math;
pub mod photon;
pub mod run;
pub mod tables;
pub mod tally;
pub mod voxel;
