//! Opening the device that the user names.

use super::{
    backend::{Backend, World},
    cpu::run::Cpu,
    gpu::{
        Gpu,
        adapter::{self, Choice},
    },
};
use crate::error::Result;

/// Opens the backend for "auto", "cpu", an index or part of a name, with a line that says which one it is and why.
///
/// # Errors
/// If no device matches or it cannot be opened.
pub fn open<'a>(world: World<'a>, wanted: &str, threads: usize) -> Result<(Box<dyn Backend + 'a>, String)> {
    match adapter::choose(wanted)? {
        Choice::Cpu(reason) => {
            let backend = Cpu::new(world, threads);
            let line = format!("device: {} ({reason})", backend.device().name);
            Ok((Box::new(backend), line))
        }
        Choice::Gpu(candidate) => {
            let backend = Gpu::new(world, &candidate)?;
            let info = backend.device();
            let warning = if candidate.is_software() { "; software adapter: for tests, not for speed" } else { "" };
            let line = format!("device: {} ({}, {}, {}{warning})", info.name, info.kind, info.backend, info.driver);
            Ok((Box::new(backend), line))
        }
    }
}
