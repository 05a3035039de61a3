//! Small plans, run by the program itself.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use tempfile::TempDir;

/// A title that would do harm if it were taken for markup.
pub(crate) const TITLE: &str = r#"</title><script>alert("1 & 2")</script> it's"#;
/// A region likewise.
pub(crate) const REGION: &str = r#"les<b>ion & "rim" it's"#;

/// Ac-225 in two fractions: alphas, several fractions, awkward names.
const ALPHAS: &str = r#"
title = '''TITLE'''
[phantom]
voxels     = [12, 10, 9]
spacing    = "2, 3, 4 mm"
background = "water"
[[region]]
name     = "REGION"
material = "water"
shape    = "sphere"
center   = "3, -2, 1 mm"
radius   = "8 mm"
[[region]]
name     = "bone"
material = "bone_cortical"
shape    = "box"
center   = "-8, 8, 0 mm"
size     = "6, 6, 30 mm"
[[nuclide]]
name = "Ac-225"
[[fraction]]
administered = "8 MBq"
[fraction.uptake."REGION"]
fraction  = "5 %"
half_life = "8 d"
[[fraction]]
like  = 1
start = "8 wk"
[transport]
histories = 3200
device    = "cpu"
[response.region."REGION"]
tissue = "net"
[output]
dose_levels = "1, 20 Gy"
"#;

/// One fraction of Lu-177, no alphas, no microenvironment.
const PLAIN: &str = r#"
title = "plain"
[phantom]
voxels     = [10, 9, 8]
spacing    = "3 mm"
background = "water"
[[region]]
name     = "lesion"
material = "water"
shape    = "sphere"
center   = "1, 0, 0 mm"
radius   = "7 mm"
[[nuclide]]
name = "Lu-177"
[[fraction]]
administered = "1 GBq"
[fraction.uptake.lesion]
fraction  = "1 %"
half_life = "60 h"
[transport]
histories = 3200
device    = "cpu"
"#;

/// The lesion in time, its second uptake predicted, with the immune part.
const LIVING: &str = r#"
[[fraction]]
like      = 1
start     = "4 wk"
predicted = true
[response.region.lesion]
tissue = "net"
[response.tme]
regions = ["lesion"]
horizon = "60 d"
immune  = true
"#;

/// A result that all tests of this binary read.
pub(crate) struct Run {
    _top: TempDir,
    pub(crate) folder: PathBuf,
    pub(crate) page: String,
}

pub(crate) fn dosaic(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dosaic")).args(arguments).current_dir(folder).output().expect("the program starts")
}

fn run(plan: &str) -> Run {
    let top = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(top.path().join("plan.toml"), plan).expect("the plan is written");
    let output = dosaic(top.path(), &["run", "plan.toml", "--out", "result", "--quiet"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = top.path().join("result");
    let page = std::fs::read_to_string(folder.join("report.html")).expect("the report");
    Run { _top: top, folder, page }
}

pub(crate) static WITH_ALPHAS: LazyLock<Run> = LazyLock::new(|| {
    let region = REGION.replace('"', "\\\"");
    run(&ALPHAS.replace("TITLE", TITLE).replace("REGION", &region))
});
pub(crate) static WITHOUT: LazyLock<Run> = LazyLock::new(|| run(PLAIN));
pub(crate) static ALIVE: LazyLock<Run> = LazyLock::new(|| {
    let (start, transport) = PLAIN.split_once("[transport]").expect("the plan has a transport");
    let (fraction, response) = LIVING.split_once("[response.region").expect("the plan has a response");
    run(&format!("{start}{fraction}[transport]{transport}[response.region{response}"))
});

/// A copy of a result to be damaged.
pub(crate) fn copy(run: &Run) -> TempDir {
    let top = tempfile::tempdir().expect("a temporary folder");
    for entry in std::fs::read_dir(&run.folder).expect("the folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), top.path().join(entry.file_name())).expect("a copy");
    }
    top
}
