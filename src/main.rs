//! The `dosaic` command.

fn main() {}
