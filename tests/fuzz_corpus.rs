//! Every input that fuzzing has kept, read again: no panic, no flood of memory, no promise broken. `fuzz/` makes them; this needs no nightly.

#[path = "support/allocation.rs"]
mod allocation;
#[path = "../fuzz/readers.rs"]
#[allow(unreachable_pub, reason = "shared with the fuzz targets, which are another crate")]
mod readers;

use std::path::Path;

/// Most bytes that a reader may hold at once; the kept inputs need 3 MB (a report), and none promises an image that is larger.
const MOST: usize = 16 << 20;
/// Fewest inputs of a corpus: an empty folder proves nothing.
const FEWEST: usize = 20;

fn replay(name: &str) {
    let (_, reader) = readers::READERS.into_iter().find(|(known, _)| *known == name).expect("a reader");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let scratch = tempfile::tempdir().expect("temporary folder");
    let mut inputs: Vec<_> = std::fs::read_dir(&corpus).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    inputs.sort();
    assert!(inputs.len() >= FEWEST, "{}: {} inputs", corpus.display(), inputs.len());
    // What is made once for all inputs (tables of nuclides and materials) does not count.
    reader(scratch.path(), &std::fs::read(&inputs[0]).expect("an input"));
    let mut largest = 0;
    for input in &inputs {
        let bytes = std::fs::read(input).expect("an input");
        println!("{}", input.display());
        let ((), peak) = allocation::peak(|| reader(scratch.path(), &bytes));
        assert!(peak < MOST, "{}: {peak} bytes at once", input.display());
        largest = largest.max(peak);
    }
    println!("{name}: {} inputs, {largest} bytes at most", inputs.len());
}

#[test]
fn images() {
    replay("images");
}

#[test]
fn dicom_objects() {
    replay("dicom");
}

#[test]
fn dicom_series() {
    replay("dicom_series");
}

#[test]
fn plans() {
    replay("plan");
}

#[test]
fn tables_and_results() {
    replay("tables");
}

#[test]
fn every_corpus_has_a_reader() {
    let corpora = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")).expect("the corpora");
    let mut folders: Vec<String> = corpora.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    folders.sort();
    let mut names = readers::READERS.map(|(name, _)| name.to_owned());
    names.sort();
    assert_eq!(folders, names);
}
