//! What the parser looks for in each table, for the tests of the schema.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::file::schema::Kind;

/// A table by its title: keys that it knows, and what they were read as.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) known: BTreeSet<&'static str>,
    pub(super) read: Vec<(String, Kind)>,
}

thread_local! {
    static SEEN: RefCell<BTreeMap<String, Seen>> = RefCell::default();
}

/// Notes the keys that a table knows.
pub(super) fn table(title: &str, known: &[&'static str]) {
    SEEN.with_borrow_mut(|seen| seen.entry(title.to_owned()).or_default().known.extend(known));
}

/// Notes what a key was read as.
pub(super) fn key(title: &str, key: &str, kind: Kind) {
    SEEN.with_borrow_mut(|seen| seen.entry(title.to_owned()).or_default().read.push((key.to_owned(), kind)));
}

/// Takes what this thread has seen.
pub(super) fn take() -> Vec<Seen> {
    SEEN.take().into_values().collect()
}
