//! What planning systems and other programs get: RT Dose and image formats, written, read back here and by independent readers.

mod formats;
#[path = "../support/grids.rs"]
mod grids;
mod rtdose;
mod runs;
mod tools;
