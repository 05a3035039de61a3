//! What makes the program easy to live with: schemas for editors, completions, manual pages, first plans, progress, files that are safe.

mod commands;
mod init;
mod progress;
mod schema;

use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs the program in a folder.
fn dosaic(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dosaic")).current_dir(folder).args(arguments).output().expect("the program starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// A plan that runs in a moment.
const SMALL: &str = "#:schema x.json\ntitle = \"small\"\n[phantom]\nvoxels = [8, 8, 8]\nspacing = \"4 mm\"\nbackground = \"water\"\n[[region]]\nname = \"s\"\n\
    material = \"water\"\nshape = \"sphere\"\ncenter = \"0, 0, 0 mm\"\nradius = \"8 mm\"\n[[nuclide]]\nname = \"Y-90\"\n[[fraction]]\n\
    administered = \"1 GBq\"\n[fraction.uptake.s]\nfraction = \"10 %\"\nhalf_life = \"physical\"\n[transport]\nhistories = 3200\ndevice = \"cpu\"\nphotons = \"off\"\n";
