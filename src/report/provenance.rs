//! `provenance.json`: everything needed to say how a result came about and to repeat it.

use std::{io::Read, path::PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result},
    plan::{Plan, PlanSource},
    report::summary::{Device, Uncertainty},
};

/// Schema of the file; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "dosaic-provenance/1";

/// The whole file, except `files`, which [`crate::report::write_all`] adds.
#[derive(Debug, Clone, Serialize)]
pub struct Provenance {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program.
    pub engine: Engine,
    /// As typed, program name first.
    pub command_line: Vec<String>,
    /// UTC, ISO 8601 ([`super::time::utc`]).
    pub started: String,
    /// UTC, ISO 8601.
    pub finished: String,
    /// The plan as typed.
    pub plan: PlanText,
    /// The plan as understood, with every default.
    pub resolved_plan: serde_json::Value,
    /// Files that were read besides the plan.
    pub inputs: Vec<InputFile>,
    /// Nuclide data in use, e.g. name and edition of the evaluation.
    pub nuclide_data: String,
    /// Names of the other physics data sets in use.
    pub physics_data: Vec<String>,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Histories of all runs together.
    pub histories: u64,
    /// Statistical batches per run.
    pub batches: u32,
    /// What did the transport.
    pub device: Device,
    /// SHA-256 over the shader sources; `None` on the CPU backend.
    pub shader_sha256: Option<String>,
    /// Settings of the transport as used, cuts in MeV.
    pub physics: serde_json::Value,
    /// Frame of the images.
    pub frame: Frame,
    /// How well the total dose is known.
    pub uncertainty: Uncertainty,
    /// What was simplified or left out in this run, in words.
    pub approximations: Vec<String>,
}

impl Provenance {
    /// Fingerprint of all that decides on the numbers of a run: program, plan with its defaults, inputs, device, histories. Times and the
    /// command line are not in it, so a repeated run has the same one.
    ///
    /// # Errors
    /// If a value cannot be written as JSON.
    pub fn digest(&self) -> Result<String> {
        let Self { engine, resolved_plan, inputs, seed, histories, batches, device, physics, .. } = self;
        let all = (engine, resolved_plan, inputs, (seed, histories, batches), device, physics);
        let bytes = serde_json::to_vec(&all).map_err(|e| Error::input(format!("the fingerprint of the run: {e}")))?;
        Ok(sha256_hex(&bytes))
    }

    /// The file's text, without `files`.
    ///
    /// # Errors
    /// If a value cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        super::json::pretty(self)
    }
}

/// The program that made the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Engine {
    /// "dosaic".
    pub name: &'static str,
    /// Version of the package.
    pub version: &'static str,
    /// Commit it was built from, where the build said so in `DOSAIC_GIT_HASH`.
    pub git_hash: Option<&'static str>,
    /// "release" or "debug".
    pub profile: &'static str,
    /// Operating system and processor architecture.
    pub platform: String,
}

impl Engine {
    /// This build.
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            git_hash: option_env!("DOSAIC_GIT_HASH"),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" },
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

/// The plan file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanText {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the text, hexadecimal.
    pub sha256: String,
    /// The text.
    pub text: String,
}

impl From<&PlanSource> for PlanText {
    fn from(source: &PlanSource) -> Self {
        Self { path: source.path.clone(), sha256: source.sha256.clone(), text: source.text.clone() }
    }
}

/// The plan with its defaults, for [`Provenance::resolved_plan`].
///
/// # Errors
/// If a value cannot be written as JSON.
pub fn resolved(plan: &Plan) -> Result<serde_json::Value> {
    serde_json::to_value(plan).map_err(|e| Error::input(format!("the resolved plan cannot be written as JSON: {e}")))
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputFile {
    /// What for, e.g. "CT", "labels", "uptake of fraction 2".
    pub role: String,
    /// The file.
    pub path: PathBuf,
    /// Size, bytes.
    pub bytes: u64,
    /// SHA-256 of the file as it lies on disk, hexadecimal.
    pub sha256: String,
}

impl InputFile {
    /// Fingerprint of an open file.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails.
    pub fn digest(role: impl Into<String>, path: impl Into<PathBuf>, mut content: impl Read) -> Result<Self> {
        let path = path.into();
        let mut hasher = Sha256::new();
        let bytes = std::io::copy(&mut content, &mut hasher).map_err(Error::io(&path))?;
        Ok(Self { role: role.into(), path, bytes, sha256: hex(&hasher.finalize()) })
    }
}

/// SHA-256 of bytes, hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The frame that voxel positions refer to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frame {
    /// Axes of the patient frame.
    pub axes: &'static str,
    /// Voxels along x, y, z.
    pub size: [u32; 3],
    /// Voxel edges, mm.
    pub spacing_mm: [f64; 3],
    /// Centre of voxel (0, 0, 0), mm.
    pub origin_mm: [f64; 3],
    /// Unit vectors of the grid's axes in the patient frame.
    pub axis_directions: [[f64; 3]; 3],
}

impl From<&crate::grid::VoxelGrid> for Frame {
    fn from(grid: &crate::grid::VoxelGrid) -> Self {
        let d = grid.direction;
        Self {
            axes: "LPS: x to the patient's left, y to posterior, z to superior; NIfTI files store the same places in RAS",
            size: grid.size,
            spacing_mm: grid.spacing.to_array(),
            origin_mm: grid.origin.to_array(),
            axis_directions: [d.x_axis.to_array(), d.y_axis.to_array(), d.z_axis.to_array()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
        let file = InputFile::digest("CT", "ct.nii.gz", &b"abc"[..]).unwrap();
        assert_eq!((file.sha256.as_str(), file.bytes), (abc, 3));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("disk on fire"))
            }
        }
        let error = InputFile::digest("CT", "ct.nii.gz", Broken).unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains("ct.nii.gz"));
    }

    #[test]
    fn this_engine_says_what_it_is() {
        let engine = Engine::this();
        assert_eq!((engine.name, engine.version), ("dosaic", env!("CARGO_PKG_VERSION")));
        assert!(engine.platform.contains(std::env::consts::OS));
    }
}
