//! CPU twins of the shaders: one file per WGSL file, same stem, same function names, same argument order.

pub mod alpha;
pub mod decay;
pub mod direction;
pub mod electron;
pub mod math;
pub mod run;
pub mod tables;
pub mod tally;
pub mod voxel;
