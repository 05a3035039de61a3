//! The documents point to files that exist.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Markdown files of a folder and the folders in it.
fn markdown(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            markdown(&path, found);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].iter().map(|name| root().join(name)).collect();
    for folder in ["docs", "phantoms", "src", "tests"] {
        markdown(&root().join(folder), &mut found);
    }
    found
}

/// Every place a text names, with what it is relative to: link targets to its own folder, paths in backticks to the root.
fn places(document: &Path, text: &str) -> Vec<(String, PathBuf)> {
    let links = text.split("](").skip(1).filter_map(|part| part.split(')').next());
    let folder = document.parent().expect("a folder");
    let linked =
        links.filter(|l| !l.contains("://") && !l.starts_with('#')).map(|l| (l.to_owned(), folder.join(l.split('#').next().unwrap_or(l))));
    let quoted = text.split('`').skip(1).step_by(2).filter(|word| {
        let folders = ["docs/", "phantoms/", "shaders/", "src/", "tests/"];
        folders.iter().any(|f| word.starts_with(f)) && !word.contains([' ', '*', '{', '<', '\n'])
    });
    let named = quoted.map(|word| (word.to_owned(), root().join(word)));
    linked.chain(named).collect()
}

#[test]
fn what_documents_point_to_exists() {
    let mut checked = 0;
    let mut missing = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap_or_else(|e| panic!("{}: {e}", document.display()));
        for (written, place) in places(&document, &text) {
            checked += 1;
            // A test or a decision may be named without its ending: `tests/parity`, `docs/adr/0002`.
            let named = place.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let begins = |e: std::fs::DirEntry| {
                let file = e.file_name().to_string_lossy().into_owned();
                file.strip_prefix(&named).is_some_and(|rest| rest.starts_with(['.', '-']))
            };
            let shortened = || std::fs::read_dir(place.parent().expect("a folder")).is_ok_and(|mut d| d.any(|e| e.is_ok_and(begins)));
            if !place.exists() && !shortened() {
                missing.push(format!("{}: {written}", document.strip_prefix(root()).expect("inside").display()));
            }
        }
    }
    assert!(checked > 50, "only {checked} places found: has the way they are written changed?");
    assert!(missing.is_empty(), "these lead nowhere:\n{}", missing.join("\n"));
}
