//! Every reader of the program, as a function of bytes: what the fuzz targets call, and `tests/fuzz_corpus.rs` on stable Rust.
//!
//! Readers that take a path find the bytes in files of `folder`. An input of several files has lines of `--` between them. Beside panics, these
//! functions find results that break a promise: an error with another exit code than that of wrong input or files, a message that floods the
//! terminal, an image whose voxels are not those of its grid.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use dosaic::{
    engine::Inputs,
    error::Result,
    grid::VoxelGrid,
    io::{
        csv::Records,
        dicom::{self, StructureName, rtdose::read_rt_dose},
        image,
    },
    kernel::{emitter::Emitter, shells},
    phantom::{self, Phantom},
    plan::{self, Vocabulary, quantity},
    report::{components::stored_components, html::Report},
    volume::Volume,
};
use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
use glam::DVec3;

/// A reader: a folder for its files, and the input.
pub type Reader = fn(&Path, &[u8]);

/// All of them, by the name of their target and of their folder in `corpus/`.
pub const READERS: [(&str, Reader); 5] =
    [("images", images), ("dicom", dicom_file), ("dicom_series", dicom_series), ("plan", plan_file), ("tables", tables)];

/// Longest message of an error, bytes.
const LONGEST_MESSAGE: usize = 1 << 18;

/// The result of a reader, if it is one; an error must be one that the user can act on.
fn settled<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(found) => Some(found),
        Err(error) => {
            assert!([2, 4].contains(&error.exit_code()), "{error}");
            assert!(error.to_string().len() < LONGEST_MESSAGE, "a message of {} bytes", error.to_string().len());
            None
        }
    }
}

fn full<T>(volume: &Volume<T>) {
    let voxels: u64 = volume.grid.size.iter().map(|&n| u64::from(n)).product();
    assert_eq!(volume.data.len() as u64, voxels);
}

/// The files of an input of several.
pub fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        parts.push(&rest[..at]);
        rest = &rest[at + SEPARATOR.len()..];
    }
    parts.push(rest);
    parts
}

/// What stands between the files of an input.
pub const SEPARATOR: &[u8] = b"\n--\n";

fn save(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("the folder can be written");
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
}

/// Images. The first byte names the form; what is compressed there is compressed here, so that checksums are right.
///
/// `n` NIfTI, `z` NIfTI with gzip, `g` NIfTI of compressed bytes as they are; `m` MetaImage, `c` with zlib voxels after the separator, `h` with
/// voxels in a file of their own; `r` NRRD, `p` with gzip voxels, `d` with voxels in a file of their own; `y` the JSON file and the NumPy array.
pub fn images(folder: &Path, bytes: &[u8]) {
    let Some((&form, bytes)) = bytes.split_first() else { return };
    let parts = parts(bytes);
    let (first, second) = (parts[0], parts.get(1).copied().unwrap_or_default());
    let path = match form {
        b'n' => save(folder, "a.nii", bytes),
        b'z' => save(folder, "a.nii.gz", &gzip(bytes)),
        b'g' => save(folder, "a.nii.gz", bytes),
        b'm' => save(folder, "a.mha", bytes),
        b'c' => save(folder, "a.mha", &[first, &zlib(second)].concat()),
        b'h' => {
            save(folder, "a.raw", second);
            save(folder, "a.mhd", first)
        }
        b'r' => save(folder, "a.nrrd", bytes),
        b'p' => save(folder, "a.nrrd", &[first, &gzip(second)].concat()),
        b'd' => {
            save(folder, "a.raw", second);
            save(folder, "a.nhdr", first)
        }
        b'y' => {
            save(folder, "a.json", first);
            save(folder, "a.npy", second)
        }
        _ => return,
    };
    let read = settled(image::read_with_notes(&path));
    let labels = settled(image::read_labels_with_notes(&path));
    let grid = settled(image::read_grid(&path));
    if let Some(read) = &read {
        full(&read.volume);
        assert_eq!(Some(&read.volume.grid), grid.as_ref());
    }
    if let Some(labels) = labels {
        full(&labels.volume);
        assert!(read.is_some(), "labels that are no numbers");
    }
}

/// Whatever a DICOM object or folder can be read as.
fn dicom_path(path: &Path) {
    let _told = dicom::is_dicom(path);
    let Some(found) = settled(dicom::scan(path)) else { return };
    for series in &found.series {
        assert!(!series.describe().is_empty());
        let _frames = series.frames_of_reference();
        // By its UID where there are several.
        let uid = series.files[0].series.as_deref();
        if let Some(ct) = settled(dicom::read_ct(path, uid)) {
            full(&ct.image.volume);
        }
    }
    for role in ["CT", "labels", "uptake"] {
        settled(dicom::files(path, None, role));
    }
    settled(dicom::read_ct_grid(path, None));
    if let Some(activity) = settled(dicom::read_activity(path, None)) {
        full(&activity.image.volume);
    }
    if let Some((labels, _)) = settled(dicom::read_segments(path, None)) {
        full(&labels);
    }
    settled(dicom::read_segments_grid(path, None));
    let grid = VoxelGrid::axis_aligned([8, 8, 8], DVec3::ONE, DVec3::ZERO);
    for wanted in [StructureName::Number(1), StructureName::Number(2), StructureName::Name("ball".into())] {
        settled(dicom::read_structures(path, None, &grid, &[wanted]));
    }
}

/// A DICOM object.
pub fn dicom_file(folder: &Path, bytes: &[u8]) {
    let path = save(folder, "a.dcm", bytes);
    dicom_path(&path);
    if let Some(dose) = settled(read_rt_dose(&path)) {
        full(&dose.image.volume);
    }
}

/// Up to four DICOM objects in a folder.
pub fn dicom_series(folder: &Path, bytes: &[u8]) {
    let folder = folder.join("series");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("the folder can be written");
    for (n, part) in parts(bytes).iter().take(4).enumerate() {
        save(&folder, &n.to_string(), part);
    }
    dicom_path(&folder);
}

/// A plan and, after the separator, the parameter file `parameters.toml` that it may name; `a.nii` and `a.dcm` are there as well.
pub fn plan_file(folder: &Path, bytes: &[u8]) {
    static KNOWN: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::built_in);
    let parts = parts(bytes);
    save(folder, "parameters.toml", parts.get(1).copied().unwrap_or_default());
    for image in ["a.nii", "a.dcm"] {
        save(folder, image, b"");
    }
    let path = save(folder, "plan.toml", parts[0]);
    if let Some(plan) = settled(plan::load_with(&path, &KNOWN)) {
        assert!(!plan.describe().is_empty());
    }
}

/// Tables and texts. The first byte names the kind.
///
/// `c` CSV; `q` a quantity, or several with commas; `e` an emitter as on the command line; `s` a spectrum; `w` widths, `f` a file of radii;
/// `r` a result: files, each of them after a line with its name.
pub fn tables(folder: &Path, bytes: &[u8]) {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let text = std::str::from_utf8(bytes);
    match (kind, text) {
        (b'c', Ok(text)) => {
            if let Some(records) = settled(Records::parse("a.csv", text)) {
                assert!(records.rows.iter().all(|row| row.len() == records.head.len()));
            }
        }
        (b'q', Ok(text)) => quantities(text),
        // Names of files are for `s` and `f`: bytes should not choose what is opened.
        (b'e', Ok(text)) if !text.starts_with("spectrum:") => {
            for daughters in [false, true] {
                emitter(text, daughters);
            }
        }
        (b's', _) => emitter(&format!("spectrum:{}", save(folder, "a.csv", bytes).display()), false),
        (b'w', Ok(text)) if text.contains(':') => rising(shells::radii(text)),
        (b'f', _) => rising(shells::radii(&save(folder, "a.csv", bytes).display().to_string())),
        (b'r', _) => result(folder, bytes),
        _ => {}
    }
}

fn quantities(text: &str) {
    let dimensions = [
        &quantity::LENGTH,
        &quantity::TIME,
        &quantity::RATE,
        &quantity::ACTIVITY,
        &quantity::DENSITY,
        &quantity::ENERGY,
        &quantity::DOSE,
        &quantity::PER_DOSE,
        &quantity::PER_VOLUME,
        &quantity::FRACTION,
    ];
    for dimension in dimensions {
        if let Ok(value) = quantity::parse(text, dimension) {
            assert!(value.is_finite(), "{text}: {value}");
        }
        if let Ok(values) = quantity::parse_list(text, dimension) {
            assert!(values.iter().all(|value| value.is_finite()), "{text}: {values:?}");
        }
    }
}

fn emitter(text: &str, daughters: bool) {
    if let Some(emitter) = settled(Emitter::parse(text, daughters)) {
        let energy = emitter.energy_per_decay();
        assert!(energy.is_finite() && energy > 0.0, "{text}: {energy} MeV");
        assert!(!emitter.remarks().is_empty());
    }
}

fn rising(radii: Result<Vec<f64>>) {
    if let Some(radii) = settled(radii) {
        assert!(radii[0] > 0.0 && radii.is_sorted() && radii.iter().all(|radius| radius.is_finite()));
    }
}

/// The phantom whose components are read: those of a plan of 2 x 2 x 2 voxels. Those of the corpus come from a run of [`SMALL_PLAN`].
static SMALL: LazyLock<Phantom> = LazyLock::new(|| {
    let plan = plan::parse(SMALL_PLAN, Path::new("small.toml"), &Vocabulary::built_in()).expect("a plan");
    phantom::build(&plan.phantom, &plan.regions, &Inputs::new(&plan)).expect("a phantom")
});

const SMALL_PLAN: &str = include_str!("small.toml");

/// A result folder, as `report` and `respond` read it.
fn result(folder: &Path, bytes: &[u8]) {
    let folder = folder.join("result");
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("the folder can be written");
    for part in parts(bytes) {
        let end = part.iter().position(|&byte| byte == b'\n').unwrap_or(part.len());
        let plain =
            |name: &&str| !name.is_empty() && name.len() < 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let name = std::str::from_utf8(&part[..end]).ok().filter(plain);
        let Some(name) = name.filter(|name| !name.starts_with('.')) else { continue };
        save(&folder, name, part.get(end + 1..).unwrap_or_default());
    }
    settled(stored_components(&folder, &SMALL, None));
    if let Some(report) = settled(Report::of(&folder)) {
        assert!(report.html.ends_with("</html>\n"), "the page ends early");
    }
}
