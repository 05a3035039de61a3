//! Fuzzing of the program's readers: what the targets share. CONTRIBUTING.md says how they are run.

pub mod dicom;
pub mod readers;

use std::sync::LazyLock;

use readers::Reader;
use tempfile::TempDir;

/// Lets panics unwind, which libfuzzer-sys would not: some codecs of other crates panic on damaged data, which the program catches and tells as an
/// error. A panic that is not caught still ends the process, in libfuzzer-sys.
pub fn unwind() {
    let _aborting = std::panic::take_hook();
    let plain = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let codec = panic.location().is_some_and(|place| ["jpeg-decoder", "hayro"].iter().any(|name| place.file().contains(name)));
        if !codec {
            plain(panic);
        }
    }));
}

/// Runs a reader in the temporary folder of this process; `TMPDIR=/dev/shm` spares the disk.
pub fn read(reader: Reader, bytes: &[u8]) {
    static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder"));
    reader(FOLDER.path(), bytes);
}
