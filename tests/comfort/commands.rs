//! Completions, manual pages, files that are opened before the work and kept unless told otherwise, readers that go away.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
};

use super::{SMALL, code, dosaic, err, out};

#[test]
fn completions_know_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = out(&dosaic(folder.path(), &["completions", shell]));
        for word in ["run", "respond", "s-values", "completions", "init", "--histories", "--progress"] {
            // fish writes long options without their dashes.
            assert!(script.contains(word.trim_start_matches('-')), "{shell} does not know {word}");
        }
    }
    let unknown = dosaic(folder.path(), &["completions", "tcsh"]);
    assert!(code(&unknown) == 2 && err(&unknown).contains("bash"), "{}", err(&unknown));
}

#[test]
fn bash_takes_its_completions() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("dosaic.bash");
    assert_eq!(code(&dosaic(folder.path(), &["completions", "bash", "--out", "dosaic.bash"])), 0);
    let ask = "source dosaic.bash; COMP_WORDS=(dosaic run --hist); COMP_CWORD=2; _dosaic dosaic --hist run; echo \"${COMPREPLY[@]}\"";
    match Command::new("bash").args(["-c", ask]).current_dir(folder.path()).output() {
        Ok(answer) => assert_eq!(out(&answer).trim(), "--histories", "{}", err(&answer)),
        Err(error) => eprintln!("SKIPPED bash is not here: {error}; {}", script.display()),
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = out(&dosaic(folder.path(), &["man"]));
    assert!(page.contains(".TH dosaic 1") && page.contains("radiopharmaceutical"), "{page}");
    assert_eq!(code(&dosaic(folder.path(), &["man", "--out", "man"])), 0);
    let help = out(&dosaic(folder.path(), &["--help"]));
    let commands: Vec<&str> = help
        .split("Commands:\n")
        .nth(1)
        .expect("commands")
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !["", "help"].contains(name))
        .collect();
    assert!(commands.len() > 12, "{commands:?}");
    for command in &commands {
        let page = fs::read_to_string(folder.path().join(format!("man/dosaic-{command}.1"))).unwrap_or_else(|e| panic!("{command}: {e}"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains("OPTIONS"), "{command}");
    }
    assert_eq!(fs::read_dir(folder.path().join("man")).expect("pages").count(), commands.len() + 1);
    assert_eq!(code(&dosaic(folder.path(), &["man", "--out", "man"])), 4, "the pages are there");
    assert_eq!(code(&dosaic(folder.path(), &["man", "--out", "man", "--force"])), 0);
}

#[test]
fn files_are_kept_unless_forced_and_places_checked_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("plan.toml"), SMALL).expect("written");
    fs::write(folder.path().join("there.x"), "mine").expect("written");
    fs::create_dir(folder.path().join("full")).expect("made");
    fs::write(folder.path().join("full/mine.svg"), "mine").expect("written");
    assert_eq!(code(&dosaic(folder.path(), &["run", "plan.toml", "--out", "result", "--quiet"])), 0);
    // Work that would take a century, if it began.
    let long = ["--histories", "1e13"];
    let commands: [&[&str]; 8] = [
        &["run", "plan.toml", "--out", "full", long[0], long[1]],
        &["respond", "result", "--plan", "plan.toml", "--out", "full"],
        &["report", "result", "--out", "there.x"],
        &["kernel", "Y-90", "--out", "there.x", long[0], long[1]],
        &["s-values", "Y-90", "--out", "there.x", long[0], long[1]],
        &["verify", "--json", "there.x"],
        &["verify", "--plots", "full"],
        &["init", "--out", "there.x"],
    ];
    for arguments in commands {
        let refused = dosaic(folder.path(), arguments);
        assert!(code(&refused) == 4 && err(&refused).contains("--force"), "{arguments:?}: {}", err(&refused));
    }
    let gone: [&[&str]; 7] = [
        &["run", "plan.toml", "--out", "there.x/out", long[0], long[1]],
        &["report", "result", "--out", "gone/report.html"],
        &["kernel", "Y-90", "--out", "gone/kernel.csv", long[0], long[1]],
        &["verify", "--json", "gone/verify.json"],
        &["verify", "--plots", "there.x"],
        &["init", "--out", "gone/plan.toml"],
        &["schema", "--out", "full"],
    ];
    for arguments in gone {
        let refused = dosaic(folder.path(), arguments);
        assert_eq!(code(&refused), 4, "{arguments:?}: {}", err(&refused));
    }
    assert_eq!(fs::read_to_string(folder.path().join("there.x")).expect("kept"), "mine");
    assert_eq!(fs::read_to_string(folder.path().join("full/mine.svg")).expect("kept"), "mine");
    let mut left: Vec<String> =
        fs::read_dir(folder.path()).expect("folder").map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8")).collect();
    left.sort();
    assert_eq!(left, ["full", "plan.toml", "result", "there.x"], "nothing is left behind");
    assert_eq!(code(&dosaic(folder.path(), &["init", "--out", "there.x", "--force"])), 0);
    assert!(fs::read_to_string(folder.path().join("there.x")).expect("a plan").starts_with("#:schema"));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["schema"][..], &["nuclides"], &["init"], &["completions", "bash"], &["man"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dosaic"))
            .args(arguments)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        assert_eq!((child.wait().expect("ends").code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_closed_standard_error_does_not_stop_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("plan.toml"), SMALL).expect("written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_dosaic"))
        .args(["run", "plan.toml", "--out", "result", "--progress", "json"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
    assert!(folder.path().join("result/summary.json").is_file());
}
