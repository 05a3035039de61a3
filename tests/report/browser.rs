//! The page in a browser: headless Chromium, driven by `browser.mjs`.
//!
//! Where node or Chromium is absent the test says so on the terminal and passes; with `DOSAIC_TEST_BROWSER=required` it fails.

use std::{io::Write, process::Command};

use crate::results::{ALIVE, Run, WITH_ALPHAS, WITHOUT};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/browser.mjs");

/// What the script found; `None` if it could not run and need not.
fn drive(run: &Run) -> Option<serde_json::Value> {
    let output = Command::new("node").arg(SCRIPT).arg(run.folder.join("report.html")).output();
    let absent = match &output {
        Err(error) => format!("node: {error}"),
        // The script's own word for "no Chromium".
        Ok(output) if output.status.code() == Some(77) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return Some(serde_json::from_slice(&output.stdout).expect("the script prints JSON"));
        }
    };
    let required = std::env::var("DOSAIC_TEST_BROWSER").is_ok_and(|value| value == "required");
    assert!(!required, "DOSAIC_TEST_BROWSER=required, but: {absent}");
    // Not by a macro: the test harness would hide it.
    let message = format!("SKIPPED report in a browser: {absent}\n");
    std::io::stderr().write_all(message.as_bytes()).expect("stderr");
    None
}

#[test]
fn sliders_tabs_and_theme_work_and_nothing_is_complained_of() {
    for run in [&*WITH_ALPHAS, &*WITHOUT, &*ALIVE] {
        let Some(found) = drive(run) else { return };
        assert_eq!(found["complaints"], serde_json::json!([]), "console, exceptions, requests");
        // Every action with what it changed; the script fails if a part of the page is not there.
        let actions = found["actions"].as_object().expect("actions");
        assert!(actions.len() >= 12, "{actions:?}");
        for (action, changed) in actions {
            assert_eq!(changed, true, "{action}: {found:#}");
        }
    }
}
