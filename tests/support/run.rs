//! Plans run through the engine on the CPU.

use std::sync::atomic::AtomicBool;

use dosaic::{
    engine::{self, Evaluation, Prepared, RunOptions},
    plan::Plan,
    transport::{backend::World, cpu::run::Cpu, geometry::Geometry},
};

/// Prepares and runs a plan with two threads.
pub(crate) fn run(plan: &Plan) -> (Prepared, Evaluation) {
    let prepared = engine::prepare(plan).unwrap_or_else(|error| panic!("{error}"));
    let stop = AtomicBool::new(false);
    let options = RunOptions { threads: 2, quiet: true, stop: &stop };
    let world = World { geometry: Geometry::Voxels(&prepared.phantom), tables: &prepared.tables, settings: prepared.settings };
    let evaluation = engine::run(plan, &prepared, &mut Cpu::new(world, 2), &options).unwrap_or_else(|error| panic!("{error}"));
    (prepared, evaluation)
}
