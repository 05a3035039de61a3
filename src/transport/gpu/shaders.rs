//! The shader manifest: modules are plain concatenations of files, and compile errors are mapped back to them.

/// A WGSL file.
#[derive(Debug, Clone, Copy)]
pub struct ShaderFile {
    /// Path below `shaders/`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! files {
    ($($constant:ident = $path:literal),* $(,)?) => {
        $(
            #[doc = concat!("`shaders/", $path, "`")]
            pub const $constant: ShaderFile = ShaderFile { name: $path, text: include_str!(concat!("../../../shaders/", $path)) };
        )*
        /// Every file, for the tests.
        pub const ALL: &[ShaderFile] = &[$($constant),*];
    };
}

files! {
    CONSTANTS = "shared/constants.wgsl",
    LAYOUT = "shared/layout.wgsl",
    BINDINGS = "shared/bindings.wgsl",
    RNG = "shared/rng.wgsl",
    MATH = "shared/math.wgsl",
    DIRECTION = "shared/direction.wgsl",
    VOXEL = "shared/voxel.wgsl",
    TABLES = "shared/tables.wgsl",
    TALLY = "shared/tally.wgsl",
    REPORT = "shared/report.wgsl",
    DECAY = "source/decay.wgsl",
    QUEUE = "shared/queue.wgsl",
    ALPHA = "transport/alpha.wgsl",
    ELECTRON = "transport/electron.wgsl",
    EVENT = "transport/event.wgsl",
    PHOTON = "transport/photon.wgsl",
    INTERACTION = "transport/interaction.wgsl",
    KERNEL_ALPHA = "kernels/alpha.wgsl",
    KERNEL_ELECTRON = "kernels/electron.wgsl",
    KERNEL_PHOTON = "kernels/photon.wgsl",
    RESPONSE_LAYOUT = "response/layout.wgsl",
    RESPONSE_BINDINGS = "response/bindings.wgsl",
    OXYGEN = "response/oxygen.wgsl",
    BIOLOGY = "response/biology.wgsl",
    RADIATION = "response/radiation.wgsl",
    REDUCE = "response/reduce.wgsl",
    STATE = "response/state.wgsl",
    KERNEL_RESPONSE = "kernels/response.wgsl",
    MULTIGRID = "response/multigrid.wgsl",
    KERNEL_MULTIGRID = "kernels/multigrid.wgsl",
    PROBE = "probe/probe.wgsl",
    RESPONSE_PROBE = "probe/response.wgsl",
}

/// Files of every transport module.
const SHARED: [ShaderFile; 11] = [CONSTANTS, LAYOUT, BINDINGS, RNG, MATH, DIRECTION, VOXEL, TABLES, TALLY, REPORT, DECAY];

/// Files of every response module.
const RESPONSE: [ShaderFile; 8] = [MATH, RESPONSE_LAYOUT, RESPONSE_BINDINGS, OXYGEN, BIOLOGY, RADIATION, REDUCE, STATE];

/// A module: some files joined.
#[derive(Debug)]
pub struct ShaderModule {
    /// Entry point.
    pub entry: &'static str,
    /// The files in order.
    pub files: Vec<ShaderFile>,
}

/// The alpha kernel.
pub fn alpha() -> ShaderModule {
    ShaderModule { entry: "kernel_alpha", files: [&SHARED[..], &[ALPHA, KERNEL_ALPHA]].concat() }
}

/// The kernel of electrons and positrons.
pub fn electron() -> ShaderModule {
    ShaderModule { entry: "kernel_electron", files: [&SHARED[..], &[QUEUE, ELECTRON, EVENT, KERNEL_ELECTRON]].concat() }
}

/// The photon kernel.
pub fn photon() -> ShaderModule {
    ShaderModule { entry: "kernel_photon", files: [&SHARED[..], &[QUEUE, ELECTRON, EVENT, PHOTON, INTERACTION, KERNEL_PHOTON]].concat() }
}

/// A sweep of multigrid, by entry point.
pub fn multigrid(entry: &'static str) -> ShaderModule {
    ShaderModule { entry, files: vec![MULTIGRID, KERNEL_MULTIGRID] }
}

/// A probe: a single function run over many inputs, for the parity tests.
pub fn probe(entry: &'static str) -> ShaderModule {
    ShaderModule { entry, files: [&SHARED[..], &[QUEUE, ALPHA, ELECTRON, EVENT, PHOTON, INTERACTION, PROBE]].concat() }
}

/// A kernel of the response.
pub fn response(entry: &'static str) -> ShaderModule {
    ShaderModule { entry, files: [&RESPONSE[..], &[KERNEL_RESPONSE]].concat() }
}

/// A probe of the response.
pub fn response_probe(entry: &'static str) -> ShaderModule {
    ShaderModule { entry, files: [&RESPONSE[..], &[RESPONSE_PROBE]].concat() }
}

impl ShaderModule {
    /// The text that is compiled.
    pub fn source(&self) -> String {
        self.files.iter().map(|file| file.text).collect::<Vec<_>>().join("\n")
    }

    /// File and line of a line of the joined text (both from 1).
    pub fn locate(&self, line: usize) -> (&'static str, usize) {
        let mut left = line;
        for file in &self.files {
            let lines = file.text.split('\n').count();
            if left <= lines {
                return (file.name, left);
            }
            left -= lines;
        }
        ("end of module", left)
    }
}

/// SHA-256 of all shader texts, hexadecimal: recorded with every result.
pub fn digest() -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for file in ALL {
        hash.update(file.text);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
