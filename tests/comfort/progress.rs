//! `--progress`: JSON lines as documented, plain lines, nothing.

use std::fs;

use serde_json::Value;

use super::{SMALL, code, dosaic, err};

/// Lines of standard error, every one of them JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn json_lines_tell_stages_histories_goal_and_end() {
    const DOCUMENT: &str = include_str!("../../docs/formats/progress.md");
    let folder = tempfile::tempdir().expect("a folder");
    let goal = SMALL.replace("[transport]", "[transport]\ngoal = { region = \"s\", relative = \"8 %\", max_histories = 64000 }");
    fs::write(folder.path().join("plan.toml"), goal).expect("written");
    let run = dosaic(folder.path(), &["run", "plan.toml", "--out", "result", "--progress", "json"]);
    let events = lines(&err(&run));
    for event in &events {
        assert_eq!(event["schema"], dosaic::io::terminal::SCHEMA);
        assert!(event["time_s"].as_f64().is_some_and(|time| time >= 0.0));
        for key in event.as_object().expect("an object").keys() {
            assert!(DOCUMENT.contains(&format!("`{key}`")), "docs/formats/progress.md does not tell of {key}");
        }
    }
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    let stages: Vec<&str> = of("stage").iter().filter_map(|event| event["stage"].as_str()).collect();
    assert_eq!(stages, ["prepare", "transport", "response", "write"]);
    let progress = of("progress");
    let (first, last) = (progress[0], progress[progress.len() - 1]);
    assert_eq!((first["histories"].as_u64(), first["left_s"].is_null()), (Some(0), true));
    assert_eq!(last["histories"], last["total"]);
    assert!(last["total"].as_u64() >= Some(3200) && last["goal"] == 0.08);
    assert!(last["uncertainty"].as_f64().is_some_and(|reached| reached > 0.0 && reached < 1.0), "{last}");
    let done = of("done");
    assert_eq!((done.len(), done[0]["exit_code"].as_i64()), (1, Some(code(&run).into())));
    assert!(done[0]["files"].as_u64() > Some(5) && done[0]["folder"] == "result");
    assert_eq!(events.last().map(|event| &event["event"]), Some(&"done".into()));
}

#[test]
fn errors_are_json_too_with_their_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("plan.toml"), SMALL.replace("Y-90", "Y-91x")).expect("written");
    for (arguments, expected) in [(&["run", "plan.toml", "--progress", "json"], 2), (&["run", "none.toml", "--progress", "json"], 4)] {
        let run = dosaic(folder.path(), arguments);
        let events = lines(&err(&run));
        let last = events.last().expect("an event");
        assert_eq!(
            (code(&run), last["event"].as_str(), last["exit_code"].as_i64()),
            (expected, Some("error"), Some(expected.into())),
            "{last}"
        );
        assert!(last["text"].as_str().is_some_and(|text| text.contains(arguments[1])));
    }
}

#[test]
fn text_has_no_colour_and_no_bar_where_there_is_no_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    // A CT value far outside the ramp would warn; here a wrong plan does as well.
    fs::write(folder.path().join("plan.toml"), SMALL).expect("written");
    for form in ["auto", "plain", "none"] {
        let run = dosaic(folder.path(), &["run", "plan.toml", "--out", form, "--progress", form]);
        let text = err(&run);
        assert_eq!(code(&run), 0, "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{form}: {text:?}");
        assert!(text.contains("small: 8 x 8 x 8 voxels, 1 fraction, 1 source component"), "{form}: {text}");
    }
    let unknown = dosaic(folder.path(), &["run", "plan.toml", "--progress", "fancy"]);
    assert_eq!(code(&unknown), 2);
}
