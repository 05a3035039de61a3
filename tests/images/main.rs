//! Image files from outside: round trips, independent readers, damaged files.

#[path = "../support/allocation.rs"]
mod allocation;
mod files;
#[path = "../support/grids.rs"]
mod grids;
mod malformed;
mod mutation;
mod python;
mod round_trip;
