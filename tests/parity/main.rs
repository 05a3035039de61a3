//! The CPU twin and the WGSL kernels compute the same: word by word, function by function, history by history.
//!
//! Without an adapter every test here is shown as ignored, never as passed; with `DOSAIC_TEST_GPU=required` it fails instead.

mod adapter;
mod batches;
mod compare;
mod device;
mod dispatch;
mod functions;
mod multigrid;
mod photons;
mod probe;
mod response;
mod states;
mod steps;
mod whole_runs;
mod words;

#[path = "../support/scene.rs"]
mod scene;
#[path = "../support/oxygen.rs"]
mod tissue;
#[path = "../support/tumours.rs"]
mod tumours;

use libtest_mimic::{Arguments, Trial};

/// A test by name.
type Test = (&'static str, fn());

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let ignored = match adapter::find() {
        Some(found) => {
            println!("\nadapter: {} ({:?}, {}, {})", found.info.name, found.info.device_type, found.info.backend, found.info.driver_info);
            false
        }
        None if adapter::required() => false,
        None => {
            println!("\nno adapter: the tests on a device are ignored");
            true
        }
    };
    let tests = [
        functions::TESTS,
        steps::TESTS,
        photons::TESTS,
        batches::TESTS,
        dispatch::TESTS,
        device::TESTS,
        whole_runs::TESTS,
        multigrid::TESTS,
        response::TESTS,
    ]
    .concat();
    let trials = tests
        .into_iter()
        .map(|(name, test)| {
            let run = move || {
                test();
                Ok(())
            };
            Trial::test(name, run).with_ignored_flag(ignored)
        })
        .collect();
    // An ignored test runs on request all the same, and then says what is missing.
    libtest_mimic::run(&arguments, trials).exit_code()
}
