//! The adapter that the tests run on.

use std::sync::LazyLock;

use dosaic::transport::gpu::adapter::{Candidate, candidates};

/// `DOSAIC_TEST_GPU=required`: a missing adapter is a failure, not a reason to leave tests out.
pub(crate) fn required() -> bool {
    std::env::var("DOSAIC_TEST_GPU").is_ok_and(|value| value == "required")
}

/// The first usable adapter, or the first whose name holds `DOSAIC_TEST_DEVICE`. Software adapters count: tests ask for them by running.
pub(crate) fn find() -> Option<&'static Candidate> {
    static FOUND: LazyLock<Option<Candidate>> = LazyLock::new(|| {
        let wanted = std::env::var("DOSAIC_TEST_DEVICE").unwrap_or_default().to_lowercase();
        candidates().into_iter().find(|c| c.lacks().is_empty() && c.info.name.to_lowercase().contains(&wanted))
    });
    FOUND.as_ref()
}

/// The adapter; only called by tests that are run.
pub(crate) fn adapter() -> &'static Candidate {
    find().unwrap_or_else(|| panic!("DOSAIC_TEST_GPU=required, but there is no usable adapter"))
}
