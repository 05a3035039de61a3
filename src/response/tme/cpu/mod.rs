//! The CPU twins of `shaders/response/`: one file for each, same functions, same arithmetic.

pub mod multigrid;
pub mod oxygen;
